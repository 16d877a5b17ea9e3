"""`actionry test`: cases read strictly, calls compared, table, JUnit and exit code."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from actionry.kit.cases import ABSENT, fits
from actionry.kit.new import make_plugin
from support.kit_process import actionry

DOCUMENT = make_plugin("todo", "none", "quart").files["openapi.yaml"].replace(b"PLUGIN_HOSTNAME", b"https://a.test")


def write(folder: Path, text: str) -> str:
    (folder / "todo.yaml").write_bytes(DOCUMENT)
    (folder / "cases.yaml").write_text(f"source: todo.yaml\ncases:\n{text}")
    return str(folder / "cases.yaml")


GOOD = """
  - say: Add "buy milk" to the list of user ada
    call: addTodo
    arguments: { username: ada, todo: { contains: MILK } }
    exactly: true
  - say: Show the list of user ada
    call: getTodos
    arguments: { username: { any_of: [grace, ada] } }
  - say: Add "buy milk" to the list
    expect: question
  - say: Thank you, that is all.
    expect: no call
"""


def test_a_model_that_does_as_expected_passes(tmp_path: Path) -> None:
    done = actionry("test", write(tmp_path, GOOD), "--junit", str(tmp_path / "junit.xml"))
    assert done.returncode == 0, done.stdout
    assert "4 of 4 pass" in done.stdout
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "0", "0")


def test_a_model_that_does_not_fails_with_the_reason(tmp_path: Path) -> None:
    cases = write(
        tmp_path,
        '  - say: Add "buy milk" to the list of user ada\n    call: addTodo\n    arguments: { username: grace }\n'
        "  - say: Show the list of user ada\n    expect: no call\n"
        "  - say: Show the list of user ada\n    call: deleteTodo\n"
        '  - {say: Add "x" to the list of user ada, call: addTodo, arguments: {username: ada}, exactly: true}\n',
    )
    done = actionry("test", cases, "--junit", str(tmp_path / "junit.xml"))
    assert done.returncode == 1
    assert "`username` is 'ada', expected 'grace'" in done.stdout
    assert "calls getTodos, expected no call" in done.stdout
    assert "does not call deleteTodo; calls getTodos" in done.stdout
    assert "`todo` is given as well: 'x'" in done.stdout
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert suite.get("failures") == "4"
    report = json.loads(actionry("test", cases, "--json").stdout)
    assert (report[0]["model"], report[0]["failed"]) == ("rehearsal", 4)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  - say: x\n    cal: getTodos\n", "Did you mean `call`?"),
        ("  - say: x\n    call: getTood\n", "getTodos"),
        ("  - say: x\n", "expects nothing"),
        ("  - call: getTodos\n", "says nothing"),
        ("  - say: x\n    expect: maybe\n", "'maybe'"),
        ("  - say: x\n    call: getTodos\n    expect: no call\n", "expects 'no call'"),
        ("  - say: x\n    call: getTodos\n    arguments: {username: {any_of: ada}}\n", "any_of"),
        ("  - say: x\n    call: getTodos\n    arguments: {username: {matches: '('}}\n", "regular expression"),
        ("  []\n", "`cases`"),
    ],
)
def test_a_slip_in_the_file_is_told_and_never_passes(text: str, said: str, tmp_path: Path) -> None:
    done = actionry("test", write(tmp_path, text))
    assert done.returncode == 1
    assert said in done.stderr, done.stderr


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = actionry("test", write(tmp_path, GOOD), "--model", "nobody:model")
    assert done.returncode == 1
    assert "nobody" in done.stderr


@pytest.mark.parametrize(
    ("expected", "value", "holds"),
    [
        (1, 1.0, True),
        (1, True, False),
        ("a", "A", False),
        ({"contains": "b"}, "aBc", True),
        ({"contains": [1, 2]}, [2, 1, 3], True),
        ({"contains": {"a": 1}}, {"a": 1, "b": 2}, True),
        ({"any_of": [1, {"contains": "x"}]}, "xyz", True),
        ({"matches": r"^\d+$"}, "12", True),
        ({"not": {"contains": "b"}}, "a", True),
        ({"absent": True}, ABSENT, True),
        ({"absent": True}, "x", False),
        ({"exactly": {"contains": "x"}}, {"contains": "x"}, True),
        ({"a": [1, 2]}, {"a": [1, 2]}, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ("x", ABSENT, False),
    ],
)
def test_matchers(expected: object, value: object, holds: bool) -> None:
    assert fits(expected, value) is holds
