"""YAML 1.2 text becomes a tree: a fast reader where it is safe, a careful one where it is not.

The fast reader (py-yaml12, Rust) takes 3 % of the careful one's time, but it expands aliases without end and its
stack overflows on deep nesting, so only text without anchors, tags, merge keys and deep nesting goes there. Both
give the same tree; the tests compare them. One difference is known: in a flow collection libyaml takes `?x` for the
key `x`, the fast reader, as YAML 1.2 says, for the text `?x`.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
import yaml12

from actionry.errors import UnreadableDocument
from actionry.findings import join_pointer
from actionry.limits import ReadLimits
from actionry.syntax.mends import Edit, FindingList, Lines, MendedText
from actionry.syntax.shape import measure
from actionry.syntax.yaml_nodes import NodeReader
from actionry.syntax.yaml_scan import is_plain_yaml
from actionry.syntax.yaml_slips import explain, mends


class _CareNeededError(Exception):
    """The fast reader's result does not say enough; the careful one is asked."""


CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
ODD_KEY = re.compile(
    r"""(?:[\s{,?-]|^)(?:\+[0-9]+|-?0[0-9]+|-0|0x[0-9a-fA-F]+|0o[0-7]+|[-+]?[0-9]*\.[0-9eE+-]*|[0-9]+[eE][0-9+-]+
        |true|True|TRUE|false|False|FALSE)[ \t]*:(?=[\s,\]}]|$)""",
    re.X | re.M,
)
"""A number that is not written as Python writes it, or a value that Python takes for the same key as 0 or 1."""


def read_yaml(parsed: MendedText, lines: Lines, limits: ReadLimits, findings: FindingList) -> tuple[Any, MendedText]:
    """The root, and the text that was parsed in the end. Raises UnreadableDocument."""
    if not parsed.text.endswith("\n"):
        # Readers disagree about the last line of a block scalar when the text ends without a line break.
        parsed = parsed.edited([Edit(len(parsed.text), len(parsed.text), "\n")])
    for match in CONTROL.finditer(parsed.text):
        message = f"The control character U+{ord(match[0]):04X} stands in the text; it was kept."
        findings.add("SYNTAX-CONTROL-CHARACTER", parsed.source_offset(match.start()), message)
    if is_plain_yaml(parsed.text):
        try:
            return read_fast(parsed, limits, findings), parsed
        except (_CareNeededError, ValueError):
            pass  # what the fast reader refuses, the other one may still read, or explain
    try:
        return read_carefully(parsed, lines, limits, findings), parsed
    except yaml.YAMLError as error:
        for mended, fresh in mends(parsed, findings):
            try:
                root = read_carefully(mended, lines, limits, fresh)
            except yaml.YAMLError:
                continue
            findings.take(fresh)
            return root, mended
        raise explain(error, parsed, lines) from error


def read_fast(parsed: MendedText, limits: ReadLimits, findings: FindingList) -> Any:
    """Raises ValueError for what is no YAML, _CareNeededError for what the other reader does better."""
    documents = [root for root in yaml12.parse_yaml(parsed.text, multi=True) if root is not None]
    if len(documents) != 1:
        raise _CareNeededError
    root = documents[0]
    try:
        shape = measure(root, limits)
    except UnreadableDocument:
        raise _CareNeededError from None  # the other reader knows the place
    if shape.has_odd_numbers or shape.has_foreign_values or not shape.key_types <= {str, int}:
        raise _CareNeededError
    if int in shape.key_types:
        if ODD_KEY.search(parsed.text):
            raise _CareNeededError
        root, count, pointer = with_text_keys(root)
        note_odd_keys(findings, count, pointer)
    return root


def with_text_keys(root: Any) -> tuple[Any, int, str]:
    """The tree with integer keys as text, how many there were, and the pointer of the first."""
    count, first = 0, ""
    holder = [root]
    pending: list[tuple[Any, Any, tuple[Any, ...]]] = [(holder, 0, ())]
    while pending:
        parent, place, path = pending.pop()
        container = parent[place]
        if type(container) is dict:
            if not all(type(key) is str for key in container):
                odd = [key for key in container if type(key) is not str]
                count += len(odd)
                first = first or join_pointer("", *path, odd[0])
                renamed: dict[str, Any] = {}
                for key, value in container.items():
                    renamed[str(key)] = value
                parent[place] = container = renamed
            members = list(container.items())
        else:
            members = list(enumerate(container))
        pending += [
            (container, key, (*path, key))
            for key, value in reversed(members)
            if type(value) is dict or type(value) is list
        ]
    return holder[0], count, first


def read_carefully(parsed: MendedText, lines: Lines, limits: ReadLimits, findings: FindingList) -> Any:
    """Raises yaml.YAMLError for what is no YAML, UnreadableDocument beyond a budget."""
    fresh = findings.copy()
    reader = NodeReader(parsed, limits, fresh, lines)
    root = reader.read()
    findings.take(fresh)
    if reader.first_odd_key is not None:
        note_odd_keys(findings, reader.odd_key_count, reader.first_odd_key)
    return root


def note_odd_keys(findings: FindingList, count: int, pointer: str) -> None:
    """One finding for all of them: unquoted response codes are the usual case, by the hundred."""
    more = f", nor are {count - 1} others" if count > 1 else ""
    message = f"The key at {pointer} is not text{more}; it was read as it is written."
    findings.add("YAML-KEY-NOT-TEXT", None, message, pointer=pointer)
