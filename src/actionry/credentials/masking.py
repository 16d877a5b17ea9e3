"""Hide secrets in whatever is shown: consent dialog, debug panel, log, error, and what an API echoes
(CO-06, L-03, L-04).

Two ways together: the exact secrets of this call in every spelling in which they travel, and values whose
parameter name says that they are secret. The first knows the secret and not the place, the second the place alone.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import orjson

from actionry.credentials.secret import DOTS, Secret
from actionry.http import Headers, Request

SHORT = 6
"""A secret with fewer characters is hidden only where it stands alone: `1` must not blot out every number."""

LAST_WORDS = frozenset(
    {
        "token",
        "secret",
        "password",
        "passwd",
        "pwd",
        "passphrase",
        "passcode",
        "apikey",
        "accesskey",
        "secretkey",
        "privatekey",
        "authkey",
        "jwt",
        "authorization",
        "authentication",
        "credential",
        "credentials",
        "cookie",
        "auth",
        "signature",
        "sig",
        "sessionid",
        "sid",
        "otp",
        "pin",
        "cvv",
        "cvc",
        "accesstoken",
        "authtoken",
        "refreshtoken",
        "idtoken",
        "clientsecret",
        "bearer",
        "appkey",
        "subscriptionkey",
        "masterkey",
    }
)
"""A name whose last word is one of these holds a secret: `X-Auth-Token`, `clientSecret`, `db_password`."""

LAST_PAIRS = frozenset(
    {
        ("api", "key"),
        ("access", "key"),
        ("secret", "key"),
        ("private", "key"),
        ("auth", "key"),
        ("app", "key"),
        ("subscription", "key"),
        ("signing", "key"),
        ("encryption", "key"),
        ("master", "key"),
        ("service", "key"),
        ("license", "key"),
        ("session", "id"),
        ("security", "code"),
        ("access", "code"),
        ("verification", "code"),
        ("authorization", "code"),
        ("code", "verifier"),
        ("card", "number"),
        ("api", "secret"),
    }
)

POSITION_WORDS = frozenset(
    {
        "page",
        "next",
        "prev",
        "previous",
        "continuation",
        "cursor",
        "sync",
        "pagination",
        "start",
        "nextpage",
        "page2",
        "resume",
        "skip",
        "after",
        "before",
        "list",
        "max",
        "marker",
    }
)
"""In front of `token` they make it a place in a list, which the user needs to see: `nextPageToken`."""

URL_KEYS = frozenset({"key", "code", "state"})
"""Secret in a URL's query, where APIs take `key=` and OAuth its code; elsewhere too common a name."""

_SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9._~-]+")
"""A text that URLs, forms, HTML and JSON all write as it is, which nearly every key and token is."""

COMMON_FIRST = ' "etaoinsrhl:,d{}cu[]pmfgyb.wv-_k/01x25346789jqzSATECIRONDMLPBFHUGWVYK=+XJQZ'
"""Characters of APIs' answers, the common ones first; any other is rarer still."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def is_secret_name(name: str) -> bool:
    """Whether a parameter, property or header of this name holds a secret, by its last words.

    `X-Api-Key`, `accessToken`, `db.password` -> True; `max_tokens`, `nextPageToken`, `keyword`, `token_type` -> False
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    if not words:
        return False
    if words[-1] == "token" and len(words) > 1 and words[-2] in POSITION_WORDS:
        return False
    return words[-1] in LAST_WORDS or "".join(words) in LAST_WORDS or tuple(words[-2:]) in LAST_PAIRS


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request as people may see it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: Any
    """JSON data or text; None when there is none; for other bytes their length in words."""


