"""X over its API: collected from a server that answers with what was recorded from the real one, and checks each
request against X's description; counted again with nothing but json."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from tests.x_server.description import ENDPOINTS, LIMITS
from tests.x_server.recorded import Recorded
from tests.x_server.server import OWNED, POST, USER, Refused, XServer, problem

import headcount
from headcount.errors import AccessDenied, AccountNotFound, BudgetReached, PlatformUnavailable
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.landing_folder import landing_folder
from headcount.sources.collect.options import Options
from headcount.sources.x.calls import CALLS, DOLLARS
from headcount.sources.x.collector import XCollector
from headcount.store.read.lists import read_list_coverage
from headcount.store.store import Store

pytestmark = pytest.mark.shared
ACCOUNT, NAME = "2351222345", "PhillyNEFL"
"""An account whose timeline was recorded: a page of 100 posts."""
SINCE = datetime(2015, 1, 1, tzinfo=UTC)
USER_TOKEN, APP_TOKEN = "the-token-of-a-user", "the-token-of-an-application"
QUICK = RetryPolicy(tries=4, first=0.001, longest=0.002, blind=0.001, timeout=5)


@pytest.fixture(scope="session")
def recorded(shared_data):
    return Recorded(shared_data)


@pytest.fixture
def login(monkeypatch, tmp_path):
    """Sets the token and the address, as a user would."""
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))

    def log_in(server, token=USER_TOKEN):
        monkeypatch.setenv("HEADCOUNT_X_API", server.address)
        monkeypatch.setenv("HEADCOUNT_X_TOKEN", token)

    return log_in


@pytest.fixture
def serve(recorded, login):
    """Starts a server; at the end it must have refused nothing that was not refused on purpose."""
    servers = []

    def start(account=ACCOUNT, *, token=USER_TOKEN, **how):
        server = XServer(recorded, {USER_TOKEN: account, APP_TOKEN: None}, **how)
        servers.append(server.__enter__())
        login(server, token)
        return server

    yield start
    for server in servers:
        server.__exit__()
        # 403 for /2/users/me: the token is an application's, which cannot be known without asking
        assert not [found for found in server.refused if found[0] in (400, 404, 405)]


def collect(folder, name=NAME, *, client=Client, said=None, **options):
    told = [] if said is None else said
    options = Options(**{"since": SINCE} | options)
    return headcount.open(folder).collect(f"x:{name}", options, say=told.append, client=client, log=True)


def quick(**how):
    return Client(**how, retry_policy=QUICK)


def rows(folder, sql):
    with Store(folder) as store:
        return store.connection.execute(sql).fetchall()


def tables(folder):
    """Every row, without the moments of looking."""
    return {
        "accounts": rows(folder, "SELECT * EXCLUDE (observed_at) FROM accounts ORDER BY ALL"),
        "follows": rows(folder, "SELECT follower_id, followee_id, position, sampled FROM follows ORDER BY ALL"),
        "posts": rows(folder, "SELECT * EXCLUDE (observed_at) FROM posts ORDER BY ALL"),
        "interactions": rows(folder, "SELECT * EXCLUDE (first_snapshot) FROM interactions ORDER BY ALL"),
    }


def landing_of(folder, name=NAME):
    return next(iter(landing_folder(folder, f"x:{name.lower()}").glob("*.landing")))


# -- what is found ---------------------------------------------------------------------------------------------------


def occasions(recorded, account):
    """Own posts that others can respond to."""
    return [
        tweet
        for tweet in recorded.posts(account)
        if "retweeted" not in [reference["type"] for reference in tweet.get("referenced_tweets", [])]
        and tweet.get("in_reply_to_user_id") in (None, account)
    ]


def within_reach(recorded, account):
    """All tweets that the account's timeline, its mentions and the quotes of its posts bring along."""
    quotes = [quote for tweet in occasions(recorded, account) for quote in recorded.quoting(tweet["id"])]
    first = {tweet["id"]: tweet for tweet in [*recorded.posts(account), *recorded.mentions(account), *quotes]}
    along = {post for tweet in first.values() for post in recorded.references(tweet) if post in recorded.tweets}
    return list((first | {post: recorded.tweets[post] for post in along}).values())


