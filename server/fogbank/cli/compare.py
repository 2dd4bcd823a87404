"""`fogbank compare`: EnergyGenius' scenarios through two models, two servers, or a recorded run."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from fogbank.cli.client import Client, Key, Url
from fogbank.cli.cloudflare_arm import cloudflare_arm
from fogbank.cli.common import catalog_of, fail, model_name, settings, told
from fogbank.cli.recording import read_recording, write_recording
from fogbank.cli.worker_answers import worker_run
from fogbank.deployments.energygenius.comparison import STAGES, arm_of, compared
from fogbank.deployments.energygenius.invalid import Invalid
from fogbank.deployments.energygenius.scenarios import Scenario, chosen, load_scenarios
from fogbank.settings import Settings, package_data

MOUNT = "/energygenius"


@dataclass(frozen=True, slots=True)
class Source:
    """Where an arm's answers come from: a server with a model of it, a Worker (no model), or, with
    a cap in neurons, a model at Cloudflare.
    """

    config: Settings
    mount: str
    model: str | None
    worker: bool = False
    cap: float | None = None

    @property
    def name(self) -> str:
        """As the report calls it."""
        host = urlsplit(self.config.server_url).netloc
        return f"{self.model or 'its models'} at {host}"


def compare(
    model: Annotated[
        str | None, typer.Option(help="First arm: a model; by default the server's AI_MODEL_FAST.")
    ] = None,
    other_model: Annotated[
        str | None,
        typer.Option("--with", help="Second arm: a model; by default AI_MODEL_ACCURATE."),
    ] = None,
    other_url: Annotated[
        str | None,
        typer.Option(
            "--with-url", help="Second arm: another server, for instance of another profile."
        ),
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Second arm: a run that was recorded before.")
    ] = None,
    worker: Annotated[
        str | None,
        typer.Option(help="First arm: address of a deployed EnergyGenius Worker, asked as it is."),
    ] = None,
    cloudflare: Annotated[
        str | None,
        typer.Option(
            help="First arm: a model at Cloudflare, with the account of CLOUDFLARE_ACCOUNT_ID and"
            " CLOUDFLARE_API_TOKEN. Costs neurons."
        ),
    ] = None,
    cap_neurons: Annotated[
        float | None,
        typer.Option(min=0, help="Neurons that --cloudflare may spend; it stops before."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Write the first arm's run to a file, and compare nothing.")
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Only this scenario; may be given again.")
    ] = None,
    mount: Annotated[str, typer.Option(help="Path of EnergyGenius on the server.")] = MOUNT,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, on one line.")] = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Compare two models on EnergyGenius' five scenarios.

    \b
    Examples:
      fogbank compare
      fogbank compare --with-url http://127.0.0.1:8700
      fogbank compare --worker https://WORKER --record cloudflare.json
      fogbank compare --replay cloudflare.json
      fogbank compare --cloudflare llama-3.1-8b-instruct-fast --cap-neurons 500
    """  # noqa: D301
    if sum(each is not None for each in (other_url, replay, record)) > 1:
        fail("one of --with-url, --replay and --record says what the second arm is")
    if sum(each is not None for each in (model, worker, cloudflare)) > 1:
        fail("one of --model, --worker and --cloudflare says what the first arm is")
    if (cloudflare is None) != (cap_neurons is None) or not isfinite(cap_neurons or 0):
        fail("--cloudflare NAME and --cap-neurons N go together: what may be spent at most")
    if record is not None and (record.is_dir() or not os.access(record.parent, os.W_OK)):
        fail(f"{record} cannot be written: name a file in a folder that may be written to")
    try:
        scenarios = chosen(load_scenarios(package_data()), scenario)
    except Invalid as error:
        fail(error.message)
    config = settings(url=worker or url, key=None if worker else key)
    if cloudflare is not None:
        with told():
            model = model_name(catalog_of(config), cloudflare)
    elif worker is None and model is None:
        model = _model_of(config, mount, "AI_MODEL_FAST")
    first = Source(config, "" if worker else mount, model, worker is not None, cap_neurons)
    others = []  # before the first one, which may be dear
    if replay is not None:
        others = [read_recording(replay, [each.id for each in scenarios])]
    elif record is None:
        others = [_arm(_second(first, other_url, other_model, mount, key), scenarios)]
    arms = [_arm(first, scenarios), *others]
    if record is not None:
        write_recording(record, arms[0])
        count = len(arms[0]["runs"])
        typer.echo(f"Recorded {count} scenarios of {arms[0]['name']} in {record}.", err=True)
    report = compared(arms)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        _show(report)


