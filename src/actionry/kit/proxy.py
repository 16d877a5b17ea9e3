"""The developer's local proxy: manifest and document from files, everything else handed on, each call recorded.

An ASGI app. Every method, header and status passes, bodies go through piece by piece in both directions (DX-03,
CANON 1, contradiction 12); only what belongs to one connection is left out (RFC 9110 section 7.6.1).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from actionry.domains import MANIFEST_PATH
from actionry.errors import ActionryError, OutboundError
from actionry.kit.calls_seen import CallLog, CallSeen, KnownOperations, judge
from actionry.kit.guard import Guard, RawHeaders, is_preflight, without_cors
from actionry.kit.served import DOCUMENT_PATHS, PLACEHOLDER, Folder, Served, convert, fill, own_url
from actionry.limits import READ_LIMITS
from actionry.outbound import Outbound
from actionry.outbound.streaming import StreamedAnswer, open_stream

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEAD_TIMEOUT_S = 120.0
"""To the answer's head: longer than hosts wait, so that a slow call is reported rather than cut."""
_PATH_SAFE = "/%:@!$&'()*+,;=-._~[]"


class ClientGone(Exception):
    """Who asked has hung up."""


async def _ready() -> None:
    return None


@dataclass(slots=True, kw_only=True)
class Upstream:
    """Where calls are handed on to."""

    base_url: str
    """Without a slash at its end."""
    keeps_host: bool = False
    """Whether the API is told the name under which this proxy was asked: for a plugin that fills in its own address."""
    ready: Callable[[], Awaitable[None]] = _ready
    """Awaited before each call; raises ActionryError while the plugin cannot answer."""


