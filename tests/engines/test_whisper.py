"""Speech recognition with the packaged weights: real speech in, its words out."""

import asyncio
import io
import re
import threading
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineRefused
from fogbank.engines.sound import RATE, read_sound
from fogbank.engines.transformers import TransformersEngine
from fogbank.engines.whisper import SpeechRecognizer
from fogbank.tasks import (
    SPEECH_RECOGNITION,
    SpeechRecognitionRequest,
    SpeechRecognitionResult,
    SpokenWord,
    TextClassificationRequest,
    Usage,
)
from tests.engines.packaged import DATA, folder

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

SPEECH = (DATA / "speech.flac").read_bytes()
SAID = "he might even have been made amiable himself"


@pytest.fixture(scope="module")
def recognizer() -> SpeechRecognizer:
    options = TransformersOptions(max_audio_seconds=60)
    return SpeechRecognizer(folder("whisper-tiny-en"), options)


def hear(recognizer: SpeechRecognizer, audio: bytes, **more: Any) -> SpeechRecognitionResult:
    request = SpeechRecognitionRequest(audio=audio, **more)
    result = recognizer.write(request, lambda: False)
    assert result is not None
    return result


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z'-]+", text.lower()))


def words(result: SpeechRecognitionResult) -> list[SpokenWord]:
    return [word for segment in result.segments for word in segment.words]


def encoded(samples: NDArray[np.float32], kind: str, rate: int = RATE) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=kind)
    return file.getvalue()


def test_a_sentence_with_the_times_of_its_words(recognizer: SpeechRecognizer) -> None:
    result = hear(recognizer, SPEECH)
    assert plain(result.text) == SAID
    assert result.duration == pytest.approx(3.29, abs=0.01)
    assert result.usage == Usage(audio_seconds=result.duration)
    assert (result.language, result.language_probability) == ("en", 1.0)
    said = words(result)
    assert [plain(word.word) for word in said] == SAID.split()
    for before, after in pairwise(said):
        assert before.start < before.end <= after.start
    assert said[0].start < 0.4
    assert 2.5 < said[-1].end <= result.duration
    # Where the words are in the recording, by ear: "made" in its middle, "amiable" after it.
    made, amiable = (next(w for w in said if plain(w.word) == text) for text in ("made", "amiable"))
    assert made.start == pytest.approx(1.4, abs=0.25)
    assert amiable.start == pytest.approx(1.8, abs=0.25)


@pytest.mark.parametrize(("kind", "rate"), [("WAV", 44_100), ("MP3", 22_050)])
def test_other_formats_and_rates(recognizer: SpeechRecognizer, kind: str, rate: int) -> None:
    import soxr

    samples = soxr.resample(read_sound(SPEECH, 60), RATE, rate)
    assert plain(hear(recognizer, encoded(samples, kind, rate)).text) == SAID


def test_more_than_one_window(recognizer: SpeechRecognizer) -> None:
    speech, pause = read_sound(SPEECH, 60), np.zeros(30 * RATE, np.float32)
    audio = encoded(np.concatenate([speech, pause, speech]), "FLAC")
    second = 30 + len(speech) / RATE
    for vad_filter in (True, False):
        result = hear(recognizer, audio, vad_filter=vad_filter)
        assert plain(result.text) == f"{SAID} {SAID}"
        assert result.duration == pytest.approx(36.6, abs=0.05)
        assert (result.duration_after_vad < 8) is vad_filter
        said = words(result)
        ends = [word.end for word in said]
        assert ends == sorted(ends)
        mights = [word.start for word in said if plain(word.word) == "might"]
        assert mights[1] - mights[0] == pytest.approx(second, abs=0.3)


def test_what_leads_the_text(recognizer: SpeechRecognizer) -> None:
    result = hear(recognizer, SPEECH, initial_prompt="Elinor spoke.", prefix="She might")
    assert result.text.startswith("She might")
    assert "amiable" in result.text


def test_silence_says_nothing(recognizer: SpeechRecognizer) -> None:
    silence = encoded(np.zeros(3 * RATE, np.float32), "WAV")
    result = hear(recognizer, silence, vad_filter=True)
    assert result.duration == 3.0
    assert result.duration_after_vad == 0.0
    assert len(result.text.split()) < 4


@pytest.mark.parametrize(
    ("more", "part"),
    [({"language": "fr"}, "knows English only"), ({"task": "translate"}, "does not translate")],
)
def test_english_only(recognizer: SpeechRecognizer, more: Any, part: str) -> None:
    with pytest.raises(EngineRefused, match=part):
        hear(recognizer, SPEECH, **more)


def test_a_recording_that_is_too_long(recognizer: SpeechRecognizer) -> None:
    audio = encoded(np.zeros(61 * RATE, np.float32), "FLAC")
    assert len(audio) < 10_000
    with pytest.raises(EngineRefused, match="longer than 60 s"):
        hear(recognizer, audio)


@pytest.mark.parametrize("after", [3, 9], ids=["while it is decoded", "at a token"])
def test_cancelled_at_the_next_second_or_token(recognizer: SpeechRecognizer, after: int) -> None:
    asked: list[bool] = []

    def cancelled() -> bool:
        asked.append(len(asked) + 1 >= after)
        return asked[-1]

    assert recognizer.write(SpeechRecognitionRequest(audio=SPEECH), cancelled) is None
    assert asked.count(False) == after - 1


@pytest.fixture
async def engine() -> AsyncIterator[TransformersEngine]:
    engine = TransformersEngine("x", folder("whisper-tiny-en"), task=SPEECH_RECOGNITION)
    await engine.start()
    yield engine
    await engine.stop()


async def test_in_the_engine(engine: TransformersEngine) -> None:
    with pytest.raises(EngineRefused, match="cannot be decoded"):
        await engine.run(SpeechRecognitionRequest(audio=b"no sound"))
    with pytest.raises(EngineRefused, match="loaded for Automatic Speech Recognition"):
        await engine.run(TextClassificationRequest("a"))
    threads = threading.active_count()
    running = asyncio.create_task(engine.run(SpeechRecognitionRequest(audio=SPEECH)))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert engine.running == 0
    result = await engine.run(SpeechRecognitionRequest(audio=SPEECH))
    assert isinstance(result, SpeechRecognitionResult)
    assert plain(result.text) == SAID
    assert threading.active_count() == threads
