"""vLLM in this process through AsyncLLM; its EngineCore and workers are processes of their own.

Proven on 0.32; written after reading 0.26 and 0.33 too:

* `SamplingParams.stream_interval` is there from 0.32 on; before, the output processor's attribute
  at the moment a request is registered is what counts.
* From 0.32 on a request that vLLM refuses raises VLLMClientError, before a ValueError.
* From 0.32 on a prompt without a "type" is validated, its schema compiled, in a thread of vLLM's;
  before, on the event loop.

What it does not know: images, n > 1, and vLLM's own metrics, which stay switched off.
"""

import asyncio
import itertools
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from fogbank.engines import vllm_outputs
from fogbank.engines.base import (
    EngineDead,
    EngineError,
    EngineRefused,
    EngineUnavailable,
    Health,
)
from fogbank.engines.chat_template import ChatTemplate
from fogbank.engines.child_processes import Brood, deaf_to_interrupts
from fogbank.engines.daemon_thread import in_daemon_thread
from fogbank.engines.imports import LOADING
from fogbank.engines.json_calls import JsonCalls
from fogbank.engines.tool_text import (
    CallParser,
    looks_for_calls,
    stream_with_calls,
    with_calls,
)
from fogbank.engines.vllm_imports import stat_logger, vllm_names
from fogbank.engines.vllm_lora import LoraShelf
from fogbank.engines.vllm_options import engine_arguments, environment, load_error
from fogbank.engines.vllm_sampling import sampling_arguments
from fogbank.engines.vllm_stats import EngineStats, SchedulerBoard
from fogbank.engines.vllm_structured import LONG, structured_arguments
from fogbank.engines.vllm_tools import call_parser
from fogbank.tasks import (
    TaskRequest,
    TaskResult,
    TextChunk,
    TextGenerationRequest,
)

WATCH_INTERVAL = 0.1
SHUTDOWN_SECONDS = 5.0
STOP_SECONDS = 15.0
PROCESS_TITLE = "VLLM::"
FINISH_REASONS = {"stop": "stop", "length": "length", "repetition": "stop"}


