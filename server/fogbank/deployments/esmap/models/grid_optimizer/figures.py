"""What a schedule costs and emits, computed from the schedule alone, not by the solver."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.models.grid_optimizer.case import Case, Schedule


@dataclass(frozen=True, slots=True)
class Figures:
    """Costs in the currency of the input, emissions in tCO2, energies in MWh."""

    generation_cost: float
    emission_cost: float
    no_load_cost: float
    start_cost: float
    storage_cost: float
    lost_load_cost: float
    emissions: float
    curtailment: float
    unserved: float
    renewable_share: float

    @property
    def cost(self) -> float:
        """All costs together."""
        parts = self.generation_cost, self.emission_cost, self.no_load_cost, self.start_cost
        return sum((*parts, self.storage_cost, self.lost_load_cost))


def starts_of(case: Case, on: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a unit starts; in the first step only what is known to have been off."""
    starts = np.zeros_like(on)
    starts[:, 1:] = on[:, 1:] & ~on[:, :-1]
    for index, unit in enumerate(case.generators):
        starts[index, 0] = on[index, 0] and unit.was_on is False
    return starts


def figures_of(case: Case, schedule: Schedule) -> Figures:
    """The figures of a schedule."""
    units, hours = case.generators, case.hours
    energy = schedule.power.sum(axis=1) * hours
    renewable = np.array([each.renewable for each in units])
    emissions = float(energy @ [each.emissions for each in units])
    running = schedule.on.sum(axis=1) * hours
    starts = starts_of(case, schedule.on).sum(axis=1)
    left = np.array([each.available for each in units]) - schedule.power
    unserved = float(schedule.unserved.sum() * hours)
    discharged = schedule.discharge.sum(axis=1) * hours
    total = float(energy.sum())
    return Figures(
        generation_cost=float(energy @ [each.cost for each in units]),
        emission_cost=emissions * case.emission_price,
        no_load_cost=float(running @ [each.no_load_cost for each in units]),
        start_cost=float(starts @ [each.start_cost for each in units]),
        storage_cost=float(discharged @ np.array([each.cost for each in case.storages])),
        lost_load_cost=unserved * (case.lost_load or 0.0),
        emissions=emissions,
        curtailment=float(left[renewable].sum() * hours),
        unserved=unserved,
        renewable_share=float(energy[renewable].sum()) / total if total > 0 else 0.0,
    )
