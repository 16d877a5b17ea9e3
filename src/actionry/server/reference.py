"""docs/reference/{api,events,settings}.md, made from the API's own document, the events' types and the settings' table.

`python -m actionry.server.reference docs/reference` writes them anew; a test compares them.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from actionry.chat.events import Event

_SECTIONS = (
    ("chat", "Conversations"),
    ("account", "Signing in and accounts"),
    ("build", "GPTs, actions and connections"),
    ("admin", "Administration"),
)

_API_HEAD = """# The HTTP API

Everything that the page does, a program can do. `GET /api/v1/openapi.json` is the whole document, and
`?section=chat`, `account`, `build` or `admin` a part of at most 30 operations, which fits a GPT as an action.

**Signing in.** A program sends an API token: `Authorization: Bearer ak-…`, made in the settings or by
`createApiToken`; its scopes are `chat`, `build`, `account` and `admin`. A browser has a session cookie and sends the
`csrf_token` of `getSession` as `X-CSRF-Token` with everything that changes something. Requests from pages of other
sites are refused, and no cross-origin header is ever sent.

**The main job.**

```text
POST /api/v1/conversations                         {"gpt_id": "g-…"}            -> {"id": "c-…", …}
POST /api/v1/conversations/c-…/messages            {"text": "Add \\"buy milk\\" to my list"}   -> 202, stored
GET  /api/v1/conversations/c-…/events              server-sent events: … confirmation_asked {call_id, digest, …}
POST /api/v1/turns/t-…/calls/k-…/answer            {"digest": "…", "decision": "allow"}
                                                   … call_started, call_finished, text, turn_finished
```

An answer names the call by id and digest and nothing else: what runs is what was stored and shown. The first answer
counts; every other one gets the same result with `"first": false`. With `Accept: text/event-stream` the message's own
answer is the stream of its turn. `Idempotency-Key` makes a message safe to repeat.

**Streams.** `id` is `turn:number`. A reader that comes back with `Last-Event-ID` (or `?after=`) gets exactly what
follows, from any process. Cutting a stream changes nothing. Events without an `id` are words of the stream itself:
`rest` (nothing more comes until a person does something), `branch` (another branch is shown; its turns are listed),
`reconnect` (the server is being restarted) and `gone`. [Events](events.md) lists the rest.

**Problems.** Every 4xx and 5xx is a problem document (RFC 9457) with `code` for programs, `detail` in words, `errors`
that name each wrong field, `whose_turn` and `may_retry`; 429 and 503 carry `Retry-After`.

**Beside the API.** `/healthz/live` and `/healthz/ready` for probes, `/metrics` for Prometheus (from this machine, or
with `ACTIONRY_METRICS_TOKEN`).
"""

_EVENTS_HEAD = """# Events of a turn

Everything that happens in a turn is one of these, stored before it is shown. Over a stream, `event` is the name, `id`
the turn and the number, and `data` the fields as JSON.
"""


def api_page(document: dict[str, Any]) -> str:
    """docs/reference/api.md"""
    lines = [_API_HEAD]
    for tag, title in _SECTIONS:
        rows = [
            f"| `{operation['operationId']}` | `{method.upper()} {path}` | {_one_line(operation)} |"
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if tag in operation.get("tags", ())
        ]
        if rows:
            lines += [f"## {title}", "", "| operation | request | what it does |", "|---|---|---|", *rows, ""]
    return "\n".join(lines)


def events_page() -> str:
    """docs/reference/events.md"""
    lines = [_EVENTS_HEAD]
    for kind in _kinds():
        name = kind.model_fields["type"].default
        fields = ", ".join(f"`{field}`" for field in kind.model_fields if field != "type")
        lines += [f"## `{name}`", "", inspect.cleandoc(kind.__doc__ or ""), "", f"Fields: {fields or 'none'}.", ""]
    return "\n".join(lines)


def _kinds() -> tuple[type[BaseModel], ...]:
    union = get_args(Event)[0]
    return get_args(union)


def _one_line(operation: dict[str, Any]) -> str:
    return " ".join(operation.get("description", "").split()).replace("|", "\\|")


def write_pages(folder: Path) -> None:
    from actionry.server.app import make_server
    from actionry.server.settings import read_settings, settings_page

    server = make_server(read_settings({}))
    (folder / "api.md").write_text(api_page(server.api.openapi()), "utf-8")
    (folder / "events.md").write_text(events_page(), "utf-8")
    (folder / "settings.md").write_text(settings_page(), "utf-8")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
