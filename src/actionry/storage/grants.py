"""Consent that is remembered (`actions.grants.GrantStore`): a row each, by user, GPT, action version and origin."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import delete, insert, select

from actionry.actions.grants import Grant
from actionry.actions.proposal import Identity
from actionry.storage.actor import Actor, owner_id
from actionry.storage.calls import dump
from actionry.storage.engine import Database
from actionry.storage.tables import grants


class Grants:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock

    async def find(self, identity: Identity, origin: str) -> Sequence[Grant]:
        """Those of this user, GPT, action version and origin; expired ones may be among them."""
        query = select(grants).where(
            grants.c.user_id == identity.user,
            _gpt_is(identity.gpt),
            grants.c.action_version == identity.action_version,
            grants.c.origin == origin,
        )
        return [_read(row) for row in await self.database.fetch(query.order_by(grants.c.granted_at))]

    async def add(self, grant: Grant) -> None:
        """Add it, in place of an equal one."""
        values = {
            "id": grant.id,
            "kind": grant.kind,
            "user_id": grant.user,
            "gpt_id": grant.gpt or None,
            "action_version": grant.action_version,
            "origin": grant.origin,
            "operation": grant.operation,
            "fingerprint": grant.fingerprint,
            "only_when": dump(dict(grant.only_when)),
            "granted_at": grant.granted_at,
            "expires_at": grant.expires_at,
        }
        same = ("kind", "user_id", "action_version", "origin", "operation", "only_when")
        async with self.database.writing() as connection:
            await connection.execute(
                delete(grants).where(_gpt_is(grant.gpt), *(grants.c[name] == values[name] for name in same))
            )
            await connection.execute(insert(grants).values(values))

    async def revoke(self, grant_id: str, user: str) -> bool:
        """Whether there was such a grant of this user's."""
        async with self.database.writing() as connection:
            gone = delete(grants).where(grants.c.id == grant_id, grants.c.user_id == user)
            return bool((await connection.execute(gone)).rowcount)

    async def revoke_all(self, actor: Actor, *, gpt_id: str | None = None, origin: str | None = None) -> int:
        """Ask again for everything: all, of one GPT, or of one API (CO-04). How many there were."""
        gone = delete(grants).where(grants.c.user_id == owner_id(actor))
        if gpt_id is not None:
            gone = gone.where(grants.c.gpt_id == gpt_id)
        if origin is not None:
            gone = gone.where(grants.c.origin == origin)
        async with self.database.writing() as connection:
            return (await connection.execute(gone)).rowcount

    async def of_user(self, user: str) -> Sequence[Grant]:
        query = select(grants).where(grants.c.user_id == user).order_by(grants.c.granted_at.desc())
        return [_read(row) for row in await self.database.fetch(query)]

    async def sweep(self) -> int:
        """Delete what has expired; how many."""
        async with self.database.writing() as connection:
            gone = delete(grants).where(grants.c.expires_at <= self.clock())
            return (await connection.execute(gone)).rowcount


def _gpt_is(gpt: str) -> Any:
    return grants.c.gpt_id == gpt if gpt else grants.c.gpt_id.is_(None)


def _read(row: Any) -> Grant:
    return Grant(
        id=row.id,
        kind=row.kind,
        user=row.user_id,
        gpt=row.gpt_id or "",
        action_version=row.action_version,
        origin=row.origin,
        operation=row.operation,
        fingerprint=row.fingerprint,
        only_when=orjson.loads(row.only_when),
        granted_at=row.granted_at,
        expires_at=row.expires_at,
    )
