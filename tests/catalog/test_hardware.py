from pathlib import Path

import pytest

from fogbank.catalog.hardware import Hardware, NoProfile, choose_profile, detect
from fogbank.catalog.profile import EngineSpec, Profile


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program on PATH that tests write; PATH has /bin for its interpreter."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path / "nvidia-smi"


def write(file: Path, body: str) -> None:
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def test_gpus_are_counted_in_gib(nvidia_smi: Path, tmp_path: Path) -> None:
    write(nvidia_smi, f'echo "$@" > {tmp_path}/arguments; printf "81559\\n24576\\n"')
    hardware = detect()
    assert hardware.gpus == (81559 / 1024, 24.0)
    assert hardware.cpus >= 1
    asked = (tmp_path / "arguments").read_text()
    assert asked == "--query-gpu=memory.total --format=csv,noheader,nounits\n"


@pytest.mark.parametrize(
    "body",
    ["exit 9", "echo '[N/A]'", "echo NVIDIA-SMI has failed", "kill -9 $$"],
    ids=["fails", "no figure", "words", "killed"],
)
def test_a_driver_that_does_not_answer_means_no_gpu(nvidia_smi: Path, body: str) -> None:
    write(nvidia_smi, body)
    assert detect().gpus == ()


def test_a_driver_that_hangs_is_not_waited_for(nvidia_smi: Path) -> None:
    write(nvidia_smi, "exec sleep 60")
    assert detect(timeout=0.1).gpus == ()


def test_a_file_that_is_no_program_means_no_gpu(nvidia_smi: Path) -> None:
    nvidia_smi.write_bytes(b"\x7fELF nonsense")
    nvidia_smi.chmod(0o755)
    assert detect().gpus == ()


def test_without_a_driver_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert detect().gpus == ()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [("1", (24.0,)), ("", ()), ("1,0", (24.0, 80.0)), ("0,7", (80.0,)), ("GPU-5ab", (80.0,))],
)
def test_hidden_gpus_do_not_count(
    nvidia_smi: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, expected: tuple[float, ...]
) -> None:
    write(nvidia_smi, 'printf "81920\\n24576\\n"')
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
    assert detect().gpus == expected


def profile(name: str, gpus: int = 0, gib: float = 0, **more: bool) -> Profile:
    return Profile(
        name=name,
        description="",
        hardware="cuda" if gpus else "cpu",
        min_gpus=gpus,
        min_gpu_memory_gib=gib,
        automatic=more.get("automatic", True),
        hub=more.get("hub", False),
        engines={"e": EngineSpec(engine="fake")},
        models={},
    )


PROFILES = [
    profile("cpu", hub=True),
    profile("embedded"),
    profile("one", 1, 75),
    profile("two", 2, 75),
    profile("special", 2, 90, automatic=False),
]


@pytest.mark.parametrize(
    ("gpus", "expected"),
    [
        ((), "embedded"),
        ((24.0,), "embedded"),
        ((79.6,), "one"),
        ((79.6, 24.0), "one"),
        ((79.6, 79.6), "two"),
        ((141.0,) * 8, "two"),
    ],
)
def test_the_largest_profile_that_fits(gpus: tuple[float, ...], expected: str) -> None:
    assert choose_profile(PROFILES, Hardware(gpus)).name == expected
    assert choose_profile(reversed(PROFILES), Hardware(gpus)).name == expected


def test_no_profile_fits() -> None:
    with pytest.raises(NoProfile, match=r"GPUs: 24 GiB\)"):
        choose_profile(PROFILES[2:], Hardware((24.0,)))
    with pytest.raises(NoProfile, match="GPUs: none"):
        choose_profile([], Hardware())
