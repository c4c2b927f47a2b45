"""The conversions of public research sets, checked against the raw data with pandas; and both go into a workspace."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from headcount.sources.formats.tidy.tidy import TidySource
from headcount.store.store import Store

pytestmark = pytest.mark.shared
PROJECT = Path(__file__).resolve().parents[2]
EXAMPLE = "5402612"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_tidy_tables", PROJECT / "scripts" / "make_tidy_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(script: ModuleType, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of tables of each set."""
    folders = {}
    for name in ("twitter15_16", "rumoureval2017"):
        folders[name] = tmp_path_factory.mktemp(name)
        assert script.main([name, "--data", str(shared_data), "--folder", str(folders[name])]) == 0
        assert {file.name for file in folders[name].iterdir()} == {
            "accounts.parquet",
            "posts.parquet",
            "interactions.parquet",
        }
    return folders


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


@pytest.fixture(scope="module")
def events(shared_data: Path) -> pd.DataFrame:
    found = pd.read_parquet(shared_data / "twitter15_16" / "events.parquet")
    return found[found.delay_min >= 0]


def test_cascades_posts_are_the_source_tweets(made: dict[str, Path], shared_data: Path) -> None:
    posts = table(made["twitter15_16"], "posts")
    threads = pd.read_parquet(shared_data / "twitter15_16" / "threads.parquet")
    assert len(posts) == len(threads) == 1574
    assert set(zip(posts.post_id, posts.author_id, strict=True)) == {
        ("x:" + thread, "x:" + author) for thread, author in zip(threads.thread_id, threads.source_user_id, strict=True)
    }
    known = posts[posts.post_id == "x:265953285247209472"].created_at.iloc[0]
    assert known == datetime.fromtimestamp(((265953285247209472 >> 22) + 1288834974657) / 1000, UTC).replace(
        tzinfo=None
    )
    assert (posts.author_id == "x:" + EXAMPLE).sum() == 80


