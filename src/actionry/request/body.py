"""Where a request body becomes bytes: one serializer per kind of media type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from actionry.errors import ArgumentError
from actionry.http import File
from actionry.openapi.model import Operation, Values
from actionry.request.forms import multipart, urlencoded
from actionry.request.media import Binary, Kind, choose_media_type, essence_of, kind_of
from actionry.request.octets import as_list, in_base64url, is_binary, octets, raw_bytes
from actionry.request.part import Part, encoded, fields_of
from actionry.request.text import json_bytes, text_of
from actionry.request.xml import xml_document

_HEADER_TEXT = re.compile(r"[\t\x20-\x7e]*").fullmatch
_TEXT_KEYWORDS = frozenset({"enum", "const", "pattern", "format", "contentEncoding"})


def build_body(operation: Operation, values: Values, boundary: str | None) -> tuple[str, bytes]:
    """(Content-Type, bytes) of the body. Raises ArgumentError.

    A body that the document does not declare is refused, for GET as for any method (THREATS R-09); a declared
    one is sent, for GET and DELETE too: OpenAPI 3.1.0, Operation Object, `requestBody`.
    """
    if operation.request_body is None:
        raise ArgumentError(
            f"{operation.method} {operation.path} declares no request body.",
            argument="body",
            rule="undeclared-body",
            mend="Leave `body` out, or call the operation that takes one.",
        )
    chosen = choose_media_type(operation.request_body, values.body, values.media_type, operation.schemas)
    part = Part(chosen.media_type, chosen.schema, operation.schemas, "body", chosen, boundary)
    media_type, content = write(part, values.body)
    if not _HEADER_TEXT(media_type):
        raise ArgumentError(
            "The media type of the body is no text that a header can hold.",
            argument="body",
            rule="header-text",
            example="image/png",
            mend="Give a plain media type.",
        )
    return media_type, content


def write(part: Part, value: Any) -> tuple[str, bytes]:
    """(Content-Type, bytes) of the value as that media type."""
    return WRITERS[kind_of(part.media_type)](part, value)


def _write_json(part: Part, value: Any) -> tuple[str, bytes]:
    if isinstance(value, Binary):
        schema = part.schemas.resolve(part.schema)
        if not (isinstance(schema, dict) and "string" in as_list(schema.get("type"))):
            return part.media_type, raw_bytes(value)  # the caller's own JSON document
    return part.media_type, json_bytes(in_base64url(value, part.schema, part.schemas), part.argument)


def _write_json_lines(part: Part, value: Any) -> tuple[str, bytes]:
    """One JSON value per line (ndjson.org), or after a record separator (RFC 7464 section 2.2)."""
    if isinstance(value, str):
        return part.media_type, encoded(part, value)
    if isinstance(value, Binary):
        return part.media_type, raw_bytes(value)
    records = value if isinstance(value, (list, tuple)) else [value]
    start = b"\x1e" if essence_of(part.media_type).endswith("json-seq") else b""
    lines = [start + json_bytes(record, f"{part.argument}[{index}]") + b"\n" for index, record in enumerate(records)]
    return part.media_type, b"".join(lines)


def _write_form(part: Part, value: Any) -> tuple[str, bytes]:
    if isinstance(value, str):
        return part.media_type, encoded(part, value)
    if isinstance(value, Binary):
        return part.media_type, raw_bytes(value)
    return part.media_type, urlencoded(part, fields_of(part, value)).encode()


def _write_multipart(part: Part, value: Any) -> tuple[str, bytes]:
    return multipart(part, value, write)


def _write_xml(part: Part, value: Any) -> tuple[str, bytes]:
    if isinstance(value, Binary):
        return part.media_type, raw_bytes(value)
    if isinstance(value, str):
        schema = part.schemas.resolve(part.schema)
        # Text for an XML body is the document itself, unless the schema hints that text is an element's content.
        if value.lstrip("\ufeff \t\r\n").startswith("<") or not (isinstance(schema, dict) and "xml" in schema):
            return part.media_type, encoded(part, value)
    return part.media_type, encoded(part, xml_document(value, part.schema, part.schemas, part.argument))


def _write_text(part: Part, value: Any) -> tuple[str, bytes]:
    if isinstance(value, Binary):
        return part.media_type, raw_bytes(value)
    return part.media_type, encoded(part, text_of(value, part.argument))


def _write_binary(part: Part, value: Any) -> tuple[str, bytes]:
    media_type = part.media_type
    if media_type.partition(";")[0].strip().endswith("/*"):
        media_type = value.media_type if isinstance(value, File) else "application/octet-stream"
    if isinstance(value, str) and _is_plain_text(part):
        return media_type, encoded(part, value)
    return media_type, octets(value, part.argument)


def _is_plain_text(part: Part) -> bool:
    """Whether the schema wants certain text (choices, a pattern, a format, an encoding) rather than any octets.

    `type: string` alone is how many documents say "a file" for `application/octet-stream`.
    """
    schema = part.schemas.resolve(part.schema)
    if not isinstance(schema, dict) or "string" not in as_list(schema.get("type")) or is_binary(schema):
        return False
    return not _TEXT_KEYWORDS.isdisjoint(schema)


def _write_any(part: Part, value: Any) -> tuple[str, bytes]:
    """`*/*` and other ranges: the value decides."""
    family = essence_of(part.media_type).partition("/")[0]
    if isinstance(value, File):
        return value.media_type, value.content
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "application/octet-stream", bytes(value)
    if isinstance(value, str) and is_binary(part.schemas.resolve(part.schema)):
        return "application/octet-stream", octets(value, part.argument)
    if family == "text" or (isinstance(value, str) and family in ("*", "")):
        return "text/plain; charset=utf-8", text_of(value, part.argument).encode()
    return "application/json", json_bytes(value, part.argument)


WRITERS: dict[Kind, Callable[[Part, Any], tuple[str, bytes]]] = {
    "json": _write_json,
    "json lines": _write_json_lines,
    "form": _write_form,
    "multipart": _write_multipart,
    "xml": _write_xml,
    "text": _write_text,
    "binary": _write_binary,
    "any": _write_any,
}
