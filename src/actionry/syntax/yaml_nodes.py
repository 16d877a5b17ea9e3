"""YAML 1.2 from libyaml's events, with every budget counted before anything grows.

This is the careful reader: it knows anchors, merge keys, tags, and how a key was written. Aliases are copied, so
that the tree is a tree; what the copies will cost is computed when the alias is met, before anything is copied.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from actionry.errors import UnreadableDocument
from actionry.findings import Position, join_pointer
from actionry.limits import ReadLimits
from actionry.syntax.mends import FindingList, Lines, MendedText
from actionry.syntax.numbers import read_float, read_integer
from actionry.syntax.shape import too_deep, too_many_nodes

FREE_EXPANSION = 200_000
"""Values that aliases and merge keys may add to any text: harmless, and far more than honest texts need."""
EXPANSION_FACTOR = 20
"""Beyond that, aliases may multiply what is written by this much."""

# YAML 1.2.2 section 10.3.2, core schema.
NULL = frozenset({"", "~", "null", "Null", "NULL"})
BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
FIRST_OF_SPECIAL = frozenset("~ntfNTF0123456789+-.")

YAML_TAG = "tag:yaml.org,2002:"
TEXT_TAGS = frozenset({"!", YAML_TAG + "str", YAML_TAG + "binary", YAML_TAG + "timestamp"})
PLAIN_TAGS = frozenset(
    YAML_TAG + name for name in ("int", "float", "bool", "null", "map", "seq", "omap", "set", "pairs")
)
PLACEHOLDER = re.compile(r"\{\{[^{}\n]*\}\}")

FOREIGN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What libyaml refuses or takes for a line break, and YAML 1.2 readers take as it is."""
PRIVATE = 0xF0000
STAND_INS = {code: PRIVATE + code for code in range(0x10000) if FOREIGN.match(chr(code))}
ORIGINALS = {stand_in: code for code, stand_in in STAND_INS.items()}


@dataclass(slots=True)
class Anchored:
    value: Any
    cost: int
    """Values in it, aliases expanded and merge keys followed."""
    height: int


@dataclass(slots=True)
class Frame:
    """A mapping or list that is open."""

    container: Any
    start: int
    anchor: str | None
    cost: int = 1
    height: int = 1
    key: str = ""
    has_key: bool = False
    is_merge: bool = False
    """The member that is being read has the key `<<`."""
    merged: list[dict[str, Any]] = field(default_factory=list)
    odd_key: str | None = None
    """A structure that stands as a key; reported at the end, when it is no placeholder."""