def responses(recorded, account, kind):
    """(actor, post) of each response of others to the account that refers to one of its posts."""
    found = set()
    for tweet in within_reach(recorded, account):
        for reference in tweet.get("referenced_tweets", []):
            author = recorded.tweets.get(reference["id"], {}).get("author_id")
            if reference["type"] == "replied_to":
                author = tweet.get("in_reply_to_user_id") or author
            if reference["type"] == kind and author == account != tweet["author_id"]:
                found.add((f"x:{tweet['author_id']}", f"x:{reference['id']}"))
    return found


def kind_of(tweet):
    kinds = [reference["type"] for reference in tweet.get("referenced_tweets", [])]
    names = {"retweeted": "repost", "replied_to": "reply", "quoted": "quote"}
    return next((names[kind] for kind in names if kind in kinds), "post")


@pytest.mark.parametrize("name", ["PhillyNEFL", "itsLIVEofficial", "borghi_claudio", "BleacherReport"])
def test_everything_that_was_recorded_is_found(tmp_path, recorded, serve, name):
    account = recorded.ids[name.lower()]
    server = serve(account)
    collect(tmp_path, name)
    me = f"x:{account}"

    follows = "SELECT follower_id FROM follows WHERE followee_id = '{}' ORDER BY position"
    assert [i for (i,) in rows(tmp_path, follows.format(me))] == [f"x:{u['id']}" for u in recorded.followers(account)]
    followed = {i for (i,) in rows(tmp_path, f"SELECT followee_id FROM follows WHERE follower_id = '{me}'")}
    assert followed >= {f"x:{user['id']}" for user in recorded.following(account)}

    posts = dict(rows(tmp_path, f"SELECT post_id, kind FROM posts WHERE author_id = '{me}'"))
    assert posts == {f"x:{tweet['id']}": kind_of(tweet) for tweet in recorded.posts(account)}

    to_me = rows(tmp_path, f"SELECT kind, actor_id, post_id FROM interactions WHERE target_id = '{me}'")
    found = {
        kind: {(actor, post) for k, actor, post in to_me if k == kind} for kind in ("like", "reply", "quote", "repost")
    }
    own = occasions(recorded, account)
    liked = {(f"x:{user['id']}", f"x:{post['id']}") for post in own for user in recorded.likers(post["id"])}
    reposted = {(f"x:{user['id']}", f"x:{post['id']}") for post in own for user in recorded.reposters(post["id"])}
    assert liked or reposted
    assert found["like"] == liked
    assert found["repost"] == reposted | responses(recorded, account, "retweeted")
    assert found["reply"] == responses(recorded, account, "replied_to")
    assert found["quote"] == responses(recorded, account, "quoted")
    assert not server.refused


def test_whoever_mentions_the_account_is_found_with_the_time(tmp_path, recorded, serve):
    account = recorded.ids["borghi_claudio"]
    serve(account)
    collect(tmp_path, "borghi_claudio")
    sql = "SELECT actor_id, created_at FROM interactions WHERE target_id = '{}' AND kind = 'mention'"
    found = Counter(rows(tmp_path, sql.format(f"x:{account}")))
    expected = Counter()
    for tweet in within_reach(recorded, account):
        named = account in recorded.mentioned(tweet) and kind_of(tweet) != "repost"
        if named and account != tweet.get("in_reply_to_user_id"):
            moment = datetime.fromisoformat(tweet["created_at"]).replace(tzinfo=None)
            expected[f"x:{tweet['author_id']}", moment] += 1
    assert expected
    assert found == expected


@pytest.mark.parametrize("counter", ["post_count", "tweet_count"])
def test_profiles_are_those_of_the_recorded_users(tmp_path, recorded, serve, counter):
    serve(counter=counter)
    collect(tmp_path)
    sql = """SELECT account_id, handle, display_name, created_at, followers_count, posts_count, protected FROM accounts
    WHERE account_id IN (SELECT follower_id FROM follows WHERE followee_id = 'x:{}')"""
    found = {row[0]: row[1:] for row in rows(tmp_path, sql.format(ACCOUNT))}
    assert len(found) == 440
    for user in recorded.followers(ACCOUNT):
        handle, _, created, followers, posts, protected = found[f"x:{user['id']}"]
        counts = user["public_metrics"]
        assert (handle, protected) == (user["username"], user["protected"])
        assert (followers, posts) == (counts["followers_count"], counts["tweet_count"])
        assert created == datetime.fromisoformat(user["created_at"]).replace(tzinfo=None)


