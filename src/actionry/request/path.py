"""What fills a path template, and why a value can never leave it (THREATS R-01, R-02, R-03).

`quote("..", safe="")` is `..`, and clients and proxies fold such segments; joining URLs by reference resolution
lets `//host/` change the origin. So the template is filled piece by piece, values that are or decode to dot
segments are refused, and the finished URL is parsed again and compared with what the document says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from actionry.errors import ArgumentError
from actionry.http import shown_url
from actionry.openapi.model import Operation, Parameter
from actionry.request.parameters import serializer_of
from actionry.request.text import encode_literal_path, encode_literal_query, percent_encode

_EXPRESSION = re.compile(r"\{([^{}/]*)\}")
_DECORATION = re.compile(r"^[+#./;?&]|[+*]$|:.*$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
_ENCODED_OR_WIDE = re.compile(r"%|[^\x00-\x7f]").search
_MAX_DECODINGS = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """One `{name}` of a template."""

    name: str
    """Wire name of the parameter that fills it."""
    serialize: Callable[[Any], str | None]
    leads_itself: bool
    """Label and matrix begin with their own delimiter, so an empty value still shows in the path."""


Piece = str | Slot


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path of the document, ready to be filled."""

    segments: tuple[tuple[Piece, ...], ...]
    """Between slashes; literal text is already encoded."""
    query: tuple[Piece, ...]
    """What the document writes behind `?` in its path (no OpenAPI, but real documents do it)."""
    matches: Callable[[str], re.Match[str] | None]
    """Full match of a finished path against the template."""
    text: str


def read_template(operation: Operation) -> PathTemplate:
    """The operation's path, split and encoded once. A fragment is dropped: it never reaches a server."""
    declared = {p.name: p for p in operation.parameters if p.location == "path"}
    path, _, query = operation.path.partition("#")[0].partition("?")
    if not path.startswith("/"):
        path = f"/{path}"
    # A network-path reference (`//host/x`) cannot arise: the first segment of a document's path is never empty.
    path = "/" + path.lstrip("/") if path.startswith("//") else path
    segments = tuple(_read_pieces(text, declared, encode_literal_path) for text in path[1:].split("/"))
    pattern = "".join("/" + "".join(map(_pattern, pieces)) for pieces in segments)
    return PathTemplate(
        segments,
        _read_pieces(query, declared, encode_literal_query),
        re.compile(pattern).fullmatch,
        operation.path,
    )


