"""Which credential an operation gets: OpenAPI's alternatives (OR) of combinations (AND) against what is at hand.

The rules, first to last:

1. `security: ()` gets nothing (AU-06).
2. A combination is satisfiable when every scheme in it has a credential. A credential saved under the
   scheme's name counts first. The action-wide default stands for a single scheme of any kind (the builder's
   dialog rules, not the document); in a combination only for schemes of its own kind that meet at one place.
3. Of the satisfiable ones the best fitting, then the smallest, then the first is taken.
4. An empty combination (`{}`: no credential needed) is taken only when nothing else is satisfiable.
5. A builder who chose None for the action gets calls without credentials, whatever the document asks for (PA-01).
6. Where a user's own credential is missing, nobody else's stands in (R-13): not under that scheme, and not
   by way of another combination that holds the builder's secrets alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

from actionry.credentials.placement import Placement, place
from actionry.credentials.schemes import (
    ApiKey,
    Basic,
    Bearer,
    Credential,
    NoCredential,
    NotConnected,
    OAuthToken,
    Owner,
    ServiceHttp,
    UserHttp,
    secrets_of,
)
from actionry.credentials.secret import Secret, as_secret
from actionry.errors import CredentialError, LoginNeeded
from actionry.http import origin_of
from actionry.openapi.model import SecurityRequirement, SecurityScheme

CREDENTIAL_TYPES = (NoCredential, NotConnected, ApiKey, Basic, Bearer, OAuthToken, ServiceHttp, UserHttp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """All that is at hand for one action, one user and one origin."""

    by_scheme: Mapping[str, Credential] = field(default_factory=dict)
    """Security scheme name -> credential."""
    default: Credential | None = None
    """The action-wide one (the builder's dialog, or a library user's single key)."""
    origin: str | None = None
    """Where they may be sent, e.g. `https://api.example.com`; None: to the action's own origin."""

    def __post_init__(self) -> None:
        if self.origin is not None:
            object.__setattr__(self, "origin", normal_origin(self.origin))

    @classmethod
    def resolve(
        cls,
        expected: Mapping[str | None, Owner],
        *,
        action: Mapping[str | None, Credential],
        user: Mapping[str | None, Credential],
        origin: str,
        wants: Mapping[str | None, str] | None = None,
    ) -> Credentials:
        """Put an action's set-up together with what the builder and this user have saved (R-13).

        `expected` says whose credential belongs under each scheme name (None is the action-wide default). A
        place that is the user's is filled from `user` alone, else with NotConnected. `wants` says "key"
        where the user enters a key rather than signs in.
        """
        chosen: dict[str | None, Credential] = {}
        for name, owner in expected.items():
            found = (action if owner == "action" else user).get(name)
            if found is not None and found.owner == owner:
                chosen[name] = found
            elif owner == "user":
                chosen[name] = NotConnected("key" if (wants or {}).get(name) == "key" else "login")
        named = {name: credential for name, credential in chosen.items() if name is not None}
        return cls(by_scheme=named, default=chosen.get(None), origin=origin)

    def secrets(self) -> tuple[Secret, ...]:
        """Everything to be masked when a call with these is shown."""
        everything = [*self.by_scheme.values(), *([self.default] if self.default is not None else [])]
        return tuple(secret for credential in everything for secret in secrets_of(credential))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What will be attached: nothing when `placements` is empty."""

    placements: tuple[Placement, ...] = ()
    credentials: tuple[Credential, ...] = ()
    """The credentials that are used, e.g. to refresh the OAuthToken among them after a 401."""
    schemes: tuple[str, ...] = ()
    """Names of the schemes that are met."""
    scopes: tuple[str, ...] = ()
    """What the requirement lists for its OAuth schemes."""
    origin: str | None = None
    """The only origin they may go to; None: the action's own."""

    @property
    def anonymous(self) -> bool:
        return not self.placements

    def secrets(self) -> tuple[Secret, ...]:
        return tuple(
            [p.value for p in self.placements] + [s for credential in self.credentials for s in secrets_of(credential)]
        )

    def missing_scopes(self) -> tuple[str, ...]:
        """Scopes that the operation lists and the token was not granted, as far as the provider told."""
        granted = {scope for c in self.credentials if isinstance(c, OAuthToken) for scope in c.scope.split()}
        return tuple(scope for scope in self.scopes if granted and scope not in granted)


