"""Hear the hints of other processes on PostgreSQL: one connection for all followers, opened with the first of them."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from actionry.storage.engine import CHANNEL, Database
from actionry.storage.hub import Hub

LONGEST_WAIT_S = 30.0


class Listener:
    """Puts what it hears into the hub; while it is away the hub's poll is all there is, and suffices."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self.database = database
        self.hub = hub
        self.listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Idempotent; does nothing on SQLite, which belongs to one process."""
        if self.database.backend == "postgresql" and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._keep_listening(), name="actionry-listen")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep_listening(self) -> None:
        wait_s = 0.5
        while True:
            try:
                async for payload in self._hear():
                    wait_s = 0.5
                    self._tell(payload)
            except Exception:  # noqa: S110  # away: the poll goes on, and we try again
                pass
            self.listening.clear()
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)

    async def _hear(self) -> Any:
        from psycopg import AsyncConnection, sql

        url = self.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await AsyncConnection.connect(url, autocommit=True, application_name="actionry listener")
        async with connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            self.listening.set()
            self.hub.all_changed()  # what was said while nobody listened
            async for notice in connection.notifies():
                yield notice.payload

    def _tell(self, payload: str) -> None:
        sender, *hints = payload.split("\n")
        if sender == self.database.name:
            return
        for hint in hints:
            kind, _, turn_id = hint.partition(":")
            if kind == "w":
                self.hub.work()
            elif kind == "e":
                self.hub.changed(turn_id)
