"""A conversation with the built-in model: it is worked out anew from the history each time, nothing is kept between.

A turn of the person starts a plan (one or several steps) or answers the question that was asked last; a step whose
path id is not said takes it from an earlier result, or from a call that finds it first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from actionry.models.rehearsal import wording
from actionry.models.rehearsal.assign import assign
from actionry.models.rehearsal.choosing import Function, Profile, read_profile
from actionry.models.rehearsal.engine import Plan, Step, first_question, is_greeting, make_plan, make_step, put
from actionry.models.rehearsal.numbers import find_numbers
from actionry.models.rehearsal.results import Result, items_for, parse, pick
from actionry.models.rehearsal.showing import show
from actionry.models.rehearsal.slots import Slot
from actionry.models.rehearsal.spans import read_sentence
from actionry.models.rehearsal.words import concept, has_chinese, same_length, split_identifier, tokenize

Role = Literal["user", "assistant", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of a conversation, as far as the built-in model reads it."""

    role: Role
    text: str = ""
    """What was said; of a tool: its result as text."""
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    """Of the assistant: the calls it made."""
    name: str = ""
    """Of a tool: the function that answered."""
    data: Any = None
    """Of a tool: its result as data, when known."""
    status: int | None = None
    """Of a tool: the HTTP status."""
    declined: bool = False
    """Of a tool: the person did not allow the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Exactly one of `calls`, `question` and `text` is what happens next; `note` goes with any of them."""

    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    question: str = ""
    text: str = ""
    note: str = ""


@dataclass(slots=True)
class _State:
    """What the history amounts to."""

    pending: list[Step] = field(default_factory=list)
    rivals: tuple[Profile, Profile] | None = None
    plan_text: str = ""
    """An honest answer instead of steps."""
    note: str = ""
    said: str = ""
    """The request the steps come from, with the answers to questions."""
    results: list[Result] = field(default_factory=list)
    """All results so far, newest last."""
    fresh: list[Result] = field(default_factory=list)
    """Results since the person last spoke."""
    asked: tuple[Step, Slot] | None = None
    finding: set[str] = field(default_factory=set)
    """Calls that only find a value for a later step."""


class RehearsalModel:
    """The built-in model as a conversation partner; the same history always gets the same reply."""

    name = "rehearsal"

    def __init__(self, *, today: Callable[[], date] | None = None) -> None:
        self._today = today or date.today

    def reply(self, history: Sequence[Message], functions: Sequence[Function]) -> Reply:
        today = self._today()
        state = _State()
        for index, message in enumerate(history):
            match message.role:
                case "user":
                    _hear(state, message.text, functions, today)
                    _prepare(state, functions)
                case "assistant":
                    _called(state, message)
                case "tool":
                    _answered(state, message)
                    if index + 1 == len(history) or history[index + 1].role != "tool":
                        _prepare(state, functions)
        return _next(state, functions, _language(history))


def _language(history: Sequence[Message]) -> bool:
    said = [message.text for message in history if message.role == "user"]
    return any(has_chinese(text[:2000]) for text in said[-2:])


# ---- what the person says -------------------------------------------------------------------------------------


def _hear(state: _State, text: str, functions: Sequence[Function], today: date) -> None:
    state.fresh = []
    state.finding = set()
    state.plan_text = ""
    if state.rivals is not None:
        chosen = _named_rival(text, state.rivals)
        state.rivals = None
        if chosen is not None:
            sentence = read_sentence(state.said, today)
            state.pending = [make_step(chosen, assign(chosen.slots, sentence, chosen.operation_words), sentence)]
            return
    if state.asked is not None and _take_answer(state, text, functions, today):
        return
    state.said = text
    _start(state, make_plan(text, functions, today))


def _start(state: _State, plan: Plan) -> None:
    state.pending = plan.steps
    state.rivals = plan.rivals
    state.plan_text = plan.text
    state.note = plan.note
    state.asked = None


def _named_rival(text: str, rivals: tuple[Profile, Profile]) -> Profile | None:
    low = text.lower()
    for profile in rivals:
        if profile.function.name.lower() in low:
            return profile
    if re.search(r"\b(?:first|former|1)\b|第一|前者", low):
        return rivals[0]
    if re.search(r"\b(?:second|latter|2)\b|第二|后者", low):
        return rivals[1]
    words = {token.stem for token in tokenize(same_length(low))}
    shares = [len(words & (profile.name | profile.description)) for profile in rivals]
    return None if shares[0] == shares[1] else rivals[0] if shares[0] > shares[1] else rivals[1]


_CANCEL = re.compile(r"^\W*(?:cancel|stop|never ?mind|forget it|no|算了|取消|不用了|停)\W*$", re.IGNORECASE)


