"""Puts EnergyGenius together: options, catalogue, pipeline, HTTP."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from fogbank.deployments.deployment import Deployment, Services
from fogbank.deployments.energygenius.api import Api
from fogbank.deployments.energygenius.catalogue import Catalogue, load
from fogbank.deployments.energygenius.compare_api import Comparing
from fogbank.deployments.energygenius.information import Information
from fogbank.deployments.energygenius.options import Options, read_options
from fogbank.deployments.energygenius.page import EnergyPage
from fogbank.deployments.energygenius.pipeline import Pipeline
from fogbank.deployments.energygenius.runs import Runs
from fogbank.deployments.energygenius.scenarios import load_scenarios
from fogbank.settings import package_data

SAMPLE = Path("deployments") / "energygenius" / "sample-catalogue.json"

log = structlog.get_logger("fogbank.energygenius")


def deployment(services: Services, options: Mapping[str, Any]) -> Deployment:
    """The entry of model_configs/deployments/energygenius.yaml.

    Raises CatalogError for options or a catalogue that cannot be used.
    """
    chosen = read_options(options)
    catalogue = catalogue_of(chosen, services.settings.data_dir)
    runs = Runs(Pipeline(catalogue, chosen), chosen, services.runtime, services.clock)
    scenarios = load_scenarios(package_data())
    models = [chosen.ai_model_fast, *filter(None, [chosen.ai_model_accurate])]
    page = EnergyPage(scenarios, catalogue.about(), chosen.heartbeat_seconds)
    api = Api(
        runs,
        Information(runs, scenarios),
        Comparing(runs, scenarios, models),
        page=page.root,
        further=page.routes,
    )
    return Deployment(api.app, (), runs)


def catalogue_of(options: Options, data_dir: Path) -> Catalogue:
    """The plans that these options name. Raises CatalogError."""
    if options.catalogue is None:
        return load(package_data() / SAMPLE)
    catalogue = load(data_dir / options.catalogue.expanduser(), options.service_area)
    if len(catalogue.areas) > 1 and options.service_area is None:
        log.warning(
            "the catalogue is of several service areas; the option service_area chooses one",
            areas=list(catalogue.areas),
        )
    return catalogue
