"""Where logins are kept: in the system's keyring, or in a file that only the user can read.

Looked for in this order: the environment (in the variables that a platform's logins name), the keyring (where the
package `keyring` and a keyring are there), the file `secrets.json` in the user's folder for settings, with mode 0600 in
a folder with mode 0700. A secret never stands on a command line, in a log, in the workspace or in an error message.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from headcount.errors import HeadcountError, UsageError
from headcount.sources import registry

__all__ = ["find_secret", "forget_secret", "keep_secret", "secrets_file"]

SERVICE = "headcount"


def secrets_file() -> Path:
    """The file of last resort; HEADCOUNT_SETTINGS names another folder than the usual one."""
    named = os.environ.get("HEADCOUNT_SETTINGS")
    if named:
        return Path(named) / "secrets.json"
    import platformdirs

    return Path(platformdirs.user_config_dir("headcount", appauthor=False)) / "secrets.json"


def keep_secret(name: str, secret: str) -> str:
    """Keep a secret under a name (`platform:host`); gives where it is kept, in words."""
    keyring = _keyring()
    if keyring is not None:
        try:
            keyring.set_password(SERVICE, name, secret)
        except Exception as error:  # a keyring may be locked or broken in ways of its own
            if "keyring" not in type(error).__module__:
                raise
        else:
            return "the system's keyring"
    path = secrets_file()
    _write(path, _read(path) | {name: secret})
    return str(path)


def find_secret(name: str) -> str | None:
    """The secret of a name; from the environment, the keyring or the file; None where there is none."""
    given = _in_environment(name)
    if given:
        return given
    keyring = _keyring()
    if keyring is not None:
        try:
            found = keyring.get_password(SERVICE, name)
        except Exception as error:
            if "keyring" not in type(error).__module__:
                raise
            found = None
        if found:
            return str(found)
    found = _read(secrets_file()).get(name)
    return found if isinstance(found, str) else None


def _in_environment(name: str) -> str | None:
    """The secret that the environment holds for a name; a token only for the server that it belongs to."""
    prefix, _, host = name.partition(":")
    platform = registry.find_platform(prefix)
    return None if platform is None or platform.login is None else platform.login.make().environment_secret(host)


def forget_secret(name: str) -> bool:
    """Delete the secret of a name; False where there was none.

    Raises:
        HeadcountError: the keyring does not let it go.
    """
    path, had = secrets_file(), False
    kept = _read(path)
    if name in kept:
        del kept[name]
        _write(path, kept)
        had = True
    keyring = _keyring()
    if keyring is None:
        return had
    try:
        if keyring.get_password(SERVICE, name) is not None:
            keyring.delete_password(SERVICE, name)
            had = True
    except Exception as error:
        if "keyring" not in type(error).__module__:
            raise
        if not had:
            raise HeadcountError(
                "The system's keyring cannot be asked, and may hold the login.", hint="unlock it and run this again."
            ) from None
    return had


def _keyring() -> Any:
    """The keyring, where there is one that keeps something."""
    if os.environ.get("HEADCOUNT_SETTINGS"):  # a folder was named, so that is where it goes
        return None
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:
        return None
    return None if isinstance(keyring.get_keyring(), (fail.Keyring, null.Keyring)) else keyring


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_mode & 0o077:
            raise UsageError(f"Others can read {path}, which holds logins.", hint=f"close it first: chmod 600 {path}")
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, OSError):
        raise HeadcountError(f"{path} cannot be read.", hint="delete it and log in again.") from None
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, kept: dict[str, Any]) -> None:
    """Write beside, then put in place: the file is never readable by others, and never half written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=1)
    beside.replace(path)
