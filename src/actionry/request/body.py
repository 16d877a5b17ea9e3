"""Where a request body becomes bytes: one serializer per kind of media type."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actionry.errors import ArgumentError
from actionry.http import File
from actionry.openapi.model import MediaType, Operation, Schema, Values
from actionry.openapi.schemas import Schemas
from actionry.request.media import Kind, choose_media_type, essence_of, kind_of
from actionry.request.text import json_bytes, text_of

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]*={0,2}\s*").fullmatch
_TEXT_KEYWORDS = frozenset({"enum", "const", "pattern", "format", "contentEncoding"})
_DATA_URL = re.compile(r"data:[^,]*?;base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """What is being written: a whole body, or one part of a multipart body."""

    media_type: str
    """As declared, parameters included."""
    schema: Schema
    schemas: Schemas
    argument: str
    declared: MediaType | None = None
    """Set for whole bodies: brings the Encoding Objects."""
    boundary: str | None = None


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
    return write(part, values.body)


def write(part: Part, value: Any) -> tuple[str, bytes]:
    """(Content-Type, bytes) of the value as that media type."""
    return WRITERS[kind_of(part.media_type)](part, value)


def _write_json(part: Part, value: Any) -> tuple[str, bytes]:
    if isinstance(value, (bytes, bytearray, memoryview, File)):
        schema = part.schemas.resolve(part.schema)
        if not (isinstance(schema, dict) and "string" in as_list(schema.get("type"))):
            return part.media_type, raw_bytes(value)  # the caller's own JSON document
    return part.media_type, json_bytes(in_base64url(part, value), part.argument)


def _write_json_lines(part: Part, value: Any) -> tuple[str, bytes]:
    """One JSON value per line (ndjson.org), or after a record separator (RFC 7464 section 2.2)."""
    if isinstance(value, str):
        return part.media_type, encoded(part, value)
    if isinstance(value, (bytes, bytearray, memoryview, File)):
        return part.media_type, raw_bytes(value)
    records = value if isinstance(value, (list, tuple)) else [value]
    start = b"\x1e" if essence_of(part.media_type).endswith("json-seq") else b""
    lines = [start + json_bytes(record, f"{part.argument}[{index}]") + b"\n" for index, record in enumerate(records)]
    return part.media_type, b"".join(lines)


def _write_form(part: Part, value: Any) -> tuple[str, bytes]:
    from actionry.request.forms import urlencoded

    if isinstance(value, str):
        return part.media_type, encoded(part, value)
    if isinstance(value, (bytes, bytearray, memoryview, File)):
        return part.media_type, raw_bytes(value)
    return part.media_type, urlencoded(part, fields_of(part, value)).encode()


def _write_multipart(part: Part, value: Any) -> tuple[str, bytes]:
    from actionry.request.forms import multipart

    return multipart(part, value)


def fields_of(part: Part, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise ArgumentError(
        f"`{part.argument}` must be an object: its members become the fields of the form.",
        argument=part.argument,
        rule="type",
        example={},
        mend="Give an object.",
    )


def _write_xml(part: Part, value: Any) -> tuple[str, bytes]:
    if isinstance(value, (bytes, bytearray, memoryview, File)):
        return part.media_type, raw_bytes(value)
    if isinstance(value, str):
        schema = part.schemas.resolve(part.schema)
        # Text for an XML body is the document itself, unless the schema hints that text is an element's content.
        if value.lstrip("\ufeff \t\r\n").startswith("<") or not (isinstance(schema, dict) and "xml" in schema):
            return part.media_type, encoded(part, value)
    from actionry.request.xml import xml_document

    return part.media_type, encoded(part, xml_document(value, part.schema, part.schemas, part.argument))


def _write_text(part: Part, value: Any) -> tuple[str, bytes]:
    if isinstance(value, (bytes, bytearray, memoryview, File)):
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


# --------------------------------------------------------------------------------------------- binary values


def is_binary(schema: Schema) -> bool:
    """Whether the schema stands for raw octets: `format: binary` (3.0), or `contentMediaType` alone (3.1).

    OpenAPI 3.1.1, "Working with Binary Data".
    """
    if isinstance(schema, bool):
        return False
    if schema.get("format") == "binary":
        return True
    content = schema.get("contentMediaType")
    return isinstance(content, str) and "contentEncoding" not in schema and kind_of(content) == "binary"


def raw_bytes(value: bytes | bytearray | memoryview | File) -> bytes:
    return value.content if isinstance(value, File) else bytes(value)


def octets(value: Any, argument: str) -> bytes:
    """The octets that a value for binary content stands for: bytes, a file, base64 text or a `data:` URL.

    Raises ArgumentError for other text: sending it as it is would store a broken file.
    """
    if isinstance(value, (bytes, bytearray, memoryview, File)):
        return raw_bytes(value)
    if isinstance(value, str):
        text = _DATA_URL.sub("", value, count=1) if value[:5].lower() == "data:" else value
        if _BASE64(text):
            try:
                return decode_base64(text)
            except (binascii.Error, ValueError):
                pass
        raise ArgumentError(
            f"`{argument}` is binary content, but the text given is no base64.",
            argument=argument,
            rule="contentEncoding",
            example="aGVsbG8=",
            mend="Give base64 text, bytes or a file.",
        )
    if value is None:
        return b""
    return json_bytes(value, argument)


def decode_base64(text: str) -> bytes:
    """Standard or URL-safe alphabet, line breaks allowed, padding optional (RFC 4648 sections 3.1, 3.2, 5)."""
    compact = "".join(text.split()).rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)


def in_base64url(part: Part, value: Any) -> Any:
    """Binary values whose schema says `contentEncoding: base64url` written so; others become base64 later."""
    return _base64url(value, part.schema, part.schemas) if _holds_bytes(value) else value


def _holds_bytes(value: Any) -> bool:
    from actionry.request.media import holds_file

    return holds_file(value)


def _base64url(value: Any, schema: Schema, schemas: Schemas) -> Any:
    resolved = schemas.resolve(schema)
    if isinstance(resolved, bool):
        return value
    if isinstance(value, dict):
        properties = schemas.properties(resolved)
        return {key: _base64url(item, properties.get(key, True), schemas) for key, item in value.items()}
    if isinstance(value, list):
        return [_base64url(item, resolved.get("items", True), schemas) for item in value]
    return binary_text(value, resolved)


def binary_text(value: Any, schema: Schema) -> Any:
    """Bytes and files as text in the declared `contentEncoding` (base64 unless base64url); others unchanged."""
    if not isinstance(value, (bytes, bytearray, memoryview, File)):
        return value
    content = raw_bytes(value)
    if isinstance(schema, dict) and schema.get("contentEncoding") == "base64url":
        return base64.urlsafe_b64encode(content).decode()
    return base64.b64encode(content).decode()


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def encoded(part: Part, text: str) -> bytes:
    """The text in the charset that the declared type names, UTF-8 otherwise. Raises ArgumentError."""
    charset = "utf-8"
    if match := _CHARSET.search(part.media_type):
        try:
            charset = codecs.lookup(match[1]).name
        except LookupError:
            charset = "utf-8"
    try:
        return text.encode(charset)
    except UnicodeEncodeError as error:
        raise ArgumentError(
            f"`{part.argument}` holds {text[error.start]!r}, which the charset {charset} cannot write.",
            argument=part.argument,
            rule="encoding",
            mend="Leave that character out.",
        ) from None