def test_the_recorded_page_is_asked_for_whole_and_the_list_page_by_page(tmp_path, recorded, serve):
    server = serve(page=100)
    collect(tmp_path)
    with Landing(landing_of(tmp_path)) as landing:
        pages = [[item["id"] for item in page.json["data"]] for page in landing.pages("posts")]
        assert pages == [[tweet["id"] for tweet in recorded.posts(ACCOUNT)]]
        assert [len(page.json["data"]) for page in landing.pages("followers")] == [100] * 4 + [40]
        assert landing.is_complete("followers")
        assert landing.is_complete("following")
    sizes = {asked["max_results"] for template, _, asked in server.asked if template.endswith("/followers")}
    assert sizes == {"1000"}, "X may give less than it is asked for, which is no reason to ask for less"


def coverage_of(folder, account=ACCOUNT):
    """(state, reason, listed, claimed) of each list, by the report's rule for the latest."""
    with Store(folder) as store:
        found = read_list_coverage(store.connection, f"x:{account}", datetime.now(UTC).replace(tzinfo=None))
    return {name: (entry.state, entry.reason, entry.listed, entry.claimed) for name, entry in found.items()}


def test_the_report_says_what_the_list_leaves_out(tmp_path, serve):
    serve()
    collect(tmp_path)
    assert coverage_of(tmp_path) == {
        "followers": ("complete", "removed_or_private", 440, 443),
        "following": ("complete", None, 809, 809),
        "posts": ("complete", None, 100, None),
        # written years ago, and X's search reaches back seven days
        "replies": ("partial", "platform_maximum", 0, 3),
        "likes": ("complete", None, 25, 25),
        "reposts": ("complete", "removed_or_private", 0, 3),
        "quotes": ("complete", None, 0, 0),
    }
    assert rows(tmp_path, "SELECT topic, text FROM remarks ORDER BY ALL") == [
        ("responses", "X does not provide the time of likes and reposts."),
    ]
    report = headcount.open(tmp_path).report(f"x:{ACCOUNT}")
    assert (report.followers.state, report.followers.listed, report.followers.claimed) == ("complete", 440, 443)
    assert "counter shows 443: 3 of those are not shown by the platform" in report.followers.explanation


@pytest.mark.parametrize(
    ("name", "likes", "reposts"),
    [
        ("itsLIVEofficial", ("partial", "platform_maximum", 600, 19709), ("partial", "shorter_than_counter", 20, 9567)),
        ("borghi_claudio", ("partial", "platform_maximum", 300, 1867), ("unknown", "shorter_than_counter", 0, 206)),
    ],
)
def test_responses_that_x_does_not_show_are_not_taken_for_none(tmp_path, recorded, serve, name, likes, reposts):
    """X shows 100 accounts that liked a post; of the reposts, few were recorded."""
    account = recorded.ids[name.lower()]
    serve(account)
    collect(tmp_path, name)
    found = coverage_of(tmp_path, account)
    assert (found["likes"], found["reposts"]) == (likes, reposts)


def test_the_newest_followers_only(tmp_path, recorded, serve):
    server = serve(page=50)
    collect(tmp_path, limit=120)
    found = rows(tmp_path, f"SELECT follower_id FROM follows WHERE followee_id = 'x:{ACCOUNT}' ORDER BY position")
    assert [i for (i,) in found] == [f"x:{user['id']}" for user in recorded.followers(ACCOUNT)[:120]]
    asked = [given["max_results"] for template, _, given in server.asked if template.endswith("/followers")]
    assert asked == ["120", "70", "20"], "nothing is paid for that is of no use"


def test_answers_in_conversations_of_the_last_seven_days(tmp_path, recorded, serve):
    """The collection begins at the time of the recorded posts, so that they are recent."""
    account = recorded.ids["bleacherreport"]
    written = {post["id"]: datetime.fromisoformat(post["created_at"]) for post in recorded.posts(account)}
    begun = max(written.values()) + timedelta(hours=1)
    old = {post for post, moment in written.items() if moment < begun - timedelta(days=7)}
    path = landing_folder(tmp_path, "x:bleacherreport") / "20220101T000000000000Z.landing"
    with Landing(path, write=True) as landing:
        landing.set_meta("begun_at", begun.isoformat())
        landing.set_meta("options", Options(since=SINCE).text())
    server = serve(account)
    collect(tmp_path, "BleacherReport")
    searched = {asked["query"] for template, _, asked in server.asked if template.endswith("/recent")}
    answered = {t["id"] for t in occasions(recorded, account) if t["public_metrics"]["reply_count"]}
    assert searched == {f"conversation_id:{post}" for post in answered - old}
    expected = {f"x:{tweet['id']}" for post in answered - old for tweet in recorded.conversation(post)}
    found = {post for (post,) in rows(tmp_path, "SELECT post_id FROM posts")}
    assert expected
    assert expected <= found


