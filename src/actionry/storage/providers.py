"""What belongs to the installation: model providers with sealed keys, allowed domains, settings, secrets, vault keys.

Reading what the server itself runs on takes no actor; changing it takes an administrator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from sqlalchemy import delete, select, update

from actionry.credentials.secret import Secret, as_secret
from actionry.credentials.vault import Place, Vault
from actionry.errors import VaultError
from actionry.storage.actor import Actor, owner_id
from actionry.storage.calls import dump
from actionry.storage.engine import Database
from actionry.storage.errors import Conflict, NotFound
from actionry.storage.ids import new_id
from actionry.storage.tables import allowed_domains, model_providers, server_secrets, server_settings, vault_keys

Purpose = Literal["action", "sign_up", "private_address"]

KNOWN_TEXT = "actionry"
"""Sealed under each key: what opens to something else was sealed with another key of the same id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProvider:
    id: str
    name: str
    """As in `openai:NAME`, before the colon."""
    kind: str
    base_url: str | None
    has_key: bool
    hint: str
    """Last four characters of the key."""
    models: tuple[str, ...]
    settings: Mapping[str, Any]
    enabled: bool
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedDomain:
    purpose: Purpose
    domain: str
    note: str
    created_by: str
    created_at: float


class Providers:
    def __init__(self, database: Database, vault: Vault, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.vault = vault
        self.clock = clock

    async def all(self) -> list[ModelProvider]:
        """Without keys."""
        return [
            _read(row) for row in await self.database.fetch(select(model_providers).order_by(model_providers.c.name))
        ]

    async def key(self, provider_id: str) -> Secret | None:
        """For the server's own requests to the provider."""
        query = select(model_providers.c.sealed).where(model_providers.c.id == provider_id)
        row = await self.database.fetch_one(query)
        if row is None or row.sealed is None:
            return None
        return self.vault.open(row.sealed, Place("model_providers", provider_id, "sealed"))

    async def add(
        self,
        actor: Actor,
        *,
        name: str,
        kind: str,
        base_url: str | None = None,
        key: Secret | None = None,
        models: Sequence[str] = (),
        settings: Mapping[str, Any] | None = None,
        enabled: bool = True,
    ) -> ModelProvider:
        """Raises Conflict when the name is taken."""
        _require_admin(actor)
        now, provider_id = self.clock(), new_id("p")
        values: dict[str, Any] = {
            "id": provider_id,
            "name": name,
            "kind": kind,
            "base_url": base_url,
            "models": dump(list(models)),
            "settings": dump(dict(settings or {})),
            "enabled": enabled,
            "created_at": now,
            "updated_at": now,
        } | self._sealed(provider_id, key)
        async with self.database.writing() as connection:
            if not await self.database.insert_new(connection, model_providers, values):
                raise _name_taken(name)
            query = select(model_providers).where(model_providers.c.id == provider_id)
            return _read((await connection.execute(query)).one())

    async def update(self, actor: Actor, provider_id: str, *, key: Secret | None = None, **given: Any) -> ModelProvider:
        """Change what is given of `name`, `base_url`, `models`, `settings`, `enabled`; an empty key deletes the key."""
        _require_admin(actor)
        values: dict[str, Any] = {name: given[name] for name in ("name", "base_url", "enabled") if name in given}
        values |= {name: dump(given[name]) for name in ("models", "settings") if name in given}
        values |= self._sealed(provider_id, key) | {"updated_at": self.clock()}
        async with self.database.writing() as connection:
            if "name" in values:
                taken = select(model_providers.c.id).where(
                    model_providers.c.name == values["name"], model_providers.c.id != provider_id
                )
                if (await connection.execute(taken)).first() is not None:
                    raise _name_taken(values["name"])
            await connection.execute(update(model_providers).where(model_providers.c.id == provider_id).values(values))
            query = select(model_providers).where(model_providers.c.id == provider_id)
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound("provider")
        return _read(row)

    async def remove(self, actor: Actor, provider_id: str) -> bool:
        _require_admin(actor)
        async with self.database.writing() as connection:
            gone = delete(model_providers).where(model_providers.c.id == provider_id)
            return bool((await connection.execute(gone)).rowcount)

    def _sealed(self, provider_id: str, key: Secret | None) -> dict[str, Any]:
        if key is None:
            return {}
        text = as_secret(key).reveal()
        if not text:
            return {"sealed": None, "hint": ""}
        sealed = self.vault.seal(key, Place("model_providers", provider_id, "sealed"))
        return {"sealed": sealed, "hint": text[-4:] if len(text) >= 16 else ""}


class ServerSettings:
    """What administrators set in the page, and what the server keeps for itself."""

    def __init__(self, database: Database, vault: Vault, *, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.vault = vault
        self.clock = clock

    async def all(self) -> dict[str, Any]:
        rows = await self.database.fetch(select(server_settings.c.name, server_settings.c.value))
        return {row.name: orjson.loads(row.value) for row in rows}

    async def put(self, actor: Actor, name: str, value: Any) -> None:
        _require_admin(actor)
        values = {"name": name, "value": dump(value), "updated_by": owner_id(actor), "updated_at": self.clock()}
        async with self.database.writing() as connection:
            await self.database.upsert(connection, server_settings, values, key=("name",))

    async def remove(self, actor: Actor, name: str) -> bool:
        _require_admin(actor)
        async with self.database.writing() as connection:
            gone = delete(server_settings).where(server_settings.c.name == name)
            return bool((await connection.execute(gone)).rowcount)

    async def domains(self, purpose: Purpose) -> list[AllowedDomain]:
        query = select(allowed_domains).where(allowed_domains.c.purpose == purpose).order_by(allowed_domains.c.domain)
        return [AllowedDomain(**row._mapping) for row in await self.database.fetch(query)]

    async def allow_domain(self, actor: Actor, purpose: Purpose, domain: str, *, note: str = "") -> None:
        _require_admin(actor)
        values = {
            "purpose": purpose,
            "domain": domain.strip().lower(),
            "note": note,
            "created_by": owner_id(actor),
            "created_at": self.clock(),
        }
        async with self.database.writing() as connection:
            await self.database.upsert(connection, allowed_domains, values, key=("purpose", "domain"))

    async def forbid_domain(self, actor: Actor, purpose: Purpose, domain: str) -> bool:
        _require_admin(actor)
        mine = (allowed_domains.c.purpose == purpose, allowed_domains.c.domain == domain.strip().lower())
        async with self.database.writing() as connection:
            return bool((await connection.execute(delete(allowed_domains).where(*mine))).rowcount)

    async def secret(self, name: str, make: Callable[[], str]) -> Secret:
        """The server's own secret of this name (a signing key), made once for all processes."""
        place = Place("server_secrets", name, "sealed")
        query = select(server_secrets.c.sealed).where(server_secrets.c.name == name)
        async with self.database.reading() as connection:
            sealed = await connection.scalar(query)
        if sealed is None:
            fresh = {"name": name, "sealed": self.vault.seal(Secret(make()), place), "created_at": self.clock()}
            async with self.database.writing() as connection:
                await self.database.insert_new(connection, server_secrets, fresh)
                sealed = await connection.scalar(query)
        assert sealed is not None
        return self.vault.open(sealed, place)

    async def check_vault(self) -> None:
        """Whether the keys at hand are those that the stored secrets were sealed with. Raises VaultError at start.

        A key that is used for the first time leaves a known text behind, by which it is recognised later.
        """
        async with self.database.reading() as connection:
            rows = (await connection.execute(select(vault_keys.c.key_id, vault_keys.c.sealed))).all()
        known = {row.key_id for row in rows}
        for row in rows:
            if row.key_id not in self.vault.key_ids:
                continue  # nothing may be left under it; whatever is says so when it is opened
            if self.vault.open(row.sealed, Place("vault_keys", row.key_id, "sealed")).reveal() != KNOWN_TEXT:
                raise VaultError(f"The key `{row.key_id}` opens something else than it sealed.")
        current = self.vault.current_key_id
        if current in known:
            return
        if known and not known & set(self.vault.key_ids):
            names = ", ".join(f"`{key_id}`" for key_id in sorted(known))
            raise VaultError(
                f"The stored secrets were sealed with {names}; none of these keys is set.",
                mend="Put the key back into ACTIONRY_SECRET_KEYS (or the file `keys` in the data folder).",
            )
        sealed = self.vault.seal(Secret(KNOWN_TEXT), Place("vault_keys", current, "sealed"))
        values = {"key_id": current, "sealed": sealed, "first_used_at": self.clock()}
        async with self.database.writing() as connection:
            await self.database.insert_new(connection, vault_keys, values)


def _require_admin(actor: Actor) -> None:
    if not actor.admin:
        raise NotFound("page")


def _name_taken(name: str) -> Conflict:
    return Conflict(f"There is a provider named {name!r}.", mend="Choose another name.")


def _read(row: Any) -> ModelProvider:
    values = dict(row._mapping)
    sealed = values.pop("sealed")
    values |= {"models": tuple(orjson.loads(row.models)), "settings": orjson.loads(row.settings)}
    return ModelProvider(**values, has_key=sealed is not None)
