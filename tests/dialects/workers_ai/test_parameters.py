"""The parameters of text generation, field by field and family by family (contract 3.1).

The letters are the contract's: L1, L2 and L3 are Llama models, S is Scout, G is gpt-oss.
"""

import math
from pathlib import Path
from typing import Any

import pytest

import tests.server
from fogbank.catalog.loader import load_catalog
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.settings import package_data
from fogbank.tasks import TextGenerationRequest
from tests.dialects.proof import held
from tests.server import TEXT, Running, running, settings

CATALOG = load_catalog(package_data(), None)
SCHEMAS = load_schemas(package_data(), None)
FAMILIES = {
    "L1": [
        "@cf/meta/llama-3.1-8b-instruct",
        "@cf/meta/llama-3.1-8b-instruct-awq",
        "@cf/meta/llama-3.1-8b-instruct-fast",
        "@cf/meta/llama-3.2-1b-instruct",
        "@cf/meta/llama-3.2-3b-instruct",
        "@cf/meta/llama-3.2-11b-vision-instruct",
    ],
    "L2": ["@cf/meta/llama-3.1-8b-instruct-fp8"],
    "L3": ["@cf/meta/llama-3.3-70b-instruct-fp8-fast"],
    "S": ["@cf/meta/llama-4-scout-17b-16e-instruct"],
    "G": ["@cf/openai/gpt-oss-20b", "@cf/openai/gpt-oss-120b"],
}
GUIDED = [
    *FAMILIES["S"],
    "@cf/mistralai/mistral-small-3.1-24b-instruct",
    "@cf/google/gemma-3-12b-it",
    "@cf/qwen/qwen2.5-coder-32b-instruct",
    "@cf/qwen/qwq-32b",
]
ALL = tuple(FAMILIES)
SAID: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello"}]}
TOOL = {
    "name": "weather",
    "description": "Tells.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Where."}},
    },
}
PART = {"type": "text", "text": "Hello"}
Row = tuple[tuple[str, ...], tuple[Any, ...], tuple[Any, ...]]
FLAG: Row = (ALL, (True, False), (1, "yes", None))
HALF: Row = (("L1", "L2", "S"), (0, 1, 2), (-0.1, 2.1, "1", None, math.nan))
SIGNED: Row = (("L3", "G"), (-2, 0, 2), (-2.1, 2.1))
FIELDS: dict[str, list[Row]] = {
    "prompt": [(ALL, ("a", "x" * 140_000), ("", 5, None))],
    "messages": [
        (ALL, ([{"role": "user", "content": "a"}], []), ([5], "a", None)),
        (("L1", "L2", "L3", "G"), (), ([{}], [{"role": "user"}], [{"content": "a"}])),
        (("L1", "L2", "L3"), (), ([{"role": "user", "content": [PART]}],)),
        (("S", "G"), ([{"role": "user", "content": [PART]}],), ([{"role": "u", "content": None}],)),
        (("S",), ([{}], [{"content": PART}]), ()),
    ],
    "raw": [FLAG, (ALL, ("true",), ())],
    "stream": [FLAG],
    "max_tokens": [(ALL, (1, 256, 100_000), (1.5, "256", None))],
    "temperature": [(ALL, (0, 0.6, 5), (-0.1, 5.1, "1", None))],
    "top_p": [HALF, (("L3", "G"), (0.001, 1), (0, 1.1, -1))],
    "top_k": [(ALL, (1, 50), (0, 51, 1.5, None))],
    "seed": [(ALL, (1, 9999999999), (0, 10000000000, -1))],
    "repetition_penalty": [(ALL, (0, 1, 2), (-0.1, 2.1))],
    "frequency_penalty": [HALF, SIGNED],
    "presence_penalty": [HALF, SIGNED],
    "lora": [(ALL, ("mine",), (5, None))],
    "functions": [(ALL, ([{"name": "f", "code": "x"}], []), ([{"name": "f"}], [{"code": ""}], 5))],
    "tools": [
        (
            ALL,
            ([TOOL], [{"type": "function", "function": TOOL}], []),
            ([{"name": "f"}], [{"type": "function", "function": {"name": "f"}}], [5], {}),
        )
    ],
    "response_format": [
        (
            ALL,
            ({"type": "json_object"}, {"type": "json_schema", "json_schema": {"type": "array"}}),
            ({"type": "xml"}, {"type": None}, "json_object"),
        )
    ],
    "image": [(("L1",), ([1, 2], "data:image/png;base64,AA=="), ())],
    "tool_call_id": [(("S",), ("abcdefghi", "000000001"), ("short", 5))],
}


