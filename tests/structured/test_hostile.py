"""Schemas made to cost more than they should: refused in words or followed, in bounded time."""

import asyncio
import json
from typing import Any

import pytest

from fogbank.structured import examination
from fogbank.structured.budget import MAX_TEXT, UnusableSchema
from fogbank.structured.examination import EXAMINATION, Lost
from fogbank.structured.library import Library
from fogbank.tasks import JsonFormat, RegexFormat
from tests.structured.constrained import accepts

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"


def nested(levels: int, key: str = "not") -> Any:
    schema: Any = {}
    for _ in range(levels):
        schema = {key: schema}
    return schema


def listed(levels: int, key: str) -> Any:
    schema: Any = {"type": "string"}
    for _ in range(levels):
        schema = {key: [schema, schema]}
    return schema


def doubling(key: str, steps: int = 30) -> Any:
    """Definitions each of which refers twice to the next."""

    def twice(at: int) -> Any:
        next_ = {"$ref": f"#/$defs/d{at + 1}"}
        return {key: {"a": next_, "b": next_} if key == "properties" else [next_, next_]}

    rungs = {f"d{at}": twice(at) for at in range(steps)}
    return {"$ref": "#/$defs/d0", "$defs": {**rungs, f"d{steps}": {"type": "string"}}}


def pattern(text: str) -> Any:
    return {"type": "string", "pattern": text}


REFUSED: list[tuple[str, Any, str]] = [
    ("ten megabytes", {"description": "x" * 10_000_000}, "more than 262144 bytes"),
    ("300 levels", nested(300), "Recursion limit"),
    ("150 levels", nested(150), "nested deeper than 100 levels"),
    ("150 levels of items", nested(150, "items"), "nested deeper than 100 levels"),
    ("20,000 choices", {"enum": list(range(20_000))}, "'enum' of more|more than 20000 values"),
    ("30,000 properties", {"properties": {str(at): True for at in range(30_000)}}, "bytes|values"),
    ("doubling by allOf", doubling("allOf"), "grows to more than 100000 schemas"),
    ("doubling by anyOf", doubling("anyOf"), "grows to more than 100000 schemas"),
    ("doubling by oneOf", doubling("oneOf"), "grows to more than 100000 schemas"),
    ("doubling by properties", doubling("properties"), "grows to more than 100000 schemas"),
    ("doubling in place", listed(13, "allOf"), "more than 20000 values|2 bytes|bytes"),
    ("a loop", {"$ref": "#"}, "refers to itself by '#'"),
    ("a loop of two", {"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]},
     "b": {"anyOf": [{"$ref": "#/$defs/a"}]}}}, "refers to itself by '#/\\$defs/"),
    ("a loop by not", {"not": {"$ref": "#"}}, "refers to itself by '#'"),
    ("a loop by another name", {"$id": "http://a.b/c", "allOf": [{"$ref": "http://a.b/c#"}]},
     "refers to itself by"),
    ("no such reference", {"$ref": "#/$defs/missing"}, "missing"),
    ("a reference into a text", {"$ref": "#/title/0", "title": "x"}, "title"),
    ("a remote reference", {"$ref": "http://169.254.169.254/latest"}, "169.254.169.254"),
    ("a file", {"$ref": "file:///etc/passwd"}, "file:///etc/passwd"),
    ("a reference that is no text", {"$ref": 5}, "5"),
    ("a long reference", {"$ref": "#/" + "a" * 10_000}, "aaaa"),
    ("a reference that is no address", {"$ref": "http://[x"}, "http://\\[x"),
    ("a list's item by a long number", {"allOf": [{}], "$ref": "#/allOf/" + "9" * 5_000}, "999"),
    ("a remote draft", {"$schema": "http://169.254.169.254/schema"}, "169.254.169.254"),
    ("an id that changes what # means", {"$defs": {"a": {"$id": "http://x.y/a", "$ref": "#"}},
     "$ref": "#/$defs/a"}, "refers to itself"),
    ("a long pattern", pattern("a" * 100_000), "'pattern' of more than 2000 characters"),
    ("a pattern that is none", pattern("(a"), "\\(a"),
    ("a property's pattern that is none", {"patternProperties": {"[": {}}}, "\\["),
    ("300 patterns", {"patternProperties": {f"^{at}$": {} for at in range(300)}}, "200 patterns"),
    ("a long text", {"minLength": 1e9}, "'minLength' of more than"),
    ("a long list", {"minItems": 1_000_000_000}, "'minItems' of more than"),
    ("a large object", {"type": "object", "minProperties": 10**9}, "'minProperties' of more than"),
    ("much to contain", {"contains": {}, "minContains": 10**9}, "'minContains' of more than"),
    ("no number", {"type": "number", "minimum": 2, "maximum": 1}, "minimum"),
    ("no text", {"type": "string", "minLength": 2, "maxLength": 1}, "minLength"),
    ("what is needed and not allowed", {"type": "object", "required": ["a"],
     "additionalProperties": False}, "'a'"),
    ("no type", {"type": "strnig"}, "strnig"),
    ("types of a number", {"type": 5}, "5"),
    ("a negative length", {"minLength": -1}, "-1"),
    ("multiples of nothing", {"multipleOf": 0}, "0"),
    ("choices of none", {"enum": "abc"}, "abc"),
    ("not a number", {"minimum": float("nan")}, "null"),
    ("endless", {"maximum": float("inf")}, "null"),
    ("a dynamic reference", {"$dynamicRef": "#a", "items": {"$dynamicAnchor": "a"}}, "\\$dynamic"),
    ("a recursive reference", {"$schema": DRAFT_2019, "items": {"$recursiveRef": "#"}},
     "'\\$recursiveRef'"),
    ("half a character", {"properties": {"\ud800": {}}}, "cannot be read"),
    ("a large number", {"const": 10**30}, "cannot be read"),
    ("a number", 5, "neither an object"),
    ("nothing", False, "allows no value"),
    ("a chain", {"$ref": "#/$defs/d0", "$defs": {f"d{at}": {"items": {"$ref": f"#/$defs/d{at + 1}"}}
     for at in range(2_000)} | {"d2000": {}}}, "too many references"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "reason"), [one[1:] for one in REFUSED],
                         ids=[one[0] for one in REFUSED])  # fmt: skip
