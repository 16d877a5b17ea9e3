"""What a model is offered for an operation: a name, a description and one JSON Schema of its arguments.

Everything is worked out on first use: a document with a thousand operations makes a thousand small objects, and
only the functions that somebody looks at cost more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from actionry.errors import ArgumentError
from actionry.http import is_host_header
from actionry.limits import ACTIONRY, READ_LIMITS, Profile
from actionry.openapi.model import MediaType, Operation, Parameter, RequestBody, Schema, SecurityRequirement
from actionry.tools import naming, plain_text
from actionry.tools.bodies import EXAMPLE_BYTES, body_schema, bytes_alternative, choose_media_type
from actionry.tools.compact import compact
from actionry.tools.definitions import (
    DEFS,
    Constant,
    Constants,
    Definition,
    Definitions,
    drop_constants,
    encode,
    present,
    present_names,
    scan_schema,
)

if TYPE_CHECKING:
    from actionry.tools.checker import Checker


class Absent:
    """Stands for a value that was not given, where None is one."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
BODY = "body"
_MEMO = "tools.definitions"
_COMPACT_MEMO = "tools.compact"
SHARE_BYTES = 2_048
"""Compact bodies are made for rooms in steps of this, so that functions with other parameters can share them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One argument of a function and where its value goes."""

    argument: str
    """The name that the model uses."""
    location: Literal["path", "query", "header", "cookie", "querystring", "body"]
    name: str
    """The wire name; `body` for the request body."""
    required: bool
    parameter: Parameter | None = None
    """None for the request body."""
    constant: Constant | None = None
    """Set when the document allows one value only: the host sends it and the model is not asked (WI-09)."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """The table argument name <-> (location, wire name) of one function."""

    all: tuple[Binding, ...]
    body: Binding | None
    request_body: RequestBody | None
    media_type: MediaType | None
    """Of the request body, the alternative that is offered."""
    body_schema: Schema
    """Of the `body` argument, with the names that are sent."""
    body_constants: Constants
    """Inside the body, by property name."""
    ignored: tuple[Parameter, ...]
    """Header parameters that only the host sets (THREATS R-06)."""

    @property
    def takes_bytes(self) -> bool:
        """Whether some alternative of the request body takes a file as it is."""
        return self.request_body is not None and bytes_alternative(self.request_body) is not None

    @property
    def offered(self) -> tuple[Binding, ...]:
        return tuple(binding for binding in self.all if binding.constant is None)

    @property
    def constants(self) -> tuple[Binding, ...]:
        return tuple(binding for binding in self.all if binding.constant is not None)

    @property
    def renamed(self) -> dict[str, str]:
        """Argument name -> wire name, for those that differ."""
        return {b.argument: b.name for b in self.all if b.argument != b.name}

    def get(self, argument: str) -> Binding | None:
        return next((binding for binding in self.all if binding.argument == argument), None)

    def find(self, location: str, name: str) -> Binding | None:
        """By wire name; header names in any case."""
        for binding in self.all:
            if binding.location == location and (
                binding.name == name or (location == "header" and binding.name.lower() == name.lower())
            ):
                return binding
        return None


class Function:
    """One operation as a function; its schemas are made on first use and are not to be changed by the caller."""

    def __init__(self, operation: Operation, name: str, *, limits: Profile = ACTIONRY) -> None:
        self.name = name
        self.operation = operation
        self.limits = limits

    def __repr__(self) -> str:
        return f"<Function {self.name} ({self.method} {self.path})>"

    # ------------------------------------------------------ what the operation says

    @property
    def method(self) -> str:
        return self.operation.method

    @property
    def path(self) -> str:
        return self.operation.path

    @property
    def operation_id(self) -> str | None:
        return self.operation.operation_id

    @property
    def summary(self) -> str:
        return self.operation.summary

    @property
    def consequential(self) -> bool:
        return self.operation.consequential

    @property
    def security(self) -> tuple[SecurityRequirement, ...]:
        return self.operation.security

    @property
    def deprecated(self) -> bool:
        return self.operation.deprecated

    @property
    def tags(self) -> tuple[str, ...]:
        return self.operation.tags

    # ---------------------------------------------------------- what the model reads

    @cached_property
    def description(self) -> str:
        """Summary and description without repetition; method and path when there are none."""
        operation = self.operation
        text = plain_text.join_texts(operation.summary, operation.description)
        if not text:
            text = f"{operation.method} {plain_text.visible(operation.path)}"
        if operation.deprecated:
            text = f"Deprecated. {text}"
        return plain_text.clip(text, self.limits.operation_description)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the arguments: an object, at most `limits.function_bytes` of JSON."""
        root = self._shown_root
        limit = self.limits.function_bytes
        definitions = self._definitions_within(limit)
        if definitions is not None:
            return _with_definitions(root, definitions.values())
        shared = self._with_shared_body(root, limit)
        shown, self._cuts = shared or compact(root, self._definition, limit)
        return shown

    def _definition(self, name: str) -> Schema:
        return self.definitions.get(name).shown

    def _with_shared_body(self, root: dict[str, Any], limit: int) -> tuple[dict[str, Any], tuple[str, ...]] | None:
        """The compact form where the body alone is what is large: made once for all functions that send it.

        None when something else is large too.
        """
        body = root["properties"].get(BODY)
        rest = {**root, "properties": {**root["properties"], BODY: {}}}
        room = (limit - len(encode(rest))) // SHARE_BYTES * SHARE_BYTES
        if body is None or room < limit // 2 or scan_schema(rest).references:
            return None
        memo: dict[Any, Any] = self.operation.schemas.memo.setdefault(_COMPACT_MEMO, {})
        key = (encode(body), room)
        if key not in memo:
            memo[key] = compact(_object({BODY: body}, (BODY,)), self._definition, room)
        shown, cuts = memo[key]
        if BODY not in shown.get("properties", ()):
            return None
        whole = {**rest, "properties": {**rest["properties"], BODY: shown["properties"][BODY]}}
        if "$defs" in shown:
            whole["$defs"] = shown["$defs"]
        return whole, cuts

    @property
    def compacted(self) -> bool:
        """Whether `parameters` says less than the document, to fit the byte budget."""
        return bool(self.cuts)

    @property
    def cuts(self) -> tuple[str, ...]:
        """What was left out of `parameters`, each as a sentence with its place; () when nothing was."""
        _ = self.parameters
        return self._cuts

    _cuts: tuple[str, ...] = ()

    @cached_property
    def full_parameters(self) -> dict[str, Any]:
        """`parameters` before it was compacted, up to `ReadLimits.reference_nodes` schema nodes."""
        root = self._shown_root
        found, left_out = self._reached
        result = _with_definitions(root, found.values())
        for name in left_out:
            result["$defs"][name] = {"description": f"{name} (not shown: too many definitions)"}
        return result

    # ------------------------------------------------------------------ the pieces

    @cached_property
    def definitions(self) -> Definitions:
        """Shared by all functions of the document."""
        memo = self.operation.schemas.memo
        if _MEMO not in memo:
            memo[_MEMO] = Definitions(self.operation.schemas)
        shared: Definitions = memo[_MEMO]
        return shared

    @cached_property
    def bindings(self) -> Bindings:
        return _bind(self.operation, self.definitions, self.limits)

    @cached_property
    def constants(self) -> tuple[Binding, ...]:
        """`bindings.constants`, which every call asks for."""
        return self.bindings.constants

    @cached_property
    def checker(self) -> Checker:
        """Checks arguments; compiled on first use."""
        from actionry.tools.checker import Checker  # it reads functions: neither can be imported first

        return Checker(self)

    @cached_property
    def wire_schema(self) -> dict[str, Any]:
        """What is checked before a call: argument names outside, wire names inside, constants included."""
        bindings = self.bindings
        properties: dict[str, Schema] = {}
        for binding in bindings.all:
            parameter = binding.parameter
            schema = bindings.body_schema if parameter is None else parameter.schema
            if parameter is not None and parameter.allow_empty_value and isinstance(schema, dict):
                schema = {"anyOf": [schema, {"const": ""}]}  # `?flag=` is allowed whatever the schema says
            properties[binding.argument] = schema
        root = _object(properties, (b.argument for b in bindings.all if b.required))
        found, left_out = self._reached
        if found or left_out:
            root["$defs"] = {name: definition.wire for name, definition in found.items()}
            root["$defs"].update(dict.fromkeys(left_out, True))
        return root

    @cached_property
    def renames_properties(self) -> bool:
        """Whether some property inside an argument has another name for the model than on the wire."""
        found, _ = self._reached
        return self._root_scan.odd_names or any(definition.scan.odd_names for definition in found.values())

    @cached_property
    def takes_files(self) -> bool:
        """Whether some argument may be a file."""
        found, _ = self._reached
        return (
            self.bindings.takes_bytes
            or self._root_scan.binary
            or any(definition.scan.binary for definition in found.values())
        )

    @cached_property
    def _wire_root(self) -> dict[str, Any]:
        bindings = self.bindings
        properties: dict[str, Any] = {}
        for binding in bindings.offered:
            if binding.parameter is not None:
                properties[binding.argument] = self._describe_parameter(binding.parameter)
            else:
                properties[binding.argument] = self._describe_body()
        return _object(properties, (b.argument for b in bindings.offered if b.required))

    @cached_property
    def _shown(self) -> tuple[dict[str, Any], Any]:
        root = self._wire_root
        found = scan_schema(root)
        if found.odd:
            root = present(root)
            after = scan_schema(root)
            found.size, found.nodes = after.size, after.nodes
        return root, found

    @property
    def _shown_root(self) -> dict[str, Any]:
        return self._shown[0]

    @property
    def _root_scan(self) -> Any:
        return self._shown[1]

    @cached_property
    def _reached(self) -> tuple[dict[str, Definition], tuple[str, ...]]:
        """What the arguments reach; constants that are hidden from the model reach nothing else."""
        names = list(self._root_scan.references)
        names.extend(scan_schema(self.bindings.body_schema).references)
        for binding in self.bindings.constants:
            if binding.parameter is not None:
                names.extend(scan_schema(binding.parameter.schema).references)
        return self.definitions.reached(dict.fromkeys(names), max_nodes=READ_LIMITS.reference_nodes)

    def _definitions_within(self, limit: int) -> dict[str, Definition] | None:
        """The definitions that the shown schema reaches; None as soon as the whole is beyond the limit."""
        size = self._root_scan.size + len(',"$defs":{}')
        found: dict[str, Definition] = {}
        queue = list(self._root_scan.references)
        queued = set(queue)
        for name in queue:  # grows while it is walked
            if size > limit:
                return None
            definition = found[name] = self.definitions.get(name)
            size += definition.cost
            for further in definition.scan.references:
                if further not in queued:
                    queued.add(further)
                    queue.append(further)
        return found if size <= limit else None

    def _describe_parameter(self, parameter: Parameter) -> dict[str, Any]:
        schema = parameter.schema
        described: dict[str, Any] = dict(schema) if isinstance(schema, dict) else ({} if schema else {"not": {}})
        own = described.get("description", "")
        text = plain_text.join_texts(parameter.description, own if isinstance(own, str) else "", " ")
        text = plain_text.clip(text, self.limits.parameter_description)
        if text:
            described["description"] = text
        if parameter.deprecated:
            described["deprecated"] = True
        if parameter.example is not None and "examples" not in described:
            described["examples"] = [parameter.example]
        return described

    def _describe_body(self) -> dict[str, Any]:
        bindings = self.bindings
        schema = self.definitions.hide(bindings.body_schema, bindings.body_constants)
        described: dict[str, Any] = dict(schema) if isinstance(schema, dict) else ({} if schema else {"not": {}})
        body, chosen = bindings.request_body, bindings.media_type
        own = described.get("description", "")
        text = plain_text.join_texts(body.description if body else "", own if isinstance(own, str) else "", " ")
        text = plain_text.clip(text, self.limits.parameter_description)
        if text:
            described["description"] = text
        if chosen is not None and chosen.example is not None and "examples" not in described:
            example = drop_constants(chosen.example, bindings.body_constants)
            if len(encode(example)) <= EXAMPLE_BYTES:
                described["examples"] = [example]
        return described

    # --------------------------------------------------------- from HTTP locations

    def arguments(
        self,
        path: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        cookie: Mapping[str, Any] | None = None,
        body: Any = ABSENT,
        *,
        querystring: Any = ABSENT,
    ) -> dict[str, Any]:
        """From values by location and wire name to this function's arguments.

        `arguments(path={"id": 7}, body={"a.b": 1})` -> `{"id": 7, "body": {"a_b": 1}}`.

        `body=None` is JSON `null` where the document allows null there, and no body otherwise. Header parameters
        that only the host sets are left out, and so are constants. Raises ArgumentError for a name that the operation
        does not declare.
        """
        given: dict[str, Any] = {}
        for location, values in (("path", path), ("query", query), ("header", header), ("cookie", cookie)):
            for name, value in (values or {}).items():
                self._put(given, location, name, value)
        if querystring is not ABSENT:
            name = next((b.name for b in self.bindings.all if b.location == "querystring"), "")
            self._put(given, "querystring", name, querystring)
        if body is not ABSENT and not (body is None and not self._null_is_a_body()):
            self._put(given, BODY, BODY, body)
        return given

    def _put(self, given: dict[str, Any], location: str, name: str, value: Any) -> None:
        binding = self.bindings.find(location, name)
        if binding is None and location == "query":
            binding = self.bindings.find("querystring", name)
        if binding is None:
            if location == "header" and is_host_header(name):
                return
            declared = ", ".join(f"`{b.name}`" for b in self.bindings.all if b.location == location) or "none"
            what = "request body" if location == BODY else f"{location} parameter `{name}`"
            raise ArgumentError(
                f"`{self.name}` ({self.method} {self.path}) has no {what}.",
                argument=name,
                rule="unknown",
                mend=f"Declared: {declared}.",
            )
        if binding.constant is not None and binding.constant.value == value:
            return
        schema = self.bindings.body_schema if binding.parameter is None else binding.parameter.schema
        if binding.parameter is None:
            value = drop_constants(value, self.bindings.body_constants)
        if self.renames_properties:
            value = present_names(value, schema, self.definitions)
        given[binding.argument] = value

    def _null_is_a_body(self) -> bool:
        bindings = self.bindings
        if bindings.body is None:
            return False
        schema = self.definitions.schemas.resolve(bindings.body_schema)
        if schema is True or (isinstance(schema, dict) and not schema.keys() & _NARROWING):
            return bindings.body.required  # anything is allowed: None then means null only where a body must be
        return allows_null(bindings.body_schema, self.definitions)


