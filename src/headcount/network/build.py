"""The graph of who follows whom on disk, from files of any size, within a bound of memory.

A partitioned radix build. Each follow becomes one number of 64 bits, follower above followee; the numbers are parted
into ranges of followers and kept on disk; each range is then sorted in memory, duplicates drop out, and what is left is
written as compressed sparse rows. The other direction is parted while the first is written, and sorted the same way.
The disk holds up to 16 bytes a follow besides the result.

Everything happens in a hidden folder beside the target, which takes its place at the end. A build that was stopped
goes on after the last direction that was finished, if the files are the same.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import numpy as np
from numpy.typing import NDArray

from headcount.errors import HeadcountError, InputError, UsageError
from headcount.graph.compile import compiled
from headcount.graph.graph import VERSION
from headcount.network.build_source import REWRITTEN, Numbering, open_pairs
from headcount.sources.formats.edges import EdgeListFacts

__all__ = ["Built", "build_graph", "facts_of_graph"]

MEMORY = 4_000_000_000
_MAX_RANGES = 1024
_HEADER = 128


@dataclass(frozen=True)
class Built:
    """What was built.

    Attributes:
        folder: holds the graph; accounts, follows: nodes and edges.
        rows: follows read; self_loops, duplicates: left out of them.
        seconds: what it took, since the last start.
        facts: how text files were read; empty for Parquet.
    """

    folder: Path
    accounts: int
    follows: int
    rows: int
    self_loops: int
    duplicates: int
    seconds: float
    facts: tuple[EdgeListFacts, ...] = ()


def build_graph(
    source: Path | Sequence[Path],
    folder: Path,
    *,
    memory: int | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Built:
    """Build the graph of a file of follows, or of several that are pieces of one.

    Args:
        source: Parquet, or an edge list in any layout (CSV, TSV, blanks); a folder of Parquet files.
        folder: where the graph goes; one that is there is replaced at the end.
        memory: bytes that may be used; 4 GB without it.
        progress: told the share done, 0 to 1.

    Raises:
        UsageError: there is no such file.
        InputError: a file is no list of follows, or ids are missing or negative.
        HeadcountError: the disk is full.
    """
    files = _files(source)
    memory = memory or MEMORY
    began = time.monotonic()
    work = folder.parent / f".{folder.name}.building"
    mark = _fingerprint(files)
    with _clean(work):
        build = _Build(work, memory, progress)
        if build.state.get("source") != mark:
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
            build.state = {"source": mark}
        if "spilled" not in build.state:
            build.spill(files)
        for number, (name, other) in enumerate((("followees", "followers"), ("followers", None))):
            if name not in build.state:
                build.write(name, other, 0.4 + 0.3 * number)
        about = build.finish()
        if folder.exists():
            shutil.rmtree(folder)
        work.replace(folder)
    progress(1.0)
    counts = {name: about[name] for name in ("accounts", "follows", "rows", "self_loops", "duplicates")}
    return Built(folder, **counts, seconds=time.monotonic() - began, facts=facts_of_graph(about))


def facts_of_graph(about: Mapping[str, Any]) -> tuple[EdgeListFacts, ...]:
    """How the text files behind a graph were read, from its graph.json."""
    return tuple(EdgeListFacts(**{**each, "left_out": tuple(each["left_out"])}) for each in about.get("edge_lists", ()))


def _files(source: Path | Sequence[Path]) -> list[Path]:
    files = [source] if isinstance(source, Path) else list(source)
    if len(files) == 1 and files[0].is_dir():
        files = sorted(files[0].glob("*.parquet"))
    for file in files:
        if not file.is_file():
            raise UsageError(f"There is no file {file}.", hint="give a file of follows.")
    if not files:
        raise UsageError(f"{source} contains no Parquet files.", hint="give a file of follows.")
    return files


def _fingerprint(files: Sequence[Path]) -> str:
    told = [(str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr((VERSION, told)).encode()).hexdigest()


@contextmanager
def _clean(work: Path) -> Iterator[None]:
    """Wrong input and a full disk leave nothing behind; any other stop leaves what the next start can use."""
    try:
        yield
    except (InputError, UsageError):
        shutil.rmtree(work, ignore_errors=True)
        raise
    except duckdb.Error as error:
        shutil.rmtree(work, ignore_errors=True)
        text = str(error).splitlines()[0]
        if "space" in text or "too large" in text.lower():
            raise _full(work) from None
        raise InputError(
            f"The follows cannot be read: {text[:160]}", hint="fix the file; no graph was built."
        ) from None
    except OSError as error:
        # numpy tells a short write without a number
        if error.errno not in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT) and "requested and" not in str(error):
            raise
        shutil.rmtree(work, ignore_errors=True)
        raise _full(work) from None


def _full(work: Path) -> HeadcountError:
    return HeadcountError(
        f"The disk is full: building the graph in {work.parent} takes up to 24 bytes a follow.",
        hint="free disk space, or use another folder; temporary files were removed.",
    )


class _Build:
    """A build under way.

    Args:
        work: the hidden folder; memory: bytes; progress: told the share done.
    """

    def __init__(self, work: Path, memory: int, progress: Callable[[float], None]) -> None:
        self.work, self.memory, self.progress = work, memory, progress
        try:
            self.state: dict[str, Any] = json.loads((work / "state.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.state = {}

    def _keep_state(self) -> None:
        beside = self.work / "state.new"
        beside.write_text(json.dumps(self.state), encoding="utf-8")
        beside.replace(self.work / "state.json")

    def spill(self, files: Sequence[Path]) -> None:
        """Number the accounts, and part the follows by follower."""
        pairs = open_pairs(files, self.work, self.memory // 2)
        try:
            numbering = Numbering(pairs, self.memory // 2)
            count = len(numbering.ids)
            if count >= 2**32:
                raise InputError(
                    f"{count:,} accounts are more than 4 billion.", hint="split the data set; node ids are 32-bit."
                )
            np.save(self.work / "ids.npy", numbering.ids, allow_pickle=False)
            rows, loops = 0, 0
            with _Ranges(self.work, "followees", count, self.memory, pairs.rows) as ranges:
                for u, v in numbering.chunks():
                    loops += ranges.add(u, v)
                    rows += len(u)
                    self.progress(0.4 * rows / max(pairs.rows, 1))
        finally:
            pairs.con.close()
        for name in ("duckdb", REWRITTEN):
            shutil.rmtree(self.work / name, ignore_errors=True)
        self.state["edge_lists"] = [asdict(each) for each in pairs.facts]
        self.state |= {"spilled": True, "accounts": count, "rows": rows, "self_loops": loops}
        self._keep_state()

    def write(self, name: str, other: str | None, share: float) -> None:
        """One direction as sorted rows; the other is parted meanwhile."""
        count, edges = int(self.state["accounts"]), int(self.state["rows"])
        offsets = np.zeros(count + 1, dtype=np.int64)
        files = _ranges_of(self.work, name)
        kept = doubled = 0
        turned = _Ranges(self.work, other, count, self.memory, edges) if other else None
        with (self.work / f"{name}_targets.npy").open("wb") as out:
            out.write(_header(0))
            for number, file in enumerate(files):
                keys = np.fromfile(file, dtype=np.uint64)
                keys.sort()
                kept_here = _unique(keys)
                doubled += len(keys) - kept_here
                keys = keys[:kept_here]
                sources, targets = _parts(keys, offsets)
                _append(out, targets)
                if turned is not None:
                    turned.add(targets, sources)
                kept += kept_here
                self.progress(share + 0.3 * (number + 1) / len(files))
            out.seek(0)
            out.write(_header(kept))
        if turned is not None:
            turned.close()
            self.state["duplicates"] = doubled
        np.cumsum(offsets, out=offsets)
        np.save(self.work / f"{name}_offsets.npy", offsets)
        self.state[name] = kept
        self._keep_state()
        shutil.rmtree(self.work / f"{name}_ranges", ignore_errors=True)

    def finish(self) -> dict[str, Any]:
        """graph.json, by which a graph is known to be whole."""
        about = {
            "version": VERSION,
            "accounts": self.state["accounts"],
            "follows": self.state["followees"],
            "rows": self.state["rows"],
            "self_loops": self.state["self_loops"],
            "duplicates": self.state["duplicates"],
            "source": self.state["source"],
            "edge_lists": self.state.get("edge_lists", []),
        }
        (self.work / "graph.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
        (self.work / "state.json").unlink(missing_ok=True)
        return about


class _Ranges:
    """Follows parted by ranges of their first account, each range a file of 64-bit numbers.

    Args:
        work: the hidden folder; name: of the direction; count: accounts; memory: bytes; edges: how many follows come.
    """

    def __init__(self, work: Path, name: str, count: int, memory: int, edges: int) -> None:
        self.folder = work / f"{name}_ranges"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        # sorting a range takes its numbers, the same again while they are parted, and the rows; ranges are uneven
        wanted = max(1, -(-edges * 8 * 16 // max(memory, 1)))
        ranges = min(_MAX_RANGES, max(wanted, 1), max(count, 1))
        self.shift = 0
        while count and ((count - 1) >> self.shift) + 1 > ranges:
            self.shift += 1
        self.number = ((count - 1) >> self.shift) + 1 if count else 0
        self._files: list[BinaryIO] = [(self.folder / f"{number:05}").open("wb") for number in range(self.number)]

    def add(self, first: NDArray[np.uint32], second: NDArray[np.uint32]) -> int:
        """Part more follows; gives how many lead from an account to itself, which are left out."""
        if not len(first):
            return 0
        keys, bounds, loops = _part(first, second, self.shift, self.number)
        for number, file in enumerate(self._files):
            if bounds[number + 1] > bounds[number]:
                _append(file, keys[bounds[number] : bounds[number + 1]])
        return int(loops)

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()

    def __enter__(self) -> _Ranges:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _append(file: BinaryIO, values: NDArray[Any]) -> None:
    if len(values):
        file.write(values.data.cast("B"))


def _ranges_of(work: Path, name: str) -> list[Path]:
    return sorted((work / f"{name}_ranges").iterdir())


def _header(length: int) -> bytes:
    """The head of a .npy file of uint32, of one width whatever the length."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "<u4", "fortran_order": False, "shape": (length,)})
    head = out.getvalue()
    if len(head) != _HEADER:
        head = head[:-1] + b" " * (_HEADER - len(head)) + b"\n"
        head = head[:8] + (_HEADER - 10).to_bytes(2, "little") + head[10:]
    return head


