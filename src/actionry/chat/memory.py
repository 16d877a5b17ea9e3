"""Turns in memory, for tests and `actionry chat`: the database's rules, but nothing outlives the process."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from actionry.actions.access import CredentialsInput
from actionry.actions.action import Action
from actionry.chat.events import (
    ConfirmationAnswered,
    Event,
    SignInFinished,
    StoredEvent,
    TurnFinished,
    UserMessageAdded,
)
from actionry.chat.log import StaleRunner, TurnKey
from actionry.chat.state import fold
from actionry.errors import UnreadableDocument
from actionry.gpts.gpt import GptAction


@dataclass(slots=True)
class _Turn:
    id: str
    conversation_id: str
    parent_id: str | None
    events: list[StoredEvent] = field(default_factory=list)
    fencing: int = 0
    runner: str | None = None
    lease_until: float = 0.0
    stop_asked: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Replaced by a new one each time it is set."""

    @property
    def finished(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1].event, TurnFinished)

    def wake(self) -> None:
        old, self.changed = self.changed, asyncio.Event()
        old.set()


class MemoryLog:
    """A `TurnLog`, and what requests do beside it: accept a message, bring an answer, ask to stop."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._turns: dict[str, _Turn] = {}
        self._heads: dict[str, str] = {}
        self._clock = clock

    # ------------------------------------------------------------------------------------------------- by requests

    def accept(
        self, text: str, *, conversation_id: str = "c-memory", parent_id: str | None = "", file_ids: Sequence[str] = ()
    ) -> str:
        """Store a user's message as a new turn; returns its id.

        parent_id: the turn that it follows; None begins the conversation anew (edit of its first message), "" follows
        the last one.
        """
        turn_id = f"t-{secrets.token_urlsafe(16)}"
        parent = self._heads.get(conversation_id) if parent_id == "" else parent_id
        turn = self._turns[turn_id] = _Turn(turn_id, conversation_id, parent)
        self._heads[conversation_id] = turn_id
        self._store(turn, [UserMessageAdded(text=text, file_ids=tuple(file_ids))])
        return turn_id

    def answer(self, turn_id: str, event: ConfirmationAnswered | SignInFinished) -> bool:
        """A person's word; False when it fits no open question (the first click counts, P-04)."""
        turn = self._turns[turn_id]
        call = fold(turn.events).calls.get(event.call_id)
        wanted = "asking" if isinstance(event, ConfirmationAnswered) else "signing_in"
        if turn.finished or call is None or call.status != wanted:
            return False
        self._store(turn, [event])
        return True

    def stop(self, turn_id: str) -> None:
        turn = self._turns[turn_id]
        turn.stop_asked = True
        turn.wake()

    def events(self, turn_id: str) -> list[Event]:
        return [stored.event for stored in self._turns[turn_id].events]

    # --------------------------------------------------------------------------------------------------- by runners

    async def append(self, key: TurnKey, events: Sequence[Event]) -> list[StoredEvent]:
        await asyncio.sleep(0)  # as a database would, it lets others in
        turn = self._turns[key.turn_id]
        if key.fencing != turn.fencing or turn.finished:
            raise StaleRunner(f"turn {key.turn_id} is held by another runner")
        return self._store(turn, events)

    async def read(self, turn_id: str, after: int = 0) -> list[StoredEvent]:
        return self._turns[turn_id].events[after:]

    async def history(self, turn_id: str) -> list[list[StoredEvent]]:
        found: list[list[StoredEvent]] = []
        parent = self._turns[turn_id].parent_id
        while parent is not None:
            turn = self._turns[parent]
            found.append(list(turn.events))
            parent = turn.parent_id
        return found[::-1]

    async def follow(self, turn_id: str, after: int = 0) -> AsyncIterator[StoredEvent]:
        turn = self._turns[turn_id]
        while True:
            changed = turn.changed
            for stored in turn.events[after:]:
                yield stored
                after = stored.seq
            if turn.changed is not changed:
                continue
            if turn.finished or (turn.runner is None and fold(turn.events).waiting):
                return
            await changed.wait()

    async def lease(self, turn_id: str, runner: str, *, seconds: float) -> TurnKey | None:
        turn = self._turns[turn_id]
        now = self._clock()
        if turn.finished:
            return None
        if turn.runner == runner and now < turn.lease_until:
            turn.lease_until = now + seconds
            return TurnKey(turn_id=turn_id, fencing=turn.fencing)
        if turn.runner is not None and now < turn.lease_until:
            return None
        turn.runner, turn.lease_until, turn.fencing = runner, now + seconds, turn.fencing + 1
        return TurnKey(turn_id=turn_id, fencing=turn.fencing)

    async def release(self, key: TurnKey) -> None:
        turn = self._turns[key.turn_id]
        if turn.fencing == key.fencing:
            turn.runner, turn.lease_until = None, 0.0
            turn.wake()

    async def stop_asked(self, turn_id: str) -> bool:
        return self._turns[turn_id].stop_asked

    async def wait(self, turn_id: str) -> None:
        """`Stops`: until somebody asks to stop the turn."""
        turn = self._turns[turn_id]
        while not turn.stop_asked:
            await turn.changed.wait()

    def _store(self, turn: _Turn, events: Sequence[Event]) -> list[StoredEvent]:
        first, now = len(turn.events) + 1, self._clock()
        stored = [
            StoredEvent(turn_id=turn.id, seq=first + index, at=now, event=event) for index, event in enumerate(events)
        ]
        turn.events += stored
        turn.wake()
        return stored


class MemoryActions:
    """An `ActionSource` over actions that are loaded already, by document id."""

    def __init__(self, actions: Mapping[str, Action] | None = None) -> None:
        self.actions = dict(actions or {})

    async def load(self, action: GptAction) -> Action:
        found = self.actions.get(action.document_id)
        if found is None:
            raise UnreadableDocument(
                f"The document {action.document_id} is gone.", mend="Import it again.", code="DOC-NO-FILE"
            )
        return found


class MemoryCredentials:
    """A `CredentialSource`: by action id, one for everybody."""

    def __init__(self, by_action: Mapping[str, CredentialsInput] | None = None) -> None:
        self.by_action = dict(by_action or {})

    async def find(self, action: GptAction, source: Action, user_id: str) -> CredentialsInput:
        return self.by_action.get(action.id)
