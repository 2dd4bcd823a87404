"""How fast grid-optimizer solves: seconds and proof for grids of growing size.

    python -m bench.esmap_dispatch [--out bench/results] [--rounds 5]

The grids are made from a fixed seed: thermal units with commitment, minimum times, ramps and start
costs, wind and solar with profiles, batteries, a reserve of 10 %. No server, no engine: the time is
that of the model alone, in one thread.
"""

import argparse
import math
import os
import random
import statistics
import time
from datetime import date
from pathlib import Path
from typing import Any

from bench.front_end import machine
from fogbank.deployments.esmap.card import load_cards
from fogbank.deployments.esmap.model import build_model
from fogbank.deployments.esmap.models.grid_optimizer import GridOptimizer
from fogbank.deployments.esmap.service import packaged_file
from fogbank.settings import package_data

SIZES = ((24, 5, 1), (24, 20, 1), (24, 50, 3), (72, 20, 2), (168, 10, 1))
"""Steps, generators, storages."""


def grid(steps: int, generators: int, storages: int, seed: int = 7) -> dict[str, Any]:
    """A quarter of the units is renewable; the thermal ones can serve the peak with reserve."""
    draw = random.Random(seed)
    units = [
        renewable(i, steps, draw) if i % 4 == 3 else thermal(i, draw) for i in range(generators)
    ]
    firm = sum(unit["capacity"] for unit in units if "startCost" in unit)
    shape = [0.62 + 0.18 * math.sin(math.pi * ((t % 24) - 8) / 12) for t in range(steps)]
    return {
        "demand": [round(firm * s * draw.uniform(0.95, 1.05), 1) for s in shape],
        "generators": units,
        "storage": [
            {"name": f"battery {i}", "power": 40, "energy": 160, "efficiency": 0.88}
            for i in range(storages)
        ],
        "reserveMargin": 0.1,
    }


def thermal(index: int, draw: random.Random) -> dict[str, Any]:
    capacity = draw.choice([50, 100, 200, 300])
    return {
        "name": f"thermal {index}",
        "capacity": capacity,
        "minPower": round(capacity * draw.uniform(0.3, 0.5)),
        "cost": round(draw.uniform(20, 90), 2),
        "noLoadCost": round(draw.uniform(1, 6) * capacity / 2, 1),
        "startCost": round(draw.uniform(5, 40) * capacity, 1),
        "minUpTime": draw.choice([1, 2, 4, 8]),
        "minDownTime": draw.choice([1, 2, 4, 8]),
        "rampRate": round(capacity * draw.uniform(0.4, 1.0)),
        "emissions": round(draw.uniform(0.35, 1.0), 3),
    }


def renewable(index: int, steps: int, draw: random.Random) -> dict[str, Any]:
    solar = index % 8 == 3
    profile = [
        max(0.0, math.sin(math.pi * ((t % 24) - 6) / 12)) if solar else draw.uniform(0.1, 0.8)
        for t in range(steps)
    ]
    kind = "solar" if solar else "wind"
    availability = [round(each, 3) for each in profile]
    return {"name": f"{kind} {index}", "type": kind, "capacity": 100, "availability": availability}


def measured(model: GridOptimizer, size: tuple[int, int, int], rounds: int) -> str:
    """One row of the table."""
    took, used, gaps, proved = [], [], [], 0
    for seed in range(rounds):
        began, worked = time.perf_counter(), time.thread_time()
        answer = model.compute(grid(*size, seed=seed))
        used.append(time.thread_time() - worked)
        took.append(time.perf_counter() - began)
        solver = answer["solver"]
        gaps.append(math.inf if solver["gap"] is None else solver["gap"])
        proved += solver["status"] == "Optimal" and answer["constraints_satisfied"]
    return (
        f"| {' x '.join(map(str, size))} | {solver['columns']:,} | {solver['rows']:,} |"
        f" {statistics.median(took):.2f} | {max(took):.2f} | {statistics.median(used):.2f} |"
        f" {format(max(gaps), '.2g') if max(gaps) < math.inf else 'none'} | {proved} of {rounds} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    card = load_cards(package_data())["grid-optimizer"]
    model = build_model(card, card.config, packaged_file)
    assert isinstance(model, GridOptimizer)
    lines = [
        f"# Dispatch by grid-optimizer, {date.today()}",
        "",
        f"{machine()}. HiGHS {model.version}, one thread. `python -m bench.esmap_dispatch --rounds"
        f" {args.rounds}`: seconds of whole inferences of grids of different seeds, by the clock"
        " and of the processor (what an idle machine takes). The solver stops at a relative gap of"
        f" {card.config['gap']:g}, at 0 up to {card.config['exact_columns']} columns, or after"
        f" {card.config['seconds']} s. Proved: within that gap.",
        "",
        "| steps x units x stores | columns | rows | p50 s | worst s | p50 CPU s | gap | proved |",
        "|" + "---|" * 8,
    ]
    for size in SIZES:
        lines.append(measured(model, size, args.rounds))
        print(lines[-1], flush=True)
    lines += ["", f"Load average of the machine at the end: {os.getloadavg()[0]:.1f}."]
    if args.out:
        file = args.out / f"{date.today()}-esmap-dispatch.md"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