def _take_answer(state: _State, text: str, functions: Sequence[Function], today: date) -> bool:
    """Whether the text answers the question that is open; a new request instead starts anew."""
    assert state.asked is not None
    step, slot = state.asked
    state.asked = None
    if _CANCEL.match(text):
        state.pending = []
        state.plan_text = wording.dropped(has_chinese(text))
        return True
    chosen = _from_results(state, slot, text) if _may_come_from_result(slot) else None
    if chosen is not None:
        put(step, slot, chosen)
        return True
    if is_greeting(text) or _new_request(text, step, functions, today):
        return False
    state.said = f"{state.said}\n{text}"
    put(step, slot, _value_of(text, slot, step, today))
    return True


def _new_request(text: str, step: Step, functions: Sequence[Function], today: date) -> bool:
    """A whole sentence that fits another operation, with everything it needs, is a new request and no answer."""
    if len(text.split()) < 3 and not (has_chinese(text) and len(text) > 6):
        return False
    plan = make_plan(text, functions, today)
    if not plan.steps or plan.steps[0].missing:
        return False
    first = plan.steps[0]
    return first.name != step.name and bool(first.profile.name & {t.stem for t in tokenize(same_length(text))})


def _value_of(text: str, slot: Slot, step: Step, today: date) -> Any:
    """The answer as the slot's value: what the sentence reader finds in it, else the words themselves."""
    sentence = read_sentence(text, today)
    assignment = assign([replace(slot, required=True)], sentence, frozenset())
    bare = _bare_answer(text)
    if assignment.choices:
        value = assignment.choices[0].candidate.value
        whole = slot.type == "string" and not slot.enum and slot.date_pattern is None and isinstance(value, str)
        if not whole or _quoted_or_marked(sentence.plain, value):
            return value
        return (
            bare
            if len(bare.split()) <= 4 and has_chinese(bare) is has_chinese(value) and value not in bare
            else _plain(bare, value)
        )
    if slot.type == "boolean":
        yes = re.match(r"^\W*(?:y|yes|yeah|yep|true|sure|ok|是|对|好|要|需要)", text, re.IGNORECASE)
        no = re.match(r"^\W*(?:n|no|nope|false|不|否|没)", text, re.IGNORECASE)
        return False if no else True if yes else bare
    if slot.type == "array":
        return [piece.strip() for piece in re.split(r"\s*(?:,|，|、|\band\b|和)\s*", bare) if piece.strip()]
    return bare


_LEAD_IN = re.compile(
    r"^\W*(?:it(?:'s| is)|that(?:'s| is)|the \w+ is|my \w+ is|use|for|in|i(?:'m| am)|call it|should "
    r"be|是|用|叫|在|我叫|我是)\s*[:：]?\s*(?=\S)",
    re.IGNORECASE,
)


def _bare_answer(text: str) -> str:
    text = text.strip().strip("\"“”'‘’「」《》")
    return _LEAD_IN.sub("", text).strip().rstrip(".。!！?？").strip("\"“”'‘’「」《》")


def _quoted_or_marked(plain: str, value: str) -> bool:
    return any(f"{mark}{value}{mark}" in plain for mark in "\"'")


def _plain(bare: str, value: str) -> str:
    """The whole answer when it is short, the part that was recognized when it is a sentence."""
    return bare if len(bare.split()) <= 6 else value


# ---- what was called, and what came back ----------------------------------------------------------------------


def _called(state: _State, message: Message) -> None:
    if not message.calls and state.pending:
        # It was a question; the same rule that asked it tells which one.
        asked = first_question(state.pending, False)
        if asked is not None:
            step = asked[0]
            slot = next((s for s in step.profile.slots if s.path in step.refused), None) or step.missing[0]
            state.asked = (step, slot)
    for name, _ in message.calls:
        for step in state.pending:
            if step.name == name:
                state.pending.remove(step)
                break


def _answered(state: _State, message: Message) -> None:
    data = message.data if message.data is not None else parse(message.text)
    status = 499 if message.declined else message.status
    result = Result(message.name, data, status)
    state.results.append(result)
    state.fresh.append(result)
    if result.is_failure:
        # What was planned on this result cannot go on.
        state.pending = [step for step in state.pending if not any("identifier" in s.roles for s in step.missing)]


def _from_results(state: _State, slot: Slot, text: str) -> Any:
    """The value an earlier result has for the slot, when it is plain which one is meant."""
    ordinal = _ordinal(text)
    for result in reversed(state.results[-10:]):
        items = [] if result.is_failure else items_for(slot, result)
        if items:
            chosen = pick(items, text, ordinal)
            return None if chosen is None else chosen.value
    return None


_LAST = re.compile(r"\b(?:the )?last (?:one|item|result)\b|最后一?个", re.IGNORECASE)


def _ordinal(text: str) -> int | None:
    if _LAST.search(text):
        return -1
    plain = same_length(text[:2000])
    if re.search(r"\bfirst\b|第一", plain, re.IGNORECASE):
        return 1
    numbers = [number for number in find_numbers(plain, tokenize(plain)) if number.ordinal]
    bare = re.fullmatch(r"\W*(\d{1,3})\W*", plain)
    if bare:
        return int(bare[1])
    chinese = re.search(r"第\s?(\d{1,3})\s?[个项条]", plain)
    if chinese:
        return int(chinese[1])
    return int(numbers[0].value) if numbers else None


