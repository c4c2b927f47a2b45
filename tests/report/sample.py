"""Sample reports with realistic numbers, for the tests of the faces: no measure is run."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from headcount.measures.audience.audience import Audience, Curve, Next, Range
from headcount.measures.follower_list import FollowerList
from headcount.measures.followers.funnel import CLASSES, Classes
from headcount.measures.followers.recalibration import LocalError
from headcount.measures.question.results import Pooled, Question, ReplyCurve, Test
from headcount.measures.relationships.ties import Layer
from headcount.measures.statistics.sample_size import too_few_replies
from headcount.report.model import SCHEMA, AccountPart, Beside, FollowersPart
from headcount.report.parts.arrival import ArrivalPart
from headcount.report.parts.authenticity import AuthenticityPart
from headcount.report.parts.funnel import FunnelPart
from headcount.report.parts.rings import GroupPart, RingsPart
from headcount.report.parts.ties import TiePart, TiesPart
from headcount.report.report import Report
from headcount.report.rows import FollowerRow

AS_OF = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
FIRST = ["Ana", "Ben", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ingrid"]
FIRST += ["João", "Kaito", "Leila", "Mateo", "Nadia", "Óscar", "Priya", "Quentin", "Rosa"]
LAST = ["Abel", "Berg", "Costa", "Dunn", "Eriksen", "Flores", "Grant", "Haas", "Ito"]
LAST += ["Jansen", "Kaya", "Lund", "Moreau", "Novak", "Okafor", "Petrov", "Quist"]
REASONS = {
    "relationship": "{r} exchanges in both directions, the last 3 days before the end",
    "responding": "responded to {s} of 61 posts",
    "listening": "posted {s} days before the end; no response here",
    "away": "last seen 214 days before the end",
    "auto_follow": "follows {f} accounts and is followed by nearly as many; no response in 61 posts",
    "spam": "default picture, no post, follows {f} accounts",
    "gone": "no longer in the list of 1 October 2026",
    "unknown": "neither posts nor a date of last activity are known",
}
EXPLANATION = (
    "6,012 followers are listed and the list was read completely; the counter shows 6,048: 36 of those are not shown "
    "by the platform or no longer there (deleted, suspended, hidden or blocking); 143 who were listed before are gone."
)
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror="document.title=\'hacked\'">',
    "</script><script>document.title='hacked'</script>",
    "</title></style><svg onload=document.title='hacked'>",
    "abc\u202egnp.exe",
    "\u2067שלום\u2069 مرحبا",
    "N" * 5000,
    "👩‍👩‍👧‍👦🏳️‍🌈 family " + "💥" * 40,
    "nul\x00 and bell\x07 and escape\x1b[31m",
    "Z" + "\u0301" * 300 + "algo",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "\ud800 lone surrogate",
    "line\nbreak\u2028separator",
    "javascript:alert(1)",
    "<!-- <!--[if IE]><script>",
]


def complete_list(listed: int) -> FollowerList:
    return FollowerList(state="complete", reason=None, listed=listed, claimed=listed, partial=False)


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def days_ago(days: float) -> str:
    return stamp(AS_OF - timedelta(days=days))


def follower_rows(classes: Classes, limit: int, seed: int = 1) -> list[FollowerRow]:
    """Followers in the order of the classes, with plausible figures."""
    rng = np.random.default_rng(seed)
    rows: list[FollowerRow] = []
    for label in CLASSES:
        for _ in range(min(getattr(classes, label), limit - len(rows))):
            rows.append(_row(label, rng, len(rows)))
    return rows


def _row(label: str, rng: np.random.Generator, number: int) -> FollowerRow:
    first, last = FIRST[rng.integers(len(FIRST))], LAST[rng.integers(len(LAST))]
    responses = int(rng.geometric(0.25)) if label in ("relationship", "responding") else 0
    following = int(rng.lognormal(8.7, 0.6)) if label in ("auto_follow", "spam") else int(rng.lognormal(5.5, 1))
    reasons = REASONS[label].format(r=responses * 2, s=max(responses, 1) + number % 9, f=f"{following:,}")
    known = label != "unknown"
    return FollowerRow(
        account_id=f"bluesky:did:plc:{number:024d}",
        handle=f"{first}.{last}{number}.example".lower(),
        display_name=f"{first} {last}" if rng.random() < 0.9 else None,
        label=label,
        reasons=reasons,
        responses=responses,
        active_responses=int(rng.integers(responses + 1)),
        sent=responses if label == "relationship" else 0,
        received=responses,
        followers_count=int(rng.lognormal(6, 1.4)) if known else None,
        following_count=following if known else None,
        posts_count=int(rng.lognormal(5, 2)) if known else None,
        created_at=days_ago(float(rng.uniform(200, 4000))),
        last_seen=days_ago(float(rng.exponential(40))) if known else None,
        followed_at=days_ago(float(rng.uniform(10, 900))) if rng.random() < 0.7 else None,
    )


def curve(seen: int, now: float, end: float, low: float, high: float) -> Curve:
    """A saturating curve through (seen, now) and (2 seen, end) with a band that opens beyond what was seen."""
    posts = np.unique(np.round(np.linspace(1, 2 * seen, 90)))
    power = math.log(end / now) / math.log(2)
    responders = now * (posts / seen) ** power
    ahead = np.clip((posts - seen) / seen, 0, 1)
    noise = 0.07 * responders * np.sqrt(np.minimum(posts / seen, 1))
    return Curve(
        posts=posts.tolist(),
        responders=responders.tolist(),
        low=(responders - np.maximum(noise, ahead * (end - low))).tolist(),
        high=(responders + np.maximum(noise, ahead * (high - end))).tolist(),
        seen=seen,
    )


def promoter_audience() -> Audience:
    steps = [(1, 0.24, 0, 2), (5, 1.2, 0, 4), (10, 2.3, 0, 5), (20, 4.5, 1, 9), (61, 12.1, 5, 21)]
    return Audience(
        window_days=56.0,
        posts=61,
        population="followers",
        followers=6012,
        observed=36,
        observed_active=14,
        observed_passive_only=22,
        responses=148,
        non_followers=9,
        coverage=0.872,
        headcount=48.1,
        low=41.0,
        high=57.0,
        headcount_active=19.4,
        low_active=15.0,
        high_active=26.0,
        at_least=44.0,
        sensitivity=Range(low=58.0, high=940.0),
        next=[Next(posts=p, new_responders=m, low=lo, high=hi) for p, m, lo, hi in steps],
        curve=curve(61, 36, 48.1, 41, 57),
        curve_active=curve(61, 14, 19.4, 15, 26),
        too_little=None,
    )


def test_of(number: int, responders: int, rng: np.random.Generator) -> Test:
    hours = np.sort(rng.lognormal(0.6, 1.5, responders))
    no_curve = too_few_replies(responders, responders)
    asked = AS_OF - timedelta(days=6 + 9 * number)
    texts = [
        "Which of your tools would you miss most if it were gone tomorrow?",
        "Honest question: who of you reads this before noon?",
        "What did you build this week? Show me.",
        "¿Qué libro recomiendan para el otoño? 📚",
    ]
    return Test(
        post_id=f"at://did:plc:promoter/app.bsky.feed.post/3k{number}",
        asked_at=stamp(asked),
        text=texts[number % len(texts)],
        why="ends with a question mark",
        hours_observed=24.0 * (6 + 9 * number),
        responders=responders,
        responders_24h=int((hours <= 24).sum()),
        non_followers=number % 2,
        share_24h=float((hours <= 24).sum()) / 6012,
        share_low=max(float((hours <= 24).sum()) - 3, 0.2) / 6012,
        share_high=(float((hours <= 24).sum()) + 5) / 6012,
        final_estimate=responders + 0.3,
        low=float(responders),
        high=responders + 1.0,
        half_life_minutes=float(np.median(hours) * 60) if responders else None,
        hours=hours.tolist() if no_curve is None else None,
        cumulative=list(range(1, responders + 1)) if no_curve is None else None,
        no_curve=no_curve,
    )


def promoter_question() -> Question:
    rng = np.random.default_rng(7)
    tests = [test_of(number, responders, rng) for number, responders in enumerate([17, 4, 9, 5, 3, 6])]
    young = {"responders_24h": None, "share_24h": None, "share_low": None, "share_high": None}
    tests[0] = replace(tests[0], hours_observed=11.0, final_estimate=19.6, low=17.0, high=24.0, **young)
    hours = np.geomspace(1 / 30, 168, 50)
    share = np.array([0.5 * (1 + math.erf((math.log(hour) - 0.6) / (1.5 * math.sqrt(2)))) for hour in hours])
    return Question(
        population="followers",
        followers=6012,
        tests=tests,
        pooled=Pooled(
            tests=6,
            complete=5,
            responders_24h_mean=5.2,
            responders_24h_low=2.5,
            responders_24h_high=7.9,
            responders_24h_least=3,
            responders_24h_most=9,
            share_24h=0.00086,
            share_low=0.00042,
            share_high=0.00131,
            distinct=31,
            every_time=1,
            sometimes=6,
            once=24,
            never=5981,
            half_life_minutes=109.0,
            curve=ReplyCurve(
                hours=hours.tolist(),
                share=share.tolist(),
                low=np.clip(share - 0.15 * np.sqrt(share * (1 - share)) * 2, 0, 1).tolist(),
                high=np.clip(share + 0.15 * np.sqrt(share * (1 - share)) * 2, 0, 1).tolist(),
            ),
        ),
        too_little=None,
    )


def promoter_ties() -> TiesPart:
    rng = np.random.default_rng(3)
    states = ["steady", "steady", "new", "steady", "fading"]
    top = [
        TiePart(
            account_id=f"bluesky:did:plc:{number:024d}",
            handle=f"{FIRST[number % 18]}.{LAST[number % 17]}.example".lower(),
            display_name=f"{FIRST[number % 18]} {LAST[number % 17]}" if number % 6 else None,
            sent=int(30 / (1 + number) + rng.integers(1, 4)),
            received=int(34 / (1 + number) + rng.integers(1, 4)),
            strength=float(9.5 / (1 + number) ** 1.1),
            balance=float(rng.uniform(0.3, 1)),
            last=days_ago(float(rng.exponential(20))),
            state=states[number % 5],  # type: ignore[arg-type]
            layer=1 if number < 2 else 2 if number < 6 else 3,
            follows=number % 7 != 3,
        )
        for number in range(17)
    ]
    return TiesPart(
        window_days=365.0,
        count=13,
        count_others=4,
        written_to=31,
        heard_from=58,
        reciprocity=0.293,
        reciprocity_low=0.19,
        reciprocity_high=0.42,
        known_share=13 / 6012,
        known_low=0.0013,
        known_high=0.0037,
        new=3,
        fading=3,
        layers=[
            Layer(layer=1, size=2, contacts_a_month=7.1),
            Layer(layer=2, size=6, contacts_a_month=2.3),
            Layer(layer=3, size=17, contacts_a_month=0.6),
        ],
        layers_note=None,
        top=top,
        too_little=None,
    )


def arrival(classes: Classes, points: int = 2000) -> ArrivalPart:
    """Followers who came one by one, and a block of young accounts that came in a burst."""
    rng = np.random.default_rng(5)
    total = sum(getattr(classes, label) for label in CLASSES)
    order = np.unique(np.linspace(0, total - 1, points).astype(int))
    shares = np.array([getattr(classes, label) for label in CLASSES]) / total
    labels = rng.choice(len(CLASSES), len(order), p=shares)
    ages = rng.uniform(100, 3800, len(order))
    burst = (order > total * 0.4) & (order < total * 0.55)
    labels[burst] = np.where(rng.random(burst.sum()) < 0.8, 5, 4)
    ages[burst] = rng.normal(800, 30, burst.sum())
    return ArrivalPart(
        order=order.tolist(),
        created_at=[days_ago(float(age)) for age in ages],
        label=[CLASSES[label] for label in labels],
        followers=total,
        known=total - 41,
        too_little=None,
    )


def dense_group(verdict: str, members: int, density: float, conversation: float | None) -> GroupPart:
    """A group with a picture drawn by chance."""
    rng = np.random.default_rng(members)
    size = min(members, 40)
    tied = np.triu(rng.random((size, size)) < density, 1)
    one_way = np.triu(rng.random((size, size)) < 0.02, 1)
    talked = rng.random((size, size)) < 0.3 * (conversation or 0)
    signs = np.where(tied, np.where(talked, "=", "#"), np.where(one_way, "-", "."))
    signs = np.where(np.tri(size, dtype=bool), signs.T, signs)
    return GroupPart(
        verdict=verdict,
        members=members,
        density=density,
        significance=1 / 21,
        reciprocity=0.97,
        conversation=conversation,
        conversation_low=None if conversation is None else conversation * 0.7,
        conversation_high=None if conversation is None else conversation * 1.3,
        replies_per_follow=None if conversation is None else conversation / 4,
        inside_share=None if conversation is None else 0.4,
        inside_ties=0.8,
        link_share=0.61,
        newcomers=0.72,
        picture=["".join(row) for row in signs],
    )


def circuits() -> RingsPart:
    """Two closed circuits and a fan club in a sample of the followers."""
    return RingsPart(
        looked_at=1000,
        of=6012,
        drawn=True,
        circuits=2,
        members=187,
        share=0.187,
        share_low=0.166,
        share_high=0.21,
        smallest=61,
        dense=3,
        groups=[
            dense_group("ring", 143, 0.62, 0.06),
            dense_group("ring", 44, 0.81, 0.11),
            dense_group("talks", 31, 0.44, 1.2),
        ],
        sentence="187 of the 1,000 of 6,012 followers drawn to be looked at sit in 2 closed circuits (18.7% of them; "
        "17% to 21% of all followers): they follow each other but rarely talk to each other.",
        too_little=None,
    )


def no_circuits(too_little: str) -> RingsPart:
    """Whom the followers follow is unknown."""
    return RingsPart(
        looked_at=None,
        of=None,
        drawn=False,
        circuits=None,
        members=None,
        share=None,
        share_low=None,
        share_high=None,
        smallest=None,
        dense=0,
        groups=[],
        sentence=None,
        too_little=too_little,
    )


def promoter(rows: int = 10_000) -> Report:
    """6,012 followers, mostly auto-followers; a headcount of 48."""
    numbers = (13, 23, 702, 911, 3705, 418, 143, 240)
    classes = Classes(**dict(zip(CLASSES, numbers, strict=True)))
    return Report(
        schema=SCHEMA,
        headcount_version="0.1.0",
        findings=[
            "promoter.example has 6,012 followers. The headcount is 48 (95% interval 41 to 57): the number of distinct "
            "followers expected to have responded after the next 61 posts. 36 of them responded to the 61 posts.",
            "promoter.example has a smaller headcount (48, 41 to 57) than neighbour.example (131, 118 to 149) (6,012 "
            "followers against 300).",
            "Of 6,155 followers ever listed, 13 are in a two-way relationship, 23 respond, 702 listen silently, 911 "
            "are away, 3,705 follow automatically, 418 look like spam, 143 are gone and 240 are unknown.",
            "5 questions were asked: 5.2 followers on average answered within 24 hours (2.5 to 7.9), under 0.1% of "
            "followers (under 0.1% to 0.1%).",
            "promoter.example has a two-way tie with 13 followers (0.2% of 6,012), and wrote back to 29% (19% to 42%) "
            "of the 58 who wrote.",
        ],
        account=AccountPart(
            account_id="bluesky:did:plc:promoter",
            handle="promoter.example",
            display_name="The Promoter",
            platform="bluesky",
            created_at="2023-05-02T10:00:00Z",
            as_of=stamp(AS_OF),
            as_of_basis="observed",
            window_days=56.0,
            posts_in_window=61,
            first_post_at=days_ago(55),
        ),
        followers=FollowersPart(
            claimed=6048,
            listed=6012,
            gone=143,
            new=87,
            state="complete",
            reason="removed_or_private",
            partial=False,
            explanation=EXPLANATION,
        ),
        lists=[],
        audience=promoter_audience(),
        question=promoter_question(),
        funnel=FunnelPart(
            classes=classes,
            followers=6155,
            method="Published rules: auto-follow after two signs of three, spam after the rules of 2015; 61 posts.",
            too_little=None,
        ),
        authenticity=verdicts(
            labels=60,
            local_error=LocalError(wrong=7, labels=60, low=0.058, high=0.222, real_called_fake=5, fake_called_real=2),
            real_low=0.61,
            real_high=0.83,
            to_look_at=1717,
            sentence="Between 61% and 83% of 6,012 followers are real; the interval includes the model's errors on the "
            "60 followers that you labelled.",
        ),
        rings=circuits(),
        ties=promoter_ties(),
        arrival=arrival(classes),
        beside=[
            Beside(
                account_id="bluesky:did:plc:n",
                handle="neighbour.example",
                followers=300,
                headcount=131.0,
                low=118.0,
                high=149.0,
                follower_list=complete_list(300),
            ),
            Beside(
                account_id="bluesky:did:plc:c",
                handle="collector.example",
                followers=25314,
                headcount=212.0,
                low=190.0,
                high=251.0,
                follower_list=complete_list(25314),
            ),
            Beside(
                account_id="bluesky:did:plc:w",
                handle="newcomer.example",
                followers=12,
                headcount=None,
                low=None,
                high=None,
                follower_list=complete_list(12),
            ),
        ],
        notes=[
            EXPLANATION,
            "Observed until 1 October 2026.",
            "9 people who responded do not follow (or no longer); they are counted apart, never in the headcount.",
            "Of 240 followers nothing tells whether they read, are away or are automated. They are unknown, not fake.",
        ],
        rows=follower_rows(classes, rows),
        rows_total=6155,
    )


def newcomer() -> Report:
    """Too little data for every measure, 12 followers."""
    base = promoter(0)
    classes = Classes(relationship=0, responding=1, listening=7, away=0, auto_follow=2, spam=0, gone=0, unknown=2)
    why = "1 post in the window is too little: a headcount needs 2 posts and 1 person who responded."
    return replace(
        base,
        findings=[f"newcomer.example has 12 followers; there is no headcount: {why}", "No question was found."],
        account=replace(base.account, handle="newcomer.example", display_name=None, created_at=None, posts_in_window=1),
        followers=FollowersPart(claimed=12, listed=12, gone=0, new=None, state="complete", reason=None,
                                partial=False,
                                explanation="All 12 followers of the counter are listed."),
        audience=replace(
            base.audience, posts=1, followers=12, observed=1, observed_active=1, observed_passive_only=0, responses=1,
            non_followers=0, coverage=None, headcount=None, low=None, high=None, headcount_active=None, low_active=None,
            high_active=None, at_least=None, sensitivity=None, next=[], curve=None, curve_active=None, too_little=why,
        ),
        question=Question(population="followers", followers=12, tests=[], pooled=None,
                          too_little="No question was found among 1 post."),
        funnel=FunnelPart(classes=classes, followers=12, method="Published rules.", too_little=None),
        authenticity=verdicts(to_look_at=12, sentence="The share of real followers is unknown: label some."),
        rings=no_circuits("Whom the followers follow is not at hand, so closed circuits are unknown."),
        ties=replace(
            base.ties, count=0, count_others=0, written_to=0, heard_from=1, reciprocity=0.0, reciprocity_low=0.0,
            reciprocity_high=0.79, known_share=0.0, known_low=0.0, known_high=0.24, new=0, fading=0, layers=[],
            layers_note="Circles need 15 ties; there are 0.", top=[],
            too_little="There is no two-way exchange with anyone in the last 365 days.",
        ),
        arrival=ArrivalPart(order=[], created_at=[], label=[], followers=12, known=12,
                            too_little="The order of following and the account's age are both known for 12 of 12 "
                            "followers; a picture needs 20."),
        beside=[],
        notes=["Observed until 1 October 2026."],
        rows=follower_rows(classes, 100),
        rows_total=12,
    )  # fmt: skip


def verdicts(**known: object) -> AuthenticityPart:
    """How followers are classified: the shipped model's own figures, and what is known of this audience."""
    return replace(AuthenticityPart.from_judgement(None, None, None), **known)


