"""Relaying a model's stream beside a bare relay: added time to first token, CPU per token, memory per open stream.

    ./run bench relay            everything
    ./run bench relay --quick    smaller numbers of chats and streams

One scripted upstream speaks OpenAI's wire form; ours and the bare relay ask it in turn, in processes of their own.
Ours checks a session, stores the message, runs the turn and stores each batch of text before it is shown; the bare
relay passes the bytes through. `direct` is the upstream without anybody between.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import aiohttp

from figures import Figure, report

FIRST_TOKEN_S = 0.05
"""Of the upstream: a fast hosted model."""
GAP_S = 0.02
TOKENS = 60
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench relay")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--role", choices=("upstream", "bare", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--upstream", default="", help=argparse.SUPPRESS)
    parser.add_argument("--data", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role is not None:
        {"upstream": run_upstream, "bare": run_bare, "ours": run_ours}[options.role](options)
        return 0
    return asyncio.run(measure(quick=options.quick))


# ------------------------------------------------------------------------------------------------------- the processes


def run_upstream(options: argparse.Namespace) -> None:
    """`POST /v1/chat/completions`: TOKENS pieces of text, GAP_S apart."""
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    def piece(text: str, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": reason}
        data = {"id": "c-1", "object": "chat.completion.chunk", "model": "scripted", "choices": [choice]}
        return b"data: " + json.dumps(data).encode() + b"\n\n"

    async def stream(tokens: int) -> AsyncIterator[bytes]:
        await asyncio.sleep(FIRST_TOKEN_S)
        for number in range(tokens):
            yield piece(f"word{number} ")
            await asyncio.sleep(GAP_S if tokens > 1 else 0)
        yield piece("", "stop")
        yield b"data: [DONE]\n\n"

    async def completions(request: Any) -> StreamingResponse:
        body = await request.json()
        last = next((m["content"] for m in reversed(body["messages"]) if m["role"] == "user"), "")
        tokens = 1 if "one word" in str(last) else TOKENS
        return StreamingResponse(stream(tokens), media_type="text/event-stream")

    _run(Starlette(routes=[Route("/v1/chat/completions", completions, methods=["POST"])]), options.port)


def run_bare(options: argparse.Namespace) -> None:
    """The least that relays: one POST to the upstream, its bytes passed through; `/idle` is an open, silent stream."""
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    client: list[aiohttp.ClientSession] = []

    async def relay(request: Any) -> StreamingResponse:
        body = await request.body()
        if not client:
            client.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))

        async def chunks() -> AsyncIterator[bytes]:
            headers = {"Content-Type": "application/json"}
            async with client[0].post(f"{options.upstream}/v1/chat/completions", data=body, headers=headers) as answer:
                async for chunk in answer.content.iter_any():
                    yield chunk

        return StreamingResponse(chunks(), media_type="text/event-stream")

    async def idle(request: Any) -> StreamingResponse:
        async def silence() -> AsyncIterator[bytes]:
            yield b"retry: 1000\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(silence(), media_type="text/event-stream")

    _run(Starlette(routes=[Route("/relay", relay, methods=["POST"]), Route("/idle", idle)]), options.port)


def _run(app: Any, port: int) -> None:
    import uvicorn

    print("ready", flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_config=None, access_log=False, backlog=4096)


def run_ours(options: argparse.Namespace) -> None:
    """The server as `actionry serve` runs it, its model at the upstream."""
    from actionry.server.main import serve
    from actionry.server.settings import read_settings

    environ = {
        "HOME": options.data, "OPENAI_BASE_URL": f"{options.upstream}/v1", "ACTIONRY_MODEL": "openai:scripted",
        "ACTIONRY_LOG_LEVEL": "warning", "ACTIONRY_LOG_FORMAT": "json", "ACTIONRY_REQUESTS_PER_MINUTE": "1000000",
        "ACTIONRY_RUNNING_TURNS": "1000", "ACTIONRY_USER_TURNS": "1000",
    }  # fmt: skip
    settings = read_settings(environ, data_dir=Path(options.data), port=options.port)
    serve(settings, tell=lambda line: print(line, flush=True))


@dataclass(slots=True)
class Process:
    process: subprocess.Popen[str]
    url: str
    line: str
    started_s: float

    @property
    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def rss_kb(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])


@asynccontextmanager
async def started(role: str, *, upstream: str = "", data: str = "") -> AsyncIterator[Process]:
    port = _free_port()
    arguments = [__file__, "--role", role, "--port", str(port), "--upstream", upstream, "--data", data]
    run = f"runpy.run_path({__file__!r}, run_name='relay')['main']()"
    code = f"import runpy, sys; sys.argv = {arguments!r}; {run}"
    began = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", code]
    process = await asyncio.to_thread(subprocess.Popen, command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    line = await asyncio.to_thread(process.stdout.readline)
    url = f"http://127.0.0.1:{port}"
    found = Process(process, url, line.strip(), time.perf_counter() - began)
    try:
        await _until_up(url)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, 30)
        process.stdout.close()


async def _until_up(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(400):
            with suppress(aiohttp.ClientError):
                async with session.get(f"{url}/healthz/live"):
                    return
            await asyncio.sleep(0.05)
    raise SystemExit(f"{url} did not start")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# ------------------------------------------------------------------------------------------------------------- clients


class Ours:
    """One signed-in person with a conversation for each chat."""

    def __init__(self, process: Process, session: aiohttp.ClientSession) -> None:
        self.process = process
        self.session = session
        self.headers: dict[str, str] = {}

    async def sign_in(self) -> None:
        token = self.process.line.partition("#token=")[2]
        async with self.session.post(f"{self.process.url}/api/v1/session/link", json={"token": token}) as answer:
            said = await answer.json()
            cookie = answer.cookies["actionry"].value
        self.headers = {"Cookie": f"actionry={cookie}", "X-CSRF-Token": said["csrf_token"]}

    async def conversations(self, count: int) -> list[str]:
        return [(await self.post("/api/v1/conversations", {}))["id"] for _ in range(count)]

    async def post(self, path: str, body: Any) -> Any:
        async with self.session.post(self.process.url + path, json=body, headers=self.headers) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def chat(self, conversation: str, text: str = "many words, please") -> float:
        """Seconds to the first token; the stream is read to its end."""
        url = f"{self.process.url}/api/v1/conversations/{conversation}/messages"
        headers = {**self.headers, "Accept": "text/event-stream"}
        began = time.perf_counter()
        async with self.session.post(url, json={"text": text}, headers=headers) as answer:
            return await _first(answer, b"event: text\n", began)


async def _first(answer: aiohttp.ClientResponse, mark: bytes, began: float) -> float:
    first = -1.0
    seen = b""
    async for chunk in answer.content.iter_any():
        if first < 0:
            seen += chunk
            if mark in seen:
                first = time.perf_counter() - began
    assert first >= 0, seen[-500:]
    return first


async def bare_chat(session: aiohttp.ClientSession, url: str, text: str = "many words, please") -> float:
    body = {"model": "scripted", "stream": True, "messages": [{"role": "user", "content": text}]}
    began = time.perf_counter()
    async with session.post(url, json=body) as answer:
        return await _first(answer, b'"content"', began)


# ------------------------------------------------------------------------------------------------------------- figures


async def measure(*, quick: bool) -> int:
    chats = (1, 20) if quick else (1, 50, 200)
    data = tempfile.mkdtemp(prefix="actionry-bench-")
    figures: list[Figure] = []
    try:
        async with (
            started("upstream") as upstream,
            started("bare", upstream=upstream.url) as bare,
            started("ours", upstream=upstream.url, data=data) as ours,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=120)
            ) as session,
        ):
            figures += start_figures(ours)
            person = Ours(ours, session)
            await person.sign_in()
            for count in chats:
                figures += await first_tokens(session, upstream, bare, person, count)
            figures += await request_cost(person, 50 if quick else 200)
            figures += await idle_streams(session, bare, person, 200 if quick else 2000)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    return report("Relaying a stream", figures)


def start_figures(ours: Process) -> list[Figure]:
    packages = count_packages("actionry[server]")
    return [
        Figure(
            name="start: CPU until ready", measured=f"{ours.cpu_s:.2f} s ({ours.started_s:.1f} s of clock)",
            bar="<= 1.5 s", held=ours.cpu_s <= 1.5,
        ),
        Figure(
            name="idle memory", measured=f"{ours.rss_kb / 1024:.0f} MB", bar="<= 130 MB",
            held=ours.rss_kb <= 130 * 1024,
        ),
        Figure(name="packages of actionry[server]", measured=str(packages), bar="<= 75", held=packages <= 75),
    ]  # fmt: skip


async def first_tokens(
    session: aiohttp.ClientSession, upstream: Process, bare: Process, person: Ours, count: int
) -> list[Figure]:
    rounds = 15 if count == 1 else 3
    await asyncio.gather(*(person.chat(each) for each in await person.conversations(count)))  # connections are warm
    times: dict[str, list[float]] = {"direct": [], "bare": [], "ours": []}
    cpu = {"bare": 0.0, "ours": 0.0}
    for _ in range(rounds):
        direct = (bare_chat(session, f"{upstream.url}/v1/chat/completions") for _ in range(count))
        times["direct"] += await asyncio.gather(*direct)
        before = bare.cpu_s
        times["bare"] += await asyncio.gather(*(bare_chat(session, f"{bare.url}/relay") for _ in range(count)))
        cpu["bare"] += bare.cpu_s - before
        conversations = await person.conversations(count)  # new ones: the relay has no history either
        before = person.process.cpu_s
        times["ours"] += await asyncio.gather(*(person.chat(each) for each in conversations))
        cpu["ours"] += person.process.cpu_s - before
    median = {name: statistics.median(found) * 1000 for name, found in times.items()}
    added = {name: median[name] - median["direct"] for name in ("bare", "ours")}
    bar = {1: 5.0, 50: 20.0, 200: 80.0}.get(count)
    ratio = median["ours"] / median["bare"]
    tokens = rounds * count * TOKENS
    found = [
        Figure(
            name=f"added time to first token, {count} chats",
            measured=f"{added['ours']:.1f} ms (p95 {_p95(times['ours']) - median['direct']:.1f})",
            bar=f"<= {bar:.0f} ms" if bar is not None else "",
            peer=f"bare relay {added['bare']:.1f} ms",
            held=added["ours"] <= bar if bar is not None else None,
        ),
        Figure(
            name=f"time to first token, {count} chats",
            measured=f"{median['ours']:.1f} ms",
            bar="<= 1.5 times bare" if count <= 50 else "",
            peer=f"bare relay {median['bare']:.1f} ms ({ratio:.2f} times)",
            held=ratio <= 1.5 if count <= 50 else None,
        ),
    ]  # fmt: skip
    if count > 1:
        each = {name: spent / tokens * 1e6 for name, spent in cpu.items()}
        times_bare = each["ours"] / max(each["bare"], 0.001)
        found.append(
            Figure(
                name=f"CPU per relayed token, {count} chats", measured=f"{each['ours']:.0f} us", bar="<= 2 times bare",
                peer=f"bare relay {each['bare']:.0f} us ({times_bare:.2f} times)", held=times_bare <= 2.0,
            )
        )  # fmt: skip
    return found


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)] * 1000 if len(values) > 1 else values[0] * 1000


async def request_cost(person: Ours, count: int) -> list[Figure]:
    """A message that is accepted with 202, and its turn of one token beside it."""
    conversations = await person.conversations(count)
    before = person.process.cpu_s
    for conversation in conversations:
        async with person.session.get(
            f"{person.process.url}/api/v1/conversations/{conversation}", headers=person.headers
        ) as answer:
            await answer.read()
    read = (person.process.cpu_s - before) / count * 1000
    before = person.process.cpu_s
    await asyncio.gather(*(person.chat(each, "one word, please") for each in conversations))
    whole = (person.process.cpu_s - before) / count * 1000
    return [
        Figure(name="CPU of reading a conversation", measured=f"{read:.2f} ms", bar="<= 1.5 ms", held=read <= 1.5),
        Figure(name="CPU of a whole chat of one token", measured=f"{whole:.2f} ms"),
    ]


async def idle_streams(session: aiohttp.ClientSession, bare: Process, person: Ours, count: int) -> list[Figure]:
    (conversation,) = await person.conversations(1)
    each = {
        "bare": await _grown(session, bare, f"{bare.url}/idle", {}, count),
        "ours": await _grown(
            session, person.process, f"{person.process.url}/api/v1/conversations/{conversation}/events",
            person.headers, count,
        ),
    }  # fmt: skip
    ratio = each["ours"] / max(each["bare"], 0.01)
    return [
        Figure(
            name=f"memory per idle stream, {count} streams", measured=f"{each['ours']:.1f} kB",
            bar="<= 1.5 times bare", peer=f"bare Starlette {each['bare']:.1f} kB ({ratio:.2f} times)",
            held=ratio <= 1.5,
        )
    ]  # fmt: skip


async def _grown(
    session: aiohttp.ClientSession, process: Process, url: str, headers: dict[str, str], count: int
) -> float:
    """kB per stream: the second half of the streams, when pools and caches have their size."""
    opened: list[aiohttp.ClientResponse] = []
    sizes: list[int] = []
    for _ in range(2):
        for start in range(0, count // 2, 50):
            size = min(50, count // 2 - start)
            opened += await asyncio.gather(*(_open(session, url, headers) for _ in range(size)))
        await asyncio.sleep(1.0)
        sizes.append(process.rss_kb)
    for answer in opened:
        answer.close()
    return (sizes[1] - sizes[0]) / (count // 2)


async def _open(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> aiohttp.ClientResponse:
    answer = await session.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=None))
    await answer.content.readany()
    return answer


def count_packages(name: str) -> int:
    """Distributions that an installation brings, itself included, on this platform."""
    from packaging.requirements import Requirement

    found: set[str] = set()
    waiting = [Requirement(name)]
    while waiting:
        wanted = waiting.pop()
        key = f"{wanted.name.lower().replace('_', '-')}[{','.join(sorted(wanted.extras))}]"
        if key in found:
            continue
        found.add(key)
        try:
            requires = distribution(wanted.name).requires or []
        except PackageNotFoundError:
            continue
        for text in requires:
            requirement = Requirement(text)
            extras = [*wanted.extras, ""]
            if requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(requirement)
    return len({key.partition("[")[0] for key in found})


if __name__ == "__main__":
    sys.exit(main())
