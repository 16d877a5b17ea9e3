"""An existing app becomes a plugin: manifest, document, logo, credentials and marks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

import actionry
from actionry.errors import ActionryError
from actionry.kit.authoring import OAuth, ServiceToken, UserKeys, consequential, examples, plugin

HOST = "todo.example.com"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "todo.yaml"


async def call(app: Any, method: str, path: str, host: str = HOST, **headers: str) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    given = [(b"host", host.encode()), *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": given,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 10)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def make_app() -> FastAPI:
    app = FastAPI(title="Orders")

    @app.get("/orders", operation_id="getOrders", summary="List the orders")
    async def get_orders(request: Request) -> dict[str, Any]:
        return {"user": getattr(request.state, "user", None)}

    @app.post("/orders", operation_id="addOrder", summary="Order something")
    @consequential
    @examples(tea={"what": "tea"})
    async def add_order(body: dict[str, str]) -> dict[str, str]:
        return body

    @app.put("/orders/{number:path}", operation_id="setOrder", summary="Change an order")
    @consequential(False)
    async def set_order(number: str, body: dict[str, str]) -> dict[str, str]:
        return body

    return app


async def test_three_lines_make_a_plugin() -> None:
    app = make_app()
    plugin(
        app, name="orders", description="Plugin for ordering.", contact_email="a@example.com", legal_info_url="/legal"
    )
    status, content = await call(app, "GET", "/.well-known/ai-plugin.json")
    manifest = actionry.read_manifest(content, source_url=f"https://{HOST}/.well-known/ai-plugin.json")
    assert status == 200
    assert manifest.ok, manifest.findings
    assert manifest.api.url == f"https://{HOST}/openapi.yaml"
    local = json.loads((await call(app, "GET", "/.well-known/ai-plugin.json", "localhost:5003"))[1])
    assert local["api"]["url"] == "http://localhost:5003/openapi.yaml"
    for path in ("/openapi.yaml", "/openapi.json"):
        action = actionry.load_action((await call(app, "GET", path))[1])
        assert action.server_url == f"https://{HOST}"
        assert {f.name: f.consequential for f in action.functions} == {
            "getOrders": False, "addOrder": True, "setOrder": False,
        }  # fmt: skip
    root = json.loads((await call(app, "GET", "/openapi.json"))[1])
    body = root["paths"]["/orders"]["post"]["requestBody"]["content"]["application/json"]
    assert body["examples"] == {"tea": {"value": {"what": "tea"}}}
    assert "schema" in body
    assert (await call(app, "GET", "/logo.png"))[1].startswith(b"\x89PNG")
    assert (await call(app, "GET", "/orders"))[0] == 200
    assert (await call(app, "GET", "/openapi.json", "evil/../x"))[0] == 400


async def find_user(key: str) -> str | None:
    return "ada" if key == "good" else None


@pytest.mark.row("O-02")
@pytest.mark.parametrize(
    ("auth", "user"),
    [
        (ServiceToken("good"), None),
        (UserKeys(find_user), "ada"),
        (UserKeys(lambda key: {"good": "ada"}.get(key)), "ada"),
        (OAuth(find_user=find_user, authorize_url="/authorize", token_url="/token", scope="orders"), "ada"),
    ],
)
async def test_only_callers_with_the_credential_are_let_in(auth: Any, user: str | None) -> None:
    app = make_app()
    plugin(app, name="orders", description="Plugin for ordering.", auth=auth)
    for header in ({}, {"authorization": "Bearer bad"}, {"authorization": "Basic good"}, {"authorization": "Bearer "}):
        assert (await call(app, "GET", "/orders", **header))[0] == 401
        assert (await call(app, "OPTIONS", "/orders", **header))[0] == 401
    status, content = await call(app, "GET", "/orders", authorization="Bearer good", x_user="grace")
    assert (status, json.loads(content)) == (200, {"user": user})
    assert (await call(app, "GET", "/.well-known/ai-plugin.json"))[0] == 200
    action = actionry.load_action((await call(app, "GET", "/openapi.json"))[1])
    assert action.functions[0].security


async def test_a_starlette_app_brings_its_own_document() -> None:
    async def todos(request: StarletteRequest) -> JSONResponse:
        return JSONResponse({"todos": []})

    def make() -> Starlette:
        return Starlette(routes=[Route("/todos/{username}", consequential(todos), methods=["GET", "POST"])])

    with pytest.raises(ActionryError, match="document"):
        plugin(make(), name="todo", description="Plugin for TODOs.")  # it writes none itself
    with pytest.raises(ActionryError, match="name"):
        plugin(make_app(), name="to do", description="Plugin for TODOs.")
    app = make()
    await asyncio.to_thread(plugin, app, name="todo", description="Plugin for TODOs.", document=DOCUMENT)
    action = actionry.load_action((await call(app, "GET", "/openapi.yaml"))[1])
    assert action.server_url == f"https://{HOST}"
    assert action.function("addTodo").consequential
    assert (await call(app, "GET", "/todos/ada"))[0] == 200
