"""How one value becomes text, and how text becomes part of a URL.

OpenAPI leaves the text of numbers, booleans and null to the implementation (3.1.1, Appendix B); ours is JSON's,
with numbers written out in full, so that no server meets `1e-07`.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
import re
import uuid
from enum import Enum
from urllib.parse import quote

import orjson

from actionry.errors import ArgumentError
from actionry.http import File

_UNRESERVED_ONLY = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_TRIPLE_OR_UNSAFE = re.compile(r"(%[0-9A-Fa-f]{2})|[^A-Za-z0-9_.~:/?@!$'()*,;=\[\]-]+")
_TRIPLE_OR_UNSAFE_IN_PATH = re.compile(r"(%[0-9A-Fa-f]{2})|[^A-Za-z0-9_.~:@!$&'()*+,;=-]+")
_TRIPLE_OR_NOT_PATH = re.compile(r"(%[0-9A-Fa-f]{2})|[^A-Za-z0-9_.~:/@!$&'()*+,;=-]+")
_TRIPLE_OR_NOT_QUERY = re.compile(r"(%[0-9A-Fa-f]{2})|[^A-Za-z0-9_.~:/?@!$&'()*+,;=\[\]-]+")


class EncodedText(str):
    """Part of a URL or form as it goes out: never encoded again."""

    __slots__ = ()


def percent_encode(text: str) -> str:
    """Everything but RFC 3986's unreserved characters becomes UTF-8 percent triples (RFC 6570 section 3.2.1)."""
    return text if _UNRESERVED_ONLY(text) else quote(text, safe="")


def form_encode(text: str) -> str:
    """One name or value of `application/x-www-form-urlencoded` content.

    A space is `+`, and the tilde is encoded too. OpenAPI 3.2.1, "URL Percent-Encoding"; WHATWG URL, section 5.2.
    """
    if _UNRESERVED_ONLY(text) and "~" not in text:
        return text
    return quote(text, safe=" ").replace(" ", "+").replace("~", "%7E")


def percent_encode_reserved(text: str) -> str:
    """`allowReserved` in a query: reserved characters and percent triples stay (RFC 6570 section 3.2.3).

    `#`, `&` and `+` are encoded all the same: they would end the query, begin another parameter, or be read as
    a space. OpenAPI 3.1.1, Appendix E: reserved characters that mean something to the destination stay the
    application's task; here we are the application, and the value is a model's.
    """
    return _TRIPLE_OR_UNSAFE.sub(_keep_triple, text)


def percent_encode_reserved_in_path(text: str) -> str:
    """`allowReserved` in a path (3.2): as above, but `/`, `?` and `#` never stay (3.2.0, "Path Templating")."""
    return _TRIPLE_OR_UNSAFE_IN_PATH.sub(_keep_triple, text)


def encode_literal_path(text: str) -> str:
    """Path text that the document writes itself: only what no URL may hold is encoded."""
    return _TRIPLE_OR_NOT_PATH.sub(_keep_triple, text)


def encode_literal_query(text: str) -> str:
    """The same for a query that the document writes into a path or server URL."""
    return _TRIPLE_OR_NOT_QUERY.sub(_keep_triple, text)


def _keep_triple(match: re.Match[str]) -> str:
    return match[0] if match[1] else quote(match[0], safe="")


def text_of(value: object, argument: str) -> str:
    """A value as the text that goes into a URL, header or form field; nested lists and mappings as JSON.

    true -> `true`, 5.0 -> `5`, 1e-7 -> `0.0000001`, None -> ``, ["a"] -> `["a"]`, bytes -> base64.
    Raises ArgumentError for what has no text (NaN, lone surrogates, unknown objects).
    """
    if isinstance(value, str):
        # A str subclass (an Enum, say) is written as its value.
        return _encodable(value if type(value) is str else str.__str__(value), argument)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return number_text(value, argument)
    if isinstance(value, (dict, list, tuple)):
        return json_bytes(value, argument).decode()
    return _text_of_object(value, argument)


def _text_of_object(value: object, argument: str) -> str:
    match value:
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode()
        case File():
            return base64.b64encode(value.content).decode()
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case uuid.UUID():
            return str(value)
        case decimal.Decimal() if value.is_finite():
            return format(value, "f")
        case Enum():
            return text_of(value.value, argument)
    raise ArgumentError(
        f"`{argument}` is a {type(value).__name__}, which has no text to send.",
        argument=argument,
        rule="type",
        mend="Give text, a number, true or false, a list or an object.",
    )


def number_text(value: float, argument: str) -> str:
    """The shortest decimal text that reads back as the same number, never with an exponent."""
    if not math.isfinite(value):
        raise ArgumentError(
            f"`{argument}` is {value}, which is not a number that can be sent.",
            argument=argument,
            rule="type",
            example=0,
            mend="Give a finite number.",
        )
    if value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    text = repr(value)
    return format(decimal.Decimal(text), "f") if "e" in text else text


def _encodable(text: str, argument: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ArgumentError(
            f"`{argument}` holds half of a character (a lone surrogate, U+D800 to U+DFFF).",
            argument=argument,
            rule="encoding",
            mend="Give well-formed Unicode text.",
        ) from None
    return text


def json_bytes(value: object, argument: str) -> bytes:
    """Compact UTF-8 JSON; nulls stay, integral floats are written as integers, binary values as base64.

    Raises ArgumentError for NaN, infinities, lone surrogates, and values that JSON does not know.
    """
    plain = value if _is_plain(value) else to_plain(value, argument)
    try:
        return orjson.dumps(plain)
    except orjson.JSONEncodeError:
        return _slow_json(plain, argument)


def _is_plain(value: object) -> bool:
    """Whether `orjson` writes the value as we want it without any change (the usual case, so it is quick)."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return True
    if kind is dict:
        assert isinstance(value, dict)
        return all(type(key) is str and _is_plain(member) for key, member in value.items())
    if kind is list:
        assert isinstance(value, list)
        return all(map(_is_plain, value))
    return kind is float and isinstance(value, float) and not value.is_integer() and math.isfinite(value)


def to_plain(value: object, argument: str) -> object:
    """The value with everything that JSON does not know turned into what it does."""
    match value:
        case None | bool() | int():
            return value
        case str():
            return str.__str__(value)
        case float():
            if not math.isfinite(value):
                number_text(value, argument)
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case dict():
            return {text_of(key, argument): to_plain(item, f"{argument}.{key}") for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [to_plain(item, f"{argument}[{index}]") for index, item in enumerate(value)]
        case decimal.Decimal():
            return to_plain(int(value) if value == value.to_integral_value() else float(value), argument)
    return text_of(value, argument)


def _slow_json(value: object, argument: str) -> bytes:
    """What `orjson` refuses: integers beyond 64 bits are fine, lone surrogates are not."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise ArgumentError(
            f"`{argument}` cannot be written as JSON: {error}.",
            argument=argument,
            rule="type",
            mend="Give well-formed text, finite numbers, lists and objects, nested reasonably.",
        ) from None
