"""Mending arguments that miss their schema, where what was meant has exactly one reading.

Numbers as text, a bare value for a list, JSON text for an object, an enum value in another case, a misspelt case of a
name, the whole wrapped in `{"parameters": …}`, body fields put beside `body`. Where two readings are possible
nothing is changed, and the model is asked (`explain`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from actionry.errors import ArgumentError
from actionry.openapi.model import Schema
from actionry.tools import plain_text
from actionry.tools.checker import Checker
from actionry.tools.definitions import Shape, encode, object_shape
from actionry.tools.json_slips import read_json
from actionry.tools.naming import originals

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
MAX_DEPTH = 60
MIN_STEPS = 2_000
_INTEGER = re.compile(r"[-+]?\d{1,400}(?:\.0*)?")
_NUMBER = re.compile(r"[-+]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})(?:[eE][-+]?\d{1,3})?")
_SEPARATORS = re.compile(r"[\s_\-.]+")
_WRAPPERS = frozenset(
    {
        "parameters",
        "params",
        "arguments",
        "args",
        "input",
        "inputs",
        "kwargs",
        "data",
        "payload",
        "request",
        "properties",
    }
)
_LOCATIONS = frozenset({"path", "query", "header", "headers", "cookie", "cookies", "path_params", "query_params"})


def repair(checker: Checker, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with every slip mended that has one reading; what is valid already is not touched."""
    arrange = _Arrangement(checker)
    arguments = arrange.unwrapped(arguments)
    arguments = arrange.named(arguments)
    arguments = arrange.fields_into_body(arguments)
    arguments = arrange.fields_out_of_body(arguments)
    try:
        return _mended(checker, arguments)
    except _TooMuch:
        return arguments


def _mended(checker: Checker, arguments: dict[str, Any]) -> dict[str, Any]:
    mend = _Mender(checker, steps_for(arguments))
    result: dict[str, Any] = {}
    for name, value in arguments.items():
        binding = checker.by_argument.get(name)
        schema = checker.argument_schema(name)
        if binding is None or schema is None:
            result[name] = value
            continue
        mended = mend.value(value, schema, 0)
        is_optional = not binding.required or binding.constant is not None
        if mended is None and is_optional and not checker.fits(None, schema):
            continue  # null for "not given"
        result[name] = mended
    return result


def whole_numbers(checker: Checker, arguments: dict[str, Any]) -> dict[str, Any]:
    """Valid arguments with 5.0 written as 5 wherever an integer is asked for."""
    mend = _Mender(checker, steps_for(arguments))
    try:
        return {
            name: mend.value(value, schema, 0) if (schema := checker.argument_schema(name)) is not None else value
            for name, value in arguments.items()
        }
    except _TooMuch:
        return arguments


class _TooMuch(Exception):
    """Unions inside unions offer more readings than are worth trying: the arguments stay as they are."""


def steps_for(arguments: object) -> int:
    """How many values may be looked at: a few readings of each, and room for small deep ones."""
    size = len(encode(arguments, default=lambda _: ""))
    return MIN_STEPS + size // 2


def alike(text: str) -> str:
    """What two spellings have in common: `User ID`, `userId` and `user_id` are alike."""
    return _SEPARATORS.sub("", plain_text.visible(text)).casefold()


def only_match(wanted: str, names: Iterable[str]) -> str | None:
    """The one name that is spelt alike; None when there is none or more than one."""
    key = alike(wanted)
    found = [name for name in names if alike(name) == key]
    return found[0] if len(found) == 1 else None


