"""The public library: a workspace, what goes into it, and the answers that come out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.errors import AccountNotFound, NotEnoughData, UsageError, raises_known_errors
from headcount.report.rows import FollowerRows
from headcount.store.read.find import find_account, known_accounts
from headcount.store.read.lists import KnownAccount, known_accounts_with_lists
from headcount.store.store import Store
from headcount.store.verdicts import VerdictKey, read_state
from headcount.support.times import Time, as_datetime
from headcount.workspace.arguments import as_days, as_end, as_names, check_selection
from headcount.workspace.imports import Imports, default_folder
from headcount.workspace.verdicts import keep_verdicts, stored_followers

if TYPE_CHECKING:
    from headcount.analysis import Analysis
    from headcount.columns import Followers
    from headcount.measures.followers.authenticity import Authenticity
    from headcount.measures.question.results import Question
    from headcount.report.parts.ties import TiesPart
    from headcount.report.report import Report
    from headcount.store.labels import Labelling
    from headcount.store.read.view import AccountView

__all__ = ["Workspace", "default_folder", "open"]

DEFAULT_WINDOW_DAYS = 56.0


def open(folder: Path | str | None = None) -> Workspace:
    """Open a workspace; a folder without one becomes one with the first `add`.

    Args:
        folder: the workspace; without it the default one (see `default_folder`).
    """
    return Workspace(folder)


@raises_known_errors
class Workspace(Imports):
    """A folder with everything that was collected.

    The file is opened for each call and closed after it, so other processes can use it in between.

    Every method raises a subclass of `HeadcountError` with one sentence for what the database, a damaged file, a full
    disk or too little memory cause; the error of the library is its cause.

    Args:
        folder: the workspace; without it the default one.
    """

    def accounts(self, limit: int = 20) -> list[KnownAccount]:
        """Accounts that a report can be made of, each with how completely its followers were listed."""
        with Store(self.folder) as store:
            return known_accounts_with_lists(store.connection, known_accounts(store.connection, limit))

    def view(
        self,
        account: str | None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
        words_only: bool = False,
    ) -> AccountView:
        """The columns of one account: what the measures are given (see `headcount.store.read.account`).

        Args:
            account: as in `measure`.
            window_days: as in `measure`.
            as_of: as in `measure`.
            words_only: read only what ties and questions need (see `AccountView.words_only`).

        Raises:
            UsageError: `as_of` is not a time, or in the future; `window_days` is not a number above 0.
            AccountNotFound, AmbiguousAccount, NotEnoughData: as in `measure`.
        """
        from headcount.sources import registry
        from headcount.store.read.account import read_account

        end, days = as_end(as_of), as_days(window_days)
        with Store(self.folder) as store:
            name = account if account is not None else self._only_account(store)
            found = find_account(store.connection, name)
            view = read_account(store.connection, found, window_days=days, as_of=end, words_only=words_only)
        platform = registry.find_platform(view.facts.platform)
        if platform is None:
            return view
        between = platform.has_follows_between
        return replace(view, facts=replace(view.facts, is_collectable=True, has_follows_between=between))

    def measure(
        self,
        account: str | None = None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
        questions: str | Sequence[str] | None = None,
    ) -> Analysis:
        """All measures of one account, each computed when it is first asked for (see `headcount.analysis.Analysis`).

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
        from headcount.analysis import measure

        return measure(self.view(account, window_days=window_days, as_of=as_of), chosen=as_names(questions))

    def ties(
        self,
        account: str | None = None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
    ) -> TiesPart:
        """With whom the account has a two-way tie, as in the report; only what that needs is read and computed.

        Args:
            account, window_days, as_of: as in `measure`.

        Raises:
            UsageError, AccountNotFound, AmbiguousAccount, NotEnoughData: as in `measure`.
        """
        from headcount.analysis import Analysis
        from headcount.report.parts.ties import TiesPart

        return TiesPart.from_analysis(
            Analysis(self.view(account, window_days=window_days, as_of=as_of, words_only=True))
        )

    def question(
        self,
        account: str | None = None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
        questions: str | Sequence[str] | None = None,
    ) -> Question:
        """The 24-hour test of questions, as in the report; only what that needs is read and computed.

        Args:
            account, window_days, as_of, questions: as in `measure`.

        Raises:
            UsageError, AccountNotFound, AmbiguousAccount, NotEnoughData: as in `measure`.
        """
        from headcount.analysis import Analysis

        view = self.view(account, window_days=window_days, as_of=as_of, words_only=True)
        return Analysis(view, as_names(questions)).question

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
            account: as in `measure`.
            window_days: as in `measure`.
            as_of: as in `measure`.
            questions: as in `measure`.
            beside: handle or id of another account to compare with, or several of them.
            anonymous: leave out every name.

        Raises:
            UsageError, AccountNotFound, AmbiguousAccount, NotEnoughData: as in `measure`.
        """
        from headcount.report.build import build_report

        def measured(name: str | None) -> Analysis:
            return self.measure(name, window_days=window_days, as_of=as_of)

        main = self.measure(account, window_days=window_days, as_of=as_of, questions=questions)
        others = [measured(name) for name in dict.fromkeys(as_names(beside) or ())]
        others = [other for other in others if other.view.facts.account_id != main.view.facts.account_id]
        report = build_report(main, beside=others, anonymous=anonymous)
        keep_verdicts(self.folder, main)
        return report

    def followers(
        self,
        account: str | None = None,
        *,
        label: str | None = None,
        sort: str = "class",
        limit: int | None = None,
        anonymous: bool = False,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
    ) -> FollowerRows:
        """Every listed follower with class and reasons; with `label` only those of one class.

        The first call stores the rows in the workspace; later calls read them from there until data, labels or
        Headcount change.

        Args:
            account: as in `measure`.
            label: one class, as in `FollowerRow.label`; None for all.
            sort: class, responses, followers, following, posts, newest or last-seen; largest or latest first.
            limit: maximum number of rows; None for all.
            anonymous: leave out every name, round the counts, and list as many rows as the rounded counts allow.
            window_days, as_of: as in `measure`.

        Returns:
            A list of rows; its `follower_list` says how completely they were listed: rows of a partial list are not all
            followers, and where there is no list at all they are none.

        Raises:
            UsageError, AccountNotFound, AmbiguousAccount, NotEnoughData: as in `measure`.
        """
        end, days = as_end(as_of), as_days(window_days)
        check_selection(label, sort, limit)
        first: dict[str, Any] = {"label": label} if anonymous else {"label": label, "sort": sort, "limit": limit}
        with Store(self.folder) as store:
            name = account if account is not None else self._only_account(store)
            found = find_account(store.connection, name)
            key = VerdictKey(found, read_state(store.connection), days, None if end is None else end.timestamp())
            rows = stored_followers(store, key, **first)
        if rows is None:
            from headcount.report.followers import follower_rows

            measured = self.measure(found, window_days=days, as_of=end)
            rows = follower_rows(measured, **first)
            keep_verdicts(self.folder, measured, replace=True)
        if not anonymous:
            return rows
        from headcount.report.followers import anonymous_rows
        from headcount.report.render.listing import sort_rows

        # sorted after they are cut to rounded numbers, so that the order does not reveal exact ones
        listed = anonymous_rows(rows, rows.follower_list)
        shown = sort_rows(listed, sort)[:limit]
        return FollowerRows(shown, listed.follower_list, total=listed.total, gone=listed.gone)

    def authenticity(
        self,
        account: str | None = None,
        *,
        window_days: float | None = DEFAULT_WINDOW_DAYS,
        as_of: Time | None = None,
    ) -> Authenticity:
        """Is each follower real? In agreement with the classes of the report, corrected by the labels of `label`.

        Args:
            account: as in `measure`.
            window_days: as in `measure`.
            as_of: as in `measure`.

        Raises:
            AccountNotFound, AmbiguousAccount: see `find_account`.
            NotEnoughData: the list of followers is unknown.
        """
        measured = self.measure(account, window_days=window_days, as_of=as_of)
        if measured.authenticity is None:
            raise self._no_list()
        keep_verdicts(self.folder, measured)
        return measured.authenticity

    def to_label(self, number: int, account: str | None = None, *, seed: int = 0) -> list[tuple[str, str | None]]:
        """Followers to label, as id and handle: drawn evenly over the whole list, without those that have a label.

        Errors measured on followers that look odd are not the errors on all; so those to label are drawn.

        Args:
            number: how many; fewer where there are not so many.
            account: as in `authenticity`; seed: of the draw.

        Raises:
            AccountNotFound, AmbiguousAccount, NotEnoughData: as in `authenticity`.
        """
        from headcount.store.labels import draw, labels_of

        with Store(self.folder) as store:
            followers = self._followers_of(store, account)
            rows = draw(followers, labels_of(store.connection), number, seed=seed)
        return [(followers.account_id[row], followers.handle[row]) for row in rows]

    def _followers_of(self, store: Store, account: str | None) -> Followers:
        """The followers of an account."""
        from headcount.store.read.account import read_followers

        name = account if account is not None else self._only_account(store)
        followers, _ = read_followers(store.connection, find_account(store.connection, name), as_of=None)
        if followers is None:
            raise self._no_list()
        return followers

    def _no_list(self) -> NotEnoughData:
        return NotEnoughData(
            "No follower list is available for this account.",
            hint="add a source with follows.",
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
        from headcount.analysis import measure
        from headcount.store.labels import labels_of, outcome, set_label
        from headcount.store.read.account import read_account

        read_at = datetime.now(UTC) if now is None else as_datetime(now, "now")
        with Store(self.folder, write=True) as store:
            account_id = find_account(store.connection, follower)
            about = self._followed(store, account_id, follower, account)
            set_label(store.connection, account_id, label, read_at)
            labels = labels_of(store.connection)
            handle = store.handle_of(account_id)
            # read while the store is open: another process could take it in between, and the label is stored already
            view = read_account(store.connection, about, window_days=DEFAULT_WINDOW_DAYS, as_of=None)
        return outcome(account_id, handle, labels.get(account_id), measure(view).authenticity, labels)

    def _followed(self, store: Store, follower_id: str, named: str, account: str | None) -> str:
        """Which account of the workspace a follower is looked at for."""
        rows = store.connection.execute("SELECT DISTINCT followee_id FROM follows WHERE follower_id = ?", [follower_id])
        followed: list[str] = sorted(row[0] for row in rows.fetchall())
        if account is not None:
            about = find_account(store.connection, account)
            if about not in followed:
                raise AccountNotFound(
                    f"{named} is not a follower of {account}.", hint="list the followers with: headcount followers"
                )
            return about
        if not followed:
            raise AccountNotFound(
                f"{named} follows no account in this workspace.", hint="list the followers with: headcount followers"
            )
        followed = [name for name in followed if name in store.collected()] or followed
        if len(followed) > 1:
            names = ", ".join(store.handle_of(name) or name for name in followed[:5])
            raise UsageError(
                f"{named} follows several accounts in this workspace.", hint=f"select one with --account: {names}"
            )
        return followed[0]

    def find(self, name: str) -> str:
        """The account_id behind a handle or an id (see `headcount.store.read.find.find_account`)."""
        with Store(self.folder) as store:
            return find_account(store.connection, name)

    def author_of(self, post: str) -> tuple[str, str] | None:
        """The author and the id of a post, named by its id or its link; None where no post has that id."""
        from headcount.store.read.find import find_post

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
        from headcount.sources import registry
        from headcount.sources.collect.landing_folder import forget_in_landings

        with Store(self.folder, write=True) as store:
            try:
                account_id = find_account(store.connection, account)
            except AccountNotFound:
                # an earlier run was interrupted after it, or this is a repetition
                if store.was_forgotten(account, platforms=registry.names()):
                    return dict.fromkeys(("accounts", "account_history", "follows", "posts", "interactions"), 0)
                raise
            # the tables last: as long as they name the account, what a fault has stopped can be asked for again
            handle = store.handle_of(account_id)
            forget_in_landings(self.folder, account_id, handle)
            return store.forget(account_id, text_pattern=registry.text_pattern(account_id, handle))

    def _only_account(self, store: Store) -> str:
        collected = store.collected()
        if len(collected) == 1:
            return collected[0]
        known = known_accounts(store.connection, 6)
        if len(known) == 1:
            return known[0][0]
        if not known:
            raise UsageError("The workspace contains no account.", hint="add data first with: headcount add SOURCE")
        names = ", ".join(handle or account for account, handle, *_ in known[:5])
        raise UsageError(
            "Which account?", hint=f"give one, for example: headcount report ACCOUNT; known accounts: {names} …"
        )
