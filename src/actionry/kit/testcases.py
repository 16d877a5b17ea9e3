"""`actionry test`: does a model make the right calls of what people say? The regression test for descriptions."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import click
import orjson
from rich import box
from rich.table import Table
from rich.text import Text

from actionry.actions.action import Action
from actionry.actions.content import dump_json
from actionry.domains import is_local
from actionry.errors import ActionryError, ArgumentError, DocumentError, FunctionNotFound, ProviderError
from actionry.http import DEFAULT_PORTS
from actionry.kit import terminal
from actionry.kit.cases import Case, CaseFile, differences, read_cases
from actionry.kit.sources import is_remote, open_action
from actionry.models.provider import (
    AssistantMessage,
    Finished,
    Message,
    ModelRequest,
    Provider,
    SystemMessage,
    TextDelta,
    ToolCall,
    ToolCallReady,
    ToolDefinition,
    ToolResultMessage,
    UserMessage,
)
from actionry.tools.plain_text import tidy

REHEARSAL = "rehearsal"
_ROUNDS = 8
"""Answers of the model in one turn."""
_AT_ONCE = 4
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUESTION = ("?", "？")


@click.command("test")
@click.argument("cases", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--source", metavar="SOURCE", help="In place of the file's `source`.")
@click.option(
    "--model", "models", multiple=True, metavar="NAME",
    help="PROVIDER:MODEL; give it again for several. Default: rehearsal, which is built in.",
)  # fmt: skip
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write JUnit XML here.")
@click.option("--allow", multiple=True, metavar="NETWORK", help="Also reach this network or host:port.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def command(
    context: click.Context,
    cases: Path,
    source: str | None,
    models: tuple[str, ...],
    junit: Path | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """Give each model what the people of CASES say, and compare its calls. Nothing is sent to the API.

    Exit code 0 when every model passes every case.
    """
    file = read_cases(cases.read_bytes(), str(cases))
    action = _open(file, cases, source, allow)
    _check_operations(file, action, cases)
    reports = asyncio.run(run_cases(action, file, models or file.models or (REHEARSAL,)))
    if junit is not None:
        _write_junit(junit, reports, cases)
    if as_json:
        click.echo(orjson.dumps([report.as_row() for report in reports], option=orjson.OPT_INDENT_2).decode())
    else:
        _print(file, reports)
    context.exit(int(any(report.failed for report in reports)))


def _open(file: CaseFile, cases: Path, source: str | None, allow: Sequence[str]) -> Action:
    """The document; a file is looked for beside the cases, and an address on this machine may be reached."""
    name = source or file.source
    if name is None:
        raise DocumentError(
            f"{cases} does not say which API it is about.", mend="Add `source: http://localhost:5003` or use --source."
        )
    if not is_remote(name):
        beside = cases.parent / name
        return open_action(str(beside) if source is None and beside.is_file() else name)
    address = urlsplit(name if "://" in name else f"http://{name}")
    if is_local(address.hostname or ""):
        host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
        allow = (*allow, f"{host}:{address.port or DEFAULT_PORTS.get(address.scheme, 80)}")
    return open_action(name, allow=allow)


def _check_operations(file: CaseFile, action: Action, cases: Path) -> None:
    """A case about an operation that is not there could never pass: that is the file's fault, not the model's."""
    for case in file.cases:
        for name in (*(call.operation for call in case.calls), *case.results):
            try:
                action.function(name)
            except FunctionNotFound as error:
                raise DocumentError(f"{cases}:{case.line}: {error.message}", mend=error.mend) from None


# ------------------------------------------------------------------------------------------------------ running


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How one model did in one case."""

    case: Case
    problems: list[str] = field(default_factory=list)
    error: str = ""
    """The model could not be asked."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """(function, arguments as JSON) of the last turn."""
    text: str = ""
    elapsed_s: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.problems and not self.error


@dataclass(slots=True, kw_only=True)
class Report:
    model: str
    outcomes: list[Outcome]

    @property
    def failed(self) -> int:
        return sum(not outcome.passed for outcome in self.outcomes)

    def as_row(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "passed": len(self.outcomes) - self.failed,
            "failed": self.failed,
            "cases": [
                {
                    "name": outcome.case.name,
                    "line": outcome.case.line,
                    "passed": outcome.passed,
                    "problems": outcome.problems,
                    "error": outcome.error,
                    "calls": [{"name": name, "arguments": arguments} for name, arguments in outcome.calls],
                    "text": outcome.text,
                    "elapsed_s": round(outcome.elapsed_s, 3),
                }
                for outcome in self.outcomes
            ],
        }


async def run_cases(action: Action, file: CaseFile, models: Sequence[str]) -> list[Report]:
    """Each model with each case. Raises ProviderError for a model that cannot be had; a failed answer is an outcome."""
    async with AsyncExitStack() as stack:
        providers = await _open_models(list(dict.fromkeys(models)), file.today, stack)
        return [await _run_model(provider, action, file) for provider in providers]


async def _open_models(names: Sequence[str], today: date | None, stack: AsyncExitStack) -> list[Provider]:
    from actionry.models.rehearsal_provider import RehearsalProvider

    opened: list[Provider] = []
    found = None
    for name in names:
        if name == REHEARSAL:
            opened.append(RehearsalProvider(today=(lambda: today) if today else None))
            continue
        from actionry.models.catalogue import choose_model, discover_providers, open_provider

        if found is None:
            found = await discover_providers(os.environ)
        choice = choose_model(found, name)
        assert choice.provider is not None  # only `rehearsal` has none
        assert choice.model is not None
        provider = open_provider(choice.provider, choice.model)
        stack.push_async_callback(provider.aclose)
        opened.append(provider)
    return opened


async def _run_model(provider: Provider, action: Action, file: CaseFile) -> Report:
    places = asyncio.Semaphore(_AT_ONCE)
    tools = [
        ToolDefinition(
            name=function.name, description=function.description, parameters=function.parameters,
            method=function.method, path=function.path,
        )
        for function in action.functions
    ]  # fmt: skip
    system = SystemMessage(_instructions(action, file.today or date.today()))  # noqa: DTZ011  # the user's own day

    async def run(case: Case) -> Outcome:
        async with places:
            started = time.perf_counter()
            outcome = Outcome(case=case)
            try:
                await _converse(provider, action, tools, system, outcome)
                outcome.problems = _judge(action, outcome)
            except ProviderError as error:
                outcome.error = str(error)
            outcome.elapsed_s = time.perf_counter() - started
            return outcome

    return Report(model=provider.name, outcomes=list(await asyncio.gather(*map(run, file.cases))))


def _instructions(action: Action, today: date) -> str:
    """What a chat gives its model about the plugin."""
    manifest = action.manifest
    about = manifest.description_for_model if manifest is not None else action.description
    title = (manifest.name_for_human if manifest is not None else "") or action.title
    return f"## {title}\n{tidy(about)}\n\nToday is {today:%A, %Y-%m-%d}."


async def _converse(
    provider: Provider, action: Action, tools: Sequence[ToolDefinition], system: SystemMessage, outcome: Outcome
) -> None:
    """All turns; functions answer what the case says, and nothing is sent anywhere else than to the model."""
    case = outcome.case
    messages: list[Message] = [system]
    for turn, text in enumerate(case.say):
        messages.append(UserMessage(text))
        outcome.calls, outcome.text = [], ""
        is_last = turn == len(case.say) - 1
        wanted = len(case.calls) if is_last else _ROUNDS
        for _ in range(_ROUNDS):
            said, calls = await _ask(provider, messages, tools)
            outcome.text = said
            outcome.calls += [(call.name, call.arguments) for call in calls]
            messages.append(AssistantMessage(said, tuple(calls)))
            messages += [_result(action, case, call) for call in calls]
            if not calls or (is_last and len(outcome.calls) >= wanted):
                break


async def _ask(
    provider: Provider, messages: Sequence[Message], tools: Sequence[ToolDefinition]
) -> tuple[str, list[ToolCall]]:
    text, calls = "", []
    async for event in provider.stream(ModelRequest(messages=tuple(messages), tools=tools, temperature=0.0)):
        match event:
            case TextDelta(piece):
                text += piece
            case ToolCallReady(call):
                calls.append(call)
            case Finished():
                break
    return text, calls


def _result(action: Action, case: Case, call: ToolCall) -> ToolResultMessage:
    try:
        name = action.function(call.name).name
    except FunctionNotFound:
        return ToolResultMessage(call_id=call.id, name=call.name, text="There is no such function.")
    for key, value in case.results.items():
        if action.function(key).name == name:
            return ToolResultMessage(call_id=call.id, name=call.name, text=f"HTTP 200\n{dump_json(value)}")
    return ToolResultMessage(call_id=call.id, name=call.name, text="HTTP 200\nOK")


def _judge(action: Action, outcome: Outcome) -> list[str]:
    case, names = outcome.case, [name for name, _ in outcome.calls]
    match case.expect:
        case "no call":
            return [f"calls {', '.join(names)}, expected no call"] if names else []
        case "question":
            if names:
                return [f"calls {', '.join(names)}, expected a question"]
            return [] if any(mark in outcome.text for mark in _QUESTION) else ["asks nothing, expected a question"]
        case "calls":
            return _judge_calls(action, outcome)


def _judge_calls(action: Action, outcome: Outcome) -> list[str]:
    """The expected calls in their order; several of one answer may come in any."""
    expected = outcome.case.calls
    if not outcome.calls:
        said = " ".join(outcome.text.split())[:160]
        return [f"makes no call, expected {', '.join(call.operation for call in expected)}; says: {said}"]
    names = [action.function(call.operation).name for call in expected]
    problems: list[str] = []
    left = list(outcome.calls)
    for call, name in zip(expected, names, strict=True):
        rivals = [_compare(action, call, made) for made in left if _resolved(action, made[0]) == name]
        if not rivals:
            made = ", ".join(each for each, _ in outcome.calls)
            problems.append(f"does not call {call.operation}; calls {made}")
            continue
        best = min(rivals, key=lambda row: len(row[1]))
        problems += best[1]
        left.remove(best[0])
    problems += [f"also calls {name}" for name, _ in left]
    return problems


def _compare(action: Action, call: Any, made: tuple[str, str]) -> tuple[tuple[str, str], list[str]]:
    function = action.function(call.operation)
    try:
        values = action.read_arguments(function.name, made[1])
    except ArgumentError as error:
        return made, [f"{call.operation}: the arguments would be refused: {error.message}"]
    return made, [f"{call.operation}: {text}" for text in differences(call, function, values)]


def _resolved(action: Action, name: str) -> str:
    try:
        return action.function(name).name
    except FunctionNotFound:
        return name


# ---------------------------------------------------------------------------------------------------- reporting


def _print(file: CaseFile, reports: Sequence[Report]) -> None:
    console = terminal.console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("case", overflow="fold")
    for report in reports:
        table.add_column(Text(terminal.safe(report.model)))
    for place, case in enumerate(file.cases):
        cells = [Text("pass", "green") if r.outcomes[place].passed else Text("FAIL", "bold red") for r in reports]
        table.add_row(Text(terminal.safe(case.name)), *cells)
    console.print(table)
    for report in reports:
        for outcome in report.outcomes:
            for problem in [outcome.error] if outcome.error else outcome.problems:
                line = f"{report.model}, {outcome.case.name}: {problem}"
                console.print(Text(terminal.safe(line)), soft_wrap=True)
        console.print(f"{report.model}: {len(report.outcomes) - report.failed} of {len(report.outcomes)} pass.")


def _write_junit(path: Path, reports: Sequence[Report], cases: Path) -> None:
    """One suite a model; the form that CI servers read."""
    root = ElementTree.Element("testsuites", name="actionry test")
    for report in reports:
        errors = sum(bool(outcome.error) for outcome in report.outcomes)
        suite = ElementTree.SubElement(
            root, "testsuite", name=_xml(report.model), tests=str(len(report.outcomes)),
            failures=str(report.failed - errors), errors=str(errors), skipped="0",
            time=f"{sum(outcome.elapsed_s for outcome in report.outcomes):.3f}",
        )  # fmt: skip
        for outcome in report.outcomes:
            row = ElementTree.SubElement(
                suite, "testcase", classname=_xml(f"{cases.stem}.{report.model}"), name=_xml(outcome.case.name),
                time=f"{outcome.elapsed_s:.3f}",
            )  # fmt: skip
            if outcome.error:
                ElementTree.SubElement(row, "error", message=_xml(outcome.error))
            elif outcome.problems:
                failure = ElementTree.SubElement(row, "failure", message=_xml("; ".join(outcome.problems)))
                made = "\n".join(f"{name} {arguments}" for name, arguments in outcome.calls)
                failure.text = _xml(made or outcome.text)
    try:
        path.write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    except OSError as error:
        raise ActionryError(f"`{path}` cannot be written: {error.strerror}.", mend="Choose another place.") from None


def _xml(text: str) -> str:
    """Without what XML 1.0 cannot hold (section 2.2)."""
    return _NOT_XML.sub("�", text)
