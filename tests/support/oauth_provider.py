"""The certified authorization server (npm oidc-provider) of `bench/oauth_provider`, started for tests."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

HARNESS = Path(__file__).parents[2] / "bench" / "oauth_provider"


def missing(reason: str) -> None:
    """In CI a missing tool is a failure, elsewhere the tests are left out."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running_provider() -> Iterator[str]:
    """The issuer's address, as long as the context lasts."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("Node.js and npm are needed for the certified OAuth provider")
    assert node is not None
    assert npm is not None
    with (HARNESS / "package.json").open() as lock:
        # Test processes that start together install once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (HARNESS / "node_modules" / "oidc-provider").is_dir():
            done = subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=HARNESS, capture_output=True, timeout=120)
            if done.returncode != 0:
                missing("npm could not install the certified OAuth provider")
    server = subprocess.Popen(
        [node, "server.mjs"], cwd=HARNESS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        line = server.stdout.readline()
        assert line, "the provider did not start"
        yield str(orjson.loads(line)["issuer"])
    finally:
        server.stdin.close()
        server.wait(timeout=10)
        server.stdout.close()
