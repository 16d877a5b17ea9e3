"""A model's arguments become values by location, or an error that it can act on."""

from __future__ import annotations

import contextlib
import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.errors import ArgumentError
from actionry.http import File
from actionry.openapi.document import read_document
from actionry.openapi.model import Values
from actionry.openapi.operations import read_operations
from actionry.tools.arguments import read_arguments
from actionry.tools.function_schema import Function, build_functions

Json = dict[str, Any]


def function(operation: Json, components: Json | None = None, *, path: str = "/x") -> Function:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Arguments", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {path: {"post": {"operationId": "doIt", **operation}}},
        "components": {"schemas": components or {}},
    }
    (only,) = build_functions(read_operations(read_document(document)))
    return only


def query(name: str, schema: Any, **more: Any) -> Json:
    return {"name": name, "in": "query", "schema": schema, **more}


def sending(schema: Any, media_type: str = "application/json", *, required: bool = True) -> Json:
    return {"requestBody": {"required": required, "content": {media_type: {"schema": schema}}}}


def taking(schema: Any, *, required: bool = False) -> Function:
    return function({"parameters": [query("q", schema, required=required)]})


def refused(made: Function, arguments: Any) -> ArgumentError:
    with pytest.raises(ArgumentError) as caught:
        read_arguments(made, arguments)
    return caught.value


ORDER = function(
    {
        "parameters": [
            {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
            query("id", {"type": "array", "items": {"type": "integer"}}),
            {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
            {"name": "sid", "in": "cookie", "schema": {"type": "string"}},
            query("v", {"const": "2"}, required=True),
        ],
        **sending(
            {
                "type": "object",
                "required": ["kind", "items"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"const": "order"},
                    "ship.to": {"type": "string"},
                    "items": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["price"],
                            "properties": {"price": {"type": "number", "minimum": 0}, "sku": {"type": "string"}},
                        },
                    },
                },
            }
        ),
    },
    path="/orders/{id}",
)


def test_values_stand_by_location_under_their_wire_names() -> None:
    given = {"id": 7, "id_query": [1, 2], "X-Trace": "t", "sid": "s", "body": {"ship_to": "Rome", "items": []}}
    expected = Values(
        path={"id": 7},
        query={"id": [1, 2], "v": "2"},
        header={"X-Trace": "t"},
        cookie={"sid": "s"},
        body={"ship.to": "Rome", "items": [], "kind": "order"},
        has_body=True,
        media_type="application/json",
    )
    assert read_arguments(ORDER, given) == expected
    assert read_arguments(ORDER, json.dumps(given)) == expected
    assert read_arguments(ORDER, json.dumps(given).encode()) == expected


def test_what_the_locations_say_comes_back() -> None:
    body = {"ship.to": "Rome", "items": [{"price": 2.5}], "kind": "order"}
    given = ORDER.arguments(path={"id": 7}, query={"id": [1], "v": "2"}, header={"x-trace": "t"}, body=body)
    values = read_arguments(ORDER, given)
    assert (values.path, values.query, values.header) == ({"id": 7}, {"id": [1], "v": "2"}, {"X-Trace": "t"})
    assert values.body == body


def test_original_names_and_right_constants_are_accepted_too() -> None:
    values = read_arguments(ORDER, {"id": 7, "v": "2", "body": {"kind": "order", "ship.to": "a", "items": []}})
    assert values.body == {"kind": "order", "ship.to": "a", "items": []}
    assert refused(ORDER, {"id": 7, "v": "3", "body": {"items": []}}).argument == "v"
    assert refused(ORDER, {"id": 7, "body": {"kind": "other", "items": []}}).argument == "body.kind"


def test_what_is_omitted_is_not_sent() -> None:
    made = function({"parameters": [query("a", {"type": "integer", "default": 5})], **sending({}, required=False)})
    assert read_arguments(made, {}) == Values()
    assert read_arguments(made, "") == Values()
    assert read_arguments(made, None) == Values()


def test_keys_of_a_free_form_object_are_left_alone() -> None:
    schema = {"type": "object", "properties": {"a.b": {"type": "string"}}, "additionalProperties": {"type": "object"}}
    made = function(sending({"type": "object", "properties": {"m": schema, "free": {"type": "object"}}}))
    body = {"m": {"a_b": "x", "other key": {"a_b": 1}}, "free": {"a_b": 2, "c.d": 3}}
    assert read_arguments(made, {"body": body}).body == {
        "m": {"a.b": "x", "other key": {"a_b": 1}},
        "free": {"a_b": 2, "c.d": 3},
    }


