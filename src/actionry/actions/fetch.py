"""From an address to an action: a document, a plugin manifest, or a bare domain that has one of them.

What a server calls its answer is not believed (contradiction 13): a document is found by its content.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Literal, assert_never
from urllib.parse import urlsplit

from actionry.actions.action import Action
from actionry.actions.content import BAD, parse_json
from actionry.domains import MANIFEST_PATH, check_redirect, choose_server, is_local, root_domain
from actionry.errors import AddressRefused, DocumentError, ManifestError, UnreadableDocument
from actionry.http import Headers, Request, Response, shown_url
from actionry.limits import ACTIONRY, MANIFEST_READ_LIMITS, OUTBOUND_LIMITS, READ_LIMITS, Profile, ReadLimits
from actionry.manifest import read_manifest
from actionry.openapi.document import Document, read_document
from actionry.outbound import Outbound
from actionry.outbound.url import join_location

DOCUMENT_PATHS = ("/openapi.json", "/openapi.yaml", "/swagger.json")
"""Where a domain without a manifest is asked for a document; few, because they are guesses."""

_ACCEPT = "application/json, application/yaml, text/yaml, */*;q=0.5"
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_HTML = re.compile(rb"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
ReadDocument = Callable[[bytes, ReadLimits, str], Document]
"""(text, limits, address) -> the document; runs in a thread."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def fetch_action(
    url: str,
    *,
    outbound: Outbound | None = None,
    base_url: str | None = None,
    profile: Profile = ACTIONRY,
    limits: ReadLimits = READ_LIMITS,
    read: ReadDocument | None = None,
) -> Action:
    """Fetch and read the document at an address, behind a manifest, or at a domain's usual places.

    `https://api.example.com/openapi.yaml`, `https://example.com/.well-known/ai-plugin.json`, `example.com`

    A bare domain is asked for its manifest, then for a document at DOCUMENT_PATHS. `base_url` takes the place of the
    document's servers; without it, relative servers are resolved against the address that answered. `read` parses in
    place of `read_document`, e.g. in a process that can be killed.

    Raises OutboundError when nothing answers, ManifestError for a manifest that breaks the rules, DocumentError when
    what is there is no document.
    """
    if outbound is None:
        async with Outbound() as door:
            return await fetch_action(url, outbound=door, base_url=base_url, profile=profile, limits=limits, read=read)
    fetcher = _Fetcher(outbound, base_url, profile, limits, read or _read_here)
    address = full_address(url)
    if urlsplit(address).path in ("", "/") and not urlsplit(address).query:
        return await fetcher.from_domain(address)
    return await fetcher.from_address(address)


def _read_here(content: bytes, limits: ReadLimits, source_url: str) -> Document:
    return read_document(content, limits=limits, source_url=source_url)


def full_address(text: str) -> str:
    """`example.com` -> `https://example.com`; this machine without a scheme gets http (D-11)."""
    text = text.strip()
    if not text:
        raise DocumentError(
            "There is no address.", mend="Give the URL of a document or manifest, or a domain.", code="FETCH-ADDRESS"
        )
    if _SCHEME.match(text):
        return text
    rest = text.removeprefix("//")
    return f"{'http' if is_local(re.split(r'[/?#]', rest, maxsplit=1)[0]) else 'https'}://{rest}"


class _Fetcher:
    def __init__(
        self, outbound: Outbound, base_url: str | None, profile: Profile, limits: ReadLimits, read: ReadDocument
    ) -> None:
        self._outbound = outbound
        self._base_url = base_url
        self._profile = profile
        self._limits = limits
        self._read_document = read

    async def from_address(self, address: str) -> Action:
        """A document or a manifest, told apart by what it holds."""
        if urlsplit(address).path == MANIFEST_PATH:
            return await self._from_manifest(await self._manifest_at(address))
        response = await self._get(address, redirects=OUTBOUND_LIMITS.redirects)
        _require_found(response, "document")
        return await (self._from_manifest(response) if _is_manifest(response.content) else self._read(response))

    async def from_domain(self, address: str) -> Action:
        """The manifest; where there is none, the first document among the usual places."""
        base = address.rstrip("/")
        response = await self._manifest_at(base + MANIFEST_PATH, required=False)
        if response.status == 200 and not _HTML.match(response.content):
            return await self._from_manifest(response)
        for path in DOCUMENT_PATHS:
            found = await self._get(base + path, redirects=OUTBOUND_LIMITS.redirects)
            if found.status == 200 and not _HTML.match(found.content):
                return await self._read(found)
        raise DocumentError(
            f"{urlsplit(base).netloc} has no manifest at {MANIFEST_PATH} ({_what_came(response)}) and no document at "
            f"{', '.join(DOCUMENT_PATHS)}.",
            mend="Give the address of its OpenAPI document.",
            code="FETCH-NO-MANIFEST",
        )

    async def _manifest_at(self, address: str, *, required: bool = True) -> Response:
        """The answer, after redirects to sub-domains, or from www to the bare name (D-02). Raises ManifestError."""
        for _ in range(OUTBOUND_LIMITS.redirects + 1):
            response = await self._get(address, redirects=0)
            location = response.headers.get("Location")
            if response.status not in REDIRECTS or not location:
                break
            target = join_location(address, location)
            check_redirect(_host(address), _host(target))
            address = target
        else:
            raise ManifestError(
                "The manifest's address redirects too often.", mend="Serve it directly.", code="MANIFEST-REDIRECTS"
            )
        if required:
            _require_found(response, "manifest")
        return response

    async def _from_manifest(self, response: Response) -> Action:
        manifest = await asyncio.to_thread(read_manifest, response.content, source_url=response.url)
        document = await self._get(manifest.document_url(), redirects=0)
        if document.status in REDIRECTS:
            raise ManifestError(
                f"The manifest's api.url redirects ({document.status}), which is not followed.",
                mend="Write the final address into api.url.",
                code="MANIFEST-API-REDIRECT",
                pointer="/api/url",
            )
        _require_found(document, "document")
        action = await self._read(document)
        if self._base_url is None:
            action = await self._on_root_server(action, document, root_domain(_host(response.url)))
        action.manifest = manifest
        return action

    async def _on_root_server(self, action: Action, response: Response, root: str) -> Action:
        """D-09: the first server on the root domain or below it, else the host that served the document."""
        servers = [server.url for operation in action.operations[:1] for server in operation.servers]
        chosen = choose_server(servers, root, response.url)
        if not servers or servers[0] == chosen:
            return action
        self._base_url = chosen
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
        document = self._read_document(response.content, self._limits, response.url)
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
    """Manifests are JSON with an `api`, or Microsoft's `runtimes`, and with nothing of an OpenAPI document."""
    if len(content) > MANIFEST_READ_LIMITS.bytes or not (b"api" in content or b"runtimes" in content):
        return False
    data = parse_json(content.decode("utf-8", "replace"))
    if data is BAD or not isinstance(data, Mapping) or {"openapi", "swagger", "paths"} & data.keys():
        return False
    return isinstance(data.get("api"), Mapping) or isinstance(data.get("runtimes"), list)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


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
