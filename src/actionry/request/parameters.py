"""Where a parameter becomes a part of the URL or a header: one table, location x style.

OpenAPI 3.1.1, Parameter Object, "Style Values" and "Style Examples"; RFC 6570. Where patch releases of the
specification corrected their tables (label without explode, percent-encoded delimiters) the corrected one holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from actionry.errors import ArgumentError
from actionry.http import is_host_header
from actionry.openapi.model import Location, Parameter, Style
from actionry.request.text import (
    form_encode,
    json_bytes,
    percent_encode,
    percent_encode_reserved,
    percent_encode_reserved_in_path,
    text_of,
)

Encode = Callable[[str], str]
"""Text to text that the destination can hold."""

Serializer = Callable[[str, Any, Encode, bool, str], str | None]
"""(name, value, encode, explode, argument) -> what stands in the request; None when nothing is to be sent."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_NOT_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|[^\x00-\xff]").search
_NOT_IN_COOKIE = re.compile(r"[\x00-\x1f\x7f]|[^\x00-\xff]").search
_METHOD_OVERRIDES = frozenset({"x-http-method", "x-http-method-override", "x-method-override"})


def is_token(text: str) -> bool:
    """RFC 9110 section 5.6.2: what a method or a header name may be."""
    return _TOKEN(text) is not None


def ignored_header(name: str) -> bool:
    """Whether a header parameter of this name is never sent, because only the host may set that header.

    OpenAPI 3.1.0, Parameter Object, `name` (Accept, Content-Type, Authorization); THREATS R-06, R-09.
    """
    return is_host_header(name)


# ---------------------------------------------------------------------------------------------------- styles


def _items(value: list[Any], encode: Encode, argument: str) -> list[str]:
    # RFC 6570 section 2.3: undefined members of a list are left out; OpenAPI 3.2.1 counts null among them.
    return [encode(text_of(item, f"{argument}[{i}]")) for i, item in enumerate(value) if item is not None]


def _members(value: Mapping[str, Any], encode: Encode, argument: str) -> list[tuple[str, str]]:
    return [
        (encode(text_of(key, argument)), encode(text_of(item, f"{argument}.{key}")))
        for key, item in value.items()
        if item is not None
    ]


def _delimited(value: Any, encode: Encode, argument: str, delimiter: str) -> str | None:
    """`blue,black` or `R,100,G,200`; None when there is nothing in it (RFC 6570 section 2.3)."""
    if isinstance(value, dict):
        flat = [text for pair in _members(value, encode, argument) for text in pair]
    else:
        flat = _items(value, encode, argument)
    return delimiter.join(flat) if flat else None


def _assigned(value: Mapping[str, Any], encode: Encode, argument: str, delimiter: str) -> str | None:
    """`R=100,G=200`"""
    return delimiter.join(f"{key}={text}" for key, text in _members(value, encode, argument)) or None


def simple(name: str, value: Any, encode: Encode, explode: bool, argument: str) -> str | None:
    """blue | blue,black | R,100,G,200 or R=100,G=200. RFC 6570 section 3.2.2."""
    if isinstance(value, dict) and explode:
        return _assigned(value, encode, argument, ",")
    if isinstance(value, (dict, list)):
        return _delimited(value, encode, argument, ",")
    return encode(text_of(value, argument))


def label(name: str, value: Any, encode: Encode, explode: bool, argument: str) -> str | None:
    """.blue | .blue,black or .blue.black | .R,100 or .R=100.G=200. RFC 6570 section 3.2.5."""
    if isinstance(value, dict) and explode:
        text = _assigned(value, encode, argument, ".")
    elif isinstance(value, (dict, list)):
        text = _delimited(value, encode, argument, "." if explode else ",")
    else:
        text = encode(text_of(value, argument))
    return None if text is None else f".{text}"


def matrix(name: str, value: Any, encode: Encode, explode: bool, argument: str) -> str | None:
    """;color=blue | ;color=blue,black or ;color=blue;color=black | ;R=100;G=200. RFC 6570 section 3.2.7."""
    key = percent_encode(name)
    if isinstance(value, dict) and explode:
        pairs = _members(value, encode, argument)
    elif isinstance(value, list) and explode:
        pairs = [(key, text) for text in _items(value, encode, argument)]
    elif isinstance(value, (dict, list)):
        joined = _delimited(value, encode, argument, ",")
        pairs = [] if joined is None else [(key, joined)]
    else:
        pairs = [(key, encode(text_of(value, argument)))]
    # An empty value stands without its equals sign (";color"), other than in a query.
    return "".join(f";{one}={text}" if text else f";{one}" for one, text in pairs) or None


def form(name: str, value: Any, encode: Encode, explode: bool, argument: str, between: str = "&") -> str | None:
    """color=blue | color=blue,black or color=blue&color=black | R=100&G=200. RFC 6570 section 3.2.8."""
    key = percent_encode(name)
    if isinstance(value, dict) and explode:
        return _assigned(value, encode, argument, between)
    if isinstance(value, list) and explode:
        return between.join(f"{key}={text}" for text in _items(value, encode, argument)) or None
    if isinstance(value, (dict, list)):
        joined = _delimited(value, encode, argument, ",")
        return None if joined is None else f"{key}={joined}"
    return f"{key}={encode(text_of(value, argument))}"


