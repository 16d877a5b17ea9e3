"""What the editor's part of the API sends and takes: GPTs, their actions, documents, authentication, connections.

Secrets are input only: no shape that is sent has a place for one (L-01).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from actionry.gpts.gpt import Authentication, Capabilities, GptContent, Visibility
from actionry.server.shapes import Id, Input, ModelName, Shape

Text = Annotated[str, StringConstraints(max_length=200_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000)]
Url = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000)]
DocumentText = Annotated[str, StringConstraints(max_length=64_000_000)]
Revision = Annotated[
    int, Field(ge=0, le=2**53, description="`draft_revision` as you read it; 409 when somebody saved in between.")
]
Scheme = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Level = Literal["chat", "view", "edit", "owner"]

# ----------------------------------------------------------------------------------------------------------- documents


class FindingOut(Shape):
    """One thing that is wrong or doubtful."""

    code: str
    severity: Literal["error", "warning", "info"]
    pointer: str = Field(default="", description="JSON pointer into the document; empty for the whole.")
    line: int | None = None
    column: int | None = None
    message: str
    effect: str = Field(default="", description="What it does to the model or the call.")
    mend: str = Field(default="", description="What to change.")
    fix: str | None = Field(default=None, description="What the automatic fix does; null when a person has to decide.")


class OperationOut(Shape):
    """One row of *Available actions*."""

    name: str = Field(description="Name of the function that a model calls.")
    operation_id: str | None = None
    method: str
    path: str
    summary: str = ""
    asks_first: bool = Field(description="Consequential: a person is asked every time.")
    deprecated: bool = False
    tokens: int | None = Field(default=None, description="What it costs in every request; null when not counted.")
    enabled: bool = True
    server_url: str = ""
    schemes: list[str] = Field(default_factory=list, description="Security schemes that it names.")


class SchemeOut(Shape):
    """A security scheme of the document."""

    name: str
    kind: str
    location: str | None = None
    parameter_name: str | None = None
    http_scheme: str | None = None
    flows: list[str] = Field(default_factory=list)
    description: str = ""


class SuggestionOut(Shape):
    """Authentication as manifest or document describe it; secrets are still to be entered."""

    authentication: Authentication
    source: Literal["manifest", "document", "provider"]
    why: str
    wants: list[str] = Field(default_factory=list, description="Fields that only a person can fill in.")


class ReadingOut(Shape):
    """A document as it was read: what can be called, and what is wrong."""

    ok: bool = Field(description="It could be read, and has operations and a server that may be called.")
    title: str = ""
    description: str = ""
    format: Literal["json", "yaml"] | None = None
    version: str = ""
    server_url: str = ""
    servers: list[str] = Field(default_factory=list, description="All that the document offers; one may be chosen.")
    root_domain: str = ""
    operations: list[OperationOut] = Field(default_factory=list)
    tokens: int = Field(default=0, description="Of all enabled operations together.")
    findings: list[FindingOut] = Field(default_factory=list)
    schemes: list[SchemeOut] = Field(default_factory=list)
    suggestion: SuggestionOut | None = None
    known_provider: str | None = Field(default=None, description="Key of a provider that is known to own the API.")


Profile = Literal["actionry", "openai"]


class CheckIn(Input):
    text: DocumentText
    base_url: Url | None = Field(default=None, description="In place of the document's servers.")
    profile: Profile = Field(default="actionry", description="Whose rules; `openai`: the original's.")


class ImportIn(Input):
    source: DocumentText = Field(description="URL, bare domain, document or plugin manifest.")
    profile: Profile = "actionry"


class GptSuggestionOut(Shape):
    """Fields of a GPT as a plugin manifest has them."""

    name: str = ""
    description: str = ""
    instructions: str = ""
    logo_url: str | None = None
    privacy_policy_url: str | None = None
    contact_email: str = ""


class ImportOut(Shape):
    """What was found, with its text as it would be kept. Nothing is stored yet."""

    text: str
    source_url: str | None = None
    base_url: str | None = Field(default=None, description="Needed with this text: it does not say it itself.")
    reading: ReadingOut
    gpt: GptSuggestionOut | None = None
    manifest_findings: list[FindingOut] = Field(default_factory=list)


class FixIn(Input):
    text: DocumentText
    base_url: Url | None = None
    profile: Profile = "actionry"
    code: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        default=None, description="Only findings of this code; absent: everything that can be fixed."
    )
    pointer: Line | None = Field(default=None, description="Only the finding at this place.")


class FixOut(Shape):
    text: str
    mended: list[FindingOut]
    reading: ReadingOut


class FormatIn(Input):
    text: DocumentText
    to: Literal["same", "json", "yaml"] = "same"


class FormatOut(Shape):
    text: str
    changed: bool
    problem: FindingOut | None = Field(default=None, description="Why it was left as it is.")


class ExampleOut(Shape):
    name: str
    title: str
    format: Literal["json", "yaml"]
    text: str


# ---------------------------------------------------------------------------------------------------------------- GPTs


class GptRow(Shape):
    """A GPT in a list."""

    id: str
    name: str
    description: str
    visibility: Visibility
    published_version: int | None = None
    draft_revision: int
    category: str | None = None
    picture_file_id: str | None = None
    blocked: bool = False
    level: Level = Field(description="What you may do with it.")
    owner_name: str
    updated_at: float


class GptPage(Shape):
    gpts: list[GptRow]
    next: str | None = Field(default=None, description="Give it as `before` for the page after this one.")


class GptIn(Input):
    """All fields may be left out; `source` makes a GPT of an API in one step."""

    name: Line = ""
    description: Line = ""
    instructions: Text = ""
    source: DocumentText | None = Field(
        default=None, description="URL, domain, document or manifest that becomes its first action."
    )


class DraftIn(Input):
    """Fields that are absent stay as they are. Actions have routes of their own."""

    revision: Revision
    name: Line | None = None
    description: Line | None = None
    instructions: Text | None = None
    welcome_message: Line | None = None
    starters: list[Line] | None = Field(default=None, max_length=100)
    picture_file_id: Id | Literal[""] | None = Field(default=None, description="Empty text takes the picture away.")
    knowledge_file_ids: list[Id] | None = Field(default=None, max_length=1000)
    capabilities: Capabilities | None = None
    category: Line | None = Field(default=None, description="One of the editor's; empty text takes it away.")
    model: ModelName | Literal[""] | None = Field(default=None, description="Recommended model; empty text: none.")
    action_order: list[Id] | None = Field(default=None, max_length=1000, description="All action ids, newly ordered.")


class SecretOut(Shape):
    """Whether a secret is stored; never the secret."""

    connection_id: str | None = None
    what: Literal["api_key", "oauth_client", "oauth"]
    scheme: str = Field(default="", description="Security scheme; empty for the action as a whole.")
    set: bool
    hint: str = Field(default="", description="Last four characters of a long key.")
    origin: str = Field(default="", description="The only place it is sent to.")


class ActionRow(Shape):
    """An action in its GPT's settings."""

    id: str
    title: str
    domain: str
    document_id: str
    base_url: str | None = None
    authentication: Authentication
    secrets: list[SecretOut]
    operations: int
    tokens: int
    disabled_operations: list[str]
    privacy_policy_url: str | None = None
    compatibility_headers: bool = False
    callback_url: str
    problem: str | None = Field(default=None, description="Why its document cannot be used now.")


