"""WHERE A CALL RUNS: arguments checked, consent, claim, credential, one request, an answer shaped for a model.

    prepare   read the arguments, build the request, choose the credential: nothing is sent or stored
    agree     decide whether to ask, ask, remember the answer
    run       claim the call in the journal, attach, send, read, record

A server that cannot wait for its user calls the three apart; a program calls `Action.call`, which is all of them.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from actionry.actions.access import Access, CredentialsInput, give_up, open_sign_ins, renew
from actionry.actions.caller_token import CallerKey, sign
from actionry.actions.confirmation import (
    ASK,
    Answer,
    Choice,
    Decision,
    Facts,
    Policy,
    check_answer,
    decide,
    grants_from,
)
from actionry.actions.files import FileStore, expand_file_ids, keep_files, may_return_files, read_returned_files
from actionry.actions.grants import Grant, GrantStore
from actionry.actions.headers import HostHeaders
from actionry.actions.journal import OPEN, Entry, Journal, State, Steps, conflict
from actionry.actions.plan import Plan, plan_of
from actionry.actions.polling import follow_job, status_link
from actionry.actions.proposal import Identity, Proposal, digest_of, make_proposal, values_boundary
from actionry.actions.result import Result, outcome_of, read_result, result_of, too_large_error
from actionry.actions.shape import WHOLE, Shape
from actionry.credentials.attach import attach
from actionry.errors import (
    ActionryError,
    AddressRefused,
    ArgumentError,
    CallConflict,
    ConfirmationDeclined,
    ConfirmationNeeded,
    OutboundError,
    OutboundTimeout,
    OutcomeUnknown,
    ResponseRefused,
    ResponseTooLarge,
)
from actionry.http import Headers, Request, Response, origin_of, shown_url
from actionry.limits import ACTIONRY, CALL_LIMITS, CallLimits, Profile
from actionry.openapi.model import Values
from actionry.outbound import Outbound
from actionry.request.build import build_request
from actionry.tools.arguments import read_arguments
from actionry.tools.function_schema import Function

if TYPE_CHECKING:
    from actionry.actions.action import Action

Confirmed = bool | str | Answer | None
ConfirmCallback = Callable[[Proposal], Confirmed | Awaitable[Confirmed]]
"""Shown a proposal, says True or "allow", "always", or False, None or "decline"; plain or async.

