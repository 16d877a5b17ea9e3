"""The editor's routes × owner, editor, viewer, chatter, another user, nobody, an administrator. A route without a row
fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from actionry.credentials.secret import Secret
from actionry.gpts.gpt import GptAction, GptContent, KeyAuthentication
from actionry.models.scripted import Scripted, says
from actionry.server.app import make_server
from actionry.server.models import FixedModels
from actionry.server.settings import read_settings
from actionry.storage.actor import Person as StoredPerson
from support.routes import routes_of
from support.server import Person, RunningServer, serving

OPENAPI = json.dumps(
    {
        "openapi": "3.1.0",
        "info": {"title": "Notes", "version": "1"},
        "servers": [{"url": "https://notes.people.test"}],
        "paths": {"/notes": {"get": {"operationId": "listNotes", "responses": {"200": {"description": "Fine."}}}}},
    }
)
CANARY = "k-canary-0123456789-never-shown"


@dataclass
class Made:
    """What one row is asked about."""

    owner: Person
    gpt_id: str
    action_id: str
    revision: int
    key_id: str
    """The action's own key."""


Body = Callable[[Made], Any]


@dataclass(frozen=True)
class Row:
    """The status for each kind of person; `owner` None is nobody's."""

    owner: int
    editor: int
    viewer: int
    chatter: int
    other: int = 404
    nobody: int = 401
    admin: int = 404
    body: Body | None = None
    query: Body | None = None


def revision(**more: Any) -> Body:
    return lambda made: {"revision": made.revision, **more}


def same(status: int, *, nobody: int = 401, **more: Any) -> Row:
    """Whoever is signed in, about nothing of anybody's."""
    return Row(status, status, status, status, status, nobody, status, **more)


def edits(status: int = 200, **more: Any) -> Row:
    return Row(status, status, 404, 404, **more)


def views(status: int = 200, **more: Any) -> Row:
    return Row(status, status, status, 404, **more)


GPT, ACTION = "/api/v1/gpts/{gpt_id}", "/api/v1/gpts/{gpt_id}/actions/{action_id}"
POLICY: dict[tuple[str, str], Row] = {
    ("GET", "/api/v1/gpts"): same(200),
    ("POST", "/api/v1/gpts"): same(201, body=lambda made: {"name": "New"}),
    ("GET", "/api/v1/actions/editor"): same(200),
    ("POST", "/api/v1/actions/documents/check"): same(200, body=lambda made: {"text": OPENAPI}),
    ("POST", "/api/v1/actions/documents/import"): same(200, body=lambda made: {"source": OPENAPI}),
    ("POST", "/api/v1/actions/documents/fix"): same(200, body=lambda made: {"text": OPENAPI}),
    ("POST", "/api/v1/actions/documents/format"): same(200, body=lambda made: {"text": OPENAPI}),
    ("POST", "/api/v1/actions/sign-in/discover"): same(200, body=lambda made: {"issuer": "github"}),
    ("GET", GPT): views(),
    ("DELETE", GPT): Row(200, 403, 404, 404),
    ("GET", f"{GPT}/about"): Row(200, 200, 200, 200, other=404, nobody=404, admin=404),
    ("PATCH", f"{GPT}/draft"): edits(body=revision(name="Renamed")),
    ("POST", f"{GPT}/publish"): edits(body=revision()),
    ("POST", f"{GPT}/revert"): edits(body=revision()),
    ("GET", f"{GPT}/versions"): views(),
    ("GET", f"{GPT}/versions/{{number}}"): views(),
    ("POST", f"{GPT}/versions/{{number}}/restore"): edits(body=revision()),
    ("POST", f"{GPT}/duplicate"): views(201),
    ("PUT", f"{GPT}/visibility"): Row(200, 403, 404, 404, body=lambda made: {"visibility": "private"}),
    ("POST", f"{GPT}/actions"): edits(201),
    ("GET", ACTION): views(),
    ("PATCH", ACTION): edits(body=revision(privacy_policy_url="https://people.test/privacy")),
    ("DELETE", ACTION): edits(query=lambda made: f"?revision={made.revision}"),
    ("PUT", f"{ACTION}/document"): edits(body=revision(text=OPENAPI)),
    ("PUT", f"{ACTION}/authentication"): edits(body=revision(authentication={"kind": "none"})),
    ("PUT", f"{ACTION}/keys/{{scheme}}"): edits(422, body=lambda made: {"key": "k"}),
    ("POST", f"{ACTION}/dry-run"): edits(body=lambda made: {"function": "listNotes"}),
    ("GET", "/api/v1/connections"): same(200),
    ("GET", "/api/v1/connections/offer"): Row(200, 200, 200, 200, query=lambda made: f"?action_id={made.action_id}"),
    ("POST", "/api/v1/connections/start"): Row(409, 409, 409, 409, body=lambda made: {"action_id": made.action_id}),
    ("POST", "/api/v1/connections/key"): Row(
        409, 409, 409, 409, body=lambda made: {"action_id": made.action_id, "key": "k"}
    ),
    ("DELETE", "/api/v1/connections/{connection_id}"): edits(),
    ("GET", "/aip/{action_id}/oauth/callback"): same(400, nobody=400),
}
BUILDING = ("/api/v1/gpts", "/api/v1/actions", "/api/v1/connections", "/aip")


