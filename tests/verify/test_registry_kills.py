"""`kill -9` of a real server while versions change and inferences are written down.

After every kill, of what was acknowledged nothing is lost: the audit has each promotion and
rollback, in order, and at most the one that was under way besides; the history has each answered
inference; one version is active, that of the last change, and it is what the next server answers
with. FOGBANK_KILLS replaces the number of rounds.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from fogbank.deployments.esmap.result_cache import input_hash
from fogbank.deployments.esmap.tables import FILE
from tests.cli.console import write_catalog
from tests.deployments.esmap.registry.world import CARD, MODEL, Place
from tests.postgres import Postgres
from tests.real_server import RealServer, serving
from tests.verify.conftest import Record

pytestmark = [pytest.mark.anyio, pytest.mark.verify]

SEED = 20261128
ROUNDS = {"sqlite": 50, "postgresql": 10}
VERSIONS = {"1.0.0": 1, "2.0.0": 2, "3.0.0": 3}
PACKAGED = "1.0.0"
CLIENTS = 6
Step = tuple[str, str | None]
"""promote or rollback, and to which version; None: to the one before."""


@dataclass
class Witness:
    """What was asked and what was acknowledged, over all rounds."""

    changes: list[tuple[str, str]] = field(default_factory=list)
    inferences: dict[str, str] = field(default_factory=dict)
    under_way: Step | None = None
    acknowledged: int = 0
    unacknowledged_but_done: int = 0
    starts: list[float] = field(default_factory=list)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_nothing_acknowledged_is_lost(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, record: Record
) -> None:
    url = None
    if database == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.database()
    place = Place(_prepared(tmp_path), url)
    rounds = int(os.environ.get("FOGBANK_KILLS", ROUNDS[database]))
    chance, witness = random.Random(SEED), Witness()
    log = tmp_path / "log"
    with _serving(place, log, witness) as first:
        await _register(first)
        witness.changes = _changes(place)
    for _ in range(rounds):
        with _serving(place, log, witness) as alive:
            await _look(alive, place)
            await _until_killed(alive, chance, witness)
        _check(place, witness)
    with _serving(place, log, witness) as last:
        await _look(last, place)
    record(
        rounds=rounds,
        seed=SEED,
        changes_acknowledged=witness.acknowledged,
        changes_done_but_not_acknowledged=witness.unacknowledged_but_done,
        inferences_acknowledged=len(witness.inferences),
        start_s=round(sorted(witness.starts)[len(witness.starts) // 2], 2),
    )
    assert witness.acknowledged > rounds
    assert len(witness.inferences) > 10 * rounds


def _prepared(data_dir: Path) -> Path:
    write_catalog(data_dir)
    cards = data_dir / "deployments" / "esmap"
    cards.mkdir(parents=True)
    (cards / "scale.yaml").write_text(yaml.safe_dump(CARD))
    return data_dir


@contextmanager
def _serving(place: Place, log: Path, witness: Witness) -> Iterator[RealServer]:
    options = ["--profile", "test", "--keys", "never", "--deployments", "esmap"]
    if place.database:
        options += ["--database-url", place.database]
    began = time.monotonic()
    with serving(place.data_dir, log, *options, seconds=120) as server:
        witness.starts.append(time.monotonic() - began)
        yield server


async def _register(server: RealServer) -> None:
    async with server.web() as web:
        for version, factor in VERSIONS.items():
            if version != PACKAGED:
                body = {"version": version, "changes": "x", "config": {"factor": factor}}
                path = f"/esmap/admin/models/{MODEL}/versions"
                assert (await web.post(path, json=body)).status_code == 201
        for version in VERSIONS:
            path = f"/esmap/admin/models/{MODEL}/versions/{version}/promote"
            assert (await web.post(path)).status_code == 200


async def _until_killed(server: RealServer, chance: random.Random, witness: Witness) -> None:
    """An operator and several clients, until the server dies at some moment."""
    before = len(witness.changes)
    async with server.web() as web, asyncio.TaskGroup() as group:
        group.create_task(_operate(web, random.Random(chance.random()), witness))
        for _ in range(CLIENTS):
            group.create_task(_infer(web, random.Random(chance.random()), witness))
        while len(witness.changes) < before + 2:  # it is under way
            await asyncio.sleep(0.005)
        await asyncio.sleep(chance.uniform(0, 0.3))
        os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


async def _operate(web: httpx2.AsyncClient, chance: random.Random, witness: Witness) -> None:
    """Changes the active version until the server is gone."""
    while True:
        action = chance.choice(["promote", "rollback"])
        target = chance.choice([*VERSIONS, None] if action == "rollback" else [*VERSIONS])
        path = f"/esmap/admin/models/{MODEL}"
        path += "/rollback" if action == "rollback" else f"/versions/{target}/promote"
        witness.under_way = (action, target)
        try:
            body = {"version": target} if action == "rollback" else {}
            response = await web.post(path, json=body)
        except httpx2.TransportError:
            return
        answer = response.json()
        if response.status_code == 200 and answer["changed"]:
            witness.changes.append((action, answer["version"]))
            witness.acknowledged += 1
        else:
            assert response.status_code in (200, 409), answer
        witness.under_way = None


async def _infer(web: httpx2.AsyncClient, chance: random.Random, witness: Witness) -> None:
    """Asks something new until the server is gone."""
    while True:
        value = chance.getrandbits(48)
        input = {"features": {"value": value}}
        try:
            response = await web.post("/esmap/inference", json={"modelId": MODEL, "input": input})
        except httpx2.TransportError:
            return
        result = response.json()["result"]
        version = result["metadata"]["modelVersion"]
        assert result["result"]["factor"] == VERSIONS[version]
        assert result["result"]["scaled"] == value * VERSIONS[version]
        witness.inferences[input_hash(input)] = version


def _check(place: Place, witness: Witness) -> None:
    """What the dead server left in the database."""
    if place.database is None:
        connection = sqlite3.connect(place.data_dir / FILE)
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        connection.close()
    found = _changes(place)
    known = len(witness.changes)
    assert found[:known] == witness.changes, "an acknowledged change is lost"
    more = found[known:]
    assert len(more) <= 1
    if more:
        assert witness.under_way is not None
        action, target = witness.under_way
        assert more[0][0] == action
        assert target in (None, more[0][1])
        witness.unacknowledged_but_done += 1
    witness.changes, witness.under_way = found, None
    active = place.rows("select version from esmap_models where id = ?", MODEL)
    assert [row["version"] for row in active] == [found[-1][1]]
    deployed = place.rows(
        "select version from esmap_model_versions where model_id = ?"
        " and deployed_at is not null and deprecated_at is null",
        MODEL,
    )
    assert [row["version"] for row in deployed] == [found[-1][1]]
    rows = place.rows("select input_hash, version from esmap_inference_history where success = 1")
    history = {row["input_hash"]: row["version"] for row in rows}
    lost = {key for key, version in witness.inferences.items() if history.get(key) != version}
    assert not lost, f"{len(lost)} acknowledged inferences are lost"


def _changes(place: Place) -> list[tuple[str, str]]:
    rows = place.rows(
        "select action, version from esmap_audit where model_id = ?"
        " and action in ('promote', 'rollback') order by id",
        MODEL,
    )
    return [(row["action"], row["version"]) for row in rows]


async def _look(server: RealServer, place: Place) -> None:
    """The server answers with the version that its database says."""
    (row,) = place.rows("select version from esmap_models where id = ?", MODEL)
    async with server.web() as web:
        models: list[Any] = json.loads((await web.get("/esmap/admin/models")).text)["models"]
        shown = [each["version"] for each in models if each["model_id"] == MODEL]
        body = {"modelId": MODEL, "input": {"features": {"value": 5}}}
        result = (await web.post("/esmap/inference", json=body)).json()["result"]
    assert shown == [row["version"]]
    assert result["metadata"]["modelVersion"] == row["version"]
    assert result["result"]["factor"] == VERSIONS[row["version"]]
