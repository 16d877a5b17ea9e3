"""WHO RUNS A TURN. What may happen twice is decided by the log alone, so runners may be many, slow or dead.

`EmbeddedRunner` runs turns as tasks of this process: it asks the log for turns that wait, leases each, runs it and
lets go. A process that dies leaves its leases to run out; the next one goes on from the events.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from actionry.chat.events import TurnFinished
from actionry.chat.log import StaleRunner, TurnContext, TurnKey
from actionry.server.logs import log
from actionry.server.metrics import Metrics

LEASE_S = 30.0
RENEW_S = 10.0
LOOK_S = 5.0
"""Hints can be lost, leases run out and questions expire without one: after this the log is asked anyway."""
LOOK_GAP_S = 0.1
"""Hints come with every message; turns of this process were begun already, so the log is asked for many at once."""
SHUTDOWN_S = 20.0
"""What running turns get after SIGTERM before they are handed to another process."""
CRASHES = 3
"""A turn that fails so often without a word is ended with one."""

RunTurn = Callable[[TurnContext, TurnKey], Awaitable[str]]
"""Runs one leased turn to its end or its next question; says how that was, for the metrics."""


class Runner(Protocol):
    """Whatever runs turns: tasks of this process, or jobs of a queue that any replica works on."""

    async def start(self) -> None: ...

    def wake(self, turn_id: str | None = None) -> None:
        """A turn may be waiting, this one when it is named."""
        ...

    async def stop(self, grace_s: float = SHUTDOWN_S) -> None:
        """Take no further turns; give running ones so long, then let them go."""
        ...

    @property
    def running(self) -> int: ...


class TurnQueue(Protocol):
    """Of `storage.turns.Turns`, what a runner needs."""

    async def runnable(self, limit: int = 100) -> list[str]: ...
    async def lease(self, turn_id: str, runner: str, *, seconds: float) -> TurnKey | None: ...
    async def release(self, key: TurnKey) -> None: ...
    async def context(self, turn_id: str) -> TurnContext | None: ...
    async def append(self, key: TurnKey, events: list[TurnFinished], /) -> object: ...


class WorkHints(Protocol):
    async def wait_for_work(self, timeout_s: float) -> bool: ...
    def work(self) -> None: ...


class EmbeddedRunner:
    """Turns as asyncio tasks; `at_once` at the same time."""

    def __init__(
        self,
        turns: TurnQueue,
        hints: WorkHints,
        run: RunTurn,
        *,
        metrics: Metrics,
        at_once: int = 200,
        lease_s: float = LEASE_S,
        renew_s: float = RENEW_S,
        look_s: float = LOOK_S,
    ) -> None:
        self.name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._turns = turns
        self._hints = hints
        self._run_turn = run
        self._metrics = metrics
        self._at_once = at_once
        self._lease_s, self._renew_s, self._look_s = lease_s, renew_s, look_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._dispatcher: asyncio.Task[None] | None = None
        self._stopping = False
        self._crashes: dict[str, int] = {}

    @property
    def running(self) -> int:
        return len(self._tasks)

    async def start(self) -> None:
        """Unfinished turns of an earlier process are among the first that are found."""
        self._dispatcher = asyncio.create_task(self._dispatch(), name="actionry-dispatch")

    def wake(self, turn_id: str | None = None) -> None:
        """A named turn is begun at once where there is room: the look at the queue is saved on the way of a message."""
        if turn_id is not None and len(self._tasks) < self._at_once:
            self._begin(turn_id)
        else:
            self._hints.work()

    async def stop(self, grace_s: float = SHUTDOWN_S) -> None:
        self._stopping = True
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._dispatcher
        running = list(self._tasks.values())
        if running:
            log(logging.INFO, "waiting for running turns", turns=len(running), seconds=grace_s)
            _, late = await asyncio.wait(running, timeout=grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=5.0)

    # ---------------------------------------------------------------------------------------------------- dispatching

    async def _dispatch(self) -> None:
        wait_s = self._look_s
        while True:
            try:
                await self._start_waiting_turns()
                wait_s = self._look_s
            except Exception as error:  # the database is away: the turns are safe there, and asked for again
                log(logging.WARNING, "turns cannot be looked up", error=error)
                wait_s = min(wait_s * 2, 60.0)
            await asyncio.sleep(LOOK_GAP_S)
            await self._hints.wait_for_work(wait_s)

    async def _start_waiting_turns(self) -> None:
        free = self._at_once - len(self._tasks)
        if free <= 0:
            return
        for turn_id in await self._turns.runnable(free):
            self._begin(turn_id)

    def _begin(self, turn_id: str) -> None:
        if turn_id in self._tasks or self._stopping or self._dispatcher is None:
            return
        task = asyncio.create_task(self._run(turn_id), name=f"actionry-{turn_id}")
        self._tasks[turn_id] = task
        task.add_done_callback(lambda done: self._ended(turn_id, done))
        self._metrics.turns_running.set(len(self._tasks))

    def _ended(self, turn_id: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(turn_id, None)
        self._metrics.turns_running.set(len(self._tasks))
        if not task.cancelled() and (error := task.exception()) is not None:
            log(logging.ERROR, "a runner's task failed", error=error, turn=turn_id)
        if len(self._tasks) + 1 >= self._at_once:  # a place is free again
            self._hints.work()

    # -------------------------------------------------------------------------------------------------------- one turn

    async def _run(self, turn_id: str) -> None:
        key = await self._turns.lease(turn_id, self.name, seconds=self._lease_s)
        if key is None:
            return
        renewal = asyncio.create_task(self._keep_lease(turn_id, asyncio.current_task()))
        started = time.perf_counter()
        outcome = "lost"
        try:
            outcome = await self._run_leased(key)
        except StaleRunner:
            log(logging.INFO, "another runner has the turn", turn=turn_id)
        finally:
            renewal.cancel()
            self._metrics.turns.labels(outcome).inc()
            self._metrics.turn_seconds.observe(time.perf_counter() - started)
            await asyncio.shield(self._release(key))

    async def _run_leased(self, key: TurnKey) -> str:
        context = await self._turns.context(key.turn_id)
        if context is None:
            return "deleted"
        try:
            outcome = await self._run_turn(context, key)
        except (StaleRunner, asyncio.CancelledError):
            raise
        except Exception as error:  # a fault of ours: told to the person, never a turn that hangs
            return await self._crashed(key, error)
        self._crashes.pop(key.turn_id, None)
        return outcome

    async def _crashed(self, key: TurnKey, error: Exception) -> str:
        count = self._crashes.get(key.turn_id, 0) + 1
        log(logging.ERROR, "a turn failed", error=error, turn=key.turn_id, time=count)
        if count < CRASHES:
            self._crashes[key.turn_id] = count
            await asyncio.sleep(0.2 * count)
            return "crashed"
        self._crashes.pop(key.turn_id, None)
        text = "Something failed in the server; its log says what. What was done before is shown above."
        await self._turns.append(key, [TurnFinished(outcome="failed", text=text, told_to="operator", may_retry=True)])
        return "failed"

    async def _keep_lease(self, turn_id: str, runner: asyncio.Task[None] | None) -> None:
        while True:
            await asyncio.sleep(self._renew_s)
            try:
                renewed = await self._turns.lease(turn_id, self.name, seconds=self._lease_s)
            except Exception as error:  # tried again; the log refuses what a lost lease writes
                log(logging.WARNING, "a lease cannot be renewed", error=error, turn=turn_id)
                continue
            if renewed is None and runner is not None:
                runner.cancel()
                return

    async def _release(self, key: TurnKey) -> None:
        try:
            await self._turns.release(key)
        except Exception as error:  # the lease runs out by itself
            log(logging.WARNING, "a lease cannot be given back", error=error, turn=key.turn_id)
