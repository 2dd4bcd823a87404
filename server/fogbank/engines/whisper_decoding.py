"""Writes down what is said in one window of thirty seconds: tokens with timestamps.

The rules for timestamps and the limits beyond which a higher temperature is tried are those of
OpenAI's reference (whisper/decoding.py, transcribe.py).
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fogbank.engines.whisper_vocabulary import Vocabulary

Cancelled = Callable[[], bool]

TEMPERATURES = (0.0, 0.4, 0.8)
"""Fewer than the reference's six, for each takes as long as the first."""

_REPETITIVE, _UNLIKELY, _SILENT = 2.4, -1.0, 0.6
_SEED = 0


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text and timestamp tokens, the prefix in front; `segments` tells what the numbers mean."""

    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float

    @property
    def poor(self) -> bool:
        """Whether to try again at a higher temperature."""
        return self.compression_ratio > _REPETITIVE or self.avg_logprob < _UNLIKELY

    @property
    def silent(self) -> bool:
        """Whether nothing was said."""
        return self.no_speech_prob > _SILENT and self.avg_logprob < _UNLIKELY


class WindowDecoder:
    """Runs the decoder of a Whisper `model` on encoded windows."""

    def __init__(self, model: Any, vocabulary: Vocabulary, device: str) -> None:
        import torch

        self._model = model
        self._vocabulary = vocabulary
        self._device = device
        self._longest: int = model.config.max_target_positions
        tokens = torch.zeros(model.config.vocab_size, dtype=torch.bool)
        tokens[[*vocabulary.suppressed, vocabulary.no_timestamps]] = True
        self._never = tokens.to(device)

    def language(self, encoded: Any) -> tuple[str, float]:
        """The likeliest language of the window, (1, positions, width), and its probability."""
        import torch

        logits, _ = self._forward([self._vocabulary.start], encoded, None)
        numbers = list(self._vocabulary.languages.values())
        scores = torch.softmax(logits[-1, numbers], dim=-1)
        best = int(scores.argmax())
        return list(self._vocabulary.languages)[best], float(scores[best])

    def decode(
        self,
        encoded: Any,
        opening: list[int],
        context: list[int],
        prefix: list[int],
        cancelled: Cancelled,
    ) -> Decoded | None:
        """What is said, at the lowest temperature that gives no poor text, else the likeliest.

        None once `cancelled`, which is asked at every token.
        """
        tried: list[Decoded] = []
        for temperature in TEMPERATURES:
            decoded = self._at(temperature, encoded, opening, context, prefix, cancelled)
            if decoded is None or decoded.silent or not decoded.poor:
                return decoded
            tried.append(decoded)
        return max(tried, key=lambda decoded: decoded.avg_logprob)

    def _at(
        self,
        temperature: float,
        encoded: Any,
        opening: list[int],
        context: list[int],
        prefix: list[int],
        cancelled: Cancelled,
    ) -> Decoded | None:
        import torch

        vocabulary = self._vocabulary
        half = self._longest // 2
        before = [*context[-(half - 1) :]]
        if before and vocabulary.previous is not None:
            before = [vocabulary.previous, *before]
        # With a long context before it, a longer one would leave no room for what is heard.
        tokens = [vocabulary.first_time, *prefix[: half // 2]] if prefix else []
        room = min(half, self._longest - len(before) - len(opening) - len(tokens))
        random = torch.Generator(self._device).manual_seed(_SEED)
        feed, cache, total, count, silence = [*before, *opening, *tokens], None, 0.0, 0, 0.0
        for _ in range(room):
            if cancelled():
                return None
            logits, cache = self._forward(feed, encoded, cache)
            if count == 0 and vocabulary.no_speech is not None:
                at = torch.softmax(logits[len(before)], dim=-1)
                silence = float(at[vocabulary.no_speech])
            scores = torch.log_softmax(self._ruled(logits[-1], tokens), dim=-1)
            if temperature == 0:
                token = int(scores.argmax())
            else:
                drawn = torch.softmax(scores / temperature, dim=-1)
                token = int(torch.multinomial(drawn, 1, generator=random))
            total += float(scores[token])
            count += 1
            if token == vocabulary.end:
                break
            tokens.append(token)
            feed = [token]
        text = vocabulary.decode(tokens).strip().encode()
        ratio = len(text) / len(zlib.compress(text)) if text else 1.0
        return Decoded(tokens, temperature, total / max(1, count), ratio, silence)

    def _forward(self, ids: list[int], encoded: Any, cache: Any) -> tuple[Any, Any]:
        """Logits, (ids, vocabulary) in float32, and the cache."""
        import torch

        out = self._model.model.decoder(
            input_ids=torch.tensor([ids], device=self._device),
            encoder_hidden_states=encoded,
            past_key_values=cache,
            use_cache=True,
        )
        return self._model.proj_out(out.last_hidden_state[0]).float(), out.past_key_values

    def _ruled(self, logits: Any, tokens: list[int]) -> Any:
        """The logits with what may not come now at minus infinity; timestamps come in pairs."""
        import torch

        vocabulary, never = self._vocabulary, float("-inf")
        first, end = vocabulary.first_time, vocabulary.end
        logits = logits.masked_fill(self._never, never)
        if not tokens:
            logits[vocabulary.suppressed_first] = never
            logits[:first] = never
            logits[first + vocabulary.latest_first_time + 1 :] = never
            return logits
        was_time = tokens[-1] >= first
        if was_time and (len(tokens) < 2 or tokens[-2] >= first):
            logits[first:] = never  # a pair is complete: text follows
        elif was_time:
            logits[:end] = never  # a segment has ended: the next one's time, or the end
        times = [token for token in tokens if token >= first]
        if times:
            logits[first : times[-1] + (0 if was_time else 1)] = never
        scores = torch.log_softmax(logits, dim=-1)
        if scores[first:].logsumexp(dim=-1) > scores[:first].max():
            logits[:first] = never
        return logits
