"""JSON text becomes a tree: strictly and fast, or with the usual slips mended."""

from __future__ import annotations

import json
from typing import Any

import orjson

from actionry.errors import UnreadableDocument
from actionry.findings import Position
from actionry.limits import ReadLimits
from actionry.syntax.numbers import read_float, read_integer
from actionry.syntax.shape import measure


def read_strict_json(text: str, limits: ReadLimits) -> Any:
    """Raises orjson.JSONDecodeError for what is no JSON, UnreadableDocument beyond a budget."""
    root = orjson.loads(text)
    if measure(root, limits).has_odd_numbers:
        # orjson turns integers beyond 64 bits into floats; they are ids and keys, to be kept exactly.
        start = Position(1, 1)
        root = json.loads(
            text,
            parse_int=lambda digits: read_integer(digits, 10, limits, start),
            parse_float=lambda number: read_float(number, start),
        )
    return root
