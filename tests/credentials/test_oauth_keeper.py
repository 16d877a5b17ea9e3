"""One refresh at a time, however many calls, processes and accidents there are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from multidict import CIMultiDict

from actionry.credentials import OAuthToken, Secret
from actionry.credentials.flows import SingleFlight, drive
from actionry.credentials.oauth import (
    Connection,
    MemoryTokenStore,
    OAuthSettings,
    TokenKeeper,
    call_with_token,
    missing_scopes,
    refresh_flow,
)
from actionry.errors import ConnectionFailed, LoginNeeded, OAuthError
from actionry.http import Request, Response

SETTINGS = OAuthSettings(
    client_id="id",
    client_secret=Secret("s"),
    authorize_url="https://login.example.com/a",
    token_url="https://login.example.com/t",
)
CONNECTION = Connection(id="c1", settings=SETTINGS, origin="https://api.example.com", scheme="login")
NOW = 1000.0


def token(number: int, *, ends: float = 0.0) -> OAuthToken:
    return OAuthToken(access_token=Secret(f"at-{number}"), refresh_token=Secret(f"rt-{number}"), expires_at=ends)


class Rotating:
    """A token endpoint with rotation: each refresh token is good once; waits at the gate when there is
    one.
    """

    def __init__(self, number: int = 0) -> None:
        self.number, self.asked = number, 0
        self.gate: asyncio.Event | None = None
        self.entered = asyncio.Event()
        self.fail: Callable[[], Response] | None = None

    async def __call__(self, request: Request) -> Response:
        self.asked += 1
        self.entered.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.fail is not None:
            return self.fail()
        body = (request.content or b"").decode()
        if "grant_type=refresh_token" in body and f"refresh_token=rt-{self.number}&" not in body:
            return reply({"error": "invalid_grant"}, 400)
        self.number += 1
        return reply(
            {
                "access_token": f"at-{self.number}",
                "refresh_token": f"rt-{self.number}",
                "expires_in": 3600,
                "token_type": "bearer",
            }
        )

    def good(self, used: OAuthToken) -> bool:
        return used.access_token == Secret(f"at-{self.number}")


def reply(body: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(status, CIMultiDict(headers or {}), json.dumps(body).encode(), SETTINGS.token_url)


async def kept(server: Rotating, stored: OAuthToken | None, store: MemoryTokenStore | None = None) -> TokenKeeper:
    keeper = TokenKeeper(store or MemoryTokenStore(), server, clock=lambda: NOW)
    if stored is not None:
        await keeper.connect(CONNECTION, stored)
    return keeper


@pytest.mark.row("O-16")
async def test_twenty_calls_one_refresh() -> None:
    server = Rotating()
    keeper = await kept(server, token(0))
    tokens = await asyncio.gather(*(keeper.fresh(CONNECTION) for _ in range(20)))
    assert server.asked == 1
    assert {t.access_token for t in tokens} == {Secret("at-1")}
    assert (await keeper.fresh(CONNECTION)).access_token == Secret("at-1")
    assert server.asked == 1


@pytest.mark.row("O-16")
async def test_two_replicas_one_refresh() -> None:
    server, store = Rotating(), MemoryTokenStore()
    keepers = [await kept(server, token(0), store), await kept(server, None, store)]
    tokens = await asyncio.gather(*(keepers[n % 2].fresh(CONNECTION) for n in range(20)))
    assert server.asked == 1
    assert {t.access_token for t in tokens} == {Secret("at-1")}


@pytest.mark.row("O-16")
async def test_twenty_rejections_one_refresh() -> None:
    server = Rotating()
    keeper = await kept(server, token(0, ends=NOW + 999))

    async def call(used: OAuthToken) -> Response:
        await asyncio.sleep(0)
        return reply({}, 200 if server.good(used) and server.number else 401)

    answers = await asyncio.gather(*(call_with_token(keeper, CONNECTION, call) for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert server.asked == 1


@pytest.mark.row("OA-09")
async def test_a_second_401_ends_the_login() -> None:
    server = Rotating()
    keeper = await kept(server, token(0, ends=NOW + 999))
    used: list[OAuthToken] = []

    async def call(given: OAuthToken) -> Response:
        used.append(given)
        return reply({}, 401)

    with pytest.raises(LoginNeeded, match=r"Sign in to api\.example\.com") as caught:
        await call_with_token(keeper, CONNECTION, call)
    assert (len(used), server.asked) == (2, 1)
    assert caught.value.schemes == ("login",)
    assert await keeper.store.find("c1") is None
    with pytest.raises(LoginNeeded):
        await keeper.fresh(CONNECTION)
    assert server.asked == 1


async def test_other_statuses_pass_untouched() -> None:
    server = Rotating()
    keeper = await kept(server, token(0, ends=NOW + 999))

    async def call(_: OAuthToken) -> Response:
        return reply({}, 403)

    assert (await call_with_token(keeper, CONNECTION, call)).status == 403
    assert server.asked == 0


@pytest.mark.row("O-16")
async def test_reuse_of_a_rotated_token_breaks_the_connection_and_tells_the_user() -> None:
    server = Rotating(number=5)
    keeper = await kept(server, token(0))
    results = await asyncio.gather(*(keeper.fresh(CONNECTION) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, LoginNeeded) for result in results)
    assert server.asked == 1
    assert await keeper.store.find("c1") is None


@pytest.mark.parametrize(
    "fail", [lambda: reply({"error": "server_error"}, 500), lambda: reply({"error": "invalid_client"}, 401)]
)
async def test_what_is_not_the_users_fault_keeps_the_token(fail: Callable[[], Response]) -> None:
    server = Rotating()
    server.fail = fail
    keeper = await kept(server, token(0))
    with pytest.raises(OAuthError):
        await keeper.fresh(CONNECTION)
    server.fail = None
    assert (await keeper.fresh(CONNECTION)).access_token == Secret("at-1")


async def test_a_connection_that_fails_keeps_the_token() -> None:
    async def send(_: Request) -> Response:
        raise ConnectionFailed("nothing answered", sent=False)

    keeper = TokenKeeper(MemoryTokenStore(), send, clock=lambda: NOW)
    await keeper.connect(CONNECTION, token(0))
    with pytest.raises(ConnectionFailed):
        await keeper.fresh(CONNECTION)
    assert await keeper.store.find("c1") is not None


async def test_a_caller_who_leaves_does_not_lose_the_rotated_token() -> None:
    server = Rotating()
    server.gate = asyncio.Event()
    keeper = await kept(server, token(0))
    caller = asyncio.create_task(keeper.fresh(CONNECTION))
    await server.entered.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    server.gate.set()
    assert (await keeper.fresh(CONNECTION)).access_token == Secret("at-1")
    assert server.asked == 1


@pytest.mark.row("OA-13")
async def test_signing_out_during_a_refresh_stays_signed_out() -> None:
    server = Rotating()
    server.gate = asyncio.Event()
    keeper = await kept(server, token(0))
    caller = asyncio.create_task(keeper.fresh(CONNECTION))
    await server.entered.wait()
    removed = await keeper.disconnect(CONNECTION)
    server.gate.set()
    with pytest.raises(LoginNeeded):
        await caller
    assert removed == token(0)
    assert await keeper.store.find("c1") is None
    assert await keeper.disconnect(CONNECTION) is None


async def test_signing_in_anew_during_a_refresh_wins() -> None:
    server = Rotating()
    server.gate = asyncio.Event()
    keeper = await kept(server, token(0))
    caller = asyncio.create_task(keeper.fresh(CONNECTION))
    await server.entered.wait()
    await keeper.connect(CONNECTION, token(77, ends=NOW + 999))
    server.gate.set()
    assert (await caller).access_token == Secret("at-77")


@pytest.mark.row("R-14")
@pytest.mark.parametrize(
    "moved",
    [
        replace(CONNECTION, origin="https://new.example.com"),
        replace(CONNECTION, settings=replace(SETTINGS, token_url="https://new.example.com/t")),
        replace(CONNECTION, settings=replace(SETTINGS, authorize_url="https://new.example.com/a")),
        replace(CONNECTION, settings=replace(SETTINGS, client_id="new")),
    ],
)
async def test_moving_the_api_or_the_login_detaches_the_token(moved: Connection) -> None:
    server = Rotating()
    keeper = await kept(server, token(0, ends=NOW + 999))
    with pytest.raises(LoginNeeded):
        await keeper.fresh(moved)
    assert server.asked == 0
    assert await keeper.store.find("c1") is None


@pytest.mark.parametrize(("ends", "asked"), [(NOW + 31, 0), (NOW + 29, 1), (NOW - 1, 1)])
async def test_a_token_is_renewed_a_little_early(ends: float, asked: int) -> None:
    server = Rotating()
    keeper = await kept(server, token(0, ends=ends))
    await keeper.fresh(CONNECTION)
    assert server.asked == asked


async def test_a_token_without_end_or_refresh() -> None:
    server = Rotating()
    keeper = await kept(server, OAuthToken(access_token=Secret("at")))
    assert (await keeper.fresh(CONNECTION)).access_token == Secret("at")
    with pytest.raises(LoginNeeded):
        await keeper.renew(CONNECTION, OAuthToken(access_token=Secret("at")))
    assert server.asked == 0


async def test_connections_do_not_wait_for_each_other() -> None:
    server = Rotating()
    other = replace(CONNECTION, id="c2")
    keeper = await kept(server, token(0))
    await keeper.connect(other, token(1, ends=NOW + 999))
    server.gate = asyncio.Event()
    caller = asyncio.create_task(keeper.fresh(CONNECTION))
    await server.entered.wait()
    assert (await keeper.fresh(other)).access_token == Secret("at-1")
    server.gate.set()
    await caller


async def test_client_credentials_are_fetched_again_when_they_end_or_are_refused() -> None:
    server = Rotating()
    robot = replace(CONNECTION, settings=replace(SETTINGS, grant="client_credentials", authorize_url=""))
    keeper = TokenKeeper(MemoryTokenStore(), server, clock=lambda: NOW)
    first = await keeper.fresh(robot)
    second = await keeper.renew(robot, first)
    assert (first.access_token, second.access_token, server.asked) == (Secret("at-1"), Secret("at-2"), 2)


async def test_an_application_that_is_refused_is_the_builders_turn() -> None:
    server = Rotating()
    robot = replace(CONNECTION, settings=replace(SETTINGS, grant="client_credentials", authorize_url=""))
    keeper = TokenKeeper(MemoryTokenStore(), server, clock=lambda: NOW)

    async def call(_: OAuthToken) -> Response:
        return reply({}, 401)

    with pytest.raises(OAuthError) as caught:
        await call_with_token(keeper, robot, call)
    assert (caught.value.told_to, server.asked) == ("builder", 2)
    server.fail = lambda: reply({"error": "invalid_grant"}, 400)
    with pytest.raises(OAuthError):
        await keeper.fresh(robot)


async def test_compare_and_set() -> None:
    store = MemoryTokenStore()
    assert await store.replace("c", expected=None, token=token(0), binding="b")
    assert not await store.replace("c", expected=None, token=token(1), binding="b")
    row = await store.find("c")
    assert row is not None
    assert not await store.replace("c", expected=row.version + 1, token=None, binding="b")
    assert await store.replace("c", expected=row.version, token=None, binding="b")
    assert await store.find("c") is None


def test_a_keeper_outlives_the_event_loop() -> None:
    server = Rotating()
    keeper = TokenKeeper(MemoryTokenStore(), server, clock=lambda: NOW)

    async def once(number: int) -> None:
        server.entered = asyncio.Event()
        await keeper.connect(CONNECTION, token(number))
        await asyncio.gather(*(keeper.fresh(CONNECTION) for _ in range(3)))

    asyncio.run(once(0))
    asyncio.run(once(1))
    assert server.asked == 2


async def test_a_single_flight_whose_error_nobody_waits_for_is_quiet() -> None:
    flights: SingleFlight[int] = SingleFlight()
    gate = asyncio.Event()

    async def work() -> int:
        await gate.wait()
        raise OAuthError("late")

    caller = asyncio.create_task(flights.run("k", work))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_driving_hands_a_senders_error_to_the_flow() -> None:
    async def send(_: Request) -> Response:
        raise ConnectionFailed("nothing answered", sent=False)

    with pytest.raises(ConnectionFailed):
        await drive(refresh_flow(SETTINGS, token(0)), send)


@pytest.mark.parametrize(
    ("status", "challenge", "scopes"),
    [
        (403, 'Bearer realm="x", error="insufficient_scope", scope="a b"', ("a", "b")),
        (403, 'Bearer error="insufficient_scope"', ()),
        (403, 'Bearer error="invalid_token", scope="a"', None),
        (401, 'Bearer error="insufficient_scope", scope="a"', None),
        (403, "", None),
    ],
)
def test_a_403_may_ask_for_scopes(status: int, challenge: str, scopes: tuple[str, ...] | None) -> None:
    assert missing_scopes(reply({}, status, {"WWW-Authenticate": challenge})) == scopes
