"""Model servers on loopback that play a script, each in the wire form of one provider; written by us, not recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from support.peer import Peer, Received, Script, reply

Piece = bytes | float | Callable[[], Awaitable[None]]
"""Bytes are written, a number is waited for (seconds), a function is awaited."""


def stream(*pieces: Piece, status: int = 200, media_type: str = "text/event-stream", cut: bool = False) -> Script:
    """Answer with a chunked body, each piece a chunk of its own; cut=True: hang up without the end."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 {status} Because\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode())
        for piece in pieces:
            if isinstance(piece, bytes):
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(0)
            elif isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                await piece()
        if cut:
            writer.close()
            raise ConnectionResetError
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    return script


def refuses(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Script:
    """An error status with a JSON body (or text)."""
    content = body.encode() if isinstance(body, str) else orjson.dumps(body)

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(status, content, {"Content-Type": "application/json", **(headers or {})}))
        await writer.drain()

    return script


def in_turn(*scripts: Script) -> Script:
    """The first request gets the first script, and so on; the last one stays."""
    left = list(scripts)

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(received, writer)

    return script


def hangs(peer: Callable[[], Peer]) -> Script:
    """Take the request and say nothing until the test is over."""

    async def script(received: Received, writer: asyncio.StreamWriter) -> None:
        await peer().over.wait()

    return script


def data(value: Any) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def event(kind: str, value: Mapping[str, Any]) -> bytes:
    """A named event, as Anthropic and OpenAI's Responses API send them: the name stands in the data as well."""
    return b"event: " + kind.encode() + b"\n" + data({"type": kind, **value})


DONE = b"data: [DONE]\n\n"


# Chat completions


def chunk(delta: Mapping[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "choices": [choice], **more})


def usage_chunk(prompt: int, completion: int, cached: int = 0) -> bytes:
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": usage})


def chat_says(*texts: str) -> Script:
    first = chunk({"role": "assistant", "content": ""})
    return stream(first, *(chunk({"content": text}) for text in texts), chunk({}, "stop"), usage_chunk(9, 3, 4), DONE)


def call_delta(index: int, *, id: str | None = None, name: str | None = None, arguments: str = "") -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": arguments}
    if name is not None:
        function["name"] = name
    piece: dict[str, Any] = {"index": index, "function": function}
    if id is not None:
        piece |= {"id": id, "type": "function"}
    return {"tool_calls": [piece]}


def chat_calls(*calls: tuple[str, str, str]) -> Script:
    """(id, name, arguments) each; the arguments come in pieces of three characters."""
    pieces: list[bytes] = [chunk({"role": "assistant", "content": None})]
    for index, (id_, name, arguments) in enumerate(calls):
        pieces.append(chunk(call_delta(index, id=id_, name=name)))
        pieces += [chunk(call_delta(index, arguments=arguments[at : at + 3])) for at in range(0, len(arguments), 3)]
    return stream(*pieces, chunk({}, "tool_calls"), usage_chunk(9, 3), DONE)


# Anthropic messages


def anthropic_start(input_tokens: int = 9, cached: int = 4) -> bytes:
    usage = {"input_tokens": input_tokens, "cache_read_input_tokens": cached, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    return event("message_start", {"message": message})


def anthropic_text(index: int, *texts: str) -> list[bytes]:
    start = event("content_block_start", {"index": index, "content_block": {"type": "text", "text": ""}})
    deltas = [
        event("content_block_delta", {"index": index, "delta": {"type": "text_delta", "text": text}}) for text in texts
    ]
    return [start, *deltas, event("content_block_stop", {"index": index})]


def anthropic_call(index: int, id: str, name: str, *pieces: str) -> list[bytes]:
    block = {"type": "tool_use", "id": id, "name": name, "input": {}}
    deltas = [
        event("content_block_delta", {"index": index, "delta": {"type": "input_json_delta", "partial_json": piece}})
        for piece in pieces
    ]
    return [
        event("content_block_start", {"index": index, "content_block": block}),
        *deltas,
        event("content_block_stop", {"index": index}),
    ]


def anthropic_end(reason: str, output_tokens: int = 3) -> list[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [
        event("message_delta", {"delta": delta, "usage": {"output_tokens": output_tokens}}),
        event("message_stop", {}),
    ]


# Gemini


def gemini(parts: Sequence[Mapping[str, Any]], finish: str | None = None, **more: Any) -> bytes:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 3, "cachedContentTokenCount": 4, "totalTokenCount": 12}
    body = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r", **more}
    return b"data: " + orjson.dumps(body) + b"\r\n\r\n"


# OpenAI Responses


def _response(status: str, output: Sequence[Any] = (), **more: Any) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": list(output),
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None, "incomplete_details": None,
        "instructions": None, "metadata": {}, "temperature": 1.0, "top_p": 1.0, **more,
    }  # fmt: skip


def responses_text(*texts: str) -> list[bytes]:
    whole = "".join(texts)
    part = {"type": "output_text", "text": whole, "annotations": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    at = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    begun = {**item, "status": "in_progress", "content": []}
    return [
        event("response.created", {"sequence_number": 0, "response": _response("in_progress")}),
        event("response.output_item.added", {"sequence_number": 1, "output_index": 0, "item": begun}),
        event("response.content_part.added", {**at, "sequence_number": 2, "part": {**part, "text": ""}}),
        *(
            event("response.output_text.delta", {**at, "sequence_number": 3 + n, "delta": text, "logprobs": []})
            for n, text in enumerate(texts)
        ),
        event("response.output_text.done", {**at, "sequence_number": 50, "text": whole, "logprobs": []}),
        event("response.content_part.done", {**at, "sequence_number": 51, "part": part}),
        event("response.output_item.done", {"sequence_number": 52, "output_index": 0, "item": item}),
        _responses_completed([item]),
    ]


def responses_call(id: str, name: str, *pieces: str) -> list[bytes]:
    item = {
        "id": "fc_1", "type": "function_call", "call_id": id, "name": name, "arguments": "".join(pieces),
        "status": "completed",
    }  # fmt: skip
    at = {"item_id": "fc_1", "output_index": 0}
    begun = {**item, "arguments": "", "status": "in_progress"}
    return [
        event("response.created", {"sequence_number": 0, "response": _response("in_progress")}),
        event("response.output_item.added", {"sequence_number": 1, "output_index": 0, "item": begun}),
        *(
            event("response.function_call_arguments.delta", {**at, "sequence_number": 2 + n, "delta": piece})
            for n, piece in enumerate(pieces)
        ),
        event(
            "response.function_call_arguments.done",
            {**at, "sequence_number": 50, "name": name, "arguments": "".join(pieces)},
        ),
        event("response.output_item.done", {"sequence_number": 51, "output_index": 0, "item": item}),
        _responses_completed([item]),
    ]


def _responses_completed(output: Sequence[Any]) -> bytes:
    usage = {
        "input_tokens": 9, "output_tokens": 3, "total_tokens": 12, "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip
    return event("response.completed", {"sequence_number": 60, "response": _response("completed", output, usage=usage)})
