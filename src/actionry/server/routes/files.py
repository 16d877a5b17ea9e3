"""Files up and down. A file is always sent as an attachment, never shown in our origin (THREATS X-07)."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Form, Response, UploadFile
from fastapi import File as FormFile
from fastapi import Path as PathParameter

from actionry.server.deps import Chatter, Use
from actionry.server.downloads import attachment, attachment_file
from actionry.server.problems import ProblemError, documented, not_found
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
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")


@router.post(
    "/files", operation_id="uploadFile", status_code=201, responses=documented(401, 403, 404, 413, 422),
    form_limits={"max_files": 1, "max_fields": 4, "max_part_size": 10_000},
)  # fmt: skip
async def upload_file(
    identity: Chatter,
    services: Use,
    file: Annotated[UploadFile, FormFile(description="The file.")],
    conversation_id: Annotated[str | None, Form(max_length=100, description="The conversation that it joins.")] = None,
) -> FileOut:
    """Upload a file, as a form with the field `file`."""
    declared = (file.content_type or "").partition(";")[0].strip().lower()
    draft = await asyncio.to_thread(_copy, file.file)
    try:
        info = await services.storage.files.add(
            identity,
            draft,
            name=file.filename or "file",
            media_type=declared if _TYPE.fullmatch(declared) else "application/octet-stream",
            conversation_id=conversation_id,
        )
    finally:
        await asyncio.to_thread(draft.unlink, missing_ok=True)
    return _shape(info)


def _copy(source: BinaryIO) -> Path:
    """To a file of our own, which storage takes over; a large upload never stands in memory."""
    with tempfile.NamedTemporaryFile(prefix="actionry-upload-", delete=False) as target:
        shutil.copyfileobj(source, target, 256 * 1024)
    return Path(target.name)


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
