"""GPTs: drafts that cannot be overwritten unseen, versions that never change, and nothing of another GPT."""

from __future__ import annotations

import asyncio

import pytest

from actionry.chat.log import TurnContext
from actionry.gpts.gpt import GptAction, GptContent
from actionry.storage.actor import Person
from actionry.storage.conversations import Message
from actionry.storage.errors import Conflict, NotFound
from actionry.storage.storage import Storage
from storage.people import make_person, published_gpt

NOBODY = Person(None)


async def test_a_stale_save_is_refused(storage: Storage) -> None:
    ada = await make_person(storage)
    gpt = await storage.gpts.create(ada, GptContent(name="One"))

    async def save(name: str) -> int:
        saved = await storage.gpts.save_draft(ada, gpt.id, GptContent(name=name), expected_revision=gpt.draft_revision)
        return saved.draft_revision

    results = await asyncio.gather(*(save(f"n{n}") for n in range(6)), return_exceptions=True)
    assert sorted(str(type(result).__name__) for result in results) == ["Conflict"] * 5 + ["int"]
    draft = await storage.gpts.draft(ada, gpt.id)
    assert draft is not None
    assert draft.draft_revision == gpt.draft_revision + 1


async def test_publishing_makes_versions_that_stay(storage: Storage) -> None:
    ada = await make_person(storage)
    gpt_id, _ = await published_gpt(storage, ada)
    draft = await storage.gpts.draft(ada, gpt_id)
    assert draft is not None
    changed = draft.draft.model_copy(update={"name": "Todo 2"})
    saved = await storage.gpts.save_draft(ada, gpt_id, changed, expected_revision=draft.draft_revision)
    card = await storage.gpts.card(ada, gpt_id)
    assert card is not None
    assert (card.name, card.published_version) == ("Todo", 1)
    second = await storage.gpts.publish(ada, gpt_id, expected_revision=saved.draft_revision)
    assert second.number == 2
    assert [version.content.name for version in await storage.gpts.versions(ada, gpt_id)] == ["Todo 2", "Todo"]
    restored = await storage.gpts.restore(ada, gpt_id, 1, expected_revision=saved.draft_revision)
    assert restored.draft.name == "Todo"
    assert restored.published_version == 2


