"""The state of every call, so that none runs twice: `proposed → confirmed → claimed → sent → done / failed / unknown`.

A call is claimed, durably, before its first byte leaves. Whoever finds a claim without an end after a crash cannot know
whether the call happened: it is `unknown`, shown as such and never sent again by itself (THREATS 5.1).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from actionry.errors import CallConflict
from actionry.limits import CALL_LIMITS

State = Literal["proposed", "confirmed", "declined", "expired", "claimed", "sent", "done", "failed", "unknown"]

NEXT: dict[State, frozenset[State]] = {
    "proposed": frozenset({"confirmed", "declined", "expired"}),
    "confirmed": frozenset({"claimed", "expired"}),
    "claimed": frozenset({"sent", "failed", "unknown"}),
    "sent": frozenset({"done", "failed", "unknown"}),
    "declined": frozenset(),
    "expired": frozenset(),
    "done": frozenset(),
    "failed": frozenset(),
    "unknown": frozenset(),
}
"""Every step that exists. A call that ended stays as it is: running it again is a new call with a new question."""

OPEN: frozenset[State] = frozenset({"claimed", "sent"})
"""Somebody is at it, or was when the process died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call in the journal; nothing secret stands in it."""

    call_id: str
    digest: str
    state: State
    function: str = ""
    origin: str = ""
    user: str = ""
    owner: str = ""
    """Who claimed it: a process, so that its death can be noticed."""
    at: float = 0.0
    """Seconds since the epoch, of the last step."""
    outcome: Mapping[str, Any] = field(default_factory=dict)
    """Of `done`: status, media type and the text for the model; of `failed` and `unknown`: why."""


class Journal(Protocol):
    """Each method is one atomic step. The server keeps its own in SQL; see `MemoryJournal` and `FileJournal`."""

    async def propose(self, entry: Entry) -> Entry:
        """Store a new call as proposed. The entry that is there already, when id and digest are equal.

        Raises CallConflict when the id is taken by another digest.
        """
        ...

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> Entry:
        """Compare and set. Raises CallConflict when the call is in another state, ValueError for a step not in NEXT.

        The step to `claimed` must be durable when this returns.
        """
        ...

    async def find(self, call_id: str) -> Entry | None: ...

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        """Make every open call unknown whose owner is not among `alive`; returns those. For the start of a process."""
        ...


def check_step(expected: State, to: State) -> None:
    if to not in NEXT[expected]:
        raise ValueError(f"no call goes from {expected} to {to}")


def conflict(call_id: str, expected: State, entry: Entry | None) -> CallConflict:
    """The error of a step that does not start from where the call stands."""
    is_now = f"is {entry.state}" if entry is not None else "is not in the journal"
    return CallConflict(f"The call {call_id} {is_now}, not {expected}; nothing was done.", entry=entry)


class MemoryJournal:
    """For one process: what is open when it dies is lost with it, so it suits calls that nobody asks about later."""

    def __init__(self, *, clock: Callable[[], float] = time.time, remember: int = CALL_LIMITS.journal_entries) -> None:
        self._entries: dict[str, Entry] = {}
        self._clock = clock
        self._remember = remember

    async def propose(self, entry: Entry) -> Entry:
        known = self._entries.get(entry.call_id)
        if known is not None:
            if known.digest != entry.digest:
                raise conflict(entry.call_id, "proposed", known)
            return known
        if len(self._entries) >= self._remember:
            self._forget_ended()
        entry = replace(entry, state="proposed", at=self._clock())
        self._entries[entry.call_id] = entry
        return entry

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> Entry:
        check_step(expected, to)
        entry = self._entries.get(call_id)
        if entry is None or entry.state != expected:
            raise conflict(call_id, expected, entry)
        entry = Entry(
            call_id=call_id,
            digest=entry.digest,
            state=to,
            function=entry.function,
            origin=entry.origin,
            user=entry.user,
            owner=owner or entry.owner,
            at=self._clock(),
            outcome=entry.outcome if outcome is None else outcome,
        )
        self._entries[call_id] = entry
        return entry

    async def find(self, call_id: str) -> Entry | None:
        await asyncio.sleep(0)
        return self._entries.get(call_id)

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        lost = [e for e in self._entries.values() if e.state in OPEN and e.owner not in alive]
        return [
            await self.move(e.call_id, e.state, "unknown", outcome={"why": "The process that made the call ended."})
            for e in lost
        ]

    def _forget_ended(self) -> None:
        """The older half of what has ended."""
        ended = [call_id for call_id, entry in self._entries.items() if not NEXT[entry.state]]
        for call_id in ended[: max(1, len(ended) // 2)]:
            del self._entries[call_id]
