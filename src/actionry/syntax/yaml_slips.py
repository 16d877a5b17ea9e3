"""What usually lies behind a YAML error: mended where it is plain, explained where it is not (SP-23)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from actionry.errors import UnreadableDocument
from actionry.findings import Position
from actionry.syntax.mends import Edit, FindingList, Lines, MendedText

# Mends

LEADING_TABS = re.compile(r"^([ ]*)(\t[ \t]*)", re.M)
SURROGATE_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
RESERVED_VALUE = re.compile(r"^[ \t]*(?:- +)*(?:[\w$./{}-]+:[ ]+)?(?<=[ :-])([@`%][^\n\"]*?)[ \t]*\r?$", re.M)
STAR_KEY = re.compile(r"^[ \t]*(?:- +)*(\*/[\w.*+-]+|\*)(?=[ ]*:(?:\s|$))", re.M)


def mends(parsed: MendedText, findings: FindingList) -> Iterator[tuple[MendedText, FindingList]]:
    """The text with what is plainly meant put right, and the findings that say so; nothing when there is no slip."""
    text = parsed.text
    # Two columns a tab: texts that indent by tabs alone keep their levels, and in mixed ones it rarely matters.
    slips = [
        ("YAML-TAB", Edit(match.start(2), match.end(2), match[2].replace("\t", "  ")))
        for match in LEADING_TABS.finditer(text)
    ]
    for match in SURROGATE_PAIR.finditer(text):
        code_point = 0x10000 + ((int(match[2], 16) & 0x3FF) << 10) + (int(match[3], 16) & 0x3FF)
        slips.append(("YAML-SURROGATE-PAIR", Edit(match.end(1), match.end(), f"\\U{code_point:08X}")))
    for pattern in (RESERVED_VALUE, STAR_KEY):
        for match in pattern.finditer(text):
            quoted = "'" + match[1].replace("'", "''") + "'"
            slips.append(("YAML-UNQUOTED", Edit(match.start(1), match.end(1), quoted)))
    slips.sort(key=lambda slip: slip[1].start)
    slips = [slip for i, slip in enumerate(slips) if not i or slips[i - 1][1].end <= slip[1].start]
    if slips:
        fresh = findings.copy()
        for code, edit in slips:
            fresh.add(code, parsed.source_offset(edit.start))
        yield parsed.edited([edit for _, edit in slips]), fresh


# Explanations


@dataclass(frozen=True, slots=True)
class Cause:
    """The first whose patterns both fit is told."""

    problem: str
    """Pattern in libyaml's message."""
    line: str
    """Pattern in the line, which is marked with U+0001 at the error's column."""
    says: str
    mend: str


CAUSES: tuple[Cause, ...] = (
    Cause(
        "tab character|cannot start any token|expected",
        "^[ ]*\t|\x01\t",
        "a tab is used for indentation",
        "Replace tabs by spaces.",
    ),
    Cause(
        "cannot start any token",
        "\x01[@`%]",
        "text cannot start with this character",
        "Put the text into quotes: '@name'.",
    ),
    Cause(
        "mapping values are not allowed",
        r"\S:\s.*\x01:",
        "a colon followed by a space stands inside unquoted text",
        "Put the text after the first colon into quotes.",
    ),
    Cause(
        "mapping values are not allowed",
        "",
        "a key stands where no key can be: it is indented too much, or the line above lacks its colon",
        "Give it the same indentation as its neighbours.",
    ),
    Cause(
        "could not find expected ':'",
        "",
        "a line has no `key:`, or a text of several lines is indented too little",
        "Add the colon, indent the text further, or start it with `|`.",
    ),
    Cause(
        "unexpected end of stream",
        "",
        "a quote is never closed",
        "Add the closing quote.",
    ),
    Cause(
        "unexpected document indicator",
        "",
        "a quote is not closed before the next document (---) starts",
        "Add the closing quote.",
    ),
    Cause(
        "unknown escape character|escape code|hexdecimal|hexadecimal",
        "",
        "a backslash in double-quoted text is followed by something that YAML does not know",
        "Double the backslash, or use single quotes.",
    ),
    Cause(
        "expected ',' or '[}\\]]'",
        "",
        "a list or mapping in brackets is not closed, or lacks a comma",
        "Close the bracket; if the brackets are meant as text, put it into quotes.",
    ),
    Cause(
        "expected '-' indicator",
        "",
        "a list goes on with something that is no item",
        "Start the line with `- `, or change its indentation.",
    ),
    Cause(
        "alphabetic or numeric|anchor|alias",
        "",
        "text that starts with * or & is taken for an alias or anchor",
        "Put it into quotes.",
    ),
    Cause("tag", "", "text that starts with ! is taken for a tag", "Put it into quotes."),
    Cause(
        "block sequence entries are not allowed",
        "",
        "a list item stands on the same line as its key, or is indented wrongly",
        "Start the list on the next line.",
    ),
    Cause(
        "expected <document start>",
        "",
        "the line is indented less than the first one, or follows the end of the document",
        "Give all top-level keys the same indentation.",
    ),
    Cause(
        "expected key",
        r"^\s*-\s",
        "a list item stands among the keys of a mapping",
        "Indent the list below its key.",
    ),
    Cause(
        "expected key",
        "[\"'][^\"':,]+\x01?$|\x01\\S.*[\"']",
        "something follows a closing quote, or the indentation changes",
        "Put the whole text into one pair of quotes; a quote inside is doubled ('') or escaped (\\\").",
    ),
    Cause(
        "expected key",
        "",
        "the indentation fits neither the line above nor any key before it",
        "Indent the line like its neighbours.",
    ),
    Cause(
        "control characters|special characters",
        "",
        "the text holds a character that YAML does not allow",
        "Remove it.",
    ),
)


def explain(error: yaml.YAMLError, parsed: MendedText, lines: Lines) -> UnreadableDocument:
    """libyaml's message in plain words, with the place in the source and the likely mend."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return no_yaml(Position(1, 1), str(error).partition("\n")[0][:200], "")
    problem = error.problem or error.context or "unreadable"
    mark = error.problem_mark or error.context_mark
    if "unexpected end of stream" in problem and error.context_mark is not None:
        mark = error.context_mark
    offset = mark.index if mark is not None else 0
    place = lines.position(parsed.source_offset(offset))
    start = parsed.text.rfind("\n", 0, offset) + 1
    end = parsed.text.find("\n", offset)
    line = parsed.text[start:offset][-500:] + "\x01" + parsed.text[offset : end if end >= 0 else None][:500]
    for cause in CAUSES:
        if re.search(cause.problem, problem) and re.search(cause.line, line):
            opened = error.context_mark
            since = ""
            if opened is not None and opened is not mark and opened.line != (mark.line if mark else -1):
                first = lines.position(parsed.source_offset(opened.index))
                since = f"; it belongs to what starts at line {first.line}, column {first.column}"
            return no_yaml(place, cause.says + since, cause.mend)
    return no_yaml(place, problem, "")


def no_yaml(place: Position, message: str, mend: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"Line {place.line}, column {place.column}: this is no valid YAML ({message}).",
        mend=mend or None,
        code="YAML-SYNTAX",
        line=place.line,
        column=place.column,
    )
