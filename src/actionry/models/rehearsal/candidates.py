"""Candidates: what a slot could be given, from spans, from choices by meaning, and from boolean phrases."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from actionry.models.rehearsal import lexicon
from actionry.models.rehearsal.dates import Moment, write_moment
from actionry.models.rehearsal.lexicon import words_in
from actionry.models.rehearsal.slots import Slot
from actionry.models.rehearsal.spans import Sentence, Span
from actionry.models.rehearsal.words import Token, concept, content_stems, has_chinese, split_identifier


@dataclass(frozen=True, slots=True)
class Candidate:
    value: Any
    start: int
    end: int
    span: Span | None
    """None: a choice or boolean read from the words at start:end."""
    source: str
    """`span`, `choice`, `boolean`; features look at it."""
    shares: bool = False
    """May stand on words that another argument uses too."""
    hints: tuple[tuple[str, float], ...] = field(default=())
    """Features known when it was made."""


def candidates(slot: Slot, sentence: Sentence, operation_words: frozenset[str]) -> list[Candidate]:
    """Everything in the sentence that fits the slot's type; whether it is meant is decided by the score."""
    if slot.type == "boolean":
        return _booleans(slot, sentence, operation_words)
    if slot.enum:
        return _choice_candidates(slot, sentence, slot.enum, "enum", operation_words)
    found = (
        _choice_candidates(slot, sentence, slot.choices, "choice", operation_words)
        if slot.choices and slot.type in ("string", "any", "array")
        else []
    )
    if slot.type in ("integer", "number"):
        found += _numbers_by_meaning(slot, sentence)
    elif slot.type in ("string", "any"):
        found += _known_values(slot, sentence)
    elif slot.type == "array" and slot.item_type in ("string", "any"):
        found += _joined_choices(slot, _known_values(slot, sentence))
    for span in sentence.spans:
        made = _from_span(slot, span, operation_words, sentence)
        found.extend(made)
    return found[:400]


# ---- spans ----------------------------------------------------------------------------------------------------


def _from_span(slot: Slot, span: Span, operation_words: frozenset[str], sentence: Sentence) -> list[Candidate]:
    match slot.type:
        case "integer" | "number":
            return _number_candidates(slot, span, sentence, operation_words)
        case "array":
            return _array_candidates(slot, span, operation_words, sentence)
        case "string":
            return _string_candidates(slot, span, operation_words, sentence)
        case "any":
            if span.kind == "number":
                return [Candidate(span.value, span.start, span.end, span, "span")]
            return _string_candidates(slot, span, operation_words, sentence)
        case "object":
            if span.kind == "json" and isinstance(span.value, dict):
                return [Candidate(span.value, span.start, span.end, span, "span")]
    return []


_COUNTED = frozenset(
    concept(word)
    for word in words_in(
        "number integer value city place location object body charge side point set group party item "
        "side length variable"
    )
)


def _counts_only(slot: Slot, span: Span, sentence: Sentence, operation_words: frozenset[str]) -> bool:
    """ "two numbers, 12 and 18": the "two" announces values, it is none."""
    if span.number is None or not span.number.in_words or span.number.ordinal:
        return False
    following = [token for token in sentence.tokens if token.start >= span.end][:3]
    if (
        any(token.stem in slot.name_words and token.stem not in _COUNTED for token in following)
        and "quantity" in slot.roles
    ):
        return False
    announced = any(
        token.stem in _COUNTED or token.stem in operation_words for token in following if token.kind == "word"
    )
    return announced and any(
        other.kind in ("number", "name", "list") and other.start > span.end for other in sentence.spans
    )


def _number_candidates(slot: Slot, span: Span, sentence: Sentence, operation_words: frozenset[str]) -> list[Candidate]:
    if span.kind == "number" and span.number is not None:
        value = convert_number(slot, span)
        if value is None:
            return []
        hints = (("counts_only", 1.0),) if _counts_only(slot, span, sentence, operation_words) else ()
        return [Candidate(value, span.start, span.end, span, "span", hints=hints)]
    if span.kind == "moment" and span.moment is not None and span.moment.day and "year" in slot.roles:
        return [Candidate(span.moment.day.year, span.start, span.end, span, "span", hints=(("year_of_date", 1.0),))]
    if span.kind == "quoted" and re.fullmatch(r"-?\d+(?:\.\d+)?", span.text):
        number = float(span.text)
        value = int(number) if number.is_integer() and slot.type == "integer" else number
        return [Candidate(value, span.start, span.end, span, "span")]
    return []


