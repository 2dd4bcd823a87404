"""What can be asked of a model: one module per task, its request and its result.

Pure data. Nothing here knows HTTP, a model's name or an engine.
"""

from fogbank.tasks.text_classification import LabelScore, TextClassificationRequest
from fogbank.tasks.text_embeddings import Pooling, TextEmbeddingsRequest
from fogbank.tasks.text_generation import (
    JsonFormat,
    Message,
    Sampling,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)
from fogbank.tasks.token_classification import Entity, TokenClassificationRequest

TEXT_GENERATION = "Text Generation"
TEXT_CLASSIFICATION = "Text Classification"
TEXT_EMBEDDINGS = "Text Embeddings"
TOKEN_CLASSIFICATION = "Token Classification"

TaskRequest = (
    TextGenerationRequest
    | TextClassificationRequest
    | TextEmbeddingsRequest
    | TokenClassificationRequest
)

__all__ = [
    "TEXT_CLASSIFICATION",
    "TEXT_EMBEDDINGS",
    "TEXT_GENERATION",
    "TOKEN_CLASSIFICATION",
    "Entity",
    "JsonFormat",
    "LabelScore",
    "Message",
    "Pooling",
    "Sampling",
    "TaskRequest",
    "TextChunk",
    "TextClassificationRequest",
    "TextEmbeddingsRequest",
    "TextGenerationRequest",
    "TextGenerationResult",
    "TokenClassificationRequest",
    "Usage",
]
