"""Puts the API in front of ESMAP's service, in the same process."""

from collections.abc import Mapping
from typing import Any

from fogbank.catalog.mistakes import CatalogError
from fogbank.deployments.deployment import Deployment, Services
from fogbank.deployments.esmap.service import Esmap
from fogbank.deployments.esmap_api.api import Api
from fogbank.deployments.esmap_api.options import Options
from fogbank.deployments.esmap_api.page import ApiPage
from fogbank.deployments.options import bad_option, read_options

NAME = "esmap-api"
MODELS = ("classification", "entities", "summary", "forecast")


def deployment(services: Services, options: Mapping[str, Any]) -> Deployment:
    """The entry of model_configs/deployments/esmap-api.yaml. Raises CatalogError."""
    chosen = read_options(Options, options, NAME)
    esmap = services.built["esmap"].service
    assert isinstance(esmap, Esmap)
    known = esmap.active.cards
    lacking = [key for key in MODELS if getattr(chosen, key) not in known]
    if lacking:
        there_is = f"ESMAP has no such model; it has {', '.join(known)}"
        raise CatalogError([bad_option(NAME, (key,), there_is) for key in lacking])
    page = ApiPage(esmap.active, chosen)
    api = Api(esmap, chosen, services.clock, page=page.root, further=page.routes)
    return Deployment(api.app)
