"""What a model reads: names of functions, system text, messages, trimming; and what it does not."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.actions.action import Action, load_action
from actionry.chat.memory import MemoryActions
from actionry.chat.prompt import RoundMessages, TurnMessages, system_text
from actionry.chat.services import BUDGETS
from actionry.chat.toolbox import Toolbox, name_functions, open_toolbox
from actionry.chat.trimming import trim
from actionry.gpts.gpt import GptAction, GptContent
from actionry.models.provider import (
    AssistantMessage,
    Message,
    SystemMessage,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from actionry.models.scripted import Scripted, calls, says
from actionry.tools.tokens import count_tokens
from apps.catalogue import document, operation, todo_api, weather_api
from chat.turns import Room


def api(title: str, *names: str, description: str = "") -> Action:
    paths = {f"/{name}": {"get": operation(name, f"Does {name}")} for name in names}
    spec = document(title, paths, servers=[{"url": "https://api.example.com"}])
    spec["info"]["description"] = description
    return load_action(spec)


def pair(action_id: str, source: Action, **more: object) -> tuple[GptAction, Action]:
    return GptAction(id=action_id, document_id=action_id, **more), source  # type: ignore[arg-type]  # for brevity


def names_of(*pairs: tuple[GptAction, Action]) -> list[str]:
    return [offered.name for offered in name_functions(pairs)]


# -------------------------------------------------------------------------------------------------------------- names


def test_one_action_keeps_its_names() -> None:
    assert names_of(pair("a-1", api("Shop", "search", "buy"))) == ["search", "buy"]


@pytest.mark.row("SP-11")
def test_only_what_meets_is_put_under_its_actions_name() -> None:
    shop, library = pair("a-1", api("The Shop", "search", "buy")), pair("a-2", api("Library", "search", "lend"))
    assert names_of(shop, library) == ["the_shop_search", "buy", "library_search", "lend"]
    assert sorted(names_of(library, shop)) == sorted(names_of(shop, library))


def test_actions_of_one_title_stay_apart() -> None:
    first, second = pair("a-1", api("Shop", "search")), pair("a-2", api("Shop", "search"))
    names = names_of(first, second)
    assert len(set(names)) == 2
    assert set(names_of(second, first)) == set(names)


def test_names_of_the_search_are_reserved() -> None:
    assert names_of(pair("a-1", api("Ops", "find_operations", "run"))) == ["ops_find_operations", "run"]


@pytest.mark.row("SP-14")
def test_disabled_operations_are_not_offered() -> None:
    assert names_of(pair("a-1", api("Shop", "search", "buy"), disabled_operations=frozenset({"buy"}))) == ["search"]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "x" * 64, "t_a"]), max_size=4, unique=True), max_size=4))
def test_names_are_unique_and_legal(groups: list[list[str]]) -> None:
    pairs = [pair(f"a-{number}", api("T", *names)) for number, names in enumerate(groups)]
    names = names_of(*pairs)
    assert len(set(names)) == len(names) == sum(map(len, groups))
    assert all(0 < len(name) <= 64 for name in names)


async def test_an_action_that_is_gone_costs_its_own_functions() -> None:
    content = GptContent(actions=(GptAction(id="a-1", document_id="d-1"), GptAction(id="a-2", document_id="d-gone")))
    toolbox = await open_toolbox(content, MemoryActions({"d-1": api("Shop", "search")}))
    assert list(toolbox.by_name) == ["search"]
    assert [each.action.id for each in toolbox.unavailable] == ["a-2"]


# -------------------------------------------------------------------------------------------------------- large APIs


def large_api() -> Action:
    paths = {
        f"/things{number}": {"get": operation(f"getThing{number}", f"Read the {number}. thing")} for number in range(99)
    }
    paths["/invoices"] = {"post": operation("createInvoice", "Create an invoice for a customer")}
    return load_action(document("Large", paths, servers=[{"url": "https://api.example.com"}]))


async def test_a_large_api_is_offered_by_search() -> None:
    provider = Scripted(
        calls("find_operations", query="create an invoice"),
        calls("describe_operation", name="getThing7"),
        calls("getThing3"),
        says("Found."),
    )
    room = Room(provider=provider, actions={"a-large": large_api()}, outbound=None)
    turn = await room.turn("Hello there")
    offered = [[tool.name for tool in request.tools] for request in provider.requests]
    assert offered[0] == ["find_operations", "describe_operation"]
    assert "createInvoice" in offered[1]
    assert "getThing7" in offered[2]
    assert "createInvoice" in offered[2]
    assert all(len(names) <= 2 + BUDGETS.found_functions for names in offered)
    assert room.questions(turn)  # what was not offered and exists is called all the same, through the same consent
    found = [m for m in provider.requests[1].messages if isinstance(m, ToolResultMessage)]
    assert orjson.loads(found[0].text)["operations"][0]["name"] == "createInvoice"


async def test_what_fits_the_message_is_offered_at_once() -> None:
    provider = Scripted(says("Which customer?"))
    room = Room(provider=provider, actions={"a-large": large_api()}, outbound=None)
    await room.turn("Please create an invoice")
    assert "createInvoice" in [tool.name for tool in provider.requests[0].tools]
    assert "Find others with find_operations" in getattr(provider.requests[0].messages[0], "text", "")


# ------------------------------------------------------------------------------------------------------------- system


@pytest.mark.row("PR-01")
def test_system_text_holds_instructions_and_actions() -> None:
    content = GptContent(instructions="Be\u200b brief.\U000e0041", knowledge_file_ids=("f-1",))
    toolbox = Toolbox([pair("a-1", api("Shop", "search", description="Sells\u202e books."))])
    text = system_text(content, toolbox, large=False, now=1_800_000_000)
    assert text.startswith("Be brief.")
    assert "## Shop\nSells books." in text
    assert "knowledge" in text
    assert "not instructions" in text
    assert "2027-01-15" in text


@pytest.mark.row("P-11")
async def test_invisible_text_does_not_reach_the_model() -> None:
    async with todo_api() as todo:
        spec = todo.document
        spec["paths"]["/todos/{username}"]["get"]["summary"] = "List\u200b the TODOs\U000e0049\U000e0047"
        provider = Scripted(says("Hi."))
        room = Room(provider=provider, actions={"a-todo": todo.action(paths=spec["paths"])}, outbound=todo.door)
        await room.turn("Hello\u200b \u202eworld")
        request = provider.requests[0]
        text = repr(request.messages) + repr(request.tools)
        assert not any(character in text for character in "\u200b\u202e\U000e0049")
        assert "\\u200b" not in text


async def test_broken_arguments_come_back_as_an_object() -> None:
    from actionry.models.scripted import calls_text

    async with weather_api() as weather:
        provider = Scripted(calls_text("getForecast", "[[["), says("Sorry."))
        room = Room(provider=provider, actions={"a-weather": weather.action()}, outbound=weather.door)
        await room.turn("Weather?")
        [message] = [m for m in provider.requests[-1].messages if isinstance(m, AssistantMessage)]
        assert isinstance(orjson.loads(message.tool_calls[0].arguments), dict)


# ----------------------------------------------------------------------------------------------------------- trimming


def conversation(sizes: list[list[int]]) -> list[TurnMessages]:
    """Turns of rounds, each with one call whose result has so many words."""
    turns = []
    for number, rounds in enumerate(sizes):
        made = []
        for index, words in enumerate(rounds):
            call_id = f"{number}-{index}"
            call = ToolCall(id=call_id, name="read", arguments="{}")
            result = ToolResultMessage(call_id=call_id, name="read", text="word " * words)
            made.append(RoundMessages(AssistantMessage("Reading.", (call,)), [result]))
        turns.append(TurnMessages(UserMessage(f"Message {number}."), made))
    return turns


def is_whole(messages: list[Message]) -> bool:
    """Every call has its result right after it, and no result is without its call."""
    waiting: list[str] = []
    for message in messages:
        if isinstance(message, ToolResultMessage):
            if not waiting or waiting.pop(0) != message.call_id:
                return False
        elif waiting:
            return False
        elif isinstance(message, AssistantMessage):
            waiting = [call.id for call in message.tool_calls]
    return not waiting


@given(st.lists(st.lists(st.integers(0, 3_000), max_size=3), min_size=1, max_size=6), st.integers(50, 6_000))
def test_trimming_never_parts_a_call_from_its_result(sizes: list[list[int]], budget: int) -> None:
    turns = conversation(sizes)
    trimmed = trim("Be brief.", turns, budget=budget)
    assert is_whole(trimmed.messages)
    assert trimmed.messages[0] == SystemMessage("Be brief.")
    assert UserMessage(f"Message {len(sizes) - 1}.") in trimmed.messages
    total = sum(count_tokens(getattr(message, "text", "")) for message in trimmed.messages)
    if trimmed.fits:
        assert total <= budget
    changed = trimmed.turns_left_out or trimmed.results_shortened
    assert bool(trimmed.notice) == bool(changed)
    assert turns == conversation(sizes)  # the caller's own messages are left alone


def test_old_results_go_before_old_messages() -> None:
    trimmed = trim("", conversation([[2_000], [100]]), budget=700)
    assert (trimmed.turns_left_out, trimmed.results_shortened, trimmed.fits) == (0, 1, True)
    assert UserMessage("Message 0.") in trimmed.messages


async def test_trimming_is_told_once() -> None:
    steps = [calls("read")] * 3 + [says("Done.")]
    from apps.catalogue import answering
    from apps.server import text

    async with answering(text("word " * 9_000)) as app:
        provider = Scripted(*steps, context_tokens=16_000)
        room = Room(provider=provider, actions={"a-x": app.action()}, outbound=app.door)
        turn = await room.turn("Read it three times")
        room.answer(turn)
        await room.run(turn)
        assert room.kinds(turn).count("notice") == 1
        assert room.kinds(turn)[-1] == "turn_finished"
        assert is_whole(list(provider.requests[-1].messages))
