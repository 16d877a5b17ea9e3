"""Looking after an installation from the terminal: what doctor sees, and that a backup brings everything back."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault, generate_key
from actionry.errors import ActionryError
from actionry.kit.cli import cli
from actionry.storage.storage import Storage, open_storage

TEXT = "a secret of the installation"


class Installation:
    """A data folder, and the commands on it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = str(taken.getsockname()[1])
        self.environment: dict[str, str | None] = {
            name: None for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL")) or "ACTIONRY_" in name
        }
        self.environment |= {"ACTIONRY_DATA_DIR": str(folder), "ACTIONRY_PORT": port, **environment}

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, words, env=self.environment)

    def lines(self) -> dict[str, tuple[str, str]]:
        """doctor's checks: name -> (state, text)"""
        found: list[dict[str, Any]] = json.loads(self.run("doctor", "--json").stdout)
        return {each["name"]: (each["state"], each["text"]) for each in found}

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    def start(self) -> None:
        """What a first start leaves behind, with one stored secret."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if not self.keys.exists():
            self.keys.write_text(generate_key() + "\n")
            self.keys.chmod(0o600)
        assert self.secret() == TEXT

    def secret(self) -> str:
        """Raises VaultError when the keys do not open it."""

        async def read() -> str:
            vault = Vault.from_settings(Secret(await asyncio.to_thread(self.keys.read_text)))
            storage: Storage = await open_storage(
                f"sqlite:///{self.folder / 'actionry.db'}", vault=vault, data_dir=self.folder
            )
            try:
                await storage.accounts.local_user()
                return (await storage.settings.secret("test", lambda: TEXT)).reveal()
            finally:
                await storage.close()

        return asyncio.run(read())


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "data")


@pytest.fixture
def started(installation: Installation) -> Installation:
    installation.start()
    return installation


def error_of(result: Result) -> ActionryError:
    """What `main` prints in one line."""
    assert isinstance(result.exception, ActionryError), result.output
    return result.exception


# -------------------------------------------------------------------------------------------------------------- doctor


def test_doctor_of_a_place_where_nothing_was_started_yet(installation: Installation) -> None:
    done = installation.run("doctor")
    assert done.exit_code == 0
    lines = installation.lines()
    assert [lines[name][0] for name in ("settings", "data", "keys", "database", "port", "door out")] == [
        "ok", "note", "note", "note", "ok", "ok",
    ]  # fmt: skip
    assert not installation.folder.exists()  # looking changes nothing


def test_doctor_of_a_sound_installation(started: Installation) -> None:
    lines = started.lines()
    assert {name: lines[name][0] for name in ("data", "keys", "schema", "database", "secrets")} == dict.fromkeys(
        ("data", "keys", "schema", "database", "secrets"), "ok"
    )


def test_doctor_names_a_setting_that_cannot_be_used(tmp_path: Path) -> None:
    done = Installation(tmp_path, ACTIONRY_MAX_TURN_CALLS="many").run("doctor")
    assert done.exit_code == 1
    assert "ACTIONRY_MAX_TURN_CALLS" in done.stdout


def test_doctor_tells_of_a_setting_that_nobody_reads(tmp_path: Path) -> None:
    state, text = Installation(tmp_path, ACTIONRY_PROT="1").lines()["settings"]
    assert state == "warning"
    assert "ACTIONRY_PORT" in text


@pytest.mark.parametrize("lost", ["keys gone", "other keys", "readable by others"])
def test_doctor_sees_that_the_keys_do_not_fit(started: Installation, lost: str) -> None:
    match lost:
        case "keys gone":
            started.keys.unlink()
        case "other keys":
            started.keys.write_text(generate_key())
        case _:
            started.keys.chmod(0o644)
    assert started.run("doctor").exit_code == 1
    assert started.lines()["secrets"][0] == "error"


def test_doctor_sees_a_damaged_database(started: Installation) -> None:
    database = started.folder / "actionry.db"
    content = database.read_bytes()
    half = len(content) // 2
    database.write_bytes(content[:half] + os.urandom(len(content) - half))
    done = started.run("doctor")
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True), done.output
    assert started.lines()["database"][0] == "error"


def test_doctor_sees_tables_of_another_version(started: Installation) -> None:
    import sqlite3

    with sqlite3.connect(started.folder / "actionry.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert started.lines()["schema"][0] == "error"


def test_doctor_says_that_no_database_answers(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}"
    state, text = Installation(tmp_path, ACTIONRY_DATABASE_URL=url).lines()["database"]
    assert state == "error"
    assert text


def test_doctor_sees_that_the_port_is_taken(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(installation.environment["ACTIONRY_PORT"] or 0)))
        taken.listen()
        state, text = installation.lines()["port"]
    assert (state, "Something listens" in text) == ("note", True)


def test_doctor_sees_that_the_model_is_not_there(tmp_path: Path) -> None:
    state, text = Installation(tmp_path, ACTIONRY_MODEL="elsewhere:model").lines()["models"]
    assert state == "error"
    assert "elsewhere" in text


# -------------------------------------------------------------------------------------------------- backup and restore


@pytest.mark.row("T-15")
def test_a_backup_is_restored_elsewhere_and_its_secrets_open_with_the_key(started: Installation) -> None:
    file = started.folder.parent / "backup.tar.gz"
    done = started.run("backup", str(file))
    assert done.exit_code == 0, done.output
    assert file.stat().st_mode & 0o077 == 0
    assert started.keys.read_text().partition(":")[0] in done.stdout
    elsewhere = Installation(started.folder.parent / "elsewhere")
    done = elsewhere.run("restore", str(file))
    assert done.exit_code == 0, done.output
    assert "cannot be opened yet" in done.stderr
    elsewhere.keys.write_text(started.keys.read_text())
    elsewhere.keys.chmod(0o600)
    assert elsewhere.secret() == TEXT


@pytest.mark.row("T-15")
def test_without_the_key_a_backup_tells_no_secret(started: Installation) -> None:
    file = started.folder.parent / "backup.tar.gz"
    assert started.run("backup", str(file)).exit_code == 0
    elsewhere = Installation(started.folder.parent / "elsewhere")
    assert elsewhere.run("restore", str(file)).exit_code == 0
    elsewhere.keys.write_text(generate_key())
    elsewhere.keys.chmod(0o600)
    with pytest.raises(ActionryError, match="none of these keys"):
        elsewhere.secret()
    assert TEXT.encode() not in (elsewhere.folder / "actionry.db").read_bytes()


@pytest.mark.row("T-15")
def test_restore_overwrites_only_with_force(started: Installation) -> None:
    file = started.folder.parent / "backup.tar.gz"
    assert started.run("backup", str(file)).exit_code == 0
    assert "--force" in str(error_of(started.run("restore", str(file))))
    assert started.run("restore", str(file), "--force").exit_code == 0
    assert started.secret() == TEXT


def test_a_backup_never_takes_the_place_of_a_file(started: Installation, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("precious")
    assert "exists already" in str(error_of(started.run("backup", str(file))))
    assert file.read_text() == "precious"
    assert "no folder" in str(error_of(started.run("backup", str(tmp_path / "none" / "backup.tar.gz"))))


def test_what_is_no_backup_is_refused(started: Installation, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar.gz"
    file.write_bytes(b"nothing of ours")
    assert "cannot be read as a backup" in str(error_of(started.run("restore", str(file), "--force")))
    assert started.secret() == TEXT


def test_nothing_is_restored_under_a_running_server(started: Installation) -> None:
    file = started.folder.parent / "backup.tar.gz"
    assert started.run("backup", str(file)).exit_code == 0
    with socket.socket() as server:
        server.bind(("127.0.0.1", int(started.environment["ACTIONRY_PORT"] or 0)))
        server.listen()
        assert "Stop it first" in str(error_of(started.run("restore", str(file), "--force")))
        assert "--reseal" in str(error_of(started.run("rotate-keys")))


def test_without_a_database_there_is_nothing_to_look_after(installation: Installation, tmp_path: Path) -> None:
    for words in (("backup", str(tmp_path / "b.tar.gz")), ("upgrade",), ("rotate-keys",)):
        assert "There is no database" in str(error_of(installation.run(*words)))
    assert not installation.folder.exists()


def test_upgrade_says_where_the_tables_stand(started: Installation) -> None:
    done = started.run("upgrade")
    assert (done.exit_code, "up to date" in done.stdout) == (0, True)


# ------------------------------------------------------------------------------------------------------------ rotation


@pytest.mark.row("T-17")
def test_a_new_key_seals_everything_and_the_old_one_can_go(started: Installation) -> None:
    old = started.keys.read_text().strip()
    done = started.run("rotate-keys")
    assert done.exit_code == 0, done.output
    assert f"the key {old.partition(':')[0]} any more" in done.stdout
    assert old.partition(":")[2] not in done.stdout
    fresh, kept = started.keys.read_text().split()
    assert (kept, started.keys.stat().st_mode & 0o777) == (old, 0o600)
    started.keys.write_text(fresh)
    assert started.secret() == TEXT


@pytest.mark.row("T-17")
def test_keys_of_the_environment_are_rotated_in_two_steps(started: Installation) -> None:
    old = started.keys.read_text().strip()
    started.environment["ACTIONRY_SECRET_KEYS"] = old
    fresh = started.run("rotate-keys", "--add").stdout.strip()
    started.environment["ACTIONRY_SECRET_KEYS"] = f"{fresh},{old}"
    done = started.run("rotate-keys", "--reseal")
    assert done.exit_code == 0, done.output
    assert old.partition(":")[0] in done.stdout
    started.keys.write_text(fresh)
    assert started.secret() == TEXT


def test_secrets_whose_key_is_gone_are_named_and_kept(started: Installation) -> None:
    old = started.keys.read_text().strip()
    started.run("rotate-keys", "--add")
    fresh = started.keys.read_text().split()[0]
    started.secret()  # a start with both
    started.keys.write_text(fresh)
    assert "could not be opened" in str(error_of(started.run("rotate-keys", "--reseal")))
    started.keys.write_text(f"{fresh} {old}")
    assert started.run("rotate-keys", "--reseal").exit_code == 0
    started.keys.write_text(fresh)
    assert started.secret() == TEXT
