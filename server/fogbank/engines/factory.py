"""Makes the engine that a profile names; the engines' own modules are imported only then."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

from fogbank.catalog.options import OPTIONS
from fogbank.catalog.profile import EngineSpec
from fogbank.engines.base import Engine, EngineMisconfigured, EngineUnavailable

VLLM_BACKENDS = {
    "guidance": "llguidance",
    "xgrammar": "xgrammar",
    "auto": "xgrammar",
    "outlines": "outlines_core",
}
"""vLLM's names of what constrains output."""


@cache
def has_vllm() -> bool:
    """Whether vLLM is installed here, under either of its distributions."""
    return importlib.util.find_spec("vllm") is not None


def computes_with(spec: EngineSpec) -> str:
    """The engine that really runs: transformers where the profile says vllm and there is none."""
    return "transformers" if spec.engine == "vllm" and not has_vllm() else spec.engine


def backend_of(spec: EngineSpec) -> str:
    """What constrains the output of this engine; `remote` for a server that has its own."""
    kind = computes_with(spec)
    if kind != "vllm":
        return "llguidance" if kind == "transformers" else kind
    config = spec.options.get("structured_outputs_config")
    named = config.get("backend") if isinstance(config, dict) else None
    return VLLM_BACKENDS.get(named or "guidance", "llguidance")


def build_engine(name: str, spec: EngineSpec, weights: Path | None) -> Engine:
    """A new engine, not yet started. `weights` is the assembled folder; None for remote and fake.

    Raises EngineUnavailable when the weights are not on this machine, EngineMisconfigured when the
    engine does not have one of the options.
    """
    try:
        return _build(computes_with(spec), name, spec, weights)
    except ValueError as error:
        raise EngineMisconfigured(f"the options of {name}: {error}") from error


def _build(kind: str, name: str, spec: EngineSpec, weights: Path | None) -> Engine:
    match kind:
        case "fake":
            from fogbank.engines.fake import FakeEngine

            return FakeEngine(name, **_options(spec))
        case "remote":
            from fogbank.engines.remote import RemoteEngine

            return RemoteEngine(name, task=spec.task, **_options(spec))
        case _:
            if weights is None or not weights.exists():
                raise EngineUnavailable(f"the weights of {name} are not here; run 'fogbank pull'")
            return _local_engine(kind, name, spec, weights)


def _local_engine(kind: str, name: str, spec: EngineSpec, weights: Path) -> Engine:
    if kind == "vllm":
        from fogbank.engines.vllm import VllmEngine

        return VllmEngine(name, weights, options=spec.options, environment=spec.environment)
    from fogbank.engines.transformers import TransformersEngine

    options = {} if spec.engine == "vllm" else spec.options
    return TransformersEngine(name, weights, task=spec.task, options=options)


def _options(spec: EngineSpec) -> dict[str, Any]:
    """The options that were given, as the engine's model of them reads them."""
    return OPTIONS[spec.engine].model_validate(spec.options).model_dump(exclude_unset=True)
