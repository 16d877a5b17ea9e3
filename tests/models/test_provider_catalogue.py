"""Which providers are found and which model answers: environment, administrator, this machine."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from actionry.credentials.secret import Secret
from actionry.models.catalogue import (
    HOSTED_CONTEXT_TOKENS,
    LOCAL_CONTEXT_TOKENS,
    ModelDescription,
    ProviderDescription,
    choose_model,
    describe_provider,
    discover_providers,
    local_places,
    open_provider,
    read_environment,
)
from actionry.models.failures import ModelFailure
from actionry.models.listing import list_models
from actionry.models.provider import ModelRequest, TextDelta, UserMessage
from support.peer import Peer, Received, Script, reply
from support.providers import chat_says

KEY = "sk-canary-77aa10"


def serves(answers: Mapping[str, Any]) -> Script:
    """JSON by `METHOD /path`; a callable gets the request's JSON; anything else is 404."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        answer = answers.get(f"{received.method} {received.target}")
        if callable(answer):
            answer = answer(orjson.loads(received.body))
        status = 404 if answer is None else 200
        writer.write(reply(status, orjson.dumps(answer), {"Content-Type": "application/json"}))

    return script


def models_of(provider: ProviderDescription) -> list[tuple[str, int | None, bool, bool | None]]:
    return [(each.name, each.context_tokens, each.chat, each.tools) for each in provider.models]


async def listed(kind: str, answers: Mapping[str, Any], path: str = "/v1") -> tuple[ProviderDescription, Peer]:
    async with Peer(serves(answers)) as peer:
        described = describe_provider("p", kind, base_url=peer.url(path).rstrip("/"), key=Secret(KEY))
        return await list_models(described), peer


async def test_openai_lists_names_alone() -> None:
    ids = ["text-embedding-9", "chat-a", "whisper-9", "chat-a-pro", "tts-9", "chat-b", "gpt-image-9", "omni-moderation"]
    provider, peer = await listed("openai", {"GET /v1/models": {"data": [{"id": each} for each in ids]}})
    assert [each.name for each in provider.models if each.chat] == ["chat-a", "chat-b"]
    assert len(provider.models) == len(ids)
    assert peer.received[0].header("authorization") == f"Bearer {KEY}"
    assert choose_model([provider]).name == "p:chat-a"


async def test_openrouter_tells_more() -> None:
    text = {"output_modalities": ["text"]}
    rows = [
        {"id": "x/painter", "architecture": {"output_modalities": ["image", "text"]}},
        {"id": "x/talker", "context_length": 9000, "architecture": text, "supported_parameters": ["temperature"]},
        {"id": "x/caller", "context_length": 8000, "architecture": text, "supported_parameters": ["tools"]},
    ]
    provider, _ = await listed("openrouter", {"GET /v1/models": {"data": rows}})
    assert models_of(provider) == [
        ("x/painter", None, False, None),
        ("x/talker", 9000, True, False),
        ("x/caller", 8000, True, True),
    ]
    assert choose_model([provider]).name == "p:x/caller"


@pytest.mark.parametrize(
    ("row", "context_tokens"),
    [
        ({"max_model_len": 32768}, 32768),
        ({"context_window": 131072}, 131072),
        ({"max_context_length": 40000, "capabilities": {"completion_chat": True}}, 40000),
        ({"top_provider": {"context_length": 5000}}, 5000),
        ({"context_length": "much"}, None),
        ({"context_length": True}, None),
        ({}, None),
    ],
)
async def test_compatible_servers_tell_the_context_in_their_own_words(
    row: dict[str, Any], context_tokens: int | None
) -> None:
    provider, _ = await listed("openai-compatible", {"GET /v1/models": {"data": [{"id": "m", **row}]}})
    assert provider.models[0].context_tokens == context_tokens
    opened = open_provider(provider, provider.models[0])
    assert opened.context_tokens == (context_tokens or HOSTED_CONTEXT_TOKENS)
    assert opened.name == "p:m"


async def test_a_bare_list_is_a_list() -> None:
    provider, _ = await listed("openai-compatible", {"GET /v1/models": [{"id": "m"}, {"id": 7}, "x"]})
    assert [each.name for each in provider.models] == ["m"]


async def test_anthropic_lists() -> None:
    answers = {"GET /v1/models?limit=1000": {"data": [{"id": "a", "max_input_tokens": 200000}, {"id": "b"}]}}
    provider, peer = await listed("anthropic", answers, "")
    assert models_of(provider) == [("a", 200000, True, True), ("b", None, True, True)]
    assert peer.received[0].header("x-api-key") == KEY
    assert peer.received[0].header("anthropic-version") == "2023-06-01"


