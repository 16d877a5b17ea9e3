"""CPU of one request through the door ÷ the same request by a bare aiohttp session: one after another, and 64 at once.

python bench/door_cpu.py [--requests 4000] [--rounds 5]

The server runs in a process of its own; CPU is this process's. Rounds alternate, the median ratio counts.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Literal

import aiohttp
from multidict import CIMultiDict

from actionry.http import Request
from actionry.outbound import Outbound
from figures import Figure, report

BAR = 1.15
BODY = b'{"id": 7, "name": "milk", "done": false, "tags": ["a", "b"], "note": "' + b"x" * 400 + b'"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\nServer: bench\r\nCache-Control: no-store\r\n"
    b"Content-Type: application/json\r\nX-Request-Id: 3f1c\r\nContent-Length: %d\r\n\r\n" % len(BODY)
) + BODY
SENT = b'{"title": "milk", "done": false}'
HEADERS = {"Authorization": "Bearer k-123", "Content-Type": "application/json", "Accept": "application/json"}

Call = Callable[[str], Awaitable[int]]
Mode = Literal["GET", "POST"]


class Answering(asyncio.Protocol):
    """Answers each request with the same bytes; a request is one read here, as it is on loopback."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.seen = b""

    def data_received(self, data: bytes) -> None:
        self.seen += data
        head, end, rest = self.seen.partition(b"\r\n\r\n")
        if end and (head.startswith(b"GET") or len(rest) >= len(SENT)):
            self.seen = b""
            self.transport.write(ANSWER)


async def serve() -> None:
    """Print the port, then answer until killed."""
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


async def cpu_per_call(call: Call, url: str, requests: int, at_once: int) -> float:
    """Microseconds of this process's CPU per call."""
    left = iter(range(requests))

    async def work() -> None:
        for _ in left:
            if await call(url) != len(BODY):
                raise SystemExit("bench: wrong answer")

    started = time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return (time.process_time() - started) / requests * 1e6


async def compare(url: str, mode: Mode, requests: int, rounds: int, at_once: int) -> tuple[float, float, float]:
    """Median µs of the door, of aiohttp, and of their ratio."""
    doors, bares, ratios = [], [], []
    async with (
        Outbound(allow=("127.0.0.1/32",)) as door,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):

        async def through_door(url: str) -> int:
            content = SENT if mode == "POST" else None
            response = await door.send(Request(mode, url, CIMultiDict(HEADERS), content))
            return len(response.content)

        async def bare(url: str) -> int:
            data = SENT if mode == "POST" else None
            async with session.request(mode, url, headers=HEADERS, data=data) as response:
                return len(await response.read())

        for call in (through_door, bare):
            await cpu_per_call(call, url, requests // 10, at_once)
        for _ in range(rounds):
            doors.append(await cpu_per_call(through_door, url, requests, at_once))
            bares.append(await cpu_per_call(bare, url, requests, at_once))
            ratios.append(doors[-1] / bares[-1])
    return statistics.median(doors), statistics.median(bares), statistics.median(ratios)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=4000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # a pipe was asked for
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1/todos/7?fields=a%2Cb"
            figures = measure(url, chosen.requests, chosen.rounds)
        finally:
            server.terminate()
    return report("CPU of the outbound door ÷ bare aiohttp", figures)


def measure(url: str, requests: int, rounds: int) -> list[Figure]:
    figures = []
    modes: tuple[Mode, ...] = ("GET", "POST")
    for mode in modes:
        for at_once in (1, 64):
            door, bare, ratio = asyncio.run(compare(url, mode, requests, rounds, at_once))
            figures.append(
                Figure(
                    name=f"{mode}, {at_once} at once",
                    measured=f"{door:.0f} µs CPU a call, {ratio:.2f} times",
                    bar=f"<= {BAR} times",
                    peer=f"aiohttp {aiohttp.__version__} {bare:.0f} µs",
                    held=ratio <= BAR,
                )
            )
    return figures


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    else:
        raise SystemExit(main())
