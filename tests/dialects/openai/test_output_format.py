"""What an answer must be, read from a body: OpenAI's field, vLLM's, and vLLM's older ones."""

from typing import Any

import orjson
import pytest

from fogbank import errors
from fogbank.dialects.openai.fields import FieldError, checked
from fogbank.dialects.openai.output_format import Form, form_of
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.errors import AIError
from fogbank.settings import package_data
from fogbank.tasks import ChoiceFormat, JsonFormat, OutputFormat, RegexFormat
from tests.dialects.openai.test_chat import PERSON
from tests.server import NO_JSON, TEXT, catalog

pytestmark = pytest.mark.contract("1.6")
CARDS = catalog().cards
SCHEMAS = load_schemas(package_data(), None)
NULLS = {"type": "object", "properties": {"a": {"enum": [None], "default": None}}}
COLOURS = ["red", "green"]


def read(body: dict[str, Any], model: str = TEXT, schema: str = "v1-chat-completions") -> Form:
    """The form in a body, which is checked as the routes check it."""
    rest = {"model": model, "messages": [{"role": "user", "content": "a"}], "prompt": "a"}
    return form_of(CARDS[model], checked(SCHEMAS[schema], rest | body))


def wrapped(schema: Any, **more: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, **more}}


WAYS: list[tuple[dict[str, Any], OutputFormat | None]] = [
    ({}, None),
    ({"response_format": {"type": "text"}}, None),
    ({"response_format": {"type": "json_object"}}, JsonFormat()),
    ({"response_format": {"type": "json_schema", "json_schema": PERSON}}, JsonFormat(PERSON)),
    ({"response_format": {"type": "json_schema"}}, JsonFormat({})),
    ({"response_format": wrapped(PERSON)}, JsonFormat(PERSON)),
    ({"response_format": wrapped(PERSON, strict=True)}, JsonFormat(PERSON)),
    ({"response_format": wrapped(PERSON, strict=False)}, JsonFormat(PERSON)),
    ({"response_format": wrapped(NULLS)}, JsonFormat(NULLS)),
    ({"response_format": wrapped(True)}, JsonFormat(True)),
    ({"guided_json": NULLS}, JsonFormat(NULLS)),
    ({"guided_json": {"type": "text"}}, JsonFormat({"type": "text"})),
    ({"guided_json": '{"type": "array"}'}, JsonFormat({"type": "array"})),
    ({"guided_regex": "[a-z]+"}, RegexFormat("[a-z]+")),
    ({"guided_choice": COLOURS}, ChoiceFormat(("red", "green"))),
    ({"structured_outputs": {"json": NULLS}}, JsonFormat(NULLS)),
    ({"structured_outputs": {"json": False}}, JsonFormat(False)),
    ({"structured_outputs": {"json": '{"a": null}', "regex": None}}, JsonFormat({"a": None})),
    ({"structured_outputs": {"json_object": True}}, JsonFormat()),
    ({"structured_outputs": {"regex": "a" * 1000}}, RegexFormat("a" * 1000)),
    (
        {"structured_outputs": {"choice": COLOURS, "json_object": False}},
        ChoiceFormat(("red", "green")),
    ),
    (
        {"structured_outputs": {"choice": ["a"], "disable_any_whitespace": True}},
        ChoiceFormat(("a",)),
    ),
    ({"structured_outputs": {"regex": "a"}, "response_format": {"type": "text"}}, RegexFormat("a")),
]


@pytest.mark.contract("1.6", "3.4")
@pytest.mark.parametrize("schema", ["v1-chat-completions", "v1-completions"])
@pytest.mark.parametrize(("body", "wanted"), WAYS, ids=[str(body)[:60] for body, _ in WAYS])
def test_ways_to_say_it(schema: str, body: dict[str, Any], wanted: OutputFormat | None) -> None:
    form = read(body, schema=schema)
    assert form.wanted == wanted
    assert (form.param is None) is (wanted is None)
    assert form.param in (None, *body)


