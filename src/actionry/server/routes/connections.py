"""Your accounts and keys at the APIs that GPTs call: connect, come back from the provider, disconnect."""

from __future__ import annotations

import html
import logging
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter

from actionry.credentials.oauth import read_callback
from actionry.credentials.secret import Secret
from actionry.errors import ActionryError, OAuthError
from actionry.server.connecting import Connecting, connection_out, go_on
from actionry.server.deps import AccountOwner, Anybody, Chatter, Identity, Use
from actionry.server.gpt_editing import callback_url, naming
from actionry.server.logs import log
from actionry.server.problems import ProblemError, documented, not_found
from actionry.server.routes.gpts import Connects
from actionry.server.security import require_rate
from actionry.server.services import Services
from actionry.server.shapes_gpts import (
    ConnectedOut,
    ConnectionOut,
    ConnectionPage,
    DisconnectedOut,
    OfferOut,
    StartIn,
    StartOut,
    UserKeyIn,
)
from actionry.storage.connections import StoredConnection

router = APIRouter(prefix="/api/v1", tags=["account"])
links = APIRouter(include_in_schema=False)

ConnectionId = Annotated[str, PathParameter(max_length=100, description="Id of the connection.")]
ActionId = Annotated[str, PathParameter(max_length=100, description="Id of the action.")]
STARTS_PER_MINUTE = 30


@router.get("/connections", operation_id="listConnections", responses=documented(401))
async def list_connections(identity: AccountOwner, services: Use) -> ConnectionPage:
    """Your accounts and keys, latest first. No secret is part of it."""
    found = await services.storage.connections.mine(identity)
    shown = []
    for own in found:
        scope = ""
        if own.connection.kind == "oauth":
            stored = await services.storage.tokens.find(own.connection.id)
            scope = stored.token.scope if stored is not None else ""
        shown.append(connection_out(own, scope))
    return ConnectionPage(connections=shown)


@router.get("/connections/offer", operation_id="getConnectionOffer", responses=documented(401, 404))
async def get_connection_offer(
    identity: Chatter,
    connecting: Connects,
    action_id: Annotated[str, Query(max_length=100, description="Id of the action.")],
    preview: Annotated[bool, Query(description="As the draft has it, in the editor.")] = False,
) -> OfferOut:
    """What you would connect: the GPT, its builder, the API, where you sign in, and what to look out for."""
    return await connecting.offer(identity, await connecting.place(identity, action_id, preview=preview))


@router.post("/connections/start", operation_id="startConnection", responses=documented(400, 401, 403, 404, 409))
async def start_connection(body: StartIn, identity: Chatter, services: Use, connecting: Connects) -> StartOut:
    """Begin to sign in to an API: the address to open in this very browser."""
    require_rate(services.rates, f"connect:{identity.user_id}", per_minute=STARTS_PER_MINUTE)
    place = await connecting.place(identity, body.action_id, preview=body.preview)
    url = await connecting.begin(identity, place, callback_url(services, body.action_id))
    return StartOut(url=url, offer=await connecting.offer(identity, place))


@router.post("/connections/key", operation_id="enterKey", responses=documented(401, 404, 409, 422))
async def enter_key(body: UserKeyIn, identity: Chatter, services: Use, connecting: Connects) -> ConnectedOut:
    """Enter your own key for an API. Calls that wait for it go on."""
    require_rate(services.rates, f"connect:{identity.user_id}", per_minute=STARTS_PER_MINUTE)
    place = await connecting.place(identity, body.action_id, preview=body.preview)
    with naming("key"):
        row = await connecting.keep_key(identity, place, Secret(body.key.get_secret_value().strip()))
    resumed = await go_on(services, identity, body.action_id)
    return ConnectedOut(connection=await _own(services, identity, row), resumed=resumed)


@router.delete("/connections/{connection_id}", operation_id="disconnect", responses=documented(401, 404))
async def disconnect(connection_id: ConnectionId, identity: AccountOwner, connecting: Connects) -> DisconnectedOut:
    """Delete an account's token or a key; the provider is told where it can be."""
    _, revoked = await connecting.disconnect(identity, connection_id)
    return DisconnectedOut(revoked=revoked)


async def _own(services: Services, identity: Identity, row: StoredConnection) -> ConnectionOut:
    for own in await services.storage.connections.mine(identity):
        if own.connection.id == row.id:
            return connection_out(own)
    raise not_found("connection")


# -------------------------------------------------------------------------------------------- back from the provider


@links.get("/aip/{action_id}/oauth/callback")
async def oauth_callback(
    action_id: ActionId, request: Request, identity: Anybody, services: Use, connecting: Connects
) -> Response:
    """Where a provider sends the browser back to (F6.2). Whatever does not fit is 400, and nothing is linked."""
    try:
        if not identity.signed_in or identity.session_id is None:
            raise OAuthError(
                "You are not signed in here, so nothing was linked.", told_to="user",
                mend="Sign in to Actionry, and begin again in the chat.",
            )  # fmt: skip
        require_rate(services.rates, f"connect:{identity.user_id}", per_minute=STARTS_PER_MINUTE)
        return await _finish(services, connecting, identity, action_id, request.url.query)
    except (ActionryError, ProblemError) as error:
        log(logging.WARNING, "a sign-in to an API was refused", user=identity.user_id, action=action_id[:100])
        message = error.problem.detail if isinstance(error, ProblemError) else str(error)
        if "text/html" not in request.headers.get("accept", ""):
            raise ProblemError(400, "sign_in_failed", message, whose_turn="user") from None
        return _page("Nothing was linked", message, status=400)


async def _finish(
    services: Services, connecting: Connecting, identity: Identity, action_id: str, query: str
) -> Response:
    place, row = await connecting.complete(identity, action_id, read_callback(query))
    resumed = await go_on(services, identity, action_id)
    who = f" as {row.account}" if row.account else ""
    then = "The conversation goes on by itself." if resumed else "Go back to the conversation."
    return _page(
        f"Signed in to {place.host}",
        f"Your account at {place.host}{who} is now used by the GPT “{place.gpt_name}”, by {place.builder}, "
        f"for {place.source.title}. {then} You can close this window. "
        "To disconnect it again, see Connections in your settings.",
    )


def _page(title: str, text: str, *, status: int = 200) -> Response:
    """A page without a script; every word in it is text."""
    content = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n"
        '<link rel="stylesheet" href="/start.css">\n</head>\n<body>\n<main>\n'
        f'<h1>{html.escape(title)}</h1>\n<p>{html.escape(text)}</p>\n<p><a href="/">Actionry</a></p>\n'
        "</main>\n</body>\n</html>\n"
    )
    return Response(content, status, media_type="text/html; charset=utf-8")
