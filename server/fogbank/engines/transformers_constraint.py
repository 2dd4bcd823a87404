"""Structured output in the transformers engine: outlines, with llguidance as its back end.

What outlines leaves open is closed here: an error is raised instead of warned of, a model may have
several ends of text, and nothing is written to a disk.
"""

import importlib.util
from functools import cache
from typing import Any

from fogbank.engines.base import EngineRefused
from fogbank.engines.imports import LOADING
from fogbank.tasks import Constraint

BACKEND = "llguidance"


@cache
def installed() -> bool:
    """Whether outlines and its back end are there; imports neither."""
    return all(importlib.util.find_spec(name) is not None for name in ("outlines", BACKEND))


class Constrainer:
    """What one model's answers are constrained with. Made and used in the engine's own thread.

    outlines changes the `tokenizer` it is given: it must be nobody else's. `ends` are the ids that
    end an answer.
    """

    def __init__(self, model: Any, tokenizer: Any, ends: frozenset[int]) -> None:
        with LOADING:
            try:
                import outlines
                from outlines.backends.llguidance import LLGuidanceBackend

                outlines.disable_cache()  # its files are pickles
                self._backend = LLGuidanceBackend(outlines.from_transformers(model, tokenizer))
            except ImportError as error:
                raise EngineRefused(f"structured output is not installed: {error}") from error
        # For torch it would compile its kernel with the machine's C++ compiler, seconds and files.
        self._backend.tensor_library_name = "numpy"
        self._ends = ends.union(self._backend.llg_tokenizer.eos_tokens)

    def mask(self, constraint: Constraint) -> "Mask":
        """The mask of one answer. What cannot be compiled may also be refused by its `apply`."""
        make = {
            "json": self._backend.get_json_schema_logits_processor,
            "regex": self._backend.get_regex_logits_processor,
            "lark": self._backend.get_cfg_logits_processor,
        }[constraint.kind]
        try:
            return Mask(make(constraint.text), self._ends)
        except ValueError as error:
            raise _refusal(str(error)) from error


class Mask:
    """Holds one answer to its constraint, token by token; `ends` are the ids that end it."""

    def __init__(self, processor: Any, ends: frozenset[int]) -> None:
        self._processor = processor
        self._matcher: Any = None
        self.ends = ends

    def apply(self, logits: Any, last: int) -> Any:
        """The logits, (vocabulary,) in float32, with -inf for each token that may not come next.

        `last` is the token before it, which the first call ignores. `logits` itself is changed
        where it is in the CPU's memory. Raises EngineRefused for a constraint that cannot be
        compiled, takes too much to follow, or has no way on with this vocabulary.
        """
        import numpy
        import torch

        ids, table = numpy.array([[last]]), logits.cpu().numpy()[None]
        ends = [end for end in self.ends if end < table.shape[1]]
        unmasked = table[0, ends]
        if self._matcher is None:
            self._processor(ids, table)
            self._matcher = self._processor.ll_matchers[0]
        # Left to itself the processor would warn of an error and allow the end of the text.
        elif self._matcher.consume_token(last):
            self._processor._bias_logits(ids, table)
        if error := self._matcher.get_error():
            raise _refusal(error)
        table[0, ends] = unmasked if self._matcher.is_accepting() else -numpy.inf
        if table.max() == -numpy.inf:
            raise _refusal("no token of this model's vocabulary fits")
        return torch.from_numpy(table[0]).to(logits.device)


def _refusal(error: str) -> EngineRefused:
    """The text of llguidance without the state of its parser, which is pages long."""
    return EngineRefused(f"the constraint is refused: {error.partition('<state>')[0].strip()}")