# ---------------------------------------------------------------------------- what is mended


@pytest.mark.row("WI-14")
@pytest.mark.parametrize(
    ("schema", "given", "meant"),
    [
        ({"type": "integer"}, "7", 7),
        ({"type": "integer"}, " -7 ", -7),
        ({"type": "integer"}, "7.0", 7),
        ({"type": "integer"}, 5.0, 5),
        ({"type": "number"}, "2.5", 2.5),
        ({"type": "number"}, "1e3", 1000.0),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "False", False),
        ({"type": "string"}, 7, "7"),
        ({"type": "string"}, 2.5, "2.5"),
        ({"type": "string"}, True, "true"),
        ({"type": ["integer", "null"]}, "null", None),
        ({"type": "array", "items": {"type": "string"}}, "a", ["a"]),
        ({"type": "array", "items": {"type": "integer"}}, "7", [7]),
        ({"type": "array", "items": {"type": "integer"}}, "1,2, 3", [1, 2, 3]),
        ({"type": "array", "items": {"type": "string"}}, '["a", "b"]', ["a", "b"]),
        ({"type": "array", "items": {"type": "object"}}, {"a": 1}, [{"a": 1}]),
        ({"type": "string"}, ["a"], "a"),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"type": "object", "properties": {"n": {"type": "integer"}}}, "{'n': '1',}", {"n": 1}),
        ({"type": "string", "enum": ["In Progress", "Done"]}, "in_progress", "In Progress"),
        ({"type": "integer", "enum": [1, 2]}, "2", 2),
        ({"enum": ["1", "2"]}, 2, "2"),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "12", 12),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "12", 12),
        ({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}, "7", 7),
        ({"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"type": "integer"}}]}, "7", [7]),
        (
            {"type": "object", "properties": {"n": {"type": "integer"}, "o": {"type": "string"}}},
            {"n": 1, "o": None},
            {"n": 1},
        ),
        (
            {"type": "object", "properties": {"userId": {}}, "additionalProperties": False},
            {"user_id": 1},
            {"userId": 1},
        ),
        ({"type": "array", "items": {"type": "integer"}}, [1, "2", 3.0], [1, 2, 3]),
        ({"allOf": [{"$ref": "#/components/schemas/N"}]}, "4", 4),
    ],
)
def test_what_is_plainly_meant_is_mended(schema: Json, given: Any, meant: Any) -> None:
    made = function({"parameters": [query("q", schema)]}, {"N": {"type": "integer"}})
    value = read_arguments(made, {"q": given}).query["q"]
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize(
    ("schema", "given"),
    [
        ({"type": "array", "items": {"type": "string"}}, "a,b"),
        ({"type": "integer"}, "seven"),
        ({"type": "integer"}, "1,000"),
        ({"type": "integer"}, 5.5),
        ({"type": "integer"}, True),
        ({"type": "boolean"}, 1),
        ({"type": "boolean"}, "yes"),
        ({"type": "string", "enum": ["a-b", "a_b"]}, "A B"),
        ({"type": "string"}, ["a", "b"]),
        ({"type": "string"}, {"a": 1}),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "7.5"),
    ],
)
def test_what_has_two_readings_is_asked_back(schema: Json, given: Any) -> None:
    assert refused(taking(schema), {"q": given}).argument == "q"


def test_a_valid_value_is_never_changed() -> None:
    made = function(
        {
            "parameters": [
                query("a", {"type": ["string", "integer"]}),
                query("b", {"type": "string"}),
                query("n", {"type": "integer"}),
            ]
        }
    )
    values = read_arguments(made, {"a": "7", "b": "[1]", "n": "3"})
    assert values.query == {"a": "7", "b": "[1]", "n": 3}


def test_null_for_an_optional_argument_means_omitted() -> None:
    made = function({"parameters": [query("a", {"type": "string"}), query("b", {"type": ["string", "null"]})]})
    assert read_arguments(made, {"a": None, "b": None}).query == {"b": None}
    assert refused(taking({"type": "string"}, required=True), {"q": None}).rule == "type"


def test_a_null_body_is_told_from_no_body() -> None:
    nullable = function(sending({"type": ["object", "null"]}, required=False))
    plain = function(sending({"type": "object"}, required=False))
    assert read_arguments(nullable, {"body": None}).has_body
    assert not read_arguments(plain, {"body": None}).has_body


