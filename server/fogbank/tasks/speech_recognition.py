"""Automatic speech recognition: sound in, text with times out."""

from dataclasses import dataclass
from typing import Literal

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRecognitionRequest:
    """`audio` is a whole sound file. `language` None lets the model find out."""

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
    """A stretch of speech, times in seconds."""

    text: str
    start: float
    end: float
    words: tuple[SpokenWord, ...]


@dataclass(frozen=True, slots=True)
class SpeechRecognitionResult:
    """`duration` in seconds; `language` an ISO 639-1 code with its probability."""

    text: str
    segments: tuple[SpeechSegment, ...]
    duration: float
    language: str
    language_probability: float
    usage: Usage
