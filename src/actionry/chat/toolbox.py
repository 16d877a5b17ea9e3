"""Which functions a model is offered in a turn, under which names, and which operation stands behind each.

One action's functions keep their names. Where two actions have a function of the same name, both take their action's
name in front; nothing else changes, so that what a model learnt in one turn holds in the next. An API that is too
large to be offered whole is found by search: two functions that never change, and beside them the operations that the
conversation has come to.
"""

from __future__ import annotations

import asyncio
import difflib
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from actionry.actions.action import Action
from actionry.chat.events import CallFinished
from actionry.chat.services import ActionSource, Budgets
from actionry.chat.state import TurnState
from actionry.errors import ActionryError
from actionry.gpts.gpt import GptAction, GptContent
from actionry.models.provider import ToolDefinition
from actionry.tools.function_schema import Function
from actionry.tools.naming import fingerprint, legal_name, shorten
from actionry.tools.plain_text import visible
from actionry.tools.search import OperationIndex
from actionry.tools.search_functions import DESCRIBE, FIND, SearchFunction, search_functions
from actionry.tools.tokens import count_tokens

SEARCHES = (FIND, DESCRIBE)
NAMESPACE_CHARACTERS = 24
SEARCH_TOKENS = 200
"""Of one of the two search functions, more than enough."""
CHEAP_TOKENS = 400
"""A definition that cannot be larger is not counted exactly."""
KEPT = 64
"""Toolboxes that are kept between turns."""


