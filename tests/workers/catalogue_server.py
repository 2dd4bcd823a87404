"""A Fogbank with the packaged catalogue on fake engines, for Workers that name real models."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fogbank.catalog.loader import load_catalog
from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.engines import fake_answers
from fogbank.engines.fake import FakeEngine
from fogbank.settings import package_data
from fogbank.tasks import TextGenerationRequest
from tests.server import Running, live, running, settings

FAMILIES = ("llama-instruct", "instruct", "chat")
EMBEDDINGS = "@cf/baai/bge-small-en-v1.5"
RERANKER = "@cf/baai/bge-reranker-base"


@dataclass
class Script:
    """What the text engine says next, oldest first; an echo when there is nothing left."""

    lines: deque[str] = field(default_factory=deque)

    def __call__(self, request: TextGenerationRequest) -> str:
        return self.lines.popleft() if self.lines else fake_answers.echo(request)


@dataclass(frozen=True)
class CatalogueServer:
    """Where it listens, the server in this process, and what its text engine is told to say."""

    url: str
    fogbank: Running
    script: Script

    @property
    def engine(self) -> FakeEngine:
        """The text engine."""
        return self.fogbank.engine

    @property
    def asked(self) -> list[TextGenerationRequest]:
        """The requests that the text engine got, oldest first."""
        return [item for item in self.engine.requests if isinstance(item, TextGenerationRequest)]


@asynccontextmanager
async def catalogue_server(data_dir: Path) -> AsyncIterator[CatalogueServer]:
    """On a loopback port: every instruct model, one for embeddings and the reranker."""
    script = Script()
    cards = load_catalog(package_data(), None)
    async with running(settings(data_dir), _profile(script), cards=cards) as fogbank:
        async with live(fogbank.server) as url:
            yield CatalogueServer(url, fogbank, script)


def _profile(script: Script) -> Profile:
    return Profile(
        name="catalogue",
        description="Fake engines for models of the catalogue.",
        hardware="cpu",
        engines={
            "text": EngineSpec(engine="fake", options={"answer": script}),
            "embed": EngineSpec(engine="fake", task="Text Embeddings"),
        },
        families={family: Served(engine="text") for family in FAMILIES},
        models={EMBEDDINGS: Served(engine="embed"), RERANKER: Served(engine="embed")},
    )
