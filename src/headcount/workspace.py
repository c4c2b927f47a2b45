"""The public library: a workspace, what goes into it, and the answers that come out."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsFloat

from headcount.errors import AccountNotFound, HeadcountError, NotEnoughData, StoreBusy, UsageError, raises_known_errors
from headcount.reading import AccountView, find_account, known_accounts, read_account, read_followers
from headcount.reading_lists import KnownAccount, known_accounts_with_lists
from headcount.record import shorten
from headcount.store import FILE_NAME, Imported, Snapshot, Store
from headcount.times import Time, as_datetime

if TYPE_CHECKING:
    from headcount.columns import Followers
    from headcount.labels import Labelling
    from headcount.measures.authenticity import Authenticity
    from headcount.report.build import Measured
    from headcount.report.model import FollowerRows, Report
    from headcount.sources.collecting import Options, Quote
    from headcount.sources.handles import Target
    from headcount.sources.http import Client

__all__ = ["Workspace", "default_folder", "open"]

DEFAULT_WINDOW_DAYS = 56.0


def default_folder() -> Path:
    """The workspace that is used when none is named: HEADCOUNT_WORKSPACE, else the user's data folder."""
    named = os.environ.get("HEADCOUNT_WORKSPACE")
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_data_dir("headcount", appauthor=False))


def _names(given: str | Sequence[str] | None) -> list[str] | None:
    """One name as a list of one: a text is a sequence too, of its letters."""
    return None if given is None else [given] if isinstance(given, str) else list(given)


def _days(window: float | None) -> float | None:
    """The length of a window in days; None for everything."""
    if window is None:
        return None
    if isinstance(window, bool | str) or not isinstance(window, SupportsFloat) or not 0 < float(window) < inf:
        raise UsageError(
            f"window_days: {window!r} is not a number of days above 0.", hint="give 56 for 8 weeks, or None for all."
        )
    return float(window)


def open(folder: Path | str | None = None) -> Workspace:
    """Open a workspace; a folder without one becomes one with the first `add`.

    Args:
        folder: the workspace; without it the default one (see `default_folder`).
    """
    return Workspace(folder)


