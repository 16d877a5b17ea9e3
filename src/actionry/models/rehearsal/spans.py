"""Spans: the pieces of a sentence that could be somebody's argument, each with its kind, value and place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from actionry.models.rehearsal import lexicon
from actionry.models.rehearsal.dates import Moment, find_moments
from actionry.models.rehearsal.lexicon import words_in
from actionry.models.rehearsal.numbers import Number, find_numbers, read_unit
from actionry.models.rehearsal.words import MAX_CHARACTERS, Token, concept, same_length, tokenize

Kind = Literal[
    "quoted",
    "number",
    "moment",
    "email",
    "url",
    "code",
    "name",
    "phrase",
    "list",
    "json",
    "unit",
    "formula",
    "period",
    "tail",
]
MAX_SPANS = 80


@dataclass(frozen=True, slots=True)
class Span:
    kind: Kind
    start: int
    end: int
    text: str
    """Verbatim, without the quotes of quoted text."""
    value: Any = None
    """Of numbers and JSON; other kinds use `text`."""
    number: Number | None = None
    moment: Moment | None = None
    items: tuple[Span, ...] = ()
    """Of a list."""


@dataclass(slots=True)
class Sentence:
    """One request, read once: original text, its same-length plain form, tokens and spans."""

    text: str
    plain: str
    tokens: list[Token]
    spans: list[Span]
    today: date
    cut: bool = False
    """Longer than what is read."""
    token_at: dict[int, int] = field(default_factory=dict)
    """Start offset -> index of the token."""

    def tokens_within(self, start: int, end: int) -> list[Token]:
        return [token for token in self.tokens if start <= token.start < end]


def read_sentence(text: str, today: date) -> Sentence:
    cut = len(text) > MAX_CHARACTERS
    text = text[:MAX_CHARACTERS]
    plain = same_length(text)
    tokens = tokenize(plain)
    spans = find_spans(text, plain, tokens, today)
    return Sentence(text, plain, tokens, spans, today, cut, {token.start: i for i, token in enumerate(tokens)})


_QUOTED = re.compile(
    r"\"(?P<double>[^\"\n]{1,4000})\"|(?<![A-Za-z0-9])'(?P<single>(?:[^'\n]|(?<=\w)'(?=\w)){1,1000})'(?![A-Za-z])"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(?![\w@])")
_URL = re.compile(
    r"\b[A-Za-z0-9-]{2,60}\.(?:com|org|net|io|gov|edu|co\.uk|cn|dev|ai)\b(?![\w@])|\b(?:https?|ftp"
    r"|wss?)://[^\s<>\"'，。）]{1,2000}|\bwww\.[^\s<>\"'，。）]{1,500}",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"(?<![\w@])(?:[#@](?=\w)|~?/(?=\w))?[A-Za-z0-9]{1,80}(?:[_./:\\-][A-Za-z0-9]{1,80}){0,12}(?![\w])", re.ASCII
)
_JSON = re.compile(r"[\[{]")


def find_spans(text: str, plain: str, tokens: Sequence[Token], today: date) -> list[Span]:
    hard: list[Span] = []

    def free(start: int, end: int) -> bool:
        return all(end <= other.start or start >= other.end for other in hard)

    for span in [*_quoted(text, plain), *_pattern(text, plain, _EMAIL, "email"), *_pattern(text, plain, _URL, "url")]:
        if free(span.start, span.end) and len(hard) < MAX_SPANS:
            hard.append(span)
    closed = list(hard)
    moments = [
        Span("moment", m.start, m.end, text[m.start : m.end], moment=m)
        for m in find_moments(plain, today)
        if free(m.start, m.end)
    ][:MAX_SPANS]
    dates = [(span.start, span.end) for span in moments]
    formulas = [s for s in _formulas(text, plain) if free(s.start, s.end)][:MAX_SPANS]
    hard += formulas
    codes = [s for s in _codes(text, plain) if free(s.start, s.end) and not _inside(s, dates)][:MAX_SPANS]
    hard += codes
    numbers = [
        Span("number", n.start, n.bare_end, text[n.start : n.bare_end], n.value, number=n)
        for n in find_numbers(plain, tokens)
        if free(n.start, n.bare_end) and not _inside_numbers(n, moments)
    ][:MAX_SPANS]
    fixed = sorted([*closed, *codes, *moments, *numbers, *formulas], key=lambda span: (span.start, span.end))
    blocked = [*closed, *(span for span in codes), *moments]
    names, pieces = _names(text, tokens, [*blocked, *formulas])
    chinese = _chinese_names(text, tokens, [*blocked, *formulas])
    if chinese:
        names, pieces = chinese, chinese
    phrases = _phrases(text, tokens, [*blocked, *formulas, *_with_units(numbers)])[: 2 * MAX_SPANS]
    common = [span for span in phrases if any(word[:1].islower() or not word.isascii() for word in span.text.split())]
    kept = {id(span) for span in common}
    named = {name.text for name in names}
    phrases = [span for span in phrases if id(span) in kept or span.text not in named]
    found = [*fixed, *names, *phrases, *_periods(text, plain), *_units_named(text, plain, tokens, numbers)]
    found += _bracketed(text, plain, fixed, tokens) + _enumerations(plain, fixed, text)
    found += _word_lists(text, pieces) + _word_lists(text, common) + _intervals(text, plain, numbers)
    found += _longer(text, tokens, names, phrases, [*blocked, *formulas]) + _tails(text, plain, moments)
    found += _pairs(text, plain) + _counted_lists(text, plain, numbers, phrases)
    return sorted(found, key=lambda span: (span.start, span.end))[: 4 * MAX_SPANS]


def _inside(span: Span, ranges: Iterable[tuple[int, int]]) -> bool:
    return any(start <= span.start and span.end <= end for start, end in ranges)


def _inside_numbers(number: Number, moments: Sequence[Span]) -> bool:
    return any(span.start < number.end and number.start < span.end for span in moments)


def _quoted(text: str, plain: str) -> list[Span]:
    found = []
    for match in _QUOTED.finditer(plain):
        group = "double" if match["double"] is not None else "single"
        inner = text[match.start(group) : match.end(group)].strip()
        if inner:
            kind: Kind = "email" if _EMAIL.fullmatch(inner) else "url" if _URL.fullmatch(inner) else "quoted"
            found.append(Span(kind, match.start(), match.end(), inner))
    # An opening quote that never closes: the rest of the sentence is meant.
    opening = plain.rfind('"')
    if plain.count('"') % 2 == 1 and 0 < opening < len(plain) - 1 and plain[opening - 1] in " :(,":
        inner = text[opening + 1 :].strip().rstrip(".。!?")
        if inner and len(inner) < 4000:
            found.append(Span("quoted", opening, len(plain), inner))
    return found


def _pattern(text: str, plain: str, pattern: re.Pattern[str], kind: Kind) -> list[Span]:
    found = []
    for match in pattern.finditer(plain):
        end = match.start() + len(match.group().rstrip(".,;:!?)"))
        found.append(Span(kind, match.start(), end, text[match.start() : end]))
    return found


_UNITLIKE = re.compile(r"^[-+]?\d+(?:\.\d+)?[A-Za-zμ°%]{1,3}$")
_NUMBER_LIKE = re.compile(r"^\d+(?:[.,]\d+)*$|^\d+(?:st|nd|rd|th|s|k|K|x)?$|^\d+(?:\.\d+)?[eE]-?\d+$")


def _codes(text: str, plain: str) -> list[Span]:
    """Words that mix letters with digits or joiners: `rs6034464`, `2022/AL2562`, `data.csv`, `192.168.0.1`, `a_b`."""
    found = []
    for match in _CODE.finditer(plain):
        word = match.group()
        has_digit = any(c.isdigit() for c in word)
        has_letter = any(c.isalpha() for c in word)
        joined = re.search(r"[A-Za-z0-9][_./:\\][A-Za-z0-9]", word) is not None
        if (_NUMBER_LIKE.match(word) or _UNITLIKE.match(word)) and word.count(".") != 3:
            continue
        mixed = has_digit and has_letter and not re.fullmatch(r"\d+(?:\.\d+)?-[a-z]+(?:-[a-z]+)*", word)
        random_case = has_letter and len(word) >= 8 and len(re.findall(r"[a-z][A-Z]|[A-Z][A-Z][a-z]", word)) >= 2
        if (
            mixed
            or ("_" in word and has_letter)
            or word.count(".") == 3
            or (joined and has_letter and re.search(r"\.[a-z]{2,4}$", word))
            or random_case
            or word[0] in "#@"
            or (joined and has_digit and re.search(r"\d[-/]\d", word) is not None and not has_letter)
        ):
            found.append(Span("code", match.start(), match.end(), text[match.start() : match.end()]))
    for match in re.finditer(
        r"(?<![\w-])\d{2,4}-\d{2,4}(?![\w-])"
        r"|(?<![\w-])(?=[\w-]*\d)[A-Za-z0-9]{2,20}(?:-[A-Za-z0-9]{1,20}){1,8}(?![\w-])",
        plain,
    ):
        taken = any(span.start < match.end() and match.start() < span.end for span in found)
        if not taken and not re.fullmatch(r"\d+(?:\.\d+)?-[A-Za-z]+(?:-[a-z]+)*", match.group()):
            found.append(Span("code", *match.span(), text[match.start() : match.end()]))
    return found


_NAME_LINKS = frozenset(
    words_in(
        """
    of the de la du del van von der di da al el bin and & le
    """
    )
)
STATES = frozenset(
    words_in(
    """
    al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh
    ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc d.c. alabama alaska arizona arkansas california colorado
    connecticut delaware florida georgia hawaii idaho illinois indiana iowa kansas kentucky louisiana maine
    maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada ohio oklahoma
    oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming ontario quebec
    """
)
)  # fmt: skip


def _is_capital(token: Token) -> bool:
    return token.kind == "word" and token.text[0].isupper()


def _names(text: str, tokens: Sequence[Token], blocked: Sequence[Span]) -> tuple[list[Span], list[Span]]:
    """(all readings, the smallest pieces that can be items of a list)"""
    found: list[Span] = []
    pieces: list[Span] = []
    index = 0
    while index < len(tokens):
        if not _starts_name(tokens, index) or _covered(tokens[index], blocked):
            index += 1
            continue
        last = _name_end(tokens, index, blocked)
        links = [link for link in range(index + 1, last) if tokens[link].low in ("and", "&")]
        edges = [index - 1, *links, last + 1]
        for left, right in pairwise(edges):
            # "Lakers and Clippers" may be two names, "Pride and Prejudice" is one: offer both readings.
            if right - 1 >= left + 1:
                piece = _words_span("name", text, tokens, left + 1, right - 1)
                found.append(piece)
                pieces.append(piece)
        if links:
            found.append(_words_span("name", text, tokens, index, last))
        extended = _with_region(tokens, last)
        if extended != last:
            longer = _words_span("name", text, tokens, edges[-2] + 1, extended)
            found.append(longer)
            pieces[-1] = longer
        if last + 1 < len(tokens) and tokens[last + 1].kind == "number" and tokens[last + 1].prefix_space:
            found.append(_words_span("name", text, tokens, index, last + 1))
        if extended != last and extended - last <= 3:
            found.append(_words_span("name", text, tokens, last + 2, extended))
        index = extended + 1
    return found, pieces


def _starts_name(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    if not _is_capital(token):
        return False
    first = index == 0 or tokens[index - 1].low in (".", "?", "!", ":", ";") or tokens[index - 1].text.endswith(".")
    follower = tokens[index + 1] if index + 1 < len(tokens) else None
    capital_follows = follower is not None and _is_capital(follower)
    if token.low in lexicon.FUNCTION_WORDS or token.low in lexicon.QUESTION_WORDS:
        return token.low in ("the", "a") and not first and capital_follows
    if token.low == "i":
        return False
    if first and (
        token.low in lexicon.VERBS or not (capital_follows or token.text.endswith("'s") or token.text.isupper())
    ):
        return token.low not in lexicon.VERBS and index > 0 and capital_follows
    return True


def _name_end(tokens: Sequence[Token], index: int, blocked: Sequence[Span]) -> int:
    last = index
    position = index + 1
    while position < len(tokens) and position - index < 14:
        token = tokens[position]
        if tokens[last].text.endswith("'s") and not _is_capital(token):
            break
        if tokens[position - 1].text.endswith(".") and token.low in lexicon.VERBS:
            break
        if _is_capital(token) and not _covered(token, blocked) and token.low not in ("i",):
            last = position
        elif token.low == "." and len(tokens[last].text) == 1 and not token.prefix_space:
            pass  # an initial: "Samuel L. Jackson"
        elif not (token.low in _NAME_LINKS and position + 1 < len(tokens)):
            break
        position += 1
    return last


def _with_region(tokens: Sequence[Token], last: int) -> int:
    """ "Boston, MA" and "Paris, France": a comma and a state or country belong to the place."""
    if last + 2 < len(tokens) and tokens[last + 1].low == ",":
        for size in (3, 2, 1):
            words = tokens[last + 2 : last + 2 + size]
            if len(words) < size:
                continue
            joined = " ".join(token.low for token in words)
            if joined in lexicon.COUNTRIES or (joined in STATES and words and words[0].text[0].isupper()):
                return last + 1 + size
    return last


def _words_span(kind: Kind, text: str, tokens: Sequence[Token], first: int, last: int) -> Span:
    start, end = tokens[first].start, tokens[last].end
    written = text[start:end]
    if written.endswith(("'s", "’s")):
        written, end = written[:-2], end - 2
    elif written.endswith("s'"):
        written, end = written[:-1], end - 1
    return Span(kind, start, end, written)


def _covered(token: Token, spans: Sequence[Span]) -> bool:
    return any(span.start <= token.start < span.end for span in spans)


def is_verb_here(tokens: Sequence[Token], index: int) -> bool:
    """ "book" is a verb after "to" or at the start, a noun after "the" or an adjective."""
    token = tokens[index]
    before_low = tokens[index - 1].low if index else ""
    after_low = tokens[index + 1].low if index + 1 < len(tokens) else ""
    if token.low.endswith("ed") and len(token.low) > 4 and before_low in lexicon.PRONOUNS:
        return True
    acting = token.low.endswith("ing") and len(token.low) > 4 and token.text[0].islower()
    named = token.low in lexicon.ING_NOUNS or before_low in lexicon.DETERMINERS
    if acting and after_low in lexicon.PREPOSITIONS and not named:
        return True
    if token.low not in lexicon.VERBS:
        return False
    if token.low.endswith(("ing", "ed")) and token.low not in ("building", "training", "wedding", "meeting"):
        return True
    if index == 0:
        return True
    before = tokens[index - 1]
    return (
        before.kind == "punctuation"
        or before.low
        in ("to", "and", "or", "then", "please", "also", "you", "i", "we", "they", "who", "that", "not", "don't")
        or before.low in lexicon.AUXILIARIES
        or before.low in lexicon.PRONOUNS
    )


def _phrases(text: str, tokens: Sequence[Token], blocked: Sequence[Span]) -> list[Span]:
    """Runs of content words between function words, verbs, punctuation and other spans."""
    found: list[Span] = []
    first: int | None = None
    chinese = any(token.kind == "cjk" for token in tokens)
    for index in range(len(tokens) + 1):
        token = tokens[index] if index < len(tokens) else None
        opening = index == 0 or tokens[index - 1].low in (".", "!", "?", ";")
        imperative = (
            token is not None
            and opening
            and index + 1 < len(tokens)
            and tokens[index + 1].kind in ("word", "number")
            and token.text[0].isupper()
            and token.text[1:].islower()
            and token.kind == "word"
        )
        content = (
            token is not None
            and not imperative
            and token.kind in ("word", "cjk")
            and not _covered(token, blocked)
            and (token.low not in lexicon.FUNCTION_WORDS or (first is not None and token.low in ("no",)))
            and not token.stem.startswith("_")
            and not (token.kind == "cjk" and token.stem in verb_concepts())
            and not (chinese and token.kind == "word")
            and not is_verb_here(tokens, index)
        )
        if content and first is None:
            first = index
        elif not content and first is not None:
            if index - first <= 10:
                found.append(_words_span("phrase", text, tokens, first, index - 1))
                found.extend(_unknown_words(text, tokens, first, index))
            first = None
        elif content and first is not None and tokens[index - 1].text.endswith("'s"):
            # "Rodin's sculpture": owner and thing are separate phrases.
            found.append(_words_span("phrase", text, tokens, first, index - 1))
            first = index
    return found


def _unknown_words(text: str, tokens: Sequence[Token], first: int, stop: int) -> list[Span]:
    """In Chinese, what the lexicon does not know is likely somebody's name or text: "乘客李雷" -> "李雷"."""
    return [
        _words_span("name", text, tokens, index, index)
        for index in range(first, stop)
        if tokens[index].kind == "cjk" and tokens[index].stem == tokens[index].text and stop - first > 1
    ]


