"""Where logins are kept, and that nobody else reads them."""

from __future__ import annotations

import stat

import keyring
import keyring.backend
import keyring.errors
import pytest

from headcount.errors import HeadcountError, UsageError
from headcount.sources.handles import Target
from headcount.sources.secrets import find_secret, forget_secret, keep_secret, secrets_file
from headcount.sources.sessions import TokenLogin, find_login


@pytest.fixture(autouse=True)
def settings(tmp_path, monkeypatch):
    for name in ("HEADCOUNT_BLUESKY_SESSION", "HEADCOUNT_MASTODON_TOKEN", "HEADCOUNT_X_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))
    return tmp_path / "settings"


def test_a_secret_lies_in_a_file_of_its_own_that_only_the_user_reads(settings):
    assert keep_secret("x", "token-1") == str(settings / "secrets.json")
    keep_secret("mastodon:a.example", "token-2")
    assert stat.S_IMODE(secrets_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.stat().st_mode) == 0o700
    assert [path.name for path in settings.iterdir()] == ["secrets.json"]
    assert find_secret("x") == "token-1"
    assert find_secret("mastodon:a.example") == "token-2"
    assert forget_secret("x")
    assert not forget_secret("x")
    assert find_secret("x") is None
    assert find_secret("mastodon:a.example") == "token-2"


def test_the_environment_comes_first(monkeypatch):
    keep_secret("x", "kept")
    monkeypatch.setenv("HEADCOUNT_X_TOKEN", " given\n")
    assert find_secret("x") == "given"


def test_a_file_that_others_can_read_is_refused(settings):
    keep_secret("x", "token")
    secrets_file().chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        find_secret("x")


def test_a_broken_file_is_said(settings):
    keep_secret("x", "token")
    secrets_file().write_text("{")
    with pytest.raises(HeadcountError, match="cannot be read"):
        find_secret("x")


def test_a_token_goes_to_its_own_server_only():
    login = TokenLogin("secret", "a.example")
    assert login.headers("https://a.example/api") == {"Authorization": "Bearer secret"}
    assert login.headers("https://a.example.evil/api") == {}
    assert login.headers("https://evil/?a.example") == {}
    assert "secret" not in repr(login)


def test_a_login_is_found_by_its_server():
    keep_secret("mastodon:a.example", "token")
    assert find_login(Target("mastodon", "me@a.example")) is not None
    assert find_login(Target("mastodon", "me@b.example")) is None
    assert find_login(Target("bluesky", "a.test")) is None


class Memory(keyring.backend.KeyringBackend):
    """A keyring that keeps what it is given, and can be locked."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.kept, self.locked = {}, False

    def _open(self):
        if self.locked:
            raise keyring.errors.KeyringLocked("locked")
        return self.kept

    def get_password(self, service, username):
        return self._open().get((service, username))

    def set_password(self, service, username, password):
        self._open()[service, username] = password

    def delete_password(self, service, username):
        del self._open()[service, username]


@pytest.fixture
def ring(monkeypatch, tmp_path):
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    monkeypatch.delenv("HEADCOUNT_SETTINGS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield memory
    keyring.set_keyring(before)


def test_a_keyring_is_used_where_there_is_one(ring):
    assert keep_secret("x", "token") == "the system's keyring"
    assert ring.kept == {("headcount", "x"): "token"}
    assert not secrets_file().exists()
    assert find_secret("x") == "token"
    assert forget_secret("x")
    assert find_secret("x") is None


def test_a_locked_keyring_is_no_dead_end(ring):
    ring.locked = True
    assert keep_secret("x", "token") == str(secrets_file())
    assert find_secret("x") == "token"
    assert forget_secret("x")
