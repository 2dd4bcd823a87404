"""What a dispatch looks like to people: stacks of power, storage, prices, and their table."""

from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.charts.charts import STYLES, Series, line_chart, stack_chart
from fogbank.charts.text import number, words
from fogbank.deployments.esmap.pages_text import sequence

Values = list[float]
REDUCTIONS = ("cost", "emissions", "curtailment")


def dispatch(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of the grid optimizer: power in MW, energy in MWh, by step."""
    plan: Mapping[str, Any] = inner["optimal_configuration"]
    units = inner.get("units") or {}
    power = {name: _values(each) for name, each in plan["schedule"].items()}
    stores: Mapping[str, Any] = plan.get("storage") or {}
    out = {f"{name} gives": _values(each["discharge"]) for name, each in stores.items()}
    into = {f"{name} takes": _negative(each["charge"]) for name, each in stores.items()}
    unserved = _values(plan.get("unserved"))
    steps = max(map(len, [*power.values(), unserved]), default=0)
    lacking = {"Not served": unserved} if any(unserved) else {}
    everything = {**power, **out, **into, **lacking}
    demand = [sum(_at(each, step) for each in everything.values()) for step in range(steps)]
    labels = [str(step + 1) for step in range(steps)]
    prices = _values(plan.get("prices"))
    charge = {name: _values(each["state_of_charge"]) for name, each in stores.items()}
    return {
        "dispatch": _stacks(labels, everything, demand, float(plan.get("step_hours", 1))),
        "storage": _storage(labels, charge) if charge else None,
        "prices": _prices(labels, prices, str(units.get("price", ""))) if prices else None,
        "columns": (
            "Step",
            "Demand",
            *everything,
            *(f"{name}, MWh kept" for name in charge),
            *(["Price"] if prices else []),
        ),
        "rows": [
            (
                labels[step],
                demand[step],
                *(_at(each, step) for each in everything.values()),
                *(_at(each, step) for each in charge.values()),
                *([_at(prices, step)] if prices else []),
            )
            for step in range(steps)
        ],
        "facts": _facts(plan, units),
        "improvements": _improvements(inner.get("improvements") or {}),
        "baseline": inner.get("improvements") or {},
        "kept": bool(inner.get("constraints_satisfied")),
        "constraints": [
            (
                words(str(each.get("constraint", ""))),
                "kept" if each.get("satisfied") else "broken",
            )
            for each in sequence(inner.get("constraints"))
        ],
        "infeasible": [str(each.get("message", "")) for each in sequence(inner.get("infeasible"))],
        "solver": inner.get("solver") or {},
    }


def _stacks(
    labels: Sequence[str], parts: Mapping[str, Values], demand: Values, hours: float
) -> Any:
    kept = dict(parts)
    if len(kept) > STYLES:  # more than can be told apart: the smaller ones become one
        order = sorted(kept, key=lambda name: sum(map(abs, kept[name])), reverse=True)
        small = [name for name in kept if name in order[STYLES - 1 :]]
        rest = [sum(_at(kept[name], step) for name in small) for step in range(len(labels))]
        kept = {name: each for name, each in kept.items() if name not in small}
        kept[f"{len(small)} others"] = rest
    sums = ", ".join(f"{name} {number(sum(each) * hours)} MWh" for name, each in kept.items())
    return stack_chart(
        "Who gives power in each step",
        f"Stacked bars by step: {sums} in all. The line is the demand.",
        labels,
        [Series(name, each) for name, each in kept.items()],
        line=Series("Demand", demand, "dash"),
        unit="MW",
    )


def _storage(labels: Sequence[str], charge: Mapping[str, Values]) -> Any:
    told = ", ".join(
        f"{name} at most {number(max(v, default=0))} MWh" for name, v in charge.items()
    )
    return line_chart(
        "Energy in the storage at the end of each step",
        f"Lines by step: {told}.",
        labels,
        [Series(name, each) for name, each in charge.items()],
        unit="MWh",
    )


def _prices(labels: Sequence[str], prices: Values, unit: str) -> Any:
    told = f"between {number(min(prices))} and {number(max(prices))} {unit}"
    return line_chart(
        "Price of one more MWh",
        f"A line by step, {told}.",
        labels,
        [Series("Price", prices)],
        unit=unit,
    )


def _facts(plan: Mapping[str, Any], units: Mapping[str, Any]) -> list[tuple[str, str]]:
    share = plan.get("renewable_share")
    shown = [
        ("Cost, in your currency", number(plan.get("cost"))),
        ("Emissions", f"{number(plan.get('emissions'))} {units.get('emissions', '')}"),
        ("Renewable share", f"{number(share * 100)} %" if isinstance(share, float | int) else "–"),
        ("Curtailed", f"{number(plan.get('curtailment', 0))} MWh"),
        ("Not served", f"{number(plan.get('unserved_energy', 0))} MWh"),
    ]
    return [(name, value.strip()) for name, value in shown]


def _improvements(found: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """Name, reduction, and the same in percent."""
    return [
        (words(name), found[f"{name}_reduction"], found.get(f"{name}_reduction_percent"))
        for name in REDUCTIONS
        if f"{name}_reduction" in found
    ]


def _values(value: Any) -> Values:
    return [float(each) for each in sequence(value) if isinstance(each, int | float)]


def _negative(value: Any) -> Values:
    return [-each for each in _values(value)]


def _at(values: Values, step: int) -> float:
    return values[step] if step < len(values) else 0.0
