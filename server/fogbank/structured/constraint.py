"""What an engine is held to while it writes: the part of a schema that can be followed token by
token, by itself and with nothing outside.

Every value of the schema is one of the constraint: what is left out is verified afterwards. With
`Bounds` it is narrower: not every value, but still no value that is none of the schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fogbank.structured import narrowing
from fogbank.structured.budget import UnusableSchema
from fogbank.structured.disjoint import are_disjoint
from fogbank.structured.draft import draft_of
from fogbank.structured.keywords import (
    ENFORCED,
    FORMATS,
    REFUSED,
    SINCE,
    VERIFIED,
    VERIFIED_FORMATS,
)
from fogbank.structured.merging import merged
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.structured.references import HOME, References

_NOT_FOLLOWED = ("(?=", "(?!", "(?<", "\\1", "\\2", "\\k<", "\\b", "\\B")
"""In a regular expression: looking around, and back."""

_NAMING = frozenset({"properties", "patternProperties"})
"""What `additionalProperties` is about; without them it would mean more."""

_WHOLE = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties",
                    "maxProperties"})  # fmt: skip

_BEYOND = 1_000_000
"""Of no answer; llguidance makes room for as many."""

_FOLLOWED = ENFORCED | {"oneOf"}

_BRANCHED = ("anyOf", "oneOf", "allOf")
_BESIDE = frozenset({*_BRANCHED, "$ref"})
_PARTS = (ENFORCED | VERIFIED) - {"required", "not", "minProperties", "maxProperties"}


@dataclass(frozen=True, slots=True)
class Built:
    """`schema` is in draft 2020-12, its definitions under `$defs`; `after` names what it lacks."""

    schema: dict[str, Any]
    after: frozenset[str]


def build(schema: Any, bounds: Bounds = NO_BOUNDS, without: frozenset[str] = frozenset()) -> Built:
    """Of a schema that `budget.check` and `expansion` have let through. Raises UnusableSchema.

    `without` names keywords that a back end cannot follow in it.
    """
    if schema is False:
        raise UnusableSchema("allows no value")
    builder = _Builder(schema, bounds, without)
    return builder.build()


class _Builder:
    def __init__(self, root: Any, bounds: Bounds, without: frozenset[str]) -> None:
        self._root = root
        self._bounds = bounds
        self._without = without
        draft = draft_of(root)
        self._references = References(root, draft=draft)
        self._unknown = frozenset(key for key, since in SINCE.items() if draft < since)
        self._names: dict[tuple[str, bool], str] = {}
        self._waiting: list[tuple[str, Any, str, bool]] = []
        self._after: set[str] = set()

    def build(self) -> Built:
        top = self._schema(self._root, HOME, alone=True)
        built: dict[str, Any] = top if isinstance(top, dict) else {}
        definitions: dict[str, Any] = {}
        while self._waiting:
            name, target, base, alone = self._waiting.pop()
            definitions[name] = self._schema(target, base, alone=alone)
        if definitions:
            built["$defs"] = definitions
        return Built(built, frozenset(self._after))

    def _schema(self, schema: Any, base: str, *, alone: bool) -> Any:
        """`alone` says that nothing else is held against the same value, so that it may be closed
        and bounded without regard to others.
        """
        if not isinstance(schema, Mapping):
            return bool(schema)
        base = self._references.base(schema, base)
        if unknown := schema.keys() & self._unknown:
            schema = {key: value for key, value in schema.items() if key not in unknown}
        self._refuse(schema)
        if "allOf" in schema and "allOf" not in self._without:
            schema, base = merged(schema, base, self._references)
        schema = self._simplified(schema)
        out: dict[str, Any] = {}
        meant = schema.keys() & (ENFORCED | VERIFIED)
        own = alone and (len(meant) == 1 or not meant & _BESIDE)
        if "$ref" in schema:
            out["$ref"] = self._reference(schema["$ref"], base, own)
            if self._references.legacy:
                return out
        part = _Part(schema, base, own=own, inner=alone and (own or _leaves_parts(schema)))
        left = self._without | (
            {"additionalProperties"} if schema.keys() & self._without & _NAMING else frozenset()
        )
        for key in schema:
            if key in left or (key in VERIFIED and key != "oneOf"):
                self._after.add(key)
                if key == "allOf":
                    self._keyword(out, key, replace(part, schema=_first(schema)))
            elif key in ENFORCED or key == "oneOf":
                self._keyword(out, key, part)
        _repair(out, schema)
        if "multipleOf" in out and not _of_positive(out):
            self._after.add("multipleOf")
            _multiples(out, positive=self._bounds.terse)
        if self._bounds.terse and own:
            narrowing.hint(out, schema, lambda item: self._schema(item, base, alone=False))
        if own:
            narrowing.bound(out, self._bounds)
        return out

    def _refuse(self, schema: Mapping[str, Any]) -> None:
        if found := sorted(schema.keys() & REFUSED):
            raise UnusableSchema(f"uses {found[0]!r}, which is not read here")

    def _simplified(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Without branches that say nothing here, or nothing that can be followed."""
        for key in ("allOf", "anyOf"):
            branches = schema.get(key)
            if not isinstance(branches, list):
                continue
            said = [item for item in branches if item is not True and self._says(item)]
            rest = {name: value for name, value in schema.items() if name != key}
            if len(said) < len(branches) if key == "anyOf" else not said:
                schema = rest
            elif key == "allOf" and len(said) == 1 and _stands_in(said[0], rest):
                schema = {**rest, **said[0]}
            elif key == "allOf":
                schema = {**rest, key: said}
        return schema

    def _says(self, schema: Any) -> bool:
        """Whether an engine can follow any of it; what it cannot is noted."""
        if not isinstance(schema, Mapping):
            return True
        if schema.keys() & (_FOLLOWED | REFUSED):
            return True
        self._after |= schema.keys() & VERIFIED
        return False

    def _keyword(self, out: dict[str, Any], key: str, part: "_Part") -> None:
        value, base = part.schema[key], part.base
        if key in ("properties", "patternProperties") and isinstance(value, Mapping):
            out[key] = {
                name: self._schema(item, base, alone=part.inner) for name, item in value.items()
            }
        elif key in ("anyOf", "oneOf") and isinstance(value, list):
            self._branches(out, key, part)
        elif key == "allOf" and isinstance(value, list):
            parts = [self._schema(item, base, alone=False) for item in value]
            out.setdefault("allOf", []).extend(parts)
        elif key in ("items", "prefixItems") and isinstance(value, list):
            out["prefixItems"] = [self._schema(item, base, alone=part.inner) for item in value]
        elif key in ("items", "additionalProperties"):
            out[key] = self._schema(value, base, alone=part.inner)
        elif key == "additionalItems":
            if isinstance(part.schema.get("items"), list):
                out["items"] = self._schema(value, base, alone=part.inner)
        elif key == "format":
            self._format(out, value)
        elif key == "pattern" and any(mark in str(value) for mark in _NOT_FOLLOWED):
            self._after.add("pattern")
        elif key != "$ref":
            out[key] = value

    def _branches(self, out: dict[str, Any], key: str, part: "_Part") -> None:
        value, base = part.schema[key], part.base
        if key == "oneOf" and not are_disjoint(value, base, self._references):
            self._after.add("oneOf")
        branches = [self._schema(item, base, alone=part.own) for item in value]
        if "anyOf" in out:
            out.setdefault("allOf", []).append({"anyOf": branches})
        else:
            out["anyOf"] = branches

    def _format(self, out: dict[str, Any], value: Any) -> None:
        if value in FORMATS:
            out["format"] = value
        elif value in VERIFIED_FORMATS:
            self._after.add(f"format {value}")

    def _reference(self, reference: Any, base: str, alone: bool) -> str:
        target, target_base, address = self._references.find(reference, base)
        name = self._names.get((address, alone))
        if name is None:
            name = self._names[address, alone] = str(len(self._names))
            self._waiting.append((name, target, target_base, alone))
        return f"#/$defs/{name}"


