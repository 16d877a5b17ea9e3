"""Fields of a manifest, one by one: kinds, lengths, characters. What each profile minds is data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from actionry.errors import ManifestError
from actionry.findings import join_pointer
from actionry.limits import MANIFEST_READ_LIMITS, SPRING_2023
from actionry.manifest.codes import Report

LengthOf = Literal["name_for_human", "name_for_model", "description_for_human", "description_for_model"]


@dataclass(frozen=True, slots=True)
class Field:
    required: bool = True
    may_be_blank: bool = False
    length: LengthOf | None = None
    """The limit of that name in the profile."""
    shown: bool = False
    """People read it: invisible characters are left out."""


FIELDS: dict[str, Field] = {
    "schema_version": Field(),
    "name_for_human": Field(length="name_for_human", shown=True),
    "name_for_model": Field(length="name_for_model"),
    "description_for_human": Field(length="description_for_human", shown=True),
    "description_for_model": Field(length="description_for_model"),
    "auth": Field(),
    "api": Field(),
    "logo_url": Field(may_be_blank=True),
    "contact_email": Field(may_be_blank=True),
    "legal_info_url": Field(may_be_blank=True),
}
"""Every field of v1 (M-02). A blank address is said to be no address, not to be blank."""

NAME_FOR_MODEL = re.compile(r"[A-Za-z0-9_]+")
EMAIL = re.compile(r"[^@\s,;:/<>]+@[^@\s,;:/<>.]+(?:\.[^@\s,;:/<>.]+)+")
HIDDEN = re.compile(
    "[\u200b\u200c\u200d\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\U000e0000-\U000e007f\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
)
"""Zero-width, direction-turning, tag and control characters (X-06). U+200C and U+200D also join letters; see
`without_hidden`."""
_JOINERS = "\u200c\u200d"
BRANDS = re.compile(r"\b(?:open\s?ai|chat\s?gpt|gpt(?:-?\d\w*)?|plug-?ins?)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\bPLUGIN_HOST(?:NAME)?\b|\{\{?\s*[\w.-]+\s*\}?\}|\$\{?[A-Za-z_]\w*\}?|<[A-Za-z][\w -]*>"
    r"|\b(?:YOUR|REPLACE|INSERT|CHANGE)_[A-Z_]+\b|\byour-?(?:app|domain|company|site|api|plugin|host|server)[\w-]*"
)
SECRETS = frozenset(
    {
        "clientsecret", "oauthclientsecret", "secret", "secretkey", "password", "accesstoken", "refreshtoken",
        "serviceaccesstoken", "serviceauthtoken", "bearertoken", "privatekey", "apisecret", "apitoken", "authtoken",
        "apikeyvalue", "servicetoken", "clientpassword", "signingkey",
    }
)  # fmt: skip
"""Names of fields that hold a secret, in small letters without `_` and `-`."""


SECRETS_OF_AUTH = frozenset({"apikey", "token", "key", "clientkey"})
"""Such as hold one inside `auth`, when they hold more than a name."""
_LOOKS_LIKE_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_HOST_LIKE = re.compile(r"[\w-]+(?:\.[\w-]+)*\.(?P<last>[^\W\d_][\w-]*)(?::\d+)?(?:/|\Z)")
_FILE_ENDINGS = frozenset(
    {"json", "yaml", "yml", "txt", "html", "htm", "md", "pdf", "png", "jpg", "jpeg", "svg", "ico", "php"}
)


def is_secret_name(name: str) -> bool:
    return _folded(name) in SECRETS


_MENTION = re.compile(
    r"secret|password|private[_-]?key|api[_-]?key|(?:access|refresh|bearer|auth|service|api)[_-]?token", re.IGNORECASE
)


def mentions_secret(text: str) -> bool:
    """Whether a text may hold a secret, so that nothing of it should be quoted."""
    return _MENTION.search(text) is not None


def is_secret(pointer: str, name: str, value: object) -> bool:
    """Whether a field holds a secret: `client_secret` anywhere, `api_key` and the like inside `auth`."""
    if value in (None, "", False, True, {}, []):
        return False
    if is_secret_name(name):
        return True
    if not pointer.endswith("/auth") or _folded(name) not in SECRETS_OF_AUTH:
        return False
    return isinstance(value, str) and not _LOOKS_LIKE_NAME.fullmatch(value)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def looks_like_host(text: str) -> bool:
    """`example.com/legal` is an address whose scheme was forgotten; `openapi.yaml` is a file beside the manifest."""
    match = _HOST_LIKE.match(text)
    return match is not None and match["last"].lower() not in _FILE_ENDINGS


def is_placeholder(text: str) -> bool:
    return _PLACEHOLDER.search(text) is not None


def without_hidden(text: str) -> str:
    """Without invisible characters; joiners stay where they stand between letters that are not ASCII."""

    def kept(match: re.Match[str]) -> str:
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        joins = match[0] in _JOINERS and before and after and not before.isascii() and not after.isascii()
        return match[0] if joins else ""

    return HIDDEN.sub(kept, text)


def remove_secrets(data: Any, report: Report, pointer: str = "", depth: int = 0) -> Any:
    """The same tree without secrets; each is reported by name and place, never by value.

    Raises ManifestError when a mapping that was handed in is deeper than text may be.
    """
    if depth > MANIFEST_READ_LIMITS.depth:
        raise ManifestError(
            f"The manifest is nested deeper than {MANIFEST_READ_LIMITS.depth} levels.", code="SYNTAX-TOO-DEEP"
        )
    if isinstance(data, Mapping):
        kept: dict[str, Any] = {}
        for key, value in data.items():
            name, place = str(key), join_pointer(pointer, str(key))
            if is_secret(pointer, name, value):
                report.add("MANIFEST-SECRET", place, f"The manifest holds a secret: `{name[:80]}`.")
            else:
                kept[name] = remove_secrets(value, report, place, depth + 1)
        return kept
    if isinstance(data, (list, tuple)):
        return [remove_secrets(one, report, join_pointer(pointer, at), depth + 1) for at, one in enumerate(data)]
    return data


def read_text(data: Mapping[str, Any], name: str, report: Report, base: str = "") -> str | None:
    """The field as text, stripped; None when it is absent or of no use. Numbers and booleans are slips."""
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip()
    pointer = join_pointer(base, name)
    if isinstance(value, (bool, int, float)):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        report.add("MANIFEST-TYPE", pointer, f"`{name}` is {_kind(value)}, not text; it is read as {text!r}.")
        return text
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        report.add("MANIFEST-TYPE", pointer, f"`{name}` is a list of one text; the text is used.")
        return value[0].strip()
    report.add("MANIFEST-TYPE", pointer, f"`{name}` is {_kind(value)}, not text; it is left out.")
    return None


def _kind(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return "text" if isinstance(value, str) else "of an unknown kind"


def read_section(data: Mapping[str, Any], name: str, short: str, report: Report) -> Mapping[str, Any] | None:
    """`auth` or `api` as a mapping; a bare text stands for its field `short`. None when there is none."""
    value = data.get(name)
    if isinstance(value, list) and value:
        report.add("MANIFEST-TYPE", f"/{name}", f"`{name}` is a list; its first item is used.")
        value = value[0]
    if isinstance(value, Mapping):
        return value
    if isinstance(value, str) and value.strip():
        report.add("MANIFEST-TYPE", f"/{name}", f"`{name}` is text; it is read as `{short}`.")
        return {short: value}
    if value is not None:
        report.add("MANIFEST-TYPE", f"/{name}", f"`{name}` is {_kind(value)}, not a mapping; it is left out.")
    return None


def read_fields(data: Mapping[str, Any], report: Report) -> dict[str, str]:
    """Every text field of v1 by name, "" for what is missing or blank; each broken rule is reported."""
    values: dict[str, str] = {}
    for name, field in FIELDS.items():
        if name in ("auth", "api"):
            continue
        text = read_text(data, name, report)
        if text is None and field.required and data.get(name) is None:
            report.add("MANIFEST-MISSING", f"/{name}", f"The required field `{name}` is missing.", _near(data, name))
        elif not text and not field.may_be_blank and text is not None:
            report.add("MANIFEST-BLANK", f"/{name}", f"`{name}` is blank.")
        values[name] = text or ""
        if text:
            raw = data[name]
            _check_length(name, field, raw if isinstance(raw, str) else text, report)
            values[name] = _check_text(name, field, text, report)
    return values


def _near(data: Mapping[str, Any], name: str) -> str:
    """A mend that names the misspelt key, e.g. `schema_version:` for `schema_version`."""
    wanted = re.sub(r"[^a-z]", "", name)
    for key in data:
        if key not in FIELDS and re.sub(r"[^a-z]", "", key.lower()) == wanted:
            return f"Rename `{key[:80]}` to `{name}`."
    return f"Add `{name}`."


def _check_text(name: str, field: Field, text: str, report: Report) -> str:
    if HIDDEN.search(text) and without_hidden(text) != text:
        report.add("MANIFEST-HIDDEN-CHARACTERS", f"/{name}", f"`{name}` holds invisible characters.")
        text = without_hidden(text).strip() if field.shown or name == "name_for_model" else text
    if name == "name_for_model" and not NAME_FOR_MODEL.fullmatch(text):
        odd = "".join(dict.fromkeys(c for c in text if not NAME_FOR_MODEL.fullmatch(c)))
        report.add("MANIFEST-NAME-CHARACTERS", "/name_for_model", f"`name_for_model` holds {odd[:20]!r}.")
    if name == "schema_version" and text != "v1":
        report.add("MANIFEST-VERSION", "/schema_version", f"`schema_version` is {text[:40]!r}, not 'v1'.")
    if name in ("name_for_human", "name_for_model") and (brand := BRANDS.search(text.replace("_", " "))):
        report.add("MANIFEST-BRAND", f"/{name}", f"`{name}` uses the word {brand[0]!r}.")
    return text


def _check_length(name: str, field: Field, text: str, report: Report) -> None:
    """Blanks at the ends count, as they did in the original."""
    limit: int | None = getattr(report.profile, field.length) if field.length is not None else None
    if field.length is None or limit is None or len(text) <= limit:
        return
    report.add("MANIFEST-TOO-LONG", f"/{name}", f"`{name}` has {len(text)} characters; {limit} are allowed.")
    wider: int | None = getattr(SPRING_2023, field.length)
    if wider is not None and limit < wider < len(text):
        report.add(
            "MANIFEST-TOO-LONG-2023", f"/{name}", f"`{name}` has {len(text)} characters; spring 2023 allowed {wider}."
        )


def unknown_fields(data: Mapping[str, Any], known: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if key not in known:
            yield key, value
