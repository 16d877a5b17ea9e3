"""Get and keep tokens at the token endpoint: code, refresh and client credentials grants (RFC 6749), revocation.

Flows are generators. None of them ever puts a secret, a code or a token into an error.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote, quote_plus, urlencode

import orjson
from multidict import CIMultiDict

from actionry.credentials.flows import Flow
from actionry.credentials.oauth.answers import Answer, read_answer
from actionry.credentials.oauth.settings import RESERVED, OAuthSettings
from actionry.credentials.placement import VALUE_FORMS
from actionry.credentials.schemes import OAuthToken, encode_basic
from actionry.credentials.secret import Secret
from actionry.errors import Audience, OAuthError
from actionry.http import Request

Clock = Callable[[], float]
"""Seconds since the epoch."""

BasicEncoding = Literal["form", "raw"]

LONGEST_LIFETIME_S = 10 * 365 * 86_400.0
"""More is taken for this: some servers write their largest integer."""

REFUSED_GRANT = frozenset(
    {
        "invalid_grant",
        "bad_verification_code",
        "invalid_code",
        "code_already_used",
        "code_expired",
        "expired_code",
        "invalid_refresh_token",
        "bad_refresh_token",
        "token_revoked",
        "token_expired",
        "invalid_token",
        "expired_token",
        "interaction_required",
        "consent_required",
        "login_required",
        "account_inactive",
    }
)
"""The user has to sign in again; RFC 6749's word first, then what GitHub, Slack, Microsoft and others write."""

REFUSED_CLIENT = frozenset(
    {
        "invalid_client",
        "incorrect_client_credentials",
        "bad_client_secret",
        "invalid_client_id",
        "unauthorized_client",
        "invalid_client_secret",
        "unauthorized",
    }
)

REFUSED_ADDRESS = frozenset({"redirect_uri_mismatch", "bad_redirect_uri", "invalid_redirect_uri"})

FOREIGN_TOKEN_TYPES = frozenset({"mac", "dpop", "pop", "hok", "n_a"})
"""Token types that need a signature with every request."""


def exchange_flow(
    settings: OAuthSettings, *, code: Secret, redirect_uri: str, verifier: Secret | None, clock: Clock = time.time
) -> Flow[OAuthToken]:
    """Trade the code for a token (RFC 6749 section 4.1.3; OA-07). `redirect_uri` is the one of the
    authorization request.
    """
    fields: dict[str, str | Secret] = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if verifier is not None:
        fields["code_verifier"] = verifier
    answer = yield from _ask(settings, fields)
    return read_token(answer, settings, sent=fields, clock=clock)


def refresh_flow(settings: OAuthSettings, token: OAuthToken, *, clock: Clock = time.time) -> Flow[OAuthToken]:
    """A new access token (RFC 6749 section 6; OA-09); a new refresh token replaces the old one, which else stays.

    Raises OAuthError; `is_refused` tells whether the user has to sign in again.
    """
    if token.refresh_token is None:
        raise OAuthError(
            "The sign-in has ended, and the provider gave no refresh token.",
            error="invalid_grant",
            mend="Sign in again.",
            told_to="user",
        )
    fields: dict[str, str | Secret] = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    answer = yield from _ask(settings, fields)
    return read_token(answer, settings, sent=fields, clock=clock, before=token)


def client_credentials_flow(settings: OAuthSettings, *, clock: Clock = time.time) -> Flow[OAuthToken]:
    """A token for the application itself (RFC 6749 section 4.4); it belongs to the action, not to a user."""
    fields: dict[str, str | Secret] = {"grant_type": "client_credentials"}
    if settings.scope:
        fields["scope"] = settings.scope
    answer = yield from _ask(settings, fields)
    return read_token(answer, settings, sent=fields, clock=clock)


def revoke_flow(settings: OAuthSettings, token: OAuthToken) -> Flow[bool]:
    """Ask the server to forget the login (RFC 7009; L-10); False when it has no such address or refuses."""
    if settings.revocation_url is None:
        return False
    fields: dict[str, str | Secret]
    if token.refresh_token is not None:
        fields = {"token": token.refresh_token, "token_type_hint": "refresh_token"}
    else:
        fields = {"token": token.access_token, "token_type_hint": "access_token"}
    response = yield token_request(settings, fields, url=settings.revocation_url, content_type="form")
    return 200 <= response.status < 300


