"""One call of which everything that could be asked has been answered: agree, claim, send, record.

Consent, the claim and the request itself are the actions layer's; here each end becomes an event.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from actionry.actions.call import Call, Caller
from actionry.actions.confirmation import Answer, Choice
from actionry.actions.journal import Entry
from actionry.actions.proposal import Proposal
from actionry.actions.result import error_for_model
from actionry.chat.call_ends import failed, finished, from_journal, journal_id, too_large
from actionry.chat.events import (
    CallRefused,
    CallUnknown,
    Event,
)
from actionry.chat.log import StaleRunner
from actionry.chat.proposing import (
    NO_BUDGET,
    PLACE_HOLDER,
    KeptFiles,
    build,
    gone,
    make_caller,
    propose_again,
    question,
    sign_in_asked,
    unknown_before,
)
from actionry.chat.run import Run
from actionry.chat.state import CallState
from actionry.chat.toolbox import Offered
from actionry.errors import (
    ActionryError,
    CallConflict,
    ConfirmationDeclined,
    ConfirmationNeeded,
    CredentialError,
    LoginNeeded,
    OutboundError,
    OutcomeUnknown,
    ResponseTooLarge,
    ToolCallError,
    VaultError,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call with everything that it needs: built, agreed to, confirmed in the journal."""

    call: CallState
    offered: Offered
    caller: Caller
    built: Call
    attempt: int


async def admit(run: Run, call: CallState) -> Admitted | None:
    """The call, ready to be claimed and sent; None when an event says why it is not."""
    offered = run.toolbox.find(call.proposed.function)
    if offered is None:
        await run.write(gone(call))
        return None
    refused = await _gate(run, call)
    if refused is not None:
        await run.write(refused)
        return None
    caller = make_caller(run, offered, call.round)
    built = await build(run, caller, offered, call.proposed)
    if not isinstance(built, Call):
        await run.write(built)
        return None
    if built.digest != call.proposed.digest:
        # The document or the GPT changed since it was shown (P-03): it is another call now.
        await propose_again(run, call)
        return None
    attempt = call.attempts if call.started else await _next_attempt(run, call, built.digest)
    built.id = journal_id(call.id, attempt)
    objection = await _agree(run, caller, built, call)
    if objection is not None:
        await run.write(objection)
        return None
    return Admitted(call, offered, caller, built, attempt)


async def _next_attempt(run: Run, call: CallState, digest: str) -> int:
    """The number of the next attempt; one that was entered in the journal for another request is passed over."""
    attempt = call.attempts + 1
    while True:
        entry = await run.services.journal.find(journal_id(call.id, attempt))
        if entry is None or (entry.digest == digest and entry.state in ("proposed", "confirmed")):
            return attempt
        attempt += 1


async def _gate(run: Run, call: CallState) -> CallRefused | None:
    """What may have changed while the turn ran (A-12), and what it has left to spend."""
    if run.services.gate is not None:
        why = await run.services.gate(run.context)
        if why is not None:
            return CallRefused(call_id=call.id, reason="policy", text=why)
    if run.state.bytes > run.budgets.bytes:
        return CallRefused(call_id=call.id, reason="budget", text=NO_BUDGET)
    return None


async def _agree(run: Run, caller: Caller, built: Call, call: CallState) -> Event | None:
    """Consent on record and the call confirmed in the journal; else the event that says why not."""
    answer = call.answer
    if answer is None and unknown_before(run, call.proposed):
        decision = await caller.decide(built)
        return question(caller.propose(built, decision), call.id, warned=True)

    def confirm(proposal: Proposal) -> Answer:
        assert answer is not None
        choice: Choice = "always" if answer.decision == "always_allow" and proposal.may_always_allow else "allow"
        shown = call.asked.digest if call.asked is not None else ""
        return Answer(call_id=proposal.call_id, digest=shown, user=answer.by, choice=choice)

    try:
        await caller.agree(built, confirm if answer is not None else None)
    except ConfirmationNeeded as error:
        if isinstance(error.proposal, Proposal):
            return question(error.proposal, call.id)
        return failed(call.id, error)
    except ConfirmationDeclined as error:
        return CallRefused(call_id=call.id, reason="policy", text=error_for_model(error))
    except CallConflict as error:
        return failed(call.id, error)
    return None


async def send(run: Run, admitted: Admitted) -> None:
    call, caller = admitted.call, admitted.caller
    try:
        result = await caller.run(await _with_links(run, admitted))
    except asyncio.CancelledError:
        if run.ending is not None:
            await run.write(await _cancelled(run, call))
        raise
    except StaleRunner:
        raise
    except Exception as error:  # an error of our own must not leave a sent call without an end
        await run.write(await _ended_badly(run, admitted.offered, call, error))
    else:
        added = caller.files.added if isinstance(caller.files, KeptFiles) else []
        await run.write(finished(call.id, result, added))


async def _with_links(run: Run, admitted: Admitted) -> Call:
    """The agreed call with real links in place of their place-holders; in the journal it stays the agreed one."""
    caller, built, offered = admitted.caller, admitted.built, admitted.offered
    if not isinstance(caller.files, KeptFiles) or PLACE_HOLDER.encode() not in (built.request.content or b""):
        return built
    caller.files.sending = True
    credentials = await run.services.credentials.find(offered.action, offered.source, run.context.user_id)
    return await caller.prepare(
        offered.source,
        offered.function.name,
        admitted.call.proposed.arguments,
        credentials=credentials,
        call_id=built.id,
    )


async def _ended_badly(run: Run, offered: Offered, call: CallState, error: Exception) -> Event:
    match error:
        case LoginNeeded():
            return sign_in_asked(call.id, offered, error)
        case ResponseTooLarge():
            return too_large(call.id, error)
        case OutcomeUnknown():
            return CallUnknown(call_id=call.id, text=error_for_model(error))
        case CallConflict(entry=Entry() as entry):
            return from_journal(call, entry)
        case OutboundError() | CredentialError() | ToolCallError() | VaultError():
            return failed(call.id, error)
        case ActionryError():
            raise error  # the journal's own: the next runner finds there how far the call came
        case _:
            log.error("a call failed on our side", exc_info=error)
            found = await run.services.journal.find(journal_id(call.id, call.attempts))
            if found is not None:
                return from_journal(call, found)
            return CallUnknown(call_id=call.id, text="The call failed on our side; whether it happened is not known.")


async def _cancelled(run: Run, call: CallState) -> Event:
    """After *Stop*: what the journal says, in the user's terms (CH-05)."""
    entry = await run.services.journal.find(journal_id(call.id, call.attempts))
    if entry is None or entry.state in ("proposed", "confirmed", "failed"):
        return CallRefused(call_id=call.id, reason="stopped", text="The user stopped the call; it had no effect.")
    return from_journal(call, entry)