def unknown_followers() -> Report:
    """An account out of a research data set: responders are known, followers are not."""
    base = promoter(0)
    nobody = Classes(relationship=0, responding=0, listening=0, away=0, auto_follow=0, spam=0, gone=0, unknown=0)
    explanation = (
        "There is no list of followers, the counter says 1,204,331: who follows is unknown, and responders are "
        "counted as such."
    )
    tests = [
        replace(t, share_24h=None, share_low=None, share_high=None, non_followers=None) for t in base.question.tests
    ]
    pooled = base.question.pooled
    assert pooled is not None
    return replace(
        base,
        findings=[
            "Who follows newsdesk is unknown. The headcount is 48 (95% interval 41 to 57): the number of distinct "
            "people expected to have responded after the next 61 posts. 36 people responded to the 61 posts so far.",
            "5 questions were asked: 5.2 people on average answered within 24 hours (2.5 to 7.9).",
            "newsdesk has a two-way tie with 13 people, and wrote back to 29% (19% to 42%) of the 58 who wrote.",
        ],
        account=replace(base.account, account_id="x:12345", handle="newsdesk", platform="x", as_of_basis="last event",
                        window_days=None, first_post_at=None),
        followers=FollowersPart(claimed=1_204_331, listed=None, gone=None, new=None, state="unknown",
                                reason="not_collected", partial=True,
                                explanation=explanation),
        audience=replace(base.audience, population="responders", followers=None, non_followers=None, window_days=None),
        question=replace(base.question, population="responders", followers=None, tests=tests,
                         pooled=replace(pooled, share_24h=None, share_low=None, share_high=None, never=None)),
        funnel=FunnelPart(classes=nobody, followers=0, method="none",
                          too_little="There is no list of followers: who they are is unknown."),
        authenticity=verdicts(),
        rings=no_circuits("No follower list is available, so closed circuits are unknown."),
        ties=replace(base.ties, count_others=None, known_share=None, known_low=None, known_high=None, layers=[],
                     layers_note="The ties do not fall into clear circles.",
                     top=[replace(tie, layer=None, follows=None) for tie in base.ties.top]),
        arrival=ArrivalPart(order=[], created_at=[], label=[], followers=0, known=0,
                            too_little="There is no list of followers."),
        beside=[],
        notes=[explanation],
        rows=[],
        rows_total=0,
    )  # fmt: skip


