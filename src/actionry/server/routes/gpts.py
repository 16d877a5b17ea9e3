"""GPTs as their builders make them: draft, publication, history, sharing; and the page that everybody else sees."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter

from actionry.gpts.gpt import (
    Gpt,
    GptAction,
    GptContent,
    GptVersion,
    KeyAuthentication,
    NoAuthentication,
    OAuthAuthentication,
)
from actionry.limits import ACTIONRY, EDITOR_LIMITS, OPENAI
from actionry.server.connecting import Connecting, connecting_of
from actionry.server.deps import Anybody, Builder, Identity, Use
from actionry.server.document_examples import EXAMPLES
from actionry.server.documents import Documents, Loaded
from actionry.server.gpt_editing import (
    CATEGORIES,
    Shelf,
    action_domains,
    check_fields,
    check_revision,
    check_server,
    detach,
    documents_of,
    duplicate,
    gpt_suggestion,
    naming,
    needs_of,
    origin_of_action,
    place_of,
    require_editor,
    require_gpt,
    show_gpt,
    title_as_name,
    unready,
    with_fields,
)
from actionry.server.problems import ProblemError, documented, field_problem, not_found
from actionry.server.services import Services
from actionry.server.shapes import Done
from actionry.server.shapes_gpts import (
    AboutAction,
    AboutOut,
    DraftIn,
    EditorOut,
    ExampleOut,
    GptIn,
    GptOut,
    GptPage,
    GptRow,
    LimitsOut,
    PublishIn,
    RevisionIn,
    VersionOut,
    VersionPage,
    VersionRow,
    VisibilityIn,
)
from actionry.server.suggesting import provider_out
from actionry.storage.gpts import GptCard

router = APIRouter(prefix="/api/v1", tags=["build"])

GptId = Annotated[str, PathParameter(max_length=100, description="Id of the GPT.")]
Number = Annotated[int, PathParameter(ge=1, le=2**31, description="Number of the version.")]
Reader = Annotated[Documents, Depends(documents_of)]
Connects = Annotated[Connecting, Depends(connecting_of)]


@router.get("/actions/editor", operation_id="getEditor", responses=documented(401))
async def get_editor(identity: Builder, services: Use) -> EditorOut:
    """Limits, categories, known sign-in providers and example documents."""
    from actionry.credentials.oauth import KNOWN_PROVIDERS

    domains = await action_domains(services)
    return EditorOut(
        limits=LimitsOut(
            name=ACTIONRY.gpt_name,
            description=ACTIONRY.gpt_description,
            instructions=ACTIONRY.instructions,
            welcome_message=ACTIONRY.welcome_message,
            starters=EDITOR_LIMITS.starters,
            starter_characters=EDITOR_LIMITS.starter_characters,
            knowledge_files=EDITOR_LIMITS.knowledge_files,
            document_bytes=services.settings.max_document_bytes,
            actions=EDITOR_LIMITS.actions,
            operations_warning=OPENAI.operations_per_action,
        ),
        categories=list(CATEGORIES),
        providers=[provider_out(provider) for provider in KNOWN_PROVIDERS],
        examples=[ExampleOut(name=e.name, title=e.title, format=e.format, text=e.text) for e in EXAMPLES],
        action_domains=list(domains) if domains is not None else None,
    )


@router.get("/gpts", operation_id="listGpts", responses=documented(401, 422))
async def list_gpts(
    identity: Builder,
    services: Use,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 100,
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> GptPage:
    """Your GPTs and those that you may edit or view, last changed first."""
    found = await services.storage.gpts.mine(identity, limit=limit + 1, before=_read_cursor(before))
    last = found[limit - 1] if len(found) > limit else None
    return GptPage(
        gpts=[GptRow.model_validate(card) for card in found[:limit]],
        next=f"{last.updated_at!r}:{last.id}" if last is not None else None,
    )


@router.post("/gpts", operation_id="createGpt", status_code=201, responses=documented(401, 422, 429, 502))
async def create_gpt(body: GptIn, identity: Builder, services: Use, documents: Reader) -> GptOut:
    """Make a GPT, empty or of an API: `source` is an address, a document or a manifest that becomes its action."""
    content = GptContent(name=body.name, description=body.description, instructions=body.instructions)
    check_fields(content)
    with naming("source"):
        loaded = await documents.find(body.source) if body.source else None
    if loaded is not None:
        await _check_usable(services, documents, loaded)
        content = _named_after(content, loaded)
    gpt = await services.storage.gpts.create(identity, content)
    notices = await _first_action(services, identity, gpt, loaded) if loaded is not None else []
    return await show_gpt(services, documents, identity, gpt.id, notices=notices)


@router.get("/gpts/{gpt_id}", operation_id="getGpt", responses=documented(401, 404))
async def get_gpt(gpt_id: GptId, identity: Builder, services: Use, documents: Reader) -> GptOut:
    """A GPT with its draft, for those who may see its settings. No secret is part of it."""
    return await show_gpt(services, documents, identity, gpt_id)


@router.get("/gpts/{gpt_id}/about", operation_id="aboutGpt", responses=documented(401, 404))
async def about_gpt(gpt_id: GptId, identity: Anybody, services: Use, connecting: Connects) -> AboutOut:
    """A GPT's page: what it is, whose APIs it calls, and their privacy policies."""
    card = await services.storage.gpts.card(identity, gpt_id)
    version = await services.storage.gpts.version(identity, gpt_id) if card is not None else None
    if card is None or version is None:
        raise not_found("GPT")
    return await _about(connecting, identity, card, version)


