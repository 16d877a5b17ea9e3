"""Values that an earlier result holds for a later call: path ids, by the parameter's name and the items' own words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actionry.models.rehearsal.slots import Slot
from actionry.models.rehearsal.words import concept, split_identifier

MAX_ITEMS = 200
MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Result:
    """What one call came back with."""

    name: str
    data: Any
    """Parsed JSON, or text."""
    status: int | None = None

    @property
    def is_failure(self) -> bool:
        return self.status is not None and self.status >= 400


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of a result that has a value for the slot."""

    value: Any
    label: str
    fields: Mapping[str, Any]


def parse(data: Any) -> Any:
    """JSON text becomes data; everything else stays as it is."""
    if isinstance(data, str) and data.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(data)
        except ValueError:
            return data
    return data


def items_for(slot: Slot, result: Result) -> list[Item]:
    """Every thing in the result that carries what the slot asks for, in order.

    slot `petId`, result [{"id": 7, "name": "Rex"}] -> [Item(7, "Rex", …)]
    """
    found: list[Item] = []
    for thing in _things(parse(result.data), 0):
        key = _key_for(slot, thing)
        if key is not None and _fits(slot, thing[key]):
            found.append(Item(thing[key], _label(thing, key), thing))
            if len(found) >= MAX_ITEMS:
                break
    return found


def _things(data: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(data, Mapping):
        yield data
        for value in data.values():
            if isinstance(value, Mapping | list):
                yield from _things(value, depth + 1)
    elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
        for value in data[:MAX_ITEMS]:
            yield from _things(value, depth + 1)


def _key_for(slot: Slot, thing: Mapping[str, Any]) -> str | None:
    """The same name, else the same words, else a bare `id` for a slot that asks for an id."""
    by_words = {tuple(concept(word) for word in split_identifier(str(key))): str(key) for key in thing}
    if slot.name in thing:
        return slot.name
    wanted = tuple(concept(word) for word in split_identifier(slot.name))
    if wanted in by_words:
        return by_words[wanted]
    if "identifier" in slot.roles:
        for bare in (wanted[-1:], (concept("id"),), (concept("uuid"),), (concept("key"),)):
            if bare in by_words:
                return by_words[bare]
    return None


def _fits(slot: Slot, value: Any) -> bool:
    if isinstance(value, Mapping | list) or value is None:
        return False
    if slot.type == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return True


_NAMED = ("name", "title", "todo", "task", "subject", "label", "summary", "text", "description", "email")


def _label(thing: Mapping[str, Any], key: str) -> str:
    for name in _NAMED:
        for own, value in thing.items():
            if str(own).lower().endswith(name) and isinstance(value, str) and value:
                return value[:80]
    return f"{key} {thing[key]}"


def pick(items: Sequence[Item], text: str, ordinal: int | None) -> Item | None:
    """The item that is meant: the only one, the one counted ("the second one"), the one whose words are said."""
    if ordinal is not None and items and -len(items) <= (ordinal - 1 if ordinal > 0 else ordinal) < len(items):
        return items[ordinal - 1 if ordinal > 0 else ordinal]
    low = text.lower()
    said = [item for item in items if _is_said(item, low)]
    if len({str(item.value) for item in said}) == 1:
        return said[0]
    return items[0] if len({str(item.value) for item in items}) == 1 else None


def _is_said(item: Item, low: str) -> bool:
    for value in item.fields.values():
        if isinstance(value, str) and len(value) > 1 and value.lower() in low:
            return True
        if isinstance(value, int) and not isinstance(value, bool) and str(value) == low.strip(" .#"):
            return True
    return False
