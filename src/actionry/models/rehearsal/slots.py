"""Slots: the places of a function's arguments that a piece of a sentence may fill, read from the JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from actionry.models.rehearsal import lexicon
from actionry.models.rehearsal.dates import date_pattern
from actionry.models.rehearsal.words import concept, content_stems, split_identifier

SlotType = Literal["string", "integer", "number", "boolean", "array", "object", "any"]
MAX_SLOTS = 60
MAX_DEPTH = 4

_TYPES: dict[str, SlotType] = {
    "string": "string", "str": "string", "integer": "integer", "int": "integer", "number": "number",
    "float": "number", "double": "number", "boolean": "boolean", "bool": "boolean", "array": "array",
    "list": "array", "tuple": "array", "object": "object", "dict": "object", "any": "any", "null": "any",
}  # fmt: skip
"""JSON Schema's names, and those that other function lists use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    path: tuple[str, ...]
    """Into the arguments: `("body", "todo")`."""
    name: str
    type: SlotType
    item_type: SlotType
    """Of an array; "any" when the schema does not say."""
    required: bool
    """It and everything above it is required."""
    required_within: bool
    """Its own object requires it, whether or not that object is required."""
    schema: Mapping[str, Any]
    description: str
    name_words: tuple[str, ...]
    """Concepts of the name, in order."""
    cues: frozenset[str]
    """Concepts of the description that say something."""
    enum: tuple[Any, ...]
    """Closed set of the schema (of the items, for an array)."""
    choices: tuple[str, ...]
    """Values the description lists."""
    choices_closed: bool
    """The description says that there are no others."""
    default: Any
    has_default: bool
    unit: str
    dimension: str
    unit_factor: float
    roles: frozenset[str]
    date_pattern: str | None
    word_order: int


def read_slots(parameters: Mapping[str, Any]) -> list[Slot]:
    """All slots of a parameters object, required ones first within their object; objects are walked, lists are not."""
    slots: list[Slot] = []
    defs = parameters.get("$defs") or parameters.get("definitions") or {}
    _walk(parameters, (), True, defs if isinstance(defs, Mapping) else {}, slots, 0)
    return slots[:MAX_SLOTS]


def _walk(
    schema: Mapping[str, Any],
    path: tuple[str, ...],
    required: bool,
    defs: Mapping[str, Any],
    slots: list[Slot],
    depth: int,
) -> None:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or len(slots) >= MAX_SLOTS:
        return
    declared = schema.get("required")
    needed = set(declared) if isinstance(declared, list | tuple) else set()
    for name, raw in properties.items():
        resolved = resolve(raw, defs)
        if resolved.get("readOnly"):
            continue
        own_required = required and name in needed
        kind = slot_type(resolved)
        if kind == "object" and resolved.get("properties") and depth < MAX_DEPTH:
            _walk(resolved, (*path, name), own_required, defs, slots, depth + 1)
        else:
            slots.append(read_slot((*path, name), resolved, own_required, defs, len(slots), name in needed))


def resolve(raw: Any, defs: Mapping[str, Any], hops: int = 0) -> Mapping[str, Any]:
    """One schema with its reference followed, `allOf` merged and the first real branch of a union taken."""
    if not isinstance(raw, Mapping) or hops > 20:
        return {}
    reference = raw.get("$ref")
    if isinstance(reference, str):
        target = resolve(defs.get(reference.rsplit("/", 1)[-1].replace("~1", "/").replace("~0", "~")), defs, hops + 1)
        return {**target, **{key: value for key, value in raw.items() if key != "$ref"}}
    merged = dict(raw)
    for part in raw.get("allOf") or ():
        inner = resolve(part, defs, hops + 1)
        properties = {**inner.get("properties", {}), **merged.get("properties", {})}
        needed = [*(merged.get("required") or ()), *(inner.get("required") or ())]
        merged = {**inner, **merged}
        if properties:
            merged["properties"] = properties
        if needed:
            merged["required"] = needed
    for union in ("anyOf", "oneOf"):
        branches = [resolve(part, defs, hops + 1) for part in raw.get(union) or ()]
        real = [branch for branch in branches if branch.get("type") != "null"]
        if real and "type" not in merged and "properties" not in merged:
            merged = {**real[0], **merged}
    return merged


