"""The body as the peer meant it: gzip or plain, decoded in small steps, stopped at the cap.

Five of six clients that were tried expanded 200 kB to 200 MiB (THREATS D-13). Here the decoder is never given room
for more than the cap leaves.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from actionry.limits import OutboundLimits

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


class TooLong(Exception):
    """The decoded body passes the cap."""


class Undecodable(Exception):
    """The body is not what its Content-Encoding says; the text tells how."""


class Plain:
    """Bytes as they come."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise TooLong
        self._parts.append(data)

    def finish(self) -> bytes:
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)


class Gzip:
    """RFC 1952, several members in a row included; bytes after the last member are ignored, as elsewhere."""

    def __init__(self, max_bytes: int, limits: OutboundLimits) -> None:
        self._plain = Plain(max_bytes)
        self._step = limits.step_bytes
        self._members_left = limits.gzip_members
        self._decoder = zlib.decompressobj(_GZIP_WINDOW)
        self._started = False

    def feed(self, data: bytes) -> None:
        while data:
            if self._decoder.eof:
                if not data.startswith(_GZIP_MAGIC):
                    return
                self._members_left -= 1
                if self._members_left < 0:
                    raise Undecodable("it has too many gzip members")
                self._decoder = zlib.decompressobj(_GZIP_WINDOW)
            self._started = True
            try:
                self._plain.feed(self._decoder.decompress(data, self._step))
            except zlib.error:
                raise Undecodable("it is not gzip") from None
            data = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail

    def finish(self) -> bytes:
        if self._started and not self._decoder.eof:
            # What the last step held back for want of room.
            try:
                while not self._decoder.eof and (more := self._decoder.decompress(b"", self._step)):
                    self._plain.feed(more)
            except zlib.error:
                raise Undecodable("it is not gzip") from None
            if not self._decoder.eof:
                raise Undecodable("its gzip data is cut short")
        return self._plain.finish()


def decoder_for(codings: Iterable[str], max_bytes: int, limits: OutboundLimits) -> Plain | Gzip:
    """By the Content-Encoding header lines: none or `identity`, or gzip once; all else raises Undecodable."""
    names = [name for line in codings for each in line.split(",") if (name := each.strip().lower())]
    names = [name for name in names if name != "identity"]
    if not names:
        return Plain(max_bytes)
    if names in (["gzip"], ["x-gzip"]):
        return Gzip(max_bytes, limits)
    shown = ", ".join(names)
    raise Undecodable(f"it came in the coding {shown[:60]!r}, though only gzip was accepted")
