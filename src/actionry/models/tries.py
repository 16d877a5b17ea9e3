"""How long a provider is waited for, and how often it is asked again: the same for every adapter (THREATS 5.2).

Up to three tries before the first event, with full jitter and never sooner than the provider said; none after it,
because text that was shown must not come twice. A provider that keeps failing is left alone for a moment.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, Protocol

from actionry.errors import CircuitOpen
from actionry.limits import OUTBOUND_LIMITS
from actionry.models.failures import ModelFailure, Reason, Teller
from actionry.models.provider import Finished, ModelEvent
from actionry.outbound.circuit import Circuits

_random: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLimits:
    """What one request to a provider may cost, in time and memory."""

    connect_s: float = 10.0
    first_event_s: float = 60.0
    """From the request to the first event; signs of life (comments, thinking) start it anew."""
    first_event_alive_s: float = 600.0
    """All waiting for the first event together, signs of life or not."""
    silence_s: float = 120.0
    """Between two reads of an answer that has begun."""
    ending_s: float = 5.0
    """For usage and the end mark, after the server has said why the answer ends."""
    answer_s: float = 3600.0
    error_s: float = 10.0
    """To read the body of an error."""
    tries: int = 3
    backoff_s: float = 0.5
    """Full jitter: after try n a random wait up to `backoff_s * 2**(n - 1)`."""
    retry_after_s: float = 60.0
    """A provider that asks for more is not asked again by itself."""
    event_bytes: int = 4 * 1024 * 1024
    answer_bytes: int = 64 * 1024 * 1024
    argument_characters: int = 4 * 1024 * 1024
    """All arguments of one answer."""
    tool_calls: int = 256
    error_bytes: int = 64 * 1024
    listing_s: float = 10.0
    """To list a provider's models."""
    probe_s: float = 0.7
    """To find a model server on this machine."""
    listing_bytes: int = 8 * 1024 * 1024


PROVIDER_LIMITS: Final = ProviderLimits()
LOCAL_LIMITS: Final = ProviderLimits(first_event_s=300.0, silence_s=300.0, first_event_alive_s=1800.0)
"""A model on this machine is first loaded from disk, then reads the whole prompt, before it says a word."""

PASSING: Final[frozenset[Reason]] = frozenset(
    {"connection", "rate_limit", "overloaded", "server", "cut", "malformed", "empty"}
)
"""Worth another try at once. Not `timeout`: somebody has waited a minute, and decides."""
UNHEALTHY: Final[frozenset[Reason]] = frozenset({"connection", "timeout", "overloaded", "server"})
"""Says something about the provider's health, not about one request or the rate of one key."""


class Attempt(Protocol):
    """One request that is being answered."""

    async def read(self) -> Sequence[ModelEvent]:
        """The next events, at least one; the very last is Finished. Raises ModelFailure."""
        ...

    async def close(self) -> None:
        """Hang up; also in the middle, so that the provider stops writing. Never raises."""
        ...


Start = Callable[[], Awaitable[Attempt]]
Sleep = Callable[[float], Awaitable[None]]


class Tries:
    """Asks one provider; shared by its requests, so that all know when it is down."""

    def __init__(self, teller: Teller, limits: ProviderLimits, *, sleep: Sleep = asyncio.sleep) -> None:
        self._teller = teller
        self._limits = limits
        self._sleep = sleep
        self._circuits = Circuits(OUTBOUND_LIMITS, lambda: asyncio.get_running_loop().time())

    async def stream(self, start: Start) -> AsyncIterator[ModelEvent]:
        """The events of the first attempt that begins to answer."""
        attempt, events = await self._begin(start)
        try:
            while True:
                for event in events:
                    yield event
                if isinstance(events[-1], Finished):
                    return
                events = await attempt.read()
        finally:
            await attempt.close()

    async def _begin(self, start: Start) -> tuple[Attempt, Sequence[ModelEvent]]:
        for tried in count(1):
            self._enter()
            try:
                begun = await self._once(start)
            except ModelFailure as failure:
                self._note(failure)
                wait_s = self._wait(failure, tried)
                if wait_s is None:
                    raise
                await self._sleep(wait_s)
            except BaseException:  # passed on: cancelled, which says nothing about the provider
                self._circuits.abandoned(self._teller.provider)
                raise
            else:
                self._circuits.succeeded(self._teller.provider)
                return begun
        raise AssertionError("the loop returns or raises")

    async def _once(self, start: Start) -> tuple[Attempt, Sequence[ModelEvent]]:
        attempt = await start()
        try:
            return attempt, await attempt.read()
        except BaseException:  # passed on; whatever ended it, nobody reads this answer any more
            await attempt.close()
            raise

    def _wait(self, failure: ModelFailure, tried: int) -> float | None:
        """Seconds until the next try; None when there is none."""
        if not failure.may_retry or failure.reason not in PASSING or tried >= self._limits.tries:
            return None
        if self._circuits.is_open(self._teller.provider):
            return None
        asked_s = failure.retry_after_s or 0.0
        if asked_s > self._limits.retry_after_s:
            return None
        # On top of what was asked for, so that many chats which were told the same second do not come back as one.
        return asked_s + _random.uniform(0.0, self._limits.backoff_s * 2 ** (tried - 1))

    def _note(self, failure: ModelFailure) -> None:
        if failure.reason in UNHEALTHY:
            self._circuits.failed(self._teller.provider, failure.retry_after_s)
        else:
            self._circuits.abandoned(self._teller.provider)

    def _enter(self) -> None:
        try:
            self._circuits.enter(self._teller.provider)
        except CircuitOpen as rest:
            raise self._teller.failure(
                "overloaded", "failed several times in a row and is left alone for a moment",
                retry_after_s=rest.retry_after_s,
            ) from None  # fmt: skip
