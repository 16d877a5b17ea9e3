"""From the model's words to a call that can be shown: built, its digest taken, and asked about where that is needed.

Nothing is sent here. The same building is done again before a call is sent, so that what runs is what was shown.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import orjson

from actionry.actions.call import Call, Caller
from actionry.actions.confirmation import Decision
from actionry.actions.files import FileStore, StoredFile
from actionry.actions.proposal import Proposal, real_host
from actionry.actions.result import error_for_model
from actionry.chat.call_ends import failed
from actionry.chat.events import (
    CallFailed,
    CallFinished,
    CallProposed,
    CallRefused,
    CallUnknown,
    ConfirmationAsked,
    Event,
    SignInAsked,
)
from actionry.chat.run import Run
from actionry.chat.services import domain_allowed, headers_of, identity_of
from actionry.chat.state import CallState
from actionry.chat.text import whole
from actionry.chat.toolbox import Offered
from actionry.errors import (
    ActionryError,
    AddressRefused,
    ArgumentError,
    LoginNeeded,
)
from actionry.gpts.gpt import KeyAuthentication, OAuthAuthentication
from actionry.http import File
from actionry.models.provider import ToolCall
from actionry.tools.plain_text import visible

MOST_ARGUMENTS = 2_000_000
"""Characters of a call's arguments that are looked at, and stored; each function has tighter limits of its own."""

NAME_CHARACTERS = 200
"""Of a function name that a model made up."""

MOST_PROPOSALS = 50
"""Of one call: a person edits a few times, and a request that never comes out the same twice is not sent."""

NOT_KNOWN = "This very call was sent before, and its outcome is not known: allowed again, it may happen twice."

NO_BUDGET = "The budget of this turn is used up; the call was not made. It can be made when the user goes on."


async def propose(run: Run, number: int, tool_calls: Sequence[ToolCall]) -> list[Event]:
    """The events that a round's calls begin with; stored together with the end of the round."""
    events: list[Event] = []
    made = len(run.state.calls)
    for tool_call in tool_calls:
        made += 1
        call_id = f"k-{secrets.token_urlsafe(16)}"
        if made > run.budgets.calls:
            events += [
                bare_proposal(call_id, tool_call),
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
        return [bare_proposal(call_id, short), CallRefused(call_id=call_id, reason="arguments", text=text)]
    search = run.toolbox.searches.get(tool_call.name) if run.large else None
    if search is not None:
        text = orjson.dumps(search.handler(_object(tool_call.arguments))).decode()
        return [
            bare_proposal(call_id, tool_call),
            CallFinished(
                call_id=call_id, status=200, media_type="application/json", size=len(text), elapsed_ms=0, text=text
            ),
        ]
    offered = run.toolbox.find(tool_call.name)
    if offered is None:
        near = run.toolbox.near(tool_call.name)
        hint = f"Did you mean {', '.join(near)}?" if near else "Call one of the functions that are offered."
        text = f"There is no function `{visible(tool_call.name)[:80]}`. {hint}"
        return [bare_proposal(call_id, tool_call), CallRefused(call_id=call_id, reason="unknown_function", text=text)]
    return await propose_offered(run, number, bare_proposal(call_id, tool_call), offered)


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
    call = await build(run, caller, offered, facts)
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


async def _ask_if_needed(run: Run, caller: Caller, offered: Offered, call: Call, proposed: CallProposed) -> list[Event]:
    decision = await caller.decide(call)
    if decision.verdict == "refuse":
        return [_not_allowed(call, decision)]
    warned = unknown_before(run, proposed)
    if decision.verdict == "ask" or warned:
        return [question(caller.propose(call, decision), proposed.call_id, warned=warned)]
    return []


def question(proposal: Proposal, call_id: str, *, warned: bool = False) -> ConfirmationAsked:
    reasons = (NOT_KNOWN, *proposal.reasons) if warned else proposal.reasons
    return ConfirmationAsked(
        call_id=call_id,
        digest=proposal.digest,
        may_always_allow=proposal.may_always_allow and not warned,
        reasons=reasons,
        sentence=proposal.sentence,
        expires_at=proposal.expires_at,
    )


def bare_proposal(call_id: str, tool_call: ToolCall) -> CallProposed:
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
    if current is None or current.number != number or current.tries == 1 or only_reads(offered):
        return None
    for call in run.state.calls.values():
        if call.proposed.digest == proposed.digest and isinstance(call.ended, CallFinished):
            return CallRefused(
                call_id=proposed.call_id,
                reason="already_executed",
                text=f"This call was executed already in this turn; its recorded answer:\n{call.ended.text}",
            )
    return None


def unknown_before(run: Run, proposed: CallProposed) -> bool:
    """Whether the same request was sent before without an answer: to run it again takes a person's word (5.1)."""
    return proposed.digest is not None and any(
        call.proposed.digest == proposed.digest and isinstance(call.ended, CallUnknown)
        for state in run.states
        for call in state.calls.values()
    )


def sign_in_asked(call_id: str, offered: Offered, error: LoginNeeded) -> Event:
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


def only_reads(offered: Offered) -> bool:
    return offered.method in ("GET", "HEAD") and not offered.function.consequential


async def propose_again(run: Run, call: CallState, *, arguments: str | None = None) -> None:
    old = call.proposed
    bare = CallProposed(
        call_id=old.call_id,
        provider_call_id=old.provider_call_id,
        function=old.function,
        arguments=old.arguments if arguments is None else arguments,
    )
    offered = run.toolbox.find(old.function)
    if offered is None:
        await run.write(gone(call))
    elif call.proposals >= MOST_PROPOSALS:
        text = "What would be sent changed too often; nothing was sent."
        await run.write(CallRefused(call_id=call.id, reason="policy", text=text))
    else:
        await run.write(*await propose_offered(run, call.round, bare, offered))


def gone(call: CallState) -> CallRefused:
    return CallRefused(
        call_id=call.id,
        reason="unknown_function",
        text=f"{call.proposed.function} is no longer offered; nothing was sent.",
    )


PLACE_HOLDER = "[a link to the file, made when the call is sent: "


@dataclass(slots=True)
class KeptFiles:
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
        files=KeptFiles(services.files) if services.files is not None else None,
        headers=headers_of(run.context, offered.action, services),
        signing_key=services.signing_key,
        profile=services.profile,
        limits=services.call_limits,
        shape=services.shape,
        clock=services.clock,
        owner=services.owner,
    )


async def prepare(run: Run, caller: Caller, offered: Offered, proposed: CallProposed) -> Call:
    """The call as it would be sent now. Raises what `Caller.prepare` does."""
    credentials = await run.services.credentials.find(offered.action, offered.source, run.context.user_id)
    call = await caller.prepare(
        offered.source, offered.function.name, proposed.arguments or "{}", credentials=credentials
    )
    call.id = proposed.call_id
    return call


async def build(run: Run, caller: Caller, offered: Offered, proposed: CallProposed) -> Call | Event:
    """The call as it would be sent now, or the event that says why there is none."""
    try:
        return await prepare(run, caller, offered, proposed)
    except LoginNeeded as error:
        return sign_in_asked(proposed.call_id, offered, error)
    except ArgumentError as error:
        return CallRefused(call_id=proposed.call_id, reason="arguments", text=error_for_model(error))
    except AddressRefused as error:
        return CallRefused(call_id=proposed.call_id, reason="address", text=error_for_model(error))
    except ActionryError as error:
        return failed(proposed.call_id, error)
