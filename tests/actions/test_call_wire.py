"""Calls on the wire: credentials of every kind, errors, unanswered calls, long jobs. Each against a real API."""

from __future__ import annotations

import asyncio
import gc
import gzip
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from actionry.actions.access import SignIn
from actionry.actions.action import load_action
from actionry.actions.call import Caller
from actionry.actions.caller_token import HEADER, Algorithm, CallerKey, verify_signature
from actionry.actions.headers import HostHeaders, new_trace
from actionry.actions.journal import MemoryJournal
from actionry.actions.proposal import Proposal
from actionry.actions.result import error_for_model
from actionry.credentials import Bearer, Credentials, OAuthToken, Secret
from actionry.credentials.oauth import Connection, MemoryTokenStore, OAuthSettings, TokenKeeper
from actionry.errors import (
    AddressRefused,
    ArgumentError,
    ConfirmationDeclined,
    ConnectionFailed,
    CredentialError,
    LoginNeeded,
    OutboundError,
    OutboundTimeout,
    OutcomeUnknown,
    ResponseTooLarge,
)
from actionry.http import Request, Response
from actionry.limits import ACTIONRY, CALL_LIMITS
from apps.catalogue import (
    KEY,
    PASSWORD,
    SECOND_KEY,
    USER,
    Auth,
    answering,
    jobs_api,
    json_body,
    operation,
    pet_store,
    todo_api,
    weather_api,
)
from apps.server import App, Received, Reply, answer, text

GIVEN: dict[Auth, Any] = {
    "none": None,
    "bearer": KEY,
    "basic": (USER, PASSWORD),
    "header": KEY,
    "query": KEY,
    "cookie": KEY,
    "token": KEY,
    "oauth": OAuthToken(access_token=Secret(KEY)),
    "and": {"bearer": KEY, "app": SECOND_KEY},
    "or": {"header": KEY},
}

ADD = {"username": "ada", "body": {"todo": "milk"}}


# --------------------------------------------------------------------------------------------------------- credentials


@pytest.mark.row("AU-07")
@pytest.mark.parametrize("auth", list(GIVEN))
async def test_every_kind_of_credential_opens_its_api(auth: Auth) -> None:
    async with todo_api(auth) as todo:
        result = await todo.action().call("addTodo", ADD, credentials=GIVEN[auth], outbound=todo.door)
        assert (result.status, result.data) == (201, {"added": "milk"})
        listed = await todo.action().call("listTodos", {"username": "ada"}, credentials=GIVEN[auth], outbound=todo.door)
        assert listed.data == {"todos": ["milk"]}


@pytest.mark.row("AU-06")
@pytest.mark.parametrize("auth", [auth for auth in GIVEN if auth != "none"])
async def test_an_operation_without_security_gets_no_credential(auth: Auth) -> None:
    async with todo_api(auth) as todo:
        result = await todo.action().call("health", credentials=GIVEN[auth], outbound=todo.door)
        assert result.ok
        sent = str(todo.last.headers) + todo.last.query_string
        assert KEY not in sent
        assert "Authorization" not in todo.last.headers


@pytest.mark.row("R-13")
@pytest.mark.parametrize("auth", [auth for auth in GIVEN if auth != "none"])
async def test_a_missing_credential_sends_nothing(auth: Auth) -> None:
    async with todo_api(auth) as todo:
        with pytest.raises(LoginNeeded, match="Nothing was sent"):
            await todo.action().call("addTodo", ADD, outbound=todo.door)
        assert todo.received == []


@pytest.mark.row("R-12")
async def test_a_key_stays_on_the_action_s_origin() -> None:
    async with todo_api("bearer") as todo, todo_api("bearer") as other:
        document = todo.document
        document["paths"]["/health"]["get"] = operation("elsewhere", servers=[{"url": other.url}])
        action = load_action(document)
        with pytest.raises(CredentialError, match="was not attached"):
            await action.call("elsewhere", credentials=KEY, outbound=todo.door)
        assert other.received == []
        assert (await action.call("listTodos", {"username": "a"}, credentials=KEY, outbound=todo.door)).ok
        bound = Credentials(default=Bearer(Secret(KEY)), origin=other.url)
        assert (await action.call("elsewhere", credentials=bound, outbound=todo.door)).ok


