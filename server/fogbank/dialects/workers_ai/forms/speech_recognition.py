"""Speech recognition: a recording in, its text with times and as WebVTT out (contract 4)."""

from typing import Any, Literal

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.dialects.workers_ai.forms.octets import base64_octets, octets
from fogbank.errors import AIError
from fogbank.tasks import (
    SpeechRecognitionRequest,
    SpeechRecognitionResult,
    SpeechSegment,
    SpokenWord,
)

DETAILED = "transcription-info"
"""`Card.output` of models that take base64 and options, and tell segments."""


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> SpeechRecognitionRequest:
    """A recording, and what to do with it. Raises AIError for bytes or a task that are wrong."""
    if card.output != DETAILED:
        return SpeechRecognitionRequest(audio=octets(body["audio"], "audio"))
    return SpeechRecognitionRequest(
        audio=base64_octets(body["audio"], "audio"),
        task=_task(body.get("task", "transcribe")),
        language=body.get("language", "en").strip().lower() or None,
        initial_prompt=body.get("initial_prompt") or None,
        prefix=body.get("prefix") or None,
        vad_filter=body.get("vad_filter", False),
    )


def _task(name: str) -> Literal["transcribe", "translate"]:
    if name == "transcribe":
        return "transcribe"
    if name == "translate":
        return "translate"
    raise AIError(errors.INVALID_INPUT, detail="'task' is neither 'transcribe' nor 'translate'")


def render(
    card: Card, request: SpeechRecognitionRequest, outcome: SpeechRecognitionResult
) -> dict[str, Any]:
    """Words, or segments with their words where the card says so."""
    text = {"text": outcome.text, "word_count": len(outcome.text.split())}
    subtitles = {"vtt": vtt(outcome.segments)}
    if card.output != DETAILED:
        words = [_word(word) for segment in outcome.segments for word in segment.words]
        return {**text, "words": words, **subtitles}
    info = {
        "language": outcome.language,
        "language_probability": outcome.language_probability,
        "duration": outcome.duration,
        "duration_after_vad": outcome.duration_after_vad,
    }
    segments = [_segment(segment) for segment in outcome.segments]
    return {"transcription_info": info, **text, "segments": segments, **subtitles}


def _word(word: SpokenWord) -> dict[str, Any]:
    return {"word": word.word, "start": word.start, "end": word.end}


def _segment(segment: SpeechSegment) -> dict[str, Any]:
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "temperature": segment.temperature,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": segment.compression_ratio,
        "no_speech_prob": segment.no_speech_prob,
        "words": [_word(word) for word in segment.words],
    }


def vtt(segments: tuple[SpeechSegment, ...]) -> str:
    """WebVTT with a cue for each segment; its text is escaped as the format asks."""
    blocks = ["WEBVTT"]
    for segment in segments:
        text = " ".join(segment.text.split("\n")).strip()
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        end = max(segment.end, segment.start + 0.001)  # a cue ends after it begins
        blocks.append(f"{_clock(segment.start)} --> {_clock(end)}\n{text}")
    return "\n\n".join(blocks) + "\n"


def _clock(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
