"""A mapping from other code becomes a plain tree: text keys, JSON values, within the budgets."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from actionry.errors import UnreadableDocument
from actionry.findings import join_pointer
from actionry.limits import ReadLimits

KEY_WORDS = {True: "true", False: "false", None: "null"}


def plain_mapping(source: Mapping[Any, Any], limits: ReadLimits) -> dict[str, Any]:
    """`source` itself when it is plain already; parts are copied only where something had to change.

    Parts that are used in several places (YAML aliases) are looked at once, but counted each time.
    Raises UnreadableDocument for cycles, for values that JSON has not, and beyond the budgets.
    """
    root = _Plain(limits).value(source, "", 1)[0]
    assert isinstance(root, dict)
    return root


class _Plain:
    def __init__(self, limits: ReadLimits) -> None:
        self.limits = limits
        self.done: dict[int, tuple[Any, int, int]] = {}
        """id -> (plain value, values in it, levels in it); the source keeps the objects alive."""
        self.open: set[int] = set()

    def value(self, value: Any, pointer: str, depth: int) -> tuple[Any, int, int]:
        """(plain value, values in it, levels in it)"""
        if value is None or isinstance(value, str | bool):
            return value, 1, 0
        if isinstance(value, int | float | Decimal):
            return self.number(value, pointer), 1, 0
        if isinstance(value, datetime.date | datetime.time):
            return value.isoformat(), 1, 0
        if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, bytes | bytearray)):
            return self.container(value, pointer, depth)
        raise UnreadableDocument(
            f"{pointer or 'The root'}: a {type(value).__name__} has no place in a document.",
            mend="Use mappings, lists, text, numbers, booleans and None.",
            code="DOC-FOREIGN-VALUE",
            pointer=pointer,
        )

    def number(self, value: float | Decimal, pointer: str) -> Any:
        if isinstance(value, int):
            return value
        if math.isnan(value) or math.isinf(value):
            return str(value)
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else float(value)
        return value

    def container(self, value: Any, pointer: str, depth: int) -> tuple[Any, int, int]:
        if id(value) in self.open:
            raise self.refused("contains itself", pointer, "Refer to a component with $ref instead.")
        if depth > self.limits.depth:
            raise self.refused(f"lies more than {self.limits.depth} levels deep", pointer, "Flatten the structure.")
        result = self.done.get(id(value))
        if result is None:
            self.open.add(id(value))
            read = self.mapping if isinstance(value, Mapping) else self.sequence
            result = self.done[id(value)] = read(value, pointer, depth)
            self.open.discard(id(value))
        _, nodes, levels = result
        if nodes > self.limits.nodes:
            raise self.refused(f"holds more than {self.limits.nodes:,} values", pointer, "Cut it down.")
        if depth + levels - 1 > self.limits.depth:
            raise self.refused(f"nests more than {self.limits.depth} levels", pointer, "Flatten the structure.")
        return result

    def mapping(self, value: Mapping[Any, Any], pointer: str, depth: int) -> tuple[Any, int, int]:
        plain: dict[str, Any] = {}
        nodes, levels, changed = 1, 0, type(value) is not dict
        for key, member in value.items():
            name = key if isinstance(key, str) else KEY_WORDS.get(key) or str(key)
            plain[name], more, below = self.value(member, join_pointer(pointer, name), depth + 1)
            changed = changed or name is not key or plain[name] is not member
            nodes, levels = nodes + more, max(levels, below)
        return (plain if changed else value), nodes, levels + 1

    def sequence(self, value: Sequence[Any], pointer: str, depth: int) -> tuple[Any, int, int]:
        plain: list[Any] = []
        nodes, levels, changed = 1, 0, type(value) is not list
        for index, item in enumerate(value):
            inner, more, below = self.value(item, join_pointer(pointer, index), depth + 1)
            plain.append(inner)
            changed = changed or inner is not item
            nodes, levels = nodes + more, max(levels, below)
        return (plain if changed else value), nodes, levels + 1

    def refused(self, what: str, pointer: str, mend: str) -> UnreadableDocument:
        return UnreadableDocument(f"{pointer or 'The document'} {what}.", mend=mend, code="DOC-BUDGET", pointer=pointer)
