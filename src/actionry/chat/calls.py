"""A round's calls, from the model's words to results: proposed, asked about, claimed, sent, recorded.

Everything about consent and sending is in `actions`; here it is decided when, and what becomes an event. The order is
the model's: what only reads runs together with its neighbours that only read, everything else by itself, and nothing
overtakes a call that waits for a person.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never
from urllib.parse import urlsplit

import orjson

from actionry.actions.call import Call, Caller
from actionry.actions.confirmation import Answer, Choice, Decision
from actionry.actions.files import FileStore, StoredFile
from actionry.actions.journal import OPEN, Entry, State
from actionry.actions.proposal import Proposal, real_host
from actionry.actions.result import Result, error_for_model
from actionry.chat.events import (
    CallFailed,
    CallFinished,
    CallProposed,
    CallRefused,
    CallStarted,
    CallUnknown,
    ConfirmationAsked,
    Event,
    SignInAsked,
)
from actionry.chat.log import StaleRunner
from actionry.chat.run import Run
from actionry.chat.services import domain_allowed, headers_of, identity_of
from actionry.chat.state import CallState, RoundState
from actionry.chat.text import whole
from actionry.chat.toolbox import Offered
from actionry.errors import (
    ActionryError,
    AddressRefused,
    ArgumentError,
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
from actionry.gpts.gpt import KeyAuthentication, OAuthAuthentication
from actionry.http import File
from actionry.models.provider import ToolCall
from actionry.tools.plain_text import visible

log = logging.getLogger(__name__)

SHOWN_BODY = 2_000
"""Characters of an answer in the debug view; what the model read stands beside it in full."""

MOST_ARGUMENTS = 2_000_000
"""Characters of a call's arguments that are looked at, and stored; each function has tighter limits of its own."""
NAME_CHARACTERS = 200
"""Of a function name that a model made up."""
MOST_PROPOSALS = 50
"""Of one call: a person edits a few times, and a request that never comes out the same twice is not sent."""

NOT_KNOWN = "This very call was sent before, and its outcome is not known: allowed again, it may happen twice."
DECLINED = "The user declined this call; nothing was sent. Do not call it again unless the user asks for it."
EXPIRED = (
    "The user did not answer within 15 minutes; nothing was sent. Say so, and propose the call again only when the "
    "user still wants it."
)
NOT_CONNECTED = "The user did not sign in; nothing was sent. Ask whether to try again."
STOPPED = "The user stopped the turn before this call; nothing was sent."
FAILED = "The turn ended by a fault of ours before this call; nothing was sent."
NO_BUDGET = "The budget of this turn is used up; the call was not made. It can be made when the user goes on."


# ------------------------------------------------------------------------------------------------------------ propose


async def propose(run: Run, number: int, tool_calls: Sequence[ToolCall]) -> list[Event]:
    """The events that a round's calls begin with; stored together with the end of the round."""
    events: list[Event] = []
    made = len(run.state.calls)
    for tool_call in tool_calls:
        made += 1
        call_id = f"k-{secrets.token_urlsafe(16)}"
        if made > run.budgets.calls:
            events += [
                _bare(call_id, tool_call),
                CallRefused(call_id=call_id, reason="budget", text=NO_BUDGET),
            ]
        else:
            events += await _propose_one(run, number, call_id, tool_call)
    return events


async def _propose_one(run: Run, number: int, call_id: str, tool_call: ToolCall) -> list[Event]:
    if len(tool_call.arguments) > MOST_ARGUMENTS:
        size = len(tool_call.arguments)
        short = replace(tool_call, arguments=f"{tool_call.arguments[:1_000]}…")
        text = f"The arguments have {size:,} characters; up to {MOST_ARGUMENTS:,} are read. Send less."
        return [_bare(call_id, short), CallRefused(call_id=call_id, reason="arguments", text=text)]
    search = run.toolbox.searches.get(tool_call.name) if run.large else None
    if search is not None:
        text = orjson.dumps(search.handler(_object(tool_call.arguments))).decode()
        return [
            _bare(call_id, tool_call),
            CallFinished(
                call_id=call_id, status=200, media_type="application/json", size=len(text), elapsed_ms=0, text=text
            ),
        ]
    offered = run.toolbox.find(tool_call.name)
    if offered is None:
        near = run.toolbox.near(tool_call.name)
        hint = f"Did you mean {', '.join(near)}?" if near else "Call one of the functions that are offered."
        text = f"There is no function `{visible(tool_call.name)[:80]}`. {hint}"
        return [_bare(call_id, tool_call), CallRefused(call_id=call_id, reason="unknown_function", text=text)]
    return await propose_offered(run, number, _bare(call_id, tool_call), offered)


