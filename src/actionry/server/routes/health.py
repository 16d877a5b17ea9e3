"""Whether the process lives and may be sent requests, its figures, and its own OpenAPI document."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from actionry.server.deps import Use, unauthorized
from actionry.server.metrics import CONTENT_TYPE
from actionry.server.openapi import Section, document
from actionry.server.problems import ProblemError
from actionry.server.security import from_loopback
from actionry.server.shapes import Shape

router = APIRouter(include_in_schema=False)


class Health(Shape):
    status: Literal["ok", "starting", "stopping"]


@router.get("/healthz/live")
async def live() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/healthz")
@router.get("/healthz/ready")
async def ready(services: Use) -> Health:
    """Requests may be sent here: started, not stopping, and the database answers."""
    if services.stopping or not services.ready:
        raise ProblemError(
            503, "not_ready", "The server is stopping." if services.stopping else "The server is starting.",
            whose_turn=None, may_retry=True, headers={"Retry-After": "2"},
        )  # fmt: skip
    await services.storage.database.check()
    return Health(status="ok")


@router.get("/metrics")
async def metrics(services: Use, request: Request) -> Response:
    """For Prometheus: with the operator's token, or from this machine where none is set."""
    token = services.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    allowed = (
        hmac.compare_digest(given.encode(), token.reveal().encode())
        if token is not None
        else from_loopback(request.scope)
    )
    if not allowed:
        raise unauthorized(
            "The metrics are for the operator: set ACTIONRY_METRICS_TOKEN and send it as a bearer token."
        )
    return Response(services.metrics.text(), media_type=CONTENT_TYPE)


@router.get("/api/v1/openapi.json")
async def openapi(
    services: Use, request: Request, section: Annotated[Section | None, Query()] = None
) -> dict[str, Any]:
    """The OpenAPI document, whole or one section of at most 30 operations."""
    if not services.settings.api_docs:
        raise ProblemError(404, "not_found", "The API document is not served here.")
    return document(request.app, services.settings.public_url, section)
