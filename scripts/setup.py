"""Sets up the virtual environment from the locks; nothing to do is told in milliseconds.

Runs on a bare Python: standard library only. `make serve` and `make test` call it. What is
installed is written to `setup.json` in the environment, and compared with the locks at the next
call. torch is no line of the CPU locks: its CPU build has a version of its own (`+cpu`), which
some indexes have and others lack, so it is looked for in three places (see `torch_places`).
"""

import argparse
import ctypes
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
TORCH = "2.13.0"
EXTRAS = ("cpu", "gpu", "transformers", "none")
NOISE = re.compile(r"is ignored: it is (either a non-existing path|neither a file)|notice\]")


class SetupError(Exception):
    """The message is for the person who typed `make`."""


@dataclass(frozen=True)
class Plan:
    """What the environment shall hold."""

    venv: Path
    extra: str
    dev: bool

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def state_file(self) -> Path:
        return self.venv / "setup.json"

    @property
    def locks(self) -> list[str]:
        engines = "core" if self.extra == "none" else self.extra
        return ["build", engines, *(["dev"] if self.dev else [])]

    @property
    def wanted(self) -> dict[str, str]:
        """Each file that decides what is installed, with its SHA-256."""
        files = {name: LOCKS / f"{name}.lock" for name in self.locks}
        files["project"] = ROOT / "pyproject.toml"
        return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items()}


def this_machine() -> str:
    """The extra that suits this machine."""
    if shutil.which("nvidia-smi"):
        seen = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
        if seen.returncode == 0 and "GPU" in seen.stdout:
            return "gpu"
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return "cpu"
    return "transformers"


def read_state(plan: Plan) -> dict[str, str]:
    """What was installed, or nothing where the environment is not to be trusted."""
    try:
        state = json.loads(plan.state_file.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) and plan.python.exists() else {}


def up_to_date(plan: Plan, state: dict[str, str]) -> bool:
    """More than is wanted is fine: a server may run where the tests ran."""
    wanted = plan.wanted
    if plan.extra == "none" and any(extra in state for extra in EXTRAS):
        wanted.pop("core")
    return all(state.get(name) == digest for name, digest in wanted.items())


def need_numa() -> None:
    """vLLM's CPU kernels load libnuma: install it where that is allowed, else say how."""
    if loads("libnuma.so.1"):
        return
    command = "apt-get install -y --no-install-recommends libnuma1"
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("libnuma is missing; installing Debian's package libnuma1")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for line in ("apt-get update -q", command):
            subprocess.run(line.split(), env=env, stdout=subprocess.DEVNULL, check=False)
        if loads("libnuma.so.1"):
            return
    raise SetupError(
        "vLLM's CPU build needs the library libnuma.so.1, which this machine lacks. Run\n"
        f"  sudo {command}          (Debian, Ubuntu)\n"
        "  sudo dnf install numactl-libs                                   (Fedora, RHEL)\n"
        "and then the same make command again. Without it: make serve EXTRA=transformers"
    )


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def make_venv(plan: Plan) -> None:
    base = getattr(sys, "_base_executable", sys.executable)
    say(f"making {plan.venv} with Python {platform.python_version()}")
    done = subprocess.run(
        [base, "-m", "venv", "--clear", plan.venv], capture_output=True, text=True
    )
    if done.returncode:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupError(
            f"{base} cannot make a virtual environment:\n{done.stdout}{done.stderr}\n"
            f"On Debian and Ubuntu its part for that is a package: apt-get install {version}-venv"
        )


def pip(plan: Plan, *arguments: str, what: str) -> None:
    """Run `pip install`, showing its steps on one line each and keeping its whole log."""
    command = [str(plan.python), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--no-warn-script-location", *arguments]
    log = plan.venv / "setup.log"
    with (
        log.open("a") as file,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
        ) as process,
    ):
        assert process.stdout is not None
        steps = Steps()
        lines = []
        for line in process.stdout:
            if not NOISE.search(line):
                file.write(line)
                lines.append(line)
                steps.see(line)
        steps.end()
    if process.returncode:
        tail = "".join(line for line in lines[-12:])
        raise SetupError(f"pip could not install {what} (its whole log: {log}):\n{tail}")


