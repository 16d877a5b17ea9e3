"""The built-in model as a `Provider`: no key, no download, English and Chinese; it says plainly what it is.

It reads the same request that a real model would get, works the conversation out anew each time, and streams its
answer. The same request always gets the same answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date
from typing import Any

import orjson

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
from actionry.models.provider import Message as RequestMessage
from actionry.models.rehearsal import Message, RehearsalModel, Reply

NAME = "rehearsal"
CONTEXT_TOKENS = 32_000
PIECE = re.compile(r"\S+\s*|\s+")
_STATUS = re.compile(r"HTTP (\d{3})\b[^\n]*(?:\n|$)")
_CHANGED = re.compile(r"\AThe user changed the arguments to [^\n]*\n")
_DECLINED = ("The user declined", "The user did not")
_SEARCHES = frozenset({"find_operations", "describe_operation"})
"""What stands for the rest of a large API: for models that converse. This one matches what is offered."""


class RehearsalProvider:
    """`rehearsal`, the model of an installation that has no other."""

    def __init__(self, *, today: Callable[[], date] | None = None, context_tokens: int = CONTEXT_TOKENS) -> None:
        self._model = RehearsalModel(today=today)
        self._context_tokens = context_tokens

    @property
    def name(self) -> str:
        return NAME

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        history = read_history(request.messages)
        functions = _functions(request)
        # Matching against many functions takes a while: beside the event loop, other streams go on.
        reply = await asyncio.to_thread(self._model.reply, history, functions)
        text = _text(reply)
        for piece in PIECE.findall(text):
            yield TextDelta(piece)
        for index, (name, arguments) in enumerate(reply.calls):
            yield ToolCallReady(_call(len(history), index, name, arguments))
        read = sum(len(message.text) for message in history) // 4
        usage = Usage(input_tokens=read, output_tokens=len(text) // 4 + 10 * len(reply.calls))
        yield Finished("tool_calls" if reply.calls else "stop", usage)


def _functions(request: ModelRequest) -> Sequence[ToolDefinition]:
    if request.force_tool is not None:
        return [tool for tool in request.tools if tool.name == request.force_tool]
    return [tool for tool in request.tools if tool.name not in _SEARCHES]


def _text(reply: Reply) -> str:
    said = reply.question or reply.text
    parts = [part for part in (reply.note, said) if part]
    return "\n\n".join(parts)


def _call(place: int, index: int, name: str, arguments: Mapping[str, Any]) -> ToolCall:
    text = orjson.dumps(arguments, default=str).decode()
    made = hashlib.sha256(f"{place} {index} {name} {text}".encode()).hexdigest()[:16]
    return ToolCall(id=f"call_{made}", name=name, arguments=text)


# ------------------------------------------------------------------------------------------------------------ history


def read_history(messages: Sequence[RequestMessage]) -> list[Message]:
    """The request's messages as the built-in model reads them; instructions are for models that understand them."""
    found: list[Message] = []
    for message in messages:
        match message:
            case SystemMessage():
                continue
            case UserMessage(text):
                found.append(Message(role="user", text=text))
            case AssistantMessage(text, tool_calls):
                calls = tuple((call.name, _arguments(call.arguments)) for call in tool_calls)
                found.append(Message(role="assistant", text=text, calls=calls))
            case ToolResultMessage():
                found.append(_result(message))
    return found


def _arguments(text: str) -> Mapping[str, Any]:
    data = _json(text)
    return data if isinstance(data, dict) else {}


def _result(message: ToolResultMessage) -> Message:
    text = _CHANGED.sub("", message.text)
    if text.startswith(_DECLINED):
        return Message(role="tool", name=message.name, text=text, declined=True)
    status = None
    found = _STATUS.match(text)
    if found is not None:
        status, text = int(found[1]), text[found.end() :]
    data = _json(text)
    if status is None and isinstance(data, dict) and set(data) == {"error"} and isinstance(data["error"], dict):
        # Our own words on a call that was not made, or got no answer.
        return Message(role="tool", name=message.name, text=text, data=_our_error(data["error"]), status=599)
    return Message(role="tool", name=message.name, text=text, data=data, status=status)


def _our_error(error: Mapping[str, Any]) -> str:
    return " ".join(str(error[key]) for key in ("message", "mend") if error.get(key))


def _json(text: str) -> Any:
    """The data, or None where the text is none."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        return None
