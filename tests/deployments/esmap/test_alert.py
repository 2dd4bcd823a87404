"""The alert: when it starts and ends, and that it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from fogbank.clock import TurnedClock
from fogbank.deployments.esmap.alert import Alert
from fogbank.deployments.esmap.metrics import EsmapMetrics
from fogbank.deployments.esmap.options import AlertOptions
from fogbank.deployments.esmap.webhook import Webhook
from tests.deployments.esmap.esmap_server import esmap
from tests.server import until

pytestmark = pytest.mark.anyio


def alert(clock: TurnedClock, **options: Any) -> tuple[Alert, list[dict[str, Any]], EsmapMetrics]:
    told: list[dict[str, Any]] = []
    metrics = EsmapMetrics(CollectorRegistry())
    return Alert(AlertOptions(**options), metrics, clock, told.append), told, metrics


def test_it_starts_once_and_ends_once() -> None:
    clock = TurnedClock()
    it, told, metrics = alert(clock, minimum=20, window=300)
    with capture_logs() as logs:
        for _ in range(19):
            it.record(failed=True)
        assert told == []  # nineteen say nothing yet
        it.record(failed=True)
        it.record(failed=True)
        assert metrics.alert._value.get() == 1
        clock.turn(301)
        it.look()
        it.look()
    assert [message["state"] for message in told] == ["firing", "resolved"]
    assert told[0] == {
        "alert": "error-rate",
        "service": "ESMAP AI Models",
        "state": "firing",
        "error_rate": 1.0,
        "threshold": 0.05,
        "window_seconds": 300.0,
        "inferences": 20,
        "failed": 20,
        "since": "2026-11-21T00:00:00.000Z",
        "timestamp": "2026-11-21T00:00:00.000Z",
    }
    assert told[1]["since"] == told[0]["since"]
    assert told[1]["timestamp"] == "2026-11-21T00:05:01.000Z"
    assert metrics.alert._value.get() == 0
    lines = [(line["log_level"], line["state"]) for line in logs]
    assert lines == [("error", "firing"), ("info", "resolved")]


def test_the_threshold_itself_is_allowed() -> None:
    clock = TurnedClock()
    it, told, metrics = alert(clock, minimum=10)
    for number in range(100):
        it.record(failed=number < 5)
        clock.turn(0.1)
        if number > 50:
            assert it.rate <= 0.1
    told.clear()
    assert it.rate == 0.05
    assert it.firing_since is None
    it.record(failed=True)
    assert [message["state"] for message in told] == ["firing"]
    assert metrics.error_rate._value.get() == pytest.approx(6 / 101)


def test_what_is_older_than_the_window_does_not_count() -> None:
    clock = TurnedClock()
    it, told, _ = alert(clock, minimum=2, window=10)
    it.record(failed=True)
    clock.turn(11)
    it.record(failed=True)
    assert (told, it.rate) == ([], 1.0)
    it.record(failed=False)
    assert len(told) == 1


@asynccontextmanager
async def listening(*statuses: int) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """An address of loopback that answers with these statuses, then 200; what was posted to it."""
    got: list[dict[str, Any]] = []
    left = list(statuses)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got.append(orjson.loads(await reader.readexactly(length)))
        status = left.pop(0) if left else 200
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/alerts", got


async def test_a_webhook_is_tried_again() -> None:
    async with listening(500, 302) as (url, got):
        metrics = EsmapMetrics(CollectorRegistry())
        webhook = Webhook(url, metrics, backoff=(0.0, 0.0))
        await webhook.start()
        webhook.send({"state": "firing"})
        webhook.send({"state": "resolved"})
        await until(lambda: len(got) == 4)
        await webhook.stop()
    assert [message["state"] for message in got] == ["firing"] * 3 + ["resolved"]
    assert metrics.webhook_failures._value.get() == 0


async def test_a_webhook_that_is_not_there_is_given_up() -> None:
    metrics = EsmapMetrics(CollectorRegistry())
    webhook = Webhook("http://127.0.0.1:9/alerts", metrics, backoff=(0.0,))
    await webhook.start()
    webhook.send({"state": "firing"})
    await until(lambda: metrics.webhook_failures._value.get() == 1)
    await webhook.stop()


async def test_errors_of_models_raise_it(tmp_path: Path) -> None:
    async def infer(*_: Any) -> dict[str, Any]:
        raise RuntimeError("broken")

    clock = TurnedClock()
    async with listening() as (url, got):
        options = {"alert": {"minimum": 5, "window": 60, "webhook": url}}
        async with esmap(tmp_path, clock=clock, options=options) as it:
            good = it.models["climate-bert"].infer_with
            it.models["climate-bert"].infer_with = infer
            for number in range(5):
                await it.infer(f"Text {number}.")
            await until(lambda: len(got) == 1)
            assert it.metric("fogbank_esmap_alert") == 1
            it.models["climate-bert"].infer_with = good
            clock.turn(61)
            await it.infer("Another.")
            await until(lambda: len(got) == 2)
            assert it.metric("fogbank_esmap_alert") == 0
    assert [message["state"] for message in got] == ["firing", "resolved"]


async def test_cached_answers_and_bad_inputs_show_nothing(tmp_path: Path) -> None:
    async with esmap(tmp_path, options={"alert": {"minimum": 1}}) as it:
        await it.infer()
        await it.infer()
        await it.infer(input={"text": ""})
        assert it.metric("fogbank_esmap_error_rate") == 0
        assert it.metric("fogbank_esmap_alert") == 0
