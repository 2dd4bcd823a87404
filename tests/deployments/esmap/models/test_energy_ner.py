from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.deployments.esmap.model import InvalidInput, build_model
from fogbank.deployments.esmap.models.energy_ner.entities import Found, Source, without_overlaps
from fogbank.deployments.esmap.service import packaged_file
from tests.deployments.esmap.hostile import HOSTILE
from tests.deployments.esmap.runtimes import Bench

PIECES = st.sampled_from(
    [
        "IRENA",
        "5 GW",
        "solar PV",
        "India",
        "\U0001f469\u200d\U0001f52c",
        "e\u0301",
        "$3.5 bn",
        "World Bank",
        "\u0301",
        " ",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=20).map(" ".join).filter(str.strip)


def check_form(text: str, answer: dict[str, Any]) -> None:
    assert list(answer) == ["entities", "confidence", "energy_categories"]
    end = 0
    for each in answer["entities"]:
        assert each["type"] in ("ORG", "TECH", "LOC", "METRIC")
        assert each["source"] in ("model", "terms", "quantities")
        assert text[each["start"] : each["end"]] == each["text"] != ""
        assert each["start"] >= end
        end = each["end"]
        assert 0 < each["score"] <= 1
        assert ("normalized" in each) == (each["type"] == "METRIC")
    scores = [each["score"] for each in answer["entities"]]
    mean = sum(scores) / len(scores) if scores else 0
    assert answer["confidence"] == pytest.approx(mean, abs=1e-3)


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_offsets_are_code_points_of_the_text(faked: Bench, text: str) -> None:
    check_form(text, faked.infer("energy-ner", {"text": text}))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(faked: Bench, text: str) -> None:
    check_form(text, faked.infer("energy-ner", {"text": text}))


def test_a_long_text_has_its_entities_everywhere(faked: Bench) -> None:
    text = "🌞 Nothing here but words, and more of them. " * 20 + "IRENA counts 5 GW in Chad."
    answer = faked.infer("energy-ner", {"text": text})
    check_form(text, answer)
    sure = [e["text"] for e in answer["entities"] if e["source"] != "model"]
    assert sure == ["IRENA", "5 GW", "Chad"]


def test_a_quantity_has_its_value_and_a_normal_one(faked: Bench) -> None:
    text = "It costs $30 to $40/MWh."
    (found,) = [
        e for e in faked.infer("energy-ner", {"text": text})["entities"] if e["type"] == "METRIC"
    ]
    del found["score"], found["start"], found["end"]
    assert found == {
        "text": "$30 to $40/MWh",
        "type": "METRIC",
        "source": "quantities",
        "value": 35.0,
        "unit": "USD/MWh",
        "range": [30.0, 40.0],
        "normalized": {"value": 35.0, "unit": "USD/MWh"},
    }


def found(type: str, start: int, end: int, score: float = 0.9, source: Source = "model") -> Found:
    return Found(type, start, end, score, source)


@pytest.mark.parametrize(
    ("overlapping", "stays"),
    [
        ([found("ORG", 0, 20), found("METRIC", 5, 9)], [1]),
        ([found("ORG", 0, 10), found("LOC", 5, 20)], [1]),
        ([found("ORG", 0, 10, 0.99), found("LOC", 0, 10, 0.5, "terms")], [1]),
        ([found("ORG", 0, 10, 0.7), found("LOC", 0, 10, 0.8)], [1]),
        ([found("ORG", 0, 10, 0.8, "terms"), found("TECH", 0, 10, 0.9, "terms")], [1]),
        ([found("ORG", 10, 20), found("LOC", 0, 10)], [1, 0]),
        ([found("METRIC", 0, 4), found("METRIC", 3, 9), found("ORG", 4, 30)], [1]),
        ([], []),
    ],
)
def test_what_stays_where_entities_overlap(overlapping: list[Found], stays: list[int]) -> None:
    expected = [overlapping[at] for at in stays]
    assert without_overlaps(overlapping) == expected
    assert without_overlaps(reversed(overlapping)) == expected


@given(
    st.lists(
        st.builds(
            lambda type, start, length, score, source: Found(
                type, start, start + length, score, source
            ),
            st.sampled_from(["ORG", "LOC", "TECH", "METRIC"]),
            st.integers(0, 50),
            st.integers(1, 12),
            st.floats(0.1, 1),
            st.sampled_from(["model", "terms", "quantities"]),
        ),
        max_size=25,
    )
)
def test_none_overlap_and_none_is_lost_without_reason(entities: list[Found]) -> None:
    kept = without_overlaps(entities)
    assert all(a.end <= b.start for a, b in pairwise(kept))
    for each in entities:
        assert any(each.start < other.end and other.start < each.end for other in kept)


def test_too_long_a_text(faked: Bench) -> None:
    with pytest.raises(InvalidInput, match=r"^Text exceeds maximum length$"):
        faked.infer("energy-ner", {"text": "a" * 8193})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("terms", "energy-units.yaml"),
        ("units", "energy-terms.yaml"),
        ("energy_categories", "energy-terms.yaml"),
    ],
)
def test_a_file_of_another_kind(faked: Bench, key: str, value: str) -> None:
    card = faked.cards["energy-ner"]
    with pytest.raises(ValueError, match=r"energy-\w+\.yaml"):
        build_model(card, {**card.config, key: value}, packaged_file)
    with pytest.raises(ValueError, match=key):
        build_model(card, {k: v for k, v in card.config.items() if k != key}, packaged_file)
    with pytest.raises(FileNotFoundError):
        build_model(card, {**card.config, key: "none.yaml"}, packaged_file)
