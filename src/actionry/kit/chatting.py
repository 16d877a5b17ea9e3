"""`actionry chat`: talk to an API in the terminal, by the same code as the server's turns, with nothing stored.

What a web page shows as cards is text here. Between two runs of a turn the terminal belongs to the person: the
prompt and every question are read in the main thread, so that Ctrl-C means what it always means there; while an
answer is made, Ctrl-C stops it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

import click

from actionry.actions.action import Action
from actionry.actions.content import dump_json
from actionry.actions.grants import MemoryGrants
from actionry.actions.journal import MemoryJournal
from actionry.chat.events import (
    CallFailed,
    CallFinished,
    CallProposed,
    CallRefused,
    CallStarted,
    CallUnknown,
    ConfirmationAnswered,
    ConfirmationAsked,
    Event,
    ModelFinished,
    ModelStarted,
    Notice,
    SignInAsked,
    SignInFinished,
    TextAdded,
    TurnFinished,
    UserMessageAdded,
)
from actionry.chat.log import TurnContext
from actionry.chat.memory import MemoryActions, MemoryCredentials, MemoryLog
from actionry.chat.services import BUDGETS, Outcome, TurnServices
from actionry.chat.turn import run_turn
from actionry.gpts.gpt import GptAction, GptContent
from actionry.kit import terminal
from actionry.kit.calling import as_credentials, read_keys
from actionry.kit.sources import open_action
from actionry.models.provider import Provider
from actionry.outbound import Outbound

ACTION = GptAction(id="a-terminal", document_id="document")
USER = "u-terminal"
LEASE_S = 86_400.0
"""Nobody else can take the turn over."""
BATCH_S = 0.05
"""A terminal shows words as they come."""
SHOWN = 600
"""Characters of a reason that are shown; the model reads all of it."""
LEAVING = ("/exit", "/quit")


@click.command("chat")
@click.argument("source")
@click.option("--model", metavar="NAME", help="As ACTIONRY_MODEL: `openai:NAME`, or `rehearsal`, the built-in one.")
@click.option(
    "--key", multiple=True, metavar="[SCHEME=]KEY", help="Key or token; `env:NAME` reads it from the environment."
)
@click.option("--base-url", metavar="URL", help="In place of the servers that the document names.")
@click.option(
    "--allow", multiple=True, metavar="NETWORK", help="Also reach this network or host:port, e.g. 127.0.0.1/32."
)
@click.pass_context
def command(
    context: click.Context,
    source: str,
    model: str | None,
    key: tuple[str, ...],
    base_url: str | None,
    allow: tuple[str, ...],
) -> None:
    """Talk to the API of SOURCE. It asks before it changes anything. Ctrl-C stops an answer, Ctrl-D ends."""
    if source == "-":
        raise click.UsageError("Standard input is what you say; name a file, an address or a domain.")
    action = open_action(source, base_url=base_url, allow=allow)
    credentials = as_credentials(read_keys(key))
    with asyncio.Runner() as runner:
        chat = Chat(action, MemoryCredentials({ACTION.id: credentials}))
        opened = chat.open(model or os.environ.get("ACTIONRY_MODEL", "").strip() or None, allow)
        runner.run(opened.__aenter__())
        try:
            chat.greet()
            context.exit(_talk(chat, runner))
        finally:
            runner.run(opened.__aexit__(None, None, None))


def _talk(chat: Chat, runner: asyncio.Runner) -> int:
    """Until the input ends; 1 when the last turn failed."""
    failed = False
    while True:
        try:
            said = _read("> ")
        except KeyboardInterrupt:
            said = None
        if said is None or said.strip() in LEAVING:
            click.echo()
            return int(failed)
        if said.strip():
            failed = chat.say(said.strip(), runner)


def _read(prompt: str) -> str | None:
    """A line without its end; None at the end of the input."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        try:
            return input(prompt)
        except EOFError:
            return None
    click.echo(prompt, nl=False)
    line = sys.stdin.readline()
    return line.rstrip("\r\n") if line else None


