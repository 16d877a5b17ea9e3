"""Which providers and models there are: from the environment, entered by an administrator, or on this machine.

No model's name stands in this code: a provider lists its own, and the operator's word (`ACTIONRY_MODEL`), else the
first that can chat, decides. With nothing found, the built-in model answers.
"""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

from actionry.credentials.secret import Secret
from actionry.http import shown_url
from actionry.models.failures import ModelFailure, Teller
from actionry.models.http_stream import Upstream
from actionry.models.openai_wire import OpenAIWire, TokenLimitField
from actionry.models.provider import Provider
from actionry.models.pydantic_ai import Kind as SdkKind
from actionry.models.pydantic_ai import PydanticAI
from actionry.models.tries import LOCAL_LIMITS, PROVIDER_LIMITS, ProviderLimits
from actionry.outbound.client import DEFAULT_USER_AGENT

ProviderKind = Literal[
    "openai", "openai-responses", "anthropic", "google", "openrouter", "ollama", "llamacpp", "openai-compatible"
]
Source = Literal["administrator", "environment", "local"]

BUILT_IN: Final = "rehearsal"
HOSTED_CONTEXT_TOKENS: Final = 64_000
"""Where neither provider nor operator tells: hosted models hold this much, and more costs money on each turn."""
LOCAL_CONTEXT_TOKENS: Final = 4_096
"""Ollama's and llama.cpp's own default; what is longer is cut there without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """How one kind of provider is reached."""

    base_url: str | None
    """Its own address; None: must be entered."""
    sdk: SdkKind | None = None
    """Through pydantic-ai; None: chat completions, `openai_wire`."""
    needs_key: bool = True
    local: bool = False
    token_limit_field: TokenLimitField = "max_tokens"  # noqa: S105 - tokens of text, no password


KINDS: Final[dict[ProviderKind, KindRow]] = {
    "openai": KindRow(base_url="https://api.openai.com/v1", token_limit_field="max_completion_tokens"),  # noqa: S106
    "openai-responses": KindRow(base_url="https://api.openai.com/v1", sdk="openai-responses"),
    "anthropic": KindRow(base_url="https://api.anthropic.com", sdk="anthropic"),
    "google": KindRow(base_url="https://generativelanguage.googleapis.com", sdk="google"),
    "openrouter": KindRow(base_url="https://openrouter.ai/api/v1"),
    "ollama": KindRow(base_url="http://127.0.0.1:11434/v1", needs_key=False, local=True),
    "llamacpp": KindRow(base_url="http://127.0.0.1:8080/v1", needs_key=False, local=True),
    "openai-compatible": KindRow(base_url=None, needs_key=False),
}
_KIND_NAMES: Final[dict[str, ProviderKind]] = {kind: kind for kind in KINDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescription:
    name: str
    """As the provider calls it."""
    context_tokens: int | None = None
    """None: the provider does not tell."""
    chat: bool = True
    tools: bool | None = None
    """Whether it can call functions; None: the provider does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDescription:
    """One place where models are; `NAME:model` is what settings and people say."""

    name: str
    kind: ProviderKind
    base_url: str
    """Without a slash at its end; for chat completions the part before `/chat/completions`."""
    key: Secret | None = None
    key_name: str = "its key"
    """Where the key is changed: an environment variable, or a place in the settings."""
    source: Source
    context_tokens: int | None = None
    """The operator's word for all its models; goes before what the provider tells."""
    models: tuple[ModelDescription, ...] = ()
    problem: str | None = None
    """Why it could not be asked for its models, in words for the operator."""

    @property
    def is_loopback(self) -> bool:
        return (urlsplit(self.base_url).hostname or "") in ("127.0.0.1", "::1", "localhost")

    def teller(self, model: str = "") -> Teller:
        """Words this provider's failures."""
        return Teller(
            provider=self.name,
            model=model,
            base_url=shown_url(self.base_url),
            key_name=self.key_name,
            secrets=() if self.key is None else (self.key,),
        )


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The model that answers when nobody chose another; `provider` None: the built-in one."""

    provider: ProviderDescription | None = None
    model: ModelDescription | None = None

    @property
    def name(self) -> str:
        """`openai:NAME`, or `rehearsal`."""
        if self.provider is None or self.model is None:
            return BUILT_IN
        return f"{self.provider.name}:{self.model.name}"


class ClosableProvider(Provider, Protocol):
    """A Provider that holds connections."""

    async def aclose(self) -> None: ...


def describe_provider(
    name: str,
    kind: str,
    *,
    base_url: str | None = None,
    key: Secret | str | None = None,
    key_name: str | None = None,
    source: Source = "administrator",
    context_tokens: int | None = None,
) -> ProviderDescription:
    """A provider as an administrator enters it. Raises ModelFailure (told to the operator) for what cannot be used."""
    if kind not in _KIND_NAMES:
        near = difflib.get_close_matches(kind, _KIND_NAMES, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise _wrong(name, f"cannot be of the kind {kind!r}", f"{hint}Give one of {', '.join(_KIND_NAMES)}.")
    known = _KIND_NAMES[kind]
    row = KINDS[known]
    if not name or ":" in name or name != name.strip() or any(each.isspace() for each in name):
        raise _wrong(name or "A provider", "needs a name without blanks and colons", "For example: gateway.")
    url = (base_url or row.base_url or "").strip().rstrip("/")
    _check_base_url(name, url)
    secret = key if isinstance(key, Secret) or key is None else Secret(key.strip())
    if secret is not None and (problem := _key_problem(secret)):
        raise _wrong(name, problem, "Copy the key again.")
    return ProviderDescription(
        name=name,
        kind=known,
        base_url=url,
        key=secret or None,
        key_name=key_name or f"the key of {name} in the settings",
        source=source,
        context_tokens=context_tokens,
    )


def _check_base_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        _ = parts.port
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and " " not in url
    except ValueError:
        usable = False
    if not usable:
        raise _wrong(name, "has no usable base URL", "Give e.g. https://models.example.com/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _wrong(name, "has a base URL with a user, a query or a fragment", "Enter the key as the key.")


def _key_problem(key: Secret) -> str | None:
    text = key.reveal()
    if not text.isascii() or any(ord(each) < 0x21 or ord(each) == 0x7F for each in text):
        return "has a key that no HTTP header can carry (blanks, line breaks or non-ASCII characters)"
    return None


def _wrong(name: str, says: str, mend: str) -> ModelFailure:
    return Teller(provider=name, model="").failure("setup", says, mend=mend)


@dataclass(frozen=True, slots=True)
class _Variables:
    """Which variables of the environment make a provider."""

    name: str
    kind: ProviderKind
    keys: tuple[str, ...]
    base_url: str | None = None


_ENVIRONMENT: Final = (
    _Variables("openai", "openai", ("OPENAI_API_KEY",), "OPENAI_BASE_URL"),
    _Variables("anthropic", "anthropic", ("ANTHROPIC_API_KEY",), "ANTHROPIC_BASE_URL"),
    _Variables("google", "google", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    _Variables("openrouter", "openrouter", ("OPENROUTER_API_KEY",)),
)


def read_environment(environment: Mapping[str, str]) -> list[ProviderDescription]:
    """The providers whose variables are set, nothing asked yet. `NAME_FILE` names a file that holds the key.

    `OPENAI_BASE_URL` without a key is a server that needs none. A value that cannot be used becomes the provider's
    `problem`.
    """
    found = []
    for each in _ENVIRONMENT:
        key_name, key, problem = _read_key(each.keys, environment)
        base_url = environment.get(each.base_url, "").strip() if each.base_url else ""
        if key is None and not base_url and problem is None:
            continue
        kind = each.kind
        if base_url and kind == "openai" and not _same_host(base_url, KINDS[kind].base_url):
            kind = "openai-compatible"
        try:
            found.append(
                replace(
                    describe_provider(
                        each.name, kind, base_url=base_url, key=key, key_name=key_name, source="environment"
                    ),
                    problem=problem,
                )
            )
        except ModelFailure as failure:
            unusable = describe_provider(each.name, each.kind, key_name=key_name, source="environment")
            found.append(replace(unusable, problem=str(failure)))
    return found


def _read_key(names: Sequence[str], environment: Mapping[str, str]) -> tuple[str, Secret | None, str | None]:
    """The variable's name, the key, and why there is none though one was meant."""
    for name in names:
        if value := environment.get(name, "").strip():
            return name, Secret(value), None
        if path := environment.get(f"{name}_FILE", "").strip():
            try:
                text = Path(path).read_text("utf-8").strip()
            except (OSError, ValueError):
                return f"{name}_FILE", None, f"{name}_FILE names a file that cannot be read."
            if text:
                return f"{name}_FILE", Secret(text), None
    return names[0], None, None


