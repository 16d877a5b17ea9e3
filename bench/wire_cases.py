"""How many of the style-table and body cases arrive right: every request is received by a loopback server.

    python bench/wire_cases.py

The cases are tests/support/wire_table.py. Exit code 1 when one is wrong.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.wire import Loopback, loopback
from support.wire_table import CASES, Case


async def is_right(server: Loopback, case: Case) -> bool:
    received = await server.send(case.build(server.url))
    same_headers = all(received.headers.get(name) == value for name, value in case.headers.items())
    return received.target == case.target and same_headers and received.body == (case.body or b"")


async def main() -> int:
    async with loopback() as server:
        wrong = [case.name for case in CASES if not await is_right(server, case)]
    for name in wrong:
        print(f"wrong: {name}")
    print(f"style-table and body cases right on the wire: {len(CASES) - len(wrong)} of {len(CASES)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
