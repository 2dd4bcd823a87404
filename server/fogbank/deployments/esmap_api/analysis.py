"""Analyses of one text, side by side, by ESMAP's models."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from fogbank.deployments.esmap.ending import Inferred
from fogbank.deployments.esmap.inference import Inference
from fogbank.deployments.esmap.requests import BadRequest
from fogbank.deployments.esmap_api.options import Options

KINDS = ("classification", "entities", "summary")


class Analysis:
    """Asks the models in this process, so that caches, turns and history are the same as A's."""

    def __init__(self, inference: Inference, options: Options) -> None:
        self._inference = inference
        self._options = options
        self._models = {
            "classification": options.classification,
            "entities": options.entities,
            "summary": options.summary,
        }

    def kinds(self, text: str, wanted: Any) -> tuple[str, ...]:
        """What is to be done with a text: what is wanted, else all that fit. Raises BadRequest."""
        if wanted is not None:
            if wanted not in KINDS:
                raise BadRequest(f"analysis_type must be one of {', '.join(KINDS)}")
            return (wanted,)
        return KINDS if len(text) > self._options.summary_from else KINDS[:2]

    async def run(
        self, text: str, kinds: tuple[str, ...], key: str | None
    ) -> tuple[dict[str, Inferred], dict[str, Any]]:
        """The answers by kind, and their `result`s. Raises what an inference does."""
        asked = {"text": text}
        tasks = [
            asyncio.create_task(self._inference.run(self._models[kind], asked, {}, key=key))
            for kind in kinds
        ]
        try:
            done = dict(zip(kinds, await asyncio.gather(*tasks), strict=True))
        finally:
            for task in tasks:
                task.cancel()
        return done, {kind: orjson.loads(each.result) for kind, each in done.items()}


def analyses(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """`analyses` of the answer."""
    return [{"type": kind, "result": result} for kind, result in found.items()]
