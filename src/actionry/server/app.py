"""The server put together: storage, models, runner and routes, behind the rim.

server = make_server(settings)      nothing is opened yet
server.asgi                         what uvicorn runs; its lifespan opens and closes everything
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from actionry import __version__
from actionry.outbound import Outbound
from actionry.server import page, problems
from actionry.server.demo import DemoServer
from actionry.server.demo_gpt import seed_demo
from actionry.server.gpt_use import GptGate
from actionry.server.keys import open_vault
from actionry.server.logs import log
from actionry.server.metrics import Metrics
from actionry.server.model_choice import choose_models
from actionry.server.models import Models
from actionry.server.oidc import Provider
from actionry.server.openapi import build_document
from actionry.server.routes import routers
from actionry.server.runner import EmbeddedRunner
from actionry.server.security import BodyLimit, Rates, Rim
from actionry.server.services import Services
from actionry.server.settings import Settings
from actionry.server.sse import Streams
from actionry.server.turn_running import Actions, TurnRunning
from actionry.server.wiring import WIRES
from actionry.storage.files import FileLimits
from actionry.storage.storage import Storage, open_storage

SWEEP_S = 3600.0
DOMAINS_S = 2.0
"""A change of the allowed domains counts for turns that begin later than this."""


@dataclass(slots=True)
class Server:
    """One server; `services` is there while its lifespan runs."""

    settings: Settings
    api: FastAPI
    asgi: Rim
    metrics: Metrics
    models: Models | None

    @property
    def services(self) -> Services:
        services: Services = self.api.state.services
        return services

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        """Open storage, models and runner. Raises ConfigError, StorageError, VaultError with what to mend."""
        async with open_services(self.settings, self.metrics, self.models) as services:
            self.api.state.services = services
            services.ready = True
            yield services


def make_server(settings: Settings, *, models: Models | None = None) -> Server:
    """`models`: None looks for providers; tests and benches give their own."""
    metrics = Metrics()

    api = FastAPI(
        title="Actionry",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        exception_handlers=problems.HANDLERS,
        redirect_slashes=False,
    )
    for router in routers():
        api.include_router(router)
    page.add_page(api)
    api.openapi = lambda: _cached(api, settings)  # type: ignore[method-assign]  # FastAPI's way to change the document
    return Server(settings, api, Rim(api, settings, metrics, _body_limits(settings)), metrics, models)


def _cached(api: FastAPI, settings: Settings) -> dict[str, Any]:
    if api.openapi_schema is None:
        api.openapi_schema = build_document(api, settings.public_url)
    return api.openapi_schema


def _body_limits(settings: Settings) -> list[BodyLimit]:
    """Paths that take more than the usual: uploads, and documents (pasted as JSON text, so with room for escapes)."""
    return [
        BodyLimit(re.compile(r"/api/v1/files"), settings.max_file_bytes + 65_536),
        BodyLimit(
            re.compile(r"/api/v1/(gpts|actions|plugins|documents|import)(/.*)?"),
            settings.max_document_bytes * 2 + 65_536,
        ),
    ]


# ------------------------------------------------------------------------------------------------------------- services


@asynccontextmanager
async def open_services(settings: Settings, metrics: Metrics, models: Models | None) -> AsyncIterator[Services]:
    vault = await asyncio.to_thread(open_vault, settings)
    async with contextlib.AsyncExitStack() as stack:
        storage = await open_storage(settings.database_url.reveal(), vault=vault, data_dir=settings.data_dir)
        stack.push_async_callback(storage.close)
        storage.files.limits = FileLimits(file_bytes=settings.max_file_bytes, user_bytes=settings.user_files_bytes)
        demo = await _start_demo(settings, stack)
        outbound = await stack.enter_async_context(_door(settings, demo))
        chosen = models if models is not None else await choose_models(settings, storage)
        stack.push_async_callback(chosen.close)
        gate, streams = GptGate(storage.gpts), Streams(metrics)
        running = TurnRunning(
            settings=settings, storage=storage, models=chosen, outbound=outbound, gate=gate,
            actions=Actions(storage), pseudonym_key=await _pseudonym_key(storage),
            files=lambda context: storage.files.of_turn(context, link_base=f"{settings.public_url}/download"),
            domains=_allowed_domains(storage),
            rested=lambda context: streams.news(context.conversation_id),
        )  # fmt: skip
        runner = EmbeddedRunner(
            storage.turns, storage.hub, running.run, metrics=metrics, at_once=settings.running_turns
        )
        services = Services(
            settings=settings, metrics=metrics, vault=vault, storage=storage, outbound=outbound, models=chosen,
            gpts=gate, streams=streams, rates=Rates(), sign_in_rates=Rates(), runner=runner, demo=demo,
            oidc=Provider(settings, vault) if settings.oidc_issuer is not None else None,
        )  # fmt: skip
        for wire in WIRES:
            wire(services, running)
        if demo is not None and settings.local_user:
            services.demo_gpt_id = await seed_demo(
                storage, await storage.accounts.local_user(), demo, settings.data_dir
            )
        await runner.start()
        services.soon(_keep_sweeping(services))
        try:
            yield services
        finally:
            await stop_services(services)


async def stop_services(services: Services, *, grace_s: float | None = None) -> None:
    """Readiness off, running turns end or are handed over, readers are told to reconnect. Idempotent."""
    if services.stopping:
        return
    services.stopping = True
    services.ready = False
    await (services.runner.stop() if grace_s is None else services.runner.stop(grace_s))
    services.streams.close_all()
    await services.finish()
    if services.demo is not None:
        await services.demo.stop()


async def _start_demo(settings: Settings, stack: contextlib.AsyncExitStack) -> DemoServer | None:
    if not settings.demo:
        return None
    demo = await asyncio.to_thread(lambda: DemoServer(settings.data_dir, preferred_port=_remembered_port(settings)))
    demo.start()
    stack.push_async_callback(demo.stop)
    return demo


def _remembered_port(settings: Settings) -> int:
    try:
        text = (settings.data_dir / "demo-port").read_text("ascii").strip()
    except (OSError, ValueError):
        return 0
    return int(text) if text.isdigit() and 1024 <= int(text) <= 65535 else 0


def _door(settings: Settings, demo: DemoServer | None) -> Outbound:
    """The operator's exceptions, and the demo's host and port alone."""
    places = (demo.place,) if demo is not None else ()
    proxy = settings.egress_proxy.reveal() if settings.egress_proxy is not None else None
    return Outbound(allow=(*settings.allowed_networks, *places), egress_proxy=proxy, user_agent=settings.user_agent)


async def _pseudonym_key(storage: Storage) -> bytes:
    """Of the daily pseudonyms that APIs know users by."""
    return bytes.fromhex((await storage.settings.secret("pseudonym-key", lambda: secrets.token_hex(32))).reveal())


def _allowed_domains(storage: Storage) -> Callable[[], Awaitable[tuple[str, ...] | None]]:
    """Domains that actions may call (SV-05); None, any, while an administrator has named none."""

    kept: list[tuple[float, tuple[str, ...] | None]] = []

    async def find() -> tuple[str, ...] | None:
        now = time.monotonic()
        if not kept or now - kept[0][0] > DOMAINS_S:
            found = await storage.settings.domains("action")
            kept[:] = [(now, tuple(each.domain for each in found) if found else None)]
        return kept[0][1]

    return find


async def _keep_sweeping(services: Services) -> None:
    """What is over is deleted now and then."""
    while True:
        await asyncio.sleep(SWEEP_S)
        try:
            await services.storage.sweep()
        except Exception as error:  # the next hour tries again
            log(logging.WARNING, "sweeping failed", error=error)


__all__ = ["Server", "make_server", "open_services", "stop_services"]
