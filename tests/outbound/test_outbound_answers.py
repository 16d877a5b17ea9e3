"""An answer is hostile input: caps on bytes, header, codings and time, and the truth about whether a request left."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
import struct
import time
import tracemalloc
import zlib
from collections import Counter

import pytest

from actionry.errors import ConnectionFailed, OutboundTimeout, ResponseRefused
from actionry.http import Request
from actionry.limits import OutboundLimits
from actionry.outbound import Outbound, OutboundPolicy
from actionry.outbound.decode import Gzip
from support.peer import Peer, Received, Script, reply, says

MIB = 1024 * 1024
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def bomb(size: int = 200 * MIB) -> bytes:
    """`size` zero bytes in some 200 kB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = bytes(MIB)
    return b"".join(packer.compress(piece) for _ in range(size // MIB)) + packer.flush()


def post(url: str) -> Request:
    return Request("POST", url, content=b"{}")


async def refused(door: Outbound, script: Script, match: str, *, max_bytes: int | None = None) -> ResponseRefused:
    async with Peer(script) as peer:
        with pytest.raises(ResponseRefused, match=match) as caught:
            await door.send(post(peer.url()), max_bytes=max_bytes, timeout_s=20)
    assert caught.value.sent is True
    assert len(peer.received) == 1
    return caught.value


@pytest.mark.row("D-13")
@pytest.mark.parametrize("max_bytes", [None, MIB])
async def test_d_13_a_gzip_bomb_stops_at_the_cap(loopback_door: Outbound, max_bytes: int | None) -> None:
    packed = bomb()
    assert len(packed) < 250_000
    tracemalloc.start()
    try:
        await refused(
            loopback_door,
            says(reply(200, packed, {"Content-Encoding": "gzip"})),
            "more than",
            max_bytes=max_bytes,
        )
        assert tracemalloc.get_traced_memory()[1] < 3 * (max_bytes or 10 * MIB)
    finally:
        tracemalloc.stop()


@pytest.mark.row("D-13")
@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "compress", "exi"])
async def test_d_13_codings_that_were_not_offered_are_refused(loopback_door: Outbound, coding: str) -> None:
    error = await refused(loopback_door, says(reply(200, b"x" * 100, {"Content-Encoding": coding})), "only gzip")
    assert coding in str(error)


@pytest.mark.row("D-14")
@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,br", "identity, gzip, gzip"])
async def test_d_14_layered_codings_are_refused(loopback_door: Outbound, coding: str) -> None:
    body = gzip.compress(gzip.compress(b"x" * 1000))
    await refused(loopback_door, says(reply(200, body, {"Content-Encoding": coding})), "only gzip")


@pytest.mark.row("D-14")
async def test_d_14_codings_over_two_lines_are_layered_too(loopback_door: Outbound) -> None:
    body = gzip.compress(gzip.compress(b"x"))
    answer = reply(200, body, {"Content-Encoding": "gzip", "content-encoding": "gzip"})
    await refused(loopback_door, says(answer), "only gzip")


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZip", "identity, gzip"])
async def test_gzip_is_decoded(loopback_door: Outbound, coding: str) -> None:
    body = b"hello " * 50_000
    async with Peer(says(reply(200, gzip.compress(body), {"Content-Encoding": coding}))) as peer:
        assert (await loopback_door.send(post(peer.url()))).content == body
    assert peer.received[0].header("Accept-Encoding") == "gzip, identity"


async def test_gzip_in_several_members_and_pieces(loopback_door: Outbound) -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two ") + gzip.compress(b"") + gzip.compress(b"three") + b"\0\0"

    async def drip(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(len(packed)):
            writer.write(b"1\r\n" + packed[at : at + 1] + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    async with Peer(drip) as peer:
        assert (await loopback_door.send(post(peer.url()))).content == b"one two three"


@pytest.mark.row("D-14")
@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"plain text", "not gzip"),
        (gzip.compress(b"x" * 10_000)[:-20], "cut short"),
        (gzip.compress(b"x" * 1000)[:-8] + b"\0" * 8, "not gzip"),
        (gzip.compress(b"") * 1500, "members"),
    ],
    ids=["no gzip", "cut", "wrong end", "members"],  # gzip writes the time into its head
)
async def test_d_14_broken_gzip(loopback_door: Outbound, body: bytes, match: str) -> None:
    await refused(loopback_door, says(reply(200, body, {"Content-Encoding": "gzip"})), match)


