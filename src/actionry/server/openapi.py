"""Our own OpenAPI document: complete, without findings of our linter, and in sections that fit a GPT as an action."""

from __future__ import annotations

import copy
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from actionry import __version__

Section = Literal["chat", "account", "build", "admin"]

_TAGS = (
    ("chat", "Conversations, turns, files and consent."),
    ("account", "Signing in, sessions and API tokens."),
    ("build", "GPTs, their actions and connections."),
    ("admin", "Users, providers and settings of the installation."),
)

DESCRIPTION = (
    "Actionry gives any model any API. Chat with GPTs whose actions call real APIs, with consent. "
    "Sign in with a session cookie and X-CSRF-Token, or with an API token as a bearer token."
)


def document(app: FastAPI, public_url: str, section: Section | None = None) -> dict[str, Any]:
    """The whole document, or the operations of one section with the schemas that they use."""
    whole = app.openapi()
    if public_url and whole.get("servers") != [{"url": public_url}]:
        whole = {**whole, "servers": [{"url": public_url}]}
    return whole if section is None else _only(whole, section)


def build_document(app: FastAPI, public_url: str) -> dict[str, Any]:
    """What `app.openapi()` returns."""
    made = get_openapi(
        title="Actionry",
        version=__version__,
        description=DESCRIPTION,
        routes=app.routes,
        servers=[{"url": public_url or "http://127.0.0.1:8484"}],
        tags=[{"name": name, "description": text} for name, text in _TAGS],
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # the framework's own form, which is never sent
        schemas.pop(name, None)
    made["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "actionry"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    _finish(made)
    for path in made["paths"].values():
        for operation in path.values():
            _finish_operation(operation)
    return made


def _finish_operation(operation: dict[str, Any]) -> None:
    """Problems have a media type of their own; whoever is not told otherwise signs in."""
    operation.pop("summary", None)  # the name in other words
    for status, response in operation.get("responses", {}).items():
        content = response.get("content", {})
        if status.isdigit() and int(status) >= 400 and "application/json" in content:
            response["content"] = {"application/problem+json": content["application/json"]}
    if "422" in operation.get("responses", {}):
        content = operation["responses"]["422"].get("content", {})
        for media in content.values():
            if media.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
                media["schema"] = {"$ref": "#/components/schemas/Problem"}
    operation.setdefault("security", [{"session": []}, {"token": []}])


def _finish(node: Any) -> None:
    """Every object schema lists its properties, free-form ones none (GPT-OBJECT-NO-PROPERTIES)."""
    if isinstance(node, list):
        for item in node:
            _finish(item)
    elif isinstance(node, dict):
        if node.get("type") == "object" and "properties" not in node:
            node["properties"] = {}
        for value in node.values():
            _finish(value)


def _only(whole: dict[str, Any], section: str) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for path, item in whole["paths"].items():
        kept = {method: operation for method, operation in item.items() if section in operation.get("tags", ())}
        if kept:
            paths[path] = kept
    part = {**whole, "paths": copy.deepcopy(paths), "tags": [tag for tag in whole["tags"] if tag["name"] == section]}
    schemas = whole["components"]["schemas"]
    used = _used(paths, schemas)
    part["components"] = {
        **whole["components"],
        "schemas": {name: schema for name, schema in schemas.items() if name in used},
    }
    return part


def _used(node: Any, schemas: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, list):
            waiting.extend(current)
        elif isinstance(current, dict):
            name = str(current.get("$ref", "")).removeprefix("#/components/schemas/")
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting.extend(current.values())
    return found
