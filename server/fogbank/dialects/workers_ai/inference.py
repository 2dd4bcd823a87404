"""From a model's name and a parsed body to a request that can run, and to its `result`.

What REST, the batch queue and the binding have in common.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.asgi import Headers
from fogbank.dialects.streaming import Framing
from fogbank.dialects.structured_output import header
from fogbank.dialects.workers_ai import forms
from fogbank.dialects.workers_ai.bodies import raw_property
from fogbank.dialects.workers_ai.events import ChatCompletionEvents, NativeEvents, PaddedEvents
from fogbank.dialects.workers_ai.forms.text_generation import wants_stream
from fogbank.dialects.workers_ai.lora import adapter
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.runtime.runtime import Runtime
from fogbank.storage.finetunes import FinetuneStore
from fogbank.tasks import TaskRequest, TextGenerationRequest, TextGenerationResult, Usage


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that has passed everything short of the engine."""

    card: Card
    request: TaskRequest
    streamed: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """`result` of an answer, the headers that go with it, and what it used.

    `neurons` is None for a model without a price.
    """

    result: Any
    headers: Headers
    usage: Usage
    neurons: float | None


class Inference:
    """Runs model inputs. `schemas` are the input schemas by name.

    Without `json_streams`, JSON mode comes whole where a stream was asked for.
    """

    def __init__(
        self,
        runtime: Runtime,
        schemas: Mapping[str, InputSchema],
        finetunes: FinetuneStore,
        *,
        stream_padding: bool = False,
        json_streams: bool = True,
    ) -> None:
        self.runtime = runtime
        self._json_streams = json_streams
        self._native_events = PaddedEvents if stream_padding else NativeEvents
        self._finetunes = finetunes
        self._schemas = schemas

    def schema(self, card: Card) -> InputSchema:
        """The input schema of a card."""
        return self._schemas[card.input]

    def prepare(
        self, card: Card, data: Any, context: Context, files: Mapping[str, bytes] | None = None
    ) -> Prepared:
        """Checks a parsed body by the card's input schema. Raises AIError.

        `data` may be raw bytes; `files` are properties that came as bytes (`bodies.Body`).
        """
        self.runtime.check(card)
        if isinstance(data, dict) and isinstance(options := data.get("options"), dict):
            context.reject_if_busy = options.get("rejectIfBusy") is True
            data = {key: value for key, value in data.items() if key != "options"}
        schema = self._schemas[card.input]
        if found := schema.validate(data):
            raise AIError(errors.BAD_INPUT, detail=describe(found))
        if isinstance(data, bytes):
            raw = raw_property(schema)
            assert raw, "the schema took bytes, so it says what they are"
            request = forms.parse(card, {raw: data}, self.runtime.sampling_defaults(card))
            return Prepared(card, request, False)
        if "image" in data and card.task == "Text Generation":
            raise AIError(errors.INVALID_INPUT, detail="images are not read here")
        checked = schema.checked(data)
        if files:
            checked |= {name: value for name, value in files.items() if name in checked}
        if "tool_choice" in data:  # in no schema, yet clients send it
            checked["tool_choice"] = data["tool_choice"]
        if checked.keys() == {"requests"}:
            raise AIError(errors.INVALID_INPUT, detail="'requests' needs queueRequest=true")
        request = forms.parse(card, checked, self.runtime.sampling_defaults(card))
        if isinstance(request, TextGenerationRequest) and "lora" in checked:
            lora = adapter(self._finetunes, self.runtime, card, checked["lora"], context.account)
            request = replace(request, lora=lora)
        streamed = isinstance(request, TextGenerationRequest) and wants_stream(
            checked, json_streams=self._json_streams
        )
        return Prepared(card, request, streamed)

    async def whole(self, prepared: Prepared, context: Context) -> Whole:
        """Runs it. Raises AIError."""
        answer = await self.runtime.run(prepared.card, prepared.request, context)
        result = forms.render(
            prepared.card, prepared.request, answer.result, neurons=answer.neurons
        )
        headers = self.headers(prepared.card, context)
        if isinstance(answer.result, TextGenerationResult):
            headers += header(answer.result.evidence)
        if answer.neurons is not None:
            headers.append((b"cf-ai-neurons", f"{answer.neurons:.2f}".encode()))
        return Whole(result, headers, answer.result.usage, answer.neurons)

    def framing(self, prepared: Prepared) -> Framing:
        """How this card's answers stream."""
        if prepared.card.output == "chat-completion":
            return ChatCompletionEvents(prepared.card)
        return self._native_events()

    def headers(self, card: Card, context: Context) -> Headers:
        """The request id and, where a stand-in answers, its name (contract 1.2)."""
        headers = [(b"cf-ai-req-id", context.request_id.encode())]
        if stand_in := self.runtime.served_by(card):
            headers.append((b"x-fogbank-served-by", stand_in.encode("latin-1", "replace")))
        return headers
