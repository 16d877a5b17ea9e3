"""Run the server: one address printed, signals obeyed, running turns given their time."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable

import uvicorn

from actionry.server.app import Server, make_server, stop_services
from actionry.server.logs import log, set_up_logging
from actionry.server.settings import ConfigError, Settings, with_port

LINK_S = 900.0
"""The printed address signs in once, within so long."""

Tell = Callable[[str], None]


class _Uvicorn(uvicorn.Server):
    """Ends in our order: streams and turns first, then connections."""

    def __init__(self, config: uvicorn.Config, server: Server, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._server = server
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await stop_services(self._server.services)
        await super().shutdown(sockets)


def serve(settings: Settings, *, tell: Tell, open_page: Callable[[str], None] | None = None) -> None:
    """Serve until a signal. `tell` prints the one line; `open_page` opens the browser. Raises ConfigError."""
    set_up_logging(settings.log_level, settings.log_format)
    for remark in settings.remarks:
        log(logging.WARNING, remark)
    listener = _listen(settings)
    settings = with_port(settings, listener.getsockname()[1])
    try:
        asyncio.run(_serve(settings, listener, tell, open_page))
    except KeyboardInterrupt:  # Ctrl+C, told again by uvicorn when all is closed
        return
    finally:
        listener.close()


async def _serve(
    settings: Settings, listener: socket.socket, tell: Tell, open_page: Callable[[str], None] | None
) -> None:
    server = make_server(settings)
    welcome: list[asyncio.Task[None]] = []

    def on_ready() -> None:
        welcome.append(asyncio.create_task(_welcome(server, tell, open_page)))

    running = _Uvicorn(uvicorn_config(server), server, on_ready)
    async with server.open():
        await running.serve(sockets=[listener])


def uvicorn_config(server: Server) -> uvicorn.Config:
    """How the HTTP server is run; who asks is found by the rim, which believes trusted proxies alone (H-13)."""
    return uvicorn.Config(
        server.asgi,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=65_536,
    )


async def _welcome(server: Server, tell: Tell, open_page: Callable[[str], None] | None) -> None:
    url = await sign_in_address(server)
    tell(f"Actionry is ready: {url}")
    if open_page is not None:
        await asyncio.to_thread(open_page, url)


async def sign_in_address(server: Server) -> str:
    """The address to open: with a one-time token in the fragment, which no server and no log ever sees (L-09)."""
    services, base = server.services, server.settings.public_url
    if server.settings.local_user:
        user = await services.accounts.local_user()
        token = await services.accounts.issue_link(user.id, "login", lifetime_s=LINK_S)
        return f"{base}/#token={token.reveal()}"
    first = await services.accounts.first_admin(name="Administrator")
    if first is None:
        return f"{base}/"
    token = await services.accounts.issue_link(first.id, "login", lifetime_s=LINK_S)
    return f"{base}/#token={token.reveal()}"


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named, because asyncio switches Nagle's delay off only where it is: 40 ms for each small event.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"Nothing can listen on {settings.host}:{settings.port}: {error.strerror or 'refused'}.",
            mend="Another server may be running there; choose another with --port or ACTIONRY_PORT.",
        ) from None
    listener.listen(2048)
    listener.set_inheritable(False)
    return listener


def to_stdout(line: str) -> None:
    print(line, flush=True)


__all__ = ["serve", "sign_in_address", "to_stdout"]
