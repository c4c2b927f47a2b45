"""A platform is one folder and one entry: a made-up one works everywhere, and no other code names a platform."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import headcount as hc
from headcount.cli.main import main
from headcount.errors import AccessDenied, UsageError
from headcount.sources import registry
from headcount.sources.collect.landing import Landing
from headcount.sources.handles import Target, parse_target
from headcount.sources.login.secrets import find_secret

ROOT = Path(hc.__file__).parent

PLATFORM = """
import re
from headcount.sources.platform import FileFormat, LoginFlow, Platform

PLATFORM = Platform(
    name="wiki",
    label="Wiki",
    example="alice#wiki",
    collector="madeup_wiki.collector:WikiCollector",
    files=(FileFormat("madeup_wiki.source:WikiSource"),),
    handles=(re.compile(r"(?P<name>[a-z]+)#wiki"),),
    prefixed=(re.compile(r"(?P<name>[a-z]+)"),),
    links=(re.compile(r"https://wiki\\.example/user/(?P<name>[a-z]+)"),),
    login=LoginFlow("madeup_wiki.login:WikiLogins", "Token", ("", "asks for a token")),
    landing_words=lambda name, handle: [f'"{name}"', f'"{handle}"'],
    text_forms=lambda name, handle: [rf"{handle}#wiki", rf"https://wiki\\.example/user/{handle}"],
)
"""
COLLECTOR = """
from headcount.incoming import ListCoverage
from headcount.sources.collect.options import CollectionEstimate

HOME = "https://wiki.example"


class WikiCollector:
    platform = "wiki"

    def limit(self, bucket):
        return None

    def estimate(self, collection, target):
        user = collection.get("profile", f"{HOME}/api/{target.name}").json
        self.account_id = f"wiki:{user['id']}"
        return CollectionEstimate(self.account_id, user["name"], 3, 1.0, 0.0, ())

    def collect(self, collection):
        for step in ("followers", "posts", "replies"):
            page = collection.get(step, f"{HOME}/api/{self.account_id}/{step}")
            if step == "followers":
                count = len(page.json)
                collection.landing.set_coverage(ListCoverage(self.account_id, step, "complete", listed=count))
"""
SOURCE = """
from headcount.incoming import ReadResult
from headcount.sources.collect.landing import Landing, is_landing
from headcount.sources.rows import Rows


class WikiSource:
    name = "Wiki"

    def recognises(self, path):
        if not is_landing(path):
            return False
        with Landing(path) as landing:
            return landing.meta("platform") == "wiki"

    def read(self, path, con, *, skip_bad):
        rows = Rows(con)
        with Landing(path) as landing:
            own = landing.meta("account_id")
            for page in landing.pages():
                for item in [page.json] if page.step == "profile" else page.json:
                    getattr(self, page.step)(rows, own, item, page.fetched_at)
            rows.flush()
            return ReadResult(self.name, (), 0, dict(rows.counts), (), account_id=own, lists=landing.coverage())

    def profile(self, rows, own, user, seen):
        rows.account(
            {"account_id": f"wiki:{user['id']}", "platform": "wiki", "handle": user["name"], "bio": user.get("bio"),
             "observed_at": seen}, whole=True
        )

    def followers(self, rows, own, user, seen):
        self.profile(rows, own, user, seen)
        rows.follow(f"wiki:{user['id']}", own, None, seen)

    def posts(self, rows, own, post, seen):
        rows.post({"post_id": f"wiki:{post['id']}", "author_id": own, "created_at": post["at"], "text": post["text"],
                   "kind": "post", "observed_at": seen})

    def replies(self, rows, own, post, seen):
        rows.post({"post_id": f"wiki:{post['id']}", "author_id": f"wiki:{post['by']}", "created_at": post["at"],
                   "text": post["text"], "kind": "reply", "reply_to_post_id": f"wiki:{post['to']}",
                   "reply_to_account_id": own, "observed_at": seen})
"""
LOGIN = """
import os
from headcount.errors import AccessDenied
from headcount.sources.login.sessions import TokenLogins


class WikiLogins(TokenLogins):
    platform = "wiki"

    def host(self, name, service):
        return "wiki.example"

    def host_of(self, target, service):
        return "wiki.example"

    def check(self, host, login):
        if login.headers(f"https://{host}/me") != {"Authorization": "Bearer good"}:
            raise AccessDenied("Wiki refuses the token.")
        return "alice"

    def environment_secret(self, host):
        return os.environ.get("WIKI_TOKEN")
