"""What an operation is once the versions' differences are gone: plain data, read by `operations.py`.

Schemas are JSON Schema 2020-12 in the *request* direction (readOnly properties left out), whose references read
`#/$defs/NAME`; `schemas.py` resolves them lazily.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from actionry.openapi.schemas import Schemas

Schema = dict[str, Any] | bool
"""JSON Schema 2020-12; a boolean schema accepts everything or nothing."""

Location = Literal["path", "query", "header", "cookie", "querystring"]
"""OpenAPI's `in`; `querystring` (the whole query as one value) is 3.2's."""

Style = Literal[
    "matrix",
    "label",
    "simple",
    "form",
    "spaceDelimited",
    "pipeDelimited",
    "tabDelimited",
    "deepObject",
    "cookie",
]
"""`tabDelimited` is Swagger 2.0's `tsv`; `cookie` is 3.2's (form without percent-encoding)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value in path, query, header or cookie. OpenAPI 3.1.0, Parameter Object."""

    name: str
    location: Location
    required: bool = False
    style: Style = "form"
    explode: bool = False
    allow_reserved: bool = False
    allow_empty_value: bool = False
    media_type: str | None = None
    """Set when the parameter is declared by `content`: the value is serialized as this type, then percent-encoded."""
    schema: Schema = True
    description: str = ""
    deprecated: bool = False
    pointer: str = ""
    example: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How one property of a form or multipart body is written. OpenAPI 3.1.0, Encoding Object."""

    content_type: str | None = None
    """May be a comma-separated list, the first is sent."""
    headers: Mapping[str, Schema] = field(default_factory=dict)
    """Extra part headers (multipart), name -> schema; only constants and defaults can be sent."""
    style: Style | None = None
    """None: not declared, so `content_type` or its default rules; `form` when only explode/allowReserved are."""
    explode: bool = True
    allow_reserved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaType:
    """One alternative of a request body."""

    media_type: str
    """As declared, e.g. `application/json; charset=utf-8` or `*/*`."""
    schema: Schema = True
    encoding: Mapping[str, Encoding] = field(default_factory=dict)
    pointer: str = ""
    example: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestBody:
    content: tuple[MediaType, ...]
    required: bool = False
    description: str = ""
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A base URL with its variables filled by their defaults and resolved against the document's address."""

    url: str
    """Absolute, or relative (starting with `/`, possibly empty) when the document's address is not known."""
    description: str = ""
    template: str = ""
    """As written, e.g. `https://{region}.example.com/v1`."""
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityScheme:
    """OpenAPI 3.1.0, Security Scheme Object; Swagger 2.0's kinds are mapped to these."""

    name: str
    """The component's key."""
    kind: Literal["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS", "unknown"]
    location: Literal["query", "header", "cookie"] | None = None
    """apiKey only."""
    parameter_name: str | None = None
    """apiKey only: header, query or cookie name."""
    http_scheme: str | None = None
    """http only: lower case `basic`, `bearer`, …"""
    bearer_format: str | None = None
    flows: Mapping[str, OAuthFlow] = field(default_factory=dict)
    """oauth2 only: `authorizationCode`, `clientCredentials`, `implicit`, `password`, `deviceAuthorization`."""
    openid_connect_url: str | None = None
    oauth2_metadata_url: str | None = None
    """3.2"""
    description: str = ""
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthFlow:
    authorization_url: str | None = None
    token_url: str | None = None
    refresh_url: str | None = None
    device_authorization_url: str | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SecurityRequirement:
    """All of these schemes together (AND); `Operation.security` lists alternatives (OR).

    Empty: no credential is one of the alternatives (`{}`).
    """

    schemes: tuple[tuple[SecurityScheme, tuple[str, ...]], ...] = ()
    """(scheme, scopes or roles); an undefined scheme name has kind `unknown`."""


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True, eq=False)
class Operation:
    """One method on one path, everything inherited from path item and document filled in."""

    method: str
    """Upper case."""
    path: str
    """The template as the document writes it, e.g. `/users/{id}`."""
    operation_id: str | None
    """As declared; None when missing or not text."""
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    deprecated: bool = False
    parameters: tuple[Parameter, ...] = ()
    request_body: RequestBody | None = None
    servers: tuple[Server, ...] = ()
    """First is used (SV-02)."""
    security: tuple[SecurityRequirement, ...] = ()
    """Alternatives; empty means that no credential is sent (AU-06)."""
    consequential: bool = True
    """`x-openai-isConsequential`; absent means GET no, others yes (CO-02)."""
    pointer: str = ""
    schemas: Schemas = field(repr=False)
    """Resolves `#/$defs/NAME` of every schema above."""
    answers: Schemas = field(repr=False)
    """The same document's schemas in the other direction (writeOnly left out): for responses."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The Operation Object as written, for extensions, responses and links."""

    @property
    def server_url(self) -> str:
        return self.servers[0].url if self.servers else ""


@dataclass(slots=True)
class Values:
    """Checked values by location and *wire* name: what `tools.arguments` hands to `request.build`."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    cookie: dict[str, Any] = field(default_factory=dict)
    querystring: Any = None
    body: Any = None
    has_body: bool = False
    """Tells a body of JSON `null` from no body."""
    media_type: str | None = None
    """Of the request body's alternatives, the one to send; None: the best supported one is chosen."""
