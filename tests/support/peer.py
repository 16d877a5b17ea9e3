"""A server on loopback that says exactly the bytes a test wants, and counts who came."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self


@dataclass(slots=True)
class Received:
    """One request as it stood on the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    raw: bytes = field(repr=False)
    reader: asyncio.StreamReader = field(repr=False)
    """For a script that reads on, e.g. a tunnel."""

    def header(self, name: str) -> str | None:
        """The first value of that name, in any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


Script = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reply(
    status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None, *, length: int | None = None
) -> bytes:
    """A whole HTTP/1.1 answer; `length` lies about the body's."""
    lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def says(data: bytes, *, close: bool = False) -> Script:
    """Answer every request with these bytes."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        if close:
            writer.close()

    return script


class Peer:
    """`async with Peer(says(reply(200, b"hi"))) as peer: peer.url("/x"), peer.received, peer.accepted`"""

    def __init__(
        self,
        script: Script | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        raw: Raw | None = None,
    ) -> None:
        """`raw` takes a whole connection over, for peers that do not speak HTTP as they should."""
        self.script = script or says(reply(200, b"{}", {"Content-Type": "application/json"}))
        self.host = host
        self.port = port
        self.accepted = 0
        self.received: list[Received] = []
        self.over = asyncio.Event()
        """Set when the test ends; a script that hangs waits for it."""
        self.hung_up = asyncio.Event()
        """Set when a client closed its connection between requests."""
        self._tls = tls
        self._raw = raw
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        shown = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{'https' if self._tls else 'http'}://{shown}:{self.port}{path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.over.set()
        for writer in self._writers:
            writer.transport.abort()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._writers.add(writer)
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._raw is not None:
                await self._raw(reader, writer)
                return
            while True:
                received = await read_request(reader)
                self.received.append(received)
                await self.script(received, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            self.hung_up.set()
            writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> Received:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = int(next((value for name, value in headers if name.lower() == "content-length"), "0"))
    body = await reader.readexactly(length)
    return Received(method, target, headers, body, head + body, reader)


@dataclass(slots=True)
class Names:
    """A resolver that plays a script: each look-up of a name takes the next answer, the last one stays."""

    answers: dict[str, list[list[str]]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        script = self.answers.get(host)
        if not script:
            raise OSError("no such name")
        return script.pop(0) if len(script) > 1 else script[0]
