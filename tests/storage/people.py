"""What tests of storage begin with: people, conversations and turns in the database."""

from __future__ import annotations

import time

from sqlalchemy import insert

from actionry.chat.log import TurnKey
from actionry.storage.actor import Person
from actionry.storage.conversations import Accepted, Conversation, Message
from actionry.storage.storage import Storage
from actionry.storage.tables import users


async def make_person(storage: Storage, name: str = "ada", *, admin: bool = False) -> Person:
    now = time.time()
    values = {
        "id": f"u-{name}",
        "name": name,
        "role": "admin" if admin else "user",
        "created_at": now,
        "updated_at": now,
    }
    async with storage.database.writing() as connection:
        await connection.execute(insert(users).values(values))
    return Person(f"u-{name}", admin)


async def begin_turn(
    storage: Storage, person: Person, text: str = "hello", *, conversation: Conversation | None = None
) -> Accepted:
    if conversation is None:
        conversation = await storage.conversations.create(person)
    return await storage.conversations.accept(person, conversation.id, Message(text=text))


async def leased_turn(storage: Storage, person: Person, *, runner: str = "r1", seconds: float = 60) -> TurnKey:
    accepted = await begin_turn(storage, person)
    key = await storage.turns.lease(accepted.turn.id, runner, seconds=seconds)
    assert key is not None
    return key
