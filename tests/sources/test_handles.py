"""Which account a text names."""

from __future__ import annotations

import pytest

from headcount.errors import UsageError
from headcount.sources.handles import Target, parse_target

NAMED = [
    ("alice.bsky.social", "bluesky", "alice.bsky.social"),
    ("@Alice.bsky.social", "bluesky", "alice.bsky.social"),
    ("bluesky:alice.test", "bluesky", "alice.test"),
    ("did:plc:ewvi7nxzyoun6zhxrhs64oiz", "bluesky", "did:plc:ewvi7nxzyoun6zhxrhs64oiz"),
    ("did:web:example.org", "bluesky", "did:web:example.org"),
    ("https://bsky.app/profile/alice.example/post/3k5rgfiifs42u", "bluesky", "alice.example"),
    ("https://bsky.app/profile/did:plc:ewvi7nxzyoun6zhxrhs64oiz", "bluesky", "did:plc:ewvi7nxzyoun6zhxrhs64oiz"),
    ("alice@mastodon.social", "mastodon", "alice@mastodon.social"),
    ("@Alice@Mastodon.Social", "mastodon", "alice@mastodon.social"),
    ("mastodon:alice@localhost:3000", "mastodon", "alice@localhost:3000"),
    ("https://mastodon.social/@alice", "mastodon", "alice@mastodon.social"),
    ("https://mastodon.social/users/alice", "mastodon", "alice@mastodon.social"),
    ("alice@BÜCHER.example", "mastodon", "alice@xn--bcher-kva.example"),
    ("https://bücher.example/@alice", "mastodon", "alice@xn--bcher-kva.example"),
    ("alice@xn--bcher-kva.example", "mastodon", "alice@xn--bcher-kva.example"),
    ("@alice", "x", "alice"),
    ("x:alice", "x", "alice"),
    ("twitter:@alice_1", "x", "alice_1"),
    ("https://x.com/alice", "x", "alice"),
    ("https://x.com/homer", "x", "homer"),
    ("https://twitter.com/alice?lang=en", "x", "alice"),
]


@pytest.mark.parametrize(("text", "platform", "name"), NAMED, ids=[case[0] for case in NAMED])
def test_a_handle_or_an_address_names_an_account(text, platform, name):
    assert parse_target(text) == Target(platform, name)


NOBODY = ["", "alice", "tables", "./folder", "a b.example", "@", "https://example.org/about/us"]
PAGES_OF_X = ["https://x.com/home", "x.com/search?q=a", "https://x.com/i/lists/1"]


@pytest.mark.parametrize("text", [*NOBODY, *PAGES_OF_X])
def test_what_names_nobody_is_left_to_the_files(text):
    assert parse_target(text) is None


@pytest.mark.parametrize("text", ["bluesky:alice", "mastodon:alice", "x:much_too_long_for_a_handle"])
def test_a_platform_with_a_handle_that_cannot_be_is_refused(text):
    with pytest.raises(UsageError, match="is no handle of"):
        parse_target(text)


@pytest.mark.parametrize(
    "text",
    [
        "ana@bücher.example",
        "@ana@BÜCHER.example",
        "mastodon:ana@bücher.example",
        "https://bücher.example/@ana",
        "https://bücher.example/users/ana",
        "ana@xn--bcher-kva.example",
    ],
)
def test_a_server_in_unicode_is_the_one_in_punycode(text: str) -> None:
    assert parse_target(text) == Target("mastodon", "ana@xn--bcher-kva.example")
