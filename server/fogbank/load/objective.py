"""What must hold for a load to be borne: `ttft_p95=1s,tpot_p50=80ms,errors=0.01`."""

import re
from dataclasses import dataclass
from typing import Protocol

UNITS = {"": 1.0, "s": 1.0, "ms": 0.001, "%": 0.01}
NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|%|)")
NAMES = tuple(f"{what}_{at}" for what in ("ttft", "tpot", "e2e") for at in ("p50", "p95", "p99"))
ERRORS = "errors"


class Measured(Protocol):
    """What a step has measured, by the names of objectives: seconds, or a share of errors."""

    def value(self, name: str) -> float:
        """0 where nothing was measured."""


@dataclass(frozen=True, slots=True)
class Objective:
    """Limits by name, in seconds; `errors` is a share."""

    limits: dict[str, float]

    def broken(self, measured: Measured) -> str:
        """Which limit does not hold, with both figures; empty where all do."""
        for name, limit in self.limits.items():
            value = measured.value(name)
            if value > limit:
                unit = "" if name == ERRORS else " s"
                return f"{name} {value:.3g}{unit}, over {limit:g}{unit}"
        return ""


def parse(text: str) -> Objective:
    """Raises ValueError, which says what is wrong with which part."""
    limits = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, value = part.partition("=")
        match = NUMBER.fullmatch(value.strip())
        if name.strip() not in (*NAMES, ERRORS) or match is None:
            raise ValueError(
                f"{part!r} is not like ttft_p95=1s; there are {', '.join((*NAMES, ERRORS))}"
            )
        limits[name.strip()] = float(match[1]) * UNITS[match[2]]
    limits.setdefault(ERRORS, 0.01)
    return Objective(limits)
