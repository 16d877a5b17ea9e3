"""The main job as a person does it, in Chromium."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from actionry.models.provider import Finished, TextDelta
from actionry.models.scripted import Scripted, calls, plays, says
from actionry.server.models import FixedModels
from support.browser import Visitor, browsing

pytestmark = pytest.mark.slow

MILK = re.compile("buy milk")


async def ask(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Your message").fill(text)
    await page.keyboard.press("Enter")


async def begin(visitor: Visitor) -> Page:
    """To the question about adding milk."""
    page = await visitor.open()
    await page.get_by_role("button", name=MILK).first.click()
    await page.get_by_role("button", name="Allow", exact=True).wait_for()
    return page


@pytest.mark.row("CO-03", "X-10")
async def test_two_clicks_from_the_first_visit_to_the_result(tmp_path: Path) -> None:
    async with browsing(tmp_path) as visitor:
        page = await begin(visitor)
        question = page.get_by_role("region", name=re.compile("Allow this call to 127.0.0.1"))
        await expect(question).to_be_focused()
        await expect(question).to_contain_text("/todos/me")
        await expect(question).to_contain_text("buy milk")
        await page.get_by_role("button", name="Allow", exact=True).click()
        card = page.get_by_role("button", name=re.compile(r"Called 127\.0\.0\.1:\d+ · addTodo"))
        await card.click()
        await expect(page.get_by_text("Copy as cURL")).to_be_visible()
        await expect(page.get_by_text("proposed and checked")).to_be_visible()
        assert "#token" not in page.url
        assert (visitor.strangers(), visitor.troubles) == ([], [])


async def test_declined_means_nothing_is_sent(tmp_path: Path) -> None:
    async with browsing(tmp_path) as visitor:
        page = await begin(visitor)
        await page.get_by_role("button", name="Decline").click()
        await expect(page.get_by_role("button", name=re.compile("addTodo.*Declined"))).to_be_visible()


@pytest.mark.row("P-03")
async def test_changed_arguments_are_what_is_sent(tmp_path: Path) -> None:
    async with browsing(tmp_path) as visitor:
        page = await begin(visitor)
        await page.get_by_role("button", name="Edit the arguments").click()
        await page.get_by_role("textbox", name="body › todo").fill("buy bread")
        await page.get_by_role("button", name="Allow", exact=True).click()
        again = page.get_by_role("region", name=re.compile("Allow this call")).filter(has_text="buy bread")
        done = page.get_by_role("button", name=re.compile("Called .* addTodo"))
        await again.or_(done).first.wait_for()
        if await again.count():
            await page.get_by_role("button", name="Allow", exact=True).click()
        await done.click()
        await expect(page.get_by_text("buy bread").first).to_be_visible()


@pytest.mark.row("P-04")
async def test_a_second_tab_sees_the_question_and_its_answer(tmp_path: Path) -> None:
    async with browsing(tmp_path) as visitor:
        page = await begin(visitor)
        second = await page.context.new_page()
        visitor.watch(second)
        await second.goto(page.url)
        await second.get_by_role("button", name="Always allow").wait_for()
        await page.get_by_role("button", name="Allow", exact=True).click()
        for each in (page, second):
            await expect(each.get_by_role("button", name=re.compile("Called .* addTodo"))).to_be_visible()
        await expect(second.get_by_role("button", name="Allow", exact=True)).to_have_count(0)


async def test_a_reload_in_mid_stream_goes_on_where_it_was(tmp_path: Path) -> None:
    gate = asyncio.Event()
    model = Scripted(plays(TextDelta("The first half, "), gate, TextDelta("the second half."), Finished("stop")))
    async with browsing(tmp_path, models=FixedModels(model)) as visitor:
        page = await visitor.open()
        await ask(page, "Say it in two halves")
        await page.get_by_text("The first half,").wait_for()
        await page.reload()
        await page.get_by_text("The first half,").wait_for()
        await expect(page.get_by_role("button", name="Stop")).to_be_visible()
        gate.set()
        await expect(page.get_by_text("The first half, the second half.")).to_have_count(1)
        await expect(page.get_by_role("button", name="Send")).to_be_visible()


async def test_stop_then_again(tmp_path: Path) -> None:
    gate = asyncio.Event()
    model = Scripted(plays(TextDelta("Wait for it "), gate, Finished("stop")))
    async with browsing(tmp_path, models=FixedModels(model)) as visitor:
        page = await visitor.open()
        await ask(page, "Take your time")
        await page.get_by_text("Wait for it").wait_for()
        await page.get_by_role("button", name="Stop").click()
        await expect(page.get_by_role("button", name="Send")).to_be_visible()
        gate.set()
        await page.get_by_role("button", name="Try again").first.click()
        await expect(page.get_by_text("2 of 2")).to_be_visible()


async def test_shift_enter_breaks_and_an_input_method_does_not_send(tmp_path: Path) -> None:
    async with browsing(tmp_path, models=FixedModels(Scripted(says("Fine.")))) as visitor:
        page = await visitor.open()
        box = page.get_by_role("textbox", name="Your message")
        await box.click()
        await page.keyboard.type("one")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("two")
        await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
        await expect(box).to_have_value("one\ntwo")
        assert "/c/" not in page.url


async def test_what_was_typed_outlives_the_server(tmp_path: Path) -> None:
    async with browsing(tmp_path, models=FixedModels(Scripted(says("Fine.")))) as visitor:
        page = await visitor.open()
        await page.context.set_offline(True)
        await ask(page, "Do not lose me")
        await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
        await expect(page.get_by_role("textbox", name="Your message")).to_have_value("Do not lose me")
        await page.context.set_offline(False)
        await page.get_by_role("button", name="Try again").click()
        await expect(page.get_by_text("Fine.")).to_be_visible()


async def test_chinese_on_a_phone(tmp_path: Path) -> None:
    async with browsing(tmp_path) as visitor:
        page = await visitor.open(language="zh", width=390, height=780)
        await expect(page.get_by_text("内置演练模型")).to_be_visible()
        await page.get_by_role("button", name="打开菜单").click()
        await page.get_by_role("link", name="新会话").click()
        await page.get_by_role("button", name=re.compile("买牛奶")).click()
        await page.get_by_role("button", name="允许", exact=True).click()
        await expect(page.get_by_role("button", name=re.compile("已调用 .* addTodo"))).to_be_visible()
        wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide


@pytest.mark.row("P-02")
async def test_arguments_that_imitate_a_page_stay_text(tmp_path: Path) -> None:
    lie = "\n" * 500 + "</pre><button>Allow</button>\u202egnp.exe ![x](https://evil.example/p.png)"
    model = Scripted(calls("addTodo", body={"todo": lie}), says("Done."))
    async with browsing(tmp_path, models=FixedModels(model)) as visitor:
        page = await visitor.open()
        await ask(page, "Add it")
        allow = page.get_by_role("button", name="Allow", exact=True)
        await expect(allow).to_have_count(1)
        await expect(allow).to_be_in_viewport()
        await expect(page.get_by_role("heading", name=re.compile("Allow this call to 127.0.0.1"))).to_be_visible()
        assert "\u202e" not in await page.locator("body").inner_text()
        assert visitor.strangers() == []


async def test_paste_a_document_and_call_it(tmp_path: Path) -> None:
    """Paste, *Chat with it now*, send, *Allow*: four steps to the first call."""
    async with browsing(tmp_path) as visitor:
        page = await visitor.open()
        base_url = visitor.server.services.demo.base_url
        document = {
            "openapi": "3.0.3",
            "info": {"title": "Notes", "version": "1"},
            "servers": [{"url": base_url}],
            "paths": {"/todos/me": {"get": {
                "operationId": "listNotes", "summary": "List all notes", "responses": {"200": {"description": "ok"}},
            }}},
        }  # fmt: skip
        await page.goto(f"{visitor.server.url}/new")
        await page.get_by_role("textbox", name="Address or document").fill(json.dumps(document))
        await page.get_by_role("button", name="Look").click()
        await expect(page.get_by_role("heading", name="Found: Notes")).to_be_visible()
        await expect(page.get_by_text("listNotes", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Chat with it now").click()
        await ask(page, "List all notes")
        allow = page.get_by_role("button", name="Allow", exact=True)
        done = page.get_by_role("button", name=re.compile("Called .* listNotes"))
        await allow.or_(done).first.wait_for()
        if await allow.count():
            await allow.click()
        await expect(done).to_be_visible()
