"""Server-sent events as model servers send them: bytes in any pieces go in, the data of whole events comes out.

WHATWG HTML, section 9.2.6; lenient where servers are: an event may be one line that is not followed by a blank one,
and an error may stand in the stream as bare JSON.
"""

from __future__ import annotations


class EventTooLarge(ValueError):
    """One event is longer than the reader was allowed to hold."""


class EventReader:
    """`feed(b'data: {"a":1}\\n\\nda')` -> `[b'{"a":1}']`; the rest waits for its end."""

    __slots__ = ("_data", "_held", "_max_bytes", "_rest", "_started")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._held = 0
        self._started = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of each event that this chunk completes. Raises EventTooLarge."""
        if not self._started:
            self._started = True
            chunk = chunk.removeprefix(b"\xef\xbb\xbf")
        text = self._rest + chunk if self._rest else chunk
        if b"\r" in text:
            # A CR at the very end may be the first half of CRLF.
            held = b"\r" if text.endswith(b"\r") else b""
            text = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n") + held
        lines = text.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) + self._held > self._max_bytes:
            raise EventTooLarge
        return self._take(lines)

    def end(self) -> list[bytes]:
        """What a stream that is over leaves: the standard discards it, servers mean it."""
        lines = [self._rest.removesuffix(b"\r"), b""]
        self._rest = b""
        return self._take(lines)

    def _take(self, lines: list[bytes]) -> list[bytes]:
        found: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                part = line[6:] if line[5:6] == b" " else line[5:]
                self._data.append(part)
                self._held += len(part)
                if self._held > self._max_bytes:
                    raise EventTooLarge
            elif not line:
                if self._data:
                    found.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                    self._data.clear()
                    self._held = 0
            elif line[:1] == b"{":
                found.append(line)
            elif line.startswith(b"error:"):  # llama.cpp before 2025
                found.append(line[6:].strip())
        return found
