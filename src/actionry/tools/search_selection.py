"""Keep the most useful operations of a large API: a hand-picked set to begin with, for the editor."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

from actionry.tools.search import OperationIndex
from actionry.tools.search_dependencies import Dependencies
from actionry.tools.search_fields import Facts, SearchableFunction, read_facts
from actionry.tools.search_vocabulary import word_set
from actionry.tools.search_words import split_name, stem

F = TypeVar("F", bound=SearchableFunction)

_WORTH = {
    "search": 1.0, "find": 1.0, "list": 1.0, "get": 0.9, "create": 1.0, "add": 1.0, "send": 1.0, "update": 0.6,
    "edit": 0.6, "delete": 0.45, "remove": 0.45,
}  # fmt: skip
"""How often a conversation wants this, by the first verb of the name; a reading method counts as `get`."""
_BY_METHOD = {"GET": 0.9, "POST": 0.85, "PUT": 0.55, "PATCH": 0.55, "DELETE": 0.4, "HEAD": 0.1, "OPTIONS": 0.1}
_HOUSEKEEPING = frozenset(
    map(stem, word_set("admin internal debug health ping metric webhook hook legacy deprecated test migrate audit log"))
)
_AGAIN, _AGAIN_THE_SAME = 0.85, 0.5
"""What a further operation on a thing already served is worth, and one more that does the same with it."""


def keep_most_useful(functions: Sequence[F], n: int, sentences: Iterable[str] = ()) -> list[F]:
    """At most n of the functions, in document order: many things served, few needs left open.

    sentences: what users will say (conversation starters); the operations that these need come first. Without any,
    reading, searching and creating count more than changing, short paths more than long ones, operations that
    yield what others need more than those that nobody needs; each kept one brings the source of what it needs.
    """
    if n <= 0:
        return []
    facts = [read_facts(function) for function in functions]
    dependencies = Dependencies(facts)
    numbers = {id(function): number for number, function in enumerate(functions)}
    kept: dict[int, None] = {}
    index = OperationIndex(functions)
    for sentence in sentences:
        for found in index.search(sentence, k=3):
            if found.score > 0.6 and len(kept) < n:
                kept.setdefault(numbers[id(found.function)])
    worth = _worth(functions, facts, dependencies)
    marks = [(_thing(one), f"{_thing(one)} {one.method or split_name(one.name)[:1]}") for one in facts]
    served: Counter[str] = Counter(mark for number in kept for mark in marks[number])
    rest = set(range(len(functions))) - set(kept)
    while rest and len(kept) < n:
        best = max(rest, key=lambda number: (worth[number] * _discount(marks[number], served), -number))
        for number in (best, *_sources(best, dependencies)):
            if number in rest and len(kept) < n:
                kept[number] = None
                rest.discard(number)
                served.update(marks[number])
    return [functions[number] for number in sorted(kept)]


def _discount(marks: tuple[str, str], served: Counter[str]) -> float:
    thing, does = marks
    same = served[does]
    return float(_AGAIN ** (served[thing] - same) * _AGAIN_THE_SAME**same)


def _sources(number: int, dependencies: Dependencies) -> list[int]:
    return [sources[0].producer for sources in dependencies.needs_of(number) if sources[0].confidence >= 0.5]


def _worth(functions: Sequence[SearchableFunction], facts: list[Facts], dependencies: Dependencies) -> list[float]:
    needed: Counter[int] = Counter()
    for number in range(len(facts)):
        needed.update(set(_sources(number, dependencies)))
    size = Counter(_thing(one) for one in facts)
    worth = []
    for number, (function, one) in enumerate(zip(functions, facts, strict=True)):
        words = [stem(word) for word in split_name(one.name)]
        value = next((_WORTH[word] for word in split_name(one.name) if word in _WORTH), _BY_METHOD.get(one.method, 0.7))
        value *= 0.85 ** max(0, one.path.count("/") - 2) * 0.9 ** max(0, sum(need.required for need in one.needs) - 2)
        value *= 1 + 0.3 * math.log1p(needed[number])
        value *= 1 + 0.3 * math.log(size[_thing(one)])  # what an API is about has many operations
        if _HOUSEKEEPING & (set(words) | {stem(word) for word in split_name(one.path)}):
            value *= 0.3
        if getattr(function, "deprecated", False):
            value *= 0.1
        worth.append(value)
    return worth


def _thing(facts: Facts) -> str:
    """What the operation is about: the first fixed word of its path after version and prefix, else of its name."""
    words = [part for part in facts.path.split("/") if part and "{" not in part]
    words = [part for part in words if part not in ("api", "rest", "v1", "v2", "v3", "v4", "2.0", "1.0")]
    if words:
        return stem(split_name(words[0])[-1]) if split_name(words[0]) else words[0]
    names = [word for word in split_name(facts.name) if word not in _WORTH]
    return stem(names[0]) if names else ""
