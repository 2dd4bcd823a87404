"""Mixed load for a soak: streams, clients that leave, errors, and the other tasks."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

from tests.acceptance.asking import EMBEDDINGS, ENTITIES, SENTIMENT, TEXT, Story
from tests.server import RUN

WORDS = (
    "the",
    "ship",
    "sailed",
    "to",
    "Lisbon",
    "while",
    "Anna",
    "of",
    "Acme",
    "wrote",
    "it",
    "down",
)
Act = Callable[[httpx2.AsyncClient, random.Random], Awaitable[str]]


async def stream(web: httpx2.AsyncClient, dice: random.Random) -> str:
    """A stream that is read to its end."""
    story = await Story().read(web, prompt=_words(dice), max_tokens=dice.randint(4, 24))
    assert story.finished, story.data
    return "200"


async def stream_left(web: httpx2.AsyncClient, dice: random.Random) -> str:
    """A client that hangs up after some events."""
    body = {"prompt": _words(dice), "max_tokens": 400, "stream": True}
    async with web.stream("POST", RUN + TEXT, json=body) as response:
        assert response.status_code == 200
        events = dice.randint(1, 6)
        async for _ in response.aiter_lines():
            events -= 1
            if not events:
                break
    return "left"


async def whole_left(web: httpx2.AsyncClient, dice: random.Random) -> str:
    """A client that does not wait for a whole answer."""
    try:
        async with asyncio.timeout(dice.uniform(0.01, 0.6)):
            await web.post(RUN + TEXT, json={"prompt": _words(dice), "max_tokens": 400})
    except TimeoutError:
        return "left"
    return "200"


async def wrong(web: httpx2.AsyncClient, dice: random.Random) -> str:
    """Something that the contract refuses."""
    model, content, status = dice.choice(
        [
            (TEXT, b'{"prompt": null}', 400),
            (TEXT, b"", 400),
            (TEXT, dice.randbytes(20_000), 400),
            (TEXT, b'{"prompt": "%s"}' % (b"word " * 6000), 413),
            (EMBEDDINGS, b'{"text": 5}', 400),
            (SENTIMENT, b"[]", 400),
            ("@cf/no/such-model", b"{}", 400),
        ]
    )
    response = await web.post(RUN + model, content=content)
    assert response.status_code == status, response.text
    return str(status)


async def embed(web: httpx2.AsyncClient, dice: random.Random) -> str:
    """Embeddings of up to eight texts."""
    texts = [_words(dice) for _ in range(dice.randint(1, 8))]
    return await _asked(web, EMBEDDINGS, {"text": texts, "pooling": dice.choice(["mean", "cls"])})


async def classify(web: httpx2.AsyncClient, dice: random.Random) -> str:
    """Sentiment or entities of a sentence."""
    return await _asked(web, dice.choice([SENTIMENT, ENTITIES]), {"text": _words(dice)})


ACTS: tuple[Act, ...] = (stream, stream_left, whole_left, wrong, embed, classify)


async def until_told(
    web: httpx2.AsyncClient, seed: int, stop: asyncio.Event, seen: Counter[str]
) -> None:
    """One client after another, drawn by `seed`; counts what each one got."""
    dice = random.Random(seed)
    while not stop.is_set():
        act = dice.choice(ACTS)
        seen[f"{act.__name__} {await act(web, dice)}"] += 1


async def _asked(web: httpx2.AsyncClient, model: str, body: dict[str, Any]) -> str:
    response = await web.post(RUN + model, json=body)
    assert response.status_code == 200, response.text
    return "200"


def _words(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=dice.randint(2, 60)))
