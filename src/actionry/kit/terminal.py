"""What is printed: colours that obey NO_COLOR, and no control sequence from a document or an API (THREATS X-12)."""

from __future__ import annotations

import re
import sys

from rich.console import Console

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def console(*, to_errors: bool = False) -> Console:
    """Made anew, so that it follows the stream of the moment; 120 columns when it is no terminal."""
    stream = sys.stderr if to_errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 120, highlight=False, markup=False)


def safe(text: str) -> str:
    """The text without control characters: an escape sequence would act on the terminal instead of being read."""
    return _CONTROLS.sub("�", text)
