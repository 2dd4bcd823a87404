"""The case as a mixed-integer program: generators, storage, balance, reserve, policy."""

import numpy as np

from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Storage
from fogbank.deployments.esmap.models.grid_optimizer.commitment import add_generator
from fogbank.deployments.esmap.models.grid_optimizer.layout import Formulation
from fogbank.deployments.esmap.models.grid_optimizer.program import (
    INFINITY,
    Program,
    Terms,
    Values,
)


def formulate(case: Case, *, elastic: bool = False) -> Formulation:
    """The program of a case."""
    program, steps = Program(), case.steps
    power = np.full((len(case.generators), steps), -1)
    on = np.full((len(case.generators), steps), -1)
    stored = [np.full((len(case.storages), steps), -1) for _ in range(3)]
    made = Formulation(case, program, elastic, power, on, stored[0], stored[1], stored[2])
    for index, generator in enumerate(case.generators):
        add_generator(made, index, generator)
    for index, storage in enumerate(case.storages):
        _add_storage(made, index, storage)
    _balance(made)
    if case.reserve is not None:
        _reserve(made, case.reserve)
    _policy(made)
    return made


def _add_storage(made: Formulation, index: int, unit: Storage) -> None:
    case, program, steps = made.case, made.program, made.case.steps
    charge = made.charge[index] = program.add_columns(steps, 0, unit.charge_power)
    discharge = made.discharge[index] = program.add_columns(
        steps, 0, unit.discharge_power, unit.cost * case.hours
    )
    energy = made.energy[index] = program.add_columns(steps, unit.min_energy, unit.energy)
    gain, loss = case.hours * unit.charge_efficiency, case.hours / unit.discharge_efficiency
    first: Terms = [(energy[:1], 1), (charge[:1], -gain), (discharge[:1], loss)]
    program.add_rows(first, unit.initial, unit.initial)
    if steps > 1:
        later: Terms = [
            (energy[1:], 1),
            (energy[:-1], -1),
            (charge[1:], -gain),
            (discharge[1:], loss),
        ]
        program.add_rows(later, 0, 0)
    # Wasting energy by doing both at once pays where there is too much of it.
    charging = program.add_columns(steps, 0, 1, integer=True)
    program.add_rows([(charge, 1), (charging, -unit.charge_power)], upper=0)
    program.add_rows([(discharge, 1), (charging, unit.discharge_power)], upper=unit.discharge_power)
    end: Terms = [(energy[-1:], 1.0)]
    if made.elastic:
        end.append((made.room("final_energy", unit.name, 1, 1, 10.0), 1.0))
    program.add_rows(end, lower=unit.final)


def _balance(made: Formulation) -> None:
    """Generation and discharge are demand and charge, in every step."""
    case, program = made.case, made.program
    terms: Terms = [(made.power, 1.0)]
    if case.storages:
        terms += [(made.discharge, 1.0), (made.charge, -1.0)]
    if case.lost_load is not None:
        cost = case.lost_load * case.hours
        made.unserved = program.add_columns(case.steps, 0, case.demand, cost)
        terms.append((made.unserved, 1.0))
    if made.elastic:
        terms.append((made.room("demand", None, case.steps, 1, 1000.0), 1.0))
        terms.append((made.room("surplus", None, case.steps, -1, 1000.0), -1.0))
    made.balance = program.add_rows(terms, case.demand, case.demand, case.steps)


def _reserve(made: Formulation, reserve: Values) -> None:
    """Power that units which run, and storage, could give at once beside what they give."""
    case, program = made.case, made.program
    terms: Terms = []
    lower = reserve.copy()
    for index, unit in enumerate(case.generators):
        if unit.renewable:
            continue
        terms.append((made.power[index], -1.0))
        if unit.committed:
            terms.append((made.on[index], unit.available))
        else:
            lower -= unit.available
    for index, storage in enumerate(case.storages):
        held = program.add_columns(case.steps)
        charge, discharge, energy = (
            each[index] for each in (made.charge, made.discharge, made.energy)
        )
        program.add_rows([(held, 1), (discharge, 1), (charge, -1)], upper=storage.discharge_power)
        loss = case.hours / storage.discharge_efficiency
        program.add_rows([(held, loss), (energy, -1)], upper=-storage.min_energy)
        terms.append((held, 1.0))
    if made.elastic:
        terms.append((made.room("reserve", None, case.steps, 1, 100.0), 1.0))
    if not terms:
        terms.append((program.add_columns(case.steps, 0, 0), 1.0))
    program.add_rows(terms, lower=lower, upper=INFINITY, count=case.steps)


def _policy(made: Formulation) -> None:
    """The least share of renewables in what generators give, and the most emissions."""
    case, program = made.case, made.program
    if case.min_renewable_share is not None:
        share = np.array([each.renewable - case.min_renewable_share for each in case.generators])
        terms: Terms = [(made.power, share[:, None] * case.hours)]
        if made.elastic:
            terms.append((made.room("renewable_share", None, 1, 1, 1.0), 1.0))
        program.add_rows(terms, lower=0, count=1)
    if case.emission_cap is not None:
        rates = np.array([each.emissions for each in case.generators])
        terms = [(made.power, rates[:, None] * case.hours)]
        if made.elastic:
            terms.append((made.room("emission_cap", None, 1, 1, 1.0), -1.0))
        program.add_rows(terms, upper=case.emission_cap, count=1)
