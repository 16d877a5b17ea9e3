"""Where one wish of a sentence ends and the next begins."""

from __future__ import annotations

import re

from actionry.tools.search_relatives import lexicon
from actionry.tools.search_vocabulary import word_set
from actionry.tools.search_words import stem

_SENTENCE_END = re.compile(r"[.;!?]+(?=\s|$)|[。；！？\n]+")
_CLAUSE_END = re.compile(
    r",\s*|，|、|\s+(?:and|then|also|plus|after|afterwards|finally|next|while)\s+|然后|并且|接着|再|以及"
)
LEAD = word_set(
    "and then also please i want to need would like id d ll you can could we must should finally next lastly firstly "
    "first second secondly third additionally furthermore moreover afterwards after that once subsequently help me "
    "know kindly my is it be able let us now the a an some any all"
)
_TOLD = word_set("information info details data statistics summary list number details name names")
"""What a wish may begin with instead of a verb: "…, and details about the flight"."""
_GOES_ON = word_set("the it its this that these those they he she his her their here with where which use using")


def parts_of(text: str) -> list[str]:
    """The sentence cut where a new wish begins: at its full stops, and at commas and "and" before a verb.

    "Find a hotel, book it and send me the bill. The hotel is in Rome." -> three parts; what only adds to the wish
    before it stays with it.
    """
    parts: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        if not sentence or not sentence.strip():
            continue
        clauses = _clauses(sentence)
        first = sentence.split(None, 1)[0].strip(",").lower()
        if parts and first in _GOES_ON:
            parts[-1] += ". " + clauses.pop(0)
        parts.extend(clauses)
    return parts


def _clauses(sentence: str) -> list[str]:
    _, verbs = lexicon()
    clauses, start = [], 0
    for mark in _CLAUSE_END.finditer(sentence):
        rest = sentence[mark.end() : mark.end() + 80]
        if not rest.isascii() and not rest[:1].isascii():
            begins = True
        else:
            lead = (word for word in re.findall(r"[a-z]+", rest.lower()) if word not in LEAD)
            first = next(lead, "")
            begins = stem(first) in verbs or first in _TOLD
        if begins and mark.start() > start:
            clauses.append(sentence[start : mark.start()])
            start = mark.end()
    clauses.append(sentence[start:])
    return clauses
