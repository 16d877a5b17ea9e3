"""Text as it can be stored: some providers cut between the two halves of a character beyond U+FFFF."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")
_HIGH = re.compile("[\ud800-\udbff]")


def whole(text: str) -> str:
    """The text with surrogate pairs joined; a half without its other half becomes U+FFFD."""
    if text.isascii() or _HALF.search(text) is None:
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def split_half(text: str) -> tuple[str, str]:
    """(what can be stored now, the first half of a character whose second is still to come, or "")"""
    if text and _HIGH.match(text[-1]) is not None:
        return whole(text[:-1]), text[-1]
    return whole(text), ""
