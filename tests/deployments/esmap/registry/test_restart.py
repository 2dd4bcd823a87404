"""What a start finds: what was chosen, what a later Fogbank brings, what cannot be had."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from fogbank.deployments.esmap.registry import deployer
from tests.deployments.esmap.registry.world import MODEL, Place, World, card, world
from tests.postgres import Postgres
from tests.s3 import CREDENTIALS, Bucket, serving_s3

pytestmark = pytest.mark.anyio

VERSIONS = f"/models/{MODEL}/versions"


async def test_what_was_chosen_is_active_after_a_restart(place: Place) -> None:
    async with world(place) as esmap:
        await esmap.register("1.1.0", factor=3)
        await esmap.promote("1.1.0")
    async with world(place) as esmap:
        assert await esmap.active() == "1.1.0"
        assert (await esmap.infer())["result"]["scaled"] == 6
        assert len(await esmap.trail("action")) == 5


async def test_a_later_fogbank_brings_its_version(place: Place) -> None:
    async with world(place):
        pass
    async with world(place, card(version="1.1.0", name="Scale 2")) as esmap:
        assert await esmap.active() == "1.1.0"
        assert (await esmap.trail("actor", "action", "version"))[-2:] == [
            ("fogbank", "register", "1.1.0"),
            ("fogbank", "promote", "1.1.0"),
        ]
        (row,) = place.rows("select name from esmap_models")
        assert row["name"] == "Scale 2"
        assert (await esmap.done("POST", f"/models/{MODEL}/rollback"))["version"] == "1.0.0"


async def test_but_not_in_the_place_of_what_somebody_chose(place: Place) -> None:
    async with world(place) as esmap:
        await esmap.register("1.0.1", factor=3)
        await esmap.promote("1.0.1")
        await esmap.done("POST", f"/models/{MODEL}/rollback")
    later = card(version="1.1.0", config={**card().config, "factor": 9})
    async with world(place, later) as esmap:
        assert await esmap.active() == "1.0.0"
        assert (await esmap.infer())["result"]["factor"] == 1
        await esmap.promote("1.1.0")
        assert (await esmap.infer())["result"]["factor"] == 9
        (model,) = (await esmap.done("GET", "/models"))["models"]
        assert model["packaged_version"] == "1.1.0"


async def test_a_card_that_was_edited(place: Place) -> None:
    async with world(place):
        pass
    async with world(place, card(config={**card().config, "factor": 5})) as esmap:
        assert (await esmap.infer())["result"]["factor"] == 5
        shown = (await esmap.done("GET", f"{VERSIONS}/1.0.0"))["version"]
        assert shown["config"]["factor"] == 5
        (entry,) = (await esmap.done("GET", "/audit?limit=1"))["entries"]
        assert entry["details"] == {"packaged": True, "changed": "config"}


async def test_a_packaged_version_with_a_name_that_was_taken(place: Place) -> None:
    async with world(place) as esmap:
        await esmap.register("1.1.0", factor=3)
    async with world(place, card(version="1.1.0")) as esmap:
        assert (await esmap.infer())["result"]["factor"] == 3
        assert not (await esmap.done("GET", f"{VERSIONS}/1.1.0"))["version"]["packaged"]


async def test_a_later_implementation_finds_its_new_config_in_old_versions(place: Place) -> None:
    older = {key: value for key, value in card().config.items() if key != "fails"}
    async with world(place, card(config=older, golden=[{"input": {"features": {}}}])) as esmap:
        await esmap.register("1.0.1", factor=3)
    async with world(place) as esmap:
        await esmap.promote("1.0.1")
        assert (await esmap.infer())["result"]["factor"] == 3


async def test_without_its_artifact_no_other_version_answers(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(place) as esmap:
        await esmap.register("1.1.0", bias=True)
        await esmap.done("PUT", f"{VERSIONS}/1.1.0/artifacts/bias.json", content=b"40")
        await esmap.promote("1.1.0")
    kept = place.data_dir / "artifacts"
    kept.rename(place.data_dir / "elsewhere")
    monkeypatch.setattr(deployer, "AGAIN", 60)
    async with world(place) as esmap:
        answer = await esmap.infer()
        assert answer["fallback"] is True
        health = (await esmap.client.get("/esmap/health")).json()
        assert health["status"] != "healthy"
        (model,) = (await esmap.done("GET", "/models"))["models"]
        assert model["version"] == "1.1.0"
        shutil.move(place.data_dir / "elsewhere", kept)
        esmap.clock.turn(61)
        async with asyncio.timeout(5):
            while "fallback" in (answer := await esmap.infer()):
                await asyncio.sleep(0.01)
        assert answer["result"]["scaled"] == 42


async def test_no_version_answers_while_the_database_is_away(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    place = Place(tmp_path, database)
    async with world(place) as esmap:
        await esmap.register("1.1.0", factor=3)
        await esmap.promote("1.1.0")
        postgres.stop()
        try:
            assert (await esmap.infer(9))["result"]["factor"] == 3
            status, told = await esmap.ask("GET", "/models")
            assert (status, told["error"]) == (503, "the registry cannot be used now")
        finally:
            postgres.start()
    postgres.stop()
    try:
        async with world(place) as esmap:
            assert (await esmap.infer())["fallback"] is True
            postgres.start()
            async with asyncio.timeout(10):
                while "fallback" in (answer := await esmap.infer()):
                    await asyncio.sleep(0.01)
            assert answer["result"]["factor"] == 3
    finally:
        postgres.stop()
        postgres.start()


async def test_artifacts_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    content = os.urandom(2 << 20)
    with serving_s3() as endpoint:
        bucketed = Place(tmp_path, None, Bucket(endpoint).url)
        async with world(bucketed) as esmap:
            await esmap.register("1.1.0", bias=True)
            path = f"{VERSIONS}/1.1.0/artifacts"
            await esmap.done("PUT", f"{path}/bias.json", content=b"40")
            await esmap.done("PUT", f"{path}/weights.bin", content=content)
            await esmap.promote("1.1.0")
        shutil.rmtree(tmp_path / "artifacts")
        async with world(bucketed) as esmap:
            assert (await esmap.infer())["result"]["scaled"] == 42
    await _unreachable(bucketed)


async def _unreachable(place: Place) -> None:
    """The bucket is gone, but what was fetched is here."""
    async with world(place) as esmap:
        assert (await esmap.infer())["result"]["scaled"] == 42
        await esmap.register("1.2.0")
        status, told = await _put(esmap)
        assert (status, told["error"]) == (503, "the registry cannot be used now")


async def _put(esmap: World) -> tuple[int, dict[str, object]]:
    status, told = await esmap.ask("PUT", f"{VERSIONS}/1.2.0/artifacts/x", content=b"x")
    return status, told
