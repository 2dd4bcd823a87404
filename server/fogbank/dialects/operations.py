"""What operators ask the server: health, metrics, and the engines it has loaded."""

from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from starlette.types import Receive, Scope, Send

from fogbank.catalog.profile import Profile
from fogbank.dialects.asgi import send_bytes, send_json
from fogbank.runtime.runtime import Runtime
from fogbank.runtime.supervisor import State, Supervisor
from fogbank.telemetry.metrics import CONTENT_TYPE, Metrics


class Operations:
    """The answers of `/health/*`, `/metrics` and `/fogbank/*`, one method a route."""

    def __init__(self, runtime: Runtime, profile: Profile, metrics: Metrics) -> None:
        self._runtime = runtime
        self._profile = profile
        self._metrics = metrics
        self._names: dict[str, list[str]] = {name: [] for name in runtime.engines}
        for name, served in runtime.served.items():
            self._names[served.engine].append(name)
        metrics.add(self._engine_metrics)

    async def live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 while the process answers."""
        await send_json(send, 200, {"live": True})

    async def ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 once every engine that the profile loads at start is ready, else 503; per model."""
        required = [e for e in self._runtime.engines.values() if e.spec.load == "start"]
        ready = not self._runtime.draining and all(engine.available for engine in required)
        models = {
            name: {
                "ready": engine.ready,
                "state": engine.state,
                "error": engine.error,
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

    def _engine_metrics(self) -> list[Metric]:
        running = GaugeMetricFamily(
            "fogbank_requests_running",
            "Requests as the engine itself counts them.",
            labels=["engine"],
        )
        waiting = GaugeMetricFamily(
            "fogbank_requests_waiting", "Requests that wait for a permit.", labels=["engine"]
        )
        restarts = GaugeMetricFamily(
            "fogbank_engine_restarts", "Times the engine died and was rebuilt.", labels=["engine"]
        )
        state = GaugeMetricFamily(
            "fogbank_engine_state", "1 for the state the engine is in.", labels=["engine", "state"]
        )
        cache = GaugeMetricFamily(
            "fogbank_cache",
            "Of engines that have a KV cache: its use (0 to 1), prefix tokens looked up and found.",
            labels=["engine", "what"],
        )
        for name, engine in self._runtime.engines.items():
            loaded = engine.engine
            running.add_metric([name], loaded.running if loaded else 0)
            waiting.add_metric([name], self._runtime.waiting(name))
            restarts.add_metric([name], engine.restarts)
            for possible in State:
                state.add_metric([name, possible], float(engine.state is possible))
            for what, value in (loaded.gauges() if loaded else {}).items():
                cache.add_metric([name, what], value)
        return [running, waiting, restarts, state, cache]
