"""Files in and out of a call (CANON 2.12): `openaiFileIdRefs`, ids where bytes belong, `openaiFileResponse`."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson
from multidict import CIMultiDict

from actionry.actions.content import BAD, dump_json, parse_json
from actionry.actions.file_names import name_of_download, safe_name
from actionry.actions.result import Result, describe_file
from actionry.credentials.masking import Masker
from actionry.errors import ActionryError, ArgumentError
from actionry.http import File, Request, Response
from actionry.limits import Profile
from actionry.openapi.model import Schema, Values
from actionry.outbound import Outbound
from actionry.tools.arguments import read_arguments
from actionry.tools.definitions import is_binary
from actionry.tools.function_schema import Function

REFERENCES = "openaiFileIdRefs"
RETURNED = "openaiFileResponse"
_URL_SAFE = str.maketrans("-_", "+/")
NOT_RETURNED = ("image/", "video/")
"""What the original does not take back (FI-05)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    id: str
    name: str
    media_type: str
    size: int


class FileStore(Protocol):
    """Where a conversation's files are; it gives only those that the caller may see."""

    async def find(self, file_id: str) -> StoredFile | None: ...

    async def read(self, file_id: str) -> File | None: ...

    async def link(self, file_id: str, *, lifetime_s: int) -> str | None:
        """An address that answers with the file, without credentials, for so long (FI-02); None: there is none."""
        ...

    async def add(self, file: File) -> StoredFile:
        """Keep it under an id of the store's own making; it joins the conversation (FI-07)."""
        ...


class MemoryFiles:
    """For one process and tests. `base_url` is where somebody serves `open_link`; without it there are no links."""

    def __init__(self, *, base_url: str = "") -> None:
        self._files: dict[str, File] = {}
        self._base_url = base_url.rstrip("/")
        self._links: dict[str, str] = {}

    async def find(self, file_id: str) -> StoredFile | None:
        file = self._files.get(file_id)
        return None if file is None else _stored(file_id, file)

    async def read(self, file_id: str) -> File | None:
        return self._files.get(file_id)

    async def link(self, file_id: str, *, lifetime_s: int) -> str | None:
        if not self._base_url or file_id not in self._files:
            return None
        token = secrets.token_urlsafe(24)
        self._links[token] = file_id
        return f"{self._base_url}/{token}"

    async def add(self, file: File) -> StoredFile:
        file_id = f"file-{secrets.token_hex(12)}"
        self._files[file_id] = replace(file, name=safe_name(file.name))
        return _stored(file_id, self._files[file_id])

    def open_link(self, token: str) -> File | None:
        """What the address that ends in `token` answers with."""
        return self._files.get(self._links.get(token, ""))


def _stored(file_id: str, file: File) -> StoredFile:
    return StoredFile(id=file_id, name=file.name, media_type=file.media_type, size=len(file.content))


# ----------------------------------------------------------------------------------------------------------------- in


async def expand_file_ids(
    function: Function,
    arguments: Mapping[str, Any] | str | bytes | None,
    files: FileStore | None,
    profile: Profile,
) -> Values:
    """`read_arguments`, with file ids turned into what the API needs: files where bytes belong, and the original's
    objects in `openaiFileIdRefs`. Fails before anything is sent (FI-03). Raises ArgumentError.
    """
    if files is not None and function.takes_files:
        arguments = await _with_files(function, _parsed(arguments), files, profile)
    values = read_arguments(function, arguments)
    if isinstance(values.body, dict) and REFERENCES in values.body:
        references = await _references(values.body[REFERENCES], files, profile)
        values.body = {**values.body, REFERENCES: references}
    return values


def _parsed(arguments: Mapping[str, Any] | str | bytes | None) -> Any:
    """The arguments as data where that is plain; else as they are, for `read_arguments` to mend or refuse."""
    if isinstance(arguments, (str, bytes)):
        try:
            return orjson.loads(arguments)
        except ValueError:
            return arguments
    return arguments


async def _references(given: Any, files: FileStore | None, profile: Profile) -> list[dict[str, Any]]:
    ids = given if isinstance(given, list) else [given]
    where = f"body.{REFERENCES}"
    if len(ids) > profile.files_per_call:
        raise ArgumentError(
            f"`{where}` names {len(ids)} files; up to {profile.files_per_call} are sent.",
            argument=where,
            rule="maxItems",
            mend="Send them in several calls.",
        )
    return [await _reference(item, f"{where}[{index}]", files, profile) for index, item in enumerate(ids)]


