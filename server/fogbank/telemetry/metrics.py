"""Prometheus metrics, all with the prefix `fogbank_`. Labels are bounded: names of models and
engines, and codes.

A request is observed once, when it ends. What engines know of themselves (running, waiting, cache)
is asked for when somebody scrapes.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from fogbank.clock import Clock
from fogbank.errors import AIError, RouteError
from fogbank.tasks import Evidence
from fogbank.telemetry.measure import Measure

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_TOKEN_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1)
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one server."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._now = (clock or Clock()).monotonic
        self.registry = CollectorRegistry()
        # prometheus_client looks for a metric's labels under a lock, each time anew.
        self._child = cache(_labelled)
        labels = ("model", "task")
        self._requests = Counter(
            "fogbank_requests",
            "Requests of the runtime, by outcome: ok, cancelled, error, or an error's code.",
            (*labels, "outcome"),
            registry=self.registry,
        )
        self._tokens = Counter(
            "fogbank_tokens",
            "Tokens, by kind: prompt, cached (of the prompt), completion.",
            ("model", "kind"),
            registry=self.registry,
        )
        self._refused = Counter(
            "fogbank_refused",
            "Requests refused before the runtime saw them: input, route, key, origin.",
            ("code", "status"),
            registry=self.registry,
        )
        self._neurons = Counter(
            "fogbank_neurons",
            "Neurons by the price table; a model without a price is missing here.",
            ("model",),
            registry=self.registry,
        )
        self._usd = Counter(
            "fogbank_cloud_usd",
            "Dollars of these neurons, before the daily free allocation.",
            ("model",),
            registry=self.registry,
        )
        self._structured = Counter(
            "fogbank_structured_outputs",
            "Answers in a given form, by outcome: verified, closed (verified, and ended early for"
            " max_tokens), refused (the form itself).",
            ("model", "outcome"),
            registry=self.registry,
        )
        self._tries = Counter(
            "fogbank_structured_output_tries",
            "Attempts that verified answers in a given form took.",
            ("model",),
            registry=self.registry,
        )
        self._compile = self._histogram(
            "fogbank_schema_compile_seconds", "Forms never seen before: making ready.", _SECONDS
        )
        self._duration = self._histogram("fogbank_request_seconds", "Whole request.", _SECONDS)
        self._queue = self._histogram(
            "fogbank_queue_seconds", "From arrival until permit and engine were there.", _SECONDS
        )
        self._first = self._histogram(
            "fogbank_time_to_first_token_seconds", "Streams: arrival to first text.", _SECONDS
        )
        self._per_token = self._histogram(
            "fogbank_time_per_token_seconds",
            "Streams: mean time of a token after the first.",
            _TOKEN_SECONDS,
        )

    @contextmanager
    def measure(self, model: str, task: str) -> Iterator[Measure]:
        """Observes one request, however it ends."""
        measure = Measure(self._now)
        try:
            yield measure
            measure.outcome = "ok"
        except AIError as error:
            measure.outcome = str(error.kind.code)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            measure.outcome = "cancelled"
            raise
        finally:
            measure.ended_at = self._now()
            self._observe(measure, model, task)

    def structured(self, model: str, evidence: Evidence) -> None:
        """Counts an answer that was verified."""
        outcome = "closed" if evidence.closed else "verified"
        self._child(self._structured, model, outcome).inc()
        self._child(self._tries, model).inc(evidence.tries)
        if evidence.compile_ms:
            self._child(self._compile, model).observe(evidence.compile_ms / 1000)

    @contextmanager
    def refused_formats(self, model: str) -> Iterator[None]:
        """Counts a form that cannot be used."""
        try:
            yield
        except AIError:
            self._child(self._structured, model, "refused").inc()
            raise

    def spent(self, model: str, neurons: float, usd: float) -> None:
        """Counts what a request would have cost."""
        self._child(self._neurons, model).inc(neurons)
        self._child(self._usd, model).inc(usd)

    def refused(self, error: AIError | RouteError) -> None:
        """Counts a request that the runtime never saw."""
        if isinstance(error, AIError):
            code, status = error.kind.code, error.kind.status
        else:
            code, status = error.errors[-1][0], error.status
        self._refused.labels(str(code), str(status)).inc()

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Counts the refusal that ends what is done here, if one does."""
        try:
            yield
        except (AIError, RouteError) as error:
            self.refused(error)
            raise

    def add(self, collect: Callable[[], Iterable[Metric]]) -> None:
        """Adds metrics that are asked for at each scrape."""
        self.registry.register(_Asked(collect))

    def render(self) -> bytes:
        """The exposition format, version 0.0.4."""
        return generate_latest(self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, ("model",), buckets=buckets, registry=self.registry)

    def _observe(self, measure: Measure, model: str, task: str) -> None:
        now, outcome = measure.ended_at, measure.outcome
        self._child(self._requests, model, task, outcome).inc()
        self._child(self._duration, model).observe(now - measure.began_at)
        if measure.admitted_at is not None:
            self._child(self._queue, model).observe(measure.admitted_at - measure.began_at)
        usage = measure.tokens
        for kind, count in (
            ("prompt", usage.prompt_tokens),
            ("cached", usage.cached_tokens),
            ("completion", usage.completion_tokens),
        ):
            if count:
                self._child(self._tokens, model, kind).inc(count)
        if measure.first_at is None:
            return
        self._child(self._first, model).observe(measure.first_at - measure.began_at)
        if outcome == "ok" and usage.completion_tokens > 1:
            per_token = (now - measure.first_at) / (usage.completion_tokens - 1)
            self._child(self._per_token, model).observe(per_token)


def _labelled(metric: Any, *labels: str) -> Any:
    return metric.labels(*labels)


class _Asked(Collector):
    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        return ()
