"""Solves a case; where that cannot be, finds the least that must be given up, and says what.

A case without a solution is solved again with slack in every constraint: first the least weighted
slack, then the least cost with no more slack than that.
"""

import time
from dataclasses import dataclass

import numpy as np

from fogbank.deployments.esmap.models.grid_optimizer.baseline import merit_order
from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Schedule, Series
from fogbank.deployments.esmap.models.grid_optimizer.formulation import formulate
from fogbank.deployments.esmap.models.grid_optimizer.layout import Formulation, Slack
from fogbank.deployments.esmap.models.grid_optimizer.program import Indices, Solution, Values

DIGITS = 6
"""Decimals of MW and MWh in an answer."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was given up of a constraint: MW, MWh or t, in a step where it is of one."""

    slack: Slack
    step: int
    amount: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """`prices` per MWh: what one more MWh of demand costs in each step, None where unknown.

    `schedule` is the merit order's where `solution` has none.
    """

    schedule: Schedule
    solution: Solution
    prices: Series | None
    given: tuple[Given, ...] = ()
    columns: int = 0
    rows: int = 0


def optimise(case: Case, seconds: float, gap: float, exact_columns: int) -> Outcome:
    """The schedule of least cost that is found within so many seconds.

    The solver may stop at the relative `gap`; a program of at most `exact_columns` is solved to the
    end.
    """
    until = time.perf_counter() + seconds
    made = formulate(case)
    gap = 0.0 if made.program.columns <= exact_columns else gap
    found = made.program.solve(seconds * 0.8, gap)
    if "nfeasible" in found.status:
        return _relaxed(case, until, gap)
    return _outcome(made, found, until)


def _relaxed(case: Case, until: float, gap: float) -> Outcome:
    made = formulate(case, elastic=True)
    program = made.program
    costs, weights = program.costs, np.zeros(program.columns)
    for slack in made.slacks:
        weights[slack.columns] = slack.weight
    program.set_costs(weights)
    least = program.solve((until - time.perf_counter()) * 0.5, 0.0)
    if least.values is None:
        return _outcome(made, least, until)
    program.set_costs(costs)
    used = np.flatnonzero(weights)
    most = least.objective * (1 + 1e-9) + 1e-7
    program.add_rows([(used, weights[used])], upper=most, count=1)
    found = program.solve((until - time.perf_counter()) * 0.8, gap)
    return _outcome(made, least if found.values is None else found, until)


def _outcome(made: Formulation, found: Solution, until: float) -> Outcome:
    case, program = made.case, made.program
    if found.values is None:
        return Outcome(merit_order(case), found, None, (), program.columns, program.rows)
    values, prices = found.values, None
    left = max(until - time.perf_counter(), 0.5)
    linear = program.solve(left, 0.0, fixed=values) if found.duals is None else found
    if linear.values is not None and linear.duals is not None and linear.status == "Optimal":
        values = linear.values
        if not made.elastic:  # slack has no price, and would set that of others
            prices = linear.duals[made.balance] / case.hours
    schedule, given = _schedule(made, values), tuple(_given(made, values))
    return Outcome(schedule, found, prices, given, program.columns, program.rows)


def _schedule(made: Formulation, values: Values) -> Schedule:
    case = made.case

    def rounded(columns: Indices) -> Values:
        found: Values = np.maximum(np.round(values[columns], DIGITS), 0.0)
        return found

    power = rounded(made.power)
    on = np.where(made.on < 0, power > 0, values[made.on] > 0.5)
    unserved = np.zeros(case.steps)
    if made.unserved is not None:
        unserved += rounded(made.unserved)
    for slack in made.slacks:
        if slack.kind == "demand":
            unserved += rounded(slack.columns)
    return Schedule(
        power,
        on,
        rounded(made.charge),
        rounded(made.discharge),
        rounded(made.energy),
        unserved,
    )


def _given(made: Formulation, values: Values) -> list[Given]:
    return [
        Given(slack, made.case.steps - len(slack.columns) + step, float(values[column]))
        for slack in made.slacks
        for step, column in enumerate(slack.columns)
        if values[column] > 1e-5
    ]
