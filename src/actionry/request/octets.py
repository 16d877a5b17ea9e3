"""Binary values: what stands for octets in a schema, and in an argument. OpenAPI 3.1.1, "Working with Binary Data"."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from actionry.errors import ArgumentError
from actionry.http import File
from actionry.openapi.model import Schema
from actionry.openapi.schemas import Schemas
from actionry.request.media import Binary, holds_file, kind_of
from actionry.request.text import json_bytes

_BASE64 = re.compile(r"[A-Za-z0-9+/_\s-]*={0,2}\s*").fullmatch
_DATA_URL = re.compile(r"data:[^,]*?;base64,", re.IGNORECASE)


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
    if isinstance(value, Binary):
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


def in_base64url(value: Any, schema: Schema, schemas: Schemas) -> Any:
    """Binary values whose schema says `contentEncoding: base64url` written so; others become base64 later."""
    return _base64url(value, schema, schemas) if holds_file(value) else value


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
    if not isinstance(value, Binary):
        return value
    content = raw_bytes(value)
    if isinstance(schema, dict) and schema.get("contentEncoding") == "base64url":
        return base64.urlsafe_b64encode(content).decode()
    return base64.b64encode(content).decode()


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
