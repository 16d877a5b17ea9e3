"""One connection: aiohttp's protocol and C parser for one answer at a time, with every byte counted.

aiohttp's client session is not used. It re-sends idempotent requests by itself, keeps cookies, rewrites targets and
reads an endless row of 1xx answers; each of these would have to be switched off again. Its parser, flow control and
stream are what is good, and they stand on their own.
"""

from __future__ import annotations

import asyncio

from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.streams import StreamReader

from actionry.limits import OutboundLimits


class TooMuch(Exception):
    """The peer sent more than the limit named."""


class Channel(ResponseHandler):
    """An open connection to one origin. Between `begin` and `finish` it carries one request and its answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: OutboundLimits) -> None:
        super().__init__(loop)
        self._limits = limits
        self._busy = False
        self._wire_left = 0
        self._interim_left = 0
        self.prefix = b""
        """Put before the path in the request line: `http://host` through a plain egress proxy, else nothing."""
        self.proxy_header = b""
        """`Proxy-Authorization: …` and a line break, through a plain egress proxy that asks for it."""
        self.answered = False
        """Whether a byte came back since `begin`."""
        self.idle_since = 0.0

    def begin(self, *, method: str, max_bytes: int) -> None:
        """Make ready for one exchange."""
        limits = self._limits
        self._busy = True
        self.answered = False
        self._wire_left = 2 * max_bytes + limits.framing_bytes
        self._interim_left = limits.interim_responses
        self.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=limits.step_bytes,
            max_line_size=limits.header_line_bytes,
            max_field_size=limits.header_line_bytes,
            max_headers=limits.header_lines,
        )

    def check_open(self) -> None:
        """Raise ConnectionResetError when the peer has hung up: nothing was written then."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("closed while idle")

    def send_request(self, method: str, path: bytes, head: bytes, content: bytes | None) -> None:
        assert self.transport is not None  # `check_open` was just called
        start = b"".join((method.encode("ascii"), b" ", self.prefix, path, head[:-2], self.proxy_header, b"\r\n"))
        if content is None:
            self.transport.write(start)
        elif len(content) <= self._limits.step_bytes:
            self.transport.write(start + content)
        else:
            self.transport.write(start)
            self.transport.write(content)

    async def read_head(self) -> tuple[RawResponseMessage, StreamReader]:
        return await self.read()

    def finish(self) -> bool:
        """End the exchange; True when the connection can carry another."""
        self._busy = False
        transport = self.transport
        return (
            transport is not None
            and not transport.is_closing()
            and not self.should_close
            and transport.get_write_buffer_size() == 0
        )

    def data_received(self, data: bytes) -> None:
        if data:
            if not self._busy:
                # Nobody asked: these bytes would be read as the answer to the next request.
                self.abort()
                return
            self.answered = True
            self._wire_left -= len(data)
            if self._wire_left < 0:
                self.fail(TooMuch("more bytes than the limit, most of them not content"))
                return
        super().data_received(data)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        message, _ = data
        if 100 <= message.code < 200 and message.code != 101:
            self._interim_left -= 1
            if self._interim_left < 0:
                self.fail(TooMuch(f"more than {self._limits.interim_responses} interim (1xx) answers"))
            return
        super().feed_data(data, size)

    def fail(self, error: Exception) -> None:
        """End the exchange under way with `error`, and the connection."""
        payload = self._payload
        self.set_exception(error)
        if payload is not None:
            payload.set_exception(error)
        if self.transport is not None:
            self.transport.abort()
