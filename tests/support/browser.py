"""A real Chromium on a real server: `async with browsing(tmp_path) as browser: page = await browser.open()`."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from actionry.server.main import sign_in_address
from actionry.server.models import Models
from support.server import RunningServer, serving

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def _missing(reason: str) -> None:
    """In CI a missing browser is a failure, elsewhere the tests are left out."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def chromium() -> str | None:
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


@cache
def build_page() -> str | None:
    """None when the page is current, else why it could not be built."""
    done = subprocess.run([str(ROOT / "scripts" / "build-page")], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr[-2000:]


@dataclass(slots=True)
class Visitor:
    """One browser profile, signed in as the local user."""

    server: RunningServer
    browser: Browser
    requests: list[str] = field(default_factory=list)
    """Every address that any page of it asked for."""
    troubles: list[str] = field(default_factory=list)
    """Errors of pages, and what the content security policy reported."""

    async def open(self, *, language: str = "en", scheme: str = "light", width: int = 1200, height: int = 800) -> Page:
        """The page at the printed address."""
        context = await self.browser.new_context(
            locale={"en": "en-GB", "zh": "zh-CN"}[language],
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        )
        context.on("request", lambda request: self.requests.append(request.url))
        page = await context.new_page()
        self.watch(page)
        await page.goto(await sign_in_address(self.server.server))
        await page.locator("textarea").first.wait_for()
        return page

    def watch(self, page: Page) -> None:
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "console",
            lambda message: self.troubles.append(message.text) if "Content Security" in message.text else None,
        )

    def strangers(self) -> list[str]:
        """Requests that left for somewhere else."""
        return [url for url in self.requests if not url.startswith((self.server.url, "data:", "blob:", "about:"))]


@asynccontextmanager
async def browsing(data_dir: Path, *, models: Models | None = None, **given: Any) -> AsyncIterator[Visitor]:
    program = chromium()
    if program is None:
        _missing("Chromium is not installed (Debian: apt install chromium).")
    problem = await asyncio.to_thread(build_page)
    if problem is not None:
        _missing(f"The page cannot be built: {problem}")
    async with serving(data_dir, models=models, **given) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield Visitor(server, browser)
        finally:
            await browser.close()


AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


async def accessibility_problems(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands."""
    await page.evaluate(await asyncio.to_thread(AXE.read_text, "utf-8"))
    found = await page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        ".map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join(' | '))"
    )
    return [str(each) for each in found]
