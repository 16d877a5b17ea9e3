"""Where a mapping becomes form fields: `application/x-www-form-urlencoded` and `multipart/*`.

OpenAPI 3.1.1, Encoding Object: `style`, `explode` or `allowReserved` make a field look like a query parameter;
without them its content type decides, lists give one field per element, and objects are JSON.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actionry.errors import ArgumentError
from actionry.http import File
from actionry.openapi.model import Encoding, MediaType, Schema
from actionry.request.media import Binary, essence_of, kind_of, matches_range
from actionry.request.octets import as_list, binary_text, is_binary, octets, raw_bytes
from actionry.request.parameters import SERIALIZERS, form
from actionry.request.part import Part, Write, fields_of
from actionry.request.text import (
    form_encode,
    json_bytes,
    percent_encode,
    percent_encode_reserved,
    text_of,
)

# ------------------------------------------------------------------------------------------------ urlencoded


def urlencoded(part: Part, value: Mapping[str, Any]) -> str:
    """`a=1&b=x+y`; null and empty lists are left out. Raises ArgumentError."""
    encodings = part.declared.encoding if part.declared else {}
    properties = part.schemas.properties(part.schema)
    texts: list[str] = []
    for name, item in value.items():
        argument = f"{part.argument}.{name}"
        encoding = encodings.get(name)
        if item is None:
            continue
        schema = properties.get(name, True)
        if encoding is not None and encoding.style is not None:
            texts += _styled_pair(name, _as_text(item, schema, part), encoding, argument)
        else:
            texts += _typed_pairs(name, item, encoding, schema, part, argument)
    return "&".join(texts)


def _styled_pair(name: str, value: Any, encoding: Encoding, argument: str) -> list[str]:
    assert encoding.style is not None
    serialize = SERIALIZERS.get(("query", encoding.style), form)
    encode = percent_encode_reserved if encoding.allow_reserved else percent_encode
    text = serialize(name, value, encode, encoding.explode, argument)
    return [text] if text else []


def _typed_pairs(
    name: str, value: Any, encoding: Encoding | None, schema: Schema, part: Part, argument: str
) -> Iterator[str]:
    """One pair per element of a list: the defaults follow the type of its items."""
    content_type = encoding.content_type if encoding else None
    as_json = content_type is not None and kind_of(content_type.partition(",")[0]) == "json"
    item_schema = _items_schema(schema, part) if isinstance(value, list) else schema
    for item in value if isinstance(value, list) else [value]:
        if item is None:
            continue
        item = _as_text(item, item_schema, part)
        text = json_bytes(item, argument).decode() if as_json else text_of(item, argument)
        yield f"{form_encode(text_of(name, argument))}={form_encode(text)}"


def _items_schema(schema: Schema, part: Part) -> Schema:
    resolved = part.schemas.resolve(schema)
    return resolved.get("items", True) if isinstance(resolved, dict) else True


def _as_text(value: Any, schema: Schema, part: Part) -> Any:
    """Binary values as base64 text: a urlencoded form is text (OpenAPI 3.1.1, Encoding Object)."""
    if isinstance(value, Binary):
        return binary_text(value, part.schemas.resolve(schema))
    if isinstance(value, list):
        items = _items_schema(schema, part)
        return [_as_text(item, items, part) for item in value]
    return value


# ------------------------------------------------------------------------------------------------- multipart


@dataclass(slots=True)
class Section:
    """One part of a multipart body, on its way to bytes."""

    name: str | None
    content: bytes
    content_type: str | None = None
    file_name: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def multipart(part: Part, value: Any, write: Write) -> tuple[str, bytes]:
    """(Content-Type with its boundary, bytes). A list gives unnamed parts in order (OpenAPI 3.2, "By Position")."""
    if isinstance(value, (list, tuple)):
        sections = list(_positional_sections(part, value, write))
    else:
        sections = [
            section
            for name, item in fields_of(part, value).items()
            if item is not None
            for section in _sections_of(name, item, part, write)
        ]
    boundary = _free_boundary(part.boundary or f"actionry-{secrets.token_hex(16)}", sections)
    return _multipart_type(part.media_type, boundary, sections), _write_sections(sections, boundary)


def _sections_of(name: str, value: Any, part: Part, write: Write) -> Iterator[Section]:
    encoding = part.declared.encoding.get(name) if part.declared else None
    schema = part.schemas.properties(part.schema).get(name, True)
    argument = f"{part.argument}.{name}"
    if encoding is not None and encoding.style is not None and not _holds_binary(value):
        for key, text in _styled_fields(name, value, encoding, argument):
            yield Section(key, text.encode())
        return
    if isinstance(value, (list, tuple)):
        schema = _items_schema(schema, part)
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if item is not None:
            yield _section(name, item, encoding, schema, part, argument, write)


def _positional_sections(part: Part, value: list[Any] | tuple[Any, ...], write: Write) -> Iterator[Section]:
    """Unnamed parts; in form-data each item is an object of one name and its value."""
    named = essence_of(part.media_type) == "multipart/form-data"
    schema = part.schemas.resolve(part.schema)
    prefix = schema.get("prefixItems", []) if isinstance(schema, dict) else []
    rest = schema.get("items", True) if isinstance(schema, dict) else True
    for index, item in enumerate(value):
        if named and isinstance(item, dict):
            for name, member in item.items():
                yield from _sections_of(name, member, part, write)
        else:
            item_schema = prefix[index] if index < len(prefix) else rest
            yield _section(None, item, None, item_schema, part, f"{part.argument}[{index}]", write)


def _section(
    name: str | None, value: Any, encoding: Encoding | None, schema: Schema, part: Part, argument: str, write: Write
) -> Section:
    resolved = part.schemas.resolve(schema)
    headers = _part_headers(encoding)
    declared = encoding.content_type if encoding else None
    if isinstance(value, str) and _is_file_field(resolved, declared):
        value = octets(value, argument)
    if isinstance(value, Binary):
        return _file_section(name, value, declared, resolved, headers)
    if declared:
        media_type = declared.partition(",")[0].strip()
        if not media_type.endswith("*"):
            inner = Part(media_type, schema, part.schemas, argument, MediaType(media_type=media_type))
            content_type, content = write(inner, value)
            return Section(name, content, content_type, None, headers)
    if isinstance(value, (dict, list, tuple)):
        return Section(name, json_bytes(value, argument), "application/json", None, headers)
    # RFC 7578 section 4.4: without a Content-Type a part is text/plain; browsers leave it out for plain fields.
    return Section(name, text_of(value, argument).encode(), None, None, headers)


def _is_file_field(schema: Schema, declared: str | None) -> bool:
    """Whether text given for the field stands for octets (base64), by its schema or its declared type."""
    if is_binary(schema):
        return True
    if isinstance(schema, dict) and ("contentEncoding" in schema or schema.get("format") == "byte"):
        return False
    return declared is not None and kind_of(declared.partition(",")[0]) == "binary"


def _file_section(
    name: str | None,
    value: bytes | bytearray | memoryview | File,
    declared: str | None,
    schema: Schema,
    headers: tuple[tuple[str, str], ...],
) -> Section:
    content = raw_bytes(value)
    if any(key.lower() == "content-transfer-encoding" and text.lower() == "base64" for key, text in headers):
        content = base64.b64encode(content)
    if isinstance(schema, dict) and "contentEncoding" in schema:
        text = binary_text(value, schema)
        assert isinstance(text, str)
        return Section(name, text.encode(), _file_type(value, declared, schema), None, headers)
    file_name = value.name if isinstance(value, File) else name
    return Section(name, content, _file_type(value, declared, schema), file_name, headers)


def _file_type(value: Any, declared: str | None, schema: Schema) -> str:
    """The part's type: the file's own when the document allows it, else the first one that it names."""
    own = value.media_type if isinstance(value, File) else "application/octet-stream"
    allowed = [one.strip() for one in declared.split(",")] if declared else []
    if not allowed:
        content = schema.get("contentMediaType") if isinstance(schema, dict) else None
        return content if isinstance(content, str) and own == "application/octet-stream" else own
    for one in allowed:
        if essence_of(one) == essence_of(own) or matches_range(essence_of(own), essence_of(one)):
            return own
    return next((one for one in allowed if not one.endswith("*")), own)


def _part_headers(encoding: Encoding | None) -> tuple[tuple[str, str], ...]:
    """Headers whose value the document fixes; Content-Type and Content-Disposition are written by us."""
    if encoding is None:
        return ()
    found = []
    for name, schema in encoding.headers.items():
        value = _fixed_value(schema)
        if value is None or name.lower() in ("content-type", "content-disposition"):
            continue
        text = text_of(value, f"header.{name}")
        if re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) and not re.search(r"[\x00-\x1f\x7f]", text):
            found.append((name, text))
    return tuple(found)


def _fixed_value(schema: Schema) -> Any:
    if isinstance(schema, bool):
        return None
    for keyword in ("const", "default"):
        if schema.get(keyword) is not None:
            return schema[keyword]
    choices = schema.get("enum")
    return choices[0] if isinstance(choices, list) and len(choices) == 1 else None


def _styled_fields(name: str, value: Any, encoding: Encoding, argument: str) -> Iterator[tuple[str, str]]:
    """As in a query, but in parts and without percent-encoding (OpenAPI 3.1.1, Appendix C)."""
    delimiter = {"spaceDelimited": " ", "pipeDelimited": "|", "tabDelimited": "\t"}.get(encoding.style or "", ",")
    if encoding.style == "deepObject" and isinstance(value, (dict, list)):
        yield from _deep_fields(name, value, argument)
    elif isinstance(value, list) and encoding.explode:
        yield from ((name, text_of(item, argument)) for item in value if item is not None)
    elif isinstance(value, dict) and encoding.explode:
        for key, item in value.items():
            if item is not None:
                yield key, text_of(item, f"{argument}.{key}")
    elif isinstance(value, (dict, list)):
        flat = [one for pair in value.items() for one in pair] if isinstance(value, dict) else value
        texts = [text_of(one, argument) for one in flat if one is not None]
        if texts:
            yield name, delimiter.join(texts)
    else:
        yield name, text_of(value, argument)


def _deep_fields(name: str, value: Any, argument: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _deep_fields(f"{name}[{key}]", item, f"{argument}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _deep_fields(f"{name}[{index}]", item, f"{argument}[{index}]")
    elif value is not None:
        yield name, text_of(value, argument)


def _holds_binary(value: Any) -> bool:
    return any(isinstance(one, Binary) for one in as_list(value))


# ------------------------------------------------------------------------------------------------ the bytes


def _free_boundary(wanted: str, sections: list[Section]) -> str:
    """The wanted boundary, numbered when a part's content holds it (RFC 2046 section 5.1.1)."""
    boundary = wanted
    number = 0
    while any(boundary.encode() in section.content for section in sections):
        number += 1
        boundary = f"{wanted}-{number}"
    return boundary


