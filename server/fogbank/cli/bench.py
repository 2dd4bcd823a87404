"""`fogbank bench`: how much load a running server bears."""

import asyncio
import json
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx2
import typer

from fogbank.cli.bench_forms import document, show, write
from fogbank.cli.client import Key, Url
from fogbank.cli.common import catalog_of, fail, find_models, settings, told
from fogbank.load.climb import Climb, at_rate, climb
from fogbank.load.mix import Body, recorded, synthetic
from fogbank.load.objective import Objective, parse
from fogbank.load.step import Step, run_arrivals, run_step
from fogbank.load.target import DIALECTS, Target
from fogbank.settings import Settings

ANSWER_SECONDS = 120.0
UNREACHED = ("ConnectError", "ConnectTimeout", "timeout")
SPARE_FILES = 64
"""Open files besides one connection for each client."""


def bench(
    model: Annotated[str, typer.Argument(help="Model that is asked.")],
    slo: Annotated[
        str, typer.Option(help="What must hold, such as ttft_p95=1s,tpot_p50=80ms,errors=1%.")
    ] = "ttft_p95=2s",
    tokens_in: Annotated[int, typer.Option(min=1, help="Tokens of a prompt, about.")] = 200,
    tokens_out: Annotated[int, typer.Option(min=1, help="Tokens of an answer, at most.")] = 100,
    mix: Annotated[
        Path | None, typer.Option(help="Recorded requests instead, one JSON body a line.")
    ] = None,
    dialect: Annotated[str, typer.Option(help="workers-ai or openai.")] = "workers-ai",
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of each load.")] = 15,
    most: Annotated[int, typer.Option(min=1, max=4096, help="Clients to try at most.")] = 256,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            max=10_000,
            help="Requests a second that come by themselves, instead of clients that wait.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for bench.json and a picture, bench.svg.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, on one line.")] = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Measure how much load a server bears while an objective holds.

    Clients ask again once they are answered; their number doubles until the objective breaks, no
    more tokens come, or there are enough. With --rate it is one load, whose requests come at random
    times whether or not earlier ones are answered. The answer ends with lines for a hardware file.

    \b
    Examples:
      fogbank bench llama-3.1-8b-instruct --slo ttft_p95=1s
      fogbank bench llama-3.1-8b-instruct --rate 4 --seconds 60 --out results
      fogbank bench meta-llama/Llama-3.1-8B --dialect openai --url http://127.0.0.1:8000
    """  # noqa: D301
    config = settings(url=url, key=key)
    if dialect not in DIALECTS:
        fail(f"--dialect {dialect!r}: expected one of {', '.join(DIALECTS)}")
    try:
        objective = parse(slo)
        bodies = recorded(mix) if mix else synthetic(tokens_in, tokens_out)
    except ValueError as error:
        fail(str(error))
    except OSError as error:
        fail(str(error), 1)
    with told():
        name = _full_name(config, model)
    target = Target(config.server_url, name, dialect, config.account)
    _allow_files(most + SPARE_FILES)
    load = Load(target, bodies, objective, seconds, most, rate, quiet=as_json)
    found = asyncio.run(_measured(config, load))
    if as_json:
        typer.echo(json.dumps(document(found, target, objective)))
    else:
        show(found, target)
    if out is not None:
        with told():
            files = write(out, found, target, objective)
        typer.echo(f"Written: {', '.join(map(str, files))}", err=True)
    if found.best is None:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask, and how much: clients that wait up to `most`, or `rate` arrivals a second."""

    target: Target
    bodies: Iterator[Body]
    objective: Objective
    seconds: float
    most: int
    rate: float | None
    quiet: bool


async def _measured(config: Settings, load: Load) -> Climb:
    secret = config.key.get_secret_value() if config.key else None
    client = httpx2.AsyncClient(
        headers={"authorization": f"Bearer {secret}"} if secret else {},
        timeout=httpx2.Timeout(ANSWER_SECONDS, connect=10, pool=None),
        limits=httpx2.Limits(max_connections=None),
        trust_env=False,
    )
    async with client:
        taken = await _warmed(client, load)
        if load.rate is not None:
            step = await run_arrivals(
                client, load.target, load.bodies, load.rate, load.seconds, load.most
            )
            return at_rate(step, load.objective)

        async def run(clients: int) -> Step:
            nonlocal taken
            if not load.quiet:
                typer.echo(f"{clients} clients ...", err=True)
            ramp = min(load.seconds / 4, taken)
            step = await run_step(client, load.target, load.bodies, clients, load.seconds, ramp)
            taken = step.value("e2e_p50")
            return step

        return await climb(run, load.objective, load.most)


async def _warmed(client: httpx2.AsyncClient, load: Load) -> float:
    """Seconds that the first answer took; where there is none, the command ends."""
    target = load.target
    warm = await target.ask(client, next(load.bodies))
    if warm.error in UNREACHED:
        fail(
            f"no server answers at {target.url} ({warm.error}).\n"
            "Start one with 'fogbank serve', or name another with --url or FOGBANK_URL.",
            1,
        )
    if warm.error:
        fail(f"the first request was answered {warm.error} by {target.path}", 1)
    return warm.whole


def _allow_files(count: int) -> None:
    """So many open files, or the command's end: else the client's own want of them would be the
    server's errors.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= count:
        return
    if hard != resource.RLIM_INFINITY and hard < count:
        fail(f"--most: {count - SPARE_FILES} clients need {count} open files, this user may have"
             f" {hard}; ask for fewer, or raise 'ulimit -Hn'")  # fmt: skip
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


def _full_name(config: Settings, model: str) -> str:
    """The catalogue's name where it has one; a server of others may call a model as it likes."""
    found = find_models(catalog_of(config), model)
    return found[0] if len(found) == 1 else model
