"""What a transformers model computes for a batch of texts: one class per task."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.answer_spans import Window, read_window
from fogbank.engines.iob2 import Word, group
from fogbank.engines.transformers_loading import load_model
from fogbank.engines.transformers_text import TextReader, TokenizedText
from fogbank.tasks import (
    QUESTION_ANSWERING,
    RERANKING,
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDINGS,
    TOKEN_CLASSIFICATION,
    Entity,
    LabelScore,
)


class Head(Protocol):
    """A loaded model of one task. Made, and `compute` called, in the engine's own thread."""

    reader: TextReader

    def compute(self, texts: list[TokenizedText]) -> list[Any]:
        """One result per text."""


class EmbeddingHead:
    """Vectors: the mean of a text's token vectors, or the first one; L2-normalised."""

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._model = load_model("AutoModel", folder, options, spare="pooler.")
        self.reader = TextReader(folder, self._model.config, options)

    def compute(self, texts: list[TokenizedText]) -> list[list[float]]:
        """(texts, hidden size)."""
        import torch

        batch = self.reader.pad(texts)
        with torch.inference_mode():
            hidden = self._model(**batch).last_hidden_state.float()
            mask = batch["attention_mask"].unsqueeze(-1)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
            is_cls = torch.tensor([text.pooling == "cls" for text in texts], device=mean.device)
            pooled = torch.where(is_cls.unsqueeze(-1), hidden[:, 0], mean)
            vectors = torch.nn.functional.normalize(pooled, dim=-1)
        rows: list[list[float]] = vectors.tolist()
        return rows


class ClassificationHead:
    """Probabilities of the model's labels, in the order of their ids."""

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._model = load_model("AutoModelForSequenceClassification", folder, options)
        self.reader = TextReader(folder, self._model.config, options)
        self._labels = _labels(self._model.config)

    def compute(self, texts: list[TokenizedText]) -> list[list[LabelScore]]:
        """All labels of each text."""
        import torch

        with torch.inference_mode():
            logits = self._model(**self.reader.pad(texts)).logits.float()
            rows = torch.softmax(logits, dim=-1).tolist()
        return [
            [LabelScore(label, score) for label, score in zip(self._labels, row, strict=True)]
            for row in rows
        ]


class RerankingHead:
    """How well a passage answers a query: a cross-encoder's one logit through the sigmoid."""

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._model = load_model("AutoModelForSequenceClassification", folder, options)
        if self._model.config.num_labels != 1:
            labels = self._model.config.num_labels
            raise OSError(f"the weights in {folder} give {labels} labels, a reranker's give one")
        self.reader = TextReader(folder, self._model.config, options, pairs=True)

    def compute(self, texts: list[TokenizedText]) -> list[float]:
        """A score between 0 and 1 for each pair."""
        import torch

        with torch.inference_mode():
            logits = self._model(**self.reader.pad(texts)).logits[:, 0].float()
            return [float(score) for score in torch.sigmoid(logits).tolist()]


class TokenClassificationHead:
    """Entities from IOB2 labels, read at each word's first token."""

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._model = load_model("AutoModelForTokenClassification", folder, options)
        self.reader = TextReader(folder, self._model.config, options)
        self._labels = _labels(self._model.config)

    def compute(self, texts: list[TokenizedText]) -> list[list[Entity]]:
        """The entities of each text."""
        import torch

        with torch.inference_mode():
            logits = self._model(**self.reader.pad(texts)).logits.float()
            scores, labels = torch.softmax(logits, dim=-1).max(-1)
        return [
            group(text.text, self._words(text.encoding, row_labels, row_scores))
            for text, row_labels, row_scores in zip(
                texts, labels.tolist(), scores.tolist(), strict=True
            )
        ]

    def _words(self, encoding: Any, labels: list[int], scores: list[float]) -> list[Word]:
        words: list[Word] = []
        before = None
        tokens = zip(encoding.word_ids, encoding.offsets, labels, scores, strict=False)
        for word, (start, end), label, score in tokens:
            if word is None:  # [CLS], [SEP]
                continue
            if word == before:
                words[-1] = words[-1]._replace(end=end)
            else:
                words.append(Word(self._labels[label], score, start, end))
            before = word
        return words


class QuestionAnsweringHead:
    """The best span of each window of a text, and how likely it is that there is none."""

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._model = load_model("AutoModelForQuestionAnswering", folder, options)
        self.reader = TextReader(folder, self._model.config, options, pairs=True, windows=True)

    def compute(self, texts: list[TokenizedText]) -> list[Window]:
        """What each window says."""
        import torch

        with torch.inference_mode():
            output = self._model(**self.reader.pad(texts))
            starts, ends = output.start_logits.float().cpu(), output.end_logits.float().cpu()
            return [
                read_window(row_starts, row_ends, text.encoding)
                for text, row_starts, row_ends in zip(texts, starts, ends, strict=True)
            ]


def _labels(config: Any) -> list[str]:
    return [config.id2label[index] for index in range(config.num_labels)]


HEADS: dict[str, Callable[[Path, TransformersOptions], Head]] = {
    TEXT_EMBEDDINGS: EmbeddingHead,
    TEXT_CLASSIFICATION: ClassificationHead,
    TOKEN_CLASSIFICATION: TokenClassificationHead,
    QUESTION_ANSWERING: QuestionAnsweringHead,
    RERANKING: RerankingHead,
}
