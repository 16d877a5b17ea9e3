"""axe-core finds nothing, in both languages and both colour schemes; the first visit is small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.browser import accessibility_problems, browsing

pytestmark = pytest.mark.slow

MOST_KIB, MOST_REQUESTS = 290, 12


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_screen(tmp_path: Path, language: str, scheme: str) -> None:
    found: dict[str, list[str]] = {}
    allow, called = {"en": ("Allow", "Called"), "zh": ("允许", "已调用")}[language]
    async with browsing(tmp_path) as visitor:
        page = await visitor.open(language=language, scheme=scheme)
        await page.get_by_role("button", name=re.compile("buy milk")).wait_for()
        found["empty chat"] = await accessibility_problems(page)
        await page.get_by_role("button", name=re.compile("buy milk")).first.click()
        await page.get_by_role("button", name=allow, exact=True).wait_for()
        found["question"] = await accessibility_problems(page)
        await page.get_by_role("button", name=allow, exact=True).click()
        await page.get_by_role("button", name=re.compile(called)).click()
        await page.get_by_text("cURL").wait_for()
        found["under the hood"] = await accessibility_problems(page)
        for address in (
            "new",
            *(f"settings/{part}" for part in ("look", "connections", "permissions", "models", "sessions")),
        ):
            await page.goto(f"{visitor.server.url}/{address}")
            await page.locator("h1").wait_for()
            await page.wait_for_timeout(200)
            found[address] = await accessibility_problems(page)
        await page.set_viewport_size({"width": 390, "height": 780})
        await page.get_by_role("button", name={"en": "Open the menu", "zh": "打开菜单"}[language]).click()
        await page.wait_for_timeout(200)
        found["phone menu"] = await accessibility_problems(page)
    assert {screen: problems for screen, problems in found.items() if problems} == {}


async def test_the_first_visit_is_small(tmp_path: Path) -> None:
    async with browsing(tmp_path) as visitor:
        context = await visitor.browser.new_context()
        page = await context.new_page()
        wire = await context.new_cdp_session(page)
        sizes: list[float] = []
        await wire.send("Network.enable")
        wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        from actionry.server.main import sign_in_address

        await page.goto(await sign_in_address(visitor.server.server))
        await page.get_by_role("button", name=re.compile("buy milk")).wait_for()
        await page.wait_for_timeout(500)
        assert len(sizes) <= MOST_REQUESTS
        assert sum(sizes) / 1024 <= MOST_KIB
