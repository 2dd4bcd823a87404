"""EnergyGenius' scenarios through one model at Cloudflare: it answers, the stages run here."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
import structlog
import typer

from fogbank.catalog.card import Card
from fogbank.cli.cloudflare import Cloudflare
from fogbank.cli.cloudflare_account import account
from fogbank.cli.common import catalog_of, fail, told
from fogbank.clock import Clock
from fogbank.cost.price_files import load_prices
from fogbank.cost.spending_cap import SpendingCap
from fogbank.deployments.description import load_descriptions
from fogbank.deployments.energygenius.comparison import arm_of
from fogbank.deployments.energygenius.inquiry import Inquirer, Models
from fogbank.deployments.energygenius.options import Options, read_options
from fogbank.deployments.energygenius.pipeline import Pipeline, Run
from fogbank.deployments.energygenius.scenario_run import scenario_run
from fogbank.deployments.energygenius.scenarios import Scenario
from fogbank.deployments.energygenius.service import catalogue_of
from fogbank.runtime.context import new_request_id
from fogbank.settings import Settings, package_data
from fogbank.tasks import Usage

DEPLOYMENT = "energygenius"


def cloudflare_arm(
    config: Settings, model: str, cap_neurons: float, scenarios: Sequence[Scenario]
) -> dict[str, Any]:
    """The arm, with what it cost. Where it had to stop, the whole scenarios until then.

    `model` is a full name of the catalogue.
    """
    owner = account()
    with told():
        catalog = catalog_of(config)
        card = catalog.cards[model]
        prices = load_prices(package_data(), config.data_dir).newest
        described = load_descriptions(package_data(), config.data_dir)[DEPLOYMENT]
        options = read_options(described.options)
        pipeline = Pipeline(catalogue_of(options, config.data_dir), options)
    if prices.neurons(card, Usage(prompt_tokens=1)) is None:
        fail(f"{card.name} has no price of {prices.date}, so no cap can hold what it costs")
    client = httpx2.AsyncClient(trust_env=False)
    cloud = Cloudflare(catalog, owner, prices, SpendingCap(cap_neurons), client)
    with _quiet():
        runs = asyncio.run(_runs(cloud, card, pipeline, options, scenarios))
    if cloud.ended:
        typer.echo(f"Stopped after {len(runs)} of {len(scenarios)}: {cloud.ended}", err=True)
    if not runs:
        fail("no scenario was answered to its end", 1)
    spending = {
        "capNeurons": cap_neurons,
        "neurons": round(cloud.cap.known, 4),
        "assumedNeurons": round(cloud.cap.assumed, 4),
        "calls": cloud.calls,
        "prices": prices.date.isoformat(),
        "stopped": cloud.ended or None,
    }
    name = f"{card.name} at {owner.host}"
    return arm_of(name, runs, model=card.name, servedBy=None, spending=spending)


async def _runs(
    cloud: Cloudflare,
    card: Card,
    pipeline: Pipeline,
    options: Options,
    scenarios: Sequence[Scenario],
) -> list[dict[str, Any]]:
    """Of the scenarios that came to their end. What each cost includes answers that did not fit."""
    runs: list[dict[str, Any]] = []
    async with cloud.http:
        for number, scenario in enumerate(scenarios, 1):
            said = f"{scenario.name} ({number} of {len(scenarios)})"
            typer.echo(f"{card.name} at {cloud.account.host}: {said}", err=True)
            inquirer = Inquirer(
                runtime=cloud,
                models=Models(card.name, None, options.tries),
                seconds=options.stage_seconds,
                request_id=new_request_id(),
            )
            before = cloud.cap.known
            try:
                made, _ = await scenario_run(pipeline, scenario, Run(inquirer, Clock()))
            except asyncio.CancelledError:  # Ctrl-C: what was paid for is kept
                cloud.ended = "interrupted"
            if cloud.ended:
                break
            runs.append({**made, "neurons": round(cloud.cap.known - before, 4)})
    return runs


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the log lines of the pipeline, and those of HTTP, which have the account's id."""
    before, http = structlog.get_config(), logging.getLogger("httpx2")
    level = http.level
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    http.setLevel(logging.WARNING)
    try:
        yield
    finally:
        structlog.configure(**before)
        http.setLevel(level)
