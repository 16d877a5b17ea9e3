"""Find the operations that a sentence needs, and those that these need in turn, among hundreds or thousands.

Words and their relatives (synonyms, field of life, spelling), weighted by field and rarity as BM25F does, then the
dependencies between operations (search_dependencies.py). Everything is read from the operations themselves and from
small tables of this project; no model, no file, nothing beyond the standard library. See docs/explanations/search.md.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import nlargest
from itertools import pairwise
from typing import Generic, TypeVar

from actionry.tools.search_cues import cues_of
from actionry.tools.search_dependencies import Dependencies
from actionry.tools.search_fields import Facts, Field, SearchableFunction, read_facts
from actionry.tools.search_relatives import COMMON_STEMS, compound_parts, lexicon
from actionry.tools.search_sentence import LEAD, parts_of
from actionry.tools.search_vocabulary import COMMON_WORDS, STOP_WORDS, word_set
from actionry.tools.search_words import family, grams, stem, words_of

F = TypeVar("F", bound=SearchableFunction)


class Found(Generic[F]):
    """One operation of an answer."""

    __slots__ = ("_explain", "function", "score")

    def __init__(self, function: F, score: float, explain: Callable[[], str]) -> None:
        self.function = function
        self.score = score
        """1.0 is the best match of this search; what others need has its dependent's score, less the doubt."""
        self._explain = explain

    @property
    def name(self) -> str:
        return self.function.name

    @property
    def reason(self) -> str:
        """`matches director, movie`, or ``yields `movie_id` that `getMovie` needs``; worked out when asked for."""
        return self._explain()

    def __repr__(self) -> str:
        return f"<Found {self.name} {self.score:.2f}: {self.reason}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Set on the looked-at half of the development data (docs/explanations/search.md); kept round on purpose."""

    fields: dict[Field, float]
    length_share: float = 0.5
    """b of BM25F."""
    saturation: float = 1.2
    """k1 of BM25F."""
    stop_word: float = 0.08
    common_word: float = 0.6
    synonym: float = 0.45
    theme: float = 0.8
    theme_votes: float = 3.0
    theme_saturation: float = 2.5
    verb: float = 0.3
    family: float = 0.6
    question: float = 0.5
    """Of a question ("who …", "how many …") for operations that read."""
    compound: float = 0.9
    cue: float = 0.2
    """Of a word for the kind of a value: `email` for "ann@example.org", `city` for "Paris"."""
    value_word: float = 0.5
    """Of a word in quotes, or of a name in the sentence."""
    aside: float = 0.4
    """Of a verb that only describes: "the webhook that posts to our chat"."""
    spelling: float = 0.6
    rarity: float = 1.1
    """Exponent of the inverse document frequency."""
    coverage: float = 0.5
    """Added, as a share, to an operation all of whose name and first sentence is in the sentence."""
    other_aim: float = 0.85
    """Of an operation that reads when the sentence wants something changed, and so on."""
    segment: float = 0.9
    said_before: float = 0.6
    """What a later part repeats tells less about what it adds: "book it and mail me the booking"."""
    strength: float = 0.6
    """A part of the sentence this strong, as a share of its strongest part, counts in full."""


WEIGHTS = Weights(
    fields={
        "name": 3.0, "summary": 2.0, "description": 1.2, "path": 1.0, "tags": 1.5, "parameter": 0.8,
        "explanation": 0.5, "choice": 0.5, "result": 0.3,
    }
)  # fmt: skip


_QUOTED = re.compile(r"[\"“]([^\"“”]{1,80})[\"”]|(?<![\w])'([^']{1,80})'(?![\w])|《([^》]{1,80})》")
_CAPITAL = re.compile(r"(?<=[a-z0-9,] )[A-Z][a-z]+")
_RELATIVES = word_set("that which who whose")

