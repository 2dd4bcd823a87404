"""Generation of a solar, wind or hydro plant over the next steps, with prediction intervals."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from fogbank.deployments.esmap.call import COMPUTING, Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import File, Unavailable
from fogbank.deployments.esmap.models.renewable_forecast.answer import answer
from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.forecast import predict
from fogbank.deployments.esmap.models.renewable_forecast.request import Request, read
from fogbank.deployments.esmap.models.renewable_forecast.wind import power_curve

LIBRARIES = ("pandas", "pvlib", "scipy", "statsmodels", "windpowerlib")


class RenewableForecast:
    """Learns from the history of the input alone: there is nothing to train beforehand."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        read(input, options)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        return await call.compute(lambda: self.forecast(read(input, options)))

    def forecast(self, request: Request) -> dict[str, Any]:
        """The inner result. Raises InvalidInput."""
        outcome, physical, understood = predict(request, self._config)
        return answer(understood, outcome, physical)

    def warm(self) -> None:
        """Loads the libraries: more than a second, which the first request shall not wait for."""
        for source in ("solar", "wind"):
            weather = {"temperature": 15, "windSpeed": 6, "cloudCover": 0.5}
            plant = {"capacity": 1, "latitude": 0, "longitude": 0, "step": "hour"}
            features = {
                **weather,
                **plant,
                "source": source,
                "startTime": "2026-01-01T12:00:00Z",
                "historicalGeneration": [0.1, 0.2, 0.4, 0.3, 0.2, 0.1] * 16,
            }
            self.forecast(read({"features": features}, {}))


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> RenewableForecast:
    """`config`: see `Config`. The libraries are loaded behind the server's start, in a thread."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise Unavailable(
            f"{' and '.join(missing)} not installed: pip install 'fogbank[deployments]'"
        )
    checked = Config.model_validate(config)
    power_curve(checked.wind_turbine)
    model = RenewableForecast(checked)
    COMPUTING.submit(model.warm)
    return model
