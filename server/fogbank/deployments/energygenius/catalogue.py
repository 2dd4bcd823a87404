"""The plans that are recommended from: the operator's, or the sample that came with Fogbank.

JSON is a list of plans, or an object of `plans` with `sample`, `note`, `source` and `date`. CSV has
a line of column names: those of a plan, or those of Power to Choose's export. What is wrong is told
with its line; a catalogue with mistakes is not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fogbank.catalog.mistakes import CatalogError, Mistake
from fogbank.deployments.energygenius.catalogue_csv import read_csv
from fogbank.deployments.energygenius.catalogue_json import read_json
from fogbank.deployments.energygenius.catalogue_rows import Raw, Wrong
from fogbank.deployments.energygenius.plan import Plan
from fogbank.deployments.energygenius.plan_reading import read_plan

MOST_PLANS = 20_000


@dataclass(frozen=True)
class Catalogue:
    """`sample` where no plan of it can be bought; `source` and `date` as its author gives them."""

    plans: tuple[Plan, ...]
    sample: bool = False
    note: str = ""
    source: str = ""
    date: str = ""
    skipped: int = 0
    areas: tuple[str, ...] = field(default=())

    @cached_property
    def by_id(self) -> Mapping[str, Plan]:
        """The plans by their ids."""
        return {plan.plan_id: plan for plan in self.plans}

    def about(self) -> dict[str, Any]:
        """What a client is told of it."""
        told = {"note": self.note, "source": self.source, "date": self.date}
        return {
            "sample": self.sample,
            "plans": len(self.plans),
            **{key: value for key, value in told.items() if value},
        }


def parse(content: bytes, kind: str, area: str | None = None) -> tuple[Catalogue, list[Wrong]]:
    """The catalogue in a text of that kind (json, csv), and what is wrong with it, line by line."""
    raw = read_json(content) if kind == "json" else read_csv(content)
    wrong, plans, seen = list(raw.wrong), list[Plan](), dict[str, int]()
    for line, record in raw.records[:MOST_PLANS]:
        plan = read_plan(record, line, wrong)
        if plan is None:
            continue
        if (first := seen.setdefault(plan.plan_id, line)) != line:
            wrong.append(Wrong(line, "planId", f"{plan.plan_id!r} is in line {first} already"))
            continue
        plans.append(plan)
    if len(raw.records) > MOST_PLANS:
        wrong.append(Wrong(0, "", f"more than {MOST_PLANS:,} plans"))
    areas = tuple(sorted({plan.service_area for plan in plans if plan.service_area}))
    kept = [plan for plan in plans if _within(plan, area)]
    if not kept and not wrong:
        of_area = f" of the service area {area!r}" if area else ""
        wrong.append(Wrong(0, "", f"no plan{of_area}"))
    return _catalogue(raw, kept, areas), wrong


def load(path: Path, area: str | None = None) -> Catalogue:
    """The catalogue in a file. Raises CatalogError with all mistakes."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("json", "csv"):
        raise CatalogError([Mistake(path, 0, "", "a catalogue is a file .csv or .json")])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CatalogError([Mistake(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    found, wrong = parse(content, kind, area)
    if wrong:
        raise CatalogError([Mistake(path, each.line, each.key, each.message) for each in wrong])
    return found


def _within(plan: Plan, area: str | None) -> bool:
    return area is None or area.lower() in (plan.service_area or "").lower()


def _catalogue(raw: Raw, plans: list[Plan], areas: tuple[str, ...]) -> Catalogue:
    return Catalogue(
        plans=tuple(plans),
        sample=raw.sample,
        note=raw.note,
        source=raw.source,
        date=raw.date,
        skipped=raw.skipped,
        areas=areas,
    )
