"""Everything that twarc recorded from the real API, by id; lists that were not recorded are made of recorded accounts.

Nothing of the project's own code is used: what is counted here is what the project has to find.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Object = dict[str, Any]
FOLDER = Path("fixtures") / "twitter" / "twarc"


class Recorded:
    """Tweets and users.

    Args:
        data: the folder of public research data.
    """

    def __init__(self, data: Path) -> None:
        self.tweets: dict[str, Object] = {}
        self.users: dict[str, Object] = {}
        for path in sorted((data / FOLDER).glob("*.jsonl.gz")):
            for line in gzip.decompress(path.read_bytes()).decode().split("\n"):
                self._take(line)
        self.ids = {str(user["username"]).lower(): user["id"] for user in self.users.values()}
        self.by_author: dict[str, list[Object]] = {}
        self.mentioning: dict[str, list[Object]] = {}
        self.referring: dict[tuple[str, str], list[Object]] = {}
        for tweet in sorted(self.tweets.values(), key=lambda tweet: -int(tweet["id"])):
            self.by_author.setdefault(tweet["author_id"], []).append(tweet)
            for account in self.mentioned(tweet):
                self.mentioning.setdefault(account, []).append(tweet)
            for reference in tweet.get("referenced_tweets", []):
                self.referring.setdefault((reference["type"], reference["id"]), []).append(tweet)
        self.whole = sorted(
            (user for user in self.users.values() if "public_metrics" in user), key=lambda u: -int(u["id"])
        )

    def _take(self, line: str) -> None:
        try:
            content = json.loads(line)
        except ValueError:  # twarc also wrote what was no JSON
            return
        included = content.get("includes", {}) if "data" in content else {}
        data = content.get("data", content)
        found = [*included.get("users", []), *included.get("tweets", []), *(data if isinstance(data, list) else [data])]
        for thing in [*found, *(thing["author"] for thing in found if isinstance(thing.get("author"), dict))]:
            if "username" in thing:
                self.users.setdefault(thing["id"], {}).update(thing)
            elif "author_id" in thing:
                known = self.tweets.setdefault(thing["id"], {})
                known.update({name: value for name, value in thing.items() if name not in ("author", "__twarc")})

    def mentioned(self, tweet: Object) -> set[str]:
        """Accounts that a tweet names, without its author."""
        mentions = tweet.get("entities", {}).get("mentions", [])
        found = {mention.get("id") or self.ids.get(mention["username"].lower()) for mention in mentions}
        return found - {None, tweet["author_id"]}

    def posts(self, account: str) -> list[Object]:
        """What an account wrote, newest first."""
        return self.by_author.get(account, [])

    def mentions(self, account: str) -> list[Object]:
        """What others wrote that names it, newest first."""
        return self.mentioning.get(account, [])

    def conversation(self, root: str) -> list[Object]:
        """The answers in a conversation, newest first."""
        found = [tweet for tweet in self.tweets.values() if tweet.get("conversation_id") == root != tweet["id"]]
        return sorted(found, key=lambda tweet: -int(tweet["id"]))

    def quoting(self, post: str) -> list[Object]:
        """Tweets that quote it."""
        return self.referring.get(("quoted", post), [])

    def reposters(self, post: str) -> list[Object]:
        """Accounts that reposted it, once each."""
        actors = dict.fromkeys(tweet["author_id"] for tweet in self.referring.get(("retweeted", post), []))
        return [self.users[actor] for actor in actors if actor in self.users]

    def likers(self, post: str) -> list[Object]:
        """As many recorded accounts as it is said to have likes, at most 150: who they were was not recorded."""
        count = self.tweets[post].get("public_metrics", {}).get("like_count", 0) if post in self.tweets else 0
        others = self._others(self.tweets[post]["author_id"] if post in self.tweets else "")
        start = int(post) % max(len(others), 1)
        return (others[start:] + others[:start])[: min(count, 150)]

    def followers(self, account: str) -> list[Object]:
        """Recorded accounts; three fewer than the counter says, as with the real lists."""
        return self._others(account)[: self._counter(account, "followers_count") - 3]

    def following(self, account: str) -> list[Object]:
        """Recorded accounts, from the other end."""
        return self._others(account)[::-1][: self._counter(account, "following_count")]

    def _counter(self, account: str, name: str) -> int:
        return int(self.users[account].get("public_metrics", {}).get(name, 300))

    def _others(self, account: str) -> list[Object]:
        return [user for user in self.whole if user["id"] != account]

    def references(self, tweet: Object) -> Iterator[str]:
        """What a tweet refers to."""
        return (reference["id"] for reference in tweet.get("referenced_tweets", []))
