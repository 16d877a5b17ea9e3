"""Accounts: who gets in, once, until when; and who may manage whom."""

from __future__ import annotations

import asyncio

import pytest

from actionry.storage.actor import Person
from actionry.storage.errors import Conflict, NotFound
from actionry.storage.storage import Storage
from storage.people import leased_turn, make_person


async def test_a_session_is_found_by_its_token_alone(storage: Storage) -> None:
    ada = await make_person(storage)
    token, session = await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)
    found = await storage.accounts.by_session(token.reveal())
    assert found is not None
    assert (found[0].id, found[1].id) == (ada.id, session.id)
    assert await storage.accounts.by_session(session.id) is None
    assert await storage.accounts.by_session("\0\ud800") is None
    await storage.accounts.close_session(token.reveal())
    assert await storage.accounts.by_session(token.reveal()) is None


async def test_a_session_ends(storage: Storage) -> None:
    ada = await make_person(storage)
    token, _ = await storage.accounts.open_session(ada.id, method="link", lifetime_s=-1)
    assert await storage.accounts.by_session(token.reveal()) is None


@pytest.mark.row("A-12")
async def test_disabling_and_new_passwords_end_sessions_at_once(storage: Storage) -> None:
    admin, ada = await make_person(storage, "root", admin=True), await make_person(storage)
    first, kept = await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)
    second, _ = await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)
    await storage.accounts.by_session(second.reveal())
    await storage.accounts.set_password(ada, "argon2id$new", keep_session=kept.id)
    assert await storage.accounts.by_session(second.reveal()) is None
    assert await storage.accounts.by_session(first.reveal()) is not None
    await storage.accounts.set_state(admin, ada.id, "disabled")
    assert await storage.accounts.by_session(first.reveal()) is None
    with pytest.raises(NotFound):
        await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)


async def test_a_foreign_session_cannot_be_revoked(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    token, session = await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)
    assert not await storage.accounts.revoke_session(eve, session.id)
    assert await storage.accounts.sessions_of(eve) == []
    assert await storage.accounts.by_session(token.reveal()) is not None
    assert await storage.accounts.revoke_session(ada, session.id)


@pytest.mark.row("O-19")
async def test_a_link_works_once_and_for_its_purpose(storage: Storage) -> None:
    ada = await make_person(storage)
    token = await storage.accounts.issue_link(ada.id, "password_reset", lifetime_s=60)
    assert await storage.accounts.redeem_link(token.reveal(), "login") is None
    results = await asyncio.gather(*(storage.accounts.redeem_link(token.reveal(), "password_reset") for _ in range(10)))
    assert sum(result is not None for result in results) == 1
    late = await storage.accounts.issue_link(ada.id, "login", lifetime_s=-1)
    assert await storage.accounts.redeem_link(late.reveal(), "login") is None
    for bad in ("", "null", "[]"):
        assert await storage.accounts.redeem_link(bad, "password_reset") is None


async def test_a_newer_reset_voids_the_older(storage: Storage) -> None:
    ada = await make_person(storage)
    old = await storage.accounts.issue_link(ada.id, "password_reset", lifetime_s=60)
    new = await storage.accounts.issue_link(ada.id, "password_reset", lifetime_s=60)
    assert await storage.accounts.redeem_link(old.reveal(), "password_reset") is None
    assert await storage.accounts.redeem_link(new.reveal(), "password_reset") is not None


