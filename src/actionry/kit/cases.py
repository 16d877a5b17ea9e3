"""The file of `actionry test`: what people say and what should follow, read strictly so that no typo passes a test."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from actionry.errors import DocumentError, UnreadableDocument
from actionry.findings import join_pointer
from actionry.openapi.model import Values
from actionry.syntax import read_tree
from actionry.syntax.tree import Tree
from actionry.tools.function_schema import Function

Expectation = Literal["calls", "question", "no call"]

_FILE_KEYS = ("source", "today", "models", "cases")
_CASE_KEYS = ("name", "say", "expect", "call", "calls", "arguments", "exactly", "results")
_CALL_KEYS = ("call", "arguments", "exactly")
_MATCHERS = ("contains", "any_of", "matches", "exactly", "absent", "not")
ABSENT: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedCall:
    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Name, `body.name` or name of the body's property -> value or matcher."""
    exactly: bool = False
    """Whether no other argument may be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    say: tuple[str, ...]
    """The user's messages, one a turn; the expectation is about the last."""
    expect: Expectation
    calls: tuple[ExpectedCall, ...] = ()
    results: Mapping[str, Any] = field(default_factory=dict)
    """Operation -> what it is made to answer."""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    source: str | None
    today: date | None
    models: tuple[str, ...]
    cases: tuple[Case, ...]


def read_cases(content: bytes, file: str) -> CaseFile:
    """Raises DocumentError, with line, for anything that is not understood."""
    try:
        tree = read_tree(content)
    except UnreadableDocument as error:
        raise DocumentError(f"{file} cannot be read: {error.message}", mend=error.mend, line=error.line) from None
    return _Reader(tree, file).read()