@lru_cache(maxsize=1)
def verb_concepts() -> frozenset[str]:
    return frozenset(
        concept(verb)
        for verb in words_in(
            """
            get show list find search query add create delete remove cancel update change set send buy pay sell
            calculate convert translate compare check upload download share play stop start mark finish login move copy
            assign
            """
        )
    )


def _chinese_names(text: str, tokens: Sequence[Token], blocked: Sequence[Span]) -> list[Span]:
    """Places of the lexicon, and Latin words in a Chinese sentence ("用户 pg 的资料")."""
    if not any(token.kind == "cjk" for token in tokens):
        return []
    found = [
        _words_span("name", text, tokens, index, index) for index, token in enumerate(tokens) if token.stem == "_place"
    ]
    index = 0
    while index < len(tokens):
        last = index
        while last < len(tokens) and tokens[last].kind == "word" and not _covered(tokens[last], blocked):
            last += 1
        if last > index:
            found.append(_words_span("name", text, tokens, index, last - 1))
        index = max(last, index + 1)
    return found


def _bracketed(text: str, plain: str, fixed: Sequence[Span], tokens: Sequence[Token]) -> list[Span]:
    """ "[1, 2, 3]" and "['a', 'b']", nested ones too, as one span."""
    found: list[Span] = []
    for match in re.finditer(r"[\[({]", plain):
        if len(found) > 20:
            break
        parsed = _read_brackets(plain, match.start())
        if parsed is not None:
            value, end = parsed
            found.append(Span("json", match.start(), end, text[match.start() : end], value))
    return found


