"""A GPT's life in the editor: draft, publication, history, sharing, duplicates, and the page that others see."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from actionry.models.scripted import Scripted, says
from actionry.server.models import FixedModels
from apps.catalogue import weather_api
from apps.server import App
from support.server import Person, RunningServer, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    models = FixedModels(Scripted(says("Hello.")))
    async with serving(tmp_path, models=models, local_user=False, allowed_networks=("127.0.0.1/32",)) as found:
        yield found


@pytest.fixture
async def builder(server: RunningServer) -> Person:
    return await server.person("builder")


@pytest.fixture
async def weather() -> AsyncIterator[App]:
    async with weather_api() as app:
        yield app


async def make(builder: Person, app: App) -> Any:
    made = await builder.post("/api/v1/gpts", {"name": "Weather", "source": json.dumps(app.document)})
    assert made.status == 201, made.text
    return made.json


async def save(builder: Person, gpt: Any, **fields: Any) -> Any:
    body = {"revision": gpt["draft_revision"], **fields}
    saved = await builder.call("PATCH", f"/api/v1/gpts/{gpt['id']}/draft", body)
    assert saved.status == 200, saved.text
    return saved.json


async def publish(builder: Person, gpt: Any, **more: Any) -> Any:
    done = await builder.post(f"/api/v1/gpts/{gpt['id']}/publish", {"revision": gpt["draft_revision"], **more})
    assert done.status == 200, done.text
    return done.json


@pytest.mark.row("GE-02")
@pytest.mark.row("GE-07")
async def test_a_draft_is_saved_field_by_field_and_a_stale_one_is_refused(builder: Person) -> None:
    made = (await builder.post("/api/v1/gpts", {"name": "Helper"})).json
    assert made["unpublished_changes"]
    assert made["link"].endswith(f"/g/{made['id']}")
    saved = await save(builder, made, instructions="Help.", starters=["Hello?", ""], category="writing")
    assert (saved["draft"]["name"], saved["draft"]["instructions"]) == ("Helper", "Help.")
    assert saved["draft"]["starters"] == ["Hello?"]
    stale = await builder.call(
        "PATCH", f"/api/v1/gpts/{made['id']}/draft", {"revision": made["draft_revision"], "name": "Old"}
    )
    assert (stale.status, stale.json["code"]) == (409, "conflict")
    assert (await builder.get(f"/api/v1/gpts/{made['id']}")).json["draft"]["name"] == "Helper"


@pytest.mark.row("GE-03")
@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [("name", "x" * 41, "40"), ("description", "x" * 301, "300"), ("instructions", "x" * 8001, "8,000"),
     ("welcome_message", "x" * 101, "100"), ("category", "nonsense", "writing"), ("starters", ["x"] * 13, "12")],
)  # fmt: skip
async def test_limits_stand_in_the_refusal(builder: Person, field: str, value: Any, limit: str) -> None:
    made = (await builder.post("/api/v1/gpts", {"name": "Helper"})).json
    body = {"revision": made["draft_revision"], field: value}
    refused = await builder.call("PATCH", f"/api/v1/gpts/{made['id']}/draft", body)
    assert refused.status == 422
    assert refused.json["errors"][0]["pointer"] == f"/{field}"
    assert limit in refused.json["detail"]


@pytest.mark.row("GE-07")
@pytest.mark.row("GE-08")
async def test_publish_change_revert_history_restore(builder: Person, weather: App) -> None:
    first = await publish(builder, await make(builder, weather))
    assert (first["published_version"], first["unpublished_changes"]) == (1, False)
    changed = await save(builder, first, name="Weather 2")
    assert changed["unpublished_changes"]
    reverted = (await builder.post(f"/api/v1/gpts/{first['id']}/revert", {"revision": changed["draft_revision"]})).json
    assert (reverted["draft"]["name"], reverted["unpublished_changes"]) == ("Weather", False)
    second = await publish(builder, await save(builder, reverted, name="Weather 3"))
    versions = (await builder.get(f"/api/v1/gpts/{first['id']}/versions")).json["versions"]
    assert [(row["number"], row["name"], row["published"], row["by_you"]) for row in versions] == [
        (2, "Weather 3", True, True), (1, "Weather", False, True),
    ]  # fmt: skip
    restored = await builder.post(
        f"/api/v1/gpts/{first['id']}/versions/1/restore", {"revision": second["draft_revision"]}
    )
    assert (restored.json["draft"]["name"], restored.json["published_version"]) == ("Weather", 2)
    about = (await builder.get(f"/api/v1/gpts/{first['id']}/about")).json
    assert (about["name"], about["version"]) == ("Weather 3", 2)


@pytest.mark.row("ST-03")
@pytest.mark.row("ST-04")
async def test_sharing_needs_a_privacy_policy_and_for_everyone_a_category(builder: Person, weather: App) -> None:
    made = await make(builder, weather)
    assert made["needs"]["private"] == []
    assert len(made["needs"]["link"]) == 1
    assert len(made["needs"]["public"]) == 2
    for visibility in ("link", "public"):
        refused = await builder.post(
            f"/api/v1/gpts/{made['id']}/publish", {"revision": made["draft_revision"], "visibility": visibility}
        )
        assert (refused.status, refused.json["code"]) == (422, "not_ready")
        assert "privacy policy" in refused.json["detail"]
    action = made["actions"][0]["id"]
    path = f"/api/v1/gpts/{made['id']}/actions/{action}"
    wrong = await builder.call("PATCH", path, {"revision": made["draft_revision"], "privacy_policy_url": "nowhere"})
    assert wrong.json["errors"][0]["pointer"] == "/privacy_policy_url"
    done = await builder.call(
        "PATCH", path, {"revision": made["draft_revision"], "privacy_policy_url": "https://people.test/privacy"}
    )
    shared = await publish(builder, {**made, "draft_revision": done.json["draft_revision"]}, visibility="link")
    assert shared["visibility"] == "link"
    refused = await builder.call("PUT", f"/api/v1/gpts/{made['id']}/visibility", {"visibility": "public"})
    assert "category" in refused.json["detail"]
    everyone = await publish(builder, await save(builder, shared, category="research"), visibility="public")
    assert everyone["visibility"] == "public"


@pytest.mark.row("ST-03")
@pytest.mark.row("ST-11")
@pytest.mark.row("A-11")
async def test_others_see_the_page_and_no_settings(server: RunningServer, builder: Person, weather: App) -> None:
    made = await save(builder, await make(builder, weather), instructions="A secret of the trade.", starters=["Rain?"])
    user, nobody = await server.person("user"), server.somebody()
    about = f"/api/v1/gpts/{made['id']}/about"
    assert (await user.get(about)).status == 404
    path = f"/api/v1/gpts/{made['id']}/actions/{made['actions'][0]['id']}"
    done = await builder.call(
        "PATCH", path, {"revision": made["draft_revision"], "privacy_policy_url": "https://people.test/privacy"}
    )
    shared = await publish(builder, {**made, "draft_revision": done.json["draft_revision"]}, visibility="link")
    for person in (user, nobody):
        seen = await person.get(about)
        assert seen.status == 200, seen.text
        assert seen.json["starters"] == ["Rain?"]
        [action] = seen.json["actions"]
        assert action["privacy_policy_url"] == "https://people.test/privacy"
        assert action["domain"] in weather.url
        assert "secret of the trade" not in seen.text
        assert (await person.get(f"/api/v1/gpts/{made['id']}")).status in (401, 404)
    assert (await user.get("/api/v1/gpts")).json["gpts"] == []
    await builder.call("PUT", f"/api/v1/gpts/{made['id']}/visibility", {"visibility": "private"})
    assert (await user.get(about)).status == 404
    assert shared["draft"]["instructions"]


@pytest.mark.row("GE-09")
@pytest.mark.row("L-01")
async def test_a_duplicate_has_everything_but_keys_and_deleting_takes_all(builder: Person, weather: App) -> None:
    made = await make(builder, weather)
    path = f"/api/v1/gpts/{made['id']}/actions/{made['actions'][0]['id']}"
    secret = "k-canary-9876543210"
    form = {"kind": "api_key", "form": "custom", "name": "X-Api-Key", "key": secret}
    keyed = await builder.call(
        "PUT", f"{path}/authentication", {"revision": made["draft_revision"], "authentication": form}
    )
    assert keyed.json["action"]["secrets"][0]["set"]
    copied = await builder.post(f"/api/v1/gpts/{made['id']}/duplicate")
    assert copied.status == 201
    assert copied.json["draft"]["name"] == "Weather (copy)"
    [action] = copied.json["actions"]
    assert action["id"] != made["actions"][0]["id"]
    assert (action["operations"], [each["set"] for each in action["secrets"]]) == (2, [False])
    for reply in (keyed, copied, await builder.get(f"/api/v1/gpts/{made['id']}"), await builder.get(path)):
        assert secret not in reply.text
    assert (await builder.call("DELETE", f"/api/v1/gpts/{made['id']}")).status == 200
    assert (await builder.get(f"/api/v1/gpts/{made['id']}")).status == 404
    assert [row["id"] for row in (await builder.get("/api/v1/gpts")).json["gpts"]] == [copied.json["id"]]
