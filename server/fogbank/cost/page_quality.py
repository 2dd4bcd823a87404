"""Speed and quality on the page of a report: a column for each arm of `fogbank compare`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fogbank.charts.text import number
from fogbank.cost.page_words import Told, percent, usd


@dataclass(frozen=True, slots=True)
class Compared:
    """A table whose first column names the rows; `agreement` is empty where there is none."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    agreement: str


def compared(told: Told) -> Compared:
    """Of `compare` in the report's JSON."""
    arms = told["arms"]
    agreed = told["agreement"]
    said = ""
    if agreed and agreed["scenarios"]:
        said = (
            f"Of the best three {percent(agreed['overlap'])} are the same, their order agrees by"
            f" {percent(agreed['rank'])}, and {agreed['same_first']} of {agreed['scenarios']}"
            " scenarios have the same first."
        )
    return Compared(("", *map(_name, arms)), tuple(_rows(arms)), said)


def _name(arm: Told) -> str:
    return f"{arm['name']}, served by {arm['served_by']}" if arm["served_by"] else arm["name"]


def _rows(arms: list[Told]) -> Iterator[tuple[str, ...]]:
    yield "USD a scenario", *(usd(arm["usd_per_scenario"]) for arm in arms)
    yield "Neurons a scenario", *(_number(arm["neurons_per_scenario"]) for arm in arms)
    yield "Tokens a scenario", *(_number(arm["tokens_per_scenario"]) for arm in arms)
    yield "Whole, median and longest s", *(_spread(arm["whole"]) for arm in arms)
    for name in dict.fromkeys(stage for arm in arms for stage in arm["stages"]):
        stages = [arm["stages"].get(name) or {} for arm in arms]
        yield f"{name}, median and longest s", *map(_spread, stages)
        yield f"{name}, tokens/s", *(_number(stage.get("tokens_per_second")) for stage in stages)
        yield f"{name}, valid JSON", *(percent(stage.get("json_valid")) for stage in stages)
        yield f"{name}, valid answers", *(percent(stage.get("answers_valid")) for stage in stages)
    yield "Runs with errors", *(f"{arm['failed_runs']} of {arm['scenarios']}" for arm in arms)


def _spread(found: Told) -> str:
    return f"{_number(found.get('p50_s'))} / {_number(found.get('max_s'))}"


def _number(value: Any) -> str:
    return "–" if value is None else number(value, 3)
