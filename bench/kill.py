"""kill -9 of calling processes at every border of the state machine, against a peer that counts effects (T-01).

python bench/kill.py [--kills 300] [--workers 4] [--seed 1]

Many calls stand in one journal file, most of them confirmed, some still waiting for the user, some declined. Worker
processes try to run every one of them through `Caller.run`. Each worker is killed with SIGKILL: every second one at a
named border (before and after each step of the journal, and with the request sent but unanswered), the others at a
random moment. Then the journal is recovered as a starting process does it, and a new worker goes on with the same
calls. What must hold: no call had two effects, none that was not confirmed had any, and every call that was open is
shown as unknown.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

sys.path.insert(0, __file__.rpartition("/")[0])

from actionry.actions.action import Action, load_action
from actionry.actions.call import Caller
from actionry.actions.journal import OPEN, Entry, State
from actionry.actions.journal_file import FileJournal
from actionry.errors import ActionryError
from actionry.http import Request, Response
from actionry.outbound import Outbound
from figures import Figure, report

BORDERS = (
    "before claimed",
    "after claimed",
    "before sent",
    "after sent",
    "request out",
    "answered",
    "before done",
    "after done",
)
ANSWER_S = 0.003
"""How long the peer takes, so that random kills meet calls under way."""
AT_ONCE = 4
NEW_CALLS = 8
"""Calls that each worker is the first to see."""


# --------------------------------------------------------------------------------------------------- the counting peer


class Counting(asyncio.Protocol):
    """`POST /effects/ID` is one effect, counted when it arrives; `GET /counts` tells them."""

    effects: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.seen = b""

    def data_received(self, data: bytes) -> None:
        self.seen += data
        while b"\r\n\r\n" in self.seen:
            head, _, self.seen = self.seen.partition(b"\r\n\r\n")
            method, path = head.split(b" ", 2)[:2]
            if method == b"GET":
                lines = "\n".join(f"{call_id} {count}" for call_id, count in self.effects.items())
                self.answer(lines.encode())
            else:
                self.effects[path.rpartition(b"/")[2].decode()] += 1
                asyncio.get_running_loop().call_later(ANSWER_S, self.answer, b'{"done": true}')

    def answer(self, body: bytes) -> None:
        if not self.transport.is_closing():
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            self.transport.write(head.encode() + body)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Counting, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


# ----------------------------------------------------------------------------------------------------------- a worker


@dataclass(slots=True)
class Fate:
    """Kills its own process at the given passing of one border; "" never does."""

    border: str
    passing: int

    def at(self, border: str) -> None:
        if border == self.border:
            self.passing -= 1
            if self.passing <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class FatefulJournal:
    """A journal whose user may die before and after each step."""

    def __init__(self, inner: FileJournal, fate: Fate) -> None:
        self._inner = inner
        self._fate = fate

    async def propose(self, entry: Entry) -> Entry:
        return await self._inner.propose(entry)

    async def move(
        self, call_id: str, expected: State, to: State, *, owner: str = "", outcome: Mapping[str, Any] | None = None
    ) -> None:
        self._fate.at(f"before {to}")
        await self._inner.move(call_id, expected, to, owner=owner, outcome=outcome)
        self._fate.at(f"after {to}")

    async def find(self, call_id: str) -> Entry | None:
        return await self._inner.find(call_id)

    async def recover(self, alive: Collection[str] = ()) -> list[Entry]:
        return await self._inner.recover(alive)


class FatefulDoor(Outbound):
    """A door whose user may die while the request is out, or when its answer has just come."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(allow=("127.0.0.1/32",))
        self._fate = fate

    async def send(self, request: Request, **options: Any) -> Response:
        if self._fate.border == "request out":
            asyncio.get_running_loop().call_later(ANSWER_S / 2, self._fate.at, "request out")
        response = await super().send(request, **options)
        self._fate.at("answered")
        return response


def make_action(port: int) -> Action:
    effect = {
        "operationId": "effect",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "responses": {"200": {"description": "Done."}},
    }
    return load_action(
        {
            "openapi": "3.1.0",
            "info": {"title": "Effects", "version": "1"},
            "servers": [{"url": f"http://127.0.0.1:{port}"}],
            "paths": {"/effects/{id}": {"post": effect}},
        }
    )


async def work(port: int, path: Path, ids: list[str], owner: str, fate: Fate) -> None:
    """Try to run every call, several at once; whatever its state, as a worker that knows nothing would."""
    action = make_action(port)
    async with FileJournal(path) as file, FatefulDoor(fate) as door:
        caller = Caller(outbound=door, journal=FatefulJournal(file, fate), owner=owner)
        waiting = iter(ids)

        async def run_some() -> None:
            for call_id in waiting:
                call = await caller.prepare(action, "effect", {"id": call_id}, call_id=call_id)
                try:
                    await caller.run(call)
                except ActionryError:
                    continue  # not confirmed, at another worker, over, or unknown

        await asyncio.gather(*(run_some() for _ in range(AT_ONCE)))


# -------------------------------------------------------------------------------------------------------- the director


@dataclass(slots=True, kw_only=True)
class Outcome:
    kills: int = 0
    at_borders: int = 0
    states: Counter[str]
    twice: int
    unconfirmed: int
    done_without_effect: int
    failed_with_effect: int
    still_open: int
    unknown: int
    unknown_that_ran: int


