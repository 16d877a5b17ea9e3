"""Names of functions, arguments and properties: legal, unique, and the same in the next import."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.openapi.document import read_document
from actionry.openapi.operations import read_operations
from actionry.tools import naming
from actionry.tools.function_schema import Function, build_functions

LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")


def functions(paths: dict[str, Any]) -> list[Function]:
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Names", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": paths,
    }
    return build_functions(read_operations(read_document(document)))


def names(paths: dict[str, Any]) -> list[str]:
    return [function.name for function in functions(paths)]


@pytest.mark.row("SP-13")
@pytest.mark.parametrize(
    ("operation_id", "name"),
    [
        ("getUser", "getUser"),
        ("get-user_2", "get-user_2"),
        ("2fast", "2fast"),
        ("pets/list", "pets_list"),
        ("get user", "get_user"),
        ("  padded ", "padded"),
        ("a.b..c", "a_b_c"),
        ("Ｇｅｔ", "Get"),
        ("café", "cafe_850f7d"),
        ("a" * 64, "a" * 64),
        ("a" * 65, "a" * 55 + "_" + naming.fingerprint("a" * 65, 8)),
    ],
)
def test_an_operation_id_is_kept_or_made_legal(operation_id: str, name: str) -> None:
    assert names({"/x": {"get": {"operationId": operation_id}}}) == [name]


@pytest.mark.row("SP-13")
@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("get", "/users/{id}", "get_users_id"),
        ("post", "/", "post_root"),
        ("get", "/a/b.json", "get_a_b_json"),
        ("delete", "/points/{lat},{lon}", "delete_points_lat_lon"),
    ],
)
def test_a_missing_operation_id_is_derived_from_method_and_path(method: str, path: str, name: str) -> None:
    parameters = [{"name": n, "in": "path", "required": True, "schema": {}} for n in re.findall(r"{(\w+)}", path)]
    assert names({path: {method: {"parameters": parameters}}}) == [name]


def test_an_id_without_latin_letters_gets_a_fingerprint_and_still_says_where() -> None:
    first, second = names({"/weather": {"get": {"operationId": "获取天气"}, "post": {"operationId": "天气"}}})
    assert first.startswith("get_weather_")
    assert second.startswith("post_weather_")


def test_names_are_unique_and_a_declared_name_is_never_displaced() -> None:
    found = names(
        {
            "/users": {"get": {}},
            "/x": {"get": {"operationId": "get_users"}, "post": {"operationId": "same"}},
            "/y": {"post": {"operationId": "same"}, "put": {"operationId": "sa me"}, "get": {"operationId": "sa_me"}},
        }
    )
    assert len(set(found)) == len(found)
    assert "get_users" in found
    assert found[1] == "get_users"
    assert found[0].startswith("get_users_")
    assert "sa_me" in found


def test_an_unrelated_operation_changes_no_name() -> None:
    odd = {"/a b": {"get": {}}, "/x": {"get": {"operationId": "dup"}, "post": {"operationId": "dup"}}}
    before = names(odd)
    after = names({**odd, "/new": {"get": {}, "post": {"operationId": "new thing"}}})
    assert after[: len(before)] == before


@given(st.lists(st.tuples(st.sampled_from(["get", "post"]), st.text(max_size=80)), max_size=8))
def test_any_ids_give_legal_unique_names(wanted: list[tuple[str, str]]) -> None:
    paths = {f"/p{number}": {method: {"operationId": text}} for number, (method, text) in enumerate(wanted)}
    found = names(paths)
    assert len(set(found)) == len(found) == len(wanted)
    assert all(LEGAL.fullmatch(name) for name in found)


def parameter(name: str, location: str) -> dict[str, Any]:
    return {"name": name, "in": location, "required": location == "path", "schema": {"type": "string"}}


def test_two_locations_with_one_name_are_told_apart() -> None:
    operation = {"parameters": [parameter("id", "query"), parameter("id", "path"), parameter("id", "cookie")]}
    (function,) = functions({"/x/{id}": {"get": operation}})
    table = {(b.location, b.name): b.argument for b in function.bindings.all}
    assert table == {("path", "id"): "id", ("query", "id"): "id_query", ("cookie", "id"): "id_cookie"}
    assert function.bindings.renamed == {"id_query": "id", "id_cookie": "id"}


def test_a_name_that_the_location_would_give_stays_with_its_owner() -> None:
    operation = {"parameters": [parameter("id", "path"), parameter("id", "query"), parameter("id_query", "query")]}
    (function,) = functions({"/x/{id}": {"get": operation}})
    table = {(b.location, b.name): b.argument for b in function.bindings.all}
    assert table["query", "id_query"] == "id_query"
    assert table["path", "id"] == "id"
    assert len(set(table.values())) == 3


def test_a_parameter_named_body_makes_room_for_the_body() -> None:
    operation = {
        "parameters": [parameter("body", "query")],
        "requestBody": {"content": {"application/json": {"schema": {"type": "string"}}}},
    }
    with_body, without = functions(
        {"/x": {"post": operation}, "/y": {"get": {"parameters": [parameter("body", "query")]}}}
    )
    assert [b.argument for b in with_body.bindings.all] == ["body_query", "body"]
    assert [b.argument for b in without.bindings.all] == ["body"]


@pytest.mark.parametrize("name", ["$filter", "X.Y", "filter[name]", "名前", "p" * 70, "a b", "é", "[]"])
def test_an_illegal_argument_name_is_renamed_and_mapped_back(name: str) -> None:
    (function,) = functions({"/x": {"get": {"parameters": [parameter(name, "query"), parameter("plain", "query")]}}})
    (argument,) = function.arguments(query={name: "v"})
    assert LEGAL.fullmatch(argument)
    assert function.bindings.renamed == {argument: name}
    assert set(function.parameters["properties"]) == {argument, "plain"}


def test_property_aliases_keep_legal_names_and_never_meet() -> None:
    aliases = naming.property_aliases(["a_b", "a.b", "a b", "@odata.type", "plain"])
    assert aliases["@odata.type"] == "odata_type"
    assert "plain" not in aliases
    shown = [aliases.get(name, name) for name in ["a_b", "a.b", "a b", "@odata.type", "plain"]]
    assert len(set(shown)) == 5


@given(st.lists(st.text(min_size=1, max_size=70), unique=True, max_size=12))
def test_property_aliases_are_a_bijection_that_reads_back(names: list[str]) -> None:
    aliases = naming.property_aliases(names)
    shown = [aliases.get(name, name) for name in names]
    assert len(set(shown)) == len(names)
    assert all(LEGAL.fullmatch(name) for name in shown)
    back = naming.originals(names)
    assert [back.get(name, name) for name in shown] == names
