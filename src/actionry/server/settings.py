"""What an operator may set: `ACTIONRY_*` variables, read once into one typed object that is handed down.

A value that cannot be used stops the start and names its variable. A secret may stand in a file: `NAME_FILE` names
it, as container platforms hand secrets over. docs/reference/settings.md is generated from the table below.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from actionry.credentials.secret import Secret
from actionry.errors import ActionryError, Audience
from actionry.server.settings_table import VARIABLES, Bad, LogFormat, LogLevel, Network, SignUp, Variable


class ConfigError(ActionryError):
    """A setting that the server cannot start with; the message names the variable."""

    told_to: Audience = "operator"


_MB = 1024 * 1024
_BY_NAME = {variable.name: variable for _, group in VARIABLES for variable in group}

ELSEWHERE = frozenset(
    {"ACTIONRY_TEST_DATABASE_URL", "ACTIONRY_TEST_WORKERS", "ACTIONRY_CORPUS", "ACTIONRY_PYTHON", "ACTIONRY_RUN_LOCKED"}
)
"""Read by tests and by `./run`, not by the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator decided. A field's documentation is its row in `VARIABLES`."""

    host: str = "127.0.0.1"
    port: int = 8484
    public_url: str = ""
    """Origin of links, callbacks and cookies; "" until the port is known, see `with_port`."""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    data_dir: Path = field(default_factory=lambda: default_data_dir(os.environ))
    database_url: Secret = field(default_factory=lambda: Secret(""))
    secret_keys: Secret | None = None
    """None: read from, or made in, the data folder (server/keys.py)."""
    model: str | None = None
    local_user: bool = True
    sign_up: SignUp = "invitation"
    sign_up_domains: tuple[str, ...] = ()
    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: Secret | None = None
    oidc_scope: str = "openid email profile"
    oidc_name: str = ""
    session_days: int = 30
    allowed_networks: tuple[str, ...] = ()
    egress_proxy: Secret | None = None
    user_agent: str | None = None
    max_body_bytes: int = _MB
    max_document_bytes: int = 16 * _MB
    max_file_bytes: int = 50 * _MB
    user_files_bytes: int = 1024 * _MB
    max_turn_calls: int = 25
    max_turn_s: int = 600
    max_turn_tokens: int = 400_000
    running_turns: int = 200
    user_turns: int = 20
    requests_per_minute: int = 1200
    sign_ins_per_minute: int = 10
    log_level: LogLevel = "info"
    log_format: LogFormat = "json"
    metrics_token: Secret | None = None
    api_docs: bool = True
    demo: bool = True
    model_environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables of other programs that name model providers and hold their keys, e.g. `OPENAI_API_KEY`."""
    remarks: tuple[str, ...] = ()
    """Sentences for the log of the start: variables that nobody reads."""

    @property
    def secure(self) -> bool:
        """Whether people reach the server over https: `__Host-` cookies and HSTS go by it (H-03, H-12)."""
        return self.public_url.startswith("https://")

    @property
    def on_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def session_s(self) -> float:
        return self.session_days * 86_400.0


def environment_names() -> tuple[str, ...]:
    return tuple(_BY_NAME)


def read_settings(environ: Mapping[str, str], **given: Any) -> Settings:
    """Settings of an environment; `given` are fields that the command line sets, None for those it leaves.

    Raises ConfigError, which names the variable and what would be right.
    """
    values = {
        variable.field: value
        for variable in _BY_NAME.values()
        if (value := _read_variable(environ, variable)) is not None
    }
    values.update({name: value for name, value in given.items() if value is not None})
    values.setdefault("data_dir", default_data_dir(environ))
    host = values.setdefault("host", "127.0.0.1")
    if "database_url" not in values:
        values["database_url"] = Secret(f"sqlite:///{values['data_dir'] / 'actionry.db'}")
    if "public_url" not in values and values.get("port", 8484) != 0:
        values["public_url"] = local_url(host, values.get("port", 8484))
    local = is_loopback(host) and "ACTIONRY_PUBLIC_URL" not in environ and "oidc_issuer" not in values
    values.setdefault("local_user", local)
    values.setdefault("demo", values["local_user"])
    settings = Settings(**values, model_environment=_of_models(environ), remarks=_unknown(environ))
    _check_together(settings)
    return settings


def _read_variable(environ: Mapping[str, str], variable: Variable) -> Any:
    """The value, or None when it is not set; an empty text counts as not set."""
    name, text = variable.name, environ.get(variable.name, "").strip()
    file = environ.get(f"{name}_FILE", "").strip()
    if file:
        if text:
            raise ConfigError(f"{name} and {name}_FILE are both set; give one of them.")
        text, name = _read_file(f"{name}_FILE", file), f"{name}_FILE"
    if not text:
        return None
    try:
        return variable.read(text)
    except Bad as error:
        shown = "cannot be used" if variable.secret or file else f'is "{text[:80]}"'
        raise ConfigError(f"{name} {shown}; {error}.") from None


def _read_file(name: str, file: str) -> str:
    try:
        return Path(file).expanduser().read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "it is not text"
        raise ConfigError(f"{name} names {file}, which cannot be read: {why}.") from None


def _of_models(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name.removesuffix("_FILE").endswith(("_API_KEY", "_BASE_URL")) and not name.startswith("ACTIONRY_")
    }


def _unknown(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A mistyped name would otherwise be ignored without a word."""
    remarks: list[str] = []
    for name in sorted(environ):
        plain = name.removesuffix("_FILE")
        if not name.startswith("ACTIONRY_") or plain in _BY_NAME or name in ELSEWHERE:
            continue
        near = difflib.get_close_matches(plain, _BY_NAME, n=1, cutoff=0.7)
        hint = f" Did you mean {near[0]}?" if near else ""
        remarks.append(f"{name} is not a setting and is ignored.{hint}")
    return tuple(remarks)


