"""What a profile's `options` may say to the engines whose options are Fogbank's own.

Those of vllm are vLLM's AsyncEngineArgs: only an installed vLLM knows them, and checks them when
the engine starts.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """The options of one kind of engine."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FakeOptions(Options):
    """`options` of an engine `fake`."""

    context_window: int = Field(8192, ge=1, description="Tokens; a token is a word.")
    labels: tuple[str, ...] = Field(("NEGATIVE", "POSITIVE"), min_length=1)
    dimensions: int = Field(384, ge=1, description="Numbers of an embedding.")
    seconds_per_token: float = Field(0.0, ge=0, allow_inf_nan=False)
    lora: bool = Field(True, description="Takes LoRA adapters: their name leads the answer.")


class RemoteOptions(Options):
    """`options` of an engine `remote`."""

    url: str = Field(
        pattern=r"^https?://[^\s/@]+(/\S*)?$",
        description="http(s)://host:port of the server, without a password; may end in /v1.",
    )
    model: str = Field(min_length=1, description="What the server calls the model.")
    api_key_env: str | None = Field(
        None, min_length=1, description="Environment variable that holds the server's key."
    )
    timeout: float = Field(
        120.0, gt=0, allow_inf_nan=False, description="Longest silence of the server in seconds."
    )
    context_window: int = Field(
        0, ge=0, description="Tokens, where the server does not say its own; 0: no limit."
    )
    pooling: Literal["mean", "cls"] | None = Field(
        None, description="What the server does for embeddings; the other kind is refused."
    )
    probe_interval: float = Field(
        2.0, gt=0, allow_inf_nan=False, description="Seconds between two questions for its health."
    )


class TransformersOptions(Options):
    """`options` of an engine `transformers`."""

    device: Literal["cpu", "cuda", "mps"] = "cpu"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    threads: int | None = Field(
        None, ge=1, description="Threads of torch, for the whole process; None: torch's choice."
    )
    max_length: int | None = Field(
        None, ge=1, description="Tokens of a text at most, where fewer than the model's own limit."
    )
    max_batch_tokens: int = Field(4096, ge=1, description="Tokens of a batch, padding included.")
    max_waiting: int = Field(
        1024, ge=1, description="Texts (of text generation: requests) that may wait."
    )
    max_audio_seconds: float = Field(
        3600.0, gt=0, allow_inf_nan=False, description="A longer recording is refused."
    )
    max_image_pixels: int = Field(
        50_000_000, ge=1, description="Width times height; a larger image is refused."
    )


OPTIONS: dict[str, type[Options]] = {
    "fake": FakeOptions,
    "remote": RemoteOptions,
    "transformers": TransformersOptions,
}
