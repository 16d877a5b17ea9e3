"""Which model answers: the one that the conversation, the GPT or the operator names, else the first that is found."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from actionry.errors import ProviderError
from actionry.models.provider import Provider
from actionry.server.logs import log

REHEARSAL = "rehearsal"


class Models(Protocol):
    @property
    def default(self) -> str:
        """Name of the model that answers when none is chosen."""
        ...

    async def find(self, name: str | None) -> Provider:
        """Raises ProviderError, told to the operator, for a name that nobody serves."""
        ...

    async def names(self) -> list[str]:
        """What may be chosen, the default first."""
        ...

    async def close(self) -> None: ...


class FixedModels:
    """These providers and no others, by their names; the first is the default. For tests and benches."""

    def __init__(self, *providers: Provider) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self.default = next(iter(self._providers))

    async def find(self, name: str | None) -> Provider:
        provider = self._providers.get(name or self.default)
        if provider is None:
            raise unknown_model(name or "")
        return provider

    async def names(self) -> list[str]:
        return list(self._providers)

    async def close(self) -> None:
        return None


def unknown_model(name: str) -> ProviderError:
    return ProviderError(
        f"There is no model `{name[:100]}` here.", mend="Choose another one, or ask the operator to connect it.",
        told_to="user",
    )  # fmt: skip


Opener = Callable[[str], Awaitable[Provider | None]]
"""Makes the provider of a name; None when it is not one that can be made."""


class OpenedModels:
    """Providers that are made when they are first asked for, and kept."""

    def __init__(self, default: str, opener: Opener, listed: Callable[[], Awaitable[list[str]]]) -> None:
        self.default = default
        self._opener = opener
        self._listed = listed
        self._open: dict[str, Provider] = {}
        self._making = asyncio.Lock()

    async def find(self, name: str | None) -> Provider:
        wanted = name or self.default
        provider = self._open.get(wanted)
        if provider is not None:
            return provider
        async with self._making:
            if wanted not in self._open:
                made = await self._opener(wanted)
                if made is None:
                    raise unknown_model(wanted)
                self._open[wanted] = made
            return self._open[wanted]

    async def names(self) -> list[str]:
        found = await self._listed()
        return list(dict.fromkeys((self.default, *found)))

    async def close(self) -> None:
        for provider in self._open.values():
            close = getattr(provider, "aclose", None)
            if close is not None:
                try:
                    await close()
                except Exception as error:  # on the way out; the log is all that can still be told
                    log(logging.WARNING, "a model's connections cannot be closed", error=error)
