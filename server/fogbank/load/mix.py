"""What is asked: the same kind of request over and over, or recorded ones in turn."""

import random
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson

WORDS = (
    *("river", "copper", "window", "harvest", "signal", "garden", "ladder", "market", "winter"),
    *("bridge", "candle", "forest", "engine", "island", "letter", "mirror", "orange", "pocket"),
)
SEED = 11
TOLD = ("messages", "prompt")
KEPT = ("messages", "prompt", "max_tokens", "temperature", "response_format", "tools")
"""What of a recorded body is sent; the model and streaming are the run's own."""

Body = dict[str, Any]


def synthetic(tokens_in: int, tokens_out: int) -> Iterator[Body]:
    """Chats of about so many prompt tokens, all different, that ask for so many answer tokens.

    Random words, so that no prefix cache helps; a word is about a token. The same seed each time.
    """
    drawn = random.Random(SEED)
    while True:
        words = " ".join(drawn.choices(WORDS, k=max(1, tokens_in - 12)))
        text = f"Write a long story with these words: {words}"
        message = {"role": "user", "content": text}
        yield {"messages": [message], "max_tokens": tokens_out}


def recorded(file: Path) -> Iterator[Body]:
    """The bodies of a file in turn, one JSON object a line, over and over.

    A line is a body, or has one under `request` or `body`. Raises ValueError, naming the line.
    """
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if line.strip():
            found.append(_body(line, f"{file}:{number}"))
    if not found:
        raise ValueError(f"{file} has no requests")
    return cycle(found)


def _body(line: bytes, place: str) -> Body:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{place}: is no JSON: {error}") from None
    for name in ("request", "body"):
        if isinstance(value, dict) and isinstance(value.get(name), dict):
            value = value[name]
    if not isinstance(value, dict) or not any(name in value for name in TOLD):
        raise ValueError(f"{place}: has neither messages nor a prompt")
    return {name: value[name] for name in KEPT if name in value}
