"""Reading in a process of its own that can be killed: whatever a text does to a parser, the server lives on.

The child gets the text on its standard input and answers in pieces of JSON, so nothing that it says is executed
(no pickle), and the parent takes the pieces up one by one without holding the interpreter for long.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Any

from actionry.errors import UnreadableDocument
from actionry.findings import Finding, Position
from actionry.limits import READ_LIMITS, ReadLimits
from actionry.syntax.mends import MendedText
from actionry.syntax.reader import read_tree
from actionry.syntax.tree import Tree

PIECE_NODES = 2_000
"""A mapping or list with more members than this is sent member by member."""
LENGTH = struct.Struct(">Q")
OWN_MEMORY = 64 * 1024 * 1024
"""What the interpreter itself takes, on top of what the reading may take."""


def read_tree_in_worker(
    data: bytes | str,
    limits: ReadLimits = READ_LIMITS,
    timeout_s: float = 10.0,
    memory_bytes: int = 1024 * 1024 * 1024,
) -> Tree:
    """As `read_tree`, in a child process that is killed after `timeout_s` and may not take more than `memory_bytes`.

    Blocks: async code calls it in a thread. Starting the child takes about 0.1 s.
    Raises UnreadableDocument, also when the child was killed or ran out of memory.
    """
    if len(data) > limits.bytes:
        return read_tree(data, limits=limits)  # refuses without looking at it
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and code; the text goes to its standard input
        [sys.executable, "-I", "-X", "utf8", "-c", CHILD, *child_paths()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        env=child_environment(),
    )
    timed_out = threading.Event()

    def kill() -> None:
        timed_out.set()
        child.kill()

    timer = threading.Timer(timeout_s, kill)
    timer.daemon = True
    timer.start()
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        answer = ask(child.stdin, child.stdout, data, limits, memory_bytes)
    except (OSError, EOFError, ValueError) as error:
        child.kill()
        child.wait()
        if timed_out.is_set():
            raise took_too_long(timeout_s) from error
        raise UnreadableDocument(
            "Reading the text took more memory than it may, or broke the reader.",
            mend="Cut the document down, or raise the limit.",
            code="SYNTAX-WORKER-DIED",
        ) from error
    finally:
        timer.cancel()
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                close_quietly(stream)
    return answer


def took_too_long(timeout_s: float) -> UnreadableDocument:
    return UnreadableDocument(
        f"Reading the text took longer than {timeout_s:g} s and was stopped.",
        mend="Cut the document down, or raise the limit.",
        code="SYNTAX-TIMEOUT",
    )


def close_quietly(stream: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # unwritten bytes for a child that is gone
        stream.close()


# The child


CHILD = "import sys; sys.path[:0] = sys.argv[1:]; from actionry.syntax.worker import child_main; child_main()"


def child_paths() -> list[str]:
    """Where this package and its dependencies are found; the child ignores PYTHONPATH and the current folder."""
    return [path for path in sys.path if path and os.path.isdir(path)]


def child_environment() -> dict[str, str]:
    """No secrets of the server's environment reach the child."""
    kept = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")
    return {name: os.environ[name] for name in kept if name in os.environ}


