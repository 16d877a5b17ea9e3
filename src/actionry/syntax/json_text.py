"""JSON text becomes a tree: strictly and fast, or with the usual slips mended."""

from __future__ import annotations

import json
from typing import Any

import orjson
import regex as re  # possessive groups, which Python before 3.11.5 matches wrongly (gh-106052)

from actionry.errors import UnreadableDocument
from actionry.findings import Position
from actionry.limits import ReadLimits
from actionry.syntax.json_slips import JsonMender, JsonSlipError
from actionry.syntax.mends import FindingList, Lines, MendedText
from actionry.syntax.numbers import read_float, read_integer
from actionry.syntax.shape import measure, too_deep

LONGEST_MENDED = 20_000_000
"""Characters; mending takes about 1 s for 5 MB, and a text of that size was written by a program that knows JSON."""
BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]]', re.S)
NUMBER = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(-?[0-9][0-9.eE+-]*+)', re.S)


def read_strict_json(text: str, limits: ReadLimits, lines: Lines) -> Any:
    """Raises json.JSONDecodeError for what is no JSON, UnreadableDocument beyond a budget."""
    try:
        root = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "Not enough memory" in error.msg:
            raise MemoryError from None  # says nothing about the text: mending it would take the rest
        if "infinity" not in error.msg:
            raise
        # Either too large, or an integer of more than 308 digits, which is fine.
        root = read_exact_json(text, limits, lines)
        measure(root, limits)
        return root
    # orjson turns integers beyond 64 bits into floats; they are ids and keys, to be kept exactly.
    return read_exact_json(text, limits, lines) if measure(root, limits).has_odd_numbers else root


def read_exact_json(text: str, limits: ReadLimits, lines: Lines) -> Any:
    """Slower, with every integer exact. Raises as `read_strict_json`."""
    check_numbers(text, limits, lines)
    try:
        return json.loads(text, parse_constant=refuse_constant)
    except RecursionError:
        raise too_deep(limits) from None


def refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no JSON", "", 0)


def check_numbers(text: str, limits: ReadLimits, lines: Lines) -> None:
    """Raises UnreadableDocument at the first number that is too large."""
    for match in NUMBER.finditer(text):
        number = match[1]
        if number is None or (len(number) < 19 and "e" not in number and "E" not in number):
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
    except UnreadableDocument as error:
        if error.code == "SYNTAX-TOO-DEEP" and (offset := first_beyond(parsed.text, limits.depth)) is not None:
            place = lines.position(parsed.source_offset(offset))
            raise too_deep(limits, place.line, place.column) from None
        raise
    except json.JSONDecodeError as error:  # orjson's is one of these
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


def first_beyond(text: str, depth: int) -> int | None:
    """Offset of the first bracket that opens more than `depth` levels."""
    level = 0
    for match in BRACKET.finditer(text):
        level += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match[0], 0)
        if level > depth:
            return match.start()
    return None


def no_json(place: Position, message: str, mend: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"Line {place.line}, column {place.column}: this is no valid JSON ({message}).",
        mend=mend or None,
        code="JSON-SYNTAX",
        line=place.line,
        column=place.column,
    )