async def test_what_is_refused_names_what_is_wrong(schema: Any, reason: str) -> None:
    with pytest.raises(UnusableSchema, match=reason) as refused:
        await Library().structure(JsonFormat(schema), "llguidance")
    assert len(str(refused.value)) <= 2 * MAX_TEXT


TREE = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
INNER = {"$id": "http://x.y/a", "type": "object", "properties": {"b": {"$ref": "#/$defs/b"}},
         "$defs": {"b": {"type": "null"}}}  # fmt: skip

FOLLOWED: list[tuple[str, Any, str, str]] = [
    ("a tree", TREE, '{"children":[{"children":[]}]}', '{"children":[1]}'),
    ("an id within", {"items": INNER, "type": "array", "$defs": {"b": {"type": "string"}}},
     '[{"b":null}]', '[{"b":"x"}]'),
    ("an id of old beside a reference", {"$schema": DRAFT_7, "$ref": "#/definitions/a",
     "$id": "http://x.y/", "definitions": {"a": {"type": "null"}}}, "null", "1"),
    ("an anchor", {"$ref": "#a", "$defs": {"x": {"$anchor": "a", "type": "null"}}}, "null", "1"),
    ("a reference to a reference by pointer", {"$ref": "#/$defs/x/items", "$defs": {"x":
     {"items": {"$ref": "#/$defs/y"}}, "y": {"type": "null"}}}, "null", "1"),
    ("names of any kind", {"type": "object", "properties": {"a/b": {"const": 1}, "~": {"const": 2},
     "é\U0001f600": {"const": 3}, "": {"const": 4}, "$ref": {"const": 5}, "\n": {"const": 6}}},
     '{"a/b":1,"~":2,"é\U0001f600":3,"":4,"$ref":5}', '{"a/b":2}'),
    ("a backtracking pattern", pattern("^(a+)+$"), '"aaa"', '"b"'),
    ("100 levels", nested(90, "items"), "[]", "["),
    ("4,000 choices", {"enum": list(range(4_000))}, "3999", "4000"),
    ("a limit beyond all", {"type": "array", "maxItems": 4.8e16}, "[1]", "1"),
    ("a surrogate pair", {"const": json.loads('"\\ud83d\\ude00"')}, '"\U0001f600"', '"x"'),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "right", "wrong"), [one[1:] for one in FOLLOWED],
                         ids=[one[0] for one in FOLLOWED])  # fmt: skip
async def test_what_is_followed(schema: Any, right: str, wrong: str) -> None:
    made = await Library().structure(JsonFormat(schema), "llguidance")
    assert accepts(made.constraints[0].text, right)
    assert not accepts(made.constraints[0].text, wrong)
    assert await made.problem(right) is None


