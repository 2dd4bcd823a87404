"""ESMAP's answers, measured at a real server: cached, computed, in batches, a thousand at once.

    python -m bench.esmap [--out bench/results] [--requests 300]

climate-bert on the embedded profile's small engines (its language model is left out: nothing here
asks it), SQLite and the cache in process, in a data directory that is thrown away; weights are
those of this machine's data directory. The old service's figures stand beside.
"""

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import yaml

from bench.front_end import machine, versions
from bench.load import Load, drive
from bench.servers import ServerProcess, free_port
from fogbank.settings import Settings, package_data

MODEL = "climate-bert"
SMALL = ("minilm", "sentiment-minilm", "ner-minilm")
OLD = {"average": 468, "p95": 573, "cached": 73, "batch": 599}
"""Milliseconds that the old service reported (deployments.md)."""
_number = itertools.count()


def start(work: Path) -> ServerProcess:
    """Our server with ESMAP alone."""
    data = work / "data"
    (data / "profiles").mkdir(parents=True)
    for part in Settings().data_dir.iterdir():
        if part.is_dir() and part.name in ("models", "packages", "locks"):
            (data / part.name).symlink_to(part)
    profile = yaml.safe_load((package_data() / "profiles" / "embedded.yaml").read_text())
    served = {name: each for name, each in profile["models"].items() if each["engine"] in SMALL}
    profile |= {
        "name": "bench",
        "automatic": False,
        "examples": [],
        "engines": {name: profile["engines"][name] for name in SMALL},
        "models": served,
        "families": {},
        "deployments": {},
    }
    (data / "profiles" / "bench.yaml").write_text(yaml.safe_dump(profile))
    port = free_port()
    command = [sys.executable, "-c", "from fogbank.cli import main; main()", "serve"]
    command += ["--profile", "bench", "--data-dir", str(data), "--port", str(port)]
    command += ["--deployments", "esmap", "--keys", "never", "--log-level", "warning"]
    return ServerProcess("fogbank", command, port, "/health/ready", work / "fogbank.log")


def text() -> dict[str, str]:
    """An input that was never asked before."""
    number = next(_number)
    return {"text": f"Wind farm {number} cut the emissions of its region, a welcome success."}


def body(**more: Any) -> bytes:
    return json.dumps({"modelId": MODEL, **more}).encode()


def figures(load: Load) -> dict[str, float]:
    took = sorted(1000 * sample.whole for sample in load.samples)
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return {
        "requests": len(took),
        "errors": load.errors,
        "average_ms": round(statistics.mean(took), 2),
        "p50_ms": round(cuts[49], 2),
        "p95_ms": round(cuts[94], 2),
        "p99_ms": round(cuts[98], 2),
        "per_second": round(load.requests_per_second, 1),
    }


async def on_the_server(url: str, count: int) -> dict[str, float]:
    """Milliseconds of a cached answer by the server's own clock, history's commit included."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as web:
        asked, took = body(input=text()), []
        for number in range(count + 1):
            answer = (await web.post("/esmap/inference", content=asked)).json()
            assert answer["cached"] is bool(number), answer
            if number:
                took.append(answer["performance"]["timings"]["total_request"])
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49], 3), "p95_ms": round(cuts[94], 3), "max_ms": max(took)}


async def warm_up(url: str) -> None:
    """Until what is computed once has been: right after its start a model may be late."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as web:
        good = 0
        while good < 20:
            answer = (await web.post("/esmap/inference", content=body(input=text()))).json()
            good = 0 if "fallback" in answer["result"] else good + 1


async def counted(url: str) -> tuple[int, int]:
    """Inferences and failures, by the server's own history."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as web:
        found = (await web.get("/esmap/metrics")).json()
    return found["models"]["total_invocations"], found["errors"]["total"]


async def measure(url: str, requests: int) -> dict[str, Any]:
    one, many = f"{url}/esmap/inference", f"{url}/esmap/inference/batch"
    found: dict[str, Any] = {}
    await warm_up(url)
    before, failed = await counted(url)
    total = 0
    for clients in (1, 16):
        bodies = [body(input=text()) for _ in range(requests)]
        found[f"computed, {clients} at once"] = figures(await drive(one, bodies, clients, requests))
        hits = 5 * requests
        found[f"cached, {clients} at once"] = figures(await drive(one, bodies, clients, hits))
        total += requests + hits
    batches = [body(inputs=[text() for _ in range(3)]) for _ in range(requests // 3)]
    found["batch of three"] = figures(await drive(many, batches, 1, len(batches)))
    total += 3 * len(batches)
    bodies = [body(input=text()) for _ in range(1000)]
    load = await drive(one, bodies, 1000, 1000)
    found["1,000 at once"] = {**figures(load), "seconds": round(load.seconds, 2)}
    total += 1000
    found["cached, on the server"] = await on_the_server(url, requests)
    total += requests + 1
    # Nothing is measured where an inference failed, or one is missing in the history.
    assert await counted(url) == (before + total, failed), (before, failed, total)
    return found


def page(found: dict[str, Any]) -> str:
    batch, hit, cold = (
        found[k] for k in ("batch of three", "cached, 1 at once", "computed, 1 at once")
    )
    many, own = found["1,000 at once"], found["cached, on the server"]
    rows = [name for name in found if "p99_ms" in found[name]]
    lines = [
        f"# ESMAP, {date.today().isoformat()}",
        "",
        f"Machine: {machine()}. {', '.join(f'{k} {v}' for k, v in VERSIONS.items())}.",
        "climate-bert on the embedded profile's small models (MiniLM, two inferences an answer),",
        "SQLite and the cache in process; the client shares the machine. Every answer is in the",
        "history, on the disk, before it goes out. Milliseconds. Repeat: `python -m bench.esmap`.",
        "",
        "| case | requests | errors | average | p50 | p95 | p99 | requests/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in rows:
        it = found[name]
        lines.append(
            f"| {name} | {it['requests']} | {it['errors']} | {it['average_ms']} | {it['p50_ms']}"
            f" | {it['p95_ms']} | {it['p99_ms']} | {it['per_second']} |"
        )
    lines += [
        "",
        f"The 1,000 were answered in {many['seconds']} s, without a fallback; the history has a row"
        " for each.",
        f"A cached answer by the server's own clock: p50 {own['p50_ms']} ms,"
        f" p95 {own['p95_ms']} ms.",
        "",
        "| | the old service reported | here |",
        "|---|---|---|",
        f"| average of a computed answer | {OLD['average']} | {cold['average_ms']} |",
        f"| p95 of a computed answer | {OLD['p95']} | {cold['p95_ms']} |",
        f"| cached answer | {OLD['cached']} | {hit['average_ms']} |",
        f"| p95 of a cached answer | not said | {hit['p95_ms']} |",
        f"| batch of three | {OLD['batch']} | {batch['average_ms']} |",
        "",
        "The old figures are of another machine, another model, and a network between; they say"
        " what its clients were used to, not which is faster.",
    ]
    return "\n".join(lines) + "\n"


VERSIONS = versions(("torch", "transformers", "uvicorn", "orjson"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--requests", type=int, default=300)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = start(Path(folder))
        try:
            server.wait_ready()
            found = asyncio.run(measure(server.url, given.requests))
        except AssertionError:
            print((Path(folder) / "fogbank.log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            server.stop()
    print(json.dumps(found, indent=2))
    print(page(found))
    if given.out:
        stem = given.out / f"{date.today().isoformat()}-esmap"
        stem.with_suffix(".md").write_text(page(found))
        stem.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
