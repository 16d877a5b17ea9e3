"""A secret planted in every kind of object is looked for in everything that can be printed, logged, copied
or dumped.
"""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from multidict import CIMultiDict
from rich.console import Console
from rich.traceback import Traceback

from actionry.credentials import (
    ApiKey,
    Basic,
    Bearer,
    Credentials,
    Masker,
    OAuthToken,
    Secret,
    ServiceHttp,
    UserHttp,
    Vault,
    attach,
    basic_value,
    choose,
    read_credentials,
)
from actionry.credentials.choice import Chosen
from actionry.credentials.oauth import (
    Callback,
    Connection,
    MemoryTokenStore,
    OAuthSettings,
    RegisteredClient,
    StoredToken,
    TokenKeeper,
    begin_login,
    drive_sync,
    exchange_flow,
    finish_login,
    read_callback,
    refresh_flow,
)
from actionry.credentials.oauth.answers import read_answer
from actionry.credentials.schemes import describe
from actionry.credentials.vault import read_keys
from actionry.errors import ActionryError
from actionry.http import Request, Response
from actionry.openapi.model import SecurityRequirement, SecurityScheme

CANARY = "canary-7f3e9a5c1b2d4e6f"
VAULT_KEY = "e31b0c9ad47f5126880a9cfe3d71b24465f2de0a19c7833b9e54a06cb1d8f729"
ORIGIN = "https://api.example.com"
LOGIN = SecurityRequirement(((SecurityScheme(name="login", kind="oauth2"), ()),))
QUERY = SecurityRequirement(((SecurityScheme(name="key", kind="apiKey", location="query", parameter_name="key"), ()),))
SETTINGS = OAuthSettings(
    client_id="id",
    client_secret=Secret(CANARY),
    authorize_url="https://login.example.com/a",
    token_url="https://login.example.com/t",
)
TOKEN = OAuthToken(access_token=Secret(CANARY), refresh_token=Secret(CANARY))
CONNECTION = Connection(id="c", settings=SETTINGS, origin=ORIGIN)


def attached(requirement: SecurityRequirement) -> Request:
    return attach(Request("GET", f"{ORIGIN}/x"), choose([requirement], read_credentials(CANARY)), action_origin=ORIGIN)


def token_request() -> Request:
    return next(exchange_flow(SETTINGS, code=Secret(CANARY), redirect_uri=f"{ORIGIN}/cb", verifier=Secret(CANARY)))


def response() -> Response:
    return Response(
        200, CIMultiDict({"Set-Cookie": CANARY}), json.dumps({"access_token": CANARY}).encode(), f"{ORIGIN}/?k={CANARY}"
    )


def chosen() -> Chosen:
    return choose([LOGIN], read_credentials({"login": TOKEN}))


PLANTED: dict[str, Callable[[], object]] = {
    "Secret": lambda: Secret(CANARY),
    "ApiKey": lambda: ApiKey(Secret(CANARY), "header", "X-Api-Key"),
    "Basic": lambda: Basic(Secret(CANARY), Secret(CANARY)),
    "Bearer": lambda: Bearer(Secret(CANARY)),
    "OAuthToken": lambda: TOKEN,
    "ServiceHttp": lambda: ServiceHttp(authorization_type="bearer", token=Secret(CANARY)),
    "UserHttp": lambda: UserHttp(authorization_type="basic", token=Secret(CANARY)),
    "BasicValue": lambda: basic_value(CANARY),
    "Credentials": lambda: Credentials(by_scheme={"a": Bearer(Secret(CANARY))}, default=Bearer(Secret(CANARY))),
    "from text": lambda: read_credentials(CANARY),
    "from a mapping": lambda: read_credentials({"a": (CANARY, CANARY), "b": {"access_token": CANARY}}),
    "Chosen": chosen,
    "Masker": lambda: Masker([Secret(CANARY)]),
    "OAuthSettings": lambda: SETTINGS,
    "StoredToken": lambda: StoredToken(token=TOKEN, version=1, binding="b"),
    "Connection": lambda: CONNECTION,
    "RegisteredClient": lambda: RegisteredClient(
        issuer="i", client_id="c", client_secret=Secret(CANARY), registration_access_token=Secret(CANARY)
    ),
    "Callback": lambda: read_callback(f"code={CANARY}&state={CANARY}"),
    "Login": lambda: begin_login(
        SETTINGS, session=CANARY, user="u", action="a", api_origin=ORIGIN, redirect_uri=f"{ORIGIN}/cb"
    ),
    "Answer": lambda: read_answer(response()),
    "Request with header": lambda: attached(LOGIN),
    "Request with query": lambda: attached(QUERY),
    "token Request": token_request,
    "Response": response,
    "shown Request": lambda: Masker(chosen().secrets()).request(attached(LOGIN)),
    "described": lambda: describe(TOKEN),
    "Vault": lambda: Vault.from_settings(f"k:{VAULT_KEY}"),
}


