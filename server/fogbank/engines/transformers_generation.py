"""Text generation with transformers, for machines that vLLM has no wheel for: one text at a time.

A plain decoding loop with a key-value cache. No batching, no prefix cache.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineRefused, EngineTooLong
from fogbank.engines.chat_template import ChatTemplate
from fogbank.engines.stop_strings import StopStrings
from fogbank.engines.transformers_constraint import Constrainer, Mask
from fogbank.engines.transformers_loading import (
    load_model,
    load_tokenizer,
    token_limit,
)
from fogbank.engines.transformers_sampling import Sampler
from fogbank.tasks import Constraint, TextChunk, TextGenerationRequest

PREFILL = 256
"""Tokens of the prompt read at once: between such pieces a request can be cancelled."""


class Generator:
    """A loaded causal language model. Made, and `generate` run, in the engine's own thread."""

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        self._folder = folder
        self._model = load_model("AutoModelForCausalLM", folder, options)
        self._device = options.device
        tokenizer = load_tokenizer(folder)
        self._decoder = tokenizer.backend_tokenizer
        self._decoder.no_padding()
        self._decoder.no_truncation()
        self.template = ChatTemplate(tokenizer)
        self.context_window = token_limit(self._model.config, tokenizer, options)
        self._ends = _end_ids(self._model, tokenizer)
        self._constrainer: Constrainer | None = None

    def generate(
        self, ids: list[int], request: TextGenerationRequest, cancelled: Callable[[], bool]
    ) -> Iterator[TextChunk]:
        """The answer to the prompt `ids`, a chunk whenever there is new text.

        The request's prefix counts as part of the prompt. Ends without a finish_reason when
        `cancelled` says so. Raises EngineTooLong for a prompt that leaves no room for a token,
        EngineRefused for one without any and for a constraint that cannot be held to.
        """
        from tokenizers.decoders import DecodeStream

        sampling, prefix = request.sampling, self._prefix(request.prefix)
        ids = ids + prefix
        if not ids:
            raise EngineRefused("the prompt has no tokens")
        room = self.context_window - len(ids)
        if room < 1:
            raise EngineTooLong(len(ids))
        limit = max(1, min(sampling.max_tokens, room))
        sampler = Sampler(sampling, ids, self._device)
        stops = StopStrings(sampling.stop)
        text_of = DecodeStream(ids=prefix, skip_special_tokens=True)
        mask = None if request.constraint is None else self._mask(request.constraint)
        ends = self._ends if mask is None else mask.ends
        cache, feed = None, ids
        for count in range(1, limit + 1):
            logits, cache = self._forward(feed, cache, cancelled)
            if logits is None:
                return
            if mask is not None:  # before the penalties, as in vLLM
                logits = mask.apply(logits, feed[-1])
            token = sampler.draw(logits)
            feed = [token]
            ended = token in ends
            text = stops.push("" if ended else text_of.step(self._decoder, token) or "")
            reason = "stop" if ended or stops.stopped else "length" if count == limit else None
            if reason is not None:
                text += stops.flush()
            if text or reason is not None:
                yield TextChunk(text, len(ids), count, finish_reason=reason)
            if reason is not None:
                return

    def _prefix(self, text: str) -> list[int]:
        """Token ids of the text that an answer continues."""
        try:
            return list(self._decoder.encode(text, add_special_tokens=False).ids) if text else []
        except (TypeError, ValueError) as error:
            raise EngineRefused(f"the prefix cannot be tokenised: {error}") from error

    def _mask(self, constraint: Constraint) -> Mask:
        if self._constrainer is None:
            tokenizer = load_tokenizer(self._folder)
            self._constrainer = Constrainer(self._model, tokenizer, self._ends)
        return self._constrainer.mask(constraint)

    def _forward(self, ids: list[int], cache: Any, cancelled: Callable[[], bool]) -> Any:
        """Logits after the last id, (vocabulary,) in float32, and the cache; Nones if cancelled."""
        import torch

        out = None
        with torch.inference_mode():
            for start in range(0, len(ids), PREFILL):
                if cancelled():
                    return None, None
                out = self._model(
                    input_ids=torch.tensor([ids[start : start + PREFILL]], device=self._device),
                    past_key_values=cache,
                    use_cache=True,
                    logits_to_keep=1,
                )
                cache = out.past_key_values
        if out is None:
            return None, None
        # A copy: what was made in inference mode could not be changed in place.
        return out.logits[0, -1].to(torch.float32, copy=True), cache


def _end_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Ids that end an answer: the generation config's and the tokenizer's."""
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return frozenset(end for end in [*ends, tokenizer.eos_token_id] if end is not None)