def test_every_route_of_the_editor_has_a_row(tmp_path: Path) -> None:
    app = make_server(read_settings({}, data_dir=tmp_path)).api
    routes = {route for route in routes_of(app) if route[1].startswith(BUILDING)}
    assert routes - POLICY.keys() == set(), "add a row that says who may do this"
    assert POLICY.keys() - routes == set(), "these rows have no route"


async def make(server: RunningServer, owner: Person, members: dict[str, Person]) -> Made:
    """A published GPT with one action that has a key, shared with people of each level."""
    storage, actor = server.services.storage, StoredPerson(owner.user_id)
    gpt = await storage.gpts.create(actor, GptContent(name="Notes"))
    action_id = await storage.gpts.add_action(actor, gpt.id)
    stored = await storage.gpts.add_document(actor, gpt.id, OPENAPI.encode())
    action = GptAction(id=action_id, document_id=stored.id, authentication=KeyAuthentication(form="bearer"))
    content = GptContent(name="Notes", instructions="Do.", actions=(action,))
    saved = await storage.gpts.save_draft(actor, gpt.id, content, expected_revision=gpt.draft_revision)
    await storage.gpts.publish(actor, gpt.id, expected_revision=saved.draft_revision)
    key = await storage.connections.put_key(
        actor, action_id, "", Secret(CANARY), origin="https://notes.people.test:443", for_everyone=True
    )
    for level, person in members.items():
        name = {"editor": "edit", "viewer": "view", "chatter": "chat"}[level]
        await storage.gpts.put_member(actor, gpt.id, person.user_id, name)
    return Made(owner, gpt.id, action_id, saved.draft_revision, key.id)


@pytest.mark.row("A-04")
@pytest.mark.row("A-05")
@pytest.mark.row("A-06")
@pytest.mark.row("A-07")
@pytest.mark.row("A-08")
@pytest.mark.row("L-01")
@pytest.mark.timeout(240)
async def test_who_gets_what_of_the_editor(tmp_path: Path) -> None:
    wrong: list[str] = []
    models = FixedModels(Scripted(says("Hello.")))
    async with serving(
        tmp_path, models=models, local_user=False, requests_per_minute=1_000_000, log_level="error"
    ) as server:
        people = {name: await server.person(name) for name in ("owner", "editor", "viewer", "chatter", "other")}
        people["nobody"] = server.somebody()
        people["admin"] = await server.person("admin", admin=True)
        members = {name: people[name] for name in ("editor", "viewer", "chatter")}
        for (method, template), row in POLICY.items():
            made = await make(server, people["owner"], members)
            for name in ("admin", "nobody", "other", "chatter", "viewer", "editor", "owner"):
                want = getattr(row, name)
                if name in ("editor", "owner") and want < 300:
                    made = await make(server, people["owner"], members)
                path = template.format(
                    gpt_id=made.gpt_id, action_id=made.action_id, number=1, scheme="none", connection_id=made.key_id
                )
                path += row.query(made) if row.query is not None else ""
                body = row.body(made) if row.body is not None else None
                reply = await people[name].call(method, path, body)
                if reply.status != want:
                    wrong.append(f"{name} {method} {template}: {reply.status}, not {want}: {reply.content[:200]!r}")
                if reply.status >= 400:
                    assert reply.headers["Content-Type"] == "application/problem+json"
                assert CANARY.encode() not in reply.content, f"{name} {method} {template}"
    assert wrong == []


@pytest.mark.row("A-04")
@pytest.mark.row("A-05")
async def test_a_child_of_one_gpt_is_not_there_under_another(tmp_path: Path) -> None:
    """Both GPTs are the same person's: one checked id does not speak for two."""
    async with serving(tmp_path, models=FixedModels(Scripted(says("Hello."))), log_level="error") as server:
        person = await server.local()
        one, two = await make(server, person, {}), await make(server, person, {})
        for method, tail, body in (
            ("GET", "", None),
            ("PATCH", "", {"revision": one.revision}),
            ("DELETE", f"?revision={one.revision}", None),
            ("PUT", "/document", {"revision": one.revision, "text": OPENAPI}),
            ("PUT", "/authentication", {"revision": one.revision, "authentication": {"kind": "none"}}),
            ("POST", "/dry-run", {"function": "listNotes"}),
        ):
            path = f"/api/v1/gpts/{one.gpt_id}/actions/{two.action_id}{tail}"
            assert (await person.call(method, path, body)).status == 404, f"{method} {tail}"
