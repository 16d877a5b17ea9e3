"""What people and administrators did that others may have to understand later. Never a secret, never a conversation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import delete, insert, select

from actionry.storage.actor import Actor
from actionry.storage.calls import dump
from actionry.storage.engine import Database
from actionry.storage.tables import audit_log


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    id: int
    at: float
    user_id: str | None
    what: str
    """`gpt.publish`, `user.disable`, `settings.change` …"""
    subject: str
    """Id of what it was done to."""
    details: Mapping[str, Any]


class Audit:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    async def write(self, actor: Actor | None, what: str, *, subject: str = "", **details: Any) -> None:
        """`details`: plain values; the caller gives nothing secret (there is no field for it)."""
        values = {
            "at": self.clock(),
            "user_id": actor.user_id if actor is not None else None,
            "what": what,
            "subject": subject,
            "details": dump(details),
        }
        async with self.database.writing() as connection:
            await connection.execute(insert(audit_log).values(values))

    async def page(
        self, actor: Actor, *, limit: int = 100, before: int | None = None, user_id: str | None = None
    ) -> list[AuditEntry]:
        """Latest first: everything for administrators, one's own for everybody else."""
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(audit_log.c.id < before)
        wanted = user_id if actor.admin else (actor.user_id or "")
        if wanted is not None:
            query = query.where(audit_log.c.user_id == wanted)
        async with self.database.reading() as connection:
            rows = await connection.execute(query)
            return [AuditEntry(**dict(row._mapping) | {"details": orjson.loads(row.details)}) for row in rows]

    async def sweep(self, *, older_than_s: float) -> int:
        async with self.database.writing() as connection:
            gone = delete(audit_log).where(audit_log.c.at < self.clock() - older_than_s)
            return (await connection.execute(gone)).rowcount
