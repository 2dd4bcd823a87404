"""Versions: registered, given artifacts, shown."""

import asyncio
import hashlib
import json

import pytest

from tests.deployments.esmap.registry.world import MODEL, Place, World, card, world

pytestmark = pytest.mark.anyio

BIAS = json.dumps(40).encode()
SHA256 = hashlib.sha256(BIAS).hexdigest()
VERSIONS = f"/models/{MODEL}/versions"


async def test_the_packaged_version_is_recorded_and_active(esmap: World) -> None:
    assert await esmap.active() == "1.0.0"
    (shown,) = (await esmap.done("GET", VERSIONS))["versions"]
    assert shown["packaged"]
    assert shown["active"]
    assert shown["config"]["factor"] == 1
    assert shown["deployed_at"] is not None
    assert await esmap.trail("actor", "action", "version") == [
        ("fogbank", "register", "1.0.0"),
        ("fogbank", "promote", "1.0.0"),
    ]
    (model,) = (await esmap.done("GET", "/models"))["models"]
    assert model["chosen_by"] == "fogbank"
    (row,) = esmap.place.rows("select * from esmap_models")
    assert (row["name"], row["type"], row["status"]) == ("Scale", "regression", "active")


async def test_a_registered_version_waits(esmap: World) -> None:
    await esmap.register("1.1.0", factor=3)
    shown = (await esmap.done("GET", f"{VERSIONS}/1.1.0"))["version"]
    assert shown["config"] == {**card().config, "factor": 3}
    assert shown["changes"] == "now 1.1.0"
    assert (shown["active"], shown["deployed_at"], shown["created_by"]) == (False, None, "local")
    assert (await esmap.infer())["result"]["scaled"] == 2
    assert (await esmap.done("GET", VERSIONS))["count"] == 2


async def test_a_version_is_registered_once(esmap: World) -> None:
    await esmap.register("1.1.0", factor=3)
    body = {"version": "1.1.0", "changes": "another", "config": {"factor": 4}}
    told = await esmap.refused(409, "POST", VERSIONS, body)
    assert "has a version 1.1.0 already" in told["error"]
    shown = (await esmap.done("GET", f"{VERSIONS}/1.1.0"))["version"]
    assert shown["config"]["factor"] == 3


@pytest.mark.parametrize("version", ["", "v1", "1.0/2", "1.2.3.4.5", "..", "1.0 ", "1" * 10])
async def test_what_is_no_version(esmap: World, version: str) -> None:
    told = await esmap.refused(400, "POST", VERSIONS, {"version": version, "changes": "x"})
    assert "expected one such as 1.2.0" in told["error"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            {
                "version": "2.0.0",
                "changes": "x",
                "artifacts": [{"name": "x", "sha256": "0" * 64, "size": 10**18}],
            },
            "artifacts.0.size: Input should be less than or equal to",
        ),
        ({"version": "2.0.0"}, "changes: Field required"),
        ({"version": "2.0.0", "changes": "x", "confg": {}}, "confg: Extra inputs"),
        ({"version": 2, "changes": "x"}, "version: Input should be a valid string"),
        ([], "Request body must be a JSON object"),
        (
            {
                "version": "2.0.0",
                "changes": "x",
                "artifacts": [{"name": "../x", "sha256": "0" * 64, "size": 1}],
            },
            "is no name of an artifact",
        ),
    ],
)
async def test_bodies_that_are_refused(esmap: World, body: object, told: str) -> None:
    assert told in (await esmap.refused(400, "POST", VERSIONS, body))["error"]


NESTED = b'{"version": "2.0.0", "changes": "x", "config": {"x": %s}}'


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", NESTED % b"NaN", NESTED % b"1e999", NESTED % (b"[" * 300 + b"]" * 300)]
)
async def test_broken_json(esmap: World, body: bytes) -> None:
    status, answer = await esmap.ask("POST", VERSIONS, content=body)
    assert (status, answer["details"]["type"]) == (400, "Invalid")


async def test_a_number_that_is_larger_than_integers(esmap: World) -> None:
    await esmap.register("2.0.0", factor=10**30)
    shown = (await esmap.done("GET", f"{VERSIONS}/2.0.0"))["version"]
    assert shown["config"]["factor"] == 1e30


async def test_what_is_not_recorded(esmap: World) -> None:
    for path in ("/models/none/versions", f"{VERSIONS}/9.9.9", "/models/none/versions/1.0.0"):
        await esmap.refused(404, "GET", path)
    told = await esmap.refused(404, "GET", "/models/none/versions")
    assert told["error"] == "there is no model 'none'; there are: scale"


async def test_an_artifact_is_what_the_version_works_with(esmap: World) -> None:
    await esmap.register("1.1.0", bias=True)
    path = f"{VERSIONS}/1.1.0/artifacts/bias.json"
    told = await esmap.done("PUT", f"{path}?sha256={SHA256}", content=BIAS)
    artifact = {"name": "bias.json", "sha256": SHA256, "size": 2}
    assert told["artifact"] == artifact
    shown = (await esmap.done("GET", f"{VERSIONS}/1.1.0"))["version"]
    assert shown["artifacts"] == [artifact]
    await esmap.promote("1.1.0")
    assert (await esmap.infer())["result"]["scaled"] == 42


