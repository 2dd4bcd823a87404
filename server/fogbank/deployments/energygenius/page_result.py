"""What a recommendation looks like to people: costs as a chart, plans as cards."""

from collections.abc import Mapping
from typing import Any

from fogbank.charts.charts import Bar, Chart, bar_chart
from fogbank.charts.text import money

STAGES = (
    ("usageSummary", "usage-summary", "Usage summary", "Your twelve months"),
    ("planScoring", "plan-scoring", "Plan scoring", "Which plans fit"),
    ("narrative", "narrative", "Explanation", "Why, in words"),
)
"""Key of the timings, name of the stage, and what people read."""
MILLISECONDS = ("promptBuildMs", "inferenceMs", "parseMs", "totalMs")


def shown(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs of an answer of POST /api/recommend."""
    data, performance = answer["data"], answer.get("performance") or {}
    plans = [each for each in data.get("recommendations") or [] if isinstance(each, Mapping)]
    usage = data.get("usageSummary") or {}
    current = float(usage.get("currentPlanAnnualCost") or usage.get("annualCost") or 0)
    metadata = data.get("metadata") or {}
    return {
        "plans": plans,
        "usage": usage,
        "current": current,
        "chart": _chart(plans, current),
        "rows": [
            ("Current plan", money(current), "–"),
            *(
                (
                    f"{plan['supplier']}: {plan['planName']}",
                    money(plan["estimatedAnnualCost"]),
                    money(plan["estimatedSavings"]),
                )
                for plan in plans
            ),
        ],
        "errors": metadata.get("errors") or [],
        "served_by": sorted({each.get("servedBy") or "" for each in performance.values()} - {""}),
        "timings": [
            (title, *(performance[key].get(name) for name in MILLISECONDS))
            for key, _, title, _ in STAGES
            if performance.get(key)
        ],
    }


def _chart(plans: list[Mapping[str, Any]], current: float) -> Chart:
    bars = [Bar("Your current plan", current)]
    bars += [
        Bar(str(plan["planName"]), float(plan["estimatedAnnualCost"]), note=str(plan["supplier"]))
        for plan in plans
    ]
    told = "; ".join(f"{bar.name} {money(bar.value)}" for bar in bars)
    return bar_chart(
        "What a year costs",
        f"Horizontal bars, in dollars a year: {told}.",
        bars,
        unit="$",
        marked=0,
    )
