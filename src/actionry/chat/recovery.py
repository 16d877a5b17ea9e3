"""Calls that were under way when their process died, and those that are open when a turn ends before its time.

The journal is asked how far a call came. What may have happened is never sent again unless it only reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from actionry.actions.journal import OPEN, Entry, State
from actionry.chat.call_ends import from_journal, journal_id
from actionry.chat.events import (
    CallRefused,
    CallStarted,
    Event,
)
from actionry.chat.proposing import NO_BUDGET, only_reads
from actionry.chat.run import Run
from actionry.chat.state import CallState
from actionry.errors import (
    CallConflict,
)

STOPPED = "The user stopped the turn before this call; nothing was sent."

FAILED = "The turn ended by a fault of ours before this call; nothing was sent."


async def recover(run: Run, calls: Sequence[CallState]) -> None:
    """Calls that were under way when their process died: judged by the journal, re-sent only if they only read."""
    for call in calls:
        if call.status == "running":
            await _recover_one(run, call)


async def _recover_one(run: Run, call: CallState) -> None:
    name = journal_id(call.id, call.attempts)
    entry = await run.services.journal.find(name)
    offered = run.toolbox.find(call.proposed.function)
    again = offered is not None and only_reads(offered) and call.attempts < run.budgets.attempts
    if entry is not None and entry.state in ("proposed", "confirmed"):
        return  # nothing was claimed: the same attempt goes on
    if entry is None and call.attempts > 1:
        return  # a further attempt enters the journal after its event
    if entry is not None and entry.state in OPEN:
        entry = await close(run, entry)
    if entry is None:  # a journal that forgets: whether it happened cannot be known
        entry = Entry(call_id=name, digest=call.proposed.digest or "", state="unknown")
    # Cancelled before anything left (a server that shut down): the call has not been made yet.
    untouched = entry.state == "failed" and entry.outcome.get("error") in ("Cancelled", "CancelledError")
    if (entry.state == "unknown" and again) or (untouched and call.attempts < run.budgets.attempts):
        await run.write(CallStarted(call_id=call.id, attempt=call.attempts + 1))
    else:
        await run.write(from_journal(call, entry))


_CLOSED: dict[State, State] = {
    "proposed": "expired",
    "confirmed": "expired",
    "claimed": "unknown",
    "sent": "unknown",
}


async def close(run: Run, entry: Entry) -> Entry:
    """Nobody may go on with this entry: the turn is ours now, whoever wakes up later."""
    while (to := _CLOSED.get(entry.state)) is not None:
        outcome = {"why": "The process that made the call ended."}
        try:
            await run.services.journal.move(entry.call_id, entry.state, to, outcome=outcome)
            entry = replace(entry, state=to, outcome=outcome)
        except CallConflict as error:  # its owner lives, and was faster
            if not isinstance(error.entry, Entry):
                raise
            entry = error.entry
    return entry


async def settle(run: Run) -> None:
    """Calls on their way when the turn is ended: as the journal has them, and nobody may go on with them."""
    for call in run.state.calls.values():
        if call.status != "running":
            continue
        entry = await run.services.journal.find(journal_id(call.id, call.attempts))
        if entry is not None:
            entry = await close(run, entry)
        if entry is not None and entry.state in ("done", "unknown"):
            await run.write(from_journal(call, entry))


def refuse_open(run: Run) -> list[Event]:
    """Every call that has no end yet gets one, when the turn ends before its time."""
    found: list[Event] = []
    for call in run.state.calls.values():
        if call.ended is not None:
            continue
        match run.ending:
            case "budget":
                found.append(CallRefused(call_id=call.id, reason="budget", text=NO_BUDGET))
            case "failed":
                found.append(CallRefused(call_id=call.id, reason="stopped", text=FAILED))
            case "stopped" | None:
                found.append(CallRefused(call_id=call.id, reason="stopped", text=STOPPED))
            case _:
                assert_never(run.ending)
    return found