def convert_number(slot: Slot, span: Span) -> int | float | None:
    """The number in the slot's unit and type; None when an integer slot would lose a fraction."""
    number = span.number
    assert number is not None
    value: float = number.value
    if number.dimension == "percent" and slot.type == "number" and slot.unit != "%":
        value = round(value / 100, 12)
    elif (
        slot.unit
        and number.dimension == slot.dimension
        and number.unit != slot.unit
        and number.dimension not in ("temperature", "money", "percent")
    ):
        value = round(value * number.factor / slot.unit_factor, 9)
    bounds = slot.schema
    high, low = bounds.get("maximum"), bounds.get("minimum")
    if (isinstance(high, int | float) and value > high >= number.value) or (
        isinstance(low, int | float) and value < low <= number.value
    ):
        value = number.value  # converting would break the rule, the number as it was said does not
    if slot.type == "integer":
        return int(value) if float(value).is_integer() else None
    return float(value) if slot.type == "number" else value


def _string_candidates(slot: Slot, span: Span, operation_words: frozenset[str], sentence: Sentence) -> list[Candidate]:
    if span.kind == "moment" and span.moment is not None:
        return [Candidate(_moment_text(slot, span.moment, span.text), span.start, span.end, span, "span")]
    if span.kind == "number" and span.number is not None:
        # Numbers as text keep their unit when the sentence has one ("500 grams"), as a person would write it.
        end = span.number.end
        with_unit = sentence.text[span.start : end]
        made = [Candidate(span.text, span.start, span.end, span, "span")]
        if end > span.end:
            made.append(Candidate(with_unit.strip(), span.start, end, span, "span", hints=(("with_unit", 1.0),)))
        return made
    if span.kind in ("list", "json"):
        return []
    if span.kind == "period":
        if slot.date_pattern is not None:
            return []
        return (
            [Candidate(span.text, span.start, span.end, span, "span")]
            if _TIMELIKE & {*slot.roles, *slot.name_words}
            else []
        )
    if span.kind == "tail":
        return [Candidate(span.text, span.start, span.end, span, "span")] if "text" in slot.roles else []
    if span.kind == "unit":
        return [Candidate(span.text, span.start, span.end, span, "span", True)] if "unit" in slot.roles else []
    if span.kind == "formula":
        return [Candidate(span.text, span.start, span.end, span, "span")]
    if span.kind in ("quoted", "email", "url", "code"):
        return [Candidate(span.text, span.start, span.end, span, "span")]
    return [_place_of(slot, candidate) for candidate in _trimmed(slot, span, operation_words, sentence)]


_CITY_AND_STATE = re.compile(r"\b[Cc]ity (?:and|&) [Ss]tate\b|\b[A-Z][a-z]+, ?[A-Z]{2}\b")


def _place_of(slot: Slot, candidate: Candidate) -> Candidate:
    """What is generally known of places: a country's name for "German", a state where "city, state" is asked for."""
    low = str(candidate.value).lower()
    head = low.split(",")[0]
    if "country" in slot.name_words:
        if low in lexicon.DEMONYMS:
            return replace(candidate, value=lexicon.DEMONYMS[low], hints=(*candidate.hints, ("country", 1.0)))
        if low in lexicon.COUNTRIES:
            return replace(candidate, hints=(*candidate.hints, ("country", 1.0)))
        return replace(candidate, hints=(*candidate.hints, ("not_a_country", 1.0)))
    if head in lexicon.PLACES:
        geographic = bool({"place", "place_described"} & slot.roles) and "venue" not in slot.roles
        candidate = replace(
            candidate, hints=(*candidate.hints, ("known_place" if geographic else "known_place_elsewhere", 1.0))
        )
    if low in lexicon.COUNTRIES and "city" in slot.name_words:
        return replace(candidate, hints=(*candidate.hints, ("country_for_city", 1.0)))
    if low in lexicon.US_CITIES and _CITY_AND_STATE.search(slot.description):
        return replace(candidate, value=f"{candidate.value}, {lexicon.US_CITIES[low]}")
    return candidate


