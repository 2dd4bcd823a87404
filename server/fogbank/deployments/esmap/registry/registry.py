"""The recorded versions of the models: registered, given artifacts, shown."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from fogbank.clock import Clock
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.history import stored
from fogbank.deployments.esmap.registry import audit, current, versions
from fogbank.deployments.esmap.registry.errors import Conflict, Invalid, NotRecorded, TooLarge
from fogbank.deployments.esmap.registry.version import NAME, Artifact, Version, shown
from fogbank.storage import artifacts
from fogbank.storage.artifacts import ArtifactRefused, ArtifactStore, ArtifactTooLarge
from fogbank.storage.sql import Database, Sql

MOST_ARTIFACTS = 100


class Registry:
    """The versions of one deployment's models. Methods raise RegistryError and SqlUnavailable.

    An artifact has at most `artifact_bytes`. `actor` is who asks, for the audit.
    """

    def __init__(
        self,
        cards: Mapping[str, ModelCard],
        database: Database,
        store: ArtifactStore,
        clock: Clock,
        artifact_bytes: int,
    ) -> None:
        self._cards = cards
        self._database = database
        self._store = store
        self._clock = clock
        self._artifact_bytes = artifact_bytes

    def card(self, model_id: str) -> ModelCard:
        """The card of a model. Raises NotRecorded."""
        card = self._cards.get(model_id)
        if card is None:
            known = ", ".join(self._cards)
            raise NotRecorded(f"there is no model {model_id!r}; there are: {known}")
        return card

    async def get(self, model_id: str, name: str) -> Version:
        """A recorded version. Raises NotRecorded."""
        self.card(model_id)
        found = await self._database.run(versions.find, model_id, name)
        if found is None:
            raise NotRecorded(f"{model_id} has no version {name!r}; register it first")
        return found

    async def active(self, model_id: str) -> current.Current:
        """The active version of a model. Raises NotRecorded."""
        self.card(model_id)
        found = await self._database.run(current.find, model_id)
        if found is None:
            raise NotRecorded(f"{model_id} is not recorded in the registry's database yet")
        return found

    async def shown(self, model_id: str, name: str | None = None) -> list[dict[str, Any]]:
        """The versions of a model as the API shows them, newest first; only one, by `name`."""
        now = await self.active(model_id)
        found = (
            await self._database.run(versions.of_model, model_id)
            if name is None
            else [await self.get(model_id, name)]
        )
        return [each.shown(now.version) for each in found]

    async def models(self) -> list[dict[str, Any]]:
        """The active version of each model of this server."""
        rows = await self._database.run(current.every)
        return [
            {
                "model_id": row.model_id,
                "version": row.version,
                "revision": row.revision,
                "chosen_by": row.chosen_by or audit.FOGBANK,
                "since": row.updated_at,
                "packaged_version": self._cards[row.model_id].version,
            }
            for row in rows
            if row.model_id in self._cards
        ]

    async def register(
        self,
        model_id: str,
        name: str,
        changes: str,
        overrides: Mapping[str, Any],
        announced: tuple[Artifact, ...],
        actor: str,
    ) -> Version:
        """Records a version: the card's config with these keys replaced.

        `announced` artifacts are uploaded later, with just this content. Raises Conflict for a
        version that is recorded already: what a version is never changes.
        """
        card = self.card(model_id)
        if not NAME.fullmatch(name):
            raise Invalid(f"{name[:80]!r} is no version: expected one such as 1.2.0 or 2.0.0-rc.1")
        for artifact in announced:
            _check_name(artifact.name)
        now = self._clock.now()
        config = orjson.loads(orjson.dumps({**card.config, **overrides}))
        made = Version(model_id, name, changes, config, stored(now), actor, announced)
        details = {"changes": changes, "config": dict(overrides)}

        def record(sql: Sql) -> None:
            with sql.transaction():
                if not versions.insert(sql, made):
                    raise Conflict(f"{model_id} has a version {name} already; choose another name")
                audit.write(
                    sql, audit.Entry(actor, "register", model_id, name, details=details), now
                )

        await self._database.run(record)
        return made

    async def upload(
        self,
        model_id: str,
        name: str,
        file: str,
        parts: AsyncIterator[bytes],
        expected: str | None,
        actor: str,
    ) -> Artifact:
        """Keeps an artifact of a version. The same content again changes nothing.

        Raises Conflict for another content under a known name, and for a version that was
        deployed already; Invalid for another sha256 than expected.
        """
        _check_name(file)
        if expected is not None and not artifacts.SHA256.fullmatch(expected):
            raise Invalid("sha256 is no SHA-256: expected 64 hexadecimal digits in lower case")
        found = await self.get(model_id, name)
        _takes(found, file)
        known = found.artifact(file)
        wanted = known.sha256 if known else None
        if wanted and expected and wanted != expected:
            raise _another(file, name)
        try:
            stored_file = await self._store.put(parts, self._artifact_bytes, expected or wanted)
        except ArtifactTooLarge as error:
            raise TooLarge(str(error)) from error
        except ArtifactRefused as error:
            raise Invalid(str(error)) from error
        artifact = Artifact(file, stored_file.sha256, stored_file.size)
        await self._database.run(self._attach, found, artifact, actor)
        return artifact

    def _attach(self, sql: Sql, version: Version, artifact: Artifact, actor: str) -> None:
        with sql.transaction():
            now = versions.find(sql, version.model_id, version.version)
            assert now is not None  # versions are never deleted
            known = now.artifact(artifact.name)
            if known is not None and known.sha256 != artifact.sha256:
                raise _another(artifact.name, version.version)
            if known is None:
                _takes(now, artifact.name)
                versions.set_artifacts(sql, now.with_artifact(artifact))
            entry = audit.Entry(
                actor,
                "upload",
                version.model_id,
                version.version,
                details={"artifact": shown(artifact)},
            )
            audit.write(sql, entry, self._clock.now())

    async def trail(
        self, model_id: str | None, before: str | None, limit: int
    ) -> list[dict[str, Any]]:
        """The audit, newest first, of one model or of all, older than the id `before`."""
        if model_id is not None:
            self.card(model_id)
        return await self._database.run(audit.read, model_id, before, limit)

    async def note(self, entry: audit.Entry) -> None:
        """Writes down what was done outside a transaction of its own."""

        def work(sql: Sql) -> None:
            with sql.transaction():
                audit.write(sql, entry, self._clock.now())

        await self._database.run(work)


def _check_name(name: str) -> None:
    if not artifacts.NAME.fullmatch(name):
        raise Invalid(
            f"{name[:80]!r} is no name of an artifact: letters, digits, '.', '_' and '-' are"
            " taken, 128 at most, and no dot at the start"
        )


def _takes(version: Version, file: str) -> None:
    """Raises Conflict where a version can have no artifact more."""
    if version.artifact(file) is not None:
        return
    if version.deployed_at is not None or version.packaged:
        raise Conflict(
            f"version {version.version} was deployed, or came with Fogbank, so it gets no further"
            " artifact; register another version"
        )
    if len(version.artifacts) >= MOST_ARTIFACTS:
        raise Conflict(f"version {version.version} has {MOST_ARTIFACTS} artifacts, which is most")


def _another(file: str, version: str) -> Conflict:
    return Conflict(
        f"{file} of version {version} has another content, which never changes; register another"
        " version"
    )
