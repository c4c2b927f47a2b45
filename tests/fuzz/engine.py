"""The loop of the fuzzer: mutate, run, and keep what ends in anything but a sentence."""

from __future__ import annotations

import contextlib
import io
import resource
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from tests.fuzz.parsers import Parser

from headcount.errors import HeadcountError

__all__ = ["Finding", "Result", "fuzz", "run_once"]

MAX_SECONDS = 10
MAX_BYTES = 1 << 30


class TooSlow(BaseException):
    """An input took longer than it may; no `except Exception` of the parser may swallow it."""


@dataclass(frozen=True)
class Finding:
    """An input that ended in something else than a result or a sentence.

    Attributes:
        seed: makes the input again (`run_once`).
        place: type of the exception and where it was raised.
        trace: the traceback.
    """

    seed: str
    place: str
    trace: str


@dataclass
class Result:
    """What a run of the fuzzer saw.

    Attributes:
        parser: name of the parser.
        executions: inputs run; read: those that were read; refused: those that ended with a sentence.
        slowest: seconds of the slowest input.
        peak: bytes by which the highest memory of the process grew.
        findings: the first of each place.
    """

    parser: str
    executions: int = 0
    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    peak: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        lines = [
            f"{self.parser}: {self.executions:,} executions, {self.read:,} read, {self.refused:,} refused with "
            f"{len(self.reasons)} kinds of sentences, slowest {self.slowest:.1f} s, "
            f"peak {self.peak >> 20} MiB, {len(self.findings)} findings"
        ]
        lines += [f"  {finding.seed}: {finding.place}" for finding in self.findings.values()]
        return "\n".join(lines)


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def run_once(parser: Parser, seed: str, folder: Path) -> tuple[str | None, Finding | None]:
    """Run the input of a seed.

    Returns:
        The sentence where it was refused, and the finding where there is one.
    """
    chance = Random(seed)
    (folder / "in").mkdir(parents=True)
    path = parser.write(folder / "in", chance)
    began = time.process_time()
    try:
        with _limited(MAX_SECONDS * 6), contextlib.redirect_stderr(io.StringIO()):
            parser.run(path, folder, chance)
        sentence = None
    except HeadcountError as refused:
        sentence = str(refused)
        if "\n" in sentence or not refused.message.strip():
            return sentence, Finding(seed, "a sentence of several lines", sentence)
    except (Exception, TooSlow) as error:
        last = traceback.extract_tb(error.__traceback__)
        frame = next((f for f in reversed(last) if "headcount" in f.filename and "tests" not in f.filename), last[-1])
        place = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}: {str(error)[:150]}"
        return None, Finding(seed, place, traceback.format_exc())
    spent = time.process_time() - began
    if spent > MAX_SECONDS:
        return sentence, Finding(seed, f"{spent:.0f} s", "")
    return sentence, None


def _peak() -> int:
    """Bytes of memory of this process at most, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(
    parser: Parser,
    *,
    seed: int,
    seconds: float | None = None,
    count: int | None = None,
    keep: Path | None = None,
) -> Result:
    """Run mutated inputs for a time or a number of executions.

    Args:
        parser: what to fuzz.
        seed: of the mutations.
        seconds: time; count: executions; whichever ends first.
        keep: folder in which the inputs of findings are kept.
    """
    result, began, before = Result(parser.name), time.monotonic(), _peak()
    with tempfile.TemporaryDirectory() as scratch:
        while (count is None or result.executions < count) and (seconds is None or time.monotonic() - began < seconds):
            folder, one = Path(scratch) / str(result.executions), f"{parser.name} {seed} {result.executions}"
            started = time.monotonic()
            sentence, finding = run_once(parser, one, folder)
            result.executions += 1
            result.slowest = max(result.slowest, time.monotonic() - started)
            result.read += sentence is None and finding is None
            result.refused += sentence is not None
            if sentence is not None:
                result.reasons[" ".join(sentence.split()[-8:])] += 1
            if finding is not None and finding.place.partition(": ")[0] not in result.findings:
                result.findings[finding.place.partition(": ")[0]] = finding
                if keep is not None:
                    target = keep / one.replace(" ", "-").replace("/", "-")
                    shutil.copytree(folder / "in", target / "in", dirs_exist_ok=True)
                    (target / "trace.txt").write_text(finding.trace)
            shutil.rmtree(folder, ignore_errors=True)
    result.peak = max(_peak() - before, 0)
    if result.peak > MAX_BYTES:
        result.findings["memory"] = Finding("", f"{result.peak >> 20} MiB", "")
    return result
