"""The settings, keys and database of an installation, for the commands that look after it.

The server's packages are an extra, and the server is no part of the kit: its modules are loaded by name, when a
command needs them.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault
from actionry.errors import ActionryError, Audience

EXTRA = "Install them with: pip install 'actionry[server]'"
KEYS = "keys"
"""Name of the key file in the data folder."""


class MaintenanceError(ActionryError):
    """The installation is not as the command needs it."""

    told_to: Audience = "operator"


def data_option(command: Any) -> Any:
    return click.option(
        "--data", metavar="DIR", type=click.Path(path_type=Path), help="Folder of the database, files and keys."
    )(command)


def server_part(name: str) -> Any:
    """A module of `actionry.server`, or of storage, which needs the same packages."""
    try:
        return import_module(f"actionry.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("actionry"):
            raise
        raise ActionryError(f"The server needs packages that are not installed ({error.name}).", mend=EXTRA) from None


def read_settings(data: Path | None) -> Any:
    """`server.settings.Settings` of the environment. Raises ConfigError, which names the variable."""
    given = data.expanduser().absolute() if data is not None else None
    return server_part("server.settings").read_settings(os.environ, data_dir=given)


def open_database(settings: Any, *, must_exist: bool = True) -> Any:
    """`storage.engine.Database`; connected when it is used. Raises MaintenanceError where SQLite's file is missing."""
    try:
        database = server_part("storage.engine").Database(settings.database_url.reveal())
    except ValueError as error:
        raise MaintenanceError(f"ACTIONRY_DATABASE_URL cannot be used: {error}") from None
    if database.file is not None and not database.file.is_file():
        if must_exist:
            raise MaintenanceError(
                f"There is no database at {database.file}.",
                mend="Name the data folder with --data or ACTIONRY_DATA_DIR; `actionry serve` makes a new one.",
            )
        server_part("server.keys").make_private_folder(database.file.parent)
    return database


def find_vault(settings: Any) -> Vault | None:
    """The keys that are there; None before the first start, which makes them. Raises ConfigError."""
    if settings.secret_keys is None and not key_file(settings).is_file():
        return None
    vault: Vault = server_part("server.keys").open_vault(settings)
    return vault


def key_file(settings: Any) -> Path:
    folder: Path = settings.data_dir
    return folder / KEYS


def add_key(settings: Any, fresh: str) -> None:
    """Put a new key first in the key file; whole or not at all, and readable by nobody else."""
    path = key_file(settings)
    text = path.read_text("utf-8").strip()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(f"{fresh}\n{text}\n")
        file.flush()
        os.fsync(file.fileno())
    Vault.from_settings(Secret(draft.read_text("utf-8")))
    os.replace(draft, path)
