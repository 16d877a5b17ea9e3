"""When a request is sent again, how long is waited, and when an origin is left alone."""

from __future__ import annotations

import asyncio
import time

import pytest

from actionry.errors import CircuitOpen, ConnectionFailed
from actionry.http import Request
from actionry.limits import OutboundLimits
from actionry.outbound import Outbound, OutboundPolicy, read_retry_after
from actionry.outbound.circuit import Circuits
from actionry.outbound.retry import backoff_s
from support.peer import Peer, Received, Script, reply, says

NOW = 1_445_412_480.0  # Wed, 21 Oct 2015 07:28:00 GMT


@pytest.mark.row("WI-12")
@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("5", 5.0),
        (" 30 ", 30.0),
        ("3600", 60.0),
        ("9" * 400, 60.0),
        ("Wed, 21 Oct 2015 07:28:20 GMT", 20.0),
        ("Wed, 21 Oct 2015 09:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("Wednesday, 21-Oct-15 07:28:10 GMT", 10.0),
        ("Wed Oct 21 07:28:30 2015", 30.0),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, cap_s=60.0, now=NOW) == seconds


def test_full_jitter() -> None:
    waits = [backoff_s(3, 0.5) for _ in range(500)]
    assert 0 <= min(waits) < 0.3
    assert 1.7 < max(waits) <= 2.0


def in_turn(*answers: bytes) -> Script:
    """One answer a request, the last one for all further."""
    left = list(answers)

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer:
            writer.write(answer)
        else:
            writer.transport.abort()

    return script


def door(**limits: float) -> Outbound:
    chosen = OutboundLimits(**{"backoff_s": 0.01, **limits})  # type: ignore[arg-type]  # whole numbers are ints
    return Outbound(policy=OutboundPolicy(allow=("127.0.0.1/32",), limits=chosen))


@pytest.mark.parametrize("first", [reply(429), reply(502), reply(503), reply(504), b""])
async def test_a_read_is_tried_again(first: bytes) -> None:
    async with Peer(in_turn(first, reply(200, b"ok"))) as peer, door() as outbound:
        assert (await outbound.send(Request("GET", peer.url()))).content == b"ok"
    assert len(peer.received) == 2


@pytest.mark.parametrize(
    ("method", "safe", "status"),
    [
        ("POST", None, 503),
        ("DELETE", None, 429),
        ("PUT", True, 503),
        ("GET", False, 503),
        ("GET", None, 500),
        ("GET", None, 404),
    ],
)
async def test_else_the_first_answer_stands(method: str, safe: bool | None, status: int) -> None:
    async with Peer(in_turn(reply(status, b"no"), reply(200))) as peer, door() as outbound:
        response = await outbound.send(Request(method, peer.url()), safe=safe)
    assert (response.status, response.content, len(peer.received)) == (status, b"no", 1)


async def test_three_tries_and_the_last_answer_with_its_body() -> None:
    async with Peer(in_turn(reply(503, b"why"))) as peer, door() as outbound:
        response = await outbound.send(Request("GET", peer.url()))
    assert (response.status, response.content, len(peer.received)) == (503, b"why", 3)


async def test_a_broken_read_ends_as_a_broken_connection() -> None:
    async with Peer(in_turn(b"")) as peer, door() as outbound:
        with pytest.raises(ConnectionFailed) as caught:
            await outbound.send(Request("GET", peer.url()))
    assert caught.value.sent is True
    assert len(peer.received) == 3


@pytest.mark.row("WI-12")
async def test_retry_after_is_waited_for() -> None:
    async with Peer(in_turn(reply(429, headers={"Retry-After": "1"}), reply(200))) as peer, door() as outbound:
        started = time.perf_counter()
        assert (await outbound.send(Request("GET", peer.url()))).status == 200
    assert time.perf_counter() - started >= 1.0


async def test_a_wait_beyond_the_deadline_is_the_callers_to_make() -> None:
    async with Peer(in_turn(reply(429, b"later", {"Retry-After": "30"}), reply(200))) as peer, door() as outbound:
        response = await outbound.send(Request("GET", peer.url()), timeout_s=2)
    assert (response.status, response.content, len(peer.received)) == (429, b"later", 1)


@pytest.mark.row("WI-12")
@pytest.mark.parametrize("answer", [reply(500), reply(429), b""])
async def test_the_circuit_opens_and_closes_again(answer: bytes) -> None:
    async with (
        Peer(in_turn(*[answer] * 4, reply(200))) as peer,
        Peer() as other,
        door(circuit_failures=4, circuit_open_s=0.2) as outbound,
    ):
        for _ in range(4):
            try:
                await outbound.send(Request("POST", peer.url()))
            except ConnectionFailed:
                assert not answer
        with pytest.raises(CircuitOpen) as caught:
            await outbound.send(Request("POST", peer.url()))
        assert (await outbound.send(Request("POST", other.url()))).status == 200
        await asyncio.sleep(0.25)
        assert (await outbound.send(Request("POST", peer.url()))).status == 200
        assert (await outbound.send(Request("POST", peer.url()))).status == 200
    assert len(peer.received) == 6
    assert (caught.value.sent, caught.value.may_retry) == (False, True)
    assert caught.value.retry_after_s is not None


@pytest.mark.row("WI-12")
async def test_ports_that_nobody_listens_on_open_it_too() -> None:
    async with door(circuit_failures=3) as outbound:
        for _ in range(3):
            with pytest.raises(ConnectionFailed):
                await outbound.send(Request("GET", "http://127.0.0.1:1/"))
        with pytest.raises(CircuitOpen):
            await outbound.send(Request("GET", "http://127.0.0.1:1/"))


async def test_answers_that_are_no_failures_do_not_count() -> None:
    async with Peer(says(reply(404))) as peer, door(circuit_failures=3) as outbound:
        for _ in range(8):
            assert (await outbound.send(Request("GET", peer.url()))).status == 404


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock, retry_after_s: float | None = None) -> Circuits:
    circuits = Circuits(OutboundLimits(circuit_failures=3, circuit_open_s=10.0), clock)
    for _ in range(3):
        circuits.enter("a")
        circuits.failed("a", retry_after_s)
    return circuits


def test_one_probe_at_a_time() -> None:
    clock = Clock()
    circuits = opened(clock)
    clock.now += 10.5
    circuits.enter("a")
    with pytest.raises(CircuitOpen):
        circuits.enter("a")
    circuits.failed("a")
    with pytest.raises(CircuitOpen):
        circuits.enter("a")
    clock.now += 10.5
    circuits.enter("a")
    circuits.succeeded("a")
    circuits.enter("a")
    circuits.enter("a")


def test_a_probe_that_was_given_up_lets_the_next_one_through() -> None:
    clock = Clock()
    circuits = opened(clock)
    clock.now += 10.5
    circuits.enter("a")
    circuits.abandoned("a")
    circuits.enter("a")


def test_retry_after_keeps_it_open_longer() -> None:
    clock = Clock()
    circuits = opened(clock, 40.0)
    clock.now += 30
    with pytest.raises(CircuitOpen) as caught:
        circuits.enter("a")
    assert caught.value.retry_after_s == 10.0


def test_old_failures_are_forgotten_and_so_is_the_oldest_origin() -> None:
    clock = Clock()
    circuits = Circuits(OutboundLimits(circuit_failures=3, circuit_window_s=30.0, origins_remembered=5), clock)
    for _ in range(6):
        circuits.failed("a")
        clock.now += 20
        circuits.enter("a")
    for n in range(50):
        circuits.failed(n)
    assert len(circuits._records) == 5
