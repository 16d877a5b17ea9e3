"""Conversations as trees of turns, and the transaction that accepts a message: key, message, queued turn (T-02)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actionry.chat.events import EVENT, StoredEvent, UserMessageAdded
from actionry.gpts.gpt import GptContent
from actionry.storage.actor import Actor, owner_id
from actionry.storage.engine import on_commit
from actionry.storage.errors import Conflict, NotFound, TurnStillOpen
from actionry.storage.idempotency import Answer, Idempotency
from actionry.storage.ids import new_id
from actionry.storage.tables import conversations, files, turn_events, turns
from actionry.storage.turns import TURN_COLUMNS, Turn, Turns, read_turn

HEAD: Literal["head"] = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    id: str
    user_id: str
    gpt_id: str | None
    """May name a GPT that is gone."""
    gpt_version: int | None
    """Pinned (CH-04); None follows the published version."""
    preview: bool
    """Talks to the draft."""
    title: str
    model: str | None
    head_turn_id: str | None
    """Last turn of the branch that is shown."""
    turns: int
    created_at: float
    updated_at: float


_COLUMNS = tuple(conversations.c[name] for name in Conversation.__slots__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person sends. `parent`: the turn that it follows, HEAD for the last, None to begin anew."""

    text: str
    file_ids: tuple[str, ...] = ()
    parent: str | None = HEAD
    kind: Literal["message", "edit", "retry"] = "message"
    model: str | None = None
    force_function: str | None = None
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    turn: Turn
    event: StoredEvent
    """The message, stored."""
    repeated: bool
    """The same message under the same key was accepted before; nothing was added."""