class _Arrangement:
    """Arguments that stand in the wrong place."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker
        self.names = set(checker.by_argument)
        self.offered = {b.argument for b in checker.function.bindings.offered}

    def unwrapped(self, given: dict[str, Any]) -> dict[str, Any]:
        for _ in range(3):
            inner = self._inside(given)
            if inner is None:
                return self._out_of_locations(given)
            given = inner
        return given

    def _inside(self, given: dict[str, Any]) -> dict[str, Any] | None:
        """What `{"parameters": {...}}` or `{"name": <this function>, "arguments": {...}}` holds."""
        unknown = [name for name in given if name not in self.names]
        if len(unknown) == 2 and len(given) == 2 and given.get("name") == self.checker.function.name:
            unknown = [name for name in unknown if name != "name"]
        elif len(given) != 1:
            return None
        if len(unknown) != 1 or unknown[0].lower() not in _WRAPPERS:
            return None
        inner = given[unknown[0]]
        if isinstance(inner, str):
            inner = _read_if_json(inner)
        return inner if isinstance(inner, dict) else None

    def _out_of_locations(self, given: dict[str, Any]) -> dict[str, Any]:
        """`{"path": {"id": 7}, "query": {...}}` grouped as a document groups them."""
        groups = [n for n in given if n not in self.names and n.lower() in _LOCATIONS and isinstance(given[n], dict)]
        if not groups:
            return given
        flat = {name: value for name, value in given.items() if name not in groups}
        for group in groups:
            for name, value in given[group].items():
                if name not in self.names or name in flat:
                    return given
                flat[name] = value
        return flat

    def named(self, given: dict[str, Any]) -> dict[str, Any]:
        """Names in another spelling, and wire names for renamed arguments."""
        result = dict(given)
        wire = {b.name: b.argument for b in self.checker.function.bindings.all if b.name not in self.names}
        for name in given:
            if name in self.names:
                continue
            match = wire.get(name) or only_match(name, self.offered)
            if match is not None and match not in result:
                result = {(match if key == name else key): value for key, value in result.items()}
        return result

    def fields_into_body(self, given: dict[str, Any]) -> dict[str, Any]:
        """Fields of the body that stand beside it, when every stray one is a field that the body declares."""
        body = given.get("body")
        strays = [name for name in given if name not in self.names]
        if not strays or "body" not in self.offered or not isinstance(body, dict | None):
            return given
        properties = self._body_shape().properties
        present = body or {}
        declared = properties.keys() | originals(properties).keys()
        if any(name not in declared or name in present for name in strays):
            return given
        moved = {**present, **{name: given[name] for name in strays}}
        return {**{name: value for name, value in given.items() if name not in strays}, "body": moved}

    def fields_out_of_body(self, given: dict[str, Any]) -> dict[str, Any]:
        """Required parameters that were put into the body, which declares fields but not these."""
        body = given.get("body")
        if not isinstance(body, dict):
            return given
        bindings = self.checker.function.bindings
        missing = [b.argument for b in bindings.offered if b.required and b.argument not in given]
        if bindings.body is None:
            # No body at all: its fields can only be the parameters.
            if body and all(name in self.offered and name not in given for name in body):
                return {**{name: value for name, value in given.items() if name != "body"}, **body}
            return given
        declared = self._body_shape().properties
        moved = [name for name in missing if name in body and declared and name not in declared]
        if not moved:
            return given
        rest = {name: value for name, value in body.items() if name not in moved}
        return {**given, "body": rest, **{name: body[name] for name in moved}}

    def _body_shape(self) -> Shape:
        return object_shape(self.checker.function.bindings.body_schema, self.checker.definitions)


class _Mender:
    """Values that miss their schema."""

    def __init__(self, checker: Checker, steps: int) -> None:
        self.checker = checker
        self.steps_left = steps
        self.wraps = 0
        """Above 0, a value is neither put into a list nor taken out of one."""

    def value(self, value: Any, schema: Schema, depth: int) -> Any:
        """The value that was meant; the given one when that is not plain."""
        if isinstance(schema, bool) or depth > MAX_DEPTH:
            return value
        self.steps_left -= 1
        if self.steps_left < 0:
            raise _TooMuch
        resolved = self.checker.definitions.schemas.resolve(schema)
        if isinstance(resolved, bool):
            return value
        for key in ("anyOf", "oneOf"):
            if key in resolved:
                value = self._union(value, resolved, resolved[key], depth)
        for branch in resolved.get("allOf", ()):
            if not isinstance(value, dict):
                value = self.value(value, branch, depth + 1)
        types = self._types(resolved)
        if types is not None:
            value = self._typed(value, types, resolved, depth)
        if isinstance(value, str | int) and "enum" in resolved:
            value = _enum_value(value, resolved["enum"])
        if isinstance(value, dict):
            return self._object(value, schema, depth)
        if isinstance(value, list) and ("items" in resolved or "prefixItems" in resolved):
            return self._list(value, resolved, depth)
        return value

    def _types(self, schema: dict[str, Any]) -> set[str] | None:
        """The types that the schema's own keywords allow; None when they say nothing."""
        kind = schema.get("type")
        if isinstance(kind, str):
            return {kind}
        if isinstance(kind, list):
            return set(kind)
        if "enum" in schema:
            return {json_type(value) for value in schema["enum"]}
        if "const" in schema:
            return {json_type(schema["const"])}
        if "properties" in schema and not schema.keys() & {"anyOf", "oneOf", "allOf", "items"}:
            return {"object"}
        return None

    def _typed(self, value: Any, types: set[str], schema: dict[str, Any], depth: int) -> Any:
        kind = json_type(value)
        if kind == "number" and "integer" in types and "number" not in types:
            return int(value) if value.is_integer() else value
        if kind in types or (kind == "integer" and "number" in types) or kind not in TYPES:
            return value
        readings = [reading for convert in _CONVERSIONS for reading in convert(value, types)]
        if "array" in types and kind not in ("array", "null") and not self.wraps:
            return self._one_for_list(value, readings, schema, depth)
        if kind == "array" and not self.wraps and len(value) == 1 and json_type(value[0]) in types:
            readings.append(value[0])
        distinct = _distinct(readings)
        return distinct[0] if len(distinct) == 1 else value

    def _one_for_list(self, value: Any, readings: list[Any], schema: dict[str, Any], depth: int) -> Any:
        """A bare value for a list of it; text with commas only where one of the two readings is valid."""
        lists = [reading for reading in readings if isinstance(reading, list)]
        if not lists:
            lists = [[value]]
            if isinstance(value, str) and "," in value:
                lists.append([part.strip() for part in value.split(",")])
        items: dict[str, Any] = {
            key: schema[key] for key in ("type", "items", "prefixItems", "minItems", "maxItems") if key in schema
        }
        self.wraps += 1  # a list of lists of it is not what anybody plainly means
        try:
            mended = [self._list(reading, schema, depth) for reading in lists]
        finally:
            self.wraps -= 1
        fitting = _distinct(reading for reading in mended if self.checker.fits(reading, items))
        return fitting[0] if len(fitting) == 1 else value

    def _list(self, value: list[Any], schema: dict[str, Any], depth: int) -> list[Any]:
        first = schema.get("prefixItems", [])
        rest = schema.get("items", True)
        return [
            self.value(item, first[index] if index < len(first) else rest, depth + 1)
            for index, item in enumerate(value)
        ]

    def _object(self, value: dict[str, Any], schema: Schema, depth: int) -> dict[str, Any]:
        shape = object_shape(schema, self.checker.definitions)
        result: dict[str, Any] = {}
        is_closed = self._is_closed(schema)
        for name, child in value.items():
            target = name
            if name not in shape.properties and is_closed:
                match = only_match(name, shape.properties)
                target = match if match is not None and match not in value else name
            declared = shape.properties.get(target, [])
            part: Schema = declared[0] if len(declared) == 1 else True
            if not declared and len(shape.additional) == 1:
                part = shape.additional[0]
            mended = self.value(child, part, depth + 1)
            if (
                mended is None
                and part is not True
                and target not in shape.required
                and not self.checker.fits(None, part)
            ):
                continue
            result[target] = mended
        for name in shape.required - result.keys():
            constants = [self.checker.definitions.constant(child) for child in shape.properties.get(name, ())]
            if len(constants) == 1 and constants[0] is not None:
                result[name] = constants[0].value
        return result

    def _is_closed(self, schema: Schema) -> bool:
        resolved = self.checker.definitions.schemas.resolve(schema)
        return isinstance(resolved, dict) and (
            resolved.get("additionalProperties") is False or resolved.get("unevaluatedProperties") is False
        )

    def _union(self, value: Any, whole: dict[str, Any], branches: list[Schema], depth: int) -> Any:
        """The reading that some branch accepts, when all branches that accept one agree on it."""
        if any(self.checker.fits(value, branch) for branch in branches):
            return value
        self.wraps += 1  # a reading of the same shape is nearer than one inside a list, or out of it
        try:
            readings = self._readings(value, whole, branches, depth)
        finally:
            self.wraps -= 1
        if not readings and not self.wraps:
            readings = self._readings(value, whole, branches, depth)
        return readings[0] if len(readings) == 1 else value

    def _readings(self, value: Any, whole: dict[str, Any], branches: list[Schema], depth: int) -> list[Any]:
        readings: list[Any] = []
        for branch in branches:
            merged = (
                {**branch, "type": whole["type"]} if isinstance(branch, dict) and _lends_type(whole, branch) else branch
            )
            reading = self.value(value, merged, depth + 1)
            if self.checker.fits(reading, branch):
                readings.append(reading)
        return _distinct(readings)