class Masker:
    """Replaces these secrets, however they are spelled, and values that are secret by name, with `•••`."""

    __slots__ = ("_meets", "_needles", "_short")

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        spellings = {spelling for secret in secrets if secret for spelling in _spellings(secret)}
        ordered = sorted(spellings, key=len, reverse=True)
        self._needles = tuple(Secret(text) for text in ordered if len(text) >= SHORT)
        self._meets = _finder([text for text in ordered if len(text) >= SHORT])
        self._short = tuple(
            re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])") for text in ordered if len(text) < SHORT
        )

    def text(self, text: str) -> str:
        """The text without the secrets; nothing is masked by name, because text has none."""
        if self._meets(text):
            for needle in self._needles:
                text = text.replace(needle.reveal(), DOTS)
        for pattern in self._short:
            text = pattern.sub(DOTS, text)
        return text

    def content(self, content: bytes) -> bytes:
        """Bytes of any coding that keeps ASCII as it is; other bytes pass unchanged."""
        masked = self.text(content.decode("utf-8", "surrogateescape"))
        return masked.encode("utf-8", "surrogateescape")

    def value(self, value: Any, name: str = "") -> Any:
        """JSON data, arguments or any nesting of mappings and sequences, by exact secret and by name.

        {"q": "x", "api_key": "s3"} -> {"q": "x", "api_key": "•••"}
        """
        if isinstance(value, Secret):
            return DOTS
        if isinstance(value, Mapping):
            return {self._key(key): self.value(item, _joined(name, key)) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item, name) for item in value]
        if value is None or isinstance(value, bool):
            return value
        if name and is_secret_name(name):
            return DOTS
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (bytes, bytearray)):
            return self.content(bytes(value))
        if isinstance(value, (int, float)):
            return DOTS if self.text(str(value)) != str(value) else value
        return self.text(str(value))

    def headers(self, headers: Headers | Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        """(name, value) pairs; of Authorization the scheme stays, of cookies the names."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        return tuple((name, self._header(name, value)) for name, value in pairs)

    def url(self, url: str) -> str:
        """The URL without user information and secret query values; the rest is kept as it is sent."""
        base, hash_mark, fragment = url.partition("#")
        path, mark, query = base.partition("?")
        scheme, separator, rest = path.partition("://")
        authority, slash, tail = rest.partition("/")
        if "@" in authority:
            authority = f"{DOTS}@{authority.rpartition('@')[2]}"
        pairs = "&".join(self._pair(pair) for pair in query.split("&"))
        # OAuth's forbidden implicit grant would put a token there.
        shown_fragment = self._pair(fragment) if "=" in fragment else fragment
        return self.text(f"{scheme}{separator}{authority}{slash}{tail}{mark}{pairs}{hash_mark}{shown_fragment}")

    def request(self, request: Request) -> ShownRequest:
        """The whole request for a debug panel, a dry run or a dialog."""
        body = self._body(request.content, request.headers.get("Content-Type", ""))
        return ShownRequest(request.method, self.url(request.url), self.headers(request.headers), body)

    def _body(self, content: bytes | None, media_type: str) -> Any:
        if content is None:
            return None
        if "x-www-form-urlencoded" in media_type.lower():
            text = content.decode("utf-8", "replace")
            return self.text("&".join(self._pair(pair) for pair in text.split("&")))
        try:
            return self.value(orjson.loads(content))
        except ValueError:
            pass
        try:
            return self.text(content.decode("utf-8"))
        except UnicodeDecodeError:
            return f"{len(content)} bytes"

    def _key(self, key: object) -> object:
        return self.text(key) if isinstance(key, str) else key

    def _header(self, name: str, value: str) -> str:
        lowered = name.lower()
        if lowered in ("authorization", "proxy-authorization"):
            scheme, blank, _ = value.partition(" ")
            return f"{self.text(scheme)} {DOTS}" if blank else DOTS
        if lowered == "cookie":
            return "; ".join(f"{pair.partition('=')[0].strip()}={DOTS}" for pair in value.split(";"))
        if lowered == "set-cookie":
            return f"{value.partition('=')[0].strip()}={DOTS}"
        if lowered in ("location", "referer", "content-location"):
            return self.url(value)
        return DOTS if is_secret_name(name) else self.text(value)

    def _pair(self, pair: str) -> str:
        name, mark, value = pair.partition("=")
        plain = unquote_plus(name)
        hidden = value != "" and (is_secret_name(plain) or plain.lower() in URL_KEYS)
        return f"{name}{mark}{DOTS if hidden else value}"

    def __repr__(self) -> str:
        return f"<Masker of {len(self._needles) + len(self._short)} spellings>"


def _finder(spellings: list[str]) -> Callable[[str], bool]:
    """Whether one of the spellings may be in a text: asked of every answer, nearly always in vain.

    A spelling that contains another need not be looked for. They stand in a closure, as a Secret's text does.
    """
    alone = [text for text in spellings if not any(other != text and other in text for other in spellings)]
    # One character is found ten times as fast as a text, and a rare one is seldom there.
    signs = [(max(text, key=_rarity), text) for text in alone]

    def meets(text: str) -> bool:
        for rare, sign in signs:  # noqa: SIM110  # `any` with a generator takes twice as long
            if rare in text and sign in text:
                return True
        return False

    return meets


class _Rarity(dict[str, int]):
    """Character -> how rare it is; asked of some hundred characters for each call, so without a Python function."""

    def __missing__(self, character: str) -> int:
        return len(COMMON_FIRST)


_RARITY = _Rarity({character: place for place, character in enumerate(COMMON_FIRST)})
_rarity = _RARITY.__getitem__


def mask(value: Any, secrets: Iterable[Secret] = ()) -> Any:
    """`Masker(secrets).value(value)`; for one use."""
    return Masker(secrets).value(value)


def _joined(name: str, key: object) -> str:
    """Below a secret name everything is secret, `{"credentials": {"user": …}}`; else the nearest name decides."""
    return name if name and is_secret_name(name) else str(key)


def _spellings(secret: Secret) -> set[str]:
    """The text as it stands in headers, URLs, forms, JSON, HTML and Basic authentication."""
    text = secret.reveal()
    raw = text.encode("utf-8", "surrogatepass")
    found = {text} if _SAME_EVERYWHERE.fullmatch(text) else _escaped(text, raw)
    standard = base64.b64encode(raw).decode("ascii")
    if len(raw) >= SHORT:
        url_safe = standard.replace("+", "-").replace("/", "_")
        found.update({standard, standard.rstrip("="), url_safe, url_safe.rstrip("="), quote(standard, safe="")})
        found.update(_inside_base64(raw))
        found.update({raw.hex(), raw.hex().upper()})
    return {spelling for spelling in found if spelling}


def _escaped(text: str, raw: bytes) -> set[str]:
    """The spellings of URLs, forms, HTML, JSON and Python."""
    encoded = {quote(raw, safe=""), quote(raw), quote_plus(raw), quote(raw, safe="!'()*-._~")}
    found = {text, *encoded, *(_lower_escapes(e) for e in encoded), html.escape(text), html.escape(text, quote=False)}
    for ensure_ascii in (True, False):
        between_quotes = json.dumps(text, ensure_ascii=ensure_ascii)[1:-1]
        found.update({between_quotes, between_quotes.replace("/", "\\/")})
    found.add(repr(text)[1:-1])
    return found


def _inside_base64(raw: bytes) -> set[str]:
    """What base64 of *anything around* the secret shows of it, at each of the three offsets.

    The password's characters inside `base64(user:password)`: the first and last groups mix with their
    neighbours and are left out.
    """
    found = set()
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode("ascii").rstrip("=")
        start = (offset * 8 + 5) // 6
        end = (offset + len(raw)) * 8 // 6
        part = text[start:end]
        if len(part) >= 12:
            found.update({part, part.replace("+", "-").replace("/", "_")})
    return found


def _lower_escapes(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match.group().lower(), text)
