"""What ESMAP's models of texts are worth: figures on the held-out sets, and the fits behind them.

    python -m bench.esmap_text            figures on the held-out sets, which the model cards quote
    python -m bench.esmap_text --fit      coefficients fitted on the development sets

The sets are in model_configs/deployments/esmap/data. With the embedded profile's small models, in
this process.
"""

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard, load_cards
from fogbank.deployments.esmap.energy import build_categories, energy_categories
from fogbank.deployments.esmap.model import build_model
from fogbank.deployments.esmap.models.climate_bert import overall
from fogbank.deployments.esmap.service import packaged_file
from fogbank.deployments.esmap.topics import Signal, Topics, may_be
from fogbank.runtime.runtime import Runtime
from fogbank.settings import package_data
from tests.deployments.esmap.runtimes import packaged_runtime

Array = NDArray[np.float64]

TOPIC_FILES = {
    "climate-topics.yaml": "domain_labels",
    "energy-categories.yaml": "energy_categories",
}
MARK = re.compile(r"\[([^|\]]+)\|([A-Z]+)\]")
RIDGE = 0.5
"""Weight of the penalty on squared coefficients: the sets are small and nearly separable."""


def data(name: str) -> Any:
    return yaml.safe_load(packaged_file(name).read_text(encoding="utf-8"))


def call(runtime: Runtime) -> Call:
    return Call(runtime=runtime, deadline=120)


def marked(line: str) -> tuple[str, set[tuple[int, int, str]]]:
    """The text without its marks, and the marks as (start, end, type)."""
    text, spans, at = "", set(), 0
    for match in MARK.finditer(line):
        text += line[at : match.start()]
        spans.add((len(text), len(text) + len(match[1]), match[2]))
        text += match[1]
        at = match.end()
    return text + line[at:], spans


def rates(right: int, found: int, wanted: int) -> str:
    precision, recall = right / max(found, 1), right / max(wanted, 1)
    f1 = 2 * right / max(found + wanted, 1)
    return f"precision {precision:.3f} recall {recall:.3f} F1 {f1:.3f} ({wanted} wanted)"


# Fits.


def fitted(x: Array, y: Array, ridge: float = RIDGE) -> Array:
    """Coefficients (bias first) of a logistic regression, by Newton's method."""
    x = np.c_[np.ones(len(x)), x]
    weights, penalty = np.zeros(x.shape[1]), np.diag([1e-6] + [ridge] * (x.shape[1] - 1))
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (p - y) + penalty @ weights
        weights = weights - np.linalg.solve((x.T * (p * (1 - p))) @ x + penalty, slope)
    return weights


def best_threshold(p: Array, y: Array) -> float:
    """The one of the highest F1; the middle of those where several have it."""
    tried = np.round(np.arange(0.05, 0.96, 0.01), 2)
    f1 = np.array(
        [2 * ((p >= t) & (y > 0)).sum() / max((p >= t).sum() + y.sum(), 1) for t in tried]
    )
    return float(np.median(tried[f1 == f1.max()]))


def shown(weights: Array) -> str:
    bias, terms, similarity = (round(float(w), 2) for w in weights)
    return f"bias: {bias}, terms: {terms}, similarity: {similarity}"


async def fit(runtime: Runtime, cards: Mapping[str, ModelCard]) -> None:
    config = cards["climate-bert"].config
    rows = data("labelled-texts.yaml")["development"]
    for name, key in TOPIC_FILES.items():
        topics = Topics(packaged_file(name), config["embeddings"])
        signals = await topics.signals([row["text"] for row in rows], call(runtime))
        answered = [n for n in topics.names if name != config["topics"] or n in config["labels"]]
        x = np.array([_vector(each[n]) for each in signals for n in answered])
        y = np.array([float(n in row.get(key, ())) for row in rows for n in answered])
        weights = fitted(x, y)
        possible = np.array([may_be(n, each) for each in signals for n in answered])
        p = possible / (1 + np.exp(-np.c_[np.ones(len(x)), x] @ weights))
        print(f"{name}: decision: {{ {shown(weights)}, threshold: {best_threshold(p, y)} }}")
        if name == config["topics"]:
            x = np.array([_vector(overall(each)) for each in signals])
            y = np.array([float(row["climate"]) for row in rows])
            print(f"climate-bert.yaml: relevance: {{ {shown(fitted(x, y))} }}")


