"""The local proxy (DX-03): methods, headers, status and streams pass; strangers are refused (H-07, H-08)."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
import yaml

from actionry.kit.calls_seen import CallLog, CallSeen
from actionry.kit.proxy import Proxy, Upstream
from actionry.kit.status_page import StatusPage
from actionry.outbound import Outbound

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Setup:
    """A raw API behind the proxy, and a raw client before it: what is on the wire is what is compared."""

    def __init__(self, port: int, proxy: Proxy, calls: list[CallSeen], page: StatusPage) -> None:
        self.port = port
        self.proxy = proxy
        self.calls = calls
        self.page = page

    async def ask(self, text: str | bytes) -> bytes:
        """One request, the connection closed after it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        content = text.encode() if isinstance(text, str) else text
        writer.write(content.replace(b"HOST", b"127.0.0.1:%d" % self.port))
        try:
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            await _close(writer)

    async def get(self, path: str, *headers: str) -> bytes:
        lines = "".join(f"{header}\r\n" for header in headers)
        host = "" if any(header.lower().startswith("host:") for header in headers) else "Host: HOST\r\n"
        return await self.ask(f"GET {path} HTTP/1.1\r\n{host}{lines}Connection: close\r\n\r\n")


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def proxied(handler: Handler) -> AsyncIterator[Setup]:
    answering: set[asyncio.Task[None]] = set()
    api = await asyncio.start_server(_quiet(handler, answering), "127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{api.sockets[0].getsockname()[1]}"
    calls: list[CallSeen] = []
    listener = socket.create_server(("127.0.0.1", 0))
    async with api, Outbound(allow=("127.0.0.1/32",)) as door:
        log = CallLog(calls.append)
        page = StatusPage(log, lambda: (None, [], ""))
        proxy = Proxy(door=door, upstream=Upstream(base_url=base_url), calls=log, pages=page, pages_path="/_actionry/")
        config = uvicorn.Config(
            proxy, log_config=None, access_log=False, lifespan="off", server_header=False, date_header=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield Setup(listener.getsockname()[1], proxy, calls, page)
        finally:
            server.should_exit = True
            await task
            listener.close()
            await door.aclose()
            await asyncio.wait_for(asyncio.gather(*answering), 10)


def _quiet(handler: Handler, answering: set[asyncio.Task[None]]) -> Handler:
    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        answering.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    return run


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body, whichever way its length is told."""
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return head, body
    if b"content-length: " in lowered:
        return head, await reader.readexactly(int(lowered.split(b"content-length: ")[1].split(b"\r\n")[0]))
    return head, b""


class Echo:
    """Answers with a fixed text, keeps what came."""

    def __init__(self, answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK") -> None:
        self.answer = answer
        self.seen: list[tuple[bytes, bytes]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.seen.append(await read_request(reader))
            is_head = self.seen[-1][0].startswith(b"HEAD ")
            writer.write(self.answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if is_head else self.answer)
            await writer.drain()


@pytest.mark.row("DX-03")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND", "QUERY"])
async def test_every_method_passes_with_its_body(method: str) -> None:
    api = Echo()
    async with proxied(api) as setup:
        body = b"" if method in ("GET", "HEAD", "OPTIONS") else b'{"todo_idx":0}'
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        text = f"{method} /todos/a%2Fb?x=1&y=%20 HTTP/1.1\r\nHost: HOST\r\n{length}Connection: close\r\n\r\n"
        answer = await setup.ask(text.encode() + body)
    assert answer.startswith(b"HTTP/1.1 200")
    head, received = api.seen[0]
    assert head.startswith(f"{method} /todos/a%2Fb?x=1&y=%20 HTTP/1.1\r\n".encode())
    assert received == body


@pytest.mark.row("DX-03")
@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 400, 401, 404, 409, 418, 429, 500, 503])
async def test_every_status_passes(status: int) -> None:
    body = b"" if status in (204, 304) else b"Content-Length: 4\r\n\r\nbody"
    api = Echo(b"HTTP/1.1 %d X\r\nLocation: /there\r\nRetry-After: 1\r\n" % status + (body or b"\r\n"))
    async with proxied(api) as setup:
        answer = await setup.get("/x")
        again = len(api.seen)
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert b"location: /there" in answer
    assert b"retry-after: 1" in answer
    assert again == 1  # nothing is followed or sent twice


@pytest.mark.row("DX-03")
async def test_headers_pass_but_for_those_of_the_connection() -> None:
    packed = gzip.compress(b"hello")
    api = Echo(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Own: \xe4\r\nContent-Encoding: gzip\r\n"
        b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: %d\r\n\r\n"
        % len(packed)
        + packed
    )
    async with proxied(api) as setup:
        answer = await setup.get(
            "/x",
            "Authorization: Bearer t",
            "Accept-Encoding: br",
            "openai-conversation-id: c",
            "TE: trailers",
            "X-Hop: 1",
        )
    head, body = answer.split(b"\r\n\r\n", 1)
    assert head.count(b"set-cookie: ") == 2
    assert b"x-own: \xe4" in head
    assert b"content-encoding: gzip" in head
    assert b"x-hop" not in head
    assert b"keep-alive" not in head
    assert body == packed  # neither decoded nor packed anew
    sent = api.seen[0][0].lower()
    assert b"authorization: bearer t" in sent
    assert b"accept-encoding: br" in sent
    assert b"openai-conversation-id: c" in sent
    assert b"te: trailers" not in sent
    assert b"user-agent" not in sent  # none is made up


@pytest.mark.row("DX-03")
async def test_bodies_stream_both_ways() -> None:
    """The API answers the first piece before the second is sent, and the client reads it before that."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while size := int(await reader.readline(), 16):
            piece = (await reader.readexactly(size + 2))[:-2]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece.upper()))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async with proxied(handler) as setup:
        reader, writer = await asyncio.open_connection("127.0.0.1", setup.port)
        writer.write(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nTransfer-Encoding: chunked\r\n\r\n" % setup.port)
        for piece in (b"first", b"second"):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.wait_for(reader.readuntil(piece.upper() + b"\r\n"), 10)
        writer.write(b"0\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), 10)
        await _close(writer)
    assert setup.calls[0].sent_bytes == setup.calls[0].received_bytes == len(b"firstsecond")


async def test_a_large_body_passes_whole_both_ways() -> None:
    body = bytes(range(256)) * 40_000

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, came = await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(came) + came)
        await writer.drain()
        await reader.read(1)

    async with proxied(handler) as setup:
        head = b"PUT /x HTTP/1.1\r\nHost: HOST\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        answer = await setup.ask(head + body)
    assert answer.split(b"\r\n\r\n", 1)[1] == body


async def test_an_endless_answer_ends_when_nobody_reads_it_any_more() -> None:
    ended = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await writer.drain()
        await reader.read()
        ended.set()

    async with proxied(handler) as setup:
        reader, writer = await asyncio.open_connection("127.0.0.1", setup.port)
        writer.write(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % setup.port)
        await asyncio.wait_for(reader.readuntil(b"data: 1\n\n"), 10)
        await _close(writer)
        await asyncio.wait_for(ended.wait(), 10)
    assert setup.calls[0].problem == "who asked has hung up"


async def test_an_api_that_breaks_off_or_is_not_there_is_told() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with proxied(handler) as setup:
        assert (await setup.get("/x")).startswith(b"HTTP/1.1 502")
        setup.proxy.upstream.base_url = "http://127.0.0.1:1"
        assert (await setup.get("/x")).startswith(b"HTTP/1.1 502")
        setup.proxy.upstream.base_url = "http://169.254.169.254"
        refused = await setup.get("/x")
    assert refused.startswith(b"HTTP/1.1 502")
    assert [call.findings for call in setup.calls] == [("CALL-FAILED",)] * 3


@pytest.mark.row("H-07")
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Host: evil.test", 403),
        ("Host: 127.0.0.1.evil.test", 403),
        ("Host: 127.0.0.1:1", 403),
        ("Origin: https://evil.test", 403),
        ("Origin: null", 403),
        ("Origin: https://chat.openai.com.evil.test", 403),
        ("Origin: https://chatgpt.com", 200),
        ("Accept: */*", 200),
    ],
)
async def test_strange_hosts_and_origins_are_refused(header: str, status: int) -> None:
    api = Echo()
    async with proxied(api) as setup:
        answer = await setup.get("/x", header)
        page = await setup.get(setup.page.path, header)
    assert answer.startswith(b"HTTP/1.1 %d" % status)
    assert page.startswith(b"HTTP/1.1 200") is (header == "Accept: */*")
    assert len(api.seen) == (status == 200)


