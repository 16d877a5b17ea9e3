"""JSON: strict and fast, or with the usual slips mended, each with a finding at its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.errors import UnreadableDocument
from actionry.syntax import FINDING_CODES, read_tree


def found(text: str) -> list[tuple[str, int | None, int | None]]:
    return [(finding.code, finding.line, finding.column) for finding in read_tree(text).findings]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_json_comes_out_as_it_went_in(value: dict[str, Any]) -> None:
    tree = read_tree(json.dumps(value))
    assert (tree.root, tree.format, tree.findings) == (value, "json", [])


@pytest.mark.parametrize(
    ("text", "root", "codes"),
    [
        ('{"a": [1, 2,],}', {"a": [1, 2]}, [("JSON-TRAILING-COMMA", 1, 12), ("JSON-TRAILING-COMMA", 1, 14)]),
        ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}, [("JSON-TRAILING-COMMA", 1, 9)]),
        ('{"a": 1\n "b": 2}', {"a": 1, "b": 2}, [("JSON-MISSING-COMMA", 1, 8)]),
        ('[{"a": 1}{"b": 2}]', [{"a": 1}, {"b": 2}], [("JSON-MISSING-COMMA", 1, 10)]),
        ("{“a”: “b”}", {"a": "b"}, [("JSON-QUOTES", 1, 2), ("JSON-QUOTES", 1, 7)]),
        ('{"a": “say "hi"”}', {"a": 'say "hi"'}, [("JSON-QUOTES", 1, 7)]),
        ('{"a”: 1\n}', {"a": 1}, [("JSON-QUOTES", 1, 4)]),
        ("{'a': 'it\\'s'}", {"a": "it's"}, [("JSON-QUOTES", 1, 2), ("JSON-QUOTES", 1, 7), ("JSON-ESCAPE", 1, 10)]),
        ('{"a": 1 // one\n}', {"a": 1}, [("JSON-COMMENT", 1, 9)]),
        ('/* first */ {"a": 1}', {"a": 1}, [("JSON-COMMENT", 1, 1)]),
        ('{"a": "http://x/*y*/"}', {"a": "http://x/*y*/"}, []),
        ('{"a": "x\ny"}', {"a": "x\ny"}, [("JSON-RAW-CONTROL", 1, 9)]),
        ('{"a": "\\d+\\."}', {"a": "\\d+\\."}, [("JSON-ESCAPE", 1, 8), ("JSON-ESCAPE", 1, 11)]),
        ('{"a": "\\x41"}', {"a": "A"}, [("JSON-ESCAPE", 1, 8)]),
        ('{"a": "\\ud83d\\ude00\\ud800"}', {"a": "😀\ufffd"}, [("JSON-LONE-SURROGATE", 1, 20)]),
        ('{"a": True, "b": None}', {"a": True, "b": None}, [("JSON-LITERAL", 1, 7), ("JSON-LITERAL", 1, 18)]),
        ('{"a": NaN, "b": -Infinity}', {"a": None, "b": None}, [("JSON-LITERAL", 1, 7), ("JSON-LITERAL", 1, 17)]),
        ('{"a": +1, "b": .5}', {"a": 1, "b": 0.5}, [("JSON-LITERAL", 1, 7), ("JSON-LITERAL", 1, 16)]),
        ('{\n"a": 007,\n"b": 0x1F}', {"a": 7, "b": 31}, [("JSON-LITERAL", 2, 6), ("JSON-LITERAL", 3, 6)]),
        ('{\u00a0"a": 1}', {"a": 1}, [("JSON-SPACE", 1, 2)]),
        ('{"a": 1};', {"a": 1}, [("JSON-AFTER-END", 1, 9)]),
        ('{"a": 1}}', {"a": 1}, [("JSON-AFTER-END", 1, 9)]),
        ("{\n  // c\n  a: 1\n}", {"a": 1}, [("JSON-COMMENT", 2, 3), ("JSON-UNQUOTED-KEY", 3, 3)]),
        ('\ufeff{"a": 1}', {"a": 1}, [("SYNTAX-BOM", 1, 1)]),
        ("```json\n{\n}\n```\n", {}, [("SYNTAX-CODE-FENCE", 1, 1)]),
        ('Look:\n\n```\n{"a": 1,}\n```\nDone.', {"a": 1}, [("SYNTAX-CODE-FENCE", 3, 1), ("JSON-TRAILING-COMMA", 4, 8)]),
    ],
)
def test_what_is_plainly_meant_is_mended(text: str, root: object, codes: list[tuple[str, int, int]]) -> None:
    tree = read_tree(text)
    assert tree.root == root
    assert tree.format == "json"
    assert found(text) == codes
    assert all(finding.mend and finding.message and finding.code in FINDING_CODES for finding in tree.findings)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ('{"a": "say "hi" x"}', 1, 13, "double quote inside a text"),
        ('{"a": [1, 2}', 1, 12, "does not close the `[` of line 1, column 7"),
        ('{"a": {\n"b": 1', 2, 7, "breaks off inside the `{` that opens at line 1, column 7"),
        ('{"a": "b', 1, 7, "never closed"),
        ('{"a": "x,\n"b": "y"}', 2, 2, "line 1, column 7 may lack its closing quote"),
        ('{"a": 1}\n{"b": 2}', 2, 1, "something follows the end"),
        ('{"a" "b"}', 1, 6, "colon"),
    ],
)
def test_two_readings_are_refused_with_the_place(text: str, line: int, column: int, says: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_tree(text)
    error = caught.value
    assert (error.code, error.line, error.column) == ("JSON-SYNTAX", line, column)
    assert says in str(error)


def test_json_with_bare_words_is_read_as_yaml_and_says_so() -> None:
    tree = read_tree('{"a": tru, "b": [x y]}')
    assert (tree.root, tree.format) == ({"a": "tru", "b": ["x y"]}, "yaml")
    assert [(finding.code, finding.line, finding.column) for finding in tree.findings] == [("JSON-READ-AS-YAML", 1, 7)]


def test_large_integers_stay_exact() -> None:
    text = '{"a": 123456789012345678901234567890, "b": 1.5e300, "c": "x1234567890123456789012"}'
    assert read_tree(text).root == json.loads(text)


def test_findings_are_counted_beyond_the_first_fifty() -> None:
    tree = read_tree("[" + "[1,]," * 500 + "]")
    assert len(tree.findings) == 51
    assert tree.findings[-1].message.startswith("451 more of these.")


@given(st.text(alphabet="{}[]\",:'“” \n\\/*ab1-.tfn#`", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tree = read_tree("{" + text)
    except UnreadableDocument:
        return
    json.dumps(tree.root)
    assert all(finding.line for finding in tree.findings)
