"""One's own account: profile, password, sessions, API tokens, all data, and the end of it."""

from __future__ import annotations

import time
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Response
from fastapi import Path as PathParameter
from pydantic import Field, StringConstraints

from actionry.credentials.secret import Secret
from actionry.server.deps import SCOPES, AccountOwner, Identity, Scope, Use, cookie_name
from actionry.server.downloads import attachment
from actionry.server.passwords import check_password, hash_password, password_fits
from actionry.server.problems import ProblemError, documented, field_problem, not_found
from actionry.server.security import require_rate
from actionry.server.services import Services
from actionry.server.shapes import Done, Input, Locale, Name, Password, Shape, UserOut
from actionry.storage.accounts import User

router = APIRouter(prefix="/api/v1", tags=["account"])

PREFERENCES = 20_000
"""Bytes of JSON."""


class Profile(UserOut):
    """One's own account."""

    email_verified: bool = False
    has_password: bool = False
    preferences: dict[str, Any] = Field(default_factory=dict, description="Of the page: theme and the like.")
    created_at: float


class ProfileChange(Input):
    name: Name | None = None
    locale: Locale | None = None
    preferences: dict[str, Any] | None = Field(default=None, max_length=200)


class PasswordChange(Input):
    old: Password | None = Field(default=None, description="The present password, where there is one.")
    new: Password


class SessionInfo(Shape):
    """A browser that is signed in."""

    id: str
    method: str
    user_agent: str
    created_at: float
    used_at: float
    expires_at: float
    current: bool = Field(description="The one that asks.")


class ApiTokenOut(Shape):
    """An API token; its text is shown once, when it is made."""

    id: str
    name: str
    scopes: list[str]
    last_four: str
    created_at: float
    expires_at: float | None = None
    used_at: float | None = None


class ApiTokenIn(Input):
    name: Name
    scopes: list[Scope] = Field(default=["chat"], min_length=1, max_length=len(SCOPES))
    days: Annotated[int, Field(ge=1, le=3660)] | None = Field(default=None, description="It ends after so many days.")


class NewApiToken(Shape):
    token: str = Field(description="Keep it now: it is not shown again.")
    info: ApiTokenOut


class Farewell(Input):
    confirm: Annotated[str, StringConstraints(max_length=100)] = Field(description="The word `delete`.")


@router.get("/account", operation_id="getAccount", responses=documented(401, 403))
async def get_account(identity: AccountOwner, services: Use) -> Profile:
    """Your account."""
    return _profile(await _user(services, identity))


@router.patch("/account", operation_id="changeAccount", responses=documented(401, 403, 422))
async def change_account(body: ProfileChange, identity: AccountOwner, services: Use) -> Profile:
    """Change name, language or preferences."""
    preferences = None
    if body.preferences is not None:
        preferences = _dump(body.preferences)
    changed = await services.accounts.update_profile(
        identity, name=body.name, locale=body.locale, preferences=preferences
    )
    return _profile(changed)


@router.put("/account/password", operation_id="changePassword", responses=documented(401, 403, 422, 429))
async def change_password(body: PasswordChange, identity: AccountOwner, services: Use) -> Done:
    """Set a new password; all other sessions end."""
    require_rate(
        services.sign_in_rates, f"password:{identity.user_id}", per_minute=services.settings.sign_ins_per_minute
    )
    user = await _user(services, identity)
    if user.local:
        raise field_problem("new", "The local user signs in by the printed address and has no password.")
    if identity.session_id is None:
        raise ProblemError(403, "session_needed", "A password is changed in the browser, not with an API token.")
    await _check_old(services, user, body.old)
    new = Secret(body.new)
    check_password(new, email=user.email or "")
    await services.accounts.set_password(identity, await hash_password(new), keep_session=identity.session_id)
    await services.storage.audit.write(identity, "user.password", subject=user.id)
    return Done()


async def _check_old(services: Services, user: User, old: str | None) -> None:
    found = await services.accounts.for_sign_in(user.email) if user.email is not None else None
    stored = found[1] if found is not None else None
    if stored is not None and not await password_fits(Secret(old or ""), stored):
        raise field_problem("old", "It is not the present password.")


@router.get("/account/sessions", operation_id="listSessions", responses=documented(401, 403))
async def list_sessions(identity: AccountOwner, services: Use) -> list[SessionInfo]:
    """Where you are signed in."""
    return [
        SessionInfo(
            id=each.id, method=each.method, user_agent=each.user_agent, created_at=each.created_at,
            used_at=each.used_at, expires_at=each.expires_at, current=each.id == identity.session_id,
        )
        for each in await services.accounts.sessions_of(identity)
    ]  # fmt: skip


@router.delete("/account/sessions/{session_id}", operation_id="endSession", responses=documented(401, 403, 404))
async def end_session(
    session_id: Annotated[str, PathParameter(max_length=100, description="Id of the session.")],
    identity: AccountOwner,
    services: Use,
) -> Done:
    """Sign a browser out."""
    if not await services.accounts.revoke_session(identity, session_id):
        raise not_found("session")
    return Done()


@router.delete("/account/sessions", operation_id="endOtherSessions", responses=documented(401, 403))
async def end_other_sessions(identity: AccountOwner, services: Use) -> Done:
    """Sign all other browsers out."""
    await services.accounts.revoke_sessions(identity, keep=identity.session_id)
    return Done()


