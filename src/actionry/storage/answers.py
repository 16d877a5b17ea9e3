"""What a person answers to a waiting turn: the first click counts, and every other click gets its stored result (P-04).

The answer, its event and the turn's new state are one transaction; a killed process has either recorded all of it or
asks again (T-03).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from actionry.chat.events import EVENT, ConfirmationAnswered, Event, SignInFinished, StoredEvent
from actionry.storage.actor import Actor
from actionry.storage.errors import Conflict, NotFound
from actionry.storage.tables import approvals, turn_events, turns
from actionry.storage.turns import Turns, count_open

Decision = Literal["allow", "always_allow", "decline"]
Outcome = Literal["allow", "always_allow", "decline", "connected", "not_connected", "expired", "void"]
"""`expired`: answered too late. `void`: the turn went on or ended without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was decided about a call, the same for everybody who asks."""

    first: bool
    """This very answer decided it."""
    outcome: Outcome
    turn_id: str
    call_id: str
    digest: str
    by: str | None
    arguments: str | None
    at: float
    seq: int | None
    """Of the answer's event; None when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    turn_id: str
    conversation_id: str
    call_id: str
    kind: Literal["confirmation", "sign_in"]
    digest: str
    may_always_allow: bool
    asked_at: float
    expires_at: float | None


