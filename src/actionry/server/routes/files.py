"""Files up and down. A file is always sent as an attachment, never shown in our origin (THREATS X-07)."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter
from starlette.requests import ClientDisconnect

from actionry.server.deps import Chatter, Use
from actionry.server.downloads import attachment, attachment_file
from actionry.server.problems import ProblemError, documented, field_problem, not_found
from actionry.server.shapes import Done, FileOut
from actionry.storage.files import FileInfo

router = APIRouter(prefix="/api/v1", tags=["chat"])
links = APIRouter(include_in_schema=False)

FileId = Annotated[str, PathParameter(max_length=100, description="Id of the file.")]
BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
BODY = {
    "requestBody": {
        "required": True,
        "description": "The file's bytes; its type in Content-Type.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")


@router.put(
    "/files",
    operation_id="uploadFile",
    status_code=201,
    responses=documented(401, 403, 404, 413, 422),
    openapi_extra=BODY,
)
async def upload_file(
    identity: Chatter,
    services: Use,
    request: Request,
    name: Annotated[str, Query(min_length=1, max_length=500, description="The file's name.")],
    conversation_id: Annotated[str | None, Query(max_length=100, description="The conversation that it joins.")] = None,
) -> FileOut:
    """Upload a file: the body is its bytes."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    media_type = declared if _TYPE.fullmatch(declared) else "application/octet-stream"
    if media_type == "multipart/form-data":
        raise field_problem(
            "Content-Type", "Send the file's bytes themselves as the body.", location="header", status=415
        )
    draft = await _spool(request.stream())
    try:
        info = await services.storage.files.add(
            identity, draft, name=name, media_type=media_type, conversation_id=conversation_id
        )
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)
    return _shape(info)


async def _spool(stream: AsyncIterator[bytes]) -> Path:
    """To a file of our own, so that a large upload does not stand in memory; the rim has capped its size."""
    target = await asyncio.to_thread(tempfile.NamedTemporaryFile, prefix="actionry-upload-", delete=False)
    try:
        async for chunk in stream:
            await asyncio.to_thread(target.write, chunk)
        await asyncio.to_thread(target.close)
    except BaseException as error:
        await asyncio.to_thread(_discard, target)
        if isinstance(error, ClientDisconnect):
            raise ProblemError(400, "cut", "The upload was cut; nothing was kept.", may_retry=True) from None
        raise
    return Path(target.name)


def _discard(target: Any) -> None:
    target.close()
    Path(target.name).unlink(missing_ok=True)


@router.get("/conversations/{conversation_id}/files", operation_id="listFiles", responses=documented(401, 404))
async def list_files(
    conversation_id: Annotated[str, PathParameter(max_length=100, description="Id of the conversation.")],
    identity: Chatter,
    services: Use,
) -> list[FileOut]:
    """Files of a conversation: uploaded, and returned by its APIs."""
    if await services.storage.conversations.find(identity, conversation_id) is None:
        raise not_found("conversation")
    return [_shape(info) for info in await services.storage.files.of_conversation(identity, conversation_id)]


@router.get("/files/{file_id}", operation_id="getFile", responses=documented(401, 404))
async def get_file(file_id: FileId, identity: Chatter, services: Use) -> FileOut:
    """A file's name, type and size."""
    info = await services.storage.files.find(identity, file_id)
    if info is None:
        raise not_found("file")
    return _shape(info)


@router.get(
    "/files/{file_id}/content", operation_id="downloadFile", response_class=Response,
    responses={**documented(401, 404), **BYTES},
)  # fmt: skip
async def download_file(file_id: FileId, identity: Chatter, services: Use) -> Response:
    """Download a file."""
    info = await services.storage.files.find(identity, file_id)
    if info is None:
        raise not_found("file")
    path = await services.storage.files.path(identity, file_id)
    if path is not None:
        return attachment_file(path, info.name, info.media_type, info.size)
    file = await services.storage.files.read(identity, file_id)
    if file is None:
        raise not_found("file")
    return attachment(file.content, info.name, info.media_type)


@router.delete("/files/{file_id}", operation_id="deleteFile", responses=documented(401, 404))
async def delete_file(file_id: FileId, identity: Chatter, services: Use) -> Done:
    """Delete a file of your own."""
    if not await services.storage.files.delete(identity, file_id):
        raise not_found("file")
    return Done()


@links.get("/download/{token}")
async def open_link(token: Annotated[str, PathParameter(max_length=200)], services: Use) -> Response:
    """A file by a link that an API was given: without signing in, for five minutes (FI-02)."""
    file = await services.storage.files.open_link(token)
    if file is None:
        raise ProblemError(403, "link_over", "This link is not, or no longer, valid.", whose_turn="caller")
    return attachment(file.content, file.name, file.media_type)


def _shape(info: FileInfo) -> FileOut:
    return FileOut.model_validate(info)
