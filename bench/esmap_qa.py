"""What energy-qa by parts is worth: figures on the held-out questions, and the fit behind them.

    python -m bench.esmap_qa              figures on the held-out set, which the model card quotes
    python -m bench.esmap_qa --fit        the card's `decision`, fitted on the development set
    python -m bench.esmap_qa --wrong      and every answer that was not right

The sets are in model_configs/deployments/esmap/data. With the embedded profile's small models, in
this process. Exact match and F1 are those of SQuAD: small letters, no articles, no punctuation.
"""

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.esmap_text import fitted
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import load_cards
from fogbank.deployments.esmap.model import build_model
from fogbank.deployments.esmap.models.energy_qa.decision import Decision, Logistic
from fogbank.deployments.esmap.models.energy_qa.model import choose
from fogbank.deployments.esmap.models.energy_qa.question import Question, read_question
from fogbank.deployments.esmap.models.energy_qa.reading import Candidate, Reader
from fogbank.deployments.esmap.service import packaged_file
from fogbank.runtime.runtime import Runtime
from fogbank.settings import package_data
from tests.deployments.esmap.runtimes import packaged_runtime

Array = NDArray[np.float64]

DEVELOPMENT, HELD_OUT = "energy-qa-development.yaml", "energy-qa-held-out.yaml"
RIDGE = 1.0
"""Weight of the penalty on squared weights: the sets are small."""
FOLDS = 26
BINS = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """A labelled question; no answers: the context holds none."""

    question: str
    context: str
    answers: tuple[str, ...]
    group: int


def questions(name: str) -> list[Asked]:
    """The questions of a data file; those on one context are one group."""
    rows = yaml.safe_load(packaged_file(name).read_text(encoding="utf-8"))
    return [
        Asked(item["q"], row["context"], tuple(item["answers"]), group)
        for group, row in enumerate(rows)
        for item in row["questions"]
    ]


def normalized(text: str) -> list[str]:
    """The words that SQuAD compares."""
    plain = re.sub(r"[^\w\s]", " ", text.lower())
    return [word for word in plain.split() if word not in ("a", "an", "the")]


def f1(answer: str, right: Sequence[str]) -> float:
    """The best F1 of the words with any right answer."""
    best, own = 0.0, normalized(answer)
    for other in map(normalized, right):
        same = sum((Counter(own) & Counter(other)).values())
        best = max(best, 2 * same / max(len(own) + len(other), 1))
    return best


def exact(answer: str, right: Sequence[str]) -> bool:
    """Whether the words are those of a right answer."""
    return normalized(answer) in [normalized(other) for other in right]


# The fit.


@dataclass(frozen=True, slots=True)
class Read:
    """A question with its candidates, and the F1 of each."""

    asked: Asked
    question: Question
    candidates: list[Candidate]
    f1: Array


async def read(runtime: Runtime, asked: Asked, reader: Reader) -> Read:
    call = Call(runtime=runtime, deadline=120)
    question = read_question(asked.question)
    found = await reader.candidates(question, asked.context, call)
    texts = [asked.context[each.span.start : each.span.end] for each in found]
    return Read(asked, question, found, np.array([f1(text, asked.answers) for text in texts]))


def ranked(rows: Sequence[Read]) -> dict[str, float]:
    """Weights that give the right spans the highest share of a softmax over all spans."""
    rows = [row for row in rows if row.asked.answers and row.f1.max() > 0]
    names = list(rows[0].candidates[0].numbers)
    tables = [np.array([[c.numbers[n] for n in names] for c in row.candidates]) for row in rows]

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = RIDGE / 2 * float(weights @ weights), RIDGE * weights
        for table, row in zip(tables, rows, strict=True):
            scores = table @ weights
            share = np.exp(scores - scores.max())
            share /= share.sum()
            good = share * row.f1**2
            total -= float(np.log(good.sum() + 1e-12))
            slope = slope - (good / (good.sum() + 1e-12) - share) @ table
        return total, slope

    best = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x
    return {name: round(float(weight), 3) for name, weight in zip(names, best, strict=True)}


def _chosen(row: Read, weights: dict[str, float]) -> tuple[float, dict[str, float]]:
    best, evidence = choose(row.candidates, weights, row.question, row.asked.context)
    return f1(row.asked.context[best.span.start : best.span.end], row.asked.answers), evidence


