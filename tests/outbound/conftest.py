"""Fixtures of the door's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from actionry.outbound import Outbound

pytest_plugins = ["support.sockets"]


@pytest.fixture
async def loopback_door() -> AsyncIterator[Outbound]:
    """A door that opens to 127.0.0.1 and nothing else inside."""
    async with Outbound(allow=("127.0.0.1/32",)) as door:
        yield door