_TIMELIKE = frozenset(
    {"date", "time", "year", "duration", concept("timeframe"), concept("frame"), concept("month"), concept("week")}
)


def _moment_text(slot: Slot, moment: Moment, verbatim: str) -> str:
    if slot.date_pattern is not None:
        if moment.day is None and "%Y" in slot.date_pattern:
            if moment.day_hint is None:
                return verbatim
            moment = replace(moment, day=moment.day_hint)
        if moment.clock is None and slot.date_pattern == "%H:%M:%S":
            return verbatim
        return write_moment(moment, slot.date_pattern)
    return verbatim


def _trimmed(slot: Slot, span: Span, operation_words: frozenset[str], sentence: Sentence) -> list[Candidate]:
    """The words as they stand, and without the words at both ends that name the slot or the operation.

    slot `team`: "Lakers team" -> "Lakers"; operation `recipe_search`: "cookie recipe" -> "cookie";
    slot `energy_type`: "renewable energy sources" -> "renewable"
    """
    tokens = sentence.tokens_within(span.start, span.end)
    made = [
        Candidate(span.text, span.start, span.end, span, "span", hints=((str(span.value), 1.0),) if span.value else ())
    ]
    if span.value == "stretched" and tokens:
        added = tokens[-1]
        known_word = added.means(slot.name_words) or added.means(operation_words)
        label = "stretched_known" if known_word or added.kind == "number" else "stretched_new"
        return [replace(made[0], hints=((label, 1.0),))]
    if not tokens or span.value:
        return made
    own = set(slot.name_words)
    lower = [token.kind == "cjk" or token.start == 0 or not token.text[0].isupper() for token in tokens]
    named = [token.means(own) and small for token, small in zip(tokens, lower, strict=True)]
    known = [
        is_own or (small and (token.means(operation_words) or token.low in lexicon.SPARE_ADJECTIVES))
        for token, is_own, small in zip(tokens, named, lower, strict=True)
    ]
    seen = {(span.start, span.end)}
    for label, spare in (("trim_own", named), ("trim_operation", known)):
        first, last = 0, len(tokens) - 1
        while first <= last and spare[first]:
            first += 1
        while last >= first and spare[last]:
            last -= 1
        if first > last:
            weight = 1.0 if label == "trim_own" else 0.7
            made[0] = replace(made[0], hints=(("all_known", weight),))
            break
        _add_piece(made, seen, sentence, span, tokens[first : last + 1], label)
    spare = [token.low in lexicon.SPARE_ADJECTIVES for token in tokens]
    for position, is_known in enumerate(known):
        if is_known and position > 0:
            first, dropped = 0, spare if named[position] else known
            while first < position and dropped[first]:
                first += 1
            label = "modifier_own" if named[position] else "modifier_operation"
            _add_piece(made, seen, sentence, span, tokens[first:position], label)
    if 2 <= len(tokens) <= 6:
        label = "name_part" if span.kind == "name" else "phrase_part"
        for cut in range(1, len(tokens)):
            _add_piece(made, seen, sentence, span, tokens[:cut], label + "_first")
            _add_piece(made, seen, sentence, span, tokens[cut:], label + "_last")
    first = 0
    while first < len(tokens) - 1 and tokens[first].low in _everyday_words():
        first += 1
    if first:
        _add_piece(made, seen, sentence, span, tokens[first:], "trim_operation")
        last = len(tokens)
        while last - 1 > first and known[last - 1]:
            last -= 1
        _add_piece(made, seen, sentence, span, tokens[first:last], "trim_operation")
    return made


