"""The style tables and body kinds, compared as bytes that a loopback server received."""

from __future__ import annotations

import pytest

from support.wire import loopback
from support.wire_table import CASES, Case


@pytest.mark.row("WI-07")
@pytest.mark.row("WI-10")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_what_arrives(case: Case) -> None:
    async with loopback() as server:
        request = case.build(server.url)
        received = await server.send(request)
    assert received.method == case.operation.method
    assert received.target == case.target
    assert {name: received.headers.get(name) for name in case.headers} == case.headers
    assert received.body == (case.body or b"")
    assert ("Content-Type" in received.headers) == (case.body is not None)


def test_the_table_is_no_smaller_than_promised() -> None:
    assert len(CASES) >= 110
    assert len({case.name for case in CASES}) == len(CASES)
