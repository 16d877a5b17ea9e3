"""Every table. One description for SQLite and PostgreSQL; migrations bring a database to exactly this.

Times are seconds since the epoch. Structured values are JSON text: written and read whole, never queried into.
A column named `sealed` or `*_sealed` holds the vault's ciphertext, bound to (table, row id, column); tokens and
passwords are stored as hashes only.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_LARGEST = 2**63 - 1


class Str(TypeDecorator[str]):
    """Text that both databases take: PostgreSQL has no NUL, and no encoding has half surrogate pairs.

    Both become U+FFFD, which is seen, and which no id contains: a path with `%00` finds nothing instead of failing.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or value.isascii():
            return value if value is None or "\0" not in value else value.replace("\0", "\ufffd")
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")


class Int(TypeDecorator[int]):
    """64 bits; a number beyond is cut to the largest, which no row has, so that it finds nothing instead of failing."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else max(-_LARGEST, min(_LARGEST, value))


def _id(*more: Any, **options: Any) -> Column[str]:
    return Column("id", Str, *more, primary_key=True, **options)


def _to(name: str, target: str, *, null: bool = False, on_delete: str = "CASCADE", **options: Any) -> Column[Any]:
    return Column(name, Str, ForeignKey(target, ondelete=on_delete), nullable=null, **options)


def _str(name: str, default: str | None = None, **options: Any) -> Column[str]:
    return Column(name, Str, nullable=False, server_default=default, **options)


def _time(name: str, *, null: bool = False, **options: Any) -> Column[float]:
    return Column(name, Double, nullable=null, **options)


def _int(name: str, default: int | None = None, *, null: bool = False, **options: Any) -> Column[int]:
    return Column(name, Int, nullable=null, server_default=None if default is None else text(str(default)), **options)


def _flag(name: str, *, default: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=true() if default else false())


def _maybe(name: str, **options: Any) -> Column[str | None]:
    return Column(name, Str, nullable=True, **options)


# ----------------------------------------------------------------------------------------------------------- accounts

users = Table(
    "users",
    metadata,
    _id(),
    _str("name"),
    _maybe("email", unique=True),  # lower case
    _flag("email_verified"),
    _maybe("password_hash"),  # argon2id, made by the server
    _str("role", "user"),  # user, admin
    _str("state", "active"),  # active, disabled
    _flag("local"),  # the single user of a server on loopback
    _str("locale", "en"),
    _str("preferences", "{}"),
    _time("created_at"),
    _time("updated_at"),
    _time("seen_at", null=True),
    CheckConstraint("role in ('user', 'admin')", name="role"),
    CheckConstraint("state in ('active', 'disabled')", name="state"),
)

identities = Table(
    "identities",
    metadata,
    _str("issuer", primary_key=True),
    _str("subject", primary_key=True),
    _to("user_id", "users.id", index=True),
    _maybe("email"),
    _time("created_at"),
    _time("used_at"),
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    _str("token_hash", unique=True),
    _to("user_id", "users.id", index=True),
    _str("method"),  # link, password, oidc
    _str("user_agent", ""),
    _time("created_at"),
    _time("used_at"),
    _time("expires_at", index=True),
)

one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    _str("token_hash", primary_key=True),
    _str("purpose"),  # login, password_reset, email
    _to("user_id", "users.id", index=True),
    _maybe("email"),  # the address that is confirmed by it
    _time("created_at"),
    _time("expires_at", index=True),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    _str("token_hash", unique=True),
    _maybe("email"),  # None: anybody with the link
    _str("role", "user"),
    _to("created_by", "users.id"),
    _time("created_at"),
    _time("expires_at"),
    _to("accepted_by", "users.id", null=True, on_delete="SET NULL"),
    _time("accepted_at", null=True),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    _id(),
    _str("token_hash", unique=True),
    _to("user_id", "users.id", index=True),
    _str("name"),
    _str("scopes"),
    _str("last_four"),
    _time("created_at"),
    _time("expires_at", null=True),
    _time("used_at", null=True),
)

# --------------------------------------------------------------------------------------------------------------- GPTs

gpts = Table(
    "gpts",
    metadata,
    _id(),
    _to("owner_id", "users.id", index=True),
    _str("visibility", "private"),
    _str("draft"),
    _int("draft_revision", 1),
    _int("published_version", null=True),
    _str("name", ""),  # of the published version, else of the draft: for lists
    _str("description", ""),
    _maybe("category"),
    _maybe("picture_file_id"),
    _flag("blocked"),
    _time("created_at"),
    _time("updated_at"),
    _time("published_at", null=True),
    CheckConstraint("visibility in ('private', 'link', 'public')", name="visibility"),
    Index(None, "visibility", "published_at"),
)

gpt_versions = Table(
    "gpt_versions",
    metadata,
    _to("gpt_id", "gpts.id", primary_key=True),
    _int("number", primary_key=True, autoincrement=False),
    _str("content"),
    _str("note", ""),
    _str("created_by"),
    _time("created_at"),
)

gpt_members = Table(
    "gpt_members",
    metadata,
    _to("gpt_id", "gpts.id", primary_key=True),
    _to("user_id", "users.id", primary_key=True, index=True),
    _str("level"),  # chat, view, edit
    _time("created_at"),
    CheckConstraint("level in ('chat', 'view', 'edit')", name="level"),
)

documents = Table(
    "documents",
    metadata,
    _id(),
    _to("gpt_id", "gpts.id"),
    _str("sha256"),
    Column("content", LargeBinary, nullable=False),  # zlib of the text's bytes
    _int("size"),  # of the text, bytes
    _maybe("source"),  # URL that it came from
    _str("created_by"),
    _time("created_at"),
    UniqueConstraint("gpt_id", "sha256"),
)

actions = Table(
    "actions",
    metadata,
    _id(),
    _to("gpt_id", "gpts.id", index=True),
    _time("created_at"),
)

# -------------------------------------------------------------------------------------- connections, consent, secrets

connections = Table(
    "connections",
    metadata,
    _id(),
    _to("action_id", "actions.id"),
    _to("user_id", "users.id", null=True, index=True),  # None: the action's own
    _str("scheme"),
    _str("kind"),  # api_key, basic, oauth, oauth_client
    _str("origin"),
    _str("binding"),
    _maybe("sealed"),
    _str("hint", ""),  # last four characters of a key
    _str("state", "pending"),  # pending, connected, broken
    _str("account", ""),  # who the provider says is signed in
    _int("version", 0),
    _time("expires_at", null=True),
    _time("created_at"),
    _time("updated_at"),
    _time("used_at", null=True),
    CheckConstraint("state in ('pending', 'connected', 'broken')", name="state"),
    Index(
        "uq_connections_of_user", "action_id", "user_id", "scheme", unique=True,
        sqlite_where=text("user_id IS NOT NULL"), postgresql_where=text("user_id IS NOT NULL"),
    ),
    Index(
        "uq_connections_of_action", "action_id", "scheme", unique=True,
        sqlite_where=text("user_id IS NULL"), postgresql_where=text("user_id IS NULL"),
    ),
)  # fmt: skip

pending_logins = Table(
    "pending_logins",
    metadata,
    _str("key", primary_key=True),
    _str("session_hash"),
    _to("user_id", "users.id", index=True),
    _to("action_id", "actions.id"),
    _maybe("issuer"),
    _flag("iss_required"),
    _str("redirect_uri"),
    _maybe("sealed"),  # the PKCE verifier
    _str("nonce"),
    _str("binding"),
    _time("created_at", index=True),
)

registered_clients = Table(
    "registered_clients",
    metadata,
    _str("key", primary_key=True),
    _str("issuer"),
    _str("client_id"),
    _maybe("sealed"),  # client secret and registration token
    _time("expires_at", null=True),
    _str("facts"),
    _time("created_at"),
)

grants = Table(
    "grants",
    metadata,
    _id(),
    _str("kind"),
    _to("user_id", "users.id"),
    _to("gpt_id", "gpts.id", null=True, index=True),
    _str("action_version"),
    _str("origin"),
    _str("operation", ""),
    _str("fingerprint", ""),
    _str("only_when", "{}"),
    _time("granted_at"),
    _time("expires_at"),
    Index(None, "user_id", "gpt_id", "origin"),
)

# -------------------------------------------------------------------------------------------------------------- chats

conversations = Table(
    "conversations",
    metadata,
    _id(),
    _to("user_id", "users.id"),
    # No foreign keys: a person's conversation outlives the GPT that they talked to.
    _maybe("gpt_id", index=True),
    _int("gpt_version", null=True),  # pinned; None follows the published one
    _flag("preview"),  # talks to the draft
    _str("title", ""),
    _maybe("model"),
    _maybe("head_turn_id"),  # last turn of the branch that is shown
    _int("turns", 0),
    _time("created_at"),
    _time("updated_at"),
    Index(None, "user_id", "updated_at"),
)

turns = Table(
    "turns",
    metadata,
    _id(),
    _to("conversation_id", "conversations.id"),
    _to("user_id", "users.id", index=True),
    _to("parent_turn_id", "turns.id", null=True, index=True),
    _int("number"),  # 1, 2, 3 … in the conversation, over all branches
    _str("kind", "message"),  # message, edit, retry
    _str("state", "queued"),  # queued, running, waiting, finished
    _maybe("outcome"),
    _maybe("lease_owner"),
    _time("lease_until", null=True),
    _int("fencing", 0),
    _int("last_seq", 0),
    _int("open_questions", 0),
    _flag("woken"),  # an answer came while a runner was at it
    _flag("stop_asked"),
    _maybe("gpt_id"),
    _int("gpt_version", null=True),
    _maybe("content"),  # of the draft, as it was when the turn began; versions are immutable and not copied
    _maybe("model"),
    _maybe("force_function"),
    _str("locale", "en"),
    _int("input_tokens", 0),
    _int("output_tokens", 0),
    _int("cached_tokens", 0),
    _time("created_at"),
    _time("started_at", null=True),
    _time("finished_at", null=True),
    CheckConstraint("state in ('queued', 'running', 'waiting', 'finished')", name="state"),
    UniqueConstraint("conversation_id", "number"),
    Index(
        "ix_turns_unfinished", "state", "lease_until",
        sqlite_where=text("state <> 'finished'"), postgresql_where=text("state <> 'finished'"),
    ),
)  # fmt: skip

turn_events = Table(
    "turn_events",
    metadata,
    _to("turn_id", "turns.id", primary_key=True),
    _int("seq", primary_key=True, autoincrement=False),
    _time("at"),
    _str("event"),
)

tool_calls = Table(
    "tool_calls",
    metadata,
    _str("call_id", primary_key=True),
    _to("turn_id", "turns.id", null=True, index=True),
    _to("user_id", "users.id", null=True, index=True),
    _str("digest"),
    _str("state"),
    _str("function", ""),
    _str("origin", ""),
    _str("owner", ""),
    _str("outcome", "{}"),
    _time("at"),
    Index(
        "ix_tool_calls_open", "state",
        sqlite_where=text("state in ('claimed', 'sent')"), postgresql_where=text("state in ('claimed', 'sent')"),
    ),
)  # fmt: skip

approvals = Table(
    "approvals",
    metadata,
    _to("turn_id", "turns.id", primary_key=True),
    _str("call_id", primary_key=True),
    _str("kind", primary_key=True),  # confirmation, sign_in
    _str("digest", primary_key=True),
    _flag("may_always_allow"),
    _time("asked_at"),
    _time("expires_at", null=True),
    _maybe("decision"),
    _maybe("decided_by"),
    _maybe("arguments"),
    _time("decided_at", null=True),
    _int("seq", null=True),  # of the answer's event
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _to("user_id", "users.id", primary_key=True),
    _str("key", primary_key=True),
    _str("fingerprint"),
    _int("status", null=True),  # None: the work goes on
    _maybe("response"),
    _time("created_at"),
    _time("expires_at", index=True),
)

# -------------------------------------------------------------------------------------------------------------- files

files = Table(
    "files",
    metadata,
    _id(),
    _to("owner_id", "users.id", index=True),
    _to("conversation_id", "conversations.id", null=True, index=True),
    _to("gpt_id", "gpts.id", null=True, index=True),
    _str("name"),
    _str("media_type"),
    _int("size"),
    _str("sha256"),
    _str("source"),  # upload, call, generated, knowledge, picture
    Column("content", LargeBinary, nullable=True),  # None: in the data folder, under the id
    _time("created_at"),
)

file_links = Table(
    "file_links",
    metadata,
    _str("token_hash", primary_key=True),
    _to("file_id", "files.id", index=True),
    _time("expires_at", index=True),
)

# ---------------------------------------------------------------------------------------------------- the installation

model_providers = Table(
    "model_providers",
    metadata,
    _id(),
    _str("name", unique=True),
    _str("kind"),
    _maybe("base_url"),
    _maybe("sealed"),
    _str("hint", ""),
    _str("models", "[]"),
    _str("settings", "{}"),
    _flag("enabled", default=True),
    _time("created_at"),
    _time("updated_at"),
)

allowed_domains = Table(
    "allowed_domains",
    metadata,
    _str("purpose", primary_key=True),  # action, sign_up, private_address
    _str("domain", primary_key=True),
    _str("note", ""),
    _str("created_by"),
    _time("created_at"),
)

server_settings = Table(
    "server_settings",
    metadata,
    _str("name", primary_key=True),
    _str("value"),
    _str("updated_by"),
    _time("updated_at"),
)

server_secrets = Table(
    "server_secrets",
    metadata,
    _str("name", primary_key=True),
    _str("sealed"),
    _time("created_at"),
)

vault_keys = Table(
    "vault_keys",
    metadata,
    _str("key_id", primary_key=True),
    _str("sealed"),  # a known text: a wrong key under a known id is found at start
    _time("first_used_at"),
)

locks = Table(
    "locks",
    metadata,
    _str("name", primary_key=True),
    _str("owner"),
    _time("until"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),  # SQLite counts by INTEGER alone
    _time("at", index=True),
    _maybe("user_id", index=True),  # no foreign key: what was done stays known when the person has gone
    _str("what"),
    _str("subject", ""),
    _str("details", "{}"),
)

deletions = Table(
    "deletions",
    metadata,
    _str("kind", primary_key=True),  # user, gpt, conversation, connection, file
    _str("id", primary_key=True),
    _time("at", index=True),
)
"""What was deleted, ids alone: a backup that is restored must not bring it back (THREATS L-10)."""

SEALED: tuple[tuple[Table, str, str], ...] = (
    (connections, "id", "sealed"),
    (pending_logins, "key", "sealed"),
    (registered_clients, "key", "sealed"),
    (model_providers, "id", "sealed"),
    (server_secrets, "name", "sealed"),
)
"""(table, column of the row id, column): what is sealed again when keys rotate; everything that the vault has sealed
but `vault_keys`, where each row stays under its own key."""