def _same_host(url: str, other: str | None) -> bool:
    return urlsplit(url).hostname == urlsplit(other or "").hostname


def local_places() -> list[ProviderDescription]:
    """Where model servers of this machine listen unless they were told otherwise."""
    return [
        describe_provider("ollama", "ollama", source="local"),
        describe_provider("llamacpp", "llamacpp", source="local"),
    ]


async def discover_providers(
    environment: Mapping[str, str],
    *,
    entered: Sequence[ProviderDescription] = (),
    local: Sequence[ProviderDescription] | None = None,
    egress_proxy: str | None = None,
    limits: ProviderLimits = PROVIDER_LIMITS,
) -> list[ProviderDescription]:
    """Every provider with its models: entered ones first, then the environment's, then this machine's.

    All are asked at the same time. One that fails keeps its place and says why in `problem`; a local server that
    is not there, or is something else, is left out. `local`: places to look at instead of the usual ones.
    """
    from actionry.models.listing import list_models  # it imports this module

    known = [*entered, *await asyncio.to_thread(read_environment, environment)]
    taken = {each.base_url for each in known}
    names = {each.name for each in known}
    places = local_places() if local is None else list(local)
    asked = known + [each for each in places if each.base_url not in taken and each.name not in names]
    listed = await asyncio.gather(*(list_models(each, egress_proxy=egress_proxy, limits=limits) for each in asked))
    return [each for each in listed if each.source != "local" or each.models]


