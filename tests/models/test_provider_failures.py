"""T-08: each way in which a provider fails, over real sockets: the right end, the right wait, no text twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any

import pytest

from actionry.credentials.secret import Secret
from actionry.models.catalogue import ClosableProvider, describe_provider, open_provider
from actionry.models.failures import ModelFailure, Reason
from actionry.models.provider import Finished, ModelEvent, ModelRequest, TextDelta, ToolDefinition, UserMessage
from actionry.models.tries import PROVIDER_LIMITS, ProviderLimits
from support.peer import Peer, Script, reply, says
from support.providers import (
    DONE,
    Piece,
    anthropic_end,
    anthropic_start,
    anthropic_text,
    call_delta,
    chat_says,
    chunk,
    data,
    event,
    gemini,
    hangs,
    in_turn,
    refuses,
    responses_text,
    stream,
)

KEY = "sk-canary-4f9d2c71aa"
HELLO = ModelRequest(
    messages=[UserMessage("hello")],
    tools=[ToolDefinition(name="addTodo", description="", parameters={"type": "object", "properties": {}})],
)
QUICK = replace(PROVIDER_LIMITS, backoff_s=0.01)
KINDS = ("openai-compatible", "anthropic", "google", "openai-responses")
SAYS: dict[str, list[bytes]] = {
    "openai-compatible": [chunk({"content": "one "}), chunk({"content": "two"}), chunk({}, "stop"), DONE],
    "anthropic": [anthropic_start(), *anthropic_text(0, "one ", "two"), *anthropic_end("end_turn")],
    "google": [gemini([{"text": "one "}]), gemini([{"text": "two"}], "STOP")],
    "openai-responses": responses_text("one ", "two"),
}
"""An answer in each wire form."""
BEGUN = {"openai-compatible": 1, "anthropic": 3, "google": 1, "openai-responses": 4}
"""How many of its pieces hold the first word and not the second."""


def provider_at(url: str, kind: str = "openai-compatible", limits: ProviderLimits = QUICK) -> ClosableProvider:
    base_url = url if kind in ("anthropic", "google") else f"{url}/v1"
    described = describe_provider("house", kind, base_url=base_url, key=Secret(KEY), key_name="HOUSE_KEY")
    return open_provider(described, "m", limits=limits)


class Outcome:
    """What one request came to."""

    def __init__(self) -> None:
        self.events: list[ModelEvent] = []
        self.failure: ModelFailure | None = None
        self.elapsed_s = 0.0

    @property
    def text(self) -> str:
        return "".join(each.text for each in self.events if isinstance(each, TextDelta))

    @property
    def reason(self) -> Reason | None:
        return None if self.failure is None else self.failure.reason


async def outcome_of(provider: ClosableProvider) -> Outcome:
    outcome = Outcome()
    started = time.monotonic()
    try:
        async for each in provider.stream(HELLO):
            outcome.events.append(each)
    except ModelFailure as failure:
        outcome.failure = failure
    finally:
        await provider.aclose()
    outcome.elapsed_s = time.monotonic() - started
    return outcome


@pytest.fixture(scope="module", autouse=True)
def loaded_sdks() -> None:
    """The SDKs take seconds to import, which is no part of the times measured here."""
    import pydantic_ai.models.anthropic
    import pydantic_ai.models.google
    import pydantic_ai.models.openai  # noqa: F401


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    async with Peer() as peer:
        yield peer


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_refused_connection(kind: str) -> None:
    async with Peer() as gone:
        pass
    outcome = await outcome_of(provider_at(gone.url("").rstrip("/"), kind))
    assert outcome.reason == "connection"
    assert outcome.failure is not None
    assert outcome.failure.told_to == "operator"
    assert outcome.failure.may_retry
    assert f"127.0.0.1:{gone.port}" in str(outcome.failure)


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_hang(peer: Peer, kind: str) -> None:
    peer.script = hangs(lambda: peer)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind, replace(QUICK, first_event_s=0.4)))
    assert outcome.reason == "timeout"
    assert outcome.failure is not None
    assert outcome.failure.may_retry
    assert 0.4 <= outcome.elapsed_s < 3
    assert len(peer.received) == 1  # somebody has waited; whether to wait again is theirs to say


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_hang_after_the_head(peer: Peer, kind: str) -> None:
    peer.script = stream(peer.over.wait)  # type: ignore[arg-type]  # its answer does not matter
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind, replace(QUICK, first_event_s=0.4)))
    assert outcome.reason == "timeout"
    assert 0.4 <= outcome.elapsed_s < 3


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_silence_in_the_middle(peer: Peer, kind: str) -> None:
    """Ten minutes of silence end after `silence_s`; what was said before is not said again."""
    begun = SAYS[kind][: BEGUN[kind]]
    peer.script = stream(*begun, peer.over.wait)  # type: ignore[arg-type]  # its answer does not matter
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind, replace(QUICK, silence_s=0.4)))
    assert outcome.text == "one "
    assert outcome.reason == "timeout"
    assert 0.4 <= outcome.elapsed_s < 3
    assert len(peer.received) == 1


@pytest.mark.row("T-08")
def test_t_08_the_waits_that_are_promised() -> None:
    limits = PROVIDER_LIMITS
    assert (limits.connect_s, limits.first_event_s, limits.silence_s, limits.tries, limits.retry_after_s) == (
        10.0,
        60.0,
        120.0,
        3,
        60.0,
    )


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("status", "reason"), [(500, "server"), (529, "overloaded"), (503, "overloaded")])
async def test_t_08_a_failing_server_is_asked_three_times(peer: Peer, kind: str, status: int, reason: Reason) -> None:
    peer.script = refuses(status, {"error": {"message": "Not today", "type": "x"}})
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.reason == reason
    assert outcome.failure is not None
    assert outcome.failure.may_retry
    assert outcome.failure.status == status
    assert "Not today" in str(outcome.failure)
    assert len(peer.received) == 3


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_the_third_try_is_heard(peer: Peer, kind: str) -> None:
    failing = refuses(500, {"error": {"message": "Not today"}})
    peer.script = in_turn(failing, failing, stream(*SAYS[kind]))
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.text == "one two"
    assert isinstance(outcome.events[-1], Finished)
    assert len(peer.received) == 3


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("header", ["1", "date", "retry-after-ms"])
async def test_t_08_retry_after_is_waited_for(peer: Peer, kind: str, header: str) -> None:
    stamps: list[float] = []
    headers: dict[str, Callable[[], dict[str, str]]] = {
        "1": lambda: {"Retry-After": "1"},
        # A date has whole seconds: rounded up, two seconds from now are at least one.
        "date": lambda: {"Retry-After": formatdate(time.time() + 2, usegmt=True)},
        "retry-after-ms": lambda: {"retry-after-ms": "900"},
    }

    async def script(received: Any, writer: asyncio.StreamWriter) -> None:
        stamps.append(time.monotonic())
        busy = refuses(429, {"error": {"message": "Slow down", "type": "rate_limit_error"}}, headers[header]())
        await (busy if len(stamps) == 1 else stream(*SAYS[kind]))(received, writer)

    peer.script = script
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.text == "one two"
    assert stamps[1] - stamps[0] >= 0.9
    assert stamps[1] - stamps[0] < 4


@pytest.mark.row("T-08")
@pytest.mark.slow
async def test_t_08_retry_after_five_seconds(peer: Peer) -> None:
    peer.script = in_turn(refuses(429, {}, {"Retry-After": "5"}), chat_says("ok"))
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/")))
    assert outcome.text == "ok"
    assert 5 <= outcome.elapsed_s < 8


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_who_asks_for_an_hour_is_not_asked_after_a_minute(peer: Peer, kind: str) -> None:
    peer.script = refuses(429, {"error": {"message": "Slow down"}}, {"Retry-After": "3600"})
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.reason == "rate_limit"
    assert outcome.failure is not None
    assert outcome.failure.retry_after_s == 3600
    assert outcome.failure.told_to == "user"
    assert len(peer.received) == 1


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_rate_limits_are_asked_three_times(peer: Peer, kind: str) -> None:
    peer.script = refuses(429, {"error": {"message": "Slow down"}}, {"Retry-After": "0"})
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.reason == "rate_limit"
    assert len(peer.received) == 3


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, {"error": {"message": f"Incorrect API key provided: {KEY}", "code": "invalid_api_key"}}, "key"),
        (403, {"error": {"message": f"{KEY} may not do this", "type": "permission_error"}}, "key"),
        (404, {"error": {"message": "The model does not exist", "type": "not_found_error"}}, "model"),
        (400, {"error": {"message": "prompt is too long: 250 > 200", "type": "invalid_request_error"}}, "context"),
        (400, {"error": {"message": "maximum context length is 8192", "code": "context_length_exceeded"}}, "context"),
        (413, {"error": {"message": "Too large", "type": "request_too_large"}}, "context"),
        (400, {"error": {"message": "messages.1: wrong", "type": "invalid_request_error"}}, "request"),
        (402, {"error": {"message": "Insufficient credits"}}, "quota"),
    ],
)  # fmt: skip
async def test_t_08_what_no_second_try_mends(
    peer: Peer, kind: str, status: int, body: dict[str, Any], reason: Reason
) -> None:
    peer.script = refuses(status, body)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.reason == reason
    assert outcome.failure is not None
    assert not outcome.failure.may_retry
    assert outcome.failure.told_to == ("user" if reason == "context" else "operator")
    assert len(peer.received) == 1
    assert KEY not in str(outcome.failure)
    if reason == "key":
        assert "HOUSE_KEY" in str(outcome.failure)
    if reason == "model":
        assert "model m" in str(outcome.failure)


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_cut_after_some_words(peer: Peer, kind: str) -> None:
    peer.script = stream(*SAYS[kind][: BEGUN[kind]], cut=True)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.text == "one "
    assert outcome.reason == "cut"
    assert outcome.failure is not None
    assert outcome.failure.may_retry
    assert len(peer.received) == 1


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_ends_without_saying_so(peer: Peer, kind: str) -> None:
    """The body is complete, the answer is not."""
    peer.script = stream(*SAYS[kind][: BEGUN[kind]])
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.text == "one "
    assert outcome.reason == "cut"
    assert len(peer.received) == 1


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_cut_before_the_first_word(peer: Peer, kind: str) -> None:
    peer.script = in_turn(stream(cut=True), stream(*SAYS[kind]))
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.text == "one two"
    assert len(peer.received) == 2


@pytest.mark.row("T-08")
async def test_t_08_a_call_that_was_cut_is_not_made(peer: Peer) -> None:
    peer.script = stream(chunk(call_delta(0, id="c", name="addTodo", arguments='{"todo":"all')), cut=True)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/")))
    assert outcome.events == []
    assert outcome.reason == "cut"
    assert len(peer.received) == 3


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_malformed_in_the_middle(peer: Peer, kind: str) -> None:
    peer.script = stream(*SAYS[kind][: BEGUN[kind]], b'event: x\ndata: {"broken": \n\n')
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.text == "one "
    assert outcome.failure is not None
    assert outcome.reason in ("malformed", "cut")
    assert len(peer.received) == 1


@pytest.mark.row("T-08")
@pytest.mark.parametrize(
    "piece",
    [
        b"data: {bad\n\n", b"data: [1, 2]\n\n", b'data: "text"\n\n', b"data: null\n\n",
        data({"choices": "x"}), data({"choices": [7]}), data({"choices": [{"delta": "x"}]}),
        data({"choices": [{"delta": {"tool_calls": ["x"]}}]}), data({"choices": [{"delta": {"content": {"a": 1}}}]}),
        data({"choices": [{"delta": {"tool_calls": [{"function": {"arguments": "{}"}}]}, "finish_reason": "stop"}]}),
    ],
)  # fmt: skip
async def test_t_08_malformed_before_the_first_word(peer: Peer, piece: bytes) -> None:
    peer.script = stream(piece, DONE)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/")))
    assert outcome.reason in ("malformed", "empty")
    assert len(peer.received) == 3


@pytest.mark.row("T-08")
async def test_t_08_words_before_a_malformed_event_in_one_read_are_told(peer: Peer) -> None:
    peer.script = stream(chunk({"content": "one"}) + b"data: {bad\n\n")
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/")))
    assert outcome.text == "one"
    assert outcome.reason == "malformed"
    assert len(peer.received) == 1


EMPTY: dict[str, list[Piece]] = {
    "openai-compatible": [chunk({"role": "assistant", "content": ""}), chunk({}, "stop"), DONE],
    "anthropic": [anthropic_start(), *anthropic_end("end_turn")],
    "google": [gemini([], "STOP")],
    "openai-responses": [responses_text("")[0], responses_text("")[-1]],
}


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_empty_answers(peer: Peer, kind: str) -> None:
    peer.script = stream(*EMPTY[kind])
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.reason == "empty"
    assert len(peer.received) == 3


@pytest.mark.row("T-08")
@pytest.mark.parametrize("kind", KINDS)
async def test_t_08_an_empty_body(peer: Peer, kind: str) -> None:
    peer.script = stream()
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.failure is not None
    assert outcome.reason in ("empty", "malformed", "cut")
    assert len(peer.received) == 3


@pytest.mark.row("T-08")
@pytest.mark.parametrize(
    ("kind", "piece", "reason"),
    [
        ("openai-compatible", data({"error": {"message": "Overloaded", "code": 529}}), "overloaded"),
        ("openai-compatible", chunk({}, "error", error={"message": "Upstream", "code": "502"}), "server"),
        ("openai-compatible", b'{"error": {"message": "exceeds the available context size", "code": 400}}', "context"),
        ("openai-compatible", b'error: {"message": "x", "type": "server_error"}\n\n', "server"),
        ("openai-compatible", data({"object": "error", "message": "no", "code": 503}), "overloaded"),
        ("anthropic", event("error", {"error": {"type": "overloaded_error", "message": "Overloaded"}}), "overloaded"),
        ("openai-responses", event("error", {"code": "server_error", "message": "x", "sequence_number": 1}), "server"),
    ],
)  # fmt: skip
async def test_t_08_an_error_inside_the_stream(peer: Peer, kind: str, piece: bytes, reason: Reason) -> None:
    peer.script = stream(piece)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
    assert outcome.reason == reason
    assert len(peer.received) == (1 if reason == "context" else 3)


async def test_googles_own_way_to_say_when(peer: Peer) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2400s"}]
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded", "details": details}
    peer.script = refuses(429, {"error": error})
    for kind in ("google", "openai-compatible"):
        outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
        assert outcome.failure is not None
        assert outcome.failure.retry_after_s == 2400


@pytest.mark.parametrize(
    "script",
    [
        says(reply(200, b"<!doctype html><title>Sign in</title>", {"Content-Type": "text/html"})),
        says(reply(302, b"", {"Location": "http://127.0.0.1:9/"})),
        says(reply(405, b"", {})),
    ],
)
async def test_a_wrong_base_url_is_told_to_the_operator(peer: Peer, script: Script) -> None:
    peer.script = script
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/")))
    assert outcome.reason == "setup"
    assert outcome.failure is not None
    assert outcome.failure.told_to == "operator"
    assert f"127.0.0.1:{peer.port}/v1" in str(outcome.failure)
    assert len(peer.received) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_a_redirect_does_not_carry_the_key_away(peer: Peer, kind: str) -> None:
    async with Peer(stream(*SAYS[kind])) as thief:
        peer.script = says(reply(307, b"", {"Location": thief.url("/v1/chat/completions")}))
        outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind))
        assert outcome.failure is not None
        assert thief.received == []


@pytest.mark.row("L-04")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
async def test_l_04_no_failure_shows_the_key(peer: Peer, kind: str, status: int) -> None:
    peer.script = refuses(
        status, {"error": {"message": f"You sent Bearer {KEY} and {KEY[:9]}*****{KEY[-4:]}"}}, {"X-Echo": KEY}
    )
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), kind, replace(QUICK, tries=1)))
    assert outcome.failure is not None
    shown = "".join(map(str, (outcome.failure, outcome.failure.args, vars(outcome.failure), repr(outcome.failure))))
    assert KEY not in shown
    assert KEY[-6:] not in shown
    assert outcome.failure.__cause__ is None
    assert outcome.failure.__context__ is None or outcome.failure.__suppress_context__


@pytest.mark.parametrize("kind", KINDS)
async def test_stopping_hangs_up(peer: Peer, kind: str) -> None:
    """Who stops a turn stops paying for it: the provider sees the connection close."""
    gone = asyncio.Event()

    async def script(received: Any, writer: asyncio.StreamWriter) -> None:
        begun = SAYS[kind][: BEGUN[kind]]
        await stream(*begun, watch(received))(received, writer)

    def watch(received: Any) -> Callable[[], Any]:
        async def until_gone() -> None:
            await received.reader.read()
            gone.set()
            raise ConnectionResetError

        return until_gone

    peer.script = script
    provider = provider_at(peer.url("").rstrip("/"), kind)
    events = provider.stream(HELLO)
    async for each in events:
        assert each == TextDelta("one ")
        break
    await events.aclose()  # type: ignore[attr-defined]  # a generator, as every AsyncIterator of ours
    async with asyncio.timeout(5):
        await gone.wait()
    await provider.aclose()


async def test_signs_of_life_before_the_first_word(peer: Peer) -> None:
    """OpenRouter sends comments while it waits; each starts the wait anew."""
    alive: list[Piece] = [b": PROCESSING\n\n", 0.25] * 4
    peer.script = stream(*alive, chunk({"content": "ok"}, "stop"), DONE)
    limits = replace(QUICK, first_event_s=0.6)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), limits=limits))
    assert outcome.text == "ok"
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), limits=replace(limits, first_event_alive_s=0.5)))
    assert outcome.reason == "timeout"


async def test_a_slow_reader_is_not_a_silent_provider(peer: Peer) -> None:
    peer.script = stream(*SAYS["openai-compatible"])
    provider = provider_at(peer.url("").rstrip("/"), limits=replace(QUICK, silence_s=0.15, first_event_s=0.15))
    text = ""
    async for each in provider.stream(HELLO):
        if isinstance(each, TextDelta):
            text += each.text
            await asyncio.sleep(0.4)
    assert text == "one two"
    await provider.aclose()


async def test_a_server_that_forgets_to_hang_up(peer: Peer) -> None:
    peer.script = stream(chunk({"content": "ok"}), chunk({}, "stop"), peer.over.wait)  # type: ignore[arg-type]  # as above
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), limits=replace(QUICK, ending_s=0.2)))
    assert outcome.failure is None
    assert outcome.events[-1] == Finished("stop")


@pytest.mark.parametrize(
    ("limits", "piece"),
    [
        (replace(QUICK, event_bytes=1000), b"data: " + b"x" * 2000),
        (replace(QUICK, answer_bytes=1000), b": " + b"x" * 2000 + b"\n\n"),
        (replace(QUICK, argument_characters=100), chunk(call_delta(0, id="c", name="f", arguments="x" * 200))),
        (replace(QUICK, tool_calls=2), b"".join(chunk(call_delta(n, id=str(n), name="f")) for n in range(3))),
    ],
)
async def test_answers_without_end_are_stopped(peer: Peer, limits: ProviderLimits, piece: bytes) -> None:
    peer.script = stream(piece, chunk({}, "stop"), DONE)
    outcome = await outcome_of(provider_at(peer.url("").rstrip("/"), limits=limits))
    assert outcome.reason == "malformed"
    assert len(peer.received) == 1


async def test_a_provider_that_is_down_is_left_alone(peer: Peer) -> None:
    peer.script = refuses(500, {})
    provider = provider_at(peer.url("").rstrip("/"))
    reasons = []
    for _ in range(5):
        with pytest.raises(ModelFailure) as raised:
            _ = [each async for each in provider.stream(HELLO)]
        reasons.append(raised.value.reason)
    await provider.aclose()
    assert len(peer.received) == 10
    assert reasons[-1] == "overloaded"
    assert raised.value.retry_after_s is not None
