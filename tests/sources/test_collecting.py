"""What all collectors have in common: lists in pages, samples, money, the pages that are asked for once."""

from __future__ import annotations

import json
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import httpx2
import numpy as np
import pytest

from headcount.errors import BudgetReached, PlatformUnavailable, UsageError
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.collecting import _check
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.listing import MAX_EMPTY, Listing
from headcount.sources.collect.options import Options
from headcount.sources.collect.pace import Limit
from headcount.sources.collect.sampling import uniform_sample
from headcount.sources.handles import Target

QUICK = RetryPolicy(tries=4, first=0.001, longest=0.002, blind=0.001, timeout=1)


@contextmanager
def collection(tmp_path, answer, **options):
    """A collection whose platform is a function from a request to an answer."""
    client = Client(transport=httpx2.MockTransport(answer), retry_policy=QUICK)
    with Landing(tmp_path / "x.landing", write=True) as landing, client:
        yield Collection(landing, client, Options(**options))


def listed(pages, *, status=200):
    """An endpoint of a list: {cursor: (items, next cursor)}."""
    asked = []

    def answer(request):
        cursor = parse_qs(urlsplit(str(request.url)).query).get("cursor", [None])[0]
        asked.append(cursor)
        items, following = pages[cursor]
        return httpx2.Response(status, json={"items": items, "cursor": following})

    return answer, asked


def listing(under_way, **how):
    def ask(cursor):
        return under_way.get("list", "http://h/list", [("cursor", cursor)] if cursor else [])

    return Listing(
        under_way, "The list", ask, lambda page: page.json.get("cursor"), lambda page: len(page.json["items"]), **how
    )


def items(pages):
    return [item for page in pages for item in page.json["items"]]


def test_an_empty_page_with_a_cursor_is_not_the_end(tmp_path):
    answer, _ = listed({None: ([1], "a"), "a": ([], "b"), "b": ([], "c"), "c": ([2], None)})
    with collection(tmp_path, answer) as under_way:
        pages = listing(under_way)
        assert items(pages) == [1, 2]
        assert pages.whole


def test_a_list_that_runs_in_a_circle_ends_and_is_called_partial(tmp_path):
    answer, asked = listed({None: ([1], "a"), "a": ([2], "b"), "b": ([3], "a")})
    with collection(tmp_path, answer) as under_way:
        pages = listing(under_way)
        assert items(pages) == [1, 2, 3]
        assert not pages.whole
        assert "returned a repeated cursor" in under_way.landing.notes()[0]
    assert asked == [None, "a", "b", "b"], "the page that points back is asked for once more"


def test_a_page_that_points_back_once_is_a_fault_that_passes(tmp_path):
    answers = iter([([1], "a"), ([2], "a"), ([2], "b"), ([3], None)])

    def answer(request):
        found, following = next(answers)
        return httpx2.Response(200, json={"items": found, "cursor": following})

    with collection(tmp_path, answer) as under_way:
        pages = listing(under_way)
        assert items(pages) == [1, 2, 3]
        assert pages.whole
        assert under_way.landing.notes() == []
    with collection(tmp_path, answer) as under_way:
        assert items(listing(under_way)) == [1, 2, 3], "the good page is the one that is kept"


def test_a_list_of_nothing_but_empty_pages_ends(tmp_path):
    def answer(request):
        number = int(parse_qs(urlsplit(str(request.url)).query).get("cursor", ["0"])[0])
        return httpx2.Response(200, json={"items": [], "cursor": str(number + 1)})

    with collection(tmp_path, answer) as under_way:
        pages = listing(under_way)
        assert len(list(pages)) == MAX_EMPTY
        assert not pages.whole
        assert "empty pages" in under_way.landing.notes()[0]


FULL, HALF = list(range(80)), list(range(40))


