"""Actions of a GPT: documents in and mended, operations on and off, authentication, and the exact request of a test.

What these routes answer never holds a secret; they are fields that can be written only (L-01).
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter

from actionry.actions.action import Action
from actionry.actions.call import Caller
from actionry.actions.proposal import Identity as CallIdentity
from actionry.credentials.attach import attach
from actionry.credentials.choice import Credentials
from actionry.credentials.oauth import (
    OAuthSettings,
    Registrar,
    ServerMetadata,
    discover_flow,
    drive,
    find_provider,
)
from actionry.credentials.schemes import NoCredential, basic_value
from actionry.credentials.secret import Secret
from actionry.errors import DocumentError, LoginNeeded
from actionry.gpts.gpt import (
    Authentication,
    Gpt,
    GptAction,
    GptContent,
    KeyAuthentication,
    NoAuthentication,
    OAuthAuthentication,
)
from actionry.http import Request
from actionry.server.connecting import (
    ROBOT_SCHEME,
    Connecting,
    check_key,
    client_binding,
    needs_acknowledgement,
)
from actionry.server.deps import Builder, Identity, Use
from actionry.server.documents import (
    Documents,
    Loaded,
    Surroundings,
    finding_out,
    report,
    unreadable,
    unreadable_reading,
)
from actionry.server.gpt_editing import (
    CLIENT_SCHEME,
    DEFAULT_SCHEME,
    Shelf,
    action_domains,
    action_in,
    action_row,
    callback_url,
    check_base_url,
    check_policy_url,
    check_revision,
    check_server,
    detach,
    gpt_suggestion,
    naming,
    oauth_settings,
    origin_of_action,
    require_action,
    require_editor,
    require_gpt,
    show_gpt,
    with_action,
)
from actionry.server.problems import FieldProblem, ProblemError, documented, field_problem
from actionry.server.routes.gpts import Connects, GptId, Reader
from actionry.server.security import require_rate
from actionry.server.services import Services
from actionry.server.shapes_gpts import (
    ActionChange,
    ActionOut,
    AuthenticationIn,
    CheckIn,
    DiscoverIn,
    DiscoverOut,
    DocumentIn,
    DryRunIn,
    DryRunOut,
    FixIn,
    FixOut,
    FormatIn,
    FormatOut,
    GptOut,
    ImportIn,
    ImportOut,
    KeyIn,
    NewActionOut,
    NoneIn,
    OAuthIn,
    Profile,
    ReadingOut,
    SchemeKeyIn,
)
from actionry.server.suggesting import with_provider

router = APIRouter(prefix="/api/v1", tags=["build"])

ActionId = Annotated[str, PathParameter(max_length=100, description="Id of the action.")]
READS_PER_MINUTE = 120
"""Of one person: a check a second after each key, and some."""
ROW = "/gpts/{gpt_id}/actions/{action_id}"

# ----------------------------------------------------------------------------------------------------------- documents


@router.post("/actions/documents/check", operation_id="checkDocument", responses=documented(401, 422, 429))
async def check_document(body: CheckIn, identity: Builder, services: Use, documents: Reader) -> ReadingOut:
    """Read a document: operations, tokens, security, and what is wrong with it. Nothing is stored."""
    _count(services, identity)
    return await _reading(services, documents, body.text, body.base_url or None, body.profile)


@router.post("/actions/documents/import", operation_id="importDocument", responses=documented(401, 422, 429, 502, 504))
async def import_document(body: ImportIn, identity: Builder, services: Use, documents: Reader) -> ImportOut:
    """Find a document: by URL, bare domain or plugin manifest, or in the given text. Nothing is stored."""
    _count(services, identity)
    with naming("source"):
        loaded = await documents.find(body.source)
    around = Surroundings(profile=body.profile, domains=await action_domains(services))
    manifest = loaded.manifest
    return ImportOut(
        text=await _formatted(documents, loaded),
        source_url=loaded.source_url,
        base_url=loaded.base_url,
        reading=await report(documents, loaded, around),
        gpt=gpt_suggestion(manifest) if manifest is not None else None,
        manifest_findings=[finding_out(finding) for finding in manifest.findings] if manifest is not None else [],
    )


@router.post("/actions/documents/fix", operation_id="fixDocument", responses=documented(401, 422, 429))
async def fix_document(body: FixIn, identity: Builder, services: Use, documents: Reader) -> FixOut:
    """Write the document anew with one automatic fix, or with all of them."""
    _count(services, identity)
    with naming("text"):
        text, mended = await documents.fix(
            body.text, base_url=body.base_url or None, profile=body.profile, code=body.code, pointer=body.pointer
        )
    reading = await _reading(services, documents, text, body.base_url or None, body.profile)
    return FixOut(text=text, mended=[finding_out(finding) for finding in mended], reading=reading)


@router.post("/actions/documents/format", operation_id="formatDocument", responses=documented(401, 422, 429))
async def format_document(body: FormatIn, identity: Builder, services: Use, documents: Reader) -> FormatOut:
    """Two spaces, YAML at 120 columns; what cannot be parsed is left untouched."""
    _count(services, identity)
    try:
        text = await documents.format(body.text, body.to)
    except DocumentError as error:
        return FormatOut(text=body.text, changed=False, problem=finding_out(unreadable(error)))
    return FormatOut(text=text, changed=text != body.text)


@router.post("/actions/sign-in/discover", operation_id="discoverSignIn", responses=documented(400, 401, 422, 502, 504))
async def discover_sign_in(body: DiscoverIn, identity: Builder, services: Use, connecting: Connects) -> DiscoverOut:
    """Fill in the OAuth form from a provider's discovery document, or for a known provider."""
    _count(services, identity)
    known = find_provider(body.issuer)
    if known is not None and "/.well-known/" not in body.issuer:
        return DiscoverOut(authentication=with_provider(OAuthAuthentication(), known), can_register=False, scopes=[])
    with naming("issuer"):
        metadata = await drive(discover_flow(body.issuer), connecting.door)
    return DiscoverOut(
        authentication=_from_metadata(OAuthAuthentication(), metadata),
        can_register=metadata.registration_endpoint is not None,
        scopes=list(metadata.scopes_supported[:200]),
    )


