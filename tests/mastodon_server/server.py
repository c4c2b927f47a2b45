"""A running server of Mastodon's API that others wrote: mastodon-mock, a program of its own with a database.

It is started as a separate process on a free port of the loopback interface, with its database in a temporary folder,
and is spoken to over HTTP only. What it carries and where it differs from Mastodon is said in `seed.py`; what it does
not carry is tested against recorded responses (`recorded.py`).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "mastodon_mock"
PATIENCE = 60.0  # seconds that the server may take to start
ATTEMPTS = 3  # another program can take a free port before the server does
_PR_SET_PDEATHSIG = 1


class ServerUnavailableError(Exception):
    """The server is not installed; the tests that use it are skipped with this reason."""


@dataclass(frozen=True)
class Server:
    """Where the running server answers, without a slash at the end; `domain` is what stands after the second @."""

    url: str
    domain: str


@dataclass(frozen=True)
class RateLimit:
    """At most so many requests per token (or per address without one) in a window of so many seconds."""

    requests: int
    seconds: int


def find_python() -> str:
    """The Python that has the server installed: HEADCOUNT_MASTODON_PYTHON, or the one that runs the tests."""
    python = os.environ.get("HEADCOUNT_MASTODON_PYTHON") or sys.executable
    program = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({PACKAGE!r}) is None)"
    if subprocess.run([python, "-c", program], check=False, timeout=PATIENCE).returncode != 0:
        raise ServerUnavailableError(f"{python} has no {PACKAGE}: install the test dependencies (make test)")
    return python


@contextlib.contextmanager
def run_server(rate_limit: RateLimit | None = None, folder: Path | None = None) -> Iterator[Server]:
    """A server with the database in the folder; without one, an empty server: one account that every new one has.

    Raises:
        ServerUnavailableError: it is not installed.
    """
    python = find_python()
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headcount-mastodon-")))
        for attempt in range(1, ATTEMPTS + 1):
            port = free_port()
            process = start(python, folder, port, rate_limit)
            try:
                if await_server(process, port):
                    yield Server(f"http://127.0.0.1:{port}", f"127.0.0.1:{port}")
                    return
            finally:
                stop(process)
            if attempt == ATTEMPTS:
                raise RuntimeError(f"the server did not start:\n{(folder / 'log').read_text(errors='replace')}")


def start(python: str, folder: Path, port: int, rate_limit: RateLimit | None) -> subprocess.Popen[bytes]:
    """Begin to start it; the process ends with this one."""
    settings = folder / "settings.toml"
    settings.write_text(describe(folder, port, rate_limit))
    command = [python, "-m", f"{PACKAGE}.cli", "serve", "--config", settings, "--log-level", "warning"]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_end_with_parent
        )


def describe(folder: Path, port: int, rate_limit: RateLimit | None) -> str:
    """Its settings file."""
    lines = [
        f'domain = "127.0.0.1:{port}"',
        'url_scheme = "http"',
        f'media_storage_path = "{folder / "media"}"',
        f'database = {{ path = "{folder / "database.sqlite"}" }}',
        f'server = {{ host = "127.0.0.1", port = {port} }}',
    ]
    if rate_limit is not None:
        lines.append(
            f"ratelimit = {{ enabled = true, limit = {rate_limit.requests}, window_seconds = {rate_limit.seconds} }}"
        )
    return "\n".join(lines) + "\n"


def await_server(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it answers before it ends or the retries do."""
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):  # nobody listens yet
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/streaming/health", timeout=5) as answer:
                answer.read()
            return process.poll() is None
        time.sleep(0.05)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it, by force where asking does not help."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def _end_with_parent() -> None:
    """Have the kernel end the server when the tests are killed (Linux only)."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