@pytest.mark.parametrize(
    ("pages", "claimed", "expected"),
    [
        ([FULL], 200, ("partial", "no_next_page")),
        ([FULL], 83, ("partial", "no_next_page")),
        ([FULL], 81, ("complete", "removed_or_private")),  # one that is gone explains it
        ([FULL], 80, ("complete", None)),
        ([FULL], None, ("partial", "no_next_page")),  # nothing tells that it ended there
        ([FULL, FULL], 200, ("partial", "no_next_page")),
        ([FULL, FULL], None, ("complete", None)),  # paging worked, and has come to its end
        ([FULL, HALF], 121, ("complete", "removed_or_private")),
        ([FULL, HALF], 200, ("complete", "removed_or_private")),  # the last page was not full
        ([FULL, HALF], 300, ("partial", "shorter_than_counter")),
        ([HALF], 200, ("partial", "shorter_than_counter")),
        ([[1, 2]], 5, ("complete", "removed_or_private")),
        ([[]], 5, ("hidden", "hidden_by_account")),
        ([[]], 0, ("complete", None)),
        ([[]], None, ("unknown", None)),
        ([HALF], 30, ("complete", None)),
    ],
)
def test_where_a_list_that_came_to_its_end_is_complete(tmp_path, pages, claimed, expected):
    given = {
        str(number) if number else None: (page, str(number + 1) if number + 1 < len(pages) else None)
        for number, page in enumerate(pages)
    }
    answer, _ = listed(given)
    with collection(tmp_path, answer) as under_way:
        one = listing(under_way, size=80)
        found = len(items(one))
        coverage = one.coverage("followers", "x:a", listed=found, claimed=claimed)
    assert (coverage.state, coverage.reason) == expected


def test_a_server_with_smaller_pages_than_were_asked_for(tmp_path):
    """Where the size is the server's, a page of a usual size without a next one may be cut."""
    for name, (count, expected) in enumerate([(40, ("partial", "no_next_page")), (41, ("complete", None))]):
        answer, _ = listed({None: (list(range(count)), None)})
        folder = tmp_path / str(name)
        folder.mkdir()
        with collection(folder, answer) as under_way:
            one = listing(under_way)
            coverage = one.coverage("followers", "x:a", listed=len(items(one)), claimed=50)
        reason = expected[1] or "removed_or_private"
        assert (coverage.state, coverage.reason) == (expected[0], reason)


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [(401, "refused", "login_required"), (403, "refused", "login_required"), (404, "refused", "not_supported")],
)
def test_a_list_that_is_refused_at_once_and_one_that_breaks_off(tmp_path, status, state, reason):
    answer, _ = listed({None: ([1], "a")}, status=status)
    with collection(tmp_path, answer) as under_way:
        one = listing(under_way)
        assert items(one) == []
        coverage = one.coverage("followers", "x:a", listed=0, claimed=9)
        assert (coverage.state, coverage.reason) == (state, reason)
        coverage = one.coverage("followers", "x:a", listed=1, claimed=9)
        assert (coverage.state, coverage.reason) == ("partial", "broke_off")


def test_a_list_that_the_budget_ends(tmp_path):
    answer, _ = listed({None: ([1], "a"), "a": ([2], None)})
    with collection(tmp_path, answer, max_cost=1.0) as under_way:
        one = listing(under_way)
        under_way.get("list", "http://h/list")
        one._ask = lambda cursor: under_way.get("list", "http://h/list", [("cursor", cursor)] * bool(cursor), price=2.0)
        found = []
        with pytest.raises(BudgetReached):
            found += items(one)
        coverage = one.coverage("followers", "x:a", listed=1, claimed=9)
        assert (coverage.state, coverage.reason) == ("partial", "cost_limit")
        coverage = one.coverage("followers", "x:a", listed=0, claimed=9)
        assert (coverage.state, coverage.reason) == ("unknown", "cost_limit")


def test_a_second_run_asks_only_for_what_is_missing(tmp_path):
    answer, asked = listed({None: ([1], "a"), "a": ([2], "b"), "b": ([3], None)})
    with collection(tmp_path, answer) as under_way:
        next(iter(listing(under_way)))
    with collection(tmp_path, answer) as under_way:
        assert items(listing(under_way)) == [1, 2, 3]
    assert asked == [None, "a", "b"]


def test_a_refusal_that_a_login_may_change_is_not_kept(tmp_path):
    statuses = iter([401, 200])
    with collection(tmp_path, lambda request: httpx2.Response(next(statuses), json={})) as under_way:
        assert under_way.get("s", "http://h/x").status == 401
        assert under_way.get("s", "http://h/x").status == 200


class Session:
    """A login whose first token has expired."""

    def __init__(self):
        self.token, self.renewed = "old", 0

    def headers(self, url):
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self):
        self.token, self.renewed = "new", self.renewed + 1
        return True


