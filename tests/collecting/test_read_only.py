"""Nothing is ever written to a platform: the whole source is searched for it, and the search is proven on writes."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.collecting.stub import running
from tests.collecting.world import MAIN, Sizes

import headcount as hc
import headcount.sources.bluesky.login_session as sessions_module

SOURCE = Path(hc.__file__).parent
SESSIONS = Path(sessions_module.__file__)
ALLOWED = (SESSIONS.name, "_session_call")
"""The one place that sends something else: it opens and renews a login session."""
TO_THE_USERS_SPARK = [
    "session.py: the module socket, which can send anything",
    "session.py: .delete() of path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration())",
]
"""network/spark/session.py talks to the user's own cluster: is there an answer, and away with its own work folder."""

SENDS = {"post", "put", "patch", "delete"}
TAKES_METHOD = {"request", "stream", "build_request", "api_request", "urlopen", "Request", "open"}
NETWORK = {
    "socket", "http.client", "urllib.request", "urllib3", "requests", "aiohttp", "httpx", "websockets", "websocket",
    "atproto", "tweepy", "mastodon", "pycurl", "ftplib", "smtplib", "telnetlib", "asyncio", "ssl", "subprocess",
}  # fmt: skip
LISTENERS = {"jetstream.py": {"websockets"}}
"""Files that only listen to a stream, and what they listen with: a `.send` there is found like any other."""
WAYS_ROUND = {"__import__", "eval", "exec", "import_module"}
"""Ways to reach a module or a method by a name that is only made while running."""

# names of what writes: AT Protocol, Mastodon, X
WRITING = re.compile(
    r"""
    \b(?:createRecord|putRecord|deleteRecord|applyWrites|uploadBlob|importRepo|createAccount|deleteAccount
      |deactivateAccount|activateAccount|updateHandle|createAppPassword|sendMessage|muteActor|unmuteActor|muteThread
      |unmuteThread|muteActorList|putPreferences|updateSeen|registerPush|createReport|updateSubjectStatus
      |submitPlcOperation|signPlcOperation|requestCrawl|notifyOfUpdate)\b
    | /(?:un)?(?:follow|block|mute|pin|favourite|reblog|bookmark|retweet|endorse)\b(?!\w)
    | /statuses/?$ | /api/v[12]/media\b | /remove_from_followers\b | /accounts/update_credentials\b | /domain_blocks\b
    | /2/users/[^"'\s]*/(?:following|likes|retweets|blocking|muting|bookmarks)\b | /dm_conversations\b
    | \bstatuses/(?:update|destroy|retweet)\b | \bfriendships/(?:create|destroy)\b | \bfavorites/(?:create|destroy)\b
    | \b(?:blocks|mutes/users)/(?:create|destroy)\b | \bdirect_messages/ | /oauth/(?:token|revoke|authorize)\b
    """,
    re.VERBOSE,
)
SESSION_CALLS = re.compile(r"com\.atproto\.server\.(?!describeServer\b|getSession\b)\w+")
# reading calls whose addresses look like those of writes: as long as they are sent with GET, which is held too
READING = re.compile(r"/2/users/[^\"'\s]*/following$|/accounts/[^/\s]+/statuses$|/2/tweets/[^\"'\s]*/retweeted_by$")