_CLOSERS = {"[": "]", "(": ")", "{": "}"}
_SCALAR = re.compile(
    r"\s*(?:\"([^\"]*)\"|'([^']*)'|([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?=\s*[,\])}:])|([^,\[\](){}:\"']{1,80}))\s*"
)


def _read_brackets(plain: str, start: int, depth: int = 0) -> tuple[Any, int] | None:
    """A lenient reader of lists and mappings as people type them; None when the brackets hold prose."""
    if depth > 6:
        return None
    closer, position = _CLOSERS[plain[start]], start + 1
    items: list[Any] = []
    mapping: dict[str, Any] = {}
    while position < len(plain) and position - start < 4000 and len(items) + len(mapping) < 500:
        while position < len(plain) and plain[position] in " ,\n":
            position += 1
        if position >= len(plain):
            return None
        if plain[position] == closer:
            value: Any = mapping if mapping else items
            if plain[start] == "(" and (
                len(items) < 2 or not all(isinstance(item, int | float | list) for item in items)
            ):
                return None
            return (value, position + 1) if items or mapping else None
        parsed = _bracket_item(plain, position, depth)
        if parsed is None:
            return None
        value, position = parsed
        if plain[start] == "{" and position < len(plain) and plain[position] == ":":
            key = str(value)
            position += 1
            while position < len(plain) and plain[position] == " ":
                position += 1
            following = _bracket_item(plain, position, depth) if position < len(plain) else None
            if following is None:
                return None
            mapping[key], position = following
        else:
            items.append(value)
    return None


