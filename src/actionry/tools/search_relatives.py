"""What the tables of this project know of a word: its concepts, whether it is one, what it is made of."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache

from actionry.tools.search_lexicon import read_lexicon
from actionry.tools.search_vocabulary import COMMON_WORDS, STOP_WORDS
from actionry.tools.search_words import family, grams, split_compound, stem


@lru_cache(maxsize=1)
def lexicon() -> tuple[dict[str, tuple[tuple[str, float], ...]], frozenset[str]]:
    """The lexicon by stem."""
    by_word, verbs = read_lexicon()
    by_stem: dict[str, dict[str, float]] = {}
    for word, concepts in by_word.items():
        own = by_stem.setdefault(stem(word), {})
        for concept, share in concepts:
            own[concept] = max(share, own.get(concept, 0.0))
    return {word: tuple(own.items()) for word, own in by_stem.items()}, frozenset(map(stem, verbs))


COMMON_STEMS = frozenset(map(stem, COMMON_WORDS))


@lru_cache(maxsize=16_384)
def compound_parts(word: str) -> tuple[str, ...]:
    """Known words of a compound, or the known word that it nearly is (`astrolgy`); () for a known word."""
    if is_word(word):
        return ()
    return tuple(split_compound(word, is_word)) or _nearest_known(word)


def _nearest_known(word: str) -> tuple[str, ...]:
    own = grams(word)
    if len(own) < 7 or not word.isalpha():
        return ()
    shared: Counter[str] = Counter()
    for gram in own:
        shared.update(_known_by_gram().get(gram, ()))
    near = [(2 * n / (len(own) + len(grams(other))), other) for other, n in shared.most_common(5)]
    return (max(near)[1],) if near and max(near)[0] >= 0.8 else ()


@lru_cache(maxsize=1)
def _known_by_gram() -> dict[str, list[str]]:
    by_gram: dict[str, list[str]] = defaultdict(list)
    for word in read_lexicon()[0]:
        if len(word) > 5:
            for gram in grams(word):
                by_gram[gram].append(word)
    return by_gram


def is_word(word: str) -> bool:
    """Whether the tables of this project know it."""
    concepts, _ = lexicon()
    root = stem(word)
    return root in concepts or root in COMMON_STEMS or word in STOP_WORDS or family(root) in _families()


@lru_cache(maxsize=1)
def _families() -> frozenset[str]:
    return frozenset(family(word) for word in lexicon()[0] if len(word) > 3)