@pytest.mark.row("L-03")
@pytest.mark.parametrize("auth", [auth for auth in GIVEN if auth != "none"])
async def test_no_secret_is_in_result_proposal_journal_or_error(
    auth: Auth, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Proposal] = []
    journal = MemoryJournal()
    async with todo_api(auth) as todo:

        def agree(proposal: Proposal) -> bool:
            seen.append(proposal)
            return True

        def echo(received: Received) -> Reply:
            shown = {"headers": dict(received.headers), "query": received.query_string}
            return answer(shown, headers={"X-Echo": received.headers.get("Authorization", "none")})

        todo.guard = echo
        caller = Caller(outbound=todo.door, journal=journal)
        call = await caller.prepare(todo.action(), "addTodo", ADD, credentials=GIVEN[auth])
        await caller.agree(call, agree)
        result = await caller.run(call)
        todo.guard = lambda _: Reply(200, b"{}", {"Content-Encoding": "compress"})
        with pytest.raises(OutcomeUnknown) as failure:
            await caller.call(todo.action(), "addTodo", ADD, credentials=GIVEN[auth])
        entry = await journal.find(call.id)
    shown = "".join(
        (
            repr(seen),
            repr(result),
            repr(result.data),
            result.text_for_model,
            repr(result.headers),
            result.url,
            repr(call),
            repr(caller),
            repr(entry),
            str(failure.value),
            "".join(traceback.format_exception(failure.value)),
            caplog.text,
            *capsys.readouterr(),
        )
    )
    for canary in (KEY, SECOND_KEY, PASSWORD, "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"):
        assert canary not in shown


@pytest.mark.row("L-04")
async def test_what_the_api_echoes_of_the_credential_is_taken_out() -> None:
    async with todo_api("bearer") as todo:
        todo.guard = lambda received: text(f"<p>you sent {received.headers['Authorization']}</p>", "text/html")
        result = await todo.action().call("listTodos", {"username": "a"}, credentials=KEY, outbound=todo.door)
        assert KEY not in result.data + result.text_for_model
        assert "•••" in result.text_for_model


@pytest.mark.row("L-04")
async def test_a_secret_that_is_a_number_leaves_the_json_readable() -> None:
    async with todo_api("bearer") as todo:
        todo.guard = lambda received: answer({"token": 1234567890, "page_token": "next", "n": 7})
        result = await todo.action().call("listTodos", {"username": "a"}, credentials="1234567890", outbound=todo.door)
        assert result.data == {"token": "•••", "page_token": "next", "n": 7}


# ------------------------------------------------------------------------------------------------------ OAuth sign-ins


