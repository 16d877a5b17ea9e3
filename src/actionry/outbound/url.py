"""The one parser of URLs that are called: what is checked is what is connected to and what is sent.

Two parsers that disagree are the oldest hole of all (`http://pub.test@127.0.0.1/`, `http://127.0.0.1\\@pub.test/`).
So the text is taken apart once, here, strictly: anything two parsers might read differently is refused rather than
guessed. The path and query go out byte for byte as they came in; only non-ASCII characters are percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Literal, cast
from urllib.parse import quote, urljoin

import idna

from actionry.errors import AddressRefused
from actionry.http import DEFAULT_PORTS
from actionry.limits import OUTBOUND_LIMITS

Scheme = Literal["http", "https"]

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_NOT_PLAIN = re.compile(r"[^\x21-\x7e]|\\")
_AUTHORITY_END = re.compile(r"[/?#]")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_NAME_CHARACTERS = 254  # RFC 1035 section 3.1: 253, and a final dot
_PORT = re.compile(r"[0-9]{1,5}")
LOCAL_NAMES = re.compile(r"(?:.+\.)?localhost")
"""RFC 6761 section 6.3: these names are loopback and are never asked of a name server."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request goes: one scheme, host and port, host in the form that is checked, resolved and sent."""

    scheme: Scheme
    host: str
    """Lower-case ASCII name without final dot, or an address in canonical spelling without brackets."""
    port: int
    address: IPv4Address | IPv6Address | None = field(compare=False)
    """Set when the host is an address and not a name."""

    @property
    def authority(self) -> str:
        """The Host header: brackets around IPv6, the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL: where it goes, and the request target (path and query) exactly as it is sent."""

    origin: Origin
    path: str

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


def parse_url(url: str) -> Target:
    """Take a URL apart, or raise AddressRefused naming what is wrong; the text of the URL is never echoed whole.

    `https://API.example.com/v1/a%2Fb?x=1#top` -> (https, api.example.com, 443), `/v1/a%2Fb?x=1`
    """
    head, path = split_url(url)
    return Target(parse_origin(head), path)


def split_url(url: str) -> tuple[str, str]:
    """Scheme and authority as written, and the request target; the fragment is left out.

    Cheap on purpose: it runs for every call, while `parse_origin` is remembered per origin.
    """
    if len(url) > OUTBOUND_LIMITS.url_characters:
        raise _refused(f"the URL has {len(url)} characters, more than {OUTBOUND_LIMITS.url_characters}")
    if _NOT_PLAIN.search(url):
        if _FORBIDDEN.search(url):
            raise _refused("the URL holds a blank, control character or backslash", "Percent-encode it, e.g. %20.")
        url = _encode_beyond_authority(url)
    start = url.find("://")
    if start < 0:
        raise _refused("the URL has no scheme and host", "Write it as https://host/path.")
    end = _authority_end(url, start + 3)
    rest = url[end:]
    if rest.startswith("/"):
        return url[:end], rest.partition("#")[0]
    if "@" in rest or rest.startswith("#"):
        # `http://pub.test#@127.0.0.1/`: some clients read another host here than we do.
        raise _refused("the URL's host is followed by `#` or by an `@` in the query", "Put a `/` after the host.")
    return url[:end], "/" + rest.partition("#")[0]


def _authority_end(url: str, start: int) -> int:
    found = _AUTHORITY_END.search(url, start)
    return found.start() if found else len(url)


def _encode_beyond_authority(url: str) -> str:
    """Percent-encode the non-ASCII characters of path and query as UTF-8; the host's are IDNA's business."""
    end = _authority_end(url, url.find("://") + 3)
    try:
        return url[:end] + "".join(quote(c, safe="") if ord(c) > 127 else c for c in url[end:])
    except UnicodeEncodeError:
        raise _refused("the URL holds half a character (a lone surrogate)") from None


def parse_origin(head: str) -> Origin:
    """`HTTPS://Bücher.example:8443` -> Origin("https", "xn--bcher-kva.example", 8443, None)"""
    scheme_text, _, authority = head.partition("://")
    scheme = _scheme(scheme_text)
    if "@" in authority:
        raise _refused("the URL holds a user name or `@` before the host", "Credentials belong into the settings.")
    if authority.startswith("["):
        host_text, bracket, port_text = authority[1:].partition("]")
        if not bracket or (port_text and not port_text.startswith(":")):
            raise _refused("the brackets around the host do not close")
        address: IPv4Address | IPv6Address | None = _ipv6(host_text)
        return Origin(scheme, str(address), _port(scheme, port_text), address)
    host_text, colon, port_text = authority.partition(":")
    host = _host(host_text)
    address = IPv4Address(host) if _IPV4.fullmatch(host) else None
    return Origin(scheme, host, _port(scheme, colon + port_text), address)


def _scheme(text: str) -> Scheme:
    scheme = text.lower()
    if scheme not in DEFAULT_PORTS:
        raise _refused("only http and https URLs are called")
    return cast(Scheme, scheme)


def _port(scheme: Scheme, text: str) -> int:
    """`text` is "" or ":digits"."""
    if not text:
        return DEFAULT_PORTS[scheme]
    if not _PORT.fullmatch(text, 1) or not 0 < int(text[1:]) < 65536:
        raise _refused("the URL's port is not a number from 1 to 65535")
    return int(text[1:])


def _ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise _refused("an IPv6 address with a zone (`%eth0`) is bound to this machine and is not called")
    try:
        return IPv6Address(text)
    except AddressValueError:
        raise _refused("the brackets hold no IPv6 address") from None


def _host(text: str) -> str:
    if not text:
        raise _refused("the URL has no host")
    if len(text) > _NAME_CHARACTERS:  # in Unicode a name is never longer than in ASCII
        raise _refused("the host is not a domain name")
    if text.isascii():
        name, odd = text.lower(), False
    else:
        try:
            # UTS 46 first, so that full-width digits and ideographic full stops show what they are.
            name, odd = idna.encode(text, uts46=True).decode("ascii").lower(), True
        except (idna.IDNAError, UnicodeError):
            raise _refused("the host is not an international domain name (IDNA 2008)") from None
    return _checked_name(name, odd)


def _checked_name(name: str, odd: bool) -> str:
    if _NUMERIC_LABEL.fullmatch(name.removesuffix(".").rpartition(".")[2]):
        # `2130706433`, `0x7f.1`, `0177.0.0.1`, `127.1`, `①②⑦.⓪.⓪.①`: one address, many spellings (S-06).
        if odd or not _IPV4.fullmatch(name):
            raise _refused("the host is an address in an unusual spelling", "Write it as four decimal numbers.")
        return name
    name = name.removesuffix(".")
    if len(name) > _NAME_CHARACTERS or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise _refused("the host is not a domain name")
    return name


def join_location(base: str, location: str) -> str:
    """The absolute URL that a `Location` means (RFC 9110 section 10.2.2); it is parsed and checked anew."""
    # Servers write Latin-1 or UTF-8 into this header; blanks around it are no part of it.
    try:
        return urljoin(base, location.strip(" \t"))
    except ValueError:
        raise _refused("the redirect's Location is not a URL") from None


def _refused(what: str, mend: str | None = None) -> AddressRefused:
    return AddressRefused(f"Not called: {what}.", sent=False, mend=mend)
