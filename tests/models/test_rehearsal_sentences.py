"""One sentence, English or Chinese, becomes one exact call, several calls, one question, or an honest answer."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from actionry.models.rehearsal import WHAT_IT_IS, WHAT_IT_IS_CHINESE, rehearse

WEDNESDAY = date(2024, 5, 1)


@dataclass(frozen=True)
class Function:
    name: str
    description: str
    parameters: dict[str, Any]
    method: str = ""
    path: str = ""


def _fixtures() -> dict[str, list[Function]]:
    read = json.loads((Path(__file__).parents[2] / "bench" / "data" / "fixture_functions.json").read_text())
    return {
        api: [Function(f["name"], f["description"], f["parameters"], f["method"], f["path"]) for f in functions]
        for api, functions in read.items()
    }


APIS = _fixtures()


def _one(description: str, required: str = "", **properties: Any) -> list[Function]:
    parameters = {"type": "object", "properties": properties, "required": required.split()}
    return [Function("doIt", description, parameters)]


@pytest.mark.parametrize(
    ("api", "text", "name", "arguments"),
    [
        ("todo", 'Add "buy milk" to my list', "addTodo", {"body": {"todo": "buy milk"}}),
        ("todo", "Add a TODO: Publish video", "addTodo", {"body": {"todo": "Publish video"}}),
        ("todo", "List my TODOs", "listTodos", {}),
        ("todo", "Delete todo 3", "deleteTodo", {"todo_id": 3}),
        (
            "todo",
            "Remind me to call mom tomorrow",
            "addTodo",
            {"body": {"todo": "call mom", "due": "2024-05-02"}},
        ),
        ("todo", "把“买牛奶”加到我的待办清单", "addTodo", {"body": {"todo": "买牛奶"}}),
        ("todo", "删除第3个待办", "deleteTodo", {"todo_id": 3}),
        (
            "weather",
            "What's the weather in Paris tomorrow?",
            "getForecast",
            {"location": "Paris", "date": "2024-05-02"},
        ),
        (
            "weather",
            "Current weather in Tokyo in fahrenheit",
            "getCurrentWeather",
            {"location": "Tokyo", "unit": "fahrenheit"},
        ),
        ("weather", "明天广州会下雨吗？", "getForecast", {"location": "广州", "date": "2024-05-02"}),
        ("weather", "东京的空气质量如何", "getAirQuality", {"city": "东京"}),
        ("petstore", "Find pets that are available", "findPetsByStatus", {"status": "available"}),
        ("petstore", "Show me 10 pets", "listPets", {"limit": 10}),
        ("petstore", "查看编号为12的宠物", "getPetById", {"petId": 12}),
        (
            "petstore",
            "我要订购2只编号15的宠物",
            "placeOrder",
            {"body": {"petId": 15, "quantity": 2}},
        ),
    ],
)
def test_sentence_to_exact_call(api: str, text: str, name: str, arguments: dict[str, Any]) -> None:
    assert rehearse(text, APIS[api], today=WEDNESDAY).calls == [(name, arguments)]


@pytest.mark.parametrize(
    ("text", "functions", "arguments"),
    [
        (
            "Convert 200 US dollars to British pounds",
            _one(
                "Convert an amount between currencies",
                "amount base_currency target_currency",
                amount={"type": "number"},
                base_currency={"type": "string", "description": "The currency to convert from."},
                target_currency={"type": "string", "description": "The currency to convert to."},
            ),
            {"amount": 200.0, "base_currency": "USD", "target_currency": "GBP"},
        ),
        (
            "Find flights from Oslo to Rome on July 10, 2024 without stops",
            _one(
                "Find flights",
                "origin destination date",
                origin={"type": "string"},
                destination={"type": "string"},
                date={"type": "string", "description": "Day of departure, in the format MM-DD-YYYY."},
            ),
            {"origin": "Oslo", "destination": "Rome", "date": "07-10-2024"},
        ),
        (
            "Compute the interest on $5,000 at 6% for five years",
            _one(
                "Compute the interest",
                "principal rate years",
                principal={"type": "integer", "description": "The principal."},
                rate={"type": "number", "description": "Yearly interest rate as a decimal."},
                years={"type": "integer", "description": "Number of years."},
            ),
            {"principal": 5000, "rate": 0.06, "years": 5},
        ),
        (
            "What is the mean of 3, 5 and 10?",
            _one("Mean of numbers", "numbers", numbers={"type": "array", "items": {"type": "number"}}),
            {"numbers": [3.0, 5.0, 10.0]},
        ),
        (
            "Book a room at 'Sea View' and include breakfast",
            _one(
                "Book a room",
                "hotel",
                hotel={"type": "string", "description": "Name of the hotel."},
                include_breakfast={
                    "type": "boolean",
                    "description": "Whether breakfast is included. Default is false.",
                },
            ),
            {"hotel": "Sea View", "include_breakfast": True},
        ),
        (
            "How far does light go in 2 hours?",
            _one("Distance light goes", "seconds", seconds={"type": "integer", "description": "Time in seconds."}),
            {"seconds": 7200},
        ),
    ],
)
def test_values_take_the_form_the_schema_asks_for(
    text: str, functions: list[Function], arguments: dict[str, Any]
) -> None:
    assert rehearse(text, functions, today=WEDNESDAY).calls == [("doIt", arguments)]


def test_several_wishes_become_several_calls() -> None:
    answer = rehearse("Show pet 7 and delete pet 9", APIS["petstore"])
    assert answer.calls == [("getPetById", {"petId": 7}), ("deletePet", {"petId": 9})]


def test_a_list_of_places_becomes_a_call_each() -> None:
    answer = rehearse("current weather in Berlin and Rome", APIS["weather"])
    assert [arguments["location"] for _, arguments in answer.calls] == ["Berlin", "Rome"]


def test_a_missing_value_is_asked_for_with_its_choices() -> None:
    answer = rehearse("find pets by status", APIS["petstore"])
    assert not answer.calls
    assert "`status`" in answer.question
    assert "available, pending, sold" in answer.question


def test_what_only_repeats_the_operation_is_no_value() -> None:
    assert "`name`" in rehearse("Add a new pet", APIS["petstore"]).question


def test_a_value_that_breaks_its_schema_is_asked_for_again_with_the_rule() -> None:
    answer = rehearse("forecast for Tokyo for the next 40 days", APIS["weather"])
    assert "between 1 and 16" in answer.question


def test_two_equally_likely_operations_are_both_named() -> None:
    twins = [
        Function(name, "Archive the file.", {"type": "object", "properties": {}})
        for name in ("archiveFile", "fileArchive")
    ]
    question = rehearse("archive the file", twins).question
    assert "`archiveFile`" in question
    assert "`fileArchive`" in question


@pytest.mark.parametrize("text", ["What is the meaning of life?", "tell me a joke", "hello", ""])
def test_unrelated_text_gets_an_honest_answer(text: str) -> None:
    answer = rehearse(text, APIS["todo"])
    assert not answer.calls
    assert answer.text.startswith(WHAT_IT_IS)
    assert "`addTodo`" in answer.text


def test_it_answers_in_chinese_when_asked_in_chinese() -> None:
    assert rehearse("你好", APIS["todo"]).text.startswith(WHAT_IT_IS_CHINESE)


def test_an_api_without_descriptions_is_told_and_listed() -> None:
    bare = [Function("op1", "", {}), Function("op2", "", {})]
    answer = rehearse("send the report", bare)
    assert "does not describe its operations" in answer.text
    assert "`op2`" in answer.text


def test_nothing_to_call() -> None:
    assert "no operation" in rehearse("do something", []).text


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "delete pet " * 90_000,
        '"' * 50_000,
        "[" * 50_000,
        "1, " * 20_000,
        "a." * 20_000,
        "x^2+" * 10_000,
        "king of " * 5_000,
        "may 1 " * 5_000,
        "删除宠物" * 10_000,
        "一百二十" * 5_000,
        '{"a":' * 5_000,
        "\ud800\x00 delete 宠物 7 und \u202e",
    ],
)
def test_hostile_sentences_take_bounded_time(text: str) -> None:
    started = time.perf_counter()
    rehearse(text, APIS["petstore"])
    assert time.perf_counter() - started < 5.0


def test_a_cut_is_told() -> None:
    assert "characters were read" in rehearse("delete pet 7 " + "x" * 30_000, APIS["petstore"]).text


def test_the_same_sentence_always_gets_the_same_answer() -> None:
    answers = {repr(rehearse("Order 2 of pet 15", APIS["petstore"], today=WEDNESDAY)) for _ in range(3)}
    assert len(answers) == 1
