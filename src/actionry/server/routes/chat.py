"""Conversations and turns: send, follow, answer, stop, retry, edit.

A message is acknowledged when it is stored, together with its turn; the turn runs whether or not anybody watches.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi import Path as PathParameter

from actionry.chat.events import StoredEvent, UserMessageAdded
from actionry.server.deps import Chatter, Identity, Use
from actionry.server.downloads import attachment
from actionry.server.following import conversation_chunks, turn_chunks
from actionry.server.problems import ProblemError, documented, field_problem, not_found
from actionry.server.security import require_rate
from actionry.server.services import Services
from actionry.server.shapes import (
    AcceptedOut,
    AnswerIn,
    AnswerOut,
    ConversationChange,
    ConversationDetail,
    ConversationIn,
    ConversationOut,
    ConversationPage,
    Done,
    EditIn,
    MessageIn,
    QuestionOut,
    SignInFinishedIn,
    TurnDetail,
    TurnOut,
)
from actionry.server.sse import EventStream, read_place
from actionry.storage.conversations import HEAD, Accepted, Conversation, Message
from actionry.storage.turns import Turn

router = APIRouter(prefix="/api/v1", tags=["chat"])

ConversationId = Annotated[str, PathParameter(max_length=100, description="Id of the conversation.")]
TurnId = Annotated[str, PathParameter(max_length=100, description="Id of the turn.")]
CallId = Annotated[str, PathParameter(max_length=200, description="Id of the call.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=1, max_length=200, description="The same message under it is sent once."
    ),
]
LastEventId = Annotated[
    str | None, Header(alias="Last-Event-ID", max_length=200, description="Id of the last event that was received.")
]
After = Annotated[str | None, Query(max_length=200, description="As Last-Event-ID, for clients that set no headers.")]

EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events; `id` is `turn:seq`, `event` the type, `data` the event.",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "itemSchema": {"$ref": "#/components/schemas/StoredEvent"},
            }
        },
    }
}

# -------------------------------------------------------------------------------------------------------- conversations


@router.get("/conversations", operation_id="listConversations", responses=documented(401, 422))
async def list_conversations(
    identity: Chatter,
    services: Use,
    gpt_id: Annotated[str | None, Query(max_length=100, description="Those with this GPT.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="How many at most.")] = 50,
    before: Annotated[str | None, Query(max_length=200, description="`next` of the page before.")] = None,
) -> ConversationPage:
    """Your conversations, latest first."""
    found = await services.storage.conversations.page(
        identity, gpt_id=gpt_id, limit=limit + 1, before=_read_cursor(before)
    )
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return ConversationPage(
        conversations=[ConversationOut.model_validate(each) for each in found[:limit]],
        next=f"{last.updated_at!r}:{last.id}" if last is not None else None,
    )


@router.post("/conversations", operation_id="createConversation", status_code=201, responses=documented(401, 404, 422))
async def create_conversation(body: ConversationIn, identity: Chatter, services: Use) -> ConversationOut:
    """Begin a conversation, with a GPT or without."""
    if body.gpt_id is not None:
        await services.gpts.require_chat(identity, body.gpt_id, preview=body.preview)
    elif body.preview:
        raise field_problem("preview", "Only a GPT has a draft to preview; name it in `gpt_id`.")
    created = await services.storage.conversations.create(
        identity, gpt_id=body.gpt_id, preview=body.preview, model=body.model, title=body.title
    )
    return ConversationOut.model_validate(created)


@router.get("/conversations/{conversation_id}", operation_id="getConversation", responses=documented(401, 404))
async def get_conversation(conversation_id: ConversationId, identity: Chatter, services: Use) -> ConversationDetail:
    """A conversation with its turns and what waits for an answer; its events come from `followConversation`."""
    found = await _conversation(services, identity, conversation_id)
    turns = await services.storage.conversations.turns_of(identity, conversation_id)
    questions = await services.storage.answers.open_questions(identity, conversation_id=conversation_id)
    return ConversationDetail(
        conversation=ConversationOut.model_validate(found),
        turns=[TurnOut.model_validate(each) for each in turns],
        questions=[QuestionOut.model_validate(each) for each in questions],
    )


@router.patch(
    "/conversations/{conversation_id}", operation_id="changeConversation", responses=documented(401, 404, 422)
)
async def change_conversation(
    conversation_id: ConversationId, body: ConversationChange, identity: Chatter, services: Use
) -> ConversationOut:
    """Rename a conversation, choose its model, or show another branch."""
    changed = await services.storage.conversations.update(
        identity, conversation_id, title=body.title, model=body.model, head_turn_id=body.head_turn_id
    )
    services.streams.news(conversation_id)
    return ConversationOut.model_validate(changed)


@router.delete("/conversations/{conversation_id}", operation_id="deleteConversation", responses=documented(401, 404))
async def delete_conversation(conversation_id: ConversationId, identity: Chatter, services: Use) -> Done:
    """Delete a conversation with its turns and files. What runs is stopped."""
    await services.storage.conversations.delete(identity, conversation_id)
    services.streams.news(conversation_id)
    return Done()


@router.get(
    "/conversations/{conversation_id}/export", operation_id="exportConversation",
    responses={**documented(401, 404), 200: {"description": "A file.", "content": {
        "application/json": {"schema": {"type": "string"}}, "text/markdown": {"schema": {"type": "string"}}}}},
    response_class=Response,
)  # fmt: skip
async def export_conversation(
    conversation_id: ConversationId,
    identity: Chatter,
    services: Use,
    form: Annotated[
        Literal["json", "markdown"], Query(alias="format", description="All events, or what was said.")
    ] = "markdown",
) -> Response:
    """Download a conversation as a file."""
    found = await _conversation(services, identity, conversation_id)
    transcript = await services.storage.conversations.transcript(identity, conversation_id)
    if form == "json":
        whole = {
            "conversation": ConversationOut.model_validate(found).model_dump(mode="json"),
            "events": [stored.model_dump(mode="json") for turn in transcript for stored in turn],
        }
        return attachment(orjson.dumps(whole, option=orjson.OPT_INDENT_2), "conversation.json", "application/json")
    return attachment(_markdown(found, transcript).encode(), "conversation.md", "text/markdown; charset=utf-8")


@router.get(
    "/conversations/{conversation_id}/events", operation_id="followConversation", response_class=Response,
    responses={**documented(400, 401, 404), **EVENTS},
)  # fmt: skip
async def follow_conversation(
    conversation_id: ConversationId,
    identity: Chatter,
    services: Use,
    last_event_id: LastEventId = None,
    after: After = None,
) -> Response:
    """Follow a conversation: its events so far, then new ones as they are stored, over all its turns."""
    place = read_place(last_event_id or after)
    await _conversation(services, identity, conversation_id)
    chunks = conversation_chunks(services, identity, conversation_id, place)
    return EventStream(chunks, services.streams)


@router.post(
    "/conversations/{conversation_id}/messages", operation_id="sendMessage", status_code=202,
    responses={**documented(401, 404, 409, 422, 429, 503), **EVENTS}, response_model=AcceptedOut,
)  # fmt: skip
async def send_message(
    conversation_id: ConversationId,
    body: MessageIn,
    identity: Chatter,
    services: Use,
    request: Request,
    idempotency_key: IdempotencyKey = None,
) -> AcceptedOut | Response:
    """Send a message. It is stored before this answers 202; with `Accept: text/event-stream` its turn is followed."""
    message = Message(
        text=body.text,
        file_ids=tuple(body.file_ids),
        parent=body.parent or HEAD,
        model=body.model,
        force_function=body.force_function,
        locale=_locale(request),
    )
    return await _accept(services, identity, conversation_id, message, idempotency_key, request)


# ---------------------------------------------------------------------------------------------------------------- turns


@router.get("/turns/{turn_id}", operation_id="getTurn", responses=documented(401, 404, 422))
async def get_turn(
    turn_id: TurnId,
    identity: Chatter,
    services: Use,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events with a greater number.")] = 0,
) -> TurnDetail:
    """A turn with its events."""
    turn = await _turn(services, identity, turn_id)
    events = await services.storage.turns.read_for(identity, turn_id, after)
    if events is None:
        raise not_found("turn")
    return TurnDetail(turn=TurnOut.model_validate(turn), events=events)


@router.get(
    "/turns/{turn_id}/events", operation_id="followTurn", response_class=Response,
    responses={**documented(400, 401, 404), **EVENTS},
)  # fmt: skip
async def follow_turn(
    turn_id: TurnId, identity: Chatter, services: Use, last_event_id: LastEventId = None, after: After = None
) -> Response:
    """Follow one turn until it ends or waits for an answer."""
    place = read_place(last_event_id or after)
    if place is not None and place.turn_id != turn_id:
        raise field_problem("Last-Event-ID", "It is the id of another turn's event.", location="header", status=400)
    await _turn(services, identity, turn_id)
    return EventStream(turn_chunks(services, turn_id, place.seq if place is not None else 0), services.streams)


@router.post("/turns/{turn_id}/stop", operation_id="stopTurn", responses=documented(401, 404))
async def stop_turn(turn_id: TurnId, identity: Chatter, services: Use) -> Done:
    """Stop a turn; a call that has been sent is told to the person as it stands."""
    if not await services.storage.turns.ask_to_stop(identity, turn_id):
        raise not_found("turn")
    services.runner.wake()
    return Done()


@router.post(
    "/turns/{turn_id}/retry", operation_id="retryTurn", status_code=202,
    responses={**documented(401, 404, 409, 429, 503), **EVENTS}, response_model=AcceptedOut,
)  # fmt: skip
async def retry_turn(
    turn_id: TurnId, identity: Chatter, services: Use, request: Request, idempotency_key: IdempotencyKey = None
) -> AcceptedOut | Response:
    """Send the turn's message once more, on a branch beside it."""
    turn = await _turn(services, identity, turn_id)
    events = await services.storage.turns.read_for(identity, turn_id)
    said = events[0].event if events else None
    if not isinstance(said, UserMessageAdded):
        raise not_found("turn")
    message = Message(
        text=said.text, file_ids=said.file_ids, parent=turn.parent_turn_id, kind="retry", model=turn.model,
        locale=_locale(request),
    )  # fmt: skip
    return await _accept(services, identity, turn.conversation_id, message, idempotency_key, request, instead=turn)