@pytest.mark.row("H-08")
@pytest.mark.parametrize("path", ["/_actionry/", "/_actionry/x/", "/_actionry/calls", "/_actionry/%2e%2e/calls"])
async def test_the_page_needs_the_address_that_was_printed(path: str) -> None:
    async with proxied(Echo()) as setup:
        assert (await setup.get(path)).startswith(b"HTTP/1.1 404")
        page = await setup.get(setup.page.path)
    assert b"content-security-policy: default-src 'none'" in page
    assert len(setup.page.path) > 40


@pytest.mark.row("PR-10")
async def test_a_browser_may_ask_from_the_chats_page() -> None:
    api = Echo(b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nOK")
    async with proxied(api) as setup:
        asked = await setup.ask(
            "OPTIONS /todos/a HTTP/1.1\r\nHost: HOST\r\nOrigin: https://chat.openai.com\r\n"
            "Access-Control-Request-Method: DELETE\r\nAccess-Control-Request-Private-Network: true\r\n"
            "Access-Control-Request-Headers: content-type, openai-conversation-id\r\nConnection: close\r\n\r\n"
        )
        answer = await setup.get("/todos/a", "Origin: https://chat.openai.com")
    assert asked.startswith(b"HTTP/1.1 204")
    assert b"access-control-allow-private-network: true" in asked
    assert b"access-control-allow-methods: DELETE" in asked
    assert b"access-control-allow-headers: content-type, openai-conversation-id" in asked
    assert answer.count(b"access-control-allow-origin") == 1
    assert b"access-control-allow-origin: https://chat.openai.com" in answer


@pytest.mark.row("DX-03")
async def test_a_remote_document_is_served_in_both_forms_with_this_address() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_request(reader)
            host = head.split(b"Host: ")[1].split(b"\r\n")[0]
            found = b"openapi: 3.0.1\nservers: [{url: 'http://%s'}]\n" % host
            status, body = (b"200 OK", found) if b"/openapi.yaml" in head else (b"404 Not Found", b"")
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body)
            await writer.drain()

    async with proxied(handler) as setup:
        own: Any = {"openapi": "3.0.1", "servers": [{"url": f"http://127.0.0.1:{setup.port}"}]}
        for path in ("/openapi.json", "/openapi.yaml"):
            answer = await setup.get(path)
            assert yaml.safe_load(answer.split(b"\r\n\r\n", 1)[1]) == own
