"""Text of a document as a model may read it: nothing in it that a person would not see (THREATS P-11)."""

from __future__ import annotations

import re
from functools import lru_cache

# Cf characters without a glyph, bidirectional controls, tag characters, supplementary variation selectors, fillers
# and control characters; joiners and emoji selectors are judged by their neighbours.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("[\u200c\u200d\ufe00-\ufe0f]+")
_SUSPECT = re.compile(f"{_INVISIBLE.pattern}|{_JOINERS.pattern}")
_BLANKS = re.compile(r"[ \t]+\n|\n{3,}")


def has_invisible(text: str) -> bool:
    """Whether `visible` might change the text."""
    return _SUSPECT.search(text) is not None


def visible(text: str) -> str:
    """The text without characters that carry words past the reader's eye.

    One joiner or emoji selector between two non-ASCII characters is part of the writing (Persian, emoji) and stays.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable():
        return text  # nearly every text; far cheaper than the search
    if _SUSPECT.search(text) is None:
        return text
    text = _INVISIBLE.sub("", text)

    def joiner(match: re.Match[str]) -> str:
        before = text[match.start() - 1 : match.start()]
        return match[0][0] if before and not before.isascii() else ""

    return _JOINERS.sub(joiner, text)


def tidy(text: str) -> str:
    """Visible text without trailing blanks and runs of empty lines."""
    text = visible(text).strip()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not (" \n" in text or "\t\n" in text or "\n\n\n" in text):
        return text
    return _BLANKS.sub(lambda match: "\n\n" if match[0].startswith("\n") else "\n", text)


def clip(text: str, characters: int | None) -> str:
    """At most that many characters, cut at a word where one is near, ending in `…`."""
    if characters is None or len(text) <= characters:
        return text
    if characters <= 1:
        return text[:characters]
    cut = text[: characters - 1]
    space = cut.rfind(" ")
    if space > len(cut) * 3 // 4:
        cut = cut[:space]
    return cut.rstrip(" \n,;:") + "…"


@lru_cache(maxsize=2048)  # the words of shared parameters come once per operation
def join_texts(first: str, second: str, separator: str = "\n\n") -> str:
    """Both texts; one of them where it holds the other word for word, or says the same but for case and marks."""
    first, second = tidy(first), tidy(second)
    if not first or not second:
        return first or second
    if first.rstrip(".") in second:
        return second
    if second in first or _bare(first) == _bare(second):
        return first
    return f"{first}{separator}{second}"


def _bare(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().casefold()
