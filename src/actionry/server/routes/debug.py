"""The view under the hood of a turn (GE-11, PR-12). What it shows was masked before it was stored (L-03)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter

from actionry.server.deps import Chatter, Use
from actionry.server.problems import documented, not_found
from actionry.server.shapes import TraceOut, TurnOut
from actionry.server.trace import make_trace

router = APIRouter(prefix="/api/v1", tags=["chat"])


@router.get("/turns/{turn_id}/trace", operation_id="getTrace", responses=documented(401, 404))
async def get_trace(
    turn_id: Annotated[str, PathParameter(max_length=100, description="Id of the turn.")],
    identity: Chatter,
    services: Use,
) -> TraceOut:
    """What the model was offered and said, and each call as it was checked, sent and answered."""
    turn = await services.storage.turns.find(identity, turn_id)
    events = await services.storage.turns.read_for(identity, turn_id)
    if turn is None or events is None:
        raise not_found("turn")
    return make_trace(TurnOut.model_validate(turn), events)
