"""Speech recognition by any Whisper of transformers: windows of thirty seconds, one after another.

Each window is heard by itself: the text before it does not lead the next one, so that one mistake
does not repeat itself to the end. `initial_prompt` stands before every window.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineMisconfigured
from fogbank.engines.imports import LOADING
from fogbank.engines.silence import Sounding, without_silence
from fogbank.engines.sound import RATE, Samples, read_sound
from fogbank.engines.transformers_loading import load_model
from fogbank.engines.whisper_alignment import Aligner
from fogbank.engines.whisper_decoding import Decoded, WindowDecoder
from fogbank.engines.whisper_segments import POSITION, stretches, timed
from fogbank.engines.whisper_vocabulary import Vocabulary
from fogbank.tasks import (
    SpeechRecognitionRequest,
    SpeechRecognitionResult,
    SpeechSegment,
    SpokenWord,
    Usage,
)

WINDOW = 30 * RATE
_TAIL = RATE // 5
"""A rest shorter than this holds no word."""


class SpeechRecognizer:
    """A `Writer` of texts from sound; made, and used, in the engine's own thread."""

    request: type = SpeechRecognitionRequest
    context_window = 0

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._model = load_model("AutoModelForSpeechSeq2Seq", folder, options)
        if (kind := type(self._model).__name__) != "WhisperForConditionalGeneration":
            raise EngineMisconfigured(f"{folder} is a {kind}; speech is recognised by a Whisper")
        with LOADING:
            from transformers import WhisperFeatureExtractor

            self._features = WhisperFeatureExtractor.from_pretrained(str(folder))
        generation = self._model.generation_config
        self._vocabulary = Vocabulary(folder, generation)
        self._decoder = WindowDecoder(self._model, self._vocabulary, options.device)
        heads = getattr(generation, "alignment_heads", None)
        self._aligner = Aligner(self._model, heads, options.device)
        self._options = options

    def write(
        self, request: SpeechRecognitionRequest, cancelled: Callable[[], bool]
    ) -> SpeechRecognitionResult | None:
        """What is said; None once `cancelled`. Raises EngineRefused for what cannot be heard."""
        import torch

        self._vocabulary.check(request.language, request.task)
        samples = read_sound(request.audio, self._options.max_audio_seconds, cancelled)
        if cancelled():
            return None
        seconds = len(samples) / RATE
        heard = Sounding(samples, ((0.0, seconds),))
        if request.vad_filter:
            heard = without_silence(samples)
        with torch.inference_mode():
            found = self._listen(request, heard, cancelled)
        if found is None:
            return None
        segments, language, probability = found
        return SpeechRecognitionResult(
            text=" ".join(segment.text for segment in segments),
            segments=tuple(segments),
            duration=seconds,
            duration_after_vad=len(heard.samples) / RATE,
            language=language,
            language_probability=probability,
            usage=Usage(audio_seconds=seconds),
        )

    def _listen(
        self, request: SpeechRecognitionRequest, heard: Sounding, cancelled: Callable[[], bool]
    ) -> tuple[list[SpeechSegment], str, float] | None:
        """The segments in the times of the original, the language and its probability."""
        vocabulary = self._vocabulary
        language = request.language or (None if vocabulary.multilingual else "en")
        probability = 1.0
        context = vocabulary.encode(request.initial_prompt) if request.initial_prompt else []
        prefix = vocabulary.encode(request.prefix) if request.prefix else []
        segments: list[SpeechSegment] = []
        begin, end = 0, len(heard.samples)
        while begin == 0 or begin < end - _TAIL:
            window = heard.samples[begin : begin + WINDOW]
            encoded = self._encode(window)
            if language is None:
                language, probability = self._decoder.language(encoded)
            opening = vocabulary.opening(language, request.task)
            decoded = self._decoder.decode(encoded, opening, context, prefix, cancelled)
            if decoded is None:
                return None
            offset, seconds = begin / RATE, len(window) / RATE
            prefix, passed = [], seconds
            if not decoded.silent:
                pieces, passed = self._segments(decoded, encoded, opening, language, seconds)
                segments += [_moved(piece, offset, heard) for piece in pieces]
            begin += max(1, int(passed * RATE))
        return segments, language or "en", probability

    def _encode(self, window: Samples) -> Any:
        """(1, positions, width)."""
        features = self._features(window, sampling_rate=RATE, return_tensors="pt").input_features
        features = features.to(self._options.device, self._model.dtype)
        return self._model.model.encoder(features).last_hidden_state

    def _segments(
        self, decoded: Decoded, encoded: Any, opening: list[int], language: str, seconds: float
    ) -> tuple[list[SpeechSegment], float]:
        """Segments in the window's own time, and the seconds of it that they have dealt with."""
        vocabulary = self._vocabulary
        found, passed = stretches(decoded.tokens, vocabulary.first_time, seconds)
        found = [piece for piece in found if vocabulary.decode(piece.tokens).strip()]
        if not found:
            return [], passed
        text = [token for piece in found for token in piece.tokens]
        frames = max(1, round(seconds / POSITION))
        start = [*opening, vocabulary.no_timestamps]
        starts = self._aligner.starts(encoded, start, text, frames)
        words = [vocabulary.words(piece.tokens, language) for piece in found]
        placed = timed(words, starts, passed)
        segments = [
            SpeechSegment(
                vocabulary.decode(piece.tokens).strip(),
                spoken[0].start if spoken else piece.start,
                spoken[-1].end if spoken else piece.end,
                spoken,
                decoded.temperature,
                decoded.avg_logprob,
                decoded.compression_ratio,
                decoded.no_speech_prob,
            )
            for piece, spoken in zip(found, placed, strict=True)
        ]
        return segments, passed


def _moved(piece: SpeechSegment, offset: float, heard: Sounding) -> SpeechSegment:
    """The segment in the time of the original recording, to the hundredth of a second."""

    def start(seconds: float) -> float:
        return round(heard.original(offset + seconds), 2)

    def end(seconds: float) -> float:
        return round(heard.original(offset + seconds, ends=True), 2)

    words = tuple(SpokenWord(word.word, start(word.start), end(word.end)) for word in piece.words)
    return replace(piece, start=start(piece.start), end=end(piece.end), words=words)
