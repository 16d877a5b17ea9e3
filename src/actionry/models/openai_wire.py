"""Chat completions as OpenAI, OpenRouter, Ollama, llama.cpp, vLLM and many others speak them, without an SDK.

pydantic-ai speaks this too, and is what the other providers are reached through. This adapter exists because of what
its stack costs on the path that every token takes: each chunk becomes objects of httpx2, of the openai SDK and of
pydantic-ai, which `bench/provider_cpu.py` measures at many times a bare relay, and the imports alone take 85 MB and
two seconds of CPU. Here an event is parsed once, and the text of everything that came in one read is one delta.

Sources: the OpenAI API reference, "Create chat completion" and "Streaming"; what servers do otherwise is noted where
it is handled.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, assert_never

import orjson

from actionry.models.failures import ModelFailure, Teller, read_error
from actionry.models.http_stream import Incoming, Upstream
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
from actionry.models.sse import EventReader, EventTooLarge
from actionry.models.tries import PROVIDER_LIMITS, ProviderLimits, Tries

_log: Final = logging.getLogger(__name__)

TokenLimitField = Literal["max_tokens", "max_completion_tokens"]

_DROPPABLE: Final = ("stream_options", "temperature", "user", "tool_choice")
"""Fields that an answer is possible without; left out after a server has refused them by name."""
_OTHER_FIELD: Final[dict[TokenLimitField, TokenLimitField]] = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""What every server takes as a tool call's id; OpenAI allows 40 characters."""
_REMEMBERED_ECHOES: Final = 512


class OpenAIWire:
    """A Provider: one model behind a chat completions endpoint."""

    def __init__(
        self,
        name: str,
        model: str,
        upstream: Upstream,
        teller: Teller,
        *,
        context_tokens: int,
        token_limit_field: TokenLimitField = "max_tokens",  # noqa: S107 - tokens of text, no password
        inline_system: bool = True,
        limits: ProviderLimits = PROVIDER_LIMITS,
        tries: Tries | None = None,
    ) -> None:
        """`upstream` leads to the base URL that `/chat/completions` follows; it is closed with this provider.

        inline_system=False: system messages after the first ones are sent as user messages in a `<system>` tag,
        because the chat templates of local models refuse them there.
        """
        self._name = name
        self._model = model
        self._upstream = upstream
        self._teller = teller
        self._context_tokens = context_tokens
        self._token_limit_field: TokenLimitField = token_limit_field
        self._inline_system = inline_system
        self._limits = limits
        self._tries = tries or Tries(teller, limits)
        self._refused: set[str] = set()
        self._swapped = False
        self._echoes = Echoes()

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """See `models.provider.Provider`."""
        return self._tries.stream(lambda: self._start(request))

    async def aclose(self) -> None:
        """Close the connections; the provider can be used again."""
        await self._upstream.aclose()

    async def _start(self, request: ModelRequest) -> ChatAttempt:
        """Ask; a server that refuses an optional field by name is asked again without it, now and from now on."""
        while True:
            body = self._body(request)
            try:
                incoming = await self._upstream.post("/chat/completions", orjson.dumps(body, default=_plain))
            except ModelFailure as failure:
                if not self._adapt(failure, body):
                    raise
            else:
                keep = self._echoes.keeper(request)
                return ChatAttempt(incoming, self._teller, self._limits, keep)

    def _body(self, request: ModelRequest) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": write_messages(
                request.messages, inline_system=self._inline_system, echoes=self._echoes, user=request.user
            ),
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if tools := offered(request):
            body["tools"] = [write_tool(each) for each in tools]
        if request.force_tool is not None:
            body["tool_choice"] = {"type": "function", "function": {"name": request.force_tool}}
        if request.max_output_tokens is not None:
            body[self._token_limit_field] = request.max_output_tokens
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.user is not None:
            body["user"] = request.user
        for field_name in self._refused:
            body.pop(field_name, None)
        return body

    def _adapt(self, failure: ModelFailure, body: Mapping[str, Any]) -> bool:
        """Whether the body can be written in another way that avoids this refusal."""
        if failure.reason != "request" or failure.status not in (400, 422):
            return False
        used = next((each for each in _OTHER_FIELD if body.get(each) is not None), None)
        if used is not None and _names(failure, used):
            # OpenAI's reasoning models know only the second, most other servers only the first.
            if used == self._token_limit_field:
                if self._swapped:
                    return False
                self._swapped = True
                self._token_limit_field = _OTHER_FIELD[used]
            refused: str = used
        else:
            dropped = next((each for each in _DROPPABLE if each in body and _names(failure, each)), None)
            if dropped is None:
                return False
            self._refused.add(dropped)
            refused = dropped
        _log.warning("%s does not take %s; it is asked without.", self._name, refused)
        return True


