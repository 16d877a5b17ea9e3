"""What an index reads of one operation: texts by field, what it needs, what it yields.

Anything with `.name`, `.description` and `.parameters` (JSON Schema of an object) will do; `.method`, `.path`,
`.tags`, `.summary`, `.operation_id`, `.returns` (JSON Schema of the success response) and `.links` (operation ids)
are read where they are there. Functions made from a document are read from their `.operation`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from actionry.openapi.model import Operation
from actionry.openapi.responses import read_success_schema

Field = Literal["name", "summary", "description", "path", "tags", "parameter", "explanation", "choice", "result"]
"""`explanation` is a parameter's description, `choice` one of its enum values, `result` a field of the response."""

MAX_SCHEMA_NODES = 400
"""Of one operation's parameters, and again of its response; a schema beyond it is read as far as this."""
MAX_DEPTH = 4


class SearchableFunction(Protocol):
    """What an operation must have to be found; everything else is optional."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Need:
    """One value that the operation takes."""

    name: str
    description: str
    required: bool
    type: str
    """JSON type, or the format where it says more (`date`, `email`, `uri` …); "" when not told."""
    in_path: bool
    definition: str
    """Name of the `$defs` schema it refers to; "" when inline."""
    top: bool
    """False for a property inside another parameter, e.g. of the body."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Yield:
    """One field of the response."""

    name: str
    definition: str
    """Name of the schema that holds it, or that it refers to; "" when inline."""
    many: bool
    """It is an array."""
    inside: str
    """Name of the response's field that holds it: `channels` for `{"channels": [{"id": …}]}`; "" at the top."""


@dataclass(slots=True)
class Facts:
    """One operation, read once when the index is built."""

    name: str
    method: str
    """Upper case; "" when not known."""
    path: str
    texts: list[tuple[Field, str]] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    yields: list[Yield] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    """Operation ids that the response's links lead to."""


def read_facts(function: SearchableFunction) -> Facts:
    """Everything the index uses; parts that are missing or of the wrong type are left out, nothing is raised."""
    path = _text(getattr(function, "path", ""))
    facts = Facts(_text(function.name), _text(getattr(function, "method", "")).upper(), path)
    add = facts.texts.append
    add(("name", facts.name))
    operation_id = _text(getattr(function, "operation_id", ""))
    if operation_id and operation_id != facts.name:
        add(("name", operation_id))
    summary = _text(getattr(function, "summary", ""))
    description = _text(function.description)
    if summary and summary not in description:
        add(("summary", summary))
    head, tail = first_sentence(description)
    add(("summary", head))
    add(("description", tail))
    add(("path", path))
    for tag in _texts(getattr(function, "tags", ())):
        add(("tags", tag))
    _read_parameters(function, facts)
    _read_returns(function, facts)
    facts.links.extend(_texts(getattr(function, "links", ())) or _links_of(function))
    return facts


def _links_of(function: SearchableFunction) -> list[str]:
    """Operation ids in the links of the responses (OpenAPI 3.1.0, Link Object), where they stand in place."""
    operation = getattr(function, "operation", None)
    responses = operation.raw.get("responses") if isinstance(operation, Operation) else None
    links: list[object] = []
    for response in responses.values() if isinstance(responses, dict) else ():
        named = response.get("links") if isinstance(response, dict) else None
        links.extend(named.values() if isinstance(named, dict) else ())
    return _texts([link.get("operationId") for link in links if isinstance(link, dict)])


def first_sentence(text: str) -> tuple[str, str]:
    """The text up to its first full stop or line break, and the rest: what comes first says what an operation does."""
    ends = [at for mark in (". ", "\n", "。") if (at := text.find(mark, 8)) >= 0]
    cut = min(ends) + 1 if ends else len(text)
    return text[:cut].strip(), text[cut:].strip()


def _read_parameters(function: SearchableFunction, facts: Facts) -> None:
    operation = getattr(function, "operation", None)
    if isinstance(operation, Operation):
        _read_operation(operation, facts)
        return
    root: object = function.parameters
    if isinstance(root, Mapping):
        for node, name, required, definition, depth, _ in _properties(root, _resolver(root)):
            in_path = depth == 0 and "{" + name + "}" in facts.path
            _add_need(facts, node, name, required, definition, depth, in_path=in_path)


def _read_operation(operation: Operation, facts: Facts) -> None:
    """From the document itself: cheaper than the function's schema, which may have been cut to a budget."""
    resolve = operation.schemas.definition
    for parameter in operation.parameters:
        schema = parameter.schema if isinstance(parameter.schema, dict) else {}
        target = resolve(_reference(schema)) if _reference(schema) else {}
        merged = {**(target if isinstance(target, dict) else {}), **schema}
        if parameter.description:
            merged["description"] = parameter.description
        in_path = parameter.location == "path"
        _add_need(facts, merged, parameter.name, parameter.required, "", 0, in_path=in_path)
    if operation.request_body is not None and operation.request_body.content:
        body = operation.request_body.content[0].schema
        if operation.request_body.description:
            facts.texts.append(("explanation", operation.request_body.description))
        if isinstance(body, dict):
            for node, name, required, definition, depth, _ in _properties(body, resolve):
                _add_need(facts, node, name, required, definition, depth, in_path=False)


