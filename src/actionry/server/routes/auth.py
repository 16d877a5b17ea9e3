"""Signing in and out: the one-time link of a local server, password, invitation, OpenID Connect.

Every way ends in a new session with a new token (H-03). What is wrong is said in one sentence that tells nobody
whether an account exists (O-19).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Request, Response

from actionry import __version__
from actionry.credentials.secret import Secret
from actionry.server import oidc
from actionry.server.deps import Anybody, Use, cookie_name, csrf_token
from actionry.server.passwords import check_password, hash_password, needs_new_hash, password_fits
from actionry.server.problems import ProblemError, documented
from actionry.server.security import require_rate
from actionry.server.services import Services
from actionry.server.shapes import (
    Done,
    EmailIn,
    LinkIn,
    OidcStart,
    OidcWay,
    ResetIn,
    SessionOut,
    SignInIn,
    SignInWays,
    SignUpIn,
    UserOut,
)
from actionry.storage.accounts import User
from actionry.storage.actor import Person

router = APIRouter(prefix="/api/v1", tags=["account"])

RESET_S = 3600.0
LEAST_S = 0.35
"""An attempt takes at least so long, whether the account exists or not."""
PUBLIC: dict[str, list[dict[str, list[str]]]] = {"security": []}


@router.get("/session", operation_id="getSession", openapi_extra=PUBLIC)
async def get_session(identity: Anybody, services: Use) -> SessionOut:
    """Who is signed in, how people sign in here, and the token that changes need."""
    user = await services.accounts.find_user(identity, identity.user_id) if identity.user_id else None
    return _session(services, user, identity.session_token)


@router.post(
    "/session/link", operation_id="signInWithLink", openapi_extra=PUBLIC, responses=documented(400, 403, 422, 429)
)
async def sign_in_with_link(body: LinkIn, request: Request, response: Response, services: Use) -> SessionOut:
    """Sign in with the one-time token of the address that the server printed, or of a link that was sent."""
    _check_rate(services, request, "link")
    found = await services.accounts.redeem_link(body.token, "login")
    if found is None:
        services.metrics.sign_ins.labels("refused").inc()
        raise ProblemError(
            400, "link_used", "This link was used already, or is too old. Start the server again for a new one, or "
            "sign in another way.", whose_turn="user",
        )  # fmt: skip
    return await _begin(services, request, response, found[0], "link")


@router.post(
    "/session/password",
    operation_id="signInWithPassword",
    openapi_extra=PUBLIC,
    responses=documented(401, 403, 422, 429),
)
async def sign_in_with_password(body: SignInIn, request: Request, response: Response, services: Use) -> SessionOut:
    """Sign in with e-mail address and password."""
    _check_rate(services, request, body.email)
    password = Secret(body.password)
    async with _same_time():
        found = await services.accounts.for_sign_in(body.email)
        user, stored = found if found is not None else (None, None)
        fits = await password_fits(password, stored)
    if user is None or not fits or user.state != "active":
        services.metrics.sign_ins.labels("refused").inc()
        raise ProblemError(401, "wrong_password", "E-mail address or password is wrong.", whose_turn="user")
    if stored is not None and needs_new_hash(stored):
        await services.accounts.set_password(Person(user.id), await hash_password(password))
    return await _begin(services, request, response, user, "password")


@router.post(
    "/account", operation_id="signUp", status_code=201, openapi_extra=PUBLIC,
    responses=documented(403, 404, 409, 422, 429),
)  # fmt: skip
async def sign_up(body: SignUpIn, request: Request, response: Response, services: Use) -> SessionOut:
    """Make an account, as the policy of this installation allows."""
    _check_rate(services, request, body.email)
    password = Secret(body.password)
    check_password(password, email=body.email)
    user = await _make_account(services, body, password)
    return await _begin(services, request, response, user, "password")


async def _make_account(services: Services, body: SignUpIn, password: Secret) -> User:
    settings = services.settings
    if body.invitation is not None:
        if await services.accounts.find_invitation(body.invitation) is None:
            raise ProblemError(404, "invitation", "This invitation was used already, or is too old.", whose_turn="user")
        hashed = await hash_password(password)
        return await services.accounts.accept_invitation(
            body.invitation, name=body.name, email=body.email, password_hash=hashed
        )
    domain = body.email.rpartition("@")[2]
    if settings.sign_up != "open" or (settings.sign_up_domains and domain not in settings.sign_up_domains):
        raise ProblemError(
            403, "sign_up_closed", "Accounts are made by invitation here; ask the administrator for one.",
            whose_turn="user",
        )  # fmt: skip
    async with _same_time():
        return await services.accounts.create_user(
            name=body.name, email=body.email, password_hash=await hash_password(password)
        )


@router.delete("/session", operation_id="signOut", responses=documented(403))
async def sign_out(identity: Anybody, response: Response, services: Use) -> Done:
    """End this session."""
    if identity.session_token is not None:
        await services.accounts.close_session(identity.session_token.reveal())
    response.delete_cookie(
        cookie_name(services), path="/", secure=services.settings.secure, httponly=True, samesite="lax"
    )
    return Done()


@router.post(
    "/account/password-reset", operation_id="askForPasswordReset", status_code=202, openapi_extra=PUBLIC,
    responses=documented(403, 422, 429),
)  # fmt: skip
async def ask_for_password_reset(body: EmailIn, request: Request, services: Use) -> Done:
    """Ask the administrators for a link that sets a new password. The answer is the same for every address."""
    _check_rate(services, request, body.email)
    async with _same_time():
        found = await services.accounts.for_sign_in(body.email)
        if found is not None and found[0].state == "active":
            await services.storage.audit.write(Person(found[0].id), "user.password_reset_asked", subject=found[0].id)
    return Done()


@router.put(
    "/account/password-reset",
    operation_id="resetPassword",
    openapi_extra=PUBLIC,
    responses=documented(400, 403, 422, 429),
)
async def reset_password(body: ResetIn, request: Request, response: Response, services: Use) -> SessionOut:
    """Set a new password with the token of a reset link; all other sessions end."""
    _check_rate(services, request, "reset")
    password = Secret(body.password)
    check_password(password)
    hashed = await hash_password(password)
    found = await services.accounts.redeem_link(body.token, "password_reset")
    if found is None:
        raise ProblemError(
            400, "link_used", "This link was used already, or is too old. Ask for a new one.", whose_turn="user"
        )
    await services.accounts.set_password(found[0], hashed)
    return await _begin(services, request, response, found[0], "password")


# ------------------------------------------------------------------------------------------------------- OpenID Connect


@router.post(
    "/session/oidc", operation_id="beginOidcSignIn", openapi_extra=PUBLIC, responses=documented(403, 404, 429, 502)
)
async def begin_oidc_sign_in(request: Request, response: Response, services: Use) -> OidcStart:
    """Begin to sign in with the installation's OpenID Connect provider."""
    _check_rate(services, request, "oidc")
    provider = _provider(services)
    browser, url = await provider.begin(services.outbound.send, services.settings.public_url)
    response.set_cookie(
        _oidc_cookie(services), browser, max_age=600, path="/", secure=services.settings.secure, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return OidcStart(url=url)


@router.get("/session/oidc/callback", include_in_schema=False)
async def finish_oidc_sign_in(request: Request, services: Use) -> Response:
    """Where the provider sends the browser back to; ends on the page, signed in or with a word why not."""
    _check_rate(services, request, "oidc")
    provider = _provider(services)
    browser = request.cookies.get(_oidc_cookie(services), "")
    claims = await provider.finish(services.outbound.send, services.settings.public_url, request.url.query, browser)
    user = await oidc.account_of(services, claims)
    answer = Response(status_code=303, headers={"Location": "/"})
    await _begin(services, request, answer, user, "oidc")
    answer.delete_cookie(
        _oidc_cookie(services), path="/", secure=services.settings.secure, httponly=True, samesite="lax"
    )
    return answer


def _provider(services: Services) -> oidc.Provider:
    if services.oidc is None:
        raise ProblemError(404, "no_oidc", "No OpenID Connect provider is set up here.", whose_turn="operator")
    return services.oidc


def _oidc_cookie(services: Services) -> str:
    return "__Host-actionry-oidc" if services.settings.secure else "actionry-oidc"


# -------------------------------------------------------------------------------------------------------------- helpers


async def _begin(services: Services, request: Request, response: Response, user: User, method: str) -> SessionOut:
    """A new session for this browser; the one that it had ends (session fixation)."""
    earlier = request.cookies.get(cookie_name(services))
    if earlier and len(earlier) <= 200:
        await services.accounts.close_session(earlier)
    lifetime_s = services.settings.session_s
    token, _ = await services.accounts.open_session(
        user.id, method=method, lifetime_s=lifetime_s, user_agent=request.headers.get("user-agent", "")
    )
    response.set_cookie(
        cookie_name(services), token.reveal(), max_age=int(lifetime_s), path="/", secure=services.settings.secure,
        httponly=True, samesite="lax",
    )  # fmt: skip
    services.metrics.sign_ins.labels("done").inc()
    return _session(services, user, token)


def _session(services: Services, user: User | None, token: Secret | None) -> SessionOut:
    settings = services.settings
    return SessionOut(
        user=UserOut.model_validate(user) if user is not None else None,
        csrf_token=csrf_token(token) if token is not None else None,
        ways=SignInWays(
            local=settings.local_user,
            password=not settings.local_user,
            sign_up=settings.sign_up,
            oidc=OidcWay(name=services.oidc.name) if services.oidc is not None else None,
        ),
        demo_gpt_id=services.demo_gpt_id if user is not None and user.local else None,
        model=services.models.default if user is not None else None,
        version=__version__,
    )


def _check_rate(services: Services, request: Request, account: str) -> None:
    """From one address, and for one account: neither many accounts from one place nor one from many."""
    per_minute = services.settings.sign_ins_per_minute
    require_rate(services.sign_in_rates, f"address:{request.scope['actionry.client']}", per_minute=per_minute)
    if "@" in account:
        require_rate(services.sign_in_rates, f"account:{account}", per_minute=per_minute)


@asynccontextmanager
async def _same_time() -> AsyncIterator[None]:
    """What happens inside takes the same time bucket, whatever is found there."""
    started = time.monotonic()
    try:
        yield
    finally:
        spent = time.monotonic() - started
        await asyncio.sleep(LEAST_S - spent % LEAST_S)
