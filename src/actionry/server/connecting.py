"""People's accounts and keys at the APIs: whose credential a call gets, signing in, and going on afterwards.

A call gets what its own user has connected, or what the builder entered for everybody; one never takes the other's
place (R-13), and nothing goes to another origin than the one it was saved for (R-12, R-14).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request as WebRequest

from actionry.actions.access import CredentialsInput, SignIn
from actionry.actions.action import Action
from actionry.chat.events import SignInAsked
from actionry.chat.log import TurnContext
from actionry.credentials.choice import Credentials
from actionry.credentials.oauth import (
    Callback,
    Connection,
    OAuthSettings,
    TokenKeeper,
    begin_login,
    check_root_domain,
    drive,
    finish_login,
    revoke_flow,
)
from actionry.credentials.schemes import ApiKey, Credential, NoCredential, NotConnected, OAuthToken, from_key_form
from actionry.credentials.secret import Secret
from actionry.errors import ActionryError, CredentialError, OAuthError
from actionry.gpts.gpt import (
    GptAction,
    GptContent,
    KeyAuthentication,
    NoAuthentication,
    OAuthAuthentication,
)
from actionry.http import Request, Response
from actionry.outbound import Outbound
from actionry.server.deps import Identity
from actionry.server.gpt_editing import (
    DEFAULT_SCHEME,
    host_of,
    oauth_settings,
    origin_of_action,
    place_of,
)
from actionry.server.problems import ProblemError, not_found
from actionry.server.services import Services
from actionry.server.shapes_gpts import ConnectionOut, OfferOut
from actionry.server.turn_running import Actions, TurnRunning
from actionry.storage.actor import Actor, Person
from actionry.storage.connections import OwnConnection, StoredConnection
from actionry.storage.storage import Storage
from actionry.tools.plain_text import visible

PROVIDER_S = 15.0
"""For one answer of an authorization server."""
PROVIDER_BYTES = 1_000_000
ROBOT_SCHEME = "oauth robot"
"""Under which the token is kept that the application itself signs in with (client credentials)."""


def client_binding(auth: OAuthAuthentication) -> str:
    """The client's secret is sent to this provider and to no other (R-14)."""
    return hashlib.sha256(f"{auth.authorize_url}\n{auth.token_url}".encode()).hexdigest()


@dataclass(slots=True)
class Door:
    """Sends to authorization servers; redirects are not followed."""

    outbound: Outbound

    async def __call__(self, request: Request) -> Response:
        return await self.outbound.send(
            request, redirects=0, timeout_s=PROVIDER_S, max_bytes=PROVIDER_BYTES, safe=False
        )


@dataclass(slots=True)
class Listening:
    """A sender that remembers who the provider says has signed in; the answer itself goes on unchanged."""

    send: Door
    account: str = ""

    async def __call__(self, request: Request) -> Response:
        response = await self.send(request)
        self.account = _account_of(response) or self.account
        return response


