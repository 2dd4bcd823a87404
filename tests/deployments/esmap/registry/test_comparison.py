"""Two versions on the same inputs."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.card import Golden
from fogbank.deployments.esmap.registry.golden import holds, mismatches
from tests.deployments.esmap.registry.scale import Gate
from tests.deployments.esmap.registry.world import MODEL, World
from tests.server import CLASSIFY, live

pytestmark = pytest.mark.anyio

COMPARE = f"/models/{MODEL}/compare"
ROWS: list[dict[str, Any]] = [
    {"input": {"features": {"value": value}}, "expect": {"scaled": 3 * value}}
    for value in (0, 1, 2, 3)
]


async def test_latency_accuracy_and_usage(esmap: World) -> None:
    await esmap.register("1.1.0", factor=3, engine=CLASSIFY)
    body = {"a": "1.0.0", "b": "1.1.0", "labelled": ROWS}
    told = (await esmap.done("POST", COMPARE, body))["comparison"]
    a, b, delta = told["a"], told["b"], told["delta"]
    assert (a["rows"], a["labelled"], a["failed"], a["accuracy"]) == (4, 4, 0, 0.25)
    assert (b["accuracy"], b["mistakes"]) == (1.0, [])
    assert a["mistakes"][0] == "input 1: scaled: expected 3, found 1.0"
    assert a["usage"] == {"tokens": 0, "neurons": 0.0}
    assert b["usage"]["tokens"] == 4 * 2
    assert 0 < b["latency_ms"]["p50"] <= b["latency_ms"]["p95"]
    assert (delta["accuracy"], delta["tokens"], delta["against"]) == (0.75, 8, "1.0.0")
    assert delta["latency_ms"]["mean"] == pytest.approx(
        b["latency_ms"]["mean"] - a["latency_ms"]["mean"], abs=0.01
    )
    shown = (await esmap.done("GET", f"/models/{MODEL}/versions/1.1.0"))["version"]
    assert shown["performance_delta"] == delta
    rows = esmap.place.rows("select * from esmap_model_metrics")
    found = {(row["version"], row["metric_type"]): row for row in rows}
    assert len(found) == len(rows) == 6
    assert found["1.0.0", "accuracy"]["metric_value"] == 0.25
    assert found["1.1.0", "usage"]["metric_value"] == 8
    assert found["1.1.0", "latency"]["metric_value"] == b["latency_ms"]["mean"]
    metadata = json.loads(found["1.1.0", "latency"]["metadata"])
    assert (metadata["against"], metadata["rows"]) == ("1.0.0", 4)
    entry = (await esmap.done("GET", "/audit?limit=1"))["entries"][0]
    assert (entry["action"], entry["version"], entry["from_version"]) == (
        "compare",
        "1.1.0",
        "1.0.0",
    )


async def test_it_leaves_no_trace_in_the_history(esmap: World) -> None:
    await esmap.register("1.1.0", fails=True)
    told = (await esmap.done("POST", COMPARE, {"a": "1.0.0", "b": "1.1.0"}))["comparison"]
    assert told["labelled"] == "golden inputs of the card"
    assert (told["a"]["accuracy"], told["b"]["accuracy"]) == (1.0, 0.0)
    assert (told["b"]["failed"], told["b"]["latency_ms"]["mean"]) == (1, 0)
    assert told["b"]["mistakes"] == ["input 0: RuntimeError: it is broken"]
    assert await esmap.active() == "1.0.0"
    assert esmap.place.rows("select * from esmap_inference_history") == []


async def test_inputs_without_labels_say_nothing_of_accuracy(esmap: World) -> None:
    await esmap.register("1.1.0")
    rows = [{"input": {"features": {"value": 1}}}]
    body = {"a": "1.0.0", "b": "1.1.0", "labelled": rows}
    told = (await esmap.done("POST", COMPARE, body))["comparison"]
    assert told["a"]["accuracy"] is told["delta"]["accuracy"] is None
    kinds = esmap.place.rows("select distinct metric_type from esmap_model_metrics order by 1")
    assert [row["metric_type"] for row in kinds] == ["latency", "usage"]


async def test_labelled_inputs_of_an_artifact(esmap: World) -> None:
    await esmap.register("1.1.0", factor=3)
    path = f"/models/{MODEL}/versions/1.1.0/artifacts"
    await esmap.done("PUT", f"{path}/labelled.json", content=json.dumps(ROWS).encode())
    await esmap.done("PUT", f"{path}/broken.json", content=b'[{"inputs": 1}]')
    body = {"a": "1.0.0", "b": "1.1.0", "labelled": "labelled.json"}
    told = (await esmap.done("POST", COMPARE, body))["comparison"]
    assert told["labelled"] == "labelled.json of version 1.1.0"
    assert told["b"]["accuracy"] == 1.0
    for name, words in (("broken.json", "is no list"), ("none.json", "neither version")):
        refused = await esmap.refused(400, "POST", COMPARE, body | {"labelled": name})
        assert words in refused["error"]


async def test_comparisons_that_are_refused(esmap: World) -> None:
    await esmap.register("1.1.0", factor="three")
    both = {"a": "1.0.0", "b": "1.1.0"}
    refused = await esmap.refused(409, "POST", COMPARE, both)
    assert "cannot be loaded: ValueError: factor is no number" in refused["error"]
    await esmap.refused(404, "POST", COMPARE, {"a": "1.0.0", "b": "9.0.0"})
    for count in (0, 201):
        refused = await esmap.refused(400, "POST", COMPARE, both | {"labelled": ROWS[:1] * count})
        assert "1 to 200 are taken" in refused["error"]


@pytest.mark.parametrize("path", ["scaled", "scaled." + "1" * 5000])
async def test_labels_that_cannot_hold(esmap: World, path: str) -> None:
    await esmap.register("1.1.0")
    row = {"input": {"features": {"value": 2}}, "expect": {path: 10**400}}
    content = json.dumps({"a": "1.0.0", "b": "1.1.0", "labelled": [row]})
    status, answer = await esmap.ask("POST", COMPARE, content=content)
    assert status == 400
    assert answer["error"] == "Request body is not valid JSON"
    row["expect"] = {path: 1e300}
    told = await esmap.done("POST", COMPARE, {"a": "1.0.0", "b": "1.1.0", "labelled": [row]})
    assert told["comparison"]["a"]["accuracy"] == 0


@pytest.mark.parametrize(
    ("found", "expected", "tolerance", "good"),
    [
        (1.009, 1, 0.01, True),
        (1.011, 1, 0.01, False),
        (-99.5, -100, 0.01, True),
        (0.005, 0, 0.01, True),
        (True, 1, 0.01, False),
        (1, True, 0.01, False),
        (None, 0, 0.01, False),
        ("a", "a", 0, True),
        ("a", "A", 0, False),
        ([1.001, "x"], [1, "x"], 0.01, True),
        ([1, 2], [1], 0.01, False),
        ({"a": 1.001}, {"a": 1}, 0.01, True),
        ({"a": 1, "b": 2}, {"a": 1}, 0.01, False),
        (float("nan"), 1, 10, False),
    ],
)
def test_what_holds(found: Any, expected: Any, tolerance: float, good: bool) -> None:
    assert holds(found, expected, tolerance) is good


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner),
    max_leaves=10,
)


@given(JSON)
def test_everything_holds_against_itself(value: Any) -> None:
    assert holds(value, value, 0)
    golden = Golden(input={}, expect={"here.0": value})
    assert mismatches(golden, {"here": [value]}) == []
    assert len(mismatches(golden, {"here": []})) == 1


async def test_one_comparison_at_a_time_and_none_for_who_left(esmap: World, gate: Gate) -> None:
    await esmap.register("1.1.0", gate="here")
    await esmap.register("1.2.0")
    body = {"a": "1.0.0", "b": "1.1.0"}
    async with live(esmap.server) as url, httpx2.AsyncClient(trust_env=False) as client:
        first = asyncio.create_task(client.post(f"{url}/esmap/admin{COMPARE}", json=body))
        await gate.reached.wait()
        refused = await esmap.refused(409, "POST", COMPARE, body)
        assert "another comparison is under way" in refused["error"]
        first.cancel()
        async with asyncio.timeout(5):
            while (await esmap.ask("POST", COMPARE, body | {"b": "1.2.0"}))[0] == 409:
                await asyncio.sleep(0.01)
    compared = [row for row in await esmap.trail("action", "version") if row[0] == "compare"]
    assert compared == [("compare", "1.2.0")]
