"""Checking a function's arguments: a compiled JSON Schema validator, and the values that it cannot look at.

Regular expressions run in a linear-time engine; a pattern that it does not know is left out of the check, because a
model's argument must not be able to hold up the process (THREATS D-07). Formats are annotations, as JSON Schema
2020-12 has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from actionry.http import File
from actionry.openapi.model import MediaType, Schema
from actionry.tools.bodies import body_schema, media_type_rank
from actionry.tools.definitions import DEFS, SCHEMA_KEYWORDS, SCHEMA_LISTS, SCHEMA_MAPS, Definitions

if TYPE_CHECKING:
    from actionry.tools.function_schema import Binding, Function

MAX_ERROR_COST = 200_000
"""Visits of a value by a schema for which errors are collected; checking alone has no such limit."""
_PATTERNS = jsonschema_rs.RegexOptions(size_limit=2_000_000, dfa_size_limit=10_000_000)
BINARY_STAND_IN = "binary"


def compile_schema(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """A validator; patterns that the linear-time engine does not know are left out."""
    try:
        return _compile(schema)
    except (jsonschema_rs.ValidationError, ValueError):
        return _compile(without_unknown_patterns(schema))


def _compile(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=False, pattern_options=_PATTERNS, offline=True)


def without_unknown_patterns(schema: Schema) -> Schema:
    """A copy whose every pattern compiles."""
    if not isinstance(schema, dict):
        return schema
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "pattern" and not is_usable_pattern(value):
            continue
        if key in SCHEMA_MAPS or key == "$defs":
            result[key] = {
                name: without_unknown_patterns(child)
                for name, child in value.items()
                if key != "patternProperties" or is_usable_pattern(name)
            }
        elif key in SCHEMA_LISTS:
            result[key] = [without_unknown_patterns(child) for child in value]
        elif key in SCHEMA_KEYWORDS:
            result[key] = without_unknown_patterns(value)
        else:
            result[key] = value
    return result


def is_usable_pattern(pattern: object) -> bool:
    try:
        _compile({"pattern": pattern})
    except (jsonschema_rs.ValidationError, ValueError):
        return False
    return True


class Intricate(Exception):
    """So many alternatives are nested in one another that listing why each fails would take forever."""


class Checker:
    """The compiled check of one function's arguments, and of their parts while they are mended."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.definitions: Definitions = function.definitions
        self.schema: dict[str, Any] = function.wire_schema
        self.by_argument: dict[str, Binding] = {binding.argument: binding for binding in function.bindings.all}
        self._parts: dict[int, tuple[Schema, jsonschema_rs.Draft202012Validator]] = {}

    @cached_property
    def validator(self) -> jsonschema_rs.Draft202012Validator:
        return compile_schema(self.schema)

    def is_valid(self, arguments: Mapping[str, Any]) -> bool:
        """`arguments` by argument name, with wire names inside; files may stand where text is declared."""
        try:
            return self.validator.is_valid(arguments)
        except ValueError:  # a value that is not JSON: bytes and files are looked at as text
            plain = stand_in(arguments, set())
            if self.validator.is_valid(plain):
                return True
            try:
                return next(self.errors(arguments), None) is None
            except Intricate:
                return False

    def errors(self, arguments: Mapping[str, Any]) -> Iterator[jsonschema_rs.ValidationError]:
        """Raises Intricate, at the first error asked for, when there would be too many to look at.

        The validator remembers what it has checked, but not why it failed: nested unions of one another, which a
        hostile document can bring, take time that doubles with each level.
        """
        files: set[tuple[str | int, ...]] = set()
        plain = stand_in(arguments, files)
        if error_cost(plain, self.schema, self.definitions) > MAX_ERROR_COST:
            raise Intricate
        if ("body",) in files and self.function.bindings.takes_bytes:
            plain = {**plain, "body": None}  # goes out as the media type that takes bytes, not as the offered one
        for error in self.validator.iter_errors(plain):
            if ("body",) in files and list(error.instance_path) == ["body"] and self.function.bindings.takes_bytes:
                continue
            if tuple(error.instance_path) in files and error.kind.name != "type":
                continue  # lengths and patterns speak of text, not of a file
            yield error

    def fits(self, value: Any, schema: Schema) -> bool:
        """Whether a part of the arguments is valid by itself."""
        if isinstance(schema, bool):
            return schema
        known = self._parts.get(id(schema))
        if known is None:
            names = self.definitions.schemas.names_in(schema)
            reached, left_out = self.definitions.reached(names, max_nodes=self._max_nodes)
            defs: dict[str, Schema] = {name: definition.wire for name, definition in reached.items()}
            defs.update(dict.fromkeys(left_out, True))
            known = (schema, compile_schema({**schema, "$defs": defs}))
            self._parts[id(schema)] = known  # the schema is kept with it, so its id stays its own
        return known[1].is_valid(stand_in(value, set()))

    _max_nodes = 5_000

    @cached_property
    def body_alternatives(self) -> list[tuple[MediaType, Schema]]:
        """The request body's media types that are not offered to the model, best first."""
        bindings = self.function.bindings
        others = (
            [one for one in bindings.request_body.content if one is not bindings.media_type]
            if bindings.request_body
            else []
        )
        others.sort(key=lambda one: media_type_rank(one.media_type))
        return [(one, body_schema(one, self.definitions)) for one in others]

    def other_media_type(self, arguments: Mapping[str, Any]) -> str | None:
        """The declared alternative that takes this body as it is, when all else is valid (a caller's choice)."""
        if "body" not in arguments or not self.body_alternatives:
            return None
        try:
            if any(list(error.instance_path)[:1] != ["body"] for error in self.errors(arguments)):
                return None
        except Intricate:
            return None
        for one, schema in self.body_alternatives:
            if self.fits(arguments["body"], schema):
                return one.media_type
        return None

    def argument_schema(self, argument: str) -> Schema | None:
        """Of one argument, with wire names inside; None when there is no such argument."""
        schema: Schema | None = self.schema["properties"].get(argument)
        return schema

    def schema_at(self, path: list[str | int]) -> Schema | None:
        """The subschema at a path of the validator's errors."""
        node: Any = self.schema
        for token in path:
            try:
                node = node[token]
            except (LookupError, TypeError):  # a path through what the validator rewrote
                return None
        return node if isinstance(node, dict | bool) else None


