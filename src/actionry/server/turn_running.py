"""One leased turn with everything around it: what `chat.turn.run_turn` needs, from what this server has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from actionry.actions.action import Action, load_action
from actionry.actions.files import FileStore
from actionry.chat.log import TurnContext, TurnKey
from actionry.chat.services import BUDGETS, Budgets, CredentialSource, TurnServices
from actionry.chat.turn import run_turn
from actionry.credentials.flows import SingleFlight
from actionry.errors import DocumentError
from actionry.gpts.gpt import GptAction
from actionry.outbound import Outbound
from actionry.server.gpt_use import GptGate
from actionry.server.models import Models
from actionry.server.settings import Settings
from actionry.storage.actor import Person
from actionry.storage.storage import Storage

KEPT_ACTIONS = 64
"""Loaded documents that are kept; a large one takes seconds to read."""


def budgets_of(settings: Settings) -> Budgets:
    return replace(
        BUDGETS,
        calls=settings.max_turn_calls,
        seconds=float(settings.max_turn_s),
        tokens=settings.max_turn_tokens,
        stop_poll_s=5.0,  # this process is told at once; the log is asked for stops that came in at another
        provider_tries=1,  # every provider tries again by itself
    )


class Actions:
    """Loaded actions of all turns: documents never change, so one reading serves everybody."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: dict[tuple[str, str | None], Action] = {}
        self._loading: SingleFlight[Action] = SingleFlight()

    def of_turn(self, context: TurnContext) -> _ActionsOfTurn:
        return _ActionsOfTurn(self, context)

    async def load(self, context: TurnContext, action: GptAction) -> Action:
        key = (action.document_id, action.base_url)
        found = self._kept.pop(key, None)
        if found is None:
            text = await self._storage.gpts.document_for_turn(context, action.document_id)
            if text is None:
                raise DocumentError("The action's document is gone.", mend="Import it again.", code="DOC-GONE")
            found = await self._loading.run(f"{key}", lambda: _load(text, action.base_url))
        self._kept[key] = found  # put in anew: the first is the one that was used the longest ago
        while len(self._kept) > KEPT_ACTIONS:
            del self._kept[next(iter(self._kept))]
        return found


async def _load(text: bytes, base_url: str | None) -> Action:
    """Off the event loop: a document of megabytes takes a second or two."""
    import asyncio

    def load() -> Action:
        action = load_action(text, base_url)
        action.functions  # noqa: B018  # made here, not in the middle of somebody's turn
        return action

    return await asyncio.to_thread(load)


@dataclass(frozen=True, slots=True)
class _ActionsOfTurn:
    """An `ActionSource` that gives what this turn's own GPT names, and nothing else (A-06)."""

    actions: Actions
    context: TurnContext

    async def load(self, action: GptAction) -> Action:
        return await self.actions.load(self.context, action)


@dataclass(slots=True, kw_only=True)
class TurnRunning:
    """`run(context, key)` is the runner's work."""

    settings: Settings
    storage: Storage
    models: Models
    outbound: Outbound
    gate: GptGate
    actions: Actions
    pseudonym_key: bytes
    credentials: Callable[[TurnContext], CredentialSource] | None = None
    files: Callable[[TurnContext], FileStore] | None = None
    domains: Callable[[], Awaitable[tuple[str, ...] | None]] | None = None
    rested: Callable[[TurnContext], None] | None = None
    """Told when the turn came to rest."""

    async def run(self, context: TurnContext, key: TurnKey) -> str:
        services = TurnServices(
            log=self.storage.turns,
            provider=await self.models.find(context.model or context.content.model),
            actions=self.actions.of_turn(context),
            journal=self.storage.calls.of_turn(key),
            grants=self.storage.grants,
            files=self.files(context) if self.files is not None else None,
            outbound=self.outbound,
            budgets=budgets_of(self.settings),
            allowed_domains=await self.domains() if self.domains is not None else None,
            gate=self._may_still,
            pseudonym_key=self.pseudonym_key,
            stops=self.storage.hub,
        )
        if self.credentials is not None:
            services.credentials = self.credentials(context)
        outcome = await run_turn(context, key, services)
        if self.rested is not None:
            self.rested(context)
        return outcome.kind

    async def _may_still(self, context: TurnContext) -> str | None:
        preview = context.gpt_version is None
        return await self.gate.why_not(Person(context.user_id), context.gpt_id, preview=preview)
