"""A schema as data becomes rules. Whatever the rules do not cover is refused, never skipped."""

import re
from collections.abc import Callable
from typing import Any

from fogbank.dialects.workers_ai.validation_rules import (
    Bound,
    Enum,
    Fields,
    Items,
    Length,
    Node,
    Octets,
    OneOf,
    Pattern,
    Rule,
    TypeTest,
)

TEXT_BOOLEAN = "x-accept-text-boolean"
"""Ours: a boolean that may come as the text "true" or "false" (`raw`, contract 3.1)."""

OCTETS = "x-octets"
"""Ours: an array of bytes as numbers. `{"0": 82, "1": 73}` is one too: so the binding writes a
Uint8Array (contract 6.6)."""

ANY_TYPE = "x-any-type"
"""Ours: `type` is told but not enforced, since another error than 5006 is due (5004)."""

Loc = tuple[str | int, ...]


class SchemaError(ValueError):
    """A schema cannot be compiled. `problems` has (key path, what was expected) in order."""

    def __init__(self, problems: list[tuple[Loc, str]]) -> None:
        self.problems = tuple(problems)
        lines = [f"{'.'.join(map(str, loc)) or 'schema'}: {text}" for loc, text in problems]
        super().__init__("; ".join(lines))


def _is_integer(value: Any) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _is_boolean(value: Any) -> bool:
    return value is True or value is False


def _is_boolean_or_text(value: Any) -> bool:
    return value is True or value is False or value in ("true", "false")


def _is_binary(value: Any) -> bool:
    """A body of raw bytes, which is no text (contract 1.1)."""
    return isinstance(value, bytes)


def _is_octets(value: Any) -> bool:
    return isinstance(value, list | dict)


TYPES: dict[str, TypeTest] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "boolean": _is_boolean,
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

_ANNOTATIONS = {"title", "description", "default"}
_OBJECT = {"properties", "additionalProperties", "required"}
_KEYWORDS = {
    *_ANNOTATIONS,
    *_OBJECT,
    *("type", "oneOf", "items", "minimum", "maximum", "minLength", "maxLength"),
    *("minItems", "maxItems", "enum", "pattern", "format", TEXT_BOOLEAN, OCTETS, ANY_TYPE),
}


def compile_schema(schema: Any) -> Node:
    """The rules of a schema. Raises SchemaError with every problem in it."""
    compiler = _Compiler()
    node = compiler.node(schema, ())
    if compiler.problems:
        raise SchemaError(compiler.problems)
    return node


class _Compiler:
    def __init__(self) -> None:
        self.problems: list[tuple[Loc, str]] = []

    def node(self, schema: Any, loc: Loc) -> Node:
        if not isinstance(schema, dict):
            self._problem(loc, "expected a schema, which is a mapping")
            return Node("", None, ())
        for key in schema:
            if key not in _KEYWORDS:
                known = ", ".join(sorted(_KEYWORDS))
                self._problem((*loc, key), f"this keyword is not enforced; known are {known}")
        expected, admits = self._type(schema, loc)
        # Sizes stand before contents: a list that is too long is not read.
        found = [self._sizes(schema, loc), self._texts(schema, loc), self._contents(schema, loc)]
        return Node(expected, admits, tuple(rule for rules in found for rule in rules))

    def _type(self, schema: dict[str, Any], loc: Loc) -> tuple[str, TypeTest | None]:
        if "type" not in schema:
            return "", None
        name = schema["type"]
        if not isinstance(name, str) or name not in TYPES:
            self._problem((*loc, "type"), f"expected one of {', '.join(TYPES)}")
            return "", None
        if schema.get(TEXT_BOOLEAN) is True:
            if name != "boolean":
                self._problem((*loc, TEXT_BOOLEAN), "only a boolean may come as text")
            return name, _is_boolean_or_text
        if "format" in schema:
            if schema["format"] != "binary" or name != "string":
                self._problem((*loc, "format"), "expected binary, beside the type string")
            return name, _is_binary
        if schema.get(OCTETS) is True:
            if name != "array":
                self._problem((*loc, OCTETS), "only an array may hold bytes")
            return name, _is_octets
        return name, None if schema.get(ANY_TYPE) is True else TYPES[name]

    def _sizes(self, schema: dict[str, Any], loc: Loc) -> list[Rule]:
        rules: list[Rule] = []
        for key, lower in (("minimum", True), ("maximum", False)):
            limit = self._get(schema, key, loc, _is_number, "a number")
            if limit is not None:
                rules.append(Bound(limit, lower=lower))
        for suffix, kind in (("Length", str), ("Items", list)):
            for prefix, lower in (("min", True), ("max", False)):
                limit = self._get(schema, prefix + suffix, loc, _is_count, "a count, 0 or more")
                if limit is not None:
                    rules.append(Length(kind, limit, lower=lower))
        return rules

    def _texts(self, schema: dict[str, Any], loc: Loc) -> list[Rule]:
        rules: list[Rule] = []
        allowed = self._get(schema, "enum", loc, _is_names, "a list of different texts")
        if allowed is not None:
            rules.append(Enum(tuple(allowed)))
        pattern = self._get(schema, "pattern", loc, TYPES["string"], "a regular expression")
        if pattern is not None:
            try:
                rules.append(Pattern(re.compile(pattern)))
            except re.error as error:
                self._problem((*loc, "pattern"), f"not a regular expression: {error}")
        return rules

    def _contents(self, schema: dict[str, Any], loc: Loc) -> list[Rule]:
        rules: list[Rule] = []
        if "items" in schema:
            items = Items(self.node(schema["items"], (*loc, "items")))
            rules.append(Octets(items) if schema.get(OCTETS) is True else items)
        if _OBJECT & schema.keys():
            rules.append(self._fields(schema, loc))
        branches = self._get(schema, "oneOf", loc, _is_filled_list, "a list of schemas")
        if branches is not None:
            at = (*loc, "oneOf")
            nodes = tuple(self.node(branch, (*at, n)) for n, branch in enumerate(branches))
            rules.append(OneOf(nodes))
        return rules

    def _fields(self, schema: dict[str, Any], loc: Loc) -> Fields:
        known = self._get(schema, "properties", loc, TYPES["object"], "a mapping of schemas") or {}
        nodes = {
            name: self.node(child, (*loc, "properties", name)) for name, child in known.items()
        }
        others = schema.get("additionalProperties", True)
        if not isinstance(others, bool):
            others = self.node(others, (*loc, "additionalProperties"))
        required = self._get(schema, "required", loc, _is_names, "a list of different names") or ()
        return Fields(nodes, others, tuple(required))

    def _get(
        self, schema: dict[str, Any], key: str, loc: Loc, test: Callable[[Any], bool], expected: str
    ) -> Any:
        """The value of a keyword; None where it is absent or (a problem) not as expected."""
        if key not in schema:
            return None
        value = schema[key]
        if not test(value):
            self._problem((*loc, key), f"expected {expected}")
            return None
        return value

    def _problem(self, loc: Loc, text: str) -> None:
        self.problems.append((loc, text))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_filled_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_names(value: Any) -> bool:
    """A list of texts, none twice; an empty one would refuse everything or nothing."""
    if not _is_filled_list(value) or not all(isinstance(name, str) for name in value):
        return False
    return len(set(value)) == len(value)
