"""Sealed secrets open with the right key in the right place, and nowhere else."""

from __future__ import annotations

import base64
import hashlib
import pickle
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actionry.credentials.vault import Place, Secret, Vault, generate_key, read_keys
from actionry.errors import VaultError

PLACE = Place("connections", "17", "access_token")
OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)


@given(st.text())
def test_what_is_sealed_opens(text: str) -> None:
    vault = Vault({"k1": OLD})
    assert vault.open(vault.seal(Secret(text), PLACE), PLACE) == Secret(text)


@pytest.mark.row("AU-05")
def test_the_ciphertext_shows_nothing_and_is_never_the_same() -> None:
    vault = Vault({"k1": OLD})
    first, second = vault.seal("canary-123", PLACE), vault.seal("canary-123", PLACE)
    assert first != second
    assert first.startswith("v1.k1.")
    assert "canary" not in first
    assert b"canary" not in base64.urlsafe_b64decode(first.split(".")[2] + "==")


@pytest.mark.parametrize(
    "place",
    [
        ("connections", "18", "access_token"),
        ("connections", "17", "refresh_token"),
        ("users", "17", "access_token"),
        ("connections1", "7", "access_token"),
        ("", "connections17", "access_token"),
    ],
)
def test_a_ciphertext_does_not_open_in_another_place(place: tuple[str, str, str]) -> None:
    vault = Vault({"k1": OLD})
    with pytest.raises(VaultError, match=r"changed, or moved|form"):
        vault.open(vault.seal("canary-123", PLACE), place)


@given(st.data())
def test_a_changed_ciphertext_does_not_open(data: st.DataObject) -> None:
    vault = Vault({"k1": OLD})
    sealed = vault.seal("canary-123", PLACE)
    position = data.draw(st.integers(0, len(sealed) - 1))
    character = data.draw(st.sampled_from("ABCxyz019-_.v"))
    changed = sealed[:position] + character + sealed[position + 1 :]
    if changed != sealed:
        with pytest.raises(VaultError):
            vault.open(changed, PLACE)


@pytest.mark.parametrize(
    "text", ["", "v1", "v1.k1", "v1.k1.", "v1.k1.AAAA", "v2.k1.AAAA", "plain text", "v1.k1.é", "v1..x"]
)
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(VaultError):
        Vault({"k1": OLD}).open(text, PLACE)


def test_rotation() -> None:
    before = Vault({"k1": OLD}).seal("canary-123", PLACE)
    both = Vault({"k2": NEW, "k1": OLD})
    after = both.rotate(before, PLACE)
    assert Vault.sealed_with(after) == both.current_key_id == "k2"
    assert both.rotate(after, PLACE) == after
    assert Vault({"k2": NEW}).open(after, PLACE).reveal() == "canary-123"
    with pytest.raises(VaultError, match="`k1`") as caught:
        Vault({"k2": NEW}).open(before, PLACE)
    assert caught.value.told_to == "operator"


def test_the_same_id_with_another_key_does_not_open() -> None:
    with pytest.raises(VaultError):
        Vault({"k1": NEW}).open(Vault({"k1": OLD}).seal("x", PLACE), PLACE)


def test_generated_keys_are_read_and_differ() -> None:
    text = f"{generate_key()},{generate_key().replace(':', 'x:', 1)}"
    keys = read_keys(text)
    assert len(set(keys.values())) == 2
    assert all(len(key) == 32 for key in keys.values())
    assert Vault.from_settings(text).key_ids == tuple(keys)


def test_key_spellings() -> None:
    spelled = [
        base64.b64encode(OLD).decode(),
        base64.urlsafe_b64encode(OLD).decode().rstrip("="),
        OLD.hex(),
        OLD.hex().upper(),
    ]
    for text in spelled:
        assert read_keys(f" k1:{text} \n k2:{NEW.hex()},") == {"k1": OLD, "k2": NEW}


WEAK = {
    "zeros": bytes(32),
    "one byte": b"\xff" * 32,
    "count": bytes(range(32)),
    "count by three": bytes(range(0, 96, 3)),
    "pass phrase": b"correct horse battery staple 123",
    "repeated": secrets.token_bytes(8) * 4,
    "hash of a word": hashlib.sha256(b"changeme").digest(),
    "short": secrets.token_bytes(16),
    "long": secrets.token_bytes(33),
    "empty": b"",
}


@pytest.mark.row("L-08")
@pytest.mark.parametrize("kind", WEAK)
def test_known_and_weak_keys_stop_the_start(kind: str) -> None:
    key = WEAK[kind]
    with pytest.raises(VaultError) as caught:
        Vault({"k1": key})
    assert caught.value.told_to == "operator"
    with pytest.raises(VaultError) as caught:
        read_keys(f"k1:{base64.b64encode(key).decode()}")
    if key:
        assert base64.b64encode(key).decode() not in str(caught.value)


@pytest.mark.row("L-08")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "nokey",
        f":{OLD.hex()}",
        "k1:",
        "k1:???",
        f"k 1:{OLD.hex()}",
        f"k1:{OLD.hex()},k1:{NEW.hex()}",
        f"{'k' * 33}:{OLD.hex()}",
        OLD.hex(),
    ],
    ids=range(10),  # the keys are made anew by each worker
)
def test_malformed_settings_name_the_variable_and_never_the_key(text: str) -> None:
    with pytest.raises(VaultError) as caught:
        Vault.from_settings(text)
    assert "ACTIONRY_SECRET_KEYS" in str(caught.value)
    assert OLD.hex() not in str(caught.value)


def test_random_keys_are_never_called_weak() -> None:
    for _ in range(2000):
        Vault({"k": secrets.token_bytes(32)})


def test_a_vault_shows_and_gives_away_nothing() -> None:
    vault = Vault({"k1": OLD})
    assert repr(vault) == "<Vault keys=k1>"
    with pytest.raises(TypeError):
        pickle.dumps(vault)
    with pytest.raises(VaultError):
        Vault({})
