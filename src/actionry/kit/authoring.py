"""For authors: an existing FastAPI or Starlette app becomes a plugin in three lines.

    from actionry.kit.authoring import ServiceToken, plugin

    plugin(app, name="todo", description="Plugin for managing a TODO list.", auth=ServiceToken(os.environ["TOKEN"]))

Adds the manifest, the document as JSON and YAML, and the logo to the app, each with the address filled in under which
it is asked, and lets calls through only with the credential that the manifest asks for.
"""

from __future__ import annotations

import copy
import inspect
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, overload, runtime_checkable

import orjson

from actionry.domains import MANIFEST_PATH
from actionry.errors import ActionryError
from actionry.kit.served import PLACEHOLDER, fill, own_url, to_yaml
from actionry.manifest import Auth, write_manifest

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
FindUser = Callable[[str], "str | Awaitable[str | None] | None"]
"""A key or token -> the user it belongs to, None when it is not known; may be async."""

LOGO_PATH, JSON_PATH, YAML_PATH = "/logo.png", "/openapi.json", "/openapi.yaml"
_EXTRA = "_actionry_openapi_extra"
_HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?")


# ------------------------------------------------------------------------------------------------- authentication


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """service_http: the chat's servers know one token."""

    token: str = field(repr=False)
    verification_tokens: Mapping[str, str] = field(default_factory=dict)
    """Service -> what it showed when the plugin was registered (PA-03)."""


@dataclass(frozen=True, slots=True)
class UserKeys:
    """user_http: each user has a key."""

    find_user: FindUser
    instructions: str = ""
    """Shown where a user is asked for the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """oauth: users sign in at `authorize_url`; tokens are checked by `find_user`."""

    find_user: FindUser
    authorize_url: str
    """Absolute, or a path of this app."""
    token_url: str
    scope: str = ""
    verification_tokens: Mapping[str, str] = field(default_factory=dict)


PluginAuth = ServiceToken | UserKeys | OAuth


# --------------------------------------------------------------------------------------------- marks on operations


@overload
def consequential(endpoint: bool = True) -> Callable[[Endpoint], Endpoint]: ...
@overload
def consequential(endpoint: Endpoint) -> Endpoint: ...
def consequential(endpoint: Any = True) -> Any:
    """Mark an operation as one that the user is asked about each time; with False, as one that may be always allowed.

    Above the function, below the route: `@app.post("/orders")`, then `@consequential`, or `@consequential(False)`.
    """
    if isinstance(endpoint, bool):
        return openapi_extra({"x-openai-isConsequential": endpoint})
    return openapi_extra({"x-openai-isConsequential": True})(endpoint)


def examples(**given: Any) -> Callable[[Endpoint], Endpoint]:
    """Examples of the request body by name: `@examples(milk={"todo": "buy milk"})`."""
    shown = {name: {"value": value} for name, value in given.items()}
    return openapi_extra({"requestBody": {"content": {"application/json": {"examples": shown}}}})


def openapi_extra(extra: Mapping[str, Any]) -> Callable[[Endpoint], Endpoint]:
    """Anything else that the operation's entry in the document should hold."""

    def mark(endpoint: Endpoint) -> Endpoint:
        known: dict[str, Any] = getattr(endpoint, _EXTRA, {})
        setattr(endpoint, _EXTRA, _merged(known, extra))
        return endpoint

    return mark


def _merged(known: Any, extra: Any) -> Any:
    if isinstance(known, Mapping) and isinstance(extra, Mapping):
        return {**known, **{key: _merged(known.get(key), value) for key, value in extra.items()}}
    return copy.deepcopy(extra)


# ------------------------------------------------------------------------------------------------------- mounting


@runtime_checkable
class _WritesDocument(Protocol):
    def openapi(self) -> dict[str, Any]: ...


