"""A forecast for those who tell neither a history nor a plant: the old service answered them too.

What can be said is what such a plant gives in the mean, as a share of its capacity; where the
weather and the place suffice, the physical model of a plant of capacity 1 says more.
"""

from dataclasses import replace

import numpy as np

from fogbank.deployments.esmap.models.renewable_forecast.config import Config
from fogbank.deployments.esmap.models.renewable_forecast.request import Request
from fogbank.deployments.esmap.models.renewable_forecast.values import Floats

SHARE = "share of capacity"
DEFAULT_SOURCE = "solar"


def of_capacity_one(request: Request) -> Request:
    """The request for a plant of capacity 1 where no capacity is told; its unit is a share."""
    request = replace(request, source=request.source or DEFAULT_SOURCE)
    if request.plant.capacity is not None:
        return request
    return replace(request, unit=SHARE, plant=replace(request.plant, capacity=1.0))


def typical(request: Request, config: Config) -> tuple[Floats, Floats]:
    """The world's mean for this kind of plant; the interval is all that a plant can give."""
    assert request.plant.capacity is not None
    assert request.source is not None
    mean = config.typical[request.source]
    ones = np.full(request.horizon, request.plant.capacity)
    return mean * ones, max(mean, 1 - mean) * ones
