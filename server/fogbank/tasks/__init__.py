"""What can be asked of a model: one module per task, its request and its result.

Pure data. Nothing here knows HTTP, a model's name or an engine. Every result has a `usage`.
"""

from fogbank.tasks.image_classification import (
    ImageClassificationRequest,
    ImageClassificationResult,
)
from fogbank.tasks.question_answering import QuestionAnsweringRequest, QuestionAnsweringResult
from fogbank.tasks.reranking import RerankingRequest, RerankingResult
from fogbank.tasks.speech_recognition import (
    SpeechRecognitionRequest,
    SpeechRecognitionResult,
    SpeechSegment,
    SpokenWord,
)
from fogbank.tasks.structured_output import (
    ChoiceFormat,
    Constraint,
    Evidence,
    JsonFormat,
    OutputFormat,
    RegexFormat,
)
from fogbank.tasks.summarization import SummarizationRequest, SummarizationResult
from fogbank.tasks.text_classification import (
    LabelScore,
    TextClassificationRequest,
    TextClassificationResult,
)
from fogbank.tasks.text_embeddings import Pooling, TextEmbeddingsRequest, TextEmbeddingsResult
from fogbank.tasks.text_generation import (
    Lora,
    Message,
    Sampling,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    TokenLogprob,
)
from fogbank.tasks.token_classification import (
    Entity,
    TokenClassificationRequest,
    TokenClassificationResult,
)
from fogbank.tasks.tools import NamedTool, Tool, ToolCall, ToolChoice, call_text, new_call_id
from fogbank.tasks.translation import TranslationRequest, TranslationResult
from fogbank.tasks.usage import Usage

TEXT_GENERATION = "Text Generation"
TEXT_CLASSIFICATION = "Text Classification"
TEXT_EMBEDDINGS = "Text Embeddings"
TOKEN_CLASSIFICATION = "Token Classification"
QUESTION_ANSWERING = "Question Answering"
RERANKING = "Reranking"
SUMMARIZATION = "Summarization"
TRANSLATION = "Translation"
SPEECH_RECOGNITION = "Automatic Speech Recognition"
IMAGE_CLASSIFICATION = "Image Classification"

ALSO_ANSWERS = {TEXT_EMBEDDINGS: (RERANKING, SUMMARIZATION)}
"""What an engine of a task can do besides: passages ranked and sentences chosen by embeddings."""

TaskRequest = (
    TextGenerationRequest
    | TextClassificationRequest
    | TextEmbeddingsRequest
    | TokenClassificationRequest
    | QuestionAnsweringRequest
    | RerankingRequest
    | SummarizationRequest
    | TranslationRequest
    | SpeechRecognitionRequest
    | ImageClassificationRequest
)

TaskResult = (
    TextGenerationResult
    | TextClassificationResult
    | TextEmbeddingsResult
    | TokenClassificationResult
    | QuestionAnsweringResult
    | RerankingResult
    | SummarizationResult
    | TranslationResult
    | SpeechRecognitionResult
    | ImageClassificationResult
)

__all__ = [
    "ALSO_ANSWERS",
    "IMAGE_CLASSIFICATION",
    "QUESTION_ANSWERING",
    "RERANKING",
    "SPEECH_RECOGNITION",
    "SUMMARIZATION",
    "TEXT_CLASSIFICATION",
    "TEXT_EMBEDDINGS",
    "TEXT_GENERATION",
    "TOKEN_CLASSIFICATION",
    "TRANSLATION",
    "ChoiceFormat",
    "Constraint",
    "Entity",
    "Evidence",
    "ImageClassificationRequest",
    "ImageClassificationResult",
    "JsonFormat",
    "LabelScore",
    "Lora",
    "Message",
    "NamedTool",
    "OutputFormat",
    "Pooling",
    "QuestionAnsweringRequest",
    "QuestionAnsweringResult",
    "RegexFormat",
    "RerankingRequest",
    "RerankingResult",
    "Sampling",
    "SpeechRecognitionRequest",
    "SpeechRecognitionResult",
    "SpeechSegment",
    "SpokenWord",
    "SummarizationRequest",
    "SummarizationResult",
    "TaskRequest",
    "TaskResult",
    "TextChunk",
    "TextClassificationRequest",
    "TextClassificationResult",
    "TextEmbeddingsRequest",
    "TextEmbeddingsResult",
    "TextGenerationRequest",
    "TextGenerationResult",
    "TokenClassificationRequest",
    "TokenClassificationResult",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "TranslationRequest",
    "TranslationResult",
    "Usage",
    "call_text",
    "new_call_id",
]
