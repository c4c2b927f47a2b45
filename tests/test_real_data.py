"""Reports on real, public data, each figure checked by an independent count of the raw files."""

from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path

import pandas as pd
import pytest

from headcount.cli.main import main

PROJECT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.shared


def converter():
    spec = importlib.util.spec_from_file_location("make_tidy_tables", PROJECT / "scripts" / "make_tidy_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def workspaces(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A workspace for each research set, made by the project's own script and command."""
    base = tmp_path_factory.mktemp("research")
    made = {}
    for name in ("twitter15_16", "rumoureval2017"):
        converter().convert(name, shared_data, base / name)
        made[name] = str(base / f"ws-{name}")
        assert main(["add", str(base / name), "--workspace", made[name]]) == 0
    return made


def report(workspace: str, account: str, capsys: pytest.CaptureFixture[str], *options: str) -> dict:
    capsys.readouterr()
    assert main(["report", account, "--workspace", workspace, "--window", "all", "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("author", ["5402612", "759251", "807095", "14173315"])
def test_authors_of_twitter15_16(author, workspaces, shared_data, capsys):
    threads = pd.read_parquet(shared_data / "twitter15_16" / "threads.parquet")
    events = pd.read_parquet(shared_data / "twitter15_16" / "events.parquet")
    mine = threads[threads.source_user_id.astype(str) == author]
    if mine.empty:
        pytest.skip(f"author {author} is in the other part of the set")
    got = report(workspaces["twitter15_16"], author, capsys)
    seen = events[events.thread_id.isin(mine.thread_id) & (events.delay_min >= 0)]
    seen = seen[seen.user_id.astype(str) != author]
    # whoever answers a retweet answers the tweet that was retweeted
    answers = (seen.parent_user.astype(str) == author) | (seen.parent_tweet == seen.thread_id)
    to_author = seen[(seen.kind == "retweet") | answers]
    captures = to_author.drop_duplicates(["user_id", "thread_id"])
    words = to_author[to_author.kind != "retweet"]
    assert got["audience"]["posts"] == len(mine)
    assert got["audience"]["observed"] == captures.user_id.nunique()
    assert got["audience"]["observed_active"] == words.user_id.nunique()
    assert got["audience"]["responses"] == len(captures)
    assert got["audience"]["population"] == "responders"
    assert got["followers"]["listed"] is None
    assert got["followers"]["partial"] is True
    assert "unknown" in got["findings"][0]
    assert got["audience"]["headcount"] > got["audience"]["observed"]


def test_authors_of_rumoureval(workspaces, shared_data, capsys):
    tweets = pd.read_parquet(shared_data / "rumoureval2017" / "tweets.parquet")
    for column in ("user_id", "tweet_id", "in_reply_to_tweet_id", "in_reply_to_user_id", "thread_id"):
        tweets[column] = tweets[column].astype("string")
    sources = tweets[tweets.is_source.astype(bool)]
    for author in sources.user_id.value_counts().index[:5]:
        got = report(workspaces["rumoureval2017"], str(author), capsys)
        own = tweets[tweets.user_id == author]
        # a response counts for the post that opened the thread: any reply to the author inside its own threads
        mine = sources[sources.user_id == author]
        replies = tweets[(tweets.in_reply_to_user_id == author) & (tweets.user_id != author)]
        inside = replies[replies.in_reply_to_tweet_id.isin(own[own.thread_id.isin(mine.thread_id)].tweet_id)]
        captures = inside.drop_duplicates(["user_id", "thread_id"])
        assert got["audience"]["posts"] == len(mine)
        assert got["audience"]["observed"] == captures.user_id.nunique()
        assert got["audience"]["responses"] == len(captures)
        assert got["account"]["handle"] == mine.user_screen_name.iloc[0]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["flat", "noflat", "2sets", "brexit", "kpop"])
def test_twarc_files_as_they_are(name, shared_data, tmp_path, capsys):
    path = shared_data / "fixtures" / "twitter" / "twarc" / f"{name}.jsonl.gz"
    workspace = str(tmp_path / "ws")
    assert main(["add", str(path), "--workspace", workspace]) == 0
    capsys.readouterr()
    assert main(["accounts", "--workspace", workspace, "--json"]) == 0
    accounts = json.loads(capsys.readouterr().out)
    tweets: dict[str, dict] = {}
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        page = json.loads(line)
        for tweet in page.get("data", [page]):
            tweets[tweet["id"]] = tweet
            for other in [*page.get("includes", {}).get("tweets", []), *tweet.get("referenced_tweets", [])]:
                if "author_id" in other:
                    tweets.setdefault(other["id"], other)
    for account in [a for a in accounts if a["posts"]][:3]:
        author = account["account_id"].removeprefix("x:")
        kinds = [
            {ref["type"] for ref in tweet.get("referenced_tweets", [])}
            for tweet in tweets.values()
            if str(tweet.get("author_id")) == author
        ]
        originals = sum(not kind & {"replied_to", "retweeted"} for kind in kinds)
        got = report(workspace, account["account_id"], capsys)
        assert account["posts"] == originals
        assert got["audience"]["posts"] == originals
        assert got["followers"]["listed"] is None
