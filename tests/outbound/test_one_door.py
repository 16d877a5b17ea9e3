"""S-16: no module but the outbound door imports an HTTP client or a socket, by whatever means."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "actionry"
DOOR = SOURCE / "outbound"

CLIENTS = (
    "aiohttp",
    "asyncio.streams",
    "ftplib",
    "h11",
    "h2",
    "http.client",
    "httpcore",
    "httpx",
    "httpx2",
    "imaplib",
    "poplib",
    "pycurl",
    "requests",
    "smtplib",
    "socket",
    "_socket",
    "socks",
    "telnetlib",
    "tornado.httpclient",
    "treq",
    "urllib.request",
    "urllib3",
    "websockets",
    "xmlrpc.client",
)
# Ways to a socket that need no import of one.
OPENERS = frozenset(
    {
        "open_connection",
        "open_unix_connection",
        "create_connection",
        "create_datagram_endpoint",
        "sock_connect",
        "getaddrinfo",
    }
)
# These load our own modules when they are first asked for, by a table of names in the same file.
LAZY = frozenset({"__init__.py", "kit/cli.py", "kit/installation.py", "server/routes/__init__.py"})
# What else is named, and why it is no second way to addresses that come from documents, users or models.
KNOWN = {
    "models/http_stream.py": "aiohttp",  # the operator's model provider, one base URL (DESIGN 5, "models")
    "models/pydantic_ai.py": "httpx2",  # the same, as the client that the SDKs are given
    "server/main.py": "socket",  # listens
    "server/demo.py": "socket",  # listens on loopback
}
RUN_TIME = "(a name made at run time)"


def modules_named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module that is imported, also by `importlib.import_module("x")` and `__import__("x")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield node.lineno, module
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
            case ast.Call(func=function, args=[first, *_]) if name_of(function) in ("import_module", "__import__"):
                yield node.lineno, str(first.value) if isinstance(first, ast.Constant) else RUN_TIME


def name_of(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return str(name)
        case _:
            return ""


def is_client(name: str) -> bool:
    return any(name == client or name.startswith(client + ".") for client in CLIENTS)


def clients_in(text: str, *, lazy: bool = False) -> list[str]:
    """`line: what` for each way out in a module's text; a lazy one may load by name, but no text of it is a client."""
    tree = ast.parse(text)
    named = list(modules_named(tree))
    if lazy:
        named = [each for each in named if each[1] != RUN_TIME]
        named += [
            (node.lineno, node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    found = [f"{line}: {name}" for line, name in named if name == RUN_TIME or is_client(name)]
    found += [
        f"{node.lineno}: {name_of(node.func)}()"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and name_of(node.func) in OPENERS
    ]
    return found


@pytest.mark.row("S-16")
def test_s_16_no_client_outside_the_door() -> None:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if path.is_relative_to(DOOR):
            continue
        ways = [
            way
            for way in clients_in(path.read_text("utf-8"), lazy=name in LAZY)
            if way.partition(": ")[2] != KNOWN.get(name)
        ]
        if ways:
            found[name] = ways
    assert found == {}


@pytest.mark.row("S-16")
@pytest.mark.parametrize(
    "text",
    [
        "import socket",
        "import aiohttp.web",
        "from urllib import request",
        "from urllib.request import urlopen as x",
        "import http.client as c",
        "from http import client",
        "def f():\n    import requests",
        "import importlib\nimportlib.import_module('httpx')",
        "from importlib import import_module as load\nimport importlib\nimportlib.import_module(name)",
        "__import__('socket')",
        "import asyncio\nawait_ = asyncio.open_connection('h', 1)",
    ],
)
def test_s_16_each_way_is_seen(text: str) -> None:
    assert clients_in(text)


def test_the_door_itself_is_one() -> None:
    assert any(clients_in(path.read_text("utf-8")) for path in DOOR.glob("*.py"))
