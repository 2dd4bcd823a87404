"""A card: what Workers AI says about one model. Nothing here says how it is served."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TaskName = Literal[
    "Text Generation",
    "Text Embeddings",
    "Text Classification",
    "Token Classification",
    "Summarization",
    "Translation",
    "Reranking",
    "Automatic Speech Recognition",
    "Image Classification",
    "Image-to-Text",
    "Object Detection",
    "Text-to-Image",
    "Text-to-Speech",
]
ModelName = Annotated[str, Field(pattern=r"^@[a-z]+/[A-Za-z0-9._/-]+$")]


class SamplingDefaults(BaseModel):
    """What a request that is silent gets (contract 3.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_tokens: int = Field(256, ge=1)
    temperature: float = Field(0.6, ge=0, le=5)
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None


class Card(BaseModel):
    """One model of the catalogue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ModelName
    task: TaskName
    description: str = ""
    aliases: tuple[ModelName, ...] = ()
    family: str = Field(
        "", description="Free word that profiles select by, such as llama-instruct."
    )
    input: str = Field(description="Name of the input schema, a file of model_configs/schemas.")
    context_window: int | None = Field(
        None, ge=1, description="Tokens of input and output together."
    )
    max_input_tokens: int | None = Field(
        None, ge=1, description="Tokens of one text; more is cut off."
    )
    output_dimensions: int | None = Field(None, ge=1)
    defaults: SamplingDefaults = SamplingDefaults()
    output: Literal["native", "chat-completion"] = Field(
        "native", description="Answer shape on the run route (contract 3.2, 3.3)."
    )
    json_mode: bool = Field(True, description="False answers 5025 to response_format.")
    vision: bool = Field(False, description="Reads images.")
    safety: bool = Field(
        False, description="A safety model: no stand-in may play it (decisions.md 9)."
    )
    function_calling: bool = False
    lora: bool = False
    async_queue: bool = False
    beta: bool = False
    licence: str = ""
    terms: str = ""
    info: str = ""
    deprecated_on: date | None = None
    refuse_deprecated: bool = Field(
        False, description="Answer 5028/410 once deprecated (decisions.md 2)."
    )
    id: str | None = Field(
        None, description="UUID in models/search; derived from the name when absent."
    )
    created_at: str | None = None
