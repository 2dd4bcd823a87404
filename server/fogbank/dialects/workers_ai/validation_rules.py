"""What a compiled schema is made of: one `Node` a subschema, one rule a keyword.

A rule looks only at values of the JSON type its keyword is about and lets others pass, as JSON
Schema has it. Texts are those on record (contract 2.3; more in `validation`).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from fogbank.dialects.workers_ai.validation_parts import (
    ELLIPSIS,
    Parts,
    Path,
    pointer,
    shortened,
    type_name,
)

TypeTest = Callable[[Any], bool]
_MAX_NAMES = 16


class Rule(Protocol):
    """One keyword. True if the value at `path` keeps it; else the reasons are added to `parts`."""

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool: ...


class Node:
    """A subschema: its type first, and the other keywords only if the type is right."""

    __slots__ = ("admits", "expected", "rules")

    def __init__(self, expected: str, admits: TypeTest | None, rules: tuple[Rule, ...]) -> None:
        self.expected = expected
        self.admits = admits
        self.rules = rules

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        if self.admits is not None and not self.admits(value):
            actual = type_name(value)
            parts.add(f"Type mismatch of '{pointer(path)}', '{self.expected}' not in '{actual}'")
            return False
        good = True
        for rule in self.rules:
            if not rule(value, path, parts):
                good = False
        return good


class Fields:
    """`properties`, `additionalProperties` and `required` of an object.

    A required property of the wrong type counts as absent: on record a null `content` gives its
    type mismatch and then the whole `required` list, the order kept here.
    """

    __slots__ = ("known", "others", "required")

    def __init__(
        self, known: Mapping[str, Node], others: Node | bool, required: tuple[str, ...]
    ) -> None:
        self.known = known
        self.others = others
        self.required = required

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        if not isinstance(value, dict):
            return True
        good, absent = True, False
        for name, node in self.known.items():
            if name in value and not node(value[name], (path, name), parts):
                good = False
                absent |= name in self.required and _mistyped(node, value[name])
        if self.others is not True and not self._others(value, path, parts):
            good = False
        for name in self.required:
            if name not in value:
                absent = True
        if absent:
            names = ",".join(self.required)
            parts.add(f"required properties at '{pointer(path)}' are '{names}'")
        return good and not absent

    def _others(self, value: dict[str, Any], path: Path, parts: Parts) -> bool:
        names = [name for name in value if name not in self.known]
        if not names:
            return True
        if isinstance(self.others, Node):
            return _each(self.others, ((name, value[name]) for name in names), path, parts)
        listed = [pointer((path, name)) for name in names[:_MAX_NAMES]]
        listed += [ELLIPSIS] * (len(names) > _MAX_NAMES)
        parts.add(
            f"Additional or unevaluated properties '{', '.join(listed)}'"
            f" at '{pointer(path)}' not allowed"
        )
        return False


def _mistyped(node: Node, value: Any) -> bool:
    return node.admits is not None and not node.admits(value)


def _each(node: Node, children: Iterable[tuple[str | int, Any]], path: Path, parts: Parts) -> bool:
    """Checks (key, value) pairs; stops early once it has failed and no more text fits."""
    good = True
    for key, value in children:
        if not node(value, (path, key), parts):
            good = False
            if parts.full:
                break
    return good


class Items:
    """`items` of an array."""

    __slots__ = ("node",)

    def __init__(self, node: Node) -> None:
        self.node = node

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        return not isinstance(value, list) or _each(self.node, enumerate(value), path, parts)


class Octets:
    """`items` of an array of bytes, or of the object that stands for it: all numbers.

    A million of them are looked at in no time when all are right.
    """

    __slots__ = ("items",)

    def __init__(self, items: Items) -> None:
        self.items = items

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        values = list(value.values()) if isinstance(value, dict) else value
        if isinstance(values, list) and {*map(type, values)} <= {int, float}:
            return True
        return self.items(values, path, parts)


class OneOf:
    """`oneOf`, met by one branch or more: the published schemas overlap (contract 2.3)."""

    __slots__ = ("branches",)

    def __init__(self, branches: tuple[Node, ...]) -> None:
        self.branches = branches

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        start = len(parts.texts)
        for branch in self.branches:
            if branch(value, path, parts):
                del parts.texts[start:]
                return True
        if start < len(parts.texts):
            head = f"oneOf at '{pointer(path)}' not met, 0 matches: "
            parts.texts[start] = head + parts.texts[start]
        return False


def vouched(node: Node, value: dict[str, Any]) -> set[str]:
    """The properties that the node, or a branch of it that `value` meets, has looked at."""
    names: set[str] = set()
    for rule in node.rules:
        if isinstance(rule, Fields):
            names |= rule.known.keys()
        elif isinstance(rule, OneOf):
            for branch in rule.branches:
                if branch(value, None, Parts()):
                    names |= vouched(branch, value)
    return names


class Bound:
    """`minimum` and `maximum`. A boolean is not a number."""

    __slots__ = ("limit", "lower")

    def __init__(self, limit: float, *, lower: bool) -> None:
        self.limit = limit
        self.lower = lower

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        if type(value) is not int and type(value) is not float:
            return True
        if value >= self.limit if self.lower else value <= self.limit:
            return True
        sign = ">=" if self.lower else "<="
        parts.add(f"'{pointer(path)}' must be {sign} {self.limit}")
        return False


class Length:
    """`minLength`, `maxLength` in code points; `minItems`, `maxItems`. `kind` is str or list."""

    __slots__ = ("kind", "limit", "lower")

    def __init__(self, kind: type[str] | type[list[Any]], limit: int, *, lower: bool) -> None:
        self.kind = kind
        self.limit = limit
        self.lower = lower

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        if not isinstance(value, self.kind):
            return True
        size = len(value)
        if size >= self.limit if self.lower else size <= self.limit:
            return True
        sign = ">=" if self.lower else "<="
        parts.add(f"Length of '{pointer(path)}' must be {sign} {self.limit}")
        return False


class Enum:
    """`enum`, of strings."""

    __slots__ = ("allowed",)

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        if isinstance(value, str) and value in self.allowed:
            return True
        shown = shortened(value) if isinstance(value, str) else type_name(value)
        parts.add(f"enum {shown} not in {','.join(self.allowed)} at '{pointer(path)}'")
        return False


class Pattern:
    """`pattern`: found anywhere in the text, as JSON Schema has it."""

    __slots__ = ("expression",)

    def __init__(self, expression: re.Pattern[str]) -> None:
        self.expression = expression

    def __call__(self, value: Any, path: Path, parts: Parts) -> bool:
        if not isinstance(value, str) or self.expression.search(value):
            return True
        parts.add(f"'{pointer(path)}' failed test {self.expression.pattern} pattern")
        return False
