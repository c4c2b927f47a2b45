"""The log of collections."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headcount.sources.collect.collection import log
from headcount.support.safe_text import plain

__all__ = ["log_file"]


class _PlainFormatter(logging.Formatter):
    """One line a message, without control characters: a log is read in a terminal, and servers write into it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the standard library's name)
        return plain(super().formatMessage(record))


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write what happens in collecting, with its time, to the end of a file that only the user can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_PlainFormatter("%(asctime)s %(levelname)s %(message)s"))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        handler.close()
