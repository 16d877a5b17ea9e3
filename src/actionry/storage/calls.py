"""The journal of calls in SQL (`actions.journal.Journal`): a step is one compare-and-set, durable when it returns."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, select, update

from actionry.actions.journal import DIED, OPEN, Entry, State, check_first, check_step, conflict
from actionry.chat.log import StaleRunner, TurnKey
from actionry.storage.engine import Database
from actionry.storage.tables import tool_calls, turns


class Journal:
    """Calls of one deployment, or with `turn` those of one turn, which then only the holder of its lease may claim."""

    def __init__(
        self, database: Database, *, turn: TurnKey | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.database = database
        self.turn = turn
        self.clock = clock

    def of_turn(self, key: TurnKey) -> Journal:
        return Journal(self.database, turn=key, clock=self.clock)

    async def propose(self, entry: Entry) -> Entry:
        """Store a new call, as proposed or as confirmed; the entry that is there already, when id and digest are equal.

        Raises CallConflict, StaleRunner when the turn's lease is lost.
        """
        return await self.database.write(self._propose, replace(check_first(entry), at=self.clock()))

    def _propose(self, connection: Connection, entry: Entry) -> Entry:
        self._check_lease(connection)
        values = _row_of(entry) | {"turn_id": self.turn.turn_id if self.turn is not None else None}
        added = self.database.insert_new_in(connection, tool_calls, values)
        if added:
            return entry
        known = find_entries(connection, [entry.call_id])[entry.call_id]
        if known.digest != entry.digest or known.user != entry.user:
            raise conflict(entry.call_id, "proposed", known if known.user == entry.user else None)
        return known

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> None:
        """Compare and set. Raises CallConflict, ValueError for no step, StaleRunner when the turn's lease is lost."""
        check_step(expected, to)
        await self.database.write(self._move, call_id, expected, to, _Step(owner, outcome))

    def _move(self, connection: Connection, call_id: str, expected: State, to: State, step: StepLike) -> None:
        if to == "claimed":
            self._check_lease(connection)
        entry = find_entries(connection, [call_id]).get(call_id)
        if entry is None or entry.state != expected:
            raise conflict(call_id, expected, entry)
        write_step(connection, entry, to, step, self.clock())

    async def find(self, call_id: str) -> Entry | None:
        return await self.database.read(_find, call_id)

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        """Make open calls unknown whose owner is not among `alive`: those of this turn, or all when there is no turn.

        With a turn, its lease is held: whoever claimed before and is not among `alive` holds it no longer.
        """
        return await self.database.write(self._recover, alive)

    def _recover(self, connection: Connection, alive: Collection[str]) -> list[Entry]:
        self._check_lease(connection)
        query = _ENTRIES.where(tool_calls.c.state.in_(sorted(OPEN)), tool_calls.c.owner.not_in(sorted(alive)))
        if self.turn is not None:
            query = query.where(tool_calls.c.turn_id == self.turn.turn_id)
        rows = (connection.execute(query.order_by(tool_calls.c.call_id).with_for_update())).all()
        now = self.clock()
        return [write_step(connection, entry_of(row), "unknown", _Step("", DIED), now) for row in rows]

    def _check_lease(self, connection: Connection) -> None:
        if self.turn is None:
            return
        query = select(turns.c.fencing, turns.c.lease_owner, turns.c.state).where(turns.c.id == self.turn.turn_id)
        row = (connection.execute(query.with_for_update(key_share=True))).one_or_none()
        held = row is not None and row.fencing == self.turn.fencing and row.lease_owner and row.state != "finished"
        if not held:
            raise StaleRunner(f"the lease {self.turn.fencing} of {self.turn.turn_id} is lost")


def _find(connection: Connection, call_id: str) -> Entry | None:
    row = connection.execute(_ENTRIES.where(tool_calls.c.call_id == call_id)).one_or_none()
    return entry_of(row) if row is not None else None


class StepLike(Protocol):
    @property
    def owner(self) -> str: ...
    @property
    def outcome(self) -> Mapping[str, Any] | None: ...


class _Step:
    __slots__ = ("outcome", "owner")

    def __init__(self, owner: str, outcome: Mapping[str, Any] | None) -> None:
        self.owner = owner
        self.outcome = outcome


def find_entries(connection: Connection, call_ids: Sequence[str]) -> dict[str, Entry]:
    """The calls, locked until the transaction ends."""
    if not call_ids:
        return {}
    query = _ENTRIES.where(tool_calls.c.call_id.in_(sorted(set(call_ids)))).order_by(tool_calls.c.call_id)
    return {row.call_id: entry_of(row) for row in connection.execute(query.with_for_update())}


def write_step(connection: Connection, entry: Entry, to: State, step: StepLike, now: float) -> Entry:
    """Write a step whose start was checked under lock."""
    moved = replace(
        entry,
        state=to,
        owner=step.owner or entry.owner,
        at=now,
        outcome=entry.outcome if step.outcome is None else step.outcome,
    )
    values = {"state": to, "owner": moved.owner, "at": now, "outcome": dump(moved.outcome)}
    connection.execute(update(tool_calls).where(tool_calls.c.call_id == entry.call_id).values(values))
    return moved


def entry_of(row: Any) -> Entry:
    return Entry(
        call_id=row.call_id,
        digest=row.digest,
        state=row.state,
        function=row.function,
        origin=row.origin,
        user=row.user_id or "",
        owner=row.owner,
        at=row.at,
        outcome=json.loads(row.outcome),
    )


def _row_of(entry: Entry) -> dict[str, Any]:
    return {
        "call_id": entry.call_id,
        "user_id": entry.user or None,
        "digest": entry.digest,
        "state": entry.state,
        "function": entry.function,
        "origin": entry.origin,
        "owner": entry.owner,
        "outcome": dump(entry.outcome),
        "at": entry.at,
    }


def dump(value: Any) -> str:
    """JSON; half surrogate pairs and numbers beyond 64 bits, which orjson refuses, go the slower way."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:
        return json.dumps(value, sort_keys=True)


_ENTRIES = select(
    tool_calls.c.call_id, tool_calls.c.digest, tool_calls.c.state, tool_calls.c.function, tool_calls.c.origin,
    tool_calls.c.user_id, tool_calls.c.owner, tool_calls.c.at, tool_calls.c.outcome,
)  # fmt: skip
