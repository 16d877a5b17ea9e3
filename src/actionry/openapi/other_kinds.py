"""What else people hand in for an OpenAPI document, told by the keys that give it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class OtherKind:
    name: str
    """Continues the sentence "This is …"."""
    is_it: Callable[[Mapping[str, Any]], bool]
    mend: str = ""
    code: str = "DOC-OTHER-KIND"


def at(root: Any, *keys: str) -> Any:
    """The value below those keys; None when there is none."""
    for key in keys:
        root = root.get(key) if isinstance(root, Mapping) else None
    return root


def is_schema(root: Mapping[str, Any]) -> bool:
    marks = {"$defs", "definitions", "properties", "allOf", "anyOf", "oneOf", "items", "enum", "$ref"} & root.keys()
    return "json-schema.org" in str(root.get("$schema", "")) or (bool(marks) and "paths" not in root)


def is_error_answer(root: Mapping[str, Any]) -> bool:
    marks = {"error", "errors", "detail", "message", "code", "status", "statusCode", "status_code", "success"}
    return len(root) <= 6 and bool({"error", "errors", "detail", "message"} & root.keys() & marks)


OTHER_KINDS: tuple[OtherKind, ...] = (
    OtherKind(
        "a plugin manifest, not an OpenAPI document",
        lambda root: "schema_version" in root and "api" in root,
        "Its api.url names the document; give that, or read this with read_manifest.",
        code="DOC-IS-MANIFEST",
    ),
    OtherKind(
        "a plugin manifest (ai-plugin.json), not an OpenAPI document",
        lambda root: (
            "name_for_model" in root or "name_for_human" in root or ("schema_version" in root and "runtimes" in root)
        ),
        "Its api.url, or the spec of its runtimes, names the document.",
        code="DOC-IS-MANIFEST",
    ),
    OtherKind(
        "a Postman collection, not an OpenAPI document",
        lambda root: (
            "_postman_id" in (root.get("info") or {})
            or "getpostman.com" in str(at(root, "info", "schema"))
            or (isinstance(root.get("item"), list) and "info" in root)
            or isinstance(at(root, "collection", "item"), list)
        ),
        "Export the API as OpenAPI 3 from Postman, or convert the collection (e.g. postman-to-openapi).",
    ),
    OtherKind(
        "an AsyncAPI document, which describes messages and not HTTP operations", lambda root: "asyncapi" in root
    ),
    OtherKind(
        "an Arazzo document (a workflow); its sourceDescriptions name the document", lambda root: "arazzo" in root
    ),
    OtherKind("an OpenAPI Overlay; it changes a document and is none itself", lambda root: "overlay" in root),
    OtherKind(
        "a Swagger 1.x document",
        lambda root: "swaggerVersion" in root,
        "Convert it to OpenAPI 3.",
    ),
    OtherKind(
        "a Google API discovery document",
        lambda root: str(root.get("kind", "")).startswith("discovery#") or "discoveryVersion" in root,
        "Convert it to OpenAPI 3.",
    ),
    OtherKind("a GraphQL schema", lambda root: "__schema" in root or at(root, "data", "__schema") is not None),
    OtherKind("an HTTP archive (HAR)", lambda root: isinstance(at(root, "log", "entries"), list)),
    OtherKind("an Insomnia export", lambda root: root.get("_type") == "export" and "resources" in root),
    OtherKind("a RAML document", lambda root: "baseUri" in root and any(str(key).startswith("/") for key in root)),
    OtherKind("an MCP client's configuration", lambda root: "mcpServers" in root),
    OtherKind("a Kubernetes resource", lambda root: "apiVersion" in root and "kind" in root),
    OtherKind(
        "a JSON Feed or a web app manifest", lambda root: "start_url" in root or "jsonfeed" in str(root.get("version"))
    ),
    OtherKind(
        "a package description (package.json)",
        lambda root: "name" in root and bool({"dependencies", "devDependencies", "scripts"} & root.keys()),
    ),
    OtherKind(
        "a JSON Schema alone, not an OpenAPI document",
        is_schema,
        "Describe the operations that use it: openapi, info, paths.",
    ),
    OtherKind(
        "an error answer of a server, not an OpenAPI document",
        is_error_answer,
        "Check the address, and whether it wants a sign-in.",
    ),
)
"""In this order; the first that fits is named."""
