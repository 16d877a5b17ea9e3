"""Everything that the routes share, opened at the start and closed at the end: one object, handed down."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actionry.credentials.vault import Vault
from actionry.outbound import Outbound
from actionry.server.demo import DemoServer
from actionry.server.gpt_use import GptGate
from actionry.server.logs import log
from actionry.server.metrics import Metrics
from actionry.server.models import Models
from actionry.server.oidc import Provider
from actionry.server.runner import Runner
from actionry.server.security import Rates
from actionry.server.settings import Settings
from actionry.server.sse import Streams
from actionry.storage.storage import Storage

if TYPE_CHECKING:
    from actionry.storage.accounts import Accounts


@dataclass(slots=True, kw_only=True, eq=False)
class Services:
    settings: Settings
    metrics: Metrics
    vault: Vault
    storage: Storage
    outbound: Outbound
    models: Models
    gpts: GptGate
    streams: Streams
    rates: Rates
    sign_in_rates: Rates
    """Apart from the others: a rush of requests must not lock anybody out of signing in."""
    runner: Runner
    oidc: Provider | None = None
    demo: DemoServer | None = None
    demo_gpt_id: str | None = None
    ready: bool = False
    """Told to load balancers; off before the start is complete and as soon as the end begins."""
    stopping: bool = False
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def accounts(self) -> Accounts:
        return self.storage.accounts

    def soon(self, work: Coroutine[Any, Any, Any]) -> None:
        """Housekeeping that no request waits for."""
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """End what `soon` began."""
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _logged(work: Coroutine[Any, Any, Any]) -> None:
    try:
        await work
    except Exception as error:  # nobody waits for it: the log is the only place that can say so
        log(logging.WARNING, "housekeeping failed", error=error)
