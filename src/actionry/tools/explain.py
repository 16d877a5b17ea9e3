"""Why arguments do not fit, as one message that a model can act on: where, which rule, and a value that would pass."""

from __future__ import annotations

import difflib
import json
from itertools import islice
from typing import Any

import jsonschema_rs

from actionry.errors import ArgumentError
from actionry.tools import naming
from actionry.tools.checker import Checker, Intricate
from actionry.tools.definitions import drop_constants, object_shape, present_names
from actionry.tools.examples import example_of
from actionry.tools.plain_text import clip, visible
from actionry.tools.repair import json_type

MAX_ERRORS = 50
MAX_CANDIDATES = 40
"""Example values that are tried for one place."""
SHOWN_VALUE = 60
SHOWN_EXAMPLE = 200
Path = tuple[str | int, ...]
_KINDS = {
    "null": "null", "boolean": "true or false", "integer": "a whole number", "number": "a number",
    "string": "text", "array": "a list", "object": "an object",
}  # fmt: skip
_NOTHING = object()


def explain(checker: Checker, arguments: dict[str, Any]) -> ArgumentError:
    """The most relevant of the errors; the others are counted."""
    try:
        errors = list(islice(checker.errors(arguments), MAX_ERRORS))
    except Intricate:
        return _roughly(checker, arguments)
    if not errors:
        return ArgumentError(f"The arguments of `{checker.function.name}` do not fit.", rule="schema")
    return _Explanation(checker, arguments, errors).error()


def _roughly(checker: Checker, arguments: dict[str, Any]) -> ArgumentError:
    """Which argument it is, where the schema is too intricate to say why."""
    for name, value in arguments.items():
        schema = checker.argument_schema(name)
        if schema is not None and not checker.fits(value, schema):
            candidates = islice(example_of(schema, checker.definitions), MAX_CANDIDATES)
            example = next((one for one in candidates if checker.fits(one, schema)), None)
            return ArgumentError(
                f"`{name}`: {_shown(value, SHOWN_VALUE)} fits none of the alternatives.",
                argument=name,
                rule="schema",
                example=example,
                mend=None if example is None else f"Give for example {_shown(example, SHOWN_EXAMPLE)}.",
            )
    return ArgumentError(f"The arguments of `{checker.function.name}` do not fit.", rule="schema")


