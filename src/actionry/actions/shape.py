"""How an answer is shortened for a model: lists cut with counts, long texts cut with counts, chosen fields alone.

Nothing disappears without a word: wherever something was left out, the text says how much. The same data within the
same budget always gives the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from actionry.actions.content import dump_json
from actionry.limits import ACTIONRY, CALL_LIMITS

MORE = "…"
_LEVELS = ((1.0, 12), (0.25, 10), (0.1, 8), (0.04, 6), (0.02, 4), (0.01, 3))
"""(share of the longest shown text, depth): tried in turn until enough items of the lists fit."""
_ENOUGH_ITEMS = 5
_PROPERTIES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How much of an answer a model reads."""

    characters: int = ACTIONRY.response_characters
    """Of `text_for_model`, the notes about what was left out included."""
    fields: tuple[str, ...] = ()
    """Of each record, only these: `("id", "name", "owner.login")`; () takes all."""
    string: int = CALL_LIMITS.shown_string
    """Characters of one text inside an answer that does not fit whole."""


WHOLE = Shape()


class Shaped(NamedTuple):
    text: str
    cut: bool
    """Whether anything was left out, chosen fields included."""


def shape_json(value: Any, text: str, shape: Shape) -> Shaped:
    """JSON within the budget; `text` is its own text, passed on when nothing has to be left out."""
    left_out = False
    if shape.fields:
        picked = pick_fields(value, shape.fields)
        left_out = picked != value
        value, text = picked, dump_json(picked)
    if len(text) <= shape.characters:
        return Shaped(text, left_out)
    compact = dump_json(value)
    if len(compact) <= shape.characters:
        return Shaped(compact, left_out)
    return Shaped(_shorten(value, shape), True)


def shape_text(text: str, shape: Shape) -> Shaped:
    """Text within the budget, cut at a line where one is near."""
    if len(text) <= shape.characters:
        return Shaped(text, False)
    note = f"\n{MORE} {{more:,}} more characters, total {len(text):,}"
    room = max(0, shape.characters - len(note) - 12)
    end = text.rfind("\n", room // 2, room)
    end = room if end < 0 else end
    return Shaped((text[:end] + note.format(more=len(text) - end))[: shape.characters], True)


def shape_lines(text: str, shape: Shape, *, header: int = 0, what: str = "lines") -> Shaped:
    """Whole lines within the budget, the rest counted: CSV rows below their header, one JSON value per line."""
    if len(text) <= shape.characters:
        return Shaped(text, False)
    lines = text.splitlines()
    room = shape.characters - 60
    used = 0
    kept = 0
    for line in lines:
        used += len(line) + 1
        if used > room:
            break
        kept += 1
    if kept <= header:
        return shape_text(text, shape)
    rest = len(lines) - kept
    note = f"{MORE} {rest:,} more {what}, total {len(lines) - header:,}"
    return Shaped("\n".join([*lines[:kept], note]), True)


def pick_fields(value: Any, fields: Sequence[str]) -> Any:
    """Of each object that has one of the fields only these; lists and envelopes around such objects stay.

    `{"items": [{"id": 1, "x": 2}], "next": "p2"}` with ("id",) -> `{"items": [{"id": 1}], "next": "p2"}`
    """
    tree: dict[str, list[str]] = {}
    for path in fields:
        head, _, rest = path.partition(".")
        tree.setdefault(head, [])
        if rest:
            tree[head].append(rest)
    return _pick(value, tree)


def _pick(value: Any, tree: dict[str, list[str]]) -> Any:
    if isinstance(value, list):
        return [_pick(item, tree) for item in value]
    if not isinstance(value, dict):
        return value
    if not tree.keys() & value.keys():
        return {key: _pick(item, tree) for key, item in value.items()}
    return {
        name: pick_fields(value[name], inner) if inner else value[name] for name, inner in tree.items() if name in value
    }


# ------------------------------------------------------------------------------------------- finding the best that fits


def _shorten(value: Any, shape: Shape) -> str:
    """The first level at which enough of the lists fits; at the tightest, whatever does; at last a cut text."""
    longest = _longest_list(value)
    best: str | None = None
    for share, depth in _LEVELS:
        string = max(20, int(shape.string * share))

        def attempt(items: int, string: int = string, depth: int = depth) -> str | None:
            text = dump_json(_cut(value, items, string, depth))
            return text if len(text) <= shape.characters else None

        items, text = _most_items(attempt, longest)
        if text is not None:
            best = text
            if items >= min(_ENOUGH_ITEMS, longest):
                return text
    if best is not None:
        return best
    return shape_text(dump_json(_cut(value, 1, 20, 2)), shape).text


def _most_items(attempt: Callable[[int], str | None], longest: int) -> tuple[int, str | None]:
    """The largest count of list items that fits, by halving; (0, None) when not even one does."""
    whole = attempt(longest)
    if whole is not None:
        return longest, whole
    low, found = 0, None
    high = longest
    while high - low > 1:
        middle = (low + high) // 2
        text = attempt(middle)
        if text is None:
            high = middle
        else:
            low, found = middle, text
    return low, found


def _longest_list(value: Any) -> int:
    longest = 1
    queue = [value]
    for node in queue:  # grows while it is walked
        if isinstance(node, list):
            longest = max(longest, len(node))
            queue.extend(item for item in node if isinstance(item, (list, dict)))
        elif isinstance(node, dict):
            queue.extend(item for item in node.values() if isinstance(item, (list, dict)))
    return longest


def _cut(value: Any, items: int, string: int, depth: int) -> Any:
    if isinstance(value, str):
        if len(value) <= string:
            return value
        return f"{value[:string]}{MORE} ({len(value) - string:,} more characters, total {len(value):,})"
    if isinstance(value, list):
        if depth == 0 and value:
            return f"{MORE} a list of {len(value):,} items"
        kept = [_cut(item, items, string, depth - 1) for item in value[:items]]
        if len(value) > items:
            kept.append(f"{MORE} {len(value) - items:,} more items, total {len(value):,}")
        return kept
    if isinstance(value, dict):
        if depth == 0 and value:
            return f"{MORE} an object of {len(value):,} properties"
        names = list(value)
        shown = {_cut_name(name): _cut(value[name], items, string, depth - 1) for name in names[:_PROPERTIES]}
        if len(names) > _PROPERTIES:
            shown[MORE] = f"{len(names) - _PROPERTIES:,} more properties, total {len(names):,}"
        return shown
    return value


def _cut_name(name: str) -> str:
    return name if len(name) <= 200 else f"{name[:200]}{MORE}"
