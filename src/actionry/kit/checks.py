"""`actionry doctor`: what an installation needs, looked at one by one; each line says how to mend what is wrong."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import click
import orjson

from actionry.errors import ActionryError
from actionry.kit import terminal
from actionry.kit.installation import data_option, find_vault, key_file, open_database, read_settings, server_part

LITTLE_SPACE = 500_000_000
"""Bytes that should be free where the data are."""
LOOK_S = 15.0
"""For the database, and for the providers together."""

METADATA_ADDRESS = "169.254.169.254"
"""Clouds hand out credentials there; no setting may open it."""

State = Literal["ok", "note", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `note`: fine, but worth knowing."""

    name: str
    state: State
    text: str
    mend: str = ""


@click.command("doctor")
@data_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.pass_context
def command(context: click.Context, data: Path | None, as_json: bool) -> None:
    """Look at settings, data, database, keys, port, models and page. Exit code 1 when something is broken."""
    checks = asyncio.run(examine(data))
    if as_json:
        click.echo(orjson.dumps([asdict(each) for each in checks], option=orjson.OPT_INDENT_2).decode())
    else:
        for each in checks:
            click.echo(terminal.safe(f"{each.state:7}  {each.name:9}  {each.text} {each.mend}".rstrip()))
    context.exit(int(any(each.state == "error" for each in checks)))


async def examine(data: Path | None) -> list[Check]:
    """Every check; without readable settings there is only that one to tell."""
    try:
        settings = await asyncio.to_thread(read_settings, data)
    except ActionryError as error:
        return [_failed("settings", error)]
    checks = [_settings(settings)]
    checks += await asyncio.to_thread(lambda: [*_data_folder(settings), *_keys(settings)])
    checks += [each async for each in _database(settings)]
    checks.append(await _port(settings))
    checks += [each async for each in _models(settings)]
    checks += await asyncio.to_thread(lambda: [_door(settings), _page()])
    return checks


def _failed(name: str, error: ActionryError) -> Check:
    return Check(name, "error", error.message, error.mend or "")


def _settings(settings: Any) -> Check:
    if settings.remarks:
        return Check("settings", "warning", " ".join(settings.remarks))
    who = "one local user" if settings.local_user else "accounts"
    return Check("settings", "ok", f"Served at {settings.public_url or 'a free port'}, for {who}.")


# ----------------------------------------------------------------------------------------------------- data and keys


def _data_folder(settings: Any) -> Iterable[Check]:
    folder: Path = settings.data_dir
    if not folder.exists():
        above = next(each for each in folder.parents if each.exists())
        if os.access(above, os.W_OK):
            yield Check("data", "note", f"{folder} is not there yet; the first start makes it.")
        else:
            yield Check("data", "error", f"{folder} cannot be made in {above}.", "Set ACTIONRY_DATA_DIR.")
        return
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        yield Check("data", "error", f"{folder} cannot be written to.", "Change its owner, or set ACTIONRY_DATA_DIR.")
        return
    if os.name == "posix" and folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Check("data", "warning", f"{folder} is open to others of this machine.", f"Run: chmod 700 {folder}")
    free = shutil.disk_usage(folder).free
    if free < LITTLE_SPACE:
        yield Check("data", "warning", f"Only {free // 1_000_000:,} MB are free at {folder}.", "Make room.")
    else:
        yield Check("data", "ok", f"{folder}, {free // 1_000_000_000:,} GB free.")


def _keys(settings: Any) -> Iterable[Check]:
    try:
        vault = find_vault(settings)
    except ActionryError as error:
        yield _failed("keys", error)
        return
    if vault is None:
        yield Check("keys", "note", f"None yet; the first start makes them in {key_file(settings)}.")
        return
    place = "ACTIONRY_SECRET_KEYS" if settings.secret_keys is not None else str(key_file(settings))
    older = len(vault.key_ids) - 1
    more = f", {older} older beside it" if older else ""
    yield Check("keys", "ok", f"{vault.current_key_id}{more}, from {place}.")


# ---------------------------------------------------------------------------------------------------------- database


async def _database(settings: Any) -> AsyncIterator[Check]:
    try:
        database = await asyncio.to_thread(open_database, settings)
    except ActionryError as error:
        if settings.database_url.reveal().startswith("sqlite") and "There is no database" in error.message:
            yield Check("database", "note", "SQLite; not there yet, the first start makes it.")
        else:
            yield _failed("database", error)
        return
    try:
        async with asyncio.timeout(LOOK_S):
            async for each in _look_into(database, settings):
                yield each
    except ActionryError as error:
        yield _failed("database", error)
    except TimeoutError:
        yield Check("database", "error", f"It does not answer within {LOOK_S:.0f} seconds.", "Is it running?")
    finally:
        await database.close()


