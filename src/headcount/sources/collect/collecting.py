"""Collecting from a platform: what all collectors have in common.

A collector asks a platform for pages and keeps them in a landing; a source of the same platform later reads the
landing like any other file. A collector is written as if it began anew each time: a page that is in the landing is
taken from there, so the same run after a stop asks only for what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from headcount.errors import BudgetReached, PlatformError, UsageError
from headcount.sources import registry
from headcount.sources.collect.client import Client
from headcount.sources.collect.collection import Collection, Login, log
from headcount.sources.collect.gone import AccountGone, earlier_account_id, record_gone
from headcount.sources.collect.landing import ENDING, Landing
from headcount.sources.collect.landing_folder import find_unfinished, landing_folder, remove_landing
from headcount.sources.collect.options import CollectionEstimate, Options
from headcount.sources.collect.pace import Limit
from headcount.sources.formats.malformed import ODD_VALUE
from headcount.sources.platform import Platform, Target, load
from headcount.wording import listing

__all__ = ["Collector", "collect"]

Unit = Mapping[str, str | int]


class Collector(Protocol):
    """Asks one platform for what is to be known of one account."""

    platform: str

    def limit(self, bucket: str) -> Limit | None:
        """The documented limit of a bucket; None where there is none."""

    def estimate(self, collection: Collection, target: Target) -> CollectionEstimate:
        """Look at the account and say what collecting will take.

        Raises:
            AccountNotFound: there is no such account.
            AccessDenied: the platform does not show it.
        """

    def collect(self, collection: Collection) -> None:
        """Ask for everything, after `quote`."""


def collect(
    target: Target,
    workspace: Path,
    options: Options,
    *,
    client: Callable[..., Client] = Client,
    login: Callable[[Target], Login | None] = lambda _target: None,
    agree: Callable[[CollectionEstimate], bool] = lambda _estimate: True,
    show: Callable[[str, int, int | None], None] = lambda _step, _done, _total: None,
    say: Callable[[str], None] = lambda _text: None,
    fresh: bool = False,
) -> Path | None:
    """Collect one account into a landing; goes on with one that was begun with the same options.

    Args:
        target: whom; workspace: the folder that the landing goes into; options: what was asked for.
        client: makes the client, given `say` and the limits; login: finds the login of a target.
        agree: asked with the quote whether to go on.
        show, say: see `Collection`.
        fresh: begin anew even where a collection was stopped.

    Returns:
        The finished landing; None where `agree` said no.

    Raises:
        PlatformError: what was collected is kept, and the same call goes on from there.
    """
    _check(options, target)
    collector: Collector = load(_platform_of(target).collector)()
    folder = landing_folder(workspace, f"{target.platform}:{target.name}")
    path = None if fresh else find_unfinished(folder, options.text())
    new = path is None
    if path is None:
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{ENDING}"
    begun = False
    try:
        with Landing(path, write=True) as landing, client(say=say, limits=collector.limit) as asking:
            for key, value in (("platform", target.platform), ("target", target.name), ("options", options.text())):
                landing.set_meta(key, value)
            if not new:
                since = str(landing.meta("begun_at"))[:16].replace("T", " ")
                say(
                    f"Resuming the collection started {since} UTC. {landing.count():,} responses are already "
                    f"stored and not requested again; the counts below include them."
                )
            collection = Collection(landing, asking, options, login(target), show, say)
            collection.failures.is_preparing = True
            try:
                with _expected_form(target):
                    estimate = collector.estimate(collection, target)
            except AccountGone as gone:
                if gone.account_id is None or earlier_account_id(landing) != gone.account_id:
                    raise
                begun = True
                say(gone.message)
                record_gone(landing, gone)
                return path
            landing.set_meta("account_id", estimate.account_id)
            if not agree(estimate):
                return None
            begun = True
            with _expected_form(target):
                _run(collector, collection)
    finally:
        if new and not begun:  # an answer to a question that went no further is no collection to go on with
            remove_landing(path)
    return path


@contextmanager
def _expected_form(target: Target) -> Iterator[None]:
    """Values of another type than a platform documents are left out where they stand; the rest ends the run here.

    Raises:
        PlatformError: a response has a form that the collector does not expect. What was collected is kept.
    """
    try:
        yield
    except ODD_VALUE as error:
        raise PlatformError(
            f"A response about {target.name} has an unexpected form ({type(error).__name__}: {str(error)[:80]}).",
            hint="run the same command again to resume; what was collected is kept.",
        ) from error


def _run(collector: Collector, collection: Collection) -> None:
    """Ask for everything; what is stopped by the budget is taken in as it is, and can go on."""
    usage = collection.client.usage
    collection.failures.is_preparing = False
    try:
        collector.collect(collection)
    except BudgetReached as error:
        collection.tell_left_out()
        collection.note(f"{error.message} The data read so far are imported; they are incomplete.", topic="cost_limit")
        collection.say(str(error))
    else:
        collection.tell_left_out()
        collection.landing.finish()
    finally:
        if usage.requests:
            log.info(usage.sentence())
            collection.say(usage.sentence())


def _platform_of(target: Target) -> Platform:
    platform = registry.find_platform(target.platform)
    if platform is None:
        raise UsageError(f"{target.platform!r} is not a platform.", hint=f"known: {', '.join(registry.names())}.")
    return platform


def _check(options: Options, target: Target) -> None:
    """Refuse options that cannot be.

    Raises:
        UsageError: they exclude each other or are no numbers that make sense.
    """
    if options.limit is not None and options.sample is not None:
        raise UsageError(
            "--limit selects the newest followers, --sample draws from all of them.", hint="use only one of them."
        )
    platform = _platform_of(target)
    if options.follows_among is not None and not platform.has_follows_between:
        able = [entry.label for entry in registry.PLATFORMS if entry.has_follows_between]
        raise UsageError(
            f"The follows among followers can be collected from {listing(able)} only, not from {platform.label}.",
            hint="omit --follows-among; follows among followers can be added as a table (docs/how-to/import.md).",
        )
    for address in (options.service, options.backlinks):
        if address is not None and not address.startswith(("http://", "https://")):
            raise UsageError(
                f"{address!r} is not a valid server address.", hint="a server address starts with https://"
            )
