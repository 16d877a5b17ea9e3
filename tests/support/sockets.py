"""Fail on any Internet connection or name look-up that `actionry.outbound` did not open. Opt in per module or test.

    from support.sockets import only_the_door   # in the folder's conftest.py; list it in `__all__`

    @pytest.mark.usefixtures("only_the_door")
    async def test_...

A test that speaks to its own servers itself wraps that in `with allowed():`.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

_DOOR = "actionry.outbound"
_EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.sendto"})

_watching = False
_found: list[str] = []
_recorders: list[list[tuple[object, ...]]] = []


class PastTheDoor(AssertionError):
    """A connection or look-up that the door did not open."""


@pytest.fixture
def only_the_door() -> Iterator[list[str]]:
    """Watch during the test: what is found is refused at once, and fails the test even when swallowed."""
    global _watching
    _install()
    _found.clear()
    _watching = True
    try:
        yield _found
    finally:
        _watching = False
    assert not _found, f"past the one door: {_found}"


@pytest.fixture
def connections() -> Iterator[list[tuple[object, ...]]]:
    """The address of every Internet connection that is tried during the test, in order."""
    _install()
    tried: list[tuple[object, ...]] = []
    _recorders.append(tried)
    try:
        yield tried
    finally:
        _recorders.remove(tried)


@contextmanager
def allowed() -> Iterator[None]:
    """The test's own connections."""
    global _watching
    before, _watching = _watching, False
    try:
        yield
    finally:
        _watching = before


def _install() -> None:
    # An audit hook sees connections of C code too, and cannot be removed; so there is one, with a switch.
    if _hook not in _installed:
        sys.addaudithook(_hook)
        _installed.append(_hook)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event not in _EVENTS:
        return
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        for tried in _recorders:
            tried.append(arguments[1])
    if not _watching:
        return
    if event != "socket.getaddrinfo":
        connection = arguments[0]
        if isinstance(connection, socket.socket) and connection.family not in (socket.AF_INET, socket.AF_INET6):
            return
    if _called_by_door(sys._getframe(1)):
        return
    what = f"{event} {arguments[-1] if event != 'socket.getaddrinfo' else arguments[0]!r}"
    _found.append(what)
    raise PastTheDoor(what)


_installed: list[object] = []


def _called_by_door(frame: FrameType | None) -> bool:
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == _DOOR or module.startswith(_DOOR + "."):
            return True
        frame = frame.f_back
    return False
