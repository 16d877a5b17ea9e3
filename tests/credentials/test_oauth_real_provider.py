"""Our OAuth flows against a certified authorization server (npm oidc-provider) on loopback: what is right
is decided there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import orjson
import pytest
from multidict import CIMultiDict

from actionry.credentials import OAuthToken, Secret, attach, choose, read_credentials
from actionry.credentials.oauth import (
    Callback,
    Connection,
    MemoryClientStore,
    MemoryPendingLogins,
    MemoryTokenStore,
    OAuthSettings,
    Registrar,
    ServerMetadata,
    TokenKeeper,
    begin_login,
    call_with_token,
    client_credentials_flow,
    complete_login,
    discover_flow,
    drive,
    read_callback,
    refresh_flow,
    revoke_flow,
    settings_from_metadata,
)
from actionry.errors import LoginNeeded, OAuthError
from actionry.http import Request, Response
from actionry.openapi.model import SecurityRequirement, SecurityScheme
from support.oauth_provider import running_provider

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

BASIC_SECRET = Secret("basic+secret/with=odd%characters:and&more-0123456789")
POST_SECRET = Secret("post-secret-0123456789-0123456789-0123456789")
ROBOT_SECRET = Secret("robot-secret-0123456789-0123456789-0123456789")
REDIRECT = "http://127.0.0.1:8765/callback"
API_ORIGIN = "https://api.example.com"
SCHEME = SecurityScheme(name="login", kind="oauth2")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as address:
        yield address


@dataclass
class World:
    """The provider, a browser that is sent to it, and our sender."""

    issuer: str
    session: aiohttp.ClientSession
    sent: list[Request]

    async def send(self, request: Request) -> Response:
        self.sent.append(request)
        async with self.session.request(
            request.method, request.url, headers=request.headers, data=request.content, allow_redirects=False
        ) as answer:
            return Response(answer.status, CIMultiDict(answer.headers), await answer.read(), request.url)

    async def metadata(self) -> ServerMetadata:
        return await drive(discover_flow(self.issuer), self.send)

    async def settings(
        self, client_id: str = "post-client", secret: Secret | None = POST_SECRET, **extra: Any
    ) -> OAuthSettings:
        metadata = await self.metadata()
        return settings_from_metadata(
            metadata, client_id=client_id, client_secret=secret, scope="openid todos", **extra
        )

    async def browse(self, url: str) -> str:
        """Follow the provider's redirects as a browser with cookies until it leads to our callback."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            for _ in range(10):
                async with browser.get(url, allow_redirects=False) as answer:
                    assert answer.status in (302, 303), await answer.text()
                    url = str(answer.headers["Location"])
                if url.startswith(REDIRECT):
                    return url
                if url.startswith("/"):
                    url = self.issuer + url
        raise AssertionError("the provider did not come back")

    async def sign_in(self, settings: OAuthSettings) -> OAuthToken:
        pendings = MemoryPendingLogins()
        login = begin_login(
            settings, session="s1", user="ada", action="todo", api_origin=API_ORIGIN, redirect_uri=REDIRECT
        )
        await pendings.put(login.pending)
        callback = callback_of(await self.browse(login.url))
        return await complete_login(
            pendings, settings, callback, self.send, session="s1", user="ada", action="todo", api_origin=API_ORIGIN
        )

    async def call_api(self, token: OAuthToken) -> Response:
        request = Request("GET", f"{self.issuer}/api/me")
        chosen = choose([SecurityRequirement(((SCHEME, ()),))], read_credentials({"login": token}))
        return await self.send(attach(request, chosen, action_origin=self.issuer))

    async def counts(self) -> dict[str, Any]:
        async with self.session.get(f"{self.issuer}/control/counts") as answer:
            data: dict[str, Any] = await answer.json()
            return data

    async def control(self, path: str, **params: str) -> None:
        async with self.session.post(f"{self.issuer}/control/{path}", params=params) as answer:
            assert answer.status == 200

    def connection(self, settings: OAuthSettings) -> Connection:
        return Connection(id="ada@todo", settings=settings, origin=self.issuer, scheme="login")


def callback_of(url: str) -> Callback:
    return read_callback(url.partition("?")[2])


@pytest.fixture
async def world(issuer: str) -> AsyncIterator[World]:
    async with aiohttp.ClientSession() as session:
        yield World(issuer, session, [])


