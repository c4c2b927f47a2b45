"""What X takes, as data: the parameters of the endpoints that are asked, with their values and bounds.

From X's own description of its API (https://api.x.com/2/openapi.json, version 2.168). `test_xdk.py` holds it against
X's own Python client.
"""

from __future__ import annotations

import re

USER_FIELDS = frozenset(
    """confirmed_email connection_status created_at description entities id is_identity_verified location name
    parody profile_banner_url profile_image_url protected public_metrics receives_your_dm subscriber_count
    subscribes_to_you subscription subscription_type url username verified verified_followers_count
    verified_type withheld""".split()  # noqa: SIM905
)
POST_FIELDS = frozenset(
    """article article_title attachments card_uri community_id context_annotations conversation_id created_at
    display_text_range edit_controls entities geo id lang matched_media_notes media_metadata non_public_metrics
    note_post note_request_suggestions organic_metrics paid_partnership possibly_sensitive promoted_metrics
    public_metrics reply_settings scopes source suggested_source_links suggested_source_links_with_counts text
    withheld""".split()  # noqa: SIM905
)
POST_EXPANSIONS = frozenset(
    """article.cover_media article.media_entities attachments.media_keys attachments.media_source_tweet
    attachments.poll_ids author_id edit_history_post_ids entities.mentions.username geo.place_id
    in_reply_to_user_id referenced_posts username""".split()  # noqa: SIM905
)
USER_EXPANSIONS = frozenset({"affiliation", "most_recent_post_id", "pinned_post_id"})
MEDIA_FIELDS = frozenset(
    """alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url promoted_metrics
    public_metrics type url variants width""".split()  # noqa: SIM905
)
POLL_FIELDS = frozenset({"duration_minutes", "end_datetime", "id", "options", "voting_status"})
PLACE_FIELDS = frozenset(
    """contained_within country country_code full_name geo id name place_type""".split()  # noqa: SIM905
)

Rule = frozenset[str] | tuple[int, int] | re.Pattern[str]
"""Words of which some may stand there, parted by commas; or the least and the most; or a form."""

_TOKEN = re.compile(r"[0-9a-v]{16,}")
_TIME = re.compile(r"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ")
_ID = re.compile(r"[0-9]{1,19}")
_USERS: dict[str, Rule] = {"user.fields": USER_FIELDS, "expansions": USER_EXPANSIONS, "post.fields": POST_FIELDS}
_POSTS: dict[str, Rule] = {
    "post.fields": POST_FIELDS,
    "expansions": POST_EXPANSIONS,
    "user.fields": USER_FIELDS,
    "media.fields": MEDIA_FIELDS,
    "poll.fields": POLL_FIELDS,
    "place.fields": PLACE_FIELDS,
}
_WHEN: dict[str, Rule] = {"start_time": _TIME, "end_time": _TIME, "since_id": _ID, "until_id": _ID}
_EXCLUDE = frozenset({"replies", "retweets"})


def _list(least: int, most: int) -> dict[str, Rule]:
    return {"max_results": (least, most), "pagination_token": _TOKEN}


ENDPOINTS: dict[str, dict[str, Rule]] = {
    "/2/users/me": _USERS,
    "/2/users/by/username/{username}": _USERS,
    "/2/users/{id}/followers": _USERS | _list(1, 1000),
    "/2/users/{id}/following": _USERS | _list(1, 1000),
    "/2/users/{id}/tweets": _POSTS | _list(5, 100) | _WHEN | {"exclude": _EXCLUDE},
    "/2/users/{id}/mentions": _POSTS | _list(5, 100) | _WHEN,
    "/2/tweets/search/recent": _POSTS
    | _list(10, 100)
    | _WHEN
    | {
        "query": re.compile(r".{1,4096}", re.DOTALL),
        "next_token": _TOKEN,
        "sort_order": frozenset({"recency", "relevancy"}),
    },
    "/2/tweets/{id}/liking_users": _USERS | _list(1, 100),
    "/2/tweets/{id}/retweeted_by": _USERS | _list(1, 100),
    "/2/tweets/{id}/quote_tweets": _POSTS | _list(10, 100) | {"exclude": _EXCLUDE},
}
REQUIRED = {"/2/tweets/search/recent": {"query"}}
FOR_USERS_ONLY = frozenset({"/2/users/me", "/2/tweets/{id}/liking_users"})
"""Not for the token of an application."""
LIMITS = {
    "/2/users/me": 75,
    "/2/users/by/username/{username}": 300,
    "/2/users/{id}/followers": 300,
    "/2/users/{id}/following": 300,
    "/2/users/{id}/tweets": 900,
    "/2/users/{id}/mentions": 300,
    "/2/tweets/search/recent": 300,
    "/2/tweets/{id}/liking_users": 75,
    "/2/tweets/{id}/retweeted_by": 75,
    "/2/tweets/{id}/quote_tweets": 75,
}
"""Requests in 15 minutes, the lower of those for applications and for users
(https://docs.x.com/x-api/fundamentals/rate-limits)."""


def endpoint_of(path: str) -> tuple[str, str] | None:
    """The endpoint of a path, and the account, post or name in it."""
    for template in ENDPOINTS:
        form = re.sub(r"\\{\w+\\}", r"(\\w+)", re.escape(template))
        found = re.fullmatch(form, path)
        if found:
            return template, found[1] if found.groups() else ""
    return None


def wrong_parameters(template: str, given: list[tuple[str, str]]) -> dict[str, str]:
    """Parameters that the endpoint does not take, by name, with the reason."""
    rules, wrong = ENDPOINTS[template], {}
    names = [name for name, _ in given]
    for name, value in given:
        if name not in rules:
            wrong[name] = f"is not one of [{', '.join(sorted(rules))}]"
        elif names.count(name) > 1:
            wrong[name] = "stands there more than once"
        elif reason := _wrong(rules[name], value):
            wrong[name] = reason
    for name in REQUIRED.get(template, set()) - set(names):
        wrong[name] = "can not be empty"
    return wrong


def _wrong(rule: Rule, value: str) -> str | None:
    if isinstance(rule, frozenset):
        words = value.split(",")
        unknown = [word for word in words if word not in rule]
        return f"[{', '.join(unknown)}] is not one of [{', '.join(sorted(rule))}]" if unknown else None
    if isinstance(rule, tuple):
        least, most = rule
        fits = value.isdigit() and least <= int(value) <= most
        return None if fits else f"[{value}] is not between {least} and {most}"
    return None if rule.fullmatch(value) else f"[{value}] does not match [{rule.pattern}]"
