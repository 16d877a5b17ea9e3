"""Sign in from a terminal (RFC 8252): the callback on this machine, without the listening socket.

Whoever listens on 127.0.0.1 gives the head of each request to `read_loopback_request` and answers with
`loopback_page`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from actionry.credentials.oauth.authorization import Callback, read_callback
from actionry.errors import OAuthError

LOOPBACK_PATH = "/callback"


@dataclass(frozen=True, slots=True)
class NotTheCallback:
    """Some other request (a favicon, a probe, a page that guessed the port): answer with this status and go on."""

    status: int


def loopback_redirect_uri(port: int, path: str = LOOPBACK_PATH) -> str:
    """`http://127.0.0.1:{port}/callback`: the literal address, because `localhost` may resolve to anything
    (RFC 8252 section 8.3)."""
    if not 0 < port < 65536:
        raise OAuthError("The port for the callback is not one.", told_to="caller")
    return f"http://127.0.0.1:{port}{path}"


def read_loopback_request(head: bytes, redirect_uri: str) -> Callback | NotTheCallback:
    """The callback in a request's head (`GET /callback?code=… HTTP/1.1` and its headers).

    Only GET, only the callback's own path, and only with the Host of the redirect URI, so that a page
    elsewhere cannot reach it by a name of its own (H-07). Raises OAuthError when a parameter is repeated.
    """
    expected = urlsplit(redirect_uri)
    lines = head.decode("latin-1").split("\r\n")
    method, _, rest = lines[0].partition(" ")
    target, _, version = rest.rpartition(" ")
    if not version.startswith("HTTP/1.") or not target.startswith("/"):
        return NotTheCallback(400)
    hosts = [line.partition(":")[2].strip() for line in lines[1:] if line.partition(":")[0].lower() == "host"]
    if hosts != [expected.netloc]:
        return NotTheCallback(403)
    if method != "GET":
        return NotTheCallback(405)
    path, _, query = target.partition("?")
    return read_callback(query) if path == expected.path else NotTheCallback(404)


def loopback_page(text: str, status: int = 200) -> bytes:
    """A whole HTTP response with one line of text; it runs nothing, loads nothing and sends no referrer (L-09)."""
    reason = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
    body = text.encode("utf-8")
    head = (
        f"HTTP/1.1 {status} {reason.get(status, 'Answer')}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
