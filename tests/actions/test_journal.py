"""The journal: its steps as a table, compare-and-set, recovery; the same for memory and for a file."""

from __future__ import annotations

import asyncio
import itertools
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actionry.actions.call import Caller
from actionry.actions.journal import NEXT, OPEN, Entry, Journal, MemoryJournal, State
from actionry.actions.journal_file import FileJournal
from actionry.errors import CallConflict, OutcomeUnknown
from apps.catalogue import todo_api

STATES: tuple[State, ...] = tuple(NEXT)
PATHS: dict[State, tuple[State, ...]] = {
    "proposed": (),
    "confirmed": ("confirmed",),
    "declined": ("declined",),
    "expired": ("expired",),
    "claimed": ("confirmed", "claimed"),
    "sent": ("confirmed", "claimed", "sent"),
    "done": ("confirmed", "claimed", "sent", "done"),
    "failed": ("confirmed", "claimed", "failed"),
    "unknown": ("confirmed", "claimed", "sent", "unknown"),
}
ENTRY = Entry(call_id="c1", digest="d1", state="proposed", function="addTodo", origin="https://x:443", user="ada")


@pytest.fixture(params=["memory", "file"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    if request.param == "memory":
        yield MemoryJournal()
        return
    found = FileJournal(tmp_path / "journal.db")
    yield found
    found.close()


async def bring(journal: Journal, state: State, call_id: str = "c1", owner: str = "w1") -> None:
    await journal.propose(replace(ENTRY, call_id=call_id))
    here: State = "proposed"
    for to in PATHS[state]:
        await journal.move(call_id, here, to, owner=owner)
        here = to


@pytest.mark.parametrize(("start", "to"), list(itertools.product(STATES, STATES)))
async def test_every_step_that_exists_and_no_other(start: State, to: State) -> None:
    journal = MemoryJournal()
    await bring(journal, start)
    if to in NEXT[start]:
        await journal.move("c1", start, to)
        entry = await journal.find("c1")
        assert entry is not None
        assert entry.state == to
    else:
        with pytest.raises(ValueError, match=f"from {start} to {to}"):
            await journal.move("c1", start, to)


async def test_a_step_from_another_state_is_a_conflict(journal: Journal) -> None:
    await bring(journal, "proposed")
    with pytest.raises(CallConflict, match="is proposed, not confirmed") as error:
        await journal.move("c1", "confirmed", "claimed")
    assert isinstance(error.value.entry, Entry)
    with pytest.raises(CallConflict, match="not in the journal"):
        await journal.move("c2", "confirmed", "claimed")


async def test_one_of_many_claims_wins(journal: Journal) -> None:
    await bring(journal, "confirmed")
    claims = [journal.move("c1", "confirmed", "claimed", owner=f"w{number}") for number in range(20)]
    results = await asyncio.gather(*claims, return_exceptions=True)
    assert results.count(None) == 1
    assert sum(isinstance(result, CallConflict) for result in results) == 19


async def test_an_id_belongs_to_one_digest(journal: Journal) -> None:
    await bring(journal, "confirmed")
    assert (await journal.propose(ENTRY)).state == "confirmed"
    with pytest.raises(CallConflict):
        await journal.propose(replace(ENTRY, digest="d2"))


async def test_after_a_crash_open_calls_of_the_dead_are_unknown(journal: Journal) -> None:
    for state in STATES:
        await bring(journal, state, f"dead-{state}", "w1")
        await bring(journal, state, f"alive-{state}", "w2")
    lost = await journal.recover(alive={"w2"})
    assert {entry.call_id for entry in lost} == {f"dead-{state}" for state in OPEN}
    for state in STATES:
        entry = await journal.find(f"dead-{state}")
        assert entry is not None
        assert entry.state == ("unknown" if state in OPEN else state)
        entry = await journal.find(f"alive-{state}")
        assert entry is not None
        assert entry.state == state
    assert await journal.recover(alive={"w2"}) == []


async def test_a_file_is_read_again_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    async with FileJournal(path) as first:
        await bring(first, "done")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with FileJournal(path) as second:
        entries = await second.entries()
        assert [(entry.call_id, entry.state, entry.owner, entry.user) for entry in entries] == [
            ("c1", "done", "w1", "ada")
        ]
        assert await second.entries("unknown") == []


async def test_memory_forgets_what_ended_and_keeps_what_is_open() -> None:
    journal = MemoryJournal(remember=10)
    await bring(journal, "sent", "open")
    for number in range(50):
        await bring(journal, "done", f"c{number}")
    assert await journal.find("open") is not None
    assert await journal.find("c0") is None
    assert await journal.find("c49") is not None


async def test_a_call_s_answer_is_given_again_by_another_process(tmp_path: Path) -> None:
    arguments = {"username": "a", "body": {"todo": "x"}}
    async with todo_api() as todo:
        for _ in range(2):
            async with FileJournal(tmp_path / "journal.db") as journal:
                caller = Caller(outbound=todo.door, journal=journal)
                result = await caller.call(todo.action(), "addTodo", arguments, call_id="c1")
                assert (result.status, result.text_for_model) == (201, '{"added": "x"}')
        assert len(todo.received) == 1
        assert result.remarks == ("This call was made before; this is its recorded answer.",)


async def test_a_call_that_was_open_when_its_process_died_is_not_made(tmp_path: Path) -> None:
    arguments = {"username": "a", "body": {"todo": "x"}}
    async with todo_api() as todo:
        async with FileJournal(tmp_path / "journal.db") as journal:
            caller = Caller(outbound=todo.door, journal=journal, owner="dead")
            call = await caller.prepare(todo.action(), "addTodo", arguments, call_id="c1")
            await caller.agree(call)
            await journal.move("c1", "confirmed", "claimed", owner="dead")
            await journal.recover()
            with pytest.raises(OutcomeUnknown, match="not sent again"):
                await caller.run(call)
        assert todo.received == []


async def test_a_call_nobody_agreed_to_is_not_made() -> None:
    journal = MemoryJournal()
    async with todo_api() as todo:
        caller = Caller(outbound=todo.door, journal=journal)
        arguments = {"username": "a", "body": {"todo": "x"}}
        call = await caller.prepare(todo.action(), "addTodo", arguments, call_id="c1")
        await journal.propose(replace(ENTRY, digest=call.digest))
        with pytest.raises(CallConflict, match="is proposed, not confirmed"):
            await caller.run(call)
        assert todo.received == []


@pytest.mark.parametrize("kind", ["memory", "file"])
async def test_a_claim_that_is_cancelled_ends_as_failed(kind: str, tmp_path: Path) -> None:
    file = FileJournal(tmp_path / "journal.db")
    journal: Journal = MemoryJournal() if kind == "memory" else file
    async with todo_api() as todo:
        caller = Caller(outbound=todo.door, journal=journal)
        arguments = {"username": "a", "body": {"todo": "x"}}
        states = set()
        for number in range(30):
            call = await caller.prepare(todo.action(), "addTodo", arguments, call_id=f"c{number}")
            await caller.agree(call)
            task = asyncio.create_task(caller.run(call))
            for _ in range(number % 6):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            entry = await journal.find(f"c{number}")
            assert entry is not None
            states.add(entry.state)
    await file.aclose()
    assert states <= {"confirmed", "failed", "unknown", "done"}
