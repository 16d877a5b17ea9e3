"""WHERE A TURN RUNS: model, calls, model, calls … until the model has said its last word or a person is asked.

Nothing is kept between two steps but the stored events. So any process can go on from any of them: after a crash,
after an answer, after a sign-in, always by this one function.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import assert_never

from actionry.chat.calls import advance
from actionry.chat.events import CallRefused, Event, TurnFinished
from actionry.chat.log import StaleRunner, TurnContext, TurnKey
from actionry.chat.model_round import ask_model
from actionry.chat.proposing import propose
from actionry.chat.recovery import refuse_open, settle
from actionry.chat.run import Ending, Run, open_run
from actionry.chat.services import Outcome, TurnServices
from actionry.errors import ActionryError, ProviderError

log = logging.getLogger(__name__)

BUDGET_TEXT = "The turn has used up its budget ({what}). Everything so far is kept; say “go on” to continue."
STOPPED_TEXT = "Stopped."
FAILED_TEXT = "Something went wrong on our side; the server's log says what. Everything so far is kept. Try again."


async def run_turn(context: TurnContext, key: TurnKey, services: TurnServices) -> Outcome:
    """Continue the turn as far as it goes without a person.

    Raises StaleRunner when another runner has taken the turn over; cancelled, it leaves the turn to be continued.
    """
    run, stop_asked = await asyncio.gather(open_run(context, key, services), services.log.stop_asked(context.turn_id))
    if run.state.outcome is not None:
        return Outcome(kind="finished")
    if stop_asked:
        run.ending = "stopped"
        await _end_early(run)
        return Outcome(kind="finished")
    await _work_until_ended(run)
    return _outcome(run)


def _outcome(run: Run) -> Outcome:
    if run.state.outcome is not None:
        return Outcome(kind="finished")
    expiries = [call.asked.expires_at for call in run.state.waiting if call.asked is not None]
    return Outcome(kind="waiting", wake_at=min(expiries, default=None))


# ------------------------------------------------------------------------------------------------------------ the loop


async def _work(run: Run) -> None:
    while run.state.outcome is None:
        current = run.state.round
        if current is None:
            await _model_round(run, 0)
        elif current.finished is None:
            await _model_round(run, current.number)
        elif await advance(run, current) == "waiting":
            return
        elif not current.calls:
            await run.write(_last_word(run))
        elif (spent := _spent(run)) is not None:
            await run.write(_over_budget(spent))
        else:
            await _model_round(run, current.number + 1)


async def _model_round(run: Run, number: int) -> None:
    """One answer of the model; its end and its calls are one commit, so that a round is whole or void."""
    try:
        reply, ended = await ask_model(run, number)
    except ProviderError as error:
        await run.write(
            TurnFinished(outcome="failed", text=str(error), told_to=error.told_to, may_retry=error.may_retry)
        )
        return
    await run.write(*ended, *await propose(run, number, reply.calls))


def _last_word(run: Run) -> TurnFinished:
    current = run.state.round
    if current is not None and current.finished is not None and current.finished.reason == "refused":
        return TurnFinished(
            outcome="failed", text="The model's provider refused to answer this.", told_to="user", may_retry=False
        )
    return TurnFinished(outcome="done")


def _spent(run: Run) -> str | None:
    """What is used up, in words."""
    state, budgets = run.state, run.budgets
    if any(isinstance(call.ended, CallRefused) and call.ended.reason == "budget" for call in state.calls.values()):
        return f"{budgets.calls} calls" if len(state.calls) > budgets.calls else f"{budgets.bytes:,} bytes of answers"
    if state.tokens > budgets.tokens:
        return f"{budgets.tokens:,} tokens"
    if state.bytes > budgets.bytes:
        return f"{budgets.bytes:,} bytes of answers"
    return None


def _over_budget(what: str) -> TurnFinished:
    return TurnFinished(outcome="budget", text=BUDGET_TEXT.format(what=what), told_to="user", may_retry=True)


# ------------------------------------------------------------------------------------------------------- ended early


async def _work_until_ended(run: Run) -> None:
    """The work, cut when somebody says stop or the time is over."""
    work = asyncio.create_task(_work(run), name=f"actionry-turn-{run.context.turn_id}")
    watch = asyncio.create_task(_watch(run), name=f"actionry-watch-{run.context.turn_id}")
    try:
        await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            run.ending = watch.result()
    finally:
        await _cancel(watch)
        await _cancel(work)
    error = None if work.cancelled() else work.exception()
    if error is not None:
        await _fail(run, error)
    elif run.ending is not None and run.state.outcome is None:
        await _end_early(run)


async def _fail(run: Run, error: BaseException) -> None:
    """A fault of our own ends the turn in words. What says that the turn or its storage is not ours to write is passed
    on: the lease was lost, the database is away, the process ends."""
    if isinstance(error, StaleRunner | ActionryError) or not isinstance(error, Exception):
        raise error
    log.error("turn %s failed on our side", run.context.turn_id, exc_info=error)
    run.ending = "failed"
    await _end_early(run)


async def _cancel(task: asyncio.Task[object]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait([task])


async def _watch(run: Run) -> Ending:
    """Returns when the turn has to end."""
    left_s = max(0.0, run.budgets.seconds - run.state.active_s)
    try:
        async with asyncio.timeout(left_s):
            while not await _stop_asked(run):
                pass
    except TimeoutError:
        return "budget"
    return "stopped"


async def _stop_asked(run: Run) -> bool:
    """After a hint, or after a while without any."""
    services, turn_id = run.services, run.context.turn_id
    if services.stops is None:
        await asyncio.sleep(run.budgets.stop_poll_s)
    else:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(run.budgets.stop_poll_s):
                await services.stops.wait(turn_id)
    try:
        return await services.log.stop_asked(turn_id)
    except Exception:  # the log will say what is wrong when something is written to it
        log.exception("could not ask whether turn %s is to be stopped", turn_id)
        return False


async def _end_early(run: Run) -> None:
    """Nothing is left open: calls that were on their way are judged by the journal, the others refused."""
    await settle(run)
    end: Event
    match run.ending:
        case "budget":
            end = _over_budget(f"{run.budgets.seconds / 60:.0f} minutes")
        case "failed":
            end = TurnFinished(outcome="failed", text=FAILED_TEXT, told_to="operator", may_retry=True)
        case "stopped" | None:
            end = TurnFinished(outcome="stopped", text=STOPPED_TEXT)
        case _:
            assert_never(run.ending)
    await run.write(*refuse_open(run), end)


__all__ = ["Outcome", "run_turn"]
