"""The kinds of credential, who owns each, and the forms in which builders, users and manifests give them.

Credentials are plain frozen data around `Secret`; what a document *asks for* is
`openapi.model.SecurityScheme`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

import orjson

from actionry.credentials.secret import Secret, as_secret
from actionry.errors import CredentialError
from actionry.http import is_host_header

Owner = Literal["action", "user"]
"""`action`: entered by the builder and used for everybody; `user`: this user's own (R-13)."""

KeyLocation = Literal["header", "query", "cookie"]
KeyMode = Literal["basic", "bearer", "custom", "query", "cookie"]
"""The builder's choice for an API key (AU-02): `custom` is a header of the builder's own naming."""

AuthorizationType = Literal["basic", "bearer", "custom"]
"""The manifest's `authorization_type` (M-09, M-10); `custom` is the actions' addition (AU-04)."""

TOKEN_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110 section 5.6.2: what a header or cookie name is made of."""

NAME_FORMS: dict[KeyLocation, re.Pattern[str]] = {
    "header": TOKEN_NAME,
    "cookie": TOKEN_NAME,
    # Percent-encoded later: anything but control characters.
    "query": re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+"),
}

METADATA_HEADERS = (
    "metadata",
    "x-aws-ec2-metadata",
    "x-google-metadata",
    "x-aliyun-ecs-metadata",
    "x-identity-header",
)
"""Beginnings of the names that unlock cloud metadata services when a redirect leads there (S-12)."""


@dataclass(frozen=True, slots=True)
class NoCredential:
    """Deliberately nothing: the builder's choice None."""

    owner: Owner = "action"


@dataclass(frozen=True, slots=True)
class NotConnected:
    """Stands where the user's own credential belongs and is missing; nobody else's takes its place (R-13)."""

    wants: Literal["key", "login"] = "login"
    owner: Owner = "user"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header, the query or a cookie; with `location=None` it goes where the scheme says."""

    secret: Secret
    location: KeyLocation | None = None
    name: str | None = None
    """Header, query or cookie name; None: the scheme's."""
    prefix: str = ""
    """Written before the key as it is, e.g. `Token `."""
    owner: Owner = "user"

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret", as_secret(self.secret))
        if self.name is not None:
            check_name(self.location or "header", self.name)


@dataclass(frozen=True, slots=True)
class Basic:
    """User name and password (RFC 7617); the user name is secret too: many APIs put their key there."""

    username: Secret
    password: Secret = field(default_factory=lambda: Secret(""))
    owner: Owner = "user"

    def __post_init__(self) -> None:
        object.__setattr__(self, "username", as_secret(self.username))
        object.__setattr__(self, "password", as_secret(self.password))
        if ":" in self.username.reveal():
            raise CredentialError(
                "The user name holds a colon, which Basic authentication cannot carry.",
                mend="Enter the part before the first colon as user name.",
                told_to="user",
            )

    def value(self) -> Secret:
        """`base64(user:password)`, the text in UTF-8."""
        return encode_basic(Secret(f"{self.username.reveal()}:{self.password.reveal()}"))


@dataclass(frozen=True, slots=True)
class Bearer:
    """`Authorization: Bearer <token>` (RFC 6750 section 2.1)."""

    token: Secret
    owner: Owner = "user"

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", as_secret(self.token))


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthToken:
    """What a token endpoint answered (RFC 6749 section 5.1)."""

    access_token: Secret
    refresh_token: Secret | None = None
    expires_at: float | None = None
    """Seconds since the epoch; None when the provider does not say."""
    scope: str = ""
    """Granted scopes, space-separated; "" when unknown."""
    token_type: str = "Bearer"  # noqa: S105  # the name of a kind, not a secret
    owner: Owner = "user"
    remarks: tuple[str, ...] = ()
    """What the answer lacked or spelled oddly and how it was taken; for the builder."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "access_token", as_secret(self.access_token))
        if self.refresh_token is not None:
            object.__setattr__(self, "refresh_token", as_secret(self.refresh_token))

    def expired(self, now: float, *, skew_s: float = 30.0) -> bool:
        """Whether it is over at `now`, or will be within `skew_s`: time for the request to arrive."""
        return self.expires_at is not None and now >= self.expires_at - skew_s


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHttp:
    """The developer's one token for all users (PA-03, PA-04)."""

    authorization_type: AuthorizationType
    token: Secret
    custom_auth_header: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", as_secret(self.token))
        _check_custom(self.authorization_type, self.custom_auth_header)

    @property
    def owner(self) -> Owner:
        return "action"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserHttp:
    """A key that each user enters (PA-05, AU-08)."""

    authorization_type: AuthorizationType
    token: Secret
    custom_auth_header: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "token", as_secret(self.token))
        _check_custom(self.authorization_type, self.custom_auth_header)

    @property
    def owner(self) -> Owner:
        return "user"


Credential = NoCredential | NotConnected | ApiKey | Basic | Bearer | OAuthToken | ServiceHttp | UserHttp


