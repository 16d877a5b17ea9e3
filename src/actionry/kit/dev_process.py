"""Runs the plugin's process, and runs it anew when a file of its folder changes."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from actionry.errors import ActionryError
from actionry.kit.dev_child import MARK

CHILD = Path(__file__).with_name("dev_child.py")
WATCHED = frozenset({"ai-plugin.json", "openapi.yaml", "openapi.yml", "openapi.json", ".env"})
"""Beside *.py; a plugin may well keep its data in other files of the folder, and must not start anew for them."""
SKIPPED = frozenset({"__pycache__", "node_modules", "venv", ".venv", ".git", ".mypy_cache", ".pytest_cache", "dist"})
_LOOK_S = 0.4
_START_S = 30.0
_FILES = 5_000
_KEPT_LINES = 12

Snapshot = dict[str, tuple[int, int]]


def take_snapshot(folder: Path) -> Snapshot:
    """File -> (time, size) of what a change of makes the plugin start anew."""
    found: Snapshot = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in files:
            if not (name.endswith(".py") or name in WATCHED) or len(found) >= _FILES:
                continue
            path = os.path.join(place, name)
            with suppress(OSError):
                state = os.stat(path)
                found[path] = (state.st_mtime_ns, state.st_size)
    return found


def find_app(folder: Path) -> str | None:
    """`main:app` where there is a main.py, `app:app` where there is an app.py."""
    return next((f"{name}:app" for name in ("main", "app") if (folder / f"{name}.py").is_file()), None)


def find_python(folder: Path) -> str:
    """The plugin's own environment, where it has one, else this Python."""
    for own in (folder / ".venv" / "bin" / "python", folder / ".venv" / "Scripts" / "python.exe"):
        if own.is_file():
            return str(own)
    return sys.executable


class PluginProcess:
    """`port` is where it listens; `ready` waits for it."""

    def __init__(self, folder: Path, app: str, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._app = app
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._started = asyncio.Event()
        self._last: deque[str] = deque(maxlen=_KEPT_LINES)
        self.port = 0

    async def start(self) -> None:
        self._started.clear()
        self._last.clear()
        self.port = 0
        self._process = await asyncio.create_subprocess_exec(
            find_python(self._folder), str(CHILD), str(self._folder), self._app,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(self._process.stdout, ends=True)),
            asyncio.create_task(self._read(self._process.stderr, ends=False)),
        ]

    async def _read(self, stream: asyncio.StreamReader, *, ends: bool) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:  # a line longer than the reader takes
                continue
            if not line:
                break
            text = line.decode("utf-8", "replace").rstrip()
            if ends and text.startswith(MARK):
                self.port = int(text.removeprefix(MARK))
                self._started.set()
            else:
                self._last.append(text)
                self._tell(text)
        if ends:
            self._started.set()  # with port 0: it ended

    async def ready(self) -> None:
        """Raises ActionryError when it has ended or does not start."""
        try:
            await asyncio.wait_for(self._started.wait(), _START_S)
        except TimeoutError:
            raise ActionryError("The plugin has not started to listen.", mend="See what it printed.") from None
        if not self.port:
            raise ActionryError(
                f"The plugin has stopped: {self._last[-1] if self._last else 'it printed nothing'}",
                mend="Mend it and save; it is started again.",
            )

    async def stop(self) -> None:
        process = self._process
        if process is None:
            return
        self._process = None
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 3)
            except TimeoutError:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.gather(*self._readers, return_exceptions=True)

    async def restart(self) -> None:
        await self.stop()
        await self.start()


async def watch(folder: Path, before: Snapshot, changed: Callable[[list[str]], Awaitable[None]]) -> None:
    """Call `changed` with the files' names when they differ from `before`, and so on; ends when cancelled."""
    while True:
        await asyncio.sleep(_LOOK_S)
        now = await asyncio.to_thread(take_snapshot, folder)
        names = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        before = now
        if names:
            await changed([name.removeprefix(str(folder)).lstrip("/\\") for name in names])
