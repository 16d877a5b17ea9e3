"""WHO MAY DO WHAT with a GPT, and with what hangs on it: pure decisions, the only gate (THREATS A).

Every route and every turn asks here. "Not there" looks like "not yours": whoever may not even know of a thing gets the
same `NotThere` as for a thing that does not exist. Who may know of it and still may not do this gets `NotAllowed`.

The table is short on purpose; a right that no row names is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar, assert_never

from actionry.errors import ActionryError, Audience
from actionry.gpts.gpt import Visibility

Level = Literal["none", "card", "chat", "view", "edit", "own"]
"""What a person is to a GPT, each including the ones before:

none    nothing, not even that it exists
card    its page: picture, name, description, starters, privacy policies (ST-11: signed out, too)
chat    talk to the published version, rate, report
view    read its settings: instructions, documents, operations; never a secret (ST-02, GE-09)
edit    change the draft, enter secrets, publish what is published already, read call statistics
own     share, publish for the first time, transfer, delete
"""

Right = Literal[
    "see_card", "chat", "report", "rate", "view_settings", "duplicate", "export", "preview", "edit_draft",
    "set_secrets", "publish_update", "see_history", "see_statistics", "see_members", "change_visibility",
    "change_members", "transfer", "delete", "block", "see_in_lists",
]  # fmt: skip

LEVELS: tuple[Level, ...] = ("none", "card", "chat", "view", "edit", "own")

NEEDED: dict[Right, Level] = {
    "see_card": "card",
    "see_in_lists": "card",
    "chat": "chat",
    "report": "chat",
    "rate": "chat",
    "view_settings": "view",
    "duplicate": "view",
    "export": "view",
    "see_history": "view",
    "preview": "edit",  # it runs the draft with the builder's own connections
    "edit_draft": "edit",
    "set_secrets": "edit",
    "publish_update": "edit",
    "see_statistics": "edit",
    "see_members": "edit",
    "change_visibility": "own",
    "change_members": "own",
    "transfer": "own",
    "delete": "own",
}
"""Right -> the lowest level that has it. `block` is no level's: it is the administrator's (`MODERATION`)."""

MODERATION: frozenset[Right] = frozenset({"see_card", "see_in_lists", "block", "delete", "transfer"})
"""What an administrator may do to any GPT. Settings, secrets and conversations of others stay closed to them."""

MemberLevel = Literal["chat", "view", "edit"]


class NotThere(ActionryError):
    """There is no such thing, for this person."""

    told_to: Audience = "user"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.", mend="It may have been deleted, or belong to somebody else.")
        self.what = what


class NotAllowed(ActionryError):
    """The thing is known to this person, and this is not theirs to do."""

    told_to: Audience = "user"


class Asking(Protocol):
    """Whoever asks; any object that says so."""

    @property
    def user_id(self) -> str | None:
        """None: nobody signed in."""
        ...

    @property
    def admin(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, as far as the gate is concerned."""

    user_id: str | None
    admin: bool = False