class HasSecurity(Protocol):
    """An `openapi.model.Operation`, or anything with its alternatives."""

    @property
    def security(self) -> tuple[SecurityRequirement, ...]: ...


def read_credentials(
    value: object, security: HasSecurity | Iterable[SecurityRequirement] = (), *, origin: str | None = None
) -> Credentials:
    """What a library user passes as `credentials=`, leniently.

    - None: nothing; Credentials: as they are.
    - text: the key or token for the operation's single scheme; `user:password` where that is Basic.
    - (user, password): Basic.
    - ApiKey, Bearer, …: for every scheme.
    - a mapping: scheme name -> any of these; or a token endpoint's answer (`access_token`, …), or
      `{"username": …, "password": …}`.

    `origin` binds them to another origin than the action's own. Raises CredentialError for anything else,
    and when one text is given although only several keys together would do.
    """
    if isinstance(value, Credentials):
        return value
    value = _closed(value)
    requirements = _requirements(security)
    names = {scheme.name for requirement in requirements for scheme, _ in requirement.schemes}
    if isinstance(value, Mapping) and not _is_single(value, names):
        return Credentials(by_scheme=_read_mapping(value, names), origin=origin)
    return Credentials(default=None if value is None else _read_one(value), origin=origin)


def choose(
    security: HasSecurity | Iterable[SecurityRequirement],
    credentials: Credentials,
    *,
    document_declares_security: bool = True,
) -> Chosen:
    """The combination to send, by the rules at the top of this module.

    With `document_declares_security=False` (no `security` and no schemes anywhere in the document) the
    action-wide default is sent, as the original does for documents that leave authentication to the builder's dialog.

    Raises LoginNeeded when a user's or caller's credential is missing, CredentialError when what is at hand
    cannot be sent at all (mutual TLS, two values for one header, a line break in a key).
    """
    requirements = _requirements(security)
    if not requirements:
        if document_declares_security or credentials.default is None:
            return Chosen()
        requirements = (SecurityRequirement(((_UNDECLARED, ()),)),)
    attempts = [_attempt(requirement, credentials) for requirement in requirements]
    user_missing = any(attempt.awaits_user for attempt in attempts)
    usable = [a for a in attempts if a.chosen is not None and not (user_missing and a.builders_alone)]
    if usable:
        best = min(usable, key=lambda attempt: attempt.rank)
        assert best.chosen is not None
        return replace(best.chosen, origin=credentials.origin)
    chose_none = isinstance(credentials.default, NoCredential) and not user_missing
    if chose_none or any(not requirement.schemes for requirement in requirements):
        return Chosen(origin=credentials.origin)
    raise _refusal(attempts, credentials)


def normal_origin(url: str) -> str:
    """`origin_of`, with a CredentialError for a text that has none."""
    try:
        return origin_of(url)
    except ValueError:
        pass
    raise CredentialError(
        "The origin that the credential is bound to is not a web address.",
        mend="Give e.g. `https://api.example.com`.",
    )


