"""A whole server on fake engines with ESMAP and its API, whose models do what a test tells them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import httpx2
import yaml

from fogbank.catalog.profile import Profile
from fogbank.clock import Clock
from fogbank.deployments.description import Description
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.history import Entry
from fogbank.deployments.esmap.model import File, InvalidInput, Unavailable, text_of
from fogbank.deployments.esmap.tables import esmap_opener
from fogbank.tasks import TextClassificationRequest, TextClassificationResult
from tests.server import CLASSIFY, Running, running, settings

Infer = Callable[[dict[str, Any], Mapping[str, Any], Call], Any]


class Scripted:
    """A model that counts its calls and does what `infer` says; `TEXT`-like inputs only."""

    def __init__(self) -> None:
        self.calls = 0
        self.working = 0
        self.most_at_once = 0
        self.infer_with: Infer = classified
        self.gate = asyncio.Event()
        self.gate.set()

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        if len(text_of(input)) > 2048:
            raise InvalidInput("Text exceeds maximum length")

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        self.calls += 1
        self.working += 1
        self.most_at_once = max(self.most_at_once, self.working)
        try:
            await self.gate.wait()
            found: dict[str, Any] = await self.infer_with(input, options, call)
            return found
        finally:
            self.working -= 1


async def classified(
    input: dict[str, Any], options: Mapping[str, Any], call: Call
) -> dict[str, Any]:
    """What the fake classifier of the runtime says."""
    answer = await call.run(CLASSIFY, TextClassificationRequest(input["text"]))
    assert isinstance(answer.result, TextClassificationResult)
    best = max(answer.result.scores, key=lambda score: score.score)
    return {"label": best.label, "score": best.score, "climate_relevance": 0.75}


class Models:
    """What `build_model` finds in place of the real modules: a Scripted for each."""

    def __init__(self) -> None:
        self.made: dict[str, Scripted] = {}

    def module(self, name: str) -> Any:
        if name.endswith(".absent"):
            raise ImportError("there is nothing to compute with")
        return SimpleNamespace(build=self.build)

    def build(self, card: ModelCard, config: Mapping[str, Any], file: File) -> Scripted:
        if config.get("unavailable"):
            raise Unavailable("there is nothing to compute with")
        return self.made.setdefault(card.id, Scripted())

    def __getitem__(self, model_id: str) -> Scripted:
        return self.made[model_id]


def card(id: str = "climate-bert", **given: Any) -> dict[str, Any]:
    """A card, as YAML has it."""
    return {
        "id": id,
        "name": id.upper(),
        "description": f"What {id} does.",
        "provider": "Test",
        "model_id": CLASSIFY,
        "type": "text-classification",
        "domain": "climate",
        "input_format": "{text}",
        "output_format": "{label}",
        "max_tokens": 512,
        "features": ["sentiment"],
        "implementation": "scripted",
        "config": {"sentiment": CLASSIFY},
        "example_input": {"text": "Wind."},
        "example_output": {"label": "POSITIVE"},
        "golden": [{"input": {"text": "Wind."}, "expect": {}}],
        "card": {"inputs": {}, "outputs": {}, "method": "A script.", "limits": [], "figures": []},
        **given,
    }


SUMMARIZER = card("energy-summarizer", type="summarization", domain="energy")
NER = card("energy-ner", type="token-classification", domain="energy")
FORECAST = card("renewable-forecast", type="regression", domain="renewable-energy")


class Esmap:
    """A running ESMAP, its models by id, and a client at its root."""

    def __init__(self, fogbank: Running, models: Models, data_dir: Path, url: str | None) -> None:
        self.fogbank = fogbank
        self.models = models
        self._open = esmap_opener(data_dir, url)

    @property
    def client(self) -> httpx2.AsyncClient:
        return self.fogbank.client

    async def post(self, path: str, body: Any, **options: Any) -> httpx2.Response:
        return await self.client.post(f"/esmap{path}", json=body, **options)

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.client.get(f"/esmap{path}", **options)

    async def infer(self, text: str = "Wind power grows.", **more: Any) -> httpx2.Response:
        body = {"modelId": "climate-bert", "input": {"text": text}, **more}
        return await self.post("/inference", body)

    def rows(self) -> list[dict[str, Any]]:
        """The history, oldest first, by a connection of its own."""
        sql = self._open()
        try:
            return sql.execute("select * from esmap_inference_history order by created_at")
        finally:
            sql.close()

    def metric(self, name: str) -> float:
        """A line of the server's Prometheus metrics; 0 where there is none."""
        found = self.fogbank.server.runtime.metrics.render().decode()
        for line in found.splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        return 0.0


@asynccontextmanager
async def esmap(
    tmp_path: Path,
    *cards: dict[str, Any],
    options: dict[str, Any] | None = None,
    api: dict[str, Any] | None = None,
    clock: Clock | None = None,
    served: Profile | None = None,
    described: dict[str, Any] | None = None,
    **given: Any,
) -> AsyncIterator[Esmap]:
    """ESMAP with these cards (by default one), and its API where `api` has that one's options."""
    packaged = tmp_path / "packaged"
    folder = packaged / "deployments" / "esmap"
    folder.mkdir(parents=True, exist_ok=True)
    for each in cards or (card(),):
        (folder / f"{each['id']}.yaml").write_text(yaml.safe_dump(each))
    models = Models()
    deployments = {
        "esmap": Description(
            name="esmap",
            title="ESMAP",
            entry="fogbank.deployments.esmap:deployment",
            mount="/esmap",
            options=options or {},
            **(described or {"public": True, "protected": ("/admin",)}),
        )
    }
    if api is not None:
        deployments["esmap-api"] = Description(
            name="esmap-api",
            title="ESMAP AI API",
            entry="fogbank.deployments.esmap_api:deployment",
            mount="/esmap-api",
            needs=("esmap",),
            options=api,
            public=True,
        )
    config = settings(tmp_path / "data", **given)
    with (
        patch("fogbank.deployments.esmap.service.package_data", lambda: packaged),
        patch("fogbank.deployments.esmap.model.import_module", models.module),
    ):
        async with running(config, served, deployments=deployments, clock=clock) as fogbank:
            url = config.database_url.get_secret_value() if config.database_url else None
            yield Esmap(fogbank, models, config.data_dir, url)


def entry(number: int = 0, **given: Any) -> Entry:
    """A row of the history."""
    from datetime import UTC, datetime, timedelta

    values = {
        "id": f"id-{number}",
        "model_id": "climate-bert",
        "version": "1.0.0",
        "request_id": f"request-{number}",
        "input_hash": "0" * 64,
        "milliseconds": 10.0 + number,
        "tokens": 7,
        "cached": False,
        "error": None,
        "at": datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=number),
        **given,
    }
    return Entry(**values)
