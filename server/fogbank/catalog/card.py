"""A card: what Workers AI says about one model. Nothing here says how it is served."""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TaskName = Literal[
    "Text Generation",
    "Text Embeddings",
    "Text Classification",
    "Token Classification",
    "Question Answering",
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
ListedProperty = Literal[
    "async_queue",
    "beta",
    "context_window",
    "function_calling",
    "info",
    "languages",
    "lora",
    "max_input_tokens",
    "output_dimensions",
    "partner",
    "realtime",
    "require_workers_paid",
    "terms",
    "vision",
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
    listed_as: TaskName | None = Field(
        None, description="Task in models/search, where the service files it elsewhere."
    )
    description: str = ""
    aliases: tuple[ModelName, ...] = ()
    family: str = Field(
        "", description="Free word that profiles select by, such as llama-instruct."
    )
    input: str = Field(description="Name of the input schema, a file of model_configs/schemas.")
    output_schema: str | None = Field(
        None,
        description="Name of the output schema, a file of model_configs/schemas/output; by default"
        " that of the task.",
    )
    context_window: int | None = Field(
        None, ge=1, description="Tokens of input and output together."
    )
    max_input_tokens: int | None = Field(
        None, ge=1, description="Tokens of one text; more is cut off."
    )
    output_dimensions: int | None = Field(None, ge=1)
    pooling: Literal["mean", "cls"] = Field(
        "mean", description="Of embeddings, where the request does not say."
    )
    truncates: bool = Field(
        True,
        description="A text longer than the window is cut off, where the request does not say;"
        " false refuses it with 5021.",
    )
    defaults: SamplingDefaults = SamplingDefaults()
    output: Literal["native", "chat-completion", "transcription-info"] = Field(
        "native", description="Answer shape on the run route (contract 3.2, 3.3, 4)."
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
    partner: bool = False
    realtime: bool = False
    require_workers_paid: bool = Field(False, description="Needs the paid plan at Cloudflare.")
    languages: str = ""
    licence: str = ""
    terms: str = ""
    info: str = ""
    unlisted: tuple[ListedProperty, ...] = Field(
        (),
        description="Facts used here that the service's own listing is not known to state;"
        " models/search leaves them out.",
    )
    deprecated_on: date | None = None
    refuse_deprecated: bool = Field(
        False, description="Answer 5028/410 once deprecated (decisions.md 2)."
    )
    requests_per_minute: int | None = Field(
        None, ge=1, description="Rate limit of its own, apart from its task's (contract 8)."
    )
    id: str | None = Field(
        None, description="UUID in models/search; derived from the name when absent."
    )
    created_at: str | None = None
