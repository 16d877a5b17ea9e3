"""Which operation yields the `movie_id` that another one needs, read from the operations alone.

Evidence, strongest first: a link of the response; a description that names the operation; a response field of that
name, or an `id` in a schema of that name; the collection that the path is nested in; an operation whose name says it
finds such things. What needs the same value itself is no source of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest

from actionry.tools.search_fields import Facts, Need
from actionry.tools.search_vocabulary import STOP_WORDS, word_set
from actionry.tools.search_words import split_name, stem

ID_WORDS = word_set(
    "id ids key keys slug uuid guid code token identifier identifiers ref reference sku hash sha handle number no uid "
    "gid pk urn iri index symbol"
)
"""Last words of names whose values a person rarely knows, so that another operation must yield them."""

WEAK_ID_WORDS = word_set("code token key number no index symbol hash reference ref")
"""Of these: words that a person may also know by heart (a zip code); they need more evidence."""

SEARCH_VERBS = frozenset(
    map(stem, word_set("search find lookup look query locate match autocomplete resolve discover"))
)
LIST_VERBS = frozenset(map(stem, word_set("list get fetch retrieve browse all read show index")))
CREATE_VERBS = frozenset(map(stem, word_set("create add new make register post insert start open")))
CHANGE_VERBS = frozenset(
    map(
        stem,
        word_set(
            "delete remove update patch put edit modify set cancel replace destroy unset revoke disable rename archive "
            "close move restore reset resize transfer merge accept refuse approve deny mark"
        ),
    )
)
VERBS = (
    SEARCH_VERBS
    | LIST_VERBS
    | CREATE_VERBS
    | CHANGE_VERBS
    | frozenset(
        map(stem, word_set("by for of in with to from the a an and or on at info information details detail data api"))
    )
)
_SAYS_WHERE_FROM = re.compile(
    r"\b(?:obtained|extracted|returned|retrieved|found|fetched|taken|available|comes?|provided|got|received|see|use)\b",
    re.IGNORECASE,
)
_NARROWS = re.compile(r"(?i)cursor|page|token|request|trace|correlation|client|external|parent|after|before|since|if")
"""Optional values of this kind narrow or page an answer; nobody needs to look them up first."""
_SAYS_ID = re.compile(r"\b(?:id|ids|identifier|identifiers|uuid|slug)\b|(?<=[a-z])I[dD]s?\b", re.IGNORECASE)
_KNOWN = word_set(
    "name names username user login owner org organization repo repository account tenant workspace project language "
    "lang locale country city region date year month day format version type kind category path filename email query q "
    "provider platform service environment env branch host domain ip period status state"
)
"""Path values that a person says themselves, or that stay the same in a conversation."""
_CODES = (("iso 3166", "country"), ("country code", "country"), ("iso 4217", "currency"), ("iso 639", "language"),
          ("iata", "airport"), ("icao", "airport"))  # fmt: skip
"""Codes that an operation about the thing yields."""
MAX_CANDIDATES = 300
"""Operations looked at as sources of one value; beyond it the value is too common to tell anything."""
MAX_SOURCES = 4
"""Kept for one value; the sentence chooses among them."""


@dataclass(frozen=True, slots=True)
class Source:
    """One operation that yields a value which another one needs."""

    producer: int
    parameter: str
    confidence: float
    """0 to 1."""


@dataclass(slots=True)
class _Card:
    """What one operation offers as a source."""

    verbs: frozenset[str]
    nouns: frozenset[str]
    core: frozenset[str]
    """The name from its first verb on: `Spotify_Scraper_Get_Artist` -> get artist; all of it when there is none."""
    group: frozenset[str]
    """First words of name and path, and the tags: what tells one API of a pool from another."""
    told: frozenset[str]
    """Stems of the first sentence of its description."""
    segments: tuple[str, ...]
    """Path without variables, stemmed words of each."""
    things: frozenset[str]
    """Stems of what the response holds with an id: `{"channels": [{"id": …}]}` -> channel."""
    yields: frozenset[str]
    """Fields of the response, as `_flat` names."""
    takes: frozenset[str]
    """Parameters outside the body's depths, as `_flat` names."""
    requires: frozenset[str]
    own_keys: frozenset[tuple[frozenset[str], str]]
    needs_ids: bool


