"""Puts ESMAP together: cards, models, inference, registry, HTTP."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog

from fogbank.deployments.deployment import Deployment, Services
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.api import Api
from fogbank.deployments.esmap.card import ModelCard, load_cards
from fogbank.deployments.esmap.inference import Inference
from fogbank.deployments.esmap.model import Loaded, Unavailable, build_model
from fogbank.settings import package_data

DATA = "data"

log = structlog.get_logger("fogbank.esmap")


def deployment(services: Services, options: Mapping[str, Any]) -> Deployment:
    """The entry of model_configs/deployments/esmap.yaml."""
    active = Active(load_cards(package_data(), services.settings.data_dir).values())
    for card in active.cards.values():
        try:
            active.swap(packaged(card))
        except (Unavailable, ImportError) as error:
            active.failures[card.id] = str(error)
            log.warning("model is not available", model=card.id, reason=str(error))
    inference = Inference(active, services)
    return Deployment(Api(active, inference).app, (), inference)


def packaged(card: ModelCard) -> Loaded:
    """The version that the card itself describes."""
    model = build_model(card, card.config, packaged_file)
    return Loaded(card, card.version, model, orjson.dumps([card.version, card.config]).decode())


def packaged_file(name: str) -> Path:
    """A data file that came with Fogbank. Raises FileNotFoundError."""
    path = package_data() / "deployments" / "esmap" / DATA / name
    if not path.is_file():
        raise FileNotFoundError(f"no packaged file {name!r}")
    return path
