"""LoRA adapters on vLLM: each is measured against the base weights and loaded before first use.

vLLM loads an adapter in the middle of a step, and an adapter that it cannot load there ends the
engine process. `add_lora` beforehand fails alone; and since vLLM copies a matrix that is too small
without a word, the shapes are compared here. A refused adapter leaves the engine as it was.
"""

import asyncio
import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from fogbank.engines.base import EngineRefused
from fogbank.tasks.text_generation import Lora

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
TOLD_CHARACTERS = 300

_WRAPPER = "base_model.model."
_HALVES = (".lora_A.weight", ".lora_B.weight")

Shapes = Mapping[str, tuple[int, ...]]


class LoraShelf:
    """The adapters that one loaded engine has taken. `model` is its folder, `llm` its AsyncLLM."""

    def __init__(self, model: Path, llm: Any, request_type: Any) -> None:
        self._model = model
        self._llm = llm
        self._request_type = request_type
        self._base: Shapes | None = None
        self._taken: set[int] = set()
        self._turn = asyncio.Lock()

    async def take(self, lora: Lora) -> Any:
        """The LoRARequest of an adapter that the engine has. Raises EngineRefused."""
        if not all((lora.folder / name).is_file() for name in (CONFIG, WEIGHTS)):
            raise EngineRefused(
                f"the files of the fine-tune {lora.name!r} are gone; create it anew"
            )
        request = self._request_type(
            # vLLM tells adapters apart by name, in its prefix cache too.
            lora_name=f"{lora.number}-{lora.folder.name}",
            lora_int_id=lora.number,
            lora_path=str(lora.folder),
        )
        if lora.number not in self._taken:
            async with self._turn:
                if lora.number not in self._taken:
                    await asyncio.to_thread(self._measure, lora)
                    await self._load(lora, request)
                    self._taken.add(lora.number)
        return request

    async def _load(self, lora: Lora, request: Any) -> None:
        try:
            await self._llm.add_lora(request)
        except Exception as error:
            if self._llm.errored:
                raise
            with suppress(Exception):  # half of it may be there
                await self._llm.remove_lora(lora.number)
            told = str(error).strip()[-TOLD_CHARACTERS:]
            raise EngineRefused(f"vLLM cannot load the fine-tune {lora.name!r}: {told}") from error

    def _measure(self, lora: Lora) -> None:
        """Raises EngineRefused unless every pair multiplies to a weight of the base."""
        if self._base is None:
            self._base = base_shapes(self._model)
        try:
            adapter = _shapes(lora.folder / WEIGHTS)
            kind = orjson.loads((lora.folder / CONFIG).read_bytes())["model_type"]
        except (OSError, ValueError, AttributeError, KeyError, TypeError) as error:
            raise EngineRefused(
                f"the fine-tune {lora.name!r} cannot be read: {error!r}; create it anew"
            ) from error
        # Llama 3.1 8B and Mistral 7B have the same shapes.
        if not (own := _model_type(self._model)).startswith(kind):
            mistake: str | None = f"they are of the type {own}, the fine-tune is for {kind}"
        else:
            mistake = misfit(adapter, self._base)
        if mistake:
            raise EngineRefused(
                f"the fine-tune {lora.name!r} was not made for the weights that serve this"
                f" model: {mistake}"
            )


def base_shapes(model: Path) -> Shapes:
    """Shapes of the model's weights by name. Raises EngineRefused where there is no safetensors."""
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(model.glob("*.safetensors")):
        with suppress(ValueError):
            shapes.update(_shapes(file))
    if not shapes:
        raise EngineRefused("fine-tunes need base weights in safetensors format")
    return shapes


def _model_type(model: Path) -> str:
    try:
        return str(orjson.loads((model / "config.json").read_bytes())["model_type"])
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"


def misfit(adapter: Shapes, base: Shapes) -> str | None:
    """What does not fit, in words; None where all does."""
    for module in _modules(adapter):
        down, up = (adapter.get(f"{_WRAPPER}{module}{half}", ()) for half in _HALVES)
        if len(down) != 2 or len(up) != 2 or down[0] != up[1]:
            return f"{module} is not a low-rank pair"
        weight = base.get(f"{module}.weight")
        if weight is None:
            return f"they have no {module}"
        if weight != (up[0], down[1]):
            return f"{module} is {_told(weight)} there and {_told((up[0], down[1]))} here"
    return None


def _modules(adapter: Shapes) -> Iterator[str]:
    for name in adapter:
        for half in _HALVES:
            if name.endswith(half):
                yield name.removeprefix(_WRAPPER).removesuffix(half)


def _told(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _shapes(file: Path) -> Shapes:
    """From the header of a safetensors file. Raises ValueError."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if length > min(file.stat().st_size, 1 << 27):
            raise ValueError(f"{file.name} is not a safetensors file")
        header = orjson.loads(stream.read(length))
    return {
        name: tuple(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and math.prod(entry["shape"])
    }
