"""One English sentence becomes one exact call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from actionry.models.rehearsal import rehearse


@dataclass(frozen=True)
class Function:
    name: str
    description: str
    parameters: dict[str, Any]


def _object(required: str = "", **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split()}


TODO = [
    Function(
        "getTodos",
        "Get the list of todos of a user",
        _object("username", username={"type": "string", "description": "The name of the user."}),
    ),
    Function(
        "addTodo",
        "Add a todo to the list of a user",
        _object(
            "body",
            body=_object("todo", todo={"type": "string", "description": "The todo to add to the list."}),
        ),
    ),
    Function(
        "deleteTodo",
        "Delete a todo from the list",
        _object(
            "body",
            body=_object("todo_idx", todo_idx={"type": "integer", "description": "The index of the todo to delete."}),
        ),
    ),
]
WEATHER = [
    Function(
        "getCurrentWeather",
        "Get the current weather of a place",
        _object(
            "location",
            location={"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
            unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
        ),
    )
]


@pytest.mark.parametrize(
    ("text", "functions", "call"),
    [
        ('Add "buy milk" to my list', TODO, ("addTodo", {"body": {"todo": "buy milk"}})),
        ("Show the todos of user alice", TODO, ("getTodos", {"username": "alice"})),
        ("Delete todo 3", TODO, ("deleteTodo", {"body": {"todo_idx": 3}})),
        (
            "What's the weather in Paris, France in celsius?",
            WEATHER,
            ("getCurrentWeather", {"location": "Paris, France", "unit": "celsius"}),
        ),
    ],
)
def test_sentence_to_call(text: str, functions: list[Function], call: tuple[str, dict[str, Any]]) -> None:
    assert rehearse(text, functions, today=date(2024, 5, 1)).calls == [call]