def choose_model(providers: Sequence[ProviderDescription], wanted: str | None = None) -> ModelChoice:
    """The model for `ACTIONRY_MODEL` = wanted, else the first listed one that can chat, else the built-in one.

    wanted: `NAME:model`, `NAME` for that provider's first, a kind in the place of the name, or `rehearsal`. A model
    that its provider does not list may still be there (aliases, fine-tuned ones) and is taken. Raises ModelFailure,
    told to the operator, for a provider that there is not.
    """
    if wanted == BUILT_IN:
        return ModelChoice()
    if not wanted:
        return next((ModelChoice(each, model) for each in providers if (model := _first(each))), ModelChoice())
    prefix, _, model_name = wanted.partition(":")
    provider = _find(providers, prefix)
    if provider is None:
        raise _no_provider(providers, prefix, wanted)
    if model_name:
        listed = next((each for each in provider.models if each.name == model_name), None)
        return ModelChoice(provider, listed or ModelDescription(name=model_name))
    model = _first(provider)
    if model is None:
        why = provider.problem or "It lists no model that can chat."
        raise _wrong(prefix, "has no model to choose", f"{why} Name one: {prefix}:MODEL.")
    return ModelChoice(provider, model)


def _find(providers: Sequence[ProviderDescription], prefix: str) -> ProviderDescription | None:
    by_name = next((each for each in providers if each.name == prefix), None)
    return by_name or next((each for each in providers if each.kind == prefix), None) or _other_form(providers, prefix)


def _other_form(providers: Sequence[ProviderDescription], prefix: str) -> ProviderDescription | None:
    """OpenAI's key is good for both of its APIs: `openai-responses:NAME` needs no second provider."""
    if prefix != "openai-responses":
        return None
    openai = next((each for each in providers if each.kind == "openai"), None)
    return None if openai is None else replace(openai, name=prefix, kind="openai-responses")


def _first(provider: ProviderDescription) -> ModelDescription | None:
    """Functions are what this program is about, so a model that cannot call them comes last."""
    able = [each for each in provider.models if each.chat]
    return next((each for each in able if each.tools is not False), able[0] if able else None)


def _no_provider(providers: Sequence[ProviderDescription], prefix: str, wanted: str) -> ModelFailure:
    names = [each.name for each in providers]
    variables = next((each for each in _ENVIRONMENT if prefix in (each.name, each.kind)), None)
    if variables is not None:
        mend = f"Set {variables.keys[0]}."
    elif (kind := _KIND_NAMES.get(prefix)) is not None:
        mend = f"Start it at {KINDS[kind].base_url}, or enter where it is." if KINDS[kind].local else "Enter it."
    else:
        mend = f"There is {', '.join(names)}." if names else "No provider was found; rehearsal is built in."
        if near := difflib.get_close_matches(prefix, names, n=1):
            mend = f"Did you mean {near[0]}? {mend}"
    return _wrong(f"The model {wanted!r}", f"needs a provider {prefix!r}, which is not there", mend)


def open_provider(
    provider: ProviderDescription,
    model: ModelDescription | str,
    *,
    egress_proxy: str | None = None,
    limits: ProviderLimits | None = None,
) -> ClosableProvider:
    """The adapter for one model; nothing is imported or connected before its first request. Close it with `aclose`."""
    described = ModelDescription(name=model) if isinstance(model, str) else model
    row = KINDS[provider.kind]
    local = row.local or provider.is_loopback
    default = LOCAL_CONTEXT_TOKENS if row.local else HOSTED_CONTEXT_TOKENS
    context_tokens = provider.context_tokens or described.context_tokens or default
    limits = limits or (LOCAL_LIMITS if local else PROVIDER_LIMITS)
    name = f"{provider.name}:{described.name}"
    teller = provider.teller(described.name)
    proxy = None if provider.is_loopback else egress_proxy
    if row.sdk is not None:
        return PydanticAI(
            name,
            row.sdk,
            described.name,
            key=provider.key or Secret(""),
            base_url=provider.base_url,
            teller=teller,
            context_tokens=context_tokens,
            limits=limits,
            proxy=proxy,
        )
    upstream = Upstream(provider.base_url, headers=_headers(provider), limits=limits, teller=teller, proxy=proxy)
    return OpenAIWire(
        name,
        described.name,
        upstream,
        teller,
        context_tokens=context_tokens,
        token_limit_field=row.token_limit_field,
        inline_system=not row.local,
        limits=limits,
    )


def _headers(provider: ProviderDescription) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",  # a compressed stream comes in blocks, not in words
        "User-Agent": DEFAULT_USER_AGENT,
    }
    if provider.key is not None:
        headers["Authorization"] = f"Bearer {provider.key.reveal()}"
    return headers