def _read_pieces(text: str, declared: Mapping[str, Parameter], encode: Callable[[str], str]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    end = 0
    for match in _EXPRESSION.finditer(text):
        if match.start() > end:
            pieces.append(encode(text[end : match.start()]))
        pieces.append(_slot(match[1], declared))
        end = match.end()
    if end < len(text):
        pieces.append(encode(text[end:]))
    return tuple(pieces)


def _slot(expression: str, declared: Mapping[str, Parameter]) -> Slot:
    """`{id}`; and what other template languages write: `{+name}`, `{proxy+}`, `{id:[0-9]+}`, `{ id }`."""
    name = expression
    for candidate in (expression, expression.strip(), _DECORATION.sub("", expression.strip())):
        if candidate in declared:
            name = candidate
            break
    parameter = declared.get(name)
    if parameter is None:
        parameter = Parameter(name=name, location="path", required=True, style="simple")
    return Slot(name, serializer_of(parameter), parameter.style in ("label", "matrix"))


def _pattern(piece: Piece) -> str:
    return re.escape(piece) if isinstance(piece, str) else "[^/?#]*"


# ------------------------------------------------------------------------------------------------- filling


def fill_path(template: PathTemplate, values: Mapping[str, Any]) -> str:
    """The path with every variable replaced, e.g. `/points/39.7,-97.1`. Raises ArgumentError."""
    path = ""
    for pieces in template.segments:
        if len(pieces) == 1 and isinstance(pieces[0], str):
            path += "/" + pieces[0]
        else:
            path += "/" + _fill_segment(pieces, values)
    if template.matches(path) is None:
        raise _left_template(template)
    return path


def _fill_segment(pieces: tuple[Piece, ...], values: Mapping[str, Any]) -> str:
    slot: Slot | None = None
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
        else:
            slot = piece
            text += fill_slot(piece, values)
    if slot is not None and (text in ("", ".", "..") or ("%2" in text and unquote(text) in (".", ".."))):
        refuse_dots(slot, text, values)
    return text


def fill_slot(slot: Slot, values: Mapping[str, Any]) -> str:
    value = values.get(slot.name)
    text = None if value is None else slot.serialize(value)
    if text is None:
        raise ArgumentError(
            f"`path.{slot.name}` is missing: the address cannot be built without it.",
            argument=f"path.{slot.name}",
            rule="required",
            mend=f"Give a value for {slot.name}.",
        )
    if not text.isalnum():
        _check_value(slot, value)
    return text


def refuse_dots(slot: Slot, segment: str, values: Mapping[str, Any]) -> None:
    """A whole segment that is empty or made of dots only would be another address."""
    if slot.leads_itself and values.get(slot.name) == "":
        # `label` writes an empty text as `.` (Style Examples, "empty"): the style's dot, not the value's.
        return
    if segment == "":
        raise ArgumentError(
            f"`path.{slot.name}` is empty, so the request would go to another address.",
            argument=f"path.{slot.name}",
            rule="minLength",
            mend=f"Give a value for {slot.name} that is not empty.",
        )
    raise _dot_segment(slot.name)


def _check_value(slot: Slot, value: Any) -> None:
    if isinstance(value, str):
        _check_text(slot.name, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_value(slot, key)
            _check_value(slot, item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_value(slot, item)


def _check_text(name: str, value: str) -> None:
    """Refuse control characters, and texts that become dot segments when decoded once more or normalised.

    `../../admin` itself is data: it goes out as one segment, `..%2F..%2Fadmin` (R-01).
    """
    if _CONTROL(value):
        raise _control_character(name)
    if value in (".", ".."):
        raise _dot_segment(name)
    if not _ENCODED_OR_WIDE(value) and not value.startswith((".;", "..;", ".\\", "..\\")):
        return
    decoded = value
    for _ in range(_MAX_DECODINGS):
        previous, decoded = decoded, unicodedata.normalize("NFKC", unquote(decoded))
        if _CONTROL(decoded):
            raise _control_character(name)
        if decoded == previous:
            break
    if (decoded != value and _has_dot_segment(decoded)) or _only_dots(re.split(r"[;/\\]", decoded)[0], value):
        raise _dot_segment(name)


def _has_dot_segment(text: str) -> bool:
    return any(part.partition(";")[0].strip() in (".", "..") for part in re.split(r"[/\\]", text))


def _only_dots(head: str, value: str) -> bool:
    # `..;x` and `..\x`: servers that cut path parameters or know backslashes would see `..`.
    return head.strip() in (".", "..") and not value.startswith(("./", "../"))


def _dot_segment(name: str) -> ArgumentError:
    return ArgumentError(
        f"`path.{name}` stands for `.` or `..`, which would lead to another address than the operation's.",
        argument=f"path.{name}",
        rule="dot-segment",
        mend=f"Give the real value of {name}; dots alone, encoded or not, are never sent in a path.",
    )


def _control_character(name: str) -> ArgumentError:
    return ArgumentError(
        f"`path.{name}` holds a control character, plain or percent-encoded.",
        argument=f"path.{name}",
        rule="control-character",
        mend="Give one line of plain text.",
    )


def _left_template(template: PathTemplate) -> ArgumentError:
    return ArgumentError(
        f"These values would lead out of the operation's path `{template.text}`.",
        rule="template",
        mend="Give plain values without slashes, question marks or `#`.",
    )


def fill_query(template: PathTemplate, values: Mapping[str, Any]) -> list[str]:
    """The query that the path itself carries, as `name=text` parts."""
    text = "".join(
        piece if isinstance(piece, str) else percent_encode(unquote(fill_slot(piece, values)))
        for piece in template.query
    )
    return [text] if text else []


# ------------------------------------------------------------------------------------------ the server's part


@dataclass(frozen=True, slots=True)
class Base:
    """A server URL as it begins every request's URL."""

    prefix: str
    """Scheme, authority and base path without a slash at its end; no scheme when the server is relative."""
    query: str
    scheme: str
    netloc: str
    path: str


@lru_cache(maxsize=1024)
def read_base(server_url: str) -> Base:
    """`https://api.example.com/v1/` -> prefix `https://api.example.com/v1`. Raises ArgumentError when unusable."""
    text = server_url.strip()
    if _CONTROL(text) or "\\" in text or "{" in text.partition("?")[0]:
        raise _unusable_server(server_url)
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise _unusable_server(server_url) from None
    if bool(parts.scheme) != bool(parts.netloc) or any(c in parts.netloc for c in ' <>"|^`'):
        raise _unusable_server(server_url)
    path = encode_literal_path(parts.path).rstrip("/")
    if path and not path.startswith("/"):
        path = f"/{path}"
    if not parts.netloc:
        path = path if not path.startswith("//") else "/" + path.lstrip("/")
    prefix = f"{parts.scheme}://{parts.netloc}{path}" if parts.netloc else path
    return Base(prefix, encode_literal_query(parts.query), parts.scheme, parts.netloc, path)


def _unusable_server(server_url: str) -> ArgumentError:
    error = ArgumentError(
        f"The server address {shown_url(server_url)!r} cannot be used.",
        rule="server",
        mend='The builder should give the real one, e.g. `base_url="https://api.example.com/v1"`: '
        "http or https, a host, and no variables left open.",
    )
    error.told_to, error.may_retry = "builder", False
    return error


def check_url(url: str, base: Base, path: str) -> None:
    """R-03: parsed again, the URL has the server's scheme, host, port and base path, and the filled path."""
    parts = urlsplit(url)
    same = parts.scheme == base.scheme and parts.netloc == base.netloc and parts.path == base.path + path
    if not same or parts.fragment:
        raise ArgumentError(
            "These values would change where the request goes.",
            rule="origin",
            mend="Give plain values; addresses, slashes and `#` belong into no path variable.",
        )
