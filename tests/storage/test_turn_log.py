"""The log of a turn: exact, fenced, shared by many, cheap to follow."""

from __future__ import annotations

import asyncio

import pytest

from actionry.actions.journal import Entry
from actionry.chat.events import (
    CallStarted,
    ConfirmationAsked,
    ModelFinished,
    ModelStarted,
    StoredEvent,
    TextAdded,
    TurnFinished,
)
from actionry.chat.log import StaleRunner, TurnKey
from actionry.errors import CallConflict
from actionry.storage.conversations import Message
from actionry.storage.errors import Conflict, NotFound, TurnStillOpen
from actionry.storage.storage import Storage
from actionry.storage.turns import CallStep
from storage.people import begin_turn, leased_turn, make_person

ASKED = ConfirmationAsked(
    call_id="k-1", digest="d1", may_always_allow=False, reasons=("write",), sentence="Adds.", expires_at=4e9
)


def seqs(events: list[StoredEvent]) -> list[int]:
    return [stored.seq for stored in events]


@pytest.mark.row("T-02")
async def test_an_accepted_message_is_a_queued_turn_with_its_first_event(storage: Storage) -> None:
    ada = await make_person(storage)
    accepted = await begin_turn(storage, ada, "milk, please")
    assert accepted.turn.state == "queued"
    assert await storage.turns.runnable() == [accepted.turn.id]
    assert [stored.event.type for stored in await storage.turns.read(accepted.turn.id)] == ["user_message"]


async def test_events_are_numbered_without_gaps(storage: Storage) -> None:
    key = await leased_turn(storage, await make_person(storage))
    first = await storage.turns.append(key, [ModelStarted(round=0, model="m"), TextAdded(text="a")])
    more = await storage.turns.append(key, [TextAdded(text="b")])
    assert seqs(first) + seqs(more) == [2, 3, 4]
    assert await storage.turns.read(key.turn_id, after=1) == [*first, *more]


@pytest.mark.row("T-06")
async def test_a_stale_runner_cannot_write(storage: Storage) -> None:
    ada = await make_person(storage)
    old = await leased_turn(storage, ada, seconds=-1)
    new = await storage.turns.lease(old.turn_id, "r2", seconds=60)
    assert new is not None
    assert new.fencing > old.fencing
    with pytest.raises(StaleRunner):
        await storage.turns.append(old, [TextAdded(text="late")])
    with pytest.raises(StaleRunner):
        await storage.calls.of_turn(old).propose(Entry(call_id="k-9", digest="d", state="proposed"))
    await storage.turns.append(new, [TextAdded(text="mine")])
    assert len(await storage.turns.read(old.turn_id)) == 2


async def test_a_lease_is_kept_from_others_and_renewed_by_its_owner(storage: Storage) -> None:
    key = await leased_turn(storage, await make_person(storage))
    assert await storage.turns.lease(key.turn_id, "r2", seconds=60) is None
    assert await storage.turns.lease(key.turn_id, "r1", seconds=60) == key
    await storage.turns.release(key)
    with pytest.raises(StaleRunner):
        await storage.turns.append(key, [TextAdded(text="after")])
    again = await storage.turns.lease(key.turn_id, "r2", seconds=60)
    assert again == TurnKey(turn_id=key.turn_id, fencing=key.fencing + 1)


async def test_a_stale_append_fails_alone_among_those_that_share_a_transaction(storage: Storage) -> None:
    ada = await make_person(storage)
    keys = [await leased_turn(storage, ada) for _ in range(8)]
    stale = TurnKey(turn_id=keys[3].turn_id, fencing=0)
    results = await asyncio.gather(
        *(storage.turns.append(key, [TextAdded(text="x")]) for key in [*keys, stale]), return_exceptions=True
    )
    assert [isinstance(result, StaleRunner) for result in results] == [False] * 8 + [True]


async def test_many_writers_lose_nothing(storage: Storage) -> None:
    ada = await make_person(storage)
    keys = [await leased_turn(storage, ada) for _ in range(8)]

    async def write(key: TurnKey) -> None:
        for number in range(40):
            await storage.turns.append(key, [TextAdded(text=str(number))])

    await asyncio.gather(*map(write, keys))
    for key in keys:
        events = await storage.turns.read(key.turn_id, after=1)
        assert seqs(events) == list(range(2, 42))
        assert [e.event.text for e in events if isinstance(e.event, TextAdded)] == [str(n) for n in range(40)]


