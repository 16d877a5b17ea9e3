"""Whatever a server sends, an answer is events or a ModelFailure, and an error is words (T-08)."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.models.failures import ModelFailure, Teller
from actionry.models.openai_wire import Answer
from actionry.models.provider import Finished
from actionry.models.sse import EventReader
from actionry.models.tries import PROVIDER_LIMITS

TELLER = Teller(provider="p", model="m")
WORDS = [
    "choices",
    "delta",
    "message",
    "content",
    "text",
    "tool_calls",
    "function",
    "name",
    "arguments",
    "id",
    "index",
    "finish_reason",
    "usage",
    "prompt_tokens",
    "prompt_tokens_details",
    "cached_tokens",
    "error",
    "code",
    "type",
    "status",
    "param",
    "details",
    "retryDelay",
    "refusal",
    "reasoning_content",
    "reasoning_details",
    "extra_content",
    "x_groq",
    "detail",
    "object",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 600) | st.floats(-1e9, 1e9) | st.sampled_from(["", "x", "stop", "{}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=12,
)
DELTAS = st.fixed_dictionaries({}, optional=dict.fromkeys(("content", "tool_calls", "refusal"), JSON))
CHUNKS = st.builds(
    lambda delta, finish, more: {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more},
    DELTAS,
    JSON,
    st.fixed_dictionaries({}, optional={"usage": JSON, "error": JSON}),
)


@pytest.mark.row("T-08")
@given(st.lists(CHUNKS | JSON, max_size=4))
def test_t_08_any_json_is_an_answer_or_a_failure(chunks: list[Any]) -> None:
    answer = Answer(TELLER, PROVIDER_LIMITS, lambda calls, echo: None)
    try:
        for each in chunks:
            assert isinstance(answer.take(orjson.dumps(each)), str)
        events = answer.end()
    except ModelFailure:
        return
    assert isinstance(events[-1], Finished)


@pytest.mark.row("T-08")
@given(
    st.sampled_from([200, 302, 400, 401, 404, 413, 422, 429, 500, 529]), JSON.map(orjson.dumps) | st.binary(max_size=50)
)
def test_t_08_any_error_body_is_told(status: int, body: bytes) -> None:
    failure = TELLER.refused(status, {}, body)
    assert str(failure).startswith("p ")
    assert failure.mend


@given(st.lists(st.text(alphabet='ab: {}"é早', min_size=1, max_size=9), max_size=6), st.data())
def test_events_do_not_depend_on_where_the_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    whole = "".join(f": c{end}data: {text}{end}{end}" for text in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    reader = EventReader(10_000)
    found = []
    for start, stop in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += reader.feed(whole[start:stop])
    found += reader.end()
    assert found == [text.encode() for text in texts]
