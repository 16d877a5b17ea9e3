"""Documents into a GPT: found, explained, mended, saved; authentication that keeps its secrets; the exact request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actionry.models.scripted import Scripted, says
from actionry.server.models import FixedModels
from apps.catalogue import SCHEMES, todo_api, weather_api
from apps.server import App, answer
from support.server import Person, RunningServer, serving

ROUGH = """\
openapi: 3.0.1
info: {title: Notes, version: "1"}
servers: [{url: "https://notes.people.test"}]
paths:
  /notes:
    get:
      responses: {"200": {description: Fine.}}
    post:
      operationId: add note
      requestBody:
        content:
          application/json:
            schema:
              type: object
              properties:
                text: {type: string, required: true}
      responses: {"200": {description: Fine.}}
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    models = FixedModels(Scripted(says("Hello.")))
    async with serving(tmp_path, models=models, local_user=False, allowed_networks=("127.0.0.1/32",)) as found:
        yield found


@pytest.fixture
async def builder(server: RunningServer) -> Person:
    return await server.person("builder")


async def new_action(builder: Person) -> tuple[str, str, int]:
    """(path of the action, its callback, the draft's revision)."""
    gpt = (await builder.post("/api/v1/gpts", {"name": "Notes"})).json
    made = (await builder.post(f"/api/v1/gpts/{gpt['id']}/actions")).json
    return f"/api/v1/gpts/{gpt['id']}/actions/{made['action_id']}", made["callback_url"], gpt["draft_revision"]


@pytest.mark.row("SP-07")
@pytest.mark.row("SP-01")
async def test_a_rough_document_is_explained_and_mended(builder: Person) -> None:
    read = (await builder.post("/api/v1/actions/documents/check", {"text": ROUGH, "profile": "openai"})).json
    assert (read["title"], read["format"], read["root_domain"]) == ("Notes", "yaml", "people.test")
    assert [(row["method"], row["path"], row["asks_first"]) for row in read["operations"]] == [
        ("GET", "/notes", False), ("POST", "/notes", True),
    ]  # fmt: skip
    assert all(row["tokens"] > 0 for row in read["operations"])
    assert read["tokens"] == sum(row["tokens"] for row in read["operations"])
    finding = next(
        each for each in read["findings"] if each["code"] == "SPEC-REQ-BOOL" or "required" in each["pointer"]
    )
    assert finding["line"] == 16
    assert finding["fix"]
    one = await builder.post(
        "/api/v1/actions/documents/fix", {"text": ROUGH, "code": finding["code"], "pointer": finding["pointer"]}
    )
    assert [each["code"] for each in one.json["mended"]] == [finding["code"]]
    assert finding["code"] not in {each["code"] for each in one.json["reading"]["findings"]}
    every = (await builder.post("/api/v1/actions/documents/fix", {"text": ROUGH})).json
    assert len(every["mended"]) > 1
    assert [each for each in every["reading"]["findings"] if each["fix"]] == []


@pytest.mark.row("SP-07")
@pytest.mark.parametrize("text", ["", "{", "just words", "a: b: c", "[1, 2]", '{"openapi": ', "\x00"])
async def test_what_is_no_document_is_a_finding_with_a_place(builder: Person, text: str) -> None:
    read = await builder.post("/api/v1/actions/documents/check", {"text": text})
    assert read.status == 200, read.text
    assert not read.json["ok"]
    [finding] = read.json["findings"]
    assert finding["severity"] == "error"
    assert finding["message"]
    path, _, revision = await new_action(builder)
    refused = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": text})
    assert refused.status == 422
    assert refused.json["errors"][0]["pointer"] == "/text"


@pytest.mark.row("SP-03")
async def test_format_and_examples(builder: Person) -> None:
    ugly = '{"openapi":"3.1.0","info":{"title":"A","version":"1"},"paths":{}}'
    made = (await builder.post("/api/v1/actions/documents/format", {"text": ugly})).json
    assert made["text"] == json.dumps(json.loads(ugly), indent=2) + "\n"
    yaml = (await builder.post("/api/v1/actions/documents/format", {"text": ugly, "to": "yaml"})).json["text"]
    assert yaml.startswith("openapi: 3.1.0\ninfo:\n  title: A\n")
    left = (await builder.post("/api/v1/actions/documents/format", {"text": '{"a": [}'})).json
    assert (left["text"], left["changed"], bool(left["problem"])) == ('{"a": [}', False, True)
    editor = (await builder.get("/api/v1/actions/editor")).json
    assert [example["name"] for example in editor["examples"]] == ["weather", "pets", "blank"]
    for example in editor["examples"][:2]:
        read = (await builder.post("/api/v1/actions/documents/check", {"text": example["text"]})).json
        assert read["ok"]
        assert {each["code"] for each in read["findings"]} <= {"SERVER-PLACEHOLDER"}  # of example.com
        again = (await builder.post("/api/v1/actions/documents/format", {"text": example["text"]})).json
        assert (
            json.loads(example["text"]) == json.loads(again["text"]) if example["format"] == "json" else again["text"]
        )
    assert {provider["key"] for provider in editor["providers"]} >= {"google", "github"}


