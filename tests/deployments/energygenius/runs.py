"""Runs as comparisons and reports get them."""

from typing import Any

from fogbank.deployments.energygenius.comparison import STAGES


def run(scenario: str, *, tokens: tuple[int, int] | None, neurons: float | None) -> dict[str, Any]:
    """One in which scoring was asked twice and took 2 s; `tokens` of prompt and answer."""
    idle = {"totalMs": 1000.0, "inferenceMs": 900.0, "asked": 1, "answered": 1, "jsonTries": 1}
    spent = {} if tokens is None else {"promptTokens": 0, "completionTokens": 0}
    stages = {key: {**idle, **spent} for key in STAGES}
    scoring = stages["planScoring"]
    scoring |= {"totalMs": 2000.0, "inferenceMs": 2000.0, "asked": 2, "jsonTries": 2}
    if tokens is not None:
        scoring |= {"promptTokens": tokens[0], "completionTokens": tokens[1]}
    return {
        "scenario": scenario,
        "wallMs": 4000.0,
        "stages": stages,
        "top": ["a", "b", "c"],
        "errors": [],
        "neurons": neurons,
    }
