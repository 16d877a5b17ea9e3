"""The installation's own keys: given by the operator, or made at the first start and kept beside the data (L-08)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault, generate_key
from actionry.errors import VaultError
from actionry.server.settings import ConfigError, Settings

FILE = "keys"


def open_vault(settings: Settings) -> Vault:
    """The vault with the operator's keys, or with those of the data folder, which the first start makes.

    Raises ConfigError for a key that is known, weak or readable by others.
    """
    make_private_folder(settings.data_dir)
    if settings.secret_keys is not None:
        return _vault(settings.secret_keys, "ACTIONRY_SECRET_KEYS")
    path = settings.data_dir / FILE
    if not path.exists():
        _write_new(path, generate_key())
    return _vault(Secret(_read_private(path)), str(path))


def _vault(keys: Secret, source: str) -> Vault:
    try:
        return Vault.from_settings(keys)
    except VaultError as error:
        raise ConfigError(f"{source}: {error.message}", mend=error.mend) from None


def make_private_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The data folder {path} cannot be made: {error.strerror}.", mend="Set ACTIONRY_DATA_DIR."
        ) from None


def _write_new(path: Path, text: str) -> None:
    """Whole or not at all: a start that is killed leaves no half key, and of two first starts one makes it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:  # no hard links on this file system
        os.replace(draft, path)
    draft.unlink(missing_ok=True)


def _read_private(path: Path) -> str:
    mode = path.stat().st_mode
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path} can be read by others of this machine.", mend=f"Run: chmod 600 {path}")
    return path.read_text("utf-8").strip()
