"""Every variable that an operator may set: how it is read, what it is without, and what it does. Data, in one table."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from actionry.credentials.secret import Secret
from actionry.credentials.vault import Vault
from actionry.errors import VaultError

SignUp = Literal["closed", "invitation", "open"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["json", "text"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class Bad(ValueError):
    """What should be given instead; the caller adds the variable and the value."""


# ------------------------------------------------------------------------------------------------- how values are read


def _text(value: str) -> str:
    return value


def _number(smallest: int, largest: int, example: int, unit: str = "a whole number") -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,15}", value) or not smallest <= int(value) <= largest:
            raise Bad(f"give {unit} from {smallest} to {largest}, e.g. {example}")
        return int(value)

    return read


def _one_of(kind: Any) -> Callable[[str], str]:
    names: tuple[str, ...] = get_args(kind)

    def read(value: str) -> str:
        if value.lower() not in names:
            raise Bad(f"give one of {', '.join(names)}")
        return value.lower()

    return read


def _switch(value: str) -> bool:
    word = value.lower()
    if word not in ("on", "off", "true", "false", "yes", "no", "1", "0"):
        raise Bad("give on or off")
    return word in ("on", "true", "yes", "1")


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", value) if word)


def _secret(value: str) -> Secret:
    return Secret(value)


def _host(value: str) -> str:
    if re.search(r"[\s/@?#]", value):
        raise Bad("give an address or a name to listen on, e.g. 127.0.0.1")
    return value.strip("[]")


def _folder(value: str) -> Path:
    path = Path(value).expanduser()
    if path.exists() and not path.is_dir():
        raise Bad("give a folder; it is made when it is missing")
    return path.absolute()


def _origin(value: str) -> str:
    """`https://gpts.example.com`, without a path: links, callbacks and the Host check go by it (H-04)."""
    parts = urlsplit(value)
    try:
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or parts.path.strip("/") or parts.query or parts.fragment:
        raise Bad("give scheme and host alone, e.g. https://gpts.example.com")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _https_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment:
        raise Bad("give the provider's address, e.g. https://login.example.com")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_NAMES:
        raise Bad("give an https address; http is accepted on this machine alone")
    return value


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word, strict=False) for word in _words(value))
    except ValueError:
        raise Bad("give addresses or networks, e.g. 10.0.0.0/8, ::1") from None


def _database(value: str) -> Secret:
    if not re.match(r"(sqlite|postgres|postgresql)(\+\w+)?:", value):
        raise Bad("give sqlite:///path/to/file or postgresql://user@host/name")
    return Secret(value)


def _model(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_.-]*(:\S+)?", value):
        raise Bad("give PROVIDER:NAME, or rehearsal for the built-in model")
    return value


def _domains(value: str) -> tuple[str, ...]:
    found = tuple(word.lower().lstrip("@") for word in _words(value))
    if any("." not in domain or not re.fullmatch(r"[a-z0-9.-]+", domain) for domain in found):
        raise Bad("give domains of e-mail addresses, e.g. example.com, example.org")
    return found


def _allowed(value: str) -> tuple[str, ...]:
    from actionry.outbound import Outbound

    words = _words(value)
    try:
        Outbound(allow=words)
    except ValueError:
        raise Bad("give networks or places, e.g. 10.1.0.0/16, db.internal:8080") from None
    return words


def _proxy(value: str) -> Secret:
    from actionry.outbound import Outbound

    try:
        Outbound(egress_proxy=value)
    except ValueError:
        raise Bad("give the proxy's address, e.g. http://proxy.internal:3128") from None
    return Secret(value)


def _keys(value: str) -> Secret:
    """Refuses keys that come with examples (L-08)."""
    try:
        Vault.from_settings(Secret(value))
    except VaultError as error:
        raise Bad(error.message.removeprefix("ACTIONRY_SECRET_KEYS: ").rstrip(".")) from None
    return Secret(value)


# ----------------------------------------------------------------------------------------------------------- the table


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of the documentation, and one field of `Settings`."""

    name: str
    read: Callable[[str], Any]
    default: str
    """As the documentation says it."""
    says: str
    secret: bool = False
    """Never shown, also when it is wrong; `NAME_FILE` works for every variable."""

    @property
    def field(self) -> str:
        return self.name.removeprefix("ACTIONRY_").lower()


