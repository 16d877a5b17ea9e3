"""Is a YAML text free of what the fast reader must never see: anchors, aliases, tags, merge keys, deep nesting?

A search for the characters answers most texts with yes. Markdown in descriptions (`*bold*`, `& more`, `![image]`)
needs the second look: one expression that steps over block scalars, quoted text and folded plain text, and so
proves that the characters are text. It errs towards "no", which costs time and nothing else: the careful reader
gives the same tree.
"""

from __future__ import annotations

import regex as re  # possessive groups, which Python before 3.11.5 matches wrongly (gh-106052)

# A set of characters comes first in each pattern: `re` then skips quickly to where one of them stands.
SPECIAL = re.compile(r"[&*!](?<![^\s\[{,:?-][&*!])(?:(?<=!)|(?=\S))")
"""What may be an anchor, alias or tag."""
MERGE = re.compile(r"<<(?<![^\s\[{,?]<<)(?![^\s:,}\]])")
MARKERS = ("\n---", "\n...", "\n%")
"""A further document, the end of one, a directive."""
NESTED = re.compile(r"[-?][ \t]++[-?:][ \t]++(?:[-?:][ \t]++){18}|:[ \t]++:[ \t]++(?:[-?:][ \t]++){18}")
DEEPEST_COLUMN = 200
START = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*+---[ \t]*(?:#[^\n]*)?\r?\n")
"""Comments and the mark of the first document."""
BLOCK_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*(?:(?<=[ \t])#[^\n]*)?\r?\n(?:[ \t]*\r?\n)*+")
BEFORE_HEADER = re.compile(r"(?::|(?:^|[ ])[-?])[ \t]+$")
INDENT = re.compile(r"[ -]*+")
LONE_BREAK = re.compile(r"\r(?!\n)")

DOUBLE = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
SINGLE = r"'[^']*+(?:''[^']*+)*+'"
QUOTED = rf"(?:{DOUBLE}|{SINGLE})"
# In a flow collection a quote opens quoted text only where a token starts; after a word it is part of plain text.
FLOW_TEXT = rf"(?:(?<=[\[{{,])[ ]*+{QUOTED}(?:[ ]*+:[ ]*+{QUOTED})?+|:[ ]++{QUOTED}|[^\n\[\]{{}}\"'&*!#<]|<(?!<))"
FLOW = rf"[\[{{]{FLOW_TEXT}*+[\]}}]"
for _ in range(2):
    FLOW = rf"[\[{{](?:{FLOW_TEXT}|{FLOW})*+[\]}}]"
KEY = rf"""(?:{QUOTED} | (?!<<)[^\s"'\[\]{{}}&*!|>%@`\#,?:-] (?:[^\n\#:]++|(?<=\S)\#|:(?=\S))*+ ) [ ]*+ :"""
END = r"(?:[ \t]++\#[^\n]*+|[ \t]*+)\r?(?:\n|\Z)"
WHOLE = rf"(?:[ ]++ (?:{QUOTED}|{FLOW}))?+ {END}"
"""Nothing, quoted text, or a flow collection, up to the end of the line."""
FIRST = r"""[ ]++ (?!<<|[-?:](?:\s|\Z)) [^\s"'\[\]{}&*!%@`\#,]"""
OPEN = rf"{FIRST} [^\n]*+ (?:\n|\Z)"
"""The first line of plain text or of a block scalar, which may go on in lines that are indented more."""
OPEN_ITEM = rf"{FIRST} (?:[^\n:]++|:(?=\S))*+ (?:\n|\Z)"
"""The same as a list item, where `key: ` would start a mapping."""
BLANK = r"[ \t]*+(?:\#[^\n]*+)?\r?\n"

PLAIN_LINES = re.compile(
    rf"""
    (?:
        {BLANK}
      | ([ ]*+) {KEY}     (?: {WHOLE} | {OPEN} (?: \1[ ]++[^\n]*+(?:\n|\Z)   | [ \t]*+\r?\n )*+ )
      | ([ ]*+) -[ ] {KEY} (?: {WHOLE} | {OPEN} (?: \2[ ]{{3}}[^\n]*+(?:\n|\Z) | [ \t]*+\r?\n )*+ )
      | ([ ]*+) -         (?: {WHOLE} | {OPEN_ITEM} (?: \3[ ]++[^\n]*+(?:\n|\Z)   | [ \t]*+\r?\n )*+ )
    )*+
    (?:[ \t]*+(?:\#[^\n]*+)?)\Z
    """,
    re.X | re.S,
)
"""Lines that hold nothing special outside of text."""


def is_plain_yaml(text: str) -> bool:
    """Safe for the fast reader."""
    begin = start.end() if (start := START.match(text)) else 0
    if "\r" in text and LONE_BREAK.search(text):
        return False
    if text.startswith(("%", "--- ", "...")) or "\n" + " " * DEEPEST_COLUMN in text or NESTED.search(text):
        return False
    if has_empty_block(text):
        return False
    if any(text.find(marker, max(begin - 1, 0)) >= 0 for marker in MARKERS):
        return False
    if not SPECIAL.search(text, begin) and not MERGE.search(text, begin):
        return True
    return PLAIN_LINES.match(text, begin) is not None


def has_empty_block(text: str) -> bool:
    """A block scalar that holds nothing: the fast reader makes a line break of it, YAML makes it empty."""
    for match in BLOCK_HEADER.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        before = text[line : match.start()]
        if not before.strip():
            # On a line of its own it is a header when the line above waits for a value.
            above = text[max(line - 1000, 0) : line].rstrip().rpartition("\n")[2].strip()
            if not above or above.endswith((":", "-", "?")) or "#" in above:
                return True
            continue
        if not BEFORE_HEADER.search(before):
            continue  # no header of a block scalar
        if indentation(text, match.end()) <= indentation(text, line):
            return True
    return False


def indentation(text: str, line: int) -> int:
    """Of the line that starts there, dashes of list items included."""
    match = INDENT.match(text, line)
    return match.end() - line if match else 0
