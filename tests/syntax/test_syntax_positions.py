"""Where a JSON pointer stands in the text, for JSON, YAML and mended texts; duplicate keys."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from actionry.findings import join_pointer
from actionry.syntax import find_duplicate_keys, read_tree

BLOCK = """\
# comment
openapi: 3.0.0
paths:
  /pets/{id}:  # a path
    get:
      tags: [a, {b: c}]
      description: |
        get: not this one
        paths:
      parameters:
      - name: id
        in: path
      -
        name: "q"
  'quoted ''key''':
    "double \\"key\\"": {x: 1, "y z": [1, [2, 3]]}
common: &common
  get: 1
again: *common
merged:
  <<: *common
  own: 2
"""


@pytest.mark.parametrize(
    ("pointer", "line", "column"),
    [
        ("", 2, 1),
        ("/paths", 3, 1),
        ("/paths/~1pets~1{id}", 4, 3),
        ("/paths/~1pets~1{id}/get", 5, 5),
        ("/paths/~1pets~1{id}/get/tags/0", 6, 14),
        ("/paths/~1pets~1{id}/get/tags/1/b", 6, 18),
        ("/paths/~1pets~1{id}/get/parameters/0/in", 12, 9),
        ("/paths/~1pets~1{id}/get/parameters/1", 14, 9),
        ("/paths/~1pets~1{id}/get/parameters/1/name", 14, 9),
        ("/paths/quoted 'key'", 15, 3),
        ("/paths/quoted 'key'/double \"key\"", 16, 5),
        ("/paths/quoted 'key'/double \"key\"/y z/1/1", 16, 45),
        ("/again/get", 18, 3),
        ("/merged/get", 18, 3),
        ("/merged/own", 22, 3),
        ("/paths/~1pets~1{id}/get/missing/deeper", 5, 5),
        ("/nowhere", 2, 1),
    ],
)
def test_yaml_positions(pointer: str, line: int, column: int) -> None:
    position = read_tree(BLOCK).locate(pointer)
    assert position is not None
    assert (position.line, position.column) == (line, column)


def test_json_positions() -> None:
    tree = read_tree('{"a": {"b/c": [1,\n {"x}": "{"}]},\r\n "d\\"": "e"}')
    places = {pointer: tree.locate(pointer) for pointer in ("", "/a", "/a/b~1c", "/a/b~1c/1", "/a/b~1c/1/x}", '/d"')}
    found = {pointer: (place.line, place.column) for pointer, place in places.items() if place}
    assert found == {
        "": (1, 1), "/a": (1, 2), "/a/b~1c": (1, 8), "/a/b~1c/1": (2, 2), "/a/b~1c/1/x}": (2, 3), '/d"': (3, 2)
    }  # fmt: skip


def test_positions_count_in_the_source_when_it_was_mended() -> None:
    tree = read_tree("Here:\n```\n{// c\n “a”: 1, /* long comment */ 'b': [1,,\n 2]}\n```")
    places = [tree.locate(pointer) for pointer in ("/a", "/b", "/b/1")]
    assert [(place.line, place.column) for place in places if place] == [(4, 2), (4, 29), (5, 2)]
    tabs = read_tree("a:\n\tb: 1\n\tc: @x\n")
    place = tabs.locate("/a/c")
    assert place is not None
    assert place.line == 3


def test_a_foreign_pointer_has_no_place() -> None:
    assert read_tree("a: 1").locate("#/a") is None


keys = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=6
)
trees = st.recursive(
    st.integers() | st.text(alphabet="ab: -'\"\n#{[", max_size=8),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(keys, inner, min_size=1, max_size=3),
    max_leaves=12,
)


def node_places(node: yaml.Node | None, pointer: str, found: dict[str, tuple[int, int]]) -> None:
    """Positions by libyaml's own marks."""
    members: list[tuple[str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        members = [(key.value, key, value) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        members = [(str(index), item, item) for index, item in enumerate(node.value)]
    for name, at, value in members:
        inner = join_pointer(pointer, name)
        found[inner] = (at.start_mark.line + 1, at.start_mark.column + 1)
        node_places(value, inner, found)


@given(
    st.dictionaries(keys, trees, min_size=1, max_size=4), st.sampled_from(["block", "flow", "json", "json indented"])
)
def test_positions_agree_with_libyaml(value: dict[str, Any], form: str) -> None:
    if form.startswith("json"):
        text = json.dumps(value, ensure_ascii=False, indent=2 if form == "json indented" else None)
    else:
        text = yaml.safe_dump(value, default_flow_style=form == "flow", allow_unicode=True, width=30)
    tree = read_tree(text)
    expected: dict[str, tuple[int, int]] = {}
    node_places(yaml.compose(text, yaml.CSafeLoader), "", expected)
    for pointer, place in expected.items():
        found = tree.locate(pointer)
        assert found is not None
        assert (found.line, found.column) == place, pointer


def test_duplicate_keys_are_found_where_they_stand() -> None:
    text = "a:\n  x: 1\n  y: |\n    x: 2\n    x: 3\n  x: 4\nb: &b {c: 1, c: 2}\nd: {<<: *b, c: 3}\ne: *b\n"
    for findings in (
        find_duplicate_keys(read_tree(text)),
        find_duplicate_keys(read_tree(text.replace("&b", "  ").replace("*b", "{}"))),
    ):
        assert [(finding.pointer, finding.line, finding.column) for finding in findings] == [
            ("/a/x", 6, 3),
            ("/b/c", 7, 14),
        ]
    findings = find_duplicate_keys(read_tree('{"a": {"b": 1, "b": 2}, "c": 1,\n"a": {}}'))
    assert [(finding.pointer, finding.line) for finding in findings] == [("/a", 2)]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_large_text_is_located_and_searched_quickly(form: str) -> None:
    operation = {
        "operationId": "x",
        "description": "text *with* {brackets} " * 5,
        "parameters": [{"name": "a", "in": "query"}],
    }
    document = {"paths": {f"/p{n}": {"get": operation, "post": operation} for n in range(6_000)}}
    text = json.dumps(document, indent=1)
    if form == "yaml":
        member = yaml.safe_dump(document["paths"]["/p1"], width=200)
        indented = "".join(f"    {line}\n" for line in member.splitlines())
        text = "paths:\n" + "".join(f"  /p{n}:\n{indented}" for n in range(6_000)).replace("&id001", "").replace(
            "*id001", "{}"
        )
    tree = read_tree(text)
    start = time.process_time()
    places = [tree.locate(f"/paths/~1p{n}/get/parameters/0/name") for n in range(0, 6_000, 10)]
    assert all(places)
    assert len({place.line for place in places if place}) == 600
    assert find_duplicate_keys(tree) == []
    assert time.process_time() - start < 8.0