def child_main() -> None:
    """Reads one request from standard input, writes the answer to standard output."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    request = receive(source)
    limit_memory(request["memory_bytes"])
    kind, data = request["kind"], receive_bytes(source)
    limits = ReadLimits(**request["limits"])
    try:
        tree = read_tree(data.decode("utf-8", "surrogatepass") if kind == "str" else data, limits=limits)
        send(out, {"format": tree.format, "findings": [plain_finding(finding) for finding in tree.findings]})
        send_bytes(out, tree.text.encode())
        parsed = tree.parsed
        send(out, None if parsed is None else parsed.breaks)
        if parsed is not None:
            send_bytes(out, parsed.text.encode())
        for piece in pieces(tree.root):
            send(out, piece)
        send(out, ["end"])
    except UnreadableDocument as error:
        send(out, {"refused": refusal_of(error)})
    except MemoryError:
        os._exit(3)
    out.flush()


def limit_memory(memory_bytes: int) -> None:
    """Address space of this process; where the system has no such limit (Windows), time alone is limited."""
    try:
        import resource
    except ImportError:
        return
    limit = memory_bytes + OWN_MEMORY
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def refusal_of(error: UnreadableDocument) -> dict[str, Any]:
    names = ("message", "mend", "code", "pointer", "line", "column")
    return {name: getattr(error, name) for name in names}


def plain_finding(finding: Finding) -> dict[str, Any]:
    place = finding.known_position
    names = ("code", "severity", "pointer", "message", "effect", "mend")
    return {name: getattr(finding, name) for name in names} | {
        "at": None if place is None else [place.line, place.column]
    }


def pieces(root: Any, path: tuple[str | int, ...] = ()) -> Iterator[list[Any]]:
    """The tree as steps: ["open", path, "{" or "["], then its members; ["set", path, value] for what is small."""
    if not isinstance(root, dict | list) or is_small(root):
        yield ["set", path, root]
        return
    yield ["open", path, "{" if isinstance(root, dict) else "["]
    members = root.items() if isinstance(root, dict) else enumerate(root)
    for key, value in members:
        yield from pieces(value, (*path, key))


def is_small(value: Any) -> bool:
    """At most PIECE_NODES values; looks at no more than that."""
    pending, seen = [value], 0
    while pending:
        container = pending.pop()
        seen += len(container)
        if seen > PIECE_NODES:
            return False
        values = container.values() if isinstance(container, dict) else container
        pending += [member for member in values if isinstance(member, dict | list)]
    return True


# Both sides


def ask(stdin: IO[bytes], stdout: IO[bytes], data: bytes | str, limits: ReadLimits, memory_bytes: int) -> Tree:
    kind = "str" if isinstance(data, str) else "bytes"
    send(stdin, {"kind": kind, "limits": asdict(limits), "memory_bytes": memory_bytes})
    send_bytes(stdin, data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
    head = receive(stdout)
    if "refused" in head:
        refused = head["refused"]
        raise UnreadableDocument(refused.pop("message"), **refused)
    text = receive_bytes(stdout).decode()
    breaks = receive(stdout)
    parsed = None
    if breaks is not None:
        parsed = MendedText(receive_bytes(stdout).decode(), tuple((int(a), int(b)) for a, b in breaks))
    tree = Tree(receive_root(stdout), head["format"], text, [], parsed)
    for finding in head["findings"]:
        place = finding.pop("at")
        position = Position(*place) if place else None
        tree.findings.append(Finding(**finding, known_position=position, locate=None if place else tree.locate))
    return tree


def receive_root(stdout: IO[bytes]) -> Any:
    holder: list[Any] = [None]
    while (piece := receive(stdout))[0] != "end":
        _, path, value = piece
        parent: Any = holder
        steps = [0, *path]
        for step in steps[:-1]:
            parent = parent[step]
        if piece[0] == "open":
            value = {} if value == "{" else []
        if isinstance(parent, list) and steps[-1] == len(parent):
            parent.append(value)
        else:
            parent[steps[-1]] = value
    return holder[0]


def send(stream: IO[bytes], value: Any) -> None:
    # The standard library's: integers may have thousands of digits.
    send_bytes(stream, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


def send_bytes(stream: IO[bytes], data: bytes) -> None:
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    return json.loads(receive_bytes(stream).decode("utf-8", "surrogatepass"))


def receive_bytes(stream: IO[bytes]) -> bytes:
    """Raises EOFError when the other side is gone."""
    (length,) = LENGTH.unpack(exactly(stream, LENGTH.size))
    return exactly(stream, length)


def exactly(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise EOFError("the other process is gone")
    return data