def _names(failure: ModelFailure, field_name: str) -> bool:
    """Whether the refusal is about that field of ours, as the server says in data or in words."""
    if failure.parameter is not None:
        return failure.parameter.partition(".")[0] == field_name
    if field_name == "user":  # the word is in half of all messages
        return False
    # `max_tokens` is no part of `max_completion_tokens`, but a word of its own.
    return re.search(rf"(?<![A-Za-z_]){field_name}(?![A-Za-z_])", failure.message) is not None


def offered(request: ModelRequest) -> Sequence[ToolDefinition]:
    """The tools of the request; of a forced one it alone, because some servers do not know `tool_choice`."""
    if request.force_tool is None:
        return request.tools
    forced = [each for each in request.tools if each.name == request.force_tool]
    if not forced:
        raise ValueError(f"force_tool is {request.force_tool!r}, which is not among the tools")
    return forced


def write_tool(tool: ToolDefinition) -> dict[str, Any]:
    """As offered, the schema untouched: `strict` would demand that optional parameters be required."""
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def write_messages(
    messages: Sequence[Message], *, inline_system: bool = True, echoes: Echoes | None = None, user: str | None = None
) -> list[dict[str, Any]]:
    """The conversation in chat completions form; system messages at the beginning become one."""
    written: list[dict[str, Any]] = []
    for position, message in enumerate(messages):
        match message:
            case SystemMessage(text):
                if written and written[-1]["role"] == "system" and len(written) == 1:
                    written[0]["content"] += f"\n\n{text}"
                elif written and not inline_system:
                    written.append({"role": "user", "content": f"<system>\n{text}\n</system>"})
                else:
                    written.append({"role": "system", "content": text})
            case UserMessage(text):
                written.append({"role": "user", "content": text})
            case AssistantMessage():
                if message.text or message.tool_calls:
                    written.append(_write_answer(message))
                if message.tool_calls and echoes is not None:
                    echoes.add_to(written[-1], messages[:position], user)
            case ToolResultMessage():
                written.append({"role": "tool", "tool_call_id": call_id(message.call_id), "content": message.text})
            case _:
                assert_never(message)
    return written


def _write_answer(message: AssistantMessage) -> dict[str, Any]:
    answer: dict[str, Any] = {"role": "assistant", "content": message.text or None}
    if not message.tool_calls:
        return answer
    answer["tool_calls"] = [
        {
            "id": call_id(each.id),
            "type": "function",
            "function": {"name": each.name, "arguments": as_object(each.arguments)},
        }
        for each in message.tool_calls
    ]
    return answer


def call_id(given: str) -> str:
    """The id as it was given where every server takes it; else one made of it, the same for call and result."""
    if _ID.fullmatch(given):
        return given
    return "call_" + hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def as_object(arguments: str) -> str:
    """Arguments as servers parse them again: what is no JSON object stands inside one, since Ollama refuses it bare."""
    try:
        if isinstance(orjson.loads(arguments), dict):
            return arguments
    except ValueError:
        pass
    return "{}" if not arguments.strip() else orjson.dumps({"INVALID_JSON": arguments}).decode()


