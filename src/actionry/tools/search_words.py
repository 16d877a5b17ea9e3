"""How text becomes terms: English words split and stemmed, Chinese read through a small vocabulary and bigrams.

The same reading is used for operations and for sentences, so that whatever it does to a word it does on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from actionry.tools.search_chinese import LONGEST_CHINESE, MEANINGS

MAX_CHARACTERS = 20_000
"""Of one text; what follows is not read. A description or a sentence longer than this gains nothing."""

# Linear: no alternative can match what another one matched. `[A-Z]+(?![a-z])` keeps "HTTP" of "HTTPServer" whole.
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[㐀-鿿]+|[^\W\d_]+")


_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse", "feet": "foot",
    "teeth": "tooth", "geese": "goose", "lives": "life", "knives": "knife", "wives": "wife", "leaves": "leaf",
    "shelves": "shelf", "wolves": "wolf", "halves": "half", "matrices": "matrix", "indices": "index",
    "vertices": "vertex", "analyses": "analysis", "bought": "buy", "sold": "sell", "sent": "send", "found": "find",
    "made": "make", "paid": "pay", "wrote": "write", "written": "write", "taken": "take", "took": "take",
    "got": "get", "went": "go", "spent": "spend", "ate": "eat", "eaten": "eat", "drove": "drive", "flew": "fly",
    "flown": "fly", "flies": "fly", "sung": "sing", "sang": "sing", "learnt": "learn", "taught": "teach",
    "built": "build", "chose": "choose", "chosen": "choose", "news": "news", "movies": "movie", "cookies": "cookie",
    "series": "series", "species": "species", "status": "status", "bus": "bus", "gas": "gas", "lens": "lens",
    "analytics": "analytic", "statistics": "statistic", "does": "do", "has": "have", "taxes": "tax", "axes": "axis",
    "better": "good", "best": "good", "worse": "bad", "worst": "bad", "thing": "thing", "string": "string",
    "king": "king", "ring": "ring", "spring": "spring", "wing": "wing", "sing": "sing", "during": "during",
    "marketing": "marketing", "meeting": "meeting", "meetings": "meeting", "building": "building",
    "buildings": "building", "clothing": "clothes", "clothes": "clothes",
    "evening": "evening", "morning": "morning", "wedding": "wedding",
    "housing": "house", "united": "united", "need": "need", "feed": "feed", "speed": "speed", "seed": "seed",
    "red": "red", "bed": "bed", "dies": "die", "died": "die", "lies": "lie", "tied": "tie", "ties": "tie",
    "pies": "pie", "mined": "mine", "hero": "hero", "heroes": "hero", "shoes": "shoe", "photos": "photo",
    "stats": "statistic", "stat": "statistic", "dating": "dating", "shower": "shower", "showers": "shower",
    "flower": "flower", "flowers": "flower", "station": "station", "stations": "station", "power": "power",
    "calories": "calorie", "zombies": "zombie", "selfies": "selfie", "rookies": "rookie", "cities": "city",
}  # fmt: skip

_DERIVED = (  # ending, what replaces it, shortest stem that may remain
    ("ational", "ate", 3), ("ization", "ize", 3), ("isation", "ize", 3), ("iveness", "ive", 3), ("fulness", "ful", 3),
    ("ousness", "ous", 3), ("ability", "able", 3), ("ations", "ate", 3), ("ation", "ate", 3), ("itions", "ite", 3),
    ("ition", "ite", 3), ("ators", "ate", 3), ("ator", "ate", 3), ("ments", "", 4), ("ment", "", 4), ("nesses", "", 3),
    ("ness", "", 3), ("ically", "ic", 3), ("ical", "ic", 3), ("ally", "al", 3), ("ions", "", 5), ("ion", "", 5),
    ("ises", "ize", 3), ("ised", "ize", 3), ("ising", "ize", 3), ("ise", "ize", 4), ("ively", "ive", 3), ("ly", "", 4),
    ("ers", "", 4), ("er", "", 4), ("ors", "", 4), ("or", "", 5), ("able", "", 4), ("ible", "", 4), ("al", "", 5),
    ("ive", "", 4), ("ity", "", 4), ("ance", "", 4), ("ence", "", 4), ("ful", "", 4), ("ist", "", 4),
)  # fmt: skip


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The word without its inflection: `directors` -> `director`, `cities` -> `city`, `made` -> `make`."""
    base = _inflected(word)
    return base[:-1] if len(base) > 4 and base[-1] == "e" else base