def plugin(
    app: Any,
    *,
    name: str,
    description: str,
    title: str = "",
    description_for_human: str = "",
    auth: PluginAuth | None = None,
    document: Mapping[str, Any] | str | Path | None = None,
    logo: bytes | Path | None = None,
    contact_email: str = "",
    legal_info_url: str = "",
    public_paths: tuple[str, ...] = (),
) -> None:
    """Make a plugin of an app whose routes are there already: manifest, document, logo, and the check of credentials.

    name: for the model, letters, digits and `_`. description: for the model, "Plugin for …".
    document: None takes the one that FastAPI writes; a mapping, YAML or JSON text, or a file otherwise.
    public_paths: paths that are called without the credential, e.g. those of a sign-in page.
    Raises ActionryError when there is no document, or the logo cannot be read.
    """
    if not re.fullmatch(r"[A-Za-z0-9_]{1,50}", name):
        raise ActionryError(f"`{name[:60]}` is no name for a model.", mend="Use letters, digits and `_`, at most 50.")
    read_document = _document_reader(app, document)
    manifest = write_manifest(
        name_for_human=title or name,
        name_for_model=name,
        description_for_human=description_for_human or description,
        description_for_model=description,
        auth=_manifest_auth(auth),
        api_url=f"{PLACEHOLDER}{YAML_PATH}",
        logo_url=f"{PLACEHOLDER}{LOGO_PATH}",
        contact_email=contact_email,
        legal_info_url=_local_url(legal_info_url),
    )
    picture = _read_logo(logo, title or name)

    def served(path: str, base_url: str) -> tuple[bytes, str] | None:
        if path == MANIFEST_PATH:
            return fill(_json(manifest), base_url).encode(), "application/json"
        if path == LOGO_PATH:
            return picture, "image/png"
        if path not in (JSON_PATH, YAML_PATH):
            return None
        text = fill(_json(_with_server(read_document(), base_url, auth)), base_url)
        if path == JSON_PATH:
            return text.encode(), "application/json"
        return to_yaml(text).encode(), "application/yaml"

    app.add_middleware(_Plugin, served=served, auth=auth, public_paths=frozenset(public_paths))


def _document_reader(app: Any, document: Mapping[str, Any] | str | Path | None) -> Callable[[], dict[str, Any]]:
    if document is None:
        if not isinstance(app, _WritesDocument):
            raise ActionryError(
                "This app does not write an OpenAPI document itself.", mend="Give it: plugin(app, document=Path(…), …)."
            )
        return lambda: _with_extras(app, app.openapi())
    if isinstance(document, Path) and not document.is_file():
        raise ActionryError(f"There is no file `{document}`.", mend="Give the OpenAPI document's path.")

    from actionry.syntax import read_tree

    if isinstance(document, Mapping):
        root: Any = document
    else:  # read once, and now: a document that cannot be read is told to its author
        root = read_tree(document.read_bytes() if isinstance(document, Path) else document).root
    if not isinstance(root, Mapping):
        raise ActionryError("The document is no mapping.", mend="Write `openapi:`, `info:` and `paths:`.")
    return lambda: _with_extras(app, root)


