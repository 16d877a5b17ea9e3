"""Bytes become text: encodings are recognised by their bytes, and what is no text document is named and refused."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from actionry.errors import UnreadableDocument
from actionry.limits import ReadLimits

EXPECTED = "An OpenAPI document or a manifest is text, in JSON or YAML."

BINARY_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"PK\x03\x04", "a ZIP archive (or an Office document)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ\x00", "xz-compressed data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program (ELF)"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"\xca\xfe\xba\xbe", "a compiled program"),
    (b"\x00asm", "a WebAssembly program"),
    (b"wOFF", "a font"),
    (b"wOF2", "a font"),
    (b"MZ\x90", "a Windows program"),
)
"""First bytes -> what the file is."""

BOMS: tuple[tuple[bytes, str, str], ...] = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32 (little endian)"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32 (big endian)"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16 (little endian)"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16 (big endian)"),
)
"""Byte order marks; UTF-32 before UTF-16, because one starts with the other."""

MARKUP = re.compile(r"<(?=[!?/a-zA-Z])")
HTML = re.compile(r"<(?:!doctype\s+html|(?:html|head|body|script|meta|title|div|p|h[1-6]|center|pre)\b)", re.I)
CJK = re.compile("[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class DecodedText:
    text: str
    slips: tuple[tuple[str, int, str], ...] = ()
    """(finding code, offset, message)"""


def decode_text(data: bytes | str, limits: ReadLimits) -> DecodedText:
    """Text without byte order mark. Raises UnreadableDocument for binary data, markup, nothing, or too much."""
    if len(data) > limits.bytes:
        raise UnreadableDocument(
            f"The text is {len(data):,} {'bytes' if isinstance(data, bytes) else 'characters'} long; "
            f"the limit is {limits.bytes:,}.",
            mend="Cut the document down to the operations that are needed, or raise the limit.",
            code="SYNTAX-TOO-LARGE",
        )
    decoded = decode_str(data) if isinstance(data, str) else decode_bytes(data)
    refuse_other_kinds(decoded.text)
    return decoded


def decode_str(text: str) -> DecodedText:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        # Half surrogates come from wrongly decoded input; no parser or encoder takes them.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        slip = ("SYNTAX-ENCODING", error.start, "Half of a surrogate pair stands in the text; read as U+FFFD.")
        return DecodedText(text.removeprefix("\ufeff"), (slip,))
    if text.startswith("\ufeff"):
        return DecodedText(text[1:], (("SYNTAX-BOM", 0, "The text starts with a byte order mark."),))
    return DecodedText(text)


def decode_bytes(data: bytes) -> DecodedText:
    for start, kind in BINARY_STARTS:
        if data.startswith(start):
            raise not_text(kind)
    for bom, encoding, name in BOMS:
        if data.startswith(bom):
            return decode_marked(data[len(bom) :], encoding, name)
    if 0 in data[:4] and (guessed := encoding_without_bom(data)):
        try:
            text = data.decode(guessed)
        except UnicodeDecodeError:
            raise not_text("binary data (it holds zero bytes)") from None
        return DecodedText(text, (("SYNTAX-ENCODING", 0, f"The text is {guessed.upper()}, not UTF-8."),))
    if b"\x00" in data:
        raise not_text("binary data (it holds zero bytes)")
    try:
        return DecodedText(data.decode())
    except UnicodeDecodeError as error:
        return decode_legacy(data, error.start)


def decode_marked(data: bytes, encoding: str, name: str) -> DecodedText:
    message = f"The text starts with a byte order mark ({name})."
    try:
        return DecodedText(data.decode(encoding), (("SYNTAX-BOM", 0, message),))
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        offset = len(data[: error.start].decode(encoding, "replace"))
        damage = f"Bytes that are no {name} were read as U+FFFD."
        return DecodedText(text, (("SYNTAX-BOM", 0, message), ("SYNTAX-ENCODING", offset, damage)))


def encoding_without_bom(data: bytes) -> str | None:
    """UTF-16 or UTF-32 by where the zero bytes of the first (ASCII) characters stand. RFC 4627 section 3."""
    zeros = [byte == 0 for byte in data[:4]]
    known = {
        (True, True, True, False): "utf-32-be",
        (False, True, True, True): "utf-32-le",
        (True, False, True, False): "utf-16-be",
        (False, True, False, True): "utf-16-le",
    }
    return next((name for pattern, name in known.items() if list(pattern) == zeros), None)


def decode_legacy(data: bytes, first_bad: int) -> DecodedText:
    """UTF-8 with a few damaged bytes, else GB 18030 when that gives Chinese, else Windows-1252."""
    offset = len(data[:first_bad].decode())
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if damaged * 10 <= sum(character > "\x7f" for character in text):
        message = "Some bytes are no UTF-8 and were read as U+FFFD."
        return DecodedText(text, (("SYNTAX-ENCODING", offset, message),))
    try:
        chinese = data.decode("gb18030")
    except UnicodeDecodeError:
        chinese = ""
    foreign = sum(character > "\x7f" for character in chinese)
    if foreign and len(CJK.findall(chinese)) * 10 >= foreign * 9:
        return DecodedText(chinese, (("SYNTAX-ENCODING", offset, "The text is no UTF-8; read as GB 18030."),))
    message = "The text is no UTF-8; read as Windows-1252."
    try:
        return DecodedText(data.decode("cp1252"), (("SYNTAX-ENCODING", offset, message),))
    except UnicodeDecodeError:
        message = "The text is no UTF-8; read as Latin-1."
        return DecodedText(data.decode("latin-1"), (("SYNTAX-ENCODING", offset, message),))


def refuse_other_kinds(text: str) -> None:
    start = text[:2000].lstrip()
    if not start and not text.strip():
        raise UnreadableDocument(f"The text is empty. {EXPECTED}", code="SYNTAX-EMPTY")
    if HTML.match(start):
        raise UnreadableDocument(
            f"This is a web page (HTML), not an API document. {EXPECTED}",
            mend="Give the address of the document itself; on code hosts that is the “raw” file.",
            code="SYNTAX-HTML",
        )
    if MARKUP.match(start):
        raise UnreadableDocument(f"This is XML or HTML, not JSON or YAML. {EXPECTED}", code="SYNTAX-XML")
    if "\x00" in text:
        raise not_text("binary data (it holds zero bytes)")


def not_text(kind: str) -> UnreadableDocument:
    mend = "Unpack it and give the document inside." if "compressed" in kind or "archive" in kind else None
    return UnreadableDocument(f"This is {kind}. {EXPECTED}", mend=mend, code="SYNTAX-BINARY")