def _bracket_item(plain: str, position: int, depth: int) -> tuple[Any, int] | None:
    if plain[position] in _CLOSERS:
        return _read_brackets(plain, position, depth + 1)
    match = _SCALAR.match(plain, position)
    if match is None or match.end() == position:
        return None
    double, single, number, bare = match.groups()
    if number is not None:
        return (float(number) if re.search(r"[.eE]", number) else int(number)), match.end()
    words = double if double is not None else single if single is not None else bare.strip()
    return {"true": True, "false": False, "null": None}.get(words, words) if bare else words, match.end()


_BETWEEN_ITEMS = re.compile(
    r"^\s*(?:,\s*(?:and|or|&|和|以及)?|and|or|&|和|与|跟|及|或)\s*(?:a|an|the|#)?\s*$", re.IGNORECASE
)


def _enumerations(plain: str, fixed: Sequence[Span], text: str) -> list[Span]:
    """Neighbours of one kind joined by commas and "and": numbers, quoted texts, dates, codes."""
    found: list[Span] = []
    run: list[Span] = []
    for span in [*fixed, None]:
        if span is not None and run and span.kind == run[-1].kind and span.start >= run[-1].end:
            end = run[-1].number.end if run[-1].number else run[-1].end
            if _BETWEEN_ITEMS.match(plain[end : span.start]) or _BETWEEN_ITEMS.match(plain[run[-1].end : span.start]):
                run.append(span)
                continue
        if len(run) > 1:
            found.append(Span("list", run[0].start, run[-1].end, text[run[0].start : run[-1].end], items=tuple(run)))
        run = [span] if span is not None else []
    return found


