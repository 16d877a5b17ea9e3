"""Fit a conversation into a model's context: the oldest is shortened first, and a call never loses its result.

In order, until it fits: results of earlier turns are shortened; the oldest turns are left out whole; results of
earlier rounds of this turn are shortened, then those of the last round. Instructions, functions and what the user
just said are never touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from actionry.chat.prompt import RoundMessages, TurnMessages
from actionry.models.provider import Message, SystemMessage, ToolResultMessage
from actionry.tools.tokens import count_tokens

MESSAGE_TOKENS = 8
"""What a provider adds to each message: its role, ids, separators; a careful guess."""
SHORT_CHARACTERS = 600
"""Of a result that is shortened."""
SHORTEST_CHARACTERS = 120


@dataclass(slots=True)
class Trimmed:
    messages: list[Message]
    fits: bool = True
    turns_left_out: int = 0
    results_shortened: int = 0

    @property
    def notice(self) -> str:
        """What a person should know about it; "" when nothing was left out."""
        parts = []
        if self.turns_left_out:
            parts.append(f"{self.turns_left_out} earlier messages of this conversation were left out")
        if self.results_shortened:
            parts.append(f"{self.results_shortened} results were shortened")
        return f"{' and '.join(parts)}, so that the rest fits into the model's context." if parts else ""


@dataclass(slots=True)
class _Part:
    """Messages with what they cost."""

    turn: TurnMessages
    tokens: int = 0

    def count(self) -> int:
        self.tokens = _cost(self.turn.user.text) + sum(map(_round_cost, self.turn.rounds))
        return self.tokens


@dataclass(slots=True)
class _Context:
    budget: int
    parts: list[_Part] = field(default_factory=list)
    shortened: int = 0
    left_out: int = 0

    @property
    def tokens(self) -> int:
        return sum(part.tokens for part in self.parts)

    @property
    def fits(self) -> bool:
        return self.tokens <= self.budget

    def shorten(self, part: _Part, rounds: Sequence[RoundMessages], characters: int) -> None:
        for each in rounds:
            for index, result in enumerate(each.results):
                if self.fits:
                    return
                shorter = _shorten(result, characters)
                if shorter is not result:
                    part.tokens -= _cost(result.text) - _cost(shorter.text)
                    each.results[index] = shorter
                    self.shortened += 1


def trim(system: str, turns: Sequence[TurnMessages], *, budget: int) -> Trimmed:
    """The messages of a request within `budget` tokens; the last turn is the one that is being answered.

    budget: of all messages together, the functions' definitions and the room for an answer taken off before.
    """
    if _most_tokens(system, turns) <= budget:
        return Trimmed(_flat(system, turns))
    copies = [
        TurnMessages(turn.user, [RoundMessages(each.assistant, list(each.results)) for each in turn.rounds])
        for turn in turns
    ]
    context = _Context(budget - _cost(system), [_Part(turn) for turn in copies])
    for part in context.parts:
        part.count()
    _fit(context)
    kept = [part.turn for part in context.parts]
    return Trimmed(_flat(system, kept), context.fits, context.left_out, context.shortened)


def _fit(context: _Context) -> None:
    for part in context.parts[:-1]:
        context.shorten(part, part.turn.rounds, SHORT_CHARACTERS)
    while not context.fits and len(context.parts) > 1:
        context.parts.pop(0)
        context.left_out += 1
    last = context.parts[-1]
    context.shorten(last, last.turn.rounds[:-1], SHORT_CHARACTERS)
    for characters in (16_000, 4_000, SHORT_CHARACTERS, SHORTEST_CHARACTERS):
        context.shorten(last, last.turn.rounds, characters)


def _shorten(result: ToolResultMessage, characters: int) -> ToolResultMessage:
    text = result.text
    if len(text) <= characters + 80:
        return result
    return replace(
        result,
        text=f"{text[:characters]}\n[{len(text) - characters:,} more characters were left out to fit the context; "
        "call again for less, or for a part.]",
    )


def _most_tokens(system: str, turns: Sequence[TurnMessages]) -> int:
    """An upper bound without counting: no token is shorter than a byte, and most conversations are far below."""
    size = len(system.encode("utf-8", "replace")) + MESSAGE_TOKENS
    for turn in turns:
        size += len(turn.user.text.encode("utf-8", "replace")) + MESSAGE_TOKENS
        for each in turn.rounds:
            texts = [each.assistant.text, *(call.arguments + call.name for call in each.assistant.tool_calls)]
            texts += [result.text for result in each.results]
            size += sum(len(text.encode("utf-8", "replace")) + MESSAGE_TOKENS for text in texts)
    return size


def _round_cost(each: RoundMessages) -> int:
    calls = sum(_cost(call.arguments) + count_tokens(call.name) for call in each.assistant.tool_calls)
    return _cost(each.assistant.text) + calls + sum(_cost(result.text) for result in each.results)


def _cost(text: str) -> int:
    return count_tokens(text) + MESSAGE_TOKENS


def _flat(system: str, turns: Sequence[TurnMessages]) -> list[Message]:
    messages: list[Message] = [SystemMessage(system)] if system else []
    for turn in turns:
        messages.append(turn.user)
        for each in turn.rounds:
            messages.append(each.assistant)
            messages.extend(each.results)
    return messages