def slot_type(schema: Mapping[str, Any]) -> SlotType:
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((kind for kind in declared if kind != "null"), None)
    if isinstance(declared, str):
        return _TYPES.get(declared.lower(), "any")
    if "properties" in schema:
        return "object"
    values = schema.get("enum")
    if values:
        return "string" if isinstance(values[0], str) else "integer" if isinstance(values[0], int) else "any"
    return "array" if "items" in schema else "any"


def read_slot(
    path: tuple[str, ...], schema: Mapping[str, Any], required: bool, defs: Mapping[str, Any], order: int, within: bool
) -> Slot:
    name = path[-1]
    kind = slot_type(schema)
    description = _text(schema.get("description")) or _text(schema.get("title"))
    items = resolve(schema.get("items"), defs) if kind == "array" else {}
    enum = schema.get("enum") or items.get("enum") or (() if "const" not in schema else (schema["const"],))
    facts = _described(description)
    pieces = split_identifier(name)
    words = tuple(dict.fromkeys(concept(word) for word in pieces if word != "by" and not word.isdigit())) or pieces
    has_default = "default" in schema or facts.default is not None
    unit, dimension, factor = _unit_of(name, description, words)
    roles = _roles(words, description, schema)
    if "years" in pieces:
        # "years" counts them, "year" is one of them.
        roles, unit, dimension, factor = roles - {"year"}, "year", *lexicon.UNITS["year"]
    return Slot(
        path=path,
        name=name,
        type=kind,
        item_type=slot_type(items) if items else "any",
        required=required,
        required_within=within,
        schema={**schema, "items": items} if items else schema,
        description=description,
        name_words=words,
        cues=frozenset(word for word in facts.cues if word not in words),
        enum=tuple(value for value in enum if value is not None)[:500] if isinstance(enum, list | tuple) else (),
        choices=_with_examples(facts.choices, schema) if not enum else (),
        choices_closed=facts.closed and not enum,
        default=schema.get("default", facts.default),
        has_default=has_default,
        unit=unit,
        dimension=dimension,
        unit_factor=factor,
        roles=roles,
        date_pattern=_pattern_of(schema, description, roles),
        word_order=order,
    )


def _text(value: Any) -> str:
    return value[:2000] if isinstance(value, str) else ""


def _with_examples(choices: tuple[str, ...], schema: Mapping[str, Any]) -> tuple[str, ...]:
    examples = schema.get("examples")
    extra = [schema.get("example"), *(examples if isinstance(examples, list) else ())]
    return (*choices, *(value for value in extra if isinstance(value, str) and len(value) < 40))


@dataclass(frozen=True, slots=True)
class Described:
    cues: tuple[str, ...]
    choices: tuple[str, ...]
    closed: bool
    default: Any


_DEFAULT = re.compile(
    r"\b[Dd]efault(?:s|ed)?(?:\s+value)?\s*(?:is|to|:|=|as|are)?\s*(?:to\s+)?(?:'(?P<quoted>[^']*)'"
    r"|\"(?P<double>[^\"]*)\"|(?P<bare>-?\d+(?:\.\d+)?(?:e-?\d+)?|[Tt]rue|[Ff]alse|[A-Za-z][\w-]*))"
    r"|['\"(](?P<before>[\w .-]{1,30})['\"]?\s*(?:as|\(|is)\s*(?:the\s+)?default"
)
_CLOSED = re.compile(
    r"\b(?:options?(?:\s+(?:are|is|include))?|possible values(?:\s+(?:are|include))?|(?:can|could|may"
    r"|must|should)(?:\s+\w+)?\s+be(?:\s+(?:either|one of))?|"
    r"either|one of|supported values|supported|choose from|choices(?:\s+are)?|allowed "
    r"values(?:\s+are)?|values|accepts)\s*:?\s*(?P<list>[^.;]{3,200})",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"(?:\be\.?g\.?|\bsuch as|\bfor example|\bfor instance|\blike|\bi\.e\.?"
    r"|\bincluding)[,:]?\s*(?P<list>[^;)]{2,200})",
    re.IGNORECASE,
)
_PARENTHESIS = re.compile(r"\((?P<list>[^()]{3,200})\)")
_QUOTED_CHOICES = re.compile(r"'([^']{1,40})'|\"([^\"]{1,40})\"")