def _word_lists(text: str, words: Sequence[Span]) -> list[Span]:
    """Names or phrases joined by commas and "and": "protein, calories and carbs"."""
    found: list[Span] = []
    run: list[Span] = []
    for span in [*sorted(words, key=lambda span: span.start), None]:
        if span is not None and run:
            if span.start < run[-1].end:
                continue
            if _BETWEEN_ITEMS.match(same_length(text[run[-1].end : span.start])):
                run.append(span)
                continue
        if len(run) > 1:
            found.append(Span("list", run[0].start, run[-1].end, text[run[0].start : run[-1].end], items=tuple(run)))
        run = [span] if span is not None else []
    return found


_FORMULA = re.compile(
    r"(?<![\w.])(?:[fgy](?:\(x\))?\s?=\s?)?(?P<body>(?:\d+(?:\.\d+)?)?\*?[a-z](?:\s?(?:\^|\*\*)\s?-?\d+)?"
    r"(?:\s?[-+*/]\s?(?:\d+(?:\.\d+)?)?\*?(?:[a-z](?:\s?(?:\^|\*\*)\s?-?\d+)?)?(?![a-z])){0,8})(?![\w])"
)
_FUNCTION_CALL = re.compile(
    r"(?<![\w.])(?:[fgy](?:\(x\))?\s?=\s?)?(?P<body>(?:sin|cos|tan|exp|log|ln|sqrt)\([^()]{1,40}\))"
)


