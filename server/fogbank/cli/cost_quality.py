"""Speed and quality beside cost: reads what `fogbank compare` wrote, and shows it in the report."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from fogbank.catalog.document import dotted
from fogbank.catalog.expected import explain
from fogbank.cli.common import fail
from fogbank.cli.recording import FORMAT, read_recording
from fogbank.cost.quality import Quality
from fogbank.deployments.energygenius.scenarios import load_scenarios
from fogbank.settings import package_data


def read_quality(file: Path) -> Quality:
    """Of `fogbank compare --json` or `--record`; a file that is none ends the command."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{file} cannot be read as JSON: {error}")
    if isinstance(document, dict) and document.get("format") == FORMAT:
        scenarios = [each.id for each in load_scenarios(package_data())]
        document = {"arms": [read_recording(file, scenarios)]}
    if not isinstance(document, dict) or "arms" not in document:
        fail(f"{file} is neither what 'fogbank compare --json' printed nor what --record wrote")
    try:
        return Quality.model_validate(document)
    except ValidationError as error:
        found = [explain(Quality, each) for each in error.errors(include_url=False)]
    fail("\nfogbank: ".join(f"{file}: {dotted(key)}: {what}" for key, what in found))


def show_quality(console: Console, told: dict[str, Any]) -> None:
    """`compare` of the report's JSON, a column for each arm."""
    table = Table(title="\nSpeed and quality beside cost", title_justify="left")
    table.add_column("")
    for arm in told["arms"]:
        served = f"\n(served by {arm['served_by']})" if arm["served_by"] else ""
        table.add_column(arm["name"] + served, justify="right", overflow="fold")
    for name, cells in _rows(told["arms"]):
        table.add_row(name, *cells)
    console.print(table)
    agreed = told["agreement"]
    if agreed and agreed["scenarios"]:
        console.print(
            f"Top three: {agreed['overlap']:.0%} the same plans, rank agreement"
            f" {agreed['rank']:.0%}, the same first in {agreed['same_first']} of"
            f" {agreed['scenarios']}.",
            highlight=False,
            soft_wrap=True,
        )


def _rows(arms: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    yield "USD a scenario", [_figure(arm["usd_per_scenario"], ".6f") for arm in arms]
    yield "neurons", [_figure(arm["neurons_per_scenario"], ".2f") for arm in arms]
    yield "tokens", [_figure(arm["tokens_per_scenario"], ",.0f") for arm in arms]
    yield "whole: p50 / max s", [_spread(arm["whole"]) for arm in arms]
    for name in arms[0]["stages"]:
        stages = [arm["stages"].get(name) for arm in arms]
        yield f"{name}: p50 / max s", [_spread(each) for each in stages]
        yield "  tokens/s", [_of(each, "tokens_per_second", ".1f") for each in stages]
        valid = [(_of(s, "json_valid", ".0%"), _of(s, "answers_valid", ".0%")) for s in stages]
        yield "  JSON valid: runs; answers", [f"{runs}; {answers}" for runs, answers in valid]
        tries = [(_of(s, "json_tries", ".0f"), _of(s, "asked", ".0f")) for s in stages]
        yield "  tries / asked", [f"{made} / {asked}" for made, asked in tries]
    yield "runs with errors", [f"{arm['failed_runs']} of {arm['scenarios']}" for arm in arms]


def _of(stage: dict[str, Any] | None, name: str, form: str) -> str:
    return "-" if stage is None else _figure(stage[name], form)


def _spread(found: dict[str, Any] | None) -> str:
    return f"{_of(found, 'p50_s', '.1f')} / {_of(found, 'max_s', '.1f')}"


def _figure(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