@pytest.mark.row("A-07")
@pytest.mark.row("A-11")
async def test_who_sees_what(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    gpt_id, action_id = await published_gpt(storage, ada)
    for stranger in (eve, NOBODY):
        assert await storage.gpts.card(stranger, gpt_id) is None
        assert await storage.gpts.version(stranger, gpt_id) is None
        assert await storage.gpts.action(stranger, action_id) is None
    await storage.gpts.set_visibility(ada, gpt_id, "link")
    for stranger in (eve, NOBODY):
        card = await storage.gpts.card(stranger, gpt_id)
        assert card is not None
        assert card.level == "chat"
        assert await storage.gpts.draft(stranger, gpt_id) is None
        assert await storage.gpts.version(stranger, gpt_id) is not None
        assert await storage.gpts.store(stranger) == []
        for attempt in (
            storage.gpts.versions(stranger, gpt_id),
            storage.gpts.publish(stranger, gpt_id, expected_revision=2),
            storage.gpts.save_draft(stranger, gpt_id, GptContent(), expected_revision=2),
            storage.gpts.delete(stranger, gpt_id),
            storage.gpts.set_visibility(stranger, gpt_id, "public"),
            storage.gpts.add_action(stranger, gpt_id),
            storage.gpts.add_document(stranger, gpt_id, b"x"),
            storage.gpts.documents(stranger, gpt_id),
            storage.gpts.members(stranger, gpt_id),
            storage.gpts.transfer(stranger, gpt_id, eve.id),
        ):
            with pytest.raises(NotFound):
                await attempt
    await storage.gpts.set_visibility(ada, gpt_id, "public")
    assert [card.id for card in await storage.gpts.store(NOBODY, search="tod")] == [gpt_id]
    assert await storage.gpts.store(NOBODY, search="t_d") == []
    await storage.gpts.set_visibility(ada, gpt_id, "private")
    assert await storage.gpts.card(eve, gpt_id) is None


async def test_members_may_what_their_level_says(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    gpt_id, _ = await published_gpt(storage, ada)
    await storage.gpts.put_member(ada, gpt_id, eve.id, "view")
    assert await storage.gpts.draft(eve, gpt_id) is not None
    with pytest.raises(NotFound):
        await storage.gpts.save_draft(eve, gpt_id, GptContent(), expected_revision=2)
    await storage.gpts.put_member(ada, gpt_id, eve.id, "edit")
    await storage.gpts.save_draft(eve, gpt_id, GptContent(name="Eve's"), expected_revision=2)
    assert [member.level for member in await storage.gpts.members(ada, gpt_id)] == ["edit"]
    with pytest.raises(NotFound):
        await storage.gpts.delete(eve, gpt_id)
    await storage.gpts.transfer(ada, gpt_id, eve.id)
    card = await storage.gpts.card(eve, gpt_id)
    assert card is not None
    assert card.level == "owner"
    assert [each.level for each in await storage.gpts.mine(ada)] == ["edit"]
    assert await storage.gpts.remove_member(ada, gpt_id, ada.id)
    assert await storage.gpts.card(ada, gpt_id) is None


@pytest.mark.row("A-04")
@pytest.mark.row("A-05")
@pytest.mark.row("A-06")
async def test_nothing_of_another_gpt_gets_in(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    theirs, action_id = await published_gpt(storage, ada)
    document = (await storage.gpts.documents(ada, theirs))[0]
    mine = await storage.gpts.create(eve)
    own_action = await storage.gpts.add_action(eve, mine.id)
    own_document = await storage.gpts.add_document(eve, mine.id, b"own")
    for action in (
        GptAction(id=action_id, document_id=own_document.id),
        GptAction(id=own_action, document_id=document.id),
    ):
        with pytest.raises(NotFound):
            await storage.gpts.save_draft(eve, mine.id, GptContent(actions=(action,)), expected_revision=1)
    assert await storage.gpts.document(eve, mine.id, document.id) is None
    assert await storage.gpts.version(eve, mine.id, 1) is None
    with pytest.raises(NotFound):
        await storage.gpts.restore(eve, mine.id, 1, expected_revision=1)
    own = GptContent(actions=(GptAction(id=own_action, document_id=own_document.id),))
    context = TurnContext(
        turn_id="t", conversation_id="c", user_id=eve.id, gpt_id=mine.id, gpt_version=None, content=own
    )
    assert await storage.gpts.document_for_turn(context, own_document.id) == b"own"
    assert await storage.gpts.document_for_turn(context, document.id) is None
    assert not await storage.gpts.remove_action(eve, mine.id, action_id)


async def test_the_same_text_is_one_document(storage: Storage) -> None:
    ada = await make_person(storage)
    gpt = await storage.gpts.create(ada)
    text = "openapi: 3.1.0\ninfo: {title: \u5f85\u529e}\n\0".encode() * 1000
    made = await asyncio.gather(*(storage.gpts.add_document(ada, gpt.id, text, source="https://x") for _ in range(4)))
    assert len({document.id for document in made}) == 1
    found = await storage.gpts.document(ada, gpt.id, made[0].id)
    assert found is not None
    assert found[1] == text


async def test_a_pinned_version_stays_usable(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    gpt_id, _ = await published_gpt(storage, ada)
    await storage.gpts.set_visibility(ada, gpt_id, "public")
    pinned = await storage.conversations.create(eve, gpt_id=gpt_id, gpt_version=1)
    await storage.gpts.publish(ada, gpt_id, expected_revision=2)
    assert await storage.gpts.version(eve, gpt_id, 1) is not None
    assert await storage.gpts.version(NOBODY, gpt_id, 1) is None
    accepted = await storage.conversations.accept(eve, pinned.id, Message(text="hi"), gpt_version=1)
    context = await storage.turns.context(accepted.turn.id)
    assert context is not None
    assert (context.content.name, context.gpt_version) == ("Todo", 1)


async def test_a_draft_is_kept_with_its_turn(storage: Storage) -> None:
    ada = await make_person(storage)
    gpt = await storage.gpts.create(ada, GptContent(name="Draft", instructions="v1"))
    talk = await storage.conversations.create(ada, gpt_id=gpt.id, preview=True)
    accepted = await storage.conversations.accept(ada, talk.id, Message(text="hi", locale="zh"), content=gpt.draft)
    await storage.gpts.save_draft(ada, gpt.id, GptContent(name="Draft", instructions="v2"), expected_revision=1)
    context = await storage.turns.context(accepted.turn.id)
    assert context is not None
    assert (context.content.instructions, context.gpt_version, context.locale) == ("v1", None, "zh")
    assert await storage.conversations.page(ada) == []
    assert len(await storage.conversations.page(ada, previews=True)) == 1


@pytest.mark.row("L-10")
async def test_a_deleted_gpt_leaves_other_peoples_conversations(storage: Storage) -> None:
    ada, eve = await make_person(storage), await make_person(storage, "eve")
    gpt_id, action_id = await published_gpt(storage, ada)
    await storage.gpts.set_visibility(ada, gpt_id, "public")
    talk = await storage.conversations.create(eve, gpt_id=gpt_id)
    await storage.gpts.delete(ada, gpt_id)
    assert await storage.gpts.card(ada, gpt_id) is None
    assert await storage.gpts.action(ada, action_id) is None
    found = await storage.conversations.find(eve, talk.id)
    assert found is not None
    assert found.gpt_id == gpt_id


async def test_an_action_in_use_is_not_removed(storage: Storage) -> None:
    ada = await make_person(storage)
    gpt_id, action_id = await published_gpt(storage, ada)
    with pytest.raises(Conflict):
        await storage.gpts.remove_action(ada, gpt_id, action_id)
    saved = await storage.gpts.save_draft(ada, gpt_id, GptContent(name="Bare"), expected_revision=2)
    with pytest.raises(Conflict):
        await storage.gpts.remove_action(ada, gpt_id, action_id)
    await storage.gpts.publish(ada, gpt_id, expected_revision=saved.draft_revision)
    assert await storage.gpts.remove_action(ada, gpt_id, action_id)


async def test_a_blocked_gpt_stays_its_owners(storage: Storage) -> None:
    root, ada = await make_person(storage, "root", admin=True), await make_person(storage)
    gpt_id, _ = await published_gpt(storage, ada)
    await storage.gpts.set_visibility(ada, gpt_id, "public")
    with pytest.raises(NotFound):
        await storage.gpts.set_blocked(ada, gpt_id, blocked=True)
    assert await storage.gpts.set_blocked(root, gpt_id, blocked=True)
    assert await storage.gpts.card(NOBODY, gpt_id) is None
    assert await storage.gpts.store(NOBODY) == []
    assert await storage.gpts.card(ada, gpt_id) is not None


async def test_lists_are_paged_without_gaps(storage: Storage) -> None:
    ada = await make_person(storage)
    made = {(await storage.gpts.create(ada, GptContent(name=str(n)))).id for n in range(7)}
    seen: list[str] = []
    before = None
    while page := await storage.gpts.mine(ada, limit=3, before=before):
        seen += [card.id for card in page]
        before = (page[-1].updated_at, page[-1].id)
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("bad", ["g-\0", "\ud800", "g-" + "x" * 5000, "", "' OR 1=1 --"])
async def test_odd_ids_find_nothing(storage: Storage, bad: str) -> None:
    ada = await make_person(storage)
    assert await storage.gpts.card(ada, bad) is None
    assert await storage.conversations.find(ada, bad) is None
    assert await storage.turns.find(ada, bad) is None
    assert await storage.turns.read_for(ada, bad, after=2**80) is None
    assert await storage.files.find(ada, bad) is None
    assert await storage.files.read(ada, bad) is None
    assert await storage.connections.find(ada, bad) is None
    gpt_id, _ = await published_gpt(storage, ada)
    assert await storage.gpts.version(ada, gpt_id, 2**70) is None
