"""Numbers as written become exact integers or finite floats, or the text is refused."""

from __future__ import annotations

import math

from actionry.errors import UnreadableDocument
from actionry.findings import Position
from actionry.limits import ReadLimits


def read_integer(digits: str, base: int, limits: ReadLimits, position: Position) -> int:
    """Raises UnreadableDocument beyond `integer_digits`: converting millions of digits takes quadratic time (D-09)."""
    if len(digits) > limits.integer_digits:
        raise too_large(f"an integer of {len(digits):,} digits (the limit is {limits.integer_digits:,})", position)
    try:
        return int(digits, base)
    except ValueError:  # Python's own limit on digits, when ours was raised above it
        raise too_large(f"an integer of {len(digits):,} digits", position) from None


def read_float(text: str, position: Position) -> float:
    """Raises UnreadableDocument when it is beyond what a double holds."""
    value = float(text)
    if math.isinf(value):
        raise too_large(f"the number {shown(text)}, which is beyond 1.8e308", position)
    return value


def shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:20]}…{text[-10:]}"


def too_large(what: str, position: Position) -> UnreadableDocument:
    return UnreadableDocument(
        f"Line {position.line}, column {position.column} holds {what}.",
        mend="Put it into quotes if it is text, or write a smaller number.",
        code="SYNTAX-NUMBER-TOO-LARGE",
        line=position.line,
        column=position.column,
    )