async def propose_offered(run: Run, number: int, bare: CallProposed, offered: Offered) -> list[Event]:
    """Build the request and decide whether somebody is asked: the proposal, and what follows from it at once."""
    facts = bare.model_copy(
        update={
            "action_id": offered.action.id,
            "operation": f"{offered.method} {offered.path}",
            "consequential": offered.function.consequential,
            "host": _host(offered.function.operation.server_url),
        }
    )
    caller = make_caller(run, offered, number)
    call = await _built(run, caller, offered, facts)
    if not isinstance(call, Call):
        return [facts, call]
    proposed = _with_request(facts, call)
    refused = _domain_refused(run, proposed)
    if refused is not None:
        return [proposed, refused]
    executed = _executed_before(run, number, proposed, offered)
    if executed is not None:
        return [proposed, executed]
    return [proposed, *await _ask_if_needed(run, caller, offered, call, proposed)]


async def _prepare(run: Run, caller: Caller, offered: Offered, proposed: CallProposed) -> Call:
    """The call as it would be sent now. Raises what `Caller.prepare` does."""
    credentials = await run.services.credentials.find(offered.action, offered.source, run.context.user_id)
    call = await caller.prepare(
        offered.source, offered.function.name, proposed.arguments or "{}", credentials=credentials
    )
    call.id = proposed.call_id
    return call


async def _ask_if_needed(run: Run, caller: Caller, offered: Offered, call: Call, proposed: CallProposed) -> list[Event]:
    decision = await caller.decide(call)
    if decision.verdict == "refuse":
        return [_not_allowed(call, decision)]
    warned = _unknown_before(run, proposed)
    if decision.verdict == "ask" or warned:
        return [_question(caller.propose(call, decision), proposed.call_id, warned=warned)]
    return []


def _question(proposal: Proposal, call_id: str, *, warned: bool = False) -> ConfirmationAsked:
    reasons = (NOT_KNOWN, *proposal.reasons) if warned else proposal.reasons
    return ConfirmationAsked(
        call_id=call_id,
        digest=proposal.digest,
        may_always_allow=proposal.may_always_allow and not warned,
        reasons=reasons,
        sentence=proposal.sentence,
        expires_at=proposal.expires_at,
    )


def _bare(call_id: str, tool_call: ToolCall) -> CallProposed:
    return CallProposed(
        call_id=call_id,
        provider_call_id=whole(tool_call.id) or call_id,
        function=whole(tool_call.name)[:NAME_CHARACTERS],
        arguments=whole(tool_call.arguments),
    )


def _with_request(facts: CallProposed, call: Call) -> CallProposed:
    """With what will be sent, secrets masked; the credential itself is attached at the last moment."""
    shown = call.access.masker.request(call.request)
    request = {
        "method": shown.method,
        "url": shown.url,
        "headers": [list(pair) for pair in shown.headers],
        "body": shown.body,
    }
    # json, not orjson: a body may hold numbers beyond 64 bits, and half of a surrogate pair.
    plain = json.loads(whole(json.dumps(request, default=str, ensure_ascii=False)))
    return facts.model_copy(update={"digest": call.digest, "host": real_host(call.request.url), "request": plain})


def _host(server_url: str) -> str | None:
    try:
        return real_host(server_url) or None
    except ValueError:
        return None


