"""`actionry new`: the TODO plugin of the sources as a start, for each kind of authentication (DX-01, DX-02)."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import struct
import zlib
from pathlib import Path
from typing import Any, Literal

import click
import orjson

from actionry.errors import ActionryError
from actionry.manifest import Auth, write_manifest

AuthKind = Literal["none", "service_http", "user_http", "oauth"]
Framework = Literal["fastapi", "quart"]

TEMPLATES = Path(__file__).parent / "templates"
USER = "ada"
LOOPBACK_CALLBACK = "http://127.0.0.1/callback"
"""Where a program on this machine is returned to, at a port of its own (RFC 8252 section 7.3)."""

_SECTION = re.compile(r"#\[([a-z_ ]*)\]")


@click.command("new")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--auth", type=click.Choice(["none", "service_http", "user_http", "oauth"]), default="none", show_default=True,
    help="How its callers are known.",
)  # fmt: skip
@click.option(
    "--framework", type=click.Choice(["fastapi", "quart"]), default="fastapi", show_default=True,
    help="fastapi writes the document itself; quart has one written by hand.",
)  # fmt: skip
def command(folder: Path, auth: AuthKind, framework: Framework) -> None:
    """Make a plugin in the new folder DIR: a TODO list with manifest, document, logo, tests and README."""
    plugin = make_plugin(folder.name or "todo", auth, framework)
    write_files(folder, plugin.files)
    click.echo(f"Made {folder} ({framework}, authentication: {auth}).")
    for line in plugin.remarks:
        click.echo(line)
    if framework == "quart":
        click.echo(f"It needs Quart: pip install -r {folder / 'requirements.txt'}")
    click.echo(f"Serve it with: actionry dev {folder}")


class Plugin:
    """The files of a new plugin, and what its author is told once."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.remarks: list[str] = []


def make_plugin(name: str, auth: AuthKind, framework: Framework) -> Plugin:
    """Everything that is written, by name; nothing is. Secrets are made anew for each plugin."""
    plugin = Plugin()
    title = _title(name)
    extension = "json" if framework == "fastapi" else "yaml"
    values = {"TITLE": title, "EXTENSION": extension, **_notes(auth, framework)}

    def add(target: str, template: str) -> None:
        plugin.files[target] = render((TEMPLATES / template).read_text("utf-8"), auth, values).encode()

    add("main.py", f"main_{framework}.py.txt")
    add("test_plugin.py", "test_plugin.py.txt")
    add("cases.yaml", "cases.yaml.txt")
    add("README.md", "README.md.txt")
    if framework == "quart":
        add("openapi.yaml", "openapi.yaml.txt")
    if auth != "none":
        add("auth.py", f"auth_{auth}.py.txt")
    if auth == "oauth":
        add("oauth_server.py", "oauth_server.py.txt")
    plugin.files[".well-known/ai-plugin.json"] = _json(make_manifest(name, title, auth, extension))
    plugin.files["logo.png"] = draw_logo(title)
    plugin.files["requirements.txt"] = _REQUIREMENTS[framework].encode()
    plugin.files[".gitignore"] = b"secrets.json\n__pycache__/\n.venv/\n"
    _add_secrets(plugin, auth)
    return plugin


_REQUIREMENTS: dict[Framework, str] = {
    "fastapi": "fastapi>=0.120\nuvicorn>=0.38\n",
    "quart": "quart>=0.20\nuvicorn>=0.38\n",
}


def render(text: str, auth: AuthKind, values: dict[str, str]) -> str:
    """Lines after `#[none oauth]` are for those kinds only, up to the next mark, `#[]` at the latest.

    `@@NAME@@` is replaced by the value of that name.
    """
    kept: list[str] = []
    shown = True
    for line in text.splitlines(keepends=True):
        mark = _SECTION.fullmatch(line.strip())
        if mark is not None:
            shown = not mark[1] or auth in mark[1].split()
        elif shown:
            kept.append(line)
    filled = "".join(kept)
    for name, value in values.items():
        filled = filled.replace(f"@@{name}@@", value)
    return filled


def make_manifest(name: str, title: str, auth: AuthKind, extension: str) -> dict[str, Any]:
    about = "managing a TODO list. It adds, lists and deletes TODOs"
    whose = "of a user, by user name" if auth in ("none", "service_http") else "of the signed-in user"
    return write_manifest(
        name_for_human=title[:20],
        name_for_model=_model_name(name),
        description_for_human="Manage your TODO list: add, list and delete TODOs.",
        description_for_model=f"Plugin for {about} {whose}.",
        auth=_auth(auth),
        api_url=f"PLUGIN_HOSTNAME/openapi.{extension}",
        logo_url="PLUGIN_HOSTNAME/logo.png",
        contact_email="hello@example.com",
        legal_info_url="PLUGIN_HOSTNAME/legal",
    )


def _auth(auth: AuthKind) -> Auth:
    match auth:
        case "none":
            return Auth()
        case "service_http":
            return Auth(type="service_http", authorization_type="bearer")
        case "user_http":
            return Auth(
                type="user_http", authorization_type="bearer", instructions="Ask the plugin's author for a key."
            )
        case "oauth":
            return Auth(
                type="oauth",
                client_url="PLUGIN_HOSTNAME/oauth/authorize",
                authorization_url="PLUGIN_HOSTNAME/oauth/token",
                scope="todos",
                authorization_content_type="application/x-www-form-urlencoded",
            )


