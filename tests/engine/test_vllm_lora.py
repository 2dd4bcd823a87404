"""LoRA adapters on real vLLM and real weights: what they change, and that bad ones do no harm."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fogbank.engines.base import EngineRefused, Health
from fogbank.engines.vllm import VllmEngine
from fogbank.engines.vllm_lora import base_shapes
from fogbank.storage.adapter_config import CONFIG, MAX_SCALE
from fogbank.storage.adapter_weights import MAX_WEIGHT, WEIGHTS, check_values, read_weights
from fogbank.tasks import TextGenerationResult
from fogbank.tasks.text_generation import Lora
from tests import adapters
from tests.engine.asking import request
from tests.engine.conftest import OPTIONS

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.engine,
    pytest.mark.verify,  # an engine of its own, which takes half a minute to start
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.contract("5.3"),
]

CAPITAL = "What is the capital of France?"
RANK = 4
ROUNDING = 0.3
"""Of a log-probability, alone and in a batch: in bfloat16 up to 0.17, of one adapter's copies too;
another adapter's differ by more."""

SLOTS = {"enable_lora": True, "max_loras": 2, "max_cpu_loras": 2, "max_lora_rank": 8}

Make = Callable[..., Lora]


@pytest.fixture(scope="module")
async def engine(smollm2: Path, anyio_backend: str) -> AsyncIterator[VllmEngine]:
    """SmolLM2 with room for two adapters at once."""
    if find_spec("vllm") is None:
        pytest.skip("needs an extra with vLLM: cpu or gpu")
    engine = VllmEngine("smollm2", smollm2, options={**OPTIONS, **SLOTS})
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture(scope="module")
def make(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A new adapter with q_proj and v_proj of every layer, its number used by no other."""
    shapes = base_shapes(smollm2)
    made = iter(range(1, 1000))

    def adapter(up: float, *, rank: int = RANK, seed: int = 0, wider: int = 0) -> Lora:
        tensors: dict[str, Any] = {}
        for name, shape in shapes.items():
            if name.endswith(("q_proj.weight", "v_proj.weight")):
                outputs, inputs = shape
                module = name.removesuffix(".weight")
                tensors |= adapters.pair(
                    module, rank, inputs + wider, outputs, up=up / inputs, seed=seed
                )
        number = next(made)
        folder = tmp_path_factory.mktemp("adapter")
        return Lora(f"a{number}", number, adapters.write(folder, tensors, r=rank))

    return adapter


async def answer(
    engine: VllmEngine, lora: Lora | None, prompt: str = CAPITAL, **more: Any
) -> TextGenerationResult:
    asked = await request(engine, prompt, max_tokens=12, **more)
    result = await engine.run(replace(asked, lora=lora))
    assert isinstance(result, TextGenerationResult)
    return result


async def ask(engine: VllmEngine, lora: Lora | None, prompt: str = CAPITAL, **more: Any) -> str:
    return (await answer(engine, lora, prompt, **more)).text


def agree(one: TextGenerationResult, other: TextGenerationResult) -> bool:
    """Whether two greedy answers differ by rounding alone, token by token.

    Where two tokens are as likely as each other, rounding decides, and the texts part.
    """
    for mine, theirs in zip(one.logprobs, other.logprobs, strict=False):
        likely = dict(mine.top)
        if theirs.token not in likely or abs(likely[theirs.token] - theirs.logprob) > ROUNDING:
            return False
        if mine.token != theirs.token:
            return mine.logprob - likely[theirs.token] <= ROUNDING
    return len(one.logprobs) == len(other.logprobs)


async def test_a_zero_adapter_changes_nothing_another_does(engine: VllmEngine, make: Make) -> None:
    assert engine.takes_lora
    plain = await ask(engine, None)
    assert "Paris" in plain
    assert await ask(engine, make(0)) == plain
    strong = make(3)
    changed = await ask(engine, strong)
    assert changed != plain
    assert await ask(engine, strong) == changed
    assert await ask(engine, None) == plain


async def test_it_computes_what_merged_weights_compute(
    engine: VllmEngine, make: Make, smollm2: Path
) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from fogbank.weights.adapter import merge_tensors

    lora = make(3)
    model = AutoModelForCausalLM.from_pretrained(smollm2, dtype=torch.float32)
    state = model.state_dict()
    scale = adapters.CONFIG["lora_alpha"] / RANK
    tensors = load_file(lora.folder / WEIGHTS)
    model.load_state_dict({**state, **merge_tensors(state, tensors, scale)})
    asked = await request(engine, CAPITAL, max_tokens=12)
    assert asked.prompt_token_ids is not None
    ids = torch.tensor([asked.prompt_token_ids])
    merged = model.generate(ids, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :]
    text = AutoTokenizer.from_pretrained(smollm2).decode(merged, skip_special_tokens=True)
    result = await engine.run(replace(asked, lora=lora))
    assert isinstance(result, TextGenerationResult)
    assert result.text == text
    plain = await engine.run(asked)
    assert isinstance(plain, TextGenerationResult)
    assert plain.text != text


@pytest.mark.verify
async def test_more_adapters_than_slots_take_turns(engine: VllmEngine, make: Make) -> None:
    """What was pushed out of its slot comes back as it was."""
    loras = [None, *(make(8, seed=seed) for seed in range(1, 5))]
    first = [await answer(engine, lora, logprobs=5) for lora in loras]
    assert len({result.text for result in first}) == len(loras)
    for number in (4, 2, 0, 3, 1, 1, 4, 3, 2, 0):
        again = await answer(engine, loras[number], logprobs=5)
        assert again.text == first[number].text
        assert agree(again, first[number])


@pytest.mark.verify
async def test_more_adapters_than_slots_answer_side_by_side(engine: VllmEngine, make: Make) -> None:
    loras = [None, *(make(8, seed=seed) for seed in range(1, 5))]
    alone = [await answer(engine, lora, logprobs=5) for lora in loras]
    assert not any(agree(one, other) for one in alone for other in alone if one is not other)
    together = await asyncio.gather(
        *(answer(engine, lora, logprobs=5) for lora in [*loras, *loras])
    )
    for result, expected in zip(together, [*alone, *alone], strict=True):
        assert agree(expected, result), (expected.text, result.text)
    assert together[0].text == together[5].text == alone[0].text


async def test_a_stream_takes_it_and_frees_it(engine: VllmEngine, make: Make) -> None:
    lora = make(3, seed=9)
    asked = replace(await request(engine, CAPITAL, max_tokens=400), lora=lora)
    stream = engine.stream(asked)
    assert (await anext(stream)).text
    await stream.aclose()
    shutil.rmtree(lora.folder)
    with pytest.raises(EngineRefused, match="are gone"):
        await ask(engine, lora)
    assert "Paris" in await ask(engine, None)


def spoilt(lora: Lora, name: str, data: bytes) -> Lora:
    (lora.folder / name).write_bytes(data)
    return lora


async def test_bad_adapters_are_refused_and_the_engine_lives(
    engine: VllmEngine, make: Make
) -> None:
    pids = engine.pids()
    elsewhere = adapters.pair("model.layers.99.self_attn.q_proj", RANK, 576, 576)
    norm = adapters.pair("model.layers.0.input_layernorm", RANK, 576, 576)
    cut = adapters.safetensors(adapters.pair(adapters.layer(0, "q_proj"), RANK, 576, 576))[:-8]
    bad = {
        "was not made for the weights": make(1, wider=8),
        "they have no model.layers.99": spoilt(make(0), WEIGHTS, adapters.safetensors(elsewhere)),
        "input_layernorm": spoilt(make(0), WEIGHTS, adapters.safetensors(norm)),
        "rank": make(1, rank=16),
        "cannot be read: JSON": spoilt(make(1), CONFIG, b"{"),
        "cannot load": spoilt(make(0), WEIGHTS, cut),
        "cannot be read": spoilt(make(1), WEIGHTS, b"\xff" * 30),
    }
    for told, lora in bad.items():
        with pytest.raises(EngineRefused, match=told):
            await ask(engine, lora)
    assert "Paris" in await ask(engine, None)
    assert "Paris" in await ask(engine, make(0))
    assert engine.health() is Health.READY
    assert engine.pids() == pids


@pytest.mark.verify
async def test_the_largest_weights_that_may_be_uploaded_hurt_nobody_else(
    engine: VllmEngine, smollm2: Path, tmp_path: Path
) -> None:
    tensors: dict[str, Any] = {}
    for name, shape in base_shapes(smollm2).items():
        if name.endswith("_proj.weight"):
            outputs, inputs = shape
            tensors |= adapters.pair(name.removesuffix(".weight"), 8, inputs, outputs, up=1)
    largest = {name: np.sign(tensor) * MAX_WEIGHT for name, tensor in tensors.items()}
    folder = adapters.write(tmp_path / "largest", largest, r=8, lora_alpha=8 * MAX_SCALE)
    read_weights(folder / WEIGHTS)
    check_values(folder / WEIGHTS)
    lora = Lora("largest", 1001, folder)
    for temperature in (0, 1):
        both = await asyncio.gather(
            ask(engine, lora, temperature=temperature), ask(engine, None), return_exceptions=True
        )
        assert isinstance(both[1], str)
        assert "Paris" in both[1]
    words = [f"Which city is the capital of France? {number}" for number in range(20)]
    assert all("Paris" in text for text in [await ask(engine, None, word) for word in words])
    assert engine.health() is Health.READY
