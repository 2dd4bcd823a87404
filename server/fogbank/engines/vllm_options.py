"""What vLLM is told when nobody says otherwise, and the environment it starts in."""

import difflib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fogbank.engines.base import EngineMisconfigured, EngineUnavailable

START_LOCK = threading.Lock()
"""One vLLM engine starts at a time in a process: its settings travel in `os.environ`."""

DEFAULT_ENVIRONMENT = {
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    # For the engine's processes; this one has read its own long since.
    "PYTHONWARNINGS": "ignore",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_LOGGING_STREAM": "ext://sys.stderr",
    "VLLM_NO_USAGE_STATS": "1",
    # A fork of this process would copy its threads' locks, held.
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
    # Workers have nothing to save; the default of 5 makes every stop take 7 seconds.
    "VLLM_WORKER_SHUTDOWN_TIMEOUT_SECONDS": "1",
}

CPU_KV_CACHE_GIB = "1"

_SOCKETS = "VLLM_RPC_BASE_PATH"

LORA_WORKER = "fogbank.engines.vllm_worker.MendedLora"

# Owned by VllmEngine, or unsafe: code from a model folder is never run.
REFUSED_OPTIONS = {
    "model": "the profile's `weights` name the model",
    "trust_remote_code": "code that comes with weights is never run",
    "hf_config_path": "the profile's `weights` name the model",
    "logits_processors": "code is not loaded by name",
    "worker_cls": "code is not loaded by name",
    "worker_extension_cls": "code is not loaded by name",
    "scheduler_cls": "code is not loaded by name",
}


def engine_arguments(
    model: Path, options: Mapping[str, Any], *, known: set[str], on_cpu: bool
) -> dict[str, Any]:
    """The arguments of AsyncEngineArgs. `known` are the names that this vLLM has.

    Raises EngineMisconfigured for an option that is unknown or that Fogbank does not pass on.
    """
    for name, value in options.items():
        if name in REFUSED_OPTIONS and value not in (None, False):
            raise EngineMisconfigured(
                f"the engine option {name!r} is not allowed: {REFUSED_OPTIONS[name]}"
            )
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise EngineMisconfigured(f"this vLLM has no engine option {name!r}{hint}")
    arguments: dict[str, Any] = {
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
        # Live traffic goes before what is asked for at low priority.
        "scheduling_policy": "priority",
        # guidance ignores no keyword silently; white space could otherwise run to max_tokens.
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
    }
    if on_cpu:
        arguments["enforce_eager"] = True
        # A prompt that is read in parts ends the engine if its request has a seed: vLLM turns back
        # the request's generator, and those of a CPU cannot be (seen with 0.32).
        arguments["enable_chunked_prefill"] = False
        if not cpu_computes_bfloat16():
            arguments["dtype"] = "float32"
        if options.get("enable_lora"):
            arguments["worker_extension_cls"] = LORA_WORKER
    defaults = {name: value for name, value in arguments.items() if name in known}
    return {**defaults, **options, "model": str(model), "trust_remote_code": False}


def load_error(model: Path, error: Exception) -> EngineUnavailable:
    """What vLLM raised while it loaded, told as one of ours."""
    if isinstance(error, (TypeError, ValidationError)):  # so does its configuration refuse a value
        return EngineMisconfigured(f"vLLM does not take the options for {model.name}: {error}")
    return EngineUnavailable(f"vLLM cannot load {model.name}: {error}")


def cpu_computes_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU has bfloat16 instructions; without them bfloat16 is several times slower."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        return False
    for line in text.splitlines():
        if line.lower().startswith(("flags", "features")):
            return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(line.split())
    return False


@contextmanager
def environment(
    own: Mapping[str, str], *, options: Mapping[str, Any]
) -> Iterator[Callable[[Path], None]]:
    """Sets variables while an engine starts, holding START_LOCK, and puts the old values back.

    `own` comes from the profile and wins over what was set outside, which wins over the defaults.
    What is given may be called with the folder for vLLM's socket files. Blocks: use it in a thread.
    """
    with START_LOCK:
        before = dict(os.environ)
        values = {name: before.get(name, value) for name, value in DEFAULT_ENVIRONMENT.items()}
        # The variable would win over the option.
        if "kv_cache_memory_bytes" not in options:
            values["VLLM_CPU_KVCACHE_SPACE"] = before.get(
                "VLLM_CPU_KVCACHE_SPACE", CPU_KV_CACHE_GIB
            )
        os.environ.update({**values, **own})
        try:
            yield _set_sockets
        finally:
            # The defaults stay: vLLM reads its own variables later on, too.
            for name in {*own, _SOCKETS} - before.keys():
                os.environ.pop(name, None)
            os.environ.update(before)


def _set_sockets(folder: Path) -> None:
    # A socket's path has 107 characters at most, 37 of them vLLM's own.
    if len(str(folder)) <= 70:
        os.environ[_SOCKETS] = str(folder)
