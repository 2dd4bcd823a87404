"""Whatever comes: never a 5xx, never a hang, always the binding's form."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.dialects.binding.calls import miniflare
from tests.server import EMBED, IMAGES, SPEECH, SPEECH_TURBO, TEXT, events, running
from tests.server import settings as server_settings

pytestmark = pytest.mark.contract("6.2", "6.3", "6.4")
MODELS = [TEXT, EMBED, IMAGES, SPEECH, SPEECH_TURBO]
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=6)
NAMES = st.sampled_from(["prompt", "text", "audio", "image", "stream", "requests", "0", "id"])
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
GATEWAY = st.dictionaries(
    st.sampled_from(["id", "cacheTtl", "cacheKey", "metadata", "retries", "requestTimeoutMs"]),
    JSON,
    max_size=4,
)
OPTIONS = st.fixed_dictionaries(
    {}, optional={"gateway": GATEWAY | JSON, "queueRequest": LEAVES, "rejectIfBusy": LEAVES}
)
BODIES = st.binary(max_size=40) | st.fixed_dictionaries(
    {}, optional={"inputs": JSON, "options": OPTIONS | JSON}
).map(lambda body: orjson.dumps(body, default=str) if _fits(body) else b"{}")
KINDS = st.sampled_from(
    ["application/json", "audio/wav", "multipart/form-data; boundary=a", "multipart/form-data", ""]
)
ENCODINGS = st.sampled_from(["", "gzip", "br", "identity"])


def _fits(body: Any) -> bool:
    try:
        orjson.dumps(body)
    except TypeError:
        return False
    return True


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["/run", "/ai-gateway/run", "/run?version=3", "/run?version=2"]),
            st.none() | st.text(max_size=8) | LEAVES.map(str),
            st.sampled_from([*MODELS, "@cf/no", ":", ""]),
            BODIES,
            KINDS,
            ENCODINGS,
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_any_request(calls: list[tuple[str, str | None, str, bytes, str, str]]) -> None:
    asyncio.run(_answered(calls))


async def _answered(calls: list[tuple[str, str | None, str, bytes, str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with running(server_settings(Path(folder), deadline=5)) as it:
            for path, inputs, model, body, kind, encoding in calls:
                query = "" if inputs is None else f"&userInputs={quote(inputs)}"
                url = f"{path}{query}" if "?" in path else f"{path}?{query}"
                headers = {"cf-consn-model-id": model, "content-type": kind}
                if encoding:
                    headers["content-encoding"] = encoding
                answer = await it.client.post("/", content=body, headers=miniflare(url, headers))
                assert answer.status_code < 500, (url, headers, body, answer.text)
                assert answer.headers["cf-ai-req-id"]
                if answer.headers["content-type"] == "text/event-stream":
                    assert events(answer.text)
                    continue
                assert answer.headers["content-type"] == "application/json"
                told = answer.json()
                if answer.status_code >= 400:
                    assert told["internalCode"] >= 3003
                    assert told["message"] == f"AiError: {told['description']}"
