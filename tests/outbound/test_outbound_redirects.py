"""Redirects: off; when asked for, each hop is a new request that is checked from the first step."""

from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict

from actionry.errors import AddressRefused, ConnectionFailed, OutboundTimeout, ResponseRefused
from actionry.http import Request
from actionry.outbound import Outbound
from actionry.outbound.redirects import next_request
from actionry.outbound.url import parse_url
from support.peer import Names, Peer, Received, Script, reply, says
from support.tls import Tls

SECRETS = {
    "Authorization": "Bearer canary",
    "X-API-Key": "canary",
    "Cookie": "session=canary",
    "X-Custom": "canary",
    "Metadata": "true",
    "Content-Type": "text/canary",
}


def to(location: str, status: int = 302) -> Script:
    return says(reply(status, b"moved", {"Location": location}))


@pytest.mark.row("S-11")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_s_11_off_by_default(loopback_door: Outbound, method: str, status: int) -> None:
    async with Peer() as other, Peer(to(other.url("/there"), status)) as peer:
        response = await loopback_door.send(Request(method, peer.url(), content=b"secret body"))
    assert (response.status, response.headers["Location"]) == (status, other.url("/there"))
    assert other.accepted == 0


@pytest.mark.row("S-11")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("status", [303, 307, 308])
async def test_s_11_other_methods_are_never_followed(loopback_door: Outbound, method: str, status: int) -> None:
    async with Peer() as other, Peer(to(other.url(), status)) as peer:
        response = await loopback_door.send(Request(method, peer.url(), content=b"x"), redirects=3)
    assert response.status == status
    assert other.accepted == 0


