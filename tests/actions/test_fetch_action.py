"""From an address to an action: what is asked for, what is found, and one sentence for each thing that goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import actionry
from actionry.actions.fetch import fetch_action, full_address
from actionry.errors import AddressRefused, ConnectionFailed, DocumentError, ManifestError, UnreadableDocument
from apps.catalogue import document, operation, plugin_manifest, plugin_site, todo_api
from apps.server import App, Received, Reply, answer, text

DOCUMENT = document("Fetched", {"/ping": {"get": operation("ping")}})
Serve = Callable[[App, Received], Reply | None]


def site(serve: Serve) -> App:
    app = App(DOCUMENT, {})
    app.guard = lambda received: serve(app, received)
    return app


@pytest.mark.parametrize("media_type", ["application/json", "text/yaml", "text/html", "application/octet-stream"])
async def test_a_document_s_address(media_type: str) -> None:
    async with site(lambda app, _: text(json.dumps(app.document), media_type)) as app:
        action = await actionry.fetch_action(f"{app.url}/files/openapi.json?v=1", outbound=app.door)
        assert action.title == "Fetched"
        assert action.server_url == app.url
        assert [r.path for r in app.received] == ["/files/openapi.json"]


@pytest.mark.parametrize(
    ("servers", "base_url", "expected"),
    [
        (None, None, "{site}"),
        ([{"url": "/v2"}], None, "{site}/v2"),
        ([{"url": "v2"}], None, "{site}/files/v2"),
        ([{"url": "/v2"}], "https://api.example.com", "https://api.example.com/v2"),
        ([{"url": "https://there.example/v1"}], None, "https://there.example/v1"),
        ([{"url": "https://there.example/v1"}], "https://mine.example", "https://mine.example"),
    ],
)
async def test_relative_servers_are_where_the_document_is(servers: Any, base_url: str | None, expected: str) -> None:
    served = {**DOCUMENT, **({"servers": servers} if servers else {})}
    async with site(lambda _app, _: answer(served)) as app:
        action = await fetch_action(f"{app.url}/files/openapi.json", outbound=app.door, base_url=base_url)
        assert action.server_url == expected.format(site=app.url)


@pytest.mark.row("D-02")
async def test_a_document_may_redirect_and_relative_servers_follow() -> None:
    def serve(_: App, received: Received) -> Reply:
        if received.path == "/old":
            return Reply(302, b"", {"Location": "/new/openapi.json"})
        return answer({**DOCUMENT, "servers": [{"url": "v1"}]})

    async with site(serve) as app:
        action = await fetch_action(f"{app.url}/old", outbound=app.door)
        assert action.server_url == f"{app.url}/new/v1"


@pytest.mark.row("M-01")
@pytest.mark.parametrize("path", ["", "/", "/.well-known/ai-plugin.json"])
async def test_a_plugin_is_found_by_its_manifest(path: str) -> None:
    async with plugin_site() as app:
        action = await fetch_action(f"{app.url}{path}", outbound=app.door)
        assert action.manifest is not None
        assert action.manifest.name_for_model == "plugin"
        assert (await action.call("ping", outbound=app.door)).data == {"pong": True}
        assert [r.path for r in app.received] == ["/.well-known/ai-plugin.json", "/openapi.yaml", "/ping"]


async def test_a_manifest_at_another_address_is_known_by_its_content() -> None:
    def serve(app: App, received: Received) -> Reply:
        if received.path == "/plugin.json":
            return answer(plugin_manifest(app.url, "/spec"))
        return answer(app.document)

    async with site(serve) as app:
        action = await fetch_action(f"{app.url}/plugin.json", outbound=app.door)
        assert action.manifest is not None
        assert action.title == "Fetched"


@pytest.mark.parametrize("place", ["/openapi.json", "/openapi.yaml", "/swagger.json"])
async def test_a_domain_without_a_manifest_is_asked_at_the_usual_places(place: str) -> None:
    async with plugin_site(manifest=False, document_path=place) as app:
        action = await fetch_action(app.url, outbound=app.door)
        assert action.title == "Plugin"
        assert action.manifest is None
        assert len(app.received) <= 4


async def test_a_domain_by_its_name_alone() -> None:
    async with plugin_site() as app:
        host = app.url.removeprefix("http://")
        assert (await fetch_action(host, outbound=app.door)).title == "Plugin"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("example.com", "https://example.com"),
        (" example.com/openapi.yaml ", "https://example.com/openapi.yaml"),
        ("//example.com", "https://example.com"),
        ("localhost:5003", "http://localhost:5003"),
        ("127.0.0.1:5003/openapi.yaml", "http://127.0.0.1:5003/openapi.yaml"),
        ("[::1]:80", "http://[::1]:80"),
        ("http://example.com", "http://example.com"),
        ("localhost.evil.example", "https://localhost.evil.example"),
        ("example.com:8443", "https://example.com:8443"),
    ],
)
def test_addresses_are_completed(given: str, address: str) -> None:
    assert full_address(given) == address


@pytest.mark.row("PI-09")
@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (answer({}, 404), "There is no document at"),
        (answer({}, 403), "without a sign-in"),
        (answer({}, 500), "HTTP 500"),
        (text("<!DOCTYPE html><html>Sign in</html>", "text/html"), "a web page, not a document"),
        (text("  "), "answered with nothing"),
        (text("just words"), "is plain text, not a mapping"),
        (answer({"x": 1}), "no OpenAPI document"),
        (answer([1]), "a list"),
    ],
)
async def test_each_thing_that_goes_wrong_has_its_sentence(reply: Reply, message: str) -> None:
    async with site(lambda *_: reply) as app:
        with pytest.raises(DocumentError, match=message):
            await fetch_action(f"{app.url}/openapi.json", outbound=app.door)


@pytest.mark.row("M-01")
async def test_a_domain_with_nothing_says_what_was_looked_for() -> None:
    async with site(lambda *_: text("<html>hello</html>", "text/html")) as app:
        with pytest.raises(DocumentError, match="no manifest at /") as error:
            await fetch_action(app.url, outbound=app.door)
        assert error.value.code == "FETCH-NO-MANIFEST"
        assert len(app.received) == 4


async def test_a_manifest_that_was_named_must_be_there() -> None:
    async with site(lambda *_: answer({}, 404)) as app:
        with pytest.raises(ManifestError, match="There is no manifest"):
            await fetch_action(f"{app.url}/.well-known/ai-plugin.json", outbound=app.door)


@pytest.mark.row("D-04")
@pytest.mark.row("S-19")
@pytest.mark.parametrize("api_url", ["https://elsewhere.example/openapi.yaml", "http://169.254.169.254/x"])
async def test_a_manifest_s_document_is_on_its_own_domain(api_url: str) -> None:
    def serve(app: App, _: Received) -> Reply:
        manifest = plugin_manifest(app.url)
        return answer({**manifest, "api": {"type": "openapi", "url": api_url}})

    async with site(serve) as app:
        with pytest.raises(ManifestError) as error:
            await fetch_action(app.url, outbound=app.door)
        assert error.value.code.startswith("MANIFEST-")
        assert len(app.received) == 1


@pytest.mark.row("D-09")
async def test_a_plugin_s_server_is_on_its_domain_or_where_its_document_is() -> None:
    def serve(app: App, received: Received) -> Reply:
        if received.path == "/.well-known/ai-plugin.json":
            return answer(plugin_manifest(app.url))
        return answer({**DOCUMENT, "servers": [{"url": "https://elsewhere.example/v1"}]})

    async with site(serve) as app:
        action = await fetch_action(app.url, outbound=app.door)
        assert action.server_url == app.url


@pytest.mark.row("D-03")
async def test_a_manifest_that_redirects_elsewhere_is_not_followed() -> None:
    async with plugin_site() as other:

        def serve(_: App, received: Received) -> Reply:
            return Reply(302, b"", {"Location": other.url.replace("127.0.0.1", "plugin.example") + received.path})

        async with site(serve) as app:
            with pytest.raises(ManifestError, match="another domain") as error:
                await fetch_action(app.url, outbound=app.door)
            assert error.value.code == "MANIFEST-REDIRECT-OTHER"
        assert other.received == []


@pytest.mark.row("D-02")
async def test_a_manifest_may_move_on_its_own_host() -> None:
    async with plugin_site() as app:
        inner = app.guard
        assert inner is not None

        def serve(received: Received) -> Reply | None:
            if received.path == "/.well-known/ai-plugin.json":
                return Reply(301, b"", {"Location": "/manifest"})
            return answer(plugin_manifest(app.url)) if received.path == "/manifest" else inner(received)

        app.guard = serve
        assert (await fetch_action(app.url, outbound=app.door)).title == "Plugin"


@pytest.mark.row("S-15")
async def test_addresses_inside_are_refused() -> None:
    async with todo_api() as todo:
        for address in (todo.url, f"{todo.url}/openapi.json", "http://169.254.169.254/", "localhost:1"):
            with pytest.raises(AddressRefused) as error:
                await fetch_action(address)
            assert error.value.told_to == "caller"
        assert todo.received == []


@pytest.mark.row("S-15")
async def test_a_redirect_inside_is_refused() -> None:
    async with site(lambda *_: Reply(302, b"", {"Location": "http://169.254.169.254/latest"})) as app:
        with pytest.raises(AddressRefused, match="Redirect 1"):
            await fetch_action(f"{app.url}/openapi.json", outbound=app.door)


async def test_nobody_at_home() -> None:
    async with todo_api() as todo:
        with pytest.raises(ConnectionFailed):
            await fetch_action("http://127.0.0.1:9/openapi.json", outbound=todo.door)


async def test_an_empty_address() -> None:
    with pytest.raises(DocumentError, match="no address"):
        await fetch_action("  ")


async def test_a_broken_document_says_where() -> None:
    async with site(lambda *_: text('{"openapi": "3.1.0",\n "paths": {', "application/json")) as app:
        with pytest.raises(UnreadableDocument) as error:
            await fetch_action(f"{app.url}/openapi.json", outbound=app.door)
        assert error.value.line == 2
