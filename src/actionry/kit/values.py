"""`name=value` on the command line -> a function's arguments.

`name=text` is text where the schema takes text, otherwise JSON where it reads as JSON; `name:=json` is always JSON;
`name@file` is a file. `body.user.name=Ada` goes inside; a name that only the body knows goes into the body.
"""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import Any

import click
import orjson

from actionry.http import File
from actionry.tools.function_schema import BODY, Function

_FORM = re.compile(r"(?P<name>[^=:@]+(?:[:@](?!=)[^=:@]+)*?)(?P<sign>:=|=|@)(?P<value>.*)", re.DOTALL)


def read_values(function: Function, words: tuple[str, ...]) -> dict[str, Any]:
    """Raises click.UsageError for a word that is no `name=value`."""
    arguments: dict[str, Any] = {}
    for word in words:
        match = _FORM.fullmatch(word)
        if match is None:
            raise click.UsageError(f"`{word}` is no argument: write name=value, name:=json or name@file.")
        path = _place(function, match["name"])
        _set(arguments, path, _value(function, path, match["sign"], match["value"]))
    return arguments


def _place(function: Function, name: str) -> list[str]:
    """`name` itself when the function has it, else its dotted parts, else a property of the body."""
    known = function.parameters.get("properties", {})
    if name in known:
        return [name]
    parts = name.split(".")
    if parts[0] in known:
        return parts
    for binding in function.bindings.all:
        if binding.name == name:
            return [binding.argument]
    if BODY in known and parts[0] in function.operation.schemas.properties(function.bindings.body_schema):
        return [BODY, *parts]
    return [name]


def _value(function: Function, path: list[str], sign: str, text: str) -> Any:
    if sign == "@":
        return _file(text)
    if sign == ":=":
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise click.UsageError(f"The value of `{'.'.join(path)}` is not JSON: {error}.") from None
    if _takes_text(function, path):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _takes_text(function: Function, path: list[str]) -> bool:
    schemas = function.operation.schemas
    binding = function.bindings.get(path[0])
    schema: Any = (
        function.bindings.body_schema if binding is None or binding.parameter is None else binding.parameter.schema
    )
    for part in path[1:]:
        schema = schemas.properties(schema).get(part, True)
    schema = schemas.resolve(schema)
    kind = schema.get("type") if isinstance(schema, dict) else None
    return kind == "string" or (isinstance(kind, list) and set(kind) <= {"string", "null"})


def _file(name: str) -> File:
    path = Path(name)
    if not path.is_file():
        raise click.UsageError(f"There is no file `{name}`.")
    return File(path.name, path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _set(arguments: dict[str, Any], path: list[str], value: Any) -> None:
    node = arguments
    for part in path[:-1]:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise click.UsageError(f"`{'.'.join(path)}` goes inside a value that was given whole.")
    node[path[-1]] = value
