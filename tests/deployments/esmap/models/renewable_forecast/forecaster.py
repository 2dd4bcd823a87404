"""The model as its card describes it."""

from functools import cache
from typing import Any, cast

from fogbank.deployments.esmap.card import ModelCard, load_cards
from fogbank.deployments.esmap.model import build_model
from fogbank.deployments.esmap.models.renewable_forecast import RenewableForecast
from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.request import read
from fogbank.deployments.esmap.service import packaged_file
from fogbank.settings import package_data


@cache
def card() -> ModelCard:
    return load_cards(package_data())["renewable-forecast"]


class Forecaster:
    """Asks without a service around it."""

    def __init__(self) -> None:
        self.model = cast(RenewableForecast, build_model(card(), card().config, packaged_file))
        self.config = Config.model_validate(card().config)

    def forecast(self, features: dict[str, Any], **options: Any) -> dict[str, Any]:
        return self.model.forecast(read({"features": features}, options))

    def told(self, features: dict[str, Any], place: int) -> dict[str, Any]:
        """For `held_out`, which also tells the place of the cut in the series."""
        return self.forecast(features)


@cache
def forecaster() -> Forecaster:
    return Forecaster()
