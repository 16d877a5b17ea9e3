"""`actionry chat` as a person or a script uses it: cards as text, questions, Ctrl-C, and the exit code."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from actionry.chat.events import CallProposed, ConfirmationAsked
from actionry.kit.chatting import Shown, ask, card

ROOT = Path(__file__).resolve().parents[2]
TODO = str(ROOT / "docs" / "examples" / "todo.yaml")


class Api(ThreadingHTTPServer):
    """The TODO API on loopback; `hold` makes it wait before it answers."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, bytes]] = []
        self.hold = threading.Event()
        self.hold.set()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, content))
        self.server.hold.wait(20)
        body = json.dumps({"todos": ["buy milk"]}).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            return  # whoever asked has gone

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.hold.set()
    server.shutdown()
    server.server_close()


def _command(api: Api, *more: str) -> list[str]:
    return [
        str(Path(sys.executable).with_name("actionry")), "chat", TODO, "--base-url", api.url,
        "--allow", "127.0.0.1/32", "--model", "rehearsal", *more,
    ]  # fmt: skip


def chat(api: Api, *said: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        _command(api),
        input="".join(f"{line}\n" for line in said),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})},
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.mark.row("CO-03")
def test_what_is_allowed_is_sent_and_what_is_declined_is_not(api: Api) -> None:
    done = chat(api, 'Add "buy milk" for the user ada', "a", 'Add "sell milk" for the user ada', "what", "d")
    assert done.returncode == 0, done.stderr
    assert [method for method, _, _ in api.requests] == ["POST"]
    assert b"uy milk" in api.requests[0][2]
    assert f"POST {api.url}/todos/" in done.stdout  # the card shows the exact request
    assert "[a]llow / al[w]ays / [d]ecline" in done.stdout
    assert "← 200 application/json" in done.stdout
    assert done.stdout.count("[d]ecline: ") == 3  # `what` is no answer
    assert "Model: rehearsal" in done.stderr


@pytest.mark.row("CO-04")
def test_a_domain_that_was_allowed_is_read_without_a_further_question(api: Api) -> None:
    done = chat(api, "Show the todos of ada", "w", "Show the todos of ada")
    assert done.returncode == 0, done.stderr
    assert [method for method, _, _ in api.requests] == ["GET", "GET"]
    assert done.stdout.count("[d]ecline: ") == 1


def test_the_end_of_the_input_declines(api: Api) -> None:
    done = chat(api, 'Add "buy milk" for the user ada')
    assert done.returncode == 0, done.stderr
    assert api.requests == []


def test_standard_input_cannot_be_the_document_as_well(api: Api) -> None:
    command = [word if word != TODO else "-" for word in _command(api)]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "Standard input is what you say" in done.stderr


def test_a_model_that_is_not_there_is_one_sentence(api: Api) -> None:
    command = [word if word != "rehearsal" else "elsewhere:model" for word in _command(api)]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "elsewhere" in done.stderr
    assert "Traceback" not in done.stderr


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, command: list[str]) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True)
        os.close(theirs)
        self.seen = ""

    def until(self, text: str, *, timeout_s: float = 20.0) -> str:
        """Everything up to the text, which must come."""
        assert self._read(timeout_s, text), f"{text!r} did not come: {self.seen[-2000:]}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def says(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def interrupts(self, until: str) -> None:
        """Ctrl-C, again where it came in the moment between a prompt and its reading, which no person can hit."""
        for _ in range(10):
            self.process.send_signal(signal.SIGINT)
            if self._read(1.0, until):
                return
        raise AssertionError(f"{until!r} did not come: {self.seen[-2000:]}")

    def _read(self, timeout_s: float, text: str) -> bool:
        """Whether the text came within the time; "" is the end of the program."""
        end = time.monotonic() + timeout_s
        while not text or text not in self.seen:
            ready, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                return False
            try:
                self.seen += os.read(self._ours, 65_536).decode("utf-8", "replace")
            except OSError:  # nobody holds the other end any more
                return not text
        return True

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self._ours)


@contextmanager
def terminal(api: Api) -> Iterator[Terminal]:
    opened = Terminal(_command(api))
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.row("CH-05")
def test_ctrl_c_stops_the_answer_and_the_chat_goes_on(api: Api) -> None:
    with terminal(api) as person:
        person.until("> ")
        api.hold.clear()
        person.says("Show the todos of ada")
        person.until("[d]ecline: ")
        person.says("a")
        person.until("→ GET")
        person.interrupts("Stopped.")
        api.hold.set()
        person.until("> ")
        person.says('Add "buy milk" for the user ada')
        person.until("[d]ecline: ")
        person.interrupts("Stopped.")  # at a question it stops the turn as well
        person.until("> ")
        person.interrupts("")  # at the prompt it ends the chat
        assert person.process.wait(10) == 0
        assert [method for method, _, _ in api.requests] in ([], ["GET"])


# ------------------------------------------------------------------------------------------------------- what is shown


def _asked(sentence: str) -> ConfirmationAsked:
    return ConfirmationAsked(
        call_id="k-1", digest="d", may_always_allow=False, reasons=("First.",), sentence=sentence, expires_at=0.0
    )


def test_an_api_cannot_write_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown()
    proposed = CallProposed(
        call_id="k-1",
        provider_call_id="p",
        function="f",
        arguments="{}",
        request={"method": "POST", "url": "https://api.test/\x1b[2J", "headers": [["A", "b"]], "body": {"x": "\x1b[H"}},
    )
    shown.take(proposed)
    shown.take(_asked("Sends \x1b]0;title\x07 this."))
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "POST https://api.test/" in text
    assert [question.call_id for question in shown.questions()] == ["k-1"]
    assert shown.questions() == []


def test_a_card_without_a_request_still_says_what_will_happen() -> None:
    assert "Does this." in card(_asked("Does this."), None)


def test_always_is_no_answer_where_it_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["w", "always", "A"])
    monkeypatch.setattr("actionry.kit.chatting._read", lambda _: next(lines))
    assert ask(may_always_allow=False) == "allow"
