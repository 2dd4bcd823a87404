"""The worked example of docs/cost.md is what its script prints, and what it says by hand."""

from pathlib import Path

import pytest

from scripts.cost_example import RECOMMENDATIONS, TOKENS_IN, TOKENS_OUT, lines, reports

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"


def test_the_page_shows_what_the_script_prints() -> None:
    first, second = "\n".join(lines()).split("\n\n")
    text = PAGE.read_text()
    assert first in text
    assert second in text


def test_its_sums_by_hand() -> None:
    small = reports()[0]
    millions = RECOMMENDATIONS * (TOKENS_IN + TOKENS_OUT) / 1e6
    assert millions == 28
    told = small.comparison
    assert told is not None
    own = 3 * 730.5 + 8 * 60
    assert told.own.total == pytest.approx(own)
    cloud = 19 * 4119 * 0.011 / 1000 + 9 * 34868 * 0.011 / 1000
    free = 10_000 * 30.4375 * 0.011 / 1000
    rate = (own + free) / (cloud / millions) * 1e6 / 2_629_800
    assert told.break_even.tokens_per_second == pytest.approx(rate, rel=1e-3)
    assert told.cloud_usd == pytest.approx(cloud - free, rel=1e-3)


def test_the_small_model_saves_83_per_cent() -> None:
    large = reports()[-1]
    assert [round(each.saved, 2) for each in large.instead] == [0, 0.83]
