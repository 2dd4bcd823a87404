"""The program of a case while it is made: where in it things are, and what has slack."""

from dataclasses import dataclass, field

import numpy as np

from fogbank.deployments.esmap.models.grid_optimizer.case import Case
from fogbank.deployments.esmap.models.grid_optimizer.program import Indices, Program


@dataclass(frozen=True, slots=True)
class Slack:
    """Room in a group of constraints. `sign` is 1 where it stands for too little, -1 for too much.

    `weight` orders what is given up first: policy, then stored energy, then ramps and reserve, then
    the balance.
    """

    kind: str
    unit: str | None
    columns: Indices
    sign: int
    weight: float


@dataclass(slots=True)
class Formulation:
    """The program and where in it things are: matrices of units by steps, -1 where none.

    Elastic: every constraint that cannot always be kept has slack.
    """

    case: Case
    program: Program
    elastic: bool
    power: Indices
    on: Indices
    charge: Indices
    discharge: Indices
    energy: Indices
    unserved: Indices | None = None
    balance: Indices = field(default_factory=lambda: np.zeros(0, np.int64))
    slacks: list[Slack] = field(default_factory=list)

    def room(self, kind: str, unit: str | None, count: int, sign: int, weight: float) -> Indices:
        """Columns of slack."""
        columns = self.program.add_columns(count)
        self.slacks.append(Slack(kind, unit, columns, sign, weight))
        return columns
