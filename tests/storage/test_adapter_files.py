"""The two files of an adapter, right and wrong (contract 5.3)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fogbank.storage.adapter_config import AdapterError, read_config
from fogbank.storage.adapter_weights import check_together, check_values, read_weights
from tests import adapters

pytestmark = pytest.mark.contract("5.3")


def config_of(tmp_path: Path, data: bytes) -> Any:
    file = tmp_path / "config"
    file.write_bytes(data)
    return read_config(file)


def weights_of(tmp_path: Path, data: bytes) -> Any:
    file = tmp_path / "weights"
    file.write_bytes(data)
    return read_weights(file)


def test_a_config_keeps_what_means_something_and_no_path(tmp_path: Path) -> None:
    found = config_of(tmp_path, adapters.config(unknown={"a": 1}, use_rslora=True))
    assert found.rank == 4
    assert found.targets == ("q_proj", "v_proj")
    assert found.document == {
        "peft_type": "LORA",
        "model_type": "llama",
        "r": 4,
        "lora_alpha": 8.0,
        "target_modules": ["q_proj", "v_proj"],
        "use_rslora": True,
        "bias": "none",
    }


@pytest.mark.parametrize("kind", ["mistral", "gemma", "llama"])
def test_the_three_model_types(tmp_path: Path, kind: str) -> None:
    assert config_of(tmp_path, adapters.config(model_type=kind)).document["model_type"] == kind


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"model_type": ...}, "'model_type' must be one of mistral, gemma, llama"),
        ({"model_type": "qwen2"}, "'model_type' must be one of"),
        ({"r": 33}, "'r' must be a whole number from 1 to 32"),
        ({"r": 0}, "'r' must be"),
        ({"r": True}, "'r' must be"),
        ({"r": ...}, "'r' must be"),
        ({"lora_alpha": 0}, "'lora_alpha' must be a number above 0"),
        ({"lora_alpha": "8"}, "'lora_alpha'"),
        ({"lora_alpha": 401}, "'lora_alpha' .* at most 100 times 'r'"),
        ({"target_modules": []}, "'target_modules' must name"),
        ({"target_modules": ["../q"]}, "must be names such as q_proj"),
        ({"target_modules": 5}, "'target_modules'"),
        ({"peft_type": "PROMPT_TUNING"}, "'peft_type' must be LORA"),
        ({"use_dora": True}, "'use_dora' is not supported"),
        ({"modules_to_save": ["lm_head"]}, "'modules_to_save' is not supported"),
        ({"rank_pattern": {"q": 2}}, "'rank_pattern' is not supported"),
        ({"auto_map": {"a": "b.py"}}, "'auto_map' is not supported"),
        ({"bias": "all"}, "'bias' must be none"),
        ({"init_lora_weights": "pissa"}, "'init_lora_weights' changes the base"),
    ],
)
def test_a_config_that_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(AdapterError, match=told):
        config_of(tmp_path, adapters.config(**changes))


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[1]", b"5", b"[" * 100_000, b" " * 300_000, b'{"r": NaN}']
)
def test_a_config_that_is_no_json_object(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(AdapterError, match=r"adapter_config\.json"):
        config_of(tmp_path, data)


def test_weights_are_pairs_by_module(tmp_path: Path) -> None:
    assert weights_of(tmp_path, adapters.safetensors(adapters.small())) == {
        adapters.layer(0, "q_proj"): (4, 8, 8),
        adapters.layer(0, "v_proj"): (4, 8, 8),
    }


def entry(**changes: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8], **changes}


A, B = "base_model.model.q.lora_A.weight", "base_model.model.q.lora_B.weight"
PAIR = {A: entry(), B: entry(shape=[2, 1], data_offsets=[8, 16])}


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({}, "has 0 tensors"),
        ([], "not a JSON object"),
        ({A: entry()}, "not as long as its header says"),
        ({"lm_head.weight": entry(), **PAIR}, "overlap or leave gaps"),
        ({**PAIR, A: entry(dtype="I8")}, "not of a type in F32"),
        ({**PAIR, A: entry(dtype=["F32"])}, "not of a type in F32"),
        ({**PAIR, A: 5}, "not of a type in F32"),
        ({**PAIR, A: entry(shape=[2])}, "not a matrix"),
        ({**PAIR, A: entry(shape=[0, 2], data_offsets=[0, 0])}, "not a matrix"),
        ({**PAIR, A: entry(shape=[1, True])}, "not a matrix"),
        ({**PAIR, A: entry(shape=[1, 3])}, "another size than its shape"),
        ({**PAIR, A: entry(data_offsets=[8, 0])}, "another size than its shape"),
        ({**PAIR, A: entry(data_offsets=[8, 16])}, "overlap or leave gaps"),
        ({A: entry(), "x" + B: PAIR[B]}, "not half of a low-rank pair"),
        ({A: entry(), B: entry(shape=[1, 2], data_offsets=[8, 16])}, "rank 1 in lora_A, 2"),
        ({A: entry(), A.replace(".q.", ".k."): entry(data_offsets=[8, 16])}, "has only lora_A"),
    ],
)
def test_weights_that_are_refused(tmp_path: Path, header: Any, told: str) -> None:
    with pytest.raises(AdapterError, match=told):
        weights_of(tmp_path, adapters.framed(header, bytes(16)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=400) | st.binary(max_size=60).map(lambda b: b"\x10" + bytes(7) + b))
@example(data=b"\xff" * 16)
def test_other_bytes_are_refused_in_words(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(AdapterError, match="safetensors"):
        weights_of(tmp_path, data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    header=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from([A, B, "dtype", "shape", "data_offsets"]), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_any_header_is_an_adapter_or_refused(tmp_path: Path, header: Any) -> None:
    file = tmp_path / "any"
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(AdapterError):
        read_weights(file)


def typed(dtype: str, values: bytes) -> bytes:
    """A pair of rank 1 with these four values, lora_A first."""
    half, whole = len(values) // 2, len(values)
    header = {
        A: {"dtype": dtype, "shape": [1, 2], "data_offsets": [0, half]},
        B: {"dtype": dtype, "shape": [2, 1], "data_offsets": [half, whole]},
    }
    return adapters.framed(header, values)


@pytest.mark.parametrize("value", [1e30, 50.5, -51.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.filterwarnings("ignore:overflow")
def test_weights_that_would_overflow(tmp_path: Path, dtype: str, value: float) -> None:
    file = tmp_path / "weights"

    def write(values: Any) -> None:
        floats = np.array(values, "<f4")
        data = {
            "F32": floats.tobytes,
            "F16": floats.astype("<f2").tobytes,
            "BF16": (floats.view("<u4") >> 16).astype("<u2").tobytes,
        }[dtype]()
        file.write_bytes(typed(dtype, data))

    write([50, -50, 0, 1])
    read_weights(file)
    check_values(file)
    for place in range(4):
        write([value if at == place else 0.5 for at in range(4)])
        with pytest.raises(AdapterError, match="no numbers, or beyond 50"):
            check_values(file)


def test_files_that_do_not_belong_together(tmp_path: Path) -> None:
    pairs = weights_of(tmp_path, adapters.safetensors(adapters.small()))
    check_together(config_of(tmp_path, adapters.config()), pairs)
    check_together(config_of(tmp_path, adapters.config(target_modules=".*_proj")), pairs)
    with pytest.raises(AdapterError, match=r"rank 4, but 'r' in adapter_config\.json is 8"):
        check_together(config_of(tmp_path, adapters.config(r=8)), pairs)
    with pytest.raises(AdapterError, match="v_proj is not in 'target_modules'"):
        check_together(config_of(tmp_path, adapters.config(target_modules=["q_proj"])), pairs)