PET = function(
    {
        "parameters": [{"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}}],
        **sending({"type": "object", "properties": {"name": {"type": "string"}, "tag": {"type": "string"}}}),
    },
    path="/pets/{petId}",
)


@pytest.mark.parametrize(
    "given",
    [
        {"petId": 1, "name": "Rex", "tag": "dog"},
        {"petId": 1, "tag": "dog", "body": {"name": "Rex"}},
        {"pet_id": "1", "body": {"name": "Rex", "tag": "dog"}},
        {"parameters": {"petId": 1, "body": {"name": "Rex", "tag": "dog"}}},
        {"name": "doIt", "arguments": '{"petId": 1, "body": {"name": "Rex", "tag": "dog"}}'},
        {"path": {"petId": 1}, "body": {"name": "Rex", "tag": "dog"}},
        {"body": {"petId": 1, "name": "Rex", "tag": "dog"}},
        {"petId": 1, "body": '{"name": "Rex", "tag": "dog"}'},
        json.dumps(json.dumps({"petId": 1, "body": {"name": "Rex", "tag": "dog"}})),
    ],
)
def test_arguments_in_the_wrong_place_find_their_own(given: Any) -> None:
    values = read_arguments(PET, given)
    assert values.path == {"petId": 1}
    assert values.body == {"name": "Rex", "tag": "dog"}


def test_a_stray_name_that_nobody_declares_is_refused_with_the_nearest() -> None:
    error = refused(PET, {"petId": 1, "body": {}, "colour": "red"})
    assert (error.argument, error.rule) == ("colour", "unknown")
    assert "Known: `petId`, `body`" in str(error)
    assert "Did you mean `petId`?" in str(refused(PET, {"petIds": 1, "body": {}}))


@pytest.mark.row("SP-24")
@pytest.mark.row("R-08")
def test_properties_that_are_not_listed_pass_only_where_the_schema_allows() -> None:
    open_object = function(sending({"type": "object", "properties": {"a": {}}}))
    closed = function(sending({"type": "object", "properties": {"a": {}}, "additionalProperties": False}))
    assert read_arguments(open_object, {"body": {"zz": 1}}).body == {"zz": 1}
    error = refused(closed, {"body": {"zz": 1}})
    assert (error.argument, error.rule) == ("body.zz", "unknown")


# ----------------------------------------------------------------------------- JSON slips


@pytest.mark.row("WI-14")
@pytest.mark.parametrize(
    "text",
    [
        '{"q": [1, 2,],}',
        "{'q': [1, 2]}",
        '```json\n{"q": [1, 2]}\n```',
        '{"q": [1, 2]',
        '{"q": [1, 2',
        '{"q": [1, 2]}}',
        "{q: [1, 2]}",
        "{“q”: [1, 2]}",
        '{"q": [1, 2] /* both */} // done',
        '\ufeff{"q":\u00a0[1, 2]}',
        '{"q": [+1, 2]}',
    ],
)
def test_json_slips_with_one_reading_are_mended(text: str) -> None:
    made = taking({"type": "array", "items": {"type": "integer"}})
    assert read_arguments(made, text).query == {"q": [1, 2]}


def test_python_literals_and_odd_escapes_are_read() -> None:
    made = function(sending({}))
    text = "{'body': {'a': True, 'b': None, 'c': 'it\\'s', 'd': '\\d+', 'e': 'two\nlines', 'f': '\\ud83d\\ude00'}}"
    assert read_arguments(made, text).body == {
        "a": True, "b": None, "c": "it's", "d": "\\d+", "e": "two\nlines", "f": "😀",
    }  # fmt: skip


@pytest.mark.row("WI-14")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"q": "cut off', "line 1, column 15"),
        ('{"q": }', "line 1, column 7"),
        ('{"q": NaN}', "line 1, column 7"),
        ('{\n"q": 1\n"r": 2}', "line 3, column 1"),
        ('{"q": 1}{"q": 2}', "line 1, column 9"),
        ('{"q" 1}', "line 1, column 6"),
        ("get the weather", "line 1, column 1"),
        ('{"q": 1e999}', "line 1, column 7"),
        ('{"q": "\\ud800"}', "line 1"),
        ("[" * 5000, "line 1"),
    ],
)
def test_text_that_is_no_json_is_refused_with_its_place(text: str, place: str) -> None:
    error = refused(taking({}), text)
    assert error.rule == "json"
    assert place in str(error)


