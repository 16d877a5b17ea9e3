"""How text becomes terms: English words split and stemmed, Chinese read through a small vocabulary and bigrams.

The same reading is used for operations and for sentences, so that whatever it does to a word it does on both sides.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from actionry.tools.search_chinese import LONGEST_CHINESE, MEANINGS

MAX_CHARACTERS = 20_000
"""Of one text; what follows is not read. A description or a sentence longer than this gains nothing."""

# Linear: no alternative can match what another one matched. `[A-Z]+(?![a-z])` keeps "HTTP" of "HTTPServer" whole.
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[㐀-鿿]+|[^\W\d_]+")

STOP_WORDS = frozenset(
    """a about above after again all also am an and any anyone anything are aren arent as at be because been before
    being below between both but by can cannot cant could couldn couldnt d did didn do does doesn doing don done dont
    down during e each eg etc ever every few for from further g had has hasn have haven having he hello her here hers
    hey hi him his how however i ie if im in into is isn it its itself ive just kind kindly know ld let lets like ll m
    may maybe me might mine more most much must my myself need needed needs no nor not now of off ok okay on once one
    only onto or other our ours out over own per perhaps please possible really regarding s same shall she should
    shouldn so some someone something such sure t tell than thank thanks that thats the their theirs them then there
    these they this those through thus to together too toward under until up upon us use used using various very via
    was wasn way we well were what whats when where whether which while who whom whose why will wish with within
    without won would wouldn yes yet you your yours re ve want wants wanted wanna gonna able help helps assist
    assistance provide provides provided providing give gives given giving specific specified particular based
    related interested looking look trying try currently access question questions available information info
    details detailed detail allow allows user users following include includes including included""".split()
)
"""Words that carry no choice between operations; they count for little on both sides."""

COMMON_WORDS = frozenset(
    """ability accurate achieve across act action activity actual actually add additional additionally advance advanced
    advancement advantage afford again age ahead aid aim allow amazing amount announce annual answer anticipate appear
    application apply appreciate approach appropriate area arrange aspect assistant associated assume attempt attention
    authentic automatically avail available average avoid aware awareness background bad base basic basis beautiful
    become begin behavior believe benefit best better beyond big bit bore boring brief bring broad build busy call
    capability capable capture care carefully carry case categorize cause center certain challenge challenging chance
    change characteristic check choice choose clear clearly close come comfortable common commonly compelling complete
    completely complex comprehensive concept concern conduct confuse consider considering consist consistent contain
    content context continue contribute control conveniently convey cool core correct cost couple cover crave create
    criteria crucial curious current custom customize daily data day deal decide decision deep deeply delve demand depend
    describe design desire determine develop development device difference different differ difficult direct direction
    directly discover discuss display diverse dive doubt draw drive due ease easily easy effect effective effectively
    efficient efficiently effort element eliminate emerging enable encounter encompass end engage engaging enhance
    enjoy enlighten ensure entire entirely essential establish event everyday evidence exact exactly examine example
    exceptional excite exciting exist expect expectation experience experienced expert expertise explain exploration
    explore extensive extra extract extremely face factor fail familiar fascinate fast favorite feature feel figure fill
    final finally find fine finish firstly firsthand first fit five focus force form format forward foster foundation
    four framework free frequently fresh friendly frustrate fulfill full function fundamental furthermore future gain
    gather general generally generate genuine get getting global go goal good great greatly group grow growth guarantee
    guidance guide half hand handle happen hard hear heard heart helpful hesitate high highest highlight highly hit hold
    hope hoping huge idea ideal identify immediate immerse immersive impact implement implementation implication
    important impossible impress improve improvement in-depth incentive incorporate increase indicate individual
    industry influence inform initial innovative inquire insight insightful inspire instance instead instruction integrate
    intend interest intricate introduce investigate involve involved issue item job join joy just keen keep key kickstart
    kind lack landscape large last lastly late later latest launch lead leading least leave left length less level life
    light limit limited line list live lately location locate long longer lot love low lower main maintain major make
    making manage management manner mark master material matter maximize mean meaning meaningful means measure media
    meet memorable mention method mid middle might mind minimum minor mode model modern moment monitor month motivate
    move multiple name nature navigate near nearly necessary new newest next nice normal notable note notice number obtain
    occasion occur offer official often old open operate opinion opportunity optimal optimize option order ordinary
    organize original other otherwise outcome outstanding overall overview overwhelm paragraph part particularly pass past
    peace people perfect perform performance period permission person personal personalized perspective pertain piece
    pick place plan plan play pleasant please point popular portion pose position positive possess possibility possibly
    potential potentially power powerful practical practice precise prefer preferably preference prepare present pretty
    prevent previous primary principle prior prioritize probably problem proceed process produce professional program
    progress project promote prompt proper properly protect prove provider publish pull purpose pursue put qualify quality
    quick quickly quite raise random range rank rapid rare rather reach read ready real reason reasonable receive recent
    recently recommend recommendation record reduce refer reference regular relate relation relationship relatively
    relevant reliable rely remain remember remove renowned replace report represent representation reputable request
    require requirement resolve resource respect respective respectively respond response responsible rest result retrieve
    reveal review rich right role room rule run safe safely sample satisfy save say scene scenario schedule scope search
    second section secure seamless seamlessly see seek seem select sense separate series serious serve service set setting
    several share short show side sign significance significant significantly similar simple simply simultaneously single
    site situation size skill slow small smart smooth solid solution solve sort sound source space special specialize
    specialty specific specifically specifications spend standard start state status stay step stick stop straightforward
    strategy strong struggle stuff stunning style stylish subject subsequently substantial succeed success successful
    successfully suffer suggest suggestion suit suitable super support suppose surprise system tackle tailor take talk
    target task technique technology term test thing think thorough thoroughly thought three thrill through tip title
    today tool top topic total touch toward track traditional transform true truly trust turn type typical typically
    ultimate uncover understand understanding unforgettable unique unlock unusual up-to-date upcoming update upload
    urgent urgently useful usual usually utilize valid valuable value variation variety various vary vast verify
    versatile version versus view visit visual visually vital wait walk wanted waste watch way week welcome
    wide widely willing win wonder wonderful word work worker working world worry worth write wrong year young zero
    urgently ridiculous totally incorrect desperately honestly basically absolutely definitely certainly curious
    impressive fantastic awesome incredible excellent superb proper sufficient numerous entire whole upon sure
    insight glad happy excited happily kindly greatly desperately surely obtain acquire attain seek assist aid enable
    two six seven eight nine ten hundred thousand million field sector world york united states america usa uk london
    new city country local global international national worldwide enter entered exactly given certain known existing
    desired required additional further furthermore moreover however therefore finally lastly firstly secondly next
    afterwards meanwhile besides overall""".split()
)
"""Words that say little about what is wanted, however rare they are among few operations."""

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
    "meeting": "meeting", "meetings": "meeting", "building": "building", "buildings": "building",
    "clothing": "clothes", "clothes": "clothes", "evening": "evening", "morning": "morning", "wedding": "wedding",
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


def grams(word: str) -> set[str]:
    """Character trigrams with the word's ends marked, for comparing spellings."""
    marked = f"^{word}$"
    return {marked[i : i + 3] for i in range(len(marked) - 2)}