def _add_secrets(plugin: Plugin, auth: AuthKind) -> None:
    """Made here, kept in secrets.json; what a user types is told once and kept as a fingerprint."""
    match auth:
        case "none":
            return
        case "service_http":
            kept: dict[str, Any] = {"service_token": secrets.token_urlsafe(32)}
            plugin.remarks.append("The service access token to register it with is in secrets.json.")
        case "user_http":
            key = secrets.token_urlsafe(32)
            kept = {"user_keys": {hashlib.sha256(key.encode()).hexdigest(): USER}}
            plugin.remarks.append(f"The key of the user {USER}, shown this once: {key}")
        case "oauth":
            password, salt = secrets.token_urlsafe(12), secrets.token_bytes(16)
            mark = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()
            kept = {
                "client_id": f"todo-{secrets.token_hex(4)}",
                "client_secret": secrets.token_urlsafe(32),
                "redirect_uris": [LOOPBACK_CALLBACK],
                "users": {USER: f"{salt.hex()}${mark}"},
            }
            plugin.remarks.append("client_id and client_secret to register it with are in secrets.json.")
            plugin.remarks.append(f"Sign in as {USER}, with the password that is shown this once: {password}")
    plugin.files["secrets.json"] = _json(kept)


def _notes(auth: AuthKind, framework: Framework) -> dict[str, str]:
    files = {
        "main.py": "the routes, and what makes them a plugin",
        ".well-known/ai-plugin.json": "the manifest",
        "openapi.yaml": "the document that a model's functions are made of" if framework == "quart" else "",
        "auth.py": {
            "none": "", "service_http": "the one token of the chat's servers", "user_http": "the users' keys",
            "oauth": "users and passwords",
        }[auth],
        "oauth_server.py": "a small authorization server" if auth == "oauth" else "",
        "secrets.json": "" if auth == "none" else "secrets; never commit it",
        "cases.yaml": "what people say, and the call that should follow",
        "test_plugin.py": "tests of the code: `pytest`",
        "logo.png": "the picture that people see",
    }  # fmt: skip
    needs = {
        "fastapi": "FastAPI comes with `actionry[server]`.",
        "quart": "Install Quart first: `pip install -r requirements.txt`.",
    }
    return {
        "FILES": "\n".join(f"| `{name}` | {what} |" for name, what in files.items() if what),
        "TEST_NOTE": f"\n{needs[framework]} `pytest` runs the tests of the code (`pip install pytest`).",
        "AUTH_NOTE": _AUTH_NOTES[auth],
    }


_AUTH_NOTES: dict[AuthKind, str] = {
    "none": "\n",
    "service_http": (
        "\n## Registering it\n\nEnter the token of `secrets.json` (or of the variable `SERVICE_TOKEN`) when you "
        "register the plugin. You are\nshown a verification token: put it into the manifest, under "
        "`auth.verification_tokens`, and serve it again.\n\n"
    ),
    "user_http": "\n## Keys\n\n`python auth.py NAME` makes a key for a user and prints it once.\n\n",
    "oauth": (
        "\n## Sign-in\n\nEnter `client_id` and `client_secret` of `secrets.json` when you register the plugin, and add "
        "the callback that you\nare shown to `redirect_uris`, letter by letter. The verification token goes into the "
        "manifest, under\n`auth.verification_tokens`. `python auth.py NAME` gives a user a new password and prints it "
        "once. Users "
        "and sign-ins\nlive in one file and in memory: put your own accounts there before you publish it.\n\n"
    ),
}


# -------------------------------------------------------------------------------------------------- names and files


def _title(name: str) -> str:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", name) if word]
    return " ".join(words)[:20].strip().title() if words else "Todo"


def _model_name(name: str) -> str:
    return "_".join(word for word in re.split(r"[^A-Za-z0-9]+", name.lower()) if word)[:50] or "todo"


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """Into a folder that is new or empty; secrets readable by their owner alone. Raises ActionryError."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ActionryError(f"`{folder}` is already there and not empty.", mend="Choose another name.")
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = 0o600 if name == "secrets.json" else 0o644
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
    except OSError as error:
        raise ActionryError(
            f"`{folder}` cannot be written: {error.strerror or 'unknown failure'}.", mend="Choose another place."
        ) from None


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def draw_logo(title: str, size: int = 128) -> bytes:
    """A PNG: a list with ticks, in a colour made of the title. PNG (Third Edition), 8-bit RGB, no filter."""
    seed = hashlib.sha256(title.encode()).digest()
    ground = tuple(40 + byte // 2 for byte in seed[:3])
    rows = b"".join(
        b"\0" + b"".join(bytes((255, 255, 255) if _is_ink(x, y, size) else ground) for x in range(size))
        for y in range(size)
    )

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def _is_ink(x: int, y: int, size: int) -> bool:
    """Three lines, each with a box before it."""
    unit = size // 16
    row, inside = divmod(y - 3 * unit, 4 * unit)
    if not 0 <= row < 3 or inside >= 2 * unit:
        return False
    return 2 * unit <= x < 4 * unit or (6 * unit <= x < 14 * unit and unit // 2 <= inside < unit + unit // 2)
