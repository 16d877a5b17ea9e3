"""A model's arguments become checked values by location and wire name, or an error that it can act on.

Valid arguments pass in one compiled check. Only what fails it is looked at again: mended where it is plain what was
meant (`repair`), explained where it is not (`explain`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from actionry.errors import ArgumentError
from actionry.http import File
from actionry.openapi.model import Values
from actionry.tools.bodies import MULTIPART, XML, bytes_alternative, media_type_rank
from actionry.tools.checker import Checker, stand_in
from actionry.tools.definitions import encode, fill_constants, wire_names
from actionry.tools.explain import explain
from actionry.tools.function_schema import Binding, Function
from actionry.tools.json_slips import MAX_DEPTH, read_json
from actionry.tools.repair import repair, whole_numbers

_WHOLE_FLOAT = re.compile(rb"\.0[,}\]]|\de\d")
_BASE64_GROWTH = 4 / 3


def read_arguments(function: Function, arguments: Mapping[str, Any] | str | bytes | None) -> Values:
    """Check a call's arguments: JSON text from a model, or a mapping by argument name.

    `{"id": "7"}` for an integer path parameter `id` -> `Values(path={"id": 7})`.

    Raises ArgumentError naming the argument, the rule, and an example that would pass.
    """
    given = _parse(function, arguments)
    _check_plain(function, given)
    checker = function.checker
    wire = _to_wire(function, given)
    if not checker.is_valid(wire):
        media_type = checker.other_media_type(wire)
        if media_type is not None:
            values = _place(function, wire)
            values.media_type = media_type
            return values
        wire = _to_wire(function, repair(checker, _to_wire(function, given, fills=False)))
        if not checker.is_valid(wire):
            raise explain(checker, wire)
    elif _WHOLE_FLOAT.search(_encoded(wire)):
        wire = whole_numbers(checker, wire)
    return _place(function, wire)


def _parse(function: Function, arguments: Mapping[str, Any] | str | bytes | None) -> dict[str, Any]:
    if not isinstance(arguments, str) and isinstance(arguments, Mapping):  # text first: the other test is slow
        return dict(arguments)
    if arguments is None:
        return {}
    if isinstance(arguments, bytes):
        try:
            arguments = arguments.decode()
        except UnicodeDecodeError as error:
            raise ArgumentError(
                f"The arguments are not UTF-8 text (byte {error.start}).", rule="json", example={}
            ) from None
    if not isinstance(arguments, str):
        raise _not_an_object(arguments)
    _check_size(function, len(arguments))
    if not arguments.strip():
        return {}
    value = read_json(arguments)
    if isinstance(value, str) and value.strip().startswith("{"):
        value = read_json(value)  # JSON text inside JSON text
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    only = [binding.argument for binding in function.bindings.offered]
    if only == ["body"] and isinstance(value, list):
        return {"body": value}
    raise _not_an_object(value)


def _not_an_object(value: object) -> ArgumentError:
    kind = {list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return ArgumentError(
        f"The arguments are {kind.get(type(value), type(value).__name__)}, not an object.",
        rule="type",
        example={},
        mend='Send one JSON object with the arguments by name, for example {"name": "value"}.',
    )


# ------------------------------------------------------------------- what is no JSON


def _check_plain(function: Function, given: dict[str, Any]) -> None:
    """Refuse what no JSON text can say, and more than a request may hold (THREATS R-07)."""
    try:
        raw = orjson.dumps(given, default=_default)
    except TypeError:
        _refuse_odd(given, ())
        raw = encode(given)
    _check_size(function, len(raw), raw)
    if b"null" in raw:
        _refuse_odd(given, ())
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _refuse_odd(given, ())


def _default(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview | File):
        return ""
    raise TypeError(type(value).__name__)


def _encoded(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=_default)
    except TypeError:
        return b""


def _refuse_odd(value: Any, path: tuple[str | int, ...]) -> None:
    """Raise for the first number, text or object that JSON cannot say."""
    where = show_path(path)
    if len(path) > MAX_DEPTH:
        raise ArgumentError(f"The arguments are nested deeper than {MAX_DEPTH} levels.", argument=where, rule="depth")
    if isinstance(value, float) and not math.isfinite(value):
        raise ArgumentError(f"`{where}`: {value} is no JSON number.", argument=where, rule="finite", example=0)
    if isinstance(value, str):
        _refuse_surrogates(value, where)
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str):
                raise ArgumentError(f"`{where}`: the name {key!r} is not text.", argument=where, rule="name")
            _refuse_surrogates(key, where)
            _refuse_odd(child, (*path, key))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            _refuse_odd(child, (*path, index))
    elif value is not None and not isinstance(value, bool | int | float | bytes | bytearray | memoryview | File):
        raise ArgumentError(
            f"`{where}`: a {type(value).__name__} is no JSON value.",
            argument=where,
            rule="type",
            mend="Give text, a number, true, false, null, a list, an object, bytes or a File.",
        )


def _refuse_surrogates(text: str, where: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ArgumentError(
            f"`{where}`: half of a surrogate pair stands alone; it is no character.", argument=where, rule="unicode"
        )


def show_path(path: tuple[str | int, ...]) -> str:
    """`("body", "items", 2, "price")` -> `body.items[2].price`."""
    text = ""
    for token in path:
        text += f"[{token}]" if isinstance(token, int) else f".{token}" if text else token
    return text


def _check_size(function: Function, size: int, raw: bytes | None = None) -> None:
    limits = function.limits
    limit = limits.request_characters
    if size <= limit:
        return
    if function.takes_files:
        limit += int(limits.files_per_call * limits.file_bytes * _BASE64_GROWTH)
    if raw is not None and size > limit:
        size = len(raw.decode("utf-8", "replace"))
    if size > limit:
        raise ArgumentError(
            f"The arguments are {size:,} characters long; a request may have {limit:,}.",
            rule="size",
            mend="Send less, or in several calls.",
        )


# ------------------------------------------------------------------------- to values


def _to_wire(function: Function, given: Mapping[str, Any], *, fills: bool = True) -> dict[str, Any]:
    """Names inside the arguments as they are sent; with the host's constants."""
    bindings = function.bindings
    wire = dict(given)
    if function.renames_properties:
        for binding in bindings.all:
            if binding.argument in wire:
                schema = bindings.body_schema if binding.parameter is None else binding.parameter.schema
                wire[binding.argument] = wire_names(wire[binding.argument], schema, function.definitions)
    if not fills:
        return wire
    for binding in function.constants:
        if binding.constant is not None:
            wire.setdefault(binding.argument, binding.constant.value)
    if bindings.body_constants and "body" in wire and bindings.body is not None:
        wire["body"] = fill_constants(wire["body"], bindings.body_constants)
    return wire


