"""A whole Swagger 2.0 document written as OpenAPI 3.1 (what `lint --fix` saves)."""

from __future__ import annotations

from typing import Any

from actionry.openapi import swagger2

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_MOVED = (
    ("#/definitions/", "#/components/schemas/"),
    ("#/responses/", "#/components/responses/"),
    ("#/securityDefinitions/", "#/components/securitySchemes/"),
)
_DROPPED = frozenset(
    {
        "swagger",
        "host",
        "basePath",
        "schemes",
        "consumes",
        "produces",
        "definitions",
        "parameters",
        "responses",
        "securityDefinitions",
    }
)


def upgrade_to_3_1(root: dict[str, Any]) -> None:
    """Change a parsed Swagger 2.0 document into OpenAPI 3.1 in place; any other document is left alone."""
    if str(root.get("swagger", "")) not in ("2.0", "2"):
        return
    consumes, produces = _texts(root.get("consumes")), _texts(root.get("produces"))
    shared = {name: raw for name, raw in _mapping(root.get("parameters")).items() if isinstance(raw, dict)}
    bodies = {name for name, raw in shared.items() if raw.get("in") in ("body", "formData")}
    result: dict[str, Any] = {"openapi": "3.1.1"}
    result |= {key: value for key, value in root.items() if key not in _DROPPED and key != "paths"}
    result.setdefault("info", {"title": "Untitled API", "version": "1.0.0"})
    servers = swagger2.servers(root)
    if servers:
        result["servers"] = servers
    result["paths"] = {
        path: _path_item(item, shared, bodies, consumes, produces) for path, item in _mapping(root.get("paths")).items()
    }
    components = {
        "schemas": root.get("definitions"),
        "parameters": {name: swagger2.parameter(raw) for name, raw in shared.items() if name not in bodies},
        "responses": {name: _response(raw, produces) for name, raw in _mapping(root.get("responses")).items()},
        "securitySchemes": {
            name: swagger2.security_scheme(raw)
            for name, raw in _mapping(root.get("securityDefinitions")).items()
            if isinstance(raw, dict)
        },
    }
    components = {name: section for name, section in components.items() if section}
    if components:
        result["components"] = components
    root.clear()
    root.update(result)
    _rewrite(root)


def _path_item(item: Any, shared: dict[str, Any], bodies: set[str], consumes: list[str], produces: list[str]) -> Any:
    if not isinstance(item, dict):
        return item
    inherited = [_follow(raw, shared) for raw in _list(item.get("parameters"))]
    body_fields = [raw for raw in inherited if raw.get("in") in ("body", "formData")]
    result: dict[str, Any] = {}
    for key, value in item.items():
        if key == "parameters":
            kept = _parameters(value, shared, bodies)
            if kept:
                result[key] = kept
        elif key in _METHODS and isinstance(value, dict):
            result[key] = _operation(value, shared, bodies, body_fields, consumes, produces)
        else:
            result[key] = value
    return result


def _operation(
    raw: dict[str, Any],
    shared: dict[str, Any],
    bodies: set[str],
    inherited_fields: list[dict[str, Any]],
    consumes: list[str],
    produces: list[str],
) -> dict[str, Any]:
    own_consumes = _texts(raw["consumes"]) if "consumes" in raw else consumes
    own_produces = _texts(raw["produces"]) if "produces" in raw else produces
    fields = [
        found
        for found in (_follow(entry, shared) for entry in _list(raw.get("parameters")))
        if found.get("in") in ("body", "formData")
    ]
    names = {field.get("name") for field in fields}
    fields += [field for field in inherited_fields if field.get("name") not in names]
    result: dict[str, Any] = {}
    for key, value in raw.items():
        if key in ("consumes", "produces", "schemes"):
            continue
        if key == "parameters":
            kept = _parameters(value, shared, bodies)
            if kept:
                result[key] = kept
        elif key == "responses":
            result[key] = {status: _response(response, own_produces) for status, response in _mapping(value).items()}
        else:
            result[key] = value
    body = swagger2.request_body(fields, own_consumes)
    if body is not None:
        result["requestBody"] = body
    return result


def _parameters(raw: Any, shared: dict[str, Any], bodies: set[str]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for entry in _list(raw):
        found = _follow(entry, shared)
        if found.get("in") in ("body", "formData"):
            continue
        if isinstance(entry, dict) and "$ref" in entry:
            kept.append({"$ref": str(entry["$ref"]).replace("#/parameters/", "#/components/parameters/")})
        elif isinstance(entry, dict):
            kept.append(swagger2.parameter(entry))
    return kept


def _response(raw: Any, produces: list[str]) -> Any:
    if not isinstance(raw, dict) or "$ref" in raw:
        return raw
    result = {key: value for key, value in raw.items() if key not in ("schema", "examples", "headers")}
    result.setdefault("description", "")
    if "schema" in raw:
        examples = _mapping(raw.get("examples"))
        result["content"] = {
            kind: {"schema": raw["schema"]} | ({"example": examples[kind]} if kind in examples else {})
            for kind in produces or ["application/json"]
        }
    headers = _mapping(raw.get("headers"))
    if headers:
        result["headers"] = {
            name: {"schema": swagger2.item_schema(header)}
            | ({"description": header["description"]} if "description" in header else {})
            for name, header in headers.items()
            if isinstance(header, dict)
        }
    return result


def _rewrite(root: dict[str, Any]) -> None:
    """References to the new sections; `x-nullable`, `type: file` and text discriminators in 3.1's words."""
    seen: set[int] = set()
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if id(node) in seen:
                continue  # one schema may stand in several media types
            seen.add(id(node))
            reference = node.get("$ref")
            if isinstance(reference, str):
                for old, new in _MOVED:
                    if reference.startswith(old):
                        node["$ref"] = new + reference[len(old) :]
            if node.get("type") == "file":
                node |= {"type": "string", "format": "binary"}
            if isinstance(node.get("discriminator"), str) and ("properties" in node or "allOf" in node):
                node["discriminator"] = {"propertyName": node["discriminator"]}
            if node.get("x-nullable") is True and isinstance(node.get("type"), str):
                node["type"] = [node.pop("type"), "null"]
                del node["x-nullable"]
            for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
                if isinstance(node.get(exclusive), bool) and node.pop(exclusive) and limit in node:
                    node[exclusive] = node.pop(limit)
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _follow(raw: Any, shared: dict[str, Any]) -> dict[str, Any]:
    if isinstance(raw, dict) and isinstance(raw.get("$ref"), str) and raw["$ref"].startswith("#/parameters/"):
        raw = shared.get(raw["$ref"].removeprefix("#/parameters/"))
    return raw if isinstance(raw, dict) else {}


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
