"""The packaged classifiers on text that they have not learned from, asked over HTTP.

Both need data that is not in this repository: the NER sentences in `../shared/data` beside it, the
rated snippets in the vaderSentiment 3.3.2 sdist that FOGBANK_VADER names. The parts are dealt with
the numbers of the training scripts, so they are the ones those kept away from the models.
"""

import ast
import asyncio
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from scripts.train.data import Sentence, read_conll, read_snippets, split
from tests.acceptance.asking import ENTITIES, SENTIMENT, ask
from tests.real_server import RealServer
from tests.verify.conftest import Record

pytestmark = [pytest.mark.anyio, pytest.mark.engine, pytest.mark.verify]
ROOT = Path(__file__).resolve().parents[2]
WIKIGOLD = ROOT.parent / "shared" / "data" / "wikigold-train.conll"
VADER = Path(os.environ.get("FOGBANK_VADER", "missing"))
LEAST_ACCURACY = 0.86
LEAST_F1 = 0.60
Span = tuple[int, int, str]


def constants(script: str) -> dict[str, Any]:
    """The plain numbers of a training script; importing it would need what only training needs."""
    tree = ast.parse((ROOT / "scripts" / "train" / f"{script}.py").read_text())
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


async def answers(embedded: RealServer, model: str, texts: Iterable[str]) -> list[Any]:
    """The model's results in the order of the texts, sixteen at a time."""
    places = asyncio.Semaphore(16)

    async def one(web: httpx2.AsyncClient, text: str) -> Any:
        async with places:
            return await ask(web, model, text=text)

    async with embedded.web() as web:
        return await asyncio.gather(*(one(web, text) for text in texts))


@pytest.mark.skipif(not VADER.is_file(), reason="FOGBANK_VADER names no vaderSentiment sdist")
async def test_sentiment(embedded: RealServer, record: Record) -> None:
    numbers = constants("sentiment")
    snippets = read_snippets(VADER, numbers["LEAST_RATING"])
    test = split(snippets, numbers["SIZES"], "train", numbers["SPLIT_SEED"], numbers["LARGEST"])[
        "test"
    ]
    said = await answers(embedded, SENTIMENT, [row.text for row in test])
    right, sure = 0, 0.0
    for row, scores in zip(test, said, strict=True):
        best = max(scores, key=lambda item: item["score"])
        right += best["label"] == ("POSITIVE" if row.rating > 0 else "NEGATIVE")
        sure += best["score"]
    accuracy = right / len(test)
    record(n=len(test), accuracy=round(accuracy, 4), confidence=round(sure / len(test), 4))
    assert accuracy >= LEAST_ACCURACY
    assert abs(sure / len(test) - accuracy) < 0.06, "not calibrated"


@pytest.mark.skipif(not WIKIGOLD.is_file(), reason="no ../shared/data/wikigold-train.conll")
async def test_entities(embedded: RealServer, record: Record) -> None:
    numbers = constants("ner")
    sentences = read_conll(WIKIGOLD, has_misc=True)
    test = split(sentences, numbers["SIZES"], "train", numbers["SPLIT_SEED"], numbers["LARGEST"])[
        "test"
    ]
    said = await answers(embedded, ENTITIES, [" ".join(row.tokens) for row in test])
    gold_count = said_count = right = 0
    for row, found in zip(test, said, strict=True):
        gold = entities(row)
        guessed = {(item["start"], item["end"], item["entity_group"]) for item in found}
        gold_count, said_count = gold_count + len(gold), said_count + len(guessed)
        right += len(gold & guessed)
    f1 = 2 * right / (gold_count + said_count)
    record(n=len(test), entities=gold_count, f1=round(f1, 4))
    assert f1 >= LEAST_F1


def entities(sentence: Sentence) -> set[Span]:
    """Where the entities are in the tokens put together with spaces."""
    found: set[Span] = set()
    start = at = 0
    kind = ""
    for token, tag in zip([*sentence.tokens, ""], [*sentence.tags, "O"], strict=True):
        if kind and not tag.startswith("I-"):
            found.add((start, at - 1, kind))
            kind = ""
        if tag.startswith("B-"):
            start, kind = at, tag[2:]
        at += len(token) + 1
    return found


def test_entities_are_read_as_characters() -> None:
    sentence = Sentence(("Ada", "of", "New", "York"), ("B-PER", "O", "B-LOC", "I-LOC"), True, "")
    assert entities(sentence) == {(0, 3, "PER"), (7, 15, "LOC")}
