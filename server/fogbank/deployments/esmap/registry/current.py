"""Which version of a model answers: its row of esmap_models, of which there is one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.history import stored
from fogbank.deployments.esmap.registry import audit, versions
from fogbank.deployments.esmap.registry.errors import Conflict, NotRecorded
from fogbank.deployments.esmap.registry.version import Version, written_config
from fogbank.storage.sql import Row, Sql


@dataclass(frozen=True, slots=True)
class Current:
    """`revision` counts the changes; `chosen_by` made the last one, None for Fogbank itself."""

    model_id: str
    version: str
    revision: int
    chosen_by: str | None
    updated_at: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """From the table."""
        return cls(row["id"], row["version"], row["revision"], row["chosen_by"], row["updated_at"])


@dataclass(frozen=True, slots=True)
class Change:
    """Another version is to answer: `version`, as it was loaded, in the place of `before`.

    `entry` is what the audit says of it, and whose choice it is.
    """

    before: Current
    version: Version
    entry: audit.Entry


def find(sql: Sql, model_id: str) -> Current | None:
    """The active version of a model."""
    rows = sql.execute("select * from esmap_models where id = ?", model_id)
    return Current.of(rows[0]) if rows else None


def every(sql: Sql) -> list[Current]:
    """The active version of every model that was ever served from this database."""
    return [Current.of(row) for row in sql.execute("select * from esmap_models order by id")]


def begin(sql: Sql, card: ModelCard, now: datetime) -> None:
    """The first active version of a model: the packaged one."""
    at = stored(now)
    sql.execute(
        "insert into esmap_models (id, name, description, type, domain, provider, model_id,"
        " version, status, config, created_at, updated_at, revision)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        card.id,
        card.name,
        card.description,
        card.type,
        card.domain,
        card.provider,
        card.model_id,
        card.version,
        card.status,
        written_config(card.config),
        at,
        at,
    )
    _deployed(sql, card.id, card.version, None, at)
    audit.write(sql, audit.Entry(audit.FOGBANK, "promote", card.id, card.version), now)


def describe(sql: Sql, card: ModelCard) -> None:
    """What the card says of the model now."""
    sql.execute(
        "update esmap_models set name = ?, description = ?, type = ?, domain = ?, provider = ?,"
        " model_id = ?, status = ? where id = ?",
        card.name,
        card.description,
        card.type,
        card.domain,
        card.provider,
        card.model_id,
        card.status,
        card.id,
    )


def change(sql: Sql, asked: Change, now: datetime) -> int:
    """Makes another version the active one, in the caller's transaction; the new revision.

    Raises Conflict when another change, or another artifact, came first.
    """
    before, version, entry = asked.before, asked.version, asked.entry
    at = stored(now)
    rows = sql.execute(
        "update esmap_models set version = ?, config = ?, updated_at = ?, chosen_by = ?,"
        " revision = revision + 1 where id = ? and revision = ? returning revision",
        version.version,
        written_config(version.config),
        at,
        None if entry.actor == audit.FOGBANK else entry.actor,
        before.model_id,
        before.revision,
    )
    if not rows:
        raise Conflict(
            f"the active version of {before.model_id} was changed meanwhile by another promotion"
            " or rollback; look at it and decide again"
        )
    recorded = versions.find(sql, version.model_id, version.version)
    if recorded is None:
        raise NotRecorded(f"{version.model_id} has no version {version.version}")
    if recorded.artifacts != version.artifacts:
        raise Conflict(f"an artifact of version {version.version} came meanwhile; try again")
    sql.execute(
        "update esmap_model_versions set deprecated_at = ? where model_id = ? and version = ?",
        at,
        before.model_id,
        before.version,
    )
    replaced = before.version if entry.action == "promote" else None
    _deployed(sql, version.model_id, version.version, replaced, at)
    audit.write(sql, entry, now)
    return int(rows[0]["revision"])


def _deployed(sql: Sql, model_id: str, version: str, replaced: str | None, at: str) -> None:
    sql.execute(
        "update esmap_model_versions set deployed_at = ?, deprecated_at = null,"
        " replaced = coalesce(?, replaced) where model_id = ? and version = ?",
        at,
        replaced,
        model_id,
        version,
    )
