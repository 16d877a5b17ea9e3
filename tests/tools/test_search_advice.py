"""Descriptions that a model will stumble over, each with the sentence that shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from actionry.tools.search import OperationIndex
from actionry.tools.search_advice import Advice, advise


@dataclass(frozen=True)
class Function:
    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    method: str = ""
    path: str = ""


def taking(name: str, **schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string", **schema}}}


CLEAR = [
    Function("getWeather", "Current weather of a city.", taking("city", description="Name of the city")),
    Function("addTodo", "Add a todo to the list.", taking("todo", description="What is to be done")),
    Function("deleteUser", "Delete a user for good.", taking("user_id")),
]


def kinds(functions: list[Function]) -> list[str]:
    return [one.kind for one in advise(functions)]


def only(functions: list[Function]) -> Advice:
    [advice] = advise(functions)
    return advice


def test_clear_descriptions_get_no_advice() -> None:
    assert advise(CLEAR) == []


def test_the_same_description_twice_competes() -> None:
    twins = [Function("getA1", "Fetches the report."), Function("getB2", "Fetches the report.")]
    advice = only([*CLEAR, *twins])
    assert advice.kind == "competing-operations"
    assert advice.functions == ("getA1", "getB2")
    assert advice.sentence == "Fetches the report"


def test_an_operation_whose_own_sentence_finds_another_competes() -> None:
    functions = [
        *CLEAR,
        Function("doIt", "Report of the sales.", taking("month", description="Month of the year")),
        Function("salesReport", "Sales report: report of sales by month.", taking("sales", description="Sales")),
    ]
    advice = only(functions)
    assert advice.functions == ("doIt", "salesReport")
    assert OperationIndex(functions).search(advice.sentence)[0].name == "salesReport"


def test_an_operation_without_any_word_is_told() -> None:
    assert kinds([*CLEAR, Function("op7")]) == ["silent-operation"]


@pytest.mark.parametrize(
    ("name", "schema", "silent"),
    [
        ("q", {}, True),
        ("q", {"description": "q"}, True),
        ("param1", {"description": "The parameter"}, True),
        ("rdns", {}, True),
        ("q", {"description": "Words to look for"}, False),
        ("x", {"enum": ["on", "off"]}, False),
        ("d", {"format": "date"}, False),
        ("city", {}, False),
    ],
)
def test_a_parameter_that_says_nothing_is_told(name: str, schema: dict[str, Any], silent: bool) -> None:
    found = kinds([*CLEAR, Function("listPlanets", "List the planets.", taking(name, **schema))])
    assert found == (["silent-parameter"] if silent else [])


@pytest.mark.parametrize(
    ("description", "values"),
    [
        ("Sort order. One of 'asc' or 'desc'.", ("asc", "desc")),
        ("Can be small, medium, large", ("small", "medium", "large")),
        ("Allowed values: `open`, `closed`, `all`", ("open", "closed", "all")),
        ("Either a name or the number of the room that you want", ()),
        ("The title; must be short and clear to everybody who reads it", ()),
    ],
)
def test_values_that_only_the_description_tells(description: str, values: tuple[str, ...]) -> None:
    found = advise([*CLEAR, Function("listPlanets", "List the planets.", taking("order", description=description))])
    assert [one.values for one in found] == ([values] if values else [])


def test_an_enum_is_enough() -> None:
    schema = taking("order", description="One of 'asc' or 'desc'.", enum=["asc", "desc"])
    assert advise([*CLEAR, Function("listPlanets", "List the planets.", schema)]) == []
