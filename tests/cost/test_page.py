"""The page of a report: valid, whole, alone, whatever was served."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.cost.bill import DayUse
from fogbank.cost.page import page
from fogbank.cost.page_words import usd
from tests.cost.page_reports import LARGE, SMALL, shown, told, use
from tests.deployments.pages.html import read

MONTH = [
    use(day, model, key=key, prompt_tokens=2_000_000, completion_tokens=700_000, requests=40)
    for day in range(30)
    for model, key in ((SMALL, "planner"), (LARGE, None))
]
UNPRICED = use(3, "@cf/facebook/bart-large-cnn", prompt_tokens=1000)

models = st.sampled_from([SMALL, LARGE, "@cf/baai/bge-m3", "@cf/gone/<b>&model", UNPRICED.model])
keys = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")))
counts = st.integers(0, 10**15)
uses = st.builds(
    use,
    st.integers(0, 400),
    models,
    key=keys,
    requests=st.integers(1, 10**12),
    prompt_tokens=counts,
    completion_tokens=counts,
    audio_seconds=st.floats(0, 1e12),
    images=counts,
)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(uses, max_size=6),
    st.sampled_from([None, "rented-h100", "owned-2xh100"]),
    st.floats(0.01, 4000),
)
def test_any_report_is_a_whole_page(found: list[DayUse], hardware: str | None, days: float) -> None:
    seen = shown(told(found, hardware, days=days))
    assert seen.scripts == 0
    assert not re.search(r"\b(NaN|nan|inf|Infinity|None|Undefined)\b", seen.text)
    assert seen.links == ["data:,"]
    assert len(seen.main_heading) > 20
    for use_ in found:
        assert use_.model in seen.text


def test_what_it_says_is_the_report() -> None:
    report = told(MONTH, "rented-h100")
    seen = shown(report)
    own = report["own"]
    assert seen.main_heading == (
        f"Workers AI is cheaper in all of 10,000 draws: {usd(own['cloud_usd_per_month'])}"
        " a month there, $2,671.50 on rented-h100."
    )
    for line in report["lines"]:
        assert f"{line['completion_tokens']:,}" in seen.text
        assert usd(line["usd"]) in seen.text
    assert seen.text.count("A SAMPLE") == 3
    assert report["prices"] in seen.text
    assert report["price_sources"][0] in seen.text
    assert own["sources"][0] in seen.text
    assert "83\u00a0%" in seen.text  # the small model instead of the large one
    assert seen.tags.count("svg") == 8
    assert seen.tags.count("details") == 4


def test_it_asks_nothing_of_anybody() -> None:
    html = page(told(MONTH, "rented-h100"))
    tags = set(read(html).tags)
    assert not tags & {"script", "img", "image", "iframe", "object", "embed", "use", "base", "form"}
    assert not re.search(r"url\(|@import|srcset|xlink", html)
    assert "default-src &#39;none&#39;" in html


def test_every_line_has_the_command_of_its_rows() -> None:
    seen = shown(told(MONTH))
    span = "--since 2026-11-01T00:00:00Z --until 2026-12-01T00:00:00Z"
    assert f"fogbank cost rows --model {SMALL} --key planner {span}" in seen.text
    assert f"fogbank cost rows --model {LARGE} --key '' {span}" in seen.text
    seen = shown(told(MONTH, log="logs.csv"))
    assert "fogbank cost rows" not in seen.text
    assert f"logs.csv: the rows with model {LARGE} and no key" in seen.text


def test_a_chart_and_its_table_are_the_same_numbers() -> None:
    report = told(MONTH, "owned-2xh100")
    seen = shown(report)
    for part in ("capital", "power", "hosting", "people"):
        assert usd(report["own"]["own_usd_per_month"][part]) in seen.text
    for swing in report["own"]["moves_most"]:
        assert usd(swing["low"]) in seen.text
        assert usd(swing["high"]) in seen.text
    for quantile in report["own"]["odds"]["own"]:
        assert usd(quantile) in seen.text
    assert all(each["day"] in seen.text for each in report["by_day"])


def test_unpriced_is_said_and_is_not_free() -> None:
    seen = shown(told([*MONTH, UNPRICED], "rented-h100"))
    assert f"Not in the price table, so in no sum: {UNPRICED.model}." in seen.text
    assert "unpriced" in seen.text
    assert f"rented-h100 has no capacity for {UNPRICED.model}" in seen.text


@pytest.mark.parametrize(
    ("days", "first", "name"),
    [(30, "2026-11-01", "day"), (300, "2026-11", "month"), (9000, "2026", "year")],
)
def test_many_days_are_months_and_years(days: int, first: str, name: str) -> None:
    seen = shown(told([use(), use(days - 1)], days=days))
    assert f"Neurons by {name}" in seen.text
    assert f"{name.capitalize()}Neurons" in seen.text
    assert first in seen.text


def test_names_are_text() -> None:
    hostile = '"><script>alert(1)</script>'
    html = page(told([use(key=hostile, model=SMALL), use(model=f"@cf/{hostile}")], log=hostile))
    assert "<script" not in html


def test_what_a_server_adds() -> None:
    budget = {"spent": 12.5, "usd": 25.0, "share": 0.5}
    seen = shown(told(MONTH) | {"budget": budget, "lag_seconds": 2.5})
    assert "$12.50 of a budget of $25.00" in seen.text
    assert "the last 2.5 seconds" in seen.text


def test_nothing_was_served() -> None:
    for hardware in (None, "rented-h100"):
        seen = shown(told([], hardware))
        assert seen.main_heading == "Nothing was served in this time."
        assert "svg" not in seen.tags


def test_some_of_a_line_is_unpriced() -> None:
    seen = shown(told([use(requests=7), use(1, requests=5, unpriced=5)]))
    assert "5 unpriced" in seen.text
