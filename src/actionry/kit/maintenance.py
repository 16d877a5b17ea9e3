"""`actionry backup`, `restore`, `upgrade`, `rotate-keys`: looking after an installation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from actionry.credentials.vault import Vault, generate_key
from actionry.kit.checks import is_free
from actionry.kit.installation import (
    MaintenanceError,
    add_key,
    data_option,
    find_vault,
    key_file,
    open_database,
    read_settings,
    server_part,
)

Result = TypeVar("Result")


def _run(database: Any, work: Callable[[Any], Awaitable[Result]]) -> Result:
    """`work(storage.maintenance)` with the database closed at the end."""
    maintenance = server_part("storage.maintenance")

    async def run() -> Result:
        try:
            return await work(maintenance)
        finally:
            await database.close()

    return asyncio.run(run())


# ------------------------------------------------------------------------------------------------- backup and restore


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@data_option
def backup(file: Path, data: Path | None) -> None:
    """Write everything that is stored into FILE (.tar.gz), while the server runs. The keys are not in it."""
    settings = read_settings(data)
    database = open_database(settings)
    target = file.expanduser().absolute()
    if not target.parent.is_dir():
        raise MaintenanceError(f"There is no folder {target.parent}.", mend="Make it first, or name another.")
    info = _run(database, lambda maintenance: maintenance.backup(database, settings.data_dir, target))
    size = target.stat().st_size
    click.echo(f"{file}: {sum(info.rows.values()):,} rows, {len(info.files):,} files, {size:,} bytes.")
    if info.key_ids:
        click.echo(f"Its secrets can be opened with {_names(info.key_ids)} alone. Keep {_where(settings)} elsewhere.")


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--force", is_flag=True, help="Put the backup in the place of what is there.")
@data_option
def restore(file: Path, force: bool, data: Path | None) -> None:
    """Bring the backup FILE into an empty database. Stop the server first."""
    settings = read_settings(data)
    _require_stopped(settings, "restoring would change the data under it")
    database = open_database(settings, must_exist=False)
    conflict = server_part("storage.errors").Conflict
    try:
        info = _run(database, lambda maintenance: maintenance.restore(database, settings.data_dir, file, replace=force))
    except conflict:
        raise MaintenanceError(
            "The database is not empty; nothing was changed.",
            mend="--force puts the backup in its place; what is there now is then gone.",
        ) from None
    click.echo(f"Restored {sum(info.rows.values()):,} rows and {len(info.files):,} files.")
    _tell_missing_keys(settings, info.key_ids)


def _tell_missing_keys(settings: Any, needed: tuple[str, ...]) -> None:
    """The rows are there either way; what is sealed in them needs its keys."""
    vault = find_vault(settings)
    missing = [key_id for key_id in needed if vault is None or key_id not in vault.key_ids]
    if missing:
        click.echo(
            f"Stored keys and sign-ins cannot be opened yet: {_names(missing)} is not here. "
            f"Put it back into {_where(settings)} before you start the server.",
            err=True,
        )


# ------------------------------------------------------------------------------------------------------------- upgrade


@click.command("upgrade")
@data_option
def upgrade(data: Path | None) -> None:
    """Bring the database's tables to this version. Make a backup first."""
    settings = read_settings(data)
    database = open_database(settings)
    before, after = _run(database, lambda maintenance: maintenance.upgrade(database))
    if before == after:
        click.echo(f"The tables are up to date ({after}).")
    else:
        click.echo(f"The tables are now {after}; they were {before or 'missing'}.")


# ------------------------------------------------------------------------------------------------------------ rotation


@click.command("rotate-keys")
@click.option("--add", "only_add", is_flag=True, help="Only make a new key; seal nothing yet.")
@click.option("--reseal", "only_reseal", is_flag=True, help="Only seal everything under the current key.")
@data_option
def rotate_keys(only_add: bool, only_reseal: bool, data: Path | None) -> None:
    """Make a new key, seal every stored secret with it, and say which old keys can go.

    While a server runs, in two steps: --add, restart the servers, --reseal.
    """
    if only_add and only_reseal:
        raise click.UsageError("Give --add or --reseal; without either both are done.")
    settings = read_settings(data)
    database = open_database(settings)
    if not only_reseal:
        _make_new_key(settings, only_add=only_add)
        if only_add:
            return
    vault = find_vault(settings)
    if vault is None:
        raise MaintenanceError("There are no keys yet.", mend="The first start of `actionry serve` makes them.")
    _reseal(database, settings, vault)


def _make_new_key(settings: Any, *, only_add: bool) -> None:
    """Put a new key first in the key file; keys in the environment are the operator's to change."""
    fresh = generate_key()
    if settings.secret_keys is not None:
        if only_add:
            click.echo(fresh)
            click.echo(
                "Put this in front of ACTIONRY_SECRET_KEYS, with a comma, restart the servers, "
                "and run: actionry rotate-keys --reseal",
                err=True,
            )
        return
    if find_vault(settings) is None:
        raise MaintenanceError("There are no keys yet.", mend="The first start of `actionry serve` makes them.")
    if not only_add:
        _require_stopped(settings, "it does not know the new key yet", mend="Or: --add, restart it, --reseal.")
    add_key(settings, fresh)
    click.echo(f"The new key {fresh.partition(':')[0]} is the first in {key_file(settings)}.")
    if only_add:
        click.echo("Restart the servers, then run: actionry rotate-keys --reseal")


def _reseal(database: Any, settings: Any, vault: Vault) -> None:
    report = _run(database, lambda maintenance: maintenance.rotate_keys(database, vault))
    rotated = sum(report.rotated.values())
    click.echo(f"{rotated:,} secrets are sealed with {report.current} now.")
    if report.left:
        where = ", ".join(f"{count} in {table}" for table, count in sorted(report.left.items()))
        raise MaintenanceError(
            f"Some secrets could not be opened with the keys at hand and were left as they are: {where}.",
            mend="Put their key back and run this again, or enter those secrets anew.",
        )
    if old := [key_id for key_id in vault.key_ids if key_id != report.current]:
        click.echo(f"Nothing is sealed with {_names(old)} any more: take it out of {_where(settings)}.")
        click.echo("Keep it with backups that were made before today.")


# ------------------------------------------------------------------------------------------------------------- helpers


def _require_stopped(settings: Any, why: str, *, mend: str = "") -> None:
    try:
        free = asyncio.run(is_free(settings.host, settings.port))
    except OSError:  # not an address of this machine, so no server of ours is there
        return
    if not free:
        raise MaintenanceError(
            f"Something listens on {settings.host}:{settings.port}. If it is this installation's server, {why}.",
            mend=f"Stop it first, or name another port with ACTIONRY_PORT if it is something else. {mend}".strip(),
        )


def _names(key_ids: tuple[str, ...] | list[str]) -> str:
    return "the key " + " and ".join(key_ids) if len(key_ids) == 1 else "the keys " + ", ".join(key_ids)


def _where(settings: Any) -> str:
    return "ACTIONRY_SECRET_KEYS" if settings.secret_keys is not None else str(key_file(settings))


__all__ = ["backup", "restore", "rotate_keys", "upgrade"]
