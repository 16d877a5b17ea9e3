"""The reference's own rules for styles, written down: what swagger-client 3.39 makes of a value.

A difference is only explained when this model gives exactly the reference's text, so that a class never hides
anything else. Sources: `execute/oas3/style-serializer.js`, `http/serializers/request/format.js`.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

RESERVED = ":/?#[]@!$&'()*+,;="


def integral(value: Any) -> Any:
    """As JavaScript's JSON would write it: whole numbers without a point, integer-like names first."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: integral(item) for key, item in js_order(value).items()}
    if isinstance(value, list):
        return [integral(item) for item in value]
    return value


def js_order(value: dict[str, Any]) -> dict[str, Any]:
    """JavaScript's order of members: array indices first, ascending."""
    indices = sorted((key for key in value if re.fullmatch(r"0|[1-9]\d{0,9}", key)), key=int)
    return {key: value[key] for key in [*indices, *(key for key in value if key not in indices)]}


def text(value: Any) -> str:
    """String(value), with JSON for lists and objects, and nothing for null."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(integral(value), ensure_ascii=False, separators=(",", ":"))


def encode(value: Any, reserved: bool = False) -> str:
    """valueEncoder: unreserved characters stay, and reserved ones when allowed."""
    return quote(text(value), safe=RESERVED if reserved else "")


def query(name: str, style: str, explode: bool, reserved: bool, value: Any) -> str:
    """formatKeyValueBySerializationOption, joined."""

    def pair(key: str, item: Any) -> str:
        return f"{encode(key, reserved)}={encode(item, reserved)}"

    if isinstance(value, list):
        if explode:
            return "&".join(pair(name, item) for item in value)
        delimiter = {"spaceDelimited": "%20", "pipeDelimited": "|", "form": ","}.get(style, ",")
        return f"{encode(name, reserved)}=" + delimiter.join(encode(item, reserved) for item in value)
    if isinstance(value, dict):
        members = js_order(value).items()
        if style == "deepObject":
            return "&".join(pair(f"{name}[{key}]", item) for key, item in members)
        if explode:
            return "&".join(pair(key, item) for key, item in members)
        joined = ",".join(f"{encode(key, reserved)},{encode(item, reserved)}" for key, item in members)
        return f"{encode(name, reserved)}={joined}"
    return pair(name, value)


def path(name: str, style: str, explode: bool, value: Any) -> str:
    """stylize() as the path builder calls it; names of members stay as they are."""
    if isinstance(value, list):
        items = [encode(item) for item in value]
        if style == "label":
            return "." + ".".join(items)
        if style == "matrix":
            return "".join(f";{name}={item}" for item in items) if explode else f";{name}=" + ",".join(items)
        return ",".join(items)
    if isinstance(value, dict):
        members = [(key, encode(item)) for key, item in js_order(value).items()]
        assign = "=" if explode else {"label": "."}.get(style, ",")
        between = {"label": ".", "matrix": ";" if explode else ","}.get(style, ",")
        start = {"label": ".", "matrix": ";" if explode else f";{name}="}.get(style, "")
        return start + between.join(f"{key}{assign}{item}" for key, item in members)
    start = {"label": ".", "matrix": f";{name}="}.get(style, "")
    return start + encode(value)