# -- samples, and accounts that are not there ------------------------------------------------------------------------


def test_a_sample_is_drawn_from_the_whole_list_and_marked(tmp_path, recorded, serve):
    server = serve(page=100)
    collect(tmp_path, sample=60)
    looked_at = {name for template, name, _ in server.asked if template.endswith("/tweets") and name != ACCOUNT}
    listed = [user["id"] for user in recorded.followers(ACCOUNT)]
    assert len(looked_at) == 60
    assert looked_at <= set(listed)
    assert {listed.index(name) // 110 for name in looked_at} == {0, 1, 2, 3}, "from all of the list"
    sampled = rows(tmp_path, f"SELECT follower_id FROM follows WHERE followee_id = 'x:{ACCOUNT}' AND sampled")
    assert {i for (i,) in sampled} == {f"x:{name}" for name in looked_at}
    for name in looked_at:
        latest = {f"x:{tweet['id']}" for tweet in recorded.posts(name)[:5]}
        assert latest <= {post for (post,) in rows(tmp_path, f"SELECT post_id FROM posts WHERE author_id = 'x:{name}'")}


def test_errors_inside_an_answer_tell_who_is_gone(tmp_path, recorded, serve):
    names = [user["id"] for user in recorded.followers(ACCOUNT)]
    lost = dict(zip(names[:9], ["suspended", "deleted", "protected"] * 3, strict=True))
    serve(lost=lost)
    result = collect(tmp_path, sample=440)
    status = {i: (s, p) for i, s, p in rows(tmp_path, "SELECT account_id, status, protected FROM accounts")}
    for name, state in lost.items():
        found, protected = status[f"x:{name}"]
        assert (found == state) if state != "protected" else protected
    assert "3 of the sampled followers protect their posts" in " ".join(result.notes)
    whole = f"SELECT count(*) FROM follows WHERE followee_id = 'x:{ACCOUNT}' AND sampled"
    assert rows(tmp_path, whole) == [(440,)], "who was drawn and is gone was looked at"


@pytest.mark.parametrize(("state", "message"), [("suspended", "has suspended"), ("deleted", "has no account")])
def test_an_account_that_is_not_there(tmp_path, serve, state, message):
    serve(lost={ACCOUNT: state})
    with pytest.raises(AccountNotFound, match=message):
        collect(tmp_path)
    assert not (tmp_path / "landing").exists()


def test_an_account_that_was_suspended_since_is_recorded_so(tmp_path, serve):
    serve()
    collect(tmp_path)
    serve(lost={ACCOUNT: "suspended"})
    collect(tmp_path, since=SINCE + timedelta(days=1))
    me = f"x:{ACCOUNT}"
    assert rows(tmp_path, f"SELECT status, followers_count FROM accounts WHERE account_id = '{me}'") == [
        ("suspended", 443)
    ]
    assert rows(tmp_path, f"SELECT count(*) FROM follows WHERE followee_id = '{me}' AND gone_at IS NULL") == [(440,)]
    assert {entry[:2] for entry in coverage_of(tmp_path).values()} == {("refused", "account_suspended")}
    report = headcount.open(tmp_path).report(me)
    assert report.followers.listed == 440
    assert "the account is suspended" in report.followers.explanation
    assert any("list of posts is unknown: the account is suspended" in note for note in report.notes)


def test_a_protected_account_is_refused_and_not_empty(tmp_path, recorded, serve):
    server = serve()
    user = recorded.users[ACCOUNT]
    server.forbidden = {"/2/users/{id}/followers", "/2/users/{id}/following"}
    server.lost = {ACCOUNT: "protected"}
    protected = user | {"protected": True}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(recorded.users, ACCOUNT, protected)
        collect(tmp_path)
    found = coverage_of(tmp_path)
    assert {found[name][:2] for name in ("followers", "following", "posts", "likes")} == {
        ("refused", "account_protected")
    }
    report = headcount.open(tmp_path).report(f"x:{ACCOUNT}")
    assert report.followers.listed is None
    assert report.audience.headcount is None


# -- tokens ----------------------------------------------------------------------------------------------------------


def test_without_a_token_it_says_what_to_do(tmp_path, serve, monkeypatch):
    server = serve()
    monkeypatch.delenv("HEADCOUNT_X_TOKEN")
    with pytest.raises(AccessDenied, match="headcount login x"):
        collect(tmp_path)
    assert not server.asked


def test_a_token_that_is_not_taken(tmp_path, serve):
    serve(token="somebody-else's")
    with pytest.raises(AccessDenied, match=r"rejected the token \(HTTP 401: Unauthorized\)"):
        collect(tmp_path)


def test_a_token_that_ends_on_the_way(tmp_path, serve, login):
    server = serve()
    server.next_answers = []

    def end(step, done, _total):
        server.tokens = {"another": ACCOUNT}

    with pytest.raises(AccessDenied, match="401"):
        headcount.open(tmp_path).collect(f"x:{NAME}", Options(since=SINCE), show=end)
    asked = len(server.asked)
    login(server, "another")
    collect(tmp_path)
    assert len({repr(found) for found in server.asked}) == len(server.asked) - 1, "only the refused one was repeated"
    assert len(server.asked) > asked


def test_the_token_is_nowhere(tmp_path, serve):
    server = serve()
    said = []
    collect(tmp_path, said=said)
    assert all(USER_TOKEN not in repr(asked) for asked in server.asked)
    assert USER_TOKEN not in " ".join(said)
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or USER_TOKEN.encode() not in path.read_bytes(), path
    with Landing(landing_of(tmp_path)) as landing:
        for page in landing.pages():
            assert USER_TOKEN not in page.url + repr(page.headers)
            assert USER_TOKEN.encode() not in page.body


def test_a_token_of_an_application(tmp_path, serve):
    server = serve(token=APP_TOKEN)
    result = collect(tmp_path)
    assert {status for status, _, _ in server.refused} == {403}
    assert not [asked for asked in server.asked if asked[0].endswith("/liking_users")]
    assert "Likes are visible with a user token only, not with an app-only token." in result.notes
    assert coverage_of(tmp_path)["likes"] == ("refused", "login_required", 0, 25)
    report = headcount.open(tmp_path).report(f"x:{ACCOUNT}")
    sentences = [part.sentence for part in report.lists if part.list == "likes"]
    assert sentences[0].startswith("The list of likes is unknown (the counter shows 25): the server shows it only with")


# -- money -----------------------------------------------------------------------------------------------------------


def spent(said):
    return float(next(text for text in said if text.startswith("By X's price list")).partition("$")[2].rstrip("."))


@pytest.mark.parametrize(("token", "posts", "followers"), [(USER_TOKEN, OWNED, OWNED), (APP_TOKEN, POST, USER)])
def test_what_it_costs_is_what_x_would_charge(tmp_path, serve, token, posts, followers):
    server, said = serve(token=token), []
    collect(tmp_path, said=said, sample=20)
    assert spent(said) == pytest.approx(server.bill, abs=0.005)
    owned = token == USER_TOKEN
    assert CALLS["posts"].price(owned=owned) == posts
    assert CALLS["followers"].price(owned=owned) == followers


def test_the_quote_names_dollars_part_by_part(tmp_path, serve):
    quotes = []
    for token in (USER_TOKEN, APP_TOKEN):
        serve(token=token)
        options = Options(since=SINCE, sample=100)
        headcount.open(tmp_path).collect(f"x:{NAME}", options, agree=lambda quote: quotes.append(quote))
    own, others = (dict(part for part in quote.parts) for quote in quotes)
    assert "followers, about $0.44" in own
    assert "followers, about $4.43" in others
    assert own["followers, about $0.44"] == 1
    assert "latest, about $5.00" in own
    assert own["latest, about $5.00"] == 100
    assert quotes[0].dollars == pytest.approx(sum(float(what.partition("$")[2]) for what in own), abs=0.05)
    assert not [what for what in others if what.startswith("likes")], "an application is not shown who liked"
    assert quotes[0].is_long
    assert "for tokens of your own application" in quotes[0].advice
    assert not (tmp_path / "landing").exists(), "a quote leaves nothing"


def test_prices_are_those_of_the_price_list():
    assert {"post": POST, "user": USER, "owned": OWNED} == DOLLARS


@pytest.mark.sampled(1)
@pytest.mark.parametrize("token", [USER_TOKEN, APP_TOKEN])
def test_never_above_the_budget_and_on_from_there_with_a_higher_one(tmp_path, serve, token):
    whole = tmp_path / "whole"
    serve(token=token)
    collect(whole)
    server, folder = serve(token=token), tmp_path / "bit by bit"
    finished = []
    for budget in (0.02, 0.1, 0.3, 0.75, 1.0, 1.5, 2.0, 20.0):
        said = []
        collect(folder, max_cost=budget, said=said)
        assert server.bill <= budget + 1e-9
        with Landing(landing_of(folder)) as landing:
            finished.append(landing.finished)
        assert any("Going on could cost more" in text for text in said) is not finished[-1]
    assert finished == [False] * 7 + [True]
    assert tables(folder)["interactions"] == tables(whole)["interactions"]
    assert tables(folder)["follows"] == tables(whole)["follows"]
    assert tables(folder)["posts"] == tables(whole)["posts"]
    assert_nothing_is_paid_for_twice(server)


def assert_nothing_is_paid_for_twice(server):
    """No page of a list was asked for again, not even in another size."""
    pages = Counter(
        (template, name, given.get("query"), given.get("pagination_token"), len(given))
        for template, name, given in server.asked
        if template != "/2/users/me"  # refused to an application, and refusals are not kept
    )
    assert not [page for page, number in pages.items() if number > 1]


def test_what_was_paid_for_with_a_high_budget_is_not_paid_for_again_with_a_low_one(tmp_path, serve):
    server, left = serve(page=100), [8]

    class Stopping(Client):
        def get(self, *how, **more):
            if not left[0]:
                raise Stopped
            left[0] -= 1
            return super().get(*how, **more)

    with pytest.raises(Stopped):
        collect(tmp_path, max_cost=50.0, client=Stopping)
    assert len(server.asked) == 8
    low = server.bill + 0.5
    collect(tmp_path, max_cost=low)
    assert server.bill <= low
    collect(tmp_path, max_cost=50.0)
    with Landing(landing_of(tmp_path)) as landing:
        assert landing.finished
    assert_nothing_is_paid_for_twice(server)


def test_a_budget_that_does_not_even_pay_for_the_profile(tmp_path, serve):
    server = serve()
    with pytest.raises(BudgetReached):
        collect(tmp_path, max_cost=0.001)
    assert server.bill == 0


def test_what_the_budget_allowed_is_imported_and_called_partial(tmp_path, serve):
    serve(token=APP_TOKEN)
    result = collect(tmp_path, max_cost=3.5)
    listed = rows(tmp_path, f"SELECT count(*) FROM follows WHERE followee_id = 'x:{ACCOUNT}'")[0][0]
    assert 0 < listed < 440
    assert any("they are incomplete" in note for note in result.notes)
    found = coverage_of(tmp_path)
    assert found["followers"] == ("partial", "cost_limit", listed, 443)
    assert found["posts"] == ("complete", None, 100, None), "it was read before"
    assert found["following"] == ("unknown", "not_collected", None, None)
    assert found["likes"] == ("unknown", "not_collected", 0, 25)
    assert found["replies"] == ("unknown", "cost_limit", 0, 3), "among the mentions is none; the search was not begun"
    report = headcount.open(tmp_path).report(f"x:{ACCOUNT}")
    assert report.followers.partial
    assert "the spending limit was reached" in report.followers.explanation
    result = collect(tmp_path, max_cost=50.0)
    assert not any("they are incomplete" in note for note in result.notes), "it is whole now"
    assert coverage_of(tmp_path)["followers"] == ("complete", "removed_or_private", 440, 443)


def test_a_budget_that_ends_within_the_posts(tmp_path, serve):
    serve(token=APP_TOKEN)
    collect(tmp_path, max_cost=1.0)
    found = coverage_of(tmp_path)
    read = rows(tmp_path, f"SELECT count(*) FROM posts WHERE author_id = 'x:{ACCOUNT}'")[0][0]
    assert 0 < read < 100
    assert found["posts"] == ("partial", "cost_limit", read, None)
    assert found["followers"] == ("unknown", "not_collected", None, None)
    assert found["likes"][:3] == ("unknown", "not_collected", 0)


def test_a_list_that_was_not_begun_leaves_what_an_earlier_collection_found(tmp_path, serve):
    serve()
    collect(tmp_path)
    collect(tmp_path, max_cost=0.2, since=SINCE + timedelta(days=1))
    assert len(rows(tmp_path, "SELECT * FROM snapshots")) == 2
    assert coverage_of(tmp_path)["followers"] == ("complete", "removed_or_private", 440, 443)


# -- stops and faults ------------------------------------------------------------------------------------------------


class Stopped(BaseException):
    """As sudden as a kill, but the test goes on."""


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 4))])
def test_after_a_stop_at_any_moment_it_goes_on_and_the_tables_are_equal(tmp_path, serve, seed):
    chance = random.Random(seed)
    uninterrupted = serve(page=100)
    collect(tmp_path / "whole", sample=30)
    server = serve(page=100)

    class Stopping(Client):
        def get(self, *how, **more):
            answer = super().get(*how, **more)
            if chance.random() < 0.08:
                raise Stopped
            return answer

    stops = 0
    while True:
        try:
            collect(tmp_path / "stopped", sample=30, client=Stopping)
        except Stopped:
            stops += 1
        else:
            break
    assert stops
    assert tables(tmp_path / "stopped") == tables(tmp_path / "whole")
    assert len(server.asked) <= len(uninterrupted.asked) + stops