class Offered:
    """One operation under the name that the model uses; its schema is made when somebody looks."""

    def __init__(self, name: str, action: GptAction, source: Action, function: Function) -> None:
        self.name = name
        self.action = action
        self.source = source
        self.function = function

    @property
    def method(self) -> str:
        return self.function.method

    @property
    def path(self) -> str:
        return self.function.path

    @property
    def description(self) -> str:
        return visible(self.function.description)

    @property
    def parameters(self) -> dict[str, Any]:
        return self.function.parameters

    @property
    def deprecated(self) -> bool:
        return self.function.deprecated

    @cached_property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(
            name=self.name,
            description=self.description,
            parameters=self.parameters,
            method=self.method,
            path=self.path,
        )

    @cached_property
    def tokens(self) -> int:
        """Of the definition, an estimate."""
        return count_tokens(self.name) + count_tokens(self.description) + count_tokens(self.parameters)

    @cached_property
    def most_tokens(self) -> int:
        """An upper bound that costs nothing to speak of: no token is shorter than a byte."""
        return len(self.name) + len(self.description.encode()) + len(orjson.dumps(self.parameters))


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An action whose document cannot be used now."""

    action: GptAction
    why: str


class Toolbox:
    """All functions of one GPT's content."""

    def __init__(self, loaded: Sequence[tuple[GptAction, Action]], unavailable: Sequence[Unavailable] = ()) -> None:
        self.loaded = tuple(loaded)
        self.unavailable = tuple(unavailable)
        self.by_name = {offered.name: offered for offered in name_functions(loaded)}

    @cached_property
    def tokens(self) -> int:
        return sum(offered.tokens for offered in self.by_name.values())

    @cached_property
    def _most_tokens(self) -> int:
        return sum(offered.most_tokens for offered in self.by_name.values())

    @cached_property
    def index(self) -> OperationIndex[Offered]:
        return OperationIndex(self.by_name.values())

    @cached_property
    def searches(self) -> dict[str, SearchFunction]:
        return {function.name: function for function in search_functions(self.index)}

    def is_large(self, budgets: Budgets, context_tokens: int) -> bool:
        """Whether the functions are found by search rather than offered all at once."""
        if len(self.by_name) > budgets.offered_functions:
            return True
        limit = min(budgets.offered_tokens, context_tokens // 4)
        return self._most_tokens > limit and self.tokens > limit

    def tokens_of(self, definitions: Sequence[ToolDefinition]) -> int:
        """Of these definitions; the upper bound while it is small, for counting costs time."""
        found = 0
        for definition in definitions:
            offered = self.by_name.get(definition.name)
            if offered is None:
                found += SEARCH_TOKENS
            else:
                found += offered.most_tokens if offered.most_tokens <= CHEAP_TOKENS else offered.tokens
        return found

    def find(self, name: str) -> Offered | None:
        """By offered name; by the operation's own where that is one function's alone."""
        found = self.by_name.get(name)
        if found is not None:
            return found
        own = [
            offered
            for offered in self.by_name.values()
            if name in (offered.function.name, offered.function.operation_id)
        ]
        return own[0] if len(own) == 1 else None

    def near(self, name: str) -> list[str]:
        return difflib.get_close_matches(name, self.by_name, n=3, cutoff=0.5)

    async def prepare(self, budgets: Budgets, context_tokens: int) -> bool:
        """Whether the functions are searched; the index of a large API is made beside the event loop."""
        large = self.is_large(budgets, context_tokens)
        if large and "searches" not in self.__dict__:
            await asyncio.to_thread(lambda: self.searches)
        return large

    def definitions(
        self, states: Iterable[TurnState], *, large: bool, budgets: Budgets, text: str = "", forced: str | None = None
    ) -> list[ToolDefinition]:
        """What is offered in the next request, in an order that grows at its end.

        `states`: the branch's turns up to now, oldest first; `text`: the user's message.
        """
        if not large:
            return [offered.definition for offered in self.by_name.values()]
        searches = [
            ToolDefinition(name=each.name, description=each.description, parameters=each.parameters)
            for each in self.searches.values()
        ]
        wanted = dict.fromkeys([forced] if forced is not None else [])
        wanted |= dict.fromkeys(reversed(_mentioned(states)))  # the latest are the likeliest to be called
        if text.strip():
            wanted |= dict.fromkeys(found.name for found in self.index.search(text, budgets.found_functions // 2))
        chosen = [self.by_name[name] for name in wanted if name in self.by_name]
        return searches + [offered.definition for offered in _within(chosen, budgets)]


def _within(chosen: Sequence[Offered], budgets: Budgets) -> list[Offered]:
    kept: list[Offered] = []
    left = budgets.offered_tokens
    for offered in chosen[: budgets.found_functions]:
        left -= offered.tokens
        if left < 0 and kept:
            break
        kept.append(offered)
    return kept


def _mentioned(states: Iterable[TurnState]) -> list[str]:
    """Operations that were called, described or found, in that order of time."""
    found: dict[str, None] = {}
    for state in states:
        for call in state.calls.values():
            for name in _names_in(call.proposed.function, call.proposed.arguments, call.ended):
                found.pop(name, None)
                found[name] = None
    return list(found)


def _names_in(function: str, arguments: str, ended: object) -> list[str]:
    if function not in SEARCHES:
        return [function]
    text = ended.text if isinstance(ended, CallFinished) else ""
    data = _json(arguments if function == DESCRIBE else text)
    if function == DESCRIBE:
        name = data.get("name")
        return [name] if isinstance(name, str) else []
    operations = data.get("operations")
    names = [each.get("name") for each in operations if isinstance(each, dict)] if isinstance(operations, list) else []
    return [name for name in reversed(names[:8]) if isinstance(name, str)]


def _json(text: str) -> dict[str, Any]:
    try:
        data = orjson.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


# -------------------------------------------------------------------------------------------------------------- names


def name_functions(loaded: Sequence[tuple[GptAction, Action]]) -> list[Offered]:
    """Every function that is offered, each under a name of its own; the same for the same actions in any order."""
    enabled = [
        (action, source, function)
        for action, source in loaded
        for function in source.functions
        if function.name not in action.disabled_operations
    ]
    counted = Counter(function.name for _, _, function in enabled)
    spaces = _namespaces(loaded)
    taken = {name for name, count in counted.items() if count == 1 and name not in SEARCHES}
    result = []
    for action, source, function in enabled:
        name = function.name
        if name not in taken:
            name = _free(f"{spaces[action.id]}_{name}", f"{action.id} {name}", taken)
        result.append(Offered(name, action, source, function))
    return result


def _free(wanted: str, whole: str, taken: set[str]) -> str:
    name = shorten(wanted, of=whole)
    if name in taken:
        name = shorten(f"{name[:55]}_{fingerprint(whole, 8)}", of=whole)
    taken.add(name)
    return name


def _namespaces(loaded: Sequence[tuple[GptAction, Action]]) -> dict[str, str]:
    """Action id -> the words in front of its functions: a manifest's `name_for_model`, else the title."""
    names = {action.id: _namespace(source) for action, source in loaded}
    counted = Counter(names.values())
    return {
        action_id: name if counted[name] == 1 else f"{name}_{fingerprint(action_id)}"
        for action_id, name in names.items()
    }


def _namespace(source: Action) -> str:
    manifest = source.manifest
    title = manifest.function_prefix if manifest is not None and manifest.name_for_model else source.title
    return legal_name(title, "api").lower()[:NAMESPACE_CHARACTERS].strip("_-") or "api"


# -------------------------------------------------------------------------------------------------------------- cache


_kept: OrderedDict[tuple[object, ...], Toolbox] = OrderedDict()


async def open_toolbox(content: GptContent, actions: ActionSource) -> Toolbox:
    """The toolbox of this content; the same one as long as the actions are the same.

    A document that cannot be loaded costs its own functions, and is told of.
    """
    loaded: list[tuple[GptAction, Action]] = []
    unavailable: list[Unavailable] = []
    for action in content.actions:
        try:
            loaded.append((action, await actions.load(action)))
        except ActionryError as error:
            unavailable.append(Unavailable(action, str(error)))
    if unavailable:
        return Toolbox(loaded, unavailable)
    key = tuple((action, id(source)) for action, source in loaded)  # the toolbox keeps the action, so the id stays its
    known = _kept.get(key)
    if known is None:
        known = _kept[key] = Toolbox(loaded)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(key)
    return known
