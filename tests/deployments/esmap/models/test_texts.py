"""What the models of texts say about five texts, with the embedded profile's real models."""

from collections.abc import Iterator

import pytest

from fogbank.deployments.esmap.registry.golden import mismatches
from tests.deployments.esmap.hostile import HOSTILE
from tests.deployments.esmap.runtimes import Bench, packaged_bench
from tests.deployments.esmap.texts import TEXTS, Text

pytestmark = pytest.mark.engine

MODELS = ("climate-bert", "energy-ner", "energy-summarizer")
CATEGORIES = {
    "IRENA": {"solar", "wind"},
    "IEA": {"fossil_fuels", "hydro"},
    "World Bank": {"access", "storage", "finance"},
    "WindEurope": {"wind", "policy", "grid"},
    "India": {"solar"},
}
"""What must be found; what a text only mentions may be found besides."""


@pytest.fixture(scope="module")
def real() -> Iterator[Bench]:
    with packaged_bench() as bench:
        yield bench


@pytest.fixture(params=TEXTS, ids=lambda text: text.name)
def text(request: pytest.FixtureRequest) -> Text:
    found: Text = request.param
    return found


def test_tone_topics_and_relevance(real: Bench, text: Text) -> None:
    answer = real.infer("climate-bert", {"text": text.text})
    assert answer["label"] == text.label
    assert answer["score"] > 0.8
    assert text.topics <= set(answer["domain_labels"])
    assert answer["climate_relevance"] > 0.9


def test_entities_and_categories(real: Bench, text: Text) -> None:
    answer = real.infer("energy-ner", {"text": text.text})
    found: dict[str, set[str]] = {}
    for each in answer["entities"]:
        found.setdefault(each["type"], set()).add(each["text"])
    for type, expected in text.entities.items():
        assert set(expected) <= found[type]
    assert len(answer["entities"]) < 2 * sum(map(len, text.entities.values()))
    assert answer["confidence"] > 0.8
    assert set(answer["energy_categories"]) >= CATEGORIES[text.name]
    assert not {"nuclear", "hydrogen"} & set(answer["energy_categories"])


def test_a_summary_is_sentences_of_the_text_within_its_words(real: Bench, text: Text) -> None:
    input = {"text": text.text, "maxLength": 40}
    answer = real.infer("energy-summarizer", input)
    assert 8 < answer["summary_length"] <= 40
    assert answer["summary"] in text.text
    points = real.infer("energy-summarizer", input, {"style": "key_points"})["summary"]
    assert points.startswith("- ")
    assert all(line.removeprefix("- ") in text.text for line in points.splitlines())


def test_the_sources_of_entities(real: Bench) -> None:
    text = "Octopus Energy of Bristol buys 300 MW of heat pumps from Vattenfall, said Anna Berg."
    entities = real.infer("energy-ner", {"text": text})["entities"]
    assert {(each["type"], each["source"]) for each in entities} >= {
        ("LOC", "model"),
        ("METRIC", "quantities"),
        ("TECH", "terms"),
        ("ORG", "terms"),
    }
    assert "Bristol" in {each["text"] for each in entities}
    assert "Anna Berg" not in {each["text"] for each in entities}


@pytest.mark.parametrize(
    "text",
    [
        "The striker scored twice and the home side won the cup final.",
        "Whisk the eggs with sugar, fold in the flour and bake for half an hour.",
        "The bank raised its forecast for quarterly earnings per share.",
    ],
)
def test_texts_about_something_else(real: Bench, text: str) -> None:
    answer = real.infer("climate-bert", {"text": text})
    assert answer["domain_labels"] == []
    assert answer["climate_relevance"] < 0.3
    assert real.infer("energy-ner", {"text": text})["energy_categories"] == []


@pytest.mark.parametrize("model", MODELS)
def test_the_example_of_the_card_is_true(real: Bench, model: str) -> None:
    card = real.cards[model]
    answer = real.infer(model, card.example_input)
    assert list(answer) == list(card.example_output)
    numbers = {"score", "confidence", "climate_relevance", "raw_response"}
    for key, expected in card.example_output.items():
        if key not in numbers:
            assert answer[key] == expected
        elif key != "raw_response":
            assert answer[key] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("model", MODELS)
def test_the_golden_inputs_of_the_card_hold(real: Bench, model: str) -> None:
    golden = real.cards[model].golden
    assert len(golden) >= 2
    for each in golden:
        assert mismatches(each, real.infer(model, each.input)) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(real: Bench, text: str) -> None:
    for model in MODELS:
        assert real.infer(model, {"text": text[:2048]})
