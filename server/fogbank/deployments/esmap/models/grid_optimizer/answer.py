"""The inner result: what the contract names, then what the solver proved and what does not fit."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Schedule
from fogbank.deployments.esmap.models.grid_optimizer.checking import Check, check_schedule
from fogbank.deployments.esmap.models.grid_optimizer.figures import (
    Figures,
    figures_of,
    starts_of,
)
from fogbank.deployments.esmap.models.grid_optimizer.optimising import Given, Outcome

UNITS = {
    "power": "MW",
    "energy": "MWh",
    "price": "currency/MWh",
    "cost": "currency",
    "emissions": "tCO2",
}


def answer_of(
    case: Case, outcome: Outcome, baseline: Schedule, version: str, ignored: Sequence[str]
) -> dict[str, Any]:
    """Powers in MW, energies in MWh, costs in the currency of the input, emissions in tCO2."""
    schedule = outcome.schedule
    figures, checks = figures_of(case, schedule), check_schedule(case, schedule)
    kept = all(each.satisfied for each in checks) and not outcome.given
    answer = {
        "optimal_configuration": {
            **_configuration(case, outcome),
            **_figures(figures),
        },
        "improvements": _improvements(case, figures, baseline),
        "constraints_satisfied": kept,
        "constraints": [_check(each) for each in checks],
        "infeasible": [_explained(case, schedule, each) for each in outcome.given],
        "solver": _solver(outcome, version),
        "units": UNITS,
        "ignored": list(ignored),
    }
    rounded: dict[str, Any] = _rounded(answer)
    return rounded


def _configuration(case: Case, outcome: Outcome) -> dict[str, Any]:
    schedule = outcome.schedule
    starts = starts_of(case, schedule.on)
    return {
        "step_hours": case.hours,
        "schedule": {
            unit.name: schedule.power[index].tolist() for index, unit in enumerate(case.generators)
        },
        "commitment": {
            unit.name: {
                "on": schedule.on[index].astype(int).tolist(),
                "starts": int(starts[index].sum()),
            }
            for index, unit in enumerate(case.generators)
            if unit.committed
        },
        "storage": {
            unit.name: {
                "charge": schedule.charge[index].tolist(),
                "discharge": schedule.discharge[index].tolist(),
                "state_of_charge": schedule.energy[index].tolist(),
            }
            for index, unit in enumerate(case.storages)
        },
        "unserved": schedule.unserved.tolist(),
        "prices": None if outcome.prices is None else (outcome.prices + 0.0).tolist(),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    costs = {
        "generation": figures.generation_cost,
        "emissions": figures.emission_cost,
        "no_load": figures.no_load_cost,
        "starts": figures.start_cost,
        "storage": figures.storage_cost,
        "lost_load": figures.lost_load_cost,
    }
    return {
        "cost": figures.cost,
        "costs": costs,
        "emissions": figures.emissions,
        "curtailment": figures.curtailment,
        "unserved_energy": figures.unserved,
        "renewable_share": figures.renewable_share,
    }


def _improvements(case: Case, figures: Figures, baseline: Schedule) -> dict[str, Any]:
    """Reductions against the merit order; it is comparable where it keeps every constraint."""
    before, checks = figures_of(case, baseline), check_schedule(case, baseline)
    broken = [each.constraint for each in checks if not each.satisfied]
    found: dict[str, Any] = {
        "baseline": {
            "method": "merit order: cheapest first in each step, no storage, no look-ahead",
            "cost": before.cost,
            "emissions": before.emissions,
            "curtailment": before.curtailment,
            "unserved_energy": before.unserved,
            "renewable_share": before.renewable_share,
            "constraints_broken": broken,
        },
        "comparable": not broken,
    }
    for name in ("cost", "emissions", "curtailment"):
        old, new = getattr(before, name), getattr(figures, name)
        found[f"{name}_reduction"] = old - new
        found[f"{name}_reduction_percent"] = 100 * (old - new) / abs(old) if old else None
    return found


def _check(each: Check) -> dict[str, Any]:
    found = {key: value for key, value in asdict(each).items() if value is not None}
    found["unit_of_violation"] = found.pop("measure")
    return found


def _solver(outcome: Outcome, version: str) -> dict[str, Any]:
    solution = outcome.solution
    bound = solution.bound if math.isfinite(solution.bound) else None
    gap = solution.gap if math.isfinite(solution.gap) else None
    if solution.values is None:
        gap, proof = None, "none: no schedule was found in time; the merit order is shown"
    elif gap is None:
        proof = "none: stopped by time without a bound"
    else:
        how = "optimal" if solution.status == "Optimal" else "stopped by time"
        proof = f"{how} within gap {gap:.2g}"
    return {
        "name": "HiGHS",
        "version": version,
        "status": solution.status,
        "objective": None if solution.values is None else solution.objective,
        "bound": bound,
        "gap": gap,
        "proof": proof,
        "seconds": round(solution.seconds, 4),
        "columns": outcome.columns,
        "rows": outcome.rows,
    }


def _explained(case: Case, schedule: Schedule, given: Given) -> dict[str, Any]:
    """One constraint that had to give way: which, when, by how much."""
    slack, step, amount = given.slack, given.step, given.amount
    when = f"{'hour' if case.hours == 1 else 'step'} {step + 1}"
    by, stepped, unit = f"{amount:.6g}", True, "MW"
    if slack.kind == "demand":
        demand = case.demand[step]
        text = f"{when}: demand {demand:.6g} MW exceeds available {demand - amount:.6g} MW"
    elif slack.kind == "surplus":
        text = (
            f"{when}: generation that cannot be reduced exceeds demand {case.demand[step]:.6g} MW"
        )
    elif slack.kind == "reserve":
        asked = 0.0 if case.reserve is None else case.reserve[step]
        text = f"{when}: reserve {asked:.6g} MW exceeds what can be held {asked - amount:.6g} MW"
    elif slack.kind in ("ramp_up", "ramp_down"):
        text = f"{when}: {slack.unit} must exceed its {slack.kind.replace('_', ' ')} limit"
    else:
        stepped = False
        unit, text = _of_whole(case, schedule, slack.kind, slack.unit)
    found: dict[str, Any] = {"constraint": slack.kind, "amount": amount, "unit_of_amount": unit}
    if stepped:
        found["step"] = step
    if slack.unit is not None:
        found["unit"] = slack.unit
    return {**found, "message": f"{text} by {by} {unit}"}


def _of_whole(case: Case, schedule: Schedule, kind: str, unit: str | None) -> tuple[str, str]:
    """The unit and the words for a constraint over all steps."""
    if kind == "emission_cap":
        return "t", f"the least emissions exceed the cap {case.emission_cap:.6g} t"
    if kind == "renewable_share":
        share = 100 * (case.min_renewable_share or 0)
        return "MWh", f"renewable generation lacks for a share of {share:.6g} %"
    final = next(each.final for each in case.storages if each.name == unit)
    return "MWh", f"{unit}: its last state of charge is under the wanted {final:.6g} MWh"


def _rounded(value: Any) -> Any:
    """Floats to nine digits and a billionth: what is behind is the solver's tolerance."""
    if isinstance(value, float):
        return float(f"{value:.9g}") if abs(value) >= 1e-9 else 0.0
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
