"""The documentation holds: examples run, links lead somewhere, every public name is told.

In a ```` ```python ```` block, lines that begin with `#> ` are what the block prints; the blocks of one page
share their names, from top to bottom. In a ```` ```console ```` block, each `$ ./run …` line is run and must
print the lines below it; a line `...` stands for any number of lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import actionry
from actionry import errors
from check_links import broken_links, pages

ROOT = Path(__file__).resolve().parent.parent

_BLOCK = re.compile(
    r"^(?P<indent>[ \t]*)```(?P<language>python|console)(?P<options>[^\n]*)\n(?P<text>.*?)^(?P=indent)```",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    page: Path
    line: int
    """Of the first line of code, 1-based."""
    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [
        Block(page, text.count("\n", 0, match.start("text")) + 1, match["language"], _dedent(match))
        for match in _BLOCK.finditer(text)
    ]


def _dedent(match: re.Match[str]) -> str:
    indent = match["indent"]
    return "".join(line.removeprefix(indent) for line in match["text"].splitlines(keepends=True))


def pages_with(language: str) -> list[Path]:
    return [page for page in pages() if any(block.language == language for block in blocks(page))]


def _id(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def project_copy(tmp_path: Path) -> Path:
    """A folder with what examples read, so that none of them can change the project."""
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    return tmp_path


@pytest.mark.parametrize("page", pages_with("python"), ids=_id)
def test_python_examples_run_and_print_what_they_say(
    page: Path, project_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project_copy)
    monkeypatch.syspath_prepend(project_copy / "docs" / "examples")
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language != "python":
            continue
        printed = io.StringIO()
        # Empty lines first, so that a traceback shows the line of the page.
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        with contextlib.redirect_stdout(printed):
            exec(code, names)
        said = [line[3:] for line in block.text.splitlines() if line.startswith("#> ")]
        if said:
            assert printed.getvalue().splitlines() == said, f"{_id(page)}:{block.line} prints something else"


@dataclass(frozen=True, slots=True)
class Command:
    page: Path
    line: int
    arguments: list[str]
    expected: list[str]


def commands(page: Path) -> list[Command]:
    """The `$ ./run …` lines of a page with the lines each is said to print."""
    found: list[Command] = []
    for block in blocks(page):
        if block.language != "console":
            continue
        for number, line in enumerate(block.text.splitlines(), start=block.line):
            if line.startswith("$ "):
                found.append(Command(page, number, shlex.split(line[2:], comments=True), []))
            elif found:
                found[-1].expected.append(line)
    return [command for command in found if command.arguments[:1] == ["./run"]]


def matches(printed: list[str], expected: list[str]) -> bool:
    """Whether the printed lines are the expected ones; `...` stands for any number of lines."""
    pattern = "".join("(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + "\n" for line in expected)
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed)) is not None


_COMMANDS = [command for page in pages_with("console") for command in commands(page)]


@pytest.mark.parametrize("command", _COMMANDS, ids=lambda command: f"{_id(command.page)}:{command.line}")
def test_console_examples_print_what_they_say(command: Command, project_copy: Path) -> None:
    name, *rest = command.arguments[1:]
    if name != "actionry":
        pytest.skip("`./run` itself is tested in test_run_script.py")
    completed = subprocess.run(
        [sys.executable, "-c", "from actionry.kit.cli import main; main()", *rest],
        cwd=project_copy,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in completed.stderr, completed.stderr
    assert completed.returncode in (0, 1), completed.stderr  # 2 is wrong use: the example itself is at fault
    if command.expected:
        printed = completed.stdout.rstrip("\n").splitlines()
        assert matches(printed, command.expected), f"printed:\n{completed.stdout}\n{completed.stderr}"


@pytest.mark.parametrize("page", pages(), ids=_id)
def test_links_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def names_listed_in(page: str) -> set[str]:
    """The names that stand as headings, e.g. "### `load_action`"."""
    text = (ROOT / page).read_text("utf-8")
    return set(re.findall(r"^#{2,4} `([A-Za-z_]+)`", text, re.MULTILINE))


def test_public_names_are_the_documented_ones() -> None:
    assert set(actionry.__all__) == names_listed_in("docs/reference/public-names.md")


def test_public_names_exist_and_say_what_they_are() -> None:
    for name in actionry.__all__:
        assert (getattr(actionry, name).__doc__ or "").strip(), f"{name} has no docstring"


def test_every_error_is_documented() -> None:
    text = (ROOT / "docs/reference/public-names.md").read_text("utf-8")
    found = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.ActionryError)
    }
    assert found == set(re.findall(r"`actionry\.errors\.(\w+)`", text))
