"""A request whose body and answer are passed on piece by piece: for the developer's local proxy.

The same checks and connections as `Outbound.send`: the address is judged before anything leaves. What differs is that
nothing is decoded, collected or tried again, and that the header is the caller's own, since a proxy hands on what it
was given (RFC 9110 section 7.6).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from aiohttp import ClientError
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import EofStream, StreamReader

from actionry.errors import ConnectionFailed, OutboundError, OutboundTimeout, ResponseRefused
from actionry.outbound.channel import Channel, TooMuch
from actionry.outbound.client import Outbound
from actionry.outbound.url import Origin, Target

RawHeaders = Sequence[tuple[bytes, bytes]]

_NO_CAP = 1 << 62
"""Nothing is collected here; how much may pass is for the two ends to say."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_UNFIT = re.compile(rb"[\x00\r\n]")
_OWN = frozenset({b"host", b"content-length"})
HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"transfer-encoding", b"upgrade", b"expect", b"http2-settings",
    }
)  # fmt: skip
"""Lower-case names of headers that belong to one connection (RFC 9110 section 7.6.1)."""


@dataclass(slots=True)
class StreamedAnswer:
    """Status and header as they came; the body is read once, as it came over the wire (still compressed, say)."""

    status: int
    headers: list[tuple[bytes, bytes]]
    """Without those of the connection."""
    body: AsyncIterator[bytes]
    """Raises ConnectionFailed when it breaks off."""


