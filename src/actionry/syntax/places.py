"""Where a key or list item stands in a JSON or YAML text, found by reading only the mappings on the way.

Parsers that keep positions cost 10 to 50 times as much as those that do not, and positions are wanted for a
few findings only. So the text is read again, by indentation and brackets, one mapping or list at a time, each
once. The text has been parsed before, so this reading may trust it to be well formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Protocol

import orjson
import regex as re  # possessive groups, which Python before 3.11.5 matches wrongly (gh-106052)


@dataclass(slots=True)
class Place:
    """One key or item: where it starts, and where its value may stand."""

    offset: int
    value: int
    """Offset from which the value is looked for."""
    end: int
    """The value lies before this offset."""
    is_merged: bool = False
    """Brought in by a merge key, so an own member of the same name wins."""
    children: dict[str, Place] | None = field(default=None, repr=False)
    """Read at the first question; list items have their index as the key."""
    duplicates: list[tuple[str, int, int]] = field(default_factory=list, repr=False)
    """(key, offset of an earlier one, offset of the last one)"""


class Places(Protocol):
    def find(self, tokens: list[str]) -> int:
        """Offset of the deepest part of that path that exists."""

    def duplicates(self) -> Iterator[tuple[list[str], int, int]]:
        """Keys that stand twice: path, offset of an earlier one, offset of the one that counts."""


class _Places:
    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Place | None = None

    def find(self, tokens: list[str]) -> int:
        if self.root is None:
            self.root = self.read_root()
        place = self.root
        for token in tokens:
            child = self.children_of(place).get(token)
            if child is None:
                break
            place = child
        return place.offset

    def duplicates(self) -> Iterator[tuple[list[str], int, int]]:
        if self.root is None:
            self.root = self.read_root()
        pending: list[tuple[list[str], Place]] = [([], self.root)]
        while pending:
            path, place = pending.pop()
            if self.is_alias(place):
                continue  # what it stands for is read at its anchor
            children = self.children_of(place)
            for key, earlier, last in place.duplicates:
                yield [*path, key], earlier, last
            pending += [([*path, key], child) for key, child in reversed(children.items()) if not child.is_merged]
            # Not kept: a whole index of a large document costs more memory than the document.
            if path:
                place.children = None

    def children_of(self, place: Place) -> dict[str, Place]:
        if place.children is None:
            place.children = {}
            for key, child in self.read_children(place):
                earlier = place.children.get(key)
                if earlier is not None and child.is_merged:
                    continue
                if earlier is not None and not earlier.is_merged:
                    place.duplicates.append((key, earlier.offset, child.offset))
                place.children[key] = child
        return place.children

    def is_alias(self, place: Place) -> bool:
        return False

    def read_root(self) -> Place:
        raise NotImplementedError

    def read_children(self, place: Place) -> Iterator[tuple[str, Place]]:
        raise NotImplementedError


JSON_TO_BRACKET = re.compile(r'[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+', re.S)
JSON_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.S)
JSON_SPACE = re.compile(r"[ \t\r\n]*+")
JSON_SCALAR = re.compile(r"[^,\]}\s]++")


class JsonPlaces(_Places):
    """Strict JSON."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._closing: dict[int, int] | None = None

    def read_root(self) -> Place:
        start = _after(JSON_SPACE, self.text, 0)
        return Place(start, start, len(self.text))

    def read_children(self, place: Place) -> Iterator[tuple[str, Place]]:
        """Members or items of the bracket that opens at `place.value`; none of a scalar."""
        text = self.text
        opening = text[place.value : place.value + 1]
        if opening not in ("{", "["):
            return
        offset, index = place.value + 1, 0
        while True:
            offset = _after(JSON_SPACE, text, offset)
            if text[offset : offset + 1] in ("]", "}", ""):
                return
            start, key = offset, str(index)
            if opening == "{":
                offset = _after(JSON_STRING, text, offset)
                key = json_string(text[start:offset])
                offset = _after(JSON_SPACE, text, text.index(":", offset) + 1)
            value = offset
            offset = self.value_end(value)
            yield key, Place(start, value, offset)
            offset = _after(JSON_SPACE, text, offset)
            if text[offset : offset + 1] == ",":
                offset += 1
            index += 1

    def value_end(self, value: int) -> int:
        match self.text[value]:
            case "{" | "[":
                return self.closing[value] + 1
            case '"':
                return _after(JSON_STRING, self.text, value)
            case _:
                return _after(JSON_SCALAR, self.text, value)

    @property
    def closing(self) -> dict[int, int]:
        """Offset of each opening bracket -> offset of its closing one; one pass over the text."""
        if self._closing is None:
            self._closing, opened, offset = {}, [], 0
            text, to_bracket = self.text, JSON_TO_BRACKET.match
            while match := to_bracket(text, offset):
                offset = match.end()
                if offset >= len(text):
                    break
                if text[offset] in "{[":
                    opened.append(offset)
                elif opened:
                    self._closing[opened.pop()] = offset
                offset += 1
        return self._closing


