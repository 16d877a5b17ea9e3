"""A writing process is killed: nothing that it had acknowledged is lost, and the database is sound."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest

from actionry.credentials.vault import Vault
from actionry.storage.maintenance import check_database
from actionry.storage.storage import open_storage
from storage.people import make_person

KILLS = 4


@pytest.mark.row("T-02")
@pytest.mark.row("T-16")
async def test_what_was_acknowledged_survives_kill_9(database_url: str, tmp_path: Path) -> None:
    key = os.urandom(32)
    storage = await open_storage(database_url, vault=Vault({"k1": key}), data_dir=tmp_path / "f")
    ada = await make_person(storage)
    messages: set[str] = set()
    events: dict[str, int] = {}
    for _ in range(KILLS):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).parent / "writer_process.py"),
            database_url,
            str(tmp_path / "f"),
            key.hex(),
            ada.id,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        for _ in range(random.randrange(5, 120)):
            line = await asyncio.wait_for(process.stdout.readline(), 60)
            assert line, "the writer ended by itself"
            _note(line, messages, events)
        process.send_signal(signal.SIGKILL)
        for line in (await process.stdout.read()).splitlines(keepends=True):
            _note(line, messages, events)
        await process.wait()
    assert await check_database(storage.database) == []
    for turn_id in messages:
        stored = await storage.turns.read(turn_id)
        assert [each.seq for each in stored] == list(range(1, len(stored) + 1))
        assert len(stored) >= events.get(turn_id, 1)
    assert len(messages) > 4
    await storage.close()


def _note(line: bytes, messages: set[str], events: dict[str, int]) -> None:
    if not line.endswith(b"\n"):
        return  # cut by the kill: never said
    match line.decode().split():
        case ["message", turn_id]:
            messages.add(turn_id)
        case ["event", turn_id, seq]:
            events[turn_id] = max(events.get(turn_id, 0), int(seq))
        case other:
            raise AssertionError(other)
