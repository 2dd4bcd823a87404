"""Whatever the body, on every compatible route: never a 500, never a hang, always an `error`."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server import EMBED, TEXT, running
from tests.server import settings as server_settings

pytestmark = pytest.mark.contract("1.6")
ROUTES = ("chat/completions", "completions", "embeddings", "responses", "messages")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["user", "assistant", "tool", "text", "function", "tool_use", "required"])
)
KEYS = st.sampled_from(
    ["role", "content", "type", "schema", "text", "name", "function", "parameters", "input", "id"]
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "input_text", "tool_use", "tool_result", "image_url"])},
    optional={"text": st.text(max_size=4), "id": st.just("a"), "input": JSON, "content": JSON},
)
CONTENT = st.none() | st.text(max_size=8) | st.lists(PART, max_size=2)
TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": CONTENT},
    optional={"type": st.sampled_from(["message", "function_call", "reasoning"]), "name": JSON},
)
FUNCTION = st.fixed_dictionaries({"name": st.just("f")}, optional={"parameters": JSON})
TOOL = st.fixed_dictionaries(
    {"type": st.just("function"), "function": FUNCTION, "name": st.just("f")},
    optional={"parameters": JSON, "input_schema": JSON},
)
FORMS = st.sampled_from(["json", "json_object", "choice", "regex", "grammar"])
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "messages": st.lists(TURN, max_size=3),
    "input": st.text(max_size=8) | st.lists(TURN, max_size=3) | st.lists(st.text(max_size=4)),
    "prompt": st.text(max_size=8) | st.lists(st.text(max_size=4), max_size=3),
    "max_tokens": st.integers(-1, 5000),
    "stream": st.booleans(),
    "n": st.integers(0, 5),
    "stop": JSON,
    "tools": st.lists(TOOL, max_size=2),
    "tool_choice": st.sampled_from(["auto", "none", "required", {"type": "any"}]) | JSON,
    "response_format": JSON,
    "structured_outputs": JSON | st.dictionaries(FORMS, JSON, max_size=2),
    "guided_json": JSON,
    "guided_choice": JSON,
    "text": JSON,
    "logprobs": st.booleans() | st.integers(-1, 3),
    "system": CONTENT,
    "seed": st.integers(-(2**63), 2**63),
    "temperature": st.floats(-1, 6),
    "options": JSON,
    "stream_options": JSON,
}
NEEDED = ("messages", "input", "prompt", "max_tokens")
BODY = st.builds(
    lambda model, fields: orjson.dumps({"model": model, **fields}),
    st.sampled_from([TEXT, TEXT, TEXT, EMBED]),
    st.fixed_dictionaries(
        {name: FIELDS[name] for name in NEEDED},
        optional={name: field for name, field in FIELDS.items() if name not in NEEDED},
    ),
)
BODIES = BODY | JSON.map(orjson.dumps) | st.binary(max_size=40)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(ROUTES), BODIES), min_size=20, max_size=40))
def test_any_body(requests: list[tuple[str, bytes]]) -> None:
    """Twenty and more a server, because a server takes longer to make than a request."""
    asyncio.run(_send(requests))


async def _send(requests: list[tuple[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running(server_settings(Path(folder), deadline=2)) as fogbank:
            for name, body in requests:
                response = await fogbank.client.post(f"/v1/{name}", content=body)
                _check(response, body)
                assert fogbank.engine.running == 0


def _check(response: Any, body: bytes) -> None:
    assert response.status_code in (200, 400, 413), (body, response.text)
    if response.headers["content-type"] == "text/event-stream":
        assert response.text.endswith(("data: [DONE]\n\n", 'data: {"type":"message_stop"}\n\n'))
    elif response.status_code != 200:
        answer = response.json()
        assert answer["error"]["message"] == answer["errors"][0]["message"]
        assert answer["success"] is False


@pytest.mark.anyio
@pytest.mark.parametrize("route", ROUTES)
async def test_a_body_too_deep_to_be_written_again(tmp_path: Path, route: str) -> None:
    """orjson reads more levels than it writes."""
    deep = b'{"a":' * 400 + b"{}" + b"}" * 400
    used = {"type": "tool_use", "id": "a", "name": "f", "input": "DEEP"}
    function = {"name": "f", "parameters": "DEEP", "input_schema": "DEEP"}
    body = {
        "model": TEXT,
        "messages": [{"role": "assistant", "content": [used] if route == "messages" else "a"}],
        "input": "a",
        "prompt": "a",
        "max_tokens": 5,
        "tools": [{"type": "function", "function": function, **function}],
        "tool_choice": {"type": "none"} if route == "messages" else "none",
        "metadata": "DEEP",
    }
    content = orjson.dumps(body).replace(b'"DEEP"', deep)
    async with running(server_settings(tmp_path)) as fogbank:
        response = await fogbank.client.post(f"/v1/{route}", content=content)
        assert response.status_code in (200, 400), response.text