def _multipart_type(media_type: str, boundary: str, sections: list[Section]) -> str:
    """The declared type with our boundary; `related` names its root's type too (RFC 2387 section 3.1)."""
    kept = re.sub(r';\s*boundary\s*=\s*("[^"]*"|[^;]*)', "", media_type, flags=re.IGNORECASE).strip().rstrip(";")
    if essence_of(kept) == "multipart/*":
        kept = "multipart/form-data"
    if essence_of(kept) == "multipart/related" and "type=" not in kept and sections:
        kept += f'; type="{sections[0].content_type or "text/plain"}"'
    safe = re.fullmatch(r"[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]", boundary)
    if safe is None:
        raise ValueError(f"not a multipart boundary: {boundary!r} (RFC 2046 section 5.1.1)")
    token = re.fullmatch(r"[A-Za-z0-9'+_.-]+", boundary)
    return f"{kept}; boundary={boundary}" if token else f'{kept}; boundary="{boundary}"'


def _write_sections(sections: list[Section], boundary: str) -> bytes:
    marker = b"--" + boundary.encode("ascii")
    out: list[bytes] = []
    for section in sections:
        out += [marker, b"\r\n", _section_head(section).encode(), b"\r\n", section.content, b"\r\n"]
    out += [marker, b"--\r\n"]
    return b"".join(out)


