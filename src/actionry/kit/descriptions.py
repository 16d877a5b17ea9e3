"""Descriptions of a document or manifest, judged by the rules of description_rules.py: findings with place and mend."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from actionry.actions.action import Action
from actionry.findings import Finding, Locator, escape_token
from actionry.kit.description_rules import CODES, Where, find_faults
from actionry.limits import ACTIONRY, Profile
from actionry.manifest import Manifest

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"})
_DATA = frozenset({"example", "examples", "default", "enum", "const", "value"})
_NAMES = frozenset(
    {"properties", "patternProperties", "definitions", "$defs", "schemas", "paths", "responses", "parameters"}
)
"""Keys whose mapping holds names of the author's."""
_QUOTED = 80
_SUCCESS = re.compile(r"2|default", re.I)

Described = tuple[str, str, Where, Any]
"""(pointer, text, what it describes, schema)"""


def lint_descriptions(action: Action, profile: Profile = ACTIONRY) -> list[Finding]:
    """Of the document, in its order; each code once a place."""
    document = action.document
    found = [
        finding
        for pointer, text, where, schema in _walk(document.root, "", None)
        for finding in _judge(pointer, text, where, schema, document.locate, profile)
    ]
    return _once(found)


def lint_manifest_descriptions(
    manifest: Manifest, profile: Profile = ACTIONRY, locate: Locator | None = None
) -> list[Finding]:
    """`description_for_model`, as an order to the model; of the one for people only what it claims."""
    found = list(
        _judge("/description_for_model", manifest.description_for_model, "manifest", None, locate, profile)
        if manifest.description_for_model
        else ()
    )
    human = _judge("/description_for_human", manifest.description_for_human, "manifest", None, locate, profile)
    return found + [finding for finding in human if finding.code == "DESCRIBE-PRAISE"]


def _judge(
    pointer: str, text: str, where: Where, schema: Any, locate: Locator | None, profile: Profile
) -> Iterator[Finding]:
    for code, words in find_faults(text, where, schema):
        if code == "DESCRIBE-LONG" and profile.name == "openai":
            continue  # that profile has the limits themselves, as errors
        if code == "DESCRIBE-START" and pointer != "/description_for_model":
            continue
        row = CODES[code]
        shown = " ".join(words.split())
        shown = shown if len(shown) <= _QUOTED else shown[:_QUOTED] + "…"
        yield Finding(
            code=code,
            severity=row.severity,
            pointer=pointer,
            message=f"{row.meaning.rstrip('.')}: “{shown}”.",
            effect=row.effect,
            mend=row.mend,
            locate=locate,
        )


def _once(findings: list[Finding]) -> list[Finding]:
    kept: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        kept.setdefault((finding.code, finding.pointer), finding)
    return list(kept.values())


# -------------------------------------------------------------------------------------------- where descriptions stand


def _walk(node: Any, pointer: str, parent: str | None) -> Iterator[Described]:
    """Every description that a model may read. parent: the key whose mapping of names this is, e.g. `properties`."""
    stack: list[tuple[Any, str, str | None]] = [(node, pointer, parent)]
    while stack:
        node, pointer, parent = stack.pop()
        if isinstance(node, list):
            stack.extend((child, f"{pointer}/{i}", parent) for i, child in reversed(list(enumerate(node))))
            continue
        if not isinstance(node, Mapping):
            continue
        is_names = parent in _NAMES
        if not is_names:
            yield from _texts(node, pointer, parent)
        children: list[tuple[Any, str, str | None]] = []
        for key, child in node.items():
            name = str(key)
            if not isinstance(child, Mapping | list) or (not is_names and (name in _DATA or name.startswith("x-"))):
                continue
            children.append((child, f"{pointer}/{escape_token(name)}", _kind(name, child, parent, is_names)))
        stack.extend(reversed(children))


def _kind(name: str, child: Any, parent: str | None, is_names: bool) -> str | None:
    """What the child is: `name in x` for a member of a mapping of names, the key otherwise."""
    if is_names:
        if parent == "responses":
            return f"response {name}"
        return {"paths": "path item", "parameters": "parameter"}.get(parent or "", "schema")
    if parent == "path item" and name.lower() in METHODS:
        return "operation"
    if name == "parameters" and isinstance(child, list):
        return "parameter"
    return name


def _texts(node: Mapping[str, Any], pointer: str, kind: str | None) -> Iterator[Described]:
    description = node.get("description")
    text = description.strip() if isinstance(description, str) else ""
    place = f"{pointer}/description"
    if pointer == "/info" and text:
        yield place, text, "manifest", None
    elif kind == "operation":
        summary = node.get("summary")
        if text:
            yield place, text, "operation", None
        if isinstance(summary, str) and summary.strip():
            yield f"{pointer}/summary", summary.strip(), "operation", None
        name = node.get("operationId")
        if isinstance(name, str):
            yield f"{pointer}/operationId", name, "name", None
    elif kind == "parameter" and text:
        yield place, text, "parameter", node.get("schema", node)
    elif kind is not None and kind.startswith("response ") and text and _SUCCESS.match(kind.removeprefix("response ")):
        yield place, text, "response", None
    elif text and ("type" in node or "properties" in node) and kind not in ("info", "servers", "tags"):
        # A property's schema; what the API answers needs no `enum`.
        yield place, text, "parameter", None if "/responses/" in pointer else node