# re.A throughout: YAML knows blanks, tabs and line breaks; a no-break space is text.
SKIP = re.compile(r"(?:[ \t\r\n]++|(?:(?<=\s)|(?<![^\n]))#[^\n]*+)*+", re.A)
"""Blanks, line breaks and comments between YAML tokens."""
PROPERTY = re.compile(r"[&!][^\s,\[\]{}]*+[ \t]*+|!<[^>\s]*+>[ \t]*+", re.A)
"""An anchor or tag before a value."""
ALIAS = re.compile(r"\*([^\s,\[\]{}]+)", re.A)
DOUBLE_QUOTED = JSON_STRING
SINGLE_QUOTED = re.compile(r"'[^']*+(?:''[^']*+)*+'", re.A)
PLAIN_KEY = re.compile(r"[^\s#].*?(?=[ \t]*:(?:\s|$))", re.M | re.A)
KEY_COLON = re.compile(r"[ \t]*:(?=\s|$)", re.M | re.A)
FLOW_PLAIN = re.compile(r"(?:[^\s,\[\]{}:#]|:(?![\s,\[\]{}]|$)|(?<!\s)#|[ \t]+(?![\s#]|:[\s,\[\]{}]))*+", re.A)
DOCUMENT_START = re.compile(r"(?:%[^\n]*\n|#[^\n]*\n|\s)*?^---(?=\s|$)", re.M | re.A)
DOCUMENT_END = re.compile(r"^(?:---|\.\.\.)(?=\s|$)", re.M | re.A)
DASH = re.compile(r"-(?=\s|$)", re.A)
FLOW_OPEN = ("{", "[")