_MB = 1024 * 1024

VARIABLES: tuple[tuple[str, tuple[Variable, ...]], ...] = (
    (
        "Where it listens",
        (
            Variable(
                "ACTIONRY_HOST",
                _host,
                "`127.0.0.1`",
                ("Address to listen on. Anything but loopback ends the single local user: people then sign in."),
            ),
            Variable("ACTIONRY_PORT", _number(0, 65535, 8484), "`8484`", "Port to listen on; `0` takes a free one."),
            Variable(
                "ACTIONRY_PUBLIC_URL",
                _origin,
                "`http://HOST:PORT`",
                (
                    "Where people reach the server, e.g. `https://gpts.example.com`. Links, OAuth "
                    "callbacks, cookies and the check of the Host header go by it."
                ),
            ),
            Variable(
                "ACTIONRY_ALLOWED_HOSTS",
                _words,
                "none",
                "Further values of the Host header that are answered, e.g. a name inside the network.",
            ),
            Variable(
                "ACTIONRY_TRUSTED_PROXIES",
                _networks,
                "none",
                ("Networks of reverse proxies whose `X-Forwarded-For` is believed; from anybody else it is ignored."),
            ),
        ),
    ),
    (
        "What it keeps",
        (
            Variable(
                "ACTIONRY_DATA_DIR",
                _folder,
                "the user's data folder",
                "Folder of the database, files and keys; made readable by its owner alone.",
            ),
            Variable(
                "ACTIONRY_DATABASE_URL",
                _database,
                "SQLite in the data folder",
                "`sqlite:///path` or `postgresql://user:password@host/name`.",
                secret=True,
            ),
            Variable(
                "ACTIONRY_SECRET_KEYS",
                _keys,
                "`keys` in the data folder, made at the first start",
                "Keys that seal stored secrets: `id:key,id:key`, the current one first.",
                secret=True,
            ),
        ),
    ),
    (
        "Models",
        (
            Variable(
                "ACTIONRY_MODEL",
                _model,
                "the first that is found",
                (
                    "`PROVIDER:NAME` of the model that answers, or `rehearsal`. Without it: a key in the "
                    "environment, then a local Ollama, then the built-in model."
                ),
            ),
        ),
    ),
    (
        "Who gets in",
        (
            Variable(
                "ACTIONRY_LOCAL_USER",
                _switch,
                "`on` on loopback without a public address or OIDC, else `off`",
                "One local user who signs in by the address that `serve` prints.",
            ),
            Variable(
                "ACTIONRY_SIGN_UP",
                _one_of(SignUp),
                "`invitation`",
                (
                    "Who may make an account: nobody (`closed`), who was invited, or anybody (`open`). The "
                    "first account of an installation is always let in, by the link that `serve` prints, "
                    "and is the administrator."
                ),
            ),
            Variable(
                "ACTIONRY_SIGN_UP_DOMAINS",
                _domains,
                "all",
                "With `open`: domains of e-mail addresses that may sign up.",
            ),
            Variable("ACTIONRY_OIDC_ISSUER", _https_url, "none", "OpenID Connect provider that people sign in with."),
            Variable("ACTIONRY_OIDC_CLIENT_ID", _text, "none", "Client ID at that provider."),
            Variable("ACTIONRY_OIDC_CLIENT_SECRET", _secret, "none", "Client secret at that provider.", secret=True),
            Variable("ACTIONRY_OIDC_SCOPE", _text, "`openid email profile`", "Scopes that are asked for."),
            Variable("ACTIONRY_OIDC_NAME", _text, "the issuer's host", "What the sign-in button says."),
            Variable(
                "ACTIONRY_SESSION_DAYS",
                _number(1, 400, 30, "whole days"),
                "`30`",
                "A session ends after so many days without use.",
            ),
        ),
    ),
    (
        "What may be reached",
        (
            Variable(
                "ACTIONRY_ALLOWED_NETWORKS",
                _allowed,
                "none",
                (
                    "Private networks and places that actions may call, e.g. `10.1.0.0/16, "
                    "db.internal:8080`. Cloud metadata addresses stay closed."
                ),
            ),
            Variable(
                "ACTIONRY_EGRESS_PROXY",
                _proxy,
                "none",
                "HTTP proxy that every outgoing call takes. `HTTP_PROXY` and its kin are ignored.",
                secret=True,
            ),
            Variable("ACTIONRY_USER_AGENT", _text, "`Actionry/VERSION (+URL)`", "User-Agent of calls to APIs."),
        ),
    ),
    (
        "How much",
        (
            Variable(
                "ACTIONRY_MAX_BODY_BYTES",
                _number(1024, 1024 * _MB, 1_048_576),
                "`1048576`",
                "Largest request body, where no other limit is named.",
            ),
            Variable(
                "ACTIONRY_MAX_DOCUMENT_BYTES",
                _number(1024, 256 * _MB, 16_777_216),
                "`16777216`",
                "Largest OpenAPI document that is pasted or fetched.",
            ),
            Variable(
                "ACTIONRY_MAX_FILE_BYTES",
                _number(1024, 10 * 1024 * _MB, 52_428_800),
                "`52428800`",
                "Largest file that is uploaded.",
            ),
            Variable(
                "ACTIONRY_USER_FILES_BYTES",
                _number(1024, 2**50, 1_073_741_824),
                "`1073741824`",
                "All files of one user together.",
            ),
            Variable("ACTIONRY_MAX_TURN_CALLS", _number(0, 1000, 25), "`25`", "API calls in one turn."),
            Variable(
                "ACTIONRY_MAX_TURN_S",
                _number(1, 86_400, 600, "whole seconds"),
                "`600`",
                "Running time of one turn, seconds; waiting for a person does not count.",
            ),
            Variable(
                "ACTIONRY_MAX_TURN_TOKENS",
                _number(1000, 10**9, 400_000),
                "`400000`",
                "Tokens of all model requests of one turn.",
            ),
            Variable(
                "ACTIONRY_RUNNING_TURNS",
                _number(1, 10_000, 200),
                "`200`",
                "Turns that run at the same time in this process; further ones wait.",
            ),
            Variable(
                "ACTIONRY_USER_TURNS",
                _number(1, 1000, 20),
                "`20`",
                "Unfinished turns of one user that are queued or running; one more is answered 429.",
            ),
            Variable(
                "ACTIONRY_REQUESTS_PER_MINUTE",
                _number(10, 1_000_000, 1200),
                "`1200`",
                "Requests of one signed-in user, or of one address that is not, each minute.",
            ),
            Variable(
                "ACTIONRY_SIGN_INS_PER_MINUTE",
                _number(1, 10_000, 10),
                "`10`",
                ("Attempts to sign in, sign up or reset a password, from one address or for one account, each minute."),
            ),
        ),
    ),
    (
        "What it tells",
        (
            Variable("ACTIONRY_LOG_LEVEL", _one_of(LogLevel), "`info`", "Least level of lines that are logged."),
            Variable(
                "ACTIONRY_LOG_FORMAT",
                _one_of(LogFormat),
                "`json`, on a terminal `text`",
                "One JSON object a line, or text.",
            ),
            Variable(
                "ACTIONRY_METRICS_TOKEN",
                _secret,
                "none",
                "Bearer token that `/metrics` asks for. Without one it is answered on loopback alone.",
                secret=True,
            ),
            Variable("ACTIONRY_API_DOCS", _switch, "`on`", "Whether `/api/v1/openapi.json` is served."),
            Variable(
                "ACTIONRY_DEMO",
                _switch,
                "`on` with the local user, else `off`",
                "The TODO demo: a small API inside the server and a GPT that uses it.",
            ),
        ),
    ),
)
