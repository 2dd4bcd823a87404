"""A summary of a text, within a number of words."""

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.energy import build_categories, energy_categories
from fogbank.deployments.esmap.model import File, InvalidInput, check_length, text_of
from fogbank.deployments.esmap.windows import sentences, windows
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import SummarizationRequest, SummarizationResult

WORDS = 200
"""`maxLength` where a request has none."""

MOST_WORDS = 2000
READ = 3500
"""Characters that the model reads at once: a window of 1,024 tokens."""

TOKENS_PER_WORD = 1.4
LEAST_TOKENS = 24

FEW = 2
"""A text of so many sentences is its own summary."""

STYLES = ("technical", "executive", "key_points")
EXECUTIVE = 3
"""Sentences of an executive summary at most."""

BULLET = "- "
ELLIPSIS = "…"
_CLAUSE = re.compile(r"[,;:–—]$")


class EnergySummarizer:
    """A text that is longer than the model's window is summarised in pieces.

    Each piece has its share of the words; what comes of them is summarised once more where it is
    still too long.
    """

    def __init__(self, card: ModelCard, config: Mapping[str, Any], file: File) -> None:
        self._card = card
        self._model: str = config["summarization"]
        self._categories = build_categories(config, file)

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        check_length(text_of(input), self._card)
        _words_asked(input)
        _style_asked(options)

    async def prepare(self, runtime: Runtime) -> None:
        """What all texts are compared with. Raises AIError."""
        await self._categories.prepare(runtime)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        text, most, style = input["text"].strip(), _words_asked(input), _style_asked(options)
        summary, categories = await asyncio.gather(
            self._summary(text, most, call), energy_categories(text, call, self._categories)
        )
        styled = in_style(summary, most, style)
        return {
            "summary": styled,
            "original_length": count(text),
            "summary_length": count(styled),
            "energy_categories": categories,
        }

    async def _summary(self, text: str, most: int, call: Call) -> str:
        """What the model makes of a text; never longer than it, but maybe longer than `most`."""
        if len(sentences(text)) <= FEW:
            return text
        parts = windows(text, READ)
        share = math.ceil(most / len(parts))
        written = await asyncio.gather(*(self._ask(part.text, share, call) for part in parts))
        summary = " ".join(each.strip() for each in written).strip()
        if not summary or count(summary) >= count(text):
            return text
        if len(parts) > 1 and count(summary) > most:
            return await self._summary(summary, most, call)
        return summary

    async def _ask(self, text: str, words: int, call: Call) -> str:
        tokens = max(LEAST_TOKENS, round(words * TOKENS_PER_WORD))
        answer = await call.run(self._model, SummarizationRequest(text, tokens))
        assert isinstance(answer.result, SummarizationResult)
        return answer.result.summary


def count(text: str) -> int:
    """Words: what stands between blanks."""
    return len(text.split())


def in_style(summary: str, most: int, style: str) -> str:
    """At most `most` words of a summary, its first sentences, as the style has them.

    `technical` is running text, `executive` at most EXECUTIVE sentences of it, and `key_points` one
    sentence a line behind a hyphen, which counts as a word.
    """
    parts = [" ".join(each.text.split()) for each in sentences(summary)]
    if style == "executive":
        parts = parts[:EXECUTIVE]
    bullets = style == "key_points" and most > 1
    kept = fitting([f"{BULLET}{part}" if bullets else part for part in parts], most)
    return "\n".join(kept) if bullets else " ".join(kept)


def fitting(parts: Sequence[str], most: int) -> list[str]:
    """The first parts that have at most `most` words together.

    Of a first one that is longer, as much as fits: up to a comma or the like where that is more
    than half of the room, else up to a word, with an ellipsis.
    """
    kept: list[str] = []
    room = most
    for part in parts:
        room -= count(part)
        if room < 0:
            break
        kept.append(part)
    return kept or [_cut(part, most) for part in parts[:1]]


def _cut(sentence: str, most: int) -> str:
    words = sentence.split()[:most]
    ends = [at for at, word in enumerate(words, 1) if _CLAUSE.search(word) and 2 * at > most]
    return " ".join(words[: ends[-1]] if ends else words).rstrip(",;:–—- ") + ELLIPSIS


def _words_asked(input: Any) -> int:
    asked = input.get("maxLength")
    if asked is None:
        return WORDS
    if isinstance(asked, float) and asked.is_integer():
        asked = int(asked)
    if not isinstance(asked, int) or isinstance(asked, bool) or not 1 <= asked <= MOST_WORDS:
        raise InvalidInput(f"maxLength must be a whole number of words from 1 to {MOST_WORDS}")
    return asked


def _style_asked(options: Mapping[str, Any]) -> str:
    style = options.get("style", STYLES[0])
    if style not in STYLES:
        raise InvalidInput(f"options.style must be one of {', '.join(STYLES)}")
    return str(style)


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> EnergySummarizer:
    """`config`: `summarization` and `embeddings`, models; `energy_categories`, a data file."""
    try:
        return EnergySummarizer(card, config, file)
    except KeyError as error:
        raise ValueError(f"the config lacks {error}") from error
