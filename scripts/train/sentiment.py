"""The sentiment adapter: NEGATIVE or POSITIVE, from how strongly people rated short texts.

A rating is a mean over 20 people, so a text at 0.9 is less surely positive than one at 3. The
target is therefore soft, sigmoid(`SLOPE` * rating), which keeps the model from being sure where
people were not; a temperature found on the dev part then goes into the head's weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, TaskType
from torch import Tensor
from transformers import AutoTokenizer, BertForSequenceClassification

from . import plain
from .data import DOMAINS, Snippet, read_snippets, split
from .loop import Recipe, fit, logits, predict, wrap
from .metrics import best_temperature, calibration_error

TASK = "text-classification"
AUTO = BertForSequenceClassification
LABELS = ["NEGATIVE", "POSITIVE"]
RECIPE = Recipe(rank=11, alpha=22, dropout=0.0, epochs=3, batch=32, rate=1e-3, seed=20261121)
LEAST_RATING = 0.8
LONGEST = 64
SLOPE = 1.5
SPLIT_SEED = 7
LARGEST = 100
SIZES = {"test": 2000, "dev": 1000}


@dataclass(frozen=True)
class Row:
    """A snippet as token ids and the probability that it is positive."""

    ids: list[int]
    positive: float
    snippet: Snippet

    @property
    def label(self) -> int:
        return int(self.snippet.rating > 0)


def train(base: Path, sdist: Path, recipe: Recipe, judged: str) -> tuple[PeftModel, dict[str, Any]]:
    """Train on `train`, then find the temperature on `dev` and fold it into the head.

    `judged` changes nothing here: the test part takes no part in the training either way.
    """
    parts = _parts(base, sdist)
    torch.manual_seed(recipe.seed)
    model = wrap(
        BertForSequenceClassification.from_pretrained(
            base, num_labels=len(LABELS), attention_probs_dropout_prob=0.0, dtype=torch.float32
        ),
        TaskType.SEQ_CLS,
        recipe,
    )
    fit(model, parts["train"], _loss, recipe)
    answers = _answers(model, parts["dev"])
    temperature = best_temperature(*answers)
    _divide_head(model, temperature)
    return model, {
        "n_train": len(parts["train"]),
        "n_dev": len(parts["dev"]),
        "temperature": temperature,
        "dev_ece_before_temperature": calibration_error(*answers),
    }


def figures(model: torch.nn.Module, base: Path, sdist: Path, judged: str) -> dict[str, Any]:
    """Accuracy and calibration on the part called `judged`."""
    rows = _parts(base, sdist)[judged]
    answers, labels = _answers(model, rows)
    result: dict[str, Any] = {
        "part": judged,
        "n": len(rows),
        "accuracy": _accuracy(answers, labels),
        "ece": calibration_error(answers, labels),
        "mean_confidence": float(answers.softmax(-1).max(-1).values.mean()),
    }
    for domain in DOMAINS:
        own = [row for row in rows if row.snippet.domain == domain]
        result[domain] = {"n": len(own), "accuracy": _accuracy(*_answers(model, own))}
    return result


def plain_sentences(model: torch.nn.Module, base: Path) -> dict[str, Any]:
    """How often the sentences of `plain` get their label, and with which probability if not."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    wrong = {}
    with torch.inference_mode():
        for text, label in plain.SENTIMENT:
            ids = torch.tensor([tokenizer(text, padding=False)["input_ids"]])
            chance = float(model(input_ids=ids).logits.softmax(-1)[0, LABELS.index(label)])
            if chance <= 0.5:
                wrong[text] = round(chance, 3)
    return {"n": len(plain.SENTIMENT), "right": len(plain.SENTIMENT) - len(wrong), "wrong": wrong}


def _parts(base: Path, sdist: Path) -> dict[str, list[Row]]:
    tokenizer = AutoTokenizer.from_pretrained(base)
    parts = split(read_snippets(sdist, LEAST_RATING), SIZES, "train", SPLIT_SEED, LARGEST)
    return {name: _encode(tokenizer, snippets) for name, snippets in parts.items()}


def _encode(tokenizer: Any, snippets: Sequence[Snippet]) -> list[Row]:
    texts = [snippet.text for snippet in snippets]
    ids = tokenizer(texts, truncation=True, max_length=LONGEST, padding=False)["input_ids"]
    chance = torch.sigmoid(SLOPE * torch.tensor([s.rating for s in snippets])).tolist()
    return [Row(*row) for row in zip(ids, chance, snippets, strict=True)]


def _loss(model: torch.nn.Module, batch: Sequence[Row]) -> Tensor:
    positive = torch.tensor([row.positive for row in batch])
    target = torch.stack([1 - positive, positive], -1)
    return torch.nn.functional.cross_entropy(logits(model, batch), target)


def _answers(model: torch.nn.Module, rows: Sequence[Row]) -> tuple[Tensor, Tensor]:
    """Logits (n, 2) and labels (n,) in one order."""
    answered = list(predict(model, rows))
    return torch.stack([y for _, y in answered]), torch.tensor([row.label for row, _ in answered])


def _divide_head(model: PeftModel, temperature: float) -> None:
    """Fold a temperature into the classifier, so that whoever loads it needs no extra step."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "classifier.modules_to_save" in name:
                weight /= temperature


def _accuracy(answers: Tensor, labels: Tensor) -> float:
    return float((answers.argmax(-1) == labels).float().mean())