async def test_google_lists() -> None:
    rows = [
        {"name": "models/embedding-1", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/g-1", "inputTokenLimit": 1048576, "supportedGenerationMethods": ["generateContent"]},
    ]
    provider, peer = await listed("google", {"GET /v1beta/models?pageSize=1000": {"models": rows}}, "")
    assert models_of(provider)[1] == ("g-1", 1048576, True, None)
    assert choose_model([provider]).name == "p:g-1"
    assert peer.received[0].header("x-goog-api-key") == KEY
    assert KEY not in peer.received[0].target


SHOWN = {
    "embedder:1": {"capabilities": ["embedding"], "model_info": {"b.context_length": 512}},
    "talker:1": {
        "capabilities": ["completion"],
        "parameters": "temperature 0.7\nnum_ctx 8192",
        "model_info": {"l.context_length": 131072},
    },
    "caller:3b": {"capabilities": ["completion", "tools"], "model_info": {"l.context_length": 131072}},
    "big-cloud": {"capabilities": ["completion", "tools"], "model_info": {"l.context_length": 262144}},
}
OLLAMA = {
    "GET /api/tags": {"models": [{"name": name} for name in SHOWN]},
    "GET /api/ps": {"models": [{"name": "caller:3b", "context_length": 16384}]},
    "POST /api/show": lambda body: SHOWN[body["model"]],
}


async def test_ollama_tells_what_it_really_loads() -> None:
    provider, _ = await listed("ollama", OLLAMA)
    assert models_of(provider) == [
        ("embedder:1", 512, False, False),
        ("talker:1", 8192, True, False),
        ("caller:3b", 16384, True, True),
        ("big-cloud", 262144, True, True),
    ]
    assert choose_model([provider]).name == "p:caller:3b"


async def test_an_older_ollama_gets_a_careful_context() -> None:
    provider, _ = await listed("ollama", {"GET /api/tags": {"models": [{"name": "m"}]}})
    assert models_of(provider) == [("m", LOCAL_CONTEXT_TOKENS, True, None)]


async def test_llama_cpp_tells_the_context_it_was_started_with() -> None:
    answers = {
        "GET /v1/models": {"data": [{"id": "m.gguf", "owned_by": "llamacpp", "meta": {"n_ctx_train": 131072}}]},
        "GET /props": {"default_generation_settings": {"n_ctx": 8192}},
    }
    provider, _ = await listed("llamacpp", answers)
    assert models_of(provider) == [("m.gguf", 8192, True, None)]


async def test_everything_is_found_in_its_order_and_what_fails_says_why() -> None:
    gateway = Peer(serves({"GET /v1/models": {"data": [{"id": "g"}]}}))
    ollama = Peer(serves(OLLAMA))
    stranger = Peer(serves({"GET /v1/models": {"data": [{"id": "x", "owned_by": "someone"}]}}))
    refusing = Peer(serves({}))
    async with gateway, ollama, stranger, refusing:
        found = await discover_providers(
            {"OPENAI_BASE_URL": refusing.url("/v1"), "OPENAI_API_KEY": KEY},
            entered=[describe_provider("gateway", "openai-compatible", base_url=gateway.url("/v1"))],
            local=[
                describe_provider("ollama", "ollama", base_url=ollama.url("/v1"), source="local"),
                describe_provider("llamacpp", "llamacpp", base_url=stranger.url("/v1"), source="local"),
            ],
        )
    assert [(each.name, each.source, bool(each.models)) for each in found] == [
        ("gateway", "administrator", True),
        ("openai", "environment", False),
        ("ollama", "local", True),
    ]
    assert found[1].problem is not None
    assert "404" in found[1].problem
    assert choose_model(found).name == "gateway:g"
    assert choose_model(found, "ollama").name == "ollama:caller:3b"
    assert choose_model(found, "ollama:talker:1").name == "ollama:talker:1"
    assert choose_model(found, "openai-compatible:other").name == "gateway:other"
    assert choose_model(found, "rehearsal").name == "rehearsal"


async def test_nothing_found_is_the_built_in_model() -> None:
    async with Peer() as gone:
        pass
    places = [replace(each, base_url=gone.url("/v1")) for each in local_places()]
    found = await discover_providers({}, local=places)
    assert found == []
    assert choose_model(found).name == "rehearsal"
    assert choose_model(found).provider is None


async def test_a_local_server_that_hangs_does_not_hold_the_start_up() -> None:
    async with Peer() as peer:

        async def hang(received: Received, writer: asyncio.StreamWriter) -> None:
            await peer.over.wait()

        peer.script = hang
        async with asyncio.timeout(3):
            place = describe_provider("ollama", "ollama", base_url=peer.url("/v1"), source="local")
            assert await discover_providers({}, local=[place]) == []


async def test_a_listing_that_is_none() -> None:
    async def page(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(200, b"<html>", {"Content-Type": "text/html"}))

    async with Peer(page) as peer:
        provider = await list_models(describe_provider("p", "openai-compatible", base_url=peer.url("/v1")))
    assert provider.models == ()
    assert provider.problem is not None
    assert "asked for its models" in provider.problem


@pytest.mark.row("L-04")
async def test_l_04_a_failed_listing_does_not_show_the_key() -> None:
    async def echo(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(500, orjson.dumps({"error": {"message": f"bad {received.header('authorization')}"}})))

    async with Peer(echo) as peer:
        provider = await list_models(
            describe_provider("p", "openai-compatible", base_url=peer.url("/v1"), key=Secret(KEY))
        )
    assert provider.problem is not None
    assert KEY not in provider.problem
    assert KEY not in repr(provider)
    with pytest.raises(TypeError):
        pickle.dumps(provider)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, []),
        ({"OPENAI_API_KEY": " "}, []),
        ({"OPENAI_API_KEY": KEY}, [("openai", "openai", "https://api.openai.com/v1")]),
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "https://api.openai.com/v1/"}, [("openai", "openai", "https://api.openai.com/v1")]),
        ({"OPENAI_BASE_URL": "http://localhost:1234/v1/"}, [("openai", "openai-compatible", "http://localhost:1234/v1")]),
        ({"ANTHROPIC_API_KEY": KEY}, [("anthropic", "anthropic", "https://api.anthropic.com")]),
        ({"GOOGLE_API_KEY": KEY}, [("google", "google", "https://generativelanguage.googleapis.com")]),
        ({"GEMINI_API_KEY": KEY}, [("google", "google", "https://generativelanguage.googleapis.com")]),
        ({"OPENROUTER_API_KEY": KEY}, [("openrouter", "openrouter", "https://openrouter.ai/api/v1")]),
    ],
)  # fmt: skip
def test_the_environment(environment: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    assert [(each.name, each.kind, each.base_url) for each in read_environment(environment)] == expected


def test_a_key_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (found,) = read_environment({"OPENAI_API_KEY_FILE": str(tmp_path / "key")})
    assert found.key == Secret(KEY)
    assert found.key_name == "OPENAI_API_KEY_FILE"
    (missing,) = read_environment({"OPENAI_API_KEY_FILE": str(tmp_path / "none")})
    assert missing.problem is not None
    assert "OPENAI_API_KEY_FILE" in missing.problem


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "no url"}, "base URL"),
        ({"OPENAI_API_KEY": "two words"}, "blanks"),
        ({"OPENAI_BASE_URL": f"https://u:{KEY}@h.example/v1"}, "Enter the key as the key"),
    ],
)
def test_what_cannot_be_used_is_said_and_does_not_stop_the_start(environment: dict[str, str], word: str) -> None:
    (found,) = read_environment(environment)
    assert found.problem is not None
    assert word in found.problem
    assert KEY not in found.problem