@pytest.mark.row("O-17")
async def test_discovery_fills_the_form(world: World) -> None:
    metadata = await world.metadata()
    assert metadata.issuer == world.issuer
    assert metadata.pkce_advertised
    assert metadata.iss_parameter
    assert metadata.registration_endpoint == f"{world.issuer}/reg"


@pytest.mark.row("OA-02")
@pytest.mark.row("OA-06")
@pytest.mark.parametrize(
    ("client_id", "secret", "method"),
    [
        ("post-client", POST_SECRET, "default_post"),
        ("basic-client", BASIC_SECRET, "basic_auth_header"),
        ("public-client", None, "default_post"),
    ],
)
async def test_code_and_pkce_with_each_exchange_method(
    world: World, client_id: str, secret: Secret | None, method: Any
) -> None:
    settings = await world.settings(client_id, secret, token_exchange=method)
    token = await world.sign_in(settings)
    answer = await world.call_api(token)
    assert answer.status == 200
    assert orjson.loads(answer.content)["sub"] == "ada"
    assert token.refresh_token is not None
    assert token.expires_at is not None
    assert token.remarks == ()


@pytest.mark.row("OA-06")
async def test_a_code_without_its_verifier_is_worth_nothing(world: World) -> None:
    settings = await world.settings()
    login = begin_login(settings, session="s1", user="ada", action="todo", api_origin=API_ORIGIN, redirect_uri=REDIRECT)
    callback = callback_of(await world.browse(login.url))
    pendings = MemoryPendingLogins()
    await pendings.put(replace(login.pending, verifier=Secret("x" * 64)))
    with pytest.raises(OAuthError) as caught:
        await complete_login(
            pendings, settings, callback, world.send, session="s1", user="ada", action="todo", api_origin=API_ORIGIN
        )
    assert caught.value.told_to == "user"


@pytest.mark.row("O-04")
@pytest.mark.row("O-05")
@pytest.mark.parametrize(
    "spoil",
    [
        lambda c, a: (replace(c, state=Secret("another")), a),
        lambda c, a: (replace(c, state=None), a),
        lambda c, a: (c, {**a, "session": "s2"}),
        lambda c, a: (c, {**a, "user": "eve"}),
        lambda c, a: (c, {**a, "action": "other"}),
        lambda c, a: (replace(c, iss="https://other.example"), a),
        lambda c, a: (replace(c, iss=None), a),
    ],
)
async def test_a_wrong_callback_sends_no_code_anywhere(
    world: World, spoil: Callable[[Any, Any], tuple[Callback, dict[str, str]]]
) -> None:
    settings = await world.settings()
    pendings = MemoryPendingLogins()
    login = begin_login(settings, session="s1", user="ada", action="todo", api_origin=API_ORIGIN, redirect_uri=REDIRECT)
    await pendings.put(login.pending)
    callback, someone = spoil(
        callback_of(await world.browse(login.url)), {"session": "s1", "user": "ada", "action": "todo"}
    )
    before = len(world.sent)
    with pytest.raises(OAuthError):
        await complete_login(
            pendings,
            settings,
            callback,
            world.send,
            session=someone["session"],
            user=someone["user"],
            action=someone["action"],
            api_origin=API_ORIGIN,
        )
    assert len(world.sent) == before


async def test_a_declined_sign_in_is_the_users_turn(world: World) -> None:
    settings = await world.settings()
    await world.control("decline")
    with pytest.raises(OAuthError) as caught:
        await world.sign_in(settings)
    assert (caught.value.error, caught.value.told_to) == ("access_denied", "user")


@pytest.mark.row("OA-09")
async def test_refresh_rotates_and_the_old_refresh_token_ends_the_login(world: World) -> None:
    settings = await world.settings()
    first = await world.sign_in(settings)
    second = await drive(refresh_flow(settings, first), world.send)
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token
    assert (await world.call_api(second)).status == 200
    with pytest.raises(OAuthError) as caught:
        await drive(refresh_flow(settings, first), world.send)
    assert caught.value.error == "invalid_grant"
    assert (await world.call_api(second)).status == 401  # reuse broke the whole grant


