"""Sentences and identifiers become tokens and stems, in one linear pass; offsets always refer to the text as given."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from actionry.models.rehearsal import lexicon

MAX_CHARACTERS = 20_000
"""Of one sentence that is read; a caller says so when more was given (hostile or pasted text)."""
MAX_TOKENS = 1_200

TokenKind = Literal["word", "number", "cjk", "punctuation"]

_SAME_LENGTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
_SAME_LENGTH |= {0x3000: " ", 0xA0: " ", 0x202F: " ", 0x2009: " "}
_SAME_LENGTH |= {ord(mark): '"' for mark in "“”„‟«»「」『』《》〈〉"}
_SAME_LENGTH |= {ord(mark): "'" for mark in "‘’‚‛`´"}
_SAME_LENGTH |= {ord("、"): ",", ord("。"): ".", 0x2212: "-", 0x2010: "-", 0x2011: "-", 0x2013: "–"}

_TOKEN = re.compile(
    r"(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"|(?P<cjk>[\u3400-\u9fff\uf900-\ufaff]+)"
    r"|(?P<word>[A-Z](?:#|\+\+)(?!\w)|(?:[A-Z]\.){2,}[A-Z]?(?![A-Za-z])"
    r"|[^\W\d_](?:[^\W\d\u3400-\u9fff]|(?<=\w)['’](?=[^\W\d])"
    r"|(?<=\w)-(?=[^\W\d\u3400-\u9fff]))*(?:\d+(?=\b))?)"
    r"|(?P<punctuation>[^\s\w]|_)"
)


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    """As the sentence has it."""
    low: str
    stem: str
    """Concept when the lexicon knows one ("cost" and "price" share theirs), else the stem."""
    start: int
    end: int
    kind: TokenKind
    prefix_space: bool
    """White space (or the start) stands before it."""
    also: tuple[str, ...] = ()
    """Further concepts of a word that has several meanings."""

    def means(self, concepts: Container[str]) -> bool:
        return self.stem in concepts or any(word in concepts for word in self.also)


def same_length(text: str) -> str:
    """Full-width forms, typographic quotes and Chinese punctuation as ASCII, every character at its old offset."""
    return text.translate(_SAME_LENGTH)


def tokenize(text: str) -> list[Token]:
    """`text` must have gone through `same_length`. "3 kg of 苹果" -> 3 | kg | of | 苹果"""
    tokens: list[Token] = []
    last_end = 0
    for match in _TOKEN.finditer(text, 0, MAX_CHARACTERS):
        start, end = match.span()
        space = start == 0 or start > last_end
        kind = match.lastgroup
        if kind == "cjk":
            tokens.extend(_chinese_tokens(match.group(), start, space)[: MAX_TOKENS - len(tokens)])
        elif kind == "word":
            low = match.group().lower()
            tokens.append(Token(match.group(), low, concept(low), start, end, "word", space))
        elif kind == "number":
            tokens.append(Token(match.group(), match.group(), match.group(), start, end, "number", space))
        else:
            tokens.append(Token(match.group(), match.group(), match.group(), start, end, "punctuation", space))
        last_end = end
        if len(tokens) >= MAX_TOKENS:
            break
    return tokens


def _chinese_tokens(run: str, offset: int, space: bool) -> list[Token]:
    """Longest match against the lexicon; characters it does not know stay together."""
    tokens: list[Token] = []
    words, longest = _chinese()
    index = unknown_from = 0

    def add(word: str, start: int, concepts: tuple[str, ...]) -> None:
        begin = offset + start
        tokens.append(
            Token(word, word, concepts[0], begin, begin + len(word), "cjk", space and start == 0, concepts[1:])
        )

    while index < len(run):
        for size in range(min(longest, len(run) - index), 0, -1):
            word = run[index : index + size]
            if word in words:
                if index > unknown_from:
                    add(run[unknown_from:index], unknown_from, (run[unknown_from:index],))
                add(word, index, words[word])
                index += size
                unknown_from = index
                break
        else:
            index += 1
    if len(run) > unknown_from:
        add(run[unknown_from:], unknown_from, (run[unknown_from:],))
    return tokens


@lru_cache(maxsize=1)
def _chinese() -> tuple[dict[str, tuple[str, ...]], int]:
    from actionry.models.rehearsal import chinese

    def concepts(meaning: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(word if word.startswith("_") else concept(word) for word in meaning))

    return {word: concepts(meaning) for word, meaning in chinese.WORDS.items()}, chinese.LONGEST


_IRREGULAR = {
    "people": "person", "children": "child", "kids": "child", "men": "man", "women": "woman", "feet": "foot",
    "inches": "inch", "leaves": "leaf", "lives": "life", "countries": "country", "dice": "die", "mice": "mouse",
    "data": "data", "series": "series", "news": "news", "gas": "gas", "bus": "bus", "status": "status",
    "address": "address", "this": "this", "is": "is", "was": "was", "has": "has", "its": "its", "during": "during",
    "thing": "thing", "king": "king", "string": "string", "spring": "spring", "bought": "buy", "sold": "sell",
    "paid": "pay", "spent": "spend", "held": "hold", "born": "birth", "analysis": "analy", "analyses": "analy",
    "analyze": "analy", "analyse": "analy", "indices": "index", "matrices": "matrix", "vertices": "vertex",
    "less": "less", "gross": "gross", "class": "class", "pass": "pass", "bias": "bias", "mass": "mass",
    "written": "write", "wrote": "write", "sent": "send", "built": "build", "made": "make", "went": "go",
}  # fmt: skip


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A light English stem: plural, -ing, -ed, -er and a final -e go. "batteries" -> "battery", "moving" -> "mov" """
    word = word.removesuffix("'s").removesuffix("’s").removesuffix("'")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for suffix in ("ing", "ed"):
        if (
            word.endswith(suffix)
            and not word.endswith("eed")
            and len(word) - len(suffix) >= 3
            and re.search("[aeiouy]", word[: -len(suffix)])
        ):
            word = word[: -len(suffix)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    if len(word) > 5 and word.endswith(("ation", "ition")):
        word = word[:-3]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word


@lru_cache(maxsize=50_000)
def concept(low: str) -> str:
    """The lexicon's concept of a word, else its stem; abbreviations are written out first."""
    low = lexicon.ABBREVIATIONS.get(low, low)
    root = stem(low)
    return _concepts().get(root, root)


@lru_cache(maxsize=1)
def _concepts() -> dict[str, str]:
    table: dict[str, str] = {}
    for group in lexicon.SYNONYMS:
        members = group.split()
        head = stem(members[0])
        for member in members:
            table.setdefault(stem(member), head)
    return table


_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+|[\u3400-\u9fff]+")


@lru_cache(maxsize=50_000)
def split_identifier(name: str) -> tuple[str, ...]:
    """`getUserByID` -> ("get", "user", "by", "id"); `num_cards` -> ("number", "cards")"""
    pieces = [piece.lower() for piece in _CAMEL.findall(name[:200])]
    parts = [part for piece in pieces for part in lexicon.COMPOUNDS.get(piece, piece).split()]
    return tuple(lexicon.ABBREVIATIONS.get(part, part) for part in parts)


@lru_cache(maxsize=50_000)
def content_stems(text: str) -> tuple[str, ...]:
    """Concepts of the words that carry meaning, in order, each once."""
    seen: dict[str, None] = {}
    for token in tokenize(same_length(text[:2000])):
        if token.kind in ("word", "cjk") and token.low not in lexicon.FUNCTION_WORDS and token.stem[0] != "_":
            for piece in split_identifier(token.text) if "_" in token.text else (token.low,):
                seen[token.stem if piece == token.low else concept(piece)] = None
            for word in token.also:
                seen[word] = None
    return tuple(seen)


def has_chinese(text: str) -> bool:
    return any("\u3400" <= character <= "\u9fff" for character in text)
