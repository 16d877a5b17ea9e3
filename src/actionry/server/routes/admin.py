"""The installation: users, invitations, domains that actions may call, what was done, and how it is.

Administrators see who is there, not what people say: conversations, files and secrets of others stay closed to them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter
from pydantic import Field, StringConstraints

from actionry import __version__
from actionry.server.deps import Administrator, Use
from actionry.server.problems import documented, field_problem, not_found
from actionry.server.shapes import Done, Email, Input, Shape
from actionry.storage.accounts import Invitation, User

router = APIRouter(prefix="/api/v1/admin", tags=["admin"])

INVITATION_S = 7 * 86_400.0
RESET_S = 24 * 3600.0

UserId = Annotated[str, PathParameter(max_length=100, description="Id of the user.")]
Domain = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=253,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$",
    ),
]


class AdminUser(Shape):
    id: str
    name: str
    email: str | None = None
    email_verified: bool
    role: Literal["user", "admin"]
    state: Literal["active", "disabled"]
    local: bool
    created_at: float
    seen_at: float | None = None


class UserPage(Shape):
    users: list[AdminUser]
    next: str | None = Field(default=None, description="Give it as `after` for the page after this one.")


class UserChange(Input):
    role: Literal["user", "admin"] | None = None
    state: Literal["active", "disabled"] | None = None


class Link(Shape):
    url: str = Field(description="Send it to the person; it works once.")


class InvitationIn(Input):
    email: Email | None = Field(default=None, description="Only who has this address may use it.")
    role: Literal["user", "admin"] = "user"


class InvitationOut(Shape):
    id: str
    email: str | None = None
    role: Literal["user", "admin"]
    created_at: float
    expires_at: float
    accepted_at: float | None = None


class NewInvitation(Shape):
    url: str = Field(description="Send it to the person; it works once.")
    info: InvitationOut


class DomainIn(Input):
    domain: Domain
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class DomainOut(Shape):
    domain: str
    note: str
    created_at: float


class AuditOut(Shape):
    id: int
    at: float
    user_id: str | None = None
    what: str
    subject: str
    details: dict[str, Any]


class AuditPage(Shape):
    entries: list[AuditOut]


class HealthOut(Shape):
    """How the installation is."""

    version: str
    database: str
    public_url: str
    model: str
    users: int
    turns_running: int
    streams: int
    sign_up: str
    allowed_networks: list[str] = Field(description="Private places that actions may call.")
    egress_proxy: bool


@router.get("/users", operation_id="listUsers", responses=documented(401, 403, 422))
async def list_users(
    identity: Administrator,
    services: Use,
    search: Annotated[str, Query(max_length=200, description="A part of name or address.")] = "",
    after: Annotated[str, Query(max_length=100, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
) -> UserPage:
    """Everybody who has an account."""
    found = await services.accounts.page(identity, limit=limit + 1, after=after, search=search)
    return UserPage(
        users=[_user(each) for each in found[:limit]], next=found[limit - 1].id if len(found) > limit else None
    )


@router.patch("/users/{user_id}", operation_id="changeUser", responses=documented(401, 403, 404, 409, 422))
async def change_user(user_id: UserId, body: UserChange, identity: Administrator, services: Use) -> AdminUser:
    """Make somebody an administrator or a user, disable or enable an account."""
    user = await services.accounts.find_user(identity, user_id)
    if user is None:
        raise not_found("user")
    if body.role is not None and body.role != user.role:
        user = await services.accounts.set_role(identity, user_id, body.role)
        await services.storage.audit.write(identity, "user.role", subject=user_id, role=body.role)
    if body.state is not None and body.state != user.state:
        user = await services.accounts.set_state(identity, user_id, body.state)
        await services.storage.audit.write(identity, "user.state", subject=user_id, state=body.state)
    return _user(user)


@router.delete("/users/{user_id}", operation_id="deleteUser", responses=documented(401, 403, 404, 409))
async def delete_user(user_id: UserId, identity: Administrator, services: Use) -> Done:
    """Delete an account with everything that was theirs."""
    if await services.accounts.find_user(identity, user_id) is None:
        raise not_found("user")
    await services.accounts.delete_user(identity, user_id)
    await services.storage.audit.write(identity, "user.delete", subject=user_id)
    services.soon(services.storage.files.sweep())
    return Done()


@router.post("/users/{user_id}/reset-link", operation_id="makeResetLink", responses=documented(401, 403, 404))
async def make_reset_link(user_id: UserId, identity: Administrator, services: Use) -> Link:
    """A link with which the person sets a new password."""
    user = await services.accounts.find_user(identity, user_id)
    if user is None or user.local:
        raise not_found("user")
    token = await services.accounts.issue_link(user_id, "password_reset", lifetime_s=RESET_S)
    await services.storage.audit.write(identity, "user.reset_link", subject=user_id)
    return Link(url=f"{services.settings.public_url}/#reset={token.reveal()}")


@router.get("/invitations", operation_id="listInvitations", responses=documented(401, 403))
async def list_invitations(identity: Administrator, services: Use) -> list[InvitationOut]:
    """Who was invited."""
    return [_invitation(each) for each in await services.accounts.invitations(identity)]


@router.post("/invitations", operation_id="invite", status_code=201, responses=documented(401, 403, 422))
async def invite(body: InvitationIn, identity: Administrator, services: Use) -> NewInvitation:
    """Let somebody make an account, within a week."""
    if services.settings.local_user:
        raise field_problem("", "This server has one local user; set ACTIONRY_PUBLIC_URL to let others in.")
    token, made = await services.accounts.invite(identity, lifetime_s=INVITATION_S, email=body.email, role=body.role)
    await services.storage.audit.write(identity, "invitation.create", subject=made.id, role=body.role)
    return NewInvitation(url=f"{services.settings.public_url}/#invitation={token.reveal()}", info=_invitation(made))


@router.delete("/invitations/{invitation_id}", operation_id="revokeInvitation", responses=documented(401, 403, 404))
async def revoke_invitation(
    invitation_id: Annotated[str, PathParameter(max_length=100, description="Id of the invitation.")],
    identity: Administrator,
    services: Use,
) -> Done:
    """Take an invitation back."""
    if not await services.accounts.revoke_invitation(identity, invitation_id):
        raise not_found("invitation")
    await services.storage.audit.write(identity, "invitation.revoke", subject=invitation_id)
    return Done()


@router.get("/domains", operation_id="listAllowedDomains", responses=documented(401, 403))
async def list_allowed_domains(identity: Administrator, services: Use) -> list[DomainOut]:
    """Domains that actions may call; with none listed, any."""
    found = await services.storage.settings.domains("action")
    return [DomainOut(domain=each.domain, note=each.note, created_at=each.created_at) for each in found]


@router.post("/domains", operation_id="allowDomain", status_code=201, responses=documented(401, 403, 422))
async def allow_domain(body: DomainIn, identity: Administrator, services: Use) -> Done:
    """Let actions call a domain and what is below it. The first one closes all others."""
    await services.storage.settings.allow_domain(identity, "action", body.domain, note=body.note)
    await services.storage.audit.write(identity, "domain.allow", subject=body.domain)
    return Done()


@router.delete("/domains/{domain}", operation_id="forbidDomain", responses=documented(401, 403, 404))
async def forbid_domain(
    domain: Annotated[str, PathParameter(max_length=253, description="The domain.")],
    identity: Administrator,
    services: Use,
) -> Done:
    """Take a domain from the list."""
    if not await services.storage.settings.forbid_domain(identity, "action", domain):
        raise not_found("domain")
    await services.storage.audit.write(identity, "domain.forbid", subject=domain)
    return Done()


@router.get("/audit", operation_id="listAudit", responses=documented(401, 403, 422))
async def list_audit(
    identity: Administrator,
    services: Use,
    before: Annotated[int | None, Query(ge=0, le=2**53, description="Entries with a smaller id.")] = None,
    user_id: Annotated[str | None, Query(max_length=100, description="Of this user.")] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="How many at most.")] = 100,
) -> AuditPage:
    """What people and administrators did, latest first."""
    found = await services.storage.audit.page(identity, limit=limit, before=before, user_id=user_id)
    return AuditPage(
        entries=[
            AuditOut(
                id=each.id,
                at=each.at,
                user_id=each.user_id,
                what=each.what,
                subject=each.subject,
                details=dict(each.details),
            )
            for each in found
        ]
    )


@router.get("/health", operation_id="getHealth", responses=documented(401, 403))
async def get_health(identity: Administrator, services: Use) -> HealthOut:
    """How the installation is."""
    settings = services.settings
    await services.storage.database.check()
    return HealthOut(
        version=__version__, database=services.storage.database.backend, public_url=settings.public_url,
        model=services.models.default, users=await services.accounts.count(), turns_running=services.runner.running,
        streams=len(services.streams), sign_up=settings.sign_up, allowed_networks=list(settings.allowed_networks),
        egress_proxy=settings.egress_proxy is not None,
    )  # fmt: skip


def _user(user: User) -> AdminUser:
    return AdminUser.model_validate(user)


def _invitation(invitation: Invitation) -> InvitationOut:
    return InvitationOut.model_validate(invitation)
