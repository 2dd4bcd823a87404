"""A model card of ESMAP: what clients see of a model, how it is built, and how good it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fogbank.catalog.document import read_document
from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import CatalogError, Mistake

Kind = Literal[
    "text-classification",
    "token-classification",
    "question-answering",
    "regression",
    "text-generation",
    "summarization",
    "optimization",
]


class Golden(BaseModel):
    """An input whose answer is known: it must hold before a version is deployed.

    `expect` gives values by dotted path into the inner result (`emissions.co2e`,
    `entities.0.type`); a number holds within `tolerance` of itself, relative.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: dict[str, Any]
    expect: dict[str, Any] = Field(default_factory=dict)
    tolerance: float = Field(0.01, ge=0)


class Facts(BaseModel):
    """What a person must know to use a model: GET /models/{id} shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: dict[str, str] = Field(description="Field, meaning and unit.")
    outputs: dict[str, str] = Field(description="Field, meaning and unit.")
    method: str
    limits: tuple[str, ...]
    figures: tuple[dict[str, Any], ...] = Field(
        description="Held-out or reference figures: what, value, on, command."
    )
    sources: tuple[str, ...] = ()


class ModelCard(BaseModel):
    """One file of model_configs/deployments/esmap."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    description: str
    provider: str
    model_id: str = Field(description="`modelId` of the description: what computes.")
    type: Kind
    domain: str
    input_format: str
    output_format: str
    max_tokens: int | None = Field(None, ge=1)
    features: tuple[str, ...]
    status: Literal["active", "inactive"] = "active"
    version: str = "1.0.0"
    deadline: float = Field(1.5, gt=0, description="Seconds from the start of the work.")
    max_concurrent: int = Field(
        10, ge=1, description="Inferences that work at once: a batch; more only take longer each."
    )
    max_waiting: int = Field(4000, ge=0, description="Inferences that may wait; more: 429.")
    implementation: str = Field(
        description="Module of fogbank.deployments.esmap.models; one of your own, with its package:"
        " package.module."
    )
    config: dict[str, Any] = Field(
        default_factory=dict, description="What a version may change; the module defines it."
    )
    example_input: dict[str, Any]
    example_output: dict[str, Any]
    golden: tuple[Golden, ...] = Field(min_length=1)
    card: Facts


def load_cards(package_data: Path, data_dir: Path | None = None) -> dict[str, ModelCard]:
    """The cards by id, in the order of their files; the operator's change the keys that they give.

    Raises CatalogError with all mistakes.
    """
    raw: dict[str, dict[str, Any]] = {}
    cards: dict[str, ModelCard] = {}
    mistakes: list[Mistake] = []
    for root in filter(None, (package_data, data_dir)):
        for file in sorted((root / "deployments" / "esmap").glob("*.yaml")):
            document = read_document(file)
            mistakes += document.mistakes
            if document.mistakes:
                continue
            if not isinstance(document.data, dict):
                mistakes.append(document.mistake((), "expected a mapping of keys to values"))
                continue
            data = {**raw.get(str(document.data.get("id")), {}), **document.data}
            try:
                card = ModelCard.model_validate(data)
            except ValidationError as error:
                details = error.errors(include_url=False)
                mistakes += [document.mistake(*explain(ModelCard, each)) for each in details]
                continue
            raw[card.id], cards[card.id] = data, card
    if mistakes:
        raise CatalogError(mistakes)
    return cards


def listed(card: ModelCard) -> dict[str, Any]:
    """An item of GET /models."""
    return {
        "id": card.id,
        "name": card.name,
        "description": card.description,
        "type": card.type,
        "domain": card.domain,
        "features": list(card.features),
        "status": card.status,
    }


def described(card: ModelCard, endpoints: Mapping[str, str], version: str) -> dict[str, Any]:
    """`model` of GET /models/{id}: the old service's keys, then `version`, `deadlineMs`, `card`."""
    tokens = {} if card.max_tokens is None else {"maxTokens": card.max_tokens}
    return {
        "id": card.id,
        "name": card.name,
        "description": card.description,
        "provider": card.provider,
        "modelId": card.model_id,
        "type": card.type,
        "domain": card.domain,
        "inputFormat": card.input_format,
        "outputFormat": card.output_format,
        **tokens,
        "features": list(card.features),
        "status": card.status,
        "endpoints": dict(endpoints),
        "usage": {"example_input": card.example_input, "example_output": card.example_output},
        "version": version,
        "deadlineMs": round(card.deadline * 1000),
        "card": card.card.model_dump(mode="json"),
    }