class Dependencies:
    """Sources of every needed value, worked out when the index is built; the facts are not kept."""

    def __init__(self, facts: list[Facts]) -> None:
        finder = _Finder(facts)
        self._sources = {number: found for number in range(len(facts)) if (found := finder.find(number))}

    def needs_of(self, number: int) -> list[list[Source]]:
        """For each value that the operation needs from elsewhere: its possible sources, best first."""
        return self._sources.get(number, [])


class _Finder:
    def __init__(self, facts: list[Facts]) -> None:
        self._facts = facts
        self._cards = [_card(one) for one in facts]
        self._by_noun: dict[str, list[int]] = defaultdict(list)
        self._by_yield: dict[str, list[int]] = defaultdict(list)
        self._by_path: dict[str, list[int]] = defaultdict(list)
        self._linked: dict[int, list[int]] = defaultdict(list)
        by_name = {one.name: number for number, one in enumerate(facts)}
        for number, (one, card) in enumerate(zip(facts, self._cards, strict=True)):
            for noun in card.nouns | card.things:
                self._by_noun[noun].append(number)
            for name in card.yields:
                self._by_yield[name].append(number)
            if one.path:
                self._by_path[one.path.rstrip("/")].append(number)
            for target in one.links:
                if target in by_name:
                    self._linked[by_name[target]].append(number)

    def find(self, number: int) -> list[list[Source]]:
        linked = self._linked.get(number, [])
        found = []
        for need in self._facts[number].needs:
            entity, strength = self._entity(number, need)
            if strength <= 0:
                continue
            sources = self._sources_of(number, need, entity, strength, linked)
            if sources:
                found.append(sources)
        return found

    def _entity(self, number: int, need: Need) -> tuple[frozenset[str], float]:
        """(stems that say what the value identifies, how sure it is that a person does not know it).

        `artistId` -> ({artist}, 1); `id` of `/movies/{id}` -> ({movi}, 1); `city` -> (.., 0).
        """
        words = split_name(need.name)
        head = [stem(word) for word in words if word not in ID_WORDS and word not in STOP_WORDS]
        last = words[-1] if words else ""
        says_from = bool(_SAYS_WHERE_FROM.search(need.description))
        strength = 0.0
        if last in WEAK_ID_WORDS and not (head or need.in_path or says_from):
            return frozenset(), 0.0
        if last in ID_WORDS:
            strength = 0.7 if last in WEAK_ID_WORDS and not need.in_path else 1.0
        elif need.in_path:
            strength = 0.25 if last in _KNOWN or (head and head[-1] in _KNOWN) else 0.7
        elif _SAYS_ID.search(need.description[:120]) and need.type in ("", "string", "integer", "number"):
            strength = 0.7
        elif says_from:
            strength = 0.5
        known = next((thing for code, thing in _CODES if code in need.description.lower()), None)
        if known is not None and strength < 0.7:
            return frozenset((stem(known),)), 0.8 if need.required else 0.0
        if not need.required:  # many documents forget to say what is required
            sure = last in ID_WORDS - WEAK_ID_WORDS or bool(_SAYS_ID.search(need.description[:60]))
            strength *= 0.7 if sure and not _NARROWS.match(need.name) else 0.0
        if not need.top:
            strength *= 0.5
        if need.choices:
            strength = 0.0
        if not head and need.in_path:
            head = list(_before(self._facts[number].path, need.name))
        if not head:
            head = [stem(word) for word in _noun_of_id(need.description)] or list(self._cards[number].nouns)[:3]
        return frozenset(head), strength

    def _sources_of(
        self, number: int, need: Need, entity: frozenset[str], strength: float, linked: list[int]
    ) -> list[Source]:
        candidates: dict[int, float] = {}
        flat = _flat(need.name)

        def offer(numbers: Iterable[int], evidence: float) -> None:
            for other in numbers:
                if other != number:
                    candidates[other] = max(evidence, candidates.get(other, 0.0))

        offer(linked, 1.0)
        if (
            flat not in ("id", "key", "code", "name", "token", "number")
            and len(named := self._by_yield.get(flat, ())) <= MAX_CANDIDATES
        ):
            offer(named, 0.85)
        if need.in_path:
            offer(self._by_path.get(_collection(self._facts[number].path, need.name), ()), 1.0)
        described = frozenset(stem(word) for word in split_name(need.description[:300]))
        looked: set[int] = set()
        for noun in entity | (described if _SAYS_WHERE_FROM.search(need.description) else frozenset()):
            numbers = self._by_noun.get(noun, ())
            if len(numbers) <= MAX_CANDIDATES:
                looked.update(numbers)
        for other in looked:
            offer((other,), self._evidence(other, need, entity, described))
        sources = []
        for other, evidence in candidates.items():
            confidence = strength * evidence * self._fitness(number, other, need, entity)
            if confidence >= 0.25:
                sources.append(Source(other, need.name, min(1.0, confidence)))
        return nlargest(MAX_SOURCES, sources, key=lambda source: source.confidence)

    def _evidence(self, other: int, need: Need, entity: frozenset[str], described: frozenset[str]) -> float:
        """How clearly the operation's name, description and response say that it yields the value."""
        card = self._cards[other]
        if entity and not entity <= (card.nouns | card.told | card.things):
            if len(card.core) > 1 and card.core <= described:
                return 0.95
            return 0.45 if len(entity) > 1 and entity & card.nouns else 0.0
        best = 0.0
        if len(card.core) > 1 and card.core <= described:
            best = 0.95
        if "id" in card.nouns:
            best = max(best, 0.95)
        if entity & card.things and entity <= (card.things | card.nouns):
            best = max(best, 0.9 - 0.05 * min(len((card.nouns & card.core) - entity), 4))
        elif _flat(need.name) in card.yields:
            best = max(best, 0.8)
        if "id" in card.told:
            best = max(best, 0.8)
        if entity <= card.nouns:
            rest = len((card.nouns & card.core) - entity)
            if card.verbs & SEARCH_VERBS:
                best = max(best, 0.85 - 0.05 * min(rest, 4))
            elif card.verbs & (LIST_VERBS | CREATE_VERBS) or not card.verbs:
                best = max(best, 0.7 - 0.08 * min(rest, 5))
        elif card.verbs & SEARCH_VERBS:
            best = max(best, 0.45)
        return best

    def _fitness(self, number: int, other: int, need: Need, entity: frozenset[str]) -> float:
        """How far the operation can be asked before the host: it must not need the value itself, or change things."""
        host, card = self._cards[number], self._cards[other]
        host_name, method = self._facts[number].name, self._facts[other].method
        key = (entity, _kind_of_key(need.name))
        if key in card.own_keys:
            return 0.0
        if _flat(need.name) in card.requires:
            return 0.0
        if method in ("DELETE", "PUT", "PATCH", "HEAD", "OPTIONS") or (card.verbs & CHANGE_VERBS and method != "GET"):
            return 0.0
        fit = 0.5 if _flat(need.name) in card.takes else 1.0
        if card.verbs & SEARCH_VERBS:
            fit *= 1.05
        if card.verbs & CREATE_VERBS or (method == "POST" and not card.verbs & (SEARCH_VERBS | LIST_VERBS)):
            fit *= 0.6
        if card.needs_ids:
            fit *= 0.75
        if host.group and card.group:
            fit *= 1.0 if host.group & card.group else 0.9 if self._facts[other].path else 0.7
        return fit * (0.9 + 0.1 * _shared_start(host_name, self._facts[other].name))