EITHER: list[tuple[str, Any]] = [
    ("a pattern of a million", pattern("(((a{1,100}){1,100}){1,100}){1,100}")),
    ("a pattern of thousands", pattern("^(a{1,1000}){1,1000}$")),
    ("looking ahead", pattern("^(?=.*a)(?=.*b).*$")),
    ("looking ahead with backtracking", pattern("^(?=(a+)+$)")),
    ("unicode classes", pattern("^(\\p{L}|\\p{N}|\\w){1,50}$")),
    ("a long alternation", pattern("|".join(f"word{at}" for at in range(200)))),
    ("large intersections", {"allOf": [pattern(f"(a|b)*a(a|b){{{at}}}") for at in range(15)]}),
    ("doubling thrice", doubling("allOf", 14)),
    ("doubling in place", listed(9, "allOf")),
    ("doubling in place by anyOf", listed(9, "anyOf")),
    ("branches that are all objects", {"oneOf": [
        {"type": "object", "properties": {"k": {"enum": list(range(at, at + 100))}},
         "required": ["k"]} for at in range(100)]}),
    ("a wide product", {"allOf": [{"anyOf": [{"required": [f"a{at}"]}, {"required": [f"b{at}"]}]}
     for at in range(20)]}),
    ("a large list", {"type": "array", "minItems": 2_000, "maxItems": 2_000, "items": TREE}),
    ("a long text", {"type": "string", "minLength": 20_000, "maxLength": 20_000}),
    ("large properties", {"type": "object", "minProperties": 500, "maxProperties": 500}),
    ("a large multiple", {"type": "integer", "multipleOf": 999_999_937}),
    ("a small multiple", {"type": "number", "multipleOf": 1e-300}),
    ("large limits", {"type": "number", "minimum": -1.7e308, "maximum": 1.7e308}),
    ("constants that no word holds", {"oneOf": [{"const": 1e20}, {"const": 1}]}),
    ("old keywords of another form", {"$schema": DRAFT_7, "dependentRequired": 5}),
    ("old counts of another form", {"$schema": DRAFT_7, "contains": {}, "minContains": "x"}),
]  # fmt: skip


@pytest.mark.parametrize("schema", [one[1] for one in EITHER], ids=[one[0] for one in EITHER])
async def test_what_is_costly_is_followed_or_refused(schema: Any) -> None:
    try:
        made = await Library().structure(JsonFormat(schema), "llguidance")
    except UnusableSchema as refused:
        told = str(refused)
    else:
        told = made.constraints[0].text
    assert told
    again = await Library().structure(JsonFormat({"type": "null"}), "llguidance")
    assert await again.problem("null") is None


@pytest.mark.parametrize("schema", [one[1] for one in EITHER[-3:]], ids=[x[0] for x in EITHER[-3:]])
async def test_what_costs_nothing_is_not_said_to_take_too_long(schema: Any) -> None:
    """A job that the examiner cannot answer ends it: then its time limit is blamed."""
    try:
        await Library().structure(JsonFormat(schema), "llguidance")
    except UnusableSchema as refused:
        assert "too long" not in str(refused)  # noqa: PT017


@pytest.mark.parametrize(
    "text", ["(a+)+$", "((a{1,100}){1,100}){1,100}", "a(?=b)", "(", "x" * 5_000]
)
async def test_regular_expressions(text: str) -> None:
    try:
        await Library().structure(RegexFormat(text), "llguidance")
    except UnusableSchema as refused:
        assert 0 < len(str(refused)) <= 2 * MAX_TEXT  # noqa: PT017


SLOW = {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [
    {"type": "array", "items": {"$ref": "#/$defs/a"}, "contains": {"$ref": "#/$defs/a"}},
    {"type": "array", "items": {"allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}]}},
    {"type": "null"},
]}}}  # fmt: skip
"""Verified, each level of a list takes many times what the next takes."""


async def test_an_answer_that_takes_too_long_to_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    made = await Library().structure(JsonFormat(SLOW), "llguidance")
    assert await made.problem("[[null]]") is None
    monkeypatch.setattr(examination, "SECONDS", 0.2)
    assert await made.problem("[" * 40 + "1" + "]" * 40) == "it took too long to verify"
    monkeypatch.undo()
    assert await made.problem("[[null]]") is None


async def test_what_takes_too_long_is_refused_and_the_next_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = Library()
    await shelf.structure(JsonFormat({}), "llguidance")
    slow = {"backend": "", "schema": json.dumps(SLOW), "verify": "[" * 40 + "1" + "]" * 40}
    monkeypatch.setattr(examination, "SECONDS", 0.2)
    with pytest.raises(Lost):
        await EXAMINATION.ask(slow)
    monkeypatch.undo()
    assert (await shelf.structure(JsonFormat({"type": "null"}), "llguidance")).constraints


async def test_hostile_and_plain_ones_at_once() -> None:
    shelf = Library()
    hostile = [shelf.structure(JsonFormat(one[1]), "llguidance") for one in REFUSED[5:20]]
    plain = [shelf.structure(JsonFormat({"const": at}), "llguidance") for at in range(20)]
    told = await asyncio.gather(*hostile, *plain, return_exceptions=True)
    assert {type(one) for one in told[:15]} == {UnusableSchema}
    assert all(not isinstance(one, BaseException) for one in told[15:])