def _add_piece(
    made: list[Candidate],
    seen: set[tuple[int, int]],
    sentence: Sentence,
    span: Span,
    piece: Sequence[Token],
    label: str,
) -> None:
    if not piece:
        return
    start, end = piece[0].start, min(piece[-1].end, span.end)
    if (start, end) not in seen:
        seen.add((start, end))
        text = sentence.text[start:end].removesuffix("'s")
        made.append(Candidate(text, start, end, span, "span", hints=((label, 1.0),)))


def _array_candidates(slot: Slot, span: Span, operation_words: frozenset[str], sentence: Sentence) -> list[Candidate]:
    if span.kind == "json" and isinstance(span.value, list):
        value = _items_as(slot, span.value)
        return (
            [] if value is None else [Candidate(value, span.start, span.end, span, "span", hints=(("bracketed", 1.0),))]
        )
    if span.kind == "list":
        values = [_item(slot, item, operation_words, sentence) for item in span.items]
        if any(value is None for value in values):
            return []
        return [Candidate(values, span.start, span.end, span, "span", span.value == "counted", (("enumerated", 1.0),))]
    if span.kind == "phrase" and slot.item_type in ("integer", "number"):
        return []
    value = _item(slot, span, operation_words, sentence)
    if value is None:
        return []
    return [Candidate([value], span.start, span.end, span, "span", hints=(("single_item", 1.0),))]


def _items_as(slot: Slot, values: Sequence[Any]) -> list[Any] | None:
    wanted = slot.item_type
    made: list[Any] = []
    for value in values:
        if wanted == "string" and not isinstance(value, str):
            made.append(str(value))
        elif wanted == "number" and isinstance(value, int | float):
            made.append(float(value))
        elif (
            wanted == "integer" and not (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))
        ) or (wanted in ("integer", "number") and isinstance(value, str)):
            return None
        else:
            made.append(value)
    return made


def _item(slot: Slot, span: Span, operation_words: frozenset[str], sentence: Sentence) -> Any:
    wanted = slot.item_type
    if span.kind == "number" and span.number is not None:
        if wanted == "string":
            return span.text
        value = span.number.value
        if span.number.dimension == "percent" and wanted != "integer" and slot.unit != "%":
            value = round(value / 100, 12)
        if wanted == "integer" and not float(value).is_integer():
            return None
        return float(value) if wanted == "number" else value
    if wanted in ("integer", "number", "boolean", "object", "array"):
        return None
    if span.kind == "moment" and span.moment is not None:
        return _moment_text(slot, span.moment, span.text)
    if span.kind in ("json", "list", "unit", "period", "tail"):
        return None
    if span.kind in ("name", "phrase"):
        options = _trimmed(slot, span, operation_words, sentence)
        return options[1].value if len(options) > 1 else options[0].value
    return span.text


def _numbers_by_meaning(slot: Slot, sentence: Sentence) -> list[Candidate]:
    """ "compounded monthly" is 12 times a year; "from rest" is no velocity."""
    found: list[Candidate] = []
    words = {*slot.name_words, *slot.cues}
    if words & _FREQUENT:
        for token in sentence.tokens:
            times = lexicon.TIMES_A_YEAR.get(token.low)
            if times is not None:
                found.append(_number_candidate(slot, times, token.start, token.end))
    if slot.dimension == "time" and slot.unit:
        for span in sentence.spans:
            if span.kind == "period" and span.value[0] is None and span.value[1] in lexicon.UNITS:
                days = {"week": 7.0, "month": 30.0, "year": 365.0, "day": 1.0}.get(span.value[1])
                if days and slot.unit in ("day", "hour", "week", "month"):
                    factor = {"day": 1.0, "hour": 24.0, "week": 1 / 7, "month": 1 / 30}[slot.unit]
                    found.append(_number_candidate(slot, round(days * factor), span.start, span.end))
    if "speed" in slot.name_words and "begin" in slot.name_words:
        match = re.search(r"\b(?:from|at) rest\b", sentence.plain, re.IGNORECASE)
        if match:
            found.append(_number_candidate(slot, 0, *match.span()))
    return found