def test_a_limit_that_is_used_up_is_waited_for(tmp_path, recorded, serve, monkeypatch):
    account = recorded.ids["itsliveofficial"]
    server = serve(account, page=20, limited=True)
    monkeypatch.setitem(LIMITS, "/2/users/{id}/followers", 25)
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        server.counts.clear()

    collect(tmp_path, "itsLIVEofficial", client=lambda **how: Client(**how, sleep=sleep))
    assert len(waits) == 2, "59 pages at 25 in 15 minutes"
    assert all(880 <= seconds <= 901 for seconds in waits)
    assert not server.refused, "the limit was kept, not run into"


def test_too_many_requests_are_waited_out_until_the_moment_that_x_names(tmp_path, serve):
    server = serve()
    collect(tmp_path / "before")
    moment = int(time.time()) + 2
    headers = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(moment)}
    server.next_answers = [Refused(429, problem(429, "Too Many Requests", "Too Many Requests").content, headers)]
    collect(tmp_path / "after")
    assert time.time() >= moment
    assert tables(tmp_path / "after") == tables(tmp_path / "before")


def test_nothing_left_to_pay_with(tmp_path, serve):
    server = serve()
    broke = problem(402, "CreditsDepleted", "Your enrolled account does not have any credits to fulfill this request.")

    def spend(step, _done, _total):
        if step == "followers" and not server.refused:
            server.next_answers = [broke]

    with pytest.raises(AccessDenied, match="requires payment for this request"):
        headcount.open(tmp_path).collect(f"x:{NAME}", Options(since=SINCE), show=spend)
    asked = len(server.asked)
    collect(tmp_path)
    assert len({repr(found) for found in server.asked}) == len(server.asked) - 1
    assert len(server.asked) > asked