def _account_of(response: Response) -> str:
    """From the id_token that came straight from the token endpoint (OpenID Connect Core 3.1.3.7), for show only."""
    try:
        fields = orjson.loads(response.content)
        payload = fields["id_token"].split(".")[1]
        claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        found = next((claims[name] for name in ("email", "preferred_username", "name", "sub") if claims.get(name)), "")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, binascii.Error):
        return ""
    return " ".join(visible(found).split())[:200] if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An action as one of its users meets it."""

    gpt_id: str
    gpt_name: str
    builder: str
    action: GptAction
    source: Action
    content: GptContent

    @property
    def origin(self) -> str:
        return origin_of_action(self.source)

    @property
    def host(self) -> str:
        return place_of(self.origin)


class Connecting:
    """Of one server."""

    def __init__(self, storage: Storage, outbound: Outbound, actions: Actions | None = None) -> None:
        self.storage = storage
        self.outbound = outbound
        self.door = Door(outbound)
        self.actions = actions or Actions(storage)
        self.keeper = TokenKeeper(storage.tokens, self.door)

    # -------------------------------------------------------------------------------------------------------- of calls

    async def credentials(self, action: GptAction, source: Action, user_id: str) -> CredentialsInput:
        """What a call of this user may use; NotConnected where their own is missing."""
        actor, origin = Person(user_id), origin_of_action(source)
        rows = await self.storage.connections.for_call(actor, action.id)
        named = await self._named(actor, action, rows, origin)
        match action.authentication:
            case NoAuthentication():
                return Credentials(by_scheme=named, default=NoCredential(), origin=origin or None)
            case KeyAuthentication():
                found = await self._key(actor, action, action.authentication, rows, origin)
                return _resolved(found, named, action.authentication.owner, "key", origin)
            case OAuthAuthentication():
                return await self._sign_in(action, source, action.authentication, rows, named, origin)

    async def _key(
        self, actor: Actor, action: GptAction, auth: KeyAuthentication, rows: list[StoredConnection], origin: str
    ) -> Credential | None:
        for_everyone = auth.owner == "action"
        row = _row(rows, DEFAULT_SCHEME, ("api_key", "basic"), for_everyone=for_everyone)
        if row is None or row.origin != origin:
            return None
        secret = await self.storage.connections.secret_for_call(
            actor, action.id, DEFAULT_SCHEME, origin=origin, for_everyone=for_everyone
        )
        return from_key_form(auth.form, secret, name=auth.name, owner=auth.owner) if secret is not None else None

    async def _named(
        self, actor: Actor, action: GptAction, rows: list[StoredConnection], origin: str
    ) -> dict[str, Credential]:
        """Keys that the builder entered for single security schemes (AU-07)."""
        found: dict[str, Credential] = {}
        for row in rows:
            if row.user_id is not None or row.kind != "api_key" or row.scheme == DEFAULT_SCHEME or row.origin != origin:
                continue
            secret = await self.storage.connections.secret_for_call(
                actor, action.id, row.scheme, origin=origin, for_everyone=True
            )
            if secret is not None:
                found[row.scheme] = ApiKey(secret, owner="action")
        return found

    async def _sign_in(
        self,
        action: GptAction,
        source: Action,
        auth: OAuthAuthentication,
        rows: list[StoredConnection],
        named: dict[str, Credential],
        origin: str,
    ) -> CredentialsInput:
        robot = auth.grant == "client_credentials"
        scheme = ROBOT_SCHEME if robot else DEFAULT_SCHEME
        row = _row(rows, scheme, ("oauth",), for_everyone=robot)
        settings = await self.settings(action.id, auth, rows) if row is not None else None
        usable = row is not None and settings is not None and row.origin == origin and bool(origin)
        if row is None or settings is None or not usable or (row.state != "connected" and not robot):
            return _resolved(None, named, "action" if robot else "user", "login", origin)
        sign_in = SignIn(self.keeper, Connection(id=row.id, settings=settings, origin=origin))
        if not named:
            return sign_in
        signed = {s.name: sign_in for s in source.security_schemes.values() if s.kind in ("oauth2", "openIdConnect")}
        return {**signed, **named}

    async def settings(
        self, action_id: str, auth: OAuthAuthentication, rows: list[StoredConnection]
    ) -> OAuthSettings | None:
        """With the client's secret, if it was entered for this very provider; None for an incomplete form."""
        client = next((row for row in rows if row.kind == "oauth_client" and row.user_id is None), None)
        secret: Secret | None = None
        if client is not None and client.binding == client_binding(auth):
            secret = await self.storage.connections.client_secret(action_id)
        try:
            return oauth_settings(auth, secret)
        except OAuthError:
            return None

    # ------------------------------------------------------------------------------------------------------ of persons

    async def place(self, actor: Actor, action_id: str, *, preview: bool = False) -> Place:
        """The action in its published version, or in the draft. Raises ProblemError 404."""
        found = await self.storage.gpts.action(actor, action_id)
        card = await self.storage.gpts.card(actor, found.gpt_id) if found is not None else None
        if found is None or card is None:
            raise not_found("action")
        content = await self._content(actor, found.gpt_id, preview=preview)
        action = next((each for each in content.actions if each.id == action_id), None) if content is not None else None
        if content is None or action is None:
            raise not_found("action")
        source = await self.actions.load(_context(actor, found.gpt_id, content), action)
        return Place(
            gpt_id=found.gpt_id, gpt_name=content.name, builder=card.owner_name, action=action, source=source,
            content=content,
        )  # fmt: skip

    async def source(self, actor: Actor, gpt_id: str, content: GptContent, action: GptAction) -> Action | None:
        """The action's document, for those who may know that the GPT uses it; None when it cannot be used."""
        try:
            return await self.actions.load(_context(actor, gpt_id, content), action)
        except ActionryError:
            return None

    async def _content(self, actor: Actor, gpt_id: str, *, preview: bool) -> GptContent | None:
        if preview:
            gpt = await self.storage.gpts.draft(actor, gpt_id)
            return gpt.draft if gpt is not None else None
        version = await self.storage.gpts.version(actor, gpt_id)
        return version.content if version is not None else None

    async def offer(self, actor: Actor, place: Place) -> OfferOut:
        """What somebody is about to connect, before they do (O-08, O-18)."""
        auth = place.action.authentication
        rows = await self.storage.connections.for_call(actor, place.action.id)
        mine = _row(rows, DEFAULT_SCHEME, _kinds(auth), for_everyone=False)
        current = mine is not None and mine.origin == place.origin and mine.state == "connected"
        shown = OfferOut(
            action_id=place.action.id,
            gpt_id=place.gpt_id,
            gpt_name=place.gpt_name,
            builder=place.builder,
            title=place.source.title,
            host=place.host,
            kind="none",
            privacy_policy_url=place.action.privacy_policy_url,
            connected=current,
            connection_id=mine.id if mine is not None else None,
            account=mine.account if mine is not None else "",
        )
        match auth:
            case OAuthAuthentication(grant="authorization_code"):
                return shown.model_copy(
                    update={
                        "kind": "oauth",
                        "sign_in_host": host_of(auth.authorize_url),
                        "scopes": auth.scope.replace(",", " ").split(),
                        "warnings": domain_warnings(auth, place.origin),
                    }
                )
            case KeyAuthentication(owner="user"):
                return shown.model_copy(update={"kind": "api_key", "instructions": visible(auth.instructions)})
            case _:
                return shown

    async def begin(self, identity: Identity, place: Place, redirect_uri: str) -> str:
        """The provider's page for this user, in this browser session (O-04, O-05). Raises OAuthError, ProblemError."""
        auth = place.action.authentication
        if not isinstance(auth, OAuthAuthentication) or auth.grant != "authorization_code":
            raise ProblemError(409, "no_sign_in", "This action has no sign-in to go through.", whose_turn="builder")
        if identity.session_id is None:
            raise ProblemError(
                403, "browser_needed", "Signing in to an API needs a browser session; an API token has none.",
                whose_turn="user",
            )  # fmt: skip
        if not place.origin:
            raise ProblemError(
                409, "no_server", "The action's document names no server, so there is nothing to sign in to.",
                whose_turn="builder",
            )  # fmt: skip
        rows = await self.storage.connections.for_call(identity, place.action.id)
        if await self.settings(place.action.id, auth, rows) is None:
            oauth_settings(auth)  # raises what is wrong with the form
        settings = await self.settings(place.action.id, auth, rows)
        assert settings is not None
        login = begin_login(
            settings,
            session=identity.session_id,
            user=identity.user_id or "",
            action=place.action.id,
            api_origin=place.origin,
            redirect_uri=redirect_uri,
        )
        await self.storage.logins.put(login.pending)
        return login.url

    async def complete(self, identity: Identity, action_id: str, callback: Callback) -> tuple[Place, StoredConnection]:
        """Link what the provider sent back. Raises OAuthError, and then nothing is linked.

        The state is taken first, whatever comes next: it is good for one try.
        """
        pending = await self.storage.logins.take(callback.key) if callback.key is not None else None
        found: tuple[Place, OAuthSettings] | None = None
        for preview in (False, True):
            try:
                place = await self.place(identity, action_id, preview=preview)
            except (ActionryError, ProblemError):
                continue
            auth = place.action.authentication
            if not isinstance(auth, OAuthAuthentication) or not place.origin:
                continue
            rows = await self.storage.connections.for_call(identity, action_id)
            settings = await self.settings(action_id, auth, rows)
            if settings is None:
                continue
            if found is None or (pending is not None and settings.binding(place.origin) == pending.binding):
                found = (place, settings)
        if found is None:
            raise OAuthError(
                "This sign-in was not begun here, or was already finished. Nothing was linked.",
                told_to="user", mend="Go back to the chat and sign in again.",
            )  # fmt: skip
        place, settings = found
        flow = finish_login(
            pending,
            settings,
            callback,
            session=identity.session_id or "",
            user=identity.user_id or "",
            action=action_id,
            api_origin=place.origin,
        )
        sender = Listening(self.door)
        token = await drive(flow, sender)
        return place, await self._link(identity, place, settings, token, sender.account)

    async def _link(
        self, identity: Identity, place: Place, settings: OAuthSettings, token: OAuthToken, account: str
    ) -> StoredConnection:
        row = await self.storage.connections.ensure(
            identity, place.action.id, DEFAULT_SCHEME, origin=place.origin, binding=settings.binding(place.origin)
        )
        await self.keeper.connect(Connection(id=row.id, settings=settings, origin=place.origin), token)
        await self.storage.connections.mark(row.id, account=account)
        await self.storage.audit.write(identity, "connection.linked", subject=row.id, action=place.action.id)
        return (await self.storage.connections.find(identity, row.id)) or row

    async def keep_key(self, identity: Identity, place: Place, key: Secret) -> StoredConnection:
        """A user's own key (AU-08). Raises ProblemError, CredentialError."""
        auth = place.action.authentication
        if not isinstance(auth, KeyAuthentication) or auth.owner != "user":
            raise ProblemError(409, "no_key_wanted", "This action does not take a key of yours.", whose_turn="user")
        if not place.origin:
            raise ProblemError(
                409, "no_server", "The action's document names no server to send a key to.", whose_turn="builder"
            )
        check_key(auth, key)
        return await self.storage.connections.put_key(
            identity, place.action.id, DEFAULT_SCHEME, key, origin=place.origin
        )

    async def disconnect(self, identity: Identity, connection_id: str) -> tuple[StoredConnection, bool]:
        """(what it was, whether the provider confirmed that it revoked it). Raises NotFound."""
        row = await self.storage.connections.find(identity, connection_id)
        token = None
        settings: OAuthSettings | None = None
        if row is not None and row.kind == "oauth":
            stored = await self.storage.tokens.find(row.id)
            token = stored.token if stored is not None else None
            settings = await self._settings_for(identity, row) if token is not None else None
        gone = await self.storage.connections.disconnect(identity, connection_id)
        await self.storage.audit.write(identity, "connection.removed", subject=gone.id, action=gone.action_id)
        if token is None or settings is None or settings.revocation_url is None:
            return gone, False
        try:
            return gone, await drive(revoke_flow(settings, token), self.door)
        except ActionryError:
            return gone, False  # it is gone here in any case; the provider's copy runs out by itself

    async def _settings_for(self, identity: Identity, row: StoredConnection) -> OAuthSettings | None:
        """The settings under which the token was issued: it goes to no other provider."""
        for preview in (False, True):
            try:
                place = await self.place(identity, row.action_id, preview=preview)
            except (ActionryError, ProblemError):
                continue
            auth = place.action.authentication
            if isinstance(auth, OAuthAuthentication):
                rows = await self.storage.connections.for_call(identity, row.action_id)
                settings = await self.settings(row.action_id, auth, rows)
                if settings is not None and settings.binding(row.origin) == row.binding:
                    return settings
        return None