@raises_known_errors
class Workspace:
    """A folder with everything that was collected.

    The file is opened for each call and closed after it, so other processes can use it in between.

    Every method raises a subclass of `HeadcountError` with one sentence for what the database, a damaged file, a full
    disk or too little memory cause; the error of the library is its cause.

    Args:
        folder: the workspace; without it the default one.
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
        from headcount.sources import find_source, read_source
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
            )

    def collect(
        self,
        account: str,
        options: Options | None = None,
        *,
        agree: Callable[[Quote], bool] = lambda _quote: True,
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
            options: what to collect (see `headcount.sources.collecting.Options`).
            agree: asked with the quote, before anything long, whether to go on.
            show: told (step, done, total or None) after each page; say: told a sentence for the user.
            fresh: begin anew even where a collection was stopped.
            log: write what happens, fault by fault, to `collect.log` in the workspace.
            now: the time of the import, as `as_of` in `measure`; the clock's where it is not given.
            client: makes another client than the usual one (see `headcount.sources.http.Client`).

        Returns:
            What the import changed; None where `agree` said no.

        Raises:
            UsageError: that is no account, or the options exclude each other.
            AccountNotFound: the platform has no such account.
            PlatformError: the platform does not answer; what came is kept, and the same call goes on from there.
        """
        from headcount.sources import find_source, read_source
        from headcount.sources.collecting import Options, collect, log_file
        from headcount.sources.handles import parse_target
        from headcount.sources.http import Client
        from headcount.sources.landing import Landing
        from headcount.sources.sessions import find_login

        read_at = None if now is None else as_datetime(now, "now")
        target = parse_target(account)
        if target is None:
            raise UsageError(
                f"{account!r} is no account.", hint="write alice.bsky.social, alice@server.example or x:alice."
            )
        chosen = options or Options()
        landing = None if fresh else self._not_taken_in(target, chosen)
        if landing is not None:
            say("It was collected before and not taken in: that is done now. The same command again collects anew.")
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
                store.remember(account_id)
            reader = find_source(landing)
            imported = store.ingest(
                lambda con: read_source(reader, landing, con, skip_bad=False), path=str(landing.resolve()), now=read_at
            )
        with Landing(landing, write=True) as collected:
            collected.take_in()
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
        """Follow an account of Bluesky live, from its collection on; goes on where an earlier call was stopped.

        Args:
            account: as in `collect`; it was collected before.
            stop: set it to end; an interrupt ends it too.
            service: another server of the platform than the usual one.
            say: told a sentence for the user.
            log: as in `collect`.

        Raises:
            UsageError: it is no account of Bluesky, or was not collected.
            StoreBusy: another process follows it already.
        """
        from headcount.sources.bluesky_live import follow_live
        from headcount.sources.collecting import log_file

        with log_file(self.folder / "collect.log") if log else nullcontext():
            follow_live(self.folder, account, stop or threading.Event(), service=service, say=say)

    def _not_taken_in(self, target: Target, options: Options) -> Path | None:
        """The newest landing of these options, where it was collected to its end and the import was stopped."""
        from headcount.sources.landing import Landing, find_finished, landing_folder

        landing = find_finished(landing_folder(self.folder, f"{target.platform}:{target.name}"), options.text())
        if landing is None:
            return None
        with Landing(landing) as collected:
            return None if collected.taken_in else landing

    def sync(self, *, skip_bad: bool = False, **how: Any) -> list[Imported]:
        """Everything again that was added before: collected anew, or imported where the file is still there.

        Args:
            skip_bad: as in `add`.
            how: as in `collect`, for accounts.
        """
        from headcount.sources.landing import ENDING, collected_as

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
                "Nothing that was added before is still at its place.",
                hint="add it from its new place: headcount add",
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
                    how["say"](f"{account} was left out: {error}")
            else:
                collected += [imported] if imported is not None else []
        return collected, failed

    def accounts(self, limit: int = 20) -> list[KnownAccount]:
        """Accounts that a report can be made of, each with how completely its followers were listed."""
        with Store(self.folder) as store:
            return known_accounts_with_lists(store.connection, known_accounts(store.connection, limit))

    def snapshots(self) -> list[Snapshot]:
        """Every import, oldest first."""
        with Store(self.folder) as store:
            return store.snapshots()

    def view(
        self,
        account: str | None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
    ) -> AccountView:
        """The columns of one account: what the measures are given (see `headcount.reading`).

        Args:
            account, window_days, as_of: as in `measure`.

        Raises:
            UsageError: `as_of` is not a time, or in the future; `window_days` is not a number above 0.
            AccountNotFound, AmbiguousAccount, NotEnoughData: as in `measure`.
        """
        end = None if as_of is None else as_datetime(as_of)
        if end is not None and end > datetime.now(UTC):
            raise UsageError(
                f"The end of the observation, {end:%Y-%m-%d %H:%M} UTC, is in the future.",
                hint="leave it out, or give a time in the past.",
            )
        days = _days(window_days)
        with Store(self.folder) as store:
            name = account if account is not None else self._only_account(store)
            found = find_account(store.connection, name)
            return read_account(store.connection, found, window_days=days, as_of=end)

    def measure(
        self,
        account: str | None = None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
        questions: str | Sequence[str] | None = None,
    ) -> Measured:
        """All measures of one account.

        Args:
            account: a handle or an id; may be left out where the workspace holds just one.
            window_days: how far back posts are looked at; None for everything.
            as_of: end of the observation: a datetime (without a zone it is UTC), a date or a text in ISO 8601 (a date
                alone is the start of that day, UTC), as for `--as-of`; without it the newest observation, else the
                newest event.
            questions: post_id or post_ids to take for questions; without them a documented rule finds them.

        Raises:
            UsageError: `as_of` is not a time, or in the future; `window_days` is not a number above 0.
            AccountNotFound, AmbiguousAccount: see `find_account`.
            NotEnoughData: nothing is known of the account, or a named question is not in the window.
        """
        from headcount.report.build import measure

        return measure(self.view(account, window_days=window_days, as_of=as_of), chosen=_names(questions))

    def report(
        self,
        account: str | None = None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
        questions: str | Sequence[str] | None = None,
        beside: str | Sequence[str] | None = None,
        anonymous: bool = False,
    ) -> Report:
        """The whole answer for one account.

        Args:
            account, window_days, as_of, questions: as in `measure`.
            beside: handle or id of another account to compare with, or several of them.
            anonymous: leave out every name.

        Raises:
            UsageError, AccountNotFound, AmbiguousAccount, NotEnoughData: as in `measure`.
        """
        from headcount.report.build import build_report

        def measured(name: str | None) -> Measured:
            return self.measure(name, window_days=window_days, as_of=as_of)

        main = self.measure(account, window_days=window_days, as_of=as_of, questions=questions)
        others = [measured(name) for name in dict.fromkeys(_names(beside) or ())]
        others = [other for other in others if other.view.facts.account_id != main.view.facts.account_id]
        return build_report(main, beside=others, anonymous=anonymous)

    def followers(self, account: str | None = None, *, label: str | None = None) -> FollowerRows:
        """Every listed follower with class and reasons; with `label` only those of one class.

        Returns:
            A list of rows; its `follower_list` says how completely they were listed: rows of a partial list are not all
            followers, and where there is no list at all they are none.
        """
        from headcount.report.build import follower_rows

        return follower_rows(self.measure(account), label=label)

    def authenticity(
        self,
        account: str | None = None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
    ) -> Authenticity:
        """Is each follower real? In agreement with the classes of the report, corrected by the labels of `label`.

        Args:
            account, window_days, as_of: as in `measure`.

        Raises:
            AccountNotFound, AmbiguousAccount: see `find_account`.
            NotEnoughData: the list of followers is unknown.
        """
        found = self.measure(account, window_days=window_days, as_of=as_of).authenticity
        if found is None:
            raise self._no_list()
        return found

    def to_label(self, number: int, account: str | None = None, *, seed: int = 0) -> list[tuple[str, str | None]]:
        """Followers to label, as id and handle: drawn evenly over the whole list, without those that have a label.

        Errors measured on followers that look odd are not the errors on all; so those to label are drawn.

        Args:
            number: how many; fewer where there are not so many.
            account: as in `authenticity`; seed: of the draw.

        Raises:
            AccountNotFound, AmbiguousAccount, NotEnoughData: as in `authenticity`.
        """
        from headcount.labels import draw, labels_of

        with Store(self.folder) as store:
            followers = self._followers_of(store, account)
            rows = draw(followers, labels_of(store.connection), number, seed=seed)
        return [(followers.account_id[row], followers.handle[row]) for row in rows]

    def _followers_of(self, store: Store, account: str | None) -> Followers:
        """The followers of an account."""
        name = account if account is not None else self._only_account(store)
        followers, _ = read_followers(store.connection, find_account(store.connection, name), as_of=None)
        if followers is None:
            raise self._no_list()
        return followers

    def _no_list(self) -> NotEnoughData:
        return NotEnoughData(
            "The list of followers of this account is unknown, so nobody can be judged.",
            hint="add a source that holds follows.",
        )

    def label(
        self, follower: str, label: str | None, *, account: str | None = None, now: Time | None = None
    ) -> Labelling:
        """Say of a follower that it is real, auto or spam; the model is corrected by what was said.

        Args:
            follower: a handle or an id.
            label: real, auto or spam; None takes a label back.
            account: whose follower; may be left out where it follows one account of the workspace.
            now: the time of the label, as `as_of` in `measure`; the clock's where it is not given.

        Raises:
            AccountNotFound: no such account, or it does not follow.
            AmbiguousAccount: see `find_account`.
            UsageError: no such label; or it follows several accounts, and none was named.
        """
        from headcount.labels import labels_of, outcome, set_label
        from headcount.report.build import measure

        read_at = datetime.now(UTC) if now is None else as_datetime(now, "now")
        with Store(self.folder, write=True) as store:
            account_id = find_account(store.connection, follower)
            about = self._followed(store, account_id, follower, account)
            set_label(store.connection, account_id, label, read_at)
            labels = labels_of(store.connection)
            handle = store.handle_of(account_id)
            # read while the store is open: another process could take it in between, and the label is stored already
            view = read_account(store.connection, about, window_days=DEFAULT_WINDOW_DAYS, as_of=None)
        return outcome(account_id, handle, label, measure(view).authenticity, labels)

    def _followed(self, store: Store, follower_id: str, named: str, account: str | None) -> str:
        """Which account of the workspace a follower is looked at for."""
        rows = store.connection.execute("SELECT DISTINCT followee_id FROM follows WHERE follower_id = ?", [follower_id])
        followed: list[str] = sorted(row[0] for row in rows.fetchall())
        if account is not None:
            about = find_account(store.connection, account)
            if about not in followed:
                raise AccountNotFound(
                    f"{named} is no follower of {account}.", hint="list the followers with: headcount followers"
                )
            return about
        if not followed:
            raise AccountNotFound(
                f"{named} follows nobody in this workspace.", hint="list the followers with: headcount followers"
            )
        followed = [name for name in followed if name in store.collected()] or followed
        if len(followed) > 1:
            names = ", ".join(store.handle_of(name) or name for name in followed[:5])
            raise UsageError(f"{named} follows several accounts here.", hint=f"name one with --account: {names}")
        return followed[0]

    def find(self, name: str) -> str:
        """The account_id behind a handle or an id (see `headcount.reading.find_account`)."""
        with Store(self.folder) as store:
            return find_account(store.connection, name)

    def author_of(self, post: str) -> tuple[str, str] | None:
        """The author and the id of a post, named by its id or its link; None where no post has that id."""
        from headcount.reading import find_post

        with Store(self.folder) as store:
            return find_post(store.connection, post)

    def export(
        self,
        folder: Path | str,
        *,
        format: str = "parquet",
        replace: bool = False,
        select: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, int]:
        """Write the four tables as tidy tables; gives the rows of each.

        Args:
            folder: made when it is not there; format: parquet, csv, csv.gz or jsonl.
            replace: files there may be replaced.
            select: names of tables to their columns, in order; other tables are not written. None for all.
        """
        with Store(self.folder) as store:
            return store.export(Path(folder), format=format, replace=replace, select=select)

    def forget(self, account: str) -> dict[str, int]:
        """Delete all that is known of an account; gives the rows deleted a table.

        It is also taken out of the answers of its platform that were kept, and does not come back with a later
        import, unless it is collected itself.
        """
        from headcount.sources.landing import forget_in_landings

        with Store(self.folder, write=True) as store:
            try:
                account_id = find_account(store.connection, account)
            except AccountNotFound:
                if store.was_forgotten(account):  # an earlier run was interrupted after it, or this is a repetition
                    return dict.fromkeys(("accounts", "account_history", "follows", "posts", "interactions"), 0)
                raise
            # the tables last: as long as they name the account, what a fault has stopped can be asked for again
            forget_in_landings(self.folder, account_id, store.handle_of(account_id))
            return store.forget(account_id)

    def _only_account(self, store: Store) -> str:
        collected = store.collected()
        if len(collected) == 1:
            return collected[0]
        known = known_accounts(store.connection, 6)
        if len(known) == 1:
            return known[0][0]
        if not known:
            raise UsageError("The workspace holds no account.", hint="add data first with: headcount add SOURCE")
        names = ", ".join(handle or account for account, handle, *_ in known[:5])
        raise UsageError("Which account?", hint=f"name one, as in: headcount report ACCOUNT; known are {names} …")