def test_what_the_plan_does_not_include_is_left_out_and_said_once(tmp_path, serve):
    server = serve()
    server.forbidden = {"/2/tweets/{id}/liking_users", "/2/users/{id}/following"}
    result = collect(tmp_path)
    assert len([asked for asked in server.asked if asked[0].endswith("/liking_users")]) == 1
    assert "The list of likes was not shown (HTTP 403: Your plan does not include this endpoint)." in result.notes
    assert "The list of following was not shown (HTTP 403: Your plan does not include this endpoint)." in result.notes
    found = coverage_of(tmp_path)
    assert found["likes"] == ("refused", "login_required", 0, 25)
    assert found["following"] == ("refused", "login_required", 0, 809)


def test_one_post_that_is_not_answered_does_not_end_the_run(tmp_path, serve):
    server = serve()
    failure = problem(503, "Service Unavailable", "Over capacity")

    def fail(step, done, _total):
        if step == "responses to single posts" and done == 1:
            server.next_answers = [failure] * QUICK.tries

    result = headcount.open(tmp_path).collect(f"x:{NAME}", Options(since=SINCE), show=fail, client=quick)
    assert any(note.startswith("Skipped because ") for note in result.notes)


LISTS = {
    "posts": "/2/users/{id}/tweets",
    "mentions": "/2/users/{id}/mentions",
    "followers": "/2/users/{id}/followers",
    "following": "/2/users/{id}/following",
    "likes": "/2/tweets/{id}/liking_users",
    "reposts": "/2/tweets/{id}/retweeted_by",
}


