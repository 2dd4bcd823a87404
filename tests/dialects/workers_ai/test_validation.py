"""The texts of contract 2.3, each as recorded, and those of the service seen elsewhere."""

from typing import Any

import pytest

from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.dialects.workers_ai.validation import InputSchema, describe, text_boolean
from fogbank.settings import package_data

pytestmark = pytest.mark.contract("2.3")
SCHEMAS = load_schemas(package_data(), None)

CHAT = {"messages": [{"role": "user", "content": "Hello"}]}
TOOL = {
    "name": "weather",
    "description": "The weather of a city",
    "parameters": {
        "type": "object",
        "required": ["city"],
        "properties": {"city": {"type": "string", "description": "a city"}},
    },
}


def refusal(schema: str, value: Any) -> str:
    """What stands after `Bad input: `."""
    parts = SCHEMAS[schema].validate(value)
    assert parts
    return describe(parts)


def object_schema(**properties: Any) -> InputSchema:
    return InputSchema({"type": "object", "properties": properties})


def test_null_content_is_a_mismatch_and_leaves_the_message_incomplete() -> None:
    messages = [
        {"role": "user", "content": "What is the weather?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1"}]},
    ]
    assert refusal("text-generation", {"messages": messages}) == (
        "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt',"
        " Type mismatch of '/messages/1/content', 'string' not in 'null',"
        " required properties at '/messages/1' are 'role,content'"
    )


def test_absent_content_names_the_whole_required_list() -> None:
    assert refusal("text-generation", {"messages": [{"role": "assistant"}]}) == (
        "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt',"
        " required properties at '/messages/0' are 'role,content'"
    )


@pytest.mark.parametrize(
    ("schema", "branches"),
    [
        ("text-generation", ["prompt", "messages"]),
        ("text-generation-strict", ["prompt", "messages", "requests"]),
        ("text-generation-scout", ["prompt", "messages"]),
        ("text-embeddings", ["text", "requests"]),
        ("bge-m3", ["contexts", "text", "requests"]),
    ],
)
def test_the_empty_object_meets_no_branch(schema: str, branches: list[str]) -> None:
    errors = ", ".join(f"required properties at '/' are '{name}'" for name in branches)
    assert refusal(schema, {}) == f"Error: oneOf at '/' not met, 0 matches: {errors}"


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        ("text-classification", "text"),
        ("token-classification", "text"),
        ("question-answering", "question,context"),
        ("summarization", "input_text"),
        ("translation", "text,target_lang"),
        ("reranking", "query,contexts"),
        ("llama-guard", "messages"),
    ],
)
def test_one_object_schema_has_no_prefix(schema: str, required: str) -> None:
    assert refusal(schema, {}) == f"Error: required properties at '/' are '{required}'"


def test_the_whole_required_list_without_spaces() -> None:
    clef = InputSchema({"type": "object", "required": ["model", "state", "questions"]})
    assert describe(clef.validate({"state": "x"})) == (
        "Error: required properties at '/' are 'model,state,questions'"
    )


def test_integer_and_boolean_mismatches() -> None:
    max_tokens = object_schema(max_tokens={"type": "integer"})
    assert max_tokens.validate({"max_tokens": None}) == [
        "Type mismatch of '/max_tokens', 'integer' not in 'null'"
    ]
    vad_filter = object_schema(vad_filter={"type": "boolean"})
    assert vad_filter.validate({"vad_filter": "true"}) == [
        "Type mismatch of '/vad_filter', 'boolean' not in 'string'"
    ]


def test_every_branch_reports_the_fields_that_it_shares() -> None:
    assert refusal("text-generation", {"prompt": "x", "top_k": 51}) == (
        "Error: oneOf at '/' not met, 0 matches: '/top_k' must be <= 50,"
        " '/top_k' must be <= 50, required properties at '/' are 'messages'"
    )


