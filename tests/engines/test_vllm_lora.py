"""The shelf of adapters, on a stand-in for vLLM; tests/engine has the real one."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fogbank.engines.base import EngineRefused
from fogbank.engines.vllm_lora import LoraShelf, base_shapes, misfit
from fogbank.tasks.text_generation import Lora
from tests import adapters
from tests.engines.vllm_standin import Llm

pytestmark = [pytest.mark.anyio, pytest.mark.contract("5.3")]

Q = adapters.layer(0, "q_proj")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Two files of base weights of width 8, and one that is no safetensors file."""
    folder = tmp_path / "model"
    folder.mkdir()
    for number, module in enumerate(("q_proj", "v_proj")):
        weight = {f"{adapters.layer(0, module)}.weight": np.zeros((8, 8), np.float32)}
        (folder / f"model-{number}.safetensors").write_bytes(adapters.safetensors(weight))
    (folder / "other.safetensors").write_bytes(b"\xff" * 20)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


def shelf(model: Path, llm: Llm) -> LoraShelf:
    return LoraShelf(model, llm, SimpleNamespace)


def lora(folder: Path, number: int = 7) -> Lora:
    return Lora("mine", number, folder)


async def test_an_adapter_is_loaded_once_before_its_first_use(model: Path, tmp_path: Path) -> None:
    llm, folder = Llm(), adapters.write(tmp_path / "one", adapters.small())
    held = shelf(model, llm)
    first, again = await held.take(lora(folder)), await held.take(lora(folder))
    assert llm.loaded == [7]
    assert first == again
    assert vars(first) == {"lora_name": "7-one", "lora_int_id": 7, "lora_path": str(folder)}


async def test_another_number_is_another_adapter(model: Path, tmp_path: Path) -> None:
    llm, folder = Llm(), adapters.write(tmp_path / "one", adapters.small())
    held = shelf(model, llm)
    names = {(await held.take(lora(folder, number))).lora_name for number in (1, 2)}
    assert llm.loaded == [1, 2]
    assert len(names) == 2


async def test_what_vllm_cannot_load_is_refused_every_time(model: Path, tmp_path: Path) -> None:
    llm = Llm(lora_error=RuntimeError("too large"))
    folder = adapters.write(tmp_path / "one", adapters.small())
    held = shelf(model, llm)
    for _ in range(2):
        with pytest.raises(EngineRefused, match="cannot load the fine-tune 'mine': too large"):
            await held.take(lora(folder))
    assert llm.removed == [7, 7]


async def test_an_engine_that_died_meanwhile_is_not_the_adapters_fault(
    model: Path, tmp_path: Path
) -> None:
    llm = Llm(lora_error=RuntimeError("gone"), errored=True)
    with pytest.raises(RuntimeError, match="gone"):
        await shelf(model, llm).take(lora(adapters.write(tmp_path / "one", adapters.small())))


async def test_an_adapter_for_other_weights_never_reaches_vllm(model: Path, tmp_path: Path) -> None:
    llm = Llm()
    folder = adapters.write(tmp_path / "wide", adapters.pair(Q, 4, 16, 8))
    with pytest.raises(EngineRefused, match=r"was not made for the weights .* 8 x 8 there and 8 x"):
        await shelf(model, llm).take(lora(folder))
    assert llm.loaded == []


async def test_an_adapter_for_another_architecture(model: Path, tmp_path: Path) -> None:
    folder = adapters.write(tmp_path / "one", adapters.small(), model_type="mistral")
    with pytest.raises(EngineRefused, match="are of the type llama, the fine-tune is for mistral"):
        await shelf(model, Llm()).take(lora(folder))
    (model / "config.json").write_text('{"model_type": "mistral3"}')
    assert await shelf(model, Llm()).take(lora(folder))
    (model / "config.json").unlink()
    with pytest.raises(EngineRefused, match="type unknown"):
        await shelf(model, Llm()).take(lora(folder))


async def test_files_that_are_gone_or_spoilt(model: Path, tmp_path: Path) -> None:
    folder = adapters.write(tmp_path / "one", adapters.small())
    held = shelf(model, Llm())
    (folder / "adapter_model.safetensors").write_bytes(b"\x05" + bytes(7) + b"nulls")
    with pytest.raises(EngineRefused, match="cannot be read"):
        await held.take(lora(folder))
    (folder / "adapter_config.json").unlink()
    with pytest.raises(EngineRefused, match="are gone"):
        await held.take(lora(folder))


async def test_a_model_without_safetensors_takes_none(tmp_path: Path) -> None:
    folder = adapters.write(tmp_path / "one", adapters.small())
    with pytest.raises(EngineRefused, match="safetensors format"):
        await shelf(tmp_path / "none", Llm()).take(lora(folder))


BASE = {f"{Q}.weight": (8, 6)}


@pytest.mark.parametrize(
    ("down", "up", "told"),
    [
        ((4, 6), (8, 4), None),
        ((4, 8), (6, 4), f"{Q} is 8 x 6 there and 6 x 8 here"),
        ((4, 6), (8, 3), f"{Q} is not a low-rank pair"),
        ((4,), (8, 4), f"{Q} is not a low-rank pair"),
        (None, (8, 4), f"{Q} is not a low-rank pair"),
    ],
)
def test_misfits(down: Any, up: Any, told: str | None) -> None:
    shapes = {"A": down, "B": up}
    adapter = {
        f"base_model.model.{Q}.lora_{half}.weight": shape
        for half, shape in shapes.items()
        if shape is not None
    }
    assert misfit(adapter, BASE) == told
    elsewhere = {name.replace("q_proj", "k_proj"): shape for name, shape in adapter.items()}
    if told is None:
        assert misfit(elsewhere, BASE) == f"they have no {adapters.layer(0, 'k_proj')}"


def test_base_shapes_of_several_files(model: Path) -> None:
    assert base_shapes(model) == {
        f"{adapters.layer(0, module)}.weight": (8, 8) for module in ("q_proj", "v_proj")
    }