def stand_in(value: Any, files: set[tuple[str | int, ...]], path: tuple[str | int, ...] = ()) -> Any:
    """The value with text in place of bytes and files, whose paths are added to `files`."""
    if isinstance(value, bytes | bytearray | memoryview | File):
        files.add(path)
        return BINARY_STAND_IN
    if isinstance(value, dict):
        return {key: stand_in(child, files, (*path, key)) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [stand_in(child, files, (*path, index)) for index, child in enumerate(value)]
    return value


def error_cost(value: Any, schema: Schema, definitions: Definitions) -> float:
    """About how many (value, schema) visits collecting errors takes; infinite when even counting is too much."""
    known: dict[tuple[int, int], float] = {}
    try:
        return _cost(value, schema, definitions, known)
    except (Intricate, RecursionError):
        return float("inf")


def _cost(value: Any, schema: Any, definitions: Definitions, known: dict[tuple[int, int], float]) -> float:
    if not isinstance(schema, dict):
        return 1
    key = (id(value), id(schema))
    if key in known:
        return known[key]
    if len(known) > MAX_ERROR_COST:
        raise Intricate
    known[key] = 0  # a definition that only leads back to itself
    total = 1.0
    reference = schema.get("$ref")
    if isinstance(reference, str):
        total += _cost(value, definitions.get(reference[len(DEFS) :]).wire, definitions, known)
    for name in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(name, ()):
            total += _cost(value, branch, definitions, known)
    for name in ("not", "if", "then", "else"):
        if name in schema:
            total += _cost(value, schema[name], definitions, known)
    for child, part in _children(value, schema):
        total += _cost(child, part, definitions, known)
    known[key] = total
    return total


def _children(value: Any, schema: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name, child in value.items():
            yield child, properties.get(name, schema.get("additionalProperties"))
            for part in schema.get("patternProperties", {}).values():
                yield child, part
    elif isinstance(value, list):
        first = schema.get("prefixItems", ())
        for index, child in enumerate(value):
            yield child, first[index] if index < len(first) else schema.get("items")
