"""Anthropic, Google and OpenAI's Responses API, through pydantic-ai's model layer (one streamed request, no agent).

Each provider's SDK is imported when its first request is made, in a thread: that takes one to three seconds and up to
100 MB, which neither the start nor an idle server pays. Tries and waiting are ours (`models.tries`), so the SDKs'
own are switched off. Schemas go out as they were made, without strict mode, which would demand that optional
parameters be required; for Google alone pydantic-ai puts keywords that Gemini refuses (`const`, `examples`, string
formats) into words that it takes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Literal

from actionry.credentials.secret import Secret
from actionry.models.failures import ErrorObject, ModelFailure, Teller, read_error
from actionry.models.openai_wire import call_id, offered
from actionry.models.provider import (
    AssistantMessage,
    Finished,
    Message,
    ModelEvent,
    ModelRequest,
    SystemMessage,
    TextDelta,
    ToolCall,
    ToolCallReady,
    ToolResultMessage,
    Usage,
    UserMessage,
)
from actionry.models.tries import PROVIDER_LIMITS, ProviderLimits, Tries
from actionry.outbound.client import DEFAULT_USER_AGENT

if TYPE_CHECKING:
    import httpx2
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
    from pydantic_ai.profiles import ModelProfile
    from pydantic_ai.settings import ModelSettings

Kind = Literal["anthropic", "google", "openai-responses"]

_AS_GIVEN: Final[ModelProfile] = {"json_schema_transformer": None}


class PydanticAI:
    """A Provider: one model behind an SDK."""

    def __init__(
        self,
        name: str,
        kind: Kind,
        model: str,
        *,
        key: Secret,
        base_url: str | None,
        teller: Teller,
        context_tokens: int,
        limits: ProviderLimits = PROVIDER_LIMITS,
        tries: Tries | None = None,
        proxy: str | None = None,
    ) -> None:
        """base_url=None: the provider's own. `proxy` is the operator's; those of the environment are not used."""
        self._name = name
        self._kind: Kind = kind
        self._model_name = model
        self._key = key
        self._base_url = base_url
        self._teller = teller
        self._context_tokens = context_tokens
        self._limits = limits
        self._tries = tries or Tries(teller, limits)
        self._proxy = proxy
        self._client: httpx2.AsyncClient | None = None
        self._model: Model[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """See `models.provider.Provider`."""
        return self._tries.stream(lambda: self._start(request))

    async def aclose(self) -> None:
        """Close the SDK's connections; the provider can be used again."""
        client, self._client, self._model = self._client, None, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.aclose()

    async def _start(self, request: ModelRequest) -> SdkAttempt:
        tools = offered(request)
        model = await self._load()
        from pydantic_ai.direct import model_request_stream

        opened = model_request_stream(
            model,
            write_messages(request.messages),
            model_settings=self._settings(request),
            model_request_parameters=_parameters(tools),
        )
        attempt = SdkAttempt(opened, self._teller, self._limits)
        try:
            await attempt.open()
        except BaseException:  # passed on; an answer that was half opened is closed
            await attempt.close()
            raise
        return attempt

    async def _load(self) -> Model[Any]:
        """The SDK's model with its client, which belongs to one event loop."""
        loop = asyncio.get_running_loop()
        if self._model is not None and self._loop is loop:
            return self._model
        try:
            client, model = await asyncio.to_thread(self._make)
        except ImportError:
            raise self._teller.failure(
                "setup", "cannot be asked: its SDK is not installed", mend="Install `actionry[server]`."
            ) from None
        self._client, self._model, self._loop = client, model, loop
        return model

    def _make(self) -> tuple[httpx2.AsyncClient, Model[Any]]:
        import httpx2

        # A client of ours: redirects are not followed, since only the standard headers of a key are taken off on the
        # way; and the environment's proxies and .netrc are not for this program.
        timeout = httpx2.Timeout(self._limits.answer_s, connect=self._limits.connect_s)
        client = httpx2.AsyncClient(
            timeout=timeout,
            proxy=self._proxy,
            trust_env=False,
            follow_redirects=False,
            event_hooks={"response": [_remember]},
        )
        return client, _MODELS[self._kind](self._model_name, self._key.reveal(), self._base_url, client)

    def _settings(self, request: ModelRequest) -> ModelSettings:
        settings: ModelSettings = {"max_retries": 0, "extra_headers": {"User-Agent": DEFAULT_USER_AGENT}}
        if request.force_tool is not None:
            settings["tool_choice"] = [request.force_tool]
        if request.max_output_tokens is not None:
            settings["max_tokens"] = request.max_output_tokens
        if request.temperature is not None:
            settings["temperature"] = request.temperature
        if request.user is not None:
            own: dict[Kind, dict[str, Any]] = {
                "anthropic": {"anthropic_metadata": {"user_id": request.user}},
                "openai-responses": {"openai_user": request.user},
                "google": {},
            }
            settings.update(own[self._kind])  # type: ignore[typeddict-item]  # a provider's own keys
        return settings


