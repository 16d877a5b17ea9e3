"""What functions of one document share: each definition's form for the model, its size, its references.

Worked out once per definition and kept in `Schemas.memo`, so that a thousand functions that refer to the same
hundred definitions cost a hundred walks. Whether a schema needs a walk at all is read off its JSON bytes: that is a
hundred times faster than visiting the nodes in Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from actionry.openapi.model import Schema
from actionry.openapi.schemas import Schemas
from actionry.tools import naming, plain_text

DEFS = "#/$defs/"
BINARY_NOTE = "File id or base64 text."

SCHEMA_KEYWORDS = frozenset(
    {
        "items", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else",
        "unevaluatedItems", "unevaluatedProperties", "contentSchema",
    }
)  # fmt: skip
"""JSON Schema 2020-12 keywords whose value is one schema."""
SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
SCHEMA_MAPS = frozenset({"properties", "patternProperties", "dependentSchemas"})
UNIONS = frozenset({"anyOf", "oneOf", "not", "if", "dependentSchemas", "$dynamicRef"})
"""Where one of these stands, a property's value may decide between alternatives."""

_ODD_KEY = re.compile(rb'[{,]"(?![A-Za-z0-9_-]{1,64}":|\$(?:ref|comment|id|schema|anchor)":")(?:[^"\\]|\\.)*":')
_TRUE_KEYWORDS = frozenset({b"default", b"uniqueItems", b"deprecated", b"const", b"nullable"})
_CONSTANT = re.compile(rb'"enum":\[(?:"(?:[^"\\]|\\.)*"|[^",{}\[\]]+)\]')
_REFERENCE = re.compile(rb'"\$ref":"#/\$defs/((?:[^"\\]|\\.)*)"')


def encode(value: object, default: Callable[[Any], object] = str) -> bytes:
    """Compact JSON, also of what orjson refuses (integers beyond 64 bits, lone surrogates)."""
    try:
        return orjson.dumps(value)
    except TypeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default)
        return text.encode("utf-8", "surrogatepass")


@dataclass(slots=True)
class Scan:
    """What the JSON bytes of a schema tell without visiting its nodes."""

    size: int
    nodes: int
    """Objects and lists."""
    references: tuple[str, ...]
    odd: bool
    """Something in it must be changed for the model, see `present`."""
    odd_names: bool
    """Some key in it is not a legal property name."""
    binary: bool
    constant: bool
    """A `const` or an enum of one value is somewhere in it."""


def scan(raw: bytes) -> Scan:
    found = _REFERENCE.findall(raw) if b'"$ref"' in raw else ()
    odd_names = _ODD_KEY.search(raw) is not None
    binary = b'"format":"binary"' in raw or b'"contentMediaType"' in raw
    invisible = not raw.isascii() and plain_text.has_invisible(raw.decode("utf-8", "replace"))
    odd = odd_names or binary or invisible or b'"xml":' in raw or b"\\u00" in raw or _has_true_schema(raw)
    return Scan(
        size=len(raw),
        nodes=raw.count(b"{") + raw.count(b"["),
        references=tuple(dict.fromkeys(orjson.loads(b'"%b"' % name) for name in found)),
        odd=odd,
        odd_names=odd_names,
        binary=binary,
        constant=b'"const":' in raw or _CONSTANT.search(raw) is not None,
    )


def _has_true_schema(raw: bytes) -> bool:
    """Whether `true` may stand for a schema somewhere (or for a value of an example, which does no harm)."""
    at = raw.find(b'":true')
    while at >= 0:
        if raw[raw.rfind(b'"', 0, at) + 1 : at] not in _TRUE_KEYWORDS:
            return True
        at = raw.find(b'":true', at + 1)
    return False


def scan_schema(schema: object) -> Scan:
    try:
        return scan(orjson.dumps(schema))
    except TypeError:  # numbers beyond 64 bits, lone surrogates
        found = scan(encode(schema))
        found.odd = True
        return found


@dataclass(slots=True)
class Definition:
    name: str
    wire: Schema
    """As the document means it, for checking what will be sent."""
    shown: Schema
    """As the model is shown it; the same object when nothing had to be changed."""
    scan: Scan
    """Of `shown`, except for `odd`, `odd_names` and `binary`, which tell about `wire`."""

    @property
    def cost(self) -> int:
        """JSON bytes under `$defs`, with its key."""
        return self.scan.size + len(self.name) + 4