@lru_cache(maxsize=1)
def _everyday_values() -> dict[str, tuple[str, ...]]:
    return {concept(name): values for name, values in lexicon.KNOWN_VALUES.items()}


@lru_cache(maxsize=1)
def _everyday_words() -> frozenset[str]:
    kinds = ("color", "cuisine", "diet", "gender")
    return frozenset(value for kind in kinds for value in lexicon.KNOWN_VALUES[kind])


def _known_values(slot: Slot, sentence: Sentence) -> list[Candidate]:
    """Values of everyday sets: colors for `color`, currencies for `currency`, the sentence's own language …"""
    if "currency" in slot.name_words:
        return _named_in(sentence, lexicon.CURRENCIES | lexicon.CHINESE_CURRENCIES, lambda spoken, code: code)
    if "country" in slot.name_words and re.search(
        r"\bcode\b|ISO", f"{slot.description} {slot.schema.get('format', '')}"
    ):
        return _named_in(sentence, lexicon.COUNTRIES | lexicon.CHINESE_COUNTRIES, lambda spoken, code: code)
    if "languag" in slot.name_words or "local" in slot.name_words:
        codes = bool(re.search(r"\bcode\b|ISO|'[a-z]{2}'|\"[a-z]{2}\"|\b(?:en|zh|fr)\b", slot.description))
        found = _named_in(
            sentence,
            lexicon.LANGUAGES | lexicon.CHINESE_LANGUAGES,
            lambda spoken, code: code if codes else spoken.capitalize(),
        )
        if slot.required and re.search(r"written|input|of the text", slot.description):
            own = ("zh" if codes else "Chinese") if has_chinese(sentence.plain) else ("en" if codes else "English")
            found.append(Candidate(own, 0, 0, None, "known", True, (("language_of_text", 1.0),)))
        return found
    for word in slot.name_words:
        values = _everyday_values().get(word)
        if values:
            return _named_in(sentence, dict.fromkeys(values, ""), lambda spoken, code: spoken)
    return []


def _named_in(sentence: Sentence, table: Mapping[str, str], value: Callable[[str, str], str]) -> list[Candidate]:
    found: list[Candidate] = []
    plain = sentence.plain.lower()
    for spoken, code in table.items():
        if spoken not in plain:
            continue
        match = re.search(rf"(?<![a-z]){re.escape(spoken)}(?![a-z])", plain)
        if match:
            verbatim = sentence.text[match.start() : match.end()]
            meant = value(spoken, code)
            inside = any(
                span.kind == "name"
                and span.start < match.start() + 1
                and match.end() <= span.end
                and len(span.text) > len(spoken)
                for span in sentence.spans
            )
            found.append(
                Candidate(
                    verbatim if meant == spoken else meant,
                    *match.span(),
                    None,
                    "known",
                    True,
                    (("known_longer", 0.5 * len(spoken.split())), ("known_inside_name", float(inside))),
                )
            )
    return found


_FREQUENT = frozenset(concept(word) for word in words_in("compound compounded compounding frequency times periods"))


def _number_candidate(slot: Slot, value: int, start: int, end: int) -> Candidate:
    return Candidate(
        float(value) if slot.type == "number" else value, start, end, None, "choice", hints=(("exact", 1.0),)
    )


# ---- choices --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _meanings() -> dict[str, frozenset[int]]:
    table: dict[str, set[int]] = {}
    for number, group in enumerate(lexicon.ENUM_MEANINGS):
        for member in group.split():
            table.setdefault(member.replace("_", " "), set()).add(number)
    return {word: frozenset(numbers) for word, numbers in table.items()}


@lru_cache(maxsize=20_000)
def _choice_words(choice: str) -> tuple[str, ...]:
    return tuple(concept(word) for word in split_identifier(choice)) or tuple(content_stems(choice))


