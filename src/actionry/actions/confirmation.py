"""WHERE CONSENT IS DECIDED: whether a call goes ahead, is asked for, or is refused. Pure.

Two layers. The domain: the first call to an origin asks, even a GET (CO-01). The operation: a consequential one asks
every time; any other write asks until the user says "always" (CO-02). Above both stands what the model has read: once
an API's or a page's text is in its context, that text may be what speaks (THREATS P-08, P-10).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never
from urllib.parse import urlsplit

from actionry.actions.grants import Grant
from actionry.actions.proposal import Identity, Proposal
from actionry.errors import ConfirmationNeeded
from actionry.limits import CALL_LIMITS

Verdict = Literal["ask", "go_ahead", "refuse"]
Reason = Literal["consequential", "first-call", "write", "suggested-by-content", "policy", "granted", "domain-open"]
Choice = Literal["allow", "always", "decline"]
"""The three buttons (CO-03)."""

SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(slots=True, kw_only=True)
class Facts:
    """What a decision rests on."""

    function: str
    fingerprint: str
    method: str
    origin: str
    consequential: bool
    """As the document declares; a model cannot change it (P-06)."""
    arguments: Callable[[], Mapping[str, Any]]
    """By argument name; asked for only where a grant is narrowed by them."""
    identity: Identity

    @property
    def reads_only(self) -> bool:
        return self.method in SAFE_METHODS and not self.consequential


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    reasons: tuple[Reason, ...]
    may_always_allow: bool = False
    suggested_by: tuple[str, ...] = ()
    """Hosts whose content stands in the model's context and may be behind this call."""

    def sentences(self, origin: str) -> tuple[str, ...]:
        """The reasons in words, for the user."""
        return tuple(_say(reason, origin, self.suggested_by) for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds when nobody is asked, or before anybody is (CO-08)."""

    reads: Verdict = "ask"
    """Of what is read without consequence; "ask" leaves it to the two layers."""
    writes: Verdict = "ask"
    """Of writes that the document declares to be without consequence."""
    consequential: Literal["ask", "refuse"] = "ask"
    """No blanket leave for these: only `operations` can name one."""
    operations: Mapping[str, Verdict] = field(default_factory=dict)
    """Function name -> verdict, before all others."""
    origins: frozenset[str] | None = None
    """The only origins that are called at all, e.g. `https://api.example.com:443`; None: any."""
    attended: bool = True
    """Whether there is somebody to ask; where there is nobody, "ask" is "refuse"."""


ASK = Policy()
"""The two layers, with a person behind them."""
ALLOW_READS = Policy(reads="go_ahead", writes="refuse", consequential="refuse", attended=False)
DENY_ALL = Policy(reads="refuse", writes="refuse", consequential="refuse", attended=False)


def decide(
    facts: Facts,
    grants: Iterable[Grant] = (),
    *,
    now: float,
    policy: Policy = ASK,
    untrusted: Collection[str] = (),
) -> Decision:
    """What is to be done with this call.

    `untrusted`: origins whose content the model has read in this conversation.
    """
    if policy.origins is not None and facts.origin not in policy.origins:
        return Decision("refuse", ("policy",))
    decision = (None if policy is ASK else _by_policy(facts, policy)) or _by_layers(facts, grants, now)
    if decision.verdict == "go_ahead":
        decision = _unless_suggested(facts, decision, untrusted)
    if decision.verdict == "ask" and not policy.attended:
        return Decision("refuse", (*decision.reasons, "policy"), suggested_by=decision.suggested_by)
    return decision


def _by_policy(facts: Facts, policy: Policy) -> Decision | None:
    named = policy.operations.get(facts.function)
    verdict: Verdict = named or (
        policy.consequential if facts.consequential else policy.reads if facts.reads_only else policy.writes
    )
    return None if verdict == "ask" else Decision(verdict, ("policy",))


def _by_layers(facts: Facts, grants: Iterable[Grant], now: float) -> Decision:
    opened = allowed = False
    for grant in grants:
        if grant.alive(now) and grant.is_for(facts.identity, facts.origin):
            opened = opened or grant.kind == "domain"
            allowed = allowed or _is_for_operation(grant, facts)
    if facts.consequential:  # as declared; undeclared: every method but GET. No grant speaks for it.
        return Decision("ask", ("consequential",) if opened else ("consequential", "first-call"))
    if allowed:
        return _GRANTED
    if not opened:
        return Decision("ask", ("first-call",), may_always_allow=True)
    if facts.reads_only:
        return _DOMAIN_OPEN
    return Decision("ask", ("write",), may_always_allow=True)


_GRANTED = Decision("go_ahead", ("granted",))
_DOMAIN_OPEN = Decision("go_ahead", ("domain-open",))


def _is_for_operation(grant: Grant, facts: Facts) -> bool:
    return (
        grant.kind == "operation"
        and grant.operation == facts.function
        and grant.fingerprint == facts.fingerprint
        and (not grant.only_when or grant.covers_arguments(facts.arguments()))
    )


def _unless_suggested(facts: Facts, decision: Decision, untrusted: Collection[str]) -> Decision:
    """P-08, P-10: with foreign text in the context a write, or a call that carries words to another origin, is asked.

    "Always" is not offered: an answer to one suggestion is no leave for the next.
    """
    if not untrusted:
        return decision
    sources = tuple(dict.fromkeys(untrusted))
    others = tuple(origin for origin in sources if origin != facts.origin)
    behind = others if facts.reads_only else sources
    if not behind:
        return decision
    return Decision("ask", ("suggested-by-content",), suggested_by=tuple(map(_host, behind)))


def _host(origin: str) -> str:
    parts = urlsplit(origin)
    return parts.hostname or origin


def _say(reason: Reason, origin: str, suggested_by: tuple[str, ...]) -> str:
    match reason:
        case "consequential":
            return "This operation has consequences; it is asked every time."
        case "first-call":
            return f"This is the first call to {_host(origin)}."
        case "write":
            return "This operation changes something."
        case "suggested-by-content":
            return f"It may be suggested by content from {', '.join(suggested_by)}."
        case "policy":
            return "The policy for calls without a person decides."
        case "granted":
            return "You allowed this operation always."
        case "domain-open":
            return f"You have allowed calls to {_host(origin)}."
        case _:
            assert_never(reason)


# -------------------------------------------------------------------------------------------------------- the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A person's word on one proposal: which one, by id and digest, and nothing else (P-01)."""

    call_id: str
    digest: str
    user: str
    choice: Choice
    only_when: Mapping[str, Any] = field(default_factory=dict)
    """With "always": the argument values that it is limited to."""


def check_answer(answer: Answer, proposal: Proposal, *, digest: str, now: float) -> Answer:
    """The answer, if it is this user's, to this proposal, in time, and for the request that would be sent now.

    `digest`: of the call as it is built now; it differs when arguments, document or identity have changed since (P-03).
    Raises ConfirmationNeeded with the proposal otherwise; nothing is sent.
    """
    problem = ""
    if answer.call_id != proposal.call_id:
        problem = "The answer is about another call."
    elif answer.user != proposal.identity.user:
        problem = "The answer comes from another user."
    elif answer.digest != proposal.digest or digest != proposal.digest:
        problem = "The call is no longer the one that was shown."
    elif proposal.expired(now):
        problem = "The question was answered too late."
    elif answer.choice == "always" and not proposal.may_always_allow:
        problem = "This operation is asked every time."
    if problem:
        raise ConfirmationNeeded(problem, proposal=proposal, mend="Ask again, and show the call as it is now.")
    return answer


def grants_from(
    answer: Answer, facts: Facts, *, now: float, lifetime_s: float = CALL_LIMITS.grant_s
) -> tuple[Grant, ...]:
    """What an answer is remembered as: an allowed call opens its domain to reads, "always" covers the operation."""
    if answer.choice == "decline":
        return ()
    identity = facts.identity

    def grant(**more: Any) -> Grant:
        return Grant(
            user=identity.user,
            gpt=identity.gpt,
            action_version=identity.action_version,
            origin=facts.origin,
            granted_at=now,
            **more,
        )

    domain = grant(kind="domain", expires_at=now + min(CALL_LIMITS.domain_consent_s, lifetime_s))
    if answer.choice == "allow" or facts.consequential:
        return (domain,)
    operation = grant(
        kind="operation",
        operation=facts.function,
        fingerprint=facts.fingerprint,
        only_when=dict(answer.only_when),
        expires_at=now + lifetime_s,
    )
    return (domain, operation)