async def test_an_invitation_makes_one_account(storage: Storage) -> None:
    admin = await make_person(storage, "root", admin=True)
    token, invitation = await storage.accounts.invite(admin, lifetime_s=60, email="New@Example.com")
    assert (await storage.accounts.find_invitation(token.reveal())) == invitation
    with pytest.raises(Conflict):
        await storage.accounts.accept_invitation(token.reveal(), name="x", email="other@example.com", password_hash="h")

    async def accept() -> str:
        user = await storage.accounts.accept_invitation(
            token.reveal(), name="New", email="new@example.com ", password_hash="h"
        )
        return user.id

    results = await asyncio.gather(*(accept() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert all(isinstance(result, (str, NotFound, Conflict)) for result in results)
    assert await storage.accounts.find_invitation(token.reveal()) is None


async def test_only_administrators_manage_people(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    assert await storage.accounts.page(ada) == []
    assert await storage.accounts.find_user(ada, eve.id) is None
    for attempt in (
        storage.accounts.invite(ada, lifetime_s=60),
        storage.accounts.set_role(ada, ada.id, "admin"),
        storage.accounts.set_state(ada, eve.id, "disabled"),
        storage.accounts.delete_user(ada, eve.id),
        storage.accounts.set_email(ada, eve.id, "x@example.com", verified=True),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_an_administrator_is_left(storage: Storage) -> None:
    root, other = await make_person(storage, "root", admin=True), await make_person(storage, "two", admin=True)
    await storage.accounts.set_role(root, other.id, "user")
    for attempt in (
        storage.accounts.set_role(root, root.id, "user"),
        storage.accounts.set_state(root, root.id, "disabled"),
        storage.accounts.delete_user(root, root.id),
    ):
        with pytest.raises(Conflict):
            await attempt


async def test_the_first_administrator_is_one(storage: Storage) -> None:
    made = await asyncio.gather(*(storage.accounts.first_admin(name=f"root {n}") for n in range(8)))
    assert sum(user is not None for user in made) == 1
    assert await storage.accounts.count() == 1


async def test_the_local_user_is_one(storage: Storage) -> None:
    made = await asyncio.gather(*(storage.accounts.local_user() for _ in range(8)))
    assert len({user.id for user in made}) == 1
    assert made[0].local
    assert made[0].admin


async def test_an_address_has_one_account(storage: Storage) -> None:
    ada = await make_person(storage)
    with pytest.raises(Conflict):
        await storage.accounts.create_user(name="Ada again", email=" ADA@example.com")
    eve = await make_person(storage, "eve")
    with pytest.raises(Conflict):
        await storage.accounts.set_email(eve, eve.id, "ada@example.com", verified=False)
    found = await storage.accounts.for_sign_in("Ada@Example.com")
    assert found is not None
    assert (found[0].id, found[1]) == (ada.id, "argon2id$ada")


async def test_an_identity_belongs_to_one_account(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    await storage.accounts.link_identity(ada, "https://id.example.com", "42", email="ada@example.com")
    await storage.accounts.link_identity(ada, "https://id.example.com", "42")
    with pytest.raises(Conflict):
        await storage.accounts.link_identity(eve, "https://id.example.com", "42")
    found = await storage.accounts.by_identity("https://id.example.com", "42")
    assert found is not None
    assert found.id == ada.id
    assert not await storage.accounts.unlink_identity(eve, "https://id.example.com", "42")
    assert await storage.accounts.unlink_identity(ada, "https://id.example.com", "42")


async def test_api_tokens_are_revoked_by_their_owner(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    token, stored = await storage.accounts.create_token(ada, name="script", scopes=("chat",), lifetime_s=60)
    found = await storage.accounts.by_token(token.reveal())
    assert found is not None
    assert (found[0].id, found[1].scopes) == (ada.id, ("chat",))
    assert [each.used_at is not None for each in await storage.accounts.tokens_of(ada)] == [True]
    assert not await storage.accounts.revoke_token(eve, stored.id)
    assert await storage.accounts.revoke_token(ada, stored.id)
    assert await storage.accounts.by_token(token.reveal()) is None


@pytest.mark.row("L-10")
async def test_a_deleted_user_leaves_nothing(storage: Storage) -> None:
    root, ada = await make_person(storage, "root", admin=True), await make_person(storage)
    key = await leased_turn(storage, ada)
    token, _ = await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)
    await storage.accounts.by_session(token.reveal())
    await storage.accounts.delete_user(root, ada.id)
    assert await storage.accounts.by_session(token.reveal()) is None
    assert await storage.turns.read(key.turn_id) == []
    assert [user.id for user in await storage.accounts.page(root)] == [root.id]


async def test_searching_people_means_what_is_typed(storage: Storage) -> None:
    root = await make_person(storage, "root", admin=True)
    await make_person(storage, "a_b")
    await make_person(storage, "axb")
    assert [user.name for user in await storage.accounts.page(root, search="A_B")] == ["a_b"]
    assert await storage.accounts.page(Person(None), search="a") == []


async def test_the_profile_changes_only_what_is_a_persons_own(storage: Storage) -> None:
    ada = await make_person(storage)
    changed = await storage.accounts.update_profile(ada, name="Ada L.", preferences='{"theme": "dark"}')
    assert (changed.name, changed.preferences, changed.role) == ("Ada L.", '{"theme": "dark"}', "user")
    with pytest.raises(NotFound):
        await storage.accounts.update_profile(Person(None), name="nobody")
