"""A constraint as vLLM takes it, by way of outlines: its types, and its adapter for vLLM."""

import json
from functools import lru_cache
from typing import Any

from fogbank.engines.base import EngineRefused
from fogbank.tasks import Constraint

KEPT = 256
"""Constraints whose form for vLLM is kept; outlines checks each schema anew otherwise."""

LONG = 4_000
"""Characters of a schema from which on checking it takes milliseconds: not on the event loop."""


@lru_cache(KEPT)
def structured_arguments(constraint: Constraint) -> dict[str, Any]:
    """Keyword arguments of vLLM's StructuredOutputsParams.

    The schema travels as text: a number of more than 64 bits in it would break the way to the
    engine process otherwise. Raises EngineRefused for what outlines does not take.
    """
    import outlines
    from outlines.models.vllm_offline import VLLMOfflineTypeAdapter
    from outlines.types.dsl import CFG, JsonSchema, Regex

    outlines.disable_cache()  # its files are pickles (CVE-2025-69872)
    kinds = {"json": JsonSchema, "regex": Regex, "lark": CFG}
    try:
        term = kinds[constraint.kind](constraint.text)
    except Exception as error:
        if constraint.kind == "json" and type(error).__name__ == "SchemaError":
            # Its check knows draft 7 and Python's regular expressions; ours has passed.
            return {"json": constraint.text}
        raise EngineRefused(f"the constraint cannot be read: {error}") from error
    arguments: dict[str, Any] = VLLMOfflineTypeAdapter().format_output_type(term)
    if "json" in arguments:
        arguments["json"] = json.dumps(arguments["json"])
    return arguments
