"""Which providers this server has: entered by administrators, found in the environment and on this machine, built in.

Looking for them asks providers for their models, which may take seconds; so it goes on beside the start, and only
who needs the answer waits for it.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from actionry.errors import ActionryError
from actionry.models.catalogue import (
    ClosableProvider,
    ProviderDescription,
    choose_model,
    describe_provider,
    discover_providers,
    open_provider,
)
from actionry.models.provider import Provider
from actionry.server.logs import log
from actionry.server.models import REHEARSAL, Models, unknown_model
from actionry.server.settings import Settings
from actionry.storage.storage import Storage

LOOK_S = 12.0
"""Who needs the default model waits so long for the search at most; then the built-in model answers."""
KEPT = 128
"""Opened models that are kept."""


@dataclass(slots=True, eq=False)
class FoundModels:
    settings: Settings
    storage: Storage
    providers: list[ProviderDescription] = field(default_factory=list)
    _default: str | None = None
    _open: dict[str, Provider] = field(default_factory=dict)
    _search: asyncio.Task[None] | None = None
    _remade: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def default(self) -> str:
        return self._default or self.settings.model or REHEARSAL

    def search(self) -> None:
        """Look for providers, beside everything else; again when an administrator changed one."""
        if self._search is not None:
            self._search.cancel()
        self._search = asyncio.create_task(self._look(), name="actionry-models")

    async def find(self, name: str | None) -> Provider:
        if name is None and self.settings.model is None:
            await self._searched()
        wanted = name or self.default
        found = self._open.pop(wanted, None)
        if found is None:
            found = await self._make(wanted)
        self._open[wanted] = found  # put in anew: the first is the one that was used the longest ago
        while len(self._open) > KEPT:
            await _close(self._open.pop(next(iter(self._open))))
        return found

    async def names(self) -> list[str]:
        await self._searched()
        listed = (f"{each.name}:{model.name}" for each in self.providers for model in each.models if model.chat)
        return list(dict.fromkeys((self.default, *listed, REHEARSAL)))

    async def close(self) -> None:
        if self._search is not None:
            self._search.cancel()
            await asyncio.wait([self._search])
        while self._open:
            await _close(self._open.popitem()[1])

    # --------------------------------------------------------------------------------------------------------- inside

    async def _make(self, name: str) -> Provider:
        if name == REHEARSAL:
            from actionry.models.rehearsal_provider import RehearsalProvider

            return RehearsalProvider()
        await self._searched()
        if name != self.settings.model and name not in await self.names():
            raise unknown_model(name)  # only the operator names models that nobody lists: they pay for them
        choice = choose_model(self.providers, name)
        if choice.provider is None or choice.model is None:
            return await self._make(REHEARSAL)
        proxy = self.settings.egress_proxy
        return open_provider(choice.provider, choice.model, egress_proxy=proxy.reveal() if proxy is not None else None)

    async def _searched(self) -> None:
        if self._search is not None and not self._search.done():
            await asyncio.wait([self._search], timeout=LOOK_S)

    async def _look(self) -> None:
        try:
            proxy = self.settings.egress_proxy
            self.providers = await discover_providers(
                self.settings.model_environment,
                entered=await self._entered(),
                egress_proxy=proxy.reveal() if proxy is not None else None,
            )
            for each in self.providers:
                if each.problem is not None:
                    log(logging.WARNING, f"The model provider {each.name}: {each.problem}")
            self._default = choose_model(self.providers, self.settings.model).name
        except ActionryError as error:
            log(logging.WARNING, str(error))
        opened, self._open = self._open, {}
        for provider in opened.values():
            await _close(provider)

    async def _entered(self) -> list[ProviderDescription]:
        found: list[ProviderDescription] = []
        for each in await self.storage.providers.all():
            if not each.enabled:
                continue
            try:
                key = await self.storage.providers.key(each.id)
                found.append(describe_provider(each.name, each.kind, base_url=each.base_url, key=key))
            except ActionryError as error:
                log(logging.WARNING, str(error))
        return found


async def _close(provider: Provider | ClosableProvider) -> None:
    close = getattr(provider, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except Exception as error:  # its connections go with it; the log is all that can still be told
        log(logging.WARNING, "a model's connections cannot be closed", error=error)


async def choose_models(settings: Settings, storage: Storage) -> Models:
    models = FoundModels(settings, storage)
    models.search()
    return models
