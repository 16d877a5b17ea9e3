"""What appended events do to the rows beside them: a turn's state and usage, and the questions that wait for a person.

Pure: rows and events go in, changed values come out; `turns.py` writes them in the transaction of the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from actionry.chat.events import (
    CallRefused,
    ConfirmationAsked,
    Event,
    ModelFinished,
    SignInAsked,
    TextAdded,
    TurnFinished,
)

TurnState = Literal["queued", "running", "waiting", "finished"]
QuestionKind = Literal["confirmation", "sign_in"]

AT_REST: frozenset[str] = frozenset({"waiting", "finished"})
"""Nothing more comes until a person does something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A row of `approvals` to be written, open."""

    call_id: str
    kind: QuestionKind
    digest: str = ""
    may_always_allow: bool = False
    expires_at: float | None = None


@dataclass(slots=True, kw_only=True)
class Effects:
    """Of some events on one turn."""

    asked: list[Question] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Call ids whose open questions are over."""
    finished: TurnFinished | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0

    def touches_questions(self) -> bool:
        return bool(self.asked or self.refused or self.finished)


def effects_of(events: Sequence[Event]) -> Effects | None:
    """None for streamed text alone, which changes nothing but the sequence number."""
    if all(isinstance(event, TextAdded) for event in events):
        return None
    effects = Effects()
    for event in events:
        match event:
            case ModelFinished():
                effects.input_tokens += event.input_tokens
                effects.output_tokens += event.output_tokens
                effects.cached_tokens += event.cached_tokens
            case ConfirmationAsked():
                effects.asked.append(
                    Question(
                        call_id=event.call_id,
                        kind="confirmation",
                        digest=event.digest,
                        may_always_allow=event.may_always_allow,
                        expires_at=event.expires_at,
                    )
                )
            case SignInAsked():
                effects.asked.append(Question(call_id=event.call_id, kind="sign_in"))
            case CallRefused():
                effects.refused.append(event.call_id)
            case TurnFinished():
                effects.finished = event
            case _:
                pass  # told to readers, not to other rows
    return effects


def state_when_released(row: Any) -> TurnState:
    """Where a turn goes when its runner lets go; `row` has the columns of `turns`."""
    if row.state == "finished":
        return "finished"
    # An answer or a stop that came while the runner was at it may not have been read: somebody looks again.
    if row.woken or row.stop_asked or row.open_questions == 0:
        return "queued"
    return "waiting"
