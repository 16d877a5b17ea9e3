"""Files: kept under ids of our own, seen by whom they belong to, gone when that goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actionry.chat.log import TurnContext
from actionry.gpts.gpt import GptContent
from actionry.http import File
from actionry.storage.actor import Person
from actionry.storage.conversations import Message
from actionry.storage.errors import NotFound, QuotaExceeded
from actionry.storage.files import FileInfo, FileLimits
from actionry.storage.storage import Storage
from storage.people import make_person


async def upload(storage: Storage, who: Person, content: bytes = b"data", **more: str) -> FileInfo:
    return await storage.files.add(who, content, name="report.pdf", media_type="application/pdf", **more)  # type: ignore[arg-type]


@pytest.mark.row("A-03")
async def test_a_foreign_file_is_not_there(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    info = await upload(storage, Person(ada.id))
    assert await storage.files.find(eve, info.id) is None
    assert await storage.files.read(eve, info.id) is None
    assert await storage.files.path(eve, info.id) is None
    assert await storage.files.link(eve, info.id, lifetime_s=60) is None
    assert not await storage.files.delete(eve, info.id)
    assert await storage.files.read(Person(None), info.id) is None
    talk = await storage.conversations.create(eve)
    with pytest.raises(NotFound):
        await storage.conversations.accept(eve, talk.id, Message(text="x", file_ids=(info.id,)))
    mine = await storage.conversations.create(ada)
    with pytest.raises(NotFound):
        await upload(storage, Person(eve.id), conversation_id=mine.id)
    gpt = await storage.gpts.create(ada)
    with pytest.raises(NotFound):
        await upload(storage, Person(eve.id), gpt_id=gpt.id)
    own = await storage.gpts.create(eve)
    with pytest.raises(NotFound):
        await storage.gpts.save_draft(eve, own.id, GptContent(knowledge_file_ids=(info.id,)), expected_revision=1)


@pytest.mark.row("F-01")
@pytest.mark.parametrize("name", ["../../etc/passwd", "/abs", "C:\\x", "a\0b", "x" * 300, "CON", "..", ""])
async def test_names_never_become_paths(storage: Storage, tmp_path: Path, name: str) -> None:
    ada = await make_person(storage)
    storage.files._small = 10  # so that it goes to the folder
    info = await storage.files.add(ada, b"x" * 100, name=name, media_type="text/plain")
    stored = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert [path.name for path in stored] == [info.id]
    assert "/" not in info.name
    assert "\\" not in info.name
    found = await storage.files.read(ada, info.id)
    assert found is not None
    assert found.content == b"x" * 100


async def test_large_files_lie_in_the_folder_and_go(storage: Storage, tmp_path: Path) -> None:
    ada = await make_person(storage)
    storage.files._small = 10
    talk = await storage.conversations.create(ada)
    given = tmp_path / "upload"
    given.write_bytes(os.urandom(200_000))
    content = given.read_bytes()
    info = await storage.files.add(
        ada, given, name="big.bin", media_type="application/octet-stream", conversation_id=talk.id
    )
    assert not given.exists()
    path = await storage.files.path(ada, info.id)
    assert path is not None
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o077 == 0
    assert await storage.files.used_bytes(ada) == 200_000
    await storage.conversations.delete(ada, talk.id)
    await storage.files.settled()
    assert not path.exists()
    assert await storage.files.find(ada, info.id) is None


async def test_the_sweep_removes_what_no_row_names(storage: Storage) -> None:
    ada = await make_person(storage)
    storage.files._small = 10
    info = await upload(storage, Person(ada.id), b"x" * 100)
    path = await storage.files.path(ada, info.id)
    assert path is not None
    stray = path.with_name("f-straystraystraystraystr")
    stray.write_bytes(b"x")
    for each in (path, stray):
        os.utime(each, (1, 1))
    assert await storage.files.sweep() == 1
    assert path.exists()
    assert not stray.exists()


async def test_caps_are_kept(storage: Storage) -> None:
    ada = await make_person(storage)
    storage.files.limits = FileLimits(file_bytes=100, user_bytes=150)
    with pytest.raises(QuotaExceeded):
        await upload(storage, Person(ada.id), b"x" * 101)
    await upload(storage, Person(ada.id), b"x" * 100)
    with pytest.raises(QuotaExceeded):
        await upload(storage, Person(ada.id), b"x" * 51)


@pytest.mark.row("A-14")
async def test_a_turn_sees_its_own_conversations_files(storage: Storage) -> None:
    ada = await make_person(storage)
    first, second = await storage.conversations.create(ada), await storage.conversations.create(ada)
    here = await upload(storage, Person(ada.id), conversation_id=first.id)
    there = await upload(storage, Person(ada.id), conversation_id=second.id)
    loose = await upload(storage, Person(ada.id))
    context = TurnContext(
        turn_id="t", conversation_id=first.id, user_id=ada.id, gpt_id=None, gpt_version=None, content=GptContent()
    )
    files = storage.files.of_turn(context, link_base="https://here.example.com/files/")
    assert await files.find(here.id) == here.stored
    assert await files.find(there.id) is None
    assert await files.find(loose.id) is None
    assert await files.link(there.id, lifetime_s=60) is None
    added = await files.add(File("answer.csv", b"a,b", "text/csv"))
    found = await files.read(added.id)
    assert found is not None
    assert found.content == b"a,b"
    assert len(await storage.files.of_conversation(ada, first.id)) == 2


@pytest.mark.row("A-13")
async def test_a_link_opens_one_file_for_a_while(storage: Storage) -> None:
    ada = await make_person(storage)
    info = await upload(storage, Person(ada.id))
    token = await storage.files.link(ada, info.id, lifetime_s=60)
    assert token is not None
    found = await storage.files.open_link(token)
    assert found is not None
    assert (found.name, found.content) == ("report.pdf", b"data")
    over = await storage.files.link(ada, info.id, lifetime_s=-1)
    assert over is not None
    assert await storage.files.open_link(over) is None
    assert await storage.files.open_link(info.id) is None
    await storage.files.delete(ada, info.id)
    assert await storage.files.open_link(token) is None


async def test_the_picture_of_a_shared_gpt_is_seen_and_its_knowledge_is_not(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    picture, knowledge = await upload(storage, Person(ada.id)), await upload(storage, Person(ada.id))
    content = GptContent(name="G", picture_file_id=picture.id, knowledge_file_ids=(knowledge.id,))
    gpt = await storage.gpts.create(ada, content)
    await storage.gpts.publish(ada, gpt.id, expected_revision=1)
    assert await storage.files.find(eve, picture.id) is None
    await storage.gpts.set_visibility(ada, gpt.id, "link")
    assert await storage.files.find(eve, picture.id) is not None
    assert await storage.files.find(eve, knowledge.id) is None
    talk = await storage.conversations.create(eve, gpt_id=gpt.id)
    context = TurnContext(
        turn_id="t", conversation_id=talk.id, user_id=eve.id, gpt_id=gpt.id, gpt_version=1, content=content
    )
    assert await storage.files.of_turn(context).find(knowledge.id) is not None
    await storage.gpts.delete(ada, gpt.id)
    assert await storage.files.find(ada, picture.id) is None


@pytest.mark.row("L-10")
async def test_the_bytes_of_a_deleted_gpt_or_user_are_gone(storage: Storage, tmp_path: Path) -> None:
    root, ada = await make_person(storage, "root", admin=True), await make_person(storage)
    storage.files._small = 10
    gpt = await storage.gpts.create(ada)
    await upload(storage, Person(ada.id), b"x" * 100, gpt_id=gpt.id)
    await upload(storage, Person(ada.id), b"y" * 100)

    def left() -> list[bytes]:
        return sorted(path.read_bytes()[:1] for path in (tmp_path / "files").rglob("f-*"))

    assert left() == [b"x", b"y"]
    await storage.gpts.delete(ada, gpt.id)
    await storage.files.settled()
    assert left() == [b"y"]
    await storage.accounts.delete_user(root, ada.id)
    await storage.files.settled()
    assert left() == []
