"""Names that every provider accepts: of functions, of their arguments, of properties at any depth.

All are `^[A-Za-z0-9_-]{1,64}$`. A name that is legal already is kept; any other becomes a legal one by a rule that
looks at the name alone (and, where two would meet, at its neighbours), so that it is the same in the next import.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from actionry.openapi.model import Operation

NAME_CHARACTERS = 64
_LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ILLEGAL_RUN = re.compile(r"[^A-Za-z0-9_-]+")
_UNDERSCORES = re.compile(r"_{2,}")


@lru_cache(maxsize=8192)
def is_legal(name: str, characters: int = NAME_CHARACTERS) -> bool:
    return len(name) <= characters and _LEGAL.fullmatch(name) is not None


def fingerprint(text: str, digits: int = 6) -> str:
    """The first hex digits of the text's SHA-256: `fingerprint("名前")` is the same on every machine."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def shorten(name: str, characters: int = NAME_CHARACTERS, *, of: str | None = None) -> str:
    """Cut a name to the length, ending in a fingerprint of the whole so that two long names stay two."""
    if len(name) <= characters:
        return name
    tail = "_" + fingerprint(name if of is None else of, 8)
    return (name[: max(characters - len(tail), 0)].rstrip("_-") + tail)[-characters:]


@lru_cache(maxsize=8192)
def legal_name(name: str, fallback: str = "") -> str:
    """A legal name that still reads like the given one.

    `pets/list` -> `pets_list`, `$filter` -> `filter`, `filter[name]` -> `filter_name`, `café` -> `cafe_850f7d`.
    Where letters are lost (`名前`), a fingerprint of the original keeps the result apart from others.
    """
    folded = unicodedata.normalize("NFKD", name)
    kept = _ILLEGAL_RUN.sub("_", "".join(c for c in folded if not unicodedata.combining(c)))
    kept = _UNDERSCORES.sub("_", kept).strip("_") if kept != name else kept
    loses_letters = any(not c.isascii() and c.isalnum() for c in folded) or any(map(unicodedata.combining, folded))
    if not kept or loses_letters:
        stem = kept or fallback or "x"
        kept = f"{stem}_{fingerprint(name)}"
    return shorten(kept, of=name)


def derived_name(method: str, path: str, characters: int = NAME_CHARACTERS) -> str:
    """The name of an operation without operationId: `GET /users/{id}` -> `get_users_id` (SP-13)."""
    words = legal_name(path, "root") if _ILLEGAL_RUN.sub("", path) else "root"
    if not path.isascii() and not re.search(r"_[0-9a-f]{6,8}$", words):
        words = f"{words}_{fingerprint(path)}"
    return shorten(f"{method.lower()}_{words}", characters, of=f"{method} {path}")


def function_names(operations: Sequence[Operation], characters: int = NAME_CHARACTERS) -> list[str]:
    """One unique name per operation, in their order.

    Declared names have the first choice, then repaired ones, then derived ones; who comes second takes a
    fingerprint of method and path. So neither a new operation without a name nor one with an odd name changes the
    name of another.
    """
    wanted: list[tuple[int, str]] = []
    for operation in operations:
        declared = (operation.operation_id or "").strip()
        if declared and is_legal(declared, characters):
            wanted.append((0, declared))
        elif declared:
            fallback = derived_name(operation.method, operation.path, characters)
            wanted.append((1, shorten(legal_name(declared, fallback), characters, of=declared)))
        else:
            wanted.append((2, derived_name(operation.method, operation.path, characters)))
    names = [""] * len(operations)
    taken: set[str] = set()
    for index in sorted(range(len(operations)), key=lambda i: wanted[i][0]):
        operation = operations[index]
        name = wanted[index][1]
        if name in taken:
            name = _apart(name, f"{operation.method} {operation.path}", taken, characters)
        names[index] = name
        taken.add(name)
    return names


def _apart(name: str, reason: str, taken: set[str], characters: int) -> str:
    """The name with a fingerprint of what tells it from its namesake; a number when even that is taken."""
    for number in range(len(taken) + 2):
        tail = "_" + fingerprint(reason if number == 0 else f"{reason} {number}")
        candidate = name[: max(characters - len(tail), 0)] + tail
        if candidate not in taken:
            return candidate
    raise AssertionError("more candidates than names")


def argument_names(
    wanted: Iterable[tuple[str, str]], *, reserved: Iterable[str] = (), characters: int = NAME_CHARACTERS
) -> list[str]:
    """One unique argument name per (location, name), in their order.

    Names that are legal go first, in the order path, query, header, cookie; a namesake in another location is told
    apart by the location (`id`, `id_query`), and by a fingerprint when that name is taken too.
    """
    pairs = list(wanted)
    taken = set(reserved)
    plain = {name for _, name in pairs if is_legal(name, characters)}
    if len(plain) == len(pairs) and plain.isdisjoint(taken):
        return [name for _, name in pairs]
    names = [""] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda i: (not is_legal(pairs[i][1], characters), _RANK.get(pairs[i][0], 9)))
    for index in order:
        location, name = pairs[index]
        legal = is_legal(name, characters)
        base = name if legal else shorten(legal_name(name, location), characters, of=name)
        candidate = base
        if candidate in taken:
            candidate = shorten(f"{base}_{location}", characters, of=f"{location} {name}")
            if candidate in taken or candidate in plain:
                candidate = _apart(candidate, f"{location} {name}", taken | plain, characters)
        names[index] = candidate
        taken.add(candidate)
    return names


_RANK = {"path": 0, "query": 1, "querystring": 2, "header": 3, "cookie": 4}


def property_aliases(names: Iterable[str]) -> Mapping[str, str]:
    """Original -> legal name for those property names of one object that are not legal; {} when all are.

    `{"X.Y", "name"}` -> `{"X.Y": "X_Y"}`. The rule looks at one object alone, so a definition that many functions
    share reads the same in each.
    """
    all_names = list(names)
    illegal = [name for name in all_names if not is_legal(name)]
    if not illegal:
        return {}
    own = set(all_names)
    readable = {name: legal_name(name) for name in illegal}
    counts: dict[str, int] = {}
    for alias in readable.values():
        counts[alias] = counts.get(alias, 0) + 1
    return {
        name: alias if counts[alias] == 1 and alias not in own else marked_alias(name)
        for name, alias in readable.items()
    }


def marked_alias(name: str) -> str:
    """The longer alias, with a fingerprint, that is used when the readable one is taken by a neighbour."""
    tail = "_" + fingerprint(name, 8)
    return legal_name(name)[: NAME_CHARACTERS - len(tail)] + tail


def originals(names: Iterable[str]) -> dict[str, str]:
    """Alias -> original of everything that an object's properties may be called besides their own names.

    An alias that would fit two originals is left out: nobody can tell which was meant.
    """
    own = list(names)
    taken = set(own)
    found: dict[str, str] = {}
    ambiguous: set[str] = set()
    for name in own:
        if is_legal(name):
            continue
        for alias in (legal_name(name), marked_alias(name)):
            if alias in taken:
                continue
            if found.setdefault(alias, name) != name:
                ambiguous.add(alias)
    return {alias: name for alias, name in found.items() if alias not in ambiguous}