A plain function runs on the event loop: one that waits for a person belongs into a thread, or is async.
"""

Arguments = Mapping[str, Any] | str | bytes | None

OWNER = f"{os.getpid()}-{secrets.token_hex(8)}"
"""This process in a journal."""
_numbers = count(1)


@dataclass(slots=True, eq=False)
class Call:
    """One prepared call: what will be sent, for whom, and what it may use. Nothing has been sent or stored."""

    action: Action
    plan: Plan
    values: Values
    """Checked, by location and wire name."""
    request: Request
    """Without the credential."""
    origin: str
    """Where it goes, with the port: `https://api.example.com:443`."""
    access: Access
    identity: Identity
    id: str = ""
    """Given, or made when a journal or a proposal needs one."""
    _digest: str = ""

    @property
    def function(self) -> Function:
        return self.plan.function

    @property
    def digest(self) -> str:
        if not self._digest:
            self._digest = digest_of(self.plan.fingerprint, self.request, self.values, self.identity, self.access.facts)
        return self._digest

    @property
    def facts(self) -> Facts:
        function = self.plan.function
        return Facts(
            function=function.name,
            fingerprint=self.plan.fingerprint,
            method=self.request.method,
            origin=self.origin,
            consequential=function.operation.consequential,
            arguments=lambda: self.plan.arguments(self.values),
            identity=self.identity,
        )

    def entry(self, state: State) -> Entry:
        """For the journal."""
        return Entry(
            call_id=self.require_id(),
            digest=self.digest,
            state=state,
            function=self.plan.function.name,
            origin=self.origin,
            user=self.identity.user,
        )

    def require_id(self) -> str:
        # Unique, not secret: what may be answered and by whom is checked with the digest and the user.
        if not self.id:
            self.id = f"{OWNER}-{next(_numbers)}"
        return self.id


@dataclass(slots=True, kw_only=True)
class Caller:
    """For whom calls are made, and what they share. Every part may be left out."""

    outbound: Outbound | None = None
    """None: a door to public addresses, opened for each call."""
    identity: Identity = field(default_factory=Identity)
    policy: Policy | None = None
    """None: whoever calls without `confirm` has decided already."""
    grants: GrantStore | None = None
    """Consent that is remembered; None: for as long as the action lives in this process."""
    untrusted: list[str] | None = None
    """Origins whose content the model has read; a call's own answer is added. None: nobody keeps count."""
    journal: Journal | None = None
    files: FileStore | None = None
    headers: HostHeaders | None = None
    signing_key: CallerKey | None = None
    profile: Profile = ACTIONRY
    limits: CallLimits = CALL_LIMITS
    shape: Shape = WHOLE
    follow_jobs: bool = True
    """Whether a 202 is followed to its end (WI-16)."""
    clock: Callable[[], float] = time.time
    owner: str = OWNER

    async def call(
        self,
        action: Action,
        name: str,
        arguments: Arguments = "{}",
        *,
        credentials: CredentialsInput = None,
        confirm: ConfirmCallback | None = None,
        call_id: str = "",
    ) -> Result:
        """Prepare, agree, run. Raises what each of them raises."""
        plan = plan_of(action, name)
        if plan.takes_files:
            values = await expand_file_ids(plan.function, arguments, self.files, self.profile)
        else:
            values = read_arguments(plan.function, arguments)
        call = self._build(action, plan, values, credentials, call_id)
        if confirm is not None or self.policy is not None or self.journal is not None:
            await self.agree(call, confirm)
        return await self.run(call)

    # ------------------------------------------------------------------------------------------------------- prepare

    async def prepare(
        self,
        action: Action,
        name: str,
        arguments: Arguments = "{}",
        *,
        credentials: CredentialsInput = None,
        call_id: str = "",
    ) -> Call:
        """Everything that can be worked out before anybody is asked; the API is not contacted.

        Raises FunctionNotFound, ArgumentError, LoginNeeded, CredentialError, or AddressRefused without a server.
        """
        plan = plan_of(action, name)
        if plan.takes_files:
            values = await expand_file_ids(plan.function, arguments, self.files, self.profile)
        else:
            values = read_arguments(plan.function, arguments)
        return self._build(action, plan, values, credentials, call_id)

    def _build(self, action: Action, plan: Plan, values: Values, credentials: CredentialsInput, call_id: str) -> Call:
        # The same values give the same boundary, so that a digest stays when the request is built again.
        boundary = values_boundary(values) if plan.is_multipart else None
        request = build_request(plan.function.operation, values, boundary=boundary)
        if request.content is not None:
            check_size(plan, request.content, self.profile)
        if "Accept" not in request.headers:
            request.headers["Accept"] = "*/*"
        origin = plan.origin or _origin(plan.function, request)
        return Call(action, plan, values, request, origin, plan.access(credentials), self.identity, call_id)

    # --------------------------------------------------------------------------------------------------------- agree

    async def agree(self, call: Call, confirm: ConfirmCallback | None = None) -> None:
        """Ask where the two layers, the policy or the context say so. Nothing is sent yet.

        Raises ConfirmationDeclined, or ConfirmationNeeded when there is nobody to ask here.
        """
        if confirm is not None or self.policy is not None:
            decision = self._decide(call, await self._grants(call).find(self.identity, call.origin))
            if decision.verdict == "refuse":
                raise ConfirmationDeclined(
                    f"{call.function.name} is not allowed here, and was not called.",
                    mend=" ".join(decision.sentences(call.origin)),
                )
            if decision.verdict == "ask":
                await self._ask(call, decision, confirm)
                return
        if self.journal is not None:
            entry = await self.journal.propose(call.entry("confirmed"))
            if entry.state == "proposed":
                await self.journal.move(call.id, "proposed", "confirmed")

    async def decide(self, call: Call) -> Decision:
        """What `confirmation.decide` says with this caller's grants, policy and context."""
        return self._decide(call, await self._grants(call).find(self.identity, call.origin))

    def _decide(self, call: Call, grants: Iterable[Grant]) -> Decision:
        return decide(call.facts, grants, now=self.clock(), policy=self.policy or ASK, untrusted=self.untrusted or ())

    def propose(self, call: Call, decision: Decision) -> Proposal:
        """The call as it is shown to a person."""
        return make_proposal(
            call.function,
            call.request,
            call_id=call.require_id(),
            digest=call.digest,
            title=call.action.title,
            arguments=call.plan.arguments(call.values),
            chosen=call.access.chosen,
            masker=call.access.masker,
            identity=call.identity,
            reasons=decision.sentences(call.origin),
            may_always_allow=decision.may_always_allow,
            now=self.clock(),
            lifetime_s=self.limits.confirmation_s,
        )

    async def answer(self, call: Call, proposal: Proposal, answer: Answer) -> None:
        """Take a person's word on a stored proposal: remember it and mark the call confirmed, or raise.

        `call` is the call as prepared now. Raises ConfirmationDeclined; ConfirmationNeeded when the answer does not
        fit what would be sent (P-01, P-03, P-07).
        """
        now = self.clock()
        check_answer(answer, proposal, digest=call.digest, now=now)
        if self.journal is not None:
            entry = await self.journal.propose(call.entry("proposed"))
            if entry.state == "proposed":
                await self.journal.move(call.id, "proposed", "declined" if answer.choice == "decline" else "confirmed")
        if answer.choice == "decline":
            raise ConfirmationDeclined(
                f"The user declined {call.function.name}; nothing was sent.",
                mend="Do not call it again unless the user asks for it.",
            )
        grants = self._grants(call)
        for grant in grants_from(answer, call.facts, now=now, lifetime_s=self.limits.grant_s):
            await grants.add(grant)

    async def _ask(self, call: Call, decision: Decision, confirm: ConfirmCallback | None) -> None:
        proposal = self.propose(call, decision)
        if self.journal is not None:
            await self.journal.propose(call.entry("proposed"))
        if confirm is None:
            raise ConfirmationNeeded(
                f"{call.function.name} waits for the user's word; nothing was sent.",
                proposal=proposal,
                mend="Show the proposal, and call again with the answer.",
            )
        said = confirm(proposal)
        if inspect.isawaitable(said):
            said = await said
        await self.answer(call, proposal, _answer(said, proposal))

    def _grants(self, call: Call) -> GrantStore:
        return self.grants if self.grants is not None else call.action.plans.grants

    # ----------------------------------------------------------------------------------------------------------- run

    async def run(self, call: Call) -> Result:
        """Send a call that was agreed to, once.

        A call of the same id that has ended gives its recorded answer; one that another worker is at is waited for;
        one whose outcome is unknown is not sent again. Raises OutcomeUnknown, CallConflict, LoginNeeded,
        CredentialError, OutboundError, ResponseTooLarge.
        """
        journal = self.journal
        steps = Steps(journal, call.id, self.owner)
        if journal is not None:
            try:
                await journal.move(call.id, "confirmed", "claimed", owner=self.owner)
            except CallConflict as error:
                return _recorded(await self._ended(journal, call.id, error))
            except asyncio.CancelledError:
                await steps.end("failed", outcome_of(None))  # it may have been claimed; nothing has left
                raise
        try:
            if self.outbound is not None:
                result = await self._send(call, self.outbound, steps)
            else:
                async with Outbound() as outbound:
                    result = await self._send(call, outbound, steps)
        except ResponseTooLarge as error:
            await steps.end("done", outcome_of(error))
            raise
        except OutboundError as error:
            raise await self._failed(call, steps, error) from None
        except BaseException as error:
            # Cancelled, or refused on our side. What has left may have happened, unless it only reads.
            await steps.end("unknown" if steps.left and not call.plan.repeatable else "failed", outcome_of(error))
            raise
        if journal is not None:
            await steps.end("done", outcome_of(result))
        if self.untrusted is not None and call.origin not in self.untrusted:
            self.untrusted.append(call.origin)
        return result

    async def _send(self, call: Call, outbound: Outbound, steps: Steps) -> Result:
        access = call.access
        if access.sign_ins:
            access = await open_sign_ins(access)
        request = self._complete(call, call.request, access)
        if self.journal is not None:
            await steps.sending()
        steps.left = True
        response = await self._exchange(call, request, outbound)
        if response.status == 401 and access.is_oauth:
            # The API's word that it did nothing: asking again with another token repeats no effect.
            access = await renew(access)
            response = await self._exchange(call, self._complete(call, call.request, access), outbound)
            if response.status == 401:
                raise await give_up(access)
        remark = ""
        if response.status == 202 and self.follow_jobs:
            response, remark = await self._follow_job(call, access, outbound, response)
        files = None
        if may_return_files(response):
            files = await read_returned_files(response, outbound, self.profile, access.masker)
            response = files.response if files is not None else response
        result = read_result(
            response,
            url=call.request.url,
            masker=access.masker,
            shape=self.shape,
            limit=self.profile.response_characters,
            name=call.function.name,
        )
        if files is not None or result.files:
            result = await keep_files(result, files, self.files)
        if remark:
            result.remarks = (*result.remarks, remark)
            result.text_for_model = f"{result.text_for_model}\n{remark}"
        return result

    def _exchange(self, call: Call, request: Request, outbound: Outbound) -> Awaitable[Response]:
        return outbound.send(
            request,
            timeout_s=self.profile.call_timeout_s,
            max_bytes=call.plan.max_bytes,
            safe=call.plan.repeatable,
        )

    def _complete(self, call: Call, request: Request, access: Access) -> Request:
        """With host headers, the credential and the signature: as it leaves."""
        if self.headers is not None:
            pairs = self.headers.pairs(self.clock())
            request = Request(request.method, request.url, Headers(request.headers), request.content)
            request.headers.update(pairs)
        request = attach(request, access.chosen, action_origin=call.plan.action_origin)
        if self.signing_key is not None:
            request = sign(request, self.signing_key, now=self.clock())
        return request

    async def _follow_job(
        self, call: Call, access: Access, outbound: Outbound, response: Response
    ) -> tuple[Response, str]:
        """The answer to read, and a remark when the job goes on."""
        link = status_link(response, call.request.url)
        if link is None:
            return response, ""

        async def get(url: str) -> Response:
            request = Request("GET", url, Headers({"Accept": "*/*"}))
            return await outbound.send(
                self._complete(call, request, access),
                timeout_s=self.profile.call_timeout_s,
                max_bytes=call.plan.max_bytes,
            )

        last, open_link = await follow_job(response, link, get, limits=self.limits)
        if open_link is None:
            return last, ""
        return last, f"The job is not finished; its status is at {access.masker.url(open_link)}."

    async def _failed(self, call: Call, steps: Steps, error: OutboundError) -> ActionryError:
        """The error to raise when no usable answer came."""
        if call.plan.repeatable or not error.sent:
            await steps.end("failed", outcome_of(error))
            if isinstance(error, ResponseRefused) and error.max_bytes is not None:
                return too_large_error(None, self.profile.response_characters)
            return _timed_out(error)
        await steps.end("unknown", outcome_of(error))
        return OutcomeUnknown(
            f"{call.function.name} was sent to {shown_url(call.request.url)}, but its outcome is not known: "
            f"{_timed_out(error).message} It may have happened.",
            mend="Check with an operation that reads, before it is called again.",
        )

    async def _ended(self, journal: Journal, call_id: str, error: CallConflict) -> CallConflict:
        """The same conflict once whoever is at the call has ended it; a call's own time is waited for at most."""
        entry = error.entry
        deadline = time.monotonic() + self.profile.call_timeout_s
        pause_s = 0.02
        while isinstance(entry, Entry) and entry.state in OPEN and time.monotonic() < deadline:
            await asyncio.sleep(pause_s)  # the other one may be another process: nothing wakes us
            pause_s = min(pause_s * 2, 0.5)
            entry = await journal.find(entry.call_id)
        return conflict(call_id, "confirmed", entry if isinstance(entry, Entry) else None)


