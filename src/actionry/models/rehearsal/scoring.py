"""How well a candidate fits a slot: named features times the weights of one table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from actionry.models.rehearsal import lexicon
from actionry.models.rehearsal.candidates import Candidate
from actionry.models.rehearsal.lexicon import words_in
from actionry.models.rehearsal.slots import Slot
from actionry.models.rehearsal.spans import Sentence, Span, is_verb_here
from actionry.models.rehearsal.words import Token, concept

WEIGHTS: dict[str, float] = {
    # What it is against what is wanted.
    "number": -1.37,
    "unit_same": 2.59,
    "dimension_same": 0.95,
    "dimension_clash": -2.52,
    "unit_missing": -0.41,
    "percent_elsewhere": -1.50,
    "money_elsewhere": -0.80,
    "year_wanted": 2.09,
    "year_elsewhere": -1.50,
    "not_a_year": -3.00,
    "year_of_date": 0.80,
    "ordinal": -0.30,
    "moment_wanted": 2.83,
    "moment_elsewhere": -2.50,
    "no_moment": -2.00,
    "precise_moment": 0.40,
    "email_wanted": 4.00,
    "no_email": -4.00,
    "email_elsewhere": -2.00,
    "url_wanted": 4.00,
    "no_url": -3.00,
    "url_elsewhere": -1.54,
    "code_wanted": 2.42,
    "code": 0.28,
    "quoted": 2.16,
    "name": 0.98,
    "phrase": -0.66,
    "number_as_text": -1.87,
    "counts_only": -2.72,
    "unit_named": 2.94,
    "unit_attached": 1.44,
    "no_unit": -2.00,
    "formula": 0.50,
    "formula_wanted": 2.78,
    "no_formula": -1.50,
    "known": 2.20,
    "language_of_text": -1.00,
    "outside_known": -0.97,
    "known_place": 0.57,
    "known_place_elsewhere": -0.14,
    "head_named": 1.26,
    "modifier_own": 0.88,
    "modifier_operation": 0.60,
    "relative_beside_absolute": -1.53,
    "within_list": 0.12,
    "country": 1.52,
    "not_a_country": -1.00,
    "country_for_city": -1.50,
    "two_places": -1.50,
    "counted": -0.80,
    "quantity_fits": 0.42,
    "number_as_identifier": 0.98,
    "with_unit": 0.18,
    "longer_name": 0.07,
    "name_wanted": 0.56,
    # Where it stands.
    "assigned": 1.85,
    "cue_name_left": 0.95,
    "cue_name_right": 1.17,
    "cue_description_left": 1.10,
    "cue_description_right": 0.76,
    "owned_elsewhere": -0.23,
    "preposition_fits": 0.31,
    "preposition_clashes": -1.50,
    "called": 1.20,
    "direct_object": 0.40,
    # What was cut or is known already.
    "joined_of": -0.50,
    "joined_for": -1.00,
    "joined_with": -0.46,
    "joined_and": -1.31,
    "joined_in": -1.02,
    "stretched_known": -1.0,
    "stretched_new": 0.0,
    "cut_short": -0.6,
    "street": 1.0,
    "quoted_elsewhere": -1.5,
    "with_article": -0.62,
    "name_part_first": -1.39,
    "name_part_last": -1.63,
    "phrase_part_first": -0.81,
    "phrase_part_last": 0.03,
    "tail": 3.00,
    "cue_adjacent_left": 1.01,
    "cue_adjacent_right": 0.25,
    "starts_spare": -0.25,
    "ends_own": -0.34,
    "example_capital": 0.46,
    "example_length": 0.36,
    "dropped_known": 0.06,
    "dropped_unknown": 0.12,
    "trim_own": 0.13,
    "trim_operation": 0.37,
    "all_known": -2.20,
    "operation_words": -2.05,
    "length": 0.38,
    # Choices and booleans.
    "enum": 2.50,
    "choice": 1.80,
    "exact": 0.55,
    "stems": 1.17,
    "meaning": 0.35,
    "choice_is_topic": -1.28,
    "outside_closed": -1.57,
    "boolean": 0.20,
    "boolean_topic": -1.50,
    "known_longer": 0.78,
    "known_inside_name": -1.96,
    "generic_head": -2.00,
    "appositive_head": -1.81,
    "boolean_together": 1.00,
    "boolean_share": 1.20,
    "boolean_affirmed": 1.20,
    "boolean_default": -1.50,
    "bracketed": 4.00,
    "enumerated": 0.41,
    "single_item": -1.48,
    # The whole assignment.
    "order": 0.05,
    "required_missing": -5.00,
    "optional": -2.20,
    "optional_number": 1.9,
    "optional_text": -0.22,
    "optional_evidence": 1.29,
    "breaks_rule": -2.50,
    "part_of_moment": -2.00,
    "quoted_title": 0.41,
    "quoted_main": 0.42,
    "quoted_place": -0.33,
    "quoted_number": -1.50,
    "depth": -0.60,
    "counted_identifier": -6.0,
    "counted_quantity": 1.45,
    "optional_list": -0.10,
    "optional_boolean": 0.80,
    "aspect_list": 1.87,
    "aspect_phrase": 0.44,
    "aspect_name": -1.00,
    "possessive_person": 1.50,
    "possessive_elsewhere": -0.50,
    "order_twins": 0.50,
    "attached_fits": 1.50,
    "attached_clashes": -1.50,
    "mixed_units": -2.50,
    "default_repeated": -0.28,
}
"""Set by hand on general grounds and adjusted on the looked-at half of the development data (docs, rehearsal)."""

_PREPOSITIONS: dict[str, frozenset[str]] = {
    "from": frozenset({"start", "start_described", "place", "venue", "url", "date", "person", "unit", "currency"}),
    "to": frozenset(
        {"end", "end_described", "place", "person", "date", "maximum", "unit", "currency", "email", "language"}
    ),
    "in": frozenset({"place", "place_described", "unit", "language", "currency", "year", "date", "query"}),
    "at": frozenset({"venue", "place", "place_described", "time", "email", "quantity"}),
    "on": frozenset({"date", "url", "query", "place", "method", "title"}),
    "for": frozenset(
        {"venue", "person", "title", "query", "place", "place_described", "date", "text", "identifier", "year"}
    ),
    "by": frozenset({"person", "method", "quantity"}),
    "with": frozenset({"person", "identifier", "title", "query", "method", "text"}),
    "using": frozenset({"method", "unit", "identifier"}),
    "via": frozenset({"method", "place"}),
    "about": frozenset({"query", "title", "person", "text", "place", "place_described"}),
    "of": frozenset(
        {"venue", "person", "title", "query", "place", "place_described", "identifier", "quantity", "date", "text"}
    ),
    "as": frozenset({"method", "title", "text", "unit"}),
    "into": frozenset({"end", "end_described", "unit", "language", "currency"}),
    "near": frozenset({"place", "place_described"}),
    "around": frozenset({"place", "place_described", "time"}),
    "until": frozenset({"end", "end_described", "date", "time", "maximum"}),
    "before": frozenset({"end", "end_described", "date", "maximum"}),
    "since": frozenset({"start", "start_described", "date", "minimum"}),
    "after": frozenset({"start", "start_described", "date", "minimum"}),
    "starting": frozenset({"start", "start_described", "date"}),
    "above": frozenset({"minimum"}),
    "over": frozenset({"minimum"}),
    "below": frozenset({"maximum"}),
    "under": frozenset({"maximum"}),
    "within": frozenset({"maximum", "place", "quantity"}),
    "between": frozenset({"start", "start_described", "end", "end_described", "place", "date"}),
    "per": frozenset(),
    "during": frozenset({"date", "year", "time"}),
}
_STRICT = {
    ("since", "end"), ("until", "start"), ("after", "end"), ("before", "start"), ("since", "end_described"),
    ("until", "start_described"), ("to", "start"), ("from", "end"), ("into", "start"), ("to", "start_described"),
    ("from", "end_described"),
}  # fmt: skip


@dataclass(slots=True)
class Context:
    """What the words of the sentence mean to this function; made once for all slots."""

    sentence: Sentence
    operation_words: frozenset[str]
    slots: tuple[Slot, ...]
    owners: dict[str, int] = field(default_factory=dict)
    """Concept -> number of slots whose name holds it."""
    description_owners: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for slot in self.slots:
            for word in slot.name_words:
                self.owners[word] = self.owners.get(word, 0) + 1
            for word in slot.cues:
                self.description_owners[word] = self.description_owners.get(word, 0) + 1


def score(features: Mapping[str, float], weights: Mapping[str, float] = WEIGHTS) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


def features_of(slot: Slot, candidate: Candidate, context: Context) -> dict[str, float]:
    """Named evidence for giving `candidate` to `slot`."""
    features: dict[str, float] = dict(candidate.hints)
    if not slot.required:
        features["optional"] = 1.0
        features[f"optional_{_SHAPES.get(slot.type, 'text')}"] = 1.0
        if candidate.span is not None and candidate.span.kind in ("quoted", "email", "url", "tail"):
            features["optional_evidence"] = 1.0
        features["depth"] = float(max(len(slot.path) - 2, 0))
    if slot.has_default and candidate.value == slot.default:
        features["default_repeated"] = 1.0
    if candidate.source == "boolean":
        features["boolean"] = 1.0
        return features
    if _breaks_rule(slot, candidate.value):
        features["breaks_rule"] = 1.0
    features.update(_kind_features(slot, candidate, context))
    for name, value in _place_features(slot, candidate, context):
        features[name] = max(features.get(name, value), value) if value > 0 else min(features.get(name, value), value)
    return features


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _breaks_rule(slot: Slot, value: object) -> bool:
    """The cheap rules; all of them are checked once when a value has been chosen."""
    if isinstance(value, str):
        longest = slot.schema.get("maxLength")
        uuid = slot.schema.get("format") == "uuid" and _UUID.fullmatch(value) is None
        return uuid or (isinstance(longest, int) and len(value) > longest)
    # A number out of bounds stays: the person is told the rule instead of losing the number.
    return False


_SHAPES = {"integer": "number", "number": "number", "boolean": "boolean", "array": "list"}

# ---- what it is -----------------------------------------------------------------------------------------------


def _kind_features(slot: Slot, candidate: Candidate, context: Context) -> dict[str, float]:
    features: dict[str, float] = dict(candidate.hints)
    if candidate.source in ("enum", "choice", "known"):
        features[candidate.source] = 1.0
        words = [token.stem for token in context.sentence.tokens_within(candidate.start, candidate.end)]
        if words and all(word in context.operation_words for word in words):
            features["choice_is_topic"] = 1.0
        return features
    span = candidate.span
    assert span is not None
    if "currency" in slot.name_words or (_KNOWN & set(slot.name_words)):
        features["outside_known"] = 1.0
    if slot.type == "array" and span.kind != "list" and _within_list(context.sentence, span):
        features["within_list"] = 1.0
    if slot.choices_closed and slot.type == "string":
        features["outside_closed"] = 1.0
    inner = span.items[0] if span.kind == "list" else span
    if slot.type in ("integer", "number") or (slot.type in ("array", "any") and inner.kind == "number"):
        _number_features(slot, inner.number, inner.value, inner.kind, features)
        if inner.number is not None and span.kind == "number" and _counts_things(context.sentence, inner):
            if "identifier" in slot.roles and "quantity" not in slot.roles:
                features["counted_identifier"] = 1.0
            elif "quantity" in slot.roles:
                features["counted_quantity"] = 1.0
        return features
    moment_slot = bool({"date", "time"} & slot.roles) or slot.date_pattern is not None
    if inner.kind == "period":
        features["moment_wanted"] = 0.8
        return features
    if inner.kind == "moment":
        wanted = moment_slot or ("year" in slot.roles)
        features["moment_wanted" if wanted else "moment_elsewhere"] = 1.0
        if (
            inner.moment is not None
            and inner.moment.relative
            and any(
                other.moment is not None and not other.moment.relative and other.moment.day
                for other in context.sentence.spans
            )
        ):
            features["relative_beside_absolute"] = 1.0
        if inner.moment is not None and wanted:
            clock_wanted = "time" in slot.roles and "date" not in slot.roles
            if "%H" in (slot.date_pattern or "") and _part_of_moment(context.sentence, inner):
                features["part_of_moment"] = 1.0
            hinted = inner.moment.day_hint is not None and "%H" in (slot.date_pattern or "")
            if (inner.moment.day is None) != clock_wanted and not hinted and inner.moment.precision != "minute":
                features["moment_wanted"] = 0.2
            if inner.moment.precision == "minute" and slot.date_pattern and "%H" in slot.date_pattern:
                features["precise_moment"] = 1.0
            elif inner.moment.precision == "minute":
                features["precise_moment"] = -1.0
    elif moment_slot and "date" in slot.roles and slot.date_pattern is not None:
        features["no_moment"] = 1.0
    if inner.kind == "unit":
        features[f"unit_{inner.value}"] = 0.5 if slot.choices else 1.0
        if inner.value == "attached" and not _START & slot.roles and _mixed_units(context.sentence):
            features["mixed_units"] = 1.0
        return features
    if "unit" in slot.roles and "currency" not in slot.roles and slot.name_words[-1:] == ("unit",):
        features["no_unit"] = 1.0
    if inner.kind == "formula":
        features["formula_wanted" if _FORMULA_WORDS & set(slot.name_words) else "formula"] = 1.0
    elif slot.name_words[:1] in (("function",), ("equat",), ("express",), ("polynomial",), ("formula",)):
        features["no_formula"] = 1.0
    for kind in ("email", "url"):
        if inner.kind == kind:
            features[f"{kind}_wanted" if kind in slot.roles else f"{kind}_elsewhere"] = 1.0
        elif kind in slot.roles and slot.schema.get("format"):
            features[f"no_{kind}"] = 1.0
    if inner.kind == "number":
        features[
            "number_as_identifier" if {"identifier", "year", "time", "date"} & slot.roles else "number_as_text"
        ] = 1.0
    elif inner.kind == "code":
        features["code_wanted" if "identifier" in slot.roles else "code"] = 1.0
    elif inner.kind in ("quoted", "name", "phrase", "tail"):
        features[inner.kind] = 1.0
    if _ASPECTS & set(slot.name_words) and inner.kind in ("name", "phrase"):
        shape = "list" if span.kind == "list" and inner.kind == "phrase" else inner.kind
        features[f"aspect_{shape}"] = 1.0
    if inner.kind in ("name", "phrase") and context.sentence.plain[candidate.end : candidate.end + 2] == "'s":
        features["possessive_person" if "person" in slot.roles else "possessive_elsewhere"] = 1.0
    if inner.kind in ("name", "phrase") and _before_quote(context.sentence.plain, candidate.end):
        features["appositive_head"] = 1.0
    if inner.kind in ("name", "phrase"):
        spoken = context.sentence.tokens_within(candidate.start, candidate.end)
        known = sum(token.stem in context.operation_words for token in spoken)
        features["operation_words"] = known / max(len(spoken), 1)
        if "modifier_own" in features or any(name.startswith("aspect") for name in features):
            features["operation_words"] = 0.0
        if all(token.low in _GENERIC_HEADS for token in spoken):
            features["generic_head"] = 1.0
        own = set(slot.name_words) - _LOOSE_HEADS
        if any(token.text[0].isupper() and token.stem in own and context.owners[token.stem] == 1 for token in spoken):
            features["head_named"] = 1.0
    if inner.kind == "name" and _cut_short(slot, candidate, context):
        features["cut_short"] = 1.0
    if inner.kind == "quoted":
        if {"date", "time", "unit", "language", "currency"} & slot.roles and not {"title", "text"} & slot.roles:
            features["quoted_elsewhere"] = 1.0
        if {"title", "text", "query"} & slot.roles:
            features["quoted_main"] = 1.0
            if _TITLES & set(slot.name_words):
                features["quoted_title"] = 1.0
        elif {"place", "place_described"} & slot.roles:
            features["quoted_place"] = 1.0
        if _NUMERIC & set(slot.name_words) and not any(character.isdigit() for character in inner.text):
            features["quoted_number"] = 1.0
    if inner.kind == "name":
        features["longer_name"] = min(candidate.end - candidate.start, 40) / 10
        if {"place", "place_described", "person", "title"} & slot.roles:
            features["name_wanted"] = 1.0
        if "," in str(candidate.value) and _place_slots(context) > 1:
            features["two_places"] = 1.0
    if inner.kind == "phrase":
        before = _index_at(context.sentence, inner.start) - 1
        if before >= 0 and context.sentence.tokens[before].kind == "number":
            features["counted"] = 1.0
        if span.kind != "list":
            tokens = context.sentence.tokens_within(candidate.start, candidate.end)
            features["length"] = float(min(len(tokens), 5)) - 1.0
    return features


_KNOWN = frozenset(
    concept(name) for name in lexicon.KNOWN_VALUES if name not in ("genre", "platform", "instrument", "sport")
) | {"languag"}


def _within_list(sentence: Sentence, span: Span) -> bool:
    return any(
        other.kind in ("list", "json") and other.start <= span.start and span.end <= other.end
        for other in sentence.spans
    )


_START = {"start", "start_described"}
_END = {"end", "end_described"}


def _mixed_units(sentence: Sentence) -> bool:
    return (
        len(
            {
                span.number.dimension
                for span in sentence.spans
                if span.kind == "number" and span.number and span.number.unit
            }
        )
        > 1
    )


_GENERIC_HEADS = frozenset(
    words_in(
        "amount number list value kind information detail details percentage total summary type level set sort data"
    )
)


def _before_quote(plain: str, end: int) -> bool:
    """ "the game 'X'": what stands right before a quotation says what it is."""
    return plain[end : end + 2] in (" '", ' "') and plain[end + 2 : end + 3].isalnum()


def _part_of_moment(sentence: Sentence, span: Span) -> bool:
    """ "May 9" of "May 9 at 10 am", for a parameter that wants both."""
    return any(
        other.kind == "moment" and other is not span and other.start <= span.start and span.end <= other.end
        for other in sentence.spans
    )


def _cut_short(slot: Slot, candidate: Candidate, context: Context) -> bool:
    """ "Silver" of "Silver nitrate": a small word that nobody knows goes on right after it."""
    following = _last_before(context.sentence, candidate.end) + 1
    if following >= len(context.sentence.tokens):
        return False
    token = context.sentence.tokens[following]
    if any(span.kind == "moment" and span.start <= token.start < span.end for span in context.sentence.spans):
        return False
    return (
        token.kind == "word"
        and token.text[0].islower()
        and token.low not in lexicon.FUNCTION_WORDS
        and not is_verb_here(context.sentence.tokens, following)
        and not token.means(slot.name_words)
        and not token.means(context.operation_words)
    )


_TITLES = frozenset(concept(word) for word in words_in("subject title name query task"))
_NUMERIC = frozenset(concept(word) for word in words_in("coordinates numeric latitude longitude number filters range"))
_COUNTERS = frozenset("只个条张本份件台辆次位人名间套瓶杯盒包斤篇首部页天年月周")


def _counts_things(sentence: Sentence, span: Span) -> bool:
    """ "10 pets", "10只": so many, not the one numbered so ("pet 10", "第10只", "10号")."""
    plain, end = sentence.plain, span.end
    if plain[max(span.start - 1, 0) : span.start] == "第" or plain[span.start : span.start + 1] == "第":
        return False
    if plain[end : end + 1] in _COUNTERS:
        return True
    if re.match(r"\s?(?:of|x|×)\s", plain[end : end + 5]):
        return True
    following = _index_at(sentence, end)
    token = sentence.tokens[following] if following < len(sentence.tokens) else None
    return (
        token is not None
        and token.kind == "word"
        and token.low.endswith("s")
        and token.low not in ("is", "was", "as", "has")
    )


def _place_slots(context: Context) -> int:
    """Slots that split one place: a city beside a country or state."""
    words = {word for slot in context.slots for word in slot.name_words}
    return len({"city", "country", "stat"} & words)


def _number_features(slot: Slot, number: object, value: object, kind: str, features: dict[str, float]) -> None:
    from actionry.models.rehearsal.numbers import Number

    features["number"] = 1.0
    if not isinstance(number, Number):
        return
    if number.ordinal:
        features["ordinal"] = 1.0
    year_like = isinstance(value, int) and 1000 <= value <= 2200 and not number.unit
    if ("year" in slot.roles and slot.name_words[-1:] == ("year",)) or slot.name in ("year", "season"):
        features["year_wanted" if year_like else "not_a_year"] = 1.0
        if not year_like and number.dimension == "time" and number.unit.startswith("year"):
            features["not_a_year"] = 0.2
    elif year_like and 1900 <= int(number.value) <= 2100:
        features["year_elsewhere"] = 1.0
    if not number.unit and "quantity" in slot.roles:
        features["quantity_fits"] = 1.0
    if number.unit:
        if slot.unit == number.unit or (
            slot.unit and slot.dimension == number.dimension and slot.unit_factor == number.factor
        ):
            features["unit_same"] = 1.0
        elif slot.dimension == number.dimension:
            features["dimension_same"] = 1.0
        elif slot.dimension:
            features["dimension_clash"] = 1.0
        elif number.dimension == "percent":
            features["percent_elsewhere"] = 1.0
        elif number.dimension == "money":
            features["money_elsewhere"] = 1.0
    elif slot.unit and slot.dimension:
        features["unit_missing"] = 1.0


_LOOSE_HEADS = frozenset(concept(word) for word in words_in("name title type id number"))
_ASPECTS = frozenset(
    concept(word)
    for word in words_in(
        """
        information details detail features metrics fields field traits attributes stats parameters properties
        measurements aspects facilities amenities characteristics specifications options indicator extras add ons
        required fetch
        """
    )
)
"""Lists of what one wants to know; a sentence names them first ("the price and ratings of …") or last."""
_FORMULA_WORDS = frozenset(concept(word) for word in words_in("function equation expression polynomial formula"))

# ---- where it stands ------------------------------------------------------------------------------------------

_TRANSPARENT = lexicon.DETERMINERS | frozenset(
    words_in(
        """
        is are was be being = : ' " ( of to as equal equals set about approximately exactly around - # $ number value
        has have having
        """
    )
)


def _place_features(slot: Slot, candidate: Candidate, context: Context) -> Iterator[tuple[str, float]]:
    tokens = context.sentence.tokens
    first = _index_at(context.sentence, candidate.start)
    last = _last_before(context.sentence, candidate.end)
    head = _list_head(context, candidate, first)
    left = list(_left_words(tokens, head, context))
    right = list(_right_words(tokens, last + 1, context))
    if _assigned(slot, tokens, head):
        yield "assigned", 1.0
    yield "cue_name_left", _cue(left, slot.name_words, context.owners)
    yield "cue_name_right", _cue(right, slot.name_words, context.owners)
    yield "cue_description_left", _cue(left, slot.cues, context.description_owners)
    yield "cue_description_right", _cue(right, slot.cues, context.description_owners)
    yield "owned_elsewhere", _owned_elsewhere(slot, left, right, context)
    preposition = _preposition(tokens, first, head)
    neighbour = head - 1
    while neighbour >= 0 and tokens[neighbour].low in _TRANSPARENT and neighbour > head - 4:
        neighbour -= 1
    if (
        neighbour >= 0
        and tokens[neighbour].means(slot.name_words)
        and tokens[neighbour].low not in lexicon.FUNCTION_WORDS
    ):
        yield "cue_adjacent_left", 1.0
    if last + 1 < len(tokens) and tokens[last + 1].stem in slot.name_words and tokens[last + 1].kind == "word":
        yield "cue_adjacent_right", 1.0
    if slot.type in ("string", "array", "any") and candidate.span is not None and candidate.source == "span":
        yield from _text_features(slot, candidate, context)
    after = tokens[last + 1].stem if last + 1 < len(tokens) else ""
    if after in ("_since", "_until"):
        preposition = after[1:]
    if {"unit", "currency"} & slot.roles and (_START | _END) & slot.roles and candidate.source != "enum":
        attached = first > 0 and tokens[first - 1].kind == "number"
        asked = (first > 1 and tokens[first - 1].low in ("many", "much")) or preposition in ("in", "into", "to")
        if attached or asked:
            yield ("attached_fits" if bool(_START & slot.roles) == attached else "attached_clashes"), 1.0
    if preposition:
        if (preposition in slot.name_words) or slot.roles & _PREPOSITIONS.get(preposition, frozenset()):
            strict = any((preposition, role) in _STRICT for role in slot.roles)
            yield ("preposition_clashes" if strict else "preposition_fits"), 1.0
        elif any((preposition, role) in _STRICT for role in slot.roles):
            yield "preposition_clashes", 1.0
    if preposition in ("called", "named", "titled") and slot.type == "string":
        yield "called", 1.0
    if preposition == "" and head > 0 and is_verb_here(tokens, head - 1):
        yield "direct_object", 1.0


def _text_features(slot: Slot, candidate: Candidate, context: Context) -> Iterator[tuple[str, float]]:
    words = context.sentence.tokens_within(candidate.start, candidate.end)
    if words and words[0].low in lexicon.SPARE_ADJECTIVES:
        yield "starts_spare", 1.0
    if words and words[-1].stem in slot.name_words and words[-1].text[0].islower():
        yield "ends_own", 1.0
    if slot.choices and words and slot.type == "string":
        capital = sum(choice[:1].isupper() for choice in slot.choices) / len(slot.choices)
        yield "example_capital", 1.0 if (capital > 0.5) == words[0].text[0].isupper() else -1.0
        lengths = [len(choice.split()) for choice in slot.choices]
        yield "example_length", 1.0 if min(lengths) <= len(words) <= max(lengths) else -1.0
    span = candidate.span
    assert span is not None
    if span.kind in ("name", "phrase") and (span.start, span.end) != (candidate.start, candidate.end):
        rest = [
            t
            for t in context.sentence.tokens_within(span.start, span.end)
            if not candidate.start <= t.start < candidate.end
        ]
        spare = sum(
            t.stem in slot.name_words or t.stem in context.operation_words or t.low in lexicon.SPARE_ADJECTIVES
            for t in rest
        )
        yield "dropped_known", spare / max(len(rest), 1)
        yield "dropped_unknown", 1 - spare / max(len(rest), 1)


def _index_at(sentence: Sentence, offset: int) -> int:
    known = sentence.token_at.get(offset)
    if known is not None:
        return known
    for index, token in enumerate(sentence.tokens):
        if token.end > offset:
            return index
    return len(sentence.tokens)


def _last_before(sentence: Sentence, offset: int) -> int:
    index = len(sentence.tokens) - 1
    while index > 0 and sentence.tokens[index].start >= offset:
        index -= 1
    return index


def _list_head(context: Context, candidate: Candidate, first: int) -> int:
    """An item of "sides 3, 4 and 5" is introduced by what stands before the first item."""
    for span in context.sentence.spans:
        if span.kind == "list" and span.start < candidate.start and candidate.end <= span.end:
            return _index_at(context.sentence, span.start)
    return first


def _left_words(tokens: list[Token], index: int, context: Context) -> Iterator[tuple[Token, float]]:
    distance = 1.0
    for position in range(index - 1, max(index - 9, -1), -1):
        token = tokens[position]
        if token.low in (".", ";", "?", "!"):
            return
        if token.kind == "number" or token.low in (",", "and", "while", "but"):
            distance += 2.0
        elif token.low in _TRANSPARENT or token.stem.startswith("_"):
            distance += 0.15
            continue
        if token.kind in ("word", "cjk"):
            yield token, 1.0 / distance
            distance += 0.6


def _right_words(tokens: list[Token], index: int, context: Context) -> Iterator[tuple[Token, float]]:
    distance = 1.0
    for position in range(index, min(index + 6, len(tokens))):
        token = tokens[position]
        if token.low in (".", ";", "?", "!", ","):
            return
        if token.kind == "number" or token.low in ("and", "or", "with", "but", "while", "at", "to", "from"):
            return
        if token.low in lexicon.PREPOSITIONS:
            distance += 1.5
        if token.kind in ("word", "cjk"):
            yield token, 1.0 / distance
            distance += 0.5


def _cue(
    words: list[tuple[Token, float]], wanted: tuple[str, ...] | frozenset[str], owners: Mapping[str, int]
) -> float:
    total = 0.0
    seen: set[str] = set()
    for token, near in words:
        for word in (token.stem, *token.also):
            if word in wanted and word not in seen and token.low not in lexicon.FUNCTION_WORDS:
                seen.add(word)
                total += near / max(owners.get(word, 1), 1)
                break
    return min(total, 1.5)


def _owned_elsewhere(
    slot: Slot, left: list[tuple[Token, float]], right: list[tuple[Token, float]], context: Context
) -> float:
    """How much the words next to it speak of another slot."""
    return max(
        (
            near
            for token, near in [*left[:2], *right[:1]]
            if token.stem in context.owners and token.stem not in slot.name_words
        ),
        default=0.0,
    )


def _assigned(slot: Slot, tokens: list[Token], index: int) -> bool:
    """ "base = 5", "limit: 10", "top 3", "radius of 4": the slot's whole name, at most a link word, then the value."""
    position = index - 1
    while position >= 0 and tokens[position].low in (
        "=",
        ":",
        "is",
        "of",
        "to",
        "as",
        "'",
        '"',
        "a",
        "an",
        "the",
        "be",
        "was",
        "are",
        "(",
        "[",
        "equals",
    ):
        position -= 1
    words = [word for word in _spoken_name(slot.name) if word not in ("value",)]
    if not words or position < 0:
        return False
    window = tokens[max(position - len(words) + 1, 0) : position + 1]
    if len(slot.name) == 1:
        return (tokens[position].text.lower() == slot.name.lower() and tokens[position].low != "a") or (
            tokens[position].text.lower() == slot.name.lower() and tokens[position + 1].low in ("=", "is", ":")
        )
    return len(window) == len(words) and all(token.means((word,)) for token, word in zip(window, words, strict=True))


