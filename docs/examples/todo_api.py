"""The TODO list of the examples as a real API: `python docs/examples/todo_api.py` serves it on port 5003."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TODOS: dict[str, list[str]] = {}


class TodoApi(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200, {"todos": self.todos()})

    def do_POST(self) -> None:
        self.todos().append(self.read()["todo"])
        self.answer(201, {"added": len(self.todos()) - 1})

    def do_DELETE(self) -> None:
        self.answer(200, {"deleted": self.todos().pop(self.read()["todo_idx"])})

    def todos(self) -> list[str]:
        return TODOS.setdefault(unquote(self.path.rpartition("/")[2]), [])

    def read(self) -> dict:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, status: int, value: object) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing: the examples print what matters."""


def start(port: int = 0) -> str:
    """Serve in the background; return the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", port), TodoApi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


if __name__ == "__main__":
    print("http://127.0.0.1:5003")
    ThreadingHTTPServer(("127.0.0.1", 5003), TodoApi).serve_forever()