class Echoes:
    """What a server wants to see again beside its own tool calls, and the conversation does not keep.

    Gemini's thought signatures (`extra_content`), DeepSeek's `reasoning_content`, OpenRouter's `reasoning_details`:
    without them those models refuse, or lose their thread, when results come back in the same turn. Kept in memory
    for the last calls; after a restart such a turn is asked again without them.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Echo] = OrderedDict()

    def keeper(self, request: ModelRequest) -> Keep:
        """What an answer to this request calls with its calls and what came beside them."""
        scope = _scope(request.messages, request.user)

        def keep(calls: Sequence[ToolCall], echo: Echo) -> None:
            if calls and (echo.beside or any(each is not None for each in echo.extras)):
                self._kept[_key(scope, [(call_id(each.id), each.name) for each in calls])] = echo
                while len(self._kept) > _REMEMBERED_ECHOES:
                    self._kept.popitem(last=False)

        return keep

    def add_to(self, answer: dict[str, Any], before: Sequence[Message], user: str | None) -> None:
        """Complete an assistant message, as it is sent again, by what came with its calls."""
        if not self._kept:
            return
        calls = answer["tool_calls"]
        echo = self._kept.get(_key(_scope(before, user), [(each["id"], each["function"]["name"]) for each in calls]))
        if echo is None:
            return
        answer.update(echo.beside)
        for call, extra in zip(calls, echo.extras, strict=True):
            if extra is not None:
                call["extra_content"] = extra


@dataclass(frozen=True, slots=True)
class Echo:
    beside: Mapping[str, Any]
    """Fields of the assistant message."""
    extras: tuple[Any, ...]
    """`extra_content` of each call, or None."""


Keep = Callable[[Sequence[ToolCall], Echo], None]


def _scope(messages: Sequence[Message], user: str | None) -> bytes:
    """Digest of the turn so far. Many servers count their call ids from 0, so an id alone would mix conversations."""
    digest = hashlib.sha256(repr(user).encode("utf-8", "surrogatepass"))
    begin = max((at for at, each in enumerate(messages) if isinstance(each, UserMessage)), default=0)
    for message in messages[begin:]:
        digest.update(repr(message).encode("utf-8", "surrogatepass"))
    return digest.digest()


def _key(scope: bytes, calls: Sequence[tuple[str, str]]) -> bytes:
    return hashlib.sha256(scope + repr(calls).encode()).digest()


@dataclass(slots=True)
class PartialCall:
    """A tool call while its pieces come."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    extra: Any = None

    @property
    def text(self) -> str:
        return "".join(self.arguments)


class ChatAttempt:
    """Reads one streamed answer (`tries.Attempt`)."""

    def __init__(self, incoming: Incoming, teller: Teller, limits: ProviderLimits, keep: Keep) -> None:
        self._incoming = incoming
        self._teller = teller
        self._events = EventReader(limits.event_bytes)
        self._answer = Answer(teller, limits, keep)
        self._failure: ModelFailure | None = None
        self._whole: list[bytes] | None = None
        """Pieces of an answer that is one JSON text and no stream."""
        self._begun = False

    async def read(self) -> Sequence[ModelEvent]:
        if self._failure is not None:
            raise self._failure
        answer = self._answer
        while not answer.done:
            try:
                chunk = await self._incoming.read()
            except ModelFailure:
                if answer.finished:  # the server said so, and then forgot to hang up, or did so roughly
                    return answer.end()
                raise
            if not chunk:
                return self._at_end()
            text = self._take(chunk)
            if answer.finished:
                self._incoming.ending()
            elif text or answer.calling:
                self._incoming.heard()
            if text:
                return (TextDelta(text),)
            if self._failure is not None:
                raise self._failure
        await self._incoming.finish()
        return answer.end()

    async def close(self) -> None:
        self._incoming.close()

    def _take(self, chunk: bytes) -> str:
        """The text in a chunk. A failure behind the text waits until the text is told."""
        if not self._begun:
            start = chunk.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
            self._begun = bool(start)
            if start == b"{":
                self._whole = []
            elif start == b"<":
                raise self._teller.failure("setup", "answered with a web page")
        if self._whole is not None:
            self._whole.append(chunk)
            return ""
        text = ""
        try:
            for payload in self._events.feed(chunk):
                text += self._answer.take(payload)
        except EventTooLarge:
            self._failure = self._teller.failure("malformed", "sent an event that is too large", may_retry=False)
        except ModelFailure as failure:
            self._failure = failure
        return text

    def _at_end(self) -> Sequence[ModelEvent]:
        """The server hung up, which is an end only where the answer says that it is."""
        text = ""
        try:
            if self._whole is not None:
                # It knows no streaming, or it is an error that came with status 200.
                text = self._answer.take(b"".join(self._whole))
            else:
                text = "".join(self._answer.take(payload) for payload in self._events.end())
            events = self._answer.end()
        except ModelFailure as failure:
            if self._whole is None and failure.reason == "malformed" and not self._answer.finished:
                failure = self._teller.failure("cut")  # half an event
            if not text:
                raise failure from None
            self._failure = failure
            return [TextDelta(text)]
        return [TextDelta(text), *events] if text else events