def _object(arguments: str) -> dict[str, object]:
    try:
        data = orjson.loads(arguments or "{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _domain_refused(run: Run, proposed: CallProposed) -> CallRefused | None:
    host = urlsplit(str((proposed.request or {}).get("url", ""))).hostname or ""
    if domain_allowed(host, run.services.allowed_domains):
        return None
    return CallRefused(
        call_id=proposed.call_id,
        reason="policy",
        text=f"The operator of this installation does not allow actions to call {visible(host)}; nothing was sent.",
    )


def _not_allowed(call: Call, decision: Decision) -> CallRefused:
    why = " ".join(decision.sentences(call.origin))
    return CallRefused(
        call_id=call.id,
        reason="policy",
        text=f"{call.function.name} is not allowed here, and was not called. {why}",
    )


def _executed_before(run: Run, number: int, proposed: CallProposed, offered: Offered) -> CallRefused | None:
    """After a crash the model is asked again, and may ask again for what was done already: it is shown, not done.

    Only in a round whose earlier try was cut, and only for what changes something: elsewhere a model that calls twice
    means it.
    """
    current = run.state.round
    if current is None or current.number != number or current.tries == 1 or _reads(offered):
        return None
    for call in run.state.calls.values():
        if call.proposed.digest == proposed.digest and isinstance(call.ended, CallFinished):
            return CallRefused(
                call_id=proposed.call_id,
                reason="already_executed",
                text=f"This call was executed already in this turn; its recorded answer:\n{call.ended.text}",
            )
    return None


def _unknown_before(run: Run, proposed: CallProposed) -> bool:
    """Whether the same request was sent before without an answer: to run it again takes a person's word (5.1)."""
    return proposed.digest is not None and any(
        call.proposed.digest == proposed.digest and isinstance(call.ended, CallUnknown)
        for state in run.states
        for call in state.calls.values()
    )


def _sign_in(call_id: str, offered: Offered, error: LoginNeeded) -> Event:
    """A question to the user, where the user can help; else the builder is told."""
    authentication = offered.action.authentication
    asked = SignInAsked(
        call_id=call_id,
        action_id=offered.action.id,
        kind="oauth",
        host=_host(offered.function.operation.server_url) or "",
    )
    match authentication:
        case OAuthAuthentication(grant="authorization_code"):
            return asked
        case KeyAuthentication(owner="user"):
            return asked.model_copy(update={"kind": "api_key", "instructions": visible(authentication.instructions)})
        case _:
            return CallFailed(
                call_id=call_id,
                text=error_for_model(
                    LoginNeeded(
                        f"{offered.function.name} needs a sign-in that the builder of this GPT has not set up.",
                        schemes=error.schemes,
                        origin=error.origin,
                        mend="Tell the user that the builder has to enter it.",
                    )
                ),
                told_to="builder",
            )


# ---------------------------------------------------------------------------------------------------------------- run


async def advance(run: Run, current: RoundState) -> Literal["done", "waiting"]:
    """Take the round's calls as far as they go without a person."""
    for group in _groups(run, current):
        await recover(run, group)
        while any(call.ended is None for call in group):
            await run.catch_up()
            before = run.state.last_seq
            await _run_all(run, await _admitted(run, group))
            if run.state.last_seq == before:
                return "waiting"
    return "done"


async def _admitted(run: Run, group: Sequence[CallState]) -> list[Admitted]:
    """The calls of a group that may be sent now; consent is on record for each.

    Twice: the answer to one question may have opened the domain for a neighbour that only reads.
    """
    found: dict[str, Admitted] = {}
    for _ in range(2):
        for call in group:
            if call.id not in found and await _is_ready(run, call):
                admitted = await admit(run, call)
                if admitted is not None:
                    found[call.id] = admitted
    return list(found.values())


def _groups(run: Run, current: RoundState) -> list[list[CallState]]:
    """Neighbours that only read go together; everything else goes by itself."""
    groups: list[list[CallState]] = []
    together = False
    for call in current.calls:
        if call.ended is not None:
            continue
        offered = run.toolbox.find(call.proposed.function)
        reads = offered is not None and _reads(offered)
        if reads and together and len(groups[-1]) < run.budgets.parallel_calls:
            groups[-1].append(call)
        else:
            groups.append([call])
        together = reads
    return groups


def _reads(offered: Offered) -> bool:
    return offered.method in ("GET", "HEAD") and not offered.function.consequential


async def _is_ready(run: Run, call: CallState) -> bool:
    """Whether the call may run now; what an answer brings with it is stored on the way."""
    while call.ended is None:
        match call.status:
            case "running":
                return True
            case "signing_in":
                return False
            case "asking":
                return await _without_answer(run, call)
            case "open":
                pass
            case "ended":
                return False
        signed_in, answer = call.signed_in, call.answer
        if signed_in is not None and not signed_in.connected:
            await run.write(CallRefused(call_id=call.id, reason="declined", text=NOT_CONNECTED))
        elif call.proposed.digest is None:
            await _propose_again(run, call)
        elif answer is None:
            return True
        elif call.asked is not None and call.answered_at >= call.asked.expires_at:
            await run.write(CallRefused(call_id=call.id, reason="expired", text=EXPIRED))
        elif answer.decision == "decline":
            await run.write(CallRefused(call_id=call.id, reason="declined", text=DECLINED))
        elif answer.arguments is not None and not await _same_request(run, call, answer.arguments):
            await _propose_again(run, call, arguments=answer.arguments)
        else:
            return True
    return False


async def _without_answer(run: Run, call: CallState) -> bool:
    """A question that nobody has answered: over, no longer needed, or still open."""
    if call.asked is not None and run.now() >= call.asked.expires_at:
        await run.write(CallRefused(call_id=call.id, reason="expired", text=EXPIRED))
        return False
    offered = run.toolbox.find(call.proposed.function)
    if offered is None or not _reads(offered):
        return False
    # The answer to a neighbour's question may have opened the domain for this read, too.
    caller = make_caller(run, offered, call.round)
    built = await _built(run, caller, offered, call.proposed)
    if not isinstance(built, Call) or built.digest != call.proposed.digest or _unknown_before(run, call.proposed):
        return False
    return (await caller.decide(built)).verdict == "go_ahead"


async def _same_request(run: Run, call: CallState, arguments: str) -> bool:
    """Whether changed arguments make the very request that was shown, so that the answer holds for it."""
    if arguments == call.proposed.arguments:
        return True
    offered = run.toolbox.find(call.proposed.function)
    if offered is None:
        return False
    caller = make_caller(run, offered, call.round)
    built = await _built(run, caller, offered, call.proposed.model_copy(update={"arguments": arguments}))
    return isinstance(built, Call) and built.digest == call.proposed.digest


async def _propose_again(run: Run, call: CallState, *, arguments: str | None = None) -> None:
    old = call.proposed
    bare = CallProposed(
        call_id=old.call_id,
        provider_call_id=old.provider_call_id,
        function=old.function,
        arguments=old.arguments if arguments is None else arguments,
    )
    offered = run.toolbox.find(old.function)
    if offered is None:
        await run.write(_gone(call))
    elif call.proposals >= MOST_PROPOSALS:
        text = "What would be sent changed too often; nothing was sent."
        await run.write(CallRefused(call_id=call.id, reason="policy", text=text))
    else:
        await run.write(*await propose_offered(run, call.round, bare, offered))


def _gone(call: CallState) -> CallRefused:
    return CallRefused(
        call_id=call.id,
        reason="unknown_function",
        text=f"{call.proposed.function} is no longer offered; nothing was sent.",
    )


async def _run_all(run: Run, admitted: Sequence[Admitted]) -> None:
    """Several at once; the first error that is not a call's own ends them all."""
    if not admitted:
        return
    started = [each for each in admitted if not each.call.started]
    await run.write(*(CallStarted(call_id=each.call.id, attempt=each.attempt) for each in started))
    if len(admitted) == 1:
        await _send(run, admitted[0])
        return
    tasks = [asyncio.create_task(_send(run, each), name=f"actionry-{each.call.id}") for each in admitted]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()


PLACE_HOLDER = "[a link to the file, made when the call is sent: "


@dataclass(slots=True)
class _KeptFiles:
    """The turn's files, with a note of which ones a call added.

    A link lives for minutes and is another one each time; consent may take longer. So what is shown and agreed to
    names the file, and the link is made when the call is sent.
    """

    store: FileStore
    added: list[str] = field(default_factory=list)
    sending: bool = False

    async def find(self, file_id: str) -> StoredFile | None:
        return await self.store.find(file_id)

    async def read(self, file_id: str) -> File | None:
        return await self.store.read(file_id)

    async def link(self, file_id: str, *, lifetime_s: int) -> str | None:
        link = await self.store.link(file_id, lifetime_s=lifetime_s)
        return link if self.sending or link is None else f"{PLACE_HOLDER}{file_id}]"

    async def add(self, file: File) -> StoredFile:
        stored = await self.store.add(file)
        self.added.append(stored.id)
        return stored


def make_caller(run: Run, offered: Offered, number: int) -> Caller:
    """The actions layer as this turn uses it. What the model had read before the round counts as possibly behind it."""
    services = run.services
    untrusted = [origin for state in run.earlier for origin in state.read_origins()]
    untrusted += run.state.read_origins(before_round=number)
    return Caller(
        outbound=services.outbound,
        identity=identity_of(run.context, offered.action),
        policy=services.policy,
        grants=services.grants,
        untrusted=list(dict.fromkeys(untrusted)),
        journal=services.journal,
        files=_KeptFiles(services.files) if services.files is not None else None,
        headers=headers_of(run.context, offered.action, services),
        signing_key=services.signing_key,
        profile=services.profile,
        limits=services.call_limits,
        shape=services.shape,
        clock=services.clock,
        owner=services.owner,
    )


async def _built(run: Run, caller: Caller, offered: Offered, proposed: CallProposed) -> Call | Event:
    """The call as it would be sent now, or the event that says why there is none."""
    try:
        return await _prepare(run, caller, offered, proposed)
    except LoginNeeded as error:
        return _sign_in(proposed.call_id, offered, error)
    except ArgumentError as error:
        return CallRefused(call_id=proposed.call_id, reason="arguments", text=error_for_model(error))
    except AddressRefused as error:
        return CallRefused(call_id=proposed.call_id, reason="address", text=error_for_model(error))
    except ActionryError as error:
        return _failed(proposed.call_id, error)


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
        await run.write(_gone(call))
        return None
    refused = await _gate(run, call)
    if refused is not None:
        await run.write(refused)
        return None
    caller = make_caller(run, offered, call.round)
    built = await _built(run, caller, offered, call.proposed)
    if not isinstance(built, Call):
        await run.write(built)
        return None
    if built.digest != call.proposed.digest:
        # The document or the GPT changed since it was shown (P-03): it is another call now.
        await _propose_again(run, call)
        return None
    attempt = call.attempts if call.started else await _next_attempt(run, call, built.digest)
    built.id = journal_id(call.id, attempt)
    objection = await _agree(run, caller, built, call)
    if objection is not None:
        await run.write(objection)
        return None
    return Admitted(call, offered, caller, built, attempt)


def journal_id(call_id: str, attempt: int) -> str:
    """Each attempt is a call of its own in the journal: what has ended there stays as it is."""
    return call_id if attempt <= 1 else f"{call_id}.{attempt}"


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
    if answer is None and _unknown_before(run, call.proposed):
        decision = await caller.decide(built)
        return _question(caller.propose(built, decision), call.id, warned=True)

    def confirm(proposal: Proposal) -> Answer:
        assert answer is not None
        choice: Choice = "always" if answer.decision == "always_allow" and proposal.may_always_allow else "allow"
        shown = call.asked.digest if call.asked is not None else ""
        return Answer(call_id=proposal.call_id, digest=shown, user=answer.by, choice=choice)

    try:
        await caller.agree(built, confirm if answer is not None else None)
    except ConfirmationNeeded as error:
        if isinstance(error.proposal, Proposal):
            return _question(error.proposal, call.id)
        return _failed(call.id, error)
    except ConfirmationDeclined as error:
        return CallRefused(call_id=call.id, reason="policy", text=error_for_model(error))
    except CallConflict as error:
        return _failed(call.id, error)
    return None


async def _send(run: Run, admitted: Admitted) -> None:
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
        added = caller.files.added if isinstance(caller.files, _KeptFiles) else []
        await run.write(_finished(call.id, result, added))


async def _with_links(run: Run, admitted: Admitted) -> Call:
    """The agreed call with real links in place of their place-holders; in the journal it stays the agreed one."""
    caller, built, offered = admitted.caller, admitted.built, admitted.offered
    if not isinstance(caller.files, _KeptFiles) or PLACE_HOLDER.encode() not in (built.request.content or b""):
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
            return _sign_in(call.id, offered, error)
        case ResponseTooLarge():
            return _too_large(call.id, error)
        case OutcomeUnknown():
            return CallUnknown(call_id=call.id, text=error_for_model(error))
        case CallConflict(entry=Entry() as entry):
            return _from_journal(call, entry)
        case OutboundError() | CredentialError() | ToolCallError() | VaultError():
            return _failed(call.id, error)
        case ActionryError():
            raise error  # the journal's own: the next runner finds there how far the call came
        case _:
            log.error("a call failed on our side", exc_info=error)
            found = await run.services.journal.find(journal_id(call.id, call.attempts))
            if found is not None:
                return _from_journal(call, found)
            return CallUnknown(call_id=call.id, text="The call failed on our side; whether it happened is not known.")


async def _cancelled(run: Run, call: CallState) -> Event:
    """After *Stop*: what the journal says, in the user's terms (CH-05)."""
    entry = await run.services.journal.find(journal_id(call.id, call.attempts))
    if entry is None or entry.state in ("proposed", "confirmed", "failed"):
        return CallRefused(call_id=call.id, reason="stopped", text="The user stopped the call; it had no effect.")
    return _from_journal(call, entry)


# -------------------------------------------------------------------------------------------------------------- ended


def _finished(call_id: str, result: Result, added: Sequence[str]) -> CallFinished:
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


def _too_large(call_id: str, error: ResponseTooLarge) -> CallFinished:
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


def _failed(call_id: str, error: ActionryError) -> CallFailed:
    return CallFailed(call_id=call_id, text=error_for_model(error), told_to=error.told_to, may_retry=error.may_retry)


def _from_journal(call: CallState, entry: Entry) -> Event:
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


# ------------------------------------------------------------------------------------------------------------ recover


async def recover(run: Run, calls: Sequence[CallState]) -> None:
    """Calls that were under way when their process died: judged by the journal, re-sent only if they only read."""
    for call in calls:
        if call.status == "running":
            await _recover_one(run, call)


async def _recover_one(run: Run, call: CallState) -> None:
    name = journal_id(call.id, call.attempts)
    entry = await run.services.journal.find(name)
    offered = run.toolbox.find(call.proposed.function)
    again = offered is not None and _reads(offered) and call.attempts < run.budgets.attempts
    if entry is not None and entry.state in ("proposed", "confirmed"):
        return  # nothing was claimed: the same attempt goes on
    if entry is None and call.attempts > 1:
        return  # a further attempt enters the journal after its event
    if entry is not None and entry.state in OPEN:
        entry = await _close(run, entry)
    if entry is None:  # a journal that forgets: whether it happened cannot be known
        entry = Entry(call_id=name, digest=call.proposed.digest or "", state="unknown")
    # Cancelled before anything left (a server that shut down): the call has not been made yet.
    untouched = entry.state == "failed" and entry.outcome.get("error") in ("Cancelled", "CancelledError")
    if (entry.state == "unknown" and again) or (untouched and call.attempts < run.budgets.attempts):
        await run.write(CallStarted(call_id=call.id, attempt=call.attempts + 1))
    else:
        await run.write(_from_journal(call, entry))


_CLOSED: dict[State, State] = {
    "proposed": "expired",
    "confirmed": "expired",
    "claimed": "unknown",
    "sent": "unknown",
}


async def _close(run: Run, entry: Entry) -> Entry:
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


# --------------------------------------------------------------------------------------------------------------- stop


async def settle(run: Run) -> None:
    """Calls on their way when the turn is ended: as the journal has them, and nobody may go on with them."""
    for call in run.state.calls.values():
        if call.status != "running":
            continue
        entry = await run.services.journal.find(journal_id(call.id, call.attempts))
        if entry is not None:
            entry = await _close(run, entry)
        if entry is not None and entry.state in ("done", "unknown"):
            await run.write(_from_journal(call, entry))


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