async def _reference(item: Any, where: str, files: FileStore | None, profile: Profile) -> dict[str, Any]:
    file_id = item.get("id") if isinstance(item, dict) else item
    stored = await files.find(file_id) if files is not None and isinstance(file_id, str) else None
    if files is None or stored is None:
        raise _unknown_file(file_id, where)
    link = await files.link(stored.id, lifetime_s=profile.file_link_lifetime_s)
    if link is None:
        raise ArgumentError(
            f"`{where}`: the file {stored.name} cannot be handed out, because no address is served for files.",
            argument=where,
            rule="file",
            mend="Set the public address of this installation, or leave the file out.",
        )
    return {"name": stored.name, "id": stored.id, "mime_type": stored.media_type, "download_link": link}


def _unknown_file(file_id: object, where: str) -> ArgumentError:
    shown = file_id[:80] if isinstance(file_id, str) else type(file_id).__name__
    return ArgumentError(
        f"`{where}`: there is no file `{shown}` in this conversation.",
        argument=where,
        rule="file",
        mend="Use the id of a file that was uploaded or made here.",
    )


async def _with_files(function: Function, arguments: Any, files: FileStore, profile: Profile) -> Any:
    """File ids replaced by files at the places that take bytes; any other text there is left, it may be base64."""
    if not isinstance(arguments, dict):
        return arguments
    properties = function.wire_schema.get("properties", {})
    walker = _Walker(function, files, profile.files_per_call)
    return {name: await walker.walk(value, properties.get(name, True), 0) for name, value in arguments.items()}


@dataclass(slots=True)
class _Walker:
    function: Function
    files: FileStore
    left: int

    async def walk(self, value: Any, schema: Schema, depth: int) -> Any:
        resolved = self.function.definitions.schemas.resolve(schema)
        if not isinstance(resolved, dict) or depth > 20:
            return value
        if isinstance(value, str):
            return await self._file(value) if self._takes_bytes(resolved) else value
        if isinstance(value, list):
            items = resolved.get("items", True)
            return [await self.walk(item, items, depth + 1) for item in value]
        if isinstance(value, dict):
            return {
                name: await self.walk(item, _property(resolved, name, self), depth + 1) for name, item in value.items()
            }
        return value

    def _takes_bytes(self, schema: dict[str, Any], depth: int = 0) -> bool:
        if (
            is_binary(schema)
            or schema.get("contentEncoding") in ("base64", "base64url")
            or schema.get("format") == "byte"
        ):
            return True
        branches = [b for key in ("anyOf", "oneOf", "allOf") for b in schema.get(key, ())]
        resolved = (self.function.definitions.schemas.resolve(branch) for branch in branches)
        return depth < 5 and any(isinstance(each, dict) and self._takes_bytes(each, depth + 1) for each in resolved)

    async def _file(self, text: str) -> Any:
        if len(text) > 200:
            return text
        file = await self.files.read(text)
        if file is None:
            return text
        self.left -= 1
        if self.left < 0:
            raise ArgumentError("The call takes more files than are sent at once.", rule="maxItems", argument=text)
        return file


def _property(schema: dict[str, Any], name: str, walker: _Walker) -> Schema:
    found = schema.get("properties", {}).get(name)
    if found is not None:
        return found  # type: ignore[no-any-return]  # schemas are plain data
    for key in ("allOf", "anyOf", "oneOf"):
        for branch in schema.get(key, ()):
            resolved = walker.function.definitions.schemas.resolve(branch)
            if isinstance(resolved, dict) and name in resolved.get("properties", {}):
                return resolved["properties"][name]  # type: ignore[no-any-return]  # as above
    more = schema.get("additionalProperties", True)
    return more if isinstance(more, (dict, bool)) else True


# ---------------------------------------------------------------------------------------------------------------- out


@dataclass(frozen=True, slots=True)
class ReturnedFiles:
    response: Response
    """The answer with a word in place of each file, so that inline content does not count as text (FI-08)."""
    files: tuple[File, ...]
    remarks: tuple[str, ...]


def may_return_files(response: Response) -> bool:
    return b"openaiFileResponse" in response.content


