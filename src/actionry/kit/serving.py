"""`actionry serve`: the server with its page, its API and the TODO demo.

The server's packages are an extra of the installation, so they are loaded by name when the command runs.
"""

from __future__ import annotations

import os
import sys
import webbrowser
from importlib import import_module
from pathlib import Path

import click

from actionry.errors import ActionryError

EXTRA = "Install them with: pip install 'actionry[server]'"


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), metavar="PORT", help="Port to listen on (8484); 0: a free one.")
@click.option("--data", metavar="DIR", type=click.Path(path_type=Path), help="Folder of the database, files and keys.")
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
def command(host: str | None, port: int | None, data: Path | None, no_open: bool) -> None:
    """The server with its web page; prints the address that signs you in."""
    try:
        settings_module = import_module("actionry.server.settings")
        main = import_module("actionry.server.main")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("actionry"):
            raise
        raise ActionryError(f"The server needs packages that are not installed ({error.name}).", mend=EXTRA) from None
    given = {"host": host, "port": port, "data_dir": data.expanduser().absolute() if data is not None else None}
    if "ACTIONRY_LOG_FORMAT" not in os.environ and sys.stderr.isatty():
        given["log_format"] = "text"
    settings = settings_module.read_settings(os.environ, **given)
    # A browser is opened for a person at this machine, never for a service or a script.
    opens = not no_open and settings.on_loopback and sys.stdout.isatty()
    main.serve(settings, tell=main.to_stdout, open_page=_open if opens else None)


def _open(url: str) -> None:
    try:
        webbrowser.open(url)
    except webbrowser.Error:
        return  # the address is printed as well
