"""YAML 1.2: what scalars mean, odd keys, aliases, merge keys; both readers agree; errors explain themselves."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from actionry.errors import UnreadableDocument
from actionry.limits import READ_LIMITS
from actionry.syntax import read_tree
from actionry.syntax.mends import FindingList, Lines, MendedText
from actionry.syntax.yaml_scan import is_plain_yaml
from actionry.syntax.yaml_text import read_carefully, read_yaml


@pytest.mark.parametrize(
    ("written", "value"),  # YAML 1.2.2 section 10.3.2, and what YAML 1.1 made of the same
    [
        *[(word, word) for word in ("on", "off", "yes", "no", "Yes", "NO", "y", "n", "tRue", "nULL")],
        *[("true", True), ("TRUE", True), ("False", False), ("null", None), ("~", None), ("", None), ("Null", None)],
        *[("2020-01-01", "2020-01-01"), ("12:30:45", "12:30:45"), ("1_000", "1_000"), ("0b11", "0b11"), ("=", "=")],
        *[("0777", 777), ("0o17", 15), ("0x1F", 31), ("-5", -5), ("+5", 5), ("0", 0), ("+0x1", "+0x1"), ("0o8", "0o8")],
        *[("1.0", 1.0), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-2", -0.015), ("1.2.3", "1.2.3"), (".", ".")],
        *[(".inf", ".inf"), ("-.Inf", "-.Inf"), (".NaN", ".NaN"), ("9" * 30, int("9" * 30)), ("2" * 19, int("2" * 19))],
        *[("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("!!int '3'", 3), ("!!timestamp 1", "1")],
        *[
            ('"\\u00e9\\x41\\/"', "éA/"),
            ("'it''s'", "it's"),
            ("a #b", "a"),
            ("a#b", "a#b"),
            ("http://x:80/", "http://x:80/"),
        ],
        *[
            ("|\n  x\n  y\n", "x\ny\n"),
            (">-\n  x\n  y\n", "x y"),
            ("|\n  x", "x\n"),
            ("|\n\n\n", ""),
            (">\n  x\n\n  y", "x\ny\n"),
        ],
        *[
            ("{x: 1, y: [a b, c]}", {"x": 1, "y": ["a b", "c"]}),
            ("[]", []),
            ("a\u2028b", "a\u2028b"),
            ("a\x85b", "a\x85b"),
        ],
    ],
)
def test_scalars_follow_the_core_schema(written: str, value: object) -> None:
    for text in (f"a: {written}", f"z: &anchor 1\na: {written}"):
        root = read_tree(text).root
        assert root["a"] == value
        assert type(root["a"]) is type(value)


def test_keys_are_text_as_they_are_written() -> None:
    text = "200: a\n0x10: b\n1.10: c\nnull: d\n~: e\ntrue: f\n? [1, 2]\n: g\n'300': h\n"
    tree = read_tree(text)
    assert list(tree.root) == ["200", "0x10", "1.10", "null", "~", "true", "[1, 2]", "300"]
    (finding,) = tree.findings
    assert (finding.code, finding.pointer, finding.line, finding.column) == ("YAML-KEY-NOT-TEXT", "/200", 1, 1)
    assert "6 others" in finding.message


@pytest.mark.parametrize("anchor", ["", "z: &x 1\n"])
def test_both_readers_report_response_codes_alike(anchor: str) -> None:
    tree = read_tree(f"{anchor}p:\n  - responses:\n      200: a\n      '404': b\n      500: c\n")
    assert tree.root["p"] == [{"responses": {"200": "a", "404": "b", "500": "c"}}]
    (finding,) = tree.findings
    assert (finding.pointer, finding.column) == ("/p/0/responses/200", 7)


def test_aliases_are_copied_and_merge_keys_merged() -> None:
    root = read_tree(
        "a: &a {x: 1, y: [1]}\nb: &b {x: 3, w: 4}\nc: {x: 2, <<: *a}\nd: {<<: [*a, *b], v: 5}\ne: *a\nf: [*a]\n"
    ).root
    assert root["c"] == {"x": 2, "y": [1]}
    assert root["d"] == {"x": 1, "y": [1], "w": 4, "v": 5}
    assert root["e"] == root["a"] == root["f"][0]
    assert root["e"] is not root["a"]
    assert root["e"]["y"] is not root["a"]["y"]


@pytest.mark.parametrize(
    ("text", "root", "code"),
    [
        ("a: !Ref b", {"a": "b"}, "YAML-TAG"),
        ("a: {{BASE}}", {"a": "{{BASE}}"}, "YAML-PLACEHOLDER"),
        ("{{KEY}}: 1", {"{{KEY}}": 1}, "YAML-PLACEHOLDER"),
        ("<<: 1\na: 2", {"<<": 1, "a": 2}, "YAML-MERGE-KEY"),
        ("a: .inf", {"a": ".inf"}, "YAML-NOT-A-NUMBER"),
        ("a: x\x80y", {"a": "x\x80y"}, "SYNTAX-CONTROL-CHARACTER"),
        ("---\na: 1\n---\nb: 2", {"a": 1}, "YAML-SEVERAL-DOCUMENTS"),
        ("a:\n\tb: 1\n\tc:\n\t\td: 2", {"a": {"b": 1, "c": {"d": 2}}}, "YAML-TAB"),
        ('a: "\\ud83d\\ude00"', {"a": "😀"}, "YAML-SURROGATE-PAIR"),
        ("a: @me", {"a": "@me"}, "YAML-UNQUOTED"),
        ("a:\n  */*:\n    b: `c`", {"a": {"*/*": {"b": "`c`"}}}, "YAML-UNQUOTED"),
        ("```yaml\na: 1\n```", {"a": 1}, "SYNTAX-CODE-FENCE"),
    ],
)
def test_slips_load_with_a_finding_at_their_place(text: str, root: object, code: str) -> None:
    tree = read_tree(text)
    assert tree.root == root
    assert {finding.code for finding in tree.findings} == {code}
    assert all(finding.line and finding.mend for finding in tree.findings)


@pytest.mark.parametrize(
    "text", ["a: 1\n---\n", "---\n# nothing\n---\na: 1\n", "--- # c\na: 1\n...\n", "%YAML 1.2\n---\na: 1"]
)
def test_empty_documents_beside_the_one_do_not_matter(text: str) -> None:
    tree = read_tree(text)
    assert (tree.root, tree.findings) == ({"a": 1}, [])


@pytest.mark.row("SP-23")
@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: some text: more", 2, "Put the text after the first colon into quotes"),
        ("a: 1\n   b: 2", 2, "indentation"),
        ("a:\n  b: 1\n c: 2", 3, "Indent the line like its neighbours"),
        ("a: 'never closed\nb: 1\n", 1, "Add the closing quote"),
        ("a: [1, 2\nb: 3", 2, "not closed"),
        ("a: *.example.com", 1, "Put it into quotes"),
        ("a: 'x' y", 1, "one pair of quotes"),
        ("a: - b", 1, "next line"),
        ("- a\nb: 1", 2, "Start the line with `- `"),
        (" a: 1\nb: 2", 2, "same indentation"),
        ('a: "\\q"', 1, "Double the backslash"),
        ("a: 1\nno colon here\nb: 2", 3, "Add the colon"),
        ("a: *nobody", 1, "no anchor"),
    ],
)
def test_errors_say_where_and_how_to_mend(text: str, line: int, says: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_tree(text)
    assert caught.value.line == line
    assert caught.value.column
    assert f"ine {line}, column" in str(caught.value)
    assert says in str(caught.value)


# The fast and the careful reader


def carefully(text: str) -> Any:
    text = text if text.endswith("\n") else text + "\n"
    return read_carefully(MendedText(text), Lines(text), READ_LIMITS, FindingList(text))


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), values, max_size=4), st.sampled_from([True, False, None]))
def test_what_another_library_writes_is_read_alike(value: dict[str, Any], flow: bool | None) -> None:
    text = yaml.safe_dump(json.loads(json.dumps(value)), default_flow_style=flow, allow_unicode=True, width=40)
    assume("!!" not in text and "\x7f" not in text and "1_" not in text)
    expected = carefully(text)
    root, _ = read_yaml(MendedText(text), Lines(text), READ_LIMITS, FindingList(text))
    assert json.dumps(root) == json.dumps(expected)


LINES = st.sampled_from(
    [
        "a: 1",
        "- b",
        "- c: x",
        "b:",
        "c: |",
        "- |",
        "d: >-",
        "|",
        "text *bold* & more",
        "e: 'q'",
        'f: "d"',
        "# comment",
        "g: [1, {x: y}]",
        'h: {"a": [b, "c"]}',
        "   deep: 1",
        "  - item",
        "  k: v w",
        "''",
        "i: plain",
        "   folded: no",
        '"j": 1',
        'l: "two',
        '   lines"',
        "- - x",
        "m: [a,",
        "  b]",
        "n: *x",
        "o: &x 1",
        "p: !t y",
        "<<: {z: 1}",
        "  *x",
        "q: [*x]",
        'r: {"s":*x}',
        's: [a "b, &x c"]',
        "t: a 'b",
        "u: {a: b}",
        "  &x y: 1",
        "? k",
        ": v",
        "---",
        "...",
        "- &x",
        "w: |+",
        "x: >2",
        "y: - z",
        "-\t- q",
        "z: a b,",
        "  &y c]",
        '"',
        '  "k": &x',
        "'",
        'a: "x: |',
        ' b: c"',
        "- ? x",
        "-",
        "  -  ",
        "[",
        "]",
        "{",
        "}",
        "a: [",
        "a: {b: |",
        "&x a",
        "* a",
        "! a",
        "a:\t*x",
        "a: x # c",
        "  # c",
        "",
    ]
)
"""Pieces that are text in one place and something special in another."""


@given(st.lists(st.tuples(st.integers(0, 3), LINES), min_size=1, max_size=9))
def test_the_scan_never_lets_anchors_or_tags_through(lines: list[tuple[int, str]]) -> None:
    text = "\n".join("  " * indent + line.strip("\n") for indent, line in lines) + "\n"
    if not is_plain_yaml(text):
        return
    try:
        events = list(yaml.parse(text, yaml.CSafeLoader))
    except yaml.YAMLError:
        return
    assert not any(isinstance(event, yaml.AliasEvent) for event in events)
    assert not any(getattr(event, "anchor", None) or getattr(event, "tag", None) for event in events)
    root, _ = read_yaml(MendedText(text), Lines(text), READ_LIMITS, FindingList(text))
    assert json.dumps(root) == json.dumps(carefully(text))


@given(st.text(alphabet="ab1:-?[]{},&*!|>'\"%@`#\n\t .~<\\", max_size=40))
def test_any_text_is_read_or_refused_as_yaml(text: str) -> None:
    try:
        tree = read_tree("a: 1\n" + text)
    except UnreadableDocument:
        return
    if isinstance(tree.root, dict):
        assert all(isinstance(key, str) for key in tree.root)
    json.dumps(tree.root, allow_nan=False)
