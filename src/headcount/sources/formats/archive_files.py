"""The files inside an archive as a user has it on disk: a zip, a tar.gz, or the unpacked folder.

Nothing is ever unpacked onto the disk. Only the files that are asked for are opened, one after the other, and their
sizes are looked at first: an archive that would unpack to far more than it should is refused, and so is one with
paths that lead out of it.
"""

from __future__ import annotations

import importlib
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NoReturn, cast

from headcount.errors import InputError
from headcount.sources.formats.files import BOMB_BYTES, BOMB_RATIO
from headcount.sources.formats.malformed import special_file

__all__ = ["Members", "is_tar", "is_zip", "listed", "members"]

Wanted = Callable[[str], bool]

LARGEST_MEMBER = 640 << 20
"""One file inside an archive is held in memory while it is read; beyond this it is refused."""

_DEEPEST = 5
_MAX_ENTRIES = 50_000
_MAX_FILES = 1_000_000
"""Entries of a tar or zip that are looked at; the pictures of a large archive are some hundred thousand."""
_PASSED_OVER = ("assets", "css", "img", "lib", "node_modules", "__MACOSX")
_ENCRYPTED, _UTF8_NAME = 0x1, 0x800
_ENTRY, _ENTRY_SIZE = b"PK\x01\x02", 46
"""One file in the list at a zip's end: signature, and bytes before its name."""
_TAR_ENDINGS = (".tar.gz", ".tgz", ".tar")
_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "lzma"}
_MAX_DIRECTORY_BYTES = 32 << 20
"""The list of files in a zip; Python holds ten times as much in memory for it."""
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError)


def is_zip(path: Path) -> bool:
    """Does the file begin as a zip does, or is it called one and has bytes before its beginning?"""
    with path.open("rb") as file:
        if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
            return True
    return path.suffix.lower() == ".zip" and zipfile.is_zipfile(path)


def is_tar(path: Path) -> bool:
    """Is the file called what tar archives are called?"""
    return path.name.lower().endswith(_TAR_ENDINGS)


class Members:
    """The files of an archive.

    Attributes:
        archive: its name, for messages.
        names: paths inside it, with /; only those that were asked for.
    """

    def __init__(self, archive: str, names: dict[str, Callable[[], bytes]]) -> None:
        self.archive = archive
        self.names = tuple(names)
        self._read = names

    def read(self, name: str) -> bytes:
        """The content of one file.

        Raises:
            InputError: it is damaged.
        """
        try:
            return self._read[name]()
        except (*_DAMAGED, NotImplementedError, RuntimeError) as error:
            _damaged(self.archive, error, name)


def listed(path: Path) -> tuple[str, ...]:
    """The names of the files in a folder or zip, without opening any; nothing for what is neither, or damaged."""
    if path.is_dir():
        return tuple(name for name, _ in _walk(path))
    try:
        if not is_zip(path):
            return ()
        with _opened_zip(path) as file:
            return tuple(filter(None, (_plain(entry.filename) for entry in file.infolist())))
    except _DAMAGED:
        return ()


@contextmanager
def members(path: Path, wanted: Wanted) -> Iterator[Members]:
    """Open a folder, zip or tar.

    Args:
        path: of the archive.
        wanted: is the file with this path inside of the archive needed?

    Raises:
        InputError: it is damaged, encrypted, unpacks to far more than it should, or has paths that lead out of it.
    """
    if path.is_dir():
        found = {name: file for name, file in _walk(path) if wanted(name)}
        for name, file in found.items():
            _refuse_special(path, name, file)
        _look_at_sizes(path.name, {name: file.stat().st_size for name, file in found.items()}, None)
        yield Members(path.name, {name: file.read_bytes for name, file in found.items()})
    elif is_tar(path):
        yield Members(path.name, _tar(path, wanted))
    else:
        with ExitStack() as stack:
            try:
                opened = stack.enter_context(_opened_zip(path))
            except _DAMAGED as error:
                _damaged(path.name, error)
            yield _zip(path, opened, wanted)


