"""From an address to an action: a document, a plugin manifest, or a bare domain that has one of them.

What a server calls its answer is not believed (contradiction 13): a document is found by its content.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, assert_never
from urllib.parse import urljoin, urlsplit

from actionry.actions.action import Action
from actionry.actions.content import BAD, parse_json
from actionry.errors import AddressRefused, DocumentError, ManifestError, UnreadableDocument
from actionry.http import Headers, Request, Response, shown_url
from actionry.limits import ACTIONRY, OUTBOUND_LIMITS, READ_LIMITS, Profile, ReadLimits
from actionry.openapi.document import read_document
from actionry.outbound import Outbound

MANIFEST_PATH = "/.well-known/ai-plugin.json"
DOCUMENT_PATHS = ("/openapi.json", "/openapi.yaml", "/swagger.json")
"""Where a domain without a manifest is asked for a document; few, because they are guesses."""

_ACCEPT = "application/json, application/yaml, text/yaml, */*;q=0.5"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HTML = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_LOCAL = re.compile(r"(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\]")


async def fetch_action(
    url: str,
    *,
    outbound: Outbound | None = None,
    base_url: str | None = None,
    profile: Profile = ACTIONRY,
    limits: ReadLimits = READ_LIMITS,
) -> Action:
    """Fetch and read the document at an address, behind a manifest, or at a domain's usual places.

    `https://api.example.com/openapi.yaml`, `https://example.com/.well-known/ai-plugin.json`, `example.com`

    A bare domain is asked for its manifest, then for a document at DOCUMENT_PATHS. `base_url` takes the place of the
    document's servers; without it, relative servers are resolved against the address that answered.

    Raises OutboundError when nothing answers, ManifestError for a manifest that breaks the rules, DocumentError when
    what is there is no document.
    """
    if outbound is None:
        async with Outbound() as door:
            return await fetch_action(url, outbound=door, base_url=base_url, profile=profile, limits=limits)
    fetcher = _Fetcher(outbound, base_url, profile, limits)
    address = full_address(url)
    if urlsplit(address).path in ("", "/") and not urlsplit(address).query:
        return await fetcher.from_domain(address)
    return await fetcher.from_address(address)


def full_address(text: str) -> str:
    """`example.com` -> `https://example.com`; this machine without a scheme gets http (D-11)."""
    text = text.strip()
    if not text:
        raise DocumentError(
            "There is no address.", mend="Give the URL of a document or manifest, or a domain.", code="FETCH-ADDRESS"
        )
    if _SCHEME.match(text):
        return text
    host = re.split(r"[/?#]", text.removeprefix("//"), maxsplit=1)[0]
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    scheme = "http" if _LOCAL.fullmatch(name.lower()) else "https"
    return f"{scheme}://{text.removeprefix('//')}"


class _Fetcher:
    def __init__(self, outbound: Outbound, base_url: str | None, profile: Profile, limits: ReadLimits) -> None:
        self._outbound = outbound
        self._base_url = base_url
        self._profile = profile
        self._limits = limits

    async def from_address(self, address: str) -> Action:
        """A document or a manifest, told apart by what it holds."""
        is_manifest_place = urlsplit(address).path == MANIFEST_PATH
        if is_manifest_place:
            return await self._from_manifest(*await self._manifest_at(address))
        response = await self._get(address, redirects=OUTBOUND_LIMITS.redirects)
        _require_found(response, "document")
        if _is_manifest(response.content):
            return await self._from_manifest(response, urlsplit(response.url).hostname or "")
        return await self._read(response)

    async def from_domain(self, address: str) -> Action:
        """The manifest; where there is none, the first document among the usual places."""
        base = address.rstrip("/")
        place = base + MANIFEST_PATH
        response, root = await self._manifest_at(place, required=False)
        if response.status == 200 and not _HTML.match(response.content):
            return await self._from_manifest(response, root)
        for path in DOCUMENT_PATHS:
            found = await self._get(base + path, redirects=OUTBOUND_LIMITS.redirects)
            if found.status == 200 and not _HTML.match(found.content):
                return await self._read(found)
        host = urlsplit(base).netloc
        raise DocumentError(
            f"{host} has no manifest at {MANIFEST_PATH} ({_what_came(response)}) and no document at "
            f"{', '.join(DOCUMENT_PATHS)}.",
            mend="Give the address of its OpenAPI document.",
            code="FETCH-NO-MANIFEST",
        )

    async def _manifest_at(self, address: str, *, required: bool = True) -> tuple[Response, str]:
        """The answer, and the root domain: redirects lead to sub-domains only, or from www to the bare name (D-02)."""
        root = _root_of(address)
        for _ in range(OUTBOUND_LIMITS.redirects + 1):
            response = await self._get(address, redirects=0)
            location = response.headers.get("Location")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                break
            address = urljoin(address, location)
            root = _redirected_root(root, address)
        else:
            raise ManifestError(
                "The manifest's address redirects too often.", mend="Serve it directly.", code="MANIFEST-REDIRECTS"
            )
        if required:
            _require_found(response, "manifest")
        return response, root

    async def _from_manifest(self, response: Response, root: str) -> Action:
        manifest = await _read_manifest(response.content)
        api_url = urljoin(response.url, manifest.api.url)
        host = (urlsplit(api_url).hostname or "").lower()
        if not _is_within(host, root):
            raise ManifestError(
                f"The manifest's api.url is on {host or 'no host'}, outside its root domain {root}.",
                mend=f"Serve the document on {root} or a sub-domain of it.",
                code="MANIFEST-API-DOMAIN",
                pointer="/api/url",
            )
        document = await self._get(api_url, redirects=0)
        if document.status in (301, 302, 303, 307, 308):
            raise ManifestError(
                f"The manifest's api.url redirects ({document.status}), which is not followed.",
                mend="Write the final address into api.url.",
                code="MANIFEST-API-REDIRECT",
                pointer="/api/url",
            )
        _require_found(document, "document")
        action = await self._read(document)
        if self._base_url is None:
            action = await self._on_root_server(action, document, root)
        action.manifest = manifest
        return action

    async def _on_root_server(self, action: Action, response: Response, root: str) -> Action:
        """D-09: the first server on the root domain or below it, else the host that served the document."""
        servers = [server.url for operation in action.operations[:1] for server in operation.servers]
        within = [url for url in servers if _is_within((urlsplit(url).hostname or "").lower(), root)]
        if not action.operations or (servers and within and within[0] == servers[0]):
            return action
        parts = urlsplit(response.url)
        self._base_url = within[0] if within else f"{parts.scheme}://{parts.netloc}"
        return await self._read(response)

    async def _read(self, response: Response) -> Action:
        """Parse off the loop: a large document takes seconds."""
        if _HTML.match(response.content):
            raise UnreadableDocument(
                f"{shown_url(response.url)} answers with a web page, not a document.",
                mend="Give the address of the document itself; on code hosts that is the one behind `Raw`.",
                code="FETCH-HTML",
            )
        return await asyncio.to_thread(self._make_action, response)

    def _make_action(self, response: Response) -> Action:
        document = read_document(response.content, limits=self._limits, source_url=response.url)
        return Action(document, base_url=self._base_url, limits=self._limits)

    async def _get(self, address: str, *, redirects: int) -> Response:
        request = Request("GET", address, Headers({"Accept": _ACCEPT}))
        try:
            return await self._outbound.send(
                request, redirects=redirects, timeout_s=self._profile.fetch_timeout_s, max_bytes=self._limits.bytes
            )
        except AddressRefused as error:
            error.told_to = "caller"  # who gave the address, not a builder
            raise


def _is_manifest(content: bytes) -> bool:
    """Manifests are JSON with an `api` and the model's name; OpenAPI documents have neither."""
    if b"api" not in content or len(content) > 1_000_000:
        return False
    data = parse_json(content.decode("utf-8", "replace"))
    if data is BAD or not isinstance(data, Mapping) or {"openapi", "swagger", "paths"} & data.keys():
        return False
    return isinstance(data.get("api"), Mapping) and bool({"name_for_model", "schema_version", "auth"} & data.keys())


