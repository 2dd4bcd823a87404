"""Clients that people use, as programs of their own: on fake engines, then on the real ones."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.acceptance.asking import EMBEDDINGS as REAL_EMBED
from tests.acceptance.asking import TEXT as REAL_TEXT
from tests.clients.programs import needs_node, needs_python_clients, node, python
from tests.real_server import RealServer
from tests.server import EMBED, RERANK, TEXT, Running, live

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.contract("1.1", "1.3", "5.4")]

REAL_RERANK = "@cf/baai/bge-reranker-base"


@pytest.fixture
async def url(fogbank: Running) -> AsyncIterator[str]:
    """The address of a server on fake engines."""
    async with live(fogbank.server) as address:
        yield address


def check_ai_sdk(found: Any) -> None:
    assert found["text"]
    assert found["usage"]["inputTokens"] > 0
    assert found["usage"]["outputTokens"] > 0
    assert "".join(found["deltas"])
    assert found["streamFinish"] in ("stop", "length", "unknown", "other")
    assert found["streamUsage"]["outputTokens"] > 0
    assert set(found["object"]) == {"name", "age"}
    assert 0 <= found["object"]["age"] <= 99
    (call,) = found["calls"][:1]
    assert set(call) == {"name", "age"}
    assert isinstance(call["age"], int)


@needs_node
async def test_the_ai_sdk(url: str) -> None:
    """generate, stream, object, tools, embed of workers-ai-provider."""
    found = await node("ai_sdk.mjs", url, TEXT, EMBED)
    check_ai_sdk(found)
    assert len(found["deltas"]) > 1
    assert found["dimensions"] == [384, 384]


@needs_node
@pytest.mark.contract("1.7")
async def test_the_ai_sdk_through_a_gateway(url: str) -> None:
    check_ai_sdk(await node("ai_sdk.mjs", url, TEXT, EMBED, "mine"))


@needs_node
@pytest.mark.engine
async def test_the_ai_sdk_on_real_engines(embedded: RealServer) -> None:
    found = await node("ai_sdk.mjs", embedded.url, REAL_TEXT, REAL_EMBED)
    check_ai_sdk(found)
    assert found["dimensions"] == [384, 384]


@needs_node
async def test_run_with_tools(url: str) -> None:
    """@cloudflare/ai-utils reads `arguments` as an object and sends the call back as text."""
    found = await node("run_with_tools.mjs", url, TEXT)
    assert found["called"] == [{"city": "Lisbon"}]
    assert found["requests"] == 2
    assert [turn["role"] for turn in found["last"]] == ["user", "assistant", "tool"]
    assert isinstance(found["answer"], str)


@needs_node
@pytest.mark.engine
@pytest.mark.verify
async def test_run_with_tools_on_real_engines(embedded: RealServer) -> None:
    """The small model may answer without a call; what it calls is valid."""
    found = await node("run_with_tools.mjs", embedded.url, REAL_TEXT)
    assert all(isinstance(call["city"], str) for call in found["called"])
    assert isinstance(found["answer"], str)


def check_langchain(found: Any) -> None:
    assert found["text"]
    assert found["usage"]["total_tokens"] > 0
    assert "".join(found["deltas"])
    usage = found["stream_usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert isinstance(found["after_tools"], str)
    assert found["openai_form"]
    assert found["dimensions"] == [384, 384]
    assert sorted(index for index, _ in found["ranked"]) == [0, 1]


@needs_python_clients
async def test_langchain(url: str) -> None:
    found = await python("langchain_cloudflare_chat.py", url, TEXT, EMBED, RERANK)
    check_langchain(found)
    assert len(found["deltas"]) > 2
    ((name, arguments),) = [(call["name"], call["args"]) for call in found["calls"]]
    assert name == "add"
    assert {key: type(value) for key, value in arguments.items()} == {"a": int, "b": int}


@needs_python_clients
@pytest.mark.engine
@pytest.mark.verify
async def test_langchain_on_real_engines(embedded: RealServer) -> None:
    found = await python(
        "langchain_cloudflare_chat.py", embedded.url, REAL_TEXT, REAL_EMBED, REAL_RERANK
    )
    check_langchain(found)
    assert found["ranked"][0][0] == 1


@needs_python_clients
async def test_llama_index(url: str) -> None:
    found = await python("llama_index_embeddings.py", url, EMBED)
    assert found["dimensions"] == [384, 384]
    assert len(found["one"]) == 384


@needs_python_clients
@pytest.mark.engine
@pytest.mark.verify
async def test_llama_index_on_real_engines(embedded: RealServer) -> None:
    found = await python("llama_index_embeddings.py", embedded.url, REAL_EMBED)
    assert abs(sum(value * value for value in found["one"]) - 1) < 1e-3
