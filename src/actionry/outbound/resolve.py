"""Names become addresses here: one look-up per connection, every answer judged, at most three kept."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Protocol

from actionry.errors import AddressRefused, ConnectionFailed
from actionry.limits import OUTBOUND_LIMITS, OutboundLimits
from actionry.outbound.addresses import Address, block_of
from actionry.outbound.policy import LOOPBACK, Rules
from actionry.outbound.url import LOCAL_NAMES, Origin

log = logging.getLogger("actionry.outbound")


class Resolver(Protocol):
    """Asks for the addresses of a name. Raises OSError when there is none or no answer."""

    async def resolve(self, host: str, port: int) -> Sequence[str]: ...


class SystemResolver:
    """The operating system's resolver (`getaddrinfo`), which blocks: in threads of its own, at most so many at once.

    Not in the loop's executor: a name server that stalls would use up what the rest of the program waits for. And
    as daemons: a look-up that nobody waits for any more does not hold up the end of the program.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._places = asyncio.Semaphore(OUTBOUND_LIMITS.look_ups)

    async def resolve(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # a semaphore serves one loop; the one before is closed
            self._loop, self._places = loop, asyncio.Semaphore(OUTBOUND_LIMITS.look_ups)
        async with self._places:
            answer: asyncio.Future[list[str]] = loop.create_future()
            thread = threading.Thread(
                target=_answer, args=(loop, answer, host, port), name=f"look up {host}", daemon=True
            )
            thread.start()
            return await answer


def _answer(loop: asyncio.AbstractEventLoop, answer: asyncio.Future[list[str]], host: str, port: int) -> None:
    found: list[str] = []
    failure: OSError | UnicodeError | None = None
    try:
        found = _look_up(host, port)
    except (OSError, UnicodeError) as error:
        failure = error

    def tell() -> None:
        if not answer.done():
            if failure is None:
                answer.set_result(found)
            else:
                answer.set_exception(failure)

    with suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(tell)


def _look_up(host: str, port: int) -> list[str]:
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(sockaddr[0]) for *_, sockaddr in answers]


async def checked_addresses(
    origin: Origin, resolver: Resolver, rules: Rules, limits: OutboundLimits
) -> tuple[Address, ...]:
    """The addresses that a new connection to `origin` may go to, in the order to try them.

    Raises AddressRefused when any answer fails: a name that leads inside and outside is not trusted at all (S-09).
    """
    if origin.address is not None:
        candidates: tuple[Address, ...] = (origin.address,)
    elif LOCAL_NAMES.fullmatch(origin.host):
        candidates = tuple(each for each in LOOPBACK if rules.permits(each, origin.host, origin.port))
    else:
        candidates = await _resolve(origin, resolver, limits)
    if not candidates or not all(rules.permits(each, origin.host, origin.port) for each in candidates):
        refused = ", ".join(f"{each} ({block_of(each).name})" for each in candidates[:5])
        # What a name resolves to inside is for the operator's eyes; the user's message is the same for all (S-24).
        log.info("refused %s: %s", origin, refused or "loopback")
        raise not_public(origin)
    return _keep(candidates, limits.addresses)


async def _resolve(origin: Origin, resolver: Resolver, limits: OutboundLimits) -> tuple[Address, ...]:
    try:
        async with asyncio.timeout(limits.resolve_s):
            answers = await resolver.resolve(origin.host, origin.port)
    except TimeoutError:
        raise ConnectionFailed(
            f"No name server answered for `{origin.host}` within {limits.resolve_s:g} s.",
            sent=False,
            may_retry=True,
        ) from None
    except (OSError, UnicodeError):
        answers = ()
    if not answers:
        raise ConnectionFailed(
            f"The name `{origin.host}` has no address.",
            sent=False,
            told_to="builder",
            mend="Check the host in the document's `servers`.",
        )
    try:
        return tuple(dict.fromkeys(ip_address(answer) for answer in answers))
    except ValueError:
        raise not_public(origin) from None


def _keep(candidates: tuple[Address, ...], count: int) -> tuple[Address, ...]:
    """The first ones, families taking turns, so that a machine without IPv6 still meets an IPv4 address."""
    first = [a for a in candidates if a.version == candidates[0].version]
    other = [a for a in candidates if a.version != candidates[0].version]
    turns: list[Address] = []
    while len(turns) < count and (first or other):
        turns += first[:1] + other[:1]
        first, other = first[1:], other[1:]
    return tuple(turns[:count])


def not_public(origin: Origin) -> AddressRefused:
    """One text for every reason that lies in the address, so that nothing about the inside can be told from it."""
    place = f"`{origin.host}` port {origin.port}"
    return AddressRefused(
        f"{place} is not called: it is no public address, or not a port that is open for calls.",
        sent=False,
        mend="An operator can allow an address of their own network (`allow`: a network, or host:port).",
    )
