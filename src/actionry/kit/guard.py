"""Who may talk to a server on this machine: its own names and the chat's pages, nobody else (THREATS H-07, PR-10).

A page of any site can send requests to 127.0.0.1, under a name of its own if its name server helps (DNS rebinding).
The Host header tells the name that was used, Origin the page that sent the request; both are compared with a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

CHAT_ORIGINS = (
    "https://chat.openai.com",
    "https://chatgpt.com",
    "http://127.0.0.1:8484",
    "http://localhost:8484",
)
"""The original's pages, and Actionry's own server where it listens by default."""

_ALWAYS_ALLOWED = "content-type, authorization, openai-conversation-id, openai-ephemeral-user-id"
_KEPT_S = 600

RawHeaders = Sequence[tuple[bytes, bytes]]


class Guard:
    """Decides by Host and Origin, and writes what browsers want to read in the answer."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        self._origins = frozenset(origin.rstrip("/").lower() for origin in (*CHAT_ORIGINS, *origins))

    def refusal(self, headers: Mapping[str, str], port: int) -> str | None:
        """Why the request is refused, or None. headers: lower-case names."""
        names = _own_names(port)
        if headers.get("host", "").lower() not in names:
            return "This server answers to its own names only: 127.0.0.1 and localhost."
        origin = headers.get("origin")
        if origin is None or self.is_own(origin, port) or origin.lower() in self._origins:
            return None
        return "Pages of this origin may not talk to this server. Allow it with --origin."

    def is_own(self, origin: str, port: int) -> bool:
        return origin.lower().removeprefix("http://") in _own_names(port) and origin.lower().startswith("http://")

    def cors(self, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
        """What an allowed page needs to read the answer; nothing without an Origin."""
        origin = headers.get("origin")
        if origin is None:
            return []
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", b"*"),
            (b"vary", b"Origin"),
        ]

    def preflight(self, headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
        """The answer to a browser's question whether it may send (Fetch standard, CORS-preflight)."""
        asked = headers.get("access-control-request-headers") or _ALWAYS_ALLOWED
        answer = [
            *self.cors(headers),
            (b"access-control-allow-methods", headers["access-control-request-method"].encode("latin-1")),
            (b"access-control-allow-headers", asked.encode("latin-1")),
            (b"access-control-max-age", b"%d" % _KEPT_S),
        ]
        if headers.get("access-control-request-private-network") == "true":
            answer.append((b"access-control-allow-private-network", b"true"))
        return answer


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    """An OPTIONS request of a browser; any other OPTIONS is the API's business."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def without_cors(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """An API's own CORS headers left out: two answers to one question are refused by browsers."""
    return [(name, value) for name, value in headers if not name.lower().startswith(b"access-control-")]


def _own_names(port: int) -> tuple[str, ...]:
    names = ("127.0.0.1", "localhost", "[::1]")
    return tuple(f"{name}:{port}" for name in names) + (names if port == 80 else ())
