"""Assignment: which candidate goes to which slot, over all slots at once (a beam search), not slot by slot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from actionry.models.rehearsal.candidates import Candidate, candidates
from actionry.models.rehearsal.scoring import WEIGHTS, Context, features_of, score
from actionry.models.rehearsal.slots import Slot
from actionry.models.rehearsal.spans import Sentence
from actionry.models.rehearsal.words import concept, split_identifier

BEAM = 48
CANDIDATES_PER_SLOT = 10


@dataclass(frozen=True, slots=True)
class Choice:
    slot: Slot
    candidate: Candidate
    score: float
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Assignment:
    choices: tuple[Choice, ...]
    score: float
    missing: tuple[Slot, ...]
    """Required, without a value or default."""

    @property
    def arguments(self) -> dict[str, Any]:
        return build_arguments(self.choices)


@dataclass(frozen=True, slots=True)
class _State:
    choices: tuple[Choice, ...]
    score: float


def assign(
    slots: Sequence[Slot],
    sentence: Sentence,
    operation_words: frozenset[str],
    weights: Mapping[str, float] = WEIGHTS,
    allow: Callable[[Slot, Candidate], bool] | None = None,
) -> Assignment:
    """The best-scoring set of (slot, candidate) pairs that do not use the same words twice.

    `allow` narrows the candidates: the weights are fitted by comparing the free with the right assignment.
    """
    context = Context(sentence, operation_words, tuple(slots))
    options = {slot.path: _ranked(slot, context, weights, allow) for slot in slots}
    states = [_State((), 0.0)]
    # Slots with the surest candidate go first, so that the beam drops little.
    for slot in sorted(slots, key=lambda s: (not s.required, -max((c.score for c in options[s.path]), default=-9.0))):
        grown: list[_State] = []
        for state in states:
            grown.append(_State(state.choices, state.score + _cost_of_none(slot, weights)))
            for choice in options[slot.path]:
                if all(_compatible(choice, other) for other in state.choices):
                    order = sum(
                        weights.get(name, 0.0) * value
                        for name, value in (_order(choice, other) for other in state.choices)
                    )
                    grown.append(_State((*state.choices, choice), state.score + choice.score + order))
        grown.sort(key=lambda state: -state.score)
        states = grown[:BEAM]
    best = states[0]
    filled = {choice.slot.path for choice in best.choices}
    missing = tuple(slot for slot in slots if slot.required and slot.path not in filled and not _has_value(slot))
    chosen = sorted(best.choices, key=lambda choice: choice.slot.word_order)
    return Assignment(tuple(chosen), best.score, missing)


def _has_value(slot: Slot) -> bool:
    return (slot.has_default and slot.default is not None) or len(slot.enum) == 1


def _cost_of_none(slot: Slot, weights: Mapping[str, float]) -> float:
    if not slot.required:
        return 0.0
    missing = weights.get("required_missing", -5.0)
    return missing / 3 if _has_value(slot) else missing


def _ranked(
    slot: Slot, context: Context, weights: Mapping[str, float], allow: Callable[[Slot, Candidate], bool] | None
) -> list[Choice]:
    choices = []
    for candidate in candidates(slot, context.sentence, context.operation_words):
        if allow is not None and not allow(slot, candidate):
            continue
        features = features_of(slot, candidate, context)
        choices.append(Choice(slot, candidate, score(features, weights), features))
    choices.sort(key=lambda choice: (-choice.score, choice.candidate.start))
    kept: list[Choice] = []
    for choice in choices:
        if not slot.required and choice.score <= 0 and allow is None:
            break
        kept.append(choice)
        if len(kept) >= CANDIDATES_PER_SLOT + 6:
            break
    return kept


def _compatible(first: Choice, second: Choice) -> bool:
    left, right = first.candidate, second.candidate
    apart = left.end <= right.start or right.end <= left.start
    if apart:
        return True
    if left.source == "boolean" or right.source == "boolean":
        return True
    if "known" in (left.source, right.source) and left.source != right.source:
        return False
    # A choice may lie within words that somebody else takes, but two slots never take exactly the same words.
    return (left.shares or right.shares) and (left.start, left.end) != (right.start, right.end)


def _order(first: Choice, second: Choice) -> tuple[str, float]:
    """Slots of one type are mostly named in the order in which they are declared, twins (`x1`, `x2`) nearly always."""
    one, other = first.slot, second.slot
    if one.type != other.type or one.type == "boolean" or one.enum or other.enum:
        return "order", 0.0
    declared = one.word_order < other.word_order
    spoken = first.candidate.start < second.candidate.start
    gap = abs(one.word_order - other.word_order)
    name = "order_twins" if _twins(one, other) else "order"
    return name, (1.0 if declared == spoken else -1.0) / gap if gap else 0.0


_SIDES = frozenset(
    {"first", "second", "third", "begin", "end", "from", "to", "initial", "start", "a", "b", "c", "x", "y", "z"}
)


@lru_cache(maxsize=10_000)
def _bare(name: str) -> tuple[str, ...]:
    return tuple(w for w in split_identifier(name) if not w.isdigit() and concept(w) not in _SIDES and w not in _SIDES)


def _twins(one: Slot, other: Slot) -> bool:
    return one.name != other.name and _bare(one.name) == _bare(other.name)


def total_features(assignment: Assignment, slots: Sequence[Slot]) -> dict[str, float]:
    """What the whole assignment's score is made of."""
    total: dict[str, float] = {}

    def add(name: str, value: float) -> None:
        total[name] = total.get(name, 0.0) + value

    filled = {choice.slot.path for choice in assignment.choices}
    for index, choice in enumerate(assignment.choices):
        for name, value in choice.features.items():
            add(name, value)
        for other in assignment.choices[:index]:
            add(*_order(choice, other))
    for slot in slots:
        if slot.required and slot.path not in filled:
            add("required_missing", 1 / 3 if _has_value(slot) else 1.0)
    return total


def build_arguments(choices: Sequence[Choice]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    for choice in choices:
        place = arguments
        for key in choice.slot.path[:-1]:
            place = place.setdefault(key, {})
        place[choice.slot.path[-1]] = choice.candidate.value
    return arguments