NOBODY = Actor(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class GptFacts:
    """What a decision about a GPT rests on; read from storage in one row."""

    owner_id: str
    visibility: Visibility
    published: bool
    blocked: bool = False
    """By an administrator: private use stays with its owner (ST-07)."""
    member: MemberLevel | None = None
    """What the asking person was given by the owner (ST-02)."""


def level_of(actor: Asking, gpt: GptFacts) -> Level:
    """What this person is to this GPT."""
    if actor.user_id is not None and actor.user_id == gpt.owner_id:
        return "own"
    if gpt.blocked:
        return "none"
    levels = [_by_visibility(actor, gpt), _by_membership(actor, gpt)]
    return max(levels, key=LEVELS.index)


def _by_visibility(actor: Asking, gpt: GptFacts) -> Level:
    if not gpt.published:
        return "none"
    match gpt.visibility:
        case "private":
            return "none"
        case "link" | "public":  # a link's secret is the id: whoever asks by id has it
            return "chat" if actor.user_id is not None else "card"
        case _:
            assert_never(gpt.visibility)


def _by_membership(actor: Asking, gpt: GptFacts) -> Level:
    if gpt.member is None or actor.user_id is None:
        return "none"
    if gpt.member == "chat" and not gpt.published:
        return "none"  # there is nothing to talk to yet
    return gpt.member


def may(actor: Asking, right: Right, gpt: GptFacts) -> bool:
    """Whether the person has this right on the GPT."""
    if actor.admin and actor.user_id is not None and right in MODERATION:
        return True
    needed = NEEDED.get(right)
    if needed is None:
        return False
    if right == "see_in_lists":
        return _is_listed(actor, gpt)
    return LEVELS.index(level_of(actor, gpt)) >= LEVELS.index(needed)


def _is_listed(actor: Asking, gpt: GptFacts) -> bool:
    """Link-only GPTs stand in no store, search, sitemap or count (A-11)."""
    if level_of(actor, gpt) == "own" or _by_membership(actor, gpt) != "none":
        return not gpt.blocked or actor.user_id == gpt.owner_id
    return gpt.visibility == "public" and gpt.published and not gpt.blocked


def require(actor: Asking, right: Right, gpt: GptFacts | None) -> GptFacts:
    """The facts, when the person has the right. Raises NotThere, or NotAllowed to people who may know of the GPT."""
    if gpt is not None and may(actor, right, gpt):
        return gpt
    if gpt is None or (level_of(actor, gpt) == "none" and not (actor.admin and actor.user_id is not None)):
        raise NotThere("GPT")
    raise NotAllowed(_WHY.get(right, "You may not do this with this GPT."), mend="Ask its owner.")


_WHY: dict[Right, str] = {
    "chat": "You need to sign in to talk to this GPT.",
    "rate": "You need to sign in to rate this GPT.",
    "report": "You need to sign in to report this GPT.",
    "view_settings": "Its builder has not opened this GPT's settings to you.",
    "duplicate": "Its builder has not opened this GPT's settings to you.",
    "export": "Its builder has not opened this GPT's settings to you.",
    "edit_draft": "You may not edit this GPT.",
    "set_secrets": "You may not enter keys for this GPT.",
    "publish_update": "You may not publish this GPT.",
    "change_visibility": "Only its owner shares a GPT.",
    "change_members": "Only its owner shares a GPT.",
    "transfer": "Only its owner hands a GPT over.",
    "delete": "Only its owner deletes a GPT.",
    "block": "Only administrators block a GPT.",
}


# --------------------------------------------------------------------------------------- what belongs to one person

OwnedKind = Literal["conversation", "turn", "call", "file", "connection", "grant", "session", "token", "question"]
"""Things that have one owner and are shown to nobody else, administrators included."""

T = TypeVar("T")


def owns(actor: Asking, owner_id: str | None) -> bool:
    return actor.user_id is not None and owner_id is not None and actor.user_id == owner_id


def require_own(actor: Asking, kind: OwnedKind, thing: T | None, owner_id: str | None) -> T:
    """The thing, when it is this person's; NotThere alike for what is another's and what is not (A-01…A-04)."""
    if thing is None or not owns(actor, owner_id):
        raise NotThere(kind)
    return thing


def require_child(kind: OwnedKind, thing: T | None, parent_id: str, wanted_parent_id: str) -> T:
    """A thing named through its parent has to be that parent's: one checked id does not speak for two (A-04, A-05)."""
    if thing is None or parent_id != wanted_parent_id:
        raise NotThere(kind)
    return thing


def require_admin(actor: Asking) -> Asking:
    """For users, providers, domains, health. Others learn nothing of it."""
    if actor.admin and actor.user_id is not None:
        return actor
    raise NotThere("page")


def require_person(actor: Asking) -> str:
    """The id of whoever is signed in. Raises NotAllowed."""
    if actor.user_id is None:
        raise NotAllowed("You are not signed in.", mend="Sign in first.")
    return actor.user_id


# ------------------------------------------------------------------------------------------------------- running turns


def why_not_run(actor: Asking, gpt: GptFacts | None, *, preview: bool) -> str | None:
    """Asked again before each call of a running turn (A-12): None goes on, a sentence says what has changed."""
    right: Right = "preview" if preview else "chat"
    if actor.user_id is not None and gpt is not None and may(actor, right, gpt):
        return None
    return "You may no longer use this GPT; the call was not made."
