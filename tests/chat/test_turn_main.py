"""The main job: a model talks, a real API is called, a person is asked first, and the model says what happened."""

from __future__ import annotations

import pytest

from actionry.chat.events import (
    CallFinished,
    CallProposed,
    CallRefused,
    CallStarted,
    ConfirmationAsked,
    TurnFinished,
)
from actionry.chat.state import fold
from actionry.models.provider import ToolResultMessage
from actionry.models.scripted import Scripted, calls, calls_text, says
from apps.catalogue import todo_api, weather_api
from chat.turns import Room

ADD = calls("addTodo", username="ada", body={"todo": "milk"})


@pytest.mark.row("CH-01")
@pytest.mark.row("CO-01")
@pytest.mark.row("CO-03")
async def test_todo_is_added_after_allow() -> None:
    async with todo_api() as todo:
        provider = Scripted(says("One moment. ") + ADD, says("I added milk."))
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door)
        turn = room.say("Add milk to my list")
        outcome = await room.run(turn)
        assert outcome.kind == "waiting"
        assert not todo.received
        [asked] = room.of(turn, ConfirmationAsked)
        assert outcome.wake_at == asked.expires_at
        [proposed] = room.of(turn, CallProposed)
        assert proposed.digest == asked.digest
        assert proposed.request is not None
        assert proposed.request["method"] == "POST"
        assert proposed.request["url"] == f"{todo.url}/todos/ada"
        assert proposed.request["body"] == {"todo": "milk"}
        assert room.answer(turn)
        assert (await room.run(turn)).kind == "finished"
        assert [r.method for r in todo.received] == ["POST"]
        assert todo.last.json == {"todo": "milk"}
        assert room.text(turn) == "One moment. I added milk."
        assert room.kinds(turn) == [
            "user_message",
            "model_started",
            "text",
            "model_finished",
            "call_proposed",
            "confirmation_asked",
            "confirmation_answered",
            "call_started",
            "call_finished",
            "model_started",
            "text",
            "model_finished",
            "turn_finished",
        ]
        [finished] = room.of(turn, CallFinished)
        assert finished.status == 201
        result = provider.requests[-1].messages[-1]
        assert isinstance(result, ToolResultMessage)
        assert result.text == '{"added": "milk"}'


@pytest.mark.row("CO-03")
async def test_declined_call_is_not_sent_and_the_model_is_told() -> None:
    async with todo_api() as todo:
        provider = Scripted(ADD, says("Then not."))
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door)
        turn = await room.turn("Add milk")
        room.answer(turn, "decline")
        assert (await room.run(turn)).kind == "finished"
        assert not todo.received
        [refused] = room.of(turn, CallRefused)
        assert refused.reason == "declined"
        result = provider.requests[-1].messages[-1]
        assert isinstance(result, ToolResultMessage)
        assert "declined" in result.text
        assert room.of(turn, TurnFinished)[0].outcome == "done"


@pytest.mark.row("CO-02")
async def test_always_allow_is_remembered_for_the_next_conversation() -> None:
    async with todo_api() as todo:
        provider = Scripted([ADD, says("Added.")], [ADD, says("Added again.")])
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door)
        turn = await room.turn("Add milk")
        room.answer(turn, "allow")
        await room.run(turn)
        # The first answer opened the domain; the write is asked still, and now may always be allowed.
        second = await room.turn("Add milk")
        [asked] = room.questions(second)
        assert asked.may_always_allow
        room.answer(second, "always_allow")
        await room.run(second)
        room.provider = Scripted(ADD, says("Added."))
        third = room.say("Add milk", conversation_id="c-other")
        assert (await room.run(third)).kind == "finished"
        assert len(todo.received) == 3


@pytest.mark.row("P-06")
async def test_consequential_is_asked_every_time() -> None:
    async with todo_api() as todo:
        delete = calls("deleteTodo", username="ada", body={"todo_idx": 0})
        provider = Scripted(delete, delete, says("Done."))
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door)
        turn = await room.turn("Delete it twice")
        for _ in range(2):
            [asked] = room.questions(turn)
            assert not asked.may_always_allow
            room.answer(turn)
            await room.run(turn)
        assert [r.method for r in todo.received] == ["DELETE", "DELETE"]
        assert fold(await room.log.read(turn)).outcome is not None


@pytest.mark.row("P-03")
async def test_edited_arguments_are_a_new_proposal() -> None:
    async with todo_api() as todo:
        provider = Scripted(ADD, says("Added."))
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door)
        turn = await room.turn("Add milk")
        room.answer(turn, arguments='{"username": "ada", "body": {"todo": "oat milk"}}')
        assert (await room.run(turn)).kind == "waiting"
        assert not todo.received
        first, second = room.of(turn, CallProposed)
        assert first.call_id == second.call_id
        assert first.digest != second.digest
        asked = room.of(turn, ConfirmationAsked)[-1]
        assert asked.digest == second.digest


@pytest.mark.row("P-07")
async def test_question_expires() -> None:
    async with todo_api() as todo:
        provider = Scripted(ADD, says("You did not answer."))
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door)
        turn = await room.turn("Add milk")
        room.clock.now += 15 * 60 + 1
        room.answer(turn)
        assert (await room.run(turn)).kind == "finished"
        assert not todo.received
        assert room.of(turn, CallRefused)[0].reason == "expired"


@pytest.mark.row("WI-14")
async def test_wrong_arguments_go_back_to_the_model() -> None:
    async with weather_api() as weather:
        provider = Scripted(
            calls_text("getForecast", '{"city": '),
            calls("nope", city="Oslo"),
            calls("getForecast", city="Oslo"),
            says("Mild."),
        )
        room = Room(provider=provider, actions={"a-weather": weather.action()}, outbound=weather.door)
        turn = await room.turn("Weather in Oslo?")
        reasons = [refused.reason for refused in room.of(turn, CallRefused)]
        assert reasons[-1] == "unknown_function"
        room.answer(turn)
        await room.run(turn)
        assert weather.last.query == {"city": "Oslo"}
        assert len(room.of(turn, CallStarted)) == 1
