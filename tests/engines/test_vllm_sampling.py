import json
from typing import Any

import pytest

from fogbank.engines.base import EngineRefused
from fogbank.engines.vllm_sampling import sampling_arguments, structured_arguments
from fogbank.tasks.text_generation import JsonFormat, Sampling


def test_what_a_request_leaves_open_is_the_engines_own() -> None:
    assert sampling_arguments(Sampling()) == {
        "max_tokens": 256,
        "temperature": 0.6,
        "skip_clone": True,
    }


def test_every_parameter_arrives() -> None:
    sampling = Sampling(
        max_tokens=7,
        temperature=0,
        top_p=0.5,
        top_k=3,
        seed=42,
        repetition_penalty=1.5,
        frequency_penalty=0.0,
        presence_penalty=-1.0,
        stop=("\n", "END"),
    )
    assert sampling_arguments(sampling) == {
        "max_tokens": 7,
        "temperature": 0,
        "top_p": 0.5,
        "top_k": 3,
        "seed": 42,
        "repetition_penalty": 1.5,
        "frequency_penalty": 0.0,
        "presence_penalty": -1.0,
        "stop": ["\n", "END"],
        "skip_clone": True,
    }


@pytest.mark.parametrize(
    ("sampling", "name", "value"),
    [
        (Sampling(temperature=5), "temperature", 2.0),
        (Sampling(top_p=0), "top_p", 0.001),
        (Sampling(top_p=2), "top_p", 1.0),
        (Sampling(stop=("", "a")), "stop", ["a"]),
        (Sampling(repetition_penalty=0), "repetition_penalty", None),
        (Sampling(stop=("",)), "stop", None),
    ],
)
def test_what_the_contract_allows_is_moved_to_what_vllm_allows(
    sampling: Sampling, name: str, value: Any
) -> None:
    assert sampling_arguments(sampling).get(name) == value


def test_a_schema_travels_as_text() -> None:
    schema = {"type": "integer", "maximum": 10**30}
    arguments = structured_arguments(JsonFormat(schema))
    assert list(arguments) == ["json"]
    assert json.loads(arguments["json"]) == schema


def test_no_schema_asks_for_an_object() -> None:
    assert structured_arguments(JsonFormat()) == {"json_object": True}


def deep(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = {"items": value}
    return value


@pytest.mark.parametrize(
    "schema",
    [{"minimum": float("nan")}, {"enum": [object()]}, deep(100_000)],
    ids=["nan", "object", "deep"],
)
def test_what_is_not_json_is_refused(schema: Any) -> None:
    with pytest.raises(EngineRefused, match="cannot be read"):
        structured_arguments(JsonFormat(schema))