def _choice_candidates(
    slot: Slot, sentence: Sentence, choices: Sequence[Any], source: str, operation_words: frozenset[str]
) -> list[Candidate]:
    found: list[Candidate] = []
    for choice in choices:
        if isinstance(choice, bool):
            continue
        if isinstance(choice, int | float):
            found += [
                Candidate(choice, span.start, span.end, span, source, hints=(("exact", 1.0),))
                for span in sentence.spans
                if span.kind == "number" and span.value == choice
            ]
            continue
        if isinstance(choice, str) and choice:
            found += _where_meant(choice, sentence, source)
    if slot.type == "array":
        return _joined_choices(slot, found)
    return found


def _joined_choices(slot: Slot, found: Sequence[Candidate]) -> list[Candidate]:
    best: dict[Any, Candidate] = {}
    for candidate in found:
        known = best.get(candidate.value)
        if known is None or sum(v for _, v in candidate.hints) > sum(v for _, v in known.hints):
            best[candidate.value] = candidate
    chosen = sorted(best.values(), key=lambda candidate: candidate.start)
    if not chosen:
        return []
    # Neighbouring choices make one list; all that the sentence names, in its order.
    return [
        Candidate(
            [candidate.value for candidate in chosen],
            chosen[0].start,
            chosen[-1].end,
            None,
            chosen[0].source,
            True,
            chosen[0].hints,
        )
    ]


def _where_meant(choice: str, sentence: Sentence, source: str) -> list[Candidate]:
    """Places where the sentence says a choice: verbatim, by its words, or by another word of the same meaning."""
    found: list[Candidate] = []
    low, plain = choice.lower(), sentence.plain.lower()
    spoken = low.replace("_", " ").replace("-", " ").strip()
    for form in dict.fromkeys((low, spoken)):
        if not form:
            continue
        position = plain.find(form)
        while position >= 0 and len(found) < 8:
            before, after = plain[position - 1 : position], plain[position + len(form) : position + len(form) + 1]
            edge = not (before.isalnum() and before.isascii()) and not (
                after.isalnum() and after.isascii() and after != "s"
            )
            if (
                edge and (len(form) > 2 or sentence.text[position : position + len(form)] == choice)
            ) or not form.isascii():
                found.append(Candidate(choice, position, position + len(form), None, source, True, (("exact", 1.0),)))
            position = plain.find(form, position + 1)
    if found:
        return found
    words = _choice_words(choice)
    if words:
        found += _stem_matches(choice, words, sentence.tokens, source)
    if found:
        return found
    groups = _meanings().get(spoken) or _meanings().get(low)
    if groups:
        found += _meaning_matches(choice, groups, sentence, source)
    return found or _code_matches(choice, sentence, source)


def _stem_matches(choice: str, words: tuple[str, ...], tokens: Sequence[Token], source: str) -> list[Candidate]:
    found: list[Candidate] = []
    size = len(words)
    for index in range(len(tokens) - size + 1):
        window = tokens[index : index + size]
        if all(token.means((word,)) for token, word in zip(window, words, strict=True)):
            found.append(Candidate(choice, window[0].start, window[-1].end, None, source, True, (("stems", 1.0),)))
    return found


def _meaning_matches(choice: str, groups: frozenset[int], sentence: Sentence, source: str) -> list[Candidate]:
    found: list[Candidate] = []
    table = _meanings()
    for token in sentence.tokens:
        for form in (token.low, token.low.rstrip("s")):
            if len(form) > 1 and table.get(form, frozenset()) & groups:
                found.append(Candidate(choice, token.start, token.end, None, source, True, (("meaning", 1.0),)))
                break
    for number in groups:
        for member in lexicon.ENUM_MEANINGS[number].split():
            if not member.isascii():
                position = sentence.plain.find(member)
                if position >= 0:
                    found.append(
                        Candidate(
                            choice,
                            position,
                            position + len(member),
                            None,
                            source,
                            True,
                            (("meaning", 0.5 + 0.25 * min(len(member), 2)),),
                        )
                    )
    return found


_CODES = (
    lexicon.CURRENCIES | lexicon.CHINESE_CURRENCIES,
    lexicon.LANGUAGES | lexicon.CHINESE_LANGUAGES,
    lexicon.COUNTRIES | lexicon.CHINESE_COUNTRIES,
)


