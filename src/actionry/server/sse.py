"""Event streams: what is stored, as server-sent events, resumable to the byte.

The `id` of an event is `turn:seq`, its place in the log; a client that comes back with `Last-Event-ID` gets what
follows, from whichever process. A stream holds no buffer of its own: a slow reader is slowed down by its connection,
and one that goes away harms nobody (THREATS T-04, D-19).

FastAPI's routes declare the streams (their schema is in the OpenAPI document); this response sends them, with one
task less and a third of the memory of its generator form per open stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actionry.chat.events import EVENT, StoredEvent
from actionry.server.metrics import Metrics
from actionry.server.problems import field_problem

PING_S = 15.0
PING = b": ping\n\n"
HEAD = b"retry: 1000\n\n"
"""A cut stream is opened again after a second."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # reverse proxies pass each event on
]


def event_bytes(stored: StoredEvent) -> bytes:
    """`id: t-1:3`, `event: text`, `data: {…}`: the same bytes whenever and from wherever it is sent."""
    data = EVENT.dump_json(stored.event)
    place = f"id: {stored.turn_id}:{stored.seq}\nevent: {stored.event.type}\n"
    return b"%sdata: %s\n\n" % (place.encode(), data)


def control_bytes(name: str, data: str = "{}") -> bytes:
    """A word of the stream about itself, without an id: nothing to come back to."""
    return f"event: {name}\ndata: {data}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader stands."""

    turn_id: str
    seq: int


def read_place(text: str | None) -> Place | None:
    """Of `Last-Event-ID` or `after`; None when there is none. Raises ProblemError when it cannot be read."""
    if text is None or not text.strip():
        return None
    turn_id, colon, seq = text.strip().rpartition(":")
    if not colon or not turn_id or len(turn_id) > 100 or not seq.isascii() or not seq.isdigit() or len(seq) > 15:
        raise field_problem("Last-Event-ID", "Give the id of an event, e.g. `t-abc:12`.", location="header", status=400)
    return Place(turn_id, int(seq))


Chunks = AsyncGenerator[bytes]


class EventStream(Response):
    """Sends what `chunks` yields until it ends, the reader goes or the server stops."""

    def __init__(self, chunks: Chunks, streams: Streams) -> None:
        self.status_code = 200
        self.background = None
        self.raw_headers = list(_HEADERS)
        self._chunks = chunks
        self._streams = streams
        self._send: Send | None = None
        self._task: asyncio.Task[object] | None = None
        self._sending = False
        self._quiet = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._send, self._task = send, asyncio.current_task()
        assert self._task is not None
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.ensure_future(_until_gone(receive))
        gone.add_done_callback(lambda _: self._leave())
        self._streams.add(self)
        try:
            await self._put(HEAD)
            async for chunk in self._chunks:
                await self._put(chunk)
            await self._end()
        except asyncio.CancelledError:
            if not (gone.done() or self._streams.closing):
                raise
            self._task.uncancel()
            if not gone.done():  # the server stops: the reader is told to come back, to whoever is there then
                await self._put(control_bytes("reconnect"))
                await self._end()
        finally:
            self._streams.remove(self)
            gone.cancel()
            await self._chunks.aclose()

    async def _put(self, chunk: bytes) -> None:
        assert self._send is not None
        self._sending, self._quiet = True, False
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        self._sending = False

    async def _end(self) -> None:
        assert self._send is not None
        self._streams.remove(self)
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def ping(self) -> None:
        """A comment, when nothing was sent since the last one, so that nobody between takes the silence for an end."""
        if self._quiet and not self._sending:
            await self._put(PING)
        self._quiet = True

    def _leave(self) -> None:
        if self._task is not None and self._streams.is_open(self):
            self._task.cancel()

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Streams:
    """The open streams of this process, and who waits for news of which conversation."""

    def __init__(self, metrics: Metrics, *, ping_s: float = PING_S) -> None:
        self._metrics = metrics
        self._ping_s = ping_s
        self._open: set[EventStream] = set()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._pinger: asyncio.Task[None] | None = None
        self.closing = False

    def add(self, stream: EventStream) -> None:
        self._open.add(stream)
        self._metrics.streams.set(len(self._open))
        if self._pinger is None or self._pinger.done():
            self._pinger = asyncio.create_task(self._keep_pinging(), name="actionry-pings")

    def remove(self, stream: EventStream) -> None:
        self._open.discard(stream)
        self._metrics.streams.set(len(self._open))

    def is_open(self, stream: EventStream) -> bool:
        return stream in self._open

    def __len__(self) -> int:
        return len(self._open)

    async def _keep_pinging(self) -> None:
        """One timer for all streams: an idle one costs its connection and its place in the log."""
        pings: set[asyncio.Task[None]] = set()
        while self._open:
            await asyncio.sleep(self._ping_s)
            for stream in list(self._open):
                ping = asyncio.create_task(stream.ping())  # a slow reader holds up its own alone
                pings.add(ping)
                ping.add_done_callback(pings.discard)

    def close_all(self) -> None:
        """The server stops: every reader is told to reconnect."""
        self.closing = True
        if self._pinger is not None:
            self._pinger.cancel()
        for stream in list(self._open):
            stream.close()

    def news(self, conversation_id: str) -> None:
        """A message was accepted, or a question answered, in this process."""
        for waiter in self._waiting.pop(conversation_id, ()):
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for_news(self, conversation_id: str, timeout_s: float) -> bool:
        """Whether there was any; other processes' news are found by asking the database after the wait."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(conversation_id, set()).add(waiter)
        timer = asyncio.get_running_loop().call_later(timeout_s, _wake, waiter)
        try:
            await waiter
            return conversation_id not in self._waiting or waiter not in self._waiting[conversation_id]
        finally:
            timer.cancel()
            waiters = self._waiting.get(conversation_id)
            if waiters is not None:
                waiters.discard(waiter)
                if not waiters:
                    self._waiting.pop(conversation_id, None)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
