"""A finding: one thing that is wrong or doubtful in a document, where it is, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

Severity = Literal["error", "warning", "info"]
"""error: the part it names is lost or unusable; warning: it works, but not as written; info: advice."""


@dataclass(frozen=True, slots=True)
class Position:
    """1-based line and column in the source text."""

    line: int
    column: int


class Locator(Protocol):
    """Finds where a JSON pointer stands in the source text; the nearest ancestor when it is not there itself."""

    def __call__(self, pointer: str, /) -> Position | None: ...


@dataclass(frozen=True, slots=True)
class Fix:
    """An automatic mend that is safe: `apply` changes the parsed root in place (mapping or list)."""

    description: str
    apply: Callable[[object], None] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Codes are stable (see docs/reference/findings.md); positions are found only when asked for."""

    code: str
    severity: Severity
    pointer: str
    """JSON pointer into the source document (RFC 6901); "" is the whole."""
    message: str
    """What is wrong."""
    effect: str = ""
    """What it does to the model or the call."""
    mend: str = ""
    """What to change."""
    fix: Fix | None = None
    locate: Locator | None = field(default=None, compare=False, repr=False)
    known_position: Position | None = field(default=None, compare=False, repr=False)
    """Set when the reader met the defect at a text position (syntax slips have no pointer)."""

    @property
    def position(self) -> Position | None:
        if self.known_position is not None:
            return self.known_position
        return self.locate(self.pointer) if self.locate is not None else None

    @property
    def line(self) -> int | None:
        position = self.position
        return position.line if position else None

    @property
    def column(self) -> int | None:
        position = self.position
        return position.column if position else None


def escape_token(token: str) -> str:
    """One reference token of a JSON pointer: `a/b~c` -> `a~1b~0c` (RFC 6901 section 3)."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape_token(token: str) -> str:
    """The inverse of `escape_token` (RFC 6901 section 4: `~1` first, then `~0`)."""
    return token.replace("~1", "/").replace("~0", "~")


def join_pointer(base: str, *tokens: str | int) -> str:
    """`join_pointer("/paths", "/pets", "get")` -> `/paths/~1pets/get`."""
    return base + "".join("/" + escape_token(str(token)) for token in tokens)
