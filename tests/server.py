"""A whole server on fake engines, for the tests of everything in front of them.

`running` composes one and talks to it in process; `live` puts it on a loopback port of the same
event loop, for what only a real connection shows.
"""

import asyncio
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
import uvicorn
from starlette.types import ASGIApp, Message

from fogbank.app import Server, create_app
from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.clock import Clock
from fogbank.cost.prices import PriceBook, PriceTable
from fogbank.deployments.description import Description
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.dialects.workers_ai.validation import InputSchema
from fogbank.engines.fake import FakeEngine
from fogbank.settings import Settings, package_data
from fogbank.storage.ledger_row import LedgerRow
from fogbank.storage.ledger_store import LedgerTotal, store_opener

ACCOUNT = "0123456789abcdef0123456789ABCDEF"
RUN = f"/client/v4/accounts/{ACCOUNT}/ai/run/"
TEXT = "@cf/test/instruct"
CHAT = "@cf/test/chat"
STAND_IN = "@cf/test/large"
EMBED = "@cf/test/embed"
CLASSIFY = "@cf/test/classify"
NER = "@test/ner"
QA = "@test/qa"
SPEECH = "@cf/test/speech"
SPEECH_TURBO = "@cf/test/speech-turbo"
IMAGES = "@cf/test/images"
RERANK = "@cf/test/rerank"
ABSENT = "@cf/test/absent"
DEPRECATED = "@cf/test/deprecated"
OLD = "@cf/test/old"
NO_JSON = "@cf/test/no-json"

GENERATION = {"task": "Text Generation", "input": "text-generation"}
HEARING = {"task": "Automatic Speech Recognition"}
CARDS: tuple[dict[str, Any], ...] = (
    {
        "name": TEXT,
        **GENERATION,
        "aliases": ("@cf/test/alias",),
        "context_window": 4000,
        "lora": True,
    },
    {"name": CHAT, **GENERATION, "output": "chat-completion"},
    {"name": STAND_IN, **GENERATION, "vision": True, "lora": True},
    {"name": ABSENT, **GENERATION, "lora": True},
    {"name": DEPRECATED, **GENERATION, "deprecated_on": "2026-05-30", "refuse_deprecated": True},
    {"name": OLD, **GENERATION, "deprecated_on": "2026-05-30"},
    {"name": NO_JSON, **GENERATION, "json_mode": False},
    {"name": EMBED, "task": "Text Embeddings", "input": "text-embeddings"},
    {"name": CLASSIFY, "task": "Text Classification", "input": "text-classification"},
    {"name": NER, "task": "Token Classification", "input": "token-classification"},
    {"name": QA, "task": "Question Answering", "input": "question-answering"},
    {"name": SPEECH, **HEARING, "input": "speech-recognition"},
    {
        "name": SPEECH_TURBO,
        **HEARING,
        "input": "speech-recognition-turbo",
        "output": "transcription-info",
    },
    {"name": RERANK, "task": "Reranking", "input": "reranking"},
    {"name": IMAGES, "task": "Image Classification", "input": "image-classification"},
)
STANDING_IN = "a small one"
UNPRICED = PriceTable(
    date=date(2026, 8, 28),
    sources=("a test",),
    usd_per_1000_neurons=0.011,
    free_neurons_per_day=10_000,
    models={},
)


def catalog(*, elsewhere: bool = True) -> Catalog:
    """The cards above; with `elsewhere`, a profile `big` that has the weights of ABSENT."""
    cards = {card.name: card for card in map(Card.model_validate, CARDS)}
    big = Profile(
        name="big",
        description="Has everything.",
        hardware="cpu",
        engines={"fake": EngineSpec(engine="fake")},
        models={ABSENT: Served(engine="fake")},
    )
    return Catalog(cards, {"big": big} if elsewhere else {})


def profile(**text: Any) -> Profile:
    """Every model but ABSENT on fake engines; `text` goes to the spec of the engine `text`."""
    texts = {name: Served(engine="text") for name in (TEXT, CHAT, OLD, NO_JSON, DEPRECATED)}
    spec = {"engine": "fake", **text}
    return Profile(
        name="test",
        description="Fake engines.",
        hardware="cpu",
        engines={
            "text": EngineSpec.model_validate(spec),
            "embed": EngineSpec(engine="fake", task="Text Embeddings"),
            "classify": EngineSpec(engine="fake", task="Text Classification"),
            "ner": EngineSpec(engine="fake", task="Token Classification"),
            "qa": EngineSpec(engine="fake", task="Question Answering"),
            "speech": EngineSpec(engine="fake", task="Automatic Speech Recognition"),
            "images": EngineSpec(engine="fake", task="Image Classification"),
        },
        models={
            **texts,
            STAND_IN: Served(engine="text", stands_in=STANDING_IN),
            EMBED: Served(engine="embed"),
            RERANK: Served(engine="embed", stands_in=STANDING_IN),
            CLASSIFY: Served(engine="classify"),
            NER: Served(engine="ner"),
            QA: Served(engine="qa"),
            SPEECH: Served(engine="speech"),
            SPEECH_TURBO: Served(engine="speech"),
            IMAGES: Served(engine="images"),
        },
    )


