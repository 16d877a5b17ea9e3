"""One sentence in, one call or one question out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from actionry.models.rehearsal.assign import Assignment, assign
from actionry.models.rehearsal.choosing import Function, Profile, rank, read_profile
from actionry.models.rehearsal.spans import Sentence, read_sentence


@dataclass(slots=True)
class Rehearsal:
    """What the built-in model makes of a sentence: calls, or one question."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    question: str = ""
    operation: str = ""
    """The function that the question is about, when one was found."""


def rehearse(text: str, functions: Sequence[Function], *, today: date | None = None) -> Rehearsal:
    profiles = [read_profile(function) for function in functions]
    sentence = read_sentence(text, today or date.today())  # noqa: DTZ011  # the user's own day is meant
    chosen = choose(sentence, profiles)
    if chosen is None:
        return Rehearsal(question="None of the functions fits.")
    profile, assignment = chosen
    if assignment.missing:
        name = profile.function.name
        return Rehearsal(question=f"{name}: {assignment.missing[0].name}?", operation=name)
    return Rehearsal([(profile.function.name, with_defaults(profile, assignment))], operation=profile.function.name)


def choose(sentence: Sentence, profiles: Sequence[Profile]) -> tuple[Profile, Assignment] | None:
    if not profiles:
        return None
    scores = rank(sentence, profiles)
    order = sorted(range(len(profiles)), key=lambda index: -scores[index])[:6]
    best: tuple[float, Profile, Assignment] | None = None
    for index in order:
        assignment = assign(profiles[index].slots, sentence, profiles[index].operation_words)
        total = scores[index] + fitness(profiles[index], assignment, sentence)
        if best is None or total > best[0]:
            best = (total, profiles[index], assignment)
    assert best is not None
    return best[1], best[2]


HARD_EVIDENCE = frozenset({"quoted", "number", "moment", "email", "url", "code", "tail"})
"""Kinds of spans that people say for a reason: a function that has no place for them is less likely meant."""


def fitness(profile: Profile, assignment: Assignment, sentence: Sentence) -> float:
    """How well the sentence fills the function, 0 … 0.7: required slots, evidence that finds a place, cues, choices."""
    required = sum(slot.required for slot in profile.slots)
    filled = 1 - len(assignment.missing) / required if required else 0.7
    said = [span for span in sentence.spans if span.kind in HARD_EVIDENCE]
    taken = [(choice.candidate.start, choice.candidate.end) for choice in assignment.choices]
    used = sum(any(span.start < end and start < span.end for start, end in taken) for span in said)
    cued = sum(any(name.startswith(("cue_name", "assigned")) and v > 0.3 for name, v in c.features.items()) for c in assignment.choices)
    chosen = sum(bool(choice.slot.enum) for choice in assignment.choices)
    return 0.3 * filled + 0.35 * (used / len(said) if said else 0.0) + 0.04 * min(cued, 3) + 0.15 * min(chosen, 2)


def with_defaults(profile: Profile, assignment: Assignment) -> dict[str, Any]:
    arguments = assignment.arguments
    filled = {choice.slot.path for choice in assignment.choices}
    for slot in profile.slots:
        if slot.required and slot.path not in filled:
            place = arguments
            for key in slot.path[:-1]:
                place = place.setdefault(key, {})
            place[slot.path[-1]] = slot.enum[0] if len(slot.enum) == 1 else slot.default
    return arguments
