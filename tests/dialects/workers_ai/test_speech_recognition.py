"""Speech recognition on the run route, over a fake engine (contract 4)."""

import base64
import re
from typing import Any

import pytest

from fogbank.tasks import SpeechRecognitionRequest
from tests.server import RUN, SPEECH, SPEECH_TURBO, Running

pytestmark = [pytest.mark.anyio, pytest.mark.contract("4")]

AUDIO = bytes(range(256)) * 440
"""Seven seconds, as the fake engine counts."""
CLOCK = r"\d\d:[0-5]\d:[0-5]\d\.\d{3}"


def heard(fogbank: Running) -> SpeechRecognitionRequest:
    request = fogbank.builder.built["speech"][-1].requests[-1]
    assert isinstance(request, SpeechRecognitionRequest)
    return request


async def send(fogbank: Running, body: Any, model: str = SPEECH) -> dict[str, Any]:
    response = await fogbank.run(model, body)
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()["result"]
    return result


@pytest.mark.contract("1.1")
async def test_raw_bytes_and_their_json_forms_are_one_recording(fogbank: Running) -> None:
    raw = await fogbank.client.post(RUN + SPEECH, content=AUDIO)
    assert raw.status_code == 200, raw.text
    numbered = {str(at): number for at, number in enumerate(AUDIO)}
    for audio in (list(AUDIO), numbered, [float(number) for number in AUDIO]):
        assert await send(fogbank, {"audio": audio}) == raw.json()["result"]
        assert heard(fogbank) == SpeechRecognitionRequest(audio=AUDIO)


async def test_text_words_and_subtitles(fogbank: Running) -> None:
    result = await send(fogbank, {"audio": list(AUDIO)})
    assert result.keys() == {"text", "word_count", "words", "vtt"}
    assert result["word_count"] == len(result["words"]) == 8
    assert result["text"] == " ".join(word["word"] for word in result["words"])
    ends = [0.0]
    for word in result["words"]:
        assert word.keys() == {"word", "start", "end"}
        assert ends[-1] <= word["start"] < word["end"]
        ends.append(word["end"])
    head, *cues = result["vtt"].rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    assert len(cues) == 2
    assert all(re.fullmatch(rf"{CLOCK} --> {CLOCK}\n.+", cue) for cue in cues)


async def test_the_detailed_form(fogbank: Running) -> None:
    body = {
        "audio": base64.b64encode(AUDIO).decode(),
        "task": "translate",
        "language": "FR",
        "vad_filter": True,
        "initial_prompt": "About fog.",
        "prefix": "So",
    }
    result = await send(fogbank, body, SPEECH_TURBO)
    assert result.keys() == {"transcription_info", "text", "word_count", "segments", "vtt"}
    assert result["transcription_info"].keys() == {
        "language",
        "language_probability",
        "duration",
        "duration_after_vad",
    }
    assert result["transcription_info"]["language"] == "fr"
    segment = result["segments"][0]
    assert segment.keys() == {
        *("start", "end", "text", "words"),
        *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
    }
    assert segment["words"][0].keys() == {"word", "start", "end"}
    assert heard(fogbank) == SpeechRecognitionRequest(
        audio=AUDIO,
        task="translate",
        language="fr",
        initial_prompt="About fog.",
        prefix="So",
        vad_filter=True,
    )


async def test_a_silent_body_asks_for_english(fogbank: Running) -> None:
    await send(fogbank, {"audio": base64.b64encode(AUDIO).decode()}, SPEECH_TURBO)
    assert heard(fogbank) == SpeechRecognitionRequest(audio=AUDIO, language="en")


@pytest.mark.parametrize(
    ("model", "body", "code", "part"),
    [
        (SPEECH, {}, 5006, "required properties at '/' are 'audio'"),
        (SPEECH, {"audio": "UklGRg=="}, 5006, "Type mismatch of '/audio', 'array' not in 'string'"),
        (SPEECH, {"audio": [1, "2"]}, 5006, "'/audio/1', 'number' not in 'string'"),
        (SPEECH, {"audio": [1, True]}, 5006, "'/audio/1', 'number' not in 'boolean'"),
        (SPEECH, {"audio": {"0": None}}, 5006, "'number' not in 'null'"),
        (SPEECH, {"audio": [1, 256]}, 8001, "'audio' has 256 at index 1: bytes are from 0 to 255"),
        (SPEECH, {"audio": [0.5]}, 8001, "'audio' has 0.5 at index 0"),
        (SPEECH, {"audio": {"0": 1, "2": 1}}, 8001, "without the key '1'"),
        (SPEECH, "text", 5006, "oneOf at '/' not met, 0 matches"),
        (SPEECH_TURBO, {"audio": [1, 2]}, 5004, "Invalid data type for base64 input: array"),
        (SPEECH_TURBO, {"audio": 5}, 5004, "Invalid data type for base64 input: integer"),
        (SPEECH_TURBO, {"audio": "no base64!"}, 8001, "'audio' is not base64"),
        (SPEECH_TURBO, {"audio": "AA==", "task": "sing"}, 8001, "'task' is neither"),
        (SPEECH_TURBO, {"audio": "AA==", "language": 5}, 5006, "'/language', 'string' not in"),
        (SPEECH_TURBO, {}, 5006, "required properties at '/' are 'audio'"),
    ],
)
@pytest.mark.contract("2.1", "2.3")
async def test_what_is_refused(
    fogbank: Running, model: str, body: Any, code: int, part: str
) -> None:
    response = await fogbank.run(model, body)
    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert error["code"] == code
    assert part in error["message"]


async def test_a_recording_that_the_engine_refuses(fogbank: Running) -> None:
    fogbank.builder.built["speech"][-1].refuse("the audio cannot be decoded")
    response = await fogbank.client.post(RUN + SPEECH, content=b"\x00 not a sound")
    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert error["code"] == 8001
    assert "the audio cannot be decoded" in error["message"]
