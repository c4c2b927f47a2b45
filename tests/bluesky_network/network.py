"""The real Bluesky servers (PLC directory, PDS, AppView) on loopback.

Of the machine only the programs are used: PostgreSQL and Redis run on ports of their own in a temporary folder, and the
npm packages are built once, in a cache outside the checkout. All servers end with the process that started them.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import platform
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
SERVER = FOLDER / "net.mjs"
PACKAGE_FILES = ("package.json", "package-lock.json")
PREFIX = "headcount-bluesky-"  # of the temporary folder; the number of the process follows
RECIPE = "1"  # a part of the cache's name: raise it when the way the npm folder is built changes
PATIENCE = 60.0  # seconds that one server may take to start


class NetworkUnavailableError(Exception):
    """What the network needs is not on this machine; the tests that use it are skipped with this reason."""


@dataclass(frozen=True)
class Network:
    """Where the running servers answer, as addresses without a slash at the end."""

    pds: str
    appview: str
    plc: str
    control: str

    def settle(self) -> None:
        """Return when the AppView has indexed all that was written so far, counts included."""
        self._ask("settle")

    def lose_handle(self, did: str) -> None:
        """Make the account's handle one that leads nowhere, as when a domain runs out."""
        self._ask(f"lose-handle?{did}")

    def _ask(self, what: str) -> None:
        request = urllib.request.Request(f"{self.control}/{what}", method="POST")
        with urllib.request.urlopen(request, timeout=310) as answer:
            answer.read()


# --- Programs --------------------------------------------------------------------------------------------------------


def find_postgres(name: str) -> str | None:
    """A program of PostgreSQL; Debian keeps them out of the path, by version."""
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: -float(bin.parent.name))
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, newest_first)]))


def node_package() -> str | None:
    """The npm package that carries Node for this machine, or None where there is none in the lock file."""
    kind = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    return f"node-linux-{kind}" if sys.platform == "linux" and kind else None


def missing_programs() -> list[str]:
    """The names of the programs that the network needs and this machine lacks."""
    missing = [name for name in ("node", "npm", "make", "c++", "redis-server") if shutil.which(name) is None]
    return missing + [name for name in ("initdb", "postgres", "createdb", "pg_isready") if find_postgres(name) is None]


def check_machine() -> None:
    """Raise NetworkUnavailableError with all that is missing."""
    if node_package() is None:
        raise NetworkUnavailableError(f"the Bluesky servers need Linux on x86-64 or ARM64, not {platform.platform()}")
    if missing := missing_programs():
        raise NetworkUnavailableError(
            f"not on this machine: {', '.join(missing)}. Run: sh scripts/install-system-packages.sh"
        )


# --- The npm packages, built once ------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """Where built npm folders are kept, outside the checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "headcount-tests"


def npm_folder() -> Path:
    """The folder with the built npm packages; built on first use, by one process while all others wait."""
    content = b"".join((FOLDER / name).read_bytes() for name in PACKAGE_FILES)
    key = hashlib.sha256(f"{RECIPE} {node_package()} ".encode() + content).hexdigest()[:16]
    folder = cache_folder() / f"atproto-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            build_npm_folder(folder)
    return folder


def build_npm_folder(folder: Path) -> None:
    """Install and build beside the final place, then rename: a folder of that name is always whole."""
    half = folder.with_suffix(".part")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    for name in PACKAGE_FILES:
        shutil.copy(FOLDER / name, half)
    node = half / "node_modules" / str(node_package())
    environment = {
        **os.environ,
        "PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "npm_config_nodedir": str(node),  # the headers in the package: nothing is fetched from elsewhere
        "npm_config_build_from_source": "true",
    }
    # SQLite's binding is the only package whose install script is needed: the servers run on the Node in the lock file,
    # for which a binding has to be compiled.
    run_npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], half, environment)
    run_npm(["rebuild", "better-sqlite3", "--foreground-scripts"], half, environment)
    check = "new (require('better-sqlite3'))(':memory:')"
    subprocess.run([node / "bin" / "node", "-e", check], cwd=half, check=True, timeout=PATIENCE)
    half.rename(folder)