@pytest.mark.row("SP-02")
@pytest.mark.row("SP-06")
@pytest.mark.row("MG-01")
async def test_import_by_address_domain_and_manifest(builder: Person) -> None:
    app = todo_api(auth="bearer")
    manifest: dict[str, Any] = {
        "schema_version": "v1", "name_for_human": "TODO list", "name_for_model": "todo",
        "description_for_human": "Your TODOs.", "description_for_model": "Manage the TODO list.",
        "auth": {"type": "user_http", "authorization_type": "bearer", "instructions": "See your profile."},
        "logo_url": "/logo.png", "contact_email": "a@people.test", "legal_info_url": "https://people.test/legal",
    }  # fmt: skip
    app._routes += App(
        {},
        {
            ("GET", "/openapi.json"): lambda _: answer({**app._document}),  # without servers
            ("GET", "/.well-known/ai-plugin.json"): lambda _: answer(manifest),
        },
    )._routes
    app.guard = None
    async with app:
        manifest["api"] = {"type": "openapi", "url": f"{app.url}/openapi.json"}
        by_url = (await builder.post("/api/v1/actions/documents/import", {"source": f"{app.url}/openapi.json"})).json
        assert by_url["reading"]["ok"], by_url
        assert (by_url["base_url"], by_url["source_url"]) == (app.url, f"{app.url}/openapi.json")
        assert by_url["text"].count("\n") > 20
        assert by_url["reading"]["suggestion"]["authentication"]["form"] == "bearer"
        by_domain = (await builder.post("/api/v1/actions/documents/import", {"source": app.url})).json
        assert by_domain["gpt"]["instructions"] == "Manage the TODO list."
        suggestion = by_domain["reading"]["suggestion"]
        assert (suggestion["source"], suggestion["authentication"]["owner"]) == ("manifest", "user")
        made = (await builder.post("/api/v1/gpts", {"source": json.dumps(manifest)})).json
        assert (made["draft"]["name"], made["draft"]["description"]) == ("TODO list", "Your TODOs.")
        assert made["actions"][0]["base_url"] == app.url
        assert made["actions"][0]["operations"] == 4
        assert made["actions"][0]["privacy_policy_url"] == "https://people.test/legal"


@pytest.mark.row("S-01")
@pytest.mark.row("S-15")
@pytest.mark.parametrize(
    "url", ["http://10.0.0.1", "https://169.254.169.254", "http://[::1]:9", "http://localhost:9", "http://0.0.0.0:9"]
)
async def test_addresses_inside_are_refused_when_saved(tmp_path: Path, url: str) -> None:
    async with serving(tmp_path, models=FixedModels(Scripted(says("Hello."))), demo=False) as server:
        builder = await server.local()
        text = ROUGH.replace("https://notes.people.test", url)
        read = (await builder.post("/api/v1/actions/documents/check", {"text": text})).json
        assert not read["ok"]
        assert "SERVER-REFUSED" in {each["code"] for each in read["findings"]}
        path, _, revision = await new_action(builder)
        refused = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": text})
        assert (refused.status, refused.json["code"]) == (422, "address_refused")
        fetched = await builder.post("/api/v1/actions/documents/import", {"source": f"{url}/openapi.json"})
        assert (fetched.status, fetched.json["code"]) == (422, "address_refused")
        saved = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": ROUGH})
        moved = await builder.call("PATCH", path, {"revision": saved.json["draft_revision"], "base_url": url})
        assert (moved.status, moved.json["code"]) == (422, "address_refused")


@pytest.mark.row("SP-05")
@pytest.mark.row("SP-14")
@pytest.mark.row("OA-11")
async def test_an_action_is_saved_changed_and_removed(builder: Person) -> None:
    path, callback, revision = await new_action(builder)
    assert callback.endswith(f"/aip/{path.rpartition('/')[2]}/oauth/callback")
    saved = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": ROUGH})
    assert saved.status == 200, saved.text
    assert (saved.json["text"], saved.json["action"]["callback_url"]) == (ROUGH, callback)
    names = [row["name"] for row in saved.json["reading"]["operations"]]
    unknown = await builder.call(
        "PATCH", path, {"revision": saved.json["draft_revision"], "disabled_operations": ["nothing"]}
    )
    assert unknown.json["errors"][0]["pointer"] == "/disabled_operations"
    changed = await builder.call(
        "PATCH", path,
        {"revision": saved.json["draft_revision"], "disabled_operations": names[:1], "compatibility_headers": True},
    )  # fmt: skip
    assert [row["enabled"] for row in changed.json["reading"]["operations"]] == [False, True]
    assert changed.json["action"]["tokens"] == changed.json["reading"]["tokens"] < saved.json["reading"]["tokens"]
    stale = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": ROUGH})
    assert stale.status == 409
    gone = await builder.call("DELETE", f"{path}?revision={changed.json['draft_revision']}")
    assert gone.json["actions"] == []
    assert (await builder.get(path)).status == 404