def _context(actor: Actor, gpt_id: str, content: GptContent) -> TurnContext:
    """Storage gives out the documents that a turn's own content names, and those alone (A-06)."""
    return TurnContext(
        turn_id="",
        conversation_id="",
        user_id=actor.user_id or "",
        gpt_id=gpt_id,
        gpt_version=None,
        content=content,
    )


def _row(
    rows: list[StoredConnection], scheme: str, kinds: tuple[str, ...], *, for_everyone: bool
) -> StoredConnection | None:
    return next(
        (r for r in rows if r.scheme == scheme and r.kind in kinds and (r.user_id is None) == for_everyone), None
    )


def _kinds(auth: object) -> tuple[str, ...]:
    return ("oauth",) if isinstance(auth, OAuthAuthentication) else ("api_key", "basic")


def _resolved(
    found: Credential | None, named: Mapping[str, Credential], owner: Any, wants: str, origin: str
) -> Credentials:
    """R-13: a place that is the user's is filled by nobody else."""
    default = found
    if default is None and owner == "user":
        default = NotConnected("key" if wants == "key" else "login")
    return Credentials(by_scheme=dict(named), default=default, origin=origin or None)


def domain_warnings(auth: OAuthAuthentication, origin: str) -> list[str]:
    """O-18: said to the builder when saving, and to users before they sign in."""
    authorize = auth.authorize_url or auth.token_url
    found = check_root_domain(authorize, auth.token_url, origin) if origin and auth.token_url else []
    return [f"{finding.message} {finding.effect}" for finding in found]


