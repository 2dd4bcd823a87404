"""What one request leaves in the metrics."""

import asyncio

import pytest

from fogbank import errors
from fogbank.clock import TurnedClock
from fogbank.errors import AIError
from fogbank.tasks import Evidence, TextChunk, Usage
from fogbank.telemetry.metrics import Metrics

LABELS = {"model": "m", "task": "t"}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_stream() -> None:
    clock = TurnedClock()
    metrics = Metrics(clock)
    with metrics.measure("m", "t") as measure:
        clock.turn(1)
        measure.admitted()
        clock.turn(2)
        measure.chunk(TextChunk("a", 10, 1, 4))
        clock.turn(4)
        measure.chunk(TextChunk("b", 10, 3, 4, "stop"))
    assert value(metrics, "fogbank_requests_total", **LABELS, outcome="ok") == 1
    assert value(metrics, "fogbank_queue_seconds_sum", model="m") == 1
    assert value(metrics, "fogbank_time_to_first_token_seconds_sum", model="m") == 3
    assert value(metrics, "fogbank_time_per_token_seconds_sum", model="m") == 2
    assert value(metrics, "fogbank_request_seconds_sum", model="m") == 7
    for kind, count in (("prompt", 10), ("cached", 4), ("completion", 3)):
        assert value(metrics, "fogbank_tokens_total", model="m", kind=kind) == count


def test_a_whole_answer() -> None:
    metrics = Metrics(TurnedClock())
    with metrics.measure("m", "t") as measure:
        measure.finished(Usage(5, 6))
    assert value(metrics, "fogbank_tokens_total", model="m", kind="completion") == 6
    assert value(metrics, "fogbank_time_to_first_token_seconds_count", model="m") is None


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (AIError(errors.TIMEOUT), "3007"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (ValueError("ours"), "error"),
    ],
)
def test_outcomes(error: BaseException, outcome: str) -> None:
    metrics = Metrics(TurnedClock())
    with pytest.raises(type(error)), metrics.measure("m", "t") as measure:
        measure.chunk(TextChunk("a", 2, 1))
        raise error
    assert value(metrics, "fogbank_requests_total", **LABELS, outcome=outcome) == 1
    assert value(metrics, "fogbank_tokens_total", model="m", kind="completion") == 1


def test_answers_in_a_given_form() -> None:
    metrics = Metrics(TurnedClock())
    first = Evidence("0", "llguidance", compile_ms=20.0, tries=2)
    for evidence in (first, Evidence("0", "llguidance", 0.0, closed=True)):
        metrics.structured("m", evidence)
    for outcome in ("verified", "closed"):
        outputs = "fogbank_structured_outputs_total"
        assert value(metrics, outputs, model="m", outcome=outcome) == 1
    assert value(metrics, "fogbank_structured_output_tries_total", model="m") == 3
    assert value(metrics, "fogbank_schema_compile_seconds_count", model="m") == 1
    assert value(metrics, "fogbank_schema_compile_seconds_sum", model="m") == 0.02


def test_forms_that_cannot_be_used_are_counted() -> None:
    metrics = Metrics(TurnedClock())
    with metrics.refused_formats("m"):
        pass
    with pytest.raises(AIError), metrics.refused_formats("m"):
        raise AIError(errors.INVALID_INPUT, detail="no")
    outputs = "fogbank_structured_outputs_total"
    assert value(metrics, outputs, model="m", outcome="refused") == 1
    assert value(metrics, outputs, model="m", outcome="verified") is None
