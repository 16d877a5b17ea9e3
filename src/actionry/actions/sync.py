"""The same calls for programs without an event loop: run on a loop of our own, in a thread of its own.

It also works where a loop runs already (a notebook, a web handler): the caller waits, its loop is not touched.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from actionry.actions.access import CredentialsInput
    from actionry.actions.action import Action
    from actionry.actions.call import ConfirmCallback
    from actionry.actions.result import Result
    from actionry.outbound import Outbound

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_pid = 0


def run_sync(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which runs on the shared background loop; Ctrl-C cancels it."""
    loop = _background_loop()
    if threading.current_thread().name == _THREAD:
        work.close()
        raise RuntimeError("a sync call cannot be made from inside another one; use `await action.call(...)`")
    future = asyncio.run_coroutine_threadsafe(work, loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def call_sync(
    action: Action,
    name: str,
    arguments: Mapping[str, Any] | str | bytes | None = "{}",
    *,
    credentials: CredentialsInput = None,
    outbound: Outbound | None = None,
    confirm: ConfirmCallback | None = None,
) -> Result:
    """`Action.call` that waits for its answer.

    An `outbound` that is given here belongs to the background loop from then on; use another one for async calls.
    """
    from actionry.actions.call import call_once  # loads the HTTP client

    asked = _in_thread(confirm) if confirm is not None else None
    return run_sync(call_once(action, name, arguments, credentials=credentials, outbound=outbound, confirm=asked))


_THREAD = "actionry-sync"


def _background_loop() -> asyncio.AbstractEventLoop:
    global _loop, _pid
    with _lock:
        # After a fork the thread is gone, though the loop object is there.
        if _loop is None or _loop.is_closed() or _pid != os.getpid():
            _loop = asyncio.new_event_loop()
            _pid = os.getpid()
            threading.Thread(target=_loop.run_forever, name=_THREAD, daemon=True).start()
        return _loop


def _in_thread(confirm: ConfirmCallback) -> ConfirmCallback:
    """`confirm` waits for a person: in a thread of its own, so that other calls go on meanwhile."""

    async def ask(proposal: Any) -> Any:
        said = await asyncio.to_thread(confirm, proposal)
        return await said if inspect.isawaitable(said) else said

    return ask
