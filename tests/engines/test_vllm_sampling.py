from typing import Any

import pytest

from fogbank.engines.vllm_sampling import sampling_arguments
from fogbank.tasks import Sampling


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
