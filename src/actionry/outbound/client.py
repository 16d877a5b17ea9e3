"""The one door out: every request that this program sends to an address from a document, a user or a model.

The ten points of a safe call, in order: parse once; look the name up once; judge every address; connect to the
address that was judged; send exactly what was built; read within caps; never follow, re-send or keep anything by
itself. docs/reference/addresses.md lists what is refused.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from types import TracebackType
from typing import Final, Self

from actionry import __version__
from actionry.errors import (
    AddressRefused,
    CircuitOpen,
    ConnectionFailed,
    OutboundError,
    OutboundTimeout,
    ResponseRefused,
)
from actionry.http import Request, Response
from actionry.outbound.circuit import Circuits
from actionry.outbound.dial import Dialer, EgressProxy
from actionry.outbound.exchange import Answer, Progress, Stale, exchange
from actionry.outbound.head import request_head
from actionry.outbound.policy import OutboundPolicy, read_rules
from actionry.outbound.pool import Pool
from actionry.outbound.redirects import location_of, next_request, refuse
from actionry.outbound.resolve import Resolver, SystemResolver
from actionry.outbound.retry import PASSING_STATUSES, SAFE_METHODS, backoff_s, read_retry_after
from actionry.outbound.url import Origin, Target, join_location, parse_origin, split_url

DEFAULT_USER_AGENT: Final = f"Actionry/{__version__} (+https://github.com/actionry/actionry)"
"""Our own name, version and where to read about us (CANON D-14)."""


class Outbound:
    """Sends requests to public addresses, and to those that `allow` names; one event loop, one policy.

    `Outbound(allow=("127.0.0.1/32",))` opens every port of this machine's IPv4 loopback, e.g. for development;
    `Outbound(allow=("db.internal:8080",))` opens one place. Use it as an async context manager, or call `aclose`.
    """

    def __init__(
        self,
        *,
        allow: Sequence[str] = (),
        policy: OutboundPolicy | None = None,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
        egress_proxy: str | None = None,
        user_agent: str | None = None,
    ) -> None:
        """`allow`, `egress_proxy` and `user_agent` add to `policy`. `resolver` and `tls` stand in for the system's.

        Raises ValueError for an entry of `allow` or a proxy address that cannot be read.
        """
        if isinstance(allow, str):
            raise TypeError('allow is a sequence of texts: allow=("127.0.0.1/32",)')
        policy = policy or OutboundPolicy()
        self.policy = replace(
            policy,
            allow=(*policy.allow, *allow),
            egress_proxy=egress_proxy or policy.egress_proxy,
            user_agent=user_agent or policy.user_agent,
        )
        self._limits = self.policy.limits
        self._user_agent = self.policy.user_agent or DEFAULT_USER_AGENT
        proxy = EgressProxy(self.policy.egress_proxy) if self.policy.egress_proxy else None
        self._dialer = Dialer(
            resolver=resolver or SystemResolver(),
            rules=read_rules(self.policy),
            limits=self._limits,
            proxy=proxy,
            tls=tls,
        )
        self._origins: dict[str, Origin] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: Pool | None = None
        self._circuits: Circuits | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        self._bind()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection. The door cannot be used afterwards."""
        self._closed = True
        if self._pool is not None and self._loop is asyncio.get_running_loop():
            self._pool.close()
            await asyncio.sleep(0)  # the transports close their sockets in the loop's next round
        self._pool = None

    def check_url(self, url: str) -> None:
        """Raise AddressRefused when `url` can never be called under this policy; asks no name server, sends nothing.

        For settings that are saved now and called later; `send` checks again, with the addresses of that moment.
        """
        self._target(url)

    async def send(
        self,
        request: Request,
        *,
        redirects: int = 0,
        timeout_s: float | None = None,
        first_byte_s: float | None = None,
        max_bytes: int | None = None,
        safe: bool | None = None,
    ) -> Response:
        """Send the request exactly as it is, once; return whatever status comes back with its decoded body.

        redirects: how many to follow, at most 3, GET and HEAD alone; otherwise a 3xx is returned like any answer.
        timeout_s: wall clock for everything, default 45. first_byte_s: default 15 when `timeout_s` is not given.
        max_bytes: of the decoded body, default 10 MiB. safe=False: not even a GET may be sent a second time.

        Raises AddressRefused, ConnectionFailed, OutboundTimeout, ResponseRefused, CircuitOpen or, for a request that
        HTTP cannot carry, OutboundError; `sent` is False only when no byte of the request has left.
        """
        if not 0 <= redirects <= self._limits.redirects:
            raise ValueError(f"redirects is {redirects}; 0 to {self._limits.redirects} can be followed")
        loop = self._bind()
        started = loop.time()
        total_s = self._limits.total_s if timeout_s is None else timeout_s
        if first_byte_s is None and timeout_s is None:
            first_byte_s = self._limits.first_byte_s
        target = self._target(request.url)
        deadline = started + total_s
        clock = asyncio.timeout_at(None)  # set before each wait: most calls then need one timer
        progress = Progress(target.origin, deadline, clock, first_byte_s)
        sender = _Sender(
            self,
            progress,
            self._limits.response_bytes if max_bytes is None else max_bytes,
            request.method in SAFE_METHODS and safe is not False,
        )
        try:
            async with clock:
                if redirects and request.method in SAFE_METHODS:
                    answer, last = await self._follow(sender, request, target, redirects)
                else:
                    answer, last = await sender.send(request, target), target
        except TimeoutError:
            if progress.sent:
                self._circuit().failed(progress.origin)
            raise _timed_out(progress, loop.time() - started) from None
        url = request.url if last is target else str(last)
        return Response(answer.status, answer.headers, answer.content, url, loop.time() - started)

    async def _follow(self, sender: _Sender, request: Request, target: Target, redirects: int) -> tuple[Answer, Target]:
        """Send, and follow up to `redirects` hops; every error of a hop says which hop it was."""
        seen = {str(target)}
        answer = await sender.send(request, target)
        for hop in range(1, redirects + 2):
            location = location_of(answer.status, answer.headers)
            if location is None:
                return answer, target
            try:
                if hop > redirects:
                    refuse(f"more than {redirects} in a row")
                there = self._target(join_location(str(target), location))
                if str(there) in seen:
                    refuse("it leads in a circle")
                request = next_request(request, target.origin, there)
                seen.add(str(there))
                target = there
                answer = await sender.send(request, target)
            except OutboundError as error:
                raise _at_hop(error, hop) from None
        raise AssertionError("the last hop returns or raises")

    def _target(self, url: str) -> Target:
        """Parse and check what can be checked without a look-up; origins are remembered."""
        head, path = split_url(url)
        origin = self._origins.get(head)
        if origin is None:
            origin = parse_origin(head)
            self._dialer.check(origin)
            if len(self._origins) >= self._limits.origins_remembered:
                self._origins.clear()
            self._origins[head] = origin
        return Target(origin, path)

    def _bind(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.get_running_loop()
        if self._loop is loop and not self._closed:
            return loop
        if self._closed:
            raise RuntimeError("This Outbound is closed; make a new one.")
        if self._loop is not None and not self._loop.is_closed():
            raise RuntimeError("This Outbound belongs to another event loop; make one per loop.")
        # The loop before, if any, is closed, and its connections with it.
        self._loop = loop
        self._pool = Pool(self._dialer.open, self._limits)
        self._circuits = Circuits(self._limits, loop.time)
        return loop

    def _circuit(self) -> Circuits:
        assert self._circuits is not None  # `send` has bound the loop
        return self._circuits


class _Sender:
    """One `send`: the hops and tries share its deadline and what is known about it."""

    def __init__(self, door: Outbound, progress: Progress, max_bytes: int, may_repeat: bool) -> None:
        assert door._pool is not None
        self._pool = door._pool
        self._circuits = door._circuit()
        self._limits = door._limits
        self._user_agent = door._user_agent
        self._progress = progress
        self._max_bytes = max_bytes
        self._may_repeat = may_repeat

    async def send(self, request: Request, target: Target) -> Answer:
        """One hop, with further tries where they are harmless."""
        origin = self._progress.origin = target.origin
        path, head = request_head(request.method, target, request.headers, request.content, user_agent=self._user_agent)
        self._circuits.enter(origin)
        for tried in count(1):
            outcome = await self._try(origin, request.method, path, head, request.content)
            retry_after_s = self._note(origin, outcome)
            if not self._is_passing(outcome) or tried >= self._limits.tries or self._circuits.is_open(origin):
                break
            wait_s = retry_after_s if retry_after_s is not None else backoff_s(tried, self._limits.backoff_s)
            if asyncio.get_running_loop().time() + wait_s >= self._progress.deadline:
                break
            self._progress.clock.reschedule(self._progress.deadline)
            await asyncio.sleep(wait_s)
        if isinstance(outcome, ConnectionFailed):
            raise outcome
        return outcome

    async def _try(
        self, origin: Origin, method: str, path: bytes, head: bytes, content: bytes | None
    ) -> Answer | ConnectionFailed:
        try:
            return await self._once(origin, method, path, head, content)
        except ConnectionFailed as error:
            return error
        except BaseException:  # passed on: cancelled, or an answer that says nothing about the origin's health
            self._circuits.abandoned(origin)
            raise

    def _note(self, origin: Origin, outcome: Answer | ConnectionFailed) -> float | None:
        """Tell the circuit how it went; return what a failing answer's `Retry-After` asks for."""
        if isinstance(outcome, ConnectionFailed):
            self._circuits.failed(origin)
            return None
        if outcome.status < 500 and outcome.status != 429:
            self._circuits.succeeded(origin)
            return None
        retry_after_s = read_retry_after(outcome.headers.get("Retry-After"), cap_s=self._limits.retry_after_s)
        self._circuits.failed(origin, retry_after_s)
        return retry_after_s

    def _is_passing(self, outcome: Answer | ConnectionFailed) -> bool:
        """Whether the same request may be sent again, and may fare better a moment later."""
        if not self._may_repeat:
            return False
        if isinstance(outcome, ConnectionFailed):
            # Refused, unknown or untrusted peers are no better a moment later; a broken connection may be.
            return outcome.sent and outcome.may_retry
        return outcome.status in PASSING_STATUSES

    async def _once(self, origin: Origin, method: str, path: bytes, head: bytes, content: bytes | None) -> Answer:
        """One try. A kept connection that the peer had closed is replaced where the request cannot have run."""
        fresh = False
        while True:
            before = self._progress.sent
            if fresh or not self._pool.has_idle(origin):
                self._progress.clock.reschedule(self._progress.deadline)
            channel, reused = await self._pool.acquire(origin, fresh=fresh)
            keep = False
            try:
                self._expect_first_byte()
                answer = await exchange(
                    channel,
                    method,
                    path,
                    head,
                    content,
                    max_bytes=self._max_bytes,
                    limits=self._limits,
                    progress=self._progress,
                    reused=reused,
                )
                keep = answer.keep
                return answer
            except Stale:
                fresh = True
                if self._progress.sent and not self._may_repeat:
                    # Nobody can tell a request that was not read from one whose answer was lost.
                    raise ConnectionFailed(
                        f"The connection to {origin} broke before an answer came.", sent=True
                    ) from None
                self._progress.sent = before
            finally:
                self._pool.release(origin, channel, keep=keep)

    def _expect_first_byte(self) -> None:
        progress = self._progress
        progress.answering = False
        when = progress.deadline
        if progress.first_byte_s is not None:
            when = min(when, asyncio.get_running_loop().time() + progress.first_byte_s)
        progress.clock.reschedule(when)


def _timed_out(progress: Progress, elapsed_s: float) -> OutboundTimeout:
    what = "had not finished its answer" if progress.answering else "had not answered"
    if not progress.sent:
        what = "could not be reached"
    return OutboundTimeout(
        f"{progress.origin} timed out: it {what} after {elapsed_s:.3g} s.",
        sent=progress.sent,
        may_retry=not progress.sent,
    )


def _at_hop(error: OutboundError, hop: int) -> OutboundError:
    """The same error, its message naming the redirect that it happened at; the first request has left by then."""
    kinds: tuple[type[OutboundError], ...] = (AddressRefused, ConnectionFailed, ResponseRefused, CircuitOpen)
    kind = next((each for each in kinds if isinstance(error, each)), OutboundError)
    named = kind(
        f"Redirect {hop}: {error.message}",
        sent=True,
        mend=error.mend,
        told_to=error.told_to,
        may_retry=error.may_retry,
        retry_after_s=error.retry_after_s,
    )
    if isinstance(named, ResponseRefused) and isinstance(error, ResponseRefused):
        named.max_bytes = error.max_bytes
    return named