class NodeReader:
    """Reads one text once; `root` is the first document that holds anything."""

    def __init__(self, parsed: MendedText, limits: ReadLimits, findings: FindingList, lines: Lines) -> None:
        self.text = parsed.text
        self.source_offset = parsed.source_offset
        self.lines = lines
        self.limits = limits
        self.findings = findings
        self.root: Any = None
        self.documents = 0
        self.odd_key_count = 0
        self.first_odd_key: str | None = None
        """Pointer of the first key that was not text."""
        self.has_stand_ins = False
        self.written = self.aliases = self.expanded = 0
        self.anchors: dict[str, Anchored | None] = {}
        """None while the anchored value is being read."""
        self.stack: list[Frame] = []

    def position(self, offset: int) -> Position:
        return self.lines.position(self.source_offset(offset))

    def read(self) -> Any:
        """Raises yaml.YAMLError for what is no YAML, UnreadableDocument beyond a budget."""
        for event in self.events():
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self.count_written(event)
                self.add_scalar(event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self.count_written(event)
                self.open(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                self.close(event)
            elif kind is yaml.AliasEvent:
                self.add_alias(event)
            elif kind is yaml.DocumentStartEvent:
                self.anchors.clear()
        return self.root

    def events(self) -> Iterator[Any]:
        text = self.text
        if FOREIGN.search(text):
            self.has_stand_ins = True
            text = text.translate(STAND_INS)
        loader = yaml.CSafeLoader(text)
        try:
            while (event := loader.get_event()) is not None:
                yield event
                if type(event) is yaml.StreamEndEvent:
                    return
        finally:
            loader.dispose()

    def count_written(self, event: Any) -> None:
        self.written += 1
        if self.written > self.limits.nodes:
            place = self.position(event.start_mark.index)
            raise too_many_nodes(self.limits, place.line, place.column)

    # Scalars

    def add_scalar(self, event: Any) -> None:
        text: str = event.value
        if self.has_stand_ins:
            text = text.translate(ORIGINALS)
        parent = self.stack[-1] if self.stack else None
        is_plain = event.implicit[0]
        if parent is not None and type(parent.container) is dict and not parent.has_key:
            parent.key, parent.has_key = text, True
            parent.is_merge = is_plain and text == "<<"
            if (is_plain or event.tag in PLAIN_TAGS) and not isinstance(self.resolve(text, event, True), str):
                self.note_odd_key(text)
            if event.anchor:
                self.anchors[event.anchor] = Anchored(text, 1, 0)
            return
        value: Any = text
        if is_plain or event.tag in PLAIN_TAGS:
            value = self.resolve(text, event, False)
        elif event.tag and event.tag not in TEXT_TAGS:
            self.note_tag(event)
            if event.style is None:
                value = self.resolve(text, event, False)
        if event.anchor:
            self.anchors[event.anchor] = Anchored(value, 1, 0)
        self.add(value, 1, 0, event)

    def resolve(self, text: str, event: Any, is_key: bool) -> Any:
        """A plain scalar by the core schema; text that is no number, boolean or null stays text."""
        if text and text[0] not in FIRST_OF_SPECIAL:
            return text
        if text in NULL:
            return None
        if text in BOOL:
            return BOOL[text]
        if INTEGER.fullmatch(text):
            if is_key:
                return 0
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            digits = text if base == 10 else text[2:]
            return read_integer(digits, base, self.limits, self.position(event.start_mark.index))
        if FLOAT.fullmatch(text):
            return 0.0 if is_key else read_float(text, self.position(event.start_mark.index))
        if NOT_FINITE.fullmatch(text):
            if is_key:
                return 0.0
            self.findings.add("YAML-NOT-A-NUMBER", self.source_offset(event.start_mark.index))
        return text

    # Structures

    def open(self, event: Any, container: Any) -> None:
        if len(self.stack) >= self.limits.depth:
            place = self.position(event.start_mark.index)
            raise too_deep(self.limits, place.line, place.column)
        if event.tag and event.tag not in PLAIN_TAGS and event.tag != "!":
            self.note_tag(event)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(Frame(container, event.start_mark.index, event.anchor))

    def close(self, event: Any) -> None:
        frame = self.stack.pop()
        value: Any = frame.container
        if frame.merged:
            value = self.with_merged(frame)
        if frame.odd_key is not None:
            written = self.text[frame.start : event.end_mark.index]
            if PLACEHOLDER.fullmatch(written):
                self.findings.add("YAML-PLACEHOLDER", self.source_offset(frame.start))
                value, frame.cost, frame.height = written, 1, 0
            else:
                self.stack.append(frame)
                self.note_odd_key(frame.odd_key)
                self.stack.pop()
        if frame.anchor:
            self.anchors[frame.anchor] = Anchored(value, frame.cost, frame.height)
        self.add(value, frame.cost, frame.height, event, frame.start)

    def add(self, value: Any, cost: int, height: int, event: Any, start: int | None = None) -> None:
        """Put a finished value where it belongs."""
        if not self.stack:
            self.add_document(value, event.start_mark.index if start is None else start)
            return
        frame = self.stack[-1]
        frame.cost += cost
        frame.height = max(frame.height, height + 1)
        if type(frame.container) is list:
            frame.container.append(value)
        elif not frame.has_key:
            frame.has_key = True
            frame.key = value if isinstance(value, str) else self.key_text(start, event)
            if not isinstance(value, str):
                frame.odd_key = frame.key
        else:
            self.add_member(frame, value, event)
            frame.has_key = frame.is_merge = False

    def add_member(self, frame: Frame, value: Any, event: Any) -> None:
        if frame.is_merge:
            sources = value if isinstance(value, list) else [value]
            if all(isinstance(source, dict) for source in sources):
                frame.merged += sources
                return
            self.findings.add("YAML-MERGE-KEY", self.source_offset(event.start_mark.index))
        if frame.key in frame.container:
            del frame.container[frame.key]  # the last one counts, and it counts where it stands
        frame.container[frame.key] = value

    def with_merged(self, frame: Frame) -> dict[str, Any]:
        """Own members win over merged ones, an earlier merged mapping over a later one (YAML 1.1, `merge` type).

        Merged members come first, as a reader would see them inserted at the top.
        """
        merged: dict[str, Any] = {}
        for source in frame.merged:
            for key, value in source.items():
                if key not in frame.container:
                    merged.setdefault(key, value)
        return {**merged, **frame.container}

    def key_text(self, start: int | None, event: Any) -> str:
        """How a structure that stands as a key is written."""
        begin = event.start_mark.index if start is None else start
        return " ".join(self.text[begin : min(event.end_mark.index, begin + 200)].split())

    def add_document(self, value: Any, offset: int) -> None:
        self.documents += value is not None
        if value is None:
            return
        if self.documents == 1:
            self.root = value
        elif self.documents == 2:
            self.findings.add("YAML-SEVERAL-DOCUMENTS", self.source_offset(offset))

    # Aliases

    def add_alias(self, event: Any) -> None:
        place: Position = self.position(event.start_mark.index)
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            raise refused_alias(f"The text uses more than {self.limits.aliases:,} aliases", place)
        if event.anchor not in self.anchors:
            raise refused_alias(f"The alias *{event.anchor} has no anchor &{event.anchor} before it", place)
        target = self.anchors[event.anchor]
        if target is None:
            raise refused_alias(f"The alias *{event.anchor} stands inside its own anchor", place)
        self.expanded += target.cost
        if self.expanded > min(self.limits.nodes, FREE_EXPANSION + EXPANSION_FACTOR * self.written):
            raise refused_alias(
                f"Aliases and merge keys would blow the text up to more than {self.expanded:,} values", place
            )
        if len(self.stack) + target.height > self.limits.depth:
            raise too_deep(self.limits, place.line, place.column)
        frame = self.stack[-1] if self.stack else None
        if frame is not None and type(frame.container) is dict and not frame.has_key:
            frame.has_key = True
            frame.key = target.value if isinstance(target.value, str) else self.key_text(None, event)
            return
        self.add(copied(target.value), target.cost, target.height, event)

    # Findings

    def note_tag(self, event: Any) -> None:
        message = f"The tag {event.tag} has no meaning here; the value was read without it."
        self.findings.add("YAML-TAG", self.source_offset(event.start_mark.index), message)

    def note_odd_key(self, key: str) -> None:
        self.odd_key_count += 1
        if self.first_odd_key is None:
            tokens = [len(f.container) if type(f.container) is list else f.key for f in self.stack[:-1]]
            self.first_odd_key = join_pointer("", *tokens, key)


def copied(value: Any) -> Any:
    """A copy of the structure; its depth is within the limit already."""
    if type(value) is dict:
        return {key: copied(member) for key, member in value.items()}
    if type(value) is list:
        return [copied(item) for item in value]
    return value


def refused_alias(what: str, place: Position) -> UnreadableDocument:
    return UnreadableDocument(
        f"{what} (line {place.line}, column {place.column}).",
        mend="Write the value out, or refer to a component with $ref.",
        code="YAML-ALIAS",
        line=place.line,
        column=place.column,
    )