@router.get("/account/tokens", operation_id="listApiTokens", responses=documented(401, 403))
async def list_api_tokens(identity: AccountOwner, services: Use) -> list[ApiTokenOut]:
    """Your API tokens, without their text."""
    return [_token(each) for each in await services.accounts.tokens_of(identity)]


@router.post("/account/tokens", operation_id="createApiToken", status_code=201, responses=documented(401, 403, 422))
async def create_api_token(body: ApiTokenIn, identity: AccountOwner, services: Use) -> NewApiToken:
    """Make an API token. A token cannot make one that may do more than itself."""
    wanted = list(dict.fromkeys(body.scopes))
    missing = [scope for scope in wanted if scope not in identity.scopes or (scope == "admin" and not identity.admin)]
    if missing:
        raise field_problem("scopes", f"You do not have `{missing[0]}` yourself.")
    lifetime_s = None if body.days is None else body.days * 86_400.0
    token, stored = await services.accounts.create_token(identity, name=body.name, scopes=wanted, lifetime_s=lifetime_s)
    await services.storage.audit.write(identity, "token.create", subject=stored.id, scopes=wanted)
    return NewApiToken(token=token.reveal(), info=_token(stored))


@router.delete("/account/tokens/{token_id}", operation_id="revokeApiToken", responses=documented(401, 403, 404))
async def revoke_api_token(
    token_id: Annotated[str, PathParameter(max_length=100, description="Id of the token.")],
    identity: AccountOwner,
    services: Use,
) -> Done:
    """End an API token now."""
    if not await services.accounts.revoke_token(identity, token_id):
        raise not_found("token")
    return Done()


@router.get(
    "/account/export", operation_id="exportAccount", response_class=Response,
    responses={**documented(401, 403), 200: {"description": "A file.", "content": {
        "application/json": {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def export_account(identity: AccountOwner, services: Use) -> Response:
    """Download what is stored about you: account, conversations, files' names, consents. Never a secret."""
    storage = services.storage
    user = await _user(services, identity)
    conversations: list[dict[str, Any]] = []
    before: tuple[float, str] | None = None
    while page := await storage.conversations.page(identity, previews=True, limit=100, before=before):
        for each in page:
            transcript = await storage.conversations.transcript(identity, each.id)
            files = await storage.files.of_conversation(identity, each.id)
            conversations.append(
                {
                    "id": each.id, "title": each.title, "gpt_id": each.gpt_id, "created_at": each.created_at,
                    "events": [stored.model_dump(mode="json") for turn in transcript for stored in turn],
                    "files": [{"id": file.id, "name": file.name, "size": file.size} for file in files],
                }
            )  # fmt: skip
        before = (page[-1].updated_at, page[-1].id)
    grants = await storage.grants.of_user(user.id)
    whole = {
        "exported_at": time.time(),
        "account": _profile(user).model_dump(mode="json"),
        "conversations": conversations,
        "consents": [{"origin": each.origin, "operation": each.operation} for each in grants],
    }
    return attachment(orjson.dumps(whole, option=orjson.OPT_INDENT_2), "actionry-data.json", "application/json")


@router.delete("/account", operation_id="deleteAccount", responses=documented(401, 403, 409, 422))
async def delete_account(body: Farewell, identity: AccountOwner, services: Use, response: Response) -> Done:
    """Delete your account with everything that is yours. There is no way back."""
    if body.confirm != "delete":
        raise field_problem("confirm", "Write `delete` to confirm.")
    if identity.session_id is None:
        raise ProblemError(403, "session_needed", "An account is deleted in the browser, not with an API token.")
    user = await _user(services, identity)
    await services.accounts.delete_user(identity, user.id)
    await services.storage.audit.write(None, "user.delete", subject=user.id)
    services.soon(services.storage.files.sweep())
    response.delete_cookie(
        cookie_name(services), path="/", secure=services.settings.secure, httponly=True, samesite="lax"
    )
    return Done()


async def _user(services: Services, identity: Identity) -> User:
    user = await services.accounts.find_user(identity, identity.user_id or "")
    if user is None:
        raise not_found("account")
    return user


def _profile(user: User) -> Profile:
    return Profile(
        id=user.id, name=user.name, email=user.email, role=user.role, local=user.local, locale=user.locale,
        email_verified=user.email_verified, has_password=user.has_password, created_at=user.created_at,
        preferences=orjson.loads(user.preferences or "{}"),
    )  # fmt: skip


def _dump(preferences: dict[str, Any]) -> str:
    try:
        text = orjson.dumps(preferences)
    except (TypeError, ValueError):  # numbers beyond 64 bits, half surrogate pairs, too deep
        raise field_problem("preferences", "They cannot be stored as JSON.") from None
    if len(text) > PREFERENCES:
        raise field_problem("preferences", f"They take more than {PREFERENCES:,} bytes.")
    return text.decode()


def _token(stored: Any) -> ApiTokenOut:
    return ApiTokenOut(
        id=stored.id, name=stored.name, scopes=list(stored.scopes), last_four=stored.last_four,
        created_at=stored.created_at, expires_at=stored.expires_at, used_at=stored.used_at,
    )  # fmt: skip
