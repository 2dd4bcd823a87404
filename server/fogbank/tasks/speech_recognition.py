"""Automatic speech recognition: sound in, text with times out."""

from dataclasses import dataclass
from typing import Literal

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRecognitionRequest:
    """`audio` is a whole sound file. `language` None lets the model find out.

    `initial_prompt` sets a context (names, spellings); `prefix` is how the text begins.
    `vad_filter` leaves out what is silent.
    """

    audio: bytes
    task: Literal["transcribe", "translate"] = "transcribe"
    language: str | None = None
    initial_prompt: str | None = None
    prefix: str | None = None
    vad_filter: bool = False


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and when it was said, in seconds from the beginning."""

    word: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A stretch of speech, times in seconds, and how sure the model was of it.

    `avg_logprob` is the mean natural logarithm of its tokens' probabilities, `compression_ratio`
    that of its text (high for repetitions), `temperature` that at which it was drawn.
    """

    text: str
    start: float
    end: float
    words: tuple[SpokenWord, ...]
    temperature: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 1.0
    no_speech_prob: float = 0.0


@dataclass(frozen=True, slots=True)
class SpeechRecognitionResult:
    """`duration` in seconds, also of what was left when silence was taken out.

    `language` is an ISO 639-1 code, with its probability.
    """

    text: str
    segments: tuple[SpeechSegment, ...]
    duration: float
    duration_after_vad: float
    language: str
    language_probability: float
    usage: Usage
