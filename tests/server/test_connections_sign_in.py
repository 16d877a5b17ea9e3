"""Accounts and keys of users: signing in in the middle of a turn until the result, and what must not link."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from actionry.chat.events import CallFinished, Event, SignInAsked, TurnFinished
from actionry.models.scripted import Scripted, calls, says
from actionry.server.models import FixedModels
from apps.catalogue import KEY, todo_api
from apps.server import App, Received, Reply, answer
from support.oauth_provider import running_provider
from support.server import Person, RunningServer, serving

SECRET = "s-canary-client-secret-0123456789"


@dataclass
class Provider:
    """A small authorization server: whoever comes is signed in; its token is the one that the TODO API knows."""

    app: App
    tokens: list[dict[str, list[str]]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.app.url

    def form(self, **more: Any) -> dict[str, Any]:
        return {
            "kind": "oauth", "client_id": "client-1", "client_secret": SECRET, "authorize_url": f"{self.url}/authorize",
            "token_url": f"{self.url}/token", "scope": "todos", "revocation_url": f"{self.url}/revoke", **more,
        }  # fmt: skip

    @staticmethod
    def send_back(url: str, **more: str) -> str:
        """The path of our callback, as the provider would send the browser there."""
        asked = parse_qs(urlsplit(url).query)
        query = "&".join(
            f"{name}={value}" for name, value in {"code": "c-1", "state": asked["state"][0], **more}.items()
        )
        return urlsplit(asked["redirect_uri"][0]).path + "?" + query


def make_provider() -> Provider:
    found = Provider(App({}, {}))

    def token(received: Received) -> Reply:
        found.tokens.append(parse_qs(received.body.decode()))
        claims = base64.urlsafe_b64encode(json.dumps({"email": "ada@people.test"}).encode()).decode().rstrip("=")
        return answer(
            {"access_token": KEY, "token_type": "Bearer", "refresh_token": "r-1", "id_token": f"e30.{claims}.x"}
        )

    def revoke(received: Received) -> Reply:
        found.revoked += parse_qs(received.body.decode())["token"]
        return answer({})

    found.app = App({}, {("POST", "/token"): token, ("POST", "/revoke"): revoke})
    return found


@dataclass
class World:
    server: RunningServer
    builder: Person
    todo: App
    provider: Provider
    gpt_id: str = ""
    action_id: str = ""
    revision: int = 0

    async def build(self, authentication: dict[str, Any], *, publish: bool = True) -> None:
        made = await self.builder.post("/api/v1/gpts", {"name": "TODO", "source": json.dumps(self.todo.document)})
        assert made.status == 201, made.text
        self.gpt_id, self.action_id = made.json["id"], made.json["actions"][0]["id"]
        self.revision = made.json["draft_revision"]
        await self.authenticate(authentication)
        if publish:
            await self.publish("link")

    async def authenticate(self, authentication: dict[str, Any]) -> Any:
        path = f"/api/v1/gpts/{self.gpt_id}/actions/{self.action_id}"
        saved = await self.builder.call(
            "PUT", f"{path}/authentication", {"revision": self.revision, "authentication": authentication}
        )
        assert saved.status == 200, saved.text
        changed = await self.builder.call(
            "PATCH", path,
            {"revision": saved.json["draft_revision"], "privacy_policy_url": "https://people.test/privacy"},
        )  # fmt: skip
        self.revision = changed.json["draft_revision"]
        return saved.json

    async def publish(self, visibility: str) -> Any:
        done = await self.builder.post(
            f"/api/v1/gpts/{self.gpt_id}/publish", {"revision": self.revision, "visibility": visibility}
        )
        assert done.status == 200, done.text
        return done.json

    async def start(self, person: Person, **more: Any) -> str:
        begun = await person.post("/api/v1/connections/start", {"action_id": self.action_id, **more})
        assert begun.status == 200, begun.text
        url: str = begun.json["url"]
        return url

    async def linked(self, person: Person) -> list[Any]:
        found: list[Any] = (await person.get("/api/v1/connections")).json["connections"]
        return [each for each in found if each["state"] == "connected"]

    async def asks(self, person: Person, *, preview: bool = False) -> tuple[str, SignInAsked]:
        """Begin a conversation whose one call waits for a connection: (turn id, the question)."""
        conversation = await person.begins(gpt_id=self.gpt_id, preview=preview)
        events = await person.says(conversation, "what is on my list?")
        asked = next(event for event in events if isinstance(event, SignInAsked))
        turn: str = (await person.get(f"/api/v1/conversations/{conversation}")).json["turns"][0]["id"]
        return turn, asked


async def rest_of(person: Person, turn: str) -> list[Event]:
    return [each.event async for each in person.stream(f"/api/v1/turns/{turn}/events") if each.id]


async def allow_domain(person: Person, turn: str, events: list[Event]) -> list[Event]:
    """The first call to a domain is asked about, too (CO-01)."""
    asked = next((event for event in events if event.type == "confirmation_asked"), None)
    if asked is None or isinstance(events[-1], TurnFinished):
        return events
    path = f"/api/v1/turns/{turn}/calls/{asked.call_id}/answer"
    assert (await person.post(path, {"digest": asked.digest, "decision": "allow"})).status == 200
    return await rest_of(person, turn)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    models = FixedModels(Scripted(calls("listTodos", username="ada"), says("Nothing.")))
    provider = make_provider()
    async with (
        todo_api(auth="oauth") as todo,
        provider.app,
        serving(tmp_path, models=models, local_user=False, allowed_networks=("127.0.0.1/32",)) as server,
    ):
        yield World(server, await server.person("builder"), todo, provider)


@pytest.mark.row("OA-12")
@pytest.mark.row("L-10")
async def test_a_sign_in_in_the_middle_of_a_turn_goes_on_to_the_result(world: World) -> None:
    await world.build(world.provider.form())
    user = await world.server.person("user")
    turn, asked = await world.asks(user)
    host = urlsplit(world.todo.url).netloc
    assert (asked.kind, asked.action_id, asked.host) == ("oauth", world.action_id, host)
    assert world.todo.received == []

    offer = (await user.get(f"/api/v1/connections/offer?action_id={asked.action_id}")).json
    assert (offer["gpt_name"], offer["builder"], offer["host"]) == ("TODO", "builder", host)
    url = await world.start(user)
    page = await user.get(world.provider.send_back(url), headers={"Accept": "text/html"})
    assert page.status == 200
    assert f"Signed in to {host}" in page.text
    assert "ada@people.test" in page.text
    assert "script" not in page.text

    events = await allow_domain(user, turn, await rest_of(user, turn))
    finished = next(event for event in events if isinstance(event, CallFinished))
    assert finished.status == 200
    assert isinstance(events[-1], TurnFinished)
    assert world.todo.last.headers["Authorization"] == f"Bearer {KEY}"
    assert world.provider.tokens[0]["client_secret"] == [SECRET]
    assert world.provider.tokens[0]["code_verifier"]

    [own] = await world.linked(user)
    assert (own["account"], own["gpt_name"]) == ("ada@people.test", "TODO")
    assert await world.linked(world.builder) == []
    everything = json.dumps([event.model_dump(mode="json") for event in events]) + json.dumps(own)
    assert KEY not in everything
    assert SECRET not in everything
    gone = await user.call("DELETE", f"/api/v1/connections/{own['id']}")
    assert gone.json == {"done": True, "revoked": True}
    assert world.provider.revoked
    assert await world.linked(user) == []


@pytest.mark.row("O-01")
@pytest.mark.row("O-04")
@pytest.mark.row("O-05")
@pytest.mark.row("O-06")
@pytest.mark.row("O-09")
async def test_what_does_not_fit_links_nothing(world: World) -> None:
    await world.build(world.provider.form())
    user, other = await world.server.person("user"), await world.server.person("other")
    attacks: list[tuple[Person, str]] = []
    attacks.append((user, world.provider.send_back(await world.start(user)).replace("state=", "state=x")))
    attacks.append((user, f"/aip/{world.action_id}/oauth/callback?code=c-1"))
    attacks.append((other, world.provider.send_back(await world.start(user))))
    attacks.append((world.server.somebody(), world.provider.send_back(await world.start(user))))
    attacks.append((user, world.provider.send_back(await world.start(user), error="access_denied")))
    other_action = world.provider.send_back(await world.start(user)).replace(world.action_id, "a-another-action")
    attacks.append((user, other_action))
    second = world.server.somebody()  # the same person in another browser
    token, _ = await world.server.services.accounts.open_session(user.user_id, method="password", lifetime_s=60)
    second.cookies = {next(iter(user.cookies)): token.reveal()}
    attacks.append((second, world.provider.send_back(await world.start(user))))
    for number, (person, path) in enumerate(attacks):
        reply = await person.get(path)
        assert reply.status == 400, f"{number}: {reply.text}"
        page = await person.get(path, headers={"Accept": "text/html"})
        assert (page.status, "Nothing was linked" in page.text) == (400, True)
    assert world.provider.tokens == []
    assert await world.linked(user) == []
    assert await world.linked(other) == []

    good = world.provider.send_back(await world.start(user))
    assert (await user.get(good)).status == 200
    assert (await user.get(good)).status == 400  # once
    assert len(world.provider.tokens) == 1


@pytest.mark.row("O-08")
async def test_a_sign_in_begins_with_a_post_that_has_the_csrf_token_and_a_browser(world: World) -> None:
    await world.build(world.provider.form())
    user = await world.server.person("user")
    body = {"action_id": world.action_id}
    assert (await user.get("/api/v1/connections/start")).status in (404, 405)
    csrf, user.csrf = user.csrf, None
    assert (await user.post("/api/v1/connections/start", body)).status == 403
    user.csrf = csrf
    made = await user.post("/api/v1/account/tokens", {"name": "robot", "scopes": ["chat"]})
    if made.status == 201:
        robot = world.server.somebody(token=made.json["token"])
        assert (await robot.post("/api/v1/connections/start", body)).json["code"] == "browser_needed"


@pytest.mark.row("AU-08")
@pytest.mark.row("R-13")
async def test_each_user_has_a_key_of_their_own(world: World) -> None:
    await world.build({"kind": "api_key", "form": "bearer", "owner": "user", "instructions": "See your profile."})
    user, other = await world.server.person("user"), await world.server.person("other")
    turn, asked = await world.asks(user)
    assert (asked.kind, asked.instructions) == ("api_key", "See your profile.")
    entered = await user.post("/api/v1/connections/key", {"action_id": asked.action_id, "key": KEY})
    assert (entered.status, entered.json["resumed"]) == (200, 1)
    assert KEY not in entered.text
    events = await allow_domain(user, turn, await rest_of(user, turn))
    assert next(event for event in events if isinstance(event, CallFinished)).status == 200
    assert world.todo.last.headers["Authorization"] == f"Bearer {KEY}"
    _, theirs = await world.asks(other)  # nobody else's key stands in
    assert theirs.kind == "api_key"
    _, builders = await world.asks(world.builder)
    assert builders.kind == "api_key"


@pytest.mark.row("AU-02")
@pytest.mark.row("R-14")
async def test_a_key_for_everyone_is_sent_to_its_host_and_to_no_other(world: World) -> None:
    await world.build({"kind": "api_key", "form": "bearer", "key": KEY})
    user = await world.server.person("user")
    conversation = await user.begins(gpt_id=world.gpt_id)
    events = await user.says(conversation, "what is on my list?")
    turn = (await user.get(f"/api/v1/conversations/{conversation}")).json["turns"][0]["id"]
    await allow_domain(user, turn, events)
    assert world.todo.last.headers["Authorization"] == f"Bearer {KEY}"

    async with todo_api(auth="oauth") as elsewhere:
        path = f"/api/v1/gpts/{world.gpt_id}/actions/{world.action_id}"
        moved = await world.builder.call(
            "PUT", f"{path}/document", {"revision": world.revision, "text": json.dumps(elsewhere.document)}
        )
        assert moved.status == 200, moved.text
        assert "never sent to the new one" in moved.json["notices"][0]
        assert [secret["set"] for secret in moved.json["action"]["secrets"]] == [False]
        world.revision = moved.json["draft_revision"]
        shown = await world.publish("link")
        assert "deleted" in shown["notices"][0]
        another = await world.server.person("another")
        conversation = await another.begins(gpt_id=world.gpt_id)
        await another.says(conversation, "what is on my list?")
        assert elsewhere.received == []
    assert await world.server.services.storage.connections.of_action(world.builder, world.action_id) == []


@pytest.mark.row("R-14")
async def test_other_oauth_addresses_detach_sign_ins_and_the_clients_secret(world: World) -> None:
    await world.build(world.provider.form(), publish=False)
    assert (
        await world.builder.get(world.provider.send_back(await world.start(world.builder, preview=True)))
    ).status == 200
    assert len(await world.linked(world.builder)) == 1
    changed = await world.authenticate(
        {**world.provider.form(token_url=f"{world.provider.url}/other"), "client_secret": None}
    )
    assert "users sign in again" in changed["notices"][0]
    assert [secret["set"] for secret in changed["action"]["secrets"]] == [False]
    assert await world.linked(world.builder) == []


@pytest.mark.row("OA-14")
async def test_the_editors_preview_signs_in_alike(world: World) -> None:
    await world.build(world.provider.form(), publish=False)
    turn, asked = await world.asks(world.builder, preview=True)
    url = await world.start(world.builder, preview=True)
    assert (await world.builder.get(world.provider.send_back(url))).status == 200
    events = await allow_domain(world.builder, turn, await rest_of(world.builder, turn))
    assert next(event for event in events if isinstance(event, CallFinished)).call_id == asked.call_id


# ----------------------------------------------------------------------------------------------- the certified provider


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as address:
        yield address


async def browse(url: str, until: str) -> str:
    """Follow the provider's redirects as a browser with cookies until it leads to our callback."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        origin = url.partition("/auth")[0]
        for _ in range(10):
            async with browser.get(url, allow_redirects=False) as reply:
                assert reply.status in (302, 303), await reply.text()
                url = str(reply.headers["Location"])
            if url.startswith(until):
                return url.removeprefix(until)
            url = origin + url if url.startswith("/") else url
    raise AssertionError("the provider did not come back")


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.row("OA-15")
@pytest.mark.row("OA-06")
async def test_discovery_registration_and_sign_in_at_the_certified_provider(world: World, issuer: str) -> None:
    found = (await world.builder.post("/api/v1/actions/sign-in/discover", {"issuer": issuer})).json
    assert found["can_register"]
    paths = {"/api/me": {"get": {"operationId": "me", "responses": {"200": {"description": "You."}}}}}
    document = {
        "openapi": "3.1.0", "info": {"title": "Me", "version": "1"}, "servers": [{"url": issuer}], "paths": paths,
        "security": [{"login": []}],
        "components": {"securitySchemes": {"login": {"type": "openIdConnect", "openIdConnectUrl": f"{issuer}/x"}}},
    }  # fmt: skip
    made = await world.builder.post("/api/v1/gpts", {"name": "Me", "source": json.dumps(document)})
    world.gpt_id, world.action_id = made.json["id"], made.json["actions"][0]["id"]
    world.revision = made.json["draft_revision"]
    fields = found["authentication"] | {"scope": "openid offline_access", "register_client": True}
    shown = await world.authenticate(fields)
    assert shown["action"]["authentication"]["client_id"]
    assert [secret["set"] for secret in shown["action"]["secrets"]] == [True]
    back = await browse(await world.start(world.builder, preview=True), world.server.url)
    page = await world.builder.get(back, headers={"Accept": "text/html"})
    assert page.status == 200, page.text
    assert "as ada" in page.text
    [own] = await world.linked(world.builder)
    assert own["scope"]
