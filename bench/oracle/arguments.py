"""Values for an operation, made from its schemas, with a liking for what breaks serializers."""

from __future__ import annotations

import random
from typing import Any

from actionry.http import File, is_host_header
from actionry.openapi.model import MediaType, Operation, Parameter, Schema, Values
from actionry.request.media import kind_of
from actionry.request.octets import is_binary

TEXTS = (
    "blue", "sea green", "a+b", "a&b=c", "a/b", "q?x=1", "half#half", "100%", "%20", "x,y", "a|b", "k;v", "[x]{y}",
    "~!*'()", '"quoted"', "back\\slash", "ünïcödé", "日本語", "😀", "<b>", "a:b@c", "$filter", "^`", "", "true",
    "5", "1.0", "null", "two\nlines", "2024-01-31", "=", "x" * 300,
)  # fmt: skip
PLAIN_TEXTS = ("blue", "sea green", "a+b", "a=b", "x,y", "a|b", "100%", '"quoted"', "*", 'W/"1"', "5", "true")
"""For headers and cookies, whose bytes are narrower."""
PATH_TEXTS = (*(text for text in TEXTS if text not in ("", "two\nlines")), "a/../b", "v1..2", "%2F")
INTEGERS = (0, 1, -1, 7, 42, 1000000, 2**31, 2**53 - 1)
NUMBERS = (0, 1.5, -0.25, 5.0, 1e-3, 100.125, 3)
FORMATS = {
    "date": "2024-02-29", "date-time": "2024-02-29T12:30:00+01:00", "uuid": "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "email": "a.b+c@example.com", "uri": "https://example.com/a?b=c&d#e", "byte": "aGVsbG8/",
    "ipv4": "192.0.2.1",
}  # fmt: skip
FILES = (
    File("report.txt", b"line\r\n--b\r\n", "text/plain"),
    File("pixel.png", bytes(range(256)), "image/png"),
    File('odd "name".bin', b"", "application/octet-stream"),
)
DEPTH = 4


class Generator:
    def __init__(self, operation: Operation, chance: random.Random) -> None:
        self.operation = operation
        self.chance = chance
        self.texts: tuple[str, ...] = TEXTS

    def values(self) -> Values:
        values = Values()
        for parameter in self.operation.parameters:
            if not (parameter.required or self.chance.random() < 0.6):
                continue
            if parameter.location == "header" and is_host_header(parameter.name):
                continue
            self._add(values, parameter)
        body = self.operation.request_body
        if body is not None and (body.required or self.chance.random() < 0.8):
            chosen = self.chance.choice(body.content)
            values.media_type = chosen.media_type
            values.body = self._body(chosen)
            values.has_body = True
        return values

    def _add(self, values: Values, parameter: Parameter) -> None:
        self.texts = {"path": PATH_TEXTS, "query": TEXTS}.get(parameter.location, PLAIN_TEXTS)
        value = self.value(parameter.schema, 0)
        if parameter.location == "path" and value in ("", None, [], {}, [""], [None]):
            value = {"list": ["x"], "dict": {"k": "x"}}.get(type(value).__name__, "x")
        if parameter.location == "querystring":
            values.querystring = value
        else:
            getattr(values, parameter.location)[parameter.name] = value

    def _body(self, chosen: MediaType) -> Any:
        self.texts = TEXTS
        kind = kind_of(chosen.media_type)
        value = self.value(chosen.schema, 0)
        if kind in ("form", "multipart") and not isinstance(value, dict):
            return {"a": "b c", "n": 1}
        if kind == "binary" and isinstance(value, str):
            return self.chance.choice(FILES)
        return value

    def value(self, schema: Schema, depth: int) -> Any:
        resolved = self.operation.schemas.resolve(schema)
        if isinstance(resolved, bool):
            return self.chance.choice(("blue", 7, True))
        if "const" in resolved:
            return resolved["const"]
        if resolved.get("enum"):
            return self.chance.choice(resolved["enum"])
        for keyword in ("oneOf", "anyOf"):
            if resolved.get(keyword) and "type" not in resolved and "properties" not in resolved:
                return self.value(self.chance.choice(resolved[keyword]), depth + 1)
        declared = resolved.get("type")
        types = declared if isinstance(declared, list) else [declared]
        return self._of_type(self.chance.choice(types), resolved, depth)

    def _of_type(self, kind: str | None, schema: dict[str, Any], depth: int) -> Any:
        match kind:
            case "integer":
                return self.chance.choice(INTEGERS)
            case "number":
                return self.chance.choice(NUMBERS)
            case "boolean":
                return self.chance.random() < 0.5
            case "null":
                return None
            case "array":
                length = 0 if depth > DEPTH else self.chance.choice((0, 1, 1, 2, 3))
                return [self.value(schema.get("items", True), depth + 1) for _ in range(length)]
            case "object":
                return self._object(schema, depth)
            case None if "properties" in schema or "allOf" in schema:
                return self._object(schema, depth)
        if is_binary(schema):
            return self.chance.choice(FILES)
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]]
        return self.chance.choice(self.texts)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        result: dict[str, Any] = {}
        for name, member in self.operation.schemas.properties(schema).items():
            if name in required or (depth < DEPTH and self.chance.random() < (0.7 if depth == 0 else 0.4)):
                result[name] = self.value(member, depth + 1) if depth <= DEPTH + 2 else "x"
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and depth < DEPTH:
            result["extra key"] = self.value(extra, depth + 1)
        return result
