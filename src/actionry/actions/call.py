"""WHERE A CALL RUNS: arguments checked, consent, claim, credential, one request, an answer shaped for a model.

    prepare   read the arguments, build the request, choose the credential: nothing is sent or stored
    agree     decide whether to ask, ask, remember the answer
    run       claim the call in the journal, attach, send, read, record

A server that cannot wait for its user calls the three apart; a program calls `Action.call`, which is all of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import os
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from actionry.actions.access import Access, CredentialsInput, find_access, give_up, open_sign_ins, renew
from actionry.actions.caller_token import CallerKey, sign
from actionry.actions.confirmation import (
    ASK,
    SAFE_METHODS,
    Answer,
    Choice,
    Decision,
    Facts,
    Policy,
    check_answer,
    decide,
    grants_from,
)
from actionry.actions.files import FileStore, expand_file_ids, keep_files, read_returned_files
from actionry.actions.grants import GrantStore, MemoryGrants
from actionry.actions.headers import HostHeaders
from actionry.actions.journal import OPEN, Entry, Journal, State, conflict
from actionry.actions.polling import follow_job, status_link
from actionry.actions.proposal import Identity, Proposal, ToSend, canonical, fingerprint, make_proposal
from actionry.actions.result import Result, read_result, too_large_error
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
from actionry.limits import ACTIONRY, CALL_LIMITS, OUTBOUND_LIMITS, CallLimits, Profile
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

OWNER = f"{os.getpid()}-{secrets.token_hex(4)}"
"""This process in a journal."""


@dataclass(slots=True, kw_only=True)
class Call(ToSend):
    """One prepared call: what will be sent, and what it may use."""

    access: Access
    action_origin: str
    plan: Plan

    @property
    def facts(self) -> Facts:
        function = self.function
        return Facts(
            function=function.name,
            fingerprint=fingerprint(function),
            method=function.method,
            origin=self.origin,
            consequential=function.consequential,
            arguments=arguments_of(function, self.values),
            identity=self.identity,
        )


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
        arguments: Mapping[str, Any] | str | bytes | None = "{}",
        *,
        credentials: CredentialsInput = None,
        confirm: ConfirmCallback | None = None,
        call_id: str | None = None,
    ) -> Result:
        """Prepare, agree, run. Raises what each of them raises."""
        call = await self.prepare(action, name, arguments, credentials=credentials, call_id=call_id)
        await self.agree(action, call, confirm)
        return await self.run(call)

    # ------------------------------------------------------------------------------------------------------- prepare

    async def prepare(
        self,
        action: Action,
        name: str,
        arguments: Mapping[str, Any] | str | bytes | None = "{}",
        *,
        credentials: CredentialsInput = None,
        call_id: str | None = None,
    ) -> Call:
        """Everything that can be worked out before anybody is asked; the API is not contacted.

        Raises FunctionNotFound, ArgumentError, LoginNeeded, CredentialError, or AddressRefused without a server.
        """
        function = action.function(name)
        plan = plan_of(function)
        values = await self._read_arguments(function, plan, arguments)
        request = build_request(function.operation, values, boundary=_boundary(plan, values))
        check_size(function, request, self.profile)
        headers = request.headers
        if "Accept" not in headers:
            headers["Accept"] = "*/*"
        origins = origins_of(action)
        access = find_access(function, credentials, declares_security=origins.declares_security)
        return Call(
            function=function,
            arguments=arguments,
            values=values,
            request=request,
            origin=plan.origin or _origin(function, request),
            chosen=access.chosen,
            masker=access.masker,
            identity=self.identity,
            title=action.title if self.journal is not None else "",
            call_id=call_id or "",
            access=access,
            action_origin=origins.main or plan.origin,
            plan=plan,
        )

    async def _read_arguments(
        self, function: Function, plan: Plan, arguments: Mapping[str, Any] | str | bytes | None
    ) -> Values:
        if not plan.takes_files:
            return read_arguments(function, arguments)
        return await expand_file_ids(function, arguments, self.files, self.profile)

    # --------------------------------------------------------------------------------------------------------- agree

    async def agree(self, action: Action, call: Call, confirm: ConfirmCallback | None) -> None:
        """Ask where the two layers, the policy or the context say so. Nothing is sent yet.

        Raises ConfirmationDeclined, or ConfirmationNeeded when there is nobody to ask here.
        """
        if confirm is None and self.policy is None:
            await self._record_consent(call)
            return
        decision = await self.decide(action, call)
        if decision.verdict == "refuse":
            raise ConfirmationDeclined(
                f"{call.function.name} is not allowed here, and was not called.",
                mend=" ".join(decision.sentences(call.origin)),
            )
        if decision.verdict == "ask":
            await self._ask(action, call, decision, confirm)
        await self._record_consent(call)

    async def decide(self, action: Action, call: Call) -> Decision:
        """What `confirmation.decide` says with this caller's grants, policy and context."""
        grants = await self._grants(action).find(self.identity, call.origin)
        return decide(call.facts, grants, now=self.clock(), policy=self.policy or ASK, untrusted=self.untrusted or ())

    def propose(self, action: Action, call: Call, decision: Decision) -> Proposal:
        """The call as it is shown to a person. Give it an id first when it is to be answered later."""
        if not call.call_id:
            call.call_id = secrets.token_hex(16)
        call.title = action.title
        return make_proposal(
            call,
            reasons=decision.sentences(call.origin),
            may_always_allow=decision.may_always_allow,
            now=self.clock(),
            lifetime_s=self.limits.confirmation_s,
        )

    async def answer(self, action: Action, call: Call, proposal: Proposal, answer: Answer) -> None:
        """Take a person's word on a stored proposal: remember it and mark the call confirmed, or raise.

        `call` is the call as prepared now. Raises ConfirmationDeclined; ConfirmationNeeded when the answer does not
        fit what would be sent (P-01, P-03, P-07).
        """
        now = self.clock()
        check_answer(answer, proposal, digest=call.digest, now=now)
        if answer.choice == "decline":
            await self._decline(call)
        grants = self._grants(action)
        for grant in grants_from(answer, call.facts, now=now, lifetime_s=self.limits.grant_s):
            await grants.add(grant)

    async def _ask(self, action: Action, call: Call, decision: Decision, confirm: ConfirmCallback | None) -> None:
        proposal = self.propose(action, call, decision)
        if self.journal is not None:
            await self.journal.propose(entry_of(call))
        if confirm is None:
            raise ConfirmationNeeded(
                f"{call.function.name} waits for the user's word; nothing was sent.",
                proposal=proposal,
                mend="Show the proposal, and call again with the answer.",
            )
        said = confirm(proposal)
        if inspect.isawaitable(said):
            said = await said
        await self.answer(action, call, proposal, _answer(said, proposal))

    async def _decline(self, call: Call) -> None:
        if self.journal is not None:
            await self.journal.propose(entry_of(call))
            await self.journal.move(call.call_id, "proposed", "declined")
        raise ConfirmationDeclined(
            f"The user declined {call.function.name}; nothing was sent.",
            mend="Do not call it again unless the user asks for it.",
        )

    async def _record_consent(self, call: Call) -> None:
        if self.journal is None:
            return
        if not call.call_id:
            call.call_id = secrets.token_hex(16)
        entry = await self.journal.propose(entry_of(call))
        if entry.state == "proposed":
            await self.journal.move(call.call_id, "proposed", "confirmed")

    def _grants(self, action: Action) -> GrantStore:
        if self.grants is not None:
            return self.grants
        return _REMEMBERED.setdefault(action, MemoryGrants())

    # ----------------------------------------------------------------------------------------------------------- run

    async def run(self, call: Call) -> Result:
        """Send a call that was agreed to, once.

        A call of the same id that has ended gives its recorded answer; one that another worker is at, or whose outcome
        is unknown, is not sent again: CallConflict, OutcomeUnknown. Otherwise raises LoginNeeded, CredentialError,
        OutboundError, ResponseTooLarge.
        """
        journal = self.journal
        if journal is None:
            return await self._run(call, _Steps(None, "", ""))
        steps = _Steps(journal, call.call_id, self.owner)
        try:
            await journal.move(call.call_id, "confirmed", "claimed", owner=self.owner)
        except CallConflict as error:
            return recorded(await self._ended(journal, call.call_id, error))
        except asyncio.CancelledError as error:
            await steps.end("failed", error)  # it may have been claimed; nothing has left
            raise
        return await self._run(call, steps)

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

    async def _run(self, call: Call, steps: _Steps) -> Result:
        try:
            if self.outbound is not None:
                result = await self._send(call, self.outbound, steps)
            else:
                async with Outbound() as outbound:
                    result = await self._send(call, outbound, steps)
        except ResponseTooLarge as error:
            await steps.end("done", error)
            raise
        except OutboundError as error:
            raise await self._failed(call, steps, error) from None
        except BaseException as error:
            # Cancelled, or refused on our side. What has left may have happened, unless it only reads.
            await steps.end("unknown" if steps.left and not call.plan.repeatable else "failed", error)
            raise
        await steps.end("done", result)
        if self.untrusted is not None and call.origin not in self.untrusted:
            self.untrusted.append(call.origin)
        return result

    async def _failed(self, call: Call, steps: _Steps, error: OutboundError) -> ActionryError:
        """The error to raise when no usable answer came."""
        if call.plan.repeatable or not error.sent:
            await steps.end("failed", error)
            if isinstance(error, ResponseRefused) and error.max_bytes is not None:
                return too_large_error(None, self.profile.response_characters)
            return _timed_out(error)
        await steps.end("unknown", error)
        return OutcomeUnknown(
            f"{call.function.name} was sent to {shown_url(call.request.url)}, but its outcome is not known: "
            f"{_timed_out(error).message} It may have happened.",
            mend="Check with an operation that reads, before it is called again.",
        )

    async def _send(self, call: Call, outbound: Outbound, steps: _Steps) -> Result:
        access = call.access
        if access.sign_ins:
            access = await open_sign_ins(access)
        response = await self._exchange(call, access, outbound, steps)
        if response.status == 401 and access.is_oauth:
            # The API's word that it did nothing: asking again with another token repeats no effect.
            access = await renew(access)
            response = await self._exchange(call, access, outbound, steps)
            if response.status == 401:
                raise await give_up(access)
        remark = ""
        if response.status == 202 and self.follow_jobs:
            response, remark = await self._follow_job(call, access, outbound, response)
        return await self._read(call, access, outbound, response, remark)

    async def _exchange(self, call: Call, access: Access, outbound: Outbound, steps: _Steps) -> Response:
        request = self._complete(call, call.request, access)
        if not steps.left:
            await steps.sending()
        return await outbound.send(
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
        request = attach(request, access.chosen, action_origin=call.action_origin)
        if self.signing_key is not None:
            request = sign(request, self.signing_key, now=self.clock())
        return request

    async def _follow_job(
        self, call: Call, access: Access, outbound: Outbound, response: Response
    ) -> tuple[Response, str]:
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

    async def _read(self, call: Call, access: Access, outbound: Outbound, response: Response, remark: str) -> Result:
        limit = self.profile.response_characters
        files = await read_returned_files(response, outbound, self.profile, access.masker)
        if files is not None:
            response = files.response
        result = read_result(
            response,
            url=call.request.url,
            masker=access.masker,
            shape=self.shape,
            limit=limit,
            name=call.function.name,
        )
        if files is not None or result.files:
            result = await keep_files(result, files, self.files)
        if remark:
            result.remarks = (*result.remarks, remark)
            result.text_for_model = f"{result.text_for_model}\n{remark}"
        return result


async def call_once(
    action: Action,
    name: str,
    arguments: Mapping[str, Any] | str | bytes | None = "{}",
    *,
    credentials: CredentialsInput = None,
    outbound: Outbound | None = None,
    confirm: ConfirmCallback | None = None,
) -> Result:
    """One call for a program: see `Action.call`."""
    return await Caller(outbound=outbound).call(action, name, arguments, credentials=credentials, confirm=confirm)


# -------------------------------------------------------------------------------------------- worked out once and kept


@dataclass(frozen=True, slots=True)
class Plan:
    """What every call of a function needs to know."""

    origin: str
    """Of the operation's server; "" when it has none."""
    repeatable: bool
    """Reads only, so that a broken call may be made again, and an unanswered one has done nothing."""
    takes_files: bool
    max_bytes: int
    is_multipart: bool


@lru_cache(maxsize=4096)
def plan_of(function: Function) -> Plan:
    operation = function.operation
    try:
        origin = origin_of(operation.server_url)
    except ValueError:
        origin = ""
    body = operation.request_body
    media_types = [media.media_type.lower() for media in body.content] if body is not None else []
    return Plan(
        origin=origin,
        repeatable=operation.method in SAFE_METHODS and not operation.consequential,
        takes_files=function.takes_files or _names_file_ids(function),
        max_bytes=_max_bytes(function),
        is_multipart=any(media_type.startswith("multipart/") for media_type in media_types),
    )


def _names_file_ids(function: Function) -> bool:
    return b"openaiFileIdRefs" in canonical(function.wire_schema)


def _max_bytes(function: Function) -> int:
    """Decoded bytes to take: a text answer alone is small; a file, or what nobody declared, may be large (D-13)."""
    declared = function.operation.raw.get("responses")
    written = canonical(declared) if isinstance(declared, dict) else b""
    if b"openaiFileResponse" in written:
        limits = function.limits
        return limits.files_per_call * limits.file_bytes * 4 // 3 + CALL_LIMITS.text_response_bytes
    types = set(_media_types(declared))
    if types and all(t.partition(";")[0].strip().endswith(("json", "xml")) or t.startswith("text/") for t in types):
        return CALL_LIMITS.text_response_bytes
    return OUTBOUND_LIMITS.response_bytes


def _media_types(responses: Any) -> list[str]:
    """As the document writes them in the answers themselves; [] for what is referenced or undeclared."""
    if not isinstance(responses, dict):
        return []
    found: list[str] = []
    for response in responses.values():
        content = response.get("content") if isinstance(response, dict) else None
        if isinstance(response, dict) and "$ref" in response:
            return []
        if isinstance(content, dict):
            found += [str(name).lower() for name in content]
    return found


@dataclass(frozen=True, slots=True)
class ActionOrigins:
    main: str
    """Where the action's credentials belong: the origin of most operations; "" without a server."""
    declares_security: bool


_ORIGINS: WeakKeyDictionary[Action, ActionOrigins] = WeakKeyDictionary()
_REMEMBERED: WeakKeyDictionary[Action, GrantStore] = WeakKeyDictionary()


def origins_of(action: Action) -> ActionOrigins:
    known = _ORIGINS.get(action)
    if known is None:
        counted: Counter[str] = Counter()
        for operation in action.operations:
            try:
                counted[origin_of(operation.server_url)] += 1
            except ValueError:
                continue
        main = counted.most_common(1)[0][0] if counted else ""
        declares = bool(action.security_schemes) or any(operation.security for operation in action.operations)
        known = _ORIGINS[action] = ActionOrigins(main, declares)
    return known


# ------------------------------------------------------------------------------------------------------------ pieces


class _Steps:
    """The journal's steps of one call; without a journal it only remembers whether the request may have left."""

    __slots__ = ("_call_id", "_journal", "_owner", "_state", "left")

    def __init__(self, journal: Journal | None, call_id: str, owner: str) -> None:
        self._journal = journal
        self._call_id = call_id
        self._owner = owner
        self._state: State = "claimed"
        self.left = False

    async def sending(self) -> None:
        if self._journal is not None:
            await self._journal.move(self._call_id, "claimed", "sent", owner=self._owner)
            self._state = "sent"
        self.left = True

    async def end(self, state: State, what: Result | BaseException) -> None:
        if self._journal is None:
            return
        for _ in range(2):
            try:
                await self._journal.move(self._call_id, self._state, state, owner=self._owner, outcome=outcome_of(what))
            except CallConflict as error:
                # Cancelled in the middle of a step: the journal knows how far it came. Otherwise somebody took us for
                # dead, and the call is shown as unknown; that stays.
                entry = error.entry
                if not isinstance(entry, Entry) or entry.state not in OPEN or entry.owner != self._owner:
                    return
                self._state = entry.state
            else:
                return


def outcome_of(what: Result | BaseException) -> dict[str, Any]:
    """What the journal keeps: enough to give the same answer again, without secrets."""
    if isinstance(what, Result):
        return {
            "status": what.status,
            "media_type": what.media_type,
            "text_for_model": what.text_for_model,
            "url": what.url,
            "truncated": what.truncated,
        }
    if isinstance(what, ActionryError):
        return {"error": type(what).__name__, "why": what.message}
    return {"error": type(what).__name__, "why": "The call was given up."}


def recorded(error: CallConflict) -> Result:
    """The answer of a call that was made already (P-04), or an error that says how it ended."""
    entry = error.entry
    if not isinstance(entry, Entry):
        raise error
    if entry.state == "unknown":
        raise OutcomeUnknown(
            "This call was sent before, and its outcome is not known; it is not sent again.",
            mend="Check with an operation that reads, then make a new call.",
        )
    if entry.state != "done" or "status" not in entry.outcome:
        raise error
    outcome = entry.outcome
    return Result(
        status=outcome["status"],
        media_type=outcome["media_type"],
        data=outcome["text_for_model"],
        text_for_model=outcome["text_for_model"],
        headers=Headers(),
        url=outcome["url"],
        truncated=outcome["truncated"],
        remarks=("This call was made before; this is its recorded answer.",),
    )


def entry_of(call: Call) -> Entry:
    return Entry(
        call_id=call.call_id,
        digest=call.digest,
        state="proposed",
        function=call.function.name,
        origin=call.origin,
        user=call.identity.user,
    )


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


def arguments_of(function: Function, values: Values) -> dict[str, Any]:
    """By argument name, as checked: what grants are narrowed by."""
    found: dict[str, Any] = {}
    for location, given in (
        ("path", values.path),
        ("query", values.query),
        ("header", values.header),
        ("cookie", values.cookie),
    ):
        for name, value in given.items():
            binding = function.bindings.find(location, name)
            found[binding.argument if binding is not None else name] = value
    if values.has_body:
        found["body"] = values.body
    return found


def check_size(function: Function, request: Request, profile: Profile) -> None:
    """WI-04 for what is sent; files count by their own limits (FI-08)."""
    content = request.content
    if content is None or len(content) <= profile.request_characters:
        return
    limit = profile.request_characters
    if function.takes_files:
        limit += profile.files_per_call * profile.file_bytes * 4 // 3
    size = len(content.decode("utf-8", "replace")) if len(content) <= 4 * limit else len(content)
    if size > limit:
        raise ArgumentError(
            f"The request body has {size:,} characters; up to {limit:,} are sent.",
            argument="body",
            rule="size",
            mend="Send less, or in several calls.",
        )


def _boundary(plan: Plan, values: Values) -> str | None:
    """The same for the same values, so that a digest stays the same when the request is built again."""
    if not plan.is_multipart:
        return None
    return f"actionry-{hashlib.sha256(canonical([values.path, values.query, values.body])).hexdigest()[:32]}"


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
