"""Is a YAML text free of what the fast reader must never see: anchors, aliases, tags, merge keys, deep nesting?

A search for the characters answers most texts with yes. Markdown in descriptions (`*bold*`, `& more`, `![image]`)
needs the second look: a walk over the lines that steps over block scalars, quoted text and folded plain text. It
errs towards "no", which costs time and nothing else: the careful reader gives the same tree.
"""

from __future__ import annotations

import re
from functools import lru_cache

# A set of characters comes first in each pattern: `re` then skips quickly to where one of them stands.
SPECIAL = re.compile(r"[&*!](?<![^\s\[{,:][&*!])(?=\S)")
"""What may be an anchor, alias or tag."""
MERGE = re.compile(r"<<(?<![^\s\[{,?]<<)(?![^\s:,}\]])")
MARKERS = ("\n---", "\n...", "\n%")
"""A further document, the end of one, a directive."""
NESTED = re.compile(r"(?:[-?:][ \t]+){20}")
DEEPEST_COLUMN = 200
START = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*+---[ \t]*(?:#[^\n]*)?\r?\n")
"""Comments and the mark of the first document."""
LONE_BREAK = re.compile(r"\r(?!\n)")

BLANK = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)++|[ \t]*(?:#[^\n]*)?\r?\Z")
LINE = re.compile(
    r"""
    (?P<indent>[ ]*+) (?P<dashes>(?:[-?](?:[ ]++|(?=\r?\n)))*+)
    (?:
      (?P<key> "[^"\\\n]*+(?:\\.[^"\\\n]*+)*+" | '[^'\n]*+(?:''[^'\n]*+)*+'
        | [^\s"'\[\]{}&*!|>%@`\#,?:-] (?:[^\n\#:]++|(?<=\S)\#|:(?=\S))*+ )
      [ ]*: (?=\s|\Z) [ ]*+
    )?
    """,
    re.X,
)
QUOTED = {
    '"': re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.S),
    "'": re.compile(r"'[^']*+(?:''[^']*+)*+'"),
}
REST_OF_LINE = re.compile(r"[ \t]*(?:(?<=[ \t])#[^\n]*)?\r?(?:\n|\Z)")
TO_LINE_END = re.compile(r"[^\n]*\n?")
SINGLE_LINE_FLOW = re.compile(r"[\[{](?:[^\n\[\]{}\"'&*!#<]|(?<=[\w])['&*!#])*[\]}]")
NOT_PLAIN = frozenset("&*!\t")


def is_plain_yaml(text: str) -> bool:
    """Safe for the fast reader."""
    begin = start.end() if (start := START.match(text)) else 0
    if "\r" in text and LONE_BREAK.search(text):
        return False
    if text.startswith(("%", "--- ")) or "\n" + " " * DEEPEST_COLUMN in text or NESTED.search(text):
        return False
    if any(text.find(marker, max(begin - 1, 0)) >= 0 for marker in MARKERS):
        return False
    return not (SPECIAL.search(text, begin) or MERGE.search(text, begin)) or _is_plain_by_lines(text, begin)


def _is_plain_by_lines(text: str, offset: int) -> bool:
    length = len(text)
    line_at, blank_at, line_end = LINE.match, BLANK.match, TO_LINE_END.match
    while offset < length:
        if blank := blank_at(text, offset):
            if blank.end() == offset:
                return True
            offset = blank.end()
            continue
        line = line_at(text, offset)
        assert line is not None  # every part of the pattern may be empty
        dashes = line.end("dashes")
        if line.end() == dashes == line.end("indent") or line["key"] == "<<":
            return False
        # The column of the innermost collection that starts on this line: what is folded must be indented more.
        column = (
            dashes if line["key"] else line.start("dashes") + line["dashes"].rindex(line["dashes"].strip()[-1])
        ) - offset
        start = line.end()
        first = text[start : start + 1]
        if first in ("", "\n", "\r", "#"):
            offset = line_end(text, start).end()  # type: ignore[union-attr]  # matches the empty text
        elif first in NOT_PLAIN or text.startswith("<<", start):
            return False
        elif first in QUOTED:
            quoted = QUOTED[first].match(text, start)
            rest = REST_OF_LINE.match(text, quoted.end()) if quoted else None
            if rest is None:
                return False
            offset = rest.end()
        elif first in "[{":
            flow = SINGLE_LINE_FLOW.match(text, start)
            rest = REST_OF_LINE.match(text, flow.end()) if flow else None
            if rest is None:
                rest_offset = _after_flow(text, start)
                if rest_offset is None:
                    return False
                offset = rest_offset
            else:
                offset = rest.end()
        else:
            # A block scalar, or plain text that may go on in lines that are indented more.
            offset = line_end(text, start).end()  # type: ignore[union-attr]  # matches the empty text
            offset = _indented_more(column).match(text, offset).end()  # type: ignore[union-attr]  # as above
    return True


FLOW_STEP = re.compile(
    r"""[^\S\n]*+(?:\n[ \t]*+)*+(?:
      (?P<open>[\[{]) | (?P<close>[\]}]) | (?P<mark>,|[:?](?=[\s\[\]{},"']|\Z)) | (?P<quote>["'])
      | (?P<comment>\#[^\n]*)
      | (?P<plain>[^\s\[\]{},"'&*!\#%@`|>](?:[^\s\[\]{},:]|:(?![\s,\[\]{}]))*+)
    )""",
    re.X,
)


def _after_flow(text: str, start: int) -> int | None:
    """Offset of the line after the flow collection; None when it holds something special, or is not understood."""
    depth, offset, may_quote = 0, start, True
    while step := FLOW_STEP.match(text, offset):
        offset = step.end()
        kind = step.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
            if not depth:
                rest = REST_OF_LINE.match(text, offset)
                return rest.end() if rest else None
        elif kind == "quote":
            # After a word a quote is part of plain text, and what follows it is not quoted at all.
            quoted = QUOTED[step["quote"]].match(text, offset - 1) if may_quote else None
            if quoted is None:
                return None
            offset = quoted.end() + text.startswith(":", quoted.end())
        elif kind == "plain" and step["plain"] == "<<":
            return None
        may_quote = kind in ("open", "mark", "comment") or (kind == "quote" and text[offset - 1] == ":")
    return None


@lru_cache(maxsize=256)
def _indented_more(column: int) -> re.Pattern[str]:
    return re.compile(rf"(?:[ ]{{{column + 1},}}[^\n]*(?:\n|\Z)|[ \t]*\r?\n)*+")
