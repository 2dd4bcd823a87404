"""Emissions of fuels burned and electricity used, from published factors (the tables say which)."""

from collections.abc import Mapping
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.given import plain
from fogbank.deployments.esmap.model import File, InvalidInput, features_of
from fogbank.deployments.esmap.models.emission_calculator.activities import activities_of, fuel_in
from fogbank.deployments.esmap.models.emission_calculator.answer import answer_of
from fogbank.deployments.esmap.models.emission_calculator.calculation import emission_of
from fogbank.deployments.esmap.models.emission_calculator.library import Library
from fogbank.deployments.esmap.models.emission_calculator.units import known_units


class EmissionCalculator:
    """`infer` answers in kg; the factors that it used stand in the answer."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        features_of(input)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        return await call.compute(self.compute, features_of(input))

    def compute(self, features: dict[str, Any]) -> dict[str, Any]:
        """The inner result. Raises InvalidInput with the field and the reason."""
        options = {plain(key): value for key, value in features.items()}
        wanted = self._library.set_named(options.get("factors", options.get("factorset")))
        name, gwp = self._library.potentials(options.get("gwp", options.get("gwpset")))
        activities, ignored, assumed = activities_of(features)
        self._check_unread(ignored, features)
        if not activities:
            raise InvalidInput(
                "features: no activity found; give activities: [{fuel, amount, unit}] or fields"
                " such as electricity_kwh, natural_gas_m3, diesel_liters, coal_tonnes"
            )
        emissions = [emission_of(each, self._library, wanted, gwp) for each in activities]
        return answer_of(emissions, name, gwp, ignored, assumed)

    def _check_unread(self, ignored: list[str], features: dict[str, Any]) -> None:
        """Refuses an amount of a fuel without a unit: a total would lack it."""
        for key in ignored:
            fuel, value = fuel_in(key), features[key]
            if isinstance(value, int | float) and self._library.knows(fuel):
                raise InvalidInput(
                    f"{key[:60]}: {fuel} in which unit? Put it into the field's name"
                    " (electricity_kwh, diesel_liters), or give activities: [{fuel, amount, unit}]"
                )


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> EmissionCalculator:
    """`config`: `fuels`, `sets` (the first is the default), `grid`, `gwp`: tables by file name;
    `default_gwp`: AR4, AR5 or AR6.
    """
    known_units()  # pint is loaded here, not at the first request
    return EmissionCalculator(Library(config, file))
