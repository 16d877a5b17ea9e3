"""What every call of a function needs to know, worked out at its first call and kept as long as the action lives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from actionry.actions.access import Access, CredentialsInput, find_access
from actionry.actions.confirmation import SAFE_METHODS
from actionry.actions.files import REFERENCES, RETURNED
from actionry.actions.grants import GrantStore, MemoryGrants
from actionry.actions.proposal import canonical, fingerprint_of
from actionry.http import origin_of
from actionry.limits import CALL_LIMITS, OUTBOUND_LIMITS
from actionry.openapi.model import Values
from actionry.tools.function_schema import Function

if TYPE_CHECKING:
    from actionry.actions.action import Action


class Plan:
    """Of one function."""

    def __init__(self, function: Function, *, main_origin: str, declares_security: bool) -> None:
        operation = function.operation
        self.function = function
        self.origin = _origin_or_none(operation.server_url)
        """Of the operation's server; "" when it has none."""
        self.action_origin = main_origin or self.origin
        """Where the action's credentials belong."""
        self.repeatable = operation.method in SAFE_METHODS and not operation.consequential
        """Reads only, so that a broken call may be made again, and an unanswered one has done nothing."""
        self.takes_files = function.takes_files or REFERENCES.encode() in canonical(function.wire_schema)
        self.max_bytes = _max_bytes(function)
        body = operation.request_body
        media_types = body.content if body is not None else ()
        self.is_multipart = any(media.media_type.lower().startswith("multipart/") for media in media_types)
        self._declares_security = declares_security
        self._last: tuple[object, Access] | None = None

    @cached_property
    def fingerprint(self) -> str:
        return fingerprint_of(self.function)

    def access(self, given: CredentialsInput) -> Access:
        """The chosen credentials. The last ones are kept: a program's calls mostly repeat them, and choosing and
        masking cost more than sending.
        """
        last = self._last
        if last is not None and (last[0] is given or (type(given) is str and last[0] == given)):
            return last[1]
        access = find_access(self.function, given, declares_security=self._declares_security)
        if not isinstance(given, dict):  # which its owner may change between calls
            self._last = (given, access)
        return access

    def arguments(self, values: Values) -> dict[str, Any]:
        """By argument name, as checked: what is shown, and what grants are narrowed by."""
        found: dict[str, Any] = {}
        by_location: dict[str, dict[str, Any]] = {
            "path": values.path,
            "query": values.query,
            "header": values.header,
            "cookie": values.cookie,
        }
        for binding in self.function.bindings.all:
            if binding.location == "body":
                if values.has_body:
                    found[binding.argument] = values.body
            elif binding.location == "querystring":
                if values.querystring is not None:
                    found[binding.argument] = values.querystring
            elif binding.name in by_location[binding.location]:
                found[binding.argument] = by_location[binding.location][binding.name]
        return found


@dataclass(slots=True, eq=False)
class Plans:
    """Of one action."""

    main_origin: str
    """The origin of most operations, the first of equals; "" without a server."""
    declares_security: bool
    grants: GrantStore = field(default_factory=MemoryGrants)
    """Consent that nobody else keeps."""
    by_name: dict[str, Plan] = field(default_factory=dict)


def make_plans(action: Action) -> Plans:
    """For an action that is called for the first time; see `Action.plans`."""
    origins = Counter(filter(None, (_origin_or_none(operation.server_url) for operation in action.operations)))
    main = origins.most_common(1)[0][0] if origins else ""
    declares = bool(action.security_schemes) or any(operation.security for operation in action.operations)
    return Plans(main, declares)


def plans_of(action: Action) -> Plans:
    return action.plans


def plan_of(action: Action, name: str) -> Plan:
    """Raises FunctionNotFound."""
    plans = action.plans
    plan = plans.by_name.get(name)
    if plan is None:
        function = action.function(name)
        plan = Plan(function, main_origin=plans.main_origin, declares_security=plans.declares_security)
        plans.by_name[name] = plan
    return plan


def _origin_or_none(url: str) -> str:
    try:
        return origin_of(url)
    except ValueError:
        return ""


def _max_bytes(function: Function) -> int:
    """Decoded bytes to take: a text answer alone is small; a file, or what nobody declared, may be large (D-13)."""
    declared = function.operation.raw.get("responses")
    if isinstance(declared, dict) and RETURNED.encode() in canonical(declared):
        limits = function.limits
        return limits.files_per_call * limits.file_bytes * 4 // 3 + CALL_LIMITS.text_response_bytes
    types = list(_media_types(declared))
    if types and all(each.endswith(("json", "xml")) or each.startswith("text/") for each in types):
        return CALL_LIMITS.text_response_bytes
    return OUTBOUND_LIMITS.response_bytes


def _media_types(responses: Any) -> Iterator[str]:
    """Essences that the answers declare themselves; `*/*` for an answer that is referenced."""
    for response in responses.values() if isinstance(responses, dict) else ():
        if not isinstance(response, dict):
            continue
        if "$ref" in response:
            yield "*/*"
        content = response.get("content")
        if isinstance(content, dict):
            yield from (str(name).partition(";")[0].strip().lower() for name in content)