class _Explanation:
    def __init__(self, checker: Checker, arguments: Any, errors: list[jsonschema_rs.ValidationError]) -> None:
        self.checker = checker
        self.arguments = arguments
        self.errors = errors

    def error(self) -> ArgumentError:
        chosen = min(self.errors, key=_rank)
        deepest = _most_relevant(chosen)
        path: Path = tuple(deepest.instance_path)
        rule = _rule(deepest)
        if rule == "required":
            return self._missing(path, deepest)
        if rule in ("additionalProperties", "unevaluatedProperties"):
            return self._unknown(path, deepest)
        example = self._example(deepest, path)
        where = self.show(path) or "arguments"
        others = len({tuple(e.instance_path) for e in self.errors} - {path, tuple(chosen.instance_path)})
        further = f" ({others} more {'place does' if others == 1 else 'places do'} not fit.)" if others else ""
        said = f"{_told(deepest)}{further}"
        return ArgumentError(
            f"`{where}`: {said}",
            argument=where,
            rule=rule,
            example=None if example is _NOTHING else example,
            mend=None if example is _NOTHING else f"Give for example {_shown(example, SHOWN_EXAMPLE)}.",
        )

    # ------------------------------------------------------------- missing and unknown

    def _missing(self, path: Path, chosen: jsonschema_rs.ValidationError) -> ArgumentError:
        siblings = [e for e in self.errors if _rule(e) == "required" and tuple(e.instance_path) == path]
        names = [str(e.kind.as_dict()["property"]) for e in siblings] or [str(chosen.kind.as_dict()["property"])]
        first = (*path, names[0])
        examples = {name: self._example_of_property(path, name) for name in names}
        if not path:
            examples = {name: self._presented(name, value) for name, value in examples.items()}
        shown = {self._alias(name): value for name, value in examples.items() if value is not _NOTHING}
        listed = ", ".join(f"`{self.show((*path, name))}`" for name in names)
        example = examples[names[0]]
        return ArgumentError(
            f"{listed} {'is' if len(names) == 1 else 'are'} missing.",
            argument=self.show(first),
            rule="required",
            example=None if example is _NOTHING else example,
            mend=f"Add for example {_shown(shown, SHOWN_EXAMPLE)}." if shown else "Add it.",
        )

    def _unknown(self, path: Path, chosen: jsonschema_rs.ValidationError) -> ArgumentError:
        unexpected = [str(name) for name in chosen.kind.as_dict()["unexpected"]]
        declared = self._declared(path)
        name = unexpected[0]
        near = difflib.get_close_matches(name, declared, n=1, cutoff=0.6)
        what = "argument" if not path else "property"
        listed = ", ".join(f"`{clip(visible(self.show((*path, n))), SHOWN_VALUE)}`" for n in unexpected[:5])
        known = ", ".join(f"`{other}`" for other in declared[:20]) + (", …" if len(declared) > 20 else "")
        mend = f"Did you mean `{near[0]}`? " if near else ""
        mend += f"Known: {known}." if declared else "There are none."
        return ArgumentError(
            f"{listed}: no such {what}{'' if len(unexpected) == 1 else 's'}"
            + (f" of `{self.checker.function.name}`." if not path else f" in `{self.show(path)}`."),
            argument=self.show((*path, name)),
            rule="unknown",
            example=near[0] if near else None,
            mend=mend,
        )

    def _declared(self, path: Path) -> list[str]:
        if not path:
            return [binding.argument for binding in self.checker.function.bindings.offered]
        names: dict[str, None] = {}
        for schema in self._schemas_at(path):
            names.update(dict.fromkeys(object_shape(schema, self.checker.definitions).properties))
        return [self._alias(name) for name in names]

    # -------------------------------------------------------------------- examples

    def _example(self, error: jsonschema_rs.ValidationError, path: Path) -> Any:
        """A value that makes this place pass; `_NOTHING` when none was found."""
        own = self.checker.schema_at(list(error.schema_path)[:-1])
        candidates = list(self._schemas_at(path))
        if own is not None:
            candidates.append(own)
        for schema in candidates:
            for value in islice(example_of(schema, self.checker.definitions), MAX_CANDIDATES):
                if self._passes(path, value):
                    return value
        return _NOTHING

    def _example_of_property(self, path: Path, name: str) -> Any:
        for schema in self._schemas_at((*path, name)):
            for value in islice(example_of(schema, self.checker.definitions), MAX_CANDIDATES):
                if self._passes((*path, name), value):
                    return value
        return _NOTHING

    def _passes(self, path: Path, value: Any) -> bool:
        changed = _replaced(self.arguments, path, value)
        try:
            errors = list(islice(self.checker.errors(changed), MAX_ERRORS))
        except Intricate:
            return False
        for error in errors:
            place = tuple(error.instance_path)
            if place[: len(path)] == path:
                return False
            if place == path[: len(place)] and _rule(error) in ("anyOf", "oneOf"):
                return False
        return True

    def _presented(self, argument: str, value: Any) -> Any:
        """An example of a whole argument as the model would write it: its names, without the host's constants."""
        schema = self.checker.argument_schema(argument)
        if value is _NOTHING or schema is None:
            return value
        if argument == "body":
            value = drop_constants(value, self.checker.function.bindings.body_constants)
        return present_names(value, schema, self.checker.definitions)

    def _schemas_at(self, path: Path) -> list[Any]:
        """Every schema that a branch declares for the place."""
        schemas: list[Any] = [self.checker.schema]
        for token in path:
            found: list[Any] = []
            for schema in schemas:
                shape = object_shape(schema, self.checker.definitions)
                if isinstance(token, str):
                    found.extend(shape.properties.get(token, shape.additional))
                else:
                    found.extend(shape.prefix_items[token] if token < len(shape.prefix_items) else shape.items)
            schemas = found[:20]
        return schemas

    # ----------------------------------------------------------------------- names

    def _alias(self, name: str) -> str:
        return name if naming.is_legal(name) else naming.legal_name(name)

    def show(self, path: Path) -> str:
        """`body.items[2].price`, with the names that the model knows."""
        text = ""
        for index, token in enumerate(path):
            if isinstance(token, int):
                text += f"[{token}]"
            else:
                name = self._alias(token) if index and self.checker.function.renames_properties else token
                text += f".{name}" if text else name
        return text


def _rule(error: jsonschema_rs.ValidationError) -> str:
    """The JSON Schema keyword."""
    path = error.schema_path
    last = path[-1] if path else ""
    return str(last) if isinstance(last, str) and last else error.kind.name