def _separated(delimiter: str) -> Serializer:
    def separated(name: str, value: Any, encode: Encode, explode: bool, argument: str) -> str | None:
        """color=blue%20black | color=R%20100; exploded, and for primitives, as `form` (the table leaves it open)."""
        if explode or not isinstance(value, (dict, list)):
            return form(name, value, encode, explode, argument)
        joined = _delimited(value, encode, argument, delimiter)
        return None if joined is None else f"{percent_encode(name)}={joined}"

    return separated


def deep_object(name: str, value: Any, encode: Encode, explode: bool, argument: str) -> str | None:
    """color[R]=100&color[G]=200, brackets percent-encoded; deeper levels a[b][c]=, lists a[b][0]=.

    The specification defines one level of scalars only; the rest is what the APIs that declare it document.
    """
    return "&".join(_deep_pairs(percent_encode(name), value, encode, argument)) or None


def _deep_pairs(key: str, value: Any, encode: Encode, argument: str) -> Iterator[str]:
    if isinstance(value, dict):
        for member, item in value.items():
            inner = f"{key}%5B{percent_encode(text_of(member, argument))}%5D"
            yield from _deep_pairs(inner, item, encode, f"{argument}.{member}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _deep_pairs(f"{key}%5B{index}%5D", item, encode, f"{argument}[{index}]")
    elif value is not None:
        yield f"{key}={encode(text_of(value, argument))}"


def _cookie_pairs(name: str, value: Any, encode: Encode, explode: bool, argument: str) -> str | None:
    """n1=v1; n2=v2, nothing escaped. OpenAPI 3.2.0, "Style Values", `cookie`."""
    return form(name, value, encode, explode, argument, between="; ")


space_delimited = _separated("%20")
pipe_delimited = _separated("%7C")
tab_delimited = _separated("%09")

SERIALIZERS: dict[tuple[Location, Style], Serializer] = {
    ("path", "simple"): simple,
    ("path", "label"): label,
    ("path", "matrix"): matrix,
    ("query", "form"): form,
    ("query", "spaceDelimited"): space_delimited,
    ("query", "pipeDelimited"): pipe_delimited,
    ("query", "tabDelimited"): tab_delimited,
    ("query", "deepObject"): deep_object,
    ("header", "simple"): simple,
    ("cookie", "form"): form,
    ("cookie", "cookie"): _cookie_pairs,
    # Swagger 2.0 allows these collection formats in path and header too ("Parameter Object", collectionFormat).
    ("path", "spaceDelimited"): lambda *a: _swagger_joined("%20", *a),
    ("path", "pipeDelimited"): lambda *a: _swagger_joined("%7C", *a),
    ("path", "tabDelimited"): lambda *a: _swagger_joined("%09", *a),
    ("header", "spaceDelimited"): lambda *a: _swagger_joined(" ", *a),
    ("header", "pipeDelimited"): lambda *a: _swagger_joined("|", *a),
    ("header", "tabDelimited"): lambda *a: _swagger_joined("\t", *a),
}
"""Combinations that are not here are not permitted by the specification; the location's default style is used."""

DEFAULT_STYLES: dict[Location, Style] = {
    "path": "simple",
    "query": "form",
    "header": "simple",
    "cookie": "form",
    "querystring": "form",
}


def _swagger_joined(delimiter: str, name: str, value: Any, encode: Encode, explode: bool, argument: str) -> str | None:
    if isinstance(value, (dict, list)):
        return _delimited(value, encode, argument, delimiter)
    return encode(text_of(value, argument))


# ------------------------------------------------------------------------------------- from parameter to text


def _as_it_is(text: str) -> str:
    return text


def _cookie_text(argument: str, encoded: bool, allow_reserved: bool, text: str) -> str:
    """A cookie's name or value; what no Cookie header carries is refused before it is encoded (R-04)."""
    _refuse_unsafe(_NOT_IN_COOKIE(text), "A cookie", argument)
    if not encoded:
        _refuse_separator(text, argument)
        return text
    if allow_reserved:
        # RFC 6265 section 4.1.1: the comma and the semicolon are reserved characters that no cookie may hold.
        return percent_encode_reserved(text).replace(",", "%2C").replace(";", "%3B")
    return percent_encode(text)


def serializer_of(parameter: Parameter) -> Callable[[Any], str | None]:
    """What turns a value of this parameter into its part of the request, worked out once per operation.

    Path: the text that replaces `{name}`. Query: `name=text` pairs joined by `&`. Header: its value.
    Cookie: `name=text`. The result is None when nothing is to be sent. Raises ArgumentError.
    """
    argument = f"{parameter.location}.{parameter.name}"
    if parameter.media_type is not None:
        return partial(_by_content, parameter, parameter.media_type, argument)
    location = parameter.location
    style = parameter.style
    serialize = SERIALIZERS.get((location, style))
    if serialize is None:
        style = DEFAULT_STYLES[location]
        serialize = SERIALIZERS[location, style]
    encode: Encode = percent_encode
    if location == "cookie":
        encode = partial(_cookie_text, argument, style == "form", parameter.allow_reserved)
    elif location == "header":
        # OpenAPI 3.2.1, Parameter Object: percent-encoding MUST NOT be applied to headers and `cookie` style.
        encode = _as_it_is
    elif parameter.allow_reserved:
        encode = percent_encode_reserved_in_path if location == "path" else percent_encode_reserved
    if location == "query" and parameter.allow_empty_value:
        return partial(_maybe_empty, serialize, parameter.name, encode, parameter.explode, argument)
    return partial(_by_style, serialize, parameter.name, encode, parameter.explode, argument)


def _by_style(serialize: Serializer, name: str, encode: Encode, explode: bool, argument: str, value: Any) -> str | None:
    if value is None:
        return None
    if type(value) is tuple:
        value = list(value)
    return serialize(name, value, encode, explode, argument)


def _maybe_empty(
    serialize: Serializer, name: str, encode: Encode, explode: bool, argument: str, value: Any
) -> str | None:
    """`allowEmptyValue`: `name=` in place of an empty list or object, which would be left out.

    3.1.1, Parameter Object. Null still says "not given": strict models fill every optional argument with it.
    """
    if value is None:
        return None
    text = _by_style(serialize, name, encode, explode, argument, value)
    return f"{percent_encode(name)}=" if text is None else text


def _by_content(parameter: Parameter, media_type: str, argument: str, value: Any) -> str | None:
    """A parameter declared by `content`: serialized as that type, then percent-encoded where URLs need it."""
    if value is None and not _is_json(media_type):
        return None
    if value is None and not parameter.required:
        return None
    text = content_text(media_type, value, argument)
    match parameter.location:
        case "query":
            return f"{percent_encode(parameter.name)}={percent_encode(text)}"
        case "path":
            return percent_encode(text)
        case "cookie":
            return f"{percent_encode(parameter.name)}={_cookie_text(argument, True, False, text)}"
        case "header":
            return text
        case "querystring":
            # Form content is made for a query and not encoded again (OpenAPI 3.2.0, "Parameter Object Examples").
            return text if _is_form(media_type) else percent_encode(text)


def content_text(media_type: str, value: Any, argument: str) -> str:
    """The value as text of that media type."""
    if _is_json(media_type):
        return json_bytes(value, argument).decode()
    if _is_form(media_type) and isinstance(value, dict):
        return form_content(value, argument)
    return text_of(value, argument)


def form_content(value: Mapping[str, Any], argument: str) -> str:
    """`application/x-www-form-urlencoded` by the Encoding Object's defaults: lists repeat, objects are JSON."""
    pairs = []
    for name, item in value.items():
        for one in item if isinstance(item, list) else [item]:
            if one is not None:
                key = form_encode(text_of(name, argument))
                pairs.append(f"{key}={form_encode(text_of(one, f'{argument}.{name}'))}")
    return "&".join(pairs)


def _is_json(media_type: str) -> bool:
    essence = media_type.partition(";")[0].strip().lower()
    return essence in ("application/json", "text/json") or essence.endswith("+json")


def _is_form(media_type: str) -> bool:
    return media_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


# ------------------------------------------------------------------------------------- headers and cookies


def check_header(name: str, text: str) -> str:
    """The header's value as it may be sent; raises ArgumentError (R-04) for what would break the message."""
    argument = f"header.{name}"
    if not is_token(name):
        raise ArgumentError(
            f"The document names a header {name!r}, which HTTP does not allow.",
            argument=argument,
            rule="header-name",
            mend="Leave it out; the builder should correct the name (RFC 9110 section 5.1).",
        )
    _refuse_unsafe(_NOT_IN_HEADER(text), "A header", argument)
    # RFC 9110 section 5.5: blanks around a field value are no part of it.
    return text.strip(" \t")


def refuse_method_override(name: str) -> None:
    """A header that changes the method would turn an unasked read into a write (THREATS R-09)."""
    if name.strip().lower() in _METHOD_OVERRIDES:
        raise ArgumentError(
            f"`header.{name}` would change the method of the request, which only the operation decides.",
            argument=f"header.{name}",
            rule="method-override",
            mend="Leave it out and call the operation that has the method you want.",
        )


def _refuse_separator(text: str, argument: str) -> None:
    if ";" in text:
        raise ArgumentError(
            f"`{argument}` holds a semicolon, which would begin another cookie.",
            argument=argument,
            rule="cookie-text",
            mend="Percent-encode it (`%3B`) when the API expects that.",
        )


def _refuse_unsafe(found: re.Match[str] | None, what: str, argument: str) -> None:
    if found is None:
        return
    character = ord(found[0])
    kind = "a control character" if character < 0x80 else "a character outside ISO 8859-1"
    raise ArgumentError(
        f"`{argument}` holds {kind} (U+{character:04X} at position {found.start()}). {what} cannot carry it.",
        argument=argument,
        rule="header-text",
        example="plain text",
        mend="Give one line of plain text (letters, digits and punctuation).",
    )
