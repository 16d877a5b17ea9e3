"""The built-in model in a real turn: the TODO demo in English and Chinese, with consent, questions and failures."""

from __future__ import annotations

from datetime import date

import pytest

from actionry.models.provider import Finished, ModelRequest, TextDelta, ToolCallReady, ToolDefinition, UserMessage
from actionry.models.rehearsal import WHAT_IT_IS, WHAT_IT_IS_CHINESE
from actionry.models.rehearsal_provider import RehearsalProvider
from apps.catalogue import todo_api
from apps.server import App
from chat.turns import Room


def room_of(app: App) -> Room:
    provider = RehearsalProvider(today=lambda: date(2026, 1, 15))
    return Room(provider=provider, actions={"a-todo": app.action()}, outbound=app.door)


@pytest.mark.parametrize(
    ("said", "name", "todo"),
    [("add a todo: buy milk", "ada", "buy milk"), ("添加待办：买牛奶", "小明", "买牛奶")],
)
async def test_the_demo(said: str, name: str, todo: str) -> None:
    async with todo_api() as app:
        room = room_of(app)
        turn = await room.turn(said)
        if not room.questions(turn):  # it asks for what is missing: the list's owner
            assert "username" in room.text(turn)
            turn = await room.turn(name)
        room.answer(turn)
        assert (await room.run(turn)).kind == "finished"
        assert app.last.method == "POST"
        assert app.last.json == {"todo": todo}
        assert app.last.path.startswith("/todos/")
        assert "addTodo" in room.text(turn)


async def test_declining_is_understood() -> None:
    async with todo_api() as app:
        room = room_of(app)
        turn = await room.turn('Add "milk" to the list of user "ada"')
        room.answer(turn, "decline")
        await room.run(turn)
        assert not app.received
        assert room.text(turn)


async def test_an_error_answer_is_told_with_its_status() -> None:
    async with todo_api() as app:
        room = room_of(app)
        turn = await room.turn('Delete todo_idx 7 of user "ada"')
        room.answer(turn)
        await room.run(turn)
        assert app.last.method == "DELETE"
        assert "404" in room.text(turn)


@pytest.mark.parametrize(("said", "words"), [("Hello", WHAT_IT_IS), ("你好", WHAT_IT_IS_CHINESE)])
async def test_it_says_what_it_is(said: str, words: str) -> None:
    async with todo_api() as app:
        room = room_of(app)
        turn = await room.turn(said)
        assert words in room.text(turn)


async def test_the_same_request_gets_the_same_streamed_answer() -> None:
    tools = [
        ToolDefinition(
            name="getWeather",
            description="Weather of a city",
            parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            method="GET",
            path="/weather",
        ),
        ToolDefinition(name="find_operations", description="Search.", parameters={"type": "object"}),
    ]
    request = ModelRequest(messages=[UserMessage("What is the weather in Paris?")], tools=tools)
    provider = RehearsalProvider()
    first = [event async for event in provider.stream(request)]
    assert first == [event async for event in provider.stream(request)]
    [ready] = [event for event in first if isinstance(event, ToolCallReady)]
    assert (ready.call.name, ready.call.arguments) == ("getWeather", '{"city":"Paris"}')
    assert isinstance(first[-1], Finished)
    hello = ModelRequest(messages=[UserMessage("Hello")], tools=tools)
    said = [event async for event in provider.stream(hello)]
    assert sum(isinstance(event, TextDelta) for event in said) > 5