class Definitions:
    """The definitions of one document, each looked at once."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self._known: dict[str, Definition] = {}
        self._constants: dict[str, Constants] = {}

    def get(self, name: str) -> Definition:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._read(name)
        return known

    def _read(self, name: str) -> Definition:
        wire = self.schemas.definition(name)
        shown: Schema = {} if wire is True else wire
        found = scan_schema(shown)
        if found.odd:
            shown = present(shown)
            after = scan_schema(shown)
            found.size, found.nodes = after.size, after.nodes
        return Definition(name, wire, shown, found)

    def reached(self, names: Iterable[str], *, max_nodes: int) -> tuple[dict[str, Definition], tuple[str, ...]]:
        """Every definition that the names lead to, breadth first; and the names left out beyond the node budget."""
        found: dict[str, Definition] = {}
        left_out: list[str] = []
        queue = list(dict.fromkeys(names))
        queued = set(queue)
        nodes = 0
        for name in queue:  # grows while it is walked
            if nodes > max_nodes:
                left_out.append(name)
                continue
            definition = found[name] = self.get(name)
            nodes += definition.scan.nodes
            for further in definition.scan.references:
                if further not in queued:
                    queued.add(further)
                    queue.append(further)
        return found, tuple(left_out)

    # ---------------------------------------------------------------- constants

    def constants(self, schema: Schema, depth: int = 0) -> Constants:
        """Required properties that can have but one value, at plain (non-union) positions of an object (WI-09)."""
        if not isinstance(schema, dict) or depth > MAX_CONSTANT_DEPTH:
            return {}
        if set(schema) <= _BESIDE_REFERENCE and "$ref" in schema:
            name = schema["$ref"][len(DEFS) :]
            if name not in self._constants:
                self._constants[name] = {}  # a definition that contains itself adds nothing
                definition = self.get(name)
                if definition.scan.constant or definition.scan.references:
                    self._constants[name] = self.constants(definition.wire, depth + 1)
            return self._constants[name]
        branches = self._plain_branches(schema)
        if branches is None:
            return {}
        properties: dict[str, list[Schema]] = {}
        required: set[str] = set()
        for branch in branches:
            required.update(branch.get("required", ()))
            for name, child in branch.get("properties", {}).items():
                properties.setdefault(name, []).append(child)
        return self._constants_of(properties, required, depth)

    def _constants_of(self, properties: Mapping[str, list[Schema]], required: set[str], depth: int) -> Constants:
        found: Constants = {}
        for name, alternatives in properties.items():
            for child in alternatives:
                if name in required:
                    constant = self.constant(child)
                    if constant is not None:
                        found[name] = constant
                        break
                if isinstance(child, dict) and not child.keys().isdisjoint(_MAY_NEST):
                    nested = self.constants(child, depth + 1)
                    if nested and len(alternatives) == 1:
                        found[name] = nested
        return found

    def _plain_branches(self, schema: dict[str, Any], depth: int = 0) -> list[dict[str, Any]] | None:
        """The object's own keywords and those of its allOf; None when anything in it is a union."""
        if not UNIONS.isdisjoint(schema) or depth > MAX_CONSTANT_DEPTH or not _may_be_object(schema):
            return None
        branches = [schema]
        parts: list[Schema] = list(schema.get("allOf", ()))
        if "$ref" in schema:
            parts.append(self.get(schema["$ref"][len(DEFS) :]).wire)
        for part in parts:
            if part is True:
                continue
            further = self._plain_branches(part, depth + 1) if isinstance(part, dict) else None
            if further is None:
                return None
            branches.extend(further)
        return branches

    def constant(self, schema: Schema, depth: int = 0) -> Constant | None:
        """The one value that the schema allows; None when there are more, or it cannot be told."""
        if not isinstance(schema, dict) or depth > MAX_CONSTANT_DEPTH:
            return None
        if "const" in schema:
            return Constant(schema["const"])
        enum = schema.get("enum")
        if isinstance(enum, list) and len(enum) == 1:
            return Constant(enum[0])
        if "$ref" in schema:
            definition = self.get(schema["$ref"][len(DEFS) :])
            found = self.constant(definition.wire, depth + 1) if definition.scan.constant else None
            if found is not None:
                return found
        for part in schema.get("allOf", ()):
            found = self.constant(part, depth + 1)
            if found is not None:
                return found
        if depth == 0 and not schema.keys().isdisjoint(_MAY_NEST):
            return self._constant_object(schema)
        return None

    def _constant_object(self, schema: dict[str, Any]) -> Constant | None:
        """An object all of whose properties are constants is one itself."""
        tree = self.constants(schema)
        branches = self._plain_branches(schema) if tree else None
        if branches is None:
            return None
        names = {name for branch in branches for name in branch.get("properties", ())}
        if names != set(tree) or any(not isinstance(node, Constant) for node in tree.values()):
            return None
        if any(branch.get("additionalProperties") not in (None, False) for branch in branches):
            return None
        return Constant({name: node.value for name, node in tree.items() if isinstance(node, Constant)})

    def hide(self, schema: Schema, constants: Constants) -> Schema:
        """The schema without those constants: what the model is shown. Shared parts stay shared."""
        if not isinstance(schema, dict) or not constants:
            return schema
        if "$ref" in schema:
            target = self.get(schema["$ref"][len(DEFS) :]).wire
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            hidden = self.hide(target, constants)
            if not siblings:
                return hidden
            if isinstance(hidden, dict) and siblings.keys().isdisjoint(hidden.keys() - {"description", "title"}):
                return {**hidden, **self._hide_own(siblings, constants)}
            return {"allOf": [hidden], **self._hide_own(siblings, constants)}
        return self._hide_own(schema, constants)

    def _hide_own(self, schema: dict[str, Any], constants: Constants) -> dict[str, Any]:
        result = dict(schema)
        gone = {name for name, node in constants.items() if isinstance(node, Constant)}
        if "properties" in schema:
            result["properties"] = {
                name: self.hide(child, node) if isinstance(node := constants.get(name), dict) else child
                for name, child in schema["properties"].items()
                if name not in gone
            }
        if "required" in schema:
            result["required"] = [name for name in schema["required"] if name not in gone]
            if not result["required"]:
                del result["required"]
        if "allOf" in schema:
            result["allOf"] = [self.hide(branch, constants) for branch in schema["allOf"]]
        for key in ("default", "examples", "minProperties", "dependentRequired"):
            result.pop(key, None)
        if "maxProperties" in result:
            result["maxProperties"] = max(result["maxProperties"] - len(gone), 0)
        return result


