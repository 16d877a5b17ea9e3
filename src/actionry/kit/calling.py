"""`actionry call`: one operation from the terminal, with the same checks, consent and door as everywhere."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import click
import orjson

from actionry.actions.action import Action
from actionry.actions.content import dump_json
from actionry.actions.proposal import Proposal
from actionry.actions.result import Result
from actionry.errors import ConfirmationDeclined, LoginNeeded
from actionry.http import File, Request
from actionry.kit import terminal
from actionry.kit.sources import open_action
from actionry.kit.values import read_values
from actionry.tools.function_schema import Function


@click.command("call", context_settings={"ignore_unknown_options": False})
@click.argument("source")
@click.argument("operation")
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--dry-run", is_flag=True, help="Print the exact request; nothing is sent.")
@click.option(
    "--key", multiple=True, metavar="[SCHEME=]KEY", help="Key or token; `env:NAME` reads it from the environment."
)
@click.option("--login", is_flag=True, help="Sign in with OAuth in the browser first.")
@click.option("--client-id", metavar="ID", help="With --login: the client registered at the provider.")
@click.option("--client-secret", metavar="SECRET", help="With --login; `env:NAME` reads it from the environment.")
@click.option("--no-browser", is_flag=True, help="With --login: print the address, open nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before a consequential operation.")
@click.option("--base-url", metavar="URL", help="In place of the servers that the document names.")
@click.option(
    "--allow", multiple=True, metavar="NETWORK", help="Also reach this network or host:port, e.g. 127.0.0.1/32."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the answer's bytes here.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def command(
    context: click.Context,
    source: str,
    operation: str,
    arguments: tuple[str, ...],
    dry_run: bool,
    key: tuple[str, ...],
    login: bool,
    client_id: str | None,
    client_secret: str | None,
    no_browser: bool,
    yes: bool,
    base_url: str | None,
    allow: tuple[str, ...],
    output: Path | None,
    as_json: bool,
) -> None:
    """Call OPERATION of SOURCE. Values: name=text, name:=json, name@file, body.inner=text."""
    action = open_action(source, base_url=base_url, allow=allow)
    function = action.function(operation)
    values = read_values(function, arguments)
    if dry_run:
        _show_request(action.build_request(function.name, values), as_json)
        return
    credentials = read_keys(key)
    if login:
        if not client_id:
            raise click.UsageError("--login needs --client-id: the client that you registered at the provider.")
        secret = _reveal(client_secret) if client_secret else None
        credentials |= asyncio.run(_log_in(action, function, allow, client_id, secret, opens=not no_browser))
    try:
        status = asyncio.run(_send(action, function, values, credentials, allow, yes, output, as_json))
    except LoginNeeded as error:
        raise LoginNeeded(error.message, mend=_how_to_sign_in(function, error)) from None
    context.exit(status)


# --------------------------------------------------------------------- credentials


def read_keys(words: tuple[str, ...]) -> dict[str, Any]:
    """`SCHEME=KEY` by scheme; a key alone is for the operation's single scheme (under the name "")."""
    keys: dict[str, Any] = {}
    for word in words:
        scheme, sign, value = word.partition("=")
        # A key may end in `=` (base64) or begin with `env:`: then there is no scheme before it.
        if not sign or not value.strip("=") or scheme.startswith("env:"):
            scheme, value = "", word
        keys[scheme] = _reveal(value)
    return keys


def _reveal(text: str) -> str:
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:")
    if name not in os.environ:
        raise click.UsageError(f"The environment has no variable `{name}`.")
    return os.environ[name]


def as_credentials(keys: dict[str, Any]) -> Any:
    return keys[""] if set(keys) == {""} else {name: value for name, value in keys.items() if name} or None


def _how_to_sign_in(function: Function, error: LoginNeeded) -> str:
    kinds = {scheme.kind for requirement in function.security for scheme, _ in requirement.schemes}
    names = " or ".join(error.schemes) or "the scheme"
    if kinds & {"oauth2", "openIdConnect"}:
        return f"Sign in with --login --client-id ID, or give a token: --key {names}=env:TOKEN."
    return f"Give it with --key {names}=env:NAME."


