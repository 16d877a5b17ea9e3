"""`actionry dev` as its users start it: a process on a free port of this machine, and plain HTTP to it."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

WAIT_S = 40.0


def actionry(*words: str, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-c", "from actionry.kit.cli import main; main()", *words],
        cwd=cwd, env={**os.environ, "NO_COLOR": "1", **environment}, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Dev:
    """A running `actionry dev`."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _more: queue.Queue[str] = field(default_factory=queue.Queue)

    def follow(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._more.put(line.rstrip("\n"))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first printed line that matches, also among those before."""
        for line in self.lines:
            if found := re.search(pattern, line):
                return found
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            try:
                line = self._more.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                break
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"no line matches {pattern!r}:\n" + "\n".join(self.lines))

    @cached_property
    def port(self) -> int:
        return int(self.wait_for(r"^Plugin: .*:(\d+)$")[1])

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @cached_property
    def page(self) -> str:
        return self.wait_for(r"^Page: .*:\d+(/\S+)$")[1]

    def ask(self, method: str, path: str, value: Any = None, *, content: bytes | None = None, **headers: str) -> Reply:
        link = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            body = content if content is not None else (None if value is None else json.dumps(value).encode())
            given = {name.replace("_", "-"): text for name, text in headers.items()}
            if value is not None:
                given.setdefault("content-type", "application/json")
            link.request(method, path, body, given)
            reply = link.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            link.close()


@contextmanager
def dev(*words: str, cwd: Path | None = None) -> Iterator[Dev]:
    process = subprocess.Popen(
        [sys.executable, "-c", "from actionry.kit.cli import main; main()", "dev", *words, "--port", "0"],
        cwd=cwd, env={**os.environ, "NO_COLOR": "1"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    running = Dev(process)
    reader = threading.Thread(target=running.follow, daemon=True)
    reader.start()
    try:
        yield running
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        assert process.stdout is not None
        process.stdout.close()
