"""Streams are views on the log: resumed exactly, harmless to cut, followed over turns and tabs (THREATS T-04, D-19)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from actionry.models.scripted import Scripted, fails, says, waits
from actionry.server.app import stop_services
from actionry.server.models import FixedModels
from support.server import Person, Streamed, serving

DEMO = 'Add "buy milk" to my list'


async def until(person: Person, path: str, name: str, *, after: str | None = None) -> list[Streamed]:
    """Read a stream up to the first event of that name, then cut the connection."""
    found: list[Streamed] = []
    stream: Any = person.stream(path, last_event_id=after)
    async for each in stream:
        found.append(each)
        if each.name == name:
            break
    await stream.aclose()
    return found


async def all_events(person: Person, turn: str, after: str | None = None) -> list[tuple[str | None, str]]:
    path = f"/api/v1/turns/{turn}/events"
    return [(each.id, each.data) async for each in person.stream(path, last_event_id=after) if each.id is not None]


@pytest.mark.row("T-04")
async def test_a_stream_is_resumed_exactly_wherever_it_was_cut(tmp_path: Path) -> None:
    models = FixedModels(Scripted(says("Many words. " * 50, pieces=40)))
    async with serving(tmp_path, models=models) as server:
        person = await server.local()
        conversation = await person.begins()
        await person.says(conversation, "hello")
        turn = (await person.get(f"/api/v1/conversations/{conversation}")).json["turns"][0]["id"]
        whole = await all_events(person, turn)
        assert [place for place, _ in whole] == [f"{turn}:{number}" for number in range(1, len(whole) + 1)]
        for number, (place, _) in enumerate(whole):
            assert await all_events(person, turn, after=place) == whole[number + 1 :]


@pytest.mark.row("T-04")
async def test_cutting_the_stream_harms_nothing(tmp_path: Path) -> None:
    gate = asyncio.Event()
    models = FixedModels(Scripted(waits(gate, says("Here I am."))))
    async with serving(tmp_path, models=models) as server:
        person = await server.local()
        conversation = await person.begins()
        accepted = await person.post(f"/api/v1/conversations/{conversation}/messages", {"text": "hello"})
        assert accepted.status == 202
        turn = accepted.json["turn"]["id"]
        first = await until(person, f"/api/v1/turns/{turn}/events", "model_started")
        gate.set()
        rest = await all_events(person, turn, after=first[-1].id)
        assert "Here I am." in "".join(data for _, data in rest)
        assert '"outcome":"done"' in rest[-1][1]


@pytest.mark.row("P-04")
@pytest.mark.row("T-05")
async def test_fifty_clicks_are_one_answer_and_a_second_tab_sees_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        person = await server.local()
        session = (await person.get("/api/v1/session")).json
        conversation = await person.begins(gpt_id=session["demo_gpt_id"])
        second_tab = asyncio.create_task(until(person, f"/api/v1/conversations/{conversation}/events", "turn_finished"))
        events = await person.says(conversation, DEMO)
        asked = next(event for event in events if event.type == "confirmation_asked")
        turn = (await person.get(f"/api/v1/conversations/{conversation}")).json["turns"][0]["id"]
        path, body = f"/api/v1/turns/{turn}/calls/{asked.call_id}/answer", {"digest": asked.digest, "decision": "allow"}
        answers = await asyncio.gather(*(person.post(path, body) for _ in range(50)))
        assert [answer.status for answer in answers] == [200] * 50
        assert sum(answer.json["first"] for answer in answers) == 1
        assert len({(a.json["outcome"], a.json["seq"], a.json["at"]) for a in answers}) == 1
        seen = await asyncio.wait_for(second_tab, 20)
        assert [each.name for each in seen].count("call_started") == 1
        late = await person.post(path, {**body, "decision": "decline"})
        assert (late.json["outcome"], late.json["first"]) == ("allow", False)


@pytest.mark.row("P-01")
async def test_another_digest_or_call_answers_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        person = await server.local()
        demo = (await person.get("/api/v1/session")).json["demo_gpt_id"]
        conversation = await person.begins(gpt_id=demo)
        events = await person.says(conversation, DEMO)
        asked = next(event for event in events if event.type == "confirmation_asked")
        turn = (await person.get(f"/api/v1/conversations/{conversation}")).json["turns"][0]["id"]
        path = f"/api/v1/turns/{turn}/calls/{asked.call_id}/answer"
        wrong = await person.post(path, {"digest": "0" * 64, "decision": "allow"})
        assert wrong.status == 409
        assert (
            await person.post(path.replace(asked.call_id, "k-other"), {"digest": asked.digest, "decision": "allow"})
        ).status == 404
        smuggled = {"digest": asked.digest, "decision": "allow", "url": "https://evil.test", "body": {}}
        assert (await person.post(path, smuggled)).status == 422
        declined = await person.post(path, {"digest": asked.digest, "decision": "decline"})
        assert declined.json["outcome"] == "decline"
        events_after = [each.event async for each in person.stream(f"/api/v1/turns/{turn}/events") if each.id]
        assert not any(event.type == "call_started" for event in events_after)


async def test_the_same_message_under_its_key_is_sent_once(tmp_path: Path) -> None:
    async with serving(tmp_path, models=FixedModels(Scripted(says("Once.")))) as server:
        person = await server.local()
        conversation = await person.begins()
        path, key = f"/api/v1/conversations/{conversation}/messages", {"Idempotency-Key": "k-1"}
        replies = await asyncio.gather(*(person.post(path, {"text": "hello"}, headers=key) for _ in range(10)))
        assert {reply.status for reply in replies} == {202}
        assert len({reply.json["turn"]["id"] for reply in replies}) == 1
        assert sum(not reply.json["repeated"] for reply in replies) == 1
        assert (await person.post(path, {"text": "other"}, headers=key)).status == 409


async def test_stop_edit_and_retry(tmp_path: Path) -> None:
    gate = asyncio.Event()
    slow = waits(gate, says("Too late."))
    async with serving(tmp_path, models=FixedModels(Scripted([slow], [says("Edited.")], [says("Again.")]))) as server:
        person = await server.local()
        conversation = await person.begins()
        accepted = (await person.post(f"/api/v1/conversations/{conversation}/messages", {"text": "a"})).json["turn"][
            "id"
        ]
        await until(person, f"/api/v1/turns/{accepted}/events", "model_started")
        assert (await person.post(f"/api/v1/turns/{accepted}/stop")).status == 200
        ended = await all_events(person, accepted)
        assert '"outcome":"stopped"' in ended[-1][1]
        gate.set()
        edited = await person.post(f"/api/v1/turns/{accepted}/edit", {"text": "b"})
        assert edited.json["turn"]["parent_turn_id"] is None
        await all_events(person, edited.json["turn"]["id"])
        again = await person.post(f"/api/v1/turns/{edited.json['turn']['id']}/retry")
        await all_events(person, again.json["turn"]["id"])
        detail = (await person.get(f"/api/v1/conversations/{conversation}")).json
        assert [turn["kind"] for turn in detail["turns"]] == ["message", "edit", "retry"]
        assert detail["conversation"]["head_turn_id"] == again.json["turn"]["id"]
        shown = await person.call("PATCH", f"/api/v1/conversations/{conversation}", {"head_turn_id": accepted})
        assert shown.json["head_turn_id"] == accepted


async def test_what_the_model_fails_with_ends_the_turn_in_words(tmp_path: Path) -> None:
    async with serving(tmp_path, models=FixedModels(Scripted(fails()))) as server:
        person = await server.local()
        events = await person.says(await person.begins(), "hello")
        assert events[-1].type == "turn_finished"
        assert (events[-1].outcome, events[-1].text) == ("failed", "The provider is overloaded.")


async def test_readers_are_told_to_reconnect_and_turns_go_on_elsewhere(tmp_path: Path) -> None:
    """Shutdown: the turn is handed over, and the next start finishes it."""
    gate = asyncio.Event()
    model = Scripted(waits(gate, says("Finished later.")))
    async with serving(tmp_path, models=FixedModels(model)) as server:
        person = await server.local()
        conversation = await person.begins()
        turn = (await person.post(f"/api/v1/conversations/{conversation}/messages", {"text": "a"})).json["turn"]["id"]
        reading = asyncio.create_task(until(person, f"/api/v1/turns/{turn}/events", "reconnect"))
        await until(person, f"/api/v1/turns/{turn}/events", "model_started")
        await stop_services(server.services, grace_s=0.2)
        assert (await asyncio.wait_for(reading, 10))[-1].name == "reconnect"
        assert (await person.get("/healthz/ready")).status == 503
        refused = await person.post(f"/api/v1/conversations/{conversation}/messages", {"text": "b"})
        assert (refused.status, refused.json["code"]) == (503, "stopping")
    gate.set()
    async with serving(tmp_path, models=FixedModels(model)) as server:
        person = await server.local()
        events = await all_events(person, turn)
        assert "Finished later." in "".join(data for _, data in events)


@pytest.mark.row("L-03")
async def test_the_trace_shows_the_call_and_the_export_what_was_said(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        person = await server.local()
        demo = (await person.get("/api/v1/session")).json["demo_gpt_id"]
        conversation = await person.begins(gpt_id=demo)
        events = await person.says(conversation, DEMO)
        asked = next(event for event in events if event.type == "confirmation_asked")
        turn = (await person.get(f"/api/v1/conversations/{conversation}")).json["turns"][0]["id"]
        await person.post(
            f"/api/v1/turns/{turn}/calls/{asked.call_id}/answer", {"digest": asked.digest, "decision": "allow"}
        )
        await all_events(person, turn)
        trace = (await person.get(f"/api/v1/turns/{turn}/trace")).json
        call = trace["rounds"][0]["calls"][0]
        assert (call["function"], call["outcome"], call["status"], call["decision"]) == (
            "addTodo",
            "finished",
            200,
            "allow",
        )
        assert "addTodo" in trace["rounds"][0]["offered"]
        export = await person.get(f"/api/v1/conversations/{conversation}/export")
        assert export.headers["Content-Disposition"].startswith("attachment;")
        assert "sandbox" in export.headers["Content-Security-Policy"]
        assert DEMO in export.text
        whole = (await person.get(f"/api/v1/conversations/{conversation}/export?format=json")).json
        assert whole["events"][0]["event"]["text"] == DEMO


@pytest.mark.row("X-07")
@pytest.mark.row("H-14")
@pytest.mark.row("F-01")
async def test_files_come_back_as_attachments_with_safe_names(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        person = await server.local()
        for name, size in (("../../e\u0301vil\r\n<b>.html", 10), ("large.bin", 300_000)):
            quoted = name.replace("\r\n", "%0D%0A")
            raw = (
                f'--b\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
                f"Content-Type: text/html\r\n\r\n{'x' * size}\r\n--b--\r\n"
            ).encode()
            made = await person.post(
                "/api/v1/files", raw=raw, headers={"Content-Type": "multipart/form-data; boundary=b"}
            )
            assert made.status == 201, made.text
            assert "/" not in made.json["name"]
            reply = await person.get(f"/api/v1/files/{made.json['id']}/content", headers={"Range": "bytes=0-1,2-3"})
            assert (reply.status, len(reply.content)) == (200, size)
            assert reply.headers["Content-Disposition"].startswith("attachment;")
            assert reply.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in reply.headers["Content-Security-Policy"]
            assert (await person.call("DELETE", f"/api/v1/files/{made.json['id']}")).status == 200
            assert (await person.get(f"/api/v1/files/{made.json['id']}/content")).status == 404