@pytest.mark.row("O-16")
async def test_twenty_calls_with_an_ended_token_refresh_once(world: World) -> None:
    settings = await world.settings("basic-client", BASIC_SECRET, token_exchange="basic_auth_header")
    token = await world.sign_in(settings)
    keeper = TokenKeeper(MemoryTokenStore(), world.send)
    connection = world.connection(settings)
    await keeper.connect(connection, replace(token, expires_at=0.0))
    before = (await world.counts())["granted"].get("refresh_token", 0)
    answers = await asyncio.gather(*(call_with_token(keeper, connection, world.call_api) for _ in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert (await world.counts())["granted"]["refresh_token"] - before == 1


@pytest.mark.row("O-16")
async def test_a_token_revoked_early_is_refreshed_once_by_twenty_calls(world: World) -> None:
    settings = await world.settings()
    token = await world.sign_in(settings)
    keeper = TokenKeeper(MemoryTokenStore(), world.send)
    connection = world.connection(settings)
    await keeper.connect(connection, token)
    await world.control("revoke", token=token.access_token.reveal())
    before = (await world.counts())["granted"].get("refresh_token", 0)
    answers = await asyncio.gather(*(call_with_token(keeper, connection, world.call_api) for _ in range(20)))
    assert [answer.status for answer in answers] == [200] * 20
    assert (await world.counts())["granted"]["refresh_token"] - before == 1


@pytest.mark.row("OA-09")
async def test_a_revoked_login_asks_the_user_and_forgets_the_token(world: World) -> None:
    settings = await world.settings()
    token = await world.sign_in(settings)
    keeper = TokenKeeper(MemoryTokenStore(), world.send)
    connection = world.connection(settings)
    await keeper.connect(connection, token)
    assert token.refresh_token is not None
    await world.control("revoke", refresh_token=token.refresh_token.reveal())
    with pytest.raises(LoginNeeded) as caught:
        await call_with_token(keeper, connection, world.call_api)
    assert caught.value.origin == world.issuer
    assert await keeper.store.find(connection.id) is None


@pytest.mark.row("L-10")
async def test_disconnecting_revokes_at_the_provider(world: World) -> None:
    settings = await world.settings("basic-client", BASIC_SECRET, token_exchange="basic_auth_header")
    token = await world.sign_in(settings)
    keeper = TokenKeeper(MemoryTokenStore(), world.send)
    await keeper.connect(world.connection(settings), token)
    removed = await keeper.disconnect(world.connection(settings))
    assert removed is not None
    assert await drive(revoke_flow(settings, removed), world.send)
    with pytest.raises(OAuthError):
        await drive(refresh_flow(settings, token), world.send)


async def test_client_credentials(world: World) -> None:
    settings = replace(
        await world.settings("robot-client", ROBOT_SECRET),
        scope="todos",
        grant="client_credentials",
        token_exchange="basic_auth_header",
    )
    token = await drive(client_credentials_flow(settings), world.send)
    assert token.owner == "action"
    keeper = TokenKeeper(MemoryTokenStore(), world.send)
    before = (await world.counts())["granted"]["client_credentials"]
    tokens = await asyncio.gather(*(keeper.fresh(world.connection(settings)) for _ in range(20)))
    assert len(set(tokens)) == 1
    assert (await world.counts())["granted"]["client_credentials"] - before == 1


async def test_a_wrong_client_secret_is_the_builders_turn(world: World) -> None:
    settings = await world.settings("post-client", Secret("not-the-secret"))
    with pytest.raises(OAuthError) as caught:
        await world.sign_in(settings)
    assert (caught.value.error, caught.value.told_to) == ("invalid_client", "builder")
    assert "not-the-secret" not in str(caught.value)


@pytest.mark.row("OA-15")
async def test_twenty_tabs_register_one_client_and_it_signs_in(world: World) -> None:
    metadata = await world.metadata()
    registrar = Registrar(MemoryClientStore(), world.send)
    before = (await world.counts())["registrations"]
    clients = await asyncio.gather(
        *(registrar.client_for(metadata, redirect_uri=REDIRECT, scope="openid todos") for _ in range(20))
    )
    assert (await world.counts())["registrations"] - before == 1
    assert len({client.client_id for client in clients}) == 1
    settings = clients[0].settings(metadata, scope="openid todos")
    token = await world.sign_in(settings)
    assert (await world.call_api(token)).status == 200
