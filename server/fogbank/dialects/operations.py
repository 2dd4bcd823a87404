"""What operators ask the server: health, metrics, and the engines it has loaded."""

from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Scope, Send

from fogbank.catalog.profile import Profile
from fogbank.dialects.asgi import send_bytes, send_json
from fogbank.dialects.engine_metrics import EngineMetrics
from fogbank.runtime.runtime import Runtime
from fogbank.runtime.supervisor import Supervisor
from fogbank.telemetry.metrics import CONTENT_TYPE, Metrics


class Operations:
    """The answers of `/health/*`, `/metrics` and `/fogbank/*`, one method a route.

    `asks_for_keys` tells whether health, which is open to everybody, should keep to itself why an
    engine failed: the text may name files of this machine.
    """

    def __init__(
        self,
        runtime: Runtime,
        profile: Profile,
        metrics: Metrics,
        asks_for_keys: Callable[[], bool],
    ) -> None:
        self._runtime = runtime
        self._profile = profile
        self._metrics = metrics
        self._asks_for_keys = asks_for_keys
        self._names: dict[str, list[str]] = {name: [] for name in runtime.engines}
        for name, served in runtime.served.items():
            self._names[served.engine].append(name)
        metrics.add(EngineMetrics(runtime))

    async def live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 while the process answers."""
        await send_json(send, 200, {"live": True})

    async def ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 once every engine that the profile loads at start is ready, else 503; per model."""
        required = [e for e in self._runtime.engines.values() if e.spec.load == "start"]
        ready = not self._runtime.draining and all(engine.available for engine in required)
        open_door = not self._asks_for_keys()
        models = {
            name: {
                "ready": engine.ready,
                "state": engine.state,
                **({"error": engine.error} if open_door else {}),
                "names": self._names[name],
            }
            for name, engine in self._runtime.engines.items()
        }
        body = {
            "ready": ready,
            "draining": self._runtime.draining,
            "profile": self._profile.name,
            "models": models,
        }
        await send_json(send, 200 if ready else 503, body)

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The Prometheus exposition."""
        await send_bytes(send, 200, CONTENT_TYPE.encode(), self._metrics.render())

    async def models(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every card: whether this profile serves it, on which engine, and what stands in."""
        rows = []
        for name, card in self._runtime.catalog.cards.items():
            served = self._runtime.served.get(name)
            engine = self._runtime.engines[served.engine] if served else None
            rows.append(
                {
                    "name": name,
                    "task": card.task,
                    "engine": engine.name if engine else None,
                    "state": engine.state if engine else None,
                    "stands_in": served.stands_in if served else None,
                    "profiles": () if served else self._runtime.catalog.profiles_with(name),
                }
            )
        await send_json(send, 200, {"profile": self._profile.name, "models": rows})

    async def engines(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Every engine of the profile, with what it is doing."""
        rows = [self._engine_row(engine) for engine in self._runtime.engines.values()]
        await send_json(send, 200, {"profile": self._profile.name, "engines": rows})

    async def load(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begins to load an engine: 202, or 404 where there is no such engine."""
        await self._ask(scope, send, Supervisor.load)

    async def unload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Unloads an engine once nobody uses it; the next request loads it again."""
        await self._ask(scope, send, Supervisor.unload)

    async def _ask(self, scope: Scope, send: Send, ask: Any) -> None:
        name = scope["path_params"]["engine"]
        engine = self._runtime.engines.get(name)
        if engine is None:
            known = ", ".join(self._runtime.engines)
            await send_json(send, 404, {"error": f"no engine {name!r}; this profile has {known}"})
            return
        ask(engine)
        await send_json(send, 202, self._engine_row(engine))

    def _engine_row(self, engine: Supervisor) -> dict[str, Any]:
        loaded = engine.engine
        return {
            "name": engine.name,
            "engine": engine.spec.engine,
            "task": engine.spec.task,
            "state": engine.state,
            "error": engine.error,
            "restarts": engine.restarts,
            "running": loaded.running if loaded else 0,
            "waiting": self._runtime.waiting(engine.name),
            "context_window": loaded.context_window if loaded else None,
            "models": self._names[engine.name],
        }
