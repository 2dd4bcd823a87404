"""Puts ESMAP together: cards, models, inference, registry, HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import structlog

from fogbank.deployments.deployment import Component, Deployment, Services
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.alert import Alert
from fogbank.deployments.esmap.api import Api
from fogbank.deployments.esmap.cache_api import CacheApi
from fogbank.deployments.esmap.card import ModelCard, load_cards
from fogbank.deployments.esmap.ending import Ending
from fogbank.deployments.esmap.health import Health
from fogbank.deployments.esmap.inference import Inference
from fogbank.deployments.esmap.inference_api import InferenceApi
from fogbank.deployments.esmap.metrics import EsmapMetrics
from fogbank.deployments.esmap.minutes import Minutes
from fogbank.deployments.esmap.model import Loaded, Unavailable, build_model
from fogbank.deployments.esmap.options import Options
from fogbank.deployments.esmap.pages import Pages
from fogbank.deployments.esmap.preparing import Preparing
from fogbank.deployments.esmap.recorder import Recorder
from fogbank.deployments.esmap.registry import open_registry
from fogbank.deployments.esmap.result_cache import ResultCache
from fogbank.deployments.esmap.tables import esmap_opener
from fogbank.deployments.esmap.usage import UsageReport
from fogbank.deployments.esmap.webhook import Webhook
from fogbank.deployments.options import read_options
from fogbank.settings import package_data
from fogbank.storage.artifacts import NAME
from fogbank.storage.cache import Cache, build_cache
from fogbank.storage.sql import Database

DATA = "data"

log = structlog.get_logger("fogbank.esmap")


@dataclass(frozen=True, slots=True)
class Esmap:
    """What other deployments find: ESMAP without HTTP, and its inference over HTTP."""

    active: Active
    inference: Inference
    api: InferenceApi


def deployment(services: Services, options: Mapping[str, Any]) -> Deployment:
    """The entry of model_configs/deployments/esmap.yaml.

    Raises CatalogError for its options, OSError for an address of a database or a cache, that
    cannot be used.
    """
    chosen, clock, runtime = (
        read_options(Options, options, "esmap"),
        services.clock,
        services.runtime,
    )
    active = Active(load_cards(package_data(), services.settings.data_dir).values())
    _load_packaged(active)
    # Connections of their own: a slow question of somebody's must not hold up the history.
    writing, reading, counting = (_database(services, name) for name in ("write", "read", "count"))

    metrics = EsmapMetrics(services.metrics.registry)
    webhook = Webhook(chosen.alert.webhook, metrics)
    alert = Alert(chosen.alert, metrics, clock, webhook.send)
    recorder = Recorder(writing, metrics, clock)
    cache = ResultCache(_cache(services), chosen.cache_ttl, runtime, clock)
    inference = Inference(active, runtime, cache, Ending(cache, recorder, alert, metrics, clock))

    admin = open_registry(active, services, packaged_file, int(chosen.artifact_mib * (1 << 20)))
    over_http = InferenceApi(
        inference,
        body_limit=services.settings.max_body_bytes,
        batch_limit=chosen.batch_limit,
    )
    pages = Pages(active)
    api = Api(
        active,
        over_http,
        Health(active, runtime, reading, recorder, cache, clock),
        UsageReport(active, reading, over_http.statistics, chosen.metrics_window, clock),
        page=pages.root,
        further=[
            *CacheApi(inference, cache, over_http).routes,
            *admin.routes,
            *pages.routes,
        ],
    )
    components: tuple[Component, ...] = (
        admin.keeper,
        Preparing(active, runtime),
        _Closing(reading),
        cache,
        recorder,
        Minutes(counting, chosen.retention_days, clock),
        webhook,
        alert,
    )
    return Deployment(api.app, components, Esmap(active, inference, over_http))


def packaged(card: ModelCard) -> Loaded:
    """The version that the card itself describes."""
    model = build_model(card, card.config, packaged_file)
    return Loaded(card, card.version, model, orjson.dumps([card.version, card.config]).decode())


def packaged_file(name: str) -> Path:
    """A data file that came with Fogbank. Raises FileNotFoundError."""
    path = package_data() / "deployments" / "esmap" / DATA / name
    # A version's config names files, and whoever may register one may not read this machine.
    if not NAME.fullmatch(name) or not path.is_file():
        raise FileNotFoundError(f"no packaged file {name!r}")
    return path


def _load_packaged(active: Active) -> None:
    for card in active.cards.values():
        try:
            active.swap(packaged(card))
        except (Unavailable, ImportError) as error:
            active.failures[card.id] = str(error)
            log.warning("model is not available", model=card.id, reason=str(error))


def _database(services: Services, name: str) -> Database:
    url = services.settings.database_url
    secret = url.get_secret_value() if url else None
    return Database(esmap_opener(services.settings.data_dir, secret), f"esmap-{name}")


def _cache(services: Services) -> Cache:
    url = services.settings.cache_url
    return build_cache(
        url.get_secret_value() if url else None,
        "fogbank:esmap",
        services.settings.cache_bytes,
        services.clock.monotonic,
    )


class _Closing:
    """A connection that is opened at its first use and closed with the server."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        """Nothing: it connects by itself."""

    async def stop(self) -> None:
        """Closes it."""
        await self._database.close()
