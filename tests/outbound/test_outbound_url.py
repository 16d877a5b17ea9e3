"""The one parser: what it takes apart, what it refuses, and that nothing changes on the way to the wire."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.errors import AddressRefused
from actionry.http import Request
from actionry.outbound import Outbound
from actionry.outbound.url import join_location, parse_url
from support.attacks import ATTACKS
from support.peer import Peer


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://api.example.com", "https://api.example.com", "/"),
        ("HTTPS://API.Example.COM:443/V1/a%2Fb?x=%2f#top", "https://api.example.com", "/V1/a%2Fb?x=%2f"),
        ("http://api.example.com.:8080/?", "http://api.example.com:8080", "/?"),
        ("http://example.com?x=1", "http://example.com", "/?x=1"),
        ("http://[2A00:1450::0:5]:80/x", "http://[2a00:1450::5]", "/x"),
        ("http://8.8.8.8/a//b/../c", "http://8.8.8.8", "/a//b/../c"),
        ("https://bücher.example/é?ü=ß", "https://xn--bcher-kva.example", "/%C3%A9?%C3%BC=%C3%9F"),
        ("https://例え。jp/", "https://xn--r8jz45g.jp", "/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example", "/"),
        ("https://my_host.example/a|b{c}", "https://my_host.example", "/a|b{c}"),
        ("https://1e100.net/", "https://1e100.net", "/"),
        ("https://example.com/?q=a@b&r=http://x", "https://example.com", "/?q=a@b&r=http://x"),
        ("https://example.com/@user", "https://example.com", "/@user"),
    ],
)
def test_taken_apart(url: str, origin: str, path: str) -> None:
    target = parse_url(url)
    assert (str(target.origin), target.path) == (origin, path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/x",
        "https://",
        "https:///x",
        "https://:443/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:８０/",
        "https://example.com:+80/",
        "https://example.com: 80/",
        "https://example.com:/",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com/a\nb",
        "https://example.com/\x00",
        "https://example.com/a\\b",
        "https://ex%61mple.com/",
        "https://-bad.example/",
        "https://bad-.example/",
        "https://a..b/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
        "https://[::1/",
        "https://[v1.x]/",
        "https://[fe80::1%25eth0]/",
        "https://☃.net/",
        "https://example.com/\ud800",
        "https://example.com/" + "a" * 65_536,
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        parse_url(url)
    assert caught.value.sent is False


@pytest.mark.row("S-03")
@pytest.mark.row("S-06")
@pytest.mark.row("S-07")
@pytest.mark.row("S-14")
@pytest.mark.parametrize(("row", "url"), ATTACKS)
def test_s_01_to_14_attack_urls_are_refused_before_a_look_up_or_by_it(row: str, url: str) -> None:
    """Those that name a host are left to `send`; every other is refused by the text alone."""
    named = row == "S-09" or url == "http://api.localhost/"
    if named:
        parse_url(url)
    else:
        with pytest.raises(AddressRefused):
            Outbound().check_url(url)


@pytest.mark.row("S-06")
@pytest.mark.parametrize("host", ["2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.1", "①②⑦.⓪.⓪.①", "127。0。0。1"])
def test_s_06_unusual_spellings_are_refused_even_where_the_address_is_allowed(host: str) -> None:
    door = Outbound(allow=("127.0.0.0/8", "[::1]:80"))
    door.check_url("http://127.0.0.1/")
    with pytest.raises(AddressRefused, match="unusual spelling"):
        door.check_url(f"http://{host}/")


@given(st.from_regex(r"[!-\[\]-~]*", fullmatch=True))
def test_law_every_printable_target_is_kept_byte_for_byte(rest: str) -> None:
    target = parse_url("http://example.com/" + rest)
    assert target.path == "/" + rest.partition("#")[0]


@given(st.text(max_size=60))
def test_law_any_text_is_parsed_or_refused(text: str) -> None:
    for url in (text, "http://" + text, "https://[" + text):
        try:
            target = parse_url(url)
        except AddressRefused:
            continue
        assert target.origin.host.isascii()
        assert target.path.isascii()
        assert "@" not in str(target.origin)
        if target.origin.address is not None:
            assert ip_address(target.origin.host) == target.origin.address


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b", "https://example.com/b"),
        ("b?x", "https://example.com/a/b?x"),
        ("?x", "https://example.com/a/c?x"),
        ("//other.example/b", "https://other.example/b"),
        (" http://other.example ", "http://other.example"),
    ],
)
def test_location_is_joined(location: str, url: str) -> None:
    assert join_location("https://example.com/a/c", location) == url


@pytest.mark.parametrize(
    "target",
    ["/", "/?", "/a%2fb%2F?x=%20&y=+&&z", "/a//b/../c/.", "/%E4%BD%A0?q=%zz", "/a|b{c}[d]^`'\"<>", "/a;v=1,2:3@x"],
)
async def test_the_wire_holds_the_encoded_url_untouched(loopback_door: Outbound, target: str) -> None:
    async with Peer() as peer:
        await loopback_door.send(Request("GET", peer.url(target)))
    assert peer.received[0].target == target
    assert peer.received[0].header("Host") == f"127.0.0.1:{peer.port}"
