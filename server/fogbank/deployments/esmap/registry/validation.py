"""What must hold before a version is deployed."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fogbank.clock import Clock
from fogbank.deployments.esmap import history
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import Loaded
from fogbank.deployments.esmap.registry.audit import FOGBANK
from fogbank.deployments.esmap.registry.golden import mismatches
from fogbank.deployments.esmap.registry.loader import Loader, NotLoadable
from fogbank.deployments.esmap.registry.trial import Trial, attempt
from fogbank.deployments.esmap.registry.version import Version
from fogbank.runtime.runtime import Runtime
from fogbank.storage.sql import Database

WINDOW = timedelta(hours=1)
LATENCY = 2000.0
"""Milliseconds that the last hour may have taken on average (deployments.md, A)."""

ERROR_RATE = 0.05
TOLD = 5
"""Golden inputs that a check tells of, at most."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold; `passed` is None where it was not looked at."""

    name: str
    passed: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of a version, and the version itself where it can be loaded."""

    version: Version
    checks: tuple[Check, ...]
    loaded: Loaded | None

    @property
    def passed(self) -> bool:
        """Whether nothing is against the version."""
        return all(check.passed is not False for check in self.checks)

    @property
    def failed(self) -> list[str]:
        """The names of the checks that are against it."""
        return [check.name for check in self.checks if check.passed is False]

    def shown(self) -> dict[str, Any]:
        """As the API and the audit have it."""
        return {
            "version": self.version.version,
            "passed": self.passed,
            "checks": [
                {"name": each.name, "passed": each.passed, "detail": each.detail}
                for each in self.checks
            ],
        }


class Validator:
    """Validates versions of models."""

    def __init__(self, loader: Loader, runtime: Runtime, database: Database, clock: Clock) -> None:
        self._loader = loader
        self._runtime = runtime
        self._database = database
        self._clock = clock

    async def validate(
        self, card: ModelCard, version: Version, without_history: str | None = None
    ) -> Report:
        """Every check; those of the history are left out where `without_history` says why."""
        by = version.created_by or FOGBANK
        checks = [Check("exists", True, f"registered by {by}, {version.created_at}")]
        artifacts, loaded = await self._load(version)
        checks += artifacts
        if loaded is not None:
            trials = [await attempt(loaded, golden.input, self._runtime) for golden in card.golden]
            checks += [_golden(card, trials), _golden_latency(card, trials)]
        if without_history is None:
            checks += await self._history(card)
        else:
            checks += [Check(name, None, without_history) for name in ("latency", "error_rate")]
        return Report(version, tuple(checks), loaded)

    async def _load(self, version: Version) -> tuple[list[Check], Loaded | None]:
        count = len(version.artifacts)
        try:
            await self._loader.files(version)
        except NotLoadable as error:
            return [Check("artifacts", False, str(error))], None
        told = f"{count} present, each with its sha256" if count else "it has none"
        checks = [Check("artifacts", True, told)]
        try:
            loaded = await self._loader.load(version)
        except NotLoadable as error:
            return [*checks, Check("loads", False, str(error))], None
        return [*checks, Check("loads", True, "built from its config and artifacts")], loaded

    async def _history(self, card: ModelCard) -> list[Check]:
        since = self._clock.now() - WINDOW
        average, rate = await asyncio.gather(
            self._database.run(history.latency, card.id, since),
            self._database.run(history.error_rate, card.id, since),
        )
        limit = max(LATENCY, card.deadline * 1000)
        slow = f"{average or 0:.0f} ms on average in the last hour, under {limit:.0f} ms allowed"
        bad = f"{rate or 0:.1%} failed in the last hour, under {ERROR_RATE:.0%} allowed"
        nothing = "no inferences in the last hour"
        return [
            Check(
                "latency", average is None or average < limit, nothing if average is None else slow
            ),
            Check(
                "error_rate", rate is None or rate < ERROR_RATE, nothing if rate is None else bad
            ),
        ]


def _golden(card: ModelCard, trials: list[Trial]) -> Check:
    told = []
    for number, (golden, trial) in enumerate(zip(card.golden, trials, strict=True)):
        wrong = [trial.error] if trial.error else mismatches(golden, trial.result)
        told += [f"golden input {number}: {each}" for each in wrong]
    if not told:
        return Check("golden", True, f"{len(trials)} of {len(trials)} golden inputs hold")
    more = f"; and {len(told) - TOLD} more" if len(told) > TOLD else ""
    return Check("golden", False, "; ".join(told[:TOLD]) + more)


def _golden_latency(card: ModelCard, trials: list[Trial]) -> Check:
    slowest = max(trial.milliseconds for trial in trials)
    detail = f"{slowest:.1f} ms at most, under the deadline of {card.deadline * 1000:.0f} ms"
    return Check("golden_latency", slowest < card.deadline * 1000, detail)
