"""Requests of a collection that fail for good: can the server not show one list, or is it down?

A collection goes on without a list or page that the server cannot show (it always fails, times out, or returns
something else than a page). To tell that from a server that is down, a page that the server has returned before is
requested once more: where that fails too, the collection ends with its error and can be resumed. It also ends after
`MAX_FAILURES` failures in a row of a server that has returned nothing but the description of the account.

Each failure takes minutes of repeated attempts. So an address that failed is not requested again in the same run, and
neither is any other of the same step once `MAX_FAILURES` of them in a row have failed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from headcount.errors import PlatformUnavailable

__all__ = ["MAX_FAILURES", "Failures", "NotRequested", "failure_words"]

MAX_FAILURES = 3
"""Failures in a row after which a step is left out, or the server is taken to be down."""


class NotRequested(PlatformUnavailable):
    """The request failed before in this run, or all of its kind did, so it was not sent."""


@dataclass
class Failures:
    """Keeps, for one run, which requests failed and which servers respond.

    Attributes:
        is_preparing: the account is being looked up; what is returned then does not show that lists can be read.
        in_a_row: by host: failures since its last response.
        by_step: failures of a step since its last response.
    """

    is_preparing: bool = False
    in_a_row: Counter[str] = field(default_factory=Counter)
    by_step: Counter[str] = field(default_factory=Counter)
    _failed: dict[str, PlatformUnavailable] = field(default_factory=dict)
    _last: dict[str, PlatformUnavailable] = field(default_factory=dict)
    _responding: set[str] = field(default_factory=set)
    _probes: dict[str, str] = field(default_factory=dict)

    def check(self, step: str, address: str) -> None:
        """Raise where the request failed before in this run, or its step is left out.

        Raises:
            NotRequested: with the message and status of the failure.
        """
        error = self._failed.get(address)
        if error is None and self.by_step[step] >= MAX_FAILURES:
            error = self._last[step]
        if error is not None:
            again = NotRequested(error.message, hint=error.hint)
            again.status, again.reason, again.step, again.address = error.status, error.reason, step, address
            raise again

    def add_response(self, step: str, address: str, *, now: bool) -> None:
        """The server has responded to a request: now, or in an earlier run of the same collection."""
        host = _host(address)
        if not self.is_preparing:
            self._responding.add(host)
        if now:
            self.in_a_row[host] = self.by_step[step] = 0

    def set_probe(self, address: str) -> None:
        """Name a page that the server has returned: it is requested again to find out whether the server is down."""
        self._probes[_host(address)] = address

    def add(self, error: PlatformUnavailable, probe: Callable[[str], bool], *, at_once: bool) -> None:
        """Record a request that failed for good.

        Args:
            error: with its step and address.
            probe: requests an address; was there a response?
            at_once: probe the server after one failure already, not only after several in a row.

        Raises:
            PlatformUnavailable: the same, where the server is down.
        """
        step, address = str(error.step), str(error.address)
        host = _host(address)
        self.in_a_row[host] += 1
        many = self.in_a_row[host] >= MAX_FAILURES
        known = self._probes.get(host)
        if many and (host not in self._responding or known is None):
            raise error
        if (many or at_once) and known is not None and not probe(known):
            raise error
        if many:
            self.in_a_row[host] = 0
        self.by_step[step] += 1
        self._failed[address] = self._last[step] = error


def failure_words(error: PlatformUnavailable) -> str:
    """Why a request failed, for people: the status where it is an error, else what came instead of a response."""
    if error.status is not None and error.status >= 400:
        return f"HTTP {error.status}"
    return error.reason or error.message.rstrip(".")


def _host(address: str) -> str:
    return urlsplit(address).netloc
