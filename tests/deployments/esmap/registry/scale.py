"""A model for the tests: an operator's own implementation, whose config shows in every answer."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import File, features_of
from fogbank.tasks import TextClassificationRequest


class Gate:
    """Where inferences of a version with `gate` wait, and tell that they do."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()


GATES: dict[str, Gate] = {}


class Scale:
    """Multiplies `value` by the version's factor, and adds what the file `bias.json` says."""

    def __init__(self, config: Mapping[str, Any], bias: float) -> None:
        self._config = config
        self._bias = bias

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        features_of(input)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        value = input["features"]["value"]
        if model := self._config["engine"]:
            await call.run(model, TextClassificationRequest("two words"))
        if name := self._config["gate"]:
            GATES[name].reached.set()
            await GATES[name].open.wait()
        if self._config["seconds"]:
            await asyncio.sleep(self._config["seconds"])
        if self._config["fails"]:
            raise RuntimeError("it is broken")
        factor = self._config["factor"]
        return {"value": value, "factor": factor, "scaled": value * factor + self._bias}


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> Scale:
    bias = 0.0
    if config["bias"]:
        bias = json.loads(file("bias.json").read_text())
    if not isinstance(config["factor"], int | float):
        raise ValueError("factor is no number")
    return Scale(config, bias)