def test_cascades_reposts(made: dict[str, Path], events: pd.DataFrame) -> None:
    raw = events[(events.kind == "retweet") & (events.user_id != events.source_user_id)]
    interactions = table(made["twitter15_16"], "interactions")
    reposts = interactions[interactions.kind == "repost"]
    assert len(reposts) == len(raw)
    per_post = raw.groupby("thread_id").user_id.nunique()
    got = reposts.groupby("post_id").actor_id.nunique()
    got.index = got.index.str.removeprefix("x:")
    pd.testing.assert_series_equal(got.sort_index(), per_post.sort_index(), check_names=False)
    one = raw.sort_values(["thread_id", "user_id"]).iloc[1000]
    row = reposts[(reposts.actor_id == "x:" + one.user_id) & (reposts.post_id == "x:" + one.thread_id)].iloc[0]
    source = ((int(one.thread_id) >> 22) + 1288834974657) * 1000
    assert abs(row.created_at.value // 1000 - source - one.delay_min * 60e6) <= 1


def test_cascades_replies_to_the_author_and_to_others(made: dict[str, Path], events: pd.DataFrame) -> None:
    raw = events[events.kind != "retweet"]
    to_author = (raw.parent_user == raw.source_user_id) | (raw.parent_tweet == raw.thread_id)
    interactions = table(made["twitter15_16"], "interactions")
    replies = interactions[interactions.kind == "reply"]
    target = raw.source_user_id.where(to_author, raw.parent_user)
    answered = raw.thread_id.where(to_author, raw.parent_tweet)
    expected = pd.DataFrame({"actor": raw.user_id, "target": target, "post": answered, "tweet": raw.tweet_id})
    expected = expected[expected.actor != expected.target].drop_duplicates()
    assert len(replies) == len(expected)
    assert set(zip(replies.actor_id, replies.target_id, replies.post_id, strict=True)) == {
        ("x:" + row.actor, "x:" + row.target, "x:" + row.post) for row in expected.itertuples()
    }
    times = expected.tweet.astype("int64").sort_values() // 2**22 + 1288834974657
    assert sorted(replies.created_at.astype("datetime64[ms]").astype("int64")) == sorted(times)


def test_cascades_repliers_of_one_author(made: dict[str, Path], events: pd.DataFrame) -> None:
    replied = events[(events.kind != "retweet") & (events.source_user_id == EXAMPLE) & (events.user_id != EXAMPLE)]
    direct = replied[(replied.parent_user == EXAMPLE) | (replied.parent_tweet == replied.thread_id)]
    posts, interactions = table(made["twitter15_16"], "posts"), table(made["twitter15_16"], "interactions")
    own = posts.post_id[posts.author_id == "x:" + EXAMPLE]
    got = interactions[(interactions.kind == "reply") & interactions.post_id.isin(own)]
    assert (got.target_id == "x:" + EXAMPLE).all()
    assert got.actor_id.nunique() == direct.user_id.nunique() > 4000
    assert len(got[["actor_id", "post_id"]].drop_duplicates()) == len(
        direct[["user_id", "thread_id"]].drop_duplicates()
    )


def test_cascades_nobody_answers_before_the_post_or_oneself(made: dict[str, Path]) -> None:
    interactions, posts = table(made["twitter15_16"], "interactions"), table(made["twitter15_16"], "posts")
    assert (interactions.actor_id != interactions.target_id).all()
    both = interactions.merge(posts, on="post_id", suffixes=("", "_post"))
    # the ids of the replies hold their time to the millisecond, the delays to a hundredth of a minute
    assert (both.created_at - both.created_at_post).min() >= pd.Timedelta(seconds=-1.5)
    accounts = table(made["twitter15_16"], "accounts")
    assert set(interactions.actor_id) | set(interactions.target_id) <= set(accounts.account_id)


def test_threads_posts_replies_and_profiles(made: dict[str, Path], shared_data: Path) -> None:
    raw = pd.read_parquet(shared_data / "rumoureval2017" / "tweets.parquet")
    folder = made["rumoureval2017"]
    posts, interactions, accounts = (table(folder, name) for name in ("posts", "interactions", "accounts"))
    assert len(posts) == len(raw) == 3316
    assert (posts.kind == "post").sum() == raw.is_source.sum() == 215
    assert set(posts.root_post_id) == {"x:" + thread for thread in raw.thread_id}
    merged = posts.assign(tweet_id=posts.post_id.str.removeprefix("x:")).merge(
        raw, on="tweet_id", suffixes=("", "_raw")
    )
    assert (merged.text == merged.text_raw).all()
    assert (merged.created_at == merged.created_at_raw.dt.tz_localize(None)).all()
    assert (merged.reply_to_post_id.isna() == merged.is_source).all()
    answers = raw[~raw.is_source & (raw.in_reply_to_user_id != raw.user_id)]
    assert len(interactions) == len(answers)
    per_target = answers.groupby("in_reply_to_user_id").user_id.nunique().sort_index()
    got = interactions.groupby("target_id").actor_id.nunique().sort_index()
    assert list(got.index.str.removeprefix("x:")) == list(per_target.index)
    assert np.array_equal(got.to_numpy(), per_target.to_numpy())
    assert len(accounts) == raw.user_id.nunique()
    latest = raw.sort_values("created_at").groupby("user_id").tail(1).set_index("user_id").user_followers_count
    counts = accounts.set_index(accounts.account_id.str.removeprefix("x:")).followers_count
    assert (counts.sort_index() == latest.sort_index()).all()
    assert (accounts.bio == "").sum() > 100, "an empty text is known to be empty"


@pytest.mark.parametrize("name", ["twitter15_16", "rumoureval2017"])
def test_tables_go_into_a_workspace_without_a_word_of_complaint(
    name: str, made: dict[str, Path], tmp_path: Path
) -> None:
    with Store(tmp_path / "workspace", write=True) as store:
        done = store.ingest(lambda con: TidySource().read(made[name], con, skip_bad=False), path=name)
        assert done.notes == ()
        assert done.added == {"follows": 0} | done.read


def test_missing_data_is_said(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"There is no folder .*twitter15_16"):
        script.main(["twitter15_16", "--data", str(tmp_path), "--folder", str(tmp_path / "out")])
