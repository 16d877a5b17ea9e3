"""Which function a sentence asks for: the words they share, weighed by how telling they are, and how well it fills."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from actionry.models.rehearsal import lexicon
from actionry.models.rehearsal.slots import Slot, read_slots
from actionry.models.rehearsal.spans import Sentence
from actionry.models.rehearsal.words import concept, content_stems, split_identifier
from actionry.tools.search import OperationIndex


class Function(Protocol):
    """What the built-in model needs to know of a function; `Action.functions` and plain objects will do."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Profile:
    """A function's words by where they stand."""

    function: Function
    name: frozenset[str]
    description: frozenset[str]
    parameters: frozenset[str]
    path: frozenset[str]
    slots: tuple[Slot, ...]

    @property
    def operation_words(self) -> frozenset[str]:
        return self.name | self.description | self.path


def read_profile(function: Function) -> Profile:
    slots = tuple(read_slots(function.parameters or {}))
    description = _first_sentences(function.description or "")
    path = getattr(function, "path", None)
    return Profile(
        function=function,
        name=frozenset(concept(word) for word in split_identifier(function.name)),
        description=frozenset(content_stems(description)),
        parameters=frozenset(word for slot in slots for word in (*slot.name_words, *slot.cues)),
        path=frozenset(concept(word) for word in split_identifier(path)) if isinstance(path, str) else frozenset(),
        slots=slots,
    )


def _first_sentences(description: str) -> str:
    return description[:600]


_FIELDS = (("name", 2.2), ("description", 1.6), ("path", 1.0), ("parameters", 0.7))


@lru_cache(maxsize=1)
def _verbs() -> frozenset[str]:
    return frozenset(concept(verb) for verb in lexicon.VERBS)


def rank(sentence: Sentence, profiles: Sequence[Profile]) -> list[float]:
    """One score per function, 1.0 the best: the search's opinion and the share of the sentence's words, half each."""
    found = OperationIndex([profile.function for profile in profiles]).search(sentence.text, k=20)
    opinion = {id(hit.function): hit.score for hit in found}
    own = _own_scores(content_stems(sentence.plain), profiles)
    top = max(own, default=0.0) or 1.0
    asks = is_question(sentence)
    return [
        (0.1 if asks and reads(profile) else 0.0) + 0.5 * opinion.get(id(profile.function), 0.0) + 0.5 * score / top
        for profile, score in zip(profiles, own, strict=True)
    ]


_QUESTION = re.compile(
    r"[?？]\s*$|吗|什么|哪些|多少|几|怎么样|如何|^\W*(?:what|which|who|when|where|how|is|are|do|does|did|any)\b",
    re.IGNORECASE,
)
_WRITING = frozenset(
    concept(verb)
    for verb in (
        "create",
        "delete",
        "update",
        "send",
        "buy",
        "book",
        "set",
        "cancel",
        "upload",
        "pay",
        "place",
        "move",
        "post",
        "start",
    )
)


def is_question(sentence: Sentence) -> bool:
    return _QUESTION.search(sentence.text) is not None and "please" not in sentence.plain.lower()


def reads(profile: Profile) -> bool:
    """Whether it only reads: by its method, else by the first word of its name."""
    method = getattr(profile.function, "method", None)
    if isinstance(method, str) and method:
        return method.upper() in ("GET", "HEAD", "QUERY")
    first = split_identifier(profile.function.name)[:1]
    return not first or concept(first[0]) not in _WRITING


def _own_scores(words: Sequence[str], profiles: Sequence[Profile]) -> list[float]:
    """How much of the sentence's meaning each function covers, rare words first; 0 is nothing shared."""
    holders: Counter[str] = Counter()
    for profile in profiles:
        holders.update(profile.name | profile.description | profile.path | profile.parameters)
    total = len(profiles)
    asked = dict.fromkeys(words)
    scores = []
    for profile in profiles:
        gained = 0.0
        for word in asked:
            weight = max((w for field, w in _FIELDS if word in getattr(profile, field)), default=0.0)
            if weight:
                rarity = math.log(1 + (total + 0.5) / (holders[word] + 0.5))
                gained += weight * rarity * (0.6 if word in _verbs() else 1.0)
        size = len(profile.name) + 0.5 * len(profile.description)
        covered = sum(word in asked for word in profile.name) / max(len(profile.name), 1)
        scores.append(gained / (1 + 0.02 * size) + 1.0 * covered)
    return scores


@lru_cache(maxsize=1)
def _tells_nothing() -> frozenset[str]:
    return _PLAIN_VERBS | frozenset(
        concept(word) for word in ("api", "user", "please", "something", "thing", "help", "go")
    )


def overlap(sentence: Sentence, profile: Profile) -> bool:
    """The sentence and the function share a word that is more than "get" or "show"."""
    words = set(content_stems(sentence.plain)) - _tells_nothing()
    return bool(words & (profile.name | profile.description | profile.path | profile.parameters))


_PLAIN_VERBS = frozenset(
    concept(verb)
    for verb in ("get", "list", "use", "have", "want", "need", "search", "like", "know", "help", "take", "go", "make")
) - {concept("create")}


def names_operation(sentence: Sentence, profile: Profile) -> bool:
    """A part of a sentence is a wish of its own when it says what the function's name says, beyond "get"."""
    words = set(content_stems(sentence.plain)) - _PLAIN_VERBS
    return bool(words & (profile.name - _PLAIN_VERBS))
