"""What a model's provider may do wrong (THREATS T-08), and the pace at which its text is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from actionry.actions.grants import Grant, MemoryGrants
from actionry.chat.events import ModelFinished, ModelStarted, Notice, TextAdded, TurnFinished
from actionry.chat.log import StaleRunner
from actionry.chat.services import BUDGETS
from actionry.chat.state import fold
from actionry.errors import ProviderError
from actionry.models.failures import ModelFailure
from actionry.models.provider import Finished, ModelEvent, ModelRequest, TextDelta, Usage
from actionry.models.scripted import Scripted, Step, calls, calls_text, cut, fails, plays, says, tries
from apps.catalogue import todo_api
from apps.server import App, Received, Reply, answer
from chat.turns import Room


def room_with(*steps: Step, **more: object) -> Room:
    return Room(provider=Scripted(*steps), actions={}, outbound=None, **more)  # type: ignore[arg-type]  # for brevity


def end_of(room: Room, turn: str) -> TurnFinished:
    [end] = room.of(turn, TurnFinished)
    return end


@pytest.mark.row("T-08")
async def test_three_tries_before_the_first_event() -> None:
    room = room_with(tries(fails(may_retry=True), fails(may_retry=True), says("Here.")))
    turn = await room.turn("Hello")
    assert room.text(turn) == "Here."
    assert len(room.waited) == 2
    assert all(0 <= wait <= 2 for wait in room.waited)
    assert [notice.code for notice in room.of(turn, Notice)] == ["provider-retry"] * 2
    assert len(room.of(turn, ModelStarted)) == 1


@pytest.mark.row("T-08")
async def test_no_fourth_try() -> None:
    room = room_with(fails(may_retry=True, told_to="operator", mend="Wait."))
    turn = await room.turn("Hello")
    assert isinstance(room.provider, Scripted)
    assert len(room.provider.requests) == 3
    end = end_of(room, turn)
    assert (end.outcome, end.may_retry, end.told_to) == ("failed", True, "operator")


@pytest.mark.row("T-08")
@pytest.mark.parametrize(("asked", "waited"), [(1.0, 1.0), (5.0, 5.0), (3600.0, 60.0)])
async def test_retry_after_is_honoured_up_to_a_minute(asked: float, waited: float) -> None:
    room = room_with(tries(fails(may_retry=True, retry_after_s=asked), says("Here.")))
    turn = await room.turn("Hello")
    assert room.waited == [waited]
    assert room.text(turn) == "Here."


async def test_what_is_not_worth_another_try_is_not_tried() -> None:
    room = room_with(fails(told_to="operator", mend="Check the key."))
    turn = await room.turn("Hello")
    assert isinstance(room.provider, Scripted)
    assert len(room.provider.requests) == 1
    assert "Check the key" in end_of(room, turn).text


async def test_an_adapter_that_tries_by_itself_is_not_tried_again() -> None:
    failure = ModelFailure("It is overloaded.", reason="overloaded", may_retry=True, told_to="operator")
    room = room_with(fails(failure))
    await room.turn("Hello")
    assert isinstance(room.provider, Scripted)
    assert len(room.provider.requests) == 1


@pytest.mark.row("T-08")
@pytest.mark.parametrize("error", [None, ProviderError("The connection broke.", may_retry=True)])
async def test_after_the_first_word_nothing_is_tried_again(error: ProviderError | None) -> None:
    room = room_with(cut("Once upon", error))
    turn = await room.turn("Tell me")
    assert isinstance(room.provider, Scripted)
    assert len(room.provider.requests) == 1
    assert room.text(turn) == "Once upon"
    end = end_of(room, turn)
    assert (end.outcome, end.may_retry) == ("failed", True)


@pytest.mark.row("T-08")
async def test_an_empty_answer_is_tried_again_and_then_told() -> None:
    nothing = plays(Finished("stop"))
    room = room_with(tries(nothing, plays(), says("Here.")))
    turn = await room.turn("Hello")
    assert room.text(turn) == "Here."
    room = room_with(nothing)
    turn = await room.turn("Hello")
    assert "nothing" in end_of(room, turn).text


@pytest.mark.row("T-08")
async def test_silence_ends_in_words() -> None:
    never = asyncio.Event()
    budgets = replace(BUDGETS, first_event_s=0.02, silence_s=0.02)
    room = room_with(plays(never), budgets=budgets)
    turn = await room.turn("Hello")
    assert "silent" in end_of(room, turn).text
    room = room_with(plays(TextDelta("Well"), never), budgets=replace(budgets, batch_s=0.01))
    turn = await room.turn("Hello")
    assert room.text(turn) == "Well"
    assert "silent" in end_of(room, turn).text


async def test_an_adapter_that_breaks_does_not_break_the_turn() -> None:
    room = room_with(plays(RuntimeError("secret in a traceback")))  # an error of the adapter's own
    turn = await room.turn("Hello")
    end = end_of(room, turn)
    assert end.outcome == "failed"
    assert "secret" not in end.text


async def test_refused_and_cut_answers_are_told() -> None:
    room = room_with(plays(Finished("refused")))
    turn = await room.turn("Hello")
    assert end_of(room, turn).told_to == "user"
    room = room_with(plays(TextDelta("A long"), Finished("length")))
    turn = await room.turn("Hello")
    assert end_of(room, turn).outcome == "done"
    assert [notice.code for notice in room.of(turn, Notice)] == ["answer-cut"]


async def test_usage_is_stored_and_estimated_where_the_provider_does_not_count() -> None:
    room = room_with(says("Fine.", usage=Usage(input_tokens=7, output_tokens=3, cached_tokens=2)))
    turn = await room.turn("Hello")
    [finished] = room.of(turn, ModelFinished)
    assert (finished.input_tokens, finished.output_tokens, finished.cached_tokens) == (7, 3, 2)
    room = room_with(says("Fine, thank you very much.", usage=Usage()))
    turn = await room.turn("Hello")
    assert room.of(turn, ModelFinished)[0].output_tokens > 3


async def test_text_is_stored_in_batches_the_first_at_once() -> None:
    gate = asyncio.Event()
    pieces = [TextDelta("x" * 100) for _ in range(100)]
    room = room_with(
        plays(TextDelta("First. "), gate, *pieces, Finished("stop")), budgets=replace(BUDGETS, batch_s=5.0)
    )
    turn = room.say("Hello")
    running = asyncio.create_task(room.run(turn))
    async with asyncio.timeout(4):
        async for stored in room.log.follow(turn):
            if isinstance(stored.event, TextAdded):
                gate.set()
        await running
    sizes = [len(event.text) for event in room.of(turn, TextAdded)]
    assert sizes[0] == 7
    assert sum(sizes) == 10_007
    assert len(sizes) <= 2 + 10_000 // 2_048


@pytest.mark.row("T-06")
async def test_a_runner_that_slept_too_long_writes_nothing() -> None:
    """A pauses in the middle of a call, B takes the turn over and ends it; A wakes up and may not write."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async with todo_api() as todo:

        async def slow(received: Received) -> Reply:
            arrived.set()
            await go_on.wait()
            return answer({"added": "milk"}, 201)

        slow_app = App(todo.document, {("POST", "/todos/{username}"): slow})
        async with slow_app as app:
            add = calls("addTodo", username="ada", body={"todo": "milk"})
            room = Room(provider=Scripted(add, says("Not known.")), actions={"a-todo": app.action()}, outbound=app.door)
            turn = await room.turn("Add milk")
            room.answer(turn)
            first = asyncio.create_task(room.run(turn))
            async with asyncio.timeout(10):
                await arrived.wait()
                await room.run(turn)  # the lease of the first has run out on the clock
                before = room.log.events(turn)
                go_on.set()
                with pytest.raises(StaleRunner):
                    await first
            assert room.log.events(turn) == before
            assert len(app.received) == 1
            assert "call_unknown" in room.kinds(turn)
            entries = [await room.journal.find(event.call_id) for event in before if event.type == "call_started"]
            assert [entry.state for entry in entries if entry is not None] == ["unknown"]


