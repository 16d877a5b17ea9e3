"""Where a connection goes: addresses, names, ports, exemptions, TLS, proxies, pools."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from multidict import CIMultiDict

from actionry.errors import ActionryError, AddressRefused, ConnectionFailed, OutboundError, OutboundTimeout
from actionry.http import Request
from actionry.limits import OutboundLimits
from actionry.outbound import Outbound, OutboundPolicy
from actionry.outbound.resolve import Resolver, SystemResolver
from support.attacks import ATTACKS, NAMES
from support.peer import Names, Peer, Received, reply, says
from support.sockets import PastTheDoor
from support.tls import Tls


def get(url: str) -> Request:
    return Request("GET", url)


@pytest.mark.row("S-01")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"])
async def test_s_01_this_machine_is_refused_at_save_and_at_call(host: str) -> None:
    async with Peer() as peer:
        door = Outbound(policy=OutboundPolicy(ports=frozenset({peer.port})))
        async with door:
            url = f"http://{host}:{peer.port}/"
            with pytest.raises(AddressRefused):
                door.check_url(url)
            with pytest.raises(AddressRefused) as caught:
                await door.send(get(url))
    assert peer.accepted == 0
    assert (caught.value.sent, caught.value.told_to) == (False, "builder")


@pytest.mark.row("S-02")
async def test_s_02_a_name_that_moves_inside_is_refused_at_call() -> None:
    names = Names({"api.test": [["127.0.0.2"], ["10.0.0.5"]]})
    async with Peer(host="127.0.0.2") as peer, Outbound(allow=("127.0.0.2/32",), resolver=names) as door:
        door.check_url(peer.url(host="api.test"))
        peer.script = says(reply(200, b"{}", {"Connection": "close"}))
        await door.send(get(peer.url(host="api.test")))
        with pytest.raises(AddressRefused):
            await door.send(get(peer.url(host="api.test")))
    assert peer.accepted == 1


@pytest.mark.row("S-08")
async def test_s_08_one_look_up_per_connection_and_the_checked_address_is_used() -> None:
    """127.0.0.2 stands for a public address; a second answer would lead to 127.0.0.1."""
    names = Names({"api.test": [["127.0.0.2"], ["127.0.0.1"]]})
    async with (
        Peer(host="127.0.0.2") as outside,
        Peer(port=outside.port) as inside,
        Outbound(allow=("127.0.0.2/32",), resolver=names) as door,
    ):
        for _ in range(3):
            await door.send(get(outside.url(host="api.test")))
        assert names.asked == ["api.test"]
        assert (outside.accepted, len(outside.received), inside.accepted) == (1, 3, 0)
        assert outside.received[0].header("Host") == f"api.test:{outside.port}"


@pytest.mark.row("S-09")
@pytest.mark.parametrize("answer", [["127.0.0.2", "10.0.0.5"], ["10.0.0.5", "127.0.0.2"], ["127.0.0.2", "nonsense"]])
async def test_s_09_one_bad_answer_refuses_the_name(answer: list[str]) -> None:
    names = Names({"api.test": [answer]})
    async with Peer(host="127.0.0.2") as peer, Outbound(allow=("127.0.0.2/32",), resolver=names) as door:
        with pytest.raises(AddressRefused) as caught:
            await door.send(get(peer.url(host="api.test")))
    assert peer.accepted == 0
    assert "10.0.0.5" not in str(caught.value)


@pytest.mark.row("S-20")
@pytest.mark.row("S-22")
@pytest.mark.usefixtures("only_the_door")
async def test_s_20_no_attack_opens_a_socket() -> None:
    """Everything that fetches uses this one call, so this holds for imports, previews, files and OAuth alike."""
    async with Outbound(resolver=Names(NAMES)) as door:
        for _, url in ATTACKS:
            with pytest.raises(OutboundError) as caught:
                await door.send(get(url))
            assert caught.value.sent is False


async def test_the_watch_sees_a_socket_past_the_door(only_the_door: list[str]) -> None:
    with pytest.raises(PastTheDoor):
        await asyncio.open_connection("127.0.0.1", 9)
    only_the_door.clear()


@pytest.mark.row("S-21")
@pytest.mark.parametrize("path", ["//127.0.0.1/", "/http://127.0.0.1/", "/@127.0.0.1/", "/\\127.0.0.1"])
async def test_s_21_a_value_in_the_path_never_becomes_the_host(loopback_door: Outbound, path: str) -> None:
    async with Peer() as peer:
        try:
            await loopback_door.send(get(peer.url(path)))
        except AddressRefused:
            assert "\\" in path
        else:
            assert peer.received[0].target == path


@pytest.mark.row("S-23")
async def test_s_23_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch, loopback_door: Outbound) -> None:
    async with Peer() as proxy, Peer() as peer:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        await loopback_door.send(get(peer.url()))
    assert (proxy.accepted, peer.accepted) == (0, 1)


@pytest.mark.row("S-23")
async def test_s_23_an_explicit_proxy_gets_names_and_no_literals() -> None:
    names = Names({})
    async with Peer(says(reply(200, b"via proxy"))) as proxy:
        address = f"http://user:p%40ss@127.0.0.1:{proxy.port}"
        async with Outbound(egress_proxy=address, resolver=names) as door:
            response = await door.send(get("http://api.test/a?b#c"))
            assert response.content == b"via proxy"
            for url in (
                "http://127.0.0.1/",
                "http://10.0.0.5/",
                "http://[::1]/",
                "http://localhost/",
                "http://2130706433/",
            ):
                with pytest.raises(AddressRefused):
                    await door.send(get(url))
    assert (names.asked, len(proxy.received)) == ([], 1)
    assert proxy.received[0].target == "http://api.test/a?b"
    assert proxy.received[0].header("Host") == "api.test"
    assert proxy.received[0].header("Proxy-Authorization") == "Basic dXNlcjpwQHNz"


@pytest.mark.row("S-23")
async def test_s_23_https_goes_through_a_tunnel_with_the_names_certificate(tls: Tls) -> None:
    async with Peer(says(reply(200, b"inside TLS")), tls=tls.server("api.test")) as peer:

        async def tunnel(received: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", peer.port)
            await asyncio.gather(pump(received.reader, far_writer), pump(far_reader, writer))

        async with Peer(tunnel) as proxy:
            async with Outbound(egress_proxy=proxy.url(), resolver=Names({}), tls=tls.client) as door:
                response = await door.send(get("https://api.test/x"))
            assert response.content == b"inside TLS"
            assert proxy.received[0].target == "api.test:443"
            assert proxy.received[0].header("Proxy-Authorization") is None


async def test_a_proxy_that_declines_is_the_operators_matter() -> None:
    async with (
        Peer(says(b"HTTP/1.1 403 Forbidden\r\n\r\n")) as proxy,
        Outbound(egress_proxy=proxy.url(), resolver=Names({})) as door,
    ):
        with pytest.raises(ConnectionFailed, match="403") as caught:
            await door.send(get("https://api.test/x"))
    assert (caught.value.sent, caught.value.told_to) == (False, "operator")


@pytest.mark.row("S-24")
async def test_s_24_open_closed_and_filtered_inside_read_the_same() -> None:
    async with Peer() as peer:
        closed = peer.port + 1 if peer.port < 65535 else peer.port - 1
        ports = frozenset({peer.port, closed})
        async with Outbound(policy=OutboundPolicy(ports=ports)) as door:
            texts, spans = set(), []
            for url in (
                f"http://127.0.0.1:{peer.port}/",
                f"http://127.0.0.1:{closed}/",
                f"http://10.255.255.1:{closed}/",
                "http://127.0.0.1:22/",
            ):
                times = []
                for _ in range(5):
                    started = time.perf_counter()
                    with pytest.raises(AddressRefused) as caught:
                        await door.send(get(url))
                    times.append(time.perf_counter() - started)
                spans.append(min(times))  # a busy machine may stall once
                host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
                texts.add(str(caught.value).replace(host, "HOST").replace(port, "PORT"))
    assert len(texts) == 1
    assert max(spans) - min(spans) < 0.05
    assert peer.accepted == 0


@pytest.mark.row("S-24")
async def test_s_24_closed_and_filtered_read_the_same_where_a_place_is_allowed() -> None:
    policy = OutboundPolicy(allow=("127.0.0.0/8",), limits=OutboundLimits(connect_s=0.1))
    texts = set()
    with dropping_port("127.0.0.1") as filtered:
        async with Outbound(policy=policy) as door:
            for port in (1, filtered):
                with pytest.raises(ConnectionFailed) as caught:
                    await door.send(get(f"http://127.0.0.1:{port}/"))
                texts.add(str(caught.value).replace(f":{port}", ""))
    assert len(texts) == 1


@pytest.mark.row("D-18")
@pytest.mark.parametrize("drops", [False, True])
async def test_d_18_of_two_hundred_addresses_three_are_tried(
    connections: list[tuple[object, ...]], drops: bool
) -> None:
    answers = [f"127.1.{n}.1" for n in range(200)]
    limits = OutboundLimits(attempt_delay_s=0.02, connect_s=0.3)
    policy = OutboundPolicy(allow=("127.1.0.0/16",), limits=limits)
    with dropping_port(*answers[:4]) if drops else nullcontext(9) as port:
        connections.clear()
        async with Outbound(policy=policy, resolver=Names({"many.test": [answers]})) as door:
            started = time.perf_counter()
            with pytest.raises(ConnectionFailed, match="Nothing answers"):
                await door.send(get(f"http://many.test:{port}/"))
    assert [place[0] for place in connections] == answers[:3]
    assert time.perf_counter() - started < 3
    if drops:
        assert time.perf_counter() - started > 0.29


@contextmanager
def dropping_port(*hosts: str) -> Iterator[int]:
    """A port on which those hosts drop further connections, as a filter does: listeners whose queue is full."""
    opened: list[socket.socket] = []
    port = 0
    try:
        for host in hosts:
            listener = socket.socket()
            opened.append(listener)
            listener.bind((host, port))
            listener.listen(0)
            port = listener.getsockname()[1]
            for _ in range(4):
                filler = socket.socket()
                opened.append(filler)
                filler.setblocking(False)
                filler.connect_ex((host, port))
        yield port
    finally:
        for each in opened:
            each.close()


@pytest.mark.row("D-18")
async def test_d_18_a_resolver_that_stalls_is_given_up() -> None:
    class Stalling:
        async def resolve(self, host: str, port: int) -> list[str]:
            await asyncio.Event().wait()
            return []

    stalling: Resolver = Stalling()
    async with Outbound(policy=OutboundPolicy(limits=OutboundLimits(resolve_s=0.05)), resolver=stalling) as door:
        started = time.perf_counter()
        with pytest.raises(ConnectionFailed, match="name server") as caught:
            await door.send(get("http://slow.test/"))
    assert time.perf_counter() - started < 3
    assert caught.value.sent is False


async def test_both_families_are_among_the_addresses_kept() -> None:
    """Four IPv6 answers before the IPv4 one, and no IPv6 here: the IPv4 address is still tried."""
    answers = ["fd00::1", "fd00::2", "fd00::3", "fd00::4", "127.0.0.1"]
    names = Names({"dual.test": [answers]})
    async with Peer() as peer, Outbound(allow=("fd00::/64", "127.0.0.1/32"), resolver=names) as door:
        await door.send(get(peer.url(host="dual.test")))
    assert peer.accepted == 1


async def test_localhost_means_the_loopback_that_is_allowed_and_is_not_looked_up() -> None:
    names = Names({})
    async with Peer() as peer, Outbound(allow=("127.0.0.1/32",), resolver=names) as door:
        await door.send(get(peer.url(host="localhost")))
        await door.send(get(peer.url(host="api.localhost")))
    assert names.asked == []


@pytest.mark.parametrize(
    ("allow", "host", "opens"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1:{port}", "127.0.0.1", True),
        ("db.internal:{port}", "db.internal", True),
        ("DB.internal.:{port}", "db.internal", True),
        ("127.0.0.1:{port}", "db.internal", True),
        ("127.0.0.1:1", "127.0.0.1", False),
        ("db.internal:1", "db.internal", False),
        ("db.internal:{port}", "other.internal", False),
        ("localhost:{port}", "localhost", True),
        ("10.0.0.0/8", "127.0.0.1", False),
    ],
)
async def test_exemptions(allow: str, host: str, opens: bool) -> None:
    names = Names({"db.internal": [["127.0.0.1"]], "other.internal": [["127.0.0.1"]]})
    async with Peer() as peer, Outbound(allow=(allow.format(port=peer.port),), resolver=names) as door:
        if opens:
            assert (await door.send(get(peer.url(host=host)))).status == 200
        else:
            with pytest.raises(AddressRefused):
                await door.send(get(peer.url(host=host)))
    assert peer.accepted == int(opens)


@pytest.mark.row("S-05")
async def test_s_05_an_exemption_by_name_does_not_open_metadata() -> None:
    names = Names({"meta.internal": [["169.254.169.254"]]})
    async with Outbound(allow=("meta.internal:80", "169.254.169.254:80", "169.254.0.0/16"), resolver=names) as door:
        for host in ("meta.internal", "169.254.169.254"):
            with pytest.raises(AddressRefused):
                await door.send(get(f"http://{host}/"))


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "db.internal", "http://db.internal:80", "db.internal:0", ":80", "x/y"])
def test_an_unreadable_exemption_stops_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="allow"):
        Outbound(allow=(entry,))


def test_allow_is_not_one_text() -> None:
    with pytest.raises(TypeError, match="sequence"):
        Outbound(allow="127.0.0.1/32")


@pytest.mark.parametrize(
    ("port", "opens"), [(80, True), (443, True), (8080, True), (8443, True), (22, False), (6379, False)]
)
def test_ports(port: int, opens: bool) -> None:
    door = Outbound()
    if opens:
        door.check_url(f"http://api.example:{port}/")
    else:
        with pytest.raises(AddressRefused):
            door.check_url(f"http://api.example:{port}/")
    Outbound(policy=OutboundPolicy(ports=frozenset({port}))).check_url(f"http://api.example:{port}/")


async def test_a_name_on_another_port_needs_every_address_in_an_allowed_network() -> None:
    names = Names({"api.test": [["127.0.0.1", "93.184.216.34"]]})
    async with Peer() as peer, Outbound(allow=("127.0.0.1/32",), resolver=names) as door:
        with pytest.raises(AddressRefused):
            await door.send(get(peer.url(host="api.test")))
    assert peer.accepted == 0


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.mark.row("S-08")
async def test_s_08_tls_keeps_the_name_while_the_address_is_pinned(tls: Tls) -> None:
    names = Names({"api.test": [["127.0.0.2"]], "other.test": [["127.0.0.2"]]})
    async with Peer(host="127.0.0.2", tls=tls.server("api.test")) as peer:
        async with Outbound(allow=("127.0.0.2/32",), resolver=names, tls=tls.client) as door:
            assert (await door.send(get(peer.url(host="api.test")))).status == 200
            assert peer.received[0].header("Host") == f"api.test:{peer.port}"
            with pytest.raises(ConnectionFailed, match="certificate") as caught:
                await door.send(Request("POST", peer.url(host="other.test"), content=b"{}"))
        assert caught.value.sent is False
        async with Outbound(allow=("127.0.0.2/32",), resolver=names) as door:
            with pytest.raises(ConnectionFailed, match="certificate"):
                await door.send(get(peer.url(host="api.test")))
    assert tls.names_asked[:2] == ["api.test", "other.test"]
    assert len(peer.received) == 1


async def test_doors_do_not_share_connections() -> None:
    async with Peer() as peer, Outbound(allow=("127.0.0.1/32",)) as one, Outbound(allow=("127.0.0.0/8",)) as two:
        for door in (one, two, one, two):
            await door.send(get(peer.url()))
    assert peer.accepted == 2


async def test_unasked_bytes_on_a_kept_connection_are_never_an_answer(loopback_door: Outbound) -> None:
    """A peer that answers twice would otherwise give the second answer to the next request."""
    sent = asyncio.Event()

    async def twice(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(200, received.target.encode()))
        await writer.drain()
        if received.target == "/first":
            await asyncio.sleep(0.02)
            writer.write(reply(200, b"stolen"))
            sent.set()

    async with Peer(twice) as peer:
        await loopback_door.send(get(peer.url("/first")))
        await sent.wait()
        await asyncio.sleep(0.02)
        assert (await loopback_door.send(get(peer.url("/second")))).content == b"/second"
    assert peer.accepted == 2


async def test_more_calls_than_places_wait_for_one() -> None:
    policy = OutboundPolicy(allow=("127.0.0.1/32",), limits=OutboundLimits(connections_per_origin=4))
    async with Peer() as peer, Outbound(policy=policy) as door:
        answers = await asyncio.gather(*(door.send(get(peer.url(f"/{n}"))) for n in range(40)))
    assert len(answers) == 40
    assert peer.accepted == 4


async def test_a_full_pool_times_out_with_nothing_sent() -> None:
    async def hang(received: Received, writer: asyncio.StreamWriter) -> None:
        await peer.over.wait()

    policy = OutboundPolicy(allow=("127.0.0.1/32",), limits=OutboundLimits(connections_per_origin=1))
    async with Peer(hang) as peer, Outbound(policy=policy) as door:
        first = asyncio.ensure_future(door.send(get(peer.url("/1")), timeout_s=0.3))
        await asyncio.sleep(0.05)
        with pytest.raises(OutboundTimeout) as caught:
            await door.send(Request("POST", peer.url("/2")), timeout_s=0.05)
        assert caught.value.sent is False
        with pytest.raises(OutboundTimeout):
            await first


def test_one_door_serves_one_loop_at_a_time() -> None:
    door = Outbound(allow=("127.0.0.1/32",))

    async def call() -> int:
        async with Peer() as peer:
            return (await door.send(get(peer.url()))).status

    assert asyncio.run(call()) == 200
    assert asyncio.run(call()) == 200  # the loop before is closed: it starts anew
    other = asyncio.new_event_loop()
    try:
        other.run_until_complete(call())
        with pytest.raises(RuntimeError, match="event loop"):
            asyncio.run(call())
        other.run_until_complete(door.aclose())
        with pytest.raises(RuntimeError, match="closed"):
            other.run_until_complete(call())
    finally:
        other.close()


@pytest.mark.row("D-14")
async def test_d_14_own_user_agent_unless_the_caller_names_one(loopback_door: Outbound) -> None:
    async with Peer() as peer:
        await loopback_door.send(get(peer.url()))
        await loopback_door.send(Request("GET", peer.url(), CIMultiDict({"user-agent": "Mine/1"})))
        async with Outbound(allow=("127.0.0.1/32",), user_agent="Team/2 (+https://team.example)") as named:
            await named.send(get(peer.url()))
    agents = [received.header("User-Agent") for received in peer.received]
    assert agents[0] is not None
    assert agents[0].startswith("Actionry/")
    assert "+https://" in agents[0]
    assert agents[1:] == ["Mine/1", "Team/2 (+https://team.example)"]


@pytest.mark.row("R-04")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Key", "a\r\nX-Evil: 1"),
        ("X-Key", "a\nb"),
        ("X-Key", "a\x00b"),
        ("X-Key", "你"),
        ("X-Key\r\nX-Evil", "1"),
        ("X Key", "1"),
        ("", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Content-Length", "5"),
        ("Connection", "keep-alive, X-Api-Key"),
        ("Host", "evil.test"),
        ("Proxy-Authorization", "Basic x"),
        ("Upgrade", "h2c"),
    ],
)
async def test_r_04_headers_that_http_cannot_carry_open_no_connection(
    loopback_door: Outbound, name: str, value: str
) -> None:
    async with Peer() as peer:
        with pytest.raises(ActionryError) as caught:
            await loopback_door.send(Request("POST", peer.url(), CIMultiDict({name: value}), b"hi"))
    assert isinstance(caught.value, OutboundError)
    assert caught.value.sent is False
    assert peer.accepted == 0
    assert value not in str(caught.value) or value in ("1", "5")


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GE T", "", "GET /x HTTP/1.1\r\n"])
async def test_methods_that_are_not_sent(loopback_door: Outbound, method: str) -> None:
    with pytest.raises(OutboundError, match="method"):
        await loopback_door.send(Request(method, "http://127.0.0.1:9/"))


@pytest.mark.parametrize(
    ("method", "content", "length"),
    [
        ("GET", None, None),
        ("GET", b"x", "1"),
        ("DELETE", b"{}", "2"),
        ("DELETE", None, None),
        ("POST", None, "0"),
        ("PUT", b"", "0"),
        ("PATCH", b"y" * 300_000, "300000"),
    ],
)
async def test_bodies(loopback_door: Outbound, method: str, content: bytes | None, length: str | None) -> None:
    async with Peer() as peer:
        await loopback_door.send(Request(method, peer.url(), content=content))
    assert peer.received[0].header("Content-Length") == length
    assert peer.received[0].body == (content or b"")


async def test_headers_keep_order_case_and_repetition(loopback_door: Outbound) -> None:
    headers = CIMultiDict([("X-One", "1"), ("x-TWO", "ü"), ("X-One", "2"), ("Cookie", "a=b; c=d")])
    async with Peer() as peer:
        await loopback_door.send(Request("GET", peer.url(), headers))
    sent = [pair for pair in peer.received[0].headers if pair[0].lower() in ("x-one", "x-two", "cookie")]
    assert sent == [("X-One", "1"), ("x-TWO", "ü"), ("X-One", "2"), ("Cookie", "a=b; c=d")]


async def test_cookies_are_never_kept(loopback_door: Outbound) -> None:
    async with Peer(says(reply(200, b"{}", {"Set-Cookie": "session=1; Path=/"}))) as peer:
        for _ in range(2):
            await loopback_door.send(get(peer.url()))
    assert [received.header("Cookie") for received in peer.received] == [None, None]


async def test_the_systems_resolver_is_asked_in_a_thread_of_its_own() -> None:
    assert "127.0.0.1" in await SystemResolver().resolve("localhost", 80)
    with pytest.raises(UnicodeError, match="too long"):
        await SystemResolver().resolve("a" * 70 + ".invalid", 80)


async def test_closing_the_door_ends_what_is_under_way(loopback_door: Outbound) -> None:
    async def half(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhalf of a body that ends with the connection")
        arrived.set()

    arrived = asyncio.Event()
    async with Peer(half) as peer:
        call = asyncio.ensure_future(loopback_door.send(Request("POST", peer.url())))
        await arrived.wait()
        await asyncio.sleep(0.05)
        await loopback_door.aclose()
        with pytest.raises(ConnectionFailed):
            await asyncio.wait_for(call, 2)


async def test_idle_connections_are_closed_and_forgotten() -> None:
    policy = OutboundPolicy(allow=("127.0.0.1/32",), limits=OutboundLimits(idle_s=0.05))
    async with Peer() as peer, Outbound(policy=policy) as door:
        await door.send(get(peer.url()))
        await asyncio.wait_for(peer.hung_up.wait(), 2)
        await door.send(get(peer.url()))
    assert peer.accepted == 2


async def test_only_so_many_connections_in_all() -> None:
    limits = OutboundLimits(connections=3, idle_connections=2)
    policy = OutboundPolicy(allow=("127.0.0.1/32",), limits=limits)
    async with Peer() as one, Peer() as two, Outbound(policy=policy) as door:
        urls = [peer.url(f"/{n}") for n in range(10) for peer in (one, two)]
        answers = await asyncio.gather(*(door.send(get(url)) for url in urls))
    assert [answer.url for answer in answers] == urls
