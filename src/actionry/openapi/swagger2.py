"""Swagger 2.0's objects in OpenAPI 3's words, one object at a time and without copying schemas.

The reader uses these as it meets each object (so positions stay those of the source); `upgrade` uses the same
functions to write a whole 3.1 document. Swagger 2.0 specification; OpenAPI 3.0.4, appendix on versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_PARAMETER_KEYS = frozenset(
    {
        "name",
        "in",
        "description",
        "required",
        "allowEmptyValue",
        "collectionFormat",
        "schema",
        "deprecated",
        "x-example",
        "$ref",
    }
)
"""Keys of a Swagger 2.0 parameter that are not part of its schema."""

COLLECTION_FORMATS: dict[str, tuple[str | None, bool]] = {
    "csv": (None, False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
"""collectionFormat -> (style, explode); None is the location's default style."""

_OAUTH_FLOWS = {
    "implicit": "implicit",
    "password": "password",
    "application": "clientCredentials",
    "accessCode": "authorizationCode",
}

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def servers(root: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`schemes` × `host` + `basePath` -> Server Objects; https first, relative when there is no host."""
    base_path = root.get("basePath") if isinstance(root.get("basePath"), str) else ""
    base_path = "" if base_path == "/" else f"/{base_path.strip('/')}" if base_path else ""
    host = root.get("host")
    if not isinstance(host, str) or not host.strip():
        return [{"url": base_path or "/"}] if base_path else []
    host = host.strip().rstrip("/")
    if "://" in host:  # a scheme does not belong here, but its meaning is plain
        return [{"url": host + base_path}]
    declared = root.get("schemes")
    schemes = [scheme for scheme in declared if scheme in ("http", "https")] if isinstance(declared, list) else []
    ordered = sorted(dict.fromkeys(schemes), key=("https", "http").index) or [_usual_scheme(host)]
    return [{"url": f"{scheme}://{host}{base_path}"} for scheme in ordered]


def _usual_scheme(host: str) -> str:
    name = host.partition(":")[0].lower()
    return "http" if name in ("localhost", "127.0.0.1", "0.0.0.0") else "https"  # noqa: S104  # compared, not bound


def parameter(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A non-body parameter -> Parameter Object with `schema`, `style` and `explode`."""
    if "schema" in raw and "type" not in raw:  # 3.x form inside a 2.0 document
        return dict(raw)
    result = {
        key: raw[key]
        for key in ("name", "in", "description", "required", "allowEmptyValue", "deprecated")
        if key in raw
    }
    result["schema"] = item_schema(raw)
    if raw.get("type") == "array":
        style, explode = COLLECTION_FORMATS.get(str(raw.get("collectionFormat", "csv")), (None, False))
        result["explode"] = explode
        if style is not None:
            result["style"] = style
    if "x-example" in raw:
        result["example"] = raw["x-example"]
    return result


def item_schema(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The schema part of a parameter, header or items object; `type: file` is a binary string in OpenAPI 3."""
    schema = {key: value for key, value in raw.items() if key not in _PARAMETER_KEYS}
    if schema.get("type") == "file":
        schema |= {"type": "string", "format": "binary"}
    return schema


def request_body(parameters: Iterable[Mapping[str, Any]], consumes: list[str]) -> dict[str, Any] | None:
    """`in: body` or the `in: formData` parameters -> Request Body Object; None when there are neither."""
    form: list[Mapping[str, Any]] = []
    for raw in parameters:
        if raw.get("in") == "body":
            types = [kind for kind in consumes if kind not in (FORM, MULTIPART)] or consumes or ["application/json"]
            body: dict[str, Any] = {"content": {kind: {"schema": raw.get("schema", True)} for kind in types}}
            return body | {key: raw[key] for key in ("description", "required") if key in raw}
        if raw.get("in") == "formData":
            form.append(raw)
    return _form_body(form, consumes) if form else None


def _form_body(fields: list[Mapping[str, Any]], consumes: list[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    encoding: dict[str, Any] = {}
    required: list[str] = []
    for raw in fields:
        name = str(raw.get("name"))
        properties[name] = item_schema(raw) | ({"description": raw["description"]} if "description" in raw else {})
        if raw.get("required") is True:
            required.append(name)
        if raw.get("type") == "array":
            style, explode = COLLECTION_FORMATS.get(str(raw.get("collectionFormat", "csv")), (None, False))
            encoding[name] = {"style": style or "form", "explode": explode}
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    has_file = any(raw.get("type") == "file" for raw in fields)
    kinds = [MULTIPART] if has_file else [kind for kind in consumes if kind in (FORM, MULTIPART)] or [FORM]
    media: dict[str, Any] = {"schema": schema} | ({"encoding": encoding} if encoding else {})
    return {"content": dict.fromkeys(kinds, media), "required": bool(required)}


def security_scheme(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`basic`, `apiKey` or `oauth2` -> Security Scheme Object."""
    kind = raw.get("type")
    if kind == "basic":
        return {"type": "http", "scheme": "basic"} | (
            {"description": raw["description"]} if "description" in raw else {}
        )
    if kind != "oauth2" or "flows" in raw:
        return dict(raw)
    flow = {key: raw[key] for key in ("authorizationUrl", "tokenUrl") if key in raw}
    flow["scopes"] = raw.get("scopes") or {}
    result = {key: value for key, value in raw.items() if key in ("type", "description")}
    result["flows"] = {_OAUTH_FLOWS.get(str(raw.get("flow")), "authorizationCode"): flow}
    return result
