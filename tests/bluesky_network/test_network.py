"""The running servers show what the truth says: these tests hold every rule in truth.py against the AppView itself."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.bluesky_network.fixtures import Bluesky
from tests.bluesky_network.plan import BIG_POST, DEEP_POST, DEPTH, FOLLOWERS, PEOPLE, SILENT_POSTS, UNSEEN_POST
from tests.bluesky_network.truth import Fate, Kind
from tests.bluesky_network.xrpc import XrpcError, all_pages, bearer, procedure, query

LISTS = {
    Kind.LIKE: ("app.bsky.feed.getLikes", "likes", lambda item: item["actor"]["did"]),
    Kind.REPOST: ("app.bsky.feed.getRepostedBy", "repostedBy", lambda item: item["did"]),
    Kind.QUOTE: ("app.bsky.feed.getQuotes", "posts", lambda item: item["author"]["did"]),
}


def main_posts(bluesky: Bluesky) -> list[str]:
    """The main account's own posts that start a thread and answer to nothing, oldest first."""
    posts = bluesky.world.posts_of(bluesky.world.main)
    return [post.uri for post in posts if post.parent is None and post.quoted is None]


def test_the_world_is_as_large_as_it_is_meant_to_be(bluesky: Bluesky) -> None:
    world = bluesky.world
    assert len(world.accounts) == PEOPLE
    assert len(world.follows) >= 9 * FOLLOWERS
    assert len(world.followers(world.main)) > 0.8 * FOLLOWERS
    assert {a.fate for a in world.accounts.values()} == set(Fate)
    assert set(world.unlisted_followers(world.main).values()) == {*Fate, "blocks", "is blocked"} - {Fate.ACTIVE}
    assert Counter(world.odd_follows.values())["unfollowed"] > 10
    big = main_posts(bluesky)[BIG_POST]
    assert all(len(world.responders(big, kind)) > 100 for kind in Kind)
    assert not any(world.responses(main_posts(bluesky)[place]) for place in SILENT_POSTS)


@pytest.mark.parametrize("who", ["main", "quiet", "lonely"])
def test_followers_and_followees_are_those_that_were_seeded(bluesky: Bluesky, who: str) -> None:
    world, appview = bluesky.world, bluesky.network.appview
    did = getattr(world, who)
    followers = all_pages(appview, "app.bsky.graph.getFollowers", "followers", actor=did)
    assert sorted(f["did"] for f in followers) == sorted(world.followers(did))
    followees = all_pages(appview, "app.bsky.graph.getFollows", "follows", actor=did)
    assert sorted(f["did"] for f in followees) == sorted(world.followees(did))
    profile = query(appview, "app.bsky.actor.getProfile", actor=did)
    assert profile["followersCount"] == world.claimed_followers(did)
    assert profile["postsCount"] == len(world.posts_of(did))


def test_followers_are_shown_by_handle_and_name(bluesky: Bluesky) -> None:
    world = bluesky.world
    for shown in all_pages(bluesky.network.appview, "app.bsky.graph.getFollowers", "followers", actor=world.main):
        account = world.accounts[shown["did"]]
        assert shown["handle"] == account.handle
        assert shown.get("displayName") == account.name
        assert ("!no-unauthenticated" in {label["val"] for label in shown["labels"]}) == account.asks_to_be_hidden


def test_relationships_name_the_records_of_follows_and_blocks(bluesky: Bluesky) -> None:
    """They know of followers who are gone or blocked too, but not of deleted ones."""
    world = bluesky.world
    expected = {
        f.source: f"at://{f.source}/app.bsky.graph.follow/{f.key}" for f in world.follows if f.target == world.main
    }
    dids = sorted(expected)
    for start in range(0, len(dids), 30):
        answer = query(
            bluesky.network.appview,
            "app.bsky.graph.getRelationships",
            actor=world.main,
            others=dids[start : start + 30],
        )
        for one in answer["relationships"]:
            did = one["did"]
            assert one.get("followedBy") == (None if world.accounts[did].fate is Fate.DELETED else expected[did])
            assert ("blockedBy" in one) == ((did, world.main) in world.blocks)
            assert ("blocking" in one) == ((world.main, did) in world.blocks)


def test_likes_reposts_and_quotes_of_every_post(bluesky: Bluesky) -> None:
    world = bluesky.world
    for uri in main_posts(bluesky):
        for kind, (method, items, actor) in LISTS.items():
            shown = [actor(item) for item in all_pages(bluesky.network.appview, method, items, uri=uri)]
            expected = [r.actor for r in world.responses(uri) if r.kind is kind]
            assert sorted(shown) == sorted(expected), (kind, uri)


