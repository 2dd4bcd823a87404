from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.deployments.esmap.model import InvalidInput, build_model
from fogbank.deployments.esmap.models.climate_bert import overall
from fogbank.deployments.esmap.service import packaged_file
from fogbank.deployments.esmap.topics import Signal
from fogbank.tasks import TextClassificationRequest
from tests.deployments.esmap.hostile import HOSTILE
from tests.deployments.esmap.runtimes import Bench, fake_bench

LABELS = {"mitigation", "adaptation", "renewable", "emissions", "policy"}


def check_form(answer: dict[str, Any]) -> None:
    assert list(answer) == ["label", "score", "domain_labels", "raw_response", "climate_relevance"]
    assert answer["label"] in ("POSITIVE", "NEGATIVE")
    scores = {each["label"]: each["score"] for each in answer["raw_response"]}
    assert sum(scores.values()) == pytest.approx(1, abs=1e-5)
    assert answer["score"] == scores[answer["label"]] == max(scores.values())
    assert set(answer["domain_labels"]) <= LABELS
    assert len(set(answer["domain_labels"])) == len(answer["domain_labels"])
    assert 0 <= answer["climate_relevance"] <= 1


@given(text=st.text(min_size=1, max_size=300).filter(str.strip))
@settings(max_examples=50, deadline=None)
def test_any_text_has_an_answer_of_this_form(faked: Bench, text: str) -> None:
    check_form(faked.infer("climate-bert", {"text": text}))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(faked: Bench, text: str) -> None:
    check_form(faked.infer("climate-bert", {"text": text[:2048]}))


def test_terms_alone_say_what_a_text_is_about(faked: Bench) -> None:
    """The fake vectors mean nothing, so it is the words."""
    about = faked.infer("climate-bert", {"text": "Wind turbines and solar panels. CO2, methane."})
    assert set(about["domain_labels"]) == {"renewable", "emissions"}
    assert about["climate_relevance"] > 0.9
    off = faked.infer("climate-bert", {"text": "The striker scored twice."})
    assert off["domain_labels"] == []
    assert off["climate_relevance"] < 0.5


def test_a_long_text_is_judged_in_parts() -> None:
    """The topics of each part, and the mean of the parts' tones."""
    parts = ["The match was long. " * 20, "Solar panels and wind turbines were installed. " * 9]
    with fake_bench() as (bench, fakes):
        long = bench.infer("climate-bert", {"text": "".join(parts)})
        asked = [
            r
            for r in fakes["sentiment-minilm"].requests
            if isinstance(r, TextClassificationRequest)
        ]
        assert len(asked) > 1
        assert max(len(each.text) for each in asked) <= 500
        assert "".join(each.text for each in asked) == "".join(parts)
        alone = [
            {s["label"]: s["score"] for s in answer["raw_response"]}
            for answer in (bench.infer("climate-bert", {"text": each.text}) for each in asked)
        ]
    lengths = [len(each.text) for each in asked]
    mean = sum(a["POSITIVE"] * n for a, n in zip(alone, lengths, strict=True)) / sum(lengths)
    found = {each["label"]: each["score"] for each in long["raw_response"]}
    assert found["POSITIVE"] == pytest.approx(mean, abs=1e-5)
    assert long["domain_labels"] == ["renewable"]


def test_a_detector_that_the_profile_serves_is_asked() -> None:
    engines = ("bge-small", "sentiment", "climate-detector")
    labels = {"climate-detector": ("no", "yes")}
    with fake_bench(engines, "gpu-1x80gb", labels) as (bench, fakes):
        answer = bench.infer("climate-bert", {"text": "Solar panels."})
        check_form(answer)
        (asked,) = fakes["climate-detector"].requests
        assert isinstance(asked, TextClassificationRequest)
        assert asked.text == "Solar panels."
    with fake_bench(("bge-small", "sentiment"), "gpu-1x80gb") as (bench, _):
        assert bench.infer("climate-bert", {"text": "Solar panels."}) != answer


@pytest.mark.parametrize(
    ("input", "message"),
    [
        ({}, "Input must contain a text field"),
        (None, "Input must contain a text field"),
        ({"text": " \n "}, "Input must contain a text field"),
        ({"text": 3}, "Input must contain a text field"),
        ({"text": "a" * 2049}, "Text exceeds maximum length"),
    ],
)
def test_what_is_no_input(faked: Bench, input: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{message}$"):
        faked.infer("climate-bert", input)


@pytest.mark.parametrize("lacks", ["sentiment", "topics", "relevance", "labels", "embeddings"])
def test_a_config_that_lacks_something(faked: Bench, lacks: str) -> None:
    card = faked.cards["climate-bert"]
    config = {key: value for key, value in card.config.items() if key != lacks}
    with pytest.raises(ValueError, match=lacks):
        build_model(card, config, packaged_file)


def test_the_signal_of_all_topics() -> None:
    signals = {"a": Signal(3, 1.0), "b": Signal(2, 4.0), "c": Signal(0, -1.0)}
    assert overall(signals) == Signal(4, 4.0)
