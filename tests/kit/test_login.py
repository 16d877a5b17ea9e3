"""`actionry call --login` from sign-in to result, against a certified provider and a protected API on loopback."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from support.oauth_provider import running_provider

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as address:
        yield address


@pytest.fixture
def source(issuer: str, tmp_path: Path) -> Path:
    flow = {"authorizationUrl": f"{issuer}/auth", "tokenUrl": f"{issuer}/token", "scopes": {"openid": "Who you are"}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Me", "version": "1"},
        "servers": [{"url": issuer}],
        "paths": {"/api/me": {"get": {"operationId": "whoAmI", "summary": "Who is signed in"}}},
        "security": [{"login": ["openid"]}],
        "components": {"securitySchemes": {"login": {"type": "oauth2", "flows": {"authorizationCode": flow}}}},
    }
    path = tmp_path / "me.json"
    path.write_text(json.dumps(document))
    return path


async def run(*words: str) -> asyncio.subprocess.Process:
    command = str(Path(sys.executable).with_name("actionry"))
    return await asyncio.create_subprocess_exec(
        command,
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def browse(url: str, issuer: str) -> str:
    """Follow the provider as a browser does, up to the page on this machine; its text."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        for _ in range(10):
            async with browser.get(url, allow_redirects=False) as answer:
                if answer.status == 200:
                    return await answer.text()
                assert answer.status in (302, 303), await answer.text()
                url = str(answer.headers["Location"])
            if url.startswith("/"):
                url = issuer + url
    raise AssertionError("the provider did not come back")


async def test_from_sign_in_to_result(source: Path, issuer: str) -> None:
    words = ("--login", "--client-id", "public-client", "--no-browser", "--allow", "127.0.0.1/32", "--json")
    process = await run("call", str(source), "whoAmI", *words)
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    assert line.startswith("Sign in here: "), line + (await process.stderr.read()).decode()
    page = await browse(line.removeprefix("Sign in here: ").strip(), issuer)
    assert "go back to the terminal" in page
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert json.loads(out)["data"]["sub"] == "ada"


async def test_without_a_credential_it_says_how_to_sign_in(source: Path) -> None:
    process = await run("call", str(source), "whoAmI", "--allow", "127.0.0.1/32")
    _, err = await process.communicate()
    assert process.returncode == 1
    assert "--login --client-id" in err.decode()
