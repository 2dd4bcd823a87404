"""Scheduled promotions, by a clock that the tests turn."""

import asyncio
from datetime import timedelta, timezone
from typing import Any

import pytest

from fogbank.clock import TurnedClock
from tests.deployments.esmap.registry.scale import Gate
from tests.deployments.esmap.registry.world import MODEL, Place, World, world

pytestmark = pytest.mark.anyio


async def plan(esmap: World, version: str, seconds: float) -> str:
    """The id of a promotion in so many seconds."""
    due = (esmap.clock.now() + timedelta(seconds=seconds)).isoformat()
    body = {"model_id": MODEL, "version": version, "due": due}
    made = (await esmap.done("POST", "/schedules", body))["schedule"]
    assert (made["state"], made["created_by"]) == ("pending", "local")
    return str(made["id"])


async def ended(esmap: World, id: str, state: str) -> dict[str, Any]:
    """The schedule, once it is in this state."""
    async with asyncio.timeout(10):
        while (found := await look(esmap, id))["state"] != state:
            assert found["state"] in ("pending", "running"), found
            await asyncio.sleep(0.01)
    return found


async def look(esmap: World, id: str) -> dict[str, Any]:
    schedules: list[dict[str, Any]] = (await esmap.done("GET", "/schedules"))["schedules"]
    (found,) = [each for each in schedules if each["id"] == id]
    return found


async def test_it_promotes_when_it_is_due_and_not_before(esmap: World) -> None:
    await esmap.register("1.1.0", factor=3)
    await esmap.register("1.2.0", factor=4)
    early, later = await plan(esmap, "1.1.0", 60), await plan(esmap, "1.2.0", 120)
    esmap.clock.turn(59)
    await asyncio.sleep(0.1)
    assert (await look(esmap, early))["state"] == "pending"
    assert await esmap.active() == "1.0.0"
    esmap.clock.turn(1)
    found = await ended(esmap, early, "done")
    assert found["detail"] == "replaced 1.0.0"
    assert await esmap.active() == "1.1.0"
    assert (await look(esmap, later))["state"] == "pending"
    esmap.clock.turn(60)
    await ended(esmap, later, "done")
    assert (await esmap.infer())["result"]["factor"] == 4
    promoted = (await esmap.done("GET", "/audit?limit=1"))["entries"][0]
    assert (promoted["action"], promoted["details"]) == ("promote", {"schedule": later})


@pytest.mark.parametrize("hours", [-9, 5.5])
async def test_a_time_of_another_zone_is_that_moment(esmap: World, hours: float) -> None:
    await esmap.register("1.1.0", factor=3)
    due = esmap.clock.now() + timedelta(seconds=60)
    there = due.astimezone(timezone(timedelta(hours=hours))).isoformat()
    body = {"model_id": MODEL, "version": "1.1.0", "due": there}
    made = (await esmap.done("POST", "/schedules", body))["schedule"]
    assert made["due"] == due.isoformat(timespec="microseconds")
    esmap.clock.turn(59)
    await asyncio.sleep(0.1)
    assert await esmap.active() == "1.0.0"
    esmap.clock.turn(1)
    await ended(esmap, made["id"], "done")


async def test_it_validates(esmap: World) -> None:
    await esmap.register("1.1.0", fails=True)
    id = await plan(esmap, "1.1.0", 0)
    found = await ended(esmap, id, "failed")
    assert "is not deployed: golden" in found["detail"]
    assert await esmap.active() == "1.0.0"


async def test_the_active_version_again(esmap: World) -> None:
    found = await ended(esmap, await plan(esmap, "1.0.0", -5), "done")
    assert found["detail"] == "it was the active version already"


async def test_a_cancelled_one_does_not_happen(esmap: World) -> None:
    await esmap.register("1.1.0")
    id = await plan(esmap, "1.1.0", 60)
    told = await esmap.done("DELETE", f"/schedules/{id}")
    assert told["schedule"]["state"] == "cancelled"
    esmap.clock.turn(61)
    other = await plan(esmap, "1.0.0", 0)
    await ended(esmap, other, "done")
    assert (await look(esmap, id))["detail"] == "cancelled by local"
    assert await esmap.active() == "1.0.0"
    for which in (id, other):
        assert "already" in (await esmap.refused(409, "DELETE", f"/schedules/{which}"))["error"]
    await esmap.refused(404, "DELETE", "/schedules/none")
    assert [row for row in await esmap.trail("action", "version") if row[0] != "register"] == [
        ("promote", "1.0.0"),
        ("schedule", "1.1.0"),
        ("cancel", "1.1.0"),
        ("schedule", "1.0.0"),
    ]


async def test_one_that_was_missed_runs_at_the_next_start(place: Place) -> None:
    clock = TurnedClock()
    async with world(place, clock=clock) as esmap:
        await esmap.register("1.1.0")
        id = await plan(esmap, "1.1.0", 60)
    clock.turn(3600)
    async with world(place, clock=clock) as esmap:
        await ended(esmap, id, "done")
        assert await esmap.active() == "1.1.0"


async def test_one_that_was_running_is_taken_up_at_the_next_start(place: Place, gate: Gate) -> None:
    async with world(place) as esmap:
        await esmap.register("1.1.0", gate="here")
        id = await plan(esmap, "1.1.0", 0)
        await gate.reached.wait()
        assert (await look(esmap, id))["state"] == "running"
        assert await esmap.active() == "1.0.0"
        await esmap.refused(409, "DELETE", f"/schedules/{id}")
    gate.open.set()
    async with world(place) as esmap:
        await ended(esmap, id, "done")
        assert await esmap.active() == "1.1.0"


async def test_of_servers_that_share_a_database_one_does_it(place: Place) -> None:
    async with world(place) as one, world(place) as other:
        await one.register("1.1.0")
        id = await plan(one, "1.1.0", 60)
        for server in (one, other):
            server.clock.turn(61)
        await ended(other, id, "done")
        promoted = [row for row in await one.trail("action", "version") if row[0] == "promote"]
        assert promoted == [("promote", "1.0.0"), ("promote", "1.1.0")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": "1.0.0", "due": "2026-12-01T03:00:00"}, 400),
        ({"version": "1.0.0", "due": "tomorrow"}, 400),
        ({"version": "1.0.0", "due": "9999-12-31T23:59:59-14:00"}, 400),
        ({"version": "1.0.0"}, 400),
        ({"version": "9.9.9", "due": "2026-12-01T03:00:00Z"}, 404),
    ],
)
async def test_what_cannot_be_scheduled(esmap: World, body: dict[str, str], status: int) -> None:
    await esmap.refused(status, "POST", "/schedules", {"model_id": MODEL, **body})
