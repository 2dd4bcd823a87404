"""The fake engine: deterministic, instant, and it can be told to fail, stall or die.

It computes nothing: text generation echoes words, the other tasks answer from a hash of the text.
A token is a word, so counts are real. It stands where an engine stands, in tests and in a profile
that tries the front end without weights; nothing it says means anything.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from fogbank.engines import fake_answers
from fogbank.engines.base import (
    EngineDead,
    EngineError,
    EngineRefused,
    EngineTooLong,
    EngineUnavailable,
    Health,
)
from fogbank.engines.collect import collect
from fogbank.engines.json_calls import JsonCalls
from fogbank.engines.tool_text import stream_with_calls
from fogbank.tasks import (
    ImageClassificationRequest,
    ImageClassificationResult,
    QuestionAnsweringRequest,
    RerankingRequest,
    RerankingResult,
    SpeechRecognitionRequest,
    SummarizationRequest,
    SummarizationResult,
    TaskRequest,
    TaskResult,
    TextChunk,
    TextClassificationRequest,
    TextClassificationResult,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
    TextGenerationRequest,
    TokenClassificationRequest,
    TokenClassificationResult,
    TranslationRequest,
    TranslationResult,
    Usage,
)


class FakeEngine:
    """An `Engine` without a model.

    `answer` makes the text of a generation (default: an echo); `dimensions` is the length of an
    embedding; `seconds_per_token` as `slow()`. Counters: `starts` of the engine; requests
    `started`, `aborted` (cancelled or closed before their last token). `requests` keeps the last
    thousand of them.
    """

    def __init__(
        self,
        name: str,
        *,
        context_window: int = 8192,
        answer: Callable[[TextGenerationRequest], str] = fake_answers.echo,
        labels: tuple[str, ...] = ("NEGATIVE", "POSITIVE"),
        dimensions: int = 384,
        seconds_per_token: float = 0.0,
        lora: bool = True,
    ) -> None:
        self.name = name
        self.starts = 0
        self.started = 0
        self.aborted = 0
        self.requests: deque[TaskRequest] = deque(maxlen=1000)
        self._context_window = context_window
        self._answer = answer
        self._labels = tuple(labels)
        self._dimensions = dimensions
        self._seconds_per_token = seconds_per_token
        self.takes_lora = lora
        self._health = Health.STOPPED
        self._running = 0
        self._refusal: str | None = None
        self._failures: deque[tuple[int, Exception]] = deque()
        self._start_failures: deque[Exception] = deque()
        self._end: EngineError | None = EngineUnavailable(f"the engine {name} is not started")
        self._ended = asyncio.Event()
        self._gate = asyncio.Event()
        self._gate.set()
        self._allowed = 0

    # What a test can tell it.

    def fail_next(self, error: Exception, *, after: int = 0) -> None:
        """The next request raises this, `after` so many tokens. Called twice: the next two."""
        self._failures.append((after, error))

    def fail_next_start(self, error: Exception) -> None:
        """The next `start` raises this."""
        self._start_failures.append(error)

    def refuse(self, text: str | None) -> None:
        """Every request, and every `encode`, raises EngineRefused(text); None ends that."""
        self._refusal = text

    def stall(self) -> None:
        """Starts and requests stop where they are until `release` or the engine's end."""
        self._allowed = 0
        self._gate.clear()

    def release(self) -> None:
        """Ends a stall."""
        self._allowed = 0
        self._gate.set()

    def allow(self, tokens: int) -> None:
        """A stalled engine makes so many tokens more, for whoever asks first, and stalls again."""
        self._allowed += tokens
        self._gate.set()

    def slow(self, seconds_per_token: float) -> None:
        """Every token (or whole answer, in other tasks) takes so long from now on; 0 is instant."""
        self._seconds_per_token = seconds_per_token

    def die(self) -> None:
        """The engine is DEAD until the next `start`; all in flight raise EngineDead."""
        self._close(Health.DEAD, EngineDead(f"the engine {self.name} died"))

    # What an engine does.

    async def start(self) -> None:
        """Ready at once, unless told otherwise."""
        await self._gate.wait()
        if self._start_failures:
            raise self._start_failures.popleft()
        self.starts += 1
        self._end, self._ended = None, asyncio.Event()
        self._health = Health.READY

    async def stop(self) -> None:
        """In flight, and from now on: EngineUnavailable."""
        self._close(Health.STOPPED, EngineUnavailable(f"the engine {self.name} is stopped"))

    def health(self) -> Health:
        return self._health

    @property
    def context_window(self) -> int:
        return self._context_window

    @property
    def running(self) -> int:
        return self._running

    @property
    def continues(self) -> bool:
        return True

    def gauges(self) -> Mapping[str, float]:
        return {}

    async def encode(self, request: TextGenerationRequest) -> list[int] | None:
        """One id per word; a message's role is a word."""
        if self._refusal is not None:
            raise EngineRefused(self._refusal)
        return fake_answers.word_ids(fake_answers.prompt_words(request))

    async def run(self, request: TaskRequest) -> TaskResult:
        if isinstance(request, TextGenerationRequest):
            return await collect(self.stream(request))
        _, failure = self._admit(request)
        with self._in_flight():
            await self._step()
            if failure is not None:
                raise failure
            if isinstance(request, TextEmbeddingsRequest):
                self._check_length(request.texts, truncate=request.truncate)
                vectors = [
                    fake_answers.vector(text, request.pooling, self._dimensions)
                    for text in request.texts
                ]
                return TextEmbeddingsResult(vectors, _words(*request.texts))
            if isinstance(request, TextClassificationRequest):
                scores = fake_answers.label_scores(request.text, self._labels)
                return TextClassificationResult(scores, _words(request.text))
            if isinstance(request, TokenClassificationRequest):
                entities = fake_answers.entities(request.text)
                return TokenClassificationResult(entities, _words(request.text))
            if isinstance(request, QuestionAnsweringRequest):
                return fake_answers.span(request)
            if isinstance(request, RerankingRequest):
                self._check_length(request.contexts, truncate=request.truncate)
                ranks = [fake_answers.relevance(request.query, text) for text in request.contexts]
                return RerankingResult(ranks, _words(request.query, *request.contexts))
            if isinstance(request, SummarizationRequest):
                summary = fake_answers.summary(request.text, request.max_length)
                return SummarizationResult(summary, _words(request.text, written=summary))
            if isinstance(request, TranslationRequest):
                text = fake_answers.translation(
                    request.text, request.source_lang, request.target_lang
                )
                return TranslationResult(text, _words(request.text, written=text))
            if isinstance(request, SpeechRecognitionRequest):
                return fake_answers.transcription(request)
            if isinstance(request, ImageClassificationRequest):
                scores = fake_answers.image_scores(request.image, self._labels)
                return ImageClassificationResult(scores, Usage(images=1))
            raise EngineRefused(f"{self.name} is not loaded for this task")

    def _check_length(self, texts: tuple[str, ...], *, truncate: bool) -> None:
        longest = max((len(text.split()) for text in texts), default=0)
        if not truncate and longest > self._context_window:
            raise EngineTooLong(longest)

    def stream(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        """One chunk per word; at least one, so that there is a finish_reason."""
        return stream_with_calls(self._chunks(request), request, JsonCalls())

    async def _chunks(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        after, failure = self._admit(request)
        prompt_tokens, tokens, finish_reason = self._script(request)
        last = max(len(tokens) - 1, 0)
        with self._in_flight():
            for sent in range(last + 1):
                await self._step()
                if failure is not None and sent >= min(after, last):
                    raise failure
                if sent < last:
                    likely = fake_answers.logprobs(tokens[sent], request.sampling.logprobs)
                    yield TextChunk(tokens[sent], prompt_tokens, sent + 1, logprobs=likely)
        # Counted out before the last chunk: who closes the iterator on reading it aborts nothing.
        token = "".join(tokens[-1:])
        likely = fake_answers.logprobs(token, request.sampling.logprobs)
        count = len(tokens)
        yield TextChunk(token, prompt_tokens, count, finish_reason=finish_reason, logprobs=likely)

    def _script(self, request: TextGenerationRequest) -> tuple[int, list[str], str]:
        """Prompt tokens, the tokens to say, finish_reason."""
        prompt_tokens = len(fake_answers.prompt_words(request))
        room = self._context_window - prompt_tokens
        if room < 1:
            raise EngineTooLong(prompt_tokens)
        text = self._answer(request)
        for stop in request.sampling.stop:
            text = text.partition(stop)[0] if stop else text
        tokens = fake_answers.pieces(text, is_json=request.constraint is not None)
        limit = min(request.sampling.max_tokens, room)
        return prompt_tokens, tokens[:limit], "length" if len(tokens) > limit else "stop"

    def _admit(self, request: TaskRequest) -> tuple[int, Exception | None]:
        """Tokens before the failure asked for, and the failure, if this request has one."""
        if self._end is not None:
            raise self._end
        if self._refusal is not None:
            raise EngineRefused(self._refusal)
        self.requests.append(request)
        return self._failures.popleft() if self._failures else (0, None)

    @contextmanager
    def _in_flight(self) -> Iterator[None]:
        self.started += 1
        self._running += 1
        try:
            yield
        except (asyncio.CancelledError, GeneratorExit):
            self.aborted += 1
            raise
        finally:
            self._running -= 1

    async def _step(self) -> None:
        """One token's time: the pace, the stall, the end of the engine."""
        ended = self._ended
        if self._seconds_per_token:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_per_token):
                    await ended.wait()
        else:
            await asyncio.sleep(0)
        while not self._gate.is_set() and not ended.is_set():
            waits = [asyncio.create_task(event.wait()) for event in (self._gate, ended)]
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
        if ended.is_set():
            raise self._end or EngineDead(f"the engine {self.name} was restarted")
        if self._allowed:
            self._allowed -= 1
            if not self._allowed:
                self._gate.clear()

    def _close(self, health: Health, error: EngineError) -> None:
        self._health, self._end = health, error
        self._ended.set()


def _words(*texts: str, written: str = "") -> Usage:
    return Usage(sum(len(text.split()) for text in texts), len(written.split()))
