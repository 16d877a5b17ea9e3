"""Connections kept for a short while, per origin. A pool belongs to one door, so none crosses to another policy."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from actionry.limits import OutboundLimits
from actionry.outbound.channel import Channel
from actionry.outbound.url import Origin


class _Lane:
    """The connections of one origin."""

    __slots__ = ("idle", "places", "users")

    def __init__(self, limit: int) -> None:
        self.idle: deque[Channel] = deque()
        self.places = asyncio.Semaphore(limit)
        self.users = 0


class Pool:
    """At most so many connections per origin and in all; a request beyond waits, within its own deadline."""

    def __init__(self, open_channel: Callable[[Origin], Awaitable[Channel]], limits: OutboundLimits) -> None:
        self._open = open_channel
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[Origin, _Lane] = {}
        self._places = asyncio.Semaphore(limits.connections)
        self._idle_count = 0
        self._in_use: set[Channel] = set()
        self._sweep_handle: asyncio.TimerHandle | None = None

    def has_idle(self, origin: Origin) -> bool:
        """Whether `acquire` would return at once, with a connection that was used before."""
        lane = self._lanes.get(origin)
        if lane is None or not lane.idle or lane.places.locked() or self._places.locked():
            return False
        return self._is_fit(lane.idle[-1])

    async def acquire(self, origin: Origin, *, fresh: bool = False) -> tuple[Channel, bool]:
        """A channel for `origin`, and whether it was used before. `fresh` asks for a new one."""
        lane = self._lanes.get(origin)
        if lane is None:
            lane = self._lanes[origin] = _Lane(self._limits.connections_per_origin)
        lane.users += 1
        try:
            await lane.places.acquire()
            try:
                await self._places.acquire()
            except BaseException:
                lane.places.release()
                raise
        except BaseException:
            self._leave(origin, lane)
            raise
        if not fresh and (kept := self._take(lane)) is not None:
            self._in_use.add(kept)
            return kept, True
        try:
            channel = await self._open(origin)
        except BaseException:
            self._free(origin, lane)
            raise
        self._in_use.add(channel)
        return channel, False

    def release(self, origin: Origin, channel: Channel, *, keep: bool) -> None:
        lane = self._lanes[origin]
        self._in_use.discard(channel)
        if keep and self._idle_count < self._limits.idle_connections:
            channel.idle_since = self._loop.time()
            lane.idle.append(channel)
            self._idle_count += 1
            if self._sweep_handle is None:
                self._sweep_handle = self._loop.call_later(self._limits.idle_s, self._sweep)
        else:
            channel.abort()
        self._free(origin, lane)

    def close(self) -> None:
        """Drop every connection, also those in use: their requests fail as broken connections."""
        if self._sweep_handle is not None:
            self._sweep_handle.cancel()
            self._sweep_handle = None
        for lane in self._lanes.values():
            for channel in lane.idle:
                channel.abort()
            lane.idle.clear()
        self._idle_count = 0
        for channel in self._in_use:
            channel.fail(ConnectionAbortedError("the door was closed"))

    def _take(self, lane: _Lane) -> Channel | None:
        while lane.idle:
            channel = lane.idle.pop()
            self._idle_count -= 1
            if self._is_fit(channel):
                return channel
            channel.abort()
        return None

    def _is_fit(self, channel: Channel) -> bool:
        return channel.is_connected() and self._loop.time() - channel.idle_since <= self._limits.idle_s

    def _free(self, origin: Origin, lane: _Lane) -> None:
        self._places.release()
        lane.places.release()
        self._leave(origin, lane)

    def _leave(self, origin: Origin, lane: _Lane) -> None:
        lane.users -= 1
        if not lane.users and not lane.idle:
            del self._lanes[origin]

    def _sweep(self) -> None:
        """Close what has idled too long; runs only while something idles."""
        self._sweep_handle = None
        now = self._loop.time()
        for origin, lane in list(self._lanes.items()):
            while lane.idle and now - lane.idle[0].idle_since >= self._limits.idle_s:
                lane.idle.popleft().abort()
                self._idle_count -= 1
            if not lane.users and not lane.idle:
                del self._lanes[origin]
        if self._idle_count:
            oldest = min(lane.idle[0].idle_since for lane in self._lanes.values() if lane.idle)
            delay = max(0.05, oldest + self._limits.idle_s - now)
            self._sweep_handle = self._loop.call_later(delay, self._sweep)