def _rank(error: jsonschema_rs.ValidationError) -> tuple[int, int]:
    """Unknown names first (often the misspelt missing one), then what is missing, then the highest place."""
    depth = len(error.instance_path)
    order = {"additionalProperties": 0, "required": 1, "type": 2}.get(_rule(error), 3)
    return depth, order


def _most_relevant(error: jsonschema_rs.ValidationError) -> jsonschema_rs.ValidationError:
    """Down into the branch of a union that was most likely meant; the union's own error when that is not clear."""
    for _ in range(20):
        context: list[list[jsonschema_rs.ValidationError]] = list(getattr(error.kind, "context", None) or ())
        if not context or type(error.kind).__name__.endswith("MultipleValid"):
            return error
        scores = sorted(((_branch_score(branch, error), index) for index, branch in enumerate(context) if branch))
        if not scores or (len(scores) > 1 and scores[0][0] == scores[1][0]):
            return error
        error = min(context[scores[0][1]], key=_rank)
    return error


def _branch_score(branch: list[jsonschema_rs.ValidationError], union: jsonschema_rs.ValidationError) -> tuple[int, ...]:
    """Lower is likelier: right kind of value, right discriminating constants, few errors, deep ones."""
    here = len(union.instance_path)
    wrong_kind = sum(1 for e in branch if _rule(e) == "type" and len(e.instance_path) == here)
    wrong_constant = sum(1 for e in branch if _rule(e) in ("const", "enum"))
    depth = max(len(e.instance_path) for e in branch)
    return wrong_kind, wrong_constant, len(branch), -depth


def _told(error: jsonschema_rs.ValidationError) -> str:
    """One sentence about what is wrong with the value."""
    details = error.kind.as_dict()
    instance: Any = error.instance
    value = _shown(instance, SHOWN_VALUE)
    rule = _rule(error)
    match rule:
        case "type":
            wanted = " or ".join(_KINDS.get(kind, kind) for kind in details["types"])
            return f"{value} is {_KINDS.get(json_type(error.instance), 'no JSON value')}; {wanted} is needed."
        case "enum":
            options = [_shown(option, SHOWN_VALUE) for option in details["options"]]
            listed = ", ".join(options[:20]) + (f", … ({len(options)} in all)" if len(options) > 20 else "")
            return f"{value} is not one of {listed}."
        case "const":
            return f"{value} is not {_shown(details['expected_value'], SHOWN_VALUE)}, the only value allowed."
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"{value} is out of range: {_LIMITS[rule]} {details['limit']}."
        case "minLength" | "maxLength":
            return f"{value} has {len(instance)} characters; {_LIMITS[rule]} {details['limit']}."
        case "minItems" | "maxItems":
            return f"it has {len(instance)} items; {_LIMITS[rule]} {details['limit']}."
        case "minProperties" | "maxProperties":
            return f"it has {len(instance)} properties; {_LIMITS[rule]} {details['limit']}."
        case "pattern":
            return f"{value} does not match the pattern {clip(str(details['pattern']), SHOWN_EXAMPLE)}."
        case "multipleOf":
            return f"{value} is not a multiple of {details['multiple_of']}."
        case "uniqueItems":
            return "an item stands in the list twice."
        case "anyOf" | "oneOf":
            if type(error.kind).__name__.endswith("MultipleValid"):
                return f"{value} fits more than one of the alternatives; exactly one is allowed."
            return f"{value} fits none of the alternatives."
        case "not":
            return f"{value} is excluded."
        case _:
            return clip(visible(error.message), SHOWN_EXAMPLE).rstrip(".") + "."


_LIMITS = {
    "minimum": "at least", "maximum": "at most", "exclusiveMinimum": "more than", "exclusiveMaximum": "less than",
    "minLength": "at least", "maxLength": "at most", "minItems": "at least", "maxItems": "at most",
    "minProperties": "at least", "maxProperties": "at most",
}  # fmt: skip


def _shown(value: Any, characters: int) -> str:
    return clip(visible(json.dumps(value, ensure_ascii=False, default=str)), characters)


def _replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy with another value at the path."""
    if not path:
        return new
    token, rest = path[0], path[1:]
    if isinstance(token, int) and isinstance(value, list):
        return [_replaced(item, rest, new) if index == token else item for index, item in enumerate(value)]
    if isinstance(token, str) and isinstance(value, dict):
        return {**value, token: _replaced(value.get(token, {}), rest, new)}
    return value
