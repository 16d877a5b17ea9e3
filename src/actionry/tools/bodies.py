"""Which of a request body's media types a function offers, and the schema of its `body` argument."""

from __future__ import annotations

from typing import Any

from actionry.openapi.model import MediaType, RequestBody, Schema
from actionry.tools.definitions import BINARY_NOTE, Definitions, is_binary

EXAMPLE_BYTES = 2_000
"""A body example longer than this says less than it costs."""


def essence(media_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return media_type.partition(";")[0].strip().lower()


def media_type_rank(media_type: str) -> int:
    """Lower is offered rather: JSON, its relatives, forms, multipart, anything, text, XML, bytes."""
    name = essence(media_type)
    kind, _, subtype = name.partition("/")
    if name == "application/json":
        return 0
    if subtype.endswith("+json") or subtype == "json":
        return 1
    if name == "application/x-www-form-urlencoded":
        return 2
    if name == "multipart/form-data":
        return 3
    if kind == "multipart":
        return 4
    if name in ("*/*", "application/*", "*"):
        return 5
    if subtype == "xml" or subtype.endswith("+xml"):
        return 7
    return 6 if is_text(name) else 8


def is_text(media_type: str) -> bool:
    name = essence(media_type)
    kind, _, subtype = name.partition("/")
    return kind == "text" or subtype in _TEXT_SUBTYPES or subtype.endswith(("+xml", "+yaml", "+text"))


_TEXT_SUBTYPES = frozenset(
    {
        "xml", "yaml", "x-yaml", "graphql", "javascript", "x-ndjson", "ndjson", "jsonl", "jsonlines", "csv", "sql",
        "toml", "x-sh", "jwt", "jose", "pem-certificate-chain", "sparql-query", "sparql-update", "n-triples",
    }
)  # fmt: skip


def choose_media_type(body: RequestBody) -> MediaType | None:
    """The alternative that is offered; the first declared among equals. None: the body declares none."""
    return min(body.content, key=lambda alternative: media_type_rank(alternative.media_type), default=None)


def bytes_alternative(body: RequestBody) -> MediaType | None:
    """The alternative that takes a file as it is, for a caller that hands one over."""
    for alternative in body.content:
        if media_type_rank(alternative.media_type) in (6, 7, 8):
            return alternative
    return None


def body_schema(chosen: MediaType | None, definitions: Definitions) -> Schema:
    """What the `body` argument holds; where the document says nothing, what the media type implies."""
    if chosen is None:
        return True
    rank = media_type_rank(chosen.media_type)
    schema = chosen.schema
    if isinstance(schema, bool) or schema.keys() <= {"description", "title", "examples"}:
        declared: dict[str, Any] = schema if isinstance(schema, dict) else {}
        return {**_IMPLIED[rank], **declared} if schema is not False else False
    if rank == 8 and _is_any_string(schema, definitions):
        return {**schema, "format": "binary"} if "$ref" not in schema else {"type": "string", "format": "binary"}
    return schema


def _is_any_string(schema: dict[str, Any], definitions: Definitions) -> bool:
    """Bytes declared as a plain string, as many documents do for `application/octet-stream`."""
    resolved = definitions.schemas.resolve(schema)
    if not isinstance(resolved, dict) or resolved.get("type") != "string":
        return False
    return is_binary(resolved) or not resolved.keys() & {"enum", "const", "pattern", "format", "contentEncoding"}


_IMPLIED: dict[int, dict[str, Any]] = {
    0: {"description": "Any JSON value."},
    1: {"description": "Any JSON value."},
    2: {"type": "object", "description": "Form fields by name."},
    3: {"type": "object", "description": f"Form fields by name; a file is a {BINARY_NOTE[0].lower()}{BINARY_NOTE[1:]}"},
    4: {"type": "object", "description": "Parts by name."},
    5: {},
    6: {"type": "string"},
    7: {"type": "string", "description": "An XML document."},
    8: {"type": "string", "format": "binary"},
}
