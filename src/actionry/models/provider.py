"""What a chat turn needs of a model: one streaming request. Providers are adapters behind this protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class SystemMessage:
    text: str


@dataclass(frozen=True, slots=True)
class UserMessage:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One request by the model."""

    id: str
    """The provider's id, echoed in the result; made up where the provider has none."""
    name: str
    arguments: str
    """JSON text as the model wrote it; `tools.arguments` reads and repairs it."""


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    text: str
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResultMessage:
    call_id: str
    name: str
    text: str


Message = SystemMessage | UserMessage | AssistantMessage | ToolResultMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition:
    """One function as offered; `parameters` is JSON Schema 2020-12."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    method: str | None = None
    """Of the operation behind it, where known: the built-in model reads it."""
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    messages: Sequence[Message]
    tools: Sequence[ToolDefinition] = ()
    force_tool: str | None = None
    """The model must call this function (the editor's *Test*, GE-10)."""
    max_output_tokens: int | None = None
    temperature: float | None = None
    user: str | None = None
    """An opaque id of the end user for providers that want one; never an e-mail address."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallReady:
    """A whole tool call, told once its arguments are complete."""

    call: ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """Always last."""

    reason: Literal["stop", "tool_calls", "length", "refused"]
    usage: Usage = field(default_factory=Usage)


ModelEvent = TextDelta | ToolCallReady | Finished


class Provider(Protocol):
    """A model at a provider.

    `stream` raises errors.ProviderError: `may_retry` and `retry_after_s` as the provider said (429, 503, 529),
    `told_to="operator"` for a bad key or an unknown model; never a secret in the message. After the first event it
    never tries again by itself (THREATS 5.2); before it, up to three times with full jitter.
    """

    @property
    def name(self) -> str:
        """`openai:NAME`, `anthropic:NAME`, `rehearsal` …: what a person reads and settings hold."""
        ...

    @property
    def context_tokens(self) -> int:
        """How many tokens a request may hold; a careful default where the provider does not tell."""
        ...

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]: ...
