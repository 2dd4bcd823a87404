"""A profile: how models are served on one kind of hardware. Weights, engine, engine options."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fogbank.catalog.card import ModelName
from fogbank.catalog.weights import HubWeights, Weights

EngineName = Literal["vllm", "transformers", "remote", "fake"]
EngineTask = Literal[
    "Text Generation",
    "Text Embeddings",
    "Text Classification",
    "Token Classification",
    "Question Answering",
    "Reranking",
    "Summarization",
    "Translation",
    "Automatic Speech Recognition",
    "Image Classification",
]
EngineKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
REMOTE_TASKS = ("Text Generation", "Text Embeddings")
PICKLED_LOAD_FORMATS = frozenset({"pt", "npcache"})


class SamplingOverrides(BaseModel):
    """What a request that is silent gets on this engine, in place of the card's defaults.

    For stand-ins too small for what suits the model they stand in for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float | None = Field(None, ge=0, le=5)
    top_p: float | None = Field(None, ge=0, le=2)
    top_k: int | None = Field(None, ge=1, le=50)
    repetition_penalty: float | None = Field(None, ge=0, le=2)


class OutputLimits(BaseModel):
    """What an answer in a given form may hold, where its schema sets no limit.

    For models too small to come to an end by themselves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    length: int | None = Field(None, ge=1, description="Characters of a text.")
    items: int | None = Field(None, ge=1, description="Items of a list.")


class EngineSpec(BaseModel):
    """One set of weights and the engine that runs it. Several models may share it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: EngineName
    task: EngineTask = "Text Generation"
    weights: Weights | None = Field(None, description="None only for remote and fake.")
    options: dict[str, Any] = Field(
        default_factory=dict,
        description=(
            "Passed to the engine: AsyncEngineArgs for vllm; url, model, api_key_env for remote;"
            " device, dtype, threads, max_length for transformers."
        ),
    )
    environment: dict[str, str] = Field(
        default_factory=dict, description="Environment variables set before the engine starts."
    )
    sampling: SamplingOverrides = SamplingOverrides()
    tool_calls: OutputLimits = Field(
        OutputLimits(), description="Of a call that the model is made to write."
    )
    json_mode: OutputLimits = Field(OutputLimits(), description="Of an answer in JSON mode.")
    max_concurrent: int = Field(64, ge=1, description="Requests computed at once.")
    max_waiting: int = Field(256, ge=0, description="Requests that may wait; more answer 3040/429.")
    load: Literal["start", "demand"] = Field("start", description="When the weights are loaded.")
    keep_alive: float | None = Field(
        None, gt=0, description="Seconds without a request after which it is unloaded; None: never."
    )

    @model_validator(mode="after")
    def _runnable(self) -> Self:
        if self.weights is None and self.engine in ("vllm", "transformers"):
            raise ValueError(f"weights: the engine '{self.engine}' needs them")
        if self.engine == "vllm" and self.task != "Text Generation":
            raise ValueError("task: the engine 'vllm' has only Text Generation")
        if self.engine == "remote" and self.task not in REMOTE_TASKS:
            raise ValueError(f"task: the engine 'remote' has only {' and '.join(REMOTE_TASKS)}")
        return self

    @model_validator(mode="after")
    def _runs_no_foreign_code(self) -> Self:
        if self.options.get("trust_remote_code"):
            raise ValueError("options.trust_remote_code: code of a model repository is never run")
        if self.options.get("load_format") in PICKLED_LOAD_FORMATS:
            raise ValueError("options.load_format: pickled weights are never read")
        return self


class Served(BaseModel):
    """One model of the catalogue on one engine of the profile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str = Field(description="A key of `engines`.")
    stands_in: str | None = Field(
        None,
        pattern=r"^[ -~]+$",
        description="What really answers, when it is not the model named: printable ASCII, for"
        " every client sees it in a header.",
    )


class Profile(BaseModel):
    """One file of model_configs/profiles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    description: str
    hardware: Literal["cpu", "cuda"]
    min_gpus: int = Field(0, ge=0)
    min_gpu_memory_gib: float = Field(0, ge=0, description="Of each GPU.")
    automatic: bool = Field(True, description="May be chosen by looking at the hardware.")
    hub: bool = Field(False, description="Needs weights of a model hub.")
    examples: tuple[ModelName, ...] = Field(
        (), description="Models that the start-up banner shows how to ask, in this order."
    )
    engines: dict[EngineKey, EngineSpec]
    models: dict[ModelName, Served]
    families: dict[str, Served] = Field(
        default_factory=dict, description="The same for every card of a family; `models` wins."
    )
    deployments: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Options of deployments, by name, that are a matter of this hardware.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.hardware == "cuda" and self.min_gpus < 1:
            raise ValueError("min_gpus: at least 1 where hardware is 'cuda'")
        if self.hardware == "cpu" and self.min_gpus > 0:
            raise ValueError("min_gpus: 0 where hardware is 'cpu'")
        from_hub = any(isinstance(spec.weights, HubWeights) for spec in self.engines.values())
        if from_hub and not self.hub:
            raise ValueError("hub: true where an engine's weights come from a hub")
        return self