def _formulas(text: str, plain: str) -> list[Span]:
    """ "3x^2 + 2x - 1", "y = x^3", "sin(x)": only what has a variable and an operator or a power."""
    found = []
    for match in [*_FORMULA.finditer(plain), *_FUNCTION_CALL.finditer(plain)]:
        body = match["body"].strip()
        if re.search(r"[\^*(]|\d[a-z]|[a-z]\s?[-+/]\s?\d", body) and not re.fullmatch(
            r"\d+(?:\.\d+)?[a-z]|[a-z]-\d+", body
        ):
            start = match.start("body")
            found.append(Span("formula", match.start(), start + len(body), text[start : start + len(body)]))
    return found


def _with_units(numbers: Sequence[Span]) -> list[Span]:
    """Number spans stretched over their units, so that "months" of "3 months" is nobody's phrase."""
    return [
        Span("number", span.start, span.number.end if span.number and span.number.unit else span.end, span.text)
        for span in numbers
    ]


def _units_named(text: str, plain: str, tokens: Sequence[Token], numbers: Sequence[Span]) -> list[Span]:
    """Units of numbers ("4 inches") and units, currencies and scales after in, to or into ("in km/h", "in Celsius")."""
    found = []
    for span in numbers:
        number = span.number
        if number is not None and number.unit and number.end > number.bare_end:
            start = (
                number.bare_end
                + len(text[number.bare_end : number.end])
                - len(text[number.bare_end : number.end].lstrip(" -"))
            )
            found.append(Span("unit", start, number.end, text[start : number.end], value="attached", number=number))
    for index, token in enumerate(tokens):
        if token.low not in ("in", "into", "to", "from", "use", "using", "as") or index + 1 >= len(tokens):
            continue
        start = tokens[index + 1].start
        unit, dimension, factor, end = read_unit(plain, start)
        if unit and len(unit) > 1 and end > start:
            found.append(
                Span(
                    "unit",
                    start,
                    end,
                    text[start:end],
                    value="named",
                    number=Number(0, unit, dimension, factor, False, start, end, end),
                )
            )
    return found


