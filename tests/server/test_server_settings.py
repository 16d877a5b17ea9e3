"""Settings: one typed object, a bad value names its variable, every variable is documented."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actionry.credentials.vault import generate_key
from actionry.server.keys import open_vault
from actionry.server.settings import ConfigError, Settings, environment_names, read_settings, settings_page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"

BAD = [
    ("ACTIONRY_PORT", "http"), ("ACTIONRY_PORT", "70000"), ("ACTIONRY_HOST", "a b"),
    ("ACTIONRY_PUBLIC_URL", "gpts.test"), ("ACTIONRY_PUBLIC_URL", "https://gpts.test/path"),
    ("ACTIONRY_TRUSTED_PROXIES", "10.0.0.0/99"),
    ("ACTIONRY_DATABASE_URL", "mysql://x"), ("ACTIONRY_SIGN_UP", "maybe"), ("ACTIONRY_MAX_TURN_S", "2m"),
    ("ACTIONRY_OIDC_ISSUER", "http://login.test"), ("ACTIONRY_ALLOWED_NETWORKS", "everything else"),
    ("ACTIONRY_EGRESS_PROXY", "nonsense"), ("ACTIONRY_LOG_LEVEL", "loud"), ("ACTIONRY_DEMO", "perhaps"),
    ("ACTIONRY_MODEL", "GPT 4"), ("ACTIONRY_SIGN_UP_DOMAINS", "example"), ("ACTIONRY_SESSION_DAYS", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_stops_the_start_and_names_its_variable(name: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        read_settings({name: value}, data_dir=tmp_path)
    assert str(raised.value).startswith(name)
    assert "give" in str(raised.value)


def test_an_example_message() -> None:
    with pytest.raises(ConfigError) as raised:
        read_settings({"ACTIONRY_MAX_TURN_S": "2m"})
    assert str(raised.value) == 'ACTIONRY_MAX_TURN_S is "2m"; give whole seconds from 1 to 86400, e.g. 600.'


@pytest.mark.parametrize("name", environment_names())
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE.read_text("utf-8")


def test_the_page_is_the_generated_one() -> None:
    assert PAGE.read_text("utf-8") == settings_page()


def test_without_anything_the_local_user_is_served_on_loopback(tmp_path: Path) -> None:
    settings = read_settings({}, data_dir=tmp_path)
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8484, "http://127.0.0.1:8484")
    assert (settings.local_user, settings.demo, settings.sign_up) == (True, True, "invitation")
    assert settings.database_url.reveal() == f"sqlite:///{tmp_path}/actionry.db"
    assert not settings.secure


@pytest.mark.parametrize(
    ("environ", "local"),
    [({}, True), ({"ACTIONRY_PUBLIC_URL": "https://gpts.test"}, False), ({"ACTIONRY_HOST": "0.0.0.0"}, False)],
)
def test_the_local_user_is_there_on_loopback_alone(environ: dict[str, str], local: bool) -> None:
    assert read_settings(environ).local_user is local


@pytest.mark.row("H-01")
def test_the_local_user_cannot_be_offered_to_a_network() -> None:
    with pytest.raises(ConfigError, match="anybody there"):
        read_settings({"ACTIONRY_HOST": "0.0.0.0", "ACTIONRY_LOCAL_USER": "on"})


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://me:pass-word@db/actionry\n")
    settings = read_settings({"ACTIONRY_DATABASE_URL_FILE": str(tmp_path / "url")})
    assert settings.database_url.reveal() == "postgresql://me:pass-word@db/actionry"
    assert "pass-word" not in repr(settings)
    with pytest.raises(ConfigError, match=r"^ACTIONRY_DATABASE_URL_FILE names .*cannot be read"):
        read_settings({"ACTIONRY_DATABASE_URL_FILE": str(tmp_path / "gone")})
    with pytest.raises(ConfigError, match="both set"):
        read_settings({"ACTIONRY_MODEL": "rehearsal", "ACTIONRY_MODEL_FILE": "x"})


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as raised:
        read_settings({"ACTIONRY_DATABASE_URL": "mysql://me:hunter2secret@db"})
    assert "hunter2secret" not in str(raised.value)


def test_an_unknown_variable_is_remarked() -> None:
    assert read_settings({"ACTIONRY_PUBLC_URL": "x"}).remarks == (
        "ACTIONRY_PUBLC_URL is not a setting and is ignored. Did you mean ACTIONRY_PUBLIC_URL?",
    )


@pytest.mark.row("L-08")
@pytest.mark.parametrize("key", ["k1:" + "41" * 32, "k1:" + "00" * 32, "changeme", "k1:c2VjcmV0"])
def test_a_known_or_weak_key_stops_the_start(key: str) -> None:
    with pytest.raises(ConfigError, match=r"^ACTIONRY_SECRET_KEYS cannot be used"):
        read_settings({"ACTIONRY_SECRET_KEYS": key})


@pytest.mark.row("L-08")
def test_the_first_start_makes_its_own_key_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first, second = open_vault(settings), open_vault(settings)
    assert first.key_ids == second.key_ids
    assert second.open(first.seal("a secret", ("t", "r", "c")), ("t", "r", "c")).reveal() == "a secret"
    assert (tmp_path / "data" / "keys").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    other = open_vault(Settings(data_dir=tmp_path / "other"))
    assert other.key_ids != first.key_ids or other.seal("x", ("t", "r", "c"))


@pytest.mark.skipif(os.name != "posix", reason="file rights")
def test_a_key_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(generate_key())
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        open_vault(Settings(data_dir=tmp_path))
