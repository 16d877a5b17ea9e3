"""What the proxy of `actionry dev` adds to a call: the same requests to an API directly and through it.

python bench/proxy_overhead.py [--requests 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figures import Figure, report

WARM = 200

_API = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json"),
                (b"content-length", b"22")]})
    await send({"type": "http.response.body", "body": b'{"todos":["buy milk"]}'})
"""


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> float:
    """Milliseconds of one request on a kept connection."""
    started = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"content-length:" in lowered:
        await reader.readexactly(int(lowered.split(b"content-length:")[1].split(b"\r\n")[0]))
    else:
        await reader.readuntil(b"0\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    return (time.perf_counter() - started) * 1000


async def measure(ports: list[int], count: int) -> list[list[float]]:
    """By turns, so that what else the machine does falls on both alike."""
    links = [await asyncio.open_connection("127.0.0.1", port) for port in ports]
    times: list[list[float]] = [[] for _ in ports]
    for turn in range(count + WARM):
        for place, (reader, writer) in enumerate(links):
            request = b"GET /todos/ada HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n\r\n" % ports[place]
            took = await exchange(reader, writer, request)
            if turn >= WARM:
                times[place].append(took)
    for _, writer in links:
        writer.close()
    return times


def start(command: list[str], mark: str) -> tuple[subprocess.Popen[str], str]:
    """The process, and what its first line with `mark` says after it."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if mark in line:
            return process, line.split(mark, 1)[1].strip()
    raise SystemExit(f"{command} did not start")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=2_000)
    count = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.py").write_text(_API)
        child = Path(__file__).resolve().parent.parent / "src" / "actionry" / "kit" / "dev_child.py"
        api, port = start([sys.executable, str(child), folder, "main:app"], "actionry-dev-port ")
        code = "from actionry.kit.cli import main; main()"
        proxy, address = start(
            [sys.executable, "-c", code, "dev", f"http://127.0.0.1:{port}", "--port", "0"], "Plugin:  http://localhost:"
        )
        try:
            assert proxy.stdout is not None
            # What it prints must go somewhere, as in a terminal.
            reader = subprocess.Popen(["cat"], stdin=proxy.stdout, stdout=subprocess.DEVNULL)
            direct, through = asyncio.run(measure([int(port), int(address)], count))
            reader.terminate()
            reader.wait()
        finally:
            for process in (proxy, api):
                process.terminate()
                process.wait()
    alone, proxied = statistics.median(direct), statistics.median(through)
    added = proxied - alone
    figure = Figure(
        name="added by the proxy at p50",
        bar="<= 1 ms",
        measured=f"{added:.2f} ms ({alone:.2f} direct, {proxied:.2f} through it)",
        held=added <= 1.0,
    )
    return report("Local proxy", [figure])


if __name__ == "__main__":
    sys.exit(main())