def _longer(
    text: str, tokens: Sequence[Token], names: Sequence[Span], phrases: Sequence[Span], blocked: Sequence[Span]
) -> list[Span]:
    """ "university of chicago", "bed and breakfast", "The Plaza hotel": pieces that belong together."""
    found: list[Span] = []
    known = {(span.start, span.end) for span in [*names, *phrases]}
    starts = {token.start: index for index, token in enumerate(tokens)}
    ends = {token.end: index for index, token in enumerate(tokens)}
    pieces = sorted([*names, *phrases], key=lambda span: span.start)[:MAX_SPANS]

    def add(kind: Kind, start: int, end: int, how: str) -> None:
        if (start, end) not in known and end - start <= 80:
            known.add((start, end))
            found.append(Span(kind, start, end, text[start:end], how))

    for left in pieces:
        after = ends.get(left.end)
        if after is None:
            continue
        link = after + 1
        if link + 1 < len(tokens) and tokens[link].low in ("of", "for", "with", "and", "in"):
            begin = link + 2 if tokens[link + 1].low in ("the", "a", "an") and link + 2 < len(tokens) else link + 1
            for right in pieces:
                if right.start == tokens[begin].start:
                    add(left.kind, left.start, right.end, f"joined_{tokens[link].low}")
        # A name goes on in small letters ("Hilton hotel") or with a number ("iPhone 12 Pro").
        if left.kind == "name":
            stop = link
            while (
                stop < len(tokens)
                and stop - link < 2
                and _goes_on(tokens, stop)
                and not _covered(tokens[stop], blocked)
            ):
                stop += 1
                add("name", left.start, tokens[stop - 1].end, "stretched")
                if stop - link == 2:
                    add("name", left.start, tokens[link].end, "stretched")
            before = starts.get(left.start, 0) - 1
            if before >= 0 and tokens[before].kind == "number" and left.text.split()[-1].lower().strip(".") in _STREETS:
                add("name", tokens[before].start, left.end, "street")
            if before >= 0 and tokens[before].low == "the":
                add("name", tokens[before].start, left.end, "with_article")
    return found


_STREETS = frozenset(words_in("street avenue road lane drive way square boulevard st ave rd blvd"))


def _goes_on(tokens: Sequence[Token], index: int) -> bool:
    token = tokens[index]
    return token.kind == "number" or (
        token.kind == "word" and token.low not in lexicon.FUNCTION_WORDS and not is_verb_here(tokens, index)
    )


_TAIL = re.compile(
    r"(?::(?=[\u3400-\u9fff])|(?::|\b(?:saying|says|say|that reads|reading))\s+(?=\S)|\b(?:remind me"
    r"|remember|don't forget)(?:\s+to|\s+about)?\s+(?=\S)|提醒我(?:要|去)?)",
    re.IGNORECASE,
)


