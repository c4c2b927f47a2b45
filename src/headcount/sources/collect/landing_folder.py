"""The landings of a workspace: where they lie, which is to be resumed, and what is deleted from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from headcount.errors import InputError
from headcount.sources.collect.landing import ENDING, LIVE, Landing, _whole_words, is_landing
from headcount.sources.registry import landing_words

if TYPE_CHECKING:
    from headcount.sources.collect.options import Options

__all__ = ["collected_as", "find_finished", "find_unfinished", "forget_in_landings", "landing_folder", "remove_landing"]


def landing_folder(workspace: Path, account_id: str) -> Path:
    """Where the landings of one account lie in a workspace."""
    platform, _, name = account_id.partition(":")
    return workspace / "landing" / platform / re.sub(r"[^A-Za-z0-9@._-]", "_", name)


def find_unfinished(folder: Path, options: str) -> Path | None:
    """The newest landing of a folder that was begun with the same options and did not come to its end."""
    return next((path for path, finished in _newest_first(folder, options) if not finished), None)


def find_finished(folder: Path, options: str) -> Path | None:
    """The newest landing of a folder that was begun with the same options, where it came to its end."""
    return next((path if finished else None for path, finished in _newest_first(folder, options)), None)


def _newest_first(folder: Path, options: str) -> Iterator[tuple[Path, bool]]:
    for path in sorted(folder.glob(f"*{ENDING}"), reverse=True):
        try:
            with Landing(path) as landing:
                same, finished = landing.meta("options") == options, landing.finished
        except InputError:  # killed before anything was written to it
            continue
        if same:
            yield path, finished


def remove_landing(path: Path) -> None:
    """Delete a landing, with what SQLite keeps beside it, and its folder where nothing else is in it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        try:
            folder.rmdir()
        except OSError:
            return


def forget_in_landings(workspace: Path, account_id: str, handle: str | None) -> int:
    """Take an account out of everything that was kept of a platform's answers; gives how many landings changed.

    Landings that were collected of it go as a whole. From the others go the parts that name it.
    """
    platform = account_id.partition(":")[0]
    words = landing_words(account_id, handle)
    _forget_in_log(workspace / "collect.log", words)
    changed = 0
    folder = workspace / "landing" / platform
    for path in sorted([*folder.glob(f"*/*{ENDING}"), *folder.glob(f"*/{LIVE}/*{ENDING}")]):
        with Landing(path, write=True) as landing:
            own = landing.meta("account_id") == account_id
            changed += own or bool(landing.scrub(words))
        if own:
            remove_landing(path)
    return changed


def _forget_in_log(path: Path, words: list[str]) -> None:
    """Take the lines that name one of the words out of the log."""
    if not path.exists():
        return
    named = _whole_words(words)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = [line for line in lines if not named.search(unquote(line))]
    if len(kept) < len(lines):
        beside = path.with_suffix(".new")
        beside.write_text("".join(kept), encoding="utf-8")
        beside.replace(path)


def collected_as(path: Path) -> tuple[str, Options] | None:
    """The account that a landing was collected of, and the options; None: the file is gone, or was followed live."""
    from headcount.sources.collect.options import Options

    if path.parent.name == LIVE or not is_landing(path):
        return None
    with Landing(path) as landing:
        try:
            options = Options.from_text(landing.meta("options") or "{}")
        except (msgspec.MsgspecError, RecursionError) as error:
            raise InputError(
                f"The options in {path.name} cannot be read ({str(error)[:80]}).",
                hint="move the file away and collect the account again.",
            ) from None
        return f"{landing.meta('platform')}:{landing.meta('target')}", options
