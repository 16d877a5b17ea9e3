"""CPU of a whole call (arguments checked, consent, credential, send, result) ÷ a bare aiohttp request.

python bench/call_cpu.py [--requests 3000] [--rounds 7]

The call is `Caller.call`: a model's JSON arguments are checked, the request is built, consent is decided on stored
grants, the bearer key is attached, and the answer is read, searched for echoed secrets and shaped. The peer sends the
same bytes by hand and parses the same JSON. A last row has a journal in memory as well, which the bar does not count.
The server runs in a process of its own; CPU is this process's. Rounds alternate, and the median ratio counts.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import aiohttp
import orjson

sys.path.insert(0, __file__.rpartition("/")[0])

from actionry.actions.action import Action, load_action
from actionry.actions.call import Caller
from actionry.actions.confirmation import ASK
from actionry.actions.grants import MemoryGrants
from actionry.actions.journal import Journal, MemoryJournal
from actionry.actions.proposal import Identity
from actionry.outbound import Outbound
from figures import Figure, report

BAR = 1.5
KEY = "k-123-a-key-of-the-bench"
Mode = Literal["GET", "POST"]
Work = Callable[[], Awaitable[int]]

ARGUMENTS = {
    "GET": '{"id": 7, "fields": ["a", "b"]}',
    "POST": '{"id": 7, "body": {"title": "milk and bread", "done": false}}',
}
SENT = b'{"title": "milk and bread", "done": false}'


def document(url: str) -> dict[str, Any]:
    fields = {
        "name": "fields",
        "in": "query",
        "explode": False,
        "schema": {"type": "array", "items": {"type": "string"}},
    }
    properties = {"title": {"type": "string"}, "done": {"type": "boolean"}}
    body = {"type": "object", "properties": properties, "required": ["title"]}
    answers = {"200": {"description": "Fine.", "content": {"application/json": {"schema": {"type": "object"}}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bench", "version": "1"},
        "servers": [{"url": f"{url}/v1"}],
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/todos/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "get": {"operationId": "GET", "parameters": [fields], "responses": answers},
                "post": {
                    "operationId": "POST",
                    "x-openai-isConsequential": False,
                    "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                    "responses": answers,
                },
            }
        },
    }


async def cpu_per_call(work: Work, requests: int, at_once: int) -> float:
    """Microseconds of this process's CPU per call."""
    left = iter(range(requests))

    async def run() -> None:
        for _ in left:
            if await work() != 7:
                raise SystemExit("bench: wrong answer")

    started = time.process_time()
    await asyncio.gather(*(run() for _ in range(at_once)))
    return (time.process_time() - started) / requests * 1e6


def bare_call(session: aiohttp.ClientSession, url: str, mode: Mode) -> Work:
    headers = {"Authorization": f"Bearer {KEY}", "Accept": "*/*"}
    if mode == "POST":
        headers["Content-Type"] = "application/json"
    address = f"{url}/v1/todos/7" + ("?fields=a,b" if mode == "GET" else "")
    data = SENT if mode == "POST" else None

    async def bare() -> int:
        async with session.request(mode, address, headers=headers, data=data) as response:
            value: int = orjson.loads(await response.read())["id"]
            return value

    return bare


async def whole_call(caller: Caller, action: Action, mode: Mode) -> Work:
    # "Always" was said before; from then on each call is decided on the stored grants.
    await caller.call(action, mode, ARGUMENTS[mode], credentials=KEY, confirm=lambda _: "always")

    async def whole() -> int:
        result = await caller.call(action, mode, ARGUMENTS[mode], credentials=KEY)
        value: int = result.data["id"]
        return value

    return whole


async def compare(
    url: str, mode: Mode, requests: int, rounds: int, at_once: int, journal: Journal | None
) -> tuple[float, float, float]:
    """Median µs of our call, of aiohttp, and of their ratio."""
    ours, theirs, ratios = [], [], []
    async with (
        Outbound(allow=("127.0.0.1/32",)) as door,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        caller = Caller(
            outbound=door,
            identity=Identity(user="ada", gpt="g-1", action_version="1"),
            policy=ASK,
            grants=MemoryGrants(),
            journal=journal,
        )
        whole = await whole_call(caller, load_action(document(url)), mode)
        bare = bare_call(session, url, mode)
        for work in (whole, bare):
            await cpu_per_call(work, requests // 5, at_once)
        for _ in range(rounds):
            ours.append(await cpu_per_call(whole, requests, at_once))
            theirs.append(await cpu_per_call(bare, requests, at_once))
            ratios.append(ours[-1] / theirs[-1])
    return statistics.median(ours), statistics.median(theirs), statistics.median(ratios)


def measure(url: str, mode: Mode, requests: int, rounds: int, at_once: int, journal: Journal | None = None) -> Figure:
    call, bare, ratio = asyncio.run(compare(url, mode, requests, rounds, at_once, journal))
    return Figure(
        name=f"{mode}, {at_once} at once{', with a journal' if journal is not None else ''}",
        measured=f"{call:.0f} µs CPU a call, {ratio:.2f} times",
        bar="" if journal is not None else f"<= {BAR} times",
        peer=f"aiohttp {aiohttp.__version__} {bare:.0f} µs",
        held=None if journal is not None else ratio <= BAR,
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=3000)
    options.add_argument("--rounds", type=int, default=7)
    chosen = options.parse_args()
    server_script = str(Path(__file__).with_name("door_cpu.py"))
    figures = []
    with subprocess.Popen([sys.executable, server_script, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # a pipe was asked for
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            modes: tuple[Mode, ...] = ("GET", "POST")
            for mode in modes:
                figures += [measure(url, mode, chosen.requests, chosen.rounds, at_once) for at_once in (1, 64)]
            figures.append(measure(url, "POST", chosen.requests, chosen.rounds, 64, MemoryJournal()))
        finally:
            server.kill()
    return report("CPU of a whole call ÷ bare aiohttp", figures)


if __name__ == "__main__":
    raise SystemExit(main())