@router.patch("/gpts/{gpt_id}/draft", operation_id="saveDraft", responses=documented(401, 404, 409, 422))
async def save_draft(gpt_id: GptId, body: DraftIn, identity: Builder, services: Use, documents: Reader) -> GptOut:
    """Save fields of the draft. 409 when the draft has changed since you read it."""
    _, gpt = await require_editor(services, identity, gpt_id)
    check_revision(gpt, body.revision)
    content = with_fields(gpt.draft, body)
    if content != gpt.draft:
        await services.storage.gpts.save_draft(identity, gpt_id, content, expected_revision=body.revision)
    return await show_gpt(services, documents, identity, gpt_id)


@router.post("/gpts/{gpt_id}/publish", operation_id="publishGpt", responses=documented(401, 404, 409, 422))
async def publish_gpt(gpt_id: GptId, body: PublishIn, identity: Builder, services: Use, documents: Reader) -> GptOut:
    """Make the draft what users get, and share it as wished. 422 names what is missing for that."""
    card, gpt = await require_editor(services, identity, gpt_id)
    check_revision(gpt, body.revision)
    visibility = body.visibility or gpt.visibility
    if visibility != gpt.visibility and card.level != "owner":
        raise ProblemError(403, "owner_only", "Only its owner shares a GPT.", whose_turn="user")
    shelf = Shelf(services, documents, identity, gpt_id)
    check_fields(gpt.draft)
    needs = needs_of(gpt.draft, visibility, await _problems(services, documents, shelf, gpt.draft))
    if needs:
        raise unready("Publishing", needs)
    before = await _published(services, identity, gpt)
    await services.storage.gpts.publish(identity, gpt_id, expected_revision=body.revision, note=body.note)
    notices = await _after_publication(services, identity, shelf, before, gpt.draft)
    if visibility != gpt.visibility:
        await services.storage.gpts.set_visibility(identity, gpt_id, visibility)
    await services.storage.audit.write(identity, "gpt.publish", subject=gpt_id, visibility=visibility)
    return await show_gpt(services, documents, identity, gpt_id, notices=notices)


@router.post("/gpts/{gpt_id}/revert", operation_id="revertGpt", responses=documented(401, 404, 409, 422))
async def revert_gpt(gpt_id: GptId, body: RevisionIn, identity: Builder, services: Use, documents: Reader) -> GptOut:
    """Make the published version the draft again."""
    _, gpt = await require_editor(services, identity, gpt_id)
    if gpt.published_version is None:
        raise ProblemError(409, "not_published", "There is no published version to go back to.", whose_turn="user")
    return await _restore(services, documents, identity, gpt, gpt.published_version, body.revision)


@router.get("/gpts/{gpt_id}/versions", operation_id="listVersions", responses=documented(401, 404))
async def list_versions(gpt_id: GptId, identity: Builder, services: Use) -> VersionPage:
    """Everything that was published, latest first."""
    _, gpt = await require_gpt(services, identity, gpt_id)
    found = await services.storage.gpts.versions(identity, gpt_id)
    return VersionPage(versions=[_version_row(version, gpt, identity) for version in found])


@router.get("/gpts/{gpt_id}/versions/{number}", operation_id="getVersion", responses=documented(401, 404, 422))
async def get_version(gpt_id: GptId, number: Number, identity: Builder, services: Use) -> VersionOut:
    """One published version as it was."""
    _, gpt = await require_gpt(services, identity, gpt_id)
    version = await services.storage.gpts.version(identity, gpt_id, number)
    if version is None:
        raise not_found("version")
    return VersionOut(version=_version_row(version, gpt, identity), content=version.content)


