"""What a version of the model may change."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from fogbank.deployments.esmap.models.renewable_forecast.request import SOURCES
from fogbank.deployments.esmap.models.renewable_forecast.weather import VARIABLES


class Config(BaseModel):
    """`config` of the card. Losses and errors are fractions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window: int = Field(2016, ge=100, le=5000, description="Last steps that are learned from.")
    wind_turbine: str = Field(description="A power curve of windpowerlib's turbine library.")
    hub_height: float = Field(100.0, gt=2, description="Metres, where the input gives none.")
    roughness: float = Field(0.1, gt=0, le=1, description="Roughness length of the ground, m.")
    solar_losses: float = Field(0.14, ge=0, lt=1)
    inverter_efficiency: float = Field(0.96, gt=0, le=1)
    temperature_coefficient: float = Field(-0.004, le=0, description="Of PV power, per kelvin.")
    solar_error: float = Field(gt=0, description="Error of the solar model / clear-sky power.")
    typical: dict[str, float] = Field(
        description="Share of the capacity that such a plant gives in the mean, by source."
    )
    weather_error: dict[str, float] = Field(
        description="Standard deviation of a weather forecast's error, by variable, in its unit."
    )

    @field_validator("typical")
    @classmethod
    def _for_each_source(cls, given: dict[str, float]) -> dict[str, float]:
        if set(given) != set(SOURCES) or not all(0 < share < 1 for share in given.values()):
            raise ValueError(f"typical needs a share between 0 and 1 for {list(SOURCES)}")
        return given

    @field_validator("weather_error")
    @classmethod
    def _complete(cls, given: dict[str, float]) -> dict[str, float]:
        if set(given) != set(VARIABLES) or min(given.values()) < 0:
            raise ValueError(f"weather_error needs a number of 0 or more for {list(VARIABLES)}")
        return given
