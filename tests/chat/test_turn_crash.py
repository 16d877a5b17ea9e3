"""Killed at every commit, continued by another process: the same end, and no effect twice (THREATS T-01, T-03)."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actionry.chat.events import CallFinished, CallRefused, CallUnknown
from actionry.chat.state import TurnState, fold
from actionry.models.provider import TextDelta
from actionry.models.scripted import Scripted, calls, plays, says, tries
from apps.catalogue import todo_api
from apps.server import App
from chat.mortal import Killed, Life, MortalJournal, MortalLog
from chat.turns import Room

LIST = calls("listTodos", username="ada")
SCRIPT = (
    says("Let me look. ", pieces=3) + LIST + calls("health"),
    calls("addTodo", username="ada", body={"todo": "milk"}),
    says("Now this one. ") + calls("addTodo", username="ada", body={"todo": "eggs"}) + LIST,
    calls("deleteTodo", username="ada", body={"todo_idx": 0}),
    says("Milk came and went; eggs stay.", pieces=4),
)
WRITES = ["POST milk", "POST eggs", "DELETE 0"]


async def drive(app: App, cuts: list[Life], *, journal_counts: bool = True) -> tuple[Room, str]:
    """Run a turn to its end, each process with a life of its own, the last ones immortal; every question is allowed."""
    room = Room(provider=Scripted(*SCRIPT), actions={"a-todo": app.action()}, outbound=app.door)
    turn = room.say("Tidy up my list")
    lives = iter(cuts)
    life = next(lives, None)
    for _ in range(60):
        if life is not None and life.dead:
            life = next(lives, None)
        log = MortalLog(room.log, life) if life is not None else None
        journal = MortalJournal(room.journal, life, counts=journal_counts) if life is not None else None
        try:
            outcome = await room.run(turn, log=log, journal=journal)
        except Killed:
            if fold(await room.log.read(turn)).outcome is not None:
                return room, turn
            continue
        if outcome.kind == "finished":
            return room, turn
        while room.questions(turn):
            room.answer(turn)
    raise AssertionError("the turn does not end")


def end_of(state: TurnState) -> list[object]:
    """Everything that matters, without ids and times."""
    found: list[object] = [state.outcome]
    for each in state.rounds:
        found.append(each.text)
        for call in each.calls:
            ended = call.ended
            told = (ended.status, ended.text) if isinstance(ended, CallFinished) else ended
            found.append((call.proposed.function, call.proposed.arguments, type(ended).__name__, told))
    return found


def writes_of(app: App) -> list[str]:
    return [f"{r.method} {next(iter(r.json.values()))}" for r in app.received if r.method != "GET"]


async def uncut() -> tuple[list[object], int]:
    """The end of a run that nobody disturbs, and how many commits it takes."""
    life = Life(10_000)
    async with todo_api() as app:
        room, turn = await drive(app, [life])
        assert writes_of(app) == WRITES
        return end_of(fold(await room.log.read(turn))), life.made


@pytest.mark.row("T-01")
async def test_cut_after_each_event_commit_ends_as_the_uncut_run() -> None:
    expected, commits = await uncut()
    for number in range(commits):
        async with todo_api() as app:
            room, turn = await drive(app, [Life(number)], journal_counts=False)
            assert end_of(fold(await room.log.read(turn))) == expected, f"cut after commit {number}"
            assert writes_of(app) == WRITES, f"cut after commit {number}"


@pytest.mark.row("T-01")
@pytest.mark.row("T-03")
@pytest.mark.parametrize("before", [False, True])
async def test_cut_at_each_step_runs_nothing_twice(before: bool) -> None:
    expected, commits = await uncut()
    unknown = 0
    for number in range(commits):
        async with todo_api() as app:
            room, turn = await drive(app, [Life(number, before=before)])
            state = fold(await room.log.read(turn))
            assert state.outcome is not None
            assert state.outcome.outcome == "done"
            check_effects(app, state, number)
            ends = [call.ended for call in state.calls.values()]
            if any(isinstance(end, CallUnknown) for end in ends):
                unknown += 1
            else:
                assert end_of(state) == expected, f"cut at step {number}"
    # Only between the claim and its end is there anything that cannot be known: three writes, three such steps each.
    assert 0 < unknown <= 3 * 3


def check_effects(app: App, state: TurnState, number: object) -> None:
    """No effect twice, none without consent, and each end tells the truth."""
    made = writes_of(app)
    assert len(set(made)) == len(made), f"twice, cut at {number}: {made}"
    for call in state.calls.values():
        if call.proposed.request is None or call.proposed.request["method"] == "GET":
            continue
        body = call.proposed.request["body"]
        effect = f"{call.proposed.request['method']} {next(iter(body.values()))}"
        assert call.ended is not None
        if isinstance(call.ended, CallFinished):
            assert effect in made
            assert call.answer is not None
        elif not isinstance(call.ended, CallUnknown):
            assert effect not in made


@pytest.mark.row("T-01")
@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 14), st.booleans()), max_size=12))
async def test_killed_again_and_again(cuts: list[tuple[int, bool]]) -> None:
    async with todo_api() as app:
        room, turn = await drive(app, [Life(commits, before=before) for commits, before in cuts])
        state = fold(await room.log.read(turn))
        assert state.outcome is not None
        check_effects(app, state, cuts)


async def test_a_repeated_round_does_not_repeat_what_was_done() -> None:
    """The model is asked again after a crash and, unlike before, asks for a call that was made already."""
    add = calls("addTodo", username="ada", body={"todo": "milk"})
    async with todo_api() as app:
        room = Room(provider=Scripted(add, says("Added.")), actions={"a-todo": app.action()}, outbound=app.door)
        turn = await room.turn("Add milk")
        room.answer(turn)
        with pytest.raises(Killed):
            # CallStarted, CallFinished, ModelStarted, then dead.
            await room.run(turn, log=MortalLog(room.log, Life(2)))
        room.provider = Scripted(add, add, says("It was added before."))
        assert (await room.run(turn)).kind == "finished"
        assert writes_of(app) == ["POST milk"]
        [refused] = room.of(turn, CallRefused)
        assert refused.reason == "already_executed"
        assert '"added": "milk"' in refused.text


async def test_partial_text_of_a_cut_round_is_void() -> None:
    never = asyncio.Event()
    stuck = plays(TextDelta("One two "), never)
    room = Room(provider=Scripted(tries(stuck, says("One two three"))), actions={}, outbound=None)
    turn = room.say("Count")
    with pytest.raises(Killed):
        await room.run(turn, log=MortalLog(room.log, Life(0)))
    assert room.text(turn) == "One two "
    await room.run(turn)
    state = fold(await room.log.read(turn))
    assert [(each.text, each.tries) for each in state.rounds] == [("One two three", 2)]