@pytest.mark.row("T-04")
async def test_followers_see_each_event_once_and_in_order(storage: Storage) -> None:
    key = await leased_turn(storage, await make_person(storage))

    async def collect(after: int) -> list[int]:
        return [stored.seq async for stored in storage.turns.follow(key.turn_id, after)]

    followers = [asyncio.create_task(collect(after)) for after in (0, 0, 1, 5)]
    for number in range(200):
        await storage.turns.append(key, [TextAdded(text=str(number)), TextAdded(text="!")])
    late = asyncio.create_task(collect(3))
    await storage.turns.append(key, [TurnFinished(outcome="done")])
    last = 1 + 400 + 1
    for task, after in zip([*followers, late], (0, 0, 1, 5, 3), strict=True):
        assert await asyncio.wait_for(task, 20) == list(range(after + 1, last + 1))
    assert storage.hub.followed == 0


async def test_following_ends_when_the_turn_comes_to_rest(storage: Storage) -> None:
    key = await leased_turn(storage, await make_person(storage))

    async def collect() -> list[str]:
        return [stored.event.type async for stored in storage.turns.follow(key.turn_id)]

    task = asyncio.create_task(collect())
    await storage.turns.append(key, [ASKED])
    await storage.turns.release(key)
    assert await asyncio.wait_for(task, 10) == ["user_message", "confirmation_asked"]
    assert await collect() == ["user_message", "confirmation_asked"]
    assert await storage.turns.runnable() == []
    assert await storage.turns.lease(key.turn_id, "r2", seconds=1) is None


@pytest.mark.row("T-05")
@pytest.mark.row("P-04")
async def test_fifty_identical_answers_are_one(storage: Storage) -> None:
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    await storage.turns.append(key, [ASKED])
    await storage.turns.release(key)
    answers = await asyncio.gather(
        *(storage.answers.confirm(ada, key.turn_id, "k-1", "d1", "allow") for _ in range(50))
    )
    assert sum(answer.first for answer in answers) == 1
    assert {(answer.outcome, answer.seq, answer.at) for answer in answers} == {("allow", 3, answers[0].at)}
    assert [e.event.type for e in await storage.turns.read(key.turn_id, 2)] == ["confirmation_answered"]
    assert await storage.turns.runnable() == [key.turn_id]


