"""Writes web/src/lib/api-types.ts: the shapes of our own OpenAPI document as TypeScript types.

    python scripts/api_types.py            write the file
    python scripts/api_types.py --check    exit code 1 when the file is stale

Only what our own document holds is known here; a keyword that is not raises, so that no type is wrong in silence.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "web" / "src" / "lib" / "api-types.ts"
HEAD = "// Made by scripts/api_types.py from the server's OpenAPI document. Do not edit.\n"

Schema = dict[str, Any]


def typescript(document: dict[str, Any]) -> str:
    """The whole file, in the order of the names."""
    schemas = document["components"]["schemas"]
    sent = _sent(document)
    parts = [HEAD]
    for name in sorted(schemas):
        schema = schemas[name] if name in sent else _with_defaults(schemas[name])
        parts.append(_comment(schema, "") + f"export type {_name(name)} = {_type(schema, '', top=True)};\n")
    return "\n".join(parts)


def _sent(document: dict[str, Any]) -> set[str]:
    """Names of the shapes that clients send: what has a default may be left out of those."""
    waiting: list[Any] = [
        operation["requestBody"]
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict) and "requestBody" in operation
    ]
    found: set[str] = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found.add(name)
                waiting.append(document["components"]["schemas"][name])
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def _with_defaults(schema: Schema) -> Schema:
    """The server writes defaults out: all properties are there."""
    return {**schema, "required": list(schema["properties"])} if schema.get("properties") else schema


def _name(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _comment(schema: Schema, indent: str) -> str:
    text = " ".join(str(schema.get("description", "")).split()).replace("*/", "* /")
    return f"{indent}/** {text} */\n" if text else ""


def _type(schema: Any, indent: str, *, top: bool = False) -> str:
    if schema is True or schema == {}:
        return "unknown"
    assert isinstance(schema, dict), schema
    if "$ref" in schema:
        return _name(str(schema["$ref"]).rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    for key, sign in (("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")):
        if key in schema:
            found = dict.fromkeys(_type(each, indent) for each in schema[key])
            return sign.join(each if sign == " | " else f"({each})" for each in found)
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(_type({**schema, "type": each}, indent) for each in kind)
    match kind:
        case "string":
            return "string"
        case "integer" | "number":
            return "number"
        case "boolean":
            return "boolean"
        case "null":
            return "null"
        case "array":
            return _array(schema, indent)
        case "object":
            return _object(schema, indent)
        case None:
            return "unknown"
        case _:
            raise ValueError(f"unknown type {kind!r}" + (" at the top" if top else ""))


def _array(schema: Schema, indent: str) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(each, indent) for each in schema['prefixItems'])}]"
    inner = _type(schema.get("items", {}), indent)
    return f"({inner})[]" if re.search(r"[|&]", inner) else f"{inner}[]"


def _object(schema: Schema, indent: str) -> str:
    properties: dict[str, Schema] = schema.get("properties", {})
    if not properties:
        extra = schema.get("additionalProperties", True)
        return f"Record<string, {_type(extra if isinstance(extra, dict) else {}, indent)}>"
    required = set(schema.get("required", ()))
    inner = indent + "  "
    lines = []
    for name, value in properties.items():
        key = name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else json.dumps(name)
        sign = "" if name in required else "?"
        lines.append(f"{_comment(value, inner)}{inner}{key}{sign}: {_type(value, inner)};\n")
    return "{\n" + "".join(lines) + indent + "}"


def make() -> str:
    """From the server as it is."""
    from actionry.server.app import make_server
    from actionry.server.settings import read_settings

    return typescript(make_server(read_settings({})).api.openapi())


def main(arguments: list[str]) -> int:
    made = make()
    if "--check" in arguments:
        return 0 if TARGET.exists() and TARGET.read_text("utf-8") == made else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
