"""A model that plays a script, for tests: `Scripted(calls("addTodo", username="ada", todo="milk"), says("Added."))`.

Which step is played is read from the request: the number of answers that stand in it after the last user message, and
the number of user messages. So a request that is made again after a crash gets the same step again, as it would from
a real model; `tries` inside one step play one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from actionry.errors import ProviderError
from actionry.models.provider import (
    AssistantMessage,
    Finished,
    ModelEvent,
    ModelRequest,
    TextDelta,
    ToolCall,
    ToolCallReady,
    Usage,
    UserMessage,
)

Item = ModelEvent | BaseException | asyncio.Event
"""What a try plays: an event is sent, an exception is raised, an asyncio.Event is waited for."""


@dataclass(frozen=True, slots=True)
class Step:
    """One answer; several tries when the first ones fail."""

    tries: tuple[tuple[Item, ...], ...]

    def __add__(self, other: Step) -> Step:
        """Text and calls in one answer: `says("One moment.") + calls("listTodos", username="ada")`."""
        first, second = self.tries[-1], other.tries[0]
        reason: Literal["stop", "tool_calls"] = (
            "tool_calls" if any(isinstance(item, ToolCallReady) for item in (*first, *second)) else "stop"
        )
        kept = [item for item in (*first, *second) if not isinstance(item, Finished)]
        usage = next((item.usage for item in (*second, *first) if isinstance(item, Finished)), Usage())
        end: tuple[Item, ...] = (Finished(reason, usage),) if isinstance(second[-1], Finished) else ()
        return Step((*self.tries[:-1], (*kept, *end), *other.tries[1:]))


Maker = Callable[[ModelRequest], Step]
"""A step that looks at the request."""

USAGE = Usage(input_tokens=100, output_tokens=10)


def says(text: str, *, pieces: int = 1, usage: Usage = USAGE) -> Step:
    """A text, in so many pieces."""
    size = max(1, -(-len(text) // pieces))
    deltas = [TextDelta(text[start : start + size]) for start in range(0, len(text), size)]
    return Step(((*deltas, Finished("stop", usage)),))


def calls(name: str, /, *, call_id: str = "", usage: Usage = USAGE, **arguments: Any) -> Step:
    """One call; `calls(...) + calls(...)` asks for two in one answer."""
    return calls_text(name, orjson.dumps(arguments).decode(), call_id=call_id, usage=usage)


def calls_text(name: str, arguments: str, *, call_id: str = "", usage: Usage = USAGE) -> Step:
    """One call whose arguments are this text, valid or not."""
    call = ToolCall(id=call_id or f"call-{name}", name=name, arguments=arguments)
    return Step(((ToolCallReady(call), Finished("tool_calls", usage)),))


def fails(error: ProviderError | None = None, **more: Any) -> Step:
    """No answer: `fails(may_retry=True, retry_after_s=5)`."""
    return Step(((error or ProviderError("The provider is overloaded.", **more),),))


def cut(text: str, error: ProviderError | None = None) -> Step:
    """A text, then the connection breaks: with an error, or without a word."""
    return Step(((TextDelta(text), *([error] if error is not None else [])),))


def waits(event: asyncio.Event, step: Step) -> Step:
    """The step once the event is set."""
    return Step(((event, *step.tries[0]), *step.tries[1:]))


def plays(*items: Item) -> Step:
    """Exactly these."""
    return Step((items,))


def tries(*steps: Step) -> Step:
    """One after the other for the same request: `tries(fails(may_retry=True), says("Here."))`; the last one stays."""
    return Step(tuple(each for step in steps for each in step.tries))


@dataclass(slots=True)
class Scripted:
    """A `Provider`. Steps of one user message each in a list of their own, or all in a row for a single message."""

    steps: Sequence[Step | Maker | Sequence[Step | Maker]]
    name: str = "scripted"
    context_tokens: int = 128_000
    requests: list[ModelRequest] = field(default_factory=list)
    """Every request, tried again or not."""
    _played: dict[tuple[int, int], int] = field(default_factory=dict)

    def __init__(
        self,
        *steps: Step | Maker | Sequence[Step | Maker],
        name: str = "scripted",
        context_tokens: int = 128_000,
    ) -> None:
        self.steps = steps
        self.name = name
        self.context_tokens = context_tokens
        self.requests = []
        self._played = {}

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        place = _place(request)
        step = self._step(place, request)
        number = self._played.get(place, 0)
        self._played[place] = number + 1
        for item in step.tries[min(number, len(step.tries) - 1)]:
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, asyncio.Event):
                await item.wait()
            else:
                yield item

    def _step(self, place: tuple[int, int], request: ModelRequest) -> Step:
        turn, answered = place
        lists = [each for each in self.steps if isinstance(each, Sequence)]
        steps: Sequence[Step | Maker | Sequence[Step | Maker]] = self.steps
        if lists:
            steps = lists[turn] if turn < len(lists) else ()
        if answered >= len(steps):
            raise ProviderError(f"The script has no step {answered + 1} for message {turn + 1}.")
        step = steps[answered]
        if isinstance(step, Step):
            return step
        assert callable(step)
        return step(request)


def _place(request: ModelRequest) -> tuple[int, int]:
    """(number of earlier user messages, answers since the last one)"""
    turn, answered = -1, 0
    for message in request.messages:
        if isinstance(message, UserMessage):
            turn, answered = turn + 1, 0
        elif isinstance(message, AssistantMessage):
            answered += 1
    return max(turn, 0), answered
