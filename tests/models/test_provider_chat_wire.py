"""Chat completions on the wire: what is sent, and what becomes of the answers that servers really give."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from actionry.credentials.secret import Secret
from actionry.models.catalogue import describe_provider, open_provider
from actionry.models.failures import ModelFailure
from actionry.models.openai_wire import as_object, call_id, write_messages
from actionry.models.provider import (
    AssistantMessage,
    Finished,
    Message,
    ModelEvent,
    ModelRequest,
    SystemMessage,
    TextDelta,
    ToolCall,
    ToolCallReady,
    ToolDefinition,
    ToolResultMessage,
    Usage,
    UserMessage,
)
from support.peer import Peer, Script, reply, says
from support.providers import (
    DONE,
    call_delta,
    chat_calls,
    chat_says,
    chunk,
    data,
    in_turn,
    refuses,
    stream,
    usage_chunk,
)

ADD = ToolDefinition(
    name="addTodo",
    description="Add a todo.",
    parameters=MappingProxyType(
        {
            "type": "object",
            "properties": {"todo": {"type": "string"}, "due": {"type": "string", "format": "date"}},
            "required": ["todo"],
        }
    ),
)
LIST = ToolDefinition(name="getTodos", description="", parameters={"type": "object", "properties": {}})
HELLO = ModelRequest(messages=[UserMessage("hello")])


async def ask(peer: Peer, request: ModelRequest = HELLO, *, kind: str = "openai-compatible") -> list[ModelEvent]:
    described = describe_provider("house", kind, base_url=peer.url("/v1"), key=Secret("k-123456"))
    provider = open_provider(described, "m")
    try:
        return [event async for event in provider.stream(request)]
    finally:
        await provider.aclose()


async def answer(script: Script, request: ModelRequest = HELLO) -> list[ModelEvent]:
    async with Peer(script) as peer:
        return await ask(peer, request)


def sent(peer: Peer, at: int = -1) -> dict[str, Any]:
    body = orjson.loads(peer.received[at].body)
    assert isinstance(body, dict)
    return body


def text_of(events: Sequence[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def calls_of(events: Sequence[ModelEvent]) -> list[tuple[str, str]]:
    return [(event.call.name, event.call.arguments) for event in events if isinstance(event, ToolCallReady)]


async def test_text_comes_as_it_is_written() -> None:
    events = await answer(chat_says("Good ", "mor", "ning 早"))
    assert text_of(events) == "Good morning 早"
    assert len([event for event in events if isinstance(event, TextDelta)]) >= 2
    assert events[-1] == Finished("stop", Usage(input_tokens=9, output_tokens=3, cached_tokens=4))


async def test_the_request_on_the_wire() -> None:
    request = ModelRequest(
        messages=[SystemMessage("Be kind."), SystemMessage("Be brief."), UserMessage("Buy milk")],
        tools=[ADD, LIST],
        max_output_tokens=500,
        temperature=0.2,
        user="u-1",
    )
    async with Peer(chat_says("ok")) as peer:
        await ask(peer, request)
    received = peer.received[0]
    assert (received.method, received.target) == ("POST", "/v1/chat/completions")
    assert received.header("authorization") == "Bearer k-123456"
    assert (received.header("user-agent") or "").startswith("Actionry/")
    assert sent(peer) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be kind.\n\nBe brief."},
            {"role": "user", "content": "Buy milk"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {"name": "addTodo", "parameters": dict(ADD.parameters), "description": "Add a todo."},
            },
            {"type": "function", "function": {"name": "getTodos", "parameters": dict(LIST.parameters)}},
        ],
        "max_tokens": 500,
        "temperature": 0.2,
        "user": "u-1",
    }


async def test_a_forced_tool_is_offered_alone() -> None:
    request = ModelRequest(messages=[UserMessage("x")], tools=[LIST, ADD], force_tool="addTodo")
    async with Peer(chat_calls(("c1", "addTodo", "{}"))) as peer:
        await ask(peer, request)
    assert [each["function"]["name"] for each in sent(peer)["tools"]] == ["addTodo"]
    assert sent(peer)["tool_choice"] == {"type": "function", "function": {"name": "addTodo"}}


async def test_a_forced_tool_must_be_there() -> None:
    with pytest.raises(ValueError, match="addTodo"):
        await answer(chat_says("x"), ModelRequest(messages=[UserMessage("x")], tools=[LIST], force_tool="addTodo"))


def test_a_conversation_with_calls() -> None:
    first, second = (
        ToolCall(id="c1", name="addTodo", arguments='{"todo":"milk"}'),
        ToolCall(id="bad id ü", name="getTodos", arguments=""),
    )
    messages: list[Message] = [
        SystemMessage("s"),
        UserMessage("u"),
        AssistantMessage("Adding.", (first, second)),
        ToolResultMessage(call_id="c1", name="addTodo", text="[]"),
        ToolResultMessage(call_id="bad id ü", name="getTodos", text="none"),
        AssistantMessage(""),
        SystemMessage("mid"),
        AssistantMessage("Done."),
    ]
    written = write_messages(messages)
    mended = call_id("bad id ü")
    assert [each["role"] for each in written] == ["system", "user", "assistant", "tool", "tool", "system", "assistant"]
    assert written[2] == {
        "role": "assistant",
        "content": "Adding.",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "addTodo", "arguments": '{"todo":"milk"}'}},
            {"id": mended, "type": "function", "function": {"name": "getTodos", "arguments": "{}"}},
        ],
    }
    assert written[4] == {"role": "tool", "tool_call_id": mended, "content": "none"}
    assert write_messages(messages, inline_system=False)[5] == {"role": "user", "content": "<system>\nmid\n</system>"}


@pytest.mark.parametrize(
    ("given", "sent_again"),
    [
        ('{"a":1}', '{"a":1}'),
        ("", "{}"),
        (" ", "{}"),
        ("[1]", '{"INVALID_JSON":"[1]"}'),
        ('{"a"', '{"INVALID_JSON":"{\\"a\\""}'),
    ],
)
def test_arguments_are_an_object_when_they_are_sent_again(given: str, sent_again: str) -> None:
    assert as_object(given) == sent_again


async def test_parallel_calls_are_put_together() -> None:
    events = await answer(chat_calls(("c1", "addTodo", '{"todo":"milk"}'), ("c2", "getTodos", "{}")))
    assert calls_of(events) == [("addTodo", '{"todo":"milk"}'), ("getTodos", "{}")]
    assert [event.call.id for event in events if isinstance(event, ToolCallReady)] == ["c1", "c2"]
    assert events[-1] == Finished("tool_calls", Usage(input_tokens=9, output_tokens=3))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param(
            [
                call_delta(0, id="a", name="addTodo", arguments='{"todo":"x"}'),
                call_delta(0, id="b", name="getTodos", arguments="{}"),
            ],
            [("addTodo", '{"todo":"x"}'), ("getTodos", "{}")],
            id="all at index 0",
        ),
        pytest.param(
            [
                {"tool_calls": [{"id": "a", "function": {"name": "addTodo", "arguments": '{"to'}}]},
                {"tool_calls": [{"id": "a", "function": {"arguments": 'do":"x"}'}}]},
                {"tool_calls": [{"id": "b", "function": {"name": "getTodos", "arguments": "{}"}}]},
            ],
            [("addTodo", '{"todo":"x"}'), ("getTodos", "{}")],
            id="no index",
        ),
        pytest.param(
            [
                {
                    "tool_calls": [
                        {"function": {"name": "addTodo", "arguments": {"todo": "x"}}},
                        {"function": {"name": "getTodos"}},
                    ]
                }
            ],
            [("addTodo", '{"todo":"x"}'), ("getTodos", "{}")],
            id="no index, no id, arguments as an object",
        ),
        pytest.param(
            [
                call_delta(1, id="b", name="getTodos"),
                call_delta(0, id="a", name="addTodo", arguments='{"todo"'),
                call_delta(1, arguments="{}"),
                call_delta(0, arguments=':"x"}'),
            ],
            [("addTodo", '{"todo":"x"}'), ("getTodos", "{}")],
            id="interleaved",
        ),
        pytest.param(
            [
                call_delta(0, id="a", name="addTodo", arguments='{"todo"'),
                call_delta(0, id="a", name="addTodo", arguments=':"x"}'),
            ],
            [("addTodo", '{"todo":"x"}')],
            id="id and name in each piece",
        ),
        pytest.param(
            [call_delta(0, id="a", name="add"), call_delta(0, name="Todo", arguments="{}")],
            [("addTodo", "{}")],
            id="name in pieces",
        ),
    ],
)
async def test_calls_as_servers_send_them(pieces: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    events = await answer(stream(*map(chunk, pieces), chunk({}, "stop"), DONE))
    assert calls_of(events) == expected
    ids = [event.call.id for event in events if isinstance(event, ToolCallReady)]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "tool_calls"


async def test_the_same_id_twice_in_one_answer_is_made_two() -> None:
    events = await answer(
        stream(chunk(call_delta(0, id="c", name="a")), chunk(call_delta(1, id="c", name="b")), chunk({}, "stop"), DONE)
    )
    ids = [event.call.id for event in events if isinstance(event, ToolCallReady)]
    assert ids[0] == "c"
    assert len(set(ids)) == 2


async def test_a_call_cut_by_the_token_limit_is_not_made() -> None:
    events = await answer(
        stream(
            chunk(call_delta(0, id="a", name="addTodo", arguments='{"todo":"x"}')),
            chunk(call_delta(1, id="b", name="addTodo", arguments='{"todo":"delete ever')),
            chunk({}, "length"),
            DONE,
        )
    )
    assert calls_of(events) == [("addTodo", '{"todo":"x"}')]
    assert events[-1] == Finished("length")


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([chunk({"refusal": "I can"}), chunk({"refusal": "not."}), chunk({}, "stop"), DONE], "I cannot."),
        ([chunk({"content": "Wel"}), chunk({}, "content_filter"), DONE], "Wel"),
        ([chunk({}, "content_filter"), DONE], ""),
    ],
)
async def test_refusal(pieces: list[bytes], text: str) -> None:
    events = await answer(stream(*pieces))
    assert text_of(events) == text
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "refused"


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([chunk({"content": "hello"}, "stop")], id="no [DONE]"),
        pytest.param([chunk({"content": "hello"}), DONE], id="no finish_reason"),
        pytest.param([chunk({"content": "hello"}), chunk({}, "stop"), b"data: [DONE]"], id="no line end"),
        pytest.param(
            [data({"choices": [], "prompt_filter_results": []}), chunk({"content": "hello"}), chunk({}, "stop"), DONE],
            id="Azure",
        ),
        pytest.param([b": OPENROUTER PROCESSING\n\n", chunk({"content": "hello"}, "stop"), DONE], id="comments"),
        pytest.param([chunk({"content": "hello"}, "stop").replace(b"\n\n", b"\r\n\r\n"), DONE], id="CRLF"),
        pytest.param([chunk({"content": "hello"}, "stop").replace(b"\n\n", b"\r\r"), b"data: [DONE]\r\r"], id="CR"),
        pytest.param([chunk({"content": "hello"}, "stop").replace(b"\n\n", b"\n"), b"data: [DONE]\n"], id="one LF"),
        pytest.param([b"\xef\xbb\xbf" + chunk({"content": "hello"}, "stop"), DONE], id="byte order mark"),
        pytest.param(
            [b"event: message\nid: 7\nretry: 3\n" + chunk({"content": "hello"}, "stop"), DONE], id="other fields"
        ),
        pytest.param(
            [
                chunk({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "hello"}]}, "stop"),
                DONE,
            ],
            id="content parts",
        ),
        pytest.param(
            [chunk({"reasoning_content": "hm"}), chunk({"reasoning": "hm"}), chunk({"content": "hello"}, "stop"), DONE],
            id="reasoning apart",
        ),
        pytest.param(
            [data({"choices": [{"index": 1, "delta": {"content": "no"}}]}), chunk({"content": "hello"}, "stop"), DONE],
            id="second choice",
        ),
        pytest.param([chunk({"content": "hello"}, "stop"), DONE, chunk({"content": "late"})], id="after the end"),
        pytest.param([chunk({"content": "hello"}, "eos"), DONE], id="unknown reason"),
    ],
)
async def test_streams_as_servers_send_them(pieces: list[bytes]) -> None:
    events = await answer(stream(*pieces))
    assert text_of(events) == "hello"
    assert events[-1] == Finished("stop")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
async def test_bytes_may_come_in_any_pieces(size: int) -> None:
    whole = chunk({"content": "héllo 早"}) + chunk({"content": "!"}).replace(b"\n", b"\r\n") + chunk({}, "stop") + DONE
    events = await answer(stream(*(whole[at : at + size] for at in range(0, len(whole), size))))
    assert text_of(events) == "héllo 早!"
    assert events[-1] == Finished("stop")


async def test_a_server_without_streaming_is_understood() -> None:
    message = {
        "role": "assistant",
        "content": "hello",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "addTodo", "arguments": '{"todo":"x"}'}}],
    }
    body = {
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2},
    }
    events = await answer(says(reply(200, orjson.dumps(body), {"Content-Type": "application/json"})))
    assert text_of(events) == "hello"
    assert calls_of(events) == [("addTodo", '{"todo":"x"}')]
    assert events[-1] == Finished("tool_calls", Usage(input_tokens=5, output_tokens=2))


async def test_usage_where_servers_put_it() -> None:
    with_each = [
        chunk({"content": "a"}, usage={"prompt_tokens": 5, "completion_tokens": 1}),
        chunk({}, "stop", usage={"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 3}),
        DONE,
    ]
    assert (await answer(stream(*with_each)))[-1] == Finished(
        "stop", Usage(input_tokens=5, output_tokens=2, cached_tokens=3)
    )
    groq = [
        chunk({"content": "a"}),
        data({"choices": [], "x_groq": {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}}),
        DONE,
    ]
    assert (await answer(stream(*groq)))[-1] == Finished("stop", Usage(input_tokens=5, output_tokens=2))


async def test_a_field_that_the_server_does_not_know_is_left_out_from_then_on() -> None:
    refusal = refuses(
        400, {"error": {"message": "Unsupported value", "param": "temperature", "type": "invalid_request_error"}}
    )
    older = refuses(422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]})
    request = ModelRequest(messages=[UserMessage("x")], temperature=0.1)
    async with Peer(in_turn(refusal, older, chat_says("ok"))) as peer:
        described = describe_provider("house", "openai-compatible", base_url=peer.url("/v1"))
        provider = open_provider(described, "m")
        for _ in range(2):
            assert text_of([event async for event in provider.stream(request)]) == "ok"
        await provider.aclose()
    assert [("temperature" in sent(peer, at), "stream_options" in sent(peer, at)) for at in range(4)] == [
        (True, True),
        (False, True),
        (False, False),
        (False, False),
    ]


async def test_the_token_limit_has_two_names() -> None:
    refusal = refuses(
        400,
        {
            "error": {
                "message": "'max_tokens' is not supported. Use 'max_completion_tokens'.",
                "param": "max_tokens",
            }
        },
    )
    request = ModelRequest(messages=[UserMessage("x")], max_output_tokens=7)
    async with Peer(in_turn(refusal, chat_says("ok"))) as peer:
        assert text_of(await ask(peer, request)) == "ok"
    assert sent(peer)["max_completion_tokens"] == 7
    assert "max_tokens" not in sent(peer)


async def test_a_token_limit_that_is_too_high_is_asked_with_both_names_and_then_told() -> None:
    refusal = refuses(400, {"error": {"message": "max_tokens and max_completion_tokens: at most 5"}})
    request = ModelRequest(messages=[UserMessage("x")], max_output_tokens=7)
    async with Peer(refusal) as peer:
        with pytest.raises(ModelFailure, match="at most 5"):
            await ask(peer, request)
    assert len(peer.received) == 2


async def test_what_came_beside_calls_goes_back_with_them_in_the_same_turn_alone() -> None:
    signed = call_delta(0, id="call_0", name="addTodo", arguments="{}")
    signed["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": "s1g"}}
    script = in_turn(
        stream(
            chunk({"reasoning_content": "first "}),
            chunk({"reasoning_content": "think"}),
            chunk(signed),
            chunk({}, "tool_calls"),
            DONE,
        ),
        chat_says("ok"),
    )

    def after(question: str, user: str) -> ModelRequest:
        asked = AssistantMessage("", (ToolCall(id="call_0", name="addTodo", arguments="{}"),))
        result = ToolResultMessage(call_id="call_0", name="addTodo", text="[]")
        return ModelRequest(messages=[UserMessage(question), asked, result], user=user)

    async with Peer(script) as peer:
        provider = open_provider(describe_provider("house", "openai-compatible", base_url=peer.url("/v1")), "m")
        for request in (
            ModelRequest(messages=[UserMessage("q")], user="u1"),
            after("q", "u1"),
            after("other", "u1"),
            after("q", "u2"),
        ):
            _ = [event async for event in provider.stream(request)]
        await provider.aclose()
    same, other, stranger = (sent(peer, at)["messages"][1] for at in (1, 2, 3))
    assert same["reasoning_content"] == "first think"
    assert same["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "s1g"}}
    for message in (other, stranger):
        assert "reasoning_content" not in message
        assert "extra_content" not in message["tool_calls"][0]


async def test_openai_itself_gets_its_own_name_of_the_token_limit() -> None:
    async with Peer(chat_says("ok")) as peer:
        await ask(peer, ModelRequest(messages=[UserMessage("x")], max_output_tokens=7), kind="openai")
    assert sent(peer)["max_completion_tokens"] == 7


async def test_one_connection_serves_turn_after_turn() -> None:
    async with Peer(stream(chunk({"content": "a"}), chunk({}, "stop"), usage_chunk(1, 1), DONE)) as peer:
        provider = open_provider(describe_provider("house", "openai-compatible", base_url=peer.url("/v1")), "m")
        for _ in range(3):
            _ = [event async for event in provider.stream(HELLO)]
        await provider.aclose()
        assert (peer.accepted, len(peer.received)) == (1, 3)
