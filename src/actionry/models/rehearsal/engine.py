"""One sentence in, one call or one question out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from actionry.models.rehearsal.assign import Assignment, assign
from actionry.models.rehearsal.choosing import Function, Profile, rank, read_profile
from actionry.models.rehearsal.spans import Sentence, read_sentence
from actionry.models.rehearsal.words import content_stems


@dataclass(slots=True)
class Rehearsal:
    """What the built-in model makes of a sentence: calls, or one question."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    question: str = ""


def rehearse(text: str, functions: Sequence[Function], *, today: date | None = None) -> Rehearsal:
    profiles = [read_profile(function) for function in functions]
    sentence = read_sentence(text, today or date.today())  # noqa: DTZ011  # the user's own day is meant
    words = content_stems(sentence.plain)
    chosen = choose(sentence, words, profiles)
    if chosen is None:
        return Rehearsal(question="None of the functions fits.")
    profile, assignment = chosen
    if assignment.missing:
        return Rehearsal(question=f"{profile.function.name}: {assignment.missing[0].name}?")
    return Rehearsal([(profile.function.name, with_defaults(profile, assignment))])


def choose(sentence: Sentence, words: Sequence[str], profiles: Sequence[Profile]) -> tuple[Profile, Assignment] | None:
    if not profiles:
        return None
    scores = rank(words, profiles)
    order = sorted(range(len(profiles)), key=lambda index: -scores[index])[:8]
    best: tuple[float, Profile, Assignment] | None = None
    top = max(scores[order[0]], 1e-9)
    for index in order:
        assignment = assign(profiles[index].slots, sentence, profiles[index].operation_words)
        required = sum(slot.required for slot in profiles[index].slots)
        filled = 1 - len(assignment.missing) / required if required else 0.5
        total = scores[index] / top + 0.25 * filled
        if best is None or total > best[0]:
            best = (total, profiles[index], assignment)
    assert best is not None
    return best[1], best[2]


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
