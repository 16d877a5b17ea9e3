"""Changes of a GPT as its editor makes them: fields, actions in the draft, what publishing needs, duplicates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from fastapi import Request

from actionry.actions.action import Action
from actionry.actions.file_names import safe_name
from actionry.credentials.oauth import OAuthSettings
from actionry.errors import ActionryError, DocumentError
from actionry.gpts.gpt import (
    Gpt,
    GptAction,
    GptContent,
    KeyAuthentication,
    NoAuthentication,
    OAuthAuthentication,
    Visibility,
)
from actionry.http import origin_of
from actionry.limits import ACTIONRY, EDITOR_LIMITS
from actionry.manifest import Manifest
from actionry.openapi.gpt_rules import Publication, lint_publication
from actionry.server.deps import Identity
from actionry.server.documents import Documents, Loaded, refusal
from actionry.server.problems import FieldProblem, ProblemError, field_problem, not_found, problem_of
from actionry.server.services import Services
from actionry.server.shapes_gpts import (
    ActionRow,
    DraftIn,
    GptOut,
    GptSuggestionOut,
    NeedsOut,
    SecretOut,
)
from actionry.storage.connections import StoredConnection
from actionry.storage.gpts import GptCard

CATEGORIES = (
    "writing",
    "productivity",
    "research",
    "education",
    "lifestyle",
    "programming",
    "pictures",
    "business",
    "travel",
    "other",
)
DEFAULT_SCHEME = ""
"""Under which the key or sign-in of an action as a whole is kept."""
CLIENT_SCHEME = "oauth client"
"""Under which the OAuth client's secret is kept."""

_PLAIN_TEXTS: tuple[tuple[str, int | None], ...] = (
    ("name", ACTIONRY.gpt_name),
    ("description", ACTIONRY.gpt_description),
    ("instructions", ACTIONRY.instructions),
    ("welcome_message", ACTIONRY.welcome_message),
)


def documents_of(request: Request) -> Documents:
    """The server's reader of documents; made on first use."""
    state = request.app.state
    found: Documents | None = getattr(state, "documents", None)
    services: Services = state.services
    if found is None or found.outbound is not services.outbound:
        found = state.documents = Documents(services.outbound, max_bytes=services.settings.max_document_bytes)
    return found


def callback_url(services: Services, action_id: str) -> str:
    """Each action's own, so that no code of one is good for another (O-07, OA-11)."""
    return f"{services.settings.public_url}/aip/{action_id}/oauth/callback"


async def action_domains(services: Services) -> tuple[str, ...] | None:
    """That actions may call (SV-05); None while an administrator has named none."""
    found = await services.storage.settings.domains("action")
    return tuple(each.domain for each in found) if found else None


def origin_of_action(action: Action) -> str:
    """Where its credentials belong: the origin of most operations, the first of equals; "" without a server."""
    origins = Counter(filter(None, (_origin(operation.server_url) for operation in action.operations)))
    return origins.most_common(1)[0][0] if origins else ""


