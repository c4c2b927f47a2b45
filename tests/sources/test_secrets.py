"""Where logins are kept, and that nobody else reads them."""

from __future__ import annotations

import stat

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
