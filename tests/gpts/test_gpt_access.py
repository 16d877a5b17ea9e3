"""The gate as a table: every level against every right, and what people get to know when they are refused."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from actionry.gpts.access import (
    LEVELS,
    MODERATION,
    NEEDED,
    NOBODY,
    Actor,
    GptFacts,
    Level,
    MemberLevel,
    NotAllowed,
    NotThere,
    Right,
    level_of,
    may,
    require,
    require_admin,
    require_child,
    require_own,
    require_person,
    why_not_run,
)
from actionry.gpts.gpt import Visibility

OWNER, OTHER, ADMIN = Actor("u-owner"), Actor("u-other"), Actor("u-admin", admin=True)


def facts(
    visibility: Visibility = "private",
    *,
    published: bool = True,
    blocked: bool = False,
    member: MemberLevel | None = None,
) -> GptFacts:
    return GptFacts(owner_id="u-owner", visibility=visibility, published=published, blocked=blocked, member=member)


@pytest.mark.parametrize(
    ("actor", "gpt", "level"),
    [
        (OWNER, facts(), "own"),
        (OWNER, facts(published=False), "own"),
        (OWNER, facts(blocked=True), "own"),
        (OTHER, facts(), "none"),
        (OTHER, facts("link"), "chat"),
        (OTHER, facts("public"), "chat"),
        (OTHER, facts("public", published=False), "none"),
        (OTHER, facts("public", blocked=True), "none"),
        (NOBODY, facts("private"), "none"),
        (NOBODY, facts("link"), "card"),
        (NOBODY, facts("public"), "card"),
        (OTHER, facts(member="chat"), "chat"),
        (OTHER, facts(member="chat", published=False), "none"),
        (OTHER, facts(member="view", published=False), "view"),
        (OTHER, facts(member="edit"), "edit"),
        (OTHER, facts("public", member="edit"), "edit"),
        (OTHER, facts(member="edit", blocked=True), "none"),
        (NOBODY, facts(member="edit"), "none"),
        (ADMIN, facts(), "none"),
        (Actor(None, admin=True), facts(), "none"),
    ],
)
@pytest.mark.row("A-07")
def test_level(actor: Actor, gpt: GptFacts, level: Level) -> None:
    assert level_of(actor, gpt) == level


def ask(person: tuple[Actor, GptFacts], right: Right) -> tuple[Actor, Right, GptFacts]:
    return person[0], right, person[1]


def test_every_right_stands_in_the_table() -> None:
    assert set(NEEDED) | {"block"} == set(get_args(Right))
    assert set(LEVELS) == set(get_args(Level))


@pytest.mark.row("A-07")
def test_a_higher_level_never_loses_a_right() -> None:
    people = {
        "none": (OTHER, facts()),
        "card": (NOBODY, facts("public")),
        "chat": (OTHER, facts("public")),
        "view": (OTHER, facts("public", member="view")),
        "edit": (OTHER, facts("public", member="edit")),
        "own": (OWNER, facts("public")),
    }
    for lower, higher in itertools.pairwise(LEVELS):
        for right in NEEDED:
            assert not may(people[lower][0], right, people[lower][1]) or may(
                people[higher][0], right, people[higher][1]
            )


@pytest.mark.row("A-08")
def test_reading_gives_no_writing() -> None:
    viewer = facts("public", member="view")
    assert may(OTHER, "view_settings", viewer)
    for right in ("edit_draft", "set_secrets", "preview", "publish_update", "delete", "change_visibility"):
        assert not may(OTHER, right, viewer)
        with pytest.raises(NotAllowed):
            require(OTHER, right, viewer)


def test_not_there_looks_like_not_yours() -> None:
    with pytest.raises(NotThere) as missing:
        require(OTHER, "chat", None)
    with pytest.raises(NotThere) as hidden:
        require(OTHER, "chat", facts())
    assert str(missing.value) == str(hidden.value)


@pytest.mark.row("A-11")
def test_link_only_is_listed_nowhere() -> None:
    assert may(OTHER, "chat", facts("link"))
    assert not may(OTHER, "see_in_lists", facts("link"))
    assert may(OTHER, "see_in_lists", facts("public"))
    assert may(OWNER, "see_in_lists", facts("link"))
    assert may(OTHER, "see_in_lists", facts("link", member="chat"))
    assert not may(OTHER, "see_in_lists", facts("public", blocked=True))


def test_administrators_moderate_and_read_nothing() -> None:
    for right in get_args(Right):
        assert may(ADMIN, right, facts()) == (right in MODERATION)
    assert not may(Actor(None, admin=True), "block", facts())
    with pytest.raises(NotAllowed):
        require(ADMIN, "view_settings", facts())


@pytest.mark.row("A-01")
@pytest.mark.row("A-03")
def test_own_things_are_their_owners_alone() -> None:
    assert require_own(OWNER, "file", "the file", "u-owner") == "the file"
    for actor in (OTHER, ADMIN, NOBODY):
        with pytest.raises(NotThere):
            require_own(actor, "conversation", "it", "u-owner")
    with pytest.raises(NotThere):
        require_own(OWNER, "file", None, None)
    with pytest.raises(NotThere):
        require_own(NOBODY, "file", "it", None)


@pytest.mark.row("A-04")
def test_a_child_belongs_to_its_parent() -> None:
    assert require_child("turn", "it", "c-1", "c-1") == "it"
    with pytest.raises(NotThere):
        require_child("turn", "it", "c-1", "c-2")


def test_pages_of_administrators_and_of_people() -> None:
    assert require_admin(ADMIN) is ADMIN
    with pytest.raises(NotThere):
        require_admin(OTHER)
    assert require_person(OTHER) == "u-other"
    with pytest.raises(NotAllowed):
        require_person(NOBODY)


@pytest.mark.row("A-12")
def test_rights_that_end_while_a_turn_runs() -> None:
    assert why_not_run(OTHER, facts("public"), preview=False) is None
    assert why_not_run(OTHER, facts("private"), preview=False) is not None
    assert why_not_run(OTHER, facts("public"), preview=True) is not None
    assert why_not_run(OWNER, facts(published=False), preview=True) is None
    assert why_not_run(OTHER, None, preview=False) is not None
