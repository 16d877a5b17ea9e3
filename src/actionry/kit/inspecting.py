"""`actionry inspect`: what a model sees of an API, what it costs, and what it asks first."""

from __future__ import annotations

from typing import Any

import click
import orjson
from rich import box
from rich.table import Table
from rich.text import Text

from actionry.actions.action import Action
from actionry.kit import terminal
from actionry.kit.sources import open_action
from actionry.tools.function_schema import Function
from actionry.tools.render import Kind, openai_tool, render
from actionry.tools.tokens import count_tokens


@click.command("inspect")
@click.argument("source")
@click.option("--function", "name", metavar="NAME", help="One function in full.")
@click.option("--find", metavar="TEXT", help="Only the functions that a sentence needs, best first.")
@click.option(
    "--as", "kind", type=click.Choice(["openai", "anthropic", "mcp", "typescript"]), help="In a provider's form."
)
@click.option("--base-url", metavar="URL", help="In place of the servers that the document names.")
@click.option(
    "--allow", multiple=True, metavar="NETWORK", help="Also reach this network or host:port, e.g. 127.0.0.1/32."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def command(
    source: str,
    name: str | None,
    find: str | None,
    kind: Kind | None,
    base_url: str | None,
    allow: tuple[str, ...],
    as_json: bool,
) -> None:
    """The functions of SOURCE as a model sees them: names, tokens, consent, security."""
    action = open_action(source, base_url=base_url, allow=allow)
    functions = _choose(action, name, find)
    if kind is not None:
        shown = render(functions, kind, namespace=action.title)
        click.echo(terminal.safe(shown) if isinstance(shown, str) else _json(shown))
    elif as_json:
        click.echo(
            _json({"title": action.title, "server": action.server_url, "functions": [_row(f) for f in functions]})
        )
    elif name is not None:
        _show_function(functions[0])
    else:
        _show_table(action, functions)


def _choose(action: Action, name: str | None, find: str | None) -> list[Function]:
    if name is not None:
        return [action.function(name)]
    if find is None:
        return action.functions
    from actionry.tools.search import OperationIndex  # only this option needs an index

    return [action.function(hit.name) for hit in OperationIndex(action.functions).search(find)]


def _row(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "method": function.method,
        "path": function.path,
        "description": function.description,
        "parameters": function.parameters,
        "consequential": function.consequential,
        "security": [[scheme.name for scheme, _ in option.schemes] for option in function.security],
        "tokens": count_tokens(openai_tool(function)),
        "cuts": list(function.cuts),
    }


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _show_table(action: Action, functions: list[Function]) -> None:
    console = terminal.console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("function", "method", "path", "asks first?", "sign-in"):
        table.add_column(title, overflow="fold")
    table.add_column("tokens", justify="right")
    total = 0
    for function in functions:
        tokens = count_tokens(openai_tool(function))
        total += tokens
        asks = "each time" if function.consequential else "once"
        cells = (function.name, function.method, function.path, asks, describe_security(function), f"{tokens:,}")
        table.add_row(*(Text(terminal.safe(cell)) for cell in cells))
    console.print(Text(terminal.safe(action.title), style="bold"))
    console.print(Text(terminal.safe(action.server_url or "no server: give --base-url")))
    console.print(table)
    console.print(f"{len(functions)} functions, {total:,} tokens.")
    _show_findings(action, len(functions))


def _show_findings(action: Action, shown: int) -> None:
    counts = {
        severity: sum(f.severity == severity for f in action.findings) for severity in ("error", "warning", "info")
    }
    if any(counts.values()):
        words = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
        terminal.console().print(f"Findings: {words}. `actionry lint` tells where and how to mend them.")
    if not shown:
        terminal.console().print("There is nothing to call.")


def _show_function(function: Function) -> None:
    console = terminal.console()
    console.print(Text(terminal.safe(render([function], "typescript", namespace="api"))))
    console.print(Text(f"{function.method} {terminal.safe(function.path)}   sign-in: {describe_security(function)}"))
    for renamed, wire in function.bindings.renamed.items():
        console.print(Text(terminal.safe(f"`{renamed}` is sent as `{wire}`.")))
    for cut in function.cuts:
        console.print(Text(terminal.safe(cut)))


def describe_security(function: Function) -> str:
    """`none`, `key`, `key + app`, `key or none` …"""
    options = [" + ".join(scheme.name for scheme, _ in option.schemes) or "none" for option in function.security]
    return " or ".join(options) or "none"