"""
PEOPLE = [
    {"id": n, "name": name, "bio": f"friend of bob#wiki, {name}"} for n, name in enumerate(["bob", "cleo", "dan"], 2)
]
PAGES = {
    "/api/alice": {"id": 1, "name": "alice"},
    "/api/wiki:1/followers": PEOPLE,
    "/api/wiki:1/posts": [
        {"id": 100 + n, "at": f"2026-10-{n:02}T10:00:00Z", "text": "ask https://wiki.example/user/bob, or bobby"}
        for n in range(1, 9)
    ],
    "/api/wiki:1/replies": [
        {"id": 200 + n, "by": 2 + n % 3, "to": 100 + n, "at": f"2026-10-{n:02}T11:00:00Z", "text": "yes, bob#wiki"}
        for n in range(1, 9)
    ],
}


@pytest.fixture
def wiki(tmp_path, monkeypatch):
    """A made-up platform: one folder, and one more entry in the registry. Gives the requests that it receives."""
    import httpx2

    folder = tmp_path / "packages" / "madeup_wiki"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    for name, text in (("platform", PLATFORM), ("collector", COLLECTOR), ("source", SOURCE), ("login", LOGIN)):
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder.parent))
    for name in [name for name in sys.modules if name.startswith("madeup_wiki")]:
        monkeypatch.delitem(sys.modules, name)
    from madeup_wiki.platform import PLATFORM as entry

    monkeypatch.setattr(registry, "PLATFORMS", (*registry.PLATFORMS, entry))
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))
    requests = []

    def answer(request):
        requests.append(request)
        content = PAGES.get(request.url.path)
        return httpx2.Response(404 if content is None else 200, json=content)

    usual = httpx2.Client
    monkeypatch.setattr(httpx2, "Client", lambda **how: usual(**(how | {"transport": httpx2.MockTransport(answer)})))
    return requests


def test_a_made_up_platform_is_collected_imported_and_reported(wiki, tmp_path, capsys):
    workspace = hc.open(tmp_path / "ws")
    imported = workspace.add("alice#wiki")
    assert (imported.source, imported.added["follows"], imported.added["posts"]) == ("Wiki", 3, 16)
    report = workspace.report("alice")
    assert report.account.platform == "wiki"
    assert report.account.account_id == "wiki:1"
    assert report.followers.listed == 3
    assert workspace.report("alice", anonymous=True).account.platform == "wiki"
    assert main(["report", "alice", "--workspace", str(tmp_path / "ws"), "--html", str(tmp_path / "r.html")]) == 0
    assert "<span>Wiki</span>" in (tmp_path / "r.html").read_text()
    before = len(wiki)
    assert [again.source for again in workspace.sync()] == ["Wiki"]
    assert len(wiki) == 2 * before


@pytest.mark.parametrize("text", ["alice#wiki", "Alice#Wiki", "wiki:alice", "https://wiki.example/user/alice"])
def test_its_accounts_are_recognised(wiki, text):
    assert parse_target(text) == Target("wiki", "alice")


def test_hints_and_choices_list_it(wiki, tmp_path, capsys):
    with pytest.raises(UsageError, match="is no handle of Wiki") as wrong:
        parse_target("wiki:1234")
    assert wrong.value.hint.endswith("x:alice or wiki:alice#wiki.")
    with pytest.raises(UsageError, match="from Bluesky only, not from Wiki"):
        hc.open(tmp_path).collect("alice#wiki", hc_options(follows_among=10))
    assert main(["login", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "{bluesky|mastodon|x|wiki}" in shown
    assert re.search(r"headcount login wiki +asks for a token", shown)


def hc_options(**given):
    from headcount.sources.collect.options import Options

    return Options(**given)


def test_its_login_is_kept_used_and_forgotten(wiki, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("good\n"))
    assert main(["login", "wiki"]) == 0
    assert "Logged in as alice" in capsys.readouterr().out
    assert find_secret("wiki:wiki.example") == "good"
    hc.open(tmp_path / "ws").add("alice#wiki")
    assert {request.headers["Authorization"] for request in wiki} == {"Bearer good"}
    monkeypatch.setenv("WIKI_TOKEN", "given")
    assert find_secret("wiki:wiki.example") == "given"
    monkeypatch.delenv("WIKI_TOKEN")
    assert main(["login", "wiki", "--out"]) == 0
    assert find_secret("wiki:wiki.example") is None
    monkeypatch.setattr(sys, "stdin", io.StringIO("bad\n"))
    assert main(["login", "wiki"]) == AccessDenied("").exit_code
    assert find_secret("wiki:wiki.example") is None


def test_forgetting_reaches_its_landings_and_texts(wiki, tmp_path):
    workspace = hc.open(tmp_path / "ws")
    workspace.add("alice#wiki")
    workspace.forget("bob")
    (path,) = (tmp_path / "ws" / "landing" / "wiki").rglob("*.landing")
    with Landing(path) as landing:
        kept = json.dumps([page.json for page in landing.pages("followers")])
    assert "cleo" in kept
    assert '"bob"' not in kept
    workspace.export(tmp_path / "out", format="csv")
    texts = (tmp_path / "out" / "posts.csv").read_text() + (tmp_path / "out" / "accounts.csv").read_text()
    assert "bobby" in texts
    assert not re.search(r"\bbob\b", texts)
    assert "[forgotten]" in texts
    assert set(workspace.forget("bob").values()) == {0}
    assert set(workspace.forget("2").values()) == {0}


def test_a_table_may_name_a_platform_that_is_not_registered(tmp_path):
    (tmp_path / "accounts.csv").write_text("account_id,platform,handle\n1,forum,ana\nforum:2,forum,ben\n")
    (tmp_path / "follows.csv").write_text("follower_id,followee_id\nforum:2,1\n3,forum:1\n")
    workspace = hc.open(tmp_path / "ws")
    workspace.add(tmp_path)
    report = workspace.report("ana")
    assert (report.account.account_id, report.account.platform, report.followers.listed) == ("forum:1", "forum", 2)
    assert workspace.report("ana", anonymous=True).account.platform == "table", "a word of the user's own"


def test_ids_with_a_colon_are_not_taken_for_platforms(tmp_path):
    (tmp_path / "follows.csv").write_text("follower_id,followee_id\nuser:2,user:1\nx:3,user:1\n")
    workspace = hc.open(tmp_path / "ws")
    workspace.add(tmp_path / "follows.csv")
    assert sorted(workspace.view("table:user:1").followers.account_id) == ["table:user:2", "x:3"]


@pytest.mark.parametrize("word", ["a platform", "9gag", "w" * 21])
def test_a_platform_is_a_short_word(tmp_path, word):
    (tmp_path / "accounts.csv").write_text(f"account_id,platform\n1,{word}\n")
    with pytest.raises(hc.HeadcountError, match="is not a word of at most 20 letters"):
        hc.open(tmp_path / "ws").add(tmp_path / "accounts.csv")


# -- no other code names a platform ---------------------------------------------------------------------------------

NAMES = re.compile(r"(?i:\b(?:bluesky|mastodon|twitter)\b|\bbsky\.|\bx\.com\b)|^x$|^x:|'x:|\bX\b")
ALLOWED = {
    "cli/collecting.py": "help of --watch, which only one platform offers",
    "cli/options.py": "help of options that only one platform offers",
    "measures/followers/authenticity.py": "measured samples of the score card",
    "measures/followers/features.py": "words of bios: twitterbot",
    "measures/question/delay_law.py": "measured reply delays of a platform",
    "sources/formats/edges/columns.py": "names of columns in tables of others",
    "sources/formats/foreign.py": "files of others that are not read",
    "sources/formats/minet.py": "minet's own tables of these platforms",
    "sources/formats/minet_rows.py": "minet's own tables of these platforms",
    "sources/formats/signatures.py": "files of others that are not read",
    "sources/formats/tidy/values.py": "an example in an error",
    "tables.py": "examples in the meanings of columns",
}
"""File -> why texts in it name a platform."""
OWN = ("sources/bluesky/", "sources/mastodon/", "sources/x/", "simulate/")


def texts_of(source):
    """The texts of a module, without docstrings."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.lineno, node.value


def test_only_their_folders_name_platforms():
    files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")}
    found = {
        f"{name}:{line}: {text[:60]!r}"
        for name, source in files.items()
        if not name.startswith(OWN) and name not in ALLOWED
        for line, text in texts_of(source)
        if NAMES.search(text)
    }
    assert found == set()
    unused = [name for name in ALLOWED if not any(NAMES.search(text) for _, text in texts_of(files[name]))]
    assert unused == []


@pytest.mark.parametrize(
    "text", ["bluesky", "x", "X", "of Mastodon only", "id IN ('x:' || $1)", "https://x.com/", "x:alice"]
)
def test_a_named_platform_is_found(text):
    assert [text for _, text in texts_of(f"def f():\n    'x'\n    return {text!r}") if NAMES.search(text)] == [text]


def test_the_registry_imports_nothing_heavy():
    heavy = ("httpx2", "duckdb", "numpy", "headcount.sources.bluesky.collector", "headcount.sources.x.archive")
    code = (
        "import sys\nfrom headcount.cli.main import main\nassert main(['--help']) == 0\n"
        "assert main(['login', '--help']) == 0\nimport headcount.sources.registry\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
