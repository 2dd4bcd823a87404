"""How fast a year of a hundred million requests is reported, on SQLite and on PostgreSQL.

    python -m bench.ledger_year --rows 100000000 --out bench/results

The rows are made inside the database by a formula, with the triggers that keep the sums of days
taken off meanwhile: the sums are then made as the migration of an older ledger makes them, and
must reconcile with sums over the rows themselves.
"""

import argparse
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.front_end import machine
from fogbank.storage.ledger_sqlite import SqliteLedger
from fogbank.storage.ledger_store import store_opener

DAYS = 365
KEYS = 20
MODELS = (
    "@cf/meta/llama-3.1-8b-instruct-fast",
    "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    "@cf/meta/llama-3.2-1b-instruct",
    "@cf/meta/llama-3.2-3b-instruct",
    "@cf/baai/bge-small-en-v1.5",
    "@cf/huggingface/distilbert-sst-2-int8",
)
ROUNDS = 3


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "ledger.db"
        SqliteLedger(self._file).close()
        self._connection = sqlite3.connect(self._file, isolation_level=None)
        execute = self._connection.execute
        self._trigger = execute(
            "select sql from sqlite_master where name = 'ledger_day'"
        ).fetchone()[0]
        execute("pragma journal_mode = off")
        execute("pragma synchronous = off")
        execute("drop trigger ledger_day")
        execute("create table models (number integer primary key, name text)")
        self._connection.executemany("insert into models values (?, ?)", enumerate(MODELS))

    def fill(self, day: date, first: int, rows: int) -> None:
        began = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        execute = self._connection.execute
        execute("begin")
        execute(
            "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ?3)"
            " insert into ledger select printf('year-%010d', ?2 + i), 'request-' || (?2 + i),"
            " strftime('%Y-%m-%dT%H:%M:%S', ?1 + i * 86400 / ?3, 'unixepoch') || '.000000+00:00',"
            " null, 'key-' || (i % ?4), 'workers_ai', 'live',"
            " (select name from models where number = i * 7 % ?5), 'Text Generation', 'text',"
            " null, 0, 'ok', 100 + i % 900, 0, 50 + i % 400, 0.0, 0, (i % 1000) / 8.0,"
            " '2026-08-28', 0.5, null, 0 from n",
            (int(began), first, rows, KEYS, len(MODELS)),
        )
        execute(
            "insert into ledger_days"
            " select substr(at, 1, 10), coalesce(account, ''), coalesce(key, ''), model, count(*),"
            " sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(audio_seconds),"
            " sum(images), total(neurons), count(*) - count(neurons) from ledger"
            " where id >= printf('year-%010d', ?1) and id < printf('year-%010d', ?2)"
            " group by 1, 2, 3, 4",
            (first, first + rows),
        )
        execute("commit")

    def done(self) -> None:
        self._connection.execute("drop table models")
        self._connection.execute(self._trigger)
        self._connection.execute("pragma journal_mode = wal")

    def sums(self) -> tuple[int, int, float]:
        found = self._connection.execute(
            "select count(*), sum(prompt_tokens), sum(neurons) from ledger"
        ).fetchone()
        self._connection.close()
        return tuple(found)  # type: ignore[return-value]

    def size(self) -> int:
        return self._file.stat().st_size


class Postgresql:
    def __init__(self, url: str, folder: Path) -> None:
        import psycopg

        store_opener(folder, url)().close()
        self._connection = psycopg.connect(url, autocommit=True)
        execute = self._connection.execute
        execute("set synchronous_commit = off")
        execute("alter table fogbank_ledger disable trigger fogbank_ledger_day")
        execute("create table bench_models (number integer primary key, name text)")
        for number, name in enumerate(MODELS):
            execute("insert into bench_models values (%s, %s)", (number, name))

    def fill(self, day: date, first: int, rows: int) -> None:
        began = datetime(day.year, day.month, day.day, tzinfo=UTC)
        with self._connection.transaction():
            self._connection.execute(
                "insert into fogbank_ledger"
                " select 'year-' || lpad((%(first)s + i)::text, 10, '0'),"
                " 'request-' || (%(first)s + i),"
                " %(began)s::timestamptz + make_interval(secs => floor(i * 86400.0 / %(rows)s)),"
                " null, 'key-' || (i %% %(keys)s), 'workers_ai', 'live', name,"
                " 'Text Generation', 'text', null, false, 'ok', 100 + i %% 900, 0, 50 + i %% 400,"
                " 0.0, 0, (i %% 1000) / 8.0, '2026-08-28', 0.5, null, false"
                " from generate_series(0, %(rows)s - 1) as i"
                " join bench_models on number = i * 7::bigint %% %(models)s",
                {
                    "first": first,
                    "began": began,
                    "rows": rows,
                    "keys": KEYS,
                    "models": len(MODELS),
                },
            )
            self._connection.execute(
                "insert into fogbank_ledger_days"
                " select (at at time zone 'UTC')::date, coalesce(account, ''), coalesce(key, ''),"
                " model, count(*), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),"
                " sum(audio_seconds), sum(images), coalesce(sum(neurons), 0),"
                " count(*) - count(neurons) from fogbank_ledger where at >= %s and at < %s"
                " group by 1, 2, 3, 4",
                (began, began + timedelta(days=1)),
            )

    def done(self) -> None:
        self._connection.execute("drop table bench_models")
        self._connection.execute("alter table fogbank_ledger enable trigger fogbank_ledger_day")
        self._connection.execute("analyze fogbank_ledger_days")

    def sums(self) -> tuple[int, int, float]:
        row = self._connection.execute(
            "select count(*), sum(prompt_tokens)::bigint, sum(neurons) from fogbank_ledger"
        ).fetchone()
        assert row is not None
        return row

    def size(self) -> int:
        row = self._connection.execute("select pg_total_relation_size('fogbank_ledger')").fetchone()
        assert row is not None
        return int(row[0])


