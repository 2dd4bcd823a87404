import os
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from fogbank.engines import vllm_options
from fogbank.engines.base import EngineMisconfigured
from fogbank.engines.vllm_options import (
    LORA_WORKER,
    cpu_computes_bfloat16,
    engine_arguments,
    environment,
    load_error,
)

KNOWN = {
    "model",
    "trust_remote_code",
    "dtype",
    "enable_chunked_prefill",
    "enforce_eager",
    "max_model_len",
    "structured_outputs_config",
    "worker_cls",
}
MODEL = Path("weights")


@pytest.fixture(autouse=True)
def no_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_options, "cpu_computes_bfloat16", lambda: False)


def test_a_cpu_gets_float32_and_no_compilation() -> None:
    arguments = engine_arguments(MODEL, {}, known=KNOWN, on_cpu=True)
    assert arguments["dtype"] == "float32"
    assert arguments["enforce_eager"] is True
    assert arguments["enable_chunked_prefill"] is False
    assert arguments["model"] == "weights"
    assert arguments["trust_remote_code"] is False


def test_a_cpu_with_bfloat16_instructions_keeps_the_dtype(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_options, "cpu_computes_bfloat16", lambda: True)
    assert "dtype" not in engine_arguments(MODEL, {}, known=KNOWN, on_cpu=True)


def test_a_gpu_gets_vllms_own_defaults() -> None:
    arguments = engine_arguments(MODEL, {}, known=KNOWN, on_cpu=False)
    assert arguments.keys().isdisjoint({"dtype", "enforce_eager", "enable_chunked_prefill"})


@pytest.mark.parametrize("on_cpu", [True, False])
def test_adapters_on_a_cpu_get_a_mended_worker(on_cpu: bool) -> None:
    known = {*KNOWN, "enable_lora", "worker_extension_cls"}
    arguments = engine_arguments(MODEL, {"enable_lora": True}, known=known, on_cpu=on_cpu)
    assert arguments.get("worker_extension_cls") == (LORA_WORKER if on_cpu else None)
    assert "worker_extension_cls" not in engine_arguments(MODEL, {}, known=known, on_cpu=on_cpu)


def test_options_win_over_defaults() -> None:
    options = {"dtype": "bfloat16", "max_model_len": 2048}
    arguments = engine_arguments(MODEL, options, known=KNOWN, on_cpu=True)
    assert arguments["dtype"] == "bfloat16"
    assert arguments["max_model_len"] == 2048


def test_a_default_that_this_vllm_does_not_know_is_left_out() -> None:
    known = KNOWN - {"structured_outputs_config"}
    arguments = engine_arguments(MODEL, {}, known=known, on_cpu=False)
    assert arguments == {"model": "weights", "trust_remote_code": False}


def test_a_misspelt_option_is_named_with_what_was_meant() -> None:
    with pytest.raises(
        EngineMisconfigured, match="'max_model_length'; did you mean 'max_model_len'"
    ):
        engine_arguments(MODEL, {"max_model_length": 1}, known=KNOWN, on_cpu=True)


@pytest.mark.parametrize(
    "option", [{"trust_remote_code": True}, {"worker_cls": "a.B"}, {"model": "other"}], ids=str
)
def test_options_that_run_code_or_change_the_model_are_refused(option: dict[str, object]) -> None:
    with pytest.raises(EngineMisconfigured, match="not allowed"):
        engine_arguments(MODEL, option, known=KNOWN, on_cpu=True)


@pytest.mark.parametrize(
    ("cpuinfo", "answer"),
    [
        ("processor : 0\nflags\t\t: fpu avx2 avx512_bf16 sse\n", True),
        ("flags\t\t: fpu avx2\n", False),
        ("Features\t: fp asimd bf16\n", True),
        ("", False),
    ],
)
def test_bfloat16_instructions_are_read_from_the_cpu(
    tmp_path: Path, cpuinfo: str, answer: bool
) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    assert cpu_computes_bfloat16(tmp_path / "cpuinfo") is answer
    assert cpu_computes_bfloat16(tmp_path / "missing") is False


def test_the_environment_holds_for_the_start_and_outside_wins_over_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (*vllm_options.DEFAULT_ENVIRONMENT, "VLLM_CPU_KVCACHE_SPACE"):
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "DEBUG")
    monkeypatch.setenv("OWN_SET", "before")
    with environment({"OWN": "1", "OWN_SET": "2"}, options={}) as sockets:
        sockets(tmp_path if len(str(tmp_path)) <= 70 else Path("short"))
        assert os.environ["OWN"] == "1"
        assert os.environ["OWN_SET"] == "2"
        assert os.environ["VLLM_LOGGING_LEVEL"] == "DEBUG"
        assert os.environ["VLLM_NO_USAGE_STATS"] == "1"
        assert os.environ["VLLM_CPU_KVCACHE_SPACE"] == "1"
        assert "VLLM_RPC_BASE_PATH" in os.environ
    assert "OWN" not in os.environ
    assert os.environ["OWN_SET"] == "before"
    assert "VLLM_RPC_BASE_PATH" not in os.environ


def test_the_option_for_the_kv_cache_is_not_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
    with environment({}, options={"kv_cache_memory_bytes": 1 << 30}):
        assert "VLLM_CPU_KVCACHE_SPACE" not in os.environ


def test_a_folder_with_too_long_a_name_is_not_used_for_sockets() -> None:
    with environment({}, options={}) as sockets:
        sockets(Path("x" * 80))
        assert "VLLM_RPC_BASE_PATH" not in os.environ


def test_what_vllm_makes_of_wrong_options_is_told_apart() -> None:
    folder = Path("weights")
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(int).validate_python("many")
    for error in (refused.value, TypeError("unexpected keyword argument")):
        assert isinstance(load_error(folder, error), EngineMisconfigured)
    told = load_error(folder, RuntimeError("out of memory"))
    assert not isinstance(told, EngineMisconfigured)
    assert str(told) == "vLLM cannot load weights: out of memory"