def _lends_type(whole: dict[str, Any], branch: dict[str, Any]) -> bool:
    return "type" in whole and "type" not in branch and "$ref" not in branch


# ------------------------------------------------------------------- conversions


def json_type(value: Any) -> str:
    """`integer` of 7, `number` of 7.5; the Python type's name of what is no JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, list | tuple):
        return "array"
    return type(value).__name__


def _text_to_scalar(value: Any, types: set[str]) -> list[Any]:
    if not isinstance(value, str):
        return []
    text = value.strip()
    if "integer" in types and _INTEGER.fullmatch(text):
        return [int(text.partition(".")[0])]
    if "number" in types and _NUMBER.fullmatch(text):
        return [int(text) if text.lstrip("+-").isdigit() else float(text)]
    if "boolean" in types and text.lower() in ("true", "false"):
        return [text.lower() == "true"]
    if "null" in types and text.lower() in ("null", "none"):
        return [None]
    return []


def _scalar_to_text(value: Any, types: set[str]) -> list[Any]:
    if "string" not in types or not isinstance(value, bool | int | float):
        return []
    return [json.dumps(value)]


def _text_to_structure(value: Any, types: set[str]) -> list[Any]:
    if not isinstance(value, str) or not types & {"array", "object"}:
        return []
    read = _read_if_json(value)
    return [read] if json_type(read) in types else []


_CONVERSIONS: tuple[Callable[[Any, set[str]], list[Any]], ...] = (
    _text_to_scalar,
    _scalar_to_text,
    _text_to_structure,
)


def _read_if_json(text: str) -> Any:
    """What the text holds when it is a JSON object or list; the text itself otherwise."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return read_json(text)
    except ArgumentError:
        return text


def _enum_value(value: str | int, enum: list[Any]) -> Any:
    """The enum's spelling of the value: other case, blanks or separators, number for text."""
    if any(value == option and isinstance(value, bool) == isinstance(option, bool) for option in enum):
        return value
    found = [option for option in enum if isinstance(option, str) and alike(option) == alike(str(value))]
    if not isinstance(value, str):
        return found[0] if len(found) == 1 and not isinstance(value, bool) else value
    found += [option for option in enum if not isinstance(option, str | list | dict) and json.dumps(option) == value]
    return found[0] if len(found) == 1 else value


def _distinct(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if not any(value == other and type(value) is type(other) for other in found):
            found.append(value)
    return found
