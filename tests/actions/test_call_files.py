"""Files in and out of calls (CANON 2.12)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from actionry.actions.call import Caller
from actionry.actions.files import MemoryFiles
from actionry.errors import ArgumentError
from actionry.http import File
from actionry.limits import OPENAI, PROFILES
from apps.catalogue import answering, files_api, json_body, pet_store, todo_api
from apps.server import answer

PICTURE = File("cat.png", b"\x89PNG\r\n\x1a\n..", "image/png")
LINKS = "https://files.example.com/f"


@pytest.mark.row("FI-01")
@pytest.mark.row("FI-02")
@pytest.mark.row("FI-03")
async def test_ids_become_the_original_s_objects() -> None:
    files = MemoryFiles(base_url=LINKS)
    one, two = await files.add(PICTURE), await files.add(File("../a.txt", b"x", "text/plain"))
    async with files_api() as api:
        caller = Caller(outbound=api.door, files=files)
        await caller.call(api.action(), "sendFiles", {"body": {"openaiFileIdRefs": [one.id, two.id]}})
        sent = api.last.json["openaiFileIdRefs"]
    assert [set(item) for item in sent] == [{"name", "id", "mime_type", "download_link"}] * 2
    assert [item["name"] for item in sent] == ["cat.png", "a.txt"]
    assert sent[0]["mime_type"] == "image/png"
    assert sent[0]["download_link"].startswith(f"{LINKS}/")
    assert files.open_link(sent[0]["download_link"].rpartition("/")[2]) == PICTURE
    assert files.open_link("guess") is None


@pytest.mark.row("FI-03")
@pytest.mark.parametrize(
    ("ids", "store", "problem"),
    [
        (["file-unknown"], MemoryFiles(base_url=LINKS), "no file `file-unknown`"),
        (["x"], None, "no file `x`"),
        (["x"] * 11, MemoryFiles(base_url=LINKS), "11 files"),
    ],
)
async def test_what_cannot_be_expanded_is_not_sent(ids: list[str], store: MemoryFiles | None, problem: str) -> None:
    async with files_api() as api:
        with pytest.raises(ArgumentError, match=problem):
            await Caller(outbound=api.door, files=store).call(
                api.action(), "sendFiles", {"body": {"openaiFileIdRefs": ids}}
            )
        assert api.received == []


async def test_without_an_address_for_files_nothing_is_sent() -> None:
    files = MemoryFiles()
    stored = await files.add(PICTURE)
    async with files_api() as api:
        with pytest.raises(ArgumentError, match="no address is served"):
            await Caller(outbound=api.door, files=files).call(
                api.action(), "sendFiles", {"body": {"openaiFileIdRefs": [stored.id]}}
            )
        assert api.received == []


async def test_an_id_stands_for_bytes_where_bytes_belong() -> None:
    files = MemoryFiles()
    stored = await files.add(PICTURE)
    async with pet_store() as store:
        caller = Caller(outbound=store.door, files=files)
        await caller.call(store.action(), "putPhoto", {"petId": 1, "body": stored.id})
        assert store.last.body == PICTURE.content
        await caller.call(store.action(), "postPhoto", {"petId": 1, "body": {"photo": stored.id, "caption": stored.id}})
        body = store.last.body
        assert PICTURE.content in body
        assert b'filename="cat.png"' in body
        assert stored.id.encode() in body  # the caption is text: no file belongs there
        encoded = base64.b64encode(b"from the model").decode()
        await caller.call(store.action(), "putPhoto", {"petId": 1, "body": encoded})
        assert store.last.body == b"from the model"


async def test_ids_inside_json_become_base64() -> None:
    files = MemoryFiles()
    stored = await files.add(PICTURE)
    picture = {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"}
    body = json_body({"pictures": {"type": "array", "items": picture}, "note": {"type": "string"}})
    async with answering(answer({}), method="post", more={"requestBody": body}) as api:
        caller = Caller(outbound=api.door, files=files)
        await caller.call(api.action(), "read", {"body": {"pictures": [stored.id], "note": stored.id}})
        assert api.last.json == {"pictures": [base64.b64encode(PICTURE.content).decode()], "note": stored.id}


@pytest.mark.row("FI-05")
@pytest.mark.row("FI-06")
@pytest.mark.row("FI-07")
async def test_returned_files_join_the_conversation() -> None:
    files = MemoryFiles()
    async with files_api() as api:
        result = await Caller(outbound=api.door, files=files).call(api.action(), "getFiles")
    assert [(file.name, file.media_type, file.content) for file in result.files] == [
        ("notes.txt", "text/plain", b"hello"),
        ("Report 1.pdf", "application/pdf", b"%PDF-1.4 of the tests"),
    ]
    assert result.data["message"] == "two files"
    assert "aGVsbG8" not in result.text_for_model
    for file in result.files:
        assert f"[file {file.name}, {file.media_type}, " in result.text_for_model
    assert result.text_for_model.count(", id file-") == 2


@pytest.mark.row("R-10")
async def test_the_credential_does_not_go_to_a_file_s_address() -> None:
    async with files_api() as api, todo_api("bearer") as todo:
        todo.guard = lambda _: answer({"openaiFileResponse": [f"{api.url}/download"]})
        result = await todo.action().call("listTodos", {"username": "a"}, credentials="k-123-x", outbound=todo.door)
        assert len(result.files) == 1
        assert "Authorization" not in api.last.headers


@pytest.mark.row("FI-08")
async def test_inline_files_do_not_count_as_text() -> None:
    content = base64.b64encode(b"x" * 700_000).decode()
    item = {"name": "big.bin", "mime_type": "application/octet-stream", "content": content}
    async with answering(answer({"openaiFileResponse": [item]})) as api:
        result = await api.action().call("read", outbound=api.door)
    assert len(result.files[0].content) == 700_000
    assert not result.truncated


@pytest.mark.row("FI-05")
@pytest.mark.row("S-20")
@pytest.mark.parametrize(
    ("item", "profile", "remark"),
    [
        ({"name": "a", "mime_type": "image/png", "content": "AAAA"}, "openai", "image files are not taken back"),
        ({"name": "a", "mime_type": "video/mp4", "content": "AAAA"}, "openai", "video files are not taken back"),
        ({"name": "a", "mime_type": "image/png", "content": "AAAA"}, "actionry", ""),
        ({"name": "a", "content": "%%%"}, "actionry", "no base64"),
        ({"name": "a"}, "actionry", "no `content`"),
        (7, "actionry", "neither an address nor an object"),
        ("http://169.254.169.254/latest", "actionry", "could not be fetched"),
        ("file:///etc/passwd", "actionry", "could not be fetched"),
        ("http://127.0.0.1:9/x", "actionry", "could not be fetched"),
        ({"name": "a", "content": "A" * 2_000_000}, "actionry", "more than 1,000,000 bytes"),
    ],
)
async def test_files_that_are_not_taken_are_named(item: Any, profile: Any, remark: str) -> None:
    async with answering(answer({"ok": True, "openaiFileResponse": [item]})) as api:
        rules = replace(PROFILES[profile], file_bytes=1_000_000)
        result = await Caller(outbound=api.door, profile=rules).call(api.action(), "read")
    assert result.data["ok"] is True
    assert len(result.files) == (not remark)
    assert remark in " ".join(result.remarks)
    assert remark in result.text_for_model


@pytest.mark.row("FI-05")
async def test_at_most_ten_files_are_taken() -> None:
    items = [{"name": f"{n}.txt", "mime_type": "text/plain", "content": "AAAA"} for n in range(13)]
    async with answering(answer({"openaiFileResponse": items})) as api:
        result = await Caller(outbound=api.door, profile=OPENAI).call(api.action(), "read")
    assert len(result.files) == 10
    assert "3 more files were left out" in result.text_for_model


@pytest.mark.row("F-02")
@pytest.mark.row("F-03")
async def test_a_path_is_no_file() -> None:
    async with files_api() as api:
        for item in ("/etc/passwd", {"path": "/etc/passwd", "id": "x"}, "file:///etc/passwd"):
            with pytest.raises(ArgumentError):
                await Caller(outbound=api.door, files=MemoryFiles(base_url=LINKS)).call(
                    api.action(), "sendFiles", {"body": {"openaiFileIdRefs": [item]}}
                )
        assert api.received == []
