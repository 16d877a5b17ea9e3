"""JSON with the usual slips becomes strict JSON: every mend is an edit, with a finding where it was made.

Only what is plainly meant is mended. Where two readings are possible (a quote inside a text, a bracket that does
not fit, a text that breaks off) the document is refused, with the place and the likely cause.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import regex  # for possessive groups, which Python before 3.11.5 matches wrongly (gh-106052)

from actionry.findings import Position
from actionry.limits import ReadLimits
from actionry.syntax.mends import Edit, FindingList, Lines, MendedText
from actionry.syntax.numbers import read_float, read_integer
from actionry.syntax.shape import too_deep

Expecting = Literal["key", "colon", "value", "comma", "end"]

PLAIN_SPACE = re.compile(r"[ \t\r\n]*+")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|#[^\n]*|<!--.*?-->", re.S)
ODD_SPACE = re.compile("[\x0b\x0c\x85\xa0\u1680\u180e\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]+")
STRICT_STRING = regex.compile(
    r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
)
STRING_PIECE = re.compile(r'[^"\\\x00-\x1f]*+')
DOUBLE_QUOTES = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02"
SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b\u2032`\u00b4"
AFTER_STRING = r"(?=\s*(?:[:,}\]]|//|/\*|$))"
DOUBLE_END = re.compile(f'(?<!\\\\)["{DOUBLE_QUOTES}]{AFTER_STRING}', re.M)
SINGLE_END = re.compile(f"(?<!\\\\)[{SINGLE_QUOTES}]{AFTER_STRING}", re.M)
TYPOGRAPHIC_END = re.compile(f"[{DOUBLE_QUOTES}](?=[ \t]*[:,}}\\]])")
STRICT_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<rest>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![\w.+-])")
LOOSE_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<int>[0-9]*)(?P<rest>(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?))(?![\w.+-])"
)
WORD = re.compile(r"[-+]?[A-Za-z_$][\w$]*")
BARE_KEY = re.compile(r"[\w$][\w$.-]*(?=\s*:)")
LITERALS = {
    **dict.fromkeys(("true", "True", "TRUE"), "true"),
    **dict.fromkeys(("false", "False", "FALSE"), "false"),
    **dict.fromkeys(("null", "Null", "NULL", "None", "nil", "undefined"), "null"),
    **dict.fromkeys(("NaN", "nan", "Infinity", "-Infinity", "+Infinity", "-NaN", "Inf", "-Inf"), "null"),
}
"""Word -> what is meant; JSON has neither infinity nor NaN, and null is what other writers put there."""
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(\r\n|.))", re.S)
CLOSING = {"{": "}", "[": "]"}


class JsonSlipError(Exception):
    """No plain meaning: `offset` into the text, what is wrong, and how to mend it."""

    def __init__(self, offset: int, message: str, mend: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message
        self.mend = mend


@dataclass(slots=True)
class JsonMender:
    """Walks over the tokens of one text; `mend` is called once."""

    parsed: MendedText
    lines: Lines
    limits: ReadLimits
    text: str = ""
    offset: int = 0
    edits: list[Edit] = field(default_factory=list)
    slips: list[tuple[str, int, str]] = field(default_factory=list)
    """(code, offset, message)"""
    opened: list[tuple[str, int]] = field(default_factory=list)
    last_end: int = 0
    """Where the last token ended."""
    comma: int | None = None
    """Where the comma stands that nothing has followed yet."""
    broken_string: int | None = None
    """Where the last string with a raw line break started: often one that was never closed."""

    def mend(self, findings: FindingList) -> MendedText:
        """Strict JSON. Raises JsonSlipError, or UnreadableDocument beyond a budget."""
        self.text = self.parsed.text
        expecting: Expecting = "value"
        self.skip()
        while self.offset < len(self.text):
            expecting = self.step(expecting)
            self.skip()
        if expecting != "end":
            raise self.breaks_off()
        for code, offset, message in self.slips:
            findings.add(code, self.parsed.source_offset(offset), message)
        return self.parsed.edited(sorted(self.edits, key=lambda edit: (edit.start, edit.end)))

    def step(self, expecting: Expecting) -> Expecting:
        """Read one token; what may come next."""
        character = self.text[self.offset]
        match expecting:
            case "end":
                return self.after_end(character)
            case "colon":
                if character != ":":
                    raise self.error("a colon is expected after the key")
                self.take(1)
                return "value"
            case "comma":
                return self.comma_or_closing(character)
            case "key" | "value":
                return self.key_or_value(character, expecting)

    # Structure

    def key_or_value(self, character: str, expecting: Expecting) -> Expecting:
        opening = self.opened[-1][0] if self.opened else ""
        just_opened = bool(self.opened) and self.last_end == self.opened[-1][1] + 1
        if opening and character == CLOSING[opening] and (expecting == "key" or opening == "["):
            if not just_opened:
                self.drop_comma()
            return self.close()
        if character == "," and self.opened and (just_opened or self.comma is not None):
            self.edit(self.offset, self.offset + 1, "", "JSON-TRAILING-COMMA", "A comma too many.")
            self.offset += 1
            return expecting
        self.comma = None
        if expecting == "key":
            return self.key()
        if character in "{[":
            return self.open(character)
        self.scalar(character)
        return self.after_value()

    def open(self, character: str) -> Expecting:
        if len(self.opened) >= self.limits.depth:
            place = self.position(self.offset)
            raise too_deep(self.limits, place.line, place.column)
        self.opened.append((character, self.offset))
        self.take(1)
        return "key" if character == "{" else "value"

    def close(self) -> Expecting:
        self.opened.pop()
        self.take(1)
        return self.after_value()

    def after_value(self) -> Expecting:
        return "comma" if self.opened else "end"

    def comma_or_closing(self, character: str) -> Expecting:
        opening, start = self.opened[-1]
        following: Expecting = "key" if opening == "{" else "value"
        if character == ",":
            self.comma = self.offset
            self.take(1)
            return following
        if character == CLOSING[opening]:
            return self.close()
        if character in "}]":
            place = self.position(start)
            raise self.error(
                f"`{character}` does not close the `{opening}` of line {place.line}, column {place.column}"
            )
        gap = self.text[self.last_end : self.offset]
        starts_value = character in f'"{{[{DOUBLE_QUOTES}{SINGLE_QUOTES}' or character.isalnum() or character in "-$_"
        if starts_value and ("\n" in gap or self.text[self.last_end - 1] in "}]"):
            if following == "key" and character in "{[":
                raise self.error("a key in quotes is expected")
            self.edit(self.last_end, self.last_end, ",", "JSON-MISSING-COMMA")
            return following
        raise self.error(
            "a comma or a closing bracket is expected",
            'Is there a double quote inside a text? Write it as \\".' if self.text[self.last_end - 1] == '"' else "",
        )

    def drop_comma(self) -> None:
        if self.comma is not None:
            self.edit(self.comma, self.comma + 1, "", "JSON-TRAILING-COMMA")
            self.comma = None

    def after_end(self, character: str) -> Expecting:
        if character not in ";,}])":
            raise self.error(
                "something follows the end of the document", "Give one document; remove what follows its last bracket."
            )
        self.edit(self.offset, self.offset + 1, "", "JSON-AFTER-END")
        self.take(1)
        return "end"

    # Tokens

    def key(self) -> Expecting:
        if not self.string() and not self.bare_key():
            raise self.error("a key in double quotes is expected")
        return "colon"

    def bare_key(self) -> bool:
        match = BARE_KEY.match(self.text, self.offset)
        if match is None:
            return False
        self.edit(
            self.offset, match.end(), f'"{match[0]}"', "JSON-UNQUOTED-KEY", f"The key {match[0][:40]} has no quotes."
        )
        self.take(len(match[0]))
        return True

    def scalar(self, character: str) -> None:
        if self.string() or self.number():
            return
        match = WORD.match(self.text, self.offset)
        if match is None or match[0] not in LITERALS:
            what = f"`{match[0][:30]}`" if match else f"`{character}`"
            raise self.error(f"{what} stands where a value is expected", "Put text into double quotes.")
        self.replace_literal(match[0], LITERALS[match[0]])

    def replace_literal(self, written: str, meant: str) -> None:
        if written != meant:
            message = f"`{written[:40]}` is no JSON; read as {meant[:40]}."
            self.edit(self.offset, self.offset + len(written), meant, "JSON-LITERAL", message)
        self.take(len(written))

    def number(self) -> bool:
        strict = STRICT_NUMBER.match(self.text, self.offset)
        match = strict or LOOSE_NUMBER.match(self.text, self.offset)
        if match is None or not any(character.isdigit() for character in match[0][:4]):
            return False
        place = self.position(self.offset)
        if strict:
            if match["rest"]:
                read_float(match[0], place)
            else:
                read_integer(match[0], 10, self.limits, place)
            self.take(len(match[0]))
            return True
        sign = "-" if match["sign"] == "-" else ""
        if match["hex"]:
            meant = str(read_integer(match["hex"], 16, self.limits, place))
        else:
            whole = match["int"].lstrip("0") or "0"
            meant = whole + match["rest"] if not match["rest"] else repr(read_float(whole + match["rest"], place))
            if not match["rest"]:
                read_integer(whole, 10, self.limits, place)
        self.replace_literal(match[0], sign + meant)
        return True

    def string(self) -> bool:
        character = self.text[self.offset]
        if character == '"':
            strict = STRICT_STRING.match(self.text, self.offset)
            if strict:
                self.take(len(strict[0]))
            else:
                self.loose_string(self.string_end())
            return True
        if character in DOUBLE_QUOTES or character in SINGLE_QUOTES:
            end = DOUBLE_END if character in DOUBLE_QUOTES else SINGLE_END
            match = end.search(self.text, self.offset + 1)
            if match is None:
                raise self.error(f"the text that starts with {character} is never closed")
            self.slips.append(
                ("JSON-QUOTES", self.offset, f"Text is quoted with {character}, not with straight quotes.")
            )
            self.loose_string(match.start())
            return True
        return False

    def string_end(self) -> int:
        """Offset of the quote that closes the string that starts with a straight one."""
        offset = self.offset + 1
        while True:
            match = STRING_PIECE.match(self.text, offset)
            offset = match.end() if match else offset
            if offset >= len(self.text):
                raise self.error("the text that starts here is never closed", 'Add the closing quote (").')
            if self.text[offset] == '"':
                return offset
            if self.text[offset] == "\n" and self.broken_string != self.offset:
                line = self.text[self.offset + 1 : offset]
                if closing := TYPOGRAPHIC_END.search(line):
                    self.slips.append(("JSON-QUOTES", self.offset + 1 + closing.start(), ""))
                    return self.offset + 1 + closing.start()
                self.broken_string = self.offset
            offset += 2 if self.text[offset] == "\\" else 1

    def loose_string(self, end: int) -> None:
        """Escape what must be escaped between the quotes at `offset` and `end`, and make both straight."""
        text, start = self.text, self.offset
        self.replace_quote(start)
        offset = start + 1
        while offset < end:
            character = text[offset]
            if character == "\\":
                offset = self.escape(offset, end)
                continue
            if character == '"':
                self.edits.append(Edit(offset, offset + 1, '\\"'))
            elif character < " ":
                short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character, f"\\u{ord(character):04x}")
                self.edit(offset, offset + 1, short, "JSON-RAW-CONTROL")
            offset += 1
        self.replace_quote(end)
        self.offset = self.last_end = end + 1

    def replace_quote(self, offset: int) -> None:
        if self.text[offset] != '"':
            self.edits.append(Edit(offset, offset + 1, '"'))

    def escape(self, offset: int, end: int) -> int:
        """Mend the escape at `offset`; where it ends."""
        match = ESCAPE.match(self.text, offset, end)
        if match is None:
            raise self.error("the text breaks off after a backslash")
        code_unit, byte, braced, other = match.groups()
        if code_unit:
            return self.unicode_escape(match, end)
        if other and other in '"\\/bfnrt':
            return match.end()
        if byte or braced:
            meant = "\\u" + byte.zfill(4) if byte else code_point(int(braced, 16))
        else:
            meant = {"'": "'", "\n": "", "\r\n": ""}.get(other, "\\\\" if other else "")
            if meant == "\\\\":
                self.edit(
                    offset, offset + 1, meant, "JSON-ESCAPE", f"`\\{other}` is no escape; the backslash was kept."
                )
                return offset + 1
        self.edit(offset, match.end(), meant, "JSON-ESCAPE")
        return match.end()

    def unicode_escape(self, match: re.Match[str], end: int) -> int:
        unit = int(match[1], 16)
        if not 0xD800 <= unit <= 0xDFFF:
            return match.end()
        second = ESCAPE.match(self.text, match.end(), end) if unit < 0xDC00 else None
        if second and second[1] and 0xDC00 <= int(second[1], 16) <= 0xDFFF:
            return second.end()
        self.edit(match.start(), match.end(), "\\ufffd", "JSON-LONE-SURROGATE")
        return match.end()

    # Between tokens

    def skip(self) -> None:
        """Over blanks, comments and odd spaces."""
        text = self.text
        while True:
            match = PLAIN_SPACE.match(text, self.offset)
            self.offset = match.end() if match else self.offset
            if comment := COMMENT.match(text, self.offset):
                self.edit(self.offset, comment.end(), " ", "JSON-COMMENT")
                self.offset = comment.end()
            elif space := ODD_SPACE.match(text, self.offset):
                message = f"The character U+{ord(space[0][0]):04X} stands between tokens."
                self.edit(self.offset, space.end(), " ", "JSON-SPACE", message)
                self.offset = space.end()
            else:
                return

    def take(self, length: int) -> None:
        self.offset += length
        self.last_end = self.offset

    def edit(self, start: int, end: int, replacement: str, code: str, message: str = "") -> None:
        self.edits.append(Edit(start, end, replacement))
        self.slips.append((code, start, message))

    def position(self, offset: int) -> Position:
        return self.lines.position(self.parsed.source_offset(offset))

    # Refusals

    def error(self, message: str, mend: str = "") -> JsonSlipError:
        if self.broken_string is not None and self.broken_string < self.offset:
            place = self.position(self.broken_string)
            mend = f'The text that starts at line {place.line}, column {place.column} may lack its closing quote (").'
        return JsonSlipError(self.offset, message, mend)

    def breaks_off(self) -> JsonSlipError:
        if not self.opened:
            return JsonSlipError(self.offset, "the document holds nothing")
        opening, start = self.opened[-1]
        place = self.position(start)
        return JsonSlipError(
            self.offset,
            f"the text breaks off inside the `{opening}` that opens at line {place.line}, column {place.column}",
            f"Add the closing `{CLOSING[opening]}`, or paste the document again, whole.",
        )


def code_point(number: int) -> str:
    """As JSON escapes, in a pair beyond U+FFFF."""
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return "\\ufffd"
    if number < 0x10000:
        return f"\\u{number:04x}"
    high, low = divmod(number - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
