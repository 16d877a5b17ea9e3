"""Which model answers: the one that the conversation, the GPT or the operator names, else the first that is found."""

from __future__ import annotations

from typing import Protocol

from actionry.errors import ProviderError
from actionry.models.provider import Provider

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

    def search(self) -> None:
        """What is there may have changed: look again."""
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

    def search(self) -> None:
        return None

    async def close(self) -> None:
        return None


def unknown_model(name: str) -> ProviderError:
    return ProviderError(
        f"There is no model `{name[:100]}` here.", mend="Choose another one, or ask the operator to connect it.",
        told_to="user",
    )  # fmt: skip