@router.post(
    "/turns/{turn_id}/edit", operation_id="editTurn", status_code=202,
    responses={**documented(401, 404, 409, 422, 429, 503), **EVENTS}, response_model=AcceptedOut,
)  # fmt: skip
async def edit_turn(
    turn_id: TurnId,
    body: EditIn,
    identity: Chatter,
    services: Use,
    request: Request,
    idempotency_key: IdempotencyKey = None,
) -> AcceptedOut | Response:
    """Send another message in the turn's place, on a branch beside it."""
    turn = await _turn(services, identity, turn_id)
    message = Message(
        text=body.text, file_ids=tuple(body.file_ids), parent=turn.parent_turn_id, kind="edit", model=turn.model,
        locale=_locale(request),
    )  # fmt: skip
    return await _accept(services, identity, turn.conversation_id, message, idempotency_key, request, instead=turn)


# -------------------------------------------------------------------------------------------------------------- answers


@router.post(
    "/turns/{turn_id}/calls/{call_id}/answer", operation_id="answerCall", responses=documented(401, 404, 409, 422)
)
async def answer_call(turn_id: TurnId, call_id: CallId, body: AnswerIn, identity: Chatter, services: Use) -> AnswerOut:
    """Allow or decline a call that waits. The first answer counts, and every other gets its result."""
    if body.arguments is not None:
        _check_arguments(body)
    answered = await services.storage.answers.confirm(
        identity, turn_id, call_id, body.digest, body.decision, arguments=body.arguments
    )
    await _go_on(services, identity, turn_id)
    return AnswerOut.model_validate(answered)