# ------------------------------------------------------------------------------------------------------------- actions


@router.post("/gpts/{gpt_id}/actions", operation_id="createAction", status_code=201, responses=documented(401, 404))
async def create_action(gpt_id: GptId, identity: Builder, services: Use) -> NewActionOut:
    """A new action's id and callback URL, known before anything is saved. A document makes it part of the draft."""
    await require_editor(services, identity, gpt_id)
    action_id = await services.storage.gpts.add_action(identity, gpt_id)
    return NewActionOut(action_id=action_id, callback_url=callback_url(services, action_id))


@router.get(ROW, operation_id="getAction", responses=documented(401, 404, 422))
async def get_action(
    gpt_id: GptId,
    action_id: ActionId,
    identity: Builder,
    services: Use,
    documents: Reader,
    profile: Annotated[Profile, Query(description="Whose rules the findings follow.")] = "actionry",
) -> ActionOut:
    """An action of the draft: its document, operations, findings and settings. Secrets are only said to be set."""
    return await _show(services, documents, identity, gpt_id, action_id, profile=profile)


@router.put(f"{ROW}/document", operation_id="saveDocument", responses=documented(401, 404, 409, 422, 429, 502, 504))
async def save_document(
    gpt_id: GptId, action_id: ActionId, body: DocumentIn, identity: Builder, services: Use, documents: Reader
) -> ActionOut:
    """Keep a document, as another version, and make it the action's in the draft."""
    _count(services, identity)
    _, gpt = await require_editor(services, identity, gpt_id)
    await require_action(services, identity, gpt_id, action_id)
    check_revision(gpt, body.revision)
    before = next((action for action in gpt.draft.actions if action.id == action_id), None)
    loaded = await _given(services, documents, body, before)
    text = await _formatted(documents, loaded) if body.source else loaded.text
    stored = await services.storage.gpts.add_document(
        identity, gpt_id, text.encode("utf-8", "replace"), source=loaded.source_url
    )
    action = _with_document(before, action_id, stored.id, loaded)
    return await _save(services, documents, identity, gpt, before, action)


@router.patch(ROW, operation_id="changeAction", responses=documented(401, 404, 409, 422))
async def change_action(
    gpt_id: GptId, action_id: ActionId, body: ActionChange, identity: Builder, services: Use, documents: Reader
) -> ActionOut:
    """Choose a server, switch operations on and off, name the privacy policy."""
    _, gpt = await require_editor(services, identity, gpt_id)
    check_revision(gpt, body.revision)
    before = action_in(gpt.draft, action_id)
    changes: dict[str, Any] = {}
    if body.base_url is not None:
        changes["base_url"] = check_base_url(documents, body.base_url, await action_domains(services))
    if body.disabled_operations is not None:
        changes["disabled_operations"] = await _existing(services, documents, identity, gpt, before, body)
    if body.privacy_policy_url is not None:
        changes["privacy_policy_url"] = check_policy_url(body.privacy_policy_url)
    if body.compatibility_headers is not None:
        changes["compatibility_headers"] = body.compatibility_headers
    return await _save(services, documents, identity, gpt, before, before.model_copy(update=changes))