def run_npm(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    command = ["npm", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise NetworkUnavailableError(f"{' '.join(command)} failed in {folder}:\n{tail}")


# --- Servers ---------------------------------------------------------------------------------------------------------

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """In the child: be killed when the parent ends, even by a kill that leaves the parent no time to clean up."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def unprivileged() -> str | None:
    """The user to run PostgreSQL as: it refuses to run as root. None: the user who runs this."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def as_user(user: str | None) -> dict[str, Any]:
    """The arguments of subprocess that start a program as this user."""
    return {} if user is None else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def server(
    command: Sequence[str | Path],
    ready: Callable[[], bool],
    folder: Path,
    *,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[None]:
    """A running server that is ready to answer, and that ends with this block or with this process."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("wb") as written:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            preexec_fn=_end_with_parent,
            start_new_session=True,  # an interrupt at the keyboard goes to the parent, which stops them in order
            **as_user(user),
        )
    try:
        wait_until_ready(child, ready, log)
        yield
    finally:
        child.send_signal(signal.SIGINT)  # to PostgreSQL: end without waiting for those connected
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_until_ready(child: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    """Return once it is ready; raise with the end of its log when it ended, or takes longer than PATIENCE."""
    end = time.monotonic() + PATIENCE
    while not ready():
        if child.poll() is not None or time.monotonic() > end:
            last_lines = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise RuntimeError(f"{log.stem} did not start (exit status {child.poll()}):\n{last_lines}")
        time.sleep(0.05)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """PostgreSQL with one empty database; gives its address. It does not survive a crash: it is for one test run."""
    user, port, data = unprivileged(), free_port(), folder / "postgres"
    data.mkdir()
    if user is not None:
        folder.chmod(0o755)
        shutil.chown(data, user)
    run = {"check": True, "capture_output": True, "timeout": PATIENCE, "cwd": data, **as_user(user)}
    subprocess.run([_found("initdb"), "-D", data, "-A", "trust", "-U", "pg", "--no-sync", "-E", "UTF8"], **run)
    options = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
    command = [_found("postgres"), "-D", data, "-p", str(port), "-k", data, "-h", "127.0.0.1"]
    command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    at = ["-h", "127.0.0.1", "-p", str(port), "-U", "pg"]
    accepts = [_found("pg_isready"), "--quiet", *at]
    with server(command, lambda: subprocess.run(accepts).returncode == 0, folder, user=user):
        subprocess.run([_found("createdb"), *at, "headcount"], **run)
        yield f"postgresql://pg@127.0.0.1:{port}/headcount"


def _found(name: str) -> str:
    """The path of a program of PostgreSQL that check_machine has seen."""
    path = find_postgres(name)
    assert path is not None
    return path


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Redis without a file; gives its address."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with server(command, lambda: listens(port), folder):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def atproto(folder: Path, npm: Path, postgres_url: str, redis_host: str) -> Iterator[Network]:
    """PLC directory, PDS and AppView in one process of Node."""
    (folder / "node_modules").symlink_to(npm / "node_modules")
    shutil.copy(SERVER, folder)  # beside the packages: an import looks for them from the file on
    addresses, files = folder / "addresses.json", folder / "files"
    files.mkdir()
    environment = {
        "DB_POSTGRES_URL": postgres_url,
        "REDIS_HOST": redis_host,
        "LOG_ENABLED": "false",
        "TMPDIR": str(files),  # the PDS keeps its repositories there
        "ADDRESSES_TO": str(addresses),
    }
    node = npm / "node_modules" / str(node_package()) / "bin" / "node"
    with server([node, SERVER.name], addresses.is_file, folder, environment=environment):
        yield Network(**json.loads(addresses.read_text()))


@contextlib.contextmanager
def running_network() -> Iterator[Network]:
    """All servers, until the end of this block. Raises NetworkUnavailableError when the machine lacks something."""
    check_machine()
    npm = npm_folder()
    remove_leftovers()
    with contextlib.ExitStack() as stack:
        prefix = f"{PREFIX}{os.getpid()}-"
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)))
        postgres_url = stack.enter_context(postgres(folder))
        redis_host = stack.enter_context(redis(folder))
        yield stack.enter_context(atproto(folder, npm, postgres_url, redis_host))


def remove_leftovers() -> None:
    """Remove what a killed process could not."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        number = folder.name.removeprefix(PREFIX).partition("-")[0]
        if not Path("/proc", number).exists():
            shutil.rmtree(folder, ignore_errors=True)