@pytest.mark.parametrize("value", ["[]", "7", '"text"', "true"])
def test_arguments_must_be_an_object(value: str) -> None:
    assert refused(taking({}), value).rule == "type"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_any_json_passes_unchanged_where_anything_is_allowed(value: Any) -> None:
    made = function(sending({}))
    text = json.dumps({"body": value})
    assert read_arguments(made, text).body == json.loads(text)["body"]
    assert read_arguments(made, {"body": value}).body == value


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(ArgumentError):
        read_arguments(taking({}), text)


def test_long_integers_keep_every_digit() -> None:
    made = function(sending({"type": "object"}))
    assert read_arguments(made, '{"body": {"id": 123456789012345678901234567890}}').body == {
        "id": 123456789012345678901234567890
    }


# --------------------------------------------------------------------------------- refused


@pytest.mark.row("R-07")
@pytest.mark.parametrize("value", [math.nan, math.inf, {"a": [-math.inf]}])
def test_numbers_that_json_cannot_say_are_refused(value: Any) -> None:
    assert refused(function(sending({})), {"body": value}).rule == "finite"


@pytest.mark.row("R-07")
def test_what_is_no_json_value_is_refused() -> None:
    made = function(sending({}))
    assert refused(made, {"body": "\ud800"}).rule == "unicode"
    assert refused(made, {"body": {1: 2}}).rule == "name"
    assert refused(made, {"body": object()}).rule == "type"
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    assert refused(made, {"body": deep}).rule == "depth"


@pytest.mark.row("R-07")
def test_too_long_arguments_are_refused() -> None:
    made = function(sending({}))
    assert refused(made, {"body": "x" * 10_000_000}).rule == "size"
    assert refused(made, json.dumps({"body": "x" * 200_000})).rule == "size"
    assert read_arguments(made, {"body": "名" * 90_000}).has_body


@pytest.mark.row("D-07")
def test_patterns_are_matched_in_linear_time_and_unknown_ones_left_out() -> None:
    slow = taking({"type": "string", "pattern": "^(a+)+$"})
    assert refused(slow, {"q": "a" * 60 + "!"}).rule == "pattern"
    for pattern in ("^(?=.*[A-Z]).+$", "(a)\\1", "^\\d{1,1000000}$"):
        assert read_arguments(taking({"type": "string", "pattern": pattern}), {"q": "x"}).query == {"q": "x"}


@pytest.mark.parametrize(
    ("schema", "given", "rule"),
    [
        ({"type": "integer", "minimum": 3}, 1, "minimum"),
        ({"type": "integer", "exclusiveMaximum": 3}, 3, "exclusiveMaximum"),
        ({"type": "integer", "multipleOf": 5}, 3, "multipleOf"),
        ({"type": "string", "minLength": 5}, "abc", "minLength"),
        ({"type": "string", "maxLength": 2}, "abc", "maxLength"),
        ({"type": "string", "pattern": "^[A-Z]{3}-\\d{2,4}$"}, "abc", "pattern"),
        ({"type": "string", "enum": ["a", "b"]}, "zzz", "enum"),
        ({"type": "array", "minItems": 2, "items": {"type": "string"}}, ["a"], "minItems"),
        ({"type": "array", "uniqueItems": True}, [1, 1], "uniqueItems"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, {}, "required"),
        ({"type": "object", "minProperties": 1}, {}, "minProperties"),
        ({"type": "array", "items": {"type": "integer"}}, ["x"], "type"),
        ({"not": {"const": "a"}, "type": "string"}, "a", "not"),
    ],
)
def test_an_error_names_the_rule_and_an_example_that_passes(schema: Json, given: Any, rule: str) -> None:
    made = taking(schema)
    error = refused(made, {"q": given})
    assert error.rule == rule
    assert error.told_to == "model"
    assert error.may_retry
    assert error.argument is not None
    if rule not in ("minProperties", "uniqueItems"):
        assert error.example is not None
        value: Any = error.example
        if error.argument == "q[0]":
            value = [value]
        elif error.argument == "q.a":
            value = {"a": value}
        assert read_arguments(made, {"q": value}).query == {"q": value}


def test_an_error_names_the_place() -> None:
    error = refused(ORDER, {"id": 7, "body": {"items": [{"price": 1}, {"price": 2}, {"price": -3}]}})
    assert (error.argument, error.rule, error.example) == ("body.items[2].price", "minimum", 0)
    assert str(error) == "`body.items[2].price`: -3 is out of range: at least 0. Give for example 0."
    missing = refused(ORDER, {})
    assert missing.rule == "required"
    assert missing.message == "`id`, `body` are missing."
    assert missing.mend is not None
    assert "kind" not in missing.mend


