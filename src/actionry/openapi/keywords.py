"""What people write into schemas and what they mean: types, numbers, patterns, enum values, names."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from actionry.findings import unescape_token

TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
"""JSON Schema 2020-12 validation, section 6.1.1."""

EXCLUSIVE = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}

BESIDE_REFERENCE = frozenset(
    {
        *("title", "description", "deprecated", "default", "example", "examples"),
        *(
            "properties",
            "required",
            "additionalProperties",
            "enum",
            "const",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
        ),
        *("minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "pattern"),
        *("unevaluatedProperties", "minProperties", "maxProperties", "items"),
    }
)
"""Siblings of `$ref` that count. OpenAPI 3.0 ignores them all, but authors mean what they write there."""

MISPLACED = frozenset(
    {
        *("type", "format", "enum", "items", "default", "minimum", "maximum", "pattern", "minLength", "maxLength"),
        *("properties", "additionalProperties", "minItems", "maxItems", "$ref", "oneOf", "anyOf", "allOf", "nullable"),
        *("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems", "const"),
    }
)
"""Schema keywords that a parameter without `schema` may carry itself (Swagger 2.0's form inside OpenAPI 3)."""

INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Zero-width, bidirectional-control and tag characters (THREATS P-11)."""

_MEANT: dict[str, tuple[str | None, str | None]] = {
    **dict.fromkeys(
        ("int", "int32", "int64", "long", "short", "bigint", "uint", "uint32", "uint64", "int8", "int16"),
        ("integer", None),
    ),
    **dict.fromkeys(
        ("float", "double", "decimal", "numeric", "float32", "float64", "real", "currency", "money"),
        ("number", None),
    ),
    **dict.fromkeys(
        ("str", "text", "char", "varchar", "enum", "html", "markdown", "base64", "token", "phone"),
        ("string", None),
    ),
    **dict.fromkeys(("date",), ("string", "date")),
    **dict.fromkeys(("datetime", "date-time", "timestamp", "dateTime", "time-stamp"), ("string", "date-time")),
    "time": ("string", "time"),
    **dict.fromkeys(("uuid", "guid"), ("string", "uuid")),
    **dict.fromkeys(("uri", "url"), ("string", "uri")),
    "email": ("string", "email"),
    "password": ("string", "password"),
    **dict.fromkeys(("file", "binary", "blob", "bytes", "image"), ("string", "binary")),
    "byte": ("string", "byte"),
    "bool": ("boolean", None),
    **dict.fromkeys(("list", "set", "tuple"), ("array", None)),
    **dict.fromkeys(("dict", "map", "hash", "json", "record", "struct", "hashmap", "dictionary"), ("object", None)),
    **dict.fromkeys(("none", "nil", "void"), ("null", None)),
    **dict.fromkeys(("any", "mixed", "*", "unknown", "undefined", "anytype"), (None, None)),
}
"""Words that stand for a type elsewhere -> (type, format)."""


@dataclass(frozen=True, slots=True)
class MeantType:
    types: tuple[str, ...]
    """Empty: anything."""
    format: str | None = None
    exact: bool = True
    """False when it had to be guessed."""


def read_type(declared: Any) -> MeantType:
    """`["string", "null"]`, `Integer`, `int`, `string | null`, `file` … -> JSON Schema types."""
    if isinstance(declared, list):
        parts = [read_type(item) for item in declared]
        types = tuple(dict.fromkeys(kind for part in parts for kind in part.types))
        exact = bool(parts) and all(part.exact for part in parts)
        if any(not part.types for part in parts):
            return MeantType((), None, exact=False)
        return MeantType(types, next((part.format for part in parts if part.format), None), exact=exact)
    if not isinstance(declared, str):
        return MeantType(("null",) if declared is None else (), exact=False)
    if declared in TYPES:
        return MeantType((declared,))
    word = declared.strip().lower()
    if word in TYPES:
        return MeantType((word,), exact=False)
    if word in _MEANT:
        kind, form = _MEANT[word]
        return MeantType((kind,) if kind else (), form, exact=False)
    if word.endswith("[]") or word.startswith(("array[", "array<", "list[", "list<")):
        return MeantType(("array",), exact=False)
    parts_of_union = [part.strip() for part in re.split(r"[|,/]| or ", word) if part.strip()]
    if len(parts_of_union) > 1:
        union = read_type(parts_of_union)
        return MeantType(union.types, union.format, exact=False)
    return MeantType((), exact=False)


def names_in_required(value: Any) -> Iterator[str]:
    """The names that a `required` keyword lists, whatever its form."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (name for name in dict.fromkeys(item for item in value if isinstance(item, str)))


def read_number(value: Any) -> int | float | None:
    """A number, also one that was put in quotes; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        for convert in (int, float):
            try:
                return convert(value)
            except ValueError:
                continue
    return None


def fit_value(value: Any, kind: str) -> Any:
    """A value as its declared type wants it, where nothing is lost: 1 -> "1" for string, "1" -> 1 for integer."""
    if kind == "string" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if kind in ("integer", "number") and isinstance(value, str):
        number = read_number(value)
        return value if number is None or (kind == "integer" and not isinstance(number, int)) else number
    if kind == "boolean" and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


@lru_cache(maxsize=4096)
def readable_pattern(pattern: str) -> str | None:
    """The pattern as every validator reads it: without `/…/` around it; None when it does not compile.

    Both ECMA-262 and Python's syntax must accept it, because validators of either kind meet it.
    """
    if len(pattern) > 2 and pattern.startswith("/^") and re.search(r"/[a-z]*$", pattern):
        pattern = pattern[1 : pattern.rindex("/")]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return None
    if "(?P" in pattern or "\\A" in pattern or "\\Z" in pattern or "(?i" in pattern:
        return None
    return pattern


def definition_name(pointer: str) -> str:
    """`/components/schemas/Pet` -> `Pet`; deeper places keep enough of their path to be told apart."""
    tokens = [unescape_token(token) for token in pointer.split("/")[1:]]
    for section in (("components", "schemas"), ("definitions",), ("$defs",)):
        if tuple(tokens[: len(section)]) == section and len(tokens) > len(section):
            tokens = tokens[len(section) :]
            break
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", "_".join(tokens) or "Document").strip("_") or "Schema"
    return name if len(name) <= 100 else name[-100:]
