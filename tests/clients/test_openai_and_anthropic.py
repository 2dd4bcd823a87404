"""Clients of the compatible routes, unmodified and pinned: on fake engines, then on real ones."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.acceptance.asking import EMBEDDINGS as REAL_EMBED
from tests.acceptance.asking import TEXT as REAL_TEXT
from tests.clients.programs import needs_node, needs_python_clients, node, python
from tests.real_server import RealServer
from tests.server import EMBED, TEXT, Running, live

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.contract("1.6", "1.3")]


@pytest.fixture
async def url(fogbank: Running) -> AsyncIterator[str]:
    """The address of a server on fake engines."""
    async with live(fogbank.server) as address:
        yield address


def check_vectors(found: Any) -> None:
    """What comes as base64 unasked is what comes as floats."""
    assert [len(row) for row in found["floats"]] == [384, 384]
    for row, floats in zip(found["default"], found["floats"], strict=True):
        assert row == pytest.approx(floats, abs=1e-4)  # the engine may batch them differently


def check_openai(found: Any) -> None:
    assert len(found["texts"]) == 2
    assert all(found["texts"])
    assert "".join(item["token"] for item in found["logprobs"]).startswith(found["texts"][1][:5])
    assert all(item["logprob"] <= 0 for item in found["logprobs"])
    assert all(len(item["top_logprobs"]) == 2 for item in found["logprobs"])
    usage = found["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert "".join(found["deltas"])
    assert found["stream_usage"]["completion_tokens"] > 0
    assert set(found["person"]) == set(found["response_person"]) == {"name", "age"}
    assert set(found["arguments"]) == set(found["response_arguments"]) == {"city"}
    assert isinstance(found["after_tools"], str)
    assert isinstance(found["response_after_tools"], str)
    assert found["response"]
    assert "".join(found["response_deltas"])
    assert found["completion"]
    assert found["one_model"] in found["models"]
    assert found["error"]["code"] == "5006"
    assert found["error"]["param"] == "temperature"
    assert "'/temperature' must be <= 5" in found["error"]["message"]
    check_vectors(found)


@needs_python_clients
@pytest.mark.contract("1.6", "3.4", "3.6", "5.4")
async def test_openai(url: str) -> None:
    found = await python("openai_sdk.py", url, TEXT, EMBED)
    check_openai(found)
    assert [delta for delta in found["deltas"] if delta] == ["Say", " hello", " to", " me."]


@needs_python_clients
@pytest.mark.engine
@pytest.mark.verify
async def test_openai_on_real_engines(embedded: RealServer) -> None:
    check_openai(await python("openai_sdk.py", embedded.url, REAL_TEXT, REAL_EMBED))


def check_openai_for_node(found: Any) -> None:
    assert found["text"]
    assert found["usage"]["total_tokens"] > 0
    assert found["finalText"] == "".join(found["deltas"]) != ""
    assert set(found["arguments"]) == {"city"}
    assert found["response"]
    assert found["models"]
    assert found["error"]["status"] == 400
    assert found["error"]["code"] == "model_not_found"
    assert "No such model @cf/no/such" in found["error"]["message"]
    check_vectors(found)


@needs_node
async def test_openai_for_node(url: str) -> None:
    """Its base64 embeddings are not empty, its errors not without words."""
    check_openai_for_node(await node("openai_sdk.mjs", url, TEXT, EMBED))


@needs_node
@pytest.mark.engine
@pytest.mark.verify
async def test_openai_for_node_on_real_engines(embedded: RealServer) -> None:
    check_openai_for_node(await node("openai_sdk.mjs", embedded.url, REAL_TEXT, REAL_EMBED))


def check_anthropic(found: Any) -> None:
    assert found["text"]
    assert found["reason"] in ("end_turn", "max_tokens")
    assert min(found["usage"] + found["stream_usage"]) > 0
    assert found["stream_text"] == "".join(found["deltas"]) != ""
    assert set(found["input"]) == {"city"}
    assert found["tool_reason"] == "tool_use"
    assert isinstance(found["after_tools"], str)
    assert found["error"]["type"] == "invalid_request_error"
    assert "No such model" in found["error"]["message"]


@needs_python_clients
async def test_anthropic(url: str) -> None:
    found = await python("anthropic_sdk.py", url, TEXT)
    check_anthropic(found)
    assert len(found["deltas"]) == 4


@needs_python_clients
@pytest.mark.engine
@pytest.mark.verify
async def test_anthropic_on_real_engines(embedded: RealServer) -> None:
    check_anthropic(await python("anthropic_sdk.py", embedded.url, REAL_TEXT))


def check_litellm(found: Any) -> None:
    assert found["text"]
    assert found["usage"] > 0
    assert "".join(found["deltas"])
    assert found["reason"] in ("stop", "length")
    assert "No such model" in found["error"]


@needs_python_clients
async def test_litellm(url: str) -> None:
    found = await python("litellm_cloudflare.py", url, TEXT)
    check_litellm(found)
    assert found["text"] == "Say hello to me."


@needs_python_clients
@pytest.mark.engine
@pytest.mark.verify
async def test_litellm_on_real_engines(embedded: RealServer) -> None:
    check_litellm(await python("litellm_cloudflare.py", embedded.url, REAL_TEXT))
