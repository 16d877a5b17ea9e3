"""Read what an authorization server answers, whatever it is, without showing any of it by accident (O-15).

Servers answer JSON, a form (GitHub's default), a web page, an error with status 200 (Slack, GitHub), or
nothing. All come out as one `Answer`; who turns it into an error knows whose turn it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Literal, NoReturn
from urllib.parse import parse_qsl

from actionry.credentials.masking import Masker
from actionry.credentials.secret import Secret
from actionry.http import Response

ANSWER_BYTES = 262_144
"""Longest honest answer is a few KB of JWTs; metadata documents stay below 64 KB."""

Kind = Literal["fields", "redirect", "too large", "a web page", "empty", "unreadable"]

TOKEN_FIELDS = ("access_token", "refresh_token", "id_token", "client_secret", "registration_access_token")


class Answer:
    """Status and fields of one answer; its repr shows neither values nor names, for frames that raise."""

    __slots__ = ("_fields", "kind", "status")

    def __init__(self, status: int, kind: Kind, fields: Mapping[str, object]) -> None:
        self.status = status
        self.kind = kind
        self._fields = fields

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {self.kind}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an Answer is not pickled; it holds tokens")

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and self.kind == "fields"

    def field(self, name: str) -> object:
        return self._fields.get(name)

    def text(self, name: str) -> str | None:
        """A non-empty text, else None."""
        value = self._fields.get(name)
        return value if isinstance(value, str) and value else None

    def secret(self, name: str) -> Secret | None:
        """The same, for what nobody should read."""
        value = self._fields.get(name)
        return Secret(value) if isinstance(value, str) and value else None

    def below(self, name: str) -> Answer | None:
        """A nested object: Slack puts a user's token into `authed_user`."""
        value = self._fields.get(name)
        return Answer(self.status, "fields", value) if isinstance(value, Mapping) else None

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of a list; () when it is none."""
        value = self._fields.get(name)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    @property
    def error(self) -> str | None:
        """The error code: RFC 6749 section 5.2, or what servers write in its place."""
        value = self._fields.get("error")
        if isinstance(value, Mapping):  # {"error": {"type": …, "message": …}}
            value = value.get("code") or value.get("type") or value.get("status") or "error"
        if value in (None, "", False):
            # Slack: {"ok": false} with status 200.
            return "error" if self._fields.get("ok") is False else None
        return re.sub(r"[^\x20-\x7e]", "", str(value))[:60] or "error"

    def explanation(self, hidden: Iterable[Secret]) -> str:
        """`error_description` for a message: printable, at most 200 characters, known secrets and tokens masked."""
        nested = self._fields.get("error")
        value = self.text("error_description") or self.text("message") or self.text("error_message")
        if value is None and isinstance(nested, Mapping):
            inner = nested.get("message")
            value = inner if isinstance(inner, str) else None
        return clean(value or "", [*hidden, *self.tokens()])

    def tokens(self) -> list[Secret]:
        return [secret for name in TOKEN_FIELDS if (secret := self.secret(name)) is not None]


def clean(text: str, hidden: Iterable[Secret]) -> str:
    """A stranger's text made fit to be shown inside a message of ours."""
    masked = Masker(hidden).text(text[:2000])
    printable = "".join(character if character.isprintable() else " " for character in masked)
    return " ".join(printable.split())[:200]


def read_answer(response: Response) -> Answer:
    """Never raises."""
    status, content = response.status, response.content
    if 300 <= status < 400:
        return Answer(status, "redirect", {})
    if len(content) > ANSWER_BYTES:
        return Answer(status, "too large", {})
    if not content.strip():
        return Answer(status, "empty", {})
    fields = _json_fields(content)
    if fields is None and not _is_page(response):
        fields = _form_fields(content)
    if fields is None:
        return Answer(status, "a web page" if _is_page(response) else "unreadable", {})
    return Answer(status, "fields", fields)


def _json_fields(content: bytes) -> Mapping[str, object] | None:
    # The standard reader, because it takes a byte order mark and integers of any length, as some servers
    # send them. The content type is not asked: servers label JSON as text/html, and HTML as JSON.
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _form_fields(content: bytes) -> Mapping[str, object] | None:
    try:
        pairs = parse_qsl(content.decode("ascii").strip(), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return None
    fields: dict[str, object] = dict(pairs)
    return fields if "access_token" in fields or "error" in fields else None


def _is_page(response: Response) -> bool:
    return "html" in response.media_type or response.content.lstrip()[:1] == b"<"