def logistic(rows: Sequence[dict[str, float]], truth: Array) -> Logistic:
    """A logistic regression on named numbers."""
    names = list(rows[0])
    found = fitted(np.array([[row[name] for name in names] for row in rows]), truth)
    bias, *weights = [round(float(each), 3) for each in found]
    return Logistic(bias=bias, weights=dict(zip(names, weights, strict=True)))


def fit(rows: Sequence[Read]) -> Decision:
    """Each context's evidence comes from weights that were fitted without that context."""
    right, evidence = np.zeros(len(rows)), []
    for fold in range(FOLDS):
        weights = ranked([row for row in rows if row.asked.group % FOLDS != fold])
        for at, row in enumerate(rows):
            if row.asked.group % FOLDS == fold:
                right[at], numbers = _chosen(row, weights)
                evidence.append((at, numbers))
    ordered = [numbers for _, numbers in sorted(evidence, key=lambda pair: pair[0])]
    none = np.array([float(not row.asked.answers) for row in rows])
    correct = logistic(ordered, (right >= 0.5).astype(float))
    absent = logistic(ordered, none)
    p = np.array([absent.probability(numbers) for numbers in ordered])
    tried = np.round(np.arange(0.2, 0.81, 0.01), 2)
    worth = np.array([np.where(p >= t, none, right).mean() for t in tried])
    threshold = float(np.median(tried[worth == worth.max()]))
    answerable = none == 0
    print(f"# cross-validated on {DEVELOPMENT}: mean score {worth.max():.3f}, spans alone", end=" ")
    print(f"F1 {right[answerable].mean():.3f}, best possible", end=" ")
    print(f"{np.mean([row.f1.max() for row in rows if row.asked.answers]):.3f}")
    return Decision(span=ranked(rows), correct=correct, absent=absent, threshold=threshold)


# Figures.


async def figures(runtime: Runtime, name: str, *, wrong: bool) -> None:
    card = load_cards(package_data())["energy-qa"]
    model = build_model(card, card.config, packaged_file)
    outcomes: list[tuple[Asked, dict[str, Any]]] = []
    for asked in questions(name):
        call = Call(runtime=runtime, deadline=120)
        given = {"question": asked.question, "context": asked.context}
        outcomes.append((asked, await model.infer(given, {}, call)))
    there = [(asked, out) for asked, out in outcomes if asked.answers]
    none = [(asked, out) for asked, out in outcomes if not asked.answers]
    scores = [f1(out["answer"], asked.answers) if out["end"] else 0.0 for asked, out in there]
    said_none = [out["end"] is None for _, out in none]
    print(f"{name}: {len(there)} answerable, {len(none)} not")
    print(f"exact match {np.mean([exact(out['answer'], a.answers) for a, out in there]):.3f}")
    print(f"F1 {np.mean(scores):.3f}")
    print(
        f"answered where there is an answer {np.mean([o['end'] is not None for _, o in there]):.3f}"
    )
    print(f"'not in the context' where there is none {np.mean(said_none):.3f}")
    true = np.array([_is_right(asked, out) for asked, out in outcomes], dtype=float)
    sure = np.array([out["confidence"] for _, out in outcomes])
    print(f"right in all {true.mean():.3f}, mean confidence {sure.mean():.3f}")
    print(f"Brier {np.mean((sure - true) ** 2):.3f}, ECE ({BINS} bins) {_ece(sure, true):.3f}")
    for asked, out in outcomes if wrong else ():
        if not _is_right(asked, out):
            print(f"  {asked.question} -> {out['answer']!r} ({out['confidence']}): {asked.answers}")


def _is_right(asked: Asked, out: dict[str, Any]) -> bool:
    if out["end"] is None:
        return not asked.answers
    return f1(out["answer"], asked.answers) >= 0.5


def _ece(sure: Array, true: Array) -> float:
    """The mean distance of confidence and share of right ones, over bins of equal width."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    gaps = [abs(sure[bins == b].sum() - true[bins == b].sum()) for b in range(BINS)]
    return float(sum(gaps) / len(sure))


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--on", default=HELD_OUT, help="data file of questions")
    arguments = parser.parse_args()
    async with packaged_runtime(("minilm", "ner-minilm")) as runtime:
        if not arguments.fit:
            await figures(runtime, arguments.on, wrong=arguments.wrong)
            return
        config = load_cards(package_data())["energy-qa"].config
        reader = Reader(config["embeddings"], config["entities"])
        rows = [await read(runtime, asked, reader) for asked in questions(DEVELOPMENT)]
        print(yaml.safe_dump({"decision": fit(rows).model_dump()}, sort_keys=False))


if __name__ == "__main__":
    asyncio.run(main())
