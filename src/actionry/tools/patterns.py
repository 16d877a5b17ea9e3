"""Text that matches a regular expression: the shortest telling one, for examples in error messages.

Reads the common part of ECMA-262's grammar and gives up on the rest; the caller checks the result with the
validator, so a wrong guess costs an example and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_REPEATS = 200
MAX_TEXT = 2_000
_CLASSES = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_PREFERRED = "a1A-_ .b2B@/:+"


class _Unreadable(Exception):
    """The pattern uses more of the grammar than is read here."""


def text_matching(pattern: str, at_least: int = 0) -> Iterator[str]:
    """Candidates: with every repetition as short as allowed, then long enough for `at_least` characters."""
    for extra in (0, 1, max(at_least - 1, 2)):
        try:
            text = _Reader(pattern, extra).alternatives()
        except (_Unreadable, IndexError, ValueError):
            return
        if len(text) <= MAX_TEXT:
            yield text


class _Reader:
    def __init__(self, pattern: str, extra: int) -> None:
        self.pattern = pattern
        self.extra = min(extra, MAX_REPEATS)
        self.at = 0
        self.depth = 0

    def peek(self) -> str:
        return self.pattern[self.at : self.at + 1]

    def take(self) -> str:
        char = self.pattern[self.at]
        self.at += 1
        return char

    def alternatives(self) -> str:
        """The first alternative; the others are read and left."""
        self.depth += 1
        if self.depth > 30:
            raise _Unreadable
        first = self.sequence()
        while self.peek() == "|":
            self.at += 1
            self.sequence()
        self.depth -= 1
        if self.depth == 0 and self.at < len(self.pattern):
            raise _Unreadable
        return first

    def sequence(self) -> str:
        parts: list[str] = []
        while self.peek() not in ("", "|", ")"):
            atom = self.atom()
            count = self.repeats()
            if len(atom) * count > MAX_TEXT:
                raise _Unreadable
            parts.append(atom * count)
        return "".join(parts)

    def atom(self) -> str:
        char = self.take()
        match char:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "(":
                return self.group()
            case "[":
                return self.char_class()
            case "\\":
                return self.escape(in_class=False)
            case "*" | "+" | "?" | "{":
                raise _Unreadable
            case _:
                return char

    def group(self) -> str:
        if self.peek() == "?":
            self.at += 1
            kind = self.take()
            if kind == "<" and self.peek() not in ("=", "!"):
                self.at = self.pattern.index(">", self.at) + 1
            elif kind != ":":
                raise _Unreadable
        text = self.alternatives()
        if self.take() != ")":
            raise _Unreadable
        return text

    def repeats(self) -> int:
        char = self.peek()
        least, most = 1, 1
        if char in ("*", "+", "?") and char:
            self.at += 1
            least, most = {"*": (0, MAX_REPEATS), "+": (1, MAX_REPEATS), "?": (0, 1)}[char]
        elif char == "{":
            end = self.pattern.index("}", self.at)
            low, comma, high = self.pattern[self.at + 1 : end].partition(",")
            self.at = end + 1
            least = int(low)
            most = least if not comma else int(high) if high else MAX_REPEATS
        else:
            return 1
        if self.peek() == "?":
            self.at += 1
        return min(max(least, min(least + self.extra, most)), MAX_TEXT)

    def escape(self, *, in_class: bool) -> str:
        char = self.take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in "bB" and not in_class:
            return ""
        if char in "xu":
            if self.peek() == "{":
                end = self.pattern.index("}", self.at)
                digits, self.at = self.pattern[self.at + 1 : end], end + 1
            else:
                size = 2 if char == "x" else 4
                digits = self.pattern[self.at : self.at + size]
                self.at += size
            return chr(int(digits, 16))
        if char in "pP":
            end = self.pattern.index("}", self.at)
            self.at = end + 1
            return "a" if char == "p" else "1"
        if char.isalnum():
            raise _Unreadable
        return char

    def char_class(self) -> str:
        is_negated = self.peek() == "^"
        if is_negated:
            self.at += 1
        ranges: list[tuple[str, str]] = []
        while self.peek() != "]":
            low = self.escape(in_class=True) if (char := self.take()) == "\\" else char
            if self.peek() == "-" and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
                self.at += 1
                high = self.escape(in_class=True) if (char := self.take()) == "\\" else char
                ranges.append((low, high))
            else:
                ranges.append((low, low))
        self.at += 1
        if not is_negated:
            return ranges[0][0]
        for candidate in _PREFERRED:
            if not any(low <= candidate <= high for low, high in ranges):
                return candidate
        raise _Unreadable
