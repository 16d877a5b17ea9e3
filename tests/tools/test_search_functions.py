"""The two functions that a model is offered instead of a large API, and the operations an editor keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from actionry.tools.search import OperationIndex
from actionry.tools.search_functions import search_functions
from actionry.tools.search_selection import keep_most_useful
from actionry.tools.tokens import count_tokens


@dataclass(frozen=True)
class Function:
    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    method: str = ""
    path: str = ""
    deprecated: bool = False


def crud(thing: str) -> list[Function]:
    key = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    return [
        Function(f"list{thing}s", f"List all {thing}s.", method="GET", path=f"/{thing}s"),
        Function(f"create{thing}", f"Create one {thing}.", method="POST", path=f"/{thing}s"),
        Function(f"get{thing}", f"One {thing}, with everything about it.", key, "GET", f"/{thing}s/{{id}}"),
        Function(f"delete{thing}", f"Delete one {thing}.", key, "DELETE", f"/{thing}s/{{id}}"),
    ]


SHOP = [one for thing in ("Invoice", "Order", "Customer", "Parcel") for one in crud(thing)]


def test_a_model_finds_and_then_reads() -> None:
    find, describe = search_functions(OperationIndex(SHOP))
    assert (find.name, describe.name) == ("find_operations", "describe_operation")
    answer = find.handler({"query": "throw away an order", "limit": 3})
    assert answer["operations"][0] == {"name": "deleteOrder", "does": "Delete one Order."}
    assert answer["operations"][1]["why"] == "yields `id` that `deleteOrder` needs"
    assert describe.handler({"name": "deleteOrder"})["parameters"]["required"] == ["id"]
    json.dumps([find.parameters, describe.parameters, answer])


@pytest.mark.parametrize("arguments", [{}, {"query": ""}, {"query": 7}, {"query": None, "limit": 3}])
def test_a_wish_is_needed(arguments: dict[str, Any]) -> None:
    find, _ = search_functions(OperationIndex(SHOP))
    assert "query" in find.handler(arguments)["error"]


@pytest.mark.parametrize("limit", [-5, 0, 10**9, True, "many", None, 2.5])
def test_an_odd_limit_does_no_harm(limit: object) -> None:
    find, _ = search_functions(OperationIndex(SHOP))
    assert 1 <= len(find.handler({"query": "order", "limit": limit})["operations"]) <= 20


def test_a_wrong_name_is_answered_with_near_ones() -> None:
    _, describe = search_functions(OperationIndex(SHOP))
    assert "getOrder" in describe.handler({"name": "getOrders"})["error"]
    assert "find_operations" in describe.handler({"name": 12})["error"]


def test_definitions_cost_little_of_a_large_api() -> None:
    functions = [one for number in range(250) for one in crud(f"Thing{number}")]
    pair = search_functions(OperationIndex(functions))
    whole = sum(count_tokens([one.name, one.description, one.parameters]) for one in functions)
    assert sum(count_tokens([one.name, one.description, one.parameters]) for one in pair) < 0.015 * whole


def test_what_is_kept_serves_many_things() -> None:
    old = Function("listOldThings", "Old.", method="GET", path="/old", deprecated=True)
    names = [one.name for one in keep_most_useful([old, *SHOP], 8)]
    assert [name for name in names if name.startswith("list")] == [
        "listInvoices", "listOrders", "listCustomers", "listParcels",
    ]  # fmt: skip
    assert "createOrder" in names
    assert "listOldThings" not in names


def test_starters_decide_what_is_kept() -> None:
    names = [one.name for one in keep_most_useful(SHOP, 2, ["delete the parcel for Berlin"])]
    assert names == ["listParcels", "deleteParcel"]


@pytest.mark.parametrize("n", [-1, 0, 1, 5, 1000])
def test_no_more_than_asked_for_are_kept(n: int) -> None:
    kept = keep_most_useful(SHOP, n)
    assert len(kept) == max(0, min(n, len(SHOP)))
    assert kept == [one for one in SHOP if one in kept]