def test_of_a_union_the_branch_that_was_meant_is_explained() -> None:
    cat = {
        "type": "object",
        "required": ["type", "lives"],
        "properties": {"type": {"const": "cat"}, "lives": {"type": "integer"}},
    }
    dog = {
        "type": "object",
        "required": ["type", "tail"],
        "properties": {"type": {"const": "dog"}, "tail": {"type": "string"}},
    }
    made = function(sending({"oneOf": [cat, dog]}))
    error = refused(made, {"body": {"type": "cat", "lives": "many"}})
    assert (error.argument, error.rule) == ("body.lives", "type")
    assert refused(made, {"body": {"type": "dog"}}).argument == "body.tail"


def test_a_message_shows_no_endless_value() -> None:
    assert len(str(refused(taking({"type": "integer"}), {"q": "x" * 50_000}))) < 500


# ----------------------------------------------------------------------------------- files


def test_files_and_bytes_stand_where_binary_text_is_declared() -> None:
    upload = {
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "format": "binary", "maxLength": 3},
            "size": {"type": "integer"},
            "more": {"type": "array", "items": {"type": "string", "format": "binary"}},
        },
    }
    made = function(sending(upload, "multipart/form-data"))
    file = File("a.txt", b"abcdef")
    values = read_arguments(made, {"body": {"file": file, "more": [b"x", file]}})
    assert values.body == {"file": file, "more": [b"x", file]}
    assert values.media_type == "multipart/form-data"
    assert read_arguments(made, {"body": {"file": b"x", "size": "7"}}).body == {"file": b"x", "size": 7}
    assert refused(made, {"body": {"file": b"x", "size": b"y"}}).argument == "body.size"


def test_a_file_as_the_whole_body_takes_the_media_type_for_bytes() -> None:
    made = function(
        {
            "requestBody": {
                "content": {
                    "application/json": {"schema": {"type": "object"}},
                    "image/png": {"schema": {"type": "string", "format": "binary"}},
                }
            }
        }
    )
    assert read_arguments(made, {"body": b"png"}).media_type == "image/png"
    assert read_arguments(made, {"body": {}}).media_type == "application/json"


def test_a_body_that_only_another_declared_media_type_takes_is_sent_as_that() -> None:
    made = function(
        {
            "requestBody": {
                "content": {
                    "application/json": {"schema": {"type": "object", "properties": {"file": {"type": "string"}}}},
                    "multipart/form-data": {
                        "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
                    },
                    "text/plain": {"schema": {"type": "string"}},
                }
            }
        }
    )
    assert read_arguments(made, {"body": "just text"}).media_type == "text/plain"
    assert read_arguments(made, {"body": {"file": b"x"}}).media_type == "multipart/form-data"
    assert read_arguments(made, {"body": {"file": "x"}}).media_type == "application/json"
    assert refused(made, {"body": [1, 2]}).argument == "body"


@pytest.mark.row("D-05")
def test_nested_unions_cost_no_endless_time() -> None:
    union = {
        "anyOf": [
            {"type": "array", "items": {"$ref": "#/components/schemas/X"}},
            {"type": "array", "items": {"$ref": "#/components/schemas/Y"}},
            {"type": "integer"},
        ]
    }
    made = function(sending({"$ref": "#/components/schemas/X"}), {"X": union, "Y": {**union, "description": "Y"}})
    deep: Any = "x"
    for _ in range(60):
        deep = [deep]
    start = time.process_time()
    error = refused(made, {"body": deep})
    assert error.argument == "body"
    assert time.process_time() - start < 2
    assert read_arguments(made, {"body": [[[1]]]}).body == [[[1]]]
    assert read_arguments(made, {"body": [["1", "2"]]}).body == [[1, 2]]


def test_an_empty_value_passes_where_the_document_allows_it() -> None:
    flag = query("flag", {"type": "integer"}, allowEmptyValue=True)
    made = function({"parameters": [flag, query("n", {"type": "integer"})]})
    assert read_arguments(made, {"flag": ""}).query == {"flag": ""}
    assert read_arguments(made, {"flag": "7"}).query == {"flag": 7}
    assert refused(made, {"flag": "x"}).argument == "flag"
    assert refused(made, {"n": ""}).argument == "n"
