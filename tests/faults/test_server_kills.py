"""The server is killed while people use it: nothing acknowledged is lost, nothing is done twice (T-01 to T-04)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.killing import Report, kill_servers
from support.postgres import own_database, running_postgres

KILLS = 26
ENOUGH = KILLS // 2
"""So much must have happened between the kills, on the slowest machine, for the rest to say anything."""


def check(report: Report) -> None:
    print(report.line, report.by_point)  # seen when something fails
    assert report.wrong == []
    assert report.messages > ENOUGH
    assert report.resumed > ENOUGH
    assert report.effects > 0
    assert len(report.by_point) > 2


@pytest.mark.slow
@pytest.mark.row("T-01")
@pytest.mark.row("T-02")
@pytest.mark.row("T-03")
@pytest.mark.row("T-04")
@pytest.mark.row("T-16")
async def test_a_server_on_sqlite_is_killed(tmp_path: Path) -> None:
    check(await kill_servers(f"sqlite:///{tmp_path / 'actionry.db'}", tmp_path, kills=KILLS))


@pytest.mark.slow
@pytest.mark.row("T-01")
@pytest.mark.row("T-02")
@pytest.mark.row("T-03")
@pytest.mark.row("T-04")
async def test_two_servers_on_one_postgresql_are_killed(tmp_path: Path) -> None:
    with running_postgres() as server, own_database(server, f"actionry_kills_{os.getpid()}") as url:
        check(await kill_servers(url, tmp_path, kills=KILLS, replicas=2))
