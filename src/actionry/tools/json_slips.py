"""JSON as models write it: read strictly where it is JSON, and as plainly meant where the slip has one reading.

Mended: a code fence, trailing commas, single and curly quotes, Python's True/False/None, bare keys, comments, line
breaks inside text, brackets missing or too many at the very end. Anything else is refused with its place: text that
breaks off inside a string has lost something, and NaN has no JSON meaning.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

from actionry.errors import ArgumentError
from actionry.limits import READ_LIMITS

MAX_DEPTH = 100
_FENCE = re.compile(r"\A\s*```[A-Za-z0-9_-]*\s*\n?(.*?)\n?\s*```\s*\Z", re.DOTALL)
_LONG_DIGITS = re.compile(r"\d{19}")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_BLANK = re.compile(r"(?:[\s\ufeff\u00a0]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_CLOSING_QUOTE = {'"': '"', "'": "'", "“": "”", "‘": "’"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'", "\n": ""}


def read_json(text: str) -> Any:
    """The value that the text means; raises ArgumentError with line and column when that is not plain."""
    if _LONG_DIGITS.search(text):
        value = _read_exactly(text)  # orjson reads integers beyond 64 bits as floats
        if value is not _UNREADABLE:
            return value
    else:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    fenced = _FENCE.match(text)
    return _Reader(fenced[1] if fenced else text).read()


_UNREADABLE = object()


def _read_exactly(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # ValueError: also integers beyond Python's digit limit
        return _UNREADABLE


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def read(self) -> Any:
        self.skip()
        if self.at >= len(self.text):
            self.refuse("there is no value")
        value = self.value(0)
        self.skip()
        while self.peek() in ("}", "]", ";"):
            self.at += 1
            self.skip()
        if self.at < len(self.text):
            self.refuse(f"`{self.text[self.at : self.at + 20]}` follows the end of the value")
        return value

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def skip(self) -> None:
        blank = _BLANK.match(self.text, self.at)
        if blank:
            self.at = blank.end()

    def refuse(self, why: str) -> NoReturn:
        before = self.text[: self.at]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        raise ArgumentError(
            f"The arguments are not JSON: {why} (line {line}, column {column}).",
            rule="json",
            example={},
            mend='Send one JSON object, for example {"name": "value"}.',
        )

    def value(self, depth: int) -> Any:
        if depth > MAX_DEPTH:
            self.refuse(f"it is nested deeper than {MAX_DEPTH} levels")
        start = self.peek()
        if start == "{":
            return self.object(depth)
        if start == "[":
            return self.list(depth)
        if start in _CLOSING_QUOTE:
            return self.string()
        number = _NUMBER.match(self.text, self.at)
        if number:
            return self.number(number)
        word = _WORD.match(self.text, self.at)
        if word and word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        broken = "it breaks off where a value is expected"
        return self.refuse(f"`{word[0] if word else start}` is no JSON value" if start else broken)

    def number(self, match: re.Match[str]) -> int | float:
        text = match[0].lstrip("+")
        if len(text) > READ_LIMITS.integer_digits:
            self.refuse("a number is too long")
        value = float(text) if set(text) & set(".eE") else int(text)
        if isinstance(value, float) and value in (float("inf"), float("-inf")):
            self.refuse(f"{text} is beyond what a number can hold")
        self.at = match.end()
        return value

    def object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self.at += 1
        while True:
            self.skip()
            if self.closes("}"):
                return found
            key = self.key()
            self.skip()
            if self.peek() != ":":
                self.refuse(f"a colon is missing after the name `{key[:40]}`")
            self.at += 1
            self.skip()
            found[key] = self.value(depth + 1)
            self.separator("}")

    def list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        self.at += 1
        while True:
            self.skip()
            if self.closes("]"):
                return found
            found.append(self.value(depth + 1))
            self.separator("]")

    def closes(self, bracket: str) -> bool:
        if self.peek() == bracket:
            self.at += 1
            return True
        return self.at >= len(self.text)

    def separator(self, bracket: str) -> None:
        self.skip()
        if self.peek() == ",":
            self.at += 1
        elif self.peek() not in (bracket, ""):
            self.refuse(f"a comma or `{bracket}` is missing")

    def key(self) -> str:
        if self.peek() in _CLOSING_QUOTE:
            return self.string()
        word = _WORD.match(self.text, self.at)
        if word is None:
            self.refuse("a name is expected")
        self.at = word.end()
        return word[0]

    def string(self) -> str:
        opening = self.peek()
        closing = _CLOSING_QUOTE[opening]
        self.at += 1
        parts: list[str] = []
        while True:
            char = self.peek()
            if not char:
                self.refuse("text breaks off without a closing quote")
            self.at += 1
            if char == closing:
                return "".join(parts)
            parts.append(self.escape() if char == "\\" else char)

    def escape(self) -> str:
        char = self.peek()
        self.at += 1
        if char != "u":
            return _ESCAPES.get(char, "\\" + char)
        code = self.code_unit()
        if 0xD800 <= code < 0xDC00 and self.text.startswith("\\u", self.at):
            self.at += 2
            low = self.code_unit()
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00))
        if 0xD800 <= code < 0xE000:
            self.refuse("half of a surrogate pair stands alone")
        return chr(code)

    def code_unit(self) -> int:
        digits = self.text[self.at : self.at + 4]
        if re.fullmatch(r"[0-9A-Fa-f]{4}", digits) is None:
            self.refuse("`\\u` is not followed by four hex digits")
        self.at += 4
        return int(digits, 16)
