"""Schemas of every version become JSON Schema 2020-12, lazily and without losing what they say."""

from __future__ import annotations

import time
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.openapi.document import read_document
from actionry.openapi.operations import OperationReader
from actionry.openapi.schemas import Schemas


def schemas(components: dict[str, Any] | None = None, *, openapi: str = "3.0.3") -> Schemas:
    root = {"openapi": openapi, "info": {"title": "T", "version": "1"}, "paths": {}}
    root |= {"components": {"schemas": components}} if components else {}
    return OperationReader(read_document(root)).schemas


def normal(raw: Any, components: dict[str, Any] | None = None) -> Any:
    return schemas(components).read(raw, "/x")


@pytest.mark.row("SP-20")
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"nullable": True, "description": "d"}, {"description": "d"}),
        (
            {"$ref": "#/components/schemas/Pet", "nullable": True},
            {"anyOf": [{"$ref": "#/$defs/Pet"}, {"type": "null"}]},
        ),
        (
            {"allOf": [{"$ref": "#/components/schemas/Pet"}], "nullable": True, "description": "d"},
            {"description": "d", "anyOf": [{"allOf": [{"$ref": "#/$defs/Pet"}]}, {"type": "null"}]},
        ),
        ({"$ref": "#/components/schemas/Pet", "description": "d"}, {"$ref": "#/$defs/Pet", "description": "d"}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"minimum": 1, "exclusiveMinimum": False}, {"minimum": 1}),
        ({"exclusiveMinimum": 1}, {"exclusiveMinimum": 1}),
        ({"type": ["string", "null"], "const": "x"}, {"type": ["string", "null"], "const": "x"}),
        ({"type": "Integer"}, {"type": "integer"}),
        ({"type": "datetime"}, {"type": "string", "format": "date-time"}),
        ({"type": "string|null"}, {"type": ["string", "null"]}),
        ({"type": "any", "description": "d"}, {"description": "d"}),
        ({"type": "array", "items": [{"type": "string"}]}, {"type": "array", "prefixItems": [{"type": "string"}]}),
        ({"type": "string", "enum": [1, True]}, {"type": "string", "enum": ["1", "true"]}),
        ({"type": "integer", "enum": ["1", "2"]}, {"type": "integer", "enum": [1, 2]}),
        ({"type": "string", "minLength": "3", "maxLength": -1}, {"type": "string", "minLength": 3}),
        ({"type": "string", "pattern": "/^a+$/"}, {"type": "string", "pattern": "^a+$"}),
        ({"type": "string", "pattern": "(?<y>"}, {"type": "string", "description": "Pattern: (?<y>"}),
        ({"type": "string", "example": "x"}, {"type": "string", "examples": ["x"]}),
        ({"additionalProperties": False, "x-in": 1}, {"additionalProperties": False}),
        ({"properties": {"type": {"type": "string"}, "$ref": {"type": "string"}}},
         {"properties": {"type": {"type": "string"}, "$ref": {"type": "string"}}}),
        (True, True),
        (False, False),
        ("text", True),
    ],
)  # fmt: skip
def test_dialects_become_one(raw: Any, expected: Any) -> None:
    assert normal(raw, {"Pet": {"type": "object"}}) == expected


def test_read_only_properties_are_for_answers_and_write_only_ones_for_requests() -> None:
    raw = {
        "type": "object",
        "required": ["id", "name", "secret"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string"},
            "secret": {"type": "string", "writeOnly": True},
            "made": {"$ref": "#/components/schemas/Stamp"},
        },
    }
    reader = OperationReader(
        read_document(
            {
                "openapi": "3.1.0",
                "paths": {},
                "components": {"schemas": {"Stamp": {"type": "string", "readOnly": True}}},
            }
        )
    )
    request, answer = reader.schemas.read(raw, "/x"), reader.answers.read(raw, "/x")
    assert isinstance(request, dict)
    assert isinstance(answer, dict)
    assert (list(request["properties"]), request["required"]) == (["name", "secret"], ["name", "secret"])
    assert (list(answer["properties"]), answer["required"]) == (["id", "name", "made"], ["id", "name"])