def _add_need(
    facts: Facts, node: Mapping[str, Any], name: str, required: bool, definition: str, depth: int, *, in_path: bool
) -> None:
    description = _text(node.get("description"))
    choices = tuple(_choices(node))
    facts.needs.append(
        Need(name, description, required or in_path, _kind(node), in_path, definition, depth == 0, choices)
    )
    facts.texts.append(("parameter", name))
    if description:
        facts.texts.append(("explanation", description))
    facts.texts.extend(("choice", choice) for choice in choices[:40])


def _read_returns(function: SearchableFunction, facts: Facts) -> None:
    operation = getattr(function, "operation", None)
    if isinstance(operation, Operation):
        returns: object = read_success_schema(operation)
        resolve: Resolver = operation.answers.definition
    else:
        returns = getattr(function, "returns", None)
        resolve = _resolver(returns)
    if not isinstance(returns, Mapping):
        return
    for node, name, _, definition, depth, inside in _properties(returns, resolve):
        facts.yields.append(Yield(name, definition, _kind(node) == "array" or "items" in node, inside))
        facts.texts.append(("result", name))
        if depth == 0 and (description := _text(node.get("description"))):
            facts.texts.append(("result", description[:200]))


Resolver = Callable[[str], object]
"""Name of a definition -> its schema; anything but a mapping when there is none."""


def _resolver(root: object) -> Resolver:
    definitions = root.get("$defs") if isinstance(root, Mapping) else None
    return definitions.get if isinstance(definitions, Mapping) else lambda name: None


def _properties(
    root: Mapping[str, Any], resolve: Resolver
) -> Iterator[tuple[Mapping[str, Any], str, bool, str, int, str]]:
    """(schema, property name, required, schema it was declared in, depth, holding property), references followed.

    Nearest first; cycles and size are bounded by MAX_DEPTH and MAX_SCHEMA_NODES. The fourth is the property's own
    `$ref` name if it has one, else the name of the schema that holds it.
    """
    queue: deque[tuple[Mapping[str, Any], str, int, str]] = deque([(root, "", 0, "")])
    opened: set[str] = set()
    nodes = 0
    while queue and nodes < MAX_SCHEMA_NODES:
        schema, holder, depth, inside = queue.popleft()
        nodes += 1
        for part, part_holder in _alternatives(schema, holder, resolve, opened):
            properties = part.get("properties")
            required = part.get("required")
            names = set(_texts(required)) if isinstance(required, list) else set()
            for name, node in properties.items() if isinstance(properties, Mapping) else ():
                if not isinstance(name, str) or not isinstance(node, Mapping) or nodes >= MAX_SCHEMA_NODES:
                    continue
                nodes += 1
                reference = _reference(node)
                target = resolve(reference) if reference else None
                merged = {**target, **node} if isinstance(target, Mapping) else node
                yield merged, name, name in names, reference or part_holder, depth, inside
                if depth + 1 < MAX_DEPTH:
                    queue.append((node, part_holder, depth + 1, name))
            items = part.get("items")
            if isinstance(items, Mapping) and depth < MAX_DEPTH:
                queue.append((items, part_holder, depth, inside))


def _alternatives(
    schema: Mapping[str, Any], holder: str, resolve: Resolver, opened: set[str]
) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The schema itself, what it refers to, and the members of allOf, oneOf and anyOf; each definition once."""
    seen: set[int] = set()
    stack = [(schema, holder)]
    while stack and len(seen) < 50:
        node, name = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node, name
        reference = _reference(node)
        target = resolve(reference) if reference and reference not in opened else None
        opened.add(reference)
        if isinstance(target, Mapping):
            stack.append((target, reference))
        for keyword in ("allOf", "oneOf", "anyOf"):
            members = node.get(keyword)
            if isinstance(members, list):
                stack.extend((member, name) for member in members if isinstance(member, Mapping))


def _reference(node: Mapping[str, Any]) -> str:
    reference = node.get("$ref")
    return reference.rsplit("/", 1)[-1] if isinstance(reference, str) else ""


def _kind(node: Mapping[str, Any]) -> str:
    for keyword in ("format", "type"):
        value = node.get(keyword)
        if isinstance(value, list):
            value = next((one for one in value if one != "null"), None)
        if isinstance(value, str):
            return value.lower()
    return ""


def _choices(node: Mapping[str, Any]) -> Iterator[str]:
    for holder in (node, node.get("items")):
        values = holder.get("enum") if isinstance(holder, Mapping) else None
        if isinstance(values, list):
            for value in values[:200]:
                if isinstance(value, str | int | float) and not isinstance(value, bool):
                    yield str(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(values: object) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list | tuple | set) else []