@pytest.mark.parametrize("refusal", [(401, {}), (400, {"error": "ExpiredToken"})])
def test_an_expired_session_is_renewed_once(tmp_path, refusal):
    def answer(request):
        good = request.headers["Authorization"] == "Bearer new"
        return httpx2.Response(200, json={"fine": True}) if good else httpx2.Response(refusal[0], json=refusal[1])

    with collection(tmp_path, answer) as under_way:
        under_way.login = Session()
        assert under_way.get("s", "http://h/x").json == {"fine": True}
        assert under_way.login.renewed == 1


def test_pages_that_are_not_answered_are_left_out_and_a_server_that_is_down_ends_it(tmp_path):
    asked, is_down = Counter(), False

    def answer(request):
        asked[request.url.path] += 1
        bad = is_down or "bad" in request.url.path
        return httpx2.Response(500 if bad else 200, json={})

    with collection(tmp_path, answer) as under_way:
        assert under_way.try_get("s", "http://h/bad1") is None
        assert under_way.try_get("s", "http://h/bad2") is None
        assert under_way.try_get("s", "http://h/good") is not None
        for number in range(3, 7):
            assert under_way.try_get("s", f"http://h/bad{number}") is None
        assert asked["/good"] == 2, "after three in a row, whether the server is down is found out"
        assert asked["/bad5"] == 4
        assert asked["/bad6"] == 0, "the server returns other pages but none of this step: no more are requested"
        assert under_way.landing.notes() == [], "a run that is stopped asks for them again"
        under_way.tell_left_out()
        (note,) = under_way.landing.notes()
        assert "6 pages of s" in note
        is_down = True
        assert under_way.try_get("t", "http://h/1") is None
        assert under_way.try_get("t", "http://h/2") is None
        with pytest.raises(PlatformUnavailable, match="after 4 attempts"):
            under_way.try_get("t", "http://h/3")


FAULTS = {
    "HTTP 500": lambda: httpx2.Response(500),
    "HTTP 503": lambda: httpx2.Response(503, json={"error": "over capacity"}),
    "HTTP 504": lambda: httpx2.Response(504),
    "the response is text/html, not application/json": lambda: httpx2.Response(200, html="<p>sorry</p>"),
    "the response is truncated or invalid JSON": lambda: httpx2.Response(
        200, content=b'{"items": [1', headers={"content-type": "application/json"}
    ),
    "no response in time": httpx2.ReadTimeout("late"),
    "it redirects to other.example (HTTP 308)": lambda: httpx2.Response(
        308, headers={"location": "https://other.example/list"}
    ),
}


