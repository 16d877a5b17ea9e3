"""What kind of value a sentence holds: "ann@example.org" speaks of an email, "Paris" of a city, "5 %" of a rate.

The words found are those that parameters which take such values are named by. Written for this project.
"""

from __future__ import annotations

import re
from itertools import pairwise

_COUNTRIES = """
united states, usa, america, canada, mexico, brazil, argentina, chile, peru, colombia, cuba, united kingdom, uk,
england, scotland, ireland, france, germany, italy, spain, portugal, netherlands, belgium, switzerland, austria,
sweden, norway, denmark, finland, poland, ukraine, russia, greece, turkey, israel, egypt, nigeria, kenya,
ethiopia, south africa, morocco, iran, iraq, saudi arabia, india, pakistan, bangladesh, china, japan, south
korea, korea, vietnam, thailand, singapore, malaysia, indonesia, philippines, australia, new zealand, hungary,
romania, czech republic, iceland, 中国, 美国, 日本, 英国, 法国, 德国, 韩国, 印度
"""
_CITIES = """
new york, los angeles, san francisco, chicago, boston, seattle, miami, houston, dallas, washington, las vegas,
denver, toronto, vancouver, montreal, mexico city, london, manchester, edinburgh, dublin, paris, lyon, berlin,
munich, hamburg, frankfurt, rome, milan, madrid, barcelona, lisbon, amsterdam, brussels, vienna, zurich, geneva,
stockholm, oslo, copenhagen, helsinki, warsaw, prague, budapest, athens, istanbul, moscow, dubai, cairo, lagos,
nairobi, cape town, johannesburg, mumbai, delhi, bangalore, beijing, shanghai, hong kong, shenzhen, guangzhou,
taipei, tokyo, osaka, kyoto, seoul, bangkok, hanoi, jakarta, manila, sydney, melbourne, auckland, sao paulo, rio
de janeiro, buenos aires, 北京, 上海, 广州, 深圳, 杭州, 成都, 香港, 台北, 东京, 伦敦, 巴黎, 纽约
"""
_LANGUAGES = (
    "english|spanish|french|german|italian|portuguese|dutch|russian|chinese|mandarin|japanese|korean|arabic|hindi|"
    "turkish|polish|swedish|greek|latin"
)
_CURRENCIES = "usd|eur|gbp|jpy|cny|inr|aud|cad|chf|dollar|dollars|euro|euros|yen|yuan|rupee|rupees|btc|eth"
_DAYS = (
    "january|february|march|april|june|july|august|september|october|november|december|"
    "today|tomorrow|yesterday|monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekend"
)
_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"[$€£¥]", ("currency", "amount")),
    (r"\b\d{4}-\d\d?-\d\d?\b|\b\d\d?/\d\d?/\d{2,4}\b|\d月", ("date",)),
    (r"\b\d\d?:\d\d\b|\b\d\d? ?[ap]\.?m\b", ("time",)),
    (r"\d ?%", ("rate", "percentage")),
    (r"[\w.+-]{1,64}@[\w-]{1,63}\.[a-z]{2}", ("email",)),
    (r"\bhttps?://|\bwww\.", ("url", "link", "website")),
    (r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b", ("ip", "address")),
    (r"\b[\w-]{1,80}\.(?:csv|xlsx?|pdf|docx?|txt|json|png|jpe?g|gif|mp[34]|wav|zip)\b", ("file",)),
    (r"\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\+\d{7,15}\b", ("phone", "number")),
    (r"#\w", ("hashtag", "number")),
)
_PATTERNS = tuple((re.compile(pattern), words) for pattern, words in _KINDS)


_MARKED = re.compile(r"[\d@#$€£¥]|www|\.[a-z]")
"""Without one of these no pattern can match."""
_WORDS: dict[str, tuple[str, ...]] = {
    **{name.strip(): ("city", "location") for name in _CITIES.split(",")},
    **{name.strip(): ("country", "location", "region") for name in _COUNTRIES.split(",")},
    **{f"{into} {name}": ("language",) for name in _LANGUAGES.split("|") for into in ("in", "to", "into", "from")},
    **dict.fromkeys(_CURRENCIES.split("|"), ("currency", "amount")),
    **dict.fromkeys(_DAYS.split("|"), ("date",)),
    **dict.fromkeys(("percent", "percentage"), ("rate", "percentage")),
    **dict.fromkeys(("lat", "latitude", "longitude", "coordinates"), ("latitude", "longitude")),
}


def cues_of(text: str) -> list[str]:
    """Words for the kinds of values in the text, e.g. `Mail bob@example.org on 2024-05-01` -> [date, email]."""
    lower = text.lower()
    found: list[str] = []
    if _MARKED.search(lower):
        found.extend(word for pattern, words in _PATTERNS if pattern.search(lower) for word in words)
    words = re.findall(r"[a-z]+", lower)
    words.extend(re.findall(r"(?=([一-鿿]{2}))", lower))
    for one in (*words, *map(" ".join, pairwise(words))):
        if one in _WORDS:
            found.extend(_WORDS[one])
    return list(dict.fromkeys(found))
