"""The judgement of followers: reasons that add up, what is never evidence, what is said of a list."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headcount as hc
from headcount.columns import Followers
from headcount.errors import UsageError
from headcount.measures.followers.authenticity import authenticity
from headcount.measures.followers.features import FEATURES, Inputs, matrix, names_itself_bot
from headcount.measures.followers.funnel import funnel
from headcount.measures.followers.judgement import CLASSES, CODE, Labelled
from headcount.measures.followers.model_judge import ModelJudge
from headcount.measures.followers.rules import PublishedRules
from headcount.measures.followers.scorecard import not_real, read_card, shipped_card

DAY = 86_400.0
END = 1_700_000_000.0
BOUGHT = {"followers_count": 17.0, "following_count": 900.0, "posts_count": 1.0, "default_avatar": 1, "has_website": 0}
PERSON = {"followers_count": 180.0, "following_count": 210.0, "posts_count": 950.0, "has_bio": 1, "default_avatar": 0}
STATION = {"followers_count": 400.0, "following_count": 0.0, "posts_count": 90_000.0, "handle": "weather_bot",
           "bio_says_automated": 1, "created_at": END - 900 * DAY, "posts_seen": 50, "link_share": 1.0,
           "reply_share": 0.0, "repost_share": 0.0}  # fmt: skip


def make(*rows, platform="x"):
    """Followers from dictionaries of what is known of each."""
    base = Followers.unknown(np.array([f"{platform}:{i}" for i in range(len(rows))], dtype=object))
    columns = {field.name: getattr(base, field.name).copy() for field in fields(Followers)}
    for i, row in enumerate(rows):
        for name, value in row.items():
            columns[name][i] = value
    return Followers(**columns)


def judged(*rows, **options):
    return authenticity(make(*rows, **options), as_of=END)


def card_scores(found, row, kind):
    return found.scores[row, list(found.card.classes).index(kind)]


def random_rows(seed, size=300):
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(size):
        row = {}
        for name, scale in (("followers_count", 5), ("following_count", 5), ("posts_count", 6)):
            if rng.random() < 0.8:
                row[name] = float(np.floor(np.exp(rng.normal(scale, 3))))
        for name in ("has_bio", "has_website", "default_avatar", "bio_says_automated"):
            row[name] = int(rng.integers(-1, 2))
        if rng.random() < 0.5:
            row |= {"posts_seen": int(rng.integers(0, 60)), "same_text": int(rng.integers(0, 9))}
            row |= {name: float(rng.random()) for name in ("link_share", "reply_share", "repost_share")}
        if rng.random() < 0.7:
            row["created_at"] = END - float(rng.exponential(1500)) * DAY
        rows.append(row)
    return rows


@pytest.mark.parametrize("seed", range(5))
def test_reasons_add_up_to_the_score_and_the_score_is_the_probability(seed):
    found = judged(*random_rows(seed))
    for row in range(0, 300, 7):
        odds = [sum(reason.points for reason in found.reasons(row, kind)) for kind in ("bought", "automated")]
        assert odds == pytest.approx(found.scores[row], abs=1e-9)
        total = 1 + np.exp(odds).sum()
        assert found.real[row] == pytest.approx(1 / total, abs=1e-12)
        assert [found.bought[row], found.automated[row]] == pytest.approx(np.exp(odds) / total, abs=1e-12)
    assert (found.low <= found.real + 1e-12).all()
    assert (found.real <= found.high + 1e-12).all()


def test_changing_what_a_reason_tells_changes_the_verdict_as_it_says():
    """Move each input from one end to the other: the score moves by the difference of the points told, and its way."""
    moves = {"followers_count": (17.0, 5000.0), "following_count": (900.0, 30.0), "posts_count": (1.0, 4000.0),
             "default_avatar": (1, 0), "has_website": (0, 1)}  # fmt: skip
    before = judged(BOUGHT)
    told = {r.sentence: r.points for r in before.reasons(0, "bought")}
    assert any("follows 900 accounts while 17 accounts follow it" in sentence for sentence in told)
    for name, (old, new) in moves.items():
        assert BOUGHT[name] == old
        after = judged(BOUGHT | {name: new})
        difference = sum(r.points for r in after.reasons(0, "bought")) - sum(told.values())
        assert difference < 0, f"{name} speaks for the account once it is {new}"
        assert after.real[0] > before.real[0]
        assert difference == pytest.approx(card_scores(after, 0, "bought") - card_scores(before, 0, "bought"))


def test_sentences_name_no_feature_and_every_feature_has_one():
    found = judged(*random_rows(9), BOUGHT, PERSON, STATION)
    names = re.compile(r"_|\bNaN\b|\bnan\b|" + "|".join(f.name for f in FEATURES if "_" in f.name))
    for row in range(len(found.real)):
        said = found.explain(row)
        assert not names.search(said), said
        assert said.endswith(".")
        measured = CLASSES[found.label[row]] not in ("auto_follow", "spam_bot")
        assert ("likely a real account" in said) == measured
        assert not re.search(r"(?<![\d.])(100|0)%", said.partition("Person or not")[2].partition("judged by")[0]), (
            "nothing is certain"
        )
    inputs = Inputs(make(STATION | PERSON | {"display_name": "Bot"}), END, shipped_card().platforms["x"])
    assert all(feature.tell(inputs, 0) for feature in FEATURES)
    assert judged({}).explain(0).endswith("There is no evidence either way.")


ABSENT = {
    "silence": {"posts_count": 0.0, "posts_seen": 0, "last_post_at": END - 3000 * DAY, "last_seen": END - 3000 * DAY},
    "newness": {"created_at": END - 1 * DAY},
    "few followers": {"followers_count": 0.0},
    "an empty profile": {"has_bio": 0, "has_website": 0, "default_avatar": 1},
    "another script": {"handle": "李明", "display_name": "Дмитрий अमित 李明 محمد"},
    "protected": {"protected": 1},
}


@pytest.mark.parametrize("names", [*[(name,) for name in ABSENT], tuple(ABSENT)], ids=" and ".join)
def test_silence_newness_script_and_emptiness_are_no_evidence(names):
    row = {key: value for name in names for key, value in ABSENT[name].items()}
    found = judged(row, {})
    assert found.real[0] == pytest.approx(found.real[1], abs=1e-12), "as if nothing were known"
    assert CLASSES[found.label[0]] in ("real", "unknown")
    assert all(reason.points <= 0 for reason in found.reasons(0, "bought")[1:])


def test_absence_never_adds_to_what_speaks_against_an_account():
    """By construction: a sign of life has no points above 0 for any class, in the card and in every replicate."""
    card = shipped_card()
    life = {feature.name for feature in FEATURES if feature.kind == "life"}
    assert life >= {"followers", "posts", "has_bio", "has_website", "has_picture", "reply_share"}
    for cards in (card.classes, *card.replicates.values()):
        for one in cards.values():
            for name, feature in one.features.items():
                steps = np.diff(feature.points)
                assert (steps >= -1e-9).all() or (steps <= 1e-9).all(), f"{name} has one direction"
                if name in life:
                    assert max(feature.points) == 0.0
                    assert (steps <= 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(
    following=st.integers(0, 300), followers=st.integers(0, 10**7), posts=st.integers(0, 10**6),
    age=st.floats(0.1, 6000), bio=st.integers(-1, 1), avatar=st.integers(-1, 1),
)  # fmt: skip
def test_nobody_who_merely_reads_is_accused(following, followers, posts, age, bio, avatar):
    """Who follows up to 300 accounts and posts no more than a person can is never told to be bought or automated."""
    row = {"following_count": float(following), "followers_count": float(followers), "has_bio": bio,
           "posts_count": float(min(posts, 3 * age)), "created_at": END - age * DAY,
           "default_avatar": avatar}  # fmt: skip
    if following >= 5:
        assert CLASSES[judged(row).label[0]] in ("real", "undecided", "unknown")


def test_counts_far_outside_the_training_range_change_nothing_more():
    for name in ("followers_count", "following_count", "posts_count"):
        big = judged(PERSON | {name: 1e7}, PERSON | {name: 1e12}, PERSON | {name: 1e300})
        others = [f for f in ("followers_count", "following_count", "posts_count") if f != name]
        alone = judged({name: 1e9}, {name: 1e12})
        assert alone.real[0] == alone.real[1], others
        assert np.isfinite(big.scores).all()


def test_a_quiet_mastodon_account_is_normal():
    quiet = [{"followers_count": float(f), "following_count": float(g), "posts_count": 3.0, "default_avatar": 0}
             for f, g in ((4, 20), (12, 60), (30, 90))]  # fmt: skip
    active = [{"followers_count": 40.0 + i, "following_count": 60.0 + i, "posts_count": 50.0 + i} for i in range(150)]
    found = judged(*quiet, *active, platform="mastodon")
    assert found.inputs.platform.posts < 200, "typical is what the active accounts of this list show"
    assert [CLASSES[label] for label in found.label[:3]] == ["real"] * 3
    few = judged(*quiet, platform="mastodon")
    assert few.inputs.platform == shipped_card().platforms["x"]


def test_less_knowledge_never_accuses():
    rows = random_rows(3)
    for hidden in ({"posts_count"}, {"has_bio", "has_website", "default_avatar"}, {"reply_share", "posts_seen"}):
        full, less = judged(*rows), judged(*[{k: v for k, v in row.items() if k not in hidden} for row in rows])
        against = {f.name for f in FEATURES if f.kind == "pattern" and not hidden & set(f.needs)}
        assert against
        assert set(np.unique(less.label)) <= set(range(len(CLASSES)))
        if hidden == {"has_bio", "has_website", "default_avatar"}:
            assert (less.scores >= full.scores - 1e-9).all(), "what is hidden could only have spoken for the account"


def test_classes_are_different_things():
    promoter = {"following_count": 8412.0, "followers_count": 7900.0, "bio_asks_follow_back": 1}
    spammer = {"posts_seen": 40, "same_text": 14, "link_share": 0.97, "repost_share": 0.0, "reply_share": 0.9}
    found = judged(PERSON, promoter, spammer, STATION, {"declared_bot": 1}, {}, BOUGHT)
    assert [CLASSES[label] for label in found.label] == [
        "real", "auto_follow", "spam_bot", "declared_bot", "declared_bot", "unknown", "undecided"
    ]  # fmt: skip
    assert found.level.tolist() == [1, 1, 2, 2, 0, 0, 1]
    said = [found.explain(row) for row in range(7)]
    assert said[1].startswith("Auto-follow: follows 8,412 accounts and is")
    assert "likely" not in said[1] + said[2], "the card does not measure these classes"
    assert said[2].startswith("Spam: links in 97% of 40 posts; the same text 14 times among")
    assert [text.partition(":")[0] for text in (said[0], said[4], said[5], said[6])] == [
        "Classified as real. Person or not", "Declares itself automated. Person or not",
        "Unknown", "Undecided",
    ]  # fmt: skip
    rows = found.columns()
    assert sum(rows["followers"]) == 7
    assert sum(rows["share"]) == pytest.approx(1)


def delivered(seed=0, size=3000, block=60):
    """A list of people with a block of bought accounts side by side, made in one week."""
    rng = np.random.default_rng(seed)
    follow = np.sort(END - rng.uniform(0, 1500, size) * DAY)
    made = follow - (30 + rng.exponential(600, size)) * DAY
    bought = np.zeros(size, bool)
    bought[1200 : 1200 + block] = True
    made[bought] = follow[1200] - 500 * DAY + rng.uniform(0, 3 * DAY, block)
    counts = {name: np.where(bought, BOUGHT[name], PERSON[name])
              for name in ("followers_count", "following_count", "posts_count")}  # fmt: skip
    followers = Followers.unknown(
        np.array([f"x:{i}" for i in range(size)], dtype=object), created_at=made,
        position=np.arange(size)[::-1].astype(float), **counts,
        default_avatar=np.where(bought, 1, 0).astype(np.int8), last_seen=np.full(size, END - 5 * DAY),
    )  # fmt: skip
    return followers, bought


def test_bought_takes_the_card_and_a_sign_of_the_list():
    followers, bought = delivered()
    found = authenticity(followers, as_of=END)
    told = found.label == CODE["bought"]
    assert told[bought].mean() > 0.8
    assert told[~bought].sum() == 0
    row = int(np.flatnonzero(told)[0])
    assert re.search(r"is in your list with \d+ others that were made in the same week", found.explain(row))
    assert sum(r.points for r in found.reasons(row, "bought")) == pytest.approx(card_scores(found, row, "bought"))
    # the same profiles without an order, or people who arrived together: no verdict
    assert not (
        authenticity(replace(followers, position=np.full(3000, np.nan)), as_of=END).label == CODE["bought"]
    ).any()
    people = replace(
        followers, **{n: np.full(3000, PERSON[n]) for n in ("followers_count", "following_count", "posts_count")}
    )
    assert not (authenticity(people, as_of=END).label == CODE["bought"]).any()


def test_the_funnel_uses_it():
    followers, bought = delivered(seed=1)
    nobody = np.zeros(len(followers), np.int64)
    by_card = funnel(followers, responded=nobody, tied=nobody.astype(bool), as_of=END, judge=ModelJudge())
    by_rules = funnel(followers, responded=nobody, tied=nobody.astype(bool), as_of=END, judge=PublishedRules())
    assert by_rules.classes.auto_follow == 0
    assert by_card.classes.auto_follow >= 0.8 * bought.sum()
    assert by_card.classes.listening == len(followers) - by_card.classes.auto_follow
    row = int(np.flatnonzero(by_card.verdicts.label == 4)[0])
    assert "likely not a real follower" in by_card.verdicts.reasons[row]
    assert "score card" in by_card.method


def test_a_report_uses_it_without_being_asked(tmp_path):
    """Through a workspace: a delivered block stands in auto-follow, and its row says why and how likely it is real."""
    followers, bought = delivered(seed=2, size=2000, block=60)
    moment = np.datetime64(0, "s") + followers.created_at.astype("timedelta64[s]")
    when = "2023-11-14T22:13:20Z"
    head = "account_id,handle,created_at,followers_count,following_count,posts_count,default_avatar,last_post_at"
    lines = [
        f"{name},p{i},{moment[i]}Z,{followers.followers_count[i]:.0f},{followers.following_count[i]:.0f},"
        f"{followers.posts_count[i]:.0f},{bool(followers.default_avatar[i])},2023-11-10T00:00:00Z,{when}"
        for i, name in enumerate(followers.account_id)
    ]
    (tmp_path / "accounts.csv").write_text(head + ",observed_at\n" + "\n".join([*lines, f"x:ego,ego,,,,,,,{when}"]))
    pairs = [f"{name},x:ego,{followers.position[i]:.0f}" for i, name in enumerate(followers.account_id)]
    (tmp_path / "follows.csv").write_text("follower_id,followee_id,position\n" + "\n".join(pairs))
    workspace = hc.open(tmp_path / "workspace")
    workspace.add(tmp_path)
    report = workspace.report("ego")
    assert "score card" in report.funnel.method
    assert 0.8 * bought.sum() <= report.funnel.classes.auto_follow <= bought.sum()
    row = workspace.followers("ego", label="auto_follow")[0]
    assert "is in your list with" in row.reasons
    assert (row.judgement, row.real, row.real_low, row.real_high) == ("bought", None, None, None)


def test_the_judge_adds_spam_only_to_what_repeats_itself():
    repeats = STATION | {"bio_says_automated": 0, "same_text": 20}
    judge = ModelJudge().judge(make(repeats | {"link_share": 0.5}, repeats | {"same_text": 1}, {}), as_of=END)
    assert judge.spam.tolist() == [True, False, False]
    assert not judge.strong.any()
    assert judge.reasons[0].startswith("the same text 20 times among 50 posts")
    assert judge.reasons[2] is None


def test_labels_move_the_probabilities_and_give_a_share():
    rng = np.random.default_rng(4)
    rows = [BOUGHT | {"following_count": float(rng.integers(600, 2000))} for _ in range(150)]
    rows += [PERSON | {"posts_count": float(rng.integers(200, 5000))} for _ in range(450)]
    followers, fake = make(*rows), np.arange(600) < 150
    plain = authenticity(followers, as_of=END)
    assert plain.share is None
    assert "label some followers" in plain.sentence()
    some = np.concatenate([np.arange(40), np.arange(150, 250)])
    found = authenticity(followers, as_of=END, labelled=Labelled(some, fake[some]))
    assert found.share is not None
    assert found.share.low <= 0.25 <= found.share.high
    assert found.real[~fake].mean() > found.real[fake].mean()
    assert abs((1 - found.real).mean() - 0.25) < abs((1 - plain.real).mean() - 0.25)
    assert "that you labelled" in found.sentence()
    for row in (0, 300):
        assert sum(r.points for r in found.reasons(row, "bought")) == pytest.approx(card_scores(found, row, "bought"))


def test_nobody_follows():
    found = authenticity(Followers.unknown(np.array([], dtype=object)), as_of=END)
    assert found.too_little is not None
    assert found.sentence() == "There is no follower list."


def test_names_that_say_bot():
    handles = ["weather_bot", "WeatherBot", "poem_ebooks", "abbot", "Talbot", "botanica", "robotics", None, "anna"]
    said = names_itself_bot(np.array(handles, dtype=object), np.array([None] * 8 + ["A Bot"], dtype=object))
    assert np.isnan(said[7])
    assert [handle for handle, yes in zip(handles, said, strict=True) if yes == 1] == [
        "weather_bot", "WeatherBot", "poem_ebooks", "anna"
    ]  # fmt: skip


def test_features_are_left_out_where_something_needed_is_unknown():
    row = STATION | PERSON | {"display_name": "Someone", "has_website": 1}
    table = matrix(Inputs(make(row), END, shipped_card().platforms["x"]))
    assert not np.isnan(table).any()
    assert len({feature.name for feature in FEATURES}) == len(FEATURES)
    for column, feature in enumerate(FEATURES):
        assert feature.meaning
        assert set(feature.needs) <= {field.name for field in fields(Followers)}
        for name in set(feature.needs) - {"posts_seen", "handle", "display_name"}:
            less = matrix(Inputs(make({k: v for k, v in row.items() if k != name}), END, shipped_card().platforms["x"]))
            assert np.isnan(less[0, column]), (feature.name, name)


def test_the_card_is_small_readable_and_carries_its_figures():
    data = (files("headcount") / "models" / "authenticity.json").read_bytes()
    assert len(data) < 1_000_000
    card = read_card(data)
    assert set(card.classes) == {"bought", "automated"}
    assert sum(card.prior.values()) == pytest.approx(1)
    assert len(card.replicates) >= 4
    for name in ("cresci2015", "botometer2019", "kaggle_bots2017", "instafake"):
        figures = card.training["sets"][name]
        assert 0.9 <= figures["auc_when_left_out"] <= 1
        assert figures["real_accused"] <= 0.01 * figures["real"]
        assert figures["verified_accused"] <= 0.01 * figures["verified"]
    assert card.training["accounts_of"] == [2012, 2019]
    assert len(card.training["known_failures"]) >= 4
    assert data.decode().isascii() or json.loads(data)


def test_a_strange_card_is_refused():
    data = (files("headcount") / "models" / "authenticity.json").read_bytes()
    other = json.loads(data) | {"format": 99}
    for bad in (b"{}", b"no json", json.dumps(other).encode(), data.replace(b'"has_bio"', b'"shoe_size"')):
        with pytest.raises(UsageError, match="score card"):
            read_card(bad)


def test_the_library_loads_no_training_dependency():
    code = ("import sys, headcount, headcount.measures.followers.model_judge as m; m.shipped_card();"
            "print([n for n in ('sklearn', 'interpret', 'scipy', 'training') if n in sys.modules])")  # fmt: skip
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "[]"


def crowd(size):
    rng = np.random.default_rng(0)
    return Followers.unknown(
        np.array([f"x:{i}" for i in range(size)], dtype=object),
        handle=np.array(["anna", "weather_bot", "bert", "carl"] * (size // 4), dtype=object),
        followers_count=np.exp(rng.normal(4, 2, size)).round(), following_count=np.exp(rng.normal(5, 1, size)).round(),
        posts_count=np.exp(rng.normal(4, 2, size)).round(), has_bio=rng.integers(-1, 2, size).astype(np.int8),
        created_at=END - rng.exponential(1500, size) * DAY, position=np.arange(size).astype(float),
        posts_seen=rng.integers(0, 40, size), link_share=rng.random(size), reply_share=rng.random(size),
    )  # fmt: skip


def test_all_at_once_and_one_by_one_are_the_same():
    """Judged in one array or alone, a follower has the same figures (of X, whose typical account is the card's)."""
    rows = [*random_rows(11), BOUGHT, PERSON, STATION]
    together = judged(*rows)
    for row, known in enumerate(rows):
        alone = judged(known)
        for name in ("real", "bought", "automated", "low", "high", "label", "level"):
            assert getattr(alone, name)[0] == pytest.approx(getattr(together, name)[row], abs=1e-12), name
        assert alone.explain(0) == together.explain(row)


def test_names_are_found_in_one_text_as_one_by_one():
    names = ["anna", "weather_bot", "İİİ bot", "李明 bot", "Дмитрий", None, "", "WeatherBOT", "x\ud800bot", "abbot"]
    rng = np.random.default_rng(0)
    for pool in (names, [*names, "a\x1fbot"]):
        handle, shown = (np.array([pool[i] for i in rng.integers(0, len(pool), 300)], dtype=object) for _ in range(2))
        one_by_one = [names_itself_bot(handle[[i]], shown[[i]])[0] for i in range(300)]
        assert np.array_equal(names_itself_bot(handle, shown), one_by_one, equal_nan=True)
        assert np.nansum(one_by_one) > 50


@pytest.mark.long
@pytest.mark.parametrize("size", [1_000_000])
def test_a_million_followers_in_seconds(size):
    followers = crowd(size)
    start = time.process_time()
    found = authenticity(followers, as_of=END)
    took = time.process_time() - start
    print(f"\n{size:,} followers scored in {took:.1f} s of processor time")
    assert took < 10
    assert not_real(found.scores).shape == (size,)


def test_the_model_card_has_the_figures_of_the_model():
    text = (Path(__file__).resolve().parents[2] / "docs" / "model-card.md").read_text(encoding="utf-8")
    card = shipped_card()
    assert f"version {card.version}" in text
    names = {
        "cresci2015": "cresci-2015",
        "botometer2019": "botometer 2019",
        "kaggle_bots2017": "kaggle 2017",
        "gilani2017 timelines": "gilani-2017 timelines",
        "gilani2017 observed": "gilani-2017 observed",
    }
    for name, figures in card.training["sets"].items():
        row = (
            f"| {names.get(name, name)} | {figures['auc_when_left_out']:.3f} | "
            f"{figures['other_found'] / figures['other']:.2f} | {figures['real_accused']} of {figures['real']:,} |"
        )
        assert row in text, row
    verified = sum(figures["verified"] for figures in card.training["sets"].values())
    assert f"Verified accounts: 0 of {verified:,} accused" in text
