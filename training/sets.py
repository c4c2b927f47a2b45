"""Published, labelled accounts in the columns of Headcount, each with what is unknown left unknown.

What would give a class away without being a sign of it is not read: language, time zone, place, the time at which an
account was looked at (beyond its age in months), the order of rows, ids, verified (kept aside for the error rates).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from headcount.columns import Floats, Followers
from headcount.measures.followers.features import AUTOMATION_WORDS, MIN_POSTS, Inputs, Platform, matrix

__all__ = ["AUTOMATED", "BOUGHT", "EITHER", "REAL", "LabelledSet", "data_folder", "load", "platforms", "unlabelled"]

REAL, BOUGHT, AUTOMATED, EITHER = range(4)
"""Classes of an account; EITHER where the set mixes the last two and does not say which is which."""
DAY, MONTH = 86_400.0, 30.44 * 86_400.0
MIN_ACTIVE = 10
"""Posts from which on an account counts for what is typical of a platform: samples differ in how many idle ones they
hold."""


@dataclass(frozen=True)
class LabelledSet:
    """One published set.

    Attributes:
        name: of the folder and file; family: sets of one source, which are left out together.
        followers: the columns; as_of: when each was observed; platform: what was typical there.
        known: features of the set that come ready-made.
        label: class of each (REAL … EITHER).
        slices: groups of real accounts whose false positive rate is reported.
    """

    name: str
    family: str
    followers: Followers
    as_of: Floats
    platform: Platform
    label: np.ndarray
    known: dict[str, Floats] = field(default_factory=dict)
    slices: dict[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.label)

    @property
    def target(self) -> int:
        """The class other than REAL that the set is about."""
        return int(self.label.max())

    @cached_property
    def table(self) -> Floats:
        """The features of each account."""
        return matrix(Inputs(self.followers, self.as_of, self.platform), overrides=self.known)


def data_folder() -> Path:
    """Where the research data is."""
    named = os.environ.get("HEADCOUNT_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        raise SystemExit(f"No research data in {folder}: put it there or name its folder in HEADCOUNT_DATA.")
    return folder


def platforms(folder: Path) -> dict[str, Platform]:
    """Typical accounts of the platforms of which a sample without labels is at hand."""
    x = pd.read_parquet(folder / "media_followers_2015" / "follower_samples.parquet")
    instagram = pd.read_parquet(folder / "instafake" / "nonautomated_v1_posts.parquet")
    x = x[(x.posts_count >= MIN_ACTIVE) & x.has_picture]
    instagram = instagram[instagram.userMediaCount >= MIN_ACTIVE]
    typical_age = 365.25 * float((2015.6 - x.year_created[x.year_created >= 2006]).median())
    columns = ("followers_count", "following_count", "posts_count")
    return {
        "x": Platform(*(float(x[c].median()) for c in columns), typical_age,
                      "the active ones of 121,410 followers of ten news accounts, drawn uniformly, August 2015"),
        "instagram": Platform(*(float(instagram[c].median()) for c in
                                ("userFollowerCount", "userFollowingCount", "userMediaCount")), typical_age,
                              "700 genuine accounts with their posts, 2018 (Akyon & Kalfaoglu 2019); age as on X"),
    }  # fmt: skip


def load(folder: Path) -> list[LabelledSet]:
    """All labelled sets, in a fixed order."""
    typical = platforms(folder)
    profiles = [_profiles(folder, name, typical["x"], target) for name, target in
                (("cresci2015", BOUGHT), ("botometer2019", AUTOMATED), ("kaggle_bots2017", EITHER))]  # fmt: skip
    return [*profiles, _instafake(folder, typical["instagram"]), *_gilani(folder, typical["x"])]


def unlabelled(folder: Path) -> tuple[Followers, float, Platform]:
    """121,410 followers of news accounts, drawn uniformly: what an audience looks like."""
    frame = pd.read_parquet(folder / "media_followers_2015" / "follower_samples.parquet")
    as_of = pd.Timestamp("2015-08-15").timestamp()
    # the middle of the year: the months are counted in two ways (README of the set); 0 stands for unknown
    year = frame.year_created.to_numpy(float)
    created = np.where(year >= 2006, (year - 1970 + 0.5) * 365.25 * DAY, np.nan)
    followers = Followers.unknown(
        np.array([f"x:{i}" for i in range(len(frame))], dtype=object), created_at=created,
        followers_count=_number(frame.followers_count), following_count=_number(frame.following_count),
        posts_count=_number(frame.posts_count), has_website=_flag(frame.has_website),
        default_avatar=1 - _flag(frame.has_picture),
    )  # fmt: skip
    return followers, as_of, platforms(folder)["x"]


def _profiles(folder: Path, name: str, platform: Platform, target: int) -> LabelledSet:
    frame = pd.read_parquet(folder / name / "accounts.parquet")
    bio = frame.description.fillna("").str.lower()
    created = _seconds(frame.created_at)
    observed = _seconds(frame.observed_at)
    followers = Followers.unknown(
        _ids(frame), handle=frame.screen_name.astype(object).to_numpy(),
        display_name=frame.name.astype(object).where(frame.name.notna(), None).to_numpy(), created_at=created,
        followers_count=_number(frame.followers_count), following_count=_number(frame.friends_count),
        posts_count=_number(frame.statuses_count), has_bio=(bio != "").astype(np.int8).to_numpy(),
        has_website=frame.url.notna().astype(np.int8).to_numpy(), default_avatar=_flag(frame.default_profile_image),
        verified=_flag(frame.verified), protected=_flag(frame.protected),
        bio_says_automated=np.array([bool(re.search(AUTOMATION_WORDS, text)) for text in bio], dtype=np.int8),
    )  # fmt: skip
    fake = frame.is_fake_or_bot.to_numpy() == 1
    # age in whole months only: the exact time of observation differs by class (README of the set)
    as_of = created + np.ceil((observed - created) / MONTH) * MONTH
    text = (frame.name.fillna("") + frame.description.fillna("")).to_numpy()
    slices = _slices(followers, as_of, ~fake) | {"another script": ~fake & np.array([_other_script(t) for t in text])}
    return LabelledSet(name, name, followers, as_of, platform, np.where(fake, target, REAL), {}, slices)


def _instafake(folder: Path, platform: Platform) -> LabelledSet:
    frame = pd.read_parquet(folder / "instafake" / "fake_v1.parquet")
    followers = Followers.unknown(
        _ids(frame), followers_count=_number(frame.userFollowerCount),
        following_count=_number(frame.userFollowingCount), posts_count=_number(frame.userMediaCount),
        has_bio=(frame.userBiographyLength > 0).astype(np.int8).to_numpy(),
        default_avatar=(frame.userHasProfilPic == 0).astype(np.int8).to_numpy(),
        protected=_flag(frame.userIsPrivate == 1),
    )  # fmt: skip
    fake = frame.isFake.to_numpy() == 1
    as_of = np.full(len(frame), np.nan)
    return LabelledSet("instafake", "instafake", followers, as_of, platform, np.where(fake, BOUGHT, REAL), {},
                       _slices(followers, as_of, ~fake))  # fmt: skip


def _gilani(folder: Path, platform: Platform) -> list[LabelledSet]:
    timeline = pd.read_parquet(folder / "gilani2017" / "accounts_timeline_features.parquet")
    ratio = timeline.friend_follower_ratio.to_numpy(float)
    mentions = np.clip(timeline.mention_ratio - timeline.retweet_ratio, 0, 1).to_numpy(float)
    size = len(timeline)
    first = Followers.unknown(
        _ids(timeline), posts_count=_number(timeline.num_tweets), verified=_flag(timeline.verified),
        protected=_flag(timeline.protected), posts_seen=np.full(size, 200),
        link_share=np.clip(timeline.url_ratio.to_numpy(float), 0, 1), reply_share=mentions,
        repost_share=timeline.retweet_ratio.to_numpy(float),
    )  # fmt: skip
    bot = timeline.is_bot.to_numpy() == 1
    unknown_time = np.full(size, np.nan)
    one = LabelledSet("gilani2017 timelines", "gilani2017", first, unknown_time, platform,
                      np.where(bot, AUTOMATED, REAL), {"following_per_follower": ratio},
                      _slices(first, unknown_time, ~bot))  # fmt: skip
    return [one, _gilani_observed(folder, platform)]


def _gilani_observed(folder: Path, platform: Platform) -> LabelledSet:
    frame = pd.read_parquet(folder / "gilani2017" / "stweeler_features.parquet")
    seen = (frame.user_tweeted + frame.user_retweeted + frame.user_replied).to_numpy()
    shown = np.maximum(seen, 1)
    age = frame.age_of_account_in_days.to_numpy(float)
    followers = Followers.unknown(
        _ids(frame), handle=frame.screen_name.astype(object).to_numpy(),
        posts_count=frame.tweet_frequency.to_numpy() * age, created_at=np.zeros(len(frame)),
        posts_seen=np.where(seen >= MIN_POSTS, seen, 0),
        link_share=np.clip(frame.urls_count.to_numpy() / shown, 0, 1),
        reply_share=frame.user_replied.to_numpy() / shown, repost_share=frame.user_retweeted.to_numpy() / shown,
    )  # fmt: skip
    bot = frame.is_bot.to_numpy() == 1
    ratio = 1 / np.maximum(frame.follower_friend_ratio.to_numpy(float), 1e-7)
    celebrity = ~bot & np.isin(frame.popularity_band.to_numpy(), ["1M", "10M"])
    slices = _slices(followers, age * DAY, ~bot) | {"celebrity": celebrity}
    return LabelledSet("gilani2017 observed", "gilani2017", followers, age * DAY, platform,
                       np.where(bot, AUTOMATED, REAL), {"following_per_follower": ratio}, slices)  # fmt: skip


def _slices(f: Followers, as_of: Floats, real: np.ndarray) -> dict[str, np.ndarray]:
    with np.errstate(invalid="ignore"):
        return {
            "verified": real & (f.verified == 1),
            "celebrity": real & (f.followers_count >= 100_000),
            "few posts": real & (f.posts_count < 50),
            "few followers": real & (f.followers_count < 50),
            "newcomer": real & (as_of - f.created_at < 180 * DAY),
        }


def _other_script(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return len(letters) >= 3 and sum(ord(c) > 0x24F for c in letters) * 2 > len(letters)


def _ids(frame: pd.DataFrame) -> Any:
    return np.array([f"x:{i}" for i in range(len(frame))], dtype=object)


def _number(column: Any) -> Floats:
    return pd.to_numeric(column, errors="coerce").astype(float).to_numpy()


def _flag(column: Any) -> Any:
    return column.astype("Int8").fillna(-1).astype("int8").to_numpy()


def _seconds(column: Any) -> Floats:
    return ((column - pd.Timestamp(0, tz="UTC")).dt.total_seconds()).to_numpy(dtype=float, na_value=np.nan)
