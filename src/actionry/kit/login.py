"""Sign in to an API from the terminal: browser, loopback redirect, token (RFC 8252)."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable

from actionry.credentials.flows import Send
from actionry.credentials.oauth import (
    Callback,
    MemoryPendingLogins,
    OAuthSettings,
    begin_login,
    client_credentials_flow,
    complete_login,
    discover_flow,
    drive,
    open_command,
    settings_from_metadata,
    settings_from_scheme,
)
from actionry.credentials.oauth.loopback import (
    NotTheCallback,
    loopback_page,
    loopback_redirect_uri,
    read_loopback_request,
)
from actionry.credentials.schemes import OAuthToken
from actionry.credentials.secret import Secret
from actionry.errors import OAuthError
from actionry.openapi.model import Operation, SecurityScheme

MAX_HEAD_BYTES = 16_384
_USER = "terminal"


def find_scheme(operation: Operation) -> tuple[SecurityScheme, tuple[str, ...]]:
    """The operation's OAuth scheme and its scopes; raises OAuthError when it has none."""
    for requirement in operation.security:
        for scheme, scopes in requirement.schemes:
            if scheme.kind in ("oauth2", "openIdConnect"):
                return scheme, scopes
    raise OAuthError(
        f"{operation.method} {operation.path} needs no OAuth sign-in.", mend="Leave --login out.", told_to="caller"
    )


async def read_settings(
    scheme: SecurityScheme,
    scopes: tuple[str, ...],
    send: Send,
    *,
    client_id: str,
    client_secret: str | None,
    base_url: str,
) -> OAuthSettings:
    """From the document's flows, or from the provider's discovery document where the scheme names one."""
    address = scheme.openid_connect_url or scheme.oauth2_metadata_url
    if scheme.flows or address is None:
        return settings_from_scheme(
            scheme, client_id=client_id, client_secret=client_secret, scopes=scopes or None, base_url=base_url
        )
    metadata = await drive(discover_flow(address), send)
    return settings_from_metadata(
        metadata,
        client_id=client_id,
        client_secret=None if client_secret is None else Secret(client_secret),
        scope=" ".join(scopes or ("openid",)),
    )


async def sign_in(
    settings: OAuthSettings,
    send: Send,
    *,
    action: str,
    api_origin: str,
    show: Callable[[str], None],
    opens: bool = True,
) -> OAuthToken:
    """Fetch a token; for an authorization code the user's browser is opened and its way back is awaited.

    Raises OAuthError when the provider or the user refuses, or nobody comes back within ten minutes.
    """
    if settings.grant == "client_credentials":
        return await drive(client_credentials_flow(settings), send)
    store, session = MemoryPendingLogins(), secrets.token_urlsafe(16)
    came_back: asyncio.Future[Callback] = asyncio.get_running_loop().create_future()
    redirect_uri = ""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(_answer_request(await _read_head(reader), redirect_uri, came_back))
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
    async with server:
        redirect_uri = loopback_redirect_uri(server.sockets[0].getsockname()[1])
        login = begin_login(
            settings, session=session, user=_USER, action=action, api_origin=api_origin, redirect_uri=redirect_uri
        )
        await store.put(login.pending)
        show(login.url)
        if opens:
            await _open_browser(login.url)
        try:
            callback = await asyncio.wait_for(came_back, 600)
        except TimeoutError:
            raise OAuthError("Nobody came back from the sign-in within ten minutes.", told_to="user") from None
        return await complete_login(
            store, settings, callback, send, session=session, user=_USER, action=action, api_origin=api_origin
        )


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""


def _answer_request(head: bytes, redirect_uri: str, came_back: asyncio.Future[Callback]) -> bytes:
    try:
        callback = read_loopback_request(head, redirect_uri)
    except OAuthError as error:
        return loopback_page(str(error), 400)
    if isinstance(callback, NotTheCallback):
        return loopback_page("Nothing to see here.", callback.status)
    if not came_back.done():
        came_back.set_result(callback)
    return loopback_page("You may close this page and go back to the terminal.")


async def _open_browser(url: str) -> None:
    """No shell, and no failure when there is no browser: the address is printed as well (O-14)."""
    try:
        command = open_command(url, platform=sys.platform)
        await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return
