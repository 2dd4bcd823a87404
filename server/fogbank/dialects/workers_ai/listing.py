"""A card as a row of models/search (contract 1.4)."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.catalog.card import Card, TaskName
from fogbank.catalog.task_info import TaskInfo

BOOLEANS = (
    "beta",
    "function_calling",
    "vision",
    "lora",
    "async_queue",
    "partner",
    "realtime",
    "require_workers_paid",
)
TEXTS = (
    "context_window",
    "max_input_tokens",
    "output_dimensions",
    "info",
    "terms",
    "languages",
)
SOURCE = 1
"""Of every model on record (contract 1.4)."""
NO_DATE = "1970-01-01 00:00:00.000"
"""Of a model whose date is not on record: clients read a text here."""
NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "https://fogbank.invalid/models/")


def row(
    card: Card,
    tasks: Mapping[TaskName, TaskInfo],
    prices: list[dict[str, Any]],
    stands_in: str | None,
) -> dict[str, Any]:
    """`prices` are `{unit, price, currency}`; `stands_in` names what answers in its place."""
    properties: list[dict[str, Any]] = [*_properties(card)]
    if prices:
        properties.append({"property_id": "price", "value": prices})
    if stands_in:
        properties.append({"property_id": "fogbank_served_by", "value": stands_in})
    return {
        "id": card.id or str(uuid.uuid5(NAMES, card.name)),
        "source": SOURCE,
        "name": card.name,
        "description": card.description,
        "task": task_row(listed_task(card), tasks),
        "created_at": card.created_at or NO_DATE,
        "tags": [],
        "properties": properties,
    }


def listed_task(card: Card) -> TaskName:
    """The task under which the service files it."""
    return card.listed_as or card.task


def task_row(name: TaskName, tasks: Mapping[TaskName, TaskInfo]) -> dict[str, str]:
    """A task as it stands in a model's row and in tasks/search."""
    info = tasks[name]
    return {"id": info.id, "name": name, "description": info.description}


def author(card: Card) -> str:
    """`meta` of `@cf/meta/llama-3.1-8b-instruct`; of a name without one, what stands before it."""
    return card.name.split("/")[-2].removeprefix("@")


def _properties(card: Card) -> Iterator[dict[str, str]]:
    """Values are texts; a boolean that is false is absent."""
    for name in BOOLEANS:
        if getattr(card, name) and name not in card.unlisted:
            yield {"property_id": name, "value": "true"}
    for name in TEXTS:
        value = getattr(card, name)
        if value and name not in card.unlisted:
            yield {"property_id": name, "value": str(value)}
    if card.deprecated_on:
        yield {"property_id": "planned_deprecation_date", "value": card.deprecated_on.isoformat()}
