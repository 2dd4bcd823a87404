"""The model as its card builds it, and what it answers to a grid."""

from functools import lru_cache
from typing import Any

from fogbank.deployments.esmap.card import ModelCard, load_cards
from fogbank.deployments.esmap.model import build_model
from fogbank.deployments.esmap.models.grid_optimizer import GridOptimizer
from fogbank.deployments.esmap.service import packaged_file
from fogbank.settings import package_data


@lru_cache(1)
def card() -> ModelCard:
    return load_cards(package_data())["grid-optimizer"]


@lru_cache(1)
def optimizer() -> GridOptimizer:
    model = build_model(card(), card().config, packaged_file)
    assert isinstance(model, GridOptimizer)
    return model


def solve(**grid: Any) -> dict[str, Any]:
    return optimizer().compute(grid)


def plan(**grid: Any) -> dict[str, Any]:
    """The optimal configuration of a grid that can be served."""
    answer = solve(**grid)
    assert answer["constraints_satisfied"], answer["infeasible"] or answer["constraints"]
    assert answer["solver"]["status"] == "Optimal"
    configuration: dict[str, Any] = answer["optimal_configuration"]
    assert configuration["cost"] + 1e-6 >= answer["solver"]["bound"]
    return configuration


def unit(name: str, capacity: float, cost: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "capacity": capacity, "cost": cost, **more}