def test_gzip_gives_back_what_its_output_step_held() -> None:
    body = bytes(range(256)) * 4096
    decoder = Gzip(len(body), OutboundLimits())
    packed = gzip.compress(body)
    for at in range(0, len(packed), 700):
        decoder.feed(packed[at : at + 700])
    assert decoder.finish() == body


@pytest.mark.row("D-14")
async def test_d_14_no_length_is_capped(loopback_door: Outbound) -> None:
    async def pour(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        for _ in range(400):
            writer.write(b"x" * 65_536)
            await writer.drain()
        writer.close()

    await refused(loopback_door, pour, "more than 1048576 bytes", max_bytes=MIB)


async def test_a_body_that_ends_with_the_connection_is_whole(loopback_door: Outbound) -> None:
    async with Peer(says(b"HTTP/1.1 200 OK\r\n\r\nto the end", close=True)) as peer:
        assert (await loopback_door.send(post(peer.url()))).content == b"to the end"


async def test_a_body_that_ends_with_a_reset_is_not_whole(loopback_door: Outbound) -> None:
    async def reset(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nnot to the end")
        await writer.drain()
        await asyncio.sleep(0.05)
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with Peer(reset) as peer:
        with pytest.raises(ConnectionFailed, match="middle"):
            await loopback_door.send(post(peer.url()))


@pytest.mark.row("D-14")
@pytest.mark.parametrize(
    "answer", [reply(200, b"short", length=50), CHUNKED + b"5\r\nhello\r\n", b"HTTP/1.1 200 OK\r\nContent-Len", b""]
)
async def test_d_14_an_answer_that_ends_early_is_a_broken_connection(loopback_door: Outbound, answer: bytes) -> None:
    async with Peer(says(answer, close=True)) as peer:
        with pytest.raises(ConnectionFailed, match="broke") as caught:
            await loopback_door.send(post(peer.url()))
    assert caught.value.sent is True


@pytest.mark.row("D-14")
@pytest.mark.parametrize("more", [b"surplus", reply(200, b"second answer")])
async def test_d_14_more_than_announced_never_becomes_the_next_answer(loopback_door: Outbound, more: bytes) -> None:
    async with Peer(says(reply(200, b"first") + more)) as peer:
        for _ in range(3):
            try:
                assert (await loopback_door.send(post(peer.url()))).content == b"first"
            except ResponseRefused:
                assert more == b"surplus"
        assert peer.accepted == 3


@pytest.mark.row("D-14")
async def test_d_14_a_flood_of_chunk_extensions_is_capped(loopback_door: Outbound) -> None:
    async def flood(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        while not peer_gone(writer):
            writer.write((b"1;" + b"e" * 4000 + b"\r\nx\r\n") * 16)
            await writer.drain()

    await refused(loopback_door, flood, "most of them not content", max_bytes=10_000)


@pytest.mark.row("D-14")
async def test_d_14_a_flood_of_trailers_is_capped(loopback_door: Outbound) -> None:
    trailers = b"".join(b"X-%d: y\r\n" % n for n in range(5000))
    with pytest.raises((ResponseRefused, ConnectionFailed)):
        async with Peer(says(CHUNKED + b"0\r\n" + trailers + b"\r\n")) as peer:
            await loopback_door.send(post(peer.url()), timeout_s=5)


@pytest.mark.row("D-15")
async def test_d_15_a_dripping_body_meets_the_total_deadline(loopback_door: Outbound) -> None:
    async def drip(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not peer_gone(writer):
            writer.write(b"x")
            await asyncio.sleep(0.05)
        gone.set()

    gone = asyncio.Event()
    async with Peer(drip) as peer:
        started = time.perf_counter()
        with pytest.raises(OutboundTimeout, match="had not finished its answer") as caught:
            await loopback_door.send(post(peer.url()), timeout_s=0.4)
        assert 0.36 <= time.perf_counter() - started <= 2
        await asyncio.wait_for(gone.wait(), 5)  # the socket was closed
    assert (caught.value.sent, caught.value.told_to) == (True, "api")


@pytest.mark.row("D-15")
async def test_d_15_a_dripping_head_meets_it_too(loopback_door: Outbound) -> None:
    async def drip(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(1000):
            if peer_gone(writer):
                return
            writer.write(b"X: y\r\n")
            await asyncio.sleep(0.05)

    async with Peer(drip) as peer:
        with pytest.raises(OutboundTimeout, match="had not answered"):
            await loopback_door.send(post(peer.url()), timeout_s=0.3)


@pytest.mark.row("D-15")
async def test_d_15_defaults_are_5_15_and_45_seconds() -> None:
    limits = OutboundLimits()
    assert (limits.resolve_s, limits.connect_s, limits.first_byte_s, limits.total_s) == (5.0, 5.0, 15.0, 45.0)


async def test_the_first_byte_has_its_own_deadline_unless_the_caller_waits(loopback_door: Outbound) -> None:
    async def slow(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(reply(200, b"late"))

    policy = OutboundPolicy(allow=("127.0.0.1/32",), limits=OutboundLimits(first_byte_s=0.05))
    async with Peer(slow) as peer, Outbound(policy=policy) as door:
        with pytest.raises(OutboundTimeout):
            await door.send(post(peer.url()))
        assert (await door.send(post(peer.url()), timeout_s=2)).content == b"late"


async def test_a_request_that_is_never_read_times_out_as_sent(loopback_door: Outbound) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a socket's transport
        await peer.over.wait()

    async with Peer(raw=deaf) as peer:
        with pytest.raises(OutboundTimeout) as caught:
            await loopback_door.send(Request("POST", peer.url(), content=b"x" * 50_000_000), timeout_s=0.5)
    assert caught.value.sent is True


async def test_cancelling_closes_the_connection(loopback_door: Outbound) -> None:
    async def hang(received: Received, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await received.reader.read(1)
        gone.set()

    arrived, gone = asyncio.Event(), asyncio.Event()
    async with Peer(hang) as peer:
        call = asyncio.ensure_future(loopback_door.send(post(peer.url())))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.wait_for(gone.wait(), 5)


@pytest.mark.row("D-16")
@pytest.mark.parametrize(
    "head",
    [
        b"X-Big: " + b"y" * 1_000_000 + b"\r\n",
        b"".join(b"X-%d: y\r\n" % n for n in range(100_000)),
        b"".join(b"X-%d: %s\r\n" % (n, b"y" * 8000) for n in range(20)),
        b"X-" + b"n" * 100_000 + b": y\r\n",
    ],
    ids=["1 MB line", "10^5 lines", "160 kB in all", "long name"],
)
async def test_d_16_header_floods(loopback_door: Outbound, head: bytes) -> None:
    await refused(
        loopback_door, says(b"HTTP/1.1 200 OK\r\n" + head + b"Content-Length: 0\r\n\r\n"), "its header has more"
    )


@pytest.mark.row("D-16")
@pytest.mark.parametrize("code", [100, 102, 103])
async def test_d_16_a_flood_of_interim_answers(loopback_door: Outbound, code: int) -> None:
    interim = b"HTTP/1.1 %d Wait\r\nX: y\r\n\r\n" % code
    await refused(loopback_door, says(interim * 10_000 + reply(200, b"x")), "interim")


@pytest.mark.row("D-16")
async def test_d_16_an_endless_row_of_interim_answers(loopback_door: Outbound) -> None:
    async def flood(received: Received, writer: asyncio.StreamWriter) -> None:
        while not peer_gone(writer):
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await asyncio.sleep(0.001)

    await refused(loopback_door, flood, "interim")


async def test_a_few_interim_answers_are_fine(loopback_door: Outbound) -> None:
    async with Peer(says(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 3 + reply(200, b"x"))) as peer:
        assert (await loopback_door.send(post(peer.url()))).content == b"x"


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
        CHUNKED + b"zz\r\nhello\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused_without_quoting_it(loopback_door: Outbound, answer: bytes) -> None:
    async with Peer(says(answer, close=True)) as peer:
        with pytest.raises((ResponseRefused, ConnectionFailed)) as caught:
            await loopback_door.send(post(peer.url()))
    assert caught.value.sent is True
    assert "hello" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_head_has_no_body_whatever_its_length_says(loopback_door: Outbound) -> None:
    async with Peer(says(reply(200, b"", {"Content-Encoding": "br"}, length=5000))) as peer:
        for _ in range(2):
            response = await loopback_door.send(Request("HEAD", peer.url()))
            assert (response.status, response.content) == (200, b"")
    assert peer.accepted == 1


@pytest.mark.parametrize("status", [204, 304])
async def test_bodiless_statuses(loopback_door: Outbound, status: int) -> None:
    async with Peer(says(b"HTTP/1.1 %d None\r\n\r\n" % status)) as peer:
        for _ in range(2):
            assert (await loopback_door.send(post(peer.url()))).status == status
    assert peer.accepted == 1


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 404, 418, 500, 599])
async def test_every_status_comes_back_with_its_body(loopback_door: Outbound, status: int) -> None:
    async with Peer(
        says(reply(status, b'{"why": "so"}', {"Content-Type": "application/json", "Location": "/x"}))
    ) as peer:
        response = await loopback_door.send(post(peer.url()))
    assert (response.status, response.content, response.media_type) == (status, b'{"why": "so"}', "application/json")
    assert response.url == peer.url()
    assert response.elapsed_s > 0


async def test_header_bytes_beyond_ascii_come_back_as_text(loopback_door: Outbound) -> None:
    async with Peer(says(b"HTTP/1.1 200 OK\r\nX-Name: \xe4\xbd\xa0 \xff\r\nContent-Length: 0\r\n\r\n")) as peer:
        response = await loopback_door.send(post(peer.url()))
    assert response.headers["x-name"] == "你 \ufffd"
    response.headers["x-name"].encode("utf-8")


async def test_repeated_headers_are_kept(loopback_door: Outbound) -> None:
    async with Peer(says(reply(200, b"", {"Set-Cookie": "a=1", "set-cookie": "b=2"}))) as peer:
        response = await loopback_door.send(post(peer.url()))
    assert response.headers.getall("Set-Cookie") == ["a=1", "b=2"]


async def test_a_body_of_exactly_the_cap_is_taken(loopback_door: Outbound) -> None:
    async with Peer(says(reply(200, b"x" * 5000))) as peer:
        assert len((await loopback_door.send(post(peer.url()), max_bytes=5000)).content) == 5000
        with pytest.raises(ResponseRefused):
            await loopback_door.send(post(peer.url()), max_bytes=4999)


async def test_an_early_answer_to_a_large_body_is_read(loopback_door: Outbound) -> None:
    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(413, b"too large"))
        await writer.drain()
        while await reader.read(65_536):
            pass
        writer.close()

    async with Peer(raw=early) as peer:
        response = await loopback_door.send(Request("POST", peer.url(), content=b"x" * 20_000_000))
    assert (response.status, response.content) == (413, b"too large")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_request_that_may_have_run_is_never_sent_twice(loopback_door: Outbound, method: str) -> None:
    """aiohttp's own session would send PUT and DELETE again here."""

    async def vanish(received: Received, writer: asyncio.StreamWriter) -> None:
        if len(peer.received) == 1:
            writer.write(reply(200, b"x"))
        else:
            writer.transport.abort()

    async with Peer(vanish) as peer:
        await loopback_door.send(Request(method, peer.url(), content=b"1"))
        with pytest.raises(ConnectionFailed) as caught:
            await loopback_door.send(Request(method, peer.url(), content=b"2"))
    assert caught.value.sent is True
    assert [received.body for received in peer.received] == [b"1", b"2"]


@pytest.mark.parametrize(("safe", "sent"), [(None, 3), (False, 2)])
async def test_a_read_on_a_connection_that_had_died_is_sent_again_unless_forbidden(
    loopback_door: Outbound, safe: bool | None, sent: int
) -> None:
    async def die_once(received: Received, writer: asyncio.StreamWriter) -> None:
        if len(peer.received) == 2:
            writer.transport.abort()
        else:
            writer.write(reply(200, b"x"))

    async with Peer(die_once) as peer:
        await loopback_door.send(Request("GET", peer.url()))
        if safe is None:
            assert (await loopback_door.send(Request("GET", peer.url()))).content == b"x"
        else:
            with pytest.raises(ConnectionFailed):
                await loopback_door.send(Request("GET", peer.url()), safe=safe)
    assert len(peer.received) == sent


async def test_a_connection_closed_while_idle_is_replaced_for_every_method(loopback_door: Outbound) -> None:
    async def goodbye(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(200, b"x"))  # promises to stay, and leaves
        await writer.drain()
        writer.close()

    async with Peer(goodbye) as peer:
        for _ in range(3):
            assert (await loopback_door.send(post(peer.url()))).status == 200
            await asyncio.sleep(0.02)
    assert peer.accepted == 3


@pytest.mark.parametrize("port", [1, 9])
async def test_nothing_listening_means_nothing_sent(loopback_door: Outbound, port: int) -> None:
    with pytest.raises(ConnectionFailed, match="Nothing answers") as caught:
        await loopback_door.send(post(f"http://127.0.0.1:{port}/secret-path?key=s3cret"))
    assert (caught.value.sent, caught.value.told_to, caught.value.may_retry) == (False, "api", True)
    assert "s3cret" not in str(caught.value)
    assert "secret-path" not in str(caught.value)


async def test_tls_to_a_plain_server_says_so(loopback_door: Outbound) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply(400, b"speak HTTP"))
        await writer.drain()
        writer.close()

    async with Peer(raw=plain) as peer:
        with pytest.raises(ConnectionFailed, match="secure connection") as caught:
            await loopback_door.send(post(peer.url().replace("http:", "https:")), timeout_s=5)
    assert caught.value.sent is False


async def test_law_any_bytes_are_an_answer_or_one_of_our_errors() -> None:
    """Well-formed answers with bytes changed, dropped, doubled, and cut anywhere."""
    dice = random.Random(11)
    seeds = [
        reply(200, b'{"a": 1}', {"Content-Type": "application/json"}),
        reply(200, gzip.compress(b"x" * 300), {"Content-Encoding": "gzip"}),
        CHUNKED + b"5;ext=1\r\nhello\r\n3\r\nyou\r\n0\r\nX-Trailer: y\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + reply(204),
        b"HTTP/1.0 200 OK\r\n\r\nto the end",
    ]

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(spoilt(dice.choice(seeds), dice))
        writer.close()

    outcomes: Counter[str] = Counter()
    policy = OutboundPolicy(allow=("127.0.0.1/32",), limits=OutboundLimits(circuit_failures=10**6))
    async with Peer(script) as peer, Outbound(policy=policy) as door:
        for _ in range(600):
            try:
                await door.send(post(peer.url()), timeout_s=5)
                outcomes["answer"] += 1
            except (ConnectionFailed, ResponseRefused) as error:
                outcomes[type(error).__name__] += 1
    assert set(outcomes) == {"answer", "ConnectionFailed", "ResponseRefused"}


def spoilt(data: bytes, dice: random.Random) -> bytes:
    mutable = bytearray(data)
    for _ in range(dice.randint(0, 3)):
        at = dice.randrange(len(mutable))
        match dice.randrange(4):
            case 0:
                mutable[at] = dice.randrange(256)
            case 1:
                del mutable[at : at + dice.randint(1, 8)]
            case 2:
                mutable[at:at] = mutable[at : at + dice.randint(1, 30)]
            case _:
                mutable[at:at] = dice.choice([b"\r\n", b"\0", b"\n", b" ", b":", b"\xff", b"0\r\n\r\n"])
        if not mutable:
            break
    return bytes(mutable[: dice.randint(0, len(mutable))] if dice.random() < 0.3 else mutable)


def peer_gone(writer: asyncio.StreamWriter) -> bool:
    return writer.is_closing() or writer.transport.is_closing()