def _origin(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError:
        return ""


def place_of(origin: str) -> str:
    """As people read it: the host, with its port where that is not the scheme's own."""
    parts = urlsplit(origin)
    host = parts.hostname or ""
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"


def host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


# ------------------------------------------------------------------------------------------------------- the one gate


async def require_gpt(services: Services, identity: Identity, gpt_id: str) -> tuple[GptCard, Gpt]:
    """For those who may see its settings; 404 for everybody else."""
    card = await services.storage.gpts.card(identity, gpt_id)
    gpt = await services.storage.gpts.draft(identity, gpt_id) if card is not None else None
    if card is None or gpt is None:
        raise not_found("GPT")
    return card, gpt


async def require_editor(services: Services, identity: Identity, gpt_id: str) -> tuple[GptCard, Gpt]:
    """For those who may edit it: asked before work is begun, and again by storage when it is saved."""
    card, gpt = await require_gpt(services, identity, gpt_id)
    if card.level not in ("edit", "owner"):
        raise not_found("GPT")
    return card, gpt


async def require_action(services: Services, identity: Identity, gpt_id: str, action_id: str) -> None:
    """The action is this very GPT's (A-04)."""
    place = await services.storage.gpts.action(identity, action_id)
    if place is None or place.gpt_id != gpt_id:
        raise not_found("action")


def action_in(content: GptContent, action_id: str) -> GptAction:
    found = next((action for action in content.actions if action.id == action_id), None)
    if found is None:
        raise not_found("action in the draft")
    return found


def check_revision(gpt: Gpt, revision: int) -> None:
    """Before anything else is changed; storage compares once more when it saves."""
    if gpt.draft_revision != revision:
        raise ProblemError(
            409, "conflict",
            f"Somebody has changed the draft in between (it is revision {gpt.draft_revision} now). "
            "Load it again, and repeat your change.", whose_turn="user",
        )  # fmt: skip


@contextmanager
def naming(field: str) -> Iterator[None]:
    """What is refused inside names this field of the body; a document's place goes along."""
    try:
        yield
    except ActionryError as error:
        known = problem_of(error)
        problem = known.problem
        if problem.status != 422 or problem.errors:
            raise
        places = {}
        if isinstance(error, DocumentError):
            places = {"finding": error.code, "line": error.line, "column": error.column}
        raise ProblemError(
            problem.status,
            problem.code,
            problem.detail,
            errors=[FieldProblem(location="body", pointer=f"/{field}", message=error.message)],
            whose_turn=problem.whose_turn,
            may_retry=problem.may_retry,
            extra={name: value for name, value in places.items() if value},
        ) from None


# -------------------------------------------------------------------------------------------------------------- fields


def check_fields(content: GptContent) -> None:
    """GE-03: the limits stand in the error."""
    for name, limit in _PLAIN_TEXTS:
        length = len(getattr(content, name))
        if limit is not None and length > limit:
            raise field_problem(name, f"It has {length:,} characters; {limit:,} are allowed.")
    limits = EDITOR_LIMITS
    if len(content.starters) > limits.starters:
        raise field_problem("starters", f"There are {len(content.starters)}; {limits.starters} are allowed.")
    for index, starter in enumerate(content.starters):
        if len(starter) > limits.starter_characters:
            raise field_problem(
                f"starters/{index}", f"It has {len(starter):,} characters; {limits.starter_characters:,} are allowed."
            )
    if len(content.knowledge_file_ids) > limits.knowledge_files:
        raise field_problem("knowledge_file_ids", f"At most {limits.knowledge_files} files are allowed.")
    if content.category is not None and content.category not in CATEGORIES:
        raise field_problem("category", f"Choose one of {', '.join(CATEGORIES)}.")


def with_fields(content: GptContent, given: DraftIn) -> GptContent:
    """The draft with the fields that were given (GB-02). Raises ProblemError."""
    changes: dict[str, Any] = {
        name: getattr(given, name)
        for name in ("name", "description", "instructions", "welcome_message", "capabilities")
        if getattr(given, name) is not None
    }
    if given.starters is not None:
        changes["starters"] = tuple(starter for starter in given.starters if starter)
    if given.knowledge_file_ids is not None:
        changes["knowledge_file_ids"] = tuple(dict.fromkeys(given.knowledge_file_ids))
    for name in ("picture_file_id", "category", "model"):
        value = getattr(given, name)
        if value is not None:
            changes[name] = value or None
    if given.action_order is not None:
        changes["actions"] = _ordered(content.actions, given.action_order)
    changed = content.model_copy(update=changes)
    check_fields(changed)
    return changed


def _ordered(actions: tuple[GptAction, ...], ids: list[str]) -> tuple[GptAction, ...]:
    by_id = {action.id: action for action in actions}
    if sorted(by_id) != sorted(ids):
        raise field_problem("action_order", "Name every action of the draft once.")
    return tuple(by_id[action_id] for action_id in ids)


def with_action(content: GptContent, action: GptAction) -> GptContent:
    """The draft with this action in its place, or at the end."""
    if any(each.id == action.id for each in content.actions):
        actions = tuple(action if each.id == action.id else each for each in content.actions)
    else:
        if len(content.actions) >= EDITOR_LIMITS.actions:
            raise ProblemError(
                409, "too_many_actions", f"A GPT has at most {EDITOR_LIMITS.actions} actions.", whose_turn="user"
            )
        actions = (*content.actions, action)
    return content.model_copy(update={"actions": actions})


def check_policy_url(url: str) -> str | None:
    """ST-03: a syntactically valid web address; None for an empty text."""
    if not url:
        return None
    host = host_of(url)
    if not url.lower().startswith(("https://", "http://")) or not host or any(c.isspace() or c in '<>"' for c in url):
        raise field_problem("privacy_policy_url", "Give a full address such as https://example.com/privacy.")
    return url


def check_server(documents: Documents, url: str, domains: tuple[str, ...] | None, name: str) -> None:
    """S-01: what can never be called is refused when it is saved. Raises ProblemError."""
    refused = refusal(documents.outbound, url, domains)
    if refused is not None:
        raise ProblemError(
            422, "address_refused", str(refused), whose_turn=refused.told_to,
            errors=[FieldProblem(location="body", pointer=f"/{name}", message=refused.message)],
        )  # fmt: skip


def check_base_url(documents: Documents, url: str, domains: tuple[str, ...] | None) -> str | None:
    """None for an empty text."""
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme.lower() not in ("http", "https") or not host_of(url) or parts.query or parts.fragment:
        raise field_problem("base_url", "Give a server's address such as https://api.example.com/v1.")
    if "@" in parts.netloc:
        raise field_problem("base_url", "It holds a user name or password; enter those under Authentication.")
    check_server(documents, url, domains, "base_url")
    return url.rstrip("/")


# ---------------------------------------------------------------------------------------------------------- publishing


def needs_of(content: GptContent, visibility: Visibility, problems: list[str]) -> list[str]:
    """E20 (ST-03, ST-04): what stands between this content and its readers; `problems` are the actions' own."""
    shared = visibility != "private"
    publication = Publication(
        name=content.name,
        description=content.description,
        instructions=content.instructions,
        welcome_message=content.welcome_message,
        category=content.category,
        privacy_policy_urls=[action.privacy_policy_url for action in content.actions] if shared else [],
        is_public=visibility == "public",
    )
    return [finding.message for finding in lint_publication(publication, ACTIONRY)] + problems


def unready(what: str, needs: list[str]) -> ProblemError:
    return ProblemError(
        422, "not_ready", f"{what} needs this first: " + " ".join(needs), whose_turn="builder",
        errors=[FieldProblem(location="body", pointer="", message=need) for need in needs],
    )  # fmt: skip


# -------------------------------------------------------------------------------------------------------- what is shown


@dataclass(slots=True)
class Shelf:
    """The documents of one GPT, as its editors read them."""

    services: Services
    documents: Documents
    identity: Identity
    gpt_id: str

    async def text(self, document_id: str) -> tuple[str, str | None]:
        """(text, where it came from). Raises ProblemError 404."""
        found = await self.services.storage.gpts.document(self.identity, self.gpt_id, document_id)
        if found is None:
            raise not_found("document")
        return found[1].decode("utf-8", "replace"), found[0].source

    async def load(self, action: GptAction) -> Loaded:
        text, source = await self.text(action.document_id)
        loaded = await self.documents.read(text, base_url=action.base_url)
        loaded.source_url = source
        return loaded

    async def try_load(self, action: GptAction) -> Loaded | str:
        """What is wrong with it, when it cannot be read."""
        try:
            return await self.load(action)
        except DocumentError as error:
            return str(error)

    async def origin(self, action: GptAction | None) -> str:
        """Where its credentials belong; "" when that is not known."""
        if action is None:
            return ""
        loaded = await self.try_load(action)
        return "" if isinstance(loaded, str) else origin_of_action(loaded.action)


async def secrets_of(services: Services, identity: Identity, action: GptAction, origin: str) -> list[SecretOut]:
    """What is stored for this action, as far as this person may know (L-01)."""
    found = await services.storage.connections.of_action(identity, action.id)
    rows = [_secret(row, origin) for row in found if row.user_id is None]
    match action.authentication:
        case KeyAuthentication(owner="action") if not any(
            row.what == "api_key" and row.scheme == DEFAULT_SCHEME for row in rows
        ):
            rows.append(SecretOut(what="api_key", set=False, origin=origin))
        case OAuthAuthentication() if not any(row.what == "oauth_client" for row in rows):
            rows.append(SecretOut(what="oauth_client", scheme=CLIENT_SCHEME, set=False, origin=origin))
    return rows


def _secret(row: StoredConnection, origin: str) -> SecretOut:
    """One that was saved for another host is not set: it never goes to this one (R-12, R-14)."""
    what: Literal["api_key", "oauth_client", "oauth"] = "api_key" if row.kind == "basic" else row.kind
    return SecretOut(
        connection_id=row.id, what=what, scheme=row.scheme, set=row.state == "connected" and row.origin == origin,
        hint=row.hint, origin=row.origin,
    )  # fmt: skip


async def action_row(services: Services, identity: Identity, action: GptAction, loaded: Loaded | str) -> ActionRow:
    origin = "" if isinstance(loaded, str) else origin_of_action(loaded.action)
    enabled = (
        []
        if isinstance(loaded, str)
        else [f for f in loaded.action.functions if f.name not in action.disabled_operations]
    )
    tokens = 0 if isinstance(loaded, str) else sum(loaded.tokens.get(function.name, 0) for function in enabled)
    return ActionRow(
        id=action.id,
        title="" if isinstance(loaded, str) else loaded.action.title,
        domain=place_of(origin),
        document_id=action.document_id,
        base_url=action.base_url,
        authentication=action.authentication,
        secrets=await secrets_of(services, identity, action, origin),
        operations=len(enabled),
        tokens=tokens,
        disabled_operations=sorted(action.disabled_operations),
        privacy_policy_url=action.privacy_policy_url,
        compatibility_headers=action.compatibility_headers,
        callback_url=callback_url(services, action.id),
        problem=loaded if isinstance(loaded, str) else None,
    )


async def show_gpt(
    services: Services, documents: Documents, identity: Identity, gpt_id: str, *, notices: list[str] | None = None
) -> GptOut:
    """A GPT as its editor sees it."""
    card, gpt = await require_gpt(services, identity, gpt_id)
    shelf = Shelf(services, documents, identity, gpt_id)
    rows = [await action_row(services, identity, action, await shelf.try_load(action)) for action in gpt.draft.actions]
    published = (
        await services.storage.gpts.version(identity, gpt_id, gpt.published_version)
        if gpt.published_version is not None
        else None
    )
    problems = [f"Action {row.title or row.id}: {row.problem}" for row in rows if row.problem is not None]
    return GptOut(
        id=gpt.id,
        level=card.level,
        owner_name=card.owner_name,
        visibility=gpt.visibility,
        link=f"{services.settings.public_url}/g/{gpt.id}",
        draft=gpt.draft,
        draft_revision=gpt.draft_revision,
        published_version=gpt.published_version,
        unpublished_changes=published is None or published.content != gpt.draft,
        actions=rows,
        needs=NeedsOut(
            private=needs_of(gpt.draft, "private", problems),
            link=needs_of(gpt.draft, "link", problems),
            public=needs_of(gpt.draft, "public", problems),
        ),
        blocked=card.blocked,
        notices=notices or [],
        created_at=gpt.created_at,
        updated_at=gpt.updated_at,
    )


def gpt_suggestion(manifest: Manifest) -> GptSuggestionOut:
    """MG-01: the manifest's fields as a GPT's."""
    return GptSuggestionOut(
        name=_cut(manifest.name_for_human, ACTIONRY.gpt_name),
        description=_cut(manifest.description_for_human, ACTIONRY.gpt_description),
        instructions=_cut(manifest.description_for_model, ACTIONRY.instructions),
        logo_url=manifest.logo_link if (manifest.logo_link or "").startswith("http") else None,
        privacy_policy_url=manifest.policy_link,
        contact_email=manifest.contact_email[:254],
    )


def _cut(text: str, limit: int | None) -> str:
    text = text.strip()
    return text if limit is None or len(text) <= limit else text[: limit - 1].rstrip() + "…"


def title_as_name(title: str) -> str:
    return _cut(" ".join(title.split()), ACTIONRY.gpt_name)


# ------------------------------------------------------------------------------------------- what a change detaches


async def detach(
    services: Services,
    identity: Identity,
    shelf: Shelf,
    before: GptAction,
    after: GptAction,
    published: GptContent | None,
) -> list[str]:
    """R-14: after a change of host or OAuth addresses what was saved for others is deleted, and it is said.

    While the published version still calls the old host, its users' sign-ins stay until the change is published: to
    the new host they are never sent, because each is bound to the origin that it was saved for.
    """
    old_origin, new_origin = await shelf.origin(before), await shelf.origin(after)
    old_binding, new_binding = binding_of(before, old_origin), binding_of(after, new_origin)
    if old_origin == new_origin and old_binding == new_binding:
        return []
    if not new_origin:
        return []
    users = next((action for action in published.actions if action.id == after.id), None) if published else None
    if users is not None and (await shelf.origin(users), binding_of(users, await shelf.origin(users))) == (
        old_origin,
        old_binding,
    ):
        return [_moved(old_origin, new_origin, "They stay with the published version until you publish this change.")]
    gone = await services.storage.connections.detach_moved(
        identity, after.id, origin=new_origin, binding=new_binding or ""
    )
    if gone == 0:
        return []
    return [
        _moved(
            old_origin,
            new_origin,
            f"{gone} stored {'key or sign-in was' if gone == 1 else 'keys and sign-ins were'} deleted.",
        )
    ]


def _moved(old: str, new: str, then: str) -> str:
    if old != new:
        return (
            f"The server is now {place_of(new)} instead of {place_of(old)}: keys and sign-ins for the old one are "
            f"never sent to the new one. Enter them again, and users connect again. {then}"
        )
    return f"The OAuth addresses or the client changed: users sign in again. {then}"


def binding_of(action: GptAction, origin: str) -> str | None:
    """What sign-ins through this action are bound to; None when there are none."""
    auth = action.authentication
    if not isinstance(auth, OAuthAuthentication) or not origin:
        return None
    try:
        return oauth_settings(auth).binding(origin)
    except ActionryError:
        return None


def oauth_settings(auth: OAuthAuthentication, client_secret: Any = None) -> OAuthSettings:
    """Raises OAuthError for an incomplete form."""
    return OAuthSettings(
        client_id=auth.client_id,
        client_secret=client_secret,
        authorize_url=auth.authorize_url,
        token_url=auth.token_url,
        scope=auth.scope,
        token_exchange=auth.token_exchange,
        token_content_type=auth.token_content_type,
        grant=auth.grant,
        pkce=auth.pkce,
        issuer=auth.issuer,
        iss_required=auth.iss_required,
        revocation_url=auth.revocation_url or None,
        extra_authorize=dict(auth.extra_authorize),
    )


# ---------------------------------------------------------------------------------------------------------- duplicates


async def duplicate(services: Services, identity: Identity, gpt_id: str) -> tuple[Gpt, list[str]]:
    """A private copy of the draft, with its documents and files and without any secret (GE-09, L-01)."""
    _, original = await require_gpt(services, identity, gpt_id)
    gpts = services.storage.gpts
    content, notices = original.draft, []
    name = _cut(content.name, (ACTIONRY.gpt_name or 200) - 7)
    made = await gpts.create(identity, GptContent(name=f"{name} (copy)".strip()))
    actions: list[GptAction] = []
    for action in content.actions:
        found = await gpts.document(identity, gpt_id, action.document_id)
        if found is None:
            continue
        stored = await gpts.add_document(identity, made.id, found[1], source=found[0].source)
        new_id = await gpts.add_action(identity, made.id)
        actions.append(action.model_copy(update={"id": new_id, "document_id": stored.id}))
        if not isinstance(action.authentication, NoAuthentication):
            notices.append(f"Keys are never copied: enter them for {host_of(action.base_url or '') or 'the action'}.")
    picture = await _copy_file(services, identity, made.id, content.picture_file_id)
    copies = [await _copy_file(services, identity, made.id, file_id) for file_id in content.knowledge_file_ids]
    knowledge = tuple(file_id for file_id in copies if file_id is not None)
    if len(knowledge) < len(content.knowledge_file_ids):
        notices.append("Some knowledge files could not be copied; upload them again.")
    changed = content.model_copy(
        update={
            "name": made.draft.name,
            "actions": tuple(actions),
            "picture_file_id": picture,
            "knowledge_file_ids": knowledge,
        }
    )
    saved = await gpts.save_draft(identity, made.id, changed, expected_revision=made.draft_revision)
    return saved, list(dict.fromkeys(notices))


async def _copy_file(services: Services, identity: Identity, gpt_id: str, file_id: str | None) -> str | None:
    """A file belongs to one GPT, so a copy has its own."""
    if file_id is None:
        return None
    found = await services.storage.files.read(identity, file_id)
    info = await services.storage.files.find(identity, file_id)
    if found is None or info is None:
        return None
    added = await services.storage.files.add(
        identity, found.content, name=safe_name(info.name), media_type=info.media_type, source=info.source,
        gpt_id=gpt_id,
    )  # fmt: skip
    return added.id