def needs_acknowledgement(auth: OAuthAuthentication, origin: str) -> list[str]:
    authorize = auth.authorize_url or auth.token_url
    found = check_root_domain(authorize, auth.token_url, origin) if origin and auth.token_url else []
    return [finding.message for finding in found if finding.severity == "warning"]


def check_key(auth: KeyAuthentication, key: Secret) -> None:
    """Raises CredentialError for what no header can carry, and for a reserved or missing name (S-12)."""
    text = key.reveal()
    if not text.strip():
        raise CredentialError("The key is empty.", mend="Paste the key.", told_to="user")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise CredentialError(
            "The key holds a line break or a control character.", mend="Paste the key alone.", told_to="user"
        )
    from_key_form(auth.form, key, name=auth.name, owner=auth.owner)


# ---------------------------------------------------------------------------------------------------------- going on


async def go_on(services: Services, identity: Identity, action_id: str) -> int:
    """Every call of this person that waits for this very connection goes on (OA-12). How many."""
    resumed = 0
    for question in await services.storage.answers.open_questions(identity):
        if question.kind != "sign_in":
            continue
        events = await services.storage.turns.read_for(identity, question.turn_id)
        asked = any(
            isinstance(stored.event, SignInAsked)
            and stored.event.call_id == question.call_id
            and stored.event.action_id == action_id
            for stored in events or ()
        )
        if not asked:
            continue
        await services.storage.answers.sign_in_finished(identity, question.turn_id, question.call_id, connected=True)
        services.runner.wake(question.turn_id)
        services.streams.news(question.conversation_id)
        resumed += 1
    return resumed