class Search(ast.NodeVisitor):
    """Finds what could send anything but GET in one file."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.found, self.inside = name, [], []
        self.called: set[int] = set()
        tree = ast.parse(text)
        self.texts_of_docs = set(_docstrings(tree))
        self.clients = _client_names(tree)
        self.visit(tree)

    def _complain(self, node: ast.AST, what: str) -> None:
        if (self.name, self.inside[-1] if self.inside else "") != ALLOWED:
            self.found.append(f"{self.name}:{getattr(node, 'lineno', 0)}: {what}")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.inside.append(node.name)
        self.generic_visit(node)
        self.inside.pop()

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._module(node, name.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self._module(node, node.module or "")
        if node.module == "urllib" and any(name.name == "request" for name in node.names):
            self._complain(node, "urllib.request")
        if node.module == "http" and any(name.name == "client" for name in node.names):
            self._complain(node, "http.client")
        if (node.module or "").partition(".")[0] == "httpx2":
            for name in node.names:
                self._complain(node, f"{name.name} of httpx2 by a name of its own, which a search cannot follow")

    def _module(self, node: ast.AST, name: str) -> None:
        if any(name == other or name.startswith(other + ".") for other in NETWORK - LISTENERS.get(self.name, set())):
            self._complain(node, f"the module {name}, which can send anything")

    def visit_Call(self, node: ast.Call) -> None:
        called = node.func
        self.called.add(id(called))
        self.generic_visit(node)
        if isinstance(called, ast.Name) and called.id in WAYS_ROUND - {"import_module"}:
            self._complain(node, f"{called.id}(), which hides what is called")
        if isinstance(called, ast.Name) and called.id == "getattr" and len(node.args) > 1:
            self._reached_by_name(node, node.args[1])
        if not isinstance(called, ast.Attribute):
            return
        of = ast.unparse(called.value)
        if called.attr in SENDS and not _is_plain(called, self.clients):
            self._complain(node, f".{called.attr}() of {of}")
        elif called.attr == "send" and not _is_plain(called, self.clients):
            self._complain(node, f".send() of {of}")
        elif called.attr in TAKES_METHOD and self._is_network(called):
            method = _method(node)
            if method != "GET":
                self._complain(node, f".{called.attr}() with the method {method or 'that is not told'}")

    def _reached_by_name(self, node: ast.Call, name: ast.expr) -> None:
        if isinstance(name, ast.Constant) and name.value in SENDS | {"request", "send", "stream", "build_request"}:
            self._complain(node, f"getattr(…, {name.value!r})")
        elif not isinstance(name, ast.Constant) and ast.unparse(node.args[0]) in self.clients:
            self._complain(node, f"a method of {ast.unparse(node.args[0])} by a name that is made while running")

    def _is_network(self, called: ast.Attribute) -> bool:
        """`open` and the like are also said of files; the others only of the network."""
        return called.attr not in ("open", "stream", "request") or ast.unparse(called.value) in self.clients

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A sending method that is handed on and not called here."""
        self.generic_visit(node)
        handed_on = node.attr in SENDS | {"request", "send", "build_request", "stream"} and id(node) not in self.called
        if handed_on and ast.unparse(node.value) in self.clients:
            self._complain(node, f"{ast.unparse(node)}, which is no .get")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """An f-string is looked at as a whole, with a mark where something is filled in."""
        parts = [str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values]
        self._text(node, "".join(parts))
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and id(node) not in self.texts_of_docs:
            self._text(node, node.value)

    def _text(self, node: ast.AST, text: str) -> None:
        writing = WRITING.search(text)
        if writing and not READING.search(text):
            self._complain(node, f"the name of a call that writes: {writing[0]}")
        if SESSION_CALLS.search(text) and self.name != ALLOWED[0]:
            self._complain(node, f"a call of a session outside of {ALLOWED[0]}")
        if text in ("POST", "PUT", "PATCH", "DELETE"):
            self._complain(node, f"the method {text}")