@router.post(
    "/gpts/{gpt_id}/versions/{number}/restore",
    operation_id="restoreVersion",
    responses=documented(401, 404, 409, 422),
)
async def restore_version(
    gpt_id: GptId, number: Number, body: RevisionIn, identity: Builder, services: Use, documents: Reader
) -> GptOut:
    """Make a published version the draft again; users get it when it is published."""
    _, gpt = await require_editor(services, identity, gpt_id)
    return await _restore(services, documents, identity, gpt, number, body.revision)


@router.post(
    "/gpts/{gpt_id}/duplicate", operation_id="duplicateGpt", status_code=201, responses=documented(401, 404, 409, 413)
)
async def duplicate_gpt(gpt_id: GptId, identity: Builder, services: Use, documents: Reader) -> GptOut:
    """Make a private copy of the draft, with its documents and files and without any key."""
    made, notices = await duplicate(services, identity, gpt_id)
    return await show_gpt(services, documents, identity, made.id, notices=notices)


@router.put("/gpts/{gpt_id}/visibility", operation_id="shareGpt", responses=documented(401, 403, 404, 422))
async def share_gpt(gpt_id: GptId, body: VisibilityIn, identity: Builder, services: Use, documents: Reader) -> GptOut:
    """Say who may use the published version. 422 names what is missing for that."""
    card, gpt = await require_editor(services, identity, gpt_id)
    if card.level != "owner":
        raise ProblemError(403, "owner_only", "Only its owner shares a GPT.", whose_turn="user")
    if body.visibility != "private":
        published = await _published(services, identity, gpt)
        if published is None:
            raise unready("Sharing", ["Publish the GPT: there is nothing yet that others could use."])
        shelf = Shelf(services, documents, identity, gpt_id)
        needs = needs_of(published, body.visibility, await _problems(services, documents, shelf, published))
        if needs:
            raise unready("Sharing", [*needs, "Publish the GPT when the draft has it."])
    await services.storage.gpts.set_visibility(identity, gpt_id, body.visibility)
    await services.storage.audit.write(identity, "gpt.share", subject=gpt_id, visibility=body.visibility)
    return await show_gpt(services, documents, identity, gpt_id)


@router.delete("/gpts/{gpt_id}", operation_id="deleteGpt", responses=documented(401, 403, 404))
async def delete_gpt(gpt_id: GptId, identity: Builder, services: Use) -> Done:
    """Delete a GPT with its versions, documents, keys and everybody's sign-ins. Conversations stay their people's."""
    card, _ = await require_editor(services, identity, gpt_id)
    if card.level != "owner":
        raise ProblemError(403, "owner_only", "Only its owner deletes a GPT.", whose_turn="user")
    await services.storage.gpts.delete(identity, gpt_id)
    await services.storage.audit.write(identity, "gpt.delete", subject=gpt_id)
    return Done()


# -------------------------------------------------------------------------------------------------------------- helpers


def _read_cursor(text: str | None) -> tuple[float, str] | None:
    if text is None:
        return None
    at, _, last = text.partition(":")
    try:
        return float(at), last
    except ValueError:
        raise field_problem("before", "Give the `next` of a page.", location="query") from None


async def _check_usable(services: Services, documents: Documents, loaded: Loaded) -> None:
    check_server(documents, loaded.action.server_url, await action_domains(services), "source")


def _named_after(content: GptContent, loaded: Loaded) -> GptContent:
    """MG-01: what the builder did not say comes from the manifest, or from the document."""
    found = gpt_suggestion(loaded.manifest) if loaded.manifest is not None else None
    return content.model_copy(
        update={
            "name": content.name or (found.name if found else "") or title_as_name(loaded.action.title),
            "description": content.description or (found.description if found else ""),
            "instructions": content.instructions or (found.instructions if found else ""),
        }
    )


