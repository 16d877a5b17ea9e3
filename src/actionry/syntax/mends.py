"""A text with some places replaced, that still knows where each character came from."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from actionry.errors import UnreadableDocument
from actionry.findings import Finding, Position
from actionry.syntax.codes import FINDING_CODES

SHOWN_PER_CODE = 50
"""Findings of one code in one text; a hostile text may hold a million slips."""


@dataclass(frozen=True, slots=True)
class Edit:
    """`text[start:end]` becomes `replacement`."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True, slots=True)
class MendedText:
    """`text` is what is parsed; `source_offset` leads back into the text as it was given."""

    text: str
    breaks: tuple[tuple[int, int], ...] = ()
    """Ascending (offset in `text`, offset in the source): from here on both run in step."""

    def source_offset(self, offset: int) -> int:
        """Where the character at `offset` of the mended text stands in the source."""
        if not self.breaks:
            return offset
        index = bisect_right(self.breaks, offset, key=lambda pair: pair[0]) - 1
        if index < 0:
            return offset
        mended, source = self.breaks[index]
        return source + offset - mended

    def edited(self, edits: Iterable[Edit]) -> MendedText:
        """A further round of edits (ascending, not overlapping), given in offsets of this text."""
        pieces: list[str] = []
        breaks: list[tuple[int, int]] = []
        position = length = 0
        older = iter((*self.breaks, (len(self.text) + 1, 0)))
        mended, source = next(older)
        for edit in (*edits, Edit(len(self.text), len(self.text), "")):
            while mended < edit.start:
                if mended >= position:
                    breaks.append((length + mended - position, source))
                mended, source = next(older)
            pieces += (self.text[position : edit.start], edit.replacement)
            length += edit.start - position
            breaks.append((length, self.source_offset(edit.start)))
            length += len(edit.replacement)
            breaks.append((length, self.source_offset(edit.end)))
            position = edit.end
        return MendedText("".join(pieces), tuple(breaks))


class Lines:
    """Offset -> line and column, both 1-based; \\n, \\r\\n and a lone \\r end a line."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts: list[int] | None = None

    def position(self, offset: int) -> Position:
        if self._starts is None:
            self._starts = line_starts(self._text)
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)


LINE_BREAK = re.compile(r"\r\n|\n|\r")


def line_starts(text: str) -> list[int]:
    """Offsets at which lines start; str.splitlines would also break at form feeds and U+2028, editors do not."""
    if "\r" in text:
        return [0, *(match.end() for match in LINE_BREAK.finditer(text))]
    starts, offset = [0], text.find("\n")
    while offset >= 0:
        starts.append(offset + 1)
        offset = text.find("\n", offset + 1)
    return starts


class FindingList:
    """Collects findings with positions, at most `SHOWN_PER_CODE` of each code, and says how many more there are."""

    def __init__(self, source: str, lines: Lines | None = None) -> None:
        self._source = source
        self._lines = lines or Lines(source)
        self._counts: dict[str, int] = {}
        self._kept: list[Finding] = []

    def empty(self) -> FindingList:
        """Another list about the same text."""
        return FindingList(self._source, self._lines)

    def copy(self) -> FindingList:
        """What an attempt adds to the copy is forgotten with it when it fails."""
        copy = self.empty()
        copy._counts, copy._kept = dict(self._counts), list(self._kept)
        return copy

    def take(self, copy: FindingList) -> None:
        """Keep what was added to the copy."""
        self._counts, self._kept = copy._counts, copy._kept

    def add(self, code: str, offset: int | None, message: str = "", *, mend: str = "", pointer: str = "") -> None:
        """`offset` is into the source text; None when the pointer tells the place."""
        count = self._counts[code] = self._counts.get(code, 0) + 1
        if count > SHOWN_PER_CODE:
            return
        severity, meaning, usual_mend = FINDING_CODES[code]
        self._kept.append(
            Finding(
                code=code,
                severity=severity,
                pointer=pointer,
                message=message or meaning,
                mend=mend or usual_mend,
                known_position=None if offset is None else self._lines.position(offset),
            )
        )

    def add_at(self, code: str, failure: UnreadableDocument) -> None:
        """What another reader stumbled over, and where."""
        severity, meaning, mend = FINDING_CODES[code]
        place = Position(failure.line or 1, failure.column or 1)
        message = f"{meaning} {failure.message}"
        mend = failure.mend or mend
        self._kept.append(
            Finding(code=code, severity=severity, pointer="", message=message, mend=mend, known_position=place)
        )

    def finished(self) -> list[Finding]:
        findings = list(self._kept)
        for code, count in self._counts.items():
            if count > SHOWN_PER_CODE:
                severity, meaning, mend = FINDING_CODES[code]
                message = f"{count - SHOWN_PER_CODE} more of these. {meaning}"
                findings.append(Finding(code=code, severity=severity, pointer="", message=message, mend=mend))
        return findings