def _ask(settings: OAuthSettings, fields: Mapping[str, str | Secret]) -> Flow[Answer]:
    """One request, or two where the client's name in Basic is spelled both ways.

    RFC 6749 section 2.3.1 wants id and secret form-encoded inside Basic; half of the servers take them as
    they are. The two differ only for secrets with characters such as `+/=`. The standard's way goes first;
    a server that then does not know the client has not looked at the code yet, so asking again is safe.
    """
    answer = read_answer((yield token_request(settings, fields)))
    if answer.error in REFUSED_CLIENT and _spelled_two_ways(settings):
        answer = read_answer((yield token_request(settings, fields, basic="raw")))
    return answer


def _spelled_two_ways(settings: OAuthSettings) -> bool:
    secret = settings.client_secret
    if settings.token_exchange == "default_post" or secret is None:  # noqa: S105  # a method\'s name
        return False
    return any(quote_plus(text) != text for text in (settings.client_id, secret.reveal()))


def token_request(
    settings: OAuthSettings,
    fields: Mapping[str, str | Secret],
    *,
    basic: BasicEncoding = "form",
    url: str | None = None,
    content_type: Literal["form", "json"] | None = None,
) -> Request:
    """The POST to the token endpoint, with the client's authentication by the method that the builder chose
    (OA-02).
    """
    body: dict[str, str | Secret] = dict(fields)
    body.update({name: value for name, value in settings.extra_token.items() if name not in RESERVED})
    if settings.resource is not None:
        body["resource"] = settings.resource
    headers: CIMultiDict[str] = CIMultiDict({"Accept": "application/json"})
    if settings.token_exchange == "basic_auth_header" and settings.client_secret is not None:  # noqa: S105  # a method\'s name
        # No client_id in the body beside it: two methods in one request are forbidden (RFC 6749 section 2.3).
        headers["Authorization"] = f"Basic {_basic(settings.client_id, settings.client_secret, basic).reveal()}"
    else:
        body["client_id"] = settings.client_id
        if settings.client_secret is not None:
            body["client_secret"] = settings.client_secret
    plain = {name: value.reveal() if isinstance(value, Secret) else value for name, value in body.items()}
    if (content_type or settings.token_content_type) == "json":
        headers["Content-Type"] = "application/json"
        return Request("POST", url or settings.token_url, headers, orjson.dumps(plain))
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    return Request("POST", url or settings.token_url, headers, urlencode(plain, quote_via=quote).encode("ascii"))


