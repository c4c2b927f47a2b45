"""Accounts that were collected before and that the platform does not show any more: suspended, deleted, deactivated.

That is an observation like any other: the status of the account changes, its lists become unknown with the reason,
and what earlier collections found stays.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from headcount.errors import AccountNotFound, InputError
from headcount.incoming import LISTS, ListCoverage, ReadResult, Reason
from headcount.sources.collect.landing import ENDING, Landing
from headcount.sources.rows import Rows

if TYPE_CHECKING:
    import duckdb

__all__ = ["AccountGone", "GoneStatus", "earlier_account_id", "is_gone", "read_gone", "record_gone"]

GoneStatus = Literal["suspended", "deleted"]
_REASONS: dict[str, Reason] = {"suspended": "account_suspended", "deleted": "account_deleted"}
_STATUS = "account_status"


class AccountGone(AccountNotFound):
    """The platform reports that the account is suspended or deleted.

    Args:
        message, hint: see `HeadcountError`.
        status: of the account; detail: the server's own words.
        account_id: the account, where it was collected before or its id is known; None elsewhere.
    """

    def __init__(
        self, message: str, *, hint: str, status: GoneStatus, detail: str | None, account_id: str | None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status, self.detail, self.account_id = status, detail, account_id


def earlier_account_id(landing: Landing) -> str | None:
    """The account that the newest finished collection in the same folder was made of; None where there is none."""
    for path in sorted(landing.path.parent.glob(f"*{ENDING}"), reverse=True):
        if path == landing.path:
            continue
        try:
            with Landing(path) as earlier:
                if earlier.finished and earlier.meta("account_id"):
                    return earlier.meta("account_id")
        except InputError:
            continue
    return None


def is_gone(landing: Landing) -> bool:
    """Is this the record that an account is gone, and no collection of it?"""
    return landing.meta(_STATUS) is not None


def record_gone(landing: Landing, gone: AccountGone) -> None:
    """Record in a landing that the account is gone, and that none of its lists is shown."""
    landing.set_meta("account_id", str(gone.account_id))
    landing.set_meta(_STATUS, gone.status)
    now = datetime.now(UTC).isoformat()
    for name in LISTS:
        landing.set_coverage(
            ListCoverage(
                str(gone.account_id), name, "refused", _REASONS[gone.status], detail=gone.detail, observed_at=now
            )
        )
    landing.finish()


def read_gone(landing: Landing, source: str, con: duckdb.DuckDBPyConnection) -> ReadResult | None:
    """Read a landing of an account that was gone; None where it was not.

    Args:
        landing: an open landing; source: the name of the source; con: with the incoming tables.
    """
    status, account_id = landing.meta(_STATUS), str(landing.meta("account_id"))
    if status is None:
        return None
    rows = Rows(con)
    platform = account_id.partition(":")[0]
    row = {"account_id": account_id, "platform": platform, "status": status}
    rows.account(row | {"observed_at": landing.meta("finished_at")}, whole=True)
    rows.flush()
    return ReadResult(
        source,
        (),
        0,
        dict(rows.counts),
        (f"The account is {status}: data collected earlier are kept, and no new data are available.",),
        lists=landing.coverage(),
        account_id=account_id,
        closer_look=False,
    )