def _check_together(settings: Settings) -> None:
    if settings.local_user and not settings.on_loopback:
        raise ConfigError(
            f"ACTIONRY_LOCAL_USER is on, but ACTIONRY_HOST is {settings.host}: anybody there would be that user.",
            mend="Listen on 127.0.0.1, or set ACTIONRY_LOCAL_USER=off.",
        )
    if settings.oidc_issuer is not None and not settings.oidc_client_id:
        raise ConfigError("ACTIONRY_OIDC_ISSUER is set, but ACTIONRY_OIDC_CLIENT_ID is not.")
    public_host = urlsplit(settings.public_url).hostname or ""
    if settings.public_url.startswith("http://") and not is_loopback(public_host) and not settings.local_user:
        object.__setattr__(
            settings,
            "remarks",
            (*settings.remarks, "ACTIONRY_PUBLIC_URL is http: passwords and sessions travel unencrypted."),
        )


def with_port(settings: Settings, port: int) -> Settings:
    """The settings once the port is known (`ACTIONRY_PORT=0`)."""
    return replace(settings, port=port, public_url=settings.public_url or local_url(settings.host, port))


def local_url(host: str, port: int) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104  # compared
    return f"http://{name}:{port}"


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Where the platform keeps a user's data."""
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "actionry"
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home) / "actionry"
    base = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return (base if base.is_absolute() else home / ".local" / "share") / "actionry"


def settings_page() -> str:
    """docs/reference/settings.md."""
    lines = [
        "# Settings",
        "",
        "`actionry serve` reads these environment variables once, at its start. A value that cannot be used stops",
        "the start with one line that names the variable. Every variable may also be given as a file: set",
        "`NAME_FILE` to its path, as container platforms do for secrets. `--host`, `--port` and `--data` of the",
        "command line come first.",
        "",
        "Keys of model providers (`OPENAI_API_KEY` with `OPENAI_BASE_URL`, and so on) and a local Ollama are found by",
        "themselves.",
        "",
        "<!-- generated from src/actionry/server/settings.py; a test compares them -->",
    ]
    for title, group in VARIABLES:
        lines += ["", f"## {title}", "", "| variable | default | what it does |", "|---|---|---|"]
        lines += [f"| `{v.name}` | {v.default} | {v.says} |" for v in group]
    return "\n".join(lines) + "\n"


assert {variable.field for variable in _BY_NAME.values()} | {"remarks", "model_environment"} == {
    each.name for each in fields(Settings)
}
