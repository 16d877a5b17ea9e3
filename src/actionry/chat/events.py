"""Everything that happens in a turn, as events: stored before they are shown, the only truth of a conversation.

A turn's state is what its events say (`chat/state.py` folds them); a process that dies loses nothing but its place
in the loop. Each event is one of these shapes; `(turn_id, seq)` is unique, so a stale process cannot write.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UserMessageAdded(_Event):
    """Always the first of a turn; stored in the transaction that accepts the message."""

    type: Literal["user_message"] = "user_message"
    text: str
    file_ids: tuple[str, ...] = ()


class ModelStarted(_Event):
    """A request to the model begins: `round` 0, 1, 2 … within the turn. Text of a cut earlier try is void."""

    type: Literal["model_started"] = "model_started"
    round: int
    model: str
    offered: tuple[str, ...] = ()
    """Names of the functions offered, for the debug view."""


class TextAdded(_Event):
    """A batch of streamed text (at most 250 ms or 2 kB)."""

    type: Literal["text"] = "text"
    text: str


class ModelFinished(_Event):
    type: Literal["model_finished"] = "model_finished"
    round: int
    reason: Literal["stop", "tool_calls", "length", "refused"]
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


class CallProposed(_Event):
    """The model asks for a call; arguments are checked, the request is built, nothing is sent.

    A second one of the same `call_id` takes the place of the first: after a sign-in, with arguments that the person
    changed, or when what would be sent is no longer what was shown.
    """

    type: Literal["call_proposed"] = "call_proposed"
    call_id: str
    """Ours, unique; approvals and the journal refer to it."""
    provider_call_id: str
    function: str
    arguments: str
    """JSON as the model wrote it."""
    action_id: str | None = None
    """None for built-in tools."""
    operation: str | None = None
    """`POST /todos/{username}`"""
    host: str | None = None
    """As shown: punycode for names that look otherwise."""
    consequential: bool = False
    digest: str | None = None
    """Of operation, final URL, arguments, body and identity (P-01); None when no request could be built."""
    request: dict[str, Any] | None = None
    """method, url, headers, body as they will be sent, secrets masked."""


class CallRefused(_Event):
    """Not sent: wrong arguments, unknown function, a policy, or no budget left; the model is told `text`."""

    type: Literal["call_refused"] = "call_refused"
    call_id: str
    reason: Literal[
        "arguments", "unknown_function", "policy", "budget", "address", "declined", "expired", "stopped",
        "already_executed",
    ]  # fmt: skip
    """`already_executed`: the same call was made in this turn before a crash; `text` holds its recorded answer."""
    text: str


class ConfirmationAsked(_Event):
    """The turn ends here until a person answers; nothing waits in memory."""

    type: Literal["confirmation_asked"] = "confirmation_asked"
    call_id: str
    digest: str
    may_always_allow: bool
    reasons: tuple[str, ...]
    sentence: str
    """One plain sentence of what will happen."""
    expires_at: float


class ConfirmationAnswered(_Event):
    type: Literal["confirmation_answered"] = "confirmation_answered"
    call_id: str
    decision: Literal["allow", "always_allow", "decline"]
    by: str
    arguments: str | None = None
    """Arguments as the person changed them; the call is then proposed anew with its own digest."""


class SignInAsked(_Event):
    """The turn waits for a connection: OAuth sign-in or a key (OA-12)."""

    type: Literal["sign_in_asked"] = "sign_in_asked"
    call_id: str
    action_id: str
    kind: Literal["oauth", "api_key"]
    host: str
    instructions: str = ""


class SignInFinished(_Event):
    type: Literal["sign_in_finished"] = "sign_in_finished"
    call_id: str
    connected: bool


class CallStarted(_Event):
    """Committed before the journal's claim, which is committed before the first byte leaves.

    A call that was started and has no end after a crash is judged by the journal: not claimed means that nothing left.
    """

    type: Literal["call_started"] = "call_started"
    call_id: str
    attempt: int = 1


class CallFinished(_Event):
    """An answer came, whatever its status."""

    type: Literal["call_finished"] = "call_finished"
    call_id: str
    status: int
    media_type: str
    size: int
    """Bytes of the decoded body."""
    elapsed_ms: int
    text: str
    """What the model reads, secrets removed."""
    response: dict[str, Any] | None = None
    """headers and body as shown in the debug view, secrets masked, body cut."""
    file_ids: tuple[str, ...] = ()


class CallFailed(_Event):
    """No answer, and nothing can have happened."""

    type: Literal["call_failed"] = "call_failed"
    call_id: str
    text: str
    told_to: str
    may_retry: bool = False


class CallUnknown(_Event):
    """Sent, no answer: it may have happened. Never re-sent by itself; *Check* and *Run again* are offered."""

    type: Literal["call_unknown"] = "call_unknown"
    call_id: str
    text: str


class Notice(_Event):
    """Something a person should read: trimmed context, a budget, a fallback, a waiting time."""

    type: Literal["notice"] = "notice"
    code: str
    text: str


class TurnFinished(_Event):
    """Terminal. `failed` names whose turn it is; everything acknowledged before stays."""

    type: Literal["turn_finished"] = "turn_finished"
    outcome: Literal["done", "stopped", "failed", "budget"]
    text: str = ""
    told_to: str | None = None
    may_retry: bool = False


Event = Annotated[
    UserMessageAdded
    | ModelStarted
    | TextAdded
    | ModelFinished
    | CallProposed
    | CallRefused
    | ConfirmationAsked
    | ConfirmationAnswered
    | SignInAsked
    | SignInFinished
    | CallStarted
    | CallFinished
    | CallFailed
    | CallUnknown
    | Notice
    | TurnFinished,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
"""`EVENT.validate_json(text)` and `EVENT.dump_json(event)`."""


class StoredEvent(BaseModel):
    """An event with its place; what SSE sends as `id: {turn_id}:{seq}`."""

    model_config = ConfigDict(frozen=True)

    turn_id: str
    seq: int
    """1, 2, 3 … within the turn, without gaps."""
    at: float
    event: Event
