"""Two functions that stand for a large API: a model finds operations by a sentence, then reads the ones it wants.

Offered instead of all definitions when these are over the budget. They never change, so a provider's prompt cache
keeps them; what was described comes back as a tool result and stays where it was said. Works with every provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from actionry.tools.search import OperationIndex
from actionry.tools.search_fields import SearchableFunction, first_sentence

FIND, DESCRIBE = "find_operations", "describe_operation"
MAX_FOUND = 20
MAX_SAID = 160
"""Characters of an operation's description in the list; the whole is in what `describe_operation` answers."""


@dataclass(frozen=True, slots=True)
class SearchFunction:
    """A function for the model, in plain data, and what answers it."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema 2020-12 of an object."""
    handler: Callable[[Mapping[str, Any]], dict[str, Any]]
    """Arguments -> JSON-able answer; wrong arguments are answered with `error`, nothing is raised."""


def search_functions(index: OperationIndex[Any]) -> tuple[SearchFunction, SearchFunction]:
    """`find_operations` and `describe_operation` over the index, in this order."""
    count = len(index.functions)
    by_name = {function.name: function for function in index.functions}
    return (
        SearchFunction(
            FIND,
            f"Search this API's {count} operations. Say what the user wants; the answer lists operations, best first, "
            "with what they need from each other. Then read one with describe_operation.",
            {
                "type": "object",
                "properties": {
                    "query": {"type": "string", "description": "The wish in words, in any language"},
                    "limit": {"type": "integer", "minimum": 1, "maximum": MAX_FOUND, "default": 10},
                },
                "required": ["query"],
            },
            lambda arguments: _find(index, arguments),
        ),
        SearchFunction(
            DESCRIBE,
            "Description and parameters of one operation, by its exact name. Read it before calling it.",
            {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            lambda arguments: _describe(by_name, arguments),
        ),
    )


def _find(index: OperationIndex[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    query, limit = arguments.get("query"), arguments.get("limit", 10)
    if not isinstance(query, str) or not query.strip():
        return {"error": '`query` is missing or empty: say in words what is wanted, e.g. "list open invoices".'}
    if isinstance(limit, bool) or not isinstance(limit, int):
        limit = 10
    found = index.search(query, min(MAX_FOUND, max(1, limit)))
    if not found:
        return {"operations": [], "hint": "No operation has a word of this, or a related one. Try other words."}
    return {"operations": [_brief(one.function, one.reason) for one in found]}


def _brief(function: SearchableFunction, reason: str) -> dict[str, str]:
    said = first_sentence(function.description)[0]
    brief = {"name": function.name, "does": said if len(said) <= MAX_SAID else said[: MAX_SAID - 1] + "…"}
    if reason.startswith("yields"):
        brief["why"] = reason
    return brief


def _describe(by_name: Mapping[str, SearchableFunction], arguments: Mapping[str, Any]) -> dict[str, Any]:
    name = arguments.get("name")
    function = by_name.get(name) if isinstance(name, str) else None
    if function is None:
        near = get_close_matches(name, by_name, n=3, cutoff=0.5) if isinstance(name, str) else []
        mend = f" Near it: {', '.join(near)}." if near else f" Ask {FIND} for names."
        return {"error": f"There is no operation of the name `{str(name)[:100]}`.{mend}"}
    return {"name": function.name, "description": function.description, "parameters": dict(function.parameters)}