async def test_an_artifact_never_changes(esmap: World) -> None:
    await esmap.register("1.1.0", bias=True)
    path = f"{VERSIONS}/1.1.0/artifacts/bias.json"
    for _ in range(2):
        await esmap.done("PUT", path, content=BIAS)
    status, told = await esmap.ask("PUT", path, content=b"41")
    assert (status, told["error"].partition(" is ")[0]) == (400, "the artifact's sha256")
    status, told = await esmap.ask("PUT", f"{path}?sha256={'0' * 64}", content=b"41")
    assert status == 409
    await esmap.promote("1.1.0")
    await esmap.done("PUT", path, content=BIAS)
    status, told = await esmap.ask("PUT", f"{VERSIONS}/1.1.0/artifacts/more", content=b"x")
    assert (status, "was deployed" in told["error"]) == (409, True)
    status, told = await esmap.ask("PUT", f"{VERSIONS}/1.0.0/artifacts/more", content=b"x")
    assert status == 409
    uploads = [entry for entry in await esmap.trail("action") if entry == ("upload",)]
    assert len(uploads) == 3


async def test_an_announced_artifact_must_be_the_one(esmap: World) -> None:
    announced = [{"name": "bias.json", "sha256": SHA256, "size": 2}]
    body = {"version": "2.0.0", "changes": "x", "config": {"bias": True}, "artifacts": announced}
    await esmap.done("POST", VERSIONS, body)
    path = f"{VERSIONS}/2.0.0/artifacts/bias.json"
    status, told = await esmap.ask("PUT", path, content=b"41")
    assert (status, SHA256 in told["error"]) == (400, True)
    report = (await esmap.done("POST", f"{VERSIONS}/2.0.0/validate"))["report"]
    assert not report["passed"]
    assert "was never uploaded" in report["checks"][1]["detail"]
    await esmap.done("PUT", path, content=BIAS)
    assert (await esmap.done("POST", f"{VERSIONS}/2.0.0/validate"))["report"]["passed"]


async def test_of_uploads_at_once_one_content_stays(esmap: World) -> None:
    await esmap.register("1.1.0", bias=True)
    path = f"{VERSIONS}/1.1.0/artifacts/bias.json"
    contents = [str(number).encode() for number in range(10, 16)]
    answers = await asyncio.gather(
        *(esmap.ask("PUT", path, content=content) for content in contents)
    )
    assert sorted(status for status, _ in answers) == [200, *[409] * 5]
    (kept,) = [answer["artifact"] for status, answer in answers if status == 200]
    shown = (await esmap.done("GET", f"{VERSIONS}/1.1.0"))["version"]
    assert shown["artifacts"] == [kept]


async def test_artifacts_that_are_refused(esmap: World) -> None:
    await esmap.register("1.1.0")
    path = f"{VERSIONS}/1.1.0/artifacts"
    for name in (".hidden", "a b", "%2e%2e"):
        status, _ = await esmap.ask("PUT", f"{path}/{name}", content=b"x")
        assert status == 400, name
    status, told = await esmap.ask("PUT", f"{path}/x?sha256=abc", content=b"x")
    assert (status, "64 hexadecimal digits" in told["error"]) == (400, True)
    status, _ = await esmap.ask("PUT", f"{VERSIONS}/9.0.0/artifacts/x", content=b"x")
    assert status == 404


async def test_a_large_artifact(place: Place) -> None:
    options = {"esmap": {"artifact_mib": 0.001}}
    async with world(place, options=options) as esmap:
        await esmap.register("1.1.0")
        path = f"{VERSIONS}/1.1.0/artifacts/x"
        await esmap.done("PUT", path, content=b"x" * 1048)
        status, told = await esmap.ask("PUT", f"{path}2", content=b"x" * 1049)
        assert (status, told["error"]) == (413, "the artifact is larger than 1048 bytes")


async def test_who_did_it_is_in_the_audit(place: Place) -> None:
    from fogbank.storage.keys import KeyStore

    store = KeyStore(place.data_dir / "fogbank.db")
    secret = store.create("Anna")
    store.close()
    async with world(place) as esmap:
        refused = await esmap.client.get("/esmap/admin/models")
        assert refused.status_code == 401
        esmap.client.headers["authorization"] = f"Bearer {secret}"
        await esmap.register("1.1.0")
        assert (await esmap.trail("actor", "action"))[-1] == ("Anna", "register")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "1" * 5000, "", "1.5"])
async def test_limits_of_lists(esmap: World, limit: str) -> None:
    for path in ("/audit", "/schedules"):
        told = await esmap.refused(400, "GET", f"{path}?limit={limit}")
        assert told["error"] == "limit is a number from 1 to 1000"


async def test_the_audit_in_pages(esmap: World) -> None:
    for number in range(5):
        await esmap.register(f"2.0.{number}")
    first = await esmap.done("GET", f"/audit?model={MODEL}&limit=3")
    rest = await esmap.done("GET", f"/audit?model={MODEL}&limit=100&before={first['before']}")
    versions = [entry["version"] for entry in [*first["entries"], *rest["entries"]]]
    assert versions == ["2.0.4", "2.0.3", "2.0.2", "2.0.1", "2.0.0", "1.0.0", "1.0.0"]
    assert rest["before"] is None
    for query in ("limit=0", "limit=x", "limit=1001", "before=x"):
        await esmap.refused(400, "GET", f"/audit?{query}")
    await esmap.refused(404, "GET", "/audit?model=none")
