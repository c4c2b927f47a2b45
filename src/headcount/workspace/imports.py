"""What goes into a workspace: imports, collections, streams, and their history."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from headcount.errors import HeadcountError, StoreBusy, UsageError, raises_known_errors
from headcount.store.connection import FILE_NAME
from headcount.store.results import Imported, Snapshot
from headcount.store.store import Store
from headcount.support.record import shorten
from headcount.support.times import Time, as_datetime

if TYPE_CHECKING:
    import duckdb

    from headcount.incoming import ReadResult
    from headcount.sources.collect.client import Client
    from headcount.sources.collect.options import CollectionEstimate, Options
    from headcount.sources.handles import Target
    from headcount.sources.platform import LiveStream

__all__ = ["Imports", "default_folder"]


def default_folder() -> Path:
    """The workspace that is used when none is named: HEADCOUNT_WORKSPACE, else the user's data folder."""
    named = os.environ.get("HEADCOUNT_WORKSPACE")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("headcount", appauthor=False))


@raises_known_errors
class Imports:
    """The part of a workspace that brings data in.

    Args:
        folder: the workspace; made by the first import.
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        self.folder = Path(folder) if folder is not None else default_folder()

    def __repr__(self) -> str:
        # The file is not opened for this: another process may have it open, and a notebook asks often.
        file = self.folder / FILE_NAME
        text = f"Workspace({str(self.folder)!r})"
        if not file.is_file():
            return f"<{shorten(text, 120)}, empty>"
        facts = file.stat()
        written = datetime.fromtimestamp(facts.st_mtime, UTC)
        return f"<{shorten(text, 120)}, {facts.st_size / 1e6:,.1f} MB, last written {written:%Y-%m-%d %H:%M} UTC>"

    def add(
        self,
        source: Path | str,
        *,
        skip_bad: bool = False,
        whole_lists: bool | None = None,
        now: Time | None = None,
    ) -> Imported:
        """Import a folder or file, or collect an account; again, it records what is new and what is gone.

        Args:
            source: a folder of tidy tables, a file that one of the sources recognises, or an account (`collect`).
            skip_bad: leave out rows that cannot be read instead of refusing them all.
            whole_lists: are the follows whole follower lists (who is missing is gone)? None leaves it to the source.
            now: the time of the import, as `as_of` in `measure`; the clock's where it is not given.

        Raises:
            UsageError: nothing is there, or no source recognises it.
            BadRows: some rows are wrong and `skip_bad` is false; nothing was imported.
            InputError: the file as a whole cannot be read; nothing was imported.
        """
        from headcount.sources import find_source, read_source, registry
        from headcount.sources.handles import parse_target

        read_at = None if now is None else as_datetime(now, "now")
        path = Path(source).expanduser()
        target = None if path.exists() else parse_target(str(source))
        if target is not None:
            imported = self.collect(str(source), now=read_at)
            if imported is None:  # nobody was asked, so nobody said no
                raise UsageError(f"{source} was not collected.")
            return imported
        reader = find_source(path)
        with Store(self.folder, write=True) as store:
            return store.ingest(
                lambda con: read_source(reader, path, con, skip_bad=skip_bad),
                path=str(path.resolve()),
                now=read_at,
                whole_lists=whole_lists,
                platforms=registry.names(),
            )

    def collect(
        self,
        account: str,
        options: Options | None = None,
        *,
        agree: Callable[[CollectionEstimate], bool] = lambda _estimate: True,
        show: Callable[[str, int, int | None], None] = lambda _step, _done, _total: None,
        say: Callable[[str], None] = lambda _text: None,
        fresh: bool = False,
        log: bool = False,
        now: Time | None = None,
        client: Callable[..., Client] | None = None,
    ) -> Imported | None:
        """Collect an account from its platform and import it; goes on where an earlier call was stopped.

        Args:
            account: alice.bsky.social, alice@server.example, @alice (X), or the address of a profile.
            options: what to collect (see `headcount.sources.collect.options.Options`).
            agree: asked with the quote, before anything long, whether to go on.
            show: told (step, done, total or None) after each page; say: told a sentence for the user.
            fresh: begin anew even where a collection was stopped.
            log: write what happens, fault by fault, to `collect.log` in the workspace.
            now: the time of the import, as `as_of` in `measure`; the clock's where it is not given.
            client: makes another client than the usual one (see `headcount.sources.collect.client.Client`).

        Returns:
            What the import changed; None where `agree` said no.

        Raises:
            UsageError: that is no account, or the options exclude each other.
            AccountNotFound: the platform has no such account.
            PlatformError: the platform does not answer; what came is kept, and the same call goes on from there.
        """
        from headcount.sources import find_source, read_source, registry
        from headcount.sources.collect.client import Client
        from headcount.sources.collect.collecting import collect
        from headcount.sources.collect.landing import Landing
        from headcount.sources.collect.log import log_file
        from headcount.sources.collect.options import Options
        from headcount.sources.handles import parse_target
        from headcount.sources.login.sessions import find_login

        read_at = None if now is None else as_datetime(now, "now")
        target = parse_target(account)
        if target is None:
            raise UsageError(f"{account!r} is not a valid account.", hint=f"write {registry.examples()}.")
        chosen = options or Options()
        landing = None if fresh else self._not_imported(target, chosen)
        if landing is not None:
            say(
                "An earlier collection had not been imported; it is imported now. Run the same command again to "
                "collect again."
            )
        else:
            with log_file(self.folder / "collect.log") if log else nullcontext():
                landing = collect(
                    target,
                    self.folder,
                    chosen,
                    client=client or Client,
                    login=lambda whose: find_login(whose, chosen.service),
                    agree=agree,
                    show=show,
                    say=say,
                    fresh=fresh,
                )
        if landing is None:
            return None
        with Landing(landing) as collected:
            account_id = collected.meta("account_id")
        with Store(self.folder, write=True) as store:
            if account_id is not None:
                store.unforget(account_id)
            reader = find_source(landing)
            imported = store.ingest(
                lambda con: read_source(reader, landing, con, skip_bad=False),
                path=str(landing.resolve()),
                now=read_at,
                platforms=registry.names(),
            )
        with Landing(landing, write=True) as collected:
            collected.mark_imported()
        return imported

    def watch(
        self,
        account: str,
        *,
        stop: threading.Event | None = None,
        service: str | None = None,
        say: Callable[[str], None] = lambda _text: None,
        log: bool = False,
    ) -> None:
        """Follow an account as it happens, from its collection on; goes on where an earlier call was stopped.

        Args:
            account: as in `collect`; it was collected before.
            stop: set it to end; an interrupt ends it too.
            service: another server of the platform than the usual one.
            say: told a sentence for the user.
            log: as in `collect`.

        Raises:
            UsageError: its platform cannot be followed live, or it was not collected.
            StoreBusy: another process follows it already.
        """
        from headcount.sources.collect.log import log_file

        def ingest(read: Callable[[duckdb.DuckDBPyConnection], ReadResult], path: str) -> None:
            with Store(self.folder, write=True) as store:
                store.ingest(read, path=path)

        with log_file(self.folder / "collect.log") if log else nullcontext():
            self._live_stream(account).follow_live(
                self.folder, account, stop or threading.Event(), ingest, service=service, say=say
            )

    def can_watch(self, account: str) -> bool:
        """Was the account collected, so that it can be followed live?

        Raises:
            UsageError: its platform cannot be followed live.
        """
        return self._live_stream(account).newest_collection(self.folder, account) is not None

    def _live_stream(self, account: str) -> LiveStream:
        """How accounts of this one's platform are followed live."""
        from importlib import import_module

        from headcount.sources.handles import parse_target
        from headcount.sources.registry import PLATFORMS, find_platform

        target = parse_target(account)
        platform = find_platform(target.platform) if target is not None else None
        if platform is None or platform.live is None:
            able = " and ".join(entry.label for entry in PLATFORMS if entry.live is not None)
            raise UsageError(f"{account!r} cannot be followed live.", hint=f"only accounts of {able} can be.")
        stream: Any = import_module(platform.live)
        return cast("LiveStream", stream)

    def _not_imported(self, target: Target, options: Options) -> Path | None:
        """The newest landing of these options, where it was collected to its end and the import was stopped."""
        from headcount.sources.collect.landing import Landing
        from headcount.sources.collect.landing_folder import find_finished, landing_folder

        landing = find_finished(landing_folder(self.folder, f"{target.platform}:{target.name}"), options.text())
        if landing is None:
            return None
        with Landing(landing) as collected:
            return None if collected.is_imported else landing

    def sync(self, *, skip_bad: bool = False, **how: Any) -> list[Imported]:
        """Everything again that was added before: collected anew, or imported where the file is still there.

        Args:
            skip_bad: as in `add`.
            how: as in `collect`, for accounts.
        """
        from headcount.sources.collect.landing import ENDING
        from headcount.sources.collect.landing_folder import collected_as

        paths = list(dict.fromkeys(snapshot.path for snapshot in self.snapshots()))
        # only what was collected here is collected again: another workspace's file names servers of its own
        own = (self.folder / "landing").resolve()
        is_own = {path: path.endswith(ENDING) and Path(path).is_relative_to(own) for path in paths}
        accounts = dict.fromkeys(collected_as(Path(path)) for path in paths if is_own[path])
        collected, failed = self._collect_again([account for account in accounts if account is not None], how)
        there = [path for path in paths if Path(path).exists() and not is_own[path]]
        if failed is not None and not collected and not there:
            raise failed
        if not there and not any(accounts):
            raise UsageError(
                "None of the files imported earlier exists at its original path.",
                hint="add them from their new path: headcount add",
            )
        return collected + [self.add(path, skip_bad=skip_bad) for path in there]

    def _collect_again(
        self, accounts: list[tuple[str, Options]], how: dict[str, Any]
    ) -> tuple[list[Imported], HeadcountError | None]:
        """Each account in turn: one that cannot be had does not end it. The last failure is told too."""
        collected, failed = [], None
        for account, options in accounts:
            try:
                imported = self.collect(account, options, **how)
            except StoreBusy:
                raise
            except HeadcountError as error:
                failed = error
                if "say" in how:
                    how["say"](f"{account} was skipped: {error}")
            else:
                collected += [imported] if imported is not None else []
        return collected, failed

    def snapshots(self) -> list[Snapshot]:
        """Every import, oldest first."""
        with Store(self.folder) as store:
            return store.snapshots()