def crowd(rows: int = 10_000, total: int = 1_000_000) -> Report:
    """A large account whose followers all have long names, half of them not in ASCII."""
    base = promoter(0)
    part = rows // 8
    classes = Classes(**dict.fromkeys(CLASSES, part))
    long = "Прізвище-Надзвичайно-Довге 🌻🌻🌻 та ще трохи слів про себе"
    listed = [
        replace(row, display_name=long if number % 2 else "A rather long display name of exactly this size, honestly",
                handle=f"a-rather-long-handle-for-a-person-{number}.with-a-long-server.example",
                reasons=f"{row.reasons}; made 12 days before following, with a profile that eleven others have as well")
        for number, row in enumerate(follower_rows(classes, rows))
    ]  # fmt: skip
    whole = Classes(**dict.fromkeys(CLASSES, total // 8))
    return replace(base, rows=listed, rows_total=total, funnel=replace(base.funnel, classes=whole, followers=total))


def hostile() -> Report:
    """Every text from outside tries to break out of the page."""
    base = promoter(60)
    bad = lambda number: HOSTILE[number % len(HOSTILE)]  # noqa: E731
    rows = [replace(row, display_name=bad(n), handle=bad(n + 1), reasons=bad(n + 2)) for n, row in enumerate(base.rows)]
    ties = [replace(tie, display_name=bad(n), handle=bad(n + 3)) for n, tie in enumerate(base.ties.top)]
    tests = [replace(test, text=bad(n), post_id=bad(n), why=bad(n + 5)) for n, test in enumerate(base.question.tests)]
    return replace(
        base,
        account=replace(
            base.account, handle=HOSTILE[0], display_name=HOSTILE[4], account_id=HOSTILE[2], platform=HOSTILE[1]
        ),
        findings=[f"{text[:200]} has 6,012 followers; the headcount is 48 (41 to 57)." for text in HOSTILE],
        notes=list(HOSTILE),
        rows=rows,
        ties=replace(base.ties, top=ties),
        question=replace(base.question, tests=tests),
        beside=[replace(other, handle=bad(n)) for n, other in enumerate(base.beside)],
        followers=replace(base.followers, explanation=HOSTILE[2]),
        funnel=replace(base.funnel, method=HOSTILE[0]),
    )


SAMPLES = {"promoter": promoter, "newcomer": newcomer, "unknown": unknown_followers, "hostile": hostile}
