"""How the transformers engine draws a token. The order of the steps is vLLM's."""

from typing import Any

from fogbank.tasks import Sampling


class Sampler:
    """Draws the tokens of one request; `seed` makes the draw repeatable on one machine."""

    def __init__(self, sampling: Sampling, prompt_ids: list[int], device: str) -> None:
        import torch

        self._sampling = sampling
        self._random = torch.Generator(device=device)
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed % 2**63)
        self._seen = set(prompt_ids)
        self._counts: dict[int, int] = {}

    def draw(self, logits: Any) -> int:
        """A token id from the last position's logits, (vocabulary,) in float32."""
        import torch

        self._penalise(logits)
        temperature = self._sampling.temperature
        if temperature < 1e-5:
            token = int(logits.argmax())
        else:
            kept = self._top_p(self._top_k(logits / temperature))
            probabilities = torch.softmax(kept, dim=-1)
            token = int(torch.multinomial(probabilities, 1, generator=self._random))
        self._seen.add(token)
        self._counts[token] = self._counts.get(token, 0) + 1
        return token

    def _penalise(self, logits: Any) -> None:
        """In place: repetition over prompt and answer, frequency and presence over the answer."""
        import torch

        repetition = self._sampling.repetition_penalty
        if repetition and repetition != 1.0:
            at = torch.tensor(sorted(self._seen), device=logits.device)
            values = logits[at]
            logits[at] = torch.where(values > 0, values / repetition, values * repetition)
        frequency = self._sampling.frequency_penalty or 0.0
        presence = self._sampling.presence_penalty or 0.0
        if self._counts and (frequency or presence):
            at = torch.tensor(list(self._counts), device=logits.device)
            counts = torch.tensor(list(self._counts.values()), device=logits.device)
            logits[at] -= frequency * counts + presence

    def _top_k(self, logits: Any) -> Any:
        import torch

        top_k = self._sampling.top_k
        if not top_k or top_k < 0 or top_k >= logits.shape[-1]:
            return logits
        least = torch.topk(logits, top_k).values[-1]
        return logits.masked_fill(logits < least, float("-inf"))

    def _top_p(self, logits: Any) -> Any:
        """Keeps the fewest tokens that together have at least the probability top_p."""
        import torch

        top_p = self._sampling.top_p
        if top_p is None or top_p >= 1.0:
            return logits
        ordered, index = torch.sort(logits, descending=True)
        before = torch.softmax(ordered, dim=-1).cumsum(-1).roll(1)
        before[0] = 0.0
        ordered = ordered.masked_fill((before >= top_p) & (before > 0), float("-inf"))
        return torch.empty_like(logits).scatter_(0, index, ordered)
