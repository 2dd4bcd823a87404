"""ESMAP's Prometheus metrics, all with the prefix `fogbank_esmap_`, at the server's /metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30, 60)


class EsmapMetrics:
    """The counters of one deployment."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "fogbank_esmap_requests",
            "Inferences, by outcome: ok, cached, error, timeout (both: the client got a fallback),"
            " busy, invalid, cancelled.",
            ("model", "outcome"),
            registry=registry,
        )
        self.seconds = Histogram(
            "fogbank_esmap_seconds",
            "A model's own time for an inference that it computed.",
            ("model",),
            buckets=SECONDS,
            registry=registry,
        )
        self.cache_hits = Counter(
            "fogbank_esmap_cache_hits", "Answers from the cache.", ("model",), registry=registry
        )
        self.cache_misses = Counter(
            "fogbank_esmap_cache_misses",
            "Inferences that the cache had no answer for.",
            ("model",),
            registry=registry,
        )
        self.alert = Gauge(
            "fogbank_esmap_alert",
            "1 while more inferences fail than the alert's threshold allows.",
            registry=registry,
        )
        self.error_rate = Gauge(
            "fogbank_esmap_error_rate",
            "Share of failed inferences in the alert's window.",
            registry=registry,
        )
        self.lost_rows = Counter(
            "fogbank_esmap_history_lost",
            "Inferences that the history lacks, since its database could not be written.",
            registry=registry,
        )
        self.late_rows = Counter(
            "fogbank_esmap_history_late",
            "Answers that went out before their row was written, since its database was slow.",
            registry=registry,
        )
        self.webhook_failures = Counter(
            "fogbank_esmap_webhook_failures",
            "Messages of the alert that could not be delivered.",
            registry=registry,
        )
