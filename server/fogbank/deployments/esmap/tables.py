"""ESMAP's tables: those of the old service's D1, and what a registry needs beside them."""

from collections.abc import Callable
from pathlib import Path

from fogbank.storage.sql import Migration, Sql, sql_opener

FILE = "esmap.db"


def _m001_esmap(sql: Sql) -> None:
    # `models.version` is the active version: one row a model, so there are never two. `revision`
    # counts its changes; `chosen_by` is who made the last one, null for Fogbank itself.
    sql.execute(
        "create table esmap_models ("
        " id text primary key, name text not null, description text not null, type text not null,"
        " domain text not null, provider text not null, model_id text not null,"
        " version text not null, status text not null, config text not null,"
        " created_at text not null, updated_at text not null,"
        " revision bigint not null, chosen_by text)"
    )
    # `replaced` is the version that was active when this one was promoted last.
    sql.execute(
        "create table esmap_model_versions ("
        " model_id text not null, version text not null, changes text not null,"
        " config text not null, artifacts text not null, performance_delta text,"
        " created_at text not null, created_by text, deployed_at text, deprecated_at text,"
        " packaged bigint not null, replaced text,"
        " primary key (model_id, version))"
    )
    sql.execute(
        "create table esmap_audit ("
        " id text primary key, at text not null, actor text not null, action text not null,"
        " model_id text not null, version text, from_version text, details text not null)"
    )
    sql.execute("create index esmap_audit_of on esmap_audit (model_id, at)")
    sql.execute(
        "create table esmap_schedules ("
        " id text primary key, model_id text not null, version text not null, due text not null,"
        " state text not null, detail text, created_at text not null, created_by text not null)"
    )
    sql.execute("create index esmap_schedules_due on esmap_schedules (state, due)")
    sql.execute(
        "create table esmap_inference_history ("
        " id text primary key, model_id text not null, version text not null,"
        " request_id text not null, input_hash text not null,"
        " inference_time_ms double precision not null, tokens_used bigint not null,"
        " success bigint not null, cached bigint not null, error_message text,"
        " created_at text not null)"
    )
    sql.execute("create index esmap_history_of on esmap_inference_history (model_id, created_at)")
    sql.execute("create index esmap_history_at on esmap_inference_history (created_at)")
    sql.execute(
        "create table esmap_model_metrics ("
        " id text primary key, model_id text not null, version text not null,"
        " metric_type text not null, metric_value double precision not null,"
        " metadata text not null, recorded_at text not null)"
    )
    sql.execute("create index esmap_metrics_of on esmap_model_metrics (model_id, recorded_at)")


MIGRATIONS: tuple[Migration, ...] = (_m001_esmap,)


def esmap_opener(data_dir: Path, url: str | None) -> Callable[[], Sql]:
    """What opens ESMAP's database: the one of `url`, else `esmap.db` in the data directory."""
    return sql_opener(url, data_dir / FILE, "esmap", MIGRATIONS)