def check_name(location: KeyLocation, name: str) -> None:
    """Refuse a header, cookie or query name that is malformed, or that only the host sets (S-12, R-04, R-06).

    `Authorization` is allowed: it is where most keys go. Raises CredentialError; called when a form is saved.
    """
    shown = name if name.isprintable() and len(name) <= 100 else "this name"
    if not NAME_FORMS[location].fullmatch(name):
        raise CredentialError(
            f"`{shown}` cannot be a {location} name.",
            mend="Use letters, digits, `-` and `_`, e.g. `X-Api-Key`.",
        )
    if location == "header" and is_reserved_header(name):
        raise CredentialError(
            f"The header `{shown}` cannot carry a key: it belongs to the connection, to cookies "
            "or to a metadata service.",
            mend="Name the header that the API documents, e.g. `X-Api-Key`.",
        )


def is_reserved_header(name: str) -> bool:
    """Whether no credential may be written there: the host's own headers except `Authorization`, and
    metadata keys.
    """
    lowered = name.strip().lower()
    if lowered == "authorization":
        return False
    return is_host_header(lowered) or lowered.startswith(METADATA_HEADERS)


BasicForm = Literal["user:pass", "base64", "opaque"]


@dataclass(frozen=True, slots=True)
class BasicValue:
    """What goes after `Basic `, and what the text looked like, so that a form can offer to encode (AU-03)."""

    value: Secret
    looks_like: BasicForm
    encoded: bool
    """Whether encoding was done here."""


def basic_value(text: Secret | str, encode: bool | None = None) -> BasicValue:
    """The value after `Basic `: `user:pass` is encoded, base64 of it is left as it is, so is a text that is neither.

    `encode` is the builder's answer when asked; None decides by the look. Base64 has no colon in its
    alphabet, so a text with one cannot have been encoded yet.

    basic_value("ada:pw") -> `YWRhOnB3`, encoded; basic_value("YWRhOnB3") -> the same, left as it is
    """
    secret = as_secret(text)
    form = _basic_form(secret)
    if encode is None:
        encode = form == "user:pass"
    return BasicValue(encode_basic(secret) if encode else secret, form, encode)


def encode_basic(text: Secret) -> Secret:
    return Secret(base64.b64encode(text.reveal().encode("utf-8", "surrogatepass")).decode("ascii"))


def _basic_form(secret: Secret) -> BasicForm:
    text = secret.reveal()
    if ":" in text:
        return "user:pass"
    try:
        return "base64" if b":" in base64.b64decode(text, validate=True) else "opaque"
    except (binascii.Error, ValueError):
        return "opaque"


def from_key_form(
    mode: KeyMode, secret: Secret | str, *, name: str | None = None, owner: Owner = "action"
) -> Credential:
    """The builder's API key dialog (AU-02): Basic, Bearer, or a named header, query parameter or cookie.

    Raises CredentialError when the name is missing, malformed or reserved (S-12).
    """
    key = as_secret(secret)
    if not key:
        raise CredentialError("No key was entered.", mend="Paste the key.")
    if mode in ("custom", "query", "cookie") and not name:
        raise CredentialError("The key has no name.", mend="Enter the name that the API documents, e.g. `X-Api-Key`.")
    match mode:
        case "basic":
            return ApiKey(basic_value(strip_scheme(key, "basic")).value, "header", "Authorization", "Basic ", owner)
        case "bearer":
            return Bearer(strip_scheme(key, "bearer"), owner)
        case "custom":
            return ApiKey(key, "header", name, "", owner)
        case "query" | "cookie":
            return ApiKey(key, mode, name, "", owner)
        case _:
            assert_never(mode)


def read_manifest_auth(auth: Mapping[str, object], token: Secret | str) -> ServiceHttp | UserHttp:
    """The credential for a manifest's `auth` of kind service_http or user_http (PA-03…PA-05).

    An absent `authorization_type` means bearer, which nearly all manifests use; case does not matter.
    """
    kind = auth.get("type")
    given = auth.get("authorization_type", "bearer")
    wanted = given.strip().lower() if isinstance(given, str) else ""
    header = auth.get("custom_auth_header")
    name = header if isinstance(header, str) else None
    if wanted not in ("basic", "bearer", "custom"):
        raise CredentialError(
            f"`authorization_type` of kind {kind} is not one we know.",
            mend='Write "bearer" or "basic".',
            told_to="developer",
        )
    secret = as_secret(token)
    match kind:
        case "service_http":
            return ServiceHttp(authorization_type=wanted, token=secret, custom_auth_header=name)  # type: ignore[arg-type]  # narrowed above; mypy does not narrow str by a tuple
        case "user_http":
            return UserHttp(authorization_type=wanted, token=secret, custom_auth_header=name)  # type: ignore[arg-type]  # as above
        case _:
            raise CredentialError("Only service_http and user_http carry one pasted token.", told_to="developer")


