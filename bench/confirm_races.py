"""50 identical confirmations at once: one execution each, and every click gets its result (T-05).

./run bench confirm_races [--rounds 200] [--clicks 50] [--database sqlite|postgresql|both]

On PostgreSQL the clicks go to two replicas. In every fifth round some of them decline: then the first that is counted
decides for all.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, __file__.rpartition("/")[0])
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from faults.racing import Races, race
from figures import Figure, report
from support.postgres import own_database, running_postgres


def figures(found: Races) -> list[Figure]:
    times = sorted(found.seconds)
    return [
        Figure(name="rounds", measured=f"{found.rounds} × {found.clicks} clicks"),
        Figure(
            name="executions of allowed calls",
            bar="1 each",
            measured=f"{found.executed}/{found.allowed}",
            held=found.executed == found.allowed and not found.twice,
        ),
        Figure(
            name="executions of declined calls", bar="0", measured=str(found.unconfirmed), held=not found.unconfirmed
        ),
        Figure(
            name="clicks that got the same result",
            bar="all",
            measured=f"{found.agreed:,}/{found.rounds * found.clicks:,}",
            held=found.agreed == found.rounds * found.clicks,
        ),
        Figure(name="clicks told that they were first", bar="1 each", measured=str(found.first),
               held=found.first == found.rounds),
        Figure(name="a round's clicks, p50 / max",
               measured=f"{times[len(times) // 2] * 1000:.0f} / {times[-1] * 1000:.0f} ms"),
    ]  # fmt: skip


def run(title: str, url: str, folder: Path, rounds: int, clicks: int, replicas: int) -> int:
    started = time.perf_counter()
    found = asyncio.run(race(url, folder, rounds=rounds, clicks=clicks, replicas=replicas))
    return report(f"{title} ({time.perf_counter() - started:.0f} s)", figures(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--clicks", type=int, default=50)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    code = 0
    if options.database != "postgresql":
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            url = f"sqlite:///{folder / 'actionry.db'}"
            code |= run("SQLite, one server", url, folder, options.rounds, options.clicks, 1)
    if options.database != "sqlite":
        with (
            tempfile.TemporaryDirectory() as name,
            running_postgres() as server,
            own_database(server, "actionry_races") as url,
        ):
            code |= run("PostgreSQL, two replicas", url, Path(name), options.rounds, options.clicks, 2)
    return code


if __name__ == "__main__":
    sys.exit(main())
