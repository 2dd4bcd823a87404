"""The response cache: what its key tells apart, deleting, and doing without it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.clock import TurnedClock
from fogbank.deployments.esmap.result_cache import canonical, served_versions
from tests.deployments.esmap.esmap_server import NER, card, esmap
from tests.server import CLASSIFY, profile
from tests.valkey import ValkeyServer

pytestmark = pytest.mark.anyio
ASKED = {"modelId": "climate-bert", "input": {"text": "Wind power grows."}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(json_values, json_values)
def test_canonical_bytes_are_equal_where_values_are(one: Any, other: Any) -> None:
    same = repr_of(one) == repr_of(other)
    assert (canonical(one) == canonical(other)) is same


def repr_of(value: Any) -> Any:
    """Python takes True for 1."""
    if isinstance(value, dict):
        return {key: repr_of(each) for key, each in value.items()}
    if isinstance(value, list):
        return [repr_of(each) for each in value]
    return (type(value).__name__, value)


def test_order_of_keys_does_not_count_but_kinds_of_numbers_do() -> None:
    assert canonical({"a": 1, "b": [2]}) == canonical({"b": [2], "a": 1})
    assert canonical({"a": 1}) != canonical({"a": 1.0})
    assert canonical([1, 2]) != canonical([2, 1])


@pytest.mark.parametrize(
    "other",
    [
        {"input": {"text": "Wind power grows"}},
        {"input": {"text": "Wind power grows.", "more": None}},
        {"options": {"a": 1}},
        {"options": {"a": 1.0}},
        {"modelId": "energy-ner"},
    ],
)
async def test_what_is_asked_otherwise_misses(tmp_path: Path, other: dict[str, Any]) -> None:
    async with esmap(tmp_path, card(), NER) as it:
        await it.post("/inference", ASKED)
        assert (await it.post("/inference", {**ASKED, **other})).json()["cached"] is False
        same = {**ASKED, "options": None, "unknown": 5}
        assert (await it.post("/inference", same)).json()["cached"] is True


def other_weights() -> Profile:
    served = profile()
    return served.model_copy(
        update={
            "engines": {**served.engines, "other": EngineSpec(engine="fake", max_concurrent=7)},
            "models": {**served.models, CLASSIFY: Served(engine="other")},
        }
    )


async def test_other_versions_and_other_weights_miss(tmp_path: Path, valkey: ValkeyServer) -> None:
    """The cache outlives the server; what computes is part of the key."""
    cached: list[bool] = []
    for each, served in (
        (card(), None),
        (card(), None),
        (card(config={"sentiment": CLASSIFY, "bias": 2}), None),
        (card(version="2.0.0"), None),
        (card(), other_weights()),
    ):
        async with esmap(
            tmp_path / str(len(cached)), each, served=served, cache_url=valkey.url
        ) as it:
            cached.append((await it.infer()).json()["cached"])
    assert cached == [False, True, False, False, False]


async def test_the_weights_behind_the_models_have_one_name(tmp_path: Path) -> None:
    async with esmap(tmp_path / "a") as one, esmap(tmp_path / "b", served=other_weights()) as two:
        runtimes = [it.fogbank.server.runtime for it in (one, two)]
        names = [served_versions(runtime) for runtime in runtimes]
        assert served_versions(runtimes[0]) == names[0]
    assert names[0] != names[1]


@pytest.mark.parametrize("kind", ["memory", "valkey"])
async def test_deleting(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    given: dict[str, Any] = {}
    if kind == "valkey":
        server: ValkeyServer = request.getfixturevalue("valkey")
        given["cache_url"] = server.url.replace("db=0", "db=1")

    async with esmap(tmp_path, card(), NER, **given) as it:

        async def delete(path: str = "", **more: Any) -> Any:
            answer = await it.client.request("DELETE", f"/esmap/admin/cache{path}", **more)
            return answer.status_code, answer.json()

        async def cached() -> list[bool]:
            bodies = [{**ASKED, "modelId": each} for each in ("climate-bert", "energy-ner")]
            return [(await it.post("/inference", body)).json()["cached"] for body in bodies]

        assert await cached() == [False, False]
        assert await delete(json=ASKED) == (200, {"success": True, "deleted": 1})
        assert await delete(json=ASKED) == (200, {"success": True, "deleted": 0})
        assert await cached() == [False, True]
        assert await delete("?model=energy-ner") == (200, {"success": True, "deleted": 1})
        assert await cached() == [True, False]
        await it.infer("Another text.")
        assert await delete() == (200, {"success": True, "deleted": 3})
        assert await cached() == [False, False]
        assert (await delete("?model=mystery"))[0] == 404
        assert (await delete(json={**ASKED, "modelId": "mystery"}))[0] == 404
        assert (await delete(content=b"{"))[0] == 400


async def test_a_cache_that_is_down_fails_no_inference(
    tmp_path: Path, valkey: ValkeyServer
) -> None:
    clock = TurnedClock()
    async with esmap(tmp_path, clock=clock, cache_url=valkey.url) as it:
        await it.infer("Before.")
        valkey.stop()
        try:
            with capture_logs() as logs:
                answers = [await it.infer("Before.") for _ in range(3)]
                health = [(await it.get("/health")).json() for _ in range(2)][-1]
            deleted = await it.client.delete("/esmap/admin/cache")
        finally:
            valkey.start()
        assert [answer.json()["cached"] for answer in answers] == [False] * 3
        assert all("fallback" not in answer.json()["result"] for answer in answers)
        told = [line for line in logs if line["event"] == "cache cannot be used"]
        assert len(told) == 1
        assert [line["part"] for line in logs if "health" in line["event"]] == ["cache"]
        assert health["status"] == health["checks"]["cache"]["status"] == "degraded"
        assert (deleted.status_code, deleted.json()["success"]) == (503, False)
        clock.turn(6)
        assert [(await it.infer("After.")).json()["cached"] for _ in range(2)] == [False, True]
        assert (await it.get("/health")).json()["checks"]["cache"]["status"] == "healthy"