@pytest.mark.row("AU-02")
@pytest.mark.row("AU-05")
@pytest.mark.row("L-01")
@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ({"form": "basic"}, "Authorization"),
        ({"form": "bearer"}, "Authorization"),
        ({"form": "custom", "name": "X-Api-Key"}, "X-Api-Key"),
        ({"form": "query", "name": "api_key"}, "api_key="),
        ({"form": "cookie", "name": "session"}, "Cookie"),
    ],
)
async def test_five_forms_of_a_key_that_no_answer_shows(builder: Person, form: dict[str, str], sent: str) -> None:
    async with weather_api() as weather:
        text = json.dumps({**weather.document, "security": [{"k": []}], "components": {"securitySchemes": {
            "k": SCHEMES["bearer"]}}})  # fmt: skip
        path, _, revision = await new_action(builder)
        saved = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": text})
        secret = "ada:canary-key-0123456789"
        body = {"revision": saved.json["draft_revision"], "authentication": {"kind": "api_key", "key": secret, **form}}
        kept = await builder.call("PUT", f"{path}/authentication", body)
        assert kept.status == 200, kept.text
        assert [row["set"] for row in kept.json["action"]["secrets"]] == [True]
        assert (kept.json["basic_looks_like"] == "user:pass") == (form["form"] == "basic")
        dry = await builder.post(f"{path}/dry-run", {"function": "getForecast", "arguments": {"city": "Lyon"}})
        assert dry.status == 200, dry.text
        assert dry.json["url"].startswith(f"{weather.url}/forecast?city=Lyon")
        assert sent in dry.text
        assert dry.json["missing"] is None
        for reply in (kept, dry, await builder.get(path)):
            assert "canary" not in reply.text
            assert "YWRhOmNhbmFyeS1rZXktMDEyMzQ1Njc4OQ" not in reply.text
        assert weather.received == []


@pytest.mark.row("S-12")
@pytest.mark.parametrize(
    "name", ["Metadata", "Metadata-Flavor", "X-aws-ec2-metadata-token", "Host", "Cookie", "", "a b"]
)
async def test_header_names_that_belong_to_others_are_refused(builder: Person, name: str) -> None:
    path, _, revision = await new_action(builder)
    saved = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": ROUGH})
    form = {"kind": "api_key", "form": "custom", "name": name, "key": "true"}
    body = {"revision": saved.json["draft_revision"], "authentication": form}
    refused = await builder.call("PUT", f"{path}/authentication", body)
    assert refused.status == 422
    assert (await builder.get(path)).json["action"]["authentication"]["kind"] == "none"


@pytest.mark.row("O-14")
@pytest.mark.row("O-18")
@pytest.mark.row("S-19")
async def test_oauth_addresses_are_checked_and_another_domain_is_acknowledged(builder: Person) -> None:
    path, _, revision = await new_action(builder)
    saved = await builder.call("PUT", f"{path}/document", {"revision": revision, "text": ROUGH})
    form = {
        "kind": "oauth", "client_id": "c", "client_secret": "s-canary", "authorize_url": "https://login.other.test/a",
        "token_url": "https://login.other.test/t",
    }  # fmt: skip

    async def put(**changes: Any) -> Any:
        body = {"revision": saved.json["draft_revision"], "authentication": {**form, **changes}}
        return await builder.call("PUT", f"{path}/authentication", body)

    for url in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "--flag", "https://x.test/$(id)",
                "http://10.0.0.1/a", "https://169.254.169.254/token"):  # fmt: skip
        assert (await put(token_url=url, other_domain_acknowledged=True)).status in (400, 422), url
        assert (await put(authorize_url=url, other_domain_acknowledged=True)).status in (400, 422), url
    asked = await put()
    assert (asked.status, asked.json["code"]) == (409, "acknowledge_domain")
    done = await put(other_domain_acknowledged=True)
    assert done.status == 200, done.text
    assert "s-canary" not in done.text
    assert [(row["what"], row["set"]) for row in done.json["action"]["secrets"]] == [("oauth_client", True)]
    offer = await builder.get(f"/api/v1/connections/offer?action_id={path.rpartition('/')[2]}&preview=true")
    assert offer.json["sign_in_host"] == "login.other.test"
    assert offer.json["warnings"]


@pytest.mark.row("D-12")
async def test_too_many_at_once_are_asked_to_come_back(server: RunningServer, builder: Person) -> None:
    from actionry.server.documents import Documents

    services = server.services
    documents = Documents(services.outbound, max_bytes=1_000_000)
    server.server.api.state.documents = documents
    for _ in range(documents.limits.reading_at_once):
        await documents._reading.acquire()
    waiting = [
        asyncio.create_task(builder.post("/api/v1/actions/documents/check", {"text": f"{ROUGH}# {number}"}))
        for number in range(documents.limits.reading_waiting + 4)
    ]
    done: set[Any] = set()
    while len(done) < 4:
        done, _ = await asyncio.wait(waiting, timeout=5, return_when=asyncio.FIRST_COMPLETED)
        assert done
    assert {task.result().status for task in done} == {429}
    for task in set(waiting) - done:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