async def _log_in(
    action: Action, function: Function, allow: tuple[str, ...], client_id: str, secret: str | None, *, opens: bool
) -> dict[str, Any]:
    from actionry.kit import login
    from actionry.outbound import Outbound

    scheme, scopes = login.find_scheme(function.operation)
    base_url = function.operation.server_url
    async with Outbound(allow=allow) as outbound:
        settings = await login.read_settings(
            scheme, scopes, outbound.send, client_id=client_id, client_secret=secret, base_url=base_url
        )
        token = await login.sign_in(
            settings,
            outbound.send,
            action=action.title,
            api_origin=base_url,
            show=lambda url: click.echo(f"Sign in here: {url}", err=True),
            opens=opens,
        )
    click.echo("Signed in.", err=True)
    return {scheme.name: token}


# ------------------------------------------------------------------------- sending


async def _send(
    action: Action,
    function: Function,
    values: dict[str, Any],
    keys: dict[str, Any],
    allow: tuple[str, ...],
    yes: bool,
    output: Path | None,
    as_json: bool,
) -> int:
    from actionry.outbound import Outbound

    async with Outbound(allow=allow) as outbound:
        result = await action.call(
            function.name,
            values,
            credentials=as_credentials(keys),
            outbound=outbound,
            confirm=None if yes or not function.consequential else _ask,
        )
    if as_json:
        shown = {"status": result.status, "media_type": result.media_type, "data": _plain(result.data)}
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
    elif output is None:
        click.echo(f"{result.status} {result.media_type}".strip(), err=True)
        click.echo(terminal.safe(result.text_for_model))
    if output is not None:
        content = _whole(result)
        await asyncio.to_thread(output.write_bytes, content)
        click.echo(f"{len(content):,} bytes in {output}.", err=True)
    return 0 if 200 <= result.status < 400 else 1


def _whole(result: Result) -> bytes:
    """The answer in full: a file as it came, text as UTF-8."""
    if isinstance(result.data, File):
        return result.data.content
    if result.rest is not None:
        return result.rest.content
    if result.data is None:
        return b""
    return (result.data if isinstance(result.data, str) else dump_json(result.data)).encode()


def _plain(value: Any) -> Any:
    return (
        {"name": value.name, "bytes": len(value.content), "media_type": value.media_type}
        if isinstance(value, File)
        else value
    )


def _ask(proposal: Proposal) -> bool:
    """Show exactly what will be sent, and ask; without a terminal nobody can answer, so nothing is sent."""
    click.echo(terminal.safe(format_proposal(proposal)), err=True)
    if not sys.stdin.isatty():
        raise ConfirmationDeclined(
            "This operation is consequential and there is no terminal to ask at; nothing was sent.",
            mend="Give --yes to decide beforehand.",
        )
    answer: str = click.prompt("[a]llow / [d]ecline", type=click.Choice(["a", "d"]), show_choices=False, err=True)
    return answer == "a"


def format_proposal(proposal: Proposal) -> str:
    """What a person reads before they decide: the sentence, the reasons, and the request in full."""
    lines = [proposal.sentence, *proposal.reasons, f"{proposal.method} {proposal.url}"]
    lines += [f"{name}: {value}" for name, value in proposal.headers]
    if proposal.credential:
        lines.append(f"Signed with {proposal.credential}.")
    if proposal.body is not None:
        lines.append(proposal.body if isinstance(proposal.body, str) else dump_json(proposal.body))
    return "\n".join(lines)


# ------------------------------------------------------------------------- dry run


def _show_request(request: Request, as_json: bool) -> None:
    if as_json:
        shown = {
            "method": request.method,
            "url": request.url,
            "headers": list(request.headers.items()),
            "content": None if request.content is None else request.content.decode("utf-8", "backslashreplace"),
        }
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(terminal.safe(format_request(request)), nl=False)


def format_request(request: Request) -> str:
    """The request as HTTP/1.1 writes it; bytes that are no text are shown as `\\x..`."""
    host, slash, target = request.url.partition("://")[2].partition("/")
    lines = [f"{request.method} {slash}{target or ('' if slash else '/')} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    body = "" if request.content is None else request.content.decode("utf-8", "backslashreplace")
    return "\n".join([*lines, "", body]).rstrip("\n") + "\n"