@pytest.mark.row("P-01")
async def test_an_answer_fits_its_question(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    key = await leased_turn(storage, ada)
    await storage.turns.append(key, [ASKED])
    await storage.turns.release(key)
    with pytest.raises(NotFound):
        await storage.answers.confirm(eve, key.turn_id, "k-1", "d1", "allow")
    with pytest.raises(NotFound):
        await storage.answers.confirm(ada, key.turn_id, "k-2", "d1", "allow")
    with pytest.raises(Conflict):
        await storage.answers.confirm(ada, key.turn_id, "k-1", "other", "allow")
    with pytest.raises(Conflict):
        await storage.answers.confirm(ada, key.turn_id, "k-1", "d1", "always_allow")
    assert len(await storage.answers.open_questions(ada)) == 1
    assert await storage.answers.open_questions(eve) == []


@pytest.mark.row("P-07")
async def test_a_question_answered_too_late_is_expired(storage: Storage) -> None:
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    await storage.turns.append(key, [ASKED.model_copy(update={"expires_at": 1.0})])
    await storage.turns.release(key)
    answer = await storage.answers.confirm(ada, key.turn_id, "k-1", "d1", "allow")
    assert (answer.outcome, answer.first, answer.seq) == ("expired", False, None)
    assert await storage.turns.runnable() == [key.turn_id]


async def test_a_question_nobody_answers_wakes_the_turn(storage: Storage) -> None:
    key = await leased_turn(storage, await make_person(storage))
    await storage.turns.append(key, [ASKED.model_copy(update={"expires_at": 1.0})])
    await storage.turns.release(key)
    assert await storage.turns.runnable() == [key.turn_id]
    assert await storage.turns.lease(key.turn_id, "r2", seconds=60) is not None


async def test_an_answer_while_a_runner_is_at_it_is_not_forgotten(storage: Storage) -> None:
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    await storage.turns.append(key, [ASKED, ASKED.model_copy(update={"call_id": "k-2"})])
    await storage.answers.confirm(ada, key.turn_id, "k-2", "d1", "decline")
    await storage.turns.release(key)
    assert await storage.turns.runnable() == [key.turn_id]


@pytest.mark.row("T-01")
async def test_a_claim_and_its_event_are_one(storage: Storage) -> None:
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    calls = storage.calls.of_turn(key)
    await calls.propose(Entry(call_id="k-1", digest="d1", state="proposed", user=ada.user_id or ""))
    await calls.move("k-1", "proposed", "confirmed")
    claim = CallStep(call_id="k-1", expected="confirmed", to="claimed", owner="r1")
    stored = await storage.turns.append(key, [CallStarted(call_id="k-1")], steps=[claim])
    assert len(stored) == 1
    with pytest.raises(CallConflict):
        await storage.turns.append(key, [CallStarted(call_id="k-1")], steps=[claim])
    assert len(await storage.turns.read(key.turn_id)) == 2
    assert [entry.state for entry in await calls.recover()] == ["unknown"]
    found = await calls.find("k-1")
    assert found is not None
    assert found.state == "unknown"


async def test_a_message_is_stored_once_per_key(storage: Storage) -> None:
    ada = await make_person(storage)
    conversation = await storage.conversations.create(ada)
    message = Message(text="once")
    sent = await asyncio.gather(
        *(storage.conversations.accept(ada, conversation.id, message, key="K") for _ in range(10))
    )
    assert len({accepted.turn.id for accepted in sent}) == 1
    assert sum(not accepted.repeated for accepted in sent) == 1
    with pytest.raises(Conflict):
        await storage.conversations.accept(ada, conversation.id, Message(text="other"), key="K")
    with pytest.raises(TurnStillOpen):
        await storage.conversations.accept(ada, conversation.id, Message(text="more"))


@pytest.mark.row("A-02")
async def test_a_foreign_conversation_is_not_there(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    accepted = await begin_turn(storage, ada)
    conversation_id = accepted.turn.conversation_id
    assert await storage.conversations.find(eve, conversation_id) is None
    assert await storage.conversations.turns_of(eve, conversation_id) == []
    assert await storage.conversations.transcript(eve, conversation_id) == []
    assert await storage.turns.read_for(eve, accepted.turn.id) is None
    assert await storage.turns.follow_for(eve, accepted.turn.id) is None
    assert not await storage.turns.ask_to_stop(eve, accepted.turn.id)
    with pytest.raises(NotFound):
        await storage.conversations.accept(eve, conversation_id, Message(text="mine now"))
    with pytest.raises(NotFound):
        await storage.conversations.delete(eve, conversation_id)
    own = await storage.conversations.create(eve)
    with pytest.raises(NotFound):
        await storage.conversations.accept(eve, own.id, Message(text="x", parent=accepted.turn.id))
    with pytest.raises(NotFound):
        await storage.conversations.update(eve, own.id, head_turn_id=accepted.turn.id)


async def test_history_is_that_of_the_branch(storage: Storage) -> None:
    ada = await make_person(storage)
    conversation = await storage.conversations.create(ada)

    async def say(text: str, parent: str | None = "head") -> str:
        accepted = await storage.conversations.accept(ada, conversation.id, Message(text=text, parent=parent))
        key = await storage.turns.lease(accepted.turn.id, "r", seconds=60)
        assert key is not None
        usage = ModelFinished(round=0, reason="stop", input_tokens=3, output_tokens=2)
        await storage.turns.append(key, [TextAdded(text=f"re {text}"), usage, TurnFinished(outcome="done")])
        return accepted.turn.id

    one = await say("one")
    two = await say("two")
    edited = await say("two, edited", one)
    three = await say("three")
    history = await storage.turns.history(three)
    assert [turn[0].turn_id for turn in history] == [one, edited]
    assert [len(turn) for turn in history] == [4, 4]
    assert [turn[0].turn_id for turn in await storage.turns.history(two)] == [one]
    listed = await storage.conversations.turns_of(ada, conversation.id)
    assert [turn.id for turn in listed] == [one, two, edited, three]
    assert [(turn.state, turn.input_tokens, turn.output_tokens) for turn in listed] == [("finished", 3, 2)] * 4
    found = await storage.conversations.find(ada, conversation.id)
    assert found is not None
    assert found.head_turn_id == three


async def test_stopping_a_waiting_turn_runs_it_once_more(storage: Storage) -> None:
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    await storage.turns.append(key, [ASKED])
    assert not await storage.turns.stop_asked(key.turn_id)
    await storage.turns.release(key)
    assert await storage.turns.ask_to_stop(ada, key.turn_id)
    assert await storage.turns.stop_asked(key.turn_id)
    assert await storage.turns.runnable() == [key.turn_id]


async def test_a_deleted_conversation_stops_its_runner(storage: Storage) -> None:
    ada = await make_person(storage)
    key = await leased_turn(storage, ada)
    turn = await storage.turns.find(ada, key.turn_id)
    assert turn is not None
    await storage.conversations.delete(ada, turn.conversation_id)
    with pytest.raises(StaleRunner):
        await storage.turns.append(key, [TextAdded(text="gone")])
    assert await storage.turns.stop_asked(key.turn_id)
    assert await storage.turns.read(key.turn_id) == []
