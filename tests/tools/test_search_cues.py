"""Kinds of values in a sentence, and where one wish ends."""

from __future__ import annotations

import pytest

from actionry.tools.search_cues import cues_of
from actionry.tools.search_sentence import parts_of


@pytest.mark.parametrize(
    ("sentence", "word"),
    [
        ("write to ann@example.org", "email"),
        ("open https://example.org/a", "url"),
        ("what happened on 2024-05-01", "date"),
        ("wake me tomorrow", "date"),
        ("at 9:30 please", "time"),
        ("put it up by 5 %", "percentage"),
        ("how much is 20 dollars", "currency"),
        ("say it in French", "language"),
        ("fly to New York", "city"),
        ("the capital of Peru", "country"),
        ("我想去北京", "city"),
        ("read report.pdf", "file"),
    ],
)
def test_a_value_tells_its_kind(sentence: str, word: str) -> None:
    assert word in cues_of(sentence)


def test_plain_words_tell_no_kind() -> None:
    assert cues_of("add buy milk to my list") == []


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("Find a hotel, book it and send me the bill.", ["Find a hotel", "book it", "send me the bill"]),
        ("Salt, pepper and oil go into my list", ["Salt, pepper and oil go into my list"]),
        ("Book a room. The room is for two.", ["Book a room.  The room is for two"]),
        ("load of 1.5 kN", ["load of 1.5 kN"]),
        ("查询天气，删除待办", ["查询天气", "删除待办"]),
        ("", []),
    ],
)
def test_wishes_are_told_apart(sentence: str, parts: list[str]) -> None:
    assert parts_of(sentence) == parts