@lru_cache(maxsize=65_536)
def family(word: str) -> str:
    """A key that related words share; for comparing only: `directors`, `directed`, `direction` -> `direct`."""
    base = _inflected(word)
    if len(base) < 5:
        return base
    for ending, replacement, shortest in _DERIVED:
        if base.endswith(ending) and len(base) - len(ending) >= shortest:
            base = base[: -len(ending)] + replacement
            break
    if len(base) > 4 and base[-1] == "e":
        base = base[:-1]
    if len(base) > 4 and base[-1] == "y":
        base = base[:-1] + "i"
    if len(base) > 4 and base[-1] == base[-2] and base[-1] in "bdgmnprt":
        base = base[:-1]
    return base


def _inflected(word: str) -> str:
    """Plural, -ing and -ed taken off: `cities` -> `city`, `planned` -> `plan`, `making` -> `make`."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > 4:
            word = word[:-3] + "y"
        elif word.endswith(("sses", "shes", "ches", "xes", "zzes")):
            word = word[:-2]
        else:
            word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending):
            rest = word[: -len(ending)]
            if len(rest) >= 3 and any(vowel in rest for vowel in "aeiouy"):
                return _mended(rest)
    return word


def _mended(rest: str) -> str:
    """What -ing or -ed hid: `plann` -> `plan`, `mak` -> `make` (short consonant-vowel-consonant)."""
    if rest[-1] == rest[-2] and rest[-1] not in "lsz":
        return rest[:-1]
    if rest.endswith("i"):
        return rest[:-1] + "y"
    if len(rest) == 3 and rest[-1] not in "wxyaeiou" and rest[-2] in "aeiou" and rest[0] not in "aeiou":
        return rest + "e"
    return rest


def words_of(text: str) -> list[str]:
    """Lower-case words in order; names are split (`getUserByID` -> get user by id), Chinese is read as English words.

    Chinese runs also yield their character bigrams, so that Chinese sentences find Chinese operations whose words
    the vocabulary does not hold.
    """
    text = text[:MAX_CHARACTERS]
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
        text = unicodedata.normalize("NFKC", text).replace("’", "'")
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if "㐀" <= token[0] <= "鿿":
            words.extend(read_chinese(token))
        else:
            words.append(token.lower())
    return words


def read_chinese(run: str) -> list[str]:
    """English words for what the vocabulary knows (longest first), and the run's bigrams: 天气 -> weather, 天气."""
    found: list[str] = []
    start = 0
    while start < len(run):
        for size in range(min(LONGEST_CHINESE, len(run) - start), 0, -1):
            meaning = MEANINGS.get(run[start : start + size])
            if meaning is not None:
                found.extend(meaning)
                start += size
                break
        else:
            start += 1
    found.extend(run[i : i + 2] for i in range(len(run) - 1))
    if len(run) == 1:
        found.append(run)
    return found


def split_name(name: str) -> list[str]:
    """Words of an identifier, unstemmed: `origin_sky_id` and `originSkyID` -> origin sky id."""
    return [token.lower() for token in _TOKEN.findall(name)]


def split_compound(word: str, known: Callable[[str], bool]) -> list[str]:
    """Words written as one, where it is made of known ones: `seoanalysis` -> seo analysis; [] when it is not.

    The fewest parts win; each has three letters or more, or stands in SHORT_WORDS.
    """
    if not 6 <= len(word) <= 40 or not word.isascii() or not word.isalpha():
        return []
    best: list[list[str] | None] = [[]] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(max(0, end - 16), end - 1):
            before, part = best[start], word[start:end]
            if before is None or not (known(part) if len(part) > 2 else part in SHORT_WORDS):
                continue
            shortest = best[end]
            if shortest is None or len(before) + 1 < len(shortest):
                best[end] = [*before, part]
    found = best[-1]
    return found if found is not None and 2 <= len(found) <= 4 else []


SHORT_WORDS = frozenset(("ai", "tv", "db", "qr", "ev", "ad", "ip", "id", "io", "go", "my", "vr", "pr", "hr", "ui"))


def grams(word: str) -> set[str]:
    """Character trigrams with the word's ends marked, for comparing spellings."""
    marked = f"^{word}$"
    return {marked[i : i + 3] for i in range(len(marked) - 2)}
