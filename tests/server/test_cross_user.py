"""Every route × owner, another user, nobody, an administrator: what each of them gets. A route without a row fails.

Rows say what a route is for; the four statuses follow from that. Objects are made anew for each row, and the owner
comes last, so that a refusal is refused for the right reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from actionry.actions.grants import Grant
from actionry.chat.events import CallProposed, ConfirmationAsked, ModelFinished, ModelStarted, SignInAsked, TurnFinished
from actionry.models.scripted import Scripted, says
from actionry.server.app import make_server
from actionry.server.models import FixedModels
from actionry.server.settings import read_settings
from actionry.storage.actor import Person as StoredPerson
from actionry.storage.conversations import Message
from support.routes import routes_of
from support.server import Person, Reply, RunningServer, serving

Kind = Literal["own", "self", "admin", "open"]
"""own: the owner's alone, for everybody else it is not there. self: whoever is signed in, about themselves.
admin: administrators alone. open: anybody, with the same answer."""

FAR = 4_000_000_000.0


@dataclass(frozen=True, slots=True)
class Row:
    kind: Kind
    body: Any = None
    ok: int = 200
    form: bool = False
    query: str = ""
    make: tuple[str, ...] = field(default_factory=tuple)
    """What the body needs made: names are put in as `{name}`."""


TURN, QUESTION = "/api/v1/turns/{turn_id}", "/api/v1/turns/{waiting_turn_id}/calls/{call_id}"
CHAT, ADMIN, ACCOUNT = "/api/v1/conversations/{conversation_id}", "/api/v1/admin", "/api/v1/account"

POLICY: dict[tuple[str, str], Row] = {
    ("GET", "/{path:path}"): Row("open"),  # the page and its files
    ("GET", "/healthz"): Row("open"),
    ("GET", "/healthz/live"): Row("open"),
    ("GET", "/healthz/ready"): Row("open"),
    ("GET", "/metrics"): Row("open"),  # on loopback; test_metrics has the rest
    ("GET", "/api/v1/openapi.json"): Row("open"),
    ("GET", "/download/{token}"): Row("open"),  # who has the link is who it was made for
    # Signing in is for everybody; with wrong credentials it is refused alike.
    ("GET", "/api/v1/session"): Row("open"),
    ("DELETE", "/api/v1/session"): Row("open"),
    ("POST", "/api/v1/session/link"): Row("open", {"token": "wrong"}, ok=400),
    ("POST", "/api/v1/session/password"): Row("open", {"email": "nobody@people.test", "password": "wrong"}, ok=401),
    ("POST", "/api/v1/session/oidc"): Row("open", ok=404),
    ("GET", "/api/v1/session/oidc/callback"): Row("open", ok=404),
    ("POST", ACCOUNT): Row("open", {"email": "new@people.test", "password": "long enough words", "name": "N"}, ok=403),
    ("POST", f"{ACCOUNT}/password-reset"): Row("open", {"email": "nobody@people.test"}, ok=202),
    ("PUT", f"{ACCOUNT}/password-reset"): Row("open", {"token": "wrong", "password": "long enough words"}, ok=400),
    # About oneself
    ("GET", ACCOUNT): Row("self"),
    ("PATCH", ACCOUNT): Row("self", {"locale": "zh"}),
    ("DELETE", ACCOUNT): Row("self", {"confirm": "no"}, ok=422),
    ("GET", f"{ACCOUNT}/export"): Row("self"),
    ("PUT", f"{ACCOUNT}/password"): Row("self", {"old": "wrong", "new": "long enough words"}, ok=422),
    ("GET", f"{ACCOUNT}/sessions"): Row("self"),
    ("DELETE", f"{ACCOUNT}/sessions"): Row("self"),
    ("DELETE", f"{ACCOUNT}/sessions/{{session_id}}"): Row("own"),
    ("GET", f"{ACCOUNT}/tokens"): Row("self"),
    ("POST", f"{ACCOUNT}/tokens"): Row("self", {"name": "mine"}, ok=201),
    ("DELETE", f"{ACCOUNT}/tokens/{{token_id}}"): Row("own"),
    ("GET", "/api/v1/models"): Row("self"),
    ("GET", "/api/v1/consents"): Row("self"),
    ("DELETE", "/api/v1/consents"): Row("self"),
    ("DELETE", "/api/v1/consents/{consent_id}"): Row("own"),
    ("GET", "/api/v1/conversations"): Row("self"),
    ("POST", "/api/v1/conversations"): Row("own", {"gpt_id": "{gpt_id}"}, ok=201, make=("gpt_id",)),
    ("GET", CHAT): Row("own"),
    ("PATCH", CHAT): Row("own", {"title": "Mine"}),
    ("DELETE", CHAT): Row("own"),
    ("GET", f"{CHAT}/events"): Row("own"),
    ("GET", f"{CHAT}/export"): Row("own"),
    ("GET", f"{CHAT}/files"): Row("own"),
    ("POST", f"{CHAT}/messages"): Row("own", {"text": "hello"}, ok=202),
    ("GET", TURN): Row("own"),
    ("GET", f"{TURN}/events"): Row("own"),
    ("GET", f"{TURN}/trace"): Row("own"),
    ("POST", f"{TURN}/stop"): Row("own"),
    ("POST", f"{TURN}/retry"): Row("own", ok=202),
    ("POST", f"{TURN}/edit"): Row("own", {"text": "better"}, ok=202),
    ("POST", f"{TURN}/calls/{{call_id}}/answer"): Row("own", {"digest": "d", "decision": "allow"}),
    ("POST", f"{TURN}/calls/{{call_id}}/sign-in"): Row("own", {"connected": True}),
    ("POST", "/api/v1/files"): Row("own", ok=201, form=True),
    ("GET", "/api/v1/files/{file_id}"): Row("own"),
    ("GET", "/api/v1/files/{file_id}/content"): Row("own"),
    ("DELETE", "/api/v1/files/{file_id}"): Row("own"),
    # The installation
    ("GET", f"{ADMIN}/users"): Row("admin"),
    ("PATCH", f"{ADMIN}/users/{{user_id}}"): Row("admin", {"state": "active"}),
    ("DELETE", f"{ADMIN}/users/{{user_id}}"): Row("admin"),
    ("POST", f"{ADMIN}/users/{{user_id}}/reset-link"): Row("admin"),
    ("GET", f"{ADMIN}/invitations"): Row("admin"),
    ("POST", f"{ADMIN}/invitations"): Row("admin", {}, ok=201),
    ("DELETE", f"{ADMIN}/invitations/{{invitation_id}}"): Row("admin"),
    ("GET", f"{ADMIN}/domains"): Row("admin"),
    ("POST", f"{ADMIN}/domains"): Row("admin", {"domain": "api.people.test"}, ok=201),
    ("DELETE", f"{ADMIN}/domains/{{domain}}"): Row("admin"),
    ("GET", f"{ADMIN}/audit"): Row("admin"),
    ("GET", f"{ADMIN}/providers"): Row("admin"),
    ("POST", f"{ADMIN}/providers"): Row("admin", {"name": "mine", "kind": "openai", "key": "sk-canary-key"}, ok=201),
    ("PATCH", f"{ADMIN}/providers/{{provider_id}}"): Row("admin", {"enabled": False}),
    ("DELETE", f"{ADMIN}/providers/{{provider_id}}"): Row("admin"),
    ("GET", f"{ADMIN}/health"): Row("admin"),
}

BUILDING = (
    "/api/v1/gpts", "/api/v1/actions", "/api/v1/connections", "/api/v1/plugins", "/api/v1/documents", "/api/v1/oauth",
    "/api/v1/editor", "/aip",
)  # fmt: skip
"""Routes of the editor: their matrix stands in tests/server/test_cross_user_building.py."""

EXPECTED: dict[Kind, tuple[int | None, int | None, int | None]] = {
    # another user, nobody, an administrator; None: what the owner gets
    "own": (404, 401, 404),
    "self": (None, 401, None),
    "admin": (404, 401, None),
    "open": (None, None, None),
}


class World:
    """Things that belong to `owner`, made when a path or body names them."""

    def __init__(self, server: RunningServer, owner: Person, admin: Person) -> None:
        self.server = server
        self.owner = owner
        self.admin = admin
        self.actor = StoredPerson(owner.user_id)
        self.storage = server.services.storage
        self.made: dict[str, str] = {}

    async def get(self, name: str) -> str:
        if name not in self.made:
            self.made[name] = await MAKERS[name](self)
        return self.made[name]

    async def conversation_id(self) -> str:
        return (await self.storage.conversations.create(self.actor)).id  # type: ignore[no-any-return]  # Any services

    async def turn_id(self) -> str:
        """Finished, or for the routes of a question waiting for its answer."""
        conversation_id = await self.get("conversation_id")
        accepted = await self.storage.conversations.accept(self.actor, conversation_id, Message(text="hello"))
        turn_id: str = accepted.turn.id
        key = await self.storage.turns.lease(turn_id, "the test", seconds=60)
        if "call_id" in self.made:
            await self.storage.turns.append(key, self.questions())
            await self.storage.turns.release(key)
        else:
            await self.storage.turns.append(key, [TurnFinished(outcome="done")])
        return turn_id

    def questions(self) -> list[Any]:
        call_id = self.made["call_id"]
        return [
            ModelStarted(round=0, model="scripted"),
            ModelFinished(round=0, reason="tool_calls"),
            CallProposed(call_id=call_id, provider_call_id="1", function="addTodo", arguments="{}", digest="d"),
            ConfirmationAsked(
                call_id=call_id, digest="d", may_always_allow=False, reasons=(), sentence="?", expires_at=FAR
            ),
            SignInAsked(call_id=call_id, action_id="a-1", kind="oauth", host="api.people.test"),
        ]

    async def call_id(self) -> str:
        return f"k-{len(self.made)}-{id(self)}"

    async def file_id(self) -> str:
        info = await self.storage.files.add(self.actor, b"bytes", name="a.txt", media_type="text/plain")
        return info.id  # type: ignore[no-any-return]  # Any services

    async def token(self) -> str:
        return await self.storage.files.link(self.actor, await self.get("file_id"), lifetime_s=60)  # type: ignore[no-any-return]

    async def consent_id(self) -> str:
        grant = Grant(
            kind="domain", user=self.owner.user_id or "", gpt="", action_version="a-1:1",
            origin="https://api.people.test:443", granted_at=1.0, expires_at=FAR,
        )  # fmt: skip
        await self.storage.grants.add(grant)
        return grant.id

    async def session_id(self) -> str:
        _, session = await self.server.services.accounts.open_session(
            self.owner.user_id, method="password", lifetime_s=60
        )
        return session.id  # type: ignore[no-any-return]  # Any services

    async def token_id(self) -> str:
        _, token = await self.server.services.accounts.create_token(self.actor, name="a token", scopes=["chat"])
        return token.id  # type: ignore[no-any-return]  # Any services

    async def user_id(self) -> str:
        user = await self.server.services.accounts.create_user(name="Somebody", email=f"{id(self)}@people.test")
        return user.id  # type: ignore[no-any-return]  # Any services

    async def invitation_id(self) -> str:
        _, made = await self.server.services.accounts.invite(StoredPerson(self.admin.user_id, True), lifetime_s=60)
        return made.id  # type: ignore[no-any-return]  # Any services

    async def domain(self) -> str:
        await self.storage.settings.allow_domain(StoredPerson(self.admin.user_id, True), "action", "old.people.test")
        return "old.people.test"

    async def provider_id(self) -> str:
        made = await self.storage.providers.add(
            StoredPerson(self.admin.user_id, True), name=f"p{id(self)}", kind="openai"
        )
        return made.id  # type: ignore[no-any-return]  # Any services

    async def gpt_id(self) -> str:
        gpt = await self.storage.gpts.create(self.actor)
        await self.storage.gpts.publish(self.actor, gpt.id, expected_revision=gpt.draft_revision)
        return gpt.id  # type: ignore[no-any-return]  # Any services


MAKERS: dict[str, Callable[[World], Awaitable[str]]] = {
    name: getattr(World, name)
    for name in (
        "conversation_id", "turn_id", "call_id", "file_id", "token", "consent_id", "session_id", "token_id", "user_id",
        "invitation_id", "domain", "gpt_id", "provider_id",
    )
}  # fmt: skip


async def ask(world: World, person: Person, method: str, template: str, row: Row) -> Reply:
    template = template.replace("{path:path}", "")
    names = [part[1:-1] for part in template.split("/") if part.startswith("{")]
    for name in sorted({*names, *row.make}, key=lambda each: each != "call_id"):  # a question belongs to its turn
        await world.get(name)
    path = template.format(**world.made) + row.query
    if row.form:
        conversation_id = await world.get("conversation_id")
        boundary = "----matrix"
        raw = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
            f"Content-Type: text/plain\r\n\r\nbytes\r\n--{boundary}\r\n"
            f'Content-Disposition: form-data; name="conversation_id"\r\n\r\n{conversation_id}\r\n--{boundary}--\r\n'
        ).encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await person.call(method, path, raw=raw, headers=headers)
    if template.endswith("/events"):  # never read to its end
        async with person.session.get(person.server.url + path, headers=person.headers()) as answer:
            return Reply(answer.status, dict(answer.headers), b"")
    body = row.body
    if isinstance(body, dict):
        body = {name: value.format(**world.made) if isinstance(value, str) else value for name, value in body.items()}
    return await person.call(method, path, body)


def test_every_route_has_a_row(tmp_path: Path) -> None:
    app = make_server(read_settings({}, data_dir=tmp_path)).api
    routes = {route for route in routes_of(app) if not route[1].startswith(BUILDING)}
    assert routes - POLICY.keys() == set(), "add a row that says who may do this"
    page = {("GET", "/{path:path}")}  # answers whatever no route has
    assert POLICY.keys() - routes - page == set(), "these rows have no route"


@pytest.mark.row("A-01")
@pytest.mark.row("A-02")
@pytest.mark.row("A-03")
@pytest.mark.row("A-04")
@pytest.mark.row("A-10")
async def test_who_gets_what(tmp_path: Path) -> None:
    wrong: list[str] = []
    models = FixedModels(Scripted(says("Hello.")))
    async with serving(
        tmp_path, models=models, local_user=False, sign_ins_per_minute=10_000, requests_per_minute=1_000_000
    ) as server:
        await server.services.runner.stop(0.0)  # turns stay as the test makes them
        other, admin = await server.person("other"), await server.person("admin", admin=True)
        for number, ((method, path), row) in enumerate(POLICY.items()):
            owner = await server.person(f"owner{number}")
            world = World(server, owner, admin)
            people = {"other": other, "nobody": server.somebody(), "admin": admin}
            if row.kind != "own" and method in ("DELETE", "PUT"):  # what it ends is one's own session or password
                people = {"other": await server.person(f"other{number}"), "nobody": server.somebody()}
                people["admin"] = await server.person(f"admin{number}", admin=True)
            expected = dict(zip(("other", "nobody", "admin"), EXPECTED[row.kind], strict=True))
            if row.kind == "admin":
                expected["owner"] = 404
            for name, person in {**people, "owner": owner}.items():
                reply = await ask(world, person, method, path, row)
                want = expected.get(name) or row.ok
                if reply.status != want:
                    wrong.append(f"{name} {method} {path}: {reply.status}, not {want}: {reply.content[:150]!r}")
                if reply.status >= 400:
                    assert reply.headers["Content-Type"] == "application/problem+json"
    assert wrong == []
