"""The Fogbank that the recorded calls are made against: the packaged catalogue on fake engines."""

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fogbank.catalog.catalog import Catalog
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.engines import fake_answers
from fogbank.settings import package_data
from fogbank.tasks import TextGenerationRequest
from tests.server import live, running, settings
from tests.workers.capture.recorded_answers import RecordedAnswers
from tests.workers.capture.recording import recording

LLAMA = "@cf/meta/llama-3.1-8b-instruct"
CUT_MODEL = "@cf/lab/midstream"
"""The recording's made-up model whose stream breaks off."""
ENGINES = {
    "text": ("Text Generation", LLAMA, "@hf/nousresearch/hermes-2-pro-mistral-7b"),
    "embed": ("Text Embeddings", "@cf/baai/bge-base-en-v1.5"),
    "classify": ("Text Classification", "@cf/huggingface/distilbert-sst-2-int8"),
    "speech": (
        "Automatic Speech Recognition",
        "@cf/openai/whisper",
        "@cf/openai/whisper-large-v3-turbo",
    ),
    "images": ("Image Classification", "@cf/microsoft/resnet-50"),
    "translate": ("Translation", "@cf/meta/m2m100-1.2b"),
    "summarize": ("Summarization", "@cf/facebook/bart-large-cnn"),
}
"""Task and models of each fake engine."""


@asynccontextmanager
async def served(
    data_dir: Path, replayed: Collection[str]
) -> AsyncIterator[tuple[str, RecordedAnswers]]:
    """Fogbank on a loopback port, behind the recorded answers of the calls in `replayed`."""
    config = settings(data_dir, faults=True)
    async with running(config, _profile(), cards=_catalog()) as fogbank:
        answers = RecordedAnswers(fogbank.server.asgi, recording(), replayed)
        async with live(replace(fogbank.server, asgi=answers)) as url:
            yield url, answers


def _catalog() -> Catalog:
    """The packaged cards, one of which answers to the recording's made-up name too."""
    packaged = load_catalog(package_data(), None)
    llama = packaged.cards[LLAMA]
    named = llama.model_copy(update={"aliases": (*llama.aliases, CUT_MODEL)})
    return Catalog({**packaged.cards, LLAMA: named}, {})


def _profile() -> Profile:
    return Profile(
        name="captures",
        description="Fake engines for every model of the recording.",
        hardware="cpu",
        engines={
            name: EngineSpec.model_validate(
                {"engine": "fake", "task": task, "options": _options(name)}
            )
            for name, (task, *_) in ENGINES.items()
        },
        models={
            model: Served(engine=name) for name, (_, *models) in ENGINES.items() for model in models
        },
    )


def _options(engine: str) -> dict[str, object]:
    return {"answer": _answer} if engine == "text" else {}


def _answer(request: TextGenerationRequest) -> str:
    """A call of the first tool, all that a schema names, or an echo."""
    if request.tools:
        tool = request.tools[0]
        return json.dumps({"name": tool.name, "parameters": _whole(tool.parameters)})
    if request.constraint is not None and request.constraint.kind == "json":
        schema = json.loads(request.constraint.text)
        if "properties" in schema:
            return json.dumps(_whole(schema))
    return fake_answers.echo(request)


def _whole(schema: Mapping[str, Any]) -> object:
    """An instance that has what is not required too."""
    asked = {**schema, "required": list(schema["properties"])}
    return fake_answers.instance(asked, asked)
