"""A process that dies: after a given number of commits nothing that it does has any effect any more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actionry.actions.journal import Entry, Journal, State
from actionry.chat.events import Event, StoredEvent
from actionry.chat.log import TurnKey, TurnLog


class Killed(BaseException):
    """The process is dead; no clean-up runs (what code does on its way out goes nowhere)."""


@dataclass(slots=True)
class Life:
    """Shared by a process's log and journal. `commits` are left; `before` dies in front of the last one's effect."""

    commits: int
    before: bool = False
    dead: bool = False
    made: int = 0

    def enter(self) -> None:
        if self.dead:
            raise Killed
        self.made += 1
        if self.before and self.made > self.commits:
            self.dead = True
            raise Killed

    def leave(self) -> None:
        if not self.before and self.made > self.commits:
            self.dead = True
            raise Killed


class MortalLog:
    def __init__(self, log: TurnLog, life: Life) -> None:
        self._log = log
        self._life = life

    async def append(self, key: TurnKey, events: Sequence[Event]) -> list[StoredEvent]:
        self._life.enter()
        stored = await self._log.append(key, events)
        self._life.leave()
        return stored

    async def read(self, turn_id: str, after: int = 0) -> list[StoredEvent]:
        self._check()
        return await self._log.read(turn_id, after)

    async def history(self, turn_id: str) -> list[list[StoredEvent]]:
        self._check()
        return await self._log.history(turn_id)

    def follow(self, turn_id: str, after: int = 0) -> AsyncIterator[StoredEvent]:
        return self._log.follow(turn_id, after)

    async def lease(self, turn_id: str, runner: str, *, seconds: float) -> TurnKey | None:
        self._check()
        return await self._log.lease(turn_id, runner, seconds=seconds)

    async def release(self, key: TurnKey) -> None:
        self._check()
        await self._log.release(key)

    async def stop_asked(self, turn_id: str) -> bool:
        self._check()
        return await self._log.stop_asked(turn_id)

    def _check(self) -> None:
        if self._life.dead:
            raise Killed


class MortalJournal:
    """Each step is a commit of its own, unless `counts` says that only the log's are counted."""

    def __init__(self, journal: Journal, life: Life, *, counts: bool = True) -> None:
        self._journal = journal
        self._life = life
        self._counts = counts

    async def propose(self, entry: Entry) -> Entry:
        self._enter()
        found = await self._journal.propose(entry)
        self._leave()
        return found

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> None:
        self._enter()
        await self._journal.move(call_id, expected, to, owner=owner, outcome=outcome)
        self._leave()

    async def find(self, call_id: str) -> Entry | None:
        if self._life.dead:
            raise Killed
        return await self._journal.find(call_id)

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        raise AssertionError("a turn recovers its own calls")

    def _enter(self) -> None:
        if self._counts:
            self._life.enter()
        elif self._life.dead:
            raise Killed

    def _leave(self) -> None:
        if self._counts:
            self._life.leave()