async def _first_action(services: Services, identity: Identity, gpt: Gpt, loaded: Loaded) -> list[str]:
    """The document becomes the action, with the authentication that manifest or document describe."""
    from actionry.server.suggesting import suggest

    gpts = services.storage.gpts
    action_id = await gpts.add_action(identity, gpt.id)
    stored = await gpts.add_document(identity, gpt.id, loaded.text.encode(), source=loaded.source_url)
    suggestion, _ = suggest(loaded.action, loaded.manifest)
    policy = loaded.manifest.policy_link if loaded.manifest is not None else None
    action = GptAction(
        id=action_id,
        document_id=stored.id,
        base_url=loaded.base_url,
        privacy_policy_url=policy,
        authentication=suggestion.authentication if suggestion is not None else NoAuthentication(),
    )
    content = gpt.draft.model_copy(update={"actions": (action,)})
    await gpts.save_draft(identity, gpt.id, content, expected_revision=gpt.draft_revision)
    notices = (
        [f"{suggestion.why} Still to be entered: {', '.join(suggestion.wants)}."]
        if suggestion and suggestion.wants
        else []
    )
    if policy is not None:
        notices.append("The privacy policy is the manifest's legal_info_url; check that it is one.")
    return notices


async def _published(services: Services, identity: Identity, gpt: Gpt) -> GptContent | None:
    if gpt.published_version is None:
        return None
    found = await services.storage.gpts.version(identity, gpt.id, gpt.published_version)
    return found.content if found is not None else None


async def _problems(services: Services, documents: Documents, shelf: Shelf, content: GptContent) -> list[str]:
    """Documents that cannot be read, and servers that may not be called (S-01)."""
    domains = await action_domains(services)
    problems: list[str] = []
    for action in content.actions:
        loaded = await shelf.try_load(action)
        if isinstance(loaded, str):
            problems.append(f"The document of an action cannot be read: {loaded}")
            continue
        if not loaded.action.server_url:
            problems.append(f"{loaded.action.title} names no server.")
            continue
        try:
            check_server(documents, loaded.action.server_url, domains, "servers")
        except ProblemError as error:
            problems.append(f"{loaded.action.title}: {error.problem.detail}")
    return problems


async def _after_publication(
    services: Services, identity: Identity, shelf: Shelf, before: GptContent | None, after: GptContent
) -> list[str]:
    """Now that nobody calls the old hosts any more, what was saved for them goes (R-14)."""
    if before is None:
        return []
    notices: list[str] = []
    old = {action.id: action for action in before.actions}
    for action in after.actions:
        if action.id in old:
            notices += await detach(services, identity, shelf, old[action.id], action, None)
    return notices


async def _restore(
    services: Services, documents: Documents, identity: Identity, gpt: Gpt, number: int, revision: int
) -> GptOut:
    check_revision(gpt, revision)
    await services.storage.gpts.restore(identity, gpt.id, number, expected_revision=revision)
    _, now = await require_gpt(services, identity, gpt.id)
    shelf = Shelf(services, documents, identity, gpt.id)
    published = await _published(services, identity, now)
    old = {action.id: action for action in gpt.draft.actions}
    notices: list[str] = []
    for action in now.draft.actions:
        if action.id in old:
            notices += await detach(services, identity, shelf, old[action.id], action, published)
    return await show_gpt(services, documents, identity, gpt.id, notices=notices)


def _version_row(version: GptVersion, gpt: Gpt, identity: Identity) -> VersionRow:
    return VersionRow(
        number=version.number,
        name=version.content.name,
        created_by=version.created_by,
        by_you=version.created_by == identity.user_id,
        created_at=version.created_at,
        published=version.number == gpt.published_version,
    )


async def _about(connecting: Connecting, identity: Identity, card: GptCard, version: GptVersion) -> AboutOut:
    content = version.content
    return AboutOut(
        id=card.id,
        name=content.name,
        description=content.description,
        welcome_message=content.welcome_message,
        starters=list(content.starters),
        category=content.category,
        picture_file_id=content.picture_file_id,
        capabilities=content.capabilities,
        actions=[await _about_action(connecting, identity, card.id, content, action) for action in content.actions],
        owner_name=card.owner_name,
        visibility=card.visibility,
        version=version.number,
        level=card.level,
        published_at=card.published_at,
    )


async def _about_action(
    connecting: Connecting, identity: Identity, gpt_id: str, content: GptContent, action: GptAction
) -> AboutAction:
    source = await connecting.source(identity, gpt_id, content, action)
    auth = action.authentication
    own = (isinstance(auth, KeyAuthentication) and auth.owner == "user") or (
        isinstance(auth, OAuthAuthentication) and auth.grant == "authorization_code"
    )
    return AboutAction(
        title=source.title if source is not None else "",
        domain=place_of(origin_of_action(source)) if source is not None else "",
        authentication=auth.kind,
        asks_you=own,
        privacy_policy_url=action.privacy_policy_url,
    )
