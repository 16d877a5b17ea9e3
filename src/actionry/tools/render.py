"""Functions in the forms that model providers, MCP and people read.

`typescript` is the compact view that the original hosts put before the model (CANON PR-02): a namespace, and per
operation its description followed by one type.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, assert_never, overload

from actionry.tools.definitions import DEFS, encode
from actionry.tools.function_schema import Function
from actionry.tools.plain_text import clip, tidy
from actionry.tools.tokens import count_tokens

Kind = Literal["openai", "anthropic", "mcp", "typescript"]
OPENAI_DESCRIPTION = 1024
"""Characters that OpenAI's API takes as a function's description."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
"""RFC 9110 section 9.2.1, and QUERY."""
IDEMPOTENT_METHODS = SAFE_METHODS | {"PUT", "DELETE"}
"""RFC 9110 section 9.2.2."""


@overload
def render(functions: Iterable[Function], kind: Literal["openai", "anthropic", "mcp"]) -> list[dict[str, Any]]: ...
@overload
def render(
    functions: Iterable[Function], kind: Literal["typescript"], *, namespace: str = ..., about: str = ...
) -> str: ...
@overload
def render(
    functions: Iterable[Function], kind: Kind, *, namespace: str = ..., about: str = ...
) -> list[dict[str, Any]] | str: ...
def render(
    functions: Iterable[Function], kind: Kind, *, namespace: str = "api", about: str = ""
) -> list[dict[str, Any]] | str:
    """The functions as tools of a provider, or as text; `namespace` and `about` are the text's heading.

    The dictionaries share their schemas with the functions: copy before you change one.
    """
    match kind:
        case "openai":
            return [openai_tool(function) for function in functions]
        case "anthropic":
            return [anthropic_tool(function) for function in functions]
        case "mcp":
            return [mcp_tool(function) for function in functions]
        case "typescript":
            return typescript(functions, namespace=namespace, about=about)
        case _:
            assert_never(kind)


def openai_tool(function: Function) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": function.name,
            "description": clip(function.description, OPENAI_DESCRIPTION),
            "parameters": function.parameters,
        },
    }


def anthropic_tool(function: Function) -> dict[str, Any]:
    return {"name": function.name, "description": function.description, "input_schema": function.parameters}


def mcp_tool(function: Function) -> dict[str, Any]:
    tool: dict[str, Any] = {"name": function.name}
    title = tidy(function.summary)
    if title:
        tool["title"] = title
    tool["description"] = function.description
    tool["inputSchema"] = function.parameters
    tool["annotations"] = mcp_annotations(function)
    return tool


def mcp_annotations(function: Function) -> dict[str, bool]:
    """Hints by HTTP method; the document's word on consequences counts where the method leaves it open."""
    reads_only = function.method in SAFE_METHODS and not function.consequential
    return {
        "readOnlyHint": reads_only,
        "destructiveHint": not reads_only and (function.consequential or function.method in ("DELETE", "PUT", "PATCH")),
        "idempotentHint": function.method in IDEMPOTENT_METHODS,
        "openWorldHint": True,
    }


# ------------------------------------------------------------------ TypeScript-like

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_DEEPEST = 8
_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def typescript(functions: Iterable[Function], *, namespace: str = "api", about: str = "") -> str:
    """All functions as one namespace.

    ```
    namespace todo {

    // Add a todo
    type addTodo = (_: {
    // What to do
    body: { todo: string },
    }) => any;

    } // namespace todo
    ```
    """
    name = re.sub(r"\W+", "_", namespace, flags=re.ASCII).strip("_") or "api"
    heading = _comment(tidy(about))
    types = "\n\n".join(typescript_type(function) for function in functions)
    return f"{heading}namespace {name} {{\n\n{types}\n\n}} // namespace {name}"


