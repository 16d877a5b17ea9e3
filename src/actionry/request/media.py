"""Which media types there are for us, and which alternative of a request body is sent."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

from actionry.errors import ArgumentError
from actionry.http import File
from actionry.openapi.model import MediaType, RequestBody, Schema
from actionry.openapi.schemas import Schemas

Kind = Literal["json", "json lines", "any", "form", "multipart", "xml", "text", "binary"]
"""How a body is written; `any` is a range such as `*/*` or `application/*`, decided by the value."""

Binary = (bytes, bytearray, memoryview, File)
"""For `isinstance`: a value that is octets."""

_JSON = re.compile(r"(?:^|[/+.-])json5?(?:-\d[\d.]*)?$").search
_JSON_LINES = frozenset(
    {
        "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl",
        "application/jsonlines", "application/x-jsonlines", "application/json-lines", "application/x-ldjson",
        "application/stream+json", "application/x-json-stream", "application/json-seq",
    }
)  # fmt: skip
_BINARY = frozenset(
    {
        "application/octet-stream", "application/pdf", "application/zip", "application/x-zip-compressed",
        "application/gzip", "application/x-gzip", "application/x-tar", "application/x-bzip2", "application/zstd",
        "application/x-7z-compressed", "application/vnd.rar", "application/java-archive", "application/wasm",
        "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/cbor",
        "application/x-protobuf", "application/protobuf", "application/grpc", "application/x-binary",
        "application/msgpack", "application/x-msgpack", "application/avro", "application/vnd.apache.parquet",
        "application/x-compressed", "application/binary", "application/epub+zip", "application/x-tgz",
    }
)  # fmt: skip
_BINARY_FAMILIES = ("image/", "audio/", "video/", "font/", "model/", "application/vnd.openxmlformats-officedocument")

ORDER: dict[Kind, int] = {
    "json": 0,
    "json lines": 2,
    "any": 3,
    "form": 4,
    "multipart": 5,
    "xml": 6,
    "text": 7,
    "binary": 8,
}
"""Preference among alternatives that all fit the value; plain JSON comes before `+json` (1)."""


def essence_of(media_type: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return media_type.partition(";")[0].strip().lower()


@lru_cache(maxsize=512)
def kind_of(media_type: str) -> Kind:
    """How a body of that type is written; unknown types are text, which takes bytes as they are, too."""
    essence = essence_of(media_type)
    if essence in _JSON_LINES or essence.endswith("+json-seq"):
        return "json lines"
    if _JSON(essence):
        return "json"
    if essence == "application/x-www-form-urlencoded":
        return "form"
    if essence.startswith("multipart/"):
        return "multipart"
    if essence.endswith(("/xml", "+xml")):
        return "xml"
    if essence in _BINARY or (essence.startswith(_BINARY_FAMILIES) and not essence.endswith("/*")):
        return "binary"
    if essence.endswith("/*") or essence in ("*", ""):
        return "binary" if essence.startswith(_BINARY_FAMILIES) else "any"
    return "text"


def choose_media_type(body: RequestBody, value: Any, wanted: str | None, schemas: Schemas) -> MediaType:
    """The alternative to send this value as: the wanted one, else the best supported one that fits.

    Raises ArgumentError when the wanted type is not among them.
    """
    if not body.content:
        return MediaType(media_type="application/json")
    if wanted is not None:
        return _find(body, wanted)
    if len(body.content) == 1:
        return body.content[0]
    fitting = [one for one in body.content if _fits(one, value, schemas)] or body.content
    return min(fitting, key=lambda one: _rank(one, value))


def _find(body: RequestBody, wanted: str) -> MediaType:
    for one in body.content:
        if one.media_type == wanted:
            return one
    for one in body.content:
        if essence_of(one.media_type) == essence_of(wanted):
            return one
    for one in body.content:
        if matches_range(essence_of(wanted), essence_of(one.media_type)):
            return MediaType(media_type=wanted, schema=one.schema, encoding=one.encoding, pointer=one.pointer)
    offered = ", ".join(f"`{one.media_type}`" for one in body.content)
    raise ArgumentError(
        f"The operation takes no body of type `{wanted}`.",
        argument="body",
        rule="media-type",
        example=body.content[0].media_type,
        mend=f"Send one of {offered}.",
    )


def matches_range(essence: str, media_range: str) -> bool:
    """RFC 9110 section 12.5.1: `*/*` and `image/*` cover, parameters do not count."""
    if media_range in ("*/*", "*"):
        return True
    return media_range.endswith("/*") and essence.startswith(media_range[:-1])


def _rank(one: MediaType, value: Any) -> int:
    kind = kind_of(one.media_type)
    if isinstance(value, Binary):
        return {"binary": -3, "any": -2, "multipart": -1}.get(kind, ORDER[kind])
    if kind == "multipart" and holds_file(value):
        return -1
    return 1 if kind == "json" and "+" in essence_of(one.media_type) else ORDER[kind]


def holds_file(value: Any) -> bool:
    """Whether bytes or files are anywhere in the value."""
    if isinstance(value, dict):
        return any(map(holds_file, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(holds_file, value))
    return isinstance(value, Binary)


_JSON_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "number"),
    (dict, "object"),
    (list, "array"),
    (tuple, "array"),
    (type(None), "null"),
)


def _fits(one: MediaType, value: Any, schemas: Schemas) -> bool:
    """Whether the alternative's declared types allow a value of this kind; only the top is looked at."""
    kind = kind_of(one.media_type)
    essence = essence_of(one.media_type)
    if kind in ("form", "multipart") and not isinstance(value, dict):
        return kind == "multipart" and isinstance(value, list)
    if essence == "application/json-patch+json" and not isinstance(value, list):
        return False  # RFC 6902 section 3; some documents declare one schema for all their patch types
    if isinstance(value, Binary):
        return kind in ("binary", "any", "text", "xml") or _allows(one.schema, "string", schemas)
    if isinstance(value, str) and kind in ("text", "binary", "xml"):
        return True
    name = next((name for kind_, name in _JSON_TYPES if isinstance(value, kind_)), None)
    return name is None or _allows(one.schema, name, schemas)


def _allows(schema: Schema, name: str, schemas: Schemas) -> bool:
    resolved = schemas.resolve(schema)
    if isinstance(resolved, bool):
        return resolved
    declared = resolved.get("type")
    if declared is None:
        if "properties" in resolved:
            return name == "object"
        return True
    types = declared if isinstance(declared, list) else [declared]
    return name in types or (name == "integer" and "number" in types) or (name == "number" and "integer" in types)
