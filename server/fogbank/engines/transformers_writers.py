"""Models that take one request at a time, such as those that write summaries and translations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineRefused
from fogbank.engines.image_classifier import ImageClassifier
from fogbank.engines.transformers_loading import load_model, load_tokenizer, token_limit
from fogbank.engines.transformers_text import CHARACTERS_PER_TOKEN
from fogbank.engines.whisper import SpeechRecognizer
from fogbank.tasks import (
    IMAGE_CLASSIFICATION,
    SPEECH_RECOGNITION,
    SUMMARIZATION,
    TRANSLATION,
    SummarizationRequest,
    SummarizationResult,
    TaskResult,
    TranslationRequest,
    TranslationResult,
    Usage,
)

Cancelled = Callable[[], bool]


class Writer(Protocol):
    """A loaded model. Made, and `write` run, in the engine's own thread.

    `request` is the type that `write` takes, `context_window` the tokens that it reads.
    """

    request: type
    context_window: int

    def write(self, request: Any, cancelled: Cancelled) -> TaskResult | None:
        """The result; None once `cancelled` says so, asked before every token."""


class Seq2Seq:
    """An encoder-decoder. It writes as its weights' own generation config says (beams, penalties).

    A text longer than `context_window` tokens is cut off at its end.
    """

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._model = load_model("AutoModelForSeq2SeqLM", folder, options)
        self._tokenizer = load_tokenizer(folder, fast=False)
        self._unsaid = set(self._tokenizer.all_special_ids)
        self._device = options.device
        self.context_window = token_limit(self._model.config, self._tokenizer, options)

    def _read(self, text: str) -> list[int]:
        enough = CHARACTERS_PER_TOKEN * self.context_window
        ids: list[int] = self._tokenizer(
            text[:enough],
            truncation=True,
            max_length=self.context_window,
            split_special_tokens=True,  # a text that says "</s>" means those characters
        )["input_ids"]
        return ids

    def _generate(
        self, ids: list[int], max_tokens: int, cancelled: Cancelled, **options: Any
    ) -> list[int] | None:
        """The ids written, at most `max_tokens` of them besides the special ones."""
        import torch
        from transformers import StoppingCriteria

        class Cancel(StoppingCriteria):  # type: ignore[misc]
            def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
                return torch.full((len(input_ids),), cancelled(), device=input_ids.device)

        own = self._model.generation_config
        starts = 3  # what starts the decoder, what must come first, and the end
        room = min(max_tokens + starts, self._model.config.max_position_embeddings)
        if cancelled():
            return None
        with torch.inference_mode():
            out = self._model.generate(
                input_ids=torch.tensor([ids], device=self._device),
                max_length=room,
                min_length=min(own.min_length or 0, room),
                stopping_criteria=[Cancel()],
                **options,
            )
        if cancelled():
            return None
        return [token for token in out[0].tolist() if token not in self._unsaid][:max_tokens]

    def _text(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, clean_up_tokenization_spaces=False)).strip()


class Summarizer(Seq2Seq):
    """Writes summaries."""

    request: type = SummarizationRequest

    def write(
        self, request: SummarizationRequest, cancelled: Cancelled
    ) -> SummarizationResult | None:
        ids = self._read(request.text)
        written = self._generate(ids, request.max_length, cancelled)
        if written is None:
            return None
        return SummarizationResult(self._text(written), Usage(len(ids), len(written)))


class Translator(Seq2Seq):
    """Translates between the languages that its tokenizer has tokens for."""

    request: type = TranslationRequest

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        super().__init__(folder, options)
        languages = getattr(self._tokenizer, "lang_code_to_id", None)
        if not languages:
            raise OSError(f"the tokenizer in {folder} has no tokens for languages")
        self._languages: dict[str, int] = languages
        self._unsaid |= set(languages.values())

    def write(self, request: TranslationRequest, cancelled: Cancelled) -> TranslationResult | None:
        for code in (request.source_lang, request.target_lang):
            if code not in self._languages:
                known = ", ".join(sorted(self._languages))
                raise EngineRefused(f"this model does not know {code!r}; it knows {known}")
        self._tokenizer.src_lang = request.source_lang
        ids = self._read(request.text)
        own = self._model.generation_config.max_length or 0
        written = self._generate(
            ids,
            max(own, 2 * len(ids)),
            cancelled,
            forced_bos_token_id=self._languages[request.target_lang],
        )
        if written is None:
            return None
        return TranslationResult(self._text(written), Usage(len(ids), len(written)))


WRITERS: dict[str, Callable[[Path, TransformersOptions], Writer]] = {
    SUMMARIZATION: Summarizer,
    TRANSLATION: Translator,
    SPEECH_RECOGNITION: SpeechRecognizer,
    IMAGE_CLASSIFICATION: ImageClassifier,
}