def _anthropic(model: str, key: str, base_url: str | None, client: httpx2.AsyncClient) -> Model[Any]:
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    provider = AnthropicProvider(api_key=key, base_url=base_url, http_client=client)
    return AnthropicModel(model, provider=provider, profile=_as_given(provider.model_profile(model)))


def _google(model: str, key: str, base_url: str | None, client: httpx2.AsyncClient) -> Model[Any]:
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    provider = GoogleProvider(api_key=key, base_url=base_url, http_client=client)
    return GoogleModel(model, provider=provider)


def _openai_responses(model: str, key: str, base_url: str | None, client: httpx2.AsyncClient) -> Model[Any]:
    from pydantic_ai.models.openai import OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(api_key=key, base_url=base_url, http_client=client)
    return OpenAIResponsesModel(model, provider=provider, profile=_as_given(provider.model_profile(model)))


_MODELS: Final[dict[Kind, Callable[[str, str, str | None, httpx2.AsyncClient], Model[Any]]]] = {
    "anthropic": _anthropic,
    "google": _google,
    "openai-responses": _openai_responses,
}


def _as_given(profile: ModelProfile | None) -> ModelProfile:
    return {**(profile or {}), **_AS_GIVEN}


def _parameters(tools: Sequence[Any]) -> ModelRequestParameters:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.tools import ToolDefinition

    return ModelRequestParameters(
        function_tools=[
            ToolDefinition(
                name=each.name,
                description=each.description or None,
                parameters_json_schema=_plain(each.parameters),
                strict=False,
            )
            for each in tools
        ]
    )