class Answer:
    """Puts one answer together from its chunks."""

    def __init__(self, teller: Teller, limits: ProviderLimits, keep: Keep) -> None:
        self._teller = teller
        self._limits = limits
        self._keep = keep
        self.done = False
        """`[DONE]` came."""
        self._reason: str | None = None
        self._refused = False
        self._seen = False
        self._said = False
        self._calls: dict[int, PartialCall] = {}
        self._last = -1
        self._size = 0
        self._usage = Usage()
        self._beside: dict[str, Any] = {}

    @property
    def finished(self) -> bool:
        """The server has said why the answer ends; usage may follow."""
        return self.done or self._reason is not None

    @property
    def calling(self) -> bool:
        return bool(self._calls)

    def take(self, payload: bytes) -> str:
        """The text of one event. Raises ModelFailure for an error object, and for what is no JSON."""
        if payload == b"[DONE]":
            self.done = True
            return ""
        if not payload or self.done:
            return ""
        try:
            chunk = orjson.loads(payload)
        except ValueError:
            return self._take_lines(payload)
        try:
            return self._take_chunk(chunk)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError):
            # JSON of another shape: a text where an object belongs, and the like.
            raise self._teller.failure("malformed", quoted=payload[:200].decode("utf-8", "replace")) from None

    def _take_chunk(self, chunk: dict[str, Any]) -> str:
        self._seen = True
        choices = chunk.get("choices")
        if not choices:
            self._take_rest(chunk)
            return ""
        if chunk.get("usage") or chunk.get("error"):
            self._take_rest(chunk)
        choice = choices[0]
        if choice.get("index"):  # further answers to the same question are never asked for
            return ""
        if reason := choice.get("finish_reason"):
            self._reason = str(reason)
        delta = choice.get("delta") or choice.get("message")
        if not delta:
            return ""
        content = delta.get("content")
        if len(delta) > 1 or type(content) is not str:
            content = self._take_delta(delta)
        if content:
            self._said = True
        return str(content)

    def end(self) -> list[ModelEvent]:
        """The calls and the end. Raises ModelFailure when the answer broke off, or says nothing."""
        if not self.done and self._reason is None:
            raise self._teller.failure("cut" if self._seen else "empty")
        calls = [self._calls[index] for index in sorted(self._calls)]
        if self._refused or self._reason == "content_filter":
            return [Finished("refused", self._usage)]
        if self._reason == "length":
            # Cut arguments must not be mended into a call that nobody meant.
            if calls and not _is_object(calls[-1].text):
                calls.pop()
        elif not calls and not self._said:
            raise self._teller.failure("empty")
        ready = self._ready(calls)
        if self._reason == "length":
            return [*ready, Finished("length", self._usage)]
        # Ollama, and others for Gemini, say `stop` after calls.
        return [*ready, Finished("tool_calls" if ready else "stop", self._usage)]

    def _ready(self, calls: list[PartialCall]) -> list[ToolCallReady]:
        ids: set[str] = set()
        for call in calls:
            if not call.name:
                raise self._teller.failure("malformed", "asked for a call without a name")
            if not call.id or call.id in ids:
                call.id = f"call_{secrets.token_hex(12)}"
            ids.add(call.id)
        made = [ToolCall(id=call.id, name=call.name, arguments=call.text.strip() or "{}") for call in calls]
        self._keep(made, Echo(self._beside, tuple(call.extra for call in calls)))
        return [ToolCallReady(call) for call in made]

    def _take_lines(self, payload: bytes) -> str:
        """Servers that end events with one line feed send several as what the standard reads as one."""
        lines = payload.split(b"\n")
        if len(lines) == 1:
            raise self._teller.failure("malformed", quoted=payload[:200].decode("utf-8", "replace"))
        return "".join(self.take(line.strip()) for line in lines)

    def _take_rest(self, chunk: dict[str, Any]) -> None:
        if error := read_error(chunk) if "choices" not in chunk or chunk.get("error") else None:
            raise self._teller.from_error(error, retry_after_s=error.retry_after_s)
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage")
        if isinstance(usage, dict):
            self._usage = read_usage(usage)

    def _take_delta(self, delta: dict[str, Any]) -> str:
        """A delta that is more than text."""
        for call in delta.get("tool_calls") or ():
            self._take_call(call)
        if thought := delta.get("reasoning_content"):
            self._beside["reasoning_content"] = self._beside.get("reasoning_content", "") + str(thought)
        if isinstance(details := delta.get("reasoning_details"), list):
            self._beside.setdefault("reasoning_details", []).extend(details)
        text = delta.get("content") or ""
        if isinstance(text, list):  # Mistral's reasoning models: parts, of which text is one kind
            text = "".join(str(part.get("text") or "") for part in text if part.get("type") == "text")
        if not isinstance(text, str):
            raise TypeError("content is no text")
        if refusal := delta.get("refusal"):
            self._refused = True
            text += str(refusal)
        return text

    def _take_call(self, piece: dict[str, Any]) -> None:
        """A piece of a call belongs to its `index`; servers that give none, or always 0, begin a call by a new id."""
        function = piece.get("function") or {}
        name = function.get("name") or ""
        given = piece.get("id") or ""
        index = piece.get("index")
        if not isinstance(index, int):
            begins = bool(name) and (not given or all(given != each.id for each in self._calls.values()))
            index = self._last + 1 if begins or self._last < 0 else self._last
        call = self._calls.get(index)
        if call is not None and given and call.id and given != call.id and name:
            index = max(self._calls) + 1
            call = None
        if call is None:
            if len(self._calls) >= self._limits.tool_calls:
                raise self._teller.failure(
                    "malformed", f"asked for more than {self._limits.tool_calls} calls at once", may_retry=False
                )
            call = self._calls[index] = PartialCall()
        self._last = index
        call.id = call.id or given
        if name and name != call.name:
            call.name += name
        if (extra := piece.get("extra_content")) is not None:
            call.extra = extra
        self._add_arguments(call, function.get("arguments"))

    def _add_arguments(self, call: PartialCall, arguments: Any) -> None:
        if not arguments:
            return
        text = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
        self._size += len(text)
        if self._size > self._limits.argument_characters:
            raise self._teller.failure("malformed", "wrote arguments without end", may_retry=False)
        call.arguments.append(text)


def read_usage(usage: Mapping[str, Any]) -> Usage:
    """OpenAI's names; DeepSeek says `prompt_cache_hit_tokens`."""
    details = usage.get("prompt_tokens_details") or {}
    cached = details.get("cached_tokens") or usage.get("prompt_cache_hit_tokens")
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(cached),
    )


def _count(value: Any) -> int:
    return max(int(value), 0) if isinstance(value, (int, float)) else 0


def _is_object(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except ValueError:
        return False


def _plain(value: object) -> object:
    """Schemas are Mappings, and not always dicts."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
