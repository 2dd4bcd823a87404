"""From the tokens of a window to segments, and from the times of tokens to those of words."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fogbank.engines.whisper_vocabulary import TextWord
from fogbank.tasks import SpokenWord

POSITION = 0.02
"""Seconds of one position of the encoder's output, and of one timestamp."""

_SENTENCE_END = re.compile(r"[.!?。！？]$")
_LONGEST_WORD = 1.4


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text tokens between two timestamps, in seconds from the window's beginning."""

    tokens: list[int]
    start: float
    end: float


def stretches(tokens: list[int], first_time: int, seconds: float) -> tuple[list[Stretch], float]:
    """The segments of a window of `seconds`, and how much of the window they have dealt with.

    What follows the last pair of timestamps was cut by the window's end: it is heard again, from
    there, in the next one.
    """
    times = [token >= first_time for token in tokens]
    pairs = [at + 1 for at in range(len(tokens) - 1) if times[at] and times[at + 1]]
    if not pairs:
        said = [(token - first_time) * POSITION for token in tokens if token >= first_time]
        end = min(said[-1], seconds) if said and said[-1] > 0 else seconds
        text = [token for token in tokens if token < first_time]
        return [Stretch(text, min(said[0], end) if said else 0.0, end)], seconds
    closed = times[-2:] == [False, True]
    found, begin = [], 0
    for at in [*pairs, *([len(tokens)] if closed else [])]:
        piece = tokens[begin:at]
        begin = at
        start, end = (max(0, token - first_time) * POSITION for token in (piece[0], piece[-1]))
        text = [token for token in piece if token < first_time]
        found.append(Stretch(text, min(start, seconds), min(end, seconds)))
    passed = seconds if closed else (tokens[begin - 1] - first_time) * POSITION
    return found, passed if 0.1 < passed < seconds else seconds


def timed(
    words: list[list[TextWord]], starts: NDArray[np.float32], seconds: float
) -> list[tuple[SpokenWord, ...]]:
    """The words of each segment with their times.

    `starts` has the position where each token of all the words begins, and the end of the last.
    """
    edges = np.cumsum([0, *(word.tokens for segment in words for word in segment)])
    at = np.minimum(starts[edges] * POSITION, seconds)
    lengths = np.diff(at)
    usual = float(np.median(lengths[lengths > 0])) if np.any(lengths > 0) else 0.0
    longest = min(_LONGEST_WORD, 2 * usual) if usual else _LONGEST_WORD
    found: list[tuple[SpokenWord, ...]] = []
    number = 0
    for segment in words:
        placed: list[SpokenWord] = []
        for word in segment:
            start, end = float(at[number]), float(at[number + 1])
            number += 1
            if end - start > longest:
                # A pause is heard as part of a word: of the one after it where a sentence begins.
                opens = not placed or _SENTENCE_END.search(placed[-1].word)
                start, end = (end - longest, end) if opens else (start, start + longest)
            placed.append(SpokenWord(word.text.strip(), start, end))
        found.append(tuple(word for word in placed if word.word))
    return found