@pytest.mark.parametrize(
    ("name", "kind", "base_url", "word"),
    [
        ("p", "opnai", None, "Did you mean openai?"),
        ("p", "openai-compatible", None, "base URL"),
        ("p", "openai-compatible", "ftp://h/v1", "base URL"),
        ("p", "openai-compatible", "http://h:99999/v1", "base URL"),
        ("p", "openai-compatible", "https://h/v1?key=1", "query"),
        ("a:b", "openai", None, "colons"),
        ("", "openai", None, "name"),
    ],
)
def test_what_an_administrator_enters_is_checked(name: str, kind: str, base_url: str | None, word: str) -> None:
    with pytest.raises(ModelFailure, match=word) as raised:
        describe_provider(name, kind, base_url=base_url)
    assert raised.value.told_to == "operator"


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ("openai:m", "Set OPENAI_API_KEY"),
        ("google", "Set GEMINI_API_KEY"),
        ("ollama:m", "http://127.0.0.1:11434"),
        ("gatewy:m", "Did you mean gateway?"),
        ("gateway", "lists no model that can chat"),
    ],
)
def test_a_wanted_model_without_its_provider(wanted: str, word: str) -> None:
    gateway = describe_provider("gateway", "openai-compatible", base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ModelFailure, match=word):
        choose_model([replace(gateway, models=(ModelDescription(name="e", chat=False),))], wanted)


def test_openais_key_is_good_for_both_of_its_apis() -> None:
    found = read_environment({"OPENAI_API_KEY": KEY})
    choice = choose_model(found, "openai-responses:m")
    assert choice.name == "openai-responses:m"
    assert choice.provider is not None
    assert choice.provider.kind == "openai-responses"


async def test_an_entered_provider_answers() -> None:
    async with Peer(chat_says("hello")) as peer:
        described = describe_provider("g", "openai-compatible", base_url=peer.url("/v1"), context_tokens=1234)
        provider = open_provider(described, "m")
        assert (provider.name, provider.context_tokens) == ("g:m", 1234)
        events = [each async for each in provider.stream(ModelRequest(messages=[UserMessage("x")]))]
        await provider.aclose()
    assert events[0] == TextDelta("hello")
    assert peer.received[0].header("authorization") is None