_QUESTION = re.compile(
    r"\s*(?:who|whose|what|which|when|where|why|how|is|are|was|were|do|does|did|has|have|any)\b|.*(?:谁|哪|什么|多少|几|吗|怎么样|如何)",
    re.IGNORECASE,
)
_GIVES_ID = re.compile(
    r"\b(?:id|ID|Id|identifier|key|uuid)s?\b\W+(?:is\W+|of\W+)?[\"'“]?(?=\w*\d)\w|[\"'“](?=[a-zA-Z]*\d)[A-Za-z0-9_-]{5,}[\"'”]"
    r"|\b(?=[a-z]*[0-9])(?=[0-9]*[a-z])[A-Za-z0-9]{8,}\b|#\d+"
)
"""The sentence names an id itself, so that nothing needs to yield one."""
_METHOD_VERBS = {"GET": "!read", "POST": "!create", "PUT": "!update", "PATCH": "!update", "DELETE": "!delete"}


MAX_SENTENCE = 4000
"""Characters of a sentence that are read."""
GIVEN = 0.25
"""What the source of a value counts for when the sentence seems to give the value itself."""
FEW_WORDS = 20
"""An operation with as many words, or fewer, says little about itself."""
MIN_FREQUENT = 200
FREQUENT_SHARE = 40
"""A term in more operations than this (number, and part of all) is kept as one byte an operation."""
_AIMS = frozenset(_METHOD_VERBS.values())


def _words_in(field: Field, text: str) -> list[str]:
    """The words of a text; in names, words written as one are read apart too."""
    words = words_of(text)
    if field == "name":
        words.extend(part for word in tuple(words) for part in compound_parts(word))
    return words


def _does(facts: Facts) -> str:
    """`!read`, `!create` …: by the method, else by the name's first verb; "" when neither says."""
    if facts.method in _METHOD_VERBS and facts.method != "POST":
        return _METHOD_VERBS[facts.method]
    concepts, verbs = lexicon()
    for word in words_of(facts.name):
        if (root := stem(word)) in verbs:
            return next((concept for concept, _ in concepts[root] if concept in _AIMS), "")
    return _METHOD_VERBS.get(facts.method, "")


@dataclass(frozen=True, slots=True)
class Segment:
    """One wish of a sentence."""

    terms: dict[str, float]
    aim: str