class VllmEngine:
    """An `Engine` for text generation. `model` is a Hugging Face folder or a GGUF file.

    `options` are AsyncEngineArgs by name, and `tool_parser`, vLLM's name of the form in which the
    model writes calls (JSON where it is left out). `environment` holds for the time of the start.
    """

    def __init__(
        self,
        name: str,
        model: Path,
        *,
        options: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.model = model
        self._options = dict(options or {})
        self._tool_parser = self._options.pop("tool_parser", None)
        self._environment = dict(environment or {})
        self._board = SchedulerBoard()
        self._brood = Brood()
        self._numbers = itertools.count(1)
        self._llm: Any = None
        self._vllm: Any = None
        self._template: ChatTemplate | None = None
        self._parser: CallParser = JsonCalls()
        self._shelf: LoraShelf | None = None
        self._building: asyncio.Future[None] | None = None
        self._stopped = threading.Event()
        self._died = False
        self._watcher: asyncio.Task[None] | None = None

    # Life.

    async def start(self) -> None:
        if self._llm is not None or self._building is not None:
            return
        self._stopped.clear()
        self._died = False
        self._building = in_daemon_thread(self._build, f"load {self.name}")
        try:
            await asyncio.shield(self._building)
        except EngineError:
            raise
        except Exception as error:
            raise load_error(self.model, error) from error
        llm: Any = self._llm
        if llm is None:
            raise EngineUnavailable(f"the engine {self.name} was stopped while it started")
        # Built without a loop, it waits for the first request before it listens to its engine
        # process; then a death before that would not be seen.
        if run_output_handler := getattr(llm, "_run_output_handler", None):
            run_output_handler()
        await llm.get_supported_tasks()
        self._watcher = asyncio.create_task(self._watch(llm), name=f"watch {self.name}")

    def _build(self) -> None:
        """Loads everything. Minutes for large weights: runs in a thread."""
        template = ChatTemplate.load(Path(self._options.get("tokenizer") or self.model))
        with environment(self._environment, options=self._options) as sockets:
            if self._stopped.is_set():
                return
            with LOADING:
                self._vllm = vllm_names()
                self._parser = call_parser(self._tool_parser, template.tokenizer)
            arguments = engine_arguments(
                self.model,
                self._options,
                known={field.name for field in fields(self._vllm.AsyncEngineArgs)},
                on_cpu=self._vllm.current_platform.is_cpu(),
            )
            sockets(self._brood.begin())
            with deaf_to_interrupts():
                llm = self._vllm.AsyncLLM.from_engine_args(
                    self._vllm.AsyncEngineArgs(**arguments),
                    stat_loggers=[stat_logger(self._board)],
                )
            self._brood.record()
            self._brood.watch(PROCESS_TITLE)
        if self._stopped.is_set():
            llm.shutdown(timeout=0)
            return
        if not getattr(llm.output_processor, "tracing_enabled", False):
            # The scheduler's statistics stay; those per token cost a third of the front end.
            llm.log_stats = llm.output_processor.log_stats = False
        if llm.vllm_config.lora_config is not None:
            self._shelf = LoraShelf(self.model, llm, self._vllm.LoRARequest)
        self._llm, self._template = llm, template

    async def _watch(self, llm: Any) -> None:
        """Ends what is in flight once the engine is dead, whatever path a request was on."""
        while True:
            await asyncio.sleep(WATCH_INTERVAL)
            # A worker's death reaches vLLM's errored flag late where EngineCore is busy.
            if llm.errored or self._brood.lost():
                self._died = True
                self._board.forget()
                llm.output_processor.propagate_error(self._vllm.EngineDeadError())

    async def stop(self) -> None:
        self._stopped.set()
        if self._building is not None:
            await self._end_building(self._building)
            self._building = None
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None
        llm, self._llm, self._shelf = self._llm, None, None
        if llm is not None:
            self._died = self._died or llm.errored
            await self._shut_down(llm)
        await in_daemon_thread(self._brood.clean_up, f"clean up {self.name}")
        self._board.forget()
        if self._template is not None:
            self._template.close()

    async def _shut_down(self, llm: Any) -> None:
        llm.output_processor.propagate_error(self._vllm.EngineDeadError())
        if llm.output_handler is not None:
            llm.output_handler.cancel()  # it would log the end as a failure
        shutdown = in_daemon_thread(
            lambda: llm.shutdown(timeout=SHUTDOWN_SECONDS), f"stop {self.name}"
        )
        with suppress(TimeoutError):  # not wait_for: 3.11's can lose a cancellation
            async with asyncio.timeout(STOP_SECONDS):
                await shutdown

    async def _end_building(self, building: asyncio.Future[None]) -> None:
        """Lets the thread that loads the engine fail: its processes are killed under it."""
        for _ in range(int(STOP_SECONDS / 0.1)):
            if building.done():
                break
            await in_daemon_thread(self._brood.record_and_kill, f"kill {self.name}")
            await asyncio.wait([building], timeout=0.1)
        if building.done():
            building.exception()  # seen, or asyncio would complain of it

    def pids(self) -> list[int]:
        """Process ids of EngineCore and its workers, EngineCore first."""
        return self._brood.pids()

    # State.

    def health(self) -> Health:
        if self._llm is None:
            return Health.STOPPED
        return Health.DEAD if self._died or self._llm.errored else Health.READY

    @property
    def context_window(self) -> int:
        return int(self._llm.model_config.max_model_len) if self._llm is not None else 0

    @property
    def running(self) -> int:
        return self._board.running if self.health() is Health.READY else 0

    def stats(self) -> EngineStats:
        """The scheduler's numbers after its last step."""
        return self._board.snapshot()

    @property
    def takes_lora(self) -> bool:
        return self._shelf is not None

    @property
    def continues(self) -> bool:
        return True

    def gauges(self) -> Mapping[str, float]:
        stats = self.stats()
        return {
            "waiting": stats.waiting,
            "kv_cache_usage": stats.kv_cache_usage,
            "prefix_cache_queries": stats.prefix_cache_queries,
            "prefix_cache_hits": stats.prefix_cache_hits,
        }

    # Work.

    async def encode(self, request: TextGenerationRequest) -> list[int]:
        template = self._template
        if self._llm is None or template is None:
            raise EngineUnavailable(f"the engine {self.name} is not started")
        return await template.encode(request, context_window=self.context_window)

    async def run(self, request: TaskRequest) -> TaskResult:
        if not isinstance(request, TextGenerationRequest):
            raise EngineRefused(f"the engine {self.name} generates text and nothing else")
        async with aclosing(self._generate(request, final_only=True)) as outputs:
            async for output in outputs:
                reason = self._finish_reason(output.outputs[0].finish_reason, request)
                result = vllm_outputs.result(output, reason, request.sampling.logprobs)
                return with_calls(result, request, self._parser)
        raise self._gone()

    def stream(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        chunks = self._chunks(request)
        return stream_with_calls(chunks, request, self._parser)

    async def _chunks(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        completion_tokens = 0
        async with aclosing(self._generate(request, final_only=False)) as outputs:
            async for output in outputs:
                completion = output.outputs[0]
                completion_tokens += len(completion.token_ids)
                reason = completion.finish_reason
                likeliest = request.sampling.logprobs
                if not completion.text and reason is None and likeliest is None:
                    continue
                reason = self._finish_reason(reason, request) if reason else None
                yield vllm_outputs.chunk(output, completion_tokens, reason, likeliest)

    async def _generate(
        self, request: TextGenerationRequest, *, final_only: bool
    ) -> AsyncGenerator[Any]:
        """What vLLM puts out; an error of vLLM becomes an EngineError."""
        llm = self._llm
        if llm is None or self._died:
            raise self._gone()
        number = f"{self.name}-{next(self._numbers)}"
        try:
            ids = request.prompt_token_ids or await self.encode(request)
            if request.prefix and self._template is not None:
                ids = [*ids, *self._template.continued(request.prefix)]
            if request.constraint is not None and len(request.constraint.text) > LONG:
                await asyncio.to_thread(structured_arguments, request.constraint)
            params = self._params(request, final_only=final_only)
            prompt: dict[str, Any] = {"prompt_token_ids": ids}
            if request.constraint is None:
                # Marks it as checked; without the mark it goes through vLLM's thread, which is
                # where a schema is to be compiled.
                prompt["type"] = "token"
            lora = await self._adapter(request)
            outputs = llm.generate(
                prompt, params, number, lora_request=lora, priority=int(request.low_priority)
            )
            async with aclosing(outputs):
                async for output in outputs:
                    yield output
        except EngineError:
            raise
        except Exception as error:
            if not (llm.errored or self._died):
                # One that failed half-way into the engine is still booked at vLLM's front end.
                await llm.abort(number)
            raise self._translated(error, request) from error

    async def _adapter(self, request: TextGenerationRequest) -> Any:
        """The LoRARequest that goes with it, if one does."""
        if request.lora is None:
            return None
        if self._shelf is None:
            raise EngineRefused(f"the engine {self.name} takes no LoRA adapters")
        return await self._shelf.take(request.lora)

    def _params(self, request: TextGenerationRequest, *, final_only: bool) -> Any:
        vllm = self._vllm
        arguments = sampling_arguments(request.sampling)
        if request.constraint is not None:
            arguments["structured_outputs"] = vllm.StructuredOutputsParams(
                **structured_arguments(request.constraint)
            )
        if looks_for_calls(request) and getattr(self._parser, "shows_special_tokens", False):
            arguments["skip_special_tokens"] = False
        if final_only:
            arguments["output_kind"] = vllm.RequestOutputKind.FINAL_ONLY
        else:
            arguments["output_kind"] = vllm.RequestOutputKind.DELTA
            processor = self._llm.output_processor
            interval = self._board.stream_interval(len(processor.request_states))
            if "stream_interval" in vllm.SamplingParams.__struct_fields__:
                arguments["stream_interval"] = interval
            else:
                processor.stream_interval = interval
        return vllm.SamplingParams(**arguments)

    def _finish_reason(self, reason: str, request: TextGenerationRequest) -> str:
        if reason in FINISH_REASONS:
            return FINISH_REASONS[reason]
        if reason == "abort":
            # Not by us: the engine process is on its way out.
            raise self._gone()
        if request.constraint is not None:
            raise EngineRefused("vLLM cannot constrain its output to this JSON schema")
        raise EngineError(f"vLLM ended the request with {reason!r}")

    def _gone(self) -> EngineError:
        if self._llm is None and not self._died:
            return EngineUnavailable(f"the engine {self.name} is not running")
        return EngineDead(f"the engine {self.name} died")

    def _translated(self, error: Exception, request: TextGenerationRequest) -> EngineError:
        llm, vllm = self._llm, self._vllm
        if isinstance(error, vllm.EngineDeadError) or llm is None or llm.errored or self._died:
            return self._gone()
        return vllm_outputs.translated(error, vllm, with_schema=request.constraint is not None)