@router.post(
    "/turns/{turn_id}/calls/{call_id}/sign-in", operation_id="finishSignIn", responses=documented(401, 404, 409, 422)
)
async def finish_sign_in(
    turn_id: TurnId, call_id: CallId, body: SignInFinishedIn, identity: Chatter, services: Use
) -> AnswerOut:
    """Say that you have signed in to the call's API, or that you will not; the waiting call then goes on."""
    answered = await services.storage.answers.sign_in_finished(identity, turn_id, call_id, connected=body.connected)
    await _go_on(services, identity, turn_id)
    return AnswerOut.model_validate(answered)


# -------------------------------------------------------------------------------------------------------------- helpers


async def _accept(
    services: Services,
    identity: Identity,
    conversation_id: str,
    message: Message,
    key: str | None,
    request: Request,
    *,
    instead: Turn | None = None,
) -> AcceptedOut | Response:
    """Store, wake a runner, and answer; `instead` is the turn whose place the message takes, and is stopped."""
    if services.stopping:
        raise ProblemError(
            503, "stopping", "The server is being restarted; send the message again in a moment.", may_retry=True,
            whose_turn="caller", headers={"Retry-After": "5"},
        )  # fmt: skip
    conversation = await _conversation(services, identity, conversation_id)
    require_rate(services.rates, f"turns:{identity.user_id}", per_minute=services.settings.user_turns * 6)
    version, content = await services.gpts.content(identity, conversation)
    if instead is not None and instead.state != "finished":
        await services.storage.turns.ask_to_stop(identity, instead.id)
    accepted = await services.storage.conversations.accept(
        identity, conversation_id, message, key=key, gpt_version=version, content=content
    )
    if not accepted.repeated:
        services.runner.wake(accepted.turn.id)
        services.streams.news(conversation_id)
    return _accepted(services, accepted, request)