@pytest.mark.parametrize("words", FAULTS)
@pytest.mark.parametrize("good_pages", [0, 2])
def test_a_list_that_always_fails_ends_itself_and_nothing_else(tmp_path, words, good_pages):
    """At once or after some pages, whatever the fault is; it is not asked for again in the run, but in the next."""
    fault, mended, asked = FAULTS[words], False, Counter()

    def answer(request):
        asked[str(request.url)] += 1
        if request.url.path == "/profile":
            return httpx2.Response(200, json={})
        number = int(request.url.params.get("cursor", "0"))
        if number == good_pages and not mended:
            if isinstance(fault, Exception):
                raise fault
            return fault()
        return httpx2.Response(200, json={"items": [number], "cursor": str(number + 1) if number < 4 else None})

    with collection(tmp_path, answer) as under_way:
        under_way.get("profile", "http://h/profile")
        one = listing(under_way)
        assert items(one) == list(range(good_pages))
        assert one.failed
        found = one.coverage("followers", "x:a", listed=good_pages, claimed=5, detail=one.refused.failure)
        reason = "other_address" if "308" in words else "server_error"
        expected = ("partial", "broke_off") if good_pages else ("refused", reason)
        assert (found.state, found.reason, found.detail) == (*expected, words)
        requests = asked.total()
        assert items(listing(under_way)) == list(range(good_pages))
        assert asked.total() == requests, "in the same run it stays as it is"
        under_way.tell_left_out()
        assert (
            f"the list of list or its rest ({words}); the next run requests it again." in under_way.landing.notes()[0]
        )
    mended = True
    with collection(tmp_path, answer) as under_way:
        assert items(listing(under_way)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("good_pages", [0, 1, 2])
def test_a_server_that_is_down_is_no_list_that_fails(tmp_path, good_pages):
    """Nothing answers any more, also not what answered before: that is an error, at the first list."""
    left = good_pages + 1

    def answer(request):
        nonlocal left
        left -= 1
        number = int(request.url.params.get("cursor", "0"))
        return httpx2.Response(200 if left >= 0 else 503, json={"items": [number], "cursor": str(number + 1)})

    with collection(tmp_path, answer) as under_way:
        under_way.get("profile", "http://h/profile")
        with pytest.raises(PlatformUnavailable, match="HTTP 503"):
            items(listing(under_way))
        assert under_way.landing.count() == good_pages + 1
        assert not under_way.unread


def test_a_server_that_shows_the_account_and_no_list_at_all_is_down(tmp_path):
    def answer(request):
        return httpx2.Response(200 if request.url.path == "/profile" else 500, json={})

    def ask(number):
        return Listing(
            under_way,
            "A list",
            lambda _: under_way.get(f"s{number}", f"http://h/{number}"),
            lambda _: None,
            lambda _: 0,
        )

    with collection(tmp_path, answer) as under_way:
        under_way.failures.is_preparing = True
        under_way.get("profile", "http://h/profile")
        under_way.failures.is_preparing = False
        assert items(ask(1)) == items(ask(2)) == []
        with pytest.raises(PlatformUnavailable, match="HTTP 500"):
            items(ask(3))


def test_of_many_lists_of_one_kind_that_fail_only_the_first_are_requested(tmp_path):
    """The likes of a hundred posts: each failure takes minutes of repeated attempts."""
    asked = Counter()

    def answer(request):
        asked[request.url.path.partition("-")[0]] += 1
        return httpx2.Response(500 if "likes" in request.url.path else 200, json={})

    with collection(tmp_path, answer) as under_way:
        for number in range(100):
            under_way.get("posts", f"http://h/post-{number}")
            pages = Listing(
                under_way,
                "The list of likes",
                lambda _, number=number: under_way.get("likes", f"http://h/likes-{number}"),
                lambda _: None,
                lambda _: 0,
            )
            assert items(pages) == []
            assert pages.coverage("likes", "x:a", listed=0, claimed=9).reason == "server_error"
        under_way.tell_left_out()
        assert "100 lists of likes (HTTP 500)" in under_way.landing.notes()[0]
    assert asked["/likes"] == 3 * QUICK.tries


def test_a_limit_that_does_not_end_is_no_list_that_fails(tmp_path):
    answer = lambda request: httpx2.Response(429 if request.url.path == "/list" else 200, json={})  # noqa: E731
    with collection(tmp_path, answer) as under_way:
        under_way.get("profile", "http://h/profile")
        with pytest.raises(PlatformUnavailable, match="429"):
            items(listing(under_way))


# -- lists without an end --------------------------------------------------------------------------------------------


def endless(size):
    """A list of pages of new items under new cursors, for ever."""

    def answer(request):
        start = int(request.url.params.get("cursor", "0"))
        return httpx2.Response(200, json={"items": list(range(start, start + size)), "cursor": str(start + size)})

    return answer


@pytest.mark.parametrize(
    ("claimed", "most"), [(0, 5_000), (100, 5_100), (20_000, 25_000), (100_000, 125_000), (None, 1_000_000)]
)
def test_a_list_ends_at_its_counter_and_a_margin(tmp_path, claimed, most):
    size = 20_000 if claimed is None else 1_000
    with collection(tmp_path, endless(size)) as under_way:
        one = listing(under_way, claimed=claimed)
        found = sum(len(page.json["items"]) for page in one)
        assert most < found <= most + size
        coverage = one.coverage("followers", "x:a", listed=found, claimed=claimed)
        reason = "maximum_length" if claimed is None else "longer_than_counter"
        assert (coverage.state, coverage.reason, one.whole) == ("partial", reason, False)
        (note,) = under_way.landing.notes()
        assert f"was stopped after {found:,} entries" in note


def test_a_list_that_is_a_little_longer_than_its_counter_is_read_to_its_end(tmp_path):
    given = {str(n) if n else None: ([*range(1_000)], str(n + 1) if n < 4 else None) for n in range(5)}
    answer, _ = listed(given)
    with collection(tmp_path, answer) as under_way:
        one = listing(under_way, claimed=1)
        assert len(items(one)) == 5_000
        assert one.whole
        assert one.coverage("followers", "x:a", listed=5_000, claimed=1).state == "complete"


def test_items_that_the_counter_leaves_out_do_not_end_a_list_early(tmp_path):
    """Reposts in a list of posts: only own posts are counted, but all items count against the fixed maximum."""
    with collection(tmp_path, endless(50_000)) as under_way:
        one = listing(under_way, claimed=10, counted=lambda page: 1)
        assert len(items(one)) == 1_050_000
        assert one.coverage("posts", "x:a", listed=30, claimed=10).reason == "maximum_length"


def test_nothing_is_bought_beyond_the_budget(tmp_path):
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx2.Response(200, json={})

    with collection(tmp_path, answer, max_cost=1.0) as under_way:
        under_way.get("s", "http://h/1", price=0.6)
        under_way.spent += 0.6
        with pytest.raises(BudgetReached, match=r"\$1.00"):
            under_way.get("s", "http://h/2", price=0.6)
        under_way.get("s", "http://h/1", price=0.6)
    assert asked == ["http://h/1"], "a page that is kept costs nothing"


def test_a_documented_limit_is_kept():
    waits = []
    client = Client(
        transport=httpx2.MockTransport(lambda request: httpx2.Response(200, json={})),
        limits=lambda bucket: Limit(3, 60.0) if bucket == "b" else None,
        sleep=waits.append,
    )
    for _ in range(4):
        client.get("http://h/x", bucket="b")
    assert len(waits) == 1
    assert 59 < waits[0] <= 60
    for _ in range(9):
        client.get("http://h/x", bucket="other")
    assert len(waits) == 1


def test_a_limit_that_is_used_up_is_waited_for_before_the_next_request():
    waits, said = [], []
    client = Client(
        transport=httpx2.MockTransport(
            lambda request: httpx2.Response(
                200, json={}, headers={"ratelimit-remaining": "0", "ratelimit-reset": "120"}
            )
        ),
        sleep=waits.append,
        say=said.append,
    )
    client.get("http://h/x")
    assert waits == []
    client.get("http://h/x")
    assert 119 < waits[0] <= 120
    assert "waiting 2 min" in said[0]
    assert client.usage.seconds_limits == pytest.approx(waits[0])


def test_a_sample_is_uniform_over_the_whole_list():
    people, size, draws = [f"p{number}" for number in range(400)], 40, 600
    drawn = Counter(name for salt in range(draws) for name in uniform_sample(people, size, str(salt)))
    expected = draws * size / len(people)
    counts = np.array([drawn[name] for name in people])
    # each count is binomial(600, .1); the sum of squared deviations is near chi-square with 399 degrees of freedom
    statistic = float(((counts - expected) ** 2 / (expected * 0.9)).sum())
    assert 399 - 4 * (2 * 399) ** 0.5 < statistic < 399 + 4 * (2 * 399) ** 0.5
    newest, oldest = counts[:40].mean(), counts[-40:].mean()
    assert abs(newest - oldest) < 4 * (2 * expected * 0.9 / 40) ** 0.5, "the newest are not preferred"


def test_a_sample_is_drawn_again_after_a_stop():
    people = [f"p{number}" for number in range(1000)]
    assert uniform_sample(people, 50, "a") == uniform_sample(iter(people[::-1]), 50, "a")
    assert set(uniform_sample(people, 50, "a")) != set(uniform_sample(people, 50, "b"))
    assert sorted(uniform_sample(people[:5], 50, "a")) == sorted(people[:5])
    assert uniform_sample(people, 0, "a") == []


def test_options_that_exclude_each_other_are_refused():
    with pytest.raises(UsageError, match="--limit"):
        _check(Options(limit=5, sample=5), Target("bluesky", "alice.example"))
    with pytest.raises(UsageError, match="is not a valid server address"):
        _check(Options(service="example.org"), Target("x", "alice"))


def test_what_may_be_spent_does_not_part_two_collections():
    assert Options(max_cost=1).text() == Options(max_cost=9).text()
    assert Options(limit=1).text() != Options(limit=2).text()
    assert not {"spend_at_most", "max_cost"} & set(json.loads(Options(max_cost=1).text()))


def test_options_stored_by_earlier_versions_identify_the_same_collection():
    stored = '{"limit":5,"since":"2026-10-01T00:00:00Z","sample":null,"service":null,"backlinks":null,"circles":30}'
    options = Options(limit=5, since=datetime(2026, 10, 1, tzinfo=UTC), follows_among=30)
    assert options.text() == stored
    assert Options.from_text(stored) == options
    assert Options.from_text('{"limit":5,"spend_at_most":2.5}') == Options(limit=5, max_cost=2.5)


def test_an_answer_without_end_is_cut_off(monkeypatch):
    sent = 0

    def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 65536

    monkeypatch.setattr("headcount.sources.collect.client.MAX_BODY_ELSEWHERE", 1 << 20)
    answer = httpx2.MockTransport(lambda request: httpx2.Response(200, content=endless()))
    with (
        Client(transport=answer, retry_policy=QUICK) as client,
        pytest.raises(PlatformUnavailable, match="more than 1 MB"),
    ):
        client.get("https://example.org/page")
    assert sent == 17


@pytest.mark.parametrize(
    ("headers", "at_least", "at_most"),
    [
        ({"retry-after": "100"}, 100, 111),
        ({"retry-after": "100000000"}, 86_400, 95_100),
        ({"retry-after": "inf"}, 0, 1),
        ({"x-ratelimit-reset": "nan"}, 0, 1),
    ],
)
def test_a_server_that_says_when_to_come_back_is_not_asked_before(headers, at_least, at_most):
    answers = [httpx2.Response(503, headers=headers), httpx2.Response(200, json={})]
    paused = []
    client = Client(transport=httpx2.MockTransport(lambda request: answers.pop(0)), retry_policy=QUICK)
    with client, pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", paused.append)
        client.get("http://h/page")
    assert at_least <= sum(paused) <= at_most


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit-remaining": "0x0", "ratelimit-reset": "1"},
        {"ratelimit-remaining": "0", "ratelimit-reset": "inf"},
        {"ratelimit-remaining": "-3", "ratelimit-reset": "soon"},
        {"ratelimit-remaining": "", "ratelimit-reset": ""},
    ],
)
def test_odd_headers_of_limits_are_passed_over(headers):
    slept = []
    answer = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, json={}))
    with Client(transport=answer, retry_policy=QUICK, sleep=slept.append) as client:
        client.get("http://h/1")
        client.get("http://h/2")
    assert slept == []


