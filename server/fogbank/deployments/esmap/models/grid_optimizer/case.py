"""What is to be optimised: power in MW, energy in MWh, cost per MWh, emissions in tCO2 per MWh."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Series = NDArray[np.float64]
"""A value for each time step."""


@dataclass(frozen=True, slots=True)
class Generator:
    """`available` is what it can give at most in each step; ramps are MW per hour.

    `initial_on` is its state before the first step, for `initial_hours`; None leaves the past
    open: what runs in the first step was running already.
    """

    name: str
    kind: str
    available: Series
    min_power: float = 0.0
    cost: float = 0.0
    no_load_cost: float = 0.0
    start_cost: float = 0.0
    emissions: float = 0.0
    renewable: bool = False
    curtailable: bool = True
    must_run: bool = False
    min_up: float = 0.0
    min_down: float = 0.0
    ramp_up: float | None = None
    ramp_down: float | None = None
    initial_on: bool | None = None
    initial_power: float | None = None
    initial_hours: float | None = None

    @property
    def committed(self) -> bool:
        """Whether being on or off matters: otherwise it is a matter of power alone."""
        on_off = self.min_power, self.no_load_cost, self.start_cost, self.min_up, self.min_down
        return any(on_off) or self.must_run

    @property
    def was_on(self) -> bool | None:
        """Its state before the first step, None where the past is open."""
        if self.initial_on is None and self.initial_power is not None:
            return self.initial_power > 0
        return self.initial_on

    @property
    def power_before(self) -> float | None:
        """Its MW before the first step, None where that is open."""
        return 0.0 if self.was_on is False else self.initial_power


@dataclass(frozen=True, slots=True)
class Storage:
    """Energies in MWh, `cost` per MWh discharged, efficiencies one way each."""

    name: str
    charge_power: float
    discharge_power: float
    energy: float
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    min_energy: float = 0.0
    initial: float = 0.0
    final: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """`demand` and `reserve` in MW by step; a step is `hours` long. None: no such constraint."""

    demand: Series
    generators: tuple[Generator, ...]
    storages: tuple[Storage, ...] = ()
    hours: float = 1.0
    reserve: Series | None = None
    min_renewable_share: float | None = None
    emission_price: float = 0.0
    emission_cap: float | None = None
    lost_load: float | None = None

    @property
    def steps(self) -> int:
        """How many time steps there are."""
        return len(self.demand)

    def in_steps(self, hours: float) -> int:
        """Whole steps that last at least so long."""
        return math.ceil(round(hours / self.hours, 9))

    def price_of(self, generator: Generator) -> float:
        """What a MWh of it costs, its emissions included."""
        return generator.cost + self.emission_price * generator.emissions


@dataclass(frozen=True, slots=True)
class Schedule:
    """Arrays of units by steps: MW, on or off, MW, MW, MWh at the end of a step; unserved MW."""

    power: NDArray[np.float64]
    on: NDArray[np.bool_]
    charge: NDArray[np.float64]
    discharge: NDArray[np.float64]
    energy: NDArray[np.float64]
    unserved: Series
