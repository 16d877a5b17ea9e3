"""Hostile texts: each is refused quickly by a budget, and the process lives on (THREATS D-01 to D-11)."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from actionry.errors import UnreadableDocument
from actionry.limits import READ_LIMITS
from actionry.syntax import read_tree

DEEP = 20_000
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
MERGES = "k0: &k0 {a: 1, b: 2}\n" + "".join(
    f"k{n}: &k{n}\n  <<: [*k{n - 1}, *k{n - 1}]\n  x{n}: 1\n" for n in range(1, 22)
)


def refused(text: str | bytes, cpu_s: float, **limits: int) -> UnreadableDocument:
    """Refused within that much CPU time of this process (five times what is expected: machines are shared)."""
    start = time.process_time()
    with pytest.raises(UnreadableDocument) as caught:
        read_tree(text, limits=replace(READ_LIMITS, **limits))
    assert time.process_time() - start < cpu_s
    return caught.value


@pytest.mark.row("D-01")
def test_alias_bomb() -> None:
    assert len(BOMB) < 442
    assert refused(BOMB, 0.25).code == "YAML-ALIAS"


@pytest.mark.row("D-01")
def test_many_aliases_and_cycles() -> None:
    assert refused("a: &a 1\nb: [" + "*a, " * 20_000 + "]", 0.5).code == "YAML-ALIAS"
    error = refused("a: 1\nb: &a [*a]", 0.25)
    assert (error.code, error.line) == ("YAML-ALIAS", 2)


@pytest.mark.row("D-02")
def test_merge_key_chain() -> None:
    assert refused(MERGES, 0.25).code == "YAML-ALIAS"


def test_honest_aliases_are_within_the_budget() -> None:
    text = "common: &c {description: x, schema: {type: string}}\nall:\n" + "- *c\n" * 9_000
    assert len(read_tree(text).root["all"]) == 9_000


@pytest.mark.row("D-03")
@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP + "]" * DEEP,
        '{"a":' * DEEP + "1" + "}" * DEEP,
        "[" * DEEP,
        "a: " + "[" * DEEP + "]" * DEEP,
        "a: " + "{a: " * DEEP + "1" + "}" * DEEP,
        "- " * DEEP + "x",
        "? " * DEEP + "x",
        "\n".join(" " * level + "a:" for level in range(1_500)),
        "\n".join(" " * (level // 2) + ("- " if level % 2 else "a:") for level in range(380)),
        "a: &x 1\n" + "b: " + "[" * DEEP,
    ],
    ids=["json", "json object", "unclosed", "flow", "flow map", "dashes", "keys", "block", "mixed", "careful"],
)
def test_deep_nesting(text: str) -> None:
    assert refused(text, 0.5).code == "SYNTAX-TOO-DEEP"


def test_depth_up_to_the_limit_is_read() -> None:
    for text in ("[" * 100 + "]" * 100, "a: " + "[" * 99 + "]" * 99, "- " * 100 + "x"):
        assert read_tree(text).root
    assert refused("[" * 101 + "]" * 101, 0.25).column == 101


@pytest.mark.row("D-04")
def test_size_is_checked_before_anything_else() -> None:
    assert refused(b"x" * 70_000_000, 0.05).code == "SYNTAX-TOO-LARGE"
    assert refused('{"a": 1}', 0.05, bytes=5).code == "SYNTAX-TOO-LARGE"


@pytest.mark.parametrize(
    "text", ["[" + "1," * 999 + "1]", "a: [" + "1," * 999 + "1]", "z: &x 1\na: [" + "1," * 999 + "1]"]
)
def test_nodes_are_counted(text: str) -> None:
    assert refused(text, 0.25, nodes=500).code == "SYNTAX-TOO-MANY-NODES"


@pytest.mark.row("D-09")
@pytest.mark.parametrize("form", ['{"b": 1,\n "a": %s}', "b: 1\na: %s", "b: &x 1\na: %s", "{'b': 1,\n 'a': %s}"])
@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 4_301, "9" * 1_000_000])
def test_numbers_beyond_all_use(form: str, number: str) -> None:
    error = refused(form % number, 1.5)
    assert (error.code, error.line) == ("SYNTAX-NUMBER-TOO-LARGE", 2)
    assert len(str(error)) < 300


@pytest.mark.row("D-11")
def test_a_megabyte_of_combining_marks_is_just_text() -> None:
    start = time.process_time()
    assert len(read_tree('{"a": "e' + "\u0301" * 1_000_000 + '"}').root["a"]) == 1_000_001
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"' * 50_000,
        "{" + "/*" * 100_000,
        "{" + "“" * 50_000,
        "{" + "'a" * 50_000,
        'a: "' + '"' * 100_000 + "*x",
        "a: " + ": " * 50_000,
        "```\n" * 50_000,
        "%" * 50_000,
        "! " * 50_000,
        "[a *x " * 50_000,
        "a: |\n\n" * 20_000 + "b: *x",
        "a: [" * 20_000 + "&x",
    ],
)
def test_reading_takes_time_in_proportion(text: str) -> None:
    start = time.process_time()
    with pytest.raises(UnreadableDocument):
        read_tree(text)
    assert time.process_time() - start < 1.5
