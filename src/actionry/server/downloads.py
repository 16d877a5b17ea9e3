"""Bytes that go out as a file: never shown in our origin, named as RFC 6266 wants it (THREATS X-07, H-14)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from actionry.actions.file_names import safe_name
from actionry.server.security import FILE_POLICY

_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}(; ?charset=[A-Za-z0-9_-]{1,40})?")


def attachment(content: bytes, name: str, media_type: str) -> Response:
    return Response(
        content,
        media_type=media_type if _TYPE.fullmatch(media_type) else "application/octet-stream",
        headers={"Content-Disposition": disposition(name), "Content-Security-Policy": FILE_POLICY},
    )


def disposition(name: str) -> str:
    """`attachment; filename="na_ve.txt"; filename*=UTF-8''na%C3%AFve.txt`"""
    name = safe_name(name)
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name).strip() or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def attachment_file(path: Path, name: str, media_type: str, size: int) -> Response:
    """The same, piece by piece from the data folder; a Range header is not obeyed, so it costs nothing (F-06)."""
    answer = StreamingResponse(
        _pieces(path), media_type=media_type if _TYPE.fullmatch(media_type) else "application/octet-stream"
    )
    answer.headers["Content-Disposition"] = disposition(name)
    answer.headers["Content-Security-Policy"] = FILE_POLICY
    answer.headers["Content-Length"] = str(size)
    return answer


async def _pieces(path: Path) -> AsyncGenerator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, 256 * 1024):
            yield piece
