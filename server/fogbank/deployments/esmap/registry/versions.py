"""The table of versions: plain functions over an open database."""

from typing import Any

import orjson

from fogbank.deployments.esmap.registry.version import Version, written_artifacts, written_config
from fogbank.storage.sql import Sql


def find(sql: Sql, model_id: str, version: str) -> Version | None:
    """One version."""
    rows = sql.execute(
        "select * from esmap_model_versions where model_id = ? and version = ?", model_id, version
    )
    return Version.of(rows[0]) if rows else None


def of_model(sql: Sql, model_id: str) -> list[Version]:
    """All versions of a model, newest first."""
    rows = sql.execute(
        "select * from esmap_model_versions where model_id = ? order by created_at desc, version",
        model_id,
    )
    return [Version.of(row) for row in rows]


def insert(sql: Sql, version: Version) -> bool:
    """Whether it is new; a recorded one stays as it is."""
    return bool(
        sql.execute(
            "insert into esmap_model_versions (model_id, version, changes, config, artifacts,"
            " created_at, created_by, packaged) values (?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (model_id, version) do nothing returning version",
            version.model_id,
            version.version,
            version.changes,
            written_config(version.config),
            written_artifacts(version.artifacts),
            version.created_at,
            version.created_by,
            int(version.packaged),
        )
    )


def set_artifacts(sql: Sql, version: Version) -> None:
    """Records which artifacts a version has."""
    sql.execute(
        "update esmap_model_versions set artifacts = ? where model_id = ? and version = ?",
        written_artifacts(version.artifacts),
        version.model_id,
        version.version,
    )


def set_config(sql: Sql, version: Version) -> None:
    """Records another config, which only a packaged version can get."""
    sql.execute(
        "update esmap_model_versions set config = ? where model_id = ? and version = ?",
        written_config(version.config),
        version.model_id,
        version.version,
    )


def set_delta(sql: Sql, model_id: str, version: str, delta: dict[str, Any]) -> None:
    """Records how a version compares with another one."""
    sql.execute(
        "update esmap_model_versions set performance_delta = ? where model_id = ? and version = ?",
        orjson.dumps(delta).decode(),
        model_id,
        version,
    )