def test_a_reset_in_milliseconds_is_understood():
    slept = []
    headers = {"ratelimit-remaining": "0", "ratelimit-reset": str(round((time.time() + 50) * 1000))}
    answer = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, json={}))
    with Client(transport=answer, retry_policy=QUICK, sleep=slept.append) as client:
        client.get("http://h/1")
        client.get("http://h/2")
    assert 45 < slept[0] < 51


def test_cookies_are_not_sent_back():
    sent = []

    def answer(request):
        sent.append(request.headers.get("cookie"))
        return httpx2.Response(200, headers={"set-cookie": "id=track"}, json={})

    with Client(transport=httpx2.MockTransport(answer), retry_policy=QUICK) as client:
        client.get("http://h/1")
        client.get("http://h/2")
    assert sent == [None, None]


def test_without_a_network_it_ends_soon_and_once_connected_it_is_patient():
    tries = []

    def answer(request):
        tries.append(str(request.url))
        if request.url.path == "/there":
            return httpx2.Response(200, json={})
        raise httpx2.ConnectError("refused")

    with Client(transport=httpx2.MockTransport(answer), retry_policy=QUICK) as client:
        with pytest.raises(PlatformUnavailable, match=r"from h after 3 attempts; last error: no connection"):
            client.get("http://h/away")
        client.get("http://h/there")
        with pytest.raises(PlatformUnavailable, match="after 4 attempts"):
            client.get("http://h/away")
    assert len(tries) == 8


def test_a_server_that_has_moved_for_good_is_not_asked_again():
    asked = []

    def answer(request):
        asked.append(request)
        return httpx2.Response(308, headers={"location": "https://new.example/page"})

    client = Client(transport=httpx2.MockTransport(answer), retry_policy=QUICK)
    with client, pytest.raises(PlatformUnavailable, match=r"moved to new\.example"):
        client.get("http://h/page")
    assert len(asked) == 1