@router.put(
    f"{ROW}/authentication", operation_id="saveAuthentication", responses=documented(400, 401, 404, 409, 422, 502)
)
async def save_authentication(
    gpt_id: GptId,
    action_id: ActionId,
    body: AuthenticationIn,
    identity: Builder,
    services: Use,
    documents: Reader,
    connecting: Connects,
) -> ActionOut:
    """Say how calls are authenticated. Keys and secrets are kept sealed and never sent back."""
    _, gpt = await require_editor(services, identity, gpt_id)
    check_revision(gpt, body.revision)
    before = action_in(gpt.draft, action_id)
    origin = await Shelf(services, documents, identity, gpt_id).origin(before)
    callback = callback_url(services, action_id)
    looks: Any = None
    secret: Secret | None = None
    match body.authentication:
        case NoneIn():
            authentication: Authentication = NoAuthentication()
        case KeyIn() as form:
            with naming("authentication"):
                authentication, secret, looks = _key_form(form, origin)
        case OAuthIn() as form:
            with naming("authentication"):
                authentication, secret = await _oauth_form(connecting, documents, form, origin, callback)
    action = before.model_copy(update={"authentication": authentication})
    shown = await _save(services, documents, identity, gpt, before, action)
    await _keep_secret(services, identity, action, origin, secret)
    await services.storage.audit.write(identity, "action.authentication", subject=action_id, kind=authentication.kind)
    shown = await _show(services, documents, identity, gpt_id, action_id, notices=shown.notices)
    return shown.model_copy(update={"basic_looks_like": looks})


@router.put(f"{ROW}/keys/{{scheme}}", operation_id="saveSchemeKey", responses=documented(401, 404, 409, 422))
async def save_scheme_key(
    gpt_id: GptId,
    action_id: ActionId,
    scheme: Annotated[str, PathParameter(min_length=1, max_length=200, description="A security scheme's name.")],
    body: SchemeKeyIn,
    identity: Builder,
    services: Use,
    documents: Reader,
) -> ActionOut:
    """A key for one security scheme, where operations need several or choose among them."""
    _, gpt = await require_editor(services, identity, gpt_id)
    action = action_in(gpt.draft, action_id)
    loaded = await Shelf(services, documents, identity, gpt_id).load(action)
    if scheme not in loaded.action.security_schemes or scheme in (CLIENT_SCHEME, ROBOT_SCHEME):
        names = ", ".join(f"`{name}`" for name in list(loaded.action.security_schemes)[:20]) or "none"
        raise field_problem("scheme", f"The document has these schemes: {names}.", location="path")
    origin = _require_origin(origin_of_action(loaded.action))
    key = Secret(body.key.get_secret_value())
    with naming("key"):
        check_key(KeyAuthentication(form="bearer"), key)
    await services.storage.connections.put_key(identity, action_id, scheme, key, origin=origin, for_everyone=True)
    return await _show(services, documents, identity, gpt_id, action_id)


@router.delete(ROW, operation_id="removeAction", responses=documented(401, 404, 409, 422))
async def remove_action(
    gpt_id: GptId,
    action_id: ActionId,
    identity: Builder,
    services: Use,
    documents: Reader,
    revision: Annotated[int, Query(ge=0, le=2**53, description="`draft_revision` as you read it.")],
) -> GptOut:
    """Take an action out of the draft; with its keys, when no published version has it."""
    _, gpt = await require_editor(services, identity, gpt_id)
    await require_action(services, identity, gpt_id, action_id)
    check_revision(gpt, revision)
    kept = tuple(action for action in gpt.draft.actions if action.id != action_id)
    if len(kept) != len(gpt.draft.actions):
        content = gpt.draft.model_copy(update={"actions": kept})
        await services.storage.gpts.save_draft(identity, gpt_id, content, expected_revision=revision)
    versions = await services.storage.gpts.versions(identity, gpt_id)
    if not any(action.id == action_id for version in versions for action in version.content.actions):
        await services.storage.gpts.remove_action(identity, gpt_id, action_id)
    return await show_gpt(services, documents, identity, gpt_id)


