"""Compares two arms that answered the same scenarios: time, tokens, validity, agreement, cost.

An arm is a list of runs; a run is made of an answer of POST /api/recommend, whoever gave it: the
old Worker's have no tokens and no neurons, which then are None.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

STAGES = {"usageSummary": "usage-summary", "planScoring": "plan-scoring", "narrative": "narrative"}
TOP = 3


def run_of(scenario: str, answer: Mapping[str, Any], wall_ms: float | None) -> dict[str, Any]:
    """What a comparison needs of one answer. Raises KeyError or TypeError for another thing."""
    data = answer["data"]
    found = [item["planId"] for item in data["recommendations"]]
    performance = answer.get("performance") or {}
    stages = {key: dict(performance[key]) for key in STAGES if _ran(performance.get(key))}
    return {
        "scenario": scenario,
        "wallMs": wall_ms if wall_ms is not None else data["metadata"]["executionTime"],
        "stages": stages,
        "top": found[:TOP],
        "errors": [dict(error) for error in data["metadata"]["errors"]],
        "neurons": _sum(stage.get("neurons") for stage in stages.values()),
    }


def arm_of(name: str, runs: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """What the runs of an arm come to, and the runs themselves."""
    walls = [float(run["wallMs"]) for run in runs]
    failed = [run for run in runs if run["errors"]]
    return {
        "name": name,
        **more,
        "runs": list(runs),
        "stages": {key: _stage(key, runs) for key in STAGES},
        "wallMs": _spread(walls),
        "failedRuns": len(failed),
        "errors": sum(len(run["errors"]) for run in runs),
        "neuronsPerScenario": _mean([run["neurons"] for run in runs]),
    }


def compared(arms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The arms, and how far the first two agree."""
    agreement = _agreement(arms[0]["runs"], arms[1]["runs"]) if len(arms) > 1 else None
    return {"arms": list(arms), "agreement": agreement}


def _ran(stage: Any) -> bool:
    return isinstance(stage, Mapping) and stage.get("ran") is not False


def _stage(key: str, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of one stage over all runs. `jsonValid` is the share of runs in which it had no error,
    `answersValid` that of all answers that fitted, those of further tries included.
    """
    found = [run["stages"][key] for run in runs if key in run["stages"]]
    errors = [sum(error.get("stage") == STAGES[key] for error in run["errors"]) for run in runs]
    tokens = _sum(stage.get("completionTokens") for stage in found)
    seconds = sum(float(stage["inferenceMs"]) for stage in found) / 1000
    answered, tries = (
        _sum(stage.get(name) for stage in found) for name in ("answered", "jsonTries")
    )
    return {
        "runs": len(found),
        **_spread([float(stage["totalMs"]) for stage in found]),
        "tokensPerSecond": round(tokens / seconds, 1) if tokens and seconds > 0 else None,
        "completionTokens": tokens,
        "asked": _sum(stage.get("asked") for stage in found),
        "answered": answered,
        "jsonTries": tries,
        "answersValid": round(answered / tries, 4) if tries and answered is not None else None,
        "jsonValid": round(errors.count(0) / len(runs), 4) if runs else None,
    }


def _agreement(
    first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Over the scenarios that both have."""
    others = {run["scenario"]: run["top"] for run in second}
    shared = [
        {"scenario": run["scenario"], **top_agreement(run["top"], others[run["scenario"]])}
        for run in first
        if run["scenario"] in others
    ]
    return {
        "scenarios": shared,
        "overlap": _mean([each["overlap"] for each in shared]),
        "rank": _mean([each["rank"] for each in shared]),
        "sameFirst": sum(each["sameFirst"] for each in shared),
    }


def top_agreement(first: Sequence[str], second: Sequence[str]) -> dict[str, Any]:
    """Of two lists of the best: the share that both have; the ranks, as 1 minus Spearman's footrule
    for such lists, where what a list lacks stands just below it (Fagin, Kumar and Sivakumar,
    Comparing top k lists, 2003), over its largest value; whether the best is the same.
    """
    k = max(len(first), len(second))
    if not k:
        return {"overlap": 1.0, "rank": 1.0, "sameFirst": True}
    ranks = [{plan: at for at, plan in enumerate(plans, 1)} for plans in (first, second)]
    union = ranks[0].keys() | ranks[1].keys()
    footrule = sum(abs(ranks[0].get(plan, k + 1) - ranks[1].get(plan, k + 1)) for plan in union)
    return {
        "overlap": round(len(ranks[0].keys() & ranks[1].keys()) / k, 4),
        "rank": round(1 - footrule / (k * (k + 1)), 4),
        "sameFirst": list(first[:1]) == list(second[:1]),
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    if not values:
        return {"p50Ms": None, "maxMs": None}
    return {"p50Ms": round(median(values), 1), "maxMs": round(max(values), 1)}


def _sum(values: Any) -> Any:
    """None where one is unknown, or where there is none."""
    known = list(values)
    return None if not known or None in known else round(sum(known), 4)


def _mean(values: Sequence[float | None]) -> float | None:
    total = _sum(values)
    return None if total is None else round(total / len(values), 4)