class _Reader:
    def __init__(self, tree: Tree, file: str) -> None:
        self._tree = tree
        self._file = file

    def read(self) -> CaseFile:
        root = self._tree.root
        if not isinstance(root, Mapping) or not isinstance(root.get("cases"), list) or not root["cases"]:
            raise self._wrong("", "has no `cases`", "Write `cases:` and below it `- say: …` with `call: …`.")
        self._check_keys(root, _FILE_KEYS, "")
        source = root.get("source")
        if source is not None and not isinstance(source, str):
            raise self._wrong("/source", "names no source", "Give a file, an address or a domain.")
        return CaseFile(
            source=source,
            today=self._date(root.get("today")),
            models=tuple(self._texts(root.get("models", []), "/models")),
            cases=tuple(self._case(raw, f"/cases/{i}", i) for i, raw in enumerate(root["cases"])),
        )

    def _case(self, raw: Any, place: str, index: int) -> Case:
        if not isinstance(raw, Mapping):
            raise self._wrong(place, "is no case", "Write `- say: …`.")
        self._check_keys(raw, _CASE_KEYS, place)
        say = tuple(self._texts(raw.get("say", []), join_pointer(place, "say")))
        if not say or not all(text.strip() for text in say):
            raise self._wrong(place, "says nothing", "Write what the user says: `say: Show my TODOs`.")
        calls = self._calls(raw, place)
        expect = self._expectation(raw.get("expect"), bool(calls), place)
        results = raw.get("results", {})
        if not isinstance(results, Mapping):
            raise self._wrong(join_pointer(place, "results"), "is no mapping", "Write `getTodos: {todos: []}`.")
        position = self._tree.locate(place)
        return Case(
            name=str(raw.get("name") or f"{index + 1}. {say[-1]}"),
            say=say,
            expect=expect,
            calls=calls,
            results=results,
            line=position.line if position else None,
        )

    def _calls(self, raw: Mapping[str, Any], place: str) -> tuple[ExpectedCall, ...]:
        if "call" in raw and "calls" in raw:
            raise self._wrong(place, "has both `call` and `calls`", "Keep one of them.")
        if "calls" in raw:
            rows = raw["calls"]
            if not isinstance(rows, list) or not rows:
                raise self._wrong(join_pointer(place, "calls"), "is no list of calls", "Write `- call: getTodos`.")
            return tuple(self._call(row, join_pointer(place, "calls", i)) for i, row in enumerate(rows))
        if "call" in raw:
            return (self._call({key: raw[key] for key in _CALL_KEYS if key in raw}, place),)
        if "arguments" in raw or "exactly" in raw:
            raise self._wrong(place, "has arguments of no call", "Add `call: OPERATION`.")
        return ()

    def _call(self, raw: Any, place: str) -> ExpectedCall:
        if isinstance(raw, str):
            return ExpectedCall(operation=raw)
        if not isinstance(raw, Mapping) or not isinstance(raw.get("call"), str):
            raise self._wrong(place, "names no operation", "Write `call: getTodos`.")
        self._check_keys(raw, _CALL_KEYS if "say" not in raw else _CASE_KEYS, place)
        arguments = raw.get("arguments", {})
        if not isinstance(arguments, Mapping):
            raise self._wrong(join_pointer(place, "arguments"), "is no mapping", "Write `name: value`.")
        for name, value in arguments.items():
            self._check_matcher(value, join_pointer(place, "arguments", name))
        exactly = raw.get("exactly", False)
        if not isinstance(exactly, bool):
            raise self._wrong(join_pointer(place, "exactly"), "is neither true nor false", "Write `exactly: true`.")
        return ExpectedCall(operation=raw["call"], arguments=arguments, exactly=exactly)

    def _expectation(self, raw: Any, has_calls: bool, place: str) -> Expectation:
        word = str(raw).strip().lower().replace("_", " ") if raw is not None else None
        if word in ("question", "no call") and not has_calls:
            return "question" if word == "question" else "no call"
        if has_calls and word in (None, "call", "calls"):
            return "calls"
        what = "expects nothing" if word is None else f"expects {word[:40]!r}"
        raise self._wrong(place, what, "Write `call: OPERATION`, `expect: question` or `expect: no call`.")

    def _check_matcher(self, value: Any, place: str) -> None:
        kind = matcher_of(value)
        if kind == "any_of":
            if not isinstance(value[kind], list) or not value[kind]:
                raise self._wrong(place, "has an `any_of` that is no list", "Write `any_of: [one, other]`.")
            for each in value[kind]:
                self._check_matcher(each, place)
        elif kind == "matches":
            try:
                re.compile(value[kind] if isinstance(value[kind], str) else "(")
            except re.error as error:
                raise self._wrong(place, f"has no regular expression: {error}", "Mend it.") from None
        elif kind == "not":
            self._check_matcher(value[kind], place)
        elif kind == "absent" and value[kind] is not True:
            raise self._wrong(place, "has an `absent` that is not true", "Write `absent: true`.")

    def _check_keys(self, raw: Mapping[Any, Any], known: Sequence[str], place: str) -> None:
        for key in raw:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"Did you mean `{near[0]}`?" if near else f"There is {', '.join(known)}."
                raise self._wrong(join_pointer(place, str(key)), f"has an unknown word, `{str(key)[:40]}`", hint)

    def _texts(self, raw: Any, place: str) -> list[str]:
        texts = raw if isinstance(raw, list) else [raw]
        if not all(isinstance(text, str) for text in texts):
            raise self._wrong(place, "holds something else than text", "Put it into quotes.")
        return texts

    def _date(self, raw: Any) -> date | None:
        try:
            return None if raw is None else date.fromisoformat(str(raw))
        except ValueError:
            raise self._wrong("/today", "is no date", "Write e.g. `today: 2026-01-31`.") from None

    def _wrong(self, place: str, what: str, mend: str) -> DocumentError:
        position = self._tree.locate(place)
        where = f"{self._file}:{position.line}" if position else self._file
        shown = place or "the file"
        return DocumentError(f"{where}: {shown} {what}.", mend=mend, line=position.line if position else None)


# ------------------------------------------------------------------------------------------------------- comparing


