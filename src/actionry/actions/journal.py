"""The state of every call, so that none runs twice: `proposed → confirmed → claimed → sent → done / failed / unknown`.

A call is claimed, durably, before its first byte leaves. Whoever finds a claim without an end after a crash cannot know
whether the call happened: it is `unknown`, shown as such and never sent again by itself (THREATS 5.1).
"""

from __future__ import annotations

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


@dataclass(slots=True, kw_only=True)
class Entry:
    """One call in the journal; nothing secret stands in it. A copy: changing it changes nothing."""

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
        """Store a new call, as `proposed`, or as `confirmed` when consent was there before.

        The entry that is there already, as it is now, when id and digest are equal. Raises CallConflict when the id is
        taken by another digest.
        """
        ...

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> None:
        """Compare and set. Raises CallConflict when the call is in another state, ValueError for a step not in NEXT.

        The step to `claimed` must be durable when this returns.
        """
        ...

    async def find(self, call_id: str) -> Entry | None: ...

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        """Make every open call unknown whose owner is not among `alive`; returns those. For the start of a process."""
        ...


DIED = {"why": "The process that made the call ended."}


def check_first(entry: Entry) -> Entry:
    """A new call is proposed, or confirmed at once; ValueError for any other state."""
    if entry.state not in ("proposed", "confirmed"):
        raise ValueError(f"no call begins as {entry.state}")
    return entry


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
        self._rows: dict[str, _Row] = {}
        self._clock = clock
        self._remember = remember

    async def propose(self, entry: Entry) -> Entry:
        known = self._rows.get(entry.call_id)
        if known is not None:
            if known.entry.digest != entry.digest:
                raise conflict(entry.call_id, "proposed", known.now())
            return known.now()
        if len(self._rows) >= self._remember:
            self._forget_ended()
        self._rows[entry.call_id] = _Row(check_first(entry), entry.state, entry.owner, self._clock(), entry.outcome)
        return entry

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> None:
        check_step(expected, to)
        row = self._rows.get(call_id)
        if row is None or row.state != expected:
            raise conflict(call_id, expected, None if row is None else row.now())
        row.state = to
        row.at = self._clock()
        if owner:
            row.owner = owner
        if outcome is not None:
            row.outcome = outcome

    async def find(self, call_id: str) -> Entry | None:
        row = self._rows.get(call_id)
        return None if row is None else row.now()

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        lost = [row for row in self._rows.values() if row.state in OPEN and row.owner not in alive]
        for row in lost:
            await self.move(row.entry.call_id, row.state, "unknown", outcome=DIED)
        return [row.now() for row in lost]

    def _forget_ended(self) -> None:
        """The older half of what has ended."""
        ended = [call_id for call_id, row in self._rows.items() if not NEXT[row.state]]
        for call_id in ended[: max(1, len(ended) // 2)]:
            del self._rows[call_id]


@dataclass(slots=True)
class _Row:
    entry: Entry
    state: State
    owner: str
    at: float
    outcome: Mapping[str, Any]

    def now(self) -> Entry:
        return replace(self.entry, state=self.state, owner=self.owner, at=self.at, outcome=self.outcome)


class Steps:
    """The journal's steps of one claimed call; without a journal, only whether the request may have left."""

    __slots__ = ("_call_id", "_journal", "_owner", "_state", "left")

    def __init__(self, journal: Journal | None, call_id: str, owner: str) -> None:
        self._journal = journal
        self._call_id = call_id
        self._owner = owner
        self._state: State = "claimed"
        self.left = False
        """Whether the request may have left; set by whoever sends it."""

    async def sending(self) -> None:
        """Before the first byte."""
        if self._journal is not None:
            await self._journal.move(self._call_id, "claimed", "sent", owner=self._owner)
            self._state = "sent"

    async def end(self, state: State, outcome: Mapping[str, Any]) -> None:
        """Record how it ended."""
        if self._journal is None:
            return
        for _ in range(2):
            try:
                await self._journal.move(self._call_id, self._state, state, owner=self._owner, outcome=outcome)
            except CallConflict as error:
                # Cancelled in the middle of a step: the journal knows how far it came. Otherwise somebody took us for
                # dead, and the call is shown as unknown; that stays.
                entry = error.entry
                if not isinstance(entry, Entry) or entry.state not in OPEN or entry.owner != self._owner:
                    return
                self._state = entry.state
            else:
                return