async def test_followers_see_every_event_once_and_end_with_the_turn() -> None:
    room = room_with(says("One two three", pieces=3))
    turn = room.say("Count")

    async def follow(after: int) -> list[int]:
        return [stored.seq async for stored in room.log.follow(turn, after)]

    early = asyncio.create_task(follow(0))
    await room.run(turn)
    async with asyncio.timeout(5):
        seen = await early
    assert seen == list(range(1, len(room.log.events(turn)) + 1))
    assert await follow(2) == seen[2:]


class Endless:
    """Says words as fast as it is read."""

    name = "endless"
    context_tokens = 10_000

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        while True:
            yield TextDelta("word ")
            await asyncio.sleep(0)


async def test_an_answer_without_end_is_ended_by_the_time_budget() -> None:
    room = Room(provider=Endless(), actions={}, outbound=None, budgets=replace(BUDGETS, seconds=0.1, batch_s=0.02))
    turn = await room.turn("Go")
    assert end_of(room, turn).outcome == "budget"
    assert fold(await room.log.read(turn)).rounds[0].text.startswith("word word ")


async def test_a_message_beyond_the_context_is_refused_in_words() -> None:
    room = Room(provider=Scripted(says("x"), context_tokens=5_000), actions={}, outbound=None)
    turn = await room.turn("word " * 20_000)
    end = end_of(room, turn)
    assert (end.outcome, end.told_to) == ("failed", "user")
    assert "too long" in end.text


