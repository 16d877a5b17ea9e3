"""The face for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actionry.actions.action import Action, load_action
from actionry.actions.proposal import Proposal
from actionry.actions.sync import run_sync
from actionry.errors import AddressRefused, ConfirmationDeclined
from actionry.outbound import Outbound

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
ADD = {"username": "ada", "body": {"todo": "milk"}}


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> Action:
    monkeypatch.syspath_prepend(EXAMPLES)
    import todo_api  # type: ignore[import-not-found]  # an example of the docs, which are no package

    return load_action(EXAMPLES / "todo.yaml", base_url=todo_api.start())


@pytest.fixture
def door() -> Iterator[Outbound]:
    found = Outbound(allow=("127.0.0.1/32",))
    yield found
    run_sync(found.aclose())


def test_a_call_waits_for_its_answer(action: Action, door: Outbound) -> None:
    assert action.call_sync("addTodo", ADD, outbound=door).status == 201
    assert action.call_sync("getTodos", {"username": "ada"}, outbound=door).data["todos"][-1] == "milk"


def test_from_many_threads(action: Action, door: Outbound) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: action.call_sync("addTodo", ADD, outbound=door), range(40)))
    assert {result.status for result in results} == {201}


async def test_beside_a_running_loop(action: Action, door: Outbound) -> None:
    # As in a notebook: the loop runs, and the cell does not await.
    result = await asyncio.to_thread(action.call_sync, "addTodo", ADD, outbound=door)
    assert result.status == 201


def test_a_door_of_its_own_reaches_public_addresses_only(action: Action) -> None:
    with pytest.raises(AddressRefused):
        action.call_sync("addTodo", ADD)


def test_confirm_may_wait_while_other_calls_go_on(action: Action, door: Outbound) -> None:
    seen: list[str] = []

    def confirm(proposal: Proposal) -> bool:
        # Another call while this one waits for its user.
        inner = action.call_sync("getTodos", {"username": "ada"}, outbound=door)
        seen.append(f"{proposal.function} {inner.status} {threading.current_thread() is threading.main_thread()}")
        return False

    with pytest.raises(ConfirmationDeclined):
        action.call_sync("deleteTodo", {"username": "ada", "body": {"todo_idx": 0}}, outbound=door, confirm=confirm)
    assert seen == ["deleteTodo 200 False"]


def test_a_sync_call_inside_the_loop_s_own_thread_is_refused(action: Action, door: Outbound) -> None:
    async def inside() -> None:
        action.call_sync("getTodos", {"username": "ada"}, outbound=door)

    with pytest.raises(RuntimeError, match="from inside another one"):
        run_sync(inside())


def test_errors_keep_their_class(action: Action) -> None:
    with pytest.raises(ZeroDivisionError):
        run_sync(_fails())


async def _fails() -> None:
    raise ZeroDivisionError