class Conversations:
    def __init__(self, turns: Turns, idempotency: Idempotency, *, clock: Callable[[], float] = time.time) -> None:
        self.turns = turns
        self.database = turns.database
        self.idempotency = idempotency
        self.clock = clock

    async def create(
        self,
        actor: Actor,
        *,
        gpt_id: str | None = None,
        gpt_version: int | None = None,
        preview: bool = False,
        model: str | None = None,
        title: str = "",
    ) -> Conversation:
        """A new one; that the actor may chat with the GPT is decided before."""
        now = self.clock()
        values: dict[str, Any] = {
            "id": new_id("c"),
            "user_id": _signed_in(actor),
            "gpt_id": gpt_id,
            "gpt_version": gpt_version,
            "preview": preview,
            "title": title,
            "model": model,
            "created_at": now,
            "updated_at": now,
        }
        async with self.database.writing() as connection:
            await connection.execute(insert(conversations).values(values))
        return Conversation(**values, head_turn_id=None, turns=0)

    async def find(self, actor: Actor, conversation_id: str) -> Conversation | None:
        rows = await self.database.fetch(_FIND, {"id": conversation_id, "user": owner_id(actor)})
        return Conversation(**rows[0]._mapping) if rows else None

    async def page(
        self,
        actor: Actor,
        *,
        gpt_id: str | None = None,
        previews: bool = False,
        limit: int = 50,
        before: tuple[float, str] | None = None,
    ) -> list[Conversation]:
        """Latest first. `before`: (updated_at, id) of the last one of the page before."""
        query = select(*_COLUMNS).where(conversations.c.user_id == owner_id(actor))
        if gpt_id is not None:
            query = query.where(conversations.c.gpt_id == gpt_id)
        if not previews:
            query = query.where(conversations.c.preview.is_(False))
        if before is not None:
            at, last = before
            query = query.where(
                or_(
                    conversations.c.updated_at < at,
                    and_(conversations.c.updated_at == at, conversations.c.id < last),
                )
            )
        query = query.order_by(conversations.c.updated_at.desc(), conversations.c.id.desc()).limit(limit)
        async with self.database.reading() as connection:
            return [Conversation(**row._mapping) for row in await connection.execute(query)]

    async def update(
        self,
        actor: Actor,
        conversation_id: str,
        *,
        title: str | None = None,
        model: str | None = None,
        gpt_version: int | None = None,
        head_turn_id: str | None = None,
    ) -> Conversation:
        """Change what is given. Raises NotFound, also for a head that is not a turn of this conversation (A-04)."""
        given = {"title": title, "model": model, "gpt_version": gpt_version, "head_turn_id": head_turn_id}
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        async with self.database.writing() as connection:
            await _require(connection, actor, conversation_id)
            if head_turn_id is not None:
                await connection.run_sync(_require_turn, conversation_id, head_turn_id)
            if values:
                await connection.execute(
                    update(conversations).where(conversations.c.id == conversation_id).values(values)
                )
            return await _require(connection, actor, conversation_id)

    async def delete(self, actor: Actor, conversation_id: str) -> list[str]:
        """Delete it with turns, calls and files; running turns lose their lease. Raises NotFound.

        Returns the ids of its files in the data folder, whose bytes are being removed.
        """
        async with self.database.writing() as connection:
            await _require(connection, actor, conversation_id)
            query = select(turns.c.id).where(turns.c.conversation_id == conversation_id)
            turn_ids = list((await connection.execute(query)).scalars())
            file_ids = await self.database.forget_files_of(connection, files.c.conversation_id == conversation_id)
            await connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
            await self.database.note_deletion(connection, "conversation", conversation_id, self.clock())
            for turn_id in turn_ids:
                await connection.run_sync(self.turns.tell_changed, turn_id)
        return file_ids

    async def turns_of(self, actor: Actor, conversation_id: str) -> list[Turn]:
        """All turns of all branches, in the order in which they were sent."""
        query = (
            select(*TURN_COLUMNS)
            .where(turns.c.conversation_id == conversation_id, turns.c.user_id == owner_id(actor))
            .order_by(turns.c.number)
        )
        return [read_turn(row) for row in await self.database.fetch(query)]

    async def transcript(self, actor: Actor, conversation_id: str) -> list[list[StoredEvent]]:
        """Events of the turns of the branch that is shown, oldest first."""
        found = await self.find(actor, conversation_id)
        if found is None or found.head_turn_id is None:
            return []
        before = await self.turns.history(found.head_turn_id)
        return [*before, await self.turns.read(found.head_turn_id)]

    async def accept(
        self,
        actor: Actor,
        conversation_id: str,
        message: Message,
        *,
        key: str | None = None,
        gpt_version: int | None = None,
        content: GptContent | None = None,
    ) -> Accepted:
        """Store the message as a queued turn; when this returns, it is not lost.

        `key`: the client's idempotency key; the same message under it is stored once, another message is refused.
        `gpt_version`: the version that answers; with None `content` is kept with the turn (a draft, or no GPT).
        Raises NotFound (conversation, parent turn, files), TurnStillOpen, Conflict.
        """
        _signed_in(actor)
        kept = content.model_dump_json() if content is not None and gpt_version is None else None
        return await self.database.write(self._accept, actor, conversation_id, message, key, gpt_version, kept)

    def _accept(
        self,
        connection: Connection,
        actor: Actor,
        conversation_id: str,
        message: Message,
        key: str | None,
        gpt_version: int | None,
        content: str | None,
    ) -> Accepted:
        user_id, turn_id, now = owner_id(actor), new_id("t"), self.clock()
        if key is not None:
            fingerprint = _fingerprint(conversation_id, message)
            earlier = self.idempotency.reserve(connection, user_id, key, fingerprint, Answer(202, turn_id))
            if earlier is not None:
                return _accepted_before(connection, actor, earlier.response)
        found = connection.execute(_LOCK, {"id": conversation_id, "user": user_id}).one_or_none()
        if found is None:
            raise NotFound("conversation")
        parent = found.head_turn_id if message.parent == HEAD else message.parent
        _check_parent(connection, conversation_id, parent)
        _check_files(connection, user_id, message.file_ids)
        values: dict[str, Any] = {
            "id": turn_id,
            "conversation_id": conversation_id,
            "user_id": user_id,
            "parent_turn_id": parent,
            "number": found.turns + 1,
            "kind": message.kind,
            "last_seq": 1,
            "gpt_id": found.gpt_id,
            "gpt_version": gpt_version,
            "content": content,
            "model": message.model or found.model,
            "force_function": message.force_function,
            "locale": message.locale,
            "created_at": now,
        }
        connection.execute(_INSERT_TURN, values)
        event = UserMessageAdded(text=message.text, file_ids=message.file_ids)
        text = EVENT.dump_json(event).decode()
        connection.execute(_INSERT_EVENT, {"turn_id": turn_id, "seq": 1, "at": now, "event": text})
        connection.execute(
            _SET_HEAD, {"conversation": conversation_id, "head": turn_id, "number": found.turns + 1, "now": now}
        )
        if message.file_ids:  # they join the conversation, and go with it
            connection.execute(
                update(files)
                .where(files.c.id.in_(message.file_ids), files.c.conversation_id.is_(None))
                .values(conversation_id=conversation_id)
            )
        on_commit(connection, self.turns.hub.work)
        self.database.notify(connection, ["w"])
        columns: dict[str, Any] = {name: values.get(name, _FRESH.get(name)) for name in Turn.__slots__}
        turn = Turn(**columns)
        stored = StoredEvent(turn_id=turn_id, seq=1, at=now, event=event)
        return Accepted(turn=turn, event=stored, repeated=False)