@lru_cache(maxsize=10_000)
def _spoken_name(name: str) -> tuple[str, ...]:
    from actionry.models.rehearsal.words import split_identifier

    return tuple(concept(word) for word in split_identifier(name))


def _preposition(tokens: list[Token], first: int, head: int) -> str:
    """The preposition that introduces the words at `first`; "between A and B" gives B the word "to"."""
    for position in range(first - 1, max(first - 5, -1), -1):
        low = tokens[position].low
        if low in lexicon.DETERMINERS or low in ("'", '"', "(", "city", "town", "state", "country"):
            continue
        if low == "and":
            return (
                "to"
                if any(token.low == "between" for token in tokens[max(first - 8, 0) : position])
                else _preposition(tokens, head, head)
                if head != first
                else ""
            )
        if low in lexicon.PREPOSITIONS or low in ("called", "named", "titled", "near", "between"):
            return low
        if tokens[position].stem.startswith("_"):
            if tokens[position].stem in ("_particle", "_of"):
                continue
            return {"_use": "using"}.get(tokens[position].stem, tokens[position].stem[1:])
        if (
            tokens[position].kind == "word"
            and tokens[position].text[0].islower()
            and position > first - 3
            and tokens[position].low not in lexicon.VERBS
        ):
            continue
        return ""
    return ""
