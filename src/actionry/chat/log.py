"""What a running turn needs of storage: an append-only log with leases, calls with compare-and-set, secrets by use.

Implemented by `storage` in SQL and by `chat/memory.py` for tests and `actionry chat`; the turn's code is one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from actionry.chat.events import Event, StoredEvent
from actionry.gpts.gpt import GptContent


class StaleRunner(Exception):  # a condition, not a fault
    """Another runner holds the turn (its fencing number is higher): stop without writing anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnKey:
    """Which turn, and who may write to it. `fencing` grows with every lease; older numbers can no longer write."""

    turn_id: str
    fencing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnContext:
    """Everything that is fixed for a turn when it starts to run."""

    turn_id: str
    conversation_id: str
    user_id: str
    gpt_id: str | None
    gpt_version: int | None
    """None: the draft (preview)."""
    content: GptContent
    model: str | None = None
    """Chosen for this conversation; None: the GPT's or the server's."""
    force_function: str | None = None
    locale: str = "en"


class TurnLog(Protocol):
    """Events of one deployment's turns."""

    async def append(self, key: TurnKey, events: Sequence[Event]) -> list[StoredEvent]:
        """Commit the events in order, all or none; raises StaleRunner when the lease is lost."""
        ...

    async def read(self, turn_id: str, after: int = 0) -> list[StoredEvent]:
        """Events with `seq > after`, in order."""
        ...

    async def history(self, turn_id: str) -> list[list[StoredEvent]]:
        """Events of the turns before this one on its branch of the conversation, oldest first."""
        ...

    def follow(self, turn_id: str, after: int = 0) -> AsyncIterator[StoredEvent]:
        """Stored events, then new ones as they are committed, until the turn rests or ends."""
        ...

    async def lease(self, turn_id: str, runner: str, *, seconds: float) -> TurnKey | None:
        """Take or renew the right to run; None when another runner's lease has not run out."""
        ...

    async def release(self, key: TurnKey) -> None: ...

    async def stop_asked(self, turn_id: str) -> bool: ...