class Provider:
    """A token endpoint: how often it was asked, and what it says next."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked = 0

    async def send(self, request: Request) -> Response:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.tokens:
            return _json(400, {"error": "invalid_grant"})
        given = {"access_token": self.tokens.pop(0), "token_type": "bearer", "refresh_token": f"r{self.asked}"}
        return _json(200, given)


def _json(status: int, value: Any) -> Response:
    request = Request("POST", "https://login.example.com/token")
    request.headers["Content-Type"] = "application/json"
    return Response(status, request.headers, orjson.dumps(value), request.url)


async def signed_in(todo: App, provider: Provider, token: str, expires_at: float | None = None) -> SignIn:
    settings = OAuthSettings(
        client_id="c", authorize_url="https://login.example.com/a", token_url="https://login.example.com/token"
    )
    connection = Connection(id="1", settings=settings, origin=todo.url, scheme="oauth")
    keeper = TokenKeeper(MemoryTokenStore(), provider.send)
    await keeper.connect(
        connection, OAuthToken(access_token=Secret(token), refresh_token=Secret("r0"), expires_at=expires_at)
    )
    return SignIn(keeper, connection)


@pytest.mark.row("OA-09")
async def test_a_refused_token_is_renewed_once_and_the_call_made_again() -> None:
    async with todo_api("oauth") as todo:
        provider = Provider(KEY)
        sign_in = await signed_in(todo, provider, "revoked-token")
        result = await todo.action().call("addTodo", ADD, credentials=sign_in, outbound=todo.door)
        assert result.status == 201
        assert [r.headers["Authorization"] for r in todo.received] == ["Bearer revoked-token", f"Bearer {KEY}"]
        assert provider.asked == 1


@pytest.mark.row("OA-09")
async def test_a_second_refusal_asks_the_user_to_sign_in() -> None:
    async with todo_api("oauth") as todo:
        sign_in = await signed_in(todo, Provider("also-refused"), "revoked-token")
        with pytest.raises(LoginNeeded, match=r"Sign in to 127\.0\.0\.1"):
            await todo.action().call("addTodo", ADD, credentials={"oauth": sign_in}, outbound=todo.door)
        assert len(todo.received) == 2
        with pytest.raises(LoginNeeded):  # the token is forgotten: the API is not asked again
            await todo.action().call("addTodo", ADD, credentials={"oauth": sign_in}, outbound=todo.door)
        assert len(todo.received) == 2


@pytest.mark.row("O-16")
async def test_twenty_calls_with_an_ended_token_refresh_once() -> None:
    async with todo_api("oauth") as todo:
        provider = Provider(KEY)
        sign_in = await signed_in(todo, provider, "ended", expires_at=1.0)
        action = todo.action()
        calls = [
            action.call("listTodos", {"username": "a"}, credentials=sign_in, outbound=todo.door) for _ in range(20)
        ]
        assert {result.status for result in await asyncio.gather(*calls)} == {200}
        assert provider.asked == 1


async def test_a_token_without_renewal_asks_for_a_sign_in_and_a_key_gets_the_answer() -> None:
    async with todo_api("oauth") as todo:
        with pytest.raises(LoginNeeded, match="Sign in again"):
            await todo.action().call(
                "addTodo", ADD, credentials=OAuthToken(access_token=Secret("old-token-1")), outbound=todo.door
            )
        result = await todo.action().call("addTodo", ADD, credentials="some-other-key", outbound=todo.door)
        assert (result.status, result.data) == (401, {"error": "invalid_token"})
        assert result.text_for_model.startswith("HTTP 401 Unauthorized\n")


async def test_an_operation_that_needs_no_sign_in_does_not_wake_the_token_endpoint() -> None:
    async with todo_api("oauth") as todo:
        provider = Provider(KEY)
        sign_in = await signed_in(todo, provider, "ended", expires_at=1.0)
        assert (await todo.action().call("health", credentials=sign_in, outbound=todo.door)).ok
        assert provider.asked == 0


# ------------------------------------------------------------------------------------------------------ what is sent


@pytest.mark.row("WI-01")
async def test_plain_calls_carry_our_agent_and_nothing_about_the_user() -> None:
    async with weather_api() as weather:
        await weather.action().call("getForecast", {"city": "Oslo", "day": ["mon", "tue"]}, outbound=weather.door)
        headers = weather.last.headers
        assert headers["Accept"] == "*/*"
        assert headers["User-Agent"].startswith("Actionry/")
        assert not [name for name in headers if name.lower().startswith(("openai-", "actionry-", "trace"))]
        assert weather.last.pairs == [("city", "Oslo"), ("day", "mon"), ("day", "tue")]


@pytest.mark.row("WI-01")
@pytest.mark.parametrize(("compatible", "prefix"), [(True, "openai"), (False, "actionry")])
async def test_host_headers_under_both_names(compatible: bool, prefix: str) -> None:
    async with weather_api() as weather:
        headers = HostHeaders(
            compatible=compatible,
            conversation_id="c-1",
            gpt_id="g-1",
            user="ada",
            pseudonym_key=b"k" * 32,
            region="US-CA",
            trace=new_trace,
        )
        now = 1_767_225_599.0  # a second before midnight UTC
        caller = Caller(outbound=weather.door, headers=headers, clock=lambda: now)
        await caller.call(weather.action(), "getForecast", {"city": "Oslo"})
        sent = weather.last.headers
        assert (sent[f"{prefix}-conversation-id"], sent[f"{prefix}-gpt-id"]) == ("c-1", "g-1")
        assert sent["traceparent"].startswith("00-")
        assert "openai-subdivision-1-iso-code" not in sent  # WI-02: no consent
        pseudonym = sent[f"{prefix}-ephemeral-user-id"]
        assert "ada" not in pseudonym
        assert headers.pseudonym(now - 3600) == pseudonym
        assert headers.pseudonym(now + 2) != pseudonym
        agreed = replace(caller, headers=replace(headers, region_consent=True))
        await agreed.call(weather.action(), "getForecast", {"city": "Oslo"})
        assert weather.last.headers["openai-subdivision-1-iso-code"] == "US-CA"


def test_host_headers_that_no_header_can_carry_are_refused() -> None:
    with pytest.raises(ValueError, match="gpt_id"):
        HostHeaders(gpt_id="x\r\nHost: evil")


@pytest.mark.row("WI-17")
@pytest.mark.parametrize("algorithm", ["hmac-sha256", "ed25519"])
async def test_an_api_can_tell_who_called(algorithm: Algorithm) -> None:
    key = CallerKey(key_id="main", key=bytes(range(32)), algorithm=algorithm)
    keys = {"main": (algorithm, key.public_key())}
    async with todo_api("query") as todo:
        caller = Caller(outbound=todo.door, signing_key=key, clock=lambda: 1000.0)
        await caller.call(todo.action(), "addTodo", ADD, credentials=KEY)
        last = todo.last
        header, url = last.headers[HEADER], f"{todo.url}{last.path}?{last.query_string}"
        fine: dict[str, Any] = {"method": "POST", "url": url, "body": last.body, "keys": keys, "now": 1200.0}
        assert verify_signature(header, **fine) == "main"
        changes: list[dict[str, Any]] = [
            {"method": "PUT"}, {"url": url + "&x=1"}, {"body": b"{}"}, {"keys": {}}, {"now": 1301.0}, {"now": 600.0},
            {"keys": {"main": ("hmac-sha256", b"other" * 8)}},
        ]  # fmt: skip
        for change in changes:
            assert verify_signature(header, **{**fine, **change}) is None, change
        for broken in ("", "t=1", header.replace("sig=", "sig=A"), header.replace("t=1000", "t=1001"), header + "!"):
            assert verify_signature(broken, **fine) is None


@pytest.mark.row("WI-04")
async def test_a_request_over_the_limit_is_not_sent() -> None:
    async with todo_api() as todo:
        with pytest.raises(ArgumentError, match="100,000"):
            await todo.action().call("addTodo", {"username": "a", "body": {"todo": "x" * 100_001}}, outbound=todo.door)
        # 60,000 characters are within the limit as arguments, but not as the form that is sent.
        assert todo.received == []
    form = {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}}
    async with answering(answer({}), method="post", more={"requestBody": form}) as api:
        with pytest.raises(ArgumentError, match="request body"):
            await api.action().call("read", {"body": {"q": "ä" * 60_000}}, outbound=api.door)
        assert api.received == []


async def test_a_document_without_a_server_says_how_to_give_one() -> None:
    async with todo_api() as todo:
        document = {name: value for name, value in todo.document.items() if name != "servers"}
        with pytest.raises(AddressRefused, match="base_url") as refused:
            await load_action(document).call("health", outbound=todo.door)
        assert not refused.value.sent
        assert (await load_action(document, base_url=todo.url).call("health", outbound=todo.door)).ok


async def test_without_a_door_only_public_addresses_are_called() -> None:
    async with todo_api() as todo:
        with pytest.raises(AddressRefused):
            await todo.action().call("health")
        assert todo.received == []


# --------------------------------------------------------------------------------------------------- what comes back


@pytest.mark.row("WI-13")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
async def test_status_and_body_of_a_refusal_go_to_the_model(status: int) -> None:
    async with answering(answer({"detail": "why not"}, status), method="post") as api:
        result = await api.action().call("read", outbound=api.door)
        assert (result.status, result.data, result.ok) == (status, {"detail": "why not"}, False)
        assert result.text_for_model.startswith(f"HTTP {status} ")
        assert "why not" in result.text_for_model
        assert len(api.received) == 1


@pytest.mark.row("D-12")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_reported_not_followed(status: int) -> None:
    async with todo_api() as other:
        reply = Reply(status, b"", {"Location": f"{other.url}/health?token=s3"})
        async with answering(reply, method="post") as api:
            result = await api.action().call("read", outbound=api.door)
            assert result.status == status
            assert "not followed" in result.text_for_model
            assert other.url in result.text_for_model
            assert "s3" not in result.text_for_model
        assert other.received == []


@pytest.mark.row("WI-03")
@pytest.mark.row("D-15")
async def test_a_hanging_or_dripping_api_ends_at_the_deadline() -> None:
    async with answering(answer({})) as api:

        async def hang(_: Received) -> Reply:
            await api.over.wait()
            return answer({})

        api._routes = [(m, p, hang) for m, p, _ in api._routes]
        caller = Caller(outbound=api.door, profile=replace(ACTIONRY, call_timeout_s=0.3))
        with pytest.raises(OutboundTimeout, match="timed out") as slow:
            await caller.call(api.action(), "read")
        assert '"timed_out":true' in error_for_model(slow.value)


@pytest.mark.row("D-13")
async def test_a_bomb_stops_at_the_cap() -> None:
    bomb = gzip.compress(b" " * 30_000_000)
    reply = Reply(200, bomb, {"Content-Encoding": "gzip", "Content-Type": "application/json"})
    async with answering(reply) as api:
        with pytest.raises(ResponseTooLarge, match="limit"):
            await api.action().call("read", outbound=api.door)
    async with answering(reply, method="post") as api:
        with pytest.raises(OutcomeUnknown, match="may have happened"):
            await api.action().call("read", outbound=api.door)


@pytest.mark.row("D-14")
async def test_layered_codings_are_refused() -> None:
    reply = Reply(200, gzip.compress(gzip.compress(b"{}")), {"Content-Encoding": "gzip, gzip"})
    async with answering(reply) as api:
        with pytest.raises(OutboundError):
            await api.action().call("read", outbound=api.door)


@pytest.mark.row("WI-04")
async def test_an_answer_over_the_limit_says_its_size_and_how_to_get_less() -> None:
    items = [{"id": number, "text": "x" * 80} for number in range(2_000)]
    async with answering(answer({"items": items})) as api:
        with pytest.raises(ResponseTooLarge, match="page_size") as large:
            await api.action().call("read", outbound=api.door)
    error = large.value
    assert error.limit == 100_000
    assert error.size is not None
    assert error.size > 100_000
    result: Any = error.result
    assert len(result.text_for_model) <= 100_000
    assert "more items, total 2,000" in result.text_for_model
    assert orjson.loads(result.rest.content) == {"items": items}
    assert orjson.loads(error_for_model(error))["error"]["size"] == error.size


async def test_a_write_whose_answer_is_too_large_is_done() -> None:
    journal = MemoryJournal()
    async with answering(text("x" * 100_001), method="post") as api:
        caller = Caller(outbound=api.door, journal=journal)
        with pytest.raises(ResponseTooLarge):
            await caller.call(api.action(), "read", call_id="c1")
    entry = await journal.find("c1")
    assert entry is not None
    assert entry.state == "done"


# ----------------------------------------------------------------------------------------------- nothing runs twice


def _break(app: App) -> None:
    async def drop(received: Received) -> Reply:
        transport = app.transports[-1]
        transport.abort()
        return Reply()

    app.guard = None
    app._routes = [(m, p, drop) for m, p, _ in app._routes]


@pytest.mark.parametrize("name", ["addTodo", "deleteTodo"])
async def test_an_unanswered_write_is_unknown_and_never_sent_again(name: str) -> None:
    arguments = ADD if name == "addTodo" else {"username": "ada", "body": {"todo_idx": 0}}
    journal = MemoryJournal()
    async with todo_api() as todo:
        _break(todo)
        caller = Caller(outbound=todo.door, journal=journal)
        with pytest.raises(OutcomeUnknown, match="may have happened") as unknown:
            await caller.call(todo.action(), name, arguments, call_id="c1")
        assert len(todo.received) == 1
        assert unknown.value.told_to == "model"
        entry = await journal.find("c1")
        assert entry is not None
        assert entry.state == "unknown"
        call = await caller.prepare(todo.action(), name, arguments, call_id="c1")
        with pytest.raises(OutcomeUnknown, match="not sent again"):
            await caller.run(call)
        assert len(todo.received) == 1


async def test_an_unanswered_read_is_tried_again_and_then_failed() -> None:
    journal = MemoryJournal()
    async with todo_api() as todo:
        _break(todo)
        caller = Caller(outbound=todo.door, journal=journal)
        with pytest.raises(ConnectionFailed):
            await caller.call(todo.action(), "listTodos", {"username": "a"}, call_id="c1")
        assert len(todo.received) > 1
        entry = await journal.find("c1")
        assert entry is not None
        assert entry.state == "failed"


async def test_a_read_that_is_declared_consequential_is_not_tried_again() -> None:
    async with answering(answer({}), more={"x-openai-isConsequential": True}) as api:
        _break(api)
        with pytest.raises(OutcomeUnknown):
            await api.action().call("read", outbound=api.door)
        assert len(api.received) == 1


async def test_what_could_not_be_sent_is_failed_not_unknown() -> None:
    journal = MemoryJournal()
    async with todo_api() as todo:
        action = todo.action(servers=[{"url": "http://127.0.0.1:9"}])
        caller = Caller(outbound=todo.door, journal=journal)
        with pytest.raises(ConnectionFailed) as failed:
            await caller.call(action, "addTodo", ADD, call_id="c1")
        assert not failed.value.sent
        entry = await journal.find("c1")
        assert entry is not None
        assert entry.state == "failed"


@pytest.mark.parametrize(("name", "state"), [("addTodo", "unknown"), ("listTodos", "failed")])
async def test_a_call_that_is_cancelled_after_it_was_sent(name: str, state: str) -> None:
    journal = MemoryJournal()
    async with todo_api() as todo:
        arrived = asyncio.Event()

        async def hang(_: Received) -> Reply:
            arrived.set()
            await todo.over.wait()
            return answer({})

        todo._routes = [(m, p, hang) for m, p, _ in todo._routes]
        caller = Caller(outbound=todo.door, journal=journal)
        arguments = ADD if name == "addTodo" else {"username": "ada"}
        task = asyncio.create_task(caller.call(todo.action(), name, arguments, call_id="c1"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        entry = await journal.find("c1")
        assert entry is not None
        assert entry.state == state


@pytest.mark.row("P-04")
async def test_fifty_runs_of_one_call_are_one_effect_with_one_answer() -> None:
    journal = MemoryJournal()
    async with todo_api() as todo:
        action = todo.action()
        caller = Caller(outbound=todo.door, journal=journal)
        call = await caller.prepare(action, "addTodo", ADD, call_id="c1")
        await caller.agree(call)
        results = await asyncio.gather(*(caller.run(call) for _ in range(50)))
        assert len(todo.received) == 1
        assert {result.text_for_model for result in results} == {'{"added": "milk"}'}
        assert {result.status for result in results} == {201}


# ---------------------------------------------------------------------------------------------------------- long jobs


@pytest.mark.row("WI-16")
@pytest.mark.parametrize("style", ["location", "body", "operation"])
async def test_a_long_job_is_followed_to_its_end(style: Any) -> None:
    async with jobs_api(style=style, looks=3) as jobs:
        result = await jobs.action().call("startReport", outbound=jobs.door)
        assert result.status == 200
        assert result.data["report"] == "ready"
        assert [r.method for r in jobs.received].count("POST") == 1


@pytest.mark.row("WI-16")
async def test_waiting_for_a_job_ends_within_its_limits() -> None:
    async with jobs_api(looks=1_000) as jobs:
        caller = Caller(outbound=jobs.door, limits=replace(CALL_LIMITS, poll_tries=4))
        result = await caller.call(jobs.action(), "startReport")
        assert result.status == 202
        assert "not finished" in result.text_for_model
        assert f"{jobs.url}/jobs/1" in result.text_for_model
        assert len(jobs.received) == 5


@pytest.mark.row("WI-16")
async def test_a_status_link_elsewhere_is_not_followed() -> None:
    async with todo_api() as other:
        reply = answer({"status_url": f"{other.url}/health"}, 202, {"Location": f"{other.url}/health"})
        async with answering(reply, method="post") as api:
            result = await api.action().call("read", outbound=api.door)
            assert result.status == 202
        assert other.received == []


@pytest.mark.row("WI-16")
async def test_the_credential_goes_along_to_the_job_s_status() -> None:
    async with todo_api("bearer") as todo:
        replies = [answer({}, 202, {"Location": "/jobs/7", "Retry-After": "0"}), answer({"done": True})]
        todo.guard = lambda received: replies.pop(0)
        result = await todo.action().call("addTodo", ADD, credentials=KEY, outbound=todo.door)
        assert result.data == {"done": True}
        assert [r.headers["Authorization"] for r in todo.received] == [f"Bearer {KEY}"] * 2


# ---------------------------------------------------------------------------------------------------------- bodies


@pytest.mark.row("WI-10")
async def test_uploads_and_downloads() -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    async with pet_store() as store:
        action = store.action()
        await action.call("putPhoto", {"petId": 3, "body": picture}, outbound=store.door)
        assert (store.last.body, store.last.headers["Content-Type"]) == (picture, "image/png")
        result = await action.call("getPhoto", {"petId": 3}, outbound=store.door)
        assert result.data.content == picture
        assert (result.data.media_type, result.data.name) == ("image/png", "getPhoto.png")
        assert "264 bytes" in result.text_for_model
        await action.call("postPhoto", {"petId": 3, "body": {"photo": picture, "caption": "x"}}, outbound=store.door)
        assert picture in store.last.body


async def test_a_call_leaves_no_connection_open() -> None:
    async with todo_api() as todo:
        for _ in range(3):
            with pytest.raises(AddressRefused):
                await todo.action().call("health")
    gc.collect()  # an unclosed transport is a warning, and warnings are errors here


@pytest.mark.row("R-05")
async def test_a_model_cannot_choose_the_host() -> None:
    async with weather_api() as weather:
        for lat in ("//evil.example/", "..", "@evil.example"):
            with pytest.raises(ArgumentError):
                await weather.action().call("getPoint", {"lat": lat, "lon": 1}, outbound=weather.door)
        assert weather.received == []


def declined(_: Proposal) -> bool:
    return False


async def yes(_: Proposal) -> str:
    return "allow"


@pytest.mark.row("CO-03")
async def test_decline_runs_nothing_and_tells_the_model() -> None:
    async with todo_api() as todo:
        with pytest.raises(ConfirmationDeclined, match="nothing was sent") as error:
            await todo.action().call("addTodo", ADD, outbound=todo.door, confirm=declined)
        assert todo.received == []
        assert error.value.told_to == "model"
        assert (await todo.action().call("addTodo", ADD, outbound=todo.door, confirm=yes)).ok


@pytest.mark.parametrize("said", ["maybe", 3])
async def test_an_answer_that_is_none_sends_nothing(said: Any) -> None:
    async with todo_api() as todo:
        confirm: Callable[[Proposal], Any] = lambda _: said  # noqa: E731  # as a program would write it
        if said == "maybe":
            with pytest.raises(TypeError, match="confirm answered"):
                await todo.action().call("addTodo", ADD, outbound=todo.door, confirm=confirm)
        else:
            with pytest.raises(ConfirmationDeclined):
                await todo.action().call("addTodo", ADD, outbound=todo.door, confirm=confirm)
        assert todo.received == []


async def test_arguments_as_json_text() -> None:
    body = json_body({"n": {"type": "integer"}})
    async with answering(answer({}), method="post", more={"requestBody": body}) as api:
        await api.action().call("read", '{"body": {"n": "7"}}', outbound=api.door)
        assert api.last.json == {"n": 7}