def _card(facts: Facts) -> _Card:
    words = [stem(word) for word in split_name(facts.name)]
    path_words = [
        tuple(stem(w) for w in split_name(part)) for part in facts.path.split("/") if part and "{" not in part
    ]
    acts = SEARCH_VERBS | LIST_VERBS | CREATE_VERBS | CHANGE_VERBS
    verb = next((word for word in words if word in acts), "")
    things = (CREATE_VERBS | CHANGE_VERBS) - {verb}  # only the first verb acts: `searchArchive`
    nouns = frozenset(word for word in words if word not in VERBS or word in things)
    tail = path_words[-1] if path_words else ()
    told = ""
    tags = []
    for field, text in facts.texts:
        if field == "summary" and not told:
            told = text[:300]
        if field == "tags":
            tags.append("#" + text.lower())
    first = next((word for word in words if word not in VERBS), None)
    at = words.index(verb) if verb else 0
    until = words.index("by") if "by" in words[1:] else len(words)
    core = [word for word in words[at:until] if word not in VERBS or word in acts]
    if not nouns.intersection(core):
        core = [word for word in words if word in nouns]
    group = {*tags, *([first] if first else ()), *("/" + w for part in path_words[:1] for w in part)}
    keys = {
        (frozenset(stem(w) for w in split_name(need.name) if w not in ID_WORDS), _kind_of_key(need.name))
        for need in facts.needs
        if need.required
    }
    for need in facts.needs:
        if need.in_path and not [w for w in split_name(need.name) if w not in ID_WORDS]:
            keys.add((frozenset(_before(facts.path, need.name)), _kind_of_key(need.name)))
    return _Card(
        verbs=frozenset((verb,)) if verb else frozenset(part for part in tail if part in SEARCH_VERBS),
        nouns=nouns | frozenset(word for word in tail if word not in VERBS),
        core=frozenset(core),
        group=frozenset(group),
        told=frozenset(stem(word) for word in split_name(told)),
        segments=tuple(" ".join(part) for part in path_words),
        things=frozenset(_things(facts)),
        yields=frozenset(_flat(field.name) for field in facts.yields),
        takes=frozenset(_flat(need.name) for need in facts.needs if need.top),
        requires=frozenset(_flat(need.name) for need in facts.needs if need.top and need.required),
        own_keys=frozenset(keys),
        needs_ids=any(
            need.required and (words_ := split_name(need.name)) and words_[-1] in ID_WORDS - WEAK_ID_WORDS
            for need in facts.needs
        ),
    )


