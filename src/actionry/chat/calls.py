"""A round's calls, taken as far as they go: who runs with whom, who waits for a person, what an answer brings.

The order is the model's: what only reads runs together with its neighbours that only read, everything else by itself,
and nothing overtakes a call that waits for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

from actionry.actions.call import Call
from actionry.chat.events import (
    CallRefused,
    CallStarted,
)
from actionry.chat.proposing import build, make_caller, only_reads, propose_again, unknown_before
from actionry.chat.recovery import recover
from actionry.chat.run import Run
from actionry.chat.sending import Admitted, admit, send
from actionry.chat.state import CallState, RoundState

DECLINED = "The user declined this call; nothing was sent. Do not call it again unless the user asks for it."

EXPIRED = (
    "The user did not answer within 15 minutes; nothing was sent. Say so, and propose the call again only when the "
    "user still wants it."
)

NOT_CONNECTED = "The user did not sign in; nothing was sent. Ask whether to try again."


async def advance(run: Run, current: RoundState) -> Literal["done", "waiting"]:
    """Take the round's calls as far as they go without a person."""
    for group in _groups(run, current):
        await recover(run, group)
        while any(call.ended is None for call in group):
            await run.catch_up()
            before = run.state.last_seq
            await _run_all(run, await _admitted(run, group))
            if run.state.last_seq == before:
                return "waiting"
    return "done"


async def _admitted(run: Run, group: Sequence[CallState]) -> list[Admitted]:
    """The calls of a group that may be sent now; consent is on record for each.

    Twice: the answer to one question may have opened the domain for a neighbour that only reads.
    """
    found: dict[str, Admitted] = {}
    for _ in range(2):
        for call in group:
            if call.id not in found and await _is_ready(run, call):
                admitted = await admit(run, call)
                if admitted is not None:
                    found[call.id] = admitted
    return list(found.values())


def _groups(run: Run, current: RoundState) -> list[list[CallState]]:
    """Neighbours that only read go together; everything else goes by itself."""
    groups: list[list[CallState]] = []
    together = False
    for call in current.calls:
        if call.ended is not None:
            continue
        offered = run.toolbox.find(call.proposed.function)
        reads = offered is not None and only_reads(offered)
        if reads and together and len(groups[-1]) < run.budgets.parallel_calls:
            groups[-1].append(call)
        else:
            groups.append([call])
        together = reads
    return groups


async def _is_ready(run: Run, call: CallState) -> bool:
    """Whether the call may run now; what an answer brings with it is stored on the way."""
    while call.ended is None:
        match call.status:
            case "running":
                return True
            case "signing_in":
                return False
            case "asking":
                return await _without_answer(run, call)
            case "open":
                pass
            case "ended":
                return False
        signed_in, answer = call.signed_in, call.answer
        if signed_in is not None and not signed_in.connected:
            await run.write(CallRefused(call_id=call.id, reason="declined", text=NOT_CONNECTED))
        elif call.proposed.digest is None:
            await propose_again(run, call)
        elif answer is None:
            return True
        elif call.asked is not None and call.answered_at >= call.asked.expires_at:
            await run.write(CallRefused(call_id=call.id, reason="expired", text=EXPIRED))
        elif answer.decision == "decline":
            await run.write(CallRefused(call_id=call.id, reason="declined", text=DECLINED))
        elif answer.arguments is not None and not await _same_request(run, call, answer.arguments):
            await propose_again(run, call, arguments=answer.arguments)
        else:
            return True
    return False


async def _without_answer(run: Run, call: CallState) -> bool:
    """A question that nobody has answered: over, no longer needed, or still open."""
    if call.asked is not None and run.now() >= call.asked.expires_at:
        await run.write(CallRefused(call_id=call.id, reason="expired", text=EXPIRED))
        return False
    offered = run.toolbox.find(call.proposed.function)
    if offered is None or not only_reads(offered):
        return False
    # The answer to a neighbour's question may have opened the domain for this read, too.
    caller = make_caller(run, offered, call.round)
    built = await build(run, caller, offered, call.proposed)
    if not isinstance(built, Call) or built.digest != call.proposed.digest or unknown_before(run, call.proposed):
        return False
    return (await caller.decide(built)).verdict == "go_ahead"


async def _same_request(run: Run, call: CallState, arguments: str) -> bool:
    """Whether changed arguments make the very request that was shown, so that the answer holds for it."""
    if arguments == call.proposed.arguments:
        return True
    offered = run.toolbox.find(call.proposed.function)
    if offered is None:
        return False
    caller = make_caller(run, offered, call.round)
    built = await build(run, caller, offered, call.proposed.model_copy(update={"arguments": arguments}))
    return isinstance(built, Call) and built.digest == call.proposed.digest


async def _run_all(run: Run, admitted: Sequence[Admitted]) -> None:
    """Several at once; the first error that is not a call's own ends them all."""
    if not admitted:
        return
    started = [each for each in admitted if not each.call.started]
    await run.write(*(CallStarted(call_id=each.call.id, attempt=each.attempt) for each in started))
    if len(admitted) == 1:
        await send(run, admitted[0])
        return
    tasks = [asyncio.create_task(send(run, each), name=f"actionry-{each.call.id}") for each in admitted]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in tasks:
        task.result()