_NARROWING = frozenset({"type", "enum", "const", "anyOf", "oneOf", "allOf", "not"})


def allows_null(schema: Schema, definitions: Definitions, depth: int = 0) -> bool:
    """Whether JSON `null` is among the values that the schema declares."""
    schema = definitions.schemas.resolve(schema)
    if isinstance(schema, bool) or depth > 20:
        return schema is True
    kind = schema.get("type")
    if kind is not None and kind != "null" and not (isinstance(kind, list) and "null" in kind):
        return False
    if "const" in schema and schema["const"] is not None:
        return False
    if "enum" in schema and None not in schema["enum"]:
        return False
    for key in ("anyOf", "oneOf"):
        if key in schema and not any(allows_null(branch, definitions, depth + 1) for branch in schema[key]):
            return False
    return all(allows_null(branch, definitions, depth + 1) for branch in schema.get("allOf", ()))


def _object(properties: dict[str, Any], required: Iterable[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"type": "object", "properties": properties}
    names = list(required)
    if names:
        result["required"] = names
    result["additionalProperties"] = False
    return result


def _with_definitions(root: dict[str, Any], definitions: Iterable[Definition]) -> dict[str, Any]:
    shown = {definition.name: definition.shown for definition in definitions}
    return {**root, "$defs": shown} if shown else dict(root)


def _bind(operation: Operation, definitions: Definitions, limits: Profile) -> Bindings:
    parameters, ignored = _usable(operation.parameters)
    body = operation.request_body
    names = naming.argument_names(
        ((p.location, p.name) for p in parameters),
        reserved=() if body is None else (BODY,),
        characters=limits.name_characters,
    )
    bound = [
        Binding(
            argument=argument,
            location=parameter.location,
            name=parameter.name,
            required=parameter.required or parameter.location == "path",
            parameter=parameter,
            constant=_parameter_constant(parameter, definitions),
        )
        for argument, parameter in zip(names, parameters, strict=True)
    ]
    chosen = choose_media_type(body) if body is not None else None
    schema = body_schema(chosen, definitions)
    constants: Constants = {}
    body_binding: Binding | None = None
    if body is not None:
        constants = definitions.constants(schema)
        whole = definitions.constant(schema) if body.required else None
        body_binding = Binding(argument=BODY, location="body", name=BODY, required=body.required, constant=whole)
        bound.append(body_binding)
    return Bindings(tuple(bound), body_binding, body, chosen, schema, constants, ignored)


def _usable(parameters: Sequence[Parameter]) -> tuple[list[Parameter], tuple[Parameter, ...]]:
    """Parameters that a caller may set, the first of each (location, name); and those only the host sets."""
    usable: dict[tuple[str, str], Parameter] = {}
    ignored: list[Parameter] = []
    for parameter in parameters:
        if parameter.location == "header" and is_host_header(parameter.name):
            ignored.append(parameter)
            continue
        name = parameter.name.lower() if parameter.location == "header" else parameter.name
        usable.setdefault((parameter.location, name), parameter)
    return list(usable.values()), tuple(ignored)


def _parameter_constant(parameter: Parameter, definitions: Definitions) -> Constant | None:
    if not (parameter.required or parameter.location == "path"):
        return None
    constant = definitions.constant(parameter.schema)
    return None if constant is not None and constant.value is None else constant


def build_functions(operations: Sequence[Operation], *, limits: Profile = ACTIONRY) -> list[Function]:
    """One function per operation, in their order, under unique and stable names."""
    names = naming.function_names(operations, limits.name_characters)
    return [Function(operation, name, limits=limits) for operation, name in zip(operations, names, strict=True)]


__all__ = [
    "ABSENT", "BODY", "DEFS", "Absent", "Binding", "Bindings", "Function", "allows_null", "build_functions",
]  # fmt: skip
