"""Which of a request body's media types a function offers, and the schema of its `body` argument."""

from __future__ import annotations

import re
from typing import Any

from actionry.openapi.model import MediaType, RequestBody, Schema
from actionry.tools.definitions import BINARY_NOTE, Definitions, is_binary

EXAMPLE_BYTES = 2_000
"""A body example longer than this says less than it costs."""


def essence(media_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return media_type.partition(";")[0].strip().lower()


ANY, XML, TEXT, BYTES = 3, 6, 7, 8
MULTIPART = 5


def media_type_rank(media_type: str) -> int:
    """Lower is offered rather: JSON, its relatives, JSON lines, a range, forms, multipart, XML, text, bytes."""
    name = essence(media_type)
    kind, _, subtype = name.partition("/")
    if name == "application/json":
        return 0
    if _JSON_LINES.search(subtype):
        return 2
    if subtype in ("json", "json5") or subtype.endswith(("+json", "+json5")):
        return 1
    if name == "application/x-www-form-urlencoded":
        return 4
    if kind == "multipart":
        return MULTIPART
    if subtype == "xml" or subtype.endswith("+xml"):
        return XML
    if kind in _BINARY_KINDS or _BINARY.search(subtype):
        return BYTES
    return ANY if subtype in ("*", "") else TEXT


_JSON_LINES = re.compile(r"ndjson|jsonl|json-?lines|ldjson|stream\+json|json-stream|json-seq")
_BINARY_KINDS = frozenset({"image", "audio", "video", "font", "model"})
_BINARY = re.compile(
    r"octet-stream|pdf|zip|zstd|rar$|7z|tar|tgz|compressed|archive|binary|officedocument|msword|ms-(?:excel|powerpoint|word)"
    r"|wasm|cbor|protobuf|grpc|msgpack|avro|parquet"
)


def choose_media_type(body: RequestBody) -> MediaType | None:
    """The alternative that is offered; the first declared among equals. None: the body declares none."""
    return min(body.content, key=lambda alternative: media_type_rank(alternative.media_type), default=None)


def bytes_alternative(body: RequestBody) -> MediaType | None:
    """The alternative that takes a file as it is, for a caller that hands one over."""
    for alternative in body.content:
        if media_type_rank(alternative.media_type) in (ANY, XML, TEXT, BYTES):
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
    if rank == BYTES and _is_any_string(schema, definitions):
        return {**schema, "format": "binary"} if "$ref" not in schema else {"type": "string", "format": "binary"}
    return schema


def _is_any_string(schema: dict[str, Any], definitions: Definitions) -> bool:
    """Bytes declared as a plain string, as many documents do for `application/octet-stream`."""
    resolved = definitions.schemas.resolve(schema)
    if not isinstance(resolved, dict) or resolved.get("type") != "string":
        return False
    return is_binary(resolved) or not resolved.keys() & {"enum", "const", "pattern", "format", "contentEncoding"}


_JSON_VALUE: dict[str, Any] = {"description": "Any JSON value."}
_IMPLIED: dict[int, dict[str, Any]] = {
    0: _JSON_VALUE,
    1: _JSON_VALUE,
    2: {"description": "A list with one JSON value per line."},
    ANY: {},
    4: {"type": "object", "description": "Form fields by name."},
    MULTIPART: {
        "type": "object",
        "description": f"Parts by name; a file is a {BINARY_NOTE[0].lower()}{BINARY_NOTE[1:]}",
    },
    XML: {"type": "string", "description": "An XML document."},
    TEXT: {"type": "string"},
    BYTES: {"type": "string", "format": "binary"},
}
