"""Turns as they run: an append-only log under leases (`chat.log.TurnLog`), committed before anybody is shown an event.

Appends of all turns that wait at the same moment share one transaction: one commit to disk serves them all, and a
busy server pays less per token, not more. An item whose lease is lost fails alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, literal, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from actionry.actions.journal import Entry, State, check_step, conflict
from actionry.chat.events import EVENT, Event, StoredEvent
from actionry.chat.log import StaleRunner, TurnContext, TurnKey
from actionry.gpts.gpt import GptContent
from actionry.storage.actor import Actor, owner_id
from actionry.storage.calls import find_entries, write_step
from actionry.storage.engine import Database, on_commit
from actionry.storage.hub import Follower, Hub
from actionry.storage.tables import approvals, conversations, gpt_versions, turn_events, turns
from actionry.storage.turn_rows import AT_REST, Effects, TurnState, effects_of, state_when_released

Clock = Callable[[], float]

BATCH = 256
"""Appends that share one transaction at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One user message with all it sets off, as listed."""

    id: str
    conversation_id: str
    user_id: str
    parent_turn_id: str | None
    number: int
    kind: str
    state: TurnState
    outcome: str | None
    last_seq: int
    open_questions: int
    stop_asked: bool
    gpt_id: str | None
    gpt_version: int | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    created_at: float
    started_at: float | None
    finished_at: float | None


TURN_COLUMNS = tuple(turns.c[name] for name in Turn.__slots__)


def read_turn(row: Any) -> Turn:
    return Turn(**row._mapping)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStep:
    """A step of a call's journal that is committed together with events, or not at all."""

    call_id: str
    expected: State
    to: State
    owner: str = ""
    outcome: dict[str, Any] | None = None


@dataclass(slots=True, eq=False)
class _Append:
    key: TurnKey
    events: Sequence[Event]
    texts: list[str]
    steps: Sequence[CallStep]
    done: asyncio.Future[list[StoredEvent]]
    stored: list[StoredEvent] = field(default_factory=list)
    refused: Exception | None = None
    stop_asked: bool = False


