"""File names that come from elsewhere: shown and stored, never a path (THREATS F-01)."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote, urlsplit

from actionry.tools.plain_text import visible

LONGEST_BYTES = 150
"""Of a name in UTF-8: file systems take 255, and some copies get a suffix."""
EXTENSIONS = {
    "application/pdf": ".pdf", "application/zip": ".zip", "application/gzip": ".gz", "application/json": ".json",
    "application/msword": ".doc", "application/vnd.ms-excel": ".xls", "application/vnd.ms-powerpoint": ".ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/epub+zip": ".epub", "application/octet-stream": ".bin", "application/xml": ".xml",
    "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/wav": ".wav", "audio/x-wav": ".wav", "font/woff2": ".woff2",
    "image/avif": ".avif", "image/bmp": ".bmp", "image/gif": ".gif", "image/jpeg": ".jpg", "image/png": ".png",
    "image/svg+xml": ".svg", "image/tiff": ".tif", "image/webp": ".webp", "image/x-icon": ".ico",
    "text/calendar": ".ics", "text/csv": ".csv", "text/html": ".html", "text/markdown": ".md", "text/plain": ".txt",
    "text/xml": ".xml", "video/mp4": ".mp4", "video/mpeg": ".mpeg", "video/quicktime": ".mov", "video/webm": ".webm",
}  # fmt: skip
"""Media type -> extension: a table of our own, because the system's differ and are read from disk."""

_SEPARATORS = re.compile(r"[/\\]")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?")
_EXTENDED = re.compile(r"""filename\*\s*=\s*([\w.:-]+)'[^']*'([^;\s]+)""", re.IGNORECASE)
_QUOTED = re.compile(r'filename\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_PLAIN = re.compile(r"filename\s*=\s*([^;\s]+)", re.IGNORECASE)


def safe_name(name: str, fallback: str = "file") -> str:
    """The last path part, without what a file system, a header or a reader's eye trips over; never empty.

    `../../etc/passwd` -> `passwd`; `C:\\x\\a.txt` -> `a.txt`; `CON.txt` -> `_CON.txt`; 300 bytes are cut, the
    extension kept.
    """
    name = unicodedata.normalize("NFC", visible(name.encode("utf-8", "ignore").decode()))
    name = _SEPARATORS.split(name)[-1]
    name = _FORBIDDEN.sub("_", re.sub(r"\s+", " ", name)).strip(" .")
    if not name:
        return fallback
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return _clip(name)


def _clip(name: str) -> str:
    if len(name.encode()) <= LONGEST_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > 20:
        stem, dot, extension = name, "", ""
    room = LONGEST_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + dot + extension


def name_of_download(disposition: str | None, url: str, fallback: str, media_type: str) -> str:
    """The name that the server gives (RFC 6266), else the address's last part with its extension, else `fallback`."""
    given = _from_disposition(disposition) if disposition else ""
    if not given:
        last = unquote(urlsplit(url).path.rpartition("/")[2], errors="replace")
        given = last if "." in last.strip(".") else ""
    name = safe_name(given or fallback, "file")
    return name if "." in name else name + EXTENSIONS.get(media_type, "")


def _from_disposition(header: str) -> str:
    extended = _EXTENDED.search(header)
    if extended:
        try:
            return unquote(extended.group(2), encoding=extended.group(1), errors="strict")
        except (LookupError, UnicodeDecodeError):
            pass
    quoted = _QUOTED.search(header)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted.group(1))
    plain = _PLAIN.search(header)
    return plain.group(1) if plain else ""