MAX_CONSTANT_DEPTH = 8
_BESIDE_REFERENCE = frozenset({"$ref", "description", "title", "deprecated", "default", "examples"})
_MAY_NEST = frozenset({"properties", "allOf", "$ref"})


def _may_be_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type", "object")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the document fixes; the host sets it and the model is not asked."""

    value: Any


Constants = dict[str, "Constant | Constants"]
"""Property name -> its only value, or the constants of the object that it holds."""


def fill_constants(value: Any, constants: Constants) -> Any:
    """The value with the constants that are missing from it; a contradicting one is left for the check to refuse."""
    if not isinstance(value, dict) or not constants:
        return value
    filled = dict(value)
    for name, node in constants.items():
        if isinstance(node, Constant):
            filled.setdefault(name, node.value)
        elif name in filled:
            filled[name] = fill_constants(filled[name], node)
    return filled


def drop_constants(value: Any, constants: Constants) -> Any:
    """The inverse of `fill_constants`: what a model would have to say."""
    if not isinstance(value, dict) or not constants:
        return value
    left: dict[str, Any] = {}
    for name, child in value.items():
        node = constants.get(name)
        if isinstance(node, Constant) and node.value == child:
            continue
        left[name] = drop_constants(child, node) if isinstance(node, dict) else child
    return left


# --------------------------------------------------------------- the model's view


def is_binary(schema: Mapping[str, Any]) -> bool:
    """`format: binary`, or 3.1's `contentMediaType` of something that is no text and has no encoding."""
    kind = schema.get("type", "string")
    if kind != "string" and not (isinstance(kind, list) and "string" in kind):
        return False
    if schema.get("format") == "binary":
        return True
    media_type = schema.get("contentMediaType")
    if not isinstance(media_type, str) or "contentEncoding" in schema or "contentSchema" in schema:
        return False
    return not media_type.startswith("text/") and "json" not in media_type and "xml" not in media_type


def present(schema: Schema) -> dict[str, Any]:
    """The schema as the model sees it.

    Property names are legal, text holds nothing invisible, binary values are a file id or base64 text, `xml` hints
    are gone, and boolean schemas are written as objects, which some providers insist on.
    """
    if schema is True:
        return {}
    if schema is False:
        return {"not": {}}
    if is_binary(schema):
        return _present_binary(schema)
    properties = schema.get("properties")
    aliases = naming.property_aliases(properties) if isinstance(properties, dict) else {}
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "xml":
            continue
        if key in SCHEMA_MAPS:
            rename = aliases if key == "properties" else {}
            result[key] = {
                rename.get(name, name if key != "dependentSchemas" else _alias(name, aliases)): present(child)
                for name, child in value.items()
            }
        elif key in SCHEMA_LISTS:
            result[key] = [present(child) for child in value]
        elif key in SCHEMA_KEYWORDS:
            result[key] = value if value is False else present(value)
        elif key == "required":
            result[key] = [_alias(name, aliases) for name in value]
        elif key == "dependentRequired":
            result[key] = {
                _alias(name, aliases): [_alias(other, aliases) for other in names] for name, names in value.items()
            }
        elif key in _LIMITS and isinstance(value, int) and abs(value) >= 2**63:
            result[key] = float(value)  # most JSON writers and providers stop at 64 bits
        else:
            result[key] = _without_invisible(value)
    return result


