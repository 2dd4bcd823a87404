"""When each token of a text was said, from the attention that the decoder pays to the sound.

Heads whose attention follows the sound are known for every published Whisper and stand in its
generation config. The likeliest path through their attention is found by dynamic time warping, as
in OpenAI's reference (whisper/timing.py).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_MEDIAN = 7


class Aligner:
    """Looks at the attention `heads`, pairs of layer and head, of a Whisper `model`."""

    def __init__(self, model: Any, heads: list[list[int]] | None, device: str) -> None:
        config = model.config
        if heads is None:  # weights tuned by others: the upper half, as the reference does
            layers = range(config.decoder_layers // 2, config.decoder_layers)
            heads = [[at, head] for at in layers for head in range(config.decoder_attention_heads)]
        self._model = model
        self._heads: dict[int, list[int]] = {}
        for layer, head in heads:
            self._heads.setdefault(layer, []).append(head)
        self._device = device

    def starts(self, encoded: Any, opening: list[int], text: list[int], frames: int) -> Floats:
        """The position in `encoded` where each text token begins, and behind it the end of the
        last one: (tokens + 1). `opening` ends with <|notimestamps|>; `frames` positions are sound.
        """
        import torch

        ids = [*opening, *text]
        with ExitStack() as stack:
            seen = {at: stack.enter_context(self._watched(at)) for at in self._heads}
            self._model.model.decoder(
                input_ids=torch.tensor([ids], device=self._device), encoder_hidden_states=encoded
            )
        weights = torch.cat(
            [self._weights(seen[at], heads, frames) for at, heads in self._heads.items()]
        )
        deviation, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
        weights = _smooth((weights - mean) / deviation.clamp(min=1e-6))
        # The row before a token's predicts it: it is there that the token is listened for.
        matrix = weights.mean(0)[len(opening) - 1 :].cpu().numpy()
        rows, columns = warp(-matrix)
        first = np.flatnonzero(np.diff(rows, prepend=-1))
        return columns[first].astype(np.float32)

    @contextmanager
    def _watched(self, layer: int) -> Iterator[list[Any]]:
        """Queries and keys that the cross-attention of a layer makes meanwhile."""
        attention = self._model.model.decoder.layers[layer].encoder_attn
        seen: list[Any] = [None, None]

        def keep(at: int) -> Any:
            def hook(module: Any, inputs: Any, output: Any) -> None:
                seen[at] = output[0]

            return hook

        hooks = [
            attention.q_proj.register_forward_hook(keep(0)),
            attention.k_proj.register_forward_hook(keep(1)),
        ]
        try:
            yield seen
        finally:
            for hook in hooks:
                hook.remove()

    def _weights(self, seen: list[Any], heads: list[int], frames: int) -> Any:
        """Attention of these heads to the first `frames`, (heads, tokens, frames) in float32."""
        import torch

        queries, keys = seen
        count = self._model.config.decoder_attention_heads
        width = queries.shape[-1] // count
        q, k = (
            part.float().view(-1, count, width).transpose(0, 1)[heads]
            for part in (queries, keys[:frames])
        )
        return torch.softmax(q @ k.transpose(1, 2) * width**-0.5, dim=-1)


def _smooth(weights: Any) -> Any:
    """The median of each seven positions."""
    import torch

    pad = _MEDIAN // 2
    if weights.shape[-1] <= pad:
        return weights
    padded = torch.nn.functional.pad(weights, (pad, pad), mode="reflect")
    return padded.unfold(-1, _MEDIAN, 1).median(dim=-1).values


def warp(costs: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The cheapest monotone path through (rows, columns) from the first cell to the last.

    Computed a diagonal at a time: the cells of one depend on the two before it only.
    """
    rows, columns = costs.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0.0
    move = np.zeros((rows + 1, columns + 1), np.int8)
    for diagonal in range(2, rows + columns + 1):
        i = np.arange(max(1, diagonal - columns), min(rows, diagonal - 1) + 1)
        j = diagonal - i
        ways = np.stack([total[i - 1, j - 1], total[i - 1, j], total[i, j - 1]])
        best = ways.argmin(axis=0)
        total[i, j] = costs[i - 1, j - 1] + ways[best, np.arange(len(i))]
        move[i, j] = best
    path = [(rows, columns)]
    while path[-1] != (1, 1):
        i, j = path[-1]
        way = move[i, j]
        path.append((i - (way != 2), j - (way != 1)))
    found: NDArray[np.intp] = np.array(path[::-1]) - 1
    return found[:, 0], found[:, 1]
