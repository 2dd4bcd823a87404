"""Extractive summaries: the sentences of a text that stand for it best, by their embeddings.

Maximal marginal relevance: near the centre of all sentences, far from those already taken. It does
not write: a summary is sentences of the text, in their order.
"""

import re
from collections.abc import Sequence

import numpy as np

MAX_SENTENCES = 256
MAX_CHARACTERS = 100_000
"""What is looked at; a summary says nothing of what comes after."""

SHARE = 3
"""One sentence of so many is taken, at most MOST: an abstract of the news has three or four."""

MOST = 4

RELEVANCE = 0.7
"""Weight of being near the centre; the rest is the weight of saying something new."""

# Every run of stops is consumed whole, so that a megabyte of them is read once.
_END = re.compile(
    r"(?P<stop>[.!?…]++[\"'”’)\]]*+)(?P<blank>\s*+)"
    r"|[。！？]++[」』”’）]*+\s*+"
    r"|\n[^\S\n]*+\n\s*+"
)
_NO_END = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|No|Inc|Ltd|Co|Corp|Gen|Gov|Sen|Rep|Fig"
    r"|[ap]\.m|e\.g|i\.e|etc|cf|al|(?:[A-Z]\.)+[A-Z])\.$"
)
_LOOK_BACK = 16


def sentences(text: str) -> list[str]:
    """The first MAX_SENTENCES sentences of a text, blanks around each taken off.

    A sentence ends with its punctuation and a blank, or with an empty line; not before a small
    letter, nor with an initial or a common English abbreviation.
    """
    text = text[:MAX_CHARACTERS]
    found, start = [], 0
    for match in _END.finditer(text):
        if match["stop"] and not _ends(text, start, match):
            continue
        if piece := text[start : match.end()].strip():
            found.append(piece)
        start = match.end()
        if len(found) == MAX_SENTENCES:
            return found
    if piece := text[start:].strip():
        found.append(piece)
    return found


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    if not match["blank"]:
        return match.end() == len(text)
    if match["blank"].count("\n") > 1:
        return True
    before = text[max(start, match.end("stop") - _LOOK_BACK) : match.end("stop")]
    return not (text[match.end() : match.end() + 1].islower() or _NO_END.search(before))


def choose(vectors: Sequence[Sequence[float]], tokens: Sequence[int], room: int) -> list[int]:
    """Indices of the sentences to keep, ascending; empty where not one fits into `room` tokens.

    `vectors` are L2-normalised, `tokens` the length of each sentence.
    """
    rows = np.asarray(vectors)
    centre = rows.mean(axis=0)
    relevance = rows @ (centre / (np.linalg.norm(centre) or 1.0))
    nearest = np.zeros(len(rows))
    chosen: list[int] = []
    for _ in range(max(1, min(MOST, len(rows) // SHARE))):
        worth = RELEVANCE * relevance - (1 - RELEVANCE) * nearest
        open_ = [at for at in range(len(rows)) if at not in chosen and tokens[at] <= room]
        if not open_:
            break
        best = max(open_, key=worth.__getitem__)
        chosen.append(best)
        room -= tokens[best]
        nearest = np.maximum(nearest, rows @ rows[best])
    return sorted(chosen)
