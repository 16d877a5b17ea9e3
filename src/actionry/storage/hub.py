"""Who waits for which turn, in this process: hints that something was committed, and what.

A hint may be lost or come twice; whoever waits compares sequence numbers and reads what is missing. On PostgreSQL one
connection listens for all followers of the process, and one query now and then asks for all of them what is new, so
2,000 idle followers cost two wakes and no connection of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from actionry.chat.events import StoredEvent

KEPT = 64
"""Batches that wait for one slow follower; what is beyond is read from the database again (THREATS D-19)."""

POLL_S = 2.0
"""Hints can be lost with a connection; after this the database itself is asked."""


@dataclass(slots=True, eq=False)
class Follower:
    """One who follows a turn: committed batches as they come, and a wake for everything else."""

    turn_id: str
    batches: deque[Sequence[StoredEvent]] = field(default_factory=lambda: deque(maxlen=KEPT))
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    changed: bool = False
    """The turn came to rest, or something happened that only the database can tell."""
    after: int = 0
    """Of what it has shown; the poller compares."""


NO_FOLLOWER = 2**62
"""As `after`: wants no events, only to hear of changes."""


class Poll(Protocol):
    async def __call__(self, turn_ids: Sequence[str]) -> dict[str, tuple[int, bool]]:
        """turn id -> (last sequence number, at rest or to be stopped), those that exist."""
        ...


class Hub:
    """Followers of turns, and whoever waits for work."""

    def __init__(self) -> None:
        self._followers: dict[str, set[Follower]] = {}
        self._work = asyncio.Event()
        self._poller: asyncio.Task[None] | None = None
        self.poll: Poll | None = None
        self.on_followed: Callable[[], None] | None = None

    @asynccontextmanager
    async def follow(self, turn_id: str, after: int) -> AsyncIterator[Follower]:
        follower = Follower(turn_id, after=after)
        self._followers.setdefault(turn_id, set()).add(follower)
        self._start_polling()
        if self.on_followed is not None:
            self.on_followed()
        try:
            yield follower
        finally:
            others = self._followers.get(turn_id, set())
            others.discard(follower)
            if not others:
                self._followers.pop(turn_id, None)

    def committed(self, turn_id: str, events: Sequence[StoredEvent]) -> None:
        """These events stand in the database now."""
        for follower in self._followers.get(turn_id, ()):
            follower.batches.append(events)
            follower.woken.set()

    def changed(self, turn_id: str) -> None:
        """Somebody else wrote to the turn, or its state is another one."""
        for follower in self._followers.get(turn_id, ()):
            follower.changed = True
            follower.woken.set()

    def all_changed(self) -> None:
        for turn_id in list(self._followers):
            self.changed(turn_id)
        self.work()

    async def wait(self, turn_id: str) -> None:
        """Until something happened to the turn that its runner has not done itself: a stop, perhaps (`chat.Stops`)."""
        async with self.follow(turn_id, NO_FOLLOWER) as follower:
            while not follower.changed:
                await follower.woken.wait()
                follower.woken.clear()
                follower.batches.clear()

    def work(self) -> None:
        """A turn waits for a runner."""
        self._work.set()

    async def wait_for_work(self, timeout_s: float) -> bool:
        """Until a turn may be waiting; False when the time is over, and then it is worth a look all the same."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._work.wait()
        except TimeoutError:
            return False
        self._work.clear()
        return True

    @property
    def followed(self) -> int:
        return sum(len(each) for each in self._followers.values())

    async def close(self) -> None:
        if self._poller is not None:
            self._poller.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._poller
        self.all_changed()

    def _start_polling(self) -> None:
        if self.poll is not None and (self._poller is None or self._poller.done()):
            self._poller = asyncio.create_task(self._keep_polling(self.poll), name="actionry-turn-poll")

    async def _keep_polling(self, poll: Poll) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            if not self._followers:
                return
            waiting = {
                turn_id: min((f.after for f in each if f.after < NO_FOLLOWER), default=NO_FOLLOWER)
                for turn_id, each in self._followers.items()
                if each
            }
            try:
                found = await poll(list(waiting))
            except Exception:  # noqa: S112  # the database is away: followers keep waiting, the next round asks again
                continue
            for turn_id, after in waiting.items():
                last_seq, at_rest = found.get(turn_id, (0, True))
                if at_rest or last_seq > after:
                    self.changed(turn_id)
