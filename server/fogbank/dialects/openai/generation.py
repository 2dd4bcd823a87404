"""Chat completions and text completions: one answer or several, whole or streamed."""

from abc import abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.types import Send

from fogbank import tasks
from fogbank.dialects.asgi import send_json
from fogbank.dialects.openai import choices, reply
from fogbank.dialects.openai.endpoint import Ask, Endpoint
from fogbank.dialects.openai.error_object import error_object
from fogbank.dialects.openai.output_format import Form
from fogbank.dialects.streaming import send_events, send_stream, used
from fogbank.dialects.structured_output import beside_usage
from fogbank.dialects.workers_ai.events import DONE, event
from fogbank.dialects.workers_ai.forms.text_generation import usage
from fogbank.errors import AIError
from fogbank.tasks import (
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be generated: `requests` in the order of the choices, `n` to a prompt.

    `form` is what each of them must be.
    """

    requests: list[TextGenerationRequest]
    n: int
    stream: bool
    form: Form


class ChoiceEvents(Protocol):
    """Frames the chunks of one choice, its finish reason included."""

    def __call__(self, chunk: TextChunk) -> bytes: ...


class GenerationEndpoint(Endpoint):
    """What the two routes share. A subclass reads a body and words a choice."""

    task = tasks.TEXT_GENERATION
    whole_object: str
    piece_object: str

    @abstractmethod
    def read(self, ask: Ask) -> Wanted:
        """The body as requests. Raises AIError."""

    @abstractmethod
    def choice(
        self, index: int, request: TextGenerationRequest, result: TextGenerationResult
    ) -> dict[str, Any]:
        """A whole choice."""

    @abstractmethod
    def events(self, head: dict[str, Any], index: int) -> ChoiceEvents:
        """How a choice streams; `head` stands in front of `choices` in every event."""

    def work(self, ask: Ask, send: Send) -> Coroutine[Any, Any, None]:
        wanted = self.read(ask)
        return self._stream(ask, wanted, send) if wanted.stream else self._whole(ask, wanted, send)

    async def _whole(self, ask: Ask, wanted: Wanted, send: Send) -> None:
        with wanted.form.blamed():
            results = await choices.run_all(
                self.runtime, ask.card, wanted.requests, ask.context, wanted.n
            )
        total = choices.total({at: result.usage for at, result in enumerate(results)}, wanted.n)
        neurons = self.runtime.meter.neurons(ask.card, total)
        body = {
            **reply.head(self.whole_object, ask.card),
            "choices": [
                self.choice(index, wanted.requests[index], result)
                for index, result in enumerate(results)
            ],
            "usage": usage(total, neurons),
        }
        await send_json(send, 200, body, self.headers(ask, neurons, results[0].evidence))

    async def _stream(self, ask: Ask, wanted: Wanted, send: Send) -> None:
        head = reply.head(self.piece_object, ask.card)
        frames = [self.events(head, index) for index in range(len(wanted.requests))]
        with wanted.form.blamed():
            if len(frames) > 1:
                await self._stream_several(ask, wanted, send, head, frames)
                return
            await send_stream(
                self.runtime,
                ask.card,
                wanted.requests[0],
                ask.context,
                send,
                self.headers(ask),
                OneChoice(head, frames[0]),
            )

    async def _stream_several(
        self,
        ask: Ask,
        wanted: Wanted,
        send: Send,
        head: dict[str, Any],
        frames: Sequence[ChoiceEvents],
    ) -> None:
        lasts: dict[int, TextChunk] = {}

        def frame(piece: choices.Piece) -> bytes:
            index, chunk = piece
            lasts[index] = chunk
            return frames[index](chunk)

        def end(last: choices.Piece | None) -> bytes:
            counts = {index: used(chunk) for index, chunk in lasts.items()}
            total = choices.total(counts, wanted.n)
            neurons = self.runtime.meter.neurons(ask.card, total)
            return usage_event(head, total, neurons, lasts.get(0)) + DONE

        opened = choices.stream_all(self.runtime, ask.card, wanted.requests, ask.context, wanted.n)
        await send_events(opened, frame, end, failure, ask.context, send, self.headers(ask))


class OneChoice:
    """Framing of the usual stream, which has one choice."""

    def __init__(self, head: dict[str, Any], frame: Callable[[TextChunk], bytes]) -> None:
        self._head = head
        self.chunk = frame

    def end(self, last: TextChunk | None, neurons: float | None) -> bytes:
        """The usage with empty choices, as Cloudflare sends it unasked (contract 1.3)."""
        return usage_event(self._head, used(last), neurons, last) + DONE

    def failure(self, error: AIError, request_id: str) -> bytes:
        """OpenAI's own error event, and no `[DONE]` after it (decisions.md 6)."""
        return failure(error, request_id)


def usage_event(
    head: dict[str, Any], counts: Usage, neurons: float | None, last: TextChunk | None
) -> bytes:
    """The last event before `[DONE]`; `last` says how its form was met."""
    totals = usage(counts, neurons)
    return event({**head, "choices": [], "usage": totals, **beside_usage(last)})


def failure(error: AIError, request_id: str) -> bytes:
    """The last event of a stream that failed."""
    return event({"error": error_object(error, request_id)})
