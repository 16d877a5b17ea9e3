"""Schemas of a document, normalized lazily to JSON Schema 2020-12 for one direction.

Whatever the document's version wrote (Swagger 2.0's `x-nullable`, 3.0's `nullable` and boolean
`exclusiveMinimum`, slips such as `type: int`), the layers above see one dialect: only keywords of JSON Schema
2020-12 (and OpenAPI's `xml`, which bodies need), references only as `#/$defs/NAME`, properties of the other
direction (readOnly in requests, writeOnly in responses) left out. OpenAPI 3.0.4 and 3.1.1, Schema Object.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from actionry.findings import escape_token, join_pointer
from actionry.openapi import keywords
from actionry.openapi.model import Schema
from actionry.openapi.references import References, Target

Direction = Literal["request", "response"]
Report = Callable[[str, str, str], None]
"""Called with the finding's code, the pointer and a message ("" for the catalogue's own)."""

DEFS = "#/$defs/"
MAX_SUBTYPES = 16
"""A base type with more inheritors than this stays as it is written: listing them all would drown the model."""


class Schemas:
    """`#/$defs/NAME` -> schema, each normalized once, on first use."""

    def __init__(self, references: References, report: Report, *, direction: Direction = "request") -> None:
        self.references = references
        """Resolves what the document itself writes as `$ref`."""
        self._report = report
        self._hidden = "readOnly" if direction == "request" else "writeOnly"
        self._names: dict[tuple[str, bool], str] = {}
        self._sources: dict[str, tuple[Target, bool]] = {}
        self._definitions: dict[str, Schema] = {}
        self._direct: dict[str, tuple[str, ...]] = {}
        self._heirs: dict[str, list[Target]] | None = None
        self.memo: dict[str, Any] = {}
        """Room for what the layers above derive from definitions once and share between functions."""

    # ------------------------------------------------------------------ reading

    def read(self, raw: Any, pointer: str) -> Schema:
        """Normalize one schema as the document writes it at `pointer`."""
        if isinstance(raw, bool):
            return raw
        if not isinstance(raw, dict):
            self._report("SCHEMA-NOT-OBJECT", pointer, "")
            return True
        if "$ref" in raw:
            return self._read_reference(raw, pointer)
        return self._read_object(raw, pointer)

    def _read_reference(self, raw: dict[str, Any], pointer: str, *, base_only: bool = False) -> Schema:
        target = self.references.target(raw["$ref"], pointer)
        siblings = {key: value for key, value in raw.items() if key != "$ref" and key in keywords.BESIDE_REFERENCE}
        beside = self._read_object(siblings, pointer) if siblings else {}
        if target is None:
            return beside or True
        if isinstance(target.node, bool):
            return target.node
        reference = {"$ref": DEFS + self._name(target, base_only=base_only), **beside}
        return _make_nullable(reference) if _says_nullable(raw) else reference

    def _read_object(self, raw: dict[str, Any], pointer: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        if "type" in raw:
            self._read_type(raw, pointer, result)
        for key, value in raw.items():
            read = _KEYWORDS.get(key)
            if read is not None:
                read(self, key, value, raw, pointer, result)
        if "enum" in result or "const" in result:
            self._fit_enum(result, pointer)
        if result.get("type") == "array" and "items" not in result and "prefixItems" not in result:
            self._report("ARRAY-NO-ITEMS", pointer, "")
        if "discriminator" in raw:
            self._read_discriminator(raw, result)
        return _make_nullable(result) if _says_nullable(raw) else result

    def _read_type(self, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        declared = raw["type"]
        if isinstance(declared, str) and declared in keywords.TYPES:
            result["type"] = declared
            return
        meant = keywords.read_type(declared)
        if not meant.exact:
            self._report("TYPE-UNKNOWN", pointer, f"`type: {_short(declared)}` is not one of JSON Schema's types.")
        if meant.types:
            result["type"] = meant.types[0] if len(meant.types) == 1 else list(meant.types)
        if meant.format and "format" not in raw:
            result["format"] = meant.format

    def _read_text(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if isinstance(value, str):
            if value and key not in result:  # a pattern that is shown as text has joined the description already
                result[key] = value
        elif value is not None and not isinstance(value, dict | list):
            result[key] = str(value)

    def _read_flag(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if value is True:
            result[key] = True

    def _read_schema(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        result[key] = self.read(value, f"{pointer}/{key}")

    def _read_items(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if isinstance(value, list):  # the tuple form of older drafts
            result["prefixItems"] = [self.read(item, f"{pointer}/items/{index}") for index, item in enumerate(value)]
            if not value:
                del result["prefixItems"]
        elif value is None:
            self._report("ARRAY-NO-ITEMS", pointer, "`items` is empty.")
            result["items"] = True
        else:
            result["items"] = self.read(value, f"{pointer}/items")

    def _read_schema_list(
        self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]
    ) -> None:
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list) or not value:
            self._report("KEYWORD-INVALID", f"{pointer}/{key}", f"`{key}` is not a list with schemas.")
            return
        branches = [
            self._read_branch(branch, f"{pointer}/{key}/{index}", is_parent=key == "allOf")
            for index, branch in enumerate(value)
        ]
        if key == "allOf":
            branches = [branch for branch in branches if branch is not True and branch != {}]
        if branches:
            result[key] = branches

    def _read_branch(self, raw: Any, pointer: str, *, is_parent: bool) -> Schema:
        """A child names its base type in allOf: there the base alone is meant, not "the base or one of its heirs"."""
        if is_parent and isinstance(raw, dict) and "$ref" in raw:
            return self._read_reference(raw, pointer, base_only=True)
        return self.read(raw, pointer)

    def _read_schema_map(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if not isinstance(value, dict):
            self._report("KEYWORD-INVALID", f"{pointer}/{key}", f"`{key}` is not a mapping.")
            return
        if key == "patternProperties":
            value = {name: child for name, child in value.items() if keywords.readable_pattern(name) == name}
        result[key] = {name: self.read(child, join_pointer(pointer, key, name)) for name, child in value.items()}

    def _read_properties(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if not isinstance(value, dict):
            self._report("PROPERTIES-NOT-OBJECT", f"{pointer}/properties", "")
            return
        properties: dict[str, Any] = {}
        required = list(keywords.names_in_required(raw.get("required")))
        for name, child in value.items():
            child_pointer = f"{pointer}/properties/{escape_token(name)}"
            if self._is_hidden(child, child_pointer):
                if name in required:
                    required.remove(name)
                continue
            properties[name] = self.read(child, child_pointer)
            if isinstance(child, dict) and child.get("required") is True and name not in required:
                required.append(name)
        result["properties"] = properties
        if (
            raw.get("additionalProperties") is False
            and "allOf" not in raw
            and "anyOf" not in raw
            and "oneOf" not in raw
        ):
            required = [name for name in required if name in properties]  # else nothing at all would be accepted
        if required:
            result["required"] = required

    def _is_hidden(self, child: Any, pointer: str) -> bool:
        if not isinstance(child, dict):
            return False
        if child.get(self._hidden) is True:
            return True
        if "$ref" in child:
            target = self.references.target(child["$ref"], pointer)
            return target is not None and isinstance(target.node, dict) and target.node.get(self._hidden) is True
        return False

    def _read_required(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if isinstance(value, bool):
            self._report(
                "SPEC-REQ-BOOL",
                f"{pointer}/required",
                f"`required: {str(value).lower()}` stands inside a schema.",
            )
            return
        if not isinstance(value, list) or any(not isinstance(name, str) for name in value):
            self._report("REQUIRED-NOT-LIST", f"{pointer}/required", "")
        if "properties" not in raw:  # otherwise `_read_properties` decides
            names = list(dict.fromkeys(keywords.names_in_required(value)))
            if names:
                result["required"] = names

    def _read_additional(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        if value is not True:  # true is the default
            result[key] = self.read(value, f"{pointer}/{key}")

    def _read_enum(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if isinstance(value, dict):
            value = list(value)
        if not isinstance(value, list) or not value:
            self._report("ENUM-INVALID", f"{pointer}/enum", "")
            return
        result["enum"] = value

    def _read_count(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        number = keywords.read_number(value)
        if number is None or number < 0 or not float(number).is_integer():
            self._report("KEYWORD-INVALID", f"{pointer}/{key}", f"`{key}: {_short(value)}` is not a count.")
            return
        result[key] = int(number)

    def _read_limit(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        """minimum, maximum, multipleOf, and 3.0's exclusive flags beside them."""
        if isinstance(value, bool) and key.startswith("exclusive"):
            return  # read together with the limit itself
        number = keywords.read_number(value)
        if number is None or not math.isfinite(number) or (key == "multipleOf" and number <= 0):
            self._report("KEYWORD-INVALID", f"{pointer}/{key}", f"`{key}: {_short(value)}` is not a usable number.")
            return
        exclusive = keywords.EXCLUSIVE.get(key)
        if exclusive is not None and raw.get(exclusive) is True:
            key = exclusive
        result[key] = number

    def _read_pattern(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if not isinstance(value, str):
            self._report("PATTERN-INVALID", f"{pointer}/pattern", "")
            return
        readable = keywords.readable_pattern(value)
        if readable != value:
            self._report("PATTERN-INVALID", f"{pointer}/pattern", f"`pattern: {_short(value)}` is not plain ECMA-262.")
        if readable is not None:
            result["pattern"] = readable
        else:
            note = f"Pattern: {value}"
            result["description"] = f"{raw['description']} {note}" if isinstance(raw.get("description"), str) else note

    def _read_value(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        result[key] = value

    def _read_example(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if "examples" not in raw and value is not None:
            result["examples"] = [value]

    def _read_examples(self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]) -> None:
        if isinstance(value, dict):  # the map of Example Objects, misplaced into a schema
            value = [item["value"] for item in value.values() if isinstance(item, dict) and "value" in item]
        if isinstance(value, list) and value:
            result["examples"] = value

    def _read_dependent_required(
        self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]
    ) -> None:
        if isinstance(value, dict):
            result[key] = {name: list(keywords.names_in_required(names)) for name, names in value.items()}

    def _read_dynamic_reference(
        self, key: str, value: Any, raw: dict[str, Any], pointer: str, result: dict[str, Any]
    ) -> None:
        target = self.references.target(value if value != "#" else "#", pointer)
        if target is not None and isinstance(target.node, dict) and target.pointer:
            result["$ref"] = DEFS + self._name(target)

    def _fit_enum(self, result: dict[str, Any], pointer: str) -> None:
        """Values that YAML typed otherwise than the schema (`type: string`, `enum: [1, 2]`) are converted."""
        kind = result.get("type")
        if not isinstance(kind, str):
            return
        if "enum" in result:
            fitted = [keywords.fit_value(value, kind) for value in result["enum"]]
            if fitted != result["enum"] or any(
                a is not b and type(a) is not type(b) for a, b in zip(fitted, result["enum"], strict=True)
            ):
                self._report("ENUM-TYPE", f"{pointer}/enum", f"Values of `enum` are not of type {kind}.")
                result["enum"] = fitted
            if any(value is None for value in fitted) and kind != "null":
                result["type"] = [kind, "null"]
        if "const" in result:
            result["const"] = keywords.fit_value(result["const"], kind)

    # ------------------------------------------------------------ discriminators

    def _read_discriminator(self, raw: dict[str, Any], result: dict[str, Any]) -> None:
        """Say in each branch which value of the discriminating property stands for it, where a mapping tells."""
        discriminator = raw["discriminator"]
        name = discriminator.get("propertyName") if isinstance(discriminator, dict) else None
        mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
        if not isinstance(name, str) or not isinstance(mapping, dict):
            return
        values: dict[str, list[str]] = {}
        for value, reference in mapping.items():
            if isinstance(reference, str):
                if not reference.startswith("#") and "/" not in reference and "." not in reference:
                    reference = f"#/components/schemas/{escape_token(reference)}"
                target = self.references.target(reference, "") if reference.startswith("#/") else None
                if target is not None:
                    values.setdefault(DEFS + self._name(target), []).append(value)
        for keyword in ("oneOf", "anyOf"):
            if keyword in result:
                result[keyword] = [self._mark_branch(branch, name, values) for branch in result[keyword]]

    def _mark_branch(self, branch: Schema, name: str, values: Mapping[str, list[str]]) -> Schema:
        if not isinstance(branch, dict) or set(branch) != {"$ref"} or branch["$ref"] not in values:
            return branch
        target, _ = self._sources[branch["$ref"][len(DEFS) :]]
        declared = target.node.get("properties") if isinstance(target.node, dict) else None
        own = declared.get(name) if isinstance(declared, dict) else None
        names = values[branch["$ref"]]
        allowed = own.get("enum", [own["const"]] if "const" in own else None) if isinstance(own, dict) else None
        if isinstance(allowed, list) and not set(map(str, allowed)) & set(names):
            return branch  # the branch says something else: believe the branch
        shown: Schema = {"const": names[0]} if len(names) == 1 else {"enum": names}
        return {"$ref": branch["$ref"], "properties": {name: shown}, "required": [name]}

    def _subtypes(self, target: Target) -> list[Target]:
        """Definitions that name this one in allOf, directly or through others: the heirs of a base type."""
        if self._heirs is None:
            self._heirs = self._find_heirs()
        found: dict[str, Target] = {}
        todo = deque([target.pointer])
        while todo and len(found) <= MAX_SUBTYPES:
            for heir in self._heirs.get(todo.popleft(), ()):
                if heir.pointer not in found:
                    found[heir.pointer] = heir
                    todo.append(heir.pointer)
        return list(found.values()) if len(found) <= MAX_SUBTYPES else []

    def _find_heirs(self) -> dict[str, list[Target]]:
        heirs: dict[str, list[Target]] = {}
        for section in ("#/components/schemas", "#/definitions"):
            definitions = self.references.find(section)
            if definitions is None or not isinstance(definitions.node, dict):
                continue
            for name, raw in definitions.node.items():
                parents = raw.get("allOf") if isinstance(raw, dict) else None
                for parent in parents if isinstance(parents, list) else ():
                    if isinstance(parent, dict) and isinstance(parent.get("$ref"), str):
                        base = self.references.find(parent["$ref"])
                        if base is not None:
                            heirs.setdefault(base.pointer, []).append(
                                Target(raw, join_pointer(definitions.pointer, name))
                            )
        return heirs

    # -------------------------------------------------------------- definitions

    def _name(self, target: Target, *, base_only: bool = False) -> str:
        """A stable, unique name for what stands at the pointer."""
        base_only = base_only and _is_base_type(target.node)
        key = (target.pointer, base_only)
        name = self._names.get(key)
        if name is None:
            wanted = keywords.definition_name(target.pointer) + ("_base" if base_only else "")
            name, number = wanted, 2
            while name in self._sources:
                name, number = f"{wanted}_{number}", number + 1
            self._names[key] = name
            self._sources[name] = (target, base_only)
        return name

    def definition(self, name: str) -> Schema:
        """The schema that `#/$defs/NAME` stands for; True (anything) when unknown."""
        if name in self._definitions:
            return self._definitions[name]
        source = self._sources.get(name)
        if source is None:
            return True
        target, base_only = source
        schema = self._read_definition(target, base_only=base_only)
        self._definitions[name] = schema
        return schema

    def _read_definition(self, target: Target, *, base_only: bool) -> Schema:
        if isinstance(target.node, dict) and "$ref" in target.node and not self._ends(target):
            return True  # a chain of references that ends nowhere
        heirs = self._subtypes(target) if not base_only and _is_base_type(target.node) else []
        if not heirs:
            return self.read(target.node, target.pointer)
        branches = [{"$ref": DEFS + self._name(heir)} for heir in heirs]
        result: dict[str, Any] = {}
        if isinstance(target.node.get("description"), str):
            result["description"] = target.node["description"]
        result["anyOf"] = [*branches, {"$ref": DEFS + self._name(target, base_only=True)}]
        self._read_discriminator(target.node, result)
        return result

    def _ends(self, target: Target) -> bool:
        return self.references.follow(target.node, target.pointer) is not None

    def resolve(self, schema: Schema) -> Schema:
        """Follow `$ref`s at the top of the schema (cycle-safe); siblings of `$ref` are merged over the target."""
        seen: set[str] = set()
        while isinstance(schema, dict) and "$ref" in schema:
            name = schema["$ref"][len(DEFS) :]
            if name in seen:
                return True
            seen.add(name)
            target = self.definition(name)
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            if not siblings:
                schema = target
            elif isinstance(target, dict):
                schema = _merge(target, siblings)
            else:
                schema = siblings if target else False
        return schema

    def names_in(self, schema: Schema) -> tuple[str, ...]:
        """Names that the schema refers to directly, in order of appearance."""
        found: dict[str, None] = {}
        _collect(schema, found)
        return tuple(found)

    def names_of(self, name: str) -> tuple[str, ...]:
        """Names that one definition refers to directly; worked out once."""
        direct = self._direct.get(name)
        if direct is None:
            direct = self._direct[name] = self.names_in(self.definition(name))
        return direct

    def closure(self, *schemas: Schema, limit: int | None = None) -> dict[str, Schema]:
        """Every definition that the schemas reach, breadth first: what belongs under `$defs`.

        With `limit`, at most that many; what lies beyond is not even read.
        """
        todo: deque[str] = deque(name for schema in schemas for name in self.names_in(schema))
        found: dict[str, Schema] = {}
        while todo and (limit is None or len(found) < limit):
            name = todo.popleft()
            if name not in found:
                found[name] = self.definition(name)
                todo.extend(other for other in self.names_of(name) if other not in found)
        return found

    def properties(self, schema: Schema) -> dict[str, Any]:
        """Property name -> schema as far as references and allOf/anyOf/oneOf tell; {} when none are declared."""
        found: dict[str, Any] = {}
        self._gather_properties(schema, found, set())
        return found

    def _gather_properties(self, schema: Schema, found: dict[str, Any], seen: set[str]) -> None:
        if not isinstance(schema, dict):
            return
        if "$ref" in schema and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            self._gather_properties(self.definition(schema["$ref"][len(DEFS) :]), found, seen)
        for name, child in schema.get("properties", {}).items():
            if name not in found or isinstance(found[name], bool):
                found[name] = child
        for keyword in ("allOf", "anyOf", "oneOf"):
            for branch in schema.get(keyword, ()):
                self._gather_properties(branch, found, seen)


KeywordReader = Callable[[Schemas, str, Any, dict[str, Any], str, dict[str, Any]], None]


def _table(*rows: tuple[Iterable[str], KeywordReader]) -> dict[str, KeywordReader]:
    return {name: read for names, read in rows for name in names}


_KEYWORDS = _table(
    (("title", "description", "format", "contentEncoding", "contentMediaType"), Schemas._read_text),
    (("deprecated", "uniqueItems"), Schemas._read_flag),
    (("properties",), Schemas._read_properties),
    (("required",), Schemas._read_required),
    (("additionalProperties",), Schemas._read_additional),
    (("items",), Schemas._read_items),
    (
        (
            "not",
            "if",
            "then",
            "else",
            "contains",
            "propertyNames",
            "unevaluatedItems",
            "unevaluatedProperties",
            "contentSchema",
        ),
        Schemas._read_schema,
    ),
    (("allOf", "anyOf", "oneOf", "prefixItems"), Schemas._read_schema_list),
    (("patternProperties", "dependentSchemas"), Schemas._read_schema_map),
    (("enum",), Schemas._read_enum),
    (("const", "default", "xml"), Schemas._read_value),
    (("example",), Schemas._read_example),
    (("examples",), Schemas._read_examples),
    (
        (
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "minProperties",
            "maxProperties",
            "minContains",
            "maxContains",
        ),
        Schemas._read_count,
    ),
    (("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"), Schemas._read_limit),
    (("pattern",), Schemas._read_pattern),
    (("dependentRequired",), Schemas._read_dependent_required),
    (("$dynamicRef", "$recursiveRef"), Schemas._read_dynamic_reference),
)
"""Everything that is kept; other keys (extensions, `externalDocs`, slips) say nothing to a model or a request."""


def _collect(node: Any, found: dict[str, None]) -> None:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(DEFS):
            found[reference[len(DEFS) :]] = None
        for key, child in node.items():
            if isinstance(child, dict | list) and key not in (
                "enum",
                "const",
                "default",
                "examples",
                "xml",
                "required",
            ):
                _collect(child, found)
    elif isinstance(node, list):
        for child in node:
            if isinstance(child, dict | list):
                _collect(child, found)


def _says_nullable(raw: Mapping[str, Any]) -> bool:
    return raw.get("nullable") is True or raw.get("x-nullable") is True


def _make_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """3.0's `nullable: true` (also Swagger's `x-nullable`) in 2020-12's words."""
    if "enum" in schema and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    combined = any(key in schema for key in ("allOf", "anyOf", "oneOf", "$ref", "const"))
    kind = schema.get("type")
    if isinstance(kind, str | list) and not combined:
        kinds = [kind] if isinstance(kind, str) else kind
        schema["type"] = kinds if "null" in kinds else [*kinds, "null"]
        return schema
    if not combined:
        return schema  # without a type it accepts null as it is
    annotations: dict[str, Any] = {
        key: schema.pop(key) for key in ("title", "description", "deprecated") if key in schema
    }
    return {**annotations, "anyOf": [schema, {"type": "null"}]}


def _is_base_type(node: Any) -> bool:
    return isinstance(node, dict) and "discriminator" in node and "oneOf" not in node and "anyOf" not in node


def _merge(target: dict[str, Any], siblings: dict[str, Any]) -> dict[str, Any]:
    merged = {**target, **siblings}
    if "properties" in target and "properties" in siblings:
        merged["properties"] = {**target["properties"], **siblings["properties"]}
    if "required" in target and "required" in siblings:
        merged["required"] = list(dict.fromkeys([*target["required"], *siblings["required"]]))
    return merged


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