async def read_returned_files(
    response: Response, outbound: Outbound, profile: Profile, masker: Masker
) -> ReturnedFiles | None:
    """The files of an answer's `openaiFileResponse`; None when there is none.

    Addresses are fetched through the door, without any credential, one after the other. What cannot be taken is
    remarked, never an error: the rest of the answer is as good as before.
    """
    data = parse_json(response.content.decode("utf-8", "replace"))
    if data is BAD or not isinstance(data, dict) or not isinstance(data.get(RETURNED), (list, dict, str)):
        return None
    items = data[RETURNED] if isinstance(data[RETURNED], list) else [data[RETURNED]]
    files: list[File] = []
    remarks: list[str] = []
    shown: list[str] = []
    for index, item in enumerate(items):
        if len(files) >= profile.files_per_call:
            remarks.append(f"{len(items) - index} more files were left out: up to {profile.files_per_call} are taken.")
            break
        try:
            file = _checked(await _read_item(item, outbound, profile), profile)
        except _Refused as refused:
            remarks.append(f"File {index + 1} was left out: {refused}.")
            continue
        file = replace(file, content=masker.content(file.content))
        files.append(file)
        shown.append(describe_file(file))
    rest = {**data, RETURNED: shown}
    answer = replace(response, content=dump_json(rest).encode("utf-8", "surrogatepass"))
    answer.headers = CIMultiDict(response.headers)
    answer.headers["Content-Type"] = "application/json"
    return ReturnedFiles(answer, tuple(files), tuple(remarks))


class _Refused(Exception):
    """Why a file is not taken, in words for the user."""


async def _read_item(item: Any, outbound: Outbound, profile: Profile) -> File:
    if isinstance(item, str):
        return await _fetch(item, outbound, profile)
    if not isinstance(item, dict):
        raise _Refused("it is neither an address nor an object")
    content = item.get("content")
    if not isinstance(content, str):
        address = item.get("url") or item.get("download_link")
        if isinstance(address, str):
            return await _fetch(address, outbound, profile)
        raise _Refused("it has no `content`")
    if len(content) > profile.file_bytes * 4 // 3 + 1024:
        raise _Refused(_too_large(profile))
    if content.startswith("data:"):
        content = content.partition("base64,")[2]
    plain = "".join(content.split()).translate(_URL_SAFE)
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _Refused("its content is no base64") from None
    media_type = _text(item, "mime_type") or _text(item, "media_type") or "application/octet-stream"
    return File(name_of_download(None, "", _text(item, "name") or "file", media_type), decoded, media_type)


async def _fetch(url: str, outbound: Outbound, profile: Profile) -> File:
    try:
        response = await outbound.send(
            Request("GET", url), timeout_s=profile.file_fetch_timeout_s, max_bytes=profile.file_bytes
        )
    except ActionryError as error:
        raise _Refused(f"it could not be fetched ({error.message.rstrip('.')})") from None
    if response.status != 200:
        raise _Refused(f"its address answered {response.status}")
    media_type = response.media_type or "application/octet-stream"
    name = name_of_download(response.headers.get("Content-Disposition"), url, "file", media_type)
    return File(name, response.content, media_type)


def _checked(file: File, profile: Profile) -> File:
    if len(file.content) > profile.file_bytes:
        raise _Refused(_too_large(profile))
    if profile.name == "openai" and file.media_type.startswith(NOT_RETURNED):
        raise _Refused(f"{file.media_type.partition('/')[0]} files are not taken back")
    return file


def _too_large(profile: Profile) -> str:
    return f"it has more than {profile.file_bytes:,} bytes"


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""


async def keep_files(result: Result, returned: ReturnedFiles | None, store: FileStore | None) -> Result:
    """The result with its files, each kept in the store and named to the model by its id (FI-07)."""
    files = (*result.files, *(returned.files if returned is not None else ()))
    text = result.text_for_model
    for file in files:
        if store is None:
            break
        stored = await store.add(file)
        text = text.replace(describe_file(file), describe_file(file, stored.id), 1)
    remarks = (*result.remarks, *(returned.remarks if returned is not None else ()))
    if returned is not None and returned.remarks:
        text = "\n".join((text, *returned.remarks))
    return replace(result, files=files, text_for_model=text, remarks=remarks)
