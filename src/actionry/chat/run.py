"""One run of a turn by one process: the folded state, and the only place from which events are written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from actionry.chat.events import Event, StoredEvent
from actionry.chat.log import TurnContext, TurnKey
from actionry.chat.services import Budgets, TurnServices
from actionry.chat.state import TurnState, fold
from actionry.chat.toolbox import Toolbox, open_toolbox

Ending = Literal["stopped", "budget", "failed"]


@dataclass(slots=True, kw_only=True)
class Run:
    context: TurnContext
    key: TurnKey
    services: TurnServices
    state: TurnState
    earlier: list[TurnState]
    """The turns before this one on its branch, oldest first."""
    toolbox: Toolbox
    large: bool
    """Operations are found by search."""
    ending: Ending | None = None
    """Why the work is being cancelled."""
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def budgets(self) -> Budgets:
        return self.services.budgets

    @property
    def states(self) -> list[TurnState]:
        return [*self.earlier, self.state]

    def now(self) -> float:
        return self.services.clock()

    async def write(self, *events: Event) -> None:
        """Commit the events, all or none. Raises StaleRunner when another runner has the turn.

        A commit that has begun is finished even when the caller is cancelled: the state must not be behind the log.
        """
        if not events:
            return
        commit = asyncio.ensure_future(self._commit(events))
        try:
            await asyncio.shield(commit)
        except asyncio.CancelledError:
            await asyncio.wait([commit])
            commit.exception()  # looked at: whoever cancelled us decides what comes next
            raise

    async def _commit(self, events: Sequence[Event]) -> None:
        async with self._writing:
            stored: list[StoredEvent] = await self.services.log.append(self.key, events)
            # Answers of people are written by the requests that bring them: read what came in between.
            if stored and stored[0].seq != self.state.last_seq + 1:
                await self._catch_up()
                return
            for each in stored:
                self.state.apply(each)

    async def catch_up(self) -> None:
        """Take in what others wrote: answers to questions."""
        async with self._writing:
            await self._catch_up()

    async def _catch_up(self) -> None:
        for each in await self.services.log.read(self.context.turn_id, self.state.last_seq):
            self.state.apply(each)


async def open_run(context: TurnContext, key: TurnKey, services: TurnServices) -> Run:
    """Fold the stored events and open the GPT's functions."""
    stored, history = await asyncio.gather(services.log.read(context.turn_id), services.log.history(context.turn_id))
    state, earlier = fold(stored), [fold(events) for events in history]
    toolbox = await open_toolbox(context.content, services.actions)
    large = await toolbox.prepare(services.budgets, services.provider.context_tokens)
    return Run(context=context, key=key, services=services, state=state, earlier=earlier, toolbox=toolbox, large=large)