class Forgetful:
    """A ledger's database that keeps nothing, and so takes no time."""

    def insert(self, rows: Sequence[LedgerRow]) -> None:
        return

    def records(self, since: datetime, until: datetime) -> Iterator[LedgerRow]:
        return iter(())

    def totals(self, since: datetime, until: datetime) -> list[LedgerTotal]:
        return []

    def close(self) -> None:
        return


@dataclass
class Builder:
    """Builds fake engines and keeps every one it built, oldest first, by the engine's name."""

    built: dict[str, list[FakeEngine]] = field(default_factory=dict)
    start_failures: list[Exception] = field(default_factory=list)
    build_failures: list[Exception] = field(default_factory=list)
    stalled: bool = False

    def __call__(self, name: str, spec: EngineSpec) -> FakeEngine:
        if name == "text" and self.build_failures:
            raise self.build_failures.pop(0)
        engine = FakeEngine(name, **spec.options)
        if name == "text" and self.start_failures:
            engine.fail_next_start(self.start_failures.pop(0))
        if self.stalled:
            engine.stall()
        self.built.setdefault(name, []).append(engine)
        return engine


@dataclass
class Running:
    """A server whose engines are looked after, and a client that calls it."""

    server: Server
    settings: Settings
    client: httpx2.AsyncClient
    builder: Builder

    @property
    def engine(self) -> FakeEngine:
        """The text engine of now."""
        return self.builder.built["text"][-1]

    async def run(self, model: str, body: Any, **options: Any) -> httpx2.Response:
        """A run request with this JSON body."""
        return await self.client.post(RUN + model, json=body, **options)

    async def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return (await self.client.get(path)).json()


@functools.cache
def _schemas() -> dict[str, InputSchema]:
    """Read once: the packaged schemas take longer to read than most tests."""
    return load_schemas(package_data(), None)


def settings(data_dir: Path, **given: Any) -> Settings:
    """Settings of a keyless loopback server in this data directory."""
    return Settings(data_dir=data_dir, **given)


@asynccontextmanager
async def running(
    config: Settings,
    served: Profile | None = None,
    *,
    builder: Builder | None = None,
    clock: Clock | None = None,
    ready: bool = True,
    elsewhere: bool = True,
    prices: PriceTable | None = None,
    ledger: bool = False,
    cards: Catalog | None = None,
    deployments: Mapping[str, Description] | None = None,
) -> AsyncIterator[Running]:
    """A composed server with its engines loaded, and a client in process.

    By default no model has a price, the ledger's rows are thrown away, and nothing is deployed
    (`load_descriptions(package_data())` has the packaged deployments).
    """
    builder = builder or Builder()
    served = served or profile()
    with (
        patch("fogbank.app.load_schemas", lambda *_: _schemas()),
        patch("fogbank.app.load_prices", lambda *_: PriceBook([prices or UNPRICED])),
        patch("fogbank.app.store_opener", store_opener if ledger else lambda *_: Forgetful),
    ):
        cards = cards or catalog(elsewhere=elsewhere)
        server = create_app(config, cards, served, builder, deployments=deployments, clock=clock)
    transport = httpx2.ASGITransport(app=server.asgi)
    async with (
        lifespan(server.asgi),
        httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        if ready:
            for name, engine in server.runtime.engines.items():
                if served.engines[name].load == "start":
                    await engine.until_ready()
        yield Running(server, config, client, builder)


@asynccontextmanager
async def lifespan(app: ASGIApp) -> AsyncIterator[None]:
    """Starts and ends an application as a server does."""
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}

    async def whole() -> None:
        await app(scope, inbox.get, outbox.put)

    task = asyncio.create_task(whole())
    await inbox.put({"type": "lifespan.startup"})
    assert (await outbox.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        assert (await outbox.get())["type"] == "lifespan.shutdown.complete"
        await task


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def live(server: Server, port: int = 0) -> AsyncIterator[str]:
    """The address of the server on loopback, by default on a free port.

    Its engines are somebody else's care.
    """
    # With its protocol named, asyncio sends at once; else an answer in two parts takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen()
    config = uvicorn.Config(
        server.asgi,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    front = _Quiet(config)
    task = asyncio.create_task(front.serve(sockets=[listening]))
    while not front.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        front.should_exit = True
        await task
        listening.close()


async def until(condition: Any, seconds: float = 5) -> None:
    """Returns once `condition()` is true. Raises TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def events(text: str) -> list[str]:
    """The data of the events of a stream. Fails for any line that is not a data line."""
    blocks = text.split("\n\n")
    assert blocks.pop() == ""
    assert all(block.startswith("data: ") and "\n" not in block for block in blocks)
    return [block.removeprefix("data: ") for block in blocks]