def replies_below(bluesky: Bluesky, uri: str) -> set[str]:
    """All replies that a reader finds from this post: a view ends ten replies down, so it asks again from there."""
    found: set[str] = set()
    ends = [uri]
    while ends:
        thread = query(bluesky.network.appview, "app.bsky.feed.getPostThread", uri=ends.pop(), depth=1000)["thread"]
        below = [(1, reply) for reply in thread.get("replies", [])]
        while below:
            depth, view = below.pop()
            if "post" not in view:
                continue
            found.add(view["post"]["uri"])
            if depth == 10:
                ends.append(view["post"]["uri"])
            below += [(depth + 1, reply) for reply in view.get("replies", [])]
    return found


def test_threads_of_every_post(bluesky: Bluesky) -> None:
    world = bluesky.world
    for uri in main_posts(bluesky):
        assert replies_below(bluesky, uri) == {reply.uri for reply in world.thread(uri)}, uri


def test_one_view_of_a_thread_ends_ten_replies_down(bluesky: Bluesky) -> None:
    world, uri = bluesky.world, main_posts(bluesky)[DEEP_POST]
    assert max(world.depth(reply.uri) for reply in world.thread(uri)) >= DEPTH
    view = query(bluesky.network.appview, "app.bsky.feed.getPostThread", uri=uri, depth=1000)["thread"]
    layers, layer = 0, view["replies"]
    while layer:
        layers, layer = layers + 1, [below for one in layer for below in one.get("replies", [])]
    assert layers == 10


def test_replies_below_one_that_is_not_shown_are_out_of_reach(bluesky: Bluesky) -> None:
    """Yet their authors' own feeds hold them."""
    world = bluesky.world
    lost = world.unreachable_replies(main_posts(bluesky)[UNSEEN_POST])
    assert len(lost) > 5
    for reply in lost:
        feed = all_pages(bluesky.network.appview, "app.bsky.feed.getAuthorFeed", "feed", actor=reply.author)
        assert reply.uri in {item["post"]["uri"] for item in feed}


def test_accounts_that_are_gone_say_why(bluesky: Bluesky) -> None:
    expected = {
        Fate.DEACTIVATED: ("AccountDeactivated", "RepoDeactivated"),
        Fate.DELETED: ("InvalidRequest", "RepoNotFound"),
        Fate.TAKEN_DOWN: ("AccountTakedown", "RepoTakendown"),
        Fate.MODERATED: ("AccountTakedown", None),
    }
    for account in bluesky.world.accounts.values():
        if account.fate is Fate.ACTIVE:
            continue
        profile_error, repository_error = expected[account.fate]
        with pytest.raises(XrpcError) as refused:
            query(bluesky.network.appview, "app.bsky.actor.getProfile", actor=account.did)
        assert refused.value.error == profile_error
        if repository_error is None:
            assert query(bluesky.network.pds, "com.atproto.sync.getRepo", did=account.did)
            continue
        with pytest.raises(XrpcError) as refused:
            query(bluesky.network.pds, "com.atproto.sync.getRepo", did=account.did)
        assert refused.value.error == repository_error


def test_the_repository_holds_what_the_account_did(bluesky: Bluesky) -> None:
    world = bluesky.world
    outgoing = Counter(response.kind for response in world.outgoing(world.main))
    posts = all_records(bluesky, world.main, "app.bsky.feed.post")
    replies = [r for r in posts if "reply" in r["value"]]
    quotes = [r for r in posts if "embed" in r["value"]]
    assert len(posts) == len(world.posts_of(world.main))
    assert len(replies) == outgoing[Kind.REPLY]
    assert len(quotes) == outgoing[Kind.QUOTE]
    assert len(all_records(bluesky, world.main, "app.bsky.feed.like")) == outgoing[Kind.LIKE]
    assert len(all_records(bluesky, world.main, "app.bsky.feed.repost")) == outgoing[Kind.REPOST]
    follows = {
        r["value"]["subject"]: r["uri"].rpartition("/")[2]
        for r in all_records(bluesky, world.main, "app.bsky.graph.follow")
    }
    assert follows == {f.target: f.key for f in world.follows if f.source == world.main}


def all_records(bluesky: Bluesky, did: str, collection: str) -> list[dict]:
    return all_pages(bluesky.network.pds, "com.atproto.repo.listRecords", "records", repo=did, collection=collection)


def test_the_app_password_logs_in(bluesky: Bluesky) -> None:
    world = bluesky.world
    login = {"identifier": world.accounts[world.main].handle, "password": world.app_password}
    session = procedure(bluesky.network.pds, "com.atproto.server.createSession", login)
    assert session["did"] == world.main
    token = bearer(session["accessJwt"])
    notes = query(bluesky.network.pds, "app.bsky.notification.listNotifications", limit=100, authorization=token)
    assert {note["author"]["did"] for note in notes["notifications"]} <= world.accounts.keys()
