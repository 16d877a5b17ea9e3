"""How a call ended, as an event: from its result, from an error, or from what the journal recorded."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from actionry.actions.journal import Entry
from actionry.actions.result import Result, error_for_model
from actionry.chat.events import (
    CallFailed,
    CallFinished,
    CallUnknown,
    Event,
)
from actionry.chat.state import CallState
from actionry.errors import (
    ActionryError,
    OutcomeUnknown,
    ResponseTooLarge,
)
from actionry.http import File
from actionry.tools.plain_text import visible

SHOWN_BODY = 2_000
"""Characters of an answer in the debug view; what the model read stands beside it in full."""


def journal_id(call_id: str, attempt: int) -> str:
    """Each attempt is a call of its own in the journal: what has ended there stays as it is."""
    return call_id if attempt <= 1 else f"{call_id}.{attempt}"


def finished(call_id: str, result: Result, added: Sequence[str]) -> CallFinished:
    whole = result.rest if result.rest is not None else result.data if isinstance(result.data, File) else None
    size = len(whole.content) if whole is not None else len(result.text_for_model.encode("utf-8", "replace"))
    return CallFinished(
        call_id=call_id,
        status=result.status,
        media_type=result.media_type,
        size=size,
        elapsed_ms=round(result.elapsed_s * 1000),
        text=result.text_for_model,
        response=_shown_response(result),
        file_ids=tuple(added),
    )


def _shown_response(result: Result) -> dict[str, object]:
    """For the debug view: `Result` holds no secret any more, cookies apart."""
    hidden = {"set-cookie", "www-authenticate", "authorization"}
    headers = [[name, "•••" if name.lower() in hidden else visible(value)] for name, value in result.headers.items()]
    body = result.text_for_model
    return {
        "headers": headers,
        "body": body[:SHOWN_BODY],
        "cut": len(body) > SHOWN_BODY or result.truncated,
        "remarks": list(result.remarks),
    }


def too_large(call_id: str, error: ResponseTooLarge) -> CallFinished:
    result = error.result if isinstance(error.result, Result) else None
    return CallFinished(
        call_id=call_id,
        status=result.status if result is not None else 0,
        media_type=result.media_type if result is not None else "",
        size=error.size or 0,
        elapsed_ms=round(result.elapsed_s * 1000) if result is not None else 0,
        text=error_for_model(error),
        response=_shown_response(result) if result is not None else None,
    )


def failed(call_id: str, error: ActionryError) -> CallFailed:
    return CallFailed(call_id=call_id, text=error_for_model(error), told_to=error.told_to, may_retry=error.may_retry)


def from_journal(call: CallState, entry: Entry) -> Event:
    """The end of a call as the journal has it."""
    outcome = entry.outcome
    match entry.state:
        case "done" if "status" in outcome:
            text = str(outcome.get("text_for_model", ""))
            return CallFinished(
                call_id=call.id,
                status=int(outcome["status"]),
                media_type=str(outcome.get("media_type", "")),
                size=len(text.encode("utf-8", "replace")),
                elapsed_ms=0,
                text=text,
            )
        case "done":
            text = _recorded_error(entry)
            return CallFinished(call_id=call.id, status=0, media_type="", size=len(text), elapsed_ms=0, text=text)
        case "unknown" | "claimed" | "sent":
            return CallUnknown(call_id=call.id, text=_unknown_text(call))
        case _:
            return CallFailed(call_id=call.id, text=_recorded_error(entry), told_to="api", may_retry=True)


def _recorded_error(entry: Entry) -> str:
    kind, why = entry.outcome.get("error", "ActionryError"), entry.outcome.get("why", "The call was given up.")
    return orjson.dumps({"error": {"kind": kind, "message": why}}).decode()


def _unknown_text(call: CallState) -> str:
    return error_for_model(
        OutcomeUnknown(
            f"{call.proposed.function} was sent, but its outcome is not known; it may have happened.",
            mend="Check with an operation that reads, before it is called again.",
        )
    )
