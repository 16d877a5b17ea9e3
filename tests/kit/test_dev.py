"""`actionry dev` and the tutorial that leads through it, followed word by word."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.kit_process import actionry, dev

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorials" / "write-a-plugin.md"


def blocks() -> list[str]:
    return re.findall(r"^```\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def matches(printed: str, expected: str) -> bool:
    """Line by line; times, ports and the page's address are others each time."""
    for line in expected.strip().splitlines():
        pattern = re.escape(" ".join(line.split())).replace("…", ".*")
        pattern = re.sub(r"\\\(\d+\\ ms\\\)", r"\\(\\d+ ms\\)", pattern).replace("5003", r"\d+").replace("─", "")
        if not re.search(pattern, re.sub(r"[ \t]+", " ", printed).replace("─", "")):
            return False
    return True


@pytest.mark.row("DX-01")
def test_the_tutorial_word_by_word(tmp_path: Path) -> None:
    make, made, serve, served, calls, answer, test, tested, change, changed, *_ = blocks()

    def run(command: str, port: int = 0) -> str:
        words = shlex.split(command.replace("5003", str(port)))
        assert words[:2] == ["./run", "actionry"]
        if words[2] == "test":
            words += ["--source", f"http://localhost:{port}"]
        done = actionry(*words[2:], cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert matches(run(make), made)
    assert serve.split() == ["./run", "actionry", "dev", "mytodo"]
    with dev("mytodo", cwd=tmp_path) as running:
        running.wait_for("^Mytodo: ")
        assert matches("\n".join(running.lines), served)
        add, show = calls.strip().splitlines()
        run(add, running.port)
        assert matches(run(show, running.port), answer)
        assert matches(run(test, running.port), tested)
        path = tmp_path / "mytodo" / "main.py"
        old = re.search(r"^@todos\.get\(.*\)$", path.read_text(), re.MULTILINE)
        assert old is not None
        running.lines.clear()
        path.write_text(path.read_text().replace(old[0], change.strip()))
        running.wait_for("DESCRIBE-OVERREACH")
        assert matches("\n".join(running.lines), changed)


@pytest.mark.row("DX-03")
def test_the_sources_own_plugin_is_served_with_http_on_this_machine(tmp_path: Path) -> None:
    """CANON 6: https before every Host header, invalid 3.0, a bare array, DELETE with a body."""
    (tmp_path / "main.py").write_text(SOURCES)
    with dev(str(tmp_path)) as running:
        running.wait_for("^TODO Plugin: getTodos, addTodo, deleteTodo")
        manifest = running.ask("GET", "/.well-known/ai-plugin.json").json()
        assert manifest["api"]["url"] == f"http://127.0.0.1:{running.port}/openapi.yaml"
        allow = ["--allow", "127.0.0.1/32", "--yes"]
        for words in (["addTodo", "todo=milk"], ["addTodo", "todo=tea"], ["deleteTodo", "todo_idx=0"]):
            done = actionry("call", running.url, *words, "username=ada", *allow)
            assert done.returncode == 0, done.stdout + done.stderr
        assert running.ask("GET", "/todos/ada").json() == ["tea"]
        running.wait_for(r"DELETE /todos/ada -> 200 .* deleteTodo$")


SOURCES = '''
import json
TODOS = {}
MANIFEST = {"schema_version": "v1", "name_for_human": "TODO Plugin (no auth)", "name_for_model": "todo",
  "description_for_human": "Plugin for managing a TODO list.", "description_for_model": "Plugin for managing a TODO list.",
  "auth": {"type": "none"}, "api": {"type": "openapi", "url": "PLUGIN_HOSTNAME/openapi.yaml"},
  "logo_url": "PLUGIN_HOSTNAME/logo.png", "contact_email": "a@example.com", "legal_info_url": "http://www.example.com/x"}
DOCUMENT = """openapi: 3.0.1
info: {title: TODO Plugin, version: v1}
servers: [{url: PLUGIN_HOSTNAME}]
paths:
  /todos/{username}:
    get: {operationId: getTodos, summary: Get the list, parameters: [&u {in: path, name: username, required: true, schema: {type: string}}], responses: {"200": {description: OK, content: {application/json: {schema: {type: object, properties: {todos: {type: array, items: {type: string}}}}}}}}}
    post: {operationId: addTodo, summary: Add a todo, parameters: [*u], requestBody: {required: true, content: {application/json: {schema: {type: object, required: [todo], properties: {todo: {type: string, required: true}}}}}}, responses: {"200": {description: OK}}}
    delete: {operationId: deleteTodo, summary: Delete a todo, parameters: [*u], requestBody: {required: true, content: {application/json: {schema: {type: object, required: [todo_idx], properties: {todo_idx: {type: integer, required: true}}}}}}, responses: {"200": {description: OK}}}
"""

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    host = dict(scope["headers"])[b"host"].decode()
    path, todos = scope["path"], TODOS.setdefault(scope["path"].split("/")[-1], [])
    kind, text = b"text/html", "OK"
    if path == "/.well-known/ai-plugin.json":
        kind, text = b"text/json", json.dumps(MANIFEST).replace("PLUGIN_HOSTNAME", "https://" + host)
    elif path == "/openapi.yaml":
        kind, text = b"text/yaml", DOCUMENT.replace("PLUGIN_HOSTNAME", "https://" + host)
    elif scope["method"] == "POST":
        todos.append(json.loads(body)["todo"])
    elif scope["method"] == "DELETE":
        index = json.loads(body)["todo_idx"]
        if 0 <= index < len(todos):
            todos.pop(index)
    else:
        text = json.dumps(todos)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": text.encode()})
'''  # noqa: E501


def test_a_remote_api_behind_the_proxy_with_files_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "main.py").write_text(SOURCES)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "openapi.yaml").write_text(
        "openapi: 3.0.1\ninfo: {title: Mine, version: '1'}\nservers: [{url: PLUGIN_HOSTNAME}]\npaths:\n"
        "  /todos/{username}:\n    get:\n      operationId: getTodos\n      summary: Get the list\n"
        "      parameters: [{name: username, in: path, required: true, schema: {type: string}}]\n"
        "      responses: {'200': {description: The list.}}\n"
    )
    with dev(str(tmp_path / "api")) as api, dev(api.url, "--files", str(tmp_path / "files")) as running:
        running.wait_for("^Mine: getTodos")
        for path in ("/openapi.yaml", "/openapi.json"):
            assert f"http://127.0.0.1:{running.port}".encode() in running.ask("GET", path).content
        assert running.ask("GET", "/todos/ada").json() == []
        assert running.ask("GET", "/elsewhere").status == 200
        running.wait_for("CALL-UNDECLARED")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "no folder"),
        (["."], "main.py"),
        (["ftp://a.test"], "no address"),
    ],
)
def test_wrong_places_are_told(words: list[str], said: str, tmp_path: Path) -> None:
    done = actionry("dev", *words, cwd=tmp_path)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_plugin_that_cannot_start_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("import package_that_is_not_there\n")
    done = actionry("dev", ".", "--port", "0", cwd=tmp_path)
    assert done.returncode == 1
    assert "package_that_is_not_there" in done.stderr


def test_a_plugin_that_breaks_is_told_and_started_again_when_it_is_mended(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(SOURCES)
    with dev(str(tmp_path)) as running:
        running.wait_for("^TODO Plugin: ")
        (tmp_path / "main.py").write_text("this is no Python\n")
        running.wait_for("error The plugin has stopped")
        assert running.ask("GET", "/todos/ada").status == 503
        assert running.port
        running.lines.clear()
        (tmp_path / "main.py").write_text(SOURCES)
        running.wait_for("^TODO Plugin: ")
        assert running.ask("GET", "/todos/ada").status == 200
