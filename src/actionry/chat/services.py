"""What a turn needs of the outside, as protocols, and what it may spend."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from actionry.actions.access import CredentialsInput
from actionry.actions.action import Action
from actionry.actions.call import OWNER
from actionry.actions.caller_token import CallerKey
from actionry.actions.confirmation import ASK, Policy
from actionry.actions.files import FileStore
from actionry.actions.grants import GrantStore
from actionry.actions.headers import HostHeaders
from actionry.actions.journal import Journal
from actionry.actions.proposal import Identity
from actionry.actions.shape import WHOLE, Shape
from actionry.chat.log import TurnContext, TurnLog
from actionry.gpts.gpt import GptAction
from actionry.limits import ACTIONRY, CALL_LIMITS, CallLimits, Profile
from actionry.models.provider import Provider
from actionry.outbound import Outbound


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """What one turn may spend, and the paces of its loop (THREATS P-12, section 5.2)."""

    calls: int = 25
    """Proposed by the model, whatever became of them."""
    seconds: float = 600.0
    """Running; waiting for a person is free."""
    tokens: int = 1_000_000
    """Read and written by the model over all rounds."""
    bytes: int = 50_000_000
    """Of the APIs' answers, decoded."""
    output_tokens: int = 4_096
    """Kept free in the model's context for its answer."""
    parallel_calls: int = 8
    attempts: int = 3
    """Of a call that only reads and was cut by the end of its process."""
    batch_s: float = 0.25
    batch_bytes: int = 2_048
    """Streamed text is stored, and then shown, after so much time or text; the first piece at once."""
    at_once_s: float = 0.003
    """A model whose first word comes within this has its start stored together with it."""
    provider_tries: int = 3
    """Before the first event, of a provider that does not try again by itself."""
    backoff_s: float = 0.5
    """Full jitter: after try n a random wait up to `backoff_s * 2**n`."""
    retry_after_s: float = 60.0
    """A longer `Retry-After` is cut to this."""
    first_event_s: float = 600.0
    silence_s: float = 330.0
    """Without a sign of the model, before and after its first event, the request is given up. Adapters have tighter
    limits, which they know for each provider; these hold for any."""
    stop_poll_s: float = 1.0
    """How often the log is asked whether to stop, where nobody tells it sooner."""
    offered_functions: int = 64
    offered_tokens: int = 24_000
    """Beyond either, operations are found by search (and the tokens are at most a quarter of the model's context)."""
    found_functions: int = 12
    """Offered beside the search functions: what fits the message, was found, described or used."""


BUDGETS = Budgets()


class ActionSource(Protocol):
    """The GPT's documents as actions; loading the same one again is cheap."""

    async def load(self, action: GptAction) -> Action:
        """Raises an ActionryError when the document is gone or cannot be read."""
        ...


class CredentialSource(Protocol):
    async def find(self, action: GptAction, source: Action, user_id: str) -> CredentialsInput:
        """What this user's calls of the action may use: `Credentials`, with NotConnected where the user's own is
        missing, or a mapping with `SignIn`s. None: nothing is at hand. `source` has the security schemes."""
        ...


class Stops(Protocol):
    async def wait(self, turn_id: str) -> None:
        """Return when somebody asked to stop the turn; a hint, the log is asked again."""
        ...


class NoCredentials:
    """For actions without authentication."""

    async def find(self, action: GptAction, source: Action, user_id: str) -> CredentialsInput:
        return None


@dataclass(slots=True, kw_only=True)
class TurnServices:
    """Everything around one turn. Made for each turn: provider and files are its user's."""

    log: TurnLog
    provider: Provider
    actions: ActionSource
    journal: Journal
    grants: GrantStore
    credentials: CredentialSource = field(default_factory=NoCredentials)
    files: FileStore | None = None
    """Those that this turn's user may see."""
    outbound: Outbound | None = None
    """None: a door to public addresses, opened for each call."""
    clock: Callable[[], float] = time.time
    budgets: Budgets = BUDGETS
    policy: Policy = ASK
    allowed_domains: tuple[str, ...] | None = None
    """Of actions; a domain covers its sub-domains (SV-05). () allows none, None any."""
    gate: Callable[[TurnContext], Awaitable[str | None]] | None = None
    """Asked before each call (A-12): None goes ahead, a sentence says why this user may no longer."""
    headers: Callable[[TurnContext, GptAction], HostHeaders | None] | None = None
    pseudonym_key: bytes = field(default=b"", repr=False)
    """Of this installation, for the daily pseudonym in our own headers."""
    signing_key: CallerKey | None = None
    profile: Profile = ACTIONRY
    call_limits: CallLimits = CALL_LIMITS
    shape: Shape = WHOLE
    stops: Stops | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """For waits between tries; tests wait for nothing."""
    owner: str = OWNER


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: the turn is over, or waits for a person."""

    kind: Literal["waiting", "finished"]
    wake_at: float | None = None
    """Waiting: when the first question expires, so that a runner may continue then; seconds since the epoch."""


def identity_of(context: TurnContext, action: GptAction) -> Identity:
    """For whom a call is made: consent is bound to the document that was agreed to, not to the GPT's wording (P-05)."""
    facts = f"{action.document_id}\n{action.base_url or ''}"
    version = f"{action.id}:{hashlib.sha256(facts.encode()).hexdigest()[:16]}"
    return Identity(user=context.user_id, gpt=context.gpt_id or "", action_version=version)


def headers_of(context: TurnContext, action: GptAction, services: TurnServices) -> HostHeaders | None:
    """What the API is told about the caller (WI-01)."""
    if services.headers is not None:
        return services.headers(context, action)
    return HostHeaders(
        compatible=action.compatibility_headers,
        conversation_id=context.conversation_id,
        gpt_id=context.gpt_id or "",
        user=context.user_id,
        pseudonym_key=services.pseudonym_key,
    )


def domain_allowed(host: str, domains: tuple[str, ...] | None) -> bool:
    """Whether the operator lets actions call this host (SV-05): `api.example.com` is covered by `example.com`."""
    if domains is None:
        return True
    host = host.lower().rstrip(".")
    return any(host == domain or host.endswith(f".{domain}") for domain in (d.lower().strip(". ") for d in domains))
