"""A function's schema within a byte budget, for the few operations whose full one would drown the model.

The schema is built anew from the top, most useful parts first (shallow before deep, required before optional), until
the budget is used: the work depends on the budget and not on the size of the original. What is not reached stays
a placeholder that names its properties. Law: whatever the full schema accepts, the compact one accepts; so every
cut only widens, `oneOf` becomes `anyOf`, and keywords that a wider part would turn into a refusal are left out.
References stay references, so a schema that contains itself still does.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actionry.tools.definitions import DEFS, encode
from actionry.tools.plain_text import clip

KEPT = frozenset(
    {
        "type", "enum", "const", "default", "format", "pattern", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "required",
        "minProperties", "maxProperties", "dependentRequired", "deprecated", "contentEncoding", "contentMediaType",
    }
)  # fmt: skip
"""Keywords that are copied: none of them looks into a subschema."""
LIST_BYTES = 1_500
"""A longer enum is told by its first values; a longer default or pattern is left out."""
FIRST_VALUES = 12
TOP_DEPTH = 2
"""Arguments are at depth 1, the properties of `body` at depth 2."""
TOP_DESCRIPTION = 160
"""Characters of a description at the top before anything deeper is shown …"""
TOP_SHARE = 0.4
"""… and the share of the budget that these may take together."""
LATER_DESCRIPTION = {1: 600, 2: 400, 3: 200}
DEEP_DESCRIPTION = 120
STUB_CHARACTERS = 100

Definition = Callable[[str], Any]


def compact(root: dict[str, Any], definition: Definition, budget: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The schema within `budget` bytes of JSON, and one sentence for each thing that was left out.

    `root` is the object schema of all arguments; `definition` gives what `#/$defs/NAME` stands for.
    """
    for allowance in (budget, budget * 9 // 10, budget * 3 // 4, budget // 2):
        writer = _Writer(definition, allowance)
        shown = writer.write(root)
        if len(encode(shown)) <= budget:
            return shown, tuple(writer.cuts)
    return _names_only(root, budget)


@dataclass(slots=True)
class _Pending:
    """A place that holds a placeholder and may be shown in full."""

    holder: Any
    key: Any
    schema: dict[str, Any]
    depth: int
    place: str
    cost: int
    """Bytes of the placeholder."""


class _Writer:
    def __init__(self, definition: Definition, budget: int) -> None:
        self.definition = definition
        self.left = budget
        self.budget = budget
        self.defs: dict[str, Any] = {}
        self.heap: list[tuple[int, int, _Pending]] = []
        """(score, number, place): the lowest score is shown first, then the first met."""
        self.texts: list[tuple[dict[str, Any], str, int]] = []
        """(shown schema, its full description, depth) in the order in which they were shown."""
        self.cuts: list[str] = []
        self.number = 0

    def write(self, root: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        self.left -= len('{"$defs":{}}')
        holder = {"root": shown}
        self._expand(_Pending(holder, "root", root, 0, "", 2))
        shown = holder["root"]
        is_top_described = False
        while self.heap:
            pending = heapq.heappop(self.heap)[2]
            if pending.depth > TOP_DEPTH and not is_top_described:
                is_top_described = True
                self._describe_top()
            if not self._expand(pending):
                self.cuts.append(f"{pending.place or 'arguments'}: not shown in full.")
        self._describe_all()
        if self.defs:
            shown["$defs"] = self.defs
        return shown

    # -------------------------------------------------------------------- structure

    def _expand(self, pending: _Pending) -> bool:
        """Show the schema in full, or in the richest form that fits; False when the placeholder stays."""
        for form in (_Form(), _Form(bare=True), _Form(bare=True, required_only=True)):
            draft = _Draft(self, pending)
            shown = draft.build(form)
            cost = len(encode(shown)) + draft.defs_cost - pending.cost
            if cost <= self.left or (pending.depth == 0 and form.required_only):
                self.left -= cost
                pending.holder[pending.key] = shown
                draft.commit()
                return True
        return False

    # ----------------------------------------------------------------- descriptions

    def _describe_top(self) -> None:
        allowance = min(int(self.budget * TOP_SHARE), self.left)
        start = allowance
        for shown, text, depth in self.texts:
            if depth <= TOP_DEPTH and "description" not in shown:
                allowance -= self._describe(shown, clip(text, TOP_DESCRIPTION), allowance)
        self.left -= start - allowance

    def _describe_all(self) -> None:
        for longest in (DEEP_DESCRIPTION, None):
            for shown, text, depth in self.texts:
                wanted = clip(text, longest or LATER_DESCRIPTION.get(depth, DEEP_DESCRIPTION))
                if len(wanted) > len(shown.get("description", "")):
                    self.left -= self._describe(shown, wanted, self.left)
        missing = sum(1 for shown, text, _ in self.texts if text and shown.get("description") != text)
        if missing:
            self.cuts.append(f"{missing} descriptions are shortened or left out.")

    def _describe(self, shown: dict[str, Any], text: str, allowance: int) -> int:
        """Bytes that the text cost; 0 when it did not fit."""
        old = len(encode(shown["description"])) if "description" in shown else -len(',"description":')
        cost = len(encode(text)) - old
        if cost > allowance:
            return 0
        shown["description"] = text
        return cost


@dataclass(frozen=True, slots=True)
class _Form:
    bare: bool = False
    """Properties are named, their schemas come later if there is room."""
    required_only: bool = False


class _Draft:
    """One schema with placeholders for what is inside it; nothing counts before `commit`."""

    def __init__(self, writer: _Writer, pending: _Pending) -> None:
        self.writer = writer
        self.pending = pending
        self.children: list[tuple[Any, Any, dict[str, Any], int, str, bool]] = []
        self.texts: list[tuple[dict[str, Any], str, int]] = []
        self.new_defs: dict[str, Any] = {}
        self.defs_cost = 0
        self.cuts: list[str] = []

    def build(self, form: _Form) -> dict[str, Any]:
        schema, depth, place = self.pending.schema, self.pending.depth, self.pending.place
        shown = self._keywords(schema, depth, place)
        if "$ref" in schema:
            shown["$ref"] = schema["$ref"]
            self._reserve(schema["$ref"][len(DEFS) :], depth)
        drops_properties = False
        if "properties" in schema:
            drops_properties = self._properties(schema, shown, form)
        for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            if key in schema:
                self._list(schema, key, shown)
        if isinstance(schema.get("patternProperties"), dict):
            shown["patternProperties"] = {}
            for name, child in schema["patternProperties"].items():
                self._child(shown["patternProperties"], name, child, depth + 1, f"{place}[{name}]", required=False)
        for key in ("items", "additionalProperties"):
            if key in schema and not (key == "additionalProperties" and drops_properties):
                where = f"{place}[]" if key == "items" else f"{place}.*"
                self._child(shown, key, schema[key], depth + 1, where, required=True)
        return shown

    def _keywords(self, schema: Mapping[str, Any], depth: int, place: str) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for key, value in schema.items():
            if key not in KEPT:
                continue
            if key in ("default", "pattern") and len(encode(value)) > LIST_BYTES // 5:
                continue
            shown[key] = value
        text = schema.get("description")
        enum = shown.get("enum")
        if isinstance(enum, list) and len(enum) > FIRST_VALUES and len(encode(enum)) > LIST_BYTES:
            del shown["enum"]
            first = ", ".join(str(value) for value in enum[:FIRST_VALUES])
            shown["description"] = clip(f"One of {len(enum)} values: {first}, …", 3 * STUB_CHARACTERS)
            self.cuts.append(f"{place}: {len(enum)} values of the enum are told by their first.")
        elif isinstance(text, str) and text:
            self.texts.append((shown, text, depth))
        return shown

    def _properties(self, schema: Mapping[str, Any], shown: dict[str, Any], form: _Form) -> bool:
        """True when properties were left out."""
        place, depth = self.pending.place, self.pending.depth
        required = set(schema.get("required", ()))
        properties: dict[str, Any] = {}
        left_out: list[str] = []
        shown["properties"] = properties
        for name, child in schema["properties"].items():
            if form.required_only and name not in required:
                left_out.append(name)
                continue
            where = f"{place}.{name}" if place else name
            if form.bare:
                self._stub(properties, name, child, depth + 1, where, required=name in required, short=True)
            else:
                self._child(properties, name, child, depth + 1, where, required=name in required)
        if left_out:
            shown.pop("additionalProperties", None)
            shown["description"] = clip(f"Further properties: {', '.join(left_out)}", 4 * STUB_CHARACTERS)
            self.cuts.append(f"{place or 'arguments'}: {len(left_out)} optional properties are left out.")
        return bool(left_out)

    def _list(self, schema: Mapping[str, Any], key: str, shown: dict[str, Any]) -> None:
        # A branch that was widened may accept what another accepts too; anyOf allows that. With both keywords
        # present, anyOf is kept and oneOf, the narrower demand, left out.
        name = "anyOf" if key == "oneOf" else key
        if name in shown:
            return
        branches: list[Any] = [None] * len(schema[key])
        shown[name] = branches
        for index, branch in enumerate(schema[key]):
            where = f"{self.pending.place}({key} {index})"
            self._child(branches, index, branch, self.pending.depth + (key == "prefixItems"), where, required=True)

    def _child(self, holder: Any, key: Any, schema: Any, depth: int, place: str, *, required: bool) -> None:
        if isinstance(schema, bool):
            holder[key] = schema if key == "additionalProperties" or not schema else {}
        elif schema.keys().isdisjoint(_NESTING):
            holder[key] = self._keywords(schema, depth, place)
        else:
            self._stub(holder, key, schema, depth, place, required=required, short=False)

    def _stub(self, holder: Any, key: Any, schema: Any, depth: int, place: str, *, required: bool, short: bool) -> None:
        if isinstance(schema, bool):
            holder[key] = {} if schema else {"not": {}}
            return
        stub = {} if short else _stub(schema)
        holder[key] = stub
        self.children.append((holder, key, schema, depth, place, required))

    def _reserve(self, name: str, depth: int) -> None:
        """A definition that is referred to for the first time gets its placeholder, and its turn."""
        if name in self.writer.defs or name in self.new_defs:
            return
        schema = self.writer.definition(name)
        stub = {} if isinstance(schema, bool) else _stub(schema, name)
        self.new_defs[name] = stub
        self.defs_cost += len(encode(stub)) + len(name) + 4
        if isinstance(schema, dict):
            self.children.append((self.writer.defs, name, schema, depth, name, True))

    def commit(self) -> None:
        writer = self.writer
        writer.defs.update(self.new_defs)
        writer.texts.extend(self.texts)
        writer.cuts.extend(self.cuts)
        for holder, key, schema, depth, place, required in self.children:
            writer.number += 1
            score = depth * 2 + (0 if required else 1)
            cost = len(encode(holder[key]))
            pending = _Pending(holder, key, schema, depth, place, cost)
            heapq.heappush(writer.heap, (score, writer.number, pending))


_NESTING = frozenset(
    {
        "$ref",
        "properties",
        "items",
        "allOf",
        "anyOf",
        "oneOf",
        "prefixItems",
        "patternProperties",
        "additionalProperties",
    }
)


def _stub(schema: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    """A placeholder that accepts at least what the schema accepts and tells what belongs there."""
    stub: dict[str, Any] = {}
    if "$ref" in schema:
        name = name or str(schema["$ref"])[len(DEFS) :]
    if "type" in schema:
        stub["type"] = schema["type"]
    title = name or schema.get("title", "")
    inside = ", ".join(list(schema.get("properties", ()))[:8])
    told = ": ".join(part for part in (str(title), inside) if part)
    stub["description"] = clip(f"{told} (not shown in full)" if told else "Not shown in full", STUB_CHARACTERS)
    return stub


def _names_only(root: dict[str, Any], budget: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The last resort: argument names alone, then required names alone, then an open object."""
    required = list(root.get("required", ()))
    names = list(root.get("properties", ()))
    cut = (f"arguments: only the names of {len(names)} arguments fit.",)
    candidates: list[dict[str, Any]] = [
        {"type": "object", "properties": {name: {} for name in names}, "required": required},
        {"type": "object", "properties": {name: {} for name in required}, "required": required},
        {"type": "object", "required": required},
        {"type": "object"},
    ]
    for candidate in candidates:
        if not candidate.get("required", True):
            del candidate["required"]
        if len(encode(candidate)) <= budget:
            return candidate, cut
    return {}, cut
