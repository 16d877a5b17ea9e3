"""Reading in a child process: same result, real kills, limited memory."""

from __future__ import annotations

import json
import sys
import time

import pytest

from actionry.errors import UnreadableDocument
from actionry.limits import ReadLimits
from actionry.syntax import read_tree
from actionry.syntax.worker import read_tree_in_worker

LARGE = json.dumps({"paths": {f"/{n}": {"get": {"tags": ["a", n, None, 1.5, True]}} for n in range(30_000)}})


@pytest.mark.parametrize(
    "data",
    [
        '{"a": 1,}',
        b"a: 1\n200: &x [1, on]\nb: *x\n",
        ('{"n": ' + "9" * 4000 + "}").encode(),
        LARGE,
        "```\n{“a”: “\\ud83d\\ude00”}\n```",
        "a: \x80 天气",
        "[]",
        "x",
    ],
)
def test_a_worker_reads_what_the_process_itself_reads(data: bytes | str) -> None:
    here, there = read_tree(data), read_tree_in_worker(data)
    assert (there.root, there.format, there.text) == (here.root, here.format, here.text)
    assert there.findings == here.findings
    assert [finding.position for finding in there.findings] == [finding.position for finding in here.findings]
    assert there.locate("/a") == here.locate("/a")


def test_refusals_come_through() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_tree_in_worker("a: 1\nb: c: d")
    assert (caught.value.code, caught.value.line) == ("YAML-SYNTAX", 2)
    with pytest.raises(UnreadableDocument) as caught:
        read_tree_in_worker("[[[1]]]", limits=ReadLimits(depth=2))
    assert caught.value.code == "SYNTAX-TOO-DEEP"
    with pytest.raises(UnreadableDocument) as caught:
        read_tree_in_worker("[[[1]]]", limits=ReadLimits(bytes=2))
    assert caught.value.code == "SYNTAX-TOO-LARGE"


@pytest.mark.row("D-04")
def test_a_reading_that_takes_too_long_is_killed() -> None:
    start = time.monotonic()
    with pytest.raises(UnreadableDocument) as caught:
        read_tree_in_worker("{" + "'a': 'b\n', " * 1_000_000, timeout_s=0.3)
    assert caught.value.code == "SYNTAX-TIMEOUT"
    assert "0.3 s" in str(caught.value)
    assert time.monotonic() - start < 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's address space reliably")
def test_a_reading_that_takes_too_much_memory_ends_alone() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        read_tree_in_worker(b"[" + b"[],[],[]," * 500_000 + b"[]]", memory_bytes=20_000_000)
    assert caught.value.code == "SYNTAX-WORKER-DIED"
