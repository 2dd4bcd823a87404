"""The entity adapter: PER, ORG, LOC and MISC in IOB2, from encyclopedia text and tweets.

The tweets do not annotate MISC: a film's title is an O there. Their rows must not teach the model
that titles are nothing, so MISC is taken out of the softmax for them and gets no gradient.

Every piece of a word carries a label (the first B- or I-, the rest I-). The figures read the first
piece of each word, and a decoder should judge whole words too: `aggregation_strategy` first or max.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, TaskType
from torch import Tensor
from transformers import AutoTokenizer, BertForTokenClassification, pipeline

from . import plain
from .data import Sentence, read_conll, split
from .loop import Recipe, fit, logits, pad, predict, wrap
from .metrics import entity_scores, spans

TASK = "token-classification"
AUTO = BertForTokenClassification
KINDS = ["PER", "ORG", "LOC", "MISC"]
LABELS = ["O", *(f"{prefix}-{kind}" for kind in KINDS for prefix in "BI")]
MISC = [LABELS.index("B-MISC"), LABELS.index("I-MISC")]
RECIPE = Recipe(rank=11, alpha=22, dropout=0.0, epochs=4, batch=32, rate=2e-3, seed=20261121)
LONGEST = 128
SPLIT_SEED = 7
SIZES = {"test": 260, "dev": 160}
TWEETS = 1000
SWAPS = 1
LARGEST = 30
IGNORED = -100


@dataclass(frozen=True)
class Row:
    """A sentence as token ids, a label id per piece, and where each word's first piece is."""

    ids: list[int]
    labels: list[int]
    firsts: list[int]
    sentence: Sentence


def train(base: Path, data: Path, recipe: Recipe, judged: str) -> tuple[PeftModel, dict[str, Any]]:
    """Train on WikiGold, on copies of it with other names, and on tweets.

    Judged on `dev` (to choose a recipe) the model learns from `train` alone; judged on `test` (to
    ship it) from `train` and `dev`.
    """
    tokenizer = AutoTokenizer.from_pretrained(base)
    parts = _parts(data)
    gold = parts["train"] + (parts["dev"] if judged == "test" else [])
    tweets = _usable(read_conll(data / "broad-twitter-train.conll", has_misc=False))[:TWEETS]
    learned = gold + swapped(gold, SWAPS, recipe.seed) + tweets
    torch.manual_seed(recipe.seed)
    model = wrap(
        BertForTokenClassification.from_pretrained(
            base, num_labels=len(LABELS), attention_probs_dropout_prob=0.0, dtype=torch.float32
        ),
        TaskType.TOKEN_CLS,
        recipe,
    )
    fit(model, [_encode(tokenizer, sentence) for sentence in learned], _loss, recipe)
    return model, {"n_train_wikigold": len(gold), "n_train_tweets": len(tweets)}


def figures(model: torch.nn.Module, base: Path, data: Path, judged: str) -> dict[str, Any]:
    """Entity scores on the WikiGold part called `judged`."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    rows = [_encode(tokenizer, sentence) for sentence in _parts(data)[judged]]
    return {"part": judged, "n": len(rows), **entity_scores(_answers(model, rows))}


def plain_sentences(model: torch.nn.Module, base: Path) -> dict[str, Any]:
    """What the transformers pipeline finds in the sentences of `plain`, against what is there."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    model.config.id2label = dict(enumerate(LABELS))
    find = pipeline(TASK, model=model, tokenizer=tokenizer, aggregation_strategy="first")
    expected = found = 0
    wrong = {}
    for text, entities in plain.ENTITIES:
        said = {(text[e["start"] : e["end"]], e["entity_group"]) for e in find(text)}
        expected += len(entities)
        found += len(entities & said)
        if said != entities:
            wrong[text] = {"missed": sorted(entities - said), "extra": sorted(said - entities)}
    return {"expected": expected, "found": found, "wrong": wrong}


def _parts(data: Path) -> dict[str, list[Sentence]]:
    wikigold = read_conll(data / "wikigold-train.conll", has_misc=True)
    return split(wikigold, SIZES, "train", SPLIT_SEED, LARGEST)


def swapped(sentences: Sequence[Sentence], copies: int, seed: int) -> list[Sentence]:
    """Copies in which half of the entities are another one of their type, drawn by `seed`.

    A thousand sentences name few entities; swapping them teaches their surroundings instead.
    """
    dice = random.Random(seed)
    known: dict[str, list[tuple[str, ...]]] = {kind: [] for kind in KINDS}
    for sentence in sentences:
        for start, end, kind in sorted(spans(sentence.tags)):
            known[kind].append(sentence.tokens[start:end])
    result = []
    for sentence in [s for _ in range(copies) for s in sentences if s.has_misc]:
        tokens, tags = list(sentence.tokens), list(sentence.tags)
        for start, end, kind in sorted(spans(tags), reverse=True):
            if dice.random() < 0.5:
                other = dice.choice(known[kind])
                tokens[start:end] = other
                tags[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (len(other) - 1)]
        result.append(replace(sentence, tokens=tuple(tokens), tags=tuple(tags)))
    return result


def _usable(tweets: Sequence[Sentence]) -> list[Sentence]:
    """Tweets without tagged @names: their annotation is a platform's convention, not a language's.

    Those with an entity come first.
    """
    ordinary = [
        tweet
        for tweet in tweets
        if not any(
            token.startswith("@") and tag != "O"
            for token, tag in zip(tweet.tokens, tweet.tags, strict=True)
        )
    ]
    return sorted(ordinary, key=lambda tweet: set(tweet.tags) == {"O"})


def _encode(tokenizer: Any, sentence: Sentence) -> Row:
    encoded = tokenizer(
        list(sentence.tokens), is_split_into_words=True, truncation=True, max_length=LONGEST,
        padding=False,
    )  # fmt: skip
    labels, firsts, before = [], [], None
    for at, word in enumerate(encoded.word_ids()):
        if word is None:
            labels.append(IGNORED)
            continue
        tag = sentence.tags[word]
        if word == before:
            tag = tag.replace("B-", "I-")
        else:
            firsts.append(at)
        labels.append(LABELS.index(tag))
        before = word
    # A token of which the tokenizer keeps nothing (a lone control character) has no first piece.
    present = [word for word in dict.fromkeys(encoded.word_ids()) if word is not None]
    kept = replace(
        sentence,
        tokens=tuple(sentence.tokens[word] for word in present),
        tags=tuple(sentence.tags[word] for word in present),
    )
    return Row(encoded["input_ids"], labels, firsts, kept)


def _loss(model: torch.nn.Module, batch: Sequence[Row]) -> Tensor:
    answer = logits(model, batch)
    silent = torch.tensor([not row.sentence.has_misc for row in batch])
    blocked = torch.zeros(len(batch), 1, len(LABELS), dtype=torch.bool)
    blocked[:, :, MISC] = silent[:, None, None]
    answer = answer.masked_fill(blocked, float("-inf"))
    target = pad([row.labels for row in batch], IGNORED)
    return torch.nn.functional.cross_entropy(
        answer.flatten(0, 1), target.flatten(), ignore_index=IGNORED
    )


def _answers(
    model: torch.nn.Module, rows: Sequence[Row]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(gold, predicted) tags per sentence, read at each word's first piece."""
    return [
        (row.sentence.tags, tuple(LABELS[i] for i in answer[row.firsts].argmax(-1).tolist()))
        for row, answer in predict(model, rows)
    ]
