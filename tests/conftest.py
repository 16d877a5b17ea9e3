"""What every test relies on: no blocking call in async code, Hypothesis profiles, and the corpus."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# No deadline: a shared machine stalls now and then, and a slow example is no wrong one.
settings.register_profile("dev", deadline=None, max_examples=60, print_blob=True)
settings.register_profile("ci", deadline=None, max_examples=200, print_blob=True, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(autouse=True)
def no_blocking_calls() -> Iterator[None]:
    """A blocking call by actionry on a running event loop fails the test (`blockbuster.BlockingError`)."""
    with blockbuster_ctx("actionry"):
        yield


def find_corpus() -> Path | None:
    """The folder with `index.json` and third-party documents: `ACTIONRY_CORPUS`, or `../shared/corpus`."""
    folder = Path(os.environ.get("ACTIONRY_CORPUS") or ROOT.parent / "shared" / "corpus")
    return folder if (folder / "index.json").is_file() else None


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The corpus folder; tests that need it are skipped where it is absent: it is not part of the project."""
    folder = find_corpus()
    if folder is None:
        pytest.skip("no corpus: set ACTIONRY_CORPUS to a folder with index.json, or put it at ../shared/corpus")
    return folder