_UNDECLARED = SecurityScheme(name="default", kind="unknown")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One combination tried: `chosen` when satisfiable, else what is in the way."""

    requirement: SecurityRequirement
    chosen: Chosen | None = None
    misfits: int = 0
    awaits_user: bool = False
    error: CredentialError | None = None

    @property
    def rank(self) -> tuple[int, int]:
        return self.misfits, len(self.requirement.schemes)

    @property
    def builders_alone(self) -> bool:
        return self.chosen is not None and all(c.owner == "action" for c in self.chosen.credentials)


def _attempt(requirement: SecurityRequirement, credentials: Credentials) -> _Attempt:
    if not requirement.schemes:
        return _Attempt(requirement)
    picked = [(scheme, _pick(scheme, credentials)) for scheme, _ in requirement.schemes]
    if any(isinstance(credential, NotConnected) for _, credential in picked):
        return _Attempt(requirement, awaits_user=True)
    present = [(s, c) for s, c in picked if c is not None and not isinstance(c, NoCredential)]
    if len(present) < len(picked):
        return _Attempt(requirement)
    try:
        placed = [(scheme, credential, place(credential, scheme)) for scheme, credential in present]
        placements = _combine([placement for _, _, placement in placed])
    except CredentialError as error:
        return _Attempt(requirement, error=error)
    if len(placed) > 1 and not _default_suffices(placed, credentials):
        return _Attempt(requirement)
    chosen = Chosen(
        placements=placements,
        credentials=tuple(dict.fromkeys(credential for _, credential in present)),
        schemes=tuple(scheme.name for scheme, _ in present if scheme is not _UNDECLARED),
        scopes=tuple(scope for _, scopes in requirement.schemes for scope in scopes),
    )
    return _Attempt(requirement, chosen, sum(not _fits(c, s) for s, c in present))


def _pick(scheme: SecurityScheme, credentials: Credentials) -> Credential | None:
    named = credentials.by_scheme.get(scheme.name)
    return named if named is not None else credentials.default


def _default_suffices(placed: Sequence[tuple[SecurityScheme, Credential, Placement]], credentials: Credentials) -> bool:
    """Whether the default may stand for every scheme of a combination that has no credential of its own.

    It must be of each one's kind, and all must meet at one place: Google's documents list the same OAuth
    login under two names. A key that would be sent in two places is a guess, and a leak.
    """
    filled = [(s, c, placement) for s, c, placement in placed if s.name not in credentials.by_scheme]
    return all(_fits(c, s) for s, c, _ in filled) and len({placement.key for _, _, placement in filled}) <= 1


def _combine(placements: list[Placement]) -> tuple[Placement, ...]:
    """Each place once; two values for one place cannot both be sent."""
    by_key: dict[tuple[str, str], Placement] = {}
    for placement in placements:
        other = by_key.setdefault(placement.key, placement)
        if other.value != placement.value:
            raise CredentialError(
                f"Two different credentials would go into the {placement.location} `{placement.name}`.",
                mend="Save the same value under both schemes, or correct the document's `security`.",
            )
    return tuple(by_key.values())


def _fits(credential: Credential, scheme: SecurityScheme) -> bool:
    """Whether the credential is of the scheme's kind; a misfit is still sent when nothing fits better."""
    match credential:
        case ApiKey(location=None):
            return scheme.kind != "mutualTLS"
        case ApiKey():
            return scheme.kind == "apiKey" and scheme.location == credential.location
        case Basic():
            return scheme.kind == "http" and scheme.http_scheme == "basic"
        case Bearer():
            return scheme.kind in ("oauth2", "openIdConnect") or scheme.http_scheme == "bearer"
        case OAuthToken():
            return scheme.kind in ("oauth2", "openIdConnect")
        case ServiceHttp() | UserHttp():
            return scheme.kind == "http" and scheme.http_scheme == credential.authorization_type
        case NoCredential() | NotConnected():
            return False
        case _:
            assert_never(credential)


def _refusal(attempts: list[_Attempt], credentials: Credentials) -> CredentialError:
    """The one error to raise: something unsendable before something missing, smallest combination first."""
    for attempt in attempts:
        if attempt.error is not None and not any(other.awaits_user for other in attempts):
            return attempt.error
    ordered = sorted(attempts, key=lambda attempt: len(attempt.requirement.schemes))
    names = tuple(dict.fromkeys(scheme.name for a in ordered for scheme, _ in a.requirement.schemes))
    ways = " or ".join(" together with ".join(f"`{s.name}`" for s, _ in a.requirement.schemes) for a in ordered)
    if any(attempt.awaits_user for attempt in attempts):
        action = "Connect your account first: sign in, or enter your key."
    else:
        action = _how_to_give(ordered)
    where = f" to {credentials.origin}" if credentials.origin else ""
    return LoginNeeded(
        f"This operation needs {ways}.",
        schemes=names,
        origin=credentials.origin,
        mend=f"{action} Nothing was sent{where}.",
    )


