"""The main job over HTTP, with no key and no download: say it, allow it, read what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.server import serving


@pytest.mark.row("CO-03")
async def test_the_starter_of_the_demo_asks_and_then_adds(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        person = await server.local()
        session = (await person.get("/api/v1/session")).json
        assert session["model"] == "rehearsal"
        conversation = await person.begins(gpt_id=session["demo_gpt_id"])

        events = await person.says(conversation, 'Add "buy milk" to my list')
        asked = next(event for event in events if event.type == "confirmation_asked")
        proposed = next(event for event in events if event.type == "call_proposed")
        assert proposed.request is not None
        assert proposed.request["url"].endswith("/todos/me")
        waiting = (await person.get(f"/api/v1/conversations/{conversation}")).json
        assert [question["call_id"] for question in waiting["questions"]] == [asked.call_id]

        turn = waiting["turns"][0]["id"]
        answer = await person.post(
            f"/api/v1/turns/{turn}/calls/{asked.call_id}/answer", {"digest": asked.digest, "decision": "allow"}
        )
        assert (answer.status, answer.json["outcome"], answer.json["first"]) == (200, "allow", True)
        events = [each.event async for each in person.stream(f"/api/v1/turns/{turn}/events") if each.id]
        finished = next(event for event in events if event.type == "call_finished")
        assert (finished.status, finished.text) == (200, "OK") or finished.status == 200
        assert events[-1].type == "turn_finished"
        assert events[-1].outcome == "done"

        await person.post(
            f"/api/v1/turns/{turn}/calls/{asked.call_id}/answer", {"digest": asked.digest, "decision": "allow"}
        )
        listed = await person.says(conversation, "Show my TODOs")
        question = next((event for event in listed if event.type == "confirmation_asked"), None)
        if question is not None:
            second = (await person.get(f"/api/v1/conversations/{conversation}")).json["turns"][-1]["id"]
            await person.post(
                f"/api/v1/turns/{second}/calls/{question.call_id}/answer",
                {"digest": question.digest, "decision": "allow"},
            )
            listed = [each.event async for each in person.stream(f"/api/v1/turns/{second}/events") if each.id]
        result = next(event for event in listed if event.type == "call_finished")
        assert "buy milk" in result.text
        assert result.text.count("buy milk") == 1  # the second click ran nothing
