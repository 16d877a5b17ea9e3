"""What a builder makes: a GPT with instructions, starters, capabilities and actions (CANON 2.13, 2.15).

`GptContent` is what is drafted, published and restored as a whole: pydantic models, because the same shape is
stored, sent by the API and imported. Secrets are never part of it (AU-04, AU-05): an action says which
authentication it uses, the vault holds the rest.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Visibility = Literal["private", "link", "public"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoAuthentication(_Shape):
    kind: Literal["none"] = "none"


class KeyAuthentication(_Shape):
    """AU-02, AU-08. The key itself is a connection in the vault."""

    kind: Literal["api_key"] = "api_key"
    form: Literal["basic", "bearer", "custom", "query", "cookie"] = "basic"
    name: str | None = None
    """Header, query or cookie name for `custom`, `query` and `cookie`."""
    owner: Literal["action", "user"] = "action"
    """One key for everybody, or each user's own."""
    instructions: str = ""
    """Shown when a user is asked for their key (M-08)."""


class OAuthAuthentication(_Shape):
    """OA-01. The client secret is in the vault."""

    kind: Literal["oauth"] = "oauth"
    client_id: str = ""
    authorize_url: str = ""
    token_url: str = ""
    scope: str = ""
    token_exchange: Literal["default_post", "basic_auth_header"] = "default_post"  # noqa: S105  # the name of a method
    token_content_type: Literal["form", "json"] = "form"  # noqa: S105  # the name of a format
    pkce: bool = True
    issuer: str | None = None
    iss_required: bool = False
    """The provider promised to name itself in its answers (RFC 9207)."""
    revocation_url: str = ""
    """Asked when a user disconnects (L-10)."""
    extra_authorize: tuple[tuple[str, str], ...] = ()
    """The provider's own parameters, e.g. `access_type=offline`."""
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"


Authentication = Annotated[NoAuthentication | KeyAuthentication | OAuthAuthentication, Field(discriminator="kind")]


class GptAction(_Shape):
    """One document with its authentication and policy, as a GPT uses it."""

    id: str
    """`a-…`; the same in every version of the GPT. Connections, grants and the callback URL hang on it (OA-11)."""
    document_id: str
    """Of the stored, immutable text (SP-05)."""
    base_url: str | None = None
    """In place of the document's servers."""
    authentication: Authentication = Field(default_factory=NoAuthentication)
    disabled_operations: frozenset[str] = frozenset()
    """Function names that are not offered (SP-14)."""
    privacy_policy_url: str | None = None
    compatibility_headers: bool = False
    """Send `openai-*` headers as the original did (MG-04)."""


class Capabilities(_Shape):
    browsing: bool = False
    images: bool = False
    code: bool = False


class GptContent(_Shape):
    """Everything a version holds."""

    name: str = ""
    description: str = ""
    instructions: str = ""
    welcome_message: str = ""
    starters: tuple[str, ...] = ()
    picture_file_id: str | None = None
    knowledge_file_ids: tuple[str, ...] = ()
    capabilities: Capabilities = Field(default_factory=Capabilities)
    actions: tuple[GptAction, ...] = ()
    category: str | None = None
    model: str | None = None
    """Recommended model; None: the server's default."""


class Gpt(_Shape):
    """A GPT as stored: its owner, who may see it, and where its draft and its published version stand."""

    id: str
    """`g-…`, at least 128 random bits (A-11)."""
    owner_id: str
    visibility: Visibility = "private"
    draft: GptContent
    draft_revision: int
    """Grows with each change of the draft; a stale save is refused."""
    published_version: int | None = None
    """Number of the version that users get; None until the first publication."""
    created_at: float
    updated_at: float


class GptVersion(_Shape):
    """Immutable."""

    gpt_id: str
    number: int
    content: GptContent
    created_by: str
    created_at: float
    """Seconds since the epoch."""
