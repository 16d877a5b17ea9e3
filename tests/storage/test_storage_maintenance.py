"""Backups that restore to either database, deletions that stay, keys that rotate while everything runs."""

from __future__ import annotations

import asyncio
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actionry.chat.events import TextAdded
from actionry.credentials.oauth import PendingLogin, RegisteredClient
from actionry.credentials.schemes import OAuthToken
from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault
from actionry.errors import VaultError
from actionry.storage.accounts import User
from actionry.storage.engine import Database
from actionry.storage.errors import Conflict
from actionry.storage.maintenance import BackupUnreadable, backup, extract_files, read_backup, restore, rotate_keys
from actionry.storage.storage import Storage, open_storage
from actionry.storage.tables import SEALED, metadata
from storage.people import ORIGIN, leased_turn, make_person, published_gpt

CANARY = "canary-7c1f"


async def everything(storage: Storage) -> User:
    """Something in every place that may hold a secret, each named after the canary."""
    ada = await make_person(storage, "ada", admin=True)
    _, action_id = await published_gpt(storage, ada)
    await storage.connections.put_key(ada, action_id, "key", Secret(f"{CANARY}-key-0000"), origin=ORIGIN)
    secret = Secret(f"{CANARY}-client-secret-0000")
    await storage.connections.put_key(
        ada, action_id, "client", secret, origin=ORIGIN, kind="oauth_client", for_everyone=True
    )
    link = await storage.connections.ensure(ada, action_id, "oauth", origin=ORIGIN, binding="b")
    token = OAuthToken(access_token=Secret(f"{CANARY}-access"), refresh_token=Secret(f"{CANARY}-refresh"))
    assert await storage.tokens.replace(link.id, expected=None, token=token, binding="b")
    await storage.logins.put(
        PendingLogin(
            key="state-key", session_hash="s", user=ada.id, action=action_id, issuer=None, iss_required=False,
            redirect_uri="https://here.example.com/cb", verifier=Secret(f"{CANARY}-verifier"), nonce="n", binding="b",
            created_at=4e9,
        )
    )  # fmt: skip
    await storage.clients.put(
        "client-key",
        RegisteredClient(
            issuer="https://id.example.com",
            client_id="c",
            client_secret=Secret(f"{CANARY}-registered"),
            registration_access_token=Secret(f"{CANARY}-registration"),
        ),
    )
    await storage.providers.add(ada, name="main", kind="openai", key=Secret(f"{CANARY}-provider-0000"))
    await storage.settings.secret("signing", lambda: f"{CANARY}-signing")
    await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)
    return ada


async def rows_of(database: Database) -> dict[str, list[Any]]:
    found = {}
    for table in metadata.sorted_tables:
        if table.name not in ("locks", "deletions"):
            rows = await database.fetch(select(table).order_by(*table.primary_key.columns))
            found[table.name] = [tuple(row) for row in rows]
    return found