def body_with(field: str, value: Any) -> dict[str, Any]:
    if field == "prompt":
        return {"prompt": value}
    if field == "tool_call_id":
        return {"messages": [{"role": "tool", "content": "a", field: value}]}
    return SAID | {field: value}


@pytest.mark.contract("3.1")
@pytest.mark.parametrize("field", FIELDS, ids=FIELDS)
def test_types_and_ranges_of(field: str) -> None:
    for families, good, bad in FIELDS[field]:
        for name in (name for family in families for name in FAMILIES[family]):
            schema = SCHEMAS[CATALOG.cards[name].input]
            refused = [value for value in good if schema.validate(body_with(field, value))]
            assert refused == [], name
            taken = [value for value in bad if not schema.validate(body_with(field, value))]
            assert taken == [], name


@pytest.mark.contract("3.1")
@pytest.mark.parametrize("family", FAMILIES)
def test_defaults_of_a_family(family: str) -> None:
    for name in FAMILIES[family]:
        defaults = CATALOG.cards[name].defaults
        assert defaults.max_tokens == 256
        assert defaults.temperature == (0.15 if family == "S" else 0.6)
        assert (defaults.top_p, defaults.top_k, defaults.repetition_penalty) == (None, None, None)


@pytest.mark.contract("3.1", "3.4")
@pytest.mark.parametrize("name", GUIDED)
def test_guided_json_is_a_schema(name: str) -> None:
    schema = SCHEMAS[CATALOG.cards[name].input]
    assert schema.validate(SAID | {"guided_json": {"type": "array"}}) == []
    assert schema.validate(SAID | {"guided_json": "array"})
    assert "guided_json" in schema.checked(SAID | {"guided_json": {}})


@pytest.mark.anyio
@pytest.mark.contract("3.1", "3.4")
async def test_guided_json_constrains_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scout = {"name": TEXT, "task": "Text Generation", "input": "text-generation-scout"}
    others = (card for card in tests.server.CARDS if card["name"] != TEXT)
    monkeypatch.setattr(tests.server, "CARDS", (scout, *others))
    body = SAID | {"guided_json": {"type": "object", "required": ["a"]}}
    async with running(settings(tmp_path)) as fogbank:
        response = await fogbank.run(TEXT, body)
        assert isinstance(response.json()["result"]["response"], dict)
        request = fogbank.engine.requests[-1]
    assert isinstance(request, TextGenerationRequest)
    assert '"required"' in held(request)


@pytest.mark.anyio
@pytest.mark.contract("3.1", "clients 9")
@pytest.mark.parametrize(
    "extra",
    [
        pytest.param({"stop": None}, id="stop"),
        pytest.param({"n": 1}, id="n"),
        pytest.param({"logprobs": None}, id="logprobs"),
        pytest.param({"user": "me"}, id="user"),
        pytest.param({"stream_options": {"include_usage": True}}, id="stream_options"),
        pytest.param({"max_completion_tokens": 5}, id="max_completion_tokens"),
        pytest.param({"tool_choice": None}, id="tool_choice"),
    ],
)
async def test_fields_of_openais_clients_pass(fogbank: Running, extra: dict[str, Any]) -> None:
    response = await fogbank.run(TEXT, SAID | extra)
    assert response.status_code == 200, response.text
    assert response.json()["result"]["response"] == "Hello"


@pytest.mark.anyio
@pytest.mark.contract("3.5")
@pytest.mark.parametrize("role", ["system", "user", "assistant", "tool", "function"])
async def test_roles(fogbank: Running, role: str) -> None:
    messages = [{"role": role, "content": "a"}, {"role": "user", "content": "b"}]
    assert (await fogbank.run(TEXT, {"messages": messages})).status_code == 200
    request = fogbank.engine.requests[-1]
    assert isinstance(request, TextGenerationRequest)
    assert [message["role"] for message in request.messages or ()] == [role, "user"]
