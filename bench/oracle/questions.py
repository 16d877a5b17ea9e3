"""The same operation and values in the reference's terms, taken from the raw document and not from our reading."""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import unquote

from actionry.http import File, Request
from actionry.openapi.model import Operation, Values

BOUNDARY = "a-boundary-that-no-value-holds"
SERVER = "https://api.example.com/v1"
_NEEDED = ("name", "in", "required", "style", "explode", "allowReserved", "allowEmptyValue", "collectionFormat", "type")


def follow(root: Any, node: Any) -> Any:
    """A node with its `$ref`s followed, by a resolver of its own: plain JSON pointers inside the document."""
    for _ in range(50):
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            return node
        reference = node["$ref"]
        if not reference.startswith("#"):
            return {}
        node = root
        for token in unquote(reference[1:]).split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list):
                node = node[int(key)] if key.isdigit() and int(key) < len(node) else {}
            else:
                node = node.get(key, {}) if isinstance(node, dict) else {}
    return {}


def raw_operation(root: Any, operation: Operation) -> dict[str, Any]:
    """{version, path, parameters, requestBody, consumes} of the document, references followed, schemas cut short."""
    tokens = [t.replace("~1", "/").replace("~0", "~") for t in operation.pointer.split("/")[1:]]
    item = follow(root, root["paths"][tokens[1]])
    raw = item
    for token in tokens[2:]:
        raw = raw[token]
    parameters: dict[tuple[Any, Any], dict[str, Any]] = {}
    for source in (item.get("parameters"), raw.get("parameters")):
        for entry in source if isinstance(source, list) else ():
            found = follow(root, entry)
            if isinstance(found, dict):
                parameters[found.get("in"), found.get("name")] = _parameter(root, found)
    return {
        "swagger": "swagger" in root and "openapi" not in root,
        "version": root.get("openapi"),
        "path": tokens[1],
        "additional": tokens[2] == "additionalOperations",
        "parameters": list(parameters.values()),
        "requestBody": _request_body(root, raw.get("requestBody")),
        "consumes": raw.get("consumes", root.get("consumes")),
    }


def _parameter(root: Any, raw: dict[str, Any]) -> dict[str, Any]:
    result = {key: raw[key] for key in _NEEDED if key in raw}
    schema = follow(root, raw.get("schema"))
    if isinstance(schema, dict):
        result["schema"] = {key: schema[key] for key in ("type",) if key in schema}
    if isinstance(raw.get("content"), dict):
        result["content"] = {name: {} for name in raw["content"]}
    return result


def _request_body(root: Any, raw: Any) -> Any:
    body = follow(root, raw)
    content = body.get("content") if isinstance(body, dict) else None
    if not isinstance(content, dict):
        return None
    kept = {}
    for name, media in content.items():
        media = follow(root, media)
        encoding = media.get("encoding") if isinstance(media, dict) else None
        kept[name] = {"encoding": encoding} if isinstance(encoding, dict) else {}
    return {"content": kept}


def question(raw: dict[str, Any], operation: Operation, values: Values, ours: Request) -> dict[str, Any]:
    method = operation.method.lower()
    body_less = {key: raw[key] for key in ("parameters",)}
    described: dict[str, Any] = {"operationId": "op", **body_less}
    # `required` only makes the reference throw; isolated parts leave required parameters out.
    described["parameters"] = [{**p, "required": False} for p in described["parameters"]]
    parameters: dict[str, Any] = {}
    for location in ("path", "query", "header", "cookie"):
        for name, value in getattr(values, location).items():
            parameters[f"{location}.{name}"] = plain(value)
    asked: dict[str, Any] = {"baseURL": SERVER, "parameters": parameters}
    if raw["swagger"]:
        spec: dict[str, Any] = {"swagger": "2.0"}
        if values.has_body:
            asked["requestContentType"] = values.media_type
            _add_swagger_body(parameters, raw, values)
    else:
        version = str(raw["version"])
        # The reference takes documents of any other version for Swagger 2.0.
        spec = {"openapi": version if re.fullmatch(r"3\.[012]\.\d+", version) else "3.0.0"}
        if raw["requestBody"] is not None:
            described["requestBody"] = raw["requestBody"]
        if values.has_body:
            asked |= {"requestBody": plain(values.body), "requestContentType": values.media_type}
    item = {"additionalOperations": {operation.method: described}} if raw["additional"] else {method: described}
    asked["spec"] = {**spec, "paths": {raw["path"]: item}}
    return asked


def _add_swagger_body(parameters: dict[str, Any], raw: dict[str, Any], values: Values) -> None:
    for parameter in raw["parameters"]:
        name = parameter.get("name")
        if parameter.get("in") == "body":
            parameters[f"body.{name}"] = plain(values.body)
        elif parameter.get("in") == "formData" and isinstance(values.body, dict) and name in values.body:
            parameters[f"formData.{name}"] = plain(values.body[name])


def plain(value: Any) -> Any:
    """JSON with files as {"$file": …}."""
    if isinstance(value, bytes):
        value = File("blob", value)
    if isinstance(value, File):
        content = base64.b64encode(value.content).decode()
        return {"$file": {"name": value.name, "type": value.media_type, "base64": content}}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
