"""The `actionry` command. Exit codes: 0 fine, 1 findings or failure, 2 wrong use.

Each command lives in a module of its own and is loaded when it is called, so that `actionry --help` is quick.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

import actionry
from actionry.errors import ActionryError

_COMMANDS = {
    "inspect": ("actionry.kit.inspecting", "The functions of a document as a model sees them."),
    "lint": ("actionry.kit.linting", "What is wrong with a document or manifest, where, and how to mend it."),
    "call": ("actionry.kit.calling", "Call one operation, or show the exact request."),
    "new": ("actionry.kit.new", "A plugin to start from: manifest, document, routes, tests."),
    "dev": ("actionry.kit.dev", "Serve a plugin while you write it, or a remote API behind a local proxy."),
    "test": ("actionry.kit.testcases", "What models make of what people say: a file of cases, a table, JUnit."),
    "chat": ("actionry.kit.chatting", "Talk to an API in the terminal."),
    "serve": ("actionry.kit.serving", "The server with its web page."),
    "doctor": ("actionry.kit.checks", "What an installation needs, looked at one by one."),
    "backup": ("actionry.kit.maintenance:backup", "Everything that is stored, in one file."),
    "restore": ("actionry.kit.maintenance:restore", "Bring a backup back."),
    "upgrade": ("actionry.kit.maintenance:upgrade", "Bring the database to this version."),
    "rotate-keys": ("actionry.kit.maintenance:rotate_keys", "A new key for stored secrets."),
}
"""Command -> (module that holds it as `command`, or `module:name`; what `--help` says)."""

_INTRODUCTION = """Give any model any API.

\b
  actionry inspect SOURCE                what a model sees of an API
  actionry lint SOURCE                   what is wrong with its document
  actionry call SOURCE OPERATION --dry-run   the exact request of one call

SOURCE is a file, an address, or a bare domain with a plugin manifest or OpenAPI document; `-` reads standard input.
"""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name or "command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Commands, invoke_without_command=True, help=_INTRODUCTION)
@click.version_option(actionry.__version__, prog_name="actionry")
@click.pass_context
def cli(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: list[str] | None = None) -> Any:
    """Entry point: an error that we know is one message on standard error, never a traceback."""
    try:
        return cli.main(args=arguments, prog_name="actionry", standalone_mode=True)
    except ActionryError as error:
        click.echo(f"actionry: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:  # `actionry inspect … | head`
        sys.stderr.close()
        sys.exit(1)