@dataclass(frozen=True, slots=True)
class _Part:
    """A schema on its way: `own` for itself, `inner` for what stands in it, as `alone` above."""

    schema: Mapping[str, Any]
    base: str
    own: bool
    inner: bool


def _stands_in(part: Any, rest: Mapping[str, Any]) -> bool:
    """Whether it can be written into the schema that it is a part of."""
    if not isinstance(part, Mapping) or part.keys() & {"$id", "id", "$anchor"}:
        return False
    beside = rest.keys() & _FOLLOWED
    return not beside or not (part.keys() & beside or "$ref" in part or "$ref" in beside)


def _first(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Of what is to be met together, what can be followed alone."""
    parts = schema["allOf"] if isinstance(schema["allOf"], list) else []
    return {"allOf": parts[:1]}


def _leaves_parts(schema: Mapping[str, Any]) -> bool:
    """Whether all that stands beside a schema says which parts there are, and not what they are."""
    if "$ref" in schema:
        return False
    branches = [item for key in _BRANCHED for item in schema.get(key, ())]
    return all(isinstance(item, Mapping) and not item.keys() & _PARTS for item in branches)


def _repair(out: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """What drafts and OpenAPI write in other ways."""
    for side, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(exclusive := out.get(side), bool):  # draft 4
            del out[side]
            if exclusive and limit in out:
                out[side] = out.pop(limit)
    if not isinstance(out.get("required", []), list):  # draft 3
        del out["required"]
    for key in _WHOLE & out.keys():
        if isinstance(number := out[key], float) and number.is_integer():
            out[key] = int(number)
        if key.startswith("max") and out[key] > _BEYOND:
            del out[key]


def _of_positive(schema: dict[str, Any]) -> bool:
    return bool(max(schema.get("minimum", -1), schema.get("exclusiveMinimum", -1)) >= 0)


def _multiples(schema: dict[str, Any], *, positive: bool) -> None:
    """Llguidance knows multiples of 0 and more only: those are followed, others are verified."""
    plain = schema.get("type") in ("integer", "number") and "anyOf" not in schema
    if plain and positive and _reaches_zero(schema):
        schema["minimum"] = 0
        schema.pop("exclusiveMinimum", None)
        return
    factor = schema.pop("multipleOf")
    if plain and _reaches_zero(schema):
        schema["anyOf"] = [{"minimum": 0, "multipleOf": factor}, {"exclusiveMaximum": 0}]


def _reaches_zero(schema: dict[str, Any]) -> bool:
    return bool(min(schema.get("maximum", 0), schema.get("exclusiveMaximum", 0)) >= 0)
