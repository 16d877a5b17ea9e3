"""A journal in one SQLite file: for programs and the command line, whose calls must not run twice after a crash.

The server keeps its own, beside its other tables. Every step is committed to the disk before it counts
(`synchronous=FULL`): a claim that a power cut forgets would be sent again.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import orjson

from actionry.actions.journal import DIED, OPEN, Entry, State, check_first, check_step, conflict
from actionry.errors import CallConflict

T = TypeVar("T")

_TABLE = """
CREATE TABLE IF NOT EXISTS calls (
    call_id TEXT PRIMARY KEY, digest TEXT NOT NULL, state TEXT NOT NULL, function TEXT NOT NULL, origin TEXT NOT NULL,
    user TEXT NOT NULL, owner TEXT NOT NULL, at REAL NOT NULL, outcome TEXT NOT NULL
) WITHOUT ROWID
"""
_ADD = "INSERT OR IGNORE INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MOVE = """
UPDATE calls SET state = ?, at = ?, owner = CASE WHEN ? = '' THEN owner ELSE ? END, outcome = coalesce(?, outcome)
WHERE call_id = ? AND state = ? RETURNING *
"""
_FIND = "SELECT * FROM calls WHERE call_id = ?"
_ALL = "SELECT * FROM calls ORDER BY at"
_BUSY_S = 10.0


class FileJournal:
    """Many processes may share the file. `async with FileJournal(path) as journal: …`, or `aclose` when done."""

    def __init__(self, path: Path | str, *, clock: Callable[[], float] = time.time) -> None:
        self._path = Path(path)
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        # SQLite waits for the disk: in a thread, and in one only, so that steps keep their order.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="actionry-journal")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Wait for the step under way, and close the file."""
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """`aclose` where no event loop runs."""
        with suppress(RuntimeError):  # closed before
            self._thread.submit(self._close).result()
        self._thread.shutdown()

    async def propose(self, entry: Entry) -> Entry:
        return await self._in_thread(lambda: self._propose(check_first(entry)))

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> None:
        check_step(expected, to)
        await self._in_thread(lambda: self._move(call_id, expected, to, owner, outcome))

    async def find(self, call_id: str) -> Entry | None:
        return await self._in_thread(lambda: self._find(call_id))

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        return await self._in_thread(lambda: self._recover(frozenset(alive)))

    async def entries(self, *states: State) -> list[Entry]:
        """Those in one of the states, all without any; in the order of their last step."""
        return await self._in_thread(lambda: self._entries(states))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """A step that has begun is finished even when its caller is cancelled: half a claim is no claim."""
        step = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            await asyncio.wait([step])
            raise

    # -------------------------------------------------------------------------------------------------- in the thread

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            # Answers of APIs stand in it: for its owner's eyes alone.
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            self._connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(_TABLE)
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _propose(self, entry: Entry) -> Entry:
        values = (
            entry.call_id, entry.digest, entry.state, entry.function, entry.origin, entry.user, entry.owner,
            self._clock(), orjson.dumps(entry.outcome).decode(),
        )  # fmt: skip
        self._open().execute(_ADD, values)
        stored = self._find(entry.call_id)
        assert stored is not None
        if stored.digest != entry.digest:
            raise conflict(entry.call_id, "proposed", stored)
        return stored

    def _move(self, call_id: str, expected: State, to: State, owner: str, outcome: Mapping[str, Any] | None) -> Entry:
        told = None if outcome is None else orjson.dumps(outcome, default=str).decode()
        values = (to, self._clock(), owner, owner, told, call_id, expected)
        row = self._open().execute(_MOVE, values).fetchall()  # all of it, so that the statement ends and is committed
        if not row:
            raise conflict(call_id, expected, self._find(call_id))
        return _entry(row[0])

    def _find(self, call_id: str) -> Entry | None:
        row = self._open().execute(_FIND, (call_id,)).fetchone()
        return None if row is None else _entry(row)

    def _entries(self, states: tuple[State, ...]) -> list[Entry]:
        rows = self._open().execute(_ALL).fetchall()
        return [entry for entry in map(_entry, rows) if not states or entry.state in states]

    def _recover(self, alive: frozenset[str]) -> list[Entry]:
        found = []
        for entry in self._entries(tuple(OPEN)):
            if entry.owner not in alive:
                with suppress(CallConflict):  # another process was faster
                    found.append(self._move(entry.call_id, entry.state, "unknown", "", DIED))
        return found


def _entry(row: tuple[Any, ...]) -> Entry:
    call_id, digest, state, function, origin, user, owner, at, outcome = row
    return Entry(
        call_id=call_id,
        digest=digest,
        state=state,
        function=function,
        origin=origin,
        user=user,
        owner=owner,
        at=at,
        outcome=orjson.loads(outcome),
    )
