"""Which providers this server has: what the operator names, what is found by itself, and the built-in model."""

from __future__ import annotations

from actionry.models.provider import Provider
from actionry.outbound import Outbound
from actionry.server.models import REHEARSAL, Models, OpenedModels
from actionry.server.settings import Settings
from actionry.storage.storage import Storage


async def choose_models(settings: Settings, storage: Storage, outbound: Outbound) -> Models:
    async def make(name: str) -> Provider | None:
        if name == REHEARSAL:
            from actionry.models.rehearsal_provider import RehearsalProvider

            return RehearsalProvider()
        return None

    async def listed() -> list[str]:
        return [REHEARSAL]

    return OpenedModels(settings.model or REHEARSAL, make, listed)