@pytest.mark.row("L-01")
@pytest.mark.row("L-10")
async def test_no_secret_stands_in_the_database(storage: Storage, tmp_path: Path) -> None:
    ada = await everything(storage)
    session, _ = await storage.accounts.open_session(ada.id, method="password", lifetime_s=60)
    reset = await storage.accounts.issue_link(ada.id, "password_reset", lifetime_s=60)
    invite, _ = await storage.accounts.invite(ada, lifetime_s=60)
    api, _ = await storage.accounts.create_token(ada, name="x")
    said = repr(await rows_of(storage.database))
    for secret in (CANARY, session.reveal(), reset.reveal(), invite.reveal(), api.reveal()):
        assert secret not in said
    await backup(storage.database, storage.data_dir, tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as archive:
        await asyncio.to_thread(extract_files, archive, tmp_path / "unpacked")
    folders = [tmp_path / "unpacked"] + ([storage.database.file.parent] if storage.database.file else [])
    for folder in folders:
        for path in folder.rglob("*"):
            assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


@pytest.mark.row("T-15")
@pytest.mark.parametrize("target", ["same", "sqlite"])
async def test_a_backup_under_load_restores_whole(
    storage: Storage, vault: Vault, tmp_path: Path, empty_database_url: str, target: str
) -> None:
    ada = await everything(storage)
    storage.files._small = 10
    info = await storage.files.add(ada, os.urandom(5000), name="big.bin", media_type="application/octet-stream")
    key = await leased_turn(storage, ada)
    writing = True

    async def write() -> None:
        number = 0
        while writing:
            await storage.turns.append(key, [TextAdded(text=str(number))])
            number += 1

    load = asyncio.create_task(write())
    made = await backup(storage.database, storage.data_dir, tmp_path / "b.tar.gz")
    writing = False
    await load
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0
    assert await read_backup(tmp_path / "b.tar.gz") == made
    with pytest.raises(Conflict):
        await backup(storage.database, storage.data_dir, tmp_path / "b.tar.gz")

    url = empty_database_url if target == "same" else f"sqlite:///{tmp_path / 'other' / 'new.db'}"
    folder = tmp_path / "restored"
    database = Database(url)
    await restore(database, folder, tmp_path / "b.tar.gz")
    await database.close()
    restored = await open_storage(url, vault=vault, data_dir=folder)
    rows = await rows_of(restored.database)
    assert {name: len(each) for name, each in rows.items()} == {
        name: count for name, count in made.rows.items() if name not in ("locks", "deletions")
    }
    before = await rows_of(storage.database)
    for name, each in rows.items():
        if name not in ("turn_events", "turns"):
            assert each == before[name], name
    events = await restored.turns.read(key.turn_id)
    assert events == (await storage.turns.read(key.turn_id))[: len(events)]
    found = await restored.files.read(ada, info.id)
    assert found == await storage.files.read(ada, info.id)
    signing = await restored.settings.secret("signing", lambda: "another")
    assert signing.reveal() == f"{CANARY}-signing"
    await restored.audit.write(ada, "restored")  # its numbers go on
    await restored.close()
    with pytest.raises(VaultError):  # useless without the key
        await open_storage(url, vault=Vault({"k1": os.urandom(32)}), data_dir=folder)


@pytest.mark.row("L-10")
async def test_what_was_deleted_since_stays_deleted(storage: Storage, tmp_path: Path) -> None:
    ada, eve = await make_person(storage, admin=True), await make_person(storage, "eve")
    gpt_id, _ = await published_gpt(storage, ada)
    kept = await storage.conversations.create(ada)
    gone = await storage.conversations.create(ada)
    await backup(storage.database, storage.data_dir, tmp_path / "b.tar.gz")
    await storage.accounts.delete_user(ada, eve.id)
    await storage.gpts.delete(ada, gpt_id)
    await storage.conversations.delete(ada, gone.id)
    later = await storage.conversations.create(ada)
    with pytest.raises(Conflict):
        await restore(storage.database, storage.data_dir, tmp_path / "b.tar.gz")
    await restore(storage.database, storage.data_dir, tmp_path / "b.tar.gz", replace=True)
    assert await storage.conversations.find(ada, kept.id) is not None
    assert await storage.conversations.find(ada, later.id) is None
    assert await storage.conversations.find(ada, gone.id) is None
    assert await storage.gpts.card(ada, gpt_id) is None
    assert await storage.accounts.find_user(ada, eve.id) is None


async def test_a_damaged_backup_is_refused_and_changes_nothing(storage: Storage, tmp_path: Path) -> None:
    ada = await make_person(storage)
    await backup(storage.database, storage.data_dir, tmp_path / "b.tar.gz")
    whole = (tmp_path / "b.tar.gz").read_bytes()
    bad = tmp_path / "bad.tar.gz"
    for content in (whole[: len(whole) // 2], b"", b"PK not one", whole[:100] + b"\0" * 50 + whole[150:]):
        bad.write_bytes(content)
        with pytest.raises(BackupUnreadable):
            await restore(storage.database, storage.data_dir, bad, replace=True)
    assert await storage.accounts.find_user(ada, ada.id) is not None


@pytest.mark.row("T-17")
async def test_keys_rotate_while_secrets_are_used(database_url: str, tmp_path: Path) -> None:
    old, new = os.urandom(32), os.urandom(32)
    first = await open_storage(database_url, vault=Vault({"k1": old}), data_dir=tmp_path / "f")
    ada = await everything(first)
    _, action_id = await published_gpt(first, ada, name="Many")
    for number in range(30):
        await first.connections.put_key(ada, action_id, f"s{number}", Secret(f"value-{number}"), origin=ORIGIN)
    await first.close()

    both = Vault({"k2": new, "k1": old})
    running = await open_storage(database_url, vault=both, data_dir=tmp_path / "f")
    using = True
    failed = 0

    async def use() -> None:
        nonlocal failed
        number = 0
        while using:
            scheme = f"s{number % 30}"
            found = await running.connections.secret_for_call(ada, action_id, scheme, origin=ORIGIN, for_everyone=False)
            failed += found is None or found.reveal() != f"value-{number % 30}"
            number += 1

    traffic = asyncio.create_task(use())
    report = await rotate_keys(running.database, both)
    using = False
    await traffic
    assert failed == 0
    assert report.left == {}
    assert report.retired == ("k1",)
    assert report.rotated["connections"] == 33
    assert (await rotate_keys(running.database, both)).rotated == {}
    await running.close()

    after = await open_storage(database_url, vault=Vault({"k2": new}), data_dir=tmp_path / "f")
    for table, _, column in SEALED:
        for row in await after.database.fetch(select(table.c[column]).where(table.c[column].is_not(None))):
            assert row[0].startswith("v1.k2.")
    secret = await after.settings.secret("signing", lambda: "another")
    assert secret.reveal() == f"{CANARY}-signing"
    await after.close()


async def test_what_cannot_be_opened_is_counted_and_left(storage: Storage) -> None:
    await everything(storage)
    report = await rotate_keys(storage.database, Vault({"k2": os.urandom(32)}))
    assert report.rotated == {}
    assert sum(report.left.values()) == 7
    assert report.retired == ()


@pytest.mark.row("F-01")
@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_a_backup_writes_nothing_outside_its_folder(tmp_path: Path, name: str) -> None:
    packed = tmp_path / "evil.tar.gz"
    member = tarfile.TarInfo(name)
    member.size = 4
    with tarfile.open(packed, "w:gz") as archive:
        archive.addfile(member, io.BytesIO(b"evil"))
    with tarfile.open(packed) as archive, pytest.raises(ValueError, match="not a plain file"):
        extract_files(archive, tmp_path / "inside")
    assert not (tmp_path / "outside").exists()
