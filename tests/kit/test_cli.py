"""The commands as their users run them: output, exit codes, and one clear sentence for bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TODO = str(ROOT / "docs" / "examples" / "todo.yaml")


def actionry(
    *words: str, stdin: str | None = None, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("actionry")), *words]
    done = subprocess.run(
        command,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


def test_alone_it_prints_the_few_commands_that_a_newcomer_needs() -> None:
    done = actionry()
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("inspect", "lint", "call", "SOURCE"))


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("inspect",),
        ("lint", TODO, "--profile", "other"),
        ("call", TODO, "addTodo", "novalue"),
        ("call", TODO),
    ],
)
def test_wrong_use_is_exit_code_2(words: tuple[str, ...]) -> None:
    assert actionry(*words).returncode == 2


# ------------------------------------------------------------------------- inspect


def test_inspect_shows_functions_tokens_consent_and_security() -> None:
    done = actionry("inspect", TODO)
    assert done.returncode == 0
    assert all(
        word in done.stdout for word in ("getTodos", "/todos/{username}", "asks first?", "tokens", "3 functions")
    )


def test_inspect_for_machines_and_for_providers() -> None:
    shown = json.loads(actionry("inspect", TODO, "--json").stdout)
    assert [function["name"] for function in shown["functions"]] == ["getTodos", "addTodo", "deleteTodo"]
    tools = json.loads(actionry("inspect", TODO, "--as", "openai").stdout)
    assert tools[1]["function"]["name"] == "addTodo"
    assert "type addTodo" in actionry("inspect", TODO, "--as", "typescript").stdout


def test_inspect_one_function_and_the_nearest_names() -> None:
    assert "type addTodo" in actionry("inspect", TODO, "--function", "addTodo").stdout
    done = actionry("inspect", TODO, "--function", "addTood")
    assert done.returncode == 1
    assert "Did you mean addTodo" in done.stderr


def test_inspect_finds_functions_by_a_sentence() -> None:
    shown = json.loads(actionry("inspect", TODO, "--find", "remove the second entry of my list", "--json").stdout)
    assert shown["functions"][0]["name"] == "deleteTodo"


@pytest.mark.row("X-12")
def test_no_control_sequence_of_a_document_reaches_the_terminal(tmp_path: Path) -> None:
    raw = json.loads(json.dumps({"openapi": "3.1.0", "info": {"title": "\x1b]52;c;evil\x07T", "version": "1"}}))
    raw["paths"] = {"/a\x1b[2J": {"get": {"operationId": "a", "description": "\x1b]8;;x\x07"}}}
    source = tmp_path / "x.json"
    source.write_text(json.dumps(raw))
    for words in (("inspect",), ("inspect", "--as", "typescript"), ("lint",)):
        done = actionry(words[0], str(source), *words[1:])
        assert "\x1b" not in done.stdout + done.stderr
        assert "\x07" not in done.stdout + done.stderr


# ---------------------------------------------------------------------- bad sources


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"<!doctype html><html><body>Not found</body></html>", "HTML"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "PNG"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b'{"openapi": "3.0.0", "paths": {"/a" [1}}', "JSON"),
        (b"openapi: 3.0.0\npaths:\n  /a: b: c\n", "line 3"),
        (b"[1, 2]", "list"),
        (b"just some words", "text"),
    ],
    ids=range(8),
)
@pytest.mark.parametrize("command", ["inspect", "lint", "call"])
def test_what_is_no_document_is_one_sentence(tmp_path: Path, command: str, content: bytes, says: str) -> None:
    source = tmp_path / "document"
    source.write_bytes(content)
    done = actionry(command, str(source), *(["x"] if command == "call" else []))
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert says.lower() in told.lower(), told
    assert len(told.strip().splitlines()) <= 4


def test_a_file_beyond_the_budget_is_refused_unread(tmp_path: Path) -> None:
    source = tmp_path / "big.json"
    with source.open("wb") as file:
        file.truncate(100_000_000)
    done = actionry("inspect", str(source))
    assert done.returncode == 1
    assert "100,000,000 bytes" in done.stderr


def test_a_missing_file_says_what_a_source_may_be() -> None:
    done = actionry("inspect", "nowhere.yaml")
    assert done.returncode == 1
    assert "no file" in done.stderr
    assert "https://" in done.stderr


# ---------------------------------------------------------------------------- lint

ROUGH = """openapi: 3.0.1
info: {title: TODO, version: v1}
servers: [{url: https://todo.test}]
paths:
  /todos/{username}:
    post:
      operationId: addTodo
      summary: Add a todo
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              properties:
                todo: {type: string, required: true}
      responses:
        200: {description: OK}
"""


def test_lint_prints_places_as_an_editor_jumps_to_them(tmp_path: Path) -> None:
    source = tmp_path / "todo.yaml"
    source.write_text(ROUGH)
    done = actionry("lint", str(source))
    assert done.returncode == 1
    assert f"{source}:16:38 warning SPEC-REQ-BOOL" in done.stdout
    assert "[--fix mends it]" in done.stdout


def test_lint_fix_writes_the_document_anew_and_loses_nothing(tmp_path: Path) -> None:
    source = tmp_path / "todo.yaml"
    source.write_text(ROUGH)
    done = actionry("lint", str(source), "--fix")
    assert done.returncode == 0, done.stdout
    written = source.read_text()
    schema = yaml.safe_load(written)["paths"]["/todos/{username}"]["post"]["requestBody"]["content"]["application/json"]
    assert schema["schema"] == {"type": "object", "properties": {"todo": {"type": "string"}}, "required": ["todo"]}
    assert "'200':" in written
    again = json.loads(actionry("inspect", str(source), "--json").stdout)
    assert [function["name"] for function in again["functions"]] == ["addTodo"]


def test_lint_fix_converts_swagger_to_openapi_3_1(tmp_path: Path) -> None:
    source, target = tmp_path / "old.json", tmp_path / "new.json"
    body = {"name": "pet", "in": "body", "schema": {"$ref": "#/definitions/Pet"}}
    source.write_text(
        json.dumps(
            {
                "swagger": "2.0",
                "info": {"title": "Pets", "version": "1"},
                "host": "pets.test",
                "paths": {
                    "/pets": {
                        "post": {"operationId": "add", "parameters": [body], "responses": {"200": {"description": "x"}}}
                    }
                },
                "definitions": {"Pet": {"type": "object", "properties": {"name": {"type": "string"}}}},
            }
        )
    )
    actionry("lint", str(source), "--fix", "--output", str(target))
    written: dict[str, Any] = json.loads(target.read_text())
    assert written["openapi"] == "3.1.1"
    assert written["servers"] == [{"url": "https://pets.test"}]
    media = written["paths"]["/pets"]["post"]["requestBody"]["content"]["application/json"]
    assert media == {"schema": {"$ref": "#/components/schemas/Pet"}}
    for name in (source, target):
        request = actionry("call", str(name), "add", "name=Rex", "--dry-run").stdout
        assert request.endswith('{"name":"Rex"}\n')


def test_lint_reads_manifests_too(tmp_path: Path) -> None:
    source = tmp_path / "ai-plugin.json"
    source.write_text(
        json.dumps({"schema_version": "v1", "name_for_model": "todo", "api": {"type": "openapi", "url": "x"}})
    )
    done = actionry("lint", str(source), "--json")
    assert any(row["code"].startswith("MANIFEST-") for row in json.loads(done.stdout))


def test_lint_from_standard_input_for_machines() -> None:
    rows = json.loads(actionry("lint", "-", "--json", "--profile", "openai", stdin=ROUGH).stdout)
    assert {"code", "severity", "pointer", "line", "column", "message", "effect", "mend", "fix"} == set(rows[0])


# ---------------------------------------------------------------------------- call


@pytest.mark.parametrize(
    "words",
    [
        ["username=ada", "body.todo=Buy milk"],
        ["username=ada", "todo=Buy milk"],
        ["username=ada", 'body={"todo": "Buy milk"}'],
        ["username=ada", 'body:={"todo": "Buy milk"}'],
        ['username:="ada"', "todo=Buy milk"],
    ],
)
def test_dry_run_prints_the_exact_request(words: list[str]) -> None:
    done = actionry("call", TODO, "addTodo", *words, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        'POST /todos/ada HTTP/1.1\nHost: localhost:5003\nContent-Type: application/json\n\n{"todo":"Buy milk"}\n'
    )


def test_wrong_arguments_name_argument_rule_and_example() -> None:
    done = actionry("call", TODO, "addTodo", "username=ada", "body={}", "--dry-run")
    assert done.returncode == 1
    assert "todo" in done.stderr


def test_a_private_address_is_not_reached_unless_allowed() -> None:
    done = actionry("call", TODO, "getTodos", "username=ada", "--base-url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
