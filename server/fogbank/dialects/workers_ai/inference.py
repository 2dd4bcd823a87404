"""From a model's name and a parsed body to a request that can run, and to its `result`.

What REST, the batch queue and the binding have in common.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.asgi import Headers
from fogbank.dialects.streaming import Framing
from fogbank.dialects.workers_ai import events, forms
from fogbank.dialects.workers_ai.forms.text_generation import wants_stream
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import TaskRequest, TextGenerationRequest


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that has passed everything short of the engine."""

    card: Card
    request: TaskRequest
    streamed: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """`result` of an answer and the headers that go with it."""

    result: Any
    headers: Headers


class Inference:
    """Runs model inputs. `schemas` are the input schemas by name."""

    def __init__(self, runtime: Runtime, schemas: Mapping[str, InputSchema]) -> None:
        self.runtime = runtime
        self._schemas = schemas

    def prepare(self, card: Card, data: Any, context: Context) -> Prepared:
        """Checks a parsed body by the card's input schema. Raises AIError."""
        self.runtime.check(card)
        if isinstance(data, dict) and isinstance(options := data.get("options"), dict):
            context.reject_if_busy = options.get("rejectIfBusy") is True
            data = {key: value for key, value in data.items() if key != "options"}
        schema = self._schemas[card.input]
        if found := schema.validate(data):
            raise AIError(errors.BAD_INPUT, detail=describe(found))
        if "image" in data and card.task == "Text Generation":
            raise AIError(errors.INVALID_INPUT, detail="images are not read here")
        checked = schema.checked(data)
        if checked.keys() == {"requests"}:
            raise AIError(errors.INVALID_INPUT, detail="'requests' needs ?queueRequest=true")
        request = forms.parse(card, checked, self.runtime.sampling_defaults(card))
        streamed = isinstance(request, TextGenerationRequest) and wants_stream(checked)
        return Prepared(card, request, streamed)

    async def whole(self, prepared: Prepared, context: Context) -> Whole:
        """Runs it. Raises AIError."""
        answer = await self.runtime.run(prepared.card, prepared.request, context)
        result = forms.render(
            prepared.card, prepared.request, answer.result, neurons=answer.neurons
        )
        headers = self.headers(prepared.card, context)
        if answer.neurons is not None:
            headers.append((b"cf-ai-neurons", f"{answer.neurons:.2f}".encode()))
        return Whole(result, headers)

    def framing(self, prepared: Prepared) -> Framing:
        """How this card's answers stream."""
        if prepared.card.output == "chat-completion":
            return events.ChatCompletionEvents(prepared.card)
        return events.NativeEvents()

    def headers(self, card: Card, context: Context) -> Headers:
        """The request id and, where a stand-in answers, its name (contract 1.2)."""
        headers = [(b"cf-ai-req-id", context.request_id.encode())]
        if stand_in := self.runtime.served_by(card):
            headers.append((b"x-fogbank-served-by", stand_in.encode("latin-1", "replace")))
        return headers