@contextmanager
def _opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip, unless its list of files is larger than memory should be given for."""
    _bound_directory(path)
    with io.FileIO(path) as raw, _AnyNames(raw) as stream, zipfile.ZipFile(cast(IO[bytes], stream)) as file:
        yield file


def _bound_directory(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - (1 << 16) - 128, 0))
        tail = file.read()
    end, end64 = tail.rfind(b"PK\x05\x06"), tail.rfind(b"PK\x06\x06")
    size = int.from_bytes(tail[end + 12 : end + 16], "little") if end >= 0 else 0
    if size == 0xFFFFFFFF and end64 >= 0:
        size = int.from_bytes(tail[end64 + 40 : end64 + 48], "little")
    if size > _MAX_DIRECTORY_BYTES:
        raise InputError(
            f"{path.name} lists more files than an archive of one account contains.",
            hint="unpack it and add the folder.",
        )


class _AnyNames(io.BufferedReader):
    """A zip file in which names that are marked as UTF-8 and are not are read like unmarked ones (code page 437)."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes; the list of files without those marks."""
        content = super().read(size)
        return _without_false_marks(content) if content.startswith(_ENTRY) else content


def _without_false_marks(listing: bytes) -> bytes:
    mended, at = bytearray(listing), 0
    while listing.startswith(_ENTRY, at):
        flags, *lengths = struct.unpack_from("<H18xHHH", listing, at + 8)
        name = listing[at + _ENTRY_SIZE : at + _ENTRY_SIZE + lengths[0]]
        try:
            name.decode()
        except UnicodeDecodeError:
            struct.pack_into("<H", mended, at + 8, flags & ~_UTF8_NAME)
        at += _ENTRY_SIZE + sum(lengths)
    return bytes(mended)


def _zip(path: Path, file: zipfile.ZipFile, wanted: Wanted) -> Members:
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in file.infolist():
        name = _plain(entry.filename)
        _refuse_odd_path(path.name, entry.filename)
        if name and not entry.is_dir() and wanted(name):
            found[name] = entry
    if any(entry.flag_bits & _ENCRYPTED for entry in found.values()):
        raise InputError(f"{path.name} is encrypted.", hint="unpack it with its password and add the folder.")
    _look_at_sizes(path.name, {name: entry.file_size for name, entry in found.items()}, path.stat().st_size)
    return Members(path.name, {name: lambda entry=entry: file.read(entry) for name, entry in found.items()})  # type: ignore[misc]


def _tar(path: Path, wanted: Wanted) -> dict[str, Callable[[], bytes]]:
    """A tar has no list of its files: it is read through once, and what is wanted is kept."""
    found: dict[str, bytes] = {}
    entries, held = 0, 0
    try:
        with _Unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|", errors="replace") as file:  # type: ignore[call-overload]
            for entry in file:
                entries += 1
                _refuse_many(path.name, entries)
                name = _plain(entry.name)
                _refuse_odd_path(path.name, entry.name)
                if name and entry.isfile() and wanted(name):
                    _look_at_sizes(path.name, {name: entry.size}, None)
                    held += entry.size
                    if held > LARGEST_MEMBER:
                        _refuse_large(path.name)
                    content = file.extractfile(entry)
                    found[name] = content.read() if content else b""
    except _DAMAGED as error:
        _damaged(path.name, error)
    return {name: lambda content=content: content for name, content in found.items()}  # type: ignore[misc]


class _Unpacked:
    """The bytes of a tar without its compression; headers, which tarfile holds in memory, count too."""

    def __init__(self, path: Path) -> None:
        self.path, self.limit = path, max(BOMB_BYTES, BOMB_RATIO * path.stat().st_size)
        self.count = 0
        with path.open("rb") as file:
            head = file.read(6)
        opener = next((name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None)
        self.file = importlib.import_module(opener).open(path, "rb") if opener else path.open("rb")

    def __enter__(self) -> _Unpacked:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, size: int) -> bytes:
        content = bytes(self.file.read(size))
        self.count += len(content)
        if self.count > self.limit:
            _refuse_bomb(self.path.name)
        return content


