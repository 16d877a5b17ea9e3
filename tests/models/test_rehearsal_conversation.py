"""A conversation: one question at a time, values from earlier results, results as tables, honest failures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from actionry.models.rehearsal import Message, RehearsalModel, Reply, show


@dataclass(frozen=True)
class Function:
    name: str
    description: str
    parameters: dict[str, Any]
    method: str
    path: str


FIXTURES = json.loads((Path(__file__).parents[2] / "bench" / "data" / "fixture_functions.json").read_text())
PETS = [{"id": 7, "name": "Rex", "species": "dog"}, {"id": 9, "name": "Mimi", "species": "cat"}]


class Talk:
    """Plays the chat: hands calls to canned results and keeps the history."""

    def __init__(self, api: str, results: Mapping[str, Any]) -> None:
        self.functions = [
            Function(f["name"], f["description"], f["parameters"], f["method"], f["path"]) for f in FIXTURES[api]
        ]
        self.results = results
        self.history: list[Message] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.model = RehearsalModel(today=lambda: date(2024, 5, 1))

    def says(self, text: str, *, status: int = 200, declined: bool = False) -> Reply:
        self.calls = []
        self.history.append(Message(role="user", text=text))
        for _ in range(6):
            reply = self.model.reply(self.history, self.functions)
            if not reply.calls:
                self.history.append(Message(role="assistant", text=reply.question or reply.text))
                return reply
            self._run(reply.calls, status, declined)
        raise AssertionError("it never stops calling")

    def _run(self, calls: Sequence[tuple[str, dict[str, Any]]], status: int, declined: bool) -> None:
        self.calls += calls
        self.history.append(Message(role="assistant", calls=tuple(calls)))
        for name, _ in calls:
            data = self.results.get(name, {"ok": True})
            self.history.append(Message(role="tool", name=name, data=data, status=status, declined=declined))


def test_asks_one_thing_and_goes_on_with_the_answer() -> None:
    talk = Talk("petstore", {})
    assert "`name`" in talk.says("Add a new pet").question
    talk.says("Bello")
    assert talk.calls == [("createPet", {"body": {"name": "Bello"}})]


def test_asks_again_with_the_rule() -> None:
    talk = Talk("petstore", {"findPetsByStatus": PETS})
    talk.says("find pets by status")
    assert "one of available, pending, sold" in talk.says("green").question
    talk.says("sold")
    assert talk.calls == [("findPetsByStatus", {"status": "sold"})]


def test_the_second_one_of_a_list_is_its_id() -> None:
    talk = Talk("petstore", {"listPets": PETS})
    talk.says("List all pets")
    talk.says("Delete the second one")
    assert talk.calls == [("deletePet", {"petId": 9})]


def test_an_id_comes_from_an_earlier_result_by_name() -> None:
    talk = Talk("petstore", {"listPets": PETS})
    talk.says("List all pets")
    talk.says("Order 2 of Rex")
    assert talk.calls == [("placeOrder", {"body": {"petId": 7, "quantity": 2}})]


def test_an_id_is_found_by_a_call_first() -> None:
    talk = Talk("petstore", {"listPets": PETS})
    talk.says("Delete the pet Mimi")
    assert talk.calls == [("listPets", {}), ("deletePet", {"petId": 9})]


def test_asks_which_one_when_the_result_leaves_it_open() -> None:
    talk = Talk("petstore", {"listPets": PETS})
    question = talk.says("Delete a pet").question
    assert "1. Rex" in question
    assert "2. Mimi" in question
    talk.says("the first one")
    assert talk.calls == [("deletePet", {"petId": 7})]


def test_a_new_wish_replaces_an_open_question() -> None:
    talk = Talk("petstore", {"listPets": PETS})
    talk.says("find pets by status")
    talk.says("show me the pet with id 7")
    assert talk.calls == [("getPetById", {"petId": 7})]


def test_never_mind() -> None:
    talk = Talk("petstore", {})
    talk.says("find pets by status")
    assert "Nothing was called" in talk.says("never mind").text


def test_results_are_a_table() -> None:
    talk = Talk("petstore", {"listPets": PETS})
    assert "| 7 | Rex | dog |" in talk.says("List all pets").text


def test_a_failure_is_told() -> None:
    talk = Talk("petstore", {"getPetById": {"message": "no such pet"}})
    text = talk.says("Show pet 7", status=404).text
    assert "404" in text
    assert "no such pet" in text


def test_a_declined_call_is_told() -> None:
    talk = Talk("petstore", {})
    assert "not called" in talk.says("Delete pet 7", declined=True).text


def test_chinese_conversation() -> None:
    talk = Talk(
        "todo", {"listTodos": {"todos": [{"todo_id": 11, "todo": "买牛奶"}, {"todo_id": 12, "todo": "交电费"}]}}
    )
    assert "的结果" in talk.says("列出我所有的待办事项").text
    talk.says("删除第二个")
    assert talk.calls == [("deleteTodo", {"todo_id": 12})]


def test_showing_says_what_it_leaves_out() -> None:
    rows = [{f"k{column}": row for column in range(9)} for row in range(30)]
    text = show(rows)
    assert "… and 10 more" in text
    assert "columns not shown: k6, k7, k8" in text


def test_showing_escapes_markup() -> None:
    assert show([{"a": "x|y<script>\n**z**"}]).splitlines()[2] == "| x\\|y\\<script> \\*\\*z\\*\\* |"


def test_showing_plain_values() -> None:
    assert show(["milk", "bread"]) == "1. milk\n2. bread"
    assert show('{"a": 1}') == "- **a**: 1"
    assert show([]) == "(an empty list)"
    assert show(None, chinese=True) == "（没有内容）"
