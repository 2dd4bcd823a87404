"""From texts to padded tensors, for the tasks that read a text whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.transformers_loading import load_tokenizer, token_limit

CHARACTERS_PER_TOKEN = 64
"""What a long text is first cut to, per token of the limit: reading a megabyte to keep 512 tokens
would take a second."""


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text and its token ids, special ones included, not padded.

    `encoding` is the tokenizer's own record: offsets, word numbers.
    """

    text: str
    ids: list[int]
    encoding: Any
    pooling: str = "mean"


class TextReader:
    """Tokenizes texts, cutting at `limit` tokens, and pads batches of them. Thread-safe."""

    def __init__(self, folder: Path, config: Any, options: TransformersOptions) -> None:
        tokenizer = load_tokenizer(folder)
        self.limit = token_limit(config, tokenizer, options)
        self._device = options.device
        self._pad = tokenizer.pad_token_id or 0
        # The wrapper of transformers changes the state of the Rust tokenizer on every call, so two
        # threads may not share it; the Rust tokenizer itself they may.
        self._tokenizer = tokenizer.backend_tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.limit)

    def read(self, text: str, pooling: str = "mean") -> TokenizedText:
        """The text's first `limit` tokens."""
        encoding = self._encode(text)
        return TokenizedText(text, encoding.ids, encoding, pooling)

    def _encode(self, text: str) -> Any:
        enough = CHARACTERS_PER_TOKEN * self.limit
        if len(text) > enough:
            # Cut between words, a cut changes no token before it.
            encoding = self._tokenizer.encode(text[: text.rfind(" ", 0, enough) + 1])
            if encoding.overflowing:
                return encoding
        return self._tokenizer.encode(text)

    def pad(self, texts: list[TokenizedText]) -> dict[str, Any]:
        """`input_ids` and `attention_mask`, both (texts, longest)."""
        import torch

        rows = [text.ids for text in texts]
        longest = max(map(len, rows))
        ids = [row + [self._pad] * (longest - len(row)) for row in rows]
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
        return {
            "input_ids": torch.tensor(ids, device=self._device),
            "attention_mask": torch.tensor(mask, device=self._device),
        }
