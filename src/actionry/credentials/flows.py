"""Drive a flow: send each request it yields and give it the answer, until it returns.

OAuth flows here are generators (`Generator[Request, Response, T]`), so the same code runs over an async
client, a sync one, and a list of prepared answers in a test.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

from actionry.http import Request, Response

T = TypeVar("T")

Flow = Generator[Request, Response, T]
Send = Callable[[Request], Awaitable[Response]]
"""Sends one request without following redirects; in the product this is the outbound door."""


async def drive(flow: Flow[T], send: Send) -> T:
    """Run the flow to its result; what `send` raises is raised inside the flow too, so that it can clean up."""
    try:
        request = next(flow)
        while True:
            try:
                response = await send(request)
            except Exception as error:  # handed on to the flow, which raises it again unless it knows better
                request = flow.throw(error)
            else:
                request = flow.send(response)
    except StopIteration as end:
        result: T = end.value
        return result


def drive_sync(flow: Flow[T], send: Callable[[Request], Response]) -> T:
    """`drive` for a blocking sender."""
    try:
        request = next(flow)
        while True:
            try:
                response = send(request)
            except Exception as error:  # as in `drive`
                request = flow.throw(error)
            else:
                request = flow.send(response)
    except StopIteration as end:
        result: T = end.value
        return result


class KeyedLocks:
    """A lock per key, gone when nobody holds or awaits it: it never outlives the event loop it was used in."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)


class SingleFlight(Generic[T]):
    """Work that is done once for all who ask for it at the same time, within one process.

    A caller who is cancelled does not cancel the work: a refresh whose answer nobody reads would lose the
    rotated token.
    """

    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def run(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result, or the error, of the work that is under way for `key`; begun here when there is none."""
        task = self._tasks.get(key)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.get_running_loop().create_task(work())
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: str, done: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is done:
            del self._tasks[key]
        if not done.cancelled():
            done.exception()  # looked at, so that asyncio does not complain when every caller has gone