async def _read_manifest(content: bytes) -> Any:
    from actionry.manifest import read_manifest  # only where there is one

    read: Callable[[bytes], Any] = read_manifest
    return await asyncio.to_thread(read, content)


def _require_found(response: Response, what: Literal["document", "manifest"]) -> None:
    """Raise for anything but a 200 that is no web page, each in its own words."""
    place = shown_url(response.url)
    problem: tuple[str, str, str] | None = None
    if response.status in (404, 410):
        problem = (f"There is no {what} at {place} ({response.status}).", "Check the address.", "FETCH-NOT-FOUND")
    elif response.status in (401, 403):
        problem = (
            f"{place} does not give its {what} without a sign-in ({response.status}).",
            f"Download the {what} and load the file, or ask for a public address.",
            "FETCH-FORBIDDEN",
        )
    elif response.status != 200:
        problem = (f"{place} answered {_what_came(response)} instead of a {what}.", "Try again later.", "FETCH-STATUS")
    elif not response.content.strip():
        problem = (f"{place} answered with nothing.", "Check the address.", "FETCH-EMPTY")
    elif _HTML.match(response.content):
        problem = (
            f"{place} answers with a web page, not a {what}.",
            f"Give the address of the {what} itself; on code hosts that is the one behind `Raw`.",
            "FETCH-HTML",
        )
    if problem is None:
        return
    message, mend, code = problem
    match what:
        case "document":
            raise UnreadableDocument(message, mend=mend, code=code)
        case "manifest":
            raise ManifestError(message, mend=mend, code=code)
        case _:
            assert_never(what)


def _what_came(response: Response) -> str:
    if response.status == 200 and _HTML.match(response.content):
        return "a web page"
    return f"HTTP {response.status}"


# ------------------------------------------------------------------------------------------------- the root domain


def _root_of(address: str) -> str:
    """D-01: the manifest's host without a leading `www.`."""
    return (urlsplit(address).hostname or "").lower().removeprefix("www.")


def _is_within(host: str, root: str) -> bool:
    return bool(root) and (host == root or host.endswith(f".{root}"))


def _redirected_root(root: str, address: str) -> str:
    """The root after a redirect; raises ManifestError for a parent, a sibling or another domain (D-03)."""
    host = (urlsplit(address).hostname or "").lower()
    if host == root or host == f"www.{root}":
        return root
    if host.endswith(f".{root}"):
        return host
    if root.endswith(f".{host}"):
        relation, code = "its parent domain", "MANIFEST-REDIRECT-PARENT"
    elif host.partition(".")[2] and host.partition(".")[2] == root.partition(".")[2] and root.count(".") > 1:
        relation, code = "a sibling domain", "MANIFEST-REDIRECT-SIBLING"
    else:
        relation, code = "another domain", "MANIFEST-REDIRECT-OTHER"
    raise ManifestError(
        f"The manifest of {root} redirects to {relation}, {host or 'no host'}.",
        mend="Redirect to a sub-domain, or serve the manifest where it is asked for.",
        code=code,
    )