@router.post(f"{ROW}/dry-run", operation_id="dryRunAction", responses=documented(401, 404, 422))
async def dry_run(
    gpt_id: GptId,
    action_id: ActionId,
    body: DryRunIn,
    identity: Builder,
    services: Use,
    documents: Reader,
    connecting: Connects,
) -> DryRunOut:
    """The exact request that a call with these arguments would send, secrets as dots. Nothing is sent."""
    _, gpt = await require_editor(services, identity, gpt_id)
    action = action_in(gpt.draft, action_id)
    loaded = await Shelf(services, documents, identity, gpt_id).load(action)
    with naming("arguments"):
        return await _dry_run(services, connecting, identity, gpt, action, loaded.action, body)


# -------------------------------------------------------------------------------------------------------------- helpers


def _count(services: Services, identity: Identity) -> None:
    require_rate(services.rates, f"reads:{identity.user_id}", per_minute=READS_PER_MINUTE)


async def _reading(
    services: Services, documents: Documents, text: str, base_url: str | None, profile: Profile
) -> ReadingOut:
    """SP-07: what cannot be read at all is a finding, too."""
    try:
        loaded = await documents.read(text, base_url=base_url)
    except DocumentError as error:
        return unreadable_reading(error)
    return await report(documents, loaded, Surroundings(profile=profile, domains=await action_domains(services)))


async def _formatted(documents: Documents, loaded: Loaded) -> str:
    """SP-02: what was fetched in one line becomes text that can be edited."""
    text = loaded.text
    if len(text) > 2_000_000 or text.count("\n") > len(text) // 400:
        return text
    return await documents.format(text, "same")


async def _given(services: Services, documents: Documents, body: DocumentIn, before: GptAction | None) -> Loaded:
    """The document that is to be saved. Raises what is wrong with it."""
    if (body.text is None) == (body.source is None):
        raise field_problem("text", "Give either `text` or `source`.")
    domains = await action_domains(services)
    base_url = check_base_url(documents, body.base_url, domains) if body.base_url is not None else None
    if body.source is not None:
        with naming("source"):
            loaded = await documents.find(body.source)
    else:
        kept = base_url if body.base_url is not None else (before.base_url if before is not None else None)
        with naming("text"):
            loaded = replace(await documents.read(body.text or "", base_url=kept), source_url=body.source_url or None)
    check_server(documents, loaded.action.server_url, domains, "servers")
    return loaded


def _with_document(before: GptAction | None, action_id: str, document_id: str, loaded: Loaded) -> GptAction:
    if before is None:
        return GptAction(id=action_id, document_id=document_id, base_url=loaded.base_url)
    names = {function.name for function in loaded.action.functions}
    return before.model_copy(
        update={
            "document_id": document_id,
            "base_url": loaded.base_url,
            "disabled_operations": frozenset(before.disabled_operations & names),
        }
    )


async def _existing(
    services: Services, documents: Documents, identity: Identity, gpt: Gpt, action: GptAction, body: ActionChange
) -> frozenset[str]:
    loaded = await Shelf(services, documents, identity, gpt.id).load(action)
    names = {function.name for function in loaded.action.functions}
    wanted = frozenset(body.disabled_operations or ())
    unknown = sorted(wanted - names)
    if unknown:
        raise field_problem("disabled_operations", f"The document has no function `{unknown[0]}`.")
    return wanted


async def _save(
    services: Services, documents: Documents, identity: Identity, gpt: Gpt, before: GptAction | None, action: GptAction
) -> ActionOut:
    """Put the action into the draft, and say what the change detaches (R-14)."""
    content = with_action(gpt.draft, action)
    if content != gpt.draft:
        await services.storage.gpts.save_draft(identity, gpt.id, content, expected_revision=gpt.draft_revision)
    notices: list[str] = []
    if before is not None:
        shelf = Shelf(services, documents, identity, gpt.id)
        notices = await detach(services, identity, shelf, before, action, await _published(services, identity, gpt))
    return await _show(services, documents, identity, gpt.id, action.id, notices=notices)


async def _published(services: Services, identity: Identity, gpt: Gpt) -> GptContent | None:
    if gpt.published_version is None:
        return None
    found = await services.storage.gpts.version(identity, gpt.id, gpt.published_version)
    return found.content if found is not None else None


