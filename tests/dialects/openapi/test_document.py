"""The OpenAPI document lists the routes there are, and is a valid one."""

import re

import pytest
from starlette.routing import Route

from fogbank.dialects.ai_gateway.door import ROOT
from tests.server import ACCOUNT, Running

pytestmark = pytest.mark.anyio

OF_OPERATORS = ("/health/", "/metrics", "/fogbank/")
OF_THE_BINDING = ("/run", "/ai-gateway/", "/ai-api/", "/to-everything/", "/autorag/")
"""What workerd asks of the server for a Worker; nobody writes a client for it."""


async def test_it_lists_every_route_and_no_other(fogbank: Running) -> None:
    """Gateway paths are a layer, not routes; those of the binding are left out."""
    listed = {
        (path, method.upper())
        for path, methods in (await fogbank.get("/openapi.json"))["paths"].items()
        for method in methods
    }
    gateway = {pair for pair in listed if ROOT.fullmatch(pair[0].replace("{account_id}", ACCOUNT))}
    base = "/v1/{account_id}/{gateway}"
    shapes = ["workers-ai/{model}", "workers-ai/run/{model}", "compat/chat/completions"]
    shapes += ["workers-ai/v1/chat/completions", "workers-ai/v1/embeddings"]
    assert gateway == {(base, "POST"), *((f"{base}/{shape}", "POST") for shape in shapes)}
    there = set()
    for route in fogbank.server.routes:
        assert isinstance(route, Route)
        path = re.sub(r":path}", "}", route.path)
        if path.endswith("/") or path.startswith(OF_OPERATORS + OF_THE_BINDING):
            continue
        for method in (route.methods or {"ANY"}) - {"HEAD"}:
            there.add((path, method))
    unlisted = {
        (path, method)
        for path, method in there
        if not any(one == path and method in (verb, "ANY") for one, verb in listed)
    }
    assert not unlisted
    invented = {
        (path, method)
        for path, method in listed - gateway
        if not any(one == path and verb in (method, "ANY") for one, verb in there)
    }
    assert not invented


async def test_it_names_this_servers_models(fogbank: Running) -> None:
    document = await fogbank.get("/openapi.json")
    run = document["paths"]["/client/v4/accounts/{account_id}/ai/run/{model}"]["post"]
    (model,) = [item for item in run["parameters"] if item["name"] == "model"]
    assert model["schema"]["enum"] == sorted(fogbank.server.runtime.catalog.cards)
    assert {"200", "400", "401", "403", "404", "405", "408", "410", "413", "429", "502"} <= set(
        run["responses"]
    )
    assert "5006" in run["responses"]["400"]["description"]


async def test_every_reference_leads_somewhere(fogbank: Running) -> None:
    answer = await fogbank.client.get("/openapi.json")
    names = re.findall(r'"#/components/schemas/(\w+)"', answer.text)
    assert names
    assert set(names) == set(answer.json()["components"]["schemas"]), "none is missing, none idle"
