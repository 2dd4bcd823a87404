"""EnergyGenius on two fake engines, `text` for the fast model and `large` for the accurate one."""

import copy
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from fogbank.catalog.profile import Profile
from fogbank.cost.prices import PriceTable
from fogbank.deployments.description import Description, load_descriptions
from fogbank.deployments.energygenius.scenarios import load_scenarios
from fogbank.engines.fake import FakeEngine
from fogbank.settings import package_data
from fogbank.tasks import TextGenerationRequest
from tests.server import STAND_IN, TEXT, Builder, Running, running, settings

FAST, ACCURATE = TEXT, STAND_IN
MOUNT = "/energygenius"
SCENARIOS = {scenario.id: scenario.request for scenario in load_scenarios(package_data())}
WORDS = "A plain and honest sentence about electricity that never comes to a figure "


def body(scenario: str = "high-usage", **preferences: Any) -> dict[str, Any]:
    """A request of a scenario, its preferences changed."""
    request = copy.deepcopy(SCENARIOS[scenario])
    request["preferences"].update(preferences)
    return request


def writes(request: TextGenerationRequest) -> str:
    """An answer that fits the constraint: of alternatives the first, of texts the same words."""
    assert request.constraint is not None
    return orjson.dumps(fitting(json.loads(request.constraint.text))).decode()


def fitting(schema: Any) -> Any:
    """A value of a stage's schema."""
    return _value(schema, schema)


def _value(schema: Any, root: Any, at: int = 0) -> Any:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return _value(root["$defs"][name], root, at)
    if "anyOf" in schema:
        return _value(schema["anyOf"][at % len(schema["anyOf"])], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "array":
        return [_value(schema["items"], root, place) for place in range(schema["minItems"])]
    if schema["type"] == "object":
        return {name: _value(part, root) for name, part in schema["properties"].items()}
    if schema["type"] == "string":
        found = re.search(r"\{(\d+),(\d+)\}\$$", schema["pattern"])
        assert found, schema
        return (WORDS * 4)[: int(found[1]) + 12].strip()
    return schema["maximum"]


def described(**options: Any) -> dict[str, Description]:
    """The packaged description, on the models of the fake engines."""
    packaged = load_descriptions(package_data())["energygenius"]
    models = {"ai_model_fast": FAST, "ai_model_accurate": ACCURATE}
    whole = {**packaged.options, **models, **options}
    return {"energygenius": packaged.model_copy(update={"options": whole})}


def profile(answer: Callable[[TextGenerationRequest], str] = writes) -> Profile:
    """Two text engines."""
    fake = {"engine": "fake", "options": {"answer": answer}, "max_concurrent": 64}
    return Profile.model_validate(
        {
            "name": "test",
            "description": "Fake engines.",
            "hardware": "cpu",
            "engines": {"text": fake, "large": fake},
            "models": {FAST: {"engine": "text"}, ACCURATE: {"engine": "large"}},
        }
    )


@asynccontextmanager
async def genius(
    data_dir: Path,
    answer: Callable[[TextGenerationRequest], str] = writes,
    *,
    config: dict[str, Any] | None = None,
    ready: bool = True,
    prices: PriceTable | None = None,
    **options: Any,
) -> AsyncIterator[Running]:
    """A server that serves nothing else; `options` are the deployment's."""
    async with running(
        settings(data_dir, **(config or {})),
        profile(answer),
        deployments=described(**options),
        builder=Builder(stalled=not ready),
        ready=ready,
        prices=prices,
    ) as server:
        yield server


def large(server: Running) -> FakeEngine:
    """The accurate model's engine."""
    return server.builder.built["large"][-1]


async def recommend(server: Running, request: Any, query: str = "") -> dict[str, Any]:
    """The body of a recommendation that must be 200."""
    response = await server.client.post(f"{MOUNT}/api/recommend{query}", json=request)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer
