"""Ask a provider which models it has, through the outbound door, open for exactly that address."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from multidict import CIMultiDict

from actionry.errors import OutboundError
from actionry.http import DEFAULT_PORTS, Request
from actionry.models.catalogue import KINDS, LOCAL_CONTEXT_TOKENS, ModelDescription, ProviderDescription, ProviderKind
from actionry.models.failures import ModelFailure
from actionry.models.tries import PROVIDER_LIMITS, ProviderLimits
from actionry.outbound import Outbound

_MODELS_ASKED: Final = 40
"""Of an Ollama with more models, the rest is described by its name alone."""
_NO_CHAT: Final = re.compile(
    r"embed|whisper|(?:^|[-_/.])tts|dall-e|moderation|rerank|transcribe|realtime|(?:^|[-_/.])(?:audio|image|video|ocr)\b|"
    r"-image|stable-diffusion|sora|guard\b",
    re.IGNORECASE,
)
"""In the name of a model that does not hold conversations; OpenAI's listing tells nothing but names."""
_NOT_AT_CHAT_COMPLETIONS: Final = re.compile(r"^(?:babbage|davinci)|-instruct|codex|-pro\b|deep-research|computer-use")
"""OpenAI's own: completions models of old, and those of its Responses API alone."""
_CONTEXT_FIELDS: Final = (
    "context_length", "context_window", "max_model_len", "max_context_length", "max_input_tokens", "inputTokenLimit",
    "n_ctx",
)  # fmt: skip
"""OpenRouter, Together | Groq | vLLM | Mistral | Anthropic, LiteLLM | Google | llama.cpp."""


async def list_models(
    provider: ProviderDescription, *, egress_proxy: str | None = None, limits: ProviderLimits = PROVIDER_LIMITS
) -> ProviderDescription:
    """The provider with its models in its own order, or with a `problem`; never raises for what a server does."""
    if provider.problem is not None:
        return provider
    if KINDS[provider.kind].needs_key and provider.key is None:
        return replace(provider, problem=f"{provider.name} needs a key. Set {provider.key_name}.")
    address = urlsplit(provider.base_url)
    place = f"{_bracketed(address.hostname or '')}:{address.port or DEFAULT_PORTS[address.scheme]}"
    timeout_s = limits.probe_s if provider.source == "local" else limits.listing_s
    try:
        async with Outbound(allow=(place,), egress_proxy=None if provider.is_loopback else egress_proxy) as door:
            asker = _Asker(door, provider, timeout_s, limits)
            models = await _LISTERS.get(provider.kind, _list_compatible)(asker)
    except (ModelFailure, OutboundError) as error:
        return replace(provider, models=(), problem=provider.teller().quote(str(error)))
    except (AttributeError, KeyError, TypeError, ValueError):
        # JSON of another shape: a text where an object belongs, and the like.
        odd = provider.teller().failure("setup", "lists its models in an unknown form")
        return replace(provider, models=(), problem=str(odd))
    if not models:
        return replace(provider, models=(), problem=f"{provider.name} lists no models.")
    return replace(provider, models=tuple(models), problem=None)


class _Asker:
    """Sends the listing's requests with the provider's key."""

    def __init__(self, door: Outbound, provider: ProviderDescription, timeout_s: float, limits: ProviderLimits) -> None:
        self.provider = provider
        self._door = door
        self._timeout_s = timeout_s
        self._limits = limits

    async def get(self, path: str, *, root: bool = False) -> Any:
        return await self._ask("GET", path, None, root=root)

    async def post(self, path: str, body: Mapping[str, Any], *, root: bool = False) -> Any:
        return await self._ask("POST", path, orjson.dumps(body), root=root)

    async def _ask(self, method: str, path: str, content: bytes | None, *, root: bool) -> Any:
        """JSON of an answer 200. root=True: Ollama's and llama.cpp's own paths are beside `/v1`, not below it."""
        base = self.provider.base_url.removesuffix("/v1") if root else self.provider.base_url
        headers = CIMultiDict({"Accept": "application/json", **_key_headers(self.provider)})
        if content is not None:
            headers["Content-Type"] = "application/json"
        response = await self._door.send(
            Request(method, base + path, headers, content),
            timeout_s=self._timeout_s,
            max_bytes=self._limits.listing_bytes,
        )
        teller = self.provider.teller()
        if response.status != 200:
            raise teller.refused(response.status, response.headers, response.content)
        self._timeout_s = self._limits.listing_s  # somebody is there
        try:
            return orjson.loads(response.content)
        except ValueError:
            raise teller.failure("setup", "sent something else when it was asked for its models") from None


def _key_headers(provider: ProviderDescription) -> dict[str, str]:
    if provider.key is None:
        return {}
    key = provider.key.reveal()
    match provider.kind:
        case "anthropic":
            return {"x-api-key": key, "anthropic-version": "2023-06-01"}
        case "google":
            return {"x-goog-api-key": key}
        case _:
            return {"Authorization": f"Bearer {key}"}


async def _list_compatible(asker: _Asker) -> list[ModelDescription]:
    """`GET /models`: OpenAI's shape with whatever a server adds; Together sends the bare list."""
    rows = _rows(await asker.get("/models"), "data")
    kind = asker.provider.kind
    return [_compatible(row, kind) for row in rows if isinstance(row.get("id"), str)]


def _compatible(row: Mapping[str, Any], kind: ProviderKind) -> ModelDescription:
    name = row["id"]
    parameters = row.get("supported_parameters")
    return ModelDescription(
        name=name,
        context_tokens=_context(row),
        chat=_can_chat(row, name, kind),
        tools="tools" in parameters if isinstance(parameters, list) else _capability(row, "function_calling"),
    )