@lru_cache(maxsize=20_000)
def _described(description: str) -> Described:
    default = _DEFAULT.search(description)
    value: Any = None
    if default is not None:
        written = next((group for group in default.groups() if group is not None), "")
        value = _literal(written, default["bare"] is not None)
    choices, closed = _choices(description)
    cut = description[: default.start()] if default is not None and default.start() > 15 else description
    cut = re.split(r"\(?\be\.?g\.?\b", cut)[0] if len(re.split(r"\(?\be\.?g\.?\b", cut)[0]) > 8 else cut
    cues = tuple(word for word in content_stems(cut) if word not in _GENERIC)
    return Described(cues, choices, closed, value)


_GENERIC = frozenset(concept(word) for word in lexicon.GENERIC_CUES)


def _literal(written: str, bare: bool) -> Any:
    if bare:
        if written.lower() in ("true", "false"):
            return written.lower() == "true"
        try:
            return float(written) if re.search(r"[.e]", written) and not written.isalpha() else int(written)
        except ValueError:
            # "Default is all teams if …": prose, not a value that could be sent.
            return written if written.lower() in ("all", "none", "any", "standard", "metric") else None
    return written


def _choices(description: str) -> tuple[tuple[str, ...], bool]:
    for pattern, closed in ((_CLOSED, True), (_OPEN, False), (_PARENTHESIS, True)):
        for match in pattern.finditer(description):
            listed = _split_choices(match["list"])
            if len(listed) >= 2 or (listed and not closed):
                return listed, closed and (pattern is not _PARENTHESIS or "'" in match["list"])
    quoted = tuple(a or b for a, b in _QUOTED_CHOICES.findall(description))
    return (quoted, False) if len(quoted) >= 2 else ((), False)


def _split_choices(listed: str) -> tuple[str, ...]:
    quoted = [a or b for a, b in _QUOTED_CHOICES.findall(listed)]
    if quoted:
        return tuple(quoted)
    listed = re.split(r"\.\s|\)|\bdefault|\bif\b|\bwhen\b", listed)[0]
    pieces = [piece.strip(" .'\"()[]") for piece in re.split(r",|\bor\b|\band\b|/(?=[A-Za-z])", listed)]
    pieces = [piece for piece in pieces if piece and piece.lower() not in ("etc", "e.g", "i.e", "others", "other")]
    fit = tuple(piece for piece in pieces if len(piece) <= 40 and len(piece.split()) <= 4)
    # "(e.g., city, state)" names kinds of values, not values.
    kinds = sum(piece.lower() in lexicon.KINDS_OF_VALUES for piece in fit)
    return () if kinds else fit


def _asks_for_percent(description: str) -> bool:
    """ "as a percentage" wants 5 for "5%"; "5% is 0.05" or "in decimal form" wants 0.05."""
    low = description.lower()
    if re.search(r"\bdecimal|\b0?\.\d|fraction|between 0 and 1\b|sum to 1\b", low):
        return False
    return "%" in low or re.search(r"\bpercent", low) is not None


_IN_UNIT = re.compile(
    r"\b(?:in|as|of|unit:?|units:?|measured in)\s+(?:the\s+unit\s+of\s+)?\(?([A-Za-z°/^²³23% ]{1,30})", re.IGNORECASE
)
_NAME_UNIT = re.compile(
    r"_(kg|g|km|m|cm|mm|lb|lbs|ft|mph|ms|seconds|minutes|hours|days|weeks|months|years|celsius|usd"
    r"|percent|pct|meters|grams|miles|kelvin|watts|degrees)$"
)


def _unit_of(name: str, description: str, words: tuple[str, ...]) -> tuple[str, str, float]:
    unit, dimension, factor = _written_unit(name, description, words)
    if dimension == "percent" and unit:
        return (
            ("%", dimension, 1.0)
            if _asks_for_percent(description) or _NAME_UNIT.search(name.lower())
            else ("", dimension, 1.0)
        )
    return unit, dimension, factor