def test_additional_properties_are_one_error() -> None:
    flux = InputSchema(
        {
            "type": "object",
            "required": ["prompt"],
            "properties": {"prompt": {"type": "string", "minLength": 1, "maxLength": 2048}},
            "additionalProperties": False,
        }
    )
    assert describe(flux.validate({"prompt": "x", "seed": 1})) == (
        "Error: Additional or unevaluated properties '/seed' at '/' not allowed"
    )
    assert flux.validate({"prompt": "x", "width": 1, "height": 1}) == [
        "Additional or unevaluated properties '/width, /height' at '/' not allowed"
    ]
    assert flux.validate({"prompt": "x" * 2049}) == ["Length of '/prompt' must be <= 2048"]


def test_length_enum_and_pattern_texts() -> None:
    assert refusal("translation", {"text": "", "target_lang": "es"}) == (
        "Error: Length of '/text' must be >= 1"
    )
    kind = object_schema(type={"type": "string", "enum": ["json_object", "json_schema"]})
    assert kind.validate({"type": "xml"}) == ["enum xml not in json_object,json_schema at '/type'"]
    model = object_schema(model={"type": "string", "pattern": r"^\s*(clef|clef-flash)\s*$"})
    assert model.validate({"model": "@cf/cloudflare/clef"}) == [
        r"'/model' failed test ^\s*(clef|clef-flash)\s*$ pattern"
    ]


def test_nested_one_of_reports_in_its_own_form() -> None:
    assert refusal("text-embeddings", {"text": 5}) == (
        "Error: oneOf at '/' not met, 0 matches: oneOf at '/text' not met, 0 matches:"
        " Type mismatch of '/text', 'string' not in 'integer',"
        " Type mismatch of '/text', 'array' not in 'integer',"
        " required properties at '/' are 'requests'"
    )


@pytest.mark.parametrize(
    ("value", "actual"),
    [("hi", "string"), ([], "array"), (None, "null"), (1, "integer"), (1.5, "number")],
)
def test_a_body_that_is_no_object(value: Any, actual: str) -> None:
    expected = f"Error: Type mismatch of '/', 'object' not in '{actual}'"
    assert refusal("text-generation", value) == expected
    assert refusal("text-classification", value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"prompt": "hi"},
        CHAT,
        CHAT | {"prompt": "hi"},
        CHAT | {"stop": None, "user": 5, "n": 1},
        CHAT | {"raw": True, "lora": "mine", "response_format": {"type": "json_object"}},
        CHAT | {"response_format": {"type": "json_schema", "json_schema": [None, "anything"]}},
        CHAT | {"tools": [TOOL, {"type": "function", "function": TOOL}]},
        CHAT | {"functions": [{"name": "add", "code": "return a + b"}]},
        {"prompt": "x" * 200_000},
    ],
)
@pytest.mark.parametrize("schema", ["text-generation", "text-generation-strict"])
def test_what_clients_send_passes(schema: str, value: Any) -> None:
    assert SCHEMAS[schema].validate(value) == []


@pytest.mark.parametrize("field", ["top_p", "frequency_penalty", "presence_penalty"])
def test_the_strict_schema_has_ranges_of_its_own(field: str) -> None:
    below = CHAT | {field: -1}
    zero = CHAT | {field: 0}
    assert SCHEMAS["text-generation"].validate(zero) == []
    assert SCHEMAS["text-generation"].validate(below)
    assert (SCHEMAS["text-generation-strict"].validate(zero) == []) is (field != "top_p")
    assert (SCHEMAS["text-generation-strict"].validate(below) == []) is (field != "top_p")


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("temperature", (0, 5, 0.5), (-0.1, 5.1, "1", None, True, float("nan"))),
        ("top_k", (1, 50, 5.0), (0, 51, 5.5, False)),
        ("seed", (1, 9999999999), (0, 10000000000)),
        ("max_tokens", (1, 4096), (1.5, "256", float("inf"))),
        ("stream", (True, False), (1, 0, "true")),
        ("raw", (True, False, "true", "false"), ("yes", 1, None)),
    ],
)
def test_values_of_a_field(field: str, good: tuple[Any, ...], bad: tuple[Any, ...]) -> None:
    schema = SCHEMAS["text-generation"]
    assert [value for value in good if schema.validate(CHAT | {field: value})] == []
    assert [value for value in bad if not schema.validate(CHAT | {field: value})] == []


