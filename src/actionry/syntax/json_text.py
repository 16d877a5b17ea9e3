"""JSON text becomes a tree: strictly and fast, or with the usual slips mended."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from actionry.errors import UnreadableDocument
from actionry.findings import Position
from actionry.limits import ReadLimits
from actionry.syntax.json_slips import JsonMender, JsonSlipError
from actionry.syntax.mends import FindingList, Lines, MendedText
from actionry.syntax.numbers import read_float, read_integer
from actionry.syntax.shape import measure

LONGEST_MENDED = 20_000_000
"""Characters; mending takes about 1 s for 5 MB, and a text of that size was written by a program that knows JSON."""
NUMBER = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(-?[0-9][0-9.eE+-]*+)', re.S)


def read_strict_json(text: str, limits: ReadLimits, lines: Lines) -> Any:
    """Raises orjson.JSONDecodeError for what is no JSON, UnreadableDocument beyond a budget."""
    root = orjson.loads(text)
    if measure(root, limits).has_odd_numbers:
        # orjson turns integers beyond 64 bits into floats; they are ids and keys, to be kept exactly.
        check_numbers(text, limits, lines)
        root = json.loads(text)
    return root


def check_numbers(text: str, limits: ReadLimits, lines: Lines) -> None:
    """Raises UnreadableDocument at the first number that is too large."""
    for match in NUMBER.finditer(text):
        number = match[1]
        if number is None or len(number) < 19:
            continue
        place = lines.position(match.start())
        if number.lstrip("-").isdigit():
            read_integer(number, 10, limits, place)
        else:
            read_float(number, place)


def read_json(parsed: MendedText, lines: Lines, limits: ReadLimits, findings: FindingList) -> tuple[Any, MendedText]:
    """The root, and the text that was parsed in the end. Raises UnreadableDocument."""
    try:
        return read_strict_json(parsed.text, limits, lines), parsed
    except orjson.JSONDecodeError as error:
        if len(parsed.text) > LONGEST_MENDED:
            place = lines.position(parsed.source_offset(error.pos))
            raise no_json(place, error.msg.partition(":")[0], "") from error
    return read_loose_json(parsed, lines, limits, findings)


def read_loose_json(
    parsed: MendedText, lines: Lines, limits: ReadLimits, findings: FindingList
) -> tuple[Any, MendedText]:
    try:
        mended = JsonMender(parsed, lines, limits).mend(findings)
    except JsonSlipError as error:
        place = lines.position(parsed.source_offset(error.offset))
        raise no_json(place, error.message, error.mend) from error
    return read_strict_json(mended.text, limits, lines), mended


def no_json(place: Position, message: str, mend: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"Line {place.line}, column {place.column}: this is no valid JSON ({message}).",
        mend=mend or None,
        code="JSON-SYNTAX",
        line=place.line,
        column=place.column,
    )
