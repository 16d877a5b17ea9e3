"""Random histories of sending, answering, editing, stopping, killing and reconnecting against a simple model (T-20).

The model knows nothing of rounds, digests or journals: it knows which effects were allowed. Each write carries a word
of its own, so that what the API received can be laid beside what was allowed.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actionry.chat.events import (
    CallFailed,
    CallFinished,
    CallProposed,
    CallRefused,
    CallUnknown,
    ConfirmationAnswered,
    StoredEvent,
)
from actionry.chat.state import TurnState, fold
from actionry.models.provider import AssistantMessage, ModelRequest, UserMessage
from actionry.models.scripted import Scripted, Step, calls, says
from apps.catalogue import todo_api
from chat.mortal import Killed, Life, MortalJournal, MortalLog
from chat.turns import Room

Op = Literal["add", "delete", "list", "health"]
Decision = Literal["allow", "always_allow", "decline"]


def step_for(operation: Op, word: str) -> Step:
    match operation:
        case "add":
            return calls("addTodo", call_id=word, username="ada", body={"todo": word})
        case "delete":
            return calls("deleteTodo", call_id=word, username=word, body={"todo_idx": 0})
        case "list":
            return calls("listTodos", call_id=word, username=word)
        case "health":
            return calls("health", call_id=word)


def play(request: ModelRequest) -> Step:
    """The double of a model: the user's message says in which rounds it calls what."""
    messages = list(request.messages)
    last = max(index for index, message in enumerate(messages) if isinstance(message, UserMessage))
    said = messages[last]
    assert isinstance(said, UserMessage)
    rounds: list[list[tuple[Op, str]]] = orjson.loads(said.text)
    answered = sum(isinstance(message, AssistantMessage) for message in messages[last:])
    if answered >= len(rounds):
        return says("That is all.", pieces=3)
    steps = [step_for(operation, word) for operation, word in rounds[answered]]
    return sum(steps[1:], says(f"Round {answered}. ") + steps[0])


@dataclass(slots=True)
class Expected:
    """What the simple model knows of a turn."""

    words: dict[str, Op]
    allowed: set[str] = field(default_factory=set)
    """Words of calls that a person said yes to, perhaps after an edit."""
    declined: set[str] = field(default_factory=set)
    edited: dict[str, str] = field(default_factory=dict)
    """Word -> the word that the person put in its place."""
    killed: bool = False
    stopped: bool = False