@pytest.mark.row("SP-18")
def test_circles_stay_as_references() -> None:
    found = schemas({"Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}})
    schema = found.read({"$ref": "#/components/schemas/Node"}, "/x")
    assert found.closure(schema) == {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}}


def test_a_reference_that_only_leads_to_itself_accepts_anything() -> None:
    found = schemas({"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}})
    schema = found.read({"$ref": "#/components/schemas/A"}, "/x")
    assert found.resolve(schema) is True


def test_a_discriminator_says_which_value_stands_for_which_branch() -> None:
    pets = {
        "Cat": {"type": "object", "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}},
        "Dog": {"type": "object", "properties": {"kind": {"type": "string", "enum": ["dog", "puppy"]}}},
    }
    raw = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"cat": "#/components/schemas/Cat", "hund": "Dog"}},
    }
    cat, dog = normal(raw, pets)["oneOf"]
    assert cat == {"$ref": "#/$defs/Cat", "properties": {"kind": {"const": "cat"}}, "required": ["kind"]}
    assert dog == {"$ref": "#/$defs/Dog"}  # the branch itself says otherwise: believe the branch


def test_a_base_type_offers_its_heirs() -> None:
    pets = {
        "Pet": {
            "type": "object",
            "properties": {"kind": {"type": "string"}},
            "discriminator": {"propertyName": "kind"},
        },
        "Cat": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"lives": {"type": "integer"}}}]},
        "Lion": {"allOf": [{"$ref": "#/components/schemas/Cat"}]},
    }
    found = schemas(pets)
    schema = found.read({"$ref": "#/components/schemas/Pet"}, "/x")
    definitions = found.closure(schema)
    assert definitions["Pet"] == {
        "anyOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Lion"}, {"$ref": "#/$defs/Pet_base"}]
    }
    assert set(found.properties(schema)) == {"kind", "lives"}
    whole = {**schema, "$defs": definitions} if isinstance(schema, dict) else {}
    assert jsonschema_rs.Draft202012Validator(whole).is_valid({"kind": "cat", "lives": 9})


@pytest.mark.row("D-05")
def test_a_reference_fan_out_is_read_in_no_time() -> None:
    """2.7 kB that would expand to 10^8 nodes: nothing is expanded."""
    width, depth = 10, 8
    levels = {
        f"L{level}": {
            "type": "object",
            "properties": {f"p{n}": {"$ref": f"#/components/schemas/L{level + 1}"} for n in range(width)},
        }
        for level in range(depth)
    } | {f"L{depth}": {"type": "string"}}
    started = time.process_time()
    found = schemas(levels)
    closure = found.closure(found.read({"$ref": "#/components/schemas/L0"}, "/x"))
    assert len(closure) == depth + 1
    assert time.process_time() - started < 0.1


_PLAIN = st.sampled_from(
    ["string", "integer", "number", "boolean", "array", "object", "null", "int", "file", 7, None, ["string"]]
)
_KEYS = [
    *("type", "properties", "items", "required", "enum", "nullable", "allOf", "oneOf", "anyOf", "not", "$ref"),
    *("minimum", "exclusiveMinimum", "maxLength", "pattern", "additionalProperties", "discriminator", "a", "b"),
]
_WILD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=4)),
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(
            st.sampled_from(_KEYS),
            st.one_of(children, _PLAIN),
            max_size=5,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@given(_WILD)
def test_whatever_stands_where_a_schema_belongs_becomes_a_valid_schema(raw: Any) -> None:
    found = schemas({"A": raw})
    schema = found.read(raw, "/x")
    shown = {"$defs": found.closure(schema), "properties": {"x": schema}}
    assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **shown})
