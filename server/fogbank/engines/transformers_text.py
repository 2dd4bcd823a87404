"""From texts to padded tensors, for the tasks that read a text whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineRefused
from fogbank.engines.transformers_loading import load_tokenizer, token_limit

CHARACTERS_PER_TOKEN = 64
"""What a long text is first cut to, per token of the limit: reading a megabyte to keep 512 tokens
would take a second."""

MAX_WINDOWS = 64
"""Of one text that is read in windows; what comes after them is not read."""

CHARACTERS_OF_WINDOWS = 6 * MAX_WINDOWS
"""What is tokenized of it, per token of the limit: a token of English has four characters."""


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text and its token ids, special ones included, not padded.

    `encoding` is the tokenizer's own record: offsets, word numbers. `whole` is how many tokens the
    text had before it was cut; an estimate for a very long one.
    """

    text: str
    ids: list[int]
    encoding: Any
    whole: int
    pooling: str = "mean"


class TextReader:
    """Tokenizes texts, cutting at `limit` tokens, and pads batches of them. Thread-safe.

    With `pairs` it is `read_pair` that cuts, at the end of the second text only. With `windows` as
    well, `read_windows` reads on where it cut: a quarter of the limit is in both windows.
    """

    def __init__(
        self,
        folder: Path,
        config: Any,
        options: TransformersOptions,
        *,
        pairs: bool = False,
        windows: bool = False,
    ) -> None:
        tokenizer = load_tokenizer(folder)
        self.limit = token_limit(config, tokenizer, options)
        self._device = options.device
        self._pad = tokenizer.pad_token_id or 0
        self._with_types = "token_type_ids" in tokenizer.model_input_names
        # The wrapper of transformers changes the state of the Rust tokenizer on every call, so two
        # threads may not share it; the Rust tokenizer itself they may.
        self._tokenizer = tokenizer.backend_tokenizer
        self._tokenizer.no_padding()
        strategy = "only_second" if pairs else "longest_first"
        self._overlap = self.limit // 4 if windows else 0
        self._tokenizer.enable_truncation(self.limit, stride=self._overlap, strategy=strategy)

    def read(self, text: str, pooling: str = "mean") -> TokenizedText:
        """The text's first `limit` tokens."""
        enough = CHARACTERS_PER_TOKEN * self.limit
        if len(text) > enough:
            # Cut between words, a cut changes no token before it.
            start = text[: text.rfind(" ", 0, enough) + 1]
            encoding = self._tokenizer.encode(start)
            if encoding.overflowing:
                whole = _whole(encoding) * len(text) // len(start)
                return TokenizedText(text, encoding.ids, encoding, whole, pooling)
        encoding = self._tokenizer.encode(text)
        return TokenizedText(text, encoding.ids, encoding, _whole(encoding), pooling)

    def read_pair(self, query: str, passage: str) -> TokenizedText:
        """Query and passage as one text; of `limit` tokens together, the passage cut.

        Raises EngineRefused for a query that leaves no room for a passage.
        """
        encoding = self._encode_pair(query, passage[: CHARACTERS_PER_TOKEN * self.limit])
        return TokenizedText(passage, encoding.ids, encoding, _whole(encoding))

    def read_windows(self, query: str, passage: str) -> list[TokenizedText]:
        """The query with each window of the passage, MAX_WINDOWS at most. Raises EngineRefused."""
        # Windows that only overlap make the Rust tokenizer panic.
        if self.limit - len(self._encode_pair(query, "").ids) <= self._overlap:
            raise self._no_room()
        first = self._encode_pair(query, passage[: CHARACTERS_OF_WINDOWS * self.limit])
        whole = _whole(first)
        return [
            TokenizedText(passage, encoding.ids, encoding, whole)
            for encoding in [first, *first.overflowing][:MAX_WINDOWS]
        ]

    def _encode_pair(self, query: str, passage: str) -> Any:
        try:
            if len(query) > CHARACTERS_PER_TOKEN * self.limit:
                raise ValueError
            return self._tokenizer.encode(query, passage)
        except Exception:  # the Rust tokenizer has no type of error for a first text too long
            raise self._no_room() from None

    def _no_room(self) -> EngineRefused:
        return EngineRefused(
            f"the query leaves no room for a passage in the model's {self.limit} tokens"
        )

    def pad(self, texts: list[TokenizedText]) -> dict[str, Any]:
        """`input_ids`, `attention_mask` and what tells two texts apart: (texts, longest) each."""
        import torch

        rows = [text.ids for text in texts]
        longest = max(map(len, rows))

        def tensor(rows: list[list[int]], fill: int) -> Any:
            filled = [row + [fill] * (longest - len(row)) for row in rows]
            return torch.tensor(filled, device=self._device)

        batch = {
            "input_ids": tensor(rows, self._pad),
            "attention_mask": tensor([[1] * len(row) for row in rows], 0),
        }
        if self._with_types:
            batch["token_type_ids"] = tensor([text.encoding.type_ids for text in texts], 0)
        return batch


def _whole(encoding: Any) -> int:
    """Tokens before truncation: the first piece, and the words of the others."""
    rest: list[int] = [piece.special_tokens_mask.count(0) for piece in encoding.overflowing]
    return len(encoding.ids) + sum(rest)