def test_tools_are_stricter_than_openai() -> None:
    bare = TOOL | {"parameters": {"type": "object", "properties": {"a/b": {"type": "string"}}}}
    text = refusal("text-generation", CHAT | {"tools": [TOOL, bare]})
    assert text.startswith(
        "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt',"
        " oneOf at '/tools/1' not met, 0 matches: required properties at"
        " '/tools/1/parameters/properties/a~1b' are 'type,description',"
    )


def test_scout_takes_content_parts() -> None:
    schema = SCHEMAS["text-generation-scout"]
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    for content in ("hi", [{"type": "text", "text": "hi"}, image], image):
        assert schema.validate({"messages": [{"role": "user", "content": content}]}) == []
    assert schema.validate({"messages": [{}]}) == []
    assert schema.validate({"messages": [{"content": None}]})
    link = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert schema.validate({"messages": [{"content": [link]}]})
    assert schema.validate({"messages": [{"tool_call_id": "short"}]})


def test_embeddings_take_one_text_or_a_hundred() -> None:
    schema = SCHEMAS["text-embeddings"]
    for text in ("a", ["a"] * 100):
        assert schema.validate({"text": text, "pooling": "cls"}) == []
        assert schema.validate({"requests": [{"text": text}]}) == []
    assert "Length of '/text' must be <= 100" in schema.validate({"text": ["a"] * 101})
    assert "Length of '/text/1' must be >= 1" in schema.validate({"text": ["a", ""]})
    assert schema.validate({"text": "a", "pooling": "max"})[0] == (
        "oneOf at '/' not met, 0 matches: enum max not in mean,cls at '/pooling'"
    )
    assert SCHEMAS["bge-m3"].validate({"query": "q", "contexts": [{"text": "a"}]}) == []
    assert SCHEMAS["bge-m3"].validate({"requests": [{"contexts": []}, {"text": "a"}]}) == []
    assert SCHEMAS["bge-m3"].validate({"requests": [{"query": "q"}]})


def test_the_remaining_tasks_take_their_documented_inputs() -> None:
    assert SCHEMAS["summarization"].validate({"input_text": "a", "max_length": 10}) == []
    assert SCHEMAS["translation"].validate({"text": "a", "target_lang": "es"}) == []
    assert SCHEMAS["reranking"].validate({"query": "q", "contexts": [], "top_k": 1}) == []
    assert SCHEMAS["reranking"].validate({"query": "q", "contexts": [], "top_k": 0}) == [
        "'/top_k' must be >= 1"
    ]
    assert SCHEMAS["llama-guard"].validate(CHAT | {"temperature": 0}) == []
    assert SCHEMAS["text-classification"].validate({"text": "I love this."}) == []
    assert SCHEMAS["token-classification"].validate({"text": ""}) == [
        "Length of '/text' must be >= 1"
    ]


def test_a_text_boolean_is_read() -> None:
    assert [text_boolean(value) for value in (True, "true", False, "false", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("schema", "value", "names"),
    [
        ("text-generation", {"prompt": "hi", "messages": None, "top_k": 1}, {"prompt", "top_k"}),
        ("text-generation", CHAT | {"prompt": 5, "stop": None}, {"messages"}),
        ("text-generation", CHAT | {"prompt": "hi"}, {"messages", "prompt"}),
        ("text-generation", {"prompt": "hi", "guided_json": 5}, {"prompt"}),
        ("text-embeddings", {"requests": [], "text": 5}, {"requests"}),
        ("text-classification", {"text": "a", "other": 5}, {"text"}),
    ],
)
def test_only_what_a_met_branch_knows_is_safe_to_read(
    schema: str, value: dict[str, Any], names: set[str]
) -> None:
    assert SCHEMAS[schema].validate(value) == []
    assert SCHEMAS[schema].checked(value) == {name: value[name] for name in names}
