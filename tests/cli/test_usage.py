"""`fogbank usage`."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fogbank.storage.journal import SUFFIX
from fogbank.storage.ledger_row import LedgerRow
from fogbank.storage.ledger_store import store_opener
from tests.cli.console import flat, fogbank, refused
from tests.postgres import Postgres
from tests.storage.ledger_rows import row

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
ROWS = [
    row(1, at=NOW - HOUR, neurons=1000.0),
    row(2, at=NOW - 2 * HOUR, neurons=500.0),
    row(3, at=NOW - HOUR, model="@cf/test/free", neurons=None),
    row(4, at=NOW - 30 * HOUR, model="@cf/test/mixed", neurons=2.0),
    row(5, at=NOW - 30 * HOUR, model="@cf/test/mixed", neurons=None),
    row(6, at=NOW - 24 * 30 * HOUR, model="@cf/test/long-ago"),
]


def write(data_dir: Path, rows: list[LedgerRow], url: str | None = None) -> None:
    with closing(store_opener(data_dir, url)()) as store:
        store.insert(rows)


def test_a_table_by_model_dearest_first(data: Path) -> None:
    write(data, ROWS)
    text = flat(fogbank("usage").stdout)
    assert "│ @cf/test/instruct │ 2 │ 20 │ 8 │ 40 │ 2 │ 0.1 │ 1,500.00 │ 0.0165 │" in text
    assert "│ 2.00 + 1 unpriced │ 0.0000 │" in text
    assert "│ unpriced │ unpriced │" in text
    assert text.index("instruct") < text.index("mixed") < text.index("free")
    assert "long-ago" not in text
    assert "Cloudflare's prices of 2026-08-28, before its 10,000 free neurons per day." in text


@pytest.mark.parametrize(
    ("since", "models"),
    [
        ("3h", {"instruct", "free"}),
        ("2d", {"instruct", "mixed", "free"}),
        ("2020-01-01", {"instruct", "mixed", "free", "long-ago"}),
    ],
)
def test_since(data: Path, since: str, models: set[str]) -> None:
    write(data, ROWS)
    told = json.loads(fogbank("usage", "--since", since, "--json").stdout)
    assert {each["model"].rsplit("/", 1)[1] for each in told["models"]} == models
    assert told["prices"] == "2026-08-28"
    assert told["since"] < told["until"]


def test_json_says_null_for_what_has_no_price(data: Path) -> None:
    write(data, ROWS)
    models = json.loads(fogbank("usage", "--json").stdout)["models"]
    found = {each["model"]: each for each in models}
    assert (found["@cf/test/free"]["neurons"], found["@cf/test/free"]["usd"]) == (None, None)
    assert found["@cf/test/mixed"]["unpriced"] == 1
    assert found["@cf/test/instruct"]["usd"] == pytest.approx(0.0165)


def test_what_a_killed_server_left_is_counted(data: Path) -> None:
    (data / "ledger").mkdir()
    (data / "ledger" / f"1{SUFFIX}").write_bytes(ROWS[0].line())
    assert json.loads(fogbank("usage", "--json").stdout)["models"][0]["requests"] == 1


def test_an_empty_ledger(data: Path) -> None:
    assert fogbank("usage").stdout.startswith("No requests since ")


def test_a_ledger_in_postgresql(data: Path, postgres: Postgres) -> None:
    url = postgres.database()
    write(data, ROWS, url)
    told = json.loads(fogbank("usage", "--json", "--ledger-url", url).stdout)
    assert told["models"][0]["neurons"] == 1500


@pytest.mark.parametrize("since", ["7", "d", "week", "2026-13-01", "99999d"])
def test_a_time_that_is_none(data: Path, since: str) -> None:
    refused(fogbank("usage", "--since", since), "expected hours or days", "2026-11-01")


def test_a_ledger_that_cannot_be_read(data: Path) -> None:
    (data / "ledger.db").write_bytes(b"no database" * 1000)
    refused(fogbank("usage"), "ledger.db", "not a database", status=1)


def test_a_url_of_another_database(data: Path) -> None:
    refused(fogbank("usage", "--ledger-url", "mysql://host/name"), "ledger_url", "postgresql://")


@pytest.mark.parametrize("command", [["usage"], ["serve", "--profile", "test", "--port", "0"]])
def test_a_mistake_in_a_price_table_is_told_with_its_place(data: Path, command: list[str]) -> None:
    (data / "prices").mkdir()
    (data / "prices" / "2026-12-01.yaml").write_text("date: 2026-12-01\nsources: []\n")
    refused(fogbank(*command), "2026-12-01.yaml:2: sources:", "models: this required key")
