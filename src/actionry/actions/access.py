"""Whose credential a call gets: what the caller gave, or a sign-in that is kept fresh.

A sign-in is chosen like any credential, by the operation's security, and only then asked for its token: an operation
that needs none never wakes the token endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actionry.actions.proposal import credential_facts
from actionry.credentials.choice import Chosen, Credentials, choose, read_credentials
from actionry.credentials.masking import Masker
from actionry.credentials.oauth import Connection, TokenKeeper
from actionry.credentials.schemes import Credential, OAuthToken
from actionry.credentials.secret import Secret
from actionry.errors import CredentialError, LoginNeeded
from actionry.openapi.model import Operation
from actionry.tools.function_schema import Function


@dataclass(frozen=True, slots=True)
class SignIn:
    """Stands wherever a token could: `credentials=SignIn(keeper, connection)`, or one per scheme in a mapping.

    The token is renewed before it ends, and once after a 401 (OA-09).
    """

    keeper: TokenKeeper
    connection: Connection


CredentialsInput = (
    Credentials | Credential | SignIn | Secret | str | tuple[str | Secret, str | Secret] | Mapping[str, Any] | None
)
"""A key or token, (user, password), a credential, a sign-in, or scheme name -> any of these."""


@dataclass(frozen=True, slots=True)
class Access:
    """What one operation's call may use."""

    operation: Operation
    credentials: Credentials
    chosen: Chosen
    """With sign-ins it holds a place-holder until `open_sign_ins`."""
    masker: Masker
    declares_security: bool
    facts: list[Any]
    """Of the credential, for the digest."""
    sign_ins: tuple[tuple[OAuthToken, SignIn], ...] = ()
    """(place-holder among `chosen.credentials`, whose token goes there)"""

    @property
    def is_oauth(self) -> bool:
        """Whether a 401 is about a sign-in, which can be renewed or repeated."""
        return any(isinstance(credential, OAuthToken) for credential in self.chosen.credentials)


def find_access(function: Function, given: CredentialsInput, *, declares_security: bool) -> Access:
    """Choose among the given credentials by the operation's security. Raises LoginNeeded, CredentialError."""
    operation = function.operation
    place_holders: list[tuple[OAuthToken, SignIn]] = []
    credentials = read_credentials(_with_place_holders(given, place_holders), operation)
    chosen = choose(operation, credentials, document_declares_security=declares_security)
    used = tuple((token, sign_in) for token, sign_in in place_holders if token in chosen.credentials)
    masker = Masker(credentials.secrets())
    return Access(operation, credentials, chosen, masker, declares_security, credential_facts(chosen), used)


def _with_place_holders(given: Any, found: list[tuple[OAuthToken, SignIn]]) -> Any:
    if isinstance(given, SignIn):
        token = OAuthToken(access_token=Secret(f"place-holder-{len(found)}"))
        found.append((token, given))
        return token
    if isinstance(given, Mapping):
        return {name: _with_place_holders(value, found) for name, value in given.items()}
    return given


async def open_sign_ins(access: Access) -> Access:
    """With the sign-ins' tokens of this moment. Raises LoginNeeded when only the user can help."""
    if not access.sign_ins:
        return access
    tokens = {holder: await sign_in.keeper.fresh(sign_in.connection) for holder, sign_in in access.sign_ins}
    return _with_tokens(access, tokens)


async def renew(access: Access) -> Access:
    """After a 401: other tokens than the ones that were refused.

    Raises LoginNeeded when there is nothing that could be renewed without the user.
    """
    if not access.sign_ins:
        raise LoginNeeded(
            "The API refuses the sign-in.",
            schemes=access.chosen.schemes,
            origin=access.chosen.origin,
            mend="Sign in again.",
        )
    tokens = {token: await sign_in.keeper.renew(sign_in.connection, token) for token, sign_in in access.sign_ins}
    return _with_tokens(access, tokens)


async def give_up(access: Access) -> CredentialError:
    """After a 401 to renewed tokens: forget them, and return the error to raise."""
    errors = [await sign_in.keeper.reject(sign_in.connection, token) for token, sign_in in access.sign_ins]
    return errors[0]


def _with_tokens(access: Access, tokens: Mapping[OAuthToken, OAuthToken]) -> Access:
    def fresh(credential: Credential | None) -> Credential | None:
        return tokens.get(credential, credential) if isinstance(credential, OAuthToken) else credential

    old = access.credentials
    credentials = Credentials(
        by_scheme={name: fresh(credential) or credential for name, credential in old.by_scheme.items()},
        default=fresh(old.default),
        origin=old.origin,
    )
    chosen = choose(access.operation, credentials, document_declares_security=access.declares_security)
    sign_ins = tuple((tokens.get(holder, holder), sign_in) for holder, sign_in in access.sign_ins)
    masker = Masker(credentials.secrets())
    return Access(access.operation, credentials, chosen, masker, access.declares_security, access.facts, sign_ins)