class OperationIndex(Generic[F]):
    """An index over functions; built once, searched often, safe to share between threads (it does not change)."""

    def __init__(self, functions: Iterable[F], *, weights: Weights = WEIGHTS) -> None:
        self.functions: tuple[F, ...] = tuple(functions)
        self.weights = weights
        facts = [read_facts(function) for function in self.functions]
        self._docs: dict[str, array[int]] = {}
        self._impacts: dict[str, bytes] = {}
        self._dense: dict[str, bytes] = {}
        self._idf: dict[str, float] = {}
        self._by_family: dict[str, list[str]] = {}
        self._by_gram: dict[str, list[str]] = {}
        self._name_words: set[str] = set()
        self._heads: list[tuple[str, ...]] = []
        self._does = [_does(one) for one in facts]
        self._build(facts)
        self._dependencies = Dependencies(facts)

    def search(self, text: str, k: int = 10) -> list[Found[F]]:
        """The k operations that the sentence needs, best first, each followed by what it needs and lacks.

        Empty for an empty sentence, or when no word of it, and nothing related, stands in any operation.
        """
        if k < 1 or not self.functions:
            return []
        text = text[:MAX_SENTENCE]
        segments = self._segments(text)
        ranked = self._rank(segments, 2 * k + 4)
        return self._complete(text, segments, ranked, k)

    # ---- building

    def _build(self, facts: list[Facts]) -> None:
        weights = self.weights.fields
        counts: list[dict[str, float]] = []
        lengths: list[dict[Field, int]] = []
        total: Counter[Field] = Counter()
        read: list[list[tuple[Field, list[str]]]] = []
        for one in facts:
            texts = [(field, [stem(word) for word in _words_in(field, text)]) for field, text in one.texts if text]
            own: Counter[Field] = Counter()
            for field, words in texts:
                own[field] += len(words)
            total.update(own)
            lengths.append(dict(own))
            read.append(texts)
        # Short descriptions leave more to be guessed from the field of life that they belong to.
        words_each = sum(total.values()) / max(1, len(facts))
        self._theme = self.weights.theme * min(1.0, math.sqrt(FEW_WORDS / max(1.0, words_each)))
        mean = {field: max(1.0, total[field] / max(1, len(facts))) for field in weights}
        share = self.weights.length_share
        for one, texts, own_length in zip(facts, read, lengths, strict=True):
            frequency: dict[str, float] = defaultdict(float)
            for field, words in texts:
                norm = weights[field] / (1 - share + share * own_length[field] / mean[field])
                for word in words:
                    frequency[word] += norm
            self._add_concepts(frequency)
            if one.method in _METHOD_VERBS:
                frequency[_METHOD_VERBS[one.method]] += weights["name"]
            counts.append(frequency)
        self._post(counts)
        for texts in read:
            self._name_words.update(word for field, words in texts if field == "name" for word in words)
            words = [word for field, words in texts if field in ("name", "summary") for word in words]
            self._heads.append(tuple(dict.fromkeys(word for word in words if word not in STOP_WORDS))[:12])

    def _add_concepts(self, frequency: dict[str, float]) -> None:
        known, _ = lexicon()
        concepts: dict[str, float] = defaultdict(float)
        for word, weight in frequency.items():
            for concept, part in known.get(word, ()):
                concepts[concept] += weight * part
        frequency.update(concepts)

    def _post(self, counts: list[dict[str, float]]) -> None:
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        k1 = self.weights.saturation
        for number, frequency in enumerate(counts):
            for term, weight in frequency.items():
                soft = self.weights.theme_saturation if term[0] == "~" else k1
                postings[term].append((number, weight / (weight + soft)))
        size = len(counts)
        self._unit = math.log(1 + (size - 0.5) / 1.5) ** self.weights.rarity
        code = "H" if size < 65_536 else "I"
        for term, entries in postings.items():
            impacts = bytes(max(1, min(255, round(255 * impact))) for _, impact in entries)
            if len(entries) <= max(MIN_FREQUENT, size // FREQUENT_SHARE):
                self._docs[term] = array(code, [number for number, _ in entries])
                self._impacts[term] = impacts
            else:
                dense = bytearray(size)
                for (number, _), impact in zip(entries, impacts, strict=True):
                    dense[number] = impact
                self._dense[term] = bytes(dense)
            idf = math.log(1 + (size - len(entries) + 0.5) / (len(entries) + 0.5))
            self._idf[term] = idf**self.weights.rarity / 255
            if term[0] not in "=~!" and len(term) > 3 and term.isascii() and term.isalpha():
                self._by_family.setdefault(family(term), []).append(term)
                for gram in grams(term):
                    self._by_gram.setdefault(gram, []).append(term)

    # ---- asking

    def _segments(self, text: str) -> list[Segment]:
        """Terms with their weights, for each part of the sentence that speaks of a thing of its own."""
        segments: list[Segment] = []
        said: set[str] = set()
        for part in parts_of(text):
            terms = self._terms(part)
            for term in terms.keys() & said:
                terms[term] *= self.weights.said_before
            if terms and any(self._idf.get(term) for term in terms):
                segments.append(Segment(terms, self._aim(part)))
                said.update(terms)
        return segments[:12]

    def _aim(self, part: str) -> str:
        """What the part wants done: `!read`, `!create`, `!update`, `!delete`, or "" when it does not say."""
        if _QUESTION.match(part):
            return "!read"
        concepts, verbs = lexicon()
        for word in words_of(part[:200])[:12]:
            if (root := stem(word)) in verbs and word not in LEAD:
                return next((concept for concept, _ in concepts[root] if concept in _AIMS), "")
        return ""

    def _terms(self, text: str) -> dict[str, float]:
        concepts, verbs = lexicon()
        weights = self.weights
        terms: dict[str, float] = {}

        def add(term: str, weight: float) -> None:
            if weight > terms.get(term, 0.0):
                terms[term] = weight

        if _QUESTION.match(text):
            add("!read", weights.question)
        words = words_of(text)[:150]
        for first, second in pairwise(words):
            # "to do" finds todo, "check out" finds checkout
            if len(first) + len(second) > 3 and (joined := stem(first + second)) in self._idf:
                add(joined, weights.compound)
        themes: dict[str, float] = defaultdict(float)
        begins, previous = True, ""
        values = self._value_words(text)
        for word in words:
            root = stem(word)
            verb = begins and root in verbs
            if (word in STOP_WORDS and not verb) or word.isdigit():
                add(root, weights.stop_word)
                previous = word
                continue
            begins = False
            share = weights.common_word if word in COMMON_WORDS or root in COMMON_STEMS else 1.0
            if word in values:
                share *= weights.value_word
            if previous in _RELATIVES and root in verbs:
                share *= weights.aside
            previous = word
            add(root, share)
            for concept, part in concepts.get(root, ()):
                if concept[0] == "!":
                    add(concept, share * part * weights.verb * (0.6 if "/" in concept else 0.4))
                elif verb:
                    continue
                elif concept[0] == "=":
                    add(concept, share * part * weights.synonym)
                else:
                    themes[concept] += share * part
            for other in self._by_family.get(family(root), ()):
                if other != root:
                    add(other, share * weights.family)
            if root not in self._idf and family(root) not in self._by_family:
                for other, likeness in self._alike(root):
                    add(other, share * likeness * weights.spelling)
                for part_ in compound_parts(word):
                    add(stem(part_), share * weights.spelling)
        for word in cues_of(text):
            add(stem(word), weights.cue)
        for concept, votes in themes.items():
            add(concept, self._theme * min(votes, weights.theme_votes))
        return terms

    def _value_words(self, text: str) -> set[str]:
        """Words that are likely to be values, not wishes: quoted ones, and names that no operation's name knows."""
        words = {word for found in _QUOTED.findall(text) for word in words_of(" ".join(found))}
        concepts, _ = lexicon()
        for name in _CAPITAL.findall(text):
            if stem(name.lower()) not in concepts:
                words.add(name.lower())
        return {word for word in words if stem(word) not in self._name_words}

    def _alike(self, word: str) -> list[tuple[str, float]]:
        """Words of the operations spelt nearly like this one, by shared trigrams (Dice)."""
        if len(word) < 4:
            return []
        own = grams(word)
        shared: Counter[str] = Counter()
        for gram in own:
            shared.update(self._by_gram.get(gram, ()))
        alike = [(other, 2 * n / (len(own) + len(other))) for other, n in shared.items() if n >= len(own) / 2]
        return nlargest(3, [pair for pair in alike if pair[1] >= 0.6], key=lambda pair: pair[1])

    def _rank(self, segments: list[Segment], count: int) -> list[tuple[int, float]]:
        """(operation, score), best first; the best of all is 1.

        Rare words propose candidates through their postings; frequent ones are only looked up for these.
        """
        parts = [self._proposed(segment) for segment in segments]
        proposed: set[int] = set()
        each = max(count // 2, 2 * count // max(1, len(parts)))
        for part in parts:
            proposed.update(nlargest(each, part, key=part.__getitem__) if len(part) > each else part)
        if not proposed:
            return []
        candidates = sorted(proposed)
        scores = [self._scored(segment, part, candidates) for segment, part in zip(segments, parts, strict=True)]
        return self._fuse(candidates, scores, count)

    def _proposed(self, segment: Segment) -> dict[int, float]:
        """Scores by the segment's rare words; by all of them when it has no rare one."""
        score: dict[int, float] = defaultdict(float)
        for term, weight in segment.terms.items():
            docs = self._docs.get(term)
            if docs is not None:
                factor = weight * self._idf[term]
                for number, impact in zip(docs, self._impacts[term], strict=True):
                    score[number] += factor * impact
        if not score:
            for term in segment.terms:
                for number, impact in enumerate(self._dense.get(term, b"")):
                    if impact:
                        score[number] += 1e-9 * impact
        return score

    def _scored(self, segment: Segment, part: dict[int, float], candidates: list[int]) -> list[float]:
        """The segment's score of each candidate, frequent words and its aim included."""
        score = [part.get(number, 0.0) for number in candidates]
        for term, weight in segment.terms.items():
            dense = self._dense.get(term)
            if dense is not None and weight > self.weights.stop_word:
                factor = weight * self._idf[term]
                score = [value + factor * dense[number] for value, number in zip(score, candidates, strict=True)]
        least = 0.3 * max(score)  # what stands far behind stays there
        score = [
            value * (1 + self.weights.coverage * self._coverage(segment.terms, number)) if value > least else value
            for value, number in zip(score, candidates, strict=True)
        ]
        if segment.aim:
            does, other = self._does, self.weights.other_aim
            score = [
                value * other if does[number] and does[number] != segment.aim else value
                for value, number in zip(score, candidates, strict=True)
            ]
        return score

    def _coverage(self, terms: dict[str, float], number: int) -> float:
        """How much of what the operation's name and first sentence say the sentence says too, 0 to 1."""
        said = whole = 0.0
        for word in self._heads[number]:
            weight = self._idf[word]
            whole += weight
            said += weight * terms.get(word, 0.0)
        return said / whole if whole else 0.0

    def _fuse(self, candidates: list[int], scores: list[list[float]], count: int) -> list[tuple[int, float]]:
        """One ranking of the sentence as a whole and of each of its parts, so that every part gets its best."""
        whole = [sum(values) for values in zip(*scores, strict=True)]
        top = max(whole)
        if top <= 0:
            return []
        fused = [value / top for value in whole]
        if len(scores) > 1:
            for score in scores:
                high = max(score)
                if high > 0:
                    share = self.weights.segment * min(1.0, high / (self.weights.strength * self._unit)) / high
                    fused = [max(old, value * share) for old, value in zip(fused, score, strict=True)]
        order = sorted(range(len(candidates)), key=lambda at: -fused[at])[:count]
        return [(candidates[at], fused[at]) for at in order]

    def _complete(
        self, text: str, segments: list[Segment], ranked: Sequence[tuple[int, float]], k: int
    ) -> list[Found[F]]:
        scores = dict(ranked)
        given = GIVEN if _GIVES_ID.search(text) else 1.0
        priority = dict(ranked[:k])
        helps: dict[int, tuple[int, str]] = {}
        hosts = [number for number, _ in ranked[:k]]
        for place, host in enumerate(hosts):  # grows: what helps may itself need help
            grace = 0.2 if place < 2 else 0.4
            for sources in self._dependencies.needs_of(host):
                wanted = [
                    (source.confidence * (0.7 + 0.3 * scores.get(source.producer, 0.0)), source) for source in sources
                ]
                best, source = max(wanted, key=lambda pair: pair[0])
                value = priority[host] * given * best**grace
                if source.producer not in hosts:
                    hosts.append(source.producer)
                if hosts.index(source.producer) > hosts.index(host):
                    helps.setdefault(source.producer, (host, source.parameter))
                priority[source.producer] = max(value, priority.get(source.producer, 0.0))
        kept = set(nlargest(k, priority, key=lambda number: priority[number]))
        order: list[int] = []
        for host in hosts:
            if host in kept and host not in order:
                self._place(host, kept, helps, order)
        return [
            Found(
                self.functions[number],
                round(priority[number], 4),
                partial(self._reason, number, segments, helps.get(number)),
            )
            for number in order
        ]

    def _place(self, host: int, kept: set[int], helps: dict[int, tuple[int, str]], order: list[int]) -> None:
        """Put the operation, and behind it what helps it."""
        order.append(host)
        for helper, (helped, _) in helps.items():
            if helped == host and helper in kept and helper not in order:
                self._place(helper, kept, helps, order)

    def _stands_in(self, term: str, number: int) -> bool:
        docs = self._docs.get(term)
        if docs is None:
            return term in self._dense and self._dense[term][number] > 0
        at = bisect_left(docs, number)
        return at < len(docs) and docs[at] == number

    def _reason(self, number: int, segments: list[Segment], helps: tuple[int, str] | None) -> str:
        if helps is not None:
            return f"yields `{helps[1]}` that `{self.functions[helps[0]].name}` needs"
        matched: dict[str, float] = {}
        for segment in segments:
            for term, weight in segment.terms.items():
                if weight >= 0.1 and self._stands_in(term, number):
                    word = term.rsplit("/", 1)[-1].lstrip("=~!")
                    matched[word] = max(matched.get(word, 0.0), weight * self._idf[term])
        return "matches " + ", ".join(nlargest(4, matched, key=lambda word: matched[word]))