class NeedsOut(Shape):
    """What each way of sharing still needs; empty lists are ready."""

    private: list[str]
    link: list[str]
    public: list[str]


class GptOut(Shape):
    """A GPT with its draft, for those who may see its settings."""

    id: str
    level: Level
    owner_name: str
    visibility: Visibility
    link: str
    draft: GptContent
    draft_revision: int
    published_version: int | None = None
    unpublished_changes: bool
    actions: list[ActionRow]
    needs: NeedsOut
    blocked: bool = False
    notices: list[str] = Field(default_factory=list, description="What a person has to know about this change.")
    created_at: float
    updated_at: float


class AboutAction(Shape):
    title: str
    domain: str
    authentication: Literal["none", "api_key", "oauth"]
    asks_you: bool = Field(description="Each user connects an account or key of their own.")
    privacy_policy_url: str | None = None


class AboutOut(Shape):
    """A GPT's page, for everybody who may talk to it."""

    id: str
    name: str
    description: str
    welcome_message: str = ""
    starters: list[str]
    category: str | None = None
    picture_file_id: str | None = None
    capabilities: Capabilities
    actions: list[AboutAction]
    owner_name: str
    visibility: Visibility
    version: int
    level: Level
    published_at: float | None = None


class PublishIn(Input):
    revision: Revision
    note: Line = ""
    visibility: Visibility | None = Field(default=None, description="Share it this way from now on.")