def end_to_end(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """What a proxy hands on: all but the connection's own headers and those that `Connection` names."""
    named = {
        word.strip().lower() for name, value in headers if name.lower() == b"connection" for word in value.split(b",")
    }
    return [(n, v) for n, v in headers if n.lower() not in HOP_BY_HOP and n.lower() not in named]


@asynccontextmanager
async def open_stream(
    door: Outbound,
    method: str,
    url: str,
    headers: RawHeaders,
    body: AsyncIterable[bytes] | None = None,
    *,
    content_length: int | None = None,
    host: bytes | None = None,
    head_timeout_s: float | None = None,
) -> AsyncIterator[StreamedAnswer]:
    """Send, and give the answer as soon as its head is there; leaving the block ends the exchange.

    method: any but CONNECT. body: None sends none. content_length: of the body; None sends it chunked.
    host: in place of the address's own. head_timeout_s: from the first byte sent to the answer's head; None waits.

    Raises AddressRefused, ConnectionFailed, OutboundTimeout, ResponseRefused, or OutboundError for what HTTP cannot
    carry. Nothing is sent twice.
    """
    target = door._target(url)
    head = _head(method, target, headers, host, body is not None, content_length)
    door._bind()
    exchange = _Exchange(door, target.origin, method)
    try:
        yield await exchange.start(head, body, content_length, head_timeout_s)
    finally:
        await exchange.close()


def _head(
    method: str, target: Target, headers: RawHeaders, host: bytes | None, has_body: bool, length: int | None
) -> bytes:
    """The header without the request line."""
    if not _TOKEN.fullmatch(method.encode("latin-1", "replace")) or method == "CONNECT":
        raise OutboundError(f"The method {method[:20]!r} is not one that is handed on.", sent=False, told_to="caller")
    lines = [b" HTTP/1.1", b"Host: " + (host or target.origin.authority.encode("ascii"))]
    for name, value in end_to_end(headers):
        if name.lower() in _OWN:
            continue
        if not _TOKEN.fullmatch(name) or _UNFIT.search(value):
            raise OutboundError("A header of the request cannot be handed on.", sent=False, told_to="caller")
        lines.append(name + b": " + value)
    if has_body:
        lines.append(b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length)
    elif length is not None:  # `Content-Length: 0` says something: a POST without one is refused by some servers
        lines.append(b"Content-Length: 0")
    return target.path.encode("ascii") + b"\r\n".join([*lines, b"", b""])


class _Exchange:
    """One request and its answer on one connection."""

    def __init__(self, door: Outbound, origin: Origin, method: str) -> None:
        assert door._pool is not None  # `open_stream` has bound the loop
        self._pool = door._pool
        self._origin = origin
        self._method = method
        self._channel: Channel | None = None
        self._upload: asyncio.Task[None] | None = None
        self._complete = False

    async def start(
        self, head: bytes, body: AsyncIterable[bytes] | None, length: int | None, timeout_s: float | None
    ) -> StreamedAnswer:
        """Send the head and begin with the body; return when the answer's head is there."""
        # Only a request without a body may use a kept connection: when the peer has just closed it, it can be sent
        # on a new one. A body that was half read could not.
        channel, reused = await self._pool.acquire(self._origin, fresh=body is not None)
        self._channel = channel
        try:
            message, payload = await self._ask(channel, head, body, length, timeout_s)
        except _Broken:
            if not reused or channel.answered or self._method not in _SAFE:
                raise ConnectionFailed(
                    f"The connection to {self._origin} broke before an answer came.", sent=True
                ) from None
            self._release(keep=False)
            self._channel = channel = (await self._pool.acquire(self._origin, fresh=True))[0]
            try:
                message, payload = await self._ask(channel, head, None, length, timeout_s)
            except _Broken:
                raise ConnectionFailed(
                    f"The connection to {self._origin} broke before an answer came.", sent=True
                ) from None
        if message.code == 101:
            raise ResponseRefused(f"{self._origin} switched to another protocol, which is not handed on.", sent=True)
        return StreamedAnswer(message.code, end_to_end(message.raw_headers), self._read(channel, message, payload))

    async def _ask(
        self,
        channel: Channel,
        head: bytes,
        body: AsyncIterable[bytes] | None,
        length: int | None,
        timeout_s: float | None,
    ) -> tuple[RawResponseMessage, StreamReader]:
        try:
            channel.begin(method=self._method, max_bytes=_NO_CAP)
            channel.check_open()
            assert channel.transport is not None  # `check_open` says so
            channel.transport.write(
                b"".join((self._method.encode("ascii"), b" ", channel.prefix, head[:-2], channel.proxy_header, b"\r\n"))
            )
            if body is not None:
                self._upload = asyncio.ensure_future(_send_body(channel, body, chunked=length is None))
            async with asyncio.timeout(timeout_s):
                return await channel.read_head()
        except TimeoutError:
            raise OutboundTimeout(f"{self._origin} had not answered after {timeout_s:.3g} s.", sent=True) from None
        except (OSError, ClientError, EofStream) as error:
            raise _Broken from error
        except HttpProcessingError:
            raise ResponseRefused(f"{self._origin} does not answer in valid HTTP/1.1.", sent=True) from None
        except TooMuch as error:
            raise ResponseRefused(f"{self._origin} sent {error}.", sent=True) from None

    async def _read(self, channel: Channel, message: RawResponseMessage, payload: StreamReader) -> AsyncIterator[bytes]:
        if self._method != "HEAD" and message.code not in (204, 304):
            try:
                while not payload.at_eof():
                    piece = await payload.readany()
                    if piece:
                        yield piece
            except (OSError, ClientError, EofStream, HttpProcessingError, TooMuch):
                raise ConnectionFailed(
                    f"The connection to {self._origin} broke in the middle of its answer.", sent=True
                ) from None
        self._complete = True

    async def close(self) -> None:
        """End the upload if it still runs, and keep the connection only when both sides are done with it."""
        uploaded = True
        if self._upload is not None:
            uploaded = self._upload.done() and not self._upload.cancelled() and self._upload.exception() is None
            self._upload.cancel()
            with suppress(asyncio.CancelledError, Exception):  # the exchange is over, whatever the upload met
                await self._upload
        if self._channel is not None:
            self._release(keep=self._complete and uploaded and self._channel.finish())

    def _release(self, *, keep: bool) -> None:
        assert self._channel is not None
        self._pool.release(self._origin, self._channel, keep=keep)
        self._channel = None


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class _Broken(Exception):
    """The connection ended before an answer came."""


async def _send_body(channel: Channel, body: AsyncIterable[bytes], *, chunked: bool) -> None:
    """Piece by piece, no faster than the peer reads. A body that ends early ends the connection."""
    try:
        async for piece in body:
            transport = channel.transport
            if transport is None or transport.is_closing():
                return
            if piece:
                transport.writelines((b"%x\r\n" % len(piece), piece, b"\r\n") if chunked else (piece,))
                await channel._drain_helper()
        if chunked and channel.transport is not None:
            channel.transport.write(b"0\r\n\r\n")
    except OSError:
        return  # the peer stopped reading; what it answered, if anything, is read
    except BaseException:
        if channel.transport is not None:
            channel.transport.abort()  # half a body must not look like a whole one
        raise
