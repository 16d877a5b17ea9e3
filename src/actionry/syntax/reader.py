"""Untrusted text becomes a tree: JSON, JSON with slips, or YAML, told by content and never by a file's name."""

from __future__ import annotations

import orjson

from actionry.errors import UnreadableDocument
from actionry.limits import READ_LIMITS, ReadLimits
from actionry.syntax.decode import decode_text
from actionry.syntax.json_text import read_strict_json
from actionry.syntax.mends import FindingList, MendedText
from actionry.syntax.tree import Tree
from actionry.syntax.yaml_text import read_yaml


def read_tree(data: bytes | str, *, limits: ReadLimits = READ_LIMITS) -> Tree:
    """Read JSON or YAML. Raises UnreadableDocument with code, and line and column where they are known."""
    decoded = decode_text(data, limits)
    text = decoded.text
    findings = FindingList(text)
    for code, offset, message in decoded.slips:
        findings.add(code, offset, message)
    if text.lstrip()[:1] in ("{", "["):
        try:
            root = read_strict_json(text, limits)
            return Tree(root, "json", text, findings.finished())
        except orjson.JSONDecodeError:
            pass
    root, parsed = read_yaml(MendedText(text), text, limits, findings)
    return Tree(root, "yaml", text, findings.finished(), None if parsed.text is text else parsed)