@pytest.mark.row("S-10")
@pytest.mark.row("S-12")
@pytest.mark.row("S-13")
@pytest.mark.row("S-15")
@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://10.0.0.5/",
        "http://2130706433/",
        "//169.254.169.254/",
        "http://pub.test@169.254.169.254/",
        "http:\\\\169.254.169.254/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ],
)
async def test_s_10_each_hop_is_checked_and_named(loopback_door: Outbound, location: str) -> None:
    async with Peer() as second:
        hops = {"/": "/one", "/one": second.url("/two")}

        async def script(received: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(reply(302, headers={"Location": hops[received.target]}))

        second.script = to(location)
        async with Peer(script) as first:
            with pytest.raises(AddressRefused, match=r"^Redirect 3: ") as caught:
                await loopback_door.send(Request("GET", first.url(), CIMultiDict(SECRETS)), redirects=3)
    assert caught.value.sent is True
    assert (len(first.received), len(second.received)) == (2, 1)


@pytest.mark.row("S-10")
async def test_s_10_a_name_that_leads_inside_is_refused_at_the_hop() -> None:
    names = Names({"api.test": [["127.0.0.2"]], "inside.test": [["127.0.0.1"]]})
    async with Peer() as inside:
        script = to(inside.url(host="inside.test"))
        async with (
            Peer(script, host="127.0.0.2") as peer,
            Outbound(allow=("127.0.0.2/32",), resolver=names) as door,
        ):
            with pytest.raises(AddressRefused, match="Redirect 1"):
                await door.send(Request("GET", peer.url(host="api.test")), redirects=1)
    assert inside.accepted == 0


@pytest.mark.row("R-10")
@pytest.mark.row("R-11")
@pytest.mark.parametrize("where", ["other port", "other host", "sub-domain"])
async def test_r_10_nothing_of_the_caller_crosses_to_another_origin(where: str) -> None:
    names = Names({name: [["127.0.0.1"]] for name in ("api.test", "other.test", "sub.api.test")})
    host = {"other port": "api.test", "other host": "other.test", "sub-domain": "sub.api.test"}[where]
    async with (
        Peer() as other,
        Peer(to(other.url("/there", host=host))) as peer,
        Outbound(allow=("127.0.0.1/32",), resolver=names) as door,
    ):
        headers = CIMultiDict({**SECRETS, "Accept": "text/x", "User-Agent": "Mine"})
        request = Request("GET", peer.url("/?key=canary", host="api.test"), headers)
        response = await door.send(request, redirects=1)
    assert response.url == other.url("/there", host=host)
    assert b"canary" not in other.received[0].raw
    assert (other.received[0].header("Accept"), other.received[0].header("User-Agent")) == ("text/x", "Mine")
    assert peer.received[0].header("X-API-Key") == "canary"


@pytest.mark.row("R-10")
async def test_r_10_what_was_dropped_does_not_come_back(loopback_door: Outbound) -> None:
    """There and back again: the first origin gets no header either, as another chose that request."""
    async with Peer() as first, Peer(to(first.url("/back"))) as second:

        async def script(received: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(reply(302, headers={"Location": second.url()}) if received.target == "/" else reply(200))

        first.script = script
        await loopback_door.send(Request("GET", first.url(), CIMultiDict(SECRETS)), redirects=2)
    assert first.received[1].target == "/back"
    assert b"canary" not in first.received[1].raw


async def test_headers_stay_within_the_origin(loopback_door: Outbound) -> None:
    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(302, headers={"Location": "/b?x=%2f"}) if received.target == "/a" else reply(200, b"here"))

    async with Peer(script) as peer:
        response = await loopback_door.send(Request("GET", peer.url("/a"), CIMultiDict(SECRETS)), redirects=1)
    assert (response.content, response.url) == (b"here", peer.url("/b?x=%2f"))
    assert peer.received[1].header("X-API-Key") == "canary"
    assert peer.received[1].target == "/b?x=%2f"


@pytest.mark.row("R-11")
def test_r_11_https_to_http_is_never_followed() -> None:
    here, there = parse_url("https://api.test/"), parse_url("http://api.test/")
    with pytest.raises(ResponseRefused, match="https to http"):
        next_request(Request("GET", "https://api.test/"), here.origin, there)
    up = next_request(Request("GET", "http://api.test/", CIMultiDict(SECRETS)), there.origin, here)
    assert not up.headers


@pytest.mark.row("R-11")
async def test_r_11_a_secure_origin_that_leads_to_plain_http(tls: Tls) -> None:
    names = Names({"api.test": [["127.0.0.1"]]})
    async with (
        Peer() as plain,
        Peer(to(plain.url(host="api.test")), tls=tls.server("api.test")) as secure,
        Outbound(allow=("127.0.0.1/32",), resolver=names, tls=tls.client) as door,
    ):
        with pytest.raises(ResponseRefused, match=r"Redirect 1: .* https to http"):
            await door.send(Request("GET", secure.url(host="api.test"), CIMultiDict(SECRETS)), redirects=3)
    assert (len(secure.received), plain.accepted) == (1, 0)


@pytest.mark.row("D-17")
async def test_d_17_a_loop_is_seen(loopback_door: Outbound) -> None:
    async with Peer() as peer:
        peer.script = to(peer.url())
        with pytest.raises(ResponseRefused, match=r"Redirect 1: .* circle"):
            await loopback_door.send(Request("GET", peer.url()), redirects=3)
    assert len(peer.received) == 1


@pytest.mark.row("D-17")
@pytest.mark.parametrize("redirects", [1, 2, 3])
async def test_d_17_at_most_as_many_as_asked_for(loopback_door: Outbound, redirects: int) -> None:
    async def onward(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(302, headers={"Location": f"/{int(received.target[1:]) + 1}"}))

    async with Peer(onward) as peer:
        with pytest.raises(ResponseRefused, match=f"more than {redirects}"):
            await loopback_door.send(Request("GET", peer.url("/0")), redirects=redirects)
    assert len(peer.received) == redirects + 1


@pytest.mark.row("D-17")
async def test_d_17_more_than_three_cannot_be_asked_for(loopback_door: Outbound) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        await loopback_door.send(Request("GET", "http://127.0.0.1:9/"), redirects=4)


async def test_one_deadline_for_all_hops(loopback_door: Outbound) -> None:
    async def slow(received: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(reply(302, headers={"Location": f"/{int(received.target[1:]) + 1}"}))

    async with Peer(slow) as peer:
        with pytest.raises(OutboundTimeout):
            await loopback_door.send(Request("GET", peer.url("/0")), redirects=3, timeout_s=0.3)


async def test_a_redirect_without_location_is_an_answer(loopback_door: Outbound) -> None:
    async with Peer(says(reply(302, b"x"))) as peer:
        assert (await loopback_door.send(Request("GET", peer.url()), redirects=3)).status == 302


async def test_a_hop_that_does_not_answer_says_which(loopback_door: Outbound) -> None:
    async with Peer(to("http://127.0.0.1:1/")) as peer:
        with pytest.raises(ConnectionFailed, match="Redirect 1"):
            await loopback_door.send(Request("GET", peer.url()), redirects=1)