def _written_unit(name: str, description: str, words: tuple[str, ...]) -> tuple[str, str, float]:
    match = _NAME_UNIT.search(name.lower())
    if match:
        for key in (match[1], match[1].rstrip("s")):
            if key in lexicon.UNITS:
                return key, *lexicon.UNITS[key]
    for match in _IN_UNIT.finditer(description):
        rest = match[1].strip().lower()
        for phrase, unit in lexicon.COMPOUND_UNITS.items():
            if rest.startswith(phrase):
                return unit, *lexicon.UNITS[unit]
        first = rest.split()[0] if rest.split() else ""
        for key in (first, first.rstrip("s"), first.removesuffix("es")):
            if key in lexicon.UNITS and (len(key) > 1 or first in ("m", "g", "k")):
                return key, *lexicon.UNITS[key]
    if _asks_for_percent(description):
        return "%", "percent", 1.0
    for word in words:
        for key in (word, word + "e"):
            if key in lexicon.UNITS and len(key) > 2:
                return key, *lexicon.UNITS[key]
    for word in reversed(words):
        if word in _DIMENSIONS:
            return "", _DIMENSIONS[word], 1.0
    return "", "", 1.0


_DIMENSIONS = {concept(word): dimension for word, dimension in lexicon.DIMENSION_WORDS.items()}

_ROLE_WORDS: dict[str, str] = {
    "start": "start begin from origin source departure base first checkin",
    "end": "end to destination target until arrival final second checkout",
    "place": "city country location place state address region area destination origin town county province district "
    "street continent jurisdiction",
    "venue": "venue airport station store hotel restaurant museum park court library school university hospital "
    "theater "
    "stadium shop mall bank church",
    "person": "person author artist player user director actor composer employee customer patient student doctor "
    "celebrity sculptor president friend contact recipient assignee owner username first last",
    "date": "date day deadline birthday when checkin checkout",
    "time": "time clock hour",
    "year": "year season",
    "unit": "unit units currency scale",
    "language": "language locale translation",
    "currency": "currency",
    "email": "email mail attendee participant recipient invitee",
    "phone": "phone telephone mobile fax cellphone",
    "url": "url uri link website webpage homepage endpoint",
    "identifier": "id identifier number code key uuid isbn sku serial docket reference",
    "text": "message text content body todo task note comment description question query prompt sentence title subject "
    "summary reason review",
    "title": "title name",
    "query": "query keyword search term topic subject q item product",
    "method": "method mode algorithm type kind category format style approach strategy",
    "quantity": "count number amount quantity limit total size top num many",
    "minimum": "minimum min lower least",
    "maximum": "maximum max upper most limit",
}
_ROLES: dict[str, frozenset[str]] = {
    role: frozenset(concept(word) for word in words.split()) | frozenset(words.split())
    for role, words in _ROLE_WORDS.items()
}


def _roles(words: tuple[str, ...], description: str, schema: Mapping[str, Any]) -> frozenset[str]:
    roles = {role for role, members in _ROLES.items() if members & set(words)}
    low = description.lower()
    if re.search(r"\b(city|country|location|place|state|region|address)\b", low) and "name" not in words:
        roles.add("place_described")
    form = schema.get("format")
    if form in ("date", "date-time"):
        roles |= {"date"}
    elif form in ("email", "idn-email"):
        roles.add("email")
    elif form in ("uri", "url", "uri-reference"):
        roles.add("url")
    elif form in ("uuid",):
        roles.add("identifier")
    elif form == "time":
        roles.add("time")
    if re.search(r"\b(?:URL|URI|link|web ?site|webpage)\b", description, re.IGNORECASE):
        roles.add("url")
    if re.search(r"\b(start|starting|from|origin|beginning|departure)\b", low):
        roles.add("start_described")
    if re.search(r"\b(end|ending|destination|target|arrival|until|convert to|translate to)\b", low):
        roles.add("end_described")
    return frozenset(roles)


def _pattern_of(schema: Mapping[str, Any], description: str, roles: frozenset[str]) -> str | None:
    form = schema.get("format")
    if form == "date":
        return "%Y-%m-%d"
    if form == "date-time":
        described = date_pattern(description)
        return described if described is not None and "%H" in described else "%Y-%m-%dT%H:%M:%SZ"
    if form == "time":
        return "%H:%M:%S"
    return date_pattern(description)