class RevisionIn(Input):
    revision: Revision


class VisibilityIn(Input):
    visibility: Visibility


class VersionRow(Shape):
    number: int
    name: str
    created_by: str
    by_you: bool
    created_at: float
    published: bool = Field(description="The one that users get.")


class VersionPage(Shape):
    versions: list[VersionRow]


class VersionOut(Shape):
    version: VersionRow
    content: GptContent


class ProviderOut(Shape):
    """A known OAuth provider, to fill in the form."""

    key: str
    name: str
    authorize_url: str
    token_url: str
    token_exchange: Literal["default_post", "basic_auth_header"]
    token_content_type: Literal["form", "json"]
    pkce: bool
    scope_separator: str
    refresh_scope: str
    issuer: str | None = None
    revocation_url: str | None = None
    extra_authorize: list[tuple[str, str]] = Field(default_factory=list)


class LimitsOut(Shape):
    """Null means: no limit."""

    name: int | None
    description: int | None
    instructions: int | None
    welcome_message: int | None
    starters: int
    starter_characters: int
    knowledge_files: int
    document_bytes: int
    actions: int
    operations_warning: int | None


class EditorOut(Shape):
    """What the editor needs to know once."""

    limits: LimitsOut
    categories: list[str]
    providers: list[ProviderOut]
    examples: list[ExampleOut]
    action_domains: list[str] | None = Field(
        default=None, description="Domains that actions may call here, with all below them; null: any."
    )


# ------------------------------------------------------------------------------------------------------------- actions


class NewActionOut(Shape):
    """Known before anything is saved (OA-11)."""

    action_id: str
    callback_url: str


class DocumentIn(Input):
    """Give `text` as it is in the editor, or `source` to fetch or read in one step."""

    revision: Revision
    text: DocumentText | None = None
    source: DocumentText | None = Field(default=None, description="URL, bare domain, document or manifest.")
    source_url: Url | None = Field(default=None, description="Where `text` came from.")
    base_url: Url | None = Field(default=None, description="In place of the document's servers.")


class ActionChange(Input):
    """Fields that are absent stay as they are."""

    revision: Revision
    base_url: Url | None = Field(default=None, description="One server for all calls; empty text: the document's.")
    disabled_operations: list[Annotated[str, StringConstraints(max_length=64)]] | None = Field(
        default=None, max_length=50_000, description="Names of functions that are not offered."
    )
    privacy_policy_url: Url | None = Field(default=None, description="Empty text takes it away.")
    compatibility_headers: bool | None = None


class NoneIn(Input):
    kind: Literal["none"]


class KeyIn(Input):
    """The key is write-only: absent keeps the stored one."""

    kind: Literal["api_key"]
    form: Literal["basic", "bearer", "custom", "query", "cookie"] = "basic"
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] | None = Field(
        default=None, description="Header, query or cookie name for custom, query and cookie."
    )
    owner: Literal["action", "user"] = Field(default="action", description="One key for all, or each user's own.")
    instructions: Line = ""
    key: SecretStr | None = Field(default=None, max_length=20_000)
    encode_basic: bool | None = Field(
        default=None, description="Encode the text for Basic; absent: `user:password` is encoded."
    )


