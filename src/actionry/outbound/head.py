"""The request as bytes: request line, Host, the caller's headers, length; nothing is folded or re-spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

from actionry.errors import OutboundError
from actionry.http import Headers
from actionry.outbound.url import Target

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BODY_EXPECTED: Final = frozenset({"POST", "PUT", "PATCH"})

# The door writes these itself, or they would change where a message ends or who reads it (RFC 9112 section 7.6,
# RFC 9110 section 7.6.1): a caller who sets one has made a mistake, and is told.
_DOORS_OWN: Final = frozenset(
    {"connection", "expect", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)

_Kind = Literal["plain", "host", "content-length", "accept-encoding", "user-agent", "accept"]


def _unsendable(message: str) -> OutboundError:
    return OutboundError(message, sent=False, told_to="builder")


@lru_cache(maxsize=1024)
def _header_kind(name: str) -> _Kind:
    lowered = name.lower()
    if not _TOKEN.fullmatch(name):
        raise _unsendable(f"A request header has the name {name[:40]!r}, which is none.")
    if lowered in _DOORS_OWN or lowered.startswith("proxy-"):
        raise _unsendable(f"The request header {name!r} belongs to the connection.")
    match lowered:
        case "host" | "content-length" | "accept-encoding" | "user-agent" | "accept":
            return lowered
        case _:
            return "plain"


@lru_cache(maxsize=64)
def check_method(method: str) -> None:
    if not _TOKEN.fullmatch(method) or method.upper() != method or method in ("CONNECT", "TRACE"):
        raise _unsendable(f"The method {method[:20]!r} is not one that is sent.")


def request_head(
    method: str,
    target: Target,
    headers: Headers,
    content: bytes | None,
    *,
    user_agent: str,
) -> tuple[bytes, bytes]:
    """What follows `METHOD ` on the wire: the request target apart (a proxy puts the origin before it), and the rest.

    Raises OutboundError for a name or value that HTTP cannot carry (THREATS R-04).
    """
    check_method(method)
    authority = target.origin.authority
    lines = [f" HTTP/1.1\r\nHost: {authority}\r\nAccept-Encoding: gzip, identity"]
    named = accepts = False
    for name, value in headers.items():
        match _header_kind(name):
            case "plain":
                pass
            case "host":
                _agree(name, value.lower(), (authority, f"{authority}:{target.origin.port}"))
                continue
            case "content-length":
                _agree(name, value, (str(len(content or b"")),))
                continue
            case "accept-encoding":
                continue  # what we can read is ours to say
            case "user-agent":
                named = True
            case "accept":
                accepts = True
        lines.append(f"{name}: {value}")
    if not accepts:
        lines.append("Accept: */*")
    if not named:
        lines.append(f"User-Agent: {user_agent}")
    if content is not None or method in _BODY_EXPECTED:
        lines.append(f"Content-Length: {len(content) if content is not None else 0}")
    _check_values(lines)
    lines.append("\r\n")
    try:
        return target.path.encode("ascii"), "\r\n".join(lines).encode("latin-1")
    except UnicodeEncodeError:
        raise _unsendable(
            "A request header holds a character that HTTP headers cannot carry (only Latin-1 can)."
        ) from None


def _check_values(lines: Iterable[str]) -> None:
    # The first line is ours and holds the one line break that belongs there.
    for line in list(lines)[1:]:
        if _CONTROL.search(line):
            name = line.partition(":")[0]
            raise _unsendable(f"The request header {name!r} holds a line break or control character.")


def _agree(name: str, value: str, expected: tuple[str, ...]) -> None:
    if value not in expected:
        raise _unsendable(f"The request header {name!r} contradicts the request.")