def _tails(text: str, plain: str, moments: Sequence[Span]) -> list[Span]:
    """What follows a colon or "saying", up to the end: "Add a TODO: publish video"."""
    found: list[Span] = []
    for match in _TAIL.finditer(plain):
        stop = len(text)
        if match.group().lower().startswith(("remind", "remember", "don't", "提醒")):
            stop = next((span.start for span in moments if span.start > match.end()), stop)
        rest = text[match.end() : stop].strip()
        rest = re.sub(r"\s+(?:on|at|by|in|before)$", "", rest)
        stripped = rest.rstrip(".。!！").strip()
        if stripped and stripped[0] not in "\"'“‘「[({" and len(found) < 3:
            found.append(Span("tail", match.end(), match.end() + len(stripped), stripped))
    return found


def _counted_lists(text: str, plain: str, numbers: Sequence[Span], phrases: Sequence[Span]) -> list[Span]:
    """ "three pumpkins and two dozen eggs" as two lists side by side: what, and how many."""
    following = {}
    for number in numbers:
        things = [phrase for phrase in phrases if number.end < phrase.start <= number.end + 2]
        if things and number.number is not None and not number.number.ordinal:
            following[number.start] = (number, things[0])
    found: list[Span] = []
    run: list[tuple[Span, Span]] = []
    for pair in [*following.values(), None]:
        if pair is not None and run and _BETWEEN_ITEMS.match(plain[run[-1][1].end : pair[0].start]):
            run.append(pair)
            continue
        if len(run) > 1:
            lists = (tuple(number for number, _ in run), tuple(thing for _, thing in run))
            found.extend(
                Span("list", i[0].start, i[-1].end, text[i[0].start : i[-1].end], "counted", items=i) for i in lists
            )
        run = [pair] if pair is not None else []
    return found


_PERIOD = re.compile(
    r"\b(?:the\s+)?(?P<which>this|next|last|past|upcoming|previous|coming|current"
    r"|following)\s+(?:(?P<count>\d{1,4}|two|three|four|five|six|seven|ten|twelve|few)\s+)?"
    r"(?P<unit>second|minute|hour|day|night|week|weekend|month|quarter|year|season|semester|decade)s?\b",
    re.IGNORECASE,
)


def _periods(text: str, plain: str) -> list[Span]:
    """ "next week", "the past 24 hours", "this weekend": a stretch of time without dates."""
    return [
        Span(
            "period",
            match.start("which"),
            match.end(),
            text[match.start("which") : match.end()],
            (match["count"], match["unit"].lower()),
        )
        for match in _PERIOD.finditer(plain)
    ]


def _intervals(text: str, plain: str, numbers: Sequence[Span]) -> list[Span]:
    """ "from 1 to 3", "between x = -1 and x = 2" as a list of two."""
    found = []
    for left, right in pairwise(numbers):
        middle = plain[left.end : right.start].lower()
        before = plain[max(left.start - 20, 0) : left.start].lower()
        if (
            len(middle) < 20
            and re.fullmatch(r"\s*[a-z%°]{0,8}\s*(?:to|and|until|through|-|~|至|到)\s*(?:[a-z]\s?=\s?|\$)?", middle)
            and re.search(r"\b(?:from|between|interval|range|limits)\b|从|在", before)
        ):
            found.append(
                Span("list", left.start, right.end, text[left.start : right.end], "interval", items=(left, right))
            )
    return found


_PAIR = re.compile(
    r"['\"](?P<key>[A-Za-z_][\w ]{0,40})['\"]\s?:\s?(?:['\"](?P<text>[^'\"]{0,200})['\"]"
    r"|(?P<number>-?\d+(?:\.\d+)?))(?:\s?,\s?)?"
)


def _pairs(text: str, plain: str) -> list[Span]:
    """ "'name': 'John', 'age': 3" without braces, as a mapping."""
    found: list[Span] = []
    run: dict[str, Any] = {}
    start = end = 0
    for match in _PAIR.finditer(plain):
        if run and plain[end : match.start()].strip():
            found.append(Span("json", start, end, text[start:end], run))
            run = {}
        if not run:
            start = match.start()
        number = match["number"]
        run[match["key"]] = match["text"] if number is None else float(number) if "." in number else int(number)
        end = match.end()
    if run:
        found.append(Span("json", start, end, text[start:end], run))
    return found
