"""What kind of thing an API answered, and its text: the declared type is a hint, the bytes decide where it lies.

JSON arrives as `text/html`, HTML error pages as `application/json`, Latin-1 as UTF-8: nothing here raises.
"""

from __future__ import annotations

import codecs
import json
import re
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson

Kind = Literal["empty", "json", "json lines", "csv", "html", "xml", "events", "text", "binary"]

_CHARSET = re.compile(r'charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)
_META_CHARSET = re.compile(rb'<meta[^>]{0,200}charset\s*=\s*["\']?([A-Za-z0-9_.:-]{1,40})', re.IGNORECASE)
_XML_CHARSET = re.compile(rb'<\?xml[^>]{0,200}encoding\s*=\s*["\']([A-Za-z0-9_.:-]{1,40})', re.IGNORECASE)
_HTML_START = re.compile(
    r"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_DIGITS = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))
_LONG_NUMBER = b"0" * 19  # the shortest number that 64 bits may not hold
_ANTI_HIJACK = re.compile(r"\)\]\}'?,?\s*")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Python calls these text encodings, but no server means them.
_NO_CHARSETS = frozenset({"undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})
# The WHATWG Encoding Standard reads these labels so, and so do the servers that write them.
_MEANT = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}

_BINARY_SUBTYPES = frozenset(
    {
        "octet-stream", "pdf", "zip", "gzip", "x-gzip", "x-tar", "x-7z-compressed", "x-bzip2", "x-rar-compressed",
        "vnd.rar", "msword", "vnd.ms-excel", "vnd.ms-powerpoint", "x-protobuf", "protobuf", "grpc", "wasm", "x-binary",
        "vnd.apache.parquet", "cbor", "msgpack", "x-msgpack", "vnd.msgpack", "epub+zip", "java-archive",
    }
)  # fmt: skip
_BINARY_FAMILIES = ("image/", "audio/", "video/", "font/", "model/")
_BINARY_STARTS = (
    b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"%PDF-", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"OggS",
    b"ID3", b"\x7fELF", b"BM", b"II*\x00", b"MM\x00*", b"\x00\x00\x01\x00", b"7z\xbc\xaf", b"SQLite format 3",
)  # fmt: skip
_TEXT_SUBTYPES = frozenset(
    {
        "javascript", "x-javascript", "ecmascript", "yaml", "x-yaml", "graphql", "sql", "toml", "x-sh", "rtf", "jwt",
        "x-www-form-urlencoded", "sparql-query", "n-triples", "n-quads", "x-tex", "x-latex", "x-subrip",
    }
)  # fmt: skip
_LINES = frozenset({"x-ndjson", "ndjson", "jsonl", "x-jsonl", "jsonlines", "x-jsonlines", "json-seq", "stream+json"})
_SNIFFED_BYTES = 8_192


class Content(NamedTuple):
    kind: Kind
    text: str = ""
    """Of everything but `empty` and `binary`."""
    remark: str = ""
    """Where the answer is not what it was declared to be."""


def read_content(body: bytes, content_type: str) -> Content:
    """Tell the kind and decode the text; `content_type` is the header's whole value, "" when there is none."""
    if not body:
        return Content("empty")
    essence, kind, is_utf8 = _declared(content_type)
    if kind == "json" and is_utf8 and body[:1] in b'{["':
        try:
            return Content("json", body.decode("utf-8"))
        except UnicodeDecodeError:
            pass
    if kind is None:
        return _sniff(body, content_type)
    if kind == "binary":
        return Content("binary")
    if body.startswith(_BINARY_STARTS) and _is_no_text(body):
        return Content("binary", remark=f"declared as {essence}, but it is no text")
    text = decode(body, content_type)
    if kind in ("json", "text") and _HTML_START.match(text):
        return Content("html", text, "" if kind == "text" else f"declared as {essence}, but it is HTML")
    if kind == "html" and not _HTML_START.match(text) and _may_be_json(text) and parse_json(text) is not BAD:
        return Content("json", text)
    return Content(kind, text)


@lru_cache(maxsize=256)
def _declared(content_type: str) -> tuple[str, Kind | None, bool]:
    """(essence, kind, whether UTF-8 is declared or nothing else is); there are few Content-Types, and many answers."""
    essence = content_type.partition(";")[0].strip().lower()
    return essence, declared_kind(essence), _charset_of(content_type) in (None, "utf-8", "utf8")


def declared_kind(essence: str) -> Kind | None:
    """By the media type alone; None when it says nothing."""
    family, _, subtype = essence.partition("/")
    if subtype in _LINES:
        return "json lines"
    if subtype == "json" or subtype.endswith("+json"):
        return "json"
    if essence == "text/event-stream":
        return "events"
    if subtype in ("csv", "tab-separated-values", "x-csv"):
        return "csv"
    if essence in ("text/html", "application/xhtml+xml"):
        return "html"
    if subtype == "xml" or subtype.endswith("+xml"):
        return "xml"
    if family == "text" or subtype in _TEXT_SUBTYPES or subtype.endswith(("+yaml", "+text")):
        return "text"
    if subtype in _BINARY_SUBTYPES or essence.startswith(_BINARY_FAMILIES):
        return "binary"
    if subtype.startswith(("vnd.openxmlformats", "vnd.oasis.opendocument")) or subtype.endswith(("+zip", "+gzip")):
        return "binary"
    return None


def decode(body: bytes, content_type: str) -> str:
    """By byte order mark, declared charset, UTF-8, what the text says about itself, and at last Windows-1252."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    declared = _charset_of(content_type)
    inside = _META_CHARSET.search(body[:4096]) or _XML_CHARSET.match(body[:4096].lstrip())
    said = inside.group(1).decode("ascii") if inside else None
    for name in (declared, "utf-8", said):
        found = _try(body, name)
        if found is not None:
            return found
    return body.decode("cp1252", "replace")


def _try(body: bytes, charset: str | None) -> str | None:
    if charset is None:
        return None
    name = _MEANT.get(charset.lower(), charset)
    try:
        if codecs.lookup(name).name.replace("-", "_") in _NO_CHARSETS:
            return None
        return body.decode(name)
    except (LookupError, UnicodeError, ValueError):  # ValueError: a NUL in the name
        return None


def _charset_of(content_type: str) -> str | None:
    if ";" not in content_type:
        return None
    found = _CHARSET.search(content_type)
    return found.group(1).lower() if found else None


def _sniff(body: bytes, content_type: str) -> Content:
    """Undeclared, or declared as something that nobody knows."""
    if _is_no_text(body):
        return Content("binary")
    text = decode(body, content_type)
    if _may_be_json(text) and parse_json(text) is not BAD:
        return Content("json", text)
    return Content("html" if _HTML_START.match(text) else "text", text)


def _is_no_text(body: bytes) -> bool:
    start = body[:_SNIFFED_BYTES]
    if start.startswith(tuple(mark for mark, _ in _BOMS)):
        return False
    if b"\0" in start:
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        # Latin-1 text has few control characters; compressed or packed data has many.
        odd = sum(byte < 9 or 13 < byte < 32 for byte in start)
        return odd * 50 > len(start)
    return False


def _may_be_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


# ------------------------------------------------------------------------------------------------------------- JSON


class _Bad:
    """Stands for text that is no JSON, where None is JSON."""


BAD = _Bad()


def parse_json(text: str) -> Any:
    """The value, or BAD. Whole numbers keep every digit; NaN and Infinity are read as Python's floats."""
    raw = text.encode("utf-8", "surrogatepass")
    # Two passes in C: a regular expression over each answer would cost more than reading it.
    if _LONG_NUMBER not in raw.translate(_DIGITS):
        try:
            return orjson.loads(raw)
        except ValueError:
            pass
    for candidate in (text, _without_prefix(text)):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):  # RecursionError: brackets nested without end
            continue
    return BAD


def _without_prefix(text: str) -> str:
    """Some APIs put `)]}',` before their JSON, so that a script tag cannot run it."""
    found = _ANTI_HIJACK.match(text)
    return text[found.end() :] if found else text.strip("\ufeff \r\n\t\0")


def parse_json_lines(text: str) -> Any:
    """A list of the lines' values, or BAD when one is no JSON (ndjson.org; RFC 7464 with record separators)."""
    values = []
    for line in text.replace("\x1e", "\n").split("\n"):
        if not line.strip():
            continue
        value = parse_json(line)
        if value is BAD:
            return BAD
        values.append(value)
    return values


def dump_json(value: Any) -> str:
    """Compact JSON text of any data that `parse_json` gives."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError):  # numbers beyond 64 bits, half surrogate pairs, deep nesting
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
