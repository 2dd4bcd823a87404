"""What must hold before a version is deployed."""

from datetime import timedelta
from typing import Any

import pytest

from fogbank.deployments.esmap import history
from fogbank.deployments.esmap.history import Entry
from fogbank.deployments.esmap.tables import esmap_opener
from tests.deployments.esmap.registry.world import MODEL, Place, World, card, world

pytestmark = pytest.mark.anyio

VERSIONS = f"/models/{MODEL}/versions"
NAMES = ["exists", "artifacts", "loads", "golden", "golden_latency", "latency", "error_rate"]


def remember(esmap: World, count: int, failed: int, milliseconds: float, minutes: float) -> None:
    """So many inferences so long ago."""
    at = esmap.clock.now() - timedelta(minutes=minutes)
    entries = [
        Entry(
            f"{minutes}-{number}",
            MODEL,
            "1.0.0",
            "a-request",
            "0" * 64,
            milliseconds,
            0,
            False,
            "it failed" if number < failed else None,
            at,
        )
        for number in range(count)
    ]
    sql = esmap_opener(esmap.place.data_dir, esmap.place.database)()
    history.insert(sql, entries)
    sql.close()


async def report(esmap: World, version: str) -> dict[str, Any]:
    """The checks by name."""
    told = (await esmap.done("POST", f"{VERSIONS}/{version}/validate"))["report"]
    checks = {each["name"]: each for each in told["checks"]}
    assert told["passed"] == all(each["passed"] is not False for each in checks.values())
    return checks


async def test_a_good_version_passes_every_check(esmap: World) -> None:
    await esmap.register("1.1.0")
    checks = await report(esmap, "1.1.0")
    assert list(checks) == NAMES
    assert all(each["passed"] for each in checks.values())
    assert checks["golden"]["detail"] == "1 of 1 golden inputs hold"
    assert checks["latency"]["detail"] == "no inferences in the last hour"
    (entry,) = (await esmap.done("GET", "/audit?limit=1"))["entries"]
    assert (entry["action"], entry["details"]["passed"]) == ("validate", True)


async def test_a_version_that_does_not_load(esmap: World) -> None:
    await esmap.register("1.1.0", factor="three")
    await esmap.register("1.2.0", bias=True)
    checks = await report(esmap, "1.1.0")
    assert "golden" not in checks
    assert checks["loads"]["detail"] == "ValueError: factor is no number"
    assert "no packaged file 'bias.json'" in (await report(esmap, "1.2.0"))["loads"]["detail"]
    told = await esmap.refused(409, "POST", f"{VERSIONS}/1.1.0/promote", {"force": True})
    assert told["details"]["report"]["passed"] is False
    assert "is not deployed: loads" in told["error"]
    assert await esmap.active() == "1.0.0"


async def test_a_version_that_fails_on_a_golden_input(esmap: World) -> None:
    await esmap.register("1.1.0", fails=True)
    told = await esmap.refused(409, "POST", f"{VERSIONS}/1.1.0/promote", {"force": True})
    (golden,) = [each for each in told["details"]["report"]["checks"] if each["name"] == "golden"]
    assert golden["detail"] == "golden input 0: RuntimeError: it is broken"


async def test_a_version_that_answers_otherwise(place: Place) -> None:
    golden = [
        {"input": {"features": {"value": 2}}, "expect": {"scaled": 2.01}},
        {"input": {"features": {"value": 3}}, "expect": {"scaled": 3, "gone": 1}},
        {"input": {"wrong": 1}},
    ]
    async with world(place, card(golden=golden)) as esmap:
        detail = (await report(esmap, "1.0.0"))["golden"]["detail"]
        assert detail == (
            "golden input 1: gone: expected 1, but there is no such value;"
            " golden input 2: InvalidInput: Input must contain features"
        )
        await esmap.register("1.1.0", factor=2)
        detail = (await report(esmap, "1.1.0"))["golden"]["detail"]
        assert "golden input 0: scaled: expected 2.01, found 4" in detail


async def test_a_version_that_is_too_slow(place: Place) -> None:
    async with world(place, card(deadline=0.05)) as esmap:
        await esmap.register("1.1.0", seconds=5)
        checks = await report(esmap, "1.1.0")
        assert not checks["golden_latency"]["passed"]
        assert "no answer within 0.05 s" in checks["golden"]["detail"]


async def test_a_slow_hour_refuses_a_promotion_unless_forced(esmap: World) -> None:
    remember(esmap, 10, 0, 2500, minutes=59)
    remember(esmap, 10, 0, 1, minutes=61)
    await esmap.register("1.1.0")
    told = await esmap.refused(409, "POST", f"{VERSIONS}/1.1.0/promote")
    assert "is not deployed: latency (of the version that answers now" in told["error"]
    assert "use force" in told["error"]
    await esmap.promote("1.1.0", force=True)
    assert await esmap.active() == "1.1.0"
    (entry,) = (await esmap.done("GET", "/audit?limit=1"))["entries"]
    assert (entry["action"], entry["details"]) == ("promote", {"force": True})


async def test_the_limit_of_a_slower_model_is_its_deadline(place: Place) -> None:
    async with world(place, card(deadline=10)) as esmap:
        remember(esmap, 10, 0, 9000, minutes=1)
        assert (await report(esmap, "1.0.0"))["latency"]["passed"]
        remember(esmap, 10, 0, 19_000, minutes=2)
        assert not (await report(esmap, "1.0.0"))["latency"]["passed"]


@pytest.mark.parametrize(("failed", "passed"), [(4, True), (5, False)])
async def test_the_error_rate_of_the_last_hour(esmap: World, failed: int, passed: bool) -> None:
    remember(esmap, 100, failed, 10, minutes=59)
    remember(esmap, 100, 100, 10, minutes=61)
    check = (await report(esmap, "1.0.0"))["error_rate"]
    assert check["passed"] is passed
    assert check["detail"] == f"{failed:.1f}% failed in the last hour, under 5% allowed"
