"""What is being written: a whole body, or one part of a multipart body."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actionry.errors import ArgumentError
from actionry.openapi.model import MediaType, Schema
from actionry.openapi.schemas import Schemas

_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    media_type: str
    """As declared, parameters included."""
    schema: Schema
    schemas: Schemas
    argument: str
    """Path into the arguments, for errors."""
    declared: MediaType | None = None
    """Set for whole bodies: brings the Encoding Objects."""
    boundary: str | None = None


Write = Callable[[Part, Any], tuple[str, bytes]]
"""(Content-Type, bytes) of a value."""


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