def typescript_type(function: Function) -> str:
    """One operation: description (else summary) before the type; definitions are written where they are used."""
    operation = function.operation
    description = tidy(operation.description) or function.description
    if operation.deprecated and not description.startswith("Deprecated"):
        description = f"Deprecated. {description}"
    name = function.name if _IDENTIFIER.fullmatch(function.name) else re.sub(r"\W", "_", f"_{function.name}")
    heading = _comment(clip(description, function.limits.operation_description))
    for depth in range(_DEEPEST, 0, -1):
        text = _Types(function.parameters, depth).arguments()
        if len(text) <= function.limits.function_bytes:
            break
    return f"{heading}type {name} = ({text}) => any;"


def _comment(text: str) -> str:
    return "".join(f"// {line}".rstrip() + "\n" for line in text.splitlines()) if text else ""


class _Types:
    def __init__(self, root: dict[str, Any], deepest: int) -> None:
        self.root = root
        self.deepest = deepest
        self.definitions: dict[str, Any] = root.get("$defs", {})

    def arguments(self) -> str:
        if not self.root.get("properties"):
            return ""
        return f"_: {self._object(self.root, 0, ())}"

    def type_of(self, schema: Any, depth: int, seen: tuple[str, ...]) -> str:
        if not isinstance(schema, dict):
            return "never" if schema is False else "any"
        if "$ref" in schema:
            name = schema["$ref"][len(DEFS) :]
            if name in seen:
                return f"any /* {name} */"
            return self.type_of(self.definitions.get(name, True), depth, (*seen, name))
        if "const" in schema:
            return _literal(schema["const"])
        if "enum" in schema:
            return " | ".join(dict.fromkeys(_literal(value) for value in schema["enum"])) or "never"
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return " | ".join(dict.fromkeys(self._part(branch, depth, seen) for branch in schema[key]))
        if "allOf" in schema:
            parts = [self._part(branch, depth, seen) for branch in schema["allOf"]]
            own = {key: value for key, value in schema.items() if key not in ("allOf", "description")}
            if own.get("properties"):
                parts.append(self._part(own, depth, seen))
            return " & ".join(dict.fromkeys(parts))
        kinds = schema.get("type", "object" if "properties" in schema else None)
        if isinstance(kinds, list):
            return " | ".join(self._of_kind(kind, schema, depth, seen) for kind in kinds)
        return self._of_kind(kinds, schema, depth, seen)

    def _part(self, schema: Any, depth: int, seen: tuple[str, ...]) -> str:
        text = self.type_of(schema, depth, seen)
        return f"({text})" if " | " in text and not text.endswith("}") else text

    def _of_kind(self, kind: Any, schema: dict[str, Any], depth: int, seen: tuple[str, ...]) -> str:
        if kind == "array":
            if depth >= self.deepest:
                return "any[]"
            return f"{self._part(schema.get('items', True), depth + 1, seen)}[]"
        if kind == "object":
            return self._object(schema, depth, seen)
        return _SCALARS.get(kind, "any")

    def _object(self, schema: dict[str, Any], depth: int, seen: tuple[str, ...]) -> str:
        properties = schema.get("properties", {})
        additional = schema.get("additionalProperties")
        if depth >= self.deepest:
            return "object"
        lines: list[str] = []
        required = set(schema.get("required", ()))
        for name, child in properties.items():
            lines.append(self._property(name, child, name in required, depth, seen))
        if isinstance(additional, dict):
            lines.append(f"[key: string]: {self.type_of(additional, depth + 1, seen)},\n")
        if not lines:
            return "object"
        return "{\n" + "".join(lines) + "}"

    def _property(self, name: str, child: Any, required: bool, depth: int, seen: tuple[str, ...]) -> str:
        described = child if isinstance(child, dict) else {}
        comment = _comment(tidy(str(described.get("description", ""))))
        shown = name if _IDENTIFIER.fullmatch(name) else _literal(name)
        default = f" // default: {_literal(described['default'])}" if "default" in described else ""
        return f"{comment}{shown}{'' if required else '?'}: {self.type_of(child, depth + 1, seen)},{default}\n"


def _literal(value: Any) -> str:
    return encode(value).decode("utf-8", "replace")


__all__ = [
    "Kind",
    "anthropic_tool",
    "count_tokens",
    "mcp_annotations",
    "mcp_tool",
    "openai_tool",
    "render",
    "typescript",
    "typescript_type",
]
