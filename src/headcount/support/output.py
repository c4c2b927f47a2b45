"""Files and folders that are written whole or not at all.

Content goes to a temporary name beside the target and is renamed at the end, so a process that is killed leaves
nothing under the final name; what it left under the temporary name is removed by the next run for the same target.
A target that is a symbolic link is refused, since writing through it would change another file.
"""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from headcount.errors import UsageError

__all__ = ["new_file", "new_folder", "new_text"]

_ENDING = ".part"


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """A temporary path beside the target; it becomes the target when the block ends without an exception.

    Args:
        target: its folder is made where it does not exist.

    Raises:
        UsageError: the target is a symbolic link or a folder.
    """
    _refuse(target, folder=False)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _temporary(target)
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def new_text(target: Path, *, newline: str | None = None) -> Iterator[TextIO]:
    """A text file (UTF-8) for writing, as `new_file`; a name that ends in `.gz` is compressed."""
    with new_file(target) as part:
        if target.name.endswith(".gz"):
            with gzip.open(part, "wt", encoding="utf-8", newline=newline) as packed:
                yield packed
        else:
            with part.open("w", encoding="utf-8", newline=newline) as plain:
                yield plain


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder; its files take their places in the target when the block ends without an exception.

    A target that does not exist appears at once with all of its files. In one that exists, each file is renamed into
    place, and files of other names stay.

    Raises:
        UsageError: the target, or a file of it that would be replaced, is a symbolic link, or the target is a file.
    """
    _refuse(target, folder=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = _temporary(target)
    part.mkdir()
    try:
        yield part
        if target.is_dir():
            for file in sorted(part.iterdir()):
                _refuse(target / file.name, folder=False)
            for file in sorted(part.iterdir()):
                file.replace(target / file.name)
        else:
            part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _refuse(target: Path, *, folder: bool) -> None:
    if target.is_symlink():
        raise UsageError(f"{target} is a symbolic link.", hint="give the file or folder that it points to.")
    if target.exists() and target.is_dir() is not folder:
        what, wanted = ("a file", "a folder") if folder else ("a folder", "a file")
        raise UsageError(f"{target} is {what}, not {wanted}.", hint="choose another name.")


def _temporary(target: Path) -> Path:
    """A temporary name beside the target; what processes that have ended left under such names is removed."""
    for left in target.parent.glob(f".{_escaped(target.name)}.*{_ENDING}"):
        process = left.name.removesuffix(_ENDING).rpartition(".")[2]
        if process.isdigit() and not _is_running(int(process)):
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}{_ENDING}")
    shutil.rmtree(part, ignore_errors=True) if part.is_dir() else part.unlink(missing_ok=True)
    return part


def _escaped(name: str) -> str:
    """A name in which `glob` finds no pattern."""
    import glob

    return glob.escape(name)


def _is_running(process: int) -> bool:
    if os.name == "nt":  # there a signal would end the process
        return process == os.getpid()
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
