"""What engines and their supervisors say of themselves, as metrics; asked for at each scrape."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from fogbank.runtime.runtime import Runtime
from fogbank.runtime.supervisor import State

Family = type[GaugeMetricFamily] | type[CounterMetricFamily]

OF_GAUGES: Mapping[str, tuple[Family, str, tuple[str, ...]]] = {
    "fogbank_engine_waiting": (
        GaugeMetricFamily,
        "Requests (of the transformers engine: texts) in the engine that wait for a batch.",
        ("waiting", "texts_waiting"),
    ),
    "fogbank_kv_cache_usage_ratio": (
        GaugeMetricFamily,
        "Share of the engine's KV cache that is in use, 0 to 1.",
        ("kv_cache_usage",),
    ),
    "fogbank_prefix_cache_queries": (
        CounterMetricFamily,
        "Prompt tokens looked up in the engine's prefix cache since it was loaded.",
        ("prefix_cache_queries",),
    ),
    "fogbank_prefix_cache_hits": (
        CounterMetricFamily,
        "Prompt tokens found there.",
        ("prefix_cache_hits",),
    ),
}
"""Metric: its kind, its meaning and the keys of `Engine.gauges` that it is made of."""


class EngineMetrics:
    """The metrics of every engine of a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def __call__(self) -> Iterator[Metric]:
        yield from self._of_supervisors()
        yield from self._of_gauges()

    def _of_supervisors(self) -> Iterator[Metric]:
        running = GaugeMetricFamily(
            "fogbank_requests_running",
            "Requests as the engine itself counts them.",
            labels=["engine"],
        )
        waiting = GaugeMetricFamily(
            "fogbank_requests_waiting", "Requests that wait for a permit.", labels=["engine"]
        )
        restarts = CounterMetricFamily(
            "fogbank_engine_restarts", "Times the engine died and was rebuilt.", labels=["engine"]
        )
        state = GaugeMetricFamily(
            "fogbank_engine_state", "1 for the state the engine is in.", labels=["engine", "state"]
        )
        for name, engine in self._runtime.engines.items():
            loaded = engine.engine
            running.add_metric([name], loaded.running if loaded else 0)
            waiting.add_metric([name], self._runtime.waiting(name))
            restarts.add_metric([name], engine.restarts)
            for possible in State:
                state.add_metric([name, possible], float(engine.state is possible))
        yield from (running, waiting, restarts, state)

    def _of_gauges(self) -> Iterator[Metric]:
        loaded = {
            name: engine.engine.gauges()
            for name, engine in self._runtime.engines.items()
            if engine.engine
        }
        for metric, (kind, text, keys) in OF_GAUGES.items():
            family = kind(metric, text, labels=["engine"])
            for name, gauges in loaded.items():
                for key in keys:
                    if key in gauges:
                        family.add_metric([name], gauges[key])
            yield family