def _section_head(section: Section) -> str:
    head = ""
    if section.name is not None:
        head += f'Content-Disposition: form-data; name="{_quoted(section.name)}"'
        if section.file_name is not None:
            head += f'; filename="{_quoted(section.file_name)}"'
        head += "\r\n"
    elif section.file_name:
        head += f'Content-Disposition: attachment; filename="{_quoted(section.file_name)}"\r\n'
    if section.content_type is not None:
        head += f"Content-Type: {_one_line(section.content_type)}\r\n"
    return head + "".join(f"{name}: {text}\r\n" for name, text in section.headers)


def _quoted(text: str) -> str:
    """A field or file name between quotes: UTF-8, `"` and control characters percent-encoded (WHATWG HTML,
    "multipart/form-data encoding algorithm"). Raises ArgumentError for lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ArgumentError(
            "A field or file name holds half of a character (a lone surrogate).",
            argument="body",
            rule="encoding",
            mend="Give well-formed Unicode text.",
        ) from None
    return re.sub(r'["\x00-\x1f\x7f]', lambda match: f"%{ord(match[0]):02X}", text)


def _one_line(text: str) -> str:
    if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        raise ArgumentError(
            "The media type of a file holds a control character.",
            argument="body",
            rule="header-text",
            example="image/png",
            mend="Give a plain media type.",
        )
    return text