class Conversation(RuleBasedStateMachine):
    steps = 0
    """Of all histories together."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.numbers = itertools.count()
        self.expected: dict[str, Expected] = {}
        self.seen: dict[str, list[StoredEvent]] = {}
        self.always = False
        self.current: str | None = None

    def do(self, work: Any) -> Any:
        return self.loop.run(work)

    @initialize()
    def open(self) -> None:
        async def enter() -> None:
            self.app = await todo_api().__aenter__()
            self.room = Room(
                provider=Scripted(*[play] * 10), actions={"a-todo": self.app.action()}, outbound=self.app.door
            )

        self.do(enter())

    def teardown(self) -> None:
        async def leave() -> None:
            await self.app.__aexit__(None, None, None)

        if hasattr(self, "app"):
            self.do(leave())
        self.loop.close()

    # ------------------------------------------------------------------------------------------------------- the rules

    def state(self, turn: str) -> TurnState:
        found: TurnState = self.do(self._state(turn))
        return found

    async def _state(self, turn: str) -> TurnState:
        return fold(await self.room.log.read(turn))

    def is_open(self) -> bool:
        return self.current is not None and self.state(self.current).outcome is None

    @precondition(lambda self: not self.is_open())
    @rule(
        plan=st.lists(
            st.lists(st.sampled_from(["add", "delete", "list", "health"]), min_size=1, max_size=3),
            max_size=3,
        ),
        edits=st.booleans(),
    )
    def send(self, plan: list[list[Op]], edits: bool) -> None:
        """A message; sometimes in place of an earlier one."""
        rounds = [[(operation, f"w{next(self.numbers)}") for operation in each] for each in plan]
        words = {word: operation for each in rounds for operation, word in each}
        more: dict[str, Any] = {}
        if edits and self.current is not None:
            history = self.do(self.room.log.history(self.current))
            more["parent_id"] = history[-1][0].turn_id if history else None
        turn = self.room.say(orjson.dumps(rounds).decode(), **more)
        self.expected[turn] = Expected(words)
        self.current = turn
        self.run()

    def run(self, life: Life | None = None) -> None:
        """A runner takes the turn as far as it goes, or dies on the way."""
        assert self.current is not None
        log = MortalLog(self.room.log, life) if life is not None else None
        journal = MortalJournal(self.room.journal, life) if life is not None else None
        try:
            self.do(self.room.run(self.current, log=log, journal=journal))
        except Killed:
            self.expected[self.current].killed = True

    @precondition(lambda self: self.is_open())
    @rule()
    def continue_it(self) -> None:
        """Another runner, for no reason: nothing more happens than before."""
        self.run()

    @precondition(lambda self: self.is_open())
    @rule(commits=st.integers(0, 12), before=st.booleans())
    def kill(self, commits: int, before: bool) -> None:
        self.run(Life(commits, before=before))

    @precondition(lambda self: self.is_open())
    @rule(number=st.integers(0, 3), decision=st.sampled_from(["allow", "allow", "always_allow", "decline"]))
    def answer(self, number: int, decision: Decision) -> None:
        self._answer(number, decision)
        self.run()

    @precondition(lambda self: self.is_open())
    @rule(number=st.integers(0, 3), commits=st.integers(0, 12), before=st.booleans())
    def answer_and_kill(self, number: int, commits: int, before: bool) -> None:
        self._answer(number, "allow")
        self.run(Life(commits, before=before))

    @precondition(lambda self: self.is_open())
    @rule(number=st.integers(0, 3))
    def edit(self, number: int) -> None:
        """The person changes what is added; that is another request, and is asked about anew."""
        question = self._question(number)
        assert self.current is not None
        if question is None or question.function != "addTodo":
            return
        expected = self.expected[self.current]
        word = f"w{next(self.numbers)}"
        expected.edited[question.provider_call_id] = word
        expected.allowed.discard(question.provider_call_id)
        arguments = orjson.dumps({"username": "ada", "body": {"todo": word}}).decode()
        self._say(question.call_id, "allow", arguments)
        self.run()

    @precondition(lambda self: self.is_open())
    @rule()
    def let_it_expire(self) -> None:
        self.room.clock.now += 15 * 60 + 1
        self.run()

    @precondition(lambda self: self.is_open())
    @rule()
    def stop(self) -> None:
        assert self.current is not None
        self.expected[self.current].stopped = True
        self.room.log.stop(self.current)
        self.run()
        assert self.state(self.current).outcome is not None

    @precondition(lambda self: self.current is not None)
    @rule(share=st.floats(0, 1))
    def reconnect(self, share: float) -> None:
        """A stream that was cut anywhere goes on exactly where it was."""
        assert self.current is not None
        turn = self.current

        async def follow() -> list[StoredEvent]:
            stored = await self.room.log.read(turn)
            after = int(share * len(stored))
            found = stored[:after]
            stream = self.room.log.follow(turn, after)
            for _ in range(len(stored) - after):
                found.append(await anext(stream))
            await stream.aclose()  # type: ignore[attr-defined]  # an async generator behind the protocol
            return found

        assert self.do(follow()) == self.do(self.room.log.read(turn))

    # --------------------------------------------------------------------------------------------------------- helpers

    def _question(self, number: int) -> CallProposed | None:
        assert self.current is not None
        open_calls = [call for call in self.state(self.current).calls.values() if call.status == "asking"]
        return open_calls[number % len(open_calls)].proposed if open_calls else None

    def _answer(self, number: int, decision: Decision) -> None:
        question = self._question(number)
        assert self.current is not None
        if question is None:
            return
        expected = self.expected[self.current]
        (expected.declined if decision == "decline" else expected.allowed).add(question.provider_call_id)
        self._say(question.call_id, decision, None)

    def _say(self, call_id: str, decision: Decision, arguments: str | None) -> None:
        assert self.current is not None
        self.always = self.always or decision == "always_allow"
        event = ConfirmationAnswered(call_id=call_id, decision=decision, by="u-ada", arguments=arguments)
        assert self.room.log.answer(self.current, event)
        assert not self.room.log.answer(self.current, event)  # the second click of a double click

    # ------------------------------------------------------------------------------------------------ what has to hold

    @invariant()
    def effects_are_those_that_were_allowed(self) -> None:
        if not hasattr(self, "app"):
            return
        made = Counter(self._written())
        assert all(count == 1 for count in made.values()), f"an effect twice: {made}"
        for turn, expected in self.expected.items():
            state = self.state(turn)
            for call in state.calls.values():
                word = call.proposed.provider_call_id
                operation = expected.words[word]
                if operation in ("add", "delete"):
                    self._check_write(call.proposed, call.ended, expected, word, made)
            if state.outcome is not None:
                assert all(call.ended is not None for call in state.calls.values())
                assert expected.stopped or state.outcome.outcome == "done"

    def _check_write(
        self, proposed: CallProposed, ended: object, expected: Expected, word: str, made: Counter[str]
    ) -> None:
        sent = expected.edited.get(word, word)
        happened = made[sent]
        if isinstance(ended, CallFinished):
            assert happened == 1
        elif isinstance(ended, CallRefused | CallFailed):
            assert happened == 0
        elif isinstance(ended, CallUnknown):
            assert expected.killed  # only a death in the middle of a call leaves it open
        if happened and not (self.always and proposed.function == "addTodo"):
            assert word in expected.allowed, f"{word} was run and nobody allowed it"
        if word in expected.declined:
            assert happened == 0

    @invariant()
    def events_only_grow(self) -> None:
        type(self).steps += 1
        if self.current is None:
            return
        stored = self.do(self.room.log.read(self.current))
        before = self.seen.get(self.current, [])
        assert stored[: len(before)] == before
        assert [each.seq for each in stored] == list(range(1, len(stored) + 1))
        self.seen[self.current] = stored

    @invariant()
    def a_turn_that_is_not_over_waits_for_somebody(self) -> None:
        if self.current is None or self.expected[self.current].killed:
            return
        state = self.state(self.current)
        assert state.outcome is not None or state.waiting

    def _written(self) -> list[str]:
        found = []
        for received in self.app.received:
            if received.method == "POST":
                found.append(received.json["todo"])
            elif received.method == "DELETE":
                found.append(received.variables["username"])
        return found


def settle_everything(machine: type[Conversation], *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )


@pytest.mark.row("T-20")
def test_random_histories() -> None:
    settle_everything(Conversation, examples=20, steps=20)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.row("T-20")
def test_many_random_histories() -> None:
    """10^4 steps and more."""
    examples = int(os.environ.get("ACTIONRY_TEST_HISTORIES", "400"))
    Conversation.steps = 0
    settle_everything(Conversation, examples=examples, steps=40)
    assert Conversation.steps >= 25 * examples, Conversation.steps
