"""Which models there are to choose from."""

from __future__ import annotations

from fastapi import APIRouter

from actionry.server.deps import Chatter, Use
from actionry.server.problems import documented
from actionry.server.shapes import Shape

router = APIRouter(prefix="/api/v1", tags=["chat"])


class ModelPage(Shape):
    default: str
    models: list[str]


@router.get("/models", operation_id="listModels", responses=documented(401))
async def list_models(identity: Chatter, services: Use) -> ModelPage:
    """The models that a conversation can use, the default first."""
    return ModelPage(default=services.models.default, models=await services.models.names())
