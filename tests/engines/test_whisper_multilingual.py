"""A random Whisper of many languages: what it writes means nothing, how it is asked is tested."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineMisconfigured, EngineRefused
from fogbank.engines.whisper import SpeechRecognizer
from fogbank.tasks import SpeechRecognitionRequest, SpeechRecognitionResult
from tests.engines import tiny_models
from tests.engines.packaged import DATA

pytestmark = pytest.mark.engine

SPEECH = (DATA / "speech.flac").read_bytes()
SPECIAL = (
    *("endoftext", "startoftranscript", "en", "fr", "ja", "translate", "transcribe"),
    *("startofprev", "nospeech", "notimestamps"),
)


def whisper(folder: Path) -> Path:
    """One layer of width 16; three languages, timestamps to thirty seconds."""
    import tokenizers
    import torch
    import transformers

    torch.manual_seed(7)
    folder.mkdir()
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokenizer: Any = tokenizers.Tokenizer(
        tokenizers.models.BPE({letter: at for at, letter in enumerate(alphabet)}, [])
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens([f"<|{name}|>" for name in SPECIAL])
    tokenizer.save(str(folder / "tokenizer.json"))
    ids = {name: tokenizer.token_to_id(f"<|{name}|>") for name in SPECIAL}
    ends = {"bos_token_id": 256, "eos_token_id": 256, "pad_token_id": 256}
    config = transformers.WhisperConfig(
        vocab_size=len(alphabet) + len(SPECIAL) + 1501,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_mel_bins=8,
        max_target_positions=64,
        decoder_start_token_id=257,
        init_std=0.5,
        **ends,
    )
    model = transformers.WhisperForConditionalGeneration(config).eval()
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=257,
        no_timestamps_token_id=ids["notimestamps"],
        is_multilingual=True,
        lang_to_id={f"<|{name}|>": ids[name] for name in ("en", "fr", "ja")},
        task_to_id={name: ids[name] for name in ("translate", "transcribe")},
        **ends,
    )
    model.save_pretrained(folder)
    transformers.WhisperFeatureExtractor(feature_size=8).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> SpeechRecognizer:
    folder = whisper(tmp_path_factory.mktemp("models") / "whisper")
    return SpeechRecognizer(folder, TransformersOptions())


def hear(recognizer: SpeechRecognizer, **more: Any) -> SpeechRecognitionResult:
    result = recognizer.write(SpeechRecognitionRequest(audio=SPEECH, **more), lambda: False)
    assert result is not None
    return result


def test_the_language_is_found_out(recognizer: SpeechRecognizer) -> None:
    result = hear(recognizer)
    assert result.language in ("en", "fr", "ja")
    assert 1 / 3 <= result.language_probability < 1


@pytest.mark.parametrize("language", ["fr", "ja"])
@pytest.mark.parametrize("task", ["transcribe", "translate"])
def test_a_language_that_is_given(recognizer: SpeechRecognizer, language: str, task: str) -> None:
    result = hear(recognizer, language=language, task=task, initial_prompt="fog", prefix="ja")
    assert (result.language, result.language_probability) == (language, 1.0)
    assert result.text.startswith("ja")
    for segment in result.segments:
        for word in segment.words:
            assert 0 <= word.start <= word.end <= result.duration


def test_a_long_context_and_prefix_leave_room_for_what_is_heard(
    recognizer: SpeechRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder, heard = recognizer._decoder, []
    forward = decoder._forward

    def counted(ids: list[int], encoded: Any, cache: Any) -> Any:
        heard.append(ids)
        return forward(ids, encoded, cache)

    monkeypatch.setattr(decoder, "_forward", counted)
    hear(recognizer, language="fr", initial_prompt="fog " * 99, prefix="ja " * 99)
    assert len(heard) > 1
    assert all(len(ids) < 64 for ids in heard)


def test_a_language_that_is_not_known(recognizer: SpeechRecognizer) -> None:
    with pytest.raises(EngineRefused, match="'tlh' is not known; known are en, fr, ja"):
        hear(recognizer, language="tlh")


def test_weights_of_another_kind(tmp_path: Path) -> None:
    folder = tiny_models.encoder(tmp_path / "bert", "BertModel")
    with pytest.raises((EngineMisconfigured, ValueError)):
        SpeechRecognizer(folder, TransformersOptions())