@dataclass(slots=True, kw_only=True)
class Proxy:
    door: Outbound
    upstream: Upstream
    calls: CallLog
    guard: Guard = field(default_factory=Guard)
    folder: Folder | None = None
    pages: App | None = None
    """Answers below `pages_path`."""
    pages_path: str = ""
    operations: KnownOperations = field(default_factory=lambda: KnownOperations(None))
    document_paths: frozenset[str] = frozenset(DOCUMENT_PATHS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _refuse_other(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        port = (scope.get("server") or ("", 0))[1]
        refusal = self.guard.refusal(headers, port)
        if refusal is not None:
            await answer(send, 403, refusal)
        elif self.pages is not None and scope["path"].startswith(self.pages_path):
            if "origin" in headers and not self.guard.is_own(headers["origin"], port):
                await answer(send, 403, "Only this server's own page may ask this.")
            else:
                await self.pages(scope, receive, send)
        elif is_preflight(scope["method"], headers):
            await answer(send, 204, "", self.guard.preflight(headers))
        else:
            await self._pass(scope, receive, send, headers)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str]) -> None:
        """Answer from a file, or hand on; recorded either way."""
        started = time.perf_counter()
        call = CallSeen(method=scope["method"], path=scope["path"], has_query=bool(scope.get("query_string")))
        is_file = False
        try:
            served = await self.find_file(scope["method"], scope["path"], own_url(headers["host"]))
            if served is not None:
                is_file = True
                call.status, call.media_type = 200, served.media_type.partition(";")[0]
                call.received_bytes = len(served.content)
                content = served.content if scope["method"] == "GET" else b""
                await _answer_file(send, served, content, self.guard.cors(headers))
            else:
                await self._hand_on(scope, receive, send, headers, call)
        except ClientGone:
            call.problem = "who asked has hung up"
        except ActionryError as error:
            call.problem = error.message
            if call.status is None:
                status = 502 if isinstance(error, OutboundError) else 503
                await answer(send, status, str(error), self.guard.cors(headers))
        call.elapsed_ms = (time.perf_counter() - started) * 1000
        if is_file or scope["path"] in (MANIFEST_PATH, "/logo.png", "/favicon.ico", *self.document_paths):
            self.calls.add(call)
        else:
            self.calls.add(judge(call, self.operations))

    async def find_file(self, method: str, path: str, base_url: str) -> Served | None:
        """Manifest or document: the folder's file, or the API's own with its addresses made this proxy's."""
        if method not in ("GET", "HEAD") or (path != MANIFEST_PATH and path not in self.document_paths):
            return None
        if self.folder is not None:
            found = await asyncio.to_thread(self.folder.find, path, base_url)
            if found is not None:
                return found
        return await self._fetch(path, base_url)

    async def _fetch(self, path: str, base_url: str) -> Served | None:
        """The API's own; a document that it has in the other form only is turned into this one. None: it has none."""
        found = await self._fetch_as_it_is(path, base_url)
        if found is not None or path not in DOCUMENT_PATHS:
            return found
        wants_json = path.endswith(".json")
        for other in DOCUMENT_PATHS:
            if other.endswith(".json") is wants_json:
                continue
            found = await self._fetch_as_it_is(other, base_url)
            if found is not None:
                return convert(found, wants_json=wants_json)
        return None

    async def _fetch_as_it_is(self, path: str, base_url: str) -> Served | None:
        await self.upstream.ready()
        host = _host_of(base_url) if self.upstream.keeps_host else None
        async with open_stream(
            self.door, "GET", self.upstream.base_url + path, [(b"Accept-Encoding", b"identity")], host=host,
            head_timeout_s=HEAD_TIMEOUT_S,
        ) as found:  # fmt: skip
            if found.status != 200:
                return None
            content = await _read_whole(found)
            kind = _header(found.headers, b"content-type") or "application/octet-stream"
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return Served(content, kind)
        return Served(self._localize(text, base_url).encode(), kind)

    def _localize(self, text: str, base_url: str) -> str:
        """The remote API's own address becomes this proxy's: otherwise calls would go past it (D-04, D-09)."""
        if PLACEHOLDER in text:
            text = fill(text, base_url)
        text = text.replace(self.upstream.base_url, base_url)
        # A plugin that writes https before every Host header, as the original's sample did, is meant as http here.
        host = base_url.partition("://")[2]
        return text.replace(f"https://{host}", base_url) if base_url.startswith("http://") else text

    async def _hand_on(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str], call: CallSeen
    ) -> None:
        await self.upstream.ready()
        length = headers.get("content-length")
        has_body = "transfer-encoding" in headers or (length is not None and length != "0")
        async with open_stream(
            self.door,
            scope["method"],
            self.upstream.base_url + _target(scope),
            scope["headers"],
            _request_body(receive, call) if has_body else None,
            content_length=int(length) if length is not None and "transfer-encoding" not in headers else None,
            host=headers["host"].encode("latin-1") if self.upstream.keeps_host else None,
            head_timeout_s=HEAD_TIMEOUT_S,
        ) as found:
            call.status = found.status
            call.media_type = (_header(found.headers, b"content-type") or "").partition(";")[0].strip().lower()
            if has_body:  # while it is read, its reader is told when the other side hangs up
                await self._answer(send, found, headers, call)
                return
            async with _until_gone(receive):
                await self._answer(send, found, headers, call)

    async def _answer(self, send: Send, found: StreamedAnswer, headers: Mapping[str, str], call: CallSeen) -> None:
        cors = self.guard.cors(headers)
        answered = [(n.lower(), v) for n, v in (without_cors(found.headers) if cors else found.headers)]
        await send({"type": "http.response.start", "status": found.status, "headers": answered + cors})
        async for piece in found.body:
            call.received_bytes += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _target(scope: Scope) -> str:
    """Path and query as they came, byte for byte."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
    path = quote(raw, safe=_PATH_SAFE)
    query: bytes = scope.get("query_string") or b""
    return f"{path}?{quote(query, safe=_PATH_SAFE + '?')}" if query else path


@asynccontextmanager
async def _until_gone(receive: Receive) -> AsyncIterator[None]:
    """End the block with ClientGone when who asked hangs up: an endless stream would go on for nobody."""
    task = asyncio.current_task()
    assert task is not None  # a request is handled in one
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        task.cancel()

    watcher = asyncio.ensure_future(watch())
    try:
        yield
    except asyncio.CancelledError:
        if not gone or task.uncancel() > 0:
            raise
        raise ClientGone from None
    finally:
        watcher.cancel()


async def _request_body(receive: Receive, call: CallSeen) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece: bytes = message.get("body", b"")
        call.sent_bytes += len(piece)
        if piece:
            yield piece
        if not message.get("more_body", False):
            return


async def _read_whole(found: StreamedAnswer) -> bytes:
    pieces, size = [], 0
    async for piece in found.body:
        size += len(piece)
        if size > READ_LIMITS.bytes:
            raise ActionryError(f"The document is larger than {READ_LIMITS.bytes:,} bytes.")
        pieces.append(piece)
    return b"".join(pieces)


def _header(headers: RawHeaders, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), None)


def _host_of(url: str) -> bytes:
    return urlsplit(url).netloc.encode("latin-1")


# ----------------------------------------------------------------------------------------------- our own answers


async def answer(send: Send, status: int, text: str, headers: RawHeaders = ()) -> None:
    """One line of text, marked as the proxy's own."""
    content = text.encode() + b"\n" if text else b""
    own = [(b"x-actionry-dev", b"1")]
    if status != 204:
        own += [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": content})


async def _answer_file(send: Send, served: Served, content: bytes, headers: RawHeaders) -> None:
    own = [
        (b"content-type", served.media_type.encode("latin-1")),
        (b"content-length", b"%d" % len(served.content)),
        (b"cache-control", b"no-cache"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": [*own, *headers]})
    await send({"type": "http.response.body", "body": content})


async def _refuse_other(scope: Scope, receive: Receive, send: Send) -> None:
    """WebSockets are no part of an OpenAPI call; there is no lifespan to speak of."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1003})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
