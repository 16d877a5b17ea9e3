"""One request to the model: tried again only before its first event, its text stored in batches before it is shown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from actionry.chat.events import Event, ModelFinished, ModelStarted, Notice, TextAdded
from actionry.chat.prompt import system_text, turn_messages
from actionry.chat.run import Run
from actionry.chat.state import TurnState
from actionry.chat.text import split_half, whole
from actionry.chat.toolbox import Offered
from actionry.chat.trimming import Trimmed, trim
from actionry.errors import ProviderError
from actionry.models.failures import ModelFailure
from actionry.models.provider import Finished, ModelEvent, ModelRequest, TextDelta, ToolCall, ToolCallReady, Usage
from actionry.tools.plain_text import visible
from actionry.tools.tokens import count_tokens

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reply:
    """What the model answered, its text stored but for `rest`."""

    rest: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    finished: Finished = field(default_factory=lambda: Finished("stop"))

    def events(self, number: int, usage: Usage) -> list[Event]:
        found: list[Event] = [TextAdded(text=self.rest)] if self.rest else []
        found.append(
            ModelFinished(
                round=number,
                reason=self.finished.reason,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cached_tokens=usage.cached_tokens,
            )
        )
        if self.finished.reason == "length":
            found.append(Notice(code="answer-cut", text="The model's answer was cut at its longest length."))
        return found


async def ask_model(run: Run, number: int) -> tuple[Reply, list[Event]]:
    """Stream the model's answer. Returns it with the events that end the round, to be stored with its calls.

    Raises ProviderError when there is no answer: before its first event after several tries, after it at once.
    """
    request, notices = await make_request(run, number)
    started = ModelStarted(
        round=number, model=run.services.provider.name, offered=tuple(tool.name for tool in request.tools)
    )
    stream = _Stream(run, request, head=[*notices, started])
    try:
        stream.start()
        reply = await _answer(run, stream)
    finally:
        await stream.close()
    usage = reply.finished.usage
    if not usage.input_tokens and not usage.output_tokens:
        usage = _estimate(request, reply, run.state)
    return reply, reply.events(number, usage)


async def _answer(run: Run, stream: _Stream) -> Reply:
    tries = 1
    while True:
        try:
            return await stream.read()
        except ProviderError as error:
            if stream.said_anything or not _worth_another(error) or tries >= run.budgets.provider_tries:
                raise
            wait_s = _wait_s(run, error, tries)
            tries += 1
            log.warning("model %s failed before its first event: %s", run.services.provider.name, error.message)
            await run.write(
                Notice(
                    code="provider-retry",
                    text=f"The model's provider does not answer: {error.message} Asking again in {wait_s:.0f} s "
                    f"(try {tries} of {run.budgets.provider_tries}).",
                )
            )
            await stream.close()
            await run.services.sleep(wait_s)
            stream.start()


def _worth_another(error: ProviderError) -> bool:
    """An adapter of ours has tried again by itself before it gave up: three tries are three, not nine."""
    return error.may_retry and not isinstance(error, ModelFailure)


def _wait_s(run: Run, error: ProviderError, tries: int) -> float:
    """As the provider said, up to a cap; else full jitter."""
    if error.retry_after_s is not None:
        return min(max(0.0, error.retry_after_s), run.budgets.retry_after_s)
    return random.uniform(0, run.budgets.backoff_s * 2**tries)  # noqa: S311  # spreads load, guards nothing


# ------------------------------------------------------------------------------------------------------- the stream


class _Stream:
    """One try at a time: a task reads the provider's events as they come, `read` stores the text in batches."""

    def __init__(self, run: Run, request: ModelRequest, *, head: list[Event]) -> None:
        self._run = run
        self._request = request
        self._head = head
        """Stored with the first text, or by itself when that takes longer than a moment."""
        self._task: asyncio.Task[None] | None = None
        self._flushed_at = -math.inf
        """On the loop's clock."""
        self._reset()
        self.said_anything = False
        """Text or a call came, in whichever try; from then on nothing is tried again."""

    def _reset(self) -> None:
        self._pieces: list[str] = []
        self._size = 0
        self._calls: list[ToolCall] = []
        self._finished: Finished | None = None
        self._error: BaseException | None = None
        self._changed = asyncio.Event()
        """Something came."""
        self._due = asyncio.Event()
        """A batch is full, or nothing more comes."""
        self._over = False

    def start(self) -> None:
        self._reset()
        self._task = asyncio.create_task(self._pump(), name="actionry-model-stream")

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _pump(self) -> None:
        events: AsyncIterator[ModelEvent] = self._run.services.provider.stream(self._request)
        try:
            async for event in events:
                self._take(event)
                if self._finished is not None:
                    break
        except asyncio.CancelledError:
            raise
        except Exception as error:  # an adapter's fault ends the turn in words, not the process
            self._error = error
        finally:
            self._over = True
            self._changed.set()
            self._due.set()
            close = getattr(events, "aclose", None)
            if close is not None:
                with contextlib.suppress(Exception):  # closing what has failed may fail again: told above
                    await close()

    def _take(self, event: ModelEvent) -> None:
        match event:
            case TextDelta(text):
                if text:
                    self.said_anything = True
                    self._pieces.append(text)
                    self._size += len(text)
                    if self._size >= self._run.budgets.batch_bytes:
                        self._due.set()
            case ToolCallReady(call):
                self.said_anything = True
                self._calls.append(call)
            case Finished():
                self._finished = event
        self._changed.set()

    async def read(self) -> Reply:
        """The whole answer; text is stored on the way."""
        budgets = self._run.budgets
        try:
            await self._begin()
            await self._wait(self._changed, budgets.first_event_s)
            while not self._over:
                if self._pieces:
                    await self._flush()
                await self._next_batch()
        except asyncio.CancelledError:
            if (self._pieces or self._head) and self._run.ending is not None:
                await self._flush()  # what the model said up to the stop stays
            raise
        return await self._end()

    async def _begin(self) -> None:
        """The model is thinking while its start is stored; one that answers at once costs one commit, not two."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._run.budgets.at_once_s):
                await self._changed.wait()
        await self._flush()

    async def _next_batch(self) -> None:
        """Until the next batch is due: something came and the last batch is old enough, or it is full, or all is over.

        So a slow model's words are shown one by one, and a fast one's in batches.
        """
        budgets = self._run.budgets
        self._changed.clear()
        if not self._over and not self._pieces:
            await self._wait(self._changed, budgets.silence_s)
        left_s = self._flushed_at + budgets.batch_s - asyncio.get_running_loop().time()
        if left_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._due.wait()

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            raise ProviderError(
                f"The model was silent for {seconds:.0f} s.", told_to="operator", may_retry=True, mend="Try again."
            ) from None

    async def _flush(self) -> None:
        text, events = self._taken(), self._head
        self._head = []
        if text:
            events = [*events, TextAdded(text=text)]
        await self._run.write(*events)
        if text:
            self._flushed_at = asyncio.get_running_loop().time()

    def _taken(self) -> str:
        text, half = "".join(self._pieces), ""
        self._pieces.clear()
        if self._over:
            text = whole(text)
        else:
            text, half = split_half(text)
            self._due.clear()
        self._size = len(half)
        if half:
            self._pieces.append(half)
        return text

    async def _end(self) -> Reply:
        if self._error is not None or self._finished is None:
            await self._flush()
            raise _as_provider_error(self._error)
        if not self.said_anything and self._finished.reason in ("stop", "tool_calls"):
            raise ProviderError("The model answered nothing.", may_retry=True, mend="Try again.")
        return Reply(self._taken(), self._calls, self._finished)


def _as_provider_error(error: BaseException | None) -> ProviderError:
    if isinstance(error, ProviderError):
        return error
    if error is None:
        return ProviderError("The model's answer was cut off.", told_to="operator", may_retry=True, mend="Try again.")
    log.error("the model's adapter failed", exc_info=error)
    return ProviderError(
        f"The connection to the model failed ({type(error).__name__}).",
        told_to="operator",
        may_retry=True,
        mend="Try again; the server's log says more.",
    )


# ------------------------------------------------------------------------------------------------------ the request


async def make_request(run: Run, number: int) -> tuple[ModelRequest, list[Event]]:
    """The request of a round, and what a person should know about it. Raises ProviderError when it cannot fit."""
    services, budgets = run.services, run.budgets
    forced = _forced(run) if number == 0 else None
    user = run.state.user.text if run.state.user is not None else ""
    tools = run.toolbox.definitions(
        run.states,
        large=run.large,
        budgets=budgets,
        text=user,
        forced=forced.name if forced is not None else None,
    )
    system = system_text(run.context.content, run.toolbox, large=run.large, now=run.now())
    tool_tokens = run.toolbox.tokens_of(tools)
    room = services.provider.context_tokens - budgets.output_tokens - tool_tokens
    trimmed = trim(system, await turn_messages(run.states, services.files), budget=room)
    if not trimmed.fits:
        raise ProviderError(
            f"The message is too long for the model, which reads up to {services.provider.context_tokens:,} tokens.",
            told_to="user",
            mend="Send a shorter message, or choose a model with a larger context.",
        )
    request = ModelRequest(
        messages=trimmed.messages,
        tools=tools,
        force_tool=forced.name if forced is not None else None,
        max_output_tokens=budgets.output_tokens,
        user=_pseudonym(run),
    )
    return request, _notices(run, trimmed)


def _pseudonym(run: Run) -> str | None:
    """The daily pseudonym that APIs get, too: a provider can tell users apart and learns nothing about them."""
    from actionry.actions.headers import HostHeaders

    if not run.services.pseudonym_key:
        return None
    return HostHeaders(user=run.context.user_id, pseudonym_key=run.services.pseudonym_key).pseudonym(run.now())


def _forced(run: Run) -> Offered | None:
    name = run.context.force_function
    return run.toolbox.find(name) if name else None


def _notices(run: Run, trimmed: Trimmed) -> list[Event]:
    told = {notice.code for notice in run.state.notices}
    found: list[Event] = []
    if trimmed.notice and "context-trimmed" not in told:
        found.append(Notice(code="context-trimmed", text=trimmed.notice))
    if run.toolbox.unavailable and "action-unavailable" not in told:
        text = " ".join(visible(each.why) for each in run.toolbox.unavailable)
        found.append(Notice(code="action-unavailable", text=f"Part of this GPT cannot be used now: {text}"))
    return found


def _estimate(request: ModelRequest, reply: Reply, state: TurnState) -> Usage:
    """For a provider that does not count: near enough for the turn's budget."""
    read = sum(len(getattr(message, "text", "")) for message in request.messages) // 4
    said = state.round.text if state.round is not None else ""
    written = count_tokens(said + reply.rest) + sum(count_tokens(call.arguments) for call in reply.calls)
    return Usage(input_tokens=read, output_tokens=written)
