"""Anthropic, Google and OpenAI's Responses API through pydantic-ai: what goes out, what comes back, what it costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import orjson
import pytest

from actionry.credentials.secret import Secret
from actionry.models.catalogue import describe_provider, open_provider
from actionry.models.provider import (
    AssistantMessage,
    Finished,
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
from support.peer import Peer, Script
from support.providers import (
    anthropic_call,
    anthropic_end,
    anthropic_start,
    anthropic_text,
    gemini,
    responses_call,
    responses_text,
    stream,
)

SCHEMA = {
    "type": "object",
    "properties": {
        "todo": {"type": "string", "title": "Todo", "format": "date"},
        "count": {"type": "integer", "exclusiveMinimum": 0, "default": 1},
        "kind": {"anyOf": [{"const": "a"}, {"type": "null"}]},
    },
    "required": ["todo"],
}
ADD = ToolDefinition(name="addTodo", description="Add a todo.", parameters=SCHEMA)
LIST = ToolDefinition(name="getTodos", description="", parameters={"type": "object", "properties": {}})
TURN = ModelRequest(
    messages=[
        SystemMessage("Be kind."),
        UserMessage("Buy milk"),
        AssistantMessage(
            "Adding.",
            (
                ToolCall(id="c1", name="addTodo", arguments='{"todo":"milk"}'),
                ToolCall(id="c2", name="getTodos", arguments=""),
            ),
        ),
        ToolResultMessage(call_id="c1", name="addTodo", text='["milk"]'),
        ToolResultMessage(call_id="c2", name="getTodos", text="none"),
    ],
    tools=[ADD, LIST],
    max_output_tokens=500,
    temperature=0.5,
    user="u-1",
)

ANTHROPIC_TEXT = stream(anthropic_start(), *anthropic_text(0, "ok"), *anthropic_end("end_turn"))
GOOGLE_TEXT = stream(gemini([{"text": "ok"}], "STOP"))
RESPONSES_TEXT = stream(*responses_text("ok"))


async def ask(kind: str, script: Script, request: ModelRequest) -> tuple[list[ModelEvent], dict[str, Any], Peer]:
    async with Peer(script) as peer:
        base_url = peer.url("/v1") if kind == "openai-responses" else peer.url("").rstrip("/")
        described = describe_provider("p", kind, base_url=base_url, key=Secret("k-1"))
        provider = open_provider(described, "m")
        try:
            events = [event async for event in provider.stream(request)]
        finally:
            await provider.aclose()
    body = orjson.loads(peer.received[0].body)
    assert isinstance(body, dict)
    return events, body, peer


async def test_anthropic_request() -> None:
    events, body, peer = await ask("anthropic", ANTHROPIC_TEXT, TURN)
    assert events == [TextDelta("ok"), Finished("stop", Usage(input_tokens=13, output_tokens=3, cached_tokens=4))]
    assert peer.received[0].target == "/v1/messages"
    sent_key = peer.received[0].header("x-api-key") or peer.received[0].header("authorization")
    assert sent_key in ("k-1", "Bearer k-1")  # as the SDK of the day sends it
    assert (peer.received[0].header("user-agent") or "").startswith("Actionry/")
    assert body["system"] == "Be kind."
    assert body["max_tokens"] == 500
    assert body["temperature"] == 0.5
    assert body["metadata"] == {"user_id": "u-1"}
    assert body["tools"][0] == {"name": "addTodo", "description": "Add a todo.", "input_schema": SCHEMA}
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user"]
    asked, results = body["messages"][1]["content"], body["messages"][2]["content"]
    assert [part["type"] for part in asked] == ["text", "tool_use", "tool_use"]
    assert (asked[1]["id"], asked[1]["input"], asked[2]["input"]) == ("c1", {"todo": "milk"}, {})
    assert [(part["type"], part["tool_use_id"]) for part in results] == [("tool_result", "c1"), ("tool_result", "c2")]


async def test_google_request() -> None:
    events, body, peer = await ask("google", GOOGLE_TEXT, TURN)
    assert events == [TextDelta("ok"), Finished("stop", Usage(input_tokens=9, output_tokens=3, cached_tokens=4))]
    assert peer.received[0].target == "/v1beta/models/m:streamGenerateContent?alt=sse"
    assert peer.received[0].header("x-goog-api-key") == "k-1"
    declared = body["tools"][0]["functionDeclarations"][0]
    schema = declared.get("parametersJsonSchema") or declared["parameters_json_schema"]
    assert schema["required"] == ["todo"]
    assert set(schema["properties"]) == set(SCHEMA["properties"])
    assert body["toolConfig"]["functionCallingConfig"]["mode"] == "AUTO"
    assert body["generationConfig"]["maxOutputTokens"] == 500
    kinds = [sorted(part) for content in body["contents"] for part in content["parts"]]
    assert [kind for kind in kinds if "functionCall" in kind or "functionResponse" in kind]


async def test_responses_request() -> None:
    events, body, _ = await ask("openai-responses", RESPONSES_TEXT, TURN)
    assert events == [TextDelta("ok"), Finished("stop", Usage(input_tokens=9, output_tokens=3, cached_tokens=4))]
    assert body["tools"][0]["parameters"] == SCHEMA
    assert body["tools"][0]["strict"] is False
    assert body["max_output_tokens"] == 500
    assert body["user"] == "u-1"
    calls = [item for item in body["input"] if item.get("type") == "function_call"]
    assert [(item["call_id"], item["arguments"]) for item in calls] == [("c1", '{"todo":"milk"}'), ("c2", "{}")]


ANTHROPIC_CALLS = stream(
    anthropic_start(),
    *anthropic_text(0, "I "),
    *anthropic_call(1, "t1", "addTodo", '{"todo":', '"x"}'),
    *anthropic_call(2, "t2", "getTodos"),
    *anthropic_end("tool_use"),
)
GOOGLE_CALLS = stream(
    gemini([{"text": "I "}]),
    gemini(
        [
            {"functionCall": {"name": "addTodo", "args": {"todo": "x"}}},
            {"functionCall": {"name": "getTodos", "args": {}}},
        ],
        "STOP",
    ),
)


@pytest.mark.parametrize(("kind", "script"), [("anthropic", ANTHROPIC_CALLS), ("google", GOOGLE_CALLS)])
async def test_text_and_parallel_calls(kind: str, script: Script) -> None:
    events, _, _ = await ask(kind, script, ModelRequest(messages=[UserMessage("x")], tools=[ADD, LIST]))
    assert events[0] == TextDelta("I ")
    calls = [event.call for event in events if isinstance(event, ToolCallReady)]
    assert [(call.name, orjson.loads(call.arguments)) for call in calls] == [
        ("addTodo", {"todo": "x"}),
        ("getTodos", {}),
    ]
    assert all(call.id for call in calls)
    assert calls[0].id != calls[1].id
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "tool_calls"


async def test_a_call_by_the_responses_api() -> None:
    events, _, _ = await ask("openai-responses", stream(*responses_call("call_1", "addTodo", '{"todo":', '"x"}')), TURN)
    assert events[0] == ToolCallReady(ToolCall(id="call_1", name="addTodo", arguments='{"todo":"x"}'))
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "tool_calls"


@pytest.mark.parametrize(
    ("kind", "script"),
    [("anthropic", ANTHROPIC_TEXT), ("google", GOOGLE_TEXT), ("openai-responses", RESPONSES_TEXT)],
)
async def test_a_forced_tool(kind: str, script: Script) -> None:
    request = ModelRequest(messages=[UserMessage("x")], tools=[LIST, ADD], force_tool="addTodo")
    _, body, _ = await ask(kind, script, request)
    shown = orjson.dumps(body).decode()
    assert "getTodos" not in shown
    match kind:
        case "anthropic":
            assert body["tool_choice"]["type"] in ("tool", "any")
        case "google":
            assert body["toolConfig"]["functionCallingConfig"]["mode"] == "ANY"
        case _:
            assert body["tool_choice"] == "required" or body["tool_choice"]["name"] == "addTodo"


@pytest.mark.parametrize(
    ("kind", "script", "reason"),
    [
        ("anthropic", stream(anthropic_start(), *anthropic_text(0, "I"), *anthropic_end("refusal")), "refused"),
        ("anthropic", stream(anthropic_start(), *anthropic_text(0, "I"), *anthropic_end("max_tokens")), "length"),
        ("google", stream(gemini([{"text": "I"}], "SAFETY")), "refused"),
        ("google", stream(gemini([{"text": "I"}], "MAX_TOKENS")), "length"),
    ],
)
async def test_why_it_ended(kind: str, script: Script, reason: str) -> None:
    events, _, _ = await ask(kind, script, ModelRequest(messages=[UserMessage("x")]))
    assert events[0] == TextDelta("I")
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == reason


async def test_a_call_cut_by_the_token_limit_is_not_made() -> None:
    script = stream(
        anthropic_start(), *anthropic_call(0, "t1", "addTodo", '{"todo":"all'), *anthropic_end("max_tokens")
    )
    events, _, _ = await ask("anthropic", script, ModelRequest(messages=[UserMessage("x")], tools=[ADD]))
    assert [event for event in events if isinstance(event, ToolCallReady)] == []
    assert events[-1] == Finished("length", Usage(input_tokens=13, output_tokens=3, cached_tokens=4))


def test_an_idle_server_pays_for_no_sdk() -> None:
    """Nothing of an SDK is loaded until its first request; chat completions never need one."""
    script = (
        "import sys\n"
        "from actionry.models.catalogue import describe_provider, open_provider\n"
        "for kind in ('openai', 'anthropic', 'google', 'openai-responses', 'ollama'):\n"
        "    open_provider(describe_provider('p', kind, key='k'), 'm')\n"
        "heavy = {'pydantic_ai', 'openai', 'anthropic', 'google.genai', 'httpx2', 'genai_prices'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
