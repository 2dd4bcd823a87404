"""What a batch asks: its items, checked before they are queued (code 5006, `/requests/0/...`)."""

from typing import Any

import orjson

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.workers_ai.bodies import branches
from fogbank.dialects.workers_ai.inference import Inference
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.errors import AIError

MAX_BYTES = 10_000_000
"""Of all items together; the service takes bodies under 10 MB."""

MAX_ITEMS = 10_000


class BatchInputs:
    """Checks `{"requests": [...]}` by the model's own branch for batches.

    Where its schema has none, every item is checked as an input of its own. What a schema cannot
    say, such as an input over the context window, fails one item when it runs.
    """

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._schemas: dict[str, InputSchema] = {}

    def checked(self, card: Card, data: Any) -> list[bytes]:
        """The items as JSON. Raises AIError."""
        self._inference.runtime.check(card)
        requests = data.get("requests") if isinstance(data, dict) else None
        if isinstance(requests, list) and len(requests) > MAX_ITEMS:
            raise AIError(errors.TOO_LARGE)
        if found := self._schema(card).validate(data):
            raise AIError(errors.BAD_INPUT, detail=describe(found))
        assert requests is not None, "the schema asks for them"
        if not requests:
            raise AIError(errors.INVALID_INPUT, detail="'requests' is empty")
        try:
            items = [orjson.dumps(item) for item in requests]
        except orjson.JSONEncodeError:
            raise AIError(errors.INVALID_INPUT, detail="an item is nested too deeply") from None
        if sum(map(len, items)) >= MAX_BYTES:
            raise AIError(errors.TOO_LARGE)
        return items

    def _schema(self, card: Card) -> InputSchema:
        schema = self._schemas.get(card.input)
        if schema is None:
            schema = self._schemas[card.input] = _for_batches(self._inference.schema(card))
        return schema


def _for_batches(schema: InputSchema) -> InputSchema:
    """Takes `requests` alone: by the schema's branch for it, or each item by the whole schema."""
    given = (branch.get("properties", {}).get("requests") for branch in branches(schema.document))
    requests = next((item for item in given if item), None)
    if requests is None:
        items = {**schema.document, "type": "object"}
        requests = {"type": "array", "items": items}
    return InputSchema(
        {"type": "object", "required": ["requests"], "properties": {"requests": requests}}
    )
