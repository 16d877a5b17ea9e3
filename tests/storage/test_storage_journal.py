"""The journal in SQL keeps the rules of `actions.journal`, and storage fits the protocols that others ask for."""

from __future__ import annotations

import asyncio

import pytest

from actionry.actions.files import FileStore
from actionry.actions.grants import GrantStore
from actionry.actions.journal import Entry, Journal
from actionry.chat.log import StaleRunner, TurnLog
from actionry.chat.services import Stops
from actionry.credentials.oauth import ClientStore, PendingLogins, TokenStore
from actionry.errors import CallConflict
from actionry.storage.files import TurnFiles
from actionry.storage.storage import Storage
from storage.people import leased_turn, make_person


def test_the_protocols_are_kept() -> None:
    def fits(storage: Storage, files: TurnFiles) -> tuple[object, ...]:
        log: TurnLog = storage.turns
        journal: Journal = storage.calls
        grants: GrantStore = storage.grants
        store: FileStore = files
        tokens: TokenStore = storage.tokens
        logins: PendingLogins = storage.logins
        clients: ClientStore = storage.clients
        stops: Stops = storage.hub
        return log, journal, grants, store, tokens, logins, clients, stops

    assert callable(fits)  # held by the type checker


@pytest.mark.row("T-01")
async def test_one_of_many_claims_a_call(storage: Storage) -> None:
    ada = await make_person(storage)
    entry = Entry(call_id="k-1", digest="d", state="confirmed", user=ada.id, function="addTodo", origin="https://x:443")
    first = await asyncio.gather(*(storage.calls.propose(entry) for _ in range(5)))
    assert {(each.state, each.digest) for each in first} == {("confirmed", "d")}
    claims = await asyncio.gather(
        *(storage.calls.move("k-1", "confirmed", "claimed", owner=f"p{n}") for n in range(8)), return_exceptions=True
    )
    assert sum(claim is None for claim in claims) == 1
    assert all(claim is None or isinstance(claim, CallConflict) for claim in claims)
    await storage.calls.move("k-1", "claimed", "sent")
    await storage.calls.move("k-1", "sent", "done", outcome={"status": 200, "text": "\u0000\ud83d\ude00"})
    found = await storage.calls.find("k-1")
    assert found is not None
    assert (found.state, found.function, found.user) == ("done", "addTodo", ada.id)
    assert found.owner.startswith("p")
    assert found.outcome["status"] == 200
    again = await storage.calls.propose(entry)
    assert again.state == "done"


async def test_what_the_journal_refuses(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    entry = Entry(call_id="k-1", digest="d", state="proposed", user=ada.id)
    await storage.calls.propose(entry)
    with pytest.raises(CallConflict):
        await storage.calls.propose(Entry(call_id="k-1", digest="other", state="proposed", user=ada.id))
    with pytest.raises(CallConflict):
        await storage.calls.propose(Entry(call_id="k-1", digest="d", state="proposed", user=eve.id))
    with pytest.raises(ValueError, match="begins"):
        await storage.calls.propose(Entry(call_id="k-2", digest="d", state="done"))
    with pytest.raises(ValueError, match="proposed"):
        await storage.calls.move("k-1", "proposed", "sent")
    with pytest.raises(CallConflict):
        await storage.calls.move("k-3", "proposed", "confirmed")
    await storage.calls.move("k-1", "proposed", "declined")
    with pytest.raises(CallConflict):
        await storage.calls.move("k-1", "proposed", "confirmed")


async def test_recovery_finds_what_the_dead_have_left(storage: Storage) -> None:
    ada = await make_person(storage)
    for number, owner in enumerate(("dead", "alive", "dead")):
        await storage.calls.propose(Entry(call_id=f"k-{number}", digest="d", state="confirmed", user=ada.id))
        if number < 2:
            await storage.calls.move(f"k-{number}", "confirmed", "claimed", owner=owner)
    lost = await storage.calls.recover(["alive"])
    assert [(entry.call_id, entry.state) for entry in lost] == [("k-0", "unknown")]
    assert lost[0].outcome["why"]
    assert await storage.calls.recover(["alive"]) == []


@pytest.mark.row("T-06")
async def test_a_stale_runner_cannot_claim(storage: Storage) -> None:
    ada = await make_person(storage)
    old = await leased_turn(storage, ada, seconds=-1)
    calls = storage.calls.of_turn(old)
    await calls.propose(Entry(call_id="k-1", digest="d", state="confirmed", user=ada.id))
    new = await storage.turns.lease(old.turn_id, "r2", seconds=60)
    assert new is not None
    with pytest.raises(StaleRunner):
        await calls.move("k-1", "confirmed", "claimed", owner="r1")
    await storage.calls.of_turn(new).move("k-1", "confirmed", "claimed", owner="r2")
    assert [entry.call_id for entry in await storage.calls.of_turn(new).recover()] == ["k-1"]