def _accepted(services: Services, accepted: Accepted, request: Request) -> AcceptedOut | Response:
    if "text/event-stream" in request.headers.get("accept", ""):
        return EventStream(turn_chunks(services, accepted.turn.id, 0), services.streams)
    return AcceptedOut(turn=TurnOut.model_validate(accepted.turn), event=accepted.event, repeated=accepted.repeated)


async def _go_on(services: Services, identity: Identity, turn_id: str) -> None:
    services.runner.wake(turn_id)
    turn = await services.storage.turns.find(identity, turn_id)
    if turn is not None:
        services.streams.news(turn.conversation_id)


def _check_arguments(body: AnswerIn) -> None:
    if body.decision == "decline":
        raise field_problem("arguments", "A declined call takes no arguments.")
    try:
        changed = orjson.loads(body.arguments or "")
    except ValueError:
        raise field_problem("arguments", "They are not JSON.") from None
    if not isinstance(changed, dict):
        raise field_problem("arguments", "Give a JSON object, as text.")


async def _conversation(services: Services, identity: Identity, conversation_id: str) -> Conversation:
    found = await services.storage.conversations.find(identity, conversation_id)
    if found is None:
        raise not_found("conversation")
    return found


async def _turn(services: Services, identity: Identity, turn_id: str) -> Turn:
    found = await services.storage.turns.find(identity, turn_id)
    if found is None:
        raise not_found("turn")
    return found


def _read_cursor(text: str | None) -> tuple[float, str] | None:
    if text is None:
        return None
    at, _, last = text.partition(":")
    try:
        return float(at), last
    except ValueError:
        raise field_problem("before", "Give the `next` of a page.", location="query") from None


def _locale(request: Request) -> str:
    """The page's language, for texts that the server writes into the turn."""
    wanted = request.headers.get("accept-language", "")[:100].lower().lstrip()
    return "zh" if wanted.startswith("zh") else "en"


def _markdown(conversation: Conversation, transcript: list[list[StoredEvent]]) -> str:
    lines = [f"# {' '.join(conversation.title.split()) or 'Conversation'}", ""]
    for turn in transcript:
        said: list[str] = []
        for stored in turn:
            event = stored.event
            if isinstance(event, UserMessageAdded):
                lines += ["**You:**", "", event.text, ""]
            elif event.type == "text":
                said.append(event.text)
            elif event.type == "model_started":
                said.clear() if not said else said.append("\n\n")
            elif event.type == "call_finished":
                said.append(f"\n\n> Called the API: {event.status}\n\n")
        lines += ["**Answer:**", "", "".join(said).strip(), ""]
    return "\n".join(lines)
