import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gguf")

import gguf
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fogbank.weights import gguf_file
from fogbank.weights.errors import WeightsError
from fogbank.weights.gguf_config import llama3_factors
from fogbank.weights.gguf_file import open_gguf
from fogbank.weights.gguf_llama import convert
from fogbank.weights.safetensors_file import to_bfloat16, write_safetensors
from tests.weights.gguf_file import (
    Floats,
    gguf_bytes,
    gguf_tensors,
    hugging_face_tensors,
    tiny_metadata,
)


def write(tmp_path: Path, extra: dict[str, Floats] | None = None, **metadata: Any) -> Path:
    path = tmp_path / "tiny.gguf"
    tensors = gguf_tensors(hugging_face_tensors()) | (extra or {})
    path.write_bytes(gguf_bytes(tiny_metadata(**metadata), tensors))
    return path


def read_safetensors(path: Path) -> dict[str, Floats]:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            if entry["dtype"] == "BF16":
                bits = np.frombuffer(data[begin:end], "<u2").astype(np.uint32) << np.uint32(16)
                values = bits.view(np.float32)
            else:
                values = np.frombuffer(data[begin:end], "<f4")
            tensors[name] = values.reshape(entry["shape"])
    return tensors


@pytest.mark.parametrize("precision", ["BF16", "F32"])
def test_a_converted_file_has_the_original_tensors(tmp_path: Path, precision: Any) -> None:
    steps: list[tuple[int, int]] = []
    convert(
        write(tmp_path),
        tmp_path,
        precision=precision,
        step=lambda done, total: steps.append((done, total)),
    )
    found, expected = read_safetensors(tmp_path / "model.safetensors"), hugging_face_tensors()
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor, err_msg=name)
    assert steps[-1] == (len(expected), len(expected))


