"""The model as its card builds it, and what it answers to features."""

from functools import lru_cache
from typing import Any

from fogbank.deployments.esmap.card import ModelCard, load_cards
from fogbank.deployments.esmap.model import build_model
from fogbank.deployments.esmap.models.emission_calculator import EmissionCalculator
from fogbank.deployments.esmap.service import packaged_file
from fogbank.settings import package_data


@lru_cache(1)
def card() -> ModelCard:
    return load_cards(package_data())["emission-calculator"]


@lru_cache(1)
def calculator() -> EmissionCalculator:
    model = build_model(card(), card().config, packaged_file)
    assert isinstance(model, EmissionCalculator)
    return model


def calculate(**features: Any) -> dict[str, Any]:
    return calculator().compute(features)


def emissions(fuel: str, amount: float, unit: str, **more: Any) -> dict[str, Any]:
    """Those of one activity, in kg."""
    activity = {"fuel": fuel, "amount": amount, "unit": unit}
    found: dict[str, Any] = calculate(activities=[activity], **more)["emissions"]
    return found
