"""A document's operations, with everything inherited filled in and the versions' differences gone.

A defect costs at most its own part: what cannot be read is left out and reported, the rest is kept.
OpenAPI 3.1.1 and 3.2.0, Path Item / Operation / Parameter / Request Body Object; Swagger 2.0 through `swagger2`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from actionry.errors import DocumentError
from actionry.findings import escape_token
from actionry.limits import READ_LIMITS, ReadLimits
from actionry.openapi import keywords, swagger2
from actionry.openapi.codes import make_finding
from actionry.openapi.document import Document
from actionry.openapi.model import (
    Encoding,
    Location,
    MediaType,
    Operation,
    Parameter,
    RequestBody,
    SecurityScheme,
    Server,
    Style,
)
from actionry.openapi.references import References
from actionry.openapi.schemas import Schemas
from actionry.openapi.security import SecurityReader
from actionry.openapi.servers import ServerReader

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
"""OpenAPI 3.2.0, Path Item Object; `query` is new there."""

_PATH_ITEM_KEYS = frozenset({"$ref", "summary", "description", "servers", "parameters", "additionalOperations"})

STYLES: dict[Location, tuple[Style, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "tabDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form", "cookie"),
    "querystring": ("form",),
}
"""OpenAPI 3.2.0, Style Values; the first is the location's default. `tabDelimited` is Swagger 2.0's `tsv`."""

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_COLON_VARIABLE = re.compile(r"(?<=/):([A-Za-z_][A-Za-z0-9_]*)")


def read_operations(
    document: Document, *, base_url: str | None = None, limits: ReadLimits = READ_LIMITS
) -> list[Operation]:
    """Every operation in document order; what was left out or mended is added to `document.findings`.

    base_url: used instead of the document's servers when given; relative servers are resolved against it.
    """
    return OperationReader(document, base_url=base_url, limits=limits).read()


class OperationReader:
    def __init__(self, document: Document, *, base_url: str | None = None, limits: ReadLimits = READ_LIMITS) -> None:
        self._document = document
        self._limits = limits
        self._is_swagger = document.family == "2.0"
        self._reported: set[tuple[str, str]] = {(finding.code, finding.pointer) for finding in document.findings}
        self._shared: dict[str, Parameter | None] = {}
        self.references = References(document.root, self._report_reference, limits=limits)
        self.schemas = Schemas(self.references, self.report)
        self.answers = Schemas(self.references, self.report, direction="response")
        self._servers = ServerReader(document, base_url, self.report)
        self._security = SecurityReader(document, self.references, self.report)

    def report(self, code: str, pointer: str, message: str = "") -> None:
        if (code, pointer) not in self._reported:
            self._reported.add((code, pointer))
            self._document.findings.append(make_finding(code, pointer, message, locate=self._document.locate))

    def _report_reference(self, code: str, pointer: str, reference: str) -> None:
        messages = {
            "REF-MISSING": f"`{reference}` points to nothing in this document.",
            "REF-EXTERNAL": f"`{reference}` points outside this document; it is not fetched.",
            "REF-MISSPELLED": f"`{reference}` does not exist; the definition of that name is used.",
            "REF-NOT-TEXT": f"`$ref: {reference}` is not text.",
        }
        self.report(code, pointer, messages.get(code, ""))

    def security_schemes(self) -> dict[str, SecurityScheme]:
        """Every scheme that the document defines, by name, used or not."""
        return self._security.schemes()

    # ------------------------------------------------------------------- paths

    def read(self) -> list[Operation]:
        if "paths" not in self._document.root:
            self.report("PATHS-MISSING", "")
            return []
        paths = self._document.root["paths"]
        if not isinstance(paths, dict):
            kind = "empty" if paths in (None, "") else f"a {'list' if isinstance(paths, list) else 'single value'}"
            self.report("PATHS-NOT-OBJECT", "/paths", f"`paths` is {kind}, not a mapping.")
            return []
        if self._is_swagger:
            self.report("SWAGGER-2", "/swagger")
        operations: list[Operation] = []
        for path, item in paths.items():
            if path.startswith("x-"):
                continue
            operations.extend(self._read_path_item(path, item, f"/paths/{escape_token(path)}"))
            if len(operations) > self._limits.operations:
                raise DocumentError(
                    f"The document has more than {self._limits.operations} operations.",
                    mend="Split it, or raise the limit `operations`.",
                    code="DOC-OPERATIONS",
                    pointer="/paths",
                )
        return operations

    def _read_path_item(self, path: str, raw: Any, pointer: str) -> Iterator[Operation]:
        item = self._follow_path_item(raw, pointer)
        if item is None:
            return
        if not path.startswith("/"):
            self.report("PATH-NO-SLASH", pointer, f"The path `{path}` does not start with `/`.")
            path = f"/{path}"
        inherited = self._read_parameters(item.get("parameters"), f"{pointer}/parameters")
        servers = self._servers.read(item.get("servers"), f"{pointer}/servers")
        for method, operation_raw, place in self._methods(item, pointer):
            if not isinstance(operation_raw, dict):
                self.report("OPERATION-NOT-OBJECT", place)
                continue
            yield self._read_operation(method, path, item, operation_raw, place, inherited, servers)

    def _follow_path_item(self, raw: Any, pointer: str) -> dict[str, Any] | None:
        if raw is None:
            return None
        if not isinstance(raw, dict):
            self.report("PATH-ITEM-NOT-OBJECT", pointer)
            return None
        if "$ref" not in raw:
            return raw
        target = self.references.follow(raw, pointer)
        siblings = {key: value for key, value in raw.items() if key != "$ref"}
        if target is None or not isinstance(target.node, dict):
            return siblings
        return {**target.node, **siblings}

    def _methods(self, item: Mapping[str, Any], pointer: str) -> Iterator[tuple[str, Any, str]]:
        """(upper-case method, Operation Object, pointer) in document order."""
        for key, value in item.items():
            if key in METHODS:
                yield key.upper(), value, f"{pointer}/{key}"
            elif key == "additionalOperations" and isinstance(value, dict):  # 3.2: the method as it is sent
                for method, operation in value.items():
                    yield method, operation, f"{pointer}/additionalOperations/{escape_token(method)}"
            elif key in _PATH_ITEM_KEYS or key.startswith("x-"):
                continue
            elif key.lower() in METHODS and isinstance(value, dict):
                self.report("METHOD-CASE", f"{pointer}/{escape_token(key)}", f"The method is written `{key}`.")
                yield key.upper(), value, f"{pointer}/{escape_token(key)}"
            else:
                self.report("PATH-ITEM-KEY", f"{pointer}/{escape_token(key)}", f"`{key}` is no method.")

    # --------------------------------------------------------------- operations

    def _read_operation(
        self,
        method: str,
        path: str,
        item: Mapping[str, Any],
        raw: dict[str, Any],
        pointer: str,
        inherited: list[Parameter],
        path_servers: tuple[Server, ...],
    ) -> Operation:
        own = self._read_parameters(raw.get("parameters"), f"{pointer}/parameters")
        merged = {(parameter.location, parameter.name): parameter for parameter in [*inherited, *own]}
        path, parameters = self._fit_path(path, list(merged.values()), pointer)
        return Operation(
            method=method,
            path=path,
            operation_id=self._read_operation_id(raw, pointer),
            summary=_text(raw.get("summary")) or _text(item.get("summary")),
            description=_text(raw.get("description")) or _text(item.get("description")),
            tags=tuple(tag for tag in raw["tags"] if isinstance(tag, str)) if isinstance(raw.get("tags"), list) else (),
            deprecated=raw.get("deprecated") is True,
            parameters=parameters,
            request_body=self._read_request_body(item, raw, pointer),
            servers=self._servers.read(raw.get("servers"), f"{pointer}/servers")
            or path_servers
            or self._servers.default(),
            security=self._security.requirements(raw, pointer),
            consequential=self._read_consequential(method, raw, pointer),
            pointer=pointer,
            schemas=self.schemas,
            answers=self.answers,
            raw=raw,
        )

    def _read_operation_id(self, raw: Mapping[str, Any], pointer: str) -> str | None:
        declared = raw.get("operationId")
        if declared is None or isinstance(declared, str):
            return declared.strip() or None if declared else None
        self.report("OPID-NOT-TEXT", f"{pointer}/operationId", f"`operationId: {declared}` is not text.")
        return str(declared) if isinstance(declared, int | float) else None

    def _read_consequential(self, method: str, raw: Mapping[str, Any], pointer: str) -> bool:
        declared = raw.get("x-openai-isConsequential")
        if isinstance(declared, str) and declared.strip().lower() in ("true", "false"):
            declared = declared.strip().lower() == "true"
        if isinstance(declared, bool):
            return declared
        if declared is not None:
            self.report("CONSEQUENTIAL-NOT-BOOL", f"{pointer}/x-openai-isConsequential")
        # Undeclared: every method but GET is consequential ("Actions in GPTs", Consequential flag).
        # A forgotten flag may cost one question, never an unwanted order.
        return method != "GET"

    # --------------------------------------------------------------- parameters

    def _read_parameters(self, raw: Any, pointer: str) -> list[Parameter]:
        if raw is None:
            return []
        if isinstance(raw, dict):
            self.report("PARAMETERS-NOT-LIST", pointer)
            raw = (
                [raw]
                if "name" in raw or "$ref" in raw
                else [{"name": name, **value} for name, value in raw.items() if isinstance(value, dict)]
            )
        if not isinstance(raw, list):
            self.report("PARAMETERS-NOT-LIST", pointer)
            return []
        found: dict[tuple[str, str], Parameter] = {}
        for index, item in enumerate(raw):
            place = f"{pointer}/{index}"
            parameter = self._read_parameter_or_reference(item, place)
            if parameter is not None:
                key = (parameter.location, parameter.name)
                if key in found:
                    self.report(
                        "PARAMETER-DUPLICATE",
                        place,
                        f"`{parameter.name}` is declared twice in {parameter.location}.",
                    )
                found[key] = parameter
        return list(found.values())

    def _read_parameter_or_reference(self, raw: Any, pointer: str) -> Parameter | None:
        target = self.references.follow(raw, pointer)
        if target is None:
            return None
        if target.pointer == pointer:
            return self._read_parameter(raw, pointer)
        if target.pointer not in self._shared:
            self._shared[target.pointer] = self._read_parameter(target.node, target.pointer)
        return self._shared[target.pointer]

    def _read_parameter(self, raw: Any, pointer: str) -> Parameter | None:
        if not isinstance(raw, dict):
            self.report("PARAMETER-NOT-OBJECT", pointer)
            return None
        location = raw.get("in")
        if location in ("body", "formData"):
            if not self._is_swagger:
                self.report("PARAMETER-IN-BODY", f"{pointer}/in")
            return None  # `_read_request_body` takes it
        name = self._read_parameter_name(raw, pointer)
        if name is None:
            return None
        if self._is_swagger:
            raw = swagger2.parameter(raw)
        place = self._read_location(raw, name, pointer)
        style, explode = self._read_style(raw, place, pointer)
        media_type, schema_raw, schema_pointer = self._find_parameter_schema(raw, pointer)
        is_path = place == "path"
        if is_path and raw.get("required") is not True:
            self.report(
                "PATH-PARAMETER-NOT-REQUIRED",
                pointer,
                f"The path parameter `{name}` is not marked as required.",
            )
        return Parameter(
            name=name,
            location=place,
            required=is_path or raw.get("required") in (True, "true"),
            style=style,
            explode=explode,
            allow_reserved=raw.get("allowReserved") is True,
            allow_empty_value=raw.get("allowEmptyValue") is True,
            media_type=media_type,
            schema=self.schemas.read(schema_raw, schema_pointer),
            description=_text(raw.get("description")),
            deprecated=raw.get("deprecated") is True,
            pointer=pointer,
            example=_first_example(raw),
        )

    def _read_parameter_name(self, raw: Mapping[str, Any], pointer: str) -> str | None:
        name = raw.get("name")
        if isinstance(name, str) and name.strip():
            return name
        if isinstance(name, bool | int | float):
            self.report("PARAMETER-NAME-NOT-TEXT", f"{pointer}/name", f"`name: {name}` is not text.")
            return str(name).lower() if isinstance(name, bool) else str(name)
        if raw.get("in") == "querystring":
            return "querystring"
        self.report("PARAMETER-NO-NAME", pointer)
        return None

    def _read_location(self, raw: Mapping[str, Any], name: str, pointer: str) -> Location:
        declared = raw.get("in")
        for location in get_args(Location):
            if declared == location:
                return location  # type: ignore[no-any-return]  # get_args gives Any
        meant = declared.strip().lower() if isinstance(declared, str) else ""
        for location in get_args(Location):
            if meant in (location, f"{location}s", f"{location}param", f"{location}_param"):
                self.report("PARAMETER-IN", f"{pointer}/in", f"`in: {declared}` is read as `{location}`.")
                return location  # type: ignore[no-any-return]  # get_args gives Any
        place: Location = "path" if f"{{{name}}}" in _path_of(pointer) else "query"
        self.report("PARAMETER-IN", pointer, f"`in: {declared}` of `{name}` is unknown; it is read as `{place}`.")
        return place

    def _read_style(self, raw: Mapping[str, Any], location: Location, pointer: str) -> tuple[Style, bool]:
        allowed = STYLES[location]
        style = allowed[0]
        declared = raw.get("style")
        if declared is not None:
            # Swagger 2.0 has its delimiters (ssv, tsv, pipes) in paths and headers too.
            if declared in allowed or (self._is_swagger and declared in STYLES["query"]):
                style = declared
            else:
                self.report(
                    "PARAMETER-STYLE",
                    f"{pointer}/style",
                    f"`style: {declared}` does not exist in {location}.",
                )
        explode = raw.get("explode")
        return style, explode if isinstance(explode, bool) else style in ("form", "cookie")

    def _find_parameter_schema(self, raw: Mapping[str, Any], pointer: str) -> tuple[str | None, Any, str]:
        """(media type or None, schema as written, its pointer)."""
        content = raw.get("content")
        if isinstance(content, dict) and content:
            media_type, media = next(iter(content.items()))
            place = f"{pointer}/content/{escape_token(media_type)}"
            target = self.references.follow(media, place)
            if target is not None and isinstance(target.node, dict):
                return media_type, target.node.get("schema", True), f"{target.pointer}/schema"
            return media_type, True, place
        if "schema" in raw:
            schema = raw["schema"]
            if not self._is_swagger or "type" not in raw:
                return (
                    None,
                    True if schema is None else schema,
                    f"{pointer}/{'schema' if not self._is_swagger else ''}".rstrip("/"),
                )
            return None, schema, pointer
        beside = swagger2.item_schema(raw)
        beside = {key: value for key, value in beside.items() if key in keywords.MISPLACED}
        self.report("PARAMETER-NO-SCHEMA", pointer, f"The parameter `{raw.get('name')}` has no `schema`.")
        return None, beside or {"type": "string"}, pointer

    def _fit_path(self, path: str, parameters: list[Parameter], pointer: str) -> tuple[str, tuple[Parameter, ...]]:
        """Make template variables and path parameters agree; both sides are mended by what is plainly meant."""
        declared = {parameter.name for parameter in parameters if parameter.location == "path"}
        if declared and "{" not in path:
            path = _COLON_VARIABLE.sub(lambda match: f"{{{match[1]}}}" if match[1] in declared else match[0], path)
        variables = list(dict.fromkeys(_VARIABLE.findall(path)))
        if declared == set(variables):
            return path, tuple(parameters)
        for variable in variables:
            if variable in declared:
                continue
            match = _same_name(variable, declared - set(variables))
            if match is not None:
                self.report("PATH-VARIABLE-SPELLING", pointer, f"`{{{variable}}}` in the path is taken for `{match}`.")
                path = path.replace(f"{{{variable}}}", f"{{{match}}}")
                continue
            self.report("PATH-VARIABLE-UNDECLARED", pointer, f"The path variable `{{{variable}}}` has no parameter.")
            parameters.append(
                Parameter(
                    name=variable,
                    location="path",
                    required=True,
                    style="simple",
                    schema={"type": "string"},
                    pointer=pointer,
                )
            )
        kept: list[Parameter] = []
        names = set(_VARIABLE.findall(path))
        for parameter in parameters:
            if parameter.location == "path" and parameter.name not in names:
                self.report(
                    "PATH-PARAMETER-UNUSED",
                    parameter.pointer,
                    f"`{parameter.name}` does not occur in `{path}`.",
                )
            else:
                kept.append(parameter)
        return path, tuple(kept)

    # ------------------------------------------------------------- request body

    def _read_request_body(self, item: Mapping[str, Any], raw: Mapping[str, Any], pointer: str) -> RequestBody | None:
        if "requestBody" in raw and raw["requestBody"] is not None:
            target = self.references.follow(raw["requestBody"], f"{pointer}/requestBody")
            return None if target is None else self._read_body_object(target.node, target.pointer)
        return self._read_body_parameters(item, raw, pointer)

    def _read_body_parameters(
        self, item: Mapping[str, Any], raw: Mapping[str, Any], pointer: str
    ) -> RequestBody | None:
        """Swagger 2.0's `in: body` and `in: formData`, own ones over the path item's."""
        place = f"{pointer}/parameters"
        found: list[Mapping[str, Any]] = []
        names: set[Any] = set()
        for source, base in (
            (raw.get("parameters"), place),
            (item.get("parameters"), f"{pointer.rpartition('/')[0]}/parameters"),
        ):
            for index, entry in enumerate(source if isinstance(source, list) else ()):
                target = self.references.follow(entry, f"{base}/{index}") if isinstance(entry, dict) else None
                if (
                    target is None
                    or not isinstance(target.node, dict)
                    or target.node.get("in") not in ("body", "formData")
                ):
                    continue
                if target.node.get("name") not in names:
                    names.add(target.node.get("name"))
                    found.append(target.node)
                    place = target.pointer if target.node.get("in") == "body" else place
        if not found:
            return None
        consumes = raw.get("consumes", self._document.root.get("consumes"))
        types = [kind for kind in consumes if isinstance(kind, str)] if isinstance(consumes, list) else []
        body = swagger2.request_body(found, types)
        return None if body is None else self._read_body_object(body, place, is_converted=True)

    def _read_body_object(self, raw: Any, pointer: str, *, is_converted: bool = False) -> RequestBody | None:
        if not isinstance(raw, dict):
            self.report("BODY-NOT-OBJECT", pointer)
            return None
        content = raw.get("content")
        if not isinstance(content, dict) or not content:
            self.report("BODY-NO-CONTENT", pointer)
            if not isinstance(raw.get("schema"), dict):
                return None
            content = {"application/json": {"schema": raw["schema"]}}
            is_converted = True
        alternatives: dict[str, MediaType] = {}
        for media_type, media in content.items():
            place = pointer if is_converted else f"{pointer}/content/{escape_token(media_type)}"
            alternatives[media_type] = self._read_media_type(media_type, media, place)
        return RequestBody(
            content=tuple(alternatives.values()),
            required=raw.get("required") is True,
            description=_text(raw.get("description")),
            pointer=pointer,
        )

    def _read_media_type(self, media_type: str, raw: Any, pointer: str) -> MediaType:
        target = self.references.follow(raw, pointer)
        node = target.node if target is not None else None
        if not isinstance(node, dict):
            return MediaType(media_type=media_type, pointer=pointer)
        schema = node.get("schema")
        place = f"{target.pointer}/schema" if target is not None else pointer
        if schema is None and "itemSchema" in node:  # 3.2: a stream of items is sent as a list of them
            schema, place = {"type": "array", "items": node["itemSchema"]}, pointer
        return MediaType(
            media_type=media_type,
            schema=True if schema is None else self.schemas.read(schema, place),
            encoding=self._read_encodings(node.get("encoding"), f"{pointer}/encoding"),
            pointer=pointer,
            example=_first_example(node),
        )

    def _read_encodings(self, raw: Any, pointer: str) -> dict[str, Encoding]:
        if not isinstance(raw, dict):
            return {}
        return {
            name: self._read_encoding(value, f"{pointer}/{escape_token(name)}")
            for name, value in raw.items()
            if isinstance(value, dict)
        }

    def _read_encoding(self, raw: Mapping[str, Any], pointer: str) -> Encoding:
        declared = raw.get("style")
        styled = any(key in raw for key in ("style", "explode", "allowReserved"))
        style: Style | None = declared if declared in STYLES["query"] else "form" if styled else None
        explode = raw.get("explode")
        headers = raw.get("headers")
        return Encoding(
            content_type=raw["contentType"] if isinstance(raw.get("contentType"), str) else None,
            headers={
                name: self._read_header_schema(value, f"{pointer}/headers/{escape_token(name)}")
                for name, value in (headers.items() if isinstance(headers, dict) else ())
            },
            style=style,
            explode=explode if isinstance(explode, bool) else (style or "form") == "form",
            allow_reserved=raw.get("allowReserved") is True,
        )

    def _read_header_schema(self, raw: Any, pointer: str) -> Any:
        target = self.references.follow(raw, pointer)
        if target is None or not isinstance(target.node, dict):
            return True
        return self.schemas.read(target.node.get("schema", True), f"{target.pointer}/schema")


def _text(value: Any) -> str:
    return (
        value.strip()
        if isinstance(value, str)
        else str(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else ""
    )


def _first_example(raw: Mapping[str, Any]) -> Any:
    if "example" in raw:
        return raw["example"]
    examples = raw.get("examples")
    if isinstance(examples, dict):
        for item in examples.values():
            if isinstance(item, dict):
                if "value" in item:
                    return item["value"]
                if "dataValue" in item:  # 3.2
                    return item["dataValue"]
    return None


def _path_of(pointer: str) -> str:
    """The template inside `/paths/~1users~1{id}/get/…`, near enough to look for a variable in it."""
    return pointer if pointer.startswith("/paths/") else ""


def _same_name(variable: str, names: set[str]) -> str | None:
    """A declared name that differs only in case, blanks, or the modifiers of other template languages."""
    wanted = _plain(variable)
    matches = [name for name in names if _plain(name) == wanted]
    return matches[0] if len(matches) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[\s_+*?.#:=-]", "", name).lower()