async def _look_into(database: Any, settings: Any) -> AsyncIterator[Check]:
    schema = server_part("storage.schema")
    found = await schema.current_revision(database)
    name = "SQLite" if database.backend == "sqlite" else "PostgreSQL"
    newest = (await asyncio.to_thread(schema.revisions))[-1]
    if found is None:
        yield Check("database", "note", f"{name} answers and is empty; the first start makes its tables.")
        return
    if found != newest:
        older = found < newest
        mend = "Make a backup, then run `actionry upgrade`." if older else "Use that version of Actionry, or a newer."
        yield Check("schema", "error", f"The tables are {found}; this version has {newest}.", mend)
        return
    yield Check("schema", "ok", f"The tables are {found}, the newest.")
    problems = await server_part("storage.maintenance").check_database(database)
    for text in problems:
        yield Check("database", "error", text, "Restore a backup: actionry restore FILE --force")
    if not problems:
        yield Check("database", "ok", f"{name}, sound.")
    yield await _vault_fits(database, settings)


async def _vault_fits(database: Any, settings: Any) -> Check:
    """Whether the keys at hand are those that the stored secrets need."""
    try:
        vault = await asyncio.to_thread(find_vault, settings)
    except ActionryError:
        return Check("secrets", "error", "Whether they can be opened is not known without usable keys.")
    if vault is None:
        return Check("secrets", "error", "There is a database, but no key.", f"Put {key_file(settings)} back.")
    storage = server_part("storage.storage").Storage(database, vault=vault, data_dir=settings.data_dir)
    try:
        await storage.settings.check_vault()
    except ActionryError as error:
        return _failed("secrets", error)
    return Check("secrets", "ok", "The keys open what is stored.")


# ---------------------------------------------------------------------------------------------------- port and models


async def is_free(host: str, port: int) -> bool:
    """Whether we could listen there. Raises OSError when there is no such address."""
    if port == 0:
        return True
    try:
        server = await asyncio.start_server(lambda _, writer: writer.close(), host, port, reuse_address=True)
    except OSError as error:
        if error.errno is not None and _in_use(error):
            return False
        raise
    server.close()
    await server.wait_closed()
    return True


def _in_use(error: OSError) -> bool:
    import errno

    return error.errno == errno.EADDRINUSE or "already in use" in str(error)


async def _port(settings: Any) -> Check:
    place = f"{settings.host}:{settings.port}"
    try:
        free = await is_free(settings.host, settings.port)
    except OSError as error:
        return Check("port", "error", f"Nothing can listen on {place}: {error.strerror}.", "Set ACTIONRY_HOST.")
    if free:
        return Check("port", "ok", f"{place} is free.")
    return Check(
        "port", "note", f"Something listens on {place}.", "If it is not this server, set ACTIONRY_PORT to another."
    )


async def _models(settings: Any) -> AsyncIterator[Check]:
    from actionry.models.catalogue import BUILT_IN, choose_model, discover_providers

    proxy = settings.egress_proxy.reveal() if settings.egress_proxy is not None else None
    try:
        async with asyncio.timeout(LOOK_S):
            providers = await discover_providers(settings.model_environment, egress_proxy=proxy)
    except TimeoutError:
        yield Check("models", "warning", "The providers do not answer.", "Look at the network, then try again.")
        return
    except ActionryError as error:
        yield _failed("models", error)
        return
    for each in providers:
        if each.problem is not None:
            yield Check("models", "warning", f"{each.name}: {each.problem}")
        else:
            yield Check("models", "ok", f"{each.name}: {len(each.models)} models.")
    try:
        name = choose_model(providers, settings.model).name
    except ActionryError as error:
        yield _failed("models", error)
        return
    if name == BUILT_IN and settings.model != BUILT_IN:
        yield Check("models", "note", "The built-in model answers.", "Set e.g. OPENAI_API_KEY for another.")
    else:
        yield Check("models", "ok", f"{name} answers.")


# ------------------------------------------------------------------------------------------------------ door and page


def _door(settings: Any) -> Check:
    from actionry.outbound.policy import OutboundPolicy, read_rules

    try:
        rules = read_rules(OutboundPolicy(allow=settings.allowed_networks))
    except (ActionryError, ValueError) as error:
        return Check("door out", "error", str(error), "Mend ACTIONRY_ALLOWED_NETWORKS.")
    if rules.permits(ipaddress.ip_address(METADATA_ADDRESS), METADATA_ADDRESS, 80):
        return Check("door out", "error", f"{METADATA_ADDRESS} is open.", "Take it out of ACTIONRY_ALLOWED_NETWORKS.")
    more = f", and {', '.join(settings.allowed_networks)}" if settings.allowed_networks else " alone"
    through = " through the proxy" if settings.egress_proxy is not None else ""
    return Check("door out", "ok", f"Actions reach public addresses{more}{through}.")


def _page() -> Check:
    folder: Path = server_part("server.page").FOLDER
    if (folder / "index.html").is_file():
        return Check("page", "ok", "Built.")
    if shutil.which("node"):
        return Check("page", "warning", "The web page is not built.", "Run: scripts/build-page")
    return Check("page", "warning", "The web page is not built.", "Install Node 20 or newer; run: scripts/build-page")