class YamlPlaces(_Places):
    """YAML in block and flow style; aliases and merge keys lead to where the anchor stands."""

    def read_root(self) -> Place:
        start = DOCUMENT_START.match(self.text)
        begin = start.end() if start else 0
        end = DOCUMENT_END.search(self.text, begin + 1)
        # Several documents: the first that holds anything is the one that is read.
        while end and not self.text[self.skip(begin, end.start()) : end.start()]:
            begin = end.end()
            end = DOCUMENT_END.search(self.text, begin + 1)
        stop = end.start() if end else len(self.text)
        return Place(min(self.skip(begin, stop), stop), begin, stop)

    def skip(self, offset: int, end: int) -> int:
        return _after(SKIP, self.text, offset, end)

    def content(self, place: Place) -> int:
        """Where the value's first token stands, after anchors and tags; `place.end` when it is empty."""
        offset = self.skip(place.value, place.end)
        while match := PROPERTY.match(self.text, offset, place.end):
            offset = self.skip(match.end(), place.end)
        return offset

    def read_children(self, place: Place) -> Iterator[tuple[str, Place]]:
        start = self.content(place)
        if start >= place.end:
            return iter(())
        if self.text[start] in FLOW_OPEN:
            return self.flow_children(start, place.end)
        if alias := ALIAS.match(self.text, start, place.end):
            return self.anchor_children(alias[1], start)
        if self.text[start] in "|>":
            return iter(())
        if DASH.match(self.text, start, place.end):
            return self.block_items(start, place.end)
        return self.block_members(start, place.end)

    def is_alias(self, place: Place) -> bool:
        return self.text.startswith("*", self.content(place))

    def anchor_children(self, name: str, before: int) -> Iterator[tuple[str, Place]]:
        """The children of the last `&name` before that offset."""
        anchor = re.compile(rf"(?<![^\s,\[{{])&{re.escape(name)}(?=[\s,\]}}]|$)", re.A)
        found = max(anchor.finditer(self.text, 0, before), key=re.Match.start, default=None)
        if found is None:
            return
        column = self.column(found.start())
        end = self.block_end(found.end(), column, before)
        yield from self.read_children(Place(found.start(), found.end(), end))

    def column(self, offset: int) -> int:
        """Indentation of the line that holds the offset."""
        line = self.text.rfind("\n", 0, offset) + 1
        match = INDENT.match(self.text, line)
        return match.end() - line if match else 0

    def block_end(self, offset: int, indent: int, limit: int) -> int:
        match = _dedent(indent).search(self.text, self.text.find("\n", offset) + 1 or limit, limit)
        return match.start() if match else limit

    def indent_of(self, start: int) -> int:
        """Column (0-based) of a block collection's first token."""
        return start - self.text.rfind("\n", 0, start) - 1

    def block_items(self, start: int, end: int) -> Iterator[tuple[str, Place]]:
        starts = [start, *(m.end() for m in _at_indent(self.indent_of(start), "-").finditer(self.text, start + 1, end))]
        for index, offset in enumerate(starts):
            stop = starts[index + 1] if index + 1 < len(starts) else end
            item = self.skip(offset + 1, stop)
            yield str(index), Place(item if item < stop else offset, offset + 1, stop)

    def block_members(self, start: int, end: int) -> Iterator[tuple[str, Place]]:
        text = self.text
        if self.read_key(start, end) is None:
            return  # a scalar
        starts = [start, *(m.end() for m in _at_indent(self.indent_of(start), "key").finditer(text, start + 1, end))]
        keys = [found for offset in starts if (found := self.read_key(offset, end))]
        for index, (offset, key, value) in enumerate(keys):
            stop = keys[index + 1][0] if index + 1 < len(keys) else end
            if value > stop:
                continue
            if key == "<<":
                for name, child in self.merged(Place(offset, value, stop)):
                    yield name, replace(child, is_merged=True)
            yield key, Place(offset, value, stop)

    def merged(self, place: Place) -> Iterator[tuple[str, Place]]:
        """What a merge key brings in; an own key of the same name comes later or is found again."""
        start = self.content(place)
        if self.text[start : start + 1] == "[":
            for _, item in self.flow_children(start, place.end):
                yield from self.read_children(item)
        else:
            yield from self.read_children(place)

    def read_key(self, offset: int, end: int) -> tuple[int, str, int] | None:
        """(offset, key, offset after its colon), or None when no key stands there."""
        text = self.text
        if text.startswith(("? ", "?\n"), offset):
            offset = self.skip(offset + 1, end)
        start = offset
        while match := PROPERTY.match(text, offset, end):
            offset = match.end()
        if text[offset : offset + 1] == '"' and (match := DOUBLE_QUOTED.match(text, offset, end)):
            key = json_string(match[0])
        elif text[offset : offset + 1] == "'" and (match := SINGLE_QUOTED.match(text, offset, end)):
            key = match[0][1:-1].replace("''", "'")
        elif match := PLAIN_KEY.match(text, offset, end):
            key = match[0]
        else:
            return None
        colon = KEY_COLON.match(text, match.end(), end)
        if colon is None:
            colon = KEY_COLON.match(text, self.skip(match.end(), end), end)
        return (start, key, colon.end()) if colon else None

    def flow_children(self, start: int, end: int) -> Iterator[tuple[str, Place]]:
        text, is_mapping = self.text, self.text[start] == "{"
        offset, index = start + 1, 0
        while True:
            offset = self.skip(offset, end)
            if offset >= end or text[offset] in "]}":
                return
            if text[offset] == ",":
                offset += 1
                continue
            first, key = offset, str(index)
            offset = self.flow_end(offset, end)
            value = first
            if is_mapping:
                key = unquoted(text[first:offset])
                value = offset
                after = self.skip(offset, end)
                if text[after : after + 1] == ":":
                    value = self.skip(after + 1, end)
                    offset = value if text[value : value + 1] in (",", "}") else self.flow_end(value, end)
            if key == "<<":
                for name, child in self.merged(Place(first, value, offset)):
                    yield name, replace(child, is_merged=True)
            yield key, Place(first, value, offset)
            if offset == first:
                return
            offset = self.skip(offset, end)
            # `[a: 1]` is a mapping with one member, as an item.
            while offset < end and text[offset] not in ",]}":
                offset = self.skip(max(self.flow_end(offset, end), offset + 1), end)
            index += 1

    def flow_end(self, offset: int, end: int) -> int:
        """End of the flow node (scalar, mapping or list) that starts there."""
        text = self.text
        while match := PROPERTY.match(text, offset, end):
            offset = self.skip(match.end(), end)
        if text[offset : offset + 1] not in FLOW_OPEN:
            return self.flow_scalar_end(offset, end)
        depth = 0
        while offset < end:
            character = text[offset]
            if character in "{[":
                depth += 1
                offset += 1
            elif character in "]}":
                depth -= 1
                offset += 1
                if not depth:
                    return offset
            elif character in ",:":
                offset += 1
            else:
                offset = max(self.flow_scalar_end(offset, end), offset + 1)
            offset = self.skip(offset, end)
        return end

    def flow_scalar_end(self, offset: int, end: int) -> int:
        for quote, pattern in (('"', DOUBLE_QUOTED), ("'", SINGLE_QUOTED)):
            if self.text.startswith(quote, offset) and (match := pattern.match(self.text, offset, end)):
                return match.end()
        return _after(FLOW_PLAIN, self.text, offset, end)


