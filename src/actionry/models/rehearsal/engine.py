"""From a sentence to steps: which functions, with which arguments, and what is still missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from actionry.models.rehearsal import wording
from actionry.models.rehearsal.assign import Assignment, Choice, assign
from actionry.models.rehearsal.choosing import Function, Profile, names_operation, overlap, rank, read_profile
from actionry.models.rehearsal.rules import broken_rule
from actionry.models.rehearsal.slots import Slot
from actionry.models.rehearsal.spans import Sentence, Span, read_sentence
from actionry.models.rehearsal.words import MAX_CHARACTERS, has_chinese, same_length
from actionry.tools.search_sentence import parts_of

MAX_STEPS = 8
EQUALLY_LIKELY = 0.01
"""Two functions whose totals differ by less are asked about."""
WEAK_CHOICE = -1.5
"""A required value with a lower score was forced into its place; it does not speak for the function."""


@dataclass(slots=True)
class Step:
    """One call in the making."""

    profile: Profile
    values: dict[tuple[str, ...], Any]
    """Slot path -> value."""
    refused: dict[tuple[str, ...], tuple[Any, str]] = field(default_factory=dict)
    """Slot path -> (what was said, the rule it breaks)."""
    sentence: Sentence | None = None

    @property
    def name(self) -> str:
        return self.profile.function.name

    @property
    def missing(self) -> list[Slot]:
        return [slot for slot in self.profile.slots if slot.required and slot.path not in self.values]

    @property
    def arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for slot in self.profile.slots:
            if slot.path in self.values:
                place = arguments
                for key in slot.path[:-1]:
                    place = place.setdefault(key, {})
                place[slot.path[-1]] = self.values[slot.path]
        return arguments


@dataclass(slots=True)
class Plan:
    """Steps to take, or what to say instead of any."""

    steps: list[Step] = field(default_factory=list)
    rivals: tuple[Profile, Profile] | None = None
    """Two functions that are equally likely."""
    text: str = ""
    """Nothing to call: the honest answer."""
    note: str = ""


@dataclass(slots=True)
class Rehearsal:
    """What the built-in model makes of one sentence: calls, or one question, or a text that says why neither."""

    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    question: str = ""
    text: str = ""
    operation: str = ""
    """The function that a question is about, when one was found."""


def rehearse(text: str, functions: Sequence[Function], *, today: date | None = None) -> Rehearsal:
    """One sentence against a function list, without a conversation and without sending anything."""
    chinese = has_chinese(text[:MAX_CHARACTERS])
    plan = make_plan(text, functions, today or date.today())  # noqa: DTZ011  # the user's own day is meant
    if plan.rivals is not None:
        return Rehearsal(question=wording.which_operation(*plan.rivals, chinese), text=plan.note)
    if not plan.steps:
        return Rehearsal(question=plan.text, text=plan.text)
    question = first_question(plan.steps, chinese)
    if question is not None:
        return Rehearsal(question=question[1], text=plan.note, operation=question[0].name)
    calls = [(step.name, step.arguments) for step in plan.steps]
    return Rehearsal(calls, text=plan.note, operation=plan.steps[0].name)


def first_question(steps: Sequence[Step], chinese: bool) -> tuple[Step, str] | None:
    """The one thing to ask next: a value that broke its rule first, then what is missing, in order."""
    for step in steps:
        for slot in step.profile.slots:
            if slot.path in step.refused:
                value, rule = step.refused[slot.path]
                return step, wording.breaks_rule(slot, value, rule, chinese)
        if step.missing:
            return step, wording.ask_for(step.missing[0], step.profile.function, chinese)
    return None


# ---- planning -------------------------------------------------------------------------------------------------


def make_plan(text: str, functions: Sequence[Function], today: date) -> Plan:
    text = text.strip()
    chinese = has_chinese(text[:MAX_CHARACTERS])
    note = wording.too_long(MAX_CHARACTERS, chinese) if len(text) > MAX_CHARACTERS else ""
    text = text[:MAX_CHARACTERS]
    profiles = [read_profile(function) for function in functions]
    if not text or is_greeting(text):
        return Plan(
            text=wording.greeting(functions, chinese) if functions else wording.nothing_fits(functions, chinese)
        )
    several = _several(text, profiles, today)
    if several:
        return Plan(several, note=note)
    plan = _single(read_sentence(text, today), profiles)
    plan.note = note
    if not plan.steps and plan.rivals is None:
        plan.text = _honest(functions, chinese)
    return plan


def _honest(functions: Sequence[Function], chinese: bool) -> str:
    described = sum(
        len((function.description or "").split()) >= 2 or has_chinese(function.description or "")
        for function in functions
    )
    if functions and described <= len(functions) * 0.3:
        return wording.no_descriptions(functions, chinese)
    return wording.nothing_fits(functions, chinese)


_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks?(?: you)?(?: very much| a lot)?"
    r"|thx|bye|goodbye|ok(?:ay)?|yo|"
    r"how are you(?: doing)?(?: today)?|who are you|what are you|what can you do|help|nice to meet you|"
    r"你好|您好|嗨|哈喽|早上好|晚上好|下午好|早安|谢谢(?:你|您)?|再见|你是谁|你能做什么|你会什么|帮助|好的)"
    r"(?:[\s,，!！.。?？]*(?:there|everyone|you|all|bot|assistant|啊|呀|吗))?[\s!！.。?？~]*$",
    re.IGNORECASE,
)


def is_greeting(text: str) -> bool:
    return len(text) < 60 and _GREETING.match(text) is not None


def _several(text: str, profiles: Sequence[Profile], today: date) -> list[Step]:
    """Steps of a sentence with several wishes; empty when it holds one, or when a part does not stand on its own."""
    parts = parts_of(text)
    if not 2 <= len(parts) <= MAX_STEPS or any(same_length(part).count('"') % 2 for part in parts):
        return []
    found: list[tuple[Profile, Assignment, Sentence]] = []
    for part in parts:
        sentence = read_sentence(part, today)
        ranked = _ranked(sentence, profiles)
        if not ranked or not _sure(ranked) or not names_operation(sentence, ranked[0][1]):
            return []
        found.append((ranked[0][1], ranked[0][2], sentence))
    names = [profile.function.name for profile, _, _ in found]
    if len(set(names)) < len(names) and not _repeats_well(found, read_sentence(text, today)):
        return []
    steps = [
        step for profile, assignment, sentence in found for step in _fan_out(make_step(profile, assignment, sentence))
    ]
    distinct = {(step.name, repr(step.values)) for step in steps}
    return steps[:MAX_STEPS] if len(distinct) == len(steps) else []


def _repeats_well(found: Sequence[tuple[Profile, Assignment, Sentence]], whole: Sentence) -> bool:
    """The same function twice is meant only when the parts together fill it better than the whole sentence does."""
    if any(not assignment.choices or assignment.missing for _, assignment, _ in found):
        return False
    profile = found[0][0]
    together = assign(profile.slots, whole, profile.operation_words).score
    return sum(assignment.score for _, assignment, _ in found) > together + 2.0


def _sure(ranked: Sequence[tuple[float, Profile, Assignment]]) -> bool:
    total, _, assignment = ranked[0]
    ahead = len(ranked) == 1 or total - ranked[1][0] > EQUALLY_LIKELY
    identifiers = all("identifier" in slot.roles for slot in assignment.missing)
    firm = all(choice.score > 0 for choice in assignment.choices if choice.slot.required)
    return ahead and identifiers and firm


def _single(sentence: Sentence, profiles: Sequence[Profile]) -> Plan:
    ranked = _ranked(sentence, profiles)
    if not ranked:
        return Plan()
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < EQUALLY_LIKELY and _alike(ranked[0], ranked[1]):
        return Plan(rivals=(ranked[0][1], ranked[1][1]))
    return Plan(_fan_out(make_step(ranked[0][1], ranked[0][2], sentence)))


def _alike(first: tuple[float, Profile, Assignment], second: tuple[float, Profile, Assignment]) -> bool:
    """Neither is more complete than the other; else the complete one is the better guess."""
    return bool(first[2].missing) == bool(second[2].missing)


def _ranked(sentence: Sentence, profiles: Sequence[Profile]) -> list[tuple[float, Profile, Assignment]]:
    """(total, function, assignment), best first; empty when no function shares anything with the sentence."""
    if not profiles:
        return []
    scores = rank(sentence, profiles)
    order = sorted(range(len(profiles)), key=lambda index: -scores[index])[:6]
    assigned = [
        (scores[index], profiles[index], assign(profiles[index].slots, sentence, profiles[index].operation_words))
        for index in order
    ]
    said = _evidence(sentence, [assignment for _, _, assignment in assigned])
    ranked = []
    for score, profile, assignment in assigned:
        named = re.search(rf"(?<![\w-]){re.escape(profile.function.name)}(?![\w-])", sentence.text) is not None
        if named or overlap(sentence, profile) or _says_something(assignment, len(profiles) == 1):
            total = score + fitness(profile, assignment, sentence, said) + (1.0 if named else 0.0)
            ranked.append((total, profile, assignment))
    return sorted(ranked, key=lambda entry: -entry[0])


def _says_something(assignment: Assignment, alone: bool) -> bool:
    """A choice of a closed set was named, or everything that is needed was plainly said."""
    if any(choice.candidate.source in ("enum", "choice") and choice.score > 1 for choice in assignment.choices):
        return True
    required = [choice for choice in assignment.choices if choice.slot.required]
    enough = -1.0 if alone else 0.5
    return bool(required) and not assignment.missing and all(choice.score > enough for choice in required)


HARD_EVIDENCE = frozenset({"quoted", "number", "moment", "email", "url", "code", "tail"})
"""Kinds of spans that people say for a reason: a function that has no place for them is less likely meant."""


def _evidence(sentence: Sentence, assignments: Sequence[Assignment]) -> list[tuple[int, int]]:
    """Places of the sentence that want a parameter: hard spans, and words that are a choice of some function."""
    said = [(span.start, span.end) for span in sentence.spans if span.kind in HARD_EVIDENCE]
    choices = {
        (choice.candidate.start, choice.candidate.end)
        for assignment in assignments
        for choice in assignment.choices
        if choice.candidate.source == "enum" and choice.slot.required
    }
    return said + [place for place in choices if not any(place[0] < end and start < place[1] for start, end in said)]


def fitness(profile: Profile, assignment: Assignment, sentence: Sentence, said: Sequence[tuple[int, int]]) -> float:
    """How well the sentence fills the function, 0 … 1: required slots, evidence that finds a place, cues, choices."""
    required = [slot for slot in profile.slots if slot.required]
    forced = sum(choice.slot.required and choice.score < WEAK_CHOICE for choice in assignment.choices)
    filled = 1 - (len(assignment.missing) + 0.5 * forced) / len(required) if required else 0.7
    taken = [(choice.candidate.start, choice.candidate.end) for choice in assignment.choices]
    used = sum(
        any(first < end and start < last for start, end in taken)
        or all(token.means(profile.name) for token in sentence.tokens_within(first, last))
        for first, last in said
    )
    cued = sum(
        any(
            name.startswith(("cue_name", "cue_adjacent", "assigned")) and value > 0.3
            for name, value in choice.features.items()
        )
        for choice in assignment.choices
    )
    chosen = sum(0.2 if choice.slot.required else 0.12 for choice in assignment.choices if choice.slot.enum)
    echoes = sum(_is_echo(choice) or "breaks_rule" in choice.features for choice in assignment.choices)
    filled -= 1.0 * echoes / max(len(required), 1)
    return 0.3 * filled + 0.4 * (used / len(said) if said else 0.0) + 0.08 * min(cued, 3) + min(chosen, 0.3)


# ---- steps ----------------------------------------------------------------------------------------------------


def make_step(profile: Profile, assignment: Assignment, sentence: Sentence) -> Step:
    step = Step(profile, {}, sentence=sentence)
    for choice in assignment.choices:
        if not _is_echo(choice):
            put(step, choice.slot, choice.candidate.value)
    for slot in profile.slots:
        if slot.required and slot.path not in step.values and slot.path not in step.refused:
            if len(slot.enum) == 1:
                step.values[slot.path] = slot.enum[0]
            elif slot.has_default and slot.default is not None:
                step.values[slot.path] = slot.default
    _complete_objects(step)
    return step


def _is_echo(choice: Choice) -> bool:
    """ "Add a new pet": "pet" only repeats what the function is about; "order 2 of these" gives no number of a pet."""
    echo = "all_known" in choice.features or "counted_identifier" in choice.features
    span = choice.candidate.span
    repeats = span is not None and span.kind == "phrase" and choice.features.get("operation_words") == 1.0
    return (echo or (repeats and "length" in choice.features and choice.features["length"] == 0.0)) and choice.score < 0


def put(step: Step, slot: Slot, value: Any) -> None:
    """The value into its place, or among the refused when its schema does not take it."""
    rule = broken_rule(value, slot)
    if rule is None:
        step.values[slot.path] = value
        step.refused.pop(slot.path, None)
    else:
        step.refused[slot.path] = (value, rule)


def _complete_objects(step: Step) -> None:
    """An optional object that was begun needs its own required properties; without them it is left out again."""
    for slot in step.profile.slots:
        if slot.path in step.values or slot.required or not slot.required_within:
            continue
        begun = [path for path in step.values if path[:-1] == slot.path[:-1]]
        if not begun:
            continue
        if slot.has_default and slot.default is not None:
            step.values[slot.path] = slot.default
        elif len(slot.path) > 2:
            for path in begun:
                del step.values[path]


_ONE_EACH = frozenset({"place", "place_described", "venue", "title", "person", "identifier", "query", "text"})


def _fan_out(step: Step) -> list[Step]:
    """ "the weather in Paris and London" for a function that takes one place: one call each."""
    sentence = step.sentence
    if sentence is None:
        return [step]
    for slot in step.profile.slots:
        value = step.values.get(slot.path)
        if slot.type not in ("string", "integer") or slot.enum or not (_ONE_EACH & slot.roles) or value is None:
            continue
        for span in sentence.spans:
            if span.kind == "list" and _only_here(span, step, slot, value):
                return [_with_value(step, slot, item, value) for item in span.items]
    return [step]


def _only_here(span: Span, step: Step, slot: Slot, value: Any) -> bool:
    """The list holds this slot's value, and no other slot took any words of it."""
    texts = [str(item.value if item.kind == "number" else item.text) for item in span.items]
    if str(value) not in texts or any(item.kind in ("phrase", "moment") for item in span.items):
        return False
    others = [str(other) for path, other in step.values.items() if path != slot.path]
    free = not any(text in other or other in text for other in others for text in texts)
    return free and len(set(texts)) == len(texts) <= MAX_STEPS


def _with_value(step: Step, slot: Slot, item: Span, first: Any) -> Step:
    value: Any = item.value if isinstance(first, int) else item.text
    copy = replace(step, values=dict(step.values), refused=dict(step.refused))
    put(copy, slot, value)
    return copy
