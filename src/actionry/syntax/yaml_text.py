"""YAML 1.2 text becomes a tree: a fast reader where it is safe, a careful one where it is not.

The fast reader (py-yaml12, Rust) takes 3 % of the careful one's time, but it expands aliases without end and its
stack overflows on deep nesting, so only text without anchors, tags, merge keys and deep nesting goes there. Both
give the same tree; the tests compare them.
"""

from __future__ import annotations

from typing import Any

import yaml
import yaml12

from actionry.errors import UnreadableDocument
from actionry.findings import Position
from actionry.limits import ReadLimits
from actionry.syntax.mends import FindingList, Lines, MendedText
from actionry.syntax.shape import measure
from actionry.syntax.yaml_nodes import NodeReader
from actionry.syntax.yaml_scan import is_plain_yaml
from actionry.syntax.yaml_slips import explain_yaml_error, mended_tabs


class _NeedsCare(Exception):
    """The fast reader's result does not say enough; the careful one is asked."""


def read_yaml(parsed: MendedText, source: str, limits: ReadLimits, findings: FindingList) -> tuple[Any, MendedText]:
    """The root, and the text that was parsed in the end. Raises UnreadableDocument."""
    lines = Lines(source)
    if is_plain_yaml(parsed.text, limits):
        try:
            return read_fast(parsed, limits, findings), parsed
        except (_NeedsCare, ValueError):
            pass
    try:
        return read_carefully(parsed, lines, limits, findings), parsed
    except yaml.MarkedYAMLError as error:
        mended = mended_tabs(parsed, findings)
        if mended is not None:
            try:
                return read_carefully(mended, lines, limits, findings), mended
            except yaml.YAMLError:
                pass
        raise explain_yaml_error(error, parsed, source) from error


def read_fast(parsed: MendedText, limits: ReadLimits, findings: FindingList) -> Any:
    documents = [root for root in yaml12.parse_yaml(parsed.text, multi=True) if root is not None]
    if len(documents) > 1:
        raise _NeedsCare
    if not documents:
        return None
    root = documents[0]
    shape = measure(root, limits)
    if shape.has_odd_numbers or shape.has_foreign_values or not shape.key_types <= {str, int}:
        raise _NeedsCare
    if int in shape.key_types:
        raise _NeedsCare
    return root


def read_carefully(parsed: MendedText, lines: Lines, limits: ReadLimits, findings: FindingList) -> Any:
    def position(offset: int) -> Position:
        return lines.position(parsed.source_offset(offset))

    reader = NodeReader(parsed.text, limits, findings, position)
    reader.source_offset = parsed.source_offset
    root = reader.read()
    for pointer, offset in reader.odd_keys:
        note_odd_keys(findings, reader.odd_key_count, pointer, parsed.source_offset(offset))
    return root


def note_odd_keys(findings: FindingList, count: int, pointer: str, offset: int) -> None:
    more = f" ({count} keys in all)" if count > 1 else ""
    findings.add(
        "YAML-KEY-NOT-TEXT",
        offset,
        f"The key at {pointer} is not text{more}; it was read as it is written.",
        pointer=pointer,
    )
