"""What a turn's events say: which round it is in, how each call stands, what was spent. Pure folding, nothing else.

A process that continues a turn knows no more than this, and needs no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, assert_never

from actionry.chat.events import (
    CallFailed,
    CallFinished,
    CallProposed,
    CallRefused,
    CallStarted,
    CallUnknown,
    ConfirmationAnswered,
    ConfirmationAsked,
    Event,
    ModelFinished,
    ModelStarted,
    Notice,
    SignInAsked,
    SignInFinished,
    StoredEvent,
    TextAdded,
    TurnFinished,
    UserMessageAdded,
)
from actionry.http import origin_of

CallEnd = CallFinished | CallFailed | CallUnknown | CallRefused
CallStatus = Literal["open", "asking", "signing_in", "running", "ended"]

LONGEST_GAP_S = 120.0
"""Between two events of one run nothing takes longer than this in a healthy process; the rest of a longer gap is time
in which nobody ran the turn, and is not held against its budget."""


@dataclass(slots=True)
class CallState:
    """One call of the model's, however often it was proposed, asked about and started."""

    proposed: CallProposed
    round: int
    asked: ConfirmationAsked | None = None
    answer: ConfirmationAnswered | None = None
    """The first one that fits the question; later ones are a second click."""
    answered_at: float = 0.0
    sign_in: SignInAsked | None = None
    signed_in: SignInFinished | None = None
    attempts: int = 0
    started: bool = False
    """An attempt is under way, or was when the process died."""
    changed: bool = False
    """The person changed the arguments."""
    proposals: int = 1
    ended: CallEnd | None = None

    @property
    def id(self) -> str:
        return self.proposed.call_id

    @property
    def status(self) -> CallStatus:
        if self.ended is not None:
            return "ended"
        if self.started:
            return "running"
        if self.sign_in is not None and self.signed_in is None:
            return "signing_in"
        if self.asked is not None and self.answer is None:
            return "asking"
        return "open"

    @property
    def origin(self) -> str | None:
        """Where the request goes, with its port; None for built-in functions and calls that could not be built."""
        url = (self.proposed.request or {}).get("url")
        try:
            return origin_of(url) if isinstance(url, str) else None
        except ValueError:
            return None


@dataclass(slots=True)
class RoundState:
    """One request to the model and what came of it."""

    number: int
    started: ModelStarted
    tries: int = 1
    """Above 1, an earlier try was cut by the end of its process."""
    pieces: list[str] = field(default_factory=list)
    finished: ModelFinished | None = None
    calls: list[CallState] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def open_calls(self) -> list[CallState]:
        return [call for call in self.calls if call.ended is None]


@dataclass(slots=True)
class TurnState:
    """A turn as far as it has come."""

    user: UserMessageAdded | None = None
    rounds: list[RoundState] = field(default_factory=list)
    calls: dict[str, CallState] = field(default_factory=dict)
    outcome: TurnFinished | None = None
    notices: list[Notice] = field(default_factory=list)
    last_seq: int = 0
    active_s: float = 0.0
    """Time spent running, without the waiting for people."""
    _last_at: float | None = None

    @property
    def round(self) -> RoundState | None:
        return self.rounds[-1] if self.rounds else None

    @property
    def tokens(self) -> int:
        finished = (each.finished for each in self.rounds if each.finished is not None)
        return sum(each.input_tokens + each.output_tokens for each in finished)

    @property
    def bytes(self) -> int:
        return sum(call.ended.size for call in self.calls.values() if isinstance(call.ended, CallFinished))

    @property
    def waiting(self) -> list[CallState]:
        """Calls that wait for a person."""
        return [call for call in self.calls.values() if call.status in ("asking", "signing_in")]

    def read_origins(self, before_round: int | None = None) -> list[str]:
        """Origins whose answers the model has read: what a later call may have been suggested by (THREATS P-08)."""
        found: dict[str, None] = {}
        for call in self.calls.values():
            if isinstance(call.ended, CallFinished) and (before_round is None or call.round < before_round):
                origin = call.origin
                if origin is not None:
                    found[origin] = None
        return list(found)

    def apply(self, stored: StoredEvent) -> None:
        self.last_seq = stored.seq
        self._count_time(stored)
        self._apply(stored.event, stored.at)

    def _count_time(self, stored: StoredEvent) -> None:
        if self._last_at is not None and not isinstance(stored.event, ConfirmationAnswered | SignInFinished):
            self.active_s += min(max(0.0, stored.at - self._last_at), LONGEST_GAP_S)
        self._last_at = stored.at

    def _apply(self, event: Event, at: float) -> None:
        match event:
            case UserMessageAdded():
                self.user = event
            case ModelStarted():
                self._start_round(event)
            case TextAdded():
                if self.rounds:
                    self.rounds[-1].pieces.append(event.text)
            case ModelFinished():
                if self.rounds:
                    self.rounds[-1].finished = event
            case CallProposed():
                self._propose(event)
            case Notice():
                self.notices.append(event)
            case TurnFinished():
                self.outcome = event
            case (
                CallRefused()
                | ConfirmationAsked()
                | ConfirmationAnswered()
                | SignInAsked()
                | SignInFinished()
                | CallStarted()
                | CallFinished()
                | CallFailed()
                | CallUnknown()
            ):
                call = self.calls.get(event.call_id)
                if call is not None and call.ended is None:
                    _apply_to_call(call, event, at)
            case _:
                assert_never(event)

    def _start_round(self, event: ModelStarted) -> None:
        last = self.round
        if last is not None and last.number == event.round and last.finished is None:
            last.started = event
            last.tries += 1
            last.pieces.clear()
        else:
            self.rounds.append(RoundState(event.round, event))

    def _propose(self, event: CallProposed) -> None:
        known = self.calls.get(event.call_id)
        if known is not None:
            if known.ended is None:
                # Consent and sign-in belonged to the request that was shown; this is another one.
                known.changed = known.changed or known.proposed.arguments != event.arguments
                known.proposed = event
                known.asked = known.answer = known.sign_in = known.signed_in = None
                known.started = False
                known.proposals += 1
            return
        if self.rounds:
            call = CallState(event, self.rounds[-1].number)
            self.calls[event.call_id] = call
            self.rounds[-1].calls.append(call)


def _apply_to_call(
    call: CallState,
    event: CallEnd | ConfirmationAsked | ConfirmationAnswered | SignInAsked | SignInFinished | CallStarted,
    at: float,
) -> None:
    match event:
        case ConfirmationAsked():
            call.asked, call.answer = event, None
        case ConfirmationAnswered():
            if call.asked is not None and call.answer is None:
                call.answer, call.answered_at = event, at
        case SignInAsked():
            call.sign_in, call.signed_in, call.started = event, None, False
        case SignInFinished():
            if call.sign_in is not None and call.signed_in is None:
                call.signed_in = event
        case CallStarted():
            call.started, call.attempts = True, event.attempt
        case CallFinished() | CallFailed() | CallUnknown() | CallRefused():
            call.ended, call.started = event, False
        case _:
            assert_never(event)


def fold(events: Iterable[StoredEvent]) -> TurnState:
    """The state that these events of one turn leave it in."""
    state = TurnState()
    for event in events:
        state.apply(event)
    return state


def result_text(call: CallState) -> str:
    """What the model reads as the call's result, whatever became of it."""
    ended = call.ended
    text = ended.text if ended is not None else "The call has no result yet."
    if call.changed:
        return f"The user changed the arguments to {call.proposed.arguments} before the call.\n{text}"
    return text
