"""A server whose ESMAP has the model of `scale`, and what its registry answers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2

from fogbank.app import Server
from fogbank.clock import TurnedClock
from fogbank.deployments.description import load_descriptions
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.registry import keeper
from fogbank.deployments.esmap.tables import esmap_opener
from fogbank.settings import package_data
from fogbank.storage.sql import Row
from tests.server import running, settings

MODEL = "scale"
CARD: dict[str, Any] = {
    "id": MODEL,
    "name": "Scale",
    "description": "Multiplies.",
    "provider": "a test",
    "model_id": "multiplication",
    "type": "regression",
    "domain": "tests",
    "input_format": "{features: {value}}",
    "output_format": "{scaled}",
    "features": ["scaling"],
    "implementation": "tests.deployments.esmap.registry.scale",
    "config": {
        "factor": 1,
        "engine": None,
        "seconds": 0,
        "fails": False,
        "bias": False,
        "gate": None,
    },
    "example_input": {"features": {"value": 2}},
    "example_output": {"scaled": 2},
    "golden": [{"input": {"features": {"value": 2}}, "expect": {"value": 2}}],
    "card": {"inputs": {}, "outputs": {}, "method": "Multiplication.", "limits": [], "figures": []},
}


def card(**changed: Any) -> ModelCard:
    """The model's card."""
    return ModelCard.model_validate({**CARD, **changed})


@dataclass(frozen=True)
class Place:
    """Where a registry keeps what it knows; servers come and go."""

    data_dir: Path
    database: str | None = None
    bucket: str | None = None

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """What the database has."""
        sql = esmap_opener(self.data_dir, self.database)()
        try:
            return sql.execute(statement, *values)
        finally:
            sql.close()


@dataclass
class World:
    """A running server."""

    client: httpx2.AsyncClient
    clock: TurnedClock
    place: Place
    server: Server

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """A request under /esmap/admin, and its status and JSON."""
        content = {"json": body} if body is not None else {}
        response = await self.client.request(method, f"/esmap/admin{path}", **content, **options)
        assert response.headers["access-control-allow-origin"] == "*"
        assert response.headers["content-type"] == "application/json"
        answer = response.json()
        assert answer["success"] is (response.status_code < 400)
        return response.status_code, answer

    async def done(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of a request that is answered with 200 or 201."""
        status, answer = await self.ask(method, path, body, **options)
        assert status in (200, 201), answer
        return answer

    async def refused(self, status: int, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a request that is answered with this status."""
        found, answer = await self.ask(method, path, body)
        assert found == status, answer
        assert answer["details"]["message"]
        return answer

    async def register(self, version: str, model: str = MODEL, **config: Any) -> None:
        """A version with these keys of the config replaced."""
        body = {"version": version, "changes": f"now {version}", "config": config}
        await self.done("POST", f"/models/{model}/versions", body)

    async def promote(self, version: str, **body: Any) -> Any:
        """Makes a version the active one."""
        return await self.done("POST", f"/models/{MODEL}/versions/{version}/promote", body or None)

    async def active(self) -> str:
        """The active version, which must be the same everywhere."""
        (model,) = (await self.done("GET", "/models"))["models"]
        shown = (await self.client.get(f"/esmap/models/{MODEL}")).json()["model"]["version"]
        versions = (await self.done("GET", f"/models/{MODEL}/versions"))["versions"]
        assert [each["version"] for each in versions if each["active"]] == [model["version"]]
        assert shown == model["version"]
        return str(shown)

    async def infer(self, value: float = 2) -> Any:
        """`result` of an inference."""
        body = {"modelId": MODEL, "input": {"features": {"value": value}}}
        response = await self.client.post("/esmap/inference", json=body)
        assert response.status_code == 200, response.text
        return response.json()["result"]

    async def trail(self, *fields: str) -> list[tuple[Any, ...]]:
        """These fields of the audit, oldest first."""
        entries = (await self.done("GET", "/audit?limit=1000"))["entries"]
        return [tuple(entry[field] for field in fields) for entry in reversed(entries)]


@asynccontextmanager
async def world(
    place: Place,
    *cards: ModelCard,
    clock: TurnedClock | None = None,
    interval: float = 0.01,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> AsyncIterator[World]:
    """A server on fake engines, with these cards (else that of `scale`) and no others."""
    clock = clock or TurnedClock()
    known = {each.id: each for each in cards or (card(),)}
    config = settings(place.data_dir, database_url=place.database, artifacts_url=place.bucket)
    described = {"esmap": load_descriptions(package_data(), None, options)["esmap"]}
    with (
        patch("fogbank.deployments.esmap.service.load_cards", lambda *_: known),
        patch.object(keeper, "INTERVAL", interval),
    ):
        async with running(config, clock=clock, deployments=described) as server:
            yield World(server.client, clock, place, server.server)
