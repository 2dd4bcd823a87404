"""Puts the registry together."""

from dataclasses import dataclass

from starlette.routing import Route

from fogbank.deployments.deployment import Services
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.model import File
from fogbank.deployments.esmap.registry.comparer import Comparer
from fogbank.deployments.esmap.registry.deployer import Deployer
from fogbank.deployments.esmap.registry.keeper import Keeper
from fogbank.deployments.esmap.registry.loader import Loader
from fogbank.deployments.esmap.registry.registry import Registry
from fogbank.deployments.esmap.registry.routes import AdminRoutes
from fogbank.deployments.esmap.registry.scheduler import Scheduler
from fogbank.deployments.esmap.registry.validation import Validator
from fogbank.deployments.esmap.tables import esmap_opener
from fogbank.storage.artifacts import open_artifacts
from fogbank.storage.sql import Database


@dataclass(frozen=True, slots=True)
class Admin:
    """`keeper` lives as long as the server; `routes` are under /admin."""

    keeper: Keeper
    routes: list[Route]


def open_registry(
    active: Active, services: Services, packaged_file: File, artifact_bytes: int
) -> Admin:
    """The registry of the models in `active`, with a connection of its own to the database.

    Raises ArtifactUnavailable and SqlUnavailable for a URL that is none, before anything starts.
    """
    settings, clock, cards = services.settings, services.clock, active.cards
    url, bucket = settings.database_url, settings.artifacts_url
    opener = esmap_opener(settings.data_dir, url.get_secret_value() if url else None)
    database = Database(opener, "esmap-registry")
    store = open_artifacts(settings.data_dir, bucket.get_secret_value() if bucket else None)
    registry = Registry(cards, database, store, clock, artifact_bytes)
    loader = Loader(cards, store, packaged_file)
    validator = Validator(loader, services.runtime, database, clock)
    deployer = Deployer(active, registry, loader, validator, database, clock)
    scheduler = Scheduler(registry, deployer, database, clock)
    comparer = Comparer(registry, loader, services.runtime, database, clock)
    routes = AdminRoutes(registry, deployer, scheduler, comparer, settings.max_body_bytes)
    return Admin(Keeper(cards, deployer, scheduler, database, clock), routes.routes)
