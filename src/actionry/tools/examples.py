"""Values that a schema accepts, made from the schema: for error messages, and for showing how a call looks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from actionry.openapi.model import Schema
from actionry.tools.definitions import Definitions
from actionry.tools.patterns import text_matching

MAX_DEPTH = 6
_FORMATS = {
    "date": "2024-05-31",
    "date-time": "2024-05-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "name@example.com",
    "idn-email": "name@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "iri": "https://example.com/",
    "uri-reference": "/path",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "byte": "aGVsbG8=",
    "binary": "file id or base64 text",
    "json-pointer": "/name",
    "regex": "^a+$",
}


def example_of(schema: Schema, definitions: Definitions, depth: int = 0) -> Iterator[Any]:
    """Candidates, most telling first; the caller checks them, for no maker of values knows every keyword."""
    schema = definitions.schemas.resolve(schema)
    if isinstance(schema, bool):
        if schema:
            yield "text"
        return
    yield from schema.get("examples", ()) if isinstance(schema.get("examples"), list) else ()
    for key in ("const", "default"):
        if key in schema:
            yield schema[key]
    yield from schema.get("enum", ())
    if depth > MAX_DEPTH:
        return
    for key in ("anyOf", "oneOf"):
        for branch in schema.get(key, ()):
            yield from _merged_examples(schema, key, branch, definitions, depth)
    if schema.get("allOf"):
        yield from _all_of(schema, definitions, depth)
    kinds = schema.get("type")
    for kind in kinds if isinstance(kinds, list) else [kinds or _implied(schema)]:
        yield from _of_type(kind, schema, definitions, depth)


def _merged_examples(
    schema: dict[str, Any], key: str, branch: Schema, definitions: Definitions, depth: int
) -> Iterator[Any]:
    branch = definitions.schemas.resolve(branch)
    own = {name: value for name, value in schema.items() if name not in (key, "examples", "default")}
    if isinstance(branch, dict):
        yield from example_of(_merge(own, branch), definitions, depth + 1)


def _all_of(schema: dict[str, Any], definitions: Definitions, depth: int) -> Iterator[Any]:
    merged = {key: value for key, value in schema.items() if key != "allOf"}
    for branch in schema["allOf"]:
        resolved = definitions.schemas.resolve(branch)
        if isinstance(resolved, dict):
            merged = _merge(merged, resolved)
    yield from example_of(merged, definitions, depth + 1)


def _merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    merged = {**first, **second}
    if "properties" in first and "properties" in second:
        merged["properties"] = {**first["properties"], **second["properties"]}
    if "required" in first and "required" in second:
        merged["required"] = list(dict.fromkeys([*first["required"], *second["required"]]))
    return merged


def _implied(schema: dict[str, Any]) -> str:
    if "properties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "minItems" in schema:
        return "array"
    if schema.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
        return "number"
    return "string"


def _of_type(kind: str, schema: dict[str, Any], definitions: Definitions, depth: int) -> Iterator[Any]:
    match kind:
        case "string":
            yield from _texts(schema)
        case "integer" | "number":
            yield from _numbers(schema, is_whole=kind == "integer")
        case "boolean":
            yield from (True, False)
        case "null":
            yield None
        case "array":
            yield _list(schema, definitions, depth)
        case "object":
            yield _object(schema, definitions, depth)


def _texts(schema: dict[str, Any]) -> Iterator[str]:
    pattern = schema.get("pattern")
    shortest, longest = int(schema.get("minLength", 0)), schema.get("maxLength")
    if isinstance(pattern, str):
        matching = list(text_matching(pattern, max(shortest, 1)))
        fits = [text for text in matching if len(text) >= shortest and (longest is None or len(text) <= longest)]
        yield from fits or matching
    known = _FORMATS.get(str(schema.get("format", "")))
    if known is not None:
        yield known
    text = "text"
    if shortest > len(text):
        text = (text * (min(shortest, 10_000) // len(text) + 1))[: min(shortest, 10_000)]
    yield text[: int(longest)] if isinstance(longest, int) else text


def _numbers(schema: dict[str, Any], *, is_whole: bool) -> Iterator[int | float]:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    start = low if low is not None else 1 if high is None or high >= 1 else high
    if not (isinstance(step, int | float) and step > 0 and isinstance(start, int | float)):
        return
    first = math.ceil(start / step) if low is not None or start == 1 else math.floor(start / step)
    for count in (first, first + 1, first - 1):
        value = count * step
        yield int(value) if float(value).is_integer() else value
    if not is_whole and low is not None and high is not None:
        yield (low + high) / 2


def _list(schema: dict[str, Any], definitions: Definitions, depth: int) -> list[Any]:
    first = schema.get("prefixItems", [])
    wanted = max(int(schema.get("minItems", 0)), min(1, int(schema.get("maxItems", 1))))
    values: list[Any] = []
    for index in range(min(wanted, 20)):
        items = first[index] if index < len(first) else schema.get("items", True)
        candidates = list(_some(example_of(items, definitions, depth + 1), index + 1))
        if candidates:
            values.append(candidates[min(index, len(candidates) - 1)])
    return values


def _object(schema: dict[str, Any], definitions: Definitions, depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    result: dict[str, Any] = {}
    for name in schema.get("required", ()):
        for value in example_of(properties.get(name, True), definitions, depth + 1):
            result[name] = value
            break
    for name, child in properties.items():
        if len(result) >= int(schema.get("minProperties", 0)):
            break
        for value in example_of(child, definitions, depth + 1):
            result.setdefault(name, value)
            break
    return result


def _some(values: Iterator[Any], count: int) -> Iterator[Any]:
    for _, value in zip(range(count), values, strict=False):
        yield value
