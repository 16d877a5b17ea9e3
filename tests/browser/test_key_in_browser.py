"""A call that needs the user's own key asks for it, and goes on by itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from support.browser import browsing

pytestmark = pytest.mark.slow


@pytest.mark.row("AU-08", "OA-12")
async def test_the_key_is_asked_for_and_the_call_goes_on(tmp_path: Path) -> None:
    async with browsing(tmp_path) as visitor:
        page = await visitor.open()
        person = await visitor.server.local()
        document = {
            "openapi": "3.0.3",
            "info": {"title": "Notes", "version": "1"},
            "servers": [{"url": visitor.server.services.demo.base_url}],
            "paths": {
                "/todos/me": {
                    "get": {
                        "operationId": "listNotes",
                        "summary": "List all notes",
                        "responses": {"200": {"description": "ok"}},
                    }
                }
            },
        }
        made = (await person.post("/api/v1/gpts", {"source": json.dumps(document)})).json
        action = made["actions"][0]["id"]
        path = f"/api/v1/gpts/{made['id']}"
        form = {"kind": "api_key", "form": "bearer", "owner": "user", "instructions": "Make a key in your settings."}
        saved = await person.call(
            "PUT",
            f"{path}/actions/{action}/authentication",
            {"revision": made["draft_revision"], "authentication": form},
        )
        assert saved.status == 200, saved.text
        revision = (await person.get(path)).json["draft_revision"]
        assert (await person.post(f"{path}/publish", {"revision": revision})).status == 200

        await page.goto(f"{visitor.server.url}/g/{made['id']}")
        await page.get_by_role("textbox", name="Your message").fill("List all notes")
        await page.keyboard.press("Enter")
        allow = page.get_by_role("button", name="Allow", exact=True)
        key = page.get_by_label(re.compile("^API key for 127"))
        await allow.or_(key).first.wait_for()
        if await allow.count():
            await allow.click()
        await expect(page.get_by_text("Make a key in your settings.")).to_be_visible()
        await key.fill("sk-not-shown-anywhere")
        await page.get_by_role("button", name="Save and go on").click()
        done = page.get_by_role("button", name=re.compile("Called .* listNotes"))
        await allow.or_(done).first.wait_for()
        if await allow.count():
            await allow.click()
        await done.click()
        await expect(page.get_by_text("Copy as cURL")).to_be_visible()
        assert "sk-not-shown-anywhere" not in await page.content()
