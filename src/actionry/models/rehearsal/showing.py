"""A result as markdown that a person can read: a table for objects, a list for plain values, pairs for one object."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

MAX_ROWS = 20
MAX_COLUMNS = 6
MAX_CELL = 80
MAX_TEXT = 2_000

_FIRST = (
    "id",
    "name",
    "title",
    "todo",
    "task",
    "subject",
    "status",
    "state",
    "date",
    "price",
    "amount",
    "type",
    "email",
)
"""Columns that tell most, shown first when there are too many."""


def show(data: Any, *, chinese: bool = False) -> str:
    """Markdown of one result; what is left out is said, never dropped in silence."""
    if isinstance(data, str):
        parsed = _parsed(data)
        if parsed is None:
            return _text(data, chinese)
        data = parsed
    if isinstance(data, Mapping):
        return _show_object(data, chinese)
    if isinstance(data, Sequence):
        return _show_list(data, chinese)
    if data is None or data == "":
        return "（没有内容）" if chinese else "(nothing)"
    return _cell(data)


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _text(text: str, chinese: bool) -> str:
    text = text.strip()
    if not text:
        return show(None, chinese=chinese)
    if len(text) <= MAX_TEXT:
        return text
    return text[:MAX_TEXT] + ("……（已截断）" if chinese else " … (cut)")


def _show_object(data: Mapping[str, Any], chinese: bool) -> str:
    lists = [(key, value) for key, value in data.items() if _is_list(value) and value]
    rest = {key: value for key, value in data.items() if not _is_list(value)}
    lines = [f"- **{_cell(key)}**: {_cell(value)}" for key, value in list(rest.items())[:30]]
    if len(rest) > 30:
        lines.append(_more(len(rest) - 30, chinese))
    parts = ["\n".join(lines)] if lines else []
    for key, value in lists[:3]:
        heading = f"**{_cell(key)}**\n\n" if lines or len(lists) > 1 else ""
        parts.append(heading + _show_list(value, chinese))
    if len(lists) > 3:
        parts.append(_more(len(lists) - 3, chinese))
    return "\n\n".join(parts) or show(None, chinese=chinese)


def _show_list(items: Sequence[Any], chinese: bool) -> str:
    if not items:
        return "（空列表）" if chinese else "(an empty list)"
    if all(isinstance(item, Mapping) for item in items):
        return _table(items, chinese)
    lines = [f"{number}. {_cell(item)}" for number, item in enumerate(items[:MAX_ROWS], 1)]
    if len(items) > MAX_ROWS:
        lines.append(_more(len(items) - MAX_ROWS, chinese))
    return "\n".join(lines)


def _table(rows: Sequence[Mapping[str, Any]], chinese: bool) -> str:
    keys = list(dict.fromkeys(key for row in rows[:MAX_ROWS] for key in row))
    columns = _columns(keys, rows)
    lines = ["| " + " | ".join(_cell(key) for key in columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(row.get(key, "")) for key in columns) + " |" for row in rows[:MAX_ROWS]]
    notes = []
    if len(rows) > MAX_ROWS:
        notes.append(_more(len(rows) - MAX_ROWS, chinese))
    hidden = [key for key in keys if key not in columns]
    if hidden:
        named = ", ".join(_cell(key) for key in hidden[:10])
        notes.append(f"（未显示的列：{named}）" if chinese else f"(columns not shown: {named})")
    return "\n".join(lines) + ("\n\n" + "\n".join(notes) if notes else "")


def _columns(keys: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if len(keys) <= MAX_COLUMNS:
        return list(keys)

    def worth(key: str) -> tuple[int, int]:
        low = key.lower()
        known = next((place for place, word in enumerate(_FIRST) if low == word or low.endswith(word)), len(_FIRST))
        plain = all(not isinstance(row.get(key), Mapping | list) for row in rows[:MAX_ROWS])
        return (0 if plain else 1, known)

    chosen = sorted(keys, key=worth)[:MAX_COLUMNS]
    return [key for key in keys if key in chosen]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _cell(value: Any) -> str:
    """One line, at most MAX_CELL characters, with what would end a cell or start markup escaped."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, Mapping | list):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = "" if value is None else str(value)
    text = " ".join(text.split())
    if len(text) > MAX_CELL:
        text = text[: MAX_CELL - 1] + "…"
    for mark in ("\\", "|", "<", "`", "*", "["):
        text = text.replace(mark, "\\" + mark)
    return text


def _more(count: int, chinese: bool) -> str:
    return f"……还有 {count} 项" if chinese else f"… and {count} more"
