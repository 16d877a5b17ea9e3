"""What the API sends and takes, as pydantic models: the OpenAPI document and the page's types are made of them.

Input shapes refuse what they do not know (O-20: nobody sets `role` by naming it) and cap every text.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from actionry.chat.events import StoredEvent

LONGEST_MESSAGE = 400_000
LONGEST_ARGUMENTS = 400_000


class Shape(BaseModel):
    """Sent by us."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Input(BaseModel):
    """Sent to us."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Id = Annotated[str, StringConstraints(min_length=3, max_length=80, pattern=r"^[A-Za-z0-9_-]+$")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f]+$",
    ),
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Locale = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\S+$")]


class Done(Shape):
    """Nothing more to say."""

    done: bool = True


# --------------------------------------------------------------------------------------------------------------- people


class UserOut(Shape):
    """A person as they see themselves."""

    id: str
    name: str
    email: str | None = None
    role: Literal["user", "admin"] = "user"
    local: bool = Field(default=False, description="The single user of a server on loopback.")
    locale: str = "en"


class OidcWay(Shape):
    name: str = Field(description="What the button says.")


class SignInWays(Shape):
    """How people sign in here."""

    local: bool = Field(description="By the address that `actionry serve` prints.")
    password: bool
    sign_up: Literal["closed", "invitation", "open"]
    oidc: OidcWay | None = None


class SessionOut(Shape):
    """Who is signed in, and what a page needs to go on."""

    user: UserOut | None = None
    csrf_token: str | None = Field(default=None, description="Send it as X-CSRF-Token with every change.")
    ways: SignInWays
    demo_gpt_id: str | None = Field(default=None, description="The TODO demo, where it runs.")
    model: str | None = Field(default=None, description="The model that answers when none is chosen.")
    version: str


class LinkIn(Input):
    token: Token


class SignInIn(Input):
    email: Email
    password: Password


class SignUpIn(Input):
    email: Email
    password: Password
    name: Name
    invitation: Token | None = None


class EmailIn(Input):
    email: Email


class ResetIn(Input):
    token: Token
    password: Password


class OidcStart(Shape):
    url: str = Field(description="Where the browser goes to sign in.")


# ---------------------------------------------------------------------------------------------------------------- chats


class ConversationOut(Shape):
    id: str
    gpt_id: str | None = None
    gpt_version: int | None = Field(default=None, description="Pinned; null follows the published version.")
    preview: bool = Field(default=False, description="It talks to the draft.")
    title: str = ""
    model: str | None = None
    head_turn_id: str | None = Field(default=None, description="The last turn of the branch that is shown.")
    turns: int = 0
    created_at: float
    updated_at: float


class ConversationPage(Shape):
    conversations: list[ConversationOut]
    next: str | None = Field(default=None, description="Give it as `before` for the page after this one.")


class ConversationIn(Input):
    gpt_id: Id | None = None
    preview: bool = False
    title: Title = ""
    model: ModelName | None = None


class ConversationChange(Input):
    title: Title | None = None
    model: ModelName | None = None
    head_turn_id: Id | None = Field(default=None, description="Show the branch that ends there.")


class TurnOut(Shape):
    id: str
    conversation_id: str
    parent_turn_id: str | None = None
    number: int
    kind: str
    state: Literal["queued", "running", "waiting", "finished"]
    outcome: str | None = None
    last_seq: int
    stop_asked: bool = False
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None


class TurnDetail(Shape):
    turn: TurnOut
    events: list[StoredEvent]


class QuestionOut(Shape):
    """A call that waits for its person."""

    turn_id: str
    call_id: str
    kind: Literal["confirmation", "sign_in"]
    digest: str
    may_always_allow: bool
    asked_at: float
    expires_at: float | None = None


class ConversationDetail(Shape):
    conversation: ConversationOut
    turns: list[TurnOut] = Field(description="Of all branches, in the order in which they were sent.")
    questions: list[QuestionOut] = Field(description="What waits for an answer.")


class MessageIn(Input):
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_MESSAGE)]
    file_ids: list[Id] = Field(default_factory=list, max_length=20, description="Files that were uploaded before.")
    parent: Id | None = Field(default=None, description="Turn that it follows; the last one when absent.")
    model: ModelName | None = None
    force_function: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        default=None, description="The model must call this function: the editor's Test."
    )


class EditIn(Input):
    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_MESSAGE)]
    file_ids: list[Id] = Field(default_factory=list, max_length=20)


class AcceptedOut(Shape):
    """The message is stored; its turn runs whether or not anybody watches."""

    turn: TurnOut
    event: StoredEvent
    repeated: bool = Field(description="The same message under the same key was accepted before.")


class AnswerIn(Input):
    """The call is named by id and digest alone: what runs is what was stored and shown."""

    digest: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    decision: Literal["allow", "always_allow", "decline"]
    arguments: Annotated[str, StringConstraints(max_length=LONGEST_ARGUMENTS)] | None = Field(
        default=None, description="JSON text of changed arguments; the call is then proposed anew."
    )


class SignInFinishedIn(Input):
    connected: bool


class AnswerOut(Shape):
    """What was decided; the same for everybody who asks."""

    outcome: str = Field(description="allow, always_allow, decline, connected, not_connected, expired or void.")
    first: bool = Field(description="This very request decided it.")
    call_id: str
    turn_id: str
    at: float
    seq: int | None = Field(default=None, description="Of the answer's event.")


class TraceCall(Shape):
    """One call as it was checked, built, sent and answered; secrets are dots."""

    call_id: str
    function: str
    operation: str | None = None
    host: str | None = None
    consequential: bool = False
    arguments: str
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None
    status: int | None = None
    media_type: str | None = None
    size: int | None = None
    outcome: str
    text: str = Field(description="What the model read.")
    attempts: int = 0
    proposed_at: float
    started_at: float | None = None
    ended_at: float | None = None
    elapsed_ms: int | None = None
    asked_at: float | None = None
    answered_at: float | None = None
    decision: str | None = None


class TraceRound(Shape):
    round: int
    model: str
    offered: list[str]
    started_at: float
    first_text_at: float | None = None
    finished_at: float | None = None
    reason: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    text: str = ""
    calls: list[TraceCall]


class TraceOut(Shape):
    """The view under the hood of one turn."""

    turn: TurnOut
    rounds: list[TraceRound]
    notices: list[str]


# ---------------------------------------------------------------------------------------------------------------- files


class FileOut(Shape):
    id: str
    name: str
    media_type: str
    size: int
    source: str
    conversation_id: str | None = None
    created_at: float


# ------------------------------------------------------------------------------------------------------------- consents


class ConsentOut(Shape):
    """Something that is allowed without a further question."""

    id: str
    kind: Literal["operation", "domain"]
    gpt_id: str | None = None
    origin: str
    operation: str = Field(default="", description="Empty: reads of the domain.")
    granted_at: float
    expires_at: float


class ConsentPage(Shape):
    consents: list[ConsentOut]
