"""Promotion and rollback: one step, one winner, and the way back."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from fogbank.deployments.esmap.registry.deployer import Deployer
from tests.deployments.esmap.registry.scale import Gate
from tests.deployments.esmap.registry.world import MODEL, Place, World, card, world
from tests.server import CLASSIFY

pytestmark = pytest.mark.anyio

VERSIONS = f"/models/{MODEL}/versions"
ROLLBACK = f"/models/{MODEL}/rollback"


async def test_a_promoted_version_answers(esmap: World) -> None:
    await esmap.register("1.1.0", factor=3)
    told = await esmap.promote("1.1.0")
    assert (told["version"], told["from_version"], told["changed"]) == ("1.1.0", "1.0.0", True)
    assert told["report"]["passed"]
    result = await esmap.infer()
    assert (result["result"]["scaled"], result["metadata"]["modelVersion"]) == (6, "1.1.0")
    assert await esmap.active() == "1.1.0"
    old = (await esmap.done("GET", f"{VERSIONS}/1.0.0"))["version"]
    new = (await esmap.done("GET", f"{VERSIONS}/1.1.0"))["version"]
    assert old["deprecated_at"] == new["deployed_at"] is not None
    assert (new["deprecated_at"], new["replaced"]) == (None, "1.0.0")
    assert (await esmap.trail("actor", "action", "version", "from_version"))[-2:] == [
        ("local", "validate", "1.1.0", None),
        ("local", "promote", "1.1.0", "1.0.0"),
    ]
    (row,) = esmap.place.rows("select version, config, chosen_by, revision from esmap_models")
    assert (row["version"], row["chosen_by"], row["revision"]) == ("1.1.0", "local", 2)
    assert '"factor":3' in row["config"]


async def test_promoting_the_active_version_changes_nothing(esmap: World) -> None:
    before = await esmap.trail("action")
    told = await esmap.promote("1.0.0")
    assert (told["changed"], told["revision"]) == (False, 1)
    assert await esmap.trail("action") == before


async def test_a_rollback_goes_to_the_version_before(esmap: World) -> None:
    for version in ("1.1.0", "1.2.0"):
        await esmap.register(version, factor=int(version[2]))
        await esmap.promote(version)
    assert (await esmap.done("POST", ROLLBACK))["version"] == "1.1.0"
    assert await esmap.active() == "1.1.0"
    assert (await esmap.done("POST", ROLLBACK, {}))["version"] == "1.0.0"
    assert (await esmap.infer())["result"]["factor"] == 1
    told = await esmap.refused(409, "POST", ROLLBACK)
    assert told["error"] == "scale has no version before 1.0.0"
    assert (await esmap.trail("action", "version", "from_version"))[-2:] == [
        ("rollback", "1.1.0", "1.2.0"),
        ("rollback", "1.0.0", "1.1.0"),
    ]


async def test_a_rollback_to_a_named_version(esmap: World) -> None:
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        await esmap.register(version)
    await esmap.promote("1.1.0")
    await esmap.promote("1.2.0")
    told = await esmap.done("POST", ROLLBACK, {"version": "1.0.0"})
    assert (told["version"], "report" in told) == ("1.0.0", False)
    for version, words in (
        ("1.0.0", "is the active one already"),
        ("1.3.0", "never answered; promote it"),
    ):
        told = await esmap.refused(409, "POST", ROLLBACK, {"version": version})
        assert words in told["error"]
    await esmap.refused(404, "POST", ROLLBACK, {"version": "9.9.9"})
    told = await esmap.done("POST", ROLLBACK, {"version": "1.2.0", "validate": True})
    assert told["report"]["passed"]
    assert [each["passed"] for each in told["report"]["checks"]][-2:] == [None, None]
    assert await esmap.active() == "1.2.0"


async def test_a_rollback_to_what_is_damaged(esmap: World) -> None:
    await esmap.register("1.1.0", bias=True)
    path = f"{VERSIONS}/1.1.0/artifacts/bias.json"
    await esmap.done("PUT", path, content=b"40")
    await esmap.promote("1.1.0")
    await esmap.done("POST", ROLLBACK)
    for file in (esmap.place.data_dir / "artifacts" / "sha256").rglob("*"):
        if file.is_file():
            file.write_bytes(b"41")
    told = await esmap.refused(409, "POST", ROLLBACK, {"version": "1.1.0"})
    assert "bias.json is damaged" in told["error"]
    assert await esmap.active() == "1.0.0"


async def _statuses(*asked: Awaitable[Any]) -> list[int]:
    return sorted(status for status, _ in await asyncio.gather(*asked))


async def test_of_promotions_at_once_one_wins(esmap: World) -> None:
    names = [f"2.0.{number}" for number in range(6)]
    for name in names:
        await esmap.register(name)
    found = await _statuses(*(esmap.ask("POST", f"{VERSIONS}/{name}/promote") for name in names))
    assert found == [200, *[409] * 5]
    promoted = [row for row in await esmap.trail("action", "version") if row[0] == "promote"]
    assert promoted[1:] == [("promote", await esmap.active())]
    (told,) = esmap.place.rows("select count(*) as many from esmap_models")
    assert told["many"] == 1


async def test_a_rollback_overtakes_a_slow_promotion(esmap: World, gate: Gate) -> None:
    await esmap.register("1.1.0")
    await esmap.promote("1.1.0")
    await esmap.register("1.2.0", gate="here")
    slow = asyncio.create_task(esmap.ask("POST", f"{VERSIONS}/1.2.0/promote"))
    await gate.reached.wait()
    assert (await esmap.done("POST", ROLLBACK))["version"] == "1.0.0"
    gate.open.set()
    status, told = await slow
    assert (status, "changed meanwhile" in told["error"]) == (409, True)
    assert await esmap.active() == "1.0.0"


async def test_an_artifact_that_comes_meanwhile(esmap: World, gate: Gate) -> None:
    await esmap.register("1.1.0", gate="here")
    slow = asyncio.create_task(esmap.ask("POST", f"{VERSIONS}/1.1.0/promote"))
    await gate.reached.wait()
    await esmap.done("PUT", f"{VERSIONS}/1.1.0/artifacts/x", content=b"x")
    gate.open.set()
    status, told = await slow
    assert (status, "came meanwhile" in told["error"]) == (409, True)


async def test_every_answer_is_of_one_version_while_versions_change(place: Place) -> None:
    busy = card(max_concurrent=8, config={**card().config, "engine": CLASSIFY})
    async with world(place, busy, options={"esmap": {"cache_ttl": 0}}) as esmap:
        await esmap.register("2.0.0", factor=2)
        factors = {"1.0.0": 1, "2.0.0": 2}
        seen: set[str] = set()
        ended = False
        count = 0

        async def client(number: int) -> None:
            nonlocal count
            while not ended:
                result = await esmap.infer(number)
                assert "fallback" not in result, result
                version = result["metadata"]["modelVersion"]
                assert result["result"]["factor"] == factors[version]
                assert result["result"]["scaled"] == number * factors[version]
                seen.add(version)
                count += 1

        async def operator() -> None:
            nonlocal ended
            try:
                for number in range(100):
                    if number % 2:
                        told = await esmap.done("POST", ROLLBACK)
                    else:
                        told = await esmap.promote("2.0.0")
                    assert told["changed"]
                    # Acknowledged: whoever asks from now on gets it.
                    result = await esmap.infer(7)
                    assert result["metadata"]["modelVersion"] == told["version"]
            finally:
                ended = True

        await asyncio.gather(operator(), *(client(number) for number in range(8)))
        assert seen == {"1.0.0", "2.0.0"}
        assert count > 100
        changes = [row for row in await esmap.trail("action") if row[0] in ("promote", "rollback")]
        assert len(changes) == 1 + 100
        (rows,) = esmap.place.rows(
            "select count(*) as total, sum(success) as good from esmap_inference_history"
        )
        assert (int(rows["total"]), int(rows["good"])) == (count + 100, count + 100)


async def test_a_crash_between_the_database_and_the_swap_heals(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(place, interval=3600) as esmap:
        await esmap.register("1.1.0", factor=3)
        with monkeypatch.context() as patched:
            patched.setattr(Deployer, "_swap", lambda *_: None)
            await esmap.promote("1.1.0")
        assert (await esmap.infer())["metadata"]["modelVersion"] == "1.0.0"
    async with world(place, interval=3600) as esmap:
        assert await esmap.active() == "1.1.0"
        assert (await esmap.infer(5))["result"]["scaled"] == 15


async def test_servers_that_share_a_database_follow_each_other(place: Place) -> None:
    async with world(place) as one, world(place) as other:
        await one.register("1.1.0", factor=3)
        await one.promote("1.1.0")
        async with asyncio.timeout(5):
            while (await other.infer())["metadata"]["modelVersion"] != "1.1.0":
                await asyncio.sleep(0.01)
        assert (await other.infer())["result"]["factor"] == 3
        await other.done("POST", ROLLBACK)
        async with asyncio.timeout(5):
            while (await one.infer())["metadata"]["modelVersion"] != "1.0.0":
                await asyncio.sleep(0.01)
