"""What an operation answers, as far as the document says. Advisory: answers need not fit (contradiction 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from actionry.findings import escape_token
from actionry.openapi.model import Operation, Schema


def read_success_schema(operation: Operation) -> Schema | None:
    """The schema of the first successful answer with content, references as `#/$defs/…` of `operation.answers`."""
    responses = operation.raw.get("responses")
    if not isinstance(responses, dict):
        return None
    ranked = sorted((status for status in responses if _is_success(status)), key=_success_rank)
    for status in ranked:
        for raw, pointer in response_schemas(operation, status):
            return operation.answers.read(raw, pointer)
    return None


def response_schemas(operation: Operation, status: str) -> Iterator[tuple[Any, str]]:
    """(schema as written, pointer) of one response's contents; Swagger 2.0's `schema` stands in the response itself."""
    references = operation.answers.references
    place = f"{operation.pointer}/responses/{escape_token(status)}"
    response = references.follow(operation.raw["responses"][status], place)
    if response is None or not isinstance(response.node, dict):
        return
    if "schema" in response.node:
        yield response.node["schema"], f"{response.pointer}/schema"
    content = response.node.get("content")
    for media_type, media in content.items() if isinstance(content, dict) else ():
        found = references.follow(media, f"{response.pointer}/content/{escape_token(media_type)}")
        if found is None or not isinstance(found.node, dict):
            continue
        if "schema" in found.node:
            yield found.node["schema"], f"{found.pointer}/schema"
        elif "itemSchema" in found.node:  # 3.2: a stream of items
            yield found.node["itemSchema"], f"{found.pointer}/itemSchema"


def _is_success(status: str) -> bool:
    return status.startswith("2") or status == "default"


def _success_rank(status: str) -> tuple[bool, str]:
    return status == "default", status
