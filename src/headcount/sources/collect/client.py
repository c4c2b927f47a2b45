"""The one client for all platforms: it only reads, keeps the pace, asks again after passing faults, and says so.

Pace: where an answer tells how much of a limit is left (`ratelimit-remaining`, `x-ratelimit-remaining`,
`x-rate-limit-remaining`, with `-reset`), that is obeyed; elsewhere a documented limit is (requests in a sliding
window). A 429 is waited out until the moment it names (`Retry-After`, `-reset`), or ever longer where it names none.

Faults that pass (5xx, 408, 425, timeouts, broken connections, bodies that end early, JSON that is none, pages of
another type) are retried with growing, jittered pauses. What still fails then is `PlatformUnavailable`. Each
request has a deadline as a whole, so that a server that sends a byte now and then cannot hold it for ever. An answer
over the size limit (`AnswerTooLarge`) is not requested again.

Clocks differ: a reset is read against the server's own `Date`, and one that lies in the past still waits, at least a
second and twice as long each further time. Of several headers of one limit the most cautious holds.

Only GET is ever sent; the one exception, opening and renewing a session, is
`headcount.sources.bluesky.login_session`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from headcount import __version__
from headcount.errors import PlatformUnavailable, UsageError
from headcount.sources.collect.pace import _REMAINING, Limit, _single_headers, _until_reset, duration
from headcount.sources.formats.decoding import decode_json

if TYPE_CHECKING:
    import httpx2

__all__ = ["Answer", "AnswerTooLarge", "Client", "RetryPolicy", "Usage"]

log = logging.getLogger("headcount.collect")
# each pause is told here in words; without a handler of its own, stamina's line about it would go to standard error
logging.getLogger("stamina").addHandler(logging.NullHandler())

USER_AGENT = f"headcount/{__version__} (read-only; measures one account's audience)"
MAX_BODY = {"application/vnd.ipld.car": 512 << 20}
"""Bytes of an answer, unpacked, by its expected type; repositories are by far the longest answers."""
MAX_BODY_ELSEWHERE = 64 << 20
_BOTH_WAYS = 2  # socket.SHUT_RDWR; this module imports nothing that could send
_FIRST_TRIES = 3  # where there never was a connection
_PASSING = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})


@dataclass(frozen=True)
class RetryPolicy:
    """How long passing faults are borne.

    Attributes:
        tries: how often one address is asked before it is given up.
        first, longest: seconds of the first pause and of the longest; each is doubled, then jittered.
        blind: seconds of the first pause after a 429 that does not say how long; doubled too.
        timeout: seconds without a byte after which a request is given up.
        deadline: seconds after which a request as a whole is given up.
        min_limit_wait: seconds of the shortest pause for a limit; doubled for each further one of the same request.
    """

    tries: int = 8
    first: float = 1.0
    longest: float = 60.0
    blind: float = 15.0
    timeout: float = 30.0
    deadline: float = 300.0
    min_limit_wait: float = 1.0


class AnswerTooLarge(PlatformUnavailable):
    """An answer is longer than any answer should be; requesting it again gives the same."""


@dataclass
class Usage:
    """What the collection cost so far: requests sent, retried, and seconds."""

    requests: int = 0
    again: int = 0
    bytes: int = 0
    seconds_limits: float = 0.0
    seconds_faults: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the first request."""
        return time.monotonic() - self.began

    def sentence(self) -> str:
        """Requests, their rate, and what the waiting took."""
        took = max(self.seconds, 1e-9)
        again = f", {self.again:,} retried" if self.again else ""
        asked = f"{self.requests:,} requests" if self.requests != 1 else "1 request"
        waits = [(self.seconds_limits, "for rate limits"), (self.seconds_faults, "after errors")]
        waited = " and ".join(f"{100 * seconds / took:.0f}% {why}" for seconds, why in waits if seconds > took / 200)
        idle = f"; of that waiting: {waited}" if waited else ""
        return f"{asked} in {duration(took)} ({self.requests / took:.1f} a second{again}){idle}."


@dataclass(frozen=True)
class Answer:
    """An answer that came whole: HTTP status, headers (names in lower case) and body."""

    status: int
    headers: dict[str, str]
    body: bytes


