"""Log lines as JSON or text, with every secret taken out (THREATS L-03).

A line names who, what, how long and with which outcome; bodies, queries and header values never stand in one. What
does pass through, messages of exceptions above all, is searched for the forms of credentials first.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from typing import Any

import orjson

from actionry.credentials.secret import DOTS
from actionry.server.settings_table import LogFormat, LogLevel

logger = logging.getLogger("actionry")

_CREDENTIALS = re.compile(
    r"""(?ix)
    (?P<name> \b(?:authorization|proxy-authorization|cookie|set-cookie|x-api-key|x-csrf-token)["']?\s*[:=]\s*["']? )
        (?:(?:bearer|basic|token)\s+)? [^\s"',;}]+
    | (?P<scheme> \b(?:bearer|basic)\s+ ) [A-Za-z0-9._~+/=-]{8,}
    | (?P<field> \b(?:access_token|refresh_token|id_token|client_secret|api_key|apikey|password|secret|code|state
        |token|key) ["']?\s*[=:]\s*["']? ) [^\s"'&,;}]{6,}
    | (?P<user> ://[^/\s:@]+: ) [^/\s@]+ (?=@)
    """
)


def redact(text: str) -> str:
    """`Authorization: Bearer abc` -> `Authorization: •••`, `postgresql://me:pw@host` -> `postgresql://me:•••@host`."""
    return _CREDENTIALS.sub(lambda found: next(g for g in found.groups() if g is not None) + DOTS, text)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _stamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
            **_facts(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = _trace(record)
        return orjson.dumps(line, default=str).decode("utf-8", "replace")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={value}" for name, value in _facts(record).items())
        line = f"{_stamp(record.created)} {record.levelname.lower():7} {redact(record.getMessage())}"
        line = f"{line} {facts}".rstrip()
        return f"{line}\n{_trace(record)}" if record.exc_info and record.exc_info[1] is not None else line


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts = getattr(record, "facts", None)
    if not isinstance(facts, dict):
        return {}
    return {name: redact(value) if isinstance(value, str) else value for name, value in facts.items()}


def _trace(record: logging.LogRecord) -> str:
    assert record.exc_info is not None
    return redact("".join(traceback.format_exception(record.exc_info[1]))[-8000:])


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1000):03d}Z"


def set_up_logging(level: LogLevel, form: LogFormat) -> None:
    """One handler on standard error for this program and what it uses."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(level.upper())
    for noisy in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio", "sqlalchemy"):
        other = logging.getLogger(noisy)
        other.handlers[:] = []
        other.propagate = True
        other.setLevel(logging.WARNING)


def log(level: int, message: str, *, error: BaseException | None = None, **facts: Any) -> None:
    """`log(logging.INFO, "turn ended", turn=turn_id, seconds=1.2)`"""
    if logger.isEnabledFor(level):
        logger.log(level, "%s", message, extra={"facts": facts}, exc_info=error)