def _vector(signal: Signal) -> tuple[float, float]:
    return float(signal.terms), signal.similarity


# Figures.


async def climate(runtime: Runtime, card: ModelCard, rows: Sequence[Any]) -> None:
    model = build_model(card, card.config, packaged_file)
    answers = [await model.infer({"text": row["text"]}, {}, call(runtime)) for row in rows]
    p = np.array([answer["climate_relevance"] for answer in answers])
    y = np.array([float(row["climate"]) for row in rows])
    ranks = (p[y == 1][:, None] > p[y == 0]).mean() + 0.5 * (p[y == 1][:, None] == p[y == 0]).mean()
    print(f"climate_relevance: accuracy at 0.5 {((p >= 0.5) == y).mean():.3f},", end=" ")
    print(f"area under the ROC curve {ranks:.3f}, Brier score {((p - y) ** 2).mean():.3f}", end=" ")
    print(f"({len(rows)} texts, {int(y.sum())} about climate)")
    toned = [(row, answer) for row, answer in zip(rows, answers, strict=True) if "label" in row]
    right = sum(row["label"] == answer["label"] for row, answer in toned)
    print(f"label: accuracy {right / len(toned):.3f} ({len(toned)} texts of plain tone)")
    _topics("domain_labels", rows, [answer["domain_labels"] for answer in answers])


async def categories(runtime: Runtime, card: ModelCard, rows: Sequence[Any]) -> None:
    topics = build_categories(card.config, packaged_file)
    found = [await energy_categories(row["text"], call(runtime), topics) for row in rows]
    _topics("energy_categories", rows, found)


def _topics(key: str, rows: Sequence[Any], answers: Sequence[Sequence[str]]) -> None:
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for row, answer in zip(rows, answers, strict=True):
        right.update(set(row.get(key, ())) & set(answer))
        found.update(answer)
        wanted.update(row.get(key, ()))
    print(f"{key}: {rates(right.total(), found.total(), wanted.total())}")
    for name in sorted({*found, *wanted}):
        print(f"  {name}: {rates(right[name], found[name], wanted[name])}")
    off = [len(answer) for row, answer in zip(rows, answers, strict=True) if not row.get(key)]
    print(f"  texts without any: {sum(n == 0 for n in off)} of {len(off)} get none")


async def entities(runtime: Runtime, card: ModelCard, lines: Sequence[str]) -> None:
    """Exact spans and types, by type; then how often each source is right, and the score for it."""
    model = build_model(card, card.config, packaged_file)
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    for line in lines:
        text, spans = marked(line)
        answer = await model.infer({"text": text}, {}, call(runtime))
        wanted.update(type for _, _, type in spans)
        for each in answer["entities"]:
            names = (each["type"], f"{each['source']} {each['type']}")
            found.update(names)
            if (each["start"], each["end"], each["type"]) in spans:
                right.update(names)
    plain = sorted(wanted)
    total = (sum(c[type] for type in plain) for c in (right, found, wanted))
    print(f"entities: {rates(*total)}, {len(lines)} sentences")
    for type in plain:
        print(f"  {type}: {rates(right[type], found[type], wanted[type])}")
    for name in sorted(set(found) - set(plain)):
        score = (right[name] + 1) / (found[name] + 2)
        print(f"  by {name}: {right[name]} of {found[name]} right; score {score:.2f}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--fit", action="store_true", help="fit instead of measuring")
    parser.add_argument("--set", default="held_out", help="held_out (default) or development")
    given = parser.parse_args()
    cards = load_cards(package_data())
    async with packaged_runtime() as runtime:
        if given.fit:
            await fit(runtime, cards)
            return
        rows = data("labelled-texts.yaml")[given.set]
        await climate(runtime, cards["climate-bert"], rows)
        await categories(runtime, cards["energy-ner"], rows)
        await entities(runtime, cards["energy-ner"], data("labelled-entities.yaml")[given.set])


if __name__ == "__main__":
    asyncio.run(main())