async def _show(
    services: Services,
    documents: Documents,
    identity: Identity,
    gpt_id: str,
    action_id: str,
    *,
    profile: Profile = "actionry",
    notices: list[str] | None = None,
) -> ActionOut:
    _, gpt = await require_gpt(services, identity, gpt_id)
    action = action_in(gpt.draft, action_id)
    shelf = Shelf(services, documents, identity, gpt_id)
    text, source_url = await shelf.text(action.document_id)
    around = Surroundings(
        profile=profile, domains=await action_domains(services), disabled=frozenset(action.disabled_operations)
    )
    try:
        loaded: Loaded | str = await shelf.load(action)
    except DocumentError as error:
        loaded, reading = str(error), unreadable_reading(error)
    else:
        assert isinstance(loaded, Loaded)
        reading = await report(documents, loaded, around)
    return ActionOut(
        gpt_id=gpt_id,
        draft_revision=gpt.draft_revision,
        action=await action_row(services, identity, action, loaded),
        text=text,
        source_url=source_url,
        reading=reading,
        notices=notices or [],
    )


# ------------------------------------------------------------------------------------------------------ authentication


def _require_origin(origin: str) -> str:
    """A secret is bound to the host that it is for: without one there is nothing to bind it to."""
    if not origin:
        raise ProblemError(
            409, "no_server", "The document names no server, so a key could go anywhere. Choose a server first.",
            whose_turn="builder",
        )  # fmt: skip
    return origin


def _key_form(form: KeyIn, origin: str) -> tuple[KeyAuthentication, Secret | None, Any]:
    """AU-02, AU-03, S-12. Raises CredentialError, ProblemError."""
    named = form.form in ("custom", "query", "cookie")
    auth = KeyAuthentication(
        form=form.form, name=form.name or None if named else None, owner=form.owner, instructions=form.instructions
    )
    check_key(auth, Secret("a-key-to-check-the-form-with"))
    if form.key is None or not form.key.get_secret_value():
        return auth, None, None
    if form.owner == "user":
        raise field_problem("authentication/key", "Each user enters a key of their own; yours is entered in the chat.")
    _require_origin(origin)
    key = Secret(form.key.get_secret_value().strip())
    check_key(auth, key)
    if form.form != "basic":
        return auth, key, None
    found = basic_value(key)
    if form.encode_basic:
        return auth, basic_value(key, encode=True).value, found.looks_like
    return auth, key, found.looks_like


async def _oauth_form(
    connecting: Connecting, documents: Documents, form: OAuthIn, origin: str, callback: str
) -> tuple[OAuthAuthentication, Secret | None]:
    """OA-01, O-14, O-18. Raises OAuthError, AddressRefused, ProblemError."""
    given = form.model_dump(exclude={"client_secret", "other_domain_acknowledged", "register_client"})
    auth = OAuthAuthentication.model_validate(given | {"issuer": form.issuer or None})
    secret = Secret(form.client_secret.get_secret_value()) if form.client_secret is not None else None
    if form.register_client:
        auth, secret = await _registered(connecting, auth, callback)
    settings = oauth_settings(auth)
    for url in (settings.authorize_url, settings.token_url, settings.revocation_url):
        if url:
            documents.outbound.check_url(url)
    _require_origin(origin)
    warnings = needs_acknowledgement(auth, origin)
    if warnings and not form.other_domain_acknowledged:
        raise ProblemError(
            409, "acknowledge_domain", " ".join([*warnings, "Send it again with `other_domain_acknowledged`."]),
            whose_turn="builder",
            errors=[
                FieldProblem(location="body", pointer="/authentication/other_domain_acknowledged", message=warning)
                for warning in warnings
            ],
        )  # fmt: skip
    return auth, secret


async def _registered(
    connecting: Connecting, auth: OAuthAuthentication, callback: str
) -> tuple[OAuthAuthentication, Secret | None]:
    """RFC 7591: one client for this issuer and this action's callback (OA-15)."""
    if not auth.issuer:
        raise field_problem("authentication/issuer", "Registration needs the provider's issuer.")
    metadata = await drive(discover_flow(auth.issuer), connecting.door)
    registrar = Registrar(connecting.storage.clients, connecting.door)
    client = await registrar.client_for(metadata, redirect_uri=callback, scope=auth.scope)
    settings: OAuthSettings = client.settings(metadata, scope=auth.scope)
    described = _from_metadata(auth, metadata)
    changed = described.model_copy(
        update={"client_id": client.client_id, "token_exchange": settings.token_exchange, "scope": auth.scope}
    )
    return changed, client.client_secret