# ------------------------------------------------------------------------------------------------------------ the chat


@dataclass(slots=True)
class Chat:
    """One conversation with one API."""

    action: Action
    credentials: MemoryCredentials
    log: MemoryLog = field(default_factory=MemoryLog)
    services: TurnServices | None = None
    _shown: Shown = field(default_factory=lambda: Shown())

    @contextlib.asynccontextmanager
    async def open(self, model: str | None, allow: tuple[str, ...]) -> AsyncIterator[None]:
        """Choose the model, open the door out. Raises ProviderError for a model that there is not."""
        provider = await find_model(model)
        async with Outbound(allow=allow) as outbound:
            self.services = TurnServices(
                log=self.log,
                provider=provider,
                actions=MemoryActions({ACTION.document_id: self.action}),
                journal=MemoryJournal(),
                grants=MemoryGrants(),
                credentials=self.credentials,
                outbound=outbound,
                budgets=replace(BUDGETS, batch_s=BATCH_S, provider_tries=1),
                stops=self.log,
            )
            yield
        close = getattr(provider, "aclose", None)
        if close is not None:
            await close()

    def greet(self) -> None:
        assert self.services is not None
        title, count = self.action.title, len(self.action.functions)
        text = f"{title}: {count} functions. Model: {self.services.provider.name}. Ctrl-C stops an answer, Ctrl-D ends."
        click.echo(terminal.safe(text), err=True)

    def say(self, text: str, runner: asyncio.Runner) -> bool:
        """One turn, with every question that it asks; whether it failed."""
        turn_id = self.log.accept(text)
        self._shown = Shown()
        while runner.run(self._go_on(turn_id)).kind == "waiting":
            for event in self._shown.questions():
                self._answer(turn_id, event)
        return self._shown.failed

    def _answer(self, turn_id: str, event: ConfirmationAsked | SignInAsked) -> None:
        if isinstance(event, SignInAsked):
            self.log.answer(turn_id, SignInFinished(call_id=event.call_id, connected=False))
            return
        try:
            decision = ask(event.may_always_allow)
        except KeyboardInterrupt:
            click.echo()
            self.log.stop(turn_id)
            return
        self.log.answer(turn_id, ConfirmationAnswered(call_id=event.call_id, decision=decision, by=USER))

    async def _go_on(self, turn_id: str) -> Outcome:
        """Run the turn until it ends or asks, showing it meanwhile."""
        assert self.services is not None
        context = TurnContext(
            turn_id=turn_id,
            conversation_id="c-memory",
            user_id=USER,
            gpt_id=None,
            gpt_version=None,
            content=GptContent(name=self.action.title, actions=(ACTION,)),
            locale=_locale(os.environ),
        )
        key = await self.log.lease(turn_id, "terminal", seconds=LEASE_S)
        assert key is not None
        showing = asyncio.create_task(self._show(turn_id))
        try:
            with _interrupts(lambda: self.log.stop(turn_id)):
                outcome = await run_turn(context, key, self.services)
        except BaseException:
            showing.cancel()
            raise
        finally:
            await self.log.release(key)
        await showing
        return outcome

    async def _show(self, turn_id: str) -> None:
        async for stored in self.log.follow(turn_id, self._shown.seq):
            self._shown.take(stored.event)
            self._shown.seq = stored.seq


def ask(may_always_allow: bool) -> Any:
    """`allow`, `always_allow` or `decline`; the end of the input declines."""
    answers = {"a": "allow", "allow": "allow", "d": "decline", "decline": "decline"}
    prompt = "[a]llow / [d]ecline: "
    if may_always_allow:
        answers |= {"w": "always_allow", "always": "always_allow"}
        prompt = "[a]llow / al[w]ays / [d]ecline: "
    while True:
        said = _read(prompt)
        if said is None:
            click.echo()
            return "decline"
        if (found := answers.get(said.strip().lower())) is not None:
            return found


