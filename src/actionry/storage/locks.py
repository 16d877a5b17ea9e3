"""Locks between processes as rows that run out: the same on both databases, and a dead holder blocks nobody for long.

A lock only saves work (two refreshes of one token); what must not happen twice is held by compare-and-set besides.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import delete, update

from actionry.storage.engine import Database
from actionry.storage.errors import DatabaseUnavailable
from actionry.storage.tables import locks

LIFETIME_S = 120.0
"""Longer than any one request through the door takes."""

FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 0.5


class Locks:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock
        self._here: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, name: str, *, lifetime_s: float = LIFETIME_S) -> AsyncIterator[None]:
        """Held by one at a time, over all processes; those in this process wait in order, without asking."""
        lock, waiting = self._here.get(name, (asyncio.Lock(), 0))
        self._here[name] = (lock, waiting + 1)
        owner = secrets.token_hex(8)
        try:
            async with lock:
                await self._take(name, owner, lifetime_s)
                try:
                    yield
                finally:
                    await asyncio.shield(self._give_back(name, owner))
        finally:
            lock, waiting = self._here[name]
            if waiting == 1:
                del self._here[name]
            else:
                self._here[name] = (lock, waiting - 1)

    async def _take(self, name: str, owner: str, lifetime_s: float) -> None:
        wait_s = FIRST_WAIT_S
        deadline = time.monotonic() + 2 * lifetime_s
        while not await self._try(name, owner, lifetime_s):
            if time.monotonic() > deadline:
                raise DatabaseUnavailable("A lock is held for too long.", mend="Try again in a moment.", may_retry=True)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 1.5, LONGEST_WAIT_S)

    async def _try(self, name: str, owner: str, lifetime_s: float) -> bool:
        now = self.clock()
        values = {"name": name, "owner": owner, "until": now + lifetime_s}
        async with self.database.writing() as connection:
            if await self.database.insert_new(connection, locks, values):
                return True
            # Also one whose end lies further away than any lock lives: the clock was set back.
            over = (locks.c.until <= now) | (locks.c.until > now + 10 * lifetime_s)
            taken = update(locks).where(locks.c.name == name, over).values(values).returning(locks.c.name)
            return (await connection.execute(taken)).first() is not None

    async def _give_back(self, name: str, owner: str) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(locks).where(locks.c.name == name, locks.c.owner == owner))
