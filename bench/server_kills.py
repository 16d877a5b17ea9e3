"""kill -9 of real servers while people chat, approve and cut streams, on SQLite and on PostgreSQL (T-01 to T-04).

./run bench server_kills [--kills 500] [--seed 1] [--database sqlite|postgresql|both]

Half of the servers die at a named point of their work, the others at a random moment. On PostgreSQL there are two
replicas. The last line of each part is the figure that a release publishes.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, __file__.rpartition("/")[0])
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from faults.killing import Report, kill_servers
from figures import Figure, report
from support.postgres import own_database, running_postgres

MINUTES = 15


def figures(found: Report) -> list[Figure]:
    late = found.starts_s[int(len(found.starts_s) * 0.99)]
    half = found.starts_s[len(found.starts_s) // 2]
    shares = ", ".join(f"{name} {count}" for name, count in found.by_point.most_common(3))

    def count(name: str, wrong: list[str]) -> Figure:
        return Figure(name=name, bar="0", measured=str(len(wrong)), held=not wrong)

    return [
        Figure(name="kills survived", bar="≥ 500", measured=f"{found.kills:,} ({shares} …)"),
        Figure(name="messages acknowledged", measured=f"{found.messages:,}"),
        count("acknowledged messages lost", found.lost),
        count("effects run twice", found.twice),
        count("effects run unconfirmed", found.unconfirmed),
        count("outcomes told wrongly", found.missing),
        count("turns without an end", found.unended),
        Figure(name="unknown outcomes, shown", measured=f"{found.unknown} ({found.unknown_ran} had run)"),
        Figure(
            name="streams resumed byte-exact",
            bar="all",
            measured=f"{found.resumed - len(found.streams_wrong):,}/{found.resumed:,} ({found.cuts:,} cuts)",
            held=not found.streams_wrong,
        ),
        count("other faults", found.faults + found.database),
        Figure(name="restart to ready, p50 / p99", measured=f"{half * 1000:.0f} / {late * 1000:.0f} ms"),
        Figure(
            name="time", bar=f"≤ {MINUTES} min", measured=f"{found.seconds:.0f} s", held=found.seconds < MINUTES * 60
        ),
    ]


def run(title: str, url: str, folder: Path, kills: int, seed: int, replicas: int) -> int:
    found = asyncio.run(kill_servers(url, folder, kills=kills, replicas=replicas, seed_number=seed))
    code = report(title, figures(found))
    for text in found.wrong[:20]:
        print("  wrong:", text)
    print(f"\n{found.line}", flush=True)
    return code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    options = parser.parse_args()
    code = 0
    if options.database != "postgresql":
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            code |= run(
                "SQLite, one server", f"sqlite:///{folder / 'actionry.db'}", folder, options.kills, options.seed, 1
            )
    if options.database != "sqlite":
        with (
            tempfile.TemporaryDirectory() as name,
            running_postgres() as server,
            own_database(server, "actionry_kills") as url,
        ):
            code |= run("PostgreSQL, two replicas", url, Path(name), options.kills, options.seed, 2)
    return code


if __name__ == "__main__":
    sys.exit(main())