def _walk(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files of a folder, not too deep, and without the folders that hold pictures."""
    seen = 0
    for place, folders, files in os.walk(folder):
        inside = Path(place).relative_to(folder)
        depth = len(inside.parts)
        folders[:] = sorted(name for name in folders if depth < _DEEPEST and not _passed_over(name))
        for name in sorted(files):
            seen += 1
            if seen > _MAX_ENTRIES:
                return
            path = _plain((inside / name).as_posix())
            if path:
                yield path, Path(place) / name


def _refuse_special(folder: Path, name: str, file: Path) -> None:
    """Refuse a device or FIFO, which may have no end, and a link that leads out of the folder."""
    if not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{name} in {folder.name} is a link to a path outside the folder.",
            hint="replace the link by the file itself.",
        )
    special = special_file(file)
    if special is not None:
        raise InputError(f"{name} in {folder.name} is {special}, not a file.", hint="replace it by a regular file.")


def _passed_over(folder: str) -> bool:
    return folder in _PASSED_OVER or "media" in folder.lower() or folder.startswith(".")


def _plain(name: str) -> str | None:
    """A path with /, without ./ before it; None for folders and for what macOS adds."""
    path = name.replace("\\", "/").removeprefix("./")
    last = path.rpartition("/")[2]
    return None if not last or path.startswith("__MACOSX/") or last.startswith("._") else path


def _refuse_odd_path(archive: str, name: str) -> None:
    path = name.replace("\\", "/")
    if path.startswith("/") or path[1:2] == ":" or ".." in path.split("/") or "\0" in path:
        raise InputError(
            f"{archive} contains the path {name[:60]!r}, which is outside of it.",
            hint="download it again from the platform.",
        )


def _look_at_sizes(archive: str, sizes: dict[str, int], packed: int | None) -> None:
    """Refuse what unpacks to far more than it should, and what memory cannot hold."""
    if packed is not None and sum(sizes.values()) > max(BOMB_BYTES, BOMB_RATIO * packed):
        _refuse_bomb(archive)
    for name, size in sizes.items():
        if size > LARGEST_MEMBER:
            raise InputError(
                f"{name} in {archive} has {size >> 20:,} MiB, more than can be read at once.",
                hint=f"files of up to {LARGEST_MEMBER >> 20} MiB can be read.",
            )


def _refuse_many(archive: str, entries: int) -> None:
    if entries > _MAX_FILES:
        raise InputError(
            f"{archive} contains more than {_MAX_FILES:,} files.", hint="unpack it yourself and add the folder."
        )


def _refuse_large(archive: str) -> NoReturn:
    raise InputError(
        f"The files to be read in {archive} add up to more than {LARGEST_MEMBER >> 20} MiB.",
        hint="unpack it and add the folder.",
    )


def _refuse_bomb(archive: str) -> NoReturn:
    raise InputError(
        f"{archive} unpacks to more than {BOMB_RATIO} times its size.",
        hint="it looks like a zip bomb; if it is not, unpack it yourself and add the folder.",
    )


def _damaged(archive: str, error: Exception, name: str | None = None) -> NoReturn:
    if isinstance(error, NotImplementedError):
        raise InputError(
            f"{archive} uses an unsupported compression ({error}).", hint="unpack it and add the folder."
        ) from None
    if isinstance(error, PermissionError):
        raise InputError(
            f"{name or archive} cannot be read: {error.strerror}.", hint="check its permissions."
        ) from None
    what = f"{name} in {archive}" if name else archive
    raise InputError(
        f"{what} cannot be unpacked: it is truncated or damaged ({str(error)[:120].rstrip('.')}).",
        hint="download the archive again.",
    ) from None