async def call_once(
    action: Action,
    name: str,
    arguments: Arguments = "{}",
    *,
    credentials: CredentialsInput = None,
    outbound: Outbound | None = None,
    confirm: ConfirmCallback | None = None,
) -> Result:
    """One call for a program: see `Action.call`."""
    return await Caller(outbound=outbound).call(action, name, arguments, credentials=credentials, confirm=confirm)


# ------------------------------------------------------------------------------------------------------------ pieces


_CHOICES: dict[str, Choice] = {"allow": "allow", "always": "always", "decline": "decline"}


def _answer(said: Confirmed, proposal: Proposal) -> Answer:
    if isinstance(said, Answer):
        return said
    choice = _CHOICES.get(said) if isinstance(said, str) else "allow" if said is True else "decline"
    if choice is None:
        raise TypeError(f'confirm answered {said!r}; it answers True, "allow", "always", False or "decline"')
    if choice == "always" and not proposal.may_always_allow:
        choice = "allow"  # a "yes" all the same, for this once
    return Answer(call_id=proposal.call_id, digest=proposal.digest, user=proposal.identity.user, choice=choice)


def _recorded(error: CallConflict) -> Result:
    """The answer of a call that was made already (P-04), or an error that says how it ended."""
    entry = error.entry
    if isinstance(entry, Entry) and entry.state == "unknown":
        raise OutcomeUnknown(
            "This call was sent before, and its outcome is not known; it is not sent again.",
            mend="Check with an operation that reads, then make a new call.",
        )
    result = result_of(entry.outcome) if isinstance(entry, Entry) and entry.state == "done" else None
    if result is None:
        raise error
    return result


