"""The servers under measurement, each a process of its own: our door, and vLLM's own server."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import yaml

from fogbank.structured.narrowing import NO_BOUNDS, Bounds

ACCOUNT = "0" * 32
MODEL = "@bench/model"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
)


def write_model(folder: Path, tokenizer: Path, config: Mapping[str, Any]) -> Path:
    """A Llama without weights: this shape and that tokenizer, for `load_format=dummy`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in TOKENIZER_FILES:
        if (tokenizer / name).exists():
            shutil.copy(tokenizer / name, folder / name)
    source = json.loads((tokenizer / "config.json").read_text())
    tokens = {key: source[key] for key in ("bos_token_id", "eos_token_id") if key in source}
    full = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", **tokens, **config}
    (folder / "config.json").write_text(json.dumps(full, indent=1))
    return folder


class ServerProcess:
    """A server that was started here. `front` is its front-end process, whose CPU is measured."""

    def __init__(self, name: str, command: list[str], port: int, ready: str, log: Path) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        environment = dict(os.environ, VLLM_NO_USAGE_STATS="1", HF_HUB_OFFLINE="1")
        environment.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        self.front = psutil.Process(self._process.pid)
        self._ready = self.url + ready

    def wait_ready(self, seconds: float = 900) -> float:
        """Seconds until ready. Raises RuntimeError with the log's end where that never comes."""
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self._ready, timeout=5):
                    return time.monotonic() - began
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        tail = self._log.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"{self.name} did not become ready:\n{tail}")

    def cpu_seconds(self) -> float:
        """CPU time that the front-end process has used, without its children's."""
        times = self.front.cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        """Ends it, and whatever it leaves."""
        children = self.front.children(recursive=True) if self.front.is_running() else []
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
        for child in children:
            if child.is_running():
                child.kill()


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_fogbank(
    model: Path, options: Mapping[str, Any], work: Path, *, json_mode: Bounds = NO_BOUNDS
) -> ServerProcess:
    """Our server with one engine on that model, in a data directory of its own."""
    data = work / "data"
    for folder in ("cards", "profiles"):
        (data / folder).mkdir(parents=True, exist_ok=True)
    card = {"name": MODEL, "task": "Text Generation", "input": "text-generation"}
    (data / "cards" / "bench.yaml").write_text(yaml.safe_dump(card))
    engine = {
        "engine": "vllm",
        "weights": {"folder": str(model)},
        "options": dict(options),
        "max_concurrent": 512,
        "json_mode": {"length": json_mode.length, "items": json_mode.items},
    }
    profile = {
        "name": "bench",
        "description": "The front end, measured.",
        "hardware": "cpu",
        "automatic": False,
        "engines": {"bench": engine},
        "models": {MODEL: {"engine": "bench"}},
    }
    (data / "profiles" / "bench.yaml").write_text(yaml.safe_dump(profile))
    port = free_port()
    program = [sys.executable, "-c", "from fogbank.cli import main; main()", "serve"]
    flags = ["--profile", "bench", "--data-dir", str(data), "--port", str(port)]
    quiet = ["--log-level", "warning", "--log-format", "json"]
    command = [*program, *flags, *quiet]
    return ServerProcess("fogbank", command, port, "/health/ready", work / "fogbank.log")


def start_vllm(model: Path, options: Mapping[str, Any], work: Path) -> ServerProcess:
    """vLLM's own OpenAI server with the same engine options."""
    port = free_port()
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(model)]
    command += ["--served-model-name", MODEL, "--host", "127.0.0.1", "--port", str(port)]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            command.append(flag)
        elif value is not False and value is not None:
            command += [flag, str(value)]
    command += ["--disable-uvicorn-access-log"]
    return ServerProcess("vllm", command, port, "/health", work / "vllm.log")