@compiled
def _part(
    first: NDArray[np.uint32], second: NDArray[np.uint32], shift: int, ranges: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64], int]:
    bounds = np.zeros(ranges + 1, dtype=np.int64)
    loops = 0
    for edge in range(len(first)):
        if first[edge] == second[edge]:
            loops += 1
        else:
            bounds[(first[edge] >> shift) + 1] += 1
    for number in range(ranges):
        bounds[number + 1] += bounds[number]
    free = bounds[:-1].copy()
    keys = np.empty(bounds[ranges], dtype=np.uint64)
    for edge in range(len(first)):
        u, v = first[edge], second[edge]
        if u != v:
            number = u >> shift
            keys[free[number]] = (np.uint64(u) << np.uint64(32)) | np.uint64(v)
            free[number] += 1
    return keys, bounds, loops


@compiled
def _unique(keys: NDArray[np.uint64]) -> int:
    """Move the distinct ones of sorted numbers to the front; gives how many they are."""
    kept = 0
    for at in range(len(keys)):
        if at == 0 or keys[at] != keys[at - 1]:
            keys[kept] = keys[at]
            kept += 1
    return kept


@compiled
def _parts(keys: NDArray[np.uint64], offsets: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Both accounts of each number; the first is counted in `offsets`, one place on."""
    sources = np.empty(len(keys), dtype=np.uint32)
    targets = np.empty(len(keys), dtype=np.uint32)
    for at in range(len(keys)):
        u = np.uint32(keys[at] >> np.uint64(32))
        sources[at] = u
        targets[at] = np.uint32(keys[at] & np.uint64(0xFFFFFFFF))
        offsets[np.int64(u) + 1] += 1
    return sources, targets
