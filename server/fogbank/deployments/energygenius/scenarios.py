"""The five scenarios that EnergyGenius' owners test with (deployments.md, C)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from fogbank.deployments.energygenius.fields import shown
from fogbank.deployments.energygenius.invalid import Invalid

FILE = Path("deployments") / "energygenius" / "scenarios.json"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`request` is a body of POST /api/recommend."""

    id: str
    name: str
    description: str
    request: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """An item of `scenarios`."""
        told = {"id": self.id, "name": self.name, "description": self.description}
        return {**told, "request": self.request}


def load_scenarios(package_data: Path) -> tuple[Scenario, ...]:
    """Those that came with Fogbank."""
    items = orjson.loads((package_data / FILE).read_bytes())
    return tuple(Scenario(**item) for item in items)


def chosen(scenarios: Sequence[Scenario], ids: Sequence[str] | None) -> list[Scenario]:
    """Those with these ids, all for None. Raises Invalid."""
    if ids is None:
        return list(scenarios)
    known = {scenario.id: scenario for scenario in scenarios}
    unknown = [each for each in ids if each not in known]
    if unknown or not ids:
        told = f"no scenario {shown(unknown[0])}" if unknown else "no scenario given"
        raise Invalid("INVALID_COMPARISON", f"{told}; there are: {', '.join(known)}")
    return [known[each] for each in dict.fromkeys(ids)]