def _second(
    first: Source, other_url: str | None, model: str | None, mount: str, key: str | None
) -> Source:
    if other_url is None and first.worker:
        fail("--worker is one arm; name the other with --with-url or --replay, or --record it")
    config = settings(url=other_url, key=key) if other_url else first.config
    if model is None and first.cap is not None:
        model = first.model
    if model is None:
        name = "AI_MODEL_FAST" if other_url else "AI_MODEL_ACCURATE"
        model = _model_of(config, mount, name)
    return Source(config, mount, model)


def _model_of(config: Settings, mount: str, variable: str) -> str:
    with Client(config) as client:
        health = client.get(f"{mount}/health")
    try:
        name = health["environment"][variable]
    except (KeyError, TypeError):
        name = None
    if not isinstance(name, str):
        fail(f"EnergyGenius at {config.server_url}{mount} has no {variable}; name a model", 1)
    return name


def _arm(source: Source, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    if source.cap is not None and source.model is not None:
        return cloudflare_arm(source.config, source.model, source.cap, scenarios)
    runs: list[dict[str, Any]] = []
    served: str | None = None
    with Client(source.config) as client:
        for number, scenario in enumerate(scenarios, 1):
            said = f"{source.name}: {scenario.name} ({number} of {len(scenarios)})"
            typer.echo(said, err=True)
            if source.worker:
                runs.append(worker_run(client, scenario))
                continue
            body = {"scenarios": [scenario.id], "models": [source.model]}
            arm = client.post(f"{source.mount}/api/compare", body)["arms"][0]
            runs += arm["runs"]
            served = arm["servedBy"]
    return arm_of(source.name, runs, model=source.model, servedBy=served)


def _show(report: dict[str, Any]) -> None:
    arms = report["arms"]
    table = Table(show_header=True)
    table.add_column("")
    for arm in arms:
        served = f"\n(served by {arm['servedBy']})" if arm.get("servedBy") else ""
        table.add_column(arm["name"] + served, justify="right", overflow="fold")
    for name, cells in _rows(arms):
        table.add_row(name, *cells)
    Console().print(table)
    for arm in arms:
        if spending := arm.get("spending"):
            typer.echo(_spent(spending))
    agreement = report["agreement"]
    if agreement and agreement["scenarios"]:
        count = len(agreement["scenarios"])
        typer.echo(
            f"Top three: {agreement['overlap']:.0%} the same plans, rank agreement"
            f" {agreement['rank']:.0%}, the same first in {agreement['sameFirst']} of {count}."
        )


def _rows(arms: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    for key, stage in STAGES.items():
        found = [arm["stages"][key] for arm in arms]
        yield (
            f"{stage}: p50 / max s",
            [f"{_seconds(each['p50Ms'])} / {_seconds(each['maxMs'])}" for each in found],
        )
        yield "  tokens/s", [_figure(each["tokensPerSecond"]) for each in found]
        yield (
            "  JSON valid: runs; answers",
            [
                f"{_figure(each['jsonValid'], '.0%')}; {_figure(each['answersValid'], '.0%')}"
                for each in found
            ],
        )
        yield (
            "  tries / asked",
            [
                f"{_figure(each['jsonTries'], '.0f')} / {_figure(each['asked'], '.0f')}"
                for each in found
            ],
        )
    yield (
        "whole: p50 / max s",
        [
            f"{_seconds(arm['wallMs']['p50Ms'])} / {_seconds(arm['wallMs']['maxMs'])}"
            for arm in arms
        ],
    )
    yield "runs with errors", [f"{arm['failedRuns']} of {len(arm['runs'])}" for arm in arms]
    yield "neurons a scenario", [_figure(arm["neuronsPerScenario"], ".2f") for arm in arms]


def _spent(spending: dict[str, Any]) -> str:
    text = f"Spent {spending['neurons']:,.2f} neurons in {spending['calls']} calls"
    if spending["assumedNeurons"]:
        text += f", and at most {spending['assumedNeurons']:,.2f} in calls whose cost is not known"
    return f"{text}; the cap was {spending['capNeurons']:,g}."


def _seconds(milliseconds: float | None) -> str:
    return "-" if milliseconds is None else f"{milliseconds / 1000:.1f}"


def _figure(value: float | None, form: str = ".1f") -> str:
    return "-" if value is None else format(value, form)