def replaced(server, template, make):
    """The server returns something else for one endpoint: what `make` makes of what it would have returned."""
    original = server._content

    def content(asked, name, given, owner):
        found = original(asked, name, {key: value for key, value in given.items() if key != "pagination_token"}, owner)
        return make(found, given) if asked == template else original(asked, name, given, owner)

    server._content = content


@pytest.mark.sampled(3)
# every list once, and every status: they are told apart in the client, before it is known which list is read
@pytest.mark.parametrize(("name", "status"), [*zip(LISTS, itertools.cycle((500, 503)), strict=False)])
def test_a_list_that_always_fails_is_a_fact_and_the_rest_is_collected(tmp_path, serve, name, status):
    def fail(_content, _given):
        raise problem(status, "Service Unavailable", "Over capacity")

    server = serve()
    collect(tmp_path / "whole")
    expected = coverage_of(tmp_path / "whole")
    server = serve()
    replaced(server, LISTS[name], fail)
    said = []
    result = collect(tmp_path / "ws", client=quick, said=said)
    found = coverage_of(tmp_path / "ws")
    failed = "replies" if name == "mentions" else name
    assert found[failed][:3] == ("refused", "server_error", 0)
    related = {"replies", "likes", "reposts", "quotes"} if name == "posts" else {failed}
    assert {key: value for key, value in found.items() if key not in {failed, *related}} == {
        key: value for key, value in expected.items() if key not in {failed, *related}
    }
    assert any(note.startswith("Skipped because") and f"HTTP {status}" in note for note in result.notes)
    report = headcount.open(tmp_path / "ws").report(f"x:{ACCOUNT}")
    (part,) = [part for part in report.lists if part.list == failed]
    assert f"HTTP {status}" in part.sentence
    assert len([1 for asked in server.asked if asked[0] == LISTS[name]]) <= 3 * QUICK.tries
    server._content = type(server)._content.__get__(server)
    collect(tmp_path / "ws")
    assert coverage_of(tmp_path / "ws") == expected


