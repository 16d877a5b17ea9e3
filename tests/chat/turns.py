"""A turn on a loopback API with a scripted model: what the tests of the chat loop share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from actionry.actions.access import CredentialsInput
from actionry.actions.action import Action
from actionry.actions.files import FileStore
from actionry.actions.grants import MemoryGrants
from actionry.actions.journal import Journal, MemoryJournal
from actionry.chat.events import ConfirmationAnswered, ConfirmationAsked, Event, SignInAsked, SignInFinished, TextAdded
from actionry.chat.log import TurnContext, TurnLog
from actionry.chat.memory import MemoryActions, MemoryCredentials, MemoryLog
from actionry.chat.services import BUDGETS, Budgets, Outcome, TurnServices
from actionry.chat.turn import run_turn
from actionry.gpts.gpt import Authentication, GptAction, GptContent, NoAuthentication
from actionry.models.provider import Provider
from actionry.outbound import Outbound

E = TypeVar("E")


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True, kw_only=True)
class Room:
    """One user's conversation with one GPT."""

    provider: Provider
    actions: Mapping[str, Action]
    """By action id, which is the document id, too."""
    outbound: Outbound | None
    clock: Clock = field(default_factory=Clock)
    authentication: Authentication = field(default_factory=NoAuthentication)
    credentials: dict[str, CredentialsInput] = field(default_factory=dict)
    budgets: Budgets = BUDGETS
    instructions: str = "You keep TODO lists."
    log: MemoryLog = field(init=False)
    journal: Journal = field(init=False)
    grants: MemoryGrants = field(default_factory=MemoryGrants)
    files: FileStore | None = None
    waited: list[float] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields of TurnServices."""
    action_changes: dict[str, Any] = field(default_factory=dict)
    force_function: str | None = None
    _runners: int = 0

    def __post_init__(self) -> None:
        self.log = MemoryLog(clock=self.clock)
        self.journal = MemoryJournal(clock=self.clock)

    @property
    def content(self) -> GptContent:
        actions = tuple(
            GptAction(id=name, document_id=name, authentication=self.authentication, **self.action_changes)
            for name in self.actions
        )
        return GptContent(name="Tester", instructions=self.instructions, actions=actions)

    def context(self, turn_id: str) -> TurnContext:
        return TurnContext(
            turn_id=turn_id,
            conversation_id="c-memory",
            user_id="u-ada",
            gpt_id="g-test",
            gpt_version=1,
            content=self.content,
            force_function=self.force_function,
        )

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.clock.now += seconds

    def services(self, log: TurnLog | None = None, journal: Journal | None = None) -> TurnServices:
        return TurnServices(
            log=log or self.log,
            provider=self.provider,
            actions=MemoryActions(self.actions),
            journal=journal or self.journal,
            grants=self.grants,
            credentials=MemoryCredentials(self.credentials),
            files=self.files,
            outbound=self.outbound,
            clock=self.clock,
            budgets=self.budgets,
            stops=self.log,
            sleep=self._sleep,
            **self.more,
        )

    def say(self, text: str, **more: Any) -> str:
        return self.log.accept(text, **more)

    async def run(self, turn_id: str, *, log: TurnLog | None = None, journal: Journal | None = None) -> Outcome:
        """By a new runner, as if the last one were another process."""
        self._runners += 1
        self.clock.now += 1
        key = await self.log.lease(turn_id, f"runner-{self._runners}", seconds=0.5)
        assert key is not None
        outcome = await run_turn(self.context(turn_id), key, self.services(log, journal))
        await self.log.release(key)
        return outcome

    async def turn(self, text: str) -> str:
        """Say it and let the turn go as far as it goes."""
        turn_id = self.say(text)
        await self.run(turn_id)
        return turn_id

    # ---------------------------------------------------------------------------------------------------- answers

    def questions(self, turn_id: str) -> list[ConfirmationAsked]:
        """Those that are open."""
        answered = {e.call_id for e in self.of(turn_id, ConfirmationAnswered)}
        return [e for e in self.of(turn_id, ConfirmationAsked) if e.call_id not in answered]

    def answer(
        self,
        turn_id: str,
        decision: Literal["allow", "always_allow", "decline"] = "allow",
        *,
        number: int = 0,
        by: str = "u-ada",
        arguments: str | None = None,
    ) -> bool:
        question = self.questions(turn_id)[number]
        return self.log.answer(
            turn_id,
            ConfirmationAnswered(call_id=question.call_id, decision=decision, by=by, arguments=arguments),
        )

    def signed_in(self, turn_id: str, *, connected: bool = True) -> bool:
        asked = self.of(turn_id, SignInAsked)[-1]
        return self.log.answer(turn_id, SignInFinished(call_id=asked.call_id, connected=connected))

    # ------------------------------------------------------------------------------------------------------- looks

    def of(self, turn_id: str, kind: type[E]) -> list[E]:
        return [event for event in self.log.events(turn_id) if isinstance(event, kind)]

    def kinds(self, turn_id: str) -> list[str]:
        return [event.type for event in self.log.events(turn_id)]

    def text(self, turn_id: str) -> str:
        return "".join(event.text for event in self.of(turn_id, TextAdded))


def shape(events: Sequence[Event]) -> list[str]:
    """Kinds without the streamed text, whose batches depend on the pace."""
    return [event.type for event in events if event.type != "text"]