def matcher_of(value: Any) -> str | None:
    """`contains` of {"contains": "milk"}; None for a plain value, which must be equal."""
    if isinstance(value, Mapping) and len(value) == 1:
        (key,) = value
        return key if key in _MATCHERS else None
    return None


def fits(expected: Any, value: Any) -> bool:
    """Whether the value is as expected; `value` is ABSENT when it was not given."""
    kind = matcher_of(expected)
    inner = expected[kind] if kind else expected
    if kind == "absent":
        return value is ABSENT
    if kind == "not":
        return not fits(inner, value)
    if value is ABSENT:
        return False
    match kind:
        case "contains":
            return _contains(value, inner)
        case "any_of":
            return any(fits(each, value) for each in inner)
        case "matches":
            return re.search(inner, _text(value)) is not None
        case _:
            return _equal(inner, value)


def _contains(value: Any, part: Any) -> bool:
    if isinstance(value, list):
        parts = part if isinstance(part, list) else [part]
        return all(any(fits(each, item) for item in value) for each in parts)
    if isinstance(value, Mapping) and isinstance(part, Mapping):
        return all(fits(each, value.get(key, ABSENT)) for key, each in part.items())
    return str(part).casefold() in _text(value).casefold()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _equal(expected: Any, value: Any) -> bool:
    """Like JSON: true is not 1, but 1.0 is. A date in YAML stands for its text."""
    if isinstance(expected, date):
        return bool(value == expected.isoformat())
    if isinstance(expected, bool) or isinstance(value, bool):
        return expected is value
    if isinstance(expected, list) and isinstance(value, list):
        return len(expected) == len(value) and all(map(_equal, expected, value))
    if isinstance(expected, Mapping) and isinstance(value, Mapping):
        return expected.keys() == value.keys() and all(_equal(expected[key], value[key]) for key in expected)
    return bool(expected == value)


def differences(expected: ExpectedCall, function: Function, values: Values) -> list[str]:
    """What is not as expected, each in words."""
    given = _given(function, values)
    found = []
    used = set()
    for name, wanted in expected.arguments.items():
        value, key = _look_up(given, values, name)
        used.add(key)
        if not fits(wanted, value):
            shown = "is not given" if value is ABSENT else f"is {_show(value)}"
            found.append(f"`{name}` {shown}, expected {_show(wanted)}")
    if expected.exactly:
        found += [f"`{name}` is given as well: {_show(given[name])}" for name in given if name not in used]
    return found


def _given(function: Function, values: Values) -> dict[str, Any]:
    """Name -> value of all that the model said: parameters, then the body's properties, or `body` where it has none."""
    constants = {binding.name for binding in function.bindings.constants}
    given: dict[str, Any] = {}
    for group in (values.path, values.query, values.header, values.cookie):
        given |= {name: value for name, value in group.items() if name not in constants}
    if values.querystring is not None:
        given["querystring"] = values.querystring
    if values.has_body and not isinstance(values.body, Mapping):
        given["body"] = values.body
    elif isinstance(values.body, Mapping):
        fixed = function.bindings.body_constants
        for name, value in values.body.items():
            if name not in fixed:
                given[f"body.{name}" if name in given else name] = value
    return given


def _look_up(given: Mapping[str, Any], values: Values, name: str) -> tuple[Any, str]:
    """(value or ABSENT, the name in `given` that it belongs to)"""
    if name in given:
        return given[name], name
    first, _, rest = name.partition(".")
    if name == "body" and values.has_body:
        return values.body, name
    if first == "body" and rest:
        return _inside(values.body, rest), rest.partition(".")[0]
    if rest and first in given:
        return _inside(given[first], rest), first
    return ABSENT, name


def _inside(value: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return ABSENT
    return value


def _show(value: Any) -> str:
    kind = matcher_of(value)
    text = f"{kind.replace('_', ' ')} {value[kind]!r}" if kind and kind != "exactly" else repr(value)
    return text if len(text) <= 200 else text[:200] + "…"
