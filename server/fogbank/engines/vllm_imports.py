"""What is taken from vLLM by name. Only modules called `vllm*` of this room import vLLM."""

import logging
from types import SimpleNamespace
from typing import Any

from fogbank.engines.vllm_stats import SchedulerBoard


def vllm_names() -> SimpleNamespace:
    """The names of vLLM that are used. The first import takes 10 seconds or more."""
    from vllm import exceptions
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.lora.request import LoRARequest
    from vllm.platforms import current_platform
    from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams
    from vllm.v1.engine.async_llm import AsyncLLM
    from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

    class StoppedByHand(AsyncLLM):  # type: ignore[misc]
        def __del__(self) -> None:
            """`VllmEngine.stop` has done it; at the end of the interpreter it could only fail."""

    # Its one warning: that a prompt of token ids is deprecated, which `_generate` uses on purpose.
    quiet = logging.getLogger("vllm.v1.engine.input_processor")
    quiet.addFilter(lambda record: record.levelno > logging.WARNING)
    return SimpleNamespace(
        exceptions=exceptions,
        AsyncEngineArgs=AsyncEngineArgs,
        current_platform=current_platform,
        RequestOutputKind=RequestOutputKind,
        SamplingParams=SamplingParams,
        StructuredOutputsParams=StructuredOutputsParams,
        AsyncLLM=StoppedByHand,
        LoRARequest=LoRARequest,
        EngineDeadError=EngineDeadError,
        EngineGenerateError=EngineGenerateError,
    )


def stat_logger(board: SchedulerBoard) -> Any:
    """A stat logger class that writes to `board`.

    It derives from vLLM's Prometheus logger, without its constructor, because vLLM adds that one
    unless it is given one; ours registers no metrics and counts no tokens.
    """
    from vllm.v1.metrics.loggers import PrometheusStatLogger

    class BoardLogger(PrometheusStatLogger):  # type: ignore[misc]
        def __init__(self, vllm_config: Any, engine_indexes: Any = None) -> None:
            self.engine_indexes = engine_indexes or [0]

        def record(
            self,
            scheduler_stats: Any,
            iteration_stats: Any,
            mm_cache_stats: Any = None,
            engine_idx: int = 0,
        ) -> None:
            board.record(scheduler_stats, engine_idx)

        def log_engine_initialized(self) -> None:
            """Nothing to tell."""

        def record_sleep_state(self, sleep: int = 0, level: int = 0) -> None:
            """Nobody sleeps here."""

        def record_admission_rejection(self, reason: str) -> None:
            """Admission is the runtime's."""

    return BoardLogger
