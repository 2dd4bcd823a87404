"""One training loop for both adapters: LoRA on every linear layer of the encoder, the head in full.

The loop knows neither texts nor labels. Rows carry token ids, and a loss function says what is
wrong with the model's answer to a batch of them.
"""

import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from torch import Tensor
from transformers import PreTrainedModel

PAD = 0
CHUNK = 40  # batches drawn together and sorted by length: little padding, still well mixed


class Encoded(Protocol):
    """A row as the model sees it."""

    @property
    def ids(self) -> list[int]: ...


R = TypeVar("R", bound=Encoded)


@dataclass(frozen=True)
class Recipe:
    """What a training run is made of. `alpha / rank` scales the low-rank product."""

    rank: int
    alpha: int
    dropout: float
    epochs: int
    batch: int
    rate: float
    seed: int
    warmup: float = 0.06
    decay: float = 0.01


def wrap(model: PreTrainedModel, task: TaskType, recipe: Recipe) -> PeftModel:
    """Freeze the encoder and lay LoRA over its linear layers; the classifier stays free."""
    config = LoraConfig(
        task_type=task,
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=["query", "key", "value", "dense"],
        modules_to_save=["classifier"],
    )
    wrapped = get_peft_model(model, config)
    assert isinstance(wrapped, PeftModel)
    return wrapped


def pad(rows: Sequence[Sequence[int]], fill: int = PAD) -> Tensor:
    """Right-pad rows of ids to one (rows, longest) tensor."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in rows])


def logits(model: torch.nn.Module, rows: Sequence[Encoded]) -> Tensor:
    """The model's answer to a batch, in float32: (rows, labels) or (rows, longest, labels)."""
    ids = pad([row.ids for row in rows])
    answer: Tensor = model(input_ids=ids, attention_mask=(ids != PAD).long()).logits
    return answer.float()


def fit(
    model: torch.nn.Module,
    rows: Sequence[R],
    loss: Callable[[torch.nn.Module, Sequence[R]], Tensor],
    recipe: Recipe,
) -> None:
    """Train the free parameters of `model` in place: AdamW, linear warm-up and decay."""
    free = [p for p in model.parameters() if p.requires_grad]
    steps = recipe.epochs * math.ceil(len(rows) / recipe.batch)
    warm = max(1, round(recipe.warmup * steps))
    adam = torch.optim.AdamW(free, lr=recipe.rate, weight_decay=recipe.decay)
    slope = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / (steps - warm)))
    )
    dice = random.Random(recipe.seed)
    began = time.perf_counter()
    model.train()
    for epoch in range(recipe.epochs):
        total = 0.0
        for batch in _mixed(rows, recipe.batch, dice):
            # bfloat16 products nearly halve the time on a CPU; weights and gradients stay float32.
            with torch.autocast("cpu", dtype=torch.bfloat16):
                value = loss(model, batch)
            value.backward()
            torch.nn.utils.clip_grad_norm_(free, 1.0)
            adam.step()
            slope.step()
            adam.zero_grad(set_to_none=True)
            total += value.item() * len(batch)
        spent = time.perf_counter() - began
        note = f"epoch {epoch + 1}/{recipe.epochs} loss {total / len(rows):.4f} after {spent:.0f} s"
        print(note, file=sys.stderr, flush=True)
    model.eval()


def predict(
    model: torch.nn.Module, rows: Sequence[R], batch: int = 64
) -> Iterator[tuple[R, Tensor]]:
    """Yield every row with its logits (padding included), shortest rows first."""
    ordered = sorted(rows, key=lambda row: len(row.ids))
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(ordered), batch):
            part = ordered[start : start + batch]
            yield from zip(part, logits(model, part), strict=True)


def _mixed(rows: Sequence[R], size: int, dice: random.Random) -> Iterator[list[R]]:
    """One epoch of batches of like length, in random order."""
    order = list(rows)
    dice.shuffle(order)
    for start in range(0, len(order), size * CHUNK):
        chunk = sorted(order[start : start + size * CHUNK], key=lambda row: len(row.ids))
        batches = [chunk[at : at + size] for at in range(0, len(chunk), size)]
        dice.shuffle(batches)
        yield from batches
