"""Speed and quality on the page."""

from typing import Any

from fogbank.cost.page_quality import compared
from tests.cost.page_reports import shown, told, use


def stage(**given: Any) -> dict[str, Any]:
    none = dict.fromkeys(("tokens_per_second", "asked", "json_tries", "json_valid"))
    return {**none, "p50_s": 1.5, "max_s": 2.25, "answers_valid": None, **given}


def arm(name: str, **given: Any) -> dict[str, Any]:
    return {
        "name": name,
        "served_by": None,
        "scenarios": 5,
        "stages": {"narrative": stage(json_valid=0.8, tokens_per_second=61.25)},
        "whole": {"p50_s": 3.0, "max_s": None},
        "failed_runs": 1,
        "tokens_per_scenario": 2800.0,
        "neurons_per_scenario": None,
        "usd_per_scenario": 0.000431,
        **given,
    }


AGREED = {"scenarios": 5, "overlap": 0.8, "rank": None, "same_first": 4}


def test_a_column_for_each_arm() -> None:
    arms = [arm("small", served_by="a tiny one"), arm("large", stages={"other": stage()})]
    table = compared({"arms": arms, "agreement": AGREED})
    assert table.columns == ("", "small, served by a tiny one", "large")
    rows = {name: cells for name, *cells in table.rows}
    assert rows["USD a scenario"] == ["$0.000431", "$0.000431"]
    assert rows["Neurons a scenario"] == ["–", "–"]
    assert rows["Whole, median and longest s"] == ["3 / –", "3 / –"]
    assert rows["narrative, valid JSON"] == ["80\u00a0%", "–"]
    assert rows["other, median and longest s"] == ["– / –", "1.5 / 2.25"]
    assert rows["Runs with errors"] == ["1 of 5", "1 of 5"]
    assert "4 of 5 scenarios have the same first" in table.agreement


def test_it_stands_on_the_page_where_it_was_measured() -> None:
    assert "Speed and quality" not in shown(told([use()])).text
    compare = {"arms": [arm("small")], "agreement": None}
    assert "Speed and quality beside cost" in shown(told([use()]) | {"compare": compare}).text
