"""T-01, short: calling processes are killed at every border of the state machine. `bench/kill.py` does it 300 times."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture
def kill(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCH)
    spec = importlib.util.spec_from_file_location("bench_kill", BENCH / "kill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_kill", module)  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.row("T-01")
def test_no_kill_doubles_or_invents_an_effect(kill: ModuleType) -> None:
    found = kill.measure(32, 4, 7)
    assert found.kills >= 32
    assert found.at_borders >= 8
    assert (found.twice, found.unconfirmed, found.still_open) == (0, 0, 0)
    assert (found.done_without_effect, found.failed_with_effect) == (0, 0)
    assert found.states["done"] > 0
