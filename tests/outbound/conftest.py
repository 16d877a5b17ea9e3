"""Fixtures of the door's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actionry.outbound import Outbound
from support.sockets import connections, only_the_door
from support.tls import Tls

__all__ = ["connections", "loopback_door", "only_the_door", "tls"]


@pytest.fixture
async def loopback_door() -> AsyncIterator[Outbound]:
    """A door that opens to 127.0.0.1 and nothing else inside."""
    async with Outbound(allow=("127.0.0.1/32",)) as door:
        yield door


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    return Tls(tmp_path)