class Answers:
    def __init__(self, turns: Turns, *, clock: Callable[[], float] = time.time) -> None:
        self.turns = turns
        self.database = turns.database
        self.clock = clock

    async def confirm(
        self, actor: Actor, turn_id: str, call_id: str, digest: str, decision: Decision, *, arguments: str | None = None
    ) -> Answered:
        """Answer a confirmation by its id and digest (P-01).

        Raises NotFound for another's turn or a call that was not asked about, Conflict for another digest than the one
        that was shown and for "always" where it was not offered. Of several answers the first counts; after the
        question's time the outcome is `expired`, and nothing runs.
        """
        return await self.database.write(self._confirm, actor, turn_id, call_id, digest, decision, arguments)

    def _confirm(
        self,
        connection: Connection,
        actor: Actor,
        turn_id: str,
        call_id: str,
        digest: str,
        decision: Decision,
        arguments: str | None,
    ) -> Answered:
        turn = self._lock_turn(connection, actor, turn_id)
        asked = _find_question(connection, turn_id, call_id, "confirmation")
        if asked.digest != digest:
            raise Conflict("The call is no longer the one that was shown.", mend="Look at the call as it is now.")
        if asked.decision is not None:
            return _answered(asked, first=False)
        if decision == "always_allow" and not asked.may_always_allow:
            raise Conflict("This operation is asked every time.", mend="Allow it for this once.")
        now = self.clock()
        late = asked.expires_at is not None and now >= asked.expires_at
        event = ConfirmationAnswered(call_id=call_id, decision=decision, by=actor.user_id or "", arguments=arguments)
        values = {"decision": "expired" if late else decision, "arguments": None if late else arguments}
        return self._decide(connection, actor, turn, asked, values, None if late else event, now)

    async def sign_in_finished(self, actor: Actor, turn_id: str, call_id: str, *, connected: bool) -> Answered:
        """The person signed in, entered a key, or gave up. Raises NotFound."""
        return await self.database.write(self._sign_in_finished, actor, turn_id, call_id, connected)

    def _sign_in_finished(
        self, connection: Connection, actor: Actor, turn_id: str, call_id: str, connected: bool
    ) -> Answered:
        turn = self._lock_turn(connection, actor, turn_id)
        asked = _find_question(connection, turn_id, call_id, "sign_in")
        if asked.decision is not None:
            return _answered(asked, first=False)
        event = SignInFinished(call_id=call_id, connected=connected)
        values = {"decision": "connected" if connected else "not_connected"}
        return self._decide(connection, actor, turn, asked, values, event, self.clock())

    async def open_questions(self, actor: Actor, *, conversation_id: str | None = None) -> list[OpenQuestion]:
        """What waits for this person, oldest first."""
        columns = [turns.c.conversation_id, *(approvals.c[name] for name in _QUESTION)]
        query = (
            select(*columns)
            .join(turns, turns.c.id == approvals.c.turn_id)
            .where(
                turns.c.user_id == (actor.user_id or ""), turns.c.state != "finished", approvals.c.decision.is_(None)
            )
            .order_by(approvals.c.asked_at)
        )
        if conversation_id is not None:
            query = query.where(turns.c.conversation_id == conversation_id)
        return [OpenQuestion(**row._mapping) for row in await self.database.fetch(query)]

    async def answer_of(self, actor: Actor, turn_id: str, call_id: str) -> Answered | None:
        """What was decided about a confirmation; None while it is open, and for what is not the actor's."""
        query = (
            select(approvals)
            .join(turns, turns.c.id == approvals.c.turn_id)
            .where(approvals.c.turn_id == turn_id, approvals.c.call_id == call_id, approvals.c.kind == "confirmation")
            .where(turns.c.user_id == (actor.user_id or ""), approvals.c.decision.is_not(None))
        )
        rows = await self.database.fetch(query)
        return _answered(rows[0], first=False) if rows else None

    def _lock_turn(self, connection: Connection, actor: Actor, turn_id: str) -> Any:
        query = select(turns).where(turns.c.id == turn_id).with_for_update(key_share=True)
        row = connection.execute(query).one_or_none()
        if row is None or row.user_id != actor.user_id:
            raise NotFound("turn")
        return row

    def _decide(
        self,
        connection: Connection,
        actor: Actor,
        turn: Any,
        asked: Any,
        values: dict[str, Any],
        event: Event | None,
        now: float,
    ) -> Answered:
        seq = turn.last_seq + 1 if event is not None else None
        decided = values | {"decided_by": actor.user_id, "decided_at": now, "seq": seq}
        connection.execute(update(approvals).where(*_same(asked)).values(decided))
        changed: dict[str, Any] = {"open_questions": count_open(turn.id)}
        if event is not None:
            text = EVENT.dump_json(event).decode()
            connection.execute(insert(turn_events).values(turn_id=turn.id, seq=seq, at=now, event=text))
            changed["last_seq"] = seq
        if turn.state == "waiting":
            changed["state"] = "queued"
        elif turn.state == "running":
            changed["woken"] = True
        connection.execute(update(turns).where(turns.c.id == turn.id).values(changed))
        if event is not None and seq is not None:
            self.turns.tell_committed(connection, [StoredEvent(turn_id=turn.id, seq=seq, at=now, event=event)])
        self.turns.tell_changed(connection, turn.id, work=turn.state == "waiting")
        row = connection.execute(select(approvals).where(*_same(asked))).one()
        return _answered(row, first=values["decision"] != "expired")


_QUESTION = ("turn_id", "call_id", "kind", "digest", "may_always_allow", "asked_at", "expires_at")


def _same(asked: Any) -> tuple[Any, ...]:
    return (
        approvals.c.turn_id == asked.turn_id,
        approvals.c.call_id == asked.call_id,
        approvals.c.kind == asked.kind,
        approvals.c.digest == asked.digest,
    )


def _find_question(connection: Connection, turn_id: str, call_id: str, kind: str) -> Any:
    query = select(approvals).where(
        approvals.c.turn_id == turn_id, approvals.c.call_id == call_id, approvals.c.kind == kind
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("question")
    return row


def _answered(row: Any, *, first: bool) -> Answered:
    return Answered(
        first=first,
        outcome=row.decision,
        turn_id=row.turn_id,
        call_id=row.call_id,
        digest=row.digest,
        by=row.decided_by,
        arguments=row.arguments,
        at=row.decided_at,
        seq=row.seq,
    )
