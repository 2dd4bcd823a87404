"""Changes which version answers: promote, roll back, follow what the database says.

The database decides. A change is one transaction there, then one assignment here; a server that
dies in between, or that another one shares its database with, follows within a second. Revisions
only grow, so that whatever comes late never undoes what came after it.
"""

from typing import Any

import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.model import Loaded
from fogbank.deployments.esmap.registry import audit, current, versions
from fogbank.deployments.esmap.registry.current import Change, Current
from fogbank.deployments.esmap.registry.errors import Conflict
from fogbank.deployments.esmap.registry.loader import Loader, NotLoadable, fingerprint
from fogbank.deployments.esmap.registry.registry import Registry
from fogbank.deployments.esmap.registry.validation import Report, Validator
from fogbank.deployments.esmap.registry.version import Version
from fogbank.storage.sql import Database, Sql

AGAIN = 30.0
"""Seconds after which a version that cannot be loaded is tried again."""

log = structlog.get_logger("fogbank.esmap")


class Deployer:
    """Methods raise RegistryError and SqlUnavailable."""

    def __init__(
        self,
        active: Active,
        registry: Registry,
        loader: Loader,
        validator: Validator,
        database: Database,
        clock: Clock,
    ) -> None:
        self._active = active
        self._registry = registry
        self._loader = loader
        self._validator = validator
        self._database = database
        self._clock = clock
        self._revisions: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    async def validate(self, model_id: str, name: str, actor: str) -> Report:
        """Every check of a version, written to the audit."""
        version = await self._registry.get(model_id, name)
        return await self._validated(version, actor, None)

    async def promote(
        self,
        model_id: str,
        name: str,
        actor: str,
        *,
        force: bool = False,
        details: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Validates a version and makes it the active one; the active one again changes nothing.

        `force` leaves out the checks of the history. Raises Conflict, with the report where the
        version did not pass, and where another change came first.
        """
        version = await self._registry.get(model_id, name)
        before = await self._registry.active(model_id)
        if before.version == name:
            return _told(before.revision, name, name, changed=False)
        report = await self._validated(version, actor, "left out: forced" if force else None)
        if not report.passed or report.loaded is None:
            hint = "" if force else _hint(report)
            raise Conflict(
                f"version {name} of {model_id} is not deployed: {', '.join(report.failed)}{hint}",
                {"report": report.shown()},
            )
        said = {**(details or {}), **({"force": True} if force else {})}
        entry = audit.Entry(actor, "promote", model_id, name, before.version, said)
        revision = await self._change(Change(before, version, entry), report.loaded)
        return {
            **_told(revision, name, before.version, changed=True),
            "report": report.shown(),
        }

    async def rollback(
        self, model_id: str, name: str | None, actor: str, *, validate: bool = False
    ) -> dict[str, Any]:
        """Makes the version before the active one again; or `name`, which was active once.

        It must load; golden inputs are run only where asked. Raises Conflict.
        """
        before = await self._registry.active(model_id)
        target = name or (await self._registry.get(model_id, before.version)).replaced
        if target is None:
            raise Conflict(f"{model_id} has no version before {before.version}")
        version = await self._registry.get(model_id, target)
        if target == before.version:
            raise Conflict(f"version {target} of {model_id} is the active one already")
        if version.deployed_at is None:
            raise Conflict(f"version {target} of {model_id} never answered; promote it instead")
        report = None
        if validate:
            report = await self._validated(version, actor, "left out: a rollback")
            if not report.passed:
                raise Conflict(
                    f"version {target} of {model_id} is not deployed: {', '.join(report.failed)}",
                    {"report": report.shown()},
                )
        try:
            loaded = (report and report.loaded) or await self._loader.load(version)
        except NotLoadable as error:
            raise Conflict(f"version {target} of {model_id} cannot be loaded: {error}") from error
        entry = audit.Entry(
            actor, "rollback", model_id, target, before.version, {"named": name is not None}
        )
        revision = await self._change(Change(before, version, entry), loaded)
        told = _told(revision, target, before.version, changed=True)
        return {**told, "report": report.shown()} if report else told

    async def follow(self) -> None:
        """Makes what the database says the version that answers here."""
        for row in await self._database.run(current.every):
            late = row.revision <= self._revisions.get(row.model_id, 0)
            waits = self._clock.monotonic() < self._not_before.get(row.model_id, 0)
            if row.model_id in self._active.cards and not late and not waits:
                await self._adopt(row)

    def forsake(self, reason: str) -> None:
        """Lets no model answer while nobody knows which version should."""
        for model_id in set(self._active.cards) - set(self._revisions):
            self._active.drop(model_id, reason)

    async def _adopt(self, row: Current) -> None:
        version = await self._database.run(versions.find, row.model_id, row.version)
        served = self._active.get(row.model_id)
        try:
            if version is None:
                raise NotLoadable(f"version {row.version} is not recorded")
            wanted = fingerprint(self._active.cards[row.model_id], version)
            if served is None or served.fingerprint != wanted:
                served = await self._loader.load(version)
        except NotLoadable as error:
            self._not_before[row.model_id] = self._clock.monotonic() + AGAIN
            told = f"version {row.version} cannot be loaded: {error}"
            log.error("model is not available", model=row.model_id, reason=told)
            if row.model_id not in self._revisions:
                self._active.drop(row.model_id, told)
            return
        self._swap(served, row.revision)

    async def _change(self, change: Change, loaded: Loaded) -> int:
        def work(sql: Sql) -> int:
            with sql.transaction():
                return current.change(sql, change, self._clock.now())

        revision = await self._database.run(work)
        self._swap(loaded, revision)
        entry = change.entry
        log.info(
            entry.action,
            model=entry.model_id,
            version=entry.version,
            before=entry.from_version,
            actor=entry.actor,
        )
        return revision

    def _swap(self, loaded: Loaded, revision: int) -> None:
        model_id = loaded.card.id
        if revision > self._revisions.get(model_id, 0):
            self._revisions[model_id] = revision
            self._not_before.pop(model_id, None)
            self._active.swap(loaded)

    async def _validated(self, version: Version, actor: str, without_history: str | None) -> Report:
        card = self._registry.card(version.model_id)
        report = await self._validator.validate(card, version, without_history)
        entry = audit.Entry(
            actor, "validate", version.model_id, version.version, details=report.shown()
        )
        await self._registry.note(entry)
        return report


def _told(revision: int, version: str, before: str, *, changed: bool) -> dict[str, Any]:
    return {"version": version, "from_version": before, "revision": revision, "changed": changed}


def _hint(report: Report) -> str:
    if set(report.failed) <= {"latency", "error_rate"}:
        return " (of the version that answers now; to replace it all the same, use force)"
    return ""
