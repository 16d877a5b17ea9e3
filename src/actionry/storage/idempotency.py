"""Requests that may be repeated: the same key with the same content has one effect and one answer.

A key belongs to its user; another user's equal key is another key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from actionry.storage.actor import Actor, owner_id
from actionry.storage.engine import Database
from actionry.storage.errors import Conflict
from actionry.storage.tables import idempotency_keys

LIFETIME_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    response: str


class Idempotency:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    async def begin(self, actor: Actor, key: str, fingerprint: str) -> Answer | None:
        """Reserve the key: None means that the work is now the caller's, who ends it with `finish` or `forget`.

        The stored answer, when the same request has been answered. Raises Conflict when the key was used for another
        request, or for one that is still being worked on.
        """
        return await self.database.write(self.reserve, owner_id(actor), key, fingerprint)

    async def finish(self, actor: Actor, key: str, status: int, response: str) -> None:
        mine = (idempotency_keys.c.user_id == owner_id(actor), idempotency_keys.c.key == key)
        async with self.database.writing() as connection:
            await connection.execute(update(idempotency_keys).where(*mine).values(status=status, response=response))

    async def forget(self, actor: Actor, key: str) -> None:
        """The work failed without effect: the key may be used again."""
        mine = (idempotency_keys.c.user_id == owner_id(actor), idempotency_keys.c.key == key)
        async with self.database.writing() as connection:
            await connection.execute(delete(idempotency_keys).where(*mine, idempotency_keys.c.status.is_(None)))

    async def sweep(self) -> int:
        """Delete what has expired; how many."""
        async with self.database.writing() as connection:
            result = await connection.execute(
                delete(idempotency_keys).where(idempotency_keys.c.expires_at <= self.clock())
            )
        return result.rowcount

    def reserve(
        self, connection: Connection, user_id: str, key: str, fingerprint: str, answer: Answer | None = None
    ) -> Answer | None:
        """The same within a transaction that does the work: with `answer`, the key is reserved and answered at once."""
        now = self.clock()
        values = {
            "user_id": user_id,
            "key": key,
            "fingerprint": fingerprint,
            "status": answer.status if answer is not None else None,
            "response": answer.response if answer is not None else None,
            "created_at": now,
            "expires_at": now + LIFETIME_S,
        }
        if self.database.insert_new_in(connection, idempotency_keys, values):
            return None
        mine = (idempotency_keys.c.user_id == user_id, idempotency_keys.c.key == key)
        row = connection.execute(select(idempotency_keys).where(*mine).with_for_update()).one()
        if row.expires_at <= now:
            connection.execute(update(idempotency_keys).where(*mine).values(values))
            return None
        if row.fingerprint != fingerprint:
            raise Conflict("This idempotency key was used for another request.", mend="Use a new key for each request.")
        if row.status is None:
            raise Conflict("The same request is being worked on.", mend="Wait for its answer.")
        return Answer(row.status, row.response or "")