class OAuthIn(Input):
    """The client secret is write-only: absent keeps the stored one."""

    kind: Literal["oauth"]
    client_id: Line = ""
    client_secret: SecretStr | None = Field(default=None, max_length=20_000)
    authorize_url: Url = ""
    token_url: Url = ""
    scope: Line = ""
    token_exchange: Literal["default_post", "basic_auth_header"] = "default_post"  # noqa: S105  # the name of a method
    token_content_type: Literal["form", "json"] = "form"  # noqa: S105  # the name of a format
    pkce: bool = True
    issuer: Url | None = None
    iss_required: bool = False
    revocation_url: Url = ""
    extra_authorize: list[tuple[Line, Line]] = Field(default_factory=list, max_length=20)
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    other_domain_acknowledged: bool = Field(
        default=False, description="You mean these addresses although they are not on the API's root domain."
    )
    register_client: bool = Field(default=False, description="Have the provider at `issuer` give us a client.")


AuthenticationForm = Annotated[NoneIn | KeyIn | OAuthIn, Field(discriminator="kind")]


class AuthenticationIn(Input):
    revision: Revision
    authentication: AuthenticationForm


class SchemeKeyIn(Input):
    key: SecretStr = Field(max_length=20_000)


class DiscoverIn(Input):
    issuer: Url = Field(description="Issuer, bare domain, discovery document, or a known provider's key.")


class DiscoverOut(Shape):
    """The OAuth form as the provider describes itself."""

    authentication: Authentication
    can_register: bool = Field(description="The provider gives out clients by itself.")
    scopes: list[str]


class ActionOut(Shape):
    """An action with its document, as the editor shows it."""

    gpt_id: str
    draft_revision: int
    action: ActionRow
    text: str
    source_url: str | None = None
    reading: ReadingOut
    notices: list[str] = Field(default_factory=list, description="What a person has to know about this change.")
    basic_looks_like: Literal["user:pass", "base64", "opaque"] | None = Field(
        default=None, description="Of a Basic key that was just entered."
    )


class DryRunIn(Input):
    function: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    arguments: dict[str, Any] | Annotated[str, StringConstraints(max_length=400_000)] = Field(
        default_factory=dict, description="As an object, or as the JSON text that a model wrote."
    )


class DryRunOut(Shape):
    """The exact request, secrets as dots. Nothing was sent."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: Any = None
    sentence: str
    credential: str = Field(description="Whose credential goes along; empty: none.")
    asks_first: bool
    may_always_allow: bool
    reasons: list[str]
    curl: str
    missing: str | None = Field(default=None, description="The sign-in or key without which it cannot be sent.")


# --------------------------------------------------------------------------------------------------------- connections


class ConnectionOut(Shape):
    """Your account or key at an API."""

    id: str
    gpt_id: str
    gpt_name: str
    action_id: str
    kind: Literal["api_key", "basic", "oauth", "oauth_client"]
    host: str
    origin: str
    state: Literal["pending", "connected", "broken"]
    account: str = ""
    hint: str = ""
    scope: str = ""
    expires_at: float | None = None
    created_at: float
    used_at: float | None = None


class ConnectionPage(Shape):
    connections: list[ConnectionOut]


class OfferOut(Shape):
    """What you are about to connect: shown before anything is sent anywhere (O-08)."""

    action_id: str
    gpt_id: str
    gpt_name: str
    builder: str
    title: str
    host: str = Field(description="Where your account or key will be used.")
    kind: Literal["oauth", "api_key", "none"]
    sign_in_host: str = Field(default="", description="Where you will sign in.")
    scopes: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    instructions: str = ""
    privacy_policy_url: str | None = None
    connected: bool
    connection_id: str | None = None
    account: str = ""


class StartIn(Input):
    action_id: Id
    preview: bool = Field(default=False, description="For the draft, in the editor.")


class StartOut(Shape):
    url: str = Field(description="Where the browser goes to sign in.")
    offer: OfferOut


class UserKeyIn(Input):
    action_id: Id
    key: SecretStr = Field(max_length=20_000)
    preview: bool = False


class ConnectedOut(Shape):
    connection: ConnectionOut
    resumed: int = Field(description="Waiting calls that now go on.")


class DisconnectedOut(Shape):
    done: bool = True
    revoked: bool = Field(description="The provider was told, and confirmed it.")
