"""CPU per streamed token and time to the first one: our chat completions adapter ÷ a bare aiohttp reader of the stream.

python bench/provider_cpu.py [--tokens 100] [--rounds 3] [--peer]

The model server runs in a process of its own and writes one token per chunk at a steady pace, so that each is one
read; CPU is this process's. `--peer` measures pydantic-ai with the openai SDK beside it, which is why the adapter is
our own. What a relay spends on its own clients is not in these figures.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import orjson

from actionry.models.catalogue import ClosableProvider, describe_provider, open_provider
from actionry.models.provider import ModelRequest, TextDelta, UserMessage
from figures import Figure, report

CPU_BAR = 2.0
CHATS = (1, 50, 200)
ADDED_MS_BARS = {1: 5.0, 50: 20.0, 200: 80.0}
PACE_S = {1: 0.004, 50: 0.02, 200: 0.05}
"""Between two tokens of one chat."""
REQUEST = ModelRequest(messages=[UserMessage("hello")])
PROVIDERS: dict[str, ClosableProvider] = {}

Ask = Callable[[str], AsyncIterator[int]]
"""Asks the server at a base URL; yields once for each read."""


def event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    content = b"data: " + orjson.dumps(body) + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(content), content)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
TOKEN = event({"content": " token"})
DONE = b"data: [DONE]\n\n"
LAST = event({}, "stop") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(DONE), DONE)


async def serve() -> None:
    """Print the port, then answer until killed. The path says how: `/TOKENS/PACE_MS/chat/completions`."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
                await reader.readexactly(length)
                _, tokens, pace_ms, *_ = head.split(b" ", 2)[1].decode().split("/")
                writer.write(HEAD + event({"role": "assistant", "content": ""}))
                for _ in range(int(tokens)):
                    writer.write(TOKEN)
                    await asyncio.sleep(float(pace_ms) / 1000)
                writer.write(LAST)
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


@dataclass(frozen=True, slots=True)
class Measured:
    cpu_us: float
    """Of this process per token."""
    first_ms: float
    """Median time to the first token."""


async def measure(ask: Ask, url: str, chats: int, tokens: int) -> Measured:
    firsts: list[float] = []

    async def chat() -> None:
        started = time.perf_counter()
        first = True
        async for _ in ask(url):
            if first:
                firsts.append((time.perf_counter() - started) * 1000)
                first = False

    started = time.process_time()
    await asyncio.gather(*(chat() for _ in range(chats)))
    return Measured((time.process_time() - started) / (chats * tokens) * 1e6, statistics.median(firsts))


def bare_reader(session: aiohttp.ClientSession) -> Ask:
    body = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": True})

    async def ask(url: str) -> AsyncIterator[int]:
        async with session.post(f"{url}/chat/completions", data=body) as response:
            async for chunk in response.content.iter_any():
                yield len(chunk)

    return ask


async def adapter(url: str) -> AsyncIterator[int]:
    provider = PROVIDERS.get(url) or open_provider(describe_provider("bench", "openai-compatible", base_url=url), "m")
    PROVIDERS[url] = provider
    async for each in provider.stream(REQUEST):
        if isinstance(each, TextDelta):
            yield len(each.text)


def pydantic_ai_reader() -> Ask:
    from pydantic_ai.direct import model_request_stream
    from pydantic_ai.messages import ModelRequest as Asked
    from pydantic_ai.messages import PartDeltaEvent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    models: dict[str, OpenAIChatModel] = {}

    async def ask(url: str) -> AsyncIterator[int]:
        if url not in models:
            models[url] = OpenAIChatModel("m", provider=OpenAIProvider(base_url=url, api_key="k"))
        async with model_request_stream(models[url], [Asked.user_text_prompt("hello")]) as stream:
            async for each in stream:
                if isinstance(each, PartDeltaEvent):
                    yield 1

    return ask


async def compare(url: str, chats: int, tokens: int, rounds: int, peer: bool) -> list[Figure]:
    """Rounds alternate; the median of their ratios counts."""
    paced = f"{url}/{tokens}/{PACE_S[chats] * 1000:g}"
    asks: dict[str, Ask] = {"ours": adapter}
    measured: dict[str, list[Measured]] = {"bare": [], "ours": [], "peer": []}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        asks["bare"] = bare_reader(session)
        if peer:
            asks["peer"] = pydantic_ai_reader()
        for ask in asks.values():  # connections, imports
            await measure(ask, paced, chats, tokens)
        for _ in range(rounds):
            for name, ask in asks.items():
                measured[name].append(await measure(ask, paced, chats, tokens))
    await close_all()
    return figures_of(chats, measured)


async def close_all() -> None:
    for provider in PROVIDERS.values():
        await provider.aclose()
    PROVIDERS.clear()


def figures_of(chats: int, measured: dict[str, list[Measured]]) -> list[Figure]:
    def middle(name: str, field: str) -> float:
        return float(statistics.median(getattr(each, field) for each in measured[name]))

    ratio = statistics.median(o.cpu_us / b.cpu_us for o, b in zip(measured["ours"], measured["bare"], strict=True))
    added_ms = middle("ours", "first_ms") - middle("bare", "first_ms")
    beside = f"aiohttp {middle('bare', 'cpu_us'):.0f} µs"
    if measured["peer"]:
        beside += f", pydantic-ai {middle('peer', 'cpu_us'):.0f} µs"
    return [
        Figure(
            name=f"CPU per token, {chats} chats",
            measured=f"{middle('ours', 'cpu_us'):.0f} µs, {ratio:.2f} times",
            bar=f"<= {CPU_BAR} times",
            peer=beside,
            held=ratio <= CPU_BAR,
        ),
        Figure(
            name=f"added time to first token, {chats} chats",
            measured=f"{added_ms:+.1f} ms",
            bar=f"<= {ADDED_MS_BARS[chats]:g} ms",
            peer=f"aiohttp {middle('bare', 'first_ms'):.1f} ms",
            held=added_ms <= ADDED_MS_BARS[chats],
        ),
    ]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tokens", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--peer", action="store_true")
    chosen = options.parse_args()
    figures: list[Figure] = []
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None  # a pipe was asked for
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            for chats in CHATS:
                figures += asyncio.run(compare(url, chats, chosen.tokens, chosen.rounds, chosen.peer))
        finally:
            server.terminate()
    return report("A streamed answer: our chat completions adapter ÷ a bare aiohttp reader", figures)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    else:
        raise SystemExit(main())
