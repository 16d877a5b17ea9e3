"""Rules of the repository itself: what may stand in it, what it may import, and how fast it starts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Put together here, so that this file does not hold what it forbids.
_REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("crates", "io"), ("ghcr", "io"), ("docker", "io"), ("quay", "io"),
    )
]  # fmt: skip
# Lock files name where a file was found and its hash: that is their format, and nothing else may.
_LOCK_FILES = {"uv.lock", "package-lock.json"}
_MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:home|Users|root|work|opt|var/folders)/[\w.-]+")


@cache
def repository_texts() -> dict[str, str]:
    """Every text file that git keeps, or would keep, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    texts: dict[str, str] = {}
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and path.name not in _LOCK_FILES:
            content = path.read_bytes()
            if b"\0" not in content:
                texts[name] = content.decode("utf-8", "replace")
    return texts


@pytest.mark.parametrize("host", _REGISTRY_HOSTS)
def test_no_registry_host_stands_outside_lock_files(host: str) -> None:
    assert [name for name, text in repository_texts().items() if host in text] == []


def test_no_machine_path_stands_in_the_repository() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in repository_texts().items()
        for match in _MACHINE_PATH.finditer(text)
        if name != "tests/test_project.py"
    ]
    assert found == []


def test_every_promised_page_is_there() -> None:
    for name in (
        "README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
        "LICENSE",
    ):  # fmt: skip
        assert (ROOT / name).stat().st_size > 500, name
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["license"] == "Apache-2.0"


def test_the_import_contracts_hold(tmp_path: Path) -> None:
    """The layers that ARCHITECTURE.md draws, and the one door out."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--cache-dir", str(tmp_path)]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert completed.returncode == 0, completed.stdout


def _import_actionry() -> tuple[float, set[str]]:
    """CPU seconds that `import actionry` adds to a fresh interpreter, and the modules that it loads."""
    code = (
        "import json, sys, time\n"
        "before = time.process_time()\n"
        "import actionry\n"
        "print(json.dumps([time.process_time() - before, sorted(sys.modules)]))\n"
    )
    completed = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ},
    )
    seconds, modules = json.loads(completed.stdout)
    return float(seconds), set(modules)


def test_import_is_fast_and_loads_no_server_or_client() -> None:
    _import_actionry()  # the first one may write byte code
    measured = [_import_actionry() for _ in range(3)]
    modules = measured[0][1]
    # The HTTP client takes longer to load than all the rest; who only reads documents does not wait for it.
    unwanted = {
        "aiohttp",
        "fastapi",
        "starlette",
        "uvicorn",
        "sqlalchemy",
        "pydantic_ai",
        "mcp",
        "click",
        "rich",
    }
    assert modules & unwanted == set()
    assert min(seconds for seconds, _ in measured) < 0.25


def _rows_named_in_tests() -> dict[str, set[str]]:
    """Row id -> test files that name it in `pytest.mark.row(...)`."""
    rows: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for arguments in re.findall(r"mark\.row\(([^)]*)\)", path.read_text("utf-8")):
            for row in re.findall(r"[\"']([^\"']+)[\"']", arguments):
                rows.setdefault(row, set()).add(path.name)
    return rows


def test_rows_named_in_tests_exist() -> None:
    """An id that no list has would count as held although nobody asked for it."""
    lists = [ROOT.parent / "shared" / name for name in ("CANON.md", "THREATS.md")]
    if not all(path.is_file() for path in lists):
        pytest.skip("the lists of rows (CANON.md, THREATS.md) are not beside the checkout")
    known: set[str] = set()
    for path in lists:
        known |= set(re.findall(r"\b[A-Z]{1,3}-\d{2}[a-z]?\b", path.read_text("utf-8")))
    unknown = {row: files for row, files in _rows_named_in_tests().items() if row not in known}
    assert unknown == {}
