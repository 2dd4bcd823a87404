"""The remote engine: a model on any OpenAI-compatible server, such as vLLM on another machine."""

import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager
from typing import Any, Literal

import orjson

from fogbank.engines import remote_wire
from fogbank.engines.base import (
    EngineDead,
    EngineRefused,
    EngineUnavailable,
    Health,
)
from fogbank.engines.remote_client import RemoteClient
from fogbank.engines.remote_probe import RemoteProbe
from fogbank.tasks import (
    TEXT_EMBEDDINGS,
    TEXT_GENERATION,
    TaskRequest,
    TaskResult,
    TextChunk,
    TextEmbeddingsRequest,
    TextGenerationRequest,
)


class RemoteEngine:
    """An `Engine` for one `task` of the server at `url`, where the model is called `model`.

    `api_key_env` names the environment variable with the server's key. `timeout` is the longest
    silence of the server in seconds. `context_window` counts where the server does not say its own
    (max_model_len of /v1/models). `pooling` is what the server does for embeddings: the other kind
    is then refused; None leaves that unknown. `probe_interval` is in seconds.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        model: str,
        task: str = TEXT_GENERATION,
        api_key_env: str | None = None,
        timeout: float = 120.0,
        context_window: int = 0,
        pooling: Literal["mean", "cls"] | None = None,
        probe_interval: float = 2.0,
    ) -> None:
        if task not in (TEXT_GENERATION, TEXT_EMBEDDINGS):
            raise ValueError(
                f"the remote engine has no task {task!r}: OpenAI's API has only "
                f"{TEXT_GENERATION!r} and {TEXT_EMBEDDINGS!r}"
            )
        RemoteClient.check(url)
        self.name = name
        self._url = url
        self._model = model
        self._task = task
        self._api_key_env = api_key_env
        self._timeout = timeout
        self._context_window = context_window
        self._pooling = pooling
        self._probe_interval = probe_interval
        self._client: RemoteClient | None = None
        self._probe: RemoteProbe | None = None
        self._running = 0

    async def start(self) -> None:
        """Asks the server for its health and the model; raises EngineUnavailable without either."""
        if self._client is not None:
            await self.stop()
        client = RemoteClient(self._url, self._api_key(), self._timeout)
        probe = RemoteProbe(client, self._probe_interval)
        try:
            await self._find_model(client)
            await probe.start()
        except BaseException:
            await client.close()
            raise
        self._client, self._probe = client, probe

    async def stop(self) -> None:
        """Closes every connection; what is in flight ends with EngineDead."""
        client, probe = self._client, self._probe
        self._client = self._probe = None
        if probe is not None:
            await probe.stop()
        if client is not None:
            await client.close()

    def health(self) -> Health:
        """DEAD from a failed request or probe until a probe succeeds."""
        if self._probe is None:
            return Health.STOPPED
        return Health.READY if self._probe.alive else Health.DEAD

    @property
    def context_window(self) -> int:
        return self._context_window

    @property
    def running(self) -> int:
        return self._running

    @property
    def takes_lora(self) -> bool:
        return False

    @property
    def continues(self) -> bool:
        return False

    def gauges(self) -> Mapping[str, float]:
        return {}

    async def encode(self, request: TextGenerationRequest) -> list[int] | None:
        return None

    async def run(self, request: TaskRequest) -> TaskResult:
        client = self._ready(request)
        with self._in_flight():
            if isinstance(request, TextGenerationRequest):
                path, body = remote_wire.generation_body(self._model, request, stream=False)
                return remote_wire.generation_result(await client.post(path, body))
            assert isinstance(request, TextEmbeddingsRequest)
            body = {"model": self._model, "input": request.texts, "encoding_format": "float"}
            return remote_wire.embeddings(await client.post("embeddings", body), len(request.texts))

    async def stream(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        client = self._ready(request)
        path, body = remote_wire.generation_body(self._model, request, stream=True)
        reader = remote_wire.ChunkReader()
        with self._in_flight():
            async with aclosing(client.events(path, body)) as events:
                async for data in events:
                    if (chunk := reader.read(data)) is not None:
                        yield chunk
            if reader.last is None:
                raise EngineDead(f"{self._url} ended the answer in the middle")
        yield reader.last

    def _ready(self, request: TaskRequest) -> RemoteClient:
        wanted = TextGenerationRequest if self._task == TEXT_GENERATION else TextEmbeddingsRequest
        if not isinstance(request, wanted):
            raise EngineRefused(f"{self.name} is configured for {self._task}, not for this task")
        if isinstance(request, TextEmbeddingsRequest) and self._pooling not in (
            None,
            request.pooling,
        ):
            raise EngineRefused(f"pooling {request.pooling!r}: this model has {self._pooling!r}")
        if self._client is None:
            raise EngineUnavailable(f"the engine {self.name} is not started")
        return self._client

    @contextmanager
    def _in_flight(self) -> Iterator[None]:
        self._running += 1
        try:
            yield
        except (EngineUnavailable, EngineDead):
            if self._probe is not None:
                self._probe.ask_now()
            raise
        finally:
            self._running -= 1

    def _api_key(self) -> str | None:
        if self._api_key_env is None:
            return None
        key = os.environ.get(self._api_key_env)
        if not key:
            raise EngineUnavailable(
                f"{self.name}: api_key_env names the variable {self._api_key_env}, which is not set"
            )
        return key

    async def _find_model(self, client: RemoteClient) -> None:
        """Checks that the server has the model and takes over its context window."""
        status, body = await client.get("/v1/models")
        if status in (404, 405):  # a server without a list
            return
        if status != 200:
            raise remote_wire.status_error(status, body)
        try:
            models: dict[str, dict[str, Any]] = {
                model["id"]: model for model in orjson.loads(body)["data"]
            }
        except (ValueError, KeyError, TypeError) as error:
            raise EngineUnavailable(f"{client.url}/v1/models is not a list of models") from error
        if self._model not in models:
            known = ", ".join(sorted(models)[:10]) or "none"
            raise EngineUnavailable(f"{client.url} has no model {self._model!r}; it has: {known}")
        if isinstance(length := models[self._model].get("max_model_len"), int):
            self._context_window = length
