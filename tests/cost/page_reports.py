"""Reports for the tests of the page."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fogbank.catalog.loader import load_catalog
from fogbank.cost.bill import DayUse
from fogbank.cost.hardware import load_hardware
from fogbank.cost.page import page
from fogbank.cost.price_files import load_prices
from fogbank.cost.report import as_json, make_report
from fogbank.settings import package_data
from fogbank.tasks import Usage
from tests.deployments.pages.html import Html, read

SMALL = "@cf/meta/llama-3.1-8b-instruct-fast"
LARGE = "@cf/meta/llama-3.3-70b-instruct-fp8-fast"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=30)
CATALOG = load_catalog(package_data())
PRICES = load_prices(package_data()).newest
HARDWARE = load_hardware(package_data())


def use(day: int = 0, model: str = SMALL, **given: Any) -> DayUse:
    """One day, priced by its tokens; `day` counts from SINCE."""
    tokens = {name: given.get(name, 0) for name in ("prompt_tokens", "completion_tokens")}
    card = CATALOG.cards.get(model)
    neurons = PRICES.neurons(card, Usage(**tokens)) if card else None
    requests = given.setdefault("requests", 1)
    values: dict[str, Any] = {
        "neurons": neurons or 0.0,
        "unpriced": requests if neurons is None else 0,
    }
    return DayUse(day=date(2026, 11, 1) + timedelta(days=day), model=model, **values | given)


def told(
    uses: Iterable[DayUse], hardware: str | None = None, *, days: float = 30, **given: Any
) -> dict[str, Any]:
    """The report as JSON."""
    machine = HARDWARE[hardware] if hardware else None
    until = SINCE + timedelta(days=days)
    made = make_report(uses, SINCE, until, PRICES, CATALOG.resolve, hardware=machine, **given)
    return as_json(made)


def shown(report: dict[str, Any]) -> Html:
    """The page as it is read."""
    return read(page(report))
