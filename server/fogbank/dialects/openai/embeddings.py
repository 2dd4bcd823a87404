"""`embeddings` (contract 1.6, decisions.md 13)."""

import base64
import sys
from array import array
from collections.abc import Coroutine
from typing import Any

from starlette.types import Send

from fogbank import tasks
from fogbank.dialects.asgi import send_json
from fogbank.dialects.openai.endpoint import Ask, Endpoint
from fogbank.dialects.openai.fields import refused
from fogbank.tasks import TextEmbeddingsRequest, TextEmbeddingsResult


class Embeddings(Endpoint):
    """Texts in, vectors out: floats, or base64 of little-endian float32 when asked."""

    schema = "v1-embeddings"
    task = tasks.TEXT_EMBEDDINGS

    def work(self, ask: Ask, send: Send) -> Coroutine[Any, Any, None]:
        given = ask.body["input"]
        texts = (given,) if isinstance(given, str) else tuple(given)
        if ask.card.output_dimensions:
            _check_dimensions(ask, ask.card.output_dimensions)
        return self._answer(ask, TextEmbeddingsRequest(texts), send)

    async def _answer(self, ask: Ask, request: TextEmbeddingsRequest, send: Send) -> None:
        answer = await self.runtime.run(ask.card, request, ask.context)
        result = answer.result
        assert isinstance(result, TextEmbeddingsResult)
        _check_dimensions(ask, len(result.vectors[0]))
        in_base64 = ask.body.get("encoding_format") == "base64"
        usage: dict[str, Any] = {
            "prompt_tokens": result.usage.prompt_tokens,
            "total_tokens": result.usage.prompt_tokens,
            "prompt_tokens_details": {"cached_tokens": result.usage.cached_tokens},
        }
        if answer.neurons is not None:
            usage["neurons"] = round(answer.neurons, 4)
        body = {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": _base64(vector) if in_base64 else vector,
                }
                for index, vector in enumerate(result.vectors)
            ],
            "model": ask.card.name,
            "usage": usage,
        }
        await send_json(send, 200, body, self.headers(ask, answer.neurons))


def _check_dimensions(ask: Ask, dimensions: int) -> None:
    asked = ask.body.get("dimensions", dimensions)
    if asked != dimensions:
        detail = f"the vectors of {ask.card.name} have {dimensions} dimensions, not {asked}"
        raise refused("dimensions", detail)


def _base64(vector: list[float]) -> str:
    values = array("f", vector)
    if sys.byteorder == "big":
        values.byteswap()
    return base64.b64encode(values.tobytes()).decode()
