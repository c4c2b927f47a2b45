"""Where logins are kept, and that nobody else reads them."""

from __future__ import annotations

import stat

import httpx2
import keyring
import keyring.backend
import keyring.errors
import pytest

from headcount.errors import AccessDenied, HeadcountError, PlatformUnavailable, UsageError
from headcount.sources.bluesky.login_session import log_in_bluesky
from headcount.sources.handles import Target
from headcount.sources.login.secrets import find_secret, forget_secret, keep_secret, secrets_file
from headcount.sources.login.sessions import TokenLogin, find_login
from headcount.sources.mastodon.login import MastodonLogins
from headcount.sources.x.login import XLogins


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


def test_a_token_of_the_environment_goes_to_the_server_that_it_names(monkeypatch):
    monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", "a.example=secret")
    login = find_login(Target("mastodon", "me@a.example"))
    assert login is not None
    assert login.headers("https://a.example/api") == {"Authorization": "Bearer secret"}
    assert find_login(Target("mastodon", "me@evil.example")) is None
    monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", "secret")
    with pytest.raises(UsageError, match="whose token"):
        find_login(Target("mastodon", "me@a.example"))


@pytest.mark.parametrize("kept", ["[]", "null", "{}", '{"server": 1, "accessJwt": "a", "refreshJwt": "b"}', "no JSON"])
def test_a_login_that_is_none_is_said(kept):
    keep_secret("bluesky", kept)
    with pytest.raises(UsageError, match="cannot be read"):
        find_login(Target("bluesky", "a.test"))


def logging_in(monkeypatch, *answers):
    """Every request of a login is given the next of these answers."""
    waiting = [httpx2.Response(status, json=content) for status, content in answers]
    for method in ("get", "post"):
        monkeypatch.setattr(httpx2, method, lambda url, **_how: waiting.pop(0))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.mark.parametrize("document", [None, [], {"service": 1}, {"service": [None, {"type": "Other"}]}])
def test_a_session_is_kept_whatever_else_the_server_sends(monkeypatch, document):
    tokens = {"accessJwt": "a", "refreshJwt": "r"}
    logging_in(monkeypatch, (200, tokens | {"didDoc": document}), (200, tokens | {"accessJwt": "b"}))
    log_in_bluesky("alice.test", "password", server="https://pds.example")
    login = find_login(Target("bluesky", "alice.test"))
    assert login is not None
    assert login.renew()
    assert login.headers("https://pds.example/x") == {"Authorization": "Bearer b"}


@pytest.mark.parametrize(
    ("scopes", "whose"),
    [
        (["read"], "@me@a.example"),
        ("read profile", "@me@a.example"),
        (None, "@me@a.example (this server does not list"),
    ],
)
def test_what_a_token_may_do_is_looked_at(monkeypatch, scopes, whose):
    logging_in(monkeypatch, (200, {"acct": "me"}), (200, {"scopes": scopes}))
    assert MastodonLogins().log_in("a.example", "token", None)[0].startswith(whose)


@pytest.mark.parametrize("scopes", [["read", "write"], "read write", ["follow"], "push"])
def test_a_token_that_may_write_is_refused(monkeypatch, scopes):
    logging_in(monkeypatch, (200, {"acct": "me"}), (200, {"scopes": scopes}))
    with pytest.raises(AccessDenied, match="more than read"):
        MastodonLogins().log_in("a.example", "token", None)
    assert find_secret("mastodon:a.example") is None


@pytest.mark.parametrize("status", [402, 429, 503])
def test_a_token_of_x_that_could_not_be_tried_is_not_kept(monkeypatch, status):
    logging_in(monkeypatch, (status, {"title": "no"}))
    with pytest.raises(PlatformUnavailable):
        XLogins().log_in(None, "token", None)
    assert find_secret("x") is None


def test_wrong_addresses_and_tokens_are_wrong_use():
    with pytest.raises(UsageError, match="not a valid address"):
        log_in_bluesky("alice.test", "password", server="https://[::")
    with pytest.raises(UsageError, match="does not look like an access token"):
        XLogins().log_in(None, "tökén", None)


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
    with pytest.raises(HeadcountError, match="may hold the login"):
        forget_secret("x")
