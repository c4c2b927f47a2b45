"""Prints how fast an account is collected: requests a second, and the share of the time that limits take.

`python -m benchmarks.collecting [--followers 10000] [--network]`

Three collections of a generated account with so many followers, each with its profile and latest posts, from a local
server that answers at once: without a limit (what Headcount itself takes), with a delay as over the internet, and
with Bluesky's documented limit on a clock that runs 60 times as fast, so that its share shows in a minute. With
`--network`, the main account of the real Bluesky servers that the tests start, too (PDS and AppView on this machine;
its accounts take minutes to make).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pickle
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.collecting.stub import running
from tests.collecting.world import MAIN, Sizes

import headcount as hc
from headcount.sources.bluesky.collector import BlueskyCollector
from headcount.sources.collect.client import Client, Usage
from headcount.sources.collect.pace import duration

FASTER = 60
"""So many times as fast as the real one runs the clock of the limit."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    followers: int
    usage: Usage
    seconds: float
    import_seconds: float

    def text(self) -> str:
        rate, asked = self.usage.requests / self.seconds, self.usage.requests
        share = 100 * self.usage.seconds_limits / self.seconds
        return (
            f"{self.what:52} {self.followers:>9,} {asked:>9,} {self.seconds:>9.1f} {rate:>11.1f} {share:>7.0f} % "
            f"{self.import_seconds:>9.1f}"
        )


def collected(what: str, account: str, appview: str, directory: str) -> Row:
    """Collect an account once, and import it."""
    made: list[Client] = []
    marks: list[float] = []

    def client(**how) -> Client:
        made.append(Client(**how))
        return made[-1]

    os.environ |= {"HEADCOUNT_BLUESKY_APPVIEW": appview, "HEADCOUNT_BLUESKY_DIRECTORY": directory}
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        workspace = hc.open(folder)
        workspace.collect(account, client=client, say=lambda text: marks.append(time.perf_counter()))
        ended = time.perf_counter()
        followers = workspace.accounts()[0][2]
    usage = made[0].usage
    # the last sentence is that of the usage: it is told when the last page has come
    return Row(what, followers, usage, marks[-1] - started, ended - marks[-1])


def measure(followers: int, network: bool) -> Iterator[Row]:
    """Each collection in turn."""
    sizes = Sizes(followers, round(time.time()) * 1_000_000, posts=40, likes=400, replies=60)
    with running(sizes) as server:
        yield collected("a local server that answers at once", MAIN, server.address, server.address)
    few = Sizes(min(followers, 500), sizes.now, posts=40, likes=400, replies=60)
    with running(few, delay=0.05) as server:
        yield collected("the same, 50 ms away, fewer followers", MAIN, server.address, server.address)
    limit = BlueskyCollector().limit("bluesky")
    assert limit is not None
    with running(sizes, requests=limit.requests, window=limit.seconds / FASTER) as server:
        what = f"with a limit of {limit.requests:,} requests in {limit.seconds / FASTER:.0f} s"
        yield collected(what, MAIN, server.address, server.address)
    if network:
        with real_network() as (account, appview, plc):
            yield collected("the real AppView and PDS on this machine", account, appview, plc)


@contextlib.contextmanager
def real_network() -> Iterator[tuple[str, str, str]]:
    """The seeded Bluesky servers: those that HEADCOUNT_BLUESKY_STATE names, or fresh ones."""
    from tests.bluesky_network.network import running_network
    from tests.bluesky_network.seed import seed

    state = os.environ.get("HEADCOUNT_BLUESKY_STATE")
    if state:
        _, (servers, world) = pickle.loads(Path(state).read_bytes())
        yield world.main, servers.appview, servers.plc
        return
    with running_network() as servers:
        world = seed(servers, say=print)
        yield world.main, servers.appview, servers.plc


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.collecting", description=__doc__)
    parser.add_argument("--followers", type=int, default=10_000)
    parser.add_argument("--network", action="store_true", help="the real servers of the tests, too")
    chosen = parser.parse_args()
    os.environ.pop("HEADCOUNT_BLUESKY_SESSION", None)
    with tempfile.TemporaryDirectory() as settings:
        os.environ["HEADCOUNT_SETTINGS"] = settings
        print(f"{'collecting from':52} {'followers':>9} {'requests':>9} {'seconds':>9} {'requests/s':>11}", end="")
        print(f" {'on limits':>9} {'import s':>9}")
        rows = []
        for row in measure(chosen.followers, chosen.network):
            print(row.text(), flush=True)
            rows.append(row)
    limit = BlueskyCollector().limit("bluesky")
    assert limit is not None
    needed = rows[0].usage.requests / limit.requests * limit.seconds
    print(
        f"\n{os.cpu_count()} cores. At Bluesky's own limit ({limit.requests:,} requests in {limit.seconds:.0f} s) the "
        f"{rows[0].usage.requests:,} requests take {duration(needed)} at least."
    )


if __name__ == "__main__":
    main()
