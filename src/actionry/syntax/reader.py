"""Untrusted text becomes a tree: JSON, JSON with slips, or YAML, told by content and never by a file's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from actionry.errors import UnreadableDocument
from actionry.limits import READ_LIMITS, ReadLimits
from actionry.syntax.decode import decode_text
from actionry.syntax.json_text import read_json
from actionry.syntax.mends import Edit, FindingList, Lines, MendedText
from actionry.syntax.tree import Format, Tree
from actionry.syntax.yaml_text import read_yaml

LOOKS_LIKE_JSON = re.compile(
    r"""\s*(?:(?://[^\n]*|/\*.*?\*/)\s*)*(?:\{\s*["'\u2018-\u201f}/,]|\[\s*["'\u2018-\u201f\]/{\[,]|[{\[]\s*(?:\n|\Z))""",
    re.S,
)
"""A bracket, then a quote, another bracket, a comment or a line break; `{a: 1}` is YAML's."""
FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n`]*\n(.*?)(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.M | re.S)
BUDGET_CODES = frozenset({"SYNTAX-TOO-DEEP", "SYNTAX-TOO-MANY-NODES", "SYNTAX-NUMBER-TOO-LARGE", "YAML-ALIAS"})
"""Refusals that hold however the text is read."""

Attempt = tuple[Any, MendedText, Format, FindingList]


def read_tree(data: bytes | str, *, limits: ReadLimits = READ_LIMITS) -> Tree:
    """Read JSON or YAML. Raises UnreadableDocument with code, and line and column where they are known.

    `{"a": 1,}` -> root {"a": 1} with a finding JSON-TRAILING-COMMA at 1:8.
    """
    decoded = decode_text(data, limits)
    text = decoded.text
    root, parsed, format_, findings = read_fenced(MendedText(text), Lines(text), limits, FindingList(text))
    slips = FindingList(text)
    for code, offset, message in decoded.slips:
        slips.add(code, offset, message)
    tree = Tree(root, format_, text, slips.finished(), None if parsed.text is text else parsed)
    for finding in findings.finished():
        placed = finding.known_position is not None
        tree.findings.append(finding if placed else replace(finding, locate=tree.locate))
    return tree


def read_fenced(parsed: MendedText, lines: Lines, limits: ReadLimits, findings: FindingList) -> Attempt:
    """As it stands; when that fails or gives mere prose, what stands in the largest Markdown code fence."""
    try:
        attempt = read_either(parsed, lines, limits, findings)
        if not isinstance(attempt[0], str):
            return attempt
    except UnreadableDocument as error:
        inside = fenced(parsed, findings) if error.code not in BUDGET_CODES else None
        if inside is None:
            raise
        try:
            return read_either(*inside[:1], lines, limits, inside[1])
        except UnreadableDocument as inner:
            raise (inner if parsed.text.lstrip().startswith(("```", "~~~")) else error) from None
    inside = fenced(parsed, findings)
    return attempt if inside is None else read_either(inside[0], lines, limits, inside[1])


def fenced(parsed: MendedText, findings: FindingList) -> tuple[MendedText, FindingList] | None:
    """The text inside the largest fence, and a fresh list of findings that names it."""
    matches = [match for match in FENCE.finditer(parsed.text) if match[2].strip()]
    if not matches:
        return None
    match = max(matches, key=lambda match: len(match[2]))
    fresh = findings.empty()
    fresh.add("SYNTAX-CODE-FENCE", parsed.source_offset(match.start()))
    edits = (Edit(0, match.start(2), ""), Edit(match.end(2), len(parsed.text), ""))
    return parsed.edited(edits), fresh


def read_either(parsed: MendedText, lines: Lines, limits: ReadLimits, findings: FindingList) -> Attempt:
    """JSON first where it looks like JSON, YAML otherwise; the other when the first fails."""
    readers: list[tuple[Format, Callable[..., tuple[Any, MendedText]]]] = [("yaml", read_yaml)]
    looks_like_json = LOOKS_LIKE_JSON.match(parsed.text) is not None
    if looks_like_json:
        readers.insert(0, ("json", read_json))
    elif parsed.text.lstrip()[:1] in ("{", "["):
        readers.append(("json", read_json))
    failure: UnreadableDocument | None = None
    for format_, reader in readers:
        fresh = findings.copy()
        try:
            root, final = reader(parsed, lines, limits, fresh)
            if failure is not None and looks_like_json:
                fresh.add_at("JSON-READ-AS-YAML", failure)
            return root, final, format_, fresh
        except UnreadableDocument as error:
            if error.code in BUDGET_CODES:
                raise
            failure = failure or error
    assert failure is not None
    raise failure
