"""How an answer that `max_tokens` nears is closed: what is missing after its first part.

Texts and lists that were begun are ended; properties that are required and not yet there are
written, by the model, as short as they may be. Whether the outcome fits its schema is verified
like any other answer: this only has to be right in most cases.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from fogbank.structured.backends import COMPACT
from fogbank.structured.budget import UnusableSchema
from fogbank.structured.constraint import build
from fogbank.structured.narrowing import Bounds
from fogbank.structured.partial import Frame, Partial
from fogbank.structured.shortest import shortest

SHORT = Bounds(24, 1, terse=True)
WRITTEN = 12
"""Characters that a model writes above the shortest value, about."""

ALTERNATIVES = 16
DEEPEST = 64
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_FIXED = frozenset({"pattern", "format", "enum", "const"})


@dataclass(frozen=True, slots=True)
class Closing:
    """The rest of an answer: `text` as it stands, or a grammar (`lark`) where values are missing.

    `characters` are how many the values take, about; 0 where none is missing.
    """

    text: str
    lark: str = ""
    characters: int = 0


@dataclass(slots=True)
class _Value:
    """What the model has still to write: a value, or one of the `endings` of what it began."""

    schema: Any
    endings: tuple[str, ...] = ()


Rest = list[str | _Value]


def closing(schema: Mapping[str, Any], text: str) -> Closing | None:
    """What closes an answer that begins with `text`, held to the constraint `schema`.

    None where it cannot be closed there: within a key, a number, or a text that is to be of some
    form.
    """
    return _closing(schema, Partial(text))


def _closing(schema: Mapping[str, Any], partial: Partial) -> Closing | None:
    if not partial.clean:
        return None
    rest = _Closer(schema, partial).rest(schema, 0)
    return None if rest is None else _written(rest, schema)


def _written(rest: Rest, root: Mapping[str, Any]) -> Closing | None:
    texts = [part for part in rest if isinstance(part, str)]
    if len(texts) == len(rest):
        return Closing("".join(texts))
    terms: list[str] = []
    rules: list[str] = []
    characters = 0
    for part in rest:
        if isinstance(part, str):
            if part:
                terms.append(json.dumps(part))
            continue
        if part.endings:
            terms.append(f"({' | '.join(map(json.dumps, part.endings))})")
            characters += max(map(len, part.endings))
            continue
        try:
            value = build({**_schema(part.schema), "$defs": root.get("$defs", {})}, SHORT).schema
        except UnusableSchema:
            return None
        characters += shortest(value) + WRITTEN
        rules.append(f"v{len(rules)}: %json {orjson.dumps({**value, **COMPACT}).decode()}")
        terms.append(f"v{len(rules) - 1}")
    fixed = sum(map(len, texts))
    return Closing("", "\n".join([f"start: {' '.join(terms)}", *rules]), characters + fixed)


def _schema(schema: Any) -> Mapping[str, Any]:
    return schema if isinstance(schema, Mapping) else {}


class _Closer:
    def __init__(self, root: Mapping[str, Any], partial: Partial) -> None:
        self._definitions = root.get("$defs", {})
        self._partial = partial

    def rest(self, schema: Any, level: int) -> Rest | None:
        """What is missing of the value at this level of the open objects and arrays."""
        found = [
            rest for view in self._views(schema) if (rest := self._of_view(view, level)) is not None
        ]
        return min(found, key=lambda rest: sum(isinstance(part, _Value) for part in rest),
                   default=None)  # fmt: skip

    def _of_view(self, view: Mapping[str, Any], level: int) -> Rest | None:
        partial = self._partial
        if level == len(partial.frames):
            return self._token(view)
        frame = partial.frames[level]
        if not _viable(view, frame):
            return None
        innermost = level == len(partial.frames) - 1
        begun = not (innermost and partial.mode in ("begin", "after"))
        rest: Rest = []
        if begun:
            inner = self.rest(_part(view, frame), level + 1)
            if inner is None:
                return None
            rest += inner
        elif partial.mode == "begin" and innermost and frame.count:
            return None
        if frame.is_object:
            return rest + _missing(view, frame, begun=begun)
        return rest + _items(view, frame, begun=begun)

    def _token(self, view: Mapping[str, Any]) -> Rest | None:
        """The end of the string or literal that the text ends in, or a value that is awaited."""
        partial = self._partial
        match partial.mode:
            case "value":
                return [_Value(view)]
            case "after":
                return []
            case "string":
                return _string(view, partial.token)
            case "literal":
                return _literal(view, partial.token)
        return None

    def _views(self, schema: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
        """The schema without references and intersections, once for each of its branches."""
        yield from islice(self._all_views(schema, depth), ALTERNATIVES)

    def _all_views(self, schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
        if schema is False or depth > DEEPEST:
            return
        views: list[Mapping[str, Any]] = [
            {key: value for key, value in _schema(schema).items() if key not in _COMPOSED}
        ]
        node = _schema(schema)
        if "$ref" in node:
            target = self._definitions.get(node["$ref"].rpartition("/")[2])
            views = _crossed(views, self._views(target, depth + 1))
        if "anyOf" in node:
            branches = (view for item in node["anyOf"] for view in self._views(item, depth + 1))
            views = _crossed(views, branches)
        for item in node.get("allOf", ()):
            views = _crossed(views, self._views(item, depth + 1))
        yield from views


_COMPOSED = frozenset({"$ref", "anyOf", "allOf", "$defs"})


def _crossed(
    views: list[Mapping[str, Any]], others: Iterator[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    kept = list(islice(others, ALTERNATIVES))
    return [_both(one, other) for one in views for other in kept][:ALTERNATIVES]


def _both(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """About what both ask for."""
    result = {**one, **other}
    mine, theirs = one.get("properties", {}), other.get("properties", {})
    if mine or theirs:
        shared = mine.keys() & theirs.keys()
        result["properties"] = {
            **mine, **theirs, **{name: {"allOf": [mine[name], theirs[name]]} for name in shared}
        }  # fmt: skip
    if "required" in one or "required" in other:
        required = [*one.get("required", ()), *other.get("required", ())]
        result["required"] = list(dict.fromkeys(required))
    return result


def _viable(view: Mapping[str, Any], frame: Frame) -> bool:
    """Whether what is whole of an object or array may belong to this branch."""
    if not _allows(view, "object" if frame.is_object else "array") or view.keys() & {
        "enum",
        "const",
    }:
        return False
    properties = view.get("properties", {})
    if view.get("additionalProperties") is False and "patternProperties" not in view:
        written = {*frame.members, *([frame.key] if frame.key else [])}
        if written - properties.keys():
            return False
    for name, value in frame.members.items():
        told = _schema(properties.get(name))
        if value is not None and "const" in told and told["const"] != value:
            return False
        if value is not None and "enum" in told and value not in told["enum"]:
            return False
    return True


def _allows(view: Mapping[str, Any], kind: str) -> bool:
    kinds = view.get("type")
    return kinds is None or kind == kinds or (isinstance(kinds, list) and kind in kinds)


def _part(view: Mapping[str, Any], frame: Frame) -> Any:
    """The schema of the property or item that is being written."""
    if not frame.is_object:
        listed = view.get("prefixItems", [])
        return listed[frame.count] if frame.count < len(listed) else view.get("items", {})
    if frame.key in view.get("properties", {}):
        return view["properties"][frame.key]
    for pattern, schema in view.get("patternProperties", {}).items():
        try:
            if re.search(pattern, frame.key):
                return schema
        except re.error:
            continue
    return view.get("additionalProperties", {})


def _missing(view: Mapping[str, Any], frame: Frame, *, begun: bool) -> Rest:
    """The required properties that are not there yet, and the bracket."""
    rest: Rest = []
    written = bool(frame.members) or begun
    known = frame.members.keys() | ({frame.key} if begun else set())
    for name in view.get("required", ()):
        if name not in known:
            rest += [f"{',' if written else ''}{orjson.dumps(name).decode()}:"]
            rest.append(_Value(view.get("properties", {}).get(name, {})))
            written = True
    return [*rest, "}"]


def _items(view: Mapping[str, Any], frame: Frame, *, begun: bool) -> Rest:
    """The items that are missing of the fewest, and the bracket."""
    rest: Rest = []
    count = frame.count + begun
    listed = view.get("prefixItems", [])
    for at in range(count, int(view.get("minItems", 0))):
        rest.append("," if at else "")
        rest.append(_Value(listed[at] if at < len(listed) else view.get("items", {})))
    return [*rest, "]"]


def _string(view: Mapping[str, Any], token: str) -> Rest | None:
    if not _allows(view, "string"):
        return None
    if found := _endings(view, token):
        return found
    if view.keys() & _FIXED:
        return None
    try:
        written = orjson.loads(token + '"')
    except orjson.JSONDecodeError:  # half of what takes two escapes
        return None
    return ['"'] if len(written) >= view.get("minLength", 0) else None


def _literal(view: Mapping[str, Any], token: str) -> Rest | None:
    if view.keys() & {"enum", "const"}:
        return _endings(view, token) or None
    for word, kind in (("true", "boolean"), ("false", "boolean"), ("null", "null")):
        if word.startswith(token) and _allows(view, kind):
            return [word[len(token) :]]
    if not _NUMBER.fullmatch(token) or not (
        _allows(view, "number") or (_allows(view, "integer") and token.lstrip("-").isdecimal())
    ):
        return None
    try:
        number = orjson.loads(token)
    except orjson.JSONDecodeError:
        return None
    fits = (
        view.get("minimum", number) <= number <= view.get("maximum", number)
        and not number <= view.get("exclusiveMinimum", number - 1)
        and not number >= view.get("exclusiveMaximum", number + 1)
    )
    return [""] if fits and "multipleOf" not in view else None


def _endings(view: Mapping[str, Any], token: str) -> Rest:
    """The ends of the constants that begin with what is written; empty where none does."""
    constants = [view["const"]] if "const" in view else view.get("enum", ())
    texts = (orjson.dumps(value).decode() for value in constants)
    endings = tuple(dict.fromkeys(text[len(token) :] for text in texts if text.startswith(token)))
    return [_Value({}, endings)] if len(endings) > 1 else list(endings)


@dataclass(frozen=True, slots=True)
class Cut:
    """Where an answer is cut, what closes it there, and the tokens up to there, about."""

    text: str
    closing: Closing
    tokens: int


TOKENS_A_CHARACTER = 0.6
"""Of what closes an answer: brackets, names and short values, digits one by one."""

LOOKS = 200


def needed(closing: Closing) -> int:
    """Tokens that the model needs for it, about; none where nothing is left to the model."""
    return int(closing.characters * TOKENS_A_CHARACTER) + 4 if closing.lark else 0


def cut(
    schema: Mapping[str, Any], text: str, tokens: int, *, grammars: bool, floor: int = 0
) -> Cut | None:
    """The longest beginning of a text of so many tokens that can be closed within them.

    Without `grammars` only where nothing is left to the model. None where there is none, or none
    of `floor` characters.
    """
    end = len(text)
    per_character = tokens / max(len(text), 1)
    for _ in range(LOOKS):
        if end < max(floor, 1):
            return None
        partial = Partial(text[:end])
        found = _closing(schema, partial)
        if found is None or (found.lark and not grammars):
            end = _before(partial)
            continue
        short = needed(found) - (tokens - end * per_character)
        if short <= 0:
            made = Cut(text[:end], found, int(end * per_character))
            return made if end == len(text) else _at_a_word(schema, made, floor)
        end -= max(1, int(short / per_character / 2))
    return None


def _before(partial: Partial) -> int:
    """Where the text ended before what it cannot be closed within."""
    if not partial.clean:
        return partial.text.rindex("\\")
    end = len(partial.text)
    within = partial.mode in ("string", "key", "literal") and partial.start < end
    return partial.start if within else end - 1


def _at_a_word(schema: Mapping[str, Any], made: Cut, floor: int) -> Cut:
    """Not within a word, where the text ends in one that is a space away."""
    space = made.text.rfind(" ", len(made.text) - 24)
    if space > floor and (better := closing(schema, made.text[:space])) is not None:
        return Cut(made.text[:space], better, made.tokens)
    return made