def test_the_configuration_is_the_originals(tmp_path: Path) -> None:
    convert(write(tmp_path), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["rms_norm_eps"] == 1e-5
    assert config["rope_theta"] == 100000.0
    assert (config["num_attention_heads"], config["num_key_value_heads"]) == (2, 1)
    assert (config["head_dim"], config["vocab_size"]) == (4, 6)
    assert config["tie_word_embeddings"] is True
    assert "quantization_config" not in config
    generation = json.loads((tmp_path / "generation_config.json").read_text())
    assert generation == {"bos_token_id": 1, "eos_token_id": 0}


def test_an_output_layer_of_its_own_is_kept(tmp_path: Path) -> None:
    head = np.ones((6, 8), np.float32)
    convert(write(tmp_path, {"output.weight": head}), tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["tie_word_embeddings"] is False
    found = read_safetensors(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(found["lm_head.weight"], head)


def test_the_tokenizer_comes_along(tmp_path: Path) -> None:
    convert(write(tmp_path, tokenizer__ggml__add_bos_token=True), tmp_path)
    tokenizer = json.loads((tmp_path / "tokenizer.json").read_text())
    assert tokenizer["model"]["vocab"]["ab"] == 4
    assert tokenizer["model"]["merges"] == [["a", "b"]]
    assert [token["content"] for token in tokenizer["added_tokens"]] == ["<end>", "<start>"]
    assert tokenizer["pre_tokenizer"]["pretokenizers"][0]["individual_digits"] is True
    assert tokenizer["post_processor"]["special_tokens"]["<start>"]["ids"] == [1]
    config = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert config["eos_token"] == "<end>"
    assert config["model_max_length"] == 64
    assert config["chat_template"] == "{{ messages }}"


def test_llama_3s_rotary_scaling_is_recognised(tmp_path: Path) -> None:
    wide = llama3_factors(8, 128, 500000.0)
    assert (wide[0], wide[-1]) == (1, 8)
    assert sorted(wide) == list(wide)
    metadata = {"llama__rope__dimension_count": 128, "llama__rope__freq_base": 500000.0}
    convert(write(tmp_path, {"rope_freqs.weight": wide}, **metadata), tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["rope_scaling"] == {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }


def test_rotary_scaling_of_another_kind_is_refused(tmp_path: Path) -> None:
    odd = {"rope_freqs.weight": np.array([1, 3], np.float32)}
    with pytest.raises(WeightsError, match="scales its rotary embedding"):
        convert(write(tmp_path, odd), tmp_path)
    with pytest.raises(WeightsError, match="scales its rotary embedding"):
        convert(write(tmp_path, llama__rope__scaling__type="yarn"), tmp_path)


@pytest.mark.parametrize(
    ("metadata", "what"),
    [
        ({"general__architecture": "qwen2"}, "of the architecture qwen2"),
        ({"split__count": 2}, "split over several files"),
        ({"llama__block_count": None}, "lacks metadata .*block_count"),
        ({"tokenizer__ggml__pre": "exotic"}, "tokenizer gpt2/exotic"),
        ({"tokenizer__ggml__model": "llama"}, "tokenizer llama/smollm"),
    ],
)
def test_what_cannot_be_converted_is_named(
    tmp_path: Path, metadata: dict[str, Any], what: str
) -> None:
    with pytest.raises(WeightsError, match=what) as caught:
        convert(write(tmp_path, **metadata), tmp_path)
    assert caught.value.hint


def test_a_tensor_that_no_llama_has_is_named(tmp_path: Path) -> None:
    extra = {"blk.0.attn_q.bias": np.zeros(8, np.float32)}
    with pytest.raises(WeightsError, match=r"has a tensor blk\.0\.attn_q\.bias"):
        convert(write(tmp_path, extra), tmp_path)


GOOD = gguf_bytes(tiny_metadata(), gguf_tensors(hugging_face_tensors()))


@given(st.integers(0, len(GOOD) - 1))
def test_a_file_that_is_cut_off_is_refused(tmp_path_factory: Any, length: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "cut.gguf"
    path.write_bytes(GOOD[:length])
    with pytest.raises(WeightsError, match="not a sound GGUF file"):
        open_gguf(path)


@given(st.integers(4, 1500), st.binary(min_size=1, max_size=8))
def test_a_damaged_header_never_crashes(tmp_path_factory: Any, place: int, noise: bytes) -> None:
    folder = tmp_path_factory.mktemp("noise")
    (folder / "x.gguf").write_bytes(GOOD[:place] + noise + GOOD[place + len(noise) :])
    with contextlib.suppress(WeightsError):
        convert(folder / "x.gguf", folder)
    assert (folder / "x.gguf").exists()


def test_a_length_beyond_the_file_is_refused_at_once(tmp_path: Path) -> None:
    """A list of many items, and the file ends before the first.

    No more than 2^17, so that a reader without bounds fails here and does not fill the memory.
    """
    key = b"tokenizer.ggml.token_type"
    start = GOOD.index(key) + len(key)
    path = tmp_path / "long.gguf"
    path.write_bytes(GOOD[:start] + struct.pack("<IIQ", 9, 4, 1 << 17))
    with pytest.raises(WeightsError, match="not a sound GGUF file: it is cut off"):
        open_gguf(path)


def test_a_header_of_endless_items_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gguf_file, "MOST_ITEMS", 20)
    with pytest.raises(WeightsError, match="more than 20 items"):
        open_gguf(write(tmp_path))


def test_the_other_byte_order_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "big.gguf"
    path.write_bytes(b"GGUF" + struct.pack(">IQQ", 3, 0, 0))
    with pytest.raises(WeightsError, match="byte order"):
        open_gguf(path)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    odd = {"output.weight": np.full((6, 8), np.nan, np.float32)}
    with pytest.raises(WeightsError, match=r"tensor output\.weight has values that are not finite"):
        convert(write(tmp_path, odd), tmp_path)


def test_a_type_that_holds_no_weights_is_named(tmp_path: Path) -> None:
    name = b"output_norm.weight" + struct.pack("<IQI", 1, 8, 0)
    path = tmp_path / "odd.gguf"
    path.write_bytes(GOOD.replace(name, name[:-4] + struct.pack("<I", 26)))
    with pytest.raises(WeightsError, match=r"output_norm\.weight .* of type I32") as caught:
        convert(path, tmp_path)
    assert "Q8_0" in caught.value.hint


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"])
def test_a_quantised_tensor_comes_back_near_to_what_it_was(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "q.gguf"
    kind_number = gguf.GGMLQuantizationType[kind]
    values = np.random.default_rng(0).uniform(-1, 1, (6, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(path, "llama")
    quantised = gguf.quants.quantize(values, kind_number)
    writer.add_tensor("output.weight", quantised, raw_dtype=kind_number)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    file = open_gguf(path)
    assert file.metadata["general.architecture"] == "llama"
    assert file.shape("output.weight") == (6, 64)
    found = file.tensor("output.weight")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, values, atol=0.13)


@given(
    st.floats(
        width=32, allow_nan=False, allow_infinity=False, max_value=2.0**100, min_value=-(2.0**100)
    )
)
def test_bfloat16_is_the_nearest(value: float) -> None:
    bits = to_bfloat16(np.array([value], np.float32)).astype(np.uint32)
    around = [np.array([bits[0] + step], np.uint32) for step in (0, 1)]
    around += [np.array([bits[0] - 1], np.uint32)] if bits[0] & 0x7FFF else []
    exact = [float((each << np.uint32(16)).view(np.float32)[0]) for each in around]
    assert abs(exact[0] - value) == min(abs(each - value) for each in exact)


def test_a_tensor_of_another_shape_than_announced_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="was announced"):
        write_safetensors(
            tmp_path / "x",
            {"a": (2, 2)},
            lambda name: np.zeros(4, np.float32),
            precision="F32",
        )