def _docstrings(tree: ast.AST) -> Iterator[int]:
    """The texts that only explain: no code sees them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _client_names(tree: ast.AST) -> set[str]:
    """What is a client of the network in this file, as far as the text tells: the module, and what it is bound to."""
    names = {"httpx2", "self._http", "http", "client", "session", "self.client", "self._client", "self.session"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if re.match(r"httpx2\.|.*\bClient\(", ast.unparse(node.value)):
                names.update(ast.unparse(target) for target in targets)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            if re.match(r"httpx2\.|.*\bClient\(", ast.unparse(node.context_expr)):
                names.add(ast.unparse(node.optional_vars))
        elif isinstance(node, ast.Import):
            names.update(name.asname or name.name for name in node.names if name.name.startswith("httpx"))
    return names


def _is_plain(called: ast.Attribute, clients: set[str]) -> bool:
    """Methods of the same name that are not of the network: `Rows.post` takes a row, `Landing.put` a page."""
    of = ast.unparse(called.value)
    return of not in clients and (called.attr, of) in {
        ("post", "self.rows"), ("post", "rows"), ("post", "self"), ("put", "collection.landing"),
        ("put", "self.landing"), ("put", "landing"), ("put", "self._landing"), ("post", "self._rows"),
    }  # fmt: skip


def _method(node: ast.Call) -> str | None:
    """The HTTP method of a call that takes one: GET only where that is written there."""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if {"data", "json", "content", "files"} & keywords.keys():
        return "POST"
    given = keywords.get("method", node.args[0] if node.args else None)
    return str(given.value) if isinstance(given, ast.Constant) else None


def search(name: str, text: str) -> list[str]:
    return Search(name, text).found


def test_the_whole_source_holds_no_write():
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 50
    found = [line for path in files for line in search(path.name, path.read_text(encoding="utf-8"))]
    assert [re.sub(r":\d+:", ":", line) for line in found] == TO_THE_USERS_SPARK, "\n" + "\n".join(found)


def test_the_one_exception_is_what_it_is_said_to_be():
    """Were the exception gone, or to send to other calls, the search would stand for less than it says."""
    text = SESSIONS.read_text(encoding="utf-8")
    tree = ast.parse(text)
    (function,) = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == ALLOWED[1]]
    posts = [n for n in ast.walk(function) if isinstance(n, ast.Call) and ast.unparse(n.func) == "httpx2.post"]
    assert len(posts) == 1
    assert ast.unparse(posts[0].args[0]) == "f'{server}/xrpc/{call}'"
    assert "assert call in _SESSION_CALLS" in text
    assert set(sessions_module._SESSION_CALLS) == {
        "com.atproto.server.createSession",
        "com.atproto.server.refreshSession",
    }
    assert search("elsewhere.py", text), "the same lines in another file are found"


WRITES = {
    "a post of a client": "self._http.post(url, json={})",
    "a put of a client": "self._http.put(url)",
    "a patch of a client": "self._http.patch(url)",
    "a delete of a client": "self._http.delete(url)",
    "a post of the module": "import httpx2\n        httpx2.post(url)",
    "another name of the module": "import httpx2 as h\n        h.post(url)",
    "a function of the module": "from httpx2 import post\n        post(url)",
    "a request with POST": "self._http.request('POST', url)",
    "a request with a method by name": "self._http.request(method='DELETE', url=url)",
    "a request with a method that is not told": "self._http.request(verb, url)",
    "a request that is built": "request = self._http.build_request('POST', url)",
    "a request that is sent": "self._http.send(request)",
    "a stream with POST": "self._http.stream('POST', url)",
    "a client made on the spot": "import httpx2\n        with httpx2.Client() as c:\n            c.post(url)",
    "a client under another name": "import httpx2\n        k = httpx2.Client()\n        k.request('PUT', url)",
    "a client handed on": "send = self._http.post\n        send(url)",
    "a method by its name": "getattr(self._http, 'post')(url)",
    "a method by a name that is made": "getattr(self._http, verb)(url)",
    "urllib with data": "import urllib.request\n        urllib.request.urlopen(url, data=b'')",
    "urllib with a method": "from urllib import request\n        request.Request(url, method='PUT')",
    "urllib's Request": "from urllib.request import Request\n        Request(url, data=b'x')",
    "http.client": "import http.client\n        http.client.HTTPConnection('h').request('POST', '/')",
    "http.client by another way": "from http import client",
    "a raw socket": "import socket\n        socket.create_connection(('h', 80)).sendall(b'POST / HTTP/1.1')",
    "a socket's function": "from socket import create_connection",
    "requests": "import requests\n        requests.post(url)",
    "a client that writes": "import atproto",
    "another that does": "from mastodon import Mastodon",
    "a third": "import tweepy",
    "curl": "import subprocess\n        subprocess.run(['curl', '-X', 'POST', url])",
    "hidden code": "exec('import httpx2; httpx2.post(1)')",
    "a hidden import": "__import__('httpx2').post(url)",
    "the method's name": "verb = 'POST'",
    "createRecord": "self.get('com.atproto.repo.createRecord')",
    "putRecord": "self.get('com.atproto.repo.putRecord')",
    "deleteRecord": "self.get('com.atproto.repo.deleteRecord')",
    "applyWrites": "self.get(f'{server}/xrpc/com.atproto.repo.applyWrites')",
    "uploadBlob": "self.get('com.atproto.repo.uploadBlob')",
    "muteActor": "self.get('app.bsky.graph.muteActor')",
    "createReport": "self.get('com.atproto.moderation.createReport')",
    "a session elsewhere": "self.get('com.atproto.server.createSession')",
    "an account deleted": "self.get('com.atproto.server.deleteAccount')",
    "follow": "self.get(f'{base}/api/v1/accounts/{number}/follow')",
    "unfollow": "self.get(f'{base}/api/v1/accounts/{number}/unfollow')",
    "block": "self.get(f'/api/v1/accounts/{number}/block')",
    "mute": "self.get(f'/api/v1/accounts/{number}/mute')",
    "favourite": "self.get(f'/api/v1/statuses/{number}/favourite')",
    "reblog": "self.get(f'/api/v1/statuses/{number}/reblog')",
    "a status": "self.get(base + '/api/v1/statuses')",
    "following on X": "self.get('/2/users/:id/muting')",
    "a retweet on X": "self.get(f'/2/users/{me}/retweets')",
    "friendships": "self.get('https://api.x.com/1.1/friendships/create.json')",
    "an update": "self.get('https://api.x.com/1.1/statuses/update.json')",
}
READS = {
    "a get of a client": "self._http.get(url)",
    "a request with GET": "self._http.request('GET', url)",
    "a stream with GET": "self._http.stream('GET', url)",
    "favourited_by": "self.get(f'/api/v1/statuses/{number}/favourited_by')",
    "reblogged_by": "self.get(f'/api/v1/statuses/{number}/reblogged_by')",
    "followers": "self.get(f'/api/v1/accounts/{number}/followers')",
    "following": "self.get(f'/api/v1/accounts/{number}/following')",
    "the follows of a repository": "if collection == 'app.bsky.graph.follow': pass",
    "following on X, which is read": "self.get(f'/2/users/{number}/following')",
    "an account's statuses": "self.get(f'{base}/api/v1/accounts/{number}/statuses')",
    "a row": "self.rows.post({})",
    "a file": "path.open('rb')",
    "a page that is kept": "self.landing.put('s', url, 200, {}, b'')",
}
HTTP = (SOURCE / "sources/collect/client.py").read_text(encoding="utf-8")
PLACE = "        self.usage.requests += 1\n"


def mutated(line: str) -> str:
    """The real client with one more line where it asks."""
    assert HTTP.count(PLACE) == 1
    return HTTP.replace(PLACE, f"{PLACE}        {line}\n")


@pytest.mark.parametrize("what", WRITES)
def test_a_write_that_is_added_is_found(what):
    assert search("client.py", HTTP) == []
    assert search("client.py", mutated(WRITES[what])), WRITES[what]


@pytest.mark.parametrize("what", READS)
def test_a_read_that_is_added_is_none(what):
    assert search("client.py", mutated(READS[what])) == []


def test_a_write_in_the_exception_is_no_free_pass_for_its_file():
    text = SESSIONS.read_text(encoding="utf-8")
    place = '    """The address of the user\'s server'
    assert text.count(place) == 1
    assert search(SESSIONS.name, text) == []
    assert search(SESSIONS.name, text.replace(place, f"    import httpx2\n    httpx2.post('https://h')\n{place}"))


def test_who_listens_does_not_send():
    (name,) = LISTENERS
    text = "import websockets.sync.client as w\nwith w.connect(url) as stream:\n    stream.{}()\n"
    assert search(name, text.format("recv")) == []
    assert search(name, text.format("send"))
    assert search("other.py", text.format("recv"))


def test_a_whole_collection_sends_nothing_but_get(tmp_path, monkeypatch):
    with running(Sizes(150, round(time.time()) * 1_000_000)) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("HEADCOUNT_BLUESKY_SESSION", raising=False)
        monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))
        assert hc.open(tmp_path / "ws").collect(MAIN) is not None
        methods, asked = server.methods(), server.count()
    assert methods == {"GET": asked.total()}
    kinds = {target.partition("?")[0].rpartition("/")[2].rpartition(".")[2] for target in asked}
    assert {"getProfile", "getFollowers", "getRelationships", "getAuthorFeed", "getLikes", "getRepo"} <= kinds