MANY = [f"choice {number}" for number in range(1001)]
NO_SCHEMA = "the JSON schema is neither an object nor true or false"
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"response_format": wrapped("text")}, NO_SCHEMA, "response_format"),
    (
        {"response_format": {"type": "json_schema", "json_schema": [1]}},
        NO_SCHEMA,
        "response_format",
    ),
    ({"response_format": {"type": "xml"}}, "enum xml not in", "response_format.type"),
    ({"response_format": {}}, "required properties", "response_format"),
    ({"guided_json": [1]}, NO_SCHEMA, "guided_json"),
    ({"guided_json": "{"}, "the JSON schema is not JSON: ", "guided_json"),
    ({"guided_json": "null"}, NO_SCHEMA, "guided_json"),
    ({"guided_regex": ""}, "must be >= 1", "guided_regex"),
    ({"guided_choice": []}, "must be >= 1", "guided_choice"),
    ({"guided_choice": "red"}, "'array' not in 'string'", "guided_choice"),
    ({"guided_choice": ["a", "a"]}, "must be different", "guided_choice"),
    ({"structured_outputs": {}}, "'choice', not none", "structured_outputs"),
    ({"structured_outputs": {"json_object": False}}, "not none", "structured_outputs"),
    (
        {"structured_outputs": {"json": {}, "regex": "a"}},
        "exactly one of 'json', 'json_object', 'regex', 'choice', not 'json' and 'regex'",
        "structured_outputs",
    ),
    ({"structured_outputs": {"json": 5}}, NO_SCHEMA, "structured_outputs.json"),
    ({"structured_outputs": {"regex": "a" * 1001}}, "<= 1000", "structured_outputs.regex"),
    ({"structured_outputs": {"choice": MANY}}, "must be <= 1000", "structured_outputs.choice"),
    ({"structured_outputs": {"choice": [""]}}, "must be >= 1", "structured_outputs.choice.0"),
    ({"structured_outputs": {"choice": ["a", None]}}, "'null'", "structured_outputs.choice.1"),
    ({"structured_outputs": "json"}, "'object' not in 'string'", "structured_outputs"),
    (
        {"structured_outputs": {"grammar": "root ::= 'a'"}},
        "'grammar' is not served here: an answer is verified after it was written",
        "structured_outputs.grammar",
    ),
    (
        {"structured_outputs": {"json": {}, "structural_tag": "{}"}},
        "'structural_tag' is not served here: ",
        "structured_outputs.structural_tag",
    ),
    (
        {"structured_outputs": {"json": {}, "disable_additional_properties": True}},
        '"additionalProperties": false',
        "structured_outputs.disable_additional_properties",
    ),
    (
        {"structured_outputs": {"json": {}, "whitespace_pattern": " "}},
        "without white space",
        "structured_outputs.whitespace_pattern",
    ),
    (
        {"response_format": wrapped(PERSON), "structured_outputs": {"regex": "a"}},
        "'response_format' and 'structured_outputs' both say what the answer must be",
        "structured_outputs",
    ),
    (
        {"response_format": {"type": "json_object"}, "guided_json": {}},
        "'response_format' and 'guided_json' both",
        "guided_json",
    ),
    ({"guided_regex": "a", "guided_choice": ["a"]}, "'guided_regex' and", "guided_choice"),
]


@pytest.mark.contract("1.6", "2.3", "3.4")
@pytest.mark.parametrize("schema", ["v1-chat-completions", "v1-completions"])
@pytest.mark.parametrize(
    ("body", "text", "param"), MISTAKES, ids=[str(body)[:60] for body, *_ in MISTAKES]
)
def test_what_is_refused_and_where(
    schema: str, body: dict[str, Any], text: str, param: str
) -> None:
    with pytest.raises(FieldError) as raised:
        read(body, schema=schema)
    assert text in str(raised.value)
    assert raised.value.param == param
    assert raised.value.status == 400


@pytest.mark.contract("3.4")
@pytest.mark.parametrize(
    "body",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": wrapped(PERSON)},
        {"guided_json": {}},
        {"structured_outputs": {"json_object": True}},
        {"structured_outputs": {"json": {}}},
    ],
    ids=str,
)
def test_a_card_without_json_mode(body: dict[str, Any]) -> None:
    """It still keeps to what is no JSON."""
    with pytest.raises(AIError) as raised:
        read(body, NO_JSON)
    assert raised.value.kind is errors.NO_JSON_MODE
    assert read({"structured_outputs": {"choice": ["a"]}}, NO_JSON).wanted == ChoiceFormat(("a",))


def test_a_schema_as_deep_as_a_body_may_be() -> None:
    deep = orjson.loads(b'{"not":' * 400 + b"{}" + b"}" * 400)
    assert read({"guided_json": deep}).wanted == JsonFormat(deep)


@pytest.mark.parametrize("detail", ["the JSON schema has no type 'x'", "the regex is none"])
def test_errors_of_the_runtime_about_the_form_name_its_field(detail: str) -> None:
    form = Form(JsonFormat(), "response_format")
    with pytest.raises(FieldError) as raised, form.blamed():
        raise AIError(errors.INVALID_INPUT, detail=detail)
    assert raised.value.param == "response_format"
    assert raised.value.message("u") == f"AiError: AiError: Invalid input: {detail} (u)"


@pytest.mark.parametrize(
    "error",
    [
        AIError(errors.INVALID_INPUT, detail="roles must alternate"),
        AIError(errors.JSON_MODE_FAILED, detail="max_tokens ended the answer first"),
        AIError(errors.CAPACITY, retry_after=3),
        FieldError("messages", errors.INVALID_INPUT, detail="the JSON schema of a tool"),
    ],
    ids=str,
)
def test_other_errors_are_as_they_were(error: AIError) -> None:
    with pytest.raises(AIError) as raised, Form(JsonFormat(), "response_format").blamed():
        raise error
    assert raised.value is error
