"""Answers to questions on a text: a span of it, or that it holds none.

Where the profile serves a model of extractive question answering, that model answers. Elsewhere the
answer is found by parts: the sentences nearest to the question, the spans in them that fit what its
form asks for, and linear models, fitted on labelled questions, that choose and say how sure to be.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.energy import build_categories
from fogbank.deployments.esmap.model import File
from fogbank.deployments.esmap.models.energy_qa.model import Config, EnergyQa


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> EnergyQa:
    """`config` has the fields of `Config`. Raises ValueError or OSError."""
    try:
        read = Config.model_validate(dict(config))
    except ValidationError as error:
        raise ValueError(f"config of {card.id}: {error}") from error
    return EnergyQa(card, read, build_categories(config, file))
