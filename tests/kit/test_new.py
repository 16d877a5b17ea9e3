"""DX-01, DX-02: each scaffold runs, is linted, is called, and passes its own tests."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from actionry.kit.new import make_plugin
from support.kit_process import actionry, dev

KINDS = ("none", "service_http", "user_http", "oauth")
MEANT = {"SERVER-LOCALHOST", "MANIFEST-LOCAL", "MANIFEST-LOCAL-AUTH", "MANIFEST-NO-TOKENS", "BODY-ON-DELETE"}
"""On this machine, not registered yet, and the DELETE with a body that the sources have."""


@pytest.mark.row("DX-02")
@pytest.mark.parametrize("auth", KINDS)
def test_a_scaffold_runs_is_called_and_passes_its_own_tests(auth: str, tmp_path: Path) -> None:
    made = actionry("new", "my-todo", "--auth", auth, cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    folder = tmp_path / "my-todo"
    with dev(str(folder)) as running:
        manifest = running.ask("GET", "/.well-known/ai-plugin.json").json()
        assert manifest["auth"]["type"] == auth
        assert manifest["api"]["url"] == f"http://127.0.0.1:{running.port}/openapi.json"
        assert running.ask("GET", "/logo.png").content.startswith(b"\x89PNG")
        linted = actionry("lint", running.url, "--allow", "127.0.0.1/32", "--json")
        codes = {finding["code"] for finding in json.loads(linted.stdout)}
        assert codes <= MEANT, linted.stdout
        if auth in ("none", "service_http", "user_http"):
            key = _token(folder) if auth == "service_http" else made.stdout.partition("once: ")[2].partition("\n")[0]
            words = ["--key", key] if auth != "none" else []
            user = [] if auth == "user_http" else ["username=ada"]
            allow = ["--allow", "127.0.0.1/32", "--yes"]
            added = actionry("call", running.url, "addTodo", *user, "todo=buy milk", *words, *allow)
            assert added.returncode == 0, added.stdout + added.stderr
            listed = actionry("call", running.url, "getTodos", *user, *words, *allow, "--json")
            assert json.loads(listed.stdout)["data"] == {"todos": ["buy milk"]}
        if auth != "none":
            assert running.ask("GET", "/todos" if auth != "service_http" else "/todos/ada").status == 401
        tested = actionry("test", str(folder / "cases.yaml"), "--source", running.url)
        assert tested.returncode == 0, tested.stdout
    _run_own_tests(folder)


def _token(folder: Path) -> str:
    return str(json.loads((folder / "secrets.json").read_text())["service_token"])


def _run_own_tests(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_plugin.py"],
        cwd=folder, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.row("DX-01")
@pytest.mark.parametrize("auth", KINDS)
def test_the_quart_variant_has_a_document_without_findings(auth: str, tmp_path: Path) -> None:
    made = actionry("new", "todo", "--auth", auth, "--framework", "quart", cwd=tmp_path)
    assert "pip install -r" in made.stdout
    folder = tmp_path / "todo"
    assert "quart" in (folder / "requirements.txt").read_text()
    text = (folder / "openapi.yaml").read_text().replace("PLUGIN_HOSTNAME", "https://todo.test")
    (tmp_path / "openapi.yaml").write_text(text)
    linted = actionry("lint", str(tmp_path / "openapi.yaml"), "--json")
    assert {finding["code"] for finding in json.loads(linted.stdout)} <= MEANT, linted.stdout
    for name in ("main.py", "test_plugin.py"):
        compile((folder / name).read_text(), name, "exec")


@pytest.mark.skipif(find_spec("quart") is None, reason="Quart is the variant's own requirement")
@pytest.mark.parametrize("auth", KINDS)
def test_the_quart_variant_passes_its_own_tests(auth: str, tmp_path: Path) -> None:
    actionry("new", "todo", "--auth", auth, "--framework", "quart", cwd=tmp_path)
    _run_own_tests(tmp_path / "todo")


def test_secrets_are_new_for_each_plugin_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    first, second = (make_plugin("todo", "oauth", "fastapi").files["secrets.json"] for _ in range(2))
    assert first != second
    actionry("new", "todo", "--auth", "oauth", cwd=tmp_path)
    assert stat.S_IMODE((tmp_path / "todo" / "secrets.json").stat().st_mode) == 0o600
    assert "secrets.json" in (tmp_path / "todo" / ".gitignore").read_text()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "todo").mkdir()
    (tmp_path / "todo" / "precious").write_text("x")
    done = actionry("new", "todo", cwd=tmp_path)
    assert done.returncode == 1
    assert "already there" in done.stderr
    assert [path.name for path in (tmp_path / "todo").iterdir()] == ["precious"]


@pytest.mark.parametrize("name", ["my todo!", "待办", "a" * 80, "123"])
def test_any_folder_name_gives_names_that_a_manifest_may_have(name: str) -> None:
    files = make_plugin(name, "none", "fastapi").files
    manifest = json.loads(files[".well-known/ai-plugin.json"])
    assert manifest["name_for_model"].replace("_", "").isalnum()
    assert 0 < len(manifest["name_for_human"]) <= 20