class _RetryableError(Exception):
    """This try failed in a way that may pass.

    Args:
        reason: what happened.
        wait: seconds until it is worth asking again, where that is known.
        limit: it is a limit, not a fault.
        connect_failed: there was no connection at all.
        status: HTTP status of the answer, where there was one.
    """

    def __init__(
        self,
        reason: str,
        *,
        wait: float | None = None,
        limit: bool = False,
        connect_failed: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.limit, self.connect_failed, self.status = (
            reason,
            wait,
            limit,
            connect_failed,
            status,
        )


@cache
def _certificates() -> Any:
    """The certificates that servers are checked against: read once a process, as that takes a twentieth of a second."""
    import httpx2

    return httpx2.create_ssl_context()


class Client:
    """Asks platforms for pages, politely.

    Args:
        say: told in a sentence whenever it waits for long, with the time until when.
        retry_policy: with faults.
        limits: gives the documented limit of a bucket; None where there is none.
        transport: how bytes travel (for tests).
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        *,
        say: Callable[[str], None] = lambda _text: None,
        retry_policy: RetryPolicy | None = None,
        limits: Callable[[str], Limit | None] = lambda _bucket: None,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        import httpx2

        self.say = say
        self.retry_policy = retry_policy or RetryPolicy()
        self.usage = Usage()
        self._limits = limits
        self._sent: dict[str, deque[float]] = {}
        self._closed_until: dict[str, float] = {}
        self.reached = False
        self._sleep = sleep
        self._connections: deque[Any] = deque(maxlen=16)
        # no redirects to elsewhere with a token in the header
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(self.retry_policy.timeout, connect=min(10.0, self.retry_policy.timeout)),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            follow_redirects=False,
            transport=transport,
            verify=_certificates(),
        )

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the connections that are opened, so that a deadline can end them."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._connections.append(info["return_value"])

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        bucket: str = "",
        expect: str = "application/json",
    ) -> Answer:
        """Ask for one address until it is answered.

        Args:
            url: with its parameters.
            headers: further ones, as a login.
            bucket: whose limit this counts against.
            expect: the content type of a good answer, or its beginning; empty: any, and redirects are returned.

        Returns:
            An answer with a status below 500 other than 408, 425 and 429; the caller judges what a 4xx means.

        Raises:
            AnswerTooLarge: the response is over the size limit.
            PlatformUnavailable: it was not answered, however often it was requested.
        """
        import stamina

        retry_policy, pauses = self.retry_policy, _Pauses(self, _host(url))
        answer: Answer | None = None
        try:
            for attempt in stamina.retry_context(on=pauses.after, attempts=retry_policy.tries, timeout=None):
                with attempt:
                    self._keep_pace(bucket)
                    answer = self._try(url, headers, bucket, expect)
        except _RetryableError as error:
            unavailable = PlatformUnavailable(
                f"No valid response from {_host(url)} after {pauses.tries} attempts; last error: {error.reason}.",
                hint="run the same command again later: it resumes where it stopped.",
            )
            unavailable.status, unavailable.reason = error.status, error.reason
            raise unavailable from None
        if answer is None:  # stamina was switched off (stamina.set_active), which asks once
            raise PlatformUnavailable(f"{_host(url)} was not contacted.", hint="run the same command again.")
        return answer

    # -- one try ----------------------------------------------------------------------------------------------

    def _try(self, url: str, headers: Mapping[str, str] | None, bucket: str, expect: str) -> Answer:
        import httpx2

        self.usage.requests += 1
        self._http.cookies.clear()  # nobody is to be followed from page to page
        accept = f"{expect}*" if expect.endswith("/") else expect
        sent = {"Accept": f"{accept}, */*;q=0.1", **(headers or {})}
        deadline = _Deadline(self.retry_policy.deadline, self._connections)
        try:
            with deadline, self._http.stream("GET", url, headers=sent, extensions={"trace": self._trace}) as reply:
                body = _whole_body(reply.iter_bytes(), url, MAX_BODY.get(expect, MAX_BODY_ELSEWHERE))
        except (httpx2.TimeoutException, httpx2.NetworkError, httpx2.ProtocolError, httpx2.DecodingError) as error:
            late = f"no complete response within {duration(self.retry_policy.deadline)}"
            raise _RetryableError(
                late if deadline.is_over else _in_words(error), connect_failed=isinstance(error, httpx2.ConnectError)
            ) from None
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL):
            raise UsageError(
                f"{url[:80]!r} is not a valid address.", hint="a server address starts with https://"
            ) from None
        answer = Answer(reply.status_code, _single_headers(reply.headers.multi_items()), body)
        self.usage.bytes += len(answer.body)
        self.reached = True
        self._update_limits(answer, bucket)
        _check(answer, expect)
        return answer

    def _update_limits(self, answer: Answer, bucket: str) -> None:
        """Close the bucket until its limit is renewed, where the answer says that nothing is left."""
        left = next((answer.headers[name] for name in _REMAINING if name in answer.headers), None)
        wait = _until_reset(answer.headers)
        if wait is not None and left is not None and set(left.strip()) == {"0"}:
            self._closed_until[bucket] = time.monotonic() + max(wait, self.retry_policy.min_limit_wait)

    def _keep_pace(self, bucket: str) -> None:
        """Wait until one more request is allowed."""
        wait = self._closed_until.pop(bucket, 0.0) - time.monotonic()
        limit = self._limits(bucket)
        sent = self._sent.setdefault(bucket, deque())
        if limit is not None:
            now = time.monotonic()
            while sent and sent[0] <= now - limit.seconds:
                sent.popleft()
            if len(sent) >= limit.requests:
                wait = max(wait, sent[0] + limit.seconds - now)
        if wait > 0:
            self.pause(wait, f"the rate limit of {bucket or 'this platform'} is used up", limit=True)
        if limit is not None:
            sent.append(time.monotonic())

    def pause(self, seconds: float, reason: str, *, limit: bool) -> None:
        """Wait, and say until when if it takes long."""
        self._account(seconds, reason, limit=limit)
        self._sleep(seconds)

    def _account(self, seconds: float, reason: str, *, limit: bool) -> None:
        if limit:
            self.usage.seconds_limits += seconds
        else:
            self.usage.seconds_faults += seconds
        until = datetime.fromtimestamp(time.time() + seconds).astimezone()
        text = f"{reason[:1].upper()}{reason[1:]}: waiting {duration(seconds)}, until {until:%H:%M:%S}."
        log.info(text)
        if seconds >= 3:
            self.say(text)


class _Pauses:
    """The pauses between the tries of one request; stamina asks it after each failed one."""

    def __init__(self, client: Client, host: str) -> None:
        self.client, self.host, self.tries, self.faults, self.limits = client, host, 0, 0, 0

    def after(self, error: Exception) -> bool | float:
        """Seconds to wait before the next try; False where the error does not pass."""
        if not isinstance(error, _RetryableError):
            return False
        retry_policy = self.client.retry_policy
        self.tries += 1
        # no network, or a wrong address: that is not worth waiting for
        give_up = error.connect_failed and not self.client.reached and self.tries >= _FIRST_TRIES
        if give_up or self.tries >= retry_policy.tries:
            return False
        if error.limit:
            least = retry_policy.min_limit_wait * 2.0**self.limits
            seconds = max(error.wait, least) if error.wait is not None else retry_policy.blind * 2**self.limits
            self.limits += 1
            seconds *= random.uniform(1.0, 1.1)  # noqa: S311
        else:
            seconds = min(retry_policy.first * 2**self.faults, retry_policy.longest) * random.uniform(0.7, 1.3)  # noqa: S311
            seconds = max(seconds, (error.wait or 0.0) * random.uniform(1.0, 1.1))  # noqa: S311
            self.faults += 1
        self.client.usage.again += 1
        reason = f"{self.host}: {error.reason}, try {self.tries} of {retry_policy.tries}"
        self.client._account(seconds, reason, limit=error.limit)
        return seconds


class _Deadline:
    """Ends the connections of a client when a request takes too long as a whole.

    Args:
        seconds: from entering to the end.
        connections: network streams of the client, of which only one is in use.

    Attributes:
        is_over: the deadline has passed.
    """

    def __init__(self, seconds: float, connections: Iterable[Any]) -> None:
        self.is_over = False
        self._connections = connections
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.is_over = True
        for stream in list(self._connections):
            connection = stream.get_extra_info("socket")
            if connection is not None:
                with suppress(OSError):  # closed already
                    connection.shutdown(_BOTH_WAYS)


def _whole_body(parts: Iterable[bytes], url: str, longest: int) -> bytes:
    """The body, unless it is so long that something else than an answer is being sent."""
    body = bytearray()
    for part in parts:
        body += part
        if len(body) > longest:
            raise AnswerTooLarge(
                f"{_host(url)} sent a response of more than {longest >> 20} MB, which was discarded.",
                hint="check the address of the server; everything else can be collected without it.",
            )
    return bytes(body)


def _check(answer: Answer, expect: str) -> None:
    """Raise what may pass: a limit, a fault of the server, a body that is not what it should be."""
    if answer.status == 429:
        raise _RetryableError("too many requests (429)", wait=_until_reset(answer.headers), limit=True, status=429)
    if answer.status in _PASSING or answer.status >= 500:
        reason = f"the server failed (HTTP {answer.status})"
        raise _RetryableError(reason, wait=_until_reset(answer.headers), status=answer.status)
    if 300 <= answer.status < 400 and not expect:
        return
    if answer.status in (301, 308):
        there = _host(answer.headers.get("location", "")) or "elsewhere"
        moved = PlatformUnavailable(
            f"The server has moved to {there} (HTTP {answer.status}).", hint="use that server instead."
        )
        moved.status, moved.reason = answer.status, f"it redirects to {there} (HTTP {answer.status})"
        raise moved
    if 300 <= answer.status < 400:
        raise _RetryableError(f"it redirects (HTTP {answer.status})", status=answer.status)
    kind = answer.headers.get("content-type", "")
    if answer.status < 300 and not kind.startswith(expect):
        raise _RetryableError(
            f"the response is {kind.partition(';')[0] or 'of no type'}, not {expect}", status=answer.status
        )
    if answer.status < 300 and kind.partition(";")[0].strip().endswith(("/json", "+json")):
        try:
            decode_json(answer.body)
        except (ValueError, RecursionError):
            raise _RetryableError("the response is truncated or invalid JSON", status=answer.status) from None


def _in_words(error: Exception) -> str:
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return "no response in time"
    if isinstance(error, httpx2.ConnectError):
        return "no connection"
    if isinstance(error, httpx2.RemoteProtocolError):
        return "the response was interrupted"
    if isinstance(error, httpx2.DecodingError):
        return "the response cannot be decompressed"
    return "the connection was lost"


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0] or url
