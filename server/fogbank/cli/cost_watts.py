"""`fogbank cost watts`: what the machine draws now, as far as it can tell."""

from typing import Annotated

import typer

from fogbank.cli.common import fail
from fogbank.telemetry.power import measure


def watts(
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long to watch.")] = 10,
) -> None:
    """Measure the watts of processors, memory and GPUs, for idle_watts and loaded_watts.

    \b
    Examples:
      fogbank cost watts                       # while nothing is asked: idle
      fogbank cost watts --seconds 60          # while 'fogbank bench' runs: loaded
    """  # noqa: D301
    try:
        found = measure(seconds)
    except PermissionError as error:
        fail(
            f"only root may read {error.filename}. Run it as root once:\n"
            "  sudo $(command -v fogbank) cost watts",
            1,
        )
    if not (found.processors or found.gpus):
        fail(
            "this machine tells no watts: there is neither RAPL (/sys/class/powercap) nor NVML,"
            " as in most virtual machines. A meter at the socket sees all of it",
            1,
        )
    for name, drawn in {**found.processors, **found.gpus}.items():
        typer.echo(f"{drawn:8.1f} W  {name}")
    typer.echo(f"{found.total:8.1f} W  together, without disks, fans and the power supply's losses")
