"""Reading CTranslate2's file, and a Whisper made of it."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fogbank.weights.ctranslate2_file import read_ctranslate2
from fogbank.weights.errors import WeightsError
from fogbank.weights.whisper_ctranslate2 import convert
from tests.engines.packaged import folder

TYPES = {"float32": 0, "int16": 2, "float16": 4}


def text(value: str) -> bytes:
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def model_file(specification: str = "WhisperSpec", **tensors: NDArray[np.generic]) -> bytes:
    data = struct.pack("<I", 6) + text(specification) + struct.pack("<II", 3, len(tensors))
    for name, tensor in tensors.items():
        shape = struct.pack(f"<B{tensor.ndim}I", tensor.ndim, *tensor.shape)
        kind = struct.pack("<BI", TYPES[tensor.dtype.name], tensor.nbytes)
        data += text(name) + shape + kind + tensor.tobytes()
    return data + struct.pack("<I", 0)


def write(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(data)
    return path


def test_tensors_by_name(tmp_path: Path) -> None:
    half = np.arange(6, dtype=np.float16).reshape(2, 3)
    found = read_ctranslate2(write(tmp_path, model_file(a=half, heads=np.array(6, np.int16))))
    assert found.specification == "WhisperSpec"
    assert np.array_equal(found.tensors["a"], half)
    assert found.tensors["a"].dtype == np.float16
    assert int(found.tensors["heads"]) == 6


@pytest.mark.parametrize("cut", [0, 3, 20, 40, 60])
def test_a_file_that_ends_early(tmp_path: Path, cut: int) -> None:
    data = model_file(tensor=np.zeros((4, 4), np.float32))
    with pytest.raises(ValueError, match=r"cut short|does not fit|is empty"):
        read_ctranslate2(write(tmp_path, data[:cut]))


def test_files_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="version 7 of the format"):
        read_ctranslate2(write(tmp_path, struct.pack("<I", 7) + model_file()[4:]))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text('{"added_tokens": []}')
    for data, part in (
        (model_file("TransformerSpec"), "TransformerSpec"),
        (model_file(), "decoder/embeddings/weight"),
    ):
        write(tmp_path, data)
        with pytest.raises(WeightsError, match=part):
            convert(tmp_path, tmp_path / "out")


@pytest.mark.engine
def test_the_packaged_whisper_loads_whole() -> None:
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    path = folder("whisper-tiny-en")
    assert sorted(each.name for each in path.iterdir()) == [
        "config.json",
        "fogbank.json",
        "generation_config.json",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    model, report = WhisperForConditionalGeneration.from_pretrained(path, output_loading_info=True)
    assert not any(report.values()), report
    assert model.generation_config.alignment_heads[0] == [1, 0]
    assert str(model.dtype) == "torch.float16"
    processor = WhisperProcessor.from_pretrained(path)
    assert processor.feature_extractor.feature_size == 80
    ids = processor.tokenizer.encode("fog bank")
    assert processor.tokenizer.decode(ids, skip_special_tokens=True) == "fog bank"
    heads = json.loads((path / "generation_config.json").read_text())["alignment_heads"]
    assert all(len(pair) == 2 for pair in heads)