def _place(function: Function, wire: Mapping[str, Any]) -> Values:
    values = Values()
    by_argument = function.checker.by_argument
    for argument, value in wire.items():
        binding = by_argument[argument]
        match binding.location:
            case "path":
                values.path[binding.name] = value
            case "query":
                values.query[binding.name] = value
            case "header":
                values.header[binding.name] = value
            case "cookie":
                values.cookie[binding.name] = value
            case "querystring":
                values.querystring = value
            case "body":
                values.body, values.has_body = value, True
                values.media_type = _media_type(function, value)
    return values


def _media_type(function: Function, body: Any) -> str | None:
    """The offered alternative; for a file handed over whole the one that takes bytes, for files inside multipart."""
    bindings = function.bindings
    chosen = bindings.media_type
    if chosen is None or bindings.request_body is None:
        return None
    if isinstance(body, bytes | bytearray | memoryview | File) and media_type_rank(chosen.media_type) < XML:
        other = bytes_alternative(bindings.request_body)
        return (other or chosen).media_type
    if media_type_rank(chosen.media_type) < MULTIPART and len(bindings.request_body.content) > 1:
        files: set[tuple[str | int, ...]] = set()
        stand_in(body, files)
        for one, schema in function.checker.body_alternatives if files else ():
            if media_type_rank(one.media_type) == MULTIPART and function.checker.fits(body, schema):
                return one.media_type
    return chosen.media_type


__all__ = ["Binding", "Checker", "read_arguments", "show_path"]
