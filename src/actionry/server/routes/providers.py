"""Model providers that administrators enter. A key goes in and never comes out again (THREATS L-01)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as PathParameter
from pydantic import Field, StringConstraints

from actionry.credentials.secret import Secret
from actionry.errors import ProviderError
from actionry.models.catalogue import ProviderDescription, describe_provider
from actionry.server.deps import Administrator, Use
from actionry.server.problems import documented, field_problem, not_found
from actionry.server.shapes import Done, Input, Shape
from actionry.storage.providers import ModelProvider

router = APIRouter(prefix="/api/v1/admin", tags=["admin"])

ProviderId = Annotated[str, PathParameter(max_length=100, description="Id of the provider.")]
ProviderName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")]
Url = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Key = Annotated[str, StringConstraints(max_length=1000)]


class ProviderIn(Input):
    name: ProviderName
    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        description="openai, anthropic, google, ollama, openai-compatible and so on."
    )
    base_url: Url | None = None
    key: Key | None = None


class ProviderChange(Input):
    base_url: Url | None = None
    key: Key | None = Field(default=None, description="A new key; an empty text deletes it.")
    enabled: bool | None = None


class ProviderOut(Shape):
    id: str
    name: str
    kind: str
    base_url: str | None = None
    has_key: bool
    hint: str = Field(description="The last four characters of the key.")
    enabled: bool


@router.get("/providers", operation_id="listProviders", responses=documented(401, 404))
async def list_providers(identity: Administrator, services: Use) -> list[ProviderOut]:
    """Model providers that were entered, without their keys."""
    return [_shape(each) for each in await services.storage.providers.all()]


@router.post("/providers", operation_id="addProvider", status_code=201, responses=documented(401, 404, 409, 422))
async def add_provider(body: ProviderIn, identity: Administrator, services: Use) -> ProviderOut:
    """Enter a model provider."""
    described = _describe(body.name, body.kind, body.base_url, body.key)
    added = await services.storage.providers.add(
        identity, name=body.name, kind=described.kind, base_url=described.base_url, key=described.key
    )
    await services.storage.audit.write(identity, "provider.add", subject=added.id, kind=described.kind)
    services.models.search()
    return _shape(added)


@router.patch("/providers/{provider_id}", operation_id="changeProvider", responses=documented(401, 404, 422))
async def change_provider(
    provider_id: ProviderId, body: ProviderChange, identity: Administrator, services: Use
) -> ProviderOut:
    """Change address or key of a provider, or switch it off and on."""
    known = next((each for each in await services.storage.providers.all() if each.id == provider_id), None)
    if known is None:
        raise not_found("provider")
    given = body.model_dump(exclude={"key"}, exclude_none=True)
    _describe(known.name, known.kind, body.base_url or known.base_url, body.key)
    key = Secret(body.key) if body.key is not None else None
    changed = await services.storage.providers.update(identity, provider_id, key=key, **given)
    await services.storage.audit.write(identity, "provider.change", subject=provider_id)
    services.models.search()
    return _shape(changed)


@router.delete("/providers/{provider_id}", operation_id="removeProvider", responses=documented(401, 404))
async def remove_provider(provider_id: ProviderId, identity: Administrator, services: Use) -> Done:
    """Remove a provider with its key."""
    if not await services.storage.providers.remove(identity, provider_id):
        raise not_found("provider")
    await services.storage.audit.write(identity, "provider.remove", subject=provider_id)
    services.models.search()
    return Done()


def _describe(name: str, kind: str, base_url: str | None, key: str | None) -> ProviderDescription:
    """What the entries make; a field that cannot be used is named."""
    try:
        return describe_provider(name, kind, base_url=base_url, key=key or None)
    except ProviderError as error:
        raise field_problem("kind" if base_url is None else "base_url", str(error)) from None


def _shape(provider: ModelProvider) -> ProviderOut:
    return ProviderOut.model_validate(provider)