def _with_extras(app: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """The marks of `consequential` and `examples`, put at their operations."""
    filled: dict[str, Any] = copy.deepcopy(dict(root))
    for route in getattr(app, "routes", ()):
        extra = getattr(getattr(route, "endpoint", None), _EXTRA, None)
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", getattr(route, "path", ""))
        item = filled.get("paths", {}).get(path)
        if extra is None or not isinstance(item, dict):
            continue
        for method in getattr(route, "methods", None) or ():
            if isinstance(item.get(method.lower()), dict):
                item[method.lower()] = _merged(item[method.lower()], extra)
    return filled


def _with_server(root: dict[str, Any], base_url: str, auth: PluginAuth | None) -> dict[str, Any]:
    """The address, and the security scheme where the document declares none."""
    root["servers"] = [{"url": base_url}]
    components = root.setdefault("components", {})
    if auth is None or components.get("securitySchemes"):
        return root
    match auth:
        case OAuth():
            flow = {
                "authorizationUrl": _local_url(auth.authorize_url),
                "tokenUrl": _local_url(auth.token_url),
                "scopes": dict.fromkeys(auth.scope.split(), ""),
            }
            components["securitySchemes"] = {"oauth": {"type": "oauth2", "flows": {"authorizationCode": flow}}}
            root["security"] = [{"oauth": auth.scope.split()}]
        case ServiceToken() | UserKeys():
            components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
            root["security"] = [{"key": []}]
    return root


def _manifest_auth(auth: PluginAuth | None) -> Auth:
    match auth:
        case None:
            return Auth()
        case ServiceToken():
            return Auth(
                type="service_http", authorization_type="bearer", verification_tokens=dict(auth.verification_tokens)
            )
        case UserKeys():
            return Auth(type="user_http", authorization_type="bearer", instructions=auth.instructions)
        case OAuth():
            return Auth(
                type="oauth",
                client_url=_local_url(auth.authorize_url),
                authorization_url=_local_url(auth.token_url),
                scope=auth.scope,
                authorization_content_type="application/x-www-form-urlencoded",
                verification_tokens=dict(auth.verification_tokens),
            )


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _local_url(url: str) -> str:
    return f"{PLACEHOLDER}{url}" if url.startswith("/") else url


def _read_logo(logo: bytes | Path | None, title: str) -> bytes:
    if logo is None:
        from actionry.kit.new import draw_logo

        return draw_logo(title)
    try:
        return logo.read_bytes() if isinstance(logo, Path) else logo
    except OSError as error:
        raise ActionryError(f"`{logo!s}` cannot be read: {error.strerror}.", mend="Give a PNG file.") from None


# ------------------------------------------------------------------------------------------------ while it serves

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class _Plugin:
    """Answers the plugin's own addresses, and lets only callers with the credential through to the others."""

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        *,
        served: Callable[[str, str], tuple[bytes, str] | None],
        auth: PluginAuth | None,
        public_paths: frozenset[str],
    ) -> None:
        self._app = app
        self._served = served
        self._auth = auth
        self._public_paths = set(public_paths)
        if isinstance(auth, OAuth):  # who signs in has no token yet
            self._public_paths |= {url for url in (auth.authorize_url, auth.token_url) if url.startswith("/")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket" and self._auth is not None:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["method"] in ("GET", "HEAD"):
            host = headers.get(b"host", "")
            if not _HOST.fullmatch(host):
                await _answer(send, 400, b'{"error":"The Host header is missing or malformed."}', "application/json")
                return
            found = self._served(scope["path"], own_url(host))
            if found is not None:
                await _answer(send, 200, found[0], found[1], body=scope["method"] == "GET")
                return
        # A browser's question whether it may call has no credential; the answer belongs to the app's CORS.
        if scope["path"] in self._public_paths or _is_preflight(scope, headers) or await self._lets_in(scope, headers):
            await self._app(scope, receive, send)
            return
        await _answer(
            send, 401, b'{"error":"The credential is missing or wrong."}', "application/json",
            headers=[(b"www-authenticate", b"Bearer")],
        )  # fmt: skip

    async def _lets_in(self, scope: Scope, headers: Mapping[bytes, str]) -> bool:
        """Who is calling is told by the credential alone; the app reads it as `request.state.user`."""
        if self._auth is None:
            return True
        kind, _, token = headers.get(b"authorization", "").partition(" ")
        token = token.strip()
        if kind.lower() != "bearer" or not token:
            return False
        if isinstance(self._auth, ServiceToken):
            return secrets.compare_digest(token.encode(), self._auth.token.encode())
        found = self._auth.find_user(token)
        user = await found if inspect.isawaitable(found) else found
        if not user:
            return False
        scope.setdefault("state", {})["user"] = user
        return True


def _is_preflight(scope: Scope, headers: Mapping[bytes, str]) -> bool:
    return scope["method"] == "OPTIONS" and b"origin" in headers and b"access-control-request-method" in headers


async def _answer(
    send: Send,
    status: int,
    content: bytes,
    kind: str,
    *,
    body: bool = True,
    headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    own = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(content)), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": status, "headers": [*own, *(headers or [])]})
    await send({"type": "http.response.body", "body": content if body else b""})