def _shared_start(one: str, other: str) -> float:
    """Share of the longer name that both begin with: names of one API are often spelt alike."""
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared / max(len(one), len(other), 1)


def _things(facts: Facts) -> Iterator[str]:
    """What the response lists or describes with an identifier of its own, by field and by schema name."""
    for field in facts.yields:
        if field.many and not field.inside:
            yield from (stem(word) for name in (field.name, field.definition) for word in split_name(name)
                        if word not in _HOLDERS)  # fmt: skip
        if _flat(field.name) in ("id", "uuid", "key", "slug"):
            for name in (field.inside, field.definition):
                yield from (stem(word) for word in split_name(name) if word not in _HOLDERS)


_HOLDERS = word_set("list response result data item items page collection object dto model entity view base the of")


def _kind_of_key(name: str) -> str:
    words = split_name(name)
    return "id" if words and words[-1] in ID_WORDS else "value"


@lru_cache(maxsize=16_384)
def _flat(name: str) -> str:
    """`movie_id`, `movieId` and `MovieID` are one name; a plural is its singular."""
    flat = "".join(split_name(name))
    return flat[:-1] if flat.endswith("ids") else flat


def _before(path: str, name: str) -> tuple[str, ...]:
    """Stems of the segment before a path variable: `/movies/{id}/cast`, id -> (movi,)."""
    parts = [part for part in path.split("/") if part]
    for at, part in enumerate(parts):
        if "{" + name + "}" in part and at > 0 and "{" not in parts[at - 1]:
            return tuple(stem(word) for word in split_name(parts[at - 1]) if word not in STOP_WORDS)
    return ()


def _collection(path: str, name: str) -> str:
    """The path before a variable: `/movies/{id}/cast`, id -> `/movies`; a path of its own when there is none."""
    at = path.find("{" + name + "}")
    return path[:at].rstrip("/") if at > 0 else "\0"


_OF = re.compile(
    r"\b(?:id|ids|identifier|key|slug|uuid|code)\b\s+(?:of|for)\s+(?:the|a|an)?\s*([A-Za-z]+)", re.IGNORECASE
)


def _noun_of_id(description: str) -> list[str]:
    """`The unique ID of the product …` -> [product]."""
    match = _OF.search(description[:300])
    return [match.group(1).lower()] if match and match.group(1).lower() not in STOP_WORDS else []
