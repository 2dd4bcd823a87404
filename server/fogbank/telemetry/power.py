"""Watts, where the machine can tell: RAPL for processors and memory, NVML for GPUs.

RAPL counts energy in microjoules and starts again at a maximum
(https://docs.kernel.org/power/powercap/powercap.html); NVML tells milliwatts of the moment. What
neither sees (disks, fans, losses of the power supply) a meter at the socket sees.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POWERCAP = Path("/sys/class/powercap")
MICRO, MILLI = 1e-6, 1e-3
PAUSE = 0.5
"""Seconds between two looks at the GPUs."""


@dataclass(frozen=True, slots=True)
class Zone:
    """What RAPL counts as one: a processor package, or the memory of one."""

    name: str
    file: Path
    maximum: int

    def microjoules(self) -> int:
        """The counter. Raises PermissionError where only root may read it."""
        return int(self.file.read_text())


@dataclass(frozen=True, slots=True)
class Watts:
    """Mean watts over a time, by what drew them; empty where the machine tells nothing."""

    processors: dict[str, float]
    gpus: dict[str, float]

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self.processors.values()) + sum(self.gpus.values())


def zones(powercap: Path = POWERCAP) -> list[Zone]:
    """Packages and memory. Cores and the like are parts of a package, `psys` is all of them."""
    found = []
    for folder in sorted(powercap.glob("intel-rapl:*")):
        name = (folder / "name").read_text().strip()
        if name.startswith("package-") or name == "dram":
            maximum = int((folder / "max_energy_range_uj").read_text())
            label = name if name != "dram" else f"dram of {folder.name.split(':')[1]}"
            found.append(Zone(label, folder / "energy_uj", maximum))
    return found


def measure(
    seconds: float,
    powercap: Path = POWERCAP,
    *,
    gpus: Callable[[], dict[str, float]] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Watts:
    """Watches for so many seconds. Raises PermissionError where RAPL is for root only."""
    watched = zones(powercap)
    ask = gpus or gpu_watts
    seen: list[dict[str, float]] = []
    began, first = now(), [zone.microjoules() for zone in watched]
    while True:
        seen.append(ask())
        left = seconds - (now() - began)
        if left <= 0:
            break
        sleep(min(PAUSE, left))
    took, last = now() - began, [zone.microjoules() for zone in watched]
    return Watts(
        {
            zone.name: ((after - before) % (zone.maximum + 1)) * MICRO / took
            for zone, before, after in zip(watched, first, last, strict=True)
        },
        {name: sum(each[name] for each in seen) / len(seen) for name in seen[0]},
    )


def gpu_watts() -> dict[str, float]:
    """Watts of this moment by GPU; none without NVML, which vLLM's GPU build brings along."""
    try:
        import pynvml
    except ImportError:
        return {}
    return _ask(pynvml)


def _ask(nvml: Any) -> dict[str, float]:
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return {}
    try:
        found = {}
        for at in range(nvml.nvmlDeviceGetCount()):
            handle = nvml.nvmlDeviceGetHandleByIndex(at)
            name = nvml.nvmlDeviceGetName(handle)
            found[f"GPU {at}, {name}"] = nvml.nvmlDeviceGetPowerUsage(handle) * MILLI
        return found
    finally:
        nvml.nvmlShutdown()
