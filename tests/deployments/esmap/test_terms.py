from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.terms import Terms

TERMS = Terms(
    ["heat pump", "solar", "decarboni*", "battery", "batteries", "PV", "EU", "offshore wind"]
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Heat pumps and a heat-pump", ["Heat pumps", "heat-pump"]),
        ("a heat\npump", ["heat\npump"]),
        ("solarium, insolar, solar_x, SOLAR", ["solar", "SOLAR"]),
        ("We decarbonise; decarbonization", ["decarbonise", "decarbonization"]),
        ("batteries or a battery", ["batteries", "battery"]),
        ("PV, pv, PVC, (PV)", ["PV", "PV"]),
        ("The EU, eu, EUR", ["EU"]),
        ("offshore winds, onshore wind", ["offshore winds"]),
        ("", []),
    ],
)
def test_whole_words_in_their_forms(text: str, found: list[str]) -> None:
    assert [text[span.start : span.end] for span in TERMS.find(text)] == found


def test_the_longest_term_wins_and_different_words_count() -> None:
    terms = Terms(["wind", "offshore wind", "offshore wind farm"])
    text = "An offshore wind farm, offshore wind, Wind and wind"
    assert [text[s.start : s.end] for s in terms.find(text)][:2] == [
        "offshore wind farm",
        "offshore wind",
    ]
    assert terms.count(text) == 3


def test_no_terms_find_nothing() -> None:
    assert Terms([]).find("anything at all") == []


@given(st.text(max_size=200))
def test_spans_are_in_order_and_apart(text: str) -> None:
    spans = TERMS.find(f"solar {text} PV")
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert spans
    assert spans[0].start == 0