def describe(credential: Credential) -> dict[str, object]:
    """The stored and shown form, which mirrors the manifest and holds no secret (AU-04, AU-05).

    describe(Bearer(...)) -> {"type": "user_http", "authorization_type": "bearer", "set": True}
    """
    kind = "service_http" if credential.owner == "action" else "user_http"
    match credential:
        case NoCredential():
            return {"type": "none"}
        case NotConnected(wants):
            return {"type": "oauth" if wants == "login" else "user_http", "set": False}
        case Bearer():
            return {"type": kind, "authorization_type": "bearer", "set": True}
        case Basic():
            return {"type": kind, "authorization_type": "basic", "set": True}
        case (
            ServiceHttp(authorization_type=form, custom_auth_header=name)
            | UserHttp(authorization_type=form, custom_auth_header=name)
        ):
            custom = {"custom_auth_header": name} if form == "custom" else {}
            return {"type": kind, "authorization_type": form, **custom, "set": True}
        case ApiKey():
            return {"type": kind, **_describe_key(credential), "set": True}
        case OAuthToken():
            return {
                "type": "oauth",
                "scope": credential.scope,
                "expires_at": credential.expires_at,
                "set": True,
            }
        case _:
            assert_never(credential)


def from_description(form: Mapping[str, object], secret: Secret | str) -> Credential:
    """The credential that `describe` told of, with its secret back from the vault; not for Basic pairs and OAuth.

    A builder's `user:password` was encoded before it was stored, so one secret is all there is.
    """
    kind, way, name = form.get("type"), form.get("authorization_type"), form.get("name")
    if kind == "none":
        return NoCredential()
    if way in ("query", "cookie"):
        owner: Owner = "action" if kind == "service_http" else "user"
        return from_key_form(way, secret, name=name if isinstance(name, str) else None, owner=owner)
    return read_manifest_auth(form, secret)


def dump_token(token: OAuthToken) -> Secret:
    """All of a token as one text to seal; `load_token` reads it back."""
    facts = {
        "access_token": token.access_token.reveal(),
        "refresh_token": token.refresh_token.reveal() if token.refresh_token is not None else None,
        "expires_at": token.expires_at,
        "scope": token.scope,
        "token_type": token.token_type,
        "owner": token.owner,
        "remarks": token.remarks,
    }
    return Secret(orjson.dumps(facts).decode("utf-8"))


def load_token(text: Secret) -> OAuthToken:
    """What `dump_token` wrote. Raises CredentialError for anything else."""
    token = _read_token_text(text)
    if token is None:
        raise CredentialError("A stored sign-in cannot be read.", mend="Sign in again.", told_to="user")
    return token


def _read_token_text(text: Secret) -> OAuthToken | None:
    try:
        facts = orjson.loads(text.reveal())
        return OAuthToken(**{**facts, "remarks": tuple(facts["remarks"])})
    except (ValueError, TypeError, KeyError):
        return None


def secrets_of(credential: Credential) -> tuple[Secret, ...]:
    """Every secret in it, also in the form in which it is sent: what a `Masker` has to hide."""
    match credential:
        case NoCredential() | NotConnected():
            return ()
        case ApiKey(secret):
            return (secret, basic_value(secret).value)
        case Basic(username, password):
            hidden = (password, credential.value())
            return (username, *hidden) if _is_key(username, password) else hidden
        case Bearer(token):
            return (token,)
        case OAuthToken():
            return tuple(s for s in (credential.access_token, credential.refresh_token) if s is not None)
        case ServiceHttp() | UserHttp():
            return (credential.token, basic_value(credential.token).value)
        case _:
            assert_never(credential)


def strip_scheme(secret: Secret, scheme: str) -> Secret:
    """Drop a pasted `Bearer ` or `Basic ` in front, in any case, so that it is not sent twice."""
    text = secret.reveal()
    head, blank, rest = text.partition(" ")
    return Secret(rest.lstrip(" ")) if blank and head.lower() == scheme else secret


def _is_key(username: Secret, password: Secret) -> bool:
    # APIs that take their key as user name leave the password empty or fixed ("x"). An ordinary user name
    # is no secret: hiding every "admin" in an API's answer would change its meaning.
    name = username.reveal()
    return len(password.reveal()) < 8 or (len(name) >= 16 and "@" not in name)


def _describe_key(key: ApiKey) -> dict[str, object]:
    if key.location in ("query", "cookie"):
        return {"authorization_type": key.location, "name": key.name}
    if (key.name or "").lower() == "authorization" and key.prefix.strip().lower() in ("basic", "bearer"):
        return {"authorization_type": key.prefix.strip().lower()}
    return {"authorization_type": "custom", "custom_auth_header": key.name}


def _check_custom(form: AuthorizationType, header: str | None) -> None:
    if form != "custom":
        return
    if not header:
        raise CredentialError("The custom header has no name.", mend="Enter the name, e.g. `X-Api-Key`.")
    check_name("header", header)