class Turns:
    """The turns of one deployment. Methods without an actor are for runners; all others ask for whom."""

    def __init__(self, database: Database, hub: Hub, *, clock: Clock = time.time) -> None:
        self.database = database
        self.hub = hub
        self.clock = clock
        self._waiting: list[_Append] = []
        self._flusher: asyncio.Task[None] | None = None
        self._stop_seen: dict[str, tuple[bool, float]] = {}
        hub.poll = self._poll

    # ------------------------------------------------------------------------------------------------------ appending

    async def append(
        self, key: TurnKey, events: Sequence[Event], *, steps: Sequence[CallStep] = ()
    ) -> list[StoredEvent]:
        """Commit the events in order, and the steps of calls with them: all or none.

        Raises StaleRunner when the lease is lost or the turn is over, CallConflict when a step does not start from
        where its call stands.
        """
        if not events and not steps:
            return []
        for step in steps:
            check_step(step.expected, step.to)
        texts = [EVENT.dump_json(event).decode() for event in events]
        item = _Append(key, events, texts, steps, asyncio.get_running_loop().create_future())
        self._waiting.append(item)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush(), name="actionry-turn-log")
        return await asyncio.shield(item.done)

    async def _flush(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                await self._write_or_tell(batch)
        finally:
            self._flusher = None
            if self._waiting:  # cancelled at shutdown: nobody is left waiting for an answer
                _fail(self._waiting, asyncio.CancelledError())

    async def _write_or_tell(self, batch: list[_Append]) -> None:
        try:
            await self.database.write(self._write, batch)
        except SQLAlchemyError as error:
            if len(batch) == 1:
                return _fail(batch, error)
            for item in batch:  # one that the database refuses must not cost the others theirs
                item.stored.clear()
                await self._write_or_tell([item])
            return None
        except BaseException as error:
            _fail(batch, error)
            if not isinstance(error, Exception):
                raise
            return None
        now = self.clock()
        for item in batch:
            if item.refused is not None:
                _forget(self._stop_seen, item.key.turn_id)
            else:
                self._stop_seen[item.key.turn_id] = (item.stop_asked, now)
            if item.done.done():
                continue  # its caller was cancelled
            if item.refused is not None:
                item.done.set_exception(item.refused)
            else:
                item.done.set_result(item.stored)
        return None

    def _write(self, connection: Connection, batch: list[_Append]) -> None:
        now = self.clock()
        rows = self._lock(connection, {item.key.turn_id for item in batch})
        entries = find_entries(connection, [step.call_id for item in batch for step in item.steps])
        new_events: list[dict[str, Any]] = []
        moved: dict[str, int] = {}
        over: set[str] = set()
        for item in batch:
            row = rows.get(item.key.turn_id)
            item.refused = _refusal(item, row if item.key.turn_id not in over else None, entries)
            if item.refused is not None or row is None:
                continue
            seq = moved.get(row.id, row.last_seq)
            for number, (event, text) in enumerate(zip(item.events, item.texts, strict=True), seq + 1):
                new_events.append({"turn_id": row.id, "seq": number, "at": now, "event": text})
                item.stored.append(StoredEvent(turn_id=row.id, seq=number, at=now, event=event))
            moved[row.id] = seq + len(item.events)
            item.stop_asked = row.stop_asked
            if any(event.type == "turn_finished" for event in item.events):
                over.add(row.id)
            for step in item.steps:
                entries[step.call_id] = write_step(connection, entries[step.call_id], step.to, step, now)
        if new_events:
            connection.execute(_INSERT_EVENT, new_events)
        if moved:
            connection.execute(_SET_SEQ, [{"turn": turn, "seq": seq} for turn, seq in sorted(moved.items())])
        for item in batch:
            if item.stored:
                self._apply(connection, item, now)
                self.tell_committed(connection, item.stored)
        self.database.notify(connection, [f"e:{turn}" for turn in moved])

    def _apply(self, connection: Connection, item: _Append, now: float) -> None:
        effects = effects_of(item.events)
        if effects is None:
            return
        turn_id = item.key.turn_id
        values: dict[Any, Any] = {}
        for column, more in (
            (turns.c.input_tokens, effects.input_tokens),
            (turns.c.output_tokens, effects.output_tokens),
            (turns.c.cached_tokens, effects.cached_tokens),
        ):
            if more:
                values[column] = column + more
        if effects.touches_questions():
            write_questions(connection, turn_id, effects, now)
            values[turns.c.open_questions] = count_open(turn_id)
        if effects.finished is not None:
            values |= {
                turns.c.state: "finished",
                turns.c.outcome: effects.finished.outcome,
                turns.c.finished_at: now,
                turns.c.lease_owner: None,
                turns.c.lease_until: None,
            }
        if values:
            connection.execute(update(turns).where(turns.c.id == turn_id).values(values))

    def _lock(self, connection: Connection, turn_ids: set[str]) -> dict[str, Any]:
        rows = connection.execute(_LOCK_TURNS, {"ids": sorted(turn_ids)})
        return {row.id: row for row in rows}

    # -------------------------------------------------------------------------------------------------------- reading

    async def read(self, turn_id: str, after: int = 0) -> list[StoredEvent]:
        """Events with `seq > after`, in order."""
        return (await self._read(turn_id, after))[1]

    async def read_for(self, actor: Actor, turn_id: str, after: int = 0) -> list[StoredEvent] | None:
        """The same for a person; None when the turn is not theirs."""
        row, events = await self._read(turn_id, after)
        return events if row is not None and row.user_id == actor.user_id else None

    async def _read(self, turn_id: str, after: int) -> tuple[Any, list[StoredEvent]]:
        rows = await self.database.fetch(_READ, {"turn": turn_id, "after": after})
        if not rows:
            return None, []
        return rows[0], [_stored(turn_id, row) for row in rows if row.seq is not None]

    async def find(self, actor: Actor, turn_id: str, *, conversation_id: str | None = None) -> Turn | None:
        """The turn, if it is the actor's (and of that conversation, A-04)."""
        query = select(*TURN_COLUMNS).where(turns.c.id == turn_id, turns.c.user_id == owner_id(actor))
        if conversation_id is not None:
            query = query.where(turns.c.conversation_id == conversation_id)
        rows = await self.database.fetch(query)
        return read_turn(rows[0]) if rows else None

    async def history(self, turn_id: str) -> list[list[StoredEvent]]:
        """Events of the turns before this one on its branch of the conversation, oldest first."""
        found: dict[str, list[StoredEvent]] = {}
        for row in await self.database.fetch(_HISTORY, {"turn": turn_id}):
            found.setdefault(row.turn_id, []).append(_stored(row.turn_id, row))
        return list(found.values())

    async def context(self, turn_id: str) -> TurnContext | None:
        """Everything that was fixed when the turn was accepted."""
        rows = await self.database.fetch(_CONTEXT, {"turn": turn_id})
        if not rows:
            return None
        row = rows[0]
        text = row.content if row.content is not None else row.version_content
        return TurnContext(
            turn_id=row.id,
            conversation_id=row.conversation_id,
            user_id=row.user_id,
            gpt_id=row.gpt_id,
            gpt_version=row.gpt_version,
            content=GptContent.model_validate_json(text) if text is not None else GptContent(),
            model=row.model,
            force_function=row.force_function,
            locale=row.locale,
        )

    # ------------------------------------------------------------------------------------------------------ following

    async def follow(self, turn_id: str, after: int = 0) -> AsyncIterator[StoredEvent]:
        """Stored events, then new ones as they are committed, until the turn rests or ends."""
        async with self.hub.follow(turn_id, after) as follower:
            while True:
                # Forgotten before the read: what is committed after it comes as a hint again.
                follower.batches.clear()
                follower.changed = False
                row, events = await self._read(turn_id, follower.after)
                for stored in events:
                    follower.after = stored.seq
                    yield stored
                if row is None or (row.state in AT_REST and follower.after >= row.last_seq):
                    return
                async with aclosing(_live(follower)) as live:
                    async for stored in live:
                        yield stored
                        if stored.event.type == "turn_finished":
                            return

    async def follow_for(self, actor: Actor, turn_id: str, after: int = 0) -> AsyncIterator[StoredEvent] | None:
        """The same for a person; None when the turn is not theirs (A-01)."""
        turn = await self.find(actor, turn_id)
        return self.follow(turn_id, after) if turn is not None else None

    async def _poll(self, turn_ids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        found: dict[str, tuple[int, bool]] = {}
        for start in range(0, len(turn_ids), 500):
            for row in await self.database.fetch(_POLL, {"ids": list(turn_ids[start : start + 500])}):
                found[row.id] = (row.last_seq, row.stop_asked or row.state in AT_REST)
        return found

    # --------------------------------------------------------------------------------------------------------- leases

    async def runnable(self, limit: int = 100) -> list[str]:
        """Turns that wait for a runner, or whose runner's lease has run out; oldest first."""
        now = self.clock()
        expired = [row.id for row in await self.database.fetch(_EXPIRED_QUESTIONS, {"now": now})]
        if expired:
            await self.database.write(self._wake_expired, expired, now)
        return [row.id for row in await self.database.fetch(_RUNNABLE, {"now": now, "limit": limit})]

    def _wake_expired(self, connection: Connection, turn_ids: Sequence[str], now: float) -> None:
        """A question that nobody answered in time: a runner tells the model and ends the turn."""
        rows = self._lock(connection, set(turn_ids))
        waiting = [row.id for row in rows.values() if row.state == "waiting"]
        connection.execute(
            update(approvals)
            .where(approvals.c.turn_id.in_(waiting), approvals.c.decision.is_(None), approvals.c.expires_at <= now)
            .values(decision="expired", decided_at=now)
        )
        for turn_id in waiting:
            values = {"state": "queued", "open_questions": count_open(turn_id)}
            connection.execute(update(turns).where(turns.c.id == turn_id).values(values))

    async def lease(self, turn_id: str, runner: str, *, seconds: float) -> TurnKey | None:
        """Take or renew the right to run.

        None when another runner's lease has not run out, and when there is nothing to run: the turn is over, or waits
        for a person. A renewal keeps the fencing number, so that the runner's own key stays good; `runner` therefore
        names one process, and no later one.
        """
        leased = await self.database.write(self._lease, turn_id, runner, seconds)
        if leased is None:
            return None
        key, stop_asked = leased
        self._stop_seen[turn_id] = (stop_asked, self.clock())
        return key

    def _lease(self, connection: Connection, turn_id: str, runner: str, seconds: float) -> tuple[TurnKey, bool] | None:
        now = self.clock()
        row = self._lock(connection, {turn_id}).get(turn_id)
        if row is None or row.state in AT_REST:
            return None
        if row.lease_owner not in (None, runner) and row.lease_until > now:
            return None
        renewed = row.lease_owner == runner
        fencing = row.fencing if renewed else row.fencing + 1
        values: dict[str, Any] = {"lease_owner": runner, "lease_until": now + seconds}
        if not renewed:
            values |= {"fencing": fencing, "state": "running", "woken": False}
            values["started_at"] = row.started_at if row.started_at is not None else now
        connection.execute(update(turns).where(turns.c.id == turn_id).values(values))
        return TurnKey(turn_id=turn_id, fencing=fencing), row.stop_asked

    async def release(self, key: TurnKey) -> None:
        """Let go: the turn waits for a person when a question is open, and for another runner otherwise."""
        await self.database.write(self._release, key)
        _forget(self._stop_seen, key.turn_id)

    def _release(self, connection: Connection, key: TurnKey) -> None:
        row = self._lock(connection, {key.turn_id}).get(key.turn_id)
        if row is None or not holds(key, row):
            return
        state = state_when_released(row)
        values = {"state": state, "lease_owner": None, "lease_until": None}
        connection.execute(update(turns).where(turns.c.id == key.turn_id).values(values))
        self.tell_changed(connection, key.turn_id, work=state == "queued")

    async def stop_asked(self, turn_id: str) -> bool:
        """Whether a person asked to stop; what an append has just seen counts for a moment, so asking is cheap."""
        seen = self._stop_seen.get(turn_id)
        if seen is not None and (seen[0] or self.clock() - seen[1] < 0.5):
            return seen[0]
        rows = await self.database.fetch(_STOP_ASKED, {"turn": turn_id})
        asked = bool(rows[0].stop_asked) if rows else True  # deleted with its conversation: stop as well
        self._stop_seen[turn_id] = (asked, self.clock())
        return asked

    async def ask_to_stop(self, actor: Actor, turn_id: str) -> bool:
        """The runner stops at its next step; a turn that waits is run once more, to end. False: not theirs."""
        return await self.database.write(self._ask_to_stop, actor, turn_id)

    def _ask_to_stop(self, connection: Connection, actor: Actor, turn_id: str) -> bool:
        row = self._lock(connection, {turn_id}).get(turn_id)
        if row is None or row.user_id != actor.user_id:
            return False
        if row.state == "finished":
            return True
        state = "queued" if row.state == "waiting" else row.state
        connection.execute(update(turns).where(turns.c.id == turn_id).values(stop_asked=True, state=state))
        self.tell_changed(connection, turn_id, work=state == "queued")
        on_commit(connection, lambda: self._stop_seen.update({turn_id: (True, self.clock())}))
        return True

    def tell_changed(self, connection: Connection, turn_id: str, *, work: bool = False) -> None:
        """After commit: followers look again; with `work` runners too."""
        on_commit(connection, lambda: self.hub.changed(turn_id))
        on_commit(connection, lambda: _forget(self._stop_seen, turn_id))
        if work:
            on_commit(connection, self.hub.work)
        self.database.notify(connection, [f"e:{turn_id}", "w"] if work else [f"e:{turn_id}"])

    def tell_committed(self, connection: Connection, stored: list[StoredEvent]) -> None:
        """After commit: followers in this process are shown the events themselves."""
        on_commit(connection, _teller(self.hub, stored[0].turn_id, stored))

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._flusher is not None:
            await asyncio.wait([self._flusher])


def _forget(seen: dict[str, tuple[bool, float]], turn_id: str) -> None:
    seen.pop(turn_id, None)


def holds(key: TurnKey, row: Any) -> bool:
    """Whether the key may write to the turn: its lease was taken by nobody since, nor given back."""
    return bool(row.fencing == key.fencing and row.lease_owner is not None and row.state != "finished")


def _refusal(item: _Append, row: Any, entries: dict[str, Entry]) -> Exception | None:
    if row is None or not holds(item.key, row):
        return StaleRunner(f"the lease {item.key.fencing} of {item.key.turn_id} is lost")
    for step in item.steps:
        entry = entries.get(step.call_id)
        if entry is None or entry.state != step.expected:
            return conflict(step.call_id, step.expected, entry)
    return None


def _fail(items: list[_Append], error: BaseException) -> None:
    for item in items:
        if not item.done.done():
            item.done.set_exception(error if isinstance(error, Exception) else StaleRunner("shutting down"))
            item.done.exception()  # its caller may be gone


def _teller(hub: Hub, turn_id: str, stored: list[StoredEvent]) -> Callable[[], None]:
    return lambda: hub.committed(turn_id, stored)


def _stored(turn_id: str, row: Any) -> StoredEvent:
    return StoredEvent(turn_id=turn_id, seq=row.seq, at=row.at, event=EVENT.validate_json(row.event))


async def _live(follower: Follower) -> AsyncGenerator[StoredEvent]:
    """Batches as they are committed; ends when the database has to be asked."""
    while not follower.changed:
        await follower.woken.wait()
        follower.woken.clear()
        while follower.batches:
            batch = follower.batches.popleft()
            if batch[0].seq > follower.after + 1:  # another process wrote, or this one was too slow for its queue
                return
            for stored in batch:
                if stored.seq > follower.after:
                    follower.after = stored.seq
                    yield stored


def write_questions(connection: Connection, turn_id: str, effects: Effects, now: float) -> None:
    """Open the questions that were asked, and close those that no answer can reach any more."""
    for question in effects.asked:
        # Asked again (after a sign-in, with other arguments): the newest question is the one to answer.
        connection.execute(
            delete(approvals).where(
                approvals.c.turn_id == turn_id,
                approvals.c.call_id == question.call_id,
                approvals.c.kind == question.kind,
            )
        )
        connection.execute(
            insert(approvals).values(
                turn_id=turn_id,
                call_id=question.call_id,
                kind=question.kind,
                digest=question.digest,
                may_always_allow=question.may_always_allow,
                asked_at=now,
                expires_at=question.expires_at,
            )
        )
    if effects.refused or effects.finished:
        over = update(approvals).where(approvals.c.turn_id == turn_id, approvals.c.decision.is_(None))
        if effects.finished is None:
            over = over.where(approvals.c.call_id.in_(effects.refused))
        connection.execute(over.values(decision="void", decided_at=now))


def count_open(turn_id: str) -> Any:
    query = select(func.count()).select_from(approvals)
    return query.where(approvals.c.turn_id == turn_id, approvals.c.decision.is_(None)).scalar_subquery()


# ------------------------------------------------------------------------------------------- statements, compiled once

_INSERT_EVENT = insert(turn_events)
_SET_SEQ = update(turns).where(turns.c.id == bindparam("turn")).values(last_seq=bindparam("seq"))
_LOCK_TURNS = (
    select(
        turns.c.id, turns.c.user_id, turns.c.conversation_id, turns.c.state, turns.c.fencing, turns.c.lease_owner,
        turns.c.lease_until, turns.c.last_seq, turns.c.open_questions, turns.c.woken, turns.c.stop_asked,
        turns.c.started_at,
    )
    .where(turns.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(turns.c.id)
    .with_for_update(key_share=True)  # NO KEY UPDATE: events and later turns that refer to the row are not held up
)  # fmt: skip
_READ = (
    select(
        turns.c.user_id, turns.c.state, turns.c.last_seq, turn_events.c.seq, turn_events.c.at, turn_events.c.event
    )
    .select_from(
        turns.outerjoin(
            turn_events, and_(turn_events.c.turn_id == turns.c.id, turn_events.c.seq > bindparam("after"))
        )
    )
    .where(turns.c.id == bindparam("turn"))
    .order_by(turn_events.c.seq)
)  # fmt: skip
_STOP_ASKED = select(turns.c.stop_asked).where(turns.c.id == bindparam("turn"))
_POLL = select(turns.c.id, turns.c.last_seq, turns.c.state, turns.c.stop_asked).where(
    turns.c.id.in_(bindparam("ids", expanding=True))
)
_RUNNABLE = (
    select(turns.c.id)
    .where(
        turns.c.state != "finished",
        or_(
            turns.c.state == "queued",
            and_(
                turns.c.state == "running",
                or_(turns.c.lease_until.is_(None), turns.c.lease_until <= bindparam("now")),
            ),
        ),
    )
    .order_by(turns.c.created_at, turns.c.id)
    .limit(bindparam("limit"))
)
_EXPIRED_QUESTIONS = (
    select(turns.c.id)
    .distinct()
    .join(approvals, approvals.c.turn_id == turns.c.id)
    .where(turns.c.state == "waiting", approvals.c.decision.is_(None), approvals.c.expires_at <= bindparam("now"))
    .limit(500)
)
_CONTEXT = (
    select(
        turns.c.id, turns.c.conversation_id, turns.c.user_id, turns.c.gpt_id, turns.c.gpt_version, turns.c.content,
        turns.c.model, turns.c.force_function, turns.c.locale, gpt_versions.c.content.label("version_content"),
    )
    .select_from(
        turns.join(conversations, conversations.c.id == turns.c.conversation_id).outerjoin(
            gpt_versions, and_(gpt_versions.c.gpt_id == turns.c.gpt_id, gpt_versions.c.number == turns.c.gpt_version)
        )
    )
    .where(turns.c.id == bindparam("turn"))
)  # fmt: skip


def _history() -> Any:
    start = select(turns.c.parent_turn_id.label("id"), literal(1).label("depth")).where(
        turns.c.id == bindparam("turn"), turns.c.parent_turn_id.is_not(None)
    )
    branch = start.cte("branch", recursive=True)
    branch = branch.union_all(
        select(turns.c.parent_turn_id, branch.c.depth + 1)
        .join(branch, turns.c.id == branch.c.id)
        .where(turns.c.parent_turn_id.is_not(None))
    )
    return (
        select(turn_events.c.turn_id, turn_events.c.seq, turn_events.c.at, turn_events.c.event)
        .join(branch, branch.c.id == turn_events.c.turn_id)
        .order_by(branch.c.depth.desc(), turn_events.c.seq)
    )


_HISTORY = _history()
