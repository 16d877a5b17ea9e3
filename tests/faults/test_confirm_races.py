"""Fifty people, tabs or retries confirm the same call at the same moment: it is made once (T-05)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.racing import Races, race
from support.postgres import own_database, running_postgres

ROUNDS = 5


def check(found: Races) -> None:
    assert (found.executed, found.twice, found.unconfirmed) == (found.allowed, 0, 0)
    assert (found.agreed, found.first) == (ROUNDS * found.clicks, ROUNDS)


@pytest.mark.slow
@pytest.mark.row("T-05")
async def test_fifty_confirmations_at_once_make_one_call(tmp_path: Path) -> None:
    check(await race(f"sqlite:///{tmp_path / 'actionry.db'}", tmp_path, rounds=ROUNDS))


@pytest.mark.slow
@pytest.mark.row("T-05")
async def test_fifty_confirmations_at_two_servers_make_one_call(tmp_path: Path) -> None:
    with running_postgres() as server, own_database(server, f"actionry_races_{os.getpid()}") as url:
        check(await race(url, tmp_path, rounds=ROUNDS, replicas=2))