def logged(thing: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("canary")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        logger.error("%s %r", thing, thing)
        logger.error("thing", extra={"thing": thing})
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def attempted(dump: Callable[[Any], object], thing: object) -> str:
    """What the dump gives, or the whole traceback with locals when it refuses."""
    try:
        return str(dump(thing))
    except (TypeError, ValueError, AttributeError, pickle.PicklingError) as error:
        return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def as_dict(thing: object) -> object:
    return dataclasses.asdict(thing) if dataclasses.is_dataclass(thing) and not isinstance(thing, type) else thing


def rich_shown(thing: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(thing)
    return str(console.file.getvalue())  # type: ignore[attr-defined]  # the StringIO of the line above


def slots_of(thing: object) -> str:
    names = [name for cls in type(thing).__mro__ for name in getattr(cls, "__slots__", ())]
    return repr([getattr(thing, name, None) for name in names if isinstance(thing, Secret)])


SINKS: dict[str, Callable[[Any], str]] = {
    "repr": repr,
    "str": str,
    "format": lambda thing: f"{thing} {thing!r} {thing!s} {[thing]} { ({'k': thing}) }",
    "percent": lambda thing: "%s %r" % (thing, thing),  # noqa: UP031  # the old way is one of the sinks
    "pprint": pprint.pformat,
    "rich": rich_shown,
    "log": logged,
    "pickle": lambda thing: attempted(lambda x: pickle.dumps(x), thing),
    "json": lambda thing: attempted(json.dumps, thing),
    "json with str": lambda thing: attempted(lambda x: json.dumps(x, default=str), thing),
    "orjson": lambda thing: attempted(lambda x: orjson.dumps(x), thing),
    "orjson with str": lambda thing: attempted(lambda x: orjson.dumps(x, default=str), thing),
    "vars": lambda thing: attempted(lambda x: repr(vars(x)), thing),
    "slots": slots_of,
    "deepcopy": lambda thing: attempted(lambda x: repr(copy.deepcopy(x)), thing),
}
RAW_MESSAGES = ("Request", "Response")
"""Messages carry what is sent: their data must hold it, so only what shows them is looked at, not what
copies them.
"""


@pytest.mark.row("L-03")
@pytest.mark.row("L-02")
@pytest.mark.row("AU-05")
@pytest.mark.parametrize("sink", SINKS)
@pytest.mark.parametrize("kind", PLANTED)
def test_no_sink_shows_a_planted_secret(kind: str, sink: str) -> None:
    thing = PLANTED[kind]()
    if type(thing).__name__ in RAW_MESSAGES and sink in ("pickle", "orjson", "orjson with str"):
        pytest.skip("a message's bytes are its content")
    shown = SINKS[sink](thing)
    assert CANARY not in shown
    assert VAULT_KEY not in shown


@pytest.mark.parametrize("kind", PLANTED)
def test_dataclass_dumps_keep_secrets_closed(kind: str) -> None:
    thing = PLANTED[kind]()
    if type(thing).__name__ not in RAW_MESSAGES:
        assert CANARY not in repr(as_dict(thing))


def test_a_secret_is_still_a_value() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert copy.deepcopy(Secret("a")) == copy.copy(Secret("a")) == Secret("a")
    assert not Secret("")
    assert f"{Secret('a'):>10}" == "•••"
    for bad in (None, 7, b"x"):
        with pytest.raises(TypeError):
            Secret(bad)  # type: ignore[arg-type]  # what is tested


@pytest.mark.row("L-02")
@pytest.mark.parametrize(
    "text",
    ["{{secret.X}}", "{{ACTIONRY_SECRET_KEYS}}", '{"lc": 1, "type": "secret", "id": ["HOME"]}', "${HOME}", "•••"],
)
def test_text_that_looks_like_a_placeholder_stays_text(text: str) -> None:
    assert read_credentials(text).default == ApiKey(Secret(text))
    assert Masker().text(text) == text
    assert Masker().value({"q": text}) == {"q": text}


def answers(body: dict[str, Any], status: int = 400) -> Callable[[Request], Response]:
    content = json.dumps(body).encode()
    return lambda request: Response(status, CIMultiDict({"Content-Type": "application/json"}), content, request.url)


def wrong_origin() -> None:
    attach(Request("GET", "https://evil.example/"), choose([LOGIN], read_credentials(CANARY)), action_origin=ORIGIN)


def exchange_refused(**body: Any) -> None:
    flow = exchange_flow(SETTINGS, code=Secret(CANARY), redirect_uri=f"{ORIGIN}/cb", verifier=Secret(CANARY))
    drive_sync(flow, answers(body))


def wrong_session() -> None:
    login = begin_login(SETTINGS, session="s", user="u", action="a", api_origin=ORIGIN, redirect_uri=f"{ORIGIN}/cb")
    callback = Callback(state=Secret(CANARY), code=Secret(CANARY))
    finish_login(login.pending, SETTINGS, callback, session=CANARY, user="u", action="a", api_origin=ORIGIN)


FAILURES: dict[str, Callable[[], object]] = {
    "wrong origin": wrong_origin,
    "line break": lambda: choose([LOGIN], read_credentials(CANARY + "\r\nX: 1")),
    "not for a cookie": lambda: choose(
        [SecurityRequirement(((SecurityScheme(name="k", kind="apiKey", location="cookie", parameter_name="k"), ()),))],
        read_credentials(CANARY + ";x"),
    ),
    "user name with colon": lambda: Basic(Secret(f"{CANARY}:"), Secret(CANARY)),
    "two values": lambda: choose(
        [SecurityRequirement(tuple((SecurityScheme(name=n, kind="oauth2"), ()) for n in "ab"))],
        read_credentials({"a": CANARY, "b": CANARY + "2"}),
    ),
    "no such scheme": lambda: read_credentials({"x": CANARY}, [LOGIN]),
    "not a credential": lambda: read_credentials({"login": Secret(CANARY), "x": 7}, [LOGIN]),
    "repeated callback parameter": lambda: read_callback(f"code={CANARY}&code={CANARY}&state={CANARY}"),
    "wrong session": wrong_session,
    "refused code": lambda: exchange_refused(error="invalid_grant", error_description=f"echo {CANARY}"),
    "token that is over": lambda: exchange_refused(access_token=CANARY, expires_in=0),
    "odd token type": lambda: drive_sync(
        refresh_flow(SETTINGS, TOKEN), answers({"access_token": CANARY, "token_type": "mac"}, 200)
    ),
    "token with a line break": lambda: drive_sync(
        refresh_flow(SETTINGS, TOKEN), answers({"access_token": f"{CANARY}\n"}, 200)
    ),
    "token over at once": lambda: drive_sync(
        refresh_flow(SETTINGS, TOKEN), answers({"access_token": CANARY, "expires_in": 0}, 200)
    ),
    "bad keys": lambda: read_keys(f"k:{CANARY}"),
    "no id": lambda: read_keys(CANARY),
    "weak key": lambda: Vault({"k": (CANARY * 2)[:32].encode()}),
    "foreign ciphertext": lambda: Vault.from_settings(f"k:{VAULT_KEY}").open(
        "v1.x.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ("a", "b", "c")
    ),
}


def shown_with_locals(error: BaseException) -> str:
    """The traceback as the standard library and rich write it with every local variable, from our own code
    on.
    """
    own = error.__traceback__
    while (
        own is not None and "actionry/" not in own.tb_frame.f_code.co_filename.replace("\\", "/").partition("src/")[2]
    ):
        own = own.tb_next
    plain = traceback.TracebackException(type(error), error, own, capture_locals=True).format()
    console = Console(file=io.StringIO(), width=300)
    console.print(Traceback.from_exception(type(error), error, own, show_locals=True, locals_max_string=10_000))
    return "".join(plain) + str(console.file.getvalue())  # type: ignore[attr-defined]  # the StringIO above


@pytest.mark.row("L-03")
@pytest.mark.row("L-04")
@pytest.mark.parametrize("failure", FAILURES)
def test_tracebacks_with_locals_show_nothing(failure: str) -> None:
    with pytest.raises(ActionryError) as caught:
        FAILURES[failure]()
    shown = shown_with_locals(caught.value)
    assert CANARY not in shown
    assert CANARY not in repr(caught.value)
    assert VAULT_KEY not in shown


async def test_a_refused_refresh_shows_nothing() -> None:
    async def send(request: Request) -> Response:
        return answers({"error": "invalid_grant", "error_description": f"no {CANARY}"})(request)

    keeper = TokenKeeper(MemoryTokenStore(), send)
    await keeper.connect(CONNECTION, dataclasses.replace(TOKEN, expires_at=0.0))
    with pytest.raises(ActionryError) as caught:
        await keeper.fresh(CONNECTION)
    assert CANARY not in shown_with_locals(caught.value)
    assert CANARY not in repr(keeper)