def _can_chat(row: Mapping[str, Any], name: str, kind: ProviderKind) -> bool:
    told = _capability(row, "completion_chat")  # Mistral
    if told is not None:
        return told
    output = (row.get("architecture") or {}).get("output_modalities") if isinstance(row, dict) else None  # OpenRouter
    if isinstance(output, list):
        return output == ["text"]
    if isinstance(row.get("type"), str) and row["type"] in ("embedding", "embeddings", "image", "audio", "rerank"):
        return False
    if kind == "openai" and _NOT_AT_CHAT_COMPLETIONS.search(name):
        return False
    return not _NO_CHAT.search(name)


async def _list_anthropic(asker: _Asker) -> list[ModelDescription]:
    rows = _rows(await asker.get("/v1/models?limit=1000"), "data")
    return [
        ModelDescription(name=row["id"], context_tokens=_context(row), tools=True)
        for row in rows
        if isinstance(row.get("id"), str)
    ]


async def _list_google(asker: _Asker) -> list[ModelDescription]:
    rows = _rows(await asker.get("/v1beta/models?pageSize=1000"), "models")
    return [
        ModelDescription(
            name=row["name"].removeprefix("models/"),
            context_tokens=_context(row),
            chat="generateContent" in (row.get("supportedGenerationMethods") or ())
            and not _NO_CHAT.search(row["name"]),
        )
        for row in rows
        if isinstance(row.get("name"), str)
    ]


async def _list_llamacpp(asker: _Asker) -> list[ModelDescription]:
    """One model, as a rule. The context it was started with stands in `/props`; `n_ctx_train` is only what it could."""
    rows = _rows(await asker.get("/models"), "data")
    if asker.provider.source == "local" and not any(row.get("owned_by") == "llamacpp" for row in rows):
        return []  # some other server has that port
    try:
        props = await asker.get("/props", root=True)
    except (ModelFailure, OutboundError):
        props = {}
    settings = props.get("default_generation_settings") if isinstance(props, dict) else None
    context_tokens = _context(settings) if isinstance(settings, dict) else None
    return [
        ModelDescription(name=row["id"], context_tokens=context_tokens, chat=not _NO_CHAT.search(row["id"]))
        for row in rows
        if isinstance(row.get("id"), str)
    ]


async def _list_ollama(asker: _Asker) -> list[ModelDescription]:
    """Ollama's own API tells what its OpenAI form does not: capabilities, and the context that it really loads."""
    rows = _rows(await asker.get("/api/tags", root=True), "models")
    names = [row["name"] for row in rows if isinstance(row.get("name"), str)]
    try:
        loaded = _rows(await asker.get("/api/ps", root=True), "models")
    except (ModelFailure, OutboundError):
        loaded = []
    in_memory = {row.get("name"): _context(row) for row in loaded}
    shown = await asyncio.gather(*(_show(asker, name) for name in names[:_MODELS_ASKED]))
    models = [_ollama(name, show, in_memory.get(name)) for name, show in zip(names, shown, strict=False)]
    return models + [ModelDescription(name=name, chat=not _NO_CHAT.search(name)) for name in names[_MODELS_ASKED:]]


async def _show(asker: _Asker, name: str) -> Mapping[str, Any]:
    try:
        shown = await asker.post("/api/show", {"model": name}, root=True)
    except (ModelFailure, OutboundError):
        return {}
    return shown if isinstance(shown, dict) else {}


def _ollama(name: str, show: Mapping[str, Any], in_memory: int | None) -> ModelDescription:
    capabilities = show.get("capabilities")
    info = show.get("model_info")
    able = next((value for key, value in (info or {}).items() if key.endswith(".context_length")), None)
    able = able if isinstance(able, int) and able > 0 else None
    if in_memory is not None:
        context_tokens: int | None = in_memory
    elif show.get("remote_host") or name.endswith("-cloud"):
        context_tokens = able  # runs elsewhere, with all that it has
    else:
        # 4k unless the machine has much video memory or somebody set more; the model may also be made for less.
        set_to = re.search(r"^num_ctx\s+(\d{1,8})\s*$", str(show.get("parameters") or ""), re.MULTILINE)
        context_tokens = min(int(set_to[1]) if set_to else LOCAL_CONTEXT_TOKENS, able or 2**31)
    if not isinstance(capabilities, list):
        return ModelDescription(name=name, context_tokens=context_tokens, chat=not _NO_CHAT.search(name))
    return ModelDescription(
        name=name,
        context_tokens=context_tokens,
        chat="completion" in capabilities,
        tools="tools" in capabilities,
    )


_LISTERS: Final = {
    "anthropic": _list_anthropic,
    "google": _list_google,
    "ollama": _list_ollama,
    "llamacpp": _list_llamacpp,
}


def _rows(data: Any, field: str) -> Sequence[Mapping[str, Any]]:
    rows = data.get(field) if isinstance(data, dict) else data
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _context(row: Mapping[str, Any]) -> int | None:
    """The first context size among the names that servers give it, also one level down (`meta`, `top_provider`)."""
    for place in (row, row.get("top_provider"), row.get("meta"), row.get("metadata"), row.get("limits")):
        if not isinstance(place, dict):
            continue
        for field in _CONTEXT_FIELDS:
            value = place.get(field)
            if isinstance(value, int) and not isinstance(value, bool) and value >= 256:
                return value
    return None


def _capability(row: Mapping[str, Any], name: str) -> bool | None:
    capabilities = row.get("capabilities")
    told = capabilities.get(name) if isinstance(capabilities, dict) else None
    return told if isinstance(told, bool) else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
