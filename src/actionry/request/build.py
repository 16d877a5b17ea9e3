"""From an operation and checked values to one exact request.

Pure, and quick: what an operation needs is worked out once (`_plan_of`) and then only filled in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from multidict import CIMultiDict

from actionry.errors import ArgumentError
from actionry.http import Headers, Request
from actionry.openapi.model import Location, Operation, Values
from actionry.request.body import build_body
from actionry.request.parameters import (
    check_header,
    ignored_header,
    is_token,
    refuse_method_override,
    serializer_of,
)
from actionry.request.path import PathTemplate, check_url, fill_path, fill_query, read_base, read_template

Serialize = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class _Plan:
    template: PathTemplate
    query: dict[str, Serialize]
    header: dict[str, Serialize]
    cookie: dict[str, Serialize]
    querystring: Serialize | None


def build_request(
    operation: Operation, values: Values, server_url: str | None = None, *, boundary: str | None = None
) -> Request:
    """The request that the document describes for these values.

    `server_url` replaces the operation's first server; `boundary` fixes the separator of multipart bodies.
    The URL is relative when no server address is known. `Accept`, `Content-Length` and credentials are not set
    here. Raises ArgumentError whose `argument` is location and wire name (`path.id`, `header.X-Trace`, `body`).
    """
    try:
        return _build(operation, values, server_url, boundary)
    except RecursionError:
        raise ArgumentError(
            "These values are nested too deeply to be written.",
            rule="depth",
            mend="Nest lists and objects less deeply.",
        ) from None


def _build(operation: Operation, values: Values, server_url: str | None, boundary: str | None) -> Request:
    plan = _plan_of(operation)
    base = read_base(operation.server_url if server_url is None else server_url)
    path = fill_path(plan.template, values.path)
    url = base.prefix + path
    query = _query(plan, values, base.query)
    if query:
        url = f"{url}?{query}"
    check_url(url, base, path)
    headers: Headers = CIMultiDict()
    if values.header:
        _add_headers(headers, plan, values.header)
    if values.cookie:
        _add_cookies(headers, plan, values.cookie)
    content = None
    if values.has_body:
        media_type, content = build_body(operation, values, boundary)
        if media_type:
            headers["Content-Type"] = media_type
    return Request(operation.method, url, headers, content)


_PLANS: WeakKeyDictionary[Operation, _Plan] = WeakKeyDictionary()
"""Kept as long as the operation: a document that is gone takes its plans along."""


def _plan_of(operation: Operation) -> _Plan:
    plan = _PLANS.get(operation)
    if plan is None:
        plan = _PLANS[operation] = _make_plan(operation)
    return plan


def _make_plan(operation: Operation) -> _Plan:
    if not is_token(operation.method):
        error = ArgumentError(
            f"The document names a method {operation.method!r}, which HTTP does not allow.",
            rule="method",
            mend="The builder should correct it (RFC 9110 section 9.1).",
        )
        error.told_to, error.may_retry = "builder", False
        raise error
    by_location: dict[Location, dict[str, Serialize]] = {"query": {}, "header": {}, "cookie": {}}
    querystring = None
    for parameter in operation.parameters:
        if parameter.location == "querystring":
            querystring = serializer_of(parameter)
        elif parameter.location != "path":
            by_location[parameter.location][parameter.name] = serializer_of(parameter)
    return _Plan(
        read_template(operation),
        by_location["query"],
        by_location["header"],
        by_location["cookie"],
        querystring,
    )


def _query(plan: _Plan, values: Values, base_query: str) -> str:
    parts = [base_query] if base_query else []
    if plan.template.query:
        parts += fill_query(plan.template, values.path)
    if values.query:
        parts += _serialized("query", plan.query, values.query)
    if values.querystring is not None:
        if plan.querystring is None:
            raise _undeclared("querystring", "querystring")
        text = plan.querystring(values.querystring)
        if text:
            parts.append(text)
    return "&".join(parts)


def _serialized(location: Location, plan: Mapping[str, Serialize], values: Mapping[str, Any]) -> list[str]:
    """The parts that are to be sent, in the document's order of parameters."""
    if not values.keys() <= plan.keys():
        raise _undeclared(location, next(name for name in values if name not in plan))
    parts = []
    for name, serialize in plan.items():
        if name in values:
            text = serialize(values[name])
            if text:
                parts.append(text)
    return parts


def _add_headers(headers: Headers, plan: _Plan, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        serialize = plan.header.get(name)
        if serialize is None:
            raise _undeclared("header", name)
        if value is None:
            continue
        refuse_method_override(name)
        if ignored_header(name):
            continue
        text = serialize(value)
        if text is not None:
            headers[name] = check_header(name, text)


def _add_cookies(headers: Headers, plan: _Plan, values: Mapping[str, Any]) -> None:
    pairs = _serialized("cookie", plan.cookie, values)
    if pairs:
        headers["Cookie"] = "; ".join(pairs)


def _undeclared(location: str, name: str) -> ArgumentError:
    return ArgumentError(
        f"The operation declares no {location} parameter `{name}`.",
        argument=f"{location}.{name}",
        rule="additionalProperties",
        mend="Leave it out.",
    )