def _code_matches(choice: str, sentence: Sentence, source: str) -> list[Candidate]:
    """`USD` for "dollars", `fr` for "French", `DE` for "Germany"."""
    found: list[Candidate] = []
    plain = sentence.plain.lower()
    for table in _CODES:
        for spoken, code in table.items():
            if code == choice or (len(choice) == len(code) and code.lower() == choice.lower()):
                match = re.search(rf"(?<![a-z]){re.escape(spoken)}(?![a-z])", plain)
                if match:
                    found.append(Candidate(choice, *match.span(), None, source, True, (("meaning", 1.0),)))
    return found


# ---- booleans -------------------------------------------------------------------------------------------------

_BOOLEAN_PREFIXES = frozenset(
    concept(word)
    for word in words_in(
        """
    is has have include included get show with should allow enable enabled use return do can need needs want
    only flag calculate find add display require required
    """
    )
) | {"is", "has", "includ", "us"}


def _booleans(slot: Slot, sentence: Sentence, operation_words: frozenset[str]) -> list[Candidate]:
    wanted = [word for word in slot.name_words if word not in _BOOLEAN_PREFIXES] or list(slot.name_words)
    named_negative = bool({"exclud", "without", "no", "skip", "disabl", "hid"} & set(slot.name_words))
    hits = [index for index, token in enumerate(sentence.tokens) if token.means(wanted)]
    covered = {
        word for index in hits for word in (sentence.tokens[index].stem, *sentence.tokens[index].also) if word in wanted
    }
    share = len(covered) / max(len(set(wanted)), 1)
    if share < 0.5 or not hits:
        return []
    first, last = _tightest(sentence.tokens, hits, covered)
    negative, affirmed = _polarity(sentence.tokens, first, last)
    explicit = _explicit_boolean(sentence, last)
    value = explicit if explicit is not None else not negative
    if named_negative and explicit is None:
        value = True if not negative else value or True
    together = last - first + 1 == len(covered) >= 2 and share == 1.0
    hints = (
        ("boolean_together", float(together)),
        ("boolean_topic", float(covered <= operation_words)),
        ("boolean_share", share),
        ("boolean_affirmed", 1.0 if affirmed or negative or explicit is not None else 0.0),
        ("boolean_default", 1.0 if slot.default is value else 0.0),
    )
    return [Candidate(value, sentence.tokens[first].start, sentence.tokens[last].end, None, "boolean", True, hints)]


def _tightest(tokens: Sequence[Token], hits: Sequence[int], covered: set[str]) -> tuple[int, int]:
    best = (hits[0], hits[-1])
    for index, first in enumerate(hits):
        seen: set[str] = set()
        for last in hits[index:]:
            seen.update((tokens[last].stem, *tokens[last].also))
            if covered <= seen:
                if last - first < best[1] - best[0]:
                    best = (first, last)
                break
    return best


def _polarity(tokens: Sequence[Token], first: int, last: int) -> tuple[bool, bool]:
    """(denied, affirmed) by the words shortly before, within the clause."""
    negative = affirmed = False
    for index in range(first - 1, max(first - 7, -1), -1):
        low = tokens[index].low
        if low in (".", ";", "but", "?", "!", "。"):
            break
        if low in lexicon.NEGATIONS or tokens[index].stem in ("_not", "_without"):
            negative = True
            break
        if low in lexicon.AFFIRMATIONS or tokens[index].stem in ("_with", "_include"):
            affirmed = True
    for index in range(first, last + 1):
        if tokens[index].low in lexicon.NEGATIONS or tokens[index].stem in ("_not", "_without"):
            negative = True
    return negative, affirmed


def _explicit_boolean(sentence: Sentence, last: int) -> bool | None:
    following = sentence.plain[sentence.tokens[last].end : sentence.tokens[last].end + 24].lower()
    match = re.match(
        r"\s*(?:is|=|:|set|to|be|as|\s){1,6}\s*['\"]?(true|false|yes|no|on|off|enabled|disabled)\b", following
    )
    if match is None:
        return None
    return match[1] in ("true", "yes", "on", "enabled")