def _basic(client_id: str, secret: Secret, encoding: BasicEncoding) -> Secret:
    if encoding == "raw":
        return encode_basic(Secret(f"{client_id}:{secret.reveal()}"))
    return encode_basic(Secret(f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"))


def read_token(
    answer: Answer,
    settings: OAuthSettings,
    *,
    sent: Mapping[str, str | Secret],
    clock: Clock = time.time,
    before: OAuthToken | None = None,
) -> OAuthToken:
    """The token in an answer (RFC 6749 section 5.1), or one OAuthError that says whose turn it is.

    `before` is the token that was refreshed: its refresh token and scope stay when the answer names none.
    """
    if not answer.ok or answer.error is not None:
        raise token_error(answer, settings, sent)
    holder = _holder(answer)
    access_token = holder.secret("access_token")
    if access_token is None or not _is_sendable(access_token):
        raise OAuthError(
            "The provider answered without a usable access token.",
            told_to="builder",
            mend="Check that the token URL is the token endpoint, and the exchange method and content type.",
        )
    remarks: list[str] = []
    token_type = _read_token_type(holder, remarks)
    lifetime_s = _read_lifetime(holder, remarks)
    return OAuthToken(
        access_token=access_token,
        refresh_token=holder.secret("refresh_token") or (before.refresh_token if before else None),
        expires_at=None if lifetime_s is None else clock() + lifetime_s,
        scope=_read_scope(holder) or (before.scope if before else settings.scope),
        token_type=token_type,
        owner="action" if settings.grant == "client_credentials" else "user",
        remarks=tuple(remarks),
    )


def _holder(answer: Answer) -> Answer:
    """The object that holds the token: the answer itself, or the part where Slack and TikTok put it."""
    if answer.text("access_token") is None:
        for name in ("authed_user", "data"):
            part = answer.below(name)
            if part is not None and part.text("access_token") is not None:
                return part
    return answer


def _is_sendable(token: Secret) -> bool:
    return VALUE_FORMS["header"].fullmatch(token.reveal()) is not None


def _read_token_type(answer: Answer, remarks: list[str]) -> str:
    given = answer.text("token_type")
    if given is None:
        remarks.append("The provider named no token_type; the token is sent as Bearer.")
        return "Bearer"
    if given.lower() in FOREIGN_TOKEN_TYPES:
        raise OAuthError(
            "The provider issued a token that needs a signature with each request, which we cannot make.",
            told_to="builder",
            mend="Set the application up for bearer tokens.",
        )
    if given.lower() != "bearer":
        remarks.append("The provider named another token_type than Bearer; the token is sent as Bearer.")
    return "Bearer"


def _read_lifetime(answer: Answer, remarks: list[str]) -> float | None:
    """Seconds; None when unknown, and then a 401 tells that it is over."""
    given = answer.field("expires_in")
    if given is None:
        return None
    seconds = _number(given)
    if seconds is None:
        remarks.append("The provider's expires_in is not a number; the token is used until the API refuses it.")
        return None
    if seconds <= 0:
        raise OAuthError(
            "The provider issued a token that was already over (expires_in is 0 or less).",
            told_to="api",
            mend="Try again later; if it stays so, the provider has to correct it.",
            may_retry=True,
        )
    return min(seconds, LONGEST_LIFETIME_S)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        # An integer beyond a float's range has a sign all the same.
        return LONGEST_LIFETIME_S if isinstance(value, int) and value > 0 else None
    return None if math.isnan(number) else number


def _read_scope(answer: Answer) -> str:
    return answer.text("scope") or " ".join(answer.texts("scope"))


def is_refused(error: OAuthError) -> bool:
    """Whether the grant itself is over, so that only a new sign-in helps (F6.7)."""
    return error.error == "invalid_grant"


def token_error(answer: Answer, settings: OAuthSettings, sent: Mapping[str, str | Secret]) -> OAuthError:
    """The error for an answer that holds no token (F6.4): status, code and description, nothing secret."""
    hidden = [value for value in sent.values() if isinstance(value, Secret)] + list(settings.secrets())
    if answer.kind != "fields":
        return _unreadable(answer)
    code = answer.error or ""
    said = answer.explanation(hidden)
    quoted = f"status {answer.status}" + (f", `{code}`" if code else "") + (f": {said}" if said else "")
    refreshing = sent.get("grant_type") == "refresh_token"
    meaning, told_to, mend = _meaning(answer.status, code, refreshing)
    # One code for "the grant is over", whatever the server calls it.
    return OAuthError(
        f"{meaning} ({quoted}).",
        error="invalid_grant" if told_to == "user" else (code or None),
        told_to=told_to,
        mend=mend,
        may_retry=told_to == "api",
    )


def _meaning(status: int, code: str, refreshing: bool) -> tuple[str, Audience, str]:
    """What an error means, whose turn it is, and what to do."""
    if code in REFUSED_GRANT:
        return "The provider no longer accepts this sign-in", "user", "Sign in again."
    if code in REFUSED_CLIENT:
        return (
            "The provider does not accept the client ID and secret",
            "builder",
            "Check both, and try the other token exchange method (POST body or Basic header).",
        )
    if code in REFUSED_ADDRESS:
        return (
            "The provider does not know this callback address",
            "builder",
            "Register the callback URL that the form shows, character by character.",
        )
    if code in (
        "invalid_scope",
        "unsupported_grant_type",
        "invalid_request",
        "unsupported_response_type",
        "invalid_target",
    ):
        return "The provider refuses the request", "builder", "Check the scope, the token URL and the content type."
    if status == 429 or status >= 500 or code in ("temporarily_unavailable", "server_error", "slow_down"):
        return "The provider cannot answer at the moment", "api", "Try again in a while."
    if refreshing and status in (400, 401, 403):
        # Words of the provider's own: the refresh was refused, and the user can sign in again (OA-09).
        return "The provider refused to renew the sign-in", "user", "Sign in again."
    return "The provider refuses to issue a token", "builder", "Check the OAuth settings."


def _unreadable(answer: Answer) -> OAuthError:
    if answer.kind == "redirect":
        return OAuthError(
            f"The token URL answers with a redirect (status {answer.status}), which is never followed.",
            told_to="builder",
            mend="Enter the address it leads to, if it is the provider's.",
        )
    if answer.status == 429 or answer.status >= 500:
        return OAuthError(
            f"The provider cannot answer at the moment (status {answer.status}).",
            told_to="api",
            mend="Try again in a while.",
            may_retry=True,
        )
    what = {"too large": "a very large body", "empty": "nothing", "a web page": "a web page"}.get(
        answer.kind, "something that is neither JSON nor a form"
    )
    return OAuthError(
        f"The token URL answered with {what} instead of a token (status {answer.status}).",
        told_to="builder",
        mend="Check that it is the token endpoint and not the sign-in page.",
    )
