"""What a person has allowed without a further question, and taking it back (CO-04)."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter

from actionry.server.deps import Chatter, Use
from actionry.server.problems import documented, not_found
from actionry.server.shapes import ConsentOut, ConsentPage, Done

router = APIRouter(prefix="/api/v1", tags=["chat"])


@router.get("/consents", operation_id="listConsents", responses=documented(401))
async def list_consents(
    identity: Chatter,
    services: Use,
    gpt_id: Annotated[str | None, Query(max_length=100, description="Those of this GPT.")] = None,
) -> ConsentPage:
    """Everything that is allowed without a further question."""
    now = time.time()
    found = [grant for grant in await services.storage.grants.of_user(identity.user_id or "") if grant.alive(now)]
    return ConsentPage(
        consents=[
            ConsentOut(
                id=grant.id, kind=grant.kind, gpt_id=grant.gpt or None, origin=grant.origin, operation=grant.operation,
                granted_at=grant.granted_at, expires_at=grant.expires_at,
            )
            for grant in found
            if gpt_id is None or grant.gpt == gpt_id
        ]
    )  # fmt: skip


@router.delete("/consents/{consent_id}", operation_id="revokeConsent", responses=documented(401, 404))
async def revoke_consent(
    consent_id: Annotated[str, PathParameter(max_length=100, description="Id of the consent.")],
    identity: Chatter,
    services: Use,
) -> Done:
    """Ask again before this operation, or this domain, is called."""
    if not await services.storage.grants.revoke(consent_id, identity.user_id or ""):
        raise not_found("consent")
    return Done()


@router.delete("/consents", operation_id="revokeConsents", responses=documented(401))
async def revoke_consents(
    identity: Chatter,
    services: Use,
    gpt_id: Annotated[str | None, Query(max_length=100, description="Only those of this GPT.")] = None,
) -> Done:
    """Ask again before everything."""
    await services.storage.grants.revoke_all(identity, gpt_id=gpt_id)
    return Done()