@contextlib.contextmanager
def _interrupts(stop: Any) -> Iterator[None]:
    """Ctrl-C stops the turn instead of the program, where the platform lets us hear it."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGINT, stop)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def find_model(wanted: str | None) -> Provider:
    """The model that is named, else the first that is found, else the built-in one."""
    from actionry.models.catalogue import BUILT_IN, choose_model, discover_providers, open_provider
    from actionry.models.rehearsal_provider import RehearsalProvider

    if wanted == BUILT_IN:
        return RehearsalProvider()
    choice = choose_model(await discover_providers(os.environ), wanted)
    if choice.provider is None or choice.model is None:
        return RehearsalProvider()
    return open_provider(choice.provider, choice.model)


def _locale(environ: Mapping[str, str]) -> str:
    language = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "zh" if language.lower().startswith("zh") else "en"


# ------------------------------------------------------------------------------------------------------- what is shown


@dataclass(slots=True)
class Shown:
    """What the person has seen of a turn: its text as it comes, its calls as cards."""

    seq: int = 0
    failed: bool = False
    _calls: dict[str, CallProposed] = field(default_factory=dict)
    _open: dict[str, ConfirmationAsked | SignInAsked] = field(default_factory=dict)
    _round: int = -1
    _in_line: bool = False

    def questions(self) -> list[ConfirmationAsked | SignInAsked]:
        """Those that nobody has answered."""
        found, self._open = list(self._open.values()), {}
        return found

    def take(self, event: Event) -> None:
        match event:
            case TextAdded():
                self._print(event.text)
            case ModelStarted():
                if event.round == self._round:  # an earlier try was cut: its text is void
                    self._line("(once more)")
                self._round = event.round
            case CallProposed():
                self._calls[event.call_id] = event
            case ConfirmationAsked():
                self._open[event.call_id] = event
                self._line(card(event, self._calls.get(event.call_id)))
            case SignInAsked():
                self._open[event.call_id] = event
                self._line(f"{event.host} wants to know who you are. Start again with --key. {event.instructions}")
            case CallStarted():
                self._line(f"→ {_what(self._calls.get(event.call_id))}")
            case CallFinished():
                self._line(f"← {event.status} {event.media_type}, {event.size:,} bytes, {event.elapsed_ms:,} ms")
            case CallRefused() | CallFailed():
                self._line(f"✗ {event.text[:SHOWN]}")
            case CallUnknown():
                self._line(f"? It may have happened. {event.text[:SHOWN]}")
            case Notice():
                self._line(event.text)
            case TurnFinished():
                self._finish(event)
            case UserMessageAdded() | ModelFinished() | ConfirmationAnswered() | SignInFinished():
                pass
            case _:
                assert_never(event)

    def _finish(self, event: TurnFinished) -> None:
        self.failed = event.outcome == "failed"
        self._line(event.text if event.outcome != "done" else "")

    def _print(self, text: str) -> None:
        if text:
            click.echo(terminal.safe(text), nl=False)
            sys.stdout.flush()
            self._in_line = not text.endswith("\n")

    def _line(self, text: str) -> None:
        """On a line of its own."""
        if self._in_line:
            click.echo()
            self._in_line = False
        if text.strip():
            click.echo(terminal.safe(text.rstrip()))


def card(asked: ConfirmationAsked, proposed: CallProposed | None) -> str:
    """What a person reads before they decide: the sentence, the reasons, and the request in full."""
    request = (proposed.request if proposed is not None else None) or {}
    lines = [asked.sentence, *asked.reasons, f"{request.get('method', '')} {request.get('url', '')}".strip()]
    headers = request.get("headers") or ()
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines += [f"{name}: {value}" for name, value in pairs]
    body = request.get("body")
    if body is not None:
        lines.append(body if isinstance(body, str) else dump_json(body))
    width = max((len(line) for line in lines), default=0)
    rule = "─" * min(max(width, 20), 78)
    return "\n".join([rule, *lines, rule])


def _what(proposed: CallProposed | None) -> str:
    if proposed is None:
        return "a call"
    request = proposed.request or {}
    return f"{request.get('method', '')} {request.get('url', '')}".strip() or proposed.function
