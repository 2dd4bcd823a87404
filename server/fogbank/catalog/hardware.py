"""What this machine has, and the profile that fits it. No CUDA library is loaded to find out."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from fogbank.catalog.profile import Profile

_QUERY = ("--query-gpu=memory.total", "--format=csv,noheader,nounits")
_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Hardware:
    """`gpus` holds the memory of each NVIDIA GPU in GiB, `cpus` the cores this process may use."""

    gpus: tuple[float, ...] = ()
    cpus: int = 1


class NoProfile(LookupError):
    """No automatic profile fits this machine; the text says what it has."""


def detect(timeout: float = _TIMEOUT) -> Hardware:
    """Asks `nvidia-smi`, for `timeout` seconds at most; without it the machine has no GPU.

    CUDA_VISIBLE_DEVICES, where set to plain indices, hides the others, as it does from engines.
    """
    return Hardware(_visible(_gpu_memory(timeout)), _cpus())


def choose_profile(profiles: Iterable[Profile], hardware: Hardware) -> Profile:
    """The automatic profile that uses most of the machine; on equal terms one without a hub.

    Raises NoProfile.
    """
    fitting = [item for item in profiles if item.automatic and _fits(item, hardware)]
    if not fitting:
        gpus = ", ".join(f"{memory:.0f} GiB" for memory in hardware.gpus) or "none"
        raise NoProfile(f"No profile fits this machine (GPUs: {gpus}). Name one with --profile.")
    return min(fitting, key=_order)


def _order(profile: Profile) -> tuple[float, int, bool, str]:
    memory = profile.min_gpus * profile.min_gpu_memory_gib
    return (-memory, -profile.min_gpus, profile.hub, profile.name)


def _fits(profile: Profile, hardware: Hardware) -> bool:
    large = [memory for memory in hardware.gpus if memory >= profile.min_gpu_memory_gib]
    return len(large) >= profile.min_gpus


def _gpu_memory(timeout: float) -> tuple[float, ...]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ()
    try:
        done = subprocess.run(
            [command, *_QUERY], capture_output=True, text=True, timeout=timeout, check=True
        )
        return tuple(float(line) / 1024 for line in done.stdout.split("\n") if line.strip())
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()


def _visible(gpus: tuple[float, ...]) -> tuple[float, ...]:
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is None:
        return gpus
    indices = [part.strip() for part in chosen.split(",") if part.strip()]
    if all(part.isdecimal() for part in indices):
        return tuple(gpus[int(part)] for part in indices if int(part) < len(gpus))
    return gpus[: len(indices)]


def _cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
