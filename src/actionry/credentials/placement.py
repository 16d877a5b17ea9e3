"""Where each credential goes under each scheme: one header, query parameter or cookie, checked before it is used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import assert_never

from actionry.credentials.schemes import (
    ApiKey,
    AuthorizationType,
    Basic,
    Bearer,
    Credential,
    KeyLocation,
    NoCredential,
    NotConnected,
    OAuthToken,
    ServiceHttp,
    UserHttp,
    basic_value,
    check_name,
    strip_scheme,
)
from actionry.credentials.secret import Secret
from actionry.errors import CredentialError
from actionry.openapi.model import SecurityScheme

VALUE_FORMS: dict[KeyLocation, re.Pattern[str]] = {
    # RFC 9110 section 5.5: visible characters, blanks inside, and obs-text, which is Latin-1.
    "header": re.compile(r"[!-~\xa0-\xff](?:[ -~\xa0-\xff\t]*[!-~\xa0-\xff])?"),
    # Percent-encoded later, so anything but control characters and lone surrogates.
    "query": re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]+"),
    # RFC 6265 section 4.1.1, cookie-octet: a `;` would begin another cookie.
    "cookie": re.compile(r"[!#-+\--:<-\[\]-~]+"),
}


@dataclass(frozen=True, slots=True)
class Placement:
    """One name and value to write into a request; made only when both can be sent (R-04, S-12)."""

    location: KeyLocation
    name: str
    value: Secret

    def __post_init__(self) -> None:
        check_name(self.location, self.name)
        # The text is looked at in a frame of its own: the one that raises holds nothing to be shown in a traceback.
        if not _can_be_sent(self.location, self.value):
            raise CredentialError(
                f"The credential cannot be sent in the {self.location} `{self.name}`: it is empty, or holds "
                "a line break, a blank at its end or another character that is not allowed there.",
                mend="Copy it again without what stands around it.",
                told_to="user",
            )

    @property
    def key(self) -> tuple[str, str]:
        """Two placements with the same key would write to the same place; header names have no case."""
        return self.location, self.name.lower() if self.location == "header" else self.name


def place(credential: Credential, scheme: SecurityScheme) -> Placement:
    """The one place where this credential goes for this scheme.

    A credential that names its place itself (the builder's dialog) goes there, whatever the document
    declares; one that does not goes where the scheme says. Raises CredentialError when it cannot be sent.
    """
    if scheme.kind == "mutualTLS":
        raise CredentialError(
            f"`{scheme.name}` asks for a client certificate (mutual TLS), which we cannot send.",
            mend="Offer another security scheme for this operation.",
        )
    match credential:
        case ApiKey(secret, location, name, prefix):
            if location is None and name is None:
                return _as_the_scheme_says(secret, prefix, scheme)
            where = location or "header"
            return Placement(where, name or scheme.parameter_name or "", _prefixed(prefix, secret))
        case Basic():
            return _authorization("Basic", credential.value())
        case Bearer(token):
            return _authorization("Bearer", strip_scheme(token, "bearer"))
        case OAuthToken():
            # RFC 6750 section 2.1; the header is the only way that every resource server must know.
            return _authorization("Bearer", credential.access_token)
        case ServiceHttp() | UserHttp():
            return _from_manifest(credential.authorization_type, credential.token, credential.custom_auth_header)
        case NoCredential() | NotConnected():
            raise CredentialError(f"There is no credential for `{scheme.name}`.", told_to="user")
        case _:
            assert_never(credential)


def _as_the_scheme_says(secret: Secret, prefix: str, scheme: SecurityScheme) -> Placement:
    if scheme.kind == "apiKey":
        return Placement(scheme.location or "header", scheme.parameter_name or "", _prefixed(prefix, secret))
    if scheme.kind == "http" and scheme.http_scheme == "basic":
        return _authorization("Basic", basic_value(strip_scheme(secret, "basic")).value)
    if scheme.kind == "http" and scheme.http_scheme not in (None, "", "bearer"):
        return _other_http(secret, scheme)
    return _authorization("Bearer", strip_scheme(_prefixed(prefix, secret), "bearer"))


def _other_http(secret: Secret, scheme: SecurityScheme) -> Placement:
    """`Authorization: Token <key>` and the like; challenge and response schemes need more than a text."""
    name = scheme.http_scheme or ""
    if name in ("digest", "negotiate", "hoba", "mutual", "scram-sha-1", "scram-sha-256", "vapid", "dpop"):
        raise CredentialError(
            f"`{scheme.name}` uses HTTP {name} authentication, which needs more than a stored key.",
            mend="Offer basic, bearer or an API key for this operation.",
        )
    return _authorization(name.title(), strip_scheme(secret, name))


def _from_manifest(form: AuthorizationType, token: Secret, header: str | None) -> Placement:
    match form:
        case "bearer":
            return _authorization("Bearer", strip_scheme(token, "bearer"))
        case "basic":
            return _authorization("Basic", basic_value(strip_scheme(token, "basic")).value)
        case "custom":
            return Placement("header", header or "", token)
        case _:
            assert_never(form)


def _authorization(scheme: str, value: Secret) -> Placement:
    return Placement("header", "Authorization", _prefixed(f"{scheme} ", value))


def _prefixed(prefix: str, secret: Secret) -> Secret:
    """The prefix and the secret; empty, and so refused, when a blank at the secret's ends would hide in between."""
    text = secret.reveal()
    return Secret(prefix + text) if text and text == text.strip(" \t") else Secret("")


def _can_be_sent(location: KeyLocation, value: Secret) -> bool:
    return VALUE_FORMS[location].fullmatch(value.reveal()) is not None
