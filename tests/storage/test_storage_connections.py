"""Connections and consent: sealed, bound to user and origin, renewed once, forgotten when deleted."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from actionry.actions.grants import Grant
from actionry.actions.proposal import Identity
from actionry.credentials.oauth import Connection as OAuthConnection
from actionry.credentials.oauth import OAuthSettings, PendingLogin, RegisteredClient, TokenKeeper
from actionry.credentials.schemes import OAuthToken
from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault
from actionry.errors import LoginNeeded, VaultError
from actionry.http import Headers, Request, Response
from actionry.storage.actor import Actor
from actionry.storage.connections import StoredConnection
from actionry.storage.errors import NotFound
from actionry.storage.storage import Storage, open_storage
from storage.people import ORIGIN, make_person, published_gpt

SETTINGS = OAuthSettings(
    client_id="client", authorize_url="https://id.example.com/authorize", token_url="https://id.example.com/token"
)


def token(text: str = "at-1", **more: object) -> OAuthToken:
    return OAuthToken(access_token=Secret(text), refresh_token=Secret("rt-1"), expires_at=time.time() - 1, **more)  # type: ignore[arg-type]


async def shared_gpt(storage: Storage, owner: Actor) -> tuple[str, str]:
    gpt_id, action_id = await published_gpt(storage, owner)
    await storage.gpts.set_visibility(owner, gpt_id, "link")
    return gpt_id, action_id


async def secret_of(
    storage: Storage, actor: Actor, action_id: str, *, everyone: bool, origin: str = ORIGIN
) -> str | None:
    found = await storage.connections.secret_for_call(actor, action_id, "key", origin=origin, for_everyone=everyone)
    return found.reveal() if found is not None else None


@pytest.mark.row("R-13")
async def test_a_key_is_its_users_alone(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    _, action_id = await shared_gpt(storage, ada)
    mine = await storage.connections.put_key(eve, action_id, "key", Secret("eve-key-0123456789"), origin=ORIGIN)
    assert (mine.hint, mine.state) == ("6789", "connected")
    assert await secret_of(storage, eve, action_id, everyone=False) == "eve-key-0123456789"
    assert await secret_of(storage, ada, action_id, everyone=False) is None
    assert await secret_of(storage, eve, action_id, everyone=True) is None
    assert await storage.connections.find(ada, mine.id) is None
    assert await storage.connections.of_action(ada, action_id) == []
    with pytest.raises(NotFound):
        await storage.connections.disconnect(ada, mine.id)


async def test_a_key_for_everyone_takes_the_right_to_edit(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    _, action_id = await shared_gpt(storage, ada)
    with pytest.raises(NotFound):
        await storage.connections.put_key(eve, action_id, "key", Secret("x"), origin=ORIGIN, for_everyone=True)
    saved = await storage.connections.put_key(ada, action_id, "key", Secret("shared"), origin=ORIGIN, for_everyone=True)
    again = await storage.connections.put_key(ada, action_id, "key", Secret("newer"), origin=ORIGIN, for_everyone=True)
    assert again.id == saved.id
    assert await secret_of(storage, eve, action_id, everyone=True) == "newer"
    assert await storage.connections.of_action(eve, action_id) == []
    assert await storage.connections.find(eve, saved.id) is None
    with pytest.raises(NotFound):
        await storage.connections.disconnect(eve, saved.id)


@pytest.mark.row("R-14")
async def test_a_key_stays_with_its_origin(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    _, action_id = await shared_gpt(storage, ada)
    await storage.connections.put_key(eve, action_id, "key", Secret("eve-key"), origin=ORIGIN)
    elsewhere = "https://evil.example.com:443"
    assert await secret_of(storage, eve, action_id, everyone=False, origin=elsewhere) is None
    with pytest.raises(NotFound):
        await storage.connections.detach_moved(eve, action_id, origin=elsewhere)
    assert await storage.connections.detach_moved(ada, action_id, origin=elsewhere) == 1
    assert await secret_of(storage, eve, action_id, everyone=False) is None


async def test_who_may_no_longer_use_the_gpt_gets_no_secret(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    gpt_id, action_id = await shared_gpt(storage, ada)
    await storage.connections.put_key(ada, action_id, "key", Secret("shared"), origin=ORIGIN, for_everyone=True)
    await storage.gpts.set_visibility(ada, gpt_id, "private")
    assert await secret_of(storage, eve, action_id, everyone=True) is None
    assert await storage.connections.for_call(eve, action_id) == []


async def connected(storage: Storage, ada: Actor) -> tuple[StoredConnection, OAuthConnection]:
    _, action_id = await shared_gpt(storage, ada)
    binding = SETTINGS.binding(ORIGIN)
    row = await storage.connections.ensure(ada, action_id, "oauth", origin=ORIGIN, binding=binding)
    return row, OAuthConnection(id=row.id, settings=SETTINGS, origin=ORIGIN)


@pytest.mark.row("O-16")
async def test_twenty_calls_renew_a_token_once(storage: Storage) -> None:
    ada = await make_person(storage)
    row, link = await connected(storage, ada)
    asked = 0

    async def send(request: Request) -> Response:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        body = b'{"access_token": "at-2", "token_type": "Bearer", "expires_in": 3600}'
        return Response(200, Headers({"Content-Type": "application/json"}), body, request.url)

    keepers = [TokenKeeper(storage.tokens, send) for _ in range(4)]  # as in four processes
    await keepers[0].connect(link, token())
    found = await storage.connections.find(ada, row.id)
    assert found is not None
    assert found.state == "connected"
    fresh = await asyncio.gather(*(keeper.fresh(link) for keeper in keepers for _ in range(5)))
    assert {each.access_token.reveal() for each in fresh} == {"at-2"}
    assert asked == 1


async def test_tokens_are_compared_and_set(storage: Storage) -> None:
    ada = await make_person(storage)
    row, link = await connected(storage, ada)
    binding = link.binding
    assert await storage.tokens.find(row.id) is None
    wins = await asyncio.gather(
        *(storage.tokens.replace(row.id, expected=None, token=token(f"t{n}"), binding=binding) for n in range(6))
    )
    assert sum(wins) == 1
    stored = await storage.tokens.find(row.id)
    assert stored is not None
    assert stored.binding == binding
    assert stored.token.refresh_token == Secret("rt-1")
    assert await storage.tokens.replace(row.id, expected=stored.version, token=None, binding=binding)
    assert not await storage.tokens.replace(row.id, expected=stored.version, token=token("old"), binding=binding)
    assert await storage.tokens.replace(row.id, expected=None, token=token("new"), binding=binding)
    newest = await storage.tokens.find(row.id)
    assert newest is not None
    assert newest.version > stored.version
    await storage.connections.disconnect(ada, row.id)
    with pytest.raises(LoginNeeded):
        await storage.tokens.replace(row.id, expected=None, token=token(), binding=binding)


async def test_another_binding_loses_the_token(storage: Storage) -> None:
    ada = await make_person(storage)
    row, link = await connected(storage, ada)
    assert await storage.tokens.replace(row.id, expected=None, token=token(), binding=link.binding)
    kept = await storage.connections.ensure(ada, row.action_id, "oauth", origin=ORIGIN, binding=link.binding)
    assert kept.state == "connected"
    moved = await storage.connections.ensure(ada, row.action_id, "oauth", origin=ORIGIN, binding="other")
    assert (moved.id, moved.state) == (row.id, "pending")
    assert await storage.tokens.find(row.id) is None


@pytest.mark.row("O-05")
async def test_a_pending_login_is_taken_once(storage: Storage) -> None:
    ada = await make_person(storage)
    _, action_id = await shared_gpt(storage, ada)

    def pending(key: str) -> PendingLogin:
        return PendingLogin(
            key=key,
            session_hash="s" * 64,
            user=ada.id,
            action=action_id,
            issuer=None,
            iss_required=False,
            redirect_uri="https://here.example.com/aip/x/oauth/callback",
            verifier=Secret("v" * 60),
            nonce="n",
            binding="b",
            created_at=time.time(),
        )

    await storage.logins.put(pending("k1"))
    taken = await asyncio.gather(*(storage.logins.take("k1") for _ in range(6)))
    assert [each for each in taken if each is not None] == [pending("k1")] or sum(t is not None for t in taken) == 1
    for number in range(25):
        await storage.logins.put(pending(f"many-{number}"))
    left = [await storage.logins.take(f"many-{number}") for number in range(25)]
    assert sum(each is not None for each in left) == 20
    assert left[-1] is not None


@pytest.mark.row("T-07")
async def test_registered_clients_are_kept_whole(storage: Storage) -> None:
    client = RegisteredClient(
        issuer="https://id.example.com",
        client_id="c1",
        client_secret=Secret("cs"),
        expires_at=5e9,
        redirect_uris=("https://here.example.com/cb",),
        registration_access_token=Secret("rat"),
        registration_client_uri="https://id.example.com/c1",
    )
    assert await storage.clients.find("key") is None
    await storage.clients.put("key", client)
    await storage.clients.put("key", client)
    assert await storage.clients.find("key") == client
    public = RegisteredClient(issuer="https://id.example.com", client_id="c2")
    await storage.clients.put("other", public)
    assert await storage.clients.find("other") == public
    inside = 0

    async def alone() -> None:
        nonlocal inside
        async with storage.clients.exclusive("key"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(alone() for _ in range(5)))


@pytest.mark.row("P-05")
async def test_grants_are_for_one_user_gpt_version_and_origin(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    gpt_id, _ = await shared_gpt(storage, ada)
    identity = Identity(user=ada.id, gpt=gpt_id, action_version="1")

    def grant(**more: object) -> Grant:
        values: dict[str, object] = {
            "kind": "operation", "user": ada.id, "gpt": gpt_id, "action_version": "1", "origin": ORIGIN,
            "operation": "addTodo", "fingerprint": "f", "only_when": {"username": "ada"}, "granted_at": 1.0,
            "expires_at": 5e9,
        }  # fmt: skip
        return Grant(**{**values, **more})  # type: ignore[arg-type]

    await storage.grants.add(grant())
    await storage.grants.add(grant(granted_at=2.0))
    await storage.grants.add(grant(kind="domain", operation="", only_when={}))
    found = await storage.grants.find(identity, ORIGIN)
    assert [(each.kind, each.granted_at, dict(each.only_when)) for each in found] == [
        ("domain", 1.0, {}),
        ("operation", 2.0, {"username": "ada"}),
    ]
    for other in (
        Identity(user=eve.id, gpt=gpt_id, action_version="1"),
        Identity(user=ada.id, gpt="", action_version="1"),
        Identity(user=ada.id, gpt=gpt_id, action_version="2"),
    ):
        assert await storage.grants.find(other, ORIGIN) == []
    assert await storage.grants.find(identity, "https://other.example.com:443") == []
    assert not await storage.grants.revoke(found[0].id, eve.id)
    assert await storage.grants.revoke(found[0].id, ada.id)
    assert await storage.grants.revoke_all(ada, gpt_id=gpt_id) == 1
    assert await storage.grants.of_user(ada.id) == []


async def test_the_wrong_keys_stop_the_start(storage: Storage, database_url: str) -> None:
    with pytest.raises(VaultError):
        await open_storage(
            database_url, vault=Vault({"k1": b"\x01\x9d" + bytes(range(40, 70))}), data_dir=storage.data_dir
        )
    with pytest.raises(VaultError):
        await open_storage(database_url, vault=Vault({"k9": os.urandom(32)}), data_dir=storage.data_dir)


async def test_the_servers_own_secret_is_made_once(storage: Storage) -> None:
    made = iter(range(100))
    found = await asyncio.gather(*(storage.settings.secret("signing", lambda: f"s{next(made)}") for _ in range(6)))
    assert len({secret.reveal() for secret in found}) == 1


async def test_providers_are_the_administrators(storage: Storage) -> None:
    root, ada = await make_person(storage, "root", admin=True), await make_person(storage)
    with pytest.raises(NotFound):
        await storage.providers.add(ada, name="x", kind="openai")
    made = await storage.providers.add(
        root, name="main", kind="openai", key=Secret("sk-0123456789abcdef"), models=["m"]
    )
    assert (made.has_key, made.hint, made.models) == (True, "cdef", ("m",))
    key = await storage.providers.key(made.id)
    assert key is not None
    assert key.reveal() == "sk-0123456789abcdef"
    changed = await storage.providers.update(root, made.id, enabled=False, settings={"temperature": 0})
    assert (changed.enabled, changed.settings, changed.has_key) == (False, {"temperature": 0}, True)
    cleared = await storage.providers.update(root, made.id, key=Secret(""))
    assert not cleared.has_key
    assert await storage.providers.remove(root, made.id)
    await storage.settings.allow_domain(root, "action", " Example.com ")
    assert [each.domain for each in await storage.settings.domains("action")] == ["example.com"]
    assert await storage.settings.domains("sign_up") == []
    await storage.settings.put(root, "default_model", "openai:main")
    assert await storage.settings.all() == {"default_model": "openai:main"}
    await storage.audit.write(root, "settings.change", subject="default_model", to="openai:main")
    assert [entry.what for entry in await storage.audit.page(root)] == ["settings.change"]
    assert await storage.audit.page(ada) == []