class Steps:
    """pip's progress: one line that rewrites itself on a terminal, a few lines elsewhere."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self.seen = 0

    def see(self, line: str) -> None:
        words = line.split()
        if not words:
            return
        if words[0] == "Collecting":
            self.seen += 1
            if self.live or self.seen % 40 == 0:
                self.show(f"{self.seen:4} packages found, last {words[1]}")
        elif words[0] == "Downloading" and "MB" in line:
            size = line.rpartition("(")[2].rstrip(")\n")
            if self.live or float(size.split()[0]) >= 20:
                self.show(f"downloading {words[1].split('-')[0].rpartition('/')[2]} ({size})")
        elif line.startswith("Installing collected packages"):
            self.show(f"unpacking {line.count(',') + 1} packages, up to some minutes for many")

    def show(self, text: str) -> None:
        print(f"\r\x1b[2K  {text}" if self.live else f"  {text}", end="", flush=True)
        if not self.live:
            print(flush=True)

    def end(self) -> None:
        if self.live and self.seen:
            print("\r\x1b[2K", end="", flush=True)


def torch_places(index: str) -> list[tuple[str, list[str]]]:
    """Where torch may come from, best first: (in words, arguments of pip install)."""
    ordinary = ("the ordinary build from pip's own indexes", [f"torch=={TORCH}"])
    if sys.platform == "darwin":  # the ordinary build is the CPU's there
        return [(ordinary[0], ["--no-deps", *ordinary[1]])]
    cpu = ["--no-deps", "--only-binary", ":all:", f"torch=={TORCH}+cpu"]
    return [
        ("the CPU build from pip's own indexes", cpu),
        (
            f"the CPU build from {index}",
            [*cpu, "--index-url", index, "--retries", "1", "--timeout", "20"],
        ),
        (ordinary[0] + ", with CUDA's libraries that a CPU never uses", ordinary[1]),
    ]


def install_torch(plan: Plan, index: str) -> None:
    found = subprocess.run(
        [plan.python, "-c", "from importlib.metadata import version; print(version('torch'))"],
        capture_output=True,
        text=True,
    )
    if found.stdout.strip().partition("+")[0] == TORCH:
        say(f"torch {found.stdout.strip()} is there")
        return
    refusals = []
    for where, arguments in torch_places(index):
        try:
            pip(plan, *arguments, what=f"torch {TORCH}")
        except SetupError as refusal:
            refusals.append(f"{where}: {str(refusal).rstrip().splitlines()[-1]}")
            continue
        say(f"torch {TORCH}: took {where}")
        return
    raise SetupError(f"torch {TORCH} is nowhere to be had:\n  " + "\n  ".join(refusals))


def install(plan: Plan, state: dict[str, str], torch_index: str) -> None:
    """Bring the environment to what the locks say, and write down what it then holds."""
    began = time.monotonic()
    if plan.extra == "cpu":
        need_numa()
    stale = {"cpu", "gpu"} & set(state) - {plan.extra} and plan.extra in ("cpu", "gpu")
    if stale or not plan.python.exists():
        make_venv(plan)
        state = {}
    say(f"installing {' + '.join(plan.locks)} (locked, hashes checked) into {plan.venv}")
    plan.state_file.unlink(missing_ok=True)
    files = [part for name in plan.locks for part in ("-r", str(LOCKS / f"{name}.lock"))]
    pip(plan, "--no-deps", "--require-hashes", *files, what="the locked packages")
    if plan.extra in ("cpu", "transformers"):
        install_torch(plan, torch_index)
    pip(plan, "--no-deps", "--no-build-isolation", "-e", str(ROOT), what="Fogbank itself")
    kept = {name: digest for name, digest in state.items() if name in ("dev", plan.extra)}
    plan.state_file.write_text(json.dumps({**kept, **plan.wanted}, indent=1))
    size = sum(f.stat().st_size for f in plan.venv.rglob("*") if f.is_file() and not f.is_symlink())
    say(f"set up in {time.monotonic() - began:.0f} s; {plan.venv} takes {size / 1e9:.2f} GB")


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Set up Fogbank's virtual environment.")
    parser.add_argument("--venv", type=Path, default=Path(".venv"))
    parser.add_argument("--extra", choices=("auto", *EXTRAS), default="auto")
    parser.add_argument("--dev", action="store_true", help="also what tests and checks need")
    parser.add_argument("--torch-index", default="", help="index of torch's CPU build")
    parser.add_argument("--has-engines", action="store_true", help="only tell: 0 yes, 1 no")
    options = parser.parse_args(arguments)
    extra = this_machine() if options.extra == "auto" else options.extra
    plan = Plan(venv=ROOT / options.venv, extra=extra, dev=options.dev)
    state = read_state(plan)
    if options.has_engines:
        return 0 if {"cpu", "gpu", "transformers"} & set(state) else 1
    try:
        if not up_to_date(plan, state):
            install(plan, state, options.torch_index)
    except SetupError as problem:
        print(f"\nsetup: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
