"""How many tokens a text costs, near enough for a budget and without any model's vocabulary.

The text is split as byte-pair tokenizers of the current generation split it (a word with its leading blank, up to
three digits, a run of punctuation, blanks), and each piece is charged by its kind and length. See
`docs/reference/functions.md` for how near this comes.
"""

from __future__ import annotations

import math
import re

from actionry.tools.definitions import encode

_PIECES = re.compile(
    r"(?P<han>[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+)"
    r"|(?P<kana>[\u3040-\u30ff\uac00-\ud7af]+)"
    r"|(?P<word> ?[A-Za-z]+)"
    r"|(?P<digits>\d{1,3})"
    r"|(?P<other> ?[^\W\d_A-Za-z]+)"
    r"|(?P<marks> ?[^\sA-Za-z0-9\u0080-\U0010ffff]+[\r\n]*)"
    r"|(?P<blank>\s+)"
    r"|(?P<rest>.)",
    re.DOTALL,
)
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def count_tokens(value: object) -> int:
    """Tokens of a text, or of anything else as compact JSON; an estimate."""
    text = value if isinstance(value, str) else encode(value).decode("utf-8", "replace")
    return math.ceil(sum(_cost(match) for match in _PIECES.finditer(text)))


def _cost(match: re.Match[str]) -> float:
    piece = match[0]
    match match.lastgroup:
        case "word":
            return sum(_word_cost(hump) for hump in _HUMPS.findall(piece))
        case "han":
            return len(piece) * 0.7
        case "kana":
            return len(piece) * 0.7
        case "other":
            return max(1.0, len(piece) / 3)
        case "marks":
            return max(1.0, len(piece) / 3)
        case "blank":
            # One blank belongs to the next word; line breaks and indents are one token.
            return 0.0 if piece == " " else 1.0
        case "rest":
            return 1.0 if piece.isascii() else 2.0
        case _:
            return 1.0


def _word_cost(word: str) -> float:
    """Common words are one token; longer and rarer ones are split."""
    length = len(word)
    if word.isupper() and length > 2:
        return 1 + (length - 3) / 4
    return 1.0 if length <= 8 else 1 + (length - 8) / 12