def _how_to_give(ordered: list[_Attempt]) -> str:
    smallest = ordered[0].requirement.schemes
    if all(scheme.kind == "mutualTLS" for scheme, _ in smallest):
        return "It asks for a client certificate, which Actionry cannot send."
    example = ", ".join(f'"{scheme.name}": "…"' for scheme, _ in smallest)
    return f"Sign in, enter the key, or pass credentials={{{example}}}."


def _requirements(security: HasSecurity | Iterable[SecurityRequirement]) -> tuple[SecurityRequirement, ...]:
    declared = getattr(security, "security", None)
    return tuple(declared if declared is not None else security)  # type: ignore[arg-type]  # either has it or is it


def _is_single(value: Mapping[object, object], names: set[str]) -> bool:
    keys = set(value)
    return not keys & names and ("access_token" in keys or (keys and keys <= {"username", "password"}))  # type: ignore[return-value]  # bool either way


def _read_mapping(value: Mapping[object, object], names: set[str]) -> dict[str, Credential]:
    found: dict[str, Credential] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise CredentialError("Credentials are named by security scheme.", mend=_known(names), told_to="caller")
        if item is not None:
            found[name] = _read_one(item)
    if found and names and not names & set(found):
        raise CredentialError(
            "None of the given credentials is one of this operation's security schemes.",
            mend=_known(names),
            told_to="caller",
        )
    return found


def _known(names: set[str]) -> str:
    return f"Give one of: {', '.join(f'`{name}`' for name in sorted(names))}." if names else "Give a scheme's name."


def _read_one(value: object) -> Credential:
    if isinstance(value, CREDENTIAL_TYPES):
        return value
    if isinstance(value, Secret) and value:
        return ApiKey(value)
    if isinstance(value, tuple) and len(value) == 2 and all(isinstance(item, Secret) for item in value):
        return Basic(value[0], value[1])
    if isinstance(value, Mapping) and isinstance(value.get("access_token"), Secret) and value["access_token"]:
        return _token(value)
    if isinstance(value, Mapping) and isinstance(value.get("username"), Secret):
        password = value.get("password", Secret(""))
        if isinstance(password, Secret):
            return Basic(value["username"], password)
    what = "empty text" if isinstance(value, Secret) else f"a {getattr(value, 'type_name', type(value).__name__)}"
    raise CredentialError(
        f"A credential cannot be {what} of this form.",
        mend='Give a text, (user, password), Bearer(…), ApiKey(…), or {"scheme": …}; None for nothing.',
        told_to="caller",
    )


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Something that is no credential, by its type alone."""

    type_name: str


def _closed(value: object) -> object:
    """The same, every text in it made a Secret, so that no frame that raises later holds one to be shown."""
    if value is None or isinstance(value, (Secret, *CREDENTIAL_TYPES)):
        return value
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, Mapping):
        return {key: _closed(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(_closed(item) for item in value)
    return value if isinstance(value, (int, float)) else _Unknown(type(value).__name__)


def _token(value: Mapping[object, object]) -> OAuthToken:
    refresh, expires, scope = (value.get(name) for name in ("refresh_token", "expires_at", "scope"))
    return OAuthToken(
        access_token=as_secret(value["access_token"]),
        refresh_token=refresh if isinstance(refresh, Secret) and refresh else None,
        expires_at=float(expires) if isinstance(expires, (int, float)) and not isinstance(expires, bool) else None,
        scope=scope.reveal() if isinstance(scope, Secret) else "",
    )