_FRESH: dict[str, Any] = {
    "state": "queued",
    "open_questions": 0,
    "stop_asked": False,
    "input_tokens": 0,
    "output_tokens": 0,
    "cached_tokens": 0,
}
"""What a new turn's row has by itself."""

_FIND = select(*_COLUMNS).where(conversations.c.id == bindparam("id"), conversations.c.user_id == bindparam("user"))
_LOCK = _FIND.with_for_update(key_share=True)
_INSERT_TURN = insert(turns)
_INSERT_EVENT = insert(turn_events)
_SET_HEAD = (
    update(conversations)
    .where(conversations.c.id == bindparam("conversation"))
    .values(head_turn_id=bindparam("head"), turns=bindparam("number"), updated_at=bindparam("now"))
)


def _signed_in(actor: Actor) -> str:
    if actor.user_id is None:
        raise NotFound("conversation")
    return actor.user_id


async def _require(connection: AsyncConnection, actor: Actor, conversation_id: str) -> Conversation:
    found = await connection.execute(_FIND, {"id": conversation_id, "user": owner_id(actor)})
    row = found.one_or_none()
    if row is None:
        raise NotFound("conversation")
    return Conversation(**row._mapping)


def _accepted_before(connection: Connection, actor: Actor, turn_id: str) -> Accepted:
    columns = (*TURN_COLUMNS, turn_events.c.at.label("event_at"), turn_events.c.event)
    query = (
        select(*columns)
        .join(turn_events, and_(turn_events.c.turn_id == turns.c.id, turn_events.c.seq == 1))
        .where(turns.c.id == turn_id, turns.c.user_id == owner_id(actor))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Conflict("The message that was sent under this key has been deleted.", mend="Send it with a new key.")
    values = dict(row._mapping)
    at, text = values.pop("event_at"), values.pop("event")
    stored = StoredEvent(turn_id=turn_id, seq=1, at=at, event=EVENT.validate_json(text))
    return Accepted(turn=Turn(**values), event=stored, repeated=True)


def _require_turn(connection: Connection, conversation_id: str, turn_id: str) -> Any:
    query = select(turns.c.id, turns.c.state).where(turns.c.id == turn_id, turns.c.conversation_id == conversation_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("turn")
    return row


def _check_parent(connection: Connection, conversation_id: str, parent: str | None) -> None:
    if parent is None:
        return
    row = _require_turn(connection, conversation_id, parent)
    if row.state != "finished":
        raise TurnStillOpen(row.id, row.state)


def _check_files(connection: Connection, user_id: str, file_ids: Sequence[str]) -> None:
    if not file_ids:
        return
    query = select(func.count()).select_from(files).where(files.c.id.in_(file_ids), files.c.owner_id == user_id)
    if connection.scalar(query) != len(set(file_ids)):
        raise NotFound("file")


def _fingerprint(conversation_id: str, message: Message) -> str:
    facts = [
        conversation_id, message.text, message.file_ids, message.parent, message.kind, message.model,
        message.force_function,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
