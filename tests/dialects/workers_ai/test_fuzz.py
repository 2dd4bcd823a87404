"""Whatever the body: never a 500, never a hang, always an envelope or events."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.server import (
    CLASSIFY,
    EMBED,
    IMAGES,
    NER,
    RUN,
    SPEECH,
    SPEECH_TURBO,
    TEXT,
    events,
    running,
)
from tests.server import settings as server_settings

NAMES = [
    "prompt",
    "messages",
    "raw",
    "stream",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "lora",
    "image",
    "requests",
    "text",
    "repetition_penalty",
    "frequency_penalty",
    "presence_penalty",
    "response_format",
    "guided_json",
    "tools",
    "functions",
    "pooling",
    "options",
    "stop",
    "contexts",
    "query",
    "audio",
    "language",
    "task",
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["json_object", "json_schema", "mean", "cls", "user", "true"])
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "json_schema", "schema", "text", "name", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.text(max_size=4), "content": st.text(max_size=8)}),
    max_size=3,
)
BODIES = st.one_of(
    JSON.map(orjson.dumps),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5).map(orjson.dumps),
    st.builds(
        lambda messages, rest: orjson.dumps({**rest, "messages": messages}),
        MESSAGES,
        st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
    ),
    st.builds(
        lambda prompt, rest: orjson.dumps({**rest, "prompt": prompt, "text": prompt}),
        st.text(min_size=1, max_size=8),
        st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3),
    ),
    st.builds(
        lambda items: orjson.dumps({"requests": items}),
        st.lists(
            st.dictionaries(st.sampled_from([*NAMES, "external_reference"]), JSON, max_size=3)
            | st.fixed_dictionaries({"prompt": st.text(max_size=4), "text": JSON}),
            max_size=3,
        ),
    ),
    st.builds(
        lambda model, given: orjson.dumps({"model": model, "input": given}),
        st.sampled_from(["x", "@cf/test/instruct"]) | LEAVES,
        st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3) | JSON,
    ),
    JSON.map(lambda value: orjson.dumps({"request_id": value})),
    st.binary(max_size=40),
)
PARTS = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, "audio", "\u00e9"]),
        st.sampled_from(["", '; filename="a"', "; filename*=x"]),
        st.binary(max_size=20) | JSON.map(orjson.dumps),
    ),
    max_size=4,
)
FORMS = PARTS.map(
    lambda parts: (
        b"".join(
            b'--edge\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
            % (name.encode(), rest.encode(), value)
            for name, rest, value in parts
        )
        + b"--edge--\r\n"
    )
)
KINDS = st.sampled_from(
    [
        "",
        "application/json",
        "audio/wav",
        "multipart/form-data",
        "multipart/form-data; boundary=edge",
    ]
)
REQUESTS = st.tuples(BODIES, KINDS) | st.tuples(
    FORMS, st.just("multipart/form-data; boundary=edge")
)
QUERY = st.sampled_from(["", "", "?queueRequest=true", "?queueRequest=false&x=%00&stream=1"])
MODEL = st.sampled_from([TEXT, TEXT, EMBED, CLASSIFY, NER, SPEECH, SPEECH_TURBO, IMAGES, ""])


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(st.lists(st.tuples(MODEL, QUERY, REQUESTS), min_size=20, max_size=40))
@pytest.mark.contract("1.1", "2.3", "5.1")
def test_any_body(requests: list[tuple[str, str, tuple[bytes, str]]]) -> None:
    """Twenty and more a server, because a server takes longer to make than a request."""
    asyncio.run(_send(requests))


async def _send(requests: list[tuple[str, str, tuple[bytes, str]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running(server_settings(Path(folder), deadline=2)) as fogbank:
            for engine in ("text", "embed", "classify", "ner"):
                fogbank.builder.built[engine][-1]._answer = lambda request: '{"a": [1]}'
            for model, query, (body, kind) in requests:
                response = await fogbank.client.post(
                    RUN + model + query, content=body, headers={"content-type": kind}
                )
                _check(response, body)


def _check(response: Any, body: bytes) -> None:
    assert response.status_code in (200, 400, 403, 405, 413), (body, response.text)
    if response.headers["content-type"] == "text/event-stream":
        assert events(response.text)[-1] == "[DONE]"
        return
    answer = response.json()
    assert answer.keys() == {"result", "success", "errors", "messages"}
    assert answer["success"] is (response.status_code == 200)
    for error in answer["errors"]:
        assert error["code"] in (3003, 3006, 3030, 5004, 5005, 5006, 5021, 7000, 8001), (
            body,
            answer,
        )