def connection_out(own: OwnConnection, scope: str = "") -> ConnectionOut:
    row = own.connection
    return ConnectionOut(
        id=row.id,
        gpt_id=own.gpt_id,
        gpt_name=own.gpt_name,
        action_id=row.action_id,
        kind=row.kind,
        host=place_of(row.origin),
        origin=row.origin,
        state=row.state,
        account=row.account,
        hint=row.hint,
        scope=scope,
        expires_at=row.expires_at,
        created_at=row.created_at,
        used_at=row.used_at,
    )


# -------------------------------------------------------------------------------------------------------------- wiring


@dataclass(frozen=True, slots=True)
class _OfTurn:
    """A `CredentialSource`: for the turn's own user, and nobody else."""

    connecting: Connecting
    context: TurnContext

    async def find(self, action: GptAction, source: Action, user_id: str) -> CredentialsInput:
        if user_id != self.context.user_id:
            return None
        return await self.connecting.credentials(action, source, user_id)


def wire_connections(services: Services, running: TurnRunning) -> None:
    """Calls of a turn use what its user has connected."""
    connecting = Connecting(services.storage, services.outbound, running.actions)
    running.credentials = lambda context: _OfTurn(connecting, context)


def connecting_of(request: WebRequest) -> Connecting:
    """For the routes; tokens are kept in storage, which is where both meet."""
    state = request.app.state
    found: Connecting | None = getattr(state, "connecting", None)
    services: Services = state.services
    if found is None or found.storage is not services.storage:
        found = state.connecting = Connecting(services.storage, services.outbound)
    return found
