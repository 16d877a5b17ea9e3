"""One request and its answer on one channel, within the caps; what goes wrong is said in our words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import ClientError, ServerDisconnectedError
from aiohttp.http import HttpProcessingError, RawResponseMessage
from aiohttp.streams import EofStream, StreamReader
from multidict import CIMultiDict

from actionry.errors import ConnectionFailed, OutboundError, ResponseRefused
from actionry.http import Headers
from actionry.limits import OutboundLimits
from actionry.outbound.channel import Channel, TooMuch
from actionry.outbound.decode import TooLong, Undecodable, decoder_for

_BODILESS = frozenset({204, 304})
# Decoding a step takes well under a millisecond; between this many, others get their turn.
_STEPS_BEFORE_YIELD = 16


class Stale(Exception):
    """The kept connection had been closed by the peer before it saw the request, as far as one can know."""


@dataclass(slots=True)
class Answer:
    status: int
    headers: Headers
    content: bytes
    keep: bool
    """Whether the connection can carry another request."""


@dataclass(slots=True)
class Progress:
    """How far one `send` has come; read when it ends early."""

    origin: object
    deadline: float
    """Loop time at which all must be over."""
    clock: asyncio.Timeout
    first_byte_s: float | None
    sent: bool = False
    """Whether a byte of the request may have left."""
    answering: bool = False
    """Whether the head of an answer came."""


async def exchange(
    channel: Channel,
    method: str,
    path: bytes,
    head: bytes,
    content: bytes | None,
    *,
    max_bytes: int,
    limits: OutboundLimits,
    progress: Progress,
    reused: bool,
) -> Answer:
    """Send and read. Raises ConnectionFailed, ResponseRefused, or Stale (only on a channel that was used before)."""
    try:
        channel.begin(method=method, max_bytes=max_bytes)
        channel.check_open()
        progress.sent = True
        channel.send_request(method, path, head, content)
        message, payload = await channel.read_head()
        progress.answering = True
        return await _read_answer(channel, method, message, payload, max_bytes, limits, progress)
    except (OSError, ClientError, EofStream) as error:
        # asyncio's deadline arrives as CancelledError, never as TimeoutError, so OSError means the connection.
        if reused and not channel.answered:
            raise Stale from None
        raise _broken(channel, progress, error) from None
    except TooMuch as error:
        raise refused(progress, f"it sent {error}") from None
    except HttpProcessingError as error:
        raise _not_http(progress, error, limits) from None


async def _read_answer(
    channel: Channel,
    method: str,
    message: RawResponseMessage,
    payload: StreamReader,
    max_bytes: int,
    limits: OutboundLimits,
    progress: Progress,
) -> Answer:
    headers = _read_headers(message, limits, progress)
    if message.code == 407 and channel.prefix:
        raise ConnectionFailed("The egress proxy wants other credentials.", sent=True, told_to="operator")
    if message.code == 101:
        raise refused(progress, "it switched to another protocol, which nobody asked for")
    if method == "HEAD" or message.code in _BODILESS:
        return Answer(message.code, headers, b"", channel.finish())
    try:
        decoder = decoder_for(headers.getall("Content-Encoding", ()), max_bytes, limits)
        steps = 0
        if not payload.is_eof():
            progress.clock.reschedule(progress.deadline)
        while not payload.at_eof():
            decoder.feed(await payload.readany())
            steps += 1
            if steps % _STEPS_BEFORE_YIELD == 0:
                await asyncio.sleep(0)
        content = decoder.finish()
        _check_whole(channel, message)
    except TooLong:
        error = refused(progress, f"its body has more than {max_bytes} bytes")
        error.max_bytes = max_bytes
        raise error from None
    except Undecodable as error:
        raise refused(progress, f"its body cannot be read: {error}") from None
    return Answer(message.code, headers, content, channel.finish())


def _check_whole(channel: Channel, message: RawResponseMessage) -> None:
    """A body that ends with the connection is whole only when that ended in good order; the parser does not mind."""
    if not message.chunked and "Content-Length" not in message.headers:
        error = channel.exception()
        if isinstance(error, OSError) and not isinstance(error, ServerDisconnectedError):
            raise error


def _read_headers(message: RawResponseMessage, limits: OutboundLimits, progress: Progress) -> Headers:
    size = 0
    plain = True
    for name, value in message.raw_headers:
        size += len(name) + len(value)
        plain = plain and value.isascii()
    if size > limits.header_bytes:
        raise refused(progress, f"its header has more than {limits.header_bytes} bytes")
    if plain:
        return message.headers.copy()
    # The parser keeps bytes beyond UTF-8 as lone surrogates, which no text encoder takes.
    return CIMultiDict(
        (name.decode("ascii", "replace"), value.decode("utf-8", "replace")) for name, value in message.raw_headers
    )


def refused(progress: Progress, why: str) -> ResponseRefused:
    return ResponseRefused(f"The answer of {progress.origin} is not taken: {why}.", sent=progress.sent)


def _broken(channel: Channel, progress: Progress, error: BaseException) -> OutboundError:
    when = "in the middle of its answer" if channel.answered else "before an answer came"
    return ConnectionFailed(
        f"The connection to {progress.origin} broke {when}.", sent=progress.sent, may_retry=not channel.answered
    )


def _not_http(progress: Progress, error: HttpProcessingError, limits: OutboundLimits) -> ResponseRefused:
    # The parser's own text quotes the peer's bytes, which may hold a cookie or token: it is not passed on.
    if "more than" in error.message or "Too many" in error.message:
        return refused(
            progress,
            f"its header has more than {limits.header_lines} lines, or a line over {limits.header_line_bytes} bytes",
        )
    return refused(progress, "it is not valid HTTP/1.1")