_LIMITS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})


def _alias(name: str, aliases: Mapping[str, str]) -> str:
    if name in aliases or naming.is_legal(name):
        return aliases.get(name, name)
    return naming.legal_name(name)


def _present_binary(schema: Mapping[str, Any]) -> dict[str, Any]:
    description = schema.get("description", "")
    result: dict[str, Any] = {
        "type": schema.get("type", "string"),
        "description": plain_text.join_texts(str(description), BINARY_NOTE, " "),
    }
    media_type = schema.get("contentMediaType")
    if isinstance(media_type, str) and media_type != "application/octet-stream":
        result["description"] += f" ({plain_text.visible(media_type)})"
    return result


def _without_invisible(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text.visible(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        return float(value)
    if isinstance(value, list):
        return [_without_invisible(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_invisible(item) for key, item in value.items()}
    return value


def present_names(value: Any, schema: Schema, definitions: Definitions, depth: int = 0) -> Any:
    """A value with its properties under the names that the model sees (wire name -> alias)."""
    return _rename(value, schema, definitions, naming.property_aliases, depth)


def wire_names(value: Any, schema: Schema, definitions: Definitions, depth: int = 0) -> Any:
    """A value with its properties under the names that are sent (alias -> wire name); wire names stay."""
    return _rename(value, schema, definitions, naming.originals, depth)


def _rename(value: Any, schema: Schema, definitions: Definitions, table: Any, depth: int) -> Any:
    if depth > 100 or not isinstance(schema, dict):
        return value
    if isinstance(value, dict):
        shape = object_shape(schema, definitions)
        names = table(shape.properties)
        renamed: dict[str, Any] = {}
        for key, child in value.items():
            wire = names.get(key, key)
            if wire in value and wire != key:
                wire = key  # both are given: which one counts is not ours to guess
            known = shape.properties.get(wire, shape.properties.get(key))
            if known is None:
                known = shape.additional
            renamed[wire] = _rename(child, _any_of(known), definitions, table, depth + 1) if known else child
        return renamed
    if isinstance(value, list):
        shape = object_shape(schema, definitions)
        return [
            _rename(
                item,
                _any_of(shape.prefix_items[i] if i < len(shape.prefix_items) else shape.items),
                definitions,
                table,
                depth + 1,
            )
            for i, item in enumerate(value)
        ]
    return value


def _any_of(schemas: list[Schema]) -> Schema:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas} if schemas else True


@dataclass(slots=True)
class Shape:
    """What a schema declares through references, allOf, anyOf, oneOf and if/then/else, all branches together."""

    properties: dict[str, list[Schema]]
    items: list[Schema]
    prefix_items: list[list[Schema]]
    additional: list[Schema]
    required: set[str]
    """By every branch that is not an alternative."""


def object_shape(schema: Schema, definitions: Definitions) -> Shape:
    shape = Shape({}, [], [], [], set())
    _gather(schema, definitions, shape, set(), certain=True)
    return shape


def _gather(schema: Schema, definitions: Definitions, shape: Shape, seen: set[str], *, certain: bool) -> None:
    if not isinstance(schema, dict):
        return
    for name, child in schema.get("properties", {}).items():
        shape.properties.setdefault(name, []).append(child)
    if isinstance(schema.get("items"), dict):
        shape.items.append(schema["items"])
    for index, child in enumerate(schema.get("prefixItems", ())):
        if index == len(shape.prefix_items):
            shape.prefix_items.append([])
        shape.prefix_items[index].append(child)
    if isinstance(schema.get("additionalProperties"), dict):
        shape.additional.append(schema["additionalProperties"])
    shape.additional.extend(schema.get("patternProperties", {}).values())
    if certain:
        shape.required.update(schema.get("required", ()))
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        seen.add(reference)
        _gather(definitions.get(reference[len(DEFS) :]).wire, definitions, shape, seen, certain=certain)
    for child in schema.get("allOf", ()):
        _gather(child, definitions, shape, seen, certain=certain)
    for key in ("anyOf", "oneOf"):
        for child in schema.get(key, ()):
            _gather(child, definitions, shape, seen, certain=False)
    for key in ("then", "else"):
        if key in schema:
            _gather(schema[key], definitions, shape, seen, certain=False)
