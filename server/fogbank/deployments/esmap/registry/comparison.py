"""Two versions of a model on the same inputs: latency, accuracy, usage."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from fogbank.deployments.esmap.card import Golden
from fogbank.deployments.esmap.history import stored
from fogbank.deployments.esmap.model import Loaded
from fogbank.deployments.esmap.registry import versions
from fogbank.deployments.esmap.registry.golden import mismatches
from fogbank.deployments.esmap.registry.trial import Trial, attempt
from fogbank.deployments.esmap.statistics import Durations
from fogbank.runtime.runtime import Runtime
from fogbank.storage.sql import Sql

TOLD = 3
"""Mistakes of a version that are told, at most."""


@dataclass(slots=True)
class Tally:
    """What one version did. `right` of `labelled` inputs were answered as expected."""

    version: str
    rows: int = 0
    failed: int = 0
    labelled: int = 0
    right: int = 0
    tokens: int = 0
    neurons: float = 0.0
    mistakes: list[str] = field(default_factory=list)
    durations: Durations = field(default_factory=Durations)

    def add(self, row: Golden, trial: Trial) -> None:
        """Counts an answer; the latency is of those that there were."""
        self.rows += 1
        self.tokens += trial.tokens
        self.neurons += trial.neurons
        wrong = [trial.error] if trial.error is not None else mismatches(row, trial.result)
        if trial.error is None:
            self.durations.add(trial.milliseconds)
        else:
            self.failed += 1
        if row.expect:
            self.labelled += 1
            self.right += not wrong
        if wrong and len(self.mistakes) < TOLD:
            self.mistakes.append(f"input {self.rows - 1}: {'; '.join(wrong)}"[:500])

    @property
    def accuracy(self) -> float | None:
        """Share of the labelled inputs that were answered right, 0 to 1; None without any."""
        return self.right / self.labelled if self.labelled else None

    @property
    def latency(self) -> dict[str, float]:
        """Milliseconds: mean, p50, p95; 0 where no input was answered."""
        spread = self.durations.summary()
        return {"mean": spread["average"], "p50": spread["p50"], "p95": spread["p95"]}

    def shown(self) -> dict[str, Any]:
        """As the API and the audit have it."""
        return {
            "version": self.version,
            "rows": self.rows,
            "failed": self.failed,
            "latency_ms": self.latency,
            "accuracy": self.accuracy,
            "labelled": self.labelled,
            "usage": {"tokens": self.tokens, "neurons": round(self.neurons, 6)},
            "mistakes": self.mistakes,
        }


async def compare(
    first: Loaded, second: Loaded, rows: Sequence[Golden], runtime: Runtime
) -> tuple[Tally, Tally]:
    """Both versions on each row in turn, behind what clients ask; each begins every other row."""
    tallies = {0: Tally(first.version), 1: Tally(second.version)}
    for number, row in enumerate(rows):
        for which in (number % 2, 1 - number % 2):
            loaded = second if which else first
            trial = await attempt(loaded, row.input, runtime, low_priority=True)
            tallies[which].add(row, trial)
    return tallies[0], tallies[1]


def delta(first: Tally, second: Tally) -> dict[str, Any]:
    """`performance_delta` of the second version: what it has more than the first, or less."""
    accuracy = None
    if first.accuracy is not None and second.accuracy is not None:
        accuracy = round(second.accuracy - first.accuracy, 6)
    return {
        "against": first.version,
        "rows": second.rows,
        "latency_ms": {
            name: round(second.latency[name] - first.latency[name], 3) for name in first.latency
        },
        "accuracy": accuracy,
        "tokens": second.tokens - first.tokens,
        "neurons": round(second.neurons - first.neurons, 6),
    }


def record(sql: Sql, model_id: str, first: Tally, second: Tally, now: datetime) -> None:
    """Writes both to esmap_model_metrics, and the delta to the second version.

    Called inside a transaction.
    """
    for tally, other in ((first, second), (second, first)):
        shared = {"against": other.version, "rows": tally.rows, "failed": tally.failed}
        _metric(sql, model_id, tally, "latency", tally.latency["mean"], now, shared | tally.latency)
        if tally.accuracy is not None:
            labelled = shared | {"labelled": tally.labelled, "right": tally.right}
            _metric(sql, model_id, tally, "accuracy", tally.accuracy, now, labelled)
        usage = shared | {"neurons": tally.neurons}
        _metric(sql, model_id, tally, "usage", tally.tokens, now, usage)
    versions.set_delta(sql, model_id, second.version, delta(first, second))


def _metric(
    sql: Sql,
    model_id: str,
    tally: Tally,
    kind: str,
    value: float,
    now: datetime,
    metadata: dict[str, Any],
) -> None:
    sql.execute(
        "insert into esmap_model_metrics"
        " (id, model_id, version, metric_type, metric_value, metadata, recorded_at)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        str(uuid.uuid4()),
        model_id,
        tally.version,
        kind,
        float(value),
        orjson.dumps(metadata).decode(),
        stored(now),
    )