def year(rows: int, end: date) -> Iterator[tuple[date, int, int]]:
    """Each day with the number of its first row and how many it has; the last one is yesterday."""
    for at in range(DAYS):
        first, last = rows * at // DAYS, rows * (at + 1) // DAYS
        yield end - timedelta(days=DAYS - at), first, last - first


def measure(name: str, database: Any, folder: Path, rows: int, url: str | None) -> dict[str, Any]:
    began = time.monotonic()
    for day, first, count in year(rows, datetime.now(UTC).date()):
        database.fill(day, first, count)
    database.done()
    made = time.monotonic() - began
    print(f"{name}: {rows:,} rows in {made:.0f} s", file=sys.stderr, flush=True)
    seconds, told = [], {}
    since = (datetime.now(UTC).date() - timedelta(days=DAYS)).isoformat()
    command = [sys.executable, "-c", "from fogbank.cli import main; main()", "cost", "report"]
    command += ["--since", since, "--as", "json", "--hardware", "rented-h100"]
    environment = {**os.environ, "FOGBANK_DATA_DIR": str(folder)}
    if url:
        environment["FOGBANK_LEDGER_URL"] = url
    for _ in range(ROUNDS):
        began = time.monotonic()
        out = subprocess.run(command, env=environment, check=True, capture_output=True)
        seconds.append(time.monotonic() - began)
        told = json.loads(out.stdout)
    half = [*command]
    moment = "4383h"  # half a year and three hours: an edge of a day, from its rows
    half[half.index(since)] = moment
    began = time.monotonic()
    subprocess.run(half, env=environment, check=True, capture_output=True)
    edge = time.monotonic() - began
    count, prompt, neurons = database.sums()
    prompts = sum(line["prompt_tokens"] for line in told["lines"])
    assert (told["requests"], prompts) == (count, prompt), (told["requests"], count)
    assert abs(told["neurons"] - neurons) <= 1e-9 * neurons, (told["neurons"], neurons)
    return {
        "name": name,
        "rows": rows,
        "gib": database.size() / 2**30,
        "made": made,
        "report": statistics.median(seconds),
        "edge": edge,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--postgresql", help="URL of an empty database; without it SQLite only")
    parser.add_argument("--folder", type=Path, help="where the SQLite file is made")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary:
        folder = Path(temporary)
        if options.postgresql:
            database: Any = Postgresql(options.postgresql, folder)
            found.append(measure("PostgreSQL", database, folder, options.rows, options.postgresql))
        else:
            found.append(measure("SQLite", Sqlite(folder), folder, options.rows, None))
    today = date.today()
    lines = [
        f"# A year of the ledger, {today}",
        "",
        f"Machine: {machine()}. Rows are spread over {DAYS} days, {KEYS} keys and {len(MODELS)}"
        " models; `fogbank cost report` as a process of its own, Python's start included, median of"
        f" {ROUNDS}. The report's sums are those of all rows, counted one by one.",
        "",
        "| database | rows | GiB | a year, s | half a year from the middle of a day, s |",
        "|---|---|---|---|---|",
    ]
    for each in found:
        lines.append(
            f"| {each['name']} | {each['rows']:,} | {each['gib']:.1f} | {each['report']:.2f} |"
            f" {each['edge']:.2f} |"
        )
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out:
        name = "postgresql" if options.postgresql else "sqlite"
        (options.out / f"{today}-ledger-year-{name}.md").write_text(text)


if __name__ == "__main__":
    main()
