"""What a text is about: the terms it uses, and how near it is to sentences about each topic.

A topic's similarity is that of the text to the nearest of the topic's examples, in standard
deviations above its similarities to a background of sentences about everything else. So the same
scale holds for different embedding models, whose raw cosines lie in different ranges.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.data_file import read_data
from fogbank.deployments.esmap.terms import Terms
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import TextEmbeddingsRequest, TextEmbeddingsResult

Array = NDArray[np.float64]

PATIENCE = 60.0
"""Seconds for embedding a topic file's own sentences, once a server."""

AT_ONCE = 5
"""Windows whose half a millisecond each need no thread."""

MOST_TERMS = 3
"""Different terms of one topic that count; more say no more."""


@dataclass(frozen=True, slots=True)
class Signal:
    """`terms` is a count (at most MOST_TERMS), `similarity` in standard deviations."""

    terms: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Logistic:
    """The probability that a signal gives: logistic(bias + terms * t + similarity * s)."""

    bias: float
    terms: float
    similarity: float

    def __call__(self, signal: Signal) -> float:
        x = self.bias + self.terms * signal.terms + self.similarity * signal.similarity
        return 1 / (1 + math.exp(-min(max(x, -40.0), 40.0)))


def may_be(topic: str, signals: Mapping[str, Signal]) -> bool:
    """Whether a text has a term of the topic, or is nearer to it than to every other one.

    A text in the middle of the field is near to all of its topics: that alone does not suffice.
    """
    signal = signals[topic]
    return signal.terms > 0 or signal.similarity == max(s.similarity for s in signals.values())


class Topics:
    """The topics of a data file.

    It has `topics`, by name `{terms, generic, examples}`, where `generic` terms count only beside a
    term of another topic; `background`, sentences about everything else; and `decision`, `{bias,
    terms, similarity, threshold}`: a text has the topics whose probability is `threshold` or more.
    Raises ValueError or OSError for a file that is none.
    """

    def __init__(self, path: Path, embeddings: str) -> None:
        data = read_data(path)
        try:
            topics: Mapping[str, Any] = data["topics"]
            self.names = tuple(topics)
            self._terms = {name: Terms(topic["terms"]) for name, topic in topics.items()}
            self._generic = {
                name: Terms(topic.get("generic", ())) for name, topic in topics.items()
            }
            examples = [list(topic["examples"]) for topic in topics.values()]
            background = list(data["background"])
            decision: Mapping[str, float] = data["decision"]
            self.logistic = Logistic(*(float(decision[k]) for k in ("bias", "terms", "similarity")))
            self.threshold = float(decision["threshold"])
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{path.name} is no file of topics: {error!r}") from error
        if not all(examples) or len(background) < 2:
            raise ValueError(f"{path.name}: a topic needs examples, and all need a background")
        self._embeddings = embeddings
        self._ends = np.cumsum([len(each) for each in examples]).tolist()
        self._sentences = tuple(str(text) for each in (*examples, background) for text in each)

    async def signals(self, texts: Sequence[str], call: Call) -> list[dict[str, Signal]]:
        """For each text, each topic's signal. Raises AIError."""
        reference = await self._reference(call.runtime)
        rows = await _embed(tuple(texts), self._embeddings, call)
        if len(texts) <= AT_ONCE:
            return self._judged(texts, rows @ reference.T)
        return await call.compute(self._judged, texts, rows @ reference.T)

    def _judged(self, texts: Sequence[str], similar: Array) -> list[dict[str, Signal]]:
        """`similar` is (texts, the file's sentences)."""
        background = similar[:, self._ends[-1] :]
        middle, spread = background.mean(axis=1), background.std(axis=1) + 1e-6
        starts = (0, *self._ends[:-1])
        found = []
        for row, text in enumerate(texts):
            terms, signals = self._count(text), {}
            for name, start, end in zip(self.names, starts, self._ends, strict=True):
                best = float(similar[row, start:end].max())
                standard = (best - float(middle[row])) / float(spread[row])
                signals[name] = Signal(min(terms[name], MOST_TERMS), standard)
            found.append(signals)
        return found

    def _count(self, text: str) -> dict[str, int]:
        own = {name: terms.count(text) for name, terms in self._terms.items()}
        every = sum(own.values())
        return {
            name: count + (self._generic[name].count(text) if every > count else 0)
            for name, count in own.items()
        }

    def chosen(self, signals: Sequence[Mapping[str, Signal]]) -> list[str]:
        """The topics that any of these texts has, most probable first."""
        best = {
            name: max(self.logistic(each[name]) * may_be(name, each) for each in signals)
            for name in self.names
        }
        ordered = sorted(best, key=lambda name: -best[name])
        return [name for name in ordered if best[name] >= self.threshold]

    async def prepare(self, runtime: Runtime) -> None:
        """Computes what does not depend on the text, so that no request waits. Raises AIError."""
        await self._reference(runtime)

    async def _reference(self, runtime: Runtime) -> Array:
        """The vectors of the file's sentences: computed once a server, whoever asks first."""
        card = runtime.catalog.resolve(self._embeddings)
        version = runtime.version(card) if card else ""
        asked = _references.setdefault(runtime, {})
        key = self._sentences, self._embeddings, version
        task = asked.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            call = Call(runtime=runtime, deadline=PATIENCE)
            task = asyncio.create_task(_embed(self._sentences, self._embeddings, call))
            task.add_done_callback(_seen)
            asked[key] = task
        return await asyncio.shield(task)  # the first may give up before those behind it


def _seen(task: asyncio.Task[Array]) -> None:
    """Nobody may be waiting any more; an error is the next one's to hear of."""
    if not task.cancelled():
        task.exception()


_Key = tuple[tuple[str, ...], str, str]
_references: WeakKeyDictionary[Runtime, dict[_Key, asyncio.Task[Array]]]
_references = WeakKeyDictionary()
"""What was computed with a runtime: models with the same file of topics share it."""


async def _embed(texts: tuple[str, ...], model: str, call: Call) -> Array:
    answer = await call.run(model, TextEmbeddingsRequest(texts))
    assert isinstance(answer.result, TextEmbeddingsResult)
    return np.asarray(answer.result.vectors, dtype=np.float64)