INDENT = re.compile(r" *+(?:- +)*+", re.A)


@lru_cache(maxsize=512)
def _at_indent(indent: int, kind: str) -> re.Pattern[str]:
    """Lines with a token at exactly that indentation: a list's dash, or something that may be a key."""
    token = r"(?=-(?:\s|$))" if kind == "-" else r"(?![\s#]|-(?:\s|$))"
    return re.compile(rf"^ {{{indent}}}{token}", re.M | re.A)


@lru_cache(maxsize=512)
def _dedent(indent: int) -> re.Pattern[str]:
    """A line with content at that indentation or less."""
    return re.compile(rf"^ {{0,{indent}}}(?![\s#])", re.M | re.A)


def _after(pattern: re.Pattern[str], text: str, offset: int, end: int | None = None) -> int:
    match = pattern.match(text, offset) if end is None else pattern.match(text, offset, end)
    return match.end() if match else offset


def unquoted(token: str) -> str:
    """The text of a flow scalar."""
    if token.startswith('"') and len(token) > 1:
        return json_string(token)
    if token.startswith("'") and len(token) > 1:
        return token[1:-1].replace("''", "'")
    return token


def json_string(token: str) -> str:
    """The text of a double-quoted string; YAML's further escapes are left as they stand."""
    if "\\" not in token:
        return token[1:-1]
    try:
        return str(orjson.loads(token))
    except orjson.JSONDecodeError:
        return token[1:-1]
