"""Several processes on one database, here as several `Storage`s: each sees what the others write, exactly once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from actionry.chat.events import TextAdded, TurnFinished
from actionry.credentials.vault import Vault
from actionry.storage import hub
from actionry.storage.storage import Storage, open_storage
from storage.people import begin_turn, leased_turn, make_person


async def second(storage: Storage, database_url: str, vault: Vault, tmp_path: Path) -> Storage:
    other = await open_storage(database_url, vault=vault, data_dir=tmp_path / "files")
    if storage.database.backend == "postgresql":
        await asyncio.wait_for(other._listener.listening.wait(), 10)
    return other


@pytest.mark.row("T-04")
async def test_another_process_follows_exactly(
    storage: Storage, database_url: str, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if storage.database.backend == "sqlite":
        monkeypatch.setattr(hub, "POLL_S", 0.05)  # SQLite has no hints between processes
    other = await second(storage, database_url, vault, tmp_path)
    key = await leased_turn(storage, await make_person(storage))

    async def collect() -> list[int]:
        return [stored.seq async for stored in other.turns.follow(key.turn_id)]

    tasks = [asyncio.create_task(collect()) for _ in range(3)]
    for number in range(50):
        await storage.turns.append(key, [TextAdded(text=str(number))])
    await storage.turns.append(key, [TurnFinished(outcome="done")])
    assert await asyncio.wait_for(asyncio.gather(*tasks), 20) == [list(range(1, 53))] * 3
    await other.close()


async def test_hints_that_were_lost_are_made_up_for(
    storage: Storage, database_url: str, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "POLL_S", 0.05)
    other = await second(storage, database_url, vault, tmp_path)
    await other._listener.close()
    key = await leased_turn(storage, await make_person(storage))

    async def collect() -> list[int]:
        return [stored.seq async for stored in other.turns.follow(key.turn_id)]

    task = asyncio.create_task(collect())
    await storage.turns.append(key, [TextAdded(text="a")])
    await storage.turns.append(key, [TurnFinished(outcome="done")])
    assert await asyncio.wait_for(task, 20) == [1, 2, 3]
    await other.close()


async def test_of_two_runners_one_gets_the_turn(
    storage: Storage, database_url: str, vault: Vault, tmp_path: Path
) -> None:
    other = await second(storage, database_url, vault, tmp_path)
    ada = await make_person(storage)
    for _ in range(10):
        accepted = await begin_turn(storage, ada)
        keys = await asyncio.gather(
            *(each.turns.lease(accepted.turn.id, f"r{n}", seconds=60) for n, each in enumerate([storage, other] * 3))
        )
        assert sum(key is not None for key in keys) == 1
    await other.close()


async def test_two_thousand_idle_followers_cost_no_connection(storage: Storage) -> None:
    key = await leased_turn(storage, await make_person(storage))

    async def collect() -> int:
        return len([stored async for stored in storage.turns.follow(key.turn_id)])

    tasks = [asyncio.create_task(collect()) for _ in range(2000)]
    async with asyncio.timeout(60):
        while storage.hub.followed < 2000:  # noqa: ASYNC110  # nobody else wants to know
            await asyncio.sleep(0.01)
        if storage.database.backend == "postgresql":
            count = await storage.database.fetch_one(text("SELECT count(*) FROM pg_stat_activity"))
            assert count[0] < 60
        await storage.turns.append(key, [TurnFinished(outcome="done")])
        assert set(await asyncio.gather(*tasks)) == {2}


@pytest.mark.row("T-13")
async def test_lost_connections_are_made_anew(storage: Storage) -> None:
    if storage.database.backend != "postgresql":
        pytest.skip("SQLite has no connections that could be lost")
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    for _ in range(5):
        await storage.database.fetch(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        await storage.turns.append(key, [TextAdded(text="still here")])
        assert await storage.accounts.find_user(ada, ada.id) is not None
    assert len(await storage.turns.read(key.turn_id)) == 6


async def test_a_slow_follower_misses_nothing(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await leased_turn(storage, await make_person(storage))
    follower = storage.turns.follow(key.turn_id)
    seen = [(await anext(follower)).seq]
    for number in range(hub.KEPT * 3):
        await storage.turns.append(key, [TextAdded(text=str(number))])
    await storage.turns.append(key, [TurnFinished(outcome="done")])
    seen += [stored.seq async for stored in follower]
    assert seen == list(range(1, hub.KEPT * 3 + 3))


async def test_work_is_announced(storage: Storage) -> None:
    ada = await make_person(storage)
    if storage.database.backend == "postgresql":
        await storage._listener.listening.wait()
        await storage.hub.wait_for_work(0.01)  # a new listener looks once
    waiting = asyncio.create_task(storage.hub.wait_for_work(20))
    await asyncio.sleep(0)
    await begin_turn(storage, ada)
    assert await waiting
    assert not await storage.hub.wait_for_work(0.01)


async def test_whoever_waits_for_a_stop_is_woken(storage: Storage) -> None:
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    waiting = asyncio.create_task(storage.hub.wait(key.turn_id))
    await storage.turns.append(key, [TextAdded(text="on and on")])
    assert not waiting.done()
    assert await storage.turns.ask_to_stop(ada, key.turn_id)
    await asyncio.wait_for(waiting, 10)
    assert await storage.turns.stop_asked(key.turn_id)
