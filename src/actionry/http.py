"""HTTP messages as plain data: built by `request`, completed by `credentials`, sent by `outbound`."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from multidict import CIMultiDict

Headers = CIMultiDict[str]
"""Case-insensitive, ordered, repeatable; names keep the case in which they are sent."""

DEFAULT_PORTS = {"http": 80, "https": 443}

HOST_HEADERS = frozenset(
    {
        # OpenAPI 3.1.0, Parameter Object, `name`: header parameters of these names are ignored.
        "accept", "authorization", "content-type",
        # Set by the message itself, or valid for one hop only (RFC 9110 section 7.6.1, RFC 9112).
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
        "expect", "http2-settings", "accept-encoding",
        # Identity, and what proxies tell servers about it (THREATS R-06).
        "cookie", "cookie2", "set-cookie", "forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip",
        "cf-connecting-ip",
        # Would turn an unasked read into a write (THREATS R-09).
        "x-http-method", "x-http-method-override", "x-method-override",
    }
)  # fmt: skip
"""Lower-case names of request headers that only the host sets, whatever a document declares."""

HOST_HEADER_PREFIXES = ("proxy-", "x-forwarded-", "sec-")
"""Lower-case beginnings of such names."""


@dataclass(slots=True)
class Request:
    """One exact request: `url` is already encoded and goes out untouched; `content` is the body's bytes or None."""

    method: str
    """Upper case, e.g. `GET`."""
    url: str
    headers: Headers = field(default_factory=CIMultiDict)
    content: bytes | None = None

    def __repr__(self) -> str:
        # Shown in tracebacks and logs: no header value, query or body, because credentials stand there (L-03).
        size = 0 if self.content is None else len(self.content)
        return f"<Request {self.method} {shown_url(self.url)}, {len(self.headers)} headers, {size} bytes>"

    @property
    def origin(self) -> str:
        return origin_of(self.url)

    def with_header(self, name: str, value: str) -> Request:
        """A copy with that header set (replacing any of the name)."""
        headers = self.headers.copy()
        headers[name] = value
        return Request(self.method, self.url, headers, self.content)  # quicker than `dataclasses.replace`


@dataclass(slots=True)
class Response:
    """What came back: decoded body bytes, whole."""

    status: int
    headers: Headers
    content: bytes
    url: str
    """The address that answered; differs from the request's only when redirects were asked for."""
    elapsed_s: float = 0.0

    def __repr__(self) -> str:
        # As with Request: a token endpoint's body and an API's cookies are secrets (L-03).
        return f"<Response {self.status} {self.media_type} from {shown_url(self.url)}, {len(self.content)} bytes>"

    @property
    def media_type(self) -> str:
        """`application/json` of `Application/JSON; charset=utf-8`; "" when undeclared."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class File:
    """A binary value of an argument or a result."""

    name: str
    content: bytes = field(repr=False)
    media_type: str = "application/octet-stream"


def shown_url(url: str) -> str:
    """The URL without user information, query and fragment, where secrets may stand: `https://a.test/b?key=s` -> `https://a.test/b?…`."""
    base, mark, _ = url.partition("#")[0].partition("?")
    scheme, separator, rest = base.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}{'?…' if mark else ''}"


def is_host_header(name: str) -> bool:
    """Whether only the host may set the request header: `Authorization`, `Host`, `X-Forwarded-For`, …, in any case."""
    lowered = name.strip().lower()
    return lowered in HOST_HEADERS or lowered.startswith(HOST_HEADER_PREFIXES)


def origin_of(url: str) -> str:
    """Scheme, lower-case host and port, the port always written: `https://API.example.com/v1` -> `https://api.example.com:443`.

    Raises ValueError when the URL has no host or an impossible port. RFC 6454 section 4.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if not parts.hostname:
        raise ValueError(f"no host in {url!r}")
    port = parts.port if parts.port is not None else DEFAULT_PORTS.get(scheme)
    host = parts.hostname.lower()
    if ":" in host:
        host = f"[{host}]"
    return f"{scheme}://{host}:{port}" if port is not None else f"{scheme}://{host}"