async def test_a_character_cut_in_two_is_joined() -> None:
    gate = asyncio.Event()
    pieces = (TextDelta("Hi \ud83d"), gate, TextDelta("\ude00!"), TextDelta(" \ud83d"), Finished("stop"))
    provider = Scripted(plays(*pieces))
    room = Room(provider=provider, actions={}, outbound=None)
    turn = room.say("Hello")
    running = asyncio.create_task(room.run(turn))
    async with asyncio.timeout(5):
        async for stored in room.log.follow(turn):
            if isinstance(stored.event, TextAdded):
                gate.set()
        await running
    assert room.text(turn) == "Hi 😀! \ufffd"


@pytest.mark.parametrize(
    "arguments",
    [
        '{"username": "ada", "body": {"todo": 1208925819614629174706176}}',
        '{"username": "ada", "body": {"todo": "\\ud800"}}',
        '{"username": "a\\u0000da", "body": {"todo": "x"}}',
        "\ud800",
        "[" * 100_000,
        '{"username": "' + "x" * 3_000_000 + '"}',
        "",
    ],
)
async def test_no_arguments_break_the_turn(arguments: str) -> None:
    async with todo_api() as todo:
        provider = Scripted(calls_text("addTodo", arguments), says("So be it."))
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door)
        turn = await room.turn("Add it")
        if room.questions(turn):
            room.answer(turn)
            await room.run(turn)
        assert end_of(room, turn).outcome == "done"
        for event in room.log.events(turn):
            assert len(event.model_dump_json()) < 1_000_000


async def test_a_fault_of_our_own_ends_the_turn_in_words() -> None:
    class Broken(MemoryGrants):
        async def find(self, identity: object, origin: str) -> list[Grant]:
            raise RuntimeError("a bug")

    async with todo_api() as todo:
        provider = Scripted(calls_text("listTodos", '{"username": "ada"}'))
        room = Room(provider=provider, actions={"a-todo": todo.action()}, outbound=todo.door, grants=Broken())
        turn = await room.turn("List")
        end = end_of(room, turn)
        assert (end.outcome, end.told_to, end.may_retry) == ("failed", "operator", True)
        assert "bug" not in end.text
