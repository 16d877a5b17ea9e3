"""What usually lies behind a YAML error, and where it really is."""

from __future__ import annotations

import re

import yaml

from actionry.errors import UnreadableDocument
from actionry.syntax.mends import Edit, FindingList, Lines, MendedText

LEADING_TABS = re.compile(r"^[ ]*\t[ \t]*", re.M)


def mended_tabs(parsed: MendedText, findings: FindingList) -> MendedText | None:
    """Tabs at the start of lines as spaces; None when there are none."""
    edits = [Edit(m.start(), m.end(), m[0].replace("\t", "  ")) for m in LEADING_TABS.finditer(parsed.text)]
    if not edits:
        return None
    for edit in edits:
        findings.add("YAML-TAB", parsed.source_offset(edit.start))
    return parsed.edited(edits)


def explain_yaml_error(error: yaml.MarkedYAMLError, parsed: MendedText, source: str) -> UnreadableDocument:
    mark = error.problem_mark or error.context_mark
    offset = parsed.source_offset(mark.index) if mark else 0
    place = Lines(source).position(offset)
    return UnreadableDocument(
        f"Line {place.line}, column {place.column}: this is no valid YAML ({error.problem}).",
        code="YAML-SYNTAX",
        line=place.line,
        column=place.column,
    )