def test_a_server_that_is_down_ends_it_and_the_same_command_resumes(tmp_path, serve):
    server = serve()
    failure = problem(503, "Service Unavailable", "Over capacity")

    def fail(step, done, _total):
        if step == "responses to single posts" and done == 1:
            server.next_answers = [failure] * 10_000

    with pytest.raises(PlatformUnavailable, match="HTTP 503"):
        headcount.open(tmp_path).collect(f"x:{NAME}", Options(since=SINCE), show=fail, client=quick)
    server.next_answers.clear()
    first = list(server.asked)
    collect(tmp_path)
    assert coverage_of(tmp_path)["likes"] == ("complete", None, 25, 25)
    again = [asked for asked in server.asked[len(first) :] if asked in first]
    assert [template for template, _, _ in again] == [LISTS["likes"]], "only what was not answered is requested again"


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", LISTS)
def test_a_list_without_an_end_is_ended_beyond_its_counter(tmp_path, serve, name, monkeypatch):
    monkeypatch.setattr("headcount.sources.collect.list_bounds.MAX_EXCESS", 2_000)
    made = 0

    def endless(content, _given):
        nonlocal made
        rows = [dict(content["data"][number % len(content["data"])]) for number in range(500)]
        for row in rows:
            made += 1
            row["id"] = str(10**18 + made)
            row["public_metrics"] = dict.fromkeys(row.get("public_metrics", ()), 0)
        return content | {"data": rows, "meta": {"next_token": server._token(name, made)}}

    def filled(content, given):
        user = {"id": "1", "username": "u", "name": "u", "public_metrics": {"followers_count": 0}}
        return endless(content if content.get("data") else {"data": [user]}, given)

    server = serve()
    replaced(server, LISTS[name], filled)
    result = collect(tmp_path)
    state, reason, listed, _ = coverage_of(tmp_path)["replies" if name == "mentions" else name]
    assert state == "partial" if name != "mentions" else state in ("partial", "unknown")
    assert reason in ("longer_than_counter", "platform_maximum")
    assert reason == "longer_than_counter" or name in ("posts", "mentions", "likes")
    assert listed > 2_000 or name == "mentions"
    assert any(f"The list of {name} was stopped after" in note for note in result.notes)


def test_an_endpoint_has_its_documented_limit():
    collector = XCollector()
    templates = {call.path.replace("username/{id}", "username/{username}"): call for call in CALLS.values()}
    assert set(templates) == set(ENDPOINTS)
    for template, call in templates.items():
        limit = collector.limit(call.bucket)
        assert (limit.requests, limit.seconds) == (LIMITS[template], 900)