def _plain(value: Any) -> Any:
    """Dicts and lists all the way down: the SDKs serialize no other Mapping."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def write_messages(messages: Sequence[Message]) -> list[ModelMessage]:
    """The conversation in pydantic-ai's form: what is not the model's stands together, as Anthropic asks of results."""
    from pydantic_ai.messages import ModelRequest as Asked
    from pydantic_ai.messages import (
        ModelRequestPart,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        ToolCallPart,
        ToolReturnPart,
        UserPromptPart,
    )

    written: list[ModelMessage] = []
    asked: list[ModelRequestPart] = []
    for message in messages:
        match message:
            case SystemMessage(text):
                asked.append(SystemPromptPart(text))
            case UserMessage(text):
                asked.append(UserPromptPart(text))
            case ToolResultMessage():
                asked.append(ToolReturnPart(message.name, message.text, call_id(message.call_id)))
            case AssistantMessage(text, tool_calls):
                if asked:
                    written.append(Asked(parts=asked))
                    asked = []
                parts: list[TextPart | ToolCallPart] = []
                if text.strip():  # Anthropic refuses blank text
                    parts.append(TextPart(text))
                parts += [ToolCallPart(each.name, each.arguments or "{}", call_id(each.id)) for each in tool_calls]
                if parts:
                    written.append(ModelResponse(parts=parts))
    if asked:
        written.append(Asked(parts=asked))
    return written


_opened: Final[ContextVar[list[httpx2.Response] | None]] = ContextVar("opened", default=None)
"""The HTTP answers that an attempt has opened. google-genai closes its own only when the garbage is collected, and a
provider writes, and charges, until then."""


async def _remember(response: httpx2.Response) -> None:
    if (opened := _opened.get()) is not None:
        opened.append(response)


class SdkAttempt:
    """Reads one streamed answer (`tries.Attempt`)."""

    def __init__(
        self, opened: AbstractAsyncContextManager[StreamedResponse], teller: Teller, limits: ProviderLimits
    ) -> None:
        self._opened = opened
        self._teller = teller
        self._limits = limits
        self._answers: list[httpx2.Response] = []
        self._response: StreamedResponse | None = None
        self._events: AsyncIterator[Any] | None = None
        self._text = False
        self._heard = False

    async def open(self) -> None:
        token = _opened.set(self._answers)
        try:
            self._response = await self._wait(self._opened.__aenter__(), self._limits.first_event_s)
        finally:
            _opened.reset(token)
        self._events = aiter(self._response)

    async def read(self) -> Sequence[ModelEvent]:
        assert self._events is not None
        while True:
            patience_s = self._limits.silence_s if self._heard else self._limits.first_event_s
            event = await self._wait(anext(self._events, None), patience_s)
            if event is None:
                return self._end()
            if text := _text_of(event):
                self._text = self._heard = True
                return (TextDelta(text),)

    async def close(self) -> None:
        response, self._response = self._response, None
        try:
            if response is not None:
                await response.cancel()
                await self._opened.__aexit__(None, None, None)
            for answer in self._answers:
                await answer.aclose()
        except Exception:  # noqa: S110 - whatever an SDK says while hanging up, the answer is over
            pass

    async def _wait(self, step: Any, patience_s: float) -> Any:
        try:
            async with asyncio.timeout(patience_s):
                return await step
        except TimeoutError:
            words = f"was silent for {patience_s:g} s" if self._heard else f"sent no answer within {patience_s:g} s"
            raise self._teller.failure("timeout", words) from None
        except Exception as error:  # each SDK raises its own, and their texts may hold the key
            raise failure_of(error, self._teller, begun=self._response is not None) from None

    def _end(self) -> Sequence[ModelEvent]:
        assert self._response is not None
        answer = self._response.get()
        usage = Usage(
            input_tokens=answer.usage.input_tokens,
            output_tokens=answer.usage.output_tokens,
            cached_tokens=answer.usage.cache_read_tokens,
        )
        reason = answer.finish_reason
        if reason == "content_filter":
            return [Finished("refused", usage)]
        if reason == "error":
            raise self._teller.failure("server")
        calls = [_call_of(each) for each in answer.tool_calls]
        if reason == "length":
            # Cut arguments must not be mended into a call that nobody meant.
            whole = [call for call, each in zip(calls, answer.tool_calls, strict=True) if _is_whole(each.args)]
            return [*map(ToolCallReady, whole), Finished("length", usage)]
        if reason is None:
            raise self._teller.failure("cut" if self._text or calls else "empty")
        if not calls and not self._text:
            raise self._teller.failure("empty")
        return [*map(ToolCallReady, calls), Finished("tool_calls" if calls else "stop", usage)]


def _text_of(event: Any) -> str:
    from pydantic_ai.messages import PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta

    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return text
        case _:
            return ""


def _call_of(part: Any) -> ToolCall:
    return ToolCall(
        id=part.tool_call_id or f"call_{secrets.token_hex(12)}", name=part.tool_name, arguments=part.args_as_json_str()
    )


def _is_whole(arguments: str | Mapping[str, Any] | None) -> bool:
    from pydantic_core import from_json

    if not isinstance(arguments, str):
        return True
    try:
        return isinstance(from_json(arguments), dict)
    except ValueError:
        return False


def failure_of(error: Exception, teller: Teller, *, begun: bool) -> ModelFailure:
    """What pydantic-ai, or an SDK below it, raised. Of an unknown error only the class is named."""
    from pydantic_ai.exceptions import (
        ContentFilterError,
        ModelAPIError,
        ModelConnectionError,
        ModelHTTPError,
        ModelTimeoutError,
        UnexpectedModelBehavior,
        UserError,
    )

    match error:
        case ModelFailure():
            return error
        case ModelTimeoutError(phase="connect" | "pool"):
            return teller.failure("connection", "did not accept a connection in time")
        case ModelTimeoutError():
            return teller.failure("timeout")
        case ModelConnectionError():
            return teller.failure("cut") if begun else teller.failure("connection")
        case ModelAPIError(body=None, provider_error_code=None, provider_error_type=None) if not isinstance(
            error, ModelHTTPError
        ):
            return teller.failure("malformed")  # what could not be decoded
        case ModelAPIError():
            return teller.from_error(
                _error_object(error),
                status=error.status_code if isinstance(error, ModelHTTPError) else None,
                retry_after_s=error.retry_after,
            )
        case ContentFilterError():
            return teller.failure("request", "refused to answer")
        case UnexpectedModelBehavior():
            return teller.failure("malformed", quoted=type(error.__cause__ or error).__name__)
        case UserError():
            return teller.failure("request", "cannot take this request", quoted=str(error))
        case _ if begun:
            return teller.failure("cut", quoted=type(error).__name__)
        case _:
            return teller.failure("malformed", quoted=type(error).__name__)


def _error_object(error: Any) -> ErrorObject:
    read = read_error(error.body)
    if read is not None:
        return read
    codes = tuple(str(each).lower() for each in (error.provider_error_code, error.provider_error_type) if each)
    return ErrorObject(message=error.body if isinstance(error.body, str) else "", codes=codes)
