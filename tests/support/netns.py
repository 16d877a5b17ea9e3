"""Start `support/inside.py` in a network namespace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parent.parent


class NoNamespace(Exception):
    """This machine does not permit one; the text says why."""


def attack_inside() -> dict[str, Any]:
    """What `support/inside.py` prints. Raises NoNamespace; an error of the script itself is a RuntimeError."""
    flags = "-n" if os.geteuid() == 0 else "-rn"
    try:
        trial = subprocess.run(
            ["unshare", flags, "ip", "link", "set", "lo", "up"], check=False, capture_output=True, text=True, timeout=30
        )
    except OSError as error:
        raise NoNamespace(str(error)) from error
    if trial.returncode != 0:
        raise NoNamespace((trial.stderr.strip() or "unshare failed").splitlines()[-1])
    done = subprocess.run(
        ["unshare", flags, sys.executable, str(_TESTS / "support" / "inside.py")],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(_TESTS), os.environ.get("PYTHONPATH"))))},
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    result = json.loads(done.stdout)
    assert isinstance(result, dict)
    return result
