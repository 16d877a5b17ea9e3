"""The TODO demo: a small real API beside the server, on a loopback port of its own, and a GPT that uses it.

Routes, names and consent are those of the TODO plugin that plugin writers learnt from; the lists are kept in one file
of the data folder. The outbound door is opened for exactly this host and port.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import uvicorn
from starlette.types import Receive, Scope, Send

from actionry.server.logs import log

NAME = "TODO demo"
STARTERS = ('Add "buy milk" to my list', "Show my TODOs", "Delete todo 0", "把“买牛奶”加到我的清单")
LONGEST_LIST = 1000
LONGEST_TODO = 500


def document(base_url: str) -> dict[str, Any]:
    """What the GPT is given. `const` is filled in by the host: the one user of a demo need not say who they are."""
    username = {
        "name": "username", "in": "path", "required": True, "description": "Whose list it is.",
        "schema": {"type": "string", "const": "me"},
    }  # fmt: skip
    ok = {"200": {"description": "Done.", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    listed = {"type": "object", "properties": {"todos": {"type": "array", "items": {"type": "string"}}}}

    def body(name: str, schema: dict[str, Any]) -> dict[str, Any]:
        shape = {"type": "object", "required": [name], "properties": {name: schema}}
        return {"required": True, "content": {"application/json": {"schema": shape}}}

    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TODO list",
            "version": "v1",
            "description": "Manages a TODO list: adds, removes and views TODOs. It runs inside this server.",
        },
        "servers": [{"url": base_url}],
        "paths": {
            "/todos/{username}": {
                "parameters": [username],
                "get": {
                    "operationId": "getTodos",
                    "summary": "Get the list of TODOs",
                    "responses": {
                        "200": {"description": "The list.", "content": {"application/json": {"schema": listed}}}
                    },
                },
                "post": {
                    "operationId": "addTodo",
                    "summary": "Add a TODO to the list",
                    "x-openai-isConsequential": False,
                    "requestBody": body("todo", {"type": "string", "description": "The TODO to add to the list."}),
                    "responses": ok,
                },
                "delete": {
                    "operationId": "deleteTodo",
                    "summary": "Delete a TODO from the list",
                    "requestBody": body(
                        "todo_idx",
                        {"type": "integer", "minimum": 0, "description": "The index of the TODO, counted from 0."},
                    ),
                    "responses": ok,
                },
            }
        },
    }


class TodoApi:
    """The API itself, as an ASGI app."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._writing = asyncio.Lock()
        self._lists: dict[str, list[str]] = _read_lists(file)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, value = await self._answer(scope, receive)
        content = value.encode() if isinstance(value, str) else json.dumps(value, ensure_ascii=False).encode()
        kind = b"text/plain; charset=utf-8" if isinstance(value, str) else b"application/json"
        headers = [(b"content-type", kind), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Any]:
        first, _, name = scope["path"].lstrip("/").partition("/")
        username = unquote(name)
        if first != "todos" or not username or "/" in name or len(username) > 100:
            return 404, {"error": "There is only /todos/{username}."}
        todos = self._lists.get(username, [])
        match scope["method"]:
            case "GET":
                return 200, {"todos": todos}
            case "POST":
                return await self._add(username, await _read_json(receive))
            case "DELETE":
                return await self._delete(username, await _read_json(receive))
            case _:
                return 405, {"error": "GET, POST and DELETE are understood."}

    async def _add(self, username: str, body: Any) -> tuple[int, Any]:
        todo = body.get("todo") if isinstance(body, dict) else None
        if not isinstance(todo, str) or not 0 < len(todo) <= LONGEST_TODO:
            return 400, {"error": f'Send {{"todo": "text"}}, at most {LONGEST_TODO} characters.'}
        todos = self._lists.setdefault(username, [])
        if len(todos) >= LONGEST_LIST or len(self._lists) > LONGEST_LIST:
            return 409, {"error": "The list is full."}
        todos.append(todo)
        await self._keep()
        return 200, "OK"

    async def _delete(self, username: str, body: Any) -> tuple[int, Any]:
        index = body.get("todo_idx") if isinstance(body, dict) else None
        todos = self._lists.get(username, [])
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(todos):
            return 404, {"error": f"There is no TODO {index!r}; the list has {len(todos)}."}
        todos.pop(index)
        await self._keep()
        return 200, "OK"

    async def _keep(self) -> None:
        async with self._writing:
            await asyncio.to_thread(_write, self._file, json.dumps(self._lists, ensure_ascii=False))


def _write(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(text, "utf-8")
    os.replace(draft, file)


def _read_lists(file: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


async def _read_json(receive: Receive) -> Any:
    content = b""
    while len(content) < 100_000:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            break
    try:
        return json.loads(content)
    except ValueError:
        return None


class _Quiet(uvicorn.Server):
    """A second server in the process: signals belong to the first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


class DemoServer:
    """Serves the API on loopback while the server runs; `place` is `127.0.0.1:PORT`."""

    def __init__(self, data_dir: Path, *, preferred_port: int = 0) -> None:
        self._socket = _listen(preferred_port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            TodoApi(data_dir / "demo-todos.json"), log_config=None, access_log=False, lifespan="off",
            server_header=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"http://{self.place}"

    def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="actionry-demo")

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task is not None:
            try:
                await asyncio.wait_for(self._task, 3)
            except TimeoutError:
                log(30, "the demo API did not stop in time")
        self._socket.close()


def _listen(preferred: int) -> socket.socket:
    """The port of the last start where it is free, so that what a user allowed stays allowed."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # as in main.py
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", preferred))
    except OSError:
        listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    return listener
