"""Documents of our own that hold every location, style, explode and type, and every kind of form field.

Real documents hardly use most of these; the differential should meet them all the same.
"""

from __future__ import annotations

from itertools import product
from typing import Any

SCHEMAS: dict[str, Any] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "numbers": {"type": "array", "items": {"type": "number"}},
    "objects": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
    "flat": {
        "type": "object",
        "properties": {"R": {"type": "integer"}, "G": {"type": "string"}, "B": {"type": "boolean"}},
    },
    "deep": {
        "type": "object",
        "properties": {
            "a": {"type": "object", "properties": {"b": {"type": "array", "items": {"type": "string"}}}},
            "c": {"type": "string"},
        },
    },
    "nullable": {"type": ["string", "null"]},
}
STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
NAMES = {"path": "color", "query": "filter[color]", "header": "X-Color", "cookie": "color"}


def documents() -> dict[str, dict[str, Any]]:
    """Name -> document."""
    return {"matrix-3.0": _openapi("3.0.3"), "matrix-3.1": _openapi("3.1.0"), "matrix-2.0": _swagger()}


def _openapi(version: str) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for (location, styles), explode, (kind, schema) in product(STYLES.items(), (False, True), SCHEMAS.items()):
        for style, reserved in product(styles, (False, True) if location == "query" else (False,)):
            parameter = {
                "name": NAMES[location],
                "in": location,
                "required": location == "path",
                "style": style,
                "explode": explode,
                "schema": schema,
            }
            if reserved:
                parameter["allowReserved"] = True
            variable = "/{color}" if location == "path" else ""
            path = f"/{location}/{style}/{explode}/{kind}/{reserved}{variable}"
            paths[path] = {"get": {"parameters": [parameter], "responses": {}}}
    for location, (kind, schema) in product(STYLES, SCHEMAS.items()):
        content = {"name": NAMES[location], "in": location, "required": location == "path"}
        content["content"] = {"application/json": {"schema": schema}}
        variable = "/{color}" if location == "path" else ""
        paths[f"/content/{location}/{kind}{variable}"] = {"get": {"parameters": [content], "responses": {}}}
    paths |= _bodies()
    return {"openapi": version, "info": {"title": "Matrix", "version": "1"}, "paths": paths}


def _bodies() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    encodings: dict[str, Any] = {
        "none": None,
        "form": {"style": "form", "explode": True},
        "joined": {"style": "form", "explode": False},
        "pipes": {"style": "pipeDelimited", "explode": False},
        "deep": {"style": "deepObject", "explode": True},
        "json": {"contentType": "application/json"},
        "plain": {"contentType": "text/plain"},
    }
    for media_type, (name, encoding) in product(
        ("application/x-www-form-urlencoded", "multipart/form-data"), encodings.items()
    ):
        media: dict[str, Any] = {"schema": {"type": "object", "properties": SCHEMAS}}
        if media_type.startswith("multipart"):
            media["schema"] = {
                "type": "object",
                "properties": {**SCHEMAS, "file": {"type": "string", "format": "binary"}},
            }
        if encoding is not None:
            media["encoding"] = dict.fromkeys(SCHEMAS, encoding)
        operation = {"requestBody": {"content": {media_type: media}}, "responses": {}}
        paths[f"/form/{media_type.partition('/')[0]}/{name}"] = {"post": operation}
    for media_type in ("application/json", "application/merge-patch+json", "text/plain", "application/octet-stream"):
        for kind, schema in SCHEMAS.items():
            operation = {"requestBody": {"content": {media_type: {"schema": schema}}}, "responses": {}}
            paths[f"/body/{media_type.replace('/', '-')}/{kind}"] = {"put": operation, "delete": operation}
    return paths


def _swagger() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    array = {"type": "array", "items": {"type": "string"}}
    for location, collection in product(
        ("path", "query", "header", "formData"), ("csv", "ssv", "tsv", "pipes", "multi")
    ):
        if collection == "multi" and location in ("path", "header"):
            continue
        parameter = {"name": "color", "in": location, "required": location == "path", "collectionFormat": collection}
        variable = "/{color}" if location == "path" else ""
        operation = {"parameters": [parameter | array], "responses": {}}
        paths[f"/{location}/{collection}{variable}"] = {"post" if location == "formData" else "get": operation}
    for location, kind in product(("path", "query", "header", "formData"), ("string", "integer", "number", "boolean")):
        one = {"name": "color", "in": location, "required": location == "path", "type": kind}
        variable = "/{color}" if location == "path" else ""
        operation = {"parameters": [one], "responses": {}}
        paths[f"/{location}/{kind}{variable}"] = {"post" if location == "formData" else "get": operation}
    body = {"name": "body", "in": "body", "schema": SCHEMAS["deep"]}
    paths["/body"] = {"put": {"parameters": [body], "responses": {}}, "delete": {"parameters": [body], "responses": {}}}
    return {"swagger": "2.0", "info": {"title": "Matrix", "version": "1"}, "paths": paths}