def _from_metadata(auth: OAuthAuthentication, metadata: ServerMetadata) -> OAuthAuthentication:
    return auth.model_copy(
        update={
            "authorize_url": metadata.authorization_endpoint or auth.authorize_url,
            "token_url": metadata.token_endpoint or auth.token_url,
            "issuer": metadata.issuer,
            "iss_required": metadata.iss_parameter,
            "revocation_url": metadata.revocation_endpoint or "",
            "token_exchange": metadata.token_exchange,
            "pkce": True,
        }
    )


async def _keep_secret(
    services: Services, identity: Identity, action: GptAction, origin: str, secret: Secret | None
) -> None:
    """Seal what was entered; delete what the new form has no use for."""
    connections = services.storage.connections
    auth = action.authentication
    wanted: set[tuple[str, str]] = set()
    match auth:
        case KeyAuthentication(owner="action"):
            wanted = {(DEFAULT_SCHEME, "api_key")}
            if secret is not None:
                await connections.put_key(identity, action.id, DEFAULT_SCHEME, secret, origin=origin, for_everyone=True)
        case OAuthAuthentication():
            wanted = {(CLIENT_SCHEME, "oauth_client"), (ROBOT_SCHEME, "oauth")}
            await _keep_client(services, identity, action, auth, origin, secret)
    for row in await connections.of_action(identity, action.id):
        own_scheme = row.scheme in (DEFAULT_SCHEME, CLIENT_SCHEME, ROBOT_SCHEME)
        if row.user_id is None and own_scheme and (row.scheme, row.kind) not in wanted:
            await connections.disconnect(identity, row.id)


async def _keep_client(
    services: Services, identity: Identity, action: GptAction, auth: OAuthAuthentication, origin: str,
    secret: Secret | None,
) -> None:  # fmt: skip
    connections = services.storage.connections
    binding = client_binding(auth)
    rows = [row for row in await connections.of_action(identity, action.id) if row.user_id is None]
    stored = next((row for row in rows if row.kind == "oauth_client"), None)
    if secret is not None and secret.reveal():
        await connections.put_key(
            identity, action.id, CLIENT_SCHEME, secret, origin=origin, kind="oauth_client", binding=binding,
            for_everyone=True,
        )  # fmt: skip
    elif stored is not None and (secret is not None or stored.binding != binding):
        await connections.disconnect(identity, stored.id)  # emptied, or entered for another provider
    if auth.grant == "client_credentials":
        bound = oauth_settings(auth).binding(origin)
        await connections.ensure(
            identity, action.id, ROBOT_SCHEME, origin=origin, binding=bound, for_everyone=True
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------- dry run


async def _dry_run(
    services: Services,
    connecting: Connecting,
    identity: Identity,
    gpt: Gpt,
    action: GptAction,
    source: Action,
    body: DryRunIn,
) -> DryRunOut:
    """As a call in the preview would be made, up to the sending."""
    credentials = await connecting.credentials(action, source, identity.user_id or "")
    caller = Caller(outbound=services.outbound, identity=CallIdentity(user=identity.user_id or "", gpt=gpt.id))
    missing: str | None = None
    arguments: Any = body.arguments
    try:
        call = await caller.prepare(source, body.function, arguments, credentials=credentials, call_id="dry-run")
    except LoginNeeded as error:
        missing = str(error)
        call = await caller.prepare(
            source, body.function, arguments, credentials=Credentials(default=NoCredential()), call_id="dry-run"
        )
    decision = await caller.decide(call)
    proposal = caller.propose(call, decision)
    request: Request = attach(call.request, call.access.chosen, action_origin=call.plan.action_origin)
    shown = call.access.masker.request(request)
    return DryRunOut(
        method=request.method,
        url=shown.url,
        headers=[(name, value) for name, value in shown.headers],
        body=shown.body,
        sentence=proposal.sentence,
        credential=proposal.credential,
        asks_first=decision.verdict == "ask",
        may_always_allow=proposal.may_always_allow,
        reasons=list(proposal.reasons),
        curl=_curl(request.method, shown.url, shown.headers, request.content, call.access.masker.text),
        missing=missing,
    )


def _curl(method: str, url: str, headers: Any, content: bytes | None, hide: Any) -> str:
    """For a terminal; secrets are dots here, too."""
    parts = ["curl", "-X", method, shlex.quote(url)]
    for name, value in headers:
        parts += ["-H", shlex.quote(f"{name}: {value}")]
    if content is not None:
        parts += ["--data-raw", shlex.quote(hide(content.decode("utf-8", "replace")))]
    return " ".join(parts)