async def prepare_calls(port: int, path: Path, ids: list[str]) -> set[str]:
    """Propose all; confirm most. Returns those that must have no effect: waiting, or declined."""
    action = make_action(port)
    forbidden = set()
    async with FileJournal(path) as journal:
        caller = Caller(journal=journal)
        for number, call_id in enumerate(ids):
            call = await caller.prepare(action, "effect", {"id": call_id}, call_id=call_id)
            entry = call.entry("proposed" if number % 10 in (3, 7) else "confirmed")
            await journal.propose(entry)
            if number % 10 in (3, 7):
                forbidden.add(call_id)
            if number % 10 == 7:
                await journal.move(call_id, "proposed", "declined")
    return forbidden


def start_worker(port: int, path: Path, ids: list[str], owner: str, fate: Fate) -> int:
    """A forked process: it has everything loaded, so that most of its life is calls."""
    process = os.fork()
    if process:
        return process
    try:
        asyncio.run(work(port, path, ids, owner, fate))
    finally:
        os._exit(0)


def run_kills(port: int, path: Path, kills: int, workers: int, seed: int) -> Outcome:
    chance = random.Random(seed)
    ids = [f"c{seed}-{number}" for number in range(kills * 2 * NEW_CALLS)]
    forbidden = asyncio.run(prepare_calls(port, path, ids))
    living: dict[int, tuple[str, float]] = {}
    started = killed = at_borders = 0
    while killed < kills or living:
        while killed + len(living) < kills and len(living) < workers:
            named = started % 2 == 0
            border = BORDERS[started // 2 % len(BORDERS)] if named else ""
            # Each worker's calls overlap with those of the workers before and after it: they compete.
            first = started * NEW_CALLS % len(ids)
            mine = ids[max(0, first - 2 * NEW_CALLS) : first + 2 * NEW_CALLS]
            chance.shuffle(mine)
            owner = f"w{started}"
            process = start_worker(port, path, mine, owner, Fate(border, chance.randint(1, 4)))
            # A worker that meets its border dies of it; any other is killed at a random moment.
            living[process] = (owner, time.monotonic() + (2.0 if named else chance.uniform(0.005, 0.12)))
            started += 1
        for process, (_, until) in list(living.items()):
            if time.monotonic() >= until:
                os.kill(process, signal.SIGKILL)
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                del living[process]
                was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                killed += was_killed
                at_borders += was_killed and time.monotonic() < until
                asyncio.run(recover(path, {owner for owner, _ in living.values()}))
        time.sleep(0.001)
    outcome = asyncio.run(judge(port, path, forbidden))
    outcome.kills, outcome.at_borders = killed, at_borders
    return outcome


async def recover(path: Path, alive: set[str]) -> None:
    async with FileJournal(path) as journal:
        await journal.recover(alive)


async def judge(port: int, path: Path, forbidden: set[str]) -> Outcome:
    async with Outbound(allow=("127.0.0.1/32",)) as door:
        counts = (await door.send(Request("GET", f"http://127.0.0.1:{port}/counts"))).content.decode()
    effects = {call_id: int(count) for call_id, count in (line.split() for line in counts.splitlines())}
    async with FileJournal(path) as journal:
        entries = await journal.entries()
    by_state: dict[str, list[str]] = {}
    for entry in entries:
        by_state.setdefault(entry.state, []).append(entry.call_id)
    return Outcome(
        states=Counter({state: len(found) for state, found in by_state.items()}),
        twice=sum(count > 1 for count in effects.values()),
        unconfirmed=sum(call_id in effects for call_id in forbidden),
        done_without_effect=sum(call_id not in effects for call_id in by_state.get("done", ())),
        failed_with_effect=sum(call_id in effects for call_id in by_state.get("failed", ())),
        still_open=sum(len(by_state.get(state, ())) for state in OPEN),
        unknown=len(by_state.get("unknown", ())),
        unknown_that_ran=sum(call_id in effects for call_id in by_state.get("unknown", ())),
    )


def measure(kills: int, workers: int, seed: int) -> Outcome:
    """With a peer of its own and a journal in a temporary folder."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as peer,
    ):
        assert peer.stdout is not None  # a pipe was asked for
        try:
            return run_kills(int(peer.stdout.readline()), Path(folder) / "journal.db", kills, workers, seed)
        finally:
            peer.kill()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=300)
    options.add_argument("--workers", type=int, default=4)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    found = measure(chosen.kills, chosen.workers, chosen.seed)

    def none(name: str, number: int) -> Figure:
        return Figure(name=name, measured=f"{number}", bar="0", held=number == 0)

    figures = [
        Figure(
            name="processes killed",
            measured=f"{found.kills}, of them {found.at_borders} at a named border",
            bar=f">= {chosen.kills}",
            held=found.kills >= chosen.kills,
        ),
        none("effects twice", found.twice),
        none("effects that nobody confirmed", found.unconfirmed),
        none("recorded as done without effect", found.done_without_effect),
        none("recorded as failed with effect", found.failed_with_effect),
        none("open calls that are not shown as unknown", found.still_open),
        Figure(name="calls done", measured=f"{found.states['done']}"),
        Figure(name="calls unknown", measured=f"{found.unknown}, of them {found.unknown_that_ran} had run"),
    ]
    return report("Killed while calling", figures)


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
    else:
        raise SystemExit(main())
