"""The debug view of a turn: its events by model round and call. Pure; events hold no secrets, nor does this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actionry.chat.events import (
    CallFailed,
    CallFinished,
    CallProposed,
    CallRefused,
    CallStarted,
    CallUnknown,
    ConfirmationAnswered,
    ConfirmationAsked,
    ModelFinished,
    ModelStarted,
    Notice,
    StoredEvent,
    TextAdded,
)
from actionry.server.shapes import TraceCall, TraceOut, TraceRound, TurnOut


def make_trace(turn: TurnOut, events: Sequence[StoredEvent]) -> TraceOut:
    rounds: list[dict[str, Any]] = []
    calls: dict[str, dict[str, Any]] = {}
    notices: list[str] = []
    for stored in events:
        event, at = stored.event, stored.at
        match event:
            case ModelStarted():
                rounds.append(_round(event, at))
            case TextAdded() if rounds:
                rounds[-1].setdefault("first_text_at", at)
                rounds[-1]["text"] += event.text
            case ModelFinished() if rounds:
                rounds[-1] |= {
                    "finished_at": at, "reason": event.reason, "input_tokens": event.input_tokens,
                    "output_tokens": event.output_tokens, "cached_tokens": event.cached_tokens,
                }  # fmt: skip
            case CallProposed() if rounds:
                if event.call_id not in calls:
                    calls[event.call_id] = {"proposed_at": at, "outcome": "open", "text": "", "attempts": 0}
                    rounds[-1]["calls"].append(calls[event.call_id])
                calls[event.call_id] |= _proposed(event)
            case Notice():
                notices.append(event.text)
            case _:
                call = calls.get(getattr(event, "call_id", ""))
                if call is not None:
                    call |= _step(event, at, call)
    return TraceOut(
        turn=turn,
        rounds=[TraceRound(**{**each, "calls": [TraceCall(**call) for call in each["calls"]]}) for each in rounds],
        notices=notices,
    )


def _round(event: ModelStarted, at: float) -> dict[str, Any]:
    return {
        "round": event.round, "model": event.model, "offered": list(event.offered), "started_at": at, "text": "",
        "calls": [],
    }  # fmt: skip


def _proposed(event: CallProposed) -> dict[str, Any]:
    return {
        "call_id": event.call_id, "function": event.function, "operation": event.operation, "host": event.host,
        "consequential": event.consequential, "arguments": event.arguments, "request": event.request,
    }  # fmt: skip


def _step(event: Any, at: float, call: dict[str, Any]) -> dict[str, Any]:
    match event:
        case ConfirmationAsked():
            return {"asked_at": at, "outcome": "waiting"}
        case ConfirmationAnswered():
            return {"answered_at": at, "decision": event.decision, "outcome": "open"}
        case CallStarted():
            return {"started_at": call.get("started_at", at), "attempts": event.attempt, "outcome": "running"}
        case CallFinished():
            return {
                "ended_at": at, "outcome": "finished", "text": event.text, "status": event.status, "size": event.size,
                "media_type": event.media_type, "elapsed_ms": event.elapsed_ms, "response": event.response,
            }  # fmt: skip
        case CallFailed():
            return {"ended_at": at, "outcome": "failed", "text": event.text}
        case CallUnknown():
            return {"ended_at": at, "outcome": "unknown", "text": event.text}
        case CallRefused():
            return {"ended_at": at, "outcome": f"refused: {event.reason}", "text": event.text}
        case _:
            return {}
