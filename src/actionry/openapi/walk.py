"""Ways through a document as it is written: its references and its texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actionry.findings import escape_token


def walk_references(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(pointer, mapping) of everything with a `$ref`; examples and defaults are data, not references."""
    stack: list[tuple[str, Any, bool]] = [("", root, False)]
    while stack:
        pointer, node, is_names = stack.pop()
        if isinstance(node, dict):
            if not is_names and isinstance(node.get("$ref"), str):
                yield pointer, node
            for key, child in node.items():
                if isinstance(child, dict | list) and (is_names or key not in _DATA):
                    # Under `properties` and the like, keys are names: a property may be called `$ref` or `example`.
                    stack.append((f"{pointer}/{escape_token(key)}", child, not is_names and key in _MAPS_OF_NAMES))
        elif isinstance(node, list):
            stack.extend((f"{pointer}/{index}", child, False) for index, child in enumerate(node))


_DATA = frozenset({"example", "examples", "default", "enum", "const", "value", "x-example", "x-examples"})
_MAPS_OF_NAMES = frozenset({"properties", "patternProperties", "definitions", "$defs", "schemas", "mapping"})


def walk_texts(root: Any) -> Iterator[tuple[str, str, str]]:
    """(pointer of the mapping, key, text) of every text value in a mapping."""
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        pointer, node = stack.pop()
        if isinstance(node, dict):
            for key, child in node.items():
                if isinstance(child, str):
                    yield pointer, key, child
                elif isinstance(child, dict | list):
                    stack.append((f"{pointer}/{escape_token(key)}", child))
        elif isinstance(node, list):
            stack.extend(
                (f"{pointer}/{index}", child) for index, child in enumerate(node) if isinstance(child, dict | list)
            )
