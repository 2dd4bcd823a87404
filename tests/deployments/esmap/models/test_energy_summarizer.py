from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.models.energy_summarizer import count, fitting, in_style
from fogbank.tasks import SummarizationRequest
from tests.deployments.esmap.hostile import HOSTILE
from tests.deployments.esmap.runtimes import Bench, fake_bench

SENTENCE = "The wind farm in the north made more power than ever before. "
TEXTS = st.lists(
    st.sampled_from([SENTENCE, "Short. ", "word ", "\U0001f469\u200d", "\n\n", "a, b; c. "])
    | st.text(max_size=9),
    min_size=1,
    max_size=40,
).map("".join)


def check_form(answer: dict[str, Any], text: str, most: int) -> None:
    assert list(answer) == [
        "summary",
        "original_length",
        "summary_length",
        "energy_categories",
    ]
    assert answer["original_length"] == count(text)
    assert answer["summary_length"] == count(answer["summary"]) <= most


@given(text=TEXTS.filter(str.strip), most=st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_the_limit_is_kept_and_no_summary_is_longer(faked: Bench, text: str, most: int) -> None:
    answer = faked.infer("energy-summarizer", {"text": text, "maxLength": most})
    check_form(answer, text, most)
    assert answer["summary_length"] <= answer["original_length"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("style", ["technical", "executive", "key_points"])
def test_hostile_texts(faked: Bench, text: str, style: str) -> None:
    answer = faked.infer("energy-summarizer", {"text": text, "maxLength": 5}, {"style": style})
    check_form(answer, text, 5)
    assert answer["summary"]


def test_a_text_of_one_or_two_sentences_is_its_own_summary(faked: Bench) -> None:
    text = "Wind power grew. Solar power did too."
    assert faked.infer("energy-summarizer", {"text": f" {text}\n"})["summary"] == text


def test_a_long_text_is_read_in_windows_that_share_the_words() -> None:
    text = SENTENCE * 200
    with fake_bench() as (bench, fakes):
        answer = bench.infer("energy-summarizer", {"text": text, "maxLength": 100})
        asked = [r for r in fakes["minilm"].requests if isinstance(r, SummarizationRequest)]
    check_form(answer, text, 100)
    first = [each for each in asked if len(each.text) > 1000]
    assert "".join(each.text for each in first) == text.strip()
    assert max(len(each.text) for each in first) <= 3500
    assert all(each.max_length == round(100 / len(first) * 1.4) for each in first)


@pytest.mark.parametrize(
    ("parts", "most", "kept"),
    [
        (["a b c.", "d e.", "f."], 6, ["a b c.", "d e.", "f."]),
        (["a b c.", "d e.", "f."], 5, ["a b c.", "d e."]),
        (["a b c.", "d e.", "f."], 4, ["a b c."]),
        (["a b c d e f."], 3, ["a b c…"]),
        (["a b, c d e f."], 3, ["a b…"]),
        (["a, b c d e f."], 4, ["a, b c d…"]),
        (["one"], 1, ["one"]),
        ([], 3, []),
    ],
)
def test_whole_sentences_while_they_fit(parts: list[str], most: int, kept: list[str]) -> None:
    assert fitting(parts, most) == kept


def test_styles() -> None:
    text = "One is here. Two is here. Three is here. Four is here."
    assert in_style(text, 99, "technical") == text
    assert in_style(text, 99, "executive") == "One is here. Two is here. Three is here."
    assert in_style(text, 99, "key_points").splitlines()[3] == "- Four is here."
    assert in_style(text, 8, "key_points") == "- One is here.\n- Two is here."
    assert in_style(text, 1, "key_points") == "One…"


@pytest.mark.parametrize(
    "most", [0, -1, 2001, 1.5, float("nan"), float("inf"), "200", True, [], 10**30]
)
def test_a_limit_that_is_none(faked: Bench, most: Any) -> None:
    with pytest.raises(InvalidInput, match="maxLength must be a whole number of words from 1 to"):
        faked.infer("energy-summarizer", {"text": "a", "maxLength": most})


@pytest.mark.parametrize("most", [None, 200.0, 200])
def test_limits_that_mean_the_default(faked: Bench, most: Any) -> None:
    text = SENTENCE * 40
    answer = faked.infer("energy-summarizer", {"text": text, "maxLength": most})
    assert answer == faked.infer("energy-summarizer", {"text": text})


@pytest.mark.parametrize("style", ["poetic", 3, None, [], {}])
def test_an_unknown_style(faked: Bench, style: Any) -> None:
    with pytest.raises(InvalidInput, match=r"options\.style must be one of technical, executive"):
        faked.infer("energy-summarizer", {"text": "a"}, {"style": style})


def test_what_is_no_text(faked: Bench) -> None:
    with pytest.raises(InvalidInput, match=r"^Input must contain a text field$"):
        faked.infer("energy-summarizer", {"maxLength": 3})
    with pytest.raises(InvalidInput, match=r"^Text exceeds maximum length$"):
        faked.infer("energy-summarizer", {"text": "a" * 16385})
