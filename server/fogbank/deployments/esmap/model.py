"""What each of ESMAP's models is to the service around it, and how it is made from its card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard

File = Callable[[str], Path]
"""Finds a data file by its name: the version's own artifact, else the packaged one."""


class InvalidInput(ValueError):
    """The input cannot be worked on. The message is the client's `details.message`."""


class Unavailable(Exception):
    """The machine lacks what the model computes with; the message says what to do."""


class Model(Protocol):
    """One model, built for one version. It keeps no state between inferences."""

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        """Raises InvalidInput, in microseconds: nothing is computed here."""

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        """The inner result. Raises InvalidInput, AIError, or anything that becomes a fallback.

        Work that takes more than some milliseconds runs in `call.compute`.
        """


class Make(Protocol):
    """`build` of a module of fogbank.deployments.esmap.models."""

    def __call__(self, card: ModelCard, config: Mapping[str, Any], file: File) -> Model:
        """Raises ValueError or OSError for a config or a file that is none, and Unavailable."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version of a model, ready to work. `fingerprint` tells it from every other one."""

    card: ModelCard
    version: str
    model: Model
    fingerprint: str


def build_model(card: ModelCard, config: Mapping[str, Any], file: File) -> Model:
    """A model with this config. Raises what `Make` raises, ImportError for an unknown module.

    An implementation with a dot in its name is an operator's own module.
    """
    name = card.implementation
    module = import_module(name if "." in name else f"fogbank.deployments.esmap.models.{name}")
    make: Make = module.build
    return make(card, config, file)


def text_of(input: Any, field: str = "text") -> str:
    """The text of an input. Raises InvalidInput in the old service's words."""
    value = input.get(field) if isinstance(input, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"Input must contain a {field} field")
    return value


def check_length(text: str, card: ModelCard) -> None:
    """Raises InvalidInput for more than four characters a token of the card's limit."""
    if card.max_tokens is not None and len(text) > 4 * card.max_tokens:
        raise InvalidInput("Text exceeds maximum length")


def features_of(input: Any) -> dict[str, Any]:
    """The features of an input. Raises InvalidInput in the old service's words."""
    value = input.get("features") if isinstance(input, dict) else None
    if not isinstance(value, dict):
        raise InvalidInput("Input must contain features")
    return value
