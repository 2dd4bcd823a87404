"""The parts of energy-qa that compute without a model: questions, words, spans, numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.models.energy_qa.decision import Logistic
from fogbank.deployments.esmap.models.energy_qa.features import Sentence, of_span, overlap
from fogbank.deployments.esmap.models.energy_qa.question import Kind, read_question
from fogbank.deployments.esmap.models.energy_qa.spans import spans
from fogbank.deployments.esmap.models.energy_qa.words import stem, words
from fogbank.tasks import Entity


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How much power does it make?", Kind.AMOUNT),
        ("What percentage of homes has solar?", Kind.AMOUNT),
        ("What is the capacity of the plant?", Kind.AMOUNT),
        ("How long did it last?", Kind.AMOUNT),
        ("When was it built?", Kind.DATE),
        ("In what year was it built?", Kind.DATE),
        ("Who built it?", Kind.NAME),
        ("Which company built it?", Kind.NAME),
        ("Where is it?", Kind.PLACE),
        ("In which country is it?", Kind.PLACE),
        ("Why did it fail?", Kind.REASON),
        ("How does it work?", Kind.MANNER),
        ("What does it burn?", Kind.THING),
        ("Wie viel kostet das?", Kind.THING),
        ("???", Kind.THING),
    ],
)
def test_what_a_question_asks_for(question: str, kind: Kind) -> None:
    assert read_question(question).kind is kind


@pytest.mark.parametrize(
    ("question", "dimensions", "counted"),
    [
        ("How much did the plant cost?", {"money"}, None),
        ("What share of electricity is it?", {"share"}, None),
        ("How much does the power plan cost?", {"money"}, None),
        ("How much heat and power does it make?", {"energy", "power"}, None),
        ("How many turbines does it have?", set(), "turbin"),
        ("How much CO2 is captured?", {"mass"}, None),
        ("Who pays?", set(), None),
    ],
)
def test_what_an_amount_measures(question: str, dimensions: set[str], counted: str | None) -> None:
    read = read_question(question)
    assert (set(read.dimensions), read.counted) == (dimensions, counted)


@pytest.mark.parametrize(
    ("question", "subject"), [("Who pays?", True), ("What did it burn?", False)]
)
def test_which_side_the_answer_is_on(question: str, subject: bool) -> None:
    assert read_question(question).subject is subject


@pytest.mark.parametrize(
    ("one", "other"),
    [("connected", "connect"), ("grew", "grow"), ("batteries", "battery"), ("Kenya's", "Kenya")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one).removesuffix("y") == stem(other).removesuffix("y")


def found(text: str, question: str, *entities: Entity) -> set[tuple[str, str]]:
    read = spans(text, 0, read_question(question), entities)
    return {(text[span.start : span.end], span.kind) for span in read}


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("It grew by 473 GW in 2023.", ("473 GW", "amount")),
        ("It grew by 473 GW in 2023.", ("2023", "date")),
        ("Wind costs $0.033/kWh there.", ("$0.033/kWh", "amount")),
        ("It rose to 37.4 billion tonnes of CO2 last.", ("37.4 billion tonnes of CO2", "amount")),
        ("Sold at 2.44 rupees per kWh.", ("2.44 rupees per kWh", "amount")),
        ("It has 280,000 diesel motors.", ("280,000 diesel", "amount")),
        ("It fell by 1.2 %, they say.", ("1.2 %", "amount")),
        ("Opened on 29 June 2020 in Wales.", ("29 June 2020", "date")),
        ("It failed because cables came late.", ("cables came late", "reason")),
        ("It is paid with a phone.", ("a phone", "manner")),
        ("The Bhadla park is here.", ("Bhadla", "run")),
    ],
)
def test_spans_of_a_sentence(text: str, span: tuple[str, str]) -> None:
    assert span in found(text, "What is it?")


def test_the_year_of_a_date_is_no_amount() -> None:
    assert not {("2020", "amount"), ("29", "amount")} & found("On 29 June 2020.", "When?")


def test_names_come_from_the_model() -> None:
    place = Entity("LOC", "Rajasthan", 0.9, 12, 21)
    text = "The park in Rajasthan is large."
    assert ("Rajasthan", "place") in found(text, "Where is the park?", place)


def test_the_words_of_the_question_are_no_answer() -> None:
    text = "It is worse because hydropower fell."
    assert not any(span == "hydropower" for span, _ in found(text, "Why did hydropower fall?"))
    assert ("hydropower fell", "reason") not in found(text, "Why did hydropower fall?")
    assert ("hydropower fell", "reason") in found(text, "Why is it worse?")


def test_a_name_goes_before_its_short_form() -> None:
    text = "The Ministry of Energy (MoE) said so, as did IRENA."
    names = {span for span, kind in found(text, "Who?") if kind == "run"}
    assert names == {"Ministry", "Energy", "IRENA"}


def test_what_stands_beside_the_words_of_the_question() -> None:
    text = "Sparks start fires in dry grass."
    assert ("Sparks", "part") in found(text, "What can start fires?")


@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_has_spans_within_it(text: str, question: str) -> None:
    read = read_question(question)
    sentence = Sentence(7, text, 0.5, overlap(read, text), tuple(words(text, 7)))
    assert 0 <= sentence.overlap <= 1
    for span in spans(text, 7, read, ()):
        assert 7 <= span.start < span.end <= 7 + len(text)
        assert text[span.start - 7 : span.end - 7].strip()
        numbers = of_span(span, sentence, 0.9, read, 0.1)
        assert all(math.isfinite(value) for value in numbers.values())
        assert 0 <= numbers["near"] <= 1
        assert -1 <= numbers["side"] <= 1


def test_an_amount_that_measures_something_else() -> None:
    text = "It cost $5 million and has 20 turbines and 30 MW."
    cost, count = read_question("How much did it cost?"), read_question("How many turbines?")

    def measures(question: str, amount: str) -> float:
        read = read_question(question)
        sentence = Sentence(0, text, 0.5, 0.5, tuple(words(text)))
        amounts = [span for span in spans(text, 0, read, ()) if span.kind == "amount"]
        (span,) = [span for span in amounts if text[span.start : span.end] == amount]
        return of_span(span, sentence, 0.5, read, 0.0)["measures"]

    assert measures(cost.text, "$5 million") == 1
    assert measures(cost.text, "30 MW") == -1
    assert measures(count.text, "20 turbines") == 1
    assert measures(count.text, "30 MW") < 0


def test_names_and_numbers_of_a_question_count_double() -> None:
    question = read_question("What did Eskom repair?")
    assert overlap(question, "Eskom did it.") == pytest.approx(2 / 3)
    assert overlap(question, "They repaired it.") == pytest.approx(1 / 3)
    assert overlap(read_question("What?"), "anything") == 0


def test_a_logistic_is_a_probability() -> None:
    model = Logistic(bias=0, weights={"a": 1.0})
    assert model.probability({"a": 0, "unknown": 9}) == 0.5
    assert 0 < model.probability({"a": -1e9}) < model.probability({"a": 1e9}) <= 1
