"""The history's SQL: the same on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from fogbank.deployments.esmap.history import error_rate, forget, insert, latency, window
from fogbank.deployments.esmap.minutes import aggregate
from fogbank.deployments.esmap.tables import esmap_opener
from fogbank.storage.sql import Sql
from tests.deployments.esmap.esmap_server import entry
from tests.postgres import Postgres

NOON = datetime(2026, 11, 21, tzinfo=UTC)
Opener = Callable[[], Sql]


@pytest.fixture(params=["sqlite", "postgresql"])
def sql(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sql]:
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.database()
    opened = esmap_opener(tmp_path, url)()
    yield opened
    opened.close()


def test_rows_come_back(sql: Sql) -> None:
    insert(sql, [entry(1), entry(2, error="it broke\0 here", tokens=2**40, cached=True)])
    first, second = sql.execute("select * from esmap_inference_history order by id")
    assert first == {
        "id": "id-1",
        "model_id": "climate-bert",
        "version": "1.0.0",
        "request_id": "request-1",
        "input_hash": "0" * 64,
        "inference_time_ms": 11.0,
        "tokens_used": 7,
        "success": 1,
        "cached": 0,
        "error_message": None,
        "created_at": "2026-11-21T00:00:01.000000+00:00",
    }
    assert (second["success"], second["cached"], second["tokens_used"]) == (0, 1, 2**40)
    assert second["error_message"] == "it broke here"


def test_a_row_is_written_once(sql: Sql) -> None:
    insert(sql, [entry(1), entry(2)])
    insert(sql, [entry(2, tokens=0), entry(3)])
    rows = sql.execute("select id, tokens_used from esmap_inference_history order by id")
    assert [(row["id"], row["tokens_used"]) for row in rows] == [
        ("id-1", 7),
        ("id-2", 7),
        ("id-3", 7),
    ]


def test_latency_and_error_rate(sql: Sql) -> None:
    insert(
        sql,
        [
            entry(1, milliseconds=100.0),
            entry(2, milliseconds=200.0, version="2.0.0"),
            entry(3, milliseconds=9999.0, error="late"),
            entry(4, milliseconds=1.0, cached=True),
            entry(5, milliseconds=5.0, model_id="energy-ner"),
            entry(6, milliseconds=7000.0, at=NOON - timedelta(hours=1)),
        ],
    )
    assert latency(sql, "climate-bert", NOON) == 150
    assert latency(sql, "climate-bert", NOON, "2.0.0") == 200
    assert latency(sql, "climate-bert", NOON - timedelta(hours=2)) == pytest.approx(7300 / 3)
    assert latency(sql, "climate-bert", NOON + timedelta(hours=1)) is None
    assert error_rate(sql, "climate-bert", NOON) == pytest.approx(1 / 3)
    assert error_rate(sql, "climate-bert", NOON, "2.0.0") == 0
    assert error_rate(sql, "mystery", NOON) is None


def test_a_window(sql: Sql) -> None:
    insert(sql, [entry(n, milliseconds=float(n)) for n in range(1, 101)])
    insert(sql, [entry(200, cached=True), entry(201, error="x"), entry(0, at=NOON - timedelta(1))])
    found = window(sql, NOON)
    assert (found.total, found.cached, found.failed, found.ever) == (102, 1, 1, 103)
    assert (found.average, found.p95, found.p99) == (50.5, 95, 99)
    empty = window(sql, NOON + timedelta(days=1))
    assert (empty.total, empty.cached, empty.failed, empty.ever) == (0, 0, 0, 103)
    assert (empty.average, empty.p95, empty.p99) == (0, 0, 0)


def minutes(sql: Sql) -> list[tuple[str, str, float, dict[str, int], str]]:
    rows = sql.execute("select * from esmap_model_metrics order by recorded_at, metric_type")
    return [
        (
            row["metric_type"],
            row["version"],
            row["metric_value"],
            orjson.loads(row["metadata"]),
            row["recorded_at"],
        )
        for row in rows
    ]


def test_whole_minutes_are_written_once(sql: Sql) -> None:
    insert(
        sql,
        [
            entry(5, milliseconds=10.0),
            entry(6, milliseconds=30.0),
            entry(7, cached=True, tokens=0),
            entry(61, error="x"),
            entry(130),
        ],
    )
    now = NOON + timedelta(seconds=131)
    aggregate(sql, now)
    zero, one = "2026-11-21T00:00:00.000000+00:00", "2026-11-21T00:01:00.000000+00:00"
    first = {"cached": 1, "failed": 0, "tokens": 14, "seconds": 60}
    second = {"cached": 0, "failed": 1, "tokens": 7, "seconds": 60}
    expected = [
        ("latency", "1.0.0", 20.0, {"count": 2, "seconds": 60}, zero),
        ("usage", "1.0.0", 3.0, first, zero),
        ("usage", "1.0.0", 1.0, second, one),
    ]
    assert minutes(sql) == expected
    aggregate(sql, now)  # another server, or this one again
    assert minutes(sql) == expected
    aggregate(sql, now + timedelta(minutes=1, seconds=10))
    assert [row[0] for row in minutes(sql)] == ["latency", "usage", "usage", "latency", "usage"]


def test_what_is_old_is_forgotten(sql: Sql) -> None:
    insert(sql, [entry(1), entry(3600)])
    aggregate(sql, NOON + timedelta(hours=2))
    forget(sql, NOON + timedelta(minutes=30))
    assert [row["id"] for row in sql.execute("select id from esmap_inference_history")] == [
        "id-3600"
    ]
    assert len(minutes(sql)) == 2