# ---- what happens next ----------------------------------------------------------------------------------------


def _prepare(state: _State, functions: Sequence[Function]) -> None:
    """Fill what earlier results hold; put a call that finds a path id before the step that needs it."""
    for step in list(state.pending):
        _count_in_results(state, step)
        for slot in step.missing:
            if slot.path in step.refused:
                continue
            value = _from_results(state, slot, state.said) if _may_come_from_result(slot) else None
            if value is not None:
                put(step, slot, value)
            elif "identifier" in slot.roles and not state.results and not _finder_planned(state, slot):
                finder = _finder(slot, step, functions)
                if finder is not None:
                    state.pending.insert(state.pending.index(step), finder)
                    state.finding.add(finder.name)


def _count_in_results(state: _State, step: Step) -> None:
    """ "delete the second one": the second of the list that was shown, whatever its id is."""
    ordinal = _ordinal(state.said)
    for slot in step.profile.slots:
        if ordinal is not None and "identifier" in slot.roles and step.values.get(slot.path) in (ordinal, str(ordinal)):
            value = _from_results(state, slot, state.said)
            if value is not None:
                put(step, slot, value)


def _may_come_from_result(slot: Slot) -> bool:
    return "identifier" in slot.roles


def _finder_planned(state: _State, slot: Slot) -> bool:
    return bool(state.finding) or any(step.name in state.finding for step in state.pending)


def _finder(slot: Slot, step: Step, functions: Sequence[Function]) -> Step | None:
    """A reading function about the same thing that needs nothing more than the sentence says."""
    sentence = step.sentence
    if sentence is None:
        return None
    thing = {word for word in slot.name_words if word not in _ID_WORDS} or {
        word for word in _path_words(step.profile.function) if word not in _ID_WORDS
    }
    best: tuple[float, Step] | None = None
    for function in functions:
        if function.name == step.name:
            continue
        profile = read_profile(function)
        if not thing & (profile.name | profile.path) or not _only_reads(function):
            continue
        if any("identifier" in other.roles and other.required for other in profile.slots):
            continue
        candidate = make_step(profile, assign(profile.slots, sentence, profile.operation_words), sentence)
        if candidate.missing or candidate.refused:
            continue
        worth = len(candidate.values) + 0.5 * len(thing & profile.name)
        if best is None or worth > best[0]:
            best = (worth, candidate)
    return best[1] if best is not None else None


_ID_WORDS = frozenset(concept(word) for word in ("id", "identifier", "key", "uuid", "number", "code", "index"))
_READING = frozenset(concept(word) for word in ("get", "list", "find", "search", "show", "query"))


def _only_reads(function: Function) -> bool:
    method = getattr(function, "method", None)
    if isinstance(method, str) and method:
        return method.upper() in ("GET", "HEAD")
    first = split_identifier(function.name)[:1]
    return bool(first) and concept(first[0]) in _READING


def _path_words(function: Function) -> set[str]:
    path = getattr(function, "path", None)
    return {concept(word) for word in split_identifier(path if isinstance(path, str) else function.name)}


def _next(state: _State, functions: Sequence[Function], chinese: bool) -> Reply:
    if state.rivals is not None:
        return Reply(question=wording.which_operation(*state.rivals, chinese), note=state.note)
    ready: list[tuple[str, dict[str, Any]]] = []
    for step in state.pending:
        if step.missing or step.refused:
            break
        ready.append((step.name, step.arguments))
        if step.name in state.finding:
            break
    if ready:
        return Reply(calls=tuple(ready), note=state.note)
    if state.pending:
        return Reply(question=_question(state, chinese), note=state.note)
    if state.fresh:
        return Reply(text=_report(state, chinese), note=state.note)
    return Reply(text=state.plan_text or wording.nothing_fits(functions, chinese), note=state.note)


def _question(state: _State, chinese: bool) -> str:
    asked = first_question(state.pending, chinese)
    assert asked is not None
    step, question = asked
    slot = next((s for s in step.profile.slots if s.path in step.refused), None) or step.missing[0]
    if "identifier" in slot.roles and slot.path not in step.refused:
        for result in reversed(state.fresh):
            items = items_for(slot, result)
            if len(items) > 1:
                return wording.which_item([item.label for item in items], slot, chinese)
            if not items and result.name in state.finding:
                return wording.not_in_result(slot, result.name, chinese)
    return question


def _report(state: _State, chinese: bool) -> str:
    parts = []
    shown = [result for result in state.fresh if result.name not in state.finding] or state.fresh
    for result in shown:
        if result.status == 499:
            parts.append(wording.not_allowed(result.name, chinese))
        elif result.is_failure:
            parts.append(wording.failed(result.name, result.status, show(result.data, chinese=chinese), chinese))
        else:
            parts.append(f"{wording.done(result.name, chinese)}\n\n{show(result.data, chinese=chinese)}")
    return "\n\n".join(parts)
