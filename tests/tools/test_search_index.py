"""What a sentence finds: words, relatives, both languages, several wishes, what the found operations need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from actionry.tools.search import OperationIndex


@dataclass(frozen=True)
class Function:
    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    method: str = ""
    path: str = ""


def taking(*required: str, **described: str) -> dict[str, Any]:
    """Parameters: names that are required, and names with descriptions."""
    properties: dict[str, Any] = {name: {"type": "string"} for name in required}
    properties.update({name: {"type": "string", "description": text} for name, text in described.items()})
    return {"type": "object", "properties": properties, "required": list(required)}


MOVIES = [
    Function("searchMovie", "Search for movies by title.", taking("query"), "GET", "/search/movie"),
    Function("getMovie", "Get the details of a movie.", taking("movie_id"), "GET", "/movie/{movie_id}"),
    Function("getMovieCredits", "Cast and crew of a movie: who acted in it and who directed it.", taking("movie_id"),
             "GET", "/movie/{movie_id}/credits"),
    Function("searchPerson", "Search for people by name.", taking("query"), "GET", "/search/person"),
    Function("getPerson", "Get the details of a person.", taking("person_id"), "GET", "/person/{person_id}"),
    Function("listGenres", "List the official genres.", taking(), "GET", "/genre/list"),
    Function("createAccount", "Create an account.", taking("email", "password"), "POST", "/account"),
]  # fmt: skip
TODO = [
    Function("getTodos", "Get the list of todos", taking(), "GET", "/todos"),
    Function("addTodo", "Add a todo to the list", taking("todo"), "POST", "/todos"),
    Function("deleteTodo", "Delete a todo from the list", taking("todo_id"), "DELETE", "/todos/{todo_id}"),
    Function("getWeather", "Current weather of a city", taking("city"), "GET", "/weather"),
    Function("createOrder", "Place an order for a pet", taking("petId"), "POST", "/store/order"),
]


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("add buy milk to my list", "addTodo"),
        ("what do I still have to do?", "getTodos"),
        ("remove the second task", "deleteTodo"),
        ("is it going to rain in Oslo", "getWeather"),
        ("北京今天天气怎么样", "getWeather"),
        ("删除第一个待办事项", "deleteTodo"),
        ("帮我下一个订单", "createOrder"),
    ],
)
def test_first_is_what_the_sentence_means(sentence: str, name: str) -> None:
    assert OperationIndex(TODO).search(sentence)[0].name == name


def test_what_a_found_operation_needs_follows_it() -> None:
    names = [found.name for found in OperationIndex(MOVIES).search("who directed Titanic?", k=3)]
    assert names.index("searchMovie") == names.index("getMovieCredits") + 1


def test_the_reason_says_what_is_yielded_to_whom() -> None:
    found = {one.name: one.reason for one in OperationIndex(MOVIES).search("who directed Titanic?", k=3)}
    assert found["searchMovie"] == "yields `movie_id` that `getMovieCredits` needs"
    assert "direct" in found["getMovieCredits"]


@pytest.mark.parametrize("sentence", ["", "   ", "?!…", "\x00", "的"])
def test_nothing_is_found_for_nothing(sentence: str) -> None:
    assert OperationIndex(TODO).search(sentence) == []


def test_an_empty_index_answers_nothing() -> None:
    assert OperationIndex([]).search("anything") == []


def test_k_is_a_limit() -> None:
    index = OperationIndex(MOVIES)
    assert len(index.search("movie", k=2)) == 2
    assert index.search("movie", k=0) == []
