"""Which descriptions a model will stumble over: operations that compete, parameters that say nothing, missing enums.

Each piece of advice carries the sentence that shows it, so that an author can try it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from actionry.tools.search import OperationIndex
from actionry.tools.search_fields import Facts, Need, SearchableFunction, first_sentence, read_facts
from actionry.tools.search_vocabulary import STOP_WORDS, word_set
from actionry.tools.search_words import split_name, stem

AdviceKind = Literal["competing-operations", "silent-operation", "silent-parameter", "missing-enum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    kind: AdviceKind
    functions: tuple[str, ...]
    """Names; two or more when they compete."""
    parameter: str = ""
    sentence: str
    """What a user may say, or what the document says, that shows it."""
    message: str
    mend: str
    values: tuple[str, ...] = ()
    """The values that an enum would hold."""


CLEARLY = 0.92
"""An operation whose own sentence gives it less than this share of the best one's score is lost beside that one."""


def advise(functions: Sequence[SearchableFunction], *, max_advice: int = 200) -> list[Advice]:
    """Advice in document order, competing operations first; at most `max_advice`."""
    advice = list(competitors(functions))
    for function in functions:
        facts = read_facts(function)
        advice.extend(_silent_operation(function))
        for need in facts.needs:
            advice.extend(_silent_parameter(facts, need))
            advice.extend(_missing_enum(facts, need))
    return advice[:max_advice]


def competitors(functions: Sequence[SearchableFunction]) -> Iterator[Advice]:
    """Operations that answer to the same sentence: the same description twice, or another one is found first.

    The sentence is the first one of the description: who says it should get that operation.
    """
    same: dict[str, list[SearchableFunction]] = defaultdict(list)
    for function in functions:
        same[" ".join(_own_words(function))].append(function)
    told: set[frozenset[str]] = set()
    for words, group in same.items():
        if words and len(group) > 1:
            names = tuple(one.name for one in group)
            told.update(frozenset((one, other)) for one in names for other in names if one != other)
            yield _competing(names, _sentence(group[0]), "have the same description")
    index = OperationIndex(functions)
    for function in functions:
        sentence = _sentence(function)
        found = index.search(sentence, k=10)
        first = next((one for one in found if one.score >= 1.0), None)
        own = next((one.score for one in found if one.function is function), 0.0)
        if first is None or own > CLEARLY:
            continue
        pair = frozenset((function.name, first.name))
        if len(pair) == 2 and pair not in told and first.reason.startswith("matches"):
            told.add(pair)
            yield _competing((function.name, first.name), sentence, f"compete: `{first.name}` is found first")


def _competing(names: tuple[str, ...], sentence: str, how: str) -> Advice:
    listed = ", ".join(f"`{name}`" for name in names[:5]) + (" …" if len(names) > 5 else "")
    return Advice(
        kind="competing-operations", functions=names, sentence=sentence,
        message=f"For “{sentence}” {listed} {how}.",
        mend="Say in each description what it does that the others do not, in the first sentence.",
    )  # fmt: skip


def _silent_operation(function: SearchableFunction) -> Iterator[Advice]:
    words = [word for word in _own_words(function) if word not in STOP_WORDS]
    if len(words) < 2 and not function.description.strip():
        yield Advice(
            kind="silent-operation", functions=(function.name,), sentence=_sentence(function),
            message=f"`{function.name}` has no description, and its name does not say what it does.",
            mend="Add a summary of one sentence: a verb, the thing, and what comes back.",
        )  # fmt: skip


_EMPTY_NAMES = word_set(
    "a b c d e f g h i j k l m n o p r s t u v w x y z arg args param params parameter value val values data input in "
    "obj object field fields foo bar baz tmp var item flag opt options misc str string int number bool"
)


def _silent_parameter(facts: Facts, need: Need) -> Iterator[Advice]:
    words = [word for word in split_name(need.name) if not word.isdigit()]
    said = {stem(word) for word in split_name(need.description)} - {stem(word) for word in words}
    says = said - {stem(word) for word in STOP_WORDS | _EMPTY_NAMES | {"parameter", "the"}}
    if says or need.choices or not need.top or (need.type in ("date", "date-time", "email", "uri", "uuid")):
        return
    if all(word in _EMPTY_NAMES for word in words) or not any(c in "aeiouy" for c in need.name.lower()):
        name = need.name[:64]
        yield Advice(
            kind="silent-parameter", functions=(facts.name,), parameter=name,
            sentence=f"What shall `{name}` be?",
            message=f"Neither name nor description of `{name}` in `{facts.name}` says what it holds; "
            "a model guesses, or asks the user a question like this.",
            mend="Describe it in a few words with an example, or give it a telling name.",
        )  # fmt: skip


_LISTS_VALUES = re.compile(
    r"(?:one of|either|allowed values?|possible values?|valid values?|accepted values?|valid options?|options?|"
    r"must be|can be|may be|supports?|values?)\s*(?:are|is|include)?\s*:?\s*([^.;\n(]{3,160})",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[\"'`“‘]([\w./-]{1,30})[\"'`”’]|(?<![\w])([A-Za-z][\w-]{0,20})(?![\w])")


def _missing_enum(facts: Facts, need: Need) -> Iterator[Advice]:
    if need.choices or need.type not in ("", "string", "array"):
        return
    match = _LISTS_VALUES.search(need.description[:500])
    values = _listed_values(match.group(1)) if match else ()
    if match and len(values) >= 2:
        yield Advice(
            kind="missing-enum", functions=(facts.name,), parameter=need.name, values=values,
            sentence=match.group(0).strip(),
            message=f"`{need.name}` of `{facts.name}` takes a fixed set of values that only its description tells.",
            mend=f"Add `enum: [{', '.join(values)}]`.",
        )  # fmt: skip


def _listed_values(text: str) -> tuple[str, ...]:
    """`'asc' or 'desc'` -> (asc, desc); `small, medium, large` -> the three; running text -> ()."""
    quoted = [one for one, _ in _VALUE.findall(text) if one]
    if len(quoted) >= 2:
        return tuple(dict.fromkeys(quoted))
    parts = [part.strip() for part in re.split(r",|\||/|\bor\b|\band\b", text)]
    if len(parts) >= 2 and all(re.fullmatch(r"[A-Za-z][\w-]{0,20}", part) for part in parts if part):
        return tuple(dict.fromkeys(part for part in parts if part))
    return ()


def _sentence(function: SearchableFunction) -> str:
    said = first_sentence(function.description)[0].rstrip(".。")
    return said[:200] if said else " ".join(split_name(function.name))


def _own_words(function: SearchableFunction) -> list[str]:
    text = function.description.strip().lower()
    return text.split() if text else _plain(split_name(function.name))


def _plain(words: Iterable[str]) -> list[str]:
    return [word for word in words if len(word) > 1]
