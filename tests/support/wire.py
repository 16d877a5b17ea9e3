"""A loopback server that keeps what it received, and a client that sends a request as it was built."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from actionry.http import Request


@dataclass(frozen=True, slots=True)
class Received:
    """The bytes of one request, split and not interpreted."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes


class Loopback:
    """`async with loopback() as server`: `server.url`, and `await server.send(request)` -> what arrived."""

    def __init__(self, url: str, received: asyncio.Queue[Received], session: aiohttp.ClientSession) -> None:
        self.url = url
        self._received = received
        self._session = session

    async def send(self, request: Request) -> Received:
        async with self._session.request(
            request.method,
            URL(request.url, encoded=True),
            headers=request.headers,
            data=request.content,
            skip_auto_headers=("Content-Type", "Accept", "User-Agent", "Accept-Encoding"),
        ):
            return self._received.get_nowait()


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    received: asyncio.Queue[Received] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")[:-2]
                method, target, _ = lines[0].split(" ")
                headers: CIMultiDict[str] = CIMultiDict()
                for line in lines[1:]:
                    name, _, value = line.partition(": ")
                    headers.add(name, value)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                received.put_nowait(Received(method, target, headers, body))
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        yield Loopback(f"http://127.0.0.1:{port}", received, session)