def check_size(plan: Plan, content: bytes, profile: Profile) -> None:
    """WI-04 for what is sent; files count by their own limits (FI-08). Raises ArgumentError."""
    limit = profile.request_characters
    if len(content) <= limit:
        return
    if plan.function.takes_files:
        limit += profile.files_per_call * profile.file_bytes * 4 // 3
    size = len(content.decode("utf-8", "replace")) if len(content) <= 4 * limit else len(content)
    if size > limit:
        raise ArgumentError(
            f"The request body has {size:,} characters; up to {limit:,} are sent.",
            argument="body",
            rule="size",
            mend="Send less, or in several calls.",
        )


def _origin(function: Function, request: Request) -> str:
    try:
        return origin_of(request.url)
    except ValueError:
        pass
    raise AddressRefused(
        f"{function.name} cannot be called: the document names no server with an address.",
        sent=False,
        mend='Give one: load_action(source, base_url="https://api.example.com").',
    )


def _timed_out(error: OutboundError) -> OutboundError:
    """With the words "timed out" in it, which models know (WI-03)."""
    if isinstance(error, OutboundTimeout) and "timed out" not in error.message:
        return OutboundTimeout(
            f"The call timed out: {error.message}", sent=error.sent, mend=error.mend, may_retry=error.may_retry
        )
    return error
